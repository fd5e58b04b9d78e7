"""Four small models, each in a graph of its own."""

import numpy as np
import tensorflow as tf


def squared_error(output, target):
    return tf.reduce_mean(tf.square(output - target))


# Regression: y = 3 * x
batch_size = 10
x_vals = np.random.normal(1, 0.1, 100)


class Graphs(tf.Module):
    def __init__(self):
        super().__init__()
        # the factor
        self.A = tf.Variable(tf.random.normal(shape=[1]), name="Variable")

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([None], tf.float32),
        ]
    )
    def loss(self, x_data, y_target):
        my_output = tf.multiply(x_data, self.A)
        loss = squared_error(my_output, y_target)
        return loss


model = Graphs()
my_opt = tf.keras.optimizers.SGD(0.02, momentum=0.9)
my_opt.build(model.trainable_variables)


@tf.function(
    input_signature=[
        tf.TensorSpec([None], tf.float32),
        tf.TensorSpec([None], tf.float32),
    ]
)
def train_step(x_data, y_target):
    with tf.GradientTape() as tape:
        loss = model.loss(x_data, y_target)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    my_opt.apply_gradients(zip(gradients, variables))


for i in range(100):
    rand_x = np.random.choice(x_vals, size=batch_size)
    feed = {"x_data": rand_x, "y_target": 3 * rand_x}
    train_step(**feed)
    if i % 25 == 0:
        print(i, model.A.numpy(), model.loss(**feed).numpy())

# Classification: is x > 2?
batch_size = 20
x_vals = np.concatenate((np.random.normal(-1, 1, 50), np.random.normal(5, 1, 50)))
y_vals = np.repeat([0.0, 1.0], 50)


class Graphs2(tf.Module):
    def __init__(self):
        super().__init__()
        # the border
        self.A = tf.Variable(tf.random.normal(mean=10, shape=[1]), name="Variable")
        self.B = tf.Variable(1.0, name="scale")

    def my_output(self, x_data):
        my_output = tf.add(x_data, self.A) * self.B
        return my_output

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([None], tf.float32),
        ]
    )
    def xentropy(self, x_data, y_target):
        my_output = self.my_output(x_data)
        xentropy = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(logits=my_output, labels=y_target)
        )
        return xentropy

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([None], tf.float32),
        ]
    )
    def distance(self, x_data, y_target):
        my_output = self.my_output(x_data)
        distance = squared_error(tf.sigmoid(my_output), y_target)
        return distance


model_2 = Graphs2()
my_opt = tf.keras.optimizers.SGD(0.05)
my_opt.build(model_2.trainable_variables)


@tf.function(
    input_signature=[
        tf.TensorSpec([None], tf.float32),
        tf.TensorSpec([None], tf.float32),
    ]
)
def train_step(x_data, y_target):
    with tf.GradientTape() as tape:
        my_output = model_2.my_output(x_data)
        xentropy = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(logits=my_output, labels=y_target)
        )
    variables = model_2.trainable_variables
    gradients = tape.gradient(xentropy, variables)
    my_opt.apply_gradients(zip(gradients, variables))


for i in range(200):
    rows = np.random.choice(100, size=batch_size)
    train_step(x_vals[rows], y_vals[rows])
    if i % 50 == 0:
        print(i, *[model_2.A.numpy(), model_2.B.numpy()])
        print(model_2.xentropy(x_vals, y_vals).numpy())

print(model_2.distance(x_vals, y_vals).numpy())

# Counting, in a graph that is not the default one


class Graphs3(tf.Module):
    def __init__(self):
        super().__init__()
        self.total = tf.Variable(0.0, name="total")

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def count(self, amount):
        self.total.assign_add(amount)


model_3 = Graphs3()

for i in range(5):
    model_3.count(i)
print(model_3.total.numpy() > 5)


class Graphs4(tf.Module):
    def __init__(self):
        super().__init__()
        self.scale = tf.Variable([1.0, 2.0], name="scale")

    @tf.function(input_signature=[])
    def scaled(self):
        scaled = self.scale * 3.0
        return scaled


model_4 = Graphs4()

print(model_4.scaled().numpy())
