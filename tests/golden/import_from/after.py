from tensorflow.compat.v1 import Session as S
from tensorflow.compat.v1 import (
    saved_model,
    keras as k,  # keras
)
import tensorflow.compat.v1.keras.backend as K
from tensorflow.compat.v1.keras.layers import Dense
import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()

tf2_bridge.Saver()
