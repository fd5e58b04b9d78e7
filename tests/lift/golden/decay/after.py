import numpy as np
import tensorflow as tf


class Decay(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.zeros([3, 1]), name="w")
        # the rate falls every five steps
        self.global_step = tf.Variable(0, trainable=False, dtype=tf.int64, name="global_step")

    def loss(self, x, y):
        loss = tf.reduce_mean(tf.square(tf.matmul(x, self.w) - y))
        return loss


model = Decay()
optimizer_rate = tf.Variable(0.0, trainable=False)
optimizer = tf.compat.v1.train.MomentumOptimizer(optimizer_rate, 0.9)
# the rate is fed
optimizer_2_rate = tf.Variable(0.0, trainable=False)
optimizer_2 = tf.compat.v1.train.AdamOptimizer(optimizer_2_rate)


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
    ]
)
def train_op(x, y):
    with tf.GradientTape() as tape:
        loss = model.loss(x, y)
    learning_rate = tf.compat.v1.train.exponential_decay(
        0.1, model.global_step, 5, 0.7, staircase=True
    )
    optimizer_rate.assign(learning_rate)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    model.global_step.assign_add(1)
    return loss, learning_rate


@tf.function(
    input_signature=[
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None, 1], tf.float32),
        tf.TensorSpec([], tf.float32),
    ]
)
def train_step(x, y, rate):
    with tf.GradientTape() as tape:
        loss = model.loss(x, y)
    optimizer_2_rate.assign(rate)
    variables = model.trainable_variables
    gradients = tape.gradient(loss, variables)
    optimizer_2.apply_gradients(zip(gradients, variables))
    return loss


data = np.random.RandomState(8).normal(size=(50, 3))
target = data.sum(axis=1, keepdims=True) + 1

for i in range(20):
    value, current = [value.numpy() for value in train_op(data, target)]
    if i % 5 == 0:
        print(i, value, current)
print(model.global_step.numpy())
for i in range(20):
    value = train_step(data, target, 0.1 / (i + 1)).numpy()
print(value)
