"""Two values → one :class:`~migrator.results.OutputDelta`.

Strings, bools and integers, the quantized types among them, compare exactly.  Floats compare
by ``|after - before| <= atol + rtol * |before|`` with limits for their dtype; NaN and the
infinities only match themselves.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from migrator.checker.arrays import Tensor
from migrator.checker.tolerances import TOLERANCES, Tolerance
from migrator.results import HISTOGRAM_EDGES, DeltaStatus, OutputDelta

__all__ = [
    "TOLERANCES",
    "Tolerance",
    "compare",
    "compare_pieces",
    "finite",
    "largest_of",
    "worse",
]

Array = np.ndarray[Any, Any]

#: Elements looked at at a time, so that a large variable needs no large temporaries.
CHUNK = 1 << 18


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


def largest_of(array: Array) -> float:
    """Return the size of the largest finite element of an array of floats; 0 for none."""
    flat = np.ascontiguousarray(array).ravel()
    if flat.dtype.kind == "c":  # the real and the imaginary part are compared each
        flat = flat.view(np.float32 if flat.dtype == np.complex64 else np.float64)
    largest = 0.0
    for start in range(0, flat.size, CHUNK):
        sizes = np.abs(flat[start : start + CHUNK])
        if not np.isfinite(sizes).all():
            sizes = sizes[np.isfinite(sizes)]
        if sizes.size:
            largest = max(largest, float(sizes.max()))
    return largest


def compare(
    name: str,
    before: Tensor,
    after: Tensor,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    tolerance: Tolerance | None = None,
    regime: str = "",
) -> OutputDelta:
    """Compare two tensors of one name.

    Args:
        name: name that the delta carries.
        before: the value to agree with.
        after: the value to judge.
        atol: absolute tolerance of every float dtype, instead of the dtype's own.
        rtol: tolerance relative to ``|before|``, likewise.
        tolerance: the tolerance of this value, instead of all others; integers have one only so.
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
    base = replace(base, compared=before.array.size)
    if before.dtype == "string":
        delta = _compare_strings(base, before.array, after.array)
    elif before.array.dtype.kind in "fc":
        limits = _limits(before.dtype, atol, rtol, tolerance)
        delta = _compare_floats(base, before.array, after.array, limits)
    elif before.array.dtype.kind == "b":
        delta = _compare_bools(base, before.array, after.array)
    else:
        delta = _compare_integers(base, before.array, after.array, tolerance)
    index = delta.worst_index
    if index is None:
        return delta
    return replace(
        delta,
        worst_before=_spell(before.array[index]),
        worst_after=_spell(after.array[index]),
    )


def _index(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(flat, shape))


def _spell(value: Any) -> str:
    """Return one element, with as many digits as tell it from its neighbours."""
    return _short(value) if isinstance(value, bytes) else str(value)


def _short(data: bytes) -> str:
    return repr(data if len(data) <= 40 else data[:40] + b"...")


def _compare_strings(base: OutputDelta, before: Array, after: Array) -> OutputDelta:
    pairs = zip(before.ravel(), after.ravel(), strict=True)
    wrong = [index for index, (old, new) in enumerate(pairs) if old != new]
    if not wrong:
        return base
    old, new = before.ravel()[wrong[0]], after.ravel()[wrong[0]]
    return replace(
        base,
        status=DeltaStatus.DIFFERS,
        worst_index=_index(wrong[0], before.shape),
        note=f"{len(wrong)} of {before.size} differ: {_short(old)} became {_short(new)}",
    )


def _compare_bools(base: OutputDelta, before: Array, after: Array) -> OutputDelta:
    wrong = np.flatnonzero(before.ravel() != after.ravel())
    if not wrong.size:
        return base
    return replace(
        base,
        status=DeltaStatus.DIFFERS,
        worst_index=_index(int(wrong[0]), before.shape),
        note=f"{wrong.size} of {before.size} differ",
    )


