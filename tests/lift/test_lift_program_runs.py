"""Programs of several files do on TensorFlow 2, lifted whole, what they did on 1.15.5.

Each folder of ``programs`` is a repository: scripts with their sessions, and files that define
networks, layers and models for them.  Two processes run them, one for each TensorFlow.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrator.migration import Options, migrate
from migrator.results import Outcome, Tier

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
#: Folder -> its scripts, in the order in which they run.
SCRIPTS = {
    "averages": ("train.py", "evaluate.py"),
    "base_class": ("train.py",),
    "given_session": ("main.py",),
    "held_session": ("train.py",),
    "package": ("train.py",),
    "starred": ("main.py",),
}
NAMES = sorted(SCRIPTS)
TOLERANCE = 1e-5
_NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")


def repository(name: str, folder: Path) -> Path:
    """Return a copy of a program as a repository of its own."""
    copy = folder / name
    shutil.copytree(PROGRAMS / name / "before", copy)
    (copy / ".git").mkdir()
    return copy


@pytest.mark.parametrize("name", NAMES)
def test_a_program_lifts_whole(name: str, tmp_path: Path) -> None:
    """No session is left; files that only define get the import alone; a second run is quiet."""
    root = repository(name, tmp_path)
    before = {path: path.read_text() for path in root.rglob("*.py")}
    found = migrate([root], Options(tier="native", jobs=1))
    assert {program.tier for program in found.report.programs} == {Tier.NATIVE}
    outcomes = {f.outcome for result in found.report.files for f in result.findings}
    assert outcomes <= {Outcome.REWRITTEN, Outcome.KEPT}
    assert found.write() == {}
    lifted = 0
    for path, old in before.items():
        new = path.read_text()
        assert "disable_v2_behavior" not in new
        if not re.search(r"Session|Saver|placeholder|sess\.run", old) or path.name == "network.py":
            left = {line for line in old.splitlines() if "import" not in line}
            assert left <= set(new.splitlines())
            continue
        lifted += 1
        assert not re.search(r"tf(\.compat\.v1)?\.(Session|placeholder|train\.Saver)\b", new)
    assert lifted
    assert any("GraphModule" in path.read_text() for path in before)
    assert not migrate([root], Options(tier="native", jobs=1)).changes_something


@dataclass
class Side:
    """The programs as one TensorFlow ran them."""

    root: Path
    status: dict[str, int]

    def output(self, name: str) -> str:
        """Return what the scripts of a program printed."""
        texts = []
        for script in SCRIPTS[name]:
            label = f"{name}-{script}"
            assert self.status[label] == 0, (self.root / f"{label}.err").read_text()[-3000:]
            texts.append((self.root / f"{label}.out").read_text())
        return "".join(texts)


def run_side(python: str, root: Path) -> Side:
    """Run the scripts of every program below ``root``, each in its own folder."""
    jobs = [
        {
            "name": f"{name}-{script}",
            "script": str(root / name / script),
            "cwd": str(root / name),
            "stdout": str(root / f"{name}-{script}.out"),
            "stderr": str(root / f"{name}-{script}.err"),
            "weights": False,
        }
        for name in NAMES
        for script in SCRIPTS[name]
    ]
    plan = root / "jobs.json"
    plan.write_text(json.dumps(jobs))
    subprocess.run([python, str(HERE / "run_scripts.py"), str(plan)], check=True)
    return Side(root, json.loads(Path(f"{plan}.done").read_text()))


@pytest.fixture(scope="module")
def sides(
    tmp_path_factory: pytest.TempPathFactory, tf1_python: str, tf2_python: str
) -> tuple[Side, Side]:
    """The programs on TensorFlow 1.15.5, and lifted on TensorFlow 2."""
    old, new = tmp_path_factory.mktemp("before"), tmp_path_factory.mktemp("after")
    for name in NAMES:
        repository(name, old)
        assert migrate([repository(name, new)], Options(jobs=1)).write() == {}
    return run_side(tf1_python, old), run_side(tf2_python, new)


@pytest.mark.tensorflow
@pytest.mark.tf1
@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_printed(sides: tuple[Side, Side], name: str) -> None:
    """Losses, predictions and paths agree to 1e-5."""
    old, new = (side.output(name) for side in sides)
    words = [re.sub(r"[\s\[\]]+", " ", _NUMBER.sub("#", text)).strip() for text in (old, new)]
    assert words[0] == words[1]
    pairs = list(zip(_NUMBER.findall(old), _NUMBER.findall(new), strict=True))
    assert pairs
    for a, b in pairs:
        assert float(b) == pytest.approx(float(a), rel=TOLERANCE, abs=TOLERANCE)


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_the_same_is_exported(sides: tuple[Side, Side]) -> None:
    """An export of a network from another file agrees with TensorFlow 1's."""
    from migrator.checker import check

    old, new = (side.root / "package" / "out" / "export" for side in sides)
    # trained apart, their weights differ in the last digits
    result = check(str(old), str(new), atol=1e-4, rtol=1e-4)
    assert result.match, result.error
