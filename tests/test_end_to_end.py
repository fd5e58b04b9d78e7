"""The main job on ``fixtures/legacy``: migrated programs run on 2.21 and agree with 1.15.5.

One process per TensorFlow imports it once and forks for each program
(``tests/tools/run_programs.py``), so the suite pays the import a few times, not two hundred.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from migrator import migration
from migrator.results import DeltaStatus, Outcome, Verdict

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures"

LEGACY = FIXTURES / "legacy"
MODELS = FIXTURES / "models"
MANIFEST: list[dict[str, Any]] = json.loads((MODELS / "manifest.json").read_text(encoding="utf-8"))[
    "programs"
]
FILES: dict[str, dict[str, list[str]]] = json.loads(
    (MODELS / "files.json").read_text(encoding="utf-8")
)
NAMES = [program["name"] for program in MANIFEST]
SAVED = [
    (program["name"], item)
    for program in MANIFEST
    for item in program["writes"]
    if item["kind"] in ("saved_model", "checkpoint")
]
READERS = [program["name"] for program in MANIFEST if program["restores"]]
#: Absolute and relative, for what a program prints and for what it saves.
TOLERANCE = 1e-5

#: 1.15 looks an object-based checkpoint up by the variables' own names, so it does not find what
#: a Saver wrote under other names (``Saver({"body/W": variable})``); the README says so.
NO_WAY_BACK = {"finetune_finetune"}

_LIFTED = re.compile(rb"^ *class \w+\((?:tf|tf2_bridge)\.(?:Graph)?Module\):", re.MULTILINE)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|inf|nan)\b")


@dataclass
class Run:
    """A copy of the legacy repository in which programs were run."""

    root: Path
    logs: Path
    status: dict[str, int]

    def stdout(self, name: str) -> str:
        """Return what the program ``name`` printed."""
        return (self.logs / f"{name}.out").read_text(encoding="utf-8")

    def stderr(self, name: str) -> str:
        """Return the end of what the program ``name`` complained."""
        return (self.logs / f"{name}.err").read_text(encoding="utf-8", errors="replace")[-2000:]


def copy_legacy(to: Path, *, migrated: bool) -> Path:
    """Return a copy of the legacy repository, as it is or as the tool leaves it."""
    shutil.copytree(LEGACY, to, ignore=shutil.ignore_patterns("__pycache__", "out"))
    if migrated:
        found = migration.migrate([to])
        assert found.problems == {}
        assert found.write() == {}
    return to


def run_all(python: str, jobs: list[tuple[str, Path]], logs: Path) -> dict[str, int]:
    """Run programs by (name, root) in order with one import of TensorFlow."""
    logs.mkdir(parents=True, exist_ok=True)
    by_name = {program["name"]: program for program in MANIFEST}
    rows = [
        {
            "name": name,
            "script": by_name[name]["script"],
            "args": by_name[name]["args"],
            "cwd": str(root),
            "stdout": str(logs / f"{name}.out"),
            "stderr": str(logs / f"{name}.err"),
        }
        for name, root in jobs
    ]
    plan = logs / "jobs.json"
    plan.write_text(json.dumps(rows), encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [python, str(ROOT / "tests" / "tools" / "run_programs.py"), str(plan)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, int] = json.loads(Path(f"{plan}.done").read_text(encoding="utf-8"))
    return result


def put_stored(program: dict[str, Any], root: Path) -> None:
    """Put what TensorFlow 1.15.5 wrote where ``program`` reads it."""
    for item in program["restores"]:
        source, target = MODELS / item["stored"], root / item["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)
        else:
            parts = list(source.parent.glob(source.name + ".*"))
            assert parts, f"{source} is not stored"
            for part in parts:
                shutil.copy(part, target.parent / part.name)


def assert_same_output(name: str, stdout: str) -> None:
    """Compare a program's output with 1.15.5's: words exactly, numbers to the tolerance."""
    before = (MODELS / "stdout" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    after = stdout.splitlines()
    assert [_NUMBER.sub("#", row) for row in after] == [_NUMBER.sub("#", row) for row in before]
    numbers = 0
    for expected, found in zip(before, after, strict=True):
        for a, b in zip(_NUMBER.findall(expected), _NUMBER.findall(found), strict=True):
            numbers += 1
            assert float(b) == pytest.approx(float(a), rel=TOLERANCE, abs=TOLERANCE), found
    assert numbers, f"{name} printed no number to compare"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, tf2_python: str) -> Run:
    """Every program of the migrated repository, run on TensorFlow 2 in the manifest's order."""
    home = tmp_path_factory.mktemp("migrated")
    root = copy_legacy(home / "legacy", migrated=True)
    status = run_all(tf2_python, [(name, root) for name in NAMES], home / "logs")
    return Run(root, home / "logs", status)


@pytest.fixture(scope="session")
def resumed(tmp_path_factory: pytest.TempPathFactory, tf2_python: str) -> Run:
    """Every reader of the migrated repository, run on 2.21 over what 1.15.5 wrote."""
    home = tmp_path_factory.mktemp("resumed")
    template = copy_legacy(home / "template", migrated=True)
    jobs = []
    for program in MANIFEST:
        if program["restores"]:
            root = home / program["name"]
            shutil.copytree(template, root)
            put_stored(program, root)
            jobs.append((program["name"], root))
    return Run(home, home / "logs", run_all(tf2_python, jobs, home / "logs"))


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory, tf1_python: str) -> Run:
    """Every program of the legacy repository, run unchanged on TensorFlow 1.15."""
    home = tmp_path_factory.mktemp("original")
    root = copy_legacy(home / "legacy", migrated=False)
    status = run_all(tf1_python, [(name, root) for name in NAMES], home / "logs")
    return Run(root, home / "logs", status)