def _compare_integers(
    base: OutputDelta, before: Array, after: Array, tolerance: Tolerance | None
) -> OutputDelta:
    """Compare exactly; differences are taken in unsigned arithmetic, which does not overflow.

    A tolerance that was asked for decides instead, on the exact differences.
    """
    old, new = before.ravel(), after.ravel()
    limits = None if tolerance is None else (tolerance.atol, tolerance.rtol)
    wrong = np.flatnonzero(old != new)
    if not wrong.size:
        histogram = () if tolerance is None else _bins(np.zeros(0), old.size)
        return replace(
            base, max_abs=0.0, max_rel=0.0, mean_abs=0.0, tolerance=limits, histogram=histogram
        )
    low, high = np.minimum(old, new)[wrong], np.maximum(old, new)[wrong]
    gap = high.astype(np.uint64) - low.astype(np.uint64)
    scale = np.abs(old[wrong].astype(np.float64))
    relative = gap[scale > 0] / scale[scale > 0]
    needed = gap / (1.0 + scale)
    place = int(np.argmax(gap if tolerance is None else needed))
    worst = int(wrong[place])
    beyond = int(wrong.size)
    if tolerance is not None:
        beyond = int((gap > tolerance.atol + tolerance.rtol * scale).sum())
    note = f"{beyond} of {before.size} {'differ' if tolerance is None else 'beyond tolerance'}"
    return replace(
        base,
        status=DeltaStatus.DIFFERS if beyond else DeltaStatus.CLOSE,
        max_abs=float(gap.max()),
        max_rel=float(relative.max()) if relative.size else None,
        mean_abs=float(gap.astype(np.float64).sum()) / before.size,
        required=None if tolerance is None else float(needed.max()),
        worst_index=_index(worst, before.shape),
        note=f"{note}: {int(old[worst])} became {int(new[worst])}" if beyond else "",
        tolerance=limits,
        histogram=() if tolerance is None else _bins(needed, old.size),
    )


def _bins(needed: Array, total: int) -> tuple[int, ...]:
    """Return how many of ``total`` elements need which tolerance; the others need none."""
    above = [int(np.count_nonzero(needed > edge)) for edge in HISTOGRAM_EDGES]
    first = total - above[0]
    return (first, *(one - two for one, two in itertools.pairwise(above)), above[-1])


def _compare_floats(
    base: OutputDelta, before: Array, after: Array, tolerance: Tolerance
) -> OutputDelta:
    width = 1
    old, new = np.ascontiguousarray(before).ravel(), np.ascontiguousarray(after).ravel()
    if before.dtype.kind == "c":  # the real and the imaginary part each have to agree
        width = 2
        part = np.float32 if before.dtype == np.complex64 else np.float64
        old, new = old.view(part), new.view(part)
    figures = _Figures(tolerance, width)
    for start in range(0, old.size, CHUNK):
        figures.add(old[start : start + CHUNK], new[start : start + CHUNK])
    delta = _figured(base, figures, before.shape)
    return replace(delta, argmax=_argmax_agreement(before, after))


def compare_pieces(
    name: str,
    dtype: str,
    shape: Sequence[int],
    pieces: Iterable[tuple[Array, Array]],
    *,
    atol: float | None = None,
    rtol: float | None = None,
    tolerance: Tolerance | None = None,
) -> OutputDelta:
    """Compare two tensors of real floats that come piece by piece.

    Args:
        name: name that the delta carries.
        dtype: TensorFlow's dtype of both.
        shape: shape of both.
        pieces: the values in C order, those before and those after.
        atol: as in :func:`compare`.
        rtol: as in :func:`compare`.
        tolerance: as in :func:`compare`.
    """
    figures = _Figures(_limits(dtype, atol, rtol, tolerance), 1)
    for old, new in pieces:
        figures.add(old, new)
    base = OutputDelta(name=name, status=DeltaStatus.EQUAL, compared=figures.count)
    delta = _figured(base, figures, tuple(shape))
    if delta.worst_index is None:
        return delta
    return replace(
        delta,
        worst_before=_spell(figures.worst_pair[0]),
        worst_after=_spell(figures.worst_pair[1]),
    )


def _limits(
    dtype: str, atol: float | None, rtol: float | None, tolerance: Tolerance | None
) -> Tolerance:
    """Return the tolerance of a float dtype; a dtype that is not known has to be equal."""
    default = TOLERANCES.get(dtype, Tolerance(0.0, 0.0))
    return tolerance or Tolerance(
        default.atol if atol is None else atol, default.rtol if rtol is None else rtol
    )


