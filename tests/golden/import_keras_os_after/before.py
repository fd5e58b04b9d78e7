import numpy as np

import tensorflow as tf
import os

tf.train.Saver()
