import numpy as np
import tensorflow as tf

x = tf.placeholder(tf.float32, [None, 3], name="x")
y = tf.placeholder(tf.float32, [None, 1], name="y")
w = tf.get_variable("w", [3, 1], initializer=tf.zeros_initializer())
b = tf.get_variable("b", [1], initializer=tf.zeros_initializer())
error = tf.matmul(x, w) + b - y
loss = tf.reduce_mean(tf.square(error))

# by value
optimizer = tf.train.RMSPropOptimizer(0.05)
grads_and_vars = optimizer.compute_gradients(loss)
capped = [(tf.clip_by_value(g, -0.5, 0.5), v) for g, v in grads_and_vars if g is not None]
train_by_value = optimizer.apply_gradients(capped)

# by the global norm, with weight decay
tvars = tf.trainable_variables()
decay = 0.01 * tf.add_n([tf.nn.l2_loss(v) for v in tvars])
total = loss + decay
global_step = tf.Variable(0, name="global_step", trainable=False)
grads, _ = tf.clip_by_global_norm(tf.gradients(total, tvars), 0.1)
train_by_norm = tf.train.AdamOptimizer(0.05).apply_gradients(
    zip(grads, tvars), global_step=global_step)

# one by one
sgd = tf.train.GradientDescentOptimizer(0.05)
gradients, variables = zip(*sgd.compute_gradients(loss, var_list=[w]))
gradients = [tf.clip_by_norm(gradient, 1.0) for gradient in gradients]
train_by_one = sgd.apply_gradients(zip(gradients, variables))

data = np.random.RandomState(7).normal(size=(50, 3)) * 3
target = data.sum(axis=1, keepdims=True) + 1

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for _ in range(20):
        value, _ = sess.run([loss, train_by_value], feed_dict={x: data, y: target})
    print(value)
    for _ in range(20):
        value, step, _ = sess.run([loss, global_step, train_by_norm], {x: data, y: target})
    print(step, value)
    for _ in range(20):
        sess.run(train_by_one, {x: data, y: target})
    result = sess.run({"loss": loss, "w": w}, {x: data, y: target})
    print(sorted(result), float(result["loss"]), result["w"].tolist())
