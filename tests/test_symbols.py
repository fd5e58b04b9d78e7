"""The symbol tables say what the installed TensorFlow 1.15 and TensorFlow 2 really hold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from migrator import symbols
from migrator.symbols import Status, canonical, in_tensorflow1, in_tensorflow2, status, successor

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tests" / "tools"
DATA = ROOT / "migrator" / "data"

CANONICAL = [
    ("tf.train.Saver", "tf.train.Saver"),
    ("tf.compat.v1.train.Saver", "tf.train.Saver"),
    ("tf.python.training.saver.Saver", "tf.train.Saver"),
    ("tf.python.training.training.Saver", "tf.train.Saver"),
    ("tensorflow.python.training.saver.Saver", "tf.train.Saver"),
    ("tf.saved_model.builder.SavedModelBuilder", "tf.saved_model.Builder"),
    ("tf.saved_model.builder.SavedModelBuilder.save", "tf.saved_model.Builder.save"),
    ("tf.python.saved_model.builder.SavedModelBuilder", "tf.saved_model.Builder"),
    ("tf.python.saved_model.builder_impl.SavedModelBuilder", "tf.saved_model.Builder"),
    ("tf.saved_model.loader.load", "tf.saved_model.load"),
    ("tf.python.saved_model.loader_impl.load", "tf.saved_model.load"),
    ("tf.python.saved_model.simple_save.simple_save", "tf.saved_model.simple_save"),
    (
        "tf.python.saved_model.signature_def_utils_impl.predict_signature_def",
        "tf.saved_model.predict_signature_def",
    ),
    (
        "tf.saved_model.signature_def_utils.build_signature_def",
        "tf.saved_model.build_signature_def",
    ),
    (
        "tf.saved_model.signature_def_utils.classification_signature_def",
        "tf.saved_model.classification_signature_def",
    ),
    (
        "tf.python.saved_model.signature_def_utils.regression_signature_def",
        "tf.saved_model.regression_signature_def",
    ),
    ("tf.saved_model.utils.build_tensor_info", "tf.saved_model.build_tensor_info"),
    ("tf.saved_model.main_op.main_op_with_restore", "tf.saved_model.main_op_with_restore"),
    ("tf.saved_model.tag_constants.SERVING", "tf.saved_model.SERVING"),
    ("tf.python.saved_model.tag_constants.SERVING", "tf.saved_model.SERVING"),
    (
        "tf.python.saved_model.signature_constants.PREDICT_METHOD_NAME",
        "tf.saved_model.PREDICT_METHOD_NAME",
    ),
    (
        "tf.python.framework.graph_util.convert_variables_to_constants",
        "tf.graph_util.convert_variables_to_constants",
    ),
    ("tf.python.training.checkpoint_management.latest_checkpoint", "tf.train.latest_checkpoint"),
    ("tf.python.pywrap_tensorflow.NewCheckpointReader", "tf.train.NewCheckpointReader"),
    ("tf.python.platform.gfile.GFile", "tf.gfile.GFile"),
    ("tf.python.platform.flags", "tf.flags"),
    ("tf.app.flags.DEFINE_string", "tf.flags.DEFINE_string"),
    ("tf.io.write_graph", "tf.train.write_graph"),
    ("tf.math.log", "tf.log"),
    ("tf.dtypes.float32", "tf.float32"),
    ("tf.half", "tf.float16"),
    ("tf.contrib.rnn.BasicLSTMCell", "tf.nn.rnn_cell.BasicLSTMCell"),
    # nobody's alias: the spelling stays
    ("tf.saved_model.signature_def_utils.foo", "tf.saved_model.signature_def_utils.foo"),
    ("tf.saved_model.signature_def_utils", "tf.saved_model.signature_def_utils"),
    ("tf.contrib.slim.conv2d", "tf.contrib.slim.conv2d"),
    ("tf.contrib.eager.Saver", "tf.contrib.eager.Saver"),
    ("tf.keras.initializers.zeros", "tf.keras.initializers.Zeros"),
    ("tf.compat.v2.train.Checkpoint", "tf.compat.v2.train.Checkpoint"),
    ("tf.my_own_attribute", "tf.my_own_attribute"),
    ("tf", "tf"),
    ("tf.compat.v1", "tf"),
]

STATUS = [
    ("tf", Status.PRESENT),
    ("tf.train.Saver", Status.PRESENT),
    ("tf.train.Saver.save", Status.PRESENT),
    ("tf.saved_model.builder.SavedModelBuilder", Status.PRESENT),
    ("tf.saved_model.tag_constants", Status.PRESENT),
    ("tf.nn.dynamic_rnn", Status.PRESENT),
    ("tf.placeholder", Status.PRESENT),
    ("tf.compat.v1.placeholder", Status.PRESENT),
    ("tf.compat.v2.train.Checkpoint", Status.PRESENT),
    ("tf.compat.v2.placeholder", Status.UNKNOWN),
    ("tf.layers", Status.LEGACY_KERAS),
    ("tf.layers.dense", Status.LEGACY_KERAS),
    ("tf.layers.Dense.call", Status.LEGACY_KERAS),
    ("tf.nn.rnn_cell", Status.LEGACY_KERAS),
    ("tf.nn.rnn_cell.BasicLSTMCell", Status.LEGACY_KERAS),
    ("tf.keras.layers.Dense", Status.LEGACY_KERAS),
    ("tf.keras.backend.get_session", Status.LEGACY_KERAS),
    ("tf.keras.estimator.model_to_estimator", Status.GONE),
    ("tf.estimator", Status.GONE),
    ("tf.estimator.Estimator.train", Status.GONE),
    ("tf.contrib", Status.GONE),
    ("tf.contrib.no_such_module.f", Status.GONE),
    ("tf.contrib.rnn.BasicLSTMCell", Status.GONE),
    ("tf.examples.tutorials.mnist.input_data", Status.GONE),
    ("tf.merge_all_summaries", Status.GONE),
    ("tf.optimizers.Adam", Status.TF2_ONLY),
    ("tf.summary.create_file_writer", Status.TF2_ONLY),
    ("tf.keras.ops", Status.TF2_ONLY),
    ("tf.my_own_attribute", Status.UNKNOWN),
    ("tf.train.my_own_attribute", Status.UNKNOWN),
    ("tf.python.training.saver", Status.PRESENT),
    ("tf.python.training.saver.Saver", Status.PRESENT),
    ("tf.python.saved_model.builder_impl.SavedModelBuilder", Status.PRESENT),
    ("tf.python.framework.ops.Graph", Status.PRESENT),
    ("tf.python.tools.freeze_graph", Status.PRESENT),
    ("tf.python.layers.core", Status.PRESENT),
    ("tf.python.framework.graph_util", Status.PRESENT),
    ("tf.python.framework.graph_util.convert_variables_to_constants", Status.GONE),
    ("tf.python.pywrap_tensorflow.NewCheckpointReader", Status.GONE),
    ("tf.python.estimator.estimator", Status.GONE),
    ("tf.python.ops.seq2seq", Status.GONE),
    ("tf.core.protobuf.saver_pb2.SaverDef", Status.PRESENT),
    ("tf.core.protobuf.no_such_pb2", Status.GONE),
]


@pytest.mark.parametrize(("dotted", "expected"), CANONICAL)
def test_canonical(dotted: str, expected: str) -> None:
    """Every name of an object leads to the one that TensorFlow 1 code uses most."""
    assert canonical(dotted) == expected


@pytest.mark.parametrize(("dotted", "expected"), STATUS)
def test_status(dotted: str, expected: Status) -> None:
    """A symbol is present, needs legacy Keras, is gone, is TensorFlow 2's, or is nobody's."""
    assert status(dotted) is expected


@pytest.mark.parametrize(
    ("dotted", "words"),
    [
        ("tf.contrib.slim.conv2d", "tf-slim"),
        ("tf.contrib.predictor.from_saved_model", "tf.saved_model.load"),
        ("tf.contrib.no_such_module", "left TensorFlow in 2.0"),
        ("tf.estimator.Estimator", "tf.Module"),
        ("tf.examples.tutorials.mnist.input_data.read_data_sets", "tf.keras.datasets.mnist"),
        ("tf.contrib.rnn.BasicLSTMCell", "`tf.compat.v1.nn.rnn_cell.BasicLSTMCell` is the same"),
        ("tf.contrib.rnn.BasicLSTMCell", "TF_USE_LEGACY_KERAS=1"),
        (
            "tf.python.framework.graph_util.convert_variables_to_constants",
            "`tf.compat.v1.graph_util.convert_variables_to_constants` is the same",
        ),
        ("tf.merge_all_summaries", "tf.compat.v1.summary.merge_all"),
    ],
)
def test_successor(dotted: str, words: str) -> None:
    """What is gone has a successor, by its longest prefix or as the same object elsewhere."""
    text = successor(dotted)
    assert text is not None
    assert words in text


@pytest.mark.parametrize(
    "dotted", ["tf.train.Saver", "tf.layers.dense", "tf.optimizers.Adam", "tf.my_own_attribute"]
)
def test_what_is_left_has_no_successor(dotted: str) -> None:
    """Nothing is said instead of a symbol that is there, or that TensorFlow never had."""
    assert successor(dotted) is None


def test_every_gone_public_symbol_has_a_successor() -> None:
    """Whoever uses a public symbol that is gone is told what to do, raw ops apart."""
    gone = [n for n, state in rows("symbols.txt") if state[0] == "-" and "raw_ops." not in n]
    without = [name for name in gone if successor(f"tf.{name}") is None]
    assert without == [
        # experiments that nothing took the place of
        "keras.experimental.PeepholeLSTMCell",
        "keras.experimental.terminate_keras_multiprocessing_pools",
        "keras.utils.convert_all_kernels_in_model",
        "lite.experimental.get_potentially_supported_ops",
    ]


def test_a_name_that_does_not_start_with_tf_is_refused() -> None:
    """A symbol is spelled from ``tf``; anything else is the caller's mistake."""
    with pytest.raises(ValueError, match="numpy"):
        canonical("numpy.array")


