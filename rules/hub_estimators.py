"""TF1 Hub: what belongs to Estimators and their feature columns."""

from __future__ import annotations

import ast

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM613",
    "hub-exporter",
    safety=Safety.MANUAL,
    apis=("tf.hub.LatestModuleExporter", "tf.hub.register_module_for_export"),
    bind=False,
)
def hub_exporter(use: Use) -> Rewrite | Keep | Manual | None:
    """Report exporters of TF1 Hub, which export from an Estimator.

    ## What it does

    Reports `hub.LatestModuleExporter` and `hub.register_module_for_export`, with the code that
    exports the module from a checkpoint.

    ## Why

    TensorFlow 2.21 has no Estimators, and tensorflow-hub 0.16 has no exporters for them.

    ## Example

    ```python
    import tensorflow as tf
    import tensorflow_hub as hub

    def exporter(serving_input_fn):
        return hub.LatestModuleExporter("tf_hub", serving_input_fn)
    ```

    ## Use instead

    ```python
    import tensorflow as tf
    import tensorflow_hub as hub

    def exporter(serving_input_fn):
        return hub.LatestModuleExporter("tf_hub", serving_input_fn)
    ```

    ## Safety

    Manual: nothing is changed.

    ## References

    - <https://www.tensorflow.org/hub/reusable_saved_models>
    """
    name = "export_name"
    if use.call is not None:
        given = {keyword.arg: keyword.value for keyword in use.call.keywords}
        found = given.get("export_name", use.call.args[1] if len(use.call.args) > 1 else None)
        if use.symbol.name.endswith("register_module_for_export") and found is not None:
            name = ast.unparse(found)
    return Manual(
        f"{use.symbol.name.partition('.')[2]}: left as it is, because it exports from an Estimator,"
        " which TensorFlow 2.21 does not have.",
        "Export the module after training, from the checkpoint that it is in:\n\n"
        "    with tf.Graph().as_default(), tf.Session() as sess:\n"
        "        module = tf2_bridge.HubModule(spec)  # made by the code that calls model_fn\n"
        "        names = {'module/' + name: v for name, v in module.variable_map.items()}\n"
        "        tf.train.Saver(names).restore(sess, tf.train.latest_checkpoint(model_dir))\n"
        "        sess.run(tf.tables_initializer())\n"
        f"        module.export(os.path.join(export_dir, {name}), sess)",
    )


@rule(
    "TFM614",
    "hub-feature-column",
    safety=Safety.MANUAL,
    apis=(
        "tf.hub.text_embedding_column",
        "tf.hub.sparse_text_embedding_column",
        "tf.hub.image_embedding_column",
    ),
    bind=False,
)
def hub_feature_column(use: Use) -> Rewrite | Keep | Manual | None:
    """Report feature columns of TF1 Hub, which no release for TensorFlow 2.21 has.

    ## What it does

    Reports `hub.text_embedding_column`, `hub.sparse_text_embedding_column` and
    `hub.image_embedding_column`, with the module that computes what the column did.

    ## Why

    tensorflow-hub 0.16 has no feature columns, and earlier releases cannot be imported.

    ## Example

    ```python
    import tensorflow as tf
    import tensorflow_hub as hub

    def columns(handle):
        return [hub.text_embedding_column("sentence", handle)]
    ```

    ## Use instead

    ```python
    import tensorflow as tf
    import tensorflow_hub as hub

    def columns(handle):
        return [hub.text_embedding_column("sentence", handle)]
    ```

    ## Safety

    Manual: nothing is changed.

    ## References

    - <https://www.tensorflow.org/hub/migration_tf2>
    """
    key, spec = "key", "module_spec"
    if use.call is not None:
        given = {keyword.arg: keyword.value for keyword in use.call.keywords}
        names = ("key", "module_spec")
        found = {**dict(zip(names, use.call.args, strict=False)), **given}
        key, spec = (ast.unparse(found[n]) if n in found else n for n in names)
    return Manual(
        f"{use.symbol.name.partition('.')[2]}: left as it is, because no tensorflow-hub that runs"
        " on TensorFlow 2.21 has feature columns.",
        "Compute the column where the input layer is made, and join it to what the other columns"
        " give:\n\n"
        f"    embedded = tf2_bridge.HubModule({spec})(features[{key}])\n"
        "    net = tf.concat([tf.feature_column.input_layer(features, others), embedded], 1)\n\n"
        "In Keras, the layer `hub.KerasLayer` of tensorflow-hub 0.16.1 does so.",
    )
