"""Finding checkpoints on disk: works alike for both kinds of checkpoint."""

from __future__ import annotations

from migrator.rule import FAMILIES, Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM204",
    "checkpoint-discovery",
    safety=Safety.SAFE,
    apis=FAMILIES["discovery"],
    bind=False,
)
def checkpoint_discovery(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep `latest_checkpoint`, `get_checkpoint_state` and their like.

    ## What it does

    Nothing to the code: a migrated Saver writes the same `checkpoint` file and the same file
    names, so what finds a checkpoint, its `model_checkpoint_path` or
    `all_model_checkpoint_paths` keeps working, on old folders and new ones.

    ## Why

    These are TensorFlow 2's own functions, too (`tf.train.latest_checkpoint`), or exist on
    tensorflow.compat.v1 (`checkpoint_exists`, `update_checkpoint_state`).

    ## Example

    ```python
    import tensorflow as tf

    def restore(sess, saver, folder):
        path = tf.train.latest_checkpoint(folder)
        if path:
            saver.restore(sess, path)
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def restore(sess, saver, folder):
        path = tf.train.latest_checkpoint(folder)
        if path:
            saver.restore(sess, path)
    ```

    ## Safety

    Nothing changes here.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/train/latest_checkpoint>
    """
    return Keep(
        f"{use.symbol.name}: stays; it finds name-based and object-based checkpoints alike.",
        needs_v1=False,
    )
