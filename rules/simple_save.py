"""``tf.saved_model.simple_save``: one signature, one SavedModel."""

from __future__ import annotations

import libcst as cst

from migrator.rule import Manual, Rewrite, Safety, Use, expression, rule

from ._saving import saving_block


@rule(
    "TFM101",
    "simple-save",
    safety=Safety.REVIEW,
    apis=("tf.saved_model.simple_save", "tf.saved_model.simple_save.simple_save"),
    bind=False,
)
def simple_save(use: Use) -> Rewrite | Manual | None:
    """Export the session through `tf.saved_model.save` instead of `simple_save`.

    ## What it does

    The call becomes a `with` block: `tf2_bridge.session_module` rebuilds the sub-graph between
    `inputs` and `outputs` as a `tf.Module` with the session's current values, and
    `tf.saved_model.save` writes it.  The arguments move over untouched, whatever their shape.

    ## Why

    `simple_save` writes a TensorFlow 1 SavedModel: `tf.saved_model.load` shows none of its
    variables, and it cannot be fine-tuned or saved again.

    ## Example

    ```python
    import tensorflow as tf

    def export(sess, export_dir, x, y):
        tf.saved_model.simple_save(sess, export_dir, inputs={"x": x}, outputs={"y": y})
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    def export(sess, export_dir, x, y):
        with tf2_bridge.session_module(
            sess, export_dir, inputs={"x": x}, outputs={"y": y}
        ) as module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
    ```

    ## Safety

    Review: signature key, input and output names, dtypes, shapes and values are those of the
    original export, and a directory that is not empty is refused as before; the file format is
    TensorFlow 2's.  An input name that is no Python identifier (`input/x`) keeps its name in the
    SignatureDef, which serving and the v1 loader use; `tf.saved_model.load(...).signatures` shows
    the identifier TensorFlow 2 makes of it (`input_x`).

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/saved_model/save>
    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/saved_model/simple_save>
    """
    assert use.call is not None
    call: cst.Call = use.cst(use.call)
    header = call.with_changes(func=expression("tf2_bridge.session_module"))
    module = use.fresh("module")
    block = saving_block(use, use.call, header, module)
    if isinstance(block, str):
        return Manual(
            f"tf.saved_model.simple_save: left as it is, because {block}.",
            "Make the call a statement on a line of its own, then run the migration again.",
            needs_v1=True,
        )
    line, replacement = block
    return Rewrite(
        "The session is exported by tf.saved_model.save: same signature key, names, dtypes and"
        " values, in TensorFlow 2's format.",
        {line: replacement},
        parts=frozenset({"session_module"}),
    )
