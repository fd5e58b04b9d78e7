"""TF1's readers of checkpoints by variable name, for name-based and object-based checkpoints.

Part of ``tf2_bridge``: stands alone and uses TensorFlow's public API only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.checkpoint_files import (
    _OBJECT_GRAPH,
    _keys_by_full_name,
    _name_of_key,
    _slice_info,
)

__all__ = [
    "NewCheckpointReader",
    "assign_from_checkpoint",
    "assign_from_checkpoint_fn",
    "get_variables_to_restore",
    "init_from_checkpoint",
    "list_variables",
    "load_checkpoint",
    "load_variable",
]

#: Under this key ``tf.train.Checkpoint.save`` keeps a count of its own.
_SAVE_COUNTER = "save_counter/.ATTRIBUTES/VARIABLE_VALUE"


class _ObjectReader:
    """A reader of an object-based checkpoint, whose tensors go by TF1's variable names.

    What ``Checkpoint(variables={name: variable})`` keeps goes by that name, other variables by
    their own, and what has none, or shares one, by its key. Keys are understood, too.
    """

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        held = sorted(reader.get_variable_to_shape_map())
        named = {key: name for key in held if (name := _name_of_key(key)) is not None}
        if all(name.isdigit() for name in named.values()):
            named = {}  # Checkpoint(variables=[...]) counts
        self._keys = {name: key for key, name in named.items()}
        full = {k: n for n, k in _keys_by_full_name(reader.get_tensor(_OBJECT_GRAPH)).items()}
        for key in held:
            if key not in named and key not in (_OBJECT_GRAPH, _SAVE_COUNTER):
                name = full.get(key, key)
                self._keys[key if name in self._keys else name] = key

    def key(self, name: Any) -> Any:
        """Return the key of the tensor ``name``; another string is one, or names nothing."""
        return self._keys.get(tf.compat.as_str(name), name)

    def has_tensor(self, tensor_str: str) -> bool:
        """Say whether the checkpoint holds the variable ``tensor_str``."""
        return self._reader.has_tensor(self.key(tensor_str))  # type: ignore[no-any-return]

    def get_tensor(self, tensor_str: str) -> Any:
        """Return the value of the variable ``tensor_str``, a NumPy array."""
        return self._reader.get_tensor(self.key(tensor_str))

    def get_variable_to_shape_map(self) -> dict[str, list[int]]:
        """Return the shape of each variable, by name."""
        shapes = self._reader.get_variable_to_shape_map()
        return {name: shapes[key] for name, key in self._keys.items()}

    def get_variable_to_dtype_map(self) -> dict[str, Any]:
        """Return the ``tf.DType`` of each variable, by name."""
        dtypes = self._reader.get_variable_to_dtype_map()
        return {name: dtypes[key] for name, key in self._keys.items()}

    def debug_string(self) -> bytes:
        """Return a line for each variable: its name, type and shape."""
        names = {key: name for name, key in self._keys.items()}
        rows = (row.partition(" (DT_") for row in self._reader.debug_string().decode().split("\n"))
        kept = sorted(f"{names[key]}{by}{rest}" for key, by, rest in rows if key in names)
        return "\n".join([*kept, ""]).encode()


def NewCheckpointReader(filepattern: Any) -> Any:
    """Return a reader of the checkpoint of prefix ``filepattern``, by TF1's variable names.

    It has the methods of ``tf.compat.v1.train.NewCheckpointReader``'s.

    Raises:
        tf.errors.OpError: there is no such checkpoint.
    """
    reader = tf.compat.v1.train.NewCheckpointReader(filepattern)
    return _ObjectReader(reader) if reader.has_tensor(_OBJECT_GRAPH) else reader


def load_checkpoint(ckpt_dir_or_file: Any) -> Any:
    """Return a reader of a checkpoint, or of the latest one of a folder.

    Raises:
        ValueError: the folder has no checkpoint.
    """
    prefix = _latest(ckpt_dir_or_file)
    if prefix is None:
        raise ValueError(
            f"Couldn't find 'checkpoint' file or checkpoints in given directory {ckpt_dir_or_file}"
        )
    return NewCheckpointReader(prefix)


def load_variable(ckpt_dir_or_file: Any, name: str) -> Any:
    """Return the value of a variable in a checkpoint, a NumPy array."""
    return load_checkpoint(ckpt_dir_or_file).get_tensor(name.removesuffix(":0"))


def list_variables(ckpt_dir_or_file: Any) -> list[tuple[str, list[int]]]:
    """Return the name and the shape of each variable in a checkpoint, by name."""
    return sorted(load_checkpoint(ckpt_dir_or_file).get_variable_to_shape_map().items())


def init_from_checkpoint(ckpt_dir_or_file: Any, assignment_map: Mapping[str, Any]) -> None:
    """Let the initializers of variables take values from a checkpoint.

    As ``tf.compat.v1.train.init_from_checkpoint``, whose rules for names and scopes hold.

    Args:
        ckpt_dir_or_file: prefix of a checkpoint, or a folder with one.
        assignment_map: name in the checkpoint -> variable, its name or list of its parts;
            or ``scope/`` in the checkpoint -> ``scope/``.

    Raises:
        ValueError: the graph or the checkpoint lacks a variable, or its shape differs.
    """
    reader = load_checkpoint(ckpt_dir_or_file)
    prefix = _latest(ckpt_dir_or_file)
    if not isinstance(reader, _ObjectReader):
        tf.compat.v1.train.init_from_checkpoint(prefix, assignment_map)
        return
    held = reader.get_variable_to_shape_map()
    shared = _shared_variables()
    for source, target in sorted(assignment_map.items()):
        variable = shared.get(target) if isinstance(target, str) else target
        if variable is not None:
            pairs = {source: variable}
        elif source.endswith("/"):
            scope = target.rpartition("/")[0]
            inside = f"{scope}/" if scope else ""
            rest = {name[len(inside) :]: name for name in shared if name.startswith(inside)}
            start = "" if source == "/" else source
            pairs = {f"{start}{end}".rstrip("/"): shared[name] for end, name in rest.items()}
        else:
            raise ValueError(
                f"Assignment map with scope only name {target} should map to scope only"
                f" {source}. Should be 'scope/': 'other_scope/'."
            )
        for name, one in sorted(pairs.items()):
            if name not in held:
                raise ValueError(
                    f"Tensor {name} is not found in {ckpt_dir_or_file} checkpoint {held}"
                )
            tf.compat.v1.train.init_from_checkpoint(prefix, {reader.key(name): one})


def assign_from_checkpoint(
    model_path: str, var_list: Any, ignore_missing_vars: bool = False
) -> tuple[Any, dict[Any, Any]]:
    """Return an operation that assigns a checkpoint's values to variables, and its feeds.

    As ``assign_from_checkpoint`` of ``tf.contrib.framework`` and ``slim``.

    Args:
        model_path: prefix of the checkpoint.
        var_list: the variables, or name in the checkpoint -> variable or list of its parts.
        ignore_missing_vars: whether to warn of variables that the checkpoint lacks.

    Raises:
        ValueError: the checkpoint lacks a variable, or a shape differs.
    """
    reader = NewCheckpointReader(model_path)
    feeds: dict[Any, Any] = {}
    assigned: list[Any] = []
    for name, variables in _grouped(var_list).items():
        if not reader.has_tensor(name):
            message = f"Checkpoint is missing variable [{name}]"
            if not ignore_missing_vars:
                raise ValueError(message)
            tf.compat.v1.logging.warning(message)
            continue
        value = reader.get_tensor(name)
        for variable in variables:
            fed = tf.compat.v1.placeholder(
                variable.dtype.base_dtype, variable.shape, f"placeholder/{variable.op.name}"
            )
            assigned.append(variable.assign(fed))
            part = _slice_info(variable)
            if part is not None:
                extent = zip(part.var_offset, part.var_shape, strict=True)
                feeds[fed] = value[tuple(slice(at, at + size) for at, size in extent)]
            elif variable.shape != value.shape:
                raise ValueError(
                    f"Total size of new array must be unchanged for {name}"
                    f" lh_shape: [{value.shape}], rh_shape: [{variable.shape}]"
                )
            else:
                feeds[fed] = value
    return tf.group(*assigned), feeds


def assign_from_checkpoint_fn(
    model_path: str,
    var_list: Any,
    ignore_missing_vars: bool = False,
    reshape_variables: bool = False,
) -> Any:
    """Return a function of a session that assigns a checkpoint's values to variables.

    As ``assign_from_checkpoint_fn`` of ``tf.contrib.framework`` and ``slim``: None if the
    checkpoint holds none of them and ``ignore_missing_vars`` is set.

    Raises:
        ValueError: ``var_list`` is empty.
    """
    if not var_list:
        raise ValueError("var_list cannot be empty")
    if ignore_missing_vars:
        if not isinstance(var_list, dict):
            var_list = {variable.op.name: variable for variable in var_list}
        reader = NewCheckpointReader(model_path)
        missing = [name for name in var_list if not reader.has_tensor(name)]
        for name in missing:
            tf.compat.v1.logging.warning("Variable %s missing in checkpoint %s", name, model_path)
        var_list = {name: one for name, one in var_list.items() if name not in missing}
    if not var_list:
        tf.compat.v1.logging.warning("No Variables to restore")
        return None

    def keys_now() -> dict[str, str] | None:
        """Return the keys of the variables in the checkpoint, None where they are names."""
        if not tf.io.gfile.exists(f"{model_path}.index"):
            return None
        reader = NewCheckpointReader(model_path)
        if not reshape_variables:
            _check_shapes(reader, groups)
        return {n: reader.key(n) for n in groups} if isinstance(reader, _ObjectReader) else None

    def saver(keys: dict[str, str] | None) -> Any:
        if keys is None:
            return tf.compat.v1.train.Saver(var_list, reshape=reshape_variables)
        # One that is no part goes without its list: a list is of the parts of a variable.
        places = {keys[n]: v[0] if _slice_info(v[0]) is None else v for n, v in groups.items()}
        return tf.compat.v1.train.Saver(places, reshape=reshape_variables)

    groups = _grouped(var_list)
    try:
        built = keys_now()
    except tf.errors.InvalidArgumentError:
        built = None  # said when it is called, as in TF1
    first = saver(built)

    def callback(session: Any) -> None:
        keys = keys_now()
        if keys == built:
            first.restore(session, model_path)
            return
        with session.graph.as_default():  # the checkpoint was written since, in the other format
            saver(keys).restore(session, model_path)

    return callback


def get_variables_to_restore(include: Any = None, exclude: Any = None) -> list[Any]:
    """Return the variables of the graph in the scopes ``include``, without those in ``exclude``.

    Args:
        include: a list or tuple of scopes; None takes all variables.
        exclude: a list or tuple of scopes, or None.

    Raises:
        TypeError: ``include`` or ``exclude`` is something else.
    """
    for what, scopes in (("include", include), ("exclude", exclude)):
        if scopes is not None and not isinstance(scopes, (list, tuple)):
            raise TypeError(f"{what} is provided but is not a list or a tuple.")
    left_out = {id(one) for scope in exclude or () for one in _in_scope(scope)}
    found = _in_scope(None) if include is None else [v for s in include for v in _in_scope(s)]
    return [variable for variable in found if id(variable) not in left_out]


def _latest(ckpt_dir_or_file: Any) -> Any:
    """Return the prefix of a checkpoint that is given, or of the latest one of a folder."""
    if tf.io.gfile.isdir(ckpt_dir_or_file):
        return tf.train.latest_checkpoint(ckpt_dir_or_file)
    return ckpt_dir_or_file


def _in_scope(scope: Any) -> list[Any]:
    name = scope.name if isinstance(scope, tf.compat.v1.VariableScope) else scope
    return list(tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.GLOBAL_VARIABLES, name))


def _grouped(var_list: Any) -> dict[str, list[Any]]:
    """Return the variables by their names in a checkpoint, the parts of one together."""
    if isinstance(var_list, dict):
        return {
            name: list(value) if isinstance(value, (list, tuple)) else [value]
            for name, value in var_list.items()
        }
    groups: dict[str, list[Any]] = {}
    for variable in var_list:
        part = _slice_info(variable)
        name = variable.op.name if part is None else part.full_name
        groups.setdefault(name, []).append(variable)
    return groups


def _check_shapes(reader: Any, groups: Mapping[str, list[Any]]) -> None:
    """Raise what TF1 did where a variable has another shape: a resource variable takes any."""
    held = reader.get_variable_to_shape_map()
    for name, (first, *_) in groups.items():
        part = _slice_info(first)
        shape = first.shape if part is None else tf.TensorShape(list(part.full_shape))
        if name in held and not shape.is_compatible_with(held[name]):
            raise tf.errors.InvalidArgumentError(
                None, None, f"{name}: shape {shape}, in the checkpoint {held[name]}"
            )


def _shared_variables() -> dict[str, Any]:
    """Return what ``get_variable`` made in the default graph, by name; parts as a list.

    Those are the variables that the names in an assignment map mean.
    """
    graph = tf.compat.v1.get_default_graph()
    found: dict[str, Any] = {}
    variables = {
        id(one): one
        for key in graph.get_all_collection_keys()
        for one in graph.get_collection(key)
        if isinstance(one, tf.Variable)
    }
    root = tf.compat.v1.VariableScope(reuse=True)
    with tf.compat.v1.variable_scope(root, auxiliary_name_scope=False):
        for variable in variables.values():
            op = variable.op.name
            for name in dict.fromkeys([op, re.sub(r"_\d+$", "", op)]):
                if _is_shared(name, variable):
                    found[name] = variable
                    break
    whole = {name: one for name, one in found.items() if not re.search(r"/part_\d+$", name)}
    parts = sorted(found.keys() - whole.keys(), key=lambda name: int(name.rpartition("_")[2]))
    for name in parts:
        whole.setdefault(re.sub(r"/part_\d+$", "", name), []).append(found[name])
    return whole


def _is_shared(name: str, variable: Any) -> bool:
    try:
        dtype = variable.dtype.base_dtype
        return tf.compat.v1.get_variable(name, dtype=dtype) is variable
    except ValueError:  # there is none of the name
        return False
