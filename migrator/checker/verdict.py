"""Two workers' answers → the verdict.

A verdict is never true of nothing: MATCH needs every signature of the before side to have
run, and every output to have been compared, element by element, on at least one input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from migrator.checker.arrays import Archive
from migrator.checker.compare import compare, finite, worse
from migrator.checker.contract import BAD, compare_contracts
from migrator.checker.variables import compare_variables
from migrator.results import (
    CheckStatus,
    ContractDelta,
    DeltaStatus,
    OutputDelta,
    Verdict,
)

__all__ = ["Judgement", "judge_checkpoints", "judge_saved_models"]

Answer = Mapping[str, Any]
_GOOD = frozenset({DeltaStatus.EQUAL, DeltaStatus.CLOSE})
_LOADERS = {"v1": "the v1 loader", "v2": "tf.saved_model.load"}


@dataclass(frozen=True)
class Judgement:
    """What the comparison of two models found."""

    contract: tuple[ContractDelta, ...]
    variables: tuple[OutputDelta, ...]
    deltas: tuple[OutputDelta, ...]
    inputs: tuple[str, ...]
    verdict: Verdict
    error: str | None


def judge_checkpoints(
    before: Answer,
    after: Answer,
    arrays: tuple[Archive, Archive],
    *,
    atol: float | None = None,
    rtol: float | None = None,
) -> Judgement:
    """Judge two checkpoints by the names and values of their variables."""
    variables, notes = compare_variables(
        before["variables"],
        after["variables"],
        arrays,
        saved_model=False,
        atol=atol,
        rtol=rtol,
    )
    doubts = []
    if not variables:
        doubts.append("The checkpoints hold no variables: nothing was compared.")
    doubts += [
        f"The variable {delta.name} has no elements: nothing was compared."
        for delta in variables
        if delta.status in _GOOD and not delta.compared
    ]
    return _conclude(notes, variables, [], (), doubts)


def judge_saved_models(
    before: Answer,
    after: Answer,
    arrays: tuple[Archive, Archive],
    *,
    tags_chosen: bool = False,
    atol: float | None = None,
    rtol: float | None = None,
) -> Judgement:
    """Judge two SavedModels by contract, variables and outputs."""
    contract = compare_contracts(before, after, tags_chosen=tags_chosen)
    variables, notes = compare_variables(
        before["variables"],
        after["variables"],
        arrays,
        saved_model=True,
        atol=atol,
        rtol=rtol,
    )
    contract += notes
    ran = [run for run in before["runs"] if "error" not in run]
    runs = {(run["signature"], run["regime"], run["view"]): run for run in after["runs"]}
    deltas: list[OutputDelta] = []
    compared: set[tuple[str, str]] = set()
    for run in ran:
        if run["signature"] not in after["signatures"]:
            continue  # the contract says that it is missing
        others = [
            (view, runs.get((run["signature"], run["regime"], view))) for view in after["views"]
        ]
        for delta, informs in _compare_run(run, others, arrays, atol, rtol):
            if informs and delta.status not in _GOOD:
                contract.append(_inform(delta))
                continue
            deltas.append(delta)
            if delta.status in _GOOD and delta.compared and not informs:
                compared.add((run["signature"], delta.name))
    for run in before["runs"]:
        if "error" in run:
            name = f"{run['signature']}/regimes/{run['regime']}"
            contract.append(
                ContractDelta(name, CheckStatus.NOTE, f"not run: {run['error']}", "not run")
            )
    inputs = tuple(dict.fromkeys(f"{run['signature']}: {run['regime']}" for run in ran))
    doubts = list(_doubts(before, after, ran, compared, deltas))
    return _conclude(contract, variables, deltas, inputs, doubts)


def _compare_run(
    run: Answer,
    others: Sequence[tuple[str, Answer | None]],
    arrays: tuple[Archive, Archive],
    atol: float | None,
    rtol: float | None,
) -> Iterable[tuple[OutputDelta, bool]]:
    """Yield a delta per output of one run, and whether it only informs.

    Sums that overflow come out as NaN or as an infinity by the order of summation, and a
    dropout that keeps nothing divides by zero in one version and not in the other.  So inputs
    that the worker made and calls extreme inform where the before side is not finite, and
    decide nothing.  Any other NaN or infinity has to come back as it was.
    """
    key, regime = run["signature"], run["regime"]
    for name in sorted(run["outputs"]):
        label = f"{key}/{name}"
        old = arrays[0].tensor(run["outputs"][name])
        found: OutputDelta | None = None
        for view, other in others:
            if other is None or "error" in other:
                reason = "was not run" if other is None else other["error"]
                delta = OutputDelta(label, DeltaStatus.DIFFERS, regime=regime)
                delta = replace(delta, note=f"{_LOADERS[view]} fails after: {reason}")
            elif name not in other["outputs"]:
                delta = OutputDelta(label, DeltaStatus.MISSING, regime=regime)
                delta = replace(delta, note=f"absent after, through {_LOADERS[view]}")
            else:
                new = arrays[1].tensor(other["outputs"][name])
                delta = compare(label, old, new, atol=atol, rtol=rtol, regime=regime)
                sides = [
                    side for side, r in (("before", run), ("after", other)) if name in r["unstable"]
                ]
                if sides and delta.status not in (DeltaStatus.DTYPE, DeltaStatus.SHAPE):
                    note = (
                        f"another value on each run, {' and '.join(sides)}: give inputs that "
                        "make it repeatable, or compare without this output"
                    )
                    delta = replace(delta, status=DeltaStatus.UNSTABLE, note=note)
                if delta.status not in _GOOD:
                    note = f"through {_LOADERS[view]}"
                    delta = replace(delta, note=f"{delta.note}, {note}" if delta.note else note)
            found = delta if found is None else worse(found, delta)
        if found is not None:
            overflowed = bool(run.get("extreme")) and not finite(old)
            values_differ = found.status is DeltaStatus.DIFFERS and found.compared > 0
            yield found, overflowed and (found.status in _GOOD or values_differ)
    extra = {
        name: view
        for view, other in others
        if other is not None and "error" not in other
        for name in other["outputs"]
        if name not in run["outputs"]
    }
    for name, view in sorted(extra.items()):
        note = f"absent before, through {_LOADERS[view]}"
        yield OutputDelta(f"{key}/{name}", DeltaStatus.EXTRA, note=note, regime=regime), False


def _inform(delta: OutputDelta) -> ContractDelta:
    return ContractDelta(
        f"{delta.name}/regimes/{delta.regime}",
        CheckStatus.NOTE,
        "NaN or infinite: not comparable between versions",
        f"{delta.status}: {delta.note}",
    )


def _doubts(
    before: Answer,
    after: Answer,
    ran: Sequence[Answer],
    compared: set[tuple[str, str]],
    deltas: Sequence[OutputDelta],
) -> Iterable[str]:
    """Yield, as sentences, what keeps a comparison without a difference from being a match."""
    for view, error in sorted(after.get("load_errors", {}).items()):
        yield f"The after side cannot be loaded through {_LOADERS[view]}: {error}"
    if not before["signatures"]:
        yield "The before side has no signature, so there is no output to compare."
    served = {run["signature"] for run in ran}
    judged = {delta.name for delta in deltas}
    for key, signature in sorted(before["signatures"].items()):
        if key not in served:
            reasons = [run["error"] for run in before["runs"] if run["signature"] == key]
            yield _does_not_run(key, reasons)
            continue
        if key not in after["signatures"]:
            continue
        if not signature["outputs"]:
            yield f"The signature {key} has no output, so there is nothing to compare."
        for name in sorted(signature["outputs"]):
            label = f"{key}/{name}"
            if (key, label) in compared:
                continue
            bad = any(delta.name == label and delta.status not in _GOOD for delta in deltas)
            if not bad:
                why = "has no elements" if label in judged else "is not finite"
                yield f"The output {label} {why} on any input: nothing was compared."


def _does_not_run(key: str, reasons: Sequence[str]) -> str:
    reason = reasons[0] if reasons else "no input could be made"
    hint = "give inputs that it accepts"
    if "must feed a value for placeholder tensor" in reason:
        hint = "give the tensor's value among the inputs, by its name (keep_prob:0)"
    return f"The signature {key} does not run on the before side: {reason}; {hint}."


def _conclude(
    contract: Sequence[ContractDelta],
    variables: Sequence[OutputDelta],
    deltas: Sequence[OutputDelta],
    inputs: tuple[str, ...],
    doubts: Sequence[str],
) -> Judgement:
    different = any(delta.status in BAD for delta in contract) or any(
        delta.status not in _GOOD for delta in (*variables, *deltas)
    )
    if different:
        verdict = Verdict.MISMATCH
    else:
        verdict = Verdict.ERROR if doubts else Verdict.MATCH
    error = " ".join(doubts) or None
    return Judgement(tuple(contract), tuple(variables), tuple(deltas), inputs, verdict, error)
