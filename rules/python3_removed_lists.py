"""Views and iterators that programs take for lists: `d.keys()[0]`, `len(map(f, x))`."""

from __future__ import annotations

import ast

from migrator.modernise import Place, Replace
from migrator.rule import Manual, Safety, rule


@rule(
    "TFM828",
    "python3-lists",
    safety=Safety.SAFE,
    apis=(
        *(f"*.{name}" for name in ("keys", "values", "items")),
        *(f"builtins.{name}" for name in ("map", "filter", "zip", "range")),
    ),
)
def python3_lists(use: Place) -> Replace | Manual | None:
    """Make a list where a program takes `d.keys()`, `map` or `zip` for one.

    ## What it does

    `d.keys()[0]`, `archive.items()[0]`, `map(f, x)[0]`, `len(filter(f, x))`, `range(3) + [7]`
    and `np.array(zip(a, b))` get a `list(...)` around the view or iterator; so do
    `names = d.keys()` and `order = range(n)` where what follows sorts, shuffles or indexes them.

    ## Why

    In Python 3 these give views and iterators, which have no index, no length and no `+`.
    `np.array` of one is an array of one object, without any error.

    ## Example

    ```python
    import numpy as np
    import tensorflow as tf

    name, value = np.load("weights.npz").items()[0]
    kernel = tf.get_variable("kernel", initializer=value)
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import numpy as np
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    name, value = list(np.load("weights.npz").items())[0]
    kernel = tf.get_variable("kernel", initializer=value)
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Safe: the code around it fails on Python 3 unless there is a list.

    ## References

    - Views and iterators instead of lists:
      <https://docs.python.org/3/whatsnew/3.0.html#views-and-iterators-instead-of-lists>
    """
    call = use.call
    if call is None:
        return None
    view = use.name.startswith("*.")
    if view and (call.args or call.keywords):
        return None
    kind = use.name.rpartition(".")[2]
    if not _as_list(use, call, kind, view):
        return None
    shown = f".{kind}()" if view else f"{kind}(...)"
    if use.module.find("list", use.module.scope_of[use.node])[0] is not None:
        return Manual(
            f"`{shown}` is no list in Python 3, and this file gives `list` another meaning.",
            "Make a list of it.",
        )
    return Replace(
        f"`{shown}` is no list in Python 3, and is used as one.",
        spans=use.around(call, "list(", ")"),
    )


def _as_list(use: Place, node: ast.Call, kind: str, view: bool) -> bool:
    """Whether what a call gives is used as only a list can be."""
    parent = use.module.parents[node]
    if isinstance(parent, ast.Assign):
        return _named(use, parent, kind, view)
    if isinstance(parent, ast.Subscript) and parent.value is node and kind != "range":
        return _plain_index(parent.slice)
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add):
        other = parent.right if parent.left is node else parent.left
        if isinstance(other, (ast.List, ast.ListComp)):
            return True
        return (
            isinstance(other, ast.Call)
            and isinstance(other.func, ast.Name)
            and use.origin(other.func) in ("builtins.list", "builtins.range", "builtins.sorted")
        )
    if isinstance(parent, ast.Attribute) and parent.value is node and not view and kind != "range":
        return parent.attr in ("sort", "append", "extend", "reverse", "index", "pop")
    if isinstance(parent, ast.Call) and parent.args[:1] == [node]:
        called = use.origin(parent.func)
        if called in ("numpy.array", "numpy.asarray", "numpy.random.shuffle", "random.shuffle"):
            return kind != "range" or called == "random.shuffle"
        if called == "builtins.len":
            return not view and kind != "range"
        return called in ("random.choice", "random.sample") and kind != "range"
    return False


def _named(use: Place, statement: ast.Assign, kind: str, view: bool) -> bool:
    """Whether a name is given this value alone, and used as only a list can be."""
    target = statement.targets[0]
    if len(statement.targets) != 1 or not isinstance(target, ast.Name):
        return False
    module = use.module
    owner, bindings = module.find(target.id, module.scope_of[target])
    if owner is None or len(bindings) != 1:
        return False
    shown = False
    for name in module.by_name.get(target.id, ()):
        if not isinstance(name, ast.Name) or not isinstance(name.ctx, ast.Load):
            continue
        if module.find(target.id, module.scope_of[name])[0] is not owner:
            continue
        parent = module.parents[name]
        if isinstance(parent, ast.Attribute):
            if parent.attr in ("next", "__next__", "isdisjoint", "mapping", "start", "stop"):
                return False
            called = isinstance(module.parents[parent], ast.Call)
            shown |= called and parent.attr in ("sort", "append", "extend", "reverse", "pop")
        elif isinstance(parent, ast.Subscript) and parent.value is name:
            loads = isinstance(parent.ctx, ast.Load)
            shown |= not loads or (kind != "range" and _plain_index(parent.slice))
        elif isinstance(parent, ast.Call) and parent.args[:1] == [name]:
            called_name = use.origin(parent.func)
            if called_name == "builtins.next":
                return False
            shown |= called_name in ("random.shuffle", "numpy.random.shuffle")
            shown |= called_name == "builtins.len" and kind in ("map", "filter", "zip")
    return shown


def _plain_index(node: ast.expr) -> bool:
    """Whether an index is a number or a slice, so what it indexes is a sequence."""
    if isinstance(node, ast.Slice):
        return True
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int)