@pytest.mark.tf1
@pytest.mark.parametrize("name", NAMES)
def test_legacy_runs_on_tensorflow_1(original: Run, name: str) -> None:
    """The program as it was runs on 1.15 and prints what is stored."""
    assert original.status[name] == 0, original.stderr(name)
    assert_same_output(name, original.stdout(name))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", NAMES)
def test_migrated_runs_on_tensorflow_2(migrated: Run, name: str) -> None:
    """The migrated program runs on 2.21 and prints what 1.15.5 printed."""
    assert migrated.status[name] == 0, migrated.stderr(name)
    assert_same_output(name, migrated.stdout(name))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", READERS)
def test_migrated_reads_old_artefacts(resumed: Run, name: str) -> None:
    """The migrated reader gives 1.15.5's numbers on checkpoints and models that 1.15.5 wrote."""
    assert resumed.status[name] == 0, resumed.stderr(name)
    assert_same_output(name, resumed.stdout(name))


@pytest.mark.tensorflow
def test_migrated_leaves_the_same_files(migrated: Run) -> None:
    """Checkpoints keep TensorFlow 1's names, and as many of them are kept."""
    written = {
        str(path.relative_to(migrated.root).as_posix())
        for path in (migrated.root / "out").rglob("*")
        if path.is_file() and not path.name.startswith("events.out.")
    }
    expected = set()
    for program in MANIFEST:
        new = set(FILES[program["name"]]["new"])
        script = (migrated.root / program["script"]).read_bytes()
        if _LIFTED.search(script):  # a module writes no graph beside a checkpoint
            new = {path for path in new if not path.endswith(".meta")}
        expected |= new
        expected -= set(FILES[program["name"]]["gone"])
    # what TensorFlow 2 itself adds to a SavedModel
    extra = {path for path in written - expected if not path.endswith("/fingerprint.pb")}
    assert extra == set()
    assert expected - written == set()


@pytest.mark.tf1
@pytest.mark.tensorflow
def test_rolling_back(migrated: Run, tmp_path: Path, tf1_python: str, original: Run) -> None:
    """The legacy readers, on 1.15, restore the checkpoints that migrated programs wrote."""
    del original  # the two runs share no process, but running 1.15 twice at once is slow
    readers = [
        program
        for program in MANIFEST
        if program["needs"]
        and any(item["kind"] == "checkpoint" for item in program["restores"])
        # a graph that 2.21 wrote has attributes that 1.15 does not know: no way back for .meta
        and not any(item["kind"] == "meta" for item in program["restores"])
    ]
    jobs = []
    for program in readers:
        root = copy_legacy(tmp_path / program["name"], migrated=False)
        for item in program["restores"]:
            source, target = migrated.root / item["path"], root / item["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
                continue
            for part in [source] if source.exists() else source.parent.glob(source.name + ".*"):
                shutil.copy(part, target.parent / part.name)
        jobs.append((program["name"], root))
    status = run_all(tf1_python, jobs, tmp_path / "logs")
    assert len(status) >= 5
    log = Run(tmp_path, tmp_path / "logs", status)
    for name in status:
        if name in NO_WAY_BACK:
            assert "not in the checkpoint" in log.stderr(name)
            continue
        assert status[name] == 0, log.stderr(name)
        assert_same_output(name, log.stdout(name))


@pytest.mark.usefixtures("warm")
@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("name", "item"), SAVED, ids=[f"{name}-{item['path']}" for name, item in SAVED]
)
def test_models_match(migrated: Run, name: str, item: dict[str, Any]) -> None:
    """Every SavedModel and checkpoint of a migrated program MATCHes what 1.15.5 wrote."""
    from migrator.checker import check

    assert migrated.status[name] == 0, migrated.stderr(name)
    result = check(MODELS / item["stored"], migrated.root / item["path"])
    told = [
        delta
        for delta in (*result.deltas, *result.variables)
        if delta.status not in (DeltaStatus.EQUAL, DeltaStatus.CLOSE)
    ]
    assert result.verdict is Verdict.MATCH, (result.error, told, result.contract)
    # what tolerance, absolute and relative at once, each comparison would have passed with
    figures = [d.required for d in (*result.deltas, *result.variables) if d.required is not None]
    assert figures and max(figures) <= TOLERANCE


@pytest.mark.tensorflow
def test_second_run_changes_nothing(migrated: Run) -> None:
    """One run is enough: migrating the migrated repository finds nothing to do."""
    again = migration.migrate([migrated.root])
    assert not again.changes_something
    assert not [
        finding
        for file in again.report.files
        for finding in file.findings
        if finding.outcome is Outcome.REWRITTEN
    ]


def test_what_must_not_change(tmp_path: Path) -> None:
    """Python 2, foreign Savers, suppressed lines and TensorFlow-free files stay byte-identical."""
    root = copy_legacy(tmp_path / "legacy", migrated=True)
    changed = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if path.name != "tf2_bridge.py"
        and path.read_bytes() != (LEGACY / path.relative_to(root)).read_bytes()
    }
    all_files = {path.relative_to(LEGACY).as_posix() for path in LEGACY.rglob("*.py")}
    assert changed < all_files
    for path in all_files - changed:
        text = (LEGACY / path).read_text(encoding="latin-1")
        parses_with_tensorflow = "import tensorflow" in text and "print " not in text
        assert not parses_with_tensorflow or path.startswith("tools/"), path
