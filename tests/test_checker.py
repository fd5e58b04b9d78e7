"""The checker: no two models match that differ, and none differ that match."""

from __future__ import annotations

import importlib
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from migrator.checker import CannotOpen, check
from migrator.results import (
    CheckStatus,
    DeltaStatus,
    ModelCheck,
    OutputDelta,
    Verdict,
    from_json,
    to_json,
)

np = pytest.importorskip("numpy")

from migrator.checker import process  # noqa: E402
from migrator.checker.arrays import Archive, Tensor, write_given  # noqa: E402
from migrator.checker.compare import compare, finite, worse  # noqa: E402
from migrator.checker.contract import BAD, compare_contracts  # noqa: E402
from migrator.checker.sides import Kind, find_side  # noqa: E402
from migrator.checker.variables import match_variables  # noqa: E402
from migrator.checker.verdict import judge_checkpoints, judge_saved_models  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STORED = HERE / "data_checker"
NAN, INF = math.nan, math.inf


def tensor(values: Any, dtype: str = "float32") -> Tensor:
    """Return a tensor; of bytes when ``dtype`` is string, of float32 for bfloat16."""
    if dtype == "string":
        source = np.asarray(values, dtype=object)
        return Tensor(dtype, source)
    return Tensor(dtype, np.asarray(values, "float32" if dtype == "bfloat16" else dtype))


# --- one value against another ----------------------------------------------------------

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
    ("float64", [1.0], [1.0 + 1.9e-9]),
    ("float16", [1.0], [1.0 + 2**-10]),
    ("bfloat16", [1.0], [1.0 + 2**-7]),
    ("complex64", [1 + 1j], [1 + 1.00001j]),
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
    ("float64", [1.0], [1.0 + 1e-8]),
    ("float16", [1.0], [1.0 + 2**-8]),
    ("bfloat16", [1.0], [1.0 + 2**-5]),
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


# --- arrays on their way to a worker ----------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        [1, 2],
        np.float16(2),
        True,
        np.zeros([0, 3]),
        b"x\0",
        "word",
        ["a", b"b\0"],
        np.array([["a"], ["é"]]),
        2**62 + 1,
        1j,
    ],
)
def test_given_inputs_reach_the_worker_unchanged(tmp_path: Path, value: Any) -> None:
    """What the user gives is stored without pickle and read back by the worker's code."""
    from checker_models import load_worker

    worker = load_worker(str(ROOT / "migrator" / "worker"))
    request = {"given": write_given({"x": value, "key": {"y": value}}, tmp_path)}
    given = worker.read_given(json.loads(json.dumps(request)))
    for back in (given["shared"]["x"], given["signatures"]["key"]["y"]):
        expected = np.asarray(value, dtype=object if back.dtype == object else None)
        assert back.shape == expected.shape
        items = [i.encode() if isinstance(i, str) else i for i in expected.ravel().tolist()]
        assert back.ravel().tolist() == items


@pytest.mark.parametrize("value", [{1, 2}, [object()], [None], np.array(["2020"], "M8[Y]")])
def test_what_cannot_be_fed_is_refused(tmp_path: Path, value: Any) -> None:
    """An object that is no number, string or bytes raises before a process starts."""
    with pytest.raises(TypeError, match="fed"):
        write_given({"x": value}, tmp_path)


def test_an_archive_never_unpickles(tmp_path: Path) -> None:
    """A worker that answers with a pickled object gets a ValueError, not its code run."""
    np.savez(tmp_path / "a.npz", a0=np.array([{"a": 1}], dtype=object))
    with (
        Archive(tmp_path / "a.npz") as archive,
        pytest.raises(ValueError, match="allow_pickle=False"),
    ):
        archive.tensor({"key": "a0", "dtype": "float32", "shape": [1]})


# --- the contract -----------------------------------------------------------------------


def described(**change: Any) -> dict[str, Any]:
    """Return a description of a SavedModel as a worker makes it."""
    signature = {
        "method_name": "tensorflow/serving/predict",
        "inputs": {"x": {"dtype": "float32", "shape": [None, 4], "tensor": "x:0"}},
        "outputs": {"y": {"dtype": "float32", "shape": [None, 3], "tensor": "y:0"}},
    }
    base: dict[str, Any] = {
        "tags": ["serve"],
        "tag_sets": [["serve"]],
        "signatures": {"serving_default": signature},
        "assets": {"words.txt": "aa"},
        "variables": [],
        "views": ["v2", "v1"],
        "load_errors": {},
    }
    return {**base, **change}


def with_signature(**change: Any) -> dict[str, Any]:
    """Return a description whose only signature is changed."""
    base = described()["signatures"]["serving_default"]
    return described(signatures={"serving_default": {**base, **change}})


def info(dtype: str = "float32", shape: Any = (None, 4)) -> dict[str, Any]:
    """Return a TensorInfo as a worker describes it."""
    return {"dtype": dtype, "shape": None if shape is None else list(shape), "tensor": "t:0"}


KEY = "serving_default"
CONTRACT_FAULTS = [
    (described(signatures={}), f"signatures/{KEY}", "missing"),
    (described(tags=["gpu"], tag_sets=[["gpu"]]), "tags", "changed"),
    (described(tag_sets=[["serve"], ["train"]]), "meta graphs/train", "extra"),
    (with_signature(method_name="tensorflow/serving/classify"), f"{KEY}/method_name", "changed"),
    (with_signature(inputs={}), f"{KEY}/inputs/x", "missing"),
    (with_signature(inputs={"x": info(), "z": info()}), f"{KEY}/inputs/z", "extra"),
    (with_signature(inputs={"x": info("float64")}), f"{KEY}/inputs/x/dtype", "changed"),
    (with_signature(inputs={"x": info(shape=[3, 4])}), f"{KEY}/inputs/x/shape", "changed"),
    (with_signature(inputs={"x": info(shape=[None, 5])}), f"{KEY}/inputs/x/shape", "changed"),
    (with_signature(inputs={"x": info(shape=[None])}), f"{KEY}/inputs/x/shape", "changed"),
    (with_signature(inputs={"x": info(shape=None)}), f"{KEY}/inputs/x/shape", "changed"),
    (with_signature(outputs={}), f"{KEY}/outputs/y", "missing"),
    (
        with_signature(outputs={"y": info(shape=[None, 3]), "z": info()}),
        f"{KEY}/outputs/z",
        "extra",
    ),
    (
        with_signature(outputs={"y": info("float64", [None, 3])}),
        f"{KEY}/outputs/y/dtype",
        "changed",
    ),
    (with_signature(outputs={"y": info("int64", [None, 3])}), f"{KEY}/outputs/y/dtype", "changed"),
    (with_signature(outputs={"y": info(shape=[None, 2])}), f"{KEY}/outputs/y/shape", "changed"),
    (with_signature(outputs={"y": info(shape=[None])}), f"{KEY}/outputs/y/shape", "changed"),
    (described(assets={}), "assets/words.txt", "missing"),
    (described(assets={"words.txt": "bb"}), "assets/words.txt", "changed"),
    (described(assets={"words.txt": ""}), "assets/words.txt", "missing"),
    (described(assets={"other.txt": "aa"}), "assets/words.txt", "missing"),
]


@pytest.mark.parametrize(("after", "name", "status"), CONTRACT_FAULTS)
def test_a_change_of_the_contract_decides(after: dict[str, Any], name: str, status: str) -> None:
    """Each single change is named once, with a status that decides."""
    found = [delta for delta in compare_contracts(described(), after) if delta.status in BAD]
    assert [(delta.name, str(delta.status)) for delta in found] == [(name, status)]


CONTRACT_NOTES = [
    (described(), described(renamed={KEY: {"x": "x_"}}), f"{KEY}/inputs/x/argument"),
    (
        described(),
        with_signature(outputs={"y": info(shape=[None, None])}),
        f"{KEY}/outputs/y/shape",
    ),
    (described(), with_signature(outputs={"y": info(shape=None)}), f"{KEY}/outputs/y/shape"),
    (described(), described(assets={"words.txt": "aa", "more.txt": "b"}), "assets/more.txt"),
    (with_signature(method_name=""), described(), f"{KEY}/method_name"),
]


@pytest.mark.parametrize(("before", "after", "name"), CONTRACT_NOTES)
def test_what_tensorflow_2_imposes_informs(
    before: dict[str, Any], after: dict[str, Any], name: str
) -> None:
    """A difference that no client can see is said and does not decide."""
    found = compare_contracts(before, after)
    assert not [delta for delta in found if delta.status in BAD]
    assert [delta.name for delta in found if delta.status is CheckStatus.NOTE] == [name]


