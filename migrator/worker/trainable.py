"""Which variables a model calls trainable."""

from typing import Any, Dict, List, Optional, Set

from .acts import variable_defs
from .common import OBJECT_GRAPH_KEY, Json, saved_objects
from .variables import object_graph, object_paths, open_reader


def note_trainable(tf: Any, graph: Any, prefix: Optional[str], variables: List[Json]) -> None:
    """Add ``trainable`` to the description of every variable: True, False, or None if unknown.

    TensorFlow 1 lists the trainable variables in the collection ``trainable_variables`` of the
    meta graph; TensorFlow 2 keeps ``SavedVariable.trainable`` in the object graph.

    Args:
        tf: TensorFlow.
        graph: the MetaGraphDef.
        prefix: of the object-based checkpoint that belongs to an object graph, else None.
        variables: what :func:`dump_variables` returned; changed in place.
    """
    for entry in variables:
        entry["trainable"] = None
    if saved_objects(graph) and prefix is not None:
        flags = object_flags(tf, graph, prefix)
        for entry in variables:
            entry["trainable"] = flags.get(entry["key"])
        return
    trainable = defined_names(graph, "trainable_variables")
    known = {key for definition in variable_defs(graph) for key in names_of(definition)}
    for entry in variables:
        name = entry["names"][0]
        if name in known:
            entry["trainable"] = name in trainable


def names_of(definition: Any) -> List[str]:
    """Return the names under which a checkpoint may hold a variable: its own, and the whole's."""
    names = [definition.variable_name.split(":")[0]]
    if definition.HasField("save_slice_info_def"):
        names.append(definition.save_slice_info_def.full_name)
    return [str(name) for name in names if name]


def defined_names(graph: Any, collection: str) -> Set[str]:
    """Return the names of the variables in one collection of a meta graph."""
    if collection not in graph.collection_def:
        return set()
    return {name for found in variable_defs(graph, collection) for name in names_of(found)}


def object_flags(tf: Any, graph: Any, prefix: str) -> Dict[str, Optional[bool]]:
    """Return checkpoint key -> flag, for the variables of a SavedModel's object graph.

    The object graph of the SavedModel and that of its checkpoint have the same edges, so a
    variable is known by its path of attributes.
    """
    reader = open_reader(tf, prefix)
    if not reader.has_tensor(OBJECT_GRAPH_KEY):
        return {}
    saved = graph.object_graph_def
    flags = {}
    for number, path in object_paths(saved).items():
        if saved.nodes[number].WhichOneof("kind") == "variable":
            flags[path] = bool(saved.nodes[number].variable.trainable)
    stored = object_graph(tf, reader.get_tensor(OBJECT_GRAPH_KEY))
    found: Dict[str, Optional[bool]] = {}
    for number, path in object_paths(stored).items():
        for attribute in stored.nodes[number].attributes:
            found[attribute.checkpoint_key] = flags.get(path)
    return found
