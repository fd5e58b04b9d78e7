"""Attention over a memory: the mechanisms of ``tf.contrib.seq2seq``.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from migrator.bridge.contrib_cells import _cell_zeros, _static_or_dynamic

__all__ = [
    "AttentionMechanism",
    "BahdanauAttention",
    "BahdanauMonotonicAttention",
    "LuongAttention",
    "LuongMonotonicAttention",
    "hardmax",
    "monotonic_attention",
    "safe_cumprod",
]

# Adapted from TensorFlow 1.15 (contrib/seq2seq/python/ops/attention_wrapper.py), Copyright 2017
# The TensorFlow Authors, licensed under the Apache License, Version 2.0.


class AttentionMechanism:
    """What :class:`AttentionWrapper` calls with a query and a state."""

    @property
    def alignments_size(self) -> Any:
        """Length of the memory."""
        raise NotImplementedError

    @property
    def state_size(self) -> Any:
        """Size of the mechanism's state."""
        raise NotImplementedError


class _BaseAttentionMechanism(AttentionMechanism):
    """Keys and values of a memory ``[batch, max_time, ...]``."""

    def __init__(
        self,
        query_layer: Any,
        memory: Any,
        probability_fn: Any,
        memory_sequence_length: Any = None,
        memory_layer: Any = None,
        check_inner_dims_defined: bool = True,
        score_mask_value: Any = None,
        custom_key_value_fn: Any = None,
        name: str | None = None,
    ) -> None:
        if not callable(probability_fn):
            raise TypeError(
                f"probability_fn must be callable, saw type: {type(probability_fn).__name__}"
            )
        self._query_layer = query_layer
        self._memory_layer = memory_layer
        self.dtype = memory_layer.dtype
        if score_mask_value is None:
            score_mask_value = tf.as_dtype(memory_layer.dtype).as_numpy_dtype(-np.inf)
        self._probability_fn: Any = lambda score, previous: probability_fn(
            _masked_score(score, memory_sequence_length, score_mask_value), previous
        )
        with tf1.name_scope(name, "BaseAttentionMechanismInit"):
            self._values = _masked_memory(memory, memory_sequence_length, check_inner_dims_defined)
            self._keys = self.memory_layer(self._values) if self.memory_layer else self._values
            if custom_key_value_fn is not None:
                self._keys, self._values = custom_key_value_fn(self._keys, self._values)
            self._batch_size = _static_or_dynamic(self._keys, 0)
            self._alignments_size = _static_or_dynamic(self._keys, 1)

    @property
    def memory_layer(self) -> Any:
        """The layer that makes keys of the memory."""
        return self._memory_layer

    @property
    def query_layer(self) -> Any:
        """The layer over the query."""
        return self._query_layer

    @property
    def values(self) -> Any:
        """The memory, zeros after the end of each sequence."""
        return self._values

    @property
    def keys(self) -> Any:
        """What queries are compared with."""
        return self._keys

    @property
    def batch_size(self) -> Any:
        """Size of the batch."""
        return self._batch_size

    @property
    def alignments_size(self) -> Any:
        """Length of the memory."""
        return self._alignments_size

    @property
    def state_size(self) -> Any:
        """The state is the last alignments."""
        return self._alignments_size

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """Return the alignments before the first step, zeros."""
        return _cell_zeros(self._alignments_size, batch_size, dtype)

    def initial_state(self, batch_size: Any, dtype: Any) -> Any:
        """Return the state before the first step."""
        return self.initial_alignments(batch_size, dtype)


