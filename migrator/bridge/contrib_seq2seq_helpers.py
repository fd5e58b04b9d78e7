"""What a decoder is fed with at each step: the helpers of ``tf.contrib.seq2seq``.

Part of ``tf2_bridge``.
"""

from __future__ import annotations

import abc
from typing import Any

import tensorflow as tf
import tensorflow.compat.v1 as tf1

__all__ = [
    "CustomHelper",
    "GreedyEmbeddingHelper",
    "Helper",
    "InferenceHelper",
    "SampleEmbeddingHelper",
    "ScheduledEmbeddingTrainingHelper",
    "ScheduledOutputTrainingHelper",
    "TrainingHelper",
]

# Adapted from TensorFlow 1.15 (contrib/seq2seq/python/ops/helper.py), Copyright 2016 The
# TensorFlow Authors, licensed under the Apache License, Version 2.0.


class Helper(abc.ABC):
    """Sampling interface of a decoder."""

    @property
    @abc.abstractmethod
    def batch_size(self) -> Any:
        """Size of the batch, a scalar tensor."""

    @property
    @abc.abstractmethod
    def sample_ids_shape(self) -> Any:
        """Shape of one sample, the batch left out."""

    @property
    @abc.abstractmethod
    def sample_ids_dtype(self) -> Any:
        """DType of the samples."""

    @abc.abstractmethod
    def initialize(self, name: str | None = None) -> Any:
        """Return ``(initial_finished, initial_inputs)``."""

    @abc.abstractmethod
    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Return ``sample_ids``."""

    @abc.abstractmethod
    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Return ``(finished, next_inputs, next_state)``."""


class CustomHelper(Helper):
    """A helper made of three functions."""

    def __init__(
        self,
        initialize_fn: Any,
        sample_fn: Any,
        next_inputs_fn: Any,
        sample_ids_shape: Any = None,
        sample_ids_dtype: Any = None,
    ) -> None:
        self._initialize_fn = initialize_fn
        self._sample_fn = sample_fn
        self._next_inputs_fn = next_inputs_fn
        self._batch_size: Any = None
        self._sample_ids_shape = tf.TensorShape(sample_ids_shape or [])
        self._sample_ids_dtype = sample_ids_dtype or tf.int32

    @property
    def batch_size(self) -> Any:
        """Size of the batch, known once ``initialize`` was called."""
        if self._batch_size is None:
            raise ValueError("batch_size accessed before initialize was called")
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        """Shape of one sample."""
        return self._sample_ids_shape

    @property
    def sample_ids_dtype(self) -> Any:
        """DType of the samples."""
        return self._sample_ids_dtype

    def initialize(self, name: str | None = None) -> Any:
        """Return what ``initialize_fn`` gives."""
        with tf1.name_scope(name, f"{type(self).__name__}Initialize"):
            finished, next_inputs = self._initialize_fn()
            if self._batch_size is None:
                self._batch_size = tf.size(finished)
        return finished, next_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Return what ``sample_fn`` gives."""
        with tf1.name_scope(name, f"{type(self).__name__}Sample"):
            return self._sample_fn(time=time, outputs=outputs, state=state)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Return what ``next_inputs_fn`` gives."""
        with tf1.name_scope(name, f"{type(self).__name__}NextInputs"):
            return self._next_inputs_fn(
                time=time, outputs=outputs, state=state, sample_ids=sample_ids
            )


