"""Ops that act outside of the model that holds them.

TensorFlow's own security notes (``SECURITY.md``: "TensorFlow models are programs") say that a
model may read and write files and send and receive data over the network.  A comparison has
to load and run two models of which nothing else is known, so whatever loading or running
reaches is looked through first: functions, initialisers and the restore op included.
"""

from typing import Any, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from .common import CannotOpen, Json, _producer, saved_objects
from .describe import asset_defs

#: Op type -> what it does.
ACTS = {
    # files
    "WriteFile": "writes a file",
    "SaveV2": "writes a checkpoint",
    "Save": "writes a checkpoint",
    "SaveSlices": "writes a checkpoint",
    "MergeV2Checkpoints": "moves and deletes files",
    "SaveDataset": "writes a data set",
    "SaveDatasetV2": "writes a data set",
    "DistributedSave": "writes a data set",
    "DatasetToTFRecord": "writes a file",
    "ExperimentalDatasetToTFRecord": "writes a file",
    "SnapshotDataset": "writes a data set",
    "SnapshotDatasetV2": "writes a data set",
    "SnapshotDatasetReader": "reads a data set",
    "CreateSummaryFileWriter": "writes event files",
    "CreateSummaryDbWriter": "writes a data base",
    "FileSystemSetConfiguration": "configures a file system",
    "ImmutableConst": "maps a file",
    # code and processes of their own
    "PyFunc": "calls Python",
    "PyFuncStateless": "calls Python",
    "EagerPyFunc": "calls Python",
    "NumpyCall": "calls Python",
    "XlaCustomCall": "calls native code by its name",
    "XlaCustomCallV2": "calls native code by its name",
    "RemoteFusedGraphExecute": "runs a graph elsewhere",
    "TRTEngineOp": "runs native code that the model holds",
    "DecodeAudio": "runs ffmpeg",
    "DecodeVideo": "runs ffmpeg",
    "EncodeAudio": "runs ffmpeg",
    # the network
    "Rpc": "calls a server",
    "TryRpc": "calls a server",
    "RpcCall": "calls a server",
    "RpcClient": "calls a server",
    "RpcServer": "opens a port",
    "RpcServerStart": "opens a port",
    "DataServiceDataset": "calls a server",
    "DataServiceDatasetV2": "calls a server",
    "DataServiceDatasetV3": "calls a server",
    "DataServiceDatasetV4": "calls a server",
    "RegisterDataset": "calls a server",
    "RegisterDatasetV2": "calls a server",
    "BigQueryReader": "calls a server",
    "GenerateBigQueryReaderPartitions": "calls a server",
    "KafkaDataset": "calls a server",
    "WriteKafka": "calls a server",
    "KinesisDataset": "calls a server",
    "GcsConfigureCredentials": "configures a file system",
    "GcsConfigureBlockCache": "configures a file system",
}

#: Families of such ops, by the beginning of their types.
FAMILIES = (("BigQuery", "calls a server"), ("Bigtable", "calls a server"))

#: Op type -> what it does, and which input names the file.  The name may be an asset of the
#: model, or the caller's; a name that the graph itself holds is refused.  The text file of a
#: table's initialiser may be anywhere: a graph without assets has no other vocabulary.
ACTS_ON_FILE = {
    "ReadFile": ("reads a file", 0),
    "MatchingFiles": ("lists files", 0),
    "MatchingFilesDataset": ("lists files", 0),
    "ExperimentalMatchingFilesDataset": ("lists files", 0),
    "TextLineDataset": ("reads a file", 0),
    "TFRecordDataset": ("reads a file", 0),
    "TFRecordDatasetV2": ("reads a file", 0),
    "FixedLengthRecordDataset": ("reads a file", 0),
    "FixedLengthRecordDatasetV2": ("reads a file", 0),
    "CSVDataset": ("reads a file", 0),
    "CSVDatasetV2": ("reads a file", 0),
    "LMDBDataset": ("reads a file", 0),
    "SqlDataset": ("reads a data base", 1),
    "LoadDataset": ("reads a data set", 0),
    "CacheDataset": ("writes a file", 1),
    "CacheDatasetV2": ("writes a file", 1),
}

#: Ops that can bring a file name of the model's own making into a graph.
SOURCES = (
    "Const",
    "VariableV2",
    "Variable",
    "VarHandleOp",
    "UnicodeEncode",
    "AsString",
    "HashTable",
    "HashTableV2",
    "RestoreV2",
    "Restore",
)

#: Functions of these objects run when a SavedModel is loaded.
ON_LOAD = ("_create_resource", "_initialize", "_destroy_resource", "_initializer")


