"""Names that come from other modules, as the imports of a file spell them."""

from __future__ import annotations

import ast

from migrator.names import Binding, Module

__all__ = ["imported_name", "imported_names", "is_named"]


def imported_name(binding: Binding) -> str | None:
    """Return what an import binds, relative names with their dots; None for other bindings."""
    if binding.module is not None:
        outer, level, name = binding.module
        return f"{'.' * level}{outer}{'.' if outer else ''}{name}"
    return binding.dotted if isinstance(binding.node, ast.Import) else None


def imported_names(module: Module, node: ast.AST) -> frozenset[str]:
    """Return what a name or attribute chain means, by the imports that may bind it.

    ``build`` of ``from network import build`` and ``net.build`` of ``import network as net`` are
    ``network.build``; of a relative import the name begins with its dots, ``.network.build``.
    Empty where no import binds it.
    """
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return frozenset()
    found: set[str] = set()
    owner, bindings = module.find(node.id, module.scope_of[node])
    rest = "".join(f".{name}" for name in reversed(attributes))
    for binding in bindings:
        name = imported_name(binding)
        if name is not None:
            found.add(f"{name}{rest}")
    if owner is None:
        for outer, level in module.root.stars:
            found.add(f"{'.' * level}{outer}{'.' if outer else ''}{node.id}{rest}")
    return frozenset(found)


def is_named(module: Module, node: ast.AST, names: frozenset[str]) -> bool:
    """Whether a name or attribute chain means one of ``names``, or a part of one.

    Args:
        module: the file.
        node: a name or an attribute chain.
        names: as :func:`imported_names` spells them.
    """
    if not names:
        return False
    for found in imported_names(module, node):
        while found.strip("."):
            if found in names:
                return True
            found = found.rpartition(".")[0]
    return False
