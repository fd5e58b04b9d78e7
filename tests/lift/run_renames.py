"""Call functions of TensorFlow with sample arguments and store what they give.

    python run_renames.py PLAN.json ARRAYS.npz

Runs under Python 3.7 with TensorFlow 1.15 and under Python 3 with TensorFlow 2.  The plan maps the
name of a function below ``tf`` to lists of names of samples, one list for each call; what a call
gives is stored under ``FUNCTION|SAMPLE,SAMPLE|NUMBER``.  With ``{"find": [names]}`` it looks for
calls that succeed instead, and writes the plan to ``PLAN.json.found``.  TensorFlow 1 runs each call
in a session, TensorFlow 2 in a ``tf.function``.
"""

import inspect
import itertools
import json
import os
import signal
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

#: Name of a sample -> the array, or a list of arrays.
SAMPLES = {
    "matrix": _RNG.uniform(0.1, 0.9, (3, 4)).astype(np.float32),
    "other": _RNG.uniform(-2, 2, (3, 4)).astype(np.float32),
    "positive": (_SQUARE.dot(_SQUARE.T) + 3 * np.eye(4)).astype(np.float32),
    "image": _RNG.uniform(0, 1, (2, 12, 12, 3)).astype(np.float32),
    "bytes": _RNG.randint(0, 255, (12, 12, 3)).astype(np.uint8),
    "vector": np.array([0.25, -1.5, 2.5, 0.0, -0.5], np.float32),
    "integers": np.array([2, 0, 1], np.int32),
    "grid": np.array([[7, -3], [2, 5]], np.int32),
    "long": np.array([[1, 0], [0, 1]], np.int64),
    "bools": np.array([[True, False, True, True]] * 3),
    "complex": (_RNG.normal(size=(4, 4)) + 1j * _RNG.normal(size=(4, 4))).astype(np.complex64),
    "words": np.array([b" one two", b"three", b"4.5"], object),
    "two": np.int32(2),
    "half": np.float32(0.5),
    "list": [np.float32([[1, 2], [3, 4]]), np.float32([[5, -6], [0.5, 8]])],
    "utf": np.array(["a\u00e4b".encode("utf-8"), b"c"], object),
    "UTF-8": "UTF-8",
    "float64": "float64",
    "pattern": "[a-z]+",
    "SAME": "SAME",
}
_CALLS = 5  #: calls of one function that are kept
_TRIES = 3000


def reach(name):
    """Return the function ``name`` below ``tf``."""
    found = tf
    for part in name.split("."):
        found = getattr(found, part)
    return found


def call(name, samples):
    """Return what a call gives, as a list of arrays."""
    function = reach(name)
    given = [SAMPLES[sample] for sample in samples]
    if TF1:
        with tf.Graph().as_default(), tf.Session() as session:
            tf.set_random_seed(3)
            made = [_tensor(value) for value in given]
            values = _flat(function(*made))
            if any(not isinstance(value, tf.Tensor) for value in values):
                raise TypeError("it gives no tensors")
            return [np.asarray(value) for value in session.run(values)]
    tf.random.set_seed(3)
    return [
        value.numpy()
        for value in tf.function(lambda: _flat(function(*[_tensor(value) for value in given])))()
    ]


def _tensor(value):
    if isinstance(value, list):
        return [_tensor(item) for item in value]
    if isinstance(value, (str, np.int32)):
        return value if isinstance(value, str) else int(value)
    if value.dtype == object:
        return tf.constant([item for item in value])
    return tf.constant(value)


def _flat(value):
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in _flat(item)]
    if isinstance(value, tf.SparseTensor):
        return [value.indices, value.values, value.dense_shape]
    return [value]


def find(name):
    """Return calls of a function that succeed, each with other kinds of samples."""
    plain = tf_decorator.unwrap(reach(name))[1]
    needed = sum(
        parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        for parameter in inspect.signature(plain).parameters.values()
    )
    if needed > 4:
        return []
    found = []
    combinations = itertools.product(sorted(SAMPLES), repeat=needed)
    step = max(1, len(SAMPLES) ** needed // _TRIES)
    seen = [set() for _ in range(needed)]
    for samples in itertools.islice(combinations, 0, None, step):
        if found and not any(sample not in old for sample, old in zip(samples, seen)):
            continue
        try:
            call(name, samples)
        except Exception:
            continue
        found.append(list(samples))
        for sample, old in zip(samples, seen):
            old.add(sample)
        if len(found) == _CALLS:
            break
    return found


def find_all(names, target):
    """Look for calls of each function in a child, which wrong arguments may kill."""
    found = {}
    for name in names:
        child = os.fork()
        if child == 0:
            signal.alarm(40)
            with open(target + ".one", "w") as stream:
                json.dump(find(name), stream)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            with open(target + ".one") as stream:
                found[name] = json.load(stream)
    with open(target, "w") as stream:
        json.dump({name: calls for name, calls in found.items() if calls}, stream)


def main(plan, target):
    """Make the calls of a plan, or look for them."""
    with open(plan) as stream:
        asked = json.load(stream)
    if "find" in asked:
        find_all(asked["find"], plan + ".found")
        return
    results = {}
    for name, calls in asked.items():
        for samples in calls:
            key = "{}|{}".format(name, ",".join(samples))
            try:
                for number, value in enumerate(call(name, samples)):
                    value = value.astype("S") if value.dtype == object else value
                    results["{}|{}".format(key, number)] = value
            except Exception as error:
                results[key + "|error"] = np.array(repr(error)[:300])
    np.savez_compressed(target, **results)


if __name__ == "__main__":
    main(*sys.argv[1:])
