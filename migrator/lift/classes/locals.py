"""Local names of parts of the graph: ``x = self.graph.get_tensor_by_name("x:0")``.

Where they are only fetched and fed, what they stand for is written in their place.
"""

from __future__ import annotations

import ast

from migrator.lift.classes.facts import Facts, What
from migrator.lift.classes.loading import is_lookup

__all__ = ["Locals"]

_LOOPS = (ast.For, ast.While)


class Locals:
    """The local names of a file's functions that stand for parts of a graph.

    Args:
        facts: what the file's names stand for.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.module = facts.module
        #: the uses of names -> what they stand for
        self.resolved: dict[ast.AST, ast.expr] = {}
        #: the targets of which every use is among these
        self.targets: set[ast.AST] = set()
        self._statement: dict[ast.AST, ast.Assign] = {}  #: use -> the statement that binds it
        self._uses: dict[ast.Assign, set[ast.AST]] = {}
        self._used: set[ast.AST] = set()
        for node in self.module.nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                self._assign(node, node.targets[0])
        facts.resolve(self.resolved, self.targets)

    def _assign(self, node: ast.Assign, target: ast.expr) -> None:
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            if len(target.elts) != len(node.value.elts):
                return
            pairs = list(zip(target.elts, node.value.elts, strict=True))
        if isinstance(self.facts.unit(node), ast.Module):
            return
        if not all(isinstance(at, ast.Name) and self._stands(value) for at, value in pairs):
            return
        self._uses[node] = set()
        for at, value in pairs:
            assert isinstance(at, ast.Name)
            self._resolve(node, at, value)

    def _stands(self, value: ast.expr) -> bool:
        """Whether a value is a part of the graph that is there already."""
        at = value
        while isinstance(at, (ast.Subscript, ast.Attribute)):
            if isinstance(at, ast.Attribute) and self.facts.member(at) is not None:
                return self.facts.kind(at) is What.GRAPH
            if isinstance(at, ast.Subscript) and not isinstance(
                at.slice, (ast.Constant, ast.UnaryOp)
            ):
                return False
            at = at.value
        return is_lookup(self.facts, at)

    def _resolve(self, node: ast.Assign, target: ast.Name, value: ast.expr) -> None:
        owner, _ = self.module.find(target.id, self.module.scope_of[target])
        names = [
            at
            for at in self.module.by_name.get(target.id, ())
            if isinstance(at, ast.Name)
            and self.module.find(at.id, self.module.scope_of[at])[0] is owner
        ]
        stores = sorted(
            (at for at in names if not isinstance(at.ctx, ast.Load)), key=self._bound_at
        )
        around: ast.AST = self.module.parents[node]
        while isinstance(around, ast.With):
            around = self.module.parents[around]
        self.targets.add(target)
        for use in names:
            if not isinstance(use.ctx, ast.Load):
                continue
            place = (use.lineno, use.col_offset)
            before = [at for at in stores if self._bound_at(at) <= place]
            if not before or before[-1] is not target:
                continue
            above = list(self.module.ancestors(use))
            if around not in above or self._changes(above, stores, target):
                self.targets.discard(target)
                continue
            self.resolved[use] = value
            self._statement[use] = node
            self._uses[node].add(use)

    def _bound_at(self, name: ast.Name) -> tuple[int, int]:
        """Return behind which place a name has the value that it is given there."""
        statement = self.module.statement(name)
        if isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            return statement.end_lineno or 0, statement.end_col_offset or 0
        return name.lineno, name.col_offset

    def _changes(self, above: list[ast.AST], stores: list[ast.Name], target: ast.Name) -> bool:
        """Whether a loop around a use comes back to it with another value."""
        for loop in above:
            if isinstance(loop, _LOOPS):
                inside = set(self.facts.below(loop))
                if target not in inside and any(at in inside for at in stores):
                    return True
        return False

    def use(self, node: ast.AST) -> list[ast.Assign]:
        """Note that ``node`` is fetched or fed, and return the statements it takes names from."""
        found: list[ast.Assign] = []
        for at in self.facts.below(node):
            if at in self.resolved:
                self._used.add(at)
                found.append(self._statement[at])
                found += self.use(self.resolved[at])
        return found

    def gone(self) -> dict[ast.Assign, ast.expr]:
        """Return the statements of which all uses are fetched or fed, or that have none there."""
        units = {self.facts.unit(at) for at in self._used}
        return {
            node: node.value
            for node, uses in self._uses.items()
            if uses <= self._used and self.facts.unit(node) in units
        }