def test_equal_contracts_list_what_was_looked_at() -> None:
    """An equal contract shows its facts, so that a reader sees what the verdict rests on."""
    found = compare_contracts(described(), described())
    assert {delta.status for delta in found} == {CheckStatus.SAME}
    names = {delta.name for delta in found}
    assert {"tags", f"{KEY}/inputs/x/dtype", f"{KEY}/outputs/y/shape", "assets/words.txt"} <= names


def test_naming_the_meta_graph_turns_tags_into_a_note() -> None:
    """TensorFlow 2 writes the tag ``serve`` only: the user says that one meta graph is meant."""
    before = described(tags=["gpu", "serve"], tag_sets=[["gpu", "serve"], ["train"]])
    assert {d.name for d in compare_contracts(before, described()) if d.status in BAD} == {
        "tags",
        "meta graphs/train",
    }
    chosen = compare_contracts(before, described(), tags_chosen=True)
    assert not [delta for delta in chosen if delta.status in BAD]


# --- which variable is which ------------------------------------------------------------


def entry(*names: str, shape: tuple[int, ...] = (2,), **more: Any) -> dict[str, Any]:
    """Return a variable as a worker lists it."""
    array = {"key": more.pop("key", names[0]), "dtype": "float32", "shape": list(shape)}
    base = {"key": names[0], "names": list(names), "array": array}
    return {**base, "bookkeeping": False, "reachable": None, **more}


