"""TensorFlow 2: convert checkpoints, restore each layout, and train on.

    python checkpoint_scenarios.py FOLDER OUT

FOLDER is what ``checkpoints_tf1.py`` writes. OUT gets the converted checkpoints, those converted
back in OUT/back, and results.json: label -> the losses, or what was refused.
"""

import json
import os
import sys

os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from migrator.convert.making import CannotCarry
from migrator.convert.making.checkpoints import make
from migrator.worker.common import BadInput

V1 = tf.compat.v1.train
SHRUNK = {
    "l1_regularization_strength": 0.01,
    "l2_regularization_strength": 0.02,
    "l2_shrinkage_regularization_strength": 0.03,
}
NATIVE = {
    "adam": lambda: V1.AdamOptimizer(0.01),
    "parts": lambda: V1.AdamOptimizer(0.01, beta1=0.8, beta2=0.99),
    "named": lambda: V1.AdamOptimizer(0.01, name="Own"),
    "momentum": lambda: V1.MomentumOptimizer(0.05, 0.9),
    "nesterov": lambda: V1.MomentumOptimizer(0.05, 0.9, use_nesterov=True),
    "adagrad": lambda: V1.AdagradOptimizer(0.1),
    "rmsprop": lambda: V1.RMSPropOptimizer(0.01),
    "centered": lambda: V1.RMSPropOptimizer(0.01, momentum=0.9, centered=True),
    "heavy": lambda: V1.RMSPropOptimizer(0.01, momentum=0.9),
    "ftrl": lambda: V1.FtrlOptimizer(0.1),
    "shrunk": lambda: V1.FtrlOptimizer(0.1, **SHRUNK),
    "adadelta": lambda: V1.AdadeltaOptimizer(5.0, rho=0.9, epsilon=1e-4),
}
#: With another learning rate than TensorFlow 1 had, so that the checkpoint's shows.
KERAS = {
    "adam": lambda k: k.Adam(0.5, epsilon=1e-8),
    "parts": lambda k: k.Adam(0.5, beta_1=0.8, beta_2=0.99, epsilon=1e-8),
    "named": lambda k: k.Adam(0.5, epsilon=1e-8),
    "momentum": lambda k: k.SGD(0.5, momentum=0.9),
    "nesterov": lambda k: k.SGD(0.5, momentum=0.9, nesterov=True),
    "adagrad": lambda k: k.Adagrad(0.5, initial_accumulator_value=0.1, epsilon=0.0),
    "rmsprop": lambda k: k.RMSprop(0.5, rho=0.9, epsilon=1e-10),
    "centered": lambda k: k.RMSprop(0.5, rho=0.9, momentum=0.9, centered=True, epsilon=1e-10),
    "heavy": lambda k: k.RMSprop(0.5, rho=0.9, momentum=0.9, epsilon=1e-10),
    "ftrl": lambda k: k.Ftrl(0.5),
    "shrunk": lambda k: k.Ftrl(0.5, **SHRUNK),
    "adadelta": lambda k: k.Adadelta(0.5, rho=0.9, epsilon=1e-4),
}
RATES = {
    "adagrad": 0.1,
    "momentum": 0.05,
    "nesterov": 0.05,
    "ftrl": 0.1,
    "shrunk": 0.1,
    "adadelta": 5.0,
}


class Net(tf.Module):
    """The model as it is migrated; its attributes have other names than its variables."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y
        self.a_first = tf.Variable(tf.zeros([5, 2]), name="net/first/w")
        self.b_bias = tf.Variable(tf.zeros([5]), name="net/second/b")
        self.second = tf.Variable(tf.zeros([4, 5]), name="net/second/w")
        self.step = tf.Variable(0, dtype=tf.int64, name="global_step", trainable=False)

    def loss(self):
        """Return the loss over all of the data."""
        hidden = tf.tanh(tf.matmul(self.x, self.second) + self.b_bias)
        return tf.reduce_mean(tf.square(tf.matmul(hidden, self.a_first) - self.y))

    def by_name(self):
        """Return the variables by TensorFlow 1's names."""
        return {v.name[:-2]: v for v in self.variables}

    def in_order(self):
        """Return what is trained in TensorFlow 1's order."""
        return [self.second, self.b_bias, self.a_first]


def curve(net, optimizer, trained):
    """Return the losses before each of 20 steps, and after the last one."""
    assert int(net.step) == 37

    @tf.function
    def train():
        with tf.GradientTape() as tape:
            loss = net.loss()
        gradients = tape.gradient(loss, trained)
        optimizer.apply_gradients(list(zip(gradients, trained, strict=True)))
        return loss

    return [float(train()) for _ in range(20)] + [float(net.loss())]


