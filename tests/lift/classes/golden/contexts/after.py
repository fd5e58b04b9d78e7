import numpy as np
import tensorflow as tf
import tf2_bridge


def weight_variable(shape, name):
    initial = tf.constant(0.1, shape=shape)
    return tf.Variable(initial, name=name)


class Autoencoder(tf2_bridge.GraphModule):
    def __init__(self, size, code, path=None):
        super().__init__()
        self.size = size
        # the graph
        self.build(code)
        self.saver = self.make_saver()
        if path is not None:
            self.saver.restore(path)
        else:
            self.initialize()

    @tf2_bridge.graph
    def build(self, code):
        self.x = tf2_bridge.feed(tf.TensorSpec([None, self.size], tf.float32))
        encode = weight_variable([self.size, code], "encode")
        decode = weight_variable([code, self.size], "decode")
        self.code = tf.nn.sigmoid(tf.matmul(self.x, encode))
        self.output = tf.matmul(self.code, decode)
        self.cost = tf.reduce_sum(tf.pow(self.output - self.x, 2), axis=1)
        self.total = tf.reduce_mean(self.cost)
        self.optimize = tf.compat.v1.train.GradientDescentOptimizer(0.1).minimize(self.total)

        self._train_step = self.function([self.x], self.optimize)
        self._total = self.function([self.x], self.total)
        self._transform = self.function([self.x], [self.code, self.cost])

    def fit(self, data, steps):
        for _ in range(steps):
            self._train_step(data)
            # how far it is
            print(self._total(data))

    def transform(self, data):
        return self._transform(data)

    def save(self, path):
        self.saver.save(path)


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
    tf.compat.v1.app.run()
