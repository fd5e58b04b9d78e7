"""Lifted training follows TensorFlow 1.15.5 step by step.

Every script of ``training_scripts`` trains on TensorFlow 2 as it was lifted, from the weights that
TensorFlow 1.15.5 started from.  What that computed is stored in ``fixtures/training``; where there
is a 1.15.5, it runs the scripts again, and restores what the lifted scripts saved.
"""

from __future__ import annotations

import ast
import importlib.util
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from migrator.lift import lift
from migrator.names import Module

HERE = Path(__file__).parent
TOLERANCE = 1e-5


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("training", HERE / "training_scripts.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


training = _load()
NAMES = training.names()
PAIRS = training.pairs()
SAVED = [name for name in NAMES if name.endswith("-saved")]
PLAIN = [name for name in NAMES if name.endswith("-plain")]


@cache
def lifted(name: str, resumed: bool = False) -> str:
    """Return a script as it is lifted."""
    return lift(Module(training.script(name, resumed)), f"{name.replace('-', '_')}.py").text


#: Answers of the exports below a folder, each on the inputs of the scripts.
_ANSWERS = """
import pathlib, sys
import numpy as np
import tensorflow as tf
inputs = np.random.RandomState(21).normal(size=(40, 5)).astype(np.float32)
found = {}
for path in pathlib.Path(sys.argv[1]).glob("*/exported"):
    serve = tf.saved_model.load(str(path)).signatures["serving_default"]
    found[path.parent.name] = serve(x=tf.constant(inputs))["logits"].numpy()
np.savez("arrays.npz", **found)
"""


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory, tf2_python: str) -> Path:
    """The lifted scripts, run on TensorFlow 2, and those that go on from checkpoints."""
    root = tmp_path_factory.mktemp("after")
    texts = {name: lifted(name) for name in NAMES}
    texts |= {f"{name}-resumed": lifted(name, resumed=True) for name in SAVED}
    texts["answers"] = _ANSWERS
    paths = {
        f"{name}-resumed": [str(training.STORED / name / "half"), str(root / name / "half")]
        for name in SAVED
    }
    return _ran(tf2_python, root, texts, {**paths, "answers": [str(root)]})


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, tf1_python: str, after: Path) -> Path:
    """The scripts on TensorFlow 1.15, and those that go on from the lifted scripts' checkpoints."""
    root = tmp_path_factory.mktemp("before")
    texts = {name: training.script(name) for name in NAMES}
    texts |= {f"{name}-resumed": training.script(name, resumed=True) for name in SAVED}
    paths = {f"{name}-resumed": [str(after / name / "half")] for name in SAVED}
    return _ran(tf1_python, root, texts, paths)


def _ran(python: str, root: Path, texts: dict[str, str], paths: dict[str, list[str]]) -> Path:
    training.run(python, training.jobs(root, texts, paths))
    return root


def arrays(root: Path, name: str) -> dict[str, Any]:
    """Return what the script ``name`` saved."""
    ended = json.loads((root / "jobs.json.done").read_text())
    assert ended[name] == 0, (root / name / "stderr").read_text()[-3000:]
    found: dict[str, Any] = training.arrays(root / name)
    return found


@cache
def stored(name: str) -> dict[str, Any]:
    """Return what the script ``name`` computed on TensorFlow 1.15.5."""
    import numpy as np

    with np.load(training.STORED / "curves.npz") as file:
        found = {
            key.rpartition("/")[2]: file[key]
            for key in file.files
            if key.rpartition("/")[0] == name
        }
    assert {"curve", "answer", "kernel"} <= set(found)
    return found


