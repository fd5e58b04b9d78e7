"""The inputs that a worker makes: regimes, dtypes, shapes, ranges and choices."""

from __future__ import annotations

import math
import struct
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from checker_models import load_worker  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
load_worker(str(ROOT / "migrator" / "worker"))
#: The worker's modules, under the name that they import each other by.
common, values, inputs, limits, given, flow, hints, runs, records, texts, further = (
    sys.modules[f"migrator_worker.{name}"]
    for name in (
        "common",
        "values",
        "inputs",
        "limits",
        "given",
        "flow",
        "hints",
        "runs",
        "records",
        "texts",
        "further",
    )
)
Rule = values.Rule
PLAIN = dict(inputs.FIRST, rank=1, scalars=False)
REGIMES = ("normal", "zeros", "ones", "edge")


class Hints:
    """What a graph would say."""

    def __init__(self, sizes: Any = (), sized: bool = False) -> None:
        self.words = [b"cat", b"dog"]
        self.sizes = list(sizes)
        self.rows: list[int] = []
        self.unusual: list[str] = []
        self._sized = sized

    def kinds(self) -> list[str]:
        """Return the kinds of strings to try."""
        return ["words"]

    def features(self) -> dict[str, str]:
        """Return the dtypes of parsed features."""
        return {}

    def sized(self, tensor: str) -> bool:
        """Return whether a value becomes a size."""
        return self._sized

    def examples(self, tensor: str) -> None:
        """Return the parser of an input: none."""


def spec(dtype: str = "float32", shape: Any = (None, 4), tensor: str = "x:0") -> dict[str, Any]:
    """Return an input's description."""
    return {"dtype": dtype, "shape": None if shape is None else list(shape), "tensor": tensor}


def objects(*items: bytes) -> Any:
    """Return a vector of dtype object."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def make(
    specs: Any,
    fixed: Any = (),
    *,
    seed: int = 0,
    regime: str = "normal",
    batch: int = 3,
    settings: Any = PLAIN,
    rules: Any = None,
    hint: Any = None,
) -> Any:
    """Return the inputs of one signature."""
    limited = limits.Limits({("key", name): rule for name, rule in (rules or {}).items()}, {})
    maker = inputs.Maker("key", specs, hint or Hints(), seed, limited)
    return maker.inputs(dict(fixed), regime, batch, settings)


# --- what is generated ------------------------------------------------------------------


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize(
    "dtype",
    [
        "float16",
        "float32",
        "float64",
        "int8",
        "uint8",
        "int32",
        "int64",
        "uint64",
        "bool",
        "complex64",
        "complex128",
    ],
)
def test_generated_inputs_have_the_dtype_and_shape_asked_for(dtype: str, regime: str) -> None:
    """Unknown dims become the batch size first and the chosen size elsewhere."""
    found = make({"x": spec(dtype, (None, 2, None))}, regime=regime)["x"]
    assert found.dtype == np.dtype(dtype)
    assert found.shape == (3, 2, 5)
    if regime in ("zeros", "ones"):
        one = 1 + 1j if dtype.startswith("complex") else 1
        assert (found == (one if regime == "ones" else 0)).all()
    else:
        assert len(np.unique(found)) > 1


def test_generated_inputs_depend_on_the_seed() -> None:
    """The same seed gives the same inputs, another seed others."""
    specs = {"x": spec(), "n": spec("int64", (None,))}
    one, again, other = (make(specs, seed=seed) for seed in (0, 0, 1))
    assert all((one[name] == again[name]).all() for name in specs)
    assert any((one[name] != other[name]).any() for name in specs)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "string"])
def test_an_input_depends_on_nothing_but_seed_regime_and_its_name(dtype: str) -> None:
    """Neither other inputs nor the signature's key nor its place moves its values."""
    alone = make({"x": spec(dtype)})["x"]
    beside = make({"a": spec(), "x": spec(dtype), "z": spec("int32")}, {"z": np.ones(3)})["x"]
    maker = inputs.Maker("other", {"x": spec(dtype)}, Hints(), 0)
    assert (alone == beside).all()
    assert (alone == maker.inputs({}, "normal", 3, PLAIN)["x"]).all()


def test_two_inputs_of_one_spec_differ() -> None:
    """Swapped inputs show, because no two inputs are filled alike."""
    found = make({"a": spec(), "b": spec()})
    assert (found["a"] != found["b"]).any()


@pytest.mark.parametrize("top", [10, 2, 1])
def test_integers_stay_below_the_limit_being_tried(top: int) -> None:
    """A lookup with few rows is run with ids that it has, in every regime."""
    for regime in REGIMES:
        settings = dict(PLAIN, int=top, wide=0)
        found = make({"i": spec("int32", (None, 7))}, seed=3, regime=regime, settings=settings)["i"]
        assert found.min() >= 0
        assert found.max() < top


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
def test_the_widest_edges_are_the_ends_of_the_dtype(dtype: str) -> None:
    """A batch of three holds them both; where values become sizes, and in a scalar, none does."""
    ends = np.iinfo(dtype)
    specs = {"n": spec(dtype, (None,))}
    found = make(specs, regime="edge", settings=dict(PLAIN, wide=2))["n"]
    assert {int(found.min()), int(found.max())} == {ends.min, ends.max}
    for level, hint, shape in ((1, None, (None,)), (2, Hints(sized=True), (None,)), (2, None, ())):
        made = make(
            {"n": spec(dtype, shape)}, regime="edge", settings=dict(PLAIN, wide=level), hint=hint
        )["n"]
        assert np.abs(made.astype(float)).max() <= 127


def test_the_widest_edges_are_tried_first_and_fall_back() -> None:
    """Only the edge regime of integers has several widths."""
    specs = {"n": spec("int64", (None,)), "x": spec()}
    first = inputs.all_settings(specs, {}, Hints())[0]
    assert [s["wide"] for s in inputs.widths(first, specs, {}, "edge")] == [2, 1, 0]
    assert [s["wide"] for s in inputs.widths(first, specs, {}, "normal")] == [0]
    given_n = {"n": np.ones(3, np.int64)}
    assert [s["wide"] for s in inputs.widths(first, specs, given_n, "edge")] == [0]


