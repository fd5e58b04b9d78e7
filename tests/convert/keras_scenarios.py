"""Convert Keras files and write what the SavedModels do as JSON: ``keras_scenarios.py OUT``."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.update(TF_ENABLE_ONEDNN_OPTS="0", TF_CPP_MIN_LOG_LEVEL="3")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import keras as keras_3  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf_keras as keras  # noqa: E402

from migrator.convert.making.keras import make  # noqa: E402

L = keras.layers
SCENARIOS: list[Callable[[Path], Any]] = []


def scenario(function: Callable[[Path], Any]) -> Callable[[Path], Any]:
    """Register a function that takes an empty folder and returns what it saw."""
    SCENARIOS.append(function)
    return function


def converted(model: Any, folder: Path, name: str = "model.h5") -> tuple[dict[str, Any], Any]:
    """Return what was made of a model, and what loads of it."""
    path, target = str(folder / name), str(folder / "new")
    model.save(path)
    made = make({"path": path, "target": target, "kind": "keras"})
    return made, tf.saved_model.load(target)


def random(*shape: int) -> Any:
    """Return the same numbers for the same shape."""
    return np.random.default_rng(shape).standard_normal(shape).astype("float32")


def sequential() -> Any:
    """Return a model that trains in another way than it predicts."""
    model = keras.Sequential(
        [
            L.Dense(4, "relu", input_shape=(3,), kernel_regularizer=keras.regularizers.l2(0.1)),
            L.BatchNormalization(momentum=0.5, gamma_regularizer="l1"),
            L.Dropout(0.5),
            L.Dense(2, bias_regularizer="l1", bias_initializer="ones"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), "mse")
    model.fit(random(16, 3), random(16, 2), verbose=0)
    return model


@scenario
def interface(folder: Path) -> Any:
    """The reusable-SavedModel interface, and again after a second save."""
    model = sequential()
    made, loaded = converted(model, folder)
    tf.saved_model.save(loaded, str(folder / "again"))
    again = tf.saved_model.load(str(folder / "again"))
    x = random(5, 3)
    wanted = model(x, training=False).numpy()
    called = [one(tf.constant(x)).numpy() for one in (loaded, again)]
    called.append(loaded.signatures["serving_default"](tf.constant(x))["dense_1"].numpy())
    dropped = [loaded(tf.constant(x), training=True).numpy() for _ in range(2)]
    return {
        "made": made,
        "call": [float(np.abs(one - wanted).max()) for one in called],
        "again": [v.name for v in again.trainable_variables],
        "dropout": float(np.abs(dropped[0] - dropped[1]).max()),
        "moved": float(
            np.abs(loaded.variables[4].numpy() - model.layers[1].moving_mean.numpy()).max()
        ),
        "losses": sorted(float(loss()) for loss in loaded.regularization_losses),
        "wanted_losses": sorted(float(loss) for loss in model.losses),
    }


@scenario
def training(folder: Path) -> Any:
    """Twenty steps of the SavedModel and of the model, from the same weights."""
    model = keras.Sequential(
        [
            L.Conv2D(3, 3, activation="relu", input_shape=(6, 6, 1), kernel_regularizer="l2"),
            L.BatchNormalization(),
            L.Flatten(),
            L.Dense(2),
        ]
    )
    _, loaded = converted(model, folder)
    x, y = random(8, 6, 6, 1), random(8, 2)

    def curve(call: Any, variables: Any, losses: Any) -> list[float]:
        optimizer = keras.optimizers.legacy.SGD(0.05, momentum=0.9)
        found = []
        for _ in range(20):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean((call(tf.constant(x), training=True) - y) ** 2)
                loss += sum(losses())
            found.append(float(loss))
            pairs = zip(tape.gradient(loss, variables), variables, strict=True)
            optimizer.apply_gradients(pairs)
        return found

    return {
        "after": curve(
            loaded,
            loaded.trainable_variables,
            lambda: [loss() for loss in loaded.regularization_losses],
        ),
        "before": curve(model, model.trainable_variables, lambda: model.losses),
    }


@scenario
def several(folder: Path) -> Any:
    """Inputs and outputs by name, with names that are no Python names; a frozen layer."""
    ids = L.Input((5,), dtype="int32", name="ids")
    other = L.Input((2,), name="net/x")
    third = L.Input((2,), name="lambda")
    h = L.Concatenate()([L.GRU(4)(L.Embedding(10, 3)(ids)), other, third])
    h = L.Dense(3, name="frozen", trainable=False)(h)
    model = keras.Model(
        [ids, other, third], [L.Dense(2, name="scores")(h), L.Dense(1, name="out/value")(h)]
    )
    made, loaded = converted(model, folder)
    feeds = {"ids": np.arange(10).reshape(2, 5).astype("int32")}
    feeds.update({name: random(2, 2) for name in ("net/x", "lambda")})
    wanted = [one.numpy() for one in model(list(feeds.values()))]
    found = loaded({name: tf.constant(value) for name, value in feeds.items()})
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        meta = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(folder / "new"))
        signature = meta.signature_def["serving_default"]
        given = {signature.inputs[name].name: value for name, value in feeds.items()}
        outputs = {name: info.name for name, info in signature.outputs.items()}
        served = session.run(outputs, given)
    order = ("scores", "out/value")
    return {
        "made": made,
        "call": [float(np.abs(found[n] - w).max()) for n, w in zip(order, wanted, strict=True)],
        "served": [float(np.abs(served[n] - w).max()) for n, w in zip(order, wanted, strict=True)],
        "keys": sorted(signature.inputs),
    }


@scenario
def keras_3_file(folder: Path) -> Any:
    """A model of Keras 3, whose variables are wrappers, in both of its formats."""
    K = keras_3.layers
    found = []
    for name in ("model.keras", "model.h5"):
        inputs = {"b": K.Input((2,), name="b"), "a": K.Input((3,), name="a")}
        h = K.Concatenate()([inputs["a"], inputs["b"]])
        h = K.BatchNormalization()(K.Dense(4, kernel_regularizer="l2")(h))
        outputs = {"z": K.Dense(1, name="z")(h), "y": K.Dense(2, name="y")(h)}
        model = keras_3.Model(inputs, outputs)
        place = folder / name.partition(".")[2]
        place.mkdir()
        made, loaded = converted(model, place, name)
        x = {"a": random(4, 3), "b": random(4, 2)}
        wanted = model(x)
        got = loaded({key: tf.constant(value) for key, value in x.items()})
        before = loaded.variables[4].numpy()
        loaded({key: tf.constant(value) for key, value in x.items()}, training=True)
        found.append(
            {
                "made": made,
                "call": {key: float(np.abs(got[key] - wanted[key]).max()) for key in wanted},
                "statistics_moved": float(np.abs(loaded.variables[4].numpy() - before).max()) > 0,
                "losses": [float(loss()) for loss in loaded.regularization_losses],
                "wanted_losses": [float(loss) for loss in model.losses],
            }
        )
    return found


@scenario
def table(folder: Path) -> Any:
    """A layer with a lookup table."""
    words = L.Input((1,), dtype="string", name="words")
    lookup = L.StringLookup(vocabulary=["a", "b"])
    model = keras.Model(words, L.Embedding(4, 2)(lookup(words)))
    _, loaded = converted(model, folder, "model.keras")
    x = tf.constant([["b"], ["?"], ["a"]])
    return float(np.abs(loaded(x).numpy() - model(x).numpy()).max())


@scenario
def refusals(folder: Path) -> Any:
    """What no signature has, by name; nothing is written."""
    sparse = L.Input((4,), sparse=True, name="wide")
    unbuilt = keras_3.Sequential([keras_3.layers.Dense(2)])
    models = {
        "sparse": keras.Model(sparse, L.Dense(2)(sparse)),
        "unbuilt": unbuilt,
        "stateful": keras.Sequential([L.LSTM(2, stateful=True, batch_input_shape=(2, 3, 1))]),
    }
    said = {}
    for name, model in models.items():
        (folder / name).mkdir()
        try:
            converted(model, folder / name, "model.keras")
            said[name] = "converted"
        except Exception as error:
            said[name] = f"{type(error).__name__}: {error}"
        said[name] += f" {(folder / name / 'new').exists()}"
    return said


def main() -> int:
    """Run all of them; return 0."""
    out = Path(sys.argv[1])
    found: dict[str, Any] = {}
    for function in SCENARIOS:
        folder = out / function.__name__
        folder.mkdir()
        try:
            found[function.__name__] = function(folder)
        except Exception:
            found[function.__name__] = {"error": traceback.format_exc()}
    (out / "seen.json").write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
