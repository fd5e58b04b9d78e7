"""The variables of optimizers: slots under other names, and step counts in other forms.

TensorFlow 1 calls the slots of ``net/w`` by the optimizer's name (``net/w/Adam``,
``net/w/Adam_1``) and keeps the powers of Adam's decay rates; optimizers of Keras keep lists of
slots and the number of iterations.  The worker says of an object-based checkpoint's entries
which slot of which variable they are (``optimizer`` of the entry), and of SGD's momentum
that the learning rate is multiplied into it (``rate`` there).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from migrator.results import DeltaStatus, OutputDelta

__all__ = [
    "ORDERS",
    "judge_power",
    "pair_scalars",
    "pair_slots",
    "power_number",
    "rate_of",
    "scalar",
    "slot",
]

Entry = Mapping[str, Any]

#: Label -> the slots of a variable, in the order in which TensorFlow 1 makes and numbers them.
ORDERS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Adam": (("m", "v"),),
    "Momentum": (("momentum",),),
    "Adagrad": (("accumulator",),),
    "RMSProp": (("rms", "momentum"), ("rms", "mg", "momentum")),
    "Ftrl": (("accumulator", "linear"),),
    "Adadelta": (("accumulator", "accumulated_update"),),
}

#: Any order in which slots can be numbered under a name that the user gave the optimizer.
_ANY = tuple(order for orders in ORDERS.values() for order in orders)


def slot(entry: Entry) -> tuple[str, str] | None:
    """Return (key of the variable, role) of an entry that is known to be a slot."""
    known = entry.get("optimizer") or {}
    return (str(known["of"]), str(known["slot"])) if "slot" in known else None


def scalar(entry: Entry) -> str | None:
    """Return the role of an entry that is known to be an optimizer's scalar."""
    return (entry.get("optimizer") or {}).get("scalar")


def rate_of(entry: Entry, entries: Sequence[Entry]) -> list[Entry | None] | None:
    """Return the learning rate of Keras' SGD that is multiplied into a slot; None into any other.

    Keras holds ``v = m * v - rate * gradient`` where TensorFlow 1's Momentum holds
    ``a = m * a + gradient``, so one that is the other's has ``v = -rate * a``.  In a name-based
    checkpoint, Keras of TensorFlow 1 calls it ``SGD/net/w/momentum``, beside ``SGD/iter``.

    Args:
        entry: of a variable.
        entries: all of its side.

    Returns:
        The learning rate, None where it follows a schedule, and by what it decays, if it can.
    """
    known = entry.get("optimizer") or {}
    name = str(entry["names"][0])
    if "rate" in known:
        rate = next((other for other in entries if other["key"] == known["rate"]), None)
        return [rate, *(other for other in entries if scalar(other) == "decay")]
    if known or not name.endswith("/momentum"):
        return None
    names = {str(other["names"][0]): other for other in entries}
    parts = name.split("/")[:-1]
    scopes = ["/".join(parts[:end]) for end in range(1, len(parts))]
    for scope in scopes:
        if f"{scope}/iter" in names:
            decay = names.get(f"{scope}/decay")
            return [names.get(f"{scope}/learning_rate"), *([] if decay is None else [decay])]
    return None


def pair_slots(
    old: Mapping[int, Entry],
    new: Mapping[int, Entry],
    before: Sequence[Entry],
    after: Sequence[Entry],
    pairs: Mapping[int, int],
) -> dict[int, int]:
    """Return which unmatched slot before is which unmatched slot after.

    Args:
        old: the entries before that have no counterpart yet, by index.
        new: likewise after.
        before: all entries before.
        after: all entries after.
        pairs: index before to index after of what is matched.
    """
    found: dict[int, int] = {}
    known_old, known_new = _known(old, before), _known(new, after)
    for owner, partner in pairs.items():
        one, two = known_old.get(owner, {}), known_new.get(partner, {})
        if not one and two:
            one = _named(old, before, owner, two)
        elif one and not two:
            two = _named(new, after, partner, one)
        for role in one.keys() & two.keys():
            found[one[role]] = two[role]
    return found


def _known(
    open_entries: Mapping[int, Entry], entries: Sequence[Entry]
) -> dict[int, dict[str, int]]:
    """Return owner → role → slot, of the slots that the worker recognised."""
    owners = {str(entry["key"]): index for index, entry in enumerate(entries)}
    found: dict[int, dict[str, int]] = {}
    for index, entry in open_entries.items():
        known = slot(entry)
        if known and known[0] in owners:
            found.setdefault(owners[known[0]], {})[known[1]] = index
    return found


