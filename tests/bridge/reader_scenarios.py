"""Read checkpoints by variable names, and write what was seen as JSON.

    python reader_scenarios.py tf1 OUT          TensorFlow 1.15's own readers
    python reader_scenarios.py v2_behavior OUT  the bridge's, and so on: see scenarios.py

Each scenario is given the prefix of a checkpoint: on TensorFlow 1.15 the one that its Saver wrote,
on TensorFlow 2 both that one, which is stored under ``data``, and what the bridge's Saver wrote.
``data/readers.json`` and ``data/reader_*`` are what the first line writes with WRITE_DATA=1.
"""

# ruff: noqa: UP031  (Python 3.7 and TensorFlow 1.15 run it too)

import json
import os
import sys
import traceback

import numpy as np
import scenarios

tf, KIND, Saver = scenarios.tf, scenarios.KIND, scenarios.Saver
error_of, plain = scenarios.error_of, scenarios.plain
DATA = os.path.join(scenarios.HERE, "data")
OLD = os.path.join(DATA, "reader")

if KIND == "tf1":
    from tensorflow.contrib import framework

    class readers:
        """The functions of 1.15.5 that the bridge's take the place of."""

        NewCheckpointReader = tf.train.NewCheckpointReader
        load_checkpoint = staticmethod(tf.train.load_checkpoint)
        load_variable = staticmethod(tf.train.load_variable)
        list_variables = staticmethod(tf.train.list_variables)
        init_from_checkpoint = staticmethod(tf.train.init_from_checkpoint)
        assign_from_checkpoint = staticmethod(framework.assign_from_checkpoint)
        assign_from_checkpoint_fn = staticmethod(framework.assign_from_checkpoint_fn)
        get_variables_to_restore = staticmethod(framework.get_variables_to_restore)

else:
    readers = scenarios.bridge

SCENARIOS = []


def scenario(function):
    """Register a function that takes an empty folder and a prefix and returns what it saw."""
    SCENARIOS.append(function)
    return function


def written(prefix):
    """Write the checkpoint that the scenarios read."""
    with tf.Graph().as_default():
        a = tf.get_variable("net/a", initializer=np.arange(6, dtype="float32").reshape(2, 3))
        tf.get_variable("net/b.c", initializer=np.float32([1.5, -2]), use_resource=True)
        tf.get_variable("net/deep/w", initializer=np.float64([[0.25]]))
        tf.get_variable("step", initializer=np.int64(7), trainable=False)
        tf.Variable([b"one", b"two"], name="words", trainable=False)
        whole = tf.get_variable("rows", initializer=np.arange(10, dtype="float32").reshape(5, 2))
        loss = tf.reduce_sum(a * a) + tf.reduce_sum(whole)
        train = tf.train.AdamOptimizer(0.1).minimize(loss, var_list=[a, whole])
        saver = Saver()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(train)
            return saver.save(session, prefix, write_meta_graph=False, write_state=False)


def initialized(variables):
    """Return the values that the variables' initializers give."""
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(variables)


def kind_of(function, *args):
    """Return the class of what the call raises."""
    return (error_of(function, *args) or [None])[0]


def parts(name, shape, count=2):
    """Make a partitioned variable, and return its parts."""
    partitioner = tf.fixed_size_partitioner(count)
    zeros = tf.zeros_initializer()
    return list(tf.get_variable(name, shape, partitioner=partitioner, initializer=zeros))


@scenario
def reader(folder, prefix):
    """The methods of the reader, and their errors."""
    one = readers.NewCheckpointReader(prefix)
    shapes = one.get_variable_to_shape_map()
    return {
        "shapes": shapes,
        "dtypes": {name: dtype.name for name, dtype in one.get_variable_to_dtype_map().items()},
        "values": {name: one.get_tensor(name) for name in shapes},
        "has": [one.has_tensor(name) for name in ("net/a", "net/b.c", "net", "nope", "net/a:0")],
        "missing": kind_of(one.get_tensor, "nope"),
        "still": one.get_tensor("step"),
        "described": sorted(one.debug_string().decode("utf-8").split("\n")),
        "no file": kind_of(readers.NewCheckpointReader, folder + "/nope"),
    }


