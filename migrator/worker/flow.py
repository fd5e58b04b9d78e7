"""Which inputs of a graph reach an op's operand: a backward walk over nodes and functions."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from .common import _producer

#: What an op learns of its operand through these is its shape only.
SHAPE_OPS = frozenset(["Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"])

#: Op -> the operands whose *values* become sizes of tensors, lengths of loops, or divisors of
#: integers: enormous numbers there allocate without end, never return, or end the process.
#: None stands for all operands.
_SIZING = {
    "BatchToSpaceND": None,
    "BlockLSTM": (0,),
    "BlockLSTMV2": (0,),
    "Bincount": (0, 1),
    "BroadcastTo": (1,),
    "Conv2DBackpropInput": (0,),
    "Conv3DBackpropInputV2": (0,),
    "CropAndResize": (3,),
    "DenseBincount": (0, 1),
    "DynamicStitch": None,
    "Empty": None,
    "Fill": (0,),
    "LinSpace": None,
    "LoopCond": None,
    "MirrorPad": (1,),
    "Multinomial": (1,),
    "NthElement": (1,),
    "OneHot": (1,),
    "Pad": (1,),
    "PadV2": (1,),
    "ParallelDynamicStitch": None,
    "PyFunc": None,
    "PyFuncStateless": None,
    "Range": None,
    "Reshape": (1,),
    "ScatterNd": (0, 2),
    "Slice": (1, 2),
    "SplitV": (1,),
    "SpaceToBatchND": None,
    "StatelessWhile": None,
    "StridedSlice": (1, 2, 3),
    "TensorArray": (0,),
    "TensorArrayScatterV3": (1,),
    "TensorArrayV2": (0,),
    "TensorArrayV3": (0,),
    "TensorArrayWriteV3": (1,),
    "TensorListReserve": None,
    "TensorListResize": (1,),
    "TensorListSetItem": (1,),
    "Tile": (1,),
    "TopKV2": (1,),
    "While": None,
}
_SIZING_PREFIXES = {
    "CTC": None,
    "Cudnn": None,
    "NonMaxSuppression": None,
    "Ragged": None,
    "Random": None,
    "Resize": (1,),
    "Segment": (1,),
    "Sparse": None,
    "Stateless": None,
    "Truncated": None,
    "UnsortedSegment": (1, 2),
}
_DIVISIONS = frozenset(["Div", "FloorDiv", "FloorMod", "Mod", "TruncateDiv", "TruncateMod"])
_WHOLE_TYPES = frozenset([3, 4, 5, 6, 9, 17, 22, 23])  # DT_INT32, ... DT_UINT64


def sizing_operands(node: Any) -> Optional[Tuple[int, ...]]:
    """Return the operands of ``node`` whose values become sizes; None when there are none."""
    operands = len(node.input)
    if node.op in _DIVISIONS:
        whole = node.attr["T"].type in _WHOLE_TYPES
        return tuple(range(operands)) if whole else None
    if node.op in _SIZING:
        chosen = _SIZING[node.op]
    else:
        names = [prefix for prefix in _SIZING_PREFIXES if node.op.startswith(prefix)]
        if not names:
            return None
        chosen = _SIZING_PREFIXES[names[0]]
    return tuple(range(operands)) if chosen is None else chosen


class Scope:
    """The nodes of a graph, or of one of its functions."""

    def __init__(self, nodes: Iterable[Any]) -> None:
        self.nodes: Dict[str, Any] = {node.name: node for node in nodes}

    def producer(self, edge: str) -> Any:
        """Return the node that an edge comes from; None for an argument of the function."""
        return self.nodes.get(_producer(edge))

    def back(self, edges: Iterable[str], stop: Optional[Callable[[Any], bool]] = None) -> Set[str]:
        """Return all data edges that lead to ``edges``; ``stop`` says where not to go on."""
        seen: Set[str] = set()
        stack = list(edges)
        while stack:
            edge = stack.pop()
            if edge.startswith("^") or edge in seen:
                continue
            seen.add(edge)
            node = self.producer(edge)
            if node is not None and not (stop is not None and stop(node)):
                stack.extend(node.input)
        return seen

    def sources(self, edges: Iterable[str], stop: Any = None) -> Set[str]:
        """Return the placeholders, and arguments of a function, that lead to ``edges``."""
        found = set()
        for edge in self.back(edges, stop):
            node = self.producer(edge)
            if node is None or node.op.startswith("Placeholder"):
                found.add(_producer(edge))
        return found

    def sized(self) -> Set[str]:
        """Return the placeholders and arguments whose values become sizes, or end loops."""
        edges: List[str] = []
        for node in self.nodes.values():
            operands = sizing_operands(node)
            if operands is not None:
                data = [edge for edge in node.input if not edge.startswith("^")]
                edges += [data[i] for i in operands if i < len(data)]
        return self.sources(edges, lambda node: node.op in SHAPE_OPS)

    def before(self, node: Any, most: int) -> List[Any]:
        """Return the nodes behind ``node`` in the direction of data, at most ``most`` steps on."""
        found: List[Any] = []
        names = {node.name}
        for _ in range(most):
            fresh = [
                other
                for other in self.nodes.values()
                if other.name not in names and any(_producer(e) in names for e in other.input[:1])
            ]
            if not fresh:
                break
            found += fresh
            names |= {other.name for other in fresh}
        return found
