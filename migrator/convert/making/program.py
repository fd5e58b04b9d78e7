"""What the meta graph beside a checkpoint tells of the program that wrote it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import tensorflow as tf

__all__ = ["Program", "read_program"]

#: Settings of Keras' optimizers -> TensorFlow 1's names for the nodes that hold them.
_NODES = {
    "learning_rate": ("learning_rate", "lr"),  # lr is Adadelta's
    "beta_1": ("beta1",),
    "beta_2": ("beta2",),
    "momentum": ("momentum",),
}
_HELD = frozenset(node for nodes in _NODES.values() for node in nodes)


@dataclass
class Program:
    """The trained variables, in order, and the constants of optimizers, by node name."""

    trainable: list[str] = field(default_factory=list)
    constants: dict[str, float] = field(default_factory=dict)

    def setting(self, label: str, name: str) -> float | None:
        """Return a constant setting of the optimizer ``label``, if the graph holds one."""
        nodes = [f"{label}/{node}" for node in _NODES.get(name, (name,))]
        ends = tuple(f"/{node}" for node in nodes)
        found = {v for n, v in self.constants.items() if n in nodes or n.endswith(ends)}
        return found.pop() if label and len(found) == 1 else None


def read_program(path: str) -> Program:
    """Return what a ``.meta`` file tells; nothing if there is none, or it is no such file."""
    program = Program()
    if not os.path.isfile(path):
        return program
    meta = tf.compat.v1.MetaGraphDef()
    try:
        with open(path, "rb") as file:
            meta.ParseFromString(file.read())
    except Exception:  # it decides nothing: what it would have told is asked for
        return program
    from tensorflow.core.framework import variable_pb2

    for raw in meta.collection_def["trainable_variables"].bytes_list.value:
        variable = variable_pb2.VariableDef.FromString(raw)
        part = variable.save_slice_info_def.full_name
        name = part or variable.variable_name.partition(":")[0]
        if name not in program.trainable:
            program.trainable.append(name)
    for node in meta.graph_def.node:
        if node.op == "Const" and node.name.rpartition("/")[2] in _HELD:
            value = tf.make_ndarray(node.attr["value"].tensor)
            if value.shape == () and value.dtype.kind == "f":
                program.constants[node.name] = float(value)
    return program
