import numpy as np
import tensorflow as tf

rng = np.random.RandomState(35)
data = rng.normal(size=(64, 6)).astype("float32")
labels = np.argmax(data[:, :3], 1)

x = tf.placeholder("float", [None, 6])
y = tf.placeholder(tf.int64, [None])
with tf.name_scope("layer1"):
    w1 = tf.Variable(tf.random_uniform([6, 8], -0.4, 0.4), name="weights")
    b1 = tf.Variable(tf.constant(0.1, shape=[8]), name="biases")
    h1 = tf.nn.relu(tf.add(tf.matmul(x, w1), b1))
with tf.name_scope("layer2"):
    w2 = tf.Variable(tf.random_uniform([8, 3], -0.4, 0.4), name="weights")
    b2 = tf.Variable(tf.constant(0.1, shape=[3]), name="biases")
    logits = tf.nn.xw_plus_b(h1, w2, b2)
with tf.name_scope("loss"):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
    loss = tf.reduce_mean(losses)
with tf.name_scope("train"):
    counter = tf.Variable(0, name="counter", trainable=False)
    rate = tf.train.cosine_decay(0.05, counter, 100)
    optimizer = tf.train.RMSPropOptimizer(rate, decay=0.9, momentum=0.2)
    params = tf.trainable_variables()
    grads = tf.gradients(loss, params)
    clipped, norm = tf.clip_by_global_norm(grads, 1.0)
    train = optimizer.apply_gradients(zip(clipped, params), global_step=counter)
with tf.name_scope("accuracy"):
    correct = tf.equal(tf.argmax(logits, 1), y)
    accuracy = tf.reduce_mean(tf.cast(correct, tf.float32))
saver = tf.train.Saver({"first": w1, "second": w2})

curve = []
scores = []
with tf.Session() as sess:
    tf.global_variables_initializer().run()
    for step in range(100):
        rows = (np.arange(16) + 5 * step) % 64
        feed = {x: data[rows], y: labels[rows]}
        sess.run(train, feed_dict=feed)
        value, score = sess.run([loss, accuracy], feed_dict={x: data, y: labels})
        curve.append(value)
        scores.append(score)
    saver.save(sess, "./weights.ckpt")
    answer = logits.eval(feed_dict={x: data})
    np.savez("arrays.npz", curve=curve, scores=scores, answer=answer, kernel=w1.eval())