def matched(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Any:
    """Return pairs of first names, and what is missing and extra."""
    found = match_variables(before, after)
    return (
        [(old["names"][0], new["names"][0]) for old, new in found.pairs],
        [old["names"][0] for old in found.missing],
        [new["names"][0] for new in found.extra],
    )


MATCHINGS = [
    # name-based on both sides
    ([entry("w"), entry("b")], [entry("b"), entry("w")], ([("w", "w"), ("b", "b")], [], [])),
    # the key in the root's dict, before the full name
    ([entry("w")], [entry("w", "v", "variables/w")], ([("w", "w")], [], [])),
    # the full name, when the path is another
    ([entry("net/w")], [entry("net/w", "model/w")], ([("net/w", "net/w")], [], [])),
    # an exponential moving average saved under another variable's name
    (
        [entry("w"), entry("w/EMA")],
        [entry("w", "w_raw"), entry("w/EMA", "w")],
        ([("w", "w"), ("w/EMA", "w/EMA")], [], []),
    ),
    # full names that two objects share name neither; their paths do
    (
        [entry("kernel", "a/kernel"), entry("kernel", "b/kernel")],
        [entry("kernel", "b/kernel"), entry("kernel", "a/kernel")],
        ([("kernel", "kernel"), ("kernel", "kernel")], [], []),
    ),
    (
        [entry("kernel"), entry("bias")],
        [entry("kernel", "a")],
        ([("kernel", "kernel")], ["bias"], []),
    ),
    ([entry("w")], [entry("v"), entry("v")], ([], ["w"], ["v", "v"])),
    # bookkeeping that only one side has is no variable of the model
    ([entry("w")], [entry("w"), entry("save_counter", bookkeeping=True)], ([("w", "w")], [], [])),
    # … unless the other side has a variable of that name
    (
        [entry("save_counter")],
        [entry("save_counter", bookkeeping=True)],
        ([("save_counter", "save_counter")], [], []),
    ),
    (
        [entry("save_counter", bookkeeping=True), entry("w")],
        [entry("save_counter", bookkeeping=True), entry("w")],
        ([("w", "w")], [], []),
    ),
    ([], [entry("w")], ([], [], ["w"])),
]


@pytest.mark.parametrize(("before", "after", "expected"), MATCHINGS)
def test_variables_are_matched_by_name(before: Any, after: Any, expected: Any) -> None:
    """Name-based and object-based entries meet under the name that both have."""
    assert matched(before, after) == expected


def test_entries_that_share_a_full_name_meet_by_path() -> None:
    """Two variables called ``kernel`` are not exchanged."""
    before = [entry("kernel", "a/kernel", key="1"), entry("kernel", "b/kernel", key="2")]
    after = [entry("kernel", "b/kernel", key="2"), entry("kernel", "a/kernel", key="1")]
    found = match_variables(before, after)
    assert [(o["names"][1], n["names"][1]) for o, n in found.pairs] == [
        ("a/kernel", "a/kernel"),
        ("b/kernel", "b/kernel"),
    ]


@pytest.mark.parametrize(
    ("shapes", "joined"),
    [
        ([(2, 3), (2, 3)], True),
        ([(1, 3), (3, 3)], True),
        ([(4, 1), (4, 2)], True),
        ([(2, 3), (1, 3)], False),
        ([(2, 3), (2, 2)], False),
        ([(2,), (2,)], False),
    ],
)
def test_partitions_make_up_a_variable_only_if_they_fit(shapes: Any, joined: bool) -> None:
    """``w/part_0`` and ``w/part_1`` stand for ``w`` where their shapes add up along one axis."""
    after = [entry(f"w/part_{i}", shape=shape) for i, shape in enumerate(shapes)]
    found = match_variables([entry("w", shape=(4, 3))], after)
    assert bool(found.parts) is joined
    assert bool(found.missing) is not joined


def test_a_lost_partition_is_a_lost_variable() -> None:
    """Parts 0 and 2 do not make up a variable, whatever their shapes."""
    after = [entry("w/part_0", shape=(2, 3)), entry("w/part_2", shape=(2, 3))]
    assert not match_variables([entry("w", shape=(4, 3))], after).parts


# --- verdicts ---------------------------------------------------------------------------


class Arrays:
    """An archive that holds its tensors in memory."""

    def __init__(self, **tensors: Tensor) -> None:
        self._tensors = tensors

    def tensor(self, index: dict[str, Any]) -> Tensor:
        """Return the tensor that an index entry describes."""
        return self._tensors[index["key"]]


def ran(regime: str, view: str = "v1", *, unstable: Any = (), **outputs: str) -> dict[str, Any]:
    """Return the record of a run, with array keys by output name."""
    return {
        "view": view,
        "signature": KEY,
        "regime": regime,
        "outputs": {name: {"key": key} for name, key in outputs.items()},
        "unstable": list(unstable),
    }


def judged(
    old: Any, new: Any, *, runs_before: Any = None, runs_after: Any = None, **change: Any
) -> Any:
    """Judge two SavedModels with one output ``y``, whose values are ``old`` and ``new``."""
    before = described(runs=runs_before or [ran("normal", y="y")])
    after = described(runs=runs_after or [ran("normal", view, y="y") for view in ("v2", "v1")])
    after = {**after, **change}
    arrays: Any = (Arrays(y=old), Arrays(y=new, z=new))
    return judge_saved_models(before, after, arrays)


def test_equal_outputs_match() -> None:
    """The plain case: one signature, one output, two loaders."""
    found = judged(tensor([1.0]), tensor([1.0]))
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert [delta.status for delta in found.deltas] == [DeltaStatus.EQUAL]
    assert found.inputs == (f"{KEY}: normal",)


@pytest.mark.parametrize("view", ["v1", "v2"])
def test_both_loaders_have_to_agree(view: str) -> None:
    """A difference that only one of the loaders shows decides, and the loader is named."""
    runs = [ran("normal", v, y="z" if v == view else "y") for v in ("v2", "v1")]
    before = described(runs=[ran("normal", y="y")])
    after = described(runs=runs)
    arrays: Any = (Arrays(y=tensor([1.0])), Arrays(y=tensor([1.0]), z=tensor([2.0])))
    found = judge_saved_models(before, after, arrays)
    assert found.verdict is Verdict.MISMATCH
    (delta,) = found.deltas
    assert ("v1 loader" if view == "v1" else "tf.saved_model.load") in delta.note


@pytest.mark.parametrize("side", ["before", "after"])
def test_an_unstable_output_never_matches(side: str) -> None:
    """Equal figures of an output that changes by itself are luck."""
    unstable = {"before": ((), ()), "after": ((), ())}
    unstable[side] = (("y",), ())
    found = judged(
        tensor([1.0]),
        tensor([1.0]),
        runs_before=[ran("normal", y="y", unstable=unstable["before"][0])],
        runs_after=[ran("normal", v, y="y", unstable=unstable["after"][0]) for v in ("v2", "v1")],
    )
    assert found.verdict is Verdict.MISMATCH
    assert found.deltas[0].status is DeltaStatus.UNSTABLE
    assert side in found.deltas[0].note


def test_an_output_without_elements_is_no_comparison() -> None:
    """Empty on both sides is nothing compared: an error, not a match."""
    found = judged(tensor([]), tensor([]))
    assert found.verdict is Verdict.ERROR
    assert f"{KEY}/y has no elements" in found.error


def test_one_regime_with_elements_is_enough() -> None:
    """A detector that finds nothing in zeros and something in noise is compared on the noise."""
    before = described(runs=[ran("zeros", y="y"), ran("normal", y="z")])
    views = ("v2", "v1")
    after = described(
        runs=[ran("zeros", v, y="y") for v in views] + [ran("normal", v, y="z") for v in views]
    )
    arrays: Any = (Arrays(y=tensor([]), z=tensor([1.0])),) * 2
    assert judge_saved_models(before, after, arrays).verdict is Verdict.MATCH


def test_no_signature_is_no_comparison() -> None:
    """Two models without signatures do not match."""
    before = described(signatures={}, runs=[])
    found = judge_saved_models(before, before, (Arrays(), Arrays()))  # type: ignore[arg-type]
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "no signature" in found.error


def test_a_signature_that_did_not_run_is_no_comparison() -> None:
    """What does not run before is said with its reason, and the regime is not listed as run."""
    failed = {"view": "v1", "signature": KEY, "regime": "normal", "error": "no kernel"}
    found = judged(tensor([1.0]), tensor([1.0]), runs_before=[failed], runs_after=[])
    assert found.verdict is Verdict.ERROR
    assert "does not run on the before side: no kernel" in found.error
    assert found.inputs == ()


def test_an_unfed_placeholder_is_explained() -> None:
    """The message says how to feed a placeholder that no signature lists."""
    reason = "You must feed a value for placeholder tensor 'keep_prob' with dtype float"
    failed = {"view": "v1", "signature": KEY, "regime": "normal", "error": reason}
    found = judged(tensor([1.0]), tensor([1.0]), runs_before=[failed], runs_after=[])
    assert "keep_prob:0" in found.error


def test_a_regime_that_does_not_run_before_is_not_counted() -> None:
    """It is noted, and the others decide."""
    failed = {"view": "v1", "signature": KEY, "regime": "edge, batch 3", "error": "out of range"}
    good = ran("normal", y="y")
    found = judged(tensor([1.0]), tensor([1.0]), runs_before=[good, failed])
    assert found.verdict is Verdict.MATCH
    assert found.inputs == (f"{KEY}: normal",)
    notes = [delta for delta in found.contract if delta.status is CheckStatus.NOTE]
    assert "out of range" in notes[0].before


def test_fewer_runs_after_never_match() -> None:
    """A run that is lost on the after side decides."""
    found = judged(tensor([1.0]), tensor([1.0]), runs_after=[ran("normal", "v2", y="y")])
    assert found.verdict is Verdict.MISMATCH


def test_a_failing_run_after_decides() -> None:
    """What ran before and fails after is a difference, with the reason."""
    failed = {"view": "v1", "signature": KEY, "regime": "normal", "error": "boom"}
    runs = [ran("normal", "v2", y="y"), failed]
    found = judged(tensor([1.0]), tensor([1.0]), runs_after=runs)
    assert found.verdict is Verdict.MISMATCH
    assert "v1 loader fails after: boom" in found.deltas[0].note


def test_a_loader_that_refuses_the_after_side_is_an_error() -> None:
    """Agreement through one loader is half a comparison."""
    found = judged(
        tensor([1.0]),
        tensor([1.0]),
        runs_after=[ran("normal", "v1", y="y")],
        views=["v1"],
        load_errors={"v2": "UnliftableError: a placeholder is not fed"},
    )
    assert found.verdict is Verdict.ERROR
    assert "tf.saved_model.load: UnliftableError" in found.error


@pytest.mark.parametrize("output", ["lost", "extra", "renamed"])
def test_outputs_that_only_one_side_returns_decide(output: str) -> None:
    """Whatever the SignatureDef says, the outputs that come back are compared name by name."""
    names = {"lost": {}, "extra": {"y": "y", "more": "y"}, "renamed": {"z": "y"}}[output]
    found = judged(
        tensor([1.0]),
        tensor([1.0]),
        runs_after=[ran("normal", view, **names) for view in ("v2", "v1")],
    )
    assert found.verdict is Verdict.MISMATCH
    statuses = {delta.status for delta in found.deltas}
    assert statuses & {DeltaStatus.MISSING, DeltaStatus.EXTRA}


@pytest.mark.parametrize(
    ("extreme", "old", "new", "verdict"),
    [
        (True, [INF], [NAN], Verdict.MATCH),
        (True, [NAN], [0.0], Verdict.MATCH),
        (True, [1.0], [NAN], Verdict.MISMATCH),
        (True, [1.0], [2.0], Verdict.MISMATCH),
        (True, [NAN], [[NAN]], Verdict.MISMATCH),
        (False, [INF], [NAN], Verdict.MISMATCH),
        (False, [NAN], [1.0], Verdict.MISMATCH),
    ],
)
def test_overflow_of_extreme_inputs_informs(
    extreme: bool, old: Any, new: Any, verdict: Verdict
) -> None:
    """Only for extreme inputs, and only where the before side is not finite, values inform."""
    views = ("v2", "v1")
    run = {**ran("zeros", y="y"), "extreme": extreme}
    before = described(runs=[ran("normal", y="good"), run])
    after = described(
        runs=[ran("normal", v, y="good") for v in views] + [ran("zeros", v, y="y") for v in views]
    )
    good = tensor([1.0])
    arrays: Any = (Arrays(good=good, y=tensor(old)), Arrays(good=good, y=tensor(new)))
    assert judge_saved_models(before, after, arrays).verdict is verdict


def test_extreme_inputs_that_overflow_are_no_comparison() -> None:
    """Where nothing but an overflowing regime of extreme inputs ran, nothing was compared."""
    runs = [ran("edge", view, y="y") for view in ("v2", "v1")]
    for values in ([INF], [NAN]):
        found = judged(
            tensor([INF]),
            tensor(values),
            runs_before=[{**ran("edge", y="y"), "extreme": True}],
            runs_after=runs,
        )
        assert found.verdict is Verdict.ERROR
        assert "nothing was compared" in found.error


@pytest.mark.parametrize(
    ("reachable", "verdict"),
    [(False, Verdict.MATCH), (True, Verdict.MISMATCH), (None, Verdict.MISMATCH)],
)
def test_a_lost_variable_of_a_saved_model(reachable: bool | None, verdict: Verdict) -> None:
    """It may be lost only if it is known that no signature reads it."""
    before = described(
        runs=[ran("normal", y="y")], variables=[entry("w/Adam", reachable=reachable)]
    )
    after = described(runs=[ran("normal", view, y="y") for view in ("v2", "v1")])
    arrays: Any = (Arrays(y=tensor([1.0])),) * 2
    assert judge_saved_models(before, after, arrays).verdict is verdict


def checkpoints(before: dict[str, Tensor], after: dict[str, Tensor]) -> Any:
    """Judge two checkpoints given as name to value."""

    def side(values: dict[str, Tensor]) -> Any:
        return {"variables": [entry(name, shape=values[name].shape) for name in values]}

    arrays: Any = (Arrays(**before), Arrays(**after))
    return judge_checkpoints(side(before), side(after), arrays)


W = tensor([1.0, 2.0])
CHECKPOINTS = [
    ({"w": W}, {"w": W}, Verdict.MATCH),
    ({"w": tensor([NAN, INF])}, {"w": tensor([NAN, INF])}, Verdict.MATCH),
    ({"w": W}, {"w": tensor([1.0, 2.001])}, Verdict.MISMATCH),
    ({"w": W}, {}, Verdict.MISMATCH),
    ({}, {"w": W}, Verdict.MISMATCH),
    ({"w": W, "b": W}, {"w": W}, Verdict.MISMATCH),
    ({"w": W}, {"w": W, "b": W}, Verdict.MISMATCH),
    ({"w": W, "b": tensor([3.0])}, {"b": W, "w": tensor([3.0])}, Verdict.MISMATCH),
    ({"w": W}, {"v": W}, Verdict.MISMATCH),
    ({"w": W}, {"w": tensor([1.0, 2.0], "float64")}, Verdict.MISMATCH),
    ({"w": tensor([1, 2], "int64")}, {"w": W}, Verdict.MISMATCH),
    ({"w": W}, {"w": tensor([[1.0, 2.0]])}, Verdict.MISMATCH),
    ({}, {}, Verdict.ERROR),
    ({"w": tensor([])}, {"w": tensor([])}, Verdict.ERROR),
    ({"w": W, "e": tensor([])}, {"w": W, "e": tensor([])}, Verdict.ERROR),
]


@pytest.mark.parametrize(("before", "after", "verdict"), CHECKPOINTS)
def test_checkpoints(before: Any, after: Any, verdict: Verdict) -> None:
    """Every name and every value counts, and there has to be one."""
    found = checkpoints(before, after)
    assert found.verdict is verdict
    assert (found.error is not None) is (verdict is Verdict.ERROR)


# --- what a path holds ------------------------------------------------------------------


def make_tree(root: Path, *files: str) -> None:
    """Create empty files."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"")


@pytest.mark.parametrize(
    ("files", "path", "kind"),
    [
        (["m/saved_model.pb"], "m", Kind.SAVED_MODEL),
        (["m/saved_model.pb"], "m/", Kind.SAVED_MODEL),
        (["m/saved_model.pbtxt"], "m", Kind.SAVED_MODEL),
        (["m.ckpt.index", "m.ckpt.data-00000-of-00001"], "m.ckpt", Kind.CHECKPOINT),
        (
            ["m.index", "m.data-00000-of-00002", "m.data-00001-of-00002", "m.meta"],
            "m",
            Kind.CHECKPOINT,
        ),
        (
            ["m/other", "m.index", "m.data-00000-of-00001"],
            "m",
            Kind.CHECKPOINT,
        ),
    ],
)
def test_the_kind_of_a_path(tmp_path: Path, files: Any, path: str, kind: Kind) -> None:
    """A SavedModel is a directory, a checkpoint a prefix that is no file itself."""
    make_tree(tmp_path, *files)
    side = find_side("before", f"{tmp_path}/{path}", None)
    assert side.kind is kind
    assert side.python == sys.executable


def test_a_v1_checkpoint_is_one_file(tmp_path: Path) -> None:
    """A Saver of write version V1 wrote one table file under the prefix itself."""
    path = tmp_path / "model.ckpt-3"
    path.write_bytes(b"\0" * 40 + bytes.fromhex("57fb808b247547db"))
    assert find_side("before", path, None).kind is Kind.CHECKPOINT


BAD_PATHS = [
    ([], "m", "does not exist: pass a SavedModel directory"),
    (["m/x"], "m", "without saved_model.pb and without checkpoints"),
    (["m/1/saved_model.pb", "m/2/saved_model.pb"], "m", "m/2 holds a SavedModel: pass that"),
    (["m/a.ckpt.index"], "m", "pass a checkpoint prefix such as {root}/m/a.ckpt"),
    (["m.index"], "m", "m.data-00000-of-00001 is missing"),
    (["m.index", "m.data-00001-of-00002"], "m", "m.data-00000-of-00002 is missing"),
    (["m.index", "m.data-00000-of-00001"], "m.index", "pass the prefix {root}/m."),
    (["m.index", "m.data-00000-of-00001"], "m.data-00000-of-00001", "pass the prefix {root}/m."),
    (["m.index", "m.meta"], "m.meta", "pass the prefix {root}/m."),
    (["m.txt"], "m.txt", "neither a SavedModel directory nor a checkpoint prefix"),
    (["m/saved_model.pb"], "m/saved_model.pb", "neither a SavedModel directory nor"),
]


@pytest.mark.parametrize("role", ["before", "after"])
@pytest.mark.parametrize(("files", "path", "message"), BAD_PATHS)
def test_a_path_without_a_model(
    tmp_path: Path, files: Any, path: str, message: str, role: str
) -> None:
    """One sentence names the side, the path and what to pass instead."""
    make_tree(tmp_path, "good/saved_model.pb", *files)
    paths = {"before": f"{tmp_path}/good", "after": f"{tmp_path}/good", role: f"{tmp_path}/{path}"}
    with pytest.raises(CannotOpen) as caught:
        check(**paths)
    text = str(caught.value)
    assert f"The {role} side {tmp_path}/{path}" in text
    assert message.format(root=tmp_path) in text
    assert text.endswith(".")
    assert "\n" not in text


def test_two_kinds_cannot_be_compared(tmp_path: Path) -> None:
    """A SavedModel has outputs, a checkpoint has none."""
    make_tree(tmp_path, "m/saved_model.pb", "c.index", "c.data-00000-of-00001")
    with pytest.raises(CannotOpen, match=r"is a SavedModel and the after side .* is a checkpoint"):
        check(tmp_path / "m", tmp_path / "c")


@pytest.mark.parametrize("role", ["before", "after"])
def test_an_interpreter_that_does_not_exist(tmp_path: Path, role: str) -> None:
    """The message names the option and the path."""
    make_tree(tmp_path, "m/saved_model.pb")
    pythons = {f"{role}_python": str(tmp_path / "python3.7")}
    with pytest.raises(CannotOpen, match=f"python3.7 does not exist.*--{role}-python"):
        check(tmp_path / "m", tmp_path / "m", **pythons)  # type: ignore[arg-type]


# --- processes that misbehave -----------------------------------------------------------

STUB = """\
import os, sys, time, types
__version__ = "2.0.0"
def nothing(*args): pass
class Reader:
    def __init__(self, prefix):
{body}
compat = types.SimpleNamespace(v1=types.SimpleNamespace(
    logging=types.SimpleNamespace(set_verbosity=nothing, ERROR=0),
    train=types.SimpleNamespace(NewCheckpointReader=Reader)))
"""


@pytest.fixture
def fake(tmp_path: Path) -> Any:
    """Return a maker of interpreters whose TensorFlow runs the given code, and a checkpoint."""
    make_tree(tmp_path, "m.index", "m.data-00000-of-00001")

    def make(when_read: str = "pass", when_imported: str = "", name: str = "python") -> str:
        site = tmp_path / f"site-{name}"
        site.mkdir()
        body = "\n".join("        " + line for line in when_read.splitlines())
        (site / "tensorflow.py").write_text(when_imported + "\n" + STUB.format(body=body))
        wrapper = tmp_path / name
        wrapper.write_text(
            f'#!/bin/sh\nPYTHONPATH="{site}" exec "{sys.executable}" "$@"\n', encoding="utf-8"
        )
        wrapper.chmod(0o755)
        return str(wrapper)

    return SimpleNamespace(make=make, prefix=tmp_path / "m", root=tmp_path)


DEATHS = [
    ("os.write(2, b'first\\nlast words\\n'); os.abort()", "SIGABRT", "last words"),
    ("os.write(2, b'all is lost\\n\\n---\\n'); os._exit(3)", "exit status 3", "all is lost"),
    ("os._exit(0)", "ended without an answer", ""),
    ("raise SystemExit('gave up')", "exit status 1", "gave up"),
    ("raise KeyboardInterrupt", "", "KeyboardInterrupt"),
]


@pytest.mark.parametrize(("code", "how", "said"), DEATHS)
def test_a_worker_that_dies(fake: Any, code: str, how: str, said: str) -> None:
    """The verdict is ERROR with the last line of stderr."""
    python = fake.make(code)
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert how in found.error
    assert said in found.error
    assert str(fake.prefix) in found.error


LOGGED = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795275894.108942   23576 cudart_stub.cc:31] Could not find cuda drivers",
    "W0000 00:00:1795275894.108942   23576 gpu.cc:1] no GPU",
    "2020-01-01 00:00:00.123456: I tensorflow/core/platform/cpu_feature_guard.cc:142] AVX2",
    "WARNING:tensorflow:from here on",
]
REFUSED = "E0000 00:00:1795275894.108942   23576 cuda_dnn.cc:8310] cannot register"
FATAL = "F0000 00:00:1795275894.108942   23576 tensor.cc:5] Check failed: dims == 2"


@pytest.mark.parametrize(
    ("lines", "ending", "expected"),
    [
        ([*LOGGED, REFUSED], "time.sleep(600)", "did not finish within 2 s"),
        (["real trouble", *LOGGED, REFUSED], "time.sleep(600)", "within 2 s: real trouble"),
        ([FATAL, *LOGGED], "os._exit(3)", f"exit status 3: {FATAL}"),
        ([REFUSED, *LOGGED], "os._exit(3)", f"exit status 3: {REFUSED}"),
        (LOGGED, "os._exit(3)", "ended with exit status 3"),
    ],
)
def test_log_lines_are_not_what_went_wrong(
    fake: Any, lines: list[str], ending: str, expected: str
) -> None:
    """A fatal line is, and an error that was logged where a dead process said nothing else."""
    text = "".join(line + "\n" for line in lines)
    python = fake.make(f"os.write(2, {text.encode()!r}); {ending}")
    limit = 2 if "sleep" in ending else 60
    found = check(
        fake.prefix, fake.prefix, after_python=python, before_python=python, timeout=limit
    )
    assert found.error
    assert expected in found.error
    for line in LOGGED:
        assert line not in found.error
    if REFUSED not in expected:
        assert REFUSED not in found.error


def test_a_reader_that_refuses_the_file(fake: Any) -> None:
    """What TensorFlow says of a checkpoint that it cannot read is passed on, in one line."""
    python = fake.make("raise RuntimeError('checksum does not match\\nin block 3')")
    with pytest.raises(CannotOpen) as caught:
        check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert "its variables cannot be read: checksum does not match; write it" in str(caught.value)


@pytest.mark.parametrize("error", ["MemoryError()", "RuntimeError('OOM when allocating tensor')"])
def test_memory_that_runs_out_is_not_taken_for_damage(fake: Any, error: str) -> None:
    """The model may be fine: the verdict is ERROR and speaks of the limit."""
    python = fake.make(f"raise {error}")
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "does not fit into the memory limit" in found.error


@pytest.mark.parametrize(
    "code",
    [
        "time.sleep(600)",
        "import signal\nfor s in (15, 2, 1): signal.signal(s, signal.SIG_IGN)\ntime.sleep(600)",
        "os.close(2); os.close(1); time.sleep(600)",
    ],
)
def test_a_worker_that_hangs_is_ended(fake: Any, code: str) -> None:
    """The time limit holds whatever the process ignores or closes."""
    python = fake.make(code)
    start = time.monotonic()
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=2)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "did not finish within 2 s" in found.error
    assert time.monotonic() - start < 20


def test_an_interpreter_that_hangs_is_ended(fake: Any) -> None:
    """So does it before the worker has begun."""
    fake.root.joinpath("sleepy").write_text("#!/bin/sh\nsleep 600\n")
    fake.root.joinpath("sleepy").chmod(0o755)
    sleepy = str(fake.root / "sleepy")
    found = check(fake.prefix, fake.prefix, before_python=sleepy, after_python=sleepy, timeout=1)
    assert found.error
    assert "did not finish within 1 s" in found.error


def test_a_worker_that_prints_without_end(fake: Any) -> None:
    """Megabytes on stderr end the worker long before the time limit."""
    python = fake.make("while True: os.write(2, b'noise ' * 1000 + b'\\n')")
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=120)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "MiB to stderr" in found.error
    assert len(found.error) < 2000


def test_a_worker_that_fills_stdout_does_not_block(fake: Any) -> None:
    """Nobody reads stdout, so a model that prints there cannot fill a pipe and hang."""
    python = fake.make("for _ in range(500): os.write(1, b'x' * 10000)\nos._exit(4)")
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.error
    assert "exit status 4" in found.error


def test_children_of_a_worker_end_with_it(fake: Any) -> None:
    """A process that a model leaves behind neither survives nor keeps the check waiting."""
    pid = fake.root / "pid"
    code = (
        "if os.fork() == 0:\n"
        f"    open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
        "    time.sleep(600)\n"
        f"path = {str(pid)!r}\n"
        "while not (os.path.exists(path) and open(path).read()): time.sleep(0.01)\n"
        "os._exit(5)"
    )
    python = fake.make(code)
    start = time.monotonic()
    # the after side would start a second child under the same file
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.verdict is Verdict.ERROR
    assert time.monotonic() - start < 30
    child = int(pid.read_text())
    for _ in range(200):
        stat = Path(f"/proc/{child}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.01)
    else:
        pytest.fail("the child still runs")


@pytest.mark.parametrize(
    ("answer", "npz"),
    [
        ("{", None),
        ("[]", None),
        ('{"status": "splendid"}', None),
        ('{"status": "ok", "python": "3", "tensorflow": "2"}', None),
        ('{"status": "ok", "python": "3", "tensorflow": "2", "variables": []}', b"PK"),
        (
            '{"status": "ok", "python": "3", "tensorflow": "2", "variables": [{"names": ["w"],'
            '"bookkeeping": false, "array": {"key": "k", "dtype": "float32", "shape": [1]}}]}',
            b"",
        ),
    ],
)
def test_a_worker_that_lies(fake: Any, answer: str, npz: bytes | None) -> None:
    """An answer that is no answer is an ERROR, never a match or a traceback."""
    code = (
        "request = __import__('json').load(open(sys.argv[1]))\n"
        "out = request['out']\n"
        f"open(out + '/result.json', 'w').write({answer!r})\n"
        + (f"open(out + '/arrays.npz', 'wb').write({npz!r})\n" if npz is not None else "")
        + "os._exit(0)"
    )
    python = fake.make(code)
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "answer" in found.error


@pytest.mark.parametrize(
    ("imported", "message"),
    [
        ("raise ImportError('libcudart.so.10: no such file')", "libcudart.so.10"),
        ("import os; os.write(2, b'Illegal instruction\\n'); os.abort()", "Illegal instruction"),
    ],
)
def test_an_interpreter_whose_tensorflow_does_not_import(
    fake: Any, imported: str, message: str
) -> None:
    """The side cannot be opened: the interpreter, the reason and the way out are named."""
    python = fake.make(when_imported=imported)
    with pytest.raises(CannotOpen) as caught:
        check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert message in str(caught.value)
    assert python in str(caught.value)
    assert "--before-python" in str(caught.value)


def test_an_interpreter_that_is_no_python(fake: Any) -> None:
    """A program that ends happily and answers nothing is no interpreter."""
    with pytest.raises(CannotOpen, match="true, which ended without an answer"):
        check(fake.prefix, fake.prefix, before_python="true", after_python="true", timeout=60)


def test_a_file_that_the_system_cannot_run(fake: Any) -> None:
    """An executable file in no format that the system knows is named as such."""
    (fake.root / "broken").write_bytes(b"\x7fELF nothing")
    (fake.root / "broken").chmod(0o755)
    with pytest.raises(CannotOpen, match="broken, which does not start"):
        check(fake.prefix, fake.prefix, before_python=str(fake.root / "broken"))


def test_the_failing_side_is_named(fake: Any) -> None:
    """When only the after side dies, the error says so."""
    answer = (
        "import json; request = json.load(open(sys.argv[1])); out = request['out']\n"
        "import numpy; numpy.savez(out + '/arrays.npz', a=[1])\n"
        "open(out + '/result.json', 'w').write("
        '\'{"status": "ok", "python": "3", "tensorflow": "2", "variables": []}\')\n'
        "os._exit(0)"
    )
    good, bad = fake.make(answer, name="good"), fake.make("os.abort()", name="bad")
    found = check(fake.prefix, fake.prefix, before_python=good, after_python=bad, timeout=60)
    assert found.error
    assert "The process of the after side" in found.error


@pytest.mark.parametrize("parallel", [True, False])
def test_sides_run_together_or_one_by_one(
    fake: Any, monkeypatch: pytest.MonkeyPatch, parallel: bool
) -> None:
    """On one core the second process starts when the first has ended."""
    monkeypatch.setattr(
        importlib.import_module("migrator.checker.run"), "parallel_is_faster", lambda: parallel
    )
    times = fake.root / "times"
    code = (
        f"log = open({str(times)!r}, 'a', 1)\n"
        "log.write('start\\n'); time.sleep(0.5); log.write('end\\n')\n"
        "import json; request = json.load(open(sys.argv[1])); out = request['out']\n"
        "import numpy; numpy.savez(out + '/arrays.npz', a=[1])\n"
        "open(out + '/result.json', 'w').write("
        '\'{"status": "ok", "python": "3", "tensorflow": "2", "variables": []}\')\n'
        "os._exit(0)"
    )
    python = fake.make(code)
    found = check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert found.error == "The checkpoints hold no variables: nothing was compared."
    order = times.read_text().split()
    assert order == (["start", "start", "end", "end"] if parallel else ["start", "end"] * 2)


def test_nothing_is_left_behind(fake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder with the workers' answers is removed, whatever became of them."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    python = fake.make("os.abort()")
    check(fake.prefix, fake.prefix, before_python=python, after_python=python, timeout=60)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_foreign_interpreter_does_not_inherit_our_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHONPATH is for the interpreter that runs us; TensorFlow's settings are for both."""
    monkeypatch.setenv("PYTHONPATH", "ours")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    assert "PYTHONPATH" not in process._environment(True)
    assert process._environment(False)["PYTHONPATH"] == "ours"
    for foreign in (True, False):
        found = process._environment(foreign)
        assert found["TF_ENABLE_ONEDNN_OPTS"] == "0"
        assert found["TF_CPP_MIN_LOG_LEVEL"] == "3"
        assert found["CUDA_VISIBLE_DEVICES"] == ""


def test_importing_the_checker_imports_neither_numpy_nor_tensorflow() -> None:
    """The command line can know the checker without paying for it."""
    code = (
        "import sys, migrator.checker; "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'tensorflow')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == 0


# --- real models ------------------------------------------------------------------------


class Answers:
    """What the worker says of all models, and the comparison of any two."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "models"

    def read(self, name: str) -> dict[str, Any]:
        """Return one answer."""
        found: dict[str, Any] = json.loads((self.folder / name / "result.json").read_text())
        return found

    def judge(self, before: str, after: str, **options: Any) -> Any:
        """Compare two answers."""
        one, two = self.read(before), self.read(after)
        assert (one["status"], two["status"]) == ("ok", "ok"), (one.get("error"), two.get("error"))
        with (
            Archive(self.folder / before / "arrays.npz") as old,
            Archive(self.folder / after / "arrays.npz") as new,
        ):
            if "signatures" not in one:
                return judge_checkpoints(one, two, (old, new), **options)
            return judge_saved_models(one, two, (old, new), **options)


#: After model → the stored model that it stands for.
FAULTY = [
    "lost_output",
    "extra_output",
    "renamed_output",
    "float64_output",
    "int_to_float",
    "int32_label",
    "other_rank",
    "fixed_batch",
    "wider_input",
    "input_dtype",
    "input_name",
    "other_bytes",
    "one_weight",
    "swapped",
    "emptied",
    "some_nan",
    "random",
    "other_words",
    "other_key",
    "extra_key",
    "other_variable_name",
    "constants",
    "method_name",
]
AFTER = {
    **dict.fromkeys(["right", *FAULTY], "classifier"),
    **{
        name: name.split("_")[0]
        for name in [
            "kinds",
            "kinds_nonan",
            "kinds_otherinf",
            "kinds_rounded",
            "kinds_trailingzero",
            "kinds_conjugate",
            "kinds_coarse",
            "lookup",
            "slash",
            "slash_pythonnames",
            "slash_swapped",
            "noise",
            "counter",
            "empty",
            "convolution",
            "examples",
            "images",
            "sparse",
            "partitioned",
            "normalized",
        ]
    },
    "two_graphs": "two_graphs",
    "keep_prob": "keep_prob",
    "sparse_parts": "sparse",
}
#: TensorFlow 2 models opened as both sides: before → after, and what the comparison finds.
BOTH = {
    ("right", "right"): Verdict.MATCH,
    ("sparse_parts", "sparse_parts"): Verdict.MATCH,
    ("sparse_unsized", "sparse_unsized"): Verdict.MATCH,
    ("keyword", "keyword"): Verdict.MATCH,
    ("divided", "divided_safely"): Verdict.MATCH,
    ("divided", "divided_wrongly"): Verdict.MISMATCH,
}
#: Stored models that are opened as an after side, too.
SAME = ["classifier", "classifier_resource", "sparse", "keep_prob", "no_signature", "normalized"]
CHECKPOINT_FAULTS = [
    "objects_missing",
    "objects_extra",
    "objects_swapped_slots",
    "objects_one_weight",
    "objects_renamed",
    "objects_dtype",
    "objects_shape",
]


def request(kind: str, role: str, path: Path, out: Path, **more: Any) -> dict[str, Any]:
    """Return a worker's request."""
    base = {"kind": kind, "role": role, "path": str(path), "out": str(out), "seed": 0}
    return {**base, "tags": None, "memory": None, "seconds": None, **more}


def carry_out(python: str, folder: Path, write: Path | None, requests: list[Any]) -> None:
    """Answer many requests in one process."""
    plan = {"worker": str(ROOT / "migrator" / "worker"), "stored": str(STORED)}
    plan_file = folder / "plan.json"
    content = {**plan, "write": str(write) if write else None, "requests": requests}
    plan_file.write_text(json.dumps(content))
    done = subprocess.run(
        [python, str(HERE / "checker_models.py"), str(plan_file)],
        env=process._environment(True),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def saved_models(folder: Path) -> list[str]:
    """Return the names of the SavedModels in a folder."""
    return sorted(path.parent.name for path in folder.glob("*/saved_model.pb"))


def requests_before(models: Path, folder: Path, prefix: str) -> list[dict[str, Any]]:
    """Return requests for all TensorFlow 1 models in a folder."""
    found = [
        request("savedmodel", "before", models / name, folder / f"{prefix}-{name}")
        for name in saved_models(models)
    ]
    for name, file in (("classifier", "model.ckpt-5"), ("averaged", "model.ckpt")):
        path = models / f"{name}_checkpoint" / file
        found.append(request("checkpoint", "before", path, folder / f"{prefix}-{name}_checkpoint"))
    return found


def requests_after(models: Path, folder: Path, prefix: str, names: Any) -> list[dict[str, Any]]:
    """Return requests for after models, each with the inputs of its before model."""
    return [
        request(
            "savedmodel",
            "after",
            models / name,
            folder / f"{prefix}-after-{name}",
            inputs=str(folder / f"{prefix}-{AFTER[name]}" / "inputs.json"),
        )
        for name in names
    ]


@pytest.fixture(scope="session")
def answers(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """The stored TensorFlow 1 models and all TensorFlow 2 models, opened by one process."""
    folder = tmp_path_factory.mktemp("answers")
    models = folder / "models"
    requests = requests_before(STORED, folder, "stored")
    requests += requests_after(models, folder, "stored", AFTER)
    for name in ["objects", *CHECKPOINT_FAULTS]:
        path = models / name / "model.ckpt-5"
        requests.append(request("checkpoint", "after", path, folder / name))
    for name, file in (
        ("attributes", "model.ckpt-1"),
        ("averaged", "model.ckpt"),
        ("averaged_rounded", "model.ckpt"),
        ("no_elements", "model.ckpt"),
        ("no_variables", "model.ckpt"),
    ):
        requests.append(request("checkpoint", "after", models / name / file, folder / name))
    # a TensorFlow 1 model as after side; a TensorFlow 2 model as before side, and as its own after
    requests += [
        request(
            "savedmodel",
            "after",
            STORED / name,
            folder / f"same-{name}",
            inputs=str(folder / f"stored-{name}" / "inputs.json"),
        )
        for name in (
            "classifier",
            "classifier_resource",
            "sparse",
            "keep_prob",
            "no_signature",
            "normalized",
        )
    ]
    for name in dict.fromkeys(before for before, _ in BOTH):
        out = folder / f"before-{name}"
        requests.append(request("savedmodel", "before", models / name, out))
    for before, after in BOTH:
        out, inputs = folder / f"after-{after}", folder / f"before-{before}" / "inputs.json"
        requests.append(request("savedmodel", "after", models / after, out, inputs=str(inputs)))
    carry_out(tf2_python, folder, models, requests)
    return Answers(folder)


TRAPS = {
    "lost_output": ("serving_default/outputs/scores", "missing"),
    "extra_output": ("serving_default/outputs/more", "extra"),
    "renamed_output": ("serving_default/outputs/probabilities", "extra"),
    "float64_output": ("serving_default/scores", "dtype"),
    "int_to_float": ("serving_default/label", "dtype"),
    "int32_label": ("serving_default/label", "dtype"),
    "other_rank": ("serving_default/label", "shape"),
    "fixed_batch": ("serving_default/inputs/x/shape", "changed"),
    "wider_input": ("serving_default/inputs/x/shape", "changed"),
    "input_dtype": ("serving_default/inputs/x/dtype", "changed"),
    "input_name": ("serving_default/inputs/x", "missing"),
    "other_bytes": ("serving_default/word", "differs"),
    "one_weight": ("net/w", "differs"),
    "swapped": ("serving_default/logits", "differs"),
    "emptied": ("serving_default/scores", "shape"),
    "some_nan": ("serving_default/scores", "differs"),
    "random": ("serving_default/scores", "unstable"),
    "other_words": ("assets/classifier_words.txt", "changed"),
    "other_key": ("signatures/serving_default", "missing"),
    "extra_key": ("signatures/again", "extra"),
    "other_variable_name": ("net/w", "missing"),
    "constants": ("net/b", "missing"),
    "method_name": ("serving_default/method_name", "changed"),
    "kinds_nonan": ("serving_default/root", "differs"),
    "kinds_otherinf": ("serving_default/inverse", "differs"),
    "kinds_rounded": ("serving_default/huge", "differs"),
    "kinds_trailingzero": ("serving_default/bytes", "differs"),
    "kinds_conjugate": ("serving_default/complex", "differs"),
    "kinds_coarse": ("serving_default/double", "differs"),
    "slash_pythonnames": ("serving_default/inputs/input/x", "missing"),
    "slash_swapped": ("serving_default/out/sum:0", "differs"),
    "noise": ("serving_default/noisy", "unstable"),
    "counter": ("serving_default/count", "unstable"),
    "two_graphs": ("meta graphs/train", "missing"),
}


def findings(found: Any) -> set[tuple[str, str]]:
    """Return (name, status) of everything that was found."""
    return {
        (delta.name, str(delta.status))
        for delta in (*found.contract, *found.variables, *found.deltas)
    }


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", TRAPS)
def test_no_trap_passes(answers: Answers, name: str) -> None:
    """Each model that is wrong in one respect is a MISMATCH, for that reason."""
    found = answers.judge(f"stored-{AFTER[name]}", f"stored-after-{name}")
    assert found.verdict is Verdict.MISMATCH
    assert TRAPS[name] in findings(found)


def test_every_faulty_model_is_a_trap() -> None:
    """No model that was made wrong is left out of the table."""
    assert set(FAULTY) <= set(TRAPS)


ALIKE = [
    "right",
    "kinds",
    "lookup",
    "slash",
    "convolution",
    "examples",
    "images",
    "sparse",
    "sparse_parts",
    "partitioned",
    "normalized",
]


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ALIKE)
def test_what_is_alike_matches(answers: Answers, name: str) -> None:
    """A right conversion matches: NaN, infinities, lookups, parsers, images, loops, partitions."""
    found = answers.judge(f"stored-{AFTER[name]}", f"stored-after-{name}")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert len(found.inputs) == 5
    assert all(delta.compared for delta in found.deltas if "zeros" not in delta.regime)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stored-classifier", "same-classifier"),
        ("stored-classifier_resource", "same-classifier_resource"),
        ("stored-sparse", "same-sparse"),
        *[(f"before-{old}", f"after-{new}") for old, new in BOTH if old == new],
    ],
)
def test_a_model_matches_itself(answers: Answers, before: str, after: str) -> None:
    """Whoever wrote it, with ref variables or resource variables, and whichever loader reads it."""
    found = answers.judge(before, after)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert {delta.status for delta in found.variables} <= {DeltaStatus.EQUAL}


