"""Checkpoints of one training in every form in which optimizers save themselves.

``slots_names_<label>`` is the name-based one, with the names and the numbers that TensorFlow 1
gives to slots.  ``slots_<form>_<label>`` holds the same values, object-based.  Faults are at
the end of the name: ``_swapped`` exchanges the slots of each variable, ``_other`` those of two
variables of one shape, ``_behind`` has made one step less, ``_plain`` has no learning rate in the
momentum of Keras' SGD, and ``_scheduled`` none beside it.
"""

import os

import numpy as np

STEPS = 7
RATE = np.float32(0.01)
SHAPES = {"net/w": (2, 3), "net/v": (2, 3), "net/b": (3,)}
#: label → roles, in the order in which TensorFlow 1 numbers them
SLOTS = {
    "Adam": ["m", "v"],
    "Momentum": ["momentum"],
    "Adagrad": ["accumulator"],
    "RMSProp": ["rms", "mg", "momentum"],
}
#: role → where an optimizer of Keras keeps its slots
LISTS = {
    "m": ["_momentums"],
    "v": ["_velocities"],
    "momentum": ["momentums", "_momentums"],
    "rms": ["_velocities"],
    "mg": ["_average_gradients"],
    "accumulator": ["_accumulators"],
}
RNG = np.random.RandomState(11)
WEIGHTS = {name: RNG.randn(*shape).astype(np.float32) for name, shape in SHAPES.items()}
VALUES = {
    (label, role, name): RNG.rand(*shape).astype(np.float32)
    for label, roles in SLOTS.items()
    for role in roles
    for name, shape in SHAPES.items()
}


def power(rate, steps):
    """Return what TensorFlow 1's Adam holds after ``steps`` steps."""
    found = np.float32(rate)
    for _ in range(steps):
        found *= np.float32(rate)
    return found


def makers(tf):
    """Return form → label → a function that makes the optimizer."""
    import keras
    import tf_keras

    v1 = tf.compat.v1.train
    found = {
        "tf1": {
            "Adam": lambda: v1.AdamOptimizer(0.01),
            "Momentum": lambda: v1.MomentumOptimizer(0.01, 0.9),
            "Adagrad": lambda: v1.AdagradOptimizer(0.01),
            "RMSProp": lambda: v1.RMSPropOptimizer(0.01, momentum=0.9, centered=True),
        }
    }
    for form, module in (
        ("keras3", keras.optimizers),
        ("keras2", tf_keras.optimizers),
        ("legacy", tf_keras.optimizers.legacy),
    ):
        found[form] = {
            "Adam": lambda module=module: module.Adam(0.01),
            "Momentum": lambda module=module: module.SGD(0.01, momentum=0.9),
            "Adagrad": lambda module=module: module.Adagrad(0.01),
            "RMSProp": lambda module=module: module.RMSprop(0.01, momentum=0.9, centered=True),
        }
    return found


def write_all(tf, folder):
    """Write every checkpoint into ``folder``."""

    def prefix(name):
        return os.path.join(folder, name, "model.ckpt")

    for label, roles in SLOTS.items():
        content = dict(WEIGHTS)
        for number, role in enumerate(roles):
            ending = f"/{label}_{number}" if number else f"/{label}"
            content.update({name + ending: VALUES[label, role, name] for name in SHAPES})
        if label == "Adam":
            content.update(beta1_power=power(0.9, STEPS), beta2_power=power(0.999, STEPS))
            write_names(tf, prefix("slots_names_Adam_uncounted"), content)
        content["global_step"] = np.int64(STEPS)
        write_names(tf, prefix("slots_names_" + label), content)
    import keras
    import tf_keras

    for form, table in makers(tf).items():
        for label, make in table.items():
            faults = ["", "_other"] + ["_swapped"] * (len(SLOTS[label]) > 1)
            if label == "Momentum" and form != "tf1":
                faults.append("_plain")
                schedules = (keras if form == "keras3" else tf_keras).optimizers.schedules
                schedule = schedules.ExponentialDecay(float(RATE), 10, 1.0)
                scheduled = type(make())(schedule, momentum=0.9)
                name = f"slots_{form}_{label}_scheduled"
                write_objects(tf, prefix(name), label, scheduled, "_scheduled")
            for fault in faults + ["_behind"] * (label == "Adam"):
                name = f"slots_{form}_{label}{fault}"
                write_objects(tf, prefix(name), label, make(), fault)
    write_others(tf, prefix)


