"""Run every bridge scenario in one process and write what was seen as JSON.

    python scenarios.py tf1 OUT          TensorFlow 1.15 and its own Saver and builder
    python scenarios.py v2_behavior OUT  TensorFlow 2 and the bridge, disable_v2_behavior()
    python scenarios.py eager OUT        the same, disable_eager_execution() only
    python scenarios.py graph OUT        the same, eager with tf.Graph().as_default()

The same functions run in all four.  Runs under Python 3.7, so it uses its syntax only.
``data/tf1.json`` and ``data/name_based.*`` are what the first line writes with WRITE_DATA=1.
"""

# ruff: noqa: UP031, RUF005  (Python 3.7 and TensorFlow 1.15 run it too)

import json
import os
import sys
import traceback
import warnings

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import numpy as np

KIND = sys.argv[1] if len(sys.argv) > 1 else ""
HERE = os.path.dirname(os.path.abspath(__file__))

if KIND == "tf1":
    import tensorflow as tf

    Saver = tf.train.Saver
else:
    import tensorflow.compat.v1 as tf

    if KIND == "v2_behavior":
        tf.disable_v2_behavior()
    elif KIND == "eager":
        tf.disable_eager_execution()
    if os.environ.get("VENDORED"):  # the folder of a tf2_bridge.py
        sys.path.insert(0, os.environ["VENDORED"])
        import tf2_bridge as bridge
    else:
        sys.path.insert(0, os.path.dirname(os.path.dirname(HERE)))
        from migrator import bridge
    Saver = bridge.Saver
    SessionModule, session_module = bridge.SessionModule, bridge.session_module

tf.logging.set_verbosity(tf.logging.ERROR)

SCENARIOS = []


def scenario(function):
    """Register a function that takes an empty folder and returns what it saw."""
    SCENARIOS.append(function)
    return function


def plain(value, folder):
    """Return ``value`` in JSON's types, with the folder's path replaced."""
    if isinstance(value, dict):
        return {plain(k, folder): plain(v, folder) for k, v in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [plain(v, folder) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), folder)
    if isinstance(value, np.generic):
        return plain(value.item(), folder)
    if isinstance(value, bytes):
        return plain(value.decode("utf-8"), folder)
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, str):
        return value.replace(folder, "$DIR")
    return value


def error_of(function, *args, **kwargs):
    """Return the class and the message of what the call raises, or None."""
    try:
        function(*args, **kwargs)
    except Exception as error:
        return [type(error).__name__, str(error)]
    return None


def main(out):
    """Run the scenarios; write OUT/results.json, and keep what they saved in OUT."""
    results = {}
    wanted = sys.argv[3:]
    for function in SCENARIOS:
        name = function.__name__
        if wanted and name not in wanted:
            continue
        folder = os.path.join(out, name)
        os.makedirs(folder)
        tf.reset_default_graph()
        with tf.Graph().as_default():
            try:
                results[name] = {"saw": plain(function(folder), folder)}
            except Exception:
                results[name] = {"failed": traceback.format_exc()}
                print(name, results[name]["failed"], file=sys.stderr)
    paths = [os.path.join(out, "results.json")]
    if KIND == "tf1" and os.environ.get("WRITE_DATA"):
        paths.append(os.path.join(HERE, "data", "tf1.json"))
    for path in paths:
        with open(path, "w") as stream:
            stream.write(json.dumps(results, indent=1, sort_keys=True) + "\n")


# --- checkpoints ---------------------------------------------------------------------------


def variables():
    """Make three variables of known values: reference, resource and one of another dtype."""
    a = tf.get_variable("net/a", initializer=np.arange(6, dtype="float32").reshape(2, 3))
    b = tf.get_variable("net/b", initializer=np.float32([1.5, -2]), use_resource=True)
    step = tf.get_variable("step", initializer=np.int64(7), trainable=False)
    return a, b, step


def started():
    """Return a session with initialized variables and tables."""
    session = tf.Session()
    session.run([tf.global_variables_initializer(), tf.tables_initializer()])
    return session


def files(folder):
    """Return the names of the files in a folder."""
    return sorted(os.listdir(folder))


