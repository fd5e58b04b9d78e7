"""What TF1 called the inputs and outputs of a SavedModel, before the save and after it.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.session_module`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

__all__: list[str] = []

_PREDICT = "tensorflow/serving/predict"
_CLASSIFY = "tensorflow/serving/classify"
_REGRESS = "tensorflow/serving/regress"
_RESERVED = ("__saved_model_init_op", "__saved_model_train_op")


def _signature_def(graph: Any, key: str, value: Any) -> Any:
    """Return a signature as TF1 wrote it: a ``SignatureDef`` proto."""
    where = f"signature {key!r}"
    if key in _RESERVED:
        raise KeyError(f"{where}: the key is reserved")
    if hasattr(value, "method_name") and hasattr(value, "outputs"):
        method, sides = value.method_name, (value.inputs, value.outputs)
    elif isinstance(value, (tuple, list)) and len(value) in (2, 3):
        method, sides = (*value[2:], _PREDICT)[0], (value[0], value[1])
        if not all(isinstance(side, Mapping) for side in sides):
            raise TypeError(f"{where}: inputs and outputs must be dicts of name to tensor")
    else:
        raise TypeError(f"{where} must be (inputs, outputs[, method_name]), found {value!r}")
    inputs, outputs = (
        {name: _tensor_info(graph, f"{where}, {name!r}", side[name]) for name in side}
        for side in ({k: v for k, v in side.items() if v is not None} for side in sides)
    )
    if not outputs:
        raise ValueError(f"{where} has no outputs")
    if isinstance(value, (tuple, list)):
        _check_method(where, method, inputs, outputs)
    return tf.compat.v1.saved_model.build_signature_def(inputs, outputs, method)


def _tensor_info(graph: Any, where: str, value: Any) -> Any:
    """Return the ``TensorInfo`` proto of a tensor of ``graph``."""
    if isinstance(value, tf.compat.v1.TensorInfo):
        if value.WhichOneof("encoding") not in ("name", "coo_sparse") or not value.dtype:
            raise ValueError(f"{where}: a TensorInfo must have a name (or coo_sparse) and a dtype")
        info = value
    elif isinstance(value, tf.compat.v1.SparseTensor):
        info = tf.compat.v1.saved_model.build_tensor_info(value)
    elif isinstance(value, (str, bytes)):
        raise TypeError(f"{where} must be a tensor, found {value!r}")
    else:
        tensor = graph.as_graph_element(value, allow_operation=False)
        info = tf.compat.v1.saved_model.build_tensor_info(tensor)
        info.dtype = tensor.dtype.base_dtype.as_datatype_enum  # a variable's is a reference
    for name in _tensor_names(info):
        graph.get_tensor_by_name(name)  # raises with the name if it is not of this graph
    return info


def _check_method(where: str, method: str, inputs: Any, outputs: Any) -> None:
    """Raise ValueError where TF1's ``*_signature_def`` functions did."""
    if method not in (_CLASSIFY, _REGRESS):
        return
    allowed = {"scores": tf.float32, "classes": tf.string}
    if method == _REGRESS:
        allowed = {"outputs": tf.float32}
    if set(inputs) != {"inputs"} or inputs["inputs"].dtype != tf.string.as_datatype_enum:
        raise ValueError(f"{where}: {method} takes one string tensor, called 'inputs'")
    for name, info in outputs.items():
        if name not in allowed or info.dtype != allowed[name].as_datatype_enum:
            kinds = " and ".join(f"{n!r} ({d.name})" for n, d in allowed.items())
            raise ValueError(f"{where}: {method} returns {kinds}, found {name!r}")


def _tensor_names(info: Any) -> list[str]:
    """Return the names of the dense tensors of a ``TensorInfo``."""
    if info.WhichOneof("encoding") == "coo_sparse":
        sparse = info.coo_sparse
        return [
            sparse.indices_tensor_name,
            sparse.values_tensor_name,
            sparse.dense_shape_tensor_name,
        ]
    return [info.name]


