import numpy as np
import tensorflow as tf
import tf2_bridge


class Monitored(tf2_bridge.GraphModule):
    def __init__(self, log_dir):
        super().__init__()
        self.log_dir = log_dir
        self._build()
        self.writer = tf.summary.create_file_writer(self.log_dir)

    @tf2_bridge.graph
    def _build(self):
        with tf.name_scope("inputs"):
            self.x = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32, name="x"))
            self.y = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32, name="y"))
        weights = tf.Variable(tf.ones([2, 2]) * 0.5, name="weights")
        with tf.name_scope("loss"):
            self.loss = tf.reduce_mean(tf.square(tf.matmul(self.x, weights) - self.y))
            tf.compat.v1.summary.scalar("loss", self.loss)
        tf.compat.v1.summary.histogram("weights", weights)
        ema = tf.train.ExponentialMovingAverage(0.9)
        with tf.control_dependencies([tf.compat.v1.train.GradientDescentOptimizer(0.1).minimize(self.loss)]):
            self.train_op = ema.apply([weights])
        self.average = ema.average(weights)
        self.merged = tf.compat.v1.summary.merge_all()

        self._train_step = self.function(
            {"x": self.x, "y": self.y}, [self.merged, self.train_op]
        )
        self._loss = self.function({"x": self.x, "y": self.y}, self.loss)
        self._evaluate = self.function([self.x, self.y], self.loss)
        self._averaged = self.function([], self.average)

    def train(self, x, y, step):
        feed_dict = {"x": x, "y": y}
        summary, _ = self._train_step(**feed_dict)
        with self.writer.as_default():
            tf.summary.experimental.write_raw_pb(summary, step=step)  # for TensorBoard
        return self._loss(**feed_dict)

    def evaluate(self, x, y):
        return self._evaluate(x, y)

    def averaged(self):
        return self._averaged()

    def reset(self):
        self.initialize()


model = Monitored("logs")
x = np.array([[1.0, 2.0], [3.0, -1.0]])
y = np.array([[1.0, 0.0], [0.0, 1.0]])
for step in range(4):
    print(model.train(x, y, step))
print(model.averaged())
model.reset()
print(model.evaluate(x, y))
model.writer.flush()
