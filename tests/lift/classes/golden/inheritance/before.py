import os

import numpy as np
import tensorflow as tf


class BaseModel(object):
    """What all models share."""

    def __init__(self, rate):
        """Remember the rate; the graph comes later."""
        self.rate = rate
        self.sess = None

    def add_train_op(self, loss):
        self.global_step = tf.train.get_or_create_global_step()
        rate = tf.train.exponential_decay(self.rate, self.global_step, 2, 0.5)
        self.train_op = tf.train.MomentumOptimizer(rate, 0.9).minimize(
            loss, global_step=self.global_step)

    def initialize_session(self):
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())
        self.saver = tf.train.Saver()

    def save_session(self, folder):
        if not os.path.exists(folder):
            os.makedirs(folder)
        self.saver.save(self.sess, os.path.join(folder, "model"))

    def restore_session(self, folder):
        self.saver.restore(self.sess, os.path.join(folder, "model"))


class Net(BaseModel):
    def __init__(self, rate, units):
        super(Net, self).__init__(rate)
        self.units = units

    def build(self):
        self.x = tf.placeholder(tf.float32, [None, 2])
        self.y = tf.placeholder(tf.float32, [None])
        hidden = tf.layers.dense(self.x, self.units, tf.nn.tanh,
                                 kernel_initializer=tf.constant_initializer([[0.5, -0.5], [0.1, 0.2]]))
        self.out = tf.squeeze(tf.layers.dense(
            hidden, 1, kernel_initializer=tf.constant_initializer(0.3)), axis=1)
        self.loss = tf.losses.mean_squared_error(self.y, self.out)
        self.add_train_op(self.loss)

        # now self.sess is defined and vars are init
        self.initialize_session()

    def fit(self, x, y):
        for _ in range(3):
            _, loss = self.sess.run((self.train_op, self.loss), {self.x: x, self.y: y})
        return loss

    def evaluate(self, x):
        result = self.sess.run({"out": self.out, "step": self.global_step}, {self.x: x})
        return result["out"], result["step"]


x = np.array([[0.0, 1.0], [1.0, 0.5], [0.2, 0.3]])
y = np.array([1.0, 2.0, 0.5])
net = Net(0.1, 2)
net.build()
print(net.fit(x, y))
net.save_session("out")
print(net.fit(x, y), *net.evaluate(x))
net.restore_session("out")
print(*net.evaluate(x))
print(net.fit(x, y))
