"""Moving averages of weights, evaluated in a session of their own."""

import numpy as np
import tensorflow as tf
import tf2_bridge


class Averages(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        x = tf2_bridge.feed(tf.TensorSpec([None, 3], tf.float32, name="x"))
        y = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32, name="y"))
        w = tf.compat.v1.get_variable("w", [3, 1], initializer=tf.compat.v1.zeros_initializer())
        b = tf.compat.v1.get_variable("b", [1], initializer=tf.compat.v1.constant_initializer(0.5))
        prediction = tf.matmul(x, w) + b
        loss = tf.reduce_mean(tf.square(prediction - y))
        step = tf.compat.v1.train.get_or_create_global_step()
        opt_op = tf.compat.v1.train.AdamOptimizer(0.1).minimize(loss, global_step=step)

        # Maintain averages of the weights
        ema = tf.train.ExponentialMovingAverage(decay=0.9, num_updates=step)
        with tf.control_dependencies([opt_op]):
            train_op = ema.apply(tf.compat.v1.trainable_variables())
        saver = self.make_saver(max_to_keep=2)
        restorer = self.make_saver(ema.variables_to_restore())

        self.train_op = self.function([x, y], (train_op, loss))
        self.evaluate = self.function([], [w, b])
        self.loss = self.function([x, y], loss)
        self.step = step
        self.saver = saver
        self.restorer = restorer


model = Averages()
model.build()

points = np.random.RandomState(2).normal(size=(20, 3))
targets = points.sum(axis=1, keepdims=True)

for i in range(30):
    _, value = model.train_op(points, targets)
    if i % 10 == 0:
        print("loss", value)
        model.saver.save("./averages", global_step=model.step)
print("trained", model.evaluate())
path = model.saver.save("./averages", global_step=model.step)

# Evaluate with the averages
model.restorer.restore(path)
print("averaged", model.evaluate())
print("loss", model.loss(points, targets))
