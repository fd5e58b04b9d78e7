"""A class that loads and cannot be lifted whole is left, and the reason names the place."""

from __future__ import annotations

import pytest

from migrator.lift import lift
from migrator.lift.kinds import Refusal
from migrator.names import Module

MODEL = """import tensorflow as tf


class Model(object):
    def __init__(self, path, prefix=None):
        graph_def = tf.GraphDef()
        with open(path, "rb") as f:
            graph_def.ParseFromString(f.read())
        self.output = "y:0"
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.import_graph_def(graph_def, name="")
        self.sess = tf.Session(graph=self.graph)

    def predict(self, x):
        return self.sess.run(self.output, {"x:0": x})
"""


def refusal(text: str) -> Refusal:
    """Return why ``text`` is not lifted."""
    with pytest.raises(Refusal) as caught:
        lift(Module(text), "model.py")
    return caught.value


def test_the_model_itself_lifts() -> None:
    """Without what the cases add, the class is lifted, with the fetch that it had."""
    text = lift(Module(MODEL), "model.py").text
    assert 'self.function(["x:0"], self.output)' in text
    assert "Session" not in text


def test_a_graph_with_a_local_name() -> None:
    """A constructor's own graph goes: it is no argument of the method that builds."""
    local = MODEL.replace("self.graph", "graph").replace(
        "        self.sess", "        self.y = graph.get_tensor_by_name('y:0')\n        self.sess"
    )
    local = local.replace("self.sess.run(self.output,", "self.sess.run(self.y,")
    # between the graph and what is imported into it stand other statements
    local = local.replace("        graph = tf.Graph()\n", "").replace(
        "        graph_def =", "        graph = tf.Graph()\n        graph_def ="
    )
    text = lift(Module(local), "model.py").text
    assert "self.build(graph_def)\n" in text
    assert "def build(self, graph_def):\n" in text


