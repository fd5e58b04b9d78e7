import tensorflow.compat.v1 as tf
# from tensorflow.python
# tags
from tensorflow.python.saved_model import (
    signature_constants,  # keys
    utils,
)
import tf2_bridge

tf.disable_v2_behavior()

def export(sess, path, x, y):
    builder = tf2_bridge.SessionModule(path)  # make
    # the signature
    signature = tf.saved_model.signature_def_utils.build_signature_def(
        inputs={"x": utils.build_tensor_info(x)},  # in
        outputs={"y": utils.build_tensor_info(
            y)},
        # predict
        method_name=tf.saved_model.PREDICT_METHOD_NAME)
    builder.add_session(
        sess,  # the session
        tags=[tf.saved_model.SERVING],  # the tag
        signatures={  # the map
            "serving_default": signature,  # only one
        },  # no devices
        # the end
    )  # added
    # now save
    with builder:  # saved
        tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
    (tf.train  # chain
       .Saver())
    builder2 = (tf.saved_model  # b
       .builder.SavedModelBuilder("x"))
    builder2.add_meta_graph_and_variables(sess, [
        "serve"  # inside the tag
        ], m)
    builder2.save(
       # nothing
    )
    print([tf.saved_model
     # inside
     .tag_constants.SERVING])