def state(folder, name="checkpoint"):
    """Return the text of a checkpoint state file."""
    with open(os.path.join(folder, name)) as stream:
        return stream.read()


def names_in(prefix):
    """Return the TF1 names under which a checkpoint holds values."""
    keys = [key for key, _ in tf.train.list_variables(prefix)]
    names = []
    for key in keys:
        if "_CHECKPOINTABLE_OBJECT_GRAPH" in keys and key.startswith("variables/"):
            key = key.split("/")[1].replace("..", "\0").replace(".S", "/").replace("\0", ".")
        if key != "_CHECKPOINTABLE_OBJECT_GRAPH":
            names.append(key)
    return sorted(names)


def changed_and_restored(session, saver, prefix, held):
    """Zero the variables, restore, and return their values."""
    session.run([tf.assign(v, tf.zeros_like(v)) for v in held])
    saver.restore(session, prefix)
    return session.run(list(held))


@scenario
def names_and_state(folder):
    """Prefixes returned, files written and the state file, with and without global_step."""
    held, session = variables(), started()
    saver = Saver()
    seen = [saver.save(session, folder + "/model.ckpt"), files(folder), state(folder)]
    seen += [saver.save(session, folder + "/model.ckpt", global_step=3), files(folder)]
    seen += [state(folder), tf.train.latest_checkpoint(folder), saver.last_checkpoints]
    seen += [changed_and_restored(session, saver, saver.last_checkpoints[0], held)]
    return seen + [names_in(folder + "/model.ckpt")]


@scenario
def retention(folder):
    """Which checkpoints are kept with max_to_keep, saves without global_step included."""
    variables()
    session = started()
    seen = []
    for limit in (2, 1, 0, None, 5):
        sub = "%s/%s" % (folder, limit)
        os.mkdir(sub)
        saver = Saver(max_to_keep=limit)
        for step in range(4):
            saver.save(session, sub + "/m", global_step=step)
        for name in ("plain", "other", "plain"):
            saver.save(session, sub + "/" + name)
        seen.append([files(sub), state(sub), saver.last_checkpoints])
    return seen


@scenario
def keep_every_n_hours(folder):
    """Which checkpoints keep_checkpoint_every_n_hours keeps, on a clock of our own."""
    import time

    variables()
    session = started()
    clock, real = [1000000.0], time.time
    time.time = lambda: clock[0]
    try:
        saver = Saver(max_to_keep=2, keep_checkpoint_every_n_hours=1)
        for step in range(12):
            clock[0] += 1500
            saver.save(session, folder + "/m", global_step=step, write_meta_graph=False)
    finally:
        time.time = real
    return [files(folder), saver.last_checkpoints]


@scenario
def two_savers_in_one_folder(folder):
    """The best and the last checkpoints do not delete each other."""
    variables()
    session = started()
    last, best = Saver(max_to_keep=2), Saver(max_to_keep=1)
    for step in range(5):
        last.save(session, folder + "/last", global_step=step)
        if step in (0, 1):
            best.save(session, folder + "/best", step, latest_filename="best_checkpoint")
    return [files(folder), state(folder), state(folder, "best_checkpoint")]


@scenario
def saver_per_call(folder):
    """A Saver made for each save forgets what the one before it wrote."""
    held, session = variables(), started()
    for step in range(3):
        Saver(max_to_keep=1).save(session, folder + "/m", global_step=step)
    return [
        files(folder),
        state(folder),
        changed_and_restored(session, Saver(), folder + "/m-1", held),
    ]


