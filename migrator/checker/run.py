"""The comparison of two paths, from the command line's or a test's point of view."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.checker.process import (
    Job,
    WorkerFailed,
    default_memory,
    parallel_is_faster,
    run_jobs,
)
from migrator.checker.sides import CannotOpen, Kind, Side, find_side
from migrator.results import ModelCheck

if TYPE_CHECKING:
    from migrator.checker.verdict import Judgement

__all__ = ["check"]


def check(
    before: str | os.PathLike[str],
    after: str | os.PathLike[str],
    *,
    before_python: str | None = None,
    after_python: str | None = None,
    tags: Sequence[str] | None = None,
    inputs: Mapping[str, Any] | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    seed: int = 0,
    timeout: float = 600.0,
    memory: int | None = None,
    name: str = "",
) -> ModelCheck:
    """Compare two SavedModel directories, or two checkpoint prefixes.

    The before side of a SavedModel runs through the v1 loader, or through
    ``tf.saved_model.load`` if TensorFlow 2 wrote it; the after side through both, and both
    have to agree with the before side.

    Args:
        before: SavedModel directory or checkpoint prefix of the model as it was.
        after: the same kind of artefact of the model as it is now.
        before_python: interpreter with the TensorFlow that opens ``before``; ours when None.
        after_python: likewise for ``after``.
        tags: tag set of the meta graph to compare; needed where the before side has several
            and none is tagged ``serve``.
        inputs: input name to array-like, for every signature with such an input, or signature
            key to such a mapping.  What is given is used as it is, cast as ``feed_dict`` casts;
            inputs that are not given are generated.  A name such as ``keep_prob:0`` that is no
            signature's input feeds that tensor of a before side that the v1 loader runs.
        atol: absolute tolerance of every float dtype, instead of the dtype's own.
        rtol: tolerance relative to the before side's value, likewise.
        seed: what the generated inputs depend on.
        timeout: seconds after which the comparison is given up.
        memory: bytes of private memory that each process may hold; half the machine's when None.
        name: a short label for reports.

    Returns:
        The comparison.  Its verdict is ERROR, with the reason, when a process dies, hangs or
        when nothing could be compared.

    Raises:
        CannotOpen: a side cannot be opened at all, or its interpreter has no TensorFlow.
        TypeError: an input is no array of numbers, strings or bytes.
    """
    sides = (find_side("before", before, before_python), find_side("after", after, after_python))
    if sides[0].kind is not sides[1].kind:
        raise CannotOpen(
            f"The before side {sides[0].path} is {sides[0].kind.noun} and the after side "
            f"{sides[1].path} is {sides[1].kind.noun}: pass two of one kind."
        )
    try:
        import numpy  # noqa: F401
    except ImportError:
        raise CannotOpen(
            "Comparing models needs numpy, which is not installed: "
            "pip install 'tf-migrator[check]'."
        ) from None
    with tempfile.TemporaryDirectory(prefix="migrator-check-") as folder:
        root = Path(folder)
        request = {
            "kind": sides[0].kind.value,
            "seed": seed,
            "tags": None if tags is None else list(tags),
            "memory": default_memory() if memory is None else memory,
            "seconds": timeout,
        }
        jobs = [_job(side, root, request, tags) for side in sides]
        jobs[0].foreign, jobs[1].foreign = before_python is not None, after_python is not None
        if inputs:
            from migrator.checker.arrays import write_given

            jobs[0].request = {**jobs[0].request, "given": write_given(inputs, root)}
        base = ModelCheck(
            before=sides[0].path,
            after=sides[1].path,
            tolerance=_tolerance(atol, rtol),
            name=name,
        )
        return _run(base, sides, jobs, timeout, tags is not None, (atol, rtol))


def _job(side: Side, root: Path, request: Mapping[str, Any], tags: Sequence[str] | None) -> Job:
    out = root / side.role
    own = {
        **request,
        "role": side.role,
        "path": os.path.abspath(side.path),
        "inputs": str(root / "before" / "inputs.json"),
    }
    if side.role == "after" and tags is not None:
        own["tags"] = None
        own["preferred"] = list(tags)
    return Job(side.role, side.python, out, own)


def _tolerance(atol: float | None, rtol: float | None) -> tuple[float, float]:
    from migrator.checker.compare import TOLERANCES

    default = TOLERANCES["float32"]
    return (
        default.atol if atol is None else atol,
        default.rtol if rtol is None else rtol,
    )


def _run(
    base: ModelCheck,
    sides: tuple[Side, Side],
    jobs: Sequence[Job],
    timeout: float,
    tags_chosen: bool,
    limits: tuple[float | None, float | None],
) -> ModelCheck:
    try:
        results = run_jobs(jobs, timeout, parallel=parallel_is_faster())
    except WorkerFailed as failure:
        side = sides[0] if failure.role == "before" else sides[1]
        if failure.ended and failure.phase in ("", "python"):
            raise CannotOpen(
                f"The {side.role} side {side.path} cannot be opened with {side.python}, which "
                f"{failure}; give --{side.role}-python a Python that has TensorFlow."
            ) from None
        return replace(base, error=f"The process of the {side.role} side {side.path} {failure}.")
    for side, result in zip(sides, results, strict=False):
        _refuse(side, result)
        if result["status"] == "out_of_memory":
            error = f"The {side.role} side {side.path} does not fit into the memory limit"
            return replace(base, error=f"{error}: {result['error']}.")
        if result["status"] == "bad_input":
            return replace(base, error=f"The inputs do not fit: {result['error']}.")
    base = replace(
        base,
        environments=tuple(
            f"{side.role}: Python {result['python']}, TensorFlow {result['tensorflow']}"
            for side, result in zip(sides, results, strict=True)
        ),
    )
    first, second = results
    try:
        judged = _judge(sides[0].kind, first, second, jobs, tags_chosen, limits)
    except (OSError, EOFError, LookupError, ValueError, zipfile.BadZipFile) as error:
        # what a worker writes is as little trusted as the model that ran in it
        return replace(base, error=f"A worker's answer cannot be read: {error!r}.")
    return replace(
        base,
        contract=judged.contract,
        variables=judged.variables,
        deltas=judged.deltas,
        inputs=judged.inputs,
        verdict=judged.verdict,
        error=judged.error,
    )


def _judge(
    kind: Kind,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    jobs: Sequence[Job],
    tags_chosen: bool,
    limits: tuple[float | None, float | None],
) -> Judgement:
    """Compare two workers' answers."""
    from migrator.checker.arrays import Archive
    from migrator.checker.verdict import judge_checkpoints, judge_saved_models

    atol, rtol = limits
    with Archive(jobs[0].out / "arrays.npz") as old, Archive(jobs[1].out / "arrays.npz") as new:
        arrays = old, new
        if kind is Kind.CHECKPOINT:
            return judge_checkpoints(before, after, arrays, atol=atol, rtol=rtol)
        return judge_saved_models(
            before, after, arrays, tags_chosen=tags_chosen, atol=atol, rtol=rtol
        )


def _refuse(side: Side, result: Mapping[str, Any]) -> None:
    """Raise CannotOpen when a worker says that it cannot open its side."""
    if result["status"] == "no_tensorflow":
        raise CannotOpen(
            f"The {side.role} side {side.path} cannot be opened, because {side.python} has no "
            f"working TensorFlow ({result['error']}): pip install tensorflow there, or give "
            f"--{side.role}-python another interpreter."
        )
    if result["status"] == "cannot_open":
        advice = result["advice"] or (
            f"write it again, or give --{side.role}-python the interpreter that wrote it"
        )
        raise CannotOpen(
            f"The {side.role} side {side.path} cannot be opened: {result['error']}; {advice}."
        )
