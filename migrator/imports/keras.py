"""The import lines of standalone Keras, ``import keras``, as legacy Keras spells them.

What ``keras`` is today is Keras 3, which has no sessions: a program of Keras 2 gets
``tensorflow.compat.v1.keras``, which is tf-keras.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

from migrator.keras_symbols import is_keras, module_place, place
from migrator.names import Module
from migrator.rule import Unreachable
from migrator.tree import Tree, expression, nodes_of, statement

__all__ = ["is_standalone", "respelled", "respells", "swapped_from_keras", "swapped_keras"]


def is_standalone(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether the statement imports standalone Keras, or a part of it."""
    if isinstance(node, ast.Import):
        return any(is_keras(alias.name) for alias in node.names)
    return node.level == 0 and is_keras(node.module or "")


def swapped_keras(alias: ast.alias, item: cst.ImportAlias) -> cst.ImportAlias:
    """Return the name of an ``import keras...`` statement that takes the place of ``item``.

    Raises:
        Unreachable: legacy Keras has no such module.
    """
    found = module_place(alias.name if alias.asname else "keras")
    if found is None or module_place(alias.name) is None:
        raise Unreachable(f"legacy Keras has no module `{alias.name}`")
    new = item.with_changes(name=expression(_v1(found)))
    if alias.asname:
        return new
    # ``import keras.backend`` binds ``keras``, too
    return new.with_changes(asname=cst.AsName(cst.Name("keras")))


def swapped_from_keras(
    node: ast.ImportFrom, found: cst.ImportFrom
) -> tuple[cst.ImportFrom, list[cst.BaseStatement]]:
    """Return the statement in the place of ``from keras... import ...``, and further ones.

    Names that standalone Keras had in one module may be in several of legacy Keras. One that is
    nowhere is left with the others, where importing it fails, and a rule reports it.

    Raises:
        Unreachable: legacy Keras has nothing in the place of the module.
    """
    module = node.module or ""
    own = module_place(module)
    if own is None:
        raise Unreachable(f"legacy Keras has no module `{module}` (line {node.lineno})")
    if isinstance(found.names, cst.ImportStar):
        return found.with_changes(module=expression(_v1(own))), []
    groups: dict[str, list[cst.ImportAlias]] = {}
    for alias, item in zip(node.names, found.names, strict=True):
        target = place(f"{module}.{alias.name}") or f"{own}.{alias.name}"
        home, _, name = target.rpartition(".")
        new = item
        if target == "tensorflow.keras":
            raise Unreachable(
                f"`{module}.{alias.name}` has no module of its own (line {node.lineno})"
            )
        if name != alias.name:
            # ``np_utils`` is ``utils`` now
            new = item.with_changes(name=cst.Name(name))
            if not alias.asname:
                new = new.with_changes(
                    asname=cst.AsName(
                        cst.Name(alias.name),
                        whitespace_before_as=cst.SimpleWhitespace(" "),
                        whitespace_after_as=cst.SimpleWhitespace(" "),
                    )
                )
        groups.setdefault(home, []).append(new)
    (first, names), *others = groups.items()
    if not others:
        return found.with_changes(module=expression(_v1(first)), names=names), []
    lines: list[cst.BaseStatement] = []
    for home, items in others:
        listed = ", ".join(cst.Module([]).code_for_node(_bare(item)) for item in items)
        lines.append(statement(f"from {_v1(home)} import {listed}\n"))
    return (
        found.with_changes(
            module=expression(_v1(first)),
            names=[*names[:-1], _bare(names[-1])] if found.lpar is None else names,
        ),
        lines,
    )


def respells(module: Module) -> bool:
    """Whether a chain of attributes goes through a module that only standalone Keras had."""
    return any(True for _ in _chains(module))


def respelled(tree: Tree) -> Iterator[tuple[ast.Attribute, cst.CSTNode, cst.BaseExpression]]:
    """Yield the attribute chains that go through a module of standalone Keras' own.

    ``keras.layers.core.Dense`` becomes ``keras.layers.Dense``: each with its node, and what takes
    its place.
    """
    for node, text in _chains(tree.module):
        found = tree.node(node)
        if found is not None:
            yield node, found, expression(text)


def _chains(module: Module) -> Iterator[tuple[ast.Attribute, str]]:
    """Yield the chains that change, with what they become."""
    for node, symbol in nodes_of(module).references:
        if symbol.via != "keras" or not isinstance(node, ast.Attribute):
            continue
        names: list[str] = []
        at: ast.expr = node
        while isinstance(at, ast.Attribute):
            names.insert(0, at.attr)
            at = at.value
        base = place(module.dotted(at) or "keras.")
        target = place(symbol.raw)
        if base is None or target is None or target == ".".join([base, *names]):
            continue
        if isinstance(at, ast.Name) and target.startswith(f"{base}."):
            yield node, f"{at.id}.{target.removeprefix(f'{base}.')}"


def _bare(item: cst.ImportAlias) -> cst.ImportAlias:
    """Return a name of an import without what follows it."""
    return item.with_changes(comma=cst.MaybeSentinel.DEFAULT)


def _v1(dotted: str) -> str:
    return dotted.replace("tensorflow.", "tensorflow.compat.v1.", 1)
