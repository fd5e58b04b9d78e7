"""The comparison of two paths, from the command line's or a test's point of view."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.checker.options import Options
from migrator.checker.process import (
    Job,
    WorkerFailed,
    default_memory,
    parallel_is_faster,
    run_jobs,
)
from migrator.checker.recording import Recording, find_recording, refuse_occupied, save_run
from migrator.checker.sides import CannotOpen, Kind, Side, find_side, pair
from migrator.results import CheckStatus, ContractDelta, Cost, Latency, ModelCheck

if TYPE_CHECKING:
    from migrator.checker.verdict import Judgement

__all__ = ["check"]

Answer = Mapping[str, Any]

#: Phases of a worker in which its inputs are such that kernels have ended processes.
_RISKS = {"empty": "on an empty batch", "wide": "on the ends of an integer dtype"}

#: What reading a worker's answer raises when it is none: it is as little trusted as the model.
_UNREADABLE = (
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)


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
        CannotOpen: a side cannot be opened at all, or its interpreter has no TensorFlow.
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
    with tempfile.TemporaryDirectory(prefix="migrator-check-") as folder:
        return _Check(sides, options, Path(folder), recording).run()


class _Check:
    """One comparison, between the first process and the verdict."""

    def __init__(
        self,
        sides: tuple[Side, Side],
        options: Options,
        root: Path,
        recording: Recording | None = None,
    ) -> None:
        self.sides = sides
        self.pairing = pair(*sides)
        self.recording = recording
        self.options = options
        self.root = root
        self.deadline = time.monotonic() + options.timeout
        self.careful = ""  # how the before side's process ended on inputs that are left out now
        if recording is not None and self.pairing.runs and "runs" not in recording.answer:
            raise CannotOpen(
                f"The kept run {sides[0].path} holds variables only, and the after side "
                f"{sides[1].path} is {sides[1].kind.noun}: keep a run of a model with a graph."
            )
        self.base = ModelCheck(
            before=sides[0].path,
            after=sides[1].path,
            tolerance=_tolerance(options),
            kinds=tuple(side.kind.title for side in sides),
            seed=options.seed,
            name=options.name,
        )

    def run(self) -> ModelCheck:
        """Run both sides, judge their answers, trace a difference, keep what was asked for."""
        jobs = self.jobs()
        # a before side that awaits the after one's description cannot run ahead of it
        parallel = self.pairing.peers[0] is not None or parallel_is_faster()
        try:
            try:
                answers = run_jobs(jobs, self.options.timeout, parallel=parallel)
            except WorkerFailed as failure:
                if failure.role != "before" or failure.phase not in _RISKS or not failure.ended:
                    raise
                # a kernel died of inputs that the model then never took
                self.careful = f"{failure}, {_RISKS[failure.phase]}"
                for job in jobs:
                    shutil.rmtree(job.out, ignore_errors=True)
                jobs = self.jobs()
                answers = run_jobs(jobs, self.deadline - time.monotonic(), parallel=parallel)
        except WorkerFailed as failure:
            return self.failed(failure)
        by_role: dict[str, Answer] = {job.role: a for job, a in zip(jobs, answers, strict=False)}
        if self.recording is not None:
            by_role["before"] = self.recording.answer
        for side in self.sides:
            if side.role in by_role:
                refused = self.refused(side, by_role[side.role])
                if refused is not None:
                    return refused
        before, after = by_role["before"], by_role["after"]
        try:
            found = self.judged(before, after)
        except _UNREADABLE as error:
            return replace(self.base, error=f"A worker's answer cannot be read: {error!r}.")
        if self.careful:
            note = f"not run: the process of the before side {self.careful}"
            noted = ContractDelta("regimes", CheckStatus.NOTE, note, "not run")
            found = replace(found, contract=(*found.contract, noted))
        if self.options.bisect:
            found = self.traced(found, before, after)
        if self.options.save is not None:
            self.keep(self.options.save, found)
        return found

    def keep(self, target: Path, found: ModelCheck) -> None:
        """Keep the run in a folder.

        Raises:
            ValueError: that cannot be done.
        """
        try:
            save_run(
                target,
                self.folder("before"),
                self.folder("after"),
                inputs=self.inputs,
                kind=self.pairing.kinds[0],
                path=self.sides[0].path if self.recording is None else self.recording.path,
                request=self.request(),
                found=found,
            )
        except OSError as error:
            raise ValueError(f"the run cannot be kept in {target}: {error}") from None

    def folder(self, role: str) -> Path:
        """Return the folder with the answer of one side."""
        if role == "before" and self.recording is not None:
            return self.recording.folder
        return self.root / role

    @property
    def inputs(self) -> Path:
        """The JSON file that lists the inputs which the before side ran on."""
        if self.recording is not None:
            return self.recording.inputs
        return self.folder("before") / "inputs.json"

    def request(self) -> dict[str, Any]:
        """Return what both sides are asked for."""
        options = self.options
        return {
            "mode": "check",
            "seed": options.seed,
            "memory": options.memory,
            "seconds": options.timeout,
            "feeds": None if options.feeds is None else dict(options.feeds),
            "fetches": None if options.fetches is None else dict(options.fetches),
            "trust": options.trust,
            "cost": options.cost,
            "careful": bool(self.careful),
        }

    def jobs(self) -> list[Job]:
        """Return the processes to run; none for a recorded side."""
        jobs = []
        for side in self.sides:
            if side.role == "before" and self.recording is not None:
                continue
            own = {**self.request(), **self.place(side)}
            if side.role == "before":
                own.update(self.given())
            jobs.append(self.job(side, own, self.root / side.role))
        return jobs

    def place(self, side: Side) -> dict[str, Any]:
        """Return the part of a request that says which model to open and who its peer is."""
        tags = None if self.options.tags is None else list(self.options.tags)
        number = self.sides.index(side)
        peer = self.pairing.peers[number]
        other = self.root / self.sides[1 - number].role
        if peer is not None and self.recording is not None:
            # the recorded side cannot describe itself, but its answer does
            other.mkdir(exist_ok=True)
            described = {"signatures": self.recording.answer["signatures"]}
            (other / peer).write_text(json.dumps(described), encoding="utf-8")
        return {
            "kind": self.pairing.kinds[number].value,
            "run": self.pairing.runs,
            "role": side.role,
            "path": os.path.abspath(side.path),
            # tf.saved_model.save knows one tag set only, so the after side may lack these
            "tags": tags if side.role == "before" else None,
            "preferred": tags if side.role == "after" else None,
            "inputs": str(self.inputs),
            "peer": None if peer is None else str(other / peer),
        }

    def job(self, side: Side, request: Mapping[str, Any], out: Path) -> Job:
        """Return a process of one side."""
        named = self.options.before_python if side.role == "before" else self.options.after_python
        return Job(side.role, side.python, out, request, foreign=named is not None)

    def given(self) -> dict[str, Any]:
        """Return the part of the before side's request that tells it which inputs to use."""
        from migrator.checker.inputs import input_fields

        options = self.options
        return input_fields(options.inputs, options.ranges, options.choices, self.root)

    def failed(self, failure: WorkerFailed) -> ModelCheck:
        """Return the check in which a process gave no answer.

        Raises:
            CannotOpen: it did not come as far as TensorFlow, so the interpreter is no good.
        """
        (side,) = (side for side in self.sides if side.role == failure.role)
        if failure.ended and failure.phase in ("", "python"):
            raise CannotOpen(
                f"The {side.role} side {side.path} cannot be opened with {side.python}, which "
                f"{failure}; give --{side.role}-python a Python that has TensorFlow."
            ) from None
        what = f", {_RISKS[failure.phase]}" if failure.phase in _RISKS else ""
        error = f"The process of the {side.role} side {side.path} {failure}{what}."
        return replace(self.base, error=error)

    def refused(self, side: Side, answer: Answer) -> ModelCheck | None:
        """Return the check of a side that was opened and not run; None when it was run.

        Raises:
            CannotOpen: it was not opened.
        """
        status = answer["status"]  # "ended" where the other side's says why
        if status == "no_tensorflow":
            raise CannotOpen(
                f"The {side.role} side {side.path} cannot be opened, because {side.python} has no "
                f"working TensorFlow ({answer['error']}): pip install tensorflow there, or give "
                f"--{side.role}-python another interpreter."
            )
        if status == "cannot_open":
            advice = answer["advice"] or (
                f"write it again, or give --{side.role}-python the interpreter that wrote it"
            )
            raise CannotOpen(
                f"The {side.role} side {side.path} cannot be opened: {answer['error']}; {advice}."
            )
        if status == "out_of_memory":
            error = f"The {side.role} side {side.path} does not fit into the memory limit"
            return replace(self.base, error=f"{error}: {answer['error']}.")
        if status == "bad_input":
            return replace(self.base, error=f"The inputs do not fit: {answer['error']}.")
        return None

    def judged(self, before: Answer, after: Answer) -> ModelCheck:
        """Return the check with the verdict on two answers."""
        judged = self.judge(before, after)
        pairs = (("before", before), ("after", after))
        return replace(
            self.base,
            environments=tuple(
                f"{role}: Python {answer['python']}, TensorFlow {answer['tensorflow']}"
                for role, answer in pairs
            ),
            contract=judged.contract,
            variables=judged.variables,
            deltas=judged.deltas,
            inputs=judged.inputs,
            verdict=judged.verdict,
            error=judged.error,
            cost=_cost(before, after) if self.options.cost else None,
        )

    def judge(self, before: Answer, after: Answer) -> Judgement:
        """Compare two workers' answers."""
        from migrator.checker.arrays import Archive
        from migrator.checker.feeds import Feeds
        from migrator.checker.verdict import judge_checkpoints, judge_saved_models

        options = self.options
        with (
            Archive(self.folder("before") / "arrays.npz") as old,
            Archive(self.folder("after") / "arrays.npz") as new,
        ):
            arrays = old, new
            if not self.pairing.runs:
                return judge_checkpoints(
                    before,
                    after,
                    arrays,
                    names_decide=self.pairing.names_decide,
                    superset=self.pairing.superset,
                    names=options.names,
                    tolerances=options.tolerances,
                    atol=options.atol,
                    rtol=options.rtol,
                )
            with Feeds(self.inputs) as feeds:
                return judge_saved_models(
                    before,
                    after,
                    arrays,
                    tags_chosen=options.tags is not None,
                    names_decide=self.pairing.names_decide,
                    superset=self.pairing.superset,
                    frozen=(
                        self.sides[0].kind is Kind.FROZEN_GRAPH,
                        self.sides[1].kind is Kind.FROZEN_GRAPH,
                    ),
                    feeds=feeds,
                    names=options.names,
                    tolerances=options.tolerances,
                    atol=options.atol,
                    rtol=options.rtol,
                )

    def traced(self, found: ModelCheck, before: Answer, after: Answer) -> ModelCheck:
        """Return the check with the op at which the sides part, or a note why there is none."""
        from migrator.checker.tracing import run_trace

        def start(side: Side, more: Mapping[str, Any], out: Path) -> Job:
            return self.job(side, {**self.request(), **self.place(side), **more}, out)

        return run_trace(
            found,
            self.sides,
            self.pairing.kinds,
            (before, after),
            self.inputs,
            self.root / "trace",
            seconds=self.deadline - time.monotonic(),
            start=start,
            recorded=self.recording is not None,
        )


def _tolerance(options: Options) -> tuple[float, float]:
    from migrator.checker.compare import TOLERANCES

    default = TOLERANCES["float32"]
    return (
        default.atol if options.atol is None else options.atol,
        default.rtol if options.rtol is None else options.rtol,
    )


def _cost(before: Answer, after: Answer) -> Cost:
    """Return what the workers say that their sides cost."""
    timed = tuple(
        Latency(
            side=role,
            loader=str(entry["view"]),
            signature=str(entry["signature"]),
            regime=str(entry["regime"]),
            median=float(entry["median"]),
            p90=float(entry["p90"]),
            runs=int(entry["runs"]),
        )
        for role, answer in (("before", before), ("after", after))
        for entry in answer.get("latencies", ())
    )
    return Cost(int(before.get("bytes", 0)), int(after.get("bytes", 0)), timed)