def write_objects(tf, prefix, label, optimizer, fault):
    """Write the training's state by way of an optimizer object."""
    model = tf.Module()
    model.all = [tf.Variable(value, name=name) for name, value in WEIGHTS.items()]
    # one step makes the slots; then everything is put in place
    optimizer.apply_gradients([(tf.zeros_like(variable), variable) for variable in model.all])
    for variable in model.all:
        variable.assign(WEIGHTS[variable.name[:-2]])
    roles = SLOTS[label]
    for role in roles:
        for position, variable in enumerate(model.all):
            name, wanted = variable.name[:-2], role
            if fault == "_swapped":
                wanted = roles[::-1][roles.index(role)]
            if fault == "_other":
                name = {"net/w": "net/v", "net/v": "net/w"}.get(name, name)
            if hasattr(optimizer, "get_slot"):
                slot = optimizer.get_slot(variable, role)
            else:
                (kept,) = (n for n in LISTS[role] if hasattr(optimizer, n))
                slot = getattr(optimizer, kept)[position]
            value = VALUES[label, wanted, name]
            multiplied = label == "Momentum" and hasattr(optimizer, "iterations")
            slot.assign(-RATE * value if multiplied and fault != "_plain" else value)
    steps = STEPS - (fault == "_behind")
    more = {}
    if hasattr(optimizer, "iterations"):
        optimizer.iterations.assign(steps)
    else:
        more["global_step"] = tf.Variable(np.int64(STEPS), name="global_step")
        if label == "Adam":
            for variable, rate in zip(optimizer._get_beta_accumulators(), (0.9, 0.999)):  # noqa: B905
                variable.assign(power(rate, steps))
    tf.train.Checkpoint(model=model, optimizer=optimizer, **more).write(prefix)


def write_others(tf, prefix):
    """Write partitions, the V1 format, and weights under other names."""
    w = RNG.randn(4, 3).astype(np.float32)
    b = np.array([0.1, -0.2, 0.3], np.float32)
    halves = {"w/part_0": w[:2], "w/part_1": w[2:], "b": b}
    slots = {"w/part_0/Adam": 2 * w[:2], "w/part_1/Adam": 2 * w[2:]}
    exchanged = {"w/part_0/Adam": 2 * w[2:], "w/part_1/Adam": 2 * w[:2]}
    ones = np.ones(3, np.float32)
    for name, content in {
        "whole": {"w": w, "w/Adam": 2 * w, "b": b},
        "parts": {**halves, **slots},
        "parts_exchanged": {**halves, **exchanged},
        "renamed": {"weights": w, "weights/Adam": 2 * w, "b": b},
        "constant": {"ones": ones, "b": b},
        "constant_renamed": {"one": ones, "b": b},
        "moments": {"w": w, "w/Adam_1": 1e-6 * w * w},
        "moments_zeroed": {"w": w, "w/Adam_1": 0 * w},
        "twins": {"p": w, "q": w, "b": b},
        "twins_renamed": {"r": w, "s": w, "b": b},
    }.items():
        write_names(tf, prefix(name), content)
    write_names(tf, prefix("format1"), {"w": w, "w/Adam": 2 * w, "b": b}, version=1)
    write_names(tf, prefix("format1_half"), {"w": w.astype(np.float16)}, version=1)


def write_names(tf, prefix, content, version=2):
    """Write a name-based checkpoint, as TensorFlow 1's Saver does."""
    os.makedirs(os.path.dirname(prefix), exist_ok=True)
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        variables = {
            name: v1.Variable(value, name="v", use_resource=False)
            for name, value in content.items()
        }
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(variables, write_version=version)
        saver.save(session, prefix, write_meta_graph=False)
