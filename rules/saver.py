"""``tf.train.Saver``: object-based checkpoints under the same names."""

from __future__ import annotations

import ast

from migrator.rule import (
    Cover,
    Keep,
    Manual,
    Outcome,
    Rewrite,
    Safety,
    Use,
    expression,
    rule,
    targets_of,
    uses,
)

from ._managed import finalizes, keeps_saver, managed_session

_RESTORE_V1 = (
    "Keep this Saver: it still runs on tensorflow.compat.v1. To move it, drop the argument, or"
    " write a tf.train.Checkpoint yourself."
)

#: Arguments that choose another file format or another graph of ops than ours writes.
_REFUSED = {
    "saver_def": "it rebuilds a Saver from a graph that was saved with one",
    "builder": "it brings its own ops for writing",
    "filename": "it fixes the file name inside the graph",
}


@rule(
    "TFM201",
    "saver",
    safety=Safety.REVIEW,
    apis=("tf.train.Saver",),
    also={
        "TFM202": "saver-save: A Saver's `save` writes an object-based checkpoint.",
        "TFM203": "saver-restore: A Saver's `restore` reads both kinds of checkpoint.",
    },
)
def saver(
    use: Use,
    var_list: ast.expr | None = None,
    reshape: ast.expr | None = None,
    sharded: ast.expr | None = None,
    max_to_keep: ast.expr | None = None,
    keep_checkpoint_every_n_hours: ast.expr | None = None,
    name: ast.expr | None = None,
    restore_sequentially: ast.expr | None = None,
    saver_def: ast.expr | None = None,
    builder: ast.expr | None = None,
    defer_build: ast.expr | None = None,
    allow_empty: ast.expr | None = None,
    write_version: ast.expr | None = None,
    pad_step_number: ast.expr | None = None,
    save_relative_paths: ast.expr | None = None,
    filename: ast.expr | None = None,
) -> Rewrite | Keep | Manual | None:
    """Replace `tf.train.Saver` by a Saver that writes object-based checkpoints.

    ## What it does

    The constructor becomes `tf2_bridge.Saver`, a class that is copied into the repository; the
    calls of its `save` and `restore` stay as they are.  It writes `tf.train.Checkpoint` files
    under exactly the names that TensorFlow 1's Saver gave them, keeps as many of them, updates
    the `checkpoint` file that `tf.train.latest_checkpoint` reads, and restores old name-based
    checkpoints as well as new ones.

    ## Why

    Name-based checkpoints are a format that TensorFlow 2 reads but no longer writes.  An
    object-based checkpoint can be loaded by a `tf.Module`, a Keras model or `tf.train.Checkpoint`.

    ## Example

    ```python
    import tensorflow as tf

    saver = tf.train.Saver(max_to_keep=7)
    with tf.Session() as sess:
        saver.save(sess, "model/ckpt", global_step=10)
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    saver = tf2_bridge.Saver(max_to_keep=7)
    with tf.Session() as sess:
        saver.save(sess, "model/ckpt", global_step=10)
    ```

    ## Safety

    Review: the files hold the same values under the same file names, in another format.
    TensorFlow 1.15's own Saver restores them (checked), so rolling back works, unless the Saver
    was given a dict whose keys are not the variables' own names.  Code that reads a checkpoint by
    variable names (`NewCheckpointReader`, `init_from_checkpoint`, `tf.train.load_variable`) moves
    to readers that take them from both formats (TFM206).  One that cannot move
    (`inspect_checkpoint`, `freeze_graph` with a GraphDef, a file that stays as it is) does not
    find the old names, so it makes this rule report instead of rewrite, unless it certainly reads
    another place.  Where a graph of the program is finalized, as managed sessions do, it becomes
    `tf2_bridge.PreparedSaver`, which adds all of its ops when it is made; it stays TensorFlow 1's
    where a session that goes on with TensorFlow 1's Saver may read its files (TFM205).  Of a Saver
    that only restores none of this is asked.

    ## References

    - <https://www.tensorflow.org/guide/checkpoint>
    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/Saver>
    """
    covers = _uses(use)
    if use.symbol.via == "v1" and not use.context.session:
        return Keep(
            "tf.compat.v1.train.Saver: stays, because its program opens no session: in eager code"
            " of TensorFlow 2 this is how name-based checkpoints are read.",
            covers=_kept(covers),
            needs_v1=False,
        )
    given = {"saver_def": saver_def, "builder": builder, "filename": filename}
    for argument, why in _REFUSED.items():
        value = given[argument]
        if value is not None and not _is(value, None, False):
            return Manual(
                f"tf.train.Saver: left as it is, because of `{argument}`: {why}.",
                _RESTORE_V1,
                covers=_kept(covers),
                needs_v1=True,
            )
    if write_version is not None and not _writes_v2(write_version):
        return Manual(
            "tf.train.Saver: left as it is, because `write_version` may choose the V1 file format,"
            " which TensorFlow 2 does not write.",
            "Drop `write_version` (V2 is the default since TensorFlow 0.12), then run the"
            " migration again.",
            covers=_kept(covers),
            needs_v1=True,
        )
    held = managed_session(use)
    if held == "SavedModelBuilder":
        return Keep(
            "tf.train.Saver: stays TensorFlow 1's own, because it writes the variables of a"
            " SavedModel, whose graph restores them by name.",
            covers=_kept(covers),
        )
    if held is not None and keeps_saver(use):
        return Keep(
            f"tf.train.Saver: stays TensorFlow 1's own, because {held} has it, and is not one that"
            " this tool can see to the end. It runs on tensorflow.compat.v1 and goes on writing"
            " name-based checkpoints.",
            covers=_kept(covers),
        )
    if use.context.unprepared and not _only_restores(use):
        return Keep(
            "tf.train.Saver: stays TensorFlow 1's own, because a session near it"
            f" ({use.context.unprepared[0]}) may read its checkpoints in a finalized graph with"
            " TensorFlow 1's Saver, which cannot read object-based ones there. It runs on"
            " tensorflow.compat.v1 and goes on writing name-based checkpoints.",
            covers=_kept(covers),
        )
    if use.context.key_readers and not _only_restores(use):
        readers = ", ".join(use.context.key_readers[:3])
        more = len(use.context.key_readers) - 3
        if more > 0:
            readers += f" and {more} more"
        return Manual(
            "tf.train.Saver: left as it is, because this repository reads checkpoints by variable"
            f" name ({readers}), and an object-based checkpoint has other keys.",
            "If those places only read checkpoints from elsewhere, give them a"
            " `# migrator: keep` comment and run the migration again; else let them read"
            " `tf.train.Checkpoint` keys (`variables/<name>/.ATTRIBUTES/VARIABLE_VALUE`). Until"
            " then this Saver runs on tensorflow.compat.v1.",
            covers=_kept(covers),
            needs_v1=True,
        )
    assert use.call is not None
    call = use.cst(use.call)
    closed = held is not None or finalizes(use)
    name = "tf2_bridge.PreparedSaver" if closed else "tf2_bridge.Saver"
    return Rewrite(
        "The Saver writes object-based checkpoints under the same file names, and restores old"
        " name-based ones too."
        + (" It does so in a finalized graph." if closed else "")
        + _file_names(use),
        {call: use.tree.aligned(call, call.with_changes(func=expression(name)))},
        parts=frozenset({"prepared_saver" if closed else "saver"}),
        covers=tuple(covers),
    )


