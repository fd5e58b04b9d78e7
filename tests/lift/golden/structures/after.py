"""Fetches of structures, and variables that start from others."""

import numpy as np
import tensorflow as tf


class Structures(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.normal([3, 1]), name="w")
        # starts where w does, and stays there
        self.first = tf.Variable(self.w * 1.0, trainable=False, name="first")
        self.moved = tf.Variable(tf.zeros_like(self.w), trainable=False, name="moved")

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def note(self, x):
        self.moved.assign(tf.reduce_sum(x) * tf.ones_like(self.w))

    def output(self, x):
        output = tf.matmul(x, self.w)
        return output

    def loss(self, y, output):
        error = output - y
        loss = tf.reduce_mean(tf.square(error))
        return error, loss

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 3], tf.float32),
            tf.TensorSpec([None, 1], tf.float32),
        ]
    )
    def evaluate_2(self, x, y):
        output = self.output(x)
        error, loss = self.loss(y, output)
        return [output, error], loss

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def extremes(self, x):
        output = self.output(x)
        extremes = [tf.reduce_max(output), tf.reduce_min(output)]
        return extremes

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 3], tf.float32),
            tf.TensorSpec([None, 1], tf.float32),
        ]
    )
    def evaluate(self, x, y):
        output = self.output(x)
        _, loss = self.loss(y, output)
        extremes = [tf.reduce_max(output), tf.reduce_min(output)]
        return extremes, loss


model = Structures()
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.build(model.trainable_variables)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train(x, y):
    with tf.GradientTape() as tape:
        output = model.output(x)
        error, loss = model.loss(y, output)
    # all that is told of a batch
    report = {"loss": loss, "errors": [tf.reduce_max(error), tf.reduce_min(error)]}
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return report


data = np.random.RandomState(1).normal(size=(20, 3))
target = data.sum(axis=1, keepdims=True)

for i in range(30):
    told = tf.nest.map_structure(lambda value: value.numpy(), train(data, target))
    if i % 10 == 0:
        print(i, told["loss"], *told["errors"])
high, low = tf.nest.map_structure(lambda value: value.numpy(), model.extremes(data))
print(high, low)
ends, cost = tf.nest.map_structure(lambda value: value.numpy(), model.evaluate(
    data, target
))
print(*ends, cost)
pair, value = tf.nest.map_structure(lambda value: value.numpy(), model.evaluate_2(
    data[:1], target[:1]
))
print(*pair, value)
model.note(data)
print(model.w.numpy(), model.moved.numpy())
print(np.abs(model.first.numpy()).max() < 5)
