"""What GraphModules do, each claim a function; run in one process by ``test_graph_module.py``.

    python graph_scenarios.py OUT

writes ``OUT/results.json``: by the name of each function "", or how it failed.
"""

from __future__ import annotations

import collections
import inspect
import json
import os
import sys
import threading
import traceback
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tensorflow as tf

if os.environ.get("VENDORED"):
    sys.path.insert(0, os.environ["VENDORED"])
    import tf2_bridge as bridge
else:
    from migrator import bridge

v1 = tf.compat.v1
OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()


class Module(bridge.GraphModule):
    """A module whose graph a function makes."""

    def __init__(self, make):
        super().__init__()
        self.build(make)

    @bridge.graph
    def build(self, make):
        """Make what ``make`` returns the attributes."""
        for name, value in make(self).items():
            setattr(self, name, value)


def feed(dtype, shape, name=None):
    """Return what tf.placeholder returned for these arguments."""
    return bridge.feed(tf.TensorSpec(shape, dtype, name=name))


def raised(kind, call, *texts):
    """Assert that ``call`` raises an error that says ``texts``."""
    said = None
    try:
        call()
    except kind as error:
        said = str(error)
    assert said is not None, f"{kind} was not raised"
    missing = [text for text in texts if text not in said]
    assert not missing, f"{missing} not in {said}"


def equal(one, other, tolerance=0.0):
    """Assert that two arrays agree, dtypes and shapes included."""
    one, other = np.asarray(one), np.asarray(other)
    assert one.dtype == other.dtype, (one.dtype, other.dtype)
    assert one.shape == other.shape, (one.shape, other.shape)
    if one.dtype.kind in "fc":
        assert np.abs(one - other).max(initial=0) <= tolerance, (one, other)
    else:
        assert (one == other).all(), (one, other)


# -- variables -------------------------------------------------------------------------------


def names_are_those_of_tensorflow_1():
    """Unnamed variables count up, get_variable obeys scopes and reuse, layers number themselves."""

    def make(self):
        one = tf.Variable(1.0)
        tf.Variable(1.0)
        with tf.name_scope("a"):
            tf.Variable(1.0, name="b")
            v1.get_variable("c", [1])
        with v1.variable_scope("d"):
            tf.Variable(1.0, name="b")
            e = v1.get_variable("e", [1])
        with v1.variable_scope("d", reuse=True):
            assert v1.get_variable("e", [1]) is e
            tf.Variable(1.0, name="b")
        x = feed(tf.float32, [None, 2])
        v1.layers.dense(v1.layers.dense(x, 2), 2)
        v1.get_variable("local", [1], collections=[v1.GraphKeys.LOCAL_VARIABLES])
        assert one.op.name == "Variable"
        assert [v.name for v in v1.local_variables()] == ["local:0"]
        return {"all": [v.name for v in v1.global_variables()]}

    assert Module(make).all == [
        *("Variable:0", "Variable_1:0", "a/b:0", "c:0", "d/b:0", "d/e:0", "d_1/b:0"),
        *("dense/kernel:0", "dense/bias:0", "dense_1/kernel:0", "dense_1/bias:0"),
    ]


def initial_values_may_be_tensors():
    """Computed initial values are those of the tensors, also where other variables are in them."""

    def make(self):
        drawn = tf.Variable(tf.random.normal([50]), name="drawn")
        twice = tf.Variable(drawn * 2.0, name="twice")
        copied = tf.Variable(drawn.initialized_value(), name="copied")
        plus = v1.get_variable("plus", initializer=tf.cast(copied, tf.float64) + 1.0)
        return {"all": self.function([], [drawn, twice, copied, plus])}

    module = Module(make)
    for _ in range(2):
        drawn, twice, copied, plus = module.all()
        assert np.std(drawn) > 0.5
        equal(twice, drawn * 2)
        equal(copied, drawn)
        equal(plus, drawn.astype("d") + 1)
        module.initialize()
        assert np.abs(drawn - module.all()[0]).max() > 0.1  # drawn anew


def states_are_fed_whole():
    """A tuple of tensors, such as the state of cells, takes the tuple that was fetched."""

    def make(self):
        cells = [v1.nn.rnn_cell.BasicLSTMCell(3) for _ in range(2)]
        cell = v1.nn.rnn_cell.MultiRNNCell(cells)
        x = feed(tf.float32, [None, None, 1])
        start = cell.zero_state(tf.shape(x)[0], tf.float32)
        outputs, end = v1.nn.dynamic_rnn(cell, x, initial_state=start)
        return {
            "start": self.function([x], start),
            "go": self.function([x, start], [outputs, end]),
            "named": self.function({"x": x, "state": start}, end),
            "whole": self.function([x], outputs),
        }

    module = Module(make)
    x = np.arange(8.0).reshape(2, 4, 1)
    state = module.start(x)
    first, state = module.go(x[:, :2], state)
    equal(module.named(x=x[:, 2:], state=state)[0].h.shape, (2, 3))
    again, _ = module.go(x[:, 2:], state)
    assert np.abs(again - module.whole(x[:, 2:])).max() > 1e-3  # from another state
    assert isinstance(state[0], v1.nn.rnn_cell.LSTMStateTuple) and first.shape == (2, 2, 3)
    raised(ValueError, lambda: module.go(x, state[0][:1]), "2 values are fed together")


def the_names_of_a_module_are_known():
    """Lifting knows the names that a class cannot have as it becomes a module."""
    sys.path.append(str(Path(__file__).parents[2]))
    from migrator.lift.graph_symbols import MODULE_NAMES

    module = Module(lambda self: {})
    own = {name for name in dir(module) if not name.startswith("__")} - {"build"}
    assert own <= MODULE_NAMES, own - MODULE_NAMES


