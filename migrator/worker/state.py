"""The variables, tables and queues that running a signature changes.

A graph tells which ones it may change: a batch normalisation's moving mean is assigned in a
branch that serving never takes.  So variables and tables are read before and after a run, and
what differs was changed.  What cannot be read without taking from it (a queue, a staging area,
a barrier, an accumulator) counts as changed by every run that may write to it.  Most graphs
write nothing where an output reaches, and nothing is read then.

TensorArrays and stacks are left out: each run has its own.
"""

import hashlib
import re
from typing import Any, Dict, List, Sequence, Set, Tuple

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
#: Types of the ops that write the table which is their first input.  A table's own initialiser
#: is none of them: it writes the same once.
TABLE_WRITES = re.compile(r"LookupTable(Insert|Remove|Import)(V2)?$")
#: Types of the ops that write the queue, barrier or accumulator which is their first input.
QUEUE_WRITES = re.compile(
    r"Queue(Enqueue|Dequeue|Close)\w*$|Barrier(InsertMany|TakeMany|Close)$"
    r"|(Resource|Sparse)?Accumulator(ApplyGradient|TakeGradient|SetGlobalStep)$"
    r"|ResourceAccumulator\w+$"
)
#: Types of the ops that are a staging area, found by its name, and write it.
STAGE_WRITES = re.compile(r"(OrderedMap|Map)?(Stage|Unstage|UnstageNoKey|Clear)$|StageClear$")
ALL_WRITES = (WRITES, TABLE_WRITES, QUEUE_WRITES, STAGE_WRITES)

#: Types of the ops that make a table, a queue and the like that lives on between runs.
TABLES = re.compile(r"(Mutable\w*)?HashTable(OfTensors)?(V2)?$")
QUEUES = re.compile(
    r"(FIFO|RandomShuffle|PaddingFIFO|Priority)Queue(V2)?$|Barrier$|\w*ConditionalAccumulator$"
)

#: ``types.proto``: the dtype of a handle.
DT_RESOURCE = 20

#: What follows the name of what is no variable.
TABLE, QUEUE = " (a table)", " (a queue or the like)"


class Written:
    """What fetching some nodes of a graph may write.

    Args:
        graph_def: the graph.
        starts: the names of the nodes.
    """

    def __init__(self, graph_def: Any, starts: Sequence[str]) -> None:
        #: variables, and placeholders that stand for one
        self.variables = set()  # type: Set[str]
        #: tables, and placeholders that may stand for one → the dtypes of keys and values that
        #: are written; 0 where the graph does not tell
        self.tables = {}  # type: Dict[str, Set[Tuple[int, int]]]
        #: queues and the like, which cannot be read
        self.queues = set()  # type: Set[str]
        reached = Reached(graph_def, starts, [])
        for scope, node in reached.nodes:
            if STAGE_WRITES.match(node.op):
                self.queues.add(node.attr["shared_name"].s.decode("utf-8") or node.name)
            writes = [kind for kind in (WRITES, TABLE_WRITES, QUEUE_WRITES) if kind.match(node.op)]
            if not writes or not node.input:
                continue
            for where, source in reached.sources(scope, node.input[0]):
                self._source(node, writes[0], where.name, source)

    def _source(self, node: Any, writes: Any, where: str, source: Any) -> None:
        """Sort in a node that the op ``node`` may write."""
        # whatever a call is given counts, so that of the placeholders only handles do
        given = source.op == "Placeholder" and not where
        given = given and (writes is WRITES or source.attr["dtype"].type == DT_RESOURCE)
        if writes is WRITES:
            if not where and (given or source.op in VARIABLE_OPS):
                self.variables.add(source.name)
        elif writes is TABLE_WRITES:
            if where and TABLES.match(source.op):
                self.queues.add(source.name)  # made in a function, where nothing can read it
            elif given or (not where and TABLES.match(source.op)):
                dtypes = node.attr["Tin"].type, node.attr["Tout"].type
                self.tables.setdefault(source.name, set()).add(dtypes)
        elif given or QUEUES.match(source.op):
            self.queues.add(source.name)


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
        if calling[op.type] or any(kind.match(op.type) for kind in ALL_WRITES):
            return True
        stack.extend(tensor.op for tensor in op.inputs)
        stack.extend(op.control_inputs)
    return False


