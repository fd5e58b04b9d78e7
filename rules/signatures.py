"""Signature helpers that are not part of a rewritten export."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM301",
    "signature-def",
    safety=Safety.REVIEW,
    apis=(
        "tf.saved_model.build_signature_def",
        "tf.saved_model.predict_signature_def",
        "tf.saved_model.classification_signature_def",
        "tf.saved_model.regression_signature_def",
        "tf.saved_model.is_valid_signature",
    ),
    bind=False,
    also={"TFM302": "tensor-info: A TensorInfo proto becomes the tensor it describes."},
)
def signature_def(use: Use) -> Rewrite | Keep | Manual | None:
    """Turn a signature proto that goes into an export into plain dicts of tensors.

    ## What it does

    `build_signature_def`, `predict_signature_def`, `classification_signature_def` and
    `regression_signature_def` become `(inputs, outputs)` or `(inputs, outputs, method name)`, and
    `build_tensor_info(x)` becomes `x`, where the result provably goes into a rewritten export and
    nowhere else.  This is done together with the export (TFM102).  Everywhere else the helper
    stays: tensorflow.compat.v1 still has it, and a rewritten export takes its protos, too.

    ## Why

    TensorFlow 2 describes a signature by a function's inputs and outputs; protos with tensor names
    are what its loader makes of them.

    ## Example

    ```python
    import tensorflow as tf

    def export(sess, path, x, y):
        builder = tf.saved_model.builder.SavedModelBuilder(path)
        builder.add_meta_graph_and_variables(
            sess, [tf.saved_model.tag_constants.SERVING],
            signature_def_map={
                "serving_default": tf.saved_model.signature_def_utils.build_signature_def(
                    inputs={"x": tf.saved_model.utils.build_tensor_info(x)},
                    outputs={"y": tf.saved_model.utils.build_tensor_info(y)},
                    method_name=tf.saved_model.signature_constants.PREDICT_METHOD_NAME)})
        builder.save()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    def export(sess, path, x, y):
        builder = tf2_bridge.SessionModule(path)
        builder.add_session(
            sess,
            signatures={
                "serving_default": (
                    {"x": x},
                    {"y": y})})
        with builder:
            tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
    ```

    ## Safety

    Review, with the export it belongs to: the same keys, tensors and method name reach the
    exported model.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/saved_model/build_signature_def>
    """
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1, because its result goes elsewhere than"
        " straight into a rewritten export of this file; a rewritten export takes the proto as"
        " well."
    )


@rule(
    "TFM303",
    "tensor-info-proto",
    safety=Safety.REVIEW,
    apis=(
        "tf.saved_model.build_tensor_info",
        "tf.saved_model.get_tensor_from_tensor_info",
        "tf.TensorInfo",
    ),
    bind=False,
)
def tensor_info(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep a TensorInfo proto whose way into an export cannot be followed.

    ## What it does

    Nothing to the code: `build_tensor_info` still exists on tensorflow.compat.v1, and
    `tf2_bridge.SessionModule` accepts signatures made of TensorInfo protos; it looks the tensors
    up by the names they hold.

    ## Why

    Protos filled in a loop, or handed through a function, cannot be replaced by tensors without
    knowing every place that reads them.

    ## Example

    ```python
    import tensorflow as tf

    def describe(tensors):
        return {name: tf.saved_model.utils.build_tensor_info(t) for name, t in tensors.items()}
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()

    def describe(tensors):
        return {name: tf.saved_model.utils.build_tensor_info(t) for name, t in tensors.items()}
    ```

    ## Safety

    Nothing changes here.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/saved_model/build_tensor_info>
    """
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1; a rewritten export takes TensorInfo"
        " protos as well as tensors."
    )
