"""Training scripts of TensorFlow 1, one for each optimizer and each way to train with it.

    python tests/lift/training_scripts.py --python PATH_OF_A_TENSORFLOW_1.15_INTERPRETER

stores what TensorFlow 1.15.5 computes with them in ``fixtures/training``: ``curves.npz`` holds the
arrays that each script saves, and a folder for each script that saves a checkpoint holds the one
of step 50, slots of the optimizer included.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
STORED = HERE.parent.parent / "fixtures" / "training"
STEPS = 100

#: How each optimizer is made; ``{rate}`` is its learning rate.
OPTIMIZERS = {
    "sgd": "tf.train.GradientDescentOptimizer({rate})",
    "momentum": "tf.train.MomentumOptimizer({rate}, 0.9)",
    "nesterov": "tf.train.MomentumOptimizer({rate}, 0.8, use_nesterov=True)",
    "adam": "tf.train.AdamOptimizer(learning_rate={rate})",
    "adam_set": "tf.train.AdamOptimizer({rate}, 0.8, 0.95, 1e-4)",
    "adagrad": "tf.train.AdagradOptimizer({rate})",
    "adadelta": "tf.train.AdadeltaOptimizer({rate}, rho=0.9)",
    "rmsprop": "tf.train.RMSPropOptimizer({rate}, decay=0.95)",
    "rmsprop_momentum": "tf.train.RMSPropOptimizer({rate}, 0.9, momentum=0.5, epsilon=1e-6)",
    "rmsprop_centered": "tf.train.RMSPropOptimizer({rate}, momentum=0.3, centered=True)",
    "ftrl": "tf.train.FtrlOptimizer({rate})",
    "ftrl_set": (
        "tf.train.FtrlOptimizer(\n"
        "    {rate}, learning_rate_power=-0.6, initial_accumulator_value=0.2,\n"
        "    l1_regularization_strength=0.001, l2_regularization_strength=0.002)"
    ),
}

#: Rates at which a hundred steps change the loss visibly.
RATES = {"adam": 0.02, "adam_set": 0.02, "adadelta": 5.0, "sgd": 0.3, "momentum": 0.1}
RATES |= {"nesterov": 0.1, "adagrad": 0.2, "ftrl": 1.0, "ftrl_set": 1.0}

#: What stands for the rate where it decays.
DECAYS = {
    "exponential": "tf.train.exponential_decay({rate}, global_step, 10, 0.9)",
    "staircase": "tf.train.exponential_decay({rate}, global_step, 15, 0.8, staircase=True)",
    "polynomial": "tf.train.polynomial_decay({rate}, global_step, 80, {rate} * 0.2, power=0.5)",
    "inverse_time": "tf.train.inverse_time_decay({rate}, global_step, 20, 0.5)",
}

#: What a way to train consists of.
WAYS: dict[str, tuple[str, ...]] = {
    "plain": ("export",),
    "exponential": ("exponential", "value", "step"),
    "polynomial": ("polynomial", "norm", "step"),
    "inverse_time": ("inverse_time", "global_norm", "step"),
    "embedding": ("embedding",),
    "fed": ("fed", "embedding", "global_norm"),
    "batch_norm": ("batch_norm",),
    "saved": ("saved", "embedding", "norm", "staircase", "step"),
    "value": ("value", "step"),
    "norm": ("norm",),
    "global_norm": ("global_norm",),
}

#: At a constant rate and with dense gradients, Keras has their equals.
KERAS = ("sgd", "momentum", "nesterov", "adagrad")
_CONSTANT = ("value", "norm", "global_norm")

_DATA = """\
rng = np.random.RandomState(21)
inputs = rng.normal(size=(40, 5))
words = rng.randint(0, 9, (40, 3))
labels = np.eye(3)[(inputs[:, 0] > 0).astype(int) + (words.sum(axis=1) > 12)]


def batch(step):
    return (np.arange(12) + 7 * step) % 40