@pytest.mark.parametrize(
    ("dotted", "one", "two", "same"),
    [
        ("tf.matmul", True, True, True),
        ("tf.reduce_mean", True, True, False),
        ("tf.placeholder", True, False, False),
        ("tf.function", True, True, True),
        ("tf.train.Checkpoint", True, True, False),
        ("tf.keras.layers.Dense", True, True, False),
        ("tf.layers.dense", True, False, False),
        ("tf.optimizers.Adam", False, True, False),
        ("tf.config.list_physical_devices", False, True, True),
        ("tf.contrib.slim", True, False, False),
        ("tf.my_own_attribute", False, False, False),
    ],
)
def test_namespaces(dotted: str, one: bool, two: bool, same: bool) -> None:
    """It is known which namespaces have a name, and whether they mean the same object."""
    assert in_tensorflow1(dotted) is one
    assert in_tensorflow2(dotted) is two
    assert in_tensorflow2(dotted, same=True) is same


def rows(table: str) -> list[tuple[str, str]]:
    """Return the names of a table, keyed from below ``tf``, and what stands beside them."""
    found = []
    section = ""
    for line in (DATA / table).read_text(encoding="utf-8").split("\n"):
        if line.startswith("["):
            section = line[1:-1]
        elif line and not line.startswith("#"):
            left, right = line.split(" ")
            leaf, value = (left, right) if table == "aliases.txt" else (right, left)
            found.append((f"{section}.{leaf}" if section else leaf, value))
    return found


