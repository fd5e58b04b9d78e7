import os

import numpy as np
import tensorflow as tf

import files
from digits import Network

rng = np.random.RandomState(0)
pixels = rng.uniform(size=(30, 6, 6, 1))
targets = rng.randint(0, 3, 30)
files.fresh("out")

network = Network()
saver = tf.train.Saver()

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(12):
        batch = slice(step % 3 * 10, step % 3 * 10 + 10)
        _, loss = sess.run(
            [network.train_op, network.loss],
            feed_dict={network.images: pixels[batch], network.labels: targets[batch],
                       network.training: True})
        if step % 4 == 3:
            print("loss: %.5f" % loss)
    print("saved:", saver.save(sess, os.path.join("out", "digits"), global_step=12))
    print(sess.run(network.logits, feed_dict={network.images: pixels[:2]}))
    tf.saved_model.simple_save(
        sess, os.path.join("out", "export"),
        inputs={"images": network.images}, outputs={"logits": network.logits})
