"""Export and call an Estimator's model without a session: run with TensorFlow 2.

Called with a folder to work in and one with an Estimator's checkpoint, ``w`` and ``global_step``;
prints what it saw as JSON.
"""

import json
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import numpy as np
import tensorflow as tf
import tf2_bridge

v1, estimator = tf.compat.v1, tf2_bridge.estimator
X = np.arange(6, dtype="f4").reshape(3, 2)


def receiver_fn():
    """Return a receiver of one tensor."""
    x = v1.placeholder(tf.float32, [None, 2], name="input_x")
    return estimator.export.ServingInputReceiver({"x": x}, {"x": x})


def two_receivers():
    """Return a receiver of two tensors, one of which need not be fed."""
    x = v1.placeholder(tf.float32, [None, 2], name="input_x")
    more = v1.placeholder_with_default(1.0, [], name="more")
    return estimator.export.ServingInputReceiver({"x": x + more}, {"x": x, "more": more})


def model_fn(features, labels, mode, params, config):
    """Return a spec with signatures of several kinds."""
    assert mode == "infer" and labels is None
    w = v1.get_variable("w", [2, 1])
    y = tf.multiply(tf.matmul(features["x"], w), params.get("scale", 1.0), name="y")
    step = tf.cast(v1.train.get_global_step(), tf.float32)
    outputs = {
        "serving_default": estimator.export.PredictOutput({"y": y}),
        "step": estimator.export.PredictOutput(y + step),
        "text": estimator.export.ClassificationOutput(scores=y),
    }
    return estimator.EstimatorSpec(mode, {"y": y, "step": step}, export_outputs=outputs)


def with_scaffold(features, labels, mode):
    """Return a spec whose saver restores averages."""
    w = v1.get_variable("w", [2, 1])
    scaffold = v1.train.Scaffold(saver=v1.train.Saver({"w/ExponentialMovingAverage": w}))
    return estimator.EstimatorSpec(mode, tf.matmul(features["x"], w), scaffold=scaffold)


def with_more(features, labels, mode):
    """Return a spec of a variable that was not saved."""
    return estimator.EstimatorSpec(mode, features["x"] * v1.get_variable("absent", []))


def with_python(features, labels, mode):
    """Return a spec that calls Python."""
    return estimator.EstimatorSpec(mode, v1.py_func(np.sin, [features["x"]], tf.float32))


def said(make):
    """Return the error that a call raises."""
    try:
        make()
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def main(home, folder):
    """Do it all."""
    module = tf2_bridge.estimator_module(model_fn, receiver_fn, folder, params={"scale": 2.0})
    found = {
        "values": np.ravel(module({"x": X})["y"]).tolist(),
        "one": np.ravel(module(X)["y"]).tolist(),
        "step": float(module(X)["step"]),
        "signatures": sorted(module.signatures),
        "signature": np.ravel(module.signatures["step"](tf.constant(X))["output"]).tolist(),
        "variables": sorted(one.name for one in module.graph_variables),
        "before": module.export_dir,
    }
    with module.export(os.path.join(home, "exports"), {"notes/a": __file__}, as_text=False):
        tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
    found["exported"] = os.path.basename(module.export_dir)
    found["files"] = sorted(os.listdir(module.export_dir))
    with tf.Graph().as_default(), v1.Session() as session:
        meta = v1.saved_model.load(session, ["serve"], module.export_dir)
        found["loaded"] = np.ravel(session.run("y:0", {"input_x:0": X})).tolist()
        found["methods"] = {k: s.method_name for k, s in sorted(meta.signature_def.items())}
    again = tf2_bridge.estimator_module(model_fn, two_receivers, tf.train.latest_checkpoint(folder))
    found["default"] = np.ravel(again({"x": X})["y"]).tolist()
    found["fed"] = np.ravel(again({"x": X, "more": 0.0})["y"]).tolist()

    # what a migrated Saver writes
    objects = os.path.join(home, "objects", "model.ckpt-9")
    values = {"w": tf.Variable([[1.0], [1.0]]), "global_step": tf.Variable(9, dtype=tf.int64)}
    tf.train.Checkpoint(variables=values).write(objects)
    v1.train.update_checkpoint_state(os.path.dirname(objects), objects)
    other = tf2_bridge.estimator_module(model_fn, receiver_fn, os.path.dirname(objects))
    found["objects"] = np.ravel(other(X)["y"]).tolist()
    config = estimator.RunConfig(model_dir=os.path.dirname(objects))
    configured = tf2_bridge.estimator_module(model_fn, receiver_fn, None, config=config)
    found["configured"] = float(configured(X)["step"])

    def unsaved():
        with module.export(os.path.join(home, "nothing")):
            os.makedirs(module.export_dir)

    def given(function, *more):
        return lambda: tf2_bridge.estimator_module(function, receiver_fn, *(more or (folder,)))

    found["refused"] = [
        said(one)
        for one in (
            given(model_fn, os.path.join(home, "absent")),
            given(with_scaffold),
            given(with_more),
            given(with_python),
            given(None),
            lambda: tf2_bridge.estimator_module(model_fn, None, folder),
            lambda: again(X),
            lambda: again({"z": X}),
            unsaved,
        )
    ]
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
