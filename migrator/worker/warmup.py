"""The model's own warm-up requests: ``assets.extra/tf_serving_warmup_requests``.

A TFRecord file of ``tensorflow.serving.PredictionLog``.  TensorFlow Serving's Python package
is not needed: the few messages are declared here, with the numbers of its ``apis/*.proto``.
A tensor and a tf.Example travel as bytes there, which is what they are on the wire.
"""

import importlib
import os
from typing import Any, Dict, List, Tuple

from .common import Json, what_failed
from .parsing import as_strings
from .records import records

FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")

#: Requests that are run at most.
MOST = 20

#: Message -> its fields: name, number, type, and whether it is repeated.
MESSAGES: Dict[str, List[Tuple[str, int, str, bool]]] = {
    "ModelSpec": [("signature_name", 3, "string", False)],
    "InputEntry": [("key", 1, "string", False), ("value", 2, "bytes", False)],
    "PredictRequest": [
        ("model_spec", 1, "ModelSpec", False),
        ("inputs", 2, "InputEntry", True),
    ],
    "ExampleList": [("examples", 1, "bytes", True)],
    "ExampleListWithContext": [("examples", 1, "bytes", True), ("context", 2, "bytes", False)],
    "Input": [
        ("example_list", 1, "ExampleList", False),
        ("example_list_with_context", 2, "ExampleListWithContext", False),
    ],
    "ExamplesRequest": [("model_spec", 1, "ModelSpec", False), ("input", 2, "Input", False)],
    "InferenceTask": [("model_spec", 1, "ModelSpec", False)],
    "MultiInferenceRequest": [
        ("tasks", 1, "InferenceTask", True),
        ("input", 2, "Input", False),
    ],
    "PredictLog": [("request", 1, "PredictRequest", False)],
    "PredictStreamedLog": [("request", 1, "PredictRequest", True)],
    "ExamplesLog": [("request", 1, "ExamplesRequest", False)],
    "MultiInferenceLog": [("request", 1, "MultiInferenceRequest", False)],
    "SessionRunLog": [],
    "PredictionLog": [
        ("classify_log", 2, "ExamplesLog", False),
        ("regress_log", 3, "ExamplesLog", False),
        ("multi_inference_log", 4, "MultiInferenceLog", False),
        ("session_run_log", 5, "SessionRunLog", False),
        ("predict_log", 6, "PredictLog", False),
        ("predict_streamed_log", 7, "PredictStreamedLog", False),
    ],
}