@scenario
def after_a_restart(folder):
    """A new Saver leaves an earlier run's files alone, unless it is told of them."""
    variables()
    session = started()
    first = Saver(max_to_keep=2)
    for step in range(3):
        first.save(session, folder + "/m", global_step=step)
    second = Saver(max_to_keep=2)
    for step in range(3, 6):
        second.save(session, folder + "/m", global_step=step)
    seen = [files(folder), state(folder)]
    third = Saver(max_to_keep=3)
    third.recover_last_checkpoints(
        list(tf.train.get_checkpoint_state(folder).all_model_checkpoint_paths) + [folder + "/gone"]
    )
    seen.append(third.last_checkpoints)
    third.save(session, folder + "/m", global_step=6)
    third.save(session, folder + "/m", global_step=7)
    fourth = Saver(max_to_keep=2)
    fourth.set_last_checkpoints([folder + "/m-6", folder + "/m-7"])
    fourth.save(session, folder + "/m", global_step=8)
    fourth.set_last_checkpoints_with_time([(folder + "/m-8", 0.0), (folder + "/m-5", 1.0)])
    fourth.save(session, folder + "/m", global_step=9)
    return seen + [files(folder), fourth.last_checkpoints]


@scenario
def options_of_save(folder):
    """pad_step_number, save_relative_paths, latest_filename, write_state, write_meta_graph."""
    variables()
    session = started()
    saver = Saver(pad_step_number=True, save_relative_paths=True)
    seen = [saver.save(session, folder + "/p", 12), saver.save(session, folder + "/p", 13)]
    seen += [saver.save(session, folder + "/q", latest_filename="other", meta_graph_suffix="graph")]
    seen += [state(folder), state(folder, "other")]
    seen += [saver.save(session, folder + "/r", write_state=False, write_meta_graph=False)]
    return seen + [files(folder), saver.last_checkpoints]


@scenario
def steps(folder):
    """global_step as a number of any kind, a tensor, a variable or a name."""
    _, _, step = variables()
    session = started()
    saver = Saver()
    tensor = tf.identity(tf.constant(3) * 4, name="twelve")
    given = [5, np.int64(6), np.int32(8), step, tensor, "twelve:0"]
    return [saver.save(session, folder + "/m", global_step=one) for one in given]


@scenario
def prefix_without_folder(folder):
    """Relative prefixes are kept relative in the state file."""
    held, session = variables(), started()
    before = os.getcwd()
    os.chdir(folder)
    try:
        os.mkdir("sub")
        saver = Saver()
        seen = [
            saver.save(session, "m"),
            saver.save(session, "./n"),
            saver.save(session, "sub/o", 1),
        ]
        seen += [
            files("."),
            state("."),
            files("sub"),
            state("sub"),
            tf.train.latest_checkpoint("sub"),
        ]
        return seen + [changed_and_restored(session, saver, "sub/o-1", held)]
    finally:
        os.chdir(before)


@scenario
def missing_parent(folder):
    """Folders that do not exist are made or refused."""
    variables()
    session = started()
    seen = []
    for path in ("one/m", "two/three/m", "a/b/c/m"):
        problem = error_of(Saver().save, session, folder + "/" + path)
        seen.append([problem, os.path.isdir(os.path.dirname(folder + "/" + path))])
    with open(folder + "/file", "w"):
        pass
    return seen + [(error_of(Saver().save, session, folder + "/file/m") or [None])[0]]


@scenario
def wrong_arguments(folder):
    """The classes of the errors for wrong arguments."""
    held, session = variables(), started()
    saver = Saver()
    saver.save(session, folder + "/m")
    deferred = Saver(defer_build=True)
    seen = [
        error_of(saver.restore, session, None),
        error_of(saver.restore, session, folder + "/nothing"),
        error_of(saver.save, session, folder + "/m", latest_filename="a/b"),
        error_of(saver.save, session, folder + "/checkpoint"),
        error_of(deferred.save, session, folder + "/m"),
        error_of(Saver, [held[0]], defer_build=True),
        error_of(saver.set_last_checkpoints, "m"),
    ]
    classes = [
        error_of(saver.restore, session, folder),
        error_of(saver.save, None, folder + "/m"),
        error_of(Saver, {"x": held[0], "y": held[0]}),
        error_of(Saver, 3),
        error_of(Saver, ["net/a"]),
    ]
    deferred.build()
    return seen + [e and e[0] for e in classes] + [deferred.save(session, folder + "/d")]


