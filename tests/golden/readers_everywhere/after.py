import tensorflow.compat.v1 as tf
from tf2_bridge import slim
from tf2_bridge import assign_from_checkpoint_fn as restorer, slim as tf_slim
from tf2_bridge import init_from_checkpoint, load_variable
import tf2_bridge

tf.disable_v2_behavior()

saver = tf2_bridge.Saver()
tf2_bridge.NewCheckpointReader("m")
tf2_bridge.NewCheckpointReader("m")
tf2_bridge.NewCheckpointReader("m")
tf2_bridge.NewCheckpointReader(*args)
tf2_bridge.load_variable("m", "w")
tf2_bridge.list_variables("m")
tf2_bridge.list_variables("m")
tf2_bridge.get_variables_to_restore(["w"])
tf2_bridge.load_checkpoint("m").get_tensor("w")
tf2_bridge.load_variable("m", "w")
tf2_bridge.get_variables_to_restore()
init_from_checkpoint("m", {"/": "/"})
load_variable(
    "m",  # the prefix
    "w",
)
with tf_slim.arg_scope([f]):
    fn = restorer("m", slim.get_variables_to_restore(exclude=["logits"]))
tf2_bridge.assign_from_checkpoint_fn("m", [], ignore_missing_vars=True)
make = tf2_bridge.assign_from_checkpoint
tf2_bridge.assign_from_checkpoint("m", [])
readers = {"a": tf2_bridge.NewCheckpointReader}
reader = tf2_bridge.NewCheckpointReader
tf2_bridge.NewCheckpointReader("m")
tf.train.warm_start("m")
tf2_bridge.load_checkpoint("m")
tf.train.load_variable("m", "w")  # migrator: keep[TFM206] a reason


def restore(r: tf.train.NewCheckpointReader):
    return lambda: tf2_bridge.init_from_checkpoint("m", {"a": r})
