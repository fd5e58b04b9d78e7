"""How often a function of a file runs, as far as its calls tell."""

from __future__ import annotations

import ast

from migrator.lift.kinds import Refusal
from migrator.names import Module

__all__ = ["check_called_once"]

#: What stands in them may run several times.
_REPEATING = (
    *(ast.For, ast.While, ast.FunctionDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def check_called_once(
    module: Module, function: ast.FunctionDef, repeats: bool = False, depth: int = 0
) -> None:
    """Check that a function that makes graph runs once: a second call would name variables anew.

    Args:
        module: the file.
        function: of the file, at its top level.
        repeats: whether it may run again, as one may that starts with a graph of its own.
        depth: how many functions were followed that call each other.

    Raises:
        Refusal: it may run several times, is handed on, is decorated or yields.
    """
    if function.decorator_list:
        raise Refusal(function, "one call", f"`{function.name}` is decorated")
    for inner in ast.walk(function):
        if isinstance(inner, (ast.Yield, ast.YieldFrom)):
            raise Refusal(inner, "one scope", f"`{function.name}` yields")
    if repeats:
        return
    calls = [
        name
        for name in module.by_name.get(function.name, ())
        if isinstance(name, ast.Name)
        and isinstance(name.ctx, ast.Load)
        and module.find(name.id, module.scope_of[name])[0] is module.root
    ]
    for name in calls:
        call = module.enclosing(name, (ast.Call,))
        if isinstance(call, ast.Call) and call.func is not name:
            symbol = module.symbol(call.func)
            if symbol is not None and symbol.name == "tf.app.run":
                continue
        if not isinstance(call, ast.Call) or call.func is not name:
            raise Refusal(name, "one call", f"`{function.name}` is handed on")
        around = module.enclosing(name, _REPEATING)
        while isinstance(around, ast.For) and any(name is at for at in ast.walk(around.iter)):
            around = module.enclosing(around, _REPEATING)  # what a loop goes through, once
        if isinstance(around, ast.FunctionDef) and around is not function and depth < 3:
            check_called_once(module, around, depth=depth + 1)
        elif around is not None:
            raise Refusal(name, "one call", f"`{function.name}` is called in a loop or a function")
    if len(calls) > 1:
        raise Refusal(calls[1], "one call", f"`{function.name}` is called several times")
