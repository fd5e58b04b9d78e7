"""``.meta`` files: written on compat.v1, and imported with a Saver of both formats."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, expression, rule


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
    """Import meta graphs with a Saver that restores both kinds of checkpoint.

    ## What it does

    `import_meta_graph` becomes `tf2_bridge.session_meta_graph`, a function that is copied into
    the repository: it imports the graph as before, and the Saver that it returns restores
    object-based checkpoints as well as name-based ones.  A migrated Saver still writes the `.meta`
    file beside its checkpoint, and `export_meta_graph` stays.

    ## Why

    A meta graph is a TensorFlow 1 graph; TensorFlow 2 has no other reader for it.  The Saver of
    TensorFlow's own function finds the variables of an object-based checkpoint by their names in
    the graph, and fails if the graph has others besides (a new head to train), or under an
    `import_scope`.

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
    import tf2_bridge

    tf.disable_v2_behavior()

    def load(sess, prefix):
        saver = tf2_bridge.session_meta_graph(prefix + ".meta")
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
    if use.symbol.name == "tf.train.import_meta_graph" and use.call is not None:
        return Rewrite(
            f"{use.symbol.name} is tf2_bridge.session_meta_graph, whose Saver restores name-based"
            " and object-based checkpoints; migrated Savers still write `.meta` files.",
            {use.cst(use.node): expression("tf2_bridge.session_meta_graph")},
            parts=frozenset({"meta_graph"}),
        )
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1; migrated Savers still write `.meta`"
        " files."
    )
