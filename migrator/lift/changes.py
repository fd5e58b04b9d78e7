"""Which code changes an object that a name stands for, without binding the name again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.names import Module

__all__ = ["class_of", "is_changed"]

#: Methods that change the object they are called on.
_MUTATORS = frozenset(
    {"append", "extend", "insert", "pop", "remove", "clear", "update", "sort", "reverse"}
    | {"setdefault", "add", "discard", "fill", "resize", "put", "itemset", "popitem"}
)
#: Functions that change an argument.
_CHANGES = frozenset({"shuffle", "copyto", "put", "fill_diagonal", "setattr"})


def is_changed(module: Module, name: ast.Name, depth: int = 3) -> bool:
    """Whether a place changes the object of a name, or hands it to code of the file that does.

    Args:
        module: the file.
        name: the place.
        depth: how many functions, methods and further names are followed.
    """
    at: ast.AST = name
    parent = module.parents[at]
    while isinstance(parent, (ast.Attribute, ast.Subscript)) and parent.value is at:
        if not isinstance(parent.ctx, ast.Load):
            return True
        around = module.parents[parent]
        if isinstance(parent, ast.Attribute) and getattr(around, "func", None) is parent:
            return parent.attr in _MUTATORS or (
                at is name and depth > 0 and _method_changes(module, name, parent.attr, depth)
            )
        at, parent = parent, around
    if isinstance(parent, ast.AugAssign):
        return parent.target is at
    if isinstance(parent, ast.keyword) and parent.arg == "out":
        return True
    if depth <= 0:
        return False
    if isinstance(parent, (ast.Call, ast.keyword)):
        call = parent if isinstance(parent, ast.Call) else module.parents[parent]
        return isinstance(call, ast.Call) and _call_changes(module, call, parent, at, depth)
    return any(
        is_changed(module, other, depth - 1)
        for alias in _aliases(module, parent, at)
        for other in _uses(module, alias)
    )


def class_of(module: Module, name: ast.Name) -> ast.ClassDef | None:
    """Return the class of the file that makes the object of a name, or None."""
    _, bindings = module.find(name.id, module.scope_of[name])
    made = bindings[0].value if len(bindings) == 1 else None
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Name):
        return None
    _, bindings = module.find(made.func.id, module.scope_of[made.func])
    node = bindings[0].node if len(bindings) == 1 else None
    return node if isinstance(node, ast.ClassDef) else None


def _uses(module: Module, name: ast.Name) -> Iterator[ast.Name]:
    """Yield the other places of the file that read what ``name`` binds."""
    owner, _ = module.find(name.id, module.scope_of[name])
    for other in module.by_name.get(name.id, ()):
        if not isinstance(other, ast.Name) or other is name:
            continue
        if module.find(other.id, module.scope_of[other])[0] is owner:
            yield other


def _aliases(module: Module, parent: ast.AST, at: ast.AST) -> list[ast.Name]:
    """Return further names that a statement gives to an object, or to a part of it."""
    targets: list[ast.expr] = []
    if isinstance(parent, ast.Assign) and parent.value is at:
        targets = parent.targets
    elif isinstance(parent, (ast.List, ast.Tuple)):
        loop = module.parents[parent]
        targets = [loop.target] if isinstance(loop, ast.For) and loop.iter is parent else []
    elif isinstance(parent, ast.For) and parent.iter is at:
        targets = [parent.target]
    return [target for target in targets if isinstance(target, ast.Name)]


def _call_changes(module: Module, call: ast.Call, parent: ast.AST, at: ast.AST, depth: int) -> bool:
    """Whether a call changes an argument."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr in _CHANGES and parent is call
    if not isinstance(function, ast.Name):
        return False
    if function.id in _CHANGES and parent is call:
        return True
    _, bindings = module.find(function.id, module.scope_of[function])
    node = bindings[0].node if len(bindings) == 1 else None
    if not isinstance(node, ast.FunctionDef):
        return False
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    if isinstance(parent, ast.keyword):
        given = parent.arg or ""
    else:
        place = next((i for i, argument in enumerate(call.args) if argument is at), len(names))
        given = names[place] if place < len(names) else ""
    return _parameter_changes(module, node, given, depth)


def _parameter_changes(module: Module, function: ast.FunctionDef, name: str, depth: int) -> bool:
    return any(
        isinstance(inner, ast.Name) and inner.id == name and is_changed(module, inner, depth - 1)
        for inner in ast.walk(function)
    )


def _method_changes(module: Module, name: ast.Name, method: str, depth: int) -> bool:
    """Whether a method of a class of the file changes the object it is called on."""
    made = class_of(module, name)
    for node in made.body if made is not None else ():
        if isinstance(node, ast.FunctionDef) and node.name == method and node.args.args:
            return _parameter_changes(module, node, node.args.args[0].arg, depth)
    return False
