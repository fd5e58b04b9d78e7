import numpy as np
import tensorflow as tf


class Config:
    hidden = 4
    n_tags = 3
    use_chars = True
    clip = 1.0


class Tagger(object):
    def __init__(self, config):
        self.config = config
        self.sess = None
        self.saver = None

    def add_placeholders(self):
        """Define what is fed."""
        # shape = (batch size, length)
        self.word_ids = tf.placeholder(tf.int32, shape=[None, None], name="word_ids")
        self.char_counts = tf.placeholder(tf.float32, shape=[None, None], name="char_counts")
        self.labels = tf.placeholder(tf.int32, shape=[None, None], name="labels")

        # hyper parameters
        self.dropout = tf.placeholder(dtype=tf.float32, shape=[], name="dropout")
        self.lr = tf.placeholder(dtype=tf.float32, shape=[], name="lr")

    def get_feed_dict(self, words, labels=None, lr=None, dropout=None):
        """Return what is fed, and the lengths.

        Args:
            words: lists of word ids.
        """
        word_ids = np.array(words)
        lengths = [len(row) for row in words]
        feed = {
            self.word_ids: word_ids,  # every word
        }
        if self.config.use_chars:
            feed[self.char_counts] = word_ids % 3
        if labels is not None:
            feed[self.labels] = labels
        if lr is not None:
            feed[self.lr] = lr
        if dropout is not None:
            feed[self.dropout] = dropout
        return feed, lengths

    def add_logits_op(self):
        start = np.random.RandomState(1).uniform(-1, 1, (10, self.config.hidden))
        with tf.variable_scope("words"):
            table = tf.get_variable("embeddings", initializer=start.astype(np.float32))
            words = tf.nn.embedding_lookup(table, self.word_ids)
        if self.config.use_chars:
            words = tf.concat([words, tf.expand_dims(self.char_counts, -1)], axis=-1)
        words = tf.nn.dropout(words, self.dropout)
        self.logits = tf.layers.dense(
            words, self.config.n_tags, name="proj",
            kernel_initializer=tf.constant_initializer(0.2))

    def add_loss_op(self):
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            logits=self.logits, labels=self.labels)
        self.loss = tf.reduce_mean(losses)

    def add_train_op(self, method, lr, loss, clip=-1):
        with tf.variable_scope("train_step"):
            if method == "adam":
                optimizer = tf.train.AdamOptimizer(lr)
            elif method == "sgd":
                optimizer = tf.train.GradientDescentOptimizer(lr)
            else:
                raise NotImplementedError("Unknown method {}".format(method))

            if clip > 0:  # gradient clipping
                grads, vs = zip(*optimizer.compute_gradients(loss))
                grads, gnorm = tf.clip_by_global_norm(grads, clip)
                self.train_op = optimizer.apply_gradients(zip(grads, vs))
            else:
                self.train_op = optimizer.minimize(loss)

    def build(self):
        self.add_placeholders()
        self.add_logits_op()
        self.add_loss_op()
        self.add_train_op("adam", self.lr, self.loss, self.config.clip)
        self.initialize_session()

    def initialize_session(self):
        """Define self.sess and initialize the variables"""
        print("Initializing tf session")
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())
        self.saver = tf.train.Saver()

    def close_session(self):
        """Close the session"""
        self.sess.close()

    def run_epoch(self, words, labels, lr):
        fd, _ = self.get_feed_dict(words, labels, lr, 1.0)
        _, loss = self.sess.run([self.train_op, self.loss], feed_dict=fd)
        return loss

    def predict_batch(self, words):
        fd, lengths = self.get_feed_dict(words, dropout=1.0)
        logits = self.sess.run(self.logits, feed_dict=fd)
        return np.argmax(logits, axis=-1), lengths


def main():
    model = Tagger(Config())
    model.build()
    words = [[1, 2, 3], [4, 5, 6]]
    labels = [[0, 1, 2], [2, 1, 0]]
    for epoch in range(10):
        print(epoch, model.run_epoch(words, labels, 0.1 / (epoch + 1)))
    print(*model.predict_batch(words))
    model.saver.save(model.sess, "./tagger")
    model.close_session()


if __name__ == "__main__":
    main()
