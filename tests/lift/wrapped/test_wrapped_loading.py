"""Lifted scripts that load a model give on TensorFlow 2 what the scripts gave on 1.15.5.

One program writes the models, on TensorFlow 1.15 as it is and on TensorFlow 2 migrated; each script
runs on the old ones and on the new ones.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from loading_shapes import LOADING

from migrator.vendor import bridge_text

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
CASES = [(name, kind) for name, kinds in LOADING.items() for kind in kinds]
TOLERANCE = 1e-5
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\binf\b|\bnan\b)")
_QUIET = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}

pytestmark = [pytest.mark.tensorflow, pytest.mark.tf1]


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, tf1_python: str, tf2_python: str
) -> dict[str, Path]:
    """The folders of the models that TensorFlow 1 wrote, and TensorFlow 2."""
    root = tmp_path_factory.mktemp("models")
    for kind, python in (("old", tf1_python), ("new", tf2_python)):
        script = root / f"{kind}_writer" / "write_models.py"
        script.parent.mkdir()
        shutil.copy(HERE / "write_models.py", script)
        if kind == "new":
            migrate = [sys.executable, "-m", "migrator", "migrate", "--write", "--tier", "session"]
            subprocess.run([*migrate, "--jobs", "1", str(script.parent)], capture_output=True)
            assert "tf2_bridge.Saver" in script.read_text()
        (root / kind / "model").mkdir(parents=True)
        done = subprocess.run(
            [python, str(script)],
            cwd=root / kind,
            env={**os.environ, **_QUIET},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]
    return {kind: root / kind for kind in ("old", "new")}


def run_side(
    python: str, root: Path, models: dict[str, Path], text: str, cases: list[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Run scripts, each beside the models of one kind; return what they printed."""
    bridge = root / "bridge"
    bridge.mkdir()
    parts = {"graph_module", "graph_export", "graph_import"}
    (bridge / "tf2_bridge.py").write_text(bridge_text(parts))
    jobs = []
    for name, kind in cases:
        folder = root / f"{name}-{kind}"
        shutil.copytree(models[kind], folder)
        jobs.append(
            {
                "name": f"{name}-{kind}",
                "script": str(GOLDEN / name / text),
                "cwd": str(folder),
                "stdout": str(root / f"{name}-{kind}.out"),
                "stderr": str(root / f"{name}-{kind}.err"),
                "bridge": str(bridge),
                "weights": False,
            }
        )
    plan = root / "jobs.json"
    plan.write_text(json.dumps(jobs))
    subprocess.run([python, str(HERE.parent / "run_scripts.py"), str(plan)], check=True)
    status = json.loads(Path(f"{plan}.done").read_text())
    found = {}
    for name, kind in cases:
        error = (root / f"{name}-{kind}.err").read_text()[-3000:]
        text = (root / f"{name}-{kind}.out").read_text()
        found[name, kind] = text if status[f"{name}-{kind}"] == 0 else f"failed: {error}"
    return found


@pytest.fixture(scope="module")
def before_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the scripts ran on TensorFlow 1.15."""
    return tmp_path_factory.mktemp("before")


@pytest.fixture(scope="module")
def after_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what they were lifted to ran on TensorFlow 2."""
    return tmp_path_factory.mktemp("after")


@pytest.fixture(scope="module")
def before(
    before_root: Path, models: dict[str, Path], tf1_python: str
) -> dict[tuple[str, str], str]:
    """What the scripts printed on TensorFlow 1.15, of its own models."""
    cases = [(name, "old") for name in LOADING]
    return run_side(tf1_python, before_root, models, "before.py", cases)


@pytest.fixture(scope="module")
def after(after_root: Path, models: dict[str, Path], tf2_python: str) -> dict[tuple[str, str], str]:
    """What they printed lifted on TensorFlow 2, of both kinds of models."""
    return run_side(tf2_python, after_root, models, "after.py", CASES)


def _words(text: str) -> str:
    return re.sub(r"[\s\[\]]+", " ", _NUMBER.sub("#", text)).strip()


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_same_is_printed(
    before: dict[tuple[str, str], str], after: dict[tuple[str, str], str], name: str, kind: str
) -> None:
    """Names, outputs and losses of an old and of a new model agree with TensorFlow 1's to 1e-5."""
    expected, found = before[name, "old"], after[name, kind]
    assert not expected.startswith("failed"), expected
    assert not found.startswith("failed"), found
    assert _words(found) == _words(expected)
    pairs = list(zip(_NUMBER.findall(found), _NUMBER.findall(expected), strict=True))
    assert pairs
    for a, b in pairs:
        assert float(a) == pytest.approx(float(b), rel=TOLERANCE, abs=TOLERANCE)


_READ = """
import json, sys
import tensorflow as tf
rows = []
for prefix in sys.argv[1:]:
    reader = tf.train.load_checkpoint(prefix)
    names = {}
    for key in reader.get_variable_to_shape_map():
        if key != "_CHECKPOINTABLE_OBJECT_GRAPH":
            name = key.replace("/.ATTRIBUTES/VARIABLE_VALUE", "")
            name = name[len("variables/"):] if name.startswith("variables/") else name
            names[name.replace(".S", "/")] = reader.get_tensor(key).ravel().tolist()
    rows.append(names)
print(json.dumps(rows))
"""


def test_what_was_trained_on_is_saved(
    before: dict[tuple[str, str], str],
    after: dict[tuple[str, str], str],
    before_root: Path,
    after_root: Path,
    tf2_python: str,
) -> None:
    """A model that goes on training is saved with its optimizer's slots and its steps."""
    folders = [before_root / "retrained-old", after_root / "retrained-old"]
    prefixes = [str(folder / "model" / "again-25") for folder in folders]
    done = subprocess.run(
        [tf2_python, "-c", _READ, *prefixes], check=True, text=True, stdout=subprocess.PIPE
    )
    old, new = json.loads(done.stdout.splitlines()[-1])
    assert sorted(new) == sorted(old)
    assert "net/w/Adam_1" in old and old["global_step"] == [25]
    for key, value in old.items():
        assert new[key] == pytest.approx(value, rel=TOLERANCE, abs=TOLERANCE), key