#: what stands in the place of what -> line and reason
CHANGES = {
    ("self.sess = tf.Session(graph=self.graph)", "self.sess = tf.Session()\n"
     "        self.other = tf.Graph()\n"
     "        with self.other.as_default():\n"
     '            tf.import_graph_def(graph_def, name="")'): (14, "several graphs"),
    ("return self.sess.run(self.output,", "return self.sess.run(x.name,"): (16, "is computed"),
    ("def predict(self, x):", "def set(self, name):\n        self.output = name\n\n"
     "    def predict(self, x):"): (19, "`self.output` is not known as a part of the graph"),
    ("def predict(self, x):\n        return self.sess.run(self.output,",
     "def predict(self, x, name):\n        y = self.graph.get_tensor_by_name(name)\n"
     "        return self.sess.run(y,"): (16, "is computed"),
    ("def predict(self, x):\n        return self.sess.run(self.output,",
     "def predict(self, x, best):\n        y = self.graph.get_tensor_by_name('y:0')\n"
     "        if best:\n            y = self.graph.get_tensor_by_name('best:0')\n"
     "        return self.sess.run(y,"): (19, "not told in one place"),
    ("def predict(self, x):\n", "def tensor(self):\n"
     "        return self.graph.get_tensor_by_name(self.output)\n\n    def predict(self, x):\n"):
        (16, "where no graph is built"),
    ('        self.graph = tf.Graph()\n        with self.graph.as_default():\n'
     '            tf.import_graph_def(graph_def, name="")\n',
     '        self.graphs = []\n        for name in ("a", "b"):\n            graph = tf.Graph()\n'
     '            with graph.as_default():\n'
     '                tf.import_graph_def(graph_def, name="")\n'): (12, "several graphs"),
    ("{\"x:0\": x})", "{k + ':0': v for k, v in x.items()})"): (16, "what is fed is computed"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change[1][:40])
def test_a_change_that_cannot_be_carried_over(change: tuple[str, str]) -> None:
    """What is not told when the graph is built, or is told of several graphs, is refused."""
    assert change[0] in MODEL
    line, reason = CHANGES[change]
    found = refusal(MODEL.replace(*change))
    assert reason in found.sentence
    assert found.node.lineno == line  # type: ignore[attr-defined]


LOADER = """import tensorflow as tf


class Model:
    def load(self, prefix):
        self.graph = tf.Graph()
        self.sess = tf.Session(graph=self.graph)
        with self.graph.as_default():
            saver = tf.train.import_meta_graph(prefix + ".meta")
            saver.restore(self.sess, prefix)

    def predict(self, x):
        return self.sess.run("y:0", {"x:0": x})


model = Model()
model.load("one")
"""


def test_what_was_restored_is_not_initialized_again() -> None:
    """An initializer that is run behind the restore gave the values of before the training."""
    assert "tf2_bridge.import_meta_graph" in lift(Module(LOADER), "model.py").text
    line = "            saver.restore(self.sess, prefix)\n"
    run = "            self.sess.run(tf.global_variables_initializer())\n"
    assert "is initialized again" in refusal(LOADER.replace(line, line + run)).sentence
    assert "restore(prefix)" in lift(Module(LOADER.replace(line, run + line)), "model.py").text


def test_a_second_load() -> None:
    """A model that is loaded once more had another graph then."""
    found = refusal(LOADER + 'model.load("two")\n')
    assert "loads another graph when called again" in found.sentence


@pytest.mark.parametrize(
    "other",
    [
        "        self.other = tf.Session(graph=self.graph)\n",
        "\n    def look(self, prefix):\n"
        "        with tf.Session(graph=self.graph) as sess:\n"
        "            self.saver.restore(sess, prefix)\n"
        '            return sess.run("y:0", {"x:0": [[1.0, 2.0]]})\n',
    ],
    ids=["held", "opened"],
)
def test_sessions_with_values_of_their_own(other: str) -> None:
    """What is restored into one session of a graph is not what another one of it has."""
    text = LOADER.replace("saver = ", "self.saver = ")
    text = text.replace("saver.restore", "self.saver.restore")
    last = "            self.saver.restore(self.sess, prefix)\n"
    assert "restore(prefix)" in lift(Module(text), "model.py").text
    assert "several sessions share" in refusal(text.replace(last, last + other)).sentence


def test_two_models_in_the_default_graph() -> None:
    """What the second loads got other names there, and its names were those of the first."""
    text = MODEL.replace("tf.Graph()", "tf.get_default_graph()")
    one = text + '\n\nmodel = Model("a.pb")\n'
    assert "GraphModule" in lift(Module(one), "model.py").text
    assert "share the graph" in refusal(one + 'other = Model("b.pb")\n').sentence


PREDICTOR = """import tensorflow as tf

predict = tf.contrib.predictor.from_saved_model("export", config=tf.ConfigProto())
print(predict({"x": [1.0]})["y"])
"""


def test_predictors() -> None:
    """A predictor goes without a session as long as it is only called."""
    text = lift(Module(PREDICTOR), "serve.py").text
    assert text == (
        'import tf2_bridge\n\npredict = tf2_bridge.graph_predictor("export")\n'
        'print(predict({"x": [1.0]})["y"])\n'
    )


#: what stands behind a predictor -> the reason
ASKED = {
    "predict.session.close()": "asked for its `.session`",
    "predict.graph.finalize()": "asked for its `.graph`",
    "x = tf.placeholder(tf.float32)": "makes graph beside a predictor",
    "other = tf.contrib.predictor.from_estimator(None, None)": "has no place without a session",
    'tf.contrib.predictor.from_saved_model("a", graph=predict)': "loaded into another graph",
}


@pytest.mark.parametrize("asked", ASKED)
def test_predictors_that_stay(asked: str) -> None:
    """What only a session has holds the file."""
    assert ASKED[asked] in refusal(f"{PREDICTOR}{asked}\n").sentence
