"""Which version of each name the code of a method finds."""

from __future__ import annotations

import ast

from migrator.lift.kinds import Kind, Refusal, Step, Value
from migrator.lift.slices import is_moved

__all__ = ["Simulation"]


class Simulation:
    """Follows the names of a method, so that each read finds the version that it found before."""

    def __init__(self, params: dict[str, Value], more: set[str] | None = None) -> None:
        self.names: dict[str, Value | None] = dict(params)
        self.names.update(dict.fromkeys(more or set()))
        self.host: list[ast.Name] = []

    def run(self, step: Step) -> None:
        """Follow a statement."""
        for node, value in step.reads:
            self.read(node, value)
        for node in step.host:
            self.host.append(node)
            if node.id in self.names:
                self._refuse(node, node.id)
        for name, value in step.defines.items():
            self.define(name, value)

    def define(self, name: str, value: Value) -> None:
        """Note that ``name`` stands for ``value`` from here on."""
        for node in self.host:
            if node.id == name:
                self._refuse(node, name)
        self.names[name] = value

    def read(self, node: ast.Name, value: Value) -> None:
        """Check that the name ``node`` finds ``value``."""
        made = value.kind is Kind.GRADIENTS and value.step is not None
        if value.kind is Kind.PLACEHOLDER or is_moved(value) or made:
            self.has(value, node, node.id)
        elif value.is_eager and node.id in self.names:
            self._refuse(node, node.id)

    def has(self, value: Value, node: ast.AST, name: str | None = None) -> None:
        """Check that ``value`` is found under ``name``, or its own name.

        Raises:
            Refusal: another value is.
        """
        found = self.names.get(name or value.name or "")
        if found is None or (found.step, found.name) != (value.step, value.name):
            self._refuse(node, name or value.name or "")

    def _refuse(self, node: ast.AST, name: str) -> None:
        raise Refusal(node, "one meaning", f"`{name}` means several things in one method")
