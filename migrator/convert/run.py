"""The conversion of one path, from the command line's or a test's point of view."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from migrator.checker.process import Job, default_memory
from migrator.checker.sides import Kind, find_side
from migrator.convert.arguments import Signature
from migrator.convert.folders import put_in_place, refuse_occupied, workshop
from migrator.convert.steps import MAKING, checked, made_by, maker_of
from migrator.interrupts import termination_interrupts
from migrator.results import CheckStatus, ContractDelta, ModelCheck

__all__ = ["Conversion", "convert"]


@dataclass(frozen=True)
class Conversion:
    """What a conversion made, and the proof that it is what it was."""

    before: str
    after: str
    kind: str  #: what ``before`` is: ``SavedModel``, ``checkpoint with a meta graph``, …
    check: ModelCheck
    #: key → ``inputs`` and ``outputs``, each key → tensor name
    signatures: Mapping[str, Signature]
    variables: tuple[str, ...]
    trainable_variables: tuple[str, ...]
    regularization_losses: int
    call: str | None  #: key of the signature that ``__call__`` runs
    assets: tuple[str, ...]
    tags: tuple[str, ...]
    said: tuple[str, ...]  #: what was chosen, guessed or left out; the check notes it as well

    @property
    def match(self) -> bool:
        """True when the check says MATCH, and so ``after`` was written."""
        return self.check.match


def convert(
    before: str | os.PathLike[str],
    after: str | os.PathLike[str],
    *,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    tags: Sequence[str] | None = None,
    signatures: Mapping[str, Signature] | None = None,
    op_libraries: Sequence[str | os.PathLike[str]] = (),
    python: str | None = None,
    before_python: str | None = None,
    timeout: float = 3600.0,
    memory: int | None = None,
    trust: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
    **checking: Any,
) -> Conversion:
    """Convert what TensorFlow 1 or Keras saved into a TensorFlow 2 SavedModel, and check it.

    The result is made out of sight beside ``after`` and gets there only if the check says that
    it is what ``before`` is.

    Args:
        before: a SavedModel directory, a TensorFlow 1 Hub module, a checkpoint prefix with a
            ``.meta`` file, a frozen graph (``.pb``, ``.pbtxt``), or a Keras file.
        after: a new or empty folder.
        inputs: key → tensor name, of a graph without signatures; guessed from its placeholders
            when None.
        outputs: likewise, guessed from what no other part of the graph consumes.
        tags: the tag set of the meta graph to convert.
        signatures: key → ``inputs`` and ``outputs``: signatures to add to those of ``before``.
        op_libraries: shared libraries of custom ops, to be loaded first.
        python: interpreter with the TensorFlow 2 that converts; ours when None.
        before_python: interpreter that runs ``before`` in the check; ours when None.
        timeout: seconds after which making the SavedModel is given up, and likewise the check.
        memory: bytes of private memory that the process which makes it may hold; the machine's
            when None.
        trust: let the model run code of its own: Lambda layers, ops that write files.
        progress: called with what is being done, how much is done and how much there is.
        checking: further arguments of :func:`migrator.checker.check`, as ``ranges``.

    Returns:
        What was made; unless its ``check`` says MATCH there is nothing in ``after``.

    Raises:
        CannotConvert: ``before`` holds what cannot be carried; nothing is written.
        CannotOpen: ``before`` cannot be opened at all, or an interpreter has no TensorFlow.
        KeyboardInterrupt: Ctrl-C, SIGTERM or SIGHUP; no process and no file is left.
        ValueError: ``after`` is occupied, or the arguments do not fit the kind of ``before``.
    """
    side = find_side("before", before, before_python)
    maker = maker_of(python)
    kind = _kind(side.kind, side.path, inputs or outputs, tags, signatures)
    refuse_occupied(Path(after))
    target = Path(os.path.abspath(after))
    libraries = [os.path.abspath(file) for file in op_libraries]
    for file in libraries:
        if not os.path.isfile(file):
            raise ValueError(f"the op library {file} does not exist")
    if libraries and before_python is not None:
        raise ValueError(
            "an op library is built for one TensorFlow: leave out the other interpreter, and "
            "both sides of the check run in the one that the library is for"
        )
    request: dict[str, Any] = {
        "kind": kind,
        "path": os.path.abspath(side.path),
        "tags": None if tags is None else list(tags),
        "inputs": None if inputs is None else dict(inputs),
        "outputs": None if outputs is None else dict(outputs),
        "signatures": dict(signatures or {}),
        "op_libraries": libraries,
        "trust": trust,
        "seconds": timeout,
        "memory": memory or _twice(default_memory()),
    }
    tell = progress or (lambda what, done, total: None)
    with termination_interrupts(), workshop(target) as room:
        tell("Converting", 0, 2)
        request["target"] = str(room / "model")
        job = Job("converting", maker, room / "job", request, python is not None, MAKING, None)
        made = made_by(job, side.path)
        tell("Checking", 1, 2)
        found = checked(
            made.get("stand_in") or side.path,
            request["target"],
            (side.path, os.fspath(after)),
            before_python=python if libraries else before_python,
            after_python=python,
            tags=made["source_tags"] if side.kind is Kind.SAVED_MODEL else None,
            timeout=timeout,
            trust=trust,
            op_libraries=libraries,
            **{"names": made.get("renamed") or None, **checking},
        )
        said = tuple(sentence.rstrip(".") for sentence in made["said"])
        said += tuple(f"whoever loads it has to load {file} first" for file in libraries)
        notes = (ContractDelta("conversion", CheckStatus.NOTE, sentence) for sentence in said)
        found = replace(found, contract=(*found.contract, *notes))
        result = Conversion(
            before=side.path,
            after=os.fspath(after),
            kind="TensorFlow 1 Hub module" if kind == "hub" else side.kind.title,
            check=found,
            signatures=made["signatures"],
            variables=tuple(made["variables"]),
            trainable_variables=tuple(made["trainable_variables"]),
            regularization_losses=int(made["regularization_losses"]),
            call=made["call"],
            assets=tuple(made["assets"]),
            tags=tuple(made["tags"]),
            said=said,
        )
        if found.match:
            put_in_place(room / "model", target)
    return result


def _kind(kind: Kind, path: str, named: Any, tags: Any, signatures: Any) -> str:
    """Return the word of the making process for what a path holds.

    Raises:
        ValueError: it cannot be converted, or something was asked for that it has none of.
    """
    if kind is Kind.CHECKPOINT:
        raise ValueError(
            f"{path} is a checkpoint without a .meta file, and so without a graph: put the .meta "
            "file beside it, or convert the checkpoint alone with --to object-based"
        )
    if named and kind is Kind.KERAS:
        raise ValueError(f"{path} is {kind.noun}, which names its inputs and outputs itself")
    if tags is not None and kind is not Kind.SAVED_MODEL:
        raise ValueError(f"{path} is {kind.noun}, which has no tags")
    if signatures and kind is Kind.KERAS:
        raise ValueError(f"{path} is {kind.noun}, which has no tensor names for a signature")
    hub = kind is Kind.SAVED_MODEL and os.path.isfile(os.path.join(path, "tfhub_module.pb"))
    return "hub" if hub else kind.value


def _twice(half: int | None) -> int | None:
    return None if half is None else 2 * half
