import pickle

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 4], name="x")
labels = tf.placeholder(tf.float32, [None, 1], name="labels")
hidden = tf.layers.dense(x, 3, activation=tf.nn.tanh, name="hidden")
y = tf.layers.dense(hidden, 1, name="y")
loss = tf.reduce_mean(tf.square(y - labels))
train_op = tf.train.AdamOptimizer(0.05).minimize(loss)

data = {"x": np.linspace(-1, 1, 24).reshape([6, 4]), "labels": np.arange(6).reshape([6, 1])}


def save(sess, path):
    """Save the weights as a list of arrays."""
    with open(path, "wb") as f:
        pickle.dump(sess.run(tf.trainable_variables()), f)


def load(sess, path):
    """Give the weights the values of a file."""
    with open(path, "rb") as f:
        values = pickle.load(f)
    for variable, value in zip(tf.trainable_variables(), values):
        print(variable.name, value.shape)
        variable.load(value, sess)


with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    save(sess, "start.pkl")
    for _ in range(6):
        sess.run(train_op, {x: data["x"], labels: data["labels"]})
    print("trained", sess.run(loss, {x: data["x"], labels: data["labels"]}))
    everything = {v.op.name: sess.run(v) for v in tf.global_variables()}
    print(sorted(everything))
    np.savez("all.npz", **everything)
    load(sess, "start.pkl")
    print("at the start", sess.run(loss, {x: data["x"], labels: data["labels"]}))
    saved = np.load("all.npz")
    for variable in tf.global_variables():
        sess.run(tf.assign(variable, saved[variable.op.name]))
    print("trained", sess.run(loss, {x: data["x"], labels: data["labels"]}))
