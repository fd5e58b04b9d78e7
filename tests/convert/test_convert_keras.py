"""A Keras file becomes a reusable SavedModel that does what the model did."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("warm")]

SCRIPT = Path(__file__).parent / "keras_scenarios.py"
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def seen(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenarios saw, by name."""
    out = tmp_path_factory.mktemp("keras")
    done = subprocess.run(
        [tf2_python, str(SCRIPT), str(out)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        pytest.fail(done.stderr[-3000:])
    found = json.loads((out / "seen.json").read_text())
    for name, value in found.items():
        if isinstance(value, dict) and "error" in value:
            pytest.fail(f"{name}: {value['error']}")
    return dict(found)


def test_the_interface_of_a_reusable_saved_model(seen):
    """``__call__``, the signature, and both after loading, saving and loading again."""
    found = seen["interface"]
    assert max(found["call"]) <= TOLERANCE
    made = found["made"]
    assert made["variables"][:2] == ["dense/kernel", "dense/bias"]
    assert set(made["variables"]) - set(made["trainable_variables"]) == {
        "batch_normalization/moving_mean",
        "batch_normalization/moving_variance",
    }
    assert [name.partition(":")[0] for name in found["again"]] == made["trainable_variables"]
    assert list(made["signatures"]["serving_default"]["inputs"]) == ["dense_input"]


def test_it_trains_where_it_is_told_to(seen):
    """Dropout drops and batch normalisation moves its averages with ``training=True`` only."""
    found = seen["interface"]
    assert found["dropout"] > 0.1
    assert found["moved"] > 1e-3


def test_regularization_losses(seen):
    """Those of the model, each a function of the variables."""
    found = seen["interface"]
    assert found["losses"] == pytest.approx(found["wanted_losses"], rel=1e-6)
    assert len(found["losses"]) == 3


def test_fine_tuning_follows_the_model(seen):
    """Twenty steps with momentum, batch normalisation and a regularizer."""
    found = seen["training"]
    assert found["after"] == pytest.approx(found["before"], abs=1e-5)
    assert found["after"][-1] < found["after"][0] / 4


def test_names_that_are_no_python_names(seen):
    """The signature has the model's own, as TensorFlow Serving sees them."""
    found = seen["several"]
    assert max(found["call"] + found["served"]) <= TOLERANCE
    assert found["keys"] == ["ids", "lambda", "net/x"]
    trainable = found["made"]["trainable_variables"]
    assert "frozen/kernel" in found["made"]["variables"]
    assert "frozen/kernel" not in trainable
    assert "scores/kernel" in trainable


def test_files_of_keras_3(seen):
    """Of either format; inputs and outputs that are dicts."""
    for found in seen["keras_3_file"]:
        assert max(found["call"].values()) <= TOLERANCE
        assert sorted(found["call"]) == ["y", "z"]
        assert found["statistics_moved"]
        assert found["losses"] == pytest.approx(found["wanted_losses"], rel=1e-6)
        assert len(found["losses"]) == 1
        assert found["made"]["variables"][0].startswith("dense")


def test_a_lookup_table_is_carried(seen):
    """The layer's words are looked up."""
    assert seen["table"] <= TOLERANCE


def test_what_is_refused(seen):
    """By name, and nothing is written."""
    found = seen["refusals"]
    assert found["sparse"].startswith("CannotCarry: its input 'wide' is no dense tensor")
    assert found["unbuilt"].startswith("CannotOpen: its inputs are not known")
    assert found["stateful"].startswith("CannotCarry: its layer 'lstm' keeps a state")
    assert all(said.endswith(" False") for said in found.values())