@pytest.mark.parametrize("table", ["symbols.txt", "private.txt", "aliases.txt"])
def test_tables_are_well_formed(table: str) -> None:
    """Every name is there once, sorted in its section, with a state that is explained."""
    found = rows(table)
    names = [name for name, _ in found]
    assert len(found) > 1000
    assert len(set(names)) == len(names)
    assert names == sorted(names, key=lambda n: (n.rpartition(".")[0], n.rpartition(".")[2]))
    if table != "aliases.txt":
        assert {value for _, value in found} <= {s + p for s in "=~1kK2-" for p in ("", "+")}


def test_tables_stay_small() -> None:
    """The package data does not outgrow what a wheel of pure Python should carry.

    Plain lines, a symbol in each, so that a change of a table can be read; a wheel packs them to
    a quarter.
    """
    tables = [path.read_bytes() for path in DATA.iterdir()]
    assert sum(map(len, tables)) < 400_000
    assert sum(len(zlib.compress(table)) for table in tables) < 100_000


def test_canonical_is_idempotent_and_public() -> None:
    """The canonical spelling of every alias is canonical and one of TensorFlow 1.15's."""
    for name, _ in rows("aliases.txt"):
        target = canonical(f"tf.{name}")
        assert canonical(target) == target
        assert in_tensorflow1(target), target


