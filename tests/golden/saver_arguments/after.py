import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

a = tf2_bridge.Saver()
b = tf2_bridge.Saver([v for v in tf.global_variables() if "x" in v.name], max_to_keep=None)
c = tf2_bridge.Saver({"old/w": w, "old/b": b}, max_to_keep=3, keep_checkpoint_every_n_hours=0.5)
d = tf2_bridge.Saver(tf.train.ExponentialMovingAverage(0.99).variables_to_restore())
e = tf2_bridge.Saver(variables(), sharded=True, name="s", restore_sequentially=True, allow_empty=True,
                     pad_step_number=True, save_relative_paths=True, defer_build=False)
f = tf2_bridge.Saver(write_version=tf.train.SaverDef.V2, reshape=False, filename=None)
g = tf2_bridge.Saver(  # all of them
    tf.trainable_variables(),  # not the slots
    max_to_keep=20,
)
h = (tf2_bridge.Saver(max_to_keep=1))
i = tf2_bridge.Saver \
    (max_to_keep=1)
