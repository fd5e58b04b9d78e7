import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import tensorflow as tf
import tf2_bridge


class Base(tf2_bridge.GraphModule):
    def __init__(self, name):
        super().__init__()
        self._name_it = name

    def save(self, path):
        self.saver = self.make_saver()
        self.saver.save(path)


class Child(Base):
    def __init__(self, name, n):
        super().__init__(name)
        self.build(n)

    @tf2_bridge.graph
    def build(self, n):
        self.x = tf2_bridge.feed(tf.TensorSpec([None, n], tf.float32))
        self.y = tf.reduce_sum(tf.compat.v1.layers.dense(self.x, 2, kernel_initializer=tf.compat.v1.constant_initializer(0.7)))
        self.step = tf.Variable(0, name='step', trainable=False)
        self.inc = tf.compat.v1.assign_add(self.step, 1)

        self._inc = self.function([], self.inc)
        self._y = self.function([self.x], self.y)
        self._step = self.function([], self.step)

    def run(self, x):
        """Run it."""
        s = self._inc()
        return self._y(x), s, self._step()


def main():
    child = Child('c', 3)
    print(*child.run([[1, 2, 3]]))
    child.save('./c')
    print(tf.train.latest_checkpoint('.'))


main()
