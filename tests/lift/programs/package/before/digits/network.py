import tensorflow as tf

from . import layers


class Network(object):
    """Inputs, outputs and training of the network."""

    def __init__(self, size=6, rate=0.05):
        self.images = tf.placeholder(tf.float32, [None, size, size, 1], name="images")
        self.labels = tf.placeholder(tf.int32, [None], name="labels")
        self.training = tf.placeholder_with_default(False, [], name="training")
        net = layers.conv(self.images, 4, self.training, "conv1")
        net = tf.layers.flatten(net)
        self.logits = tf.layers.dense(net, 3, name="logits", kernel_initializer=_spread())
        self.loss = tf.losses.sparse_softmax_cross_entropy(self.labels, self.logits)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            self.train_op = tf.train.AdamOptimizer(rate).minimize(self.loss)


def _spread():
    def values(shape, dtype=None, partition_info=None):
        return tf.reshape(tf.lin_space(-0.2, 0.2, shape[0] * shape[1]), shape)
    return values
