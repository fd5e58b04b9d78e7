"""Which scope of a file is lifted."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.lift.called import check_called_once
from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.callables import OPENERS, Callables
from migrator.names import Module

__all__ = ["resets_between", "scopes_of"]


def scopes_of(module: Module, calls: Callables) -> list[ast.Module] | list[ast.FunctionDef]:
    """Return the scopes that build a graph, and open a session or call what does.

    The module alone, or one function or several, each with a graph of its own.

    Raises:
        Refusal: graphs of several scopes may meet, or a scope's is built several times.
    """
    for node in module.nodes:
        if not isinstance(node, (ast.Name, ast.Attribute)):
            continue
        made = node in calls.graph_refs
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            definition = calls.definition(node)
            made = made or (definition in calls.makes and definition not in calls.sessions)
        if made and module.enclosing(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda)) is None:
            statement = module.statement(node)
            if not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                return [module.tree]
    owners: dict[ast.FunctionDef, ast.AST] = {}
    for node in _openings(module, calls):
        around = module.enclosing(node, (ast.FunctionDef, ast.ClassDef, ast.Lambda))
        if around is None:
            return [module.tree]
        if not isinstance(around, ast.FunctionDef) or (
            module.enclosing(around, (ast.ClassDef,)) is not None
        ):
            raise Refusal(node, "class", "a class or an inner function opens the session")
        if module.parents[around] is not module.tree:
            raise Refusal(node, "one scope", "an inner function opens the session")
        owners.setdefault(around, node)
    found = sorted(owners, key=lambda function: function.lineno)
    reset = resets_between(module, found) if len(found) > 1 else None
    for function in found:
        if reset is None and len(found) > 1 and not _has_graph_of_its_own(module, function):
            raise Refusal(
                owners[function], "one scope", "functions that open sessions share one graph"
            )
        check_called_once(module, function, _has_graph_of_its_own(module, function))
    return found


def _openings(module: Module, calls: Callables) -> Iterator[ast.AST]:
    """Yield where a session is opened, or a function is called that opens it and returns it."""
    inside = {node for function in calls.openers for node in ast.walk(function)}
    for node, symbol in module.references():
        if symbol.name in OPENERS and node not in inside:
            yield node
    for function in calls.openers:
        check_called_once(module, function)
        for name in module.by_name.get(function.name, ()):
            if isinstance(name, ast.Name) and calls.definition(name) is function:
                yield name


def resets_between(module: Module, functions: list[ast.FunctionDef]) -> list[ast.stmt] | None:
    """Return the statements that reset the graph between calls of functions, or None.

    None where two of the functions are called without one between them, or elsewhere than in
    statements of the module.
    """
    names = {function.name for function in functions}
    resets: list[ast.stmt] = []
    dirty = False
    seen = 0
    for node in module.tree.body:
        call = node.value if isinstance(node, ast.Expr) else None
        symbol = module.symbol(call.func) if isinstance(call, ast.Call) else None
        if symbol is not None and symbol.name == "tf.reset_default_graph":
            resets.append(node)
            dirty = False
        elif not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            calls = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in names]
            if calls and (dirty or len(calls) > 1 or not isinstance(call, ast.Call)):
                return None
            seen += len(calls)
            dirty = dirty or bool(calls)
    loads = sum(
        isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
        for word in names
        for name in module.by_name.get(word, ())
    )
    return resets if seen == loads == len(functions) else None


def _has_graph_of_its_own(module: Module, function: ast.FunctionDef) -> bool:
    """Whether a function starts with a graph of its own, so that it may be called again."""
    body = [
        node
        for node in function.body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    for node in body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            symbol = module.symbol(node.value.func)
            if symbol is not None and symbol.name == "tf.reset_default_graph":
                return True
        if isinstance(node, ast.With) and node is body[-1]:
            call: ast.AST = node.items[0].context_expr
            if isinstance(call, ast.Call):
                symbol = module.symbol(call.func)
                graphs = [word.value for word in call.keywords if word.arg == "graph"]
                if symbol is not None and symbol.name in OPENERS and graphs:
                    call = ast.Call(ast.Attribute(graphs[0], "as_default", ast.Load()), [], [])
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                made = call.func.value
                symbol = module.symbol(made.func) if isinstance(made, ast.Call) else None
                return symbol is not None and symbol.name == "tf.Graph"
        if any(module.symbol(inner) is not None for inner in ast.walk(node)):
            return False
    return False
