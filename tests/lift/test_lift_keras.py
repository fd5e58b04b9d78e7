"""Keras models that were exported from a session lose it, or keep it with the reason."""

from __future__ import annotations

import pytest

from migrator import engine, rulebook
from migrator.results import Tier
from migrator.rule import FileContext

HEAD = """import tensorflow as tf
from tensorflow.keras import backend as K
from tensorflow.keras.layers import Dense, LSTM, Lambda
from tensorflow.keras.models import Sequential, load_model

"""
MODEL = """model = Sequential()
model.add(Dense(3, activation="softmax", input_shape=(4,)))
"""
EXPORT = """tf.saved_model.simple_save(
    K.get_session(), "out", inputs={"x": model.input}, outputs={"y": model.output}
)
"""


def plan(text: str, **context):
    """Return the plan of a file that may be lifted."""
    return engine.run(text, FileContext(lift="auto", **context), rulebook.all_rules())


def lifted(body: str) -> str:
    """Return the new text of a file that is lifted, without its imports."""
    made = plan(HEAD + body)
    assert made.tier is Tier.NATIVE, made.refused
    assert made.text is not None
    return made.text.partition("import tf2_bridge\n")[2].lstrip("\n")


def test_simple_save():
    """The session's argument goes, and the tensors of the model are listed ones."""
    assert lifted(MODEL + EXPORT) == (
        MODEL
        + """with tf2_bridge.keras_module(
    "out", inputs={"x": model.inputs[0]}, outputs={"y": model.outputs[0]}
) as module:
    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
"""
    )


@pytest.mark.parametrize(
    "setup",
    [
        "K.set_learning_phase(0)\n",
        "K.set_learning_phase(False)\n",
        "K.set_session(tf.Session())\n",
        "config = tf.ConfigProto(allow_soft_placement=True)\n"
        "config.gpu_options.allow_growth = True\n"
        "K.set_session(tf.Session(config=config))\n",
        "sess = tf.InteractiveSession()\nK.set_session(sess)\n",
    ],
)
def test_what_sets_the_session_up_goes(setup):
    """Lines that only concern the session leave nothing behind."""
    assert lifted(setup + MODEL + EXPORT) == lifted(MODEL + EXPORT)


def test_a_block_that_holds_the_session():
    """What stands in the block of a session moves to the left, its comments with it."""
    body = "with K.get_session() as sess:\n    # now\n    model.predict([[0.0]])\n\n    print(1)\n"
    export = EXPORT.replace("K.get_session()", "sess").replace("\n", "\n    ").rstrip() + "\n"
    made = lifted(MODEL + body + "    " + export)
    assert "\n# now\nmodel.predict([[0.0]])\n\nprint(1)\nwith tf2_bridge.keras_module(\n" in made
    assert made.endswith(
        "    tf.saved_model.save(module, module.export_dir, signatures=module.signatures)\n"
    )


@pytest.mark.parametrize(
    "training",
    [
        "model.compile('sgd', 'mse', metrics=['acc'])\nmodel.fit(x, y, epochs=2)\n",
        "o = tf.keras.optimizers.Adam(0.1)\n"
        "model.compile(optimizer=o, loss='mse')\nmodel.fit(x, y)\n",
        "model.compile('rmsprop', 'mse')\nmodel.evaluate(x, y)\n",
    ],
)
def test_training_that_takes_the_same_steps(training):
    """SGD and Adam do; an optimizer that never steps does not matter."""
    assert training in lifted(MODEL + training + EXPORT)


def test_outputs_by_name():
    """The names that TensorFlow 1 gave the outputs are told when the program runs."""
    made = lifted(
        MODEL + EXPORT.replace('{"y": model.output}', "{t.name: t for t in model.outputs}")
    )
    assert "outputs=tf2_bridge.named_outputs(model)" in made


def test_a_program_that_only_trains():
    """Without an export nothing of the bridge is needed, and unused imports go."""
    made = plan(
        HEAD.replace(", LSTM, Lambda", "").replace(", load_model", "")
        + "K.set_session(tf.Session())\n"
        + MODEL
    )
    assert made.tier is Tier.NATIVE
    assert not made.parts
    assert made.text == (
        "from tensorflow.keras.layers import Dense\n"
        "from tensorflow.keras.models import Sequential\n\n" + MODEL
    )


