"""The bridge's readers give for both kinds of checkpoint what 1.15.5's gave for its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrator.vendor import bridge_text

pytestmark = pytest.mark.tensorflow

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = json.loads((HERE / "data" / "readers.json").read_text())
NAMES = sorted(name.removesuffix(" of old") for name in EXPECTED)
Runs = Callable[[str], dict[str, Any]]


def run(python: str, kind: str, out: Path, **environment: str) -> dict[str, Any]:
    """Run the scenarios and return what they saw, by name."""
    out.mkdir(parents=True)
    done = subprocess.run(
        [python, str(HERE / "reader_scenarios.py"), kind, str(out)],
        env={**os.environ, "WRITE_DATA": "", "VENDORED": "", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads((out / "results.json").read_text())


@pytest.fixture(scope="module")
def runs(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """What the scenarios saw on TensorFlow 2 in a mode."""
    home = tmp_path_factory.mktemp("readers")
    done: dict[str, dict[str, Any]] = {}

    def seen(mode: str) -> dict[str, Any]:
        if mode not in done:
            environment = {}
            if mode == "v2_behavior":  # with the file that migrated programs carry
                text = bridge_text(["readers", "saver", "session_module"])
                (home / "tf2_bridge.py").write_text(text, encoding="utf-8")
                environment = {"VENDORED": str(home)}
            done[mode] = run(tf2_python, mode, home / mode, **environment)
        return done[mode]

    return seen


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("age", ["old", "new"])
@pytest.mark.parametrize("mode", ["v2_behavior", "eager", "graph"])
def test_same_as_tensorflow_1(mode: str, age: str, name: str, runs: Runs) -> None:
    """Names, values, shapes and errors are 1.15.5's, for its checkpoints and for the Saver's."""
    found = runs(mode)[f"{name} of {age}"]
    assert "failed" not in found, found
    assert found == EXPECTED[f"{name} of old"]


@pytest.mark.tf1
def test_expectations_are_what_tensorflow_1_does(
    tf1_python: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The stored expectations are what a TensorFlow 1.15 says when asked now."""
    assert run(tf1_python, "tf1", tmp_path_factory.mktemp("tf1") / "out") == EXPECTED
