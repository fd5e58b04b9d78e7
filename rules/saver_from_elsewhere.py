"""Calls on a Saver that this file does not make."""

from __future__ import annotations

import ast

from migrator.rule import CarriedCall, Keep, Manual, Rewrite, Safety, Use, rule, stores, target


@rule(
    "TFM208",
    "saver-from-elsewhere",
    safety=Safety.REVIEW,
    apis=(),
    methods=("save", "restore", "export_meta_graph"),
    bind=False,
)
def saver_from_elsewhere(use: Use) -> Rewrite | Keep | Manual | None:
    """Keep calls on a Saver that was passed in, imported with a meta graph, or made elsewhere.

    ## What it does

    Nothing to the code.  Whatever becomes of the Saver where it is made, its `save`, `restore`
    and `export_meta_graph` take the same arguments.

    ## Why

    A Saver's constructor decides what it writes; its calls need no change.

    ## Example

    ```python
    import tensorflow as tf

    def save(saver, folder, step):
        with tf.Session() as sess:
            saver.save(sess, folder + "/model", global_step=step)
    ```

    ## Use instead

    ```python
    import tensorflow as tf

    def save(saver, folder, step):
        with tf.Session() as sess:
            saver.save(sess, folder + "/model", global_step=step)
    ```

    ## Safety

    Nothing changes here.

    ## References

    - <https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/Saver>
    """
    call = use.call
    if call is None or not isinstance(call.func, ast.Attribute):
        return None
    known = next(
        (
            one
            for one in use.context.carried
            if (one.line, one.column) == (call.lineno, call.col_offset)
        ),
        None,
    )
    if known is not None and known.kind == "saver" and not known.open:
        return _followed(use, call.func.attr, known)
    if not use.shared["references"]:
        return None
    receiver = call.func.value
    if not _comes_from_meta_graph(use, receiver) and not _looks_like_saver(use, receiver, call):
        return None
    return Keep(
        f"A Saver's `{call.func.attr}`: stays; it follows the Saver, which is made elsewhere and"
        " takes the same arguments after a migration.",
        needs_v1=False,
    )


def _followed(use: Use, method: str, known: CarriedCall) -> Keep:
    """Return what becomes of a call on a Saver of which every constructor is known."""
    made = [
        f"line {place.rpartition(':')[2]}" if place.startswith(f"{use.context.path}:") else place
        for place in known.made
    ]
    where = ", ".join(made[:3]) + (f" and {len(made) - 3} more" if len(made) > 3 else "")
    if not known.migrated:
        return Keep(
            f"A Saver's `{method}`: stays; it follows its Saver, made at {where}, of which not"
            " every constructor is rewritten.",
            needs_v1=False,
        )
    does = {
        "save": "writes an object-based checkpoint of the same name",
        "restore": "restores name-based and object-based checkpoints",
    }.get(method, "writes the meta graph as before")
    return Keep(
        f"Stays as it is; its Saver, made at {where}, is rewritten: it {does}.", needs_v1=False
    )


def _looks_like_saver(use: Use, receiver: ast.expr, call: ast.Call) -> bool:
    """Whether a variable is called a saver and its method gets a session and a path."""
    if not _says_saver(receiver) and not _one_of_savers(use, receiver):
        return False
    assert isinstance(call.func, ast.Attribute)
    if call.func.attr == "export_meta_graph":
        return True
    given = [*call.args, *(k.value for k in call.keywords if k.arg in ("sess", "save_path"))]
    return len(given) >= 2


def _says_saver(node: ast.expr) -> bool:
    """Whether a variable, or what holds an item, is called after savers: ``self.savers[0]``."""
    while isinstance(node, ast.Subscript):
        node = node.value
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return "saver" in name.lower()


def _one_of_savers(use: Use, receiver: ast.expr) -> bool:
    """Whether a loop takes a variable from what is called after savers."""
    if not isinstance(receiver, ast.Name):
        return False
    for at in use.module.ancestors(receiver):
        loops: list[ast.For | ast.comprehension] = []
        if isinstance(at, ast.For):
            loops = [at]
        elif isinstance(at, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            loops = list(at.generators)
        for loop in loops:
            names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
            if receiver.id in names and any(
                _says_saver(n)
                for n in ast.walk(loop.iter)
                if isinstance(n, (ast.Name, ast.Attribute))
            ):
                return True
    return False


def _comes_from_meta_graph(use: Use, receiver: ast.expr) -> bool:
    if use.called(receiver) == "tf.train.import_meta_graph":
        return True
    found = target(use.module, receiver)
    if found is None:
        return False
    return any(
        use.called(getattr(use.module.parents[stored], "value", receiver))
        in ("tf.train.import_meta_graph", "tf.train.Saver")
        for stored in stores(use.module, found)
    )
