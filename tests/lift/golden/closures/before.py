"""A function of the script reads tensors from outside."""

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 4], name="input")
strength = tf.placeholder(tf.float32, [])
one = tf.constant(1.0)

encoder = tf.Variable(tf.random_normal([4, 2]), name="encoder")
spread = tf.Variable(tf.zeros([4, 2]), name="spread")
decoder = tf.Variable(tf.random_normal([2, 4]), name="decoder")
z_mean = tf.matmul(x, encoder)
z_std = tf.matmul(x, spread)
output = tf.nn.sigmoid(tf.matmul(z_mean * tf.exp(z_std / 2), decoder))


# how far the output is, and the code
def vae_loss(reconstructed, true):
    distance = tf.reduce_sum(tf.square(reconstructed - true), 1)
    # KL divergence
    divergence = one + z_std - tf.square(z_mean) - tf.exp(z_std)
    return tf.reduce_mean(distance - 0.5 * strength * tf.reduce_sum(divergence, 1))


loss = vae_loss(output, x)
train = tf.train.RMSPropOptimizer(0.01).minimize(loss)

data = np.random.RandomState(1).uniform(size=(30, 4))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(100):
        _, value = sess.run([train, loss], feed_dict={x: data, strength: 0.1})
        if step % 20 == 0:
            print(step, value)
    print(sess.run(output, {x: data[:2]}))
