"""The worker's pure parts; what it does with TensorFlow is tested through the checker."""

from __future__ import annotations

import ast
import json
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from checker_models import load_worker

np = pytest.importorskip("numpy")

ROOT = Path(__file__).resolve().parent.parent
WORKER = ROOT / "migrator" / "worker"
MODULES = sorted(WORKER.glob("*.py"))


@pytest.fixture(scope="module")
def worker():
    """The worker, imported by its path as a module."""
    return load_worker(str(WORKER))


def objects(*items):
    """Return a vector of dtype object."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


# --- what the file may be ---------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_syntax_is_python_3_6(path):
    """Every Python that TensorFlow 1.15 has wheels for can read the file."""
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_imports_are_the_standard_library_numpy_and_tensorflow():
    """The package runs by its path where this project is not installed."""
    names = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level <= 1
                names |= {node.module.split(".")[0]} if not node.level else set()
    assert names - set(sys.stdlib_module_names) == {"numpy", "tensorflow"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_imports_numpy_or_tensorflow_at_the_top(path):
    """A broken TensorFlow is reported as an answer, not as a traceback."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert not top & {"numpy", "tensorflow"}


def test_its_own_folder_does_not_hide_packages(tmp_path):
    """A module beside the worker is not found when the worker imports a package of that name."""
    here = tmp_path / "package"
    shutil.copytree(WORKER, here)
    (here / "numpy.py").write_text("raise SystemExit('the neighbour was imported')")
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"out": str(tmp_path)}))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "tensorflow.py").write_text("raise ImportError('no TensorFlow today')")
    command = (
        f"import sys, runpy; sys.path.insert(0, {str(here)!r}); "
        f"sys.path.insert(1, {str(tmp_path / 'site')!r}); sys.argv[1:] = [{str(request)!r}]; "
        f"runpy.run_path({str(here / '__main__.py')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["status"] == "no_tensorflow"
    assert result["error"] == "no TensorFlow today"


# --- arrays on disk ---------------------------------------------------------------------

ARRAYS = {
    "float32": np.array([[1.5, np.nan], [-np.inf, -0.0]], np.float32),
    "float16": np.array([1, 2], np.float16),
    "float64": np.float64(1 / 3),
    "int64": np.array(2**62 + 1),
    "uint64": np.array([2**64 - 1], np.uint64),
    "int8": np.array([-128, 127], np.int8),
    "bool": np.array([True, False]),
    "complex64": np.array([1 + 2j], np.complex64),
    "empty": np.zeros([0, 3], np.float32),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "big endian": np.array([1, 2], ">i4"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_numbers_come_back_as_they_were(worker, tmp_path, name):
    """Dtype, shape and every bit of an array survive the way to disk."""
    value = ARRAYS[name]
    store = worker.Store(str(tmp_path / "a.npz"))
    entry = json.loads(json.dumps(store.put(value)))
    store.close()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        back = worker.load(entry, arrays)
    assert entry["dtype"] == value.dtype.name
    assert back.dtype == value.dtype
    assert back.shape == value.shape
    assert back.tobytes() == np.asarray(value).tobytes()


@pytest.mark.parametrize(
    "items",
    [
        [b""],
        [b"\0"],
        [b"trailing\0\0", b"", b"\xff\xfe"],
        ["été".encode()],
        [b"x" * 100000, b"y"],
        [],
    ],
)
def test_strings_come_back_as_they_were(worker, tmp_path, items):
    """Bytes survive whole: with trailing zeros, empty, not UTF-8."""
    store = worker.Store(str(tmp_path / "a.npz"))
    entry = store.put(objects(*items))
    store.close()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert list(worker.load(entry, arrays)) == items
    assert entry["dtype"] == "string"


def test_a_scalar_string_keeps_its_trailing_zero(worker, tmp_path):
    """``Session.run`` returns a scalar string as ``bytes``, which NumPy alone would cut."""
    store = worker.Store(str(tmp_path / "a.npz"))
    entry = store.put(b"ab\0")
    store.close()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert worker.load(entry, arrays).item() == b"ab\0"
    assert entry["shape"] == []


def test_types_that_numpy_lacks_are_widened_without_loss(worker, tmp_path):
    """A bfloat16 is stored as float32 under its own name."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    value = np.array([1.0, 3.140625, -2.0], ml_dtypes.bfloat16)
    store = worker.Store(str(tmp_path / "a.npz"))
    entry = store.put(value)
    store.close()
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        back = worker.load(entry, arrays)
    assert entry["dtype"] == "bfloat16"
    assert back.tolist() == [1.0, 3.140625, -2.0]


def test_quantized_values_are_stored_as_their_integers(worker):
    """A quantized type, one named field to NumPy, keeps its name and its numbers."""
    value = np.array([(1,), (-3,)], dtype=[("qint8", "i1")])
    assert worker.dtype_name(value) == "qint8"
    assert worker.plain(value).tolist() == [1, -3]


# --- two runs of one side ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (np.array([1.0, np.nan]), np.array([1.0, np.nan]), True),
        (np.array([1.0, np.nan]), np.array([np.nan, 1.0]), False),
        (np.array([1.0]), np.array([1.0 + 2**-52]), False),
        (np.array([0.0]), np.array([-0.0]), True),
        (np.array([np.inf]), np.array([-np.inf]), False),
        (np.array([1]), np.array([1.0]), False),
        (np.array([1]), np.array([[1]]), False),
        (np.array([2**62]), np.array([2**62 + 1]), False),
        (objects(b"a"), objects(b"a"), True),
        (objects(b"a"), objects(b"a\0"), False),
    ],
)
def test_two_runs_are_the_same_to_the_bit(worker, one, two, expected):
    """An output that moves by one unit in the last place between two runs is not stable."""
    assert worker.same(one, two) is expected


# --- names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x", "x"),
        ("input/x", "input_x"),
        ("dense_input:0", "dense_input_0"),
        ("1x", "arg_1x"),
        ("_x", "arg__x"),
        ("a.b-c", "a_b_c"),
        ("in", "arg_in"),
        ("lambda", "arg_lambda"),
    ],
)
def test_input_names_become_python_names(worker, name, expected):
    """The rule is the one by which tf.saved_model.save names a signature's parameters."""
    assert worker.sanitized(name) == expected


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("x", ["x", "x_1", "x_2"]),
        ("x", ["x_indices", "x_values", "x_dense_shape"]),
        ("in", ["arg_in", "arg_in_1", "arg_in_2"]),
        ("a/b", ["a_b", "a_b_1", "a_b_2"]),
        ("a/b", ["a_b_indices", "a_b_values", "a_b_dense_shape"]),
    ],
)
def test_the_parameters_of_a_sparse_input(worker, key, parameters):
    """They are those that the loaded function has: TensorFlow 1's endings, or three arguments."""
    names = [key, key + "_1", key + "_2"]
    inputs = {
        name: dict(spec("int64"), sparse={"of": key, "part": part, "shape": None})
        for name, part in zip(names, ["indices", "values", "shape"], strict=True)
    }
    inputs["dense"] = spec()
    found = [worker.matching(worker.parameter(n, inputs, parameters), parameters) for n in names]
    assert found == parameters
    assert worker.parameter("dense", inputs, parameters) == "dense"


def test_an_input_is_found_under_its_own_name_first(worker):
    """A Python-safe spelling counts only where the name itself is absent."""
    assert worker.matching("a/b", ["a/b", "a_b"]) == "a/b"
    assert worker.matching("a/b", ["a_b"]) == "a_b"
    with pytest.raises(ValueError, match="no input 'c'"):
        worker.matching("c", ["a/b"])


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("indices[0] = 9 is not in [0, 5)", "indices[0] = 9 is not in [0, 5)"),
        ("Graph execution error:\n\nDetected at node 'a' defined at:\nNode: 'a'\nbad", "bad"),
        ("\n\n", "ValueError"),
        ("", "ValueError"),
    ],
)
def test_an_error_is_said_in_one_line(worker, message, expected):
    """TensorFlow 2's lines about the position in the graph are left out."""
    assert worker.what_failed(ValueError(message)) == expected


