"""Which TensorFlow symbol a name or an attribute chain means, however it was imported.

The analysis reads Python's own :mod:`ast`, which costs a tenth of a libcst parse, and is
therefore shared by the repository-wide pre-pass and the engine.  It knows scopes: a
parameter, a loop variable or another library's import called ``tf`` is not TensorFlow.

Symbols are spelled canonically: ``tf.train.Saver`` for ``tf.train.Saver``,
``tf.compat.v1.train.Saver`` and ``tensorflow.python.training.saver.Saver`` alike.
"""

from __future__ import annotations

import ast
import bisect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from migrator.symbols import canonical

__all__ = ["Binding", "Foreign", "Module", "Scope", "Symbol", "line_starts"]

#: What a module of the same repository exports: name -> dotted TensorFlow path.
Foreign = Callable[[str, int], "Mapping[str, str] | None"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_NEWLINE = re.compile(r"\r\n|\r|\n")


def line_starts(text: str) -> list[int]:
    """Return the character offset at which each line of ``text`` starts."""
    return [0, *(match.end() for match in _NEWLINE.finditer(text))]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A TensorFlow symbol as one place of the code spells it."""

    name: str  #: canonical, ``tf.train.Saver``; ``tf`` is the package itself
    via: str  #: ``tf`` (plain import), ``v1``, ``v2`` or ``private`` (tensorflow.python)
    raw: str  #: as the imports spell it, ``tensorflow.compat.v1.train.Saver``
    spelled: str = ""  #: raw from the package on, without compat: ``tf.contrib.rnn.LSTMCell``


@dataclass(slots=True)
class Binding:
    """One statement that gives a name its meaning in a scope."""

    node: ast.AST
    dotted: str | None = None  #: import target, ``tensorflow.saved_model``
    value: ast.expr | None = None  #: the right-hand side of ``name = value``
    module: tuple[str, int, str] | None = None  #: (module, level, name) of a from-import


@dataclass(slots=True)
class Scope:
    """A module, class, function, lambda or comprehension and the names it binds."""

    node: ast.AST
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    stars: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_class(self) -> bool:
        """Whether names bound here are invisible to the functions inside."""
        return isinstance(self.node, ast.ClassDef)

    def bind(self, name: str, binding: Binding) -> None:
        """Record ``binding``, in the scope that ``global``/``nonlocal`` declare."""
        scope = self
        if name in self.globals:
            while scope.parent is not None:
                scope = scope.parent
        elif name in self.nonlocals:
            scope = self.parent or self
            while scope.parent is not None and (name not in scope.bindings or scope.is_class):
                scope = scope.parent
        scope.bindings.setdefault(name, []).append(binding)


class Module:
    """The scopes, parents and TensorFlow symbols of one parsed module.

    Args:
        text: the source, decoded.
        foreign: tells what a module of the same repository exports of TensorFlow, for
            ``from common import *`` and ``from common import tf``.

    Raises:
        SyntaxError: ``text`` is not Python 3.
    """

    def __init__(self, text: str, foreign: Foreign | None = None) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self._foreign = foreign
        self._starts = line_starts(text)
        self._ascii = text.isascii()
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        self.scope_of: dict[ast.AST, Scope] = {}
        self.root = Scope(self.tree, None)
        self.scopes[self.tree] = self.root
        self._build()
        self._resolving: set[tuple[int, str]] = set()
        self._names: dict[tuple[int, str], str | None] = {}

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        """Fill parents and scopes in one walk; bindings need the ``global`` lines first."""
        order: list[tuple[ast.AST, Scope]] = []
        stack: list[tuple[ast.AST, Scope]] = [(self.tree, self.root)]
        while stack:
            node, scope = stack.pop()
            self.scope_of[node] = scope
            order.append((node, scope))
            if isinstance(node, ast.Global):
                scope.globals.update(node.names)
            elif isinstance(node, ast.Nonlocal):
                scope.nonlocals.update(node.names)
            inner = scope
            if isinstance(node, (*_FUNCTIONS, ast.ClassDef, *_COMPREHENSIONS)):
                inner = Scope(node, scope)
                self.scopes[node] = inner
            children = list(ast.iter_child_nodes(node))
            for child in reversed(children):
                self.parents[child] = node
                stack.append((child, inner if inner is scope or self._inside(node, child) else scope))
        for node, scope in order:
            self._bind(node, scope)

    @staticmethod
    def _inside(owner: ast.AST, child: ast.AST) -> bool:
        """Whether ``child`` of a scope-making node is evaluated in the new scope."""
        if isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)):
            # defaults and annotations belong outside, but sit in ``arguments``, whose
            # names belong inside: names resolve alike unless a parameter shadows them
            return child not in owner.decorator_list and child is not owner.returns
        if isinstance(owner, ast.ClassDef):
            return child in owner.body
        if isinstance(owner, _COMPREHENSIONS):
            return True
        return True

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    scope.bind(alias.asname, Binding(node, dotted=alias.name))
                else:
                    top = alias.name.partition(".")[0]
                    scope.bind(top, Binding(node, dotted=top))
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            for alias in node.names:
                if alias.name == "*":
                    scope.stars.append((module, node.level))
                    continue
                dotted = f"{module}.{alias.name}" if node.level == 0 else None
                scope.bind(
                    alias.asname or alias.name,
                    Binding(node, dotted=dotted, module=(module, node.level, alias.name)),
                )
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            if isinstance(node.ctx, ast.Store):
                owner = scope
                parent = self.parents[node]
                if isinstance(parent, ast.NamedExpr):
                    while isinstance(owner.node, _COMPREHENSIONS) and owner.parent:
                        owner = owner.parent
                owner.bind(node.id, Binding(node, value=self._assigned_value(node)))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            scope.bind(node.name, Binding(node))
        elif isinstance(node, ast.arg):
            scope.bind(node.arg, Binding(node))
        elif isinstance(node, ast.ExceptHandler) and node.name:
            scope.bind(node.name, Binding(node))
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            scope.bind(node.name, Binding(node))
        elif isinstance(node, ast.MatchMapping) and node.rest:
            scope.bind(node.rest, Binding(node))

    def _assigned_value(self, name: ast.Name) -> ast.expr | None:
        parent = self.parents[name]
        if isinstance(parent, ast.Assign) and name in parent.targets:
            return parent.value
        if isinstance(parent, (ast.AnnAssign, ast.NamedExpr)) and parent.target is name:
            return parent.value
        return None

    # -- positions --------------------------------------------------------------------

    def offset(self, line: int, column: int) -> int:
        """Return the character offset of ast's (1-based line, UTF-8 byte column)."""
        start = self._starts[line - 1]
        if self._ascii:
            return start + column
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        row = self.text[start:end]
        if row.isascii():
            return start + column
        return start + len(row.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "replace"))

    def start(self, node: ast.expr | ast.stmt) -> int:
        """Return the character offset at which ``node`` starts."""
        return self.offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        """Return the character offset just past ``node``."""
        return self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def line_column(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and 0-based character column of ``offset``."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1]

    def source(self, node: ast.expr | ast.stmt) -> str:
        """Return the source text of ``node``."""
        return self.text[self.start(node) : self.end(node)]

    # -- symbols ----------------------------------------------------------------------

    def symbol(self, node: ast.AST) -> Symbol | None:
        """Return the TensorFlow symbol that a Name or Attribute chain means, or None."""
        raw = self.dotted(node)
        return _symbol(raw) if raw is not None else None

    def dotted(self, node: ast.AST) -> str | None:
        """Return the import path that ``node`` means if it starts at TensorFlow, else None."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        base = self.lookup(node.id, self.scope_of[node])
        if base is None:
            return None
        return ".".join([base, *reversed(attributes)])

    def lookup(self, name: str, scope: Scope) -> str | None:
        """Return the dotted TensorFlow path that ``name`` is bound to in ``scope``, or None."""
        owner, bindings = self.find(name, scope)
        if owner is None:
            return self._from_stars(name, scope)
        key = (id(owner), name)
        if key in self._names:
            return self._names[key]
        if key in self._resolving:
            return None
        self._resolving.add(key)
        try:
            result = self._resolve(bindings)
        finally:
            self._resolving.discard(key)
        self._names[key] = result
        return result

    def find(self, name: str, scope: Scope) -> tuple[Scope | None, list[Binding]]:
        """Return the scope that binds ``name`` as seen from ``scope``, and its bindings."""
        at: Scope | None = scope
        first = True
        while at is not None:
            if name in at.globals:
                at = self.root
            if name in at.bindings and (first or not at.is_class):
                return at, at.bindings[name]
            first = False
            at = at.parent
        return None, []

    def _from_stars(self, name: str, scope: Scope) -> str | None:
        for module, level in self.root.stars:
            if level == 0 and module.partition(".")[0] == "tensorflow":
                if name[:1] != "_":
                    return f"{module}.{name}"
            elif self._foreign is not None:
                exported = self._foreign(module, level)
                if exported and name in exported:
                    return exported[name]
        return None

    def _resolve(self, bindings: list[Binding]) -> str | None:
        found: list[str] = []
        for binding in bindings:
            if isinstance(binding.value, ast.Constant) and binding.value.value is None:
                continue  # ``tf = None`` in an except ImportError
            dotted = binding.dotted
            if dotted is not None and dotted.partition(".")[0] != "tensorflow":
                dotted = None
            if dotted is None and binding.module is not None and self._foreign is not None:
                module, level, name = binding.module
                dotted = (self._foreign(module, level) or {}).get(name)
            if dotted is None and isinstance(binding.value, (ast.Name, ast.Attribute)):
                dotted = self.dotted(binding.value)
            if dotted is None:
                return None
            found.append(dotted)
        if not found:
            return None
        if len({_symbol(dotted).name for dotted in found}) > 1:
            return None
        # ``try: import tensorflow.compat.v1 as tf / except: import tensorflow as tf``
        return max(found, key=lambda dotted: ".compat.v1" in dotted)

    def references(self) -> Iterator[tuple[ast.Name | ast.Attribute, Symbol]]:
        """Yield every longest Name/Attribute chain that is read and means a TensorFlow symbol."""
        for node in ast.walk(self.tree):
            if not isinstance(node, (ast.Name, ast.Attribute)):
                continue
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                continue
            parent = self.parents.get(node)
            if isinstance(parent, ast.Attribute):
                continue
            symbol = self.symbol(node)
            if symbol is not None:
                yield node, symbol
                continue
            # the chain may be longer than the symbol: ``x.eval`` of a call is not one
        return

    def exports(self) -> dict[str, str]:
        """Return the module-level names that mean something of TensorFlow, with their paths."""
        result = {}
        for name in self.root.bindings:
            dotted = self.lookup(name, self.root)
            if dotted is not None:
                result[name] = dotted
        for module, level in self.root.stars:
            if self._foreign is not None:
                for name, dotted in (self._foreign(module, level) or {}).items():
                    result.setdefault(name, dotted)
        return result

    # -- structure --------------------------------------------------------------------

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the parents of ``node``, nearest first."""
        at = self.parents.get(node)
        while at is not None:
            yield at
            at = self.parents.get(at)

    def statement(self, node: ast.AST) -> ast.stmt:
        """Return the statement that ``node`` belongs to."""
        at: ast.AST = node
        while not isinstance(at, ast.stmt):
            at = self.parents[at]
        return at

    def enclosing(self, node: ast.AST, kinds: tuple[type[ast.AST], ...]) -> ast.AST | None:
        """Return the nearest ancestor of one of ``kinds``, or None."""
        return next((at for at in self.ancestors(node) if isinstance(at, kinds)), None)


def _symbol(raw: str) -> Symbol:
    parts = raw.split(".")[1:]
    via = "tf"
    while parts[:1] == ["compat"] and parts[1:2] in (["v1"], ["v2"]):
        via = parts[1]
        parts = parts[2:]
    if parts[:1] == ["python"] or parts[:2] == ["_api", "v1"]:
        via = "private"
        if parts[0] == "_api":
            parts = parts[2:]
    elif parts[:2] == ["_api", "v2"]:
        via, parts = "v2", parts[2:]
    spelled = ".".join(["tf", *parts])
    return Symbol(canonical(spelled), via, raw, spelled)
