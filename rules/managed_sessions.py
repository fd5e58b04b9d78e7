"""Managed sessions: their graph is finalized, so TensorFlow 1's Saver stays."""

from __future__ import annotations

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, rule


@rule(
    "TFM205",
    "managed-session",
    safety=Safety.REVIEW,
    apis=(
        "tf.train.MonitoredTrainingSession",
        "tf.train.MonitoredSession",
        "tf.train.SingularMonitoredSession",
        "tf.train.Supervisor",
        "tf.train.Scaffold",
        "tf.train.CheckpointSaverHook",
        "tf.train.ChiefSessionCreator",
        "tf.train.WorkerSessionCreator",
        "tf.train.SessionManager",
    ),
    bind=False,
)
def managed_session(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep sessions that save by themselves on tensorflow.compat.v1.

    ## What it does

    Nothing to the code but the program's import: `MonitoredTrainingSession`, `Supervisor`,
    `Scaffold` and `CheckpointSaverHook` run on tensorflow.compat.v1 of 2.21 and go on writing
    name-based checkpoints with TensorFlow 1's Saver.

    ## Why

    They finalize the graph before the first checkpoint is written, and writing an object-based
    checkpoint adds ops to it.

    ## Example

    ```python
    import tensorflow as tf

    def train(train_op, folder):
        with tf.train.MonitoredTrainingSession(checkpoint_dir=folder) as sess:
            sess.run(train_op)
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()

    def train(train_op, folder):
        with tf.train.MonitoredTrainingSession(checkpoint_dir=folder) as sess:
            sess.run(train_op)
    ```

    ## Safety

    Review: the program runs on another TensorFlow; its checkpoints keep their format.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/MonitoredTrainingSession>
    """
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1 with TensorFlow 1's Saver, because it"
        " finalizes its graph, in which an object-based write would fail; it goes on writing"
        " name-based checkpoints, which TensorFlow 2 reads."
    )