@scenario
def functions(folder, prefix):
    """load_checkpoint, load_variable and list_variables, of a prefix and of a folder."""
    tf.train.update_checkpoint_state(folder, prefix)
    empty = folder + "/empty"
    os.makedirs(empty)
    return {
        "listed": readers.list_variables(prefix),
        "listed by folder": readers.list_variables(folder),
        "loaded": [readers.load_variable(prefix, name) for name in ("net/a", "net/a:0", "step")],
        "loaded by folder": readers.load_variable(folder, "net/b.c"),
        "by reader": readers.load_checkpoint(folder).get_tensor("words"),
        "type": str(readers.load_variable(prefix, "net/deep/w").dtype),
        "missing": kind_of(readers.load_variable, prefix, "nope"),
        "empty folder": kind_of(readers.list_variables, empty),
        "no file": kind_of(readers.list_variables, folder + "/nope"),
    }


@scenario
def renamed_names(folder, prefix):
    """A script that writes a checkpoint with other names, as many are written."""
    with tf.Session() as session:
        for name, _ in readers.list_variables(prefix):
            value = readers.load_variable(prefix, name)
            tf.Variable(value, name=name.replace("net/", "tower/"))
        session.run(tf.global_variables_initializer())
        new = Saver().save(session, folder + "/renamed", write_meta_graph=False)
    return {
        "listed": readers.list_variables(new),
        "values": [readers.load_variable(new, name) for name in ("tower/a", "step", "rows/Adam")],
    }


@scenario
def other_keys(folder, prefix):
    """The keys of a dict that a Saver is given are the names, in a checkpoint with few."""
    a = tf.get_variable("a", initializer=np.float32([1, 2]))
    with tf.Session() as session:
        session.run(a.initializer)
        new = Saver({"shadow/a.b/c": a}).save(session, folder + "/m", write_meta_graph=False)
    found = readers.NewCheckpointReader(new)
    return [
        readers.list_variables(new),
        found.get_tensor("shadow/a.b/c"),
        found.has_tensor("a"),
        readers.list_variables(prefix)[:2],
    ]


@scenario
def init_by_name_and_object(folder, prefix):
    """Single variables, by their names and as they are."""
    a = tf.get_variable("other/a", [2, 3])
    b = tf.Variable([0.0, 0.0], name="b")
    deep = tf.get_variable("deep", [1, 1], tf.float64)
    kept = tf.get_variable("kept", initializer=np.float32(3))
    readers.init_from_checkpoint(prefix, {"net/a": "other/a", "net/b.c": b, "net/deep/w": deep})
    return initialized([a, b, deep, kept])


@scenario
def init_by_scope(folder, prefix):
    """Scopes, the root among them; what get_variable did not make is not in a scope."""
    tf.placeholder(tf.float32, name="mine/deep/w")
    with tf.variable_scope("mine"):
        a = tf.get_variable("a", [2, 3])
        with tf.variable_scope("deep"):
            w = tf.get_variable("w", [1, 1], tf.float64)
        other = tf.Variable([5.0], name="other")
    with tf.variable_scope("all"):
        step = tf.get_variable("step", [], tf.int64)
        local = tf.get_variable("net/b.c", [2], collections=[tf.GraphKeys.LOCAL_VARIABLES])
    readers.init_from_checkpoint(prefix, {"net/": "mine/", "/": "all/"})
    with tf.Session() as session:
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        return [w.name, session.run([a, w, other, step, local])]


@scenario
def init_whole_graph(folder, prefix):
    """The root of the checkpoint into the root of the graph."""
    a = tf.get_variable("net/a", [2, 3])
    b = tf.get_variable("net/b.c", [2], use_resource=True)
    readers.init_from_checkpoint(prefix, {"/": "/"})
    return initialized([a, b])


