import tensorflow as tf


class Base(object):
    def __init__(self, sess, name):
        self.sess = sess
        self._name_it = name

    def save(self, path):
        self.saver = tf.train.Saver()
        self.saver.save(self.sess, path)


class Child(Base):
    def __init__(self, sess, name, n):
        super().__init__(sess, name)
        self.x = tf.placeholder(tf.float32, [None, n])
        self.y = tf.reduce_sum(tf.layers.dense(self.x, 2, kernel_initializer=tf.constant_initializer(0.7)))
        self.step = tf.Variable(0, name='step', trainable=False)
        self.inc = tf.assign_add(self.step, 1)

    def run(self, x):
        """Run it."""
        s = self.sess.run(self.inc)
        return self.sess.run(self.y, feed_dict={self.x: x}), s, self.step.eval(session=self.sess)


def main():
    config = tf.ConfigProto()
    config.gpu_options.allow_growth = True
    sess = tf.Session(config=config)
    child = Child(sess, 'c', 3)
    sess.run(tf.global_variables_initializer())
    print(*child.run([[1, 2, 3]]))
    child.save('./c')
    print(tf.train.latest_checkpoint('.'))


main()
