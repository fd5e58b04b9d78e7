"""Runs that are kept: whole or not at all, replayed as they were, and trusted with nothing."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from migrator.checker import CannotOpen, check
from migrator.checker.recording import find_recording, refuse_occupied, save_run
from migrator.checker.sides import Kind
from migrator.results import ModelCheck, Verdict, from_json

pytestmark = pytest.mark.usefixtures("warm")

ROOT = Path(__file__).resolve().parent.parent.parent
STORED = ROOT / "tests" / "data_checker"

X = {"key": "a0", "dtype": "float32", "shape": [2, 3]}
WORDS = {"key": "a1", "dtype": "string", "shape": [2]}
ANSWER = {
    "status": "ok",
    "python": "3.7.0",
    "tensorflow": "1.15.5",
    "signatures": {"s": {"method_name": "", "inputs": {}, "outputs": {}}},
    "views": ["v1"],
    "variables": [{"names": ["w"], "bookkeeping": False, "array": X}],
    "runs": [{"signature": "s", "regime": "normal", "view": "v1", "outputs": {"y": WORDS}}],
}
INPUTS = {"inputs": [{"signature": "s", "regime": "normal", "inputs": {"x": X}}]}
FOUND = ModelCheck("old", "new", verdict=Verdict.MISMATCH)


def write_answer(folder: Path) -> None:
    """Write what a worker writes."""
    folder.mkdir(exist_ok=True)
    (folder / "result.json").write_text(json.dumps(ANSWER))
    (folder / "inputs.json").write_text(json.dumps(INPUTS))
    arrays = {
        "a0": np.zeros((2, 3), np.float32),
        "a1": np.frombuffer(b"catdog", np.uint8),
        "a1.lengths": np.array([3, 3]),
    }
    for name in ("arrays.npz", "inputs.npz"):
        np.savez(folder / name, **arrays)  # type: ignore[arg-type]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A kept run."""
    for role in ("before", "after"):
        write_answer(tmp_path / role)
    keep(tmp_path, tmp_path / "kept")
    return tmp_path / "kept"


def keep(root: Path, target: Path) -> None:
    """Keep the run whose answers are in two folders of ``root``."""
    save_run(
        target,
        root / "before",
        root / "after",
        inputs=root / "before" / "inputs.json",
        kind=Kind.SAVED_MODEL,
        path="models/old",
        request={"seed": 3},
        found=FOUND,
    )


def test_a_kept_run_is_found(kept: Path) -> None:
    """All that a comparison reads of the before side comes back, and the verdict with it."""
    found = find_recording(kept)
    assert found is not None
    assert (found.kind, found.path, found.answer) == (Kind.SAVED_MODEL, "models/old", ANSWER)
    assert found.inputs == kept / "inputs.json"
    assert (found.folder / "arrays.npz").exists()
    assert from_json(ModelCheck, json.loads((kept / "check.json").read_text())) == FOUND
    assert json.loads((kept / "recording.json").read_text())["request"] == {"seed": 3}


def test_other_folders_are_no_kept_run(tmp_path: Path) -> None:
    """A model's folder, an empty one and one that does not exist are left to others."""
    assert find_recording(tmp_path) is None
    assert find_recording(tmp_path / "none") is None
    assert find_recording(STORED / "classifier") is None


def test_an_empty_folder_is_used_and_another_refused(tmp_path: Path, kept: Path) -> None:
    """Nothing that is there is ever overwritten."""
    refuse_occupied(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    keep(tmp_path, tmp_path / "empty")
    assert find_recording(tmp_path / "empty") is not None
    with pytest.raises(ValueError, match="is not empty"):
        refuse_occupied(kept)
    with pytest.raises(ValueError, match="is not empty"):
        keep(tmp_path, kept)
    with pytest.raises(ValueError, match="is a file"):
        refuse_occupied(kept / "check.json")
    with pytest.raises(ValueError, match="is not empty"):
        check(STORED / "classifier", STORED / "classifier", save=kept)


def test_a_run_that_cannot_be_kept_whole_is_not_kept(tmp_path: Path) -> None:
    """An answer that is missing leaves neither the folder nor a half of it."""
    for role in ("before", "after"):
        write_answer(tmp_path / role)
    (tmp_path / "after" / "arrays.npz").unlink()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OSError, match="arrays"):
        keep(tmp_path, tmp_path / "kept")
    assert sorted(tmp_path.iterdir()) == before