# --- inputs -----------------------------------------------------------------------------

HINTS = SimpleNamespace(words=[b"cat", b"dog"], kinds=lambda: ["words"], features=[], sizes=[])
PLAIN = {"strings": "words", "int": 10, "wide": True, "dim": 5, "rank": 1}


def spec(dtype="float32", shape=(None, 4), tensor="x:0"):
    """Return an input's description."""
    return {"dtype": dtype, "shape": None if shape is None else list(shape), "tensor": tensor}


@pytest.mark.parametrize("regime", ["normal", "zeros", "ones", "edge"])
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
def test_generated_inputs_have_the_dtype_and_shape_asked_for(worker, dtype, regime):
    """Unknown dims become the batch size first and the chosen size elsewhere."""
    specs = {"x": spec(dtype, (None, 2, None))}
    found = worker.make_inputs(specs, {}, HINTS, 0, regime, 3, PLAIN)["x"]
    assert found.dtype == np.dtype(dtype)
    assert found.shape == (3, 2, 5)
    if regime in ("zeros", "ones"):
        one = 1 + 1j if dtype.startswith("complex") else 1
        assert (found == (one if regime == "ones" else 0)).all()
    else:
        assert len(np.unique(found)) > 1


def test_generated_inputs_depend_on_the_seed_only(worker):
    """The same seed gives the same inputs, another seed others."""
    specs = {"x": spec(), "n": spec("int64", (None,))}

    def make(seed):
        return worker.make_inputs(specs, {}, HINTS, seed, "normal", 3, PLAIN)

    one, again, other = make(0), make(0), make(1)
    assert all((one[name] == again[name]).all() for name in specs)
    assert any((one[name] != other[name]).any() for name in specs)