def _named(
    open_entries: Mapping[int, Entry],
    entries: Sequence[Entry],
    owner: int,
    others: Iterable[str],
) -> dict[str, int]:
    """Return role → slot of one variable, by TensorFlow 1's names.

    The label after the variable's name is that of the optimizer, the number behind it counts
    its slots.  Under a label that the user chose, the roles are those of the other side.
    """
    labels: dict[str, dict[int, int]] = {}
    for index, entry in open_entries.items():
        if slot(entry) or scalar(entry) or index == owner:
            continue
        stem, _, label = str(entry["names"][0]).rpartition("/")
        # minimize() within a variable scope puts the scope before the variable's name
        if any(stem == name or stem.endswith("/" + name) for name in entries[owner]["names"]):
            parsed = re.fullmatch(r"(.+?)(?:_(\d+))?", label)
            assert parsed is not None
            labels.setdefault(parsed[1], {})[int(parsed[2] or 0)] = index
    wanted = set(others)
    found: dict[str, int] = {}
    for label, numbered in labels.items():
        slots = [numbered[number] for number in sorted(numbered)]
        for order in ORDERS.get(label, _ANY):
            if len(order) == len(slots) and (label in ORDERS or set(order) == wanted):
                found.update(zip(order, slots, strict=True))
    return found


def pair_scalars(old: Mapping[int, Entry], new: Mapping[int, Entry]) -> dict[int, int]:
    """Return which unmatched scalar of an optimizer is which: equal roles, and the step.

    ``iterations`` of a Keras optimizer is what ``minimize(global_step=…)`` counts.
    """
    found: dict[int, int] = {}
    roles: tuple[dict[str, list[int]], dict[str, list[int]]] = ({}, {})
    for side, entries in zip(roles, (old, new), strict=True):
        for index, entry in entries.items():
            role = scalar(entry)
            if role is None and entry["names"][0].rpartition("/")[2] == "global_step":
                role = "global_step"
            if role is not None:
                side.setdefault(role, []).append(index)
    for one, two in (
        *[(role, role) for role in sorted(roles[0])],
        ("global_step", "iterations"),
        ("iterations", "global_step"),
    ):
        ours = [index for index in roles[0].get(one, []) if index not in found]
        theirs = [index for index in roles[1].get(two, []) if index not in found.values()]
        if len(ours) == len(theirs) == 1:
            found[ours[0]] = theirs[0]
    return found


#: Adam's decay rates unless the program names others.
_RATES = {1: 0.9, 2: 0.999}

#: A power below this is no longer what multiplying in float32 should give.
_LEAST_POWER = 1e-30


def power_number(entry: Entry) -> int | None:
    """Return 1 for ``beta1_power`` (also ``beta1_power_1``, of a second optimizer), 2 likewise."""
    match = re.fullmatch(r"beta([12])_power(?:_\d+)?", entry["names"][0].rpartition("/")[2])
    return int(match[1]) if match else None


def judge_power(
    name: str,
    number: int,
    power: float,
    steps: int,
    *,
    side: str,
    rate: float | None,
    counted: bool,
) -> OutputDelta:
    """Compare a power of TensorFlow 1's Adam with the iterations of a Keras optimizer.

    After ``n`` steps TensorFlow 1 holds ``rate ** (n + 1)``, multiplied up in float32.

    Args:
        name: the name that the delta carries.
        number: 1 or 2, which of the two decay rates.
        power: the value of ``beta1_power`` or ``beta2_power``.
        steps: the iterations that the other side holds.
        side: the side that holds the iterations, ``before`` or ``after``.
        rate: the decay rate, where the other side holds it; else Adam's own is tried first.
        counted: whether ``steps`` is known to be right, by a global step.  Then a rate that is
            not Adam's own follows from the power.
    """
    beta = float(np.float32(_RATES[number] if rate is None else rate))
    expected = beta ** (steps + 1)
    delta = OutputDelta(name, DeltaStatus.CLOSE, max_abs=abs(expected - power), compared=1)
    if 0 <= power < _LEAST_POWER:
        # too many steps to count; the bound is the last number that can still be told
        good = expected < 2 * _LEAST_POWER
        made = "more steps than can be told"
    elif 0 < power < 1:
        number_of_steps = math.log(power) / math.log(beta) - 1
        good = abs(number_of_steps - steps) < 0.5 + 2e-4 * steps
        made = f"{number_of_steps:.1f} steps"
    else:
        good, made = False, "no number of steps"
    if good:
        return replace(delta, note=f"{steps} iterations {side}: {beta:.6g} ** {steps + 1}")
    if rate is None and counted and _LEAST_POWER < power < 1:
        implied = power ** (1 / (steps + 1))
        note = f"{steps} iterations {side}, which make beta{number} {implied:.6g}"
        return replace(delta, max_abs=None, note=note)
    note = f"{power:.6g} is {made} at beta{number} {beta:.6g}; {side} there are {steps}"
    return replace(delta, status=DeltaStatus.DIFFERS, note=note)
