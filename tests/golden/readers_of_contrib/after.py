import numpy as np
import tensorflow.compat.v1 as tf
from tf2_bridge import list_variables, load_variable as load
import tf2_bridge

tf.disable_v2_behavior()


def convert(folder, out):
    """Give every variable another name."""
    with tf.Graph().as_default(), tf.Session() as sess:
        for name, shape in list_variables(folder):
            value = load(folder, name)
            tf.Variable(value, name=name.replace("old/", "new/"))
        sess.run(tf.global_variables_initializer())
        tf2_bridge.Saver().save(sess, out)


def sizes(folder):
    return {name: np.prod(shape) for name, shape in tf2_bridge.list_variables(folder)}
