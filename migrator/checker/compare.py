"""Two values → one :class:`~migrator.results.OutputDelta`.

Strings, bools and integers compare exactly.  Floats compare by ``|after - before| <= atol +
rtol * |before|`` with limits for their dtype; NaN and the infinities only match themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from migrator.checker.arrays import Tensor
from migrator.results import DeltaStatus, OutputDelta

__all__ = ["TOLERANCES", "Tolerance", "compare", "finite", "worse"]

Array = np.ndarray[Any, Any]

#: Elements looked at at a time, so that a large variable needs no large temporaries.
_CHUNK = 1 << 18


@dataclass(frozen=True)
class Tolerance:
    """How far floats may be apart: ``atol + rtol * |before|``."""

    atol: float
    rtol: float


#: Limits per dtype: some 80 units in the last place of float32, as many decimal digits of
#: slack for the others.  A sum of products in another order moves a float32 result by a few.
TOLERANCES = {
    "float32": Tolerance(1e-5, 1e-5),
    "float64": Tolerance(1e-9, 1e-9),
    "float16": Tolerance(1e-3, 1e-3),
    "bfloat16": Tolerance(1e-2, 1e-2),
    "complex64": Tolerance(1e-5, 1e-5),
    "complex128": Tolerance(1e-9, 1e-9),
}

#: From best to worst, for choosing between two deltas of one output.
_ORDER = (
    DeltaStatus.EQUAL,
    DeltaStatus.CLOSE,
    DeltaStatus.UNSTABLE,
    DeltaStatus.DIFFERS,
    DeltaStatus.SHAPE,
    DeltaStatus.DTYPE,
    DeltaStatus.EXTRA,
    DeltaStatus.MISSING,
)


def worse(one: OutputDelta, two: OutputDelta) -> OutputDelta:
    """Return the delta that counts more against a match; ``one`` when they are as bad."""

    def key(delta: OutputDelta) -> tuple[int, float]:
        return _ORDER.index(delta.status), delta.required or 0.0

    return two if key(two) > key(one) else one


def finite(tensor: Tensor) -> bool:
    """Return whether a tensor holds neither NaN nor an infinity."""
    return tensor.array.dtype.kind not in "fc" or bool(np.isfinite(tensor.array).all())


def compare(
    name: str,
    before: Tensor,
    after: Tensor,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    regime: str = "",
) -> OutputDelta:
    """Compare two tensors of one name.

    Args:
        name: name that the delta carries.
        before: the value to agree with.
        after: the value to judge.
        atol: absolute tolerance of every float dtype, instead of the dtype's own.
        rtol: tolerance relative to ``|before|``, likewise.
        regime: the inputs that produced the values.

    Returns:
        EQUAL, CLOSE, DIFFERS, DTYPE or SHAPE.  Two tensors without elements are EQUAL with
        ``compared`` 0: whoever judges must not take that for a comparison.
    """
    base = OutputDelta(name=name, status=DeltaStatus.EQUAL, regime=regime)
    if before.dtype != after.dtype:
        return replace(base, status=DeltaStatus.DTYPE, note=f"{before.dtype} became {after.dtype}")
    if before.shape != after.shape:
        note = f"{list(before.shape)} became {list(after.shape)}"
        return replace(base, status=DeltaStatus.SHAPE, note=note)
    if before.array.size == 0:
        return replace(base, note="no elements")
    if before.dtype == "string":
        return _compare_strings(base, before.array, after.array)
    if before.array.dtype.kind in "fc":
        default = TOLERANCES.get(before.dtype, TOLERANCES["float16"])
        tolerance = Tolerance(
            default.atol if atol is None else atol, default.rtol if rtol is None else rtol
        )
        return _compare_floats(base, before.array, after.array, tolerance)
    return _compare_integers(base, before.array, after.array)


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, shape))


def _compare_strings(base: OutputDelta, before: Array, after: Array) -> OutputDelta:
    pairs = zip(before.ravel(), after.ravel(), strict=True)
    wrong = [index for index, (old, new) in enumerate(pairs) if old != new]
    if not wrong:
        return replace(base, compared=before.size)
    old, new = before.ravel()[wrong[0]], after.ravel()[wrong[0]]
    return replace(
        base,
        status=DeltaStatus.DIFFERS,
        compared=before.size,
        worst_index=_index(wrong[0], before.shape),
        note=f"{len(wrong)} of {before.size} differ: {_short(old)} became {_short(new)}",
    )


def _short(data: bytes) -> str:
    return repr(data if len(data) <= 40 else data[:40] + b"...")


def _compare_integers(base: OutputDelta, before: Array, after: Array) -> OutputDelta:
    """Compare exactly; differences are taken in unsigned arithmetic, which does not overflow."""
    old, new = before.ravel(), after.ravel()
    wrong = np.flatnonzero(old != new)
    if not wrong.size:
        zero = 0.0 if before.dtype.kind != "b" else None
        return replace(base, compared=before.size, max_abs=zero, max_rel=zero, mean_abs=zero)
    note = f"{wrong.size} of {before.size} differ"
    if before.dtype.kind == "b":
        return replace(
            base,
            status=DeltaStatus.DIFFERS,
            compared=before.size,
            worst_index=_index(int(wrong[0]), before.shape),
            note=note,
        )
    low, high = np.minimum(old, new)[wrong], np.maximum(old, new)[wrong]
    gap = high.astype(np.uint64) - low.astype(np.uint64)
    scale = np.abs(old[wrong].astype(np.float64))
    relative = gap[scale > 0] / scale[scale > 0]
    worst = int(wrong[int(np.argmax(gap))])
    return replace(
        base,
        status=DeltaStatus.DIFFERS,
        compared=before.size,
        max_abs=float(gap.max()),
        max_rel=float(relative.max()) if relative.size else None,
        mean_abs=float(gap.astype(np.float64).sum()) / before.size,
        worst_index=_index(worst, before.shape),
        note=f"{note}: {int(old[worst])} became {int(new[worst])}",
    )


def _compare_floats(
    base: OutputDelta, before: Array, after: Array, tolerance: Tolerance
) -> OutputDelta:
    shape = before.shape
    width = 1
    old, new = np.ascontiguousarray(before).ravel(), np.ascontiguousarray(after).ravel()
    if before.dtype.kind == "c":  # the real and the imaginary part each have to agree
        width = 2
        part = np.float32 if before.dtype == np.complex64 else np.float64
        old, new = old.view(part), new.view(part)
    figures = _Figures()
    for start in range(0, old.size, _CHUNK):
        figures.add(old[start : start + _CHUNK], new[start : start + _CHUNK], start, tolerance)
    status = DeltaStatus.EQUAL
    note = ""
    if figures.wrong:
        status = DeltaStatus.DIFFERS
        note = f"{figures.wrong} of {old.size} beyond tolerance"
        if figures.unmatched:
            note += f", {figures.unmatched} of them NaN or infinite on one side only"
    elif figures.max_abs > 0:
        status = DeltaStatus.CLOSE
    return replace(
        base,
        status=status,
        max_abs=figures.max_abs,
        max_rel=figures.max_rel,
        mean_abs=figures.total / old.size,
        required=figures.required,
        worst_index=_index(figures.worst // width, shape) if status != DeltaStatus.EQUAL else None,
        compared=before.size,
        note=note,
        argmax=_argmax_agreement(before, after),
    )


class _Figures:
    """What the chunks of one comparison add up to."""

    def __init__(self) -> None:
        self.max_abs = 0.0
        self.max_rel = 0.0
        self.total = 0.0
        self.required = 0.0
        self.wrong = 0
        self.unmatched = 0
        self.worst = 0

    def add(self, old: Array, new: Array, start: int, tolerance: Tolerance) -> None:
        """Take in one chunk that begins at element ``start``."""
        a, b = old.astype(np.float64), new.astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            gap = np.abs(b - a)
            comparable = np.isfinite(a) & np.isfinite(b)
            alike = (a == b) | (np.isnan(a) & np.isnan(b))
            gap = np.where(alike, 0.0, np.where(comparable, gap, math.inf))
            size = np.where(comparable, np.abs(a), 0.0)
            wrong = ~alike & ~(comparable & (gap <= tolerance.atol + tolerance.rtol * size))
            needed = gap / (1.0 + size)
            relative = np.where((size > 0) | ~comparable, gap / np.where(size > 0, size, 1.0), 0.0)
        self.wrong += int(wrong.sum())
        self.unmatched += int((~alike & ~comparable).sum())
        self.total += float(gap.sum())
        self.max_abs = max(self.max_abs, float(gap.max()))
        self.max_rel = max(self.max_rel, float(relative.max()))
        if float(needed.max()) > self.required:
            self.required = float(needed.max())
            self.worst = start + int(np.argmax(needed))


def _argmax_agreement(before: Array, after: Array) -> float | None:
    """Return the share of rows whose largest element is at the same place.

    None unless there are rows of at least two real numbers without NaN.
    """
    if before.ndim < 2 or before.shape[-1] < 2 or before.dtype.kind != "f":
        return None
    if np.isnan(before).any() or np.isnan(after).any():
        return None
    return float(np.mean(before.argmax(-1) == after.argmax(-1)))
