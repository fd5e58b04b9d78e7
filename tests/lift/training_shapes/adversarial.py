import numpy as np
import tensorflow as tf

rng = np.random.RandomState(31)
real = rng.normal(2.0, 0.5, size=(200, 3))
noise = rng.uniform(-1, 1, size=(200, 2))

z = tf.placeholder(tf.float32, [None, 2], name="z")
x = tf.placeholder(tf.float32, [None, 3], name="x")

# generator
g_kernel = tf.Variable(tf.random_normal([2, 3], stddev=0.5), name="g_kernel")
g_bias = tf.Variable(tf.zeros([3]), name="g_bias")
# discriminator
d_kernel = tf.Variable(tf.random_normal([3, 4], stddev=0.5), name="d_kernel")
d_output = tf.Variable(tf.random_normal([4, 1], stddev=0.5), name="d_output")


def generator(z):
    return tf.matmul(z, g_kernel) + g_bias


def discriminator(x):
    return tf.matmul(tf.nn.leaky_relu(tf.matmul(x, d_kernel)), d_output)


fake = generator(z)
on_fake = discriminator(fake)
on_real = discriminator(x)
d_loss = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(on_real), logits=on_real)
) + tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.zeros_like(on_fake), logits=on_fake)
)
g_loss = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(on_fake), logits=on_fake)
)
d_train = tf.train.AdamOptimizer(0.02, beta1=0.5).minimize(d_loss, var_list=[d_kernel, d_output])
g_train = tf.train.AdamOptimizer(0.02, beta1=0.5).minimize(g_loss, var_list=[g_kernel, g_bias])

curve = []
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(100):
        rows = (np.arange(20) + 20 * step) % 200
        _, d_value = sess.run([d_train, d_loss], feed_dict={x: real[rows], z: noise[rows]})
        _, g_value = sess.run([g_train, g_loss], feed_dict={z: noise[rows]})
        curve.append(d_value + g_value)
    made = sess.run(fake, feed_dict={z: noise})
    np.savez("arrays.npz", curve=curve, answer=made, kernel=sess.run(g_kernel))
