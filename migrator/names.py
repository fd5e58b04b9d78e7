"""Which TensorFlow symbol a name or an attribute chain means, however it was imported.

The analysis reads Python's own :mod:`ast`, which costs a tenth of a libcst parse, and is
therefore shared by the repository-wide pre-pass and the engine.  It knows scopes: a
parameter, a loop variable or another library's import called ``tf`` is not TensorFlow.

Symbols are spelled canonically: ``tf.train.Saver`` for ``tf.train.Saver``,
``tf.compat.v1.train.Saver`` and ``tensorflow.python.training.saver.Saver`` alike; what standalone
Keras (``import keras``) has, as what TensorFlow's Keras has in its place.
"""

from __future__ import annotations

import ast
import bisect
import builtins
import functools
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from migrator.apis import FAMILIES
from migrator.keras_symbols import is_keras, is_keras3, place
from migrator.symbols import Status, canonical, status

__all__ = ["Binding", "Foreign", "Module", "Scope", "Symbol", "line_starts", "parsed"]

#: What a module of the same repository exports: name -> dotted TensorFlow path.
Foreign = Callable[[str, int], "Mapping[str, str] | None"]

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, *_COMPREHENSIONS)
#: These bind their ``name`` where they stand; the last three arrived with Python 3.12.
_NAMED = tuple(
    getattr(ast, name)
    for name in ("ExceptHandler", "MatchAs", "MatchStar", "TypeVar", "ParamSpec", "TypeVarTuple")
    if hasattr(ast, name)
)
_BINDING = frozenset(
    {ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.arg}
    | {ast.Global, ast.Nonlocal, ast.MatchMapping, *_NAMED}
)
_LEAVES = frozenset({ast.Name, ast.Constant, ast.alias, ast.Pass, ast.Break, ast.Continue})
#: What the package tensorflow_hub had for TensorFlow 1.
_HUB = frozenset(name.rpartition(".")[2] for name in FAMILIES["hub"])
_NEWLINE = re.compile(r"\r\n|\r|\n")


