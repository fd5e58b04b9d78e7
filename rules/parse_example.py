"""``tf.parse_example`` of a placeholder without a shape."""

from __future__ import annotations

import ast

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule, stores, target


@rule(
    "TFM812",
    "parse-example-shape",
    safety=Safety.MANUAL,
    apis=("tf.parse_example", "tf.io.parse_example"),
    bind=False,
)
def parse_example_shape(use: Use) -> Rewrite | Keep | Manual | None:
    """Report `tf.parse_example` of a placeholder that has no shape.

    ## What it does

    Reports the call and the placeholder.

    ## Why

    TensorFlow 1 took the serialized examples for a vector whatever the placeholder said, so the
    parsed features had the shape `[None, ...]`.  TensorFlow 2.21 leaves their rank unknown: layers
    that need a last dimension fail, and an export's shapes change.

    ## Example

    ```python
    import tensorflow as tf

    serialized = tf.placeholder(tf.string, name="tf_example")
    features = tf.parse_example(serialized, {"x": tf.FixedLenFeature([4], tf.float32)})
    tf.train.Saver()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    serialized = tf.placeholder(tf.string, name="tf_example")
    features = tf.parse_example(serialized, {"x": tf.FixedLenFeature([4], tf.float32)})
    tf2_bridge.Saver()
    ```

    ## Safety

    Manual: `shape=[None]` mends it, and changes the shape of an exported input from unknown to
    `[None]`, which is for a person to decide.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/io/parse_example>
    """
    if use.call is None:
        return None
    given = [*use.call.args[:1], *(k.value for k in use.call.keywords if k.arg == "serialized")]
    if not given or not _shapeless(use, given[0]):
        return None
    return Manual(
        "tf.parse_example: its placeholder has no shape, and TensorFlow 2.21 then leaves the rank"
        " of every parsed feature unknown, where TensorFlow 1 took it for a vector.",
        "Give the placeholder `shape=[None]`; an exported signature then says `[None]` for this"
        " input instead of an unknown rank.",
    )


def _shapeless(use: Use, node: ast.expr) -> bool:
    """Whether ``node`` is a placeholder made without a shape."""
    if isinstance(node, ast.Call):
        return use.called(node) == "tf.placeholder" and not (
            len(node.args) > 1 or any(keyword.arg == "shape" for keyword in node.keywords)
        )
    found = target(use.module, node)
    if found is None:
        return False
    values = [
        getattr(use.module.parents[stored], "value", None) for stored in stores(use.module, found)
    ]
    return bool(values) and all(
        isinstance(value, ast.Call) and _shapeless(use, value) for value in values
    )
