"""Predict the next value of a sine wave with an LSTM."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge

timesteps = 6
num_hidden = 5


class Recurrent(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        X = tf2_bridge.feed(tf.TensorSpec([None, timesteps, 1], "float"))
        Y = tf2_bridge.feed(tf.TensorSpec([None, 1], "float"))

        # Define weights
        weights = {"out": tf.Variable(tf.random.normal([num_hidden, 1]))}
        biases = {"out": tf.Variable(tf.random.normal([1]))}

        def RNN(x):
            # Define a lstm cell with tensorflow
            lstm_cell = tf.compat.v1.nn.rnn_cell.BasicLSTMCell(num_hidden, forget_bias=1.0)
            # Get lstm cell output
            outputs, states = tf.compat.v1.nn.dynamic_rnn(lstm_cell, x, dtype=tf.float32)
            # Linear activation, using rnn inner loop last output
            return tf.matmul(outputs[:, -1], weights["out"]) + biases["out"]

        prediction = RNN(X)
        loss_op = tf.compat.v1.losses.mean_squared_error(Y, prediction)
        # Clip the gradients, they explode in recurrent networks
        optimizer = tf.compat.v1.train.GradientDescentOptimizer(0.1)
        gvs = optimizer.compute_gradients(loss_op)
        capped = [(tf.clip_by_norm(grad, 1.0), var) for grad, var in gvs if grad is not None]
        train_op = optimizer.apply_gradients(capped)

        self.train_op = self.function([X, Y], train_op)
        self.loss_op = self.function([X, Y], loss_op)
        self.prediction = self.function([X], prediction)


model = Recurrent()
model.build()

wave = np.sin(np.linspace(0, 9, 60))
windows = np.array([wave[i : i + timesteps] for i in range(50)])[:, :, None]
following = wave[timesteps : timesteps + 50, None]

for step in range(60):
    model.train_op(windows, following)
    if step % 20 == 0:
        print("step", step, "loss", model.loss_op(windows, following))
print(model.prediction(windows[:3]).tolist())
