"""Run pieces of graph code, in a session or in the build of a GraphModule.

    python run_graphcode.py PIECES.json RESULTS.npz

``PIECES.json`` maps names to code that binds ``result`` to a tensor, or a list of them, and may
bind ``feeds``, a dict of tensors and values.  With TensorFlow 1 it is run in a session, with
TensorFlow 2 in a module.  Of what cannot be run, "name/error" tells why.
"""

from __future__ import annotations

import json
import os
import sys
import traceback

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf


def in_session(code):
    """Return the values of ``result``."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as sess:
        names = {"tf": tf, "np": np}
        exec(code, names)
        sess.run(tf.compat.v1.global_variables_initializer())
        return sess.run(names["result"], names.get("feeds"))


def in_module(code):
    """Return the values of ``result``."""
    import tf2_bridge

    class Piece(tf2_bridge.GraphModule):
        @tf2_bridge.graph
        def build(self):
            names = {"tf": tf, "np": np, "tf2_bridge": tf2_bridge}
            exec(code, names)
            feeds = names.get("feeds", {})
            self.values = list(feeds.values())
            self.run = self.function(list(feeds), names["result"])

    piece = Piece()
    piece.build()
    return piece.run(*piece.values)


def main():
    """Run all pieces and store their values, "name/index" by "name/index"."""
    plan, out = sys.argv[1:]
    with open(plan) as stream:
        pieces = json.load(stream)
    sys.path.insert(0, os.path.dirname(os.path.abspath(plan)))
    run = in_session if tf.__version__.startswith("1.") else in_module
    found = {}
    for name, code in pieces.items():
        try:
            values = run(code)
        except Exception:
            found[f"{name}/error"] = traceback.format_exc()
            continue
        values = values if isinstance(values, (list, tuple)) else [values]
        for index, value in enumerate(map(np.asarray, values)):
            found[f"{name}/{index}"] = value.astype("S") if value.dtype == object else value
    np.savez(out, **found)


if __name__ == "__main__":
    main()
