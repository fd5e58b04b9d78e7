"""Batch normalization, with the updates of its moving averages."""

import numpy as np
import tensorflow as tf

tf_x = tf.placeholder(tf.float32, [None, 4])
tf_y = tf.placeholder(tf.float32, [None, 1])
is_training = tf.placeholder_with_default(False, [], name="is_training")  # to control the state

hidden = tf_x
for i, units in enumerate([8, 6]):
    hidden = tf.layers.dense(hidden, units, name="hidden_%d" % i)
    hidden = tf.layers.batch_normalization(hidden, momentum=0.4, training=is_training)
    hidden = tf.nn.relu(hidden)
output = tf.layers.dense(hidden, 1)

loss = tf.losses.mean_squared_error(tf_y, output)
global_step = tf.train.get_or_create_global_step()
rate = tf.train.exponential_decay(0.05, global_step, 10, 0.9, staircase=True)
# the moving averages must be updated
update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
with tf.control_dependencies(update_ops):
    train = tf.train.MomentumOptimizer(rate, 0.9).minimize(loss, global_step=global_step)

saver = tf.train.Saver()
data = np.random.RandomState(5)
points = data.normal(size=(64, 4))
targets = points[:, :1] * points[:, 1:2]

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(50):
        feed = {tf_x: points, tf_y: targets, is_training: True}
        _, step, value = sess.run([train, global_step, loss], feed_dict=feed)
        if step % 10 == 0:
            print("step %d: loss %.5f, rate %.5f" % (step, value, sess.run(rate)))
    # without is_training, the moving averages count
    print(sess.run(output, {tf_x: points[:4]}).tolist())
    path = saver.save(sess, "./model.ckpt", global_step=global_step)
    print("saved in", path)
