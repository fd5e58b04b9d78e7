"""Back propagation by hand."""

import numpy as np
import tensorflow as tf

tf.random.set_seed(777)  # for reproducibility
learning_rate = 0.1

x_data = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
y_data = np.array([[0], [1], [1], [0]], dtype=np.float32)


def sigma(x):
    # sigmoid function
    return tf.compat.v1.div(tf.constant(1.0), tf.add(tf.constant(1.0), tf.exp(-x)))


class Backprop(tf.Module):
    def __init__(self):
        super().__init__()
        self.W = tf.Variable(tf.random.truncated_normal([2, 1]), name='weight')
        self.b = tf.Variable(5., name="Variable")

    @tf.function(input_signature=[])
    def grow(self):
        # grow and shrink, for no reason
        self.b.assign_add(1.0)
        self.W.assign(self.W * 2.0)

    def d_W(self, X, Y):
        # Forward prop
        layer = tf.matmul(X, self.W) + self.b
        hypothesis = sigma(layer)
        features = int(X.get_shape()[1])
        diff = hypothesis - Y
        # Back prop (chain rule)
        d_layer = diff * hypothesis * (1 - hypothesis)
        d_b = d_layer
        d_W = tf.matmul(tf.transpose(X), d_layer) / features
        return hypothesis, diff, d_b, d_W

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32),
            tf.TensorSpec([None, 1], tf.float32),
        ]
    )
    def step(self, X, Y):
        hypothesis, diff, d_b, d_W = self.d_W(X, Y)
        # Dimension check
        assert hypothesis.shape.as_list() == Y.shape.as_list()
        print("difference:", diff.shape.ndims, X.get_shape()[1])
        # Updating network using gradients
        self.W.assign(self.W - learning_rate * d_W)
        self.b.assign(self.b - learning_rate * tf.reduce_mean(d_b))
        return [self.W.read_value(), self.b.read_value()]

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32),
            tf.TensorSpec([None, 1], tf.float32),
        ]
    )
    def step_2(self, X, Y):
        hypothesis, _, d_b, d_W = self.d_W(X, Y)
        RMSE = tf.reduce_mean(tf.square(Y - hypothesis))
        self.W.assign(self.W - learning_rate * d_W)
        self.b.assign(self.b - learning_rate * tf.reduce_mean(d_b))
        return [self.W.read_value(), self.b.read_value()], RMSE


model = Backprop()

for i in range(50):
    model.step(x_data, y_data)
    if i % 10 == 0:
        values, error = tf.nest.map_structure(lambda value: value.numpy(), model.step_2(
            x_data, y_data
        ))
        print(i, *values, error)
model.grow()
new_step, error = tf.nest.map_structure(lambda value: value.numpy(), model.step_2(
    x_data, y_data
))
print(new_step[0], error)
print(*tf.nest.map_structure(lambda value: value.numpy(), model.step(x_data, y_data)))
print(*[model.W.numpy(), model.b.numpy()])
