"""Train, save, restore in another session, and export in two ways."""

import numpy as np
import tensorflow as tf

inputs = tf.placeholder(tf.float32, [None, 3], name="inputs")
labels = tf.placeholder(tf.float32, [None, 1], name="labels")
hidden = tf.layers.dense(inputs, 4, activation=tf.nn.tanh)
outputs = tf.layers.dense(hidden, 1, name="outputs")
loss = tf.losses.mean_squared_error(labels, outputs)
train_op = tf.train.FtrlOptimizer(0.1).minimize(loss)
saver = tf.train.Saver()

points = np.random.RandomState(6).normal(size=(10, 3))
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(20):
        sess.run(train_op, {inputs: points, labels: points[:, :1]})
    save_path = saver.save(sess, "./checkpoints/model")

# Export what was saved
with tf.Session() as sess:
    saver.restore(sess, save_path)
    print(sess.run(outputs, feed_dict={inputs: points[:2]}).tolist())
    tf.saved_model.simple_save(
        sess, "./simple", inputs={"inputs": inputs}, outputs={"outputs": outputs}
    )
    builder = tf.saved_model.builder.SavedModelBuilder("./exported")
    signature = tf.saved_model.signature_def_utils.predict_signature_def(
        inputs={"points": inputs}, outputs={"scores": outputs, "hidden": hidden}
    )
    builder.add_meta_graph_and_variables(
        sess,
        [tf.saved_model.tag_constants.SERVING],
        signature_def_map={"predict_points": signature},
    )
    builder.save()
