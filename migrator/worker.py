"""Describe, run and dump one model, under any Python >= 3.6 and TensorFlow >= 1.12.

This file stands alone: it is run *by its path* under the interpreter that owns the model
(``python worker.py request.json``) and imports numpy and tensorflow only.  The request is
a JSON object::

    kind     "savedmodel" or "checkpoint"
    role     "before" (makes the inputs) or "after" (runs the inputs that "before" made)
    path     SavedModel directory, or checkpoint prefix
    out      existing directory that the results are written to
    tags     list of tags that names the meta graph, or null to choose it
    seed     integer that the generated inputs depend on
    given    null, or the index and arrays of inputs to use as they are (see below)
    inputs   for "after": path of the JSON file that "before" writes when it has run
    memory   bytes of data the process may hold, or null
    seconds  after which the process ends itself, or null

The answer is ``result.json`` and ``arrays.npz`` in ``out`` (and, for "before",
``inputs.json`` and ``inputs.npz``).  ``phase`` names how far the process came, for the
parent to tell a broken interpreter from a broken model.  Nothing is pickled: an array is
an index entry ``{"key", "dtype", "shape"}``; strings are stored as one byte array plus
lengths, and types that NumPy does not have as the next wider type that it has.

Everything is done in one process, as importing TensorFlow costs far more than two loads
and a dozen runs of a small model.
"""

import base64
import gc
import hashlib
import importlib
import json
import keyword
import os
import signal
import struct
import sys
import time
import zipfile
import zlib
from typing import Any, Dict, Iterator, List, Optional, Sequence, Set, Tuple

Array = Any  # numpy's own generic spelling does not exist in the versions TensorFlow 1 needs
Json = Dict[str, Any]

#: Signature keys that TensorFlow writes for itself.
INTERNAL_SIGNATURES = ("__saved_model_init_op", "__saved_model_train_op")
OBJECT_GRAPH_KEY = "_CHECKPOINTABLE_OBJECT_GRAPH"
VALUE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"
VARIABLE_OPS = ("VariableV2", "Variable", "VarHandleOp")
WORDS = [b"a", b"the", b"hello", b"0", b"1", b"unknown word", "\u00e9t\u00e9".encode("utf-8")]


class CannotOpen(Exception):
    """Say why the model cannot be opened at all, and what to do if that is not obvious."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.advice = advice


class OutOfMemory(Exception):
    """Say what did not fit into the memory limit."""


def cannot_open(reason: str, error: BaseException) -> Exception:
    """Return the exception to raise for an ``error`` while the model is opened."""
    said = what_failed(error)
    exhausted = ("Arena alloc failed", "bad_alloc", "OOM when allocating", "Unable to allocate")
    if isinstance(error, MemoryError) or any(word in str(error) for word in exhausted):
        return OutOfMemory(said)
    return CannotOpen("%s: %s" % (reason, said))


class BadInput(Exception):
    """Say in one sentence which of the user's inputs does not fit the model."""


def what_failed(error: BaseException) -> str:
    """Return what an exception of ``Session.run`` or a function call says, in one line.

    TensorFlow 2 puts the position in the graph first and the reason after it.
    """
    lines = [line.strip() for line in str(error).splitlines()]
    lines = [
        line
        for line in lines
        if line
        and line != "Graph execution error:"
        and not line.startswith(
            ("Detected at", "Node: ", "File ", "<stack traces", "Original stack")
        )
    ]
    return (lines[0] if lines else type(error).__name__)[:400]


# --- arrays on disk ---------------------------------------------------------------------


class Store:
    """Write arrays one at a time into a ``.npz`` file, so that only one is in memory.

    The file is read with ``numpy.load(path, allow_pickle=False)``.
    """

    def __init__(self, path: str) -> None:
        self._file = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._count = 0

    def _write(self, key: str, array: Array) -> None:
        import numpy as np

        with self._file.open(key + ".npy", "w", force_zip64=True) as member:
            # not ascontiguousarray, which makes a scalar a vector
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)

    def put(self, value: Any) -> Json:
        """Store ``value`` and return its index entry."""
        import numpy as np

        array = as_array(value)
        key = "a%d" % self._count
        self._count += 1
        entry = {"key": key, "dtype": dtype_name(array), "shape": list(array.shape)}
        if entry["dtype"] == "string":
            items = [item if isinstance(item, bytes) else bytes(item) for item in array.ravel()]
            self._write(key, np.frombuffer(b"".join(items), dtype=np.uint8))
            self._write(key + ".lengths", np.array([len(item) for item in items], dtype=np.int64))
        else:
            self._write(key, plain(array))
        return entry

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def as_array(value: Any) -> Array:
    """Return ``value`` as an array; a ``bytes`` keeps its trailing zeros."""
    import numpy as np

    if isinstance(value, (bytes, str)):
        array = np.empty((), dtype=object)
        array[()] = value if isinstance(value, bytes) else value.encode("utf-8")
        return array
    return np.asarray(value)


def dtype_name(array: Array) -> str:
    """Return TensorFlow's name of an array's dtype (``string`` for bytes, ``bfloat16``, ...)."""
    if array.dtype.kind in "OSU":
        return "string"
    if array.dtype.names:  # the quantized types: one named field
        return str(array.dtype.names[0])
    return str(array.dtype.name)


def plain(array: Array) -> Array:
    """Return ``array`` in a dtype that every NumPy has, without losing a bit of its value."""
    import numpy as np

    if array.dtype.names:
        return array.view(array.dtype[0])
    if array.dtype.kind in "biufc" and array.dtype.name in np.sctypeDict:
        return array
    name = array.dtype.name
    return array.astype(np.int8 if "int" in name else np.float32)


def load(entry: Json, arrays: Any) -> Array:
    """Return the array that :meth:`Store.put` stored under ``entry``."""
    import numpy as np

    stored = arrays[entry["key"]]
    if entry["dtype"] != "string":
        return stored
    lengths = arrays[entry["key"] + ".lengths"]
    data = stored.tobytes()
    result = np.empty(len(lengths), dtype=object)
    start = 0
    for index, length in enumerate(lengths):
        result[index] = data[start : start + int(length)]
        start += int(length)
    return result.reshape(entry["shape"])


