import tensorflow as tf

tf.train.Saver(saver_def=d)
tf.train.Saver(builder=b)
tf.train.Saver(filename="x")
tf.train.Saver(None, True)
tf.train.Saver(write_version=tf.train.SaverDef.V1)
tf.train.Saver(write_version=1)
tf.train.Saver(write_version=v)
tf.train.Saver(*args)
tf.train.Saver(**kwargs)
tf.train.Saver(unknown=1)
