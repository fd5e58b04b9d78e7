"""Run scripts in one process each after one import of TensorFlow, from the same initial weights.

    python run_scripts.py JOBS.json

Runs under Python 3.7 with TensorFlow 1.15 and under Python 3 with TensorFlow 2.  Every variable
that a script makes starts from an array that depends on its name and shape only, so that a script
and what it was lifted to train from the same weights.  matplotlib draws nothing, and the MNIST
tutorial's data set and scikit-learn's irises are small made-up ones.
"""

from __future__ import print_function

import json
import os
import signal
import sys
import traceback
import types
import zlib

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf

TF1 = tf.__version__.startswith("1.")


def initial(name, shape, dtype):
    """Return the array that the variable ``name`` starts from, or None to leave it alone."""
    if not np.issubdtype(dtype, np.floating):
        return None
    rng = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    return np.asarray(rng.uniform(-0.3, 0.3, size=shape), dtype)


def patch_tf1():
    """Load the arrays after the run that initializes the variables."""
    run = tf.Session.run

    def patched(self, fetches, *args, **kwargs):
        result = run(self, fetches, *args, **kwargs)
        if isinstance(fetches, tf.Operation) and fetches.name.startswith(("init", "group_deps")):
            for variable in self.graph.get_collection("trainable_variables"):
                shape = variable.shape.as_list()
                value = initial(variable.op.name, shape, variable.dtype.base_dtype.as_numpy_dtype)
                if value is not None:
                    variable.load(value, self)
        return result

    tf.Session.run = tf.InteractiveSession.run = patched


def patch_tf2():
    """Give each trainable variable its array when it is made."""
    made = type(tf.Variable).__call__

    def patched(cls, *args, **kwargs):
        variable = made(cls, *args, **kwargs)
        if cls is tf.Variable and variable.trainable:
            name, shape = variable.name.rpartition(":")[0], variable.shape.as_list()
            value = initial(name, shape, variable.dtype.as_numpy_dtype)
            if value is not None:
                variable.assign(value)
        return variable

    type(tf.Variable).__call__ = patched


def patch_bridge():
    """Give each trainable variable of a graph module its array when the graph is built."""
    import tf2_bridge

    def load(module):
        for variable in module.graph_variables:
            if variable.trainable:
                name, shape = variable.name.rpartition(":")[0], variable.shape.as_list()
                value = initial(name, shape, variable.dtype.as_numpy_dtype)
                if value is not None:
                    variable.assign(value)

    graph, initialize = tf2_bridge.graph, tf2_bridge.GraphModule.initialize

    def patched(method):
        made = graph(method)

        def build(self, *args, **kwargs):
            outermost = tf.executing_eagerly()
            result = made(self, *args, **kwargs)
            if outermost:
                load(self)
            return result

        return build

    def initialized(self, *args, **kwargs):
        initialize(self, *args, **kwargs)
        load(self)

    tf2_bridge.graph, tf2_bridge.GraphModule.initialize = patched, initialized


class _Anything(types.ModuleType):
    """A module in which every name is a function that does nothing."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything(name)

    def __call__(self, *args, **kwargs):
        return _Anything("result")

    def __iter__(self):
        return iter((_Anything("a"), _Anything("b")))

    def __getitem__(self, index):
        return _Anything("item")


class _Set:
    def __init__(self, count, seed):
        rng = np.random.RandomState(seed)
        self.labels = np.eye(10)[rng.randint(0, 10, count)].astype(np.float64)
        self.images = rng.uniform(0, 1, (count, 784)).astype(np.float32)
        self.num_examples = count
        self._at = 0

    def next_batch(self, size):
        rows = [(self._at + i) % self.num_examples for i in range(size)]
        self._at += size
        return self.images[rows], self.labels[rows]


def stubs():
    """Put the stand-ins where the scripts look for them."""
    for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.animation", "mpl_toolkits",
                 "mpl_toolkits.mplot3d", "seaborn"):  # fmt: skip
        sys.modules[name] = _Anything(name)
    data = types.ModuleType("tensorflow.examples.tutorials.mnist.input_data")
    sets = types.SimpleNamespace

    def read_data_sets(*args, **kwargs):
        return sets(train=_Set(400, 1), test=_Set(80, 2), validation=_Set(80, 3))

    data.read_data_sets = read_data_sets
    for name in ("tensorflow.examples", "tensorflow.examples.tutorials",
                 "tensorflow.examples.tutorials.mnist"):  # fmt: skip
        sys.modules[name] = types.ModuleType(name)
    sys.modules[data.__name__] = data
    for name in ("sklearn", "sklearn.datasets", "sklearn.preprocessing"):
        sys.modules[name] = types.ModuleType(name)
    rng = np.random.RandomState(4)
    iris = types.SimpleNamespace(
        data=rng.uniform(0.1, 6.0, (150, 4)), target=np.repeat([0, 1, 2], 50)
    )
    sys.modules["sklearn.datasets"].load_iris = lambda: iris
    sys.modules["sklearn"].datasets = sys.modules["sklearn.datasets"]
    sys.modules["tensorflow.examples.tutorials.mnist"].input_data = data


#: Whether this process gives variables their arrays.
_PATCHED = []


def run(job):
    """Run one script in this process, its output into files."""
    # variables of a job before may have names there, so that those of this one get numbers
    tf.compat.v1.reset_default_graph()
    for stream, name in ((sys.stdout, "stdout"), (sys.stderr, "stderr")):
        target = os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(target, stream.fileno())
    os.chdir(job["cwd"])
    sys.path.insert(0, os.path.dirname(job["script"]))
    sys.argv = [job["script"]] + job.get("args", [])
    np.random.seed(0)
    import random

    random.seed(0)
    stubs()
    if job.get("bridge"):
        sys.path.insert(0, job["bridge"])
    if job.get("weights", True) and not _PATCHED:
        _PATCHED.append(True)
        (patch_tf1 if TF1 else patch_tf2)()
        if job.get("bridge") and not TF1:
            patch_bridge()
    with open(job["script"], encoding="utf-8", errors="replace") as stream:
        source = stream.read()
    module = types.ModuleType("__main__")
    module.__file__ = job["script"]
    sys.modules["__main__"] = module
    exec(compile(source, job["script"], "exec"), module.__dict__)


def attempt(job):
    """Run one script in this process; return 0 if it ended well."""
    status = 1
    try:
        signal.alarm(job.get("seconds", 120))
        run(job)
        status = 0
    except SystemExit as error:
        status = 0 if error.code in (None, 0) else 1
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def main(plan):
    """Run every job of ``plan``; write how each ended to ``plan.done``.

    A job runs in a child, so that nothing of it is left for the next; one that says ``together``,
    and is known to leave nothing behind, in this process, which takes half the time.
    """
    with open(plan) as stream:
        jobs = json.load(stream)
    ended = {}
    for job in jobs:
        sys.stdout.flush()
        if job.get("together"):
            ended[job["name"]] = attempt(job)
            continue
        child = os.fork()
        if child == 0:
            os._exit(attempt(job))
        _, code = os.waitpid(child, 0)
        ended[job["name"]] = code
    with open(plan + ".done", "w") as stream:
        json.dump(ended, stream)


if __name__ == "__main__":
    main(sys.argv[1])
