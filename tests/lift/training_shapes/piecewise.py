import numpy as np
import tensorflow as tf

BOUNDARIES = [30, 60]
RATES = [0.2, 0.1, 0.02]


def main():
    rng = np.random.RandomState(34)
    data = rng.normal(size=(60, 4))
    target = (data[:, :1] * data[:, 1:2] > 0).astype(np.float32)

    with tf.Graph().as_default():
        with tf.name_scope("inputs"):
            x = tf.placeholder(tf.float32, [None, 4], name="x")
            y = tf.placeholder(tf.float32, [None, 1], name="y")
        with tf.variable_scope("hidden"):
            kernel = tf.get_variable(
                "kernel", [4, 6], initializer=tf.truncated_normal_initializer(stddev=0.5))
            hidden = tf.nn.tanh(tf.matmul(x, kernel))
        with tf.variable_scope("output"):
            output = tf.get_variable("kernel", [6, 1])
            logits = tf.matmul(hidden, output)
        cost = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=y))
        global_step = tf.Variable(0, trainable=False)
        rate = tf.train.piecewise_constant(global_step, BOUNDARIES, RATES)
        optimizer = tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True)
        train_op = optimizer.minimize(cost, global_step=global_step)
        saver = tf.train.Saver(max_to_keep=3)
        curve = []
        weights = []
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for _ in range(100):
                _, value, now, i = sess.run(
                    [train_op, cost, kernel, global_step], feed_dict={x: data, y: target})
                curve.append(value)
                weights.append(now[0, 0])
                if i % 25 == 0:
                    saver.save(sess, "./models/net", global_step=i)
            answer = sess.run(tf.nn.sigmoid(logits), feed_dict={x: data})
            np.savez(
                "arrays.npz", curve=curve, weights=weights, answer=answer, kernel=sess.run(kernel))


if __name__ == "__main__":
    main()