@pytest.mark.tensorflow
@pytest.mark.parametrize(("before", "after"), BOTH)
def test_two_models_of_tensorflow_2(answers: Answers, before: str, after: str) -> None:
    """A keep probability of zero decides nothing; other values of it do."""
    found = answers.judge(f"before-{before}", f"after-{after}")
    assert found.verdict is BOTH[before, after]
    noted = {d.name for d in found.contract if "not comparable" in d.before}
    zeros = f"{KEY}/y/regimes/zeros, batch 1"
    assert (zeros in noted) == (before == "divided")


@pytest.mark.tensorflow
def test_an_input_called_by_a_keyword_is_noted(answers: Answers) -> None:
    """``in`` cannot be a parameter: tf.saved_model.load calls it ``arg_in``."""
    found = answers.judge("before-keyword", "after-keyword")
    notes = {d.name: d.after for d in found.contract if d.status is CheckStatus.NOTE}
    assert notes == {f"{KEY}/inputs/in/argument": "tf.saved_model.load calls it arg_in"}


@pytest.mark.tensorflow
def test_ref_and_resource_variables_under_other_op_names(answers: Answers) -> None:
    """The kind of variable and the names of ops are no part of what is compared; the asset is."""
    before = answers.read("stored-classifier")
    after = answers.read("same-classifier_resource")
    ops = [side["signatures"][KEY]["outputs"]["logits"]["tensor"] for side in (before, after)]
    assert ops[0] != ops[1]
    found = answers.judge("stored-classifier", "same-classifier_resource")
    wrong = {item for item in findings(found) if item[1] not in ("same", "equal", "close", "note")}
    assert wrong == {("assets/classifier_words.txt", "missing")}


