"""The statements of one scope, in order, and what each of them is.

A scope is a module body or the body of one function.  What is not understood refuses the lift.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from migrator.lift.bindings import PLAIN
from migrator.lift.contexts import Contexts
from migrator.lift.expressions import TENSORS, Context
from migrator.lift.kinds import Kind, Refusal, Step, Value, leaves
from migrator.names import Module

__all__ = ["Scope", "holds_variables", "is_main_guard"]


class Scope(Contexts):
    """The analysis of one scope.

    A body that resets the graph has one scope for each graph: they share what is known of the file,
    and what stands for a value of an earlier graph is stale in a later one.

    Args:
        module: the file.
        node: the module or the function whose body is analysed.
        body: the statements of ``node`` that build one graph and use it; by default all.
        before: the scope of the graph before it.
        parts: the statements of all graphs.

    Raises:
        Refusal: from :meth:`analyse`, when something is not understood.
    """

    def __init__(
        self,
        module: Module,
        node: ast.Module | ast.FunctionDef,
        body: Sequence[ast.stmt] = (),
        before: Scope | None = None,
        parts: Sequence[Sequence[ast.stmt]] = (),
    ) -> None:
        super().__init__(module)
        self.node = node
        self.body = list(body) or node.body
        self.alone = not body
        self.elsewhere = {id(at) for part in parts if part is not body for at in part}
        if before is not None:
            self.env = {
                key: Value(Kind.STALE, value.node) if self._is_stale(value) else value
                for key, value in before.env.items()
            }
            self.read_of, self.visited, self.pure = before.read_of, before.visited, before.pure
            self.makers = before.makers
            self.lent, self.lent_calls = before.lent, before.lent_calls
            self.lent_names = before.lent_names
        self._deferred: list[ast.FunctionDef] = []
        self._classes: list[ast.ClassDef] = []

    def _is_stale(self, value: Value) -> bool:
        """Whether a value, or the graph object that it is, belongs to the graph before."""
        symbol = self.module.symbol(value.node.func) if isinstance(value.node, ast.Call) else None
        graphs = ("tf.Graph", "tf.get_default_graph")
        return value.is_graph or (symbol is not None and symbol.name in graphs)

    def analyse(self) -> None:
        """Look at every statement once, in order."""
        for node in self.module.nodes:
            if isinstance(node, (ast.AsyncFunctionDef, ast.Await)):
                raise Refusal(node, "async", "asynchronous code is not followed")
        self.block(self.body, PLAIN)

    def finish(self) -> None:
        """Look at the functions that run later, once all graphs of the body are known."""
        for function in self._deferred:
            if function not in self.pure:
                runs = len(self.runs)
                self._later(function)
                if not self.alone and len(self.runs) > runs:
                    raise Refusal(
                        function,
                        "one graph",
                        "a function runs the session of one of several graphs",
                    )
        self._settled()
        self._check_names()
        self._check_runs()
        trainable = {variable for variable in self.variables if variable.trainable}
        for node, listed in self.asked:
            if set(listed) != trainable:
                raise Refusal(node, "order", "variables are made after it asks for all of them")

    def _check_runs(self) -> None:
        """What the session gives must not be part of a statement that moves into a method."""
        built = {step.node for step in self.steps}
        for run in self.runs:
            if any(at in built for at in self.module.ancestors(run.call)):
                raise Refusal(
                    run.call, "host values", "graph is built with what a run of the session gives"
                )

    def is_deferred(self) -> bool:
        """Whether the code at hand runs at some later time."""
        return self.context.deferred

    def _check_names(self) -> None:
        """An operation that nobody named may have taken the name that a variable wanted."""
        for value in self.variables:
            *around, last = value.tf_name.lower().split("/")
            # a name scope may have been given a number, unlike a variable scope
            parts = [last] if self._is_got(value) else [*around, last]
            bare = [re.sub(r"_\d+$", "", part) for part in parts]
            last = next((part for part in (*parts, *bare) if part in self.default_names), "")
            if last:
                raise Refusal(
                    value.node or self.node,
                    "variable name",
                    f"an operation may be called `{last}`, too, so what TensorFlow 1 calls the"
                    " variable is not told exactly",
                )

    def _is_got(self, value: Value) -> bool:
        """Whether a variable is named within variable scopes only."""
        symbol = self.module.symbol(value.call.func) if value.call is not None else None
        return symbol is not None and symbol.name != "tf.Variable"

    def covers(self, node: ast.AST) -> bool:
        """Whether ``node`` stands among the statements of this graph, or of none."""
        if self.alone:
            return True
        return not any(id(at) in self.elsewhere for at in (node, *self.module.ancestors(node)))

    @property
    def end(self) -> int:
        """Where the statements of this graph end."""
        return len(self.module.text) if self.alone else self.module.end(self.body[-1])

    def account(self) -> None:
        """Every use of TensorFlow must have been understood."""
        for maker in self.makers.values():
            for other in self._other_uses(maker.function, maker.calls):
                raise Refusal(
                    other, "variable in a function", "what makes variables is used otherwise"
                )
        for call, function in self.lent_calls.items():
            if self.lent_names[call] != set(self.lent[function]):
                raise Refusal(call, "function", "it reads other tensors at another call")
        for function in self.lent:
            for other in self._other_uses(function, self.lent_calls):
                raise Refusal(
                    other, "function", f"`{function.name}`, which reads tensors, is used otherwise"
                )
        from migrator.lift import renames

        for node, symbol in self.module.references():
            name = symbol.spelled.partition(".")[2]
            if node in self.visited or name in renames.CONSTANTS or not name:
                continue
            if name in renames.LEVELS:
                continue
            if renames.is_flags(symbol) or name in renames.HOST:
                continue
            if isinstance(self.module.parents[node], ast.Attribute):
                continue
            statement = self.module.statement(node)
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                continue
            raise Refusal(
                node, "one scope", f"`{symbol.spelled}` is used outside of the scope that is lifted"
            )

    def _other_uses(
        self, function: ast.FunctionDef, calls: Container[ast.AST]
    ) -> Iterator[ast.Name]:
        for name in self.module.by_name.get(function.name, ()):
            if isinstance(name, ast.Name) and self.module.parents[name] not in calls:
                yield name

    def _later(self, function: ast.FunctionDef) -> None:
        """A function that runs at some later time: it may run the session, not build graph."""
        self.block(function.body, Context(deferred=True))

    def block(self, statements: Sequence[ast.stmt], context: Context) -> None:
        """Analyse the statements of a block."""
        for statement in statements:
            self.context = context
            self.reads, self.host, self.calls = [], [], []
            self.statement(statement, context)
        live = [statement for statement in statements if statement not in self.removed]
        if statements and not live and context is not PLAIN:
            raise Refusal(statements[0], "empty block", "nothing would be left in its block")

    def statement(self, node: ast.stmt, context: Context) -> None:
        """Analyse one statement."""
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass, ast.Break, ast.Continue)):
            return
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            return
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                self._host(decorator)
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None:
                    self._host(default)
            self._deferred.append(node)
        elif isinstance(node, ast.ClassDef):
            self._class(node)
        elif isinstance(node, ast.With):
            self.enters(node, context)
        elif isinstance(node, ast.If):
            if is_main_guard(node) and isinstance(self.node, ast.Module) and not node.orelse:
                self.block(node.body, context)
                return
            if self.makes_tensors(node, context):
                return
            self._host(node.test)
            inner = replace(context, branch=True)
            self.block(node.body, inner)
            self.block(node.orelse, inner)
        elif isinstance(node, ast.For):
            if self.makes_tensors(node, context):
                return
            self._host(node.iter)
            self._bind(node.target, Value(Kind.HOST), node)
            inner = replace(context, loop=True)
            self.block(node.body, inner)
            self.block(node.orelse, inner)
        elif isinstance(node, ast.While):
            self._host(node.test)
            inner = replace(context, loop=True)
            self.block(node.body, inner)
            self.block(node.orelse, inner)
        elif isinstance(node, ast.Try):
            inner = replace(context, branch=True, attempt=True)
            for part in (node.body, *(h.body for h in node.handlers), node.orelse, node.finalbody):
                self.block(part, inner)
        elif isinstance(node, ast.Assign):
            value = self.evaluate(node.value)
            self._assigned(node, node.targets, value, context)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self._assigned(node, [node.target], self.evaluate(node.value), context)
        elif isinstance(node, ast.AugAssign):
            self._augmented(node, context)
        elif isinstance(node, (ast.Expr, ast.Assert)) and self._watches(node, context):
            return
        elif isinstance(node, ast.Expr):
            self._expression(node, context)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    if isinstance(node, ast.Delete):
                        raise Refusal(node, "delete", "a name is deleted")
                    self._host(child)
                elif isinstance(child, (ast.stmt, ast.ExceptHandler)):
                    raise Refusal(node, "statement", "this kind of statement is not followed")

    def _class(self, node: ast.ClassDef) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, (ast.Name, ast.Attribute)) and self.module.symbol(inner):
                raise Refusal(inner, "class", f"the class `{node.name}` uses TensorFlow")
        self._classes.append(node)

    def _expression(self, node: ast.Expr, context: Context) -> None:
        call = node.value
        if isinstance(call, ast.Call):
            symbol = self.module.symbol(call.func)
            if symbol is not None and symbol.name == "tf.reset_default_graph":
                self.visited.add(call.func)
                if self.steps or self.started or context is not PLAIN:
                    raise Refusal(node, "one graph", "the graph is reset after it was used")
                self.removed[node] = Value(Kind.CONFIG)
                return
            if symbol is not None and symbol.name in (
                "tf.disable_v2_behavior",
                "tf.disable_eager_execution",
            ):
                self.visited.add(call.func)
                self.removed[node] = Value(Kind.CONFIG)
                return
        value = self.evaluate(node.value)
        if value.is_graph and value.kind not in (Kind.SESSION, Kind.SUMMARY):
            raise Refusal(node, "unused graph", f"a {value.kind.value} is made and not kept")
        if value.kind in (Kind.SESSION, Kind.SUMMARY):
            self.removed[node] = value

    def _watches(self, node: ast.Expr | ast.Assert, context: Context) -> bool:
        """Whether a statement prints tensors, or checks their static shapes.

        It then stands in the method that builds them, and so is run when that is traced, once.
        """
        parts: list[ast.expr] = []
        if isinstance(node, ast.Assert):
            parts = [node.test, *([node.msg] if node.msg is not None else [])]
        elif isinstance(node.value, ast.Call) and self.is_print(node.value):
            parts = [] if node.value.keywords else node.value.args
        if not parts or context != PLAIN:
            return False
        values = [self.evaluate(part) for part in parts]
        if not any(value.is_graph for value in values):
            return True
        for part, value in zip(parts, values, strict=True):
            shown = value.kind in TENSORS and not isinstance(node, ast.Assert)
            if value.is_graph and not value.static and not shown:
                raise Refusal(part, "host use", f"a {value.kind.value} is used by host code")
        if any(value.is_eager for value in values):
            raise Refusal(node, "host use", "a constant is printed, which has a value now")
        step = Step(len(self.steps), node, list(self.reads), list(self.host), watches=True)
        step.after_run, step.calls = self.started, list(self.calls)
        self.steps.append(step)
        if not isinstance(node, ast.Assert):
            self.notes.append("A tensor is printed when its method is traced, at the first call")
        return True

    def _augmented(self, node: ast.AugAssign, context: Context) -> None:
        value = self.evaluate(node.value)
        if isinstance(node.target, ast.Name):
            before = self.env.get(self.key(node.target))
            if before is not None and before.is_graph:
                self.reads.append((node.target, before))
                self.read_of[node.target] = before
                if before.kind not in (Kind.TENSOR, Kind.PLACEHOLDER):
                    raise Refusal(node, "operator", f"a {before.kind.value} is changed in place")
                self._assigned(
                    node, [node.target], self._union(node.value, [before, value]), context
                )
                return
        if value.is_graph:
            raise Refusal(node, "host use", f"a {value.kind.value} is added to a host value")
        if not isinstance(node.target, ast.Name):
            self._store(node.target)


def holds_variables(value: Value) -> bool:
    """Whether a structure holds variables, so that it belongs to the module, not to a method."""
    kinds = {leaf.kind for leaf in leaves(value)}
    if Kind.VARIABLE in kinds and kinds - {Kind.VARIABLE, Kind.HOST}:
        node = value.node or ast.Pass()
        raise Refusal(node, "structure", "a structure holds variables and other graph values")
    return Kind.VARIABLE in kinds


def is_main_guard(node: ast.If) -> bool:
    """Whether a statement is ``if __name__ == "__main__":``."""
    test = node.test
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
    )
