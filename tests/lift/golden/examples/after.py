"""A model that is exported for requests of serialized examples."""

import numpy as np
import tensorflow as tf

SIGNATURE = "predict_images"
EXPORT_DIR = "exported"

# what an example holds
feature_configs = {
    "x": tf.io.FixedLenFeature(shape=[4], dtype=tf.float32),
    "weight": tf.io.FixedLenFeature([], tf.float32, default_value=1.0),
}


def scores_of(inputs):
    return tf.nn.softmax(tf.matmul(inputs, model.w) + model.b)


class Examples(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.random.normal([4, 3]), name="w")
        self.b = tf.Variable(tf.zeros([3]), name="b")

    def y(self, serialized):
        tf_example = tf.io.parse_example(serialized, feature_configs)
        x = tf.identity(tf_example["x"], name="x")
        y = scores_of(x)
        return tf_example, y

    # the default signature classifies
    @tf.function(input_signature=[tf.TensorSpec(None, tf.string)])
    def predict(self, inputs):
        _, y = self.y(inputs)
        values, indices = tf.nn.top_k(y, 3)
        classes = tf.as_string(indices)
        return {"classes": classes, "scores": values}

    @tf.function(input_signature=[tf.TensorSpec(None, tf.string)])
    def weights(self, inputs):
        tf_example, y = self.y(inputs)
        weighted = tf.reduce_sum(y, axis=1) * tf_example["weight"]
        return {"outputs": weighted}

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def predict_images(self, images):
        scores = scores_of(images)
        return {"scores": scores}


model = Examples()


@tf.function(input_signature=[tf.TensorSpec(None, tf.string)])
def values(serialized):
    _, y = model.y(serialized)
    values, _ = tf.nn.top_k(y, 3)
    return values


@tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
def scores(images):
    scores = scores_of(images)
    return scores


def example(row):
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=row))
    return tf.train.Example(
        features=tf.train.Features(feature={"x": feature})
    ).SerializeToString()


rows = np.random.RandomState(2).normal(size=(3, 4))
print(values([example(row) for row in rows]).numpy())
print(scores(rows).numpy())

if tf.io.gfile.exists(EXPORT_DIR) and tf.io.gfile.listdir(EXPORT_DIR):
    raise AssertionError(f"{EXPORT_DIR} holds an export already")
tf.saved_model.save(
    model,
    EXPORT_DIR,
    signatures={
        "predict_images": model.predict_images,
        "weights": model.weights,
        "serving_default": model.predict,
    },
)
updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(EXPORT_DIR)
updater.replace_method_name("weights", "tensorflow/serving/regress", tags=["serve"])
updater.replace_method_name("serving_default", "tensorflow/serving/classify", tags=["serve"])
updater.save()
