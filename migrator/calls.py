"""Calls whose name alone does not tell what they are: the pre-pass and the rules ask here.

``saved_model.load`` is one function in TensorFlow 1 and another in 2.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.names import Module, Symbol
from migrator.symbols import in_tensorflow2

__all__ = ["checkpoint_files", "is_tensorflow1", "is_v1_load"]

#: The files of a checkpoint, as code names them: at the end of a name, or in a pattern.
_FILES = re.compile(r"\.(?:(meta|index)[*?]?|(data)-[0?*%{][\w*?.%{}:-]*)$")
_CHECKPOINT = re.compile(r"ckpt|check_?point|latest|restore|snapshot", re.IGNORECASE)
#: These take the name of a ``.meta`` file and are looked at themselves.
_TAKE_META = (
    *("tf.train.import_meta_graph", "tf.train.export_meta_graph"),
    "tf.python.tools.freeze_graph",
)


def checkpoint_files(module: Module) -> tuple[tuple[str, int], ...]:
    """Return (suffix, line) of each text that ends like the name of a checkpoint's file.

    And (``step``, line) where the step is parsed out of the name of a checkpoint.
    """
    found = [
        ("step", attribute.lineno)
        for name in ("split", "rsplit")
        for attribute in module.by_name.get(name, ())
        if _parses_step(module, attribute)
    ]
    if re.search(r"\.(meta|index|data-)", module.text):
        found += _suffixes(module)
    return tuple(sorted(found, key=lambda place: place[1]))


def _suffixes(module: Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        match = _FILES.search(node.value)
        if match is None or "\n" in node.value or len(node.value) > 200:
            continue
        around = list(module.ancestors(node)) if node in module.parents else []
        if isinstance(next(iter(around), None), ast.Expr):
            continue  # a text that stands for itself
        calls = [at.func for at in around if isinstance(at, ast.Call)]
        symbols = [module.symbol(function) for function in calls]
        if any(getattr(function, "attr", "") == "export_meta_graph" for function in calls):
            continue
        if not any(symbol and symbol.name.startswith(_TAKE_META) for symbol in symbols):
            yield f".{match[1] or match[2]}", node.lineno


def _parses_step(module: Module, node: ast.Name | ast.Attribute) -> bool:
    """Whether ``node`` is the ``split`` of ``int(ckpt.split("-")[-1])``."""
    call = module.parents.get(node)
    item = module.parents.get(call) if isinstance(call, ast.Call) and call.func is node else None
    return (
        isinstance(node, ast.Attribute)
        and isinstance(call, ast.Call)
        and isinstance(item, ast.Subscript)
        and any(isinstance(arg, ast.Constant) and arg.value == "-" for arg in call.args[:1])
        and ast.unparse(item.slice) in ("-1", "1")
        and _CHECKPOINT.search(ast.unparse(node.value)) is not None
    )


def is_tensorflow1(module: Module) -> bool:
    """Whether a file uses something of ``tensorflow`` that TensorFlow 2 does not have there."""
    return any(
        symbol.via == "tf" and not in_tensorflow2(symbol.spelled)
        for _, symbol in module.references()
    )


def is_v1_load(module: Module, node: ast.AST, symbol: Symbol) -> bool:
    """Whether a ``saved_model.load`` reference is TensorFlow 1's ``(sess, tags, export_dir)``."""
    if "loader" in symbol.raw or symbol.via == "v1":
        return True
    if symbol.via == "v2":
        return False
    call = module.parents.get(node)
    if not isinstance(call, ast.Call) or call.func is not node:
        return False
    keywords = {keyword.arg for keyword in call.keywords}
    # TensorFlow 2's also has an ``export_dir``, its first parameter
    if len(call.args) >= 3 or "sess" in keywords:
        return True
    return "export_dir" in keywords and bool(call.args)