def write_json(path: str, value: Json) -> None:
    """Write ``value`` so that a reader sees the whole file or none."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(path + ".part", path)


def same(one: Array, two: Array) -> bool:
    """Return whether two runs gave the same output, bit for bit (every NaN counts as one)."""
    import numpy as np

    if one.dtype != two.dtype or one.shape != two.shape:
        return False
    if one.dtype.kind == "O":
        return list(one.ravel()) == list(two.ravel())
    if one.tobytes() == two.tobytes():
        return True
    if one.dtype.kind not in "fc":
        return False
    return bool(np.all((one == two) | (np.isnan(one) & np.isnan(two))))


# --- describing a SavedModel ------------------------------------------------------------


def compat(tf: Any) -> Any:
    """Return the namespace of TensorFlow 1: ``tf.compat.v1`` where there is one."""
    return getattr(getattr(tf, "compat", None), "v1", None) or tf


def major(tf: Any) -> int:
    """Return TensorFlow's major version."""
    return int(tf.__version__.split(".")[0])


def read_saved_model(path: str) -> Any:
    """Return the ``SavedModel`` protocol buffer of a directory.

    Raises:
        CannotOpen: there is none, or it does not parse.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    binary = os.path.join(path, "saved_model.pb")
    try:
        if os.path.exists(binary):
            with open(binary, "rb") as file:
                model.ParseFromString(file.read())
        else:
            with open(os.path.join(path, "saved_model.pbtxt"), encoding="utf-8") as text:
                # imported by name: protobuf ships no types
                importlib.import_module("google.protobuf.text_format").Merge(text.read(), model)
    except Exception as error:
        raise cannot_open("its saved_model.pb does not parse", error)
    if not model.meta_graphs:
        raise CannotOpen("its saved_model.pb holds no meta graph: it is cut off or empty")
    return model


def choose_meta_graph(model: Any, tags: Optional[Sequence[str]]) -> Any:
    """Return the meta graph with ``tags``, or the only one, or the one tagged ``serve``.

    Raises:
        CannotOpen: none has these tags, or several could be meant.
    """
    sets = [sorted(graph.meta_info_def.tags) for graph in model.meta_graphs]
    if tags is not None:
        for graph, found in zip(model.meta_graphs, sets):
            if found == sorted(tags):
                return graph
        raise CannotOpen(
            "it has no meta graph with the tags %s, only with %s" % (sorted(tags), sets),
            "choose the tags of one of these",
        )
    if len(sets) == 1:
        return model.meta_graphs[0]
    if ["serve"] in sets:
        return model.meta_graphs[sets.index(["serve"])]
    raise CannotOpen(
        "it has several meta graphs, with the tags %s" % sets, "choose the tags of one of these"
    )


def wanted_tags(request: Json, tag_sets: List[List[str]]) -> Optional[List[str]]:
    """Return the tags to open; the after side may lack those that were asked for."""
    preferred = request.get("preferred")
    if preferred is not None and sorted(preferred) in tag_sets:
        return sorted(preferred)
    tags = request.get("tags")
    return None if tags is None else sorted(tags)


def dims(shape: Any) -> Optional[List[Optional[int]]]:
    """Return a TensorShapeProto as a list (None for an unknown dim), None for unknown rank."""
    if shape.unknown_rank:
        return None
    return [None if dim.size < 0 else int(dim.size) for dim in shape.dim]


def describe_tensors(tf: Any, infos: Any, outputs: bool) -> Json:
    """Return name -> ``{"dtype", "shape", "tensor"}``.

    A sparse tensor becomes its three dense parts, named as TensorFlow 2 names them when
    a SparseTensorSpec is an input: ``x`` (indices), ``x_1`` (values), ``x_2`` (shape).
    """
    found = {}  # type: Json

    def dtype(number: int) -> str:
        return str(tf.as_dtype(number).base_dtype.name)

    for name in sorted(infos):
        info = infos[name]
        encoding = info.WhichOneof("encoding")
        if encoding == "coo_sparse":
            sparse = info.coo_sparse
            shape = dims(info.tensor_shape)
            rank = None if shape is None else len(shape)
            parts = [
                (name, "int64", [None, rank], sparse.indices_tensor_name, "indices"),
                (name + "_1", dtype(info.dtype), [None], sparse.values_tensor_name, "values"),
                (name + "_2", "int64", [rank], sparse.dense_shape_tensor_name, "shape"),
            ]
            for part, kind, part_shape, tensor, role in parts:
                found[part] = {"dtype": kind, "shape": part_shape, "tensor": tensor}
                found[part]["sparse"] = {"of": name, "part": role, "shape": shape}
        elif encoding == "name":
            found[name] = {
                "dtype": dtype(info.dtype),
                "shape": dims(info.tensor_shape),
                "tensor": info.name,
            }
        else:
            raise CannotOpen(
                "its signature's %s %r has the encoding %r, which is not compared"
                % ("output" if outputs else "input", name, encoding)
            )
    return found


def describe_signatures(tf: Any, graph: Any) -> Json:
    """Return key -> ``{"method_name", "inputs", "outputs"}`` of a meta graph."""
    return {
        key: {
            "method_name": definition.method_name,
            "inputs": describe_tensors(tf, definition.inputs, False),
            "outputs": describe_tensors(tf, definition.outputs, True),
        }
        for key, definition in sorted(graph.signature_def.items())
        if key not in INTERNAL_SIGNATURES
    }


def describe_assets(path: str, graph: Any) -> Json:
    """Return file name -> SHA-256 of the files in ``assets/``; the empty string when lost."""
    names = {str(asset.filename) for asset in graph.asset_file_def}
    folder = os.path.join(path, "assets")
    for parent, _, files in os.walk(folder):
        for file in files:
            full = os.path.join(parent, file)
            names.add(os.path.relpath(full, folder).replace(os.sep, "/"))
    found = {}
    for name in sorted(names):
        full = os.path.join(folder, name)
        if not os.path.isfile(full):
            found[name] = ""
            continue
        digest = hashlib.sha256()
        with open(full, "rb") as stream:
            for block in iter(lambda: stream.read(1 << 20), b""):
                digest.update(block)
        found[name] = digest.hexdigest()
    return found


# --- variables --------------------------------------------------------------------------


def open_reader(tf: Any, prefix: str) -> Any:
    """Return a checkpoint reader.

    Raises:
        CannotOpen: the files are missing or damaged.
    """
    try:
        return compat(tf).train.NewCheckpointReader(prefix)
    except Exception as error:
        raise cannot_open("its variables cannot be read", error)


def object_graph(tf: Any, data: bytes) -> Any:
    """Return the parsed object graph of an object-based checkpoint."""
    try:
        from tensorflow.core.protobuf import trackable_object_graph_pb2 as module

        graph = module.TrackableObjectGraph()
    except ImportError:  # TensorFlow before 1.14
        from tensorflow.core.protobuf import checkpointable_object_graph_pb2 as old

        graph = old.CheckpointableObjectGraph()
    graph.ParseFromString(data)
    return graph


def object_paths(graph: Any) -> Dict[int, Tuple[str, ...]]:
    """Return node id -> the shortest path of local names from the root."""
    paths = {0: ()}  # type: Dict[int, Tuple[str, ...]]
    queue = [0]
    for node in queue:
        for child in graph.nodes[node].children:
            if child.node_id not in paths:
                paths[child.node_id] = paths[node] + (child.local_name,)
                queue.append(child.node_id)
    return paths


def name_entries(tf: Any, reader: Any) -> Iterator[Tuple[str, List[str], bool]]:
    """Yield (key, names, bookkeeping) for every entry of a checkpoint.

    A name-based checkpoint's keys are its names.  In an object-based one an entry is
    known, in this order, by the key that it has in a ``variables`` dict of the root
    object, by the full name that the variable had, and by its path of attributes.
    """
    keys = sorted(reader.get_variable_to_shape_map())
    if OBJECT_GRAPH_KEY not in keys:
        for key in keys:
            yield key, [key], False
        return
    graph = object_graph(tf, reader.get_tensor(OBJECT_GRAPH_KEY))
    paths = object_paths(graph)
    names = {}  # type: Dict[str, List[str]]
    system = set()
    for number, node in enumerate(graph.nodes):
        path = paths.get(number)
        for attribute in node.attributes:
            known = names.setdefault(attribute.checkpoint_key, [])
            value = attribute.name == "VARIABLE_VALUE"
            if path and path[0] == "variables" and len(path) == 2 and value:
                known.append(path[1])
            if attribute.full_name and value:
                known.append(attribute.full_name)
            if path:
                known.append("/".join(path) + ("" if value else "/" + attribute.name))
            if path == ("save_counter",) or attribute.name == "OBJECT_CONFIG_JSON":
                system.add(attribute.checkpoint_key)
    for key in keys:
        if key == OBJECT_GRAPH_KEY:
            continue
        known = list(dict.fromkeys(names.get(key, [])))
        if not known:
            known = [key[: -len(VALUE_SUFFIX)] if key.endswith(VALUE_SUFFIX) else key]
        yield key, known, key in system


def dump_variables(tf: Any, prefix: str, store: Store, tell: Any = None) -> Tuple[List[Json], bool]:
    """Store every variable of a checkpoint; return their index and whether it is object-based.

    ``tell(key, names)`` answers whether a signature reaches the variable: True, False, or
    None when that cannot be told.
    """
    reader = open_reader(tf, prefix)
    found = []
    for key, names, system in name_entries(tf, reader):
        try:
            value = reader.get_tensor(key)
        except Exception as error:
            raise cannot_open("its variable %r cannot be read" % names[0], error)
        entry = {"key": key, "names": names, "bookkeeping": system, "array": store.put(value)}
        entry["reachable"] = tell(key, names) if tell else None
        found.append(entry)
    return found, OBJECT_GRAPH_KEY in reader.get_variable_to_shape_map()


class Reach:
    """Tell which variables the signatures of a meta graph depend on."""

    def __init__(self, tf: Any, graph: Any, signatures: Json) -> None:
        self._nodes = {node.name: node for node in graph.graph_def.node}
        self._tf = tf
        starts = [
            info["tensor"].split(":")[0]
            for signature in signatures.values()
            for info in signature["outputs"].values()
        ]
        self.reached = self._walk(starts)
        self._by_name = {}  # type: Dict[str, Set[str]]
        for node in graph.graph_def.node:
            if node.op in VARIABLE_OPS:
                shared = node.attr["shared_name"].s.decode("utf-8", "replace")
                for name in {node.name, shared} - {""}:
                    self._by_name.setdefault(name, set()).add(node.name)
        self._by_key = {}  # type: Dict[str, Set[str]]
        for node in graph.graph_def.node:
            if node.op == "SaveV2":
                self._read_save(node)

    def _walk(self, starts: Sequence[str]) -> Set[str]:
        seen = set()  # type: Set[str]
        stack = list(starts)
        while stack:
            name = stack.pop()
            if name in seen or name not in self._nodes:
                continue
            seen.add(name)
            stack.extend(_producer(text) for text in self._nodes[name].input)
        return seen

    def _read_save(self, node: Any) -> None:
        """Learn the checkpoint keys of the variables that a Saver's SaveV2 node writes."""
        names = self._nodes.get(_producer(node.input[1]))
        if names is None or names.op != "Const":
            return
        keys = self._tf.make_ndarray(names.attr["value"].tensor).ravel()
        for key, source in zip(keys, node.input[3:]):
            current = self._nodes.get(_producer(source))
            while current is not None and current.op in ("Identity", "ReadVariableOp"):
                current = self._nodes.get(_producer(current.input[0]))
            if current is not None and current.op in VARIABLE_OPS:
                self._by_key.setdefault(key.decode("utf-8"), set()).add(current.name)

    def needs_values(self) -> bool:
        """Return whether a signature reads a variable."""
        return any(self._nodes[name].op in VARIABLE_OPS for name in self.reached)

    def __call__(self, key: str, names: Sequence[str]) -> Optional[bool]:
        """Return whether the variable is reached; None when its node is not known."""
        nodes = set(self._by_key.get(key, ()))
        if not nodes:
            for name in names:
                nodes |= self._by_name.get(name, set())
        return bool(nodes & self.reached) if nodes else None


