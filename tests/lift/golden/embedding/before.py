import numpy as np
import tensorflow as tf

words = np.random.RandomState(9).randint(0, 12, (20, 3))
tags = (words.sum(axis=1) % 2).astype(np.float32)

ids = tf.placeholder(tf.int64, [None, 3], "ids")
tag = tf.placeholder(tf.float32, [None], "tag")
table = tf.get_variable("table", [12, 4], initializer=tf.random_normal_initializer(stddev=0.1))
head = tf.Variable(tf.truncated_normal([4], stddev=0.5), name="head")
global_step = tf.Variable(0, trainable=False, name="global_step")
vectors = tf.nn.embedding_lookup(table, ids)
logit = tf.reduce_sum(tf.reduce_mean(vectors, axis=1) * head, axis=1)
loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=tag, logits=logit))
# the table's gradient is sparse
train_op = tf.train.AdamOptimizer(0.05).minimize(loss, global_step=global_step)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    while True:
        _, value, at = sess.run([train_op, loss, global_step], feed_dict={ids: words, tag: tags})
        if at % 20 == 0:
            print(at, float(value))
        if at >= 100:
            break
    print(sess.run(table)[0].tolist())
