import numpy as np
import tensorflow as tf


def weight_variable(shape, name):
    initial = tf.constant(0.1, shape=shape)
    return tf.Variable(initial, name=name)


class Autoencoder(object):
    def __init__(self, size, code, path=None):
        self.size = size
        self.graph = tf.Graph()
        with self.graph.as_default():
            # the graph
            self.build(code)
            self.saver = tf.train.Saver()
            self.init = tf.global_variables_initializer()
        config = tf.ConfigProto(allow_soft_placement=True)
        self.sess = tf.Session(graph=self.graph, config=config)
        if path is not None:
            self.saver.restore(self.sess, path)
        else:
            self.sess.run(self.init)

    def build(self, code):
        self.x = tf.placeholder(tf.float32, [None, self.size])
        encode = weight_variable([self.size, code], "encode")
        decode = weight_variable([code, self.size], "decode")
        self.code = tf.nn.sigmoid(tf.matmul(self.x, encode))
        self.output = tf.matmul(self.code, decode)
        self.cost = tf.reduce_sum(tf.pow(self.output - self.x, 2), reduction_indices=1)
        self.total = tf.reduce_mean(self.cost)
        self.optimize = tf.train.GradientDescentOptimizer(0.1).minimize(self.total)

    def fit(self, data, steps):
        with self.graph.as_default():
            with self.sess.as_default():
                for _ in range(steps):
                    self.optimize.run({self.x: data})
                    # how far it is
                    print(self.total.eval(feed_dict={self.x: data}))

    def transform(self, data):
        fetches = [self.code, self.cost]
        with self.sess.as_default():
            return self.sess.run(fetches, {self.x: data})

    def save(self, path):
        with self.sess.as_default():
            self.saver.save(self.sess, path, write_meta_graph=False)


def main(_):
    data = np.random.RandomState(0).uniform(0, 1, (6, 4))
    first = Autoencoder(4, 2)
    first.fit(data, 3)
    first.save("./auto")
    # another one of its own
    second = Autoencoder(4, 2, "./auto")
    print(*second.transform(data))
    second.fit(data, 2)
    print(*first.transform(data))


if __name__ == "__main__":
    tf.app.run()