def test_edge_floats_are_the_small_ones_of_their_dtype() -> None:
    """The edge regime holds the smallest normal number, both zeros and 1 + epsilon, all finite."""
    for dtype in ("float16", "float32", "float64"):
        found = make({"x": spec(dtype, (16,))}, regime="edge", batch=1)["x"]
        info = np.finfo(dtype)
        assert np.isfinite(found).all()
        assert info.tiny in found
        assert dtype == "float16" or (1 + info.eps) in found
        assert np.signbit(found[found == 0]).any()


def test_strings_come_from_the_vocabulary() -> None:
    """Normal strings are words that the model's tables may know; edge strings are awkward bytes."""
    specs = {"s": spec("string", (None,))}
    assert set(make(specs, batch=9)["s"]) <= {b"cat", b"dog"}
    edge = make(specs, regime="edge", batch=9)["s"]
    assert b"" in edge
    assert b"\x00\xff" in edge


@pytest.mark.parametrize("dtype", ["float32", "int64", "string", "bool"])
def test_an_empty_batch_has_no_rows(dtype: str) -> None:
    """The first dim is 0, the others are as they would be."""
    found = make({"x": spec(dtype)}, regime="empty", batch=0)["x"]
    assert found.shape == (0, 4)


@pytest.mark.parametrize(("rank", "shape"), [(0, ()), (1, (3,)), (2, (3, 5)), (4, (3, 5, 5, 3))])
def test_an_input_of_unknown_rank_takes_the_rank_being_tried(rank: int, shape: Any) -> None:
    """Every rank that is tried has its own shape."""
    found = make({"x": spec(shape=None)}, settings=dict(PLAIN, rank=rank))
    assert found["x"].shape == shape


@pytest.mark.parametrize(
    ("name", "dtype", "tensor", "scalar"),
    [
        ("keep_prob", "float32", "Placeholder:0", True),
        ("k", "float32", "model/keep_prob:0", True),
        ("is_training", "float32", "p:0", True),
        ("flag", "bool", "p:0", True),
        ("learning_rate", "float32", "p:0", True),
        ("x", "float32", "p:0", False),
        ("operation", "float32", "p:0", False),
        ("images", "float32", "p:0", False),
    ],
)
def test_inputs_without_a_shape_that_are_scalars_by_name(
    name: str, dtype: str, tensor: str, scalar: bool
) -> None:
    """``tf.placeholder(tf.float32, name="keep_prob")`` is tried as a scalar first."""
    specs = {name: spec(dtype, None, tensor)}
    first = inputs.all_settings(specs, {}, Hints())[0]
    assert (make(specs, settings=first)[name].shape == ()) is scalar


def test_a_scalar_may_repeat_the_batch_size() -> None:
    """A recurrent network's ``batch_size`` is tried after plain integers."""
    specs = {"batch_size": spec("int32", ()), "x": spec()}
    options = inputs.all_settings(specs, {}, Hints())
    assert not options[0]["own"]
    own = [settings for settings in options if settings["own"]]
    assert own
    assert make(specs, settings=own[0], batch=7)["batch_size"] == 7


def test_the_parts_of_a_sparse_input_fit_together() -> None:
    """There is a value for each index inside the dense shape, one to three in a row."""
    sparse = {"of": "x", "shape": [None, 6]}
    specs = {
        "x": dict(spec("int64", (None, 2)), sparse=dict(sparse, part="indices")),
        "x_1": dict(spec("float32", (None,)), sparse=dict(sparse, part="values")),
        "x_2": dict(spec("int64", (2,)), sparse=dict(sparse, part="shape")),
    }
    found = make(specs)
    assert found["x_2"].tolist() == [3, 6]
    assert found["x"][:, 0].tolist() == [0, 1, 1, 2, 2, 2]
    assert (found["x"] < found["x_2"]).all()
    assert len(set(found["x"][:, 1].tolist())) > 2
    assert found["x"].tolist() == sorted(found["x"].tolist())  # as TensorFlow wants them
    assert found["x_1"].shape == (6,)
    single = make(specs, settings=dict(PLAIN, single=True))
    assert single["x"].tolist() == [[0, 0], [1, 0], [2, 0]]
    wide = make(specs, regime="wide", batch=4)
    assert sorted(set(wide["x"][:, 0].tolist())) == [0, 2, 3]  # a row without values
    empty = make(specs, regime="empty", batch=0)
    assert [empty[name].shape for name in sorted(specs)] == [(0, 2), (0,), (2,)]
    assert empty["x_2"].tolist() == [0, 6]


# --- regimes and ways to fill -----------------------------------------------------------


def test_regimes_cover_batch_sizes_where_the_batch_is_open() -> None:
    """Batch 1, batch 3 and none are all run, and every kind of value; the empty one is last."""
    found = inputs.regimes_of({"x": spec()}, {})
    assert {batch for _, batch in found} == {1, 3, 0}
    assert {regime for regime, _ in found} == {"normal", "zeros", "ones", "edge", "empty"}
    assert {batch for regime, batch in found if regime == "normal"} == {1, 3}
    assert found[-1] == ("empty", 0)


@pytest.mark.parametrize(
    ("specs", "empty"),
    [
        ({"x": spec(shape=(3, 4))}, False),
        ({"x": spec(shape=(3, None))}, False),
        ({"x": spec(shape=())}, False),
        ({"x": spec(shape=None)}, True),
        ({"keep_prob": spec(shape=None)}, False),
        ({"x": spec(), "keep": spec(shape=())}, True),
    ],
)
def test_a_batch_is_empty_only_where_it_is_open(specs: Any, empty: bool) -> None:
    """A fixed batch, and a scalar, cannot be empty."""
    assert (("empty", 0) in inputs.regimes_of(specs, {})) is empty


