"""Recurrent cells of ``tf.contrib.rnn`` that TensorFlow 2 has no more.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from migrator.bridge.contrib_cells import _OnLayer, _OnRNNCell, _static_or_dynamic

__all__ = [
    "GRUBlockCell",
    "GRUBlockCellV2",
    "LSTMBlockCell",
    "LSTMBlockFusedCell",
    "LayerNormBasicLSTMCell",
    "NASCell",
]

# Adapted from TensorFlow 1.15 (contrib/rnn/python/ops/lstm_ops.py, gru_ops.py and rnn_cell.py),
# Copyright 2015 The TensorFlow Authors, licensed under the Apache License, Version 2.0.


class _LayerCell:
    """Calls a cell as the layer that it is: ``build`` makes its variables."""

    def __call__(self, inputs: Any, state: Any, scope: Any = None) -> Any:
        """Return ``(output, next_state)``."""
        return tf1.layers.Layer.__call__(self, inputs, state, scope=scope)


class _LSTMWeights:
    """The variables of the block LSTMs."""

    _num_units: int
    _use_peephole: bool

    def _add_weights(self, input_size: Any) -> None:
        if not input_size:
            raise ValueError("Expecting the last dimension of the inputs to be set.")
        add: Any = self.add_weight  # type: ignore[attr-defined]
        units = self._num_units
        self._kernel = add("kernel", [input_size + units, units * 4])
        zeros = tf1.constant_initializer(0.0)
        self._bias = add("bias", [units * 4], initializer=zeros)
        self._diagonals: Any = None
        if self._use_peephole:
            self._diagonals = [add(f"w_{gate}_diag", [units]) for gate in ("i", "f", "o")]
        self.built = True

    def _run(self, inputs: Any, state: Any, length: Any, **options: Any) -> Any:
        """Return cell states and outputs ``[time, batch, units]``."""
        wci, wcf, wco = self._diagonals or [tf.zeros([self._num_units], inputs.dtype)] * 3
        result = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(length, tf.int64),
            x=inputs,
            cs_prev=state[0],
            h_prev=state[1],
            w=self._kernel,
            wci=wci,
            wcf=wcf,
            wco=wco,
            b=self._bias,
            use_peephole=self._use_peephole,
            **options,
        )
        return result.cs, result.h


@_OnRNNCell
class LSTMBlockCell(_LayerCell, _LSTMWeights):
    """An LSTM cell with the variables of ``LSTMCell``, computed by one kernel."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        dtype: Any = None,
        reuse: bool | None = None,
        name: str = "lstm_cell",
    ) -> None:
        super().__init__(_reuse=reuse, dtype=dtype, name=name)  # type: ignore[call-arg]
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._use_peephole = use_peephole
        self._cell_clip = -1.0 if cell_clip is None else cell_clip

    @property
    def state_size(self) -> Any:
        """Sizes of the cell's state and of the output."""
        return tf1.nn.rnn_cell.LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        """Number of units."""
        return self._num_units

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        self._add_weights(tf.TensorShape(input_shape).dims[1].value)

    def call(self, inputs: Any, state: Any) -> Any:
        """Run one step."""
        if len(state) != 2:
            raise ValueError("Expecting state to be a tuple with length 2.")
        states, outputs = self._run(
            tf.expand_dims(inputs, 0),
            state,
            1,
            forget_bias=self._forget_bias,
            cell_clip=self._cell_clip,
        )
        return outputs[0], tf1.nn.rnn_cell.LSTMStateTuple(states[0], outputs[0])


