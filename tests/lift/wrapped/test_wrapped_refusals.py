"""What is not lifted, with the reason; and what stands close to it and is."""

from __future__ import annotations

import re
import textwrap

import pytest

from migrator.lift import Refusal
from migrator.lift.wrapped import lift_wrapped
from migrator.names import Module

_HEAD = "import numpy as np\nimport tensorflow as tf\n\n"
_NET = """
x = tf.placeholder(tf.float32, [None, 2])
y = tf.layers.dense(x, 1)
loss = tf.reduce_mean(tf.square(y))
train = tf.train.AdamOptimizer(0.1).minimize(loss)
"""


def lifted(source: str, head: str = _HEAD) -> str:
    """Return the lifted text of a script."""
    return lift_wrapped(Module(head + textwrap.dedent(source).lstrip("\n")), "net.py").text


def refused(source: str) -> str:
    """Return why a script is not lifted."""
    with pytest.raises(Refusal) as info:
        lifted(source)
    return info.value.sentence


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        # what is fetched or fed is not told
        ("sess.run([train, loss][0:n], {x: d})", "`n` changes before the graph is built"),
        ("sess.run(loss, make())", "it is not told what is fed"),
        ("sess.run(loss, {x: d, **more})", "it is not told what is fed"),
        ("sess.run('loss:0', {x: d})", "is not a value of this graph"),
        ("sess.run(d)", "is not a value of this graph"),
        ("sess.run(loss, {x: y})", "a graph value is fed"),
        ("v = tf.Variable(1.0)\nsess.run(v * y, {x: d, v: 2.0})", "a variable is fed"),
        ("sess.run(loss, {x: d}, options=o)", "`options` is not carried over"),
        ("sess.partial_run_setup([loss], [x])", "`.partial_run_setup()` of a session"),
        # graph made where the session runs
        ("for i in range(3):\n    sess.run(tf.layers.dense(x, 1), {x: d})", "`tf.layers.dense`"),
        ("for i in range(3):\n    z = tf.Variable(1.0)\n    sess.run(z)", "`tf.Variable`"),
        ("for i in range(3):\n    print(sess.run(y * i, {x: d}))", "`i` changes before"),
        ("v = sess.run(loss, {x: d})\nw = y * v\nsess.run(w, {x: d})", "`v` changes before"),
        # the graph itself
        ("print(sess.graph.get_operations())", "`.get_operations()` of the session's graph"),
        ("print(tf.get_default_graph().as_graph_def())", "`.as_graph_def()`"),
        ("sess.run(loss, {x: d})\ntf.reset_default_graph()\nz = tf.constant(1)", "is reset after"),
        ("g = tf.Graph()\nwith g.as_default():\n    z = tf.constant(1)", "a second graph"),
        # sessions
        ("two = tf.Session()\nsess.run(loss, {x: d})\nthree = tf.Session()", "a second session"),
        ("two = tf.Session()\nsess.run(loss, {x: d})\ntwo.run(loss, {x: d})", "a second session"),
        ("keep(sess)", "a session is used in a way that is not followed"),
        ("tf.train.start_queue_runners(sess=sess)", "queues have no place without a session"),
        # initialization
        (
            "v = tf.Variable(tf.reduce_sum(x))\n"
            "sess.run(tf.global_variables_initializer(), {x: d})\nsess.run(v)",
            "an initial value is fed",
        ),
        (
            "sess.run(loss, {x: d})\nsess.run(tf.variables_initializer([y]))",
            "some variables are initialized again",
        ),
        (
            "m = sess.run(loss, {x: d})\nsess.run(tf.local_variables_initializer())",
            "some variables are initialized again",
        ),
        (
            "v = tf.Variable(1.0)\nsess.run(v.assign(2))\nv.initializer.run()",
            "some variables are initialized again",
        ),
        ("tf.no_op(name='n').run()", "it is not told that an op is run here"),
        # host code
        ("keep(y)\nsess.run(loss, {x: d})\nkeep(y)", "before the session's runs"),
        ("sess.run(loss, {x: d})\nfor n in [y]:\n    keep(n)", "before the session's runs"),
        ("sess.run(y * np.random.rand(), {x: d})", "would come before the session's runs"),
        ("exec('y = 1')", "`exec` changes names unseen"),
        ("tf.log = np.log", "a part of TensorFlow is replaced"),
        # savers
        ("s = tf.train.Saver()\ns.export_meta_graph('m')", "`.export_meta_graph()` of a Saver"),
        ("tf.train.Saver([w]).save(sess, 'm')", "the Saver is not kept in a name"),
        ("w = tf.summary.FileWriter('l')\nw.add_session_log(1)", "`.add_session_log()`"),
    ],
)
def test_refused(rest: str, reason: str) -> None:
    """A precondition that does not hold is named, and nothing is changed."""
    head = _NET + "d = np.ones([1, 2])\nn = 1\nsess = tf.Session()\n"
    assert reason in refused(head + rest)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        # a host name that changes between where graph is made and where it is complete
        ("n = 2\nx = tf.placeholder(tf.float32, [n])\nn = 3\ny = x * n\n", "`n` changes before"),
        ("n = [2]\nx = tf.ones(n)\nn.append(3)\ny = tf.ones(n)\n", "`n` changes before"),
        ("n = np.ones(2)\nx = tf.constant(n)\nn[0] = 3\ny = x + n\n", "`n` changes before"),
        (
            "def f():\n    return tf.ones([n])\n\nn = 1\nx = f()\nn = 2\ny = f()\n",
            "`n` changes before",
        ),
        # ... under another name, by a method, by a function, through its class
        *(
            (
                "class C:\n    k = 2.0\n\n    def put(self, v):\n        self.k = v\n\n"
                "def put(c, v):\n    c.k = v\n\n"
                f"c = C()\nl = [c]\nx = tf.ones(2) * c.k\n{change}\ny = x + c.k\n",
                "what `c` is may change before",
            )
            for change in (
                *("c.put(3.0)", "put(c, 3.0)", "d = c\nd.k = 3.0", "C.k = 3.0"),
                *("for o in l:\n    o.k = 3.0", "l[0].put(3.0)", "np.copyto(c, 1)"),
            )
        ),
        (
            "a = np.ones(2)\nb = a[:1]\nx = tf.constant(a)\nb += 1\ny = x + tf.constant(a)\n",
            "what `a` is may change before",
        ),
        # a call of the graph changes what host code reads next
        (
            "n = 0\ndef count():\n    global n\n    n += 1\n    return n\n\n"
            "x = tf.ones(count())\nprint(n)\ny = tf.ones(count())\n",
            "what it calls changes `n`",
        ),
        # what is called in the graph passes what is called beside it
        (
            "x = tf.constant(np.random.rand(2))\nd = np.random.rand(2)\ny = x + d\n",
            "would come after",
        ),
        ("x = tf.ones(2)\nprint(x)\nprint('then')\ny = x\n", "would come after"),
        # made on some ways only
        (
            "x = tf.ones(2)\nif len('a') > 1:\n    y = x\nsess = tf.Session()\n"
            "if len('a') > 1:\n    sess.run(y)\n",
            "`y` is not made on every way",
        ),
        # a name that is both
        (
            "y = tf.ones(2)\nsess = tf.Session()\nfor i in range(2):\n    y = sess.run(y)\n",
            "`y` is a graph value, and changes in the loop",
        ),
        (
            "y = tf.ones(2)\nsess = tf.Session()\nif len('a'):\n    y = sess.run(y)\nprint(y)\n",
            "`y` may be a graph value or a host value",
        ),
        # a feed dictionary that depends on a condition
        (
            "x = tf.placeholder(tf.float32)\nk = tf.placeholder(tf.float32)\ny = x * k\n"
            "sess = tf.Session()\nif len('a'):\n    f = {x: 1, k: 2}\nelse:\n    f = {k: 1, x: 2}\n"
            "sess.run(y, f)\n",
            "what `f` feeds depends on a condition",
        ),
        (
            "x = tf.placeholder(tf.float32)\ny = x * 2\nf = {x: 1}\nf[x] = 2\n"
            "sess = tf.Session()\nsess.run(y, f)\n",
            "a feed dictionary is changed",
        ),
        # a seeded op whose numbers several runs draw on
        (
            "r = tf.random_uniform([2], seed=1)\ns = r * 2\nt = tf.nn.relu(s)\n"
            "with tf.Session() as sess:\n    print(sess.run(s), sess.run(t))\n",
            "several runs draw on from a seeded random op",
        ),
        (
            "def net(x, train=True):\n    if train:\n        x = tf.nn.dropout(x, 0.5, seed=1)\n"
            "    return x\n\nx = tf.ones(2)\na = net(x)\nb = net(x, True)\n"
            "with tf.Session() as sess:\n    print(sess.run(a), sess.run(b))\n",
            "several runs draw on from a seeded random op",
        ),
        (
            "tf.add_to_collection('losses', tf.random_normal([2], seed=1))\n"
            "s = tf.add_n(tf.get_collection('losses'))\nt = s * 2\n"
            "with tf.Session() as sess:\n    print(sess.run(s), sess.run(t))\n",
            "several runs draw on from a seeded random op",
        ),
        # TensorFlow's own loop does not find resource variables
        ("v = tf.Variable([1.0])\ny = tf.hessians(v ** 3, v)[0]\n", "`tf.hessians`"),
        # what a function or class makes where it is defined
        ("def f(a=tf.zeros(2)):\n    return a + 1\n\ny = f()\n", "is made where `f` is defined"),
        (
            "class A:\n    v = tf.Variable(1.0)\n\n    def f(self):\n        return self.v + 1\n\n"
            "y = A().f()\n",
            "is made where `A` is defined",
        ),
        # a value of a run is added to the graph
        (
            "y = tf.ones(2)\nz = tf.ones(2)\nsess = tf.Session()\nz += sess.run(y)\nsess.run(z)\n",
            "is added to a graph value",
        ),
        # a function that is handed different tensors
        (
            "y = tf.ones(2)\nz = tf.zeros(2)\n\ndef ask(sess, t):\n    return sess.run(t)\n\n"
            "with tf.Session() as sess:\n    ask(sess, y)\n    ask(sess, z)\n",
            "`t` stands for several things",
        ),
        # code that is not seen
        ("import net\nx = tf.ones(2)\ny = net.build(x)\n", "passed to `net.build`"),
        # classes
        (
            "class A:\n    def __init__(self):\n        self.sess = tf.Session()\n\na = A()\n"
            "x = tf.ones(2)\n",
            "the class `A` holds the session",
        ),
        # functions that are called several times name their variables anew
        (
            "def f():\n    x = tf.ones(2)\n    with tf.Session() as s:\n        return s.run(x)\n\n"
            "f()\nf()\n",
            "`f` is called several times",
        ),
    ],
)
def test_refused_graph(source: str, reason: str) -> None:
    """A graph that would come out as another one is left alone."""
    tail = "" if "Session" in source else "with tf.Session() as sess:\n    print(sess.run(y))\n"
    assert reason in refused(source + tail)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        # rebinding what the graph has read already, behind where it is complete
        (
            "n = 2\ny = tf.ones([n])\nn = 3\n"
            "with tf.Session() as sess:\n    print(sess.run(y), n)\n",
            "model.build()\nn = 3",
        ),
        # an empty list that graph code fills belongs to it
        (
            "c = []\nfor i in range(2):\n    c.append(tf.ones(i))\n"
            "with tf.Session() as sess:\n    print(sess.run(c))\n",
            "        c = []\n        for i in range(2):",
        ),
        # a builtin under a name that the graph takes later
        (
            "s = sum([1, 2])\nsum = tf.add_n([tf.ones(2)] * sum([s]))\n"
            "with tf.Session() as sess:\n    print(sess.run(sum))\n",
            "model.build(sum)",
        ),
        # what the build computes for host code
        (
            "x = tf.ones([2, 3])\nn = int(x.shape[1])\nwith tf.Session() as sess:\n"
            "    print(sess.run(x), n)\n",
            "print(model.x(), model.n)",
        ),
        # a name of the script's is not taken for the module of an export
        (
            "x = tf.placeholder(tf.float32)\ny = x * 2\nmodule = 'm'\n"
            "with tf.Session() as sess:\n"
            "    tf.saved_model.simple_save(sess, module, {'x': x}, {'y': y})\n",
            "with model.export(module) as exported:\n"
            "    tf.saved_model.save(exported, exported.export_dir,"
            " signatures=exported.signatures)",
        ),
        # initializers of single variables, at the start
        (
            "v = tf.Variable(1.0)\nwith tf.Session() as sess:\n    v.initializer.run()\n"
            "    sess.run([v.initializer])\n    print(v.eval())\n",
            "model.build()\nprint(model.v.numpy())",
        ),
        # a dimension is a number outside of the build
        (
            "x = tf.ones([2, 3])\ns = x.get_shape()\nwith tf.Session() as sess:\n"
            "    print(sess.run(x), x.shape[1].value, s[0].value, [d.value for d in x.shape])\n",
            "print(model.compute_x(), model.x.shape[1], model.s[0], [d for d in model.x.shape])",
        ),
        # an op of an assignment is run
        (
            "v = tf.Variable(1.0)\nsess = tf.InteractiveSession()\nprint(sess.run(v))\n"
            "v.assign_add(1.0).op.run()\n",
            "print(model.v.numpy())\nmodel.v.assign_add(1.0)",
        ),
        # seeds of initial values, of one run, and of a branch that is not taken
        (
            "def weights(shape):\n    initial = tf.truncated_normal(shape, seed=1)\n"
            "    return tf.Variable(initial)\n\nx = tf.ones(2)\nw = weights([2])\n"
            "def net(x, train=False):\n    if train:\n        x = tf.nn.dropout(x, 0.5, seed=1)\n"
            "    return x * w\n\na = net(x, True)\nb = net(x)\n"
            "with tf.Session() as sess:\n    print(sess.run(a), sess.run(b), sess.run(b * w))\n",
            "print(model.a(), model.b(), model.evaluate())",
        ),
        # the second initialization stays
        (
            "v = tf.Variable(1.0)\ni = tf.global_variables_initializer()\n"
            "with tf.Session() as sess:\n    for _ in range(2):\n        sess.run(i)\n"
            "        print(sess.run(v))\n",
            "    model.initialize()\n    print(model.v.numpy())",
        ),
        # assignments of host values
        (
            "v = tf.Variable(1.0)\nwith tf.Session() as sess:\n"
            "    sess.run(tf.global_variables_initializer())\n    for j in range(2):\n"
            "        sess.run(v.assign(j))\n        print(sess.run(tf.assign(v, j)))\n",
            "    model.v.assign(j)\n    print(model.v.assign(j).numpy())",
        ),
        # a function with a session of its own
        (
            "x = tf.placeholder(tf.float32)\ny = x * 2\n\ndef ask(sess, v):\n"
            "    return sess.run(y, {x: v})\n\nwith tf.Session() as s:\n    print(ask(s, 3))\n",
            "def ask(v):\n    return model.y(v)\n\nprint(ask(3))",
        ),
        # graph that is made in a loop, of what does not change
        (
            "x = tf.placeholder(tf.float32)\ny = x * 2\nwith tf.Session() as sess:\n"
            "    for i in range(2):\n        z = tf.square(y)\n"
            "        print(sess.run(z, {x: i}))\n",
            "for i in range(2):\n    print(model.z(i))",
        ),
        # a session in a condition
        (
            "v = tf.Variable(1.0)\ni = tf.global_variables_initializer()\nif len('a'):\n"
            "    with tf.Session() as sess:\n        sess.run(i)\n        print(sess.run(v))\n",
            "if len('a'):\n    model.initialize()\n    print(model.v.numpy())",
        ),
        # ops on host values are computed where they stand
        (
            "y = tf.ones(2)\nwith tf.Session() as sess:\n    for i in range(2):\n"
            "        print(sess.run(y), sess.run(tf.square(i)))\n",
            "print(model.y(), tf.square(i).numpy())",
        ),
        # an alias keeps its name
        (
            "F = tf.app.flags\nF.DEFINE_integer('n', 1, '')\ny = tf.ones([F.FLAGS.n])\n"
            "with tf.Session() as sess:\n    print(sess.run(y))\n",
            "F = tf.compat.v1.app.flags\nF.DEFINE_integer('n', 1, '')",
        ),
    ],
)
def test_lifted(source: str, wanted: str) -> None:
    """What stands close to a refusal, and is right, is lifted."""
    assert wanted in lifted(source)


