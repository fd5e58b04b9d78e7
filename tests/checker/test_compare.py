"""One value against another: nothing that differs is close, and nothing that is close differs."""

from __future__ import annotations

import json
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from checker.harness import INF, NAN, tensor  # noqa: E402

from migrator.checker.arrays import Tensor  # noqa: E402
from migrator.checker.compare import TOLERANCES, Tolerance, compare, finite, worse  # noqa: E402
from migrator.checker.tolerances import Tolerances  # noqa: E402
from migrator.results import (  # noqa: E402
    HISTOGRAM_EDGES,
    DeltaStatus,
    OutputDelta,
    from_json,
    to_json,
)

EQUAL = [
    ("float32", [1.0, -2.0], [1.0, -2.0]),
    ("float32", [NAN, INF, -INF], [NAN, INF, -INF]),
    ("float32", [0.0], [-0.0]),
    ("float16", [NAN, 1.0], [NAN, 1.0]),
    ("bfloat16", [1.0], [1.0]),
    ("complex64", [complex(NAN, 1), complex(INF, -INF)], [complex(NAN, 1), complex(INF, -INF)]),
    ("int64", [2**62 + 1, -(2**63)], [2**62 + 1, -(2**63)]),
    ("uint64", [2**64 - 1], [2**64 - 1]),
    ("bool", [True, False], [True, False]),
    ("string", [b"a\0", b"", b"\xff"], [b"a\0", b"", b"\xff"]),
    ("float64", 3.5, 3.5),
    ("string", b"scalar", b"scalar"),
]


@pytest.mark.parametrize(("dtype", "one", "two"), EQUAL)
def test_equal_values_are_equal(dtype: str, one: Any, two: Any) -> None:
    """NaN and the infinities equal themselves, and every element is counted."""
    delta = compare("y", tensor(one, dtype), tensor(two, dtype))
    assert delta.status is DeltaStatus.EQUAL
    assert delta.compared == np.size(one)
    assert not delta.max_abs
    assert delta.worst_index is None


CLOSE = [
    ("float32", [1.0], [1.0 + 1.9e-5]),
    ("float32", [0.0], [1e-5 * 0.999]),
    ("float32", [1e6], [1e6 + 9]),
    ("float64", [1.0], [1.0 + 1.9e-12]),
    ("float16", [1.0], [1.0 + 2**-7]),
    ("bfloat16", [1.0], [1.0 + 2**-5]),
    ("complex64", [1 + 1j], [1 + 1.00001j]),
    ("complex128", [1 + 1j], [1 + 1.000000000001j]),
    ("float8_e5m2", [1.0, 2.0**-16], [1.25, 0.0]),
    ("float8_e4m3fn", [8.0, 2.0**-9], [9.0, 2.0**-8]),
]


@pytest.mark.parametrize(("dtype", "one", "two"), CLOSE)
def test_values_within_tolerance_are_close(dtype: str, one: Any, two: Any) -> None:
    """Each float dtype has its own tolerance; what is used of it is said."""
    delta = compare("y", tensor(one, dtype), tensor(two, dtype))
    assert delta.status is DeltaStatus.CLOSE
    assert (delta.max_abs or 0) > 0
    assert (delta.required or 0) > 0
    assert delta.worst_index is not None


DIFFERENT = [
    ("float32", [1.0], [1.0 + 2.1e-5]),
    ("float32", [0.0], [1.1e-5]),
    ("float32", [1.0], [1.001]),
    ("float32", [1.0, NAN], [1.0, 2.0]),
    ("float32", [1.0, 2.0], [1.0, NAN]),
    ("float32", [INF], [-INF]),
    ("float32", [INF], [NAN]),
    ("float32", [INF], [3.4e38]),
    ("float32", [3.4e38], [INF]),
    ("float32", [NAN], [INF]),
    ("float64", [1.0], [1.0 + 1e-11]),
    ("float64", [1e-3], [float(np.float32(1e-3))]),
    ("float16", [1.0], [1.0 + 2**-6]),
    ("bfloat16", [1.0], [1.0 + 2**-4]),
    ("float8_e5m2", [1.0], [1.5]),
    ("float8_e5m2", [2.0**-16], [-(2.0**-16)]),
    ("float8_e4m3fn", [8.0], [10.0]),
    ("float_of_tomorrow", [1.0], [1.0 + 2**-20]),
    ("complex128", [1 + 1j], [1 + 1.00000000001j]),
    ("qint8", [3], [4]),
    ("quint8", [0], [255]),
    ("int4", [7], [-8]),
    ("complex64", [1 + 1j], [1 - 1j]),
    ("complex64", [complex(1, NAN)], [complex(NAN, 1)]),
    ("int64", [2**62 + 1], [2**62]),
    ("int64", [2**63 - 1], [-(2**63)]),
    ("uint64", [0], [2**64 - 1]),
    ("int8", [127], [-128]),
    ("bool", [True, False], [True, True]),
    ("string", [b"a"], [b"b"]),
    ("string", [b"a"], [b"a\0"]),
    ("string", [b"a"], [b"a "]),
    ("string", [b"a", b"b"], [b"b", b"a"]),
]


