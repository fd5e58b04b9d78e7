"""TensorFlow 1.15: write the checkpoints that are converted, and restore what came back.

    python checkpoints_tf1.py write FOLDER          NAME/model-37.* for each, curves.npz
    python checkpoints_tf1.py restore FOLDER OUT    the curves from FOLDER/NAME-*.index, as JSON

Each model makes 37 steps, is saved, and its loss over the 20 steps that follow is kept. Runs under
Python 3.7. ``data/checkpoints`` is what the first line writes.
"""

import glob
import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

OPTIMIZERS = {
    "adam": lambda: tf.train.AdamOptimizer(0.01),
    "parts": lambda: tf.train.AdamOptimizer(0.01, beta1=0.8, beta2=0.99),
    "named": lambda: tf.train.AdamOptimizer(0.01, name="Own"),
    "momentum": lambda: tf.train.MomentumOptimizer(0.05, 0.9),
    "nesterov": lambda: tf.train.MomentumOptimizer(0.05, 0.9, use_nesterov=True),
    "adagrad": lambda: tf.train.AdagradOptimizer(0.1),
    "rmsprop": lambda: tf.train.RMSPropOptimizer(0.01),
    "centered": lambda: tf.train.RMSPropOptimizer(0.01, momentum=0.9, centered=True),
    "heavy": lambda: tf.train.RMSPropOptimizer(0.01, momentum=0.9),
    "ftrl": lambda: tf.train.FtrlOptimizer(0.1),
    "shrunk": lambda: tf.train.FtrlOptimizer(
        0.1,
        l1_regularization_strength=0.01,
        l2_regularization_strength=0.02,
        l2_shrinkage_regularization_strength=0.03,
    ),
    "adadelta": lambda: tf.train.AdadeltaOptimizer(5.0, rho=0.9, epsilon=1e-4),
}


def data():
    """Return the inputs and what they should give."""
    random = np.random.RandomState(0)
    x = random.randn(64, 4).astype("float32")
    y = x[:, :2] * [1.5, -2] + 0.3 + 0.1 * random.randn(64, 2)
    return x, y.astype("float32")


def model(name):
    """Build the graph of a model; return its loss, train op and global step."""
    x, y = data()
    partitioner = tf.fixed_size_partitioner(2) if name == "parts" else None
    with tf.variable_scope("net", partitioner=partitioner):
        # not in the order of their names, in which a tf.Module lists variables
        start = tf.random_normal_initializer(seed=1)
        second = tf.get_variable("second/w", [4, 5], initializer=start)
        bias = tf.get_variable("second/b", [5], initializer=tf.zeros_initializer())
        first = tf.get_variable("first/w", [5, 2], initializer=start)
    step = tf.train.get_or_create_global_step()
    hidden = tf.tanh(tf.matmul(x, tf.identity(second)) + tf.identity(bias))
    loss = tf.reduce_mean(tf.square(tf.matmul(hidden, tf.identity(first)) - y))
    return loss, OPTIMIZERS[name]().minimize(loss, global_step=step), step


def curve(session, loss, train):
    """Return the losses before each of 20 steps, and after the last one."""
    losses = [float(session.run([loss, train])[0]) for _ in range(20)]
    return [*losses, float(session.run(loss))]


def write(folder):
    """Write the checkpoints, and the curves of what follows."""
    curves = {}
    for name in OPTIMIZERS:
        with tf.Graph().as_default(), tf.Session() as session:
            loss, train, step = model(name)
            session.run(tf.global_variables_initializer())
            for _ in range(37):
                session.run(train)
            os.makedirs(os.path.join(folder, name))
            prefix = os.path.join(folder, name, "model")
            tf.train.Saver().save(session, prefix, global_step=step, write_state=False)
            curves[name] = curve(session, loss, train)
    x, y = data()
    np.savez(os.path.join(folder, "curves.npz"), x=x, y=y, **curves)


def restore(folder, out):
    """Restore what was converted back with a Saver, and train on."""
    seen = {}
    for index in sorted(glob.glob(os.path.join(folder, "*.index"))):
        prefix = index[: -len(".index")]
        label = os.path.basename(prefix)
        with tf.Graph().as_default(), tf.Session() as session:
            loss, train, step = model(label.partition("-")[0])
            tf.train.Saver().restore(session, prefix)
            seen[label] = {"step": int(session.run(step)), "curve": curve(session, loss, train)}
        with tf.Graph().as_default(), tf.Session() as session:
            first = tf.get_variable("mine/first/w", [5, 2])
            tf.train.init_from_checkpoint(prefix, {"net/": "mine/"})
            session.run(tf.global_variables_initializer())
            seen[label]["initialized"] = session.run(first).tolist()
        reader = tf.train.NewCheckpointReader(prefix)
        seen[label]["first"] = reader.get_tensor("net/first/w").tolist()
        seen[label]["names"] = sorted(reader.get_variable_to_shape_map())
    with open(out, "w") as stream:
        json.dump(seen, stream)


if __name__ == "__main__":
    {"write": write, "restore": restore}[sys.argv[1]](*sys.argv[2:])
