"""Readers of checkpoints by variable name."""

from __future__ import annotations

import ast

from migrator.rule import (
    BRIDGED_READERS,
    Keep,
    Manual,
    Rewrite,
    Safety,
    Use,
    expression,
    rule,
)

#: TensorFlow 2 has these, too, so a program that asks for nothing else may be one of its own.
_BOTH = ("tf.train.load_checkpoint", "tf.train.load_variable", "tf.train.list_variables")


@rule(
    "TFM206",
    "checkpoint-reader",
    safety=Safety.REVIEW,
    apis=(*BRIDGED_READERS, "tf.train.warm_start", "tf.python.tools.inspect_checkpoint.*"),
    references=True,
    bind=False,
)
def checkpoint_reader(use: Use) -> Rewrite | Keep | Manual | None:
    """Read checkpoints by variable name through the bridge, whatever their format.

    ## What it does

    `NewCheckpointReader`, `load_checkpoint`, `load_variable`, `list_variables`,
    `init_from_checkpoint`, `assign_from_checkpoint` and `assign_from_checkpoint_fn`, wherever they
    are taken from (`tf.train`, `tf.contrib.framework`, `slim`, TensorFlow's private modules),
    become the functions of these names in `tf2_bridge`.  Arguments and results stay.
    `inspect_checkpoint` and `warm_start` stay, and hold Savers beside them back (TFM201).

    ## Why

    A migrated Saver writes object-based checkpoints, whose keys are not the variables' names:
    TensorFlow's own readers list `variables/w/.ATTRIBUTES/VARIABLE_VALUE` where TensorFlow 1
    listed `w`, and `init_from_checkpoint` does not find it.  The bridge's take the names for both
    kinds of checkpoint, so that what reads moves with what writes.

    ## Example

    ```python
    import tensorflow as tf

    saver = tf.train.Saver()

    def names(prefix):
        return tf.train.NewCheckpointReader(prefix).get_variable_to_shape_map()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    saver = tf2_bridge.Saver()

    def names(prefix):
        return tf2_bridge.NewCheckpointReader(prefix).get_variable_to_shape_map()
    ```

    ## Safety

    Review: names, values and errors are those of TensorFlow 1.15 for the checkpoints that it wrote
    and for those of the migrated Saver (compared).  Of a `tf.train.Checkpoint` the reader gives
    the names that the variables have instead of the keys, which it still understands.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/train/load_checkpoint>
    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/init_from_checkpoint>
    """
    name = BRIDGED_READERS.get(use.symbol.name)
    if name is None:
        return _stays(use) if use.call is not None else None
    if _is_for_types(use):
        return None
    if _bound_from_contrib(use):
        return None  # TFM811 answers, which changes the import
    moves = use.context.move and not use.context.safe_only
    both = use.symbol.name in _BOTH and not use.symbol.spelled.startswith("tf.contrib")
    if use.symbol.via == "v2" or (both and not moves):
        return Keep(
            f"{use.symbol.name}: stays, because its program does, which TensorFlow 2 runs as it"
            " is; of an object-based checkpoint it reads the keys.",
            needs_v1=False,
        )
    if use.symbol.via == "v1" and not use.context.session and not both:
        return Keep(
            f"{use.symbol.name}: stays, because its program opens no session; it reads"
            " name-based checkpoints by their variables' names, and object-based ones by keys.",
            needs_v1=False,
        )
    return Rewrite(
        f"{use.symbol.name} is tf2_bridge.{name}, which reads name-based and object-based"
        " checkpoints by TensorFlow 1's variable names.",
        {use.cst(use.node): expression(f"tf2_bridge.{name}")},
        parts=frozenset({"readers"}),
        # what TensorFlow 2 has, too, is no reason for a program to move
        safety=Safety.SAFE if both else None,
    )


def _stays(use: Use) -> Keep:
    return Keep(
        f"{use.symbol.name}: stays; it reads checkpoints by variable name, so Savers that may write"
        " what it reads keep writing name-based ones.",
        needs_v1=False,
    )


def _bound_from_contrib(use: Use) -> bool:
    """Whether the name here is one that an import takes out of ``tf.contrib``."""
    if not isinstance(use.node, ast.Name) or not use.context.move:
        return False
    _, bindings = use.module.find(use.node.id, use.module.scope_of[use.node])
    return any(
        isinstance(binding.node, ast.ImportFrom)
        and (binding.node.module or "").startswith("tensorflow.contrib")
        for binding in bindings
    )


def _is_for_types(use: Use) -> bool:
    """Whether the name stands for a type here, which needs no answer."""
    parent = use.module.parents.get(use.node)
    return isinstance(parent, (ast.arg, ast.alias)) or (
        isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.AnnAssign))
        and use.node in (getattr(parent, "returns", None), getattr(parent, "annotation", None))
    )
