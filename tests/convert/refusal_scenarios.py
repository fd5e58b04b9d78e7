"""Ask for outputs that cannot be carried; prints what came of each as JSON: ``... OUT``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import tensorflow as tf

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from migrator.convert.making import CannotCarry, make  # noqa: E402

FIXTURES = ROOT / "fixtures" / "convert"


def main() -> None:
    """Run as a command."""
    tf.get_logger().setLevel("ERROR")
    entry = json.loads((FIXTURES / "manifest.json").read_text())["refused"]
    found = {}
    for key, one in entry["refused"].items():
        target = Path(sys.argv[1]) / key
        request = {
            "kind": entry["kind"],
            "path": str(FIXTURES / entry["path"]),
            "target": str(target),
            "inputs": {"x": "x:0"},
            "outputs": {key: one["tensor"]},
        }
        try:
            make(request)
            found[key] = ["made", "", "", True]
        except CannotCarry as error:
            found[key] = [error.node, error.reason, error.advice, target.exists()]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