def seeded_values_are_those_of_tensorflow_1():
    """Initial values with a seed, and what initializing again draws, are as TensorFlow 1.15.5's."""

    def make(self):
        shared = tf.random.normal([2], seed=9)
        like = v1.random_normal_initializer(seed=3)
        # equal seeds draw equal numbers, also where one is used twice
        kernels = [v1.get_variable(name, [2], initializer=like) for name in ("w", "u")]
        kernels += [tf.Variable(shared), tf.Variable(shared)]
        assert [one.op.name for one in kernels] == ["w", "u", "Variable", "Variable_1"]
        return {"kernels": self.function([], kernels), "w": kernels[0], "u": kernels[1]}

    module = Module(make)
    draws = [
        ([1.0616621, -0.8785783], [1.1550728, -0.4910573]),
        ([0.82711715, 1.6055218], [0.7115607, 0.00356077]),
        ([-0.1437783, 0.38763887], [0.94738454, 0.25184992]),
    ]
    for kernel, shared in draws:
        module.initialize()  # the first time, they have these values already
        for value, expected in zip(module.kernels(), [kernel, kernel, shared, shared], strict=True):
            equal(value, np.array(expected, "f"), 1e-7)
    one, other = Module(make), Module(make)
    one.w.assign([5.0, 5.0])
    one.initialize([one.u])
    assert one.w.numpy()[0] == 5.0
    equal(one.u.numpy(), other.u.numpy())


def many_initial_values_take_one_function():
    """Variables from tensors, however many, are made with a few functions, not one each."""
    kept, made = v1.wrap_function, []

    def counted(*args, **options):
        made.append(args)
        return kept(*args, **options)

    def make(self):
        h = feed(tf.float32, [None, 2])
        for index in range(30):
            with tf.name_scope(f"layer{index}"):
                w = tf.Variable(tf.random.normal([2, 2]), name="w")
                b = v1.get_variable(f"b{index}", [2], initializer=v1.random_uniform_initializer())
                h = tf.matmul(h, w) + b
        average = v1.train.ExponentialMovingAverage(0.9)
        apply = average.apply()
        return {"apply": self.function([], apply), "w": w, "b": b, "mean": average.average(w)}

    v1.wrap_function = counted
    try:
        module = Module(make)
    finally:
        v1.wrap_function = kept
    assert len(made) <= 3, len(made)
    assert module.w.numpy().std() > 0 and module.b.numpy().std() > 0
    equal(module.mean.numpy(), module.w.numpy())


def initializers_are_operations():
    """What initializes all, local or one variable can be fetched, and does it anew."""

    def make(self):
        w = v1.get_variable("w", [40], initializer=v1.random_normal_initializer())
        k = tf.Variable(3, name="k", trainable=False)
        s = tf.Variable(tf.random.uniform([40]), name="s")
        dense = v1.layers.Dense(4)
        dense(feed(tf.float32, [None, 40]))
        mean, update = v1.metrics.mean(feed(tf.float32, [], "value"))
        return {
            "add": self.function([], k.assign_add(1)),
            "all": self.function([], [w, s, dense.kernel, k]),
            "again": self.function([], v1.global_variables_initializer()),
            "local": self.function([], v1.local_variables_initializer()),
            "only": self.function([], k.initializer),
            "update": self.function(["value:0"], update),
            "mean": self.function([], mean),
            "ready": self.function([], v1.report_uninitialized_variables()),
        }

    module = Module(make)
    assert module.add() == 4 and module.add() == 5
    assert module.again() is None
    first = module.all()
    module.again()
    second = module.all()
    assert all(np.abs(a - b).max() > 0.01 for a, b in zip(first[:3], second[:3], strict=True))
    module.add()
    module.only()
    assert module.all()[3] == 3
    equal(module.all()[0], second[0])
    assert [module.update(v) for v in (1, 2, 6)] == [1.0, 1.5, 3.0]
    assert module.mean() == 3.0
    module.local()
    assert module.mean() == 0.0 and module.update(8.0) == 8.0
    assert module.ready().shape == (0,)


def initialize_takes_some_variables():
    """Initializing some leaves others, and slots go back to their beginnings."""

    def make(self):
        w = tf.Variable(2.0, name="w")
        u = tf.Variable(2.0, name="u")
        train = v1.train.AdamOptimizer(0.1).minimize(tf.square(w) + tf.square(u))
        return {"w": w, "u": u, "train": self.function([], train)}

    module = Module(make)
    module.train()
    moved = [v.numpy() for v in module.graph_variables]
    module.initialize([module.u])
    assert module.u.numpy() == 2.0 and module.w.numpy() == moved[0]
    module.initialize()
    module.train()
    for value, variable in zip(moved, module.graph_variables, strict=True):
        equal(variable.numpy(), value)


def a_seed_decides_initial_values():
    """set_random_seed makes initial values repeatable, within graph code as before it."""

    def make(self):
        v1.set_random_seed(5)
        return {"w": v1.get_variable("w", [9]), "v": tf.Variable(tf.random.normal([9]))}

    one, other = Module(make), Module(make)
    equal(one.w.numpy(), other.w.numpy())
    equal(one.v.numpy(), other.v.numpy())


def variables_are_objects_of_the_graph():
    """Variables and tensors are keys and members by identity while the graph is built."""

    def make(self):
        w = tf.Variable(tf.ones([2]), name="w")
        x = feed(tf.float32, [None, 7])
        assert len({w: 1, x: 2}) == 2 and w in [x, w] and x not in [w]
        assert set(v1.global_variables()) == {w} and (x == w) is False
        assert x.get_shape()[1].value == 7 and x.shape[0].value is None
        assert w.op.name == "w" and w.op.type == "VarHandleOp"
        with tf.control_dependencies([w, w.op]), v1.colocate_with(w):
            y = tf.identity(x)
        with tf.device("/gpu:0"):
            z = tf.Variable(1.0) + 1.0
        g = tf.group(w.assign([3.0, 4.0]), y)
        return {"go": self.function([x], [g, y, z]), "w": w}

    module = Module(make)
    assert module.go(np.ones((1, 7)))[2] == 2.0
    equal(module.w.numpy(), np.array([3, 4], "f"))
    assert tf.TensorShape([3])[0] == 3 and not isinstance(tf.constant(1) == 1, bool)


def trainable_may_be_any_object():
    """The frequent `tf.Variable(0.5, tf.float32)` makes a trainable variable, as it did."""
    module = Module(lambda self: {"w": v1.Variable(0.5, tf.float32), "k": v1.Variable(1, 0)})
    assert module.w.trainable is True and module.k.trainable is False


def shapes_need_not_be_validated():
    """A variable made with validate_shape=False takes values of any shape."""

    def make(self):
        v = v1.Variable([1.0, 2.0], validate_shape=False, name="v")
        assert v.shape.rank is None
        longer = v1.assign(v, [1.0, 2.0, 3.0], validate_shape=False)
        return {"v": self.function([], v), "longer": self.function([], longer)}

    module = Module(make)
    assert module.v().tolist() == [1, 2] and module.longer().tolist() == [1, 2, 3]
    assert module.v().tolist() == [1, 2, 3]