@scenario
def init_from_a_folder(folder, prefix):
    """The latest checkpoint of a folder, with the names that a model asks for (as BERT's)."""
    tf.train.update_checkpoint_state(folder, prefix)
    a = tf.get_variable("net/a", [2, 3])
    tf.get_variable("head/w", [4])
    names = {v.op.name for v in tf.trainable_variables()}
    found = {name: name for name, _ in readers.list_variables(folder) if name in names}
    readers.init_from_checkpoint(folder, found)
    return [sorted(found), initialized(a)]


@scenario
def init_parts(folder, prefix):
    """Partitioned variables take their rows: by name, as a list and in a scope."""
    with tf.variable_scope("by_name"):
        one = parts("rows", [5, 2])
    two = parts("listed", [5, 2], 3)
    with tf.variable_scope("scoped"):
        three = parts("rows", [5, 2], 4)
    readers.init_from_checkpoint(prefix, {"rows": "by_name/rows"})
    readers.init_from_checkpoint(prefix, {"rows": two})
    readers.init_from_checkpoint(prefix, {"/": "scoped/"})
    return initialized([one, two, three])


@scenario
def init_errors(folder, prefix):
    """What the maps of no use raise."""
    tf.get_variable("a", [2, 3])
    tf.get_variable("in/extra", [2])
    init = readers.init_from_checkpoint
    return {
        "not in the checkpoint": kind_of(init, prefix, {"nope": "a"}),
        "shape": kind_of(init, prefix, {"net/b.c": "a"}),
        "not in the graph": kind_of(init, prefix, {"net/a": "nope"}),
        "scope lacks one": kind_of(init, prefix, {"net/": "in/"}),
        "no checkpoint": kind_of(init, folder + "/nope", {"net/a": "a"}),
        "empty": kind_of(init, prefix, {}),
        "scope of nothing": kind_of(init, prefix, {"net/": "elsewhere/"}),
    }


@scenario
def init_in_a_monitored_session(folder, prefix):
    """A managed session, which finalizes the graph, runs the initializers."""
    a = tf.get_variable("a", [2, 3])
    readers.init_from_checkpoint(prefix, {"net/a": "a"})
    with tf.train.MonitoredTrainingSession() as session:
        return session.run(a)


@scenario
def assigned(folder, prefix):
    """assign_from_checkpoint of a list, of a dict, and of parts."""
    a = tf.get_variable("net/a", [2, 3])
    step = tf.get_variable("step", [], tf.int64)
    b = tf.get_variable("b", [2], use_resource=True)
    rows = parts("rows", [5, 2])
    others = parts("others", [5, 2], 3)
    with tf.Session() as session:
        names = []
        for var_list in ([a, step, *rows], {"net/b.c": b, "rows": others}):
            op, feeds = readers.assign_from_checkpoint(prefix, var_list)
            session.run(op, feeds)
            names.append(sorted([fed.op.name, fed.shape.as_list()] for fed in feeds))
        return [names, session.run([a, step, b, rows, others])]


@scenario
def assign_errors(folder, prefix):
    """What assign_from_checkpoint raises, and what it leaves out."""
    a, nope = tf.get_variable("net/a", [2, 3]), tf.get_variable("nope", [1])
    _, feeds = readers.assign_from_checkpoint(prefix, [a, nope], ignore_missing_vars=True)
    wrong = {"net/a": tf.get_variable("flat", [6])}
    return {
        "kept": sorted(fed.op.name for fed in feeds),
        "missing": error_of(readers.assign_from_checkpoint, prefix, [nope]),
        "shape": kind_of(readers.assign_from_checkpoint, prefix, wrong),
        "empty": len(readers.assign_from_checkpoint(prefix, [])[1]),
        "no checkpoint": kind_of(readers.assign_from_checkpoint, folder + "/nope", [a]),
    }


