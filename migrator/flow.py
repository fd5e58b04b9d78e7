"""Where a value is stored in a module, and every place that uses it.

Built for Savers, builders, signatures and tensor infos: one value, made by one call, held
in a local, a module global or an attribute, and used from the same module.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.names import Module, Scope

__all__ = ["Target", "stores", "targets_of", "uses"]


@dataclass(frozen=True)
class Target:
    """A variable (``scope`` and ``name``) or an attribute (``owner.name``) that holds a value."""

    name: str
    scope: Scope | None = None  #: the scope that binds the variable; None for an attribute
    owner: str = ""  #: source of the object for an attribute: ``self``
    cls: ast.ClassDef | None = None  #: the class around, when owner is its first parameter

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
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        cls = _own_class(module, node.value)
        return Target(node.attr, owner=node.value.id, cls=cls)
    return None


def _own_class(module: Module, name: ast.Name) -> ast.ClassDef | None:
    """Return the class whose method's first parameter ``name`` is, or None."""
    scope: Scope | None = module.scope_of[name]
    while scope is not None:
        if name.id in scope.bindings and isinstance(
            scope.node, (ast.FunctionDef, ast.AsyncFunctionDef)
        ):
            first = (scope.node.args.posonlyargs + scope.node.args.args)[:1]
            parent = module.parents.get(scope.node)
            if first and first[0].arg == name.id and isinstance(parent, ast.ClassDef):
                return parent
            return None
        scope = scope.parent
    return None


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
    elif isinstance(parent, ast.withitem) and parent.optional_vars is not None:
        found = [parent.optional_vars]
    else:
        return None
    result = [target(module, node) for node in found]
    if any(item is None for item in result):
        return None
    return [item for item in result if item is not None]


def uses(module: Module, wanted: Target) -> Iterator[ast.Name | ast.Attribute]:
    """Yield every expression that reads ``wanted``, in source order of the tree walk."""
    for node in ast.walk(module.tree):
        if (
            isinstance(node, (ast.Name, ast.Attribute))
            and isinstance(node.ctx, ast.Load)
            and _id(node) == wanted.name
            and target(module, node) == wanted
        ):
            yield node


def stores(module: Module, wanted: Target) -> Iterator[ast.Name | ast.Attribute]:
    """Yield every expression that assigns or deletes ``wanted``."""
    for node in ast.walk(module.tree):
        if (
            isinstance(node, (ast.Name, ast.Attribute))
            and not isinstance(node.ctx, ast.Load)
            and _id(node) == wanted.name
            and target(module, node) == wanted
        ):
            yield node


def _id(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
