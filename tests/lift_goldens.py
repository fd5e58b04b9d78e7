"""What every golden of a lift is asked, whatever its form."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Lift = Callable[[str, str], str]  #: text and name of a file -> its lifted text


def check_golden(case: Path, lifted: Lift) -> None:
    """``before.py`` becomes ``after.py``; MIGRATOR_UPDATE_GOLDEN=1 writes it anew."""
    after = lifted((case / "before.py").read_text(), case.name)
    if os.environ.get("MIGRATOR_UPDATE_GOLDEN"):
        (case / "after.py").write_text(after)
    assert after == (case / "after.py").read_text()


def check_newlines(case: Path, lifted: Lift) -> None:
    """Windows newlines come out as they went in."""
    before, after = (case / "before.py").read_text(), (case / "after.py").read_text()
    assert lifted(before.replace("\n", "\r\n"), case.name) == after.replace("\n", "\r\n")


def check_ruff(golden: Path, cases: Sequence[Path]) -> None:
    """A lift gives ruff's default rules no reason that the script did not give them before."""
    ruff = shutil.which(
        "ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if ruff is None:
        pytest.skip("ruff is not installed")
    done = subprocess.run(
        [ruff, "check", "--isolated", "--no-cache", "--output-format=json", str(golden)],
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[Path, set[str]] = {}
    for row in json.loads(done.stdout):
        found.setdefault(Path(row["filename"]), set()).add(row["code"])
    assert found, "ruff has not looked"
    for case in cases:
        new = found.get(case / "after.py", set()) - found.get(case / "before.py", set())
        assert not new, (case.name, new)
