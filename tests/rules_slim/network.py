"""Build and train one network with what slim has; ``network.py OUT.npz`` on either TensorFlow.

Holds no test: the file says ``tf.contrib``, runs so on 1.15, and is migrated for 2.21.
"""

import sys

import numpy as np
import tensorflow as tf
import tensorflow.contrib.slim as slim
from tensorflow.contrib import layers
from tensorflow.contrib.framework import add_arg_scope, get_variables
from tensorflow.contrib.layers import l1_regularizer as l1
from tensorflow.contrib.slim.nets import resnet_v1, vgg

framework = tf.contrib.framework


@add_arg_scope
def block(net, depth, rate=1, scope=None):
    """Return a convolution under slim's own variable scope."""
    with tf.variable_scope(scope, "block", [net]):
        return slim.conv2d(net, depth, [3, 3], rate=rate)


def network(x, is_training):
    """Return the logits of a network with one of everything."""
    params = {"is_training": is_training, "decay": 0.9, "scale": True}
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(5e-3),
        normalizer_fn=slim.batch_norm,
        normalizer_params=params,
    ):
        net = slim.conv2d(x, 6, [3, 3], scope="c1")
        net = slim.repeat(net, 2, slim.conv2d, 5, [3, 3], scope="c2")
        with framework.arg_scope([block], rate=2):
            net = block(net, 4)
        net = slim.max_pool2d(net, [2, 2])
        net = slim.separable_conv2d(net, 6, [3, 3], 1)
        net = slim.conv2d_transpose(net, 4, [3, 3], stride=2)
        net = tf.contrib.layers.layer_norm(net)
        net = slim.flatten(layers.avg_pool2d(net, [2, 2]))
        net = slim.dropout(net, 0.7, is_training=is_training, seed=5)
        net = slim.fully_connected(net, 7)
    net = layers.fully_connected(
        net, 5, weights_initializer=layers.xavier_initializer(seed=3), weights_regularizer=l1(1e-3)
    )
    return layers.linear(net, 3)


def main(path):
    """Train the network and write what it is and gives to ``path``."""
    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    y = tf.placeholder(tf.int64, [None])
    is_training = tf.placeholder_with_default(False, [])
    logits = network(x, is_training)
    loss = slim.losses.sparse_softmax_cross_entropy(logits, y)
    total = slim.losses.get_total_loss()
    step = slim.get_or_create_global_step()
    train = slim.learning.create_train_op(total, tf.train.MomentumOptimizer(0.02, 0.9))
    groups = {
        "global": tf.global_variables(),
        "trainable": slim.get_trainable_variables(),
        "model": slim.get_model_variables(),
        "scope": get_variables("c2"),
        "restore": framework.get_variables_to_restore(exclude=["c1"]),
        "regularization": tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES),
        "updates": tf.get_collection(tf.GraphKeys.UPDATE_OPS),
    }
    found = {"names/" + key: np.array([v.name for v in items]) for key, items in groups.items()}
    random = np.random.RandomState(0)
    images, labels = random.randn(16, 8, 8, 3), random.randint(0, 3, 16)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        seeded = [v for v in tf.trainable_variables() if v.op.name == "fully_connected_1/weights"]
        found["initial"] = sess.run(seeded)[0]
        for v in tf.trainable_variables():
            v.load((random.randn(*v.get_shape().as_list()) * 0.3).astype(np.float32), sess)
        feed = {x: images, y: labels, is_training: True}
        found["losses"] = np.array([sess.run([train, loss], feed) for _ in range(4)])
        found["logits"] = sess.run(logits, {x: images})
        found["step"] = np.array(sess.run(step))
        for v in tf.global_variables():
            found["value/" + v.op.name] = sess.run(v)
        tf.train.Saver().save(sess, path + ".ckpt")
    with tf.Graph().as_default():
        photos = tf.placeholder(tf.float32, [1, 224, 224, 3])
        with slim.arg_scope(vgg.vgg_arg_scope()):
            vgg.vgg_a(photos, num_classes=5, is_training=False, spatial_squeeze=False, scope="a")
        with slim.arg_scope(resnet_v1.resnet_arg_scope()):
            resnet_v1.resnet_v1_50(photos, 5, is_training=False)
        found["names/nets"] = np.array(
            [f"{v.op.name} {v.get_shape().as_list()}" for v in tf.global_variables()]
        )
    np.savez(path, **found)


if __name__ == "__main__":
    main(sys.argv[1])