@scenario
def variable_not_in_checkpoint(folder):
    """Restoring a variable that the file lacks names it."""
    held, session = variables(), started()
    Saver([held[0], held[1]]).save(session, folder + "/m")
    name, text = error_of(Saver().restore, session, folder + "/m")
    other, words = error_of(Saver({"nowhere": held[0]}).restore, session, folder + "/m")
    return [name, "step" in text, other, "nowhere" in words]


@scenario
def shapes_that_differ(folder):
    """A shape mismatch raises, unless reshape is asked for."""
    a = tf.get_variable("a", initializer=np.arange(6, dtype="float32"))
    b = tf.get_variable("b", initializer=np.zeros([3, 2], dtype="float32"))
    session = started()
    Saver({"w": a}).save(session, folder + "/m")
    problem = error_of(Saver({"w": b}).restore, session, folder + "/m")
    Saver({"w": b}, reshape=True).restore(session, folder + "/m")
    return [problem[0], session.run(b)]


@scenario
def what_a_saver_holds(folder):
    """A Saver holds the variables that exist when it is built."""
    variables()
    early, deferred = Saver(), Saver(defer_build=True)
    tf.get_variable("late", initializer=3.0)
    deferred.build()
    session = started()
    return [
        names_in(early.save(session, folder + "/early")),
        names_in(deferred.save(session, folder + "/deferred")),
        names_in(Saver(tf.trainable_variables()).save(session, folder + "/trained")),
        names_in(Saver({"x/y": tf.global_variables()[0]}).save(session, folder + "/renamed")),
    ]


@scenario
def nothing_to_save(folder):
    """A graph without variables raises, or saves nothing."""
    session = tf.Session()
    problem = error_of(Saver)
    saver = Saver(allow_empty=True)
    seen = [problem, saver.save(session, folder + "/m"), files(folder)]
    return seen + [saver.restore(session, folder + "/m"), saver.last_checkpoints]


@scenario
def uninitialized(folder):
    """Saving an uninitialized variable raises; restoring initializes."""
    held, session = variables(), started()
    saver = Saver()
    saver.save(session, folder + "/m")
    fresh = tf.Session()
    problem = error_of(saver.save, fresh, folder + "/n")
    saver.restore(fresh, folder + "/m")
    return [problem[0], fresh.run(list(held)), files(folder)]


@scenario
def names_of_variables(folder):
    """Names that mean something to Python, to Checkpoint or in its keys."""
    names = ["self", "root", "save_counter", "a.b", "a.Sb", "a..b/c", "variables/x", "x-1/y_2"]
    held = [tf.get_variable(name, initializer=float(i + 1)) for i, name in enumerate(names)]
    session = started()
    saver = Saver()
    prefix = saver.save(session, folder + "/m")
    return [names_in(prefix), changed_and_restored(session, saver, prefix, held)]


@scenario
def dtypes(folder):
    """Variables of every kind of dtype and of no or unusual shape."""
    values = [True, np.int32([1, 2]), np.float64(0.5), np.zeros([0, 3], "float32"), [b"a", b""]]
    held = [tf.get_variable("v%d" % i, initializer=tf.constant(v)) for i, v in enumerate(values)]
    session = started()
    saver = Saver()
    prefix = saver.save(session, folder + "/m")
    session.run([held[0].assign(False), held[1].assign([0, 0]), held[4].assign(["", ""])])
    saver.restore(session, prefix)
    return session.run(held)


@scenario
def exponential_moving_average(folder):
    """variables_to_restore() loads the averages into the variables."""
    w = tf.get_variable("w", initializer=[1.0, 2.0])
    average = tf.train.ExponentialMovingAverage(0.5)
    update = average.apply([w])
    session = started()
    session.run(w.assign([5.0, 6.0]))
    session.run(update)
    Saver().save(session, folder + "/m")
    Saver(average.variables_to_restore()).restore(session, folder + "/m")
    return [names_in(folder + "/m"), session.run(w)]


@scenario
def sessions(folder):
    """A session that is not the default one, and two sessions on one graph."""
    held = variables()
    saver = Saver()
    one, two = started(), started()
    one.run(held[0].assign(held[0] + 1))
    saver.save(one, folder + "/one")
    saver.save(two, folder + "/two")
    seen = [two.run(held[0])]
    saver.restore(two, folder + "/one")
    seen += [two.run(held[0])]
    with tf.Session():  # the default one, which knows nothing
        saver.restore(one, folder + "/two")
        saver.save(one, folder + "/three")
    return seen + [one.run(held[0])]


