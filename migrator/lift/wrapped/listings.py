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


def listed_names(calls: Callables, node: ast.expr) -> set[ast.Name] | None:
    """Return where a loop reads the variables that ``node`` lists; None if it does more with them.

    More than asking each for its name and shape, fetching its value and giving it another.
    """
    module = calls.module
    around, target = _loop(module, node)
    if isinstance(around, ast.For):
        if not calls.has_session(around):
            return None
    elif not isinstance(around, ast.comprehension):
        return None
    given = [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []
    if not isinstance(target, ast.Name) or not all(isinstance(v, ast.Constant) for v in given):
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


def _loop(module: Module, node: ast.expr) -> tuple[ast.AST, ast.expr | None]:
    """Return the loop that goes through ``node``, by itself or counted, and what names an item."""
    around = module.parents[node]
    index: int | None = None
    if isinstance(around, ast.Call) and isinstance(around.func, ast.Name) and node in around.args:
        word = around.func.id
        if word in ("zip", "enumerate") and not module.find(word, module.scope_of[around])[1]:
            index = around.args.index(node) + (word == "enumerate")
            node, around = around, module.parents[around]
    if not isinstance(around, (ast.For, ast.comprehension)) or around.iter is not node:
        return around, None
    target = around.target
    if index is None:
        return around, target
    if not isinstance(target, (ast.Tuple, ast.List)) or index >= len(target.elts):
        return around, None
    return around, target.elts[index]


def _around(module: Module, node: ast.AST) -> list[ast.AST]:
    return list(module.ancestors(node))


def _binding_loop(module: Module, name: ast.Name) -> ast.For | None:
    """Return the nearest loop that gives a name its value."""
    for around in _around(module, name):
        if (
            isinstance(around, ast.For)
            and any(
                isinstance(inner, ast.Name) and inner.id == name.id
                for inner in ast.walk(around.target)
            )
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
    """Whether a variable tells what it tells anywhere, or its value is fetched or given."""
    module = calls.module
    if around not in module.ancestors(name):
        return False
    parent = module.parents[name]
    if isinstance(parent, ast.Attribute) and parent.attr in ("assign", "load"):
        call = module.parents[parent]
        if not isinstance(call, ast.Call) or call.func is not parent:
            return False
        return _is_run(calls, call) if parent.attr == "assign" else _is_given(calls, call)
    if isinstance(parent, ast.Attribute):
        above = module.parents[parent]
        named = isinstance(above, ast.Attribute) and above.attr == "name"
        return parent.attr in _ASKED or (parent.attr == "op" and named)
    fetch: ast.AST = name
    if isinstance(parent, ast.Call) and name in parent.args and parent in module.parents:
        symbol = calls.symbols.get(parent.func)
        if symbol is not None and parent.func in calls.graph_refs:
            fetch = parent
    return _is_run(calls, fetch)


def _is_run(calls: Callables, fetch: ast.AST) -> bool:
    """Whether an expression is all that a run of the session fetches, with nothing fed."""
    run = calls.module.parents[fetch]
    return (
        isinstance(run, ast.Call)
        and run.args[:1] == [fetch]
        and not run.keywords
        and len(run.args) == 1
        and isinstance(run.func, ast.Attribute)
        and run.func.attr == "run"
        and run.func.value in calls.session_refs
    )


def _is_given(calls: Callables, load: ast.Call) -> bool:
    """Whether a call is ``variable.load(value, session)``."""
    sessions = [*load.args[1:], *(k.value for k in load.keywords if k.arg == "session")]
    return len(load.args) == 2 - len(load.keywords) and sessions[0] in calls.session_refs
