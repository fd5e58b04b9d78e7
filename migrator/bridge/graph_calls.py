"""Functions that are called in the place of running a session.

Part of ``tf2_bridge``, with :mod:`migrator.bridge.graph_module`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from migrator.bridge.graph_build import _Build

__all__: list[str] = []


class IndexedSlicesValue(NamedTuple):
    """What fetching ``tf.IndexedSlices`` gives."""

    values: Any
    indices: Any
    dense_shape: Any


class _Function:
    """What :meth:`GraphModule.function` returns: a part of the graph, cut out when called first."""

    def __init__(self, build: _Build, feeds: Sequence[Any], fetches: Any) -> None:
        self._build = build
        self._feeds = [_fed(build, one) for one in feeds]
        self._tensors: list[Any] = []  # and operations
        self._pack = self._packer(fetches)
        self._call: Any = None

    def __call__(self, *values: Any) -> Any:
        if len(values) != len(self._feeds):
            raise TypeError(f"{len(self._feeds)} values are fed, found {len(values)}")
        if self._call is None and self._tensors:
            with self._build.lock:
                if self._call is None:
                    self._call = self._build.part(self._flat(), self._tensors)
        arguments: list[Any] = []
        for feed, value in zip(self._feeds, values, strict=True):
            arguments.extend(_values(feed, value))
        self._build.used = True
        found = self._call(*arguments) if self._tensors else []
        return self._pack(found)

    def _flat(self) -> list[Any]:
        return [t for one in self._feeds for t in tf.nest.flatten(one, expand_composites=True)]

    def _packer(self, fetch: Any) -> Callable[[list[Any]], Any]:
        """Note what to run for ``fetch``, and return what finds its value in the results."""
        if fetch is None:
            raise TypeError("None cannot be fetched")
        if isinstance(fetch, (list, tuple)):
            items = [self._packer(one) for one in fetch]
            if hasattr(fetch, "_fields"):
                return lambda found: type(fetch)(*[item(found) for item in items])
            kind: type = list if isinstance(fetch, list) else tuple
            return lambda found: kind(item(found) for item in items)
        if isinstance(fetch, Mapping):
            pairs = [(key, self._packer(value)) for key, value in fetch.items()]
            return lambda found: type(fetch)((key, item(found)) for key, item in pairs)
        if isinstance(fetch, tf.SparseTensor):
            parts = self._packer([fetch.indices, fetch.values, fetch.dense_shape])
            return lambda found: tf.compat.v1.SparseTensorValue(*parts(found))
        if isinstance(fetch, tf.IndexedSlices):
            some = [fetch.values, fetch.indices, fetch.dense_shape]
            kept = [None if one is None else self._packer(one) for one in some]
            return lambda found: IndexedSlicesValue(
                *[None if one is None else one(found) for one in kept]
            )
        if isinstance(fetch, tf.RaggedTensor):
            inner, splits = self._packer(fetch.values), self._packer(fetch.row_splits)
            return lambda found: tf.compat.v1.ragged.RaggedTensorValue(inner(found), splits(found))
        if isinstance(fetch, str):
            fetch = self._build.named(fetch)
        if isinstance(fetch, tf.Variable):
            return self._variable(fetch)
        element = self._build.element(fetch)
        read = element
        while isinstance(read, tf.Tensor) and read.op.type == "Identity":
            read = None if read.op.control_inputs else read.op.inputs[0]
        if isinstance(read, tf.Tensor) and read.op.type == "ReadVariableOp":
            named = self._build.named(read.name)
            if isinstance(named, tf.Variable):  # it was a reference, when it was imported
                return self._variable(named)
        return self._place(element)

    def _place(self, element: Any) -> Callable[[list[Any]], Any]:
        index = len(self._tensors)
        self._tensors.append(element)
        return lambda found: found[index]

    def _variable(self, fetch: Any) -> Callable[[list[Any]], Any]:
        """Note a variable, or what assigning to one gave: it is read when all has run."""
        if isinstance(fetch.op, tf.Operation):
            self._place(fetch.op)
        variable = self._build.variable(fetch)
        return lambda found: variable.numpy()


def _fed(build: _Build, feed: Any) -> Any:
    """Return the tensor that a feed means, or a list of them, as of an LSTM's state."""
    if isinstance(feed, tf.SparseTensor):
        return feed
    if isinstance(feed, (list, tuple)):
        return [_fed(build, one) for one in feed]
    if isinstance(feed, str):
        feed = build.named(feed)
    if isinstance(feed, tf.Variable):
        raise TypeError(f"{feed.name} is a variable, which cannot be fed: assign to it")
    return build.element(feed, allow_operation=False)


def _by_name(build: _Build, feeds: dict[str, Any], fetches: Any) -> Callable[..., Any]:
    """Return a function of keyword arguments; each set of them has a part of the graph."""
    parts: dict[tuple[str, ...], _Function] = {}
    everything = _Function(build, list(feeds.values()), fetches)

    def call(**values: Any) -> Any:
        unknown = sorted(set(values) - set(feeds))
        if unknown:
            raise TypeError(f"{', '.join(unknown)} cannot be fed, only {', '.join(feeds)}")
        names = tuple(name for name in feeds if name in values)
        if len(names) == len(feeds):
            return everything(*[values[name] for name in names])
        if names not in parts:
            parts[names] = _Function(build, [feeds[name] for name in names], fetches)
        return parts[names](*[values[name] for name in names])

    return call


def _values(feed: Any, value: Any) -> list[Any]:
    """Return what is fed for ``feed``, which may be several tensors."""
    if isinstance(feed, list):
        if not isinstance(value, (list, tuple, np.ndarray)) or len(feed) != len(value):
            raise ValueError(f"{len(feed)} values are fed together, found {value!r}")
        pairs = zip(feed, value, strict=True)
        return [one for part, given in pairs for one in _values(part, given)]
    if isinstance(feed, tf.SparseTensor):
        parts = (feed.indices, feed.values, feed.dense_shape)
        given = tuple(value) if isinstance(value, (tuple, list)) else _parts(value)
        return [_value(t, v) for t, v in zip(parts, given, strict=True)]
    return [_value(feed, value)]


def _value(tensor: Any, value: Any) -> Any:
    """Return ``value`` as what is fed for ``tensor``; raise as feeding a session did."""
    if not isinstance(value, tf.Tensor):
        kind = tensor.dtype.as_numpy_dtype
        try:
            array = np.asarray(value, dtype=kind)
            fits = not isinstance(value, int) or tensor.dtype == tf.string or array == value
        except OverflowError:
            fits = False
        if not fits:
            raise TypeError(
                f"Type of feed value {value} with type {type(value)} is not compatible with Tensor "
                f"type {np.dtype(kind)}. Try explicitly setting the type of the feed tensor to a "
                f"larger type (e.g. int64)."
            )
        value = tf.constant(array, tensor.dtype)
    if not tensor.shape.is_compatible_with(value.shape):
        raise ValueError(
            f"Cannot feed value of shape {value.shape} for Tensor {tensor.name}, which has shape "
            f"{tensor.shape}"
        )
    return value


def _parts(value: Any) -> tuple[Any, Any, Any]:
    return value.indices, value.values, value.dense_shape
