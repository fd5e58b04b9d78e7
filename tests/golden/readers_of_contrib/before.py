import numpy as np
import tensorflow as tf
from tensorflow.contrib.framework.python.framework import checkpoint_utils
from tensorflow.contrib.framework import list_variables, load_variable as load


def convert(folder, out):
    """Give every variable another name."""
    with tf.Graph().as_default(), tf.Session() as sess:
        for name, shape in list_variables(folder):
            value = load(folder, name)
            tf.Variable(value, name=name.replace("old/", "new/"))
        sess.run(tf.global_variables_initializer())
        tf.train.Saver().save(sess, out)


def sizes(folder):
    return {name: np.prod(shape) for name, shape in checkpoint_utils.list_variables(folder)}
