"""Every case of ``fixtures/families``: migrated as stored, with the same results on both versions.

A case is a folder ``<family>/<case>`` of a legacy repository (``before/``), the files that the
migration changes or makes (``after/``, without ``tf2_bridge.py``), what TensorFlow 1.15.5 gave
(``expected.npz``, and ``expected/`` for SavedModels) and a ``case.toml``:

``options``    words for ``migrator migrate --write``
``entry``      the program, ``main.py`` unless said otherwise; called with a folder to write to
``exports``    SavedModels in that folder, compared by the checker
``tolerance``  absolute and relative, of ``results.npz``; 1e-5 unless said otherwise
``findings``   words like ``TFM601 manual`` that the report must hold
``run``        false where neither side is run, or ``"after"`` where only the migrated one can be,
               which is compared where ``expected.npz`` is stored
``packages``   optional packages without which the case is left out

``MIGRATOR_UPDATE_GOLDEN=1`` writes ``after/``, and with a TensorFlow 1.15 what it gives.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migrator import cli
from migrator.results import DeltaStatus, Verdict

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib  # type: ignore[no-redef]

ROOT = Path(__file__).resolve().parent.parent
FAMILIES = ROOT / "fixtures" / "families"
UPDATE = bool(os.environ.get("MIGRATOR_UPDATE_GOLDEN"))
BRIDGE = "tf2_bridge.py"


@dataclass(frozen=True)
class Case:
    """One folder of the families."""

    name: str
    home: Path
    options: tuple[str, ...] = ()
    entry: str = "main.py"
    exports: tuple[str, ...] = ()
    tolerance: float = 1e-5
    findings: tuple[str, ...] = ()
    run: bool | str = True
    packages: tuple[str, ...] = ()

    @classmethod
    def read(cls, home: Path) -> Case:
        """Read ``case.toml``; a key that means nothing is an error."""
        told: dict[str, Any] = tomllib.loads((home / "case.toml").read_text(encoding="utf-8"))
        for key in ("options", "exports", "findings", "packages"):
            told[key] = tuple(told.get(key, ()))
        return cls(name=f"{home.parent.name}-{home.name}", home=home, **told)


ALL = [Case.read(path.parent) for path in sorted(FAMILIES.glob("*/*/case.toml"))]
CASES = [case for case in ALL if all(map(importlib.util.find_spec, case.packages))]
BY_NAME = {case.name: case for case in CASES}
RUN = [case.name for case in CASES if case.run]
RUN_BEFORE = [case.name for case in CASES if case.run is True]
EXPORTS = [(case.name, export) for case in CASES if case.run is True for export in case.exports]


@dataclass
class Trees:
    """The migrated copies, what was said about them, and where their programs wrote to."""

    home: Path
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    failed: dict[str, Exception] = field(default_factory=dict)

    def tree(self, name: str) -> Path:
        """Return the copy of the case's repository."""
        if name in self.failed:
            raise self.failed[name]
        return self.home / name / "tree"

    def out(self, name: str) -> Path:
        """Return the folder that the case's program writes to."""
        return self.home / name / "out"

    def complaint(self, name: str) -> str:
        """Return the end of what the case's program wrote to stderr."""
        return (self.home / name / "err").read_text(encoding="utf-8", errors="replace")[-3000:]


def migrate(tree: Path, options: tuple[str, ...]) -> dict[str, Any]:
    """Migrate ``tree`` as a user would; return the report."""
    told = tree.parent / "report.json"
    words = ["migrate", "--write", "-q", *options, "--report", str(told), str(tree)]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = cli.main(words)
    assert status in (0, 1), said.getvalue()
    report: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
    return report


