import tensorflow.compat.v1 as tf
from tensorflow.python.saved_model import loader

tf.disable_v2_behavior()

with tf.Session(graph=tf.Graph()) as sess:
    meta = loader.load(sess, [tf.saved_model.SERVING], "m")
    signature = meta.signature_def[tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY]
    sess.run(signature.outputs["y"].name)
    tf.saved_model.loader.load(sess, ["serve"], "m")
    tf.saved_model.load(sess, ["serve"], "m")
    if tf.saved_model.loader.maybe_saved_model_directory("m"):
        tf.saved_model.contains_saved_model("m")
