"""A network of weight_variable and bias_variable, in a function that is called for each width."""

import numpy as np
import tensorflow as tf
import tf2_bridge


def weight_variable(shape):
    """Create a weight variable with appropriate initialization."""
    initial = tf.random.truncated_normal(shape, stddev=0.1)
    return tf.Variable(initial)


def bias_variable(shape):
    """Create a bias variable with appropriate initialization."""
    initial = tf.constant(0.1, shape=shape)
    return tf.Variable(initial)


def nn_layer(input_tensor, input_dim, output_dim, layer_name, act=tf.nn.relu):
    # Adding a name scope ensures logical grouping of the layers in the graph.
    with tf.compat.v1.name_scope(layer_name):
        weights = weight_variable([input_dim, output_dim])
        biases = bias_variable([output_dim])
        preactivate = tf.matmul(input_tensor, weights) + biases
        return act(preactivate, name="activation")


class Builders(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self, n_hidden):
        inputs = tf2_bridge.feed(tf.TensorSpec([None, 4], tf.float32, name="inputs"))
        targets = tf2_bridge.feed(tf.TensorSpec([None], tf.int64, name="targets"))
        hidden1 = nn_layer(inputs, 4, n_hidden, "layer1")
        logits = nn_layer(hidden1, n_hidden, 2, "layer2", act=tf.identity)
        cross_entropy = tf.compat.v1.losses.sparse_softmax_cross_entropy(
            labels=targets, logits=logits
        )
        train_step = tf.compat.v1.train.RMSPropOptimizer(0.01).minimize(cross_entropy)
        accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), targets), tf.float32))
        saver = self.make_saver()

        self.accuracy = self.function([inputs, targets], accuracy)
        self.train_step = self.function([inputs, targets], train_step)
        self.cross_entropy = self.function([inputs, targets], cross_entropy)
        self.saver = saver


def train(n_hidden, steps, folder):
    data = np.random.RandomState(3).normal(size=(16, 4))
    labels = (data[:, 0] > 0).astype(np.int64)

    model = Builders()
    model.build(n_hidden)

    for i in range(steps):
        if i % 10 == 0:
            acc = model.accuracy(data, labels)
            print("Accuracy at step %s: %s" % (i, acc))
        model.train_step(data, labels)
    print("loss", model.cross_entropy(data, labels))
    return model.saver.save(folder + "/model.ckpt")


def main():
    print("saved in", train(6, 30, "."))
    # once more, with another width
    print("saved in", train(4, 10, "./other"))


if __name__ == "__main__":
    main()
