"""Functions that open the session, load a model into it, and return it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrator.lift.wrapped.loads import asks_graph, loaded_into

if TYPE_CHECKING:
    from migrator.lift.wrapped.callables import Callables

__all__ = ["Opener", "find_openers"]


@dataclass(eq=False)
class Opener:
    """A function that opens the session for others."""

    function: ast.FunctionDef
    opening: ast.Call  #: the call of the session's class
    statement: ast.Assign  #: which keeps the session
    returns: ast.Return
    index: int | None  #: of the session among what is returned; None if it is all of it
    withs: list[ast.With] = field(default_factory=list)  #: ``with session.as_default():``
    configs: list[ast.stmt] = field(default_factory=list)  #: which configure the session


def find_openers(calls: Callables, opening: frozenset[str]) -> list[Opener]:
    """Return the functions of the file that open a session, load into it and return it."""
    found = []
    for function in calls.module.tree.body:
        if isinstance(function, ast.FunctionDef) and not function.decorator_list:
            opener = _opener(calls, function, opening)
            if opener is not None:
                found.append(opener)
    return found


def _opener(calls: Callables, function: ast.FunctionDef, opening: frozenset[str]) -> Opener | None:
    module = calls.module
    nodes = list(ast.walk(function))
    made = [n for n in nodes if isinstance(n, ast.Call) and _name(calls, n.func) in opening]
    returned = [n for n in nodes if isinstance(n, ast.Return)]
    if len(made) != 1 or len(returned) != 1 or calls.loads.isdisjoint(nodes):
        return None
    statement = module.parents[made[0]]
    value = returned[0].value
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    session = statement.targets[0]
    if not isinstance(session, ast.Name) or value is None:
        return None
    items = value.elts if isinstance(value, ast.Tuple) else [value]
    names = [one.id if isinstance(one, ast.Name) else "" for one in items]
    if names.count(session.id) != 1 or (len(items) == 1 and isinstance(value, ast.Tuple)):
        return None
    index = names.index(session.id) if isinstance(value, ast.Tuple) else None
    opener = Opener(function, made[0], statement, returned[0], index)
    for name in module.by_name.get(session.id, ()):
        if not isinstance(name, ast.Name) or calls.key(name) != calls.key(session):
            continue
        if name is not session and name not in items and not _is_loaded(calls, name, opener):
            return None
    for value in [*made[0].args, *(word.value for word in made[0].keywords)]:
        if isinstance(value, ast.Name):
            opener.configs += _configs(calls, value)
    return opener


def _configs(calls: Callables, value: ast.Name) -> list[ast.stmt]:
    """Return the statements that make and fill a configuration, if it is for nothing else."""
    module = calls.module
    found: list[ast.stmt] = []
    for name in module.by_name.get(value.id, ()):
        if not isinstance(name, ast.Name) or calls.key(name) != calls.key(value) or name is value:
            continue
        statement = module.statement(name)
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return []
        target: ast.expr = statement.targets[0]
        while isinstance(target, ast.Attribute):
            target = target.value
        made = statement.value.func if isinstance(statement.value, ast.Call) else statement.value
        config = statement.targets[0] is not name or _name(calls, made) == "tf.ConfigProto"
        if target is not name or not config:
            return []
        found.append(statement)
    return found


def _is_loaded(calls: Callables, name: ast.Name, opener: Opener) -> bool:
    """Whether a model is loaded into a session, its graph is asked, or it is made the default."""
    parent = calls.module.parents[name]
    if isinstance(parent, ast.Call):
        return parent in calls.loads and loaded_into(parent) == [name]
    if not isinstance(parent, ast.Attribute):
        return False
    above = calls.module.parents[parent]
    if parent.attr == "graph":
        return isinstance(above, ast.Attribute) and asks_graph(calls, above)
    around = calls.module.parents.get(above)
    block = calls.module.parents.get(around) if around is not None else None
    if parent.attr == "as_default" and isinstance(block, ast.With) and len(block.items) == 1:
        opener.withs.append(block)
        return block.items[0].optional_vars is None
    return False


def _name(calls: Callables, node: ast.AST) -> str:
    symbol = calls.symbols.get(node)
    return symbol.name if symbol is not None else ""
