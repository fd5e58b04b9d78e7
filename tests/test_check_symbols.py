"""The check of migrated symbols finds what is lost, and is satisfied by findings only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).resolve().parent / "tools" / "check_symbols.py"

FILES = {
    "good.py": (
        "import tensorflow.compat.v1 as tf\nfrom pkg.tf2_bridge import Saver as S\n"
        "import pkg.tf2_bridge as tf2_bridge\n"
        "x = tf.placeholder(tf.float32)\ntf.app.flags.FLAGS.anything\ntf.train.Saver.save\n"
        "tf2_bridge.lookup.HashTable\ndef f(tf):\n    return tf.contrib.rnn\n"
    ),
    "told.py": "import tensorflow.compat.v1 as tf\ntf.contrib.rnn.BogusCell(1)\n",
    "silent.py": (
        "import tensorflow.compat.v1 as tf\nfrom tensorflow.contrib import rnn\n"
        "import pkg.tf2_bridge as tf2_bridge\nt = tf.train\n"
        "t.Bogus(1)\ntf2_bridge.lookup.Bogus\n"
    ),
    "stayed.py": "import tensorflow as tf\ntf.contrib.rnn.GRUCell(1)\n",
    "pkg/tf2_bridge.py": (
        "from types import SimpleNamespace\nSaver = 1\nlookup = SimpleNamespace(HashTable=2)\n"
    ),
}


def finding(outcome: str, api: str) -> dict[str, Any]:
    """Return what a report says of a place."""
    return {"code": "TFM810", "outcome": outcome, "api": api, "before": "", "message": ""}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tool."""
    command = [sys.executable, str(TOOL), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.tensorflow
def test_lost_symbols_are_listed(tmp_path: Path, tf2_python: str) -> None:
    """Each symbol that neither TensorFlow nor the bridge has is listed unless a finding says so."""
    tree = tmp_path / "tree"
    for name, text in FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    report = tmp_path / "report.json"
    told = [
        {"path": "told.py", "findings": [finding("manual", "tf.contrib.rnn.BogusCell")]},
        {"path": "silent.py", "findings": [finding("rewritten", "tf.train.Bogus")]},
    ]
    # what is lost of `tf.contrib.rnn.BogusCell` is `contrib` itself
    report.write_text(json.dumps({"files": told}))
    done = run(str(tree), str(report), "--python", tf2_python)
    assert done.returncode == 1, done.stderr
    places = [line.partition(": ")[0] for line in done.stdout.splitlines()[:-1]]
    assert places == ["silent.py:2", "silent.py:5", "silent.py:6"]
    everything = run(str(tree), str(report), "--python", tf2_python, "--all")
    assert "stayed.py:2" in everything.stdout


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """A folder or a report that is not one is wrong usage."""
    report = tmp_path / "report.json"
    report.write_text("[]")
    assert run(str(tmp_path), str(report)).returncode == 2
    assert run(str(tmp_path / "none"), str(report)).returncode == 2


def test_the_bridge_is_the_one_that_a_file_names(tmp_path: Path) -> None:
    """A package's bridge is asked though another is nearer; a plain import takes the nearest."""
    texts = {
        "pkg/sub/a.py": "from pkg import tf2_bridge\n",
        "pkg/sub/b.py": "from .. import tf2_bridge\n",
        "pkg/sub/c.py": "from pkg.tf2_bridge import Saver\n",
        "pkg/sub/d.py": "import tf2_bridge\n",
        "pkg/sub/e.py": "from . import tf2_bridge\n",
        "pkg/tf2_bridge.py": "",
        "pkg/sub/tf2_bridge.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    code = "import sys, check_symbols as c; from pathlib import Path\n"
    code += (
        "print(*[c.bridge_of(Path(sys.argv[1]), f'pkg/sub/{x}.py') for x in 'abcde'], sep='\\n')"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=TOOL.parent, capture_output=True, text=True, check=True)
    found = [Path(line).relative_to(tmp_path).parent.as_posix() for line in done.stdout.split()]
    assert found == ["pkg", "pkg", "pkg", "pkg/sub", "pkg/sub"]
