import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import pickle

import numpy as np
import tensorflow as tf
import tf2_bridge


class WeightsInFunctions(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        x = tf2_bridge.feed(tf.TensorSpec([None, 4], tf.float32, name="x"))
        labels = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32, name="labels"))
        hidden = tf.compat.v1.layers.dense(x, 3, activation=tf.nn.tanh, name="hidden")
        y = tf.compat.v1.layers.dense(hidden, 1, name="y")
        loss = tf.reduce_mean(tf.square(y - labels))
        train_op = tf.compat.v1.train.AdamOptimizer(0.05).minimize(loss)

        self.variable_values = self.function([], tf.compat.v1.trainable_variables())
        self.train_op = self.function([x, labels], train_op)
        self.loss = self.function([x, labels], loss)
        self.listed_variables = tf.compat.v1.global_variables()
        self.listed_variables_2 = tf.compat.v1.trainable_variables()


model = WeightsInFunctions()
model.build()

data = {"x": np.linspace(-1, 1, 24).reshape([6, 4]), "labels": np.arange(6).reshape([6, 1])}


def save(path):
    """Save the weights as a list of arrays."""
    with open(path, "wb") as f:
        pickle.dump(model.variable_values(), f)


def load(path):
    """Give the weights the values of a file."""
    with open(path, "rb") as f:
        values = pickle.load(f)
    for variable, value in zip(model.listed_variables_2, values):
        print(variable.name, value.shape)
        variable.assign(value)


save("start.pkl")
for _ in range(6):
    model.train_op(data["x"], data["labels"])
print("trained", model.loss(data["x"], data["labels"]))
everything = {v.op.name: v.numpy() for v in model.listed_variables}
print(sorted(everything))
np.savez("all.npz", **everything)
load("start.pkl")
print("at the start", model.loss(data["x"], data["labels"]))
saved = np.load("all.npz")
for variable in model.listed_variables:
    variable.assign(saved[variable.op.name])
print("trained", model.loss(data["x"], data["labels"]))
