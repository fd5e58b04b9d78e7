"""Least squares by gradient descent."""

import numpy as np
import tensorflow as tf

tf.reset_default_graph()
tf.set_random_seed(777)  # for reproducibility

x_data = np.linspace(-1, 1, 20)
y_data = 3 * x_data - 0.5

# what is fed
X = tf.placeholder(tf.float32, shape=[None])
Y = tf.placeholder(tf.float32, shape=[None])

W = tf.Variable(tf.random_normal([1]))  # slope
b = tf.Variable(tf.random_normal([1]), name="bias")
hypothesis = X * W + b

cost = tf.reduce_mean(tf.square(hypothesis - Y))
optimizer = tf.train.GradientDescentOptimizer(learning_rate=0.1)
train = optimizer.minimize(cost)

sess = tf.Session()
# Initialize the variables
sess.run(tf.global_variables_initializer())

feed = {X: x_data, Y: y_data}
for step in range(50):
    cost_val, W_val, _ = sess.run([cost, W, train], feed_dict=feed)
    if step % 10 == 0:
        print(step, cost_val, W_val[0])

print("at 2:", sess.run(hypothesis, feed_dict={X: [2.0]}))
print("sum of both:", sess.run(W + b))
sess.close()
