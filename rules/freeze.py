"""Freezing a graph: stays on compat.v1."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM501",
    "freeze-graph",
    safety=Safety.REVIEW,
    apis=(
        "tf.graph_util.convert_variables_to_constants",
        "tf.graph_util.extract_sub_graph",
        "tf.graph_util.remove_training_nodes",
        "tf.io.write_graph",
        "tf.train.write_graph",
        "tf.python.tools.freeze_graph.*",
    ),
    bind=False,
)
def freeze_graph(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep graph freezing on `tf.compat.v1.graph_util`, and spell it so that it is found there.

    ## What it does

    `graph_util` imported from `tensorflow.python.framework` becomes `tf.graph_util` of
    tensorflow.compat.v1, because the private module lost these functions.  Public spellings stay.

    ## Why

    A frozen graph is what its readers (mobile, OpenCV, C++) expect; a SavedModel is another
    artefact.

    ## Example

    ```python
    import tensorflow as tf
    from tensorflow.python.framework import graph_util

    def freeze(sess, names):
        return graph_util.convert_variables_to_constants(sess, sess.graph_def, names)
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()

    def freeze(sess, names):
        return tf.graph_util.convert_variables_to_constants(sess, sess.graph_def, names)
    ```

    ## Safety

    Review: the program runs on another TensorFlow; the frozen graph keeps its format.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/graph_util/convert_variables_to_constants>
    """
    function = use.symbol.name.rpartition(".")[2]
    if function == "write_graph":
        return Keep(f"{use.symbol.name}: stays on tensorflow.compat.v1; it writes the same file.")
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1; it freezes the graph as before."
    )