class TrainingHelper(Helper):
    """Feeds the inputs that are given; samples are the argmax of the outputs."""

    def __init__(
        self, inputs: Any, sequence_length: Any, time_major: bool = False, name: str | None = None
    ) -> None:
        with tf1.name_scope(name, "TrainingHelper"):
            inputs = tf.convert_to_tensor(inputs, name="inputs")
            self._inputs = inputs
            if not time_major:
                inputs = _time_first(inputs)
            self._input_tas = _unstacked(inputs)
            self._sequence_length = tf.convert_to_tensor(sequence_length, name="sequence_length")
            if self._sequence_length.shape.rank != 1:
                raise ValueError(
                    "Expected sequence_length to be a vector, but received shape: "
                    f"{self._sequence_length.shape}"
                )
            self._zero_inputs = tf.zeros_like(inputs[0, :])
            self._batch_size = tf.size(sequence_length)

    @property
    def inputs(self) -> Any:
        """The inputs as they were given."""
        return self._inputs

    @property
    def sequence_length(self) -> Any:
        """Lengths of the sequences."""
        return self._sequence_length

    @property
    def batch_size(self) -> Any:
        """Size of the batch."""
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        """Scalars."""
        return tf.TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        """``tf.int32``."""
        return tf.int32

    def initialize(self, name: str | None = None) -> Any:
        """Return which sequences are empty, and the first inputs."""
        with tf1.name_scope(name, "TrainingHelperInitialize"):
            finished = tf.equal(0, self._sequence_length)
            inputs = tf1.cond(
                tf.reduce_all(finished),
                lambda: self._zero_inputs,
                lambda: self._input_tas.read(0),
            )
            return finished, inputs

    def sample(
        self, time: Any, outputs: Any, state: Any = None, name: str | None = None, **_: Any
    ) -> Any:
        """Return the argmax of the outputs."""
        with tf1.name_scope(name, "TrainingHelperSample"):
            return tf.cast(tf.argmax(outputs, axis=-1), tf.int32)

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        sample_ids: Any = None,
        name: str | None = None,
        **_: Any,
    ) -> Any:
        """Return the inputs of the next step, zeros when all sequences are over."""
        with tf1.name_scope(name, "TrainingHelperNextInputs"):
            next_time = time + 1
            finished = next_time >= self._sequence_length
            inputs = tf1.cond(
                tf.reduce_all(finished),
                lambda: self._zero_inputs,
                lambda: self._input_tas.read(next_time),
            )
            return finished, inputs, state


class ScheduledEmbeddingTrainingHelper(TrainingHelper):
    """Feeds, with a probability, the embedding of what was sampled instead of the inputs."""

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        embedding: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        scheduling_seed: int | None = None,
        name: str | None = None,
    ) -> None:
        with tf1.name_scope(name, "ScheduledEmbeddingSamplingWrapper"):
            self._embedding_fn = _embedding_fn(embedding)
            self._sampling_probability = _probability(sampling_probability)
            self._seed = seed
            self._scheduling_seed = scheduling_seed
            super().__init__(inputs, sequence_length, time_major=time_major, name=name)

    def sample(
        self, time: Any, outputs: Any, state: Any = None, name: str | None = None, **_: Any
    ) -> Any:
        """Return samples of the outputs, and -1 where the inputs are to be fed."""
        with tf1.name_scope(name, "ScheduledEmbeddingTrainingHelperSample"):
            chosen = _bernoulli(
                self._sampling_probability, tf.bool, self.batch_size, self._scheduling_seed
            )
            return tf1.where(
                chosen, _categorical(outputs, self._seed), tf.fill([self.batch_size], -1)
            )

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        sample_ids: Any = None,
        name: str | None = None,
        **_: Any,
    ) -> Any:
        """Return the next inputs, embeddings where there is a sample."""
        with tf1.name_scope(name, "ScheduledEmbeddingTrainingHelperNextInputs"):
            finished, base, state = super().next_inputs(time, outputs, state, sample_ids, name)

            def mixed() -> Any:
                sampled = tf.cast(tf1.where(sample_ids > -1), tf.int32)
                given = tf.cast(tf1.where(sample_ids <= -1), tf.int32)
                embedded = self._embedding_fn(tf.gather_nd(sample_ids, sampled))
                return _merged(base, sampled, embedded, given)

            return finished, tf1.cond(tf.reduce_all(finished), lambda: base, mixed), state


