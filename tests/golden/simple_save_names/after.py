import tensorflow.compat.v1 as tf
from tensorflow.compat.v1 import saved_model as sm
import tf2_bridge

tf.disable_v2_behavior()

module = 3


async def export(sess):
	with tf2_bridge.session_module(sess, "d", {"x": x}, {"y": y}) as module_2:
		tf.saved_model.save(module_2, module_2.export_dir, signatures=module_2.signatures)
	sm.simple_save(sess, "d", {"x": x}, {"y": y}); print("x")
