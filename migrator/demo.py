"""The main job on an embedded legacy repository: migrate, run, check, report."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from migrator import migration, pool, report
from migrator.results import ModelCheck, RunReport, Verdict

__all__ = ["Demo", "DemoError", "Ran", "fixtures", "run", "run_program"]

Progress = Callable[[str, int, int], None]


class DemoError(Exception):
    """The demo cannot start; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One migrated program that was run."""

    name: str
    script: str
    status: int
    stdout: str
    stderr: str

    @property
    def complaint(self) -> str:
        """The last line the program wrote to its error output."""
        rows = [row for row in self.stderr.strip().splitlines() if row.strip()]
        return rows[-1] if rows else f"exit status {self.status}"


@dataclass
class Demo:
    """What the demo did."""

    home: Path
    report: RunReport
    report_path: Path
    programs: list[Ran] = field(default_factory=list)
    checked: bool = True
    asked: bool = True  #: False when the user wanted no checks
    why_unchecked: str = ""

    @property
    def good(self) -> bool:
        """Whether every program ran and every model matches, or no check was wanted."""
        if not self.checked:
            return not self.asked
        return (
            bool(self.report.checks)
            and all(check.match for check in self.report.checks)
            and all(program.status == 0 for program in self.programs)
        )

    def lines(self) -> list[str]:
        """Return what to tell the user, a line each."""
        rows: list[str] = []
        if self.checked:
            width = max((len(check.name) for check in self.report.checks), default=0)
            rows.append("")
            rows += [f"{ran.script} failed: {ran.complaint}" for ran in self.programs if ran.status]
            rows += [
                f"{check.name:<{width}}  {str(check.verdict).upper()}{_figure(check)}"
                for check in self.report.checks
            ]
            matching = sum(check.match for check in self.report.checks)
            rows.append("")
            rows.append(
                f"{len(self.programs)} migrated programs ran on TensorFlow 2;"
                f" {matching} of {len(self.report.checks)} models MATCH what TensorFlow 1.15.5"
                " wrote."
            )
        else:
            rows.append(self.why_unchecked)
        rows.append(f"Migrated repository: {self.home}")
        rows.append(f"Report: {self.report_path}")
        return rows


def _figure(check: ModelCheck) -> str:
    if check.error:
        return f"  {check.error}"
    figures = [d.required for d in (*check.deltas, *check.variables) if d.required is not None]
    return f"  agrees to {max(figures):.1e}" if figures else ""


def fixtures() -> Path:
    """Return the folder that holds ``legacy`` and ``models``, of a wheel or a checkout.

    Raises:
        DemoError: neither has it.
    """
    here = Path(__file__).resolve().parent
    for home in (here / "fixtures", here.parent / "fixtures"):
        if (home / "legacy").is_dir() and (home / "models" / "manifest.json").is_file():
            return home
    raise DemoError("the demo's files are not installed; reinstall tf-migrator")


def run_program(
    home: Path, program: dict[str, Any], python: str = sys.executable, timeout: float = 300.0
) -> Ran:
    """Run one program of the manifest with the legacy root ``home`` as working directory."""
    environment = dict(os.environ)
    environment.update(
        TF_ENABLE_ONEDNN_OPTS="0",
        TF_CPP_MIN_LOG_LEVEL="3",
        CUDA_VISIBLE_DEVICES="",
        PYTHONDONTWRITEBYTECODE="1",
    )
    environment.pop("PYTHONPATH", None)
    try:
        done = subprocess.run(
            [python, program["script"], *program["args"]],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(program["name"], program["script"], -1, "", f"no end after {timeout:g} s")
    return Ran(program["name"], program["script"], done.returncode, done.stdout, done.stderr)


def _home(directory: str | None) -> Path:
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="migrator-demo-"))
    home = Path(directory)
    if home.exists() and not home.is_dir():
        raise DemoError(f"{home} is not a folder; name a new or empty one")
    if home.is_dir() and any(home.iterdir()):
        raise DemoError(f"{home} is not empty; name a new or empty folder")
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"{home} could not be made: {error.strerror}") from None
    return home.resolve()


def run(
    directory: str | None = None, *, check: bool = True, progress: Progress | None = None
) -> Demo:
    """Copy the legacy repository, migrate it, run it, check its models, write the report.

    Args:
        directory: a new or empty folder; a temporary one when None.
        check: False migrates and reports only.
        progress: told how far the work is.

    Raises:
        DemoError: the folder cannot be used or the demo's files are missing.
    """
    told = progress or (lambda what, done, total: None)
    source = fixtures()
    home = _home(directory)
    legacy = home / "legacy"
    shutil.copytree(
        source / "legacy", legacy, ignore=shutil.ignore_patterns("__pycache__", "out", "*.pyc")
    )
    told("Migrating", 0, 1)
    found = migration.migrate([legacy], command="demo")
    failed = found.write()
    if failed:
        raise DemoError(next(iter(failed.values())))
    result = replace(found.report, wrote=True)
    demo = Demo(home=legacy, report=result, report_path=home / "report.html", asked=check)
    if check and importlib.util.find_spec("tensorflow") is None:
        check = False
        demo.why_unchecked = (
            "TensorFlow is not installed, so nothing was run: the models can be checked after"
            " `pip install 'tf-migrator[check]'`."
        )
    elif not check:
        demo.why_unchecked = "Nothing was run, as asked (--no-check)."
    demo.checked = check
    if check:
        _run_and_check(demo, source / "models", told)
    report.write(demo.report, demo.report_path)
    return demo


def _run_and_check(demo: Demo, models: Path, told: Progress) -> None:
    from migrator import checker

    programs = json.loads((models / "manifest.json").read_text(encoding="utf-8"))["programs"]
    demo.programs = _run_all(demo.home, programs, told)
    pairs = [
        (program["name"], item)
        for program in programs
        for item in program["writes"]
        if item["kind"] in ("saved_model", "checkpoint")
    ]
    scripts = {program["name"]: program["script"] for program in programs}
    checks = []
    for done, (name, item) in enumerate(pairs):
        told(f"Checking {item['path']}", done, len(pairs))
        try:
            check = checker.check(models / item["stored"], demo.home / item["path"])
        except checker.CannotOpen as error:
            check = ModelCheck(
                before=item["stored"], after=item["path"], verdict=Verdict.ERROR, error=str(error)
            )
        checks.append(
            replace(
                check,
                name=f"{name}: {item['path']}",
                before=f"{item['stored']} (written by TensorFlow 1.15.5)",
                after=f"{item['path']} (written after the migration)",
                covers=_covered(demo, scripts[name]),
            )
        )
    told("Writing the report", len(pairs), len(pairs))
    demo.report = replace(demo.report, checks=tuple(checks))


def _run_all(home: Path, programs: list[dict[str, Any]], told: Progress) -> list[Ran]:
    """Run all programs, as many at once as there are CPUs, each after those that it needs."""
    from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

    waiting = {program["name"]: program for program in programs}
    finished: dict[str, Ran] = {}
    running: dict[Future[Ran], str] = {}
    jobs = pool.default_jobs()
    with ThreadPoolExecutor(jobs) as threads:
        while waiting or running:
            ready = [name for name, p in waiting.items() if finished.keys() >= set(p["needs"])]
            for name in ready[: jobs - len(running)]:
                running[threads.submit(run_program, home, waiting.pop(name))] = name
            if not running:
                raise DemoError(f"the demo's programs need one another: {', '.join(waiting)}")
            told(f"Running {', '.join(running.values())}", len(finished), len(programs))
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                finished[running.pop(future)] = future.result()
    return [finished[program["name"]] for program in programs]


def _covered(demo: Demo, script: str) -> tuple[str, ...]:
    """Return the files that ran when ``script`` wrote a model: those of its program."""
    for program in demo.report.programs:
        matching = [path for path in program.files if path == script or path.endswith(f"/{script}")]
        if matching:
            bridges = tuple(
                file.path
                for file in demo.report.files
                if file.created
                and os.path.dirname(file.path) in {os.path.dirname(p) for p in program.files}
            )
            return (*program.files, *bridges)
    return ()
