"""A model that is loaded by a method, later."""
import os
import sys

import tensorflow as tf


class Service:
    def __init__(self, name):
        self.name = name
        self.graph = None
        self.sess = None

    def load(self, prefix):
        self.graph = tf.Graph()
        self.sess = tf.Session(graph=self.graph)
        with self.graph.as_default():
            saver = tf.train.import_meta_graph(prefix + ".meta")
            saver.restore(self.sess, prefix)
        self.x = self.graph.get_tensor_by_name("x:0")
        self.y = self.graph.get_tensor_by_name("y:0")
        print(self.name, "is loaded")

    def predict(self, points):
        return self.sess.run(self.y, {self.x: points})

    def close(self):
        self.sess.close()


service = Service("scores")
service.load(os.path.join(sys.argv[1], "ckpt", "model-5"))
print(service.predict([[0.5, -0.25], [1.0, 2.0]]))
service.close()
