"""What of code that loads is not lifted, with the reason; and what stands close to it and is."""

from __future__ import annotations

import re
import textwrap

import pytest

from migrator.lift import Refusal
from migrator.lift.wrapped import lift_wrapped
from migrator.names import Module

_HEAD = "import numpy as np\nimport tensorflow as tf\n\n"
_LOAD = "sess = tf.Session()\ntf.saved_model.loader.load(sess, ['serve'], 'a')\n"
_META = "sess = tf.Session()\nsaver = tf.train.import_meta_graph('a.meta')\n"
_RUN = "print(sess.run('y:0', {'x:0': 1}))\n"


def lifted(source: str) -> str:
    """Return the lifted text of a script."""
    text = _HEAD + textwrap.dedent(source).lstrip("\n")
    return lift_wrapped(Module(text), "reader.py").text


def build(source: str) -> str:
    """Return the statements of the build of a lifted script, without their indentation."""
    text = lifted(source)
    body = text[text.index("def build(") : text.index("\n\n\n", text.index("def build("))]
    return textwrap.dedent(body.partition("\n")[2])


def refused(source: str) -> str:
    """Return why a script is not lifted."""
    with pytest.raises(Refusal) as info:
        lifted(source)
    return info.value.sentence


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        # several sessions
        (
            "saver = tf.train.import_meta_graph('a.meta')\n"
            "def evaluate(prefix):\n"
            "    with tf.Session() as other:\n"
            "        saver.restore(other, prefix)\n"
            "        return other.run('y:0', {'x:0': 1})\n"
            "with tf.Session() as sess:\n"
            "    saver.restore(sess, 'a')\n"
            "    print(evaluate('b'))\n"
            "    print(sess.run('y:0', {'x:0': 1}))\n",
            "a second session is opened beside the first",
        ),
        (
            "saver = tf.train.import_meta_graph('a.meta')\n"
            "def evaluate(prefix):\n"
            "    with tf.Session() as other:\n"
            "        saver.restore(other, prefix)\n"
            "        return other.run('y:0', {'x:0': 1})\n"
            "with tf.Session() as sess:\n"
            "    saver.restore(sess, 'a')\n"
            "    print(list(map(evaluate, ['b'])))\n"
            "    print(sess.run('y:0', {'x:0': 1}))\n",
            "a second session is opened beside the first",
        ),
        # several graphs
        (
            "with tf.Session(graph=tf.Graph()) as sess:\n"
            "    tf.saved_model.loader.load(sess, ['serve'], 'a')\n"
            "    print(sess.run('y:0'))\n"
            "with tf.Session(graph=tf.Graph()) as sess:\n"
            "    tf.saved_model.loader.load(sess, ['serve'], 'b')\n"
            "    print(sess.run('y:0'))\n",
            "a second graph is made",
        ),
        (
            "x = tf.placeholder(tf.float32, name='x')\n"
            "with tf.Session(graph=tf.Graph()) as sess:\n"
            "    tf.saved_model.loader.load(sess, ['serve'], 'a')\n"
            "    print(sess.run('y:0', {'x:0': 1}))\n",
            "a second graph is made",
        ),
        (
            "one = tf.Graph()\ntwo = tf.Graph()\n"
            "with one.as_default():\n    tf.import_graph_def(d)\n"
            "with two.as_default():\n    tf.import_graph_def(d)\n"
            "sess = tf.Session(graph=one)\n" + _RUN,
            "a second graph is made",
        ),
        (
            "def load(path):\n"
            "    with tf.Graph().as_default() as graph:\n"
            "        tf.import_graph_def(read(path), name='')\n"
            "    return graph\n"
            "a = load('a')\nb = load('b')\n"
            "with tf.Session(graph=a) as sess:\n    print(sess.run('y:0'))\n"
            "with tf.Session(graph=b) as sess:\n    print(sess.run('y:0'))\n",
            "a second graph is made",
        ),
        (
            "x = tf.placeholder(tf.float32, name='x')\n"
            "def load(path):\n"
            "    with tf.Graph().as_default() as graph:\n"
            "        tf.import_graph_def(read(path), name='')\n"
            "    return graph\n"
            "graph = load('a')\n"
            "with tf.Session(graph=graph) as sess:\n    print(sess.run('y:0'))\n",
            "a second graph is made",
        ),
        # variables lose what was loaded
        (
            _LOAD + "sess.run(tf.global_variables_initializer())\n" + _RUN,
            "a loaded model's variables are initialized anew",
        ),
        # a model is loaded as the session runs
        (
            "sess = tf.Session()\nfor path in ['a', 'b']:\n"
            "    saver = tf.train.import_meta_graph(path + '.meta')\n"
            "    saver.restore(sess, path)\n    print(sess.run('y:0'))\n",
            "`tf.train.import_meta_graph` is called where the session already runs",
        ),
        (
            "sess = tf.Session()\nfor path in ['a', 'b']:\n"
            "    tf.saved_model.loader.load(sess, ['serve'], path)\n"
            "    print(sess.run('y:0'))\n",
            "graph is made where the session runs",
        ),
        # names and feeds that change as the session runs
        (
            _LOAD + "for n in ['y:0', 'z:0']:\n    t = sess.graph.get_tensor_by_name(n)\n"
            "    print(sess.run(t))\n",
            "`n` changes before",
        ),
        (_LOAD + "feed = {}\nfeed['x:0'] = 1\nprint(sess.run('y:0', feed))\n", "what is fed"),
        (_LOAD + "print(sess.run('y:0', {n: 1 for n in names}))\n", "what is fed"),
        (_LOAD + "print(sess.run(['y:0', 3]))\n", "not a value of this graph"),
        (_LOAD + "print(sess.run('y:0', {3: 1}))\n", "what is fed"),
        # sessions that functions return
        (
            "def load():\n    sess = tf.Session()\n"
            "    tf.saved_model.loader.load(sess, ['serve'], 'a')\n    return sess\n"
            "for i in range(2):\n    sess = load()\n    print(sess.run('y:0'))\n",
            "a function opens the session where another one may be",
        ),
        (
            "def load(path):\n    sess = tf.Session(graph=tf.Graph())\n"
            "    tf.saved_model.loader.load(sess, ['serve'], path)\n    return sess\n"
            "one = load('a')\ntwo = load('b')\nprint(one.run('y:0'), two.run('y:0'))\n",
            "a second graph is made",
        ),
        (
            "def load():\n    sess = tf.Session()\n"
            "    tf.saved_model.loader.load(sess, ['serve'], 'a')\n    sess.run('init')\n"
            "    return sess\nsess = load()\nprint(sess.run('y:0'))\n",
            "a session is used in a way that is not followed",
        ),
        (
            "def load():\n    sess = tf.Session()\n"
            "    tf.saved_model.loader.load(sess, ['serve'], 'a')\n    return sess\n"
            "print(load().run('y:0'))\n",
            "graph is made in a statement that runs it",
        ),
        (
            "def load():\n    sess = tf.Session()\n"
            "    tf.saved_model.loader.load(sess, ['serve'], 'a')\n    return sess, 1\n"
            "both = load()\nprint(both[0].run('y:0'))\n",
            "the session is not kept in a name",
        ),
        # what is not told
        ("tf.saved_model.loader.load(sess, ['serve'], 'a')\ns = tf.Session()\n", "which session"),
        (_LOAD + "tf.saved_model.loader.load(sess, *more)\n" + _RUN, "not told|`\\*`"),
        (_META + "saver.restore(sess, 'a')\nd = sess.graph.as_graph_def()\n" + _RUN, "other nodes"),
        # graphs made anew have other names
        (
            "x = tf.placeholder(tf.float32)\ny = x * 2\nsess = tf.Session()\n"
            "t = sess.graph.get_tensor_by_name('mul:0')\nprint(sess.run(t, {x: 1}))\n",
            r"`.get_tensor_by_name\(\)` of the session's graph",
        ),
    ],
)
def test_refused(source: str, reason: str) -> None:
    """What the lift cannot carry is told."""
    assert re.search(reason, refused(source)), refused(source)


