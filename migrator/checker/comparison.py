"""One comparison, between the first process and the verdict."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.checker.contract import with_parts
from migrator.checker.options import Options
from migrator.checker.process import (
    Job,
    WorkerFailed,
    no_room,
    parallel_is_faster,
    run_jobs,
)
from migrator.checker.recording import Recording, damaged, save_run
from migrator.checker.sides import CannotOpen, Kind, Side, pair
from migrator.results import CheckStatus, ContractDelta, Cost, Latency, ModelCheck

if TYPE_CHECKING:
    from migrator.checker.verdict import Judgement

__all__ = ["Comparison"]

Answer = Mapping[str, Any]

#: Phases of a worker in which its inputs are such that kernels have ended processes.
_RISKS = {"empty": "on an empty batch", "wide": "on inputs far from ordinary ones"}

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


class Comparison:
    """Run both sides, judge their answers, trace a difference, keep what was asked for.

    Args:
        sides: what is compared.
        options: what was asked for.
        root: an empty folder for the processes.
        recording: the kept run that stands for the before side.

    Raises:
        CannotOpen: the sides have nothing in common that could be compared.
    """

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
        """Return the finished comparison.

        Raises:
            CannotOpen: a side cannot be opened at all, or its interpreter has no TensorFlow.
            OSError: the folder cannot be used.
            ValueError: the run cannot be kept where it should be.
        """
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
            after = with_parts(before, after)
            found = self.judged(before, after)
        except _UNREADABLE as error:
            if self.recording is not None and not self.recording_reads():
                what = f"its before side cannot be read ({error!r})"
                raise CannotOpen(damaged(self.recording.root, what)) from None
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

    def recording_reads(self) -> bool:
        """Return whether the kept before side could be compared with an equal one."""
        assert self.recording is not None
        try:
            self.judged(self.recording.answer, self.recording.answer, ("before", "before"))
        except _UNREADABLE:
            return False
        return True

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
            "op_libraries": list(options.op_libraries),
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
            CannotOpen: it did not come as far as TensorFlow, so the interpreter is no good; or
                it found no room for its answer.
        """
        if os.strerror(errno.ENOSPC) in str(failure):
            raise CannotOpen(no_room(f"the process of the {failure.role} side {failure}"))
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

    def judged(
        self, before: Answer, after: Answer, folders: tuple[str, str] = ("before", "after")
    ) -> ModelCheck:
        """Return the check with the verdict on two answers; the folders hold their arrays."""
        judged = self.judge(before, after, folders)
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

    def judge(self, before: Answer, after: Answer, folders: tuple[str, str]) -> Judgement:
        """Compare two workers' answers."""
        from migrator.checker.arrays import Archive
        from migrator.checker.feeds import Feeds
        from migrator.checker.verdict import judge_checkpoints, judge_saved_models

        options = self.options
        with (
            Archive(self.folder(folders[0]) / "arrays.npz") as old,
            Archive(self.folder(folders[1]) / "arrays.npz") as new,
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