@pytest.mark.tensorflow
def test_lost_training_variables_are_noted(answers: Answers) -> None:
    """Slots and the global step that no signature reads may go; each is named."""
    found = answers.judge("stored-classifier", "stored-after-right")
    noted = {delta.name for delta in found.contract if delta.status is CheckStatus.NOTE}
    slots = {f"variables/net/{v}/Adam{n}" for v in "wb" for n in ("", "_1")}
    assert noted == slots | {
        f"variables/{n}" for n in ("beta1_power", "beta2_power", "global_step")
    }
    assert [delta.name for delta in found.variables] == ["net/b", "net/w"]


@pytest.mark.tensorflow
def test_python_safe_input_names_are_noted(answers: Answers) -> None:
    """``input/x`` of the SignatureDef is called ``input_x`` by tf.saved_model.load."""
    found = answers.judge("stored-slash", "stored-after-slash")
    notes = {d.name: d.after for d in found.contract if d.status is CheckStatus.NOTE}
    assert notes == {
        f"{KEY}/inputs/input/x/argument": "tf.saved_model.load calls it input_x",
        f"{KEY}/inputs/1y/argument": "tf.saved_model.load calls it arg_1y",
    }


@pytest.mark.tensorflow
def test_an_output_that_is_always_empty(answers: Answers) -> None:
    """Equal but empty outputs are an ERROR that names them."""
    found = answers.judge("stored-empty", "stored-after-empty")
    assert found.verdict is Verdict.ERROR
    assert f"{KEY}/none has no elements" in found.error