class ScheduledOutputTrainingHelper(TrainingHelper):
    """Feeds, with a probability, the outputs of the last step instead of the inputs."""

    def __init__(
        self,
        inputs: Any,
        sequence_length: Any,
        sampling_probability: Any,
        time_major: bool = False,
        seed: int | None = None,
        next_inputs_fn: Any = None,
        auxiliary_inputs: Any = None,
        name: str | None = None,
    ) -> None:
        with tf1.name_scope(name, "ScheduledOutputTrainingHelper"):
            self._sampling_probability = _probability(sampling_probability)
            self._auxiliary_input_tas = None
            if auxiliary_inputs is not None:
                auxiliary = tf.convert_to_tensor(auxiliary_inputs, name="auxiliary_inputs")
                inputs = tf.concat((tf.convert_to_tensor(inputs), auxiliary), -1)
                self._auxiliary_input_tas = _unstacked(
                    auxiliary if time_major else _time_first(auxiliary)
                )
            self._seed = seed
            self._next_inputs_fn = next_inputs_fn
            super().__init__(inputs, sequence_length, time_major=time_major, name=name)

    def sample(
        self, time: Any, outputs: Any, state: Any = None, name: str | None = None, **_: Any
    ) -> Any:
        """Return 1 where the outputs are to be fed."""
        with tf1.name_scope(name, "ScheduledOutputTrainingHelperSample"):
            return _bernoulli(self._sampling_probability, tf.int32, self.batch_size, self._seed)

    def next_inputs(
        self,
        time: Any,
        outputs: Any,
        state: Any,
        sample_ids: Any = None,
        name: str | None = None,
        **_: Any,
    ) -> Any:
        """Return the next inputs, outputs where the sample says so."""
        with tf1.name_scope(name, "ScheduledOutputTrainingHelperNextInputs"):
            finished, base, state = super().next_inputs(time, outputs, state, sample_ids, name)
            chosen = tf.cast(sample_ids, tf.bool)

            def with_auxiliary(made: Any, indices: Any = None) -> Any:
                if self._auxiliary_input_tas is None:
                    return made
                auxiliary = self._auxiliary_input_tas.read(time + 1)
                if indices is not None:
                    auxiliary = tf.gather_nd(auxiliary, indices)
                return tf.concat((made, auxiliary), -1)

            def mixed() -> Any:
                if self._next_inputs_fn is None:
                    return tf1.where(chosen, with_auxiliary(outputs), base)
                sampled = tf.cast(tf1.where(chosen), tf.int32)
                given = tf.cast(tf1.where(tf.logical_not(chosen)), tf.int32)
                made = self._next_inputs_fn(tf.gather_nd(outputs, sampled))
                return _merged(base, sampled, with_auxiliary(made, sampled), given)

            keeps = tf.logical_or(tf.reduce_all(finished), tf.logical_not(tf.reduce_any(chosen)))
            return finished, tf1.cond(keeps, lambda: base, mixed), state


class InferenceHelper(Helper):
    """Feeds what a function makes of the outputs."""

    def __init__(
        self,
        sample_fn: Any,
        sample_shape: Any,
        sample_dtype: Any,
        start_inputs: Any,
        end_fn: Any,
        next_inputs_fn: Any = None,
    ) -> None:
        self._sample_fn = sample_fn
        self._end_fn = end_fn
        self._sample_shape = tf.TensorShape(sample_shape)
        self._sample_dtype = sample_dtype
        self._next_inputs_fn = next_inputs_fn
        self._batch_size = tf.shape(start_inputs)[0]
        self._start_inputs = tf.convert_to_tensor(start_inputs, name="start_inputs")

    @property
    def batch_size(self) -> Any:
        """Size of the batch."""
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        """Shape of one sample."""
        return self._sample_shape

    @property
    def sample_ids_dtype(self) -> Any:
        """DType of the samples."""
        return self._sample_dtype

    def initialize(self, name: str | None = None) -> Any:
        """Return that nothing is finished, and the first inputs."""
        return tf.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Return what ``sample_fn`` makes of the outputs."""
        return self._sample_fn(outputs)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Return the samples, or what ``next_inputs_fn`` makes of them, as the next inputs."""
        made = sample_ids if self._next_inputs_fn is None else self._next_inputs_fn(sample_ids)
        return self._end_fn(sample_ids), made, state


