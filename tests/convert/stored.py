"""The stored TensorFlow 1 models of ``fixtures/convert``, each converted once per test process."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from migrator.convert import Conversion, convert

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "convert"
MANIFEST: dict[str, Any] = json.loads((FIXTURES / "manifest.json").read_text())
#: models that are converted, by kind
SAVED = sorted(name for name, one in MANIFEST.items() if one["kind"] == "savedmodel")
OTHERS = sorted(n for n, one in MANIFEST.items() if n not in SAVED and "refused" not in one)


class Stored:
    """Conversions of stored models.

    Args:
        folder: where they are put.
        tf1_python: the interpreter that runs the models in the check, if there is one.
    """

    def __init__(self, folder: Path, tf1_python: str | None) -> None:
        self.folder = folder
        self._python = tf1_python
        self._made: dict[str, Conversion] = {}

    def converted(self, name: str) -> Conversion:
        """Return what came of a model, in the folder of its name."""
        if name not in self._made:
            entry = MANIFEST[name]
            self._made[name] = convert(
                FIXTURES / entry["path"],
                self.folder / "converted" / name,
                before_python=self._python,
                cost=False,
                **entry.get("convert", {}),
            )
        return self._made[name]

    def loaded(self, names: list[str], tf2_python: str) -> dict[str, Any]:
        """Return what ``train_converted.py`` finds of converted models."""
        for name in names:
            self.converted(name)
        script = Path(__file__).with_name("train_converted.py")
        folders = [str(self.folder / one) for one in ("converted", "again")]
        done = subprocess.run(
            [tf2_python, str(script), *folders, *names],
            capture_output=True,
            text=True,
            env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"},
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result


def complaints(found: Conversion) -> list[str]:
    """Return what a check holds against a conversion, for the message of a test that fails."""
    check = found.check
    return [str(check.error)] * (check.error is not None) + [
        f"{delta.name} {delta.regime}: {delta.status.value} {delta.note} {delta.max_abs}"
        for delta in (*check.variables, *check.deltas)
        if delta.status.value not in ("equal", "close")
    ]
