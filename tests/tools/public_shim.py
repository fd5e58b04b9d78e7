"""Run a program with the initial values that another run of it had.

    python public_shim.py record|replay STATE.npz [--stub MODULE]... PROGRAM [ARGUMENT ...]

Two versions of TensorFlow draw different random numbers, so what a program trains cannot be
compared unless it starts from the same weights.  With ``record`` the values that each run of an
initializer (an op called ``init``) left in the variables are written to ``STATE.npz``; with
``replay`` they are put into the variables of the same names after it.  Python's and NumPy's
generators are seeded.  ``--stub`` replaces a module that only draws or shows.  Stand-alone:
Python 3.6 and TensorFlow 1.12 are enough.
"""

import os
import random
import re
import runpy
import sys
from unittest import mock

INITIALIZER = re.compile(r"(^|/)init(_\d+)?$")


def is_initializer(fetches, depth=2):
    """Tell whether ``fetches`` is or holds an op that gives variables their initial values."""
    if isinstance(fetches, (list, tuple)):
        return any(is_initializer(one, depth) for one in fetches)
    if not hasattr(fetches, "control_inputs"):
        return False
    return bool(INITIALIZER.search(fetches.name)) or (
        depth > 0
        and fetches.type == "NoOp"
        and any(is_initializer(one, depth - 1) for one in fetches.control_inputs)
    )


def install(mode, path):
    """Make every session record or replay what its initializers leave."""
    import numpy as np
    import tensorflow as tf

    v1 = tf.compat.v1
    real = v1.Session.run
    state = dict(np.load(path)) if mode == "replay" and os.path.exists(path) else {}
    runs = [0]

    def key_of(variable):
        return f"{runs[0]}:{variable.op.name}"

    def variables(session):
        with session.graph.as_default():
            return v1.global_variables() + v1.local_variables()

    def record(session):
        for variable in variables(session):
            try:
                value = real(session, variable)
            except tf.errors.FailedPreconditionError:
                continue  # another initializer's
            state[key_of(variable)] = value
        np.savez(path, **state)

    def replay(session):
        for variable in variables(session):
            if key_of(variable) in state:
                variable.load(state[key_of(variable)], session)

    def run(self, fetches, *arguments, **options):
        result = real(self, fetches, *arguments, **options)
        if is_initializer(fetches):
            runs[0] += 1
            (record if mode == "record" else replay)(self)
        return result

    base = next(cls for cls in v1.Session.__mro__ if "run" in vars(cls))
    base.run = run


def main(arguments):
    """Run the program as ``__main__``."""
    mode, path, rest = arguments[0], arguments[1], arguments[2:]
    while rest[0] == "--stub":
        stub = mock.MagicMock(name=rest[1])
        parts = rest[1].split(".")
        for count in range(1, len(parts) + 1):
            sys.modules.setdefault(".".join(parts[:count]), stub)
        rest = rest[2:]
    install(mode, path)
    import numpy as np

    random.seed(0)  # now: importing TensorFlow draws, and not as often in each version
    np.random.seed(0)
    if rest[0] == "-m":
        sys.argv = rest[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = rest
    sys.path[0] = os.path.dirname(os.path.abspath(rest[0]))
    runpy.run_path(rest[0], run_name="__main__")


if __name__ == "__main__":
    main(sys.argv[1:])
