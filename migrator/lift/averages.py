"""Moving averages of what may be tensors.

TensorFlow 1's ``ExponentialMovingAverage.apply`` took tensors, such as losses; TensorFlow 2's takes
variables only.
"""

from __future__ import annotations

import ast

from migrator.names import Module

__all__ = ["averages_tensors"]

_VARIABLES = frozenset({"Variable", "get_variable", "train.create_global_step"})


def averages_tensors(module: Module, node: ast.Call) -> bool:
    """Whether ``node`` applies moving averages to a list with elements that may be no variables."""
    function = node.func
    if not isinstance(function, ast.Attribute) or function.attr != "apply":
        return False
    owner = function.value
    made = owner if isinstance(owner, ast.Call) else _bound(module, owner)
    if not isinstance(made, ast.Call) or (_name(module, made) != "train.ExponentialMovingAverage"):
        return False
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    return any(_may_hold_tensors(module, one) for one in given)


def _may_hold_tensors(module: Module, node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return any(_may_hold_tensors(module, one) for one in (node.left, node.right))
    if isinstance(node, (ast.List, ast.Tuple)):
        values = [_bound(module, one) or one for one in node.elts]
        return any(
            not isinstance(one, ast.Call) or _name(module, one) not in _VARIABLES for one in values
        )
    if isinstance(node, ast.Call) and _name(module, node) == "get_collection" and node.args:
        return isinstance(node.args[0], ast.Constant)  # the program's own
    value = _bound(module, node)
    return value is not None and _may_hold_tensors(module, value)


def _name(module: Module, node: ast.Call) -> str:
    symbol = module.symbol(node.func)
    return symbol.name.partition(".")[2] if symbol is not None else ""


def _bound(module: Module, node: ast.expr) -> ast.expr | None:
    """Return the value of a name or attribute that is given one in one place."""
    found: list[ast.expr | None] = []
    if isinstance(node, ast.Name):
        found = [one.value for one in module.find(node.id, module.scope_of[node])[1]]
    elif isinstance(node, ast.Attribute):
        found = [
            statement.value
            for statement in module.nodes
            if isinstance(statement, ast.Assign)
            and any(ast.unparse(target) == ast.unparse(node) for target in statement.targets)
        ]
    return found[0] if len(found) == 1 else None
