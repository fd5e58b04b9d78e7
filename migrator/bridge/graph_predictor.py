"""A SavedModel that is called with a dict, without a session.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.predictor_names` and
:mod:`migrator.bridge.saved_model_files`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from migrator.bridge.predictor_names import _check_names, _fed_and_fetched, _Predictor
from migrator.bridge.saved_model_files import _meta_graph

__all__ = ["GraphPredictor", "graph_predictor"]


class GraphPredictor(_Predictor):
    """What ``tf.contrib.predictor.from_saved_model`` returned; see :func:`graph_predictor`.

    It has no session, and no graph that others can add to.
    """

    def __init__(
        self,
        export_dir: Any,
        signature_def_key: str | None = None,
        signature_def: Any = None,
        input_names: Mapping[str, str] | None = None,
        output_names: Mapping[str, str] | None = None,
        tags: str | None = None,
    ) -> None:
        _check_names(signature_def_key, signature_def, input_names, output_names)
        export_dir = tf.compat.as_str(tf.compat.path_to_str(export_dir))
        meta_graph = _meta_graph(export_dir, (tags or "serve").split(","))
        self._loaded = tf.saved_model.load(export_dir, (tags or "serve").split(","))
        fed, fetched = _fed_and_fetched(
            meta_graph, signature_def_key, signature_def, input_names, output_names
        )
        if hasattr(self._loaded, "prune"):  # TensorFlow 1 wrote it: all tensors can be had
            find = self._loaded.graph.get_tensor_by_name
        else:
            self._signature, infos = _signature(meta_graph, fed, fetched)
            find = {one.name: _spec(one) for one in infos}.__getitem__
        self.feed_tensors = {key: find(name) for key, name in fed.items()}
        self.fetch_tensors = {key: find(name) for key, name in fetched.items()}
        self._parts: dict[tuple[str, ...], Callable[..., Any]] = {}

    def __call__(self, input_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outputs for these inputs, by key, as arrays.

        Raises:
            ValueError: a key of ``input_dict`` is not one of an input.
        """
        given = self._given(input_dict)
        keys = tuple(given)
        values = []
        for key, value in given.items():
            dtype = self.feed_tensors[key].dtype
            values.append(tf.constant(np.asarray(value, dtype.as_numpy_dtype), dtype))
        if keys not in self._parts:
            self._parts[keys] = self._part([self.feed_tensors[key] for key in keys])
        found = self._parts[keys](*values)
        return {key: value.numpy() for key, value in zip(self.fetch_tensors, found, strict=True)}

    def _part(self, feeds: list[Any]) -> Callable[..., Any]:
        """Return a function of values for these tensors."""
        fetches = list(self.fetch_tensors.values())
        if hasattr(self._loaded, "prune"):
            part = self._loaded.prune(feeds, fetches)
            return lambda *values: [tf.identity(one) for one in part(*values)]
        key, definition = self._signature
        parameters = {definition.inputs[k].name: _parameter(k) for k in definition.inputs}
        outputs = {definition.outputs[k].name: k for k in definition.outputs}

        def call(*values: Any) -> list[Any]:
            names = [parameters[one.name] for one in feeds]
            found = self._loaded.signatures[key](**dict(zip(names, values, strict=True)))
            return [found[outputs[one.name]] for one in fetches]

        return call


def _signature(
    meta_graph: Any, fed: Mapping[str, str], fetched: Mapping[str, str]
) -> tuple[tuple[str, Any], list[Any]]:
    """Return the key and the proto of a signature that has these tensors, and all of its."""
    for key, one in meta_graph.signature_def.items():
        sides = [list(side.values()) for side in (one.inputs, one.outputs)]
        names = [{info.name for info in side} for side in sides]
        if names[0].issuperset(fed.values()) and names[1].issuperset(fetched.values()):
            return (key, one), [*sides[0], *sides[1]]
    raise ValueError(f"no signature has {dict(fed)} as inputs and {dict(fetched)} as outputs")


def _spec(info: Any) -> Any:
    return tf.TensorSpec(tf.TensorShape(info.tensor_shape), tf.as_dtype(info.dtype), info.name)


def _parameter(key: str) -> str:
    """Return the name that an input has in a function of Python."""
    name = re.sub(r"\W", "_", key, flags=re.ASCII)
    usable = name[:1].isalpha() and not keyword.iskeyword(name) and name != "self"
    return name if usable else f"arg_{name}"


def graph_predictor(export_dir: Any, *args: Any, **options: Any) -> GraphPredictor:
    """Do what ``tf.contrib.predictor.from_saved_model`` did, without a session.

    Args:
        export_dir: the folder of a SavedModel, written by TensorFlow 1 or 2.
        args: as of TF1's, which may be given by name: signature_def_key, by default
            ``serving_default``, or signature_def, or input_names and output_names, which map keys
            to names of tensors (of a signature, where TensorFlow 2 wrote the model); tags, by
            default ``serve``, several joined by commas.
        options: of the same.

    Raises:
        OSError: there is no SavedModel in the folder.
        RuntimeError: it has no meta graph of these tags.
        ValueError: there is no such signature, or it is not clear what is fed and fetched.
    """
    return GraphPredictor(export_dir, *args, **options)
