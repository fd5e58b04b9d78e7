"""Calls whose name alone does not tell what they are: the pre-pass and the rules ask here.

``saved_model.load`` is one function in TensorFlow 1 and another in 2; ``np.savez`` saves a
session's weights or a data set.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.names import Module, Symbol

__all__ = ["checkpoint_files", "is_v1_load", "numpy_weights"]

_SAVES = frozenset({"savez", "savez_compressed", "save"})
_EVALUATES = frozenset({"run", "eval"})
_ASSIGNS = frozenset({"assign", "load"})

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


def numpy_weights(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield each NumPy call that saves or loads a session's variables, with its function's name.

    No TensorFlow API names them, so they are told by what happens in one function: arrays are
    saved where a session is run, or loaded where variables are assigned.
    """
    if "savez" not in module.text and "numpy" not in module.text:
        return
    calls = [
        node
        for node in module.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    methods: dict[int, set[str]] = {}
    found: list[tuple[ast.Call, str]] = []
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        scope = id(module.scope_of[call])
        method = call.func.attr
        if _is_numpy(module, call.func.value):
            if method in _SAVES or method == "load":
                found.append((call, method))
        else:
            methods.setdefault(scope, set()).add(method)
            symbol = module.symbol(call.func)
            if symbol is not None:
                methods[scope].add(symbol.name.rpartition(".")[2])
    for call, method in found:
        near = methods.get(id(module.scope_of[call]), set())
        if near & (_EVALUATES if method in _SAVES else _ASSIGNS):
            yield call, method


def _is_numpy(module: Module, node: ast.expr) -> bool:
    if not isinstance(node, ast.Name):
        return False
    _, bindings = module.find(node.id, module.scope_of[node])
    return any(binding.dotted == "numpy" for binding in bindings)


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
