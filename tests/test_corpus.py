"""The table of a folder of checkouts holds what became of each, and every failure is counted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parent / "tools" / "corpus.py"

TRAIN = """\
import tensorflow as tf

w = tf.get_variable("w", [2])
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    saver.save(sess, "model/ckpt")
    saver.restore(sess, "model/ckpt")
    tf.train.export_meta_graph("model/graph.meta")
"""
#: Nobody can tell which symbol of TensorFlow 2 this line asks for, and no rule speaks of it.
LOST = "import tensorflow.compat.v1 as tf\n\ntf.disable_v2_behavior()\nshape = tf.train.Bogus\n"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the tool."""
    command = [sys.executable, str(TOOL), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def rows(text: str) -> dict[str, dict[str, str]]:
    """Return the rows of a Markdown table by their first cell, each by column."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return {line[0]: dict(zip(lines[0], line, strict=True)) for line in lines[2:]}


@pytest.mark.tensorflow
def test_two_checkouts_make_two_rows_and_a_total(tmp_path: Path, tf2_python: str) -> None:
    """Sites are counted by what became of them, a symbol that is lost fails, sources stay."""
    checkouts = tmp_path / "checkouts"
    for name, text in {"one+train": TRAIN, "two+lost": LOST}.items():
        (checkouts / name).mkdir(parents=True)
        (checkouts / name / "main.py").write_text(text)
    (checkouts / "two+lost" / "old.py").write_text("print 'no TensorFlow here'\n")
    kept = tmp_path / "kept"

    done = run(checkouts, "--jobs", "2", "--python", tf2_python, "--keep", kept)

    assert done.returncode == 1, done.stderr
    found = rows(done.stdout)
    assert list(found) == ["one/train", "two/lost", "**2 repositories**"]
    one, two, total = found.values()
    assert [one[c] for c in ("files", "sites", "rewritten", "move", "kept")] == list("14121")
    assert [two[c] for c in ("files", "sites", "rewritten", "move", "kept")] == list("10000")
    assert one["symbols without finding"] == "0"
    assert two["symbols without finding"] == total["symbols without finding"] == "1"
    for column in ("without outcome", "crashed", "unparsed", "second run changed"):
        assert total[column] == "0", done.stderr
    assert "main.py:4: tensorflow.compat.v1.train.Bogus" in done.stderr
    assert "Of 3 calls that save, restore or export, 1 are rewritten (33.3%), 3 with" in done.stdout
    assert (checkouts / "one+train" / "main.py").read_text() == TRAIN
    assert "tf2_bridge.Saver()" in (kept / "one+train" / "after" / "main.py").read_text()


def test_a_folder_without_checkouts_is_wrong_usage(tmp_path: Path) -> None:
    """A folder that does not exist, or holds none, gives exit code 2."""
    assert run(tmp_path / "none").returncode == 2
    done = run(tmp_path)
    assert done.returncode == 2
    assert "holds no such checkout" in done.stderr
