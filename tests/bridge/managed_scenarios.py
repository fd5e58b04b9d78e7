"""Exports of managed sessions, whose graphs are finalized: run with the folder to write to."""

import json
import os
import sys

import numpy as np

sys.path.insert(0, os.environ["VENDORED"])

import tensorflow.compat.v1 as tf
import tf2_bridge

tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.ERROR)
OUT = sys.argv[1]


class Model:
    """A lookup by a table of constants and one of a file's words."""

    def __init__(self, home, resource=False, mutable=False):
        vocabulary = os.path.join(home, "words.txt")
        with open(vocabulary, "w") as stream:
            stream.write("c\nd\n")
        self.words = tf.placeholder(tf.string, [None], name="words")
        contents = tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64))
        ids = tf.lookup.StaticHashTable(contents, 0).lookup(self.words)
        lines = tf.lookup.TextFileInitializer(
            tf.constant(vocabulary),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        )
        self.line = tf.lookup.StaticHashTable(lines, -1).lookup(self.words, name="line")
        if mutable:
            table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, 0)
            ids = table.lookup(self.words)
            self.fill = table.insert(tf.constant(["b"]), tf.constant([2], tf.int64))
        start = tf.constant_initializer(np.arange(6.0).reshape(3, 2))
        w = tf.get_variable("w", [3, 2], initializer=start, use_resource=resource)
        self.row = tf.gather(w, ids, name="row")
        step = tf.train.get_or_create_global_step()
        self.train_op = tf.group(tf.assign_add(w, tf.ones([3, 2])), tf.assign_add(step, 1))

    def export(self, session, home):
        """Export the session; nothing is added to its graph."""
        path = os.path.join(home, "export")
        outputs = {"row": self.row, "line": self.line}
        count = len(session.graph.get_operations())
        with tf2_bridge.session_module(session, path, {"words": self.words}, outputs) as module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)
        assert len(session.graph.get_operations()) == count


def monitored(home, resource=False):
    """Export a session that should stop."""
    model = Model(home, resource)
    hooks = [tf.train.StopAtStepHook(last_step=3)]
    folder = os.path.join(home, "train")
    with tf.train.MonitoredTrainingSession(checkpoint_dir=folder, hooks=hooks) as session:
        while not session.should_stop():
            session.run(model.train_op)
        model.export(session, home)  # once it says that it should stop


def monitored_resource(home):
    """Export resource variables."""
    monitored(home, resource=True)


def singular(home):
    """Export a SingularMonitoredSession."""
    model = Model(home)
    with tf.train.SingularMonitoredSession() as session:
        for _ in range(3):
            session.run(model.train_op)
        model.export(session, home)


def raw(home):
    """Export the session in one, as its method gives it."""
    model = Model(home)
    with tf.train.SingularMonitoredSession() as session:
        for _ in range(3):
            session.run(model.train_op)
        model.export(session.raw_session(), home)


def unwrapped(home):
    """Export the session in the wrappers."""
    model = Model(home)
    with tf.train.MonitoredSession() as session:
        for _ in range(3):
            session.run(model.train_op)
        model.export(session._sess._sess._sess._sess, home)


def tf_session(home):
    """Export the session that a private method gives."""
    model = Model(home)
    with tf.train.MonitoredSession() as session:
        for _ in range(3):
            session.run(model.train_op)
        model.export(session._tf_sess(), home)


class Exporting(tf.train.SessionRunHook):
    """Exports at the end."""

    def __init__(self, model, home):
        self.model, self.home = model, home

    def end(self, session):
        """Export."""
        self.model.export(session, self.home)


def hook(home):
    """Export at the end of the session."""
    model = Model(home)
    hooks = [Exporting(model, home)]
    with tf.train.MonitoredTrainingSession(hooks=hooks) as session:
        for _ in range(3):
            session.run(model.train_op)


def supervisor(home):
    """Export a Supervisor's session."""
    model = Model(home)
    supervisor = tf.train.Supervisor(logdir=os.path.join(home, "logs"), summary_op=None)
    with supervisor.managed_session() as session:
        for _ in range(3):
            session.run(model.train_op)
        model.export(session, home)


def second_session(home):
    """Export a session that is restored from the checkpoint."""
    with tf.Graph().as_default():
        model = Model(home)
        folder = os.path.join(home, "train")
        hooks = [tf.train.StopAtStepHook(last_step=3)]
        with tf.train.MonitoredTrainingSession(checkpoint_dir=folder, hooks=hooks) as session:
            while not session.should_stop():
                session.run(model.train_op)
    model = Model(home)
    with tf.Session() as session:
        tf2_bridge.Saver().restore(session, tf.train.latest_checkpoint(folder))
        session.run(tf.tables_initializer())
        path = os.path.join(home, "export")
        outputs = {"row": model.row, "line": model.line}
        with tf2_bridge.session_module(session, path, {"words": model.words}, outputs) as module:
            tf.saved_model.save(module, module.export_dir, signatures=module.signatures)


def loaded(home):
    """Return what the export computes."""
    with tf.Graph().as_default(), tf.Session() as session:
        meta = tf.saved_model.loader.load(session, ["serve"], os.path.join(home, "export"))
        signature = meta.signature_def["serving_default"]
        names = [signature.outputs[key].name for key in ("row", "line")]
        row, line = session.run(names, {signature.inputs["words"].name: ["b", "d"]})
    return [row.tolist(), line.tolist()]


def mutable(home):
    """Export a table that changes, which the session's own Saver reads."""
    model = Model(home, mutable=True)
    with tf.train.MonitoredSession() as session:
        session.run(model.fill)
        for _ in range(3):
            session.run(model.train_op)
        model.export(session, home)


def unread(home):
    """Export a table that changes, which nothing in the graph reads."""
    words = tf.placeholder(tf.string, [None], name="words")
    handle = tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    zero = tf.constant(0, tf.int64)
    found = tf.raw_ops.LookupTableFindV2(table_handle=handle, keys=words, default_value=zero)
    with tf.train.MonitoredSession() as session:
        try:
            tf2_bridge.session_module(session, home + "/export", {"words": words}, {"id": found})
        except ValueError as error:
            return str(error)
    return "exported"


found = {}
for scenario in (
    *(monitored, monitored_resource, singular, raw, unwrapped, tf_session),
    *(hook, supervisor, second_session, mutable, unread),
):
    home = os.path.join(OUT, scenario.__name__)
    os.makedirs(home)
    with tf.Graph().as_default():
        told = scenario(home)
    found[scenario.__name__] = told or loaded(home)
with open(os.path.join(OUT, "found.json"), "w") as stream:
    json.dump(found, stream)