def test_given_inputs_decide_the_regimes() -> None:
    """What is given in full is run once; what is given in part sets the batch size."""
    specs = {"x": spec(), "keep": spec(shape=())}
    x = np.ones((7, 4), np.float32)
    assert inputs.regimes_of(specs, {"x": x, "keep": np.float32(1)}) == [("given", 0)]
    assert {batch for _, batch in inputs.regimes_of(specs, {"x": x})} == {7}
    assert {batch for _, batch in inputs.regimes_of(specs, {"keep": np.array(1.0)})} == {1, 3, 0}
    assert inputs.regimes_of({}, {}) == [("no inputs", 0)]


def test_given_inputs_are_used_as_they_are() -> None:
    """A given array is not replaced in any regime."""
    fixed = {"keep": np.array(1.0, np.float32)}
    for regime in ("normal", "zeros", "edge", "empty"):
        assert make({"x": spec(), "keep": spec(shape=())}, fixed, regime=regime)["keep"] == 1.0


def test_ways_to_fill_vary_only_what_is_open() -> None:
    """A model of floats with known dims is tried once; ids and open sizes are varied."""
    assert len(inputs.all_settings({"x": spec(shape=(3, 4))}, {}, Hints())) == 1
    ids = inputs.all_settings({"x": spec("int32", (None,))}, {}, Hints())
    assert [s["int"] for s in ids] == [10, 2, 1]
    image = inputs.all_settings({"x": spec(shape=(None, None, None, 3))}, {}, Hints())
    assert len({s["dim"] for s in image}) > 3


def test_the_sizes_of_matrices_are_tried() -> None:
    """What the graph multiplies by says how wide an input may be whose width is not known."""
    hint = Hints(sizes=[3, 5, 7])
    sparse = {"of": "x", "shape": None, "part": "shape"}
    for made in (spec(shape=(None, None)), dict(spec("int64", (2,)), sparse=sparse)):
        sizes = [s["dim"] for s in inputs.all_settings({"x": made}, {}, hint)]
        assert list(dict.fromkeys(sizes))[:4] == [5, 1, 3, 7]
    assert {s["dim"] for s in inputs.all_settings({"x": spec()}, {}, hint)} == {5}


@pytest.mark.parametrize(
    ("regime", "shape", "dtype", "is_given", "neutral", "expected"),
    [
        ("zeros", (), "float32", False, False, True),
        ("ones", (), "float32", False, False, True),
        ("normal", (), "float32", False, False, False),
        ("normal", (), "float32", False, True, True),
        ("zeros", (3,), "float32", False, False, False),
        ("zeros", (), "int32", False, False, False),
        ("zeros", (), "float32", True, False, False),
        ("edge", (3,), "float32", False, False, True),
        ("empty", (3,), "float32", False, False, True),
        ("given", (), "float32", True, False, False),
    ],
)
def test_extreme_inputs_are_generated_scalars_and_edges(
    regime: str, shape: Any, dtype: str, is_given: bool, neutral: bool, expected: bool
) -> None:
    """A user's own value is never called extreme, nor is a generated vector of zeros."""
    feeds = {"keep": np.zeros(shape, dtype), "x": np.zeros((3, 4), np.float32)}
    fixed = {"keep": feeds["keep"]} if is_given else {}
    assert inputs.extreme(feeds, fixed, regime, neutral) is expected


# --- ranges and choices -----------------------------------------------------------------

RANGES = [
    ("float32", (0, 255)),
    ("float32", (0.25, 0.5)),
    ("float64", (-2.5, -1.5)),
    ("float16", (3, None)),
    ("float32", (None, -3.0)),
    ("bfloat16", (0, 1)),
    ("int64", (100, 200)),
    ("int64", (-(2**63), 2**63 - 1)),
    ("uint64", (2**63, 2**64 - 1)),
    ("uint8", (0, 255)),
    ("uint8", (250, None)),
    ("int32", (None, -7)),
    ("int32", (0.5, 1.5)),
    ("int8", (5, 5)),
    ("complex64", (2, 3)),
]


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize(("dtype", "ends"), RANGES)
def test_every_regime_stays_within_a_range(dtype: str, ends: Any, regime: str) -> None:
    """Zeros and ones are clipped, edges are the ends, and both ends are inside."""
    low, high = ends
    settings = dict(PLAIN, wide=2)
    rules = {"x": Rule(low, high, None)}
    found = make({"x": spec(dtype, (None, 8))}, regime=regime, settings=settings, rules=rules)["x"]
    parts = [found.real, found.imag] if dtype == "complex64" else [found]
    for part in parts:
        flat = [int(v) if "int" in dtype else float(v) for v in part.ravel()]
        assert low is None or min(flat) >= low
        assert high is None or max(flat) <= high
        if regime == "edge":
            inner = {math.ceil(low)} if "int" in dtype and low is not None else {low}
            assert inner - {None} <= set(flat)
            inner = {math.floor(high)} if "int" in dtype and high is not None else {high}
            assert inner - {None} <= set(flat)
        elif regime in ("zeros", "ones"):
            assert len(set(flat)) == 1


def test_a_range_is_filled_evenly() -> None:
    """Pixels of 0 to 255 are not all near an end."""
    found = make({"x": spec(shape=(None, 500))}, rules={"x": Rule(0, 255, None)})["x"]
    assert 110 < found.mean() < 145
    assert found.min() < 10
    assert found.max() > 245


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize(
    ("dtype", "options"),
    [
        ("string", objects(b"a", b"", b"caf\xc3\xa9")),
        ("string", objects(b"only")),
        ("int64", np.array([3, 2**62 + 1, 0])),
        ("float32", np.array([0.5, 0.25], np.float32)),
        ("bool", np.array([True])),
    ],
)
def test_every_regime_draws_from_the_choices(dtype: str, options: Any, regime: str) -> None:
    """Nothing else is made; the edge regime goes through all of them."""
    rules = {"x": Rule(None, None, options)}
    found = make({"x": spec(dtype, (None, 4))}, regime=regime, rules=rules)["x"]
    assert set(found.ravel().tolist()) <= set(options.tolist())
    if regime == "edge":
        assert set(found.ravel().tolist()) == set(options.tolist())


SIGNATURES = {
    "serving_default": {
        "inputs": {
            "x": spec(),
            "n": spec("int64", (None,)),
            "u": spec("uint8", (None,)),
            "s": spec("string", (None,)),
            "b": spec("bool", ()),
            "a/b": spec(),
            "keep": spec(shape=()),
        }
    },
    "a": {"inputs": {"b": spec("float64")}},
}


