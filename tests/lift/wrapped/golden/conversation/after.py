"""A session that is handed to functions, starts again, and is asked for this and that."""

import numpy as np
import tensorflow as tf
import tf2_bridge

FLAGS = tf.compat.v1.app.flags.FLAGS
tf.compat.v1.app.flags.DEFINE_float("rate", 0.1, "Learning rate.")

inputs = sum([2, 1])  # how many


class Conversation(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        with tf.name_scope("inputs"):
            width = 2
            x = tf2_bridge.feed(tf.TensorSpec([None, inputs], tf.float32, name="x"))
            y = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32, name="y"))
        w = tf.compat.v1.get_variable(
            "w", [inputs, width], initializer=tf.compat.v1.ones_initializer()
        )
        v = tf.compat.v1.get_variable(
            "v", [width, 1], initializer=tf.compat.v1.constant_initializer(0.1)
        )
        best = tf.Variable(100.0, name="best", trainable=False)

        total = 0
        for part in (w, v):
            total += tf.nn.l2_loss(part)
        prediction = tf.matmul(tf.matmul(x, w), v)
        sum = tf.reduce_mean(tf.square(prediction - y)) + 0.001 * total
        rate = tf.compat.v1.placeholder_with_default(FLAGS.rate, [], name="rate")
        train = tf.compat.v1.train.GradientDescentOptimizer(rate).minimize(sum)
        print("the prediction is", prediction.get_shape(), "of", x.name)
        residual = tf.abs(prediction - y)
        largest = tf.argmax(prediction, 0)

        self.train = self.function([x, y], train)
        self.sum = self.function([x, y], sum)
        self.evaluate = self.function([], {"w": w, "v": v})
        self.reduce_max = self.function([x, y], tf.reduce_max(residual))
        self.train_with_rate = self.function([x, y, rate], train)
        self.largest = self.function([x], largest)
        self.train_step = self.function([x, y, rate], [train, (sum, prediction)])
        self.sum_with_rate = self.function([x, y, rate], sum)
        self.best = best
        self.width = width
        self.prediction = prediction


model = Conversation()
model.build()

points = np.random.RandomState(0).normal(size=(6, 3))
targets = points[:, :1]


def epoch(feed, count):
    """Train, and return the loss."""
    for _ in range(count):
        model.train(feed, targets)
    return model.sum(feed, targets)


def show(text):
    print(text, model.evaluate()["v"].tolist(), model.best.numpy())


for run in range(2):
    # from the start
    model.initialize()
    show("run %d" % run)
    loss = epoch(points, count=5)
    print(loss, model.reduce_max(points, targets))
    if loss < model.best.numpy():
        model.best.assign(loss)
    model.train_with_rate(points, targets, 0.5)
    print(model.best.assign_add(1.0).numpy(), tf.square(np.float32(run)).numpy())
print("largest", model.largest(points), "width", model.width, model.prediction.shape[1])
# slower, for the rest
slow = (points, targets, 0.01)
_, (a, b) = model.train_step(*slow)
print(a, b.shape, model.sum_with_rate(*slow))
