import tensorflow.compat.v1 as tensorflow
import tf2_bridge

tensorflow.disable_v2_behavior()

tf2_bridge.Saver()
