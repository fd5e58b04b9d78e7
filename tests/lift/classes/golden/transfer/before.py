import numpy as np
import tensorflow as tf


class Transfer:
    mean = [0.1, 0.2]

    def __init__(self, features, restore_from=None):
        # what was learned before
        self.features = features

        self.tfx = tf.placeholder(tf.float32, [None, 2])
        self.tfy = tf.placeholder(tf.float32, [None, 1])
        hidden = self.fixed(self.tfx - self.mean, "fixed")
        self.out = tf.layers.dense(
            hidden, 1, name='out', kernel_initializer=tf.constant_initializer(0.1))

        self.sess = tf.Session()
        if restore_from:
            saver = tf.train.Saver()
            saver.restore(self.sess, restore_from)
        else:   # training graph
            self.loss = tf.losses.mean_squared_error(labels=self.tfy, predictions=self.out)
            self.train_op = tf.train.RMSPropOptimizer(0.05).minimize(self.loss)
            self.sess.run(tf.global_variables_initializer())

    def fixed(self, bottom, name):
        with tf.variable_scope(name):   # constant, NOT a Variable that can be trained
            return tf.nn.relu(tf.matmul(bottom, self.features))

    def train(self, x, y):
        loss, _ = self.sess.run([self.loss, self.train_op], {self.tfx: x, self.tfy: y})
        return loss

    def predict(self, rows):
        for row in rows:
            out = self.sess.run(self.out, {self.tfx: [row]})
            print('Out: %.4f' % out[0, 0])

    def save(self, path='./transfer'):
        saver = tf.train.Saver()
        saver.save(self.sess, path, write_meta_graph=False)


FEATURES = np.array([[1.0, 0.5, -0.2], [0.3, -0.4, 1.0]], np.float32)


def train():
    model = Transfer(FEATURES)
    x = np.random.RandomState(0).uniform(0, 1, (8, 2))
    y = x.sum(axis=1, keepdims=True)
    for i in range(5):
        print(i, 'train loss: ', model.train(x, y))
    model.save()


def evaluate():
    tf.reset_default_graph()
    model = Transfer(FEATURES, restore_from='./transfer')
    model.predict([[0.5, 0.5], [1.0, 0.2]])


if __name__ == '__main__':
    train()
    evaluate()
