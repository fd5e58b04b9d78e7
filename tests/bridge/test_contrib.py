"""What the bridge has of ``tf.contrib`` gives TensorFlow 1.15.5's numbers, names and gradients."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from migrator.vendor import bridge_text

HERE = Path(__file__).parent
STORED = HERE / "data" / "contrib_tf1.npz"
PARTS = ("seq2seq", "legacy_seq2seq", "crf", "contrib_rnn")

Arrays = dict[str, Any]


def run(python: str, home: Path, **environment: str) -> Arrays:
    """Run every scenario in one process."""
    done = subprocess.run(
        [python, str(HERE / "contrib_scenarios.py"), str(home / "out.npz")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        pytest.fail(done.stderr[-3000:])
    return read(home / "out.npz")


def read(path: Path) -> Arrays:
    """Return the arrays of a file by ``scenario: name``."""
    with np.load(path) as stored:
        return {name: stored[name] for name in stored.files}


def names() -> list[str]:
    """Return the scenarios that 1.15.5 ran."""
    with np.load(STORED) as stored:
        return sorted({name.partition(":")[0] for name in stored.files})


def assert_same(expected: Arrays, found: Arrays, scenario: str) -> None:
    """Compare the arrays of one scenario."""
    failure = found.get(f"{scenario}: failed")
    assert failure is None, str(failure)[-3000:]
    mine = {name for name in expected if name.startswith(f"{scenario}: ")}
    assert mine == {name for name in found if name.startswith(f"{scenario}: ")}
    for name in sorted(mine):
        before, after = expected[name], found[name]
        assert before.shape == after.shape, name
        assert before.dtype.kind == after.dtype.kind, name
        if before.dtype.kind == "f":
            relative = 1e-4 if "gradient" in name else 1e-5
            np.testing.assert_allclose(after, before, relative, 1e-5, err_msg=name)
        else:
            np.testing.assert_array_equal(after, before, err_msg=name)


@pytest.fixture(scope="module")
def expected() -> Arrays:
    """What 1.15.5 gave."""
    return read(STORED)


@pytest.fixture(scope="module")
def after(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> Arrays:
    """What the bridge gives as programs carry it."""
    home = tmp_path_factory.mktemp("contrib")
    (home / "tf2_bridge.py").write_text(bridge_text(PARTS), encoding="utf-8")
    return run(tf2_python, home, VENDORED=str(home))


@pytest.mark.tensorflow
@pytest.mark.parametrize("scenario", names())
def test_same_as_tensorflow_1(expected: Arrays, after: Arrays, scenario: str) -> None:
    """Outputs, gradients and the names and shapes of all variables are TensorFlow 1's."""
    assert_same(expected, after, scenario)


def test_nothing_is_left_out(expected: Arrays) -> None:
    """The stored numbers are of all scenarios, and none of them failed."""
    text = (HERE / "contrib_scenarios.py").read_text(encoding="utf-8")
    defined = text.split("@scenario\ndef ")[1:]
    assert sorted(one.partition("(")[0] for one in defined) == names()
    assert not [name for name in expected if name.endswith(": failed")]


@pytest.mark.tf1
def test_stored_numbers_are_tensorflow_1s(
    expected: Arrays, tf1_python: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """TensorFlow 1.15 still gives what is stored."""
    found = run(tf1_python, tmp_path_factory.mktemp("contrib1"))
    assert sorted(found) == sorted(expected)
    for scenario in names():
        assert_same(expected, found, scenario)


WITHOUT_KERAS = """
import os, sys
os.environ.pop("TF_USE_LEGACY_KERAS", None)
sys.modules["tf_keras"] = None
sys.path.insert(0, sys.argv[1])
import tf2_bridge
assert tf2_bridge.crf.crf_decode and tf2_bridge.seq2seq.sequence_loss
assert not isinstance(1, tf2_bridge.AttentionWrapper)
assert tf2_bridge.AttentionWrapper.__name__ == "AttentionWrapper"
"""


@pytest.mark.tensorflow
def test_the_file_is_imported_without_tf_keras(tf2_python: str, tmp_path: Path) -> None:
    """A program that shares the file and uses no cell needs no tf-keras."""
    (tmp_path / "tf2_bridge.py").write_text(bridge_text(PARTS), encoding="utf-8")
    subprocess.run([tf2_python, "-c", WITHOUT_KERAS, str(tmp_path)], check=True, timeout=300)
