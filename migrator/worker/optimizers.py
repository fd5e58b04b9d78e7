"""What an object-based checkpoint says of optimizers: whose slot an entry is, which hyperparameter.

Three spellings were read from files that TensorFlow 2.21 wrote.  ``tf.compat.v1.train`` and
the legacy optimizers of Keras 2 list their slots as ``slot_variables`` of the optimizer's node.
The later optimizers of Keras 2 and those of Keras 3 keep lists (``_momentums``,
``_velocities``); Keras 3 names the variables in ``_trainable_variables`` in the same order, and
Keras 2 in the full name of each slot (``Adam/m/net/w``).

Every slot has one meaning wherever it is kept, but for the momentum of Keras' SGD: into that the
learning rate is multiplied, with a minus before it, which TensorFlow 1's Momentum does not do.
"""

from typing import Any, Dict, List, Optional

from .common import Json

#: Lists of slots of Keras optimizers -> the slot that TensorFlow 1 would call so.
LISTS = {
    "_momentums": "m",
    "momentums": "momentum",
    "_velocities": "v",
    "_velocity_hats": "vhat",
    "_accumulators": "accumulator",
    "_linears": "linear",
    "_average_gradients": "mg",
    "_accumulated_grads": "accumulator",
    "_accumulated_delta_vars": "accumulated_update",
}

#: RMSprop of Keras calls the mean square a velocity; these two mean something else in Adam.
MEAN_SQUARES = {"_velocities": "rms", "_momentums": "momentum"}

#: Slot names of ``slot_variables`` that one optimizer spells otherwise than the others.
SLOTS = {
    "accum": "accumulator",
    "accum_grad": "accumulator",
    "accum_var": "accumulated_update",
    "accum_update": "accumulated_update",
}

#: Scalars of an optimizer, by the name of its attribute.
SCALARS = {
    "iter": "iterations",
    "_iterations": "iterations",
    "learning_rate": "learning_rate",
    "_learning_rate": "learning_rate",
    "_current_learning_rate": "learning_rate",
    "beta1_power": "beta1_power",
    "beta2_power": "beta2_power",
    "beta_1": "beta_1",
    "beta_2": "beta_2",
    "decay": "decay",
    "momentum": "momentum",
    "rho": "rho",
}


def value_of(node: Any) -> Any:
    """Return the attribute that holds a variable's value, or None."""
    for attribute in node.attributes:
        if attribute.name == "VARIABLE_VALUE":
            return attribute
    return None


def optimizer_entries(graph: Any) -> Dict[str, Json]:
    """Return checkpoint key -> what the entry is to an optimizer.

    A slot has ``{"slot": role, "of": checkpoint key of the variable}``, a scalar
    ``{"scalar": role}``.  A slot of Keras' SGD also has ``"rate"``, the key of the learning rate
    by which it is multiplied: None where that follows a schedule, and so is not stored.
    """
    found = {}  # type: Dict[str, Json]
    for node in graph.nodes:
        children = {child.local_name: child.node_id for child in node.children}
        listed = "_iterations" in children and "_variables" in children
        if not (listed or node.slot_variables or {"iter", "learning_rate"} <= set(children)):
            continue
        slots = []
        for slot in node.slot_variables:
            owner = value_of(graph.nodes[slot.original_variable_node_id])
            mine = value_of(graph.nodes[slot.slot_variable_node_id])
            if owner is not None and mine is not None:
                role = SLOTS.get(slot.slot_name, slot.slot_name)
                found[mine.checkpoint_key] = {"slot": role, "of": owner.checkpoint_key}
                slots.append(mine.checkpoint_key)
        for name, number in children.items():
            mine = value_of(graph.nodes[number])
            if mine is not None and name in SCALARS:
                found[mine.checkpoint_key] = {"scalar": SCALARS[name]}
        if listed:
            slots.extend(read_lists(graph, children, found))
        if is_sgd(children, node.slot_variables):
            for key in slots:
                found[key]["rate"] = rate_key(graph, children)
    return found


def is_sgd(children: Dict[str, int], slots: Any) -> bool:
    """Return whether an optimizer's node is that of an SGD of Keras, of any of its versions.

    Muon of Keras 3 has a list of that name too, and others beside it.
    """
    if slots:
        return "iter" in children and {slot.slot_name for slot in slots} == {"momentum"}
    return "momentums" in children and "adam_velocities" not in children


def rate_key(graph: Any, children: Dict[str, int]) -> Optional[str]:
    """Return the key of an optimizer's constant learning rate; None if it follows a schedule."""
    for name in ("_learning_rate", "learning_rate"):
        rate = value_of(graph.nodes[children[name]]) if name in children else None
        if rate is not None:
            return str(rate.checkpoint_key)
    return None


def read_lists(graph: Any, children: Dict[str, int], found: Dict[str, Json]) -> List[str]:
    """Add the slots that an optimizer of Keras keeps in lists; return their keys."""
    added = []

    def items(name: str) -> Dict[str, Any]:
        if name not in children:
            return {}
        return {
            child.local_name: value_of(graph.nodes[child.node_id])
            for child in graph.nodes[children[name]].children
        }

    owners = items("_trainable_variables")
    roles = dict(LISTS, **MEAN_SQUARES) if is_rmsprop(children) else LISTS
    for name, role in roles.items():
        for position, mine in items(name).items():
            if mine is None:
                continue
            owner = owners.get(position)
            key = owner.checkpoint_key if owner is not None else None
            if not owners:
                key = key_of(graph, mine.full_name)
            if key is not None:
                found[mine.checkpoint_key] = {"slot": role, "of": key}
                added.append(mine.checkpoint_key)
    return added


def is_rmsprop(children: Dict[str, int]) -> bool:
    """Return whether an optimizer's lists, in the order in which it made them, are RMSprop's.

    It makes the mean square first and the momentum after it; Adam and its kin make the
    momentum first.
    """
    lists = [name for name in children if name in ("_velocities", "_momentums")]
    return lists[:1] == ["_velocities"]


def key_of(graph: Any, slot: str) -> Optional[str]:
    """Return the key of the variable that ``Adam/m/net/w`` is a slot of; None unless one is.

    An optimizer that was built outside of ``apply_gradients`` calls it ``m/net/w``.
    """
    for depth in (2, 1):
        name = "/".join(slot.split("/")[depth:])
        keys = []
        for node in graph.nodes:
            attribute = value_of(node)
            if attribute is not None and attribute.full_name == name:
                keys.append(attribute.checkpoint_key)
        if keys:
            return keys[0] if len(keys) == 1 else None
    return None
