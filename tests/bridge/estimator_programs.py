"""An Estimator that goes on training in a folder, on TensorFlow 1.15 or with the bridge on 2.21.

``python estimator_programs.py OUT FOLDER STEPS [--refusals]`` trains and writes ``OUT``.
"""

import json
import os
import sys

import numpy as np
import tensorflow

if tensorflow.__version__.startswith("1."):
    import tensorflow as tf

    estimator = tf.estimator
else:
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    from tf2_bridge import estimator, tpu


def model_fn(features, labels, mode):
    """Train one matrix with an optimizer that has slots."""
    w = tf.get_variable("w", [3, 2], initializer=tf.constant_initializer(0.25))
    y = tf.tanh(tf.matmul(features, w))
    if mode == estimator.ModeKeys.PREDICT:
        return estimator.EstimatorSpec(mode, predictions={"y": y})
    loss = tf.losses.mean_squared_error(labels, y)
    metrics = {"error": tf.metrics.mean_absolute_error(labels, y)}
    step = tf.train.get_global_step()
    train_op = tf.train.AdamOptimizer(0.05).minimize(loss, step)
    return estimator.EstimatorSpec(mode, loss=loss, train_op=train_op, eval_metric_ops=metrics)


def run(out, folder, steps):
    """Train for ``steps`` more and store the variables and the metrics."""
    rng = np.random.RandomState(0)
    x, y = rng.randn(20, 3).astype("f4"), rng.rand(20, 2).astype("f4")
    model = estimator.Estimator(model_fn, folder)
    batches = estimator.inputs.numpy_input_fn(x, y, 20, None, shuffle=False)
    model.train(batches, steps=steps)
    found = {name: model.get_variable_value(name) for name in model.get_variable_names()}
    found.update(model.evaluate(estimator.inputs.numpy_input_fn(x, y, 7, shuffle=False)))
    np.savez(out, **{name.replace("/", "."): value for name, value in found.items()})


def refusals():
    """Yield what is said where something cannot be done."""

    def said(function, *args, **options):
        try:
            function(*args, **options)
        except (TypeError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return "nothing"

    model = estimator.Estimator(model_fn, "nowhere")
    yield said(model.train, None, steps=1, max_steps=2)
    yield said(model.train, None, steps=0)
    yield said(model.export_saved_model, "d", lambda: None)
    yield said(model.export_saved_model, "d", None)
    yield said(model.get_variable_names)
    yield said(model.train, None, hooks=["hook"])
    yield said(estimator.Estimator, lambda x: None)
    yield said(estimator.Estimator, model_fn, params={})
    yield said(estimator.Estimator, model_fn, "a", estimator.RunConfig("b"))
    yield said(estimator.RunConfig, save_checkpoints_secs=1, save_checkpoints_steps=1)
    yield said(estimator.RunConfig().replace, master="x")
    yield said(estimator.EstimatorSpec, "train")
    yield said(estimator.EstimatorSpec, "infer")
    yield said(estimator.inputs.numpy_input_fn, np.ones(3))
    yield said(estimator.inputs.numpy_input_fn({"a": np.ones(3)}, np.ones(2), shuffle=False))
    yield said(estimator.EvalSpec, model_fn, exporters=["e"])
    if "tf2_bridge" in sys.modules:
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": ["a:1", "b:1"]}})
        yield said(estimator.RunConfig)
        del os.environ["TF_CONFIG"]
        yield said(estimator.RunConfig, train_distribute="mirrored")
        yield said(tpu.TPUEstimator, model_fn)
        yield said(estimator.DNNClassifier, [2], [], batch_norm=True)


if __name__ == "__main__":
    if sys.argv[4:]:
        with open(sys.argv[1] + ".json", "w") as stream:
            json.dump(list(refusals()), stream)
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
