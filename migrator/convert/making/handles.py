"""Variables by value in conditionals and functions of an imported graph, so that they train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from migrator.convert.making.conditionals import node_of

__all__ = ["pass_values"]

_INT32 = tf.int32.as_datatype_enum
_HANDLE = tf.resource.as_datatype_enum
#: Ops that call functions -> the place of the input that is the functions' first argument.
_CALLS = {"If": 1, "StatelessIf": 1, "Case": 1, "StatelessCase": 1, "While": 0}
_CALLS |= {"StatelessWhile": 0, "PartitionedCall": 0, "StatefulPartitionedCall": 0}
_LOOPS = ("While", "StatelessWhile")

#: dtype (its number) and shape (a proto) of a variable
Variable = tuple[int, Any]


def pass_values(graph_def: Any, handles: Mapping[str, Variable]) -> None:
    """Give values of variables, not handles, to conditionals and functions in ``graph_def``.

    TensorFlow does not find its way back from a handle to the variable through a Switch that
    was imported, nor through nested functions that were saved and loaded: there is no gradient.
    From a value there is.  So the variable is read where its handle is, and the value takes the
    handle's way.  Handles that more than reading is done with stay.

    Args:
        graph_def: is changed.
        handles: the names of the nodes that are handles.
    """
    _Rewriting(graph_def).graph(handles)


@dataclass
class _Scope:
    """The nodes of a graph or a function, and what its variables' handles are."""

    #: a repeated field, to which nodes are added
    nodes: Any
    #: the text of an input that is a handle, or a value that took its place -> the variable
    handles: dict[str, Variable]
    inside: bool = False
    #: of a function: its results -> the inputs that they are
    returned: Any = None
    by_name: dict[str, Any] = field(default_factory=dict)
    #: old texts of inputs -> new ones, for :meth:`rename`
    renamed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name = {node.name: node for node in self.nodes}

    def origin(self, text: str) -> tuple[str, list[str]]:
        """Return the handle that ``text`` is (or an empty string), and the Switches on the way."""
        switches = []
        while text not in self.handles:
            node = self.by_name.get(node_of(text))
            if node is None or node.op not in ("Identity", "Switch") or text.startswith("^"):
                return "", []
            if node.op == "Switch":
                switches.append(text)
            text = node.input[0]
        return text, switches

    def added(self, name: str, op: str, inputs: list[str], **types: int) -> Any:
        """Return the node of this name, adding it where it is not there."""
        if name not in self.by_name:
            node = self.nodes.add(name=name, op=op, input=inputs)
            for key, value in types.items():
                node.attr[key].type = value
            self.by_name[name] = node
        return self.by_name[name]

    def rename(self) -> None:
        """Make everything that takes what is ``renamed`` take its new name."""
        for node in self.nodes if self.renamed else ():
            for place, text in enumerate(node.input):
                if text in self.renamed:
                    node.input[place] = self.renamed[text]
        for result, text in list(self.returned.items()):
            self.returned[result] = self.renamed.get(text, text)


