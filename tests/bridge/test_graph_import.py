"""Imported graphs do in a GraphModule what they did in a session."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path

import pytest
from vendored import run_vendored

pytestmark = pytest.mark.tensorflow

HERE = Path(__file__).parent
SCRIPT = HERE / "import_scenarios.py"
MODELS = HERE / "import_models.py"


def names(script: Path, table: str) -> list[str]:
    """Return the names in a table of a script, which only TensorFlow can import."""
    for node in ast.parse(script.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == table:
            if isinstance(node.value, ast.Dict):
                return [ast.literal_eval(key) for key in node.value.keys if key]
            return [ast.unparse(one) for one in node.value.elts]
    raise LookupError(table)


ALONE = names(SCRIPT, "ALONE")
WRITTEN = names(SCRIPT, "WRITTEN") + names(MODELS, "MODELS")


def run(python: str, home: Path, *folders: Path) -> dict[str, str]:
    """Return how each scenario failed, "" if it did not, with the bridge that programs carry."""
    parts = ("graph_import", "graph_export", "predictor", "graph_predictor")
    run_vendored(python, home, parts, SCRIPT, home / "out", *folders)
    found: dict[str, str] = json.loads((home / "out" / "results.json").read_text())
    return found


@pytest.fixture(scope="module")
def alone(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What needs no TensorFlow 1."""
    return run(tf2_python, tmp_path_factory.mktemp("import"))


@pytest.fixture(scope="module")
def written(
    tf1_python: str, tf2_python: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What is done with models that TensorFlow 1.15 writes now."""
    home = tmp_path_factory.mktemp("written")
    models = home / "models"
    models.mkdir()
    done = subprocess.run(
        [tf1_python, str(MODELS), str(models)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        pytest.fail(done.stderr[-3000:])
    return run(tf2_python, home, models)


@pytest.mark.parametrize("name", ALONE)
def test_scenario(alone: dict[str, str], name: str) -> None:
    """The claim of the scenario holds."""
    assert not alone[name], alone[name]


@pytest.mark.tf1
@pytest.mark.parametrize("name", WRITTEN)
def test_scenario_of_what_tensorflow_1_wrote(written: dict[str, str], name: str) -> None:
    """The claim of the scenario holds, or the model trains and restores as it did."""
    assert not written[name], written[name]


def test_all_scenarios_are_listed() -> None:
    """Each function of the script without arguments is one of a table."""
    found = {
        node.name
        for node in ast.parse(SCRIPT.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.args.args and node.name != "main"
    }
    assert found == {*ALONE, *names(SCRIPT, "WRITTEN")}