def converted(path, target, to, **given):
    """Convert a checkpoint."""
    request = {"optimizer": None, "like": None, "order": None, "settings": {}, **given}
    return make({**request, "path": path, "target": target, "to": to})


def by_names(folder, out, name, data):
    """The layout that migrated programs read, with a TensorFlow 1 optimizer; and back."""
    new = f"{out}/{name}-names"
    converted(f"{folder}/{name}/model-37", new, "object-based")
    net, optimizer = Net(*data), NATIVE[name]()
    # as a lifted program does: an update by nothing makes the slots
    optimizer.apply_gradients([(tf.zeros_like(v), v) for v in net.in_order()])
    status = tf.train.Checkpoint(variables=net.by_name(), optimizer=optimizer).read(new)
    status.assert_existing_objects_matched()
    converted(new, f"{out}/back/{name}-names", "name-based")
    return curve(net, optimizer, net.in_order())


def keras_slots(folder, out, name, data, package):
    """The slots as an optimizer of Keras has them, built in TensorFlow 1's order; and back."""
    new = f"{out}/{name}-{package}"
    converted(f"{folder}/{name}/model-37", new, "object-based", optimizer=package)
    net, optimizer = Net(*data), KERAS[name](PACKAGES[package])
    optimizer.build(net.in_order())
    status = tf.train.Checkpoint(variables=net.by_name(), optimizer=optimizer).read(new)
    status.assert_existing_objects_matched()
    if name != "named":
        converted(new, f"{out}/back/{name}-{package}", "name-based", settings=BACK.get(name, {}))
    return curve(net, optimizer, net.in_order())


def like_another(folder, out, name, data, package):
    """The layout of ``Checkpoint(model=..., optimizer=...)``; its optimizer has another order."""
    new, template = f"{out}/{name}-like-{package}", f"{out}/{name}-template-{package}"
    net, optimizer = Net(*data), KERAS[name](PACKAGES[package])
    optimizer.build(net.trainable_variables)
    checkpoint = tf.train.Checkpoint(model=net, optimizer=optimizer)
    checkpoint.write(template)
    settings = {"learning_rate": RATES.get(name, 0.01)}
    path = f"{folder}/{name}/model-37"
    converted(path, new, "object-based", like=template, settings=settings)
    checkpoint.read(new).assert_existing_objects_matched().assert_consumed()
    if name != "named":
        target = f"{out}/back/{name}-like-{package}"
        converted(new, target, "name-based", settings=BACK.get(name, {}))
    return curve(net, optimizer, list(net.trainable_variables))


PACKAGES = {"keras": keras.optimizers, "tf_keras": tf_keras.optimizers}
#: Optimizers of Keras keep no decay rates.
BACK = {"parts": {"beta_1": 0.8, "beta_2": 0.99}}


def momentum_alone(folder, out, data):
    """Without a meta graph, the rate at which it is trained on: it is another one, for 1.15 too."""
    order = ["net/second/w", "net/second/b", "net/first/w"]
    given = {"order": order, "settings": {"learning_rate": 0.02}}
    new = f"{out}/momentum-alone"
    converted(f"{out}/alone-momentum", new, "object-based", optimizer="keras", **given)
    net, optimizer = Net(*data), KERAS["momentum"](keras.optimizers)
    optimizer.build(net.in_order())
    status = tf.train.Checkpoint(variables=net.by_name(), optimizer=optimizer).read(new)
    status.assert_existing_objects_matched()
    found = curve(net, optimizer, net.in_order())
    net, optimizer = Net(*data), V1.MomentumOptimizer(0.02, 0.9)
    optimizer.apply_gradients([(tf.zeros_like(v), v) for v in net.in_order()])
    status = tf.train.Checkpoint(variables=net.by_name(), optimizer=optimizer)
    status.read(f"{out}/momentum-names").assert_existing_objects_matched()
    return np.subtract(found, curve(net, optimizer, net.in_order())).tolist()


def write_template(prefix, optimizer):
    """Write what a migrated program does, and its optimizer."""
    net = Net(np.zeros([1, 4], np.float32), np.zeros([1, 2], np.float32))
    optimizer.build(net.in_order())
    tf.train.Checkpoint(variables=net.by_name(), optimizer=optimizer).write(prefix)
    return prefix


