"""Read a checkpoint in every way that a program of TensorFlow 1 reads one."""

import sys

import numpy as np
import tensorflow as tf
from tensorflow.contrib.framework import list_variables, load_variable
from tensorflow.python import pywrap_tensorflow
from train import net


def main(folder):
    """Print what the latest checkpoint in a folder holds."""
    prefix = tf.train.latest_checkpoint(folder)
    reader = pywrap_tensorflow.NewCheckpointReader(prefix)
    for name, shape in sorted(reader.get_variable_to_shape_map().items()):
        print(name, shape, np.round(np.sum(reader.get_tensor(name)), 5))
    print([name for name, _ in list_variables(folder)], load_variable(folder, "net/b").round(5))
    x = tf.constant([[1.0, 2.0, 3.0]])
    y = net(x, "copy")
    z = net(x, "other")
    tf.train.init_from_checkpoint(folder, {"net/": "copy/"})
    others = {"net/" + v.op.name.split("/")[-1]: v for v in tf.global_variables("other")}
    restore = tf.contrib.framework.assign_from_checkpoint_fn(
        prefix, others, ignore_missing_vars=True
    )
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        restore(sess)
        print(sess.run([y, z])[0].round(5), sess.run(z).round(5))


if __name__ == "__main__":
    main(sys.argv[1])