def _producer(text: str) -> str:
    """Return the node that an input (``^node``, ``node``, ``node:1``) comes from."""
    return text.lstrip("^").split(":")[0]


# --- running a SavedModel ---------------------------------------------------------------


class SessionView:
    """Run signatures through the v1 loader, in a session."""

    name = "v1"

    def __init__(self, tf: Any, path: str, tags: Sequence[str]) -> None:
        v1 = compat(tf)
        self._graph = tf.Graph()
        config = v1.ConfigProto(
            allow_soft_placement=True,
            intra_op_parallelism_threads=1,
            inter_op_parallelism_threads=1,
            device_count={"GPU": 0},
        )
        with self._graph.as_default():
            self._session = v1.Session(graph=self._graph, config=config)
            meta = v1.saved_model.loader.load(self._session, list(tags), path)
        self._signatures = describe_signatures(tf, meta)

    def call(self, key: str, feeds: Dict[str, Array], extra: Dict[str, Array]) -> Dict[str, Array]:
        """Run signature ``key``; ``extra`` feeds more tensors by their names in the graph."""
        signature = self._signatures[key]
        feed_dict = {}
        for name, value in list(feeds.items()):
            tensor = signature["inputs"][matching(name, signature["inputs"])]["tensor"]
            feed_dict[tensor] = self._cast(tensor, value)
        for tensor, value in extra.items():
            feed_dict[tensor] = self._cast(tensor, value)
        fetches = {name: info["tensor"] for name, info in signature["outputs"].items()}
        return {k: as_array(v) for k, v in self._session.run(fetches, feed_dict).items()}

    def close(self) -> None:
        """Let go of the session's memory."""
        self._session.close()

    def _cast(self, tensor: str, value: Array) -> Array:
        dtype = self._graph.get_tensor_by_name(tensor).dtype.base_dtype.as_numpy_dtype
        return value if value.dtype.kind == "O" else value.astype(dtype)