def digest_of_table(keys: Any, values: Any) -> str:
    """Return a digest of a table's contents, which are exported in no particular order."""
    import numpy as np

    columns = [as_array(keys), as_array(values)]
    if any(column.dtype.kind == "O" or not column.size for column in columns):
        return repr(sorted(repr(row) for row in zip(*(column.tolist() for column in columns))))
    # one string of bytes per row: a dense table exports its empty buckets as well
    flat = [np.ascontiguousarray(c).reshape(len(c), -1).view(np.uint8) for c in columns]
    rows = np.ascontiguousarray(np.concatenate(flat, axis=1))
    return hashlib.sha256(np.sort(rows.view("S%d" % rows.shape[1]), axis=0).tobytes()).hexdigest()


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
        # by signature: name -> the tensors to read, and what can only be told to be written
        self._readers = {}  # type: Dict[str, Tuple[Dict[str, List[Any]], Set[str]]]
        self._reads = 0

    def read(self, key: str) -> Dict[str, str]:
        """Return name -> digest of what signature ``key`` may write."""
        if key not in self._readers:
            self._readers[key] = self._find(key)
        readers, unreadable = self._readers[key]
        self._reads += 1
        found = {name: unread(self._reads) for name in unreadable}
        for name, tensors in readers.items():
            try:
                values = self._session.run(tensors)
            except self._tf.errors.FailedPreconditionError:
                found[name] = "not initialised"  # until a run assigns it
                continue
            found[name] = digest(values[0]) if len(values) == 1 else digest_of_table(*values)
        return found

    def _find(self, key: str) -> Tuple[Dict[str, List[Any]], Set[str]]:
        graph = self._session.graph
        outputs = self._signatures.get(key, {"outputs": {}})["outputs"].values()
        starts = [info["tensor"].split(":")[0] for info in outputs]
        if not may_write([graph.get_operation_by_name(name) for name in starts]):
            return {}, set()
        found = {}  # type: Dict[str, List[Any]]
        writes = Written(graph.as_graph_def(), starts)
        for name in sorted(writes.variables):
            op = graph.get_operation_by_name(name)
            if op.type == "VarHandleOp":
                with graph.as_default():
                    value = self._tf.raw_ops.ReadVariableOp(
                        resource=op.outputs[0], dtype=op.get_attr("dtype")
                    )
                found[name] = [value]
            elif op.type in VARIABLE_OPS:
                found[name] = [op.outputs[0]]
        for name in sorted(writes.tables):
            op = graph.get_operation_by_name(name)
            if TABLES.match(op.type):
                found[name + TABLE] = export_of(graph, op)
        return found, {name + QUEUE for name in writes.queues}


def export_of(graph: Any, op: Any) -> List[Any]:
    """Return tensors with the keys and the values of the table that ``op`` makes.

    They are made by the op's type, because the function that makes them has another place in
    every TensorFlow.
    """
    attr_value = type(op.node_def.attr["key_dtype"])
    dtypes = [op.get_attr("key_dtype"), op.get_attr("value_dtype")]
    attrs = {
        name: attr_value(type=getattr(dtype, "as_datatype_enum", dtype))
        for name, dtype in zip(("Tkeys", "Tvalues"), dtypes)
    }
    kind = "LookupTableExportV2" if op.type.endswith("V2") else "LookupTableExport"
    with graph.as_default():
        handle = op.outputs[0]
        made = graph.create_op(kind, [handle], dtypes, input_types=[handle.dtype], attrs=attrs)
    return list(made.outputs)


def unread(number: int) -> str:
    """Return the digest of what cannot be read: every time another one."""
    return "written %d" % number


class FunctionState:
    """Read what the signatures of ``tf.saved_model.load`` may write.

    ``functions`` is the mapping of the loaded model's signatures.
    """

    def __init__(self, tf: Any, functions: Any) -> None:
        self._tf = tf
        self._functions = functions
        # by signature: variables; tables by name; what can only be told to be written
        self._found = {}  # type: Dict[str, Tuple[List[Any], Dict[str, Any], Set[str]]]
        self._reads = 0

    def read(self, key: str) -> Dict[str, str]:
        """Return name -> digest of what signature ``key`` may write.

        Ref variables and tables of a model that TensorFlow 1 wrote are not captured by the
        function, so the v1 loader has to tell of those.
        """
        if key not in self._found:
            known = key in self._functions
            self._found[key] = self._find(self._functions[key]) if known else ([], {}, set())
        variables, tables, unreadable = self._found[key]
        self._reads += 1
        found = {name: unread(self._reads) for name in unreadable}
        for variable in variables:
            found[variable.name.split(":")[0]] = digest(variable.numpy())
        for name, table in tables.items():
            found[name] = digest_of_table(*(part.numpy() for part in self._export(*table)))
        return found

    def _find(self, function: Any) -> Tuple[List[Any], Dict[str, Any], Set[str]]:
        graph = function.graph
        ends = list(graph.control_outputs) + [tensor.op for tensor in graph.outputs]
        if not may_write(ends):
            return [], {}, set()
        writes = Written(graph.as_graph_def(), [op.name for op in ends])
        captured = {inner.op.name: outer for outer, inner in graph.captures}
        handles = [captured[name] for name in writes.variables if name in captured]
        variables = [v for v in function.variables if any(v.handle is one for one in handles)]
        held = [variable.handle for variable in function.variables]
        of_variables = {n for n, one in captured.items() if any(one is h for h in held)}
        written = {n: d for n, d in writes.tables.items() if n in captured}
        candidates = {name: d for name, d in written.items() if name not in of_variables}
        tables = self._tables(candidates, captured)
        queues = writes.queues - of_variables
        unreadable = {name + QUEUE for name in queues if name + TABLE not in tables}
        if not tables:
            unreadable |= {name + TABLE for name in candidates}
        return variables, tables, unreadable

    def _tables(self, written: Dict[str, Set[Tuple[int, int]]], captured: Any) -> Dict[str, Any]:
        """Return name -> (handle, key dtype, value dtype) of the captured tables.

        A handle of something else, or of a table of other dtypes, is not the one that is written.
        """
        found = {}
        for name, pairs in sorted(written.items()):
            for pair in sorted(pair for pair in pairs if all(pair)):
                keys, values = (self._tf.as_dtype(dtype) for dtype in pair)
                try:
                    self._export(captured[name], keys, values)
                except self._tf.errors.OpError:
                    continue
                found[name + TABLE] = (captured[name], keys, values)
        return found

    def _export(self, handle: Any, keys: Any, values: Any) -> Any:
        export = self._tf.raw_ops.LookupTableExportV2
        return export(table_handle=handle, Tkeys=keys, Tvalues=values)


def changed(before: Dict[str, str], after: Dict[str, str]) -> List[str]:
    """Return the names of what has another digest afterwards."""
    return sorted(name for name in before if before[name] != after.get(name))
