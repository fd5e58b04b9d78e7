from tensorflow.python.training import saver as tf_saver
from tensorflow.python.client import session

s = tf_saver.Saver()