def edited(path: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Return what changes the value in a JSON file."""

    def edit(kept: Path) -> None:
        value = json.loads((kept / path).read_text())
        (kept / path).write_text(json.dumps(change(value)))

    return edit


def rezipped(
    path: str, compression: int = zipfile.ZIP_STORED, **members: bytes
) -> Callable[[Path], None]:
    """Return what writes an archive anew, with members replaced or added."""

    def edit(kept: Path) -> None:
        with zipfile.ZipFile(kept / path) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        content.update({name.replace("__", "."): data for name, data in members.items()})
        with zipfile.ZipFile(kept / path, "w", compression) as archive:
            for name, data in content.items():
                archive.writestr(name, data)

    return edit


def flip(kept: Path) -> None:
    """Change one byte of an array."""
    data = bytearray((kept / "before/arrays.npz").read_bytes())
    data[data.index(b"catdog")] ^= 1
    (kept / "before/arrays.npz").write_bytes(bytes(data))


def linked(kept: Path) -> None:
    """Replace an archive by a link out of the folder."""
    shutil.move(kept / "before/arrays.npz", kept.parent / "elsewhere.npz")
    os.symlink(kept.parent / "elsewhere.npz", kept / "before/arrays.npz")


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "format": (edited("recording.json", lambda v: {**v, "format": 2}), "format is 2"),
    "kind": (edited("recording.json", lambda v: {**v, "kind": "zip"}), "zip"),
    "mark": (lambda kept: (kept / "recording.json").write_text("{"), "does not parse"),
    "list": (edited("before/result.json", lambda v: [v]), "holds no object"),
    "deep": (lambda k: (k / "before/result.json").write_text("[" * 99999), "cannot be used"),
    "status": (edited("before/result.json", lambda v: {**v, "status": "died"}), "did not run"),
    "variables": (
        edited("before/result.json", lambda v: {**v, "variables": [{"names": []}]}),
        "has no names",
    ),
    "runs": (edited("before/result.json", lambda v: {**v, "runs": 3}), "has no runs"),
    "answer": (lambda kept: (kept / "before/result.json").unlink(), "result.json is missing"),
    "inputs": (lambda kept: (kept / "inputs.json").unlink(), "inputs.json is missing"),
    "no inputs": (edited("inputs.json", lambda v: {"inputs": {}}), "lists no inputs"),
    "arrays": (lambda kept: (kept / "before/arrays.npz").unlink(), "arrays.npz is missing"),
    "cut": (
        lambda k: (k / "inputs.npz").write_bytes((k / "inputs.npz").read_bytes()[:-30]),
        "not a zip file",
    ),
    "flipped": (flip, "checksum"),
    "compressed": (rezipped("inputs.npz", zipfile.ZIP_DEFLATED, big__npy=bytes(9999)), "compress"),
    "escaping": (rezipped("inputs.npz", **{"../x__npy": b""}), "called '../x.npy'"),
    "linked": (linked, "arrays.npz is missing"),
    "shape": (
        edited(
            "inputs.json",
            lambda v: {"inputs": [{**v["inputs"][0], "inputs": {"x": {**X, "shape": [9**9]}}}]},
        ),
        "too small for the shape",
    ),
    "negative": (
        edited(
            "inputs.json",
            lambda v: {"inputs": [{**v["inputs"][0], "inputs": {"x": {**X, "shape": [-1]}}}]},
        ),
        "shape",
    ),
    "lost array": (
        edited(
            "inputs.json",
            lambda v: {"inputs": [{**v["inputs"][0], "inputs": {"x": {**X, "key": "a7"}}}]},
        ),
        "has no array a7",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_cannot_be_opened(kept: Path, damage: str) -> None:
    """The message names the folder and the damage, and says what to do."""
    change, said = DAMAGES[damage]
    change(kept)
    with pytest.raises(CannotOpen) as caught:
        check(kept, STORED / "classifier")
    text = str(caught.value)
    assert said in text
    assert str(kept) in text
    assert "keep the run again with --save" in text


def test_a_pickle_in_a_kept_run_is_not_loaded(kept: Path) -> None:
    """An array of objects is what a pickle hides in: its code is not run."""
    trace = kept / "trace"
    payload = f"cos\nmkdir\n(V{trace}\ntR.".encode()
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + payload
    rezipped("before/arrays.npz", a0__npy=data)(kept)
    found = find_recording(kept)
    assert found is not None
    from migrator.checker.arrays import Archive

    with (
        Archive(found.folder / "arrays.npz") as archive,
        pytest.raises(ValueError, match="allow_pickle=False"),
    ):
        archive.tensor(X)
    assert not trace.exists()


def test_variables_alone_are_no_before_side_of_a_model(kept: Path) -> None:
    """A kept run of two checkpoints has no outputs that a SavedModel's could agree with."""
    edited(
        "before/result.json",
        lambda v: {k: v[k] for k in ("status", "python", "tensorflow", "variables")},
    )(kept)
    with pytest.raises(CannotOpen, match="holds variables only"):
        check(kept, STORED / "classifier")


@pytest.mark.tensorflow
def test_a_kept_run_is_replayed(tf2_python: str, tmp_path: Path) -> None:
    """A second comparison needs no before side, and finds what the first one found."""
    old, new, folder = STORED / "classifier", STORED / "classifier_resource", tmp_path / "kept"
    first = check(old, new, save=folder, seed=4)
    assert sorted(path.name for path in folder.iterdir()) == [
        *("after", "before", "check.json", "inputs.json", "inputs.npz", "recording.json")
    ]
    assert from_json(ModelCheck, json.loads((folder / "check.json").read_text())) == first
    assert list(tmp_path.iterdir()) == [folder]
    second = check(folder, new, before_python="/nowhere/python")
    same = {"before": "", "seed": 0, "cost": None}
    assert replace(second, **same) == replace(first, **same)
    assert first.cost is not None and second.cost is not None
    assert [c for c in second.cost.latencies if c.side == "before"] == [
        c for c in first.cost.latencies if c.side == "before"
    ]
    damage_every_key(folder, new, tmp_path / "damaged")


def keys(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every key of the objects in a JSON value; of a list's items, the first."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1])
    for key, item in items:
        if isinstance(value, dict):
            yield (*path, key)
        if isinstance(item, dict | list):
            yield from keys(item, (*path, key))


def damage_every_key(kept: Path, after: Path, folder: Path) -> None:
    """See that a kept run with a key misspelled is damaged, or another model: nobody else's fault.

    The after side's process is what it was when the run was kept.
    """

    def answered(jobs: Any, timeout: float, *, parallel: bool) -> list[Any]:
        (job,) = jobs
        shutil.copytree(kept / "after", job.out)
        return [json.loads((job.out / "result.json").read_text())]

    damaged = 0
    for name in ("before/result.json", "inputs.json", "recording.json"):
        whole = (kept / name).read_text()
        for path in keys(json.loads(whole)):
            value = json.loads(whole)
            place = value
            for step in path[:-1]:
                place = place[step]
            place[f"{path[-1]}?"] = place.pop(path[-1])
            shutil.copytree(kept, folder)
            (folder / name).write_text(json.dumps(value))
            said = ""
            try:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr("migrator.checker.comparison.run_jobs", answered)
                    found = check(folder, after, bisect=False)
            except CannotOpen as refusal:
                said = str(refusal)
                damaged += 1
            assert (f"The kept run {folder} cannot be used: " in said) == bool(said), (path, said)
            assert said or found.verdict is not Verdict.ERROR, (path, found.error)
            shutil.rmtree(folder)
    assert damaged > 20


@pytest.mark.tensorflow
def test_a_mismatch_is_kept_and_its_inputs_are_used_again(tf2_python: str, tmp_path: Path) -> None:
    """What differs is what one wants to keep; its inputs feed another comparison."""
    folder = tmp_path / "kept"
    found = check(STORED / "noise", STORED / "noise", save=folder, cost=False)
    assert found.verdict is Verdict.MISMATCH
    assert found.cost is None
    again = check(STORED / "noise", STORED / "noise", inputs=folder, cost=False)
    assert len(again.inputs) == len(found.inputs)
    made = json.loads((folder / "inputs.json").read_text())["inputs"]
    assert made
