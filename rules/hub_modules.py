"""TF1 Hub: modules in a graph, and the specs that they are made of."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, expression, rule

#: what TF1 Hub has -> what the bridge has
_BRIDGED = {
    "tf.hub.Module": "HubModule",
    "tf.hub.ModuleSpec": "HubModuleSpec",
    "tf.hub.add_signature": "add_signature",
    "tf.hub.create_module_spec": "create_module_spec",
    "tf.hub.create_module_spec_from_saved_model": "load_module_spec",
    "tf.hub.load_module_spec": "load_module_spec",
    "tf.hub.get_expected_image_size": "get_expected_image_size",
    "tf.hub.get_num_image_channels": "get_num_image_channels",
}
_IN_ITS_PLACE = {
    "tf.hub.eval_function_for_module": "Make the module in a graph of your own:\n\n"
    "    with tf.Graph().as_default(), tf.Session() as sess:\n"
    "        module = tf2_bridge.HubModule(spec, tags=tags)\n"
    "        outputs = module(inputs)\n"
    "        sess.run([tf.global_variables_initializer(), tf.tables_initializer()])\n"
    "        sess.run(outputs)",
    "tf.hub.attach_message": "Keep what the message says in a file beside the module, or in a"
    " constant of a signature: a SavedModel of TensorFlow 2 has no attached messages.",
    "tf.hub.attach_image_module_info": "Give the placeholder of `images` its height and width:"
    " `tf2_bridge.get_expected_image_size` takes them from there.",
}


def _moved(use: Use, message: str) -> Rewrite | Keep | Manual | None:
    """Return the rewrite of a reference to what the bridge has."""
    name = use.symbol.name
    if use.aliased:
        return Keep(f"{name.partition('.')[2]}: follows the assignment that it is named by.")
    return Rewrite(
        message,
        {use.cst(use.node): expression(f"tf2_bridge.{_BRIDGED[name]}")},
        parts=frozenset({"hub_module"}),
    )


@rule(
    "TFM611",
    "hub-module",
    safety=Safety.REVIEW,
    apis=("tf.hub.Module",),
    references=True,
    bind=False,
)
def hub_module(use: Use) -> Rewrite | Keep | Manual | None:
    """Take `hub.Module` from the bridge, which exports reusable SavedModels.

    ## What it does

    `hub.Module` becomes `tf2_bridge.HubModule`.  Its calls, `export`, `variable_map`,
    `get_signature_names` and the rest stay as they are.  It takes a spec, a folder or an address,
    and in them modules of TF1 Hub, SavedModels of TensorFlow 1 and SavedModels of TensorFlow 2.
    `export` writes a reusable SavedModel.  An import of `tensorflow_hub` that nothing needs any
    more is dropped.

    ## Why

    No release of tensorflow-hub has `hub.Module` and runs on TensorFlow 2.21: 0.15 and earlier
    fail when they are imported, because TensorFlow has no Estimators any more, and 0.16 dropped
    it.  What `export` wrote, TF1's Hub format, cannot be fine-tuned by `hub.KerasLayer`.

    ## Example

    ```python
    import tensorflow as tf
    import tensorflow_hub as hub

    def embed(handle, sentences, path):
        module = hub.Module(handle, trainable=True, tags={"train"})
        embeddings = module(sentences)
        with tf.Session() as sess:
            sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
            module.export(path, sess)
            return sess.run(embeddings)
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    def embed(handle, sentences, path):
        module = tf2_bridge.HubModule(handle, trainable=True, tags={"train"})
        embeddings = module(sentences)
        with tf.Session() as sess:
            sess.run([tf.global_variables_initializer(), tf.tables_initializer()])
            module.export(path, sess)
            return sess.run(embeddings)
    ```

    Without a session, such a module is an object:

    ```
    module = hub.load(path)                # tensorflow-hub 0.16.1; a SavedModel of TensorFlow 2
    embeddings = module(sentences)         # module(sentences, training=True) for tags={"train"}
    outputs = module.signatures["named"](text=sentences)
    layer = hub.KerasLayer(path, trainable=True)
    ```

    ## Safety

    Review: names of variables, collections, outputs and gradients are those of TF1 Hub (compared
    with tensorflow-hub 0.12 on 1.15.5).  The export is loaded by `hub.load`,
    `tf.saved_model.load`, `hub.KerasLayer(trainable=True)` and the loaders of sessions, and no
    longer by the `hub.Module` of TensorFlow 1.  It has `__call__` for the signature `default`,
    `variables`, `trainable_variables`, `regularization_losses` and the `signatures`; further tag
    sets are in `variants`, and `train` is what `training=True` runs.  The updates of batch
    normalization (`UPDATE_OPS`) are not in it, gradients through loops of TensorFlow 1 neither.
    An address is resolved by the package tensorflow-hub, which is then a requirement.

    ## References

    - <https://www.tensorflow.org/hub/reusable_saved_models>
    - <https://www.tensorflow.org/hub/migration_tf2>
    """
    return _moved(
        use,
        "The module is the bridge's, in the graph and under the names that it had; its `export`"
        " writes a reusable SavedModel of TensorFlow 2.",
    )


@rule(
    "TFM612",
    "hub-module-spec",
    safety=Safety.REVIEW,
    apis=(*(name for name in _BRIDGED if name != "tf.hub.Module"), *_IN_ITS_PLACE),
    references=True,
    bind=False,
)
def hub_module_spec(use: Use) -> Rewrite | Keep | Manual | None:
    """Take `hub.create_module_spec` and its like from the bridge.

    ## What it does

    `create_module_spec`, `add_signature`, `load_module_spec`,
    `create_module_spec_from_saved_model`, `get_expected_image_size` and `get_num_image_channels`
    become the functions of the same names in `tf2_bridge`.  `attach_message`,
    `attach_image_module_info` and `eval_function_for_module` are reported, with what to do.

    ## Why

    As for `hub.Module`: tensorflow-hub 0.16 dropped them, and earlier ones do not run on 2.21.

    ## Example

    ```python
    import tensorflow as tf
    import tensorflow_hub as hub

    def module_fn():
        x = tf.placeholder(tf.float32, [None, 4])
        w = tf.get_variable("w", [4, 3])
        hub.add_signature(inputs=x, outputs=tf.matmul(x, w))

    def export(path, checkpoint):
        hub.create_module_spec(module_fn).export(path, checkpoint_path=checkpoint)
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    def module_fn():
        x = tf.placeholder(tf.float32, [None, 4])
        w = tf.get_variable("w", [4, 3])
        tf2_bridge.add_signature(inputs=x, outputs=tf.matmul(x, w))

    def export(path, checkpoint):
        tf2_bridge.create_module_spec(module_fn).export(path, checkpoint_path=checkpoint)
    ```

    ## Safety

    Review: the graphs are built by the same functions in the same way; what is exported of them
    is a SavedModel of TensorFlow 2, as `TFM611` says.

    ## References

    - <https://www.tensorflow.org/hub/tf1_hub_module>
    """
    name = use.symbol.name
    recipe = _IN_ITS_PLACE.get(name)
    if recipe is not None:
        return Manual(
            f"{name.partition('.')[2]}: left as it is, because TensorFlow 2 has nothing in its"
            " place.",
            recipe,
        )
    return _moved(use, f"{name.partition('.')[2]} is in the bridge.")
