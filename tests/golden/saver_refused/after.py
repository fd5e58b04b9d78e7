import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

tf.train.Saver(saver_def=d)
tf.train.Saver(builder=b)
tf.train.Saver(filename="x")
tf2_bridge.Saver(None, True)
tf.train.Saver(write_version=tf.train.SaverDef.V1)
tf.train.Saver(write_version=1)
tf.train.Saver(write_version=v)
tf.train.Saver(*args)
tf.train.Saver(**kwargs)
tf.train.Saver(unknown=1)
