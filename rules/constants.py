"""``tag_constants`` and ``signature_constants``: the spellings that TensorFlow 2 has."""

from __future__ import annotations

from migrator.rule import Rewrite, Safety, Use, rule

_CONSTANTS = {
    "SERVING",
    "TRAINING",
    "GPU",
    "TPU",
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY",
    "PREDICT_METHOD_NAME",
    "PREDICT_INPUTS",
    "PREDICT_OUTPUTS",
    "CLASSIFY_METHOD_NAME",
    "CLASSIFY_INPUTS",
    "CLASSIFY_OUTPUT_CLASSES",
    "CLASSIFY_OUTPUT_SCORES",
    "REGRESS_METHOD_NAME",
    "REGRESS_INPUTS",
    "REGRESS_OUTPUTS",
    "ASSETS_DIRECTORY",
    "ASSETS_KEY",
    "LEGACY_INIT_OP_KEY",
    "MAIN_OP_KEY",
    "SAVED_MODEL_FILENAME_PB",
    "SAVED_MODEL_FILENAME_PBTXT",
    "SAVED_MODEL_SCHEMA_VERSION",
    "VARIABLES_DIRECTORY",
    "VARIABLES_FILENAME",
}


@rule(
    "TFM304",
    "saved-model-constants",
    safety=Safety.SAFE,
    apis=("tf.saved_model.*",),
    references=True,
    bind=False,
)
def saved_model_constants(use: Use) -> Rewrite | None:
    """Spell SavedModel constants the way TensorFlow 2 does.

    ## What it does

    `tf.saved_model.tag_constants.SERVING` becomes `tf.saved_model.SERVING`, and so on for every
    constant of `tag_constants`, `signature_constants` and `constants`, however it was imported.

    ## Why

    The sub-modules exist on tensorflow.compat.v1 only; the constants themselves are the same
    strings in `tf.saved_model` of both versions.

    ## Example

    ```python
    import tensorflow as tf

    def load(sess, path):
        tf.saved_model.loader.load(sess, [tf.saved_model.tag_constants.SERVING], path)
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()

    def load(sess, path):
        tf.saved_model.loader.load(sess, [tf.saved_model.SERVING], path)
    ```

    ## Safety

    Safe: the same string.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/saved_model>
    """
    constant = use.symbol.name.rpartition(".")[2]
    if use.symbol.name != f"tf.saved_model.{constant}" or constant not in _CONSTANTS:
        return None
    if use.symbol.raw.endswith(
        (f"tensorflow.saved_model.{constant}", f"v1.saved_model.{constant}")
    ):
        return None
    if use.call is not None or use.aliased:
        return None
    node = use.cst(use.node)
    return Rewrite(
        f"The constant is spelled tf.saved_model.{constant}; it is the same string.",
        {
            node: use.tensorflow(f"saved_model.{constant}").with_changes(
                lpar=node.lpar, rpar=node.rpar
            )
        },
    )
