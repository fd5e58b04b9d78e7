"""Seeded random ops that several runs share.

TensorFlow 1 drew a seeded op's numbers in one row, whichever run asked for them.  A function that
is cut out of the graph has an op of its own, whose row starts anew.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.analysis import Analysis
from migrator.lift.wrapped.callables import FILLING
from migrator.lift.wrapped.objects import roots

__all__ = ["check_seeds"]

#: What they are given is computed once, when a variable gets its first value.
_MAKERS = frozenset({"tf.Variable", "tf.get_variable", "tf.contrib.framework.model_variable"})
_INITIAL = ("initializer", "regularizer")
#: They give what other statements put aside in the graph.
_COLLECTS = ("get_collection", "get_total_loss", "get_losses", "merge_all", "merge_all_summaries")


def check_seeds(scope: Analysis) -> None:
    """Check that each seeded random op belongs to the runs of one function.

    Raises:
        Refusal: two functions would draw the same numbers where the session's runs drew on.
    """
    if len(scope.uses) < 2:
        return
    ops = [node for node in scope.calls.graph_refs if _is_seeded(scope, node)]
    if not ops:
        return
    draws = _Draws(scope, set(ops))
    found = [use for use in scope.uses if draws.reads(use.fetch)]
    if len(found) > 1:
        first = min(ops, key=scope.module.start)
        raise Refusal(
            first,
            "seeds",
            "several runs draw on from a seeded random op, which each function would have anew",
        )


def _is_seeded(scope: Analysis, ref: ast.AST) -> bool:
    """Whether a reference is the call of a random op with a seed of its own."""
    call = scope.module.parents.get(ref)
    symbol = scope.calls.symbols.get(ref)
    if not isinstance(call, ast.Call) or call.func is not ref or symbol is None:
        return False
    if symbol.name.endswith(_INITIAL):
        return False
    seeded = any(
        word.arg == "seed"
        and not (isinstance(word.value, ast.Constant) and word.value.value is None)
        for word in call.keywords
    )
    return seeded and not _is_initial(scope, call)


def _is_initial(scope: Analysis, node: ast.expr) -> bool:
    """Whether a value is only what variables start from."""
    for around in scope.module.ancestors(node):
        if isinstance(around, ast.Call) and _makes(scope, around):
            return True
        if isinstance(around, ast.stmt):
            if not (
                isinstance(around, ast.Assign)
                and len(around.targets) == 1
                and isinstance(around.targets[0], ast.Name)
            ):
                return False
            key = scope.calls.key(around.targets[0])
            loads = [
                name
                for name in scope.module.by_name.get(around.targets[0].id, ())
                if isinstance(name, ast.Name)
                and isinstance(name.ctx, ast.Load)
                and scope.calls.key(name) == key
            ]
            return bool(loads) and all(_is_given(scope, name) for name in loads)
    return False


def _is_given(scope: Analysis, name: ast.Name) -> bool:
    return any(
        isinstance(around, ast.Call) and _makes(scope, around)
        for around in scope.module.ancestors(name)
    )


def _makes(scope: Analysis, call: ast.Call) -> bool:
    symbol = scope.calls.symbols.get(call.func)
    return symbol is not None and symbol.name in _MAKERS


class _Draws:
    """Which names and functions of a file have seeded random ops in what they stand for."""

    def __init__(self, scope: Analysis, ops: set[ast.expr]) -> None:
        self.scope = scope
        self.ops = ops
        self.names: set[tuple[int, str]] = set()
        self.definitions: set[ast.AST] = set()
        #: those that draw only where a parameter is true -> that parameter
        self.switches: dict[ast.AST, str] = {}
        self.some = False  #: whether a statement of the graph draws
        statements = [one for moved in scope.moved for one in _simple(moved)]
        functions = [
            node
            for node in scope.module.nodes
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node in scope.calls.makes
        ]
        before = -1
        while before != self.some + len(self.names) + len(self.definitions):
            before = self.some + len(self.names) + len(self.definitions)
            for one in functions:
                if one not in self.definitions and any(self.reads(part) for part in one.body):
                    self.definitions.add(one)
                    self._switch(one)
            for statement in statements:
                if self.reads(statement):
                    self.some = True
                    self.names.update(scope.calls.key(name) for name in _bound(statement))

    def _switch(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        if isinstance(node, ast.FunctionDef):
            for argument in node.args.args:
                if not any(self.reads(part, argument.arg) for part in node.body):
                    self.switches[node] = argument.arg

    def _is_off(self, call: ast.Call) -> bool:
        """Whether a function is called with the parameter false with which it would draw."""
        function = self.scope.calls.definition(call.func)
        if function not in self.switches or not isinstance(function, ast.FunctionDef):
            return False
        spec = function.args
        names = [argument.arg for argument in spec.args]
        given: dict[str | None, ast.expr] = dict(
            zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True)
        )
        given.update(zip(names, call.args, strict=False))
        given.update({word.arg: word.value for word in call.keywords})
        value = given.get(self.switches[function])
        plain = not any(isinstance(argument, ast.Starred) for argument in call.args)
        return plain and None not in given and isinstance(value, ast.Constant) and not value.value

    def reads(self, node: ast.AST, switch: str = "") -> bool:
        """Whether a piece of code has, calls or reads what draws, where ``switch`` is false."""
        todo: list[ast.AST] = [node]
        while todo:
            one = todo.pop()
            if isinstance(one, ast.Call):
                if one.func in self.ops:
                    return True
                if _makes(self.scope, one):
                    continue
                if self._is_off(one):
                    todo += [*one.args, *(word.value for word in one.keywords)]
                    continue
            if isinstance(one, ast.If) and isinstance(one.test, ast.Name) and one.test.id == switch:
                todo += one.orelse
                continue
            if self._draws(one):
                return True
            todo.extend(ast.iter_child_nodes(one))
        return False

    def _draws(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if self.scope.calls.definition(node) in self.definitions:
                return True
            return self.scope.calls.key(node) in self.names
        symbol = self.scope.calls.symbols.get(node)
        if symbol is None or not symbol.name.endswith(_COLLECTS):
            return False
        call = self.scope.module.parents.get(node)
        variables = isinstance(call, ast.Call) and any(
            isinstance(inner, ast.Attribute) and inner.attr.endswith("VARIABLES")
            for inner in ast.walk(call)
        )
        return self.some and not variables


def _simple(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield the simple statements of a statement, and the loops for what they bind."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return
    if not hasattr(node, "body"):
        yield node
        return
    if isinstance(node, ast.For):
        yield ast.Assign([node.target], node.iter)
    for block in ("body", "orelse", "finalbody"):
        for inner in getattr(node, block, ()):
            yield from _simple(inner)
    for handler in getattr(node, "handlers", ()):
        for inner in handler.body:
            yield from _simple(inner)


def _bound(node: ast.stmt) -> Iterator[ast.Name]:
    """Yield the names that a statement binds or fills."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr in FILLING:
            yield from roots(function.value)
        return
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from roots(target)
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        yield from roots(node.target)
