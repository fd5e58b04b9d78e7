"""Calls that load a model into a session's graph, and that ask the graph for its parts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from migrator.names import Module

if TYPE_CHECKING:
    from migrator.lift.wrapped.callables import Callables

__all__ = ["LOADS", "TOLD", "asks_graph", "drop_loads", "loaded_into", "restore_behind"]

#: Methods of a graph that give parts of it, or add to its collections.
_PARTS_OF_GRAPH = frozenset(
    {"get_tensor_by_name", "get_operation_by_name", "get_operations", "as_graph_element"}
    | {"get_collection", "get_collection_ref", "get_all_collection_keys", "as_graph_def"}
    | {"add_to_collection", "add_to_collections"}
)
#: They load a model into the graph; so does TensorFlow 1's ``tf.saved_model.load``.
LOADS = frozenset({"tf.import_graph_def", "tf.train.import_meta_graph"})
#: They find a tensor in the graph.
TOLD = frozenset({"tf.saved_model.get_tensor_from_tensor_info"})


def asks_graph(calls: Callables, function: ast.expr) -> bool:
    """Whether a callee is a method of a graph that gives parts of it."""
    return (
        isinstance(function, ast.Attribute)
        and function.attr in _PARTS_OF_GRAPH
        and function not in calls.symbols
        and calls.origin(function) is None
    )


def loaded_into(node: ast.Call) -> list[ast.expr]:
    """Return the session that a call loads a model into, if it names one."""
    named = [word.value for word in node.keywords if word.arg == "sess"]
    restores = isinstance(node.func, ast.Attribute) and node.func.attr in ("load", "restore")
    return named or (node.args[:1] if restores else [])


def restore_behind(module: Module, call: ast.Call) -> ast.Call | None:
    """Return the restore that follows an import of a meta graph in the same block, or None."""
    statement = module.parents[call]
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    saver = statement.targets[0]
    around = module.parents[statement]
    for block in ("body", "orelse"):
        body = getattr(around, block, [])
        if not isinstance(saver, ast.Name) or statement not in body:
            continue
        for later in body[body.index(statement) + 1 :]:
            value = later.value if isinstance(later, (ast.Expr, ast.Assign)) else None
            if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
                continue
            base = value.func.value
            if isinstance(base, ast.Name) and base.id == saver.id:
                restores = value.func.attr == "restore" and isinstance(later, ast.Expr)
                return value if restores else None
    return None


def _names_default(module: Module, node: ast.Call) -> bool:
    """Whether a statement is ``session.graph.as_default()``, which does nothing by itself."""
    return (
        isinstance(module.parents[node], ast.Expr)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "as_default"
        and not node.args
    )


def drop_loads(calls: Callables, loads: dict[tuple[int, str], list[ast.Name]]) -> None:
    """Forget the sessions that are loaded into, or whose graph is asked: these do not run."""
    for node in calls.module.nodes:
        if not isinstance(node, ast.Call):
            continue
        if node in calls.loads:
            for session in loaded_into(node):
                calls.session_refs.difference_update(ast.walk(session))
        elif asks_graph(calls, node.func) or _names_default(calls.module, node):
            assert isinstance(node.func, ast.Attribute)
            graph = node.func.value
            if isinstance(graph, ast.Attribute) and graph.attr == "graph":
                session = graph.value
                if isinstance(session, ast.Name):
                    calls.session_refs.discard(session)
                elif isinstance(session, ast.Call):
                    calls.session_refs.discard(session.func)
    changed = True
    while changed:  # sessions that are passed to functions that load, and do no more
        changed = False
        for name in list(calls.session_refs):
            if not isinstance(name, ast.Name):
                continue
            for function, word in calls.parameter(name):
                key = (id(calls.module.scopes[function]), word)
                if calls.session_refs.isdisjoint(loads.get(key, ())):
                    calls.loaders.add(key)
                    calls.session_refs.discard(name)
                    changed = True