def ways_to_share_variables():
    """Custom getters, templates and AUTO_REUSE make the variables that they made."""

    def make(self):
        x = feed(tf.float32, [None])

        def twice(getter, name, *args, **kwargs):
            return getter(name, *args, **kwargs) * 2.0

        with v1.variable_scope("s", custom_getter=twice):
            w = v1.get_variable("w", [], initializer=v1.ones_initializer())
        times = v1.make_template("times", lambda z: z * v1.get_variable("q", []))
        y = times(times(x))
        with v1.variable_scope("auto", reuse=v1.AUTO_REUSE):
            assert v1.get_variable("u", [1]) is v1.get_variable("u", [1])
        names = [v.name for v in v1.global_variables()]
        return {"w": self.function([], w), "y": self.function([x], y), "names": names}

    module = Module(make)
    assert module.w() == 2.0 and module.names == ["s/w:0", "times/q:0", "auto/u:0"]
    q = module.graph_variables[1].numpy()
    equal(module.y([3.0]), np.array([3 * q * q], "f"), 1e-6)


def metrics_accumulate():
    """Metrics count in local variables, which their initializer resets."""

    def make(self):
        labels, scores = feed(tf.int64, [None]), feed(tf.float32, [None])
        chosen = tf.cast(scores > 0.5, tf.int64)
        made = [
            v1.metrics.accuracy(labels, chosen),
            v1.metrics.precision(labels, chosen),
            v1.metrics.recall(labels, chosen),
            v1.metrics.mean_iou(labels, chosen, 2),
            v1.metrics.auc(labels, scores),
        ]
        return {
            "update": self.function([labels, scores], [update for _, update in made]),
            "values": self.function([], [value for value, _ in made]),
            "reset": self.function([], v1.local_variables_initializer()),
        }

    module = Module(make)
    batch = ([0, 1, 1, 0], [0.1, 0.9, 0.3, 0.2])
    module.update(*batch)
    first = module.values()
    assert np.allclose(first, [0.75, 1.0, 0.5, (2 / 3 + 1 / 2) / 2, 1.0])
    module.update([1], [0.0])
    assert np.isclose(module.values()[0], 0.6)
    module.reset()
    module.update(*batch)
    assert module.values() == first


def a_module_has_all_variables():
    """tf.Module's collections hold the graph's variables, slots included."""

    def make(self):
        self.name = "mine"
        w = tf.Variable(1.0, name="w")
        return {"train": self.function([], v1.train.MomentumOptimizer(1.0, 0.9).minimize(w * w))}

    module = Module(make)
    assert {v.name for v in module.variables} == {"w:0", "w/Momentum:0"}
    assert [v.name for v in module.trainable_variables] == ["w:0"]
    assert module.name == "mine"
    path = tf.train.Checkpoint(model=module).write(str(OUT / "tracked"))
    assert len([name for name, _ in tf.train.list_variables(path) if "VARIABLE_VALUE" in name]) == 2


# -- what is run -----------------------------------------------------------------------------


def fetches_keep_their_structure():
    """Lists, tuples, dicts and named tuples come back as such; operations as None."""
    pair = collections.namedtuple("Pair", "one two")

    def make(self):
        w = tf.Variable([1.0, 2.0], name="w")
        x = feed(tf.float32, [None], "x")
        y = tf.identity(x * 2.0, name="y")
        table = v1.get_variable("table", [4, 2], initializer=v1.ones_initializer())
        rows = tf.nn.embedding_lookup(table, tf.constant([1, 1]))
        sparse = tf.SparseTensor([[0, 1]], [5], [2, 3])
        ordered = collections.OrderedDict([("b", y), ("a", [x, (y,)])])
        return {
            "many": self.function([x], [y, (x, w), {"k": y, 3: [w]}, pair(x, y)]),
            "ordered": self.function([x], ordered),
            "named": self.function(["x:0"], ["y:0", "y", "w:0", "w"]),
            "slices": self.function([], tf.gradients(rows, [table])[0]),
            "sparse": self.function([], sparse),
            "same": self.function([x], [x, x]),
            "nothing": self.function([], []),
            "ragged": self.function([], tf.RaggedTensor.from_row_splits([1, 2], [0, 2])),
        }

    module = Module(make)
    y, (_, w), mapped, two = module.many([3, 4])
    equal(y, np.array([6, 8], "f"))
    equal(w, np.array([1, 2], "f"))
    assert type(two) is pair and list(mapped) == ["k", 3]
    assert list(module.ordered([1])) == ["b", "a"]
    assert type(module.ordered([1])) is collections.OrderedDict
    assert type(module.ordered([1])["a"][1]) is tuple
    found = module.named([1])
    assert found[1] is None
    equal(found[2], found[3])
    assert module.slices().indices.tolist() == [1, 1] and module.slices().values.shape == (2, 2)
    assert module.sparse().values.tolist() == [5] and module.nothing() == []
    equal(module.same([1])[1], np.array([1], "f"))
    assert module.ragged().to_list() == [[1, 2]]
    raised(TypeError, lambda: module.function([], None), "None")
    raised(ValueError, lambda: module.function([], tf.constant(1.0)))


def values_are_those_of_a_session():
    """Scalars are NumPy's, strings bytes, and nothing that is returned changes later."""

    def make(self):
        w = tf.Variable([1.0], name="w")
        text = feed(tf.string, [None], "text")
        return {
            "add": self.function([], v1.assign_add(w, [1.0])),
            "w": self.function([], [w, w.read_value()]),
            "scalar": self.function([], tf.constant(1.5)),
            "text": self.function([text], [text, tf.strings.join([text, "!"])]),
        }

    module = Module(make)
    kept, read = module.w()
    equal(module.add(), np.array([2], "f"))
    assert kept.tolist() == read.tolist() == [1.0]
    assert type(module.scalar()) is np.float32
    texts, longer = module.text(["a", b"\xc3\xa9"])
    assert texts.tolist() == [b"a", b"\xc3\xa9"] and longer.tolist() == [b"a!", b"\xc3\xa9!"]
    assert module.text(np.array(["ü"]))[0].tolist() == ["ü".encode()]
    fed = np.array([5.0], "f")
    change = Module(
        lambda self: {
            "v": (v := tf.Variable([0.0])),
            "set": self.function(["x:0"], v.assign(feed(tf.float32, [1], "x"))),
        }
    )
    change.set(fed)
    fed[0] = 7.0
    equal(change.v.numpy(), np.array([5], "f"))


