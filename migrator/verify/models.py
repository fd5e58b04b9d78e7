"""Find the models among the files that a program wrote, and pair those of two sides."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CHECKPOINT", "FROZEN", "KERAS", "SAVED_MODEL", "Found", "find_models", "pair_models"]

SAVED_MODEL = "SavedModel"
CHECKPOINT = "checkpoint"
FROZEN = "frozen graph"
KERAS = "Keras model"

#: Protocol buffers that a SavedModel or a Hub module consists of; none is a graph by itself.
_PARTS = frozenset({"saved_model.pb", "fingerprint.pb", "keras_metadata.pb", "tfhub_module.pb"})
_VARIABLES = (b"VariableV2", b"VarHandleOp")


@dataclass(frozen=True, slots=True)
class Found:
    """Models of the two sides that belong together; None where a side has none."""

    kind: str
    before: str | None
    after: str | None

    @property
    def path(self) -> str:
        """What reports call the pair."""
        return self.after or self.before or ""


def find_models(folder: Path, written: Iterable[str]) -> dict[str, str]:
    """Return path -> kind of the models among ``written``, paths relative to ``folder``.

    A model is a directory with ``saved_model.pb``, a checkpoint prefix (its ``.index``), a frozen
    graph (``.pb`` without variables) or a Keras file (``.h5``, ``.hdf5``, ``.keras``).
    """
    names = sorted(written)
    found = {
        posixpath.dirname(name) or ".": SAVED_MODEL
        for name in names
        if posixpath.basename(name) in ("saved_model.pb", "saved_model.pbtxt")
    }
    inside = tuple("" if path == "." else f"{path}/" for path in found)
    for name in names:
        if inside and name.startswith(inside):
            continue
        base = posixpath.basename(name)
        if base.endswith(".index"):
            prefix = name.removesuffix(".index")
            if any(other.startswith(f"{prefix}.data-") for other in names):
                found[prefix] = CHECKPOINT
        elif base.endswith((".h5", ".hdf5", ".keras")):
            found[name] = KERAS
        elif base.endswith(".pb") and base not in _PARTS and _is_frozen(folder / name):
            found[name] = FROZEN
    return found


def _is_frozen(path: Path) -> bool:
    """Whether no op of a graph is a variable: what such a graph computes nobody can say."""
    kept = b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            text = kept + block
            if any(word in text for word in _VARIABLES):
                return False
            kept = block[-16:]
    return os.path.getsize(path) > 0


def pair_models(before: Mapping[str, str], after: Mapping[str, str]) -> list[Found]:
    """Pair models by kind and path; folders that only a number tells apart, by their order.

    Programs write to ``export/1511950123``, named for the time: where both sides wrote equally
    many of such folders in one place, the first belongs to the first, and so on.
    """
    pairs = [Found(kind, path, path) for path, kind in before.items() if after.get(path) == kind]
    old = {path: kind for path, kind in before.items() if after.get(path) != kind}
    new = {path: kind for path, kind in after.items() if before.get(path) != kind}
    groups: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for side, models in ((0, old), (1, new)):
        for path, kind in models.items():
            groups.setdefault((kind, _pattern(path, kind)), ([], []))[side].append(path)
    for (kind, _), (left, right) in groups.items():
        if len(left) == len(right):
            left.sort(key=_numbers)
            right.sort(key=_numbers)
            pairs += [Found(kind, a, b) for a, b in zip(left, right, strict=True)]
        else:
            pairs += [Found(kind, path, None) for path in left]
            pairs += [Found(kind, None, path) for path in right]
    return sorted(pairs, key=lambda pair: (_numbers(pair.path), pair.path))


def _pattern(path: str, kind: str) -> str:
    """Return ``path`` with a star for each folder that is a number."""
    parts = path.split("/")
    folders = len(parts) if kind == SAVED_MODEL else len(parts) - 1
    return "/".join(
        "*" if at < folders and part.isdigit() else part for at, part in enumerate(parts)
    )


def _numbers(path: str) -> list[tuple[int, str]]:
    """Return a key that sorts ``model-9`` before ``model-10``."""
    parts = re.split(r"(\d+)", path)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
