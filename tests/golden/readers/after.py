import tensorflow.compat.v1 as tf
from tensorflow.python.tools import inspect_checkpoint

tf.disable_v2_behavior()

reader = tf.train.NewCheckpointReader("m")
tf.train.NewCheckpointReader("m")
tf.train.init_from_checkpoint("m", {"a": "b"})
tf.contrib.framework.load_variable("m", "w")
inspect_checkpoint.print_tensors_in_checkpoint_file("m", "", True)
tf.train.list_variables("m")
