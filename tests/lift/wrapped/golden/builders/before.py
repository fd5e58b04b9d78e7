"""A network of weight_variable and bias_variable, in a function that is called for each width."""

import numpy as np
import tensorflow as tf


def weight_variable(shape):
    """Create a weight variable with appropriate initialization."""
    initial = tf.truncated_normal(shape, stddev=0.1)
    return tf.Variable(initial)


def bias_variable(shape):
    """Create a bias variable with appropriate initialization."""
    initial = tf.constant(0.1, shape=shape)
    return tf.Variable(initial)


def nn_layer(input_tensor, input_dim, output_dim, layer_name, act=tf.nn.relu):
    # Adding a name scope ensures logical grouping of the layers in the graph.
    with tf.name_scope(layer_name):
        weights = weight_variable([input_dim, output_dim])
        biases = bias_variable([output_dim])
        preactivate = tf.matmul(input_tensor, weights) + biases
        return act(preactivate, name="activation")


def train(n_hidden, steps, folder):
    data = np.random.RandomState(3).normal(size=(16, 4))
    labels = (data[:, 0] > 0).astype(np.int64)

    with tf.Graph().as_default():
        inputs = tf.placeholder(tf.float32, [None, 4], name="inputs")
        targets = tf.placeholder(tf.int64, [None], name="targets")
        hidden1 = nn_layer(inputs, 4, n_hidden, "layer1")
        logits = nn_layer(hidden1, n_hidden, 2, "layer2", act=tf.identity)
        cross_entropy = tf.losses.sparse_softmax_cross_entropy(labels=targets, logits=logits)
        train_step = tf.train.RMSPropOptimizer(0.01).minimize(cross_entropy)
        accuracy = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(logits, 1), targets)))
        saver = tf.train.Saver()

        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for i in range(steps):
                if i % 10 == 0:
                    acc = sess.run(accuracy, feed_dict={inputs: data, targets: labels})
                    print("Accuracy at step %s: %s" % (i, acc))
                sess.run(train_step, {inputs: data, targets: labels})
            print("loss", sess.run(cross_entropy, {inputs: data, targets: labels}))
            return saver.save(sess, folder + "/model.ckpt")


def main():
    print("saved in", train(6, 30, "."))
    # once more, with another width
    print("saved in", train(4, 10, "./other"))


if __name__ == "__main__":
    main()