def refusals_of_slots(folder, out):
    """Slots that would mean something else in the new layout."""
    k = keras.optimizers
    momentum, alone = f"{folder}/momentum/model-37", f"{out}/alone-momentum"
    scheduled = k.SGD(k.schedules.ExponentialDecay(0.1, 9, 0.5), momentum=0.9)
    scheduled = write_template(f"{out}/scheduled", scheduled)
    sgd = write_template(f"{out}/sgd", k.SGD(0.1, momentum=0.9))
    adagrad = write_template(f"{out}/adagrad", k.Adagrad(0.1))
    order = ["net/second/w", "net/second/b", "net/first/w"]
    rate = {"settings": {"learning_rate": 0.1}}
    objects = {"to": "object-based"}
    return {
        "no rate": (alone, {**objects, "optimizer": "keras", "order": order}),
        "a rate of 0": (
            momentum,
            {**objects, "optimizer": "keras", "settings": {"learning_rate": 0.0}},
        ),
        "like a schedule": (momentum, {**objects, "like": scheduled, **rate}),
        "RMSProp's like SGD": (f"{folder}/heavy/model-37", {**objects, "like": sgd}),
        "Adadelta's like Adagrad": (f"{folder}/adadelta/model-37", {**objects, "like": adagrad}),
        "Momentum's like Adagrad": (momentum, {**objects, "like": adagrad}),
        "back with another rate": (f"{out}/momentum-keras", {"to": "name-based", **rate}),
        "back from a schedule": (scheduled, {"to": "name-based", **rate}),
    }


def refusals(folder, out):
    """What is no conversion at all."""
    adam = f"{folder}/adam/model-37"
    alone = f"{out}/alone"
    reader = tf.train.load_checkpoint(adam)
    kept = {n: tf.Variable(reader.get_tensor(n)) for n in reader.get_variable_to_shape_map()}
    for end in ("index", "data-00000-of-00001"):
        tf.io.gfile.copy(f"{adam}.{end}", f"{alone}.{end}")
    lacking = dict(kept, extra=tf.Variable(1.0))
    tf.train.Checkpoint(variables=lacking).write(f"{out}/lacking")
    less = {name: v for name, v in kept.items() if name != "net/second/b"}
    tf.train.Checkpoint(variables=less).write(f"{out}/less")
    other = dict(kept, **{"net/second/b": tf.Variable([1.0])})
    tf.train.Checkpoint(variables=other).write(f"{out}/other")
    objects = f"{out}/adam-names"
    return {
        "no order": (alone, {"to": "object-based", "optimizer": "keras"}),
        "name-based already": (adam, {"to": "name-based"}),
        "object-based already": (objects, {"to": "object-based"}),
        "like a name-based one": (adam, {"to": "object-based", "like": adam}),
        "the template has more": (adam, {"to": "object-based", "like": f"{out}/lacking"}),
        "the template has less": (adam, {"to": "object-based", "like": f"{out}/less"}),
        "another shape": (adam, {"to": "object-based", "like": f"{out}/other"}),
        "no file": (f"{out}/nothing", {"to": "object-based"}),
        **refusals_of_slots(folder, out),
    }


def main(folder, out):
    """Run them all."""
    os.makedirs(f"{out}/back")
    arrays = np.load(f"{folder}/curves.npz")
    data = arrays["x"], arrays["y"]
    results = {}

    def run(label, function, *arguments):
        try:
            results[label] = function(*arguments)
        except (CannotCarry, BadInput) as error:
            results[label] = f"{type(error).__name__}: {error}"

    for name in NATIVE:
        run(f"{name}-names", by_names, folder, out, name, data)
        for package in PACKAGES:
            run(f"{name}-{package}", keras_slots, folder, out, name, data, package)
            run(f"{name}-like-{package}", like_another, folder, out, name, data, package)
    for end in ("index", "data-00000-of-00001"):
        tf.io.gfile.copy(f"{folder}/momentum/model-37.{end}", f"{out}/alone-momentum.{end}")
    run("momentum-alone", momentum_alone, folder, out, data)
    for label, (path, given) in refusals(folder, out).items():
        target = f"{out}/refused"
        try:
            converted(path, target, **given)
            results[f"refused: {label}"] = "it is not"
        except Exception as error:
            left = [entry for entry in os.listdir(out) if entry.startswith("refused")]
            results[f"refused: {label}"] = f"{type(error).__name__}: {error} {left or ''}"
    with open(f"{out}/results.json", "w") as stream:
        json.dump(results, stream, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
