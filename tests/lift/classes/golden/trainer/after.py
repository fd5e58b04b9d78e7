"""A model whose methods are handed the session; the best weights are kept beside the last."""
import os

import numpy as np
import tensorflow as tf
import tf2_bridge


class Trainer(tf2_bridge.GraphModule):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.build()
        # two savers, else the best one is deleted with the old ones
        self.saver = self.make_saver(max_to_keep=2)
        self.best_saver = self.make_saver(max_to_keep=1)

    @tf2_bridge.graph
    def build(self):
        rng = np.random.RandomState(55)
        self.x = tf2_bridge.feed(tf.TensorSpec([None, 3], tf.float32))
        self.y = tf2_bridge.feed(tf.TensorSpec([None], tf.float32))
        self.w = tf.Variable(rng.randn(3, 1).astype(np.float32), name="w")
        self.loss = tf.compat.v1.losses.huber_loss(self.y, tf.squeeze(tf.matmul(self.x, self.w), 1))
        self.lr = tf2_bridge.feed(tf.TensorSpec([], tf.float32))
        self.op = tf.compat.v1.train.MomentumOptimizer(self.lr, 0.9, use_nesterov=True).minimize(self.loss)

        self._evaluate = self.function([self.x, self.y], self.loss)
        self._fit = self.function([self.x, self.y, self.lr], self.op)

    def evaluate(self, x, y):
        return self._evaluate(x, y)

    def fit(self, x, y, rates):
        best = 1e9
        for epoch, rate in enumerate(rates):
            self._fit(x, y, rate)
            loss = self.evaluate(x, y)
            print(epoch, loss)
            self.saver.save(os.path.join(self.folder, "last"), global_step=epoch)
            if loss < best:
                best = loss
                self.best_saver.save(
                    os.path.join(self.folder, "best"), epoch, latest_filename="best_state"
                )
        return best


x = np.random.RandomState(2).uniform(-1, 1, (20, 3))
y = x[:, 0] - np.abs(x[:, 1])
trainer = Trainer("kept")
# the last rates are too big on purpose
print(trainer.fit(x, y, [0.1, 0.1, 0.1, 3.0, 3.0]))
trainer.best_saver.restore(tf.train.latest_checkpoint("kept", "best_state"))
print(trainer.evaluate(x, y))
print(sorted(name for name in os.listdir("kept") if name.endswith(".index")))
