import numpy as np
import tensorflow as tf

LOGS = "./logs"

x = tf.placeholder(tf.float32, [None, 3], name="x")
y = tf.placeholder(tf.float32, [None, 1], name="y")
with tf.name_scope("layer", values=[x]) as scope:
    w = tf.Variable(tf.zeros([3, 1]), name="w")
    tf.summary.histogram("weights", w)
out = tf.matmul(x, w)
loss = tf.reduce_mean(tf.square(out - y))
train_op = tf.train.GradientDescentOptimizer(0.1).minimize(loss)

# what TensorBoard shows
tf.summary.scalar("loss", loss)
tf.summary.scalar("first loss", tf.sqrt(loss))
merged = tf.summary.merge_all()
test_loss = tf.summary.scalar("test", loss)

data = np.random.RandomState(9).normal(size=(50, 3))
target = data.sum(axis=1, keepdims=True)

with tf.Session() as sess:
    writer = tf.summary.FileWriter(LOGS, sess.graph)
    sess.run(tf.global_variables_initializer())
    for step in range(20):
        summary, value, _ = sess.run([merged, loss, train_op], {x: data, y: target})
        writer.add_summary(summary, step)
        if step % 10 == 0:
            print(step, value)
            # every now and then
            told = sess.run(test_loss, feed_dict={x: data[:5], y: target[:5]})
            writer.add_summary(told, global_step=step)
    writer.close()
