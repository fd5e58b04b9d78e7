import tensorflow as tf

tf.logging.set_verbosity(tf.logging.WARN)

with tf.device("/cpu:0"):
    a = tf.Variable([[3.0, 4.0]], name="a")
    b = tf.placeholder(tf.float32, [2, 1], name="b")
    # the second operand is fed
    c = tf.div(tf.matmul(a, b), 2.0)

with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as sess:
    sess.run(tf.global_variables_initializer())
    tf.logging.info("nobody sees this")
    print(sess.run(c, {b: [[1.0], [2.0]]}))
