"""Seeded random ops that several functions of a class share.

TensorFlow 1 drew a seeded op's numbers in one row, whichever run asked for them.  A function that
is cut out of the graph has an op of its own, whose row starts anew.
"""

from __future__ import annotations

import ast

from migrator.lift.classes.facts import Facts, Family
from migrator.lift.classes.functions import Cut, Functions
from migrator.lift.kinds import Refusal

__all__ = ["check_seeds"]

#: What they are given is computed once, when a variable gets its first value.
_MAKERS = frozenset({"tf.Variable", "tf.get_variable", "tf.contrib.framework.model_variable"})
#: They give what other statements put aside in the graph.
_COLLECTS = ("get_collection", "get_total_loss", "get_losses", "merge_all", "merge_all_summaries")
_FILLING = frozenset({"append", "extend", "insert", "add", "setdefault", "update"})


def check_seeds(facts: Facts, functions: Functions) -> None:
    """Check that each seeded random op belongs to the runs of one function.

    Raises:
        Refusal: two functions would draw the same numbers where the session's runs drew on.
    """
    ops = [call for call in facts.module.nodes if _is_seeded(facts, call)]
    if not ops:
        return
    draws = _Draws(facts, set(ops))
    for cuts in functions.cuts.values():
        found = [cut for cut in cuts if cut.export is None and draws.reads(cut.runs[0].fetch)]
        if sum(_functions(cut) for cut in found) > 1:
            raise Refusal(
                ops[0],
                "seeds",
                "several runs draw on from a seeded random op, which each function would have anew",
            )


def _functions(cut: Cut) -> int:
    """Return of how many functions a part of the graph may consist: one for each set of feeds."""
    return 1 if cut.names is None else 2


def _is_seeded(facts: Facts, node: ast.AST) -> bool:
    """Whether a node is the call of a random op with a seed of its own."""
    if not isinstance(node, ast.Call):
        return False
    symbol = facts.symbol(node.func)
    if symbol is None or not facts.is_graph_symbol(symbol):
        return False
    if symbol.name.endswith(("initializer", "regularizer")):
        return False
    return any(
        word.arg == "seed"
        and not (isinstance(word.value, ast.Constant) and word.value.value is None)
        for word in node.keywords
    )


class _Draws:
    """Which names, attributes and functions have seeded random ops in what they stand for."""

    def __init__(self, facts: Facts, ops: set[ast.AST]) -> None:
        self.facts = facts
        self.ops = ops
        self.names: set[tuple[ast.AST | Family, str]] = set()
        self.functions: set[ast.AST] = set()
        pairs = [(target, value) for target, value, _, _ in facts.bindings()]
        for node in facts.module.nodes:
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in _FILLING
            ):
                pairs += [(node.func.value, value) for value in node.args]
        functions = [node for node in facts.module.nodes if isinstance(node, ast.FunctionDef)]
        before = -1
        while before != len(self.names) + len(self.functions):
            before = len(self.names) + len(self.functions)
            for target, value in pairs:
                if self.reads(value):
                    key = self._target(target)
                    if key is not None:
                        self.names.add(key)
            for function in functions:
                if function not in self.functions and self._gives(function):
                    self.functions.add(function)

    def _gives(self, function: ast.FunctionDef) -> bool:
        """Whether calling a function, or making what it is the constructor of, gives draws."""
        owner = self.facts.module.parents[function]
        if isinstance(owner, ast.ClassDef) and owner not in self.facts.family_of:
            return any(self.reads(part) for part in owner.body)  # its attributes are not followed
        return any(
            self.reads(at.value)
            for at in self.facts.below(function)
            if isinstance(at, (ast.Return, ast.Yield)) and at.value is not None
        )

    def _target(self, node: ast.expr) -> tuple[ast.AST | Family, str] | None:
        while True:
            key = self._key(node)
            if key is not None or not isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
                return key
            node = node.value

    def _key(self, node: ast.AST) -> tuple[ast.AST | Family, str] | None:
        if isinstance(node, ast.Name):
            owner, _ = self.facts.module.find(node.id, self.facts.module.scope_of[node])
            return None if owner is None else (owner.node, node.id)
        member = self.facts.member(node)
        return None if member is None else (member[1], member[2])

    def reads(self, node: ast.AST) -> bool:
        """Whether a piece of code has, calls or reads what draws."""
        todo: list[ast.AST] = [node]
        while todo:
            one = todo.pop()
            if one in self.ops:
                return True
            if isinstance(one, ast.Call):
                symbol = self.facts.symbol(one.func)
                if symbol is not None and symbol.name in _MAKERS:
                    continue
                if symbol is not None and symbol.name.endswith(_COLLECTS):
                    return not any(
                        isinstance(inner, ast.Attribute) and inner.attr.endswith("VARIABLES")
                        for inner in self.facts.below(one)
                    )
                if any(function in self.functions for function in self.facts.called(one)):
                    return True
            if isinstance(one, (ast.Name, ast.Attribute)) and self._key(one) in self.names:
                return True
            todo.extend(ast.iter_child_nodes(one))
        return False
