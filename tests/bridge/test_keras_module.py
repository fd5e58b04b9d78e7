"""Exports of Keras models without a session, as TensorFlow 1's loader and ours see them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from migrator.vendor import bridge_text

PROGRAM = r"""
import json, sys
import numpy as np
import tensorflow as tf
import tf2_bridge
layers, v1 = tf.keras.layers, tf.compat.v1
home, told = sys.argv[1], {}

def build():
    images = layers.Input((4,), name="images")
    other = layers.Input((4,), name="other")
    hidden = layers.BatchNormalization()(layers.Dense(5, activation="relu")(images))
    scores = layers.Dense(3, activation="softmax", name="scores")(layers.Dropout(0.5)(hidden))
    age = layers.Dense(1, name="age")(layers.add([hidden, layers.Dense(5, name="up")(other)]))
    return tf.keras.Model([images, other], [scores, age])

model = build()
rng = np.random.RandomState(0)
model.set_weights([rng.uniform(0.1, 1, w.shape) for w in model.get_weights()])
x = rng.uniform(-1, 1, (3, 4)).astype("float32")
scores, age = model.predict([x, x], verbose=0)
told["names"] = list(tf2_bridge.named_outputs(model))

module = tf2_bridge.KerasModule(home + "/two").add_model({
    "both": ({"images:0": model.inputs[0], "in": model.inputs[1]}, {"b": model.outputs[1],
             "a": model.outputs[0]}),
    "one": ({"images": model.inputs[0]}, {"scores": model.outputs[0]},
            "tensorflow/serving/predict"),
})
with module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
told["variables"] = len(module.graph_variables)

with v1.Session(graph=tf.Graph()) as session:
    meta = v1.saved_model.loader.load(session, ["serve"], home + "/two")
    both, one = meta.signature_def["both"], meta.signature_def["one"]
    told["keys"] = [sorted(both.inputs), sorted(both.outputs), sorted(one.inputs)]
    told["methods"] = [both.method_name, one.method_name]
    told["shapes"] = [[d.size for d in both.outputs[k].tensor_shape.dim] for k in "ab"]
    feed = {info.name: x for info in both.inputs.values()}
    a, b = session.run([both.outputs["a"].name, both.outputs["b"].name], feed)
    told["v1"] = [float(np.abs(a - scores).max()), float(np.abs(b - age).max())]
    (c,) = session.run([one.outputs["scores"].name], {one.inputs["images"].name: x})
    told["one"] = float(np.abs(c - scores).max())

loaded = tf.saved_model.load(home + "/two")
found = loaded.signatures["one"](images=tf.constant(x))["scores"]
told["v2"] = float(np.abs(found - scores).max())
told["tracked"] = len(loaded.graph_variables)

def refusal(call):
    try:
        call()
    except (AssertionError, TypeError, ValueError) as error:
        return type(error).__name__ + ": " + str(error)[:60]

first = {"x": model.inputs[0]}
told["full"] = refusal(lambda: tf2_bridge.keras_module(home + "/two", first, {}))
told["twice"] = refusal(lambda: module.add_model({}))
told["form"] = refusal(
    lambda: tf2_bridge.KerasModule(home + "/form").add_model({"k": model.inputs[0]}))
told["short"] = refusal(
    lambda: tf2_bridge.keras_module(home + "/short", first, {"y": model.outputs[1]}))
odd = tf.keras.Sequential([layers.Input((4,)), layers.Flatten()])
told["unnamed"] = refusal(lambda: tf2_bridge.named_outputs(odd))
deep = tf.keras.Sequential([layers.Input((2, 4)), layers.Dense(2, activation="softmax")])
told["deep"] = refusal(lambda: tf2_bridge.named_outputs(deep))

single = tf.keras.Sequential([layers.Input((4,)), layers.Dense(2, activation="tanh")])
with tf2_bridge.keras_module(home + "/single", {"x": single.inputs[0]},
                             tf2_bridge.named_outputs(single)) as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
signature = tf.saved_model.load(home + "/single").signatures["serving_default"]
told["single"] = list(signature.structured_outputs)
json.dump(told, open(home + "/told.json", "w"))
"""


@pytest.fixture(scope="module")
def told(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Return what one process of TensorFlow 2 found, with the bridge as it is vendored."""
    home: Path = tmp_path_factory.mktemp("keras")
    (home / "tf2_bridge.py").write_text(bridge_text(["keras_module"]), encoding="utf-8")
    (home / "main.py").write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [tf2_python, "main.py", str(home)],
        cwd=home,
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, object] = json.loads((home / "told.json").read_text())
    return found


@pytest.mark.tensorflow
def test_both_loaders_run_it(told):
    """Outputs are those of predict, in the session loader that serving uses and in ours."""
    assert max(told["v1"]) < 1e-6
    assert told["one"] < 1e-6
    assert told["v2"] < 1e-6


@pytest.mark.tensorflow
def test_the_contract_is_the_one_that_was_given(told):
    """Keys that are no names of Python's, method names and shapes are kept."""
    assert told["keys"] == [["images:0", "in"], ["a", "b"], ["images"]]
    assert told["methods"] == ["tensorflow/serving/predict"] * 2
    assert told["shapes"] == [[-1, 3], [-1, 1]]


@pytest.mark.tensorflow
def test_the_variables_are_the_models_own(told):
    """What the signatures need is held and comes back, each variable once."""
    assert told["variables"] == told["tracked"] == 12


@pytest.mark.tensorflow
def test_outputs_are_named_as_tensorflow_1_named_them(told):
    """A layer's name and its last operation; what cannot be told is refused."""
    assert told["names"] == ["scores/Softmax:0", "age/BiasAdd:0"]
    assert told["single"][0].endswith("/Tanh:0")
    assert "names of your own" in told["unnamed"]
    assert "names of your own" in told["deep"]


@pytest.mark.tensorflow
def test_what_cannot_be_exported_is_refused(told):
    """A folder that is not empty, a second model, another form, an input that is left out."""
    assert told["full"].startswith("AssertionError: Export directory already exists")
    assert told["twice"].startswith("AssertionError")
    assert told["form"].startswith("TypeError: signature 'k'")
    assert told["short"].startswith("ValueError")