def feeds_are_cast_as_feed_dict_did():
    """Lists, Python numbers and other dtypes are cast; what does not fit is an error."""

    def make(self):
        x, k = feed(tf.float32, [None, 2], "x"), feed(tf.int32, [], "k")
        b, u = feed(tf.bool, None, "b"), feed(tf.uint8, [None], "u")
        keep = v1.placeholder_with_default(0.5, [], "keep")
        middle = tf.add(x, 1.0, name="middle")
        return {
            "all": self.function([x, k, b, u], [x, k, b, u]),
            "default": self.function([], keep * 2.0),
            "given": self.function([keep], keep * 2.0),
            "middle": self.function([middle], middle * 2.0),
            "unfed": self.function([x], [middle, k]),
            "unused": self.function([x, k], x),
        }

    module = Module(make)
    x, k, b, u = module.all([[1, 2]], 3.0, 1, [255])
    equal(x, np.array([[1, 2]], "f"))
    assert k == 3 and k.dtype == np.int32 and b is np.True_ and u.dtype == np.uint8
    module.all(np.ones((4, 2)), np.int64(1), [[True]], [])
    assert module.default() == 1.0 and module.given(4) == 8.0
    equal(module.middle([[1.0, 1.0]]), np.array([[2, 2]], "f"))
    module.unused([[1, 2]], 0)
    raised(tf.errors.InvalidArgumentError, lambda: module.unfed([[1, 2]]), "'k'", "int32")
    raised(ValueError, lambda: module.all([[1, 2, 3]], 1, True, []), "x:0", "(1, 3)", "(None, 2)")
    raised(TypeError, lambda: module.all([[1, 2]], 2**40, True, []), str(2**40))
    raised(TypeError, lambda: module.all([[1, 2]]), "4", "1")
    raised(ValueError, lambda: module.all([["a", "b"]], 1, True, []))


def sparse_tensors_are_fed():
    """A sparse feed takes a SparseTensorValue, a SparseTensor or a tuple of the three arrays."""

    def make(self):
        x = bridge.feed(tf.SparseTensorSpec([None, 3], tf.float32))
        dense = tf.sparse.to_dense(x)
        return {"dense": self.function([x], [dense, x])}

    module = Module(make)
    parts = ([[0, 1], [1, 2]], [4.0, 5.0], [2, 3])
    for value in (parts, v1.SparseTensorValue(*parts), tf.SparseTensor(*parts)):
        dense, sparse = module.dense(value)
        equal(dense, np.array([[0, 4, 0], [0, 0, 5]], "f"))
        assert sparse.dense_shape.tolist() == [2, 3]


def variables_cannot_be_fed():
    """Feeding a variable, as no graph of functions can, is refused where it is asked for."""

    def make(self):
        w = tf.Variable(1.0, name="w")
        raised(TypeError, lambda: self.function([w], w * 2.0), "w:0")
        raised(TypeError, lambda: self.function(["w:0"], w * 2.0), "w:0")
        return {}

    Module(make)


def variables_are_read_after_and_tensors_before():
    """Along with an update, a fetched variable is the new one, what reads it is the old one."""

    def make(self):
        w = tf.Variable(0.0, name="w")
        total = tf.Variable(tf.zeros([2000]), name="total")
        step = v1.train.get_or_create_global_step()
        rate = tf.cast(step, tf.float32) * 0.5
        norm = tf.reduce_sum(total)
        update = tf.group(
            v1.train.GradientDescentOptimizer(1.0).minimize(-w, global_step=step),
            v1.cond(step >= 0, lambda: total.assign_add(tf.ones([2000])), lambda: total),
        )
        looped = v1.while_loop(lambda i, _: i < 3, lambda i, y: (i + 1, y + w), [0, 0.0])[1]
        with tf.control_dependencies([update]):
            after = w.read_value() + looped * 0.0
        tensors = [rate, norm, w * 1.0, w.value(), looped / 3.0, after - 1.0]
        return {"go": self.function([], [update, w, step, *tensors])}

    module = Module(make)
    for at in range(1, 301):
        _, w, step, rate, norm, *tensors = module.go()
        assert (w, step) == (at, at)
        assert (rate, norm) == (0.5 * (at - 1), 2000 * (at - 1))
        assert tensors == [at - 1] * 4, (at, tensors)


def assignments_give_the_new_value():
    """The result of every kind of assignment is the variable after it."""

    def make(self):
        w = tf.Variable([1.0, 2.0, 3.0], name="w")
        k = v1.Variable(0, name="k", dtype=tf.int64)
        with tf.control_dependencies([w.assign_add([1.0, 1.0, 1.0])]):
            after = w.read_value() * 10.0
        return {
            "set": self.function([], v1.assign(w, [4.0, 5.0, 6.0])),
            "sub": self.function([], [v1.assign_sub(w, [1.0, 1.0, 1.0]), w]),
            "scatter": self.function([], v1.scatter_update(w, [1], [9.0])),
            "count": self.function([], v1.assign_add(k, 1)),
            "after": self.function([], after),
            "op": self.function([], w.assign([0.0, 0.0, 0.0]).op),
            "w": w,
        }

    module = Module(make)
    equal(module.set(), np.array([4, 5, 6], "f"))
    equal(module.sub()[0], np.array([3, 4, 5], "f"))
    equal(module.scatter(), np.array([3, 9, 5], "f"))
    assert [module.count() for _ in range(3)] == [1, 2, 3]
    equal(module.after(), np.array([40, 100, 60], "f"))
    assert module.op() is None and module.w.numpy().tolist() == [0, 0, 0]


def python_functions_are_called():
    """py_func and py_function run when called, and their code may change what is around."""
    calls = []

    def doubled(value):
        calls.append(value.tolist())
        return value * 2

    def make(self):
        x = feed(tf.float32, [None], "x")
        y = v1.py_func(doubled, [x], tf.float32)
        return {"go": self.function([x], [y, tf.py_function(lambda t: t + 1, [x], tf.float32)])}

    module = Module(make)
    first, second = module.go([1, 2])
    equal(first, np.array([2, 4], "f"))
    equal(second, np.array([2, 3], "f"))
    module.go([3])
    assert calls == [[1.0, 2.0], [3.0]]


