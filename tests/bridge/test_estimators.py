"""The bridge's Estimator and TensorFlow 1.15's train in one folder in turn."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from migrator.vendor import bridge_text

PROGRAM = Path(__file__).parent / "estimator_programs.py"

pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1]


def run(python: str, out: Path, folder: Path, steps: int, *more: str) -> dict[str, np.ndarray]:
    """Run the program; return what it stored."""
    done = subprocess.run(
        [python, str(PROGRAM), str(out), str(folder), str(steps), *more],
        env={**os.environ, "PYTHONPATH": str(out.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(out) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the bridge."""
    home = tmp_path_factory.mktemp("estimators")
    text = bridge_text(["canned_estimators", "tpu_estimator"])
    (home / "tf2_bridge.py").write_text(text, encoding="utf-8")
    return home


def test_each_goes_on_from_the_others_checkpoints(
    home: Path, tf1_python: str, tf2_python: str
) -> None:
    """Fifteen steps, five by each in turn, are the fifteen steps of TensorFlow 1.15 alone."""
    shared, alone = home / "shared", home / "alone"
    first = run(tf2_python, home / "first.npz", shared, 5, "--refusals")
    assert int(first["global_step"]) == 5
    second = run(tf1_python, home / "second.npz", shared, 5, "--refusals")
    assert int(second["global_step"]) == 10
    third = run(tf2_python, home / "third.npz", shared, 5)
    expected = run(tf1_python, home / "alone.npz", alone, 15)
    assert third.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(third[name], value, 1e-5, 1e-6, err_msg=name)
    assert (shared / "model.ckpt-15.index").exists()

    ours = json.loads((home / "first.npz.json").read_text())
    theirs = json.loads((home / "second.npz.json").read_text())
    assert "nothing" not in ours
    kinds = [said.partition(":")[0] for said in theirs]
    assert [said.partition(":")[0] for said in ours[: len(theirs)]] == kinds
    several, devices, on_tpu, batch_norm = ours[len(theirs) :]
    assert "several processes" in several
    assert "distribution strategy" in devices
    assert "use_tpu=False" in on_tpu
    assert "batch_norm=True" in batch_norm
