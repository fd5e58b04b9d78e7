"""What two models cost, in words: size on disk and latency, which decide nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from migrator.report.reading import figure
from migrator.results import Cost, Latency

__all__ = ["Timing", "cost_sentence", "duration", "growth", "ratio", "size", "timings"]


@dataclass(frozen=True, slots=True)
class Timing:
    """One latency beside the one that it is measured against."""

    latency: Latency
    baseline: Latency | None  #: of the before side; None for itself or where there is none

    @property
    def factor(self) -> float | None:
        """Median over the median of the baseline."""
        if self.baseline is None or not self.baseline.median > 0:
            return None
        return self.latency.median / self.baseline.median


def size(count: int) -> str:
    """Return a number of bytes as ``31.4 kB``; thousands, as disks count."""
    if count < 1000:
        return f"{count} B"
    number = float(count)
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 999.5:
            return f"{number:.3g} {unit}"
    return f"{number / 1000:,.3g} TB"


def duration(seconds: float) -> str:
    """Return a time in milliseconds as ``0.412 ms``."""
    milliseconds = seconds * 1000
    if not math.isfinite(milliseconds) or milliseconds < 999.5:
        return f"{figure(milliseconds)} ms"
    return f"{milliseconds:,.0f} ms"


def ratio(factor: float | None) -> str:
    """Return ``×1.15``, an en dash where there is none."""
    if factor is None or not math.isfinite(factor):
        return "–"
    return f"×{factor:.2f}" if factor < 99.5 else f"×{factor:,.0f}"


def growth(cost: Cost) -> float | None:
    """Return the size after over the size before."""
    return cost.after_bytes / cost.before_bytes if cost.before_bytes > 0 else None


def timings(cost: Cost) -> list[Timing]:
    """Return all latencies of an arranged check, those of the after side with their baseline.

    The baseline is the before side through the same loader if it has that, else through the
    first that it has: the same signature on the same inputs.
    """
    before = [latency for latency in cost.latencies if latency.side == "before"]
    found = []
    for latency in cost.latencies:
        rivals = [
            old
            for old in before
            if (old.signature, old.regime) == (latency.signature, latency.regime)
        ]
        rivals.sort(key=lambda old: old.loader != latency.loader)
        own = latency.side == "before" or not rivals
        found.append(Timing(latency, None if own else rivals[0]))
    return found


def cost_sentence(cost: Cost) -> str:
    """Return size and latency of both sides, after against before."""
    parts = [
        f"{size(cost.before_bytes)} → {size(cost.after_bytes)} on disk ({ratio(growth(cost))})"
    ]
    groups: dict[tuple[str, str], list[Timing]] = {}
    for timing in timings(cost):
        key = (timing.latency.signature, timing.latency.regime)
        groups.setdefault(key, []).append(timing)
    several = len(groups) > len({signature for signature, _ in groups})
    for (signature, regime), own in groups.items():
        name = f"{signature} on {regime} inputs" if several and regime else signature
        sides = [
            ", ".join(_spoken(timing) for timing in own if timing.latency.side == side)
            for side in ("before", "after")
        ]
        parts.append(f"median latency of {name} {sides[0] or '–'} → {sides[1] or '–'}")
    return "; ".join(parts)


def _spoken(timing: Timing) -> str:
    words = f"{duration(timing.latency.median)} {timing.latency.loader}"
    return words if timing.factor is None else f"{words} ({ratio(timing.factor)})"
