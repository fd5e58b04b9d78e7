"""Where a value is stored in a module, and every place that uses it.

Built for Savers, builders, signatures and tensor infos: one value, made by one call, held
in a local, a module global or an attribute, and used from the same module.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.names import Module, Scope

__all__ = ["Target", "own_class", "stores", "targets_of", "uses"]


@dataclass(frozen=True)
class Target:
    """A variable (``scope`` and ``name``) or an attribute (``owner.name``) that holds a value."""

    name: str
    scope: Scope | None = None  #: the scope that binds the variable; None for an attribute
    owner: str = ""  #: the object for an attribute, ``model`` or, in whatever spelling, ``self``
    cls: ast.ClassDef | None = None  #: the class around, when owner starts at its first parameter

    def __hash__(self) -> int:
        return hash((self.name, id(self.scope), self.owner, id(self.cls)))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Target)
            and self.name == other.name
            and self.scope is other.scope
            and self.owner == other.owner
            and self.cls is other.cls
        )


def target(module: Module, node: ast.AST) -> Target | None:
    """Return the variable or attribute that ``node`` reads or stores, or None."""
    if isinstance(node, ast.Name):
        scope, _ = module.find(node.id, module.scope_of[node])
        return Target(node.id, scope=scope) if scope is not None else None
    if isinstance(node, ast.Attribute):
        owner: ast.expr = node.value
        names: list[str] = []
        while isinstance(owner, ast.Attribute):
            names.append(owner.attr)
            owner = owner.value
        if isinstance(owner, ast.Name):
            cls = own_class(module, owner)
            first = "self" if cls is not None else owner.id
            return Target(node.attr, owner=".".join([first, *reversed(names)]), cls=cls)
    return None


def own_class(module: Module, name: ast.Name) -> ast.ClassDef | None:
    """Return the class whose method's first parameter ``name`` is, or None."""
    scope, bindings = module.find(name.id, module.scope_of[name])
    if scope is None or not isinstance(scope.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    first = (scope.node.args.posonlyargs + scope.node.args.args)[:1]
    around = module.parents.get(scope.node)
    if (
        first
        and [binding.node for binding in bindings] == first
        and isinstance(around, ast.ClassDef)
        and not any(
            isinstance(mark, ast.Name) and mark.id == "staticmethod"
            for mark in scope.node.decorator_list
        )
    ):
        return around
    return None


def _same(module: Module, one: Target, other: Target) -> bool:
    """Whether two targets are one place: equal, or an attribute of a class and of its subclass."""
    if one.cls is None or other.cls is None or one.cls is other.cls:
        return one == other
    return (
        (one.name, one.scope, one.owner) == (other.name, other.scope, other.owner)
        and one.scope is None
        and (_derives(module, one.cls, other.cls) or _derives(module, other.cls, one.cls))
    )


def _derives(module: Module, cls: ast.ClassDef, base: ast.ClassDef) -> bool:
    """Whether ``cls`` has ``base`` among its ancestors, as far as this module shows them."""
    todo, seen = [cls], {cls}
    while todo:
        at = todo.pop()
        for parent in at.bases:
            if isinstance(parent, ast.Name):
                _, bindings = module.find(parent.id, module.scope_of[parent])
                for binding in bindings:
                    if binding.node is base:
                        return True
                    if isinstance(binding.node, ast.ClassDef) and binding.node not in seen:
                        seen.add(binding.node)
                        todo.append(binding.node)
    return False


def targets_of(module: Module, value: ast.expr) -> list[Target] | None:
    """Return what the expression ``value`` is assigned to.

    Empty when it is not assigned (an expression statement); None when it goes somewhere
    that is neither a variable nor an attribute of a name: an argument, an item, a return.
    """
    parent = module.parents[value]
    found: list[ast.expr]
    if isinstance(parent, ast.Expr):
        return []
    if isinstance(parent, ast.Assign):
        found = list(parent.targets)
    elif isinstance(parent, (ast.AnnAssign, ast.NamedExpr)):
        found = [parent.target]
    elif isinstance(parent, ast.withitem):
        if parent.optional_vars is None:
            return []
        found = [parent.optional_vars]
    else:
        return None
    result = [target(module, node) for node in found]
    if any(item is None for item in result):
        return None
    return [item for item in result if item is not None]


def uses(module: Module, wanted: Target) -> Iterator[ast.Name | ast.Attribute]:
    """Yield every expression that reads ``wanted``, in source order."""
    return (node for node in _places(module, wanted) if isinstance(node.ctx, ast.Load))


def stores(module: Module, wanted: Target) -> Iterator[ast.Name | ast.Attribute]:
    """Yield every expression that assigns or deletes ``wanted``, in source order."""
    return (node for node in _places(module, wanted) if not isinstance(node.ctx, ast.Load))


def elsewhere(module: Module, wanted: Target) -> Iterator[ast.Attribute]:
    """Yield every attribute called as the attribute ``wanted`` is, of another object.

    Nothing for a variable.  It may be the same object by another name.
    """
    if wanted.scope is None:
        for node in module.by_name.get(wanted.name, ()):
            if not isinstance(node, ast.Attribute) or module.dotted(node) is not None:
                continue  # a variable, or a part of ``tf.saved_model.builder``
            if target(module, node) != wanted:
                yield node


def _places(module: Module, wanted: Target) -> Iterator[ast.Name | ast.Attribute]:
    for node in module.by_name.get(wanted.name, ()):
        if isinstance(node, ast.Name) and wanted.scope is None:
            continue
        found = target(module, node)
        if found is not None and _same(module, found, wanted):
            yield node
