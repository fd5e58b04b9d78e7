import tensorflow as tf
import tf2_bridge

saver = tf2_bridge.Saver()
print(tf.saved_model.SERVING)
