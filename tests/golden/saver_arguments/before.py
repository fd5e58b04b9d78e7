import tensorflow as tf

a = tf.train.Saver()
b = tf.train.Saver([v for v in tf.global_variables() if "x" in v.name], max_to_keep=None)
c = tf.train.Saver({"old/w": w, "old/b": b}, max_to_keep=3, keep_checkpoint_every_n_hours=0.5)
d = tf.train.Saver(tf.train.ExponentialMovingAverage(0.99).variables_to_restore())
e = tf.train.Saver(variables(), sharded=True, name="s", restore_sequentially=True, allow_empty=True,
                   pad_step_number=True, save_relative_paths=True, defer_build=False)
f = tf.train.Saver(write_version=tf.train.SaverDef.V2, reshape=False, filename=None)
g = tf.train.Saver(  # all of them
    tf.trainable_variables(),  # not the slots
    max_to_keep=20,
)
h = (tf.train
     .Saver(max_to_keep=1))
i = tf.train.Saver \
    (max_to_keep=1)