class FunctionView:
    """Run signatures through ``tf.saved_model.load``."""

    name = "v2"

    def __init__(self, tf: Any, path: str, tags: Optional[Sequence[str]], signatures: Json) -> None:
        self._tf = tf
        self._signatures = signatures
        self._loaded = tf.saved_model.load(path, tags=None if tags is None else list(tags))

    def call(self, key: str, feeds: Dict[str, Array], extra: Dict[str, Array]) -> Dict[str, Array]:
        """Run signature ``key`` with keyword arguments."""
        tf = self._tf
        if extra:
            raise ValueError("only the v1 loader can feed the tensors %s" % sorted(extra))
        if key not in self._loaded.signatures:
            raise ValueError("tf.saved_model.load finds no signature %r" % key)
        function = self._loaded.signatures[key]
        specs = function.structured_input_signature[1]
        arguments = {}
        for name, value in feeds.items():
            argument = matching(parameter(name, self._signatures[key]["inputs"], specs), specs)
            dtype = specs[argument].dtype
            if value.dtype.kind == "O":
                value = tf.constant(value.ravel().tolist(), tf.string, shape=value.shape)
            else:
                value = tf.constant(value.astype(dtype.as_numpy_dtype), dtype)
            arguments[argument] = value
        return {name: as_array(tensor.numpy()) for name, tensor in function(**arguments).items()}

    def close(self) -> None:
        """Let go of the model."""
        self._loaded = None

    def renamed(self, key: str, names: Sequence[str]) -> Json:
        """Return the inputs that ``tf.saved_model.load`` calls by another name."""
        if key not in self._loaded.signatures:
            return {}
        specs = self._loaded.signatures[key].structured_input_signature[1]
        found = {}
        for name in names:
            argument = sanitized(name)
            if name not in specs and argument in specs:
                found[name] = argument
        return found


def sanitized(name: str) -> str:
    """Return the Python parameter name that TensorFlow 2 makes of a signature's input name."""
    swapped = "".join(c if c.isalnum() else "_" for c in name)
    usable = swapped[:1].isalpha() and not keyword.iskeyword(swapped)
    return swapped if usable else "arg_" + swapped


def parameter(name: str, inputs: Json, names: Any) -> str:
    """Return which parameter among ``names`` may stand for ``name``, one part of a sparse input.

    Of one sparse input ``x`` of a SignatureDef, ``tf.saved_model.load`` makes ``x_indices``,
    ``x_values`` and ``x_dense_shape`` where TensorFlow 1 exported it.  A function that
    TensorFlow 2 saved has its own parameters, ``x``, ``x_1`` and ``x_2``, whichever way the
    SignatureDef spells the input.  Any other name is returned as it is.
    """
    sparse = inputs.get(name, {}).get("sparse")
    if sparse is None:
        return name
    endings = {"indices": "_indices", "values": "_values", "shape": "_dense_shape"}
    exported = str(sparse["of"]) + endings[sparse["part"]]
    own = sanitized(sparse["of"]) + {"indices": "", "values": "_1", "shape": "_2"}[sparse["part"]]
    for candidate in (name, own):
        if candidate in names:
            return candidate
    return exported


def matching(name: str, names: Any) -> str:
    """Return which of ``names`` is the input ``name``.

    Raises:
        ValueError: none is.
    """
    if name in names:
        return name
    safe = sanitized(name)
    if safe in names:
        return safe
    raise ValueError("it has no input %r, only %s" % (name, sorted(names)))


def ways_to_load(
    tf: Any, request: Json, tags: List[str], modern: bool, signatures: Json
) -> List[Tuple[str, Any]]:
    """Return the ways in which the side's role asks for the model to be loaded, with a label."""
    path = request["path"]
    if request["role"] == "after":
        return [
            ("v2", lambda: FunctionView(tf, path, None if modern else tags, signatures)),
            ("v1", lambda: session_view(tf, path, tags, False)),
        ]
    if modern and major(tf) >= 2:
        return [("v2", lambda: FunctionView(tf, path, None, signatures))]
    return [("v1", lambda: session_view(tf, path, tags, True))]


def session_view(tf: Any, path: str, tags: Sequence[str], mend: bool) -> SessionView:
    """Load through the v1 loader, where need be with contrib's ops or without ``_output_shapes``.

    TensorFlow 1.15 loads contrib lazily, so that its ops are missing at first; and its
    ``_output_shapes`` of FusedBatchNormGradV3 is refused by TensorFlow 2.
    """
    try:
        return SessionView(tf, path, tags)
    except Exception as error:
        text = str(error)
        if "Op type not registered" in text and major(tf) < 2:
            importlib.import_module("tensorflow.contrib")
            return SessionView(tf, path, tags)
        if not (mend and "_output_shapes" in text):
            raise
    import tempfile

    with tempfile.TemporaryDirectory() as mirror:
        model = read_saved_model(path)
        for graph in model.meta_graphs:
            for node in graph.graph_def.node:
                node.attr.pop("_output_shapes", None)
        with open(os.path.join(mirror, "saved_model.pb"), "wb") as file:
            file.write(model.SerializeToString())
        for folder in ("variables", "assets"):
            if os.path.isdir(os.path.join(path, folder)):
                target = os.path.abspath(os.path.join(path, folder))
                os.symlink(target, os.path.join(mirror, folder))
        return SessionView(tf, mirror, tags)


