"""The heads of canned Estimators: losses, metrics, predictions and outputs of logits.

Part of ``tf2_bridge``, with the other ``estimator`` modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from migrator.bridge.estimator_outputs import (
    ClassificationOutput,
    PredictOutput,
    RegressionOutput,
)
from migrator.bridge.estimator_spec import EstimatorSpec, ModeKeys

__all__: list[str] = []


class _Head:
    """What makes an ``EstimatorSpec`` of logits."""

    size = 1  #: of the logits' last dimension

    def __init__(self, weight_column: Any, reduction: Any) -> None:
        if weight_column is not None and not isinstance(weight_column, str):
            weight_column = weight_column.key
        self._weight_column = weight_column
        self._reduction = reduction

    def spec(
        self,
        features: Mapping[str, Any],
        mode: str,
        logits: Any,
        labels: Any,
        train_op: Callable[[Any], Any],
    ) -> Any:
        """Return the ``EstimatorSpec``; ``train_op`` makes it of the loss."""
        with tf.name_scope("head"):
            predictions = self._predictions(logits)
            if mode == ModeKeys.PREDICT:
                outputs = {**self._outputs(predictions), "predict": PredictOutput(predictions)}
                return EstimatorSpec(mode, predictions, export_outputs=outputs)
            if labels is None:
                raise ValueError("You must provide a labels Tensor. Given: None.")
            labels = tf.convert_to_tensor(labels)
            if labels.shape.rank is not None and labels.shape.rank == logits.shape.rank - 1:
                labels = tf.expand_dims(labels, -1)
            ids, each = self._losses(labels, logits)
            weights: Any = 1.0
            if self._weight_column is not None:
                weights = tf.cast(features[self._weight_column], tf.float32)
                if weights.shape.rank == logits.shape.rank - 1:
                    weights = tf.expand_dims(weights, -1)
            loss = tf.compat.v1.losses.compute_weighted_loss(
                each, weights=weights, reduction=self._reduction
            )
            if mode == ModeKeys.EVAL:
                metrics = {
                    "average_loss": tf.compat.v1.metrics.mean(each, weights),
                    **self._metrics(ids, predictions, weights),
                }
                return EstimatorSpec(mode, predictions, loss, eval_metric_ops=metrics)
            updates = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
            operation = train_op(loss)
            operation = tf.group(operation, *updates) if updates else operation
            if self._reduction == tf.compat.v1.losses.Reduction.SUM:
                mean = loss / tf.reduce_sum(weights * tf.ones_like(each))
                with tf.name_scope(""):
                    tf.compat.v1.summary.scalar("average_loss", mean)
        with tf.name_scope(""):
            tf.compat.v1.summary.scalar("loss", loss)
        return EstimatorSpec(mode, predictions, loss, operation)

    def _predictions(self, logits: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _outputs(self, predictions: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def _losses(self, labels: Any, logits: Any) -> tuple[Any, Any]:
        raise NotImplementedError

    def _metrics(self, labels: Any, predictions: Mapping[str, Any], weights: Any) -> dict[str, Any]:
        raise NotImplementedError


class _RegressionHead(_Head):
    """The mean squared error."""

    def __init__(self, size: int, weight_column: Any, reduction: Any) -> None:
        super().__init__(weight_column, reduction)
        if size < 1:
            raise ValueError(f"Invalid label_dimension {size}.")
        self.size = size

    def _predictions(self, logits: Any) -> dict[str, Any]:
        return {"predictions": logits}

    def _outputs(self, predictions: Mapping[str, Any]) -> dict[str, Any]:
        output = RegressionOutput(predictions["predictions"])
        return {"serving_default": output, "regression": output}

    def _losses(self, labels: Any, logits: Any) -> tuple[Any, Any]:
        labels = tf.cast(labels, tf.float32)
        none = tf.compat.v1.losses.Reduction.NONE
        return labels, tf.compat.v1.losses.mean_squared_error(labels, logits, reduction=none)

    def _metrics(self, labels: Any, predictions: Mapping[str, Any], weights: Any) -> dict[str, Any]:
        return {
            "prediction/mean": tf.compat.v1.metrics.mean(predictions["predictions"], weights),
            "label/mean": tf.compat.v1.metrics.mean(labels, weights),
        }


class _ClassHead(_Head):
    """The softmax cross entropy of several classes."""

    def __init__(self, classes: int, vocabulary: Any, weight_column: Any, reduction: Any) -> None:
        super().__init__(weight_column, reduction)
        self.size = self._classes = classes
        self._vocabulary = list(vocabulary) if vocabulary else None

    def _all(self, values: Any, probabilities: Any) -> Any:
        """Return ``values`` once for each example."""
        return tf.tile(tf.expand_dims(values, 0), [tf.shape(probabilities)[0], 1])

    def _names(self) -> Any:
        return tf.constant(self._vocabulary or [str(n) for n in range(self._classes)])

    def _predictions(self, logits: Any) -> dict[str, Any]:
        probabilities = tf.nn.softmax(logits)
        return {"logits": logits, **self._classified(logits, probabilities)}

    def _classified(self, logits: Any, probabilities: Any) -> dict[str, Any]:
        ids = tf.expand_dims(tf.argmax(logits, axis=-1), -1)
        classes = tf.gather(self._names(), ids) if self._vocabulary else tf.as_string(ids)
        return {
            "probabilities": probabilities,
            "class_ids": ids,
            "classes": classes,
            "all_class_ids": self._all(tf.range(self._classes), probabilities),
            "all_classes": self._all(self._names(), probabilities),
        }

    def _outputs(self, predictions: Mapping[str, Any]) -> dict[str, Any]:
        scores = predictions["probabilities"]
        output = ClassificationOutput(scores, self._all(self._names(), scores))
        return {"serving_default": output, "classification": output}

    def _ids(self, labels: Any) -> Any:
        """Return the numbers of the labels' classes, which are asserted to be some."""
        if self._vocabulary is not None:
            initializer = tf.lookup.KeyValueTensorInitializer(
                self._vocabulary, list(range(self._classes)), tf.string, tf.int64
            )
            labels = tf.lookup.StaticHashTable(initializer, -1).lookup(labels)
        asserts = [
            tf.compat.v1.assert_less_equal(
                labels,
                tf.cast(self._classes - 1, labels.dtype),
                message="Labels must <= n_classes - 1",
            ),
            tf.compat.v1.assert_non_negative(labels, message="Labels must >= 0"),
        ]
        with tf.control_dependencies(asserts):
            return tf.identity(labels)

    def _losses(self, labels: Any, logits: Any) -> tuple[Any, Any]:
        if self._vocabulary is None and not labels.dtype.is_integer:
            raise ValueError(f"Labels dtype should be integer. Instead got {labels.dtype}.")
        ids = self._ids(labels)
        each = tf.compat.v1.losses.sparse_softmax_cross_entropy(
            ids, logits, reduction=tf.compat.v1.losses.Reduction.NONE
        )
        return ids, tf.expand_dims(each, -1)

    def _metrics(self, labels: Any, predictions: Mapping[str, Any], weights: Any) -> dict[str, Any]:
        ids = predictions["class_ids"]
        return {"accuracy": tf.compat.v1.metrics.accuracy(labels, ids, weights)}


