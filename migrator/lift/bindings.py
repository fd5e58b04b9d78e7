"""The names of one scope: what each stands for once a statement has bound it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from migrator.lift.expressions import Context
from migrator.lift.kinds import Kind, Refusal, Step, Value, leaves, updates_in
from migrator.lift.summaries import Summaries
from migrator.names import Module

__all__ = ["PLAIN", "Bindings"]

#: A statement that makes one of these moves into the module that the lift emits.
_MOVED = frozenset(
    {Kind.PLACEHOLDER, Kind.VARIABLE, Kind.TENSOR, Kind.STRUCT, Kind.OPTIMIZER, Kind.TRAIN}
    | {Kind.ASSIGN, Kind.GROUP, Kind.GRADIENTS, Kind.VARIABLES}
)

#: A statement that only makes one of these goes with the session.
_GOES = frozenset(
    {Kind.SESSION, Kind.CONFIG, Kind.INIT, Kind.BUILDER, Kind.TENSOR_INFO, Kind.SIGNATURE}
    | {Kind.SUMMARY}
)

#: Where a statement stands that always runs, once.
PLAIN = Context()


class Bindings(Summaries):
    """Binds names to values, and keeps the statements that build graph."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.eager: dict[ast.stmt, Value] = {}  #: tensors of constants, which stay
        #: name, expression and what it reads -> the tensor that was made of them
        self._tensors: dict[object, Value] = {}
        self.feeds: list[Value] = []  #: feed dictionaries that are kept in variables

    def _host(self, node: ast.expr) -> None:
        """Evaluate an expression whose value host code uses."""
        value = self.evaluate(node)
        if value.is_graph:
            raise Refusal(node, "host use", f"a {value.kind.value} is used by host code")

    def _assigned(
        self, node: ast.stmt, targets: Sequence[ast.expr], value: Value, context: Context
    ) -> None:
        if value.kind is Kind.PLACEHOLDER and value.name is not None:
            # y = x: what is fed is called x; y is a tensor like others
            assert value.node is not None
            value = self._union(value.node, [value])
        unpacked = any(isinstance(target, (ast.Tuple, ast.List)) for target in targets)
        mixed = any(item.kind is Kind.HOST for item in value.items.values())
        if value.kind is Kind.STRUCT and unpacked and mixed:
            raise Refusal(node, "assignment", "it binds host values and graph values together")
        below = {leaf.kind for leaf in leaves(value)} - {Kind.HOST}
        goes = value.kind in _GOES or (value.kind is Kind.STRUCT and below <= _GOES)
        if goes and (context.loop or context.deferred) and value.kind is Kind.BUILDER:
            raise Refusal(node, "export", "a builder is made in a loop or a function")
        if goes:
            for target in targets:
                if isinstance(target, ast.Attribute) and value.kind is Kind.CONFIG:
                    continue
                self._bind(target, value, node)
            self.removed[node] = value
            return
        if len(targets) == 1 and isinstance(targets[0], ast.Attribute):
            # config.gpu_options.allow_growth = True
            base = self.evaluate(targets[0].value)
            if base.kind is Kind.CONFIG:
                if value.is_graph:
                    raise Refusal(node, "host use", "a graph value is used by host code")
                self.removed[node] = base
                return
        if value.kind is Kind.SAVER:
            if len(targets) != 1 or not isinstance(targets[0], ast.Name):
                raise Refusal(node, "Saver", "the Saver is not kept in one variable")
        elif value.kind in (Kind.WRITER, Kind.RECORD):
            if len(targets) != 1 or not isinstance(targets[0], ast.Name):
                raise Refusal(node, "summary", f"the {value.kind.value} is not kept in a name")
        elif value.kind is Kind.FEED:
            self._fed(node, targets, value, context)
        elif value.is_graph:
            again = self._again(targets, value, context)
            if again is not None:
                self._name_again(targets[0], again, node)
                return
            self._graph(node, targets, value, context)
        for target in targets:
            self._bind(target, value, node)

    def _graph(
        self, node: ast.stmt, targets: Sequence[ast.expr], value: Value, context: Context
    ) -> None:
        """A statement that builds graph."""
        if context.deferred:
            raise Refusal(
                node, "graph in a function", "a function that is not followed builds graph"
            )
        if context.loop or context.branch:
            what = "a variable is made" if value.kind is Kind.VARIABLE else "graph is built"
            raise Refusal(node, "straight line", f"{what} in a loop or under a condition")
        if len(targets) != 1:
            raise Refusal(node, "assignment", "a graph value gets several names at once")
        if value.is_eager:
            self.eager[node] = value
            return
        if value.kind not in _MOVED:
            raise Refusal(node, "assignment", f"a {value.kind.value} is kept in a variable")
        made = [item for item in leaves(value) if item.kind is Kind.VARIABLE and item.step is None]
        if self.started and (made or value.kind is Kind.VARIABLE):
            raise Refusal(node, "order", f"a {value.kind.value} is made after the session was used")
        step = Step(
            len(self.steps),
            node,
            list(self.reads),
            list(self.host),
            after_run=self.started,
            calls=list(self.calls),
        )
        if self.calls and value.kind is not Kind.VARIABLE and not made:
            raise Refusal(
                self.calls[0],
                "host calls",
                "graph is built with the result of a call, which is made again in every method",
            )
        self.steps.append(step)
        for item in (*made, *updates_in(value)):
            item.step = item.step or step
        self.trains += [
            item
            for item in updates_in(value)
            if item.kind is Kind.TRAIN and item not in self.trains
        ]

    def _again(self, targets: Sequence[ast.expr], value: Value, context: Context) -> Value | None:
        """Return the tensor that a statement makes a second time of the same values, or None."""
        if (
            value.kind is not Kind.TENSOR
            or value.random
            or value.is_eager
            or self.calls
            or context != PLAIN
            or len(targets) != 1
            or not isinstance(targets[0], ast.Name)
            or value.node is None
        ):
            return None
        read = tuple((below.step or below, below.name) for _, below in self.reads)
        key = (targets[0].id, ast.dump(value.node), read)
        if key in self._tensors:
            return self._tensors[key]
        self._tensors[key] = value
        return None

    def _name_again(self, target: ast.expr, value: Value, node: ast.stmt) -> None:
        assert isinstance(target, ast.Name)
        self.env[self.key(target)] = value
        self.removed[node] = value

    def _fed(
        self, node: ast.stmt, targets: Sequence[ast.expr], value: Value, context: Context
    ) -> None:
        assert isinstance(value.node, ast.Dict)
        self.feeds.append(value)
        for target in targets:
            if not isinstance(target, ast.Name):
                raise Refusal(node, "feed", "a feed dictionary is not kept in a variable")
            before = self.env.get(self.key(target))
            if (
                before is not None
                and context is not PLAIN
                and before.feed.keys() != value.feed.keys()
            ):
                raise Refusal(node, "feed", "which placeholders are fed depends on a condition")

    def _bind(self, target: ast.expr, value: Value, node: ast.stmt) -> None:
        if isinstance(target, ast.Name):
            self._name_value(target, value, node)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for index, element in enumerate(target.elts):
                kept = value.kind in (Kind.STRUCT, Kind.HOST)
                item = value.items.get(index) if kept else None
                if value.is_graph and item is None:
                    if isinstance(element, ast.Starred) or value.kind not in (
                        Kind.TENSOR,
                        Kind.GRADIENTS,
                    ):
                        raise Refusal(node, "assignment", f"a {value.kind.value} is unpacked")
                    if value.kind is Kind.GRADIENTS:
                        item = self.gradients(target, [value])
                    else:
                        item = self._union(target, [value])
                self._bind(element, item or Value(Kind.HOST), node)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, value, node)
        elif value.is_graph:
            raise Refusal(
                target, "assignment", f"a {value.kind.value} is kept in an attribute or an item"
            )
        else:
            self._store(target)

    def _store(self, target: ast.expr) -> None:
        """A host value is stored in an item or an attribute."""
        if isinstance(target, ast.Attribute):
            if self.module.symbol(target) is not None:
                raise Refusal(target, "dynamic code", "a name of TensorFlow is changed")
            self._host(target.value)
        elif isinstance(target, ast.Subscript):
            self._host(target.value)
            for value in self.evaluate_slice(target.slice):
                if value.is_graph:
                    raise Refusal(target, "host use", "a graph value is used by host code")

    def _name_value(self, target: ast.Name, value: Value, node: ast.stmt) -> None:
        key = self.key(target)
        if value.kind is Kind.HOST:
            before = self.env.get(key)
            if before is not None and before.is_graph and self.context is not PLAIN:
                raise Refusal(
                    node, "one meaning",
                    f"`{target.id}` is a {before.kind.value}, and later a host value in a block",
                )  # fmt: skip
            self.env[key] = value
            return
        before = self.env.get(key)
        if value.kind is Kind.RECORD and before is not None and self.context is not PLAIN:
            summary, other = value.operand_value, before.operand_value
            assert summary is not None
            if before.is_graph and (other is None or other.records != summary.records):
                raise Refusal(node, "one meaning", f"`{target.id}` is one of several summaries")
        if value.kind is Kind.VARIABLE and value.name is not None:
            raise Refusal(node, "assignment", "a variable gets a second name")
        if value.name is not None:
            # y = x: another name for the same value
            value = replace(value, items=dict(value.items))
        value.name = target.id
        if self.steps and self.steps[-1].node is node:
            value.step = self.steps[-1]
            self.steps[-1].defines[target.id] = value
        self._paths(value, target.id)
        self.env[key] = value

    def _paths(self, value: Value, path: str) -> None:
        """Note how the variables in a structure are reached."""
        if value.kind is Kind.VARIABLE:
            value.path = path
        elif value.kind is Kind.STRUCT:
            for index, item in value.items.items():
                if item.kind in (Kind.VARIABLE, Kind.STRUCT) and not item.path:
                    self._paths(item, f"{path}[{index!r}]")
