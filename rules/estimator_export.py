"""Estimator exports, and builders that come from elsewhere: told by method names."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM601",
    "estimator-export",
    safety=Safety.MANUAL,
    apis=(),
    methods=("export_savedmodel", "export_saved_model"),
    bind=False,
)
def estimator_export(use: Use) -> Rewrite | Keep | Manual | None:
    """Report exports of an Estimator, which left TensorFlow in version 2.16.

    ## What it does

    Reports the call and what to write instead.

    ## Why

    Estimators left TensorFlow in 2.16, and the tensorflow-estimator package does not import on
    2.21.

    ## Example

    ```python
    import tensorflow as tf

    def export(estimator, receiver_fn):
        estimator.export_savedmodel("export", receiver_fn)
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def export(estimator, receiver_fn):
        estimator.export_savedmodel("export", receiver_fn)
    ```

    ## Safety

    Manual: nothing is changed.

    ## References

    - <https://www.tensorflow.org/guide/migrate/migrating_estimator>
    """
    return Manual(
        f"An Estimator's `{use.symbol.raw}`: left as it is; Estimators left TensorFlow in 2.16.",
        "Build the PREDICT branch of its model_fn in a tf.compat.v1 graph on the receiver's"
        " placeholders, restore the Estimator's checkpoint with a Saver, and export that session"
        " (tf.saved_model.save through tf2_bridge.session_module does it).",
    )


@rule(
    "TFM105",
    "builder-from-elsewhere",
    safety=Safety.MANUAL,
    apis=(),
    methods=("add_meta_graph_and_variables",),
    bind=False,
)
def builder_from_elsewhere(use: Use) -> Rewrite | Keep | Manual | None:
    """Report an `add_meta_graph_and_variables` on a builder that this file does not make.

    ## What it does

    Reports the call: the builder is a parameter, comes from another file, or is used in a way
    that the builder's own rule (TFM102) could not follow.

    ## Why

    A builder and its calls are rewritten together or not at all.

    ## Example

    ```python
    import tensorflow as tf

    def add(builder, sess, signatures):
        builder.add_meta_graph_and_variables(sess, ["serve"], signatures)
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def add(builder, sess, signatures):
        builder.add_meta_graph_and_variables(sess, ["serve"], signatures)
    ```

    ## Safety

    Manual: nothing is changed.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/saved_model/Builder>
    """
    return Manual(
        "add_meta_graph_and_variables: left as it is, because its builder is not rewritten here.",
        "Construct the builder, add to it and save it in one function, then run the migration"
        " again; until then it runs on tensorflow.compat.v1.",
    )
