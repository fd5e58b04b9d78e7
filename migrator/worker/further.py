"""Whether further inputs are worth their time, and can be compared between two versions.

A sum of values of all magnitudes may cancel out, so that its last digits are those of the order
in which it was added.  So the before side is run on inputs moved in their last digits, too:
rows whose outputs move with them get values of the normal distribution instead.
"""

from typing import Dict, List, Optional, Set

from .common import Array, Json
from .values import stream

Outputs = Dict[str, Array]

#: Seconds that one call on many rows, or on fewer, may be expected to take; and bytes of its
#: inputs and outputs.
MOST_SECONDS, MOST_SECONDS_FEW, MOST_BYTES = 0.3, 1.0, 1 << 25

#: The rows that are run where many take too long.
FEW = 8

#: How far inputs are moved, in units of their last digit.
STEPS = 4

#: How far an output may follow, by the bits of its fraction: a quarter of what two values of
#: its dtype may be apart between versions.
FOLLOW = {10: 1.25e-3, 23: 2.5e-6, 52: 2.5e-13}


class Meter:
    """What a call of a signature took so far, per row."""

    def __init__(self) -> None:
        self._seconds: Optional[float] = None
        self._bytes = 0.0

    def add(self, seconds: float, rows: int, feeds: Outputs, outputs: Outputs) -> None:
        """Take in a call; the least time per row counts, because first calls compile."""
        size = sum(value.nbytes for value in list(feeds.values()) + list(outputs.values()))
        rows = max(rows, 1)
        each = seconds / rows
        self._seconds = each if self._seconds is None else min(self._seconds, each)
        self._bytes = max(self._bytes, float(size) / rows)

    def rows(self, wanted: int) -> int:
        """Return how many rows are affordable: all that are wanted, a few, or none."""
        if self._seconds is None:
            return 0
        for rows, most in ((wanted, MOST_SECONDS), (min(FEW, wanted), MOST_SECONDS_FEW)):
            if self._seconds * rows <= most and self._bytes * rows <= MOST_BYTES:
                return rows
        return 0


def moved(feeds: Outputs, fixed: Json, seed: int) -> Optional[Outputs]:
    """Return the inputs with each generated float moved by a few units of its last digit.

    None where there is no such input.
    """
    import numpy as np

    found = dict(feeds)
    for name, value in sorted(feeds.items()):
        if name in fixed or value.dtype.kind != "f" or not len(value.shape):
            continue
        rng = stream(seed, "moved", name)
        steps = rng.randint(1, STEPS + 1, size=value.shape) * rng.choice([-1, 1], size=value.shape)
        found[name] = (value * (1 + np.finfo(value.dtype).eps * steps)).astype(value.dtype)
    return found if any(found[name] is not feeds[name] for name in feeds) else None


def sensitive(one: Outputs, other: Outputs, rows: int) -> Optional[Set[int]]:
    """Return the rows of which an output differs between two calls by more than rounding.

    None where an output that differs has no rows of its own.
    """
    import numpy as np

    found: Set[int] = set()
    for name in sorted(one):
        old, new = one[name], other[name]
        if old.shape != new.shape:
            return None
        if old.dtype.kind in "fc":
            follow = FOLLOW[np.finfo(old.dtype).nmant]
            with np.errstate(invalid="ignore", over="ignore"):
                apart = np.abs(new - old) > follow * (1 + np.abs(old))
        else:
            apart = np.asarray(new != old)
        if not apart.any():
            continue
        if not len(old.shape) or old.shape[0] != rows:
            return None
        found.update(int(row) for row in np.nonzero(apart.reshape(rows, -1).any(1))[0])
    return found


def calmed(feeds: Outputs, calm: Outputs, fixed: Json, rows: Set[int]) -> Outputs:
    """Return the inputs with some rows of generated floats taken from calmer ones."""
    chosen: List[int] = sorted(rows)
    found = dict(feeds)
    for name, value in feeds.items():
        if name not in fixed and value.dtype.kind == "f" and len(value.shape):
            if max(chosen) >= len(value):
                continue  # its first dim is no batch
            found[name] = value.copy()
            found[name][chosen] = calm[name][chosen]
    return found
