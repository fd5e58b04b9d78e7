"""What a rule about a removed name is told, and what it answers."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from migrator.modernise.origins import origin
from migrator.names import Module
from migrator.rule import Rewrite

__all__ = ["Place", "Replace", "Span"]

#: Characters from, to (offsets in the text), and what stands there afterwards.
Span = tuple[int, int, str]

#: Expressions that bind as tightly as a call: no parentheses needed around them.
_TIGHT = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.List, ast.Dict, ast.Set)


@dataclass(frozen=True)
class Replace(Rewrite):
    """Replace pieces of the text; all of ``spans`` are made or none."""

    edits: Mapping[object, object] = field(default_factory=dict)  # type: ignore[assignment]
    spans: tuple[Span, ...] = ()
    imports: tuple[str, ...] = ()  #: import statements that the new code needs


class Place:
    """One place that uses what was removed."""

    def __init__(self, module: Module, node: ast.AST, name: str) -> None:
        self.module = module
        self.node = node  #: the reference; of an import, the statement
        self.name = name  #: ``numpy.bool``, ``*.iteritems``, ``import imp``
        parent = module.parents.get(node)
        self.call: ast.Call | None = (
            parent if isinstance(parent, ast.Call) and parent.func is node else None
        )
        self.shown: ast.expr | None = None  #: what a finding shows instead

    @property
    def site(self) -> ast.expr | ast.stmt:
        """What a finding is about: the call where there is one."""
        found = self.shown or self.call or self.node
        assert isinstance(found, (ast.expr, ast.stmt))
        return found

    def origin(self, node: ast.AST) -> str | None:
        """Return the dotted path that ``node`` means, or None."""
        return origin(self.module, node)

    def source(self, node: ast.expr) -> str:
        """Return the text of ``node``."""
        return self.module.source(node)

    def tight(self, node: ast.expr) -> str:
        """Return the text of ``node`` as it may stand before a dot."""
        text = self.module.source(node)
        return text if isinstance(node, _TIGHT) else f"({text})"

    def put(self, node: ast.expr | ast.stmt, text: str) -> Span:
        """Return the edit that writes ``text`` in the place of ``node``."""
        return (self.module.start(node), self.module.end(node), text)

    def around(self, node: ast.expr, before: str, after: str) -> tuple[Span, Span]:
        """Return the edits that put text before and after ``node``."""
        start, end = self.module.start(node), self.module.end(node)
        return (start, start, before), (end, end, after)

    def attribute(self, text: str, node: ast.Attribute | None = None) -> Span:
        """Return the edit that gives the attribute (of the place) another name."""
        at = node or self.node
        assert isinstance(at, ast.Attribute)
        end = self.module.end(at)
        return (end - len(at.attr), end, text)