def summaries_are_bytes_of_tensorflow_1():
    """Merged summaries are serialized Summary protos, without a warning about writers."""

    def make(self):
        x = feed(tf.float32, [None], "x")
        w = tf.Variable(3.0, name="w")
        v1.summary.scalar("mean", tf.reduce_mean(x))
        v1.summary.histogram(w.op.name, w)
        v1.summary.image("picture", tf.zeros([1, 2, 2, 1]))
        return {"merged": self.function([x], v1.summary.merge_all())}

    summary = v1.Summary.FromString(Module(make).merged([1, 3]))
    assert [one.tag for one in summary.value] == ["mean_1", "w_1", "picture/image/0"]
    assert summary.value[0].simple_value == 2.0


def summaries_can_be_written():
    """TensorFlow 2's writer writes what was merged, under its tag and step."""

    def make(self):
        x = feed(tf.float32, [], "x")
        v1.summary.scalar("loss", x)
        return {"merged": self.function([x], v1.summary.merge_all())}

    module = Module(make)
    folder = OUT / "logs"
    with tf.summary.create_file_writer(str(folder)).as_default():
        for step in range(3):
            tf.summary.experimental.write_raw_pb(module.merged(step * 0.5), step=step)
    (path,) = folder.iterdir()
    events = [one for one in v1.train.summary_iterator(str(path)) if one.summary.value]
    found = [
        (one.step, one.summary.value[0].tag, one.summary.value[0].simple_value) for one in events
    ]
    assert found == [(0, "loss", 0.0), (1, "loss", 0.5), (2, "loss", 1.0)]


def loops_and_branches_run():
    """while_loop, cond, scan, map_fn and their gradients compute what they say."""

    def make(self):
        x = feed(tf.float32, [None], "x")
        n = feed(tf.int32, [], "n")
        w = tf.Variable(2.0, name="w")
        _, power = v1.while_loop(
            lambda i, _: i < n, lambda i, y: (i + 1, y * w), [0, tf.reduce_sum(x)]
        )
        branch = v1.cond(n > 2, lambda: power, lambda: -power)
        scanned = tf.scan(lambda a, b: a + b * w, x)
        return {
            "go": self.function([x, n], [power, branch, scanned, tf.map_fn(lambda v: v * w, x)]),
            "gradient": self.function([x, n], tf.gradients(branch, [w, x])),
            "state": self.function([n], v1.cond(n > 2, lambda: w.assign(5.0), lambda: w.value())),
        }

    module = Module(make)
    power, branch, scanned, mapped = module.go([1, 2], 3)
    assert power == 24.0 and branch == 24.0
    assert scanned.tolist() == [1, 5] and mapped.tolist() == [2, 4]
    gradient, of_x = module.gradient([1, 2], 2)
    assert gradient == -12.0 and of_x.tolist() == [-4, -4]
    assert module.state(1) == 2.0 and module.state(3) == 5.0 and module.state(0) == 5.0


def dropout_and_noise_differ_from_run_to_run():
    """What is random is drawn at every call; with a seed, the sequence is that of the seed."""

    def make(self):
        drawn = tf.random.normal([5], seed=3)
        return {
            "one": self.function([], [drawn, drawn]),
            "drop": self.function([], tf.nn.dropout(tf.ones([100]), rate=0.5)),
        }

    module = Module(make)
    first, again = module.one()
    equal(first, again)
    assert np.abs(module.one()[0] - first).max() > 1e-3
    assert (module.drop() != module.drop()).any()


def tables_are_ready_when_made():
    """Lookup tables made by graph code answer without an initializer."""

    def make(self):
        words = feed(tf.string, [None], "words")
        keys, values = tf.constant(["a", "b"]), tf.constant([10, 20], tf.int64)
        contents = tf.lookup.KeyValueTensorInitializer(keys, values)
        found = v1.lookup.StaticHashTable(contents, -1).lookup(words)
        return {
            "find": self.function([words], found),
            "init": self.function([], v1.tables_initializer()),
            "export": bridge.serving({"a": ({"words": words}, {"found": found})}),
        }

    module, folder, loaded = exported(make, "tables")
    assert module.find(["b", "z", "a"]).tolist() == [20, -1, 10]
    module.init()
    assert module.find(["b"]).tolist() == [20]
    found = loaded.signatures["a"](words=tf.constant(["b", "z"]))["found"]
    assert found.numpy().tolist() == [20, -1]
    assert served(folder, "None_Lookup/LookupTableFindV2:0", {"words:0": ["a"]}).tolist() == [10]


def feeds_may_be_named():
    """A dict of feeds makes a function of keyword arguments, where those not needed may miss."""

    def make(self):
        x, y = feed(tf.float32, [], "x"), feed(tf.float32, [], "y")
        return {"add": self.function({"x": x, "y": y}, x + y)}

    module = Module(make)
    assert module.add(x=1, y=2) == 3.0
    raised(tf.errors.InvalidArgumentError, lambda: module.add(x=1), "'y'")
    raised(TypeError, lambda: module.add(z=1), "z")


# -- modules ---------------------------------------------------------------------------------


def instances_do_not_share():
    """A second module of a class has a graph and variables of its own, under the same names."""

    def make(self):
        w = v1.get_variable("w", [], initializer=v1.zeros_initializer())
        return {"w": w, "add": self.function([], v1.assign_add(w, 1.0))}

    one, other = Module(make), Module(make)
    one.add()
    assert one.add() == 2.0 and other.add() == 1.0
    assert one.w.name == other.w.name == "w:0"


def modules_made_in_a_build_are_part_of_it():
    """A model that graph code of another makes is built into the same graph."""

    def inner(self):
        with v1.variable_scope("inner"):
            w = v1.get_variable("w", [], initializer=v1.ones_initializer())
        self.mine = self.function([], w * 3.0)
        return {"w": w}

    def outer(self):
        model = Module(inner)
        u = v1.get_variable("u", [], initializer=v1.ones_initializer())
        return {"model": model, "sum": self.function([], model.w + u)}

    module = Module(outer)
    assert module.sum() == 2.0 and module.model.mine() == 3.0
    assert {v.name for v in module.variables} == {"inner/w:0", "u:0"}


