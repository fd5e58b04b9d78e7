"""How many instances of a class one process may make."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection

__all__ = ["at_once", "counted"]

_LOOPS = (
    *(ast.For, ast.While, ast.AsyncFor),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def at_once(tree: ast.AST, calls: Collection[ast.AST], imported: bool = False) -> int:
    """Return how many of ``calls`` below ``tree`` a process may make, one in a loop as two.

    Of the branches of a condition, one is taken.

    Args:
        tree: a file.
        calls: nodes of it.
        imported: whether the file is only imported, so that its functions and what stands in its
            main guard do not run.
    """
    if not calls:
        return 0
    return counted(tree, lambda node: "" if node in calls else None, imported).get("", 0)


def counted(
    tree: ast.AST, named: Callable[[ast.AST], str | None], imported: bool = False
) -> dict[str, int]:
    """Return how often a process may come by what ``named`` gives a name, as :func:`at_once`."""
    total: dict[str, int] = {}
    if imported and isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return total
    if isinstance(tree, ast.If):
        if imported and "__name__" in ast.dump(tree.test):
            return total
        for block in (tree.body, tree.orelse):
            branch: dict[str, int] = {}
            for one in block:
                _add(branch, counted(one, named, imported))
            for name, count in branch.items():
                total[name] = max(total.get(name, 0), count)
        _add(total, counted(tree.test, named, imported))
        return total
    for child in ast.iter_child_nodes(tree):
        _add(total, counted(child, named, imported))
    if isinstance(tree, _LOOPS):
        total = {name: 2 * count for name, count in total.items()}
    own = named(tree)
    if own is not None:
        _add(total, {own: 1})
    return total


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count
