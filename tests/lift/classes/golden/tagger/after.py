import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge


class Config:
    hidden = 4
    n_tags = 3
    use_chars = True
    clip = 1.0


class Tagger(tf2_bridge.GraphModule):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.saver = None

    def add_placeholders(self):
        """Define what is fed."""
        # shape = (batch size, length)
        self.word_ids = tf2_bridge.feed(tf.TensorSpec([None, None], tf.int32, name="word_ids"))
        self.char_counts = tf2_bridge.feed(tf.TensorSpec([None, None], tf.float32, name="char_counts"))
        self.labels = tf2_bridge.feed(tf.TensorSpec([None, None], tf.int32, name="labels"))

        # hyper parameters
        self.dropout = tf2_bridge.feed(tf.TensorSpec([], tf.float32, name="dropout"))
        self.lr = tf2_bridge.feed(tf.TensorSpec([], tf.float32, name="lr"))

    def get_feed_dict(self, words, labels=None, lr=None, dropout=None):
        """Return what is fed, and the lengths.

        Args:
            words: lists of word ids.
        """
        word_ids = np.array(words)
        lengths = [len(row) for row in words]
        feed = {
            "word_ids": word_ids,  # every word
        }
        if self.config.use_chars:
            feed["char_counts"] = word_ids % 3
        if labels is not None:
            feed["labels"] = labels
        if lr is not None:
            feed["lr"] = lr
        if dropout is not None:
            feed["dropout"] = dropout
        return feed, lengths

    def add_logits_op(self):
        start = np.random.RandomState(1).uniform(-1, 1, (10, self.config.hidden))
        with tf.compat.v1.variable_scope("words"):
            table = tf.compat.v1.get_variable("embeddings", initializer=start.astype(np.float32))
            words = tf.nn.embedding_lookup(table, self.word_ids)
        if self.config.use_chars:
            words = tf.concat([words, tf.expand_dims(self.char_counts, -1)], axis=-1)
        words = tf.nn.dropout(words, rate=1 - self.dropout)
        self.logits = tf.compat.v1.layers.dense(
            words, self.config.n_tags, name="proj",
            kernel_initializer=tf.compat.v1.constant_initializer(0.2))

    def add_loss_op(self):
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            logits=self.logits, labels=self.labels)
        self.loss = tf.reduce_mean(losses)

    def add_train_op(self, method, lr, loss, clip=-1):
        with tf.compat.v1.variable_scope("train_step"):
            if method == "adam":
                optimizer = tf.compat.v1.train.AdamOptimizer(lr)
            elif method == "sgd":
                optimizer = tf.compat.v1.train.GradientDescentOptimizer(lr)
            else:
                raise NotImplementedError("Unknown method {}".format(method))

            if clip > 0:  # gradient clipping
                grads, vs = zip(*optimizer.compute_gradients(loss))
                grads, gnorm = tf.clip_by_global_norm(grads, clip)
                self.train_op = optimizer.apply_gradients(zip(grads, vs))
            else:
                self.train_op = optimizer.minimize(loss)

    def build(self):
        self.build_graph()
        self.initialize_session()

    @tf2_bridge.graph
    def build_graph(self):
        self.add_placeholders()
        self.add_logits_op()
        self.add_loss_op()
        self.add_train_op("adam", self.lr, self.loss, self.config.clip)

        self._run_epoch = self.function(
            {
                "word_ids": self.word_ids,
                "char_counts": self.char_counts,
                "labels": self.labels,
                "lr": self.lr,
                "dropout": self.dropout,
            },
            [self.train_op, self.loss],
        )
        self._predict_batch = self.function(
            {
                "word_ids": self.word_ids,
                "char_counts": self.char_counts,
                "labels": self.labels,
                "lr": self.lr,
                "dropout": self.dropout,
            },
            self.logits,
        )

    def initialize_session(self):
        """Define self.sess and initialize the variables"""
        print("Initializing tf session")
        self.initialize()
        self.saver = self.make_saver()

    def close_session(self):
        """Close the session"""

    def run_epoch(self, words, labels, lr):
        fd, _ = self.get_feed_dict(words, labels, lr, 1.0)
        _, loss = self._run_epoch(**fd)
        return loss

    def predict_batch(self, words):
        fd, lengths = self.get_feed_dict(words, dropout=1.0)
        logits = self._predict_batch(**fd)
        return np.argmax(logits, axis=-1), lengths


def main():
    model = Tagger(Config())
    model.build()
    words = [[1, 2, 3], [4, 5, 6]]
    labels = [[0, 1, 2], [2, 1, 0]]
    for epoch in range(10):
        print(epoch, model.run_epoch(words, labels, 0.1 / (epoch + 1)))
    print(*model.predict_batch(words))
    model.saver.save("./tagger")
    model.close_session()


if __name__ == "__main__":
    main()
