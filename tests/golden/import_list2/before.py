import numpy as np, tensorflow as tf
from absl import flags
tf.train.Saver()
