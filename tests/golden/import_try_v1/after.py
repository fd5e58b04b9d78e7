try:
    import tensorflow.compat.v1 as tf
    import tf2_bridge
    tf.disable_v2_behavior()
except ImportError:
    import tensorflow as tf

tf2_bridge.Saver()
