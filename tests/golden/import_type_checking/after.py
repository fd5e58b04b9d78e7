from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import tensorflow.compat.v1 as tf
import tensorflow.compat.v1 as tf1
import tf2_bridge

tf1.disable_v2_behavior()

def f(s: "tf.Session"):
    tf2_bridge.Saver().save(s, tf1.saved_model.SERVING)
