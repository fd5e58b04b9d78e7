"""Signatures that a SavedModel does not have: asked for, converted, and run on both sides."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from migrator.checker import CannotOpen
from migrator.convert import convert
from migrator.convert.arguments import parse_signatures

pytestmark = [pytest.mark.tensorflow, pytest.mark.usefixtures("warm")]

MODELS = Path(__file__).resolve().parents[1] / "data_checker"


def digests(folder: Path) -> dict[str, str]:
    """Return the files of a folder and what is in them."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_further_signatures(tmp_path: Path) -> None:
    """To a tensor in the middle, from a tensor in the middle, and of a variable alone.

    The source is only read: its description with the further signatures is another file.
    """
    before = MODELS / "classifier"
    was = digests(before)
    signatures = parse_signatures(
        ["embed=x:0->vector=logits:0", "head=logits:0->p=Softmax:0", "weights=->w=net/w/read:0"]
    )
    found = convert(before, tmp_path / "new", signatures=signatures)
    assert found.match, found.check.error
    assert set(found.signatures) == {"serving_default", *signatures}
    compared = {delta.name for delta in found.check.deltas}
    assert {"embed/vector", "head/p", "weights/w", "serving_default/word"} <= compared
    assert found.call is None
    assert digests(before) == was


def test_a_model_without_signatures(tmp_path: Path) -> None:
    """Its tensors are named as those of a checkpoint's meta graph."""
    before = MODELS / "no_signature"
    with pytest.raises(CannotOpen, match="--outputs"):
        convert(before, tmp_path / "new")
    found = convert(before, tmp_path / "new", outputs={"w": "w/read:0"})
    assert found.match, found.check.error
    assert {delta.name for delta in found.check.deltas} == {"serving_default/w"}
