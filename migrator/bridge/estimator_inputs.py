"""Arrays and data frames as the input of an Estimator.

Part of ``tf2_bridge``, with the other ``estimator`` modules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

__all__: list[str] = []


def numpy_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
) -> Callable[[], Any]:
    """Return an ``input_fn`` of an array or a dict of arrays, and of the labels ``y``.

    Args:
        x: the features.
        y: the labels, an array or a dict of arrays; None for none.
        batch_size: examples in a batch, which may stem from two epochs.
        num_epochs: how often the examples are gone through; None for ever.
        shuffle: whether their order is random.
        queue_capacity: how many to shuffle at a time.
        num_threads: not looked at: the order of examples does not depend on threads.

    Raises:
        ValueError: ``shuffle`` is no bool; of the ``input_fn``, the lengths differ, something is
            empty or a name is taken twice.
    """
    if not isinstance(shuffle, bool):
        raise ValueError(
            "shuffle must be provided and explicitly set as boolean (it is recommended to set it "
            f"as True for training); got {shuffle}"
        )

    def input_fn() -> Any:
        if not isinstance(x, (dict, np.ndarray)):
            raise TypeError(f"x must be a dict or array; got {type(x).__name__}")
        if not len(x) or (isinstance(y, dict) and not y):
            raise ValueError("x and y cannot be empty")
        both = [one for one in (x, y) if isinstance(one, dict)]
        if len(both) == 2 and not both[0].keys().isdisjoint(both[1]):
            raise ValueError("duplicate keys are found in both x and y")
        parts = [x] if y is None else [x, y]
        arrays = tf.nest.flatten(parts)
        if len({len(one) for one in arrays}) != 1:
            raise ValueError(
                "Length of tensors in x and y is mismatched. All elements in x and y must have the"
                f" same length: {[one.shape for one in arrays]}"
            )
        batch = _batches(arrays, batch_size, num_epochs, queue_capacity if shuffle else 0)
        packed = tf.nest.pack_sequence_as(parts, batch)
        return packed[0] if y is None else (packed[0], packed[1])

    return input_fn


def pandas_input_fn(
    x: Any,
    y: Any = None,
    batch_size: int = 128,
    num_epochs: int | None = 1,
    shuffle: bool | None = None,
    queue_capacity: int = 1000,
    num_threads: int = 1,
    target_column: str = "target",
) -> Callable[[], Any]:
    """Return an ``input_fn`` of the columns of a data frame, and of the series ``y``.

    Args and errors are those of :func:`numpy_input_fn`; ``target_column`` must be no column.
    """
    if not isinstance(shuffle, bool):
        raise ValueError(f"shuffle must be provided and explicitly set as boolean; got {shuffle}")
    if not isinstance(target_column, str):
        raise TypeError("target_column must be a string type")
    if y is not None and target_column in x:
        raise ValueError(f"Cannot use name {target_column} for target column: it is in x")
    if y is not None and not np.array_equal(x.index, y.index):
        raise ValueError("Index for x and y are mismatched.")
    columns = {name: x[name].to_numpy() for name in x.columns}
    labels = y
    if y is not None:
        frame = getattr(y, "columns", None)
        labels = y.to_numpy() if frame is None else {name: y[name].to_numpy() for name in frame}
    return numpy_input_fn(
        columns, labels, batch_size, num_epochs, shuffle, queue_capacity, num_threads
    )


def _batches(arrays: list[Any], size: int, epochs: int | None, shuffled: int) -> list[Any]:
    """Return tensors of a batch of the rows of ``arrays``.

    The graph holds the numbers of the rows only: it may not be larger than 2 GB.
    """
    rows = tf.data.Dataset.range(len(arrays[0]))
    if shuffled:
        rows = rows.shuffle(max(shuffled, 1))
    rows = rows.repeat(epochs).batch(size)
    index = tf.compat.v1.data.make_one_shot_iterator(rows).get_next()
    kinds = [tf.as_dtype(np.asarray(one[:1]).dtype) for one in arrays]
    batch = tf.numpy_function(lambda index: [one[index] for one in arrays], [index], kinds)
    for tensor, array in zip(batch, arrays, strict=True):
        tensor.set_shape([size if epochs is None else None, *array.shape[1:]])
    return list(batch)
