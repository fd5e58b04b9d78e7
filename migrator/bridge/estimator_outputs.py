"""The signatures of an Estimator's export, and what feeds them.

Part of ``tf2_bridge``, with the other ``estimator`` modules.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

__all__: list[str] = []

_DEFAULT = "serving_default"


class ExportOutput:
    """An entry of ``export_outputs``."""

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        """Return the ``SignatureDef`` of these inputs.

        Raises:
            ValueError: the inputs do not fit it.
        """
        raise NotImplementedError

    def _examples(self, receiver_tensors: Mapping[str, Any], what: str) -> Any:
        """Return the one input, a string tensor, of a signature over examples."""
        found = list(receiver_tensors.values())
        if len(found) != 1 or found[0].dtype != tf.string:
            raise ValueError(
                f"{what} input must be a single string Tensor; got {dict(receiver_tensors)}"
            )
        return found[0]


class PredictOutput(ExportOutput):
    """The signature ``tensorflow/serving/predict`` of a tensor or a dict of tensors."""

    def __init__(self, outputs: Any) -> None:
        given = outputs if isinstance(outputs, dict) else {"output": outputs}
        self.outputs = {}
        for name, value in given.items():
            name = "/".join(name) if isinstance(name, tuple) else name
            if not isinstance(name, str):
                raise ValueError(f"Prediction output key must be a string; got {name}.")
            if not isinstance(value, tf.Tensor):
                raise ValueError(f"Prediction output value must be a Tensor; got {value}.")
            self.outputs[name] = value

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        """Return the ``SignatureDef`` of these inputs."""
        return tf.compat.v1.saved_model.predict_signature_def(receiver_tensors, self.outputs)


class ClassificationOutput(ExportOutput):
    """The signature ``tensorflow/serving/classify`` of scores, class names or both."""

    def __init__(self, scores: Any = None, classes: Any = None) -> None:
        if scores is not None and not (isinstance(scores, tf.Tensor) and scores.dtype.is_floating):
            raise ValueError(f"Classification scores must be a float32 Tensor; got {scores}")
        if classes is not None and not (
            isinstance(classes, tf.Tensor) and classes.dtype == tf.string
        ):
            raise ValueError(f"Classification classes must be a string Tensor; got {classes}")
        if scores is None and classes is None:
            raise ValueError("At least one of scores and classes must be set.")
        self.scores, self.classes = scores, classes

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        """Return the ``SignatureDef`` of the one string tensor."""
        return tf.compat.v1.saved_model.classification_signature_def(
            self._examples(receiver_tensors, "Classification"), self.classes, self.scores
        )


class RegressionOutput(ExportOutput):
    """The signature ``tensorflow/serving/regress`` of a value."""

    def __init__(self, value: Any) -> None:
        if not (isinstance(value, tf.Tensor) and value.dtype.is_floating):
            raise ValueError(f"Regression output value must be a float32 Tensor; got {value}")
        self.value = value

    def as_signature_def(self, receiver_tensors: Mapping[str, Any]) -> Any:
        """Return the ``SignatureDef`` of the one string tensor."""
        return tf.compat.v1.saved_model.regression_signature_def(
            self._examples(receiver_tensors, "Regression"), self.value
        )


def _export_outputs(outputs: Any, predictions: Any) -> Any:
    """Return ``export_outputs`` with a default one among them."""
    if outputs is None:
        outputs = {_DEFAULT: PredictOutput(predictions)}
    if not isinstance(outputs, dict):
        raise TypeError(f"export_outputs must be dict, given: {outputs}")
    outputs = dict(outputs)
    if not all(isinstance(one, ExportOutput) for one in outputs.values()):
        raise TypeError(f"Values in export_outputs must be ExportOutput objects. Given: {outputs}")
    if len(outputs) == 1:
        outputs[_DEFAULT] = next(iter(outputs.values()))
    elif _DEFAULT not in outputs:
        raise ValueError(
            "Multiple export_outputs were provided, but none of them is specified as the default."
            f"  Do this by naming one of them {_DEFAULT!r}."
        )
    return outputs


def _signature_defs(receiver: Any, outputs: Mapping[str, ExportOutput]) -> dict[str, Any]:
    """Return the signatures of all pairs of a receiver's tensors and outputs that fit."""
    groups = {None: receiver.receiver_tensors}
    groups.update(getattr(receiver, "receiver_tensors_alternatives", None) or {})
    found = {}
    for group, tensors in groups.items():
        tensors = tensors if isinstance(tensors, dict) else {"input": tensors}
        for key, output in outputs.items():
            name = f"{key or 'None'}" if group is None else f"{group or 'None'}:{key or 'None'}"
            try:
                signature = output.as_signature_def(tensors)
            except ValueError as error:
                tf.get_logger().info("%r is no signature of the export: %s", name, error)
                continue
            if tf.compat.v1.saved_model.is_valid_signature(signature):
                found[name] = signature
    if _DEFAULT not in found:
        tf.get_logger().warning("Export includes no default signature!")
    return found