def misuse_is_an_error():
    """A graph is built once, before it is used, and not where TensorFlow builds another."""

    class Empty(bridge.GraphModule):
        @bridge.graph
        def build(self):
            raised(RuntimeError, self.function([], tf.constant(1.0)), "not built")

        @bridge.graph
        def fails(self):
            tf.Variable(1.0, name="w")
            raise KeyError("mine")

    empty = Empty()
    raised(RuntimeError, lambda: empty.function([], "x:0"), "Empty")
    raised(KeyError, empty.fails, "mine")
    assert not isinstance(tf.constant(1) == 1, bool)
    empty.build()
    raised(RuntimeError, empty.build, "already")
    with tf.Graph().as_default():
        raised(RuntimeError, Empty().build, "eager")


def values_of_attributes_are_not_wrapped():
    """Lists and dicts that graph code keeps or returns are the very objects."""

    class Kept(bridge.GraphModule):
        @bridge.graph
        def build(self, layers):
            self.layers, self.nested = layers, {"a": [1]}
            return self.layers

    layers = [1, 2]
    module = Kept()
    assert module.build(layers) is layers and module.layers is layers
    assert type(module.nested) is dict and type(module.nested["a"]) is list


def threads_may_call():
    """Calls from several threads, of a function that none has called, give each its own answer."""

    def make(self):
        x = feed(tf.float32, [None, 4], "x")
        w = tf.Variable(tf.ones([4, 4]))
        count = tf.Variable(0)
        return {
            "go": self.function([x], tf.matmul(x, w)),
            "add": self.function([], count.assign_add(1, use_locking=True)),
            "count": count,
        }

    module = Module(make)
    wrong = []

    def work(number):
        for _ in range(50):
            value = np.full((2, 4), number, "f")
            if (module.go(value) != number * 4).any():
                wrong.append(number)
            module.add()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong and module.count.numpy() == 300