@pytest.mark.tensorflow
def test_models_without_signatures(answers: Answers) -> None:
    """A model without a signature is not compared with itself."""
    found = answers.judge("stored-no_signature", "same-no_signature")
    assert found.verdict is Verdict.ERROR


@pytest.mark.tensorflow
def test_a_model_that_only_the_v1_loader_loads(answers: Answers) -> None:
    """It is opened as a before side, its unfed placeholder is named; as an after side it fails."""
    found = answers.judge("stored-keep_prob", "same-keep_prob")
    assert found.verdict is Verdict.ERROR
    assert "keep_prob:0" in found.error
    assert "UnliftableError" in found.error


@pytest.mark.tensorflow
def test_a_graph_that_tensorflow_2_refuses(answers: Answers) -> None:
    """A batch normalisation's gradient is mended to open a before side, never an after side."""
    before = answers.read("stored-normalized")
    assert before["tensorflow"].startswith("2.")
    assert before["status"] == "ok"
    after = answers.read("same-normalized")
    assert after["status"] == "cannot_open"
    assert "_output_shapes" in after["error"]


@pytest.mark.tensorflow
def test_a_meta_graph_chosen_by_tags(answers: Answers) -> None:
    """The other meta graph is lost knowingly then."""
    found = answers.judge("stored-two_graphs", "stored-after-two_graphs", tags_chosen=True)
    assert found.verdict is Verdict.MATCH


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("stored-classifier_checkpoint", "objects"),
        ("stored-classifier_checkpoint", "attributes"),
        ("objects", "attributes"),
        ("attributes", "stored-classifier_checkpoint"),
        ("stored-averaged_checkpoint", "averaged"),
        ("objects", "objects"),
    ],
)
def test_name_based_and_object_based_checkpoints_match(
    answers: Answers, before: str, after: str
) -> None:
    """By the key in the root's dict or by full name, in either direction, without bookkeeping."""
    found = answers.judge(before, after)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    count = 3 if "averaged" in before else 9
    assert len(found.variables) == count
    assert {delta.status for delta in found.variables} == {DeltaStatus.EQUAL}
    assert all(delta.compared for delta in found.variables)


