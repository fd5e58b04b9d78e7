"""Placeholders that have a default."""

import numpy as np
import tensorflow as tf


class Defaults(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.normal([3, 1]), name="w")

    def output(self, x, is_training, noise):
        scale = 1.0 - 0.5 * tf.cast(is_training, tf.float32)
        output = tf.matmul(x, self.w) * scale + noise
        return output

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 3], tf.float32),
            # how much of the noise is left
            tf.TensorSpec([], tf.float32),
        ]
    )
    def predict(self, x, noise):
        # off unless it is fed
        is_training = tf.constant(False, tf.bool)
        output = self.output(x, is_training, noise)
        return {"output": output}


model = Defaults()
optimizer = tf.keras.optimizers.SGD(1.0)
optimizer.build(model.trainable_variables)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
        tf.TensorSpec((), tf.bool),
    ]
)
def train(x, y, is_training):
    noise = tf.constant(0.0)
    learning_rate = tf.constant(0.1, tf.float32)
    with tf.GradientTape() as tape:
        output = model.output(x, is_training, noise)
        loss = tf.reduce_mean(tf.square(output - y)) * learning_rate
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
        tf.TensorSpec([], tf.float32),
    ]
)
def loss(x, y, learning_rate):
    is_training = tf.constant(False, tf.bool)
    noise = tf.constant(0.0)
    output = model.output(x, is_training, noise)
    loss = tf.reduce_mean(tf.square(output - y)) * learning_rate
    return loss


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def evaluate(x, y):
    is_training = tf.constant(False, tf.bool)
    noise = tf.constant(0.0)
    learning_rate = tf.constant(0.1, tf.float32)
    output = model.output(x, is_training, noise)
    loss = tf.reduce_mean(tf.square(output - y)) * learning_rate
    return loss, output


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
        tf.TensorSpec((), tf.bool),
        tf.TensorSpec([], tf.float32),
    ]
)
def train_2(x, y, is_training, learning_rate):
    noise = tf.constant(0.0)
    with tf.GradientTape() as tape:
        output = model.output(x, is_training, noise)
        loss = tf.reduce_mean(tf.square(output - y)) * learning_rate
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))


@tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
def output(x):
    is_training = tf.constant(False, tf.bool)
    noise = tf.constant(0.0)
    output = model.output(x, is_training, noise)
    return output


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([], tf.float32),
    ]
)
def output_2(x, noise):
    is_training = tf.constant(False, tf.bool)
    output = model.output(x, is_training, noise)
    return output


data = np.random.RandomState(1).normal(size=(20, 3))
target = data.sum(axis=1, keepdims=True)

for i in range(50):
    feed = {"x": data, "y": target, "is_training": True}
    train(**feed)
    if i % 10 == 0:
        print(i, loss(data, target, 1.0).numpy())
        cost, _ = [value.numpy() for value in evaluate(data, target)]
        print(cost)
train_2(data, target, True, 0.01)
print(output(data[:2]).numpy())
print(output_2(data[:2], 1.0).numpy())
if tf.io.gfile.exists("exported") and tf.io.gfile.listdir("exported"):
    raise AssertionError("exported holds an export already")
tf.saved_model.save(model, "exported", signatures={"serving_default": model.predict})