#: What is not the same in Keras 3, with a word of the reason.
REFUSED = {
    "loads a model": ('model = load_model("m.h5")\n', "load_model"),
    "recurrent": ("model.add(LSTM(3))\n", "LSTM"),
    "lambda": ("model.add(Lambda(lambda x: x))\n", "Lambda"),
    "rate": ("tf.keras.optimizers.Adam(lr=0.1)\n", "lr"),
    "decay": ("tf.keras.optimizers.SGD(0.1, decay=1e-6)\n", "decay"),
    "generator": ("model.fit_generator(g)\n", "fit_generator"),
    "callbacks": ("model.fit(x, y, callbacks=[c])\n", "callbacks"),
    "gate": ('Dense(2, activation="hard_sigmoid")\n', "hard_sigmoid"),
    "argument": ("Dense(2, init='uniform')\n", "init"),
    "saved without a suffix": ("model.save('folder')\n", "folder"),
    "saved somewhere": ("model.save(path)\n", "save"),
    "weights": ("model.save_weights('w.h5')\n", "save_weights"),
    "weights from somewhere": ("model.load_weights(path)\n", "load_weights"),
    "json": ("open('m').write(model.to_json())\n", "to_json"),
    "training phase": ("K.set_learning_phase(1)\n", "learning phase"),
    "fed phase": ("feed = {K.learning_phase(): 0}\n", "learning_phase"),
    "runs": ("K.get_session().run(model.output)\n", "get_session"),
    "session elsewhere": ("K.set_session(make())\n", "elsewhere"),
    "session used": ("s = tf.Session()\nK.set_session(s)\ns.run(1)\n", "more than Keras"),
    "graph op": ("y = tf.identity(model.outputs[0])\n", "tf.identity"),
    "subclass": ("class A(tf.keras.Model):\n    pass\n", "tf.keras.Model"),
    "rmsprop": ("model.compile('rmsprop', 'mse')\nmodel.fit(x, y)\n", "optimizer"),
    "unknown optimizer": ("model.compile(o, 'mse')\nmodel.fit(x, y)\n", "optimizer"),
    "trains without dropout": (
        "K.set_learning_phase(0)\nmodel.compile('sgd', 'mse')\nmodel.fit(x, y)\n",
        "learning phase",
    ),
    "embeddings": (
        "tf.keras.layers.Embedding(2, 2)\nmodel.compile('adam', 'mse')\nmodel.fit(x, y)\n",
        "embeddings",
    ),
    "frozen": ("model.compile('sgd', 'mse')\nmodel.fit(x, y)\nm.trainable = False\n", "trainable"),
    "initializer": ("Dense(2, kernel_initializer='zero')\n", "zero"),
    "accuracy": (
        "model.compile('sgd', 'mse', metrics=['accuracy'])\nprint(h['acc'])\n",
        "accuracy",
    ),
    "records": (
        "model.compile('sgd', 'mse', metrics=['mse'])\nh = model.fit(x, y)\nprint(h.history)\n",
        "records",
    ),
    "shape of a layer": ("print([l.output_shape for l in model.layers])\n", "output_shape"),
    "size": ("n = x.shape[1].value\n", "value"),
    "name of an output": ("print(model.outputs[0].name)\n", "other names"),
    "names of variables": ("print([w.name for w in model.weights])\n", "other names"),
    "operation": ("print(model.outputs[0].op)\n", "op"),
    "moving variance": (
        "tf.keras.layers.Conv2D(2, 3)\ntf.keras.layers.BatchNormalization()\n"
        "model.compile('sgd', 'mse')\nmodel.fit(x, y)\n",
        "moving variance",
    ),
    "order of compile": ("model.compile('sgd', 'mse', ['acc'])\n", "another order"),
    "order of Input": ("tf.keras.layers.Input((3,), 4, 'x')\n", "another order"),
    "order of a layer": (
        "tf.keras.layers.Conv2D(2, 3, 1, 'same', None, 1, 'relu')\n",
        "another order",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_changed_in_keras_3(name):
    """A program with what means another thing in Keras 3 keeps its session, and says why."""
    body, reason = REFUSED[name]
    made = plan(HEAD + MODEL + body + EXPORT)
    assert made.tier is Tier.SESSION
    assert reason in (made.refused or "")


EXPORTS = {
    "other session": EXPORT.replace("K.get_session()", "tf.Session()"),
    "init op": EXPORT.replace("\n)", ",\n    legacy_init_op=op\n)"),
    "splat": 'tf.saved_model.simple_save(K.get_session(), "out", **given)\n',
    "by another name": EXPORT.replace(
        '{"y": model.output}', "{t.op.name: t for t in model.outputs}"
    ),
    "tag": "b = tf.saved_model.Builder('o')\nb.add_meta_graph_and_variables(K.get_session(), ['x'],"
    " {'k': tf.saved_model.predict_signature_def({'x': model.input}, {'y': model.output})})\n"
    "b.save()\n",
    "two graphs": "b = tf.saved_model.Builder('o')\nb.add_meta_graph(['serve'])\nb.save()\n",
}


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_other_shapes(name):
    """An export whose meaning cannot be told whole stays in the session tier."""
    made = plan(HEAD + MODEL + "K.set_session(tf.Session())\n" + EXPORTS[name])
    assert made.tier is Tier.SESSION
    assert made.refused


def test_other_files_keep_a_program_in_its_session():
    """There is one Keras in a process: a program of several files keeps the legacy one."""
    made = plan(HEAD + MODEL + EXPORT, company=True)
    assert made.tier is Tier.SESSION
    assert "other files" in (made.refused or "")


def test_a_second_run_changes_nothing():
    """What is lifted holds nothing that is lifted."""
    made = plan(HEAD + MODEL + EXPORT)
    assert made.text is not None
    again = plan(made.text, move=False)
    assert again.text is None
