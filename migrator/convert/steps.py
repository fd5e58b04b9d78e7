"""What every conversion does: a process that makes the result, and the check of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from migrator.checker import CannotOpen, check
from migrator.checker.process import Job, WorkerFailed, run_jobs
from migrator.checker.sides import interpreter
from migrator.results import ModelCheck

__all__ = ["MAKING", "CannotConvert", "checked", "made_by", "maker_of"]

#: The program that makes the result.
MAKING = Path(__file__).resolve().parent / "making" / "__main__.py"


class CannotConvert(Exception):
    """A model holds what its TensorFlow 2 SavedModel would not, or the conversion died.

    The message names the node, where it is one, and says what to do.
    """

    def __init__(self, message: str, node: str = "") -> None:
        super().__init__(message)
        self.node = node


def maker_of(python: str | None) -> str:
    """Return the interpreter that converts.

    Raises:
        CannotOpen: there is none of that name.
    """
    return interpreter(python, "The interpreter", "--python", "TensorFlow 2")


def made_by(job: Job, path: str) -> Mapping[str, Any]:
    """Return what the making process says that it made.

    Raises:
        CannotConvert: something cannot be carried, or it died.
        CannotOpen: the source or the interpreter is no good.
        ValueError: what was asked for does not fit the model.
    """
    try:
        (answer,) = run_jobs([job], job.request["seconds"], parallel=False)
    except WorkerFailed as failure:
        if os.strerror(errno.ENOSPC) in str(failure):
            raise CannotConvert(
                f"{path} is not converted: there is no room left on the disk of AFTER "
                f"({os.strerror(errno.ENOSPC)}); make room, or name another place"
            ) from None
        if failure.ended and failure.phase in ("", "python"):
            raise CannotOpen(
                f"{path} cannot be converted with {job.python}, which {failure}; give --python "
                "an interpreter with Python 3.10 or later and TensorFlow 2."
            ) from None
        raise CannotConvert(f"The process that converts {path} {failure}.") from None
    except OSError as error:
        raise CannotConvert(f"{path} cannot be converted: {error}") from None
    status, said = answer["status"], str(answer.get("error", "")).rstrip(".")
    advice = f"; {answer['advice']}" if answer.get("advice") else ""
    if status == "no_tensorflow":
        raise CannotOpen(
            f"{path} cannot be converted, because {job.python} has no working TensorFlow 2 "
            f"({said}): pip install 'tf-migrator[check]' there, or give --python another "
            "interpreter."
        )
    if status == "cannot_open":
        raise CannotOpen(f"{path} cannot be opened: {said}{advice}.")
    if status == "bad_input":
        raise ValueError(f"{path}: {said}")
    if status == "out_of_memory":
        raise CannotConvert(f"{path} does not fit into the memory limit: {said}.")
    if status == "cannot_carry":
        todo = f" {str(answer['advice']).rstrip('.')}." if answer.get("advice") else ""
        raise CannotConvert(f"{path} is not converted: {said}.{todo}", answer.get("node", ""))
    return answer


def checked(before: str, after: str, shown: tuple[str, str], **arguments: Any) -> ModelCheck:
    """Return the check of what was made, which names both sides as the user does.

    Raises:
        CannotConvert: what was made does not open.
        CannotOpen: the source does not.
    """

    def spelled(text: str) -> str:
        return text.replace(after, shown[1]).replace(before, shown[0])

    try:
        found = check(before, after, **arguments)
    except CannotOpen as error:
        if after in str(error):
            raise CannotConvert(f"What was made is not kept: {spelled(str(error))}") from None
        raise CannotOpen(spelled(str(error))) from None
    said = None if found.error is None else spelled(found.error)
    return replace(found, before=shown[0], after=shown[1], error=said)
