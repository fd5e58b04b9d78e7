"""A checkpoint in the other format: name-based to object-based, and back.

What differs is under which keys the values are, that Keras counts iterations where TensorFlow 1
multiplied powers, and that it multiplies the learning rate into a momentum.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from migrator.bridge.checkpoint_files import _name_of_key
from migrator.convert.making import CannotCarry
from migrator.convert.making.checkpoint_files import (
    OBJECT_GRAPH,
    Entry,
    Source,
    write_checkpoint,
)
from migrator.convert.making.layouts import by_names, with_keras
from migrator.convert.making.momentum import from_keras, to_keras
from migrator.convert.making.program import Program, read_program
from migrator.convert.making.roles import kinds_of, listed_slots, owners_of, slot_of
from migrator.convert.making.slots import (
    Slots,
    are_near,
    label_of,
    power,
    read_slots,
    told_steps,
)
from migrator.worker.common import BadInput
from migrator.worker.optimizers import optimizer_entries

__all__ = ["make"]

_SAVE_COUNTER = "save_counter/.ATTRIBUTES/VARIABLE_VALUE"


def make(request: Mapping[str, Any]) -> dict[str, Any]:
    """Write a checkpoint in another format; return what was made of it.

    Args:
        request: ``path`` and ``target`` (prefixes), ``to`` (``object-based`` or ``name-based``),
            ``optimizer`` (``keras``, ``tf_keras`` or None), ``like`` (the prefix of a checkpoint
            whose object graph is taken, or None), ``order`` (the variables that the optimizer
            trains, in its order, or None) and ``settings`` (``learning_rate``, ``beta_1``,
            ``beta_2``, ``momentum``, ``iterations``).

    Returns:
        ``variables`` (names in ``path``) and ``said``: sentences on what was taken from where.

    Raises:
        CannotCarry: something has no place in the new checkpoint; nothing is written.
        migrator.worker.common.BadInput: what was asked for does not fit the checkpoint.
        migrator.worker.common.CannotOpen: a checkpoint cannot be read.
    """
    source = Source(request["path"])
    work = (
        _ToNames(source, request) if request["to"] == "name-based" else _ToObjects(source, request)
    )
    entries = work.entries()
    os.makedirs(os.path.dirname(request["target"]), exist_ok=True)
    write_checkpoint(request["target"], entries)
    return {"variables": sorted(source.shapes), "said": work.said}


class _Conversion:
    """What both directions know."""

    def __init__(self, source: Source, request: Mapping[str, Any]) -> None:
        self.source = source
        self.request = request
        self.said: list[str] = []
        self.program: Program = read_program(f"{source.prefix}.meta")

    def setting(self, name: str, label: str = "") -> float | None:
        """Return a hyperparameter: as it is asked for, else as the program's graph has it."""
        given = self.request["settings"].get(name)
        if given is not None:
            return float(given)
        found = self.program.setting(label, name)
        if found is not None:
            self._say(f"{name} is {found:.7g}, as the meta graph says")
        return found

    def _say(self, sentence: str) -> None:
        """Say something, once."""
        if sentence not in self.said:
            self.said.append(sentence)

    def beta(self, number: int, label: str) -> float:
        """Return a decay rate of Adam."""
        found = self.setting(f"beta_{number}", label)
        return {1: 0.9, 2: 0.999}[number] if found is None else found

    def _known(self, name: str, label: str) -> bool:
        """Return whether anything tells a hyperparameter."""
        asked = self.request["settings"].get(name)
        return asked is not None or self.program.setting(label, name) is not None


