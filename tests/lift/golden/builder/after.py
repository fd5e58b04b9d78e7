import os
import shutil
import numpy as np
import tensorflow as tf


class Builder(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.ones([3, 2]), name="w")

    def y(self, x):
        y = tf.nn.softmax(tf.matmul(x, self.w))
        return y

    # what is asked for
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def predict_images(self, images):
        y = self.y(images)
        return {"scores": y}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
    def predict(self, x):
        y = self.y(x)
        values, indices = tf.nn.top_k(y, 2)
        return {"best": indices, "values": values}


model = Builder()


@tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32)])
def y(x):
    y = model.y(x)
    return y


if os.path.exists("out"):
    shutil.rmtree("out")

tf.saved_model.save(
    model,
    "out",
    signatures={
        "predict_images": model.predict_images,
        "serving_default": model.predict,
    },
)
print("done:", y(np.ones((1, 3))).numpy())
