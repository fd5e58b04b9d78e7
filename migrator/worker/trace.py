"""Run one signature on one set of inputs, and keep what every op on the way to an output gives."""

import hashlib
import os
import tempfile
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

from .common import VARIABLE_OPS, Array, CannotOpen, Json, compat, phase, what_failed
from .describe import choose_meta_graph, read_saved_model
from .flatten import Flat, TooLarge, flat_graph
from .graphs import TABLE_INITIALIZERS, read_graph
from .slices import Item, Slice, attributes, split
from .store import Store, as_array, load, plain
from .views import drop_output_shapes, with_contrib

TABLES = ("HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2")

#: Values are kept whole up to so many bytes in all, then as a sample of their elements.
MOST_BYTES = 512 << 20
SAMPLE = 1 << 14
#: A variable of more bytes is read in pieces of about so many, and never kept whole.
PIECE = 32 << 20
#: So many tensors, or estimated bytes, are fetched by one run.
MOST_FETCHES = 64
MOST_FETCHED = 64 << 20


class Pieced:
    """The names of the tensors by which a variable is read in pieces, and its shape."""

    def __init__(self, fetch: str, rows: str, shape: List[int]) -> None:
        self.fetch, self.rows = fetch, rows
        self.shape = shape

    def read(self, session: Any) -> Iterator[Array]:
        """Yield the variable's values in their order, some rows at a time."""
        import numpy as np

        count = self.shape[0]
        width = 8 * max(1, int(np.prod(self.shape[1:], dtype=np.int64)))
        step = max(1, PIECE // width)
        for row in range(0, count, step):
            rows = np.arange(row, min(row + step, count), dtype=np.int64)
            yield session.run(self.fetch, {self.rows: rows})


def static_shape(node: Any) -> List[int]:
    """Return the shape of a variable's node; empty where it is not known."""
    shape = node.attr["shape"].shape
    known = not shape.unknown_rank and all(dim.size >= 0 for dim in shape.dim)
    return [int(dim.size) for dim in shape.dim] if known else []


def is_large(tf: Any, node: Any) -> bool:
    """Return whether a variable is to be read in pieces."""
    count = 1
    for dim in static_shape(node):
        count *= dim
    dtype = tf.as_dtype(node.attr["dtype"].type)
    return count * max(1, dtype.size or 1) > PIECE and dtype != tf.string


class Running:
    """A flattened graph in a session, with the probes that read variables and tables."""

    def __init__(self, tf: Any, request: Json) -> None:
        self._tf = tf
        self._v1 = compat(tf)
        self._probes = 0
        self._request = request
        self.graph = tf.Graph()
        self.meta = read_meta(tf, request)
        self._flat_def, self.flat = flat_graph(self.meta, request["tensor"])
        drop_output_shapes(self._flat_def)
        self.nodes = {node.name: node for node in self._flat_def.node}
        self.slice = Slice(self.nodes, self.flat.tensor)
        self.probes = self._add_probes()
        config = self._v1.ConfigProto(
            allow_soft_placement=True,
            intra_op_parallelism_threads=1,
            inter_op_parallelism_threads=1,
            device_count={"GPU": 0},
        )
        with self.graph.as_default():
            self.session = self._v1.Session(graph=self.graph, config=config)
            self._restore()

    def _add_probes(self) -> Dict[str, List[str]]:
        """Add ops that read what is behind a handle; return tensor name -> names of fetches."""
        found: Dict[str, List[str]] = {}
        self.pieced: Dict[str, Pieced] = {}
        for item in self.slice.items:
            node = self.nodes[item.node]
            if item.op in VARIABLE_OPS and is_large(self._tf, node):
                self.pieced[item.key] = self._add_rows(node)
            elif item.op == "VarHandleOp":
                probe = self._probe("ReadVariableOp", [node.name], dtype=node.attr["dtype"])
                found[item.key] = [probe + ":0"]
            elif item.op in TABLES and item.op.endswith("V2"):
                types = {"Tkeys": node.attr["key_dtype"], "Tvalues": node.attr["value_dtype"]}
                probe = self._probe("LookupTableExportV2", [node.name], **types)
                found[item.key] = [probe + ":0", probe + ":1"]
        return found

    def _probe(self, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node and return its name."""
        node = self._flat_def.node.add()
        self._probes += 1
        node.name, node.op = "migrator_probe/%d" % self._probes, op
        node.input.extend(inputs)
        for key, value in attributes.items():
            node.attr[key].CopyFrom(value)
        return str(node.name)

    def _add_rows(self, node: Any) -> "Pieced":
        """Add what reads the rows of a variable whose numbers are fed.

        A variable behind a handle is gathered from: it may be set to be copied when it is read.
        """
        from tensorflow.core.framework import attr_value_pb2

        whole = attr_value_pb2.AttrValue(type=self._tf.int64.as_datatype_enum)
        rows = self._probe("Placeholder", [], dtype=whole)
        dtype = node.attr["dtype"]
        if node.op == "VarHandleOp":
            types = {"dtype": dtype, "Tindices": whole}
            name = self._probe("ResourceGather", [node.name, rows], **types)
        else:
            types = {"Tparams": dtype, "Tindices": whole}
            name = self._probe("Gather", [node.name, rows], **types)
        return Pieced(name + ":0", rows + ":0", static_shape(node))

    def _restore(self) -> None:
        kind, path = self._request["kind"], self._request["path"]
        v1, graph = self._v1, self._flat_def
        if kind == "savedmodel":
            with tempfile.TemporaryDirectory() as mirror:
                self._mirror(path, mirror)
                tags = list(self.meta.meta_info_def.tags)
                v1.saved_model.loader.load(self.session, tags, mirror)
        elif kind == "metagraph":
            self.meta.graph_def.CopyFrom(graph)
            saver = v1.train.import_meta_graph(self.meta, clear_devices=True) or v1.train.Saver()
            self.session.run(v1.local_variables_initializer())
            saver.restore(self.session, path)
            self.session.run(v1.tables_initializer())
        else:
            v1.import_graph_def(graph, name="")
            self._initialize_tables()

    def _initialize_tables(self) -> None:
        needed = {item.node for item in self.slice.items}
        for operation in self.graph.get_operations():
            if operation.type in TABLE_INITIALIZERS and operation.inputs[0].op.name in needed:
                self.session.run(operation)

    def _mirror(self, path: str, mirror: str) -> None:
        from tensorflow.core.protobuf import saved_model_pb2

        model = saved_model_pb2.SavedModel(saved_model_schema_version=1)
        copy = model.meta_graphs.add()
        copy.CopyFrom(self.meta)
        copy.graph_def.CopyFrom(self._flat_def)
        with open(os.path.join(mirror, "saved_model.pb"), "wb") as file:
            file.write(model.SerializeToString())
        for folder in ("variables", "assets"):
            if os.path.isdir(os.path.join(path, folder)):
                target = os.path.abspath(os.path.join(path, folder))
                os.symlink(target, os.path.join(mirror, folder))

    def feed_dict(self, feeds: Json, arrays: Any) -> Json:
        """Return what to feed: tensor name -> array in the tensor's dtype."""
        found = {}
        for tensor, entry in feeds.items():
            value = load(entry, arrays)
            place = self.flat.place(tensor[:-2] if tensor.endswith(":0") else tensor)
            name = "%s:%d" % split(place)
            dtype = self.graph.get_tensor_by_name(name).dtype.base_dtype.as_numpy_dtype
            found[name] = value if value.dtype.kind == "O" else value.astype(dtype)
        return found

    def fetches(self) -> List[Tuple[Item, List[str]]]:
        """Return the tensors that can be fetched, each with the names to fetch for it."""
        found = []
        for item in self.slice.items:
            names = self.probes.get(item.key)
            if item.key in self.pieced:
                continue
            if names is None:
                if self.graph.get_tensor_by_name(item.key).dtype.name in ("resource", "variant"):
                    continue
                names = [item.key]
            found.append((item, names))
        return found

    def estimate(self, name: str, rows: int) -> int:
        """Return about how many bytes a tensor has."""
        tensor = self.graph.get_tensor_by_name(name)
        try:
            dims = tensor.shape.as_list()
        except ValueError:
            return 1 << 20
        count = 1
        for dim in dims:
            count *= int(getattr(dim, "value", dim) or rows)
        return count * 8

    def run(self, names: Sequence[str], feed: Json) -> List[Any]:
        """Return the values of the tensors; None for one that has none."""
        try:
            return list(self.session.run(list(names), feed))
        except Exception:
            if len(names) == 1:
                return [None]
        half = len(names) // 2
        return self.run(names[:half], feed) + self.run(names[half:], feed)


def read_meta(tf: Any, request: Json) -> Any:
    """Return the meta graph of the model; a frozen graph's is made up.

    Raises:
        CannotOpen: it cannot be read.
    """
    kind, path = request["kind"], request["path"]
    if kind == "savedmodel":
        return choose_meta_graph(read_saved_model(path), request.get("graph_tags"))
    if kind == "graphdef":
        return read_graph(path)
    if kind != "metagraph":
        raise CannotOpen("a model of the kind %r holds no graph" % kind)
    from tensorflow.core.protobuf import meta_graph_pb2

    meta = meta_graph_pb2.MetaGraphDef()
    try:
        with open(path + ".meta", "rb") as stream:
            meta.ParseFromString(stream.read())
    except Exception as error:
        raise CannotOpen("%s.meta cannot be read: %s" % (path, what_failed(error)))
    return meta


class Keeper:
    """Store values whole while there is room, then a sample of each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._left = MOST_BYTES

    def keep(self, value: Any) -> Json:
        """Store a value and return its entry, with ``stride`` where it is a sample."""
        array = as_array(value)
        size = int(array.nbytes) if array.dtype.kind != "O" else 64 * int(array.size)
        if size <= self._left or array.size <= SAMPLE:
            self._left -= size
            return {"array": self._store.put(array), "shape": list(array.shape)}
        if array.dtype.kind != "O":
            return self.keep_pieces([array], list(array.shape))
        stride = -(-int(array.size) // SAMPLE)
        sample = self._store.put(array.ravel()[::stride])
        return {"array": sample, "stride": stride, "shape": list(array.shape)}

    def keep_pieces(self, pieces: Iterable[Array], shape: List[int]) -> Json:
        """Store a sample of a value that comes in pieces, with a digest of the whole."""
        import numpy as np

        total = int(np.prod(shape, dtype=np.int64))
        stride = -(-total // SAMPLE)
        digest = hashlib.sha256()
        samples = []
        position = 0
        for piece in pieces:
            flat = np.ravel(piece)
            samples.append(flat[-position % stride :: stride].copy())
            position += flat.size
            digest.update(np.ascontiguousarray(plain(flat)).data)
        array = self._store.put(np.concatenate(samples))
        return {"array": array, "stride": stride, "shape": shape, "digest": digest.hexdigest()}


def sorted_table(keys: Any, values: Any) -> List[Any]:
    """Return keys and values of a table in the order of the keys."""
    keys, values = as_array(keys).ravel(), as_array(values)
    order = sorted(range(len(keys)), key=lambda i: keys[i])
    return [keys[order], values[order]]


def serve_trace(tf: Any, request: Json, store: Store) -> Json:
    """Answer with every tensor on the way to the tensor ``request["tensor"]``, and its value.

    ``request["feeds"]`` maps tensor names to entries of the arrays in ``request["values"]``.

    Raises:
        CannotOpen: the graph cannot be read, flattened or restored.
    """
    import numpy as np

    try:
        running = with_contrib(tf, lambda: Running(tf, request))
    except (CannotOpen, MemoryError):
        raise
    except TooLarge as error:
        raise CannotOpen(str(error))
    except Exception as error:
        raise CannotOpen("its graph does not run in a session: %s" % what_failed(error))
    phase(request, "run")
    with np.load(request["values"], allow_pickle=False) as arrays:
        feed = running.feed_dict(request["feeds"], arrays)
    rows = max([value.shape[0] for value in feed.values() if len(value.shape)] or [1])
    kept: Json = {}
    keeper = Keeper(store)
    chunk: List[Tuple[Item, List[str]]] = []
    bytes_ahead = 0
    for item, names in running.fetches() + [(None, [])]:
        size = sum(running.estimate(name, rows) for name in names)
        if chunk and (
            item is None or len(chunk) >= MOST_FETCHES or bytes_ahead + size > MOST_FETCHED
        ):
            keep_values(running, chunk, feed, keeper, kept)
            chunk, bytes_ahead = [], 0
        if item is not None:
            chunk.append((item, names))
            bytes_ahead += size
    for key, pieced in running.pieced.items():
        pieces = pieced.read(running.session)
        kept[key] = [keeper.keep_pieces(pieces, pieced.shape)]
    running.session.close()
    return {
        "items": [describe(running, item, kept.get(item.key)) for item in running.slice.items],
        "output": "%s:%d" % running.slice.output,
        "feeds": {tensor: "%s:%d" % place(running.flat, tensor) for tensor in request["feeds"]},
    }


def place(flat: Flat, tensor: str) -> Tuple[str, int]:
    """Return where a tensor of the original graph is found in the flat one."""
    return split(flat.place(tensor[:-2] if tensor.endswith(":0") else tensor))


def keep_values(
    running: Running, chunk: List[Tuple[Item, List[str]]], feed: Json, keeper: Keeper, kept: Json
) -> None:
    """Fetch some tensors and add to ``kept`` the entries of those that have a value."""
    values = iter(running.run([name for _, names in chunk for name in names], feed))
    for item, names in chunk:
        found = [next(values) for _ in names]
        if any(value is None for value in found):
            continue
        if len(found) == 2:
            found = sorted_table(*found)
        kept[item.key] = [keeper.keep(value) for value in found]


def describe(running: Running, item: Item, values: Optional[List[Json]]) -> Json:
    """Return what the answer says of one tensor."""
    node = running.nodes[item.node]
    found: Json = {
        "tensor": item.key,
        "node": item.node,
        "op": item.op,
        "type": node.op,
        "local": running.flat.local.get(item.node, item.node),
        "inputs": ["%s:%d" % source for source in item.inputs],
        "attributes": attributes(node),
        "values": values,
    }
    if item.op in VARIABLE_OPS:
        shared = node.attr["shared_name"].s.decode("utf-8", "replace")
        found["variable"] = shared or item.node
    return found
