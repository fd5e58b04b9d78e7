"""Whole scripts lift to what was reviewed, and to nothing that a reviewer would send back."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest
from lift_goldens import check_golden, check_newlines, check_ruff

from migrator import symbols
from migrator.lift import Refusal, lift
from migrator.lift.comments import tells_of_session
from migrator.names import Module

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/before.py"))

#: What a lifted text may still take from ``tensorflow.compat.v1``: optimizers that Keras has no
#: equal of and the rates that they take, the state file of checkpoints under exact names, a
#: division that depends on the type, and what tells that a signature classifies.
ALLOWED = (
    *("tf.train.update_checkpoint_state", "tf.train.AdamOptimizer", "tf.train.RMSPropOptimizer"),
    *("tf.train.MomentumOptimizer", "tf.train.exponential_decay", "tf.div"),
    "tf.saved_model.signature_def_utils.MethodNameUpdater",
)


def lifted(text: str, name: str) -> str:
    """Return ``text`` lifted as the file ``name.py``."""
    return lift(Module(text), f"{name}.py").text


def comments(text: str) -> set[str]:
    """Return the comments of ``text``."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Path) -> None:
    """A script becomes exactly what was reviewed."""
    check_golden(case, lifted)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_of_the_session_is_left(case: Path) -> None:
    """A lifted text has TensorFlow 2's symbols only, comments as told, and nothing left to lift."""
    before, after = (case / "before.py").read_text(), (case / "after.py").read_text()
    ast.parse(after)
    lost = comments(before) - comments(after)
    assert all(tells_of_session([comment]) for comment in lost), lost
    module = Module(after)
    for _, symbol in module.references():
        if symbol.via == "v1":
            assert symbol.name in ALLOWED, symbol
        else:
            assert symbol.spelled == "tf" or symbols.in_tensorflow2(symbol.spelled), symbol
    with pytest.raises(Refusal, match="opens no session"):
        lift(module, "again.py")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_newlines_decide_nothing(case: Path) -> None:
    """Windows newlines come out as they went in."""
    check_newlines(case, lifted)


def test_ruff_finds_nothing_new() -> None:
    """A lift gives ruff's default rules no reason that the script did not give them before."""
    check_ruff(GOLDEN, CASES)
