"""Which variable, or slot of one, every entry of an object graph is, by TensorFlow 1's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from migrator.bridge.checkpoint_files import _name_of_key
from migrator.convert.making import CannotCarry
from migrator.convert.making.checkpoint_files import Source
from migrator.convert.making.slots import Slots, label_of

__all__ = ["kinds_of", "listed_slots", "owners_of", "slot_of"]


def owners_of(graph: Any, source: Source) -> dict[str, str]:
    """Return the names of the variables in ``source`` by the keys of an object graph."""
    found: dict[str, str] = {}
    names: dict[str, list[str]] = {}
    for node in graph.nodes:
        for attribute in node.attributes:
            key = attribute.checkpoint_key
            name = _name_of_key(key) or attribute.full_name
            if name in source.shapes:
                found[key] = name
                names.setdefault(name, []).append(key)
    for name, keys in names.items():
        if len(keys) > 1:
            raise CannotCarry(f"two variables of the new layout are called {name}", name)
    return found


def kinds_of(roles: Mapping[str, Mapping[str, Any]]) -> dict[str, str | None]:
    """Return which optimizer of TensorFlow 1 has the slots that a variable's key has."""
    held: dict[str, set[str]] = {}
    for role in roles.values():
        if "slot" in role:
            held.setdefault(role["of"], set()).add(role["slot"])
    found = {key: label_of(names) for key, names in held.items()}
    return {key: None if one is None else one[0] for key, one in found.items()}


def slot_of(
    full_name: str,
    role: Mapping[str, str],
    owners: Mapping[str, str],
    slots: list[Slots],
    kinds: Mapping[str, str | None],
) -> str | None:
    """Return the name in TensorFlow 1 of a slot of an optimizer of Keras.

    One of another optimizer is none: the momentum of RMSProp is not that of Momentum.
    """
    for one in slots:
        owner = owners.get(role.get("of", "")) if role else None
        held = one.of.get(str(owner), {})
        if role.get("slot") in held and kinds.get(role["of"]) == one.kind:
            return held[role["slot"]]
        for name, named in one.of.items() if not role else ():
            for what, slot in named.items():
                word = _words(one.kind).get(what, what)
                if re.fullmatch(rf"(.*/)?{re.escape(word)}/{re.escape(name)}", full_name):
                    return slot
    return None


def _words(kind: str) -> Mapping[str, str]:
    """Return what tf_keras calls slots, before the variable's name.

    That of SGD is not among them: its name, m, is that of one of Adam's.
    """
    return {
        "RMSProp": {"rms": "velocity", "mg": "average_gradient"},
        "Adadelta": {
            "accumulator": "accumulated_grad",
            "accumulated_update": "accumulated_delta_var",
        },
    }.get(kind, {})


def listed_slots(graph: Any, roles: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the slots of tf_keras that only their names tell, as ``optimizer_entries`` does."""
    keys = {a.full_name: a.checkpoint_key for node in graph.nodes for a in node.attributes}
    found: dict[str, dict[str, str]] = {}
    plain = ("m", "v", "accumulator", "momentum", "linear")
    words = {word: word for word in plain}
    for kind in ("RMSProp", "Adadelta"):
        words.update({word: role for role, word in _words(kind).items()})
    for full_name, key in keys.items():
        if key in roles or "/_variables/" not in key:
            continue
        for word, role in words.items():
            match = re.fullmatch(rf"(?:.*?/)?{word}/(.+)", full_name)
            if match and match[1] in keys:
                found[key] = {"slot": role, "of": keys[match[1]]}
    return found
