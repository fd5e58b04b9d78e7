"""Read what SavedModels that are there already promise, for code that loads them."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from migrator.checker.process import Job, WorkerFailed, run_jobs
from migrator.exported import Signature
from migrator.traffic import Model

__all__ = ["CannotRead", "read_models"]


class CannotRead(Exception):
    """The signatures of a SavedModel cannot be read; the message says why and what to do."""


def read_models(paths: Sequence[str], timeout: float = 120) -> tuple[Model, ...]:
    """Return the SavedModels in ``paths`` with the tensors of their signatures.

    A process of its own reads them with TensorFlow; their graphs are not loaded.

    Args:
        paths: directories.
        timeout: seconds for all of them.

    Raises:
        CannotRead: one of them is no SavedModel, or this Python has no TensorFlow.
    """
    for path in paths:
        if not any(
            os.path.isfile(os.path.join(path, name))
            for name in ("saved_model.pb", "saved_model.pbtxt")
        ):
            raise CannotRead(f"{path} holds no saved_model.pb: name the directory of a SavedModel")
    with tempfile.TemporaryDirectory(prefix="migrator-") as folder:
        request = {
            "kind": "savedmodel",
            "mode": "signatures",
            "role": "before",
            "path": os.path.abspath(paths[0]),
            "paths": [os.path.abspath(path) for path in paths],
        }
        job = Job("model", sys.executable, Path(folder, "model"), request)
        try:
            (answer,) = run_jobs([job], timeout, parallel=False)
        except (WorkerFailed, OSError) as error:
            raise CannotRead(f"the signatures cannot be read: {error}") from None
    if answer["status"] == "no_tensorflow":
        raise CannotRead(
            "reading a SavedModel takes TensorFlow, which this Python does not have"
            f" ({answer['error']}): install tf-migrator[check], or leave --model out"
        )
    if answer["status"] != "ok":
        raise CannotRead(str(answer.get("error") or answer["status"]))
    return tuple(
        Model(path, _signatures(model["signatures"]))
        for path, model in zip(paths, answer["models"], strict=True)
    )


def _signatures(described: dict[str, Any]) -> tuple[Signature, ...]:
    return tuple(
        Signature(key, _tensors(signature["inputs"]), _tensors(signature["outputs"]))
        for key, signature in sorted(described.items())
    )


def _tensors(described: dict[str, Any]) -> tuple[tuple[str, str | None], ...]:
    """Return (name, tensor), without the parts of sparse and ragged ones, which have none."""
    return tuple(
        (name, entry["tensor"] or None)
        for name, entry in sorted(described.items())
        if "sparse" not in entry and "composite" not in entry
    )
