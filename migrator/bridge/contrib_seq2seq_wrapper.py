"""A cell that attends to a memory at each step, as ``tf.contrib.seq2seq`` has it.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from migrator.bridge.contrib_cells import (
    _cell_zeros,
    _OnRNNCell,
    _require_cell,
    _static_or_dynamic,
)
from migrator.bridge.contrib_seq2seq_attention import AttentionMechanism

__all__ = ["AttentionWrapper", "AttentionWrapperState"]

# Adapted from TensorFlow 1.15 (contrib/seq2seq/python/ops/attention_wrapper.py), Copyright 2017
# The TensorFlow Authors, licensed under the Apache License, Version 2.0.

_TILE = (
    "Are you using the BeamSearchDecoder? You may need to tile what belongs to the batch by"
    " tile_batch with multiplier=beam_width."
)


class AttentionWrapperState(NamedTuple):
    """The state of an :class:`AttentionWrapper`."""

    cell_state: Any
    attention: Any
    time: Any
    alignments: Any
    alignment_history: Any
    attention_state: Any

    def clone(self, **kwargs: Any) -> AttentionWrapperState:
        """Return a state with some parts replaced by others of the same shape.

        Raises:
            ValueError: a shape is another.
        """
        made: AttentionWrapperState = tf.nest.map_structure(
            _with_same_shape, self, self._replace(**kwargs)
        )
        return made


def _with_same_shape(old: Any, new: Any) -> Any:
    if not (isinstance(old, tf.Tensor) and isinstance(new, tf.Tensor)):
        return new
    if not old.shape.is_compatible_with(new.shape):
        raise ValueError(f"The shape {new.shape} is not {old.shape}, that of what it replaces.")
    if not (old.shape.is_fully_defined() and new.shape.is_fully_defined()):
        same = tf1.assert_equal(tf.shape(old), tf.shape(new))
        with tf.control_dependencies([same]):
            new = tf.identity(new)
        new.set_shape(old.shape)
    return new


@_OnRNNCell
class AttentionWrapper:
    """Wraps a cell with one or several attention mechanisms."""

    def __init__(
        self,
        cell: Any,
        attention_mechanism: Any,
        attention_layer_size: Any = None,
        alignment_history: bool = False,
        cell_input_fn: Any = None,
        output_attention: bool = True,
        initial_cell_state: Any = None,
        name: str | None = None,
        attention_layer: Any = None,
        attention_fn: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)  # type: ignore[call-arg]
        _require_cell(cell)
        self._is_multi = isinstance(attention_mechanism, (list, tuple))
        mechanisms = tuple(attention_mechanism) if self._is_multi else (attention_mechanism,)
        for mechanism in mechanisms:
            if not isinstance(mechanism, AttentionMechanism):
                raise TypeError(
                    "attention_mechanism must be an AttentionMechanism or a list of them, saw"
                    f" type: {type(mechanism).__name__}"
                )
        if cell_input_fn is not None and not callable(cell_input_fn):
            raise TypeError(
                f"cell_input_fn must be callable, saw type: {type(cell_input_fn).__name__}"
            )
        if attention_layer_size is not None and attention_layer is not None:
            raise ValueError("Only one of attention_layer_size and attention_layer should be set")
        values = [mechanism.values.shape.dims[-1].value for mechanism in mechanisms]
        self._attention_layers: Any = None
        if attention_layer_size is not None:
            sizes = _one_for_each("attention_layer_size", attention_layer_size, mechanisms)
            self._attention_layers = tuple(
                tf1.layers.Dense(
                    size, name="attention_layer", use_bias=False, dtype=mechanism.dtype
                )
                for size, mechanism in zip(sizes, mechanisms, strict=True)
            )
        elif attention_layer is not None:
            self._attention_layers = _one_for_each("attention_layer", attention_layer, mechanisms)
            sizes = tuple(
                tf.TensorShape(layer.compute_output_shape([None, cell.output_size + value]))
                .dims[-1]
                .value
                for layer, value in zip(self._attention_layers, values, strict=True)
            )
        else:
            sizes = tuple(values)
        self._attention_layer_size = sum(sizes)
        self._attention_fn = attention_fn or _compute_attention
        self._cell = cell
        self._attention_mechanisms = mechanisms
        self._cell_input_fn = cell_input_fn or _joined_to_inputs
        self._output_attention = output_attention
        self._alignment_history = alignment_history
        with tf1.name_scope(name, "AttentionWrapperInit"):
            self._initial_cell_state = None
            if initial_cell_state is not None:
                last = tf.nest.flatten(initial_cell_state)[-1]
                checks = self._batch_size_checks(
                    _static_or_dynamic(last, 0),
                    "Non-matching batch sizes between the memory and initial_cell_state.",
                )
                with tf.control_dependencies(checks):
                    self._initial_cell_state = tf.nest.map_structure(
                        lambda s: tf.identity(s, name="check_initial_cell_state"),
                        initial_cell_state,
                    )

    def _batch_size_checks(self, batch_size: Any, message: str) -> list[Any]:
        return [
            tf1.assert_equal(batch_size, mechanism.batch_size, message=f"{message} {_TILE}")
            for mechanism in self._attention_mechanisms
        ]

    def _item_or_tuple(self, seq: Any) -> Any:
        items = tuple(seq)
        return items if self._is_multi else items[0]

    @property
    def output_size(self) -> Any:
        """Size of the attention, or of the cell's output."""
        return self._attention_layer_size if self._output_attention else self._cell.output_size

    @property
    def state_size(self) -> Any:
        """Sizes of the parts of the state."""
        mechanisms = self._attention_mechanisms
        return AttentionWrapperState(
            cell_state=self._cell.state_size,
            time=tf.TensorShape([]),
            attention=self._attention_layer_size,
            alignments=self._item_or_tuple(a.alignments_size for a in mechanisms),
            attention_state=self._item_or_tuple(a.state_size for a in mechanisms),
            alignment_history=self._item_or_tuple(
                a.alignments_size if self._alignment_history else () for a in mechanisms
            ),
        )

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return the state before the first step."""
        with tf1.name_scope(f"{type(self).__name__}ZeroState"):
            cell_state = self._initial_cell_state
            if cell_state is None:
                cell_state = self._cell.zero_state(batch_size, dtype)
            checks = self._batch_size_checks(
                batch_size, "Non-matching batch sizes between the memory and zero_state."
            )
            with tf.control_dependencies(checks):
                cell_state = tf.nest.map_structure(
                    lambda s: tf.identity(s, name="checked_cell_state"), cell_state
                )
            alignments = [
                mechanism.initial_alignments(batch_size, dtype)
                for mechanism in self._attention_mechanisms
            ]
            return AttentionWrapperState(
                cell_state=cell_state,
                time=tf.zeros([], tf.int32),
                attention=_cell_zeros(self._attention_layer_size, batch_size, dtype),
                alignments=self._item_or_tuple(alignments),
                attention_state=self._item_or_tuple(
                    mechanism.initial_state(batch_size, dtype)
                    for mechanism in self._attention_mechanisms
                ),
                alignment_history=self._item_or_tuple(
                    tf1.TensorArray(dtype, size=0, dynamic_size=True, element_shape=one.shape)
                    if self._alignment_history
                    else ()
                    for one in alignments
                ),
            )

    def call(self, inputs: Any, state: Any) -> Any:
        """Run the cell once and attend to the memory."""
        if not isinstance(state, AttentionWrapperState):
            raise TypeError(
                "Expected state to be instance of AttentionWrapperState."
                f" Received type {type(state)} instead."
            )
        cell_inputs = self._cell_input_fn(inputs, state.attention)
        cell_output, cell_state = self._cell(cell_inputs, state.cell_state)
        checks = self._batch_size_checks(
            _static_or_dynamic(cell_output, 0),
            "Non-matching batch sizes between the memory and the query.",
        )
        with tf.control_dependencies(checks):
            cell_output = tf.identity(cell_output, name="checked_cell_output")
        many = self._is_multi
        states = state.attention_state if many else [state.attention_state]
        histories = state.alignment_history if many else [state.alignment_history]
        attentions, alignments, next_states, next_histories = [], [], [], []
        for index, mechanism in enumerate(self._attention_mechanisms):
            attention, aligned, next_state = self._attention_fn(
                mechanism,
                cell_output,
                states[index],
                self._attention_layers[index] if self._attention_layers else None,
            )
            attentions.append(attention)
            alignments.append(aligned)
            next_states.append(next_state)
            next_histories.append(
                histories[index].write(state.time, aligned) if self._alignment_history else ()
            )
        attention = tf.concat(attentions, 1)
        next_state = AttentionWrapperState(
            time=state.time + 1,
            cell_state=cell_state,
            attention=attention,
            attention_state=self._item_or_tuple(next_states),
            alignments=self._item_or_tuple(alignments),
            alignment_history=self._item_or_tuple(next_histories),
        )
        return (attention if self._output_attention else cell_output), next_state


def _one_for_each(what: str, given: Any, mechanisms: tuple[Any, ...]) -> tuple[Any, ...]:
    found = tuple(given) if isinstance(given, (list, tuple)) else (given,)
    if len(found) != len(mechanisms):
        raise ValueError(
            f"If provided, {what} must contain exactly one item per attention_mechanism, saw:"
            f" {len(found)} vs {len(mechanisms)}"
        )
    return found


def _joined_to_inputs(inputs: Any, attention: Any) -> Any:
    return tf.concat([inputs, attention], -1)


def _compute_attention(
    attention_mechanism: Any, cell_output: Any, attention_state: Any, attention_layer: Any
) -> Any:
    """Return ``(attention, alignments, next_attention_state)`` of one mechanism."""
    alignments, next_state = attention_mechanism(cell_output, state=attention_state)
    context = tf.matmul(tf.expand_dims(alignments, 1), attention_mechanism.values)
    context = tf.squeeze(context, [1])
    if attention_layer is None:
        return context, alignments, next_state
    return attention_layer(tf.concat([cell_output, context], 1)), alignments, next_state
