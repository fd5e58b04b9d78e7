"""Wrappers of ``tf.contrib.rnn`` and its stacks of networks in both directions.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from migrator.bridge.contrib_cells import _OnRNNCell, _require_cell

__all__ = [
    "AttentionCellWrapper",
    "EmbeddingWrapper",
    "FusedRNNCellAdaptor",
    "HighwayWrapper",
    "InputProjectionWrapper",
    "OutputProjectionWrapper",
    "TimeReversedFusedRNN",
    "stack_bidirectional_dynamic_rnn",
    "stack_bidirectional_rnn",
]

# Adapted from TensorFlow 1.15 (contrib/rnn/python/ops/core_rnn_cell.py, rnn_cell.py,
# fused_rnn_cell.py and rnn.py), Copyright 2016 The TensorFlow Authors, licensed under the Apache
# License, Version 2.0.


class _Linear:
    """A layer over inputs side by side, with the variables ``kernel`` and ``bias``."""

    def __init__(self, args: Any, output_size: int, bias: Any = None) -> None:
        inputs = tf.nest.flatten(args)
        sizes = [one.shape.dims[1].value for one in inputs]
        if None in sizes:
            raise ValueError(f"linear expects shape[1] to be provided, but saw {sizes}")
        dtype = inputs[0].dtype
        self._weights = tf1.get_variable("kernel", [sum(sizes), output_size], dtype=dtype)
        if bias is None:
            bias = tf1.constant_initializer(0.0, dtype=dtype)
        with tf1.variable_scope(tf1.get_variable_scope()) as scope:
            scope.set_partitioner(None)
            self._biases = tf1.get_variable("bias", [output_size], dtype=dtype, initializer=bias)

    def __call__(self, args: Any) -> Any:
        inputs = tf.nest.flatten(args)
        joined = inputs[0] if len(inputs) == 1 else tf.concat(inputs, 1)
        return tf.nn.bias_add(tf.matmul(joined, self._weights), self._biases)


class _AroundCell:
    """A cell around another one, with its state."""

    def __init__(self, cell: Any, reuse: bool | None) -> None:
        super().__init__(_reuse=reuse)  # type: ignore[call-arg]
        _require_cell(cell)
        self._cell = cell
        self._linear: Any = None

    @property
    def state_size(self) -> Any:
        """Size of the cell's state."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """Size of the cell's output."""
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return the cell's first state."""
        with tf1.name_scope(f"{type(self).__name__}ZeroState"):
            return self._cell.zero_state(batch_size, dtype)