class _Rewriting:
    """The rewriting of one GraphDef."""

    def __init__(self, graph_def: Any) -> None:
        self._graph_def = graph_def
        self._library = {one.signature.name: one for one in graph_def.library.function}
        #: function, places of arguments, whether of a loop -> the function that takes values there
        self._made: dict[tuple[str, tuple[int, ...], bool], str] = {}
        self._asked: dict[tuple[str, int, bool], bool] = {}
        self._users: dict[str, dict[str, list[Any]]] = {}
        # Until nothing changes: a body may pass on what a loop within it passes on.
        while any(self._pass_by(*part) for part in self._parts()):
            pass

    def _parts(self) -> list[tuple[Any, Any, str]]:
        """Return nodes, results and what goes before an output's number, of graph and functions."""
        functions = self._library.values()
        return [
            (self._graph_def.node, {}, ":"),
            *((one.node_def, one.ret, ":output:") for one in functions),
        ]

    def _pass_by(self, nodes: Any, returned: Any, colon: str) -> bool:
        """Let what takes a handle out of a loop take it from where the loop does.

        A loop returns all that it is given, the handles that it only reads from as well.
        """
        found: dict[str, tuple[str, str]] = {}
        for node in nodes:
            body = self._library.get(node.attr["body"].func.name) if node.op in _LOOPS else None
            if body is None:
                continue
            users = _users(body)
            for place, dtype in enumerate(node.attr["T"].list.type):
                argument = body.signature.input_arg[place].name
                kept = body.ret[body.signature.output_arg[place].name]
                if dtype == _HANDLE and kept in _copies(users, argument):
                    found[f"{node.name}{colon}{place}"] = (node.input[place], node.name)
                    if colon == ":" and place == 0:
                        found[node.name] = (node.input[place], node.name)
        changed = False
        for node in nodes if found else ():
            for place, text in enumerate(node.input):
                if text in found:
                    node.input[place], loop = found[text]
                    node.input.append(f"^{loop}")
                    changed = True
        for result, text in list(returned.items()) if found else ():
            if text in found:
                returned[result] = found[text][0]
                changed = True
        return changed

    def graph(self, handles: Mapping[str, Variable]) -> None:
        """Rewrite the graph itself, where a value is read from its handle."""
        found = {text: one for name, one in handles.items() for text in (name, f"{name}:0")}
        scope = _Scope(self._graph_def.node, found)
        for node in list(scope.nodes):
            if node.op in ("ReadVariableOp", "ResourceGather"):
                if scope.origin(node.input[0])[1]:
                    self._reads(scope, node)
            else:
                self._call(scope, node)

    def _value(self, scope: _Scope, text: str) -> str:
        """Return the input that is the value of the variable whose handle ``text`` is."""
        handle, switches = scope.origin(text)
        dtype = scope.handles[handle][0]
        value = handle
        if not scope.inside:
            name = node_of(handle)
            read = scope.added(f"{name}/value_of", "ReadVariableOp", [name], dtype=dtype)
            value = str(read.name)
        for switch in reversed(switches):
            name, _, port = switch.partition(":")
            condition = scope.by_name[name].input[1]
            made = scope.added(f"{name}/value_of", "Switch", [value, condition], T=dtype)
            value = f"{made.name}:{port or 0}"
        return value

    def _reads(self, scope: _Scope, node: Any) -> None:
        """Make what reads a variable take its value."""
        handle, _ = scope.origin(node.input[0])
        dtype, value = scope.handles[handle][0], self._value(scope, node.input[0])
        rest, kind, batch = (
            list(node.input)[1:],
            node.attr["Tindices"].type,
            node.attr["batch_dims"].i,
        )
        del node.input[:]
        node.attr.clear()
        if node.op == "ReadVariableOp":
            node.op = "Identity"
            node.input.extend([value, *rest])
            node.attr["T"].type = dtype
            if scope.inside:
                scope.renamed[f"{node.name}:value:0"] = f"{node.name}:output:0"
            return
        axis = scope.added(f"{node.name}/axis", "Const", [], dtype=_INT32)
        axis.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(batch, tf.int32))
        node.op = "GatherV2"
        output = ":output:0" if scope.inside else ""
        node.input.extend([value, rest[0], f"{axis.name}{output}", *rest[1:]])
        node.attr["Tparams"].type, node.attr["Tindices"].type = dtype, kind
        node.attr["Taxis"].type = _INT32
        node.attr["batch_dims"].i = batch

    def _call(self, scope: _Scope, node: Any) -> None:
        """Make a node call functions of values, where its functions can take them."""
        functions = self._called(node)
        if not functions:
            return
        first = _CALLS.get(node.op, 0)
        given = {}
        for place, text in enumerate(node.input):
            handle = scope.origin(text)[0]
            if place >= first and handle:
                given[place - first] = scope.handles[handle]
        given = {
            place: one
            for place, one in given.items()
            if all(self._takes(name, place, node.op in _LOOPS) for name in functions)
        }
        if not given:
            return
        for place in given:
            node.input[first + place] = self._value(scope, node.input[first + place])
        renamed = {name: self._function(name, given, node.op in _LOOPS) for name in functions}
        if node.op in renamed:
            node.op = renamed[node.op]
            return
        for value in node.attr.values():
            for one in [value.func, *value.list.func]:
                if one.name in renamed:
                    one.name = renamed[one.name]
        types = node.attr["T" if node.op in _LOOPS else "Tin"].list.type
        shapes = node.attr["output_shapes"].list.shape if node.op in _LOOPS else ()
        for place, (dtype, shape) in given.items():
            types[place] = dtype
            if place < len(shapes):
                shapes[place].CopyFrom(shape)

    def _called(self, node: Any) -> list[str]:
        if node.op in self._library:
            return [node.op]
        if node.op not in _CALLS:
            return []
        names = [one.name for value in node.attr.values() for one in [value.func, *value.list.func]]
        return [name for name in names if name in self._library]

    def _takes(self, name: str, place: int, loop: bool) -> bool:
        """Say whether a function only reads the variable whose handle is its argument."""
        if (name, place, loop) not in self._asked:
            self._asked[name, place, loop] = True  # for what calls itself
            self._asked[name, place, loop] = self._only_reads(name, place, loop)
        return self._asked[name, place, loop]

    def _users_in(self, name: str) -> dict[str, list[Any]]:
        if name not in self._users:
            self._users[name] = _users(self._library[name])
        return self._users[name]

    def _only_reads(self, name: str, place: int, loop: bool) -> bool:
        function = self._library[name]
        argument = function.signature.input_arg[place].name
        users = self._users_in(name)
        known = set(_copies(users, argument))
        for node in (one for text in sorted(known) for one in users.get(text, ())):
            if node.op in ("Identity", "ReadVariableOp", "ResourceGather"):
                continue
            functions = self._called(node)
            first = _CALLS.get(node.op, 0)
            places = [number - first for number, text in enumerate(node.input) if text in known]
            if not functions or min(places) < 0:
                return False
            if not all(
                self._takes(inner, one, node.op in _LOOPS) for inner in functions for one in places
            ):
                return False
        returned = [out.name for out in function.signature.output_arg]
        kept = [number for number, out in enumerate(returned) if function.ret[out] in known]
        # the body of a loop passes on what it does not change; its condition returns one value
        return not kept or (loop and kept == [place])

    def _function(self, name: str, given: Mapping[int, Variable], loop: bool) -> str:
        """Return the name of the function that takes values for some arguments."""
        key = (name, tuple(sorted(given)), loop)
        if key in self._made:
            return self._made[key]
        function = self._graph_def.library.function.add()
        function.CopyFrom(self._library[name])
        places = "_".join(map(str, key[1]))
        # All functions of a process share their names: those of other signatures as well.
        self._made[key] = new = f"{name}_of_{'invariants' if loop else 'values'}_{places}"
        function.signature.name = new
        function.attr.pop("_input_shapes", None)
        function.resource_arg_unique_id.clear()
        handles = {}
        for place, (dtype, shape) in given.items():
            argument = function.signature.input_arg[place]
            argument.type = dtype
            del argument.handle_data[:]
            function.arg_attr.pop(place, None)
            handles[argument.name] = (dtype, shape)
        scope = _Scope(function.node_def, handles, inside=True, returned=function.ret)
        for argument in list(handles):
            for text in _copies(self._users_in(name), argument)[1:]:
                handles[text] = handles[argument]
                scope.by_name[node_of(text)].attr["T"].type = handles[argument][0]
        for number, out in enumerate(function.signature.output_arg):
            if loop and number in given and function.ret[out.name] in handles:
                out.type = given[number][0]
                del out.handle_data[:]
        for node in list(function.node_def):
            if node.op in ("ReadVariableOp", "ResourceGather"):
                if scope.origin(node.input[0])[0]:
                    self._reads(scope, node)
            else:
                self._call(scope, node)
        scope.rename()
        return new


def _users(function: Any) -> dict[str, list[Any]]:
    """Return the nodes of a function by the inputs that they take."""
    found: dict[str, list[Any]] = {}
    for node in function.node_def:
        for text in node.input:
            found.setdefault(text, []).append(node)
    return found


def _copies(users: Mapping[str, list[Any]], text: str) -> list[str]:
    """Return an input of a function's nodes and the Identities of it."""
    known = [text]
    for one in known:
        known.extend(
            f"{node.name}:output:0" for node in users.get(one, ()) if node.op == "Identity"
        )
    return known
