"""The values of two models' variables, and what is to be said of their names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from migrator.checker.arrays import Archive, Scaled
from migrator.checker.matching import match_variables
from migrator.checker.slots import judge_power, power_number, rate_of, scalar, slot
from migrator.checker.stored import StoredValues, digest_of, kind_of, spell
from migrator.checker.tolerances import Tolerances
from migrator.results import CheckStatus, ContractDelta, DeltaStatus, OutputDelta

__all__ = ["compare_variables", "of_training"]

Entry = Mapping[str, Any]
_Rate = Sequence[Entry | None]


def compare_variables(
    before: Sequence[Entry],
    after: Sequence[Entry],
    arrays: tuple[Archive, Archive],
    *,
    saved_model: bool,
    superset: bool = False,
    tolerances: Tolerances | None = None,
    names: Mapping[str, str] | None = None,
) -> tuple[list[OutputDelta], list[ContractDelta]]:
    """Compare the variables of two models by name and value, one pair in memory at a time.

    A SavedModel's clients see its signatures only, so there a variable that no signature
    of the before side reads (an optimizer slot, the global step) may be absent after, one
    may be added, and one may be called otherwise; all are noted.  In a checkpoint every name
    counts, as the next restore goes by it.

    Args:
        before: the worker's entries of the before side.
        after: the worker's entries of the after side.
        arrays: where the values of each side are.
        saved_model: whether only signatures are seen by clients.
        superset: whether the before side may hold more, for training: slots, the global step,
            moving averages of other variables.
        tolerances: how far values may be apart.
        names: name before → name after of variables that were renamed on purpose.

    Returns:
        The comparison of every variable, and what is to be said of their names and flags.
    """
    matching = match_variables(before, after, names)
    work = _Comparison(arrays, saved_model, tolerances or Tolerances())
    training = of_training(before) if superset else set()
    counted = set()
    steps: list[Entry] = []
    for old, new in matching.pairs:
        rates = rate_of(old, before), rate_of(new, after)
        if (rates[0] is None) == (rates[1] is None):
            delta = work.pair(old, new)
        else:
            delta = work.momentum(old, new, rates)
        if delta.status is DeltaStatus.EQUAL:
            counted |= _counted(old, new)
            steps += [old] if _is_step(old) else []
    for old, pieces in matching.parts:
        work.whole(old, pieces, "after")
    for pieces, new in matching.joined:
        work.whole(new, pieces, "before")
    renamed = _same_values(matching.missing, matching.extra, arrays)
    for old, new in renamed:
        work.renamed(old, new)
    taken = {id(entry) for pair in renamed for entry in pair}
    missing = [entry for entry in matching.missing if id(entry) not in taken]
    extra = [entry for entry in matching.extra if id(entry) not in taken]
    missing = work.powers(missing, after, "after", counted)
    extra = work.powers(extra, before, "before", counted)
    for entry in missing:
        if id(entry) not in work.told and not work.repeats(entry, steps):
            work.missing(entry, id(entry) in training)
    for entry in extra:
        if id(entry) not in work.told:
            work.extra(entry)
    return (
        sorted(work.deltas, key=lambda delta: delta.name),
        sorted(work.notes, key=lambda note: note.name),
    )


class _Comparison(StoredValues):
    """What is found while the variables of two models are compared."""

    def __init__(
        self, arrays: tuple[Archive, Archive], saved_model: bool, tolerances: Tolerances
    ) -> None:
        super().__init__(arrays, tolerances)
        self._saved_model = saved_model
        #: ids of the iterations that were compared by way of the powers of Adam
        self.told: set[int] = set()

    def renamed(self, old: Entry, new: Entry) -> None:
        """Say that a variable is called otherwise, and compare what it holds."""
        name, other = old["names"][0], new["names"][0]
        said = f"called {other}, by its values"
        if not self._saved_model:
            said += ", and a restore goes by names: say so if that is meant (--rename)"
        status = CheckStatus.NOTE if self._saved_model else CheckStatus.CHANGED
        self.notes.append(ContractDelta(f"variables/{name}", status, spell(old), said))
        self.pair(old, new, f"called {other} after, by its values")

    def momentum(
        self, old: Entry, new: Entry, rates: tuple[_Rate | None, _Rate | None]
    ) -> OutputDelta:
        """Compare a momentum of TensorFlow 1 with one of Keras' SGD, which has the rate in it.

        Args:
            old: the slot before.
            new: the slot after.
            rates: of each side, the learning rate and the decay of SGD; None of the other one.
        """
        here, there = (0, 1) if rates[0] is not None else (1, 0)
        side = ("before", "after")[here]
        values = []
        for entry in rates[here] or ():
            tensor = None if entry is None else self._arrays[here].tensor(entry["array"])
            single = tensor is not None and tensor.shape == () and tensor.array.dtype.kind == "f"
            values.append(float(tensor.array) if tensor is not None and single else math.nan)
        rate, decays = values[0], values[1:]
        if not 0 < rate < math.inf or any(decays):
            note = f"SGD {side} has its learning rate in it, and holds no constant one to compare"
            name = old["names"][0]
            return self.keep(OutputDelta(name, DeltaStatus.DIFFERS, note=note))
        scaled = list(self._arrays)
        scaled[there] = Scaled(scaled[there], -rate)
        work = StoredValues((scaled[0], scaled[1]), self._tolerances)
        return self.keep(work.compared(old, new), f"SGD {side} keeps {-rate:.6g} times it")

    def powers(
        self,
        entries: Sequence[Entry],
        others: Sequence[Entry],
        side: str,
        counted: set[int],
    ) -> list[Entry]:
        """Compare the powers of Adam with the one number of iterations on the other side.

        Args:
            entries: what has no counterpart on one side.
            others: all entries of the other side.
            side: the other side, ``before`` or ``after``.
            counted: ids of the iterations that a global step confirms.

        Returns:
            The entries that are no such powers.
        """
        archive, other = self._arrays if side == "after" else self._arrays[::-1]
        scalars: dict[str | None, list[Entry]] = {}
        for entry in others:
            scalars.setdefault(scalar(entry), []).append(entry)
        steps = scalars.get("iterations", [])
        if len(steps) != 1:
            return list(entries)
        made = int(other.tensor(steps[0]["array"]).array)
        # a global step beside the iterations, which is compared with the other side's
        beside = [e for e in others if _is_step(e)]
        values = [other.tensor(entry["array"]).array for entry in beside]
        confirmed = id(steps[0]) in counted or any(
            value is not None and value.shape == () and value == made for value in values
        )
        left = []
        for entry in entries:
            number = power_number(entry)
            value = archive.tensor(entry["array"]).array if number else None
            if number is None or value is None or value.shape != () or value.dtype.kind != "f":
                left.append(entry)
                continue
            rates = scalars.get(f"beta_{number}", [])
            self.deltas.append(
                judge_power(
                    entry["names"][0],
                    number,
                    float(value),
                    made,
                    side=side,
                    rate=float(other.tensor(rates[0]["array"]).array) if len(rates) == 1 else None,
                    counted=confirmed,
                )
            )
            self.told.add(id(steps[0]))
        return left

    def repeats(self, entry: Entry, steps: Sequence[Entry]) -> bool:
        """Say of a Keras optimizer's iterations that a global step, kept after, is as many.

        Args:
            entry: of the before side, and without a counterpart.
            steps: the global steps before of which the after side has the equal.

        Returns:
            Whether they are.
        """
        if scalar(entry) != "iterations":
            return False
        read = self._arrays[0].tensor
        made = read(entry["array"]).array
        same = [step for step in steps if np.array_equal(read(step["array"]).array, made)]
        if same:
            self._note(entry, f"{spell(entry)}, {same[0]['names'][0]} once more", "absent")
        return bool(same)

    def missing(self, entry: Entry, training: bool) -> None:
        """Say that a variable of the before side has no counterpart."""
        if self._saved_model and entry["reachable"] is False:
            self._note(entry, f"{spell(entry)}, read by no signature", "absent")
        elif training and entry["reachable"] is None:
            self._note(entry, f"{spell(entry)}, of the training", "absent")
        elif scalar(entry) in _HYPERPARAMETERS:
            self._note(entry, spell(entry), "absent: TensorFlow 1 keeps it in the graph")
        else:
            self.deltas.append(_alone(entry, DeltaStatus.MISSING, "absent after"))

    def extra(self, entry: Entry) -> None:
        """Say that a variable of the after side has no counterpart."""
        if self._saved_model:
            self._note(entry, "absent", spell(entry))
        elif scalar(entry) in _HYPERPARAMETERS or scalar(entry) == "iterations":
            self._note(entry, "absent: TensorFlow 1 keeps it in the graph", spell(entry))
        else:
            self.deltas.append(_alone(entry, DeltaStatus.EXTRA, "absent before"))

    def _note(self, entry: Entry, before: str, after: str) -> None:
        name = f"variables/{entry['names'][0]}"
        self.notes.append(ContractDelta(name, CheckStatus.NOTE, before, after))


#: Scalars that an optimizer of TensorFlow 2 saves and one of TensorFlow 1 does not.
_HYPERPARAMETERS = frozenset({"learning_rate", "decay", "beta_1", "beta_2", "momentum", "rho"})


def of_training(entries: Sequence[Entry]) -> set[int]:
    """Return the ids of the entries that, by their names, only training reads.

    Those are the global step, Adam's powers, and whatever is called ``<variable>/<label>`` and
    has the shape of that variable: a slot or a moving average.
    """
    shapes = {name: entry["array"]["shape"] for entry in entries for name in entry["names"]}
    found = set()
    for entry in entries:
        stem, _, last = entry["names"][0].rpartition("/")
        if (
            slot(entry)
            or scalar(entry)
            or power_number(entry)
            or last == "global_step"
            or shapes.get(stem) == entry["array"]["shape"]
        ):
            found.add(id(entry))
    return found


def _is_step(entry: Entry) -> bool:
    """Return whether an entry is a variable that counts steps for TensorFlow 1."""
    return scalar(entry) is None and entry["names"][0].rpartition("/")[2] == "global_step"


def _counted(old: Entry, new: Entry) -> set[int]:
    """Return the id of an optimizer's iterations whose counterpart is a global step."""
    return {
        id(one)
        for one, two in ((old, new), (new, old))
        if scalar(one) == "iterations" and scalar(two) is None
    }


def _same_values(
    missing: Sequence[Entry], extra: Sequence[Entry], arrays: tuple[Archive, Archive]
) -> list[tuple[Entry, Entry]]:
    """Return the variables that hold what exactly one other holds, on either side.

    Values that are all alike (zeros, ones, one number) say nothing about which is which.
    The values are read one at a time, and only their digests are kept.
    """
    kinds = [{kind_of(entry) for entry in entries} for entries in (missing, extra)]
    shared = kinds[0] & kinds[1]
    tables: list[dict[bytes, list[Entry]]] = []
    for entries, archive in zip((missing, extra), arrays, strict=True):
        table: dict[bytes, list[Entry]] = {}
        for entry in entries:
            if kind_of(entry) in shared:
                digest, varied = digest_of(entry, archive)
                if varied:
                    table.setdefault(digest, []).append(entry)
        tables.append(table)
    return [
        (ours[0], tables[1][digest][0])
        for digest, ours in tables[0].items()
        if len(ours) == 1 and len(tables[1].get(digest, [])) == 1
    ]


def _alone(entry: Entry, status: DeltaStatus, where: str) -> OutputDelta:
    return OutputDelta(entry["names"][0], status, note=f"{spell(entry)}, {where}")