def test_graph_of_another_file() -> None:
    """Functions of the program's other files are called in the build."""
    source = _HEAD + (
        "import net\nx = tf.placeholder(tf.float32)\ny = net.build(x)\n"
        "with tf.Session() as sess:\n    print(sess.run(y, {x: 1}))\n"
    )
    text = lift_wrapped(Module(source), "run.py", graph_names=frozenset({"net.build"})).text
    assert "        y = net.build(x)\n" in text
    assert "print(model.y(1))" in text


def test_the_bridge_is_imported_as_asked() -> None:
    """A package imports its bridge relative to itself."""
    source = _HEAD + "y = tf.ones(2)\nwith tf.Session() as sess:\n    print(sess.run(y))\n"
    text = lift_wrapped(Module(source), "run.py", "from . import tf2_bridge").text
    assert "import tensorflow as tf\nfrom . import tf2_bridge\n" in text
    found = lift_wrapped(Module(source), "run.py")
    assert found.parts == {"graph_module"}
    assert found.requirements == frozenset()


_LISTED = (
    "x = tf.placeholder(tf.float32)\nw = tf.Variable(1.0, name='w')\ny = x * w\n"
    "with tf.Session() as sess:\n    sess.run(tf.global_variables_initializer())\n"
    "    print(sess.run(y, {x: 1}))\n    {}\n"
).replace("{x: 1}", "{{x: 1}}")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "for v in tf.global_variables():\n        print(v, sess.run(v))",
            "graph is",
        ),
        ("for v in tf.global_variables():\n        sess.run(v.assign(v + 1))", "graph is made"),
        ("for v in tf.global_variables():\n        print(sess.run(v * w))", "graph is made"),
        (
            "for v in tf.global_variables():\n        print(sess.run(v))\n    print(v.name)",
            "graph is made",
        ),
        (
            "for v in tf.global_variables():\n        print(sess.run(v))\n"
            "    u = tf.get_variable('u', [])",
            "graph is made behind a list",
        ),
        ("for v in tf.global_variables():\n        v.load(y, sess)", "which value a variable"),
        ("for v in tf.global_variables():\n        v.load(3.0)", "is given a value"),
    ],
)
def test_variables_that_are_listed(code: str, reason: str) -> None:
    """They are asked for names and values, and the list is what it was."""
    assert re.search(reason, refused(_LISTED.format(code)))


