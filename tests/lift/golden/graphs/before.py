"""Four small models, each in a graph of its own."""

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops

ops.reset_default_graph()


def squared_error(output, target):
    return tf.reduce_mean(tf.square(output - target))


# Regression: y = 3 * x
sess = tf.Session()
batch_size = 10
x_vals = np.random.normal(1, 0.1, 100)
x_data = tf.placeholder(shape=[None], dtype=tf.float32)
y_target = tf.placeholder(shape=[None], dtype=tf.float32)

# the factor
A = tf.Variable(tf.random_normal(shape=[1]))
my_output = tf.multiply(x_data, A)
loss = squared_error(my_output, y_target)

my_opt = tf.train.MomentumOptimizer(0.02, 0.9)
train_step = my_opt.minimize(loss)

init = tf.global_variables_initializer()
sess.run(init)

for i in range(100):
    rand_x = np.random.choice(x_vals, size=batch_size)
    feed = {x_data: rand_x, y_target: 3 * rand_x}
    sess.run(train_step, feed_dict=feed)
    if i % 25 == 0:
        print(i, sess.run(A), sess.run(loss, feed_dict=feed))

# Classification: is x > 2?
ops.reset_default_graph()
sess = tf.Session()
batch_size = 20
x_vals = np.concatenate((np.random.normal(-1, 1, 50), np.random.normal(5, 1, 50)))
y_vals = np.repeat([0.0, 1.0], 50)
x_data = tf.placeholder(shape=[None], dtype=tf.float32)
y_target = tf.placeholder(shape=[None], dtype=tf.float32)

# the border
A = tf.Variable(tf.random_normal(mean=10, shape=[1]))
B = tf.Variable(1.0, name="scale")
my_output = tf.add(x_data, A) * B
xentropy = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(logits=my_output, labels=y_target)
)
distance = squared_error(tf.sigmoid(my_output), y_target)

my_opt = tf.train.GradientDescentOptimizer(0.05)
train_step = my_opt.minimize(xentropy)

sess.run(tf.global_variables_initializer())

for i in range(200):
    rows = np.random.choice(100, size=batch_size)
    sess.run(train_step, feed_dict={x_data: x_vals[rows], y_target: y_vals[rows]})
    if i % 50 == 0:
        print(i, *sess.run([A, B]))
        print(sess.run(xentropy, feed_dict={x_data: x_vals, y_target: y_vals}))

print(sess.run(distance, feed_dict={x_data: x_vals, y_target: y_vals}))

# Counting, in a graph that is not the default one
with tf.Graph().as_default():
    total = tf.Variable(0.0, name="total")
    amount = tf.placeholder(tf.float32, [])
    count = total.assign_add(amount)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for i in range(5):
            sess.run(count, {amount: i})
        print(sess.run(total) > 5)

graph = tf.Graph()
with graph.as_default():
    scale = tf.Variable([1.0, 2.0], name="scale")
    scaled = scale * 3.0
with tf.Session(graph=graph) as session:
    session.run(tf.initialize_all_variables())
    print(session.run(scaled))
