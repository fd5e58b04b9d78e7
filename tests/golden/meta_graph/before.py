import tensorflow as tf

with tf.Session() as sess:
    saver = tf.train.import_meta_graph("m.meta", clear_devices=True)
    saver.restore(sess, tf.train.latest_checkpoint("."))
    tf.train.import_meta_graph("m.meta").restore(sess, "m")
    tf.train.export_meta_graph("m.meta")
