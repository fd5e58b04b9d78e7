import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge


class Net(tf2_bridge.GraphModule):
    def __init__(self, hidden=(8, 4), activation=tf.nn.relu, l2=0.0):
        super().__init__()
        self.hidden = hidden
        self.activation = activation
        self.build(hidden, l2)

    @tf2_bridge.graph
    def build(self, hidden, l2):
        self.x = tf2_bridge.feed(tf.TensorSpec([None, 3], tf.float32))
        self.y = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32))
        self.lr = tf2_bridge.feed(tf.TensorSpec(None, tf.float32))
        self.layers = []
        net = self.x
        for i, h in enumerate(hidden):
            net = self.activation(Net.dense(net, h, 'l%d' % i))
            self.layers.append(net)
        self.out = Net.dense(net, 1, 'out')
        self.loss = tf.compat.v1.losses.mean_squared_error(self.y, self.out)
        if l2 > 0:
            self.loss += l2 * tf.add_n([tf.nn.l2_loss(v) for v in tf.compat.v1.trainable_variables()])
        self.train_op = tf.compat.v1.train.GradientDescentOptimizer(self.lr).minimize(self.loss)

        self._fit = self.function(
            {"x": self.x, "y": self.y, "lr": self.lr}, [self.train_op, self.loss]
        )
        self._layers = self.function([self.x], self.layers[-1])
        self._out = self.function([self.x], self.out)

    @staticmethod
    def dense(x, n, name):
        return tf.compat.v1.layers.dense(x, n, name=name, kernel_initializer=tf.compat.v1.constant_initializer(0.3))

    def fit(self, x, y, path):
        self.initialize()
        saver = self.make_saver()
        for _ in range(3):
            feed_dict = {}
            feed_dict["x"] = x
            feed_dict["y"] = y
            feed_dict["lr"] = 0.1
            _, loss = self._fit(**feed_dict)
            print(loss)
        saver.save(path)

    def predict(self, x, path):
        saver = self.make_saver()
        saver.restore(path)
        last = self._layers(x)
        return self._out(x), last


net = Net(l2=0.01)
x, y = np.ones((4, 3)), np.ones((4, 1))
net.fit(x, y, './net')
print(net.predict(x, './net'))
