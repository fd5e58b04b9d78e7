"""The object graphs of new checkpoints: by TensorFlow 1's names, with an optimizer, or as another.

An object graph holds no values and no shapes, so that of a Keras optimizer is read from a
checkpoint of variables of one element that the installed Keras writes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from migrator.bridge.checkpoint_files import _object_key
from migrator.convert.making.checkpoint_files import Source
from migrator.convert.making.slots import Slots

__all__ = ["by_names", "with_keras"]

#: What TensorFlow 1's optimizers, as Checkpoint keeps them, call the slots.
_V1_SLOTS = {
    "Ftrl": {"accumulator": "accum"},
    "Adadelta": {"accumulator": "accum", "accumulated_update": "accum_update"},
}


def by_names(names: Sequence[str], slots: Sequence[Slots]) -> Any:
    """Return the graph of ``Checkpoint(variables={name: variable}, optimizer=optimizer)``.

    All names are in ``variables``, the slots among them; where they are of one optimizer, they are
    also those of a ``tf.compat.v1.train`` optimizer that is restored as ``optimizer``.
    """
    graph = _graph()
    root, held = graph.nodes.add(), graph.nodes.add()
    root.children.add(node_id=1, local_name="variables")
    numbers: dict[str, int] = {}
    for name in sorted(names):
        numbers[name] = len(graph.nodes)
        held.children.add(node_id=numbers[name], local_name=name)
        attribute = graph.nodes.add().attributes.add()
        attribute.name, attribute.full_name = "VARIABLE_VALUE", name
        attribute.checkpoint_key = _object_key(name)
    if len(slots) == 1:
        root.children.add(node_id=len(graph.nodes), local_name="optimizer")
        optimizer = graph.nodes.add()
        for name in ("beta1_power", "beta2_power"):
            if slots[0].kind == "Adam" and name in numbers:
                optimizer.children.add(node_id=numbers[name], local_name=name)
        spelled = _V1_SLOTS.get(slots[0].kind, {})
        for owner, roles in sorted(slots[0].of.items()):
            for role, name in roles.items():
                optimizer.slot_variables.add(
                    original_variable_node_id=numbers[owner],
                    slot_name=spelled.get(role, role),
                    slot_variable_node_id=numbers[name],
                )
    return graph


def with_keras(
    package: str, slots: Slots, names: Sequence[str], order: Sequence[str], momentum: float
) -> Any:
    """Return the graph of ``Checkpoint(variables={name: variable}, optimizer=optimizer)``.

    Args:
        package: ``keras`` or ``tf_keras``.
        slots: of the optimizer.
        names: of the variables that are not the optimizer's.
        order: the variables with slots, in the order in which the optimizer is built of them.
        momentum: of RMSProp or Momentum; 0 means that Keras has no slot for it.
    """
    if package == "keras":
        import keras.optimizers as optimizers
    else:
        import tf_keras.optimizers as optimizers

    roles = next(iter(slots.of.values()))
    optimizer: Any
    if slots.kind == "RMSProp":
        optimizer = optimizers.RMSprop(momentum=momentum, centered="mg" in roles)
    elif slots.kind == "Momentum":
        optimizer = optimizers.SGD(momentum=momentum)
    else:
        optimizer = getattr(optimizers, slots.kind)()
    tiny = {name: tf.Variable(0.0, name=name) for name in [*order, *names]}
    with tf.name_scope(optimizer.name):  # as in apply_gradients, whose names tf_keras keeps
        optimizer.build([tiny[name] for name in order])
    kept = {name: tiny[name] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "tiny")
        tf.train.Checkpoint(variables=kept, optimizer=optimizer).write(prefix)
        return Source(prefix).graph


def _graph() -> Any:
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    return trackable_object_graph_pb2.TrackableObjectGraph()