# --- inputs -----------------------------------------------------------------------------


class Hints:
    """What the graph says about plausible contents of its string inputs."""

    def __init__(self, tf: Any, path: str, graph: Any, reached: Set[str]) -> None:
        self._tf = tf
        functions = graph.graph_def.library.function
        # a training pipeline in the same graph says nothing about the signatures' inputs
        served = [node for node in graph.graph_def.node if node.name in reached]
        scopes = [served] + [list(function.node_def) for function in functions]
        self.features = []  # type: List[Tuple[str, str, List[int]]]
        self.sizes = []  # type: List[int]
        self.images = False
        self.words = list(WORDS)
        self.encoded = False
        for nodes in scopes:
            by_name = {node.name: node for node in nodes}
            for node in nodes:
                if node.op in ("ParseExample", "ParseExampleV2"):
                    self._read_parser(node, by_name)
                elif node.op.startswith("Decode") and any(
                    word in node.op for word in ("Image", "Jpeg", "Png", "Bmp", "Gif")
                ):
                    self.images = True
                elif node.op == "DecodeBase64":
                    self.encoded = True
                elif node.op == "Const" and node.attr["dtype"].type == 7:
                    self.words.extend(self._constant(node)[:50])
                elif node.op in VARIABLE_OPS:
                    self._read_sizes(node.attr["shape"].shape)
                elif node.op == "Const":
                    self._read_sizes(node.attr["value"].tensor.tensor_shape)
        self.words.extend(asset_words(path))
        self.words = [word for word in dict.fromkeys(self.words) if len(word) < 200]

    def _read_sizes(self, shape: Any) -> None:
        """Learn the sizes of a matrix: what is multiplied by it has to agree with one of them.

        TensorFlow 1 forgets the static shape of a ``sparse_placeholder``, and an input of
        shape [None, None] has none.
        """
        sizes = dims(shape) or []
        if len(sizes) == 2 and len(self.sizes) < 6:
            fresh = [size for size in dict.fromkeys(sizes) if size and size <= 4096]
            self.sizes += [size for size in fresh if size not in self.sizes]

    def _constant(self, node: Any) -> List[bytes]:
        if node is None or node.op != "Const":
            return []
        array = self._tf.make_ndarray(node.attr["value"].tensor)
        return [bytes(item) for item in array.ravel()] if array.dtype.kind in "OS" else []

    def _read_parser(self, node: Any, nodes: Json) -> None:
        """Learn the features that a ParseExample node reads."""

        def keys(position: int) -> List[bytes]:
            return self._constant(nodes.get(_producer(node.input[position])))

        types = [self._tf.as_dtype(number).name for number in node.attr["Tdense"].list.type]
        shapes = [dims(shape) or [] for shape in node.attr["dense_shapes"].list.shape]
        sparse_types = [
            self._tf.as_dtype(number).name for number in node.attr["sparse_types"].list.type
        ]
        if node.op == "ParseExample":
            count = len(sparse_types)
            sparse = [key for i in range(count) for key in keys(2 + i)]
            dense = [key for i in range(len(types)) for key in keys(2 + count + i)]
        else:
            sparse, dense = keys(2), keys(3)
        for key, kind, shape in zip(dense, types, shapes):
            size = [2 if size is None else size for size in shape]
            self.features.append((key.decode("utf-8"), kind, size))
        for key, kind in zip(sparse, sparse_types):
            self.features.append((key.decode("utf-8"), kind, [2]))

    def kinds(self) -> List[str]:
        """Return the kinds of string contents to try, most plausible first."""
        found = []
        if self.features:
            found += ["image examples"] if self.images else ["examples"]
        if self.images:
            found += ["base64 images"] if self.encoded else []
            found += ["images"]
        return found + ["words"]

    def example(self, rng: Any, regime: str, top: int, images: bool) -> bytes:
        """Return a serialized ``tf.train.Example`` with the features that the graph parses."""
        train = self._tf.train
        features = {}
        for name, kind, shape in self.features:
            settings = {"int": top, "strings": "images" if images else "words"}
            values = make_values(self, rng, kind, shape, regime, settings).ravel()
            if kind == "string":
                feature = train.Feature(bytes_list=train.BytesList(value=list(values)))
            elif kind == "int64":
                feature = train.Feature(int64_list=train.Int64List(value=[int(v) for v in values]))
            else:
                feature = train.Feature(
                    float_list=train.FloatList(value=[float(v) for v in values])
                )
            features[name] = feature
        message = train.Example(features=train.Features(feature=features))
        return bytes(message.SerializeToString(deterministic=True))


def asset_words(path: str) -> List[bytes]:
    """Return words of the text files among the assets: what the graph's tables look up."""
    words = []  # type: List[bytes]
    for parent, folders, files in os.walk(os.path.join(path, "assets")):
        folders.sort()
        for file in sorted(files):
            with open(os.path.join(parent, file), "rb") as stream:
                lines = stream.read(1 << 16).splitlines()[:50]
            if any(b"\0" in line for line in lines):
                continue
            for line in lines:
                words.append(line)
                words.extend(line.split(b"\t")[:2] if b"\t" in line else [])
    return words


