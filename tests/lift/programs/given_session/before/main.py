import os

import numpy as np
import tensorflow as tf

from model import Model

flags = tf.app.flags
flags.DEFINE_integer("steps", 5, "how many")
FLAGS = flags.FLAGS


def main(_):
    if not os.path.isdir("out"):
        os.makedirs("out")
    rng = np.random.RandomState(0)
    x = rng.normal(size=(20, 3))
    y = x[:, :1] * 2
    run_config = tf.ConfigProto()
    run_config.gpu_options.allow_growth = True

    with tf.Session(config=run_config) as sess:
        model = Model(sess, size=3, folder="out")
        for step in range(FLAGS.steps):
            print("loss: %.6f" % model.train(x, y))
            model.save(step)


if __name__ == "__main__":
    tf.app.run()
