"""Run both graphs once more for one output that differs, and say where they part."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from migrator.checker.process import Job, WorkerFailed, parallel_is_faster, run_jobs
from migrator.checker.sides import Kind, Side
from migrator.results import CheckStatus, ContractDelta, DeltaStatus, ModelCheck, Parting

__all__ = ["Trace", "Untold", "run_trace", "worst_output"]

Answer = Mapping[str, Any]

#: Kinds of model that hold a graph; a Keras file holds layers, a checkpoint variables only.
_GRAPHS = ("savedmodel", "metagraph", "graphdef")

#: Seconds below which it is not worth starting two processes that import TensorFlow.
_LEAST = 15.0


class Untold(Exception):
    """Say in one sentence why a difference is not traced."""


@dataclass(frozen=True)
class Trace:
    """One output, on one set of inputs, to be run once more by both sides.

    Raises:
        Untold: see the sentence.
    """

    output: str  #: ``serving_default/scores``
    regime: str
    kinds: tuple[Kind, Kind]
    answers: tuple[Answer, Answer]
    inputs: Path  #: the JSON file that lists the inputs of every run

    def requests(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what each side's worker is asked, besides which model it opens."""
        for kind in self.kinds:
            if kind.value not in _GRAPHS:
                raise Untold(f"{kind.noun} holds no graph")
        key, output = self._split()
        found = []
        for index, feeds in enumerate(self._feeds(key)):
            answer = self.answers[index]
            found.append(
                {
                    "mode": "trace",
                    "tensor": str(self._signature(index, key)["outputs"][output]["tensor"]),
                    "feeds": dict(feeds.values()),
                    "values": str(self.inputs.with_suffix(".npz")),
                    "graph_tags": answer.get("tags"),
                }
            )
        return found[0], found[1]

    def parting(self, answers: Sequence[Answer], folders: Sequence[Path]) -> Parting:
        """Return the op that two workers' answers, and the arrays in two folders, tell of."""
        from migrator.checker.arrays import Archive
        from migrator.checker.graph import Graph
        from migrator.checker.parting import NotTraced, find_parting

        for role, answer in zip(("before", "after"), answers, strict=True):
            if answer["status"] != "ok":
                raise Untold(f"the {role} side: {answer.get('error', answer['status'])}")
        feeds = self._feeds(self._split()[0])
        with (
            Archive(folders[0] / "arrays.npz") as old,
            Archive(folders[1] / "arrays.npz") as new,
        ):
            graphs = [
                Graph.read(answer, {n: tensor for n, (tensor, _) in given.items()}, archive)
                for answer, given, archive in zip(answers, feeds, (old, new), strict=True)
            ]
            try:
                place = find_parting(*graphs)
            except NotTraced as reason:
                raise Untold(str(reason)) from None
        return Parting(
            node=place.item.local,
            op=place.item.type,
            output=self.output,
            regime=self.regime,
            after_node=place.other.local if place.other is not None else "",
            max_abs=place.max_abs,
            note=place.note,
        )

    def _split(self) -> tuple[str, str]:
        for key, signature in self.answers[0]["signatures"].items():
            for output in signature["outputs"]:
                if f"{key}/{output}" == self.output and key in self.answers[1]["signatures"]:
                    return str(key), str(output)
        raise Untold("it is no output of a signature of both sides")

    def _signature(self, index: int, key: str) -> Answer:
        found: Answer = self.answers[index]["signatures"][key]
        return found

    def _feeds(self, key: str) -> list[dict[str, tuple[str, Any]]]:
        """Return, for each side, input name → tensor to feed and index entry of the value."""
        made = json.loads(self.inputs.read_text(encoding="utf-8"))["inputs"]
        chosen = [i for i in made if i["signature"] == key and i["regime"] == self.regime]
        if not chosen:
            raise Untold("its inputs are not at hand")
        found = []
        for index in (0, 1):
            inputs = self._signature(index, key)["inputs"]
            safe = {_safe(name): name for name in inputs}
            feeds = {}
            for name, entry in chosen[0]["inputs"].items():
                own = name if name in inputs else safe.get(_safe(name))
                if own is not None:
                    feeds[name] = (str(inputs[own]["tensor"]), entry)
            if index == 0:
                feeds.update((n, (n, e)) for n, e in chosen[0].get("extra", {}).items())
            found.append(feeds)
        return found


def run_trace(
    found: ModelCheck,
    sides: tuple[Side, Side],
    kinds: tuple[Kind, Kind],
    answers: tuple[Answer, Answer],
    inputs: Path,
    root: Path,
    *,
    seconds: float,
    start: Callable[[Side, Mapping[str, Any], Path], Job],
    recorded: bool,
) -> ModelCheck:
    """Return a check with its ``parting``, or with a note that says why it has none.

    The verdict stays as it is, whatever becomes of the trace.

    Args:
        found: the check; one in which no output differs is returned as it is.
        sides: what is compared.
        kinds: how each side is opened.
        answers: what the two workers said.
        inputs: the JSON file that lists the inputs of every run.
        root: a folder to make for the processes.
        seconds: how much time is left.
        start: makes the process of one side.
        recorded: the before side is a kept run, which holds no graph.
    """
    output = worst_output(found)
    if output is None:
        return found
    trace = Trace(*output, kinds, answers, inputs)
    try:
        if recorded:
            raise Untold("the before side is a kept run, which holds no graph")
        if seconds < _LEAST:
            raise Untold("no time is left within the limit")
        requests = trace.requests()
        root.mkdir()
        jobs = [
            start(side, {**request, "seconds": seconds}, root / side.role)
            for side, request in zip(sides, requests, strict=True)
        ]
        traced = run_jobs(jobs, seconds, parallel=parallel_is_faster())
        if len(traced) == 1:
            traced.append({"status": "ok"})  # was not asked, as the first one failed
        return replace(found, parting=trace.parting(traced, [job.out for job in jobs]))
    except Untold as reason:
        why = str(reason)
    except WorkerFailed as failure:
        why = f"the process of the {failure.role} side {failure}"
    except (AttributeError, LookupError, OSError, TypeError, ValueError, BadZipFile) as error:
        # the workers' answers are as little trusted as the models
        why = f"what the processes gave back cannot be read ({error!r})"
    note = ContractDelta(f"{trace.output}/parting", CheckStatus.NOTE, f"not traced: {why}", "")
    return replace(found, contract=(*found.contract, note))


def _safe(name: str) -> str:
    return "".join(character if character.isalnum() else "_" for character in name)


#: Regimes that are traced only where no other shows a difference.
_UNUSUAL = ("edge", "zeros", "wide", "long", "nan", "infinite")


def worst_output(found: ModelCheck) -> tuple[str, str] | None:
    """Return the output, and the inputs, that differ the most; None when no output differs.

    Regular inputs are preferred to those at which models overflow or which are many, as large
    values are traced by samples only, and a finite difference to an infinite one.
    """
    wrong = [
        delta
        for delta in found.deltas
        if delta.status is DeltaStatus.DIFFERS and delta.compared and delta.regime
    ]
    if not wrong:
        return None

    def weight(delta: Any) -> tuple[bool, bool, float]:
        required = delta.required if delta.required is not None else 0.0
        finite = required not in (float("inf"),)
        return finite, not delta.regime.startswith(_UNUSUAL), required if finite else 0.0

    worst = max(wrong, key=weight)
    return worst.name, worst.regime
