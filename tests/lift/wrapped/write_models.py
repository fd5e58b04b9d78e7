"""Train a small model and write it in every form that the scripts of ``loading`` read.

TensorFlow 1 writes the old artefacts; migrated to the session tier, TensorFlow 2 the new ones.
"""

import numpy as np
import tensorflow as tf

rng = np.random.RandomState(1)
features = rng.uniform(-1, 1, [32, 4])
targets = np.eye(3)[rng.randint(0, 3, 32)]

x = tf.placeholder(tf.float32, [None, 4], name="x")
labels = tf.placeholder(tf.float32, [None, 3], name="labels")
with tf.variable_scope("net"):
    w = tf.get_variable("w", initializer=tf.constant(rng.uniform(-1, 1, [4, 3]), tf.float32))
    b = tf.get_variable("b", [3], initializer=tf.zeros_initializer())
logits = tf.add(tf.matmul(x, w), b, name="logits")
scores = tf.nn.softmax(logits, name="scores")
classes = tf.argmax(scores, 1, name="classes")
step = tf.train.get_or_create_global_step()
loss = tf.reduce_mean(
    tf.nn.softmax_cross_entropy_with_logits_v2(labels=labels, logits=logits), name="loss"
)
train_op = tf.train.AdamOptimizer(0.01).minimize(loss, global_step=step, name="train")

tf.add_to_collection("inputs", x)
tf.add_to_collection("inputs", labels)
tf.add_to_collection("scores", scores)
tf.add_to_collection("train_op", train_op)

saver = tf.train.Saver()
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(20):
        sess.run(train_op, {x: features, labels: targets})
    saver.save(sess, "model/net", global_step=20)
    tf.saved_model.simple_save(sess, "export", {"inputs": x}, {"outputs": scores})
    graph_def = tf.graph_util.convert_variables_to_constants(
        sess, sess.graph.as_graph_def(), ["scores", "classes"]
    )
    with tf.gfile.GFile("frozen.pb", "wb") as f:
        f.write(graph_def.SerializeToString())
