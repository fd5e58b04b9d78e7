"""The interpreters of the two sides: where they are, and what they are made of."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Interpreter", "find_before", "probe"]

_PROBE = """
import glob, importlib.util, json, os, sys
found = sorted({
    os.path.basename(path)
    for folder in sys.path
    for end in ("*.dist-info", "*.egg-info")
    for path in glob.glob(os.path.join(folder, end))
})
print(json.dumps({
    "version": sys.version,
    "tensorflow": importlib.util.find_spec("tensorflow") is not None,
    "packages": found,
}))
"""


class NoInterpreter(Exception):
    """An interpreter is missing or of no use; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python, and what tells it from another one."""

    path: str
    version: str = ""
    packages: tuple[str, ...] = ()
    tensorflow: bool = True

    @property
    def identity(self) -> tuple[str, str, tuple[str, ...]]:
        """What tells it from another: ``bin/python`` and ``bin/python3`` are one."""
        return os.path.realpath(os.path.dirname(self.path)), self.version, self.packages


def find_before(manifest_home: Path, in_manifest: str | None, given: str | None) -> str:
    """Return the interpreter of the side before the migration.

    Named by ``given``, else by the manifest, else by ``MIGRATOR_TF1_PYTHON``, else
    ``.tf1/bin/python`` beside the manifest.

    Raises:
        NoInterpreter: there is none.
    """
    named = [
        ("--before-python", given, Path.cwd()),
        ("before_python", in_manifest, manifest_home),
        ("MIGRATOR_TF1_PYTHON", os.environ.get("MIGRATOR_TF1_PYTHON"), Path.cwd()),
    ]
    for what, value, home in named:
        if value:
            expanded = os.path.expanduser(value)
            near = str(home / expanded) if os.sep in expanded else expanded
            found = shutil.which(near)
            if found is None:
                raise NoInterpreter(
                    f"{what} names {value}, which is no interpreter; `migrator tf1-env DIR` makes"
                    " one with TensorFlow 1.15.5"
                )
            return os.path.abspath(found)
    local = manifest_home / ".tf1" / ("Scripts" if os.name == "nt" else "bin") / "python"
    found = shutil.which(str(local))
    if found is None:
        raise NoInterpreter(
            "the programs before the migration need a Python with TensorFlow 1: make one with"
            " `migrator tf1-env DIR` and name it with --before-python DIR/bin/python"
        )
    return found


def probe(role: str, path: str) -> Interpreter:
    """Return what ``path`` is made of, without importing TensorFlow.

    Raises:
        NoInterpreter: it does not run, or has no TensorFlow.
    """
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(
            [path, "-c", _PROBE],
            env=env,
            cwd=os.path.dirname(path) or None,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        data = json.loads(done.stdout.strip().splitlines()[-1])
        found = Interpreter(path, data["version"], tuple(data["packages"]), data["tensorflow"])
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError) as error:
        raise NoInterpreter(f"the {role} side's interpreter {path} does not run: {error}") from None
    if not found.tensorflow:
        advice = (
            "pip install 'tf-migrator[check]'"
            if path == sys.executable
            else "`migrator tf1-env DIR` makes one with TensorFlow 1.15.5"
        )
        raise NoInterpreter(f"the {role} side's interpreter {path} has no TensorFlow; {advice}")
    return found
