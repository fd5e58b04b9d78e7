"""``tf.contrib.legacy_seq2seq``: networks over lists of inputs, unrolled in the graph.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from migrator.bridge.contrib_rnn_wrappers import (
    EmbeddingWrapper,
    OutputProjectionWrapper,
    _Linear,
)

__all__ = [
    "attention_decoder",
    "basic_rnn_seq2seq",
    "embedding_attention_decoder",
    "embedding_attention_seq2seq",
    "embedding_rnn_decoder",
    "embedding_rnn_seq2seq",
    "embedding_tied_rnn_seq2seq",
    "legacy_seq2seq",
    "legacy_sequence_loss",
    "model_with_buckets",
    "one2many_rnn_seq2seq",
    "rnn_decoder",
    "sequence_loss_by_example",
    "tied_rnn_seq2seq",
]

# Adapted from TensorFlow 1.15 (contrib/legacy_seq2seq/python/ops/seq2seq.py), Copyright 2015 The
# TensorFlow Authors, licensed under the Apache License, Version 2.0.


def rnn_decoder(
    decoder_inputs: Any, initial_state: Any, cell: Any, loop_function: Any = None, scope: Any = None
) -> Any:
    """Return the outputs and the state of a cell, fed by ``loop_function`` where there is one."""
    with tf1.variable_scope(scope or "rnn_decoder"):
        state, outputs, previous = initial_state, [], None
        for index, inputs in enumerate(decoder_inputs):
            if loop_function is not None and previous is not None:
                with tf1.variable_scope("loop_function", reuse=True):
                    inputs = loop_function(previous, index)
            if index > 0:
                tf1.get_variable_scope().reuse_variables()
            output, state = cell(inputs, state)
            outputs.append(output)
            previous = output
    return outputs, state


def basic_rnn_seq2seq(
    encoder_inputs: Any, decoder_inputs: Any, cell: Any, dtype: Any = tf.float32, scope: Any = None
) -> Any:
    """Encode with a copy of the cell, decode with the cell."""
    with tf1.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = tf1.nn.static_rnn(copy.deepcopy(cell), encoder_inputs, dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    loop_function: Any = None,
    dtype: Any = tf.float32,
    scope: Any = None,
) -> Any:
    """Encode and decode with the same variables."""
    with tf1.variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = tf1.nn.static_rnn(cell, encoder_inputs, dtype=dtype, scope=scope)
        tf1.get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function, scope)


def embedding_rnn_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> Any:
    """Decode embedded symbols, or the ones that were decoded before."""
    with tf1.variable_scope(scope or "embedding_rnn_decoder"):
        embedding = tf1.get_variable("embedding", [num_symbols, embedding_size])
        loop = (
            _argmax_embedded(embedding, output_projection, update_embedding_for_previous)
            if feed_previous
            else None
        )
        inputs = [tf1.nn.embedding_lookup(embedding, one) for one in decoder_inputs]
        return rnn_decoder(inputs, initial_state, cell, loop)


def embedding_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> Any:
    """Encode and decode symbols."""
    with tf1.variable_scope(scope or "embedding_rnn_seq2seq") as around:
        if dtype is not None:
            around.set_dtype(dtype)
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        _, start = tf1.nn.static_rnn(encoder, encoder_inputs, dtype=around.dtype)
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)

        def decode(feed: bool, update: bool) -> Any:
            return embedding_rnn_decoder(
                decoder_inputs,
                start,
                cell,
                num_decoder_symbols,
                embedding_size,
                output_projection,
                feed,
                update,
            )

        return _fed_decoder(feed_previous, decode, len(decoder_inputs), start)


def embedding_tied_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_decoder_symbols: int | None = None,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> Any:
    """Encode and decode symbols with one embedding and one cell."""
    with tf1.variable_scope(scope or "embedding_tied_rnn_seq2seq", dtype=dtype) as around:
        dtype = around.dtype
        embedding = tf1.get_variable("embedding", [num_symbols, embedding_size], dtype=dtype)
        encoded = [tf1.nn.embedding_lookup(embedding, one) for one in encoder_inputs]
        decoded = [tf1.nn.embedding_lookup(embedding, one) for one in decoder_inputs]
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols or num_symbols)

        def decode(feed: bool, update: bool) -> Any:
            loop = _argmax_embedded(embedding, output_projection, update) if feed else None
            return tied_rnn_seq2seq(encoded, decoded, cell, loop, dtype)

        start = cell.zero_state(tf.shape(encoder_inputs[0])[0], dtype)
        return _fed_decoder(feed_previous, decode, len(decoder_inputs), start)


def attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    output_size: int | None = None,
    num_heads: int = 1,
    loop_function: Any = None,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> Any:
    """Decode with attention to ``attention_states``, ``[batch, length, size]``."""
    if not decoder_inputs:
        raise ValueError("Must provide at least 1 input to attention decoder.")
    if num_heads < 1:
        raise ValueError("With less than 1 heads, use a non-attention decoder.")
    size = attention_states.shape.dims[2].value
    if size is None:
        raise ValueError(f"Shape[2] of attention_states must be known: {attention_states.shape}")
    with tf1.variable_scope(scope or "attention_decoder", dtype=dtype) as around:
        heads = _Heads(attention_states, size, num_heads, around.dtype)
        state, outputs, previous = initial_state, [], None
        zeros = tf.zeros(tf.stack([tf.shape(decoder_inputs[0])[0], size]), around.dtype)
        zeros.set_shape([None, size])
        attention = heads.attend(state) if initial_state_attention else [zeros] * num_heads
        for index, inputs in enumerate(decoder_inputs):
            if index > 0:
                tf1.get_variable_scope().reuse_variables()
            if loop_function is not None and previous is not None:
                with tf1.variable_scope("loop_function", reuse=True):
                    inputs = loop_function(previous, index)
            width = inputs.shape.dims[1].value
            if width is None:
                raise ValueError(f"Could not infer input size from input: {inputs.name}")
            joined = [tf.cast(one, around.dtype) for one in [inputs, *attention]]
            output, state = cell(_Linear(joined, width)(joined), state)
            reuse = True if index == 0 and initial_state_attention else None
            with tf1.variable_scope(tf1.get_variable_scope(), reuse=reuse):
                attention = heads.attend(state)
            with tf1.variable_scope("AttnOutputProjection"):
                joined = [tf.cast(output, around.dtype), *attention]
                output = _Linear(joined, output_size or cell.output_size)(joined)
            outputs.append(output)
            previous = output
    return outputs, state


class _Heads:
    """The heads of an attention decoder."""

    def __init__(self, states: Any, size: int, count: int, dtype: Any) -> None:
        length = states.shape.dims[1].value or tf.shape(states)[1]
        self.size = size
        self.length = length
        self.dtype = dtype
        self.hidden = tf.reshape(states, [-1, length, 1, size])
        self.heads = []
        for head in range(count):
            k = tf1.get_variable(f"AttnW_{head}", [1, 1, size, size], dtype=dtype)
            v = tf1.get_variable(f"AttnV_{head}", [size], dtype=dtype)
            self.heads.append((tf.nn.conv2d(self.hidden, k, [1, 1, 1, 1], "SAME"), v))

    def attend(self, state: Any) -> list[Any]:
        """Return what each head reads for a state of the decoder."""
        query = tf.concat(tf.nest.flatten(state), 1)
        found = []
        for head, (features, v) in enumerate(self.heads):
            with tf1.variable_scope(f"Attention_{head}"):
                y = tf.reshape(_Linear(query, self.size)(query), [-1, 1, 1, self.size])
                scores = tf.reduce_sum(v * tf.tanh(features + tf.cast(y, self.dtype)), [2, 3])
                a = tf.cast(tf.nn.softmax(tf.cast(scores, tf.float32)), self.dtype)
                weighted = tf.reshape(a, [-1, self.length, 1, 1]) * self.hidden
                found.append(tf.reshape(tf.reduce_sum(weighted, [1, 2]), [-1, self.size]))
        return found


def embedding_attention_decoder(
    decoder_inputs: Any,
    initial_state: Any,
    attention_states: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_size: int | None = None,
    output_projection: Any = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> Any:
    """Decode embedded symbols, or the ones decoded before, with attention."""
    with tf1.variable_scope(scope or "embedding_attention_decoder", dtype=dtype):
        embedding = tf1.get_variable("embedding", [num_symbols, embedding_size])
        loop = (
            _argmax_embedded(embedding, output_projection, update_embedding_for_previous)
            if feed_previous
            else None
        )
        inputs = [tf1.nn.embedding_lookup(embedding, one) for one in decoder_inputs]
        return attention_decoder(
            inputs,
            initial_state,
            attention_states,
            cell,
            output_size=output_size,
            num_heads=num_heads,
            loop_function=loop,
            initial_state_attention=initial_state_attention,
        )


def embedding_attention_seq2seq(
    encoder_inputs: Any,
    decoder_inputs: Any,
    cell: Any,
    num_encoder_symbols: int,
    num_decoder_symbols: int,
    embedding_size: int,
    num_heads: int = 1,
    output_projection: Any = None,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
    initial_state_attention: bool = False,
) -> Any:
    """Encode and decode symbols, with attention to the encoder's outputs."""
    with tf1.variable_scope(scope or "embedding_attention_seq2seq", dtype=dtype) as around:
        encoder = EmbeddingWrapper(copy.deepcopy(cell), num_encoder_symbols, embedding_size)
        outputs, start = tf1.nn.static_rnn(encoder, encoder_inputs, dtype=around.dtype)
        states = tf.concat([tf.reshape(one, [-1, 1, cell.output_size]) for one in outputs], 1)
        output_size = None
        if output_projection is None:
            cell = OutputProjectionWrapper(cell, num_decoder_symbols)
            output_size = num_decoder_symbols

        def decode(feed: bool, update: bool) -> Any:
            return embedding_attention_decoder(
                decoder_inputs,
                start,
                states,
                cell,
                num_decoder_symbols,
                embedding_size,
                num_heads=num_heads,
                output_size=output_size,
                output_projection=output_projection,
                feed_previous=feed,
                update_embedding_for_previous=update,
                initial_state_attention=initial_state_attention,
            )

        return _fed_decoder(feed_previous, decode, len(decoder_inputs), start)


