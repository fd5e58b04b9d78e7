"""Loops and conditions that only make tensors: each moves as one statement into the methods.

Python decides them when a method is traced, as it did when the graph was built, so they may depend
on host values alone.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from migrator.lift.bindings import PLAIN, Bindings
from migrator.lift.expressions import TENSORS, Context
from migrator.lift.kinds import Kind, Refusal, Step, Value

__all__ = ["Blocks"]

#: What makes more than tensors.
_MAKES = frozenset(
    {"tf.Variable", "tf.get_variable", "tf.placeholder", "tf.placeholder_with_default"}
    | {"tf.Session", "tf.train.Saver", "tf.summary.scalar", "tf.summary.histogram"}
)


class Blocks(Bindings):
    """Evaluates the loops and conditions of a scope that only make tensors."""

    def makes_tensors(self, node: ast.If | ast.For, context: Context) -> bool:
        """Whether a loop or a condition only makes tensors; it is then a step of the graph."""
        if context != PLAIN or not self._only_assigns(node) or not self._touches_graph(node):
            return False
        env, names = self.env, copy.deepcopy(self.names)
        found = list(self.reads), list(self.host), list(self.calls)
        self.env = dict(env)
        known = {id(value) for value in env.values()}
        made: dict[str, list[Value]] = {}
        self.repeated = True
        try:
            self._block(node, made)
            if isinstance(node, ast.For):
                self._block(node, made)  # a value may go from one turn into the next
            if made:
                self._step(node, made, known)
                return True
        except Refusal:
            pass  # it is looked at again, as host code
        finally:
            self.repeated = False
        self.env, self.names = env, names
        self.reads, self.host, self.calls = found
        return False

    def _only_assigns(self, node: ast.stmt) -> bool:
        if isinstance(node, (ast.If, ast.For)):
            return all(self._only_assigns(part) for part in (*node.body, *node.orelse))
        if isinstance(node, ast.Assign):
            return len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        if isinstance(node, ast.AugAssign):
            return isinstance(node.target, ast.Name)
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Constant) or self.is_print(node.value)
        return isinstance(node, (ast.Pass, ast.Raise))

    def is_print(self, node: ast.expr) -> bool:
        """Whether an expression is a call of the built-in ``print``."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            return False
        return (
            node.func.id == "print"
            and self.module.find("print", self.module.scope_of[node.func])[0] is None
        )

    def _touches_graph(self, node: ast.stmt) -> bool:
        touched = False
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                symbol = self.module.symbol(inner.func)
                if symbol is not None and symbol.name in _MAKES:
                    return False
                if isinstance(inner.func, ast.Attribute) and inner.func.attr in ("run", "eval"):
                    return False
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                value = self.env.get(self.key(inner))
                touched = touched or (value is not None and value.kind in TENSORS)
        return touched

    def _block(self, node: ast.stmt, made: dict[str, list[Value]]) -> None:
        if isinstance(node, ast.If):
            self._needs_host(node.test)
            before = dict(self.env)
            for part in node.body:
                self._block(part, made)
            after, self.env = self.env, before
            for part in node.orelse:
                self._block(part, made)
            self._join(after)
        elif isinstance(node, ast.For):
            self._needs_host(node.iter)
            for inner in _names(node.target):
                self.env[self.key(inner)] = Value(Kind.HOST)
            before = dict(self.env)
            for part in node.body:
                self._block(part, made)
            self._join(before)
            for part in node.orelse:
                self._block(part, made)
        elif isinstance(node, (ast.Assign, ast.AugAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            assert isinstance(target, ast.Name)
            value = self.evaluate(node.value)
            if isinstance(node, ast.AugAssign):
                before_value = self.env.get(self.key(target))
                if before_value is not None and before_value.is_graph:
                    self.reads.append((target, before_value))
                    self.read_of[target] = before_value
                    value = self._union(node.value, [before_value, value])
            if value.kind not in (Kind.TENSOR, Kind.HOST):
                raise Refusal(node, "straight line", f"a {value.kind.value} is made in a block")
            if value.kind is Kind.TENSOR:
                if value.name is not None:
                    value = self._union(node.value, [value])
                value.name = target.id
                made.setdefault(target.id, []).append(value)
            self.env[self.key(target)] = value
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            for argument in (*node.value.args, *(k.value for k in node.value.keywords)):
                self._needs_host(argument)
        elif isinstance(node, ast.Raise) and node.exc is not None:
            self._needs_host(node.exc)

    def _step(self, node: ast.If | ast.For, made: dict[str, list[Value]], known: set[int]) -> None:
        calls = [call for call in self.calls if not self._in_raise(call)]
        if calls:
            raise Refusal(
                calls[0],
                "host calls",
                "graph is built with the result of a call, which is made again in every method",
            )
        inside = {name.id for name in _stored(node)}
        for name in inside - set(made):
            self._check_local(node, name)
        reads = [(name, value) for name, value in self.reads if id(value) in known]
        host = [name for name in self.host if name.id not in inside]
        step = Step(len(self.steps), node, reads, host, after_run=self.started)
        self.steps.append(step)
        for name, versions in made.items():
            first = next(inner for inner in _stored(node) if inner.id == name)
            value = self._union(first, versions)
            value.needs |= frozenset(v for _, read in reads for v in read.needs)
            value.random = value.random or any(read.random for _, read in reads)
            value.name, value.step = name, step
            step.defines[name] = value
            self.env[self.key(first)] = value

    def _in_raise(self, node: ast.AST) -> bool:
        return self.module.enclosing(node, (ast.Raise,)) is not None

    def _check_local(self, node: ast.stmt, name: str) -> None:
        """A host name that a block binds goes with it into the methods."""
        within = {id(inner) for inner in ast.walk(node)}
        root = self.module.find(name, self.module.scope_of[_stored(node)[0]])[0]
        for other in self.module.by_name.get(name, ()):
            if not isinstance(other, ast.Name) or id(other) in within:
                continue
            if self.module.find(name, self.module.scope_of[other])[0] is not root:
                continue
            loops = [at for at in self.module.ancestors(other) if isinstance(at, ast.For)]
            if not any(inner.id == name for loop in loops for inner in _names(loop.target)):
                raise Refusal(
                    node, "straight line", f"graph is built in a block that binds `{name}`, too"
                )


def _names(target: ast.expr) -> Iterator[ast.Name]:
    return (inner for inner in ast.walk(target) if isinstance(inner, ast.Name))


def _stored(node: ast.stmt) -> list[ast.Name]:
    return [
        inner
        for inner in ast.walk(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    ]
