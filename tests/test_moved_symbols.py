"""What takes the place of symbols that moved: lookups, and what the rows may say."""

from __future__ import annotations

import ast

import pytest

from migrator import moved_symbols, vendor
from migrator.moved_symbols import moved, needs_keras, needs_slim
from migrator.symbols import Status, status


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("tf.contrib.rnn.LSTMCell", "tf.nn.rnn_cell.LSTMCell"),
        ("tf.contrib.rnn.LSTMCell.zero_state", "tf.nn.rnn_cell.LSTMCell.zero_state"),
        ("tf.contrib.rnn.static_rnn", "tf.nn.static_rnn"),
        ("tf.contrib.data.AUTOTUNE", "tf.data.experimental.AUTOTUNE"),
        ("tf.contrib.training.python.training.hparam.HParams", "tf2_bridge.HParams"),
        (
            "tf.contrib.seq2seq.python.ops.decoder.dynamic_decode",
            "tf2_bridge.seq2seq.dynamic_decode",
        ),
        (
            "tf.contrib.tpu.python.tpu.tpu_optimizer.CrossShardOptimizer",
            "tf.tpu.CrossShardOptimizer",
        ),
        ("tf.python.ops.control_flow_ops.cond", "tf.cond"),
        ("tf.nn.seq2seq.sequence_loss", "tf2_bridge.legacy_seq2seq.sequence_loss"),
        ("tf.train.SummaryWriter", "tf.summary.FileWriter"),
        ("tf.contrib.graph_editor.sgv", None),
        ("tf.contrib.rnn", None),
        ("tf.contrib.rnn.Conv1DLSTMCell", None),
        ("tf.nn.rnn_cell.LSTMCell", None),
        ("tf.multiply", None),
    ],
)
def test_moved(name: str, target: str | None) -> None:
    """A public, private or old name leads to one place, a name that is left to none."""
    found = moved(name)
    assert (found.target if found else None) == target


def test_what_a_program_needs() -> None:
    """The packages follow from the place."""
    assert needs_keras("tf.contrib.rnn.GRUCell")
    assert not needs_keras("tf.contrib.data.map_and_batch")
    assert needs_slim("tf.contrib.losses.log_loss")
    assert not needs_slim("tf.contrib.rnn.GRUCell")


def test_every_row_can_be_used() -> None:
    """Rows are about symbols that are gone, parse, and name parts that the bridge has."""
    rows = moved_symbols._table()
    assert len(rows) > 250
    for name, row in rows.items():
        assert status(f"tf.{name}") is Status.GONE, name
        ast.parse(row.target, mode="eval")
        assert row.part is None or row.part in vendor.PARTS, name
        assert (row.part is not None) == ("tf2_bridge." in row.target), name
        if row.parameters is not None:
            used = {n.id for n in ast.walk(ast.parse(row.target)) if isinstance(n, ast.Name)}
            inner = {n.arg for n in ast.walk(ast.parse(row.target)) if isinstance(n, ast.arg)}
            assert used - inner <= {*row.signature.parameters, "tf", "tf2_bridge"}, name
