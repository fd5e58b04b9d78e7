"""Lists of variables that host code goes through."""

from __future__ import annotations

import ast

from migrator.lift.wrapped.callables import Callables
from migrator.names import Module

__all__ = ["LISTINGS", "listed_names"]

#: They list variables of the graph.
LISTINGS = frozenset(
    {"tf.global_variables", "tf.trainable_variables", "tf.local_variables", "tf.model_variables"}
    | {"tf.contrib.framework.get_variables", "tf.contrib.framework.get_model_variables"}
    | {"tf.contrib.slim.get_variables", "tf.contrib.slim.get_model_variables"}
)
#: What is asked of a variable that is the same in a graph and outside of it.
_ASKED = frozenset({"name", "shape", "dtype", "get_shape"})


def listed_names(calls: Callables, node: ast.Call) -> set[ast.Name] | None:
    """Return where a loop reads the variables that a call lists; None if it does more with them.

    More than asking each for its name and shape, and fetching its value.
    """
    module = calls.module
    around = module.parents[node]
    if isinstance(around, ast.For):
        if not calls.has_session(around):
            return None
    elif not isinstance(around, ast.comprehension):
        return None
    target = around.target
    given = [*node.args, *(word.value for word in node.keywords)]
    if (
        not isinstance(target, ast.Name)
        or around.iter is not node
        or not all(isinstance(value, ast.Constant) for value in given)
    ):
        return None
    inside = around if isinstance(around, ast.For) else module.parents[around]
    own: set[ast.Name] = set()
    for name in module.by_name.get(target.id, ()):
        if not isinstance(name, ast.Name) or name is target:
            continue
        if calls.key(name) != calls.key(target):
            continue
        binding = _binding_loop(module, name)
        if binding is inside or isinstance(inside, ast.expr):
            if not isinstance(name.ctx, ast.Load) or not _asks(calls, name, inside):
                return None
            own.add(name)
        elif (
            binding is None
            and (isinstance(name.ctx, ast.Load) or inside in _around(module, name))
            and (name.lineno > node.lineno or _again(module, name, inside))
        ):
            return None
    return own


def _around(module: Module, node: ast.AST) -> list[ast.AST]:
    return list(module.ancestors(node))


def _binding_loop(module: Module, name: ast.Name) -> ast.For | None:
    """Return the nearest loop that gives a name its value."""
    for around in _around(module, name):
        if (
            isinstance(around, ast.For)
            and isinstance(around.target, ast.Name)
            and around.target.id == name.id
            and not any(name is inner for inner in ast.walk(around.iter))
        ):
            return around
    return None


def _again(module: Module, name: ast.Name, loop: ast.AST) -> bool:
    """Whether a name that stands ahead of a loop may be read when it is over."""
    loops = {a for a in _around(module, loop) if isinstance(a, (ast.For, ast.While))}
    return any(
        around in loops
        or (
            isinstance(around, (ast.FunctionDef, ast.Lambda))
            and around not in _around(module, loop)
        )
        for around in _around(module, name)
    )


def _asks(calls: Callables, name: ast.Name, around: ast.AST) -> bool:
    """Whether a variable is asked for what it tells anywhere, or its value is fetched."""
    module = calls.module
    if around not in module.ancestors(name):
        return False
    parent = module.parents[name]
    if isinstance(parent, ast.Attribute):
        above = module.parents[parent]
        named = isinstance(above, ast.Attribute) and above.attr == "name"
        return parent.attr in _ASKED or (parent.attr == "op" and named)
    fetch: ast.AST = name
    if isinstance(parent, ast.Call) and name in parent.args and parent in module.parents:
        symbol = calls.symbols.get(parent.func)
        if symbol is not None and parent.func in calls.graph_refs:
            fetch = parent
    run = module.parents[fetch]
    return (
        isinstance(run, ast.Call)
        and run.args[:1] == [fetch]
        and not run.keywords
        and len(run.args) == 1
        and isinstance(run.func, ast.Attribute)
        and run.func.attr == "run"
        and run.func.value in calls.session_refs
    )
