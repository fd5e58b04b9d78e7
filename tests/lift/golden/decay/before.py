import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3])
y = tf.placeholder(tf.float32, [None, 1])
rate = tf.placeholder(tf.float32, shape=[])
w = tf.Variable(tf.zeros([3, 1]), name="w")
loss = tf.reduce_mean(tf.square(tf.matmul(x, w) - y))

# the rate falls every five steps
global_step = tf.train.get_or_create_global_step()
learning_rate = tf.train.exponential_decay(0.1, global_step, 5, 0.7, staircase=True)
train_op = tf.train.MomentumOptimizer(learning_rate, 0.9).minimize(loss, global_step=global_step)
# the rate is fed
other_op = tf.train.AdamOptimizer(rate).minimize(loss)

data = np.random.RandomState(8).normal(size=(50, 3))
target = data.sum(axis=1, keepdims=True) + 1

sess = tf.InteractiveSession()
tf.global_variables_initializer().run()
for i in range(20):
    value, current, _ = sess.run([loss, learning_rate, train_op], {x: data, y: target})
    if i % 5 == 0:
        print(i, value, current)
print(global_step.eval())
for i in range(20):
    value, _ = sess.run([loss, other_op], {x: data, y: target, rate: 0.1 / (i + 1)})
print(value)
