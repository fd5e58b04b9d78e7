"""A class that cannot be lifted whole is left as it is, and the reason names the place."""

from __future__ import annotations

import pytest

from migrator.lift.classes import lift_classes
from migrator.lift.kinds import Refusal
from migrator.names import Module

HEAD = "import numpy as np\nimport tensorflow as tf\n\n\n"

MODEL = """class Model(object):
    def __init__(self, size):
        self.size = size
        self.x = tf.placeholder(tf.float32, [None, 2])
        self.w = tf.get_variable("w", [2, 1])
        self.y = tf.matmul(self.x, self.w)
        self.train_op = tf.train.AdamOptimizer().minimize(tf.reduce_sum(self.y))
        self.sess = tf.Session()
        self.sess.run(tf.global_variables_initializer())

    def predict(self, x):
        return self.sess.run(self.y, {self.x: x})
"""


def reason(text: str) -> str:
    """Return why ``text`` is not lifted."""
    with pytest.raises(Refusal) as caught:
        lift_classes(Module(text), "model.py")
    return str(caught.value)


def test_the_model_itself_lifts() -> None:
    """Without what the cases add, the class is lifted."""
    assert "tf.Session" not in lift_classes(Module(HEAD + MODEL), "model.py").text


#: what is added to the class -> the reason
METHODS = {
    "def grow(self):\n return self.sess.run(self.y + 1, {self.x: [[1, 2]]})": "is computed",
    "def grow(self):\n return self.sess.run(tf.square(self.y), {})": "is computed",
    "def add(self):\n self.z = tf.square(self.y)": "make graph, and nothing calls them together",
    "def more(self):\n return self.y * 2": "make graph, and nothing calls them together",
    "@property\ndef output(self):\n return self.y": "`output` uses `self.y` where no graph",
    "def run(self, op):\n return self.sess.run(op)": "not told in one place",
    "def run(self, feed):\n return self.sess.run(self.y, feed)": "as the caller gives it",
    "def feed(self, x):\n return self.sess.run(self.y, dict(zip([self.x], [x])))": "is computed",
    "def session(self):\n return self.sess": "the session is used in a way",
    "def hand(self, f):\n f(self.sess)": "the session is used in a way",
    "def trace(self, o, m):\n self.sess.run(self.y, {}, options=o, run_metadata=m)": "`options`",
    "def partial(self):\n self.sess.partial_run_setup([self.y])": "`.partial_run_setup()`",
    "def graph(self):\n return self.sess.graph.get_tensor_by_name('y:0')": "where no graph",
    "def swap(self):\n self.y = 3": "is set outside of the graph",
    "def __getattr__(self, name):\n return 1": "it defines `__getattr__`",
    "def get(self, name):\n return getattr(self, name)": "a computed string",
    "def put(self, name):\n setattr(self, name, self.y)": "`setattr` is called",
    "def function(self):\n pass": "is a name of tf.Module's own",
    "initialize = 3": "is a name of tf.Module's own",
    "def meta(self):\n s = tf.train.import_meta_graph('x')\n s.restore(self.sess, 'x')": "graph",
    "def count(self):\n self.sess.run(tf.local_variables_initializer())": "only some variables",
    "def each(self):\n return f'{self.sess.run(self.y)}'": "inside an f-string",
    "async def soon(self):\n return self.sess.run(self.y)": "asynchronous",
    "def queue(self):\n tf.train.start_queue_runners(sess=self.sess)": "nothing calls them",
    "def some(self):\n tf.train.Saver([self.w]).save(self.sess, 'x')": "`some` uses `self.w`",
    "def chk(self):\n s = tf.train.Saver()\n s.export_meta_graph('x')": "`.export_meta_graph()`",
    "def load(self, v):\n self.w.load(v, self.sess)": "`load` uses `self.w` where no graph",
}


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_cannot_be_carried_over(method: str) -> None:
    """One method that needs a session or the open graph holds the whole class."""
    lines = "".join(f"    {line}\n" for line in method.replace("\n ", "\n    ").split("\n"))
    assert METHODS[method] in reason(f"{HEAD}{MODEL}\n{lines}")


