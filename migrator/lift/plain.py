"""The plain form: every graph expression is understood, and becomes TensorFlow 2's."""

from __future__ import annotations

import ast

from migrator.lift.called import check_called_once
from migrator.lift.kinds import Lifted, Refusal
from migrator.lift.rewrite import Rewriter
from migrator.lift.scope import Scope, is_main_guard
from migrator.lift.slices import uses_of
from migrator.names import Module

__all__ = ["lift_plain", "scope_of"]


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


def lift_plain(module: Module, path: str) -> Lifted:
    """Return ``module`` with its session lifted into a ``tf.Module`` of analysed expressions.

    Args:
        module: the file; its lines end in a newline alone.
        path: of the file, which names the class.

    Raises:
        Refusal: a precondition does not hold; nothing is changed.
    """
    node = scope_of(module)
    if isinstance(node, ast.FunctionDef):
        check_called_once(module, node)
        for inner in ast.walk(node):
            if isinstance(inner, (ast.Global, ast.Nonlocal)):
                raise Refusal(inner, "one scope", f"`{node.name}` changes names outside")
    scopes: list[Scope] = []
    parts = _graphs(module, node)
    for part in parts:
        scopes.append(Scope(module, node, part, scopes[-1] if scopes else None, parts))
        scopes[-1].analyse()
    for scope in scopes:
        scope.finish()
    scopes[-1].account()
    rewriters: list[Rewriter] = []
    for scope in scopes:
        others = [other for other in scopes if other is not scope]
        rewriters.append(Rewriter(scope, uses_of(scope), path, rewriters, others))
    for rewriter in rewriters:
        rewriter.run()
    first, *rest = rewriters
    answers = {at: text for rewriter in rewriters for at, text in rewriter.answers.items()}
    notes = dict.fromkeys(note for scope in scopes for note in scope.notes)
    return Lifted(first.finished(rest), first.emitter.class_name, answers, tuple(notes))


def _graphs(module: Module, node: ast.Module | ast.FunctionDef) -> list[list[ast.stmt]]:
    """Return the statements of each graph that a body builds, one after another.

    A body that resets the graph in between, or makes a new one, builds several; one that builds a
    single graph is given as an empty list, which stands for all of it.
    """
    parts: list[list[ast.stmt]] = [[]]
    body = list(node.body)
    last = body[-1]
    if isinstance(node, ast.Module) and isinstance(last, ast.If) and is_main_guard(last):
        body[-1:] = last.body
    for statement in body:
        if _begins_graph(module, statement) and _mentions(module, parts[-1], _SESSIONS):
            parts.append([])
        parts[-1].append(statement)
    for part in parts:
        opened = [at for at, statement in enumerate(part) if _is_within_graph(module, statement)]
        if opened and _mentions(module, part[opened[-1] + 1 :], _SESSIONS | _MADE):
            return [[]]  # behind the block, graph is built outside of it again
    return parts if len(parts) > 1 else [[]]


_SESSIONS = frozenset({"tf.Session", "tf.InteractiveSession"})
_MADE = frozenset({"tf.Variable", "tf.get_variable", "tf.placeholder"})


def _begins_graph(module: Module, statement: ast.stmt) -> bool:
    """Whether a statement resets the default graph, or makes a graph."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        symbol = module.symbol(statement.value.func)
        return symbol is not None and symbol.name == "tf.reset_default_graph"
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
        symbol = module.symbol(statement.value.func)
        return symbol is not None and symbol.name == "tf.Graph"
    return _is_within_graph(module, statement)


def _is_within_graph(module: Module, statement: ast.stmt) -> bool:
    """Whether a statement is ``with tf.Graph().as_default():``."""
    return isinstance(statement, ast.With) and any(
        isinstance(inner, ast.Call)
        and (symbol := module.symbol(inner.func)) is not None
        and symbol.name == "tf.Graph"
        for item in statement.items
        for inner in ast.walk(item.context_expr)
    )


def _mentions(module: Module, statements: list[ast.stmt], names: frozenset[str]) -> bool:
    """Whether statements, functions' bodies included, use one of TensorFlow's ``names``."""
    for statement in statements:
        for inner in ast.walk(statement):
            symbol = module.symbol(inner) if isinstance(inner, (ast.Name, ast.Attribute)) else None
            if symbol is not None and symbol.name in names:
                return True
    return False
