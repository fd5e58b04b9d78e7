from __future__ import print_function

import os

import numpy as np
import tensorflow as tf

FOLDER = os.path.join("out", "softmax")
if not os.path.isdir(FOLDER):
    os.makedirs(FOLDER)

rng = np.random.RandomState(1)
images = rng.uniform(size=(40, 6)).astype(np.float32)
labels = np.eye(3, dtype=np.float32)[rng.randint(0, 3, 40)]

with tf.name_scope("input"):
    x = tf.placeholder(tf.float32, [None, 6], name="x")
    y_ = tf.placeholder(tf.float32, [None, 3], name="y_")

with tf.name_scope("layer"):
    weights = tf.Variable(tf.truncated_normal([6, 3], stddev=0.01), name="weights")
    biases = tf.Variable(tf.zeros([3]), name="biases")
    logits = tf.matmul(x, weights) + biases

# mean over the batch
loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=y_, logits=logits))
train_step = tf.train.AdamOptimizer(0.01).minimize(loss)
correct = tf.equal(tf.argmax(logits, 1), tf.argmax(y_, 1))
accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))

saver = tf.train.Saver(max_to_keep=2)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(1, 101):
        _, value = sess.run([train_step, loss], feed_dict={x: images, y_: labels})
        if step % 25 == 0:
            # the last two stay
            path = saver.save(sess, os.path.join(FOLDER, "model"), global_step=step)
            print(step, float(value), path)
    print("accuracy:", accuracy.eval({x: images, y_: labels}))
    print("files:", sorted(n for n in os.listdir(FOLDER) if n.endswith(".index")))