@scenario
def assign_function(folder, prefix):
    """assign_from_checkpoint_fn of lists, dicts and parts, and with missing ones."""
    a = tf.get_variable("net/a", [2, 3])
    b = tf.get_variable("b", [2], use_resource=True)
    nope = tf.get_variable("nope", [1])
    rows = parts("rows", [5, 2])
    others = parts("others", [5, 2], 3)
    flat = tf.get_variable("flat", [6])
    make = readers.assign_from_checkpoint_fn
    functions = [
        make(prefix, [a, *rows]),
        make(prefix, {"net/b.c": b, "rows": others}),
        make(prefix, {"net/a": flat}, reshape_variables=True),
        make(prefix, [a, nope], ignore_missing_vars=True),
    ]
    tf.get_default_graph().finalize()
    with tf.Session() as session:
        for function in functions:
            function(session)
        return session.run([a, b, rows, others, flat])


@scenario
def assign_function_errors(folder, prefix):
    """What assign_from_checkpoint_fn raises, when it is called and when its result is."""
    a, nope = tf.get_variable("net/a", [3, 2]), tf.get_variable("nope", [1])
    make = readers.assign_from_checkpoint_fn
    with tf.Session() as session:
        return {
            "nothing found": make(prefix, [nope], ignore_missing_vars=True),
            "empty": error_of(make, prefix, []),
            "no checkpoint": kind_of(make(folder + "/nope", [a]), session),
            "no checkpoint, ignored": kind_of(make, folder + "/nope", [a], True),
            "missing": kind_of(make(prefix, [nope]), session),
            "shape": kind_of(make(prefix, [a]), session),
        }


@scenario
def assigned_from_what_comes_later(folder, prefix):
    """The checkpoint may be written after the function is made."""
    a = tf.get_variable("a", initializer=np.float32([1, 2]))
    b = tf.get_variable("b", initializer=np.float32([0, 0]))
    function = readers.assign_from_checkpoint_fn(folder + "/m", {"a": b})
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        Saver([a]).save(session, folder + "/m", write_meta_graph=False)
        function(session)
        return session.run(b)


@scenario
def variables_to_restore(folder, prefix):
    """Scopes taken and left out, as strings and as variable scopes."""
    with tf.variable_scope("net") as net:
        tf.get_variable("a", [1])
        with tf.variable_scope("logits"):
            tf.get_variable("w", [1])
    tf.get_variable("network", [1])
    tf.get_variable("local", [1], collections=[tf.GraphKeys.LOCAL_VARIABLES])
    tf.get_variable("step", [], tf.int64, trainable=False)

    def names(*args, **kwargs):
        return [v.op.name for v in readers.get_variables_to_restore(*args, **kwargs)]

    return {
        "all": names(),
        "included": names(["net"]),
        "scope": names([net]),
        "excluded": names(exclude=["net/logits", "step"]),
        "both": names(("net/", "step"), exclude=["net/logits"]),
        "twice": names(["net/a", "net"]),
        "wrong": [kind_of(names, "net"), kind_of(names, None, "net")],
    }


def main(out):
    """Run the scenarios; write OUT/results.json: what each saw of each checkpoint."""
    if KIND == "tf1":
        if os.environ.get("WRITE_DATA"):
            written(OLD)
        prefixes = {"old": OLD}
        if os.environ.get("BRIDGE_OUT"):
            prefixes = {"new": written(os.path.join(out, "new"))}
    else:
        prefixes = {"old": OLD, "new": written(os.path.join(out, "new"))}
    results = {}
    wanted = sys.argv[3:]
    for function in SCENARIOS:
        for age, prefix in prefixes.items():
            name = "%s of %s" % (function.__name__, age)
            if wanted and function.__name__ not in wanted:
                continue
            folder = os.path.join(out, name)
            os.makedirs(folder)
            with tf.Graph().as_default():
                try:
                    results[name] = {"saw": plain(function(folder, prefix), folder)}
                except Exception:
                    results[name] = {"failed": traceback.format_exc()}
                    print(name, results[name]["failed"], file=sys.stderr)
    paths = [os.path.join(out, "results.json")]
    if os.environ.get("WRITE_DATA"):
        paths.append(os.path.join(DATA, "readers.json"))
    for path in paths:
        with open(path, "w") as stream:
            stream.write(json.dumps(results, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[2]))
