"""The scripts with session-holding classes, and what runs them on both TensorFlows."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import tokenize
from dataclasses import dataclass
from pathlib import Path

import pytest

from migrator import vendor

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
_ALL = sorted(path.parent.name for path in GOLDEN.glob("*/before.py"))
LOADING = [name for name in _ALL if name.startswith("load_")]  #: given a folder of artefacts
NAMES = [name for name in _ALL if name not in LOADING]
TOLERANCE = 1e-5
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\binf\b|\bnan\b)")


@dataclass
class Side:
    """The scripts as one TensorFlow ran them."""

    root: Path
    status: dict[str, int]

    def output(self, name: str) -> str:
        """Return what the script ``name`` printed."""
        assert self.status[name] == 0, (self.root / f"{name}.err").read_text()[-3000:]
        return (self.root / f"{name}.out").read_text()


def run_side(
    python: str, root: Path, scripts: dict[str, Path], arguments: dict[str, list[str]]
) -> Side:
    """Run every script, each in a folder of its own; the bridge is at hand."""
    jobs = []
    (root / "bridge").mkdir(parents=True)
    parts = ("graph_module", "graph_export", "graph_import", "graph_predictor")
    bridge = vendor.bridge_text([*parts, "saver", "session_module"])
    (root / "bridge" / "tf2_bridge.py").write_text(bridge)
    for name, script in scripts.items():
        (root / name).mkdir()
        jobs.append(
            {
                "name": name,
                "script": str(script),
                "args": arguments.get(name, []),
                "cwd": str(root / name),
                "stdout": str(root / f"{name}.out"),
                "stderr": str(root / f"{name}.err"),
                "weights": False,
            }
        )
    plan = root / "jobs.json"
    plan.write_text(json.dumps(jobs))
    environment = dict(os.environ, PYTHONPATH=str(root / "bridge"))
    runner = str(HERE.parent / "run_scripts.py")
    subprocess.run([python, runner, str(plan)], check=True, env=environment)
    return Side(root, json.loads(Path(f"{plan}.done").read_text()))


def comments(text: str) -> set[str]:
    """Return the comments of ``text``."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT}


def assert_close(found: str, expected: str) -> None:
    """Compare two outputs: words exactly, numbers to the tolerance."""
    plain = [
        re.sub(r"[\s\[\]]+", " ", _NUMBER.sub("#", text)).strip() for text in (found, expected)
    ]
    assert plain[0] == plain[1]
    pairs = list(zip(_NUMBER.findall(found), _NUMBER.findall(expected), strict=True))
    assert pairs
    for a, b in pairs:
        assert float(a) == pytest.approx(float(b), rel=TOLERANCE, abs=TOLERANCE)
