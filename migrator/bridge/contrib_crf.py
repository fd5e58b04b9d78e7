"""``tf.contrib.crf``: linear-chain conditional random fields.

Part of ``tf2_bridge``: stands alone.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

__all__ = [
    "crf",
    "crf_binary_score",
    "crf_decode",
    "crf_log_likelihood",
    "crf_log_norm",
    "crf_multitag_sequence_score",
    "crf_sequence_score",
    "crf_unary_score",
    "viterbi_decode",
]

# Adapted from TensorFlow 1.15 (contrib/crf/python/ops/crf.py), Copyright 2017 The TensorFlow
# Authors, licensed under the Apache License, Version 2.0. The recurrences are scans here.


def crf_log_likelihood(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any = None
) -> Any:
    """Return the log-likelihood ``[batch]`` of the tags, and the transition matrix.

    Args:
        inputs: unary potentials ``[batch, time, tags]``.
        tag_indices: the tags ``[batch, time]``.
        sequence_lengths: ``[batch]``.
        transition_params: ``[tags, tags]``; without it a variable ``transitions`` is made.
    """
    if transition_params is None:
        tags = inputs.shape.dims[2].value
        transition_params = tf1.get_variable("transitions", [tags, tags])
    scores = crf_sequence_score(inputs, tag_indices, sequence_lengths, transition_params)
    return scores - crf_log_norm(inputs, sequence_lengths, transition_params), transition_params


def crf_sequence_score(
    inputs: Any, tag_indices: Any, sequence_lengths: Any, transition_params: Any
) -> Any:
    """Return the unnormalized score ``[batch]`` of the tags; 0 for empty sequences."""
    unary = crf_unary_score(tag_indices, sequence_lengths, inputs)

    def with_transitions() -> Any:
        return unary + crf_binary_score(tag_indices, sequence_lengths, transition_params)

    return _by_length(inputs, 1, lambda: tf.identity(unary), with_transitions)


def crf_multitag_sequence_score(
    inputs: Any, tag_bitmap: Any, sequence_lengths: Any, transition_params: Any
) -> Any:
    """Return the score ``[batch]`` of all sequences whose tags a mask allows."""
    closed = tf.fill(tf.shape(inputs), float("-inf"))
    allowed = tf1.where(tag_bitmap, inputs, closed)
    return crf_log_norm(allowed, sequence_lengths, transition_params)


def crf_log_norm(inputs: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """Return the normalization ``[batch]`` of the scores; 0 for empty sequences."""
    by_time = tf.transpose(inputs, [1, 0, 2])
    lengths = tf.cast(sequence_lengths, tf.int32)

    def step(alphas: Any, at: Any) -> Any:
        time, potentials = at
        scores = tf.expand_dims(alphas, 2) + tf.expand_dims(transition_params, 0)
        new = potentials + tf.reduce_logsumexp(scores, [1])
        return tf1.where(time < lengths, new, alphas)

    def many() -> Any:
        times = tf.range(1, tf.shape(by_time)[0])
        return tf1.foldl(step, (times, by_time[1:]), initializer=by_time[0])

    alphas = _by_length(by_time, 0, lambda: by_time[0], many)
    log_norm = tf.reduce_logsumexp(alphas, [1])
    return tf1.where(lengths <= 0, tf.zeros_like(log_norm), log_norm)


def crf_unary_score(tag_indices: Any, sequence_lengths: Any, inputs: Any) -> Any:
    """Return the sum ``[batch]`` of the potentials of the tags."""
    shape = tf.shape(inputs, out_type=tag_indices.dtype)
    rows = tf.reshape(tf.range(shape[0] * shape[1]) * shape[2], shape[:2])
    scores = tf.gather(tf.reshape(inputs, [-1]), rows + tag_indices)
    mask = tf.sequence_mask(sequence_lengths, tf.shape(tag_indices)[1], tf.float32)
    return tf.reduce_sum(scores * mask, 1)


def crf_binary_score(tag_indices: Any, sequence_lengths: Any, transition_params: Any) -> Any:
    """Return the sum ``[batch]`` of the scores of the tags' transitions."""
    tags = tf.shape(transition_params, out_type=tag_indices.dtype)[0]
    pairs = tag_indices[:, :-1] * tags + tag_indices[:, 1:]
    scores = tf.gather(tf.reshape(transition_params, [-1]), pairs)
    mask = tf.sequence_mask(sequence_lengths, tf.shape(tag_indices)[1], tf.float32)
    return tf.reduce_sum(scores * mask[:, 1:], 1)


