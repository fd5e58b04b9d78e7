"""Estimator exports: told by method names."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, bridged_estimator, rule

#: What exports that the bridge does not have.
_RECIPE = (
    "Export from a session: with tf.Graph().as_default(): receiver = serving_input_receiver_fn();"
    " spec = model_fn(receiver.features, None, 'infer', params); with tf.Session() as sess:"
    " tf.train.Saver().restore(sess, tf.train.latest_checkpoint(model_dir)); module ="
    " tf2_bridge.session_module(sess, export_dir, receiver.receiver_tensors, spec.predictions);"
    " with module: tf.saved_model.save(module, module.export_dir, signatures=module.signatures)."
    " Of an estimator without a model_fn, write the graph that it made in the place of model_fn."
)


@rule(
    "TFM601",
    "estimator-export",
    safety=Safety.REVIEW,
    apis=(),
    methods=("export_savedmodel", "export_saved_model"),
    bind=False,
)
def estimator_export(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep the export of an Estimator of the bridge, and report others.

    ## What it does

    Nothing to the call.  The migrated program's Estimators are those of `tf2_bridge` (TFM605),
    whose `export_savedmodel` and `export_saved_model` take the same arguments and return the same
    folder; a program that does nothing else with its Estimator leaves its session (TFM605).  In a
    file whose estimators the bridge does not have, and in a program that does not
    move, the call is reported.

    ## Why

    Estimators left TensorFlow in 2.16, and the tensorflow-estimator package does not import on
    2.21.

    ## Example

    ```python
    import tensorflow as tf

    def export(model_fn, receiver_fn):
        estimator = tf.estimator.Estimator(model_fn, "model")
        return estimator.export_savedmodel("export", receiver_fn)
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    def export(model_fn, receiver_fn):
        estimator = tf2_bridge.estimator.Estimator(model_fn, "model")
        return estimator.export_savedmodel("export", receiver_fn)
    ```

    ## Safety

    Review: what the kept call writes is a SavedModel of TensorFlow 2, with the signature keys,
    method names, tags and tensor names that TensorFlow 1 gave it.  Run the checker on both.

    ## References

    - <https://www.tensorflow.org/guide/migrate/migrating_estimator>
    """
    method = use.symbol.raw
    lost = next((name for name in _estimators(use) if not bridged_estimator(name)), None)
    kept = any(bridged_estimator(name) for name in _estimators(use))
    if use.context.move and use.context.held is None and (kept or lost is None):
        return Keep(
            f"`{method}`: stays; an Estimator of the bridge has it and writes a SavedModel of"
            " TensorFlow 2 with the same signatures to a folder of the same name.",
            needs_v1=False,
        )
    why = f"the bridge has no {lost}" if lost and not kept else "its program does not move"
    return Manual(
        f"An Estimator's `{method}`: left as it is, because {why}; Estimators left TensorFlow in"
        " 2.16.",
        _RECIPE,
    )


def _estimators(use: Use) -> list[str]:
    """Return the symbols of the file that construct an estimator."""
    return [
        symbol.name
        for _, symbol in use.shared["references"]
        if symbol.name.rpartition(".")[2].endswith(("Estimator", "Classifier", "Regressor"))
        and symbol.name.startswith(
            ("tf.estimator.", "tf.contrib.learn.", "tf.contrib.tpu.", "tf.python.estimator.")
        )
    ]
