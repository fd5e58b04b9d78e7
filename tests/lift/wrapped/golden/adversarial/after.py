"""Generative adversarial network: two train ops, each of variables of its own."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge

noise_dim = 4


# Generator
def generator(z, reuse=None):
    with tf.compat.v1.variable_scope("Generator", reuse=reuse):
        hidden = tf.compat.v1.layers.dense(z, 8, tf.nn.relu)
        return tf.compat.v1.layers.dense(hidden, 3)


# Discriminator
def discriminator(x, reuse=None):
    with tf.compat.v1.variable_scope("Discriminator", reuse=reuse):
        hidden = tf.compat.v1.layers.dense(x, 8, tf.nn.relu)
        return tf.compat.v1.layers.dense(hidden, 1)


class Adversarial(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        # Network inputs
        gen_input = tf2_bridge.feed(
            tf.TensorSpec([None, noise_dim], tf.float32, name="input_noise")
        )
        disc_input = tf2_bridge.feed(tf.TensorSpec([None, 3], tf.float32, name="disc_input"))

        gen_sample = generator(gen_input)
        disc_real = discriminator(disc_input)
        disc_fake = discriminator(gen_sample, reuse=True)

        gen_loss = tf.reduce_mean(
            tf.nn.sigmoid_cross_entropy_with_logits(
                logits=disc_fake, labels=tf.ones_like(disc_fake)
            )
        )
        disc_loss = -tf.reduce_mean(
            tf.math.log_sigmoid(disc_real) + tf.math.log_sigmoid(-disc_fake)
        )

        # Training variables for each optimizer
        gen_vars = tf.compat.v1.get_collection(
            tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES, scope="Generator"
        )
        disc_vars = tf.compat.v1.get_collection(
            tf.compat.v1.GraphKeys.TRAINABLE_VARIABLES, scope="Discriminator"
        )
        train_disc = tf.compat.v1.train.AdamOptimizer(0.002).minimize(disc_loss, var_list=disc_vars)
        train_gen = tf.compat.v1.train.AdamOptimizer(0.001).minimize(gen_loss, var_list=gen_vars)

        self.train_disc = self.function(
            [disc_input, gen_input], [train_disc, disc_loss]
        )
        self.train_gen = self.function([gen_input], [train_gen, gen_loss])
        self.gen_sample = self.function([gen_input], gen_sample)


# Run the initializer
model = Adversarial()
model.build()

data = np.random.RandomState(9)

for i in range(1, 41):
    # Prepare Data
    real = data.normal(2.0, 0.1, size=(16, 3))
    z = data.uniform(-1.0, 1.0, size=[16, noise_dim])

    # Train
    feed_dict = (real, z)
    _, dl = model.train_disc(*feed_dict)
    # the discriminator stays as it is
    _, gl = model.train_gen(z)
    if i % 20 == 0 or i == 1:
        print("Step %i: Generator Loss: %f, Discriminator Loss: %f" % (i, gl, dl))

# Generate samples from noise, using the generator network.
print(model.gen_sample(z[:2]).tolist())
