"""One process per kind of TensorFlow runs all scenarios; the tests read what it saw."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrator.vendor import PARTS, bridge_text

HERE = Path(__file__).parent


def run_scenarios(python: str, kind: str, out: Path, **environment: str) -> dict[str, Any]:
    """Run ``scenarios.py`` and return what its scenarios saw, by name."""
    out.mkdir(parents=True)
    done = subprocess.run(
        [python, str(HERE / "scenarios.py"), kind, str(out)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        pytest.fail(f"{kind}: {done.stderr[-3000:]}")
    return json.loads((out / "results.json").read_text())


@pytest.fixture(scope="session")
def bridge_runs(
    tf2_python: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[dict[str, Any], Path]]:
    """What the scenarios saw on TensorFlow 2 in a mode, and the folder they wrote to."""
    home = tmp_path_factory.mktemp("bridge")
    done: dict[str, dict[str, Any]] = {}

    def run(mode: str) -> tuple[dict[str, Any], Path]:
        out = home / mode
        if mode not in done:
            # The mode that migrated programs run in uses the file that they carry.
            environment = {"VENDORED": ""}
            if mode == "v2_behavior":
                (home / "tf2_bridge.py").write_text(bridge_text(PARTS), encoding="utf-8")
                environment = {"VENDORED": str(home)}
            done[mode] = run_scenarios(tf2_python, mode, out, **environment)
        return done[mode], out

    return run


@pytest.fixture(scope="session")
def tf1_expected() -> dict[str, Any]:
    """What the scenarios saw on TensorFlow 1.15.5, as stored under ``data``."""
    return json.loads((HERE / "data" / "tf1.json").read_text())


@pytest.fixture(scope="session")
def tf1_run(
    tf1_python: str,
    bridge_runs: Callable[[str], tuple[dict[str, Any], Path]],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What the scenarios see on TensorFlow 1.15 now, reading what the bridge wrote."""
    _, written = bridge_runs("v2_behavior")
    out = tmp_path_factory.mktemp("tf1") / "out"
    return run_scenarios(tf1_python, "tf1", out, BRIDGE_OUT=str(written), WRITE_DATA="")
