"""The decoding loop of ``tf.contrib.seq2seq``, its basic decoder and its loss.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

import abc
import contextlib
from typing import Any, NamedTuple

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from migrator.bridge.contrib_cells import _cell_zeros, _require_cell
from migrator.bridge.contrib_seq2seq_helpers import Helper, _time_first

__all__ = [
    "BasicDecoder",
    "BasicDecoderOutput",
    "Decoder",
    "dynamic_decode",
    "sequence_loss",
]

# Adapted from TensorFlow 1.15 (contrib/seq2seq/python/ops/decoder.py, basic_decoder.py and
# loss.py), Copyright 2016 The TensorFlow Authors, licensed under the Apache License, Version 2.0.


class Decoder(abc.ABC):
    """What ``dynamic_decode`` steps through."""

    @property
    def batch_size(self) -> Any:
        """Size of the batch."""
        raise NotImplementedError

    @property
    def output_size(self) -> Any:
        """Sizes of the outputs, a structure of shapes or numbers."""
        raise NotImplementedError

    @property
    def output_dtype(self) -> Any:
        """DTypes of the outputs, in the same structure."""
        raise NotImplementedError

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> Any:
        """Return ``(finished, first_inputs, initial_state)``."""

    @abc.abstractmethod
    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """Return ``(outputs, next_state, next_inputs, finished)``."""

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """Return ``(outputs, final_state)`` as they leave the loop."""
        raise NotImplementedError

    @property
    def tracks_own_finished(self) -> bool:
        """Whether ``finished`` of a step stands for itself, as in a beam search."""
        return False


class BasicDecoderOutput(NamedTuple):
    """What a :class:`BasicDecoder` gives at each step."""

    rnn_output: Any
    sample_id: Any


class BasicDecoder(Decoder):
    """A cell, a helper that samples, and a layer over the outputs."""

    def __init__(
        self, cell: Any, helper: Any, initial_state: Any, output_layer: Any = None
    ) -> None:
        _require_cell(cell)
        if not isinstance(helper, Helper):
            raise TypeError(f"helper must be a Helper, received: {type(helper)}")
        self._cell = cell
        self._helper = helper
        self._initial_state = initial_state
        self._output_layer = output_layer

    @property
    def batch_size(self) -> Any:
        """Size of the batch."""
        return self._helper.batch_size

    def _rnn_output_size(self) -> Any:
        return _layer_output_size(self._cell.output_size, self._output_layer)

    @property
    def output_size(self) -> Any:
        """Sizes of the outputs and of the samples."""
        return BasicDecoderOutput(self._rnn_output_size(), self._helper.sample_ids_shape)

    @property
    def output_dtype(self) -> Any:
        """DTypes of the outputs and of the samples."""
        dtype = tf.nest.flatten(self._initial_state)[0].dtype
        sizes = tf.nest.map_structure(lambda _: dtype, self._rnn_output_size())
        return BasicDecoderOutput(sizes, self._helper.sample_ids_dtype)

    def initialize(self, name: str | None = None) -> Any:
        """Return what the helper starts with, and the initial state."""
        return (*self._helper.initialize(), self._initial_state)

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """Run the cell once, sample, and ask the helper for the next inputs."""
        with tf1.name_scope(name, "BasicDecoderStep"):
            outputs, state = self._cell(inputs, state)
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            sample_ids = self._helper.sample(time=time, outputs=outputs, state=state)
            finished, inputs, state = self._helper.next_inputs(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids
            )
        return BasicDecoderOutput(outputs, sample_ids), state, inputs, finished


def _layer_output_size(size: Any, layer: Any) -> Any:
    """Return the size of a cell's outputs after a layer."""
    if layer is None:
        return size
    shapes = tf.nest.map_structure(lambda s: tf.TensorShape([None]).concatenate(s), size)
    after = layer.compute_output_shape(shapes)
    return tf.nest.map_structure(lambda s: tf.TensorShape(s)[1:], after)


