"""Graph code becomes a ``tf.Module``, and the session is gone.

A scope (a module body, or one function) is analysed statement by statement; every fetch of its
session is cut out of the graph as a backward slice; the slices become the methods of a module.  A
scope lifts whole and right or not at all: :class:`Refusal` names the place and the reason.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from migrator.lift.kinds import Refusal
from migrator.lift.rewrite import Rewriter
from migrator.lift.scope import Scope
from migrator.lift.slices import uses_of
from migrator.names import Module

__all__ = ["Lifted", "Refusal", "lift", "scope_of"]


@dataclass(frozen=True, slots=True)
class Lifted:
    """A file whose scope was lifted."""

    text: str
    name: str  #: of the class that was made
    #: line and column of a saving call -> what it became
    answers: dict[tuple[int, int], str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  #: what was not carried over, and does no harm


def scope_of(module: Module) -> ast.Module | ast.FunctionDef:
    """Return the scope that opens a session and builds the graph.

    Raises:
        Refusal: several scopes do, or none.
    """
    owners: set[ast.AST] = set()
    opened = False
    for node, symbol in module.references():
        opened = opened or symbol.name in ("tf.Session", "tf.InteractiveSession")
        if symbol.name in ("tf.Session", "tf.InteractiveSession", "tf.placeholder", "tf.Variable"):
            owners.add(
                module.enclosing(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)) or module.tree
            )
    if not opened:
        raise Refusal(module.tree, "nothing", "it opens no session")
    if module.tree in owners:
        return module.tree
    (first, *others) = sorted(owners, key=lambda node: getattr(node, "lineno", 0))
    if others or not isinstance(first, ast.FunctionDef) or module.parents[first] is not module.tree:
        raise Refusal(
            first, "one scope", "graph and session are not in one function or at module level"
        )
    return first


def _check_called_once(module: Module, function: ast.FunctionDef, depth: int = 0) -> None:
    """A function that makes graph must do so once: a second call would name variables anew."""
    calls = [
        name
        for name in module.by_name.get(function.name, ())
        if isinstance(name, ast.Name)
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
        around = module.enclosing(name, (ast.For, ast.While, ast.FunctionDef, ast.Lambda))
        if isinstance(around, ast.FunctionDef) and around is not function and depth < 3:
            _check_called_once(module, around, depth + 1)
        elif around is not None:
            raise Refusal(name, "one call", f"`{function.name}` is called in a loop or a function")
    if len(calls) > 1:
        raise Refusal(calls[1], "one call", f"`{function.name}` is called several times")
    if depth:
        return
    if function.decorator_list:
        raise Refusal(function, "one call", f"`{function.name}` is decorated")
    for inner in ast.walk(function):
        if isinstance(inner, (ast.Global, ast.Nonlocal, ast.Yield, ast.YieldFrom)):
            raise Refusal(inner, "one scope", f"`{function.name}` changes names outside, or yields")


def lift(module: Module, path: str) -> Lifted:
    """Return ``module`` with its session lifted.

    Args:
        module: the file.
        path: of the file, which names the class.

    Raises:
        Refusal: a precondition does not hold; nothing is changed.
    """
    windows = "\r\n" in module.text
    if windows:
        module = Module(module.text.replace("\r\n", "\n"))
    if "\r" in module.text or "\f" in module.text:
        raise Refusal(module.tree, "layout", "its lines end in unusual ways")
    node = scope_of(module)
    if isinstance(node, ast.FunctionDef):
        _check_called_once(module, node)
    scope = Scope(module, node)
    scope.analyse()
    uses = uses_of(scope)
    rewriter = Rewriter(scope, uses, path)
    text = rewriter.run()
    if windows:
        text = text.replace("\n", "\r\n")
    return Lifted(
        text, rewriter.emitter.class_name, rewriter.answers, tuple(dict.fromkeys(scope.notes))
    )