def read_limits(tmp_path: Path, ranges: Any = None, choices: Any = None) -> Any:
    """Return the limits that a request asks for, on its way through the parent's code."""
    from migrator.checker.inputs import input_fields

    fields = input_fields(None, ranges, choices, tmp_path)
    return limits.read_limits(
        fields, SIGNATURES, {"age": "int64", "word": "string", "code": "string"}
    )


def test_ranges_and_choices_are_resolved_by_name(tmp_path: Path) -> None:
    """An exact name comes before a signature's key; a feature is no input."""
    found = read_limits(
        tmp_path,
        {"x": (0, 1), "a/b": (2, 3), "serving_default/n": (None, 5), "age": (18, 99)},
        {"s": ["a"], "word": ["b", b"c"], "code": ["1", "2"], "keep": ["0.5"], "u": [1, 2]},
    )
    assert found.rule("serving_default", "x") == Rule(0, 1, None)
    assert found.rule("serving_default", "a/b") == Rule(2, 3, None)
    assert found.rule("a", "b") == Rule(2, 3, None)  # an input of the signature a, too
    assert found.rule("serving_default", "n") == Rule(None, 5, None)
    assert found.feature("age") == Rule(18, 99, None)
    assert found.feature("x") is None
    assert found.rule("serving_default", "s").choices.tolist() == [b"a"]
    assert found.feature("word").choices.tolist() == [b"b", b"c"]
    assert found.feature("code").choices.tolist() == [b"1", b"2"]
    keep = found.rule("serving_default", "keep").choices
    assert (keep.dtype, keep.tolist()) == (np.float32, [0.5])
    assert found.rule("serving_default", "u").choices.dtype == np.uint8


@pytest.mark.parametrize(
    ("ranges", "choices", "message"),
    [
        ({"z": (0, 1)}, None, r"no input 'z' to limit: the inputs are \[.*'x'.*features .*'age'"),
        ({"b/x": (0, 1)}, None, "no input 'b/x'"),
        ({"s": (0, 1)}, None, "'s' is string, which has no range: give choices"),
        ({"serving_default/b": (0, 1)}, None, "is bool, which has no range"),
        ({"u": (0, 256)}, None, "ends at 256, which uint8 cannot hold"),
        ({"u": (-1, 3)}, None, "ends at -1, which uint8 cannot hold"),
        ({"n": (0.2, 0.8)}, None, "holds no integer"),
        ({"x": (0, 1)}, {"x": [0.5]}, "both a range and choices"),
        (None, {"n": ["one"]}, "takes int64, not 'one'"),
        (None, {"u": [256]}, "do not fit"),
        (None, {"u": ["256"]}, "do not fit"),
        (None, {"s": [1]}, "takes string, not int64"),
        (None, {"none": ["a"]}, "no input 'none'"),
        (None, {"age": ["old"]}, "'age' takes int64, not 'old'"),
        ({"word": (0, 1)}, None, "'word' is string, which has no range"),
    ],
)
def test_limits_that_do_not_suit_the_model(
    tmp_path: Path, ranges: Any, choices: Any, message: str
) -> None:
    """A misspelled name is refused with the names that there are, a wrong value with the dtype."""
    with pytest.raises(common.BadInput, match=message):
        read_limits(tmp_path, ranges, choices)


def test_the_range_of_a_sparse_input_is_that_of_its_values(tmp_path: Path) -> None:
    """``x`` names all three parts, and only one of them holds values."""
    sparse = {"of": "x", "shape": [None, 6]}
    specs = {
        "x": dict(spec("int64", (None, 2)), sparse=dict(sparse, part="indices")),
        "x_1": dict(spec("float32", (None,)), sparse=dict(sparse, part="values")),
        "x_2": dict(spec("int64", (2,)), sparse=dict(sparse, part="shape")),
    }
    found = limits.read_limits({"ranges": {"x": [0.5, 0.75]}}, {"key": {"inputs": specs}}, {})
    made = inputs.Maker("key", specs, Hints(), 0, found).inputs({}, "normal", 3, PLAIN)
    assert 0.5 <= made["x_1"].min() <= made["x_1"].max() <= 0.75
    assert made["x_2"].tolist() == [3, 6]


# --- further regimes --------------------------------------------------------------------

WIDE = dict(PLAIN, ids=0, exponent=4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_wide_floats_have_all_magnitudes_and_both_signs(dtype: str) -> None:
    """Every column spans seven powers of ten, most densely where people count and measure."""
    found = make({"x": spec(dtype)}, regime="wide", batch=64, settings=WIDE)["x"]
    assert found.shape == (64, 4)
    assert found.dtype == np.dtype(dtype)
    for column in found.T:
        sizes = np.log10(np.abs(column))
        assert -3 <= sizes.min() < -2
        assert 3 < sizes.max() <= 4.0001
        assert ((sizes >= 0) & (sizes <= 2.5)).sum() >= 48
        assert 40 <= (column > 0).sum() <= 50
    calm = make({"x": spec(dtype)}, regime="wide", batch=64, settings=dict(WIDE, exponent=0))["x"]
    assert np.abs(calm).max() < 10


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "complex64"])
def test_wide_floats_of_few_digits_are_normal(dtype: str) -> None:
    """Sums of half precision are not comparable between versions at large magnitudes."""
    found = make({"x": spec(dtype)}, regime="wide", batch=64, settings=WIDE)["x"]
    size = np.abs(found.astype("complex128"))
    assert size.max() < 10


