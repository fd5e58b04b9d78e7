"""What a model check measured, in words: tolerances, errors, worst elements, where models part.

Every format says the same of the same numbers, so the wording is here and the markup there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from migrator.report.reading import decisive_outputs, figure, share
from migrator.report.text import plural, shortened
from migrator.results import (
    HISTOGRAM_EDGES,
    DeltaStatus,
    ModelCheck,
    OutputDelta,
    Parting,
)

__all__ = [
    "BIN_LABELS",
    "allowance",
    "allowances",
    "bands",
    "bins",
    "by_output",
    "combined",
    "combined_bands",
    "common_tolerance",
    "counted",
    "errors_sentence",
    "explanation",
    "gist",
    "heights",
    "inputs_sentence",
    "kinds",
    "largest",
    "lowest",
    "need",
    "outputs_sentence",
    "parting_sentence",
    "pictured",
    "spark",
    "worst_sentence",
]

#: One label per bin of a histogram, as ``≤ 1e-5``.
BIN_LABELS = (
    "equal",
    *(f"≤ {edge:.0e}".replace("e-0", "e-") for edge in HISTOGRAM_EDGES[1:-1]),
    f"≤ {HISTOGRAM_EDGES[-1]:g}",
    f"> {HISTOGRAM_EDGES[-1]:g}",
)

_BLOCKS = "▁▂▃▄▅▆▇█"
_GOOD = frozenset({DeltaStatus.EQUAL, DeltaStatus.CLOSE})

#: Longest text of the inputs of a worst element in formats that cannot fold or wrap it.
_INPUTS = 200


def bins(histogram: Iterable[int]) -> tuple[int, ...]:
    """Return the counts of a histogram, one per label of :data:`BIN_LABELS`; empty for none.

    Raises:
        ValueError: it has another number of bins, so nobody knows what they count.
    """
    counts = tuple(histogram)
    if counts and len(counts) != len(BIN_LABELS):
        raise ValueError(f"a histogram of {len(counts)} bins, not {len(BIN_LABELS)}")
    return counts


def combined(deltas: Iterable[OutputDelta]) -> tuple[int, ...]:
    """Return the sum of the histograms of ``deltas``; empty where none has one."""
    counts = [bins(delta.histogram) for delta in deltas if delta.histogram]
    return tuple(map(sum, zip(*counts, strict=True)))


def counted(histogram: Iterable[int]) -> str:
    """Return ``180 equal, 8 ≤ 1e-7, 4 ≤ 0.1``: the bins that hold elements."""
    pairs = zip(bins(histogram), BIN_LABELS, strict=False)
    return ", ".join(f"{count:,} {label}" for count, label in pairs if count) or "none"


def errors_sentence(histogram: Iterable[int]) -> str:
    """Return the histogram as bars and counts, with what it counts."""
    counts = bins(histogram)
    return f"elements by the tolerance they need {spark(counts)} {counted(counts)}"


def spark(histogram: Iterable[int]) -> str:
    """Return one character per bin, as high as the logarithm of its count; a dot for zero."""
    return "".join("·" if h == 0 else _BLOCKS[math.ceil(h * 8) - 1] for h in heights(histogram))


def heights(histogram: Iterable[int]) -> list[float]:
    """Return the height of each bin's bar, 0 to 1, by the logarithm of its count."""
    counts = bins(histogram)
    top = math.log1p(max(counts, default=0))
    return [math.log1p(count) / top if count > 0 else 0.0 for count in counts]


def bands(delta: OutputDelta) -> tuple[str, ...]:
    """Return, per bin, whether its elements are ``within`` the tolerance, ``beyond`` or ``mixed``.

    A bin is ``mixed`` where the tolerance lies inside it, or between atol and rtol.
    """
    if delta.status in _GOOD or delta.tolerance is None:
        return tuple("within" for _ in BIN_LABELS)
    low, high = min(delta.tolerance), max(delta.tolerance)
    lower = (0.0, *HISTOGRAM_EDGES)  # the first bin holds zeros only
    upper = (*HISTOGRAM_EDGES, math.inf)
    return tuple(
        "within" if top <= low else "beyond" if bottom >= high and top > 0 else "mixed"
        for bottom, top in zip(lower, upper, strict=True)
    )


