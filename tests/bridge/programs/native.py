"""Save a model and read it, and one that was there, by the names of variables."""

import sys

import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name="x")
w = tf.get_variable("net/w", [3, 2], initializer=tf.constant_initializer(0.25))
y = tf.matmul(x, w)
saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    saver.save(sess, sys.argv[1] + "/model", write_meta_graph=False)
    print(sess.run(y, {x: np.ones([1, 3], "float32")}).tolist())
    for folder in sys.argv[1:]:
        for name, shape in tf.train.list_variables(folder):
            print(name, shape, tf.train.load_variable(folder, name).sum().round(4))
        reader = tf.train.NewCheckpointReader(tf.train.latest_checkpoint(folder))
        print(reader.has_tensor("net/w"), reader.get_variable_to_shape_map()["net/w"])