def message_class(name: str) -> Any:
    """Return the class of a message, under protobuf 3.8 to 6 and later."""
    descriptor_pb2 = importlib.import_module("google.protobuf.descriptor_pb2")
    pools = importlib.import_module("google.protobuf.descriptor_pool")
    factory = importlib.import_module("google.protobuf.message_factory")
    package = "migrator.warmup"
    file = descriptor_pb2.FileDescriptorProto(
        name="migrator_warmup.proto", package=package, syntax="proto3"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in MESSAGES.items():
        declared = file.message_type.add(name=message)
        for field, number, kind, repeated in fields:
            label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            added = declared.field.add(name=field, number=number, label=label)
            if kind in ("string", "bytes"):
                added.type = kinds.TYPE_STRING if kind == "string" else kinds.TYPE_BYTES
            else:
                added.type = kinds.TYPE_MESSAGE
                added.type_name = ".%s.%s" % (package, kind)
    # a pool of its own: in the default one the name could be taken
    pool = pools.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    descriptor = pool.FindMessageTypeByName(package + "." + name)
    if hasattr(factory, "GetMessageClass"):
        return factory.GetMessageClass(descriptor)
    return factory.MessageFactory(pool).GetPrototype(descriptor)


class Request:
    """One warm-up request: its label, its signature's key, and the values by input name."""

    def __init__(self, label: str, key: str, values: Json) -> None:
        self.label = label
        self.key = key
        self.values = values


def read_warmup(tf: Any, path: str, signatures: Json) -> Tuple[List[Request], List[Json]]:
    """Return the warm-up requests of a SavedModel, and notes of those that cannot be run."""
    file = os.path.join(path, FILE)
    found: List[Request] = []
    notes: List[Json] = []
    if not os.path.isfile(file):
        return found, notes
    log_class = message_class("PredictionLog")
    position = 0
    try:
        for record in records(tf, file):
            position += 1
            label = "warm-up %d" % position
            if position > MOST:
                notes.append({"label": "warm-up %d and on" % position, "reason": _REST})
                break
            try:
                log = log_class.FromString(record)
                requests = list(_requests(tf, log, label, signatures))
            except Exception as error:  # protobuf's DecodeError among them
                notes.append({"label": label, "reason": what_failed(error)})
                continue
            found += requests
    except Exception as error:
        reason = "the warm-up requests cannot be read: %s" % what_failed(error)
        notes.append({"label": "warm-up %d" % (position + 1), "reason": reason})
    return found, notes


_REST = "only the first %d warm-up requests are run" % MOST


def _requests(tf: Any, log: Any, label: str, signatures: Json) -> List[Request]:
    """Return the runs that one log asks for.

    Raises:
        ValueError: it is of a kind that names no signature, or its signature is not there.
    """
    if log.HasField("predict_log"):
        return [_predict(tf, log.predict_log.request, label, signatures)]
    if log.HasField("predict_streamed_log"):
        many = log.predict_streamed_log.request
        return [
            _predict(tf, one, "%s.%d" % (label, i + 1) if len(many) > 1 else label, signatures)
            for i, one in enumerate(many)
        ]
    for field in ("classify_log", "regress_log"):
        if log.HasField(field):
            request = getattr(log, field).request
            return [_examples(request.model_spec, request.input, label, signatures)]
    if log.HasField("multi_inference_log"):
        request = log.multi_inference_log.request
        tasks = [_examples(t.model_spec, request.input, label, signatures) for t in request.tasks]
        # one regime per signature: a second task for it would run on the same examples
        return list({task.key: task for task in tasks}.values())
    if log.HasField("session_run_log"):
        raise ValueError("a session_run_log names tensors, not a signature")
    raise ValueError("it is no predict, classify, regress or multi-inference request")


def _key(model_spec: Any, signatures: Json) -> str:
    key = str(model_spec.signature_name) or "serving_default"
    if key not in signatures:
        raise ValueError("it asks for the signature %r, which is not there" % key)
    return key


def _predict(tf: Any, request: Any, label: str, signatures: Json) -> Request:
    tensor_class = importlib.import_module("tensorflow.core.framework.tensor_pb2").TensorProto
    key = _key(request.model_spec, signatures)
    values = {}
    for entry in request.inputs:
        value = tf.make_ndarray(tensor_class.FromString(entry.value))
        if value.dtype.kind in "OSU":
            value = as_strings([bytes(item) for item in value.ravel()], value.shape)
        values[str(entry.key)] = value
    unknown = sorted(set(values) - set(signatures[key]["inputs"]))
    if unknown:
        raise ValueError("signature %r has no input %r" % (key, unknown[0]))
    return Request(label, key, values)


def _examples(model_spec: Any, given: Any, label: str, signatures: Json) -> Request:
    key = _key(model_spec, signatures)
    strings = [n for n, s in signatures[key]["inputs"].items() if s["dtype"] == "string"]
    if len(strings) != 1:
        raise ValueError("signature %r takes no serialized tf.Examples" % key)
    if given.HasField("example_list_with_context"):
        many = given.example_list_with_context
        # the context's features are merged into every example, as TensorFlow Serving does
        items = [bytes(many.context) + bytes(one) for one in many.examples]
    else:
        items = [bytes(one) for one in given.example_list.examples]
    if not items:
        raise ValueError("it holds no example")
    return Request(label, key, {strings[0]: as_strings(items, [len(items)])})
