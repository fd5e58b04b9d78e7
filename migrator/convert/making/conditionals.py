"""Conditionals of version 1 in an imported graph, as conditionals of version 2.

A conditional of version 1 is a Switch for everything that its branches take, and a Merge for
everything that they return.  In the branch that is not taken, tensors are dead: they have no value,
and not even a shape or a dtype where a gradient, computed in a function of its own, asks for them.
TensorFlow 2 has the gradient of an ``If``, whose branches are functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

__all__ = ["make_functional", "node_of"]

_LOOP_OPS = ("Enter", "Exit", "NextIteration", "LoopCond")

#: The branches that a node is in, outermost first: the tensor that decides, and 0 or 1.
Branches = tuple[tuple[str, int], ...]


def make_functional(
    graph_def: Any,
    wanted: Collection[str],
    dtype: Callable[[str], Any],
    shape: Callable[[str], Any],
    output_names: Callable[[Any], list[str]],
) -> None:
    """Turn v1 conditionals in ``graph_def`` into ``If``s; what is none of a usual form stays.

    Conditionals in loops stay, as loops have no gradient, and those around loops.

    Args:
        graph_def: is changed; the Merge of a conditional becomes an Identity of its name.
        wanted: the tensors that have to be there afterwards.
        dtype: returns the dtype of a tensor of the graph by its name.
        shape: returns its shape.
        output_names: returns for a node what its outputs are called in a function.
    """
    if not any(node.op == "Merge" for node in graph_def.node):
        return
    work = _Conditionals(graph_def, wanted, dtype, shape, output_names)
    while work.fold_innermost():
        pass
    work.finish()


@dataclass
class _Conditional:
    """The nodes of one conditional."""

    condition: str
    outside: Branches
    switches: list[Any]
    #: the other nodes of the branches: of the one for False, of the one for True
    nodes: tuple[list[Any], list[Any]]
    merges: list[Any]


class _Conditionals:
    """The conditionals of a GraphDef, folded from the innermost outwards."""

    def __init__(
        self,
        graph_def: Any,
        wanted: Collection[str],
        dtype: Callable[[str], Any],
        shape: Callable[[str], Any],
        output_names: Callable[[Any], list[str]],
    ) -> None:
        self._graph_def = graph_def
        self._nodes = {node.name: node for node in graph_def.node}
        self._wanted = set(wanted)
        self._dtype, self._shape, self._output_names = dtype, shape, output_names
        self._branches: dict[str, Branches] = {}
        self._depth: dict[str, int] = {}
        self._loops: set[str] = set()
        #: the names of Merges whose conditionals stay as they are
        self._left: set[str] = set()
        self._gone: set[str] = set()
        self._made: dict[str, list[int]] = {}
        self._order: dict[str, int] = {}
        self._users: dict[str, list[tuple[str, str]]] = {}
        self._place()

    def finish(self) -> None:
        """Remove what was folded from the GraphDef."""
        if self._gone:
            kept = [node for node in self._nodes.values() if node.name not in self._gone]
            del self._graph_def.node[:]
            self._graph_def.node.extend(kept)

    # --- where nodes are ----------------------------------------------------------------------

    def _place(self) -> None:
        """Find out which branches, and how many loops, each node is in."""
        for number, name in enumerate(self._ordered()):
            node = self._nodes[name]
            self._order[name] = number
            found: Branches = ()
            depth = 0
            for text in node.input:
                source = self._nodes.get(node_of(text))
                if source is None or source.op == "NextIteration":
                    continue
                inside = self._branches[source.name]
                if self._chooses(source) and not text.startswith("^"):
                    inside = (*inside, (self._condition(source), _port(text)))
                if node.op == "Merge" and name not in self._loops:
                    inside = inside[:-1]
                found = max(found, inside, key=len)
                depth = max(depth, self._depth[source.name] - (source.op == "Exit"))
            self._branches[name], self._depth[name] = found, depth + (node.op == "Enter")

    def _ordered(self) -> list[str]:
        """Return the nodes so that each comes after its inputs, loops cut open."""
        for node in self._nodes.values():
            if node.op == "Merge":
                sources = [self._nodes.get(node_of(text)) for text in node.input]
                if any(one is not None and one.op in ("NextIteration", "Enter") for one in sources):
                    self._loops.add(node.name)
            elif node.op == "Switch":
                decides = self._nodes.get(node_of(node.input[1]))
                if decides is not None and decides.op == "LoopCond":
                    self._loops.add(node.name)
        ordered: list[str] = []
        state: dict[str, bool] = {}
        for start in self._nodes:
            stack = [start]
            while stack:
                name = stack[-1]
                if name in state:
                    stack.pop()
                    if not state[name]:
                        state[name] = True
                        ordered.append(name)
                    continue
                state[name] = False
                for text in self._nodes[name].input:
                    source = self._nodes.get(node_of(text))
                    if source is None or source.name in state or source.op == "NextIteration":
                        continue
                    stack.append(source.name)
        return ordered

    def _chooses(self, node: Any) -> bool:
        return node.op == "Switch" and node.name not in self._loops

    # --- conditionals -------------------------------------------------------------------------

    def fold_innermost(self) -> bool:
        """Fold one round of conditionals that hold no others; say whether there was one."""
        found = self._innermost()
        self._users = self._all_users() if found else {}
        folded = False
        for one in found:
            key = min(merge.name for merge in one.merges)
            if key in self._left:
                continue
            if self._is_usual(one):
                self._fold(one)
                folded = True
            else:
                self._left.add(key)
        return folded

    def _innermost(self) -> list[_Conditional]:
        """Return the conditionals in none of whose branches there is another one."""
        #: what is around a conditional and its condition -> its nodes, and what each is to it
        groups: dict[tuple[Branches, str], dict[str, str]] = {}
        for name, node in self._nodes.items():
            if name in self._gone:
                continue
            inside = self._branches[name]
            chooses = self._chooses(node)
            joins = node.op == "Merge" and name not in self._loops
            if chooses:
                groups.setdefault((inside, self._condition(node)), {})[name] = "switch"
            if joins:
                for side in map(self._side, node.input):
                    if side is not None:
                        groups.setdefault(side[:2], {})[name] = "merge"
            for level, (condition, number) in enumerate(inside):
                deeper = chooses or joins or level + 1 < len(inside)
                kind = "deeper" if deeper else ("false", "true")[number]
                groups.setdefault((inside[:level], condition), {})[name] = kind
        return [
            self._conditional(condition, outside, part)
            for (outside, condition), members in groups.items()
            for part in self._connected(members)
            if "deeper" not in part.values() and "merge" in part.values()
        ]

    def _conditional(
        self, condition: str, outside: Branches, members: Mapping[str, str]
    ) -> _Conditional:
        def of(kind: str) -> list[Any]:
            return [self._nodes[name] for name, one in members.items() if one == kind]

        return _Conditional(
            condition, outside, of("switch"), (of("false"), of("true")), of("merge")
        )

    def _connected(self, members: Mapping[str, str]) -> list[dict[str, str]]:
        """Return the nodes in parts that do not refer to each other: a conditional each.

        Several may have one condition, and one of them may take what another returns.
        """
        of = {name: name for name in members}

        def root(name: str) -> str:
            while of[name] != name:
                of[name] = of[of[name]]
                name = of[name]
            return name

        for name in members:
            for text in self._nodes[name].input:
                source = node_of(text)
                if source not in members:
                    continue
                # a Switch takes what is outside of the conditional, a Merge returns it there
                if members[name] != "switch" and members[source] != "merge":
                    of[root(name)] = root(source)
        parts: dict[str, dict[str, str]] = {}
        for name, kind in members.items():
            parts.setdefault(root(name), {})[name] = kind
        return list(parts.values())

    def _condition(self, switch: Any) -> str:
        """Return the tensor that decides for a Switch, through Identities."""
        text = switch.input[1]
        while (source := self._nodes[node_of(text)]).op == "Identity":
            text = source.input[0]
        return _full(text)

    def _side(self, text: str) -> tuple[Branches, str, int] | None:
        """Return the branch whose tensor ``text`` is, as what is around it, condition and side."""
        node = self._nodes[node_of(text)]
        inside = self._branches[node.name]
        if self._chooses(node):
            inside = (*inside, (self._condition(node), _port(text)))
        return (inside[:-1], *inside[-1]) if inside else None

    def _is_usual(self, one: _Conditional) -> bool:
        """Say whether a conditional can be folded without changing what it does."""
        nodes = [*one.nodes[0], *one.nodes[1]]
        own = {node.name for node in (*nodes, *one.switches)}
        merges = {node.name for node in one.merges}
        every = [*nodes, *one.switches, *one.merges]
        if any(self._depth[node.name] or node.op in _LOOP_OPS for node in every):
            return False
        if any(node.name in self._loops for node in nodes):
            return False
        for merge in one.merges:
            sides = [self._side(text) for text in merge.input if not text.startswith("^")]
            if any(text.startswith("^") for text in merge.input) or len(sides) != 2:
                return False
            if {side[2] for side in sides if side is not None} != {0, 1}:
                return False
            if any(side is None or side[:2] != (one.outside, one.condition) for side in sides):
                return False
            if self._dtype(f"{merge.name}:0") in (tf.resource, tf.variant):
                return False
        for text in self._wanted:
            if node_of(text) in own or (node_of(text) in merges and _port(text)):
                return False
        for merge in merges:
            if any(_port(text) for text, _ in self._users.get(merge, ()) if text[0] != "^"):
                return False
        for name in own:
            if any(user not in own and user not in merges for _, user in self._users.get(name, ())):
                return False
        # A branch may take what is outside; what the conditional itself returned, it cannot.
        return not self._waits(self._arguments(one), merges)

    def _all_users(self) -> dict[str, list[tuple[str, str]]]:
        """Return for each node the inputs that refer to it, with the names of their nodes."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name, node in self._nodes.items():
            if name not in self._gone:
                for text in node.input:
                    found.setdefault(node_of(text), []).append((text, name))
        return found

    def _waits(self, texts: Iterable[str], merges: Collection[str]) -> bool:
        """Say whether some inputs are computed from one of the nodes ``merges``."""
        first = min(self._order[name] for name in merges)
        seen: set[str] = set()
        stack = [node_of(text) for text in texts]
        while stack:
            name = stack.pop()
            if name in merges:
                return True
            if name not in seen and self._order.get(name, -1) > first:
                seen.add(name)
                stack.extend(node_of(text) for text in self._nodes[name].input)
        return False

    def _arguments(self, one: _Conditional) -> list[str]:
        """Return what the branches take from outside, the condition excluded, control included."""
        own = {node.name for side in one.nodes for node in side}
        switches = {node.name for node in one.switches}
        found = {_full(node.input[0]): None for node in one.switches}
        found |= {t: None for node in one.switches for t in node.input if t.startswith("^")}
        for side in one.nodes:
            for node in side:
                for text in node.input:
                    if node_of(text) not in own and node_of(text) not in switches:
                        found[text if text.startswith("^") else _full(text)] = None
        return list(found)

    def _fold(self, one: _Conditional) -> None:
        """Make an If of a conditional."""
        every = self._arguments(one)
        given = [text for text in every if not text.startswith("^")]
        waits = [text for text in every if text.startswith("^")]
        base = min(node.name for node in one.merges)
        node = self._graph_def.node.add(name=f"{base}/tf_migrator_if", op="If")
        node.input.extend([one.condition, *given, *waits])
        types = [self._type(f"{merge.name}:0") for merge in one.merges]
        node.attr["Tcond"].type = tf.bool.as_datatype_enum
        node.attr["Tin"].list.type.extend(self._type(text) for text in given)
        node.attr["Tout"].list.type.extend(types)
        for merge in one.merges:
            node.attr["output_shapes"].list.shape.add().CopyFrom(self._shape(f"{merge.name}:0"))
        node.attr["_lower_using_switch_merge"].b = True
        for side, key in ((1, "then_branch"), (0, "else_branch")):
            node.attr[key].func.name = self._branch(one, side, given, node.name, types)
        self._nodes[node.name] = node
        self._branches[node.name], self._depth[node.name] = one.outside, 0
        # where the last of them was: what the conditional takes may come after the first
        self._order[node.name] = max(self._order[merge.name] for merge in one.merges)
        self._made[node.name] = types
        for place, merge in enumerate(one.merges):
            del merge.input[:]
            merge.input.append(f"{node.name}:{place}")
            merge.op = "Identity"
            merge.attr.clear()
            merge.attr["T"].type = types[place]
        self._gone.update(x.name for x in (*one.nodes[0], *one.nodes[1], *one.switches))

    def _branch(
        self, one: _Conditional, side: int, given: list[str], name: str, types: list[int]
    ) -> str:
        """Add the function of one branch; return its name."""
        function = self._graph_def.library.function.add()
        signature = function.signature
        signature.name = f"{name.replace('/', '_').replace('.', '_')}_{('false', 'true')[side]}"
        arguments = {}
        for number, text in enumerate(given):
            arguments[text] = f"argument_{number}"
            signature.input_arg.add(name=arguments[text], type=self._type(text))
        switches = {node.name: node for node in one.switches}
        here = {node.name: node for node in one.nodes[side]}

        def inner(text: str) -> str:
            """Return what an input is called in the function."""
            if node_of(text) in switches:
                return arguments[_full(switches[node_of(text)].input[0])]
            if node_of(text) in here:
                outputs = self._outputs(here[node_of(text)])
                return f"{node_of(text)}:{outputs[_port(text)]}"
            return arguments[_full(text)]

        for node in one.nodes[side]:
            made = function.node_def.add()
            made.CopyFrom(node)
            del made.input[:]
            for text in node.input:
                if not text.startswith("^"):
                    made.input.append(inner(text))
                elif node_of(text) in here:
                    made.input.append(text)
            if self._is_stateful(node):
                signature.is_stateful = True
                signature.control_output.append(node.name)
                function.control_ret[node.name] = node.name
        for place, merge in enumerate(one.merges):
            (text,) = (
                t for t in merge.input if (found := self._side(t)) is not None and found[2] == side
            )
            signature.output_arg.add(name=f"result_{place}", type=types[place])
            function.ret[f"result_{place}"] = inner(text)
        # All functions of a process share their names: those of other signatures as well.
        content = function.SerializeToString(deterministic=True)
        signature.name += f"_{hashlib.sha256(content).hexdigest()[:12]}"
        return str(signature.name)

    def _type(self, text: str) -> int:
        """Return the number of the dtype of a tensor."""
        node = self._nodes[node_of(text)]
        if node.name in self._made:
            return self._made[node.name][_port(text)]
        if node.op == "Placeholder":
            return int(node.attr["dtype"].type)
        return int(self._dtype(_full(text)).base_dtype.as_datatype_enum)

    def _outputs(self, node: Any) -> list[str]:
        if node.name in self._made:
            return [f"output:{number}" for number in range(len(self._made[node.name]))]
        if node.op == "Identity":  # it may have been a Merge
            return ["output:0"]
        return self._output_names(node)

    def _is_stateful(self, node: Any) -> bool:
        return node.op in ("Assert", "Print", "PrintV2")


def node_of(text: str) -> str:
    """Return the name of the node, or of the argument, that an input refers to."""
    return text.lstrip("^").partition(":")[0]


def _port(text: str) -> int:
    return int(text.partition(":")[2] or 0)


def _full(text: str) -> str:
    """Return the name of a tensor, with its number."""
    return text if ":" in text else f"{text}:0"
