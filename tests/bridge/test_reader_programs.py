"""Programs that read checkpoints by variable names, migrated and run on old and new ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.tensorflow

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
OLD = PROGRAMS / "old"


def said(python: str, script: Path, *arguments: str) -> str:
    """Return what a program prints."""
    done = subprocess.run(
        [python, str(script), *arguments],
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs, migrated into the session tier."""
    home = tmp_path_factory.mktemp("programs")
    for name in ("train.py", "warm.py"):
        shutil.copy(PROGRAMS / name, home)
    migrate(home, "session")
    return home


def migrate(home: Path, tier: str) -> None:
    """Migrate the programs in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "migrator", "migrate", "--write", "--tier", tier, "."],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(HERE.parent.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stderr


def test_writer_and_reader_move_together(migrated: Path) -> None:
    """The Saver is not held back for a reader that the bridge has."""
    writer, reader = ((migrated / name).read_text() for name in ("train.py", "warm.py"))
    assert "tf2_bridge.Saver(" in writer
    for name in ("NewCheckpointReader", "init_from_checkpoint", "assign_from_checkpoint_fn"):
        assert f"tf2_bridge.{name}(" in reader
    assert "from tf2_bridge import list_variables, load_variable" in reader


def test_the_same_is_read_of_what_tensorflow_1_wrote(migrated: Path, tf2_python: str) -> None:
    """On a name-based checkpoint the migrated program prints what 1.15.5 printed."""
    assert said(tf2_python, migrated / "warm.py", str(OLD)) == (OLD / "warm.txt").read_text()


def test_the_same_is_read_of_what_the_migrated_writer_wrote(
    migrated: Path, tf2_python: str, tmp_path: Path
) -> None:
    """And so on the object-based one of the migrated Saver."""
    folder = str(tmp_path / "new")
    assert said(tf2_python, migrated / "train.py", folder) == (OLD / "train.txt").read_text()
    assert said(tf2_python, migrated / "warm.py", folder) == (OLD / "warm.txt").read_text()


def test_a_lifted_program_reads_both(tf2_python: str, tmp_path: Path) -> None:
    """Without a session, too: what it wrote itself, and what TensorFlow 1.15.5 wrote."""
    home = tmp_path / "native"
    home.mkdir()
    shutil.copy(PROGRAMS / "native.py", home)
    migrate(home, "native")
    text = (home / "native.py").read_text()
    assert "Session" not in text
    assert "tf2_bridge.list_variables(" in text
    (tmp_path / "new").mkdir()
    printed = said(tf2_python, home / "native.py", str(tmp_path / "new"), str(OLD))
    assert printed == (OLD / "native.txt").read_text()


@pytest.mark.tf1
def test_expectations_are_what_tensorflow_1_prints(tf1_python: str, tmp_path: Path) -> None:
    """The stored texts are what a TensorFlow 1.15 prints when asked now."""
    folder = str(tmp_path / "old")
    assert said(tf1_python, PROGRAMS / "train.py", folder) == (OLD / "train.txt").read_text()
    assert said(tf1_python, PROGRAMS / "warm.py", folder) == (OLD / "warm.txt").read_text()
    (tmp_path / "new").mkdir()
    printed = said(tf1_python, PROGRAMS / "native.py", str(tmp_path / "new"), str(OLD))
    assert printed == (OLD / "native.txt").read_text()
