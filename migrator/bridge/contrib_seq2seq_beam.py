"""The beam search of ``tf.contrib.seq2seq``.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from migrator.bridge.contrib_cells import _require_cell
from migrator.bridge.contrib_seq2seq_decoder import Decoder, _layer_output_size
from migrator.bridge.contrib_seq2seq_helpers import _embedding_fn
from migrator.bridge.contrib_seq2seq_wrapper import AttentionWrapperState

__all__ = [
    "BeamSearchDecoder",
    "BeamSearchDecoderOutput",
    "BeamSearchDecoderState",
    "FinalBeamSearchDecoderOutput",
    "gather_tree",
    "tile_batch",
]

# Adapted from TensorFlow 1.15 (contrib/seq2seq/python/ops/beam_search_decoder.py and its
# GatherTree kernel), Copyright 2017 The TensorFlow Authors, licensed under the Apache License,
# Version 2.0.


class BeamSearchDecoderState(NamedTuple):
    """The state of a :class:`BeamSearchDecoder`."""

    cell_state: Any
    log_probs: Any
    finished: Any
    lengths: Any
    accumulated_attention_probs: Any


class BeamSearchDecoderOutput(NamedTuple):
    """What a :class:`BeamSearchDecoder` gives at each step."""

    scores: Any
    predicted_ids: Any
    parent_ids: Any


class FinalBeamSearchDecoderOutput(NamedTuple):
    """What a :class:`BeamSearchDecoder` gives in the end."""

    predicted_ids: Any
    beam_search_decoder_output: Any


def tile_batch(t: Any, multiplier: int, name: str | None = None) -> Any:
    """Return a structure of tensors with each entry of the batch repeated."""

    def tiled(one: Any) -> Any:
        one = tf.convert_to_tensor(one, name="t")
        if not one.shape.rank:
            raise ValueError("t must have statically known rank")
        repeated = tf.tile(tf.expand_dims(one, 1), [1, multiplier] + [1] * (one.shape.rank - 1))
        shape = tf.shape(one)
        result = tf.reshape(repeated, tf.concat(([shape[0] * multiplier], shape[1:]), 0))
        static = one.shape.dims[0].value
        first = None if static is None else static * multiplier
        result.set_shape(tf.TensorShape([first]).concatenate(one.shape[1:]))
        return result

    with tf1.name_scope(name, "tile_batch"):
        return tf.nest.map_structure(tiled, t)


def gather_tree(step_ids: Any, parent_ids: Any, max_sequence_lengths: Any, end_token: Any) -> Any:
    """Return the ids of full beams, read back from the last step of each.

    Args:
        step_ids: int32 ``[time, batch, beam]``.
        parent_ids: int32 ``[time, batch, beam]``, the beam of the step before.
        max_sequence_lengths: int32 ``[batch]``.
        end_token: fills what is after the end of a beam.
    """
    step_ids = tf.convert_to_tensor(step_ids)
    shape = tf.shape(step_ids)
    start = tf.tile(tf.expand_dims(tf.range(shape[2]), 0), [shape[1], 1])
    ends = tf.fill(shape[1:], end_token)

    def step(previous: Any, at: Any) -> Any:
        _, beams = previous
        time, ids, parents = at
        active = tf.tile(tf.expand_dims(time < max_sequence_lengths, 1), [1, shape[2]])
        return (
            tf1.where(active, tf.gather(ids, beams, axis=1, batch_dims=1), ends),
            tf1.where(active, tf.gather(parents, beams, axis=1, batch_dims=1), start),
        )

    times = tf.range(shape[0])
    found, _ = tf1.scan(step, (times, step_ids, parent_ids), (ends, start), reverse=True)
    is_end = tf.cast(tf.equal(found, end_token), tf.int32)
    over = tf.cumsum(is_end, axis=0, exclusive=True) > 0
    result = tf1.where(over, tf.fill(shape, end_token), found)
    result.set_shape(step_ids.shape)
    return result


class BeamSearchDecoder(Decoder):
    """Decodes with the best ``beam_width`` beams."""

    def __init__(
        self,
        cell: Any,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        initial_state: Any,
        beam_width: int,
        output_layer: Any = None,
        length_penalty_weight: Any = 0.0,
        coverage_penalty_weight: Any = 0.0,
        reorder_tensor_arrays: bool = True,
    ) -> None:
        _require_cell(cell)
        self._cell = cell
        self._output_layer = output_layer
        self._reorder_tensor_arrays = reorder_tensor_arrays
        self._beam_width = beam_width
        self._length_penalty_weight = length_penalty_weight
        self._coverage_penalty_weight = coverage_penalty_weight
        self._embedding_fn = _embedding_fn(embedding)
        start = tf.convert_to_tensor(start_tokens, tf.int32, name="start_tokens")
        if start.shape.rank != 1:
            raise ValueError("start_tokens must be a vector")
        self._end_token = tf.convert_to_tensor(end_token, tf.int32, name="end_token")
        if self._end_token.shape.rank != 0:
            raise ValueError("end_token must be a scalar")
        self._batch_size = tf.size(start_tokens)
        self._initial_cell_state = tf.nest.map_structure(
            self._maybe_split_batch_beams, initial_state, cell.state_size
        )
        self._start_tokens = tf.tile(tf.expand_dims(start, 1), [1, beam_width])
        self._start_inputs = self._embedding_fn(self._start_tokens)
        self._finished = self._first_beam(False, True, tf.bool)

    def _first_beam(self, on: Any, off: Any, dtype: Any) -> Any:
        zeros = tf.zeros([self._batch_size], tf.int32)
        return tf.one_hot(zeros, self._beam_width, on_value=on, off_value=off, dtype=dtype)

    @property
    def batch_size(self) -> Any:
        """Size of the batch."""
        return self._batch_size

    def _rnn_output_size(self) -> Any:
        return _layer_output_size(self._cell.output_size, self._output_layer)

    @property
    def tracks_own_finished(self) -> bool:
        """Beams change places, so that each step says anew which are finished."""
        return True

    @property
    def output_size(self) -> Any:
        """Sizes of a step's output."""
        return BeamSearchDecoderOutput(*[tf.TensorShape([self._beam_width])] * 3)

    @property
    def output_dtype(self) -> Any:
        """DTypes of a step's output."""
        dtype = tf.nest.flatten(self._initial_cell_state)[0].dtype
        scores = tf.nest.map_structure(lambda _: dtype, self._rnn_output_size())
        return BeamSearchDecoderOutput(scores, tf.int32, tf.int32)

    def initialize(self, name: str | None = None) -> Any:
        """Return ``(finished, start_inputs, initial_state)``, the first beam alone open."""
        state = self._initial_cell_state
        dtype = tf.nest.flatten(state)[0].dtype
        attention = _attention_probs(state, self._coverage_penalty_weight)
        return (
            self._finished,
            self._start_inputs,
            BeamSearchDecoderState(
                cell_state=state,
                log_probs=self._first_beam(tf.cast(0.0, dtype), tf.cast(-np.inf, dtype), dtype),
                finished=self._finished,
                lengths=tf.zeros([self._batch_size, self._beam_width], tf.int64),
                accumulated_attention_probs=() if attention is None else attention,
            ),
        )

    def finalize(self, outputs: Any, final_state: Any, sequence_lengths: Any) -> Any:
        """Return the ids of the best beams, best first, and the final state."""
        lengths = tf.cast(tf.reduce_max(final_state.lengths, axis=1), tf.int32)
        predicted = gather_tree(outputs.predicted_ids, outputs.parent_ids, lengths, self._end_token)
        if self._reorder_tensor_arrays:
            cell_state = tf.nest.map_structure(
                lambda t: self._maybe_sort_array_beams(t, outputs.parent_ids, final_state.lengths),
                final_state.cell_state,
            )
            final_state = final_state._replace(cell_state=cell_state)
        return FinalBeamSearchDecoderOutput(predicted, outputs), final_state

    def step(self, time: Any, inputs: Any, state: Any, name: str | None = None) -> Any:
        """Run the cell on all beams at once, and keep the best of what follows."""
        with tf1.name_scope(name, "BeamSearchDecoderStep"):
            inputs = tf.nest.map_structure(
                lambda one: self._merge_batch_beams(one, one.shape[2:]), inputs
            )
            cell_state = tf.nest.map_structure(
                self._maybe_merge_batch_beams, state.cell_state, self._cell.state_size
            )
            outputs, cell_state = self._cell(inputs, cell_state)
            outputs = tf.nest.map_structure(
                lambda one: self._split_batch_beams(one, one.shape[1:]), outputs
            )
            cell_state = tf.nest.map_structure(
                self._maybe_split_batch_beams, cell_state, self._cell.state_size
            )
            if self._output_layer is not None:
                outputs = self._output_layer(outputs)
            output, next_state = self._search(outputs, cell_state, state)
            next_inputs = tf1.cond(
                tf.reduce_all(next_state.finished),
                lambda: self._start_inputs,
                lambda: self._embedding_fn(output.predicted_ids),
            )
        return output, next_state, next_inputs, next_state.finished

    def _search(self, logits: Any, cell_state: Any, state: Any) -> Any:
        """Return the output and the state of the best beams."""
        batch, width, end = self._batch_size, self._beam_width, self._end_token
        open_ = tf.logical_not(state.finished)
        log_probs = _mask_probs(tf.nn.log_softmax(logits), end, state.finished)
        total = tf.expand_dims(state.log_probs, 2) + log_probs
        static = logits.shape.dims[-1].value
        vocabulary = tf.shape(logits)[-1] if static is None else static
        zero, one = tf.constant(0, tf.int64), tf.constant(1, tf.int64)
        longer = tf.one_hot(
            tf.fill([batch, width], end), vocabulary, on_value=zero, off_value=one, dtype=tf.int64
        ) * tf.expand_dims(tf.cast(open_, tf.int64), 2)
        lengths = longer + tf.expand_dims(state.lengths, 2)
        accumulated = None
        attention = _attention_probs(cell_state, self._coverage_penalty_weight)
        if attention is not None:
            attention *= tf.expand_dims(tf.cast(open_, tf.float32), 2)
            accumulated = state.accumulated_attention_probs + attention
        scores = total / tf.cast(_length_penalty(lengths, self._length_penalty_weight), total.dtype)
        if accumulated is not None:
            scores += self._coverage_penalty(accumulated, state.finished)
        scores, words = tf.math.top_k(tf.reshape(scores, [batch, -1]), k=width)
        known = [tf.get_static_value(batch), width]
        scores.set_shape(known)
        words.set_shape(known)
        beams = tf.cast(words // vocabulary, tf.int32)
        ids = tf.cast(words % vocabulary, tf.int32)

        def chosen(tensor: Any) -> Any:
            return self._gather(beams, tensor, width, [-1])

        finished = chosen(state.finished)
        next_lengths = chosen(state.lengths) + tf.cast(tf.logical_not(finished), tf.int64)
        rows = [batch * width, -1]
        return BeamSearchDecoderOutput(scores, ids, beams), BeamSearchDecoderState(
            cell_state=tf.nest.map_structure(
                lambda t: self._maybe_gather(beams, t, width, rows), cell_state
            ),
            log_probs=self._gather(words, total, width * vocabulary, [-1]),
            lengths=next_lengths,
            finished=tf.logical_or(finished, tf.equal(ids, end)),
            accumulated_attention_probs=()
            if accumulated is None
            else self._gather(beams, accumulated, width, rows),
        )

    def _coverage_penalty(self, accumulated: Any, finished: Any) -> Any:
        seen = tf1.where(tf.equal(accumulated, 0.0), tf.ones_like(accumulated), accumulated)
        penalty = tf.reduce_sum(tf.math.log(tf.minimum(seen, 1.0)), 2)
        penalty *= tf.cast(finished, tf.float32)
        return tf.expand_dims(penalty * self._coverage_penalty_weight, 2)

    # -- between [batch, beam, ...] and [batch * beam, ...] -------------------------------------

    def _merge_batch_beams(self, t: Any, s: Any) -> Any:
        count = self._batch_size * self._beam_width
        merged = tf.reshape(t, tf.concat(([count], tf.shape(t)[2:]), 0))
        static = tf.get_static_value(self._batch_size)
        first = None if static is None else static * self._beam_width
        merged.set_shape(tf.TensorShape([first]).concatenate(_as_shape(s)))
        return merged

    def _split_batch_beams(self, t: Any, s: Any) -> Any:
        start = [self._batch_size, self._beam_width]
        split = tf.reshape(t, tf.concat((start, tf.shape(t)[1:]), 0))
        known = [tf.get_static_value(self._batch_size), self._beam_width]
        expected = tf.TensorShape(known).concatenate(_as_shape(s))
        if not split.shape.is_compatible_with(expected):
            raise ValueError(
                "Unexpected behavior when reshaping between beam width and batch size. The"
                f" reshaped tensor has shape: {split.shape}. We expected it to have shape"
                f" (batch_size, beam_width, depth) == {expected}. Perhaps you forgot to create a"
                " zero_state with batch_size=encoder_batch_size * beam_width?"
            )
        split.set_shape(expected)
        return split

    def _maybe_split_batch_beams(self, t: Any, s: Any) -> Any:
        return t if _is_array_or_scalar(t, 1) else self._split_batch_beams(t, s)

    def _maybe_merge_batch_beams(self, t: Any, s: Any) -> Any:
        return t if _is_array_or_scalar(t, 2) else self._merge_batch_beams(t, s)

    def _maybe_gather(self, indices: Any, t: Any, size: Any, shape: list[Any]) -> Any:
        return t if _is_array_or_scalar(t, len(shape)) else self._gather(indices, t, size, shape)

    def _gather(self, indices: Any, t: Any, size: Any, shape: list[Any]) -> Any:
        """Return what ``indices`` choose of ``size`` entries in each row of the batch."""
        first = tf.expand_dims(tf.range(self._batch_size) * size, 1)
        found = tf.gather(tf.reshape(t, shape), tf.reshape(indices + first, [-1]))
        rank = 1 + len(shape)
        found = tf.reshape(found, tf.shape(t)[:rank])
        static = tf.TensorShape([tf.get_static_value(self._batch_size)])
        found.set_shape(static.concatenate(t.shape[1:rank]))
        return found

    def _maybe_sort_array_beams(self, t: Any, parent_ids: Any, lengths: Any) -> Any:
        """Return a TensorArray of the state as the tensor ``[time, ...]`` of the final beams."""
        if not isinstance(t, tf.TensorArray):
            return t
        if not t.element_shape.rank or not self._may_be_beams(t.element_shape):
            tf1.logging.warn(
                "A TensorArray in the cell state is not sorted by beams, because its elements"
                f" have the shape {t.element_shape}."
            )
            return t
        stacked = t.stack()
        shape = tf.shape(parent_ids)
        time, batch, width = shape[0], shape[1], shape[2]
        own = tf.tile(tf.reshape(tf.range(width), [1, 1, -1]), [time, batch, 1])
        longest = tf.cast(tf.reduce_max(lengths, axis=1), tf.int32)
        beams = gather_tree(own, parent_ids, longest, width + 1)
        inside = tf.transpose(tf.sequence_mask(lengths, maxlen=time), [2, 0, 1])
        beams = tf1.where(inside, beams, own)
        rows = tf.reshape(stacked, [time, batch, width, -1])
        return tf.reshape(tf.gather(rows, beams, axis=2, batch_dims=2), tf.shape(stacked))

    def _may_be_beams(self, shape: Any) -> bool:
        """Whether elements are ``[batch * beam]`` or ``[batch, beam, ...]``, as TF1 judges it."""
        batch, width = tf.get_static_value(self._batch_size), self._beam_width
        first = shape.dims[0].value
        if batch is None or first is None:
            return True
        second = shape.dims[1].value if shape.rank > 1 else None
        return bool(first == batch * width) and (
            second is None or (first, second) == (batch, width)
        )


def _as_shape(size: Any) -> Any:
    return tf.TensorShape(tf.get_static_value(size) if isinstance(size, tf.Tensor) else size)


def _is_array_or_scalar(t: Any, rank: int) -> bool:
    """Whether a part of the state has no beams: a TensorArray, or less than ``rank`` axes."""
    if isinstance(t, tf.TensorArray):
        return True
    if t.shape.rank is None:
        raise ValueError(f"Expected tensor ({t}) to have known rank, but ndims == None.")
    return bool(t.shape.rank < rank)


def _attention_probs(cell_state: Any, coverage_penalty_weight: Any) -> Any:
    """Return the mean of the alignments in a state, or None where there is no penalty."""
    if not isinstance(coverage_penalty_weight, tf.Tensor) and coverage_penalty_weight == 0.0:
        return None
    states = [cell_state] if isinstance(cell_state, AttentionWrapperState) else cell_state
    found = [
        _mean_of(state.alignments)
        for state in (states if isinstance(states, tuple | list) else ())
        if isinstance(state, AttentionWrapperState)
    ]
    if not found:
        raise ValueError("coverage_penalty_weight must be 0.0 if no cell is attentional.")
    return _mean_of(tuple(found))


def _mean_of(probs: Any) -> Any:
    if not isinstance(probs, tuple):
        return probs
    return probs[0] if len(probs) == 1 else tf.reduce_mean(tf.stack(probs, -1), -1)


def _length_penalty(lengths: Any, factor: Any) -> Any:
    factor = tf.convert_to_tensor(factor, name="penalty_factor")
    factor.set_shape(())
    static = tf.get_static_value(factor)
    if static is not None and static == 0:
        return 1.0
    return (5.0 + tf.cast(lengths, tf.float32)) ** factor / (5.0 + 1.0) ** factor


def _mask_probs(probs: Any, end_token: Any, finished: Any) -> Any:
    """Return log probabilities with the end token alone possible for finished beams."""
    vocabulary = tf.shape(probs)[2]
    row = tf.one_hot(
        end_token,
        vocabulary,
        dtype=probs.dtype,
        on_value=tf.cast(0.0, probs.dtype),
        off_value=probs.dtype.min,
    )
    rows = tf.tile(tf.reshape(row, [1, 1, -1]), tf.concat([tf.shape(finished), [1]], 0))
    mask = tf.tile(tf.expand_dims(finished, 2), [1, 1, vocabulary])
    return tf1.where(mask, rows, probs)