@pytest.mark.parametrize(("dtype", "one", "two"), DIFFERENT)
def test_different_values_differ(dtype: str, one: Any, two: Any) -> None:
    """Beyond tolerance, not finite on one side only, or not exactly the same integer or bytes."""
    delta = compare("y", tensor(one, dtype), tensor(two, dtype))
    assert delta.status is DeltaStatus.DIFFERS
    assert delta.worst_index is not None
    assert delta.worst_before != delta.worst_after
    assert delta.note
    from_json(OutputDelta, json.loads(json.dumps(to_json(delta), allow_nan=False)))


@pytest.mark.parametrize(
    ("one", "two"), [(1.0, NAN), (1.0, INF), (NAN, 1.0), (INF, 1.0), (INF, -INF), (NAN, INF)]
)
def test_what_is_finite_on_one_side_only_is_infinitely_far(one: float, two: float) -> None:
    """Whichever side it is, no tolerance passes it and the figures are infinite, not NaN."""
    delta = compare("y", tensor([one]), tensor([two]), atol=INF, rtol=INF)
    assert delta.status is DeltaStatus.DIFFERS
    assert (delta.max_abs, delta.required) == (INF, INF)


def test_no_tolerance_makes_a_nan_close() -> None:
    """An infinite tolerance lets every finite pair pass and no pair with NaN on one side."""
    one, two = tensor([1.0, NAN, INF]), tensor([2.0, 1.0, INF])
    delta = compare("y", one, two, atol=INF, rtol=INF)
    assert delta.status is DeltaStatus.DIFFERS
    assert delta.worst_index == (1,)
    assert delta.required == INF


@pytest.mark.parametrize(
    ("one", "two", "status", "note"),
    [
        (tensor([1.0]), tensor([1.0], "float64"), DeltaStatus.DTYPE, "float32 became float64"),
        (tensor([1], "int64"), tensor([1.0]), DeltaStatus.DTYPE, "int64 became float32"),
        (tensor([1], "int64"), tensor([1], "int32"), DeltaStatus.DTYPE, "int64 became int32"),
        (tensor([1.0]), tensor([1.0], "bfloat16"), DeltaStatus.DTYPE, "float32 became bfloat16"),
        (tensor([b"1"], "string"), tensor([1], "int64"), DeltaStatus.DTYPE, "string became int64"),
        (tensor([1.0]), tensor([[1.0]]), DeltaStatus.SHAPE, "[1] became [1, 1]"),
        (tensor([1.0]), tensor(1.0), DeltaStatus.SHAPE, "[1] became []"),
        (tensor([1.0, 1.0]), tensor([1.0]), DeltaStatus.SHAPE, "[2] became [1]"),
        (tensor([1.0]), tensor([]), DeltaStatus.SHAPE, "[1] became [0]"),
        (tensor([]), tensor([1.0]), DeltaStatus.SHAPE, "[0] became [1]"),
        (tensor([]), tensor([], "float64"), DeltaStatus.DTYPE, "float32 became float64"),
    ],
)
def test_dtype_and_shape_come_before_values(
    one: Tensor, two: Tensor, status: DeltaStatus, note: str
) -> None:
    """Nothing is broadcast or converted to make two values comparable."""
    delta = compare("y", one, two)
    assert (delta.status, delta.note, delta.compared) == (status, note, 0)


def test_empty_values_count_nothing() -> None:
    """Two empty tensors are equal, and say that no element was compared."""
    delta = compare("y", tensor(np.zeros([0, 3])), tensor(np.zeros([0, 3])))
    assert (delta.status, delta.compared, delta.max_abs) == (DeltaStatus.EQUAL, 0, None)


