"""Variables of the graph are listed where the session runs."""
import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name='x')
y = tf.placeholder(tf.float32, [None])
with tf.variable_scope('hidden'):
    w = tf.get_variable('w', [3, 4], initializer=tf.constant_initializer(0.1))
    b = tf.get_variable('b', [4], initializer=tf.zeros_initializer())
    hidden = tf.nn.tanh(tf.matmul(x, w) + b)
for v in tf.trainable_variables():
    tf.add_to_collection('weights', v)
out = tf.reduce_sum(hidden, 1)
loss = tf.reduce_mean(tf.square(out - y))
train_op = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)

data = np.random.RandomState(3).normal(size=(8, 3))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(3):
        _, value = sess.run([train_op, loss], {x: data, y: data[:, 0]})
        for v in tf.trainable_variables():
            print(step, v.op.name, v.get_shape().as_list(), float(sess.run(tf.reduce_mean(v))))
    print(' '.join(v.op.name for v in tf.global_variables() if 'hidden' in v.name))
    # the slots, too
    for v in tf.global_variables('hidden'):
        if 'Momentum' in v.name:
            print('%s %s' % (v.name, sess.run(v).tolist()))
    print(value)