#: what is replaced in the class, by what -> the reason
CHANGES = {
    ("(object)", "(Base)"): "inherits from `Base`",
    ("(object)", "(object, Base)"): "inherits from `Base`",
    ("def __init__(self, size)", "def __init__(me, size)"): "is not `self`",
    ("class Model", "@register\nclass Model"): "is decorated",
    ("self.sess = tf.Session()", "self.sess = tf.Session()\n        self.predict([[1, 2]])\n"
     "        self.z = tf.square(self.y)"): "graph is made after the session ran",
    ("        self.sess = tf.Session()\n", "        if size:\n"
     "            self.sess = tf.Session()\n            self.sess.run(self.y)\n"
     "            self.z = tf.square(self.y)\n"): "made and run in one statement",
    ("        self.size = size\n", "        self.size = size\n"
     "        self.sess = tf.train.MonitoredTrainingSession()\n"): "session",
    ("    def __init__", "    scale = tf.constant(2.0)\n\n    def __init__"): "body of a class",
    ("def __init__(self, size)", "def __init__(self, size, sess)"): None,
    ("def __init__(self, size):\n", "def __init__(self, size, sess):\n"
     "        self.sess = sess\n"): "comes from another file",
}  # fmt: skip


@pytest.mark.parametrize("change", [change for change, told in CHANGES.items() if told])
def test_a_class_that_cannot_be_carried_over(change: tuple[str, str]) -> None:
    """What the class is, and how it builds, decides for all of it."""
    old, new = change
    assert old in MODEL
    told = CHANGES[change]
    assert told is not None and told in reason(HEAD + MODEL.replace(old, new))


