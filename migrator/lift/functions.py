"""Calls of code that is not TensorFlow's: host code, and functions of the file."""

from __future__ import annotations

import ast

from migrator.lift import renames
from migrator.lift.dynamic import changes_names
from migrator.lift.expressions import TENSORS, Expressions, argument_nodes, arguments
from migrator.lift.kinds import Kind, Refusal, Value
from migrator.names import Symbol

__all__ = ["Functions"]

#: Built-in functions without effects.
_HARMLESS = frozenset(
    {"len", "int", "float", "str", "bool", "range", "round", "min", "max", "abs", "sum", "tuple"}
    | {"list", "dict", "set", "sorted", "zip", "enumerate", "reversed", "any", "all", "repr"}
)


class Functions(Expressions):
    """Evaluates calls, and sees into the functions that make graph."""

    def call(self, node: ast.Call) -> Value:
        """Return what a call gives."""
        symbol = self.module.symbol(node.func)
        if symbol is not None:
            self.visited.add(node.func)
            return self.tensorflow(node, symbol)
        if isinstance(node.func, ast.Attribute):
            base = self.evaluate(node.func.value)
            if base.is_graph or base.kind is Kind.CONFIG:
                return self.method(node, base, node.func.attr)
        elif isinstance(node.func, ast.Name):
            function = self._function(node.func)
            if function is not None:
                return self._local(node, function)
            self.evaluate(node.func)
            if changes_names(self.module, node.func):
                raise Refusal(node, "dynamic code", f"`{node.func.id}` changes names unseen")
        else:
            self.evaluate(node.func)
        values = {argument: self.evaluate(argument) for argument in argument_nodes(node)}
        listed = self._builtin(node, list(values.values()))
        if listed is not None:
            return listed
        for argument, value in values.items():
            if value.kind is not Kind.HOST:
                raise Refusal(
                    argument,
                    "unseen function",
                    f"a {value.kind.value} is passed to `{ast.unparse(node.func)}`, which is not"
                    " seen into",
                )
        if not self.is_harmless(node):
            self.calls.append(node)
        return Value(Kind.HOST, node)

    def tensorflow(self, node: ast.Call, symbol: Symbol) -> Value:
        """Return what a call of TensorFlow gives."""
        raise NotImplementedError

    def method(self, node: ast.Call, base: Value, name: str) -> Value:
        """Return what a method of a graph value gives."""
        raise NotImplementedError

    def _builtin(self, node: ast.Call, values: list[Value]) -> Value | None:
        """Return what ``zip`` and ``list`` make of lists of gradients and variables, or None."""
        if not isinstance(node.func, ast.Name) or node.keywords:
            return None
        scope, _ = self.module.find(node.func.id, self.module.scope_of[node.func])
        if scope is not None:
            return None
        told = any(value.static for value in values)
        told = told and all(value.static or not value.is_graph for value in values)
        if told and node.func.id in _HARMLESS:
            return self.static(node, values)
        if node.func.id not in ("zip", "list", "tuple"):
            return None
        if any(value.kind is Kind.GRADIENTS for value in values):
            return self.gradients(node, values)
        if len(values) == 1 and values[0].kind is Kind.VARIABLES:
            return values[0]
        return None

    def is_harmless(self, node: ast.Call) -> bool:
        """Whether a call of host code gives the same whenever and however often it is made."""
        function = node.func
        if self.module.symbol(function) is not None:
            return True
        if isinstance(function, ast.Name):
            scope, _ = self.module.find(function.id, self.module.scope_of[function])
            return scope is None and function.id in _HARMLESS
        parts: list[str] = []
        while isinstance(function, ast.Attribute):
            parts.append(function.attr)
            function = function.value
        if isinstance(function, ast.Call):
            return parts[-1:] in (["astype"], ["reshape"], ["copy"]) and self.is_harmless(function)
        if not isinstance(function, ast.Name):
            return parts[:1] in (["format"], ["join"]) and isinstance(function, ast.Constant)
        _, bindings = self.module.find(function.id, self.module.scope_of[function])
        dotted = {binding.dotted for binding in bindings}
        if dotted <= {"numpy", "math"} and dotted:
            return "random" not in parts
        if dotted <= {"os", "os.path"} and dotted:
            return parts[0] in ("join", "dirname", "basename", "abspath")
        return parts[0] in ("mean", "std", "min", "max", "sum", "astype", "reshape", "copy")

    # -- functions of the file ---------------------------------------------------------

    def _function(self, name: ast.Name) -> ast.FunctionDef | None:
        _, bindings = self.module.find(name.id, self.module.scope_of[name])
        if len(bindings) > 1:
            # each graph of a file may have its own function of a name
            bindings = [one for one in bindings if isinstance(one.node, ast.AST)
                        and self.covers(one.node)]  # fmt: skip
        if len(bindings) == 1 and isinstance(bindings[0].node, ast.FunctionDef):
            return bindings[0].node
        return None

    def _local(self, node: ast.Call, function: ast.FunctionDef) -> Value:
        """A call of a function of this file: host, or a part of the graph that is seen into."""
        values = {argument: self.evaluate(argument) for argument in argument_nodes(node)}
        if any(value.kind is Kind.CONFIG for value in values.values()):
            raise Refusal(node, "unseen function", "a session configuration is passed on")
        graph = any(value.is_graph for value in values.values())
        if not graph and not self._builds_graph(function):
            self.calls.append(node)
            return Value(Kind.HOST, node)
        for argument, value in values.items():
            if value.is_graph and value.kind not in (*TENSORS, Kind.STRUCT):
                raise Refusal(
                    argument, "unseen function", f"a {value.kind.value} is passed to a function"
                )
        return self._inline(node, function, values)

    def _builds_graph(self, function: ast.FunctionDef) -> bool:
        """Whether a function calls what makes operations or variables."""
        for inner in ast.walk(function):
            if isinstance(inner, ast.Call):
                symbol = self.module.symbol(inner.func)
                if symbol is not None:
                    name = symbol.name.partition(".")[2]
                    if name not in renames.HOST and not symbol.spelled.startswith("tf.examples."):
                        return True
        return False

    def _inline(
        self, node: ast.Call, function: ast.FunctionDef, values: dict[ast.expr, Value]
    ) -> Value:
        scope = self.module.scopes[function]
        if scope in self._inlined or len(self._inlined) > 3:
            raise Refusal(node, "function", "the function calls itself")
        spec = function.args
        names = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
        if spec.vararg or spec.kwarg or spec.kwonlyargs or function.decorator_list:
            raise Refusal(function, "function", "its parameters or decorators are not followed")
        given = arguments(node, names)
        for name in names:
            argument = given.get(name)
            value = values[argument] if argument is not None else Value(Kind.HOST)
            self.env[(id(scope), name)] = value
        self._inlined.append(scope)
        self._inlined_calls.append(node)
        reads, before = self.reads, len(self.variables)
        if len(self._inlined) == 1:
            self._borrowed = []
        self.reads = []  # what the function's own names stand for concerns nobody else
        try:
            returned = self._body(function.body, function)
        finally:
            self._inlined.pop()
            self._inlined_calls.pop()
            self.reads = [*reads, *self._borrowed] if not self._inlined else reads
        for made in self.variables[before:]:
            if returned != [made] or made.call is not node:
                raise Refusal(
                    made.node or node, "variable in a function",
                    "a function makes the variable, and does more than return it",
                )  # fmt: skip
            self.pure[function] = None
            return made
        if not returned:
            raise Refusal(node, "function", "it returns nothing on some way, or nothing at all")
        self.pure[function] = None
        if len(returned) == 1:
            (value,) = returned
            if value.kind is Kind.STRUCT:
                return Value(
                    Kind.STRUCT, node, needs=value.needs, random=value.random,
                    sparse=value.sparse, items=value.items,
                )  # fmt: skip
        for value in returned:
            if value.kind not in (*TENSORS, Kind.HOST):
                raise Refusal(node, "function", f"it may return a {value.kind.value}")
        return self._union(node, returned)

    def _body(self, body: list[ast.stmt], function: ast.FunctionDef) -> list[Value]:
        """Evaluate the statements of a function that makes tensors of tensors."""
        returned: list[Value] = []
        for statement in body:
            if isinstance(statement, ast.Return) and statement.value is not None:
                returned.append(self.evaluate(statement.value))
            elif isinstance(statement, ast.Assign):
                value = self.evaluate(statement.value)
                for target in statement.targets:
                    self._bind_inside(target, value)
            elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
                before = self.env.get(self.key(statement.target), Value(Kind.HOST))
                value = self.evaluate(statement.value)
                if before.is_graph or value.is_graph:
                    value = self._union(statement.value, [before, value])
                self._bind_inside(statement.target, value)
            elif isinstance(statement, ast.If):
                if self.evaluate(statement.test).is_graph:
                    raise Refusal(statement, "function", "a condition needs the value of a tensor")
                before_branch = dict(self.env)
                returned += self._body(statement.body, function)
                after = dict(self.env)
                self.env = before_branch
                returned += self._body(statement.orelse, function)
                self._join(after)
            elif (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            ) or isinstance(statement, ast.Pass):
                continue
            else:
                raise Refusal(
                    statement, "function", f"`{function.name}` does more than make tensors here"
                )
        return returned

    def _join(self, other: dict[tuple[int, str], Value]) -> None:
        for key, value in other.items():
            mine = self.env.get(key)
            if mine is None:
                self.env[key] = value
            elif mine is not value:
                node = value.node or mine.node
                if Kind.STRUCT in (mine.kind, value.kind):
                    raise Refusal(node or ast.Pass(), "function", "a structure differs by branch")
                if mine.is_graph or value.is_graph:
                    assert node is not None
                    self.env[key] = self._union(node, [mine, value])

    def _bind_inside(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            scope, _ = self.module.find(target.id, self.module.scope_of[target])
            if scope not in self._inlined:
                raise Refusal(target, "function", "a function changes a name outside of it")
            self.env[self.key(target)] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            for index, element in enumerate(target.elts):
                item = value.items.get(index) if value.kind is Kind.STRUCT else value
                self._bind_inside(element, item or value)
        elif value.is_graph:
            raise Refusal(target, "function", "a graph value is stored in an attribute or item")
