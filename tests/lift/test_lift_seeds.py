"""What a seed drew on TensorFlow 1 is drawn after a lift."""

from __future__ import annotations

import pytest

from migrator.lift import lift
from migrator.names import Module

SCRIPT = """\
import tensorflow as tf

tf.set_random_seed(4)
{before}x = tf.placeholder(tf.float32, [None, 8])
w = tf.get_variable("w", [8, 2], initializer={initializer})
y = tf.matmul(x, w)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(y, {{x: [[1.0] * 8]}}))
"""


@pytest.mark.parametrize(
    ("initializer", "drawn"),
    [
        (
            "tf.random_uniform_initializer(-0.5, 0.5, seed=9)",
            "tf.random.uniform([8, 2], minval=-0.5, maxval=0.5, seed=9)",
        ),
        (
            "tf.random_normal_initializer(stddev=0.5, seed=9)",
            "tf.random.normal([8, 2], stddev=0.5, seed=9)",
        ),
        (
            "tf.truncated_normal_initializer(0.0, 0.1, 9)",
            "tf.random.truncated_normal([8, 2], mean=0.0, stddev=0.1, seed=9)",
        ),
        # TensorFlow 2's Glorot draws other numbers from a seed, and no op is that
        (
            "tf.glorot_uniform_initializer(seed=9)",
            "initializer=tf.compat.v1.glorot_uniform_initializer(seed=9)",
        ),
        (
            "tf.random_uniform_initializer(-0.5, 0.5)",
            "tf.random_uniform_initializer(minval=-0.5, maxval=0.5)([8, 2])",
        ),
        (
            "tf.random_uniform_initializer(-0.5, 0.5, seed=None)",
            "tf.random_uniform_initializer(minval=-0.5, maxval=0.5, seed=None)([8, 2])",
        ),
    ],
)
def test_a_seeded_initializer_draws_the_same(initializer: str, drawn: str) -> None:
    """TensorFlow 2's initializers draw other numbers from a seed than its random ops do."""
    assert drawn in lift(Module(SCRIPT.format(before="", initializer=initializer)), "a.py").text


def test_a_seeded_initializer_in_a_name_is_kept() -> None:
    """Where it is bound to a name, TensorFlow 1's own stays."""
    before = "init = tf.random_uniform_initializer(-0.5, 0.5, seed=9)\n"
    text = lift(Module(SCRIPT.format(before=before, initializer="init")), "a.py").text
    assert "tf.compat.v1.random_uniform_initializer(-0.5, 0.5, seed=9)" in text
