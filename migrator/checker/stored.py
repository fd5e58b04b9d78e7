"""Stored values, those of variables and of constants: one compared with one other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from migrator.checker.arrays import Archive, Tensor
from migrator.checker.compare import CHUNK, compare, compare_pieces, largest_of
from migrator.checker.contract import spell_shape
from migrator.checker.matching import axis_of
from migrator.checker.tolerances import Tolerance, Tolerances
from migrator.results import CheckStatus, ContractDelta, OutputDelta

__all__ = ["StoredValues", "digest_of", "kind_of", "spell"]

Entry = Mapping[str, Any]


class StoredValues:
    """Compare the entries of two models, at most one pair of which is in memory.

    A stored value is a result of training or of a copy, not of a sum that cancels, so the
    absolute part of its tolerance does not exceed what the relative part allows its largest
    element: the second moments of Adam are often smaller than the tolerance of an output.

    Args:
        arrays: where the values of each side are.
        tolerances: how far values may be apart; what was asked for counts as it is.
    """

    def __init__(self, arrays: tuple[Archive, Archive], tolerances: Tolerances) -> None:
        self._arrays = arrays
        self._tolerances = tolerances
        self.deltas: list[OutputDelta] = []
        self.notes: list[ContractDelta] = []

    def compared(self, old: Entry, new: Entry) -> OutputDelta:
        """Return the comparison of two entries."""
        before, after = self._arrays
        if not (_large(old) and kind_of(old) == kind_of(new)):
            return self._tensors(old, before.tensor(old["array"]), after.tensor(new["array"]))
        delta = self._pieces(old, new, self._tolerances.named(old["names"]))
        if delta.max_abs:
            pieces = before.pieces(old["array"], CHUNK)
            largest = max(largest_of(piece) for piece in pieces)
            limits = self._tolerances.stored(old["names"], old["array"]["dtype"], largest)
            delta = self._pieces(old, new, limits)
        return delta

    def _pieces(self, old: Entry, new: Entry, tolerance: Tolerance | None) -> OutputDelta:
        """Compare two large variables of one kind, neither of which is held in memory."""
        sides = [
            archive.pieces(entry["array"], CHUNK)
            for archive, entry in zip(self._arrays, (old, new), strict=True)
        ]
        return compare_pieces(
            old["names"][0],
            old["array"]["dtype"],
            old["array"]["shape"],
            zip(*sides, strict=True),
            atol=self._tolerances.atol,
            rtol=self._tolerances.rtol,
            tolerance=tolerance,
        )

    def _tensors(self, entry: Entry, before: Tensor, after: Tensor) -> OutputDelta:
        limits = self._tolerances
        tolerance: Tolerance | None
        if before.array.dtype.kind in "fc":
            tolerance = limits.stored(entry["names"], before.dtype, largest_of(before.array))
        else:
            tolerance = limits.named(entry["names"])
        return compare(
            entry["names"][0],
            before,
            after,
            atol=limits.atol,
            rtol=limits.rtol,
            tolerance=tolerance,
        )

    def keep(self, delta: OutputDelta, note: str = "") -> OutputDelta:
        """Add a comparison to what was found, and return it with the note."""
        if note:
            delta = replace(delta, note=f"{delta.note}; {note}" if delta.note else note)
        self.deltas.append(delta)
        return delta

    def pair(self, old: Entry, new: Entry, note: str = "") -> OutputDelta:
        """Compare two variables of which it is known that they belong together."""
        name = old["names"][0]
        if not note and new["names"][0] != name and name not in new["names"]:
            note = f"called {new['names'][0]} after"
        delta = self.keep(self.compared(old, new), note)
        flags = old.get("trainable"), new.get("trainable")
        if None not in flags and flags[0] != flags[1]:
            words = ["trainable" if flag else "not trainable" for flag in flags]
            self.notes.append(
                ContractDelta(f"variables/{name}/trainable", CheckStatus.NOTE, *words)
            )
        return delta

    def whole(self, whole: Entry, pieces: Sequence[Entry], side: str) -> OutputDelta:
        """Compare one variable with its partitions, which are on the named side."""
        axis = axis_of(whole, pieces)
        assert axis is not None
        archives = self._arrays if side == "after" else (self._arrays[1], self._arrays[0])
        tensors = [archives[1].tensor(piece["array"]) for piece in pieces]
        joined = Tensor(
            tensors[0].dtype, np.concatenate([tensor.array for tensor in tensors], axis=axis)
        )
        one, two = archives[0].tensor(whole["array"]), joined
        if side == "before":
            one, two = two, one
        note = f"kept in {len(pieces)} partitions {side}"
        return self.keep(self._tensors(whole, one, two), note)


def kind_of(entry: Entry) -> tuple[str, tuple[int, ...]]:
    """Return the dtype and the shape of an entry."""
    return str(entry["array"]["dtype"]), tuple(entry["array"]["shape"])


def spell(entry: Entry) -> str:
    """Return the dtype and the shape of an entry in words."""
    return f"{entry['array']['dtype']} {spell_shape(entry['array']['shape'])}"


def _large(entry: Entry) -> bool:
    """Return whether a variable is of real floats and too large to be held beside another."""
    dtype, shape = kind_of(entry)
    return dtype in _STREAMED and math.prod(shape) > 16 * CHUNK


_STREAMED = frozenset({"float16", "bfloat16", "float32", "float64"})


def digest_of(entry: Entry, archive: Archive) -> tuple[bytes, bool]:
    """Return a digest of an entry's dtype, shape and values, and whether the values vary.

    Values that are all alike (zeros, ones, one number) say little about which entry it is.
    """
    array = entry["array"]
    digest = hashlib.sha256(f"{array['dtype']} {list(array['shape'])}".encode())
    varied = False
    first: Any = None
    if array["dtype"] == "string":
        for item in archive.tensor(array).array.ravel():
            first = item if first is None else first
            varied = varied or item != first
            digest.update(b"%d " % len(item) + item)
        return digest.digest(), varied
    for piece in archive.pieces(array, CHUNK):
        first = piece[0] if first is None else first
        varied = varied or bool(((piece != first) & ((piece == piece) | (first == first))).any())
        digest.update(piece.data)
    return digest.digest(), varied
