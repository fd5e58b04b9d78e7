"""What the checker's tests share: values, variables, descriptions and runs as workers make them."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from migrator.checker import process
from migrator.checker.arrays import Archive, Tensor
from migrator.checker.contract import with_parts
from migrator.checker.feeds import Feeds
from migrator.checker.verdict import judge_checkpoints, judge_saved_models

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
STORED = TESTS / "data_checker"
NAN, INF = math.nan, math.inf
KEY = "serving_default"


def tensor(values: Any, dtype: str = "float32") -> Tensor:
    """Return a tensor as a worker stores it: bytes, and wider types where NumPy lacks the own."""
    if dtype == "string":
        return Tensor(dtype, np.asarray(values, dtype=object))
    stored = dtype[1:] if dtype.startswith("q") else dtype
    if not hasattr(np, stored) and stored != "bool":  # TensorFlow adds types of its own by name
        stored = "int8" if "int" in stored else "float32"
    return Tensor(dtype, np.asarray(values, stored))


def described(**change: Any) -> dict[str, Any]:
    """Return a description of a SavedModel as a worker makes it."""
    signature = {
        "method_name": "tensorflow/serving/predict",
        "inputs": {"x": {"dtype": "float32", "shape": [None, 4], "tensor": "x:0"}},
        "outputs": {"y": {"dtype": "float32", "shape": [None, 3], "tensor": "y:0"}},
    }
    base: dict[str, Any] = {
        "tags": ["serve"],
        "tag_sets": [["serve"]],
        "signatures": {"serving_default": signature},
        "assets": {"words.txt": "aa"},
        "variables": [],
        "views": ["v2", "v1"],
        "load_errors": {},
    }
    return {**base, **change}


def with_signature(**change: Any) -> dict[str, Any]:
    """Return a description whose only signature is changed."""
    base = described()["signatures"]["serving_default"]
    return described(signatures={"serving_default": {**base, **change}})


def info(dtype: str = "float32", shape: Any = (None, 4)) -> dict[str, Any]:
    """Return a TensorInfo as a worker describes it."""
    return {"dtype": dtype, "shape": None if shape is None else list(shape), "tensor": "t:0"}


def entry(*names: str, shape: tuple[int, ...] = (2,), **more: Any) -> dict[str, Any]:
    """Return a variable as a worker lists it."""
    array = {"key": more.pop("key", names[0]), "dtype": "float32", "shape": list(shape)}
    base = {"key": names[0], "names": list(names), "array": array}
    return {**base, "bookkeeping": False, "reachable": None, **more}


class Arrays:
    """An archive that holds its tensors in memory."""

    def __init__(self, **tensors: Tensor) -> None:
        self._tensors = tensors

    def tensor(self, index: dict[str, Any]) -> Tensor:
        """Return the tensor that an index entry describes."""
        return self._tensors[index["key"]]

    def pieces(self, index: dict[str, Any], items: int) -> Any:
        """Yield the values of a tensor, ``items`` at a time."""
        flat = self._tensors[index["key"]].array.ravel()
        return (flat[start : start + items] for start in range(0, flat.size, items))


def ran(regime: str, view: str = "v1", *, unstable: Any = (), **outputs: str) -> dict[str, Any]:
    """Return the record of a run, with array keys by output name."""
    return {
        "view": view,
        "signature": KEY,
        "regime": regime,
        "outputs": {name: {"key": key} for name, key in outputs.items()},
        "unstable": list(unstable),
    }


class Answers:
    """What the worker says of all models, and the comparison of any two."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models = folder / "models"

    def read(self, name: str) -> dict[str, Any]:
        """Return one answer."""
        found: dict[str, Any] = json.loads((self.folder / name / "result.json").read_text())
        return found

    def judge(self, before: str, after: str, **options: Any) -> Any:
        """Compare two answers."""
        one, two = self.read(before), self.read(after)
        assert (one["status"], two["status"]) == ("ok", "ok"), (one.get("error"), two.get("error"))
        with (
            Archive(self.folder / before / "arrays.npz") as old,
            Archive(self.folder / after / "arrays.npz") as new,
        ):
            two = with_parts(one, two)
            if "signatures" not in one:
                return judge_checkpoints(one, two, (old, new), **options)
            with Feeds(self.folder / before / "inputs.json") as feeds:
                return judge_saved_models(one, two, (old, new), feeds=feeds, **options)


def request(kind: str, role: str, path: Path, out: Path, **more: Any) -> dict[str, Any]:
    """Return a worker's request."""
    base = {"kind": kind, "role": role, "path": str(path), "out": str(out), "seed": 0}
    return {**base, "tags": None, "memory": None, "seconds": None, **more}


def carry_out(
    python: str, folder: Path, write: Path | None, requests: list[Any], **more: Any
) -> None:
    """Answer many requests in one process."""
    plan = {"worker": str(ROOT / "migrator" / "worker"), "stored": str(STORED), **more}
    plan_file = folder / "plan.json"
    content = {**plan, "write": str(write) if write else None, "requests": requests}
    plan_file.write_text(json.dumps(content))
    done = subprocess.run(
        [python, str(TESTS / "checker_models.py"), str(plan_file)],
        env=process._environment(True),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
