"""What runs a graph without a session does what running the session did."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from vendored import run_vendored

pytestmark = pytest.mark.tensorflow

SCRIPT = Path(__file__).parent / "graph_scenarios.py"
#: name -> claim; what takes arguments helps the others
SCENARIOS = {
    node.name: ast.get_docstring(node)
    for node in ast.parse(SCRIPT.read_text()).body
    if isinstance(node, ast.FunctionDef) and not node.args.args and not node.args.kwarg
    if node.name not in ("main", "bridge_saver")
}


@pytest.fixture(scope="module")
def results(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """How each scenario failed, "" if it did not, with the bridge that programs carry."""
    home = tmp_path_factory.mktemp("graph")
    parts = ("saver", "graph_module", "graph_export")
    said = run_vendored(tf2_python, home, parts, SCRIPT, home / "out")
    assert "Cannot activate TF2 compatibility" not in said
    found: dict[str, str] = json.loads((home / "out" / "results.json").read_text())
    return found


def test_all_scenarios_ran(results: dict[str, str]) -> None:
    """No scenario is left out, and each says what it claims."""
    assert set(results) == set(SCENARIOS)
    assert all(SCENARIOS.values())


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(results: dict[str, str], name: str) -> None:
    """The claim of the scenario holds."""
    assert not results[name], results[name]