def test_wide_integers() -> None:
    """Both signs and several magnitudes; all 8-bit numbers; ids once each; sizes stay small."""
    specs = {name: spec(name, (None,)) for name in ("int32", "int64", "uint8", "int8", "uint16")}
    found = make(specs, regime="wide", batch=256, settings=WIDE)
    assert set(found["uint8"].tolist()) == set(range(256))
    assert set(found["int8"].tolist()) == set(range(-128, 128))
    for name in ("int32", "int64"):
        assert {-1, -5, 127, 1000} <= set(found[name].tolist())
        assert 1000 < np.abs(found[name]).max() <= 10000
    assert found["uint16"].min() >= 0
    few = make({"n": spec("int32", (None,))}, regime="wide", batch=2, settings=WIDE)["n"]
    assert few.tolist() == [-1, -5]
    ids = make(specs, regime="wide", batch=256, settings=dict(WIDE, ids=200))
    assert {name: (ids[name].min(), ids[name].max()) for name in ("int64", "uint8", "int8")} == {
        "int64": (0, 199),
        "uint8": (0, 199),
        "int8": (0, 127),
    }
    assert len(set(ids["int64"].tolist())) == 200
    small = make(specs, regime="wide", batch=256, settings=WIDE, hint=Hints(sized=True))
    assert all(np.abs(array.astype(int)).max() <= 127 for array in small.values())


def test_what_is_not_finite_is_beside_what_is() -> None:
    """A scalar stays finite: a rate that is not a number says nothing."""
    specs = {"x": spec(), "rate": spec(shape=()), "n": spec("int32", (None,))}
    for regime, check in (("nan", np.isnan), ("infinite", np.isinf)):
        found = make(specs, regime=regime)
        assert 0 < check(found["x"]).sum() < found["x"].size
        assert np.isfinite(found["rate"])
        assert not (np.isnan(found["x"]) & np.isinf(found["x"])).any()
    assert {np.inf, -np.inf} <= set(found["x"].ravel().tolist())


def test_wide_strings_run_through_the_vocabulary() -> None:
    """Each word once, some in capitals, and texts with all that a word has not."""
    words = [b"w%d" % number for number in range(300)]
    pool = texts.vocabulary(words)
    found = texts.make_texts(values.stream(0, "wide", "x"), len(pool), words)
    assert set(words) <= set(found)
    assert b"W7" in found
    assert max(len(text) for text in found) == 300
    assert max(len(text.split()) for text in found) == 40
    assert any(text != text.lower() for text in texts.TEXTS)
    some = texts.make_texts(values.stream(0, "wide", "x"), 3, words)
    assert len(set(some)) == 3
    hint = Hints()
    hint.words = words
    regimes = inputs.further_regimes({"s": spec("string", (None,))}, {}, hint)
    assert regimes == [("wide", len(pool))]


def test_lines_of_csv_leave_out_what_has_a_default() -> None:
    """A column without a default is never empty, and no word breaks the line."""
    columns = texts.Columns(["float32", "int32", "string"], [[], [2], [b""]], b";")
    rng = values.stream(0, "wide", "x")
    lines = texts.make_lines(rng, 40, "wide", columns, [b"a;b", b'"', b"c"])
    rows = [line.split(b";") for line in lines]
    assert {len(row) for row in rows} == {3}
    assert all(row[0] for row in rows)
    for place in (1, 2):
        assert {bool(row[place]) for row in rows} == {True, False}
    assert {row[2] for row in rows} == {b"", b"c"}


def test_further_regimes_are_those_that_the_inputs_leave_open() -> None:
    """Long where a dim beyond the first is open, not finite where the graph asks for it."""
    hint = Hints()
    assert inputs.further_regimes({"x": spec()}, {}, hint) == [("wide", 64)]
    assert inputs.further_regimes({"x": spec(shape=(3, 4))}, {}, hint) == [("wide", 1)]
    assert inputs.further_regimes({"x": spec()}, {"x": np.ones(3)}, hint) == []
    given_n = {"n": np.ones(7, np.int64)}
    specs = {"x": spec(shape=(None, None, 4)), "n": spec("int64", (None,))}
    assert inputs.further_regimes(specs, given_n, hint) == [("wide", 7), ("long", 7)]
    hint.unusual = ["nan"]
    assert inputs.further_regimes({"x": spec()}, {}, hint)[1:] == [("nan", 3)]
    assert inputs.further_regimes({"n": spec("int32")}, {}, hint) == [("wide", 64)]
    hint.rows = [100_000, 100]
    assert inputs.further_regimes({"n": spec("int64", (None,))}, {}, hint) == [("wide", 512)]


# --- scalars that make a model repeatable -----------------------------------------------


class Dropout:
    """A view whose output is another one on each run unless its scalars are neutral."""

    name = "v1"

    def __init__(self, model: Any) -> None:
        self._model = model
        self.calls = 0

    def call(self, key: str, feeds: Any, extra: Any) -> Any:
        """Run the model."""
        self.calls += 1
        return self._model(feeds, self.calls)


class Sink:
    """A store that keeps arrays."""

    def __init__(self) -> None:
        self.arrays: list[Any] = []

    def put(self, value: Any) -> Any:
        """Take in an array."""
        self.arrays.append(value)
        return {"key": len(self.arrays) - 1}


def settled(model: Any, specs: Any, rules: Any = None, regime: str = "normal") -> Any:
    """Return the record of a run, and the runner."""
    limited = limits.Limits({("key", n): rule for n, rule in (rules or {}).items()}, {})
    maker = inputs.Maker("key", specs, Hints(), 0, limited)
    runner = runs.Before(Dropout(model), {}, Sink(), Sink())
    runner.run(maker, runs.Plan("label", {}, {}, regime, 3))
    (record,) = runner.runs
    return record, runner


def keep_model(feeds: Any, run: int) -> Any:
    """Drop by a keep probability; what is dropped is another thing on each run."""
    keep = float(feeds["keep"])
    y = feeds["x"] * (1.0 if keep == 1 else 0.0 if keep == 0 else run)
    return {"y": y}


def training_model(feeds: Any, run: int) -> Any:
    """Be random in training, or at a rate other than 0."""
    calm = not feeds["training"] and float(feeds["rate"]) == 0
    return {"y": feeds["x"] + (0 if calm else run)}


KEEP = {"x": spec(), "keep": spec(shape=())}
TRAINING = {"x": spec(), "training": spec("bool", ()), "rate": spec(shape=())}