@scenario
def outside_the_graph(folder):
    """Saving and restoring where another graph is the default one."""
    held, session = variables(), started()
    saver = Saver()
    with tf.Graph().as_default():
        prefix = saver.save(session, folder + "/m", global_step=held[2])
        saver.restore(session, prefix)
    return [prefix, files(folder)]


@scenario
def import_meta_graph(folder):
    """The .meta file makes a graph and a Saver that restore what it lies beside."""
    _, _, step = variables()
    tf.add_to_collection("step", step)
    session = started()
    Saver().save(session, folder + "/whole")
    Saver([tf.global_variables()[0]]).save(session, folder + "/part")
    Saver({"renamed": tf.global_variables()[0]}).save(session, folder + "/renamed")
    seen = []
    for name in ("whole", "part", "renamed"):
        with tf.Graph().as_default(), tf.Session() as fresh:
            saver = tf.train.import_meta_graph("%s/%s.meta" % (folder, name))
            saver.restore(fresh, folder + "/" + name)
            seen.append(fresh.run(tf.global_variables()[0]))
            if name == "whole":
                seen.append(fresh.run(tf.global_variables()[2]))
                seen.append(len(tf.get_collection("step")))
                continue
            # It goes on: saves, and is restored by its own and by a new Saver.
            fresh.run(tf.get_default_graph().get_operation_by_name("net/a/Assign"))
            saver.save(fresh, folder + "/again" + name, global_step=1)
        with tf.Graph().as_default(), tf.Session() as fresh:
            saver = tf.train.import_meta_graph("%s/again%s-1.meta" % (folder, name))
            saver.restore(fresh, folder + "/again%s-1" % name)
            seen.append(fresh.run(tf.global_variables()[0]))
        with tf.Graph().as_default(), tf.Session() as fresh:
            a = tf.get_variable("a", [2, 3])
            key = "renamed" if name == "renamed" else "net/a"
            Saver({key: a}).restore(fresh, folder + "/again%s-1" % name)
            seen.append(fresh.run(a))
    return seen


@scenario
def partitioned_variables(folder):
    """Partitioned variables are saved and restored, whole or in other parts."""
    with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(2)):
        w = tf.get_variable("w", initializer=tf.constant(np.arange(8.0).reshape(4, 2)))
    session = started()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        saver = Saver()
        prefix = saver.save(session, folder + "/m")
        saver.save(session, folder + "/m", 1)
    said = [str(c.message) for c in caught if "Saver" in str(c.message)]
    seen = [files(folder), names_in(prefix)]
    in_list = Saver([w])
    in_list.restore(session, prefix)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seen.append([in_list.save(session, folder + "/l"), names_in(folder + "/l")])
    with tf.Graph().as_default():
        whole = tf.get_variable("s/w", shape=[4, 2], dtype=tf.float64)
        fresh = tf.Session()
        Saver().restore(fresh, prefix)
        seen.append(fresh.run(whole))
    with tf.Graph().as_default():
        with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(4)):
            parts = tf.get_variable("w", shape=[4, 2], dtype=tf.float64)
        fresh = tf.Session()
        Saver({"s/w": parts}).restore(fresh, prefix)
        seen.append(fresh.run(tf.convert_to_tensor(parts)))
    return {"same": seen, "said": said}


