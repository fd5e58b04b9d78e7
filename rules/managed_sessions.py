"""Managed sessions: their graph is finalized, so their Saver is prepared before."""

from __future__ import annotations

import ast

import libcst as cst

from migrator.rule import Keep, Manual, Rewrite, Safety, Use, expression, prepared, rule

from ._managed import keeps_saver

#: keyword -> the position of the argument that has it, of the calls that name a folder
_FOLDERS = {
    "tf.train.MonitoredTrainingSession": ("checkpoint_dir", 2),
    "tf.train.SingularMonitoredSession": ("checkpoint_dir", 2),
    "tf.train.ChiefSessionCreator": ("checkpoint_dir", 3),
    "tf.train.CheckpointSaverHook": ("checkpoint_dir", 0),
    "tf.train.Supervisor": ("logdir", 7),
}
#: What another object than a session is for.
_WITHIN = {
    "tf.train.Scaffold": "The `saver`, `init_op` and `init_fn` of a Scaffold are what the loop does"
    " before its first step.",
    "tf.train.CheckpointSaverHook": "Its `listeners` are calls after `manager.save`.",
    "tf.train.SessionManager": "`recover_session` is `checkpoint.restore`, `prepare_session` what"
    " the module's `__init__` does.",
}
#: The program without a session.  A test runs it.
NATIVE = """\
To leave the session behind, write the loop by hand:

    step = tf.Variable(0, dtype=tf.int64)
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, step=step)
    manager = tf.train.CheckpointManager(
        checkpoint, {folder}, max_to_keep=5, step_counter=step, checkpoint_interval={interval})
    checkpoint.restore(manager.latest_checkpoint)  # None starts anew
    while step < {last}:
        loss = train_step(next(batches))  # a tf.function: GradientTape, apply_gradients
        step.assign_add(1)
        manager.save(checkpoint_number=step)  # at the first step, then at intervals
    manager.save(checkpoint_number=step, check_interval=False)

`model` is a tf.Module that holds the variables, `optimizer` a Keras optimizer that is built of \
them. A NanTensorHook becomes `tf.debugging.check_numerics(loss, "loss")`, a LoggingTensorHook \
`tf.print`, a SummarySaverHook `tf.summary.scalar("loss", loss, step=step)`, and what a hook does \
in `end` stands after the loop. `migrator convert` makes such a checkpoint of an old one.{more}"""


@rule(
    "TFM205",
    "managed-session",
    safety=Safety.REVIEW,
    apis=(
        "tf.train.MonitoredTrainingSession",
        "tf.train.MonitoredSession",
        "tf.train.SingularMonitoredSession",
        "tf.train.Supervisor",
        "tf.train.Scaffold",
        "tf.train.CheckpointSaverHook",
        "tf.train.ChiefSessionCreator",
        "tf.train.WorkerSessionCreator",
        "tf.train.SessionManager",
    ),
    bind=False,
)
def managed_session(use: Use) -> Rewrite | Keep | Manual | None:
    """Let sessions that save by themselves write object-based checkpoints.

    ## What it does

    `MonitoredTrainingSession`, `Supervisor`, `Scaffold` and their like run on
    tensorflow.compat.v1 of 2.21.  Those that make their own Saver are given
    `tf2_bridge.Scaffold` or become `tf2_bridge.Supervisor`, whose Saver writes object-based
    checkpoints, and restores old name-based ones as well as new ones; a Saver that they are given
    becomes such a one (TFM201).

    ## Why

    They finalize the graph before the first checkpoint is written, so that their Saver needs all
    of its ops before; TensorFlow 1's Saver has those of name-based checkpoints only, which
    TensorFlow 2 reads but no longer writes.

    ## Example

    ```python
    import tensorflow as tf

    def train(train_op, folder):
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=folder,
            save_checkpoint_steps=100,
        ) as sess:
            sess.run(train_op)
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    def train(train_op, folder):
        with tf.train.MonitoredTrainingSession(
            checkpoint_dir=folder,
            save_checkpoint_steps=100,
            scaffold=tf2_bridge.Scaffold(),
        ) as sess:
            sess.run(train_op)
    ```

    ## Safety

    Review: the program runs on another TensorFlow; its checkpoints hold the same values under the
    same file names, in another format.  TensorFlow 1.15's own Saver restores them, but not in a
    finalized graph: a managed session of 1.15 cannot go on from them.  Run on
    1.15.5 and on 2.21 with the same results: hooks (`StopAtStepHook`, `CheckpointSaverHook` with
    listeners, `NanTensorHook`, `LoggingTensorHook`, `SummarySaverHook`, `StepCounterHook`,
    `FinalOpsHook`, `FeedFnHook`, hooks of one's own), `run_step_fn`, queue runners, a local
    `tf.train.Server`, a Supervisor's `managed_session`, `prepare_or_wait_for_session`,
    `saver.save`, `summary_computed` and `basic_train_loop`, `SessionManager`, partial Savers in a
    `Scaffold`, and slim's `learning.train`, `evaluate_once` and `evaluation_loop`.

    Everything stays TensorFlow 1's, and goes on writing name-based checkpoints, where a part is out
    of sight: a `SessionManager`, slim's loops without a Saver and its evaluation, a Scaffold that
    comes from elsewhere, `**kwargs`, an Estimator in the same file, a program that does not move,
    a reader by variable name that stays; and what may read those sessions' checkpoints, or write
    what they read.  An export in such a program is a TensorFlow 2 one: `tf2_bridge.SessionModule`
    adds nothing to the graph, so that it may be finalized, and takes the session out of a managed
    one, so that no hook runs.

    With `--tier native`, and where its program stays as it is for another reason, the finding
    holds the loop that takes their place.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/MonitoredTrainingSession>
    """
    name = use.symbol.name
    call = use.call
    given = prepared(use.module, call, name)
    follows = name == "tf.train.CheckpointSaverHook" and call is not None
    held = use.context.held is not None  # the way out is a loop without a session
    if call is None or held or keeps_saver(use) or (given is None and not follows):
        return _stays(use)
    if given is None or not (given.call or given.adds):
        return Keep(
            f"{name}: stays on tensorflow.compat.v1. Its Saver, where it has one, writes"
            " object-based checkpoints, and restores old name-based ones too.",
            recipe=_by_hand(use),
        )
    node = use.cst(call)
    if given.call:
        new = node.with_changes(func=expression(given.call))
    else:
        keyword, _, value = given.adds.partition("=")
        new = _with_argument(node, keyword, value)
    return Rewrite(
        f"{name}: the Saver that it makes for itself writes object-based checkpoints under the"
        " same file names, and restores old name-based ones too.",
        {node: use.tree.aligned(node, new)},
        parts=frozenset({"prepared_saver"}),
    )


