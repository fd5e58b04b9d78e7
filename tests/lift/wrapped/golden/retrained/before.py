import numpy as np
import tensorflow as tf

rng = np.random.RandomState(3)
features = rng.uniform(-1, 1, [32, 4])
targets = np.eye(3)[rng.randint(0, 3, 32)]

with tf.Session() as sess:
    saver = tf.train.import_meta_graph("model/net-20.meta")
    saver.restore(sess, "model/net-20")

    x, labels = tf.get_collection("inputs")
    train_op = tf.get_collection("train_op")[0]
    loss = tf.get_default_graph().get_tensor_by_name("loss:0")
    step = tf.get_default_graph().get_tensor_by_name("global_step:0")

    for epoch in range(5):
        _, value = sess.run([train_op, loss], feed_dict={x: features, labels: targets})
        print("epoch", epoch, "loss", value)
    print("steps", sess.run(step))
    saver.save(sess, "model/again", global_step=step)
