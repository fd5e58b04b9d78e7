"""Whole scripts lift to what was reviewed, and to nothing that a reviewer would send back."""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

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
    after = lifted((case / "before.py").read_text(), case.name)
    if os.environ.get("MIGRATOR_UPDATE_GOLDEN"):
        (case / "after.py").write_text(after)
    assert after == (case / "after.py").read_text()


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
    before, after = (case / "before.py").read_text(), (case / "after.py").read_text()
    assert lifted(before.replace("\n", "\r\n"), case.name) == after.replace("\n", "\r\n")


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
