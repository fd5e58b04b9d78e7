"""Weights that leave or enter a session as NumPy arrays: ``np.savez(sess.run(variables))``.

No TensorFlow API names them, so they are told by what happens in one function: arrays are saved
where a session is run, or loaded where variables are assigned.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.names import Module

__all__ = ["numpy_weights"]

_SAVES = frozenset({"savez", "savez_compressed", "save"})
_EVALUATES = frozenset({"run", "eval"})
_ASSIGNS = frozenset({"assign", "load"})


def numpy_weights(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield each NumPy call that saves or loads a session's variables, with its function's name."""
    if "savez" not in module.text and "numpy" not in module.text:
        return
    calls = [
        node
        for node in ast.walk(module.tree)
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