def test_two_inputs_of_one_spec_differ(worker):
    """Swapped inputs show, because no two inputs are filled alike."""
    found = worker.make_inputs({"a": spec(), "b": spec()}, {}, HINTS, 0, "normal", 3, PLAIN)
    assert (found["a"] != found["b"]).any()


@pytest.mark.parametrize("top", [10, 2, 1])
def test_integers_stay_below_the_limit_being_tried(worker, top):
    """A lookup with few rows is run with ids that it has, in every regime."""
    settings = dict(PLAIN, int=top, wide=False)
    for regime in ("normal", "zeros", "ones", "edge"):
        specs = {"ids": spec("int32", (None, 7))}
        found = worker.make_inputs(specs, {}, HINTS, 3, regime, 3, settings)["ids"]
        assert found.min() >= 0
        assert found.max() < top


def test_edge_floats_are_the_small_ones_of_their_dtype(worker):
    """The edge regime holds the smallest normal number, both zeros and 1 + epsilon, all finite."""
    for dtype in ("float16", "float32", "float64"):
        specs = {"x": spec(dtype, (16,))}
        found = worker.make_inputs(specs, {}, HINTS, 0, "edge", 1, PLAIN)["x"]
        info = np.finfo(dtype)
        assert np.isfinite(found).all()
        assert info.tiny in found
        assert dtype == "float16" or (1 + info.eps) in found
        assert np.signbit(found[found == 0]).any()


def test_strings_come_from_the_vocabulary(worker):
    """Normal strings are words that the model's tables may know; edge strings are awkward bytes."""
    specs = {"s": spec("string", (None,))}
    normal = worker.make_inputs(specs, {}, HINTS, 0, "normal", 9, PLAIN)["s"]
    assert set(normal) <= {b"cat", b"dog"}
    edge = worker.make_inputs(specs, {}, HINTS, 0, "edge", 9, PLAIN)["s"]
    assert b"" in edge
    assert b"\x00\xff" in edge


@pytest.mark.parametrize(("rank", "shape"), [(0, ()), (1, (3,)), (2, (3, 5)), (4, (3, 5, 5, 3))])
def test_an_input_of_unknown_rank_takes_the_rank_being_tried(worker, rank, shape):
    """Every rank that is tried has its own shape."""
    settings = dict(PLAIN, rank=rank)
    found = worker.make_inputs({"x": spec(shape=None)}, {}, HINTS, 0, "normal", 3, settings)
    assert found["x"].shape == shape


def test_the_parts_of_a_sparse_input_fit_together(worker):
    """Indices lie inside the dense shape and there is a value for each."""
    sparse = {"of": "x", "shape": [None, 6]}
    specs = {
        "x": dict(spec("int64", (None, 2)), sparse=dict(sparse, part="indices")),
        "x_1": dict(spec("float32", (None,)), sparse=dict(sparse, part="values")),
        "x_2": dict(spec("int64", (2,)), sparse=dict(sparse, part="shape")),
    }
    found = worker.make_inputs(specs, {}, HINTS, 0, "normal", 3, PLAIN)
    assert found["x_2"].tolist() == [3, 6]
    assert found["x"].shape == (3, 2)
    assert (found["x"] < found["x_2"]).all()
    assert found["x_1"].shape == (3,)


