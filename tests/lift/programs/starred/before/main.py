import os

import numpy as np

from gan import GAN
from utils import show_all_variables

import tensorflow as tf

flags = tf.app.flags
flags.DEFINE_integer("epoch", 2, "how many")
flags.DEFINE_boolean("wide", False, "more units")
FLAGS = flags.FLAGS


def main(_):
    np.random.seed(7)
    if not os.path.exists("out"):
        os.makedirs("out")

    # open session
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as sess:
        # declare instance for GAN

        if FLAGS.wide:
            gan = GAN(sess, epoch=FLAGS.epoch, z_dim=4, units=8)
        else:
            gan = GAN(sess,
                      epoch=FLAGS.epoch,
                      z_dim=4,
                      units=3)

        # build graph
        gan.build_model()

        # show network architecture
        show_all_variables()

        gan.train()
        print(gan.sample(3))


if __name__ == "__main__":
    tf.app.run()