#: a script behind the class -> the reason
SCRIPTS = {
    "m = Model(2)\nprint(m.y)\n": "beside the classes",
    "m = Model(2)\nz = tf.square(m.y)\n": "beside the classes",
    "x = tf.placeholder(tf.float32)\nm = Model(2)\n": "beside the classes",
    "for m in [Model(1)]:\n    print(m.sess.run(m.y))\n": "part of a model's graph",
    "def f(model):\n    return model.sess.run(model.y)\n\n\nf(Model(2))\n": "of a model's graph",
    "m = Model(2)\nm.sess.run(tf.variables_initializer([m.w]))\n": "is computed",
    "m = Model(2)\nsaver = tf.train.Saver()\nsaver.save(m.sess, 'x')\n": "saves the variables",
    "a, b = Model(2), Model(3)\nprint(tf.trainable_variables())\n": "beside the classes",
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_that_reaches_into_the_graph(script: str) -> None:
    """A script that uses parts of the graph in other ways than to run them holds the class."""
    assert SCRIPTS[script] in reason(f"{HEAD}{MODEL}\n\n{script}")


#: its variable gets a number in a graph that has one of its name already
NUMBERED = MODEL.replace('tf.get_variable("w", [2, 1])', "tf.Variable(tf.zeros([2, 1]))")


def test_models_that_share_a_saver_are_not_taken_apart() -> None:
    """Two models in one graph, and a Saver that holds the variables of both."""
    saving = NUMBERED + "\n    def save(self):\n        tf.train.Saver().save(self.sess, 'x')\n"
    script = "\n\nmodels = [Model(i) for i in range(2)]\n"
    assert "share the graph that is saved" in reason(HEAD + saving + script)
    assert lift_classes(Module(HEAD + saving + "\n\nmodel = Model(1)\n"), "model.py")


def test_models_that_share_collections_are_not_taken_apart() -> None:
    """Two models in one graph: the second would find the variables of the first."""
    asking = NUMBERED.replace("minimize(", "minimize(var_list=tf.trainable_variables(), loss=")
    script = "\n\na = Model(1)\nb = Model(2)\n"
    assert "share the graph that `tf.trainable_variables`" in reason(HEAD + asking + script)
    own = asking.replace(
        "        self.x = tf.pl", "        tf.reset_default_graph()\n        self.x = tf.pl"
    )
    assert lift_classes(Module(HEAD + own + script), "model.py")


def test_models_that_share_variables_are_not_taken_apart() -> None:
    """With ``AUTO_REUSE``, the second of two models has the variables of the first."""
    sharing = MODEL.replace(
        "        self.w",
        "        with tf.variable_scope('m', reuse=tf.AUTO_REUSE):\n            self.w",
    )
    script = "\n\na = Model(1)\nb = Model(2)\n"
    assert "may share variables" in reason(HEAD + sharing + script)
    assert lift_classes(Module(HEAD + sharing + "\n\na = Model(1)\n"), "model.py")


def test_models_that_cannot_share_a_graph_need_not_be_told_apart() -> None:
    """A variable of a fixed name is made once in a graph: two models never had one together."""
    saving = MODEL + "\n    def save(self):\n        tf.train.Saver().save(self.sess, 'x')\n"
    script = "\n\ndef train():\n    Model(1)\n\n\ndef use():\n    Model(1)\n"
    assert lift_classes(Module(HEAD + saving + script), "model.py")
    scoped = saving.replace(
        'self.w = tf.get_variable("w", [2, 1])',
        'with tf.variable_scope(str(size)):\n            self.w = tf.get_variable("w", [2, 1])',
    )
    assert "share the graph that is saved" in reason(HEAD + scoped + script)


def test_a_session_that_is_given_must_be_given_always() -> None:
    """A parameter for the session goes only where every call gives it the session."""
    given = MODEL.replace("size)", "sess, size)").replace("tf.Session()", "sess")
    script = "\n\nsess = tf.Session()\nmodel = Model({})\n"
    lifted = lift_classes(Module(HEAD + given + script.format("sess, 2")), "model.py").text
    assert "model = Model(2)" in lifted and "def __init__(self, size):" in lifted
    assert "without its session" in reason(HEAD + given + script.format("None, 2"))
    assert "comes from another file" in reason(HEAD + given)


def test_sessions_with_values_of_their_own_are_not_made_one() -> None:
    """Each session has its own values: a second one must set all of them before it runs."""
    start = "\n    def again(self, x):\n        with tf.Session() as sess:\n"
    run = "            return sess.run(self.y, {self.x: x})\n"
    init = "            sess.run(tf.global_variables_initializer())\n"
    assert "several sessions share" in reason(HEAD + MODEL + start + run)
    fresh = MODEL.replace("        self.sess.run(tf.global_variables_initializer())\n", "")
    fresh = fresh.replace("        self.sess = tf.Session()\n", "")
    fresh = fresh.split("\n    def predict")[0] + "\n"
    lifted = lift_classes(Module(HEAD + fresh + start + init + run), "model.py").text
    assert "        self.initialize()\n        return self._again(x)\n" in lifted
    assert "several sessions share" in reason(HEAD + fresh + start + run)


def test_a_session_may_not_be_of_another_graph() -> None:
    """A graph that a parameter brings, or a target, is not the one that is built here."""
    for options in ("graph=size", "'grpc://host'", "target='grpc://host'"):
        changed = MODEL.replace("tf.Session()", f"tf.Session({options})")
        assert "session" in reason(HEAD + changed)
    given = MODEL.replace("tf.Session()", "size or tf.Session()")
    assert "may be given, or not" in reason(HEAD + given)


def test_a_part_that_returns_early_is_not_moved() -> None:
    """What a `return` skips would be made after all."""
    early = MODEL.replace(
        "        self.train_op", "        if size < 3:\n            return\n        self.train_op"
    )
    assert "on some ways only" in reason(HEAD + early)


def test_a_step_is_read_from_its_variable() -> None:
    """`global_step` names files, and `tf.train.global_step` reads it."""
    counting = MODEL.replace(
        "        self.sess = tf",
        "        self.step = tf.train.get_or_create_global_step()\n        self.sess = tf",
    )
    save = (
        "\n    def save(self):\n        tf.train.Saver().save(self.sess, 'x', self.step)\n"
        "        return tf.train.global_step(self.sess, self.step)\n"
    )
    lifted = lift_classes(Module(HEAD + counting + save), "model.py").text
    assert "self.make_saver().save('x', self.step)\n        return int(self.step.numpy())" in lifted
    other = counting.replace("tf.train.get_or_create_global_step()", "tf.square(self.y)")
    told = reason(HEAD + other + save.split("return")[0])
    assert "`save` uses `self.step` where no graph is built" in told
    kept = save.replace("return tf", "step = tf") + "        return step\n"
    lifted = lift_classes(Module(HEAD + counting + kept), "model.py").text
    assert "step = int(self.step.numpy())" in lifted
    looked = save.replace("self.step)\n", "tf.train.get_global_step())\n", 1)
    told = reason(HEAD + counting + looked)
    assert "`save` uses `tf.train.get_global_step` where no graph is built" in told


def test_a_script_may_start_its_model_again() -> None:
    """Initializing once more, behind a run or in a loop, gives the one model new values."""
    given = MODEL.replace("size)", "sess, size)").replace("tf.Session()", "sess")
    given = given.replace("        self.sess.run(tf.global_variables_initializer())\n", "")
    script = (
        "\n\nsess = tf.Session()\nmodel = Model(sess, 2)\nfor fold in range(3):\n"
        "    sess.run(tf.global_variables_initializer())\n    print(model.predict([[1, 2]]))\n"
    )
    lifted = lift_classes(Module(HEAD + given + script), "model.py").text
    assert "for fold in range(3):\n    model.initialize()\n    print(" in lifted
    two = script.replace("for fold", "other = Model(sess, 3)\nfor fold")
    assert "initialized again" in reason(HEAD + given + two)
    local = script.replace("tf.global_", "tf.local_")
    assert "only some variables" in reason(HEAD + given + local)


def test_what_is_summarized_is_told() -> None:
    """A writer takes what a run gave, or a proto, which is serialized; nothing unknown."""
    writing = MODEL + "        return 1\n\n    def log(self, value):\n"
    writing += "        writer = tf.summary.FileWriter('logs')\n"
    proto = "        s = tf.Summary(value=[tf.Summary.Value(tag='v', simple_value=value)])\n"
    add = "        writer.add_summary(s, 1)\n"
    lifted = lift_classes(Module(HEAD + writing + proto + add), "model.py").text
    assert "write_raw_pb(s.SerializeToString(), step=1)" in lifted
    run = "        s, _ = self.sess.run([self.y, self.train_op], {self.x: value})\n"
    lifted = lift_classes(Module(HEAD + writing + run + add), "model.py").text
    assert "write_raw_pb(s, step=1)" in lifted
    unknown = add.replace("(s,", "(value,")
    assert "not told what is written" in reason(HEAD + writing + unknown)


def test_a_method_that_builds_at_its_first_call() -> None:
    """A guard keeps the second call from building again: it may not move into the build."""
    lazy = MODEL.replace(
        "        self.size = size\n",
        "        self.built = False\n\n    def build(self):\n"
        "        if self.built:\n            return\n        self.built = True\n",
    )
    lazy = lazy.replace(
        "        self.sess = tf",
        "\n    def fit(self):\n        self.build()\n        self.sess = tf",
    )
    assert "`fit` builds the graph at its first call" in reason(HEAD + lazy)
    inner = lazy.replace("        if self.built:\n            return\n", "")
    inner = inner.replace(
        "        self.build()\n", "        if not self.built:\n            self.build()\n"
    )
    assert "builds the graph at its first call" in reason(HEAD + inner)


def test_a_method_that_makes_a_graph_at_every_call() -> None:
    """An estimator that is fitted twice has two graphs, one after the other."""
    fresh = MODEL.replace(
        "        self.x = tf",
        "\n    def fit(self):\n        self.graph = tf.Graph()\n        self.x = tf",
    )
    script = "\n\nmodel = Model(1)\nmodel.fit()\n"
    assert "`fit` makes a new graph at every call" in reason(HEAD + fresh)
    assert "`fit` makes a new graph at every call" in reason(
        HEAD + fresh + script + "model.fit()\n"
    )
    assert lift_classes(Module(HEAD + fresh + script), "model.py")


def test_code_that_asks_whether_variables_have_values() -> None:
    """They have from the start: what such code does otherwise would be lost."""
    check = (
        "\n    def check(self):\n        try:\n            self.predict(0)\n"
        "        except tf.errors.FailedPreconditionError:\n            print('none')\n"
    )
    assert "tells whether variables are initialized" in reason(HEAD + MODEL + check)


def test_one_of_two_models_is_made() -> None:
    """Of the branches of a condition, one makes the model: there are not two of them."""
    saving = NUMBERED + "\n    def save(self):\n        tf.train.Saver().save(self.sess, 'x')\n"
    script = "\n\nif True:\n    model = Model(1)\nelse:\n    model = Model(2)\n"
    assert lift_classes(Module(HEAD + saving + script), "model.py")
    assert "share the graph that is saved" in reason(HEAD + saving + script + "Model(3)\n")


def test_two_sessions_at_once() -> None:
    """Each had values of its own; one after the other may use the same ones."""
    handed = MODEL.partition("        self.sess = ")[0] + (
        "\n    def predict(self, sess, x):\n        return sess.run(self.y, {self.x: x})\n\n\n"
        "model = Model(1)\n"
    )
    one = (
        "with tf.Session() as {0}:\n    {0}.run(tf.global_variables_initializer())\n"
        "    print(model.predict({0}, [[1, 2]]))\n"
    )
    turns = one.format("a") + one.format("b")
    assert "model.initialize()" in lift_classes(Module(HEAD + handed + turns), "model.py").text
    opened = turns.replace("with tf.Session() as a:\n    ", "a = tf.Session()\n")
    for both in (
        one.format("a") + "    " + one.format("b").replace("\n    ", "\n        "),
        opened.replace("\n    p", "\np", 1) + "print(model.predict(a, [[1, 2]]))\n",
    ):
        assert "several sessions share the graph" in reason(HEAD + handed + both)
    nothing = turns.replace("    b.run(tf.global_variables_initializer())\n", "")
    assert "several sessions share the graph" in reason(HEAD + handed + nothing)


def test_a_dimension_is_read_beside_the_graph() -> None:
    """Outside of a build, the sizes in a shape are plain numbers."""
    sizes = "\n    def sizes(self):\n        return [d.value for d in self.w.get_shape()]\n"
    assert "`Dimension` is read" in reason(HEAD + MODEL + sizes)
    width = "        self.width = self.w.shape[1].value\n"
    early = MODEL.replace("        self.y =", width + "        self.y =")
    late = MODEL.replace("initializer())\n", "initializer())\n" + width)
    assert "`Dimension` is read" in reason(HEAD + late)
    assert "self.w.shape[1].value" in lift_classes(Module(HEAD + early), "model.py").text
    script = "\n\nmodel = Model(1)\nprint(model.x.get_shape()[1].value)\n"
    assert "`Dimension` is read" in reason(HEAD + MODEL + script)
    kept = MODEL.replace("        self.y =", "        self.dims = self.w.shape\n        self.y =")
    for use, held in (("self.dims[0].value", True), ("self.dims.as_list()", False)):
        method = f"\n    def size(self):\n        return {use}\n"
        if held:
            assert "`Dimension` is read" in reason(HEAD + kept + method)
        else:
            assert use in lift_classes(Module(HEAD + kept + method), "model.py").text
    plain = "\n    def sizes(self):\n        return self.w.get_shape().as_list()\n"
    assert lift_classes(Module(HEAD + MODEL + plain), "model.py")


def test_an_import_inside_of_a_method_does_not_move() -> None:
    """What it binds would be missing where the graph is built."""
    local = MODEL.replace(
        "        self.size = size\n",
        "        self.size = size\n        from math import sqrt\n        print(size)\n",
    )
    local = local.replace("[2, 1]", "[2, int(sqrt(1))]")
    assert "`sqrt` is imported inside of the method" in reason(HEAD + local)


def test_a_seeded_op_that_several_functions_reach() -> None:
    """Each function has the op anew, and would draw its first numbers again."""
    noisy = MODEL.replace("(self.x, self.w)", "(tf.nn.dropout(self.x, 0.5, seed=3), self.w)")
    train = "\n    def train(self, x):\n        self.sess.run(self.train_op, {self.x: x})\n"
    assert "draw on from a seeded random op" in reason(HEAD + noisy + train)
    assert "def train(" in lift_classes(Module(HEAD + MODEL + train), "model.py").text
    assert "seed=3" in lift_classes(Module(HEAD + noisy), "model.py").text
    apart = noisy + "\n    def weights(self):\n        return self.sess.run(self.w)\n"
    assert "seed=3" in lift_classes(Module(HEAD + apart), "model.py").text
    given = 'tf.Variable(tf.random_normal([2, 1], seed=3), name="w")'
    starts = MODEL.replace('tf.get_variable("w", [2, 1])', given) + train
    assert "seed=3" in lift_classes(Module(HEAD + starts), "model.py").text
    helped = noisy.replace("tf.nn.dropout(self.x, 0.5, seed=3)", "self.noise()") + (
        "\n    def noise(self):\n        x = tf.nn.dropout(self.x, 0.5, seed=3)\n        return x\n"
    )
    assert "draw on from a seeded random op" in reason(HEAD + helped + train)


def test_the_bridge_is_imported_behind_the_imports_beside_tensorflow() -> None:
    """It is a module of the program's own."""
    head = HEAD.replace("as tf\n", "as tf\nimport os\nfrom math import sqrt\n")
    lifted = lift_classes(Module(head + MODEL), "model.py").text
    assert "as tf\nimport os\nfrom math import sqrt\nimport tf2_bridge\n\n\nclass" in lifted