def one2many_rnn_seq2seq(
    encoder_inputs: Any,
    decoder_inputs_dict: dict[Any, Any],
    enc_cell: Any,
    dec_cells_dict: dict[Any, Any],
    num_encoder_symbols: int,
    num_decoder_symbols_dict: dict[Any, int],
    embedding_size: int,
    feed_previous: Any = False,
    dtype: Any = None,
    scope: Any = None,
) -> Any:
    """Decode one encoded sequence with several decoders; return two dicts by their names."""
    if set(dec_cells_dict) != set(decoder_inputs_dict):
        raise ValueError("keys of dec_cells_dict != keys of decodre_inputs_dict")
    outputs, states = {}, {}
    with tf1.variable_scope(scope or "one2many_rnn_seq2seq", dtype=dtype) as around:
        encoder = EmbeddingWrapper(enc_cell, num_encoder_symbols, embedding_size)
        _, start = tf1.nn.static_rnn(encoder, encoder_inputs, dtype=around.dtype)
        for name, inputs in decoder_inputs_dict.items():
            symbols = num_decoder_symbols_dict[name]
            with tf1.variable_scope(f"one2many_decoder_{name}"):
                cell = OutputProjectionWrapper(dec_cells_dict[name], symbols)

                def decode(
                    feed: bool, _: bool, inputs: Any = inputs, cell: Any = cell, n: int = symbols
                ) -> Any:
                    return embedding_rnn_decoder(
                        inputs, start, cell, n, embedding_size, feed_previous=feed
                    )

                outputs[name], states[name] = _fed_decoder(
                    feed_previous, decode, len(inputs), start
                )
    return outputs, states


