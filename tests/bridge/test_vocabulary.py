"""The bridge's VocabularyProcessor gives TensorFlow 1.15.5's numbers and reads its pickles."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from migrator.vendor import bridge_text

HERE = Path(__file__).parent
STORED: dict[str, Any] = json.loads((HERE / "data" / "vocabulary_tf1.json").read_text())


@pytest.fixture(scope="module")
def saw(tf2_python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process saw."""
    home = tmp_path_factory.mktemp("vocabulary")
    (home / "tf2_bridge.py").write_text(bridge_text(["vocabulary"]), encoding="utf-8")
    command = [tf2_python, HERE / "vocabulary_cases.py", HERE / "data", home, home / "saw.json"]
    subprocess.run([str(word) for word in command], check=True, timeout=300)
    found: dict[str, Any] = json.loads((home / "saw.json").read_text())
    return found


@pytest.mark.tensorflow
@pytest.mark.parametrize("case", sorted(STORED))
def test_same_as_tensorflow_1(saw: dict[str, Any], case: str) -> None:
    """Rows, vocabularies and what TensorFlow 1's pickle gives are the same."""
    assert saw[case] == STORED[case]


@pytest.mark.tensorflow
def test_reads_what_it_writes(saw: dict[str, Any]) -> None:
    """A pickle of the migrated program gives what TensorFlow 1's gives."""
    assert saw["own"] == STORED["restored"]