def _figured(base: OutputDelta, figures: _Figures, shape: tuple[int, ...]) -> OutputDelta:
    """Return the delta that the figures of two tensors make."""
    status = DeltaStatus.EQUAL
    note = ""
    if figures.wrong:
        status = DeltaStatus.DIFFERS
        note = f"{figures.wrong} of {base.compared} beyond tolerance"
        if figures.unmatched:
            note += f", {figures.unmatched} of them NaN or infinite on one side only"
    elif figures.max_abs > 0:
        status = DeltaStatus.CLOSE
    worst = figures.worst // figures.width
    limits = figures.tolerance
    return replace(
        base,
        status=status,
        max_abs=figures.max_abs,
        max_rel=figures.max_rel,
        mean_abs=figures.total / (figures.count * figures.width),
        required=figures.required,
        worst_index=None if status is DeltaStatus.EQUAL else _index(worst, shape),
        note=note,
        tolerance=(limits.atol, limits.rtol),
        histogram=tuple(figures.histogram),
    )


class _Figures:
    """What the chunks of one comparison add up to.

    ``width`` numbers make up one element, which counts as wrong once.
    """

    def __init__(self, tolerance: Tolerance, width: int) -> None:
        self.tolerance = tolerance
        self.width = width
        self.count = 0
        self.worst_pair: tuple[Any, Any] = (None, None)
        self.max_abs = 0.0
        self.max_rel = 0.0
        self.total = 0.0
        self.required = 0.0
        self.wrong = 0
        self.unmatched = 0
        self.worst = 0
        self.histogram = [0] * (len(HISTOGRAM_EDGES) + 1)

    def add(self, old: Array, new: Array) -> None:
        """Take in the next chunk of numbers."""
        start = self.count * self.width
        count = old.size // self.width
        self.count += count
        if np.array_equal(old, new):
            self.histogram[0] += count
            return
        a, b = old.astype(np.float64), new.astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            gap = np.abs(b - a)
            comparable = np.isfinite(a) & np.isfinite(b)
            alike = (a == b) | (np.isnan(a) & np.isnan(b))
            gap = np.where(alike, 0.0, np.where(comparable, gap, math.inf))
            size = np.where(comparable, np.abs(a), 0.0)
            limit = self.tolerance.atol + self.tolerance.rtol * size
            wrong = ~alike & ~(comparable & (gap <= limit))
            needed = gap / (1.0 + size)
            relative = np.where((size > 0) | ~comparable, gap / np.where(size > 0, size, 1.0), 0.0)
        self.wrong += self._elements(wrong)
        self.unmatched += self._elements(~alike & ~comparable)
        self.total += float(gap.sum())
        self.max_abs = max(self.max_abs, float(gap.max()))
        self.max_rel = max(self.max_rel, float(relative.max()))
        if float(needed.max()) > self.required:
            self.required = float(needed.max())
            place = int(np.argmax(needed))
            self.worst = start + place
            self.worst_pair = old[place], new[place]
        bins = _bins(needed.reshape(-1, self.width).max(axis=1), count)
        self.histogram = [one + two for one, two in zip(self.histogram, bins, strict=True)]

    def _elements(self, flags: Array) -> int:
        return int(flags.reshape(-1, self.width).any(axis=1).sum())


def _argmax_agreement(before: Array, after: Array) -> float | None:
    """Return the share of rows whose largest element is at the same place.

    None unless there are rows of at least two real numbers without NaN.
    """
    if before.ndim < 2 or before.shape[-1] < 2 or before.dtype.kind != "f":
        return None
    old, new = (array.reshape(-1, before.shape[-1]) for array in (before, after))
    step = max(1, CHUNK // before.shape[-1])
    agreed = 0
    for start in range(0, len(old), step):
        one, two = old[start : start + step], new[start : start + step]
        if np.isnan(one).any() or np.isnan(two).any():
            return None
        agreed += int((one.argmax(-1) == two.argmax(-1)).sum())
    return agreed / len(old)
