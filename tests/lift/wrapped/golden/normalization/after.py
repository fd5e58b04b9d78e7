"""Batch normalization, with the updates of its moving averages."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge


class Normalization(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        tf_x = tf2_bridge.feed(tf.TensorSpec([None, 4], tf.float32))
        tf_y = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32))
        # to control the state
        is_training = tf.compat.v1.placeholder_with_default(False, [], name="is_training")

        hidden = tf_x
        for i, units in enumerate([8, 6]):
            hidden = tf.compat.v1.layers.dense(hidden, units, name="hidden_%d" % i)
            hidden = tf.compat.v1.layers.batch_normalization(
                hidden, momentum=0.4, training=is_training
            )
            hidden = tf.nn.relu(hidden)
        output = tf.compat.v1.layers.dense(hidden, 1)

        loss = tf.compat.v1.losses.mean_squared_error(tf_y, output)
        global_step = tf.compat.v1.train.get_or_create_global_step()
        rate = tf.compat.v1.train.exponential_decay(0.05, global_step, 10, 0.9, staircase=True)
        # the moving averages must be updated
        update_ops = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.UPDATE_OPS)
        with tf.control_dependencies(update_ops):
            train = tf.compat.v1.train.MomentumOptimizer(rate, 0.9).minimize(
                loss, global_step=global_step
            )

        saver = self.make_saver()

        self.train = self.function(
            [tf_x, tf_y, is_training], [train, global_step, loss]
        )
        self.rate = self.function([], rate)
        self.output = self.function([tf_x], output)
        self.global_step = global_step
        self.saver = saver


model = Normalization()
model.build()
data = np.random.RandomState(5)
points = data.normal(size=(64, 4))
targets = points[:, :1] * points[:, 1:2]

for _ in range(50):
    feed = (points, targets, True)
    _, step, value = model.train(*feed)
    if step % 10 == 0:
        print("step %d: loss %.5f, rate %.5f" % (step, value, model.rate()))
# without is_training, the moving averages count
print(model.output(points[:4]).tolist())
path = model.saver.save("./model.ckpt", global_step=model.global_step)
print("saved in", path)