@_OnLayer
class LSTMBlockFusedCell(_LSTMWeights):
    """An LSTM over whole sequences, time first, in one op."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        cell_clip: float | None = None,
        use_peephole: bool = False,
        reuse: bool | None = None,
        dtype: Any = None,
        name: str = "lstm_fused_cell",
    ) -> None:
        super().__init__(_reuse=reuse, name=name, dtype=dtype)  # type: ignore[call-arg]
        self._num_units = num_units
        self._forget_bias = forget_bias
        self._cell_clip = -1.0 if cell_clip is None else cell_clip
        self._use_peephole = use_peephole

    @property
    def num_units(self) -> int:
        """Number of units."""
        return self._num_units

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        self._add_weights(tf.TensorShape(input_shape).dims[2].value)

    def call(
        self,
        inputs: Any,
        initial_state: Any = None,
        dtype: Any = None,
        sequence_length: Any = None,
    ) -> Any:
        """Return the outputs ``[time, batch, units]`` and the final state."""
        batch, time = _static_or_dynamic(inputs, 1), _static_or_dynamic(inputs, 0)
        if initial_state is None:
            if dtype is None:
                raise ValueError("Either initial_state or dtype needs to be specified")
            zeros = tf.zeros(tf.stack([batch, self._num_units]), dtype)
            initial_state = (zeros, zeros)
        elif len(initial_state) != 2:
            raise ValueError("Expecting initial_state to be a tuple with length 2 or None")
        lengths = None if sequence_length is None else tf.convert_to_tensor(sequence_length)
        states, outputs = self._run(
            inputs,
            initial_state,
            time if lengths is None else tf.reduce_max(lengths),
            forget_bias=self._forget_bias,
            cell_clip=self._cell_clip,
        )
        if lengths is None:
            last = (states[-1], outputs[-1])
        else:
            mask = tf.transpose(tf.sequence_mask(lengths, time, outputs.dtype))
            outputs *= tf.expand_dims(mask, 2)
            at = tf.stack([lengths, tf.range(batch, dtype=lengths.dtype)], axis=1)
            first, start = initial_state
            last = (
                tf.gather_nd(tf.concat([tf.expand_dims(first, 0), states], 0), at),
                tf.gather_nd(tf.concat([tf.expand_dims(start, 0), outputs], 0), at),
            )
        return outputs, tf1.nn.rnn_cell.LSTMStateTuple(*last)


class _GRUBlock(_LayerCell):
    """A GRU cell whose variables have names of their own."""

    _names = ("w_ru", "b_ru", "w_c", "b_c")

    def __init__(
        self,
        num_units: int | None = None,
        cell_size: int | None = None,
        reuse: bool | None = None,
        name: str = "gru_cell",
    ) -> None:
        super().__init__(_reuse=reuse, name=name)  # type: ignore[call-arg]
        if (cell_size is None) == (num_units is None):
            raise ValueError("Exactly one of num_units or cell_size must be provided.")
        self._cell_size: Any = cell_size if num_units is None else num_units

    @property
    def state_size(self) -> Any:
        """Number of units."""
        return self._cell_size

    @property
    def output_size(self) -> Any:
        """Number of units."""
        return self._cell_size

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        size = tf.TensorShape(input_shape).dims[1].value
        if size is None:
            raise ValueError("Expecting input_size to be set.")
        add: Any = self.add_weight  # type: ignore[attr-defined]
        units = self._cell_size
        ones, zeros = tf1.constant_initializer(1.0), tf1.constant_initializer(0.0)
        gates, gates_bias, candidate, candidate_bias = self._names
        self._gate_kernel = add(gates, [size + units, units * 2])
        self._gate_bias = add(gates_bias, [units * 2], initializer=ones)
        self._candidate_kernel = add(candidate, [size + units, units])
        self._candidate_bias = add(candidate_bias, [units], initializer=zeros)
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Run one step."""
        both = tf.matmul(tf.concat([inputs, state], 1), self._gate_kernel) + self._gate_bias
        reset, update = tf.split(tf.sigmoid(both), 2, axis=1)
        inner = tf.matmul(tf.concat([inputs, reset * state], 1), self._candidate_kernel)
        output = update * state + (1 - update) * tf.tanh(inner + self._candidate_bias)
        return output, output


@_OnRNNCell
class GRUBlockCell(_GRUBlock):
    """A GRU cell with the variables ``w_ru``, ``b_ru``, ``w_c`` and ``b_c``."""


@_OnRNNCell
class GRUBlockCellV2(_GRUBlock):
    """A GRU cell with the variables of ``GRUCell``."""

    _names = ("gates/kernel", "gates/bias", "candidate/kernel", "candidate/bias")


