#!/usr/bin/env python
import numpy as np
import tensorflow as tf

n_input = 5
n_hidden = 8


def multilayer_perceptron(x, weights, biases):
    # hidden layer with RELU activation
    layer_1 = tf.nn.relu(tf.add(tf.matmul(x, weights["h1"]), biases["b1"]))
    return tf.matmul(layer_1, weights["out"]) + biases["out"]


if __name__ == "__main__":
    x = tf.placeholder("float", [None, n_input])
    y = tf.placeholder("float", [None, 1])

    # Store layers weight & bias
    weights = {
        "h1": tf.Variable(tf.random_normal([n_input, n_hidden])),
        "out": tf.Variable(tf.random_normal([n_hidden, 1])),
    }
    biases = {
        "b1": tf.Variable(tf.random_normal([n_hidden])),
        "out": tf.Variable(tf.random_normal([1])),
    }

    pred = multilayer_perceptron(x, weights, biases)
    cost = tf.reduce_mean(tf.pow(pred - y, 2))
    train_op = tf.train.MomentumOptimizer(0.05, 0.9, use_nesterov=True).minimize(cost)
    init = tf.global_variables_initializer()
    saver = tf.train.Saver()

    data = np.random.RandomState(3).normal(size=(30, n_input))
    target = np.sin(data.sum(axis=1, keepdims=True))

    with tf.Session() as sess:
        sess.run(init)
        for epoch in range(60):
            _, c = sess.run([train_op, cost], feed_dict={x: data, y: target})
            if epoch % 20 == 0:
                print("Epoch: %d cost: %r" % (epoch, float(c)))
        prediction = sess.run(pred, {x: data[:2]})
        print(prediction.tolist())
        save_path = saver.save(sess, "./perceptron.ckpt")
        print("saved in %s" % save_path)
