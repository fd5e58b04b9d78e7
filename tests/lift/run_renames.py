"""Evaluate calls of TensorFlow on samples and store what they give.

    python run_renames.py CALLS.json ARRAYS.npz

Runs under Python 3.7 with TensorFlow 1.15, in a session, and under Python 3 with TensorFlow 2, in a
``tf.function``.  Of ``calls``, each is a pair of a key and an expression in which ``tf`` and the
names of the samples stand; what it gives is stored under ``KEY|NUMBER``, or ``KEY|error``.  The
parameters of ``functions`` and their defaults are stored beside the arrays, as JSON; None of those
that this TensorFlow has not.
"""

import inspect
import json
import os
import sys

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
from tensorflow.python.util import tf_decorator

TF1 = tf.__version__.startswith("1.")
_RNG = np.random.RandomState(17)
_SQUARE = _RNG.uniform(-1, 1, (4, 4))

#: Name of a sample -> an array, a list of arrays, or what stands in the call as it is.
SAMPLES = {
    "matrix": _RNG.uniform(0.1, 0.9, (3, 4)).astype(np.float32),
    "other": _RNG.uniform(-2, 2, (3, 4)).astype(np.float32),
    "positive": (_SQUARE.dot(_SQUARE.T) + 3 * np.eye(4)).astype(np.float32),
    "image": _RNG.uniform(0, 1, (1, 6, 6, 3)).astype(np.float32),
    "large": _RNG.uniform(0, 1, (1, 12, 12, 1)).astype(np.float32),
    "bytes": _RNG.randint(0, 255, (6, 6, 3)).astype(np.uint8),
    "filters": _RNG.uniform(-1, 1, (2, 2, 3, 2)).astype(np.float32),
    "vector": np.array([0.25, -1.5, 2.5, 0.75, -0.5], np.float32),
    "integers": np.array([2, 0, 1], np.int32),
    "grid": np.array([[7, -3], [2, 5]], np.int32),
    "long": np.array([[1, 0], [0, 1]], np.int64),
    "bools": np.array([[True, False, True, True]] * 3),
    "complex": (_RNG.normal(size=(4, 4)) + 1j * _RNG.normal(size=(4, 4))).astype(np.complex64),
    "words": np.array([b" one two", b"three", b"4.5"], object),
    "utf": np.array([b"a\xc3\xa4b", b"c"], object),
    "list": [np.float32([[1, 2], [3, 4]]), np.float32([[5, -6], [0.5, 8]])],
    "two": 2,
    "half": np.float32(0.5),
}


FEATURES = {
    "a": tf.io.FixedLenFeature([2], tf.float32),
    "b": tf.io.FixedLenFeature([], tf.int64, default_value=7),
    "c": tf.io.VarLenFeature(tf.string),
}
SAMPLES["examples"] = np.array(
    [
        tf.train.Example(
            features=tf.train.Features(
                feature={
                    "a": tf.train.Feature(float_list=tf.train.FloatList(value=[number, 0.5])),
                    "c": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"x"] * number)),
                }
            )
        ).SerializeToString()
        for number in (1, 2)
    ],
    object,
)


def tensors():
    """Return the samples as constants of the graph at hand."""

    def made(value):
        if isinstance(value, list):
            return [made(item) for item in value]
        if isinstance(value, int):
            return value
        return tf.constant(list(value) if value.dtype == object else value)

    names = {name: made(value) for name, value in SAMPLES.items()}
    names.update(tf=tf, np=np, features=FEATURES)
    return names


def flat(value):
    """Return the tensors of a structure."""
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in flat(item)]
    if isinstance(value, dict):
        return flat([value[key] for key in sorted(value)])
    if isinstance(value, tf.SparseTensor):
        return [value.indices, value.values, value.dense_shape]
    if not isinstance(value, tf.Tensor):
        raise TypeError("it gives a {}".format(type(value).__name__))
    return [value]


def call(expression):
    """Return what an expression gives, as a list of arrays."""
    code = compile(expression, expression, "eval")
    if TF1:
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(3)
            return [np.asarray(value) for value in session.run(flat(eval(code, tensors())))]
    function = tf.function(lambda: flat(eval(code, tensors())), autograph=False)
    return [np.asarray(value.numpy()) for value in function()]


def parameters(name):
    """Return the names and defaults of the parameters of a function below ``tf``, or None."""
    found = tf
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None:
        return None
    signature = inspect.signature(tf_decorator.unwrap(found)[1])
    return [
        [
            parameter.name,
            None
            if parameter.default is parameter.empty
            else getattr(parameter.default, "__name__", repr(parameter.default)),
        ]
        for parameter in signature.parameters.values()
    ]


def main(calls, target):
    """Evaluate the calls."""
    with open(calls) as stream:
        asked = json.load(stream)
    results = {}
    for key, expression in asked["calls"]:
        try:
            for number, value in enumerate(call(expression)):
                value = value.astype("S") if value.dtype == object else value
                results["{}|{}".format(key, number)] = value
        except Exception as error:
            text = "{}: {}".format(type(error).__name__, error)
            results[key + "|error"] = np.array(text[:300].encode("ascii", "replace"))
    np.savez_compressed(target, **results)
    with open(target + ".json", "w") as stream:
        json.dump({name: parameters(name) for name in asked["functions"]}, stream)


if __name__ == "__main__":
    main(*sys.argv[1:])
