"""Several signatures, made in the ways that people make them."""

import os
import shutil

import numpy as np
import tensorflow as tf

EXPORT_DIR = "exported"
VERSION = 3
SCORES = "scores"


class Signatures(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.normal([3, 2]), name="w")
        self.b = tf.Variable(tf.zeros([2]), name="b")

    def logits(self, x, factor):
        logits = tf.nn.tanh(tf.matmul(x, self.w) + self.b) * factor
        return logits

    # probabilities instead, and the weights
    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 3], tf.float32),
            tf.TensorSpec([], tf.float32),
            # nothing needs it
            tf.TensorSpec([None], tf.string),
        ]
    )
    def softmax(self, features, factor, hint):
        logits = self.logits(features, factor)
        return {"probabilities": tf.nn.softmax(logits), "weights": self.w.read_value()}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def predict(self, features):
        factor = tf.constant(1.0, tf.float32)
        logits = self.logits(features, factor)
        best = tf.argmax(logits, 1)
        return {"scores": logits, "best": best}


model = Signatures()


@tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
def logits(x):
    factor = tf.constant(1.0, tf.float32)
    logits = model.logits(x, factor)
    return logits


data = np.random.RandomState(0).normal(size=(4, 3))
path = os.path.join(EXPORT_DIR, str(VERSION))
if os.path.exists(path):
    shutil.rmtree(path)

print(logits(data).numpy())

# what goes in, and what comes out
tf.saved_model.save(
    model, path, signatures={"serving_default": model.predict, "softmax": model.softmax}
)
print("exported", path)
