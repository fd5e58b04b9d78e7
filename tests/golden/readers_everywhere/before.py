import tensorflow as tf
from tensorflow.contrib import framework
from tensorflow.contrib import slim
from tensorflow.contrib.framework import arg_scope, assign_from_checkpoint_fn as restorer
from tensorflow.contrib.framework import init_from_checkpoint, load_variable
from tensorflow.contrib.framework.python.framework import checkpoint_utils as cu
from tensorflow.contrib.framework.python.ops import variables as cv
from tensorflow.python import pywrap_tensorflow
from tensorflow.python.pywrap_tensorflow import NewCheckpointReader
from tensorflow.python.training import checkpoint_utils, py_checkpoint_reader
from tensorflow.python.training.checkpoint_utils import list_variables

saver = tf.train.Saver()
pywrap_tensorflow.NewCheckpointReader("m")
NewCheckpointReader("m")
py_checkpoint_reader.NewCheckpointReader("m")
tf.train.NewCheckpointReader(*args)
checkpoint_utils.load_variable("m", "w")
list_variables("m")
cu.list_variables("m")
cv.get_variables_to_restore(["w"])
framework.load_checkpoint("m").get_tensor("w")
tf.contrib.framework.load_variable("m", "w")
tf.contrib.framework.get_variables_to_restore()
init_from_checkpoint("m", {"/": "/"})
load_variable(
    "m",  # the prefix
    "w",
)
with arg_scope([f]):
    fn = restorer("m", slim.get_variables_to_restore(exclude=["logits"]))
slim.assign_from_checkpoint_fn("m", [], ignore_missing_vars=True)
make = slim.assign_from_checkpoint
make("m", [])
readers = {"a": tf.train.NewCheckpointReader}
reader = tf.train.NewCheckpointReader
reader("m")
tf.train.warm_start("m")
tf.train.load_checkpoint("m")
tf.train.load_variable("m", "w")  # migrator: keep[TFM206] a reason


def restore(r: tf.train.NewCheckpointReader):
    return lambda: tf.train.init_from_checkpoint("m", {"a": r})