def test_a_random_keep_probability_becomes_neutral() -> None:
    """What was found is in the label, in the record and in the inputs of the other side."""
    record, runner = settled(keep_model, KEEP)
    assert record["unstable"] == []
    assert record["regime"] == "label, keep=1"
    assert record["neutral"] == {"keep": 1.0}
    assert record["extreme"]
    (made,) = runner.made
    assert made["regime"] == "label, keep=1"
    assert runner._inputs.arrays[made["inputs"]["keep"]["key"]] == 1.0


def test_several_scalars_become_neutral_together() -> None:
    """No single one makes the output repeatable; the two do."""
    record, _ = settled(training_model, TRAINING)
    assert record["regime"] == "label, rate=0, training=False"
    assert record["unstable"] == []


def test_what_nothing_makes_repeatable_stays_unstable() -> None:
    """The generated value stays, and the label says nothing else."""
    record, _ = settled(lambda feeds, run: {"y": feeds["x"] + run}, KEEP)
    assert (record["regime"], record["unstable"], record["neutral"]) == ("label", ["y"], {})


def test_a_neutral_value_outside_of_the_users_range_is_not_tried() -> None:
    """The user's word on a scalar counts, even where the output stays unstable."""
    record, _ = settled(keep_model, KEEP, {"keep": Rule(0.25, 0.75, None)})
    assert record["unstable"] == ["y"]
    record, _ = settled(keep_model, KEEP, {"keep": Rule(None, None, np.array([0.5, 0.6]))})
    assert record["unstable"] == ["y"]


def test_no_neutral_value_replaces_one_that_was_given() -> None:
    """A keep probability that the user gave stays, and its output unstable."""
    maker = inputs.Maker("key", KEEP, Hints(), 0)
    runner = runs.Before(Dropout(keep_model), {}, Sink(), Sink())
    fixed = {"keep": np.array(0.5, np.float32)}
    runner.run(maker, runs.Plan("label", fixed, {}, "normal", 3))
    assert runner.runs[0]["unstable"] == ["y"]
    assert runner.runs[0]["regime"] == "label"


def test_a_model_without_scalars_is_run_twice_and_no_more() -> None:
    """Looking for neutral values costs nothing where there are none."""
    view = Dropout(lambda feeds, run: {"y": feeds["x"] + run})
    runner = runs.Before(view, {}, Sink(), Sink())
    runner.run(inputs.Maker("key", {"x": spec()}, Hints(), 0), runs.Plan("n", {}, {}, "normal", 3))
    assert view.calls == 2


def test_an_empty_batch_that_is_refused_is_not_spoken_of() -> None:
    """Neither is one tried where nothing else has run."""

    def model(feeds: Any, run: int) -> Any:
        if not len(feeds["x"]):
            raise ValueError("no rows")
        return {"y": feeds["x"]}

    view = Dropout(model)
    runner = runs.Before(view, {}, Sink(), Sink())
    maker = inputs.Maker("key", {"x": spec()}, Hints(), 0)
    runner.run(maker, runs.Plan("empty, batch 0", {}, {}, "empty", 0))
    assert view.calls == 0
    runner.run(maker, runs.Plan("normal", {}, {}, "normal", 3))
    runner.run(maker, runs.Plan("empty, batch 0", {}, {}, "empty", 0))
    assert view.calls == 3
    assert [run["regime"] for run in runner.runs] == ["normal"]


@pytest.mark.parametrize("careful", [False, True])
def test_what_may_end_the_process_has_a_phase_of_its_own(tmp_path: Path, careful: bool) -> None:
    """The parent can tell what a process died of, and asks for a run without it."""
    seen: dict[str, int] = {}

    def model(feeds: Any, run: int) -> Any:
        found = (tmp_path / "phase").read_text() if (tmp_path / "phase").exists() else ""
        seen[found] = max(seen.get(found, 0), int(np.abs(feeds["n"].astype(float)).max()))
        return {"y": feeds["n"]}

    specs = {"n": spec("int32", (None,))}
    request = {"out": str(tmp_path), "careful": careful}
    runner = runs.Before(Dropout(model), request, Sink(), Sink())
    for regime in ("normal", "edge", "ones"):
        maker = inputs.Maker("key", specs, Hints(), 0)
        runner.run(maker, runs.Plan(regime, {}, {}, regime, 3))
    assert seen.pop("wide", 0) == (0 if careful else 2**31)
    assert max(seen.values()) <= 127
    assert [run["regime"] for run in runner.runs] == ["normal", "edge", "ones"]


# --- whether further inputs are run -----------------------------------------------------


def ran_further(model: Any, specs: Any, regime: str = "wide", request: Any = None) -> Any:
    """Return the runner, after a normal regime and a further one."""
    runner = runs.Before(Dropout(model), request or {}, Sink(), Sink())
    maker = inputs.Maker("key", specs, Hints(), 0)
    runner.run(maker, runs.Plan("normal, batch 3", {}, {}, "normal", 3))
    runner.run_further(maker, runs.Plan(f"{regime}, batch 64", {}, {}, regime, 64))
    return runner


def test_further_inputs_that_are_refused_are_not_spoken_of() -> None:
    """A model that takes three rows has no wide regime, and no error of one."""

    def model(feeds: Any, run: int) -> Any:
        if len(feeds["x"]) > 3:
            raise ValueError("too many")
        return {"y": feeds["x"]}

    assert [run["regime"] for run in ran_further(model, {"x": spec()}).runs] == ["normal, batch 3"]


def test_integers_fall_back_to_those_that_the_model_takes() -> None:
    """Negative numbers are tried first; ids below ten are run then, in many rows."""

    def model(feeds: Any, run: int) -> Any:
        return {"y": np.arange(10)[feeds["n"]] if feeds["n"].min() >= 0 else {}["n"]}

    runner = ran_further(model, {"n": spec("int32", (None,))})
    assert [run["regime"] for run in runner.runs] == ["normal, batch 3", "wide, batch 64"]


