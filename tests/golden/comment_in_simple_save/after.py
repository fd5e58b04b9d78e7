import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

with tf2_bridge.session_module(  # go
    sess,
    # where
    "d",
    inputs={"x": x}, outputs={"y": y}
    # end
) as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
# next
x = (  # a
    tf.saved_model.SERVING  # b
)