class Scope:
    """One graph or function: its nodes, and what its inputs are."""

    def __init__(self, name: str, nodes: Any) -> None:
        self.name = name
        self.nodes = {node.name: node for node in nodes}


class Reached:
    """Everything that runs when some nodes of a graph are fetched, functions included."""

    def __init__(self, graph_def: Any, starts: Sequence[str], functions: Sequence[str]) -> None:
        self._library: Dict[str, Any] = {}
        for function in graph_def.library.function:
            self._library[function.signature.name] = function
        self._top = Scope("", graph_def.node)
        self._scopes = {"": self._top}
        self._seen: Set[Tuple[str, str]] = set()
        self._called: Set[str] = set()
        #: function -> the nodes that call it, each with its scope
        self._callers: Dict[str, List[Tuple[Scope, Any]]] = {}
        self.nodes: List[Tuple[Scope, Any]] = []
        self._walk(self._top, starts)
        for name in functions:
            self._call(name, None)

    def _walk(self, scope: Scope, starts: Sequence[str]) -> None:
        stack = list(starts)
        while stack:
            name = stack.pop()
            node = scope.nodes.get(name)
            if node is None or (scope.name, name) in self._seen:
                continue
            self._seen.add((scope.name, name))
            self.nodes.append((scope, node))
            stack.extend(_producer(text) for text in node.input)
            for called in functions_of(node):
                self._call(called, (scope, node))
            self._call(node.op, (scope, node))

    def _call(self, name: str, caller: Optional[Tuple[Scope, Any]]) -> None:
        if name not in self._library:
            return
        if caller is not None:
            self._callers.setdefault(name, []).append(caller)
        if name in self._called:
            return
        self._called.add(name)
        function = self._library[name]
        scope = self._scopes.setdefault(name, Scope(name, function.node_def))
        # a body runs whole: what is stateful in it runs though nothing reads its output
        self._walk(scope, list(scope.nodes))

    def sources(self, scope: Scope, text: str) -> Iterator[Tuple[Scope, Any]]:
        """Yield every node that the input ``text`` of a node may come from, through calls as well.

        Of a call no more is followed than that anything that goes in may come out.
        """
        seen: Set[Tuple[str, str]] = set()
        stack = [(scope, _producer(text))]
        while stack:
            where, name = stack.pop()
            if (where.name, name) in seen:
                continue
            seen.add((where.name, name))
            found = where.nodes.get(name)
            if found is None:  # an argument of the function: whatever its callers pass
                for outer, caller in self._callers.get(where.name, []):
                    stack += [(outer, _producer(text)) for text in caller.input]
                continue
            yield where, found
            for called in functions_of(found) + [found.op]:
                inner = self._scopes.get(called)
                if inner is not None:
                    stack += [(inner, inside) for inside in inner.nodes]
            stack += [(where, _producer(t)) for t in found.input if not t.startswith("^")]


def functions_of(node: Any) -> List[str]:
    """Return the functions that a node's attributes name."""
    found = []
    for value in node.attr.values():
        kind = value.WhichOneof("value")
        if kind == "func":
            found.append(value.func.name)
        elif kind == "list":
            found += [function.name for function in value.list.func]
    return found


def refuse_acts(tf: Any, graph: Any, signatures: Json, trust: bool) -> None:
    """Refuse a meta graph whose loading or running acts outside of the model.

    Args:
        tf: TensorFlow.
        graph: the MetaGraphDef.
        signatures: the description of the signatures that will run.
        trust: whether the user trusts the model: then nothing is refused.

    Raises:
        CannotOpen: an op writes or reads files, runs code of its own or calls a server; the
            message names its type and its node.
    """
    if trust:
        return
    starts, functions = beginnings(tf, graph, signatures)
    reached = Reached(graph.graph_def, starts, functions)
    assets = asset_nodes(graph, reached)
    for scope, node in reached.nodes:
        what = act_of(node)
        if node.op in ACTS_ON_FILE:
            does, position = ACTS_ON_FILE[node.op]
            origins = reached.sources(scope, node.input[position])
            named = any(names_a_file(tf, place, origin, assets) for place, origin in origins)
            what = does if named else ""
        if what:
            place = " of the function %s" % scope.name if scope.name else ""
            raise CannotOpen(
                "its op %s (the node %s%s) %s when the model is loaded or run"
                % (node.op, node.name, place, what),
                "read what the model does, and give --trust to run it nevertheless",
            )


