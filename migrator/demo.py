"""The main job on an embedded legacy repository: migrate, run, check, report."""

from __future__ import annotations

import importlib.util
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from migrator import migration, report
from migrator.results import RunReport
from migrator.verify import Verification, VerifyError, summary, verify
from migrator.verify.first import toml_text

__all__ = ["Demo", "DemoError", "fixtures", "run"]

Progress = Callable[[str, int, int], None]


class DemoError(Exception):
    """The demo cannot start; the message says why and what to do."""


@dataclass
class Demo:
    """What the demo did."""

    home: Path
    report: RunReport
    report_path: Path
    verification: Verification | None = None  #: None when nothing was run
    asked: bool = True  #: False when the user wanted no checks
    why_unchecked: str = ""

    @property
    def good(self) -> bool:
        """Whether every program ran and every model matches, or no check was wanted."""
        if self.verification is None:
            return not self.asked
        return self.verification.match and all(ran.good for ran in self.verification.runs)

    def lines(self) -> list[str]:
        """Return what to tell the user, a line each."""
        rows: list[str] = []
        if self.verification is None:
            rows.append(self.why_unchecked)
        else:
            checks = self.report.checks
            rows += ["", *summary.check_lines(checks), ""]
            rows.append(
                f"{sum(ran.good for ran in self.verification.runs)} migrated programs ran on"
                f" TensorFlow 2; {sum(check.match for check in checks)} of {len(checks)} models"
                " MATCH what TensorFlow 1.15.5 wrote."
            )
        rows.append(f"Migrated repository: {self.home}")
        rows.append(f"Report: {self.report_path}")
        return rows


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

    The folder is left with a manifest, so ``migrator verify`` can go on from there.

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
    demo = Demo(
        home=legacy,
        report=replace(found.report, wrote=True),
        report_path=home / "report.html",
        asked=check,
    )
    if not check:
        demo.why_unchecked = "Nothing was run, as asked (--no-check)."
    elif importlib.util.find_spec("tensorflow") is None:
        demo.why_unchecked = (
            "TensorFlow is not installed, so nothing was run: the models can be checked after"
            " `pip install 'tf-migrator[check]'`."
        )
    else:
        _verify(demo, home, source / "models", told)
    report.write(demo.report, demo.report_path)
    return demo


def _verify(demo: Demo, home: Path, models: Path, told: Progress) -> None:
    """Run the programs, and check what they write against what is stored."""
    shutil.copytree(models / "out", home / "models" / "out")
    (demo.home / "out").mkdir(exist_ok=True)  # some programs expect the folder, as Savers do
    report.write(demo.report, home / "migration.json")
    programs = json.loads((models / "manifest.json").read_text(encoding="utf-8"))["programs"]
    manifest = {
        "format": 1,
        "after": demo.home.name,
        "report": "migration.json",
        "entry": [_entry(program) for program in programs],
    }
    path = home / "verify.toml"
    path.write_text(toml_text(manifest), encoding="utf-8")
    try:
        demo.verification = verify(path, progress=told)
    except VerifyError as error:
        raise DemoError(str(error)) from None
    demo.report = replace(
        demo.report,
        checks=tuple(
            replace(
                check, before=check.before.replace("(stored)", "(written by TensorFlow 1.15.5)")
            )
            for check in demo.verification.report.checks
        ),
    )


def _entry(program: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest's entry of one program: what it writes is stored already."""
    return {
        "name": program["name"],
        "after": {"command": ["python", program["script"], *program["args"]]},
        "needs": program["needs"],
        "timeout": 300,
        "models": [
            {"stored": f"models/{item['stored']}", "after": item["path"]}
            for item in program["writes"]
            if item["kind"] in ("saved_model", "checkpoint")
        ],
    }