def test_figures_of_a_known_difference() -> None:
    """The figures are those that one computes by hand."""
    one = tensor([[1.0, 2.0, 3.0], [4.0, 0.0, -8.0]], "float64")
    two = tensor([[1.0, 2.5, 3.0], [4.0, 0.25, -8.0]], "float64")
    delta = compare("y", one, two)
    assert delta.max_abs == 0.5
    assert delta.max_rel == 0.25
    assert delta.mean_abs == pytest.approx(0.75 / 6)
    assert delta.required == 0.25
    assert delta.worst_index == (1, 1)
    assert delta.compared == 6
    assert delta.note == "2 of 6 beyond tolerance"
    assert delta.argmax == 1.0
    assert delta.tolerance == (1e-12, 1e-12)
    assert (delta.worst_before, delta.worst_after) == ("0.0", "0.25")
    assert delta.histogram == (4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0)


@pytest.mark.parametrize("factor", [1.0, 0.999])
def test_the_required_tolerance_is_the_smallest_that_passes(factor: float) -> None:
    """Used as atol and rtol it passes; a little less does not."""
    rng = np.random.RandomState(0)
    one = tensor(rng.randn(50, 4) * 10, "float64")
    two = Tensor("float64", one.array + rng.randn(50, 4) * 1e-3)
    required = compare("y", one, two).required
    assert required is not None
    limit = required * (1 + 1e-12) * factor
    passed = compare("y", one, two, atol=limit, rtol=limit).status is DeltaStatus.CLOSE
    assert passed is (factor == 1.0)


def test_the_tolerance_is_relative_to_the_before_side() -> None:
    """The side to agree with sets the scale: a value that blew up does not widen its own limit."""
    small, large = tensor([1.0]), tensor([1e6])
    limits: dict[str, Any] = {"atol": 0.0, "rtol": 1.0}
    assert compare("y", large, small, **limits).status is DeltaStatus.CLOSE
    assert compare("y", small, large, **limits).status is DeltaStatus.DIFFERS


def test_large_values_are_compared_in_pieces_without_a_gap() -> None:
    """A difference in the last element of a tensor larger than one piece is found."""
    one = np.zeros(2 * (1 << 18) + 3, np.float32)
    two = one.copy()
    two[-1] = 1.0
    delta = compare("y", Tensor("float32", one), Tensor("float32", two))
    assert delta.status is DeltaStatus.DIFFERS
    assert delta.worst_index == (one.size - 1,)
    assert delta.compared == one.size
    assert delta.mean_abs == pytest.approx(1 / one.size)


def test_argmax_agreement_counts_rows() -> None:
    """Rows of a classifier whose answer changed are counted, however small the difference."""
    one = tensor([[0.5, 0.4], [0.3, 0.2], [0.1, 0.9], [0.2, 0.1]])
    two = tensor([[0.4, 0.5], [0.3, 0.2], [0.1, 0.9], [0.2, 0.1]])
    assert compare("y", one, two).argmax == 0.75
    assert compare("y", tensor([1.0, 2.0]), tensor([1.0, 2.0])).argmax is None


def test_the_largest_gap_of_integers_is_exact() -> None:
    """The gap of two 64-bit integers does not overflow or round away."""
    delta = compare("n", tensor([5, 2**62 + 1], "int64"), tensor([5, 2**62], "int64"))
    assert delta.max_abs == 1.0
    assert delta.worst_index == (1,)
    delta = compare("n", tensor([-(2**63)], "int64"), tensor([2**63 - 1], "int64"))
    assert delta.max_abs == float(2**64 - 1)


def test_the_worse_delta_wins() -> None:
    """Of two loaders' results the one that counts against a match is kept, whichever is first."""
    close = OutputDelta("y", DeltaStatus.CLOSE, required=1e-7)
    closer = OutputDelta("y", DeltaStatus.CLOSE, required=1e-9)
    lost = OutputDelta("y", DeltaStatus.MISSING)
    assert worse(close, lost) is worse(lost, close) is lost
    assert worse(closer, close) is worse(close, closer) is close


def test_finite() -> None:
    """Integers, bools and strings are always finite."""
    assert finite(tensor([1, 2], "int64"))
    assert finite(tensor([b"nan"], "string"))
    assert not finite(tensor([1.0, NAN]))
    assert not finite(tensor([complex(0, INF)], "complex64"))