def test_regimes_cover_two_batch_sizes_where_the_batch_is_open(worker):
    """Batch 1 and batch 3 are both run, and every kind of value."""
    found = worker.regimes_of({"x": spec()}, {})
    assert {batch for _, batch in found} == {1, 3}
    assert {regime for regime, _ in found} == {"normal", "zeros", "ones", "edge"}
    assert {batch for regime, batch in found if regime == "normal"} == {1, 3}


def test_given_inputs_decide_the_regimes(worker):
    """What is given in full is run once; what is given in part sets the batch size."""
    specs = {"x": spec(), "keep": spec(shape=())}
    x = np.ones((7, 4), np.float32)
    assert worker.regimes_of(specs, {"x": x, "keep": np.float32(1)}) == [("given", 0)]
    assert {batch for _, batch in worker.regimes_of(specs, {"x": x})} == {7}
    assert {batch for _, batch in worker.regimes_of(specs, {"keep": np.array(1.0)})} == {1, 3}
    assert worker.regimes_of({}, {}) == [("no inputs", 0)]


def test_given_inputs_are_used_as_they_are(worker):
    """A given array is not replaced in any regime."""
    given = {"keep": np.array(1.0, np.float32)}
    specs = {"x": spec(), "keep": spec(shape=())}
    for regime in ("normal", "zeros", "edge"):
        found = worker.make_inputs(specs, given, HINTS, 0, regime, 3, PLAIN)
        assert found["keep"] == 1.0


def test_ways_to_fill_vary_only_what_is_open(worker):
    """A model of floats with known dims is tried once; ids and open sizes are varied."""
    assert len(worker.all_settings({"x": spec(shape=(3, 4))}, {}, HINTS)) == 1
    ids = worker.all_settings({"x": spec("int32", (None,))}, {}, HINTS)
    assert [s["int"] for s in ids] == [10, 10, 2, 1]
    image = worker.all_settings({"x": spec(shape=(None, None, None, 3))}, {}, HINTS)
    assert len({s["dim"] for s in image}) > 3


def test_the_sizes_of_matrices_are_tried(worker):
    """What the graph multiplies by says how wide an input may be whose width is not known."""
    hints = SimpleNamespace(**dict(vars(HINTS), sizes=[3, 5, 7]))
    sparse = {"of": "x", "shape": None, "part": "shape"}
    for made in (spec(shape=(None, None)), dict(spec("int64", (2,)), sparse=sparse)):
        sizes = [s["dim"] for s in worker.all_settings({"x": made}, {}, hints)]
        assert list(dict.fromkeys(sizes))[:4] == [5, 1, 3, 7]
    assert {s["dim"] for s in worker.all_settings({"x": spec()}, {}, hints)} == {5}


@pytest.mark.parametrize(
    ("regime", "shape", "dtype", "given", "expected"),
    [
        ("zeros", (), "float32", False, True),
        ("ones", (), "float32", False, True),
        ("normal", (), "float32", False, False),
        ("zeros", (3,), "float32", False, False),
        ("zeros", (), "int32", False, False),
        ("zeros", (), "float32", True, False),
        ("edge", (3,), "float32", False, True),
        ("given", (), "float32", True, False),
    ],
)
def test_extreme_inputs_are_generated_scalars_and_edges(
    worker, regime, shape, dtype, given, expected
):
    """A user's own value is never called extreme, nor is a generated vector of zeros."""
    feeds = {"keep": np.zeros(shape, dtype), "x": np.zeros((3, 4), np.float32)}
    fixed = {"keep": feeds["keep"]} if given else {}
    assert worker.extreme(feeds, fixed, regime) is expected