class _ToObjects(_Conversion):
    """Name-based to object-based; or object-based to the layout of another."""

    def entries(self) -> list[Entry]:
        """Return what the new checkpoint holds."""
        request, source = self.request, self.source
        like, package = request["like"], request["optimizer"]
        if source.is_object_based and not (like or package):
            raise BadInput("it is an object-based checkpoint already")
        slots = read_slots(source.shapes)
        if like:
            template = Source(like)
            if not template.is_object_based:
                raise BadInput(f"{like} is no object-based checkpoint")
            return self._filled(template.graph, slots, template)
        if not package:
            return self._filled(by_names(sorted(source.shapes), slots), [], None)
        if len(slots) != 1:
            what = ", ".join(one.label for one in slots) or "none"
            raise BadInput(f"--optimizer needs the slots of one optimizer; there are: {what}")
        (only,) = slots
        several = sorted(name for name in self._powers() if "beta2" in name)
        if only.kind == "Adam" and len(several) > 1:
            raise BadInput(
                "--optimizer needs the slots of one optimizer; there are several of Adam, as"
                f" {', '.join(several)} tell"
            )
        rest = set(source.shapes) - only.names - set(self._powers())
        graph = with_keras(package, only, sorted(rest), self._order(only), self._momentum(only))
        return self._filled(graph, slots, None)

    def _powers(self) -> list[str]:
        names = self.source.shapes
        return [name for name in names if re.fullmatch(r"(.*/)?beta[12]_power(_\d+)?", name)]

    def _momentum(self, slots: Slots) -> float:
        """Return the momentum of RMSProp, as far as it decides which slots Keras has.

        One without momentum reads over its slots, unless those of a centered one follow them.
        """
        if slots.kind != "RMSProp" or "mg" not in next(iter(slots.of.values())):
            return 0.9
        found = self.setting("momentum", slots.label)
        if found is None:
            raise BadInput(
                "RMSprop of Keras has a slot for momentum where that is not 0, which only the meta"
                " graph beside a checkpoint tells: give the setting momentum"
            )
        return found

    def _order(self, slots: Slots) -> list[str]:
        """Return the variables with slots in the order in which they are trained."""
        order = list(self.request["order"] or self.program.trainable)
        order = [name for name in order if name in slots.of]
        if len(slots.of) == 1 and not order:
            return list(slots.of)
        if set(order) != set(slots.of):
            lost = ", ".join(sorted(set(slots.of) - set(order))[:3])
            raise BadInput(
                "an optimizer of Keras numbers its slots in the order of its variables, which only"
                f" the meta graph beside a checkpoint tells: name them in order ({lost} is missing)"
            )
        self.said.append(f"the optimizer is one built of {', '.join(order)}, in this order")
        return order

    def _filled(self, graph: Any, slots: list[Slots], template: Source | None) -> list[Entry]:
        """Return the values of an object graph's keys, and the graph itself."""
        entries: list[Entry] = []
        used: set[str] = set()
        roles = optimizer_entries(graph)
        owners = owners_of(graph, self.source)
        kinds = kinds_of(roles)
        missing: list[str] = []
        generated = template is None
        for node in graph.nodes:
            for at in reversed(range(len(node.attributes))):
                attribute = node.attributes[at]
                key = attribute.checkpoint_key
                role = roles.get(key, {})
                entry: Entry | None = None
                name, factor = owners.get(key), 1.0
                if name is None:
                    name = slot_of(attribute.full_name, role, owners, slots, kinds)
                    if name is not None and "rate" in role:
                        rate = self._rate_in(role["rate"], slots, template)
                        factor = to_keras(role, rate, name)
                        self._say(f"the slots of SGD are {factor:.7g} times those of Momentum")
                if name is not None and name in self.source.shapes:
                    entry = Entry(key, self.source, name, factor=factor)
                    used.add(name)
                elif role.get("scalar") == "iterations":
                    steps = self._iterations(slots[0] if slots else None)
                    dtype = np.int64 if template is None else template.dtype_of(key).as_numpy_dtype
                    entry = Entry(key, value=np.asarray(steps, dtype))
                elif "scalar" in role:
                    value = self._scalar(role["scalar"], slots, template)
                    if value is not None:
                        entry = Entry(key, value=np.float32(value))
                    elif template is not None:
                        entry = Entry(key, value=template.stored(key))
                    else:
                        del node.attributes[at]  # the program's own stays
                        continue
                elif template is not None and key == _SAVE_COUNTER:
                    entry = Entry(key, value=template.stored(key))
                if entry is None:
                    missing.append(_name_of_key(key) or attribute.full_name or key)
                    continue
                if template is not None and entry.source is self.source:
                    self._check_shape(template, key, entry.name)
                entries.append(entry)
        if missing:
            raise CannotCarry(
                f"the new layout holds {', '.join(missing[:5])}, which the checkpoint does not",
                missing[0],
            )
        self._check_all(used, slots, generated)
        entries.append(Entry(OBJECT_GRAPH, value=graph.SerializeToString()))
        return entries

    def _rate_in(
        self, key: str | None, slots: list[Slots], template: Source | None
    ) -> float | None:
        """Return the learning rate that the new checkpoint holds under ``key``."""
        rate = self._scalar("learning_rate", slots, template)
        if rate is None and template is not None and key is not None:
            return float(template.stored(key))
        return rate

    def _scalar(self, name: str, slots: list[Slots], template: Source | None) -> float | None:
        """Return the value of a setting; None if what is there already, or nothing, is right."""
        if template is None:
            return self.setting(name, slots[0].label if slots else "")
        given = self.request["settings"].get(name)
        return None if given is None else float(given)

    def _check_shape(self, template: Source, key: str, name: str) -> None:
        wanted, dtype = template.shape_of(key), template.dtype_of(key)
        if wanted != self.source.shapes[name] or dtype != self.source.dtypes[name]:
            raise CannotCarry(
                f"{name} is {self.source.dtypes[name].name} {self.source.shapes[name]}, and"
                f" {dtype.name} {wanted} in {template.prefix}",
                name,
            )

    def _check_all(self, used: set[str], slots: list[Slots], generated: bool) -> None:
        """Refuse to lose a variable; say which ones an optimizer of Keras has no use for."""
        left = set(self.source.shapes) - used
        aside = set(self._powers())
        if not generated:
            aside |= {name for name in left if name.rpartition("/")[2] == "global_step"}
            aside |= {name for one in slots for name in one.names}
        lost = sorted(left - aside)
        if lost:
            raise CannotCarry(f"{', '.join(lost[:5])} has no place in the new layout", lost[0])
        if left:
            self.said.append(f"left out: {', '.join(sorted(left))}")

    def _iterations(self, slots: Slots | None) -> int:
        """Return the number of steps: as the powers of Adam tell, or the global step."""
        given = self.request["settings"].get("iterations")
        if given is not None:
            return int(given)
        found = [
            name
            for name, shape in self.source.shapes.items()
            if name.rpartition("/")[2] == "global_step" and not shape
        ]
        counted = int(self.source.value(found[0])) if len(found) == 1 else None
        powers = [name for name in self._powers() if "beta2" in name]
        told = self._told(slots, powers, counted)
        if told is not None and counted is not None and not are_near(told, counted):
            self.said.append(
                f"the optimizer made {told} steps, as {powers[0]} tells; {found[0]} is {counted}"
            )
            return told
        steps = counted if counted is not None else told
        if steps is None:
            if slots is not None and slots.kind == "Adam":
                raise BadInput(
                    "no global_step tells how many steps Adam made, and its powers no longer do:"
                    " give the setting iterations"
                )
            self.said.append("the iterations start at 0: there is no global_step")
            return 0
        self.said.append(
            f"{steps} iterations, from {found[0] if counted is not None else powers[0]}"
        )
        return steps

    def _told(self, slots: Slots | None, powers: list[str], counted: int | None) -> int | None:
        """Return the number of steps that Adam's powers tell of; None where they tell nothing."""
        if slots is None or slots.kind != "Adam":
            return None
        first, second = self.beta(1, slots.label), self.beta(2, slots.label)
        known = any(self._known(f"beta_{number}", slots.label) for number in (1, 2))
        found = set()
        for name in powers:
            pair = [
                float(self.source.value(one)) if one in self.source.shapes else None
                for one in (name.replace("beta2_power", "beta1_power"), name)
            ]
            found.add(told_steps((pair[0], pair[1]), (first, second), known, counted))
        if len(found) > 1:
            raise BadInput(
                f"{', '.join(powers)} are of optimizers that made different numbers of steps:"
                " give the setting iterations"
            )
        return found.pop() if found else None


