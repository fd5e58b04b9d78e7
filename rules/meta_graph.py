"""``.meta`` files: written and imported on compat.v1."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM402",
    "meta-graph",
    safety=Safety.REVIEW,
    apis=(
        "tf.train.import_meta_graph",
        "tf.train.export_meta_graph",
        "tf.train.Saver.from_proto",
    ),
    bind=False,
)
def meta_graph(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep `import_meta_graph` and `export_meta_graph` on tensorflow.compat.v1.

    ## What it does

    Nothing to the code but the program's import.  A migrated Saver still writes the `.meta` file
    beside its checkpoint, and the Saver that `import_meta_graph` returns restores object-based
    checkpoints as well as name-based ones.

    ## Why

    A meta graph is a TensorFlow 1 graph; TensorFlow 2 has no other reader for it.

    ## Example

    ```python
    import tensorflow as tf

    def load(sess, prefix):
        saver = tf.train.import_meta_graph(prefix + ".meta")
        saver.restore(sess, prefix)
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()

    def load(sess, prefix):
        saver = tf.train.import_meta_graph(prefix + ".meta")
        saver.restore(sess, prefix)
    ```

    ## Safety

    Review: the program runs on another TensorFlow; the files keep their format.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/import_meta_graph>
    """
    if use.symbol.name == "tf.train.Saver.from_proto":
        return Keep(
            "tf.train.Saver.from_proto: stays TensorFlow 1's own Saver on tensorflow.compat.v1,"
            " because it uses the nodes that the graph already has for one."
        )
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1; migrated Savers still write `.meta`"
        " files, and the imported Saver restores both kinds of checkpoint."
    )
