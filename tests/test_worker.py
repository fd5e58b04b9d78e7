"""The worker's pure parts; what it does with TensorFlow is tested through the checker."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
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


def spec(dtype="float32", shape=(None, 4), tensor="x:0"):
    """Return an input's description."""
    return {"dtype": dtype, "shape": None if shape is None else list(shape), "tensor": tensor}


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