def _only_restores(use: Use) -> bool:
    """Whether all that is done with this Saver is to restore: it writes nothing that others read.

    A name-based checkpoint it restores with the nodes that TensorFlow 1's Saver adds, so that its
    graph may be finalized.
    """
    assert use.call is not None
    module = use.module
    places: list[ast.expr] = [use.call]
    found = targets_of(module, use.call)
    if found is None or any(target.scope is None for target in found):
        parent = module.parents[use.call]
        if not isinstance(parent, ast.Attribute):
            return False
        found = []
    if use.context.imported and any(target.scope is module.root for target in found):
        return False  # another file may save with it
    for target in found:
        places.extend(uses(module, target))
    calls = [place for place in places if isinstance(module.parents.get(place), ast.Attribute)]
    return bool(calls) and all(
        place in calls and getattr(module.parents[place], "attr", "") == "restore"
        for place in places
        if place is not use.call or place in calls
    )


def _file_names(use: Use) -> str:
    """Return what is said of code that looks for a checkpoint's files by their names."""
    named = use.context.file_names
    if not named:
        return ""
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f" Code that names those files finds them as before ({', '.join(named[:3])}{more})."


def _uses(use: Use) -> list[Cover]:
    """Return the ``save`` and ``restore`` calls of this Saver that this file holds."""
    assert use.call is not None
    module = use.module
    receivers: list[ast.expr] = [use.call]
    for target in targets_of(module, use.call) or ():
        receivers.extend(uses(module, target))
    seen: set[ast.AST] = use.shared.setdefault("saver calls", set())
    covers = []
    for receiver in receivers:
        attribute = module.parents.get(receiver)
        call = module.parents.get(attribute) if attribute is not None else None
        if (
            isinstance(attribute, ast.Attribute)
            and isinstance(call, ast.Call)
            and call.func is attribute
            and attribute.attr in ("save", "restore")
            and call not in seen
        ):
            seen.add(call)
            saving = attribute.attr == "save"
            covers.append(
                Cover(
                    call,
                    "TFM202" if saving else "TFM203",
                    "Stays as it is; it writes an object-based checkpoint of the same name."
                    if saving
                    else "Stays as it is; it restores name-based and object-based checkpoints.",
                    outcome=Outcome.KEPT,
                    api=f"tf.train.Saver.{attribute.attr}",
                )
            )
    return covers


def _kept(covers: list[Cover]) -> tuple[Cover, ...]:
    return tuple(
        Cover(
            cover.node,
            cover.code,
            f"{cover.api}: follows its Saver, which stays TensorFlow 1's own.",
            api=cover.api,
        )
        for cover in covers
    )


def _is(node: ast.expr, *values: object) -> bool:
    return isinstance(node, ast.Constant) and any(node.value is value for value in values)


def _writes_v2(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return node.value == 2
    return isinstance(node, ast.Attribute) and node.attr == "V2"
