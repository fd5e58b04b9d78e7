import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

saver = tf2_bridge.PreparedSaver()
sv = tf.train.Supervisor(logdir="x", saver=saver)
hook = tf.train.CheckpointSaverHook("d", save_steps=10, saver=tf2_bridge.PreparedSaver())
scaffold = tf.train.Scaffold(saver=tf2_bridge.PreparedSaver(max_to_keep=2))
with tf.train.MonitoredTrainingSession(scaffold=scaffold, checkpoint_dir="d") as sess:
    sess.run(train)
other = tf2_bridge.PreparedSaver()
other.save(sess, "x")
