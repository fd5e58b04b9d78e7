"""The source of a conversion with the further signatures that were asked for, to be checked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from typing import Any

from migrator.convert.making import CannotCarry
from migrator.worker.describe import choose_meta_graph, read_saved_model

__all__ = ["write_stand_in"]


def write_stand_in(request: Mapping[str, Any], added: Iterable[str], folder: str) -> None:
    """Write a SavedModel that is the source with further signatures.

    A signature that the source does not have is an extra one for the check.  Its tensors are
    in the source's graph: described there as well, the signature is run on both sides.
    Variables and assets are links to those of the source.

    Args:
        request: that of the conversion.
        added: the keys of the signatures.
        folder: where to write it; it does not exist.

    Raises:
        CannotCarry: what was made does not have the inputs and outputs that were asked for.
    """
    model = read_saved_model(request["path"])
    graph = choose_meta_graph(model, request.get("tags"))
    made = choose_meta_graph(read_saved_model(request["target"]), None)
    named = {"inputs": request.get("inputs"), "outputs": request.get("outputs")}
    for key in added:
        wanted = request["signatures"].get(key, named)
        graph.signature_def[key].CopyFrom(made.signature_def[key])
        _rename(graph.signature_def[key].inputs, wanted["inputs"], key)
        _rename(graph.signature_def[key].outputs, wanted["outputs"], key)
    os.makedirs(folder)
    with open(os.path.join(folder, "saved_model.pb"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    for name in ("variables", "assets", "assets.extra"):
        source = os.path.join(os.path.abspath(request["path"]), name)
        if os.path.isdir(source):
            _link(source, os.path.join(folder, name))


def _rename(infos: Any, asked: Mapping[str, str] | None, key: str) -> None:
    """Give the inputs or outputs of a signature the tensors that were asked for.

    What is fed in the middle of the source's graph is a placeholder of its own in what was made.
    """
    if asked is None:  # guessed: they are the source's
        return
    if set(infos) != set(asked):
        raise CannotCarry(f"the signature {key!r} was made with {sorted(infos)}")
    for name, tensor in asked.items():
        infos[name].name = tensor


def _link(source: str, target: str) -> None:
    """Link a folder; where the file system or the user may not, copy it."""
    try:
        os.symlink(source, target, target_is_directory=True)
    except OSError:
        shutil.copytree(source, target)
