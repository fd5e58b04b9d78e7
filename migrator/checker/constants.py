"""The weights of a frozen graph, which are constants: each has to be found on the other side.

Freezing gives a variable's constant the variable's name.  Tools that optimize a frozen graph
rename constants, merge equal ones and multiply some into others; what became of a variable is
then told by its value, or not at all, and that is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrator.checker.arrays import Archive
from migrator.checker.matching import match_variables
from migrator.checker.outputs import GOOD
from migrator.checker.stored import StoredValues, digest_of, kind_of, spell
from migrator.checker.tolerances import Tolerances
from migrator.checker.variables import of_training
from migrator.results import CheckStatus, ContractDelta, DeltaStatus, OutputDelta

__all__ = ["Constants", "compare_constants"]

Entry = Mapping[str, Any]

#: As many integers, or fewer, are a shape, axes, strides or the like, not a table.
_FEW = 8

#: The dtypes of such numbers.
_WHOLE = ("int32", "int64", "bool")


@dataclass(frozen=True)
class Constants:
    """What the comparison of a frozen graph's constants found."""

    deltas: tuple[OutputDelta, ...]
    notes: tuple[ContractDelta, ...]
    doubts: tuple[str, ...]  #: sentences: what could not be compared


def compare_constants(
    before: Sequence[Entry],
    after: Sequence[Entry],
    arrays: tuple[Archive, Archive],
    *,
    frozen: tuple[bool, bool],
    tolerances: Tolerances | None = None,
    names: Mapping[str, str] | None = None,
) -> Constants:
    """Compare the constants of a frozen graph with the other side's variables or constants.

    Every variable that a signature reads has to be among the constants, under its name or,
    under another, by its value.  Of two frozen graphs, every constant of the before side has to
    be in the after one; numbers and shapes that are in one graph only are arithmetic, which the
    outputs show.

    Args:
        before: the worker's entries of the before side.
        after: the worker's entries of the after side.
        arrays: where the values of each side are.
        frozen: which sides are frozen graphs; one of them is.
        tolerances: how far values may be apart.
        names: name before → name after of what was renamed on purpose.
    """
    sides = (
        list(before) if frozen[0] else _read(before),
        list(after) if frozen[1] else _read(after),
    )
    work = _Search(arrays, tolerances or Tolerances(), frozen, sides)
    work.search(names)
    notes = [_counted(sides, frozen), *work.notes]
    return Constants(
        tuple(sorted(work.deltas, key=lambda delta: delta.name)),
        tuple(sorted(notes, key=lambda note: note.name)),
        tuple(work.doubts),
    )


def _read(entries: Sequence[Entry]) -> list[Entry]:
    """Return the variables that a signature reads, or might."""
    training = of_training(entries)
    return [
        entry
        for entry in entries
        if not entry["bookkeeping"]
        and entry["reachable"] is not False
        and not (entry["reachable"] is None and id(entry) in training)
    ]


def _counted(sides: Sequence[Sequence[Entry]], frozen: Sequence[bool]) -> ContractDelta:
    words = [
        "constants in the graph" if constant else f"{len(entries)} variables"
        for entries, constant in zip(sides, frozen, strict=True)
    ]
    return ContractDelta("variables", CheckStatus.NOTE, *words)


