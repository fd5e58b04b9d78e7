"""Freezing a graph: stays on compat.v1."""

from __future__ import annotations

import ast

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM501",
    "freeze-graph",
    safety=Safety.REVIEW,
    apis=(
        "tf.graph_util.convert_variables_to_constants",
        "tf.graph_util.extract_sub_graph",
        "tf.graph_util.remove_training_nodes",
        "tf.graph_util.tensor_shape_from_node_def_name",
        "tf.train.write_graph",
        "tf.python.tools.*",
        "tf.tools.graph_transforms.*",
        "tf.graph_transforms.*",
    ),
    bind=False,
)
def freeze_graph(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep graph freezing on `tf.compat.v1.graph_util`, and spell it so that it is found there.

    ## What it does

    `graph_util` imported from `tensorflow.python.framework` becomes `tf.graph_util` of
    tensorflow.compat.v1, because the private module lost these functions.  Public spellings and
    the tools of `tensorflow.python.tools` stay.  `freeze_graph` restores object-based checkpoints
    if it is given the meta graph; with a GraphDef alone it finds variables by name only, so that
    Savers near it stay (TFM201).  The Graph Transform Tool is gone, and reported.

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
    if "graph_transforms" in use.symbol.name:
        return Manual(
            f"{use.symbol.name}: left as it is; the Graph Transform Tool left TensorFlow in 2.0.",
            "`optimize_for_inference` of `tensorflow.python.tools.optimize_for_inference_lib` still"
            " folds constants and batch normalization, and `strip_unused` of"
            " `tensorflow.python.tools.strip_unused_lib` still cuts a graph; for quantization"
            " convert the SavedModel with `tf.lite.TFLiteConverter`.",
        )
    if use.symbol.name.startswith("tf.python.tools.freeze_graph"):
        return Keep(f"{use.symbol.name}: stays on tensorflow.compat.v1; {_frozen(use)}.")
    if use.symbol.name.startswith("tf.python.tools."):
        return Keep(
            f"{use.symbol.name}: stays; TensorFlow 2.21 has this tool, and the graph that it works"
            " on keeps its format."
        )
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1; it freezes the graph as before."
        if function == "convert_variables_to_constants"
        else f"{use.symbol.name}: stays on tensorflow.compat.v1; it works on the graph as before."
    )


def _frozen(use: Use) -> str:
    """Return what freeze_graph does on 2.21 with what a migrated program gives it."""
    call = use.call
    if call is None or any(isinstance(argument, ast.Starred) for argument in call.args):
        return "it freezes the graph as before"
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    for index, name in ((12, "input_meta_graph_def"), (13, "input_saved_model_dir")):
        if index < len(call.args) and use.symbol.name.endswith(".freeze_graph"):
            given[name] = call.args[index]
    if _is_given(given.get("input_saved_model_dir")):
        return (
            "it freezes old and migrated exports; the graph of a migrated one computes in a"
            " function that it calls, which TensorFlow runs and readers of other makes may not"
        )
    if _is_given(given.get("input_meta_graph_def")) or _is_given(given.get("input_meta_graph")):
        return "with the meta graph it restores name-based and object-based checkpoints"
    return (
        "with a GraphDef it finds variables in name-based checkpoints only, so that Savers which"
        " may write what it reads stay"
    )


def _is_given(node: ast.expr | None) -> bool:
    return node is not None and not (isinstance(node, ast.Constant) and not node.value)
