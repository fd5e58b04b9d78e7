"""What TensorFlow 1's Momentum keeps in its slots, and what SGD of Keras keeps there instead.

TensorFlow 1 accumulates gradients, ``a = m * a + g``, and multiplies the learning rate in when it
updates, ``w -= rate * a``.  Keras multiplies it in before, ``v = m * v - rate * g``, and adds that.
So ``v`` is ``-rate * a``, with Nesterov's momentum too, where ``rate`` is that of the steps which
follow: from one step to the next a rate that changes means different things in the two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from migrator.convert.making import CannotCarry
from migrator.convert.making.checkpoint_files import Source
from migrator.worker.common import BadInput

__all__ = ["from_keras", "to_keras"]

_MEANING = "SGD of Keras multiplies the learning rate into its slots, Momentum of TensorFlow 1 not"
_SCHEDULE = "a learning rate that changes means different things in the two"


def to_keras(role: Mapping[str, Any], rate: float | None, slot: str) -> float:
    """Return what a slot of Momentum is multiplied by to be one of Keras' SGD.

    Args:
        role: what the worker says of the slot in the new layout.
        rate: the learning rate that the new checkpoint holds, if any.
        slot: the name of the slot, for the refusal.

    Raises:
        CannotCarry: no learning rate is known, or it follows a schedule.
    """
    if role["rate"] is None:
        raise CannotCarry(
            f"{_MEANING}, and that of the new layout follows a schedule: {_SCHEDULE}",
            slot,
            "Take the layout of an optimizer with a constant learning rate, or leave it to the"
            " names and train on with the optimizer of tf.compat.v1.train",
        )
    if rate is None:
        raise CannotCarry(
            f"{_MEANING}, and no meta graph beside the checkpoint tells a constant one",
            slot,
            "Give the setting learning_rate, as --set learning_rate=0.01",
        )
    return -_usable(rate, slot)


def from_keras(key: str | None, source: Source, given: float | None, slot: str) -> float:
    """Return what a slot of Keras' SGD is multiplied by to be one of Momentum.

    Args:
        key: of the learning rate in ``source``; None where it follows a schedule.
        source: the checkpoint that holds the slot.
        given: the learning rate that was asked for.
        slot: the name of the slot, for the refusal.

    Raises:
        BadInput: another learning rate was asked for than the checkpoint holds.
        CannotCarry: it holds none.
    """
    if key is None:
        raise CannotCarry(
            f"{_MEANING}, and the checkpoint holds no constant one: {_SCHEDULE}",
            slot,
            "Save it with a constant learning rate, that of the steps which follow",
        )
    rate = float(np.asarray(source.stored(key)))
    if given is not None and not math.isclose(rate, given, rel_tol=1e-6):
        raise BadInput(
            f"the checkpoint holds the learning rate {rate:.7g}, which is in its slots: convert"
            " with that one, and let the program of TensorFlow 1 train with another"
        )
    return -1.0 / _usable(rate, slot)


def _usable(rate: float, slot: str) -> float:
    """Return a learning rate as Keras stores it, in float32."""
    stored = float(np.float32(rate))
    if not 0 < stored < math.inf:
        raise CannotCarry(f"{_MEANING}, and {stored:g} would lose them", slot)
    return stored
