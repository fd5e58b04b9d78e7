"""A program lifts whole, or stays a session program and says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.engine import run
from migrator.migration import Options, migrate
from migrator.results import Outcome, Tier
from migrator.rule import FileContext
from migrator.rulebook import all_rules

SCRIPT = """\
import os

import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 2])
w = tf.Variable(tf.zeros([2, 1]), name="w")
y = tf.matmul(x, w)
saver = tf.train.Saver()

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(y, {x: [[1.0, 2.0]]}))
    saver.save(sess, os.path.join("out", "model"), global_step=3)
"""
UNLIFTED = SCRIPT.replace("y = tf.matmul(x, w)", "y = tf.matmul(x, w)\nexec('y')")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one script that lifts."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "linear.py").write_text(SCRIPT)
    return tmp_path


def codes(found: object) -> dict[str, Outcome]:
    """Return code -> outcome of the findings of the one file of a report."""
    (result,) = [r for r in found.report.files if r.findings]  # type: ignore[attr-defined]
    return {finding.code: finding.outcome for finding in result.findings}


def test_the_saver_of_a_meta_graph_is_answered_for(repository: Path) -> None:
    """The restore through the Saver that `import_meta_graph` returned has an outcome of its own."""
    restored = Path(__file__).parent / "wrapped" / "golden" / "restored" / "before.py"
    (repository / "linear.py").write_text(restored.read_text())
    told = codes(migrate([repository], Options(tier="native", jobs=1)))
    assert told["TFM402"] is told["TFM203"] is told["TFM510"] is Outcome.REWRITTEN


@pytest.mark.parametrize("tier", ["auto", "native"])
def test_a_program_lifts(repository: Path, tier: str) -> None:
    """The session is gone, every saving call is answered for, no bridge is written."""
    found = migrate([repository], Options(tier=tier, jobs=1))
    ((_, text),) = found.changes
    assert "Session" not in text and "class Linear(tf.Module)" in text
    assert not found.created
    (program,) = found.report.programs
    assert program.tier is Tier.NATIVE
    told = codes(found)
    assert told == dict.fromkeys(("TFM201", "TFM202", "TFM510"), Outcome.REWRITTEN)
    (result,) = found.report.files
    after = {finding.code: finding.after for finding in result.findings}
    assert "tf.train.CheckpointManager" in (after["TFM201"] or "")
    assert after["TFM202"] == "manager.save(checkpoint_number=3)"
    assert {finding.tier for finding in result.findings} == {Tier.NATIVE}


def test_the_session_tier_can_be_asked_for(repository: Path) -> None:
    """``--tier session`` lifts nothing, and says nothing of lifting."""
    found = migrate([repository], Options(tier="session", jobs=1))
    assert found.report.programs[0].tier is Tier.SESSION
    assert "TFM510" not in codes(found)


def test_what_does_not_lift_goes_to_the_session_tier(repository: Path) -> None:
    """With ``auto`` a refused program moves as before, with the reason and the line."""
    (repository / "linear.py").write_text(UNLIFTED)
    found = migrate([repository], Options(jobs=1))
    assert found.report.programs[0].tier is Tier.SESSION
    assert codes(found)["TFM510"] is Outcome.KEPT
    (result,) = [r for r in found.report.files if r.findings]
    (finding,) = [f for f in result.findings if f.code == "TFM510"]
    assert "`exec` changes names unseen" in finding.message and "(line 8)" in finding.message
    assert finding.span.line == 8


def test_weights_in_arrays_ask_for_a_lift(repository: Path) -> None:
    """A program that saves its weights by NumPy alone lifts; the files stay what they were."""
    text = SCRIPT.replace("import os\n", "import numpy as np\n").replace(
        'saver.save(sess, os.path.join("out", "model"), global_step=3)',
        'np.savez("w.npz", *sess.run(tf.trainable_variables()))',
    )
    text = text.replace("saver = tf.train.Saver()\n", "")
    (repository / "linear.py").write_text(text)
    found = migrate([repository], Options(jobs=1))
    (program,) = found.report.programs
    assert program.tier is Tier.NATIVE
    assert codes(found) == {"TFM207": Outcome.KEPT, "TFM510": Outcome.REWRITTEN}


def test_native_alone_leaves_the_rest_as_it_is(repository: Path) -> None:
    """With ``--tier native`` a refused program keeps every byte; its findings are blocked."""
    (repository / "linear.py").write_text(UNLIFTED)
    found = migrate([repository], Options(tier="native", jobs=1))
    assert not found.changes and not found.created
    assert Outcome.BLOCKED in codes(found).values()
    assert Outcome.REWRITTEN not in codes(found).values()


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("other.py", "import linear\nprint(linear.w)\n", "`other.py` uses `w`, which goes"),
        (
            "query.py",
            "import tensorflow as tf\nsaver = tf.train.import_meta_graph('out/model-3.meta')\n",
            "reads the graph of a checkpoint",
        ),
    ],
)
def test_the_repository_may_stand_against_it(
    repository: Path, name: str, text: str, reason: str
) -> None:
    """A lift breaks nothing that reads what the program writes, or imports it."""
    (repository / name).write_text(text)
    found = migrate([repository], Options(jobs=1))
    (result,) = [r for r in found.report.files if r.path == "linear.py"]
    (finding,) = [f for f in result.findings if f.code == "TFM510"]
    assert finding.outcome is Outcome.KEPT and reason in finding.message


@pytest.mark.parametrize(
    ("asked", "form"), [("'y:0'", "tf2_bridge.GraphModule"), ("signature", "tf.Module")]
)
def test_an_exports_reader_decides_the_form(tmp_path: Path, asked: str, form: str) -> None:
    """A loader that asks for tensors by their names gets them; one that asks a signature need not.

    The plain form gives the tensors of an export other names.
    """
    (tmp_path / ".git").mkdir()
    saving = '    tf.saved_model.simple_save(sess, "e", {"x": x}, {"y": y})\n'
    (tmp_path / "linear.py").write_text(SCRIPT[: SCRIPT.index("    saver.save")] + saving)
    (tmp_path / "query.py").write_text(
        "import tensorflow as tf\nwith tf.Session() as sess:\n"
        f"    tf.saved_model.loader.load(sess, ['serve'], 'e')\n    print(sess.run({asked}))\n"
    )
    found = migrate([tmp_path], Options(jobs=1))
    (text,) = [text for source, text in found.changes if source.relative == "linear.py"]
    assert f"class Linear({form})" in text


@pytest.mark.parametrize("code", ["", "[TFM201]"])
def test_a_comment_keeps_a_program_from_the_lift(code: str) -> None:
    """A suppressed saving call is answered by nobody, so its program is not lifted."""
    text = SCRIPT.replace("tf.train.Saver()", f"tf.train.Saver()  # migrator: keep{code}")
    plan = run(text, FileContext(lift="auto"), all_rules())
    assert plan.tier is Tier.SESSION
    assert "TFM510" not in {finding.code for finding in plan.findings}


def test_a_lifted_program_is_done(repository: Path) -> None:
    """A second run finds nothing to change and nothing to say."""
    assert migrate([repository], Options(jobs=1)).write() == {}
    assert "class Linear(tf.Module)" in (repository / "linear.py").read_text()
    again = migrate([repository], Options(jobs=1))
    assert not again.changes_something
    assert not [f for r in again.report.files for f in r.findings if f.outcome is not Outcome.KEPT]


@pytest.mark.parametrize("changed", [{"move": False}, {"safe_only": True}, {"select": ("TFM2",)}])
def test_it_is_not_lifted_where_nobody_asked(changed: dict[str, object]) -> None:
    """A program that does not move, or a part of the rules, lifts nothing."""
    plan = run(SCRIPT, FileContext(lift="auto", **changed), all_rules())  # type: ignore[arg-type]
    assert plan.text is None or "tf.Module" not in plan.text
