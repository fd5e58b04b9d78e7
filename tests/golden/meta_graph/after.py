import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

with tf.Session() as sess:
    saver = tf2_bridge.session_meta_graph("m.meta", clear_devices=True)
    saver.restore(sess, tf.train.latest_checkpoint("."))
    tf2_bridge.session_meta_graph("m.meta").restore(sess, "m")
    tf.train.export_meta_graph("m.meta")
