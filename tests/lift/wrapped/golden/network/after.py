"""A model class without a session, used by a script."""

import numpy as np
import tensorflow as tf
import tf2_bridge


class TextCNN(object):
    """A CNN for text classification."""

    def __init__(self, sequence_length, num_classes, vocab_size, embedding_size):
        # Placeholders for input, output
        self.input_x = tf2_bridge.feed(
            tf.TensorSpec([None, sequence_length], tf.int32, name="input_x")
        )
        self.input_y = tf2_bridge.feed(
            tf.TensorSpec([None, num_classes], tf.float32, name="input_y")
        )

        # Keeping track of l2 regularization loss (optional)
        l2_loss = tf.constant(0.0)

        # Embedding layer
        with tf.name_scope("embedding"):
            self.W = tf.Variable(
                tf.random.uniform([vocab_size, embedding_size], -1.0, 1.0), name="W"
            )
            self.embedded = tf.nn.embedding_lookup(self.W, self.input_x)

        # Create a convolution + maxpool layer for each filter size
        pooled_outputs = []
        for filter_size in (2, 3):
            with tf.name_scope("conv-maxpool-%s" % filter_size):
                shape = [filter_size, embedding_size, 4]
                W = tf.Variable(tf.random.truncated_normal(shape, stddev=0.1), name="W")
                b = tf.Variable(tf.constant(0.1, shape=[4]), name="b")
                conv = tf.nn.conv1d(self.embedded, W, stride=1, padding="VALID")
                h = tf.nn.relu(tf.nn.bias_add(conv, b), name="relu")
                pooled_outputs.append(tf.reduce_max(h, axis=1))
        h_pool = tf.concat(pooled_outputs, 1)

        with tf.name_scope("output"):
            W = tf.compat.v1.get_variable("W", shape=[8, num_classes])
            b = tf.Variable(tf.constant(0.1, shape=[num_classes]), name="b")
            l2_loss += tf.nn.l2_loss(W) + tf.nn.l2_loss(b)
            self.scores = tf.compat.v1.nn.xw_plus_b(h_pool, W, b, name="scores")
            self.predictions = tf.argmax(self.scores, 1, name="predictions")

        losses = tf.compat.v1.nn.softmax_cross_entropy_with_logits(
            logits=self.scores, labels=self.input_y
        )
        self.loss = tf.reduce_mean(losses) + 0.1 * l2_loss


flags = tf.compat.v1.app.flags
flags.DEFINE_integer("steps", 30, "Number of training steps")
flags.DEFINE_string("checkpoint_dir", "./runs", "Where to save")
FLAGS = flags.FLAGS


class Network(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        cnn = TextCNN(sequence_length=6, num_classes=2, vocab_size=12, embedding_size=5)
        global_step = tf.Variable(0, name="global_step", trainable=False)
        optimizer = tf.compat.v1.train.AdamOptimizer(1e-2)
        grads_and_vars = optimizer.compute_gradients(cnn.loss)
        train_op = optimizer.apply_gradients(grads_and_vars, global_step=global_step)
        saver = self.make_saver(tf.compat.v1.global_variables(), max_to_keep=3)

        self.train_op = self.function(
            [cnn.input_x, cnn.input_y], [train_op, global_step, cnn.loss]
        )
        self.predictions = self.function([cnn.input_x], cnn.predictions)
        self.global_step = global_step
        self.saver = saver


def main(_):
    rng = np.random.RandomState(7)
    x_batch = rng.randint(0, 12, size=(10, 6))
    y_batch = np.eye(2)[(x_batch[:, 0] > 5).astype(int)]

    model = Network()
    model.build()
    for _ in range(FLAGS.steps):
        # A single training step
        feed_dict = (x_batch, y_batch)
        _, step, loss = model.train_op(*feed_dict)
        current_step = int(model.global_step.numpy())
        if current_step % 10 == 0:
            print("{}: step {}, loss {:g}".format("train", step, loss))
            path = model.saver.save(
                FLAGS.checkpoint_dir + "/model", global_step=current_step
            )
            print("Saved model checkpoint to {}".format(path))
    print(model.predictions(x_batch))


if __name__ == "__main__":
    tf.compat.v1.app.run()
