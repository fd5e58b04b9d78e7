"""The part of a conversion that runs TensorFlow: a process of its own makes the SavedModel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["CannotCarry", "make"]


class CannotCarry(Exception):
    """Something that a model holds, and that its TensorFlow 2 SavedModel would not.

    Attributes:
        reason: a sentence on what it is.
        node: the name of the node that holds it; empty where it is none.
        advice: what to do about it; may be empty.
    """

    def __init__(self, reason: str, node: str = "", advice: str = "") -> None:
        super().__init__(f"{reason}. {advice}" if advice else reason)
        self.reason = reason
        self.node = node
        self.advice = advice


def make(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write the TensorFlow 2 SavedModel of a TensorFlow 1 model; return what was made of it.

    Args:
        request: ``kind`` (``savedmodel``, ``metagraph``, ``graphdef`` or ``hub``), ``path``,
            ``target`` (a folder that does not exist, or is empty), ``tags``, ``inputs`` and
            ``outputs`` (key -> tensor, or None), ``signatures`` (key -> ``inputs`` and
            ``outputs``, each key -> tensor), and ``op_libraries`` (files to load first).

    Returns:
        ``signatures`` (key -> inputs and outputs, each key -> tensor name), ``variables`` and
        ``trainable_variables`` (names), ``renamed`` (checkpoint key ->
        variable, where they differ), ``regularization_losses`` (a number), ``call`` (the key
        of the signature that ``__call__`` runs, or None), ``assets`` (file names), ``tags``,
        ``source_tags`` (of the meta graph that was converted), ``added`` (the keys of signatures
        that the source does not have) and ``said``: sentences on what was
        chosen, guessed or left out.

    Raises:
        CannotCarry: the model holds something that cannot be carried; nothing is written.
        migrator.worker.common.CannotOpen: the model is damaged, or not what ``kind`` says.
    """
    from migrator.convert.making.module import make_module

    return make_module(request)
