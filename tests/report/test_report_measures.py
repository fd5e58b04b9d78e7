"""What a check measured is said with the right numbers, whatever they are."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from sample import CHECKS

from migrator.report import charts, measures
from migrator.report.cost import cost_sentence, duration, growth, ratio, size, timings
from migrator.results import (
    HISTOGRAM_EDGES,
    Cost,
    DeltaStatus,
    Latency,
    ModelCheck,
    OutputDelta,
    Parting,
    Verdict,
)

EMPTY = (0,) * 12


def delta(status: DeltaStatus = DeltaStatus.DIFFERS, **fields: object) -> OutputDelta:
    """Return a delta of one output."""
    return OutputDelta("serving_default/y", status, **fields)  # type: ignore[arg-type]


def at(index: int, count: int = 1) -> tuple[int, ...]:
    """Return a histogram with ``count`` elements in the bin ``index``."""
    return (*EMPTY[:index], count, *EMPTY[index + 1 :])


def test_every_bin_has_its_label() -> None:
    """Labels are the edges of the values' own histogram: equal first, the rest last."""
    assert len(measures.BIN_LABELS) == len(HISTOGRAM_EDGES) + 1
    assert measures.BIN_LABELS[0] == "equal"
    assert measures.BIN_LABELS[-1] == "> 1"
    edges = [float(label.removeprefix("≤ ")) for label in measures.BIN_LABELS[1:-1]]
    assert tuple(edges) == HISTOGRAM_EDGES[1:]


def test_counts_are_spoken_where_there_are_any() -> None:
    """Empty bins are left out, large counts have their thousands apart."""
    assert measures.counted((64_000, 0, 1, *EMPTY[3:-1], 2)) == "64,000 equal, 1 ≤ 1e-8, 2 > 1"
    assert measures.counted(EMPTY) == measures.counted(()) == "none"


def test_bars_never_hide_an_element() -> None:
    """One element among a billion has a bar; a bin without elements has none."""
    bars = measures.spark((10**9, 0, 1, *EMPTY[3:]))
    assert bars == "█·▁·········"
    assert measures.spark(EMPTY) == "·" * 12
    assert measures.spark(()) == ""
    drawn = charts.strip((10**9, 0, 1, *EMPTY[3:]), ("within",) * 12)
    assert drawn.count("<rect") == 2


@pytest.mark.parametrize("histogram", [(1,), (1,) * 11, (1,) * 13])
def test_a_histogram_of_other_bins_is_refused(histogram: tuple[int, ...]) -> None:
    """Counts whose bins are unknown are not drawn as if they were known."""
    with pytest.raises(ValueError, match=f"a histogram of {len(histogram)} bins, not 12"):
        measures.counted(histogram)


def test_histograms_add_up() -> None:
    """The sum of a check's histograms leaves out what was compared exactly."""
    deltas = [delta(histogram=at(0, 3)), delta(), delta(histogram=at(11, 2))]
    assert measures.combined(deltas) == (3, *EMPTY[1:-1], 2)
    assert measures.combined([delta()]) == ()


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        ((1e-5, 1e-5), "wwwwww" + "bbbbbb"),
        ((2e-5, 2e-5), "wwwwww" + "m" + "bbbbb"),
        ((1e-5, 1e-3), "wwwwww" + "mm" + "bbbb"),
        ((0.0, 0.0), "w" + "b" * 11),
        ((0.0, 1e-5), "w" + "mmmmm" + "bbbbbb"),
        ((math.inf, math.inf), "w" * 12),
        ((5.0, 5.0), "w" * 11 + "m"),
        (None, "w" * 12),
    ],
)
def test_bands(tolerance: tuple[float, float] | None, expected: str) -> None:
    """A bin is beyond only when all its elements are, whichever of atol and rtol counts."""
    found = measures.bands(delta(tolerance=tolerance))
    assert "".join(band[0] for band in found) == expected


def test_what_agrees_is_within() -> None:
    """Of an output that agrees nothing is drawn as beyond the tolerance."""
    found = measures.bands(delta(DeltaStatus.CLOSE, tolerance=(1e-5, 1e-7)))
    assert set(found) == {"within"}


def test_the_worst_band_of_all_is_shown() -> None:
    """In the histogram of a whole check a bin is as bad as the worst output with elements in it."""
    strict = delta(tolerance=(1e-9, 1e-9), histogram=at(5))
    loose = delta(tolerance=(1e-2, 1e-2), histogram=at(6))
    found = measures.combined_bands([loose, strict])
    assert [found[5], found[6], found[11]] == ["beyond", "within", "within"]