@pytest.mark.parametrize(
    ("value", "dtype", "message"),
    [
        (np.array([1.5]), "int32", "do not fit"),
        (np.array([-1]), "uint8", "do not fit"),
        (np.array([2**40]), "int32", "do not fit"),
        (objects(b"a"), "float32", "takes float32, not string"),
        (np.array([1.0]), "string", "takes string, not float64"),
    ],
)
def test_given_values_that_do_not_fit_are_refused(worker, value, dtype, message):
    """A cast that would change the values is an error, not another comparison."""
    with pytest.raises(worker.BadInput, match=message):
        worker.fit(value, spec(dtype), "x")


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.array([0.1]), "float32"),
        (np.array([1.0]), "int64"),
        (np.array([1]), "float32"),
        (np.array([0, 1]), "bool"),
    ],
)
def test_given_values_are_cast_as_feed_dict_casts(worker, value, dtype):
    """float64 is fed to a float32 placeholder, whole floats to an integer one."""
    found = worker.fit(value, spec(dtype), "x")
    assert found.dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"shared": {"y": 1}, "signatures": {}}, "no signature has an input 'y'"),
        ({"shared": {}, "signatures": {"other": {}}}, "signature 'other', which is not there"),
        ({"shared": {}, "signatures": {"s": {"y": 1}}}, "signature 's' has no input 'y'"),
    ],
)
def test_unknown_inputs_are_refused(worker, given, message):
    """A misspelled input does not silently leave the generated one in its place."""
    with pytest.raises(worker.BadInput, match=message):
        worker.check_given(given, {"s": {"inputs": {"x": spec()}}})


def test_a_tensor_may_be_given_by_its_name(worker):
    """``keep_prob:0`` is fed although no signature lists it."""
    given = {"shared": {"keep_prob:0": 1}, "signatures": {"s": {"a/b:0": 1}}}
    assert worker.check_given(given, {"s": {"inputs": {"x": spec()}}}) is None


def test_generated_images_are_valid_png_files(worker):
    """Every chunk's length and checksum is right, and the pixels inflate to their size."""
    data = worker.png(np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3))
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


def test_asset_words_leave_binary_files_out(worker, tmp_path):
    """Text assets give words, with the first columns of a table; binary ones give none."""
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "words.txt").write_bytes(b"cat\ndog\t3\n")
    (assets / "model.bin").write_bytes(b"\0\1\2\n")
    assert worker.asset_words(str(tmp_path)) == [b"cat", b"dog\t3", b"dog", b"3"]


# --- describing -------------------------------------------------------------------------


def meta(*tags):
    """Return a stand-in for a meta graph."""
    return SimpleNamespace(meta_info_def=SimpleNamespace(tags=list(tags)))


@pytest.mark.parametrize(
    ("sets", "wanted", "expected"),
    [
        ([("serve",)], None, 0),
        ([("gpu", "serve")], None, 0),
        ([("train",), ("serve",)], None, 1),
        ([("train",), ("serve",)], ["train"], 0),
        ([("serve", "gpu"), ("serve",)], ["gpu", "serve"], 0),
        ([()], None, 0),
    ],
)
def test_the_meta_graph_is_chosen_by_its_tags(worker, sets, wanted, expected):
    """The one asked for, the only one, or the one that serves."""
    graphs = [meta(*tags) for tags in sets]
    assert worker.choose_meta_graph(SimpleNamespace(meta_graphs=graphs), wanted) is graphs[expected]


@pytest.mark.parametrize(
    ("sets", "wanted", "message"),
    [
        ([("serve",)], ["train"], "no meta graph with the tags"),
        ([("serve", "gpu"), ("serve", "tpu")], None, "several meta graphs"),
        ([("serve",)], [], "no meta graph with the tags"),
    ],
)
def test_a_meta_graph_is_never_guessed(worker, sets, wanted, message):
    """Where several could be meant, or none has the tags, the tags in the file are named."""
    graphs = [meta(*tags) for tags in sets]
    with pytest.raises(worker.CannotOpen, match=message) as caught:
        worker.choose_meta_graph(SimpleNamespace(meta_graphs=graphs), wanted)
    assert "serve" in str(caught.value)
    assert caught.value.advice


def test_assets_are_described_by_content(worker, tmp_path):
    """Files in ``assets/`` have a digest; a file that the meta graph names and lacks has none."""
    (tmp_path / "assets" / "more").mkdir(parents=True)
    (tmp_path / "assets" / "a.txt").write_text("a")
    (tmp_path / "assets" / "more" / "b.txt").write_text("a")
    graph = SimpleNamespace(asset_file_def=[SimpleNamespace(filename="lost.txt")])
    found = worker.describe_assets(str(tmp_path), graph)
    assert found["lost.txt"] == ""
    assert found["a.txt"] == found["more/b.txt"] != ""
    assert len(found) == 3
