"""The variables and tables of an imported graph as resources that are held outside of it.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_import`.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.graph_loops import _ARRAY_GRADIENTS, _gradient_name

__all__: list[str] = []

_VARIABLE = re.compile("Variable(V2)?|VarHandleOp")
_TABLE = re.compile("(Mutable|MutableDense)?HashTable(OfTensors)?(V2)?")
_PASSING = re.compile("Ref(Enter|Exit|Identity|Merge|NextIteration|Switch)")
#: what an operation on a reference is for a resource, where it is not the same after "Resource"
_FOR_RESOURCES = {
    "Assign": "AssignVariableOp",
    "AssignAdd": "AssignAddVariableOp",
    "AssignSub": "AssignSubVariableOp",
    "IsVariableInitialized": "VarIsInitializedOp",
}
_numbers = itertools.count()


class _Resources:
    """A GraphDef in which no reference is left.

    What was a reference variable is, under its name, the reading of a resource that the graph is
    given; what changed it is, under its name, the reading that follows the change.

    Args:
        graph_def: is changed.
        producer_op_list: the operations where it was written, None if that is not known.
    """

    def __init__(self, graph_def: Any, producer_op_list: Any) -> None:
        _rename_functions(graph_def)
        for node in [*graph_def.node, *(n for f in graph_def.library.function for n in f.node_def)]:
            node.device = ""  # of the machine that trained
            for name in ("_class", "_output_shapes"):  # the second may contradict newer functions
                node.attr.pop(name, None)
        self.graph = tf.Graph()  #: as it was
        with self.graph.as_default():
            tf.graph_util.import_graph_def(graph_def, name="", producer_op_list=producer_op_list)
        #: the operations that hold variables, by name
        self.variables: dict[str, Any] = {}
        #: and those that hold tables
        self.tables: dict[str, Any] = {}
        for op in self.graph.get_operations():
            for kind, held in ((_VARIABLE, self.variables), (_TABLE, self.tables)):
                if kind.fullmatch(op.type):
                    held[op.name] = op
        #: by an operation's name: the reference variable whose memory its outputs are
        self._memory: dict[str, str] = {}
        # And the variables that have been changed when it is done, as bits of a number.
        self._bits: dict[str, int] = {}
        self._changed: dict[str, int] = {}
        self._trace({node.name: node for node in graph_def.node})
        self._prefix = f"tf2_bridge_{next(_numbers)}"  # of what is shared by parts of the graph
        nodes = [new for node in graph_def.node for new in self._nodes(node)]
        del graph_def.node[:]
        graph_def.node.extend(nodes)

    @staticmethod
    def placeholder(name: str) -> str:
        """Return the name of what the handle of the variable or table ``name`` is given for."""
        return f"tf2_bridge/{name}"

    def _nodes(self, node: Any) -> Iterator[Any]:
        """Yield what becomes of a node."""
        op = self.graph.get_operation_by_name(node.name)
        controls = [one for one in node.input if one.startswith("^")]
        yield from self._late_reads(node, op)
        taken = _references(op)
        handles = {index: self._handle(op.inputs[index], controls) for index in taken}
        for_resources = _for_resources(op)
        if op.name in self.variables or op.name in self.tables:
            kind = "Identity" if op.outputs[0].dtype == tf.resource else "ReadVariableOp"
            if op.name in self.tables:
                kind = "Identity"
            yield self._of_handle(op.name, kind, self.placeholder(op.name), op.outputs[0])
        elif not taken:
            if any(one.name == "shared_name" for one in op.op_def.attr):
                # Parts of the graph that run at different times use the same queue or iterator.
                shared = op.get_attr("shared_name") or op.name.encode()
                node.attr["shared_name"].s = f"{self._prefix}_".encode() + shared
            if op.type in _ARRAY_GRADIENTS and "_gradient_op_type" not in node.attr:
                node.attr["_gradient_op_type"].s = _gradient_name(op.type).encode()
            yield node
            if op.type in ("Enter", "Switch") and op.name in self._memory:
                yield self._passing(node, {0: self._handle(op.inputs[0], [])}, controls)
        elif None in handles.values() or not (_PASSING.fullmatch(op.type) or for_resources):
            yield _refused(node, op)
        elif for_resources:
            node.op = for_resources
            _set_inputs(node, handles, controls)
            if re.match("Assign|Scatter[^N]", op.type):
                node.attr["dtype"].CopyFrom(node.attr.pop("T"))
                node.attr.pop("use_locking", None)
            if op.type == "IsVariableInitialized":
                node.attr.pop("dtype", None)
            if any(output.is_ref for output in op.op_def.output_arg):
                node.name += "/tf2_bridge"
                wait = [f"^{node.name}"]
                yield self._of_handle(
                    op.name, "ReadVariableOp", handles[taken[0]], op.outputs[0], wait
                )
            yield node
        else:
            node.op = op.type.removeprefix("Ref")
            yield from (node, self._passing(node, handles, controls))

    def _trace(self, nodes: Mapping[str, Any]) -> None:
        """Find out whose memory the operations give, and what has been changed after them."""
        for op in self.graph.get_operations():  # but for loops, each comes after what it needs
            before = [_node(one) for one in nodes[op.name].input]
            changed = 0
            for one in before:
                changed |= self._changed.get(one, 0)
            if op.type in ("Variable", "VariableV2"):
                self._memory[op.name] = op.name
                self._bits[op.name] = 1 << len(self._bits)
            elif re.fullmatch("(Ref)?(Identity|Switch|Enter)", op.type):
                if before[0] in self._memory and not nodes[op.name].input[-1].startswith("^"):
                    self._memory[op.name] = self._memory[before[0]]
            elif _for_resources(op):
                for index in _references(op):
                    changed |= self._bits.get(self._memory.get(before[index], ""), 0)
            if changed:
                self._changed[op.name] = changed

    def _late_reads(self, node: Any, op: Any) -> Iterator[Any]:
        """Yield what reads variables for an operation that comes after a change of them.

        In TF1 it shared the variable's memory, however early that had been read.
        """
        changed, before = self._changed.get(op.name, 0), [_node(one) for one in node.input]
        for index, tensor in enumerate(op.inputs if changed and "Merge" not in op.type else ()):
            held = self._memory.get(before[index])
            bit = self._bits.get(held or "", 0)
            if not changed & bit or index in _references(op):
                continue
            others = [one for one in before if self._memory.get(one) != held]
            wait = [f"^{one}" for one in others if self._changed.get(one, 0) & bit]
            if wait:
                name = f"{op.name}/tf2_bridge_{index}"
                handle = self._handle(tensor, [])
                wait = list(dict.fromkeys(wait))
                yield self._of_handle(name, "ReadVariableOp", handle, tensor, wait)
                node.input[index] = name

    def _handle(self, tensor: Any, controls: list[str]) -> str | None:
        """Return the input that is the handle of the variable that ``tensor`` refers to.

        What has to be waited for is added to ``controls``.
        """
        op = tensor.op
        if op.name in self.variables or op.name in self.tables:
            return self.placeholder(op.name)
        if op.type == "Identity":
            return self._handle(op.inputs[0], controls)
        taken = _references(op)
        if _PASSING.fullmatch(op.type) or op.type in ("Enter", "Switch"):
            return f"{op.name}/tf2_bridge:{tensor.value_index}"
        if not taken or not _for_resources(op):
            return None
        controls.append(f"^{op.name}")
        return self._handle(op.inputs[taken[0]], controls)

    @staticmethod
    def _passing(node: Any, handles: dict[int, str | None], controls: list[str]) -> Any:
        """Return what passes on the handle of the variable whose value ``node`` passes on."""
        result = tf.compat.v1.NodeDef()
        result.CopyFrom(node)
        result.name += "/tf2_bridge"
        result.attr["T"].type = tf.resource.as_datatype_enum
        _set_inputs(result, handles, controls)
        return result

    @staticmethod
    def _of_handle(
        name: str, kind: str, handle: Any, tensor: Any, controls: list[str] | tuple[()] = ()
    ) -> Any:
        node = tf.compat.v1.NodeDef(name=name, op=kind, input=[handle, *controls])
        dtype = tf.resource if kind == "Identity" else tensor.dtype.base_dtype
        node.attr["T" if kind == "Identity" else "dtype"].type = dtype.as_datatype_enum
        return node


def _references(op: Any) -> list[int]:
    """Return the places of the inputs that ``op`` takes by reference."""
    result: list[int] = []
    place = 0
    for argument in op.op_def.input_arg:
        count = 1
        if argument.number_attr:
            count = op.get_attr(argument.number_attr)
        elif argument.type_list_attr:
            count = len(op.get_attr(argument.type_list_attr))
        if argument.is_ref:
            result.extend(range(place, place + count))
        place += count
    return result


def _for_resources(op: Any) -> str | None:
    """Return the type of operation that does to a resource what ``op`` does to a reference."""
    found = _FOR_RESOURCES.get(op.type)
    for name in (f"Resource{op.type}", f"{op.type}V2" if "Table" in op.type else ""):
        found = found or (name if hasattr(tf.raw_ops, name) else None)
    return found


def _node(reference: str) -> str:
    """Return the name of the node that an input of another one refers to."""
    return reference.lstrip("^").partition(":")[0]


def _set_inputs(node: Any, handles: dict[int, str | None], controls: list[str]) -> None:
    values = [one for one in node.input if not one.startswith("^")]
    del node.input[:]
    node.input.extend([*(handles.get(index, one) for index, one in enumerate(values)), *controls])


def _refused(node: Any, op: Any) -> Any:
    """Return what stands for a node that is refused where it is run."""
    result = tf.compat.v1.NodeDef(name=node.name, op="Placeholder" if op.outputs else "NoOp")
    dtype = op.outputs[0].dtype.base_dtype if op.outputs else tf.resource
    result.attr["dtype"].type = dtype.as_datatype_enum
    result.attr["_refused"].s = op.type.encode()
    return result


def _rename_functions(graph_def: Any) -> None:
    """Give functions names that no function of this program has, unless it is the same one."""
    library = graph_def.library
    if not library.function:
        return
    digest = hashlib.sha256(library.SerializeToString(deterministic=True)).hexdigest()[:12]
    names = {one.signature.name: f"{one.signature.name}_{digest}" for one in library.function}
    nodes = list(graph_def.node)
    for function in library.function:
        function.signature.name = names[function.signature.name]
        nodes.extend(function.node_def)
    for gradient in library.gradient:
        gradient.function_name = names.get(gradient.function_name, gradient.function_name)
        gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)
    for node in nodes:
        node.op = names.get(node.op, node.op)
        for value in node.attr.values():
            for one in (
                (value.func, *value.list.func) if value.HasField("func") else value.list.func
            ):
                one.name = names.get(one.name, one.name)


def _new_table(op: Any) -> Any:
    """Return a table like the one that ``op`` holds, which lives as long as its handle."""
    kind = op.type.removesuffix("V2")
    options = {
        one.name: op.get_attr(one.name)
        for one in op.op_def.attr
        if one.name not in ("container", "shared_name", "use_node_name_sharing", "key_dtype")
    }
    if kind == "MutableDenseHashTable":
        keys = zip(("empty_key", "deleted_key"), op.inputs, strict=False)
        options.update({key: tf.make_ndarray(one.op.get_attr("value")) for key, one in keys})
    else:
        options["key_dtype"] = op.get_attr("key_dtype")
    return getattr(tf.raw_ops, f"Anonymous{kind}")(**options)