class _BinaryHead(_ClassHead):
    """The sigmoid cross entropy of two classes."""

    def __init__(self, vocabulary: Any, weight_column: Any, reduction: Any) -> None:
        super().__init__(2, vocabulary, weight_column, reduction)
        self.size = 1

    def _predictions(self, logits: Any) -> dict[str, Any]:
        both = tf.concat([tf.zeros_like(logits), logits], axis=-1)
        found = {"logits": logits, "logistic": tf.sigmoid(logits)}
        return {**found, **self._classified(both, tf.nn.softmax(both))}

    def _outputs(self, predictions: Mapping[str, Any]) -> dict[str, Any]:
        regression = RegressionOutput(predictions["logistic"])
        return {**super()._outputs(predictions), "regression": regression}

    def _losses(self, labels: Any, logits: Any) -> tuple[Any, Any]:
        labels = self._ids(labels if self._vocabulary is not None else tf.cast(labels, tf.float32))
        labels = tf.cast(labels, tf.float32)
        return labels, tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    def _metrics(self, labels: Any, predictions: Mapping[str, Any], weights: Any) -> dict[str, Any]:
        metrics, logistic = tf.compat.v1.metrics, predictions["logistic"]
        ids = predictions["class_ids"]
        value, update = mean = metrics.mean(labels, weights)
        each = weights * tf.ones_like(logistic)
        return {
            **super()._metrics(labels, predictions, weights),
            "precision": metrics.precision(labels, ids, weights),
            "recall": metrics.recall(labels, ids, weights),
            "prediction/mean": metrics.mean(logistic, each),
            "label/mean": mean,
            "accuracy_baseline": (tf.maximum(value, 1 - value), tf.maximum(update, 1 - update)),
            "auc": metrics.auc(labels, logistic, each),
            "auc_precision_recall": metrics.auc(labels, logistic, each, curve="PR"),
        }


def _class_head(classes: int, vocabulary: Any, weight_column: Any, reduction: Any) -> _Head:
    if classes == 2:
        return _BinaryHead(vocabulary, weight_column, reduction)
    if classes < 2:
        raise ValueError(f"n_classes must be > 1: {classes}.")
    return _ClassHead(classes, vocabulary, weight_column, reduction)
