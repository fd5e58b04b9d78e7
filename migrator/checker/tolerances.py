"""How far two floats may be apart: per dtype, for a whole comparison, or for one output."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["TOLERANCES", "Tolerance", "Tolerances"]


@dataclass(frozen=True)
class Tolerance:
    """How far floats may be apart: ``atol + rtol * |before|``."""

    atol: float
    rtol: float


#: Limits per dtype.  They were chosen by running twenty ops and stacks of twenty layers on
#: TensorFlow 1.15.5 and 2.21, one thread each, and looking at the tolerance (atol = rtol) that
#: makes the results agree:
#:
#: * float32: single ops (products of 2,048 terms, sums of a million, convolution, softmax)
#:   need 5e-7 at most, a stack of twenty ``tanh(x @ w)`` that amplifies rounding 5.3e-6;
#: * float64: single ops need 1.1e-15, the stack 5.7e-15.  The limit leaves room for badly
#:   conditioned algebra, and a detour through float32 (6e-8 relative) stays visible in values as
#:   small as 2e-5;
#: * float16: elementwise ops, softmax, normalisation and products of 16 terms need 3.1e-3.
#:   1.15 also adds in half precision: products of 256 terms need 0.08, of 2,048 0.4, which no
#:   default should let pass, so such an output needs a tolerance of its own;
#: * bfloat16: elementwise ops, softmax, products and convolutions need 1.6e-2; sums of a million
#:   stop growing on 1.15 and are off by a factor of ten.
#:
#: The 8-bit floats are rounded from wider ones, so one step apart is as close as they can be
#: without being equal: a step relative to the value, or the smallest one at zero.
TOLERANCES = {
    "float32": Tolerance(1e-5, 1e-5),
    "float64": Tolerance(1e-12, 1e-12),
    "float16": Tolerance(5e-3, 5e-3),
    "bfloat16": Tolerance(2e-2, 2e-2),
    "complex64": Tolerance(1e-5, 1e-5),
    "complex128": Tolerance(1e-12, 1e-12),
    "float8_e5m2": Tolerance(2.0**-16, 2.0**-2),
    "float8_e5m2fnuz": Tolerance(2.0**-17, 2.0**-2),
    "float8_e4m3fn": Tolerance(2.0**-9, 2.0**-3),
    "float8_e4m3fnuz": Tolerance(2.0**-10, 2.0**-3),
    "float8_e4m3b11fnuz": Tolerance(2.0**-13, 2.0**-3),
}


#: How much of a variable's largest element, times rtol, its absolute tolerance is at most.
#: Of 188 float variables, slots included, of twenty programs that were trained on TensorFlow
#: 1.15.5 and again, migrated, on 2.21, the one that needs most needs 0.11.
SHARE = 1.0


class Tolerances:
    """The tolerance of every output and variable of one comparison.

    Args:
        atol: absolute tolerance of every float dtype, instead of the dtype's own.
        rtol: tolerance relative to the before side, likewise.
        named: name to ``(atol, rtol)``.  A name is an output's with its signature key
            (``serving_default/scores``), an output's in every signature (``scores``), or a
            variable's; ``*`` stands for any characters.  A name without ``*`` counts before
            one with, and of two with, the one given later.
    """

    def __init__(
        self,
        atol: float | None = None,
        rtol: float | None = None,
        named: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        self.atol = atol
        self.rtol = rtol
        self._exact: dict[str, Tolerance] = {}
        self._patterns: dict[str, Tolerance] = {}
        self._wrong: str | None = None
        for name, limits in (named or {}).items():
            try:
                first, second = (float(limit) for limit in limits)
            except (TypeError, ValueError):
                first = second = math.nan
            if not (first >= 0 and second >= 0):
                self._wrong = f"{name} is given {limits!r}: a tolerance is atol and rtol, 0 or more"
            elif math.isinf(first + second):
                self._wrong = f"{name} is given an infinite tolerance, with which anything passes"
            target = self._patterns if "*" in name else self._exact
            target[name] = Tolerance(first, second)

    def named(self, names: Sequence[str]) -> Tolerance | None:
        """Return what was asked for a value that has these names, first name first."""
        for name in names:
            if name in self._exact:
                return self._exact[name]
        for pattern, tolerance in reversed(self._patterns.items()):
            if any(_matches(pattern, name) for name in names):
                return tolerance
        return None

    def stored(self, names: Sequence[str], dtype: str, largest: float) -> Tolerance:
        """Return the tolerance of a variable, whose names these are, of floats.

        Unless an absolute tolerance was asked for, it is no larger than the relative one makes
        of the largest element: a variable whose values are all small is not all noise.

        Args:
            names: the variable's names, the first of which counts first.
            dtype: TensorFlow's dtype; one that is not known has to be equal.
            largest: size of the largest finite element of the before side.
        """
        wanted = self.named(names)
        if wanted is not None:
            return wanted
        default = TOLERANCES.get(dtype, Tolerance(0.0, 0.0))
        rtol = default.rtol if self.rtol is None else self.rtol
        if self.atol is not None:
            return Tolerance(self.atol, rtol)
        return Tolerance(min(default.atol, SHARE * max(rtol, default.rtol) * largest), rtol)

    def refused(self, known: Iterable[tuple[Sequence[str], str]]) -> str | None:
        """Return why what was asked for does not fit, or None.

        Args:
            known: the names and the dtype of every output and variable of the before side.
        """
        if self._wrong:
            return self._wrong
        values = list(known)
        for name in (*self._exact, *self._patterns):
            hits = [kind for names, kind in values if _named(name, names)]
            if not hits:
                listed = sorted({names[0] for names, _ in values})
                some = ", ".join(listed[:30]) + (", ..." if len(listed) > 30 else "")
                return f"there is no output and no variable {name}, only {some or 'none'}"
            if all(kind in ("string", "bool") for kind in hits):
                return f"{name} is {hits[0]}, which compares exactly"
        return None


def _named(name: str, names: Sequence[str]) -> bool:
    return any(_matches(name, other) if "*" in name else name == other for other in names)


def _matches(pattern: str, name: str) -> bool:
    """Return whether ``*`` in a pattern can stand for what ``name`` has there."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None
