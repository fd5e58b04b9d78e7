import tensorflow as tf

ckpt = tf.train.get_checkpoint_state("model")
with tf.Session() as sess:
    if ckpt and ckpt.model_checkpoint_path:
        saver = tf.train.import_meta_graph(ckpt.model_checkpoint_path + ".meta")
        saver.restore(sess, ckpt.model_checkpoint_path)
    else:
        raise ValueError("no checkpoint")
    x = tf.get_default_graph().get_tensor_by_name("x:0")
    y = tf.get_default_graph().get_tensor_by_name("scores:0")
    print(sess.run(y, {x: [[1, 2, 3, 4]]}))
