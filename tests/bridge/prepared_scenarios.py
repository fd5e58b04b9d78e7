"""Managed sessions and their Savers: ``write`` on TensorFlow 1, ``go_on`` on 2, ``back`` on 1."""

import json
import os
import shutil
import sys
import warnings

import numpy as np
import tensorflow

ONE = tensorflow.__version__.startswith("1.")
tf = tensorflow if ONE else tensorflow.compat.v1
if not ONE:
    sys.path.insert(0, os.environ["VENDORED"])
    import tf2_bridge

    tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)
MODE, HOME = sys.argv[1:]
FOUND = {}


def place(*names):
    """Return a path below the folder of the run."""
    return os.path.join(HOME, *names)


def model(resource=False):
    """Return what counts: w, its average, and the op of a step."""
    start = tf.constant_initializer(np.arange(6.0).reshape(3, 2))
    w = tf.get_variable("net/w", [3, 2], initializer=start, use_resource=resource)
    step = tf.train.get_or_create_global_step()
    with tf.control_dependencies([tf.assign_add(w, tf.ones([3, 2])), tf.assign_add(step, 1)]):
        average = tf.train.ExponentialMovingAverage(0.5)
        return w, average, average.apply([w])


def scaffold(**options):
    """Return the Scaffold of a managed session."""
    return (tf.train.Scaffold if ONE else tf2_bridge.Scaffold)(**options)


def train(folder, last, resource=False, options=None):
    """Train until ``last``; return w before the first step and after the last, and the files."""
    with tf.Graph().as_default() as graph:
        w, _, op = model(resource)
        seen = []
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=folder,
            hooks=[tf.train.StopAtStepHook(last_step=last)],
            scaffold=scaffold(**(options or {})),
            save_checkpoint_steps=2,
            save_checkpoint_secs=None,
            save_summaries_steps=None,
        ) as session:
            count = len(graph.get_operations())
            seen.append(session.run_step_fn(lambda step_context: step_context.session.run(w)))
            while not session.should_stop():
                session.run(op)
            seen.append(session.run_step_fn(lambda step_context: step_context.session.run(w)))
        assert len(graph.get_operations()) == count
    return [value.tolist() for value in seen]


def supervise(folder):
    """Train under a Supervisor, whose graph is not the default one, and save with its Saver."""
    graph = tf.Graph()
    with graph.as_default():
        w, _, op = model()
    maker = tf.train.Supervisor if ONE else tf2_bridge.Supervisor
    supervisor = maker(graph, logdir=folder, summary_op=None, save_model_secs=0)
    with supervisor.managed_session() as session:
        count = len(graph.get_operations())
        seen = [session.run(w)]
        session.run(op)
        prefix = supervisor.saver.save(session, supervisor.save_path, supervisor.global_step)
        session.run(op)
        seen.append(session.run(w))
        supervisor.saver.restore(session, prefix)
        seen.append(session.run(w))
        assert len(graph.get_operations()) == count
    return [value.tolist() for value in seen]


def write():
    """Leave checkpoints of TensorFlow 1."""
    train(place("mts"), 3)
    supervise(place("supervised"))


def kind(prefix):
    """Say what kind of checkpoint there is."""
    names = [name for name, _ in tensorflow.train.list_variables(prefix)]
    return "object" if "_CHECKPOINTABLE_OBJECT_GRAPH" in names else "name"


def latest(folder):
    """Return the name and the kind of the latest checkpoint."""
    found = tf.train.latest_checkpoint(folder)
    return [os.path.basename(found), kind(found)]


def go_on():
    """Go on from them, and from what this writes."""
    for resource in (False, True):
        folder = place("resource" if resource else "more")
        shutil.copytree(place("mts"), folder)
        state = os.path.join(folder, "checkpoint")
        with open(state) as stream:
            text = stream.read()
        with open(state, "w") as stream:
            stream.write(text.replace(place("mts"), folder))
        seen = [train(folder, 6, resource), latest(folder), train(folder, 9, resource)]
        FOUND["resumed, resource" if resource else "resumed"] = [*seen, latest(folder)]
    FOUND["anew"] = [train(place("anew"), 3), latest(place("anew")), train(place("anew"), 4)]
    FOUND["supervised"] = [supervise(place("supervised")), latest(place("supervised"))]
    FOUND["supervised again"] = supervise(place("supervised"))
    partial()
    init_fn()
    averages()
    collection()
    same_files()
    no_variables()
    parts()
    meta_graph()
    finalized()


def partial():
    """A Scaffold's Saver under other names, shared with a hook."""
    for _ in range(2):
        with tf.Graph().as_default():
            _, _, op = model()
            named = {"old/" + one.op.name: one for one in tf.global_variables()}
            parts = tf2_bridge.Scaffold(saver=tf2_bridge.PreparedSaver(named, max_to_keep=1))
            hook = tf.train.CheckpointSaverHook(place("partial"), save_steps=1, scaffold=parts)
            creator = tf.train.ChiefSessionCreator(parts, checkpoint_dir=place("partial"))
            with tf.train.MonitoredSession(creator, hooks=[hook]) as session:
                session.run(op)
    names = [name for name, _ in tensorflow.train.list_variables(place("partial"))]
    indices = [name for name in os.listdir(place("partial")) if name.endswith(".index")]
    FOUND["partial"] = [latest(place("partial")), sorted(names), len(indices)]