@scenario
def whole_into_parts(folder):
    """A whole variable is restored into parts of one, however the parts are given."""
    value = np.arange(8.0).reshape(4, 2)
    tf.get_variable("s/w", initializer=tf.constant(value))
    tf.get_variable("b", initializer=[1.0])
    prefix = Saver().save(started(), folder + "/m")
    seen = []
    for given in ("all", "list", "dict", "parts", "resource", "more", "other", "reshaped"):
        with tf.Graph().as_default():
            count = {"more": 3, "other": 2}.get(given, 2)
            with tf.variable_scope(
                "s",
                partitioner=tf.fixed_size_partitioner(count),
                use_resource=given == "resource",
            ):
                shape = [6, 2] if given == "other" else [4, 2]
                w = tf.get_variable("w", shape, tf.float64, tf.ones_initializer())
            b = tf.get_variable("b", [1])
            session = started()
            held = {"list": [w, b], "dict": {"s/w": w}, "parts": {"s/w": list(w), "b": b}}
            saver = Saver(held.get(given), reshape=given == "reshaped")
            problem = error_of(saver.restore, session, prefix)
            if problem is None and given != "reshaped":
                saver.restore(session, prefix)
            seen.append([problem and problem[0], session.run(tf.convert_to_tensor(w))])
    with tf.Graph().as_default():
        with tf.variable_scope("s", partitioner=tf.fixed_size_partitioner(2)):
            tf.get_variable("missing", [4, 2])
        tf.get_variable("b", [1])
        problem = error_of(Saver().restore, started(), prefix)
        seen.append([problem[0], "s/missing" in problem[1]])
    return seen


@scenario
def variable_given_as_tensor(folder):
    """A variable's tensor in the place of the variable is restored."""
    v = tf.get_variable("v", initializer=[1.0, 2.0], use_resource=False)
    r = tf.get_variable("r", initializer=[3.0, 4.0], use_resource=True)
    session = started()
    prefix = Saver({"old_v": v, "r": r}).save(session, folder + "/m")
    session.run([tf.assign(one, [0.0, 0.0]) for one in (v, r)])
    graph = tf.get_default_graph()
    read = graph.get_tensor_by_name("r/Read/ReadVariableOp:0")
    Saver({"old_v": graph.get_tensor_by_name("v:0")}).restore(session, prefix)
    Saver([read]).restore(session, prefix)
    return session.run([v, r])


@scenario
def folders_that_do_not_exist(folder):
    """What restore raises where the folder, or only the prefix, does not exist."""
    variables()
    session = started()
    with open(folder + "/file", "w"):
        pass
    paths = ["none/m", "none/deep/m", "none/", "file/m", "m", "no*e/m"]
    seen = [error_of(Saver().restore, session, "%s/%s" % (folder, path)) for path in paths]
    empty = Saver([], allow_empty=True)
    return seen + [error_of(empty.restore, session, folder + "/none/m")]


@scenario
def exported_meta_graph(folder):
    """What export_meta_graph writes restores what the same Saver saves."""
    a = variables()[0]
    session = started()
    seen = []
    for name, given in (("whole", None), ("part", [a]), ("renamed", {"x": a})):
        saver = Saver(given)
        saver.save(session, "%s/%s" % (folder, name), write_meta_graph=False)
        proto = saver.export_meta_graph("%s/%s.extra" % (folder, name), clear_devices=True)
        with tf.Graph().as_default(), tf.Session() as fresh:
            again = tf.train.import_meta_graph("%s/%s.extra" % (folder, name))
            again.restore(fresh, "%s/%s" % (folder, name))
            seen.append([fresh.run(tf.global_variables()[0]), proto.saver_def.max_to_keep])
    return seen


@scenario
def mutable_tables(folder):
    """A mutable table is saved with the variables."""
    variables()
    if KIND == "tf1":
        make = tf.contrib.lookup.MutableHashTable
    else:
        make = tf.lookup.experimental.MutableHashTable
    table = make(tf.string, tf.int64, -1)
    session = started()
    insert = table.insert(tf.constant(["a"]), tf.constant([4], tf.int64))
    saver = Saver()
    session.run(insert)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prefix = saver.save(session, folder + "/m")
    said = [str(c.message) for c in caught if "Saver" in str(c.message)]
    fresh = tf.Session()
    saver.restore(fresh, prefix)
    return {"same": [fresh.run(table.lookup(tf.constant(["a", "b"])))], "said": said}


