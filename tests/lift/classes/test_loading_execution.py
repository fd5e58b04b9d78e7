"""Lifted classes that load models give on TensorFlow 2 what the classes gave on 1.15.5."""

from __future__ import annotations

from pathlib import Path

import pytest
from class_scripts import GOLDEN, HERE, LOADING, Side, assert_close, run_side

pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1]

WRITER = HERE / "artefacts.py"


def side(python: str, root: Path, text: str, folders: dict[str, Path]) -> Side:
    """Write artefacts, then run the scripts on those of each folder, and on one's own."""
    folders = {**folders, "own": root / "artefacts"}
    scripts = {"artefacts": WRITER}
    arguments = {"artefacts": ["."]}
    for name in LOADING:
        for which, folder in folders.items():
            scripts[f"{name} {which}"] = GOLDEN / name / text
            arguments[f"{name} {which}"] = [str(folder)]
    return run_side(python, root, scripts, arguments)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, tf1_python: str) -> Side:
    """The scripts on TensorFlow 1.15, on what it wrote itself."""
    return side(tf1_python, tmp_path_factory.mktemp("before"), "before.py", {})


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory, tf2_python: str, before: Side) -> Side:
    """What they were lifted to on TensorFlow 2, on what 1.15 wrote and on what 2 wrote."""
    root = tmp_path_factory.mktemp("after")
    return side(tf2_python, root, "after.py", {"old": before.root / "artefacts"})


@pytest.mark.parametrize("which", ["old", "own"])
@pytest.mark.parametrize("name", LOADING)
def test_the_same_is_printed(before: Side, after: Side, name: str, which: str) -> None:
    """Predictions, losses, steps and weights agree to 1e-5, on old and on new artefacts."""
    before.output("artefacts"), after.output("artefacts")
    assert_close(after.output(f"{name} {which}"), before.output(f"{name} own"))
