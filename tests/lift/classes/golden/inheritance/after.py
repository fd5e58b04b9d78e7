import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge


class BaseModel(tf2_bridge.GraphModule):
    """What all models share."""

    def __init__(self, rate):
        """Remember the rate; the graph comes later."""
        super().__init__()
        self.rate = rate

    def add_train_op(self, loss):
        self.global_step = tf.compat.v1.train.get_or_create_global_step()
        rate = tf.compat.v1.train.exponential_decay(self.rate, self.global_step, 2, 0.5)
        self.train_op = tf.compat.v1.train.MomentumOptimizer(rate, 0.9).minimize(
            loss, global_step=self.global_step)

    def initialize_session(self):
        self.initialize()
        self.saver = self.make_saver()

    def save_session(self, folder):
        if not os.path.exists(folder):
            os.makedirs(folder)
        self.saver.save(os.path.join(folder, "model"))

    def restore_session(self, folder):
        self.saver.restore(os.path.join(folder, "model"))


class Net(BaseModel):
    def __init__(self, rate, units):
        super(Net, self).__init__(rate)
        self.units = units

    def build(self):
        self.build_graph()

        # now self.sess is defined and vars are init
        self.initialize_session()

    @tf2_bridge.graph
    def build_graph(self):
        self.x = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32))
        self.y = tf2_bridge.feed(tf.TensorSpec([None], tf.float32))
        hidden = tf.compat.v1.layers.dense(self.x, self.units, tf.nn.tanh,
                                           kernel_initializer=tf.compat.v1.constant_initializer([[0.5, -0.5], [0.1, 0.2]]))
        self.out = tf.squeeze(tf.compat.v1.layers.dense(
            hidden, 1, kernel_initializer=tf.compat.v1.constant_initializer(0.3)), axis=1)
        self.loss = tf.compat.v1.losses.mean_squared_error(self.y, self.out)
        self.add_train_op(self.loss)

        self._fit = self.function([self.x, self.y], (self.train_op, self.loss))
        self._evaluate = self.function(
            [self.x], {"out": self.out, "step": self.global_step}
        )

    def fit(self, x, y):
        for _ in range(3):
            _, loss = self._fit(x, y)
        return loss

    def evaluate(self, x):
        result = self._evaluate(x)
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
