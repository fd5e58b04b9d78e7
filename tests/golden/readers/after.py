import tensorflow.compat.v1 as tf
from tensorflow.python.tools import inspect_checkpoint
import tf2_bridge

tf.disable_v2_behavior()

reader = tf2_bridge.NewCheckpointReader("m")
tf2_bridge.NewCheckpointReader("m")
tf2_bridge.init_from_checkpoint("m", {"a": "b"})
tf2_bridge.load_variable("m", "w")
inspect_checkpoint.print_tensors_in_checkpoint_file("m", "", True)
tf2_bridge.list_variables("m")