def asset_nodes(graph: Any, reached: Reached) -> Set[str]:
    """Return the nodes of a graph that hold the paths of its assets.

    TensorFlow 2 keeps each path in a variable, which the initialiser sets from a placeholder; it
    counts where nothing else sets a variable of strings.  TensorFlow 1 feeds an asset's constant
    to the initialiser only: read by a signature it is the path on the machine that exported.
    """
    named = {_producer(asset.tensor_info.name) for asset in asset_defs(graph)}
    nodes = graph.graph_def.node
    assets = {node.name for node in nodes if node.name in named and node.op == "Placeholder"}
    assigned: Dict[str, Set[str]] = {}
    for node in nodes:
        if node.op == "AssignVariableOp":
            assigned.setdefault(_producer(node.input[0]), set()).add(_producer(node.input[1]))
    for scope, node in reached.nodes:
        if scope.name and node.op == "AssignVariableOp" and node.attr["dtype"].type == 7:
            return assets
    return assets | {name for name, sources in assigned.items() if sources <= assets}


def act_of(node: Any) -> str:
    """Return what a node does outside of the model; an empty string for nothing."""
    op = str(node.op)
    if op in ACTS:
        return ACTS[op]
    for family, what in FAMILIES:
        if op.startswith(family):
            return what
    if op == "PrintV2":
        stream = node.attr["output_stream"].s.decode("utf-8", "replace")
        return "writes a file" if stream.startswith("file:") else ""
    if op.startswith("Debug"):
        urls = [url.decode("utf-8", "replace") for url in node.attr["debug_urls"].list.s]
        return "sends what it sees to %s" % urls[0][:80] if urls else ""
    return ""


def names_a_file(tf: Any, scope: Scope, node: Any, assets: Set[str]) -> bool:
    """Return whether a node may be the origin of a file name that is no asset of the model."""
    if node.op not in SOURCES:
        return False
    if not scope.name and node.name in assets:
        return False
    if node.op == "Const":
        value = node.attr["value"].tensor
        if node.attr["dtype"].type != 7:
            return False
        return any(bytes(item).strip() for item in tf.make_ndarray(value).ravel())
    if node.op in ("VariableV2", "Variable", "VarHandleOp"):
        return bool(node.attr["dtype"].type == 7)
    return True


def beginnings(tf: Any, graph: Any, signatures: Json) -> Tuple[List[str], List[str]]:
    """Return the nodes and the functions with which loading and running a model begins."""
    starts = [
        info["tensor"]
        for signature in signatures.values()
        for info in signature["outputs"].values()
    ]
    starts += [graph.saver_def.restore_op_name]
    for key in ("__saved_model_init_op", "__saved_model_train_op"):
        if key in graph.signature_def:
            starts += [info.name for info in graph.signature_def[key].outputs.values()]
    for key in ("saved_model_main_op", "legacy_init_op", "table_initializer"):
        collection = graph.collection_def[key] if key in graph.collection_def else None
        if collection is not None:
            starts += list(collection.node_list.value)
    for definition in variable_defs(graph):
        # tf.saved_model.load computes the first value of a variable before it restores it
        starts += [definition.initializer_name, definition.initial_value_name]
    functions = []
    objects = saved_objects(graph)
    for node in objects:
        for child in node.children:
            if child.local_name in ON_LOAD:
                functions += concrete_functions(objects, child.node_id)
            if child.local_name == "signatures" and node is objects[0]:
                for signature in objects[child.node_id].children:
                    functions += concrete_functions(objects, signature.node_id)
        for saveable in getattr(node, "saveable_objects", {}).values():
            functions += concrete_functions(objects, saveable.restore_function)
    return [_producer(name) for name in starts if name], [name for name in functions if name]


def concrete_functions(objects: Any, number: int) -> List[str]:
    """Return the functions of node ``number`` of an object graph; none where it is no function."""
    if not 0 <= number < len(objects):
        return []
    node = objects[number]
    found = [str(name) for name in node.function.concrete_functions]
    return found + [str(node.bare_concrete_function.concrete_function_name)]


#: Collections that hold VariableDefs.
VARIABLE_COLLECTIONS = (
    "variables",
    "trainable_variables",
    "local_variables",
    "model_variables",
    "moving_average_variables",
)


def variable_defs(graph: Any, collection: Optional[str] = None) -> List[Any]:
    """Return the VariableDefs of a meta graph's collections (or of one), each once."""
    from tensorflow.core.framework import variable_pb2

    found = {}
    for key in VARIABLE_COLLECTIONS if collection is None else (collection,):
        if key not in graph.collection_def:
            continue
        for data in graph.collection_def[key].bytes_list.value:
            definition = variable_pb2.VariableDef()
            try:
                definition.ParseFromString(data)
            except Exception:  # another proto under a familiar key
                continue
            found[definition.variable_name] = definition
    return list(found.values())
