"""Exports of a GraphModule.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_module` and
:mod:`migrator.bridge.serving`: uses TensorFlow's public API only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.graph_build import _Build, _running
from migrator.bridge.serving import _asset_path, _check_init_op, _Export, _ServingModule

__all__ = ["ServingModule", "serving"]


class ServingModule(_ServingModule):
    """The signatures of a :class:`GraphModule`, and the variables that they need.

    Leaving its ``with`` block gives the saved signatures the keys, method names, tags and tensor
    names that TF1 wrote, so that ``tf.compat.v1.saved_model.loader.load`` and TensorFlow Serving
    see the model that they saw before.

    Raises:
        AssertionError: ``export_dir`` exists and is not empty, as TF1's builder does.
        ValueError: a signature needs something that cannot be exported; names the node.
    """

    def __init__(
        self, export_dir: Any, export: _Export, build: _Build, asset_paths: list[str]
    ) -> None:
        super().__init__(export_dir)
        state = {name: _state(build, name, op) for name, op in export.needed.items()}
        export.make(state)
        self.graph_variables = [one for one in state.values() if isinstance(one, tf.Variable)]
        self.tables = [one for one in state.values() if not isinstance(one, tf.Variable)]
        self.assets = [tf.saved_model.Asset(path) for path in asset_paths]
        self._export = export


def serving(
    signatures: Mapping[str, Any],
    *,
    tags: Iterable[str] = ("serve",),
    assets: Iterable[Any] = (),
    init_op: Any = None,
) -> Callable[[Any], ServingModule]:
    """Return what makes a module of signatures of the graph that is built, to be saved in a folder.

    ::

        self.export = serving({"serving_default": ({"x": x}, {"y": y})})
        ...
        with model.export(export_dir) as module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)

    Args:
        signatures: maps a key to ``(inputs, outputs)`` or ``(inputs, outputs, method_name)``,
            where inputs and outputs map names to tensors, sparse tensors, variables or
            ``TensorInfo`` protos, or to a ``SignatureDef`` proto.
        tags: the tag set of the meta graph.
        assets: the ``ASSET_FILEPATHS`` collection: scalar string constants.
        init_op: ``main_op`` or ``legacy_init_op``, which must not change variables.

    Raises:
        RuntimeError: no graph is being built.
        TypeError: an asset is not a constant.
    """
    build = _running.build
    if build is None:
        raise RuntimeError("signatures are of the graph that is built: call it in a @graph method")

    def readable(one: Any) -> Any:
        return one.read_value() if isinstance(one, tf.Variable) else one

    given: dict[str, Any] = {}
    for key, value in signatures.items():
        given[key] = value
        if isinstance(value, (tuple, list)):
            sides = [{k: readable(v) for k, v in side.items()} for side in value[:2]]
            given[key] = (*sides, *value[2:])
    asset_paths = [_asset_path(tensor) for tensor in assets]

    def serve(export_dir: Any) -> ServingModule:
        with build.graph.as_default():
            export = _Export(build.graph, given, tags, build.captured)
        _check_init_op(init_op, export.needed)
        return ServingModule(export_dir, export, build, asset_paths)

    return serve


def _state(build: _Build, name: str, op: Any) -> Any:
    """Return what the placeholder ``op`` stands for: a variable, or a table like it."""
    outer = build.captured.get(name)
    for one in build.variables:
        if one.handle is outer:
            return one
    kinds = build.tables.get(id(outer))
    for reader in op.outputs[0].consumers():
        if reader.type == "LookupTableFindV2":
            kinds = reader.get_attr("Tin"), reader.get_attr("Tout")
    if kinds is not None:
        keys, values = map(tf.as_dtype, kinds)
        contents = tf.raw_ops.LookupTableExportV2(table_handle=outer, Tkeys=keys, Tvalues=values)
        # The default of a lookup is an input of the node that looks up.
        default = tf.constant("" if values == tf.string else 0, values)
        filled = tf.lookup.KeyValueTensorInitializer(*contents)
        return tf.lookup.StaticHashTable(filled, default)
    raise ValueError(f"node {name!r} cannot be exported: it holds state outside of the graph")
