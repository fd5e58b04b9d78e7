"""Loops and conditions of the host build the graph."""

import numpy as np
import tensorflow as tf

REGULARIZATION = "l2"
DEPTH = 3
RATES = [1.0, 0.5]


class Blocks(tf.Module):
    def __init__(self):
        super().__init__()
        self.U = tf.Variable(tf.random.normal([4, 4]), name="recurrent/U")
        self.b = tf.Variable(tf.zeros([4]), name="recurrent/b")
        self.V = tf.Variable(tf.random.normal([4, 2]), name="V")

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def output(self, x):
        # the same layer several times
        hidden = x
        for i in range(DEPTH):
            hidden = tf.tanh(tf.matmul(hidden, self.U) + self.b)  # layer i
        output = tf.matmul(hidden, self.V)
        return output


model = Blocks()
optimizer = tf.compat.v1.train.AdamOptimizer(0.01)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 4], tf.float32),
        tf.TensorSpec([None, 2], tf.float32),
    ]
)
def train(x, y):
    with tf.GradientTape() as tape:
        output = model.output(x)
        loss = tf.reduce_mean(tf.square(output - y))
        # how large the weights may get
        if REGULARIZATION == "l1":
            loss += 0.01 * tf.reduce_sum(tf.abs(model.V))
        elif REGULARIZATION == "l2":
            size = tf.reduce_sum(tf.square(model.V))
            for rate in RATES:
                size = size * rate + tf.reduce_sum(tf.square(model.U))
            loss += 0.01 * size
        else:
            raise ValueError(REGULARIZATION)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return loss


data = np.random.RandomState(1).normal(size=(30, 4))
target = data[:, :2] * data[:, 2:]

for step in range(100):
    value = train(data, target).numpy()
    if step % 20 == 0:
        print(step, value)
print(model.output(data[:2]).numpy())
