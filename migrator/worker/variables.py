"""The variables of checkpoints and SavedModels, and which of them the signatures read."""

import collections
import os
import re
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from .common import OBJECT_GRAPH_KEY, VARIABLE_OPS, Json, _producer, cannot_open, compat
from .optimizers import optimizer_entries
from .store import Store, as_array, same
from .tables import ENDINGS, ordered, table_attributes, table_of

#: Where an export of Keras 3 lists its variables once more, each as an object of its own.
KERAS_EXPORT = "_all_variables/"
VALUE_SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


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
    paths: Dict[int, Tuple[str, ...]] = {0: ()}
    queue = [0]
    for node in queue:
        for child in graph.nodes[node].children:
            if child.node_id not in paths:
                paths[child.node_id] = paths[node] + (child.local_name,)
                queue.append(child.node_id)
    return paths


def name_entries(tf: Any, reader: Any) -> Iterator[Tuple[str, List[str], Json]]:
    """Yield (key, names, more) for every entry of a checkpoint.

    A name-based checkpoint's keys are its names.  In an object-based one an entry is
    known, in this order, by the key that it has in a ``variables`` (or, of a lookup table,
    ``tables``) dict of the root object, by the full name that the variable had, and by its
    path of attributes.  ``more`` says whether it is TensorFlow's own bookkeeping, and what it
    is to an optimizer.
    """
    keys = sorted(reader.get_variable_to_shape_map())
    if OBJECT_GRAPH_KEY not in keys:
        for key in keys:
            yield key, [key], {"bookkeeping": False, "optimizer": None}
        return
    graph = object_graph(tf, reader.get_tensor(OBJECT_GRAPH_KEY))
    paths = object_paths(graph)
    optimizers = optimizer_entries(graph)
    names: Dict[str, List[str]] = {}
    system = set()
    for number, node in enumerate(graph.nodes):
        path = paths.get(number)
        for attribute in node.attributes:
            known = names.setdefault(attribute.checkpoint_key, [])
            value = attribute.name == "VARIABLE_VALUE"
            # a list of variables, as an export of Keras has it, numbers them only
            named = path and path[0] == "variables" and len(path) == 2 and not path[1].isdigit()
            if path and named and value:
                known.append(path[1])
            if attribute.full_name and value:
                known.append(attribute.full_name)
            if path:
                known.append("/".join(path) + ("" if value else "/" + attribute.name))
            if path == ("save_counter",) or attribute.name == "OBJECT_CONFIG_JSON":
                system.add(attribute.checkpoint_key)
    for number, stem in table_attributes(graph):
        path = paths.get(number, ())
        known = ["/".join(path)] if path else []
        if len(path) == 2 and path[0] == "tables" and not path[1].isdigit():
            known.insert(0, path[1])
        for ending in ENDINGS:
            names[stem + ending] = [name + ending for name in known]
    for key in keys:
        if key == OBJECT_GRAPH_KEY:
            continue
        known = list(dict.fromkeys(names.get(key, [])))
        if not known:
            known = [key[: -len(VALUE_SUFFIX)] if key.endswith(VALUE_SUFFIX) else key]
        yield key, known, {"bookkeeping": key in system, "optimizer": optimizers.get(key)}


def dump_variables(tf: Any, prefix: str, store: Store, tell: Any = None) -> Tuple[List[Json], bool]:
    """Store every variable of a checkpoint; return their index and whether it is object-based.

    ``tell(key, names)`` answers whether a signature reaches the variable: True, False, or
    None when that cannot be told.
    """
    reader = open_reader(tf, prefix)
    found = []
    # of a file of write version V1, the reader refuses partitioned and half precision variables
    form = ", in TensorFlow's V1 checkpoint format," if os.path.isfile(prefix) else ""
    entries = list(name_entries(tf, reader))
    count = collections.Counter(name for _, names, _ in entries for name in names)
    stems = set(tell.tables if tell else ())
    if OBJECT_GRAPH_KEY in reader.get_variable_to_shape_map():
        graph = object_graph(tf, reader.get_tensor(OBJECT_GRAPH_KEY))
        stems.update(stem for _, stem in table_attributes(graph))
    for key, names, more in entries:
        try:
            value = reader.get_tensor(key)
        except Exception as error:
            raise cannot_open("its variable %r%s cannot be read" % (names[0], form), error)
        if table_of(key, stems):
            value = ordered(reader, table_of(key, stems), value)
        if key.startswith(KERAS_EXPORT) and is_copy(reader, key, names, value, entries):
            continue
        entry: Json = {"key": key, "names": names, "array": store.put(value)}
        entry.update(more)
        entry["reachable"] = tell(key, names) if tell else None
        if entry["reachable"] is False and any(count[name] > 1 for name in names):
            entry["reachable"] = tell.numbered(name for name in names if count[name] > 1)
        found.append(entry)
    return found, OBJECT_GRAPH_KEY in reader.get_variable_to_shape_map()


def is_copy(reader: Any, key: str, names: Sequence[str], value: Any, entries: Any) -> bool:
    """Return whether another entry has the full name and the value of the one at ``key``."""
    for other, others, _ in entries:
        if other == key or other.startswith(KERAS_EXPORT) or not set(names) & set(others):
            continue
        if same(as_array(value), as_array(reader.get_tensor(other))):
            return True
    return False


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
        self._by_name: Dict[str, Set[str]] = {}
        for node in graph.graph_def.node:
            if node.op in VARIABLE_OPS:
                shared = node.attr["shared_name"].s.decode("utf-8", "replace")
                for name in {node.name, shared} - {""}:
                    self._by_name.setdefault(name, set()).add(node.name)
        self._by_key: Dict[str, Set[str]] = {}
        #: the checkpoint keys of lookup tables, without their endings
        self.tables: Set[str] = set()
        for node in graph.graph_def.node:
            if node.op == "SaveV2":
                self._read_save(node)

    def _walk(self, starts: Sequence[str]) -> Set[str]:
        seen: Set[str] = set()
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
            if current is None:
                continue
            text = key.decode("utf-8")
            if current.op in VARIABLE_OPS:
                self._by_key.setdefault(text, set()).add(current.name)
            elif current.op.startswith("LookupTableExport"):
                self._by_key.setdefault(text, set()).add(_producer(current.input[0]))
                self.tables.update(text[: -len(e)] for e in ENDINGS if text.endswith(e))

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

    def numbered(self, names: Iterable[str]) -> bool:
        """Return whether any variable is reached that may be one of those of a shared name.

        Variables of one name get numbers in the graph (``kernel``, ``kernel_1``), which do not
        tell which is which.
        """
        pattern = re.compile("(%s)(_[0-9]+)?" % "|".join(map(re.escape, names)))
        return any(
            self._nodes[name].op in VARIABLE_OPS and pattern.fullmatch(name)
            for name in self.reached
        )
