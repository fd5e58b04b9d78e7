"""TF1's ``import_meta_graph``, whose Saver restores object-based checkpoints, too.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.checkpoint_files`: stands alone and uses
TensorFlow's public API only.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from migrator.bridge.checkpoint_files import (
    _OBJECT_GRAPH,
    _name_of_key,
    _object_key,
    _or_by_full_name,
)

__all__ = ["session_meta_graph"]


def session_meta_graph(
    meta_graph_or_file: Any,
    clear_devices: bool = False,
    import_scope: str | None = None,
    **kwargs: Any,
) -> Any:
    """Import a meta graph into the default graph as ``tf.compat.v1.train.import_meta_graph`` does.

    Returns:
        A ``tf.compat.v1.train.Saver``, or None where the graph has no variables. It restores
        name-based and object-based checkpoints into the variables that the meta graph was saved
        with, whatever the graph holds besides, and under whichever ``import_scope``; it writes
        name-based ones.
    """
    saver = tf.compat.v1.train.import_meta_graph(
        meta_graph_or_file, clear_devices=clear_devices, import_scope=import_scope, **kwargs
    )
    return None if saver is None else _MetaGraphSaver(saver_def=saver.as_saver_def())


class _MetaGraphSaver(tf.compat.v1.train.Saver):  # type: ignore[misc]
    """A Saver of the nodes that a graph was saved with.

    TensorFlow's own finds the variables of an object-based checkpoint by the op names of all
    variables of the graph, so that it fails as soon as the graph has others, or other names.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._readers: dict[frozenset[str], Any] = {}
        super().__init__(**kwargs)

    def restore(self, sess: Any, save_path: Any) -> None:
        """Restore a checkpoint of either kind; raise as ``tf.compat.v1.train.Saver`` does."""
        reader = None if sess is None else self._reader(sess.graph, save_path)
        if reader is None:
            super().restore(sess, save_path)
        else:
            reader.restore(sess, save_path)

    def _reader(self, graph: Any, prefix: Any) -> Any:
        """Return the Saver that reads what this one's nodes do not find, or None.

        None also where TensorFlow raises the error.
        """
        if prefix is None:
            return None
        prefix = tf.compat.as_str(tf.compat.path_to_str(prefix))
        if not tf.io.gfile.exists(f"{prefix}.index"):
            return None
        file = tf.compat.v1.train.NewCheckpointReader(prefix)
        held = file.get_variable_to_shape_map()
        places = _filled_by(graph, self.saver_def.restore_op_name)
        if places is None or all(key in held for key in places):
            return None
        names = {key: _name_of_key(key) or key for key in places}
        keys = {name: name if name in held else _object_key(name) for name in names.values()}
        if _OBJECT_GRAPH in held:
            keys = _or_by_full_name(keys, held, file.get_tensor(_OBJECT_GRAPH))
        missing = sorted(name for name, key in keys.items() if key not in held)
        if missing:
            raise tf.errors.NotFoundError(
                None, None, f"Variables not in the checkpoint {prefix}: {missing}"
            )
        wanted = {keys[names[key]]: variable for key, variable in places.items()}
        found = frozenset(wanted)
        if found not in self._readers:
            with graph.as_default():
                self._readers[found] = tf.compat.v1.train.Saver(wanted, name="tf2_bridge")
        return self._readers[found]


def _filled_by(graph: Any, restore: str) -> dict[str, Any] | None:
    """Return the variables that the op ``restore`` fills, by their keys in a checkpoint.

    None where it fills parts of one, or something that is none.
    """
    keys = tf.compat.v1.GraphKeys
    variables = {
        value.op.name: value
        for collection in (keys.GLOBAL_VARIABLES, keys.LOCAL_VARIABLES)
        for value in graph.get_collection(collection)
    }
    constants: dict[str, Any] = {}  # all keys stand in one, which is long
    found: dict[str, Any] = {}
    todo = [graph.get_operation_by_name(restore)]
    while todo:
        op = todo.pop()
        if op.type == "NoOp":
            todo += op.control_inputs
            continue
        if not op.type.startswith("Assign"):
            return None
        value = op.inputs[1]
        while value.op.type in ("Identity", "Reshape"):
            value = value.op.inputs[0]
        variable = variables.get(op.inputs[0].op.name)
        if value.op.type != "RestoreV2" or variable is None:
            return None
        for tensor in value.op.inputs[1:3]:
            if tensor.name not in constants:
                constants[tensor.name] = tf.get_static_value(tensor)
        names, slices = (constants[tensor.name] for tensor in value.op.inputs[1:3])
        if names is None or slices is None or slices[value.value_index]:
            return None
        found[tf.compat.as_str(names[value.value_index])] = variable
    return found
