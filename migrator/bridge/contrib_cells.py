"""Classes below Keras 2's cells and layers that are made when they are first used."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

__all__: list[str] = []


class _OnRNNCell:
    """A class whose base is ``tf.compat.v1.nn.rnn_cell.RNNCell``, made at its first use.

    That base needs tf-keras and ``TF_USE_LEGACY_KERAS=1``, which programs that import this file
    for something else have not. It is called, subclassed and asked for like the class itself.
    """

    def __init__(self, body: type) -> None:
        self._body = body
        self._made: Any = None
        self.__doc__ = body.__doc__
        self.__name__ = body.__name__

    @property
    def _class(self) -> Any:
        if self._made is None:
            bases = (self._body, self._base())
            about = {"__doc__": self.__doc__, "__module__": self._body.__module__}
            self._made = type(self.__name__, bases, about)
        return self._made

    def _base(self) -> Any:
        return tf.compat.v1.nn.rnn_cell.RNNCell

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._class(*args, **kwargs)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._class,)

    def __instancecheck__(self, instance: Any) -> bool:
        return self._made is not None and isinstance(instance, self._made)

    def __subclasscheck__(self, subclass: type) -> bool:
        return self._made is not None and issubclass(subclass, self._made)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._class, name)


class _OnLayer(_OnRNNCell):
    """A class whose base is ``tf.compat.v1.layers.Layer``, made at its first use."""

    def _base(self) -> Any:
        return tf.compat.v1.layers.Layer


def _static_or_dynamic(tensor: Any, axis: int) -> Any:
    """Return the size of an axis: a number where the shape says it, else a tensor."""
    known = tensor.shape.dims[axis].value
    return tf.shape(tensor)[axis] if known is None else known


def _cell_zeros(size: Any, batch_size: Any, dtype: Any) -> Any:
    """Return zeros ``[batch_size, *size]`` for each size of a structure of sizes."""

    def zeros(one: Any) -> Any:
        if isinstance(one, tf.Tensor):
            return tf.zeros(tf.stack([batch_size, one]), dtype)
        inner = tf.TensorShape(one).as_list() if _is_shape(one) else [int(one)]
        made = tf.zeros(tf.concat([[batch_size], tf.constant(inner, tf.int32)], 0), dtype)
        made.set_shape([tf.get_static_value(tf.convert_to_tensor(batch_size)), *inner])
        return made

    return tf.nest.map_structure(zeros, size)


def _is_shape(size: Any) -> bool:
    return isinstance(size, (tf.TensorShape, list, tuple))


def _require_cell(cell: Any) -> None:
    """Raise a TypeError where ``cell`` is no RNN cell."""
    has_start = hasattr(cell, "zero_state") or hasattr(cell, "get_initial_state")
    if not (callable(cell) and has_start and all(hasattr(cell, n) for n in _CELL_SIZES)):
        raise TypeError(f"The argument 'cell' ({cell}) is not an RNNCell.")


_CELL_SIZES = ("output_size", "state_size")
