import sys
if sys.version_info[0] == 3:
    import tensorflow as tf
else:
    import tensorflow as tf
tf.train.Saver()
