"""A small repository verified for real: TensorFlow 1.15 before, TensorFlow 2 after."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrator import cli
from migrator.results import Place, RunReport, Verdict, from_json

TRAIN = """\
import os
import numpy as np
import tensorflow as tf

if not os.path.isdir("out"):
    os.makedirs("out")
tf.set_random_seed(7)
x = tf.placeholder(tf.float32, [None, 3], name="x")
y_ = tf.placeholder(tf.float32, [None, 1], name="y_")
w = tf.Variable(tf.constant([[0.5], [-0.25], [1.0]]), name="w")
b = tf.Variable(tf.zeros([1]), name="b")
loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y_))
step = tf.train.get_or_create_global_step()
train = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
saver = tf.train.Saver(max_to_keep=2)
data = np.arange(30, dtype=np.float32).reshape(10, 3) / 30
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for at in range(3):
        _, value = sess.run([train, loss], {x: data, y_: data[:, :1] * 2})
        saver.save(sess, "out/model", global_step=step)
    print("loss:", value)
"""
EXPORT = """\
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name="x")
w = tf.get_variable("w", [3, 1])
b = tf.get_variable("b", [1])
y = tf.add(tf.matmul(x, w), b, name="y")
saver = tf.train.Saver()
with tf.Session() as sess:
    saver.restore(sess, tf.train.latest_checkpoint("out"))
    tf.saved_model.simple_save(sess, "export/1", {"x": x}, {"y": y})
"""


@pytest.mark.tf1
@pytest.mark.tensorflow
def test_a_repository_is_verified_from_its_first_manifest(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tf1_python: str,
    tf2_python: str,
) -> None:
    """Training and export run on both TensorFlows; retained checkpoints and the export match."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    Path("train.py").write_text(TRAIN)
    Path("export.py").write_text(EXPORT)
    assert cli.main(["migrate", ".", "--manifest", "verify.toml", "-qq"]) == 1
    words = ["verify", "verify.toml", "--before-python", tf1_python]
    words += ["--report", "verify.json", "--report", "verify.html"]
    status = cli.main(words)
    out, err = capsys.readouterr()
    assert status == 0, out + err
    report = from_json(RunReport, json.loads(Path("verify.json").read_text()))
    checks = {check.name: check for check in report.checks}
    assert {name: check.verdict for name, check in checks.items()} == {
        "export: export/1": Verdict.MATCH,
        "train: out/model-2": Verdict.MATCH,
        "train: out/model-3": Verdict.MATCH,
    }
    export = checks["export: export/1"]
    assert export.deltas and any("TensorFlow 1." in words for words in export.environments)
    assert export.rewrites == (Place("export.py", 10, "TFM101"),)
    assert checks["train: out/model-3"].rewrites == (
        Place("train.py", 15, "TFM201"),
        Place("train.py", 21, "TFM202"),
    )
    assert set(export.covers) == {"export.py"}
    assert Path("train.py").read_text() == TRAIN and not Path("out").exists()
    # a second call proves nothing again
    assert cli.main(words) == 0
    assert "7 results are an earlier run's" in capsys.readouterr().out
