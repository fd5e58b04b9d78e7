"""Predict the next value of a sine wave with an LSTM."""

import numpy as np
import tensorflow as tf

timesteps = 6
num_hidden = 5

X = tf.placeholder("float", [None, timesteps, 1])
Y = tf.placeholder("float", [None, 1])

# Define weights
weights = {"out": tf.Variable(tf.random_normal([num_hidden, 1]))}
biases = {"out": tf.Variable(tf.random_normal([1]))}


def RNN(x):
    # Define a lstm cell with tensorflow
    lstm_cell = tf.nn.rnn_cell.BasicLSTMCell(num_hidden, forget_bias=1.0)
    # Get lstm cell output
    outputs, states = tf.nn.dynamic_rnn(lstm_cell, x, dtype=tf.float32)
    # Linear activation, using rnn inner loop last output
    return tf.matmul(outputs[:, -1], weights["out"]) + biases["out"]


prediction = RNN(X)
loss_op = tf.losses.mean_squared_error(Y, prediction)
# Clip the gradients, they explode in recurrent networks
optimizer = tf.train.GradientDescentOptimizer(0.1)
gvs = optimizer.compute_gradients(loss_op)
capped = [(tf.clip_by_norm(grad, 1.0), var) for grad, var in gvs if grad is not None]
train_op = optimizer.apply_gradients(capped)

wave = np.sin(np.linspace(0, 9, 60))
windows = np.array([wave[i : i + timesteps] for i in range(50)])[:, :, None]
following = wave[timesteps : timesteps + 50, None]

sess = tf.InteractiveSession()
tf.global_variables_initializer().run()
for step in range(60):
    train_op.run(feed_dict={X: windows, Y: following})
    if step % 20 == 0:
        print("step", step, "loss", loss_op.eval(feed_dict={X: windows, Y: following}))
print(prediction.eval({X: windows[:3]}).tolist())
sess.close()