def png(pixels: Array) -> bytes:
    """Return an RGB image of shape [height, width, 3], uint8, as a PNG file."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + pixels[i].tobytes() for i in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data) & 0xFFFFFFFF
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def make_strings(hints: Hints, rng: Any, count: int, regime: str, settings: Json) -> List[bytes]:
    """Return ``count`` strings of the kind that ``settings`` names."""
    import numpy as np

    kind = settings["strings"]
    if kind in ("images", "base64 images"):
        found = []
        for _ in range(count):
            level = {"zeros": 0, "ones": 255}.get(regime)
            pixels = rng.randint(0, 256, size=(32, 32, 3)).astype(np.uint8)
            if level is not None:
                pixels[:] = level
            data = png(pixels)
            found.append(base64.urlsafe_b64encode(data) if kind == "base64 images" else data)
        return found
    if kind in ("examples", "image examples"):
        images = kind == "image examples"
        return [hints.example(rng, regime, settings["int"], images) for _ in range(count)]
    if regime == "zeros":
        return [b""] * count
    if regime == "ones":
        return [hints.words[-1]] * count
    words = hints.words
    if regime == "edge":
        words = [b"", b" ", b"\x00\xff", "\u00e9".encode("utf-8"), hints.words[-1]]
        return [words[i % len(words)] for i in range(count)]
    return [words[int(rng.randint(len(words)))] for _ in range(count)]


def make_values(
    hints: Hints, rng: Any, kind: str, shape: Sequence[int], regime: str, settings: Json
) -> Array:
    """Return an array of TensorFlow dtype ``kind`` for one regime."""
    import numpy as np

    size = int(np.prod(shape)) if len(shape) else 1
    if kind == "string":
        flat = np.empty(size, dtype=object)
        flat[:] = make_strings(hints, rng, size, regime, settings)
        return flat.reshape(shape)
    if kind == "bool":
        values = {
            "zeros": np.zeros(size, bool),
            "ones": np.ones(size, bool),
            "edge": np.arange(size) % 2 == 0,
        }.get(regime)
        return (rng.rand(size) < 0.5 if values is None else values).reshape(shape)
    if "int" in kind:
        name = kind[1:] if kind.startswith("q") else kind
        dtype = np.dtype(name if name in np.sctypeDict else "int8")
        top = settings["int"]
        edges = [0, min(1, top - 1), top - 1]
        if settings.get("wide"):
            edges = [0, 1, 127] + ([-1] if dtype.kind == "i" else [])
        table = {"zeros": [0], "ones": [min(1, top - 1)], "edge": edges}
        values = rng.randint(0, top, size=size)
        if regime in table:
            values = np.resize(np.array(table[regime]), size)
        return values.astype(dtype).reshape(shape)
    if kind.startswith("complex"):
        half = "float32" if kind == "complex64" else "float64"
        real = make_values(hints, rng, half, shape, regime, settings)
        imag = make_values(hints, rng, half, shape, regime, settings)
        return (real + 1j * imag).astype(kind)
    # bfloat16 and the 8-bit floats are made as float32 and rounded when they are fed
    dtype = np.dtype(kind if kind in ("float16", "float32", "float64") else "float32")
    info = np.finfo(dtype)
    tiny, eps = float(info.tiny), float(info.eps)
    edges = [0.0, -0.0, tiny, -tiny, eps, -eps, 1 + eps, -1.0, 0.5, 1e-3, 100.0, -100.0]
    fixed = {"zeros": [0.0], "ones": [1.0], "edge": edges}
    values = rng.randn(size)
    if regime in fixed:
        values = np.resize(np.array(fixed[regime]), size)
    return values.astype(dtype).reshape(shape)


def make_inputs(
    specs: Json, given: Json, hints: Hints, seed: int, regime: str, batch: int, settings: Json
) -> Dict[str, Array]:
    """Return name -> array for one signature; ``given`` arrays are taken as they are."""
    import numpy as np

    found = dict(given)
    for position, name in enumerate(sorted(specs)):
        if name in found:
            continue
        spec = specs[name]
        key = hashlib.sha256(("%d/%s/%d/%d" % (seed, regime, batch, position)).encode()).digest()
        rng = np.random.RandomState(struct.unpack("<I", key[:4])[0])
        if "sparse" in spec:
            found[name] = sparse_part(spec, hints, rng, regime, batch, settings)
            continue
        shape = spec["shape"]
        if shape is None:
            shape = [batch, settings["dim"], settings["dim"], 3][: settings["rank"]]
        else:
            shape = [
                dim if dim is not None else batch if axis == 0 else settings["dim"]
                for axis, dim in enumerate(shape)
            ]
        found[name] = make_values(hints, rng, spec["dtype"], shape, regime, settings)
    return found


def sparse_part(
    spec: Json, hints: Hints, rng: Any, regime: str, batch: int, settings: Json
) -> Array:
    """Return the indices, values or shape of a sparse input: one value in every row."""
    import numpy as np

    shape = spec["sparse"]["shape"] or [None, None]
    sizes = [
        dim if dim is not None else batch if axis == 0 else settings["dim"]
        for axis, dim in enumerate(shape)
    ]
    rows = sizes[0] if sizes else 1
    if spec["sparse"]["part"] == "shape":
        return np.array(sizes, dtype=np.int64)
    if spec["sparse"]["part"] == "indices":
        return np.array([[row] + [0] * (len(sizes) - 1) for row in range(rows)], dtype=np.int64)
    return make_values(hints, rng, spec["dtype"], [rows], regime, settings)


def all_settings(specs: Json, given: Json, hints: Hints) -> List[Json]:
    """Return the ways to fill what the specs leave open, most plausible first.

    A lookup beyond its table, a convolution wider than its image or a string that is no
    image make a run fail on the before side; the next way is tried then.
    """
    open_specs = [spec for name, spec in specs.items() if name not in given]
    kinds = [spec["dtype"] for spec in open_specs]
    # the rank of a sparse input is never tried: sparse_part takes a matrix for an unknown one
    shapes = [
        (spec["sparse"]["shape"] or [None, None]) if "sparse" in spec else spec["shape"]
        for spec in open_specs
    ]
    strings = hints.kinds() if "string" in kinds else ["words"]
    whole = any("int" in kind for kind in kinds) or bool(hints.features)
    ints = [(10, True), (10, False), (2, False), (1, False)] if whole else [(10, False)]
    inner = any(shape is not None and None in shape[1:] for shape in shapes)
    unknown = any(shape is None for shape in shapes)
    hinted = hints.sizes if inner else []
    sizes = list(dict.fromkeys([5, 1] + hinted + [32, 128, 299])) if inner or unknown else [5]
    ranks = [2, 0, 1, 4, 3] if unknown else [0]
    found = [
        {"strings": string, "int": top, "wide": wide, "dim": dim, "rank": rank}
        for string in strings
        for dim in sizes
        for rank in ranks
        for top, wide in ints
    ]
    return found[:60]


def regimes_of(specs: Json, given: Json) -> List[Tuple[str, int]]:
    """Return the (regime, batch size) pairs to run for a signature."""
    left = [name for name in specs if name not in given]
    if not left:
        return [("given" if specs else "no inputs", 0)]
    # an unknown batch size must agree with that of the arrays that were given
    rows = [
        given[name].shape[0]
        for name in specs
        if name in given
        and len(given[name].shape)
        and (specs[name]["shape"] is None or specs[name]["shape"][:1] == [None])
    ]
    if rows:
        return [(regime, rows[0]) for regime in ("normal", "zeros", "ones", "edge")]
    free = any(
        specs[name]["shape"] is None or None in specs[name]["shape"] or "sparse" in specs[name]
        for name in left
    )
    if not free:
        return [(regime, 1) for regime in ("normal", "zeros", "ones", "edge")]
    return [("normal", 1), ("normal", 3), ("zeros", 1), ("ones", 3), ("edge", 3)]


def extreme(feeds: Dict[str, Array], given: Json, regime: str) -> bool:
    """Return whether generated inputs hold values at which sane models may overflow.

    Those are the edge values, and a scalar that is exactly 0 or 1: a keep probability, a
    dropout rate or a temperature, by which the model, or one minus it, divides.
    """
    scalars = [
        value
        for name, value in feeds.items()
        if name not in given and value.shape == () and value.dtype.kind == "f"
    ]
    return regime == "edge" or (regime in ("zeros", "ones") and bool(scalars))


# --- the two roles ----------------------------------------------------------------------


def run_twice(
    view: Any, key: str, feeds: Dict[str, Array], extra: Dict[str, Array]
) -> Tuple[Dict[str, Array], List[str]]:
    """Return the outputs, and the names of those that a second run gives another value."""
    one = view.call(key, feeds, extra)
    two = view.call(key, feeds, extra)
    return one, sorted(name for name in one if not same(one[name], two[name]))


def run_record(view: Any, key: str, label: str, feeds: Json, extra: Json, store: Store) -> Json:
    """Run one signature on one set of inputs, twice, and store the outputs."""
    record = {"view": view.name, "signature": key, "regime": label}  # type: Json
    try:
        outputs, unstable = run_twice(view, key, feeds, extra)
    except Exception as error:
        record["error"] = what_failed(error)
        return record
    record["outputs"] = {name: store.put(value) for name, value in sorted(outputs.items())}
    record["unstable"] = unstable
    return record


def read_given(request: Json) -> Json:
    """Return the user's inputs: by name for every signature, and by signature key and name."""
    import numpy as np

    given = {"shared": {}, "signatures": {}}  # type: Json
    if request.get("given"):
        index = request["given"]["index"]
        with np.load(request["given"]["arrays"], allow_pickle=False) as arrays:
            given["shared"] = {n: load(e, arrays) for n, e in index["shared"].items()}
            for key, entries in index["signatures"].items():
                given["signatures"][key] = {n: load(e, arrays) for n, e in entries.items()}
    return given


