"""Training goes on with a graph that was stored."""
import os
import sys

import numpy as np
import tensorflow as tf


class Trainer:
    def __init__(self, prefix):
        self.graph = tf.Graph()
        self.sess = tf.Session(graph=self.graph)
        with self.graph.as_default():
            self.saver = tf.train.import_meta_graph(prefix + ".meta")
            self.saver.restore(self.sess, prefix)
            self.global_step = tf.train.get_global_step()
        self.x = self.graph.get_tensor_by_name("x:0")
        self.labels = self.graph.get_tensor_by_name("labels:0")
        self.loss = self.graph.get_tensor_by_name("loss:0")
        self.train_op = self.graph.get_operation_by_name("train")

    def train(self, points, labels):
        feed_dict = {self.x: points, self.labels: labels}
        _, loss, step = self.sess.run(
            [self.train_op, self.loss, self.global_step], feed_dict=feed_dict
        )
        return loss, step

    def save(self, path):
        return self.saver.save(self.sess, path, global_step=self.global_step)


trainer = Trainer(os.path.join(sys.argv[1], "ckpt", "model-5"))
rng = np.random.RandomState(8)
for _ in range(5):
    points = rng.uniform(-1, 1, (8, 2))
    labels = np.eye(2)[rng.randint(0, 2, 8)]
    loss, step = trainer.train(points, labels)
    print("%d %.6f" % (step, loss))
print(trainer.save("again"))
