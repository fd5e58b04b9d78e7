import sys

import numpy as np
import tensorflow as tf

# the network of the training script, without its optimizer
n_input = 5


class Restore(tf.Module):
    def __init__(self):
        super().__init__()
        self.h1 = tf.Variable(tf.zeros([n_input, 8]), name="Variable")
        self.out = tf.Variable(tf.zeros([8, 1]), name="Variable_1")
        self.b1 = tf.Variable(tf.zeros([8]), name="Variable_2")
        self.b_out = tf.Variable(tf.zeros([1]), name="Variable_3")

    @tf.function(input_signature=[tf.TensorSpec([None, n_input], tf.float32)])
    def pred(self, x):
        hidden = tf.nn.relu(tf.matmul(x, self.h1) + self.b1)
        pred = tf.matmul(hidden, self.out) + self.b_out
        return pred


model = Restore()
checkpoint = tf.train.Checkpoint(variables={v.name[:-2]: v for v in model.variables})
for path in sys.argv[1:]:
    checkpoint.read(path).assert_existing_objects_matched()
    print(model.pred(np.ones((2, n_input))).numpy().tolist())
    print(tf.reduce_sum(model.h1).numpy())