class LuongAttention(_BaseAttentionMechanism):
    """Multiplicative attention."""

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        probability_fn: Any = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "LuongAttention",
    ) -> None:
        probability = probability_fn or tf.nn.softmax
        super().__init__(
            query_layer=None,
            memory_layer=_memory_layer(num_units, dtype),
            memory=memory,
            probability_fn=lambda score, _: probability(score),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            custom_key_value_fn=custom_key_value_fn,
            name=name,
        )
        self._num_units = num_units
        self._scale = scale
        self._name = name

    def __call__(self, query: Any, state: Any) -> Any:
        """Return ``(alignments, next_state)``."""
        with tf1.variable_scope(None, "luong_attention", [query]):
            score = _luong_score(query, self._keys, _luong_scale(self._scale, query.dtype))
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class BahdanauAttention(_BaseAttentionMechanism):
    """Additive attention."""

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        probability_fn: Any = None,
        score_mask_value: Any = None,
        dtype: Any = None,
        custom_key_value_fn: Any = None,
        name: str = "BahdanauAttention",
    ) -> None:
        probability = probability_fn or tf.nn.softmax
        super().__init__(
            query_layer=_attention_dense(num_units, "query_layer", dtype),
            memory_layer=_memory_layer(num_units, dtype),
            memory=memory,
            probability_fn=lambda score, _: probability(score),
            custom_key_value_fn=custom_key_value_fn,
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units = num_units
        self._normalize = normalize
        self._name = name

    def __call__(self, query: Any, state: Any) -> Any:
        """Return ``(alignments, next_state)``."""
        with tf1.variable_scope(None, "bahdanau_attention", [query]):
            processed = self.query_layer(query) if self.query_layer else query
            score = _bahdanau_score(
                processed, self._keys, *_bahdanau_weights(self._num_units, self._normalize, query)
            )
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class _MonotonicAttention(_BaseAttentionMechanism):
    """A mechanism that starts at the first entry of the memory and only moves forward."""

    def initial_alignments(self, batch_size: Any, dtype: Any) -> Any:
        """Return the alignments before the first step: all at the first entry."""
        zeros = tf.zeros([batch_size], tf.int32)
        return tf.one_hot(zeros, self._alignments_size, dtype=dtype)


class BahdanauMonotonicAttention(_MonotonicAttention):
    """Monotonic attention with an additive score."""

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        normalize: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "BahdanauMonotonicAttention",
    ) -> None:
        super().__init__(
            query_layer=_attention_dense(num_units, "query_layer", dtype),
            memory_layer=_memory_layer(num_units, dtype),
            memory=memory,
            probability_fn=_monotonic_probability(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units = num_units
        self._normalize = normalize
        self._name = name
        self._score_bias_init = score_bias_init

    def __call__(self, query: Any, state: Any) -> Any:
        """Return ``(alignments, next_state)``."""
        with tf1.variable_scope(None, "bahdanau_monotonic_attention", [query]):
            processed = self.query_layer(query) if self.query_layer else query
            score = _bahdanau_score(
                processed, self._keys, *_bahdanau_weights(self._num_units, self._normalize, query)
            )
            score += _score_bias(self._score_bias_init, processed.dtype)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


class LuongMonotonicAttention(_MonotonicAttention):
    """Monotonic attention with a multiplicative score."""

    def __init__(
        self,
        num_units: int,
        memory: Any,
        memory_sequence_length: Any = None,
        scale: bool = False,
        score_mask_value: Any = None,
        sigmoid_noise: float = 0.0,
        sigmoid_noise_seed: int | None = None,
        score_bias_init: float = 0.0,
        mode: str = "parallel",
        dtype: Any = None,
        name: str = "LuongMonotonicAttention",
    ) -> None:
        super().__init__(
            query_layer=None,
            memory_layer=_memory_layer(num_units, dtype),
            memory=memory,
            probability_fn=_monotonic_probability(sigmoid_noise, mode, sigmoid_noise_seed),
            memory_sequence_length=memory_sequence_length,
            score_mask_value=score_mask_value,
            name=name,
        )
        self._num_units = num_units
        self._scale = scale
        self._score_bias_init = score_bias_init
        self._name = name

    def __call__(self, query: Any, state: Any) -> Any:
        """Return ``(alignments, next_state)``."""
        with tf1.variable_scope(None, "luong_monotonic_attention", [query]):
            score = _luong_score(query, self._keys, _luong_scale(self._scale, query.dtype))
            score += _score_bias(self._score_bias_init, query.dtype)
        alignments = self._probability_fn(score, state)
        return alignments, alignments


def _attention_dense(units: int, name: str, dtype: Any) -> Any:
    return tf1.layers.Dense(units, name=name, use_bias=False, dtype=dtype or tf.float32)


def _memory_layer(units: int, dtype: Any) -> Any:
    return _attention_dense(units, "memory_layer", dtype)


def _luong_scale(scale: bool, dtype: Any) -> Any:
    if not scale:
        return None
    ones = tf1.ones_initializer()
    return tf1.get_variable("attention_g", dtype=dtype, initializer=ones, shape=())


def _luong_score(query: Any, keys: Any, scale: Any) -> Any:
    depth, units = query.shape[-1], keys.shape[-1]
    if depth != units:
        raise ValueError(
            "Incompatible or unknown inner dimensions between query and keys. "
            f"Query ({query}) has units: {depth}. Keys ({keys}) have units: {units}. "
            f"Perhaps you need to set num_units to the keys' dimension ({units})?"
        )
    score = tf.squeeze(tf.matmul(tf.expand_dims(query, 1), keys, transpose_b=True), [1])
    return score if scale is None else scale * score


def _bahdanau_weights(units: int, normalize: bool, query: Any) -> Any:
    v = tf1.get_variable("attention_v", [units], dtype=query.dtype)
    if not normalize:
        return v, None, None
    start = tf1.constant_initializer(math.sqrt(1.0 / units))
    g = tf1.get_variable("attention_g", dtype=query.dtype, initializer=start, shape=())
    zeros = tf1.zeros_initializer()
    return v, g, tf1.get_variable("attention_b", [units], dtype=query.dtype, initializer=zeros)


def _bahdanau_score(
    processed_query: Any,
    keys: Any,
    attention_v: Any,
    attention_g: Any = None,
    attention_b: Any = None,
) -> Any:
    query = tf.expand_dims(processed_query, 1)
    if attention_g is None or attention_b is None:
        return tf.reduce_sum(attention_v * tf.tanh(keys + query), [2])
    norm = tf.math.rsqrt(tf.reduce_sum(tf.square(attention_v)))
    normed = attention_g * attention_v * norm
    return tf.reduce_sum(normed * tf.tanh(keys + query + attention_b), [2])


def _score_bias(start: float, dtype: Any) -> Any:
    return tf1.get_variable("attention_score_bias", dtype=dtype, initializer=start)


def _monotonic_probability(noise: float, mode: str, seed: int | None) -> Any:
    return functools.partial(_monotonic_probability_fn, sigmoid_noise=noise, mode=mode, seed=seed)


def _monotonic_probability_fn(
    score: Any, previous_alignments: Any, sigmoid_noise: float, mode: str, seed: int | None = None
) -> Any:
    if sigmoid_noise > 0:
        score += sigmoid_noise * tf.random.normal(tf.shape(score), dtype=score.dtype, seed=seed)
    chosen = tf.cast(score > 0, score.dtype) if mode == "hard" else tf.sigmoid(score)
    return monotonic_attention(chosen, previous_alignments, mode)


def safe_cumprod(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the cumulative product of values from 0 to 1, in the space of logarithms."""
    with tf1.name_scope(None, "SafeCumprod"):
        x = tf.convert_to_tensor(x, name="x")
        tiny = np.finfo(x.dtype.as_numpy_dtype).tiny
        logs = tf.math.log(tf.clip_by_value(x, tiny, 1))
        return tf.exp(tf.cumsum(logs, *args, **kwargs))


def monotonic_attention(p_choose_i: Any, previous_attention: Any, mode: str) -> Any:
    """Return the next attention, ``[batch, max_time]``, of a monotonic mechanism.

    Raises:
        ValueError: ``mode`` is none of ``recursive``, ``parallel`` and ``hard``.
    """
    chosen = tf.convert_to_tensor(p_choose_i, name="p_choose_i")
    previous = tf.convert_to_tensor(previous_attention, name="previous_attention")
    if mode == "recursive":
        batch = _static_or_dynamic(chosen, 0)
        shifted = tf.concat([tf.ones((batch, 1)), 1 - chosen[:, :-1]], 1)
        scanned = tf1.scan(
            lambda x, pair: tf.reshape(pair[0] * x + pair[1], (batch,)),
            [tf.transpose(shifted), tf.transpose(previous)],
            tf.zeros((batch,)),
        )
        return chosen * tf.transpose(scanned)
    if mode == "parallel":
        product = safe_cumprod(1 - chosen, axis=1, exclusive=True)
        clipped = tf.clip_by_value(product, 1e-10, 1.0)
        return chosen * product * tf.cumsum(previous / clipped, axis=1)
    if mode == "hard":
        chosen *= tf.cumsum(previous, axis=1)
        return chosen * tf.math.cumprod(1 - chosen, axis=1, exclusive=True)
    raise ValueError("mode must be 'recursive', 'parallel', or 'hard'.")


def hardmax(logits: Any, name: str | None = None) -> Any:
    """Return 1 at the largest logit of each row, and 0 elsewhere."""
    with tf1.name_scope(name, "Hardmax"):
        logits = tf.convert_to_tensor(logits, name="logits")
        depth = _static_or_dynamic(logits, -1)
        return tf.one_hot(tf.argmax(logits, -1), depth, dtype=logits.dtype)


def _masked_memory(memory: Any, lengths: Any, check_inner_dims_defined: bool) -> Any:
    """Return the memory with zeros after the end of each sequence."""
    memory = tf.nest.map_structure(lambda m: tf.convert_to_tensor(m, name="memory"), memory)
    first = tf.nest.flatten(memory)[0]
    for one in tf.nest.flatten(memory) if check_inner_dims_defined else ():
        if not one.shape[2:].is_fully_defined():
            raise ValueError(
                f"Expected memory {one.name} to have fully defined inner dims, but saw shape:"
                f" {one.shape}"
            )
    if lengths is None:
        return memory
    lengths = tf.convert_to_tensor(lengths, name="memory_sequence_length")
    mask = tf.sequence_mask(lengths, maxlen=tf.shape(first)[1], dtype=first.dtype)

    def masked(one: Any) -> Any:
        ones = tf.ones([one.shape.rank - 2], tf.int32)
        return one * tf.reshape(mask, tf.concat((tf.shape(mask), ones), 0))

    return tf.nest.map_structure(masked, memory)


def _masked_score(score: Any, lengths: Any, mask_value: Any) -> Any:
    if lengths is None:
        return score
    message = "All values in memory_sequence_length must be greater than zero."
    with tf.control_dependencies([tf1.assert_positive(lengths, message=message)]):
        mask = tf.sequence_mask(lengths, maxlen=tf.shape(score)[1])
    return tf1.where(mask, score, mask_value * tf.ones_like(score))
