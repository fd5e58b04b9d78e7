"""``saved_model.loader.load``: a SavedModel into a session."""

from __future__ import annotations

import ast

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, is_v1_load, rule


@rule(
    "TFM401",
    "saved-model-loader",
    safety=Safety.REVIEW,
    apis=("tf.saved_model.load", "tf.saved_model.loader.load"),
    bind=False,
)
def saved_model_loader(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep `saved_model.loader.load` on tensorflow.compat.v1.

    ## What it does

    Nothing to the code but the program's import.  The v1 loader of TensorFlow 2.21 reads what
    TensorFlow 1 wrote and what a migrated export writes; the tensors of a migrated export's
    signatures keep the names they had in TensorFlow 1.

    ## Why

    `tf.saved_model.load` of TensorFlow 2 leaves the variables uninitialised in a session.

    ## Example

    ```python
    import tensorflow as tf

    def predict(path, batch):
        with tf.Session(graph=tf.Graph()) as sess:
            tf.saved_model.loader.load(sess, ["serve"], path)
            return sess.run("y:0", {"x:0": batch})
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()

    def predict(path, batch):
        with tf.Session(graph=tf.Graph()) as sess:
            tf.saved_model.loader.load(sess, ["serve"], path)
            return sess.run("y:0", {"x:0": batch})
    ```

    ## Safety

    Review: tensors that are neither an input nor an output of a signature have other names in a
    migrated export; take names from `signature_def`.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/saved_model/load>
    """
    if not is_v1_load(use.module, use.node, use.symbol):
        return None
    asked = _collections(use)
    if asked is not None:
        return Manual(
            "saved_model.loader.load: stays on tensorflow.compat.v1, but what follows asks the"
            f" loaded graph for {asked}, and a migrated export has none: its variables and"
            " collections live in a function.",
            "Take tensors from `signature_def`, and restore variables from a checkpoint; as long as"
            " the export it loads was written by TensorFlow 1, nothing needs to be done.",
            needs_v1=True,
        )
    return Keep(
        "saved_model.loader.load: stays on tensorflow.compat.v1, whose loader reads old and"
        " migrated exports. Signature tensors keep their names in a migrated export; any other"
        " tensor name does not, so take names from `signature_def`."
    )


def _collections(use: Use) -> str | None:
    """Return the variables or collection that the function around the load asks for, or None."""
    scope = use.module.scope_of[use.node]
    for node in use.module.nodes:
        if not isinstance(node, ast.Call) or use.module.scope_of[node] is not scope:
            continue
        if (node.lineno, node.col_offset) <= (use.node.lineno, use.node.col_offset):
            continue
        name = use.called(node)
        if name in _ASKS:
            return f"`{name}`"
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get_collection":
            return "`get_collection`"
    return None


_ASKS = frozenset(
    {
        "tf.get_collection",
        "tf.global_variables",
        "tf.trainable_variables",
        "tf.local_variables",
        "tf.model_variables",
        "tf.train.Saver",
    }
)


@rule(
    "TFM403",
    "contrib-predictor",
    safety=Safety.MANUAL,
    apis=("tf.contrib.predictor.*", "tf.contrib.saved_model.*", "tf.contrib.session_bundle.*"),
    references=True,
    bind=False,
)
def contrib_predictor(use: Use) -> Rewrite | Keep | Manual | None:
    """Report `tf.contrib.predictor` and other loaders that left TensorFlow with contrib.

    ## What it does

    Reports the place and what to write instead.

    ## Why

    `tf.contrib` does not exist in TensorFlow 2, and what a predictor is asked for afterwards (its
    `feed_tensors`, `fetch_tensors`, `session`) decides what can replace it.

    ## Example

    ```python
    import tensorflow as tf

    predict = tf.contrib.predictor.from_saved_model("export")
    scores = predict({"x": [[1.0]]})["scores"]
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    predict = tf.contrib.predictor.from_saved_model("export")
    scores = predict({"x": [[1.0]]})["scores"]
    ```

    ## Safety

    Manual: nothing is changed.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/saved_model/load>
    """
    return Manual(
        f"{use.symbol.name}: left as it is; TensorFlow 2 has no tf.contrib.",
        "For a SavedModel use `predict = tf.saved_model.load(export_dir).signatures[key]` in"
        " TensorFlow 2 (call it with tensors by input name), or `tf.saved_model.loader.load` and"
        " `sess.run` with the names of its signature_def in a tensorflow.compat.v1 session.",
    )


@rule(
    "TFM404",
    "saved-model-directory",
    safety=Safety.SAFE,
    apis=(
        "tf.saved_model.contains_saved_model",
        "tf.saved_model.maybe_saved_model_directory",
    ),
    bind=False,
)
def saved_model_directory(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep tests of whether a directory holds a SavedModel.

    ## What it does

    Nothing to the code: a migrated export writes `saved_model.pb` to the same place.

    ## Why

    The functions look at file names only.

    ## Example

    ```python
    import tensorflow as tf

    def found(path):
        return tf.saved_model.contains_saved_model(path)
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def found(path):
        return tf.saved_model.contains_saved_model(path)
    ```

    ## Safety

    Nothing changes here.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/saved_model/contains_saved_model>
    """
    return Keep(f"{use.symbol.name}: stays; it finds old and migrated exports.", needs_v1=False)


@rule(
    "TFM405",
    "graph-import",
    safety=Safety.SAFE,
    apis=("tf.import_graph_def", "tf.graph_util.import_graph_def"),
    bind=False,
)
def graph_import(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep `import_graph_def`, which reads frozen graphs on tensorflow.compat.v1.

    ## What it does

    Nothing to the code.

    ## Why

    A frozen graph is neither a checkpoint nor a SavedModel; TensorFlow 2.21 imports it as before.

    ## Example

    ```python
    import tensorflow as tf

    def load(graph_def):
        tf.import_graph_def(graph_def, name="")
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def load(graph_def):
        tf.import_graph_def(graph_def, name="")
    ```

    ## Safety

    Nothing changes here.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/graph_util/import_graph_def>
    """
    return Keep(
        f"{use.symbol.name}: stays; tensorflow.compat.v1 imports frozen graphs as before.",
        needs_v1=False,
    )
