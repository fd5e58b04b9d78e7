"""What a ``with`` opens: sessions and graphs, name scopes and variable scopes, devices."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from migrator.lift.blocks import Blocks
from migrator.lift.expressions import Context, arguments
from migrator.lift.kinds import Kind, Refusal, Value
from migrator.names import Module

__all__ = ["Contexts"]


class Contexts(Blocks):
    """Follows the blocks of ``with`` statements."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.withs: list[ast.With] = []  #: blocks of a session, graph or name scope
        self.scopes: list[ast.With] = []  #: those of a name scope or a device

    def block(self, statements: Sequence[ast.stmt], context: Context) -> None:
        """Analyse the statements of a block."""
        raise NotImplementedError

    def enters(self, node: ast.With, context: Context) -> None:
        """Follow a ``with`` statement."""
        opened: list[Value] = []
        scopes = devices = 0
        for item in node.items:
            name = self._scope_name(item.context_expr)
            if name is not None:
                kind, text = name
                if item.optional_vars is not None and not self._is_idle(item.optional_vars):
                    raise Refusal(item.optional_vars, "name scope", "the scope itself is used")
                if kind == "device":
                    devices += 1
                    self.notes.append(f"`tf.device({text})` is gone: TensorFlow chooses")
                    continue
                if kind == "name":
                    self.names.enter(text)
                else:
                    self.names.enter_variable_scope(text)
                scopes += 1
                continue
            value = self.evaluate(item.context_expr)
            opened.append(value)
            if item.optional_vars is not None:
                self._bind(item.optional_vars, value, node)
        goes = [value for value in opened if value.kind in (Kind.SESSION, Kind.CONFIG)]
        if len(goes) != len(opened) and (goes or scopes or devices):
            raise Refusal(node, "with", "a session and something else share a `with`")
        if scopes and (opened or scopes > 1 or context.loop or context.branch):
            raise Refusal(node, "name scope", "scopes are opened together, in a loop or condition")
        for value in opened:
            if value not in goes and value.is_graph:
                raise Refusal(node, "with", f"a {value.kind.value} is entered")
        if goes or scopes or devices:
            self.withs.append(node)
        if scopes or devices:
            self.scopes.append(node)
        self.block(node.body, context)
        for value in goes:
            self.closed(value)
        for item in node.items if scopes else ():
            closed = self._scope_name(item.context_expr)
            if closed is not None and closed[0] == "name":
                self.names.leave()
            elif closed is not None and closed[0] == "variable":
                self.names.leave_variable_scope()

    def _is_idle(self, target: ast.expr) -> bool:
        """Whether the name that a scope is given is never read."""
        return isinstance(target, ast.Name) and not any(
            isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
            for name in self.module.by_name.get(target.id, ())
        )

    def _scope_name(self, node: ast.expr) -> tuple[str, str] | None:
        """Return the kind and name of a name scope or variable scope that is opened, or None."""
        if not isinstance(node, ast.Call):
            return None
        symbol = self.module.symbol(node.func)
        if symbol is not None and symbol.name == "tf.device":
            self.visited.add(node.func)
            given = arguments(node, ("device_name_or_function",))
            for argument in given.values():
                if not isinstance(argument, (ast.Constant, ast.Name)):
                    raise Refusal(argument, "device", "the device is chosen by a function")
                self._host(argument)
            return "device", self.module.source(node.args[0]) if node.args else ""
        if symbol is None or symbol.name not in ("tf.name_scope", "tf.variable_scope"):
            return None
        self.visited.add(node.func)
        only = node.args[0] if node.args else None
        plain = len(node.args) == 1
        for keyword in node.keywords:
            # the values told TensorFlow 1 which graph is meant
            plain = plain and keyword.arg == "values" and symbol.name == "tf.name_scope"
            self.evaluate(keyword.value)
        if not plain:
            raise Refusal(node, "name scope", "the scope's name is computed, or it has options")
        if not isinstance(only, ast.Constant) or not isinstance(only.value, str):
            raise Refusal(node, "name scope", "the scope's name is computed, or it has options")
        if not self.names.valid(only.value) or only.value.endswith("/"):
            raise Refusal(node, "name scope", "the scope's name is not a plain one")
        return ("name" if symbol.name == "tf.name_scope" else "variable"), only.value
