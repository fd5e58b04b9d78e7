#!/usr/bin/env python
import numpy as np
import tensorflow as tf

n_input = 5
n_hidden = 8


def multilayer_perceptron(x, weights, biases):
    # hidden layer with RELU activation
    layer_1 = tf.nn.relu(tf.add(tf.matmul(x, weights["h1"]), biases["b1"]))
    return tf.matmul(layer_1, weights["out"]) + biases["out"]


class Perceptron(tf.Module):
    def __init__(self):
        super().__init__()
        # Store layers weight & bias
        self.weights = {
            "h1": tf.Variable(tf.random.normal([n_input, n_hidden]), name="Variable"),
            "out": tf.Variable(tf.random.normal([n_hidden, 1]), name="Variable_1"),
        }
        self.biases = {
            "b1": tf.Variable(tf.random.normal([n_hidden]), name="Variable_2"),
            "out": tf.Variable(tf.random.normal([1]), name="Variable_3"),
        }

    @tf.function(input_signature=[tf.TensorSpec([None, n_input], "float")])
    def pred(self, x):
        pred = multilayer_perceptron(x, self.weights, self.biases)
        return pred


if __name__ == "__main__":
    model = Perceptron()
    optimizer = tf.compat.v1.train.MomentumOptimizer(0.05, 0.9, use_nesterov=True)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, n_input], "float"),
            tf.TensorSpec([None, 1], "float"),
        ]
    )
    def train_op(x, y):
        with tf.GradientTape() as tape:
            pred = model.pred(x)
            cost = tf.reduce_mean(tf.pow(pred - y, 2))
        variables = model.trainable_variables
        gradients = tape.gradient(cost, variables)
        optimizer.apply_gradients(zip(gradients, variables))
        return cost

    checkpoint = tf.train.Checkpoint(
        variables={v.name[:-2]: v for v in model.variables}, optimizer=optimizer
    )

    data = np.random.RandomState(3).normal(size=(30, n_input))
    target = np.sin(data.sum(axis=1, keepdims=True))

    for epoch in range(60):
        c = train_op(data, target).numpy()
        if epoch % 20 == 0:
            print("Epoch: %d cost: %r" % (epoch, float(c)))
    prediction = model.pred(data[:2]).numpy()
    print(prediction.tolist())
    save_path = checkpoint.write("./perceptron.ckpt")
    tf.compat.v1.train.update_checkpoint_state(".", save_path)
    print("saved in %s" % save_path)
