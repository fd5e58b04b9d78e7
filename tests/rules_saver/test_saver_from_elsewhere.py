"""Calls on Savers that lists, dicts and loops hand out have an outcome; other calls have none."""

from __future__ import annotations

import pytest
from engine_harness import plan_of

from migrator.results import Outcome

HEAD = "import tensorflow as tf\nsess = tf.Session()\n"


@pytest.mark.parametrize(
    "body",
    [
        "self.savers[name].save(self.sess, path)",
        "model.savers['all'].restore(sess, path)",
        "for name, s in model.savers.items():\n    s.restore(sess, path)",
        "x = [s.save(sess, path) for s in savers]",
        "saver_list[0][1].save(sess, path, global_step=3)",
    ],
)
def test_a_saver_that_something_holds_follows_its_constructor(body: str) -> None:
    """The call stays, with a finding that says what it follows."""
    plan = plan_of(HEAD + body + "\n")
    (finding,) = [f for f in plan.findings if f.code == "TFM208"]
    assert finding.outcome is Outcome.KEPT


@pytest.mark.parametrize(
    "body",
    [
        "figures[name].save(path, sess)",
        "savers[name].save(path)",
        "for s in shops:\n    s.save(sess, path)",
        "for s in savers:\n    other.save(sess, path)",
        "x = [1 for s in savers]\ns.save(sess, path)",
    ],
)
def test_what_no_saver_is_known_to_hold_is_left(body: str) -> None:
    """Nothing is said of what has the method and not the name."""
    assert [f for f in plan_of(HEAD + body + "\n").findings if f.code == "TFM208"] == []