def test_first_question_is_fast() -> None:
    """Loading the tables and asking costs milliseconds, for a hook that has 60 of them."""
    best = 1.0
    for _ in range(5):
        symbols._text.cache_clear()
        symbols._section.cache_clear()
        symbols._successors.cache_clear()
        start = time.perf_counter()
        status("tf.train.Saver")
        canonical("tf.python.training.saver.Saver")
        status("tf.python.training.saver")
        successor("tf.contrib.slim.conv2d")
        best = min(best, time.perf_counter() - start)
    assert best < 0.005


def test_import_loads_nothing_heavy() -> None:
    """Importing the module pulls in neither TensorFlow nor libcst nor rich nor json."""
    code = (
        "import sys, migrator.symbols as s; s.status('tf.train.Saver');"
        "print([m for m in ('tensorflow', 'libcst', 'rich', 'json', 're') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "[]"


# -- against the real thing ----------------------------------------------------------------

RESOLVE = """
import importlib, json, sys, types, warnings
warnings.simplefilter("ignore")
questions = json.load(open(sys.argv[1]))
import tensorflow as tf
def there(root, dotted):
    value = root
    try:
        for part in dotted.split("."):
            if not part:
                continue
            value = getattr(value, part)
        if isinstance(value, types.ModuleType):
            dir(value)  # a lazy loader finds out only now
    except Exception:
        return False
    return True
def imports(dotted):
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(["tensorflow", *parts[:cut]]))
        except BaseException:
            continue
        return there(module, ".".join(parts[cut:]))
    return False
def call(code):
    try:
        with tf.Graph().as_default():
            eval(code, {"v1": tf.compat.v1})
    except Exception as error:
        return type(error).__name__
    return ""
def run():
    v1 = getattr(tf.compat, "v1", None)
    # in this order: asking for a module of Keras may define its names as a side effect
    json.dump({
        "version": tf.__version__,
        "calls": {code: call(code) for code in questions["calls"]},
        "v1": [n for n in questions["public"] if there(v1, n)],
        "tf": [n for n in questions["public"] if there(tf, n)],
        "private": [n for n in questions["private"] if imports(n)],
    }, open(sys.argv[2], "w"))
run()
"""
X = "v1.placeholder(v1.float32, [None, 8, 8, 3])"
CELL = "v1.nn.rnn_cell.BasicLSTMCell(4)"
#: Code -> what it raises with Keras 3, and with tf-keras.
CALLS = {
    f"v1.layers.dense({X}, 3)": ("AttributeError", ""),
    f"v1.layers.Dense(3)({X})": ("AttributeError", ""),
    f"v1.layers.conv2d({X}, 3, 3)": ("AttributeError", ""),
    f"v1.layers.batch_normalization({X}, training=True)": ("AttributeError", ""),
    f"v1.nn.dynamic_rnn({CELL}, v1.zeros([2, 3, 4]), dtype=v1.float32)": ("AttributeError", ""),
    "v1.keras.backend.get_session()": ("AttributeError", ""),
    "v1.keras.estimator.model_to_estimator(None)": ("AttributeError", "NotImplementedError"),
    f"v1.losses.mean_squared_error({X}, {X})": ("", ""),
    f"v1.metrics.accuracy({X}, {X})": ("", ""),
    "v1.train.Saver([v1.get_variable('v', [2])])": ("", ""),
}


def resolve(python: str, folder: Path, questions: dict[str, Any], **extra: str) -> Any:
    """Run ``RESOLVE`` under an interpreter and return its answer."""
    asked, answer = folder / "questions.json", folder / "answer.json"
    asked.write_text(json.dumps(questions))
    script = folder / "resolve.py"
    script.write_text(RESOLVE)
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", **extra}
    run = subprocess.run(
        [python, str(script), str(asked), str(answer)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(answer.read_text())


@pytest.fixture(scope="module")
def references() -> dict[str, list[str]]:
    """The names in backticks of every written successor, by the symbol it is for."""
    return {
        name: re.findall(r"`(tf(?:_slim|\.)[\w.]*\w)", text)
        for name, text in symbols._successors().items()
    }


@pytest.fixture(scope="module")
def answers(
    tf2_python: str, references: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, Any]:
    """What TensorFlow 2 has of every name of the tables, with Keras 3 and with tf-keras."""
    public = {name for name, _ in rows("symbols.txt")}
    for names in references.values():
        public.update(n.removeprefix("tf.") for n in names if n.startswith("tf."))
    questions = {
        "public": sorted(public),
        "private": [name for name, _ in rows("private.txt")],
        "calls": list(CALLS),
    }
    folder = tmp_path_factory.mktemp("resolve")
    plain = resolve(tf2_python, folder, questions)
    legacy = resolve(tf2_python, folder, questions, TF_USE_LEGACY_KERAS="1")
    if plain["version"].split(".")[:2] != ["2", "21"]:
        pytest.skip(f"the tables are of TensorFlow 2.21, here is {plain['version']}")
    return plain, legacy


@pytest.mark.tensorflow
def test_every_status_holds(answers: tuple[Any, Any]) -> None:
    """Each of the thousands of public symbols is where its status says, and not elsewhere."""
    plain, legacy = ({key: set(part[key]) for key in ("v1", "tf")} for part in answers)
    wrong = []
    for name, _ in rows("symbols.txt"):
        keras = name == "keras" or name.startswith("keras.")
        found = status(f"tf.{name}")
        if found is Status.PRESENT:
            holds = name in plain["v1"] and not keras
        elif found is Status.LEGACY_KERAS:
            holds = name in legacy["v1"] and (keras or name not in plain["v1"])
        elif found is Status.TF2_ONLY:
            holds = name in plain["tf"] and (keras or name not in plain["v1"])
        elif name == "keras.estimator":  # is there and holds nothing that works: see CALLS
            holds = True
        else:
            holds = name not in plain["v1"] | plain["tf"] | legacy["v1"]
        if not holds or in_tensorflow2(f"tf.{name}") != (name in plain["tf"]):
            wrong.append((name, str(found)))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.tensorflow
def test_every_private_status_holds(answers: tuple[Any, Any]) -> None:
    """A private module or name imports on TensorFlow 2 exactly when it is not GONE."""
    there = set(answers[0]["private"])
    wrong = [
        name
        for name, _ in rows("private.txt")
        if (status(f"tf.{name}") is Status.PRESENT) != (name in there)
    ]
    assert wrong == []


@pytest.mark.tensorflow
@pytest.mark.parametrize("code", CALLS)
def test_calls_need_legacy_keras_where_the_tables_say_so(
    code: str, answers: tuple[Any, Any]
) -> None:
    """What resolves is called as well: layers and cells run with tf-keras and not without."""
    assert (answers[0]["calls"][code], answers[1]["calls"][code]) == CALLS[code]


@pytest.mark.tensorflow
def test_written_successors_exist(
    answers: tuple[Any, Any], references: dict[str, list[str]]
) -> None:
    """Every tf name that a written successor mentions exists on TensorFlow 2."""
    plain, legacy = ({f"tf.{name}" for name in answer["tf"]} for answer in answers)
    missing = {
        (name, reference)
        for name, found in references.items()
        for reference in found
        if reference.startswith("tf.")
        and reference not in plain
        # what needs legacy Keras may be named where the sentence says so
        and not (reference in legacy and "TF_USE_LEGACY_KERAS=1" in symbols._successors()[name])
    }
    assert missing == set()
    assert sum(map(len, references.values())) > 100


def test_written_successors_are_for_what_is_gone() -> None:
    """No successor is written for a symbol that is still there."""
    left = [name for name in symbols._successors() if status(f"tf.{name}") is not Status.GONE]
    assert left == []


@pytest.mark.parametrize("name", ["audio_spectrogram", "decode_wav", "encode_wav", "mfcc"])
def test_audio_operations_are_not_sent_to_tf_slim(name: str) -> None:
    """They are operations of TensorFlow, which tf-slim never had."""
    text = symbols.successor(f"tf.contrib.framework.python.ops.audio_ops.{name}")
    assert text is not None
    assert "`tensorflow.python.ops.gen_audio_ops`" in text
    assert "slim" not in text


def test_the_initializer_that_tf_slim_lacks_is_not_sent_there() -> None:
    """contrib.slim handed the core class on, and tf-slim does not."""
    text = symbols.successor("tf.contrib.slim.init_ops.zeros_initializer")
    assert text is not None
    assert text.startswith("`tf.compat.v1.zeros_initializer`")


SLIM = """
import importlib, sys
import tf_keras.src.legacy_tf_layers as moved
sys.modules["tf_keras.legacy_tf_layers"] = moved
for name in ("base", "convolutional", "core", "normalization", "pooling"):
    module = importlib.import_module("tf_keras.src.legacy_tf_layers." + name)
    sys.modules["tf_keras.legacy_tf_layers." + name] = module
import tf_slim, tf_slim.nets
for dotted in sys.argv[1:]:
    value = tf_slim
    for part in dotted.split(".")[1:]:
        value = getattr(value, part, None)
    if value is None:
        print(dotted)
"""


@pytest.mark.tensorflow
def test_written_successors_in_tf_slim_exist(
    tf2_python: str, references: dict[str, list[str]]
) -> None:
    """Every tf_slim name that a written successor mentions exists in tf-slim."""
    names = sorted({n for found in references.values() for n in found if n.startswith("tf_slim")})
    assert len(names) > 5
    run = subprocess.run(
        [tf2_python, "-c", SLIM, *names],
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout == ""


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_canonical_targets_exist_in_tensorflow1(tf1_python: str, tmp_path: Path) -> None:
    """Every canonical spelling resolves on TensorFlow 1.15."""
    targets = sorted({canonical(f"tf.{name}")[3:] for name, _ in rows("aliases.txt")})
    assert len(targets) > 1000
    answer = resolve(tf1_python, tmp_path, {"public": targets, "private": [], "calls": []})
    assert answer["version"].startswith("1.15")
    assert sorted(set(targets) - set(answer["tf"])) == []


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_tables_are_fresh(tf1_python: str, tf2_python: str) -> None:
    """Generating the tables again from both installations changes nothing."""
    run = subprocess.run(
        [
            *(sys.executable, str(TOOLS / "make_symbol_tables.py"), "--check"),
            *("--tf1", tf1_python, "--tf2", tf2_python),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert run.returncode == 0, run.stderr[-2000:]
