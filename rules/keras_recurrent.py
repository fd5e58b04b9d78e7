"""Keras' recurrent layers, whose variables are called otherwise today."""

from __future__ import annotations

import ast
import re

from migrator.rule import Keep, Manual, Safety, Use, rule

_LAYERS = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional")


@rule(
    "TFM603",
    "keras-recurrent",
    safety=Safety.REVIEW,
    apis=tuple(f"tf.keras.layers.{name}" for name in _LAYERS),
    references=True,
    bind=False,
)
def keras_recurrent(use: Use) -> Keep | Manual | None:
    """Report that the variables of recurrent Keras layers have other names than they had.

    ## What it does

    In a program that moves, `LSTM`, `GRU`, `SimpleRNN`, `RNN` and `Bidirectional` stay on legacy
    Keras, where they compute what they did. Their variables are called after their cell, too,
    `lstm/lstm_cell/kernel` where TensorFlow 1.15 had `lstm/kernel`, and where the file has a Saver,
    that is left for a person.

    ## Why

    A Saver finds variables by their names, so a checkpoint that TensorFlow 1 wrote does not hold
    the new ones, and restoring it fails. Files of Keras (`.h5`) hold weights by layer, and load.

    ## Example

    ```python
    import tensorflow as tf

    def build(sess, words):
        scores = tf.keras.layers.LSTM(8)(words)
        tf.train.Saver().restore(sess, "model.ckpt")
        return scores
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    def build(sess, words):
        scores = tf.keras.layers.LSTM(8)(words)
        tf2_bridge.Saver().restore(sess, "model.ckpt")
        return scores
    ```

    ## Safety

    Review: nothing is changed. To restore an old checkpoint, give the Saver the old names:
    `{v.op.name.replace("/lstm_cell/", "/"): v for v in tf.global_variables()}`; what it then saves
    has the old names, too.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/keras/layers/LSTM>
    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/Saver>
    """
    context = use.context
    if not isinstance(use.call, ast.Call) or not context.session or not context.move:
        return None
    name = use.symbol.name.rpartition(".")[2]
    cell = "lstm" if name in ("RNN", "Bidirectional") else _snake(name)
    kept = (
        f"keras.layers.{name}: computes on legacy Keras what it did; its variables are called"
        f" `.../{cell}_cell/kernel` there, where TensorFlow 1 had `.../kernel`"
    )
    if any(symbol.name == "tf.train.Saver" for _, symbol in use.shared["references"]):
        return Manual(
            f"{kept}, so that a Saver does not find them in a checkpoint that TensorFlow 1 wrote.",
            "Where such a checkpoint is restored, give the Saver the old names:"
            f' Saver({{v.op.name.replace("/{cell}_cell/", "/"): v for v in'
            " tf.global_variables()}).",
        )
    return Keep(f"{kept}.", needs_v1=False)


def _snake(name: str) -> str:
    """Return how Keras spells the name of a class in the names of variables."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
