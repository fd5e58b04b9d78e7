import sys
if sys.version_info[0] == 3:
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()
else:
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()
tf2_bridge.Saver()
