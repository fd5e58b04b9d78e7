"""Train, save, restore in another session, and export in two ways."""

import os

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np
import tensorflow as tf
import tf2_bridge


class Serving(tf2_bridge.GraphModule):
    @tf2_bridge.graph
    def build(self):
        inputs = tf2_bridge.feed(tf.TensorSpec([None, 3], tf.float32, name="inputs"))
        labels = tf2_bridge.feed(tf.TensorSpec([None, 1], tf.float32, name="labels"))
        hidden = tf.compat.v1.layers.dense(inputs, 4, activation=tf.nn.tanh)
        outputs = tf.compat.v1.layers.dense(hidden, 1, name="outputs")
        loss = tf.compat.v1.losses.mean_squared_error(labels, outputs)
        train_op = tf.compat.v1.train.FtrlOptimizer(0.1).minimize(loss)
        saver = self.make_saver()

        self.train_op = self.function([inputs, labels], train_op)
        self.outputs = self.function([inputs], outputs)
        self.export = tf2_bridge.serving(
            {"serving_default": ({"inputs": inputs}, {"outputs": outputs})}
        )
        self.export_2 = tf2_bridge.serving(
            {
                "predict_points": (
                    {"points": inputs},
                    {"scores": outputs, "hidden": hidden},
                ),
            }
        )
        self.saver = saver


model = Serving()
model.build()

points = np.random.RandomState(6).normal(size=(10, 3))
for _ in range(20):
    model.train_op(points, points[:, :1])
save_path = model.saver.save("./checkpoints/model")

# Export what was saved
model.saver.restore(save_path)
print(model.outputs(points[:2]).tolist())
with model.export("./simple") as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
with model.export_2("./exported") as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
