"""Two workers' answers → the verdict.

A verdict is never true of nothing: MATCH needs every signature of the before side to have
run, and every output to have been compared, element by element, on at least one input that is
no empty batch; of checkpoints, it needs every variable to have been compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrator.checker.arrays import Archive
from migrator.checker.constants import compare_constants
from migrator.checker.contract import BAD, compare_contracts
from migrator.checker.feeds import Feeds
from migrator.checker.matching import refused_names
from migrator.checker.outputs import GOOD, Outputs, aliases, said, uncompared
from migrator.checker.tolerances import Tolerances
from migrator.checker.variables import compare_variables
from migrator.results import (
    CheckStatus,
    ContractDelta,
    OutputDelta,
    Verdict,
)

__all__ = ["Judgement", "judge_checkpoints", "judge_saved_models"]

Answer = Mapping[str, Any]


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
    names_decide: bool = True,
    superset: bool = False,
    names: Mapping[str, str] | None = None,
    tolerances: Mapping[str, Sequence[float]] | None = None,
    atol: float | None = None,
    rtol: float | None = None,
) -> Judgement:
    """Judge two models by the names and values of their variables alone.

    Args:
        before: the before side's answer.
        after: the after side's.
        arrays: where the values of each side are.
        names_decide: whether every variable's name counts, as for the restore of a checkpoint.
        superset: whether the before side may hold more, for training.
        names: name before → name after of variables that were renamed on purpose.
        tolerances: variable → ``(atol, rtol)``.
        atol: absolute tolerance of every float dtype, instead of the dtype's own.
        rtol: tolerance relative to the before side's value, likewise.
    """
    limits = Tolerances(atol, rtol, tolerances)
    refused = _refused(before, after, limits, names)
    if refused:
        return Judgement((), (), (), (), Verdict.ERROR, refused)
    variables, notes = compare_variables(
        before["variables"],
        after["variables"],
        arrays,
        saved_model=not names_decide,
        superset=superset,
        tolerances=limits,
        names=names,
    )
    doubts = []
    if not variables:
        doubts.append("The checkpoints hold no variables: nothing was compared.")
    doubts += [
        f"The variable {delta.name} has no elements: nothing was compared."
        for delta in variables
        if delta.status in GOOD and not delta.compared
    ]
    return _conclude(notes, variables, [], (), doubts)


def _refused(
    before: Answer, after: Answer, limits: Tolerances, names: Mapping[str, str] | None
) -> str | None:
    """Return what of the user's names does not fit these models, as a sentence."""
    known: list[tuple[list[str], str]] = [
        (list(entry["names"]), str(entry["array"]["dtype"])) for entry in before["variables"]
    ]
    for key, signature in before.get("signatures", {}).items():
        for name, info in signature["outputs"].items():
            known.append((aliases(key, name, info), str(info["dtype"])))
    reason = limits.refused(known)
    if reason:
        return f"The tolerances do not fit: {reason}."
    reason = refused_names(before["variables"], after["variables"], names or {})
    return f"The renamed variables do not fit: {reason}." if reason else None