def dynamic_decode(
    decoder: Any,
    output_time_major: bool = False,
    impute_finished: bool = False,
    maximum_iterations: Any = None,
    parallel_iterations: int = 32,
    swap_memory: bool = False,
    scope: Any = None,
) -> Any:
    """Step through a decoder until all sequences are finished.

    Returns:
        ``(final_outputs, final_state, final_sequence_lengths)``.

    Raises:
        TypeError: ``decoder`` is no :class:`Decoder`.
        ValueError: ``maximum_iterations`` is not a scalar.
    """
    if not isinstance(decoder, Decoder):
        raise TypeError(f"Expected decoder to be type Decoder, but saw: {type(decoder)}")
    with tf1.variable_scope(scope, "decoder"):
        finished, inputs, state = decoder.initialize()
        zeros = tf.nest.map_structure(
            lambda size, dtype: _cell_zeros(size, decoder.batch_size, dtype),
            decoder.output_size,
            decoder.output_dtype,
        )
        if maximum_iterations is not None:
            maximum_iterations = tf.convert_to_tensor(
                maximum_iterations, tf.int32, name="maximum_iterations"
            )
            if maximum_iterations.shape.rank != 0:
                raise ValueError("maximum_iterations must be a scalar")
            finished = tf.logical_or(finished, maximum_iterations <= 0)

        def body(
            time: Any, arrays: Any, state: Any, inputs: Any, finished: Any, lengths: Any
        ) -> Any:
            outputs, new_state, new_inputs, done = decoder.step(time, inputs, state)
            if not decoder.tracks_own_finished:
                done = tf.logical_or(done, finished)
            lengths = tf1.where(
                tf.logical_not(finished), tf.fill(tf.shape(lengths), time + 1), lengths
            )
            tf.nest.assert_same_structure(state, new_state)
            tf.nest.assert_same_structure(arrays, outputs)
            tf.nest.assert_same_structure(inputs, new_inputs)
            if impute_finished:
                outputs = tf.nest.map_structure(
                    lambda out, zero: tf1.where(finished, zero, out), outputs, zeros
                )
                new_state = tf.nest.map_structure(
                    lambda new, old: _kept(finished, new, old), new_state, state
                )
            arrays = tf.nest.map_structure(lambda a, out: a.write(time, out), arrays, outputs)
            return time + 1, arrays, new_state, new_inputs, done, lengths

        result = tf1.while_loop(
            lambda time, arrays, state, inputs, finished, lengths: tf.logical_not(
                tf.reduce_all(finished)
            ),
            body,
            loop_vars=(
                tf.constant(0, tf.int32),
                tf.nest.map_structure(
                    lambda size, dtype: _output_array(size, dtype, decoder.batch_size),
                    decoder.output_size,
                    decoder.output_dtype,
                ),
                state,
                inputs,
                finished,
                tf.zeros_like(finished, dtype=tf.int32),
            ),
            parallel_iterations=parallel_iterations,
            maximum_iterations=maximum_iterations,
            swap_memory=swap_memory,
        )
        _, arrays, state, _, _, lengths = result
        outputs = tf.nest.map_structure(lambda array: array.stack(), arrays)
        with contextlib.suppress(NotImplementedError):
            outputs, state = decoder.finalize(outputs, state, lengths)
        if not output_time_major:
            outputs = tf.nest.map_structure(_time_first, outputs)
    return outputs, state, lengths


def _output_array(size: Any, dtype: Any, batch_size: Any) -> Any:
    """Return the array that collects one output."""
    shape = None
    if isinstance(size, tf.TensorShape) and size.rank != 0:
        static = tf.get_static_value(tf.convert_to_tensor(batch_size))
        shape = tf.TensorShape([static]).concatenate(size)
    return tf1.TensorArray(dtype, size=0, dynamic_size=True, element_shape=shape)


def _kept(finished: Any, new: Any, old: Any) -> Any:
    """Return the new state, with the old one's rows for sequences that are finished."""
    if isinstance(old, tf.TensorArray):
        return new
    new.set_shape(old.shape)
    return new if new.shape.rank == 0 else tf1.where(finished, old, new)


def sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    sum_over_timesteps: bool = False,
    sum_over_batch: bool = False,
    softmax_loss_function: Any = None,
    name: str | None = None,
) -> Any:
    """Return the weighted cross-entropy of a batch of sequences.

    Args:
        logits: ``[batch, time, classes]``.
        targets: ``[batch, time]``, class numbers.
        weights: ``[batch, time]``, float.
        average_across_timesteps: sum over time and divide by the weights.
        average_across_batch: the same over the batch.
        sum_over_timesteps: sum over time and divide by the count of weights that are not 0.
        sum_over_batch: the same over the batch.
        softmax_loss_function: called with ``labels`` and ``logits`` instead of the cross-entropy.
        name: of the name scope.

    Raises:
        ValueError: a shape, or the options together, are not possible.
    """
    for what, tensor, rank in (
        ("Logits", logits, 3),
        ("Targets", targets, 2),
        ("Weights", weights, 2),
    ):
        if len(tensor.shape) != rank:
            last = " x logits" if rank == 3 else ""
            raise ValueError(f"{what} must be a [batch_size x sequence_length{last}] tensor")
    for averaged, summed, which in (
        (average_across_timesteps, sum_over_timesteps, "timesteps"),
        (average_across_batch, sum_over_batch, "batch"),
    ):
        if averaged and summed:
            raise ValueError(
                f"average_across_{which} and sum_over_{which} cannot be set to True at same time."
            )
    with tf1.name_scope(name, "sequence_loss"):
        loss_of = softmax_loss_function or tf1.nn.sparse_softmax_cross_entropy_with_logits
        flat = loss_of(
            labels=tf.reshape(targets, [-1]), logits=tf.reshape(logits, [-1, tf.shape(logits)[2]])
        )
        losses = flat * tf.reshape(weights, [-1])
        if average_across_timesteps and average_across_batch:
            return tf.math.divide_no_nan(tf.reduce_sum(losses), tf.reduce_sum(weights))
        if sum_over_timesteps and sum_over_batch:
            count = tf.cast(tf.math.count_nonzero(weights), losses.dtype)
            return tf.math.divide_no_nan(tf.reduce_sum(losses), count)
        losses = tf.reshape(losses, tf.shape(logits)[0:2])
        if average_across_timesteps or average_across_batch:
            axis = 0 if average_across_batch else 1
            total = tf.reduce_sum(weights, axis)
        elif sum_over_timesteps or sum_over_batch:
            axis = 0 if sum_over_batch else 1
            total = tf.cast(tf.math.count_nonzero(weights, axis), losses.dtype)
        else:
            return losses
        return tf.math.divide_no_nan(tf.reduce_sum(losses, axis), total)
