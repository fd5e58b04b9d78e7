import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge


class Transfer(tf2_bridge.GraphModule):
    mean = [0.1, 0.2]

    def __init__(self, features, restore_from=None):
        super().__init__()
        # what was learned before
        self.features = features

        self.build(restore_from)
        if restore_from:
            saver = self.make_saver()
            saver.restore(restore_from)

    @tf2_bridge.graph
    def build(self, restore_from):
        self.tfx = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32))
        self.tfy = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32))
        hidden = self.fixed(self.tfx - self.mean, "fixed")
        self.out = tf.compat.v1.layers.dense(
            hidden, 1, name='out', kernel_initializer=tf.compat.v1.constant_initializer(0.1))

        if not restore_from:  # training graph
            self.loss = tf.compat.v1.losses.mean_squared_error(labels=self.tfy, predictions=self.out)
            self.train_op = tf.compat.v1.train.RMSPropOptimizer(0.05).minimize(self.loss)

        self._predict = self.function([self.tfx], self.out)
        if not restore_from:
            self._train = self.function(
                [self.tfx, self.tfy], [self.loss, self.train_op]
            )

    def fixed(self, bottom, name):
        with tf.compat.v1.variable_scope(name):   # constant, NOT a Variable that can be trained
            return tf.nn.relu(tf.matmul(bottom, self.features))

    def train(self, x, y):
        loss, _ = self._train(x, y)
        return loss

    def predict(self, rows):
        for row in rows:
            out = self._predict([row])
            print('Out: %.4f' % out[0, 0])

    def save(self, path='./transfer'):
        saver = self.make_saver()
        saver.save(path)


FEATURES = np.array([[1.0, 0.5, -0.2], [0.3, -0.4, 1.0]], np.float32)


def train():
    model = Transfer(FEATURES)
    x = np.random.RandomState(0).uniform(0, 1, (8, 2))
    y = x.sum(axis=1, keepdims=True)
    for i in range(5):
        print(i, 'train loss: ', model.train(x, y))
    model.save()


def evaluate():
    model = Transfer(FEATURES, restore_from='./transfer')
    model.predict([[0.5, 0.5], [1.0, 0.2]])


if __name__ == '__main__':
    train()
    evaluate()
