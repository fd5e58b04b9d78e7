import tensorflow as tf
from tensorflow.python.saved_model import loader, tag_constants
from tensorflow.python.saved_model import signature_constants

with tf.Session(graph=tf.Graph()) as sess:
    meta = loader.load(sess, [tag_constants.SERVING], "m")
    signature = meta.signature_def[signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
    sess.run(signature.outputs["y"].name)
    tf.saved_model.loader.load(sess, ["serve"], "m")
    tf.saved_model.load(sess, ["serve"], "m")
    if tf.saved_model.loader.maybe_saved_model_directory("m"):
        tf.saved_model.contains_saved_model("m")
