"""Divisions of which one side is visibly an integer and the other is not visibly anything else."""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["divisions"]

_COUNTS = frozenset({"len", "int", "sum", "ord", "hash"})


def divisions(tree: ast.Module) -> Iterator[ast.BinOp]:
    """Yield, at most once a line, the divisions that Python 2 may have rounded down."""
    whole = _whole_names(tree)
    seen: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
            continue
        sides = (node.left, node.right)
        if any(_is_float(side) for side in sides) or node.lineno in seen:
            continue
        if any(_is_whole(side, whole) for side in sides):
            seen.add(node.lineno)
            yield node


def _whole_names(tree: ast.Module) -> set[str]:
    """Return the names that the file only ever gives visible integers."""
    whole: dict[str, bool] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    fine = _is_whole(node.value, set())
                    whole[target.id] = whole.get(target.id, True) and fine
        elif isinstance(node, ast.arg):
            whole[node.arg] = False
        elif isinstance(node, (ast.For, ast.comprehension)):
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name):
                    called = node.iter
                    counts = isinstance(called, ast.Call) and _called(called) == "range"
                    whole[name.id] = whole.get(name.id, True) and counts
    return {name for name, fine in whole.items() if fine}


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _is_whole(node: ast.expr, names: set[str]) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int) and not isinstance(node.value, bool)
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.Call):
        return _called(node) in _COUNTS - {"sum"}
    if isinstance(node, ast.UnaryOp):
        return _is_whole(node.operand, names)
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Div):
        return _is_whole(node.left, names) and _is_whole(node.right, names)
    if isinstance(node, ast.Subscript):  # ``x.shape[0]``
        return isinstance(node.value, ast.Attribute) and node.value.attr == "shape"
    return False


def _is_float(node: ast.expr) -> bool:
    """Whether a value is visibly a float, a tensor or an array."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    if isinstance(node, ast.Call):
        if _called(node) == "float":
            return True
        root: ast.expr = node.func
        while isinstance(root, ast.Attribute):
            root = root.value
        return isinstance(root, ast.Name) and root.id in ("np", "numpy", "tf", "math", "time")
    if isinstance(node, ast.UnaryOp):
        return _is_float(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_float(node.left) or _is_float(node.right)
    return False