@_OnRNNCell
class LayerNormBasicLSTMCell:
    """An LSTM cell with layer normalization and recurrent dropout."""

    def __init__(
        self,
        num_units: int,
        forget_bias: float = 1.0,
        input_size: Any = None,
        activation: Any = tf.tanh,
        layer_norm: bool = True,
        norm_gain: float = 1.0,
        norm_shift: float = 0.0,
        dropout_keep_prob: Any = 1.0,
        dropout_prob_seed: int | None = None,
        reuse: bool | None = None,
    ) -> None:
        super().__init__(_reuse=reuse)  # type: ignore[call-arg]
        self._num_units = num_units
        self._activation = activation
        self._forget_bias = forget_bias
        self._keep_prob = dropout_keep_prob
        self._seed = dropout_prob_seed
        self._layer_norm = layer_norm
        self._norm_gain = norm_gain
        self._norm_shift = norm_shift

    @property
    def state_size(self) -> Any:
        """Sizes of the cell's state and of the output."""
        return tf1.nn.rnn_cell.LSTMStateTuple(self._num_units, self._num_units)

    @property
    def output_size(self) -> int:
        """Number of units."""
        return self._num_units

    def _norm(self, inputs: Any, scope: str) -> Any:
        if not self._layer_norm:
            return inputs
        shape, dtype = inputs.shape[-1:], inputs.dtype
        gain = tf1.constant_initializer(self._norm_gain)
        shift = tf1.constant_initializer(self._norm_shift)
        with tf1.variable_scope(scope):
            gamma = tf1.get_variable("gamma", shape=shape, initializer=gain, dtype=dtype)
            beta = tf1.get_variable("beta", shape=shape, initializer=shift, dtype=dtype)
        mean, variance = tf1.nn.moments(inputs, [1], keep_dims=True)
        least = 1e-3 if dtype == tf.float16 else 1e-12
        return tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, least)

    def call(self, inputs: Any, state: Any) -> Any:
        """Run one step."""
        cell, hidden = state
        args = tf.concat([inputs, hidden], 1)
        shape = [args.shape[-1], 4 * self._num_units]
        gates = tf.matmul(args, tf1.get_variable("kernel", shape, dtype=args.dtype))
        if not self._layer_norm:
            gates += tf1.get_variable("bias", shape[1:], dtype=args.dtype)
        names = ("input", "transform", "forget", "output")
        i, j, f, o = (
            self._norm(gate, name)
            for gate, name in zip(tf.split(gates, 4, axis=1), names, strict=True)
        )
        new = self._activation(j)
        if not isinstance(self._keep_prob, float) or self._keep_prob < 1:
            new = tf1.nn.dropout(new, self._keep_prob, seed=self._seed)
        cell = cell * tf.sigmoid(f + self._forget_bias) + tf.sigmoid(i) * new
        cell = self._norm(cell, "state")
        hidden = self._activation(cell) * tf.sigmoid(o)
        return hidden, tf1.nn.rnn_cell.LSTMStateTuple(cell, hidden)


@_OnRNNCell
class NASCell(_LayerCell):
    """The cell that neural architecture search found."""

    def __init__(
        self,
        num_units: int,
        num_proj: int | None = None,
        use_bias: bool = False,
        reuse: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(_reuse=reuse, **kwargs)  # type: ignore[call-arg]
        self._num_units = num_units
        self._num_proj = num_proj
        self._use_bias = use_bias
        self._output_size = num_units if num_proj is None else num_proj

    @property
    def state_size(self) -> Any:
        """Sizes of the cell's state and of the output."""
        return tf1.nn.rnn_cell.LSTMStateTuple(self._num_units, self._output_size)

    @property
    def output_size(self) -> int:
        """Number of units, or of those projected to."""
        return self._output_size

    def build(self, input_shape: Any) -> None:
        """Make the variables."""
        size = tf.TensorShape(input_shape).dims[1].value
        if size is None:
            raise ValueError("Could not infer input size from inputs.get_shape()[-1]")
        add: Any = self.add_weight  # type: ignore[attr-defined]
        units = 8 * self._num_units
        self.recurrent_kernel = add("recurrent_kernel", [self._output_size, units])
        self.kernel = add("kernel", [size, units])
        if self._use_bias:
            self.bias = add("bias", [units], initializer=tf1.zeros_initializer())
        if self._num_proj is not None:
            self.projection_weights = add("projection_weights", [self._num_units, self._num_proj])
        self.built = True

    def call(self, inputs: Any, state: Any) -> Any:
        """Run one step."""
        cell, hidden = state
        recurrent = tf.matmul(hidden, self.recurrent_kernel)
        if self._use_bias:
            recurrent += self.bias
        m = tf.split(recurrent, 8, axis=1)
        x = tf.split(tf.matmul(inputs, self.kernel), 8, axis=1)
        sums = [one + other for one, other in zip(x, m, strict=True)]
        first = tf.tanh(tf.sigmoid(sums[0]) * tf.nn.relu(sums[1]))
        second = tf.tanh(tf.sigmoid(sums[2]) + tf.nn.relu(x[3] * m[3]))
        third = tf.tanh(tf.tanh(sums[4]) * tf.sigmoid(sums[5]))
        fourth = tf.sigmoid(tf.tanh(sums[6]) + tf.sigmoid(sums[7]))
        cell = tf.tanh(first + cell) * second
        hidden = tf.tanh(cell * tf.tanh(third + fourth))
        if self._num_proj is not None:
            hidden = tf.matmul(hidden, self.projection_weights)
        return hidden, tf1.nn.rnn_cell.LSTMStateTuple(cell, hidden)
