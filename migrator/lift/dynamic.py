"""Calls that may bind or change names without naming them."""

from __future__ import annotations

import ast

from migrator.names import Module

__all__ = ["changes_names"]

_DYNAMIC = frozenset({"exec", "eval", "globals", "locals", "setattr", "vars", "__import__"})


def changes_names(module: Module, name: ast.Name) -> bool:
    """Whether a use of ``name`` may change what names mean, or attributes, unseen.

    Not ``vars(options)`` where its result is handed on or read: that only reads ``options``.
    """
    if name.id not in _DYNAMIC or module.find(name.id, module.scope_of[name])[0] is not None:
        return False
    call = module.parents[name]
    if name.id != "vars" or not isinstance(call, ast.Call) or call.func is not name:
        return True
    if len(call.args) != 1 or not isinstance(call.args[0], ast.Name):
        return True
    around = module.parents[call]
    if isinstance(around, ast.Attribute):
        return around.attr not in ("items", "keys", "values", "get", "copy")
    if isinstance(around, ast.Subscript):
        return not isinstance(around.ctx, ast.Load)
    # bound to a name it could be changed later
    return not isinstance(around, (ast.Call, ast.keyword))
