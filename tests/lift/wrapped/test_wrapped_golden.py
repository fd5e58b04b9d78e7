"""Scripts whose graph is kept whole lift to what was reviewed."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from pathlib import Path

import pytest
from lift_goldens import check_golden, check_ruff

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
    check_golden(case, lifted)


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
    check_ruff(GOLDEN, CASES)
