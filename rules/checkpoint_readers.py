"""Readers of checkpoints by variable name."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM206",
    "checkpoint-reader",
    safety=Safety.REVIEW,
    apis=(
        "tf.train.NewCheckpointReader",
        "tf.train.init_from_checkpoint",
        "tf.train.warm_start",
        "tf.train.load_checkpoint",
        "tf.train.load_variable",
        "tf.train.list_variables",
        "tf.python.tools.inspect_checkpoint.*",
    ),
    bind=False,
)
def checkpoint_reader(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep code that reads a checkpoint by variable names, and hold Savers back for it.

    ## What it does

    Nothing to the code.  While a repository has such a reader, its Savers are reported and not
    rewritten (TFM201): the keys of an object-based checkpoint are not variable names.

    ## Why

    Which files a reader opens is decided when the program runs.

    ## Example

    ```python
    import tensorflow as tf

    def names(prefix):
        return tf.train.NewCheckpointReader(prefix).get_variable_to_shape_map()
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def names(prefix):
        return tf.train.NewCheckpointReader(prefix).get_variable_to_shape_map()
    ```

    ## Safety

    Nothing changes here.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/train/load_checkpoint>
    """
    return Keep(
        f"{use.symbol.name}: stays; it reads checkpoints by variable name, so this repository's"
        " Savers keep writing name-based ones.",
        needs_v1=False,
    )
