import numpy as np
import tensorflow as tf

graph_def = tf.GraphDef()
with open("frozen.pb", "rb") as f:
    graph_def.ParseFromString(f.read())

for node in graph_def.node:
    if node.op == "Placeholder":
        print("input", node.name)

pixels = tf.placeholder(tf.float32, [None, 2, 2], name="pixels")
flat = tf.reshape(pixels / 2, [-1, 4])
scores, classes = tf.import_graph_def(
    graph_def, input_map={"x:0": flat}, return_elements=["scores:0", "classes:0"], name="net"
)
best = tf.reduce_max(scores, axis=1)

with tf.Session() as sess:
    data = np.linspace(-1, 1, 16).reshape([4, 2, 2])
    print(sess.run([best, classes], feed_dict={pixels: data}))
    print(sess.run("net/scores:0", feed_dict={pixels: data[:1]}))
