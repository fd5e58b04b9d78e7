import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 4], name="x")
labels = tf.placeholder(tf.float32, [None, 3], name="labels")
hidden = tf.layers.dense(x, 5, activation=tf.nn.tanh, name="hidden")
logits = tf.layers.dense(hidden, 3, name="logits")
loss = tf.losses.softmax_cross_entropy(labels, logits)
train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss)

features = np.linspace(-1, 1, 32).reshape([8, 4])
targets = np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]]

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    params = tf.trainable_variables()
    for _ in range(5):
        _, value = sess.run([train_op, loss], {x: features, labels: targets})
    print("loss", value)
    np.savez("weights.npz", *sess.run(params))
    np.savez("named.npz", **{v.name: value for v, value in zip(params, sess.run(params))})

    for _ in range(5):
        sess.run(train_op, {x: features, labels: targets})
    print("later", sess.run(loss, {x: features, labels: targets}))

    # back to where it was saved
    data = np.load("weights.npz")
    for variable, key in zip(params, data.files):
        sess.run(variable.assign(data[key]))
    print("restored", sess.run(loss, {x: features, labels: targets}))
    data = np.load("named.npz")
    for variable in params:
        variable.load(data[variable.name], sess)
    print("restored", sess.run(loss, {x: features, labels: targets}))