def check_given(given: Json, signatures: Json) -> None:
    """Refuse inputs that no signature takes.

    A name such as ``keep_prob:0`` that is no signature's input names a tensor, which is
    fed through the v1 loader only.

    Raises:
        BadInput: a signature key or an input name is unknown.
    """
    known = sorted({name for signature in signatures.values() for name in signature["inputs"]})
    for name in given["shared"]:
        if name not in known and ":" not in name:
            raise BadInput("no signature has an input %r: the inputs are %s" % (name, known))
    for key, values in given["signatures"].items():
        if key not in signatures:
            raise BadInput("inputs are given for the signature %r, which is not there" % key)
        for name in values:
            if name not in signatures[key]["inputs"] and ":" not in name:
                names = sorted(signatures[key]["inputs"])
                raise BadInput("signature %r has no input %r, only %s" % (key, name, names))


def fit(value: Array, spec: Json, name: str) -> Array:
    """Return a given array in its input's dtype, cast as ``feed_dict`` casts.

    Raises:
        BadInput: the cast would change the values.
    """
    import numpy as np

    kind = spec["dtype"]
    if (kind == "string") != (value.dtype.kind == "O"):
        raise BadInput("the input %r takes %s, not %s" % (name, kind, dtype_name(value)))
    if kind == "string":
        return value
    if kind not in np.sctypeDict and kind != "bool":
        return value
    cast = value.astype(kind)
    if cast.dtype.kind in "iub" and not np.array_equal(cast.astype(value.dtype), value):
        raise BadInput("the input %r takes %s, and the values given do not fit" % (name, kind))
    return cast


def run_before(view: Any, signatures: Json, request: Json, hints: Hints, store: Store) -> Json:
    """Make inputs, run every signature on them, and write the inputs for the other side."""

    given = read_given(request)
    check_given(given, signatures)
    inputs = Store(os.path.join(request["out"], "inputs.npz"))
    runs = []
    made = []
    for key in sorted(signatures):
        specs = signatures[key]["inputs"]
        chosen = dict(given["shared"])
        chosen.update(given["signatures"].get(key, {}))
        fixed = {name: fit(chosen[name], specs[name], name) for name in chosen if name in specs}
        extra = {name: value for name, value in chosen.items() if name not in fixed and ":" in name}
        options = all_settings(specs, fixed, hints)
        for regime, batch in regimes_of(specs, fixed):
            label = "%s, batch %d" % (regime, batch) if batch else regime
            record = {}  # type: Json
            reason = None
            for number, settings in enumerate(options):
                seed = request["seed"]
                feeds = make_inputs(specs, fixed, hints, seed, regime, batch, settings)
                record = run_record(view, key, label, feeds, extra, store)
                reason = reason or record.get("error")
                if "error" not in record:
                    # what ran once is the best guess for the other regimes
                    options = options[number:] + options[:number]
                    index = {name: inputs.put(value) for name, value in sorted(feeds.items())}
                    made.append({"signature": key, "regime": label, "inputs": index})
                    record["extreme"] = extreme(feeds, fixed, regime)
                    break
            else:
                record["error"] = reason
            runs.append(record)
    inputs.close()
    write_json(os.path.join(request["out"], "inputs.json"), {"inputs": made})
    return {"runs": runs}