def line_starts(text: str) -> list[int]:
    """Return the character offset at which each line of ``text`` starts."""
    return [0, *(match.end() for match in _NEWLINE.finditer(text))]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A TensorFlow symbol as one place of the code spells it."""

    name: str  #: canonical, ``tf.train.Saver``; ``tf`` is the package itself
    #: ``tf`` (plain import), ``v1``, ``v2``, ``private`` (tensorflow.python), ``keras``, ``hub``
    via: str
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
            while scope.parent is not None and (
                name not in scope.bindings or scope.is_class or name in scope.nonlocals
            ):
                scope = scope.parent
        scope.bindings.setdefault(name, []).append(binding)


class Module:
    """The scopes, parents and TensorFlow symbols of one parsed module.

    Args:
        text: the source, decoded.
        foreign: tells what a module of the same repository exports of TensorFlow, for
            ``from common import *``, ``from common import tf`` and ``common.tf``.

    Raises:
        SyntaxError: ``text`` is not Python 3, or nested too deeply for Python's parser.
        ValueError: ``text`` holds a NUL character.
    """

    def __init__(self, text: str, foreign: Foreign | None = None) -> None:
        self.text = text
        self.tree = parsed(text)
        self._foreign = foreign
        self._starts = line_starts(text)
        self._ascii = text.isascii()
        self.parents: dict[ast.AST, ast.AST] = {}
        self.scopes: dict[ast.AST, Scope] = {}
        self.scope_of: dict[ast.AST, Scope] = {}
        self.nodes: list[ast.AST] = []  #: all that may hold a name, in source order
        self.imports: list[ast.Import | ast.ImportFrom] = []
        self.root = Scope(self.tree, None)
        self.scopes[self.tree] = self.root
        self._build()
        self._partial: dict[tuple[int, str], str | None] = {}
        self._names: dict[tuple[int, str], str | None] = {}

    # -- building ---------------------------------------------------------------------

    def _build(self) -> None:
        """Fill parents and scopes in one walk; bindings need the ``global`` lines first."""
        nodes: list[ast.AST] = []
        binding: list[ast.AST] = []
        parents, scope_of = self.parents, self.scope_of
        stack: list[tuple[ast.AST, Scope]] = [(self.tree, self.root)]
        while stack:
            node, scope = stack.pop()
            scope_of[node] = scope
            nodes.append(node)
            kind = type(node)
            if kind in _LEAVES:
                if kind is ast.Name and type(node.ctx) is ast.Store:  # type: ignore[attr-defined]
                    binding.append(node)
                continue
            children = _children(node)
            if kind in _BINDING:
                binding.append(node)
                if isinstance(node, ast.Global):
                    scope.globals.update(node.names)
                elif isinstance(node, ast.Nonlocal):
                    scope.nonlocals.update(node.names)
                elif isinstance(node, (ast.Import, ast.ImportFrom)):
                    self.imports.append(node)
            if isinstance(node, _SCOPES):
                inner = self.scopes[node] = Scope(node, scope)
                outside = _evaluated_outside(node)
                for child in reversed(children):
                    parents[child] = node
                    stack.append((child, scope if child in outside else inner))
                continue
            for child in reversed(children):
                parents[child] = node
                stack.append((child, scope))
            if kind is ast.arguments or kind is ast.arg or kind is ast.comprehension:
                # a default, an annotation and the first iterable belong to the scope around
                around = self._evaluated_around(node)
                for at in range(len(stack) - len(children), len(stack)):
                    if stack[at][0] in around and scope.parent is not None:
                        stack[at] = (stack[at][0], scope.parent)
        self.nodes = nodes
        late: list[ast.AST] = []
        for node in binding:
            if scope_of[node].nonlocals:
                late.append(node)  # the name may be bound below in the function around
            else:
                self._bind(node, scope_of[node])
        for node in late:
            self._bind(node, scope_of[node])

    def _evaluated_around(self, node: ast.AST) -> list[ast.expr | None]:
        if isinstance(node, ast.arguments):
            return [*node.defaults, *node.kw_defaults]
        if isinstance(node, ast.arg):
            return [node.annotation]
        if isinstance(node, ast.comprehension):
            owner = self.parents[node]
            if isinstance(owner, _COMPREHENSIONS) and owner.generators[0] is node:
                return [node.iter]
        return []

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
        elif isinstance(node, ast.Name):
            owner = scope
            if isinstance(self.parents[node], ast.NamedExpr):
                while isinstance(owner.node, _COMPREHENSIONS) and owner.parent:
                    owner = owner.parent
            owner.bind(node.id, Binding(node, value=self._assigned_value(node)))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            scope.bind(node.name, Binding(node))
        elif isinstance(node, ast.arg):
            scope.bind(node.arg, Binding(node))
        elif isinstance(node, _NAMED) and node.name:
            scope.bind(node.name, Binding(node))
        elif isinstance(node, ast.MatchMapping) and node.rest:
            scope.bind(node.rest, Binding(node))

    def _assigned_value(self, name: ast.Name) -> ast.expr | None:
        parent = self.parents[name]
        if isinstance(parent, ast.Assign) and name in parent.targets:
            return parent.value
        if isinstance(parent, (ast.AnnAssign, ast.NamedExpr)) and parent.target is name:
            return parent.value
        if isinstance(parent, (ast.Tuple, ast.List)):
            # ``Saver, Builder = tf.train.Saver, tf.saved_model.Builder``
            outer = self.parents[parent]
            if (
                isinstance(outer, ast.Assign)
                and parent in outer.targets
                and isinstance(outer.value, (ast.Tuple, ast.List))
                and len(outer.value.elts) == len(parent.elts)
                and not any(isinstance(e, ast.Starred) for e in (*parent.elts, *outer.value.elts))
            ):
                return outer.value.elts[parent.elts.index(name)]
        return None

    # -- positions --------------------------------------------------------------------

    @functools.cached_property
    def by_name(self) -> dict[str, list[ast.Name | ast.Attribute]]:
        """Identifier -> the names and attributes that end in it, in source order."""
        found: dict[str, list[ast.Name | ast.Attribute]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Name):
                found.setdefault(node.id, []).append(node)
            elif isinstance(node, ast.Attribute):
                found.setdefault(node.attr, []).append(node)
        return found

    @property
    def lines(self) -> int:
        """How many lines the text has; an empty one behind the last newline counts."""
        return len(self._starts)

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
        if raw is None or (raw.startswith("tensorflow_hub.") and raw.split(".")[1] not in _HUB):
            return None
        return _symbol(raw)

    def dotted(self, node: ast.AST) -> str | None:
        """Return the import path that ``node`` means if it starts at TensorFlow, else None."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        base = self.lookup(node.id, self.scope_of[node])
        if base is None and attributes and self._foreign is not None:
            return self._through_module(node, attributes[::-1])
        if base is None or not attributes:
            return base
        return ".".join([base, *reversed(attributes)])

    def lookup(self, name: str, scope: Scope) -> str | None:
        """Return the dotted TensorFlow path that ``name`` is bound to in ``scope``, or None."""
        owner, bindings = self.find(name, scope)
        if owner is None:
            return self._from_stars(name)
        key = (id(owner), name)
        if key in self._names:
            return self._names[key]
        if key in self._partial:
            # ``tf = tf.compat.v1``: what the name meant before; in a class, what it means outside
            before = self._partial[key]
            if before is None and owner.is_class and owner.parent is not None:
                return self.lookup(name, owner.parent)
            return before
        self._partial[key] = None
        try:
            result = self._resolve(bindings, key)
        finally:
            del self._partial[key]
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

    def _through_module(self, node: ast.Name, attributes: list[str]) -> str | None:
        """Return what ``common.tf.train`` means where ``common`` is a module of ours, or None."""
        assert self._foreign is not None
        _, bindings = self.find(node.id, self.scope_of[node])
        found: set[str | None] = set()
        for binding in bindings:
            module, level = binding.dotted, 0
            if binding.module is not None:
                parent, level, name = binding.module
                module = f"{parent}.{name}" if parent else name
            if module is None or not isinstance(binding.node, (ast.Import, ast.ImportFrom)):
                return None
            dotted = None
            for at, attribute in enumerate(attributes):
                exported = (self._foreign(module, level) or {}).get(attribute)
                if exported is not None:
                    dotted = ".".join([exported, *attributes[at + 1 :]])
                    break
                module = f"{module}.{attribute}"
            found.add(dotted)
        return found.pop() if len(found) == 1 else None

    def _from_stars(self, name: str) -> str | None:
        if name[:1] == "_":
            return None
        for module, level in reversed(self.root.stars):
            if level == 0 and module.partition(".")[0] == "tensorflow":
                if _star_gives(module, name):
                    return f"{module}.{name}"
            elif level == 0 and is_keras(module):
                if place(f"{module}.{name}") is not None:
                    return f"{module}.{name}"
            elif self._foreign is not None:
                exported = self._foreign(module, level)
                if exported and name in exported:
                    return exported[name]
        return None

    def _resolve(self, bindings: list[Binding], key: tuple[int, str]) -> str | None:
        found: list[str] = []
        for binding in bindings:
            if isinstance(binding.value, ast.Constant) and binding.value.value is None:
                continue  # ``tf = None`` in an except ImportError
            dotted = binding.dotted
            if dotted is not None and not _is_tensorflow(dotted):
                dotted = None
            if dotted is None and binding.module is not None and self._foreign is not None:
                module, level, name = binding.module
                dotted = (self._foreign(module, level) or {}).get(name)
            if dotted is None and isinstance(binding.value, (ast.Name, ast.Attribute)):
                dotted = self.dotted(binding.value)
            if dotted is None and isinstance(binding.value, ast.Call):
                dotted = self._called(binding.value)
            if dotted is None and isinstance(binding.node, ast.arg):
                dotted = self._given(binding.node)
            if dotted is None and self._is_fallback(binding.node, bindings):
                continue
            if dotted is None:
                return None
            found.append(dotted)
            self._partial[key] = dotted
        if not found:
            return None
        if len({_symbol(dotted).name for dotted in found}) > 1:
            return None
        # ``try: import tensorflow.compat.v1 as tf / except: import tensorflow as tf``
        return max(found, key=lambda dotted: ".compat.v1" in dotted)

    def _called(self, call: ast.Call) -> str | None:
        """Return what of TensorFlow a call of a function of ours returns: ``tf = import_tf()``."""
        function = call.func
        if isinstance(function, ast.Attribute):
            if self._foreign is None or not isinstance(function.value, ast.Name):
                return None
            return self._through_module(function.value, [f"{function.attr}()"])
        if not isinstance(function, ast.Name):
            return None
        owner, bindings = self.find(function.id, self.scope_of[function])
        if owner is None:
            return self._from_stars(f"{function.id}()")
        if len(bindings) != 1:
            return None
        binding = bindings[0]
        if binding.module is not None and self._foreign is not None:
            module, level, name = binding.module
            return (self._foreign(module, level) or {}).get(f"{name}()")
        if isinstance(binding.node, ast.FunctionDef) and not binding.node.decorator_list:
            return self._returned(binding.node)
        return None

    def _given(self, parameter: ast.arg) -> str | None:
        """Return what of TensorFlow each call in this module gives to a parameter called ``tf``."""
        function = self.scope_of[parameter].node
        if parameter.arg not in ("tf", "tensorflow") or not isinstance(function, ast.FunctionDef):
            return None
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        if parameter.arg not in names:
            return None
        index = names.index(parameter.arg)
        found: set[str | None] = set()
        for node in self.by_name.get(function.name, ()):
            call = self.parents[node]
            if not isinstance(call, ast.Call) or call.func is not node:
                return None  # it is handed on: who calls it is not known
            at = index - isinstance(node, ast.Attribute)
            given = [k.value for k in call.keywords if k.arg == parameter.arg]
            given += [*call.args[at : at + 1]] if at >= 0 else []
            found.add(self._meant(given[0]) if len(given) == 1 else None)
        return found.pop() if len(found) == 1 else None

    def _meant(self, node: ast.expr) -> str | None:
        return self._called(node) if isinstance(node, ast.Call) else self.dotted(node)

    def _returned(self, function: ast.FunctionDef) -> str | None:
        """Return what of TensorFlow every ``return`` of ``function`` gives, if it is one thing."""
        found = {
            self.dotted(node.value) if node.value is not None else None
            for node in self.returns.get(function, ())
        }
        return found.pop() if len(found) == 1 else None

    @functools.cached_property
    def returns(self) -> dict[ast.AST, list[ast.Return]]:
        """Function -> its ``return`` statements."""
        found: dict[ast.AST, list[ast.Return]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Return):
                found.setdefault(self.scope_of[node].node, []).append(node)
        return found

    def _is_fallback(self, node: ast.AST, bindings: list[Binding]) -> bool:
        """Whether a binding stands in only where an import of TensorFlow's fails.

        As in ``try: from tensorflow.keras import backend as K`` / ``except ImportError: from
        keras import backend as K``: TensorFlow 2.21 has the former, so the latter never runs.
        """
        handler = self.enclosing(node, (ast.ExceptHandler, *_SCOPES))
        if not isinstance(handler, ast.ExceptHandler):
            return False
        attempt = self.parents[handler]
        if not isinstance(attempt, ast.Try) or not _catches_import_error(handler):
            return False
        for other in bindings:
            if other.dotted is not None and other.node in attempt.body:
                symbol = other.dotted.partition(".")
                if symbol[0] == "tensorflow" and (
                    not symbol[2] or status(f"tf.{symbol[2]}") is not Status.GONE
                ):
                    return True
        return False

    def references(self) -> Iterator[tuple[ast.Name | ast.Attribute, Symbol]]:
        """Yield every longest Name/Attribute chain that is read and means a TensorFlow symbol.

        In source order.  Of ``tf.train.Saver = Mine`` the part that is read, ``tf.train``.
        """
        return iter(self._references)

    @functools.cached_property
    def _references(self) -> list[tuple[ast.Name | ast.Attribute, Symbol]]:
        found: list[tuple[ast.Name | ast.Attribute, Symbol]] = []
        for node in self.nodes:
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                parent = self.parents[node]
                if isinstance(parent, ast.Attribute) and isinstance(parent.ctx, ast.Load):
                    continue
                symbol = self.symbol(node)
                if symbol is not None:
                    found.append((node, symbol))
        return found

    def exports(self) -> dict[str, str]:
        """Return the module-level names that mean something of TensorFlow, with their paths.

        Of a function that returns something of it, ``name()``.
        """
        result = {}
        for name, bindings in self.root.bindings.items():
            dotted = self.lookup(name, self.root)
            if dotted is not None:
                result[name] = dotted
            elif len(bindings) == 1 and isinstance(bindings[0].node, ast.FunctionDef):
                function = bindings[0].node
                returned = None if function.decorator_list else self._returned(function)
                if returned is not None:
                    result[f"{name}()"] = returned
        for module, level in self.root.stars:
            if self._foreign is not None:
                result |= {
                    name: dotted
                    for name, dotted in (self._foreign(module, level) or {}).items()
                    if name[:1] != "_" and name not in self.root.bindings
                }
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


