import tensorflow as tf
# from tensorflow.python
from tensorflow.python.saved_model import tag_constants  # tags
from tensorflow.python.saved_model import (
    signature_constants,  # keys
    utils,
)

def export(sess, path, x, y):
    builder = tf.saved_model.builder.SavedModelBuilder(path)  # make
    # the signature
    signature = tf.saved_model.signature_def_utils.build_signature_def(
        inputs={"x": utils.build_tensor_info(x)},  # in
        outputs={"y": utils.build_tensor_info(
            y)},
        # predict
        method_name=signature_constants.PREDICT_METHOD_NAME)
    builder.add_meta_graph_and_variables(
        sess,  # the session
        [tag_constants.SERVING],  # the tag
        signature_def_map={  # the map
            "serving_default": signature,  # only one
        },
        clear_devices=True,  # no devices
        # the end
    )  # added
    # now save
    builder.save()  # saved
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
