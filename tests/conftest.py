"""Fixtures shared by all tests: the interpreters and the paths that they need."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from warm import START, Servers, starter

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"

#: Tests of models make them with NumPy, which comes with TensorFlow; the static part has neither.
collect_ignore = (
    []
    if importlib.util.find_spec("numpy")
    else [
        *("test_worker.py", "test_checker.py", "rules_slim", "lift/test_graphcode.py"),
        *(f"bridge/test_{part}.py" for part in ("bridge", "contrib", "estimators", "hub", "mnist")),
        "bridge/test_graph_training.py",
        *(f"checker/test_{part}.py" for part in ("cost", "parting", "process", "recording")),
        *("convert/test_checkpoints.py", "convert/test_checkpoint_slots.py"),
    ]
)


def find_tf1_python() -> str | None:
    """Return an interpreter that has TensorFlow 1.15, or None.

    ``MIGRATOR_TF1_PYTHON`` names it; else ``.tf1/bin/python`` of the checkout, which
    ``.ci/run`` makes where a Python 3.7 is present.
    """
    named = os.environ.get("MIGRATOR_TF1_PYTHON")
    if named:
        found = shutil.which(named)
        if found is None:
            raise pytest.UsageError(f"MIGRATOR_TF1_PYTHON={named!r} is not an interpreter")
        return found
    local = ROOT / ".tf1" / "bin" / "python"
    return str(local) if local.exists() else None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Take back what importing TensorFlow 2 in this process leaves for those it starts."""
    os.environ.pop("TF2_BEHAVIOR", None)


@pytest.fixture(scope="session")
def tf1_python() -> str:
    """An interpreter with TensorFlow 1.15; tests that need one are skipped where none is."""
    found = find_tf1_python()
    if found is None:
        pytest.skip("no TensorFlow 1.15 here: set MIGRATOR_TF1_PYTHON to an interpreter with it")
    return found


@pytest.fixture(scope="session")
def tf2_python() -> str:
    """The interpreter that runs TensorFlow 2: ours; skipped where TensorFlow is missing."""
    probe = subprocess.run(
        [
            sys.executable,
            "-c",
            "import importlib.util as u, sys; sys.exit(not u.find_spec('tensorflow'))",
        ],
        check=False,
    )
    if probe.returncode:
        pytest.skip("TensorFlow is not installed: pip install 'tf-migrator[check]'")
    return sys.executable


@pytest.fixture(scope="session")
def warm_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers with TensorFlow, for as long as the tests run."""
    servers = Servers(tmp_path_factory.mktemp("warm"))
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def warm(warm_servers: Servers) -> Iterator[None]:
    """Run the checker's processes of a module in forks of one that has TensorFlow."""
    real = {sys.executable, *filter(None, [find_tf1_python()])}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("migrator.checker.process.Job.start", starter(warm_servers, real))
        yield


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test's processes from their first line, in a module that is ``warm``."""
    monkeypatch.setattr("migrator.checker.process.Job.start", START)
