"""``SessionModule`` exports managed sessions: nothing is added to their finalized graphs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from vendored import run_vendored

pytestmark = pytest.mark.tensorflow
SCRIPT = Path(__file__).parent / "managed_scenarios.py"


@pytest.fixture(scope="module")
def found(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scenarios saw."""
    home = tmp_path_factory.mktemp("managed")
    out = home / "out"
    out.mkdir()
    run_vendored(tf2_python, home, ["saver", "session_module"], SCRIPT, out)
    told: dict[str, Any] = json.loads((out / "found.json").read_text(encoding="utf-8"))
    return told


@pytest.mark.parametrize(
    "name",
    [
        *("monitored", "monitored_resource", "singular", "raw", "unwrapped", "tf_session"),
        *("hook", "supervisor", "second_session", "mutable"),
    ],
)
def test_the_export_holds_the_values_of_the_moment(found: dict[str, Any], name: str) -> None:
    """However the session is reached: three steps on, and with both tables."""
    assert found[name] == [[[7.0, 8.0], [3.0, 4.0]], [-1, 1]]


def test_a_table_that_nothing_reads_is_refused_by_name(found: dict[str, Any]) -> None:
    """Its contents cannot be read without adding to the graph."""
    assert "MutableHashTableV2" in found["unread"]
    assert "finalized" in found["unread"]
