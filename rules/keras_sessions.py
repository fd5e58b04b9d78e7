"""The session of Keras: ``K.get_session``, ``K.set_session`` and the learning phase."""

from __future__ import annotations

from migrator.rule import Keep, Safety, Use, rule

_MESSAGES = {
    "get_session": "the session of legacy Keras, with the values of its models' variables, as in"
    " TensorFlow 1.",
    "set_session": "legacy Keras runs its models in the session that it is given, as in"
    " TensorFlow 1.",
    "set_learning_phase": "legacy Keras builds the layers behind it for this phase, as in"
    " TensorFlow 1: an export has it built in.",
    "learning_phase": "legacy Keras keeps it as a placeholder that is 0 where it is not fed, as in"
    " TensorFlow 1.",
}


@rule(
    "TFM602",
    "keras-session",
    safety=Safety.REVIEW,
    apis=tuple(f"tf.keras.backend.{name}" for name in _MESSAGES),
    references=True,
    bind=False,
)
def keras_session(use: Use) -> Keep | None:
    """Keep the session of Keras on legacy Keras, which has one.

    ## What it does

    `K.get_session`, `K.set_session` and the learning phase stay as they are. Their program moves to
    `tensorflow.compat.v1` with legacy Keras (the package `tf-keras`), where they are; standalone
    Keras (`import keras`) becomes `tensorflow.compat.v1.keras`. What is exported from that session
    is rewritten by the rules for exports.

    ## Why

    Keras 3, which TensorFlow 2.21 has as `tf.keras` and which `import keras` gives, has no session
    and no learning phase. It does not read the `.h5` models that TensorFlow 1.15 wrote either;
    legacy Keras does, with equal outputs.

    ## Example

    ```python
    import tensorflow as tf
    from keras import backend as K

    def export(model, export_dir):
        tf.saved_model.simple_save(
            K.get_session(),
            export_dir,
            inputs={"x": model.input},
            outputs={"y": model.output},
        )
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    from tensorflow.compat.v1.keras import backend as K
    import tf2_bridge

    tf.disable_v2_behavior()

    def export(model, export_dir):
        with tf2_bridge.session_module(
            K.get_session(),
            export_dir,
            inputs={"x": model.input},
            outputs={"y": model.output},
        ) as module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
    ```

    ## Safety

    Review: `TF_USE_LEGACY_KERAS=1` is set before TensorFlow is imported. Layers, optimizers, `lr=`
    and `decay=`, `fit_generator`, metrics called `acc`, and the names of tensors are those of
    TensorFlow 1.15's own Keras. Standalone Keras had
    other defaults in places (the learning rates of Adagrad, Adadelta and Nadam, since 2.3 also the
    gates of LSTM and GRU): state the value where the default was used and the model is trained
    anew.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/keras/backend/get_session>
    - <https://github.com/keras-team/tf-keras>
    """
    name = use.symbol.name.rpartition(".")[2]
    held = name in ("get_session", "set_session")
    if not held and not use.context.session:
        return None
    return Keep(f"keras.backend.{name}: {_MESSAGES[name]}", needs_v1=held)
