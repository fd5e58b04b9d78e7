"""Symbols of ``tf.contrib``, of TensorFlow's inside and of TensorFlow 0.x that moved."""

from __future__ import annotations

import ast

from migrator.moved_symbols import moved
from migrator.rule import Manual, Rewrite, Safety, Use, rule

from ._contrib_imports import assigned, statement
from ._moved import binds_gone, replaced


@rule(
    "TFM813",
    "contrib-moved",
    safety=Safety.REVIEW,
    apis=("gone tf.contrib.*", "gone import tf.contrib.*"),
    references=True,
    bind=False,
)
def contrib_moved(use: Use) -> Rewrite | Manual | None:
    """Spell what left `tf.contrib` as TensorFlow 2.21 has it.

    ## What it does

    Uses of `tf.contrib` that live on elsewhere are spelled that way, however they were imported:
    the cells of `contrib.rnn` are in `tf.nn.rnn_cell`, the transformations of `contrib.data` in
    `tf.data.experimental`, the streaming metrics in `tf.metrics`.  Where the parameters have
    another order or other names, the call is written anew.  What TensorFlow no longer has comes
    from `tf2_bridge` (`contrib.lookup`, `seq2seq`, `crf` and others) or from the package tf-slim.
    The imports go; of a module that is partly lost, the lost names are spelled in full, and
    reported.

    ## Why

    TensorFlow 2 has no `tf.contrib`.

    ## Example

    ```python
    import tensorflow as tf
    from tensorflow.contrib import rnn

    x = tf.placeholder(tf.float32, [None, 4, 3])
    cell = rnn.BasicLSTMCell(8)
    outputs, _ = rnn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)
    labels = tf.placeholder(tf.int64, [None])
    accuracy, update = tf.contrib.metrics.streaming_accuracy(tf.argmax(outputs[-1], 1), labels)
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    x = tf.placeholder(tf.float32, [None, 4, 3])
    cell = tf.nn.rnn_cell.BasicLSTMCell(8)
    outputs, _ = tf.nn.static_rnn(cell, tf.unstack(x, axis=1), dtype=tf.float32)
    labels = tf.placeholder(tf.int64, [None])
    accuracy, update = tf.metrics.accuracy(labels, tf.argmax(outputs[-1], 1))
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Review: a table that is checked against TensorFlow 1.15 and 2.21 names the successor of each
    symbol, and the results were compared on both; the graphs are not equal op for op.

    ## References

    - <https://www.tensorflow.org/guide/migrate>
    """
    return _judged(use)


@rule(
    "TFM814",
    "private-moved",
    safety=Safety.REVIEW,
    apis=("gone tf.python.*", "gone import tf.python.*"),
    references=True,
    bind=False,
)
def private_moved(use: Use) -> Rewrite | Manual | None:
    """Spell what left a module of TensorFlow's inside by its public name.

    ## What it does

    Names that modules below `tensorflow.python` no longer have are spelled as
    `tensorflow.compat.v1` has them: `control_flow_ops.cond` becomes `tf.cond`.

    ## Why

    TensorFlow moves its inside about, and promises nothing for it.

    ## Example

    ```python
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_ops

    x = tf.placeholder(tf.float32, [])
    y = control_flow_ops.cond(x > 0, lambda: x, lambda: -x)
    saver = tf.train.Saver([tf.Variable(1.0)])
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    x = tf.placeholder(tf.float32, [])
    y = tf.cond(x > 0, lambda: x, lambda: -x)
    saver = tf2_bridge.Saver([tf.Variable(1.0)])
    ```

    ## Safety

    Review: in TensorFlow 1.15 the two names are one object, which compat.v1 still has.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1>
    """
    return _judged(use)


@rule(
    "TFM815",
    "renamed-before-1-15",
    safety=Safety.REVIEW,
    apis=("gone tf.*", "gone import tf.*"),
    references=True,
    bind=False,
)
def renamed(use: Use) -> Rewrite | Manual | None:
    """Spell what TensorFlow renamed before 1.15 as it is called now.

    ## What it does

    Names of TensorFlow 0.x (`tf.mul`, `tf.pack`, `tf.select`, `tf.scalar_summary`,
    `tf.train.SummaryWriter`) get the one that took their place; the arguments of summaries that
    were renamed with them are written anew.

    ## Why

    The names left TensorFlow in 1.0.  Code that has them does not run on 1.15 either: nothing can
    compare what it does before and after.

    ## Example

    ```python
    import tensorflow as tf

    x = tf.placeholder(tf.float32, [3])
    y = tf.mul(x, tf.Variable(2.0))
    tf.scalar_summary("y", tf.reduce_sum(y))
    merged = tf.merge_all_summaries()
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    x = tf.placeholder(tf.float32, [3])
    y = tf.multiply(x, tf.Variable(2.0))
    tf.summary.scalar("y", tf.reduce_sum(y))
    merged = tf.summary.merge_all()
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Review: TensorFlow's own notes on the renames are the source; run the program.

    ## References

    - <https://github.com/tensorflow/tensorflow/releases/tag/v1.0.0>
    """
    spelled = use.symbol.spelled
    if spelled.startswith(("tf.contrib.", "tf.python.")):
        return None  # another rule's
    return _judged(use)


def _judged(use: Use) -> Rewrite | Manual | None:
    node: ast.Name | ast.Attribute | ast.Import | ast.ImportFrom = use.node
    if not use.context.move:
        return None
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return statement(use, node)
    if node in use.shared["answered"]:
        return None
    parent = use.module.parents.get(node)
    if isinstance(parent, (ast.Assign, ast.AnnAssign)) and parent.value is node:
        found = assigned(use, parent)
        if found is not None:
            return found
    origin = binds_gone(use, node)
    if origin is not None:
        # what is said of the import or the assignment covers its uses
        value = use.module.symbol(origin)
        if value is not None and moved(value.spelled) is not None:
            use.shared["answered"].add(node)
        return None
    made = replaced(use)
    if made is None or isinstance(made, Manual):
        return made
    return Rewrite(made.message, made.edits, parts=made.parts)


@rule(
    "TFM816",
    "flags-parse",
    safety=Safety.MANUAL,
    apis=("tf.flags.FLAGS._parse_flags", "tf.app.flags.FLAGS._parse_flags"),
    references=True,
    bind=False,
)
def flags_parse(use: Use) -> Manual:
    """Report `FLAGS._parse_flags()`, which TensorFlow dropped in 1.5.

    ## What it does

    Reports the call.  The rest of `tf.flags` and `tf.app` works on TensorFlow 2.21 as on 1.15,
    `FLAGS.__flags` included, and stays.

    ## Why

    Flags are absl's since TensorFlow 1.5: they are parsed when one is first read, or by
    `tf.app.run`.  The call fails on 1.15, too.

    ## Example

    ```python
    import tensorflow as tf

    FLAGS = tf.flags.FLAGS
    FLAGS._parse_flags()
    ```

    ## Use instead

    Delete the line.

    ```python
    import tensorflow as tf

    FLAGS = tf.flags.FLAGS
    FLAGS._parse_flags()
    ```

    ## Safety

    Manual: nothing is changed.

    ## References

    - <https://abseil.io/docs/python/guides/flags>
    """
    return Manual(
        "`FLAGS._parse_flags` left TensorFlow in 1.5: this line fails on 1.15, too.",
        "Delete it: flags are parsed when one is first read.",
    )
