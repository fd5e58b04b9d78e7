"""A small adversarial network."""
import os
import tensorflow as tf
import numpy as np

from ops import *
from utils import *


class GAN(object):
    model_name = "GAN"  # name for checkpoint

    def __init__(self, sess, epoch, z_dim, units):
        self.sess = sess
        self.epoch = epoch
        self.z_dim = z_dim
        self.units = units

    def discriminator(self, x, reuse=False):
        with tf.variable_scope("discriminator", reuse=reuse):
            return linear(lrelu(linear(x, self.units, "d_fc1")), 1, "d_fc2")

    def generator(self, z, reuse=False):
        with tf.variable_scope("generator", reuse=reuse):
            net = linear(lrelu(linear(z, self.units, "g_fc1")), 2, "g_fc2")
            return tf.nn.sigmoid(concat([net, -net], 1))

    def build_model(self):
        """ Graph Input """
        # points
        self.inputs = tf.placeholder(tf.float32, [None, 4], name="points")
        # noises
        self.z = tf.placeholder(tf.float32, [None, self.z_dim], name="z")

        real = self.discriminator(self.inputs)
        fake = self.discriminator(self.generator(self.z), reuse=True)
        self.d_loss = loss_of(real, tf.ones_like(real)) + loss_of(fake, tf.zeros_like(fake))
        self.g_loss = loss_of(fake, tf.ones_like(fake))

        # divide trainable variables into a group for D and a group for G
        t_vars = tf.trainable_variables()
        d_vars = [var for var in t_vars if "d_" in var.name]
        g_vars = [var for var in t_vars if "g_" in var.name]
        self.d_optim = tf.train.AdamOptimizer(0.01, beta1=0.5).minimize(self.d_loss, var_list=d_vars)
        self.g_optim = tf.train.AdamOptimizer(0.02, beta1=0.5).minimize(self.g_loss, var_list=g_vars)
        self.fake = self.generator(self.z, reuse=True)

    def train(self):
        # initialize all variables
        tf.global_variables_initializer().run()

        # saver to save model
        self.saver = tf.train.Saver()
        could_load, counter = self.load("out")
        print(could_load, counter)
        for epoch in range(self.epoch):
            for idx in range(5):
                batch = np.random.uniform(-1, 1, [8, 4])
                batch_z = np.random.uniform(-1, 1, [8, self.z_dim]).astype(np.float32)

                # update D network
                _, d_loss = self.sess.run([self.d_optim, self.d_loss],
                                          feed_dict={self.inputs: batch, self.z: batch_z})

                # update G network
                _, g_loss = self.sess.run([self.g_optim, self.g_loss], feed_dict={self.z: batch_z})
                counter += 1
                print("[%2d] %.6f %.6f" % (epoch, d_loss, g_loss))
            self.save("out", counter)

    def sample(self, count):
        z = np.linspace(-1, 1, count * self.z_dim).reshape(count, self.z_dim)
        return self.sess.run(self.fake, feed_dict={self.z: z})

    def save(self, folder, step):
        self.saver.save(self.sess, os.path.join(folder, self.model_name + ".model"), global_step=step)

    def load(self, folder):
        ckpt = tf.train.get_checkpoint_state(folder)
        if ckpt and ckpt.model_checkpoint_path:
            name = os.path.basename(ckpt.model_checkpoint_path)
            self.saver.restore(self.sess, os.path.join(folder, name))
            return True, int(name.split("-")[-1])
        return False, 0
