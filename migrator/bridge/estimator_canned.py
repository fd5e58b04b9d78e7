"""Canned Estimators: linear models, networks of dense layers, and sums of both.

Part of ``tf2_bridge``, with the other ``estimator`` modules. Variables, slots and signatures have
the names that TensorFlow 1.15 gave them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from migrator.bridge.estimator import estimator
from migrator.bridge.estimator_heads import _class_head, _Head, _RegressionHead
from migrator.bridge.estimator_run import Estimator
from migrator.bridge.estimator_spec import ModeKeys

__all__: list[str] = []

_OPTIMIZERS = {
    "Adagrad": tf.compat.v1.train.AdagradOptimizer,
    "Adam": tf.compat.v1.train.AdamOptimizer,
    "Ftrl": tf.compat.v1.train.FtrlOptimizer,
    "RMSProp": tf.compat.v1.train.RMSPropOptimizer,
    "SGD": tf.compat.v1.train.GradientDescentOptimizer,
}
_SUM = tf.compat.v1.losses.Reduction.SUM


def _optimizer(given: Any, rate: float) -> Any:
    """Return an optimizer, by its name or from a function that makes it."""
    if isinstance(given, str):
        if given not in _OPTIMIZERS:
            raise ValueError(f"Unsupported optimizer name: {given}. Use {', '.join(_OPTIMIZERS)}.")
        return _OPTIMIZERS[given](learning_rate=rate)
    given = given() if callable(given) else given
    if not isinstance(given, tf.compat.v1.train.Optimizer):
        raise ValueError(f"The given object is not an Optimizer instance. Given: {given}")
    return given


def _partitioner(given: Any = None, **options: Any) -> Any:
    """Return the partitioner of one part, whose name TensorFlow 1 put into those of slots."""
    return given or tf.compat.v1.min_max_variable_partitioner(max_partitions=1, **options)


def _linear(features: Any, columns: Any, units: int, combiner: str) -> Any:
    """Return the logits of a linear model, and note how many weights are zero."""
    return tf.compat.v1.feature_column.linear_model(
        features, columns, units=units, sparse_combiner=combiner
    )


class _Dense:
    """The dense layers of a network."""

    def __init__(
        self,
        columns: Any,
        hidden_units: Sequence[int],
        activation: Callable[[Any], Any],
        dropout: float | None,
        partitioner: Any,
        batch_norm: bool,
    ) -> None:
        if batch_norm:
            raise ValueError(
                "batch_norm=True is not supported: write the network as a model_fn, with"
                " tf.layers.batch_normalization after each layer."
            )
        self._columns, self._units, self._activation = columns, hidden_units, activation
        self._dropout, self._partitioner = dropout, partitioner

    def logits(self, features: Any, mode: str, units: int) -> Any:
        """Return the logits of the features."""
        v1 = tf.compat.v1
        parts = _partitioner(self._partitioner, min_slice_size=64 << 20)
        with v1.variable_scope("input_from_feature_columns", partitioner=parts):
            net = v1.feature_column.input_layer(features, self._columns)
        for index, size in enumerate(self._units):
            net = self._activation(_dense(net, size, f"hiddenlayer_{index}"))
            if self._dropout is not None and mode == ModeKeys.TRAIN:
                net = tf.nn.dropout(net, rate=self._dropout)
        return _dense(net, units, "logits")


def _dense(net: Any, units: int, name: str) -> Any:
    v1 = tf.compat.v1
    with v1.variable_scope(name):
        uniform, zeros = v1.glorot_uniform_initializer(), v1.zeros_initializer()
        kernel = v1.get_variable("kernel", [net.shape[-1], units], initializer=uniform)
        bias = v1.get_variable("bias", [units], initializer=zeros)
        return tf.nn.bias_add(tf.matmul(net, kernel), bias)


class _LinearEstimator(Estimator):
    """A linear model of feature columns."""

    def __init__(
        self,
        head: _Head,
        columns: Any,
        optimizer: Any,
        partitioner: Any,
        combiner: str,
        **options: Any,
    ) -> None:
        columns = tuple(columns or ())

        def model_fn(features: Any, labels: Any, mode: str) -> Any:
            v1 = tf.compat.v1
            parts = _partitioner(partitioner, min_slice_size=64 << 20)
            with v1.variable_scope("linear", partitioner=parts):
                logits = _linear(features, columns, head.size, combiner)

                def train_op(loss: Any) -> Any:
                    chosen = _optimizer(optimizer, 0.2)
                    return chosen.minimize(loss, v1.train.get_global_step())

                return head.spec(features, mode, logits, labels, train_op)

        super().__init__(model_fn, **options)


class LinearClassifier(_LinearEstimator):
    """A linear model of two or more classes."""

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: Any = _SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            _class_head(n_classes, label_vocabulary, weight_column, loss_reduction),
            feature_columns,
            optimizer,
            partitioner,
            sparse_combiner,
            model_dir=model_dir,
            config=config,
            warm_start_from=warm_start_from,
        )


class LinearRegressor(_LinearEstimator):
    """A linear model of values."""

    def __init__(
        self,
        feature_columns: Any,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Ftrl",
        config: Any = None,
        partitioner: Any = None,
        warm_start_from: Any = None,
        loss_reduction: Any = _SUM,
        sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            _RegressionHead(label_dimension, weight_column, loss_reduction),
            feature_columns,
            optimizer,
            partitioner,
            sparse_combiner,
            model_dir=model_dir,
            config=config,
            warm_start_from=warm_start_from,
        )


class _DNNEstimator(Estimator):
    """A network of dense layers."""

    def __init__(self, head: _Head, dense: _Dense, optimizer: Any, **options: Any) -> None:
        def model_fn(features: Any, labels: Any, mode: str) -> Any:
            v1 = tf.compat.v1
            with v1.variable_scope("dnn", partitioner=_partitioner()):
                logits = dense.logits(features, mode, head.size)

                def train_op(loss: Any) -> Any:
                    chosen = _optimizer(optimizer, 0.05)
                    return chosen.minimize(loss, v1.train.get_global_step())

                return head.spec(features, mode, logits, labels, train_op)

        super().__init__(model_fn, **options)


class DNNClassifier(_DNNEstimator):
    """A network of dense layers for two or more classes."""

    def __init__(
        self,
        hidden_units: Sequence[int],
        feature_columns: Any,
        model_dir: Any = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Callable[[Any], Any] = tf.nn.relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: Any = _SUM,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(
            _class_head(n_classes, label_vocabulary, weight_column, loss_reduction),
            _Dense(
                *(feature_columns, hidden_units, activation_fn, dropout),
                *(input_layer_partitioner, batch_norm),
            ),
            optimizer,
            model_dir=model_dir,
            config=config,
            warm_start_from=warm_start_from,
        )


class DNNRegressor(_DNNEstimator):
    """A network of dense layers for values."""

    def __init__(
        self,
        hidden_units: Sequence[int],
        feature_columns: Any,
        model_dir: Any = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        optimizer: Any = "Adagrad",
        activation_fn: Callable[[Any], Any] = tf.nn.relu,
        dropout: float | None = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: Any = _SUM,
        batch_norm: bool = False,
    ) -> None:
        super().__init__(
            _RegressionHead(label_dimension, weight_column, loss_reduction),
            _Dense(
                *(feature_columns, hidden_units, activation_fn, dropout),
                *(input_layer_partitioner, batch_norm),
            ),
            optimizer,
            model_dir=model_dir,
            config=config,
            warm_start_from=warm_start_from,
        )


class _CombinedEstimator(Estimator):
    """The sum of a linear model and of a network."""

    def __init__(
        self,
        head: _Head,
        linear_columns: Any,
        linear_optimizer: Any,
        combiner: str,
        dense: _Dense,
        dense_columns: Any,
        dense_optimizer: Any,
        hidden_units: Any,
        partitioner: Any,
        **options: Any,
    ) -> None:
        linear_columns = tuple(linear_columns or ())
        if not linear_columns and not dense_columns:
            raise ValueError(
                "Either linear_feature_columns or dnn_feature_columns must be defined."
            )
        if dense_columns and not hidden_units:
            raise ValueError(
                "dnn_hidden_units must be defined when dnn_feature_columns is specified."
            )

        def model_fn(features: Any, labels: Any, mode: str) -> Any:
            v1 = tf.compat.v1
            logits, parts = [], []
            if dense_columns:
                with v1.variable_scope("dnn", partitioner=_partitioner()) as scope:
                    logits.append(dense.logits(features, mode, head.size))
                    parts.append((dense_optimizer, 0.001, scope.name))
            if linear_columns:
                whole = _partitioner(partitioner, min_slice_size=64 << 20)
                with v1.variable_scope("linear", partitioner=whole) as scope:
                    logits.append(_linear(features, linear_columns, head.size, combiner))
                    rate = min(0.005, 1 / math.sqrt(len(linear_columns)))
                    parts.append((linear_optimizer, rate, scope.name))

            def train_op(loss: Any) -> Any:
                trained = [
                    _optimizer(optimizer, rate).minimize(
                        loss,
                        var_list=v1.get_collection(v1.GraphKeys.TRAINABLE_VARIABLES, scope=name),
                    )
                    for optimizer, rate, name in parts
                ]
                with tf.control_dependencies(trained):
                    return v1.assign_add(v1.train.get_global_step(), 1).op

            total = logits[0] + logits[1] if len(logits) == 2 else logits[0]
            return head.spec(features, mode, total, labels, train_op)

        super().__init__(model_fn, **options)


class DNNLinearCombinedClassifier(_CombinedEstimator):
    """The sum of a linear model and of a network, for two or more classes."""

    def __init__(
        self,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Callable[[Any], Any] = tf.nn.relu,
        dnn_dropout: float | None = None,
        n_classes: int = 2,
        weight_column: Any = None,
        label_vocabulary: Any = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: Any = _SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            _class_head(n_classes, label_vocabulary, weight_column, loss_reduction),
            *(linear_feature_columns, linear_optimizer, linear_sparse_combiner),
            _Dense(
                *(dnn_feature_columns, dnn_hidden_units, dnn_activation_fn, dnn_dropout),
                *(input_layer_partitioner, batch_norm),
            ),
            *(dnn_feature_columns, dnn_optimizer, dnn_hidden_units, input_layer_partitioner),
            model_dir=model_dir,
            config=config,
            warm_start_from=warm_start_from,
        )


class DNNLinearCombinedRegressor(_CombinedEstimator):
    """The sum of a linear model and of a network, for values."""

    def __init__(
        self,
        model_dir: Any = None,
        linear_feature_columns: Any = None,
        linear_optimizer: Any = "Ftrl",
        dnn_feature_columns: Any = None,
        dnn_optimizer: Any = "Adagrad",
        dnn_hidden_units: Any = None,
        dnn_activation_fn: Callable[[Any], Any] = tf.nn.relu,
        dnn_dropout: float | None = None,
        label_dimension: int = 1,
        weight_column: Any = None,
        input_layer_partitioner: Any = None,
        config: Any = None,
        warm_start_from: Any = None,
        loss_reduction: Any = _SUM,
        batch_norm: bool = False,
        linear_sparse_combiner: str = "sum",
    ) -> None:
        super().__init__(
            _RegressionHead(label_dimension, weight_column, loss_reduction),
            *(linear_feature_columns, linear_optimizer, linear_sparse_combiner),
            _Dense(
                *(dnn_feature_columns, dnn_hidden_units, dnn_activation_fn, dnn_dropout),
                *(input_layer_partitioner, batch_norm),
            ),
            *(dnn_feature_columns, dnn_optimizer, dnn_hidden_units, input_layer_partitioner),
            model_dir=model_dir,
            config=config,
            warm_start_from=warm_start_from,
        )


for _class in (
    *(LinearClassifier, LinearRegressor, DNNClassifier, DNNRegressor),
    *(DNNLinearCombinedClassifier, DNNLinearCombinedRegressor),
):
    setattr(estimator, _class.__name__, _class)
