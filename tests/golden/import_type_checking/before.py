from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import tensorflow as tf
from tensorflow.python.saved_model import tag_constants
from tensorflow.python.training import saver

def f(s: "tf.Session"):
    saver.Saver().save(s, tag_constants.SERVING)
