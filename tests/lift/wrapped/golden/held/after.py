"""A model that keeps its Saver, and a script that runs it."""
import numpy as np
import tensorflow as tf
import tf2_bridge


class Autoencoder(object):

    def __init__(self, n, code):
        rng = np.random.RandomState(77)
        self.x = tf2_bridge.feed(tf.TensorSpec([None, n], tf.float32))
        self.W = tf.Variable(rng.uniform(-.3, .3, (n, code)).astype(np.float32), name='W')
        self.b = tf.Variable(tf.zeros([code]), name='b')
        self.code = tf.nn.sigmoid(tf.matmul(self.x, self.W) + self.b)
        # tied weights
        self.out = tf.nn.sigmoid(tf.matmul(self.code, self.W, transpose_b=True))
        self.loss = tf.reduce_mean(tf.square(self.x - self.out))
        self.train = tf.compat.v1.train.RMSPropOptimizer(0.01, momentum=0.5).minimize(self.loss)
        self.saver = tf2_bridge.saver(max_to_keep=2)
        self.weights = tf2_bridge.saver([self.W, self.b])


class Held(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        ae = Autoencoder(8, 3)

        self.train = self.function([ae.x], ae.train)
        self.loss = self.function([ae.x], ae.loss)
        self.code = self.function([ae.x], ae.code)
        self.ae = ae


model = Held()
model.build()
x = np.random.RandomState(5).randint(0, 2, (16, 8))
for step in range(4):
    model.train(x)
    path = model.ae.saver.save('./ae', global_step=step)
model.ae.weights.save('./weights')
before = model.loss(x)

# some more rounds, then back to what was saved
model.train(x)
model.train(x)
print(model.loss(x))
model.ae.weights.restore('./weights')
print(before, model.loss(x))
model.train(x)
print(model.loss(x))
model.ae.saver.restore(path)
print(path, model.loss(x))
model.train(x)
print(model.code(x[:2]))
