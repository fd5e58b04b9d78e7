"""The variables of two models: which is which, and whether they hold the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from migrator.checker.arrays import Archive, Tensor
from migrator.checker.compare import compare
from migrator.checker.contract import spell_shape
from migrator.results import CheckStatus, ContractDelta, DeltaStatus, OutputDelta

__all__ = ["Matching", "compare_variables", "match_variables"]

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Matching:
    """Which variables of two models belong together; entries are the worker's."""

    pairs: tuple[tuple[Entry, Entry], ...]
    parts: tuple[tuple[Entry, tuple[Entry, ...]], ...]  #: one variable, and its partitions after
    missing: tuple[Entry, ...]
    extra: tuple[Entry, ...]


def match_variables(before: Sequence[Entry], after: Sequence[Entry]) -> Matching:
    """Match variables by their names.

    A name-based checkpoint's entry has one name.  An object-based one's has up to three:
    its key in the root's ``variables`` dict, the variable's full name, and its path of
    attributes.  An earlier name counts before a later one, and a name that two
    entries of one side share names neither of them.
    """
    old = dict(enumerate(before))
    new = dict(enumerate(after))
    pairs: dict[int, int] = {}
    depth = max((len(entry["names"]) for entry in (*before, *after)), default=0)
    for total in range(2 * depth):
        for i in range(max(0, total - depth + 1), min(total, depth - 1) + 1):
            ours, theirs = _by_name(old, i), _by_name(new, total - i)
            for name in ours.keys() & theirs.keys():
                pairs[ours[name]] = theirs[name]
                old.pop(ours[name])
                new.pop(theirs[name])
    # bookkeeping that the other side has no variable for is no part of the model
    kept_old = [entry for entry in old.values() if not entry["bookkeeping"]]
    kept_new = [entry for entry in new.values() if not entry["bookkeeping"]]
    joined = [
        (before[i], after[j])
        for i, j in sorted(pairs.items())
        if not (before[i]["bookkeeping"] and after[j]["bookkeeping"])
    ]
    parts = []
    for entry in list(kept_old):
        found = _partitions(entry, kept_new)
        if found:
            parts.append((entry, found))
            kept_old.remove(entry)
            kept_new = [other for other in kept_new if other not in found]
    return Matching(tuple(joined), tuple(parts), tuple(kept_old), tuple(kept_new))


def _by_name(entries: Mapping[int, Entry], level: int) -> dict[str, int]:
    """Return name → index for the names at one level that name one entry only."""
    found: dict[str, int] = {}
    doubled: set[str] = set()
    for index, entry in entries.items():
        if level < len(entry["names"]):
            name = entry["names"][level]
            if name in found:
                doubled.add(name)
            found[name] = index
    return {name: index for name, index in found.items() if name not in doubled}


def _partitions(whole: Entry, others: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries ``<name>/part_0``, … that together have the shape of ``whole``."""
    found: dict[int, Entry] = {}
    for entry in others:
        for name in entry["names"]:
            match = re.fullmatch(r"(.+)/part_(\d+)", name)
            if match and match[1] in whole["names"]:
                found[int(match[2])] = entry
    parts = tuple(found[number] for number in sorted(found))
    if not parts or sorted(found) != list(range(len(parts))):
        return ()
    return parts if _axis(whole, parts) is not None else ()


def _axis(whole: Entry, parts: Sequence[Entry]) -> int | None:
    """Return the axis along which ``parts`` make up ``whole``."""
    shape = whole["array"]["shape"]
    shapes = [part["array"]["shape"] for part in parts]
    if any(len(other) != len(shape) for other in shapes):
        return None
    for axis in range(len(shape)):
        rest = shape[:axis] + shape[axis + 1 :]
        alike = all(other[:axis] + other[axis + 1 :] == rest for other in shapes)
        if alike and sum(other[axis] for other in shapes) == shape[axis]:
            return axis
    return None


def compare_variables(
    before: Sequence[Entry],
    after: Sequence[Entry],
    arrays: tuple[Archive, Archive],
    *,
    saved_model: bool,
    atol: float | None = None,
    rtol: float | None = None,
) -> tuple[list[OutputDelta], list[ContractDelta]]:
    """Compare the variables of two models by name and value, one pair in memory at a time.

    A SavedModel's clients see its signatures only, so there a variable that no signature
    of the before side reads (an optimizer slot, the global step) may be absent after, and
    one may be added; both are noted.  In a checkpoint every name counts.
    """
    matching = match_variables(before, after)
    deltas = []
    notes = []
    for old, new in matching.pairs:
        name = old["names"][0]
        delta = compare(
            name,
            arrays[0].tensor(old["array"]),
            arrays[1].tensor(new["array"]),
            atol=atol,
            rtol=rtol,
        )
        if new["names"][0] != name and name not in new["names"]:
            note = f"called {new['names'][0]} after"
            delta = replace(delta, note=f"{delta.note}; {note}" if delta.note else note)
        deltas.append(delta)
    for old, pieces in matching.parts:
        axis = _axis(old, pieces)
        assert axis is not None
        tensors = [arrays[1].tensor(piece["array"]) for piece in pieces]
        joined = Tensor(
            tensors[0].dtype, np.concatenate([tensor.array for tensor in tensors], axis=axis)
        )
        delta = compare(
            old["names"][0], arrays[0].tensor(old["array"]), joined, atol=atol, rtol=rtol
        )
        note = f"kept in {len(pieces)} partitions after"
        deltas.append(replace(delta, note=f"{delta.note}; {note}" if delta.note else note))
    for entry in matching.missing:
        if saved_model and entry["reachable"] is False:
            notes.append(
                ContractDelta(
                    f"variables/{entry['names'][0]}",
                    CheckStatus.NOTE,
                    f"{_spell(entry)}, read by no signature",
                    "absent",
                )
            )
        else:
            deltas.append(_alone(entry, DeltaStatus.MISSING, "absent after"))
    for entry in matching.extra:
        if saved_model:
            notes.append(
                ContractDelta(
                    f"variables/{entry['names'][0]}", CheckStatus.NOTE, "absent", _spell(entry)
                )
            )
        else:
            deltas.append(_alone(entry, DeltaStatus.EXTRA, "absent before"))
    return sorted(deltas, key=lambda delta: delta.name), sorted(notes, key=lambda note: note.name)


def _alone(entry: Entry, status: DeltaStatus, where: str) -> OutputDelta:
    return OutputDelta(entry["names"][0], status, note=f"{_spell(entry)}, {where}")


def _spell(entry: Entry) -> str:
    return f"{entry['array']['dtype']} {spell_shape(entry['array']['shape'])}"
