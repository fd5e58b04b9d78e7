"""Graphs without signatures: a checkpoint's meta graph, and a frozen graph."""

import importlib
import re
from typing import Any, Callable, List, Optional, Sequence, Set

from .acts import Reached, refuse_acts
from .bare import Tensors
from .common import (
    VARIABLE_OPS,
    CannotOpen,
    Json,
    _producer,
    cannot_open,
    compat,
    read_bytes,
    what_failed,
)
from .hints import Hints
from .peers import agree
from .store import Store
from .subject import Subject
from .trainable import note_trainable
from .variables import Reach, dump_variables
from .views import SessionView, drop_output_shapes, with_contrib

#: Ops that consume what a model computes without being its output.
WATCHERS = re.compile(
    r"\w*Summary\w*|Assert|Print|PrintV2|SaveV2|SaveSlices|Save|NoOp|CheckNumerics|"
    r"QueueEnqueue\w*|Write\w*"
)
#: Ops that change a variable.
UPDATES = re.compile(r"(Resource)?(Sparse)?(Assign|Scatter|Apply|StridedSliceAssign)\w*")
#: Names that TensorFlow gives to what it adds to a graph for training and saving.
BESIDES = re.compile(r"(^|/)gradients(_\d+)?/|^save(_\d+)?/|^report_uninitialized_variables")
#: Ops that are no output though nothing consumes them.
NO_OUTPUTS = VARIABLE_OPS + ("Const", "Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
PLACEHOLDERS = ("Placeholder", "PlaceholderV2")
TABLE_INITIALIZERS = (
    "InitializeTable",
    "InitializeTableV2",
    "InitializeTableFromTextFile",
    "InitializeTableFromTextFileV2",
    "LookupTableImport",
    "LookupTableImportV2",
)


def open_meta_graph(tf: Any, request: Json, store: Store) -> Subject:
    """Open a checkpoint prefix that has a ``.meta`` file beside it.

    Raises:
        CannotOpen: one of the files is damaged, a signature cannot be told, or an op acts
            outside of the model.
    """
    from tensorflow.core.protobuf import meta_graph_pb2

    prefix = request["path"]
    meta = meta_graph_pb2.MetaGraphDef()
    try:
        with open(prefix + ".meta", "rb") as file:
            meta.ParseFromString(file.read())
    except Exception as error:
        raise cannot_open("its .meta file does not parse", error)
    if not meta.graph_def.node:
        raise CannotOpen("its .meta file holds no graph: it is cut off or empty")

    def load() -> List[Any]:
        saver = compat(tf).train.import_meta_graph(meta, clear_devices=True)
        return [saver]

    def restore(session: Any, loaded: List[Any]) -> None:
        v1 = compat(tf)
        session.run(v1.local_variables_initializer())
        (saver,) = loaded
        if saver is None:
            raise ValueError("the meta graph has no variables, so there is nothing to restore")
        saver.restore(session, prefix)
        session.run(v1.tables_initializer())

    bare = BareGraph(tf, request, meta, load)
    subject = bare.subject(restore)
    variables, _ = dump_variables(tf, prefix, store, bare.reach)
    subject.facts["variables"] = variables
    note_trainable(tf, meta, None, variables)
    return subject


def open_frozen_graph(tf: Any, request: Json, store: Store) -> Subject:
    """Open a GraphDef file, binary or text, whose variables are constants.

    Raises:
        CannotOpen: it is no GraphDef, its outputs need variables, a signature cannot be told,
            or an op acts outside of the model.
    """
    meta = read_graph(request["path"])

    def load() -> None:
        compat(tf).import_graph_def(meta.graph_def, name="")

    bare = BareGraph(tf, request, meta, load)
    if bare.reach.needs_values():
        names = sorted(n for n in bare.reach.reached if bare.op(n) in VARIABLE_OPS)
        raise CannotOpen(
            "its outputs need variables (%s), of which a graph alone has no values" % names[0],
            "freeze it, or give the checkpoint prefix that it belongs to",
        )

    def start(session: Any, loaded: Any) -> None:
        ops = [bare.graph.get_operation_by_name(name) for name in bare.table_initializers()]
        session.run(ops)

    subject = bare.subject(start)
    tables = bare.table_initializers()
    subject.facts["variables"] = dump_constants(tf, meta.graph_def, bare.signatures, tables, store)
    return subject


def dump_constants(
    tf: Any, graph: Any, signatures: Json, tables: Sequence[str], store: Store
) -> List[Json]:
    """Store every constant that the signatures read, also in functions; return their index.

    Freezing gives the constant of a variable the variable's name, and makes what read the
    variable an Identity: such an entry has ``variable`` true.  A constant of a function is
    called ``function/node``.
    """
    starts = [
        _producer(info["tensor"])
        for signature in signatures.values()
        for info in signature["outputs"].values()
    ]
    reached = Reached(graph, starts + list(tables), [])
    read = {
        (scope.name, _producer(node.input[0]))
        for scope, node in reached.nodes
        if node.op == "Identity" and re.search(r"/read$|ReadVariableOp", node.name)
    }
    found = []
    for scope, node in sorted(reached.nodes, key=lambda one: (one[0].name, one[1].name)):
        if node.op != "Const":
            continue
        name = "%s/%s" % (scope.name, node.name) if scope.name else node.name
        try:
            value = tf.make_ndarray(node.attr["value"].tensor)
        except Exception as error:
            raise cannot_open("its constant %r cannot be read" % name, error)
        entry: Json = {"key": name, "names": [name], "array": store.put(value)}
        entry.update(bookkeeping=False, optimizer=None, reachable=True, trainable=None)
        entry["variable"] = (scope.name, node.name) in read
        found.append(entry)
    return found


def read_graph(path: str) -> Any:
    """Return a MetaGraphDef around the GraphDef in a file.

    Raises:
        CannotOpen: the file holds something else.
        OutOfMemory: it is larger than the memory limit.
    """
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

    text_format = importlib.import_module("google.protobuf.text_format")
    data = read_bytes(path)
    meta = meta_graph_pb2.MetaGraphDef()
    reason = ""
    try:
        meta.graph_def.ParseFromString(data)
    except MemoryError as error:
        raise cannot_open("it cannot be parsed", error)
    except Exception as error:
        reason = what_failed(error)
        meta.graph_def.Clear()
    if reason and b"\0" not in data[:4096]:
        try:
            text_format.Merge(data.decode("utf-8"), meta.graph_def)
            reason = ""
        except Exception as error:
            reason = what_failed(error)
            meta.graph_def.Clear()
    if not reason and meta.graph_def.node and all(node.op for node in meta.graph_def.node):
        return meta
    for other, kind, advice in (
        (saved_model_pb2.SavedModel(), "a SavedModel", "give the directory that holds it"),
        (
            meta_graph_pb2.MetaGraphDef(),
            "a meta graph",
            "give the checkpoint prefix that it belongs to",
        ),
    ):
        try:
            if b"\0" in data[:4096]:
                other.ParseFromString(data)
            else:
                text_format.Merge(data.decode("utf-8"), other)
        except Exception:  # it is not this either
            continue
        graphs = [g.graph_def for g in getattr(other, "meta_graphs", [other])]
        if graphs and any(graph.node and graph.node[0].op for graph in graphs):
            raise CannotOpen("it is %s, not a GraphDef" % kind, advice)
    if reason:
        raise CannotOpen("it is no GraphDef: %s" % reason)
    raise CannotOpen("it is a GraphDef without nodes, or the file is cut off")


class BareGraph:
    """A graph without signatures, imported, and the signatures that it gets.

    Raises:
        CannotOpen: this TensorFlow does not import it, or its signature cannot be told.
    """

    def __init__(self, tf: Any, request: Json, meta: Any, load: Callable[[], Any]) -> None:
        self._tf = tf
        self._meta = meta
        self._request = request
        drop_output_shapes(meta.graph_def)

        def imported() -> Any:
            graph = tf.Graph()
            with graph.as_default():
                return graph, load()

        try:
            self.graph, self._loaded = with_contrib(tf, imported)
        except Exception as error:
            reason = "TensorFlow %s cannot import its graph" % tf.__version__
            raise cannot_open(reason, error)
        self._ops = {node.name: node.op for node in meta.graph_def.node}
        self.signatures, self.told = agree(request, graph_tensors(self.graph))
        self.reach = Reach(tf, meta, self.signatures)
        table = {"outputs": {name: {"tensor": name} for name in self.table_initializers()}}
        refuse_acts(tf, meta, {**self.signatures, "": table}, bool(request.get("trust")))

    def op(self, name: str) -> str:
        """Return the type of the op of a node."""
        return str(self._ops.get(name, ""))

    def table_initializers(self) -> List[str]:
        """Return the nodes that fill the tables which the signatures look up."""
        return [
            node.name
            for node in self._meta.graph_def.node
            if node.op in TABLE_INITIALIZERS
            and node.input[0].lstrip("^").split(":")[0] in self.reach.reached
        ]

    def subject(self, restore: Callable[[Any, Any], None]) -> Subject:
        """Return the model, whose view runs ``restore(session, loaded)`` first."""
        facts: Json = {
            "tag_sets": None,
            "tags": None,
            "written_by": self._meta.meta_info_def.tensorflow_version,
            "object_based": False,
            "signatures": self.signatures,
            "guessed": self.told,
            "assets": None,
            "variables": [],
        }

        def start(session: Any) -> Json:
            restore(session, self._loaded)
            return self.signatures

        view = lambda: SessionView(self._tf, start, self.graph)  # noqa: E731
        hints = Hints(self._tf, self._request["path"], self._meta, self.reach.reached)
        return Subject(facts, [("v1", view)], hints)


def graph_tensors(graph: Any) -> Tensors:
    """Return the tensors of an imported graph."""

    def find(name: str) -> Optional[Json]:
        try:
            tensor = graph.get_tensor_by_name(name if ":" in name else name + ":0")
        except (KeyError, ValueError):
            return None
        shape = tensor.get_shape()
        dims = None if shape.ndims is None else shape.as_list()
        return {"dtype": str(tensor.dtype.base_dtype.name), "shape": dims, "tensor": tensor.name}

    outputs = sinks(graph)
    below = ancestors([graph.get_tensor_by_name(name).op for name in outputs])
    inputs = [
        op.outputs[0].name
        for op in graph.get_operations()
        if op.type in PLACEHOLDERS and op.name in below
    ]
    return Tensors(find, inputs, outputs, lambda n: n[:-2] if n.endswith(":0") else n)


def sinks(graph: Any) -> List[str]:
    """Return the tensors that depend on a placeholder and that no part of the model consumes.

    What training, saving and summaries do with a tensor does not count, and what is written
    into a variable is no output either.
    """
    fed: Set[str] = set()
    consumed: Set[str] = set()
    operations = graph.get_operations()
    # a graph's operations are in the order of its edges, but for the back edges of its loops
    for op in operations:
        if op.type in PLACEHOLDERS or any(tensor.op.name in fed for tensor in op.inputs):
            fed.add(op.name)
        if WATCHERS.match(op.type) or BESIDES.search(op.name):
            continue
        consumed.update(tensor.name for tensor in op.inputs)
    return [
        tensor.name
        for op in operations
        if op.name in fed
        and op.type not in NO_OUTPUTS
        and not WATCHERS.match(op.type)
        and not UPDATES.match(op.type)
        and not BESIDES.search(op.name)
        and not any(out.name in consumed for out in op.outputs)
        for tensor in op.outputs
        if tensor.dtype.name not in ("resource", "variant")
    ]


def ancestors(ops: List[Any]) -> Set[str]:
    """Return the names of the operations that some operations depend on, themselves included."""
    seen: Set[str] = set()
    stack = list(ops)
    while stack:
        op = stack.pop()
        if op.name in seen:
            continue
        seen.add(op.name)
        stack.extend(tensor.op for tensor in op.inputs)
        stack.extend(op.control_inputs)
    return seen