class GreedyEmbeddingHelper(Helper):
    """Feeds the embedding of the argmax of the outputs."""

    def __init__(self, embedding: Any, start_tokens: Any, end_token: Any) -> None:
        self._embedding_fn = _embedding_fn(embedding)
        self._start_tokens = tf.convert_to_tensor(start_tokens, tf.int32, name="start_tokens")
        self._end_token = tf.convert_to_tensor(end_token, tf.int32, name="end_token")
        if self._start_tokens.shape.rank != 1:
            raise ValueError("start_tokens must be a vector")
        self._batch_size = tf.size(start_tokens)
        if self._end_token.shape.rank != 0:
            raise ValueError("end_token must be a scalar")
        self._start_inputs = self._embedding_fn(self._start_tokens)

    @property
    def batch_size(self) -> Any:
        """Size of the batch."""
        return self._batch_size

    @property
    def sample_ids_shape(self) -> Any:
        """Scalars."""
        return tf.TensorShape([])

    @property
    def sample_ids_dtype(self) -> Any:
        """``tf.int32``."""
        return tf.int32

    def initialize(self, name: str | None = None) -> Any:
        """Return that nothing is finished, and the embedded start tokens."""
        return tf.tile([False], [self._batch_size]), self._start_inputs

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Return the argmax of the outputs."""
        return tf.argmax(_one_tensor(outputs), axis=-1, output_type=tf.int32)

    def next_inputs(
        self, time: Any, outputs: Any, state: Any, sample_ids: Any, name: str | None = None
    ) -> Any:
        """Return the embedded samples; a sequence is over at the end token."""
        finished = tf.equal(sample_ids, self._end_token)
        inputs = tf1.cond(
            tf.reduce_all(finished),
            lambda: self._start_inputs,
            lambda: self._embedding_fn(sample_ids),
        )
        return finished, inputs, state


class SampleEmbeddingHelper(GreedyEmbeddingHelper):
    """Feeds the embedding of what is drawn from the outputs, which are logits."""

    def __init__(
        self,
        embedding: Any,
        start_tokens: Any,
        end_token: Any,
        softmax_temperature: Any = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(embedding, start_tokens, end_token)
        self._softmax_temperature = softmax_temperature
        self._seed = seed

    def sample(self, time: Any, outputs: Any, state: Any, name: str | None = None) -> Any:
        """Return samples drawn from the logits."""
        logits = _one_tensor(outputs)
        if self._softmax_temperature is not None:
            logits = logits / self._softmax_temperature
        return _categorical(logits, self._seed)


def _time_first(tensor: Any) -> Any:
    """Return ``[batch, time, ...]`` as ``[time, batch, ...]``, and the reverse."""
    rank = tensor.shape.rank
    if rank is None or rank < 2:
        return tensor
    return tf.transpose(tensor, [1, 0, *range(2, rank)])


def _unstacked(tensor: Any) -> Any:
    array = tf1.TensorArray(tensor.dtype, size=tf.shape(tensor)[0], element_shape=tensor.shape[1:])
    return array.unstack(tensor)


def _embedding_fn(embedding: Any) -> Any:
    if callable(embedding):
        return embedding
    return lambda ids: tf1.nn.embedding_lookup(embedding, ids)


def _probability(value: Any) -> Any:
    made = tf.convert_to_tensor(value, name="sampling_probability")
    if made.shape.rank not in (0, 1):
        raise ValueError(
            f"sampling_probability must be either a scalar or a vector. saw shape: {made.shape}"
        )
    return made


def _one_tensor(outputs: Any) -> Any:
    if not isinstance(outputs, tf.Tensor):
        raise TypeError(f"Expected outputs to be a single Tensor, got: {type(outputs)}")
    return outputs


def _bernoulli(probability: Any, dtype: Any, count: Any, seed: int | None) -> Any:
    shape = tf.concat([[count], tf.shape(probability)], 0)
    uniform = tf.random.uniform(shape, seed=seed, dtype=probability.dtype)
    return tf.cast(tf.less(uniform, probability), dtype)


def _categorical(logits: Any, seed: int | None) -> Any:
    flat = tf.reshape(logits, [-1, tf.shape(logits)[-1]])
    drawn = tf1.random.categorical(flat, 1, seed=seed, dtype=tf.int32)
    return tf.reshape(drawn, tf.shape(logits)[:-1])


def _merged(base: Any, sampled: Any, made: Any, given: Any) -> Any:
    """Return ``base`` with the rows ``sampled`` replaced by ``made``."""
    shape = tf.shape(base)
    kept = tf.gather_nd(base, given)
    return tf.scatter_nd(sampled, made, shape) + tf.scatter_nd(given, kept, shape)