@scenario
def finalized_graph(folder):
    """A finalized graph can be saved, before and after a first save."""
    held, session = variables(), started()
    reads = [tf.zeros_like(v) for v in held]
    used, fresh = Saver(), Saver()
    used.save(session, folder + "/used")
    used.restore(session, folder + "/used")
    tf.get_default_graph().finalize()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seen = [used.save(session, folder + "/used", 1), fresh.save(session, folder + "/fresh", 1)]
        used.restore(session, folder + "/used-1")
        used.restore(session, folder + "/used")
        fresh.restore(session, folder + "/fresh-1")
    said = [str(c.message) for c in caught if "Saver" in str(c.message)]
    return {"same": [seen, files(folder), session.run(list(held)), len(reads)], "said": said}


@scenario
def managed_sessions(folder):
    """Supervisor, Scaffold and hooks take the Saver, and save and restore with it."""
    held = variables()
    tf.train.get_or_create_global_step()
    add = tf.assign_add(tf.train.get_global_step(), 1)
    scaffold = tf.train.Scaffold(saver=Saver(max_to_keep=2))
    hook = tf.train.CheckpointSaverHook(folder + "/h", save_steps=2, scaffold=scaffold)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):  # the second one restores
            with tf.train.MonitoredSession(
                tf.train.ChiefSessionCreator(scaffold, checkpoint_dir=folder + "/h"), hooks=[hook]
            ) as session:
                for _ in range(3):
                    steps = session.run(add)
    return [steps, [f for f in files(folder + "/h") if "tfevents" not in f], len(held)]


