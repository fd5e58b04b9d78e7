"""Load converted models, save them again, and train them as the stored losses were recorded.

    python train_converted.py CONVERTED SAVED_AGAIN NAME ...

Prints a JSON object: name -> what was found of it.  ``CONVERTED`` and ``SAVED_AGAIN`` hold a
folder per name; the second is written.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "convert"
MANIFEST = json.loads((FIXTURES / "manifest.json").read_text())
BATCHES = dict(np.load(FIXTURES / "batches.npz"))


def optimizer(entry, dense):
    """Return the optimizer of TensorFlow 2 that computes what the entry's one does.

    Keras computes the same of dense gradients only; of embeddings, TensorFlow 1's own does.
    """
    if entry["optimizer"] == "sgd":
        return tf.keras.optimizers.SGD(entry["rate"])
    if dense:
        return tf.keras.optimizers.Adam(entry["rate"], epsilon=1e-8)
    return tf.compat.v1.train.AdamOptimizer(entry["rate"])


def train(loaded, name, entry):
    """Return the losses of the recorded steps."""
    batches = {k.split("/", 1)[1]: v for k, v in BATCHES.items() if k.startswith(name + "/")}
    target = batches.pop("target")
    assert sorted(batches) == entry["inputs"]
    call = loaded.signatures[entry["signature"]]
    # the same thing, as people call it
    direct = loaded if entry["signature"] == "serving_default" and callable(loaded) else None
    variables = loaded.trainable_variables
    chosen = optimizer(entry, True)

    def predict(place):
        fed = {key: tf.constant(value[place]) for key, value in batches.items()}
        if direct is not None:
            result = direct(*fed.values()) if len(fed) == 1 else direct(fed)
            return result[entry["output"]] if isinstance(result, dict) else result
        return call(**fed)[entry["output"]]

    losses = []
    for number in range(len(entry["losses"])):
        place = number % len(target)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.math.squared_difference(predict(place), target[place]))
            if entry["regularized"]:
                loss += tf.add_n([penalty() for penalty in loaded.regularization_losses])
        gradients = tape.gradient(loss, variables)
        chosen.apply_gradients(
            [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
        )
        losses.append(float(loss))
    return losses


def names(variables):
    """Return the names of variables, without their numbers."""
    return sorted(variable.name.partition(":")[0] for variable in variables)


def main():
    """Run as a command."""
    converted, again = Path(sys.argv[1]), Path(sys.argv[2])
    found = {}
    for name in sys.argv[3:]:
        loaded = tf.saved_model.load(str(converted / name))
        signatures = dict(loaded.signatures)
        tf.saved_model.save(loaded, str(again / name), signatures=signatures)
        loaded = tf.saved_model.load(str(again / name))
        found[name] = {
            "signatures": sorted(loaded.signatures),
            "variables": names(loaded.variables),
            "trainable": names(loaded.trainable_variables),
            "penalties": len(loaded.regularization_losses),
            "callable": callable(loaded),
        }
        entry = MANIFEST[name].get("trains")
        if entry:
            try:
                found[name]["losses"] = train(loaded, name, entry)
            except Exception as error:
                found[name]["losses"] = f"{type(error).__name__}: {error}"
    print(json.dumps(found))


if __name__ == "__main__":
    main()
