"""Calls that save a session's variables to files of arrays, or load them from there.

No TensorFlow API names them: ``np.savez`` and ``pickle.dump`` save weights or a data set, and what
is done with the values tells which.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from migrator.names import Module, Scope

__all__ = ["weight_calls"]

_SAVES = frozenset({"savez", "savez_compressed", "save"})
_EVALUATES = frozenset({"run", "eval"})
_ASSIGNS = frozenset({"assign", "load"})

#: These save and load any values, so it must show that theirs are of variables.
_OF_ANYTHING = {
    **{(module, "dump"): "saves" for module in ("pickle", "cPickle", "cloudpickle", "joblib")},
    **{(module, "load"): "loads" for module in ("pickle", "cPickle", "cloudpickle", "joblib")},
    ("numpy", "savetxt"): "saves",
    ("numpy", "loadtxt"): "loads",
}
#: What gives variables, or what holds some by its name.
_VARIABLES = re.compile(
    r"tf\.(Variable|get_variable|(trainable|global|all|local|model)_variables|get_collection)$"
)
_NAMED = re.compile(r"var|weight|param|theta|bias", re.I)
_TEXT = re.compile(r"\b(savez|savez_compressed|save|load|dump|savetxt|loadtxt)\s*\(")


def weight_calls(module: Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call that saves or loads a session's variables, with its function's full name.

    They are told by what happens in one function: NumPy arrays are saved where a session is run, or
    loaded where variables are assigned. What pickles, or writes text, is one where its values come
    from the run of variables, or end in their assignment.
    """
    if not _TEXT.search(module.text):
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
        package = _package(module, call.func.value) or ""
        if (package, method) in _OF_ANYTHING:
            saves = _OF_ANYTHING[package, method] == "saves"
            if _saves_variables(module, call) if saves else _assigns_variables(module, call):
                yield call, f"{package}.{method}"
        elif package == "numpy":
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
            yield call, f"numpy.{method}"


def _package(module: Module, node: ast.expr) -> str | None:
    """Return the package that ``node`` names, if it is the name of an import."""
    if not isinstance(node, ast.Name):
        return None
    _, bindings = module.find(node.id, module.scope_of[node])
    return next((str(b.dotted) for b in bindings if b.dotted), None)


def _saves_variables(module: Module, call: ast.Call) -> bool:
    """Whether what a call saves comes from the run of variables."""
    at = 1 if isinstance(call.func, ast.Attribute) and call.func.attr == "savetxt" else 0
    given = call.args[at : at + 1] or [k.value for k in call.keywords if k.arg in ("obj", "X")]
    return any(_runs_variables(module, value) for value in given)


def _runs_variables(module: Module, node: ast.AST, depth: int = 4) -> bool:
    for inner in ast.walk(node):
        if (
            isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Attribute)
            and inner.func.attr in _EVALUATES
            and any(
                _tells_of_variables(module, at)
                for at in (inner.args[:1] if inner.func.attr == "run" else [inner.func.value])
            )
        ):
            return True
        if depth and isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            for value in _values(module, inner):
                if value is not node and _runs_variables(module, value, depth - 1):
                    return True
    return False


def _tells_of_variables(module: Module, node: ast.AST, depth: int = 2) -> bool:
    for inner in ast.walk(node):
        symbol = module.symbol(inner) if isinstance(inner, (ast.Name, ast.Attribute)) else None
        if symbol is not None and _VARIABLES.match(symbol.name):
            return True
        word = inner.id if isinstance(inner, ast.Name) else getattr(inner, "attr", "")
        if symbol is None and _NAMED.search(word):
            return True
        if depth and isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            values = _values(module, inner)
            if any(_tells_of_variables(module, value, depth - 1) for value in values):
                return True
    return False


def _values(module: Module, name: ast.Name) -> list[ast.expr]:
    """Return what is assigned to a name, or gone through by a loop that binds it."""
    found: list[ast.expr] = []
    _, bindings = module.find(name.id, module.scope_of[name])
    for binding in bindings:
        if binding.value is not None:
            found.append(binding.value)
            continue
        at: ast.AST | None = binding.node
        while isinstance(at, (ast.Name, ast.Tuple, ast.List, ast.Starred)):
            at = module.parents.get(at)
        if isinstance(at, (ast.For, ast.comprehension)):
            found.append(at.iter)
        elif isinstance(at, ast.Assign):
            found.append(at.value)
    return found


def _assigns_variables(module: Module, call: ast.Call) -> bool:
    """Whether what a call loads is assigned to variables in its function."""
    scope = module.scope_of[call]
    names: set[str] = set()

    def holds(node: ast.AST) -> bool:
        return any(
            inner is call or (isinstance(inner, ast.Name) and inner.id in names)
            for inner in ast.walk(node)
        )

    flows: list[tuple[ast.expr, list[ast.expr]]] = []
    for node in module.nodes:
        if isinstance(node, ast.Assign):
            flows.append((node.value, node.targets))
        elif isinstance(node, (ast.For, ast.comprehension)):
            flows.append((node.iter, [node.target]))
    for _ in range(4):
        before = len(names)
        for value, targets in flows:
            if module.scope_of[value] is scope and holds(value):
                names |= {at.id for t in targets for at in ast.walk(t) if isinstance(at, ast.Name)}
        if len(names) == before:
            break
    for node in module.nodes:
        if not isinstance(node, ast.Call) or node is call:
            continue
        symbol = module.symbol(node.func)
        assigns = symbol is not None and symbol.name == "tf.assign"
        if isinstance(node.func, ast.Attribute) and symbol is None and node.func.attr in _ASSIGNS:
            assigns = _package(module, node.func.value) is None
        if (
            assigns
            and any(holds(argument) for argument in node.args)
            and _inside(module, node, scope)
        ):
            return True
    return False


def _inside(module: Module, node: ast.AST, scope: Scope) -> bool:
    """Whether ``node`` stands in ``scope`` or in a comprehension of it."""
    at: Scope | None = module.scope_of[node]
    while at is not scope and at is not None:
        at = at.parent
    return at is scope