@pytest.mark.parametrize(
    ("code", "new"),
    [
        ("sess.run(tf.assign(v, 2))", "v.assign(2)"),
        ("sess.run(v.assign(2))", "v.assign(2)"),
        ("v.load(3.0, sess)", "v.assign(3.0)"),
        ("v.load(value=3.0, session=sess)", "v.assign(3.0)"),
    ],
)
def test_listed_variables_are_given_values(code: str, new: str) -> None:
    """A host value that a run assigned is assigned."""
    text = lifted(_LISTED.format(f"for v in tf.global_variables():\n        {code}"))
    assert f"for v in model.listed_variables:\n    {new}\n" in text


def test_a_listed_name_means_the_loop_around_it() -> None:
    """The same name may go through other things in other loops."""
    code = (
        "for v in tf.global_variables():\n        print(v.name, sess.run(v))\n"
        "    for v in [1, 2]:\n        print(v, sess.run(y, {x: v}))"
    )
    text = lifted(_LISTED.replace("{}", "{0}").replace("{0}", code).replace("{{x: 1}}", "{x: 1}"))
    assert "for v in model.listed_variables:\n    print(v.name, v.numpy())" in text
    assert "for v in [1, 2]:\n    print(v, model.y(v))" in text


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("m.saver = None", "session|Saver|host"),
        ("m.saver.save(sess, 'm')\n    m.other.saver.save(sess, 'm')", "followed|Saver"),
        ("m.saver.recover_last_checkpoints(['m'])", "`.recover_last_checkpoints\\(\\)`"),
        ("print(m.saver)", "saver|host"),
    ],
)
def test_savers_that_objects_hold(code: str, reason: str) -> None:
    """A Saver stays the one that its class made, and saves and restores."""
    source = (
        "class M:\n    def __init__(self):\n        self.w = tf.Variable(1.0)\n"
        "        self.saver = tf.train.Saver()\n\n\nm = M()\nwith tf.Session() as sess:\n"
        "    sess.run(tf.global_variables_initializer())\n    print(sess.run(m.w))\n    "
    )
    assert "m.saver.save('m')" in lifted(f"{source}m.saver.save(sess, 'm')\n")
    assert re.search(reason, refused(f"{source}{code}\n"))