CHECKPOINT_TRAPS = {
    "objects_missing": ("net/b/Adam", "missing"),
    "objects_extra": ("more", "extra"),
    "objects_swapped_slots": ("net/w/Adam", "differs"),
    "objects_one_weight": ("net/w", "differs"),
    "objects_renamed": ("bias", "extra"),
    "objects_dtype": ("global_step", "dtype"),
    "objects_shape": ("net/w", "shape"),
}


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", CHECKPOINT_FAULTS)
def test_no_checkpoint_trap_passes(answers: Answers, name: str) -> None:
    """Each checkpoint that is wrong in one respect is a MISMATCH, for that reason."""
    found = answers.judge("stored-classifier_checkpoint", name)
    assert found.verdict is Verdict.MISMATCH
    assert CHECKPOINT_TRAPS[name] in findings(found)


@pytest.mark.tensorflow
def test_a_step_that_was_rounded(answers: Answers) -> None:
    """2^62 + 1 is not 2^62, though both are the same float."""
    found = answers.judge("stored-averaged_checkpoint", "averaged_rounded")
    assert found.verdict is Verdict.MISMATCH
    assert ("global_step", "differs") in findings(found)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["no_elements", "no_variables"])
def test_checkpoints_of_nothing(answers: Answers, name: str) -> None:
    """A checkpoint without variables, or of empty ones, does not match itself."""
    assert answers.judge(name, name).verdict is Verdict.ERROR


