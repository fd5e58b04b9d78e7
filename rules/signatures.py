"""Signature helpers that are not part of the rewrite of an export in the same place."""

from __future__ import annotations

from migrator.rule import ExportedProto, Keep, Manual, Rewrite, Safety, Use, rule

from ._signatures import SIGNATURES, TENSOR_INFO, plain_signature, plain_tensor


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
    nowhere else, through functions and files.  This is done together with the export (TFM102).
    Everywhere else the helper stays: tensorflow.compat.v1 still has it, and a rewritten export
    takes its protos, too.

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
    known = _exported(use)
    if known is not None and use.symbol.name in SIGNATURES:
        plain = plain_signature(use)
        if plain is not None:
            edits, message, covers = plain
            return Rewrite(f"{message} {_where(use, known)}", edits, covers=tuple(covers))
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1, because its result goes elsewhere than"
        " straight into a rewritten export; a rewritten export takes the proto as well."
    )


def _exported(use: Use) -> ExportedProto | None:
    """Return what is known of the exports that this call's result goes into, and nowhere else."""
    call = use.call
    if call is None:
        return None
    return next(
        (
            one
            for one in use.context.protos
            if (one.line, one.column) == (call.lineno, call.col_offset)
        ),
        None,
    )


def _where(use: Use, known: ExportedProto) -> str:
    """Return which exports take the tensors."""
    places = [
        f"line {place.rpartition(':')[2]}" if place.startswith(f"{use.context.path}:") else place
        for place in known.exports
    ]
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    shown = " What prints it shows that." if known.shown else ""
    return f"It goes into the export at {', '.join(places[:3])}{more}, which is rewritten.{shown}"


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
    """Turn a TensorInfo proto into its tensor, where all that takes it is a rewritten export.

    ## What it does

    `build_tensor_info(x)` becomes `x` where the proto is followed, through functions and files,
    into signatures of rewritten exports and nowhere else (what only prints it may).  Elsewhere
    the code stays: the function still exists on tensorflow.compat.v1, and
    `tf2_bridge.SessionModule` accepts signatures made of TensorInfo protos; it looks the tensors
    up by the names they hold.

    ## Why

    Protos that somebody else reads cannot be replaced by tensors.

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
    known = _exported(use)
    if known is not None and use.symbol.name == TENSOR_INFO:
        edits = plain_tensor(use)
        if edits is not None:
            return Rewrite(
                "The signature takes the tensor itself; no TensorInfo proto is needed."
                f" {_where(use, known)}",
                edits,
            )
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1; a rewritten export takes TensorInfo"
        " protos as well as tensors."
    )