def viterbi_decode(score: Any, transition_params: Any) -> tuple[list[Any], Any]:
    """Return the best tags and their score of one sequence, in NumPy.

    Args:
        score: unary potentials ``[time, tags]``.
        transition_params: ``[tags, tags]``.
    """
    trellis = np.zeros_like(score)
    back = np.zeros_like(score, dtype=np.int32)
    trellis[0] = score[0]
    for step in range(1, score.shape[0]):
        scores = np.expand_dims(trellis[step - 1], 1) + transition_params
        trellis[step] = score[step] + np.max(scores, 0)
        back[step] = np.argmax(scores, 0)
    best = [np.argmax(trellis[-1])]
    for pointers in reversed(back[1:]):
        best.append(pointers[best[-1]])
    return best[::-1], np.max(trellis[-1])


def crf_decode(potentials: Any, transition_params: Any, sequence_length: Any) -> Any:
    """Return the best tags, int32 ``[batch, time]`` with 0 after the end, and their scores."""
    by_time = tf.transpose(potentials, [1, 0, 2])
    lengths = tf.cast(sequence_length, tf.int32)
    shape = tf.shape(by_time)
    own = tf.tile(tf.expand_dims(tf.range(shape[2]), 0), [shape[1], 1])  # each points at itself

    def forward(state: Any, at: Any) -> Any:
        best, _ = state
        time, now = at
        scores = tf.expand_dims(best, 2) + tf.expand_dims(transition_params, 0)
        active = time < lengths
        pointers = tf.argmax(scores, 1, output_type=tf.int32)
        return (
            tf1.where(active, now + tf.reduce_max(scores, [1]), best),
            tf1.where(active, pointers, own),
        )

    def backward(tags: Any, pointers: Any) -> Any:
        return tf.gather(pointers, tags, axis=1, batch_dims=1)

    def many() -> Any:
        steps = (tf.range(1, shape[0]), by_time[1:])
        bests, pointers = tf1.scan(forward, steps, (by_time[0], own))
        last = tf.argmax(bests[-1], 1, output_type=tf.int32)
        earlier = tf1.scan(backward, pointers, last, reverse=True)
        tags = tf.transpose(tf.concat([earlier, [last]], 0))
        mask = tf.sequence_mask(tf.maximum(lengths, 1), shape[0], tf.int32)
        return tags * mask, tf.reduce_max(bests[-1], 1)

    def single() -> Any:
        tags = tf.argmax(by_time, 2, output_type=tf.int32)
        return tf.transpose(tags), tf.reduce_max(by_time[0], 1)

    tags, scores = _by_length(by_time, 0, single, many)
    return tags, scores


def _by_length(tensor: Any, axis: int, single: Any, many: Any) -> Any:
    """Return ``single()`` for one step, which no loop can be differentiated over, or ``many()``."""
    known = tensor.shape.dims[axis].value
    if known is None:
        return tf1.cond(tf.equal(tf.shape(tensor)[axis], 1), single, many)
    return single() if known == 1 else many()


#: What ``tf.contrib.crf`` has under these names.
crf = SimpleNamespace(
    crf_binary_score=crf_binary_score,
    crf_decode=crf_decode,
    crf_log_likelihood=crf_log_likelihood,
    crf_log_norm=crf_log_norm,
    crf_multitag_sequence_score=crf_multitag_sequence_score,
    crf_sequence_score=crf_sequence_score,
    crf_unary_score=crf_unary_score,
    viterbi_decode=viterbi_decode,
)
