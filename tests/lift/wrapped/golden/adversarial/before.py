"""Generative adversarial network: two train ops, each of variables of its own."""

import numpy as np
import tensorflow as tf

noise_dim = 4


# Generator
def generator(z, reuse=None):
    with tf.variable_scope("Generator", reuse=reuse):
        hidden = tf.layers.dense(z, 8, tf.nn.relu)
        return tf.layers.dense(hidden, 3)


# Discriminator
def discriminator(x, reuse=None):
    with tf.variable_scope("Discriminator", reuse=reuse):
        hidden = tf.layers.dense(x, 8, tf.nn.relu)
        return tf.layers.dense(hidden, 1)


# Network inputs
gen_input = tf.placeholder(tf.float32, shape=[None, noise_dim], name="input_noise")
disc_input = tf.placeholder(tf.float32, shape=[None, 3], name="disc_input")

gen_sample = generator(gen_input)
disc_real = discriminator(disc_input)
disc_fake = discriminator(gen_sample, reuse=True)

gen_loss = tf.reduce_mean(
    tf.nn.sigmoid_cross_entropy_with_logits(logits=disc_fake, labels=tf.ones_like(disc_fake))
)
disc_loss = -tf.reduce_mean(tf.log_sigmoid(disc_real) + tf.log_sigmoid(-disc_fake))

# Training variables for each optimizer
gen_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="Generator")
disc_vars = tf.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES, scope="Discriminator")
train_disc = tf.train.AdamOptimizer(0.002).minimize(disc_loss, var_list=disc_vars)
train_gen = tf.train.AdamOptimizer(0.001).minimize(gen_loss, var_list=gen_vars)

data = np.random.RandomState(9)
init = tf.global_variables_initializer()

with tf.Session() as sess:
    # Run the initializer
    sess.run(init)
    for i in range(1, 41):
        # Prepare Data
        real = data.normal(2.0, 0.1, size=(16, 3))
        z = data.uniform(-1.0, 1.0, size=[16, noise_dim])

        # Train
        feed_dict = {disc_input: real, gen_input: z}
        _, dl = sess.run([train_disc, disc_loss], feed_dict=feed_dict)
        _, gl = sess.run(
            [train_gen, gen_loss],  # the discriminator stays as it is
            feed_dict={gen_input: z},
        )
        if i % 20 == 0 or i == 1:
            print("Step %i: Generator Loss: %f, Discriminator Loss: %f" % (i, gl, dl))

    # Generate samples from noise, using the generator network.
    print(sess.run(gen_sample, feed_dict={gen_input: z[:2]}).tolist())
