"""Scripts that run with the bridge as programs carry it: one ``tf2_bridge.py``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from migrator.vendor import bridge_text


def run_vendored(
    python: str, home: Path, parts: Iterable[str], script: Path, *arguments: object
) -> str:
    """Run a script that imports the ``tf2_bridge.py`` of ``parts``; return what it says on stderr.

    Args:
        python: the interpreter.
        home: an existing folder, which gets the bridge.
        parts: of the bridge.
        script: finds the bridge by the environment's ``VENDORED``.
        arguments: of the script.
    """
    (home / "tf2_bridge.py").write_text(bridge_text(parts), encoding="utf-8")
    done = subprocess.run(
        [python, str(script), *map(str, arguments)],
        env={**os.environ, "VENDORED": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        pytest.fail(f"{arguments}: {done.stderr[-3000:]}")
    return done.stderr
