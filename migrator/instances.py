"""How many instances of a class one process may make."""

from __future__ import annotations

import ast
from collections.abc import Collection

__all__ = ["at_once"]

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
    if imported and isinstance(tree, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return 0
    if isinstance(tree, ast.If):
        if imported and "__name__" in ast.dump(tree.test):
            return 0
        branches = [
            sum(at_once(one, calls, imported) for one in block)
            for block in (tree.body, tree.orelse)
        ]
        return max(branches) + at_once(tree.test, calls, imported)
    count = sum(at_once(child, calls, imported) for child in ast.iter_child_nodes(tree))
    if isinstance(tree, _LOOPS):
        count *= 2
    return count + (tree in calls)
