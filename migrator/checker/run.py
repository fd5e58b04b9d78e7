"""The comparison of two paths, from the command line's or a test's point of view."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from migrator.checker.comparison import Comparison
from migrator.checker.options import Options
from migrator.checker.process import default_memory, no_room
from migrator.checker.recording import find_recording, refuse_occupied
from migrator.checker.sides import CannotOpen, Side, find_side, pair
from migrator.interrupts import termination_interrupts
from migrator.results import ModelCheck

__all__ = ["check"]


def check(
    before: str | os.PathLike[str],
    after: str | os.PathLike[str],
    *,
    before_python: str | None = None,
    after_python: str | None = None,
    tags: Sequence[str] | None = None,
    inputs: Any = None,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    choices: Mapping[str, Sequence[Any]] | None = None,
    feeds: Mapping[str, str] | None = None,
    fetches: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    tolerances: Mapping[str, tuple[float, float]] | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    seed: int = 0,
    timeout: float = 600.0,
    memory: int | None = None,
    trust: bool = False,
    op_libraries: Sequence[str | os.PathLike[str]] = (),
    save: str | os.PathLike[str] | None = None,
    bisect: bool = True,
    cost: bool = True,
    name: str = "",
) -> ModelCheck:
    """Compare two models: contract, variables by value, outputs on the same inputs.

    A side is a SavedModel directory, a checkpoint prefix, a frozen graph (``.pb``), or a Keras
    file.  The before side of a SavedModel runs through the v1 loader, or through
    ``tf.saved_model.load`` if TensorFlow 2 wrote it; the after side through both, and both
    have to agree with the before side.

    Args:
        before: the model as it was, or the folder of a run kept with ``save``: its recorded
            before side is used, and no interpreter is needed for it.
        after: the model as it is now.
        before_python: interpreter with the TensorFlow that opens ``before``; ours when None.
        after_python: likewise for ``after``.
        tags: tag set of the meta graph to compare; needed where the before side has several
            and none is tagged ``serve``.
        inputs: input name to array-like, for every signature with such an input, or signature
            key to such a mapping; or the path of a file that holds them (``.npz``, ``.json``,
            ``.csv``, ``.tfrecord``) or of a kept run; or a list of paths, each a set of inputs
            of its own.  What is given is used as it is, cast as ``feed_dict`` casts; inputs
            that are not given are generated.  A name such as ``keep_prob:0`` that is no
            signature's input feeds that tensor of a before side that the v1 loader runs.
        ranges: ``{"x": (0, 255)}``: generated values of the input (or of the feature of a
            ``tf.Example``) ``x`` lie between these, ends included; None leaves an end open.
            ``key/x`` names the input of one signature.
        choices: ``{"word": ["a", "b"]}``: generated values are drawn from these.
        feeds: ``{"x": "input:0"}``: the inputs of a side that has no signature of its own, by
            the names of tensors (of a Keras model: of its inputs).
        fetches: likewise its outputs.
        names: ``{"before/variable": "after/variable"}``: variables renamed on purpose.
        tolerances: ``{"serving_default/scores": (atol, rtol)}``: limits of one output (also
            ``scores``, in every signature) or of one variable.
        atol: absolute tolerance of every float dtype, instead of the dtype's own.
        rtol: tolerance relative to the before side's value, likewise.
        seed: what the generated inputs depend on.
        timeout: seconds after which the comparison is given up.
        memory: bytes of private memory that each process may hold; half the machine's when None.
        trust: let the models run code of their own: Lambda layers, ops that write files.
        op_libraries: shared libraries of custom ops, loaded on both sides.
        save: new or empty folder in which the inputs, both sides' outputs and variables and
            the verdict are kept, once both sides have answered.
        bisect: when an output differs, run both graphs once more and name the first op at
            which they part.
        cost: time both sides; tells, decides nothing.
        name: a short label for reports.

    Returns:
        The comparison.  Its verdict is ERROR, with the reason, when a process dies, hangs or
        when nothing could be compared.

    Raises:
        CannotOpen: a side cannot be opened at all, or its interpreter has no TensorFlow; or
            there is no room for temporary files.
        KeyboardInterrupt: Ctrl-C, SIGTERM or SIGHUP; no process and no file is left.
        TypeError: an input is no array of numbers, strings or bytes.
        ValueError: ``save`` is no new or empty folder, or an inputs file cannot be used.
    """
    options = Options(
        before_python=before_python,
        after_python=after_python,
        tags=None if tags is None else tuple(tags),
        inputs=inputs,
        ranges=ranges,
        choices=choices,
        feeds=feeds,
        fetches=fetches,
        names=names,
        tolerances=tolerances,
        atol=atol,
        rtol=rtol,
        seed=seed,
        timeout=timeout,
        memory=default_memory() if memory is None else memory,
        trust=trust,
        op_libraries=[os.path.abspath(file) for file in op_libraries],
        save=None if save is None else Path(save),
        bisect=bisect,
        cost=cost,
        name=name,
    )
    if options.save is not None:
        refuse_occupied(options.save)
    recording = find_recording(before)
    if recording is None:
        first = find_side("before", before, before_python)
    else:
        first = Side("before", os.fspath(before), recording.kind, "")
    sides = (first, find_side("after", after, after_python))
    pair(*sides)  # before anything is started: they may have nothing in common
    try:
        import numpy  # noqa: F401
    except ImportError:
        raise CannotOpen(
            "Comparing models needs numpy, which is not installed: "
            "pip install 'tf-migrator[check]'."
        ) from None
    try:
        with (
            termination_interrupts(),
            tempfile.TemporaryDirectory(
                prefix="migrator-check-", ignore_cleanup_errors=True
            ) as folder,
        ):
            return Comparison(sides, options, Path(folder), recording).run()
    except OSError as error:  # of a model's files and of a worker's answer, all are dealt with
        raise CannotOpen(no_room(error.strerror or str(error))) from None