HISTOGRAMS = [
    ("float32", [1.0, NAN, INF], [1.0, NAN, INF], {0: 3}),
    ("float64", [0.0] * 11, [0.0, *HISTOGRAM_EDGES[1:]], dict.fromkeys(range(11), 1)),
    ("float64", [0.0] * 3, [1.5, NAN, INF], {11: 3}),
    ("float64", [9.0], [9.0 + 1e-2], {7: 1}),
    # of the two parts of a complex number, the worse one counts
    ("complex128", [0j, 0j, 0j], [0j, 0.05 + 0.5j, complex(0, NAN)], {0: 1, 10: 1, 11: 1}),
]


@pytest.mark.parametrize(("dtype", "one", "two", "bins"), HISTOGRAMS)
def test_the_histogram_counts_every_element_once(
    dtype: str, one: Any, two: Any, bins: dict[int, int]
) -> None:
    """A bin holds the elements that need its upper edge as tolerance, the last one the rest."""
    delta = compare("y", tensor(one, dtype), tensor(two, dtype))
    assert len(delta.histogram) == len(HISTOGRAM_EDGES) + 1
    assert dict(enumerate(delta.histogram)) == {i: bins.get(i, 0) for i in range(12)}
    assert sum(delta.histogram) == delta.compared


def test_the_histogram_of_pieces_adds_up() -> None:
    """Equal pieces and pieces that differ are counted alike."""
    one = np.zeros((3 << 18) + 5, np.float32)
    two = one.copy()
    two[[0, -1]] = 1e-3
    delta = compare("y", Tensor("float32", one), Tensor("float32", two))
    assert delta.histogram[0] == one.size - 2
    assert sum(delta.histogram) == delta.compared == one.size


def test_exact_values_have_neither_tolerance_nor_histogram() -> None:
    """What compares exactly says so."""
    for dtype, value in (("int64", [1]), ("bool", [True]), ("string", [b"a"]), ("qint8", [1])):
        delta = compare("y", tensor(value, dtype), tensor(value, dtype))
        assert (delta.tolerance, delta.histogram) == (None, ())


@pytest.mark.parametrize(
    ("dtype", "one", "two", "texts"),
    [
        ("float32", [0.1], [0.2], ("0.1", "0.2")),
        ("float64", [0.1], [0.1 + 1e-9], ("0.1", "0.100000001")),
        ("int64", [2**62 + 1], [2**62], (str(2**62 + 1), str(2**62))),
        ("bool", [True], [False], ("True", "False")),
        ("string", [b"a\0"], [b"a"], ("b'a\\x00'", "b'a'")),
        ("float32", 1.0, NAN, ("1.0", "nan")),
    ],
)
def test_the_worst_values_are_shown(dtype: str, one: Any, two: Any, texts: Any) -> None:
    """They are spelled with the digits that tell them apart."""
    delta = compare("y", tensor(one, dtype), tensor(two, dtype))
    assert (delta.worst_before, delta.worst_after) == texts


def test_a_long_string_is_shortened() -> None:
    """A serialized message does not fill the report."""
    delta = compare("y", tensor([b"a" * 10_000], "string"), tensor([b"b"], "string"))
    assert len(delta.worst_before) < 60
    assert len(delta.note) < 200


@pytest.mark.parametrize(
    ("dtype", "one", "two", "limits", "status"),
    [
        ("float32", [1.0], [1.1], (0.2, 0.0), DeltaStatus.CLOSE),
        ("float32", [1.0], [1.1], (0.0, 0.05), DeltaStatus.DIFFERS),
        ("float16", [1.0], [1.0 + 2**-9], (0.0, 1e-4), DeltaStatus.DIFFERS),
        ("uint8", [10, 20], [11, 20], (1, 0), DeltaStatus.CLOSE),
        ("uint8", [10, 20], [12, 20], (1, 0), DeltaStatus.DIFFERS),
        ("qint8", [-128], [-127], (1, 0), DeltaStatus.CLOSE),
        ("int64", [2**62 + 1], [2**62], (0.5, 0), DeltaStatus.DIFFERS),
        ("int64", [2**62 + 1], [2**62], (1, 0), DeltaStatus.CLOSE),
        ("int64", [5], [5], (1, 0), DeltaStatus.EQUAL),
    ],
)
def test_a_tolerance_of_its_own_decides(
    dtype: str, one: Any, two: Any, limits: Any, status: DeltaStatus
) -> None:
    """It replaces the dtype's, tighter or looser, and lets integers be apart that say so."""
    tolerance = Tolerance(*limits)
    delta = compare(
        "y", tensor(one, dtype), tensor(two, dtype), atol=9.0, rtol=9.0, tolerance=tolerance
    )
    assert delta.status is status
    assert delta.tolerance == limits
    assert sum(delta.histogram) == delta.compared == len(one)