class _ToNames(_Conversion):
    """Object-based to name-based, for programs that stay on TensorFlow 1."""

    def entries(self) -> list[Entry]:
        """Return what the new checkpoint holds."""
        source = self.source
        if not source.is_object_based:
            raise BadInput("it is a name-based checkpoint already")
        roles = optimizer_entries(source.graph)
        roles.update(listed_slots(source.graph, roles))
        names = source.names_by_key()
        entries: dict[str, Entry] = {}
        slots: dict[str, dict[str, str]] = {}
        scalars: dict[str, str] = {}
        factors: dict[str, float] = {}
        given = self.request["settings"].get("learning_rate")
        for key, name in names.items():
            role = roles.get(key, {})
            if _name_of_key(key) is not None or (not role and name != key):
                entries[name] = Entry(name, source, name)
            elif "slot" in role and role["of"] in names:
                slots.setdefault(names[role["of"]], {})[role["slot"]] = name
                if "rate" in role:
                    factors[name] = from_keras(role["rate"], source, given, name)
                    self._say(f"the slots of Momentum are {factors[name]:.7g} times those of SGD")
            elif "scalar" in role:
                scalars[role["scalar"]] = name
            else:
                raise CannotCarry(f"{name} has no name that TensorFlow 1 gave it", name)
        self._add_slots(entries, slots, scalars, factors)
        return list(entries.values())

    def _add_slots(
        self,
        entries: dict[str, Entry],
        slots: dict[str, dict[str, str]],
        scalars: dict[str, str],
        factors: Mapping[str, float],
    ) -> None:
        """Add an optimizer's slots under TensorFlow 1's names, and its powers."""
        source = self.source
        kinds = set()
        for owner, held in slots.items():
            found = label_of(held)
            if found is None:
                raise CannotCarry(
                    f"TensorFlow 1 has no optimizer with the slots {', '.join(sorted(held))}", owner
                )
            kind, order = found
            kinds.add(kind)
            for number, role in enumerate(order):
                name = f"{owner}/{kind}" + (f"_{number}" if number else "")
                if role in held:
                    factor = factors.get(held[role], 1.0)
                    entries.setdefault(name, Entry(name, source, held[role], factor=factor))
                else:  # the momentum of an RMSprop that has none
                    dtype = source.dtypes[owner].as_numpy_dtype
                    entries[name] = Entry(name, value=np.zeros(source.shapes[owner], dtype))
        for name in ("beta1_power", "beta2_power"):
            if name in scalars:
                entries.setdefault(name, Entry(name, source, scalars[name]))
        if "iterations" in scalars:
            steps = int(source.value(scalars["iterations"]))
            if "Adam" in kinds:
                for number in (1, 2):
                    beta = self._rate(number, scalars)
                    value = np.float32(power(beta, steps))
                    name = f"beta{number}_power"
                    entries.setdefault(name, Entry(name, value=value))
                    told = f"beta_{number}" in scalars or self._known(f"beta_{number}", "Adam")
                    guess = f", by Adam's own rate: set beta_{number} where it was another"
                    self.said.append(f"{name} is {beta:.6g} ** {steps + 1}{'' if told else guess}")
            if not any(name.rpartition("/")[2] == "global_step" for name in entries):
                entries["global_step"] = Entry("global_step", value=np.int64(steps))
                self.said.append(f"global_step is {steps}, the optimizer's iterations")
        rest = {scalars[role] for role in scalars} - {entry.name for entry in entries.values()}
        rest -= {scalars.get("iterations", "")}
        if rest:
            self.said.append(f"left out, as TensorFlow 1 stores none: {', '.join(sorted(rest))}")

    def _rate(self, number: int, scalars: Mapping[str, str]) -> float:
        role = f"beta_{number}"
        if role in scalars and self.request["settings"].get(role) is None:
            return float(self.source.value(scalars[role]))
        return self.beta(number, "Adam")
