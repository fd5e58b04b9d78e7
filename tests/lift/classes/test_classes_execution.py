"""Lifted classes on TensorFlow 2 print, save and restore what the classes did on 1.15.5."""

from __future__ import annotations

import json
import subprocess

import pytest
from class_scripts import GOLDEN, NAMES, Side, assert_close, run_side

from migrator.checker import check
from migrator.results import DeltaStatus

pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1]

#: Scripts run a second time, from the checkpoint that the first run left.
AGAIN = {"regressor again": "regressor"}


def side(python: str, root: pytest.TempPathFactory, text: str, old: str) -> Side:
    """Run the scripts, and once more those that restore."""
    scripts = {name: GOLDEN / name / text for name in NAMES}
    scripts |= {again: GOLDEN / name / text for again, name in AGAIN.items()}
    return run_side(python, root, scripts, {again: [old] for again in AGAIN})


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, tf1_python: str) -> Side:
    """The scripts on TensorFlow 1.15."""
    root = tmp_path_factory.mktemp("before")
    return side(tf1_python, root, "before.py", str(root / "regressor" / "last"))


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory, tf2_python: str, before: Side) -> Side:
    """What they were lifted to on TensorFlow 2, which go on from the files of 1.15."""
    root = tmp_path_factory.mktemp("after")
    return side(tf2_python, root, "after.py", str(before.root / "regressor" / "last"))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_printed(before: Side, after: Side, name: str) -> None:
    """Losses, predictions, steps and paths agree to 1e-5."""
    assert_close(after.output(name), before.output(name))


@pytest.mark.parametrize("name", AGAIN)
def test_training_goes_on_from_an_old_checkpoint(before: Side, after: Side, name: str) -> None:
    """Restored from a file of 1.15.5, slots included, training continues on its curve."""
    assert_close(after.output(name), before.output(name))
    assert after.output(name) != after.output(AGAIN[name])


@pytest.mark.parametrize("folder", ["simple", "built"])
def test_the_export_answers_alike(before: Side, after: Side, folder: str) -> None:
    """The exported module and the original export MATCH: signature, dtypes, outputs."""
    before.output("exporter"), after.output("exporter")
    result = check(before.root / "exporter" / folder, after.root / "exporter" / folder)
    assert result.deltas
    told = [d for d in result.deltas if d.status not in (DeltaStatus.EQUAL, DeltaStatus.CLOSE)]
    assert not told
    assert result.error is None


def test_old_programs_read_what_lifted_ones_save(after: Side, tf1_python: str) -> None:
    """TensorFlow 1.15's Saver restores a checkpoint of a lifted class, under the same names."""
    after.output("regressor")
    script = str(GOLDEN / "regressor" / "before.py")
    prefix = str(after.root / "regressor" / "last")
    command = [tf1_python, script, prefix]
    folder = after.root / "read by old"
    folder.mkdir()
    done = subprocess.run(command, cwd=folder, check=True, text=True, stdout=subprocess.PIPE)
    assert_close(done.stdout, after.output("regressor again"))


def test_the_same_is_summarized(before: Side, after: Side, tf2_python: str) -> None:
    """TensorBoard finds the same tags, steps and values."""
    after.output("monitored")
    folders = [str(one.root / "monitored" / "logs") for one in (before, after)]
    command = [tf2_python, "-c", _READ_EVENTS, *folders]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    old, new = json.loads(done.stdout.splitlines()[-1])
    assert [row[:2] for row in new] == [row[:2] for row in old]
    assert len(old) == 8
    numbers = [[value for _, _, value in rows if value is not None] for rows in (old, new)]
    assert len(numbers[0]) == 4
    assert numbers[1] == pytest.approx(numbers[0], rel=1e-5, abs=1e-5)


#: Tag, step and value of each scalar in two folders; of a histogram, no value.
_READ_EVENTS = """
import glob, json, sys
import tensorflow as tf
found = []
for folder in sys.argv[1:]:
    rows = []
    for path in sorted(glob.glob(folder + "/*")):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                number = value.simple_value if value.HasField("simple_value") else None
                rows.append([value.tag, event.step, number])
    found.append(sorted(rows, key=lambda row: (row[1], row[0])))
print(json.dumps(found))
"""
