"""Scripts whose graph is kept whole lift to what was reviewed."""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import subprocess
import sys
import tokenize
from collections import Counter
from pathlib import Path

import pytest

from migrator import symbols
from migrator.lift import Refusal
from migrator.lift.wrapped import lift_wrapped
from migrator.names import Module

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/before.py"))


def lifted(text: str, name: str) -> str:
    """Return ``text`` lifted as the file ``name.py``."""
    return lift_wrapped(Module(text), f"{name}.py").text


def comments(text: str) -> Counter[str]:
    """Return the comments of ``text``."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(t.string.rstrip() for t in tokens if t.type == tokenize.COMMENT)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Path) -> None:
    """A script becomes exactly what was reviewed."""
    after = lifted((case / "before.py").read_text(), case.name)
    if os.environ.get("MIGRATOR_UPDATE_GOLDEN"):
        (case / "after.py").write_text(after)
    assert after == (case / "after.py").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_of_the_session_is_left(case: Path) -> None:
    """A lifted text has symbols of TensorFlow 2.21 only, all comments, and nothing left to lift."""
    before, after = (case / "before.py").read_text(), (case / "after.py").read_text()
    ast.parse(after)
    assert comments(before) == comments(after)
    module = Module(after)
    for _, symbol in module.references():
        assert "Session" not in symbol.name and symbol.name != "tf.placeholder"
        if symbol.via == "v1":
            assert symbols.status(symbol.spelled) in (
                symbols.Status.PRESENT,
                symbols.Status.LEGACY_KERAS,
            ), symbol
        else:
            assert symbol.spelled == "tf" or symbols.in_tensorflow2(symbol.spelled), symbol
    with pytest.raises(Refusal, match="opens no session"):
        lift_wrapped(module, "again.py")


def test_ruff_finds_nothing_new() -> None:
    """A lift gives ruff's default rules no reason that the script did not give them before."""
    ruff = shutil.which(
        "ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if ruff is None:
        pytest.skip("ruff is not installed")
    done = subprocess.run(
        [ruff, "check", "--isolated", "--no-cache", "--output-format=json", str(GOLDEN)],
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[Path, set[str]] = {}
    for row in json.loads(done.stdout):
        found.setdefault(Path(row["filename"]), set()).add(row["code"])
    assert found, "ruff has not looked"
    for case in CASES:
        new = found.get(case / "after.py", set()) - found.get(case / "before.py", set())
        assert not new, (case.name, new)
