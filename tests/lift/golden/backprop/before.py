"""Back propagation by hand."""

import numpy as np
import tensorflow as tf

tf.set_random_seed(777)  # for reproducibility
learning_rate = 0.1

x_data = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
y_data = np.array([[0], [1], [1], [0]], dtype=np.float32)

X = tf.placeholder(tf.float32, [None, 2])
Y = tf.placeholder(tf.float32, [None, 1])

W = tf.Variable(tf.truncated_normal([2, 1]), name='weight')
b = tf.Variable(5.)


def sigma(x):
    # sigmoid function
    return tf.div(tf.constant(1.0), tf.add(tf.constant(1.0), tf.exp(-x)))


# Forward prop
layer = tf.matmul(X, W) + b
hypothesis = sigma(layer)

# Dimension check
assert hypothesis.shape.as_list() == Y.shape.as_list()
features = int(X.get_shape()[1])
diff = hypothesis - Y
print("difference:", diff.shape.ndims, X.get_shape()[1].value)

# Back prop (chain rule)
d_layer = diff * hypothesis * (1 - hypothesis)
d_b = d_layer
d_W = tf.matmul(tf.transpose(X), d_layer) / features

# Updating network using gradients
step = [
    tf.assign(W, W - learning_rate * d_W),
    tf.assign(b, b - learning_rate * tf.reduce_mean(d_b)),
]
RMSE = tf.reduce_mean(tf.square(Y - hypothesis))

# grow and shrink, for no reason
grow = tf.group(b.assign_add(1.0), W.assign(W * 2.0), name="grow")

sess = tf.InteractiveSession()
init = tf.global_variables_initializer()
sess.run(init)

for i in range(50):
    sess.run(step, feed_dict={X: x_data, Y: y_data})
    if i % 10 == 0:
        values, error = sess.run([step, RMSE], feed_dict={X: x_data, Y: y_data})
        print(i, *values, error)
grow.run()
new_step, error = sess.run([step, RMSE], feed_dict={X: x_data, Y: y_data})
print(new_step[0], error)
print(*sess.run(step, feed_dict={X: x_data, Y: y_data}))
print(*sess.run([W, b]))
