"""The functions of TF1 Hub that make modules, read them and ask them about images.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.hub_module`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.hub_files import _read_folder
from migrator.bridge.hub_module import HubModuleSpec

__all__ = [
    "add_signature",
    "create_module_spec",
    "get_expected_image_size",
    "get_num_image_channels",
    "load_module_spec",
]

_SIGNATURES = "tf2_bridge_hub_signatures"  # a collection


def add_signature(name: str | None = None, inputs: Any = None, outputs: Any = None) -> None:
    """Add a signature to the module that :func:`create_module_spec` makes of the default graph.

    A tensor, in place of a dict, is the input or output ``default``.
    """
    sides = [
        side if isinstance(side, Mapping) else {} if side is None else {"default": side}
        for side in (inputs, outputs)
    ]
    tf.compat.v1.add_to_collection(_SIGNATURES, (name or "default", *sides))


def create_module_spec(
    module_fn: Callable[..., Any],
    tags_and_args: Iterable[tuple[Iterable[str], Mapping[str, Any]]] | None = None,
    drop_collections: Iterable[str] | None = None,
) -> HubModuleSpec:
    """Return the module whose graph ``module_fn`` builds, for each tag set with its arguments.

    Raises:
        ValueError: ``module_fn`` added no signature, or two tag sets are equal.
    """
    found: dict[frozenset[str], Any] = {}
    for tags, arguments in tags_and_args or [((), {})]:
        with tf.Graph().as_default() as graph:
            with tf.compat.v1.variable_scope("", use_resource=True):
                module_fn(**arguments)
            signatures = list(graph.get_collection(_SIGNATURES))
            graph.clear_collection(_SIGNATURES)
            for key in drop_collections or ():
                graph.clear_collection(key)
            meta = tf.compat.v1.train.export_meta_graph(graph=graph)
        if not signatures:
            raise ValueError("No signatures present. Please call add_signature(...) in module_fn")
        for name, inputs, outputs in signatures:
            build = tf.compat.v1.saved_model.build_tensor_info
            meta.signature_def[name].CopyFrom(
                tf.compat.v1.saved_model.build_signature_def(
                    {key: build(tensor) for key, tensor in inputs.items()},
                    {key: build(tensor) for key, tensor in outputs.items()},
                    tf.compat.v1.saved_model.signature_constants.PREDICT_METHOD_NAME,
                )
            )
        if frozenset(tags) in found:
            raise ValueError(f"Two graph variants have the tags {sorted(tags)}")
        found[frozenset(tags)] = meta
    return HubModuleSpec(found, None, saved_model=False)


def load_module_spec(path: Any, drop_collections: Iterable[str] | None = None) -> HubModuleSpec:
    """Return the module in a folder or behind an address, without some collections.

    It is of TF1 Hub, a SavedModel of TensorFlow 1 or one of TensorFlow 2. An address is resolved
    by the package tensorflow-hub, which downloads what is behind it.
    """
    found, folder, saved_model = _read_folder(path)
    for meta in found.values():
        for key in drop_collections or ():
            meta.collection_def.pop(key, None)
    return HubModuleSpec(found, folder, saved_model)


def _image_shape(module: Any, signature: str | None, name: str | None) -> list[int]:
    infos = module.get_input_info_dict(signature)
    if (name or "images") not in infos:
        raise ValueError(f"Module is missing input {name or 'images'!r}.")
    shape = infos[name or "images"].get_shape()
    if shape.rank != 4:
        raise ValueError(f"Shape of module input is {shape}, not one of images.")
    return shape.as_list()  # type: ignore[no-any-return]


def get_expected_image_size(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> list[int]:
    """Return ``[height, width]`` of the images that a module takes."""
    _, height, width, _ = _image_shape(module_or_spec, signature, input_name)
    if not height or not width:
        raise ValueError(f"The module takes images of any size, {height} x {width}.")
    return [height, width]


def get_num_image_channels(
    module_or_spec: Any, signature: str | None = None, input_name: str | None = None
) -> int:
    """Return the number of channels of the images that a module takes."""
    return _image_shape(module_or_spec, signature, input_name)[3]
