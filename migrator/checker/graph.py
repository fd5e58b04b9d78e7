"""The ops on the way to one output of a graph, with the values that they gave."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from migrator.checker.arrays import Archive, Tensor
from migrator.checker.compare import TOLERANCES

__all__ = ["Graph", "Item", "bucket", "close", "kind_of"]

Array = np.ndarray[Any, Any]

_CHUNK = 1 << 18

#: Ops that do the same under another name, besides those that differ in a trailing ``V2``.
_FAMILIES = {
    "AddV2": "Add",
    "BiasAdd": "Add",
    "BiasAddV1": "Add",
    "ResourceGather": "Gather",
    "RealDiv": "Div",
    "Const": "leaf",
    "VariableV2": "leaf",
    "Variable": "leaf",
    "VarHandleOp": "leaf",
    "While": "loop",
    "StatelessWhile": "loop",
    "Loop": "loop",
    "If": "cond",
    "StatelessIf": "cond",
    "Case": "cond",
    "Cond": "cond",
}
#: A sum of products in another order moves a float32 result by a few units in the last place of
#: the largest product; so much of the largest input is not taken for a difference.
_ROUNDING = 2e-6


@dataclass(frozen=True)
class Item:
    """One tensor of a graph."""

    key: str  #: its name, ``dense/MatMul:0``
    node: str
    op: str  #: the op's type, or ``Loop`` and ``Cond`` for those of TensorFlow 1
    type: str  #: the op's type
    local: str  #: the node's name in the function that it came from
    inputs: tuple[str, ...]
    attributes: Mapping[str, str]
    values: Sequence[Mapping[str, Any]]  #: none where it has no value that can be fetched
    variable: str = ""

    @property
    def family(self) -> str:
        """What the op is called whatever its version."""
        return _FAMILIES.get(self.op) or _FAMILIES.get(_plain(self.op)) or _plain(self.op)


def _plain(op: str) -> str:
    return re.sub(r"V\d+$", "", op)


@dataclass
class Graph:
    """One side's tensors, in topological order, and their values."""

    items: Mapping[str, Item]
    output: str
    feeds: Mapping[str, str]  #: input name to tensor
    archive: Archive
    _scales: dict[str, float] = field(default_factory=dict, init=False)

    @classmethod
    def read(cls, answer: Mapping[str, Any], feeds: Mapping[str, str], archive: Archive) -> Graph:
        """Return the graph of a worker's answer; ``feeds`` maps input names to fed tensors."""
        items = {}
        for entry in answer["items"]:
            items[str(entry["tensor"])] = Item(
                key=str(entry["tensor"]),
                node=str(entry["node"]),
                op=str(entry["op"]),
                type=str(entry["type"]),
                local=str(entry["local"]),
                inputs=tuple(map(str, entry["inputs"])),
                attributes={str(k): str(v) for k, v in entry["attributes"].items()},
                values=tuple(entry["values"] or ()),
                variable=str(entry.get("variable", "")),
            )
        places = {name: str(answer["feeds"][tensor]) for name, tensor in feeds.items()}
        return cls(items, str(answer["output"]), places, archive)

    def tensors(self, item: Item) -> list[Tensor]:
        """Return the values of a tensor, or of the parts of a table."""
        return [self.archive.tensor(entry["array"]) for entry in item.values]

    def scale(self, key: str) -> float:
        """Return the largest magnitude in a float tensor; 0 where there is none."""
        if key not in self._scales:
            item = self.items[key]
            found = 0.0
            for tensor in self.tensors(item) if len(item.values) == 1 else ():
                if tensor.array.dtype.kind in "fc" and tensor.array.size:
                    magnitudes = np.abs(tensor.array.ravel())
                    magnitudes = magnitudes[np.isfinite(magnitudes)]
                    found = float(magnitudes.max()) if magnitudes.size else 0.0
            self._scales[key] = found
        return self._scales[key]


def kind_of(item: Item) -> str:
    """Return ``f``, ``c``, ``i``, ``b`` or ``s`` for what a tensor holds."""
    dtype = str(item.values[0]["array"]["dtype"])
    if dtype == "string":
        return "s"
    if dtype == "bool":
        return "b"
    return "i" if "int" in dtype else "c" if "complex" in dtype else "f"


def bucket(item: Item) -> tuple[str, tuple[int, ...]]:
    """Return what two tensors must share to hold the same value, dtypes' widths aside."""
    return kind_of(item), tuple(item.values[0]["shape"])


def close(one: Tensor, two: Tensor, leaf: bool, inputs: float) -> tuple[bool, float | None]:
    """Return whether two tensors agree up to rounding, and their largest difference.

    Args:
        one: the before side's, flat.
        two: the after side's, flat.
        leaf: it is stored, not computed, so that nothing has been rounded.
        inputs: the largest magnitude that went into it.
    """
    a, b = one.array, two.array
    if a.shape != b.shape:
        return False, None
    kinds = a.dtype.kind + b.dtype.kind
    if not set(kinds) <= set("fc"):
        if "O" in kinds:
            return kinds == "OO" and list(a) == list(b), None
        return bool(np.array_equal(a, b)), _gap(a, b)
    default = TOLERANCES["float16"].rtol
    limits = [
        TOLERANCES[name].rtol if name in TOLERANCES else default for name in (one.dtype, two.dtype)
    ]
    share = max(limits)
    scale = _largest(a)
    worst, wrong = 0.0, False
    for start in range(0, a.size, _CHUNK):
        part = a[start : start + _CHUNK], b[start : start + _CHUNK]
        wide = [piece.astype(np.complex128 if "c" in kinds else np.float64) for piece in part]
        with np.errstate(invalid="ignore", over="ignore"):
            alike = (wide[0] == wide[1]) | (np.isnan(wide[0]) & np.isnan(wide[1]))
            both = np.isfinite(wide[0]) & np.isfinite(wide[1])
            gap = np.where(alike, 0.0, np.where(both, np.abs(wide[1] - wide[0]), np.inf))
            if leaf:
                limit = share * np.where(both, np.abs(wide[0]), 0.0) + 0.01 * share * scale
            else:
                limit = np.full(gap.shape, max(share * scale, _ROUNDING * share / 1e-5 * inputs))
        worst = max(worst, float(gap.max()) if gap.size else 0.0)
        wrong = wrong or bool((gap > limit).any())
    return not wrong, worst


def _largest(array: Array) -> float:
    found = 0.0
    for start in range(0, array.size, _CHUNK):
        part = np.abs(array[start : start + _CHUNK])
        part = part[np.isfinite(part)]
        if part.size:
            found = max(found, float(part.max()))
    return found


def _gap(a: Array, b: Array) -> float | None:
    if a.dtype.kind == "b" or b.dtype.kind == "b" or not a.size:
        return None
    return float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max())
