"""The variables that running a signature changes.

A graph tells which ones it may change: a batch normalisation's moving mean is assigned in a
branch that serving never takes.  So these are read before and after a run, and what differs
was changed.  Most graphs assign nothing where an output reaches, and nothing is read then.
"""

import hashlib
import re
from typing import Any, Dict, List, Sequence, Set

from .acts import Reached
from .common import VARIABLE_OPS
from .flatten import registered_op
from .store import as_array

#: Types of the ops that write the variable which is their first input.
WRITES = re.compile(
    r"Assign|CountUpTo|Scatter(Add|Div|Max|Min|Mul|Nd(Add|Max|Min|Sub|Update)|Sub|Update)$"
    r"|Resource(Assign|Scatter|StridedSliceAssign|CountUpTo|Apply|Sparse|Accumulat)"
    r"|StridedSliceAssign|(Sparse)?Apply[A-Z]|AssignVariableOp"
)


def written(graph_def: Any, starts: Sequence[str]) -> Set[str]:
    """Return the variables and placeholders of a graph that fetching ``starts`` may write."""
    reached = Reached(graph_def, starts, [])
    found = set()  # type: Set[str]
    for scope, node in reached.nodes:
        if WRITES.match(node.op) and node.input:
            for where, source in reached.sources(scope, node.input[0]):
                if where.name == "" and source.op in VARIABLE_OPS + ("Placeholder",):
                    found.add(source.name)
    return found


def may_write(ops: Sequence[Any]) -> bool:
    """Return whether fetching these operations reaches one that writes, or that calls functions.

    The operations are walked as they are: a GraphDef of a graph with large constants would
    hold them once more.
    """
    stack = list(ops)
    seen = set()  # type: Set[Any]
    calling = {}  # type: Dict[str, bool]
    while stack:
        op = stack.pop()
        if op.name in seen:
            continue
        seen.add(op.name)
        if op.type not in calling:
            known = registered_op(op.type)
            # what no TensorFlow registers is called by its function's own name
            calling[op.type] = known is None or any("func" in attr.type for attr in known.attr)
        if calling[op.type] or WRITES.match(op.type):
            return True
        stack.extend(tensor.op for tensor in op.inputs)
        stack.extend(op.control_inputs)
    return False


def digest(value: Any) -> str:
    """Return a digest of a variable's value."""
    array = as_array(value)
    if array.dtype.kind == "O":
        return repr(array.tolist())
    return hashlib.sha256(array.tobytes()).hexdigest()


class SessionState:
    """Read what a session's signatures may write.

    ``signatures`` is the description with the names of the output tensors.
    """

    def __init__(self, tf: Any, session: Any, signatures: Any) -> None:
        self._tf = tf
        self._session = session
        self._signatures = signatures
        self._tensors = {}  # type: Dict[str, Dict[str, Any]]

    def read(self, key: str) -> Dict[str, str]:
        """Return name -> digest of the variables that signature ``key`` may write."""
        if key not in self._tensors:
            self._tensors[key] = self._find(key)
        found = {}
        for name, tensor in self._tensors[key].items():
            try:
                found[name] = digest(self._session.run(tensor))
            except self._tf.errors.FailedPreconditionError:
                found[name] = "not initialised"  # until a run assigns it
        return found

    def _find(self, key: str) -> Dict[str, Any]:
        graph = self._session.graph
        if not any(op.type in VARIABLE_OPS for op in graph.get_operations()):
            return {}
        outputs = self._signatures.get(key, {"outputs": {}})["outputs"].values()
        starts = [info["tensor"].split(":")[0] for info in outputs]
        if not may_write([graph.get_operation_by_name(name) for name in starts]):
            return {}
        found = {}
        for name in sorted(written(graph.as_graph_def(), starts)):
            op = graph.get_operation_by_name(name)
            if op.type == "VarHandleOp":
                with graph.as_default():
                    found[name] = self._tf.raw_ops.ReadVariableOp(
                        resource=op.outputs[0], dtype=op.get_attr("dtype")
                    )
            elif op.type in VARIABLE_OPS:
                found[name] = op.outputs[0]
        return found


class FunctionState:
    """Read what the signatures of ``tf.saved_model.load`` may write.

    ``functions`` is the mapping of the loaded model's signatures.
    """

    def __init__(self, functions: Any) -> None:
        self._functions = functions
        self._variables = {}  # type: Dict[str, List[Any]]

    def read(self, key: str) -> Dict[str, str]:
        """Return name -> digest of the variables that signature ``key`` may write.

        Ref variables of a model that TensorFlow 1 wrote are no variables of the function, so
        the v1 loader has to tell of those.
        """
        if key not in self._variables:
            found = key in self._functions
            self._variables[key] = self._find(self._functions[key]) if found else []
        return {
            variable.name.split(":")[0]: digest(variable.numpy())
            for variable in self._variables[key]
        }

    def _find(self, function: Any) -> List[Any]:
        if not function.variables:
            return []
        graph = function.graph
        starts = [op.name for op in graph.control_outputs]
        starts += [tensor.op.name for tensor in graph.outputs]
        names = written(graph.as_graph_def(), starts)
        handles = [outer for outer, inner in graph.captures if inner.op.name in names]
        return [v for v in function.variables if any(v.handle is handle for handle in handles)]


def changed(before: Dict[str, str], after: Dict[str, str]) -> List[str]:
    """Return the names of the variables whose values differ."""
    return sorted(name for name in before if before[name] != after.get(name))