def combined_bands(deltas: Iterable[OutputDelta]) -> tuple[str, ...]:
    """Return the worst band per bin of all ``deltas`` that have elements in it."""
    rank = {"within": 0, "mixed": 1, "beyond": 2}
    found = ["within"] * len(BIN_LABELS)
    for delta in deltas:
        for i, (count, band) in enumerate(zip(bins(delta.histogram), bands(delta), strict=False)):
            if count and rank[band] > rank[found[i]]:
                found[i] = band
    return tuple(found)


def allowance(delta: OutputDelta) -> str:
    """Return the tolerance that decided, as ``1e-05 + 1e-05 × |before|``, or ``exact``."""
    if delta.tolerance is None:
        return "exact"
    atol, rtol = delta.tolerance
    return f"{figure(atol)} + {figure(rtol)} × |before|"


def allowances(deltas: Iterable[OutputDelta]) -> list[str]:
    """Return the different tolerances that decided about what was compared, sorted."""
    return sorted({allowance(delta) for delta in deltas if delta.compared})


def common_tolerance(deltas: Iterable[OutputDelta]) -> tuple[float, float] | None:
    """Return the one tolerance of all ``deltas`` that have a histogram, None if they differ."""
    found = {delta.tolerance for delta in deltas if delta.histogram}
    return found.pop() if len(found) == 1 else None


def gist(check: ModelCheck) -> str:
    """Return how closely a match agrees, in a few words."""
    deltas = [*check.deltas, *check.variables]
    needed = largest(delta.required for delta in deltas)
    if needed is None:
        return ""
    return "equal" if needed == 0 else f"agrees to {figure(needed)}"


def need(delta: OutputDelta) -> str:
    """Return the tolerance that is needed against the one allowed; empty without figures.

    It reads on from "needs".
    """
    if delta.required is None:
        return ""
    words = "no tolerance" if delta.required == 0 else f"tolerance {figure(delta.required)}"
    if delta.tolerance is None:
        return words
    words += f", allowed {allowance(delta)}"
    least = min(delta.tolerance)
    times = delta.required / least if least > 0 else math.inf
    if delta.status in _GOOD or not math.isfinite(times) or times < 2:
        return words
    return f"{words}: {times:,.0f} times as much" if times < 1e6 else words


def worst_sentence(delta: OutputDelta) -> str:
    """Return where the worst element is and what it was and became; empty where unknown."""
    parts = []
    if delta.worst_index is not None:
        parts.append(f"worst at [{', '.join(map(str, delta.worst_index))}]")
    if delta.worst_before or delta.worst_after:
        values = f"{delta.worst_before or '–'} became {delta.worst_after or '–'}"
        parts.append(values if parts else f"worst: {values}")
    return ": ".join(parts)


def by_output(deltas: Iterable[OutputDelta]) -> list[list[OutputDelta]]:
    """Return ``deltas`` grouped by name, each group worst first, the groups likewise.

    Within a status the one that needs the largest tolerance is worst; NaN counts as infinite.
    """

    def required(delta: OutputDelta) -> float:
        number = delta.required if delta.required is not None else delta.max_abs
        if number is None:
            return 0.0
        return -math.inf if math.isnan(number) else -number

    bad, good = decisive_outputs(sorted(deltas, key=required))
    groups: dict[str, list[OutputDelta]] = {}
    for delta in (*bad, *good):
        groups.setdefault(delta.name, []).append(delta)
    return list(groups.values())


def pictured(deltas: Iterable[OutputDelta]) -> list[list[OutputDelta]]:
    """Return :func:`by_output` of those that have more to show than their row in a table."""
    return by_output(
        delta
        for delta in deltas
        if delta.histogram or delta.worst_before or delta.worst_after or delta.worst_inputs
    )


