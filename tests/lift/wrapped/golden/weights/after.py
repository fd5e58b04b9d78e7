import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge

features = np.linspace(-1, 1, 32).reshape([8, 4])
targets = np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]]


class Weights(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        x = tf2_bridge.feed(tf.TensorSpec([None, 4], tf.float32, name="x"))
        labels = tf2_bridge.feed(tf.TensorSpec([None, 3], tf.float32, name="labels"))
        hidden = tf.compat.v1.layers.dense(x, 5, activation=tf.nn.tanh, name="hidden")
        logits = tf.compat.v1.layers.dense(hidden, 3, name="logits")
        loss = tf.compat.v1.losses.softmax_cross_entropy(labels, logits)
        train_op = tf.compat.v1.train.GradientDescentOptimizer(0.1).minimize(loss)
        params = tf.compat.v1.trainable_variables()

        self.train_op = self.function([x, labels], [train_op, loss])
        self.compute_params = self.function([], params)
        self.train_step = self.function([x, labels], train_op)
        self.loss = self.function([x, labels], loss)
        self.params = params


model = Weights()
model.build()
for _ in range(5):
    _, value = model.train_op(features, targets)
print("loss", value)
np.savez("weights.npz", *model.compute_params())
np.savez("named.npz", **{v.name: value for v, value in zip(model.params, model.compute_params())})

for _ in range(5):
    model.train_step(features, targets)
print("later", model.loss(features, targets))

# back to where it was saved
data = np.load("weights.npz")
for variable, key in zip(model.params, data.files):
    variable.assign(data[key])
print("restored", model.loss(features, targets))
data = np.load("named.npz")
for variable in model.params:
    variable.assign(data[variable.name])
print("restored", model.loss(features, targets))
