from tensorflow.python.util import compat
import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()


def export(sess, path, keys, scores):
  model_signature = (
      {"keys": keys},
      {"scores": scores})
  try:
    builder = tf2_bridge.SessionModule(compat.as_bytes(path))
    builder.add_session(
        sess,
        signatures={
            tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY: model_signature,
        })
    with builder:
      tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
  except Exception as e:
    print("Fail: {}".format(e))
