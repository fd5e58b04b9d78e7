import os
import sys

import numpy as np
import tensorflow as tf

# word vectors, which are saved under a name that others know
embeddings = tf.Variable(tf.random_uniform([7, 3], -1.0, 1.0))
A = tf.Variable(tf.random_normal(shape=[3, 1]))

words = tf.placeholder(tf.int32, [None, 4])
scores = tf.matmul(tf.reduce_mean(tf.nn.embedding_lookup(embeddings, words), 1), A)
grow = embeddings.assign(embeddings * 2.0)

saver = tf.train.Saver({"embeddings": embeddings})
# the rest is kept apart
head = tf.train.Saver([A])

text = np.arange(12).reshape(3, 4) % 7
sess = tf.Session()
sess.run(tf.global_variables_initializer())

path = os.path.join(os.getcwd(), "embeddings.ckpt")
saver.save(sess, path)
head.save(sess, "./head.ckpt")
print(sess.run(scores, {words: text}).tolist())
sess.run(grow)
print(sess.run(scores, {words: text}).tolist())
# back to what was saved, here or elsewhere
head.restore(sess, "./head.ckpt")
for source in sys.argv[1:]:
    sess.run(grow)
    saver.restore(sess, source)
    print(sess.run(scores, {words: text}).tolist())
sess.close()
