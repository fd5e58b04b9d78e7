import numpy as np
import tensorflow as tf

from model import Model

flags = tf.app.flags
flags.DEFINE_integer("steps", 5, "how many")
FLAGS = flags.FLAGS


def main(_):
    rng = np.random.RandomState(0)
    x = rng.normal(size=(20, 3))
    y = x[:, :1] * 2
    model = Model(3, "out")
    for step in range(FLAGS.steps):
        print("loss: %.6f" % model.train(x, y))
        model.save(step)
    print(model.predict(x[:2]))


if __name__ == "__main__":
    tf.app.run()