def parting_sentence(parting: Parting, beside: OutputDelta | None = None) -> str:
    """Return what is known of the first op at which two models part, but not its name.

    ``beside`` is a comparison that it is told of: what is said there is not said again.
    """
    parts = [f"after: {parting.after_node}"] if parting.after_node else []
    if parting.max_abs is not None:
        parts.append(f"largest absolute difference {figure(parting.max_abs)}")
    traced = ["traced"]
    if beside is None or beside.name != parting.output:
        traced.append(f"from {parting.output}")
    if parting.regime and (beside is None or beside.regime != parting.regime):
        traced.append(f"on {parting.regime} inputs")
    parts += [" ".join(traced)] if len(traced) > 1 else []
    parts += [parting.note] if parting.note else []
    return "; ".join(parts)


def explanation(check: ModelCheck) -> list[str]:
    """Return, as lines of plain text, what a person needs who repairs a mismatch.

    The worst comparison with the inputs that gave it, and the first op at which the models
    part.  Empty for a match, and where nothing was measured.
    """
    lines = []
    bad, _ = decisive_outputs(check.deltas)
    bad = bad or decisive_outputs(check.variables)[0]
    for delta in [group[0] for group in pictured(bad) or by_output(bad)][:1]:
        where = f"{delta.name} ({delta.regime})" if delta.regime else delta.name
        needed = need(delta)
        words = [delta.note, needed and f"needs {needed}", worst_sentence(delta)]
        lines.append(f"{where}: {'; '.join(word for word in words if word) or delta.status}")
        lines += [f"given {shortened(text, _INPUTS)}" for text in delta.worst_inputs]
    if check.parting is not None:
        parting = check.parting
        lines.append(
            f"First op at which they part: {parting.node} ({parting.op}); "
            f"{parting_sentence(parting)}"
        )
    return lines


def outputs_sentence(deltas: Iterable[OutputDelta], what: str = "comparison") -> str:
    """Return the figures of several comparisons of one signature or of all variables."""
    found = list(deltas)
    _, good = decisive_outputs(found)
    parts = [f"{len(good):,} of {plural(len(found), what)} agree"]
    worst = largest(delta.max_abs for delta in found)
    parts += [f"max abs {figure(worst)}"] if worst is not None else []
    needed = largest(delta.required for delta in found)
    if needed is not None:
        allowed = [words for words in allowances(found) if words != "exact"]
        parts.append(f"needs {figure(needed)}" + (f" of {' or '.join(allowed)}" if allowed else ""))
    agree = lowest(delta.argmax for delta in found)
    parts += [f"argmax {share(agree)}"] if agree is not None else []
    return "; ".join(parts)


def largest(numbers: Iterable[float | None]) -> float | None:
    """Return the largest number, NaN if there is one, None if there is none."""
    known = [number for number in numbers if number is not None]
    # max() of a list that holds NaN depends on the order
    return math.nan if any(map(math.isnan, known)) else max(known, default=None)


def lowest(numbers: Iterable[float | None]) -> float | None:
    """Return the smallest number, NaN if there is one, None if there is none."""
    known = [number for number in numbers if number is not None]
    return math.nan if any(map(math.isnan, known)) else min(known, default=None)


def inputs_sentence(inputs: Iterable[str]) -> str:
    """Return the input regimes with each signature named once: ``predict: normal, zeros``."""
    groups: dict[str, list[str]] = {}
    for text in inputs:
        signature, _, regime = text.rpartition(": ")
        groups.setdefault(signature, []).append(regime)
    return "; ".join(
        f"{signature}: {' · '.join(own)}" if signature else " · ".join(own)
        for signature, own in groups.items()
    )


def kinds(check: ModelCheck) -> tuple[str, str]:
    """Return what the before and the after side are; empty where the check does not say."""
    before, after, *_ = (*check.kinds, "", "")
    return before, after
