"""Estimators that nothing takes the place of: what to write instead."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, bridged_estimator, rule

_MODEL_FN = (
    "def model_fn(features, labels, mode, params): {graph}; predictions = {{{predictions}}}; if"
    " mode == 'infer': return tf2_bridge.estimator.EstimatorSpec(mode, predictions,"
    " export_outputs={{'serving_default':"
    " tf2_bridge.estimator.export.PredictOutput(predictions)}}); loss = {loss}; train_op ="
    " {optimizer}.minimize(loss, tf.train.get_global_step()); return"
    " tf2_bridge.estimator.EstimatorSpec(mode, predictions, loss, train_op,"
    " eval_metric_ops={{{metrics}}}). Then tf2_bridge.estimator.Estimator(model_fn, model_dir,"
    " config, params) takes the estimator's place: train, evaluate, predict and"
    " export_saved_model are called as before."
)
_CLASSES = {
    "predictions": "'logits': logits, 'probabilities': tf.nn.softmax(logits)",
    "loss": "tf.losses.sparse_softmax_cross_entropy(labels, logits, reduction='weighted_sum')",
    "metrics": "'accuracy': tf.metrics.accuracy(labels, tf.argmax(logits, 1))",
}
_VALUES = {
    "predictions": "'predictions': logits",
    "loss": "tf.losses.mean_squared_error(labels, logits, reduction='weighted_sum')",
    "metrics": "'average_loss': tf.metrics.mean_squared_error(labels, logits)",
}
_GRAPHS = {
    "Linear": (
        "logits = tf.feature_column.linear_model(features, feature_columns, units=n)",
        "tf.train.FtrlOptimizer(min(0.2, 1 / len(feature_columns) ** 0.5))",
    ),
    "DNNLinearCombined": (
        "logits = tf.feature_column.linear_model(features, linear_columns, units=n) plus the dense"
        " layers over tf.feature_column.input_layer(features, dnn_columns), each part with an"
        " optimizer of its own over its variables",
        "tf.train.AdagradOptimizer(0.05)",
    ),
    "DNN": (
        "net = tf.feature_column.input_layer(features, feature_columns); for units in hidden_units:"
        " net = tf.layers.dense(net, units, tf.nn.relu); logits = tf.layers.dense(net, n)",
        "tf.train.AdagradOptimizer(0.05)",
    ),
    "Baseline": (
        "logits = tf.tile(tf.get_variable('bias', [1, n]), [tf.shape(labels)[0], 1])",
        "tf.train.FtrlOptimizer(0.3)",
    ),
}
_TREES = (
    "Gradient boosted trees have no successor in TensorFlow: train them with the package ydf"
    " (Yggdrasil Decision Forests), ydf.GradientBoostedTreesLearner(label=...).train(data), whose"
    " model.to_tensorflow_saved_model(path) writes a SavedModel of the same use; an existing"
    " model keeps serving as the SavedModel that TensorFlow 1 exported."
)
_EXPERIMENT = (
    "train_spec = tf2_bridge.estimator.TrainSpec(train_input_fn, max_steps=train_steps);"
    " eval_spec = tf2_bridge.estimator.EvalSpec(eval_input_fn, steps=eval_steps,"
    " exporters=[tf2_bridge.estimator.LatestExporter('exporter', serving_input_receiver_fn)]);"
    " tf2_bridge.estimator.train_and_evaluate(estimator, train_spec, eval_spec)."
)
_LEARN = (
    "estimator = tf2_bridge.estimator.Estimator(model_fn, model_dir), with"
    " estimator.train(input_fn, steps=n) for fit. Let model_fn return"
    " tf2_bridge.estimator.EstimatorSpec(mode, predictions, loss, train_op, eval_metric_ops) in"
    " the place of ModelFnOps or a tuple, and input_fn give features and labels:"
    " tf2_bridge.estimator.inputs.numpy_input_fn(x, y, shuffle=True)."
)
_RUN_CONFIG = (
    "config = tf2_bridge.estimator.RunConfig(model_dir, tf_random_seed=1,"
    " save_checkpoints_secs=600, keep_checkpoint_max=5, session_config=tf.ConfigProto(...)): GPU"
    " and device settings of the old one are those of session_config."
)
_METRICS = (
    "def with_metrics(features, labels, mode, params): spec = model_fn(features, labels, mode,"
    " params); return spec._replace(eval_metric_ops={**spec.eval_metric_ops, **metric_fn(labels,"
    " spec.predictions)}), and give with_metrics to tf2_bridge.estimator.Estimator."
)
_OTHER = (
    "Write the graph as the model_fn of tf2_bridge.estimator.Estimator(model_fn, model_dir): it"
    " returns tf2_bridge.estimator.EstimatorSpec(mode, predictions, loss, train_op,"
    " eval_metric_ops)."
)
_RECIPES = {
    "Experiment": _EXPERIMENT,
    "run": _EXPERIMENT,
    "InMemoryEvaluatorHook": _EXPERIMENT,
    "make_export_strategy": _EXPERIMENT,
    "RunConfig": _RUN_CONFIG,
    "Estimator": _LEARN,
    "ModelFnOps": _LEARN,
    "MetricSpec": "eval_metric_ops={'accuracy': tf.metrics.accuracy(labels, predictions)} in the"
    " EstimatorSpec that model_fn returns.",
    "add_metrics": _METRICS,
    "forward_features": "Put the feature into the predictions of model_fn's EstimatorSpec:"
    " predictions={**predictions, 'key': features['key']}.",
    "ModeKeys": "Write the strings 'train', 'eval' and 'infer'.",
}
_PARSE_SPEC = (
    "feature_spec = {**tf.feature_column.make_parse_example_spec(feature_columns), label_key:"
    " tf.FixedLenFeature([1], tf.int64)}; for a regressor the label is tf.float32."
)
_RECIPES["classifier_parse_example_spec"] = _RECIPES["regressor_parse_example_spec"] = _PARSE_SPEC


def _recipe(name: str) -> str:
    """Return what to write in the place of a symbol."""
    last = next((part for part in name.split(".") if part in _RECIPES), name.rpartition(".")[2])
    if last in _RECIPES:
        return _RECIPES[last]
    if "BoostedTrees" in last or "boosted_trees" in name or "GradientBoosted" in last:
        return _TREES
    for start, (graph, optimizer) in _GRAPHS.items():
        if last.startswith(start):
            head = _VALUES if last.endswith("Regressor") else _CLASSES
            return _MODEL_FN.format(graph=graph, optimizer=optimizer, **head)
    return _OTHER


@rule(
    "TFM606",
    "estimator-without-successor",
    safety=Safety.MANUAL,
    apis=(
        "tf.estimator.*",
        "tf.contrib.estimator.*",
        "tf.python.estimator.*",
        "tf.contrib.boosted_trees.*",
        *(
            f"tf.contrib.learn.{name}"
            for name in (
                *("DNNClassifier", "DNNEstimator", "DNNRegressor", "LinearClassifier"),
                *("LinearEstimator", "LinearRegressor", "DNNLinearCombinedClassifier"),
                *("DNNLinearCombinedEstimator", "DNNLinearCombinedRegressor", "Estimator"),
                *("Experiment", "MetricSpec", "ModelFnOps", "RunConfig", "ModeKeys"),
                *("learn_runner.run", "utils.make_export_strategy"),
                "utils.saved_model_export_utils.make_export_strategy",
                "python.learn.learn_runner.run",
            )
        ),
    ),
    references=True,
    bind=False,
)
def estimator_without_successor(use: Use) -> Rewrite | Keep | Manual | None:
    """Report estimators that the bridge does not have, with the code to write instead.

    ## What it does

    Reports canned estimators, heads, boosted trees, `tf.contrib.estimator` and the estimators,
    experiments and configurations of `tf.contrib.learn`, each with the shape of the code that takes
    its place.

    ## Why

    Estimators left TensorFlow in 2.16.  Those with a `model_fn` run on the bridge's (TFM605); of
    the others, the graph that they make has to be written down as a `model_fn` first.

    ## Example

    ```python
    import tensorflow as tf

    def make(columns):
        return tf.estimator.BoostedTreesClassifier(columns, n_batches_per_layer=1)
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def make(columns):
        return tf.estimator.BoostedTreesClassifier(columns, n_batches_per_layer=1)
    ```

    ## Safety

    Manual: nothing is changed.

    ## References

    - <https://www.tensorflow.org/guide/migrate/canned_estimators>
    """
    name = use.symbol.name
    if bridged_estimator(name) is not None and use.context.move:
        return None
    if bridged_estimator(name) is not None:
        return Manual(
            f"{use.symbol.spelled}: left as it is, because its program does not move to TensorFlow"
            " 2.",
            "Let the program that uses it move (its other findings say what holds it back), then"
            f" write tf2_bridge.{bridged_estimator(name)}.",
        )
    return Manual(f"{use.symbol.spelled} does not exist in TensorFlow 2.21.", _recipe(name))
