"""How TensorFlow 1 names the variables of its optimizers, and what Keras keeps of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from migrator.checker.slots import ORDERS
from migrator.worker.common import BadInput

__all__ = [
    "Slots",
    "are_near",
    "label_of",
    "power",
    "read_slots",
    "steps_of",
    "told_steps",
]

#: A power of Adam's below this no longer tells how often it was multiplied.
_LEAST_POWER = 1e-30


@dataclass
class Slots:
    """The slots in a name-based checkpoint that go by one optimizer's name."""

    label: str  #: the optimizer's name, ``Adam`` unless the program gave another
    kind: str  #: a key of :data:`migrator.checker.slots.ORDERS`
    #: variable -> role -> name of the slot
    of: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The names of all the slots."""
        return {name for slots in self.of.values() for name in slots.values()}


def read_slots(names: Iterable[str]) -> list[Slots]:
    """Return the optimizers whose slots are among the names of a checkpoint.

    A name that the program gave its optimizer is told by what is stored with it: Adam's powers.
    """
    held = set(names)
    found: dict[str, dict[str, dict[int, str]]] = {}
    for name in sorted(held):
        stem, _, last = name.rpartition("/")
        match = re.fullmatch(r"(.+?)(?:_(\d+))?", last)
        owner = _owner(stem, held)
        if owner is not None and match is not None:
            numbered = found.setdefault(match[1], {}).setdefault(owner, {})
            numbered[int(match[2] or 0)] = name
    powers = any(re.fullmatch(r"(.*/)?beta2_power(_\d+)?", name) for name in held)
    result = []
    for label, owners in sorted(found.items()):
        kind = label if label in ORDERS else "Adam" if powers else ""
        orders = {len(order): order for order in ORDERS.get(kind, ())}
        if kind and all(len(numbered) in orders for numbered in owners.values()):
            slots = Slots(label, kind)
            for owner, numbered in owners.items():
                ordered = [numbered[number] for number in sorted(numbered)]
                slots.of[owner] = dict(zip(orders[len(numbered)], ordered, strict=True))
            result.append(slots)
    taken = set().union(*(slots.names for slots in result))
    for slots in result:  # what is a slot has none
        slots.of = {owner: roles for owner, roles in slots.of.items() if owner not in taken}
    return [slots for slots in result if slots.of]


def _owner(stem: str, held: set[str]) -> str | None:
    """Return the variable that a slot below ``stem`` is of.

    ``minimize`` in a variable scope puts the scope before the variable's name.
    """
    while stem:
        if stem in held:
            return stem
        stem = stem.partition("/")[2]
    return None


def label_of(roles: Iterable[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return TensorFlow 1's optimizer with these slots, and all of its slots in order."""
    wanted = set(roles)
    for kind, orders in ORDERS.items():
        for order in orders:
            if set(order) == wanted:
                return kind, order
    return {
        frozenset({"rms"}): ("RMSProp", ("rms", "momentum")),
        frozenset({"rms", "mg"}): ("RMSProp", ("rms", "mg", "momentum")),
    }.get(frozenset(wanted))


def power(beta: float, steps: int) -> float:
    """Return what TensorFlow 1 keeps as ``beta1_power`` after ``steps`` steps."""
    return float(beta ** (steps + 1))


def steps_of(value: float, beta: float) -> int | None:
    """Return how many steps a power tells of; None where it no longer does."""
    if not _LEAST_POWER < value < 1:
        return None
    steps = math.log(value) / math.log(beta) - 1
    return round(steps) if abs(steps - round(steps)) < 0.4 else None


def are_near(steps: int, others: int) -> bool:
    """Return whether two counts of steps are the same, but for what an interruption loses."""
    return abs(steps - others) <= 0.01 * others + 1


def told_steps(
    powers: tuple[float | None, float | None],
    betas: tuple[float, float],
    known: bool,
    counted: int | None,
) -> int | None:
    """Return how many steps Adam's two powers tell of; None where they no longer do.

    Args:
        powers: ``beta1_power`` and ``beta2_power``, None where there is none.
        betas: the decay rates.
        known: whether anything says so: a checkpoint holds no rates, so they may be Adam's own.
        counted: the global step, if there is one.

    Raises:
        migrator.worker.common.BadInput: the rates are not known, and others than these.
    """
    told = None if powers[1] is None else steps_of(powers[1], betas[1])
    if told is None or known or (counted is not None and are_near(told, counted)):
        return told
    first = None if powers[0] is None else steps_of(powers[0], betas[0])
    if powers[0] is not None and powers[0] <= _LEAST_POWER:  # after some hundred steps
        agrees = counted is None and power(betas[0], told) <= 100 * _LEAST_POWER
    else:
        agrees = first is not None and are_near(told, first)
    if not agrees:
        raise BadInput(
            f"its powers do not tell the number of steps by Adam's own decay rates, {betas[0]:g}"
            f" and {betas[1]:g}, and only the meta graph beside a checkpoint tells others: give"
            " the settings beta_1 and beta_2, or iterations"
        )
    return told