def parsed(text: str) -> ast.Module:
    """Return the tree of ``text``; warnings about it stay quiet.

    Raises:
        SyntaxError: it is not Python 3, or nested too deeply.
    """
    with warnings.catch_warnings():
        # an invalid escape in the user's string is none of our concern, nor of -W error
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except (RecursionError, MemoryError):  # what the parser's stack overflow raises
            raise SyntaxError("it is nested too deeply for Python's parser") from None


_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


def _children(node: ast.AST) -> list[ast.AST]:
    """Return the child nodes that may hold a name, as :func:`ast.iter_child_nodes` orders them."""
    names = _FIELDS.get(type(node))
    if names is None:
        names = _FIELDS[type(node)] = tuple(
            name for name in node._fields if name not in ("ctx", "op", "ops", "type_comment")
        )
    found: list[ast.AST] = []
    for name in names:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            found.append(value)
        elif isinstance(value, list):
            found.extend([item for item in value if isinstance(item, ast.AST)])
    return found


def _evaluated_outside(owner: ast.AST) -> frozenset[ast.AST]:
    """Return the children of a node with a scope of its own that do not belong to that scope."""
    if isinstance(owner, (ast.FunctionDef, ast.AsyncFunctionDef)):
        found: list[ast.AST] = list(owner.decorator_list)
        if owner.returns is not None:
            found.append(owner.returns)
        return frozenset(found)
    if isinstance(owner, ast.ClassDef):
        return frozenset([*owner.decorator_list, *owner.bases, *owner.keywords])
    return frozenset()


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None
        or (
            isinstance(kind, ast.Name)
            and kind.id in ("ImportError", "ModuleNotFoundError", "Exception", "AttributeError")
        )
        for kind in kinds
    )


def _is_tensorflow(dotted: str) -> bool:
    """Whether an import path starts at TensorFlow, its Hub, or the Keras 2 of its time."""
    if dotted.partition(".")[0] in ("tensorflow", "tensorflow_hub"):
        return True
    return is_keras(dotted) and not is_keras3(dotted)


def _star_gives(module: str, name: str) -> bool:
    """Whether ``from module import *`` of a module of TensorFlow binds ``name``."""
    parts = module.split(".")[1:]
    if parts[:1] in (["python"], ["contrib"], ["core"], ["examples"]):
        return not hasattr(builtins, name)  # these are not known name by name
    return status(".".join(["tf", *parts, name])) is not Status.UNKNOWN


@functools.lru_cache(maxsize=4096)
def _symbol(raw: str) -> Symbol:
    if is_keras(raw):
        spelled = (place(raw) or f"tensorflow.{raw}").replace("tensorflow", "tf", 1)
        return Symbol(canonical(spelled), "keras", raw, spelled)
    parts = raw.split(".")[1:]
    if raw.partition(".")[0] == "tensorflow_hub":
        spelled = ".".join(["tf.hub", *parts])
        return Symbol(spelled, "hub", raw, spelled)
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