@pytest.mark.tensorflow
def test_a_comparison_through_the_front_door(answers: Answers) -> None:
    """``check`` compares two paths, and its result survives JSON."""
    found = check(STORED / "classifier", answers.models / "right", name="classifier")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert found.match
    assert found.name == "classifier"
    assert found.tolerance == (1e-5, 1e-5)
    assert [text.split(":")[0] for text in found.environments] == ["before", "after"]
    assert all("TensorFlow 2." in text for text in found.environments)
    assert len(found.inputs) == 5
    assert {delta.name for delta in found.deltas} == {
        f"{KEY}/{name}" for name in ("logits", "scores", "label", "word", "sure")
    }
    assert from_json(ModelCheck, json.loads(json.dumps(to_json(found), allow_nan=False))) == found


@pytest.mark.tensorflow
def test_given_inputs_and_tensors(answers: Answers) -> None:
    """keep_prob, which no signature lists, is fed by its name; x as it was given."""
    given = {"keep_prob:0": 1.0, KEY: {"x": np.ones((2, 4))}}
    found = check(STORED / "keep_prob", answers.models / "keep_prob", inputs=given)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert found.inputs == (f"{KEY}: given",)
    assert {delta.compared for delta in found.deltas} == {6}


@pytest.mark.tensorflow
def test_given_inputs_that_do_not_fit(answers: Answers) -> None:
    """A misspelled input is an ERROR that lists the right ones."""
    found = check(STORED / "keep_prob", answers.models / "keep_prob", inputs={"X": 1.0})
    assert found.verdict is Verdict.ERROR
    assert found.error == (
        "The inputs do not fit: no signature has an input 'X': the inputs are ['x']."
    )


@pytest.mark.tensorflow
def test_a_memory_limit_ends_in_an_error(answers: Answers) -> None:
    """A model that does not fit is an ERROR that speaks of the limit, and the check ends."""
    limit = 64 << 20  # less than TensorFlow holds already
    found = check(STORED / "classifier", answers.models / "right", memory=limit, timeout=120)
    assert found.verdict is Verdict.ERROR
    assert found.error
    assert "does not fit into the memory limit" in found.error


def damaged(source: Path, target: Path, file: str, change: Any) -> Path:
    """Copy a model and change the bytes of one file."""
    import shutil

    shutil.copytree(source, target)
    path = target / file
    path.write_bytes(change(path.read_bytes()))
    return target


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("saved_model.pb", lambda data: b"not a protocol buffer", "saved_model.pb does not parse"),
        ("saved_model.pb", lambda data: b"", "holds no meta graph"),
        ("variables/variables.index", lambda data: data[:40], "variables cannot be read"),
        (
            "variables/variables.data-00000-of-00001",
            lambda data: bytes(len(data)),
            "cannot be read",
        ),
    ],
)
def test_a_damaged_model(
    tf2_python: str, tmp_path: Path, file: str, change: Any, message: str
) -> None:
    """The side cannot be opened; the sentence names the path, the damage and what to do."""
    path = damaged(STORED / "lookup", tmp_path / "model", file, change)
    with pytest.raises(CannotOpen) as caught:
        check(path, STORED / "lookup")
    text = str(caught.value)
    assert f"The before side {path} cannot be opened" in text
    assert message in text
    assert "--before-python" in text


@pytest.mark.tensorflow
def test_a_model_whose_variables_are_gone(tf2_python: str, tmp_path: Path) -> None:
    """A signature reads variables that are not there."""
    import shutil

    shutil.copytree(STORED / "lookup", tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / "variables")
    with pytest.raises(CannotOpen, match="variables are missing"):
        check(STORED / "lookup", tmp_path / "model")


@pytest.mark.tensorflow
def test_tags_that_are_not_there(tf2_python: str) -> None:
    """The tags that are there are named."""
    with pytest.raises(CannotOpen, match=r"tags \['gpu'\], only with .*'serve'.*; choose the tags"):
        check(STORED / "two_graphs", STORED / "two_graphs", tags=["gpu"])


@pytest.fixture(scope="session")
def tf1_answers(answers: Answers, tf1_python: str, tf2_python: str) -> Answers:
    """Models that TensorFlow 1.15 wrote and ran just now, against those of TensorFlow 2."""
    folder = answers.folder
    fresh = folder / "fresh"
    fresh.mkdir()
    subprocess.run(
        [tf1_python, str(STORED / "write_models.py"), str(fresh)],
        env=process._environment(True),
        check=True,
        capture_output=True,
    )
    before = requests_before(fresh, folder, "fresh")
    # object-based files that TensorFlow 2 wrote, read by TensorFlow 1
    for name, file in (("objects", "model.ckpt-5"), ("attributes", "model.ckpt-1")):
        path = answers.models / name / file
        before.append(request("checkpoint", "before", path, folder / f"tf1-{name}"))
    carry_out(tf1_python, folder, None, before)
    carry_out(tf2_python, folder, None, requests_after(answers.models, folder, "fresh", AFTER))
    return answers


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", ALIKE)
def test_what_is_alike_matches_real_tensorflow_1(tf1_answers: Answers, name: str) -> None:
    """The before side is TensorFlow 1.15 itself, not the v1 loader of TensorFlow 2."""
    assert tf1_answers.read(f"fresh-{AFTER[name]}")["tensorflow"].startswith("1.15")
    found = tf1_answers.judge(f"fresh-{AFTER[name]}", f"fresh-after-{name}")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", TRAPS)
def test_no_trap_passes_real_tensorflow_1(tf1_answers: Answers, name: str) -> None:
    """The traps are seen against TensorFlow 1.15 as well."""
    found = tf1_answers.judge(f"fresh-{AFTER[name]}", f"fresh-after-{name}")
    assert found.verdict is Verdict.MISMATCH
    assert TRAPS[name] in findings(found)


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", ["tf1-objects", "tf1-attributes"])
def test_tensorflow_1_reads_object_based_checkpoints(tf1_answers: Answers, name: str) -> None:
    """The object graph is read by the interpreter of either side."""
    found = tf1_answers.judge(name, "stored-classifier_checkpoint")
    assert (found.verdict, found.error) == (Verdict.MATCH, None)


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_stored_models_are_those_that_tensorflow_1_writes(tf1_answers: Answers) -> None:
    """The models in the repository have the contract and the variables of fresh ones."""
    for name in saved_models(STORED):
        one, two = tf1_answers.read(f"stored-{name}"), tf1_answers.read(f"fresh-{name}")
        assert one["signatures"] == two["signatures"]
        assert [v["names"] for v in one["variables"]] == [v["names"] for v in two["variables"]]


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_a_real_tensorflow_1_through_the_front_door(answers: Answers, tf1_python: str) -> None:
    """The before side's interpreter is named, and the environments say what ran where."""
    found = check(STORED / "classifier", answers.models / "right", before_python=tf1_python)
    assert (found.verdict, found.error) == (Verdict.MATCH, None)
    assert "TensorFlow 1.15" in found.environments[0]
    assert "TensorFlow 2." in found.environments[1]
    assert os.path.isabs(found.before)