def run_after(
    ways: List[Tuple[str, Any]], signatures: Json, request: Json, store: Store, version: str
) -> Json:
    """Run every signature on the before side's inputs, in every way that loads.

    One way is let go before the next is loaded, so that the model is in memory once.

    Raises:
        CannotOpen: no way loads it.
    """
    result = {"runs": [], "renamed": {}, "views": [], "load_errors": {}}  # type: Json
    for label, load_view in ways:
        try:
            view = load_view()
        except Exception as error:
            message = "%s: %s" % (type(error).__name__, what_failed(error))
            result["load_errors"][label] = message
            continue
        phase(request, "run")
        result["views"].append(label)
        await_inputs(request)
        run_inputs(view, signatures, request, store, result)
        view.close()
        del view
        gc.collect()
    if not result["views"]:
        message = next(iter(result["load_errors"].values()))
        raise CannotOpen("TensorFlow %s cannot load it: %s" % (version, message))
    return result


def await_inputs(request: Json) -> None:
    """Wait until the before side has written its inputs."""
    parent = os.getppid()
    while not os.path.exists(request["inputs"]):
        if os.getppid() != parent:
            raise SystemExit("the process that asked for this run is gone")
        time.sleep(0.02)


def run_inputs(view: Any, signatures: Json, request: Json, store: Store, result: Json) -> None:
    """Run one view on every set of inputs, and add to ``result`` what came of it."""
    import numpy as np

    with open(request["inputs"], encoding="utf-8") as file:
        made = json.load(file)["inputs"]
    path = os.path.join(os.path.dirname(request["inputs"]), "inputs.npz")
    with np.load(path, allow_pickle=False) as arrays:
        for item in made:
            key = item["signature"]
            if key not in signatures:
                continue
            feeds = {name: load(entry, arrays) for name, entry in item["inputs"].items()}
            result["runs"].append(run_record(view, key, item["regime"], feeds, {}, store))
            if isinstance(view, FunctionView):
                result["renamed"][key] = view.renamed(key, sorted(signatures[key]["inputs"]))


def serve_saved_model(tf: Any, request: Json, store: Store) -> Json:
    """Describe a SavedModel, dump its variables and run it."""
    path = request["path"]
    model = read_saved_model(path)
    tag_sets = sorted(sorted(graph.meta_info_def.tags) for graph in model.meta_graphs)
    graph = choose_meta_graph(model, wanted_tags(request, tag_sets))
    tags = sorted(graph.meta_info_def.tags)
    modern = bool(graph.object_graph_def.nodes)
    signatures = describe_signatures(tf, graph)
    result = {
        "tag_sets": tag_sets,
        "tags": tags,
        "written_by": graph.meta_info_def.tensorflow_version,
        "object_based": modern,
        "signatures": signatures,
        "assets": describe_assets(path, graph),
        "variables": [],
    }  # type: Json
    prefix = os.path.join(path, "variables", "variables")
    reach = Reach(tf, graph, signatures)
    hints = Hints(tf, path, graph, reach.reached)
    if os.path.exists(prefix + ".index"):
        result["variables"], _ = dump_variables(tf, prefix, store, reach)
    elif reach.needs_values():
        raise CannotOpen("its variables are missing: there is no %s.index" % prefix)
    del model, graph, reach
    ways = ways_to_load(tf, request, tags, modern, signatures)
    if request["role"] == "after":
        result.update(run_after(ways, signatures, request, store, tf.__version__))
        return result
    ((label, load_view),) = ways
    try:
        view = load_view()
    except Exception as error:
        reason = "TensorFlow %s cannot load it: %s" % (tf.__version__, type(error).__name__)
        raise cannot_open(reason, error)
    phase(request, "run")
    result["views"] = [label]
    result.update(run_before(view, signatures, request, hints, store))
    view.close()
    return result


def serve_checkpoint(tf: Any, request: Json, store: Store) -> Json:
    """Dump the variables of a checkpoint."""
    variables, object_based = dump_variables(tf, request["path"], store)
    return {"variables": variables, "object_based": object_based}


def phase(request: Json, name: str) -> None:
    """Record how far the process came."""
    with open(os.path.join(request["out"], "phase"), "w", encoding="utf-8") as file:
        file.write(name)


def limit_memory(request: Json) -> None:
    """Limit the memory of this process before it opens a model.

    RLIMIT_DATA counts private writable memory, so that TensorFlow reports an allocation
    beyond it as an error; RLIMIT_AS would also count libraries and reserved addresses.
    """
    if request.get("memory"):
        try:
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (request["memory"], request["memory"]))
        except (ImportError, ValueError, OSError) as error:
            sys.stderr.write("the memory limit could not be set: %s\n" % error)


def main(argv: Sequence[str]) -> int:
    """Answer the request in the file ``argv[1]``; return 0 when an answer was written."""
    # Python puts this file's folder first on its path, where a neighbour could hide a package
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    with open(argv[1], encoding="utf-8") as file:
        request = json.load(file)
    if request.get("seconds") and hasattr(signal, "alarm"):
        signal.alarm(int(request["seconds"]) + 1)
    phase(request, "python")
    result = {"python": "%d.%d.%d" % sys.version_info[:3]}  # type: Json
    try:
        import numpy  # noqa: F401
        import tensorflow as tf

        result["tensorflow"] = str(tf.__version__)
    except Exception as error:
        result.update(status="no_tensorflow", error=what_failed(error))
        write_json(os.path.join(request["out"], "result.json"), result)
        return 0
    compat(tf).logging.set_verbosity(compat(tf).logging.ERROR)
    limit_memory(request)
    answer(tf, request, result)
    phase(request, "done")
    return 0


def answer(tf: Any, request: Json, result: Json) -> None:
    """Add to ``result`` what ``request`` asks for, and write it."""
    phase(request, "open")
    store = Store(os.path.join(request["out"], "arrays.npz"))
    serve = {"savedmodel": serve_saved_model, "checkpoint": serve_checkpoint}[request["kind"]]
    try:
        result.update(serve(tf, request, store))
        result["status"] = "ok"
    except CannotOpen as error:
        result.update(status="cannot_open", error=str(error), advice=error.advice)
    except OutOfMemory as error:
        result.update(status="out_of_memory", error=str(error))
    except BadInput as error:
        result.update(status="bad_input", error=str(error))
    store.close()
    write_json(os.path.join(request["out"], "result.json"), result)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
