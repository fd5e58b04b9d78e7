"""Lifted scripts on TensorFlow 2 print, save and export what the scripts did on 1.15.5.

Two processes, one for each TensorFlow, run all scripts of ``golden``.  Every variable starts from
an array that its name and shape decide, so both sides train from the same weights.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrator.results import DeltaStatus, Verdict

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
NAMES = sorted(path.parent.name for path in GOLDEN.glob("*/before.py"))
TOLERANCE = 1e-5
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\binf\b|\bnan\b)")

pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1]


@dataclass
class Side:
    """The scripts as one TensorFlow ran them."""

    root: Path
    status: dict[str, int]

    def output(self, name: str) -> str:
        """Return what the script ``name`` printed."""
        assert self.status[name] == 0, (self.root / f"{name}.err").read_text()[-3000:]
        return (self.root / f"{name}.out").read_text()


def run_side(python: str, root: Path, text: str, arguments: dict[str, list[str]]) -> Side:
    """Run ``before.py`` or ``after.py`` of every case, each in a folder of its own."""
    jobs = []
    # what is restored is written first
    for name in sorted(NAMES, key=lambda name: name in ("restore", "resume")):
        folder = root / name
        folder.mkdir(parents=True)
        jobs.append(
            {
                "name": name,
                "script": str(GOLDEN / name / text),
                "args": arguments.get(name, []),
                "cwd": str(folder),
                "stdout": str(root / f"{name}.out"),
                "stderr": str(root / f"{name}.err"),
            }
        )
    plan = root / "jobs.json"
    plan.write_text(json.dumps(jobs))
    subprocess.run([python, str(HERE / "run_scripts.py"), str(plan)], check=True)
    return Side(root, json.loads(Path(f"{plan}.done").read_text()))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, tf1_python: str) -> Side:
    """The scripts on TensorFlow 1.15."""
    root = tmp_path_factory.mktemp("before")
    saved = str(root / "perceptron" / "perceptron.ckpt")
    slots = str(root / "sessions" / "sessions.ckpt")
    words = str(root / "pretrained" / "embeddings.ckpt")
    arguments = {"restore": [saved], "resume": [slots], "pretrained": [words, words]}
    return run_side(tf1_python, root, "before.py", arguments)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory, tf2_python: str, before: Side) -> Side:
    """What they were lifted to on TensorFlow 2, which restores files of both."""
    root = tmp_path_factory.mktemp("after")
    old = str(before.root / "perceptron" / "perceptron.ckpt")
    new = str(root / "perceptron" / "perceptron.ckpt")
    # training goes on from the file of 1.15.5, with the slots of its optimizer
    slots = str(before.root / "sessions" / "sessions.ckpt")
    words = [str(side / "pretrained" / "embeddings.ckpt") for side in (before.root, root)]
    arguments = {"restore": [old, new], "resume": [slots], "pretrained": words}
    return run_side(tf2_python, root, "after.py", arguments)


def assert_close(found: str, expected: str) -> None:
    """Compare two outputs: words exactly, numbers to the tolerance."""
    plain = [
        re.sub(r"[\s\[\]]+", " ", _NUMBER.sub("#", text)).strip() for text in (found, expected)
    ]
    assert plain[0] == plain[1]
    pairs = list(zip(_NUMBER.findall(found), _NUMBER.findall(expected), strict=True))
    assert pairs
    for a, b in pairs:
        assert float(a) == pytest.approx(float(b), rel=TOLERANCE, abs=TOLERANCE)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "restore"])
def test_the_same_is_printed(before: Side, after: Side, name: str) -> None:
    """Losses, predictions, steps and paths agree to 1e-5."""
    if name == "summaries":
        _need_tensorboard(after)
    assert_close(after.output(name), before.output(name))


def _need_tensorboard(side: Side) -> None:
    if "TBNotInstalledError" in (side.root / "summaries.err").read_text():
        pytest.skip("TensorFlow 2 writes summaries through the package tensorboard only")


def test_the_same_is_summarized(before: Side, after: Side, tf2_python: str) -> None:
    """TensorBoard finds the same tags, steps and values."""
    _need_tensorboard(after)
    folders = [str(side.root / "summaries" / "logs") for side in (before, after)]
    command = [tf2_python, "-c", _READ_EVENTS, *folders]
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)
    old, new = json.loads(done.stdout.splitlines()[-1])
    assert len(new) == 62
    assert [row[:2] for row in new] == [row[:2] for row in old]
    numbers = [[value for _, _, value in rows if value is not None] for rows in (old, new)]
    assert len(numbers[0]) == 42
    assert numbers[1] == pytest.approx(numbers[0], rel=TOLERANCE, abs=TOLERANCE)


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
                number = None
                if value.HasField("simple_value"):
                    number = value.simple_value
                elif value.HasField("tensor") and not value.tensor.tensor_shape.dim:
                    number = float(tf.make_ndarray(value.tensor))
                rows.append([value.tag, event.step, number])
    found.append(sorted(rows, key=lambda row: (row[1], row[0])))
print(json.dumps(found))
"""


def test_checkpoints_of_both_kinds_are_restored(before: Side, after: Side) -> None:
    """A lifted reader restores what 1.15.5 wrote and what a lifted writer wrote."""
    once = before.output("restore")
    assert_close(after.output("restore"), once + once)


@pytest.mark.parametrize("name", ["export", "examples", "defaults", "signatures"])
def test_the_export_answers_alike(before: Side, after: Side, name: str) -> None:
    """The exported module and the original export MATCH: signature, dtypes, outputs."""
    from migrator.checker import check

    before.output(name), after.output(name)
    place = Path(name, "exported", "3") if name == "signatures" else Path(name, "exported")
    result = check(before.root / place, after.root / place)
    told = [d for d in result.deltas if d.status not in (DeltaStatus.EQUAL, DeltaStatus.CLOSE)]
    assert not told
    assert result.deltas
    slots = {d.name for d in result.variables if d.status is not DeltaStatus.CLOSE} - {
        d.name for d in result.variables if d.status is DeltaStatus.EQUAL
    }
    assert result.verdict is Verdict.MATCH or slots <= {"kernel/Adagrad", "offset/Adagrad"}, result


def test_the_newest_checkpoint_is_found(after: Side, tf2_python: str) -> None:
    """The state file names the checkpoint, with a CheckpointManager and with exact names."""
    after.output("softmax"), after.output("perceptron")
    state = (after.root / "softmax" / "out" / "softmax" / "checkpoint").read_text()
    assert 'model_checkpoint_path: "model-100"' in state
    state = (after.root / "perceptron" / "checkpoint").read_text()
    assert "perceptron.ckpt" in state


def test_a_full_directory_is_not_exported_into(
    after: Side, tf2_python: str, tmp_path: Path
) -> None:
    """An export that exists is refused, as TensorFlow 1 does."""
    shutil.copytree(after.root / "export" / "exported", tmp_path / "exported")
    job = {
        "name": "again",
        "script": str(GOLDEN / "export" / "after.py"),
        "cwd": str(tmp_path),
        "stdout": str(tmp_path / "out"),
        "stderr": str(tmp_path / "err"),
    }
    plan = tmp_path / "jobs.json"
    plan.write_text(json.dumps([job]))
    subprocess.run([tf2_python, str(HERE / "run_scripts.py"), str(plan)], check=True)
    assert json.loads(Path(f"{plan}.done").read_text())["again"] != 0
    assert "AssertionError: exported holds an export already" in (tmp_path / "err").read_text()
