"""Graphs of TensorFlow 1 that use ops of contrib are opened by it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "migrator"

PROGRAM = """
import tensorflow as tf
from worker.views import with_contrib

graph = tf.GraphDef()
for name in ("step_ids", "parent_ids", "max_sequence_lengths", "end_token"):
    node = graph.node.add(name=name, op="Placeholder")
    node.attr["dtype"].type = tf.int32.as_datatype_enum
node = graph.node.add(name="tree", op="GatherTree", input=[n.name for n in graph.node])
node.attr["T"].type = tf.int32.as_datatype_enum


def make():
    with tf.Graph().as_default():
        return tf.import_graph_def(graph, return_elements=["tree:0"])[0].name


print(with_contrib(tf, make))
"""


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_an_op_that_a_package_of_contrib_loads_when_it_is_imported(tf1_python: str) -> None:
    """A beam search of seq2seq opens: importing `tensorflow.contrib` alone does not register it."""
    done = subprocess.run(
        [tf1_python, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": str(PACKAGE), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.split() == ["import/tree:0"], done.stderr[-2000:]
