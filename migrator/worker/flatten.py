"""Graphs without function calls: what a function holds becomes nodes of the graph itself."""

from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from .common import _producer

CALLS = ("PartitionedCall", "StatefulPartitionedCall")

#: A graph with more nodes than this, or deeper calls, is not flattened: functions that call
#: each other twice at every level double their nodes at every level.
MOST_NODES = 50000
MOST_DEPTH = 40


class TooLarge(Exception):
    """Say that a graph is too large, or its functions too deep, to be flattened."""


def registered_op(name: str) -> Any:
    """Return the definition of an op that this TensorFlow knows; None where it knows none."""
    from tensorflow.python.framework import op_def_registry as registry

    if hasattr(registry, "get"):
        return registry.get(name)
    return registry.get_registered_ops().get(name)  # TensorFlow before 2.0


def slice_of(nodes: Dict[str, Any], start: str) -> Set[str]:
    """Return the names of the nodes that node ``start`` depends on, itself included."""
    seen: Set[str] = set()
    stack = [start]
    while stack:
        name = stack.pop()
        if name not in seen and name in nodes:
            seen.add(name)
            stack.extend(_producer(text) for text in nodes[name].input)
    return seen


class Flat:
    """The nodes of a graph in which the calls that one tensor depends on are expanded.

    ``nodes`` are the nodes by name; ``local`` maps the name of a node that came out of a
    function to its name there; ``tensor`` is where the tensor asked for is found.

    The definitions of ops, which say how many tensors an output is, come with the meta graph
    (``meta_info_def.stripped_op_list``) or from the registry of the TensorFlow that runs.

    Raises:
        TooLarge: see ``MOST_NODES``.
    """

    def __init__(self, graph: Any, ops: Sequence[Any], tensor: str) -> None:
        self._library = {function.signature.name: function for function in graph.library.function}
        self._ops = {op.name: op for op in ops}
        self.nodes: Dict[str, Any] = {node.name: node for node in graph.node}
        self.local: Dict[str, str] = {}
        self._moved: Dict[Tuple[str, int], str] = {}
        self._controls: Dict[str, List[str]] = {}
        self._target = tensor
        for _ in range(MOST_DEPTH):
            calls = self._calls()
            if not calls:
                break
            for name in calls:
                self._expand(name)
            self._rewire()
        else:
            raise TooLarge("its functions call each other more than %d deep" % MOST_DEPTH)
        self.tensor = self._target

    def _calls(self) -> List[str]:
        reached = slice_of(self.nodes, _producer(self._target))
        return sorted(name for name in reached if self._function(self.nodes[name]) is not None)

    def _function(self, node: Any) -> Optional[Any]:
        if node.op in CALLS:
            return self._library.get(node.attr["f"].func.name)
        return self._library.get(node.op)

    def _expand(self, name: str) -> None:
        call = self.nodes.pop(name)
        function = self._function(call)
        assert function is not None
        if len(self.nodes) + len(function.node_def) > MOST_NODES:
            raise TooLarge("it has more than %d nodes once its functions are expanded" % MOST_NODES)
        data = [text for text in call.input if not text.startswith("^")]
        after = [text for text in call.input if text.startswith("^")]
        arguments = {arg.name: text for arg, text in zip(function.signature.input_arg, data)}
        starts = {node.name: self._starts(node) for node in function.node_def}

        def here(text: str) -> str:
            if text.startswith("^"):
                inner = text[1:]
                if inner in arguments:
                    return "^" + _producer(str(arguments[inner]))
                return "^%s/%s" % (name, inner)
            parts = text.split(":")
            if parts[0] in arguments:
                return str(arguments[parts[0]])
            index = int(parts[2]) if len(parts) > 2 else 0
            offset = starts[parts[0]].get(parts[1], 0) if len(parts) > 1 else 0
            return tensor_name("%s/%s" % (name, parts[0]), offset + index)

        for inner in function.node_def:
            node = type(inner)()
            node.CopyFrom(inner)
            node.name = "%s/%s" % (name, inner.name)
            own = [here(text) for text in inner.input]
            inside = any(_producer(text) in starts for text in inner.input)
            if own and not inside:
                own += after  # what the call waits for, its first nodes wait for
            del node.input[:]
            node.input.extend(unique_controls(own))
            self._fill(node, call)
            self.nodes[node.name] = node
            self.local[node.name] = inner.name
        for position, output in enumerate(function.signature.output_arg):
            self._moved[(name, position)] = here(function.ret[output.name])
        waits = [here("^" + inner) for inner in function.control_ret.values()]
        outputs = ["^" + _producer(self._moved[(name, i)]) for i in range(len(function.ret))]
        self._controls[name] = waits or outputs or after

    def _fill(self, node: Any, call: Any) -> None:
        """Give a copied node the attributes of its call, and a frame of its own."""
        for key in ("_class", "_output_shapes"):
            node.attr.pop(key, None)
        node.device = ""
        for key in list(node.attr):
            asked = node.attr[key].placeholder
            if asked and asked in call.attr:
                node.attr[key].CopyFrom(call.attr[asked])
        if node.op in ("Enter", "RefEnter"):
            frame = node.attr["frame_name"].s
            node.attr["frame_name"].s = call.name.encode("utf-8") + b"/" + frame

    def _starts(self, node: Any) -> Dict[str, int]:
        """Return, by name of an output of a node, the number of its first tensor."""
        function = self._library.get(node.op)
        definition = function.signature if function is not None else self._ops.get(node.op)
        if definition is None:
            definition = registered_op(node.op)
        if definition is None:
            raise TooLarge("the op %s is not known here" % node.op)
        found = {}
        count = 0
        for output in definition.output_arg:
            found[output.name] = count
            if output.number_attr:
                count += int(node.attr[output.number_attr].i)
            elif output.type_list_attr:
                count += len(node.attr[output.type_list_attr].list.type)
            else:
                count += 1
        return found

    def _place(self, text: str) -> str:
        """Return where a tensor went, following calls that returned their arguments."""
        for _ in range(MOST_DEPTH * MOST_DEPTH):
            name, _, index = text.partition(":")
            moved = self._moved.get((name, int(index or 0)))
            if moved is None:
                return text
            text = moved
        raise TooLarge("its functions return each other's arguments without end")

    def _rewire(self) -> None:
        gone = {name for name, _ in self._moved} | set(self._controls)
        for node in self.nodes.values():
            if not any(_producer(text) in gone for text in node.input):
                continue
            inputs: List[str] = []
            for text in node.input:
                if text.startswith("^"):
                    inputs.extend(self._waits(text))
                else:
                    inputs.append(self._place(text))
            del node.input[:]
            node.input.extend(unique_controls(inputs))
        self._target = self._place(self._target)

    def _waits(self, text: str) -> List[str]:
        stack, found = [text], []
        seen: Set[str] = set()
        while stack:
            current = stack.pop()
            if current in seen:
                continue
            seen.add(current)
            if current[1:] in self._controls:
                stack.extend(self._controls[current[1:]])
            else:
                found.append(current)
        return sorted(found)

    def place(self, tensor: str) -> str:
        """Return where a tensor of the original graph is found."""
        return self._place(tensor)

    def graph_def(self, like: Any) -> Any:
        """Return the flat graph as a GraphDef; versions and library are those of ``like``."""
        graph = type(like)()
        graph.versions.CopyFrom(like.versions)
        graph.library.CopyFrom(like.library)
        for name in sorted(self.nodes):
            graph.node.add().CopyFrom(self.nodes[name])
        return graph


def tensor_name(node: str, index: int) -> str:
    """Return a tensor's name as a node's input spells it."""
    return node if index == 0 else "%s:%d" % (node, index)


def unique_controls(inputs: Sequence[str]) -> List[str]:
    """Return a node's inputs with every control input once, and last."""
    data = [text for text in inputs if not text.startswith("^")]
    waits = dict.fromkeys(text for text in inputs if text.startswith("^"))
    own = {_producer(text) for text in data}
    return data + [text for text in waits if text[1:] not in own]


def flat_graph(meta: Any, tensor: str) -> Tuple[Any, Flat]:
    """Return a meta graph's GraphDef without the calls that ``tensor`` depends on."""
    if tensor.endswith(":0"):
        tensor = tensor[:-2]
    flat = Flat(meta.graph_def, meta.meta_info_def.stripped_op_list.op, tensor)
    return flat.graph_def(meta.graph_def), flat
