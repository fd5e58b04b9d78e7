from tensorflow import contrib
from tensorflow.contrib import slim
import tensorflow as tf
tf.train.Saver()
