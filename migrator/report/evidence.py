"""Rewrites beside the models that prove them: code change, signature and numbers in one row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from migrator.report.measures import outputs_sentence
from migrator.report.reading import Entry, Group, decisive_outputs, named, ranked_checks
from migrator.results import (
    CheckStatus,
    ContractDelta,
    DeltaStatus,
    ModelCheck,
    Outcome,
    OutputDelta,
    Place,
    RunReport,
)

__all__ = [
    "Evidence",
    "Row",
    "Signature",
    "Tensor",
    "evidence",
    "figures",
    "signatures",
    "spelled",
    "spelled_tensor",
]

_TENSOR = re.compile(r"(inputs|outputs)/(.+?)(?:/(dtype|shape|encoding|argument))?", re.S)


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a signature on both sides."""

    name: str
    before: str  #: ``float32 [None, 784]``; empty where the side does not have it
    after: str

    @property
    def same(self) -> bool:
        """True when the two sides spell it alike."""
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature as the contract facts of a check describe it."""

    key: str
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One signature of one check with its numbers, or what belongs to no signature."""

    check: ModelCheck
    signature: Signature | None
    deltas: tuple[OutputDelta, ...]
    what: str = "output"  #: what the deltas compare: ``output`` or ``variable``

    @property
    def status(self) -> DeltaStatus | None:
        """Status of the worst comparison, None where nothing was compared."""
        bad, good = decisive_outputs(self.deltas)
        if not bad and any(delta.status is DeltaStatus.CLOSE for delta in good):
            return DeltaStatus.CLOSE
        return (bad or good)[0].status if self.deltas else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rewrites and the rows that prove them together."""

    entries: tuple[Entry, ...]
    lost: tuple[Place, ...]  #: rewrites that the run's files do not hold
    named: bool  #: False when the checks name files only, so other rewrites may be among these
    rows: tuple[Row, ...]


def evidence(run: RunReport, found: Iterable[Entry]) -> list[Evidence]:
    """Return the rewrites of an arranged run that checks are evidence for, worst verdict first.

    A check that names its rewrites proves those; one that names files only is shown with the
    rewrites of these files that need a review.  Checks of the same rewrites stand together.
    """
    rewritten = [entry for entry in found if entry.finding.outcome is Outcome.REWRITTEN]
    groups: dict[tuple[object, ...], list[ModelCheck]] = {}
    parts: dict[tuple[object, ...], tuple[tuple[Entry, ...], tuple[Place, ...]]] = {}
    for check in ranked_checks(run.checks):
        entries, lost = _rewrites(check, rewritten)
        if not entries and not lost:
            continue
        key = (bool(check.rewrites), lost, *(entry.key for entry in entries))
        groups.setdefault(key, []).append(check)
        parts[key] = (entries, lost)
    return [
        Evidence(*parts[key], bool(key[0]), tuple(row for check in checks for row in _rows(check)))
        for key, checks in groups.items()
    ]


def _rewrites(
    check: ModelCheck, rewritten: Sequence[Entry]
) -> tuple[tuple[Entry, ...], tuple[Place, ...]]:
    if check.rewrites:
        own = tuple(entry for entry in rewritten if named(check, entry.file, entry.finding))
        held = {(entry.path, entry.finding.span.line, entry.finding.code) for entry in own}
        lost = [p for p in check.rewrites if (p.path, p.line, p.code) not in held]
        return own, tuple(lost)
    near = [e for e in rewritten if e.path in check.covers and e.group is Group.REVIEW]
    # a rewrite of no API of its own (an import) writes no model
    return tuple([entry for entry in near if entry.finding.family] or near), ()


def _rows(check: ModelCheck) -> list[Row]:
    found = signatures(check.contract)
    owners = _longest_first(signature.key for signature in found)
    own: dict[str | None, list[OutputDelta]] = {}
    for delta in check.deltas:
        own.setdefault(_owner(delta.name, owners), []).append(delta)
    rows = [Row(check, signature, tuple(own.get(signature.key, ()))) for signature in found]
    if None in own:
        rows.append(Row(check, None, tuple(own[None])))
    bad, _ = decisive_outputs(check.variables)
    if check.variables and (bad or not rows):
        rows.append(Row(check, None, check.variables, "variable"))
    return rows or [Row(check, None, ())]


def _longest_first(keys: Iterable[str]) -> list[str]:
    return sorted(keys, key=lambda key: (-len(key), key))


def _owner(name: str, keys: Iterable[str]) -> str | None:
    """Return the signature that ``name`` belongs to; a key may hold a slash, so the longest."""
    return next((key for key in keys if name.startswith(key + "/")), None)


def signatures(contract: Iterable[ContractDelta]) -> list[Signature]:
    """Return the signatures that the facts of a contract tell of, by key.

    What a signature always is (its presence, its method name, the dtype and the shape of each
    tensor) comes as facts named ``signatures/KEY``, ``KEY/method_name`` and
    ``KEY/inputs/NAME/dtype``; a tensor that one side lacks is one fact ``KEY/inputs/NAME``.
    """
    facts = list(contract)
    keys = {fact.name.partition("/")[2] for fact in facts if fact.name.startswith("signatures/")}
    if not keys:
        splits = (re.split(r"/(?:inputs|outputs)/", fact.name) for fact in facts)
        keys = {first for first, *more in splits if more}
    owners = _longest_first(keys)
    tensors: dict[str, dict[tuple[str, str], dict[str, ContractDelta]]] = {key: {} for key in keys}
    for fact in facts:
        key = _owner(fact.name, owners)
        match = key is not None and _TENSOR.fullmatch(fact.name[len(key) + 1 :])
        if key is not None and match:
            own = tensors[key].setdefault((match[1], match[2]), {})
            own[match[3] or ""] = fact
    return [
        Signature(
            key,
            *(
                tuple(
                    _tensor(name, facts)
                    for (kind, name), facts in sorted(tensors[key].items())
                    if kind == wanted and set(facts) - {"argument"}
                )
                for wanted in ("inputs", "outputs")
            ),
        )
        for key in sorted(keys)
    ]


def _tensor(name: str, facts: dict[str, ContractDelta]) -> Tensor:
    if "" in facts:
        whole = facts[""]
        before = "" if whole.status is CheckStatus.EXTRA else whole.before
        return Tensor(name, before, "" if whole.status is CheckStatus.MISSING else whole.after)
    found = [facts[part] for part in ("dtype", "shape") if part in facts]
    before, after = (
        " ".join(side) for side in ([f.before for f in found], [f.after for f in found])
    )
    # a shape that only one version of TensorFlow inferred is a note, not a difference
    shape = facts.get("shape")
    if shape is not None and shape.status is CheckStatus.NOTE and "dtype" in facts:
        after = f"{facts['dtype'].after} {shape.before}"
    return Tensor(name, before, after)


def spelled(signature: Signature) -> str:
    """Return ``predict(x: float32 [None, 3]) → scores: float32 [None]`` as one line of text."""

    def side(tensors: Iterable[Tensor]) -> str:
        return ", ".join(f"{tensor.name}: {spelled_tensor(tensor)}" for tensor in tensors)

    return f"{signature.key}({side(signature.inputs)}) → {side(signature.outputs) or 'nothing'}"


def spelled_tensor(tensor: Tensor) -> str:
    """Return dtype and shape, and what they became where they changed."""
    if tensor.same:
        return tensor.before
    return f"{tensor.before or 'absent'} became {tensor.after or 'absent'}"


def figures(row: Row) -> str:
    """Return the numbers of a row as a line of text."""
    if not row.deltas:
        return row.check.error or "nothing was compared"
    return outputs_sentence(row.deltas, "variable" if row.what == "variable" else "comparison")
