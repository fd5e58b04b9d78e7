"""Training goes on with a graph that was stored."""
import os
import sys

import numpy as np
import tensorflow as tf
import tf2_bridge


class Trainer(tf2_bridge.GraphModule):
    def __init__(self, prefix):
        super().__init__()
        self.build(prefix)

    @tf2_bridge.graph
    def build(self, prefix):
        graph = tf.compat.v1.get_default_graph()
        self.saver = tf2_bridge.import_meta_graph(prefix + ".meta")
        self.saver.restore(prefix)
        self.global_step = tf.compat.v1.train.get_global_step()
        self.x = graph.get_tensor_by_name("x:0")
        self.labels = graph.get_tensor_by_name("labels:0")
        self.loss = graph.get_tensor_by_name("loss:0")
        self.train_op = graph.get_operation_by_name("train")

        self._train = self.function(
            [self.x, self.labels], [self.train_op, self.loss, self.global_step]
        )

    def train(self, points, labels):
        _, loss, step = self._train(points, labels)
        return loss, step

    def save(self, path):
        return self.saver.save(path, global_step=self.global_step)


trainer = Trainer(os.path.join(sys.argv[1], "ckpt", "model-5"))
rng = np.random.RandomState(8)
for _ in range(5):
    points = rng.uniform(-1, 1, (8, 2))
    labels = np.eye(2)[rng.randint(0, 2, 8)]
    loss, step = trainer.train(points, labels)
    print("%d %.6f" % (step, loss))
print(trainer.save("again"))
