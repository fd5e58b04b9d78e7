"""The source of a conversion with the further signatures that were asked for, to be checked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from migrator.convert.making import CannotCarry
from migrator.worker.describe import choose_meta_graph, read_saved_model

__all__ = ["write_stand_in"]


def write_stand_in(request: Mapping[str, Any], folder: str) -> str | None:
    """Write a SavedModel that is the source with the signatures asked for; return its path.

    A signature asked for is in what was made and not in the source, which the check would call
    an extra one.  Its tensors are in the source's graph: described there as well, the signature
    is run on both sides.  Variables and assets are links to those of the source.  A source
    without signatures of its own needs none of this, and None is returned.

    Raises:
        CannotCarry: what was made does not have the tensors that were asked for.
    """
    if request["kind"] not in ("savedmodel", "hub"):
        return None
    model = read_saved_model(request["path"])
    graph = choose_meta_graph(model, request.get("tags"))
    made = choose_meta_graph(read_saved_model(request["target"]), None)
    for key, wanted in request["signatures"].items():
        found = made.signature_def[key]
        for group, infos in (("inputs", found.inputs), ("outputs", found.outputs)):
            names = {name: sorted(_tensors(info)) for name, info in infos.items()}
            if names != {name: [tensor] for name, tensor in wanted[group].items()}:
                raise CannotCarry(f"the signature {key!r} was made with the {group} {names}")
        graph.signature_def[key].CopyFrom(found)
    os.makedirs(folder)
    with open(os.path.join(folder, "saved_model.pb"), "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    for name in ("variables", "assets", "assets.extra"):
        source = os.path.join(os.path.abspath(request["path"]), name)
        if os.path.isdir(source):
            _link(source, os.path.join(folder, name))
    return folder


def _tensors(info: Any) -> Iterator[str]:
    """Yield the names of the tensors that a TensorInfo stands for."""
    if info.WhichOneof("encoding") == "coo_sparse":
        sparse = info.coo_sparse
        yield from (sparse.indices_tensor_name, sparse.values_tensor_name)
        yield sparse.dense_shape_tensor_name
    else:
        yield info.name


def _link(source: str, target: str) -> None:
    """Link a folder; where the file system or the user may not, copy it."""
    try:
        os.symlink(source, target, target_is_directory=True)
    except OSError:
        shutil.copytree(source, target)