@_OnRNNCell
class InputProjectionWrapper(_AroundCell):
    """Projects the inputs of a cell."""

    def __init__(
        self,
        cell: Any,
        num_proj: int,
        activation: Any = None,
        input_size: Any = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(cell, reuse)
        self._num_proj = num_proj
        self._activation = activation

    def call(self, inputs: Any, state: Any) -> Any:
        """Run one step."""
        if self._linear is None:
            self._linear = _Linear(inputs, self._num_proj)
        projected = self._linear(inputs)
        if self._activation:
            projected = self._activation(projected)
        return self._cell(projected, state)


@_OnRNNCell
class OutputProjectionWrapper(_AroundCell):
    """Projects the outputs of a cell."""

    def __init__(
        self, cell: Any, output_size: int, activation: Any = None, reuse: bool | None = None
    ) -> None:
        super().__init__(cell, reuse)
        if output_size < 1:
            raise ValueError(f"Parameter output_size must be > 0: {output_size}.")
        self._output_size = output_size
        self._activation = activation

    @property
    def output_size(self) -> Any:
        """Size of the projection."""
        return self._output_size

    def call(self, inputs: Any, state: Any) -> Any:
        """Run one step."""
        output, state = self._cell(inputs, state)
        if self._linear is None:
            self._linear = _Linear(output, self._output_size)
        projected = self._linear(output)
        return (self._activation(projected) if self._activation else projected), state


@_OnRNNCell
class EmbeddingWrapper(_AroundCell):
    """Embeds the inputs of a cell, which are numbers."""

    def __init__(
        self,
        cell: Any,
        embedding_classes: int,
        embedding_size: int,
        initializer: Any = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(cell, reuse)
        if embedding_classes <= 0 or embedding_size <= 0:
            raise ValueError(
                "Both embedding_classes and embedding_size must be > 0:"
                f" {embedding_classes}, {embedding_size}."
            )
        self._embedding_classes = embedding_classes
        self._embedding_size = embedding_size
        self._initializer = initializer

    def call(self, inputs: Any, state: Any) -> Any:
        """Run one step."""
        with tf.device("/cpu:0"):
            edge = math.sqrt(3)
            embedding = tf1.get_variable(
                "embedding",
                [self._embedding_classes, self._embedding_size],
                initializer=self._initializer
                or tf1.get_variable_scope().initializer
                or tf1.random_uniform_initializer(-edge, edge),
                dtype=(state[0] if isinstance(state, tuple) else state).dtype,
            )
            embedded = tf1.nn.embedding_lookup(embedding, tf.reshape(inputs, [-1]))
            return self._cell(embedded, state)


@_OnRNNCell
class AttentionCellWrapper:
    """Attends to the last outputs of a cell."""

    def __init__(
        self,
        cell: Any,
        attn_length: int,
        attn_size: int | None = None,
        attn_vec_size: int | None = None,
        input_size: int | None = None,
        state_is_tuple: bool = True,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse)  # type: ignore[call-arg]
        _require_cell(cell)
        if tf.nest.is_nested(cell.state_size) and not state_is_tuple:
            raise ValueError(
                "Cell returns tuple of states, but the flag state_is_tuple is not set. State size"
                f" is: {cell.state_size}"
            )
        if attn_length <= 0:
            raise ValueError(f"attn_length should be greater than zero, got {attn_length}")
        self._state_is_tuple = state_is_tuple
        self._cell = cell
        self._input_size = input_size
        self._attn_size: Any = cell.output_size if attn_size is None else attn_size
        self._attn_vec_size = self._attn_size if attn_vec_size is None else attn_vec_size
        self._attn_length = attn_length
        self._linear1: Any = None
        self._linear2: Any = None
        self._linear3: Any = None

    @property
    def state_size(self) -> Any:
        """Sizes of the cell's state, of the attention and of the outputs that are kept."""
        size = (self._cell.state_size, self._attn_size, self._attn_size * self._attn_length)
        return size if self._state_is_tuple else sum(size)

    @property
    def output_size(self) -> Any:
        """Size of the attention."""
        return self._attn_size

    def call(self, inputs: Any, state: Any) -> Any:
        """Run one step."""
        length, size = self._attn_length, self._attn_size
        if self._state_is_tuple:
            state, attention, kept = state
        else:
            sizes = [self._cell.state_size, size, size * length]
            state, attention, kept = tf.split(state, sizes, axis=1)
        kept = tf.reshape(kept, [-1, length, size])
        if self._linear1 is None:
            input_size = self._input_size or inputs.shape.dims[1].value
            self._linear1 = _Linear([inputs, attention], input_size)
        output, state = self._cell(self._linear1([inputs, attention]), state)
        query = tf.concat(tf.nest.flatten(state), 1) if self._state_is_tuple else state
        attention = self._attend(query, kept)
        with tf1.variable_scope("attn_output_projection"):
            if self._linear2 is None:
                self._linear2 = _Linear([output, attention], size)
            output = self._linear2([output, attention])
        kept = tf.concat([kept[:, 1:], tf.expand_dims(output, 1)], 1)
        parts = (state, attention, tf.reshape(kept, [-1, length * size]))
        return output, parts if self._state_is_tuple else tf.concat(parts, 1)

    def _attend(self, query: Any, kept: Any) -> Any:
        length, size, units = self._attn_length, self._attn_size, self._attn_vec_size
        with tf1.variable_scope("attention"):
            k = tf1.get_variable("attn_w", [1, 1, size, units])
            v = tf1.get_variable("attn_v", [units])
            hidden = tf.reshape(kept, [-1, length, 1, size])
            features = tf.nn.conv2d(hidden, k, [1, 1, 1, 1], "SAME")
            if self._linear3 is None:
                self._linear3 = _Linear(query, units)
            y = tf.reshape(self._linear3(query), [-1, 1, 1, units])
            a = tf.nn.softmax(tf.reduce_sum(v * tf.tanh(features + y), [2, 3]))
            return tf.reduce_sum(tf.reshape(a, [-1, length, 1, 1]) * hidden, [1, 2])


class HighwayWrapper:
    """Mixes the inputs of a cell into its outputs."""

    def __init__(
        self, cell: Any, couple_carry_transform_gates: bool = True, carry_bias_init: float = 1.0
    ) -> None:
        self._cell = cell
        self._couple_carry_transform_gates = couple_carry_transform_gates
        self._carry_bias_init = carry_bias_init

    @property
    def state_size(self) -> Any:
        """Size of the cell's state."""
        return self._cell.state_size

    @property
    def output_size(self) -> Any:
        """Size of the cell's output."""
        return self._cell.output_size

    def zero_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return the cell's first state."""
        return self._cell.zero_state(batch_size, dtype)

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Return ``(output, next_state)``."""
        outputs, state = self._cell(inputs, state, scope=scope)
        return tf.nest.map_structure(self._highway, inputs, outputs), state

    def _highway(self, inputs: Any, outputs: Any) -> Any:
        carry = self._gate(inputs, "carry", self._carry_bias_init)
        if self._couple_carry_transform_gates:
            return inputs * carry + outputs * (1 - carry)
        return inputs * carry + outputs * self._gate(inputs, "transform", -self._carry_bias_init)

    def _gate(self, inputs: Any, name: str, start: float) -> Any:
        size = inputs.shape.dims[1].value
        weight = tf1.get_variable(f"{name}_w", [size, size])
        initializer = tf1.constant_initializer(start)
        bias = tf1.get_variable(f"{name}_b", [size], initializer=initializer)
        return tf.sigmoid(tf.matmul(inputs, weight) + bias)


class FusedRNNCellAdaptor:
    """Runs a cell over whole sequences, time first."""

    def __init__(self, cell: Any, use_dynamic_rnn: bool = False) -> None:
        self._cell = cell
        self._use_dynamic_rnn = use_dynamic_rnn

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> Any:
        """Return the outputs, a list where the inputs are one, and the final state."""
        as_list = isinstance(inputs, list)
        options: dict[str, Any] = {
            "sequence_length": sequence_length,
            "initial_state": initial_state,
            "dtype": dtype,
            "scope": scope,
        }
        if self._use_dynamic_rnn:
            stacked = tf.stack(inputs) if as_list else inputs
            outputs, state = tf1.nn.dynamic_rnn(self._cell, stacked, time_major=True, **options)
            return (tf.unstack(outputs) if as_list else outputs), state
        listed = inputs if as_list else tf.unstack(inputs)
        outputs, state = tf1.nn.static_rnn(self._cell, listed, **options)
        return (outputs if as_list else tf.stack(outputs)), state


class TimeReversedFusedRNN:
    """Runs a network over sequences from the last step to the first."""

    def __init__(self, cell: Any) -> None:
        self._cell = cell

    def __call__(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
        scope: Any = None,
    ) -> Any:
        """Return the outputs, in the order of the inputs, and the final state."""
        outputs, state = self._cell(
            _reversed_time(inputs, sequence_length),
            initial_state=initial_state,
            dtype=dtype,
            sequence_length=sequence_length,
            scope=scope,
        )
        return _reversed_time(outputs, sequence_length), state


def _reversed_time(sequence: Any, lengths: Any) -> Any:
    if isinstance(sequence, list):
        return sequence[::-1]
    if lengths is None:
        return tf.reverse(sequence, [0])
    return tf.reverse_sequence(sequence, lengths, seq_axis=0, batch_axis=1)


def stack_bidirectional_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    scope: Any = None,
) -> Any:
    """Run layers in both directions over a list of inputs, each fed by both of the one before.

    Returns:
        ``(outputs, output_states_fw, output_states_bw)``.
    """
    states: tuple[list[Any], list[Any]] = ([], [])
    layers = _stacked(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    with tf1.variable_scope(scope or "stack_bidirectional_rnn"):
        for index, (cell_fw, cell_bw, start_fw, start_bw) in enumerate(layers):
            with tf1.variable_scope(f"cell_{index}") as cell_scope:
                inputs, state_fw, state_bw = tf1.nn.static_bidirectional_rnn(
                    cell_fw,
                    cell_bw,
                    inputs,
                    initial_state_fw=start_fw,
                    initial_state_bw=start_bw,
                    sequence_length=sequence_length,
                    dtype=dtype,
                    scope=cell_scope,
                )
            states[0].append(state_fw)
            states[1].append(state_bw)
    return inputs, tuple(states[0]), tuple(states[1])


def stack_bidirectional_dynamic_rnn(
    cells_fw: Any,
    cells_bw: Any,
    inputs: Any,
    initial_states_fw: Any = None,
    initial_states_bw: Any = None,
    dtype: Any = None,
    sequence_length: Any = None,
    parallel_iterations: int | None = None,
    time_major: bool = False,
    scope: Any = None,
    swap_memory: bool = False,
) -> Any:
    """Run layers in both directions over a tensor, each fed by both of the one before.

    Returns:
        ``(outputs, output_states_fw, output_states_bw)``.
    """
    states: tuple[list[Any], list[Any]] = ([], [])
    layers = _stacked(cells_fw, cells_bw, initial_states_fw, initial_states_bw)
    with tf1.variable_scope(scope or "stack_bidirectional_rnn"):
        for index, (cell_fw, cell_bw, start_fw, start_bw) in enumerate(layers):
            with tf1.variable_scope(f"cell_{index}"):
                outputs, (state_fw, state_bw) = tf1.nn.bidirectional_dynamic_rnn(
                    cell_fw,
                    cell_bw,
                    inputs,
                    initial_state_fw=start_fw,
                    initial_state_bw=start_bw,
                    sequence_length=sequence_length,
                    parallel_iterations=parallel_iterations,
                    dtype=dtype,
                    swap_memory=swap_memory,
                    time_major=time_major,
                )
                inputs = tf.concat(outputs, 2)
            states[0].append(state_fw)
            states[1].append(state_bw)
    return inputs, tuple(states[0]), tuple(states[1])


def _stacked(cells_fw: Any, cells_bw: Any, states_fw: Any, states_bw: Any) -> Any:
    """Return the cells and initial states of each layer; a ValueError where they do not fit."""
    for which, cells, states in (("fw", cells_fw, states_fw), ("bw", cells_bw, states_bw)):
        if not cells or not isinstance(cells, list):
            raise ValueError(f"cells_{which} must be a list of RNNCells (one per layer).")
        if states is not None and (not isinstance(states, list) or len(states) != len(cells)):
            raise ValueError(
                f"initial_states_{which} must be a list of state tensors (one per layer)."
            )
    if len(cells_fw) != len(cells_bw):
        raise ValueError("Forward and Backward cells must have the same depth.")
    none = [None] * len(cells_fw)
    return list(zip(cells_fw, cells_bw, states_fw or none, states_bw or none, strict=True))
