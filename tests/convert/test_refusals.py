"""What cannot be carried is named by its node, with a way out, and nothing is written."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from stored import FIXTURES, MANIFEST

from migrator.convert import CannotConvert, convert

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("warm")]
REFUSED = MANIFEST["refused"]["refused"]
#: what is said of each, and the way out
SAID = {
    "python": ("(PyFunc) calls Python code", "Give what it returns as an input ('python:0')"),
    "queue": ("(FIFOQueueV2) holds state", "Give what it returns as an input ('dequeue:0')"),
    "reader": ("(TextLineReaderV2) holds state", "Give what it returns as an input"),
    "iterator": ("(IteratorV2) holds state", "Give what it returns as an input ('next:0')"),
    "inserted": ("(LookupTableInsertV2) changes a table", "Ask for outputs that do not need"),
    "missing": ("is not among the inputs", "Name 'hidden_input:0' among the inputs"),
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory, tf2_python):
    """What was said of each output, all in one process."""
    script = Path(__file__).with_name("refusal_scenarios.py")
    done = subprocess.run(
        [tf2_python, str(script), str(tmp_path_factory.mktemp("refused"))],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("key", sorted(REFUSED))
def test_it_is_refused_by_the_name_of_its_node(refusals, key):
    """Before anything is written."""
    node, reason, advice, written = refusals[key]
    assert node == REFUSED[key]["node"]
    assert repr(node) in reason
    assert SAID[key][0] in reason
    assert advice.startswith(SAID[key][1])
    assert not written


def test_what_was_refused_leaves_nothing_behind(tmp_path, tf2_python):
    """Neither the target nor anything beside it."""
    with pytest.raises(CannotConvert, match=r"'python'.*Give what it returns") as caught:
        convert(
            FIXTURES / MANIFEST["refused"]["path"],
            tmp_path / "after",
            inputs={"x": "x:0"},
            outputs={"y": REFUSED["python"]["tensor"]},
        )
    assert caught.value.node == "python"
    assert list(tmp_path.iterdir()) == []
