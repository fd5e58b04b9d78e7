"""``session_meta_graph``: the Saver of an imported graph restores both kinds of checkpoint."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from migrator.vendor import bridge_text

PROGRAM = """
import json
import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()
with tf.Graph().as_default(), tf.Session() as sess:
    w = tf.get_variable("w", initializer=[1.0, 2.0])
    tf.get_variable("r", initializer=5.0, use_resource=True)
    tf.get_variable("late", initializer=0.0, collections=["others"])
    sess.run([v.initializer for v in [w, *tf.global_variables(), *tf.get_collection("others")]])
    tf2_bridge.Saver().save(sess, "object")
    tf.train.Saver().save(sess, "name")
    tf2_bridge.Saver({"other": w}).save(sess, "renamed")

found = {}
for kind in ("object", "name", "renamed"):
    for graph in ("object", "name", "renamed"):
        if (kind == "renamed") != (graph == "renamed"):
            continue
        for scope in (None, "s"):
            with tf.Graph().as_default(), tf.Session() as sess:
                before = tf.get_variable("before", initializer=3.0)
                saver = tf2_bridge.session_meta_graph(graph + ".meta", import_scope=scope)
                after = tf.get_variable("after", initializer=4.0)
                sess.run([before.initializer, after.initializer])
                saver.restore(sess, kind)
                saver.restore(sess, kind)
                prefix = scope + "/" if scope else ""
                values = [sess.run(prefix + "w:0").tolist(), *map(float, sess.run([before, after]))]
                path = saver.save(sess, "again")
                sess.run(tf.variables_initializer(tf.global_variables()))
                saver.restore(sess, path)
                values += [sess.run(prefix + "w:0").tolist()]
                found["%s %s %s" % (kind, graph, scope)] = values

with tf.Graph().as_default(), tf.Session() as sess:
    saver = tf2_bridge.session_meta_graph("object.meta")
    for wrong in ("renamed", "nothing"):
        try:
            saver.restore(sess, wrong)
        except Exception as error:
            found[wrong] = [type(error).__name__, "r" in str(error)]
print(json.dumps(found))
"""


@pytest.mark.tensorflow
def test_restores_both_kinds_whatever_else_the_graph_holds(tf2_python: str, tmp_path: Path) -> None:
    """Other variables, an import scope and another Saver's keys change nothing."""
    (tmp_path / "tf2_bridge.py").write_text(bridge_text(["saver", "meta_graph"]), encoding="utf-8")
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    done = subprocess.run(
        [tf2_python, "program.py"],
        cwd=tmp_path,
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.pop("renamed") == ["NotFoundError", True]
    assert found.pop("nothing") == ["ValueError", False]
    assert len(found) == 10
    for case, values in found.items():
        assert values[:4] == [[1.0, 2.0], 3.0, 4.0, [1.0, 2.0]], case
