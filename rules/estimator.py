"""Estimators: the classes and functions that the bridge has."""

from __future__ import annotations

import ast

from migrator.rule import (
    ESTIMATORS,
    Keep,
    Manual,
    Rewrite,
    Safety,
    Use,
    bridged_estimator,
    expression,
    rule,
)

_CANNED = ("estimator.DNN", "estimator.Linear")
#: These are strings, which need no class; programs without an Estimator use them, too.
_LEARN_MODES = {
    "tf.contrib.learn.ModeKeys.TRAIN": "train",
    "tf.contrib.learn.ModeKeys.EVAL": "eval",
    "tf.contrib.learn.ModeKeys.INFER": "infer",
}


@rule(
    "TFM605",
    "estimator",
    safety=Safety.REVIEW,
    apis=(*ESTIMATORS, *(f"{name}.*" for name in ESTIMATORS), *_LEARN_MODES),
    references=True,
    bind=False,
)
def estimator(use: Use) -> Rewrite | Keep | Manual | None:
    """Take Estimators from the bridge, which runs them on TensorFlow 2.

    ## What it does

    `tf.estimator.Estimator`, `EstimatorSpec`, `ModeKeys`, `RunConfig`, `TrainSpec`, `EvalSpec`,
    `train_and_evaluate`, the exporters, the receivers and outputs of `tf.estimator.export`,
    `tf.estimator.inputs`, the hooks for early stopping, the canned linear, DNN and combined
    classifiers and regressors and, for programs that run it with `use_tpu=False`,
    `tf.contrib.tpu.TPUEstimator`, become those of `tf2_bridge`.  The `model_fn`,
    the `input_fn` and all calls stay.  A mode of `tf.contrib.learn.ModeKeys` becomes the string
    that it is.

    A program that makes an Estimator only to export it needs no session: with `--tier auto` or
    `native`, constructor and export become `tf2_bridge.estimator_module` and a
    `tf.saved_model.save`.  Others stay session programs, and the report says what keeps them.

    ## Why

    Estimators left TensorFlow in 2.16, and the tensorflow-estimator package does not import on
    2.21.  Graphs, sessions, hooks and metrics, of which they are made, are still there in
    `tensorflow.compat.v1`.

    ## Example

    ```python
    import tensorflow as tf

    def model_fn(features, labels, mode):
        y = features["x"] * tf.get_variable("w", [])
        if mode == tf.estimator.ModeKeys.PREDICT:
            return tf.estimator.EstimatorSpec(mode, predictions={"y": y})
        loss = tf.losses.mean_squared_error(labels, y)
        step = tf.train.get_global_step()
        train_op = tf.train.AdamOptimizer().minimize(loss, step)
        return tf.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)

    model = tf.estimator.Estimator(model_fn, "model")
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    def model_fn(features, labels, mode):
        y = features["x"] * tf.get_variable("w", [])
        if mode == tf2_bridge.estimator.ModeKeys.PREDICT:
            return tf2_bridge.estimator.EstimatorSpec(mode, predictions={"y": y})
        loss = tf.losses.mean_squared_error(labels, y)
        step = tf.train.get_global_step()
        train_op = tf.train.AdamOptimizer().minimize(loss, step)
        return tf2_bridge.estimator.EstimatorSpec(mode, loss=loss, train_op=train_op)

    model = tf2_bridge.estimator.Estimator(model_fn, "model")
    ```

    ## Safety

    Review: losses, metrics, predictions and exports, of canned estimators over 50 steps, were
    compared with TensorFlow 1.15 from the same weights.  Checkpoints stay name-based, because the
    graph that they are written in is finalized; TensorFlow 1.15's Estimator goes on from them, and
    this one from its.  It reads those of migrated Savers, too.  Exports become SavedModels of
    TensorFlow 2 with the same signatures.  Several processes (`TF_CONFIG`), distribution strategies
    and TPUs are refused when the program runs.

    ## References

    - <https://www.tensorflow.org/guide/migrate/migrating_estimator>
    """
    if not use.context.move:
        return None
    if _aliased(use):
        use.shared["answered"].add(use.node)  # where the name is bound, it is bound to the bridge's
        call = use.module.parents.get(use.node)
        if isinstance(call, ast.Call) and call.func is use.node and use.symbol.name in ESTIMATORS:
            return Keep(f"{use.symbol.name[3:]}: follows the assignment that it is named by.")
        return None
    name = use.symbol.name
    if name in _LEARN_MODES:
        return Rewrite(
            f"{use.symbol.spelled} left TensorFlow; it is the string {_LEARN_MODES[name]!r}.",
            {use.cst(use.node): expression(f'"{_LEARN_MODES[name]}"')},
        )
    found = bridged_estimator(name)
    if found is None:
        return None
    if _normalised(use):
        return Manual(
            f"{use.symbol.spelled}: the bridge's has no batch_norm=True.",
            "Write the network as a model_fn: in every hidden layer net = tf.layers.dense(net,"
            " units, tf.nn.relu), then net = tf.layers.batch_normalization(net, momentum=0.999,"
            " training=mode == 'train'); run tf.get_collection(tf.GraphKeys.UPDATE_OPS) with the"
            " train_op, and give model_fn to tf2_bridge.estimator.Estimator.",
        )
    return Rewrite(
        f"{use.symbol.spelled} is tf2_bridge.{found}: it runs on TensorFlow 2, keeps name-based"
        " checkpoints, and exports SavedModels of TensorFlow 2.",
        {use.cst(use.node): expression(f"tf2_bridge.{found}")},
        parts=frozenset({_part(found)}),
    )


def _normalised(use: Use) -> bool:
    """Whether a canned estimator is made here with batch normalization."""
    call = use.module.parents.get(use.node)
    return isinstance(call, ast.Call) and any(
        word.arg == "batch_norm"
        and not (isinstance(word.value, ast.Constant) and not word.value.value)
        for word in call.keywords
    )


def _part(found: str) -> str:
    """Return the part of the bridge that holds a name."""
    if found.startswith(_CANNED):
        return "canned_estimators"
    return "tpu_estimator" if found.startswith("tpu.") else "estimator"


def _aliased(use: Use) -> bool:
    """Whether the name here is one that an assignment of this file binds to what is rewritten."""
    at = use.node
    while isinstance(at, ast.Attribute):
        at = at.value
    if not isinstance(at, ast.Name):
        return False
    _, bindings = use.module.find(at.id, use.module.scope_of[at])
    values = [use.symbol_of(one.value) for one in bindings if one.value is not None]
    return any(value is not None and bridged_estimator(value) for value in values)