_Receiver = collections.namedtuple(
    "_Receiver", "features receiver_tensors receiver_tensors_alternatives"
)


class ServingInputReceiver(_Receiver):
    """What a ``serving_input_receiver_fn`` returns: features, and the tensors that are fed."""

    def __new__(
        cls, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None
    ) -> Any:
        """Put single tensors into dicts.

        Raises:
            ValueError: something is missing or no tensor.
        """
        return super().__new__(
            cls,
            _tensors(features, "feature", "features"),
            _tensors(receiver_tensors, "input", "receiver_tensors"),
            _alternatives(receiver_tensors_alternatives),
        )


class TensorServingInputReceiver(_Receiver):
    """A receiver whose features are one tensor, which the ``model_fn`` gets as it is."""

    def __new__(
        cls, features: Any, receiver_tensors: Any, receiver_tensors_alternatives: Any = None
    ) -> Any:
        """Put single receiver tensors into dicts.

        Raises:
            ValueError: something is missing or no tensor.
        """
        if not isinstance(features, (tf.Tensor, tf.SparseTensor)):
            raise ValueError("feature must be a Tensor or SparseTensor.")
        return super().__new__(
            cls,
            features,
            _tensors(receiver_tensors, "input", "receiver_tensors"),
            _alternatives(receiver_tensors_alternatives),
        )


def _tensors(given: Any, name: str, what: str) -> Any:
    if given is None:
        raise ValueError(f"{what} must be defined.")
    given = given if isinstance(given, dict) else {name: given}
    for key, value in given.items():
        if not isinstance(value, (tf.Tensor, tf.SparseTensor, tf.RaggedTensor)):
            raise ValueError(f"{what} {key} must be a Tensor or SparseTensor, got {value}.")
    return given


def _alternatives(given: Any) -> Any:
    if given is not None and not isinstance(given, dict):
        raise ValueError(f"receiver_tensors_alternatives must be a dict: {given}.")
    return given and {k: _tensors(v, "input", "receiver_tensors") for k, v in given.items()}


def build_parsing_serving_input_receiver_fn(
    feature_spec: Mapping[str, Any], default_batch_size: int | None = None
) -> Callable[[], Any]:
    """Return a ``serving_input_receiver_fn`` of serialized ``tf.Example`` protos."""

    def serving_input_receiver_fn() -> Any:
        serialized = tf.compat.v1.placeholder(
            tf.string, [default_batch_size], name="input_example_tensor"
        )
        features = tf.compat.v1.io.parse_example(serialized, feature_spec)
        return ServingInputReceiver(features, {"examples": serialized})

    return serving_input_receiver_fn


def build_raw_serving_input_receiver_fn(
    features: Mapping[str, Any], default_batch_size: int | None = None
) -> Callable[[], Any]:
    """Return a ``serving_input_receiver_fn`` of placeholders that are like ``features``."""

    def placeholder(tensor: Any) -> Any:
        shape = tf.TensorShape([default_batch_size]).concatenate(tensor.shape[1:])
        # As in TensorFlow 1, it is called as the tensor is; eager ones have no name.
        name = tensor.op.name if tf.is_symbolic_tensor(tensor) else None
        return tf.compat.v1.placeholder(tensor.dtype, shape, name=name)

    def serving_input_receiver_fn() -> Any:
        given = {name: placeholder(tensor) for name, tensor in features.items()}
        return ServingInputReceiver(given, given)

    return serving_input_receiver_fn