def test_the_required_tolerance_of_integers_passes() -> None:
    """What is said to be required is what has to be asked for."""
    one, two = tensor([100, 0], "int32"), tensor([110, 1], "int32")
    delta = compare("y", one, two, tolerance=Tolerance(0.0, 0.0))
    assert delta.status is DeltaStatus.DIFFERS
    assert delta.required == 1.0
    assert compare("y", one, two, tolerance=Tolerance(1.0, 1.0)).status is DeltaStatus.CLOSE


def test_every_default_lets_neighbours_pass_and_nothing_gross() -> None:
    """Two values one step apart are close in every dtype; a tenth more, or half, is not."""
    steps = {"float32": 2**-23, "float64": 2**-52, "float16": 2**-10, "bfloat16": 2**-7}
    for dtype, step in steps.items():
        one = tensor([1.0, 100.0, -3.0], dtype)
        assert compare("y", one, Tensor(dtype, one.array * (1 + step))).status in (
            DeltaStatus.CLOSE,
            DeltaStatus.EQUAL,
        )
        assert compare("y", one, Tensor(dtype, one.array * 1.1)).status is DeltaStatus.DIFFERS
    assert set(steps) < set(TOLERANCES)


# --- which tolerance is meant -----------------------------------------------------------

OUTPUT = ["serving_default/scores", "scores"]
KNOWN = [
    (OUTPUT, "float32"),
    (["serving_default/label", "label"], "int64"),
    (["serving_default/word", "word"], "string"),
    (["net/w", "model/w"], "float32"),
]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({}, None),
        ({"scores": (1, 2)}, (1, 2)),
        ({"serving_default/scores": (1, 2)}, (1, 2)),
        ({"scores": (3, 4), "serving_default/scores": (1, 2)}, (1, 2)),
        ({"serving_default/*": (1, 2)}, (1, 2)),
        ({"*": (3, 4), "s*s": (1, 2)}, (1, 2)),
        ({"scores": (1, 2), "*": (3, 4)}, (1, 2)),
        ({"other/scores": (1, 2)}, None),
        ({"score": (1, 2)}, None),
        ({"s.*": (1, 2)}, None),
        ({"[s]cores": (1, 2)}, None),
    ],
)
def test_which_tolerance_an_output_gets(named: Any, expected: Any) -> None:
    """The whole name first, then the output's, then patterns, of which a later one counts."""
    found = Tolerances(named=named).named(OUTPUT)
    assert (None if found is None else (found.atol, found.rtol)) == expected


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({}, None),
        ({"scores": (1e-3, 1e-3), "label": (1, 0), "model/w": (0, 0)}, None),
        ({"serving_default/*": (1e-3, 0)}, None),
        ({"score": (1e-3, 0)}, "no output and no variable score, only net/w, serving_default/"),
        ({"predict/*": (1e-3, 0)}, "no output and no variable predict/*"),
        ({"word": (1, 0)}, "word is string, which compares exactly"),
        ({"scores": (-1, 0)}, "scores is given (-1, 0): a tolerance is atol and rtol, 0 or more"),
        ({"scores": (NAN, 0)}, "0 or more"),
        ({"scores": 0.1}, "scores is given 0.1: a tolerance is atol and rtol"),
        ({"scores": (1, 2, 3)}, "scores is given (1, 2, 3): a tolerance is"),
        ({"scores": "ab"}, "scores is given 'ab': a tolerance is"),
        ({"scores": (INF, 0)}, "infinite tolerance, with which anything passes"),
    ],
)
def test_tolerances_that_do_not_fit_are_refused(named: Any, reason: str | None) -> None:
    """A misspelled name would leave the default in place without a word."""
    found = Tolerances(named=named).refused(KNOWN)
    assert (found is None) is (reason is None)
    assert reason is None or reason in str(found)