"""

_DENSE = """\
x = tf.placeholder(tf.float32, [None, 5], name="x")
y = tf.placeholder(tf.float32, [None, 3], name="y")
"""

_EMBEDDING = """\
ids = tf.placeholder(tf.int32, [None, 3], name="ids")
y = tf.placeholder(tf.float32, [None, 3], name="y")
table = tf.get_variable("table", [9, 5], initializer=tf.random_uniform_initializer(-1.0, 1.0))
# a word may stand in a batch several times
x = tf.reduce_mean(tf.nn.embedding_lookup(table, ids), axis=1)
"""

_LAYER = """\
kernel = tf.Variable(tf.truncated_normal([5, 4], stddev=0.1), name="kernel")
output = tf.Variable(tf.truncated_normal([4, 3], stddev=0.1), name="output")
"""

_HIDDEN = """\
bias = tf.Variable(tf.zeros([4]), name="bias")
hidden = tf.nn.tanh(tf.matmul(x, kernel) + bias)
"""

_BATCH_NORM = """\
scale = tf.Variable(tf.ones([4]), name="scale")
offset = tf.Variable(tf.zeros([4]), name="offset")
moving_mean = tf.Variable(tf.zeros([4]), trainable=False, name="moving_mean")
moving_variance = tf.Variable(tf.ones([4]), trainable=False, name="moving_variance")
raw = tf.matmul(x, kernel)
mean, variance = tf.nn.moments(raw, [0])
update_mean = tf.assign(moving_mean, moving_mean * 0.9 + mean * 0.1)
update_variance = tf.assign(moving_variance, 0.9 * moving_variance + 0.1 * variance)
hidden = tf.nn.relu(tf.nn.batch_normalization(raw, mean, variance, offset, scale, 1e-3))
"""

_LOSS = """\
logits = tf.matmul(hidden, output)
losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits)
loss = tf.reduce_mean(losses)
"""

_CLIPS = {
    "value": "capped = [(tf.clip_by_value(g, -0.02, 0.02), v) for g, v in pairs]\n",
    "norm": "capped = [(tf.clip_by_norm(g, 0.05), v) for g, v in pairs]\n",
}


#: Whole scripts of other shapes, under their file names.
SHAPES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted((HERE / "training_shapes").glob("*.py"))
}


def names() -> list[str]:
    """Return the names of the scripts, ``OPTIMIZER-WAY``, and of those in ``training_shapes``."""
    return [*pairs(), *SHAPES]


def pairs() -> list[str]:
    """Return the names of the scripts that are made of an optimizer and a way to train."""
    return [
        f"{optimizer}-{way}" for optimizer in OPTIMIZERS for way in WAYS if _tells(optimizer, way)
    ]


def _tells(optimizer: str, way: str) -> bool:
    """Whether a pair shows what no other does."""
    if optimizer.endswith("_set"):
        return way in ("plain", "saved")
    return optimizer in KERAS or way not in _CONSTANT


def script(name: str, resumed: bool = False) -> str:
    """Return the text of a script.

    Args:
        name: of the script.
        resumed: whether it restores the checkpoints that its arguments name, which were saved after
            step 50, and trains on from each, instead of training from the start.
    """
    if name in SHAPES:
        return SHAPES[name]
    kind, _, way = name.partition("-")
    parts = WAYS[way]
    embedding, counted = "embedding" in parts, "step" in parts
    rate = str(RATES.get(kind, 0.01))
    text = ["import sys\n\n" if resumed else "", "import numpy as np\nimport tensorflow as tf\n\n"]
    text += [_DATA, _EMBEDDING if embedding else _DENSE, _LAYER]
    text += [_BATCH_NORM if "batch_norm" in parts else _HIDDEN, _LOSS]
    if counted:
        text.append('global_step = tf.Variable(0, trainable=False, name="global_step")\n')
    for decay, formula in DECAYS.items():
        if decay in parts:
            text.append(f"learning_rate = {formula.format(rate=rate)}\n")
            rate = "learning_rate"
    if "fed" in parts:
        text.append("learning_rate = tf.placeholder(tf.float32, [])\n")
        fed = f", learning_rate: {rate} / (1 + 0.02 * step)"
        rate = "learning_rate"
    else:
        fed = ""
    made = OPTIMIZERS[kind].format(rate=rate)
    step = ", global_step=global_step" if counted else ""
    clip = next((part for part in ("value", "norm", "global_norm") if part in parts), None)
    if clip is None:
        text.append(f"train_op = {made}.minimize(loss{step})\n")
    elif clip == "global_norm":
        text.append(
            f"optimizer = {made}\nvariables = tf.trainable_variables()\n"
            "clipped, norm = tf.clip_by_global_norm(tf.gradients(loss, variables), 0.1)\n"
            f"train_op = optimizer.apply_gradients(zip(clipped, variables){step})\n"
        )
    else:
        text.append(
            f"optimizer = {made}\npairs = optimizer.compute_gradients(loss)\n"
            f"{_CLIPS[clip]}train_op = optimizer.apply_gradients(capped{step})\n"
        )
    if "saved" in parts:
        text.append("saver = tf.train.Saver()\n")
    given = "ids: words[rows]" if embedding else "x: inputs[rows]"
    fetched = "[train_op, loss, global_step]" if counted else "[train_op, loss]"
    bound = "_, value, at" if counted else "_, value"
    text.append("\ncurve = []\nsteps = []\n" if counted else "\ncurve = []\n")
    text.append("with tf.Session() as sess:\n    sess.run(tf.global_variables_initializer())\n")
    tab = "    "
    if resumed:
        text.append("    for path in sys.argv[1:]:\n        saver.restore(sess, path)\n")
        tab *= 2
    rows = f"{STEPS // 2}, {STEPS}" if resumed else str(STEPS)
    text.append(
        f"{tab}for step in range({rows}):\n"
        f"{tab}    rows = batch(step)\n"
        f"{tab}    {bound} = sess.run(\n"
        f"{tab}        {fetched}, feed_dict={{{given}, y: labels[rows]{fed}}})\n"
        f"{tab}    curve.append(value)\n"
    )
    if counted:
        text.append(f"{tab}    steps.append(at)\n")
    if "batch_norm" in parts:
        text.append(
            "        sess.run(update_mean, feed_dict={x: inputs[rows]})\n"
            "        sess.run(update_variance, feed_dict={x: inputs[rows]})\n"
        )
    if "saved" in parts and not resumed:
        text.append(
            f'        if step == {STEPS // 2 - 1}:\n            saver.save(sess, "./half")\n'
        )
    whole = given.replace("[rows]", "")
    text.append(f"    answer = sess.run(logits, feed_dict={{{whole}}})\n")
    kept = ["kernel"]
    if embedding:
        kept.append("table")
    if "batch_norm" in parts:
        kept += ["moving_mean", "moving_variance"]
    more = "".join(f", {key}=sess.run({key})" for key in kept)
    if counted:
        more += ", steps=steps"
    text.append(f'    np.savez("arrays.npz", curve=curve, answer=answer{more})\n')
    if "export" in parts:
        text.append(
            '    export_dir = "exported"\n'
            '    tf.saved_model.simple_save(sess, export_dir, {"x": x}, {"logits": logits})\n'
        )
    return "".join(text)


def jobs(
    folder: Path, texts: dict[str, str], arguments: dict[str, list[str]] | None = None
) -> Path:
    """Write the scripts ``texts`` and the plan by which ``run_scripts.py`` runs them."""
    plan = []
    for name, text in texts.items():
        home = folder / name
        home.mkdir(parents=True)
        (home / "script.py").write_text(text)
        plan.append(
            {
                "name": name,
                "script": str(home / "script.py"),
                "args": (arguments or {}).get(name, []),
                "cwd": str(home),
                "stdout": str(home / "stdout"),
                "stderr": str(home / "stderr"),
                "together": True,
            }
        )
    (folder / "jobs.json").write_text(json.dumps(plan))
    return folder / "jobs.json"


def run(python: str, plan: Path) -> dict[str, int]:
    """Run the jobs of ``plan`` in one process of ``python``; return how each ended."""
    subprocess.run([python, str(HERE / "run_scripts.py"), str(plan)], check=True)
    ended: dict[str, int] = json.loads(Path(f"{plan}.done").read_text())
    return ended


def arrays(folder: Path) -> dict[str, Any]:
    """Return the arrays that a script saved in ``folder``."""
    import numpy as np

    with np.load(folder / "arrays.npz") as stored:
        return {key: stored[key] for key in stored.files}


def main() -> int:
    """Run the scripts on TensorFlow 1.15.5 and store what they compute."""
    import numpy as np

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", required=True, help="an interpreter with TensorFlow 1.15")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        ended = run(asked.python, jobs(root, {name: script(name) for name in names()}))
        for name, status in ended.items():
            if status:
                raise SystemExit(f"{name}:\n{(root / name / 'stderr').read_text()[-3000:]}")
        shutil.rmtree(STORED, ignore_errors=True)
        STORED.mkdir(parents=True)
        # a zip file without dates: the same arrays give the same bytes
        with zipfile.ZipFile(STORED / "curves.npz", "w", zipfile.ZIP_DEFLATED) as stored:
            for name in ended:
                for key, value in arrays(root / name).items():
                    stream = io.BytesIO()
                    np.save(stream, value.astype(np.float32 if value.dtype.kind == "f" else "i2"))
                    entry = zipfile.ZipInfo(f"{name}/{key}.npy")
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    stored.writestr(entry, stream.getvalue())
                if name.endswith("-saved"):
                    (STORED / name).mkdir()
                    for path in sorted((root / name).glob("half.*")):
                        if path.suffix != ".meta":
                            shutil.copy(path, STORED / name)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