def _with_argument(call: cst.Call, keyword: str, value: str) -> cst.Call:
    """Return ``call`` with one more argument at its end, laid out as the others are."""
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    added = cst.Arg(expression(value), keyword=cst.Name(keyword), equal=equal)
    if not call.args:
        return call.with_changes(args=[added])
    *others, last = call.args
    if isinstance(last.comma, cst.Comma):  # a trailing comma stays one
        gap: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
        if isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace):
            gap = call.whitespace_before_args
        before = others[-1].comma if others else cst.Comma(whitespace_after=gap)
        added = added.with_changes(comma=last.comma)
        last = last.with_changes(comma=before)
    else:
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        added = added.with_changes(whitespace_after_arg=last.whitespace_after_arg)
        if others and isinstance(others[-1].comma, cst.Comma):
            comma = others[-1].comma
        last = last.with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace(""))
    return call.with_changes(args=[*others, last, added])


def _stays(use: Use) -> Keep:
    """Return what is said of a session that goes on with TensorFlow 1's Saver."""
    return Keep(
        f"{use.symbol.name}: stays on tensorflow.compat.v1 with TensorFlow 1's Saver, because it"
        " finalizes its graph, in which an object-based write would fail; it goes on writing"
        " name-based checkpoints, which TensorFlow 2 reads.",
        recipe=_by_hand(use),
    )


def _by_hand(use: Use) -> str:
    """Return how the loop is written without a session, with the arguments of this call."""
    name = use.symbol.name
    keyword, position = _FOLDERS.get(name, ("", -1))
    folder = _argument(use.call, keyword, position)
    interval = None
    if name == "tf.train.MonitoredTrainingSession":
        interval = _argument(use.call, "save_checkpoint_steps", -1)
    elif name == "tf.train.CheckpointSaverHook":
        interval = _argument(use.call, "save_steps", 2)
    last = None
    for node, symbol in use.shared["references"]:
        if symbol.name == "tf.train.StopAtStepHook":
            parent = use.module.parents.get(node)
            last = last or _argument(parent, "last_step", 1)
    more = _WITHIN.get(name, "")
    return NATIVE.format(
        folder=folder or "FOLDER",
        interval=interval or "1000",
        last=last or "LAST_STEP",
        more=f" {more}" if more else "",
    )


def _argument(call: ast.AST | None, keyword: str, position: int) -> str | None:
    """Return the text of an argument of ``call``; None where it is not given."""
    if not isinstance(call, ast.Call):
        return None
    found = {one.arg: one.value for one in call.keywords}.get(keyword)
    if found is None and 0 <= position < len(call.args):
        found = call.args[position]
    if found is None or isinstance(found, ast.Starred):
        return None
    text = ast.unparse(found)
    return None if text == "None" or len(text) > 60 else text