def test_every_spelling_of_the_loader() -> None:
    """Keywords, their order and other ways to import the loader make the same call."""
    for call in (
        "tf.saved_model.loader.load(sess, ['serve'], 'a')",
        "tf.saved_model.load(sess, ['serve'], 'a')",
        "tf.compat.v1.saved_model.load(sess, ['serve'], 'a')",
    ):
        source = f"sess = tf.Session()\n{call}\n{_RUN}"
        assert build(source).startswith("tf2_bridge.import_saved_model(['serve'], 'a')\n"), call
    source = "tf.saved_model.loader.load(export_dir='a', sess=sess, tags=['serve'])"
    expected = "tf2_bridge.import_saved_model(export_dir='a', tags=['serve'])\n"
    assert build(f"sess = tf.Session()\n{source}\n{_RUN}").startswith(expected)
    source = "tf.saved_model.loader.load(tags=['serve'], export_dir='a', sess=sess)"
    expected = "tf2_bridge.import_saved_model(tags=['serve'], export_dir='a')\n"
    assert build(f"sess = tf.Session()\n{source}\n{_RUN}").startswith(expected)
    source = (
        "from tensorflow.python.saved_model import loader\n"
        "sess = tf.Session()\nloader.load(sess, ['serve'], 'a', import_scope='s')\n"
    )
    expected = "tf2_bridge.import_saved_model(['serve'], 'a', import_scope='s')\n"
    assert build(source + _RUN).startswith(expected)


