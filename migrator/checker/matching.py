"""Which variable of one model is which of another, by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrator.checker.slots import pair_scalars, pair_slots, scalar, slot

__all__ = ["Matching", "axis_of", "match_variables", "refused_names"]

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Matching:
    """Which variables of two models belong together; entries are the worker's."""

    pairs: tuple[tuple[Entry, Entry], ...]
    parts: tuple[tuple[Entry, tuple[Entry, ...]], ...]  #: one variable, and its partitions after
    joined: tuple[tuple[tuple[Entry, ...], Entry], ...]  #: partitions before, and one variable
    missing: tuple[Entry, ...]
    extra: tuple[Entry, ...]


def refused_names(
    before: Sequence[Entry], after: Sequence[Entry], names: Mapping[str, str]
) -> str | None:
    """Return why a map of renamed variables does not fit, or None."""
    for role, entries, wanted in (("before", before, names), ("after", after, names.values())):
        seen = set()
        for name in wanted:
            found = _find(entries, name)
            if found is None:
                listed = sorted(entry["names"][0] for entry in entries)
                some = ", ".join(listed[:30]) + (", ..." if len(listed) > 30 else "")
                return f"there is no variable {name} {role}, only {some or 'none'}"
            if found in seen:
                return f"the variable {name} is named twice {role}"
            seen.add(found)
    return None


def _find(entries: Sequence[Entry], name: str) -> int | None:
    """Return the index of the one entry with this name, a first name before a second."""
    depth = max((len(entry["names"]) for entry in entries), default=0)
    for level in range(depth):
        found = _by_name(dict(enumerate(entries)), level)
        if name in found:
            return found[name]
    return None


def match_variables(
    before: Sequence[Entry], after: Sequence[Entry], names: Mapping[str, str] | None = None
) -> Matching:
    """Match variables by their names.

    What the user says was renamed comes first.  A name-based checkpoint's entry has one name.
    An object-based one's has up to three: its key in the root's ``variables`` dict, the
    variable's full name, and its path of attributes.  An earlier name counts before a later
    one, and a name that two entries of one side share names neither of them.  The slots of an
    optimizer are matched by the variable that they belong to and by what they are to it; their
    own names count only where that cannot be told.
    """
    old = dict(enumerate(before))
    new = dict(enumerate(after))
    pairs: dict[int, int] = {}

    def join(found: Mapping[int, int]) -> None:
        for i, j in found.items():
            pairs[i] = j
            old.pop(i)
            new.pop(j)

    for ours, theirs in (names or {}).items():
        one, two = _find(before, ours), _find(after, theirs)
        if one in old and two in new:
            join({one: two})
    join(_match_names(old, new, lambda one, two: not (slot(one) or slot(two))))
    join(pair_slots(old, new, before, after, pairs))
    owners = _matched_keys(before, pairs), _matched_keys(after, pairs.values())
    join(_match_names(old, new, lambda one, two: not _contradict(one, two, owners)))
    join(pair_scalars(old, new))
    # bookkeeping that the other side has no variable for is no part of the model
    kept_old = [entry for entry in old.values() if not entry["bookkeeping"]]
    kept_new = [entry for entry in new.values() if not entry["bookkeeping"]]
    both = [
        (before[i], after[j])
        for i, j in sorted(pairs.items())
        if not (before[i]["bookkeeping"] and after[j]["bookkeeping"])
    ]
    parts = _take_partitions(kept_old, kept_new)
    joined = _take_partitions(kept_new, kept_old)
    return Matching(
        tuple(both),
        tuple(parts),
        tuple((pieces, whole) for whole, pieces in joined),
        tuple(kept_old),
        tuple(kept_new),
    )


def _match_names(
    old: Mapping[int, Entry], new: Mapping[int, Entry], allowed: Callable[[Entry, Entry], bool]
) -> dict[int, int]:
    """Return index before → index after of the entries that have a name in common."""
    ours, theirs = dict(old), dict(new)
    pairs: dict[int, int] = {}
    depth = max((len(entry["names"]) for entry in (*ours.values(), *theirs.values())), default=0)
    for total in range(2 * depth):
        for i in range(max(0, total - depth + 1), min(total, depth - 1) + 1):
            known, others = _by_name(ours, i), _by_name(theirs, total - i)
            for name in known.keys() & others.keys():
                one, two = known[name], others[name]
                if one in ours and two in theirs and allowed(ours[one], theirs[two]):
                    pairs[one] = two
                    del ours[one], theirs[two]
    return pairs


def _matched_keys(entries: Sequence[Entry], indices: Iterable[int]) -> set[str]:
    return {str(entries[index]["key"]) for index in indices}


def _contradict(one: Entry, two: Entry, owners: tuple[set[str], set[str]]) -> bool:
    """Return whether two entries of one name are known to be different things.

    Optimizers number their variables, so ``optimizer/_variables/2`` is the momentum of one
    variable in one version and the velocity of another one in the next.
    """
    ours, theirs = slot(one), slot(two)
    if ours and theirs:
        return ours[1] != theirs[1] or ours[0] in owners[0] or theirs[0] in owners[1]
    roles = scalar(one), scalar(two)
    return None not in roles and roles[0] != roles[1]


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


def _take_partitions(
    wholes: list[Entry], others: list[Entry]
) -> list[tuple[Entry, tuple[Entry, ...]]]:
    """Move whole variables, and the partitions that make them up, out of two lists."""
    taken = []
    for entry in list(wholes):
        found = _partitions(entry, others)
        if found:
            taken.append((entry, found))
            wholes.remove(entry)
            others[:] = [other for other in others if not any(other is piece for piece in found)]
    return taken


def _partitions(whole: Entry, others: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries ``<name>/part_0``, … that together have the shape of ``whole``.

    A slot of a partition is called ``<name>/part_0/Adam``.
    """
    found: dict[int, Entry] = {}
    for entry in others:
        for name in entry["names"]:
            match = re.fullmatch(r"(.+)/part_(\d+)(/.+)?", name)
            if match and match[1] + (match[3] or "") in whole["names"]:
                found[int(match[2])] = entry
    parts = tuple(found[number] for number in sorted(found))
    if not parts or sorted(found) != list(range(len(parts))):
        return ()
    return parts if axis_of(whole, parts) is not None else ()


def axis_of(whole: Entry, parts: Sequence[Entry]) -> int | None:
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
