"""Which signatures an export writes, and what its tensors are called, as far as code says it."""

from __future__ import annotations

import ast

import pytest

from migrator.exported import EXPORTERS, Signature, signatures_of, variables_of
from migrator.names import Module

HEAD = """\
import tensorflow as tf
from tensorflow.python.saved_model import signature_constants as constants
from tensorflow.python.saved_model.signature_def_utils import predict_signature_def
x = tf.placeholder(tf.float32, [None], name="x")
second = tf.placeholder(tf.float32, [None], "second")
y = tf.identity(x, name="y")
plain = tf.identity(x)
with tf.name_scope("scope"):
    scoped = tf.identity(x, name="scoped")
for i in range(2):
    looped = tf.identity(x, name="looped")
twice = tf.identity(x, name="twice")
again = tf.identity(x, name="twice")
layer = tf.layers.dense(x, 2, name="layer")
made = make(x)
found = tf.get_default_graph().get_tensor_by_name("found/it:0")
KEY = "key"
sess = tf.Session()
"""


def signatures(text: str) -> tuple[Signature, ...] | None:
    """Return what the one export of ``text`` writes."""
    module = Module(HEAD + text)
    (call,) = [
        module.parents[node]
        for node, symbol in module.references()
        if symbol.name in EXPORTERS and isinstance(module.parents[node], ast.Call)
    ]
    assert isinstance(call, ast.Call)
    return signatures_of(module, call)


@pytest.mark.parametrize(
    ("tensor", "name"),
    [
        ("x", "x:0"),
        ("second", "second:0"),
        ("y", "y:0"),
        ("found", "found/it:0"),
        ("tf.saved_model.utils.build_tensor_info(x)", "x:0"),
        ("plain", None),
        ("scoped", None),
        ("looped", None),
        ("twice", None),
        ("layer", None),
        ("made", None),
        ("unbound", None),
        ("x + 1", None),
        ("tf.identity(x, name=KEY)", None),
        ("tf.identity(x, name='a/b')", None),
    ],
)
def test_names_that_the_code_says(tensor: str, name: str | None) -> None:
    """Only an op with a name of its own, which no scope or loop changes, is called that."""
    got = signatures(f"tf.saved_model.simple_save(sess, 'e', {{'a': {tensor}}}, {{'b': y}})\n")
    assert got == (Signature("serving_default", (("a", name),), (("b", "y:0"),)),)


@pytest.mark.parametrize(
    ("sides", "known"),
    [
        ("{'a': x}, {'b': y}", True),
        ("inputs={'a': x}, outputs=dict(b=y)", True),
        ("inputs, {'b': y}", True),
        ("{KEY: x}, {constants.PREDICT_OUTPUTS: y}", True),
        ("changed, {'b': y}", False),
        ("{name(): x}, {'b': y}", False),
        ("{**inputs}, {'b': y}", False),
        ("dict(inputs, a=x), {'b': y}", False),
        ("{t.name: t for t in [x]}, {'b': y}", False),
        ("**both", False),
        ("*both", False),
    ],
)
def test_dicts_that_are_written_out(sides: str, known: bool) -> None:
    """Keys are texts and constants; what is computed or changed later is not known."""
    before = "inputs = {'a': x}\nchanged = {'a': x}\nchanged['c'] = x\n"
    got = signatures(f"{before}tf.saved_model.simple_save(sess, 'e', {sides})\n")
    assert (got is not None) is known


BUILD = (
    "builder = tf.saved_model.builder.SavedModelBuilder('e')\n"
    "one = predict_signature_def({{'a': x}}, {{'b': y}})\n"
    "{}builder.add_meta_graph_and_variables(sess, ['serve'], {})\nbuilder.save()\n"
)


@pytest.mark.parametrize(
    ("before", "given", "keys"),
    [
        ("", "signature_def_map={'k': one}", ["k"]),
        ("", "{'k': one, constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY: one}",
         ["k", "serving_default"]),
        ("sigs = {'k': one}\n", "sigs", ["k"]),
        ("", "{'k': tf.saved_model.build_signature_def({'a': x}, {'b': y}, 'm')}", ["k"]),
        ("", "{'k': make(one)}", None),
        ("sigs = {'k': one}\nsigs['l'] = one\n", "sigs", None),
        ("", "{'k': tf.saved_model.classification_signature_def(x, y, y)}", None),
        ("", "", None),
    ],
)  # fmt: skip
def test_signatures_of_builders(before: str, given: str, keys: list[str] | None) -> None:
    """The map that the builder is given is followed to the helpers that made its signatures."""
    got = signatures(BUILD.format(before, given))
    assert (None if got is None else [one.key for one in got]) == keys
    if got is not None:
        assert {(one.inputs, one.outputs) for one in got} == {((("a", "x:0"),), (("b", "y:0"),))}


