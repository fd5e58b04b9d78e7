"""Graph code trains in a GraphModule as TensorFlow 1.15 trains it in a session."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vendored import run_vendored

pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1]

SCRIPT = Path(__file__).parent / "graph_training.py"
#: of the script's ``CASES``, which only TensorFlow can import
CASES = next(
    [key.value for key in node.value.keys]
    for node in ast.parse(SCRIPT.read_text()).body
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "CASES"
)
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def curves(
    tf1_python: str, tf2_python: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What a session of 1.15.5, a GraphModule, and a session from its checkpoints computed."""
    home = tmp_path_factory.mktemp("training")
    found = {}
    for python, kind, start in (
        (tf1_python, "session", None),
        (tf2_python, "module", "session"),
        (tf1_python, "resume", "module"),
    ):
        folders = [home / one for one in (kind, start) if one]
        run_vendored(python, home, ["graph_module", "slim"], SCRIPT, kind, *folders)
        found[kind] = json.loads((home / kind / "curves.json").read_text())
    return found


def _close(one: Any, other: Any) -> None:
    assert np.shape(one) == np.shape(other)
    assert np.abs(np.subtract(one, other)).max() <= TOLERANCE


@pytest.mark.parametrize("case", CASES)
def test_the_curve_is_that_of_a_session(curves: dict[str, dict[str, Any]], case: str) -> None:
    """A hundred steps from TensorFlow 1's weights have its losses, averages and step numbers."""
    before, after = curves["session"][case]["all"], curves["module"][case]["all"]
    _close(before, after)
    assert abs(before[0][0] - before[-1][0]) > 0.01  # it learns something
    assert [row[2] for row in after] == list(range(1, 101))


@pytest.mark.parametrize("case", CASES)
def test_the_trained_model_answers_alike(curves: dict[str, dict[str, Any]], case: str) -> None:
    """After training, inference with moving statistics gives the same logits."""
    before, after = (np.array(curves[side][case]["logits"]) for side in ("session", "module"))
    assert (np.abs(before - after) <= 1e-4 * np.maximum(1, np.abs(before))).all()


@pytest.mark.parametrize("case", CASES)
def test_training_goes_on_from_a_checkpoint(curves: dict[str, dict[str, Any]], case: str) -> None:
    """From TensorFlow 1's checkpoint, and from one of our own, it goes on, slots included."""
    module = curves["module"][case]
    _close(curves["session"][case]["all"][50:], module["half"])
    _close(module["all"][50:], module["again"])


@pytest.mark.parametrize("case", CASES)
def test_tensorflow_1_goes_on_from_ours(curves: dict[str, dict[str, Any]], case: str) -> None:
    """TensorFlow 1.15's own Saver restores what a GraphModule saved, slots included."""
    _close(curves["session"][case]["all"][50:], curves["resume"][case]["half"])


@pytest.mark.parametrize("case", CASES)
def test_variables_are_called_the_same(curves: dict[str, dict[str, Any]], case: str) -> None:
    """Variables and slots have the names that TensorFlow 1 gives them, in its order."""
    assert curves["module"][case]["variables"] == curves["session"][case]["variables"]