def test_need() -> None:
    """Needed stands against allowed; how much more is said only where that means something."""
    allowed = {"tolerance": (1e-5, 1e-5)}
    assert measures.need(delta(required=0.128, **allowed)) == (
        "tolerance 0.128, allowed 1e-05 + 1e-05 × |before|: 12,800 times as much"
    )
    good = delta(DeltaStatus.CLOSE, required=5e-8, **allowed)
    assert measures.need(good) == "tolerance 5e-08, allowed 1e-05 + 1e-05 × |before|"
    assert measures.need(replace(good, required=0.0)).startswith("no tolerance, allowed")
    assert "times" not in measures.need(delta(required=math.inf, **allowed))
    assert "times" not in measures.need(delta(required=math.nan, **allowed))
    assert "times" not in measures.need(delta(required=0.1, tolerance=(0.0, 0.0)))
    assert measures.need(delta(required=0.1)) == "tolerance 0.1"
    assert measures.need(delta(**allowed)) == ""


def test_worst_element() -> None:
    """Index and values are told as far as they are known; a scalar has the empty index."""
    assert measures.worst_sentence(delta()) == ""
    assert measures.worst_sentence(delta(worst_index=(0, 41))) == "worst at [0, 41]"
    assert measures.worst_sentence(delta(worst_before="1", worst_after="nan")) == (
        "worst: 1 became nan"
    )
    scalar = delta(worst_index=(), worst_before="1", worst_after="2")
    assert measures.worst_sentence(scalar) == "worst at []: 1 became 2"


def test_groups_are_worst_first() -> None:
    """By status, then by the tolerance needed: NaN and infinity above every number."""
    deltas = [
        replace(delta(required=required, regime=str(required)), name=name)
        for name, required in [("a", 0.1), ("b", 0.2), ("a", math.inf), ("c", math.nan)]
    ]
    found = measures.by_output([replace(deltas[0], name="z", status=DeltaStatus.CLOSE), *deltas])
    assert [group[0].name for group in found][-2:] == ["b", "z"]
    assert {group[0].name for group in found[:2]} == {"a", "c"}
    (own,) = [group for group in found if group[0].name == "a"]
    assert [d.regime for d in own] == ["inf", "0.1"]


def test_explanation_of_a_match_is_empty() -> None:
    """An annotation says more than the verdict only where something is to be repaired."""
    good = [check for check in CHECKS if check.match]
    assert good
    assert all(measures.explanation(check) == [] for check in good)


def test_explanation_holds_element_inputs_and_op() -> None:
    """The worst comparison, the inputs that gave it (cut), and the first op."""
    bad = delta(
        required=0.5, worst_index=(1,), worst_before="1", worst_after="2", regime="zeros",
        note="3 of 4 beyond tolerance", worst_inputs=("x[1] = " + "9" * 500,),
    )  # fmt: skip
    parting = Parting("net/MatMul", "MatMul", "serving_default/y", max_abs=math.inf)
    check = ModelCheck("a", "b", deltas=(bad,), parting=parting, verdict=Verdict.MISMATCH)
    first, given, op = measures.explanation(check)
    assert first == (
        "serving_default/y (zeros): 3 of 4 beyond tolerance; needs tolerance 0.5; "
        "worst at [1]: 1 became 2"
    )
    assert given.startswith("given x[1] = 999")
    assert given.endswith("…")
    assert len(given) < 220
    assert op == (
        "First op at which they part: net/MatMul (MatMul); "
        "largest absolute difference ∞; traced from serving_default/y"
    )


def test_inputs_name_each_signature_once() -> None:
    """Regimes are grouped by signature in the order given; user files have no signature."""
    assert measures.inputs_sentence(["a: zeros", "b: x: 1", "a: ones"]) == (
        "a: zeros · ones; b: x: 1"
    )
    assert measures.inputs_sentence(["normal", "zeros"]) == "normal · zeros"


# -- cost -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (31_420, "31.4 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (1_073_741_824, "1.07 GB"),
        (5 * 10**15, "5e+03 TB"),
    ],
)
def test_size(count: int, words: str) -> None:
    """Three digits and the unit that keeps the number below a thousand."""
    assert size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.000213, "0.213 ms"),
        (0.5, "500 ms"),
        (1.2345, "1,234 ms"),
        (0.0, "0 ms"),
        (math.inf, "∞ ms"),
        (math.nan, "NaN ms"),
    ],
)
def test_duration(seconds: float, words: str) -> None:
    """Milliseconds with three digits, whole ones above a second."""
    assert duration(seconds) == words


