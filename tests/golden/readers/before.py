import tensorflow as tf
from tensorflow.python import pywrap_tensorflow
from tensorflow.python.tools import inspect_checkpoint

reader = pywrap_tensorflow.NewCheckpointReader("m")
tf.train.NewCheckpointReader("m")
tf.train.init_from_checkpoint("m", {"a": "b"})
tf.contrib.framework.load_variable("m", "w")
inspect_checkpoint.print_tensors_in_checkpoint_file("m", "", True)
tf.train.list_variables("m")