def builds_of_threads_are_apart():
    """Two threads may build two modules at the same time."""
    made = {}

    def make(number):
        def inner(self):
            w = tf.Variable(float(number), name="w")
            return {"w": self.function([], w)}

        made[number] = Module(inner).w()

    workers = [threading.Thread(target=make, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert made == {number: float(number) for number in range(4)}
    assert not isinstance(tf.constant(1) == 1, bool) and tf.TensorShape([3])[0] == 3


# -- checkpoints -----------------------------------------------------------------------------


def saved(**options):
    """Return a module with a Saver of two variables, one of them in a scope."""

    def make(self):
        with v1.variable_scope("a.b"):
            w = v1.get_variable("w", [2, 2])
        step = v1.train.get_or_create_global_step()
        v1.metrics.mean(w)  # has local variables, which are not saved
        return {
            "w": w,
            "step": step,
            "count": self.function([], v1.assign_add(step, 1)),
            "saver": self.make_saver(**options),
        }

    return Module(make)


def checkpoints_are_kept_as_tensorflow_1_kept_them():
    """Names, the state file and the deleting of old checkpoints are TensorFlow 1's."""
    home = OUT / "kept"
    home.mkdir()
    module = saved(max_to_keep=2)
    paths = [module.saver.save(str(home / "model"), global_step=n) for n in (1, 2, np.int64(3))]
    assert paths[-1] == str(home / "model-3") == tf.train.latest_checkpoint(str(home))
    assert module.saver.last_checkpoints == paths[1:]
    assert sorted(p.name for p in home.glob("*.index")) == ["model-2.index", "model-3.index"]
    module.count()
    assert module.saver.save(str(home / "model"), module.step) == str(home / "model-1")
    state = tf.train.get_checkpoint_state(str(home))
    assert list(state.all_model_checkpoint_paths) == [str(home / "model-3"), str(home / "model-1")]
    plain = saved(max_to_keep=None)
    for name in ("x", "y", "z"):
        plain.saver.save(str(home / name), latest_filename="other")
    assert len(list(home.glob("[xyz].index"))) == 3 and (home / "other").exists()
    padded = saved(pad_step_number=True, save_relative_paths=True)
    assert padded.saver.save(str(home / "p"), global_step=7) == str(home / "p-00000007")
    assert 'model_checkpoint_path: "p-00000007"' in (home / "checkpoint").read_text()
    raised(ValueError, lambda: plain.saver.save(str(home / "no" / "such" / "m")), "Parent")
    raised(ValueError, lambda: plain.saver.save(str(home / "checkpoint")), "collides")
    raised(ValueError, lambda: plain.saver.save(str(home / "m"), latest_filename="a/b"), "path")


def checkpoints_restore():
    """What was saved comes back, and nothing is half restored where something is missing."""
    home = OUT / "restore"
    home.mkdir()
    module = saved()
    kept = module.w.numpy()
    path = module.saver.save(str(home / "m"))
    for _ in range(2):  # the first time, they have these values
        module.initialize()
    assert np.abs(module.w.numpy() - kept).max() > 0
    module.saver.restore(path)
    equal(module.w.numpy(), kept)
    other = Module(
        lambda self: {
            "step": v1.train.get_or_create_global_step(),
            "more": tf.Variable(1.0, name="more"),
            "saver": self.make_saver(),
        }
    )
    other.step.assign(9)
    raised(tf.errors.NotFoundError, lambda: other.saver.restore(path), "more")
    assert other.step.numpy() == 9
    raised(ValueError, lambda: module.saver.restore(None), "None")
    raised(ValueError, lambda: module.saver.restore(str(home / "none")), "none")
    raised(ValueError, lambda: module.saver.restore(str(home)), "restore")
    raised(tf.errors.NotFoundError, lambda: module.saver.restore(str(home / "no" / "m")))

    def wider(self):
        with v1.variable_scope("a.b"):
            w = v1.get_variable("w", [4, 1])
        return {
            "w": w,
            "saver": self.make_saver([w]),
            "reshape": self.make_saver([w], reshape=True),
        }

    wide = Module(wider)
    raised(tf.errors.InvalidArgumentError, lambda: wide.saver.restore(path), "a.b/w", "(4, 1)")
    wide.reshape.restore(path)
    equal(wide.w.numpy(), kept.reshape(4, 1))
    raised(ValueError, lambda: Module(lambda self: {"s": self.make_saver()}), "No variables")


def savers_hold_what_existed_when_made():
    """A Saver made before the optimizer saves no slots; lists and dicts choose and rename."""
    home = OUT / "held"
    home.mkdir()

    def make(self):
        w = tf.Variable(2.0, name="w")
        early = self.make_saver()
        step = v1.train.MomentumOptimizer(0.1, 0.9).minimize(w * w)
        return {
            "w": w,
            "train": self.function([], step),
            "early": early,
            "late": self.make_saver(),
            "renamed": self.make_saver({"old/name": w}),
        }

    module = Module(make)
    module.train()

    def held(saver, name):
        found = tf.train.list_variables(saver.save(str(home / name)))
        return {key for key, _ in found if "VARIABLE_VALUE" in key}

    suffix = "/.ATTRIBUTES/VARIABLE_VALUE"
    assert held(module.early, "e") == {f"variables/w{suffix}"}
    assert held(module.late, "l") == {f"variables/w{suffix}", f"variables/w.SMomentum{suffix}"}
    assert held(module.renamed, "r") == {f"variables/old.Sname{suffix}"}


def sessions_and_modules_read_each_other():
    """TensorFlow 1's Saver, the bridge's in a session, and a GraphModule's exchange checkpoints."""
    home = OUT / "exchange"
    home.mkdir()

    def make(self=None):
        with v1.variable_scope("a"):
            w = v1.get_variable("w", [3])
        average = v1.train.ExponentialMovingAverage(0.5)
        with tf.control_dependencies([v1.assign_add(w, [1.0, 1.0, 1.0])]):
            update = average.apply([w])
        return w, update, average

    def in_module(self):
        w, update, average = make()
        return {
            "w": w,
            "update": self.function([], update),
            "saver": self.make_saver(),
            "averages": self.make_saver(average.variables_to_restore()),
        }

    module = Module(in_module)
    module.update()
    values = {v.name: v.numpy() for v in module.graph_variables}
    ours = module.saver.save(str(home / "ours"))
    with tf.Graph().as_default(), v1.Session() as sess:
        v1.disable_resource_variables()
        _, update, _ = make()
        for name, saver in (("v1", v1.train.Saver()), ("bridge", bridge_saver())):
            saver.restore(sess, ours)
            for variable in v1.global_variables():
                equal(sess.run(variable), values[variable.name])
            for _ in range(1 if name == "v1" else 2):
                sess.run(update)
            saver.save(sess, str(home / name))
        after = {v.name: sess.run(v) for v in v1.global_variables()}
        v1.enable_resource_variables()
    module.saver.restore(str(home / "bridge"))
    for variable in module.graph_variables:
        equal(variable.numpy(), after[variable.name])
    module.saver.restore(str(home / "v1"))
    assert np.abs(module.w.numpy() - after["a/w:0"]).max() > 0.1
    module.averages.restore(str(home / "v1"))
    reader = tf.train.load_checkpoint(str(home / "v1"))
    equal(module.w.numpy(), reader.get_tensor("a/w/ExponentialMovingAverage"))


def slots_kept_with_an_optimizer_are_found():
    """What a Checkpoint holds of an optimizer of TensorFlow 1 is restored by the names it had."""
    home = OUT / "slots"
    home.mkdir()
    w = tf.Variable([1.0, 2.0], name="w")
    optimizer = v1.train.MomentumOptimizer(0.1, 0.9)
    optimizer.apply_gradients([(tf.constant([1.0, 3.0]), w)])
    checkpoint = tf.train.Checkpoint(variables={"w": w}, optimizer=optimizer)
    path = checkpoint.write(str(home / "plain"))
    expected = {"w:0": w.numpy(), "w/Momentum:0": np.float32([1.0, 3.0])}

    def train():
        variable = tf.Variable([0.0, 0.0], name="w")
        return v1.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_sum(variable))

    def make(self):
        train()
        return {"saver": self.make_saver()}

    module = Module(make)
    module.saver.restore(path)
    assert {variable.name for variable in module.graph_variables} == set(expected)
    for variable in module.graph_variables:
        equal(variable.numpy(), expected[variable.name])
    with tf.Graph().as_default(), v1.Session() as sess:
        train()
        bridge_saver().restore(sess, path)
        for variable in v1.global_variables():
            equal(sess.run(variable), expected[variable.name])
    # a slot that is nowhere in the file is still missed
    checkpoint = tf.train.Checkpoint(variables={"w": w})
    raised(
        tf.errors.NotFoundError, lambda: module.saver.restore(checkpoint.write(path)), "w/Momentum"
    )


def older_files_restore():
    """Checkpoints of the format V1, and of variables that were partitioned, are read whole."""
    home = OUT / "older"
    home.mkdir()

    def make(self):
        return {"w": v1.get_variable("w", [4, 2]), "saver": self.make_saver()}

    module = Module(make)
    for name, partitioner, version in (
        ("first", None, v1.train.SaverDef.V1),
        ("parts", v1.fixed_size_partitioner(2), v1.train.SaverDef.V2),
    ):
        with tf.Graph().as_default(), v1.Session() as sess:
            w = v1.get_variable("w", [4, 2], partitioner=partitioner)
            sess.run(v1.global_variables_initializer())
            path = v1.train.Saver(write_version=version).save(sess, str(home / name))
            expected = sess.run(tf.convert_to_tensor(w))
        module.saver.restore(path)
        equal(module.w.numpy(), expected)


def bridge_saver():
    """Return the session tier's Saver, which a vendored bridge may not hold."""
    return getattr(bridge, "Saver", v1.train.Saver)()


def partitioned_variables_are_not_saved():
    """They compute as they did; a Saver of them is refused, as its files would be others."""

    def make(self):
        partitioner = v1.fixed_size_partitioner(2)
        w = v1.get_variable("w", [4, 2], partitioner=partitioner)
        x = feed(tf.float32, [None, 4])
        raised(ValueError, self.make_saver, "w/part_0")
        return {"go": self.function([x], [tf.matmul(x, w), tf.convert_to_tensor(w)])}

    product, w = Module(make).go(np.eye(4))
    equal(product, w)


# -- exports ---------------------------------------------------------------------------------


def exported(make, name):
    """Save what ``make`` serves; return the module, the folder and the loaded SavedModel."""
    module = Module(make)
    folder = str(OUT / name)
    with module.export(folder) as exported_module:
        tf.saved_model.save(
            exported_module, exported_module.export_dir, signatures=exported_module.signatures
        )
    return module, folder, tf.saved_model.load(folder)


def served(folder, fetch, feeds):
    """Run a SavedModel as TensorFlow Serving does."""
    with tf.Graph().as_default(), v1.Session() as sess:
        v1.saved_model.loader.load(sess, ["serve"], folder)
        return sess.run(fetch, feeds)


def exports_hold_what_signatures_need():
    """The model answers under TensorFlow 1's names, and holds neither slots nor other weights."""

    def make(self):
        x = feed(tf.float32, [None, 3], "x")
        keep = v1.placeholder_with_default(1.0, [], "keep")
        is_training = feed(tf.bool, [], "is_training")
        h = v1.layers.batch_normalization(v1.layers.dense(x, 4), training=is_training)
        cell = v1.nn.rnn_cell.GRUCell(2)
        outputs, _ = v1.nn.dynamic_rnn(cell, tf.expand_dims(h, 1), dtype=tf.float32)
        scores = tf.nn.softmax(tf.nn.dropout(outputs[:, 0], rate=1 - keep), name="scores")
        unused = tf.Variable(1.0, name="unused")
        train = v1.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(scores[:, 0]) + unused)
        outputs = {"scores": scores}
        return {
            "train": self.function([x, is_training], train),
            "scores": self.function([x, is_training], scores),
            "export": bridge.serving(
                {
                    "serving_default": ({"my input": x, "training": is_training}, outputs),
                    "full": ({"x": x, "keep": keep, "training": is_training}, outputs),
                }
            ),
            "bad": bridge.serving({"serving_default": ({"x": x}, outputs)}),
        }

    module, folder, loaded = exported(make, "export")
    x = np.random.RandomState(0).randn(5, 3).astype("f")
    expected = module.scores(x, False)
    signature = loaded.signatures["serving_default"]
    equal(signature(my_input=x, training=tf.constant(False))["scores"].numpy(), expected, 1e-6)
    names = {v.name.partition(":")[0] for v in loaded.graph_variables}
    assert names == {
        *("dense/kernel", "dense/bias", "rnn/gru_cell/gates/kernel", "rnn/gru_cell/gates/bias"),
        *("rnn/gru_cell/candidate/kernel", "rnn/gru_cell/candidate/bias"),
        *(f"batch_normalization/{n}" for n in ("beta", "gamma", "moving_mean", "moving_variance")),
    }
    equal(served(folder, "scores:0", {"x:0": x, "is_training:0": False}), expected, 1e-6)
    again = str(OUT / "export_again")
    tf.saved_model.save(loaded, again, signatures=loaded.signatures)
    signature = tf.saved_model.load(again).signatures["serving_default"]
    equal(signature(my_input=x, training=tf.constant(False))["scores"].numpy(), expected, 1e-6)
    raised(AssertionError, lambda: module.export(folder), "isn't empty")
    raised(ValueError, lambda: module.bad(str(OUT / "bad")), "is_training")
    assert not (OUT / "bad").exists()
    module.train(x, True)
    after = module.scores(x, False)
    assert np.abs(after - expected).max() > 1e-3
    with module.export(str(OUT / "later")) as exported_module:
        tf.saved_model.save(
            exported_module, exported_module.export_dir, signatures=exported_module.signatures
        )
    feeds = {"x:0": x, "is_training:0": False}
    equal(served(str(OUT / "later"), "scores:0", feeds), after, 1e-6)