def _flat(infos: Any, parameters: bool = False) -> list[tuple[str, str]]:
    """Return pairs of a TensorFlow 2 name and the TF1 tensor's name, one per dense tensor.

    A sparse ``x`` becomes ``x``, ``x_1``, ``x_2``. Names of inputs must be Python's.
    """
    pairs: list[tuple[str, str]] = []
    taken = set(infos)
    for key in sorted(infos):
        name = re.sub(r"\W", "_", key, flags=re.ASCII) if parameters else key
        # TensorFlow saves no function with a parameter that is called self.
        usable = name[:1].isalpha() and not keyword.iskeyword(name) and name != "self"
        if parameters and not usable:
            name = f"arg_{name}"
        for index, tensor in enumerate(_tensor_names(infos[key])):
            candidate, count = name if not index else f"{name}_{index}", index
            while candidate != key and candidate in taken:
                count += 1
                candidate = f"{name}_{count}"
            taken.add(candidate)
            pairs.append((candidate, tensor))
    return pairs


def _restore_signatures(
    meta: Any,
    signature_defs: Mapping[str, Any],
    defaults: Mapping[str, Any],
    computed_from: Mapping[str, Mapping[str, frozenset[str]]],
) -> None:
    """Give the signatures of a saved meta graph the keys and tensor names that TF1 gave them.

    Args:
        meta: the saved ``MetaGraphDef``, which is changed.
        signature_defs: TF1's, by signature key.
        defaults: the constants behind inputs that need not be fed, by tensor name.
        computed_from: by signature key and TF1's output: the inputs that it is computed from.
    """
    graph_def = meta.graph_def
    nodes = {node.name: node for node in graph_def.node}
    renamed: dict[str, str] = {}  # node that TensorFlow 2 made for an input: TF1's op name
    # TF1's output: what is fed where its node was made, and what that is computed from
    made: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for key, before in signature_defs.items():
        saved = meta.signature_def[key]
        final: dict[str, str] = {}
        for name, tensor in _flat(before.inputs, parameters=True):
            node = nodes[saved.inputs[name].name.partition(":")[0]]
            op, _, index = tensor.partition(":")
            if index == "0" and (op not in nodes or op in renamed.values()):
                renamed[node.name] = op
                if op in nodes:  # signatures that share the tensor share the node
                    graph_def.node.remove(node)
                else:
                    nodes[op] = node
            final[tensor] = f"{renamed.get(node.name, node.name)}:0"
        for name, tensor in _flat(before.outputs):
            op, _, index = tensor.partition(":")
            if tensor in final:
                continue
            final[tensor] = saved.outputs[name].name
            if index == "0" and op not in nodes:
                nodes[op] = graph_def.node.add(name=op, op="Identity", input=[final[tensor]])
                nodes[op].attr["T"].type = saved.outputs[name].dtype
                fed = frozenset(one for _, one in _flat(before.inputs))
                made[tensor] = fed, computed_from[key][tensor]
            # To run a node is to feed all inputs of the signature that it was made for.
            same = tensor in made and made[tensor][1] == computed_from[key][tensor]
            if same and made[tensor][0] <= {one for _, one in _flat(before.inputs)}:
                final[tensor] = tensor
        saved.CopyFrom(before)
        for info in [*saved.inputs.values(), *saved.outputs.values()]:
            if info.WhichOneof("encoding") == "coo_sparse":
                sparse = info.coo_sparse
                sparse.indices_tensor_name = final[sparse.indices_tensor_name]
                sparse.values_tensor_name = final[sparse.values_tensor_name]
                sparse.dense_shape_tensor_name = final[sparse.dense_shape_tensor_name]
            else:
                info.name = final[info.name]
    for node in graph_def.node:
        for place, reference in enumerate(node.input):
            mark, name, port = re.fullmatch(r"(\^?)([^:]*)(.*)", reference).groups()  # type: ignore[union-attr]
            node.input[place] = mark + renamed.get(name, name) + port
        node.name = renamed.get(node.name, node.name)
    for tensor, constant in defaults.items():
        op = tensor.partition(":")[0]
        if op in renamed.values() and constant.name not in nodes:
            graph_def.node.add().CopyFrom(constant)
            nodes[op].op = "PlaceholderWithDefault"
            nodes[op].input.append(constant.name)
