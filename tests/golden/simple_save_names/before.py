import tensorflow as tf
from tensorflow.saved_model import simple_save
from tensorflow import saved_model as sm

module = 3


async def export(sess):
	simple_save(sess, "d", {"x": x}, {"y": y})
	sm.simple_save(sess, "d", {"x": x}, {"y": y}); print("x")
