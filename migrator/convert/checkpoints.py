"""The conversion of a checkpoint alone, from one format to the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from migrator.checker.process import Job, default_memory
from migrator.checker.sides import Kind, find_side
from migrator.convert.folders import workshop
from migrator.convert.latest import STATE, is_latest, state_of
from migrator.convert.steps import MAKING, checked, made_by, maker_of
from migrator.interrupts import termination_interrupts
from migrator.results import CheckStatus, ContractDelta, ModelCheck

__all__ = ["CheckpointConversion", "convert_checkpoint"]

_SETTINGS = ("learning_rate", "beta_1", "beta_2", "momentum", "iterations")


@dataclass(frozen=True)
class CheckpointConversion:
    """What the conversion of a checkpoint made, and the proof that it holds the same."""

    before: str
    after: str
    to: str  #: ``object-based`` or ``name-based``
    check: ModelCheck
    variables: tuple[str, ...]  #: names in ``before``
    said: tuple[str, ...]  #: what was taken from where, and left out

    @property
    def match(self) -> bool:
        """True when the check says MATCH, and so ``after`` was written."""
        return self.check.match


def convert_checkpoint(
    before: str | os.PathLike[str],
    after: str | os.PathLike[str],
    *,
    to: str,
    optimizer: str | None = None,
    like: str | os.PathLike[str] | None = None,
    order: Sequence[str] | None = None,
    settings: Mapping[str, float] | None = None,
    python: str | None = None,
    timeout: float = 3600.0,
    memory: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> CheckpointConversion:
    """Convert a checkpoint into the other format, and check that it holds the same values.

    An object-based result has the layout of ``tf.train.Checkpoint(variables={name: variable})``
    with TensorFlow 1's names, slots included, which migrated programs read; slots of one optimizer
    are also those of a ``tf.compat.v1.train`` optimizer restored as ``optimizer=``.  With
    ``optimizer`` the slots are those of Keras' optimizer instead, in ``Checkpoint(variables=...,
    optimizer=...)``.  With ``like`` the layout is that of a checkpoint which the migrated program
    wrote, ``Checkpoint(model=..., optimizer=...)`` say, and each value goes where a variable of its
    name, or the slot of one, stands there.

    A name-based result has TensorFlow 1's names, Adam's powers and slots for its Saver, its
    ``NewCheckpointReader`` and ``init_from_checkpoint``.

    SGD of Keras has the learning rate in its slots, which Momentum of TensorFlow 1 has not, so
    that one has to be known and constant: it is the setting, or the meta graph's, or the one in
    the object-based checkpoint.

    Where ``tf.train.latest_checkpoint`` finds ``before`` in its folder, it finds ``after`` in its
    own: a state file, ``checkpoint``, is written there too, unless there is one.

    Args:
        before: prefix of a checkpoint; a ``.meta`` file beside it tells the order of the variables
            and the settings of the optimizer.
        after: a prefix under which there is nothing.
        to: ``object-based`` or ``name-based``.
        optimizer: ``keras`` or ``tf_keras``: lay out slots as its optimizers do.
        like: prefix of an object-based checkpoint whose layout is taken.
        order: the variables that the optimizer of Keras is built of, in its order.
        settings: ``learning_rate``, ``beta_1``, ``beta_2``, ``momentum`` and ``iterations``, where
            neither the checkpoint nor the meta graph tells them.
        python: interpreter with the TensorFlow 2 that converts; ours when None.
        timeout: seconds after which the conversion is given up, and likewise the check.
        memory: bytes of private memory that the process may hold.
        progress: called with what is being done, how much is done and how much there is.

    Returns:
        What was made; unless its ``check`` says MATCH there is nothing under ``after``.

    Raises:
        CannotConvert: something has no place in the new checkpoint; nothing is written.
        CannotOpen: ``before`` cannot be opened, or the interpreter has no TensorFlow.
        KeyboardInterrupt: Ctrl-C, SIGTERM or SIGHUP; no process and no file is left.
        ValueError: ``after`` is occupied, or the arguments do not fit the checkpoint.
    """
    if to not in ("object-based", "name-based"):
        raise ValueError(f"a checkpoint is converted to object-based or name-based, not {to}")
    if optimizer not in (None, "keras", "tf_keras"):
        raise ValueError(f"the optimizer is laid out as keras or tf_keras has it, not {optimizer}")
    if to == "name-based" and (optimizer or like or order):
        raise ValueError("a name-based checkpoint has one layout, that of TensorFlow 1")
    if optimizer and like:
        raise ValueError("a layout is that of an optimizer or that of another checkpoint, not both")
    wrong = sorted(set(settings or ()) - set(_SETTINGS))
    if wrong:
        raise ValueError(f"there is no setting {wrong[0]}; there are {', '.join(_SETTINGS)}")
    side = find_side("before", before, None)
    if side.kind not in (Kind.CHECKPOINT, Kind.META_GRAPH):
        raise ValueError(f"{side.path} is {side.kind.noun}, and no checkpoint")
    target = Path(os.path.abspath(after))
    _refuse_occupied(target)
    path = os.path.abspath(side.path)
    request: dict[str, Any] = {
        "kind": "checkpoint",
        "path": path,
        "to": to,
        "optimizer": optimizer,
        "like": None if like is None else os.path.abspath(like),
        "order": None if order is None else list(order),
        "settings": {name: float(value) for name, value in (settings or {}).items()},
        "op_libraries": [],
        "seconds": timeout,
        "memory": memory or default_memory(),
    }
    tell = progress or (lambda what, done, total: None)
    with termination_interrupts(), workshop(target) as room:
        tell("Converting", 0, 2)
        request["target"] = str(room / "made" / target.name)
        maker = maker_of(python)
        job = Job("converting", maker, room / "job", request, python is not None, MAKING, None)
        answer = made_by(job, side.path)
        tell("Checking", 1, 2)
        found = checked(
            side.path,
            request["target"],
            (side.path, os.fspath(after)),
            before_python=python,
            after_python=python,
            timeout=timeout,
            memory=memory,
        )
        said = tuple(sentence.rstrip(".") for sentence in answer["said"])
        notes = (ContractDelta("conversion", CheckStatus.NOTE, sentence) for sentence in said)
        found = replace(found, contract=(*found.contract, *notes))
        if found.match:
            state = target.parent / STATE if is_latest(Path(path)) else None
            if state is not None and os.path.lexists(state):
                sentence = f"{state} is left as it is: latest_checkpoint goes by that"
                said = (*said, sentence)
                note = ContractDelta("conversion", CheckStatus.NOTE, sentence)
                found = replace(found, contract=(*found.contract, note))
            elif state is not None:
                (room / "made" / STATE).write_text(state_of(target.name))
            _put_in_place(room / "made", target)
    names = tuple(answer["variables"])
    return CheckpointConversion(side.path, os.fspath(after), to, found, names, said)


def _refuse_occupied(after: Path) -> None:
    """Refuse a prefix under which a checkpoint is, or a folder.

    Raises:
        ValueError: something is there.
    """
    if not after.name or after.is_dir():
        raise ValueError(f"{after} is a folder: name a prefix in it, as model.ckpt")
    taken = _files(after.parent, after.name)
    if os.path.lexists(after):
        taken.append(after)
    if taken:
        raise ValueError(f"{taken[0]} exists: name a prefix under which there is nothing")


def _files(folder: Path, name: str) -> list[Path]:
    """Return the files of the checkpoint ``name``, the index last."""
    if not folder.is_dir():
        return []
    found = [
        path
        for path in folder.iterdir()
        if path.name.startswith((f"{name}.data-", f"{name}.index", f"{name}.meta"))
    ]
    return sorted(found, key=lambda path: (path.suffix == ".index", path.name))


def _put_in_place(made: Path, after: Path) -> None:
    """Move the files of a checkpoint to their places, all of them or none.

    Raises:
        ValueError: somebody else has put something there, or they cannot be moved.
    """
    done: list[Path] = []
    try:
        _refuse_occupied(after)
        state = made / STATE
        for path in _files(made, after.name):
            done.append(after.parent / path.name)
            os.rename(path, done[-1])
        if state.exists() and not os.path.lexists(after.parent / STATE):
            done.append(after.parent / STATE)
            os.rename(state, done[-1])
    except BaseException as error:
        for path in done:
            path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ValueError(f"{after} cannot be written: {error.strerror or error}") from None
        raise
