"""The bridge's HParams answers as TensorFlow 1.15.5's does."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from hparams_cases import CASES, results

HERE = Path(__file__).parent
STORED: dict[str, str] = json.loads((HERE / "data" / "hparams_tf1.json").read_text())


def hparams() -> Any:
    """Return the class, without importing TensorFlow."""
    path = HERE.parent.parent / "migrator" / "bridge" / "hparams.py"
    spec = importlib.util.spec_from_file_location("hparams_alone", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.HParams


FOUND = results(hparams())


@pytest.mark.parametrize("case", CASES)
def test_same_as_tensorflow_1(case: str) -> None:
    """Values, texts and kinds of errors are those of 1.15.5."""
    assert FOUND[case] == STORED[case]


def test_all_cases_are_stored() -> None:
    """Nothing is compared with nothing."""
    assert sorted(STORED) == sorted(CASES)


def test_protocol_buffers_are_refused() -> None:
    """What cannot be read is said, and not dropped."""
    with pytest.raises(ValueError, match="protocol buffers"):
        hparams()(hparam_def=object())
