import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

s = tf.train.Saver.from_proto(d)
class S(tf.train.Saver):
    pass
def f(x: tf.train.Saver) -> tf.train.Saver:
    y: tf.train.Saver = tf2_bridge.Saver()
    z: tf.train.Saver
    return y
makers = [tf.train.Saver, tf.saved_model.simple_save]
make = functools.partial(tf.train.Saver, max_to_keep=3)
Alias = tf.train.Saver
tf2_bridge.Saver()
self.make = tf.train.Saver
