"""What is made of models that TensorFlow 1.15 writes computes and trains as they do there."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1, pytest.mark.usefixtures("warm")]

HERE = Path(__file__).resolve().parent
MODELS = [
    node.name
    for node in ast.parse((HERE / "tf1_models.py").read_text()).body
    if isinstance(node, ast.FunctionDef)
    and any(isinstance(one, ast.Name) and one.id == "model" for one in node.decorator_list)
]
TRAINED = ["cond", "cond_v2", "convolution", "dense", "dense_resource", "embedding", "frozen"]
TRAINED += ["frozen_text", "functions", "partitioned", "unrolled", "while_v2"]


def run(python: str, script: str, folder: Path) -> str:
    """Return what a script of this folder prints."""
    done = subprocess.run(
        [python, str(HERE / script), str(folder)],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(HERE.parents[1]),
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        },
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def made(tf1_python, tf2_python, tmp_path_factory):
    """What came of every model, as ``convert_models.py`` says."""
    folder = tmp_path_factory.mktemp("models")
    run(tf1_python, "tf1_models.py", folder)
    return json.loads(run(tf2_python, "convert_models.py", folder).splitlines()[-1])


@pytest.mark.parametrize("name", MODELS)
def test_every_signature_returns_what_1_15_returned(made, name):
    """As a function, in the v1 loader, and after load, save and load."""
    for way in ("functions", "session", "again"):
        assert made[name][way], way
        assert set(made[name][way]) == set(made[name]["signatures"])
        for key, difference in made[name][way].items():
            assert difference <= 1e-5, (way, key)
    assert made[name]["kept"] == sorted(made[name]["variables"])


@pytest.mark.parametrize("name", TRAINED)
def test_twenty_steps_lose_what_they_lose_in_1_15(made, name):
    """Gradients reach every trainable variable, by the path that TensorFlow 1's take."""
    assert made[name]["losses"] == pytest.approx(made[name]["recorded"], abs=1e-4)
    assert made[name]["losses"][-1] < made[name]["losses"][0]


def test_what_can_be_trained_was_trained(made):
    """No model of this file drops out of the comparison of losses."""
    assert [name for name in MODELS if "losses" in made[name]] == sorted(TRAINED, key=MODELS.index)


def test_a_loop_of_tensorflow_1_refuses_to_be_trained_by_its_name(made):
    """Calling it under a tape fails by node; an output beside the loop has gradients."""
    said, gradients = made["loop"]["refusal"]
    assert "turns/Exit_1 leaves a while loop of TensorFlow 1" in said
    assert gradients == [True]
    assert [one for one in made["loop"]["said"] if "'turns/Exit_1'" in one]
    assert not [one for one in made["loop"]["said"] if "'beside'" in one]


@pytest.mark.parametrize("name", ["dense", "dense_resource"])
def test_regularization_losses_are_functions_of_the_variables(made, name):
    """One for each in the collection, of the value that it has in the graph."""
    assert made[name]["regularization_losses"] == 4
    losses = sorted(made[name]["penalties"])
    assert losses == pytest.approx(sorted([0.0, 0.0, *made[name]["kernels"]]))
    assert losses[-1] > 0


def test_variables_are_trainable_as_the_collection_says(made):
    """Batch normalization's averages are not, whether the model says so or is frozen."""
    averages = {f"batch_normalization/moving_{one}" for one in ("mean", "variance")}
    for name in ("convolution", "frozen", "frozen_text"):
        every, trainable = set(made[name]["variables"]), set(made[name]["trainable_variables"])
        assert every - trainable == averages
        assert "conv2d/kernel" in trainable
    assert [one for one in made["frozen"]["said"] if "does not say which variables are" in one]


def test_frozen_variables_are_variables_again(made):
    """Read as a reference, as a resource, and looked up in; a constant stays one."""
    assert made["frozen"]["variables"] == made["frozen_text"]["variables"]
    assert {"conv2d/bias", "new/dense/kernel", "new/table"} <= set(made["frozen"]["variables"])
    assert len(made["frozen"]["variables"]) == 9


def test_partitions_keep_their_names(made):
    """A partitioned variable is as many variables as it was."""
    parts = [f"table/part_{number}" for number in range(3)] + ["w/part_0", "w/part_1"]
    assert made["partitioned"]["variables"] == parts


def test_a_checkpoint_that_calls_variables_otherwise_is_read_by_its_saver(made):
    """The variables have the graph's names, and the check is told which is which."""
    assert sorted(made["meta_graph"]["variables"]) == ["local", "v", "w"]
    assert made["meta_graph"]["renamed"] == {"other/w": "w", "w": "v"}


def test_handles_of_one_variable_are_one_variable(made):
    """It has the name under which the Saver knows it."""
    assert made["shared"]["variables"] == ["w"]


def test_one_signature_is_callable(made):
    """Of several, none is the one to call."""
    assert made["recurrent"]["call"] == "sequences"
    assert made["names"]["call"] is None


def test_what_was_guessed_is_said(made):
    """Outputs and inputs of graphs without signatures."""
    for name, output in (("frozen", "out:0"), ("meta_graph", "y:0")):
        assert f"outputs guessed from the graph's sinks: {output}" in made[name]["said"]
        assert "inputs guessed from the graph's placeholders: x:0" in made[name]["said"]
