import numpy as np
import tensorflow as tf

from base import Base


class Factors(Base):
    def __init__(self, users, items, rank=3, folder="out"):
        super(Factors, self).__init__(folder)
        self.users = tf.placeholder(tf.int32, [None], "users")
        self.items = tf.placeholder(tf.int32, [None], "items")
        self.ratings = tf.placeholder(tf.float32, [None], "ratings")
        rng = np.random.RandomState(12)
        with tf.variable_scope("embeddings"):
            user = tf.get_variable(
                "user", initializer=rng.normal(0, 0.1, (users, rank)).astype("float32"))
            item = tf.get_variable(
                "item", initializer=rng.normal(0, 0.1, (items, rank)).astype("float32"))
        # every user likes every item somewhat
        mean = tf.get_variable("mean", initializer=3.5)
        u = tf.nn.embedding_lookup(user, self.users)
        v = tf.nn.embedding_lookup(item, self.items)
        self.predicted = mean + tf.reduce_sum(u * v, 1)
        self.mse = tf.reduce_mean(tf.squared_difference(self.predicted, self.ratings))
        self.train_op = tf.train.AdamOptimizer(0.05).minimize(self.mse)
        self.start()

    def step(self, users, items, ratings):
        feed = {self.users: users, self.items: items, self.ratings: ratings}
        _, mse = self.sess.run([self.train_op, self.mse], feed)
        return mse

    def predict(self, users, items):
        return self.sess.run(self.predicted, {self.users: users, self.items: items})
