"""Load in TensorFlow 2 what the bridge exported of modules of TF1 Hub."""

import json
import os
import sys

import numpy as np
import tensorflow as tf

OUT = sys.argv[1]
X = np.arange(8.0).reshape(2, 4).astype(np.float32)


def told(name):
    """Return a module, and what it says of itself."""
    module = tf.saved_model.load(os.path.join(OUT, name))
    return module, {
        "variables": sorted(one.name for one in module.variables),
        "trainable": sorted(one.name for one in module.trainable_variables),
        "losses": [float(loss()) for loss in module.regularization_losses],
        "signatures": sorted(module.signatures),
    }


found = {}
module, found["features"] = told("features")
found["features"]["call"] = module(X).numpy().tolist()
found["features"]["training"] = module(X, training=True).numpy().tolist()
both = module.signatures["both"](images=X)
found["features"]["both"] = {name: value.numpy().tolist() for name, value in both.items()}
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(module(X, training=True))
found["features"]["gradients"] = [
    one is not None for one in tape.gradient(loss, list(module.trainable_variables))
]
module, found["again"] = told("features_again")
found["again"]["call"] = module(X).numpy().tolist()
module, found["text"] = told("text")
found["text"]["call"] = module(tf.constant(["dog", "nobody"])).numpy().tolist()
tf.saved_model.save(module, os.path.join(OUT, "resaved"), signatures=module.signatures)
found["resaved"] = (
    tf.saved_model.load(os.path.join(OUT, "resaved"))(tf.constant(["dog", "nobody"]))
    .numpy()
    .tolist()
)
found["partitioned"] = tf.saved_model.load(os.path.join(OUT, "partitioned"))(X).numpy().tolist()
with open(os.path.join(OUT, "loaded.json"), "w") as stream:
    json.dump(found, stream)
