"""A model class without a session, used by a script."""

import numpy as np
import tensorflow as tf


class TextCNN(object):
    """A CNN for text classification."""

    def __init__(self, sequence_length, num_classes, vocab_size, embedding_size):
        # Placeholders for input, output
        self.input_x = tf.placeholder(tf.int32, [None, sequence_length], name="input_x")
        self.input_y = tf.placeholder(tf.float32, [None, num_classes], name="input_y")

        # Keeping track of l2 regularization loss (optional)
        l2_loss = tf.constant(0.0)

        # Embedding layer
        with tf.name_scope("embedding"):
            self.W = tf.Variable(
                tf.random_uniform([vocab_size, embedding_size], -1.0, 1.0), name="W"
            )
            self.embedded = tf.nn.embedding_lookup(self.W, self.input_x)

        # Create a convolution + maxpool layer for each filter size
        pooled_outputs = []
        for filter_size in (2, 3):
            with tf.name_scope("conv-maxpool-%s" % filter_size):
                shape = [filter_size, embedding_size, 4]
                W = tf.Variable(tf.truncated_normal(shape, stddev=0.1), name="W")
                b = tf.Variable(tf.constant(0.1, shape=[4]), name="b")
                conv = tf.nn.conv1d(self.embedded, W, stride=1, padding="VALID")
                h = tf.nn.relu(tf.nn.bias_add(conv, b), name="relu")
                pooled_outputs.append(tf.reduce_max(h, axis=1))
        h_pool = tf.concat(pooled_outputs, 1)

        with tf.name_scope("output"):
            W = tf.get_variable("W", shape=[8, num_classes])
            b = tf.Variable(tf.constant(0.1, shape=[num_classes]), name="b")
            l2_loss += tf.nn.l2_loss(W) + tf.nn.l2_loss(b)
            self.scores = tf.nn.xw_plus_b(h_pool, W, b, name="scores")
            self.predictions = tf.argmax(self.scores, 1, name="predictions")

        losses = tf.nn.softmax_cross_entropy_with_logits(logits=self.scores, labels=self.input_y)
        self.loss = tf.reduce_mean(losses) + 0.1 * l2_loss


flags = tf.app.flags
flags.DEFINE_integer("steps", 30, "Number of training steps")
flags.DEFINE_string("checkpoint_dir", "./runs", "Where to save")
FLAGS = flags.FLAGS


def main(_):
    rng = np.random.RandomState(7)
    x_batch = rng.randint(0, 12, size=(10, 6))
    y_batch = np.eye(2)[(x_batch[:, 0] > 5).astype(int)]

    cnn = TextCNN(sequence_length=6, num_classes=2, vocab_size=12, embedding_size=5)
    global_step = tf.Variable(0, name="global_step", trainable=False)
    optimizer = tf.train.AdamOptimizer(1e-2)
    grads_and_vars = optimizer.compute_gradients(cnn.loss)
    train_op = optimizer.apply_gradients(grads_and_vars, global_step=global_step)
    saver = tf.train.Saver(tf.global_variables(), max_to_keep=3)

    sess = tf.Session(config=tf.ConfigProto(allow_soft_placement=True))
    with sess.as_default():
        sess.run(tf.global_variables_initializer())
        for _ in range(FLAGS.steps):
            # A single training step
            feed_dict = {cnn.input_x: x_batch, cnn.input_y: y_batch}
            _, step, loss = sess.run([train_op, global_step, cnn.loss], feed_dict)
            current_step = tf.train.global_step(sess, global_step)
            if current_step % 10 == 0:
                print("{}: step {}, loss {:g}".format("train", step, loss))
                path = saver.save(sess, FLAGS.checkpoint_dir + "/model", global_step=current_step)
                print("Saved model checkpoint to {}".format(path))
        print(sess.run(cnn.predictions, {cnn.input_x: x_batch}))


if __name__ == "__main__":
    tf.app.run()
