"""Convert the models of ``tf1_models.py``, run and train what was made, and say what came of it.

    python convert_models.py FOLDER

Prints, as JSON, per model what was made, the largest difference of every output to TensorFlow
1.15's in both loaders and after another save, and the losses of 20 steps.
"""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import tensorflow as tf

from migrator.convert.making import make
from migrator.worker.views import matching

FOLDER = sys.argv[1]
RATE = 0.1
EXPECTED = {
    key.replace("%", "/"): value
    for key, value in np.load(os.path.join(FOLDER, "expected.npz")).items()
}
KINDS = {
    "frozen": ("graphdef", "graph.pb"),
    "frozen_text": ("graphdef", "graph.pbtxt"),
    "meta_graph": ("metagraph", "model"),
}


def entries(name, kind):
    """Return what is expected of a model: key -> name -> array."""
    found = {}
    for entry, value in EXPECTED.items():
        if entry.startswith(f"{name}|{kind}|"):
            key, one = entry.split("|")[2:]
            found.setdefault(key, {})[one] = value
    return found


def difference(found, wanted):
    """Return how far two arrays are apart; 1.0 where other things than numbers differ."""
    found = np.asarray(found)
    if found.dtype.kind in "OSU":
        return float(not np.array_equal(found.astype(bytes), wanted.astype(bytes)))
    assert found.shape == wanted.shape
    return float(np.abs(found.astype(complex) - wanted.astype(complex)).max())


def by_functions(name, loaded):
    """Return the differences of signatures that are functions."""
    given, result = entries(name, "inputs"), {}
    for key, wanted in entries(name, "outputs").items():
        function = loaded.signatures[key]
        specs = function.structured_input_signature[1]
        values = {matching(one, specs): value for one, value in given.get(key, {}).items()}
        found = function(**{one: tf.constant(value) for one, value in values.items()})
        assert set(found) == set(wanted)
        result[key] = max(difference(found[one].numpy(), wanted[one]) for one in wanted)
    return result


def by_session(name, path):
    """Return the differences of signatures that the v1 loader runs."""
    given, result = entries(name, "inputs"), {}
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], path)
        for key, wanted in entries(name, "outputs").items():
            signature = meta.signature_def[key]
            feeds = {signature.inputs[n].name: value for n, value in given.get(key, {}).items()}
            found = session.run({n: i.name for n, i in signature.outputs.items()}, feeds)
            result[key] = max(difference(found[one], wanted[one]) for one in wanted)
    return result


def losses(name, loaded):
    """Return what 20 steps of gradient descent lose."""
    fed, target = EXPECTED[f"{name}|fed"], EXPECTED[f"{name}|target"]
    found = []
    for _ in range(20):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(loaded(tf.constant(fed)) - target))
        variables = list(loaded.trainable_variables)
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(RATE * tf.convert_to_tensor(gradient))
        found.append(float(loss))
    return found


def refusal(name, loaded):
    """Return what is said when a signature of a v1 loop is trained, and of one beside it."""
    fed = tf.constant(EXPECTED[f"{name}|fed"])
    try:
        with tf.GradientTape():
            loaded.signatures["serving_default"](x=fed)
    except LookupError as error:
        said = str(error)
    else:
        said = ""
    with tf.GradientTape() as tape:
        beside = tf.reduce_sum(loaded.signatures["beside"](x=fed)["y"])
    gradients = tape.gradient(beside, loaded.trainable_variables)
    return said, [one is not None for one in gradients]


def converted(name):
    """Return what came of one model."""
    kind, file = KINDS.get(name, ("savedmodel", ""))
    path, target = os.path.join(FOLDER, name, file), os.path.join(FOLDER, "made", name)
    made = make({"kind": kind, "path": path.rstrip("/"), "target": target})
    loaded = tf.saved_model.load(target)
    made["functions"] = by_functions(name, loaded)
    made["session"] = by_session(name, target)
    made["penalties"] = [float(one()) for one in loaded.regularization_losses]
    made["kernels"] = [
        float(tf.nn.l2_loss(one)) for one in loaded.variables if one.name.endswith("/kernel:0")
    ]
    if name == "loop":
        made["refusal"] = refusal(name, loaded)
    elif f"{name}|losses" in EXPECTED:
        made["losses"] = losses(name, loaded)
        made["recorded"] = EXPECTED[f"{name}|losses"].tolist()
        loaded = tf.saved_model.load(target)
    again = os.path.join(FOLDER, "again", name)
    tf.saved_model.save(loaded, again, signatures=loaded.signatures)
    once_more = tf.saved_model.load(again)
    made["again"] = by_functions(name, once_more)
    made["kept"] = sorted(one.name.removesuffix(":0") for one in once_more.variables)
    return made


if __name__ == "__main__":
    tf.get_logger().setLevel("ERROR")
    names = sorted({entry.partition("|")[0] for entry in EXPECTED})
    print(json.dumps({name: converted(name) for name in names}))