def test_rows_that_rounding_decides_are_calmed() -> None:
    """Sums that cancel out would differ between versions that are both right; others stay wide."""

    def model(feeds: Any, run: int) -> Any:
        return {"y": feeds["x"].sum(1), "up": (feeds["x"] > 18).sum(1)}

    runner = ran_further(model, {"x": spec(shape=(None, 4))})
    (made,) = (item for item in runner.made if item["regime"].startswith("wide"))
    assert made["extreme"]
    x = runner._inputs.arrays[made["inputs"]["x"]["key"]].astype(np.float64)
    assert np.abs(x).max() > 1000
    cancelled = np.abs(x.sum(1)) / np.abs(x).sum(1)
    large = np.abs(x).max(1) > 10
    assert large.sum() > 30
    assert cancelled[large].min() > 0.01
    raw = make({"x": spec()}, regime="wide", batch=64, settings=WIDE)["x"].astype(np.float64)
    assert (np.abs(raw.sum(1)) / np.abs(raw).sum(1)).min() < cancelled[large].min()


def test_what_rounding_decides_as_a_whole_is_run_on_normal_values() -> None:
    """One sum over all rows has no rows to calm: the magnitudes go."""

    def model(feeds: Any, run: int) -> Any:
        return {"y": (feeds["x"] * 1e3).round().sum() % 7}

    runner = ran_further(model, {"x": spec(shape=(None, 4))})
    (made,) = (item for item in runner.made if item["regime"].startswith("wide"))
    assert np.abs(runner._inputs.arrays[made["inputs"]["x"]["key"]]).max() < 10


def test_a_slow_model_is_run_on_few_rows_or_none() -> None:
    """By the least time per row that was seen; and by the size of what goes in and out."""
    one = {"x": np.ones((1, 4), np.float32)}
    for seconds, rows in ((0.001, 64), (0.01, 8), (0.1, 8), (0.2, 0), (5.0, 0)):
        meter = further.Meter()
        meter.add(seconds * 30, 3, one, one)
        meter.add(seconds, 1, one, one)
        assert meter.rows(64) == rows
    large = {"x": np.ones((1, 1 << 18), np.float32)}
    meter = further.Meter()
    assert meter.rows(64) == 0
    meter.add(1e-6, 1, large, {})
    assert meter.rows(64) == 8
    many = further.Meter()
    many.add(1e-6, 1, {"x": np.ones((1, 1 << 22), np.float32)}, {})
    assert many.rows(64) == 0