def test_a_function_that_a_loop_goes_through() -> None:
    """What a loop goes through is computed once; what stands in it is not."""
    source = (
        "def scores(n):\n    y = tf.ones([n])\n    with tf.Session() as sess:\n"
        "        return sess.run(y)\n\n\n"
    )
    assert "model.y()" in lifted(source + "for s in scores(3):\n    print(s)\n")
    for again in (
        "for i in range(2):\n    print(scores(i))\n",
        "print([scores(i) for i in range(2)])\n",
        "for s in (scores(i) for i in range(2)):\n    print(s)\n",
        "for i in range(2):\n    for s in scores(i):\n        print(s)\n",
    ):
        assert "is called in a loop" in refused(source + again)


@pytest.mark.parametrize("name", ["build", "net.build", "sqrt"])
def test_an_import_inside_of_a_function_does_not_move(name: str) -> None:
    """What it binds would be missing where the graph is built."""
    imports = {"build": "from net import build", "net.build": "import net"}
    line = imports.get(name, "from math import sqrt")
    source = (
        "import tensorflow as tf\n\n\ndef main():\n    {inner}\n"
        f"    x = tf.placeholder(tf.float32)\n    y = x * {name}(2.0)\n"
        "    with tf.Session() as sess:\n        print(sess.run(y, {{x: 3}}))\n\n\nmain()\n"
    )
    names = frozenset({"net.build"})
    inside = Module(source.format(inner=line))
    with pytest.raises(Refusal, match="is imported inside of the function"):
        lift_wrapped(inside, "main.py", graph_names=names)
    above = Module(f"{line}\n" + source.format(inner="pass"))
    assert f"{name}(2.0)" in lift_wrapped(above, "main.py", graph_names=names).text
    beside = source.format(inner="from os import getcwd; print(getcwd())")
    beside = beside.replace(f"{name}(2.0)", "2.0")
    assert "getcwd" in lift_wrapped(Module(beside), "main.py").text