def init_fn():
    """An ``init_fn`` restores another checkpoint, of either kind."""
    seen = []
    for prefix in (place("mts", "model.ckpt-3"), place("anew", "model.ckpt-4")):
        with tf.Graph().as_default():
            w, _, _ = model()
            saver = tf2_bridge.PreparedSaver([w])
            parts = tf2_bridge.Scaffold(
                init_fn=lambda _, session, saver=saver, prefix=prefix: saver.restore(
                    session, prefix
                )
            )
            with tf.train.MonitoredTrainingSession(scaffold=parts) as session:
                seen.append(session.run(w).tolist())
    FOUND["init_fn"] = seen


def averages():
    """Averages are read in place of the variables."""
    with tf.Graph().as_default() as graph:
        w, average, _ = model()
        saver = tf2_bridge.PreparedSaver(average.variables_to_restore([w]))
        graph.finalize()
        seen = []
        with tf.Session() as session:
            for prefix in (place("mts", "model.ckpt-3"), place("anew", "model.ckpt-3")):
                saver.restore(session, prefix)
                seen.append(session.run(w).tolist())
    FOUND["averages"] = seen


def collection():
    """A hook without Saver or Scaffold takes the session's; a Saver in the collection is used."""
    with tf.Graph().as_default():
        _, _, op = model()
        hook = tf.train.CheckpointSaverHook(place("hook"), save_steps=1)
        with tf.train.SingularMonitoredSession([hook], tf2_bridge.Scaffold()) as session:
            session.run(op)
    with tf.Graph().as_default():
        model()
        own = tf2_bridge.PreparedSaver()
        tf.add_to_collection(tf.GraphKeys.SAVERS, own)
        parts = tf2_bridge.Scaffold()
        with tf.train.MonitoredTrainingSession(scaffold=parts):
            pass
    FOUND["collection"] = [latest(place("hook"))[1], parts.saver is own]


def same_files():
    """The files hold what those of the Saver hold, byte for byte."""
    os.makedirs(place("same"))
    with tf.Graph().as_default() as graph:
        model()
        savers = [tf2_bridge.Saver(), tf2_bridge.PreparedSaver(sharded=True, defer_build=True)]
        savers[1].build()
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            savers[0].save(session, place("same", "one"))
            graph.finalize()
            savers[1].save(session, place("same", "two"))
    held = []
    for name in ("one", "two"):
        with open(place("same", name + ".data-00000-of-00001"), "rb") as stream:
            held.append(stream.read())
    with tf.Graph().as_default(), tf.Session() as session:
        value = tf.Variable(tf.zeros([3, 2]))
        reading = tensorflow.train.Checkpoint(variables={"net/w": value})
        reading.read(place("same", "two")).expect_partial().run_restore_ops()
        FOUND["same files"] = [held[0] == held[1], session.run(value).tolist()]


def no_variables():
    """A session without variables has an empty Saver."""
    with tf.Graph().as_default():
        one = tf.constant(1)
        with tf.train.MonitoredSession(
            tf.train.ChiefSessionCreator(tf2_bridge.Scaffold())
        ) as session:
            FOUND["no variables"] = int(session.run(one))
    with tf.Graph().as_default():
        FOUND["no Saver"] = tf2_bridge.Supervisor(logdir=None).saver is None


def parts():
    """Parts of a partitioned variable are written as TensorFlow 1 does, with one warning."""
    with warnings.catch_warnings(record=True) as caught, tf.Graph().as_default():
        warnings.simplefilter("always")
        split = tf.fixed_size_partitioner(2)
        tf.get_variable("p", [4], initializer=tf.ones_initializer(), partitioner=split)
        step = tf.train.get_or_create_global_step()
        op = tf.assign_add(step, 1)
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=place("parts"), scaffold=tf2_bridge.Scaffold()
        ) as session:
            session.run(op)
    said = [str(one.message) for one in caught if "Saver writes" in str(one.message)]
    FOUND["parts"] = [latest(place("parts"))[1], len(said)]


def meta_graph():
    """The graph beside a checkpoint brings a Saver that reads it."""
    seen = []
    prefixes = [tf.train.latest_checkpoint(place(name)) for name in ("anew", "partial")]
    for prefix in prefixes:
        with tf.Graph().as_default(), tf.Session() as session:
            tf.train.import_meta_graph(prefix + ".meta").restore(session, prefix)
            seen.append(session.run("net/w:0").tolist())
    FOUND["meta"] = seen


def finalized():
    """A Saver whose graph the program finalizes itself."""
    os.makedirs(place("own"))
    with tf.Graph().as_default() as graph:
        w, _, op = model()
        saver, init = tf2_bridge.PreparedSaver(max_to_keep=1), tf.global_variables_initializer()
        graph.finalize()
        with tf.Session() as session:
            session.run(init)
            for index in range(2):
                session.run(op)
                prefix = saver.save(session, place("own", "model"), global_step=index)
            session.run(op)
            saver.restore(session, prefix)
            seen = session.run(w).tolist()
        files = sorted(name for name in os.listdir(place("own")) if name.endswith(".index"))
        FOUND["finalized"] = [seen, files, kind(prefix)]


def back():
    """Read with TensorFlow 1's Saver what 2 wrote."""
    for folder in ("more", "resource", "anew", "supervised", "own"):
        with tf.Graph().as_default(), tf.Session() as session:
            w, _, _ = model()
            tf.train.Saver().restore(session, tf.train.latest_checkpoint(place(folder)))
            FOUND[folder] = session.run(w).tolist()


{"write": write, "go_on": go_on, "back": back}[MODE]()
with open(place(MODE + ".json"), "w") as stream:
    json.dump(FOUND, stream)