def test_ratio_of_nothing_is_none() -> None:
    """An empty before side, or one without a time, gives no factor instead of a division."""
    assert growth(Cost(0, 10)) is None
    assert ratio(None) == ratio(math.inf) == ratio(math.nan) == "–"
    assert [ratio(f) for f in (0.5, 1.0, 12.345, 250.0)] == ["×0.50", "×1.00", "×12.35", "×250"]
    before = Latency("before", "v1", "s", "normal", 0.0, 0.0, 1)
    after = replace(before, side="after", median=1.0)
    assert [timing.factor for timing in timings(Cost(1, 1, (before, after)))] == [None, None]


def test_baseline_is_the_same_loader_signature_and_inputs() -> None:
    """After is held against before through the same loader, else through the one that there is."""

    def latency(side: str, loader: str, signature: str, median: float) -> Latency:
        return Latency(side, loader, signature, "normal", median, median, 9)

    cost = Cost(1, 1, (
        latency("before", "v1", "a", 1.0), latency("before", "v2", "a", 4.0),
        latency("before", "v1", "b", 8.0),
        latency("after", "v1", "a", 2.0), latency("after", "v2", "a", 2.0),
        latency("after", "v2", "b", 2.0), latency("after", "v1", "c", 2.0),
    ))  # fmt: skip
    assert [timing.factor for timing in timings(cost)][3:] == [2.0, 0.5, 0.25, None]
    assert cost_sentence(cost) == (
        "1 B → 1 B on disk (×1.00); "
        "median latency of a 1,000 ms v1, 4,000 ms v2 → 2,000 ms v1 (×2.00), 2,000 ms v2 (×0.50); "
        "median latency of b 8,000 ms v1 → 2,000 ms v2 (×0.25); "
        "median latency of c – → 2,000 ms v1"
    )


# -- drawings -------------------------------------------------------------------------------


def test_a_drawing_can_be_read_without_seeing_it() -> None:
    """It has a title, a description with the counts, and a table of them."""
    drawn = charts.histogram(
        (5, 0, 2, *EMPTY[3:]), ("within",) * 12, (1e-5, 1e-5), "h", "Errors of <y>"
    )
    assert 'role="img"' in drawn
    assert '<title id="h-t">Errors of &lt;y&gt;</title>' in drawn
    assert '<desc id="h-d">5 equal, 2 ≤ 1e-8</desc>' in drawn
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td></tr>', drawn)
    assert rows == [("equal", "5"), ("≤ 1e-8", "2")]


@pytest.mark.parametrize(
    ("tolerance", "bin_edge"),
    [((1e-9, 1e-9), 2), ((1e-5, 1e-5), 6), ((1.0, 1.0), 11), ((7.0, 7.0), 11)],
)
def test_the_tolerance_stands_at_the_end_of_its_bin(
    tolerance: tuple[float, float], bin_edge: int
) -> None:
    """The line that is drawn separates the bins within the tolerance from those beyond it."""
    drawn = charts.histogram((1,) * 12, ("within",) * 12, tolerance, "h", "t")
    (x,) = re.findall(r'class="h-tol" x1="([\d.]+)"', drawn)
    assert float(x) == pytest.approx(30 * bin_edge, abs=0.1)
    within = measures.bands(delta(tolerance=tolerance)).count("within")
    assert within == bin_edge


@pytest.mark.parametrize("tolerance", [None, (1e-5, 1e-3), (0.0, 0.0), (math.nan, math.nan)])
def test_no_line_for_what_is_not_one_tolerance(tolerance: tuple[float, float] | None) -> None:
    """Where atol and rtol differ, one line would be wrong for some elements."""
    assert "h-tol" not in charts.histogram((1,) * 12, ("within",) * 12, tolerance, "h", "t")


def test_bars_stay_inside_the_drawing() -> None:
    """Counts beyond any model keep their bars and labels within the view box."""
    drawn = charts.histogram((10**15, 1, *EMPTY[2:]), ("beyond",) * 12, None, "h", "t")
    for y, height in re.findall(r'<rect class="h-out" x="\d+" y="(\d+)".*?height="(\d+)"', drawn):
        assert 20 <= int(y) <= 98
        assert int(y) + int(height) == 98
    assert ">1000T<" in drawn
