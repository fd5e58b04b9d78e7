import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge


class Exporter(tf2_bridge.GraphModule):
    """Trains a little, and exports twice: simply, and with a builder."""

    def __init__(self, units):
        super().__init__()
        self.units = units
        self.build()

    @tf2_bridge.graph
    def build(self):
        self._add_inputs()
        self._add_network()

        self._fit = self.function(
            [self.inputs, self.labels], [self.train_op, self.loss]
        )
        self._predict = self.function([self.inputs], self.probability)
        self._export = tf2_bridge.serving(
            {
                "serving_default": (
                    {"x": self.inputs},
                    {"p": self.probability, "logits": self.logits},
                ),
            }
        )
        self._export_builder = tf2_bridge.serving(
            {"predict_images": ({"images": self.inputs}, {"scores": self.probability})}
        )

    def _add_inputs(self):
        self.inputs = tf2_bridge.feed(tf.TensorSpec([None, 2], tf.float32, name="inputs"))
        self.labels = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32, name="labels"))
        self.keep_prob = tf.compat.v1.placeholder_with_default(1.0, [], name="keep_prob")

    def _add_network(self):
        hidden = tf.compat.v1.layers.dense(self.inputs, self.units, tf.nn.relu,
                                           kernel_initializer=tf.compat.v1.constant_initializer(0.4))
        hidden = tf.nn.dropout(hidden, rate=1 - self.keep_prob)
        self.logits = tf.compat.v1.layers.dense(hidden, 1, kernel_initializer=tf.compat.v1.constant_initializer(-0.3))
        self.probability = tf.nn.sigmoid(self.logits)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=self.labels, logits=self.logits)
        self.loss = tf.reduce_mean(losses)
        self.train_op = tf.compat.v1.train.AdagradOptimizer(0.2).minimize(self.loss)

    def fit(self, x, y):
        # dropout stays off
        return self._fit(
            x,
            # one column
            y,
        )[1]

    def predict(self, x):
        return self._predict(x)

    def export(self, folder):
        # for TensorFlow Serving
        with self._export(folder) as module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)

    def export_builder(self, folder):
        with self._export_builder(folder) as module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
        print("Exported")


model = Exporter(3)
x = np.array([[0.0, 1.0], [1.0, 0.5], [0.2, 0.3]])
y = np.array([[1.0], [0.0], [1.0]])
for _ in range(3):
    print(model.fit(x, y))
print(model.predict(x))
model.export("simple")
model.export_builder("built")