class _Search(StoredValues):
    """Find what the searched side holds on the other one, which is a frozen graph."""

    def __init__(
        self,
        arrays: tuple[Archive, Archive],
        tolerances: Tolerances,
        frozen: tuple[bool, bool],
        sides: tuple[list[Entry], list[Entry]],
    ) -> None:
        super().__init__(arrays, tolerances)
        self.doubts: list[str] = []
        self._both = all(frozen)
        self._sides = sides
        #: the side whose entries are looked for: the one with variables, else the before one
        self._role = 1 if frozen[0] and not frozen[1] else 0
        self._wanted, self._there = sides[self._role], sides[1 - self._role]
        self._of_kind = (_by_kind(self._wanted), _by_kind(self._there))
        self._digests: dict[tuple[int, int], bytes] = {}

    def search(self, names: Mapping[str, str] | None) -> None:
        """Compare what is wanted with what is there, by name, else by value, else by kind."""
        matching = match_variables(*self._sides, names)
        called = {id(pair[self._role]): pair[1 - self._role] for pair in matching.pairs}
        used = {id(entry) for entry in called.values()}
        put_together: set[int] = set()
        for whole, pieces in matching.parts:
            self.whole(whole, pieces, "after")
            put_together |= {id(entry) for entry in (whole, *pieces)}
        for pieces, whole in matching.joined:
            self.whole(whole, pieces, "before")
            put_together |= {id(entry) for entry in (whole, *pieces)}
        left = []
        wrong: list[tuple[Entry, Entry, OutputDelta]] = []
        for entry in self._wanted:
            other = called.get(id(entry))
            if id(entry) in put_together:
                continue
            if other is not None and kind_of(entry) == kind_of(other):
                delta = self._of(entry, other)
                if delta.status in GOOD:
                    self._found(entry, delta)
                    continue
                wrong.append((entry, other, delta))
            else:
                left.append(entry)
        left = [entry for entry in left if not self._by_value(entry)]
        # names that TensorFlow numbers (mul/y, Const_1) are another constant's in another version
        wrong = [row for row in wrong if not self._renumbered(*row[:2])]
        free = [e for e in self._there if id(e) not in used and id(e) not in put_together]
        for entry in list(left):
            other = self._only_of_its_kind(entry, left, free) or called.get(id(entry))
            if other is not None and (not self._both or _weighty(entry)):
                wrong.append((entry, other, self._of(entry, other)))
                left.remove(entry)
        if self._both:
            left = [entry for entry in left if _weighty(entry)]
        self._conclude(wrong, left)
        if self._both:
            self._extra(free)

    def _of(self, entry: Entry, other: Entry) -> OutputDelta:
        """Return the comparison of a wanted entry with what is there for it."""
        pair = (entry, other) if self._role == 0 else (other, entry)
        return self.compared(*pair)

    def _name_after(self, entry: Entry, other: Entry) -> str:
        """Return the after side's name of what is wanted and what is there for it."""
        return str((entry if self._role else other)["names"][0])

    def _found(self, entry: Entry, delta: OutputDelta, note: str = "") -> None:
        """Keep a comparison that came out well; of two graphs, those of weights."""
        if not self._both or _weighty(entry):
            self.keep(delta, note)

    def _digest(self, entry: Entry, place: int) -> bytes:
        """Return the digest of what is wanted (``place`` 0), or of what is there (1)."""
        key = place, id(entry)
        if key not in self._digests:
            archive = self._arrays[self._role if place == 0 else 1 - self._role]
            self._digests[key] = digest_of(entry, archive)[0]
        return self._digests[key]

    def _same_value(self, entry: Entry, place: int) -> Entry | None:
        """Return what has the value of an entry of the other place."""
        for other in self._of_kind[1 - place].get(kind_of(entry), ()):
            if self._digest(other, 1 - place) == self._digest(entry, place):
                return other
        return None

    def _by_value(self, entry: Entry) -> bool:
        """Find the value of a wanted entry under any name, and tell where."""
        other = self._same_value(entry, 0)
        if other is None:
            return False
        name = self._name_after(entry, other)
        self._found(entry, self._of(entry, other), f"called {name} after, by its values")
        return True

    def _renumbered(self, entry: Entry, other: Entry) -> bool:
        """Tell whether two constants of one name are each found under another name."""
        if not self._both or entry["variable"] or other["variable"]:
            return False
        return None not in (self._same_value(entry, 0), self._same_value(other, 1))

    def _only_of_its_kind(
        self, entry: Entry, left: Sequence[Entry], free: Sequence[Entry]
    ) -> Entry | None:
        """Return the one constant left that has the dtype and shape of the one wanted entry."""
        kind = kind_of(entry)
        if math.prod(kind[1]) < 2 or sum(kind_of(one) == kind for one in left) != 1:
            return None
        found = [
            other for other in free if kind_of(other) == kind and self._same_value(other, 1) is None
        ]
        return found[0] if len(found) == 1 else None

    def _conclude(
        self, wrong: Iterable[tuple[Entry, Entry, OutputDelta]], left: Sequence[Entry]
    ) -> None:
        """Tell what differs and what is not there.

        Where some variables are nowhere, an optimizer may have multiplied them into others
        (batch normalization into the kernel before it), whose values then differ rightly.
        """
        folded = []
        for entry, other, delta in wrong:
            if left and not self._both and delta.status is DeltaStatus.DIFFERS:
                folded.append(entry)
                continue
            if self._both and not _weighty(entry) and kind_of(entry)[0] in _WHOLE:
                # an axis spelled 1 or -3, a shape: the outputs tell whether it counts
                self.notes.append(
                    ContractDelta(
                        f"constants/{entry['names'][0]}", CheckStatus.NOTE, "present", delta.note
                    )
                )
                continue
            name = self._name_after(entry, other)
            alone = f"compared with {name}, the only other one of its dtype and shape"
            self.keep(delta, "" if other["names"][0] in entry["names"] else alone)
        if not left:
            return
        side = ("after", "before")[self._role]
        what = "constants" if self._both else "variables"
        said = _list(left)
        text = f"These {what} are not among the constants of the {side} side's graph, neither by "
        text += f"name nor by value, so they were not compared: {said}"
        if folded:
            text += (
                f"; and these have other values there, which may be due to that: {_list(folded)}"
            )
        self.doubts.append(f"{text}. Give the frozen graph as it was before it was optimized.")

    def _extra(self, free: Sequence[Entry]) -> None:
        """Note the weights that only the after graph holds."""
        for other in free:
            if _weighty(other) and self._same_value(other, 1) is None:
                name = f"variables/{other['names'][0]}"
                self.notes.append(ContractDelta(name, CheckStatus.NOTE, "absent", spell(other)))


def _by_kind(entries: Iterable[Entry]) -> dict[tuple[str, tuple[int, ...]], list[Entry]]:
    found: dict[tuple[str, tuple[int, ...]], list[Entry]] = {}
    for entry in entries:
        found.setdefault(kind_of(entry), []).append(entry)
    return found


def _weighty(entry: Entry) -> bool:
    """Tell whether a constant is a weight or a table, and not a number or a shape."""
    dtype, shape = kind_of(entry)
    count = math.prod(shape)
    if entry["variable"]:
        return True
    return count > (_FEW if "int" in dtype or dtype == "bool" else 1)


def _list(entries: Sequence[Entry]) -> str:
    names = sorted(f"{entry['names'][0]} ({spell(entry)})" for entry in entries)
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