def test_the_restore_of_an_import_is_of_the_build() -> None:
    """It comes ahead of what runs; a later one, of other values, comes where it stood."""
    text = lifted(_META + "saver.restore(sess, 'a')\n" + _RUN + "saver.restore(sess, 'b')\n" + _RUN)
    assert "        saver.restore('a')\n" in text
    assert "\nmodel.saver.restore('b')\n" in text
    text = lifted(_META + "for path in ['a', 'b']:\n    saver.restore(sess, path)\n    " + _RUN)
    assert "\n    model.saver.restore(path)\n" in text
    text = lifted(_META + _RUN + "saver.restore(sess, 'a')\n" + _RUN)
    assert "\nmodel.saver.restore('a')\n" in text


def test_initializers_ahead_of_a_restore_go() -> None:
    """The variables of an imported graph are restored, or have their initial values."""
    init = "sess.run(tf.global_variables_initializer())\n"
    for source in (_META + init + "saver.restore(sess, 'a')\n", init + _LOAD.partition("\n")[2]):
        text = lifted("sess = tf.Session()\n" + source + _RUN)
        assert "initialize" not in text


def test_operations_are_listed_as_they_were() -> None:
    """The placeholders that stand for variables are none of TensorFlow 1's operations."""
    source = _LOAD + "names = [op.name for op in sess.graph.get_operations()]\nprint(names)\n"
    assert "names = [op.name for op in tf2_bridge.graph_operations()]" in build(source + _RUN)


def test_a_name_of_the_graph_stays() -> None:
    """``graph`` is one in the build where something is asked of it."""
    source = "graph = tf.Graph()\nsess = tf.Session(graph=graph)\n"
    source += "with graph.as_default():\n    tf.saved_model.loader.load(sess, ['serve'], 'a')\n"
    assert "graph" not in build(source + _RUN)
    source += "y = graph.get_tensor_by_name('y:0')\nprint(sess.run(y))\n"
    assert build(source).startswith("graph = tf.compat.v1.get_default_graph()\n")


def test_names_that_change_are_looked_up_where_they_are() -> None:
    """In a loop or a function a name finds its part of the graph when it is known."""
    text = lifted(_LOAD + "for n in ['y:0', 'z:0']:\n    print(sess.run(n, {'x:0': 1}))\n")
    assert "\n    print(model.function(['x:0'], n)(1))\n" in text
    source = _LOAD + "x = sess.graph.get_tensor_by_name('x:0')\n"
    source += "def run(name, value):\n    return sess.run(name, {x: value})\nprint(run('y:0', 1))\n"
    assert "\n    return model.function([model.x], name)(value)\n" in lifted(source)
