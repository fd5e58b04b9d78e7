"""An Estimator's model without a session: called, exported, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from migrator.vendor import bridge_text

PROGRAM = Path(__file__).parent / "estimator_modules.py"
TRAINED = """
import sys
import tensorflow as tf

def model_fn(features, labels, mode):
    w = tf.get_variable("w", [2, 1], initializer=tf.constant_initializer([0.5, -0.25]))
    step = tf.assign_add(tf.train.get_global_step(), 1)
    return tf.estimator.EstimatorSpec(mode, loss=tf.reduce_sum(w), train_op=step)

def input_fn():
    return tf.data.Dataset.from_tensors(([1.0], [1.0])).repeat()

tf.estimator.Estimator(model_fn, sys.argv[1]).train(input_fn, steps=3)
"""

pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1]


def run(python: str, *words: str) -> str:
    """Return what a program printed."""
    done = subprocess.run(
        [python, *words], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, tf1_python: str, tf2_python: str) -> Any:
    """Return what the program saw of a checkpoint that TensorFlow 1.15's Estimator wrote."""
    home = tmp_path_factory.mktemp("estimator_module")
    (home / "tf2_bridge.py").write_text(bridge_text(["estimator_module"]), encoding="utf-8")
    (home / "modules.py").write_bytes(PROGRAM.read_bytes())
    run(tf1_python, "-c", TRAINED, str(home / "model"))
    told = run(tf2_python, str(home / "modules.py"), str(home), str(home / "model"))
    return json.loads(told.splitlines()[-1])


Y = [-0.25, 0.25, 0.75]  #: of the variable's values and the program's array


def test_call(found: Any) -> None:
    """It gives the predictions of the checkpoint's values, of a dict or of the one array."""
    assert found["values"] == found["one"] == [2 * y for y in Y]
    assert found["step"] == 3
    assert found["default"] == [y + 0.25 for y in Y]
    assert found["fed"] == Y


def test_export(found: Any) -> None:
    """The folder has the time as its name; names and methods are those of TensorFlow 1."""
    assert found["signatures"] == ["serving_default", "step"]  # scores need a string
    assert found["signature"] == [2 * y + 3 for y in Y]
    assert found["variables"] == ["global_step:0", "w:0"]
    assert found["before"] == ""
    assert found["exported"].isdigit()
    assert found["files"] == ["assets.extra", "saved_model.pb", "variables"]
    assert found["loaded"] == [2 * y for y in Y]
    predict = "tensorflow/serving/predict"
    initial = {"__saved_model_init_op": ""}  # TensorFlow 2 writes it into every SavedModel
    assert found["methods"] == {"serving_default": predict, "step": predict, **initial}


def test_checkpoints(found: Any) -> None:
    """What a migrated Saver wrote is found by the variables' names; the folder by the config."""
    assert found["objects"] == [1, 5, 9]
    assert found["configured"] == 9


def test_refusals(found: Any) -> None:
    """What cannot be restored or exported is said by name, before anything is written."""
    absent, scaffold, missing, python, no_model, no_receiver, array, name, unsaved = found[
        "refused"
    ]
    assert absent.startswith("ValueError: Couldn't find trained model at ")
    assert "Scaffold of the EstimatorSpec has a saver of its own" in scaffold
    assert "Could not load all requested variables" in missing and "['absent']" in missing
    assert "calls Python code" in python
    assert "model_fn must be provided" in no_model
    assert "input_receiver_fn must be defined" in no_receiver
    assert array == "TypeError: give a dict of x, more, not one value"
    assert "z cannot be fed" in name
    assert "Nothing was saved" in unsaved
    assert os.sep in absent
