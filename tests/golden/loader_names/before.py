import numpy as np
import tensorflow as tf

OUTPUT = "y:0"
names = []


def statement(path, batch):
    with tf.Session(graph=tf.Graph()) as sess:
        tf.saved_model.loader.load(sess, ["serve"], path)  # the newest
        x = sess.graph.get_tensor_by_name("x:0")
        y, keep = sess.run([OUTPUT, "keep_prob:0"], feed_dict={"x:0": batch, x: batch})
        op = sess.graph.get_operation_by_name("x").outputs[0]
        return [sess.run("y:0", {op: row}) for row in batch], y, keep


def assigned(path, batch):
    sess = tf.Session()
    meta = tf.saved_model.load(
        sess,
        ["serve"], path)
    for row in batch:
        if row.any():
            print(sess.run({"y": "y:0"}, {"x:0": np.array([row])}))
    later = lambda: sess.run("y:0", {"x:0": batch})
    return meta, later, sess.run("logits:0"), sess.run("train", {"x:0": batch})


def several_lines(path, sess):
    tf.saved_model.loader.load(sess,
                               ["serve"],
                               path)
    return sess.run(names), sess.run("%s:0" % path), sess.run(f"{path}:0"), sess.run("y:0")


def one_line(path, sess):
    if path: tf.saved_model.loader.load(sess, ["serve"], path); print(sess.run("y:0"))
    return sess.run("y:0")


class Model:
    def __init__(self, path):
        self.sess = tf.Session()
        self.meta = tf.saved_model.loader.load(self.sess, ["serve"], path)
        self.x = self.sess.graph.get_tensor_by_name("x:0")

    def run(self, batch):
        return self.sess.run("y:0", {self.x: batch})


def other_graph(path, sess):
    tf.saved_model.loader.load(sess, ["serve"], path)
    with tf.Session(graph=tf.Graph()) as second:
        second.run("loss:0", {"x:0": 1.0})
    return sess.run("loss:0")


def in_a_scope(path, sess):
    tf.saved_model.loader.load(sess, ["serve"], path, import_scope="net")
    return sess.run("net/y:0", {"net/x:0": 1.0})


def train(sess):
    sess.run("train", {"x:0": 1.0})
