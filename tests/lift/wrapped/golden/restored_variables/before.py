import tensorflow as tf

with tf.Session() as sess:
    new_saver = tf.train.import_meta_graph('model/net-20.meta')
    new_saver.restore(sess, tf.train.latest_checkpoint('model/'))
    all_vars = tf.trainable_variables()
    for v in all_vars:
        v_ = sess.run(v)
        print("{} with value {}".format(v.name, v_))
    print(sess.run('net/b:0'))
