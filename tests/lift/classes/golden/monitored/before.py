import numpy as np
import tensorflow as tf


class Monitored(object):
    def __init__(self, log_dir):
        self.log_dir = log_dir
        self._build()
        self.sess = tf.InteractiveSession()
        self.sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        self.writer = tf.summary.FileWriter(self.log_dir, self.sess.graph)

    def _build(self):
        with tf.name_scope("inputs"):
            self.x = tf.placeholder(tf.float32, [None, 2], name="x")
            self.y = tf.placeholder(tf.float32, [None, 2], name="y")
        weights = tf.Variable(tf.ones([2, 2]) * 0.5, name="weights")
        with tf.name_scope("loss"):
            self.loss = tf.reduce_mean(tf.square(tf.matmul(self.x, weights) - self.y))
            tf.summary.scalar("loss", self.loss)
        tf.summary.histogram("weights", weights)
        ema = tf.train.ExponentialMovingAverage(0.9)
        with tf.control_dependencies([tf.train.GradientDescentOptimizer(0.1).minimize(self.loss)]):
            self.train_op = ema.apply([weights])
        self.average = ema.average(weights)
        self.merged = tf.summary.merge_all()

    def train(self, x, y, step):
        feed_dict = {self.x: x, self.y: y}
        summary, _ = self.sess.run([self.merged, self.train_op], feed_dict=feed_dict)
        self.writer.add_summary(summary, step)  # for TensorBoard
        return self.loss.eval(feed_dict=feed_dict)

    def evaluate(self, x, y):
        return self.loss.eval({self.x: x, self.y: y})

    def averaged(self):
        return self.sess.run(self.average)

    def reset(self):
        self.sess.run(tf.global_variables_initializer())


model = Monitored("logs")
x = np.array([[1.0, 2.0], [3.0, -1.0]])
y = np.array([[1.0, 0.0], [0.0, 1.0]])
for step in range(4):
    print(model.train(x, y, step))
print(model.averaged())
model.reset()
print(model.evaluate(x, y))
model.writer.flush()
