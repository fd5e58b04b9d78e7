"""Evaluates with the averages, then with the weights themselves."""
import tensorflow as tf

from net import DECAY, data, inference


def evaluate(averaged):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 5])
        prediction = inference(x)
        if averaged:
            saver = tf.train.Saver(tf.train.ExponentialMovingAverage(DECAY).variables_to_restore())
        else:
            saver = tf.train.Saver()
        with tf.Session() as sess:
            saver.restore(sess, tf.train.latest_checkpoint("out"))
            return sess.run(prediction, {x: data(3, 2)[0]})


if __name__ == "__main__":
    print("averaged:", evaluate(True).ravel())
    print("raw:", evaluate(False).ravel())
