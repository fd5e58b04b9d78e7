"""Star imports that bind the name of TensorFlow."""

from __future__ import annotations

import ast
from collections.abc import Collection

from migrator.lift.kinds import Refusal
from migrator.names import Module

__all__ = ["with_tensorflow_last"]


def with_tensorflow_last(module: Module, stars: Collection[str]) -> str:
    """Return the text of a lifted file in which no star import changes what TensorFlow's name is.

    The files that ``stars`` names import ``tensorflow.compat.v1`` under it: the file's own import
    goes behind theirs.

    Args:
        module: the lifted file.
        stars: modules, as the file spells them, relative ones with their dots.

    Raises:
        Refusal: something stands between the imports, or shares their lines.
    """
    body = module.tree.body
    own = [
        node
        for node in body
        if isinstance(node, ast.Import) and any(one.name == "tensorflow" for one in node.names)
    ]
    last = max((body.index(node) for node in body if _is_star(node, stars)), default=-1)
    if not own or last < body.index(own[0]):
        return module.text
    (moved, *others), star = own, body[last]
    for node in body[body.index(moved) : last]:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            raise Refusal(star, "import", "TensorFlow is used ahead of an import that renames it")
    rows = module.text.splitlines(keepends=True)
    ends = {node: node.end_lineno or node.lineno for node in (moved, star)}
    alone = all(
        not node.col_offset
        and (rows[ends[node] - 1][node.end_col_offset or 0 :].strip() or "#")[0] == "#"
        for node in ends
    )
    if others or len(moved.names) > 1 or not alone or not rows[ends[star] - 1].endswith("\n"):
        raise Refusal(star, "import", "the imports of TensorFlow share their lines")
    row = rows[moved.lineno - 1]
    rows.insert(ends[star], row)
    del rows[moved.lineno - 1]
    before = rows[: moved.lineno - 1]
    if (not before or not before[-1].strip()) and not rows[moved.lineno - 1].strip():
        del rows[moved.lineno - 1]  # the blank line that stood behind it
    return "".join(rows)


def _is_star(node: ast.stmt, stars: Collection[str]) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.names[0].name == "*"
        and f"{'.' * node.level}{node.module or ''}" in stars
    )
