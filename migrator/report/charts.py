"""Histograms of errors as inline SVG: no script, no style attribute, nothing from elsewhere.

The words are those of :mod:`migrator.report.measures`; colours come from the style sheet by
class, so that they follow the theme and print.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from migrator.report.measures import BIN_LABELS, bins, counted, heights
from migrator.results import HISTOGRAM_EDGES

__all__ = ["histogram", "strip"]

_BAND_CLASS = {"within": "h-in", "mixed": "h-mid", "beyond": "h-out"}

#: Sizes in units of the view box: one bin, the bars, the room above and below them.
_BIN, _BARS, _ABOVE, _BELOW = 30, 72, 26, 30


def histogram(
    counts: Sequence[int],
    bands: Sequence[str],
    tolerance: tuple[float, float] | None,
    anchor: str,
    title: str,
) -> Markup:
    """Return a histogram with its counts, and a table of them for those who cannot see it.

    Args:
        counts: elements per bin of :data:`~migrator.results.HISTOGRAM_EDGES`, not empty.
        bands: where each bin lies: ``within`` the tolerance, ``beyond`` it, or ``mixed``.
        tolerance: (atol, rtol), drawn where both are the same; None draws none.
        anchor: what the ids of the drawing begin with; unique in the page.
        title: what is counted, safe to show.
    """
    width, height = _BIN * len(BIN_LABELS), _ABOVE + _BARS + _BELOW
    base = _ABOVE + _BARS
    parts = []
    for i, (count, label, tall, band) in enumerate(
        zip(bins(counts), BIN_LABELS, heights(counts), bands, strict=True)
    ):
        left = _BIN * i
        top = base - max(2, round(tall * _BARS)) if count else base
        if count:
            parts.append(
                Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"></rect>').format(
                    _BAND_CLASS[band], left + 3, top, _BIN - 6, base - top
                )
            )
            parts.append(_text(left + _BIN // 2, top - 3, _compact(count)))
        parts.append(_text(left + _BIN // 2, base + 12, label.removeprefix("≤ ")))
    parts.append(
        Markup('<line class="h-axis" x1="0" y1="{0}" x2="{1}" y2="{0}"></line>').format(base, width)
    )
    parts.append(_text(width // 2, base + 25, "tolerance that the element needs, up to"))
    at = _tolerance_at(tolerance)
    if at is not None:
        x = round(at * _BIN, 1)
        parts.append(
            Markup('<line class="h-tol" x1="{0:g}" y1="9" x2="{0:g}" y2="{1}"></line>').format(
                x, base
            )
        )
        end = x > width - 70
        parts.append(
            Markup('<text class="h-tol-t" x="{:g}" y="9" text-anchor="{}">allowed</text>').format(
                x - 4 if end else x + 4, "end" if end else "start"
            )
        )
    rows = Markup("").join(
        Markup('<tr><th scope="row">{}</th><td>{:,}</td></tr>').format(label, count)
        for label, count in zip(BIN_LABELS, bins(counts), strict=True)
        if count
    )
    return Markup(
        '<svg class="hist" role="img" viewBox="0 0 {width} {height}" '
        'aria-labelledby="{anchor}-t {anchor}-d"><title id="{anchor}-t">{title}</title>'
        '<desc id="{anchor}-d">{words}</desc>{parts}</svg>'
        '<table class="vh"><caption>{title}</caption><thead><tr><th scope="col">Tolerance needed'
        '</th><th scope="col">Elements</th></tr></thead><tbody>{rows}</tbody></table>'
    ).format(
        width=width,
        height=height,
        anchor=anchor,
        title=title,
        words=counted(counts),
        parts=Markup("").join(parts),
        rows=rows,
    )


def strip(counts: Sequence[int], bands: Sequence[str]) -> Markup:
    """Return the histogram as high as a line of text, for a cell of a table; empty for none."""
    if not counts:
        return Markup("–")
    bars = Markup("").join(
        Markup('<rect class="{}" x="{}" y="{}" width="5" height="{}"></rect>').format(
            _BAND_CLASS[band], 6 * i, 16 - high, high
        )
        for i, (tall, band) in enumerate(zip(heights(counts), bands, strict=True))
        if (high := math.ceil(tall * 14))
    )
    return Markup(
        '<svg class="strip" role="img" viewBox="0 0 {} 17" aria-label="{}"><title>{}</title>{}'
        '<line class="h-axis" x1="0" y1="16.5" x2="{}" y2="16.5"></line></svg>'
    ).format(6 * len(BIN_LABELS), counted(counts), counted(counts), bars, 6 * len(BIN_LABELS))


def _text(x: int, y: int, words: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(x, y, words)


def _compact(count: int) -> str:
    """Return a count in at most five characters: ``950``, ``12k``, ``3.1M``."""
    for power, unit in ((12, "T"), (9, "G"), (6, "M"), (3, "k")):
        if count >= 10**power:
            number = count / 10**power
            return f"{number:.1f}{unit}" if number < 9.95 else f"{number:.0f}{unit}"
    return str(count)


def _tolerance_at(tolerance: tuple[float, float] | None) -> float | None:
    """Return where a tolerance lies on the axis, in bins; None where it is not one number.

    The right end of a bin is its edge; between two edges the axis is logarithmic.
    """
    if tolerance is None or tolerance[0] != tolerance[1] or not tolerance[0] > 0:
        return None
    value = tolerance[0]
    edges = HISTOGRAM_EDGES
    for i in range(1, len(edges)):
        if value <= edges[i]:
            # the bin from zero has no logarithm on its left: a decade stands in
            low = edges[i - 1] or edges[i] / 10
            part = (math.log10(value) - math.log10(low)) / (math.log10(edges[i]) - math.log10(low))
            return i + max(0.0, part)
    return float(len(edges))
