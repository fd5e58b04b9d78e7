import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3])
y = tf.placeholder(tf.float32, [None, 1])
w = tf.Variable(tf.zeros([3, 1]), name="w")
loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))
# nothing saves its slots
train_op = tf.train.MomentumOptimizer(0.05, 0.9, use_nesterov=True).minimize(loss)

data = np.random.RandomState(2).normal(size=(50, 3))
target = data.sum(axis=1, keepdims=True)

# the weights alone are saved
saver = tf.train.Saver([w])
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(100):
        value, _ = sess.run([loss, train_op], {x: data, y: target})
    print(value)
    saver.save(sess, "./weights")
    w_before = sess.run(w)
    sess.run(train_op, {x: data, y: target})
    saver.restore(sess, "./weights")
    print(abs(sess.run(w) - w_before).max())
