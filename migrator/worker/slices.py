"""The ops on the way to one tensor of a graph without function calls."""

from typing import Any, Dict, List, Optional, Tuple

from .common import CannotOpen, Json, _producer

#: Ops that give one of their inputs back.
PASSING = (
    "Identity",
    "ReadVariableOp",
    "StopGradient",
    "PreventGradient",
    "Snapshot",
    "EnsureShape",
    "CheckNumerics",
    "PlaceholderWithDefault",
    "RefIdentity",
)
ENTERS, EXITS = ("Enter", "RefEnter"), ("Exit", "RefExit")
MERGES, SWITCHES = ("Merge", "RefMerge"), ("Switch", "RefSwitch")

#: What attributes say of a node beyond dtypes and places.
SILENT = frozenset(
    "T dtype DstT SrcT Tidx Tshape Tindices Tparams N f value container shared_name use_locking"
    " body cond then_branch else_branch".split()
)


class Item:
    """One tensor on the way to the output: what makes it, and of which tensors."""

    def __init__(self, node: str, index: int, op: str, inputs: List[Tuple[str, int]]) -> None:
        self.node = node
        self.index = index
        self.op = op
        self.inputs = inputs

    @property
    def key(self) -> str:
        """The tensor's name."""
        return "%s:%d" % (self.node, self.index)


class Slice:
    """The tensors that one tensor depends on, in topological order.

    Ops that only pass a tensor on are left out.  A loop of TensorFlow 1 (``Enter`` …
    ``Exit``) and a ``cond`` (``Switch`` … ``Merge``) count as one op each, since nothing
    inside them can be fetched.
    """

    def __init__(self, nodes: Dict[str, Any], tensor: str) -> None:
        self._nodes = nodes
        self.output = self.passed(split(tensor))
        self.items: List[Item] = []
        self._walk(self.output)

    def passed(self, tensor: Tuple[str, int]) -> Tuple[str, int]:
        """Return the tensor that reaches a place through ops that pass it on."""
        seen = set()
        while tensor not in seen:
            seen.add(tensor)
            node = self._nodes.get(tensor[0])
            if node is None:
                break
            if node.op == "IdentityN":
                tensor = split(node.input[tensor[1]])
            elif node.op in PASSING:
                tensor = split(node.input[0])
            else:
                break
        return tensor

    def _walk(self, start: Tuple[str, int]) -> None:
        found: Dict[Tuple[str, int], Optional[Item]] = {}
        stack = [(start, False)]
        while stack:
            tensor, done = stack.pop()
            if done:
                item = found[tensor]
                assert item is not None
                self.items.append(item)
                continue
            if tensor in found:
                continue
            node = self._nodes.get(tensor[0])
            if node is None:
                raise CannotOpen("its graph has no node %r" % tensor[0])
            op, inputs = node.op, [t for t in node.input if not t.startswith("^")]
            sources = [split(text) for text in inputs]
            if op in EXITS:
                op, sources = "Loop", self._region(node, loops=True)
            elif op in MERGES:
                op, sources = "Cond", self._region(node, loops=False)
            item = Item(tensor[0], tensor[1], op, [self.passed(source) for source in sources])
            found[tensor] = item
            stack.append((tensor, True))
            stack.extend((source, False) for source in reversed(item.inputs))

    def _region(self, end: Any, loops: bool) -> List[Tuple[str, int]]:
        """Return the tensors that enter the loop, or the cond, which ``end`` leaves."""
        found: Dict[Tuple[str, int], bool] = {}
        first = (1, 0) if loops else (0, 1)
        seen = set()
        stack = [(text, first) for text in reversed(end.input) if not text.startswith("^")]
        while stack:
            text, (depth, nested) = stack.pop()
            node = self._nodes.get(_producer(text))
            if node is None or (node.name, depth, nested) in seen:
                continue
            seen.add((node.name, depth, nested))
            if node.op in ENTERS:
                depth -= 1
            elif node.op in EXITS:
                depth += 1
            elif node.op in SWITCHES and depth == 0:
                nested -= 1
            elif node.op in MERGES and depth == 0:
                nested += 1
            inputs = [t for t in node.input if not t.startswith("^")]
            if depth == 0 and nested == 0:
                for source in inputs:
                    found[self.passed(split(source))] = True
                continue
            stack.extend((t, (depth, nested)) for t in reversed(inputs))
        return list(found)


def split(text: str) -> Tuple[str, int]:
    """Return node and output number of a tensor's name (``x``, ``x:1``)."""
    name, _, index = text.partition(":")
    return name, int(index or 0)


def attributes(node: Any) -> Json:
    """Return what a node's attributes say, each in a short text."""
    found = {}
    for key in sorted(node.attr):
        if key.startswith("_") or key in SILENT:
            continue
        value = node.attr[key]
        kind = value.WhichOneof("value")
        if kind in ("i", "b"):
            found[key] = str(getattr(value, kind))
        elif kind == "f":
            found[key] = "%.6g" % value.f
        elif kind == "s":
            found[key] = value.s[:60].decode("utf-8", "replace")
        elif kind == "list" and (value.list.i or value.list.f):
            found[key] = str([*value.list.i, *value.list.f])[:100]
    return found