def judge_saved_models(
    before: Answer,
    after: Answer,
    arrays: tuple[Archive, Archive],
    *,
    tags_chosen: bool = False,
    names_decide: bool = False,
    superset: bool = False,
    frozen: tuple[bool, bool] = (False, False),
    feeds: Feeds | None = None,
    names: Mapping[str, str] | None = None,
    tolerances: Mapping[str, Sequence[float]] | None = None,
    atol: float | None = None,
    rtol: float | None = None,
) -> Judgement:
    """Judge two models that can be run by contract, variables and outputs.

    Args:
        before: the before side's answer.
        after: the after side's.
        arrays: where the values of each side are.
        tags_chosen: whether the user named the meta graph to compare.
        names_decide: whether every variable's name counts, as for the restore of a checkpoint;
            clients of a SavedModel see its signatures only.
        superset: whether the before side may hold more variables, for training.
        frozen: whether the variables of each side became constants, which then are its entries.
        feeds: the inputs that were run, to show those that gave the worst value.
        names: name before → name after of variables that were renamed on purpose.
        tolerances: output or variable → ``(atol, rtol)``.
        atol: absolute tolerance of every float dtype, instead of the dtype's own.
        rtol: tolerance relative to the before side's value, likewise.
    """
    limits = Tolerances(atol, rtol, tolerances)
    refused = _refused(before, after, limits, names)
    if refused:
        return Judgement((), (), (), (), Verdict.ERROR, refused)
    contract = compare_contracts(before, after, tags_chosen=tags_chosen)
    doubts: list[str] = []
    variables: Sequence[OutputDelta]
    if any(frozen):
        constants = compare_constants(
            before["variables"],
            after["variables"],
            arrays,
            frozen=frozen,
            tolerances=limits,
            names=names,
        )
        variables = constants.deltas
        contract += constants.notes
        doubts += constants.doubts
    else:
        variables, notes = compare_variables(
            before["variables"],
            after["variables"],
            arrays,
            saved_model=not names_decide,
            superset=superset,
            tolerances=limits,
            names=names,
        )
        contract += notes
    ran = [run for run in before["runs"] if "error" not in run]
    runs = {(run["signature"], run["regime"], run["view"]): run for run in after["runs"]}
    work = Outputs(before, arrays, limits, feeds)
    changing: dict[str, list[set[str]]] = {}
    for run in ran:
        if run["signature"] not in after["signatures"]:
            continue  # the contract says that it is missing
        others = [
            (view, runs.get((run["signature"], run["regime"], view))) for view in after["views"]
        ]
        work.add(run, others)
        sides = changing.setdefault(run["signature"], [set(), set()])
        sides[0].update(run.get("changed", ()))
        for _, other in others:
            sides[1].update((other or {}).get("changed", ()))
    contract += work.notes
    contract += _state(changing)
    for run in before["runs"]:
        if "error" in run:
            name = f"{run['signature']}/regimes/{run['regime']}"
            contract.append(
                ContractDelta(name, CheckStatus.NOTE, f"not run: {run['error']}", "not run")
            )
    inputs = tuple(dict.fromkeys(f"{run['signature']}: {run['regime']}" for run in ran))
    doubts += _doubts(before, after, ran, work.compared, work.deltas, work.notes)
    doubts += work.too_small()
    doubts += _state_doubts(changing)
    return _conclude(contract, variables, work.deltas, inputs, doubts)


def _state(changing: Mapping[str, Sequence[set[str]]]) -> Iterable[ContractDelta]:
    """Yield, per signature that changes variables on either side, whether both do."""
    for key, (old, new) in sorted(changing.items()):
        if old or new:
            # names differ between versions; that one side keeps no state is what clients see
            status = CheckStatus.SAME if bool(old) == bool(new) else CheckStatus.CHANGED
            yield ContractDelta(f"{key}/state", status, _changes(old), _changes(new))


def _state_doubts(changing: Mapping[str, Sequence[set[str]]]) -> Iterable[str]:
    for key, (old, new) in sorted(changing.items()):
        if old and new:
            yield (
                f"The signature {key} {_changes(old)} when it runs, so what one request returns "
                "says nothing of the next: compare a signature that keeps no state."
            )


def _changes(names: set[str]) -> str:
    if not names:
        return "changes no variable"
    return f"changes the variable{'s' * (len(names) > 1)} {', '.join(sorted(names))}"


def _doubts(
    before: Answer,
    after: Answer,
    ran: Sequence[Answer],
    compared: set[str],
    deltas: Sequence[OutputDelta],
    noted: Sequence[ContractDelta],
) -> Iterable[str]:
    """Yield, as sentences, what keeps a comparison without a difference from being a match."""
    for view, error in sorted(after.get("load_errors", {}).items()):
        yield f"The after side cannot be loaded through {said(view)}: {error}"
    if not before["signatures"]:
        yield "The before side has no signature, so there is no output to compare."
    served = {run["signature"] for run in ran}
    for key, signature in sorted(before["signatures"].items()):
        if key not in served:
            reasons = [run["error"] for run in before["runs"] if run["signature"] == key]
            yield _does_not_run(key, reasons)
            continue
        if key not in after["signatures"]:
            continue
        if not signature["outputs"]:
            yield f"The signature {key} has no output, so there is nothing to compare."
        yield from uncompared(key, signature["outputs"], compared, deltas, noted)


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
        delta.status not in GOOD for delta in (*variables, *deltas)
    )
    if different:
        verdict = Verdict.MISMATCH
    else:
        verdict = Verdict.ERROR if doubts else Verdict.MATCH
    error = " ".join(doubts) or None
    return Judgement(tuple(contract), tuple(variables), tuple(deltas), inputs, verdict, error)