def exports_keep_methods_tags_and_assets():
    """Classification over serialized examples, another tag set, and assets are carried."""
    words = OUT / "words.txt"
    words.write_text("a\nb\n")

    def make(self):
        examples = feed(tf.string, [None], "examples")
        parsed = v1.parse_example(examples, {"x": v1.FixedLenFeature([2], tf.float32)})
        scores = v1.layers.dense(parsed["x"], 2)
        classes = tf.tile(tf.constant([["no", "yes"]]), [tf.shape(scores)[0], 1])
        method = v1.saved_model.signature_constants.CLASSIFY_METHOD_NAME
        outputs = {"classes": classes, "scores": scores}
        signature = ({"inputs": examples}, outputs, method)
        return {
            "export": bridge.serving(
                {"predict_images": signature},
                tags=["serve", "gpu"],
                assets=[tf.constant(str(words))],
            ),
            "scores": self.function([examples], scores),
        }

    module = Module(make)
    folder = OUT / "classify"
    with module.export(str(folder)) as exported_module:
        tf.saved_model.save(
            exported_module, exported_module.export_dir, signatures=exported_module.signatures
        )
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=[1.0, 2.0]))
    example = tf.train.Example(features=tf.train.Features(feature={"x": feature}))
    text = example.SerializeToString()
    with tf.Graph().as_default(), v1.Session() as sess:
        meta = v1.saved_model.loader.load(sess, ["serve", "gpu"], str(folder))
        info = meta.signature_def["predict_images"]
        assert info.method_name == "tensorflow/serving/classify"
        found = sess.run(info.outputs["scores"].name, {info.inputs["inputs"].name: [text]})
    equal(found, module.scores([text]), 1e-6)
    assert (folder / "assets" / "words.txt").read_text() == "a\nb\n"


def exports_may_give_variables():
    """A variable as an output is its value, and signatures may share what they compute."""

    def make(self):
        w = tf.Variable([1.0, 2.0], name="w")
        x = feed(tf.float32, [2], "x")
        y = tf.identity(x * w, name="y")
        signatures = {"a": ({"x": x}, {"w": w, "y": y}), "b": ({}, {"w": w})}
        return {"export": bridge.serving(signatures)}

    _, folder, loaded = exported(make, "variables")
    equal(loaded.signatures["b"]()["w"].numpy(), np.array([1, 2], "f"))
    equal(served(folder, "y:0", {"x:0": [3, 3]}), np.array([3, 6], "f"))


def exports_refuse_what_is_not_saved():
    """Python code, and changes of variables, in a signature are named and nothing is written."""

    def make(self):
        x = feed(tf.float32, [None], "x")
        w = tf.Variable(1.0, name="w")
        y = v1.py_func(lambda value: value, [x], tf.float32, name="mine")
        return {"export": bridge.serving({"a": ({"x": x}, {"y": y * w})})}

    module = Module(make)
    raised(ValueError, lambda: module.export(str(OUT / "python")), "mine")
    assert not (OUT / "python").exists()


def main():
    """Run all, and write how each went."""
    OUT.mkdir(parents=True, exist_ok=True)
    results = {}
    helpers = {"feed", "raised", "equal", "saved", "bridge_saver", "exported", "served", "main"}
    for name, function in list(globals().items()):
        if not inspect.isfunction(function) or name in helpers:
            continue
        try:
            function()
            results[name] = ""
        except Exception:
            results[name] = traceback.format_exc()
    (OUT / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main()