def _argmax_embedded(embedding: Any, projection: Any, update: bool) -> Any:
    """Return a loop function: the embedding of the most likely symbol."""

    def loop(previous: Any, _: int) -> Any:
        if projection is not None:
            previous = tf.matmul(previous, projection[0]) + projection[1]
        embedded = tf1.nn.embedding_lookup(embedding, tf.argmax(previous, 1))
        return embedded if update else tf.stop_gradient(embedded)

    return loop


def _fed_decoder(feed_previous: Any, decode: Any, count: int, like: Any) -> Any:
    """Return ``count`` outputs and a state like ``like``, by a flag that may be a tensor."""
    if isinstance(feed_previous, bool):
        return decode(feed_previous, True)

    def branch(feed: bool) -> Any:
        with tf1.variable_scope(tf1.get_variable_scope(), reuse=None if feed else True):
            outputs, state = decode(feed, False)
            return outputs + tf.nest.flatten(state)

    found = tf1.cond(feed_previous, lambda: branch(True), lambda: branch(False))
    return found[:count], tf.nest.pack_sequence_as(like, found[count:])


def sequence_loss_by_example(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    softmax_loss_function: Any = None,
    name: str | None = None,
) -> Any:
    """Return the weighted cross-entropy ``[batch]`` of lists of logits and targets.

    Raises:
        ValueError: the lists are not of one length.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            "Lengths of logits, weights, and targets must be the same"
            f" {len(logits)}, {len(weights)}, {len(targets)}."
        )
    with tf1.name_scope(name, "sequence_loss_by_example"):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                loss = tf1.nn.sparse_softmax_cross_entropy_with_logits(
                    labels=tf.reshape(target, [-1]), logits=logit
                )
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            losses.append(loss * weight)
        total = tf.add_n(losses)
        return total / (tf.add_n(weights) + 1e-12) if average_across_timesteps else total


def legacy_sequence_loss(
    logits: Any,
    targets: Any,
    weights: Any,
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Any = None,
    name: str | None = None,
) -> Any:
    """Return the sum of the losses by example, or their mean over the batch."""
    with tf1.name_scope(name, "sequence_loss"):
        losses = sequence_loss_by_example(
            logits, targets, weights, average_across_timesteps, softmax_loss_function
        )
        cost = tf.reduce_sum(losses)
        if not average_across_batch:
            return cost
        return cost / tf.cast(tf.shape(targets[0])[0], cost.dtype)


def model_with_buckets(
    encoder_inputs: Any,
    decoder_inputs: Any,
    targets: Any,
    weights: Any,
    buckets: Any,
    seq2seq: Any,
    softmax_loss_function: Any = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> Any:
    """Return the outputs and the loss of each bucket of a model.

    Raises:
        ValueError: the lists are shorter than the last bucket.
    """
    sizes = (
        ("encoder_inputs", encoder_inputs, 0),
        ("targets", targets, 1),
        ("weights", weights, 1),
    )
    for what, found, side in sizes:
        if len(found) < buckets[-1][side]:
            raise ValueError(
                f"Length of {what} ({len(found)}) must be at least that of last bucket"
                f" ({buckets[-1][side]})."
            )
    loss_of = sequence_loss_by_example if per_example_loss else legacy_sequence_loss
    outputs, losses = [], []
    with tf1.name_scope(name, "model_with_buckets"):
        for index, (encoded, decoded) in enumerate(buckets):
            reuse = True if index > 0 else None
            with tf1.variable_scope(tf1.get_variable_scope(), reuse=reuse):
                found, _ = seq2seq(encoder_inputs[:encoded], decoder_inputs[:decoded])
                outputs.append(found)
                losses.append(
                    loss_of(
                        found,
                        targets[:decoded],
                        weights[:decoded],
                        softmax_loss_function=softmax_loss_function,
                    )
                )
    return outputs, losses


#: What ``tf.contrib.legacy_seq2seq`` has under these names.
legacy_seq2seq = SimpleNamespace(
    attention_decoder=attention_decoder,
    basic_rnn_seq2seq=basic_rnn_seq2seq,
    embedding_attention_decoder=embedding_attention_decoder,
    embedding_attention_seq2seq=embedding_attention_seq2seq,
    embedding_rnn_decoder=embedding_rnn_decoder,
    embedding_rnn_seq2seq=embedding_rnn_seq2seq,
    embedding_tied_rnn_seq2seq=embedding_tied_rnn_seq2seq,
    model_with_buckets=model_with_buckets,
    one2many_rnn_seq2seq=one2many_rnn_seq2seq,
    rnn_decoder=rnn_decoder,
    sequence_loss=legacy_sequence_loss,
    sequence_loss_by_example=sequence_loss_by_example,
    tied_rnn_seq2seq=tied_rnn_seq2seq,
)