def test_a_builder_in_an_attribute() -> None:
    """A class that keeps its builder and its tensors is read, too."""
    text = (
        "class Exporter:\n    def __init__(self):\n"
        "        self.x = tf.placeholder(tf.float32, name='z')\n"
        "        self.builder = tf.saved_model.Builder('e')\n"
        "    def run(self):\n"
        "        self.builder.add_meta_graph_and_variables(\n"
        "            sess, [], {'k': predict_signature_def({'a': self.x}, {'b': y})})\n"
    )
    assert signatures(text) == (Signature("k", (("a", "z:0"),), (("b", "y:0"),)),)


@pytest.mark.parametrize(
    ("text", "other", "name"),
    [
        ("def make():\n    return 1\nmake()\nmake()\n{}", "", "z:0"),
        ("class Net:\n    def __init__(self):\n        {}Net()\n", "", "z:0"),
        ("class Net:\n    def __init__(self):\n        {}Net()\nNet()\n", "", None),
        ("class Net:\n    def __init__(self):\n        {}", "Net()\nNet()\n", None),
        ("def go():\n    {}for i in range(2):\n    go()\n", "", None),
        ("def go():\n    {}with tf.name_scope('a'):\n    go()\n", "", None),
        ("tf.placeholder(tf.float32, [], 'z')\n{}", "", None),
        ("tf.identity(x, name='Z')\n{}", "", None),
        ("{}", "import tensorflow as tf\ntf.identity(1, name='z')\n", None),
    ],
)
def test_names_that_may_be_given_twice(text: str, other: str, name: str | None) -> None:
    """The second op of a name is called otherwise: only what is made once is sure of its own."""
    lines = (
        "z = tf.placeholder(tf.float32, name='z')\n",
        "tf.saved_model.simple_save(sess, 'e', {'a': z}, {'b': z})\n",
    )
    indent = text.partition("{}")[0].rpartition("\n")[2]
    indent = indent if not indent.strip() else ""
    module = Module(HEAD + text.format(indent.join(lines)))
    (node,) = module.by_name["simple_save"]
    call = module.parents[node]
    assert isinstance(call, ast.Call)
    found = signatures_of(module, call, (Module(other),) if other else ())
    assert found is not None
    assert found[0].inputs == (("a", name),)


@pytest.mark.parametrize(
    ("tensor", "text", "is_one"),
    [
        ("w:0", "tf.get_variable('w', [2])", True),
        ("w:0", "tf.get_variable(name='w', shape=[2])", True),
        ("w:0", "tf.Variable(1.0, name='w')", True),
        ("w:0", "tf.Variable(1.0, True, None, True, None, 'w')", True),
        ("a/b/w:0", "with tf.variable_scope('a/b'):\n    tf.get_variable('w', [2])", True),
        ("a/w:0", "tf.get_variable('a/w', [2])", True),
        ("a/w:0", "with g.name_scope('a'):\n    tf.Variable(1.0, name='w')", True),
        ("a/w:0", "tf.get_variable('w', [2])", False),
        ("w:1", "tf.get_variable('w', [2])", False),
        ("w/read:0", "tf.get_variable('w', [2])", False),
        ("w_1:0", "tf.get_variable('w', [2])", False),
        ("w:0", "tf.get_variable(NAME, [2])", False),
        ("w:0", "make.get_variable('w', [2])", False),
        ("w:0", "tf.get_variable('w', [2])\ntf.identity(1, name='w')", False),
        ("w:0", "tf.get_variable('w', [2])\nopen(path, 'w')", True),
    ],
)
def test_variables_that_the_code_names(tensor: str, text: str, is_one: bool) -> None:
    """A variable is what is made as one under a name written out, in scopes that are as well."""
    files = [Module("import tensorflow as tf\n"), Module(f"import tensorflow as tf\n{text}\n")]
    assert (tensor in variables_of(files)) is is_one