def test_fewer_rows_are_in_the_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the label says was run is what was run."""
    monkeypatch.setattr(further, "MOST_SECONDS", -1.0)
    runner = ran_further(lambda feeds, run: {"y": feeds["x"]}, {"x": spec()})
    assert [run["regime"] for run in runner.runs] == ["normal, batch 3", "wide, batch 8"]
    made = runner.made[-1]
    assert runner._inputs.arrays[made["inputs"]["x"]["key"]].shape == (8, 4)


# --- which values become sizes ----------------------------------------------------------


def node(name: str, op: str, *sources: str, dtype: int = 3) -> Any:
    """Return a stand-in for a NodeDef."""
    attr = {"T": SimpleNamespace(type=dtype)}
    return SimpleNamespace(name=name, op=op, input=list(sources), attr=attr)


@pytest.mark.parametrize(
    ("nodes", "sized"),
    [
        ([node("r", "Range", "c", "n", "c")], {"n"}),
        ([node("m", "Max", "n"), node("f", "Fill", "m", "x")], {"n"}),
        ([node("f", "Fill", "c", "x")], set()),
        ([node("s", "Shape", "n"), node("r", "Reshape", "x", "s")], set()),
        ([node("r", "Reshape", "n", "c")], set()),
        ([node("l", "Less", "i", "n"), node("e", "LoopCond", "l")], {"n"}),
        ([node("d", "FloorDiv", "n", "c")], {"n"}),
        ([node("d", "FloorDiv", "x", "c", dtype=1)], set()),
        ([node("t", "TensorArrayScatterV3", "h", "c", "n", "f")], set()),
        ([node("t", "TensorArrayV3", "n")], {"n"}),
        ([node("g", "GatherV2", "x", "n", "c")], set()),
        ([node("s", "SparseToDense", "x", "n", "c")], {"n", "x"}),
        ([node("o", "OneHot", "n", "c", "c", "c")], set()),
        ([node("o", "OneHot", "x", "n", "c", "c")], {"n"}),
        ([node("w", "While", "x", "n")], {"n", "x"}),
        ([node("r", "Range", "c", "^n", "c")], set()),
    ],
)
def test_inputs_whose_values_become_sizes(nodes: Any, sized: Any) -> None:
    """Enormous values are kept from sizes, loops and integer divisions; shapes do not count."""
    known = [node("n", "Placeholder"), node("x", "Placeholder"), node("c", "Const")]
    known += [node(name, "NoOp") for name in ("i", "h", "f") if name not in {n.name for n in nodes}]
    assert flow.Scope(known + nodes).sized() == sized


def test_a_walk_ends_in_a_loop() -> None:
    """The back edge of a loop of TensorFlow 1 is followed once."""
    loop = [
        node("n", "Placeholder"),
        node("enter", "Enter", "n"),
        node("merge", "Merge", "enter", "next"),
        node("less", "Less", "merge", "merge"),
        node("cond", "LoopCond", "less"),
        node("next", "NextIteration", "merge"),
    ]
    assert flow.Scope(loop).sized() == {"n"}


def test_without_a_graph_nothing_dangerous_is_tried() -> None:
    """A Keras model has no graph to look at: every integer may become a size there."""
    found = hints.Hints(None, "/nowhere")
    assert found.sized("x:0")
    assert found.kinds() == ["words"]
    assert (found.features(), found.examples("x:0")) == ({}, None)


# --- what is given ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        (np.array([1.5]), "int32", "do not fit"),
        (np.array([-1]), "uint8", "do not fit"),
        (np.array([-1]), "uint64", "do not fit"),
        (np.array([2**63], np.uint64), "int64", "do not fit"),
        (np.array([1e30]), "int64", "do not fit"),
        (np.array([np.nan]), "int32", "do not fit"),
        (np.array([2**40]), "int32", "do not fit"),
        (np.array([2]), "bool", "do not fit"),
        (objects(b"a"), "float32", "takes float32, not string"),
        (np.array([1.0]), "string", "takes string, not float64"),
    ],
)
def test_given_values_that_do_not_fit_are_refused(value: Any, dtype: str, message: str) -> None:
    """A cast that would change the values is an error, not another comparison."""
    with pytest.raises(common.BadInput, match=message):
        given.fit(value, spec(dtype, [None]), "x")


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.array([0.1]), "float32"),
        (np.array([1.0]), "int64"),
        (np.array([1]), "float32"),
        (np.array([0, 1]), "bool"),
        (np.array([2**62 + 1]), "int64"),
        (np.array([2**64 - 1], np.uint64), "uint64"),
        (np.array([np.nan, np.inf]), "float16"),
    ],
)
def test_given_values_are_cast_as_feed_dict_casts(value: Any, dtype: str) -> None:
    """float64 is fed to a float32 placeholder, whole floats to an integer one."""
    found = given.fit(value, spec(dtype, [None]), "x")
    assert found.dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("shape", "value", "message"),
    [
        ((None, 4), np.ones([3, 5]), r"takes shape \[None, 4\], not \[3, 5\]"),
        ((None, 4), np.ones([4]), r"not \[4\]"),
        ((), np.ones([1]), r"takes shape \[\], not \[1\]"),
        ((2,), np.ones([]), r"takes shape \[2\], not \[\]"),
    ],
)
def test_given_values_of_another_shape_are_refused(shape: Any, value: Any, message: str) -> None:
    """Nothing is broadcast, and the sentence says which shape the input takes."""
    with pytest.raises(common.BadInput, match=message):
        given.fit(value, spec(shape=shape), "x")


@pytest.mark.parametrize(
    ("words", "kind", "shape", "expected"),
    [
        ((b"1", b" 2 "), "int64", (None,), [1, 2]),
        ((b"9223372036854775807",), "int64", (None,), [2**63 - 1]),
        ((b"1e3", b"nan", b"-inf"), "float32", (None,), [1e3, np.nan, -np.inf]),
        ((b"True", b"0"), "bool", (None,), [True, False]),
        ((b"1", b"2"), "float32", (None, 1), [[1.0], [2.0]]),
        ((b"0.5", b"0.5"), "float32", (), 0.5),
        ((b"a", b""), "string", (None,), [b"a", b""]),
        ((b"a",), "string", (), b"a"),
    ],
)
def test_a_table_spells_numbers_as_text(words: Any, kind: str, shape: Any, expected: Any) -> None:
    """A column is one value per example, one column of a matrix, or a scalar that repeats."""
    found = given.fit(objects(*words), spec(kind, shape), "x", text=True)
    assert str(found.tolist()) == str(expected)
    assert kind == "string" or found.dtype == np.dtype(kind)


@pytest.mark.parametrize(
    ("words", "kind", "shape", "message"),
    [
        ((b"one",), "int64", (None,), "takes int64, not 'one'"),
        ((b"1.5",), "int64", (None,), "takes int64, not '1.5'"),
        ((b"maybe",), "bool", (None,), "takes bool, not 'maybe'"),
        ((b"300",), "uint8", (None,), "do not fit"),
        ((b"99999999999999999999",), "int64", (None,), "do not fit"),
        ((b"1", b"2"), "float32", (), "takes one value"),
        ((b"1", b"2"), "float32", (None, 2), "takes shape"),
        ((b"\xff",), "float32", (None,), "takes float32"),
    ],
)
def test_text_that_is_no_such_number_is_refused(
    words: Any, kind: str, shape: Any, message: str
) -> None:
    """The cell is shown."""
    with pytest.raises(common.BadInput, match=message):
        given.fit(objects(*words), spec(kind, shape), "x", text=True)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (struct.pack("<Q", 0) + bytes.fromhex("29039807"), True),
        (struct.pack("<Q", 1) + bytes.fromhex("29039807"), False),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x00\x00", False),
        (b"short", False),
        (b"", False),
    ],
)
def test_the_head_of_a_record_is_known_by_its_checksum(start: bytes, expected: bool) -> None:
    """The length of an empty record has the checksum that TensorFlow writes for it."""
    assert records.starts_record(start) is expected


# --- images and words -------------------------------------------------------------------


def test_generated_images_are_valid_png_files() -> None:
    """Every chunk's length and checksum is right, and the pixels inflate to their size."""
    data = values.png(np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    position, chunks = 8, {}
    while position < len(data):
        (length,) = struct.unpack(">I", data[position : position + 4])
        kind, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        (crc,) = struct.unpack(">I", data[position + 8 + length : position + 12 + length])
        assert crc == zlib.crc32(kind + body)
        chunks[kind] = body
        position += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (3, 2)
    assert len(zlib.decompress(chunks[b"IDAT"])) == 2 * (1 + 3 * 3)


def test_generated_images_are_no_squares() -> None:
    """Height and width are told apart; a mixture has other sizes and numbers of channels."""

    def heads(**settings: Any) -> set[Any]:
        made = values.make_images(values.stream(0, "wide", "x"), 8, "wide", settings)
        return {struct.unpack(">IIBB", image[16:26]) for image in made}

    assert heads() == {(28, 40, 8, 2)}
    assert heads(side=1) == {(32, 32, 8, 2)}
    mixed = heads(mixed=True)
    assert {color for _, _, _, color in mixed} == {0, 2, 4, 6}
    assert len(mixed) == 4


@pytest.mark.parametrize("regime", REGIMES)
def test_raw_strings_have_the_size_asked_for(regime: str) -> None:
    """Read as float32 they hold no NaN and no infinity."""
    found = values.make_raw(values.stream(0, regime, "x"), 5, 16, regime)
    assert [len(item) for item in found] == [16] * 5
    assert all(np.isfinite(np.frombuffer(item, np.float32)).all() for item in found)


def test_asset_words_leave_binary_files_out(tmp_path: Path) -> None:
    """Text assets give words, with the first columns of a table; binary ones give none."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "words.txt").write_bytes(b"cat\ndog\t3\n")
    (assets / "model.bin").write_bytes(b"\0\1\2\n")
    assert hints.asset_words(str(tmp_path)) == [b"cat", b"dog\t3", b"dog", b"3"]
