"""Readers of checkpoints by variable names in programs that go without a session."""

from __future__ import annotations

import pytest

from migrator import engine, rulebook
from migrator.results import Outcome, Tier
from migrator.rule import FileContext

_PROGRAM = """
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name="x")
w = tf.get_variable("w", [3, 2])
y = tf.matmul(x, w)
{before}
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    saver.save(sess, "out/model")
    print({reads})
    print(sess.run(y, {{x: [[1.0, 2.0, 3.0]]}}))
"""


def plan_of(reads: str, before: str = "") -> engine.Plan:
    """Return what becomes of a program that reads a checkpoint."""
    text = _PROGRAM.format(reads=reads, before=before)
    return engine.run(text, FileContext(lift="auto"), rulebook.all_rules())


@pytest.mark.parametrize(
    ("reads", "new"),
    [
        ('tf.train.list_variables("out")', 'tf2_bridge.list_variables("out")'),
        ('tf.train.load_variable("out", "w")', 'tf2_bridge.load_variable("out", "w")'),
        ('tf.train.load_checkpoint("out")', 'tf2_bridge.load_checkpoint("out")'),
        ('tf.train.NewCheckpointReader("o")', 'tf2_bridge.NewCheckpointReader("o")'),
        ('tf.contrib.framework.load_variable("o", "w")', 'tf2_bridge.load_variable("o", "w")'),
    ],
)
def test_the_bridge_reads(reads: str, new: str) -> None:
    """Names stay names, although what the program writes has other keys."""
    plan = plan_of(reads)
    assert plan.tier is Tier.NATIVE, [f.message for f in plan.findings]
    assert plan.text is not None
    assert f"print({new})" in plan.text
    assert "readers" in plan.parts


def test_what_changes_initializers_keeps_its_session() -> None:
    """init_from_checkpoint is refused by name, and rewritten in the session tier."""
    plan = plan_of("1", 'tf.train.init_from_checkpoint("old", {"/": "/"})')
    assert plan.tier is Tier.SESSION
    assert plan.text is not None
    assert 'tf2_bridge.init_from_checkpoint("old", {"/": "/"})' in plan.text
    kept = [f.message for f in plan.findings if f.code == "TFM510" and f.outcome is Outcome.KEPT]
    assert any("init_from_checkpoint` changes initializers" in message for message in kept)
