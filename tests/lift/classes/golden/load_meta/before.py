"""A meta graph and its checkpoint, by names and collections."""
import os
import sys

import tensorflow as tf


class Classifier:
    def __init__(self, folder):
        prefix = tf.train.latest_checkpoint(folder)
        self.graph = tf.Graph()
        with self.graph.as_default():
            # the graph comes from the file beside the checkpoint
            saver = tf.train.import_meta_graph("{}.meta".format(prefix), clear_devices=True)
            self.sess = tf.Session(graph=self.graph)
            saver.restore(self.sess, prefix)
            self.x = self.graph.get_operation_by_name("x").outputs[0]
            self.y = tf.get_collection("outputs")[0]
            self.keep_prob = self.graph.get_tensor_by_name("keep_prob:0")

    def predict(self, points):
        feed_dict = {self.x: points, self.keep_prob: 1.0}
        return self.sess.run(self.y, feed_dict=feed_dict)

    def weights(self):
        return self.sess.run(["hidden/w:0", "output/b:0"])

    def step(self):
        return self.sess.run(self.graph.get_tensor_by_name("global_step:0"))


model = Classifier(os.path.join(sys.argv[1], "ckpt"))
print(model.predict([[0.5, -0.25], [1.0, 2.0]]))
for array in model.weights():
    print(array)
print("step", model.step())