@scenario
def constructor_arguments(folder):
    """sharded, restore_sequentially, filename, name and V1 files."""
    held, session = variables(), started()
    seen = []
    for index, extra in enumerate(
        [{"sharded": True}, {"restore_sequentially": True}, {"filename": "x"}, {"name": "n"}]
    ):
        saver = Saver(**extra)
        prefix = saver.save(session, "%s/m%d" % (folder, index))
        seen.append([prefix, changed_and_restored(session, saver, prefix, held)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        saver = Saver(write_version=tf.train.SaverDef.V1)
        prefix = saver.save(session, folder + "/v1")
        seen.append([prefix, changed_and_restored(session, saver, prefix, held)])
        rebuilt = Saver(saver_def=Saver().as_saver_def())
        prefix = rebuilt.save(session, folder + "/def")
        seen.append([prefix, changed_and_restored(session, rebuilt, prefix, held)])
    return seen + [files(folder)]


@scenario
def saver_as_a_value(folder):
    """It is a tf.train.Saver, travels in a collection, and gives its SaverDef."""
    variables()
    saver = Saver(max_to_keep=3)
    tf.add_to_collection(tf.GraphKeys.SAVERS, saver)
    proto = tf.train.export_meta_graph()
    definition = saver.as_saver_def()
    return [
        isinstance(saver, tf.train.Saver),
        len(proto.collection_def["savers"].bytes_list.value),
        [definition.max_to_keep, definition.version, definition.filename_tensor_name],
        sorted(n.name for n in saver.export_meta_graph().graph_def.node if n.op == "SaveV2"),
    ]


@scenario
def written_by_tensorflow_1(folder):
    """A name-based checkpoint that 1.15.5 wrote is restored: list, dict, averages."""
    old = os.path.join(HERE, "data", "name_based")
    if KIND == "tf1" and os.environ.get("WRITE_DATA"):
        with tf.Graph().as_default():
            held = variables()
            tf.get_variable("w/ExponentialMovingAverage", initializer=[8.0, 9.0])
            session = started()
            session.run(held[0].assign(held[0] * 10))
            Saver().save(session, old, write_state=False, write_meta_graph=False)
    with tf.Graph().as_default():
        held = [
            tf.get_variable("net/a", [2, 3]),
            tf.get_variable("net/b", [2], use_resource=True),
            tf.get_variable("step", [], tf.int64),
        ]
        w = tf.get_variable("w", [2])
        session = tf.Session()
        Saver(held).restore(session, old)
        Saver({"w/ExponentialMovingAverage": w}).restore(session, old)
        return session.run(held + [w])


if os.environ.get("BRIDGE_OUT"):

    @scenario
    def written_by_the_bridge(folder):
        """What the bridge wrote under TensorFlow 2 is restored by 1.15's own Saver."""
        source = os.environ["BRIDGE_OUT"] + "/names_and_state/model.ckpt"
        held = variables()
        session = tf.Session()
        Saver().restore(session, source)
        seen = [session.run(list(held))]
        with tf.Graph().as_default(), tf.Session() as fresh:
            a = tf.get_variable("net/a", [2, 3])
            Saver([a]).restore(fresh, source)
            seen.append(fresh.run(a))
        return seen


if KIND != "tf1":

    @scenario
    def finalized_before_restoring(folder):
        """Restoring object-based for the first time in a finalized graph says what to do."""
        variables()
        session = started()
        prefix = Saver().save(session, folder + "/m")
        saver = Saver()
        tf.get_default_graph().finalize()
        return error_of(saver.restore, session, prefix)

    @scenario
    def nodes_added(folder):
        """Saving and restoring again adds no nodes; user's later names do not shift."""
        variables()
        session = started()
        saver = Saver()
        graph = tf.get_default_graph()
        counts = []
        for step in range(3):
            prefix = saver.save(session, folder + "/m", global_step=step)
            saver.restore(session, prefix)
            counts.append(len(graph.get_operations()))
        with graph.name_scope("user"):
            pass
        return [counts[1] - counts[0], counts[2] - counts[1], tf.identity(1.0).op.name]

    @scenario
    def written_without_a_saver(folder):
        """A checkpoint of another structure is restored by the names of its variables."""
        import tensorflow as tf2

        a = tf2.Variable(np.full([2, 3], 4.0, "float32"), name="net/a")
        b = tf2.Variable(np.full([2], 5.0, "float32"), name="other")
        session = started()
        with session.as_default():
            path = tf2.train.Checkpoint(model=a, more=[b]).write(folder + "/native")
        with tf.Graph().as_default(), tf.Session() as fresh:
            held = variables()
            Saver([held[0]]).restore(fresh, path)
            problem = error_of(Saver().restore, fresh, path)
            return [fresh.run(held[0]), problem[0], "net/b" in problem[1]]

    @scenario
    def native_into_parts(folder):
        """A checkpoint of another structure is restored into parts, by the variable's name."""
        import tensorflow as tf2

        value = np.arange(8, dtype="float32").reshape(4, 2)
        whole = tf2.Variable(value, name="w")
        parts = [tf2.Variable(value[2 * i : 2 * i + 2], name="w/part_%d" % i) for i in range(2)]
        session = started()
        with session.as_default():
            path = tf2.train.Checkpoint(model=whole).write(folder + "/native")
            parted = tf2.train.Checkpoint(parts=parts).write(folder + "/parts")
        with tf.Graph().as_default(), tf.Session() as fresh:
            w = tf.get_variable("w", [4, 2], partitioner=tf.fixed_size_partitioner(2))
            Saver().restore(fresh, path)
            seen = [fresh.run(tf.convert_to_tensor(w))]
            with fresh.as_default():
                path = tf2.train.Checkpoint(parts=list(w)).write(folder + "/alike")
            problem = error_of(Saver().restore, fresh, path)
        with tf.Graph().as_default(), tf.Session() as fresh:
            w = tf.get_variable("w", [4, 2], partitioner=tf.fixed_size_partitioner(2))
            Saver().restore(fresh, parted)
            return seen + [fresh.run(tf.convert_to_tensor(w)), problem[0]]

    @scenario
    def read_by_checkpoint(folder):
        """tf.train.Checkpoint of TensorFlow 2 reads what the Saver wrote."""
        import tensorflow as tf2

        variables()
        session = started()
        prefix = Saver().save(session, folder + "/m")
        with tf.Graph().as_default(), tf.Session() as fresh:
            one = tf2.Variable(np.zeros([2, 3], "float32"), name="other")
            status = tf2.train.Checkpoint(variables={"net/a": one}).read(prefix)
            status.assert_existing_objects_matched().run_restore_ops(fresh)
            return fresh.run(one)


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    import exports  # noqa: F401  (registers the SavedModel scenarios)

    main(os.path.abspath(sys.argv[2]))