def assert_agree(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compare arrays to the tolerance, integers exactly."""
    import numpy as np

    assert set(found) == set(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=TOLERANCE, atol=TOLERANCE, err_msg=key)


@pytest.mark.parametrize("name", NAMES)
def test_stored_training_means_something(name: str) -> None:
    """A stored curve has a value for each step, moves, and is no other script's."""
    pytest.importorskip("numpy")
    curve = stored(name)["curve"]
    assert len(stored(name)) > 2
    assert curve.shape == (training.STEPS,)
    assert abs(curve[-20:].mean() - curve[:20].mean()) > 0.01
    if name in PAIRS and "step" in training.WAYS[name.partition("-")[2]]:
        assert stored(name)["steps"].tolist() == list(range(1, training.STEPS + 1))
    others = [stored(other)["curve"] for other in NAMES if other != name]
    assert min(abs(curve - other).max() for other in others) > 10 * TOLERANCE


@pytest.mark.parametrize("name", NAMES)
def test_a_lift_keeps_no_session(name: str) -> None:
    """Each script lifts to a module whose gradients a tape computes."""
    text = lifted(name)
    assert "Session" not in text and "placeholder" not in text
    kinds = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
    assert [ast.unparse(kind.bases[0]) for kind in kinds] == ["tf.Module"]
    if name in PAIRS:
        assert text.count("tf.GradientTape()") == 1


@pytest.mark.parametrize("name", PAIRS)
def test_keras_only_where_it_computes_the_same(name: str) -> None:
    """A Keras optimizer is made for dense gradients at a constant rate, and not to be saved."""
    optimizer, _, way = name.partition("-")
    parts = set(training.WAYS[way])
    changes = parts & {"embedding", "saved", "fed", *training.DECAYS}
    keras = optimizer in training.KERAS and not changes
    keras = keras or (optimizer == "sgd" and not changes - {"saved"})
    text = lifted(name)
    assert ("tf.keras.optimizers" in text) == keras
    assert ("tf.compat.v1.train" in text) == (not keras or bool(changes & {"saved"}))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", NAMES)
def test_the_curve_is_that_of_tensorflow_1(after: Path, name: str) -> None:
    """The losses of 100 steps, the weights behind them and the answers agree to 1e-5."""
    assert_agree(arrays(after, name), stored(name))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", SAVED)
def test_training_goes_on_from_checkpoints(after: Path, name: str) -> None:
    """From the checkpoint of either TensorFlow, slots included, the curve goes on as it did."""
    found, whole = arrays(after, f"{name}-resumed"), stored(name)
    assert_agree(found, _twice(whole))


def _twice(whole: dict[str, Any], times: int = 2) -> dict[str, Any]:
    """Return what a resumed script saves that goes on from ``times`` checkpoints."""
    half = training.STEPS // 2
    return {
        key: [*value[half:]] * times if key in ("curve", "steps") else value
        for key, value in whole.items()
    }


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", PLAIN)
def test_an_export_answers_what_training_ended_with(after: Path, name: str) -> None:
    """The exported signature gives TensorFlow 1.15.5's outputs to 1e-5."""
    arrays(after, name)
    assert_agree({"answer": arrays(after, "answers")[name]}, {"answer": stored(name)["answer"]})


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", NAMES)
def test_what_is_stored_is_what_tensorflow_1_computes(before: Path, name: str) -> None:
    """TensorFlow 1.15.5 computes the stored arrays again."""
    assert_agree(arrays(before, name), stored(name))


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", SAVED)
def test_tensorflow_1_goes_on_from_a_lifted_checkpoint(before: Path, name: str) -> None:
    """TensorFlow 1.15.5's Saver restores what the lifted script saved, slots included."""
    assert_agree(arrays(before, f"{name}-resumed"), _twice(stored(name), times=1))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ("Momentum({rate}, {more})", "SGD(float(rate), momentum=float(more))"),
        ("Momentum(1, 0)", "SGD(1.0, momentum=0.0)"),
        ("Momentum(0.5, momentum=0.9)", "SGD(0.5, momentum=0.9)"),
        ("GradientDescent(2)", "SGD(2.0)"),
        ("Adagrad(rate)", "Adagrad(float(rate), initial_accumulator_value=0.1, epsilon=0.0)"),
    ],
)
def test_keras_is_given_floats(made: str, expected: str) -> None:
    """Keras refuses the integers that TensorFlow 1's optimizers take."""
    call = made.format(rate="rate", more="more").replace("(", "Optimizer(", 1)
    text = lift(
        Module(
            "import tensorflow as tf\n\nrate = 1\nmore = 0\nw = tf.Variable([1.0], name='w')\n"
            f"loss = tf.reduce_sum(tf.square(w))\ntrain = tf.train.{call}.minimize(loss)\n"
            "with tf.Session() as sess:\n    sess.run(tf.global_variables_initializer())\n"
            "    sess.run(train)\n"
        ),
        "train.py",
    ).text
    assert f"tf.keras.optimizers.{expected}\n" in ast.unparse(ast.parse(text))