def copy(case: Case, home: Path) -> Path:
    """Copy the legacy repository of ``case`` below ``home``."""
    tree = home / case.name / "tree"
    shutil.copytree(case.home / "before", tree, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


def files_below(folder: Path) -> dict[str, bytes]:
    """Return path -> content of the files below ``folder``."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def changed(case: Case, tree: Path) -> dict[str, bytes]:
    """Return what the migration changed or made, the vendored bridge left out."""
    before = files_below(case.home / "before")
    return {
        name: content
        for name, content in files_below(tree).items()
        if Path(name).name != BRIDGE and before.get(name) != content
    }


def run_all(python: str, trees: Trees, names: list[str]) -> None:
    """Run the programs of the cases with one import of TensorFlow."""
    rows = []
    for name in names:
        trees.out(name).mkdir(parents=True)
        rows.append(
            {
                "name": name,
                "script": BY_NAME[name].entry,
                "args": [str(trees.out(name))],
                "cwd": str(trees.tree(name)),
                "stdout": str(trees.home / name / "said"),
                "stderr": str(trees.home / name / "err"),
            }
        )
    plan = trees.home / "jobs.json"
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
    trees.status = json.loads(Path(f"{plan}.done").read_text(encoding="utf-8"))


def results(out: Path) -> dict[str, Any]:
    """Return the arrays that a program wrote; none is a failure."""
    import numpy as np

    with np.load(out / "results.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    assert arrays, f"{out} holds no result"
    return arrays


def assert_same(expected: dict[str, Any], found: dict[str, Any], tolerance: float) -> None:
    """Compare the results of two runs: the same names, shapes and kinds, and close numbers."""
    import numpy as np

    assert sorted(found) == sorted(expected)
    for name, before in expected.items():
        after = found[name]
        assert after.shape == before.shape, name
        assert after.dtype.kind == before.dtype.kind, name
        if before.dtype.kind in "fc":
            np.testing.assert_allclose(after, before, tolerance, tolerance, err_msg=name)
        else:
            np.testing.assert_array_equal(after, before, err_msg=name)


def asked(request: pytest.FixtureRequest, names: list[str]) -> list[str]:
    """Return those of ``names`` that a selected test is about."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    params = [item.callspec.params for item in items if hasattr(item, "callspec")]
    wanted = {param.get("name") for param in params}
    return [name for name in names if name in wanted]


@pytest.fixture(scope="session")
def migrated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trees:
    """Every case, migrated."""
    trees = Trees(tmp_path_factory.mktemp("families"))
    for name in asked(request, list(BY_NAME)):
        tree = copy(BY_NAME[name], trees.home)
        try:
            trees.reports[name] = migrate(tree, BY_NAME[name].options)
        except Exception as error:  # for the tests of this case to say, not of all
            trees.failed[name] = error
    return trees


@pytest.fixture(scope="session")
def after(request: pytest.FixtureRequest, migrated: Trees, tf2_python: str) -> Trees:
    """Every migrated case that can be run, run on TensorFlow 2."""
    run_all(tf2_python, migrated, asked(request, RUN))
    return migrated


@pytest.fixture(scope="session")
def before(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tf1_python: str
) -> Trees:
    """Every legacy case that can be run, run on TensorFlow 1.15."""
    trees = Trees(tmp_path_factory.mktemp("families_before"))
    names = asked(request, RUN_BEFORE)
    for name in names:
        copy(BY_NAME[name], trees.home)
    run_all(tf1_python, trees, names)
    return trees


@pytest.mark.parametrize("name", list(BY_NAME))
def test_migrated_text(migrated: Trees, name: str) -> None:
    """What the migration makes of a case is what is stored, and it parses."""
    case = BY_NAME[name]
    found = changed(case, migrated.tree(name))
    golden = case.home / "after"
    if UPDATE:
        shutil.rmtree(golden, ignore_errors=True)
        for path, content in found.items():
            (golden / path).parent.mkdir(parents=True, exist_ok=True)
            (golden / path).write_bytes(content)
    expected = files_below(golden) if golden.exists() else {}
    assert sorted(found) == sorted(expected)
    for path, content in expected.items():
        assert found[path].decode() == content.decode(), path
        if path.endswith(".py"):
            ast.parse(content)


@pytest.mark.parametrize("name", list(BY_NAME))
def test_report(migrated: Trees, name: str) -> None:
    """The findings that the case names are reported, and what is left has a way out."""
    findings = [f for file in migrated.reports[name]["files"] for f in file["findings"]]
    told = {f"{finding['code']} {finding['outcome']}" for finding in findings}
    assert set(BY_NAME[name].findings) <= told, sorted(told)
    for finding in findings:
        if finding["outcome"] in ("manual", "blocked"):
            assert finding["recipe"], finding


@pytest.mark.parametrize("name", list(BY_NAME))
def test_second_run_changes_nothing(migrated: Trees, name: str, tmp_path: Path) -> None:
    """One run is enough."""
    tree = tmp_path / "again" / "tree"
    shutil.copytree(migrated.tree(name), tree, ignore=shutil.ignore_patterns("__pycache__"))
    first = files_below(tree)
    report = migrate(tree, BY_NAME[name].options)
    assert files_below(tree) == first
    left = [f for file in report["files"] for f in file["findings"] if f["outcome"] == "rewritten"]
    assert left == []


@pytest.mark.tf1
@pytest.mark.parametrize("name", RUN_BEFORE)
def test_before_on_tensorflow_1(before: Trees, name: str) -> None:
    """The legacy program runs on 1.15 and gives what is stored."""
    case = BY_NAME[name]
    assert before.status[name] == 0, before.complaint(name)
    if UPDATE:
        shutil.copy(before.out(name) / "results.npz", case.home / "expected.npz")
        for export in case.exports:
            stored = case.home / "expected" / export
            shutil.rmtree(stored, ignore_errors=True)
            shutil.copytree(before.out(name) / export, stored)
    found = results(before.out(name))
    assert_same(stored_results(case), found, case.tolerance)


def stored_results(case: Case) -> dict[str, Any]:
    """Return what 1.15.5 gave."""
    import numpy as np

    with np.load(case.home / "expected.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", RUN)
def test_after_on_tensorflow_2(after: Trees, name: str) -> None:
    """The migrated program runs on 2.21 and gives what 1.15.5 gave."""
    case = BY_NAME[name]
    assert after.status[name] == 0, after.complaint(name)
    found = results(after.out(name))
    if case.run is True or (case.home / "expected.npz").exists():
        assert_same(stored_results(case), found, case.tolerance)


@pytest.mark.usefixtures("warm")
@pytest.mark.tensorflow
@pytest.mark.parametrize(("name", "export"), EXPORTS, ids=["-".join(pair) for pair in EXPORTS])
def test_exports_match(after: Trees, name: str, export: str) -> None:
    """Every SavedModel of a migrated program MATCHes what 1.15.5 wrote."""
    from migrator.checker import check

    assert after.status[name] == 0, after.complaint(name)
    result = check(BY_NAME[name].home / "expected" / export, after.out(name) / export)
    told = [
        delta
        for delta in (*result.deltas, *result.variables)
        if delta.status not in (DeltaStatus.EQUAL, DeltaStatus.CLOSE)
    ]
    assert result.verdict is Verdict.MATCH, (result.error, told, result.contract)


def test_there_are_cases() -> None:
    """Every folder of a family is a case: none is left out for want of a case.toml."""
    folders = {path.parent for path in FAMILIES.glob("*/*/before")}
    assert folders == {case.home for case in ALL}
    assert folders
