"""Calls whose name alone does not tell what they are: the pre-pass and the rules ask here.

``saved_model.load`` is one function in TensorFlow 1 and another in 2.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.names import Module, Symbol

__all__ = ["checkpoint_files", "is_v1_load"]

#: The files of a checkpoint, as code names them: at the end of a name, or in a pattern.
_FILES = re.compile(r"\.(meta|index|data-(?:0|\?|\*|%|\{))[\w*?.%{}:-]*$")
#: These take the name of a ``.meta`` file and are looked at themselves.
_TAKE_META = (
    *("tf.train.import_meta_graph", "tf.train.export_meta_graph"),
    "tf.python.tools.freeze_graph",
)


def checkpoint_files(module: Module) -> Iterator[tuple[str, int]]:
    """Yield (suffix, line) of each text that ends like the name of a checkpoint's file."""
    if not re.search(r"\.(meta|index|data-)", module.text):
        return
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        match = _FILES.search(node.value)
        if match is None or "\n" in node.value or len(node.value) > 200:
            continue
        around = list(module.ancestors(node)) if node in module.parents else []
        if isinstance(next(iter(around), None), ast.Expr):
            continue  # a text that stands for itself
        symbols = [module.symbol(at.func) for at in around if isinstance(at, ast.Call)]
        if not any(symbol and symbol.name.startswith(_TAKE_META) for symbol in symbols):
            yield ".data" if match[1].startswith("data") else f".{match[1]}", node.lineno


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
