"""Classes that hold their session lift to what was reviewed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from class_scripts import GOLDEN, comments
from lift_goldens import check_golden, check_newlines, check_ruff

from migrator.lift import Refusal, lift
from migrator.names import Module

CASES = sorted(path.parent for path in GOLDEN.glob("*/before.py"))

#: Comments that told of the session, and went with it.
GONE = {
    "# the session and what initializes it",
    "# initialize",
    "# one graph, and a session for every task",
    "# Initialize all variables",
}


def lifted(text: str, name: str) -> str:
    """Return ``text`` lifted as the file ``name.py``."""
    return lift(Module(text), f"{name}.py").text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Path) -> None:
    """A script becomes exactly what was reviewed."""
    check_golden(case, lifted)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_of_the_session_is_left(case: Path) -> None:
    """A lifted text has no session and no placeholder, keeps its comments, and lifts no more."""
    before, after = (case / "before.py").read_text(), (case / "after.py").read_text()
    ast.parse(after)
    assert comments(before) - comments(after) <= GONE
    module = Module(after)
    names = {symbol.name for _, symbol in module.references()}
    assert not names & {"tf.Session", "tf.InteractiveSession", "tf.placeholder", "tf.train.Saver"}
    assert "sess" not in {node.id for node in module.nodes if isinstance(node, ast.Name)}
    with pytest.raises(Refusal, match=r"no session|holds a session"):
        lift(module, "again.py")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_public_methods_stay(case: Path) -> None:
    """Every public method has its name and parameters, but for a session that was one."""
    signatures = []
    for name in ("before.py", "after.py"):
        tree = ast.parse((case / name).read_text())
        signatures.append(
            {
                (node.name, method.name): [
                    argument.arg for argument in method.args.args if argument.arg != "sess"
                ]
                for node in tree.body
                if isinstance(node, ast.ClassDef)
                for method in node.body
                if isinstance(method, ast.FunctionDef)
            }
        )
    before, after = signatures
    assert before.items() <= after.items()
    assert {name for _, name in after.keys() - before.keys()} <= {"build", "build_graph"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_newlines_decide_nothing(case: Path) -> None:
    """Windows newlines come out as they went in."""
    check_newlines(case, lifted)


def test_ruff_finds_nothing_new() -> None:
    """A lift gives ruff's default rules no reason that the script did not give them before."""
    check_ruff(GOLDEN, CASES)
