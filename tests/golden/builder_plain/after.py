import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

builder = tf2_bridge.SessionModule(export_path)
tensor_info_x = x
tensor_info_y = y

prediction_signature = (
    {'images': tensor_info_x},
    {'scores': tensor_info_y})

legacy_init_op = tf.group(tf.tables_initializer(), name='legacy_init_op')
builder.add_session(
    sess,
    signatures={
        'predict_images':
            prediction_signature,
        tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY:
            prediction_signature,
    },
    init_op=legacy_init_op)

with builder:
    tf.saved_model.save(builder, builder.export_dir, signatures=builder.signatures)
