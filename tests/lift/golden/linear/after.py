"""Least squares by gradient descent."""

import numpy as np
import tensorflow as tf

tf.random.set_seed(777)  # for reproducibility

x_data = np.linspace(-1, 1, 20)
y_data = 3 * x_data - 0.5


class Linear(tf.Module):
    def __init__(self):
        super().__init__()
        self.W = tf.Variable(tf.random.normal([1]), name="Variable")  # slope
        self.b = tf.Variable(tf.random.normal([1]), name="bias")

    @tf.function(
        input_signature=[
            # what is fed
            tf.TensorSpec([None], tf.float32),
        ]
    )
    def hypothesis(self, X):
        hypothesis = X * self.W + self.b
        return hypothesis


# Initialize the variables
model = Linear()
optimizer = tf.keras.optimizers.SGD(0.1)
optimizer.build(model.trainable_variables)


@tf.function(
    input_signature=[
        tf.TensorSpec([None], tf.float32),
        tf.TensorSpec([None], tf.float32),
    ]
)
def train(X, Y):
    with tf.GradientTape() as tape:
        hypothesis = model.hypothesis(X)
        cost = tf.reduce_mean(tf.square(hypothesis - Y))
    variables = model.trainable_variables
    gradients = tape.gradient(cost, variables)
    optimizer.apply_gradients(zip(gradients, variables))
    return cost, model.W.read_value()


feed = {"X": x_data, "Y": y_data}
for step in range(50):
    cost_val, W_val = [value.numpy() for value in train(**feed)]
    if step % 10 == 0:
        print(step, cost_val, W_val[0])

print("at 2:", model.hypothesis([2.0]).numpy())
print("sum of both:", (model.W + model.b).numpy())
