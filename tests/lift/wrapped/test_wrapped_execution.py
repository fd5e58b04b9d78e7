"""Lifted scripts on TensorFlow 2 print, save and export what the scripts did on 1.15.5.

Two processes, one for each TensorFlow, run all scripts of ``golden``, from the same weights.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from loading_shapes import LOADING

from migrator.results import DeltaStatus
from migrator.vendor import bridge_text

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
NAMES = sorted({path.parent.name for path in GOLDEN.glob("*/before.py")} - LOADING.keys())
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


def run_side(python: str, root: Path, text: str) -> Side:
    """Run ``before.py`` or ``after.py`` of every case, each in a folder of its own."""
    bridge = root / "bridge"
    bridge.mkdir()
    (bridge / "tf2_bridge.py").write_text(bridge_text({"graph_module", "graph_export"}))
    jobs = []
    for name in NAMES:
        (root / name).mkdir(parents=True)
        jobs.append(
            {
                "name": name,
                "script": str(GOLDEN / name / text),
                "cwd": str(root / name),
                "stdout": str(root / f"{name}.out"),
                "stderr": str(root / f"{name}.err"),
                "bridge": str(bridge),
            }
        )
    plan = root / "jobs.json"
    plan.write_text(json.dumps(jobs))
    subprocess.run([python, str(HERE.parent / "run_scripts.py"), str(plan)], check=True)
    return Side(root, json.loads(Path(f"{plan}.done").read_text()))


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, tf1_python: str) -> Side:
    """The scripts on TensorFlow 1.15."""
    return run_side(tf1_python, tmp_path_factory.mktemp("before"), "before.py")


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory, tf2_python: str) -> Side:
    """What they were lifted to on TensorFlow 2."""
    return run_side(tf2_python, tmp_path_factory.mktemp("after"), "after.py")


def _words(text: str) -> str:
    return re.sub(r"[\s\[\]]+", " ", _NUMBER.sub("#", text)).strip()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_printed(before: Side, after: Side, name: str) -> None:
    """Losses, predictions, steps and paths agree to 1e-5."""
    expected = before.output(name)
    if "TBNotInstalledError" in (after.root / f"{name}.err").read_text():
        pytest.skip("TensorFlow 2 writes summaries through the package tensorboard only")
    found = after.output(name)
    assert _words(found) == _words(expected)
    pairs = list(zip(_NUMBER.findall(found), _NUMBER.findall(expected), strict=True))
    assert pairs
    for a, b in pairs:
        assert float(a) == pytest.approx(float(b), rel=TOLERANCE, abs=TOLERANCE)


def _asked(python: str, code: str, *arguments: str) -> object:
    done = subprocess.run(
        [python, "-c", code, *arguments], check=True, text=True, stdout=subprocess.PIPE
    )
    return json.loads(done.stdout.splitlines()[-1])


_READ = """
import glob, json, sys
import tensorflow as tf
rows = []
for prefix in sys.argv[1:]:
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(prefix))
    shapes = reader.get_variable_to_shape_map()
    names = {}
    for key in shapes:
        if key == "_CHECKPOINTABLE_OBJECT_GRAPH" or key == "save_counter":
            continue
        name = key.replace("/.ATTRIBUTES/VARIABLE_VALUE", "")
        name = name[len("variables/"):] if name.startswith("variables/") else name
        names[name.replace(".S", "/")] = reader.get_tensor(key).tolist()
    rows.append(names)
print(json.dumps(rows))
"""


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("normalization", "."),
        ("averages", "."),
        ("builders", "."),
        ("network", "runs"),
        ("serving", "checkpoints"),
    ],
)
def test_the_same_is_saved(
    before: Side, after: Side, tf2_python: str, name: str, folder: str
) -> None:
    """The newest checkpoints hold the same variables, slots and moving averages included."""
    before.output(name), after.output(name)
    folders = [str(side.root / name / folder) for side in (before, after)]
    old, new = _asked(tf2_python, _READ, *folders)  # type: ignore[misc]
    assert sorted(new) == sorted(old)
    assert len(new) > 3
    for key, value in old.items():
        assert _flat(new[key]) == pytest.approx(_flat(value), rel=TOLERANCE, abs=TOLERANCE), key


def _flat(value: object) -> list[float]:
    if isinstance(value, list):
        return [number for item in value for number in _flat(item)]
    assert isinstance(value, (int, float))
    return [value]


_EVENTS = """
import glob, json, sys
import tensorflow as tf
found = []
for folder in sys.argv[1:]:
    rows = []
    for path in sorted(glob.glob(folder + "/*/*tfevents*")):
        for event in tf.compat.v1.train.summary_iterator(path):
            for value in event.summary.value:
                kind = value.WhichOneof("value")
                number = value.simple_value if kind == "simple_value" else None
                rows.append([value.tag, event.step, kind, number])
    found.append(sorted(rows, key=lambda row: (row[1], row[0])))
print(json.dumps(found))
"""


def test_the_same_is_summarized(before: Side, after: Side, tf2_python: str) -> None:
    """TensorBoard finds the same tags, kinds, steps and values, images included."""
    if "TBNotInstalledError" in (after.root / "journal.err").read_text():
        pytest.skip("TensorFlow 2 writes summaries through the package tensorboard only")
    before.output("journal"), after.output("journal")
    folders = [str(side.root / "journal" / "logs") for side in (before, after)]
    old, new = _asked(tf2_python, _EVENTS, *folders)  # type: ignore[misc]
    assert len(old) == 80
    assert [row[:3] for row in new] == [row[:3] for row in old]
    assert {row[2] for row in new} == {"simple_value", "histo", "image"}
    numbers = [[row[3] for row in rows if row[3] is not None] for rows in (old, new)]
    assert numbers[1] == pytest.approx(numbers[0], rel=TOLERANCE, abs=TOLERANCE)


@pytest.mark.parametrize("folder", ["simple", "exported"])
def test_the_exports_answer_alike(before: Side, after: Side, folder: str) -> None:
    """The exported module and the original export agree: signatures, dtypes, outputs."""
    from migrator.checker import check

    before.output("serving"), after.output("serving")
    result = check(before.root / "serving" / folder, after.root / "serving" / folder)
    told = [d for d in result.deltas if d.status not in (DeltaStatus.EQUAL, DeltaStatus.CLOSE)]
    assert result.deltas
    assert not told
