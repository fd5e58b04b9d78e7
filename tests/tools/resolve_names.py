"""Tell what an expression of a TensorFlow 1 code base means, with ``ast`` and nothing else.

This is the resolver behind ``count_sites.py``.  It shares no code with the tool it checks: names
are followed lazily through imports (local modules included), assignments, attributes of
instances, parameters and return values, without regard to the order of statements.

A value is a tuple:

* ``("tf", path)`` – something of TensorFlow, ``path`` dotted below ``tensorflow``;
* ``("object", kind, place)`` and ``("method", kind, name, place)`` – an object made by TensorFlow
  in the call at ``place`` (path, line, column; or None), and its method;
* ``("module", module)``, ``("function", definition)``, ``("class", definition)``,
  ``("instance", definition)`` – things of the code base;
* ``("many", value)`` – a container of a value.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bindings import Bound, Module, Scope, Value, is_static

Values = frozenset[Value]
NOTHING: Values = frozenset()
TENSORFLOW = ("tensorflow", "tensorflow_core")


class Project:
    """The parsed files of one checkout and what their expressions mean.

    ``made_by`` tells what kind of object a call of a TensorFlow path makes, or None.
    """

    def __init__(self, trees: dict[str, ast.Module], made_by: Callable[[str], str | None]) -> None:
        self.modules = {path: Module(path, tree) for path, tree in trees.items()}
        self.made_by = made_by
        self.scopes: dict[ast.AST, Scope] = {}
        self.attributes: dict[str, list[tuple[ast.expr, Bound]]] = defaultdict(list)
        self._memo: dict[tuple[int, str], Values] = {}
        self._before: dict[tuple[int, str], Values] = {}
        self._active: set[tuple[int, str]] = set()
        for module in self.modules.values():
            self.scopes.update(module.scopes)
            for base, name, bound in module.attributes:
                self.attributes[name].append((base, bound))
        self._settle()

    def calls(self) -> Iterator[tuple[Module, ast.Call, Values]]:
        """Yield every call with what its function means."""
        for module in self.modules.values():
            for call, scope in module.calls:
                yield module, call, self.values(call.func, scope)

    # -- expressions -----------------------------------------------------------------------

    def values(self, node: ast.expr | None, scope: Scope) -> Values:
        """Return all that ``node`` may mean in ``scope``."""
        match node:
            case ast.Name(id=name):
                return self.lookup(name, scope)
            case ast.Attribute(value=base, attr=attribute):
                found = self._union(self.member(v, attribute) for v in self.values(base, scope))
                return found or self._by_spelling(base, attribute, scope)
            case ast.Call():
                return self._call(node, scope)
            case ast.IfExp(body=one, orelse=other):
                return self.values(one, scope) | self.values(other, scope)
            case ast.BoolOp(values=parts):
                return self._union(self.values(part, scope) for part in parts)
            case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return self.values(value, scope)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return self._many(parts, scope)
            case ast.Dict(values=parts):
                return self._many(parts, scope)
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part):
                return self._many([part], scope)
            case ast.DictComp(value=part):
                return self._many([part], scope)
            case ast.Subscript(value=base):
                return self._elements(self.values(base, scope))
        return NOTHING

    def lookup(self, name: str, scope: Scope) -> Values:
        """Return all that ``name`` may mean in ``scope``, by Python's rules of scope."""
        place: Scope | None = scope
        while place is not None:
            visible = place is scope or not isinstance(place.node, ast.ClassDef)
            if visible and name in place.names and name not in place.outer:
                return self._bound(name, place)
            place = place.parent
        stars = scope.module.scope.stars
        if not stars:
            return NOTHING
        return self._guarded(
            (id(scope.module), f"*{name}"),
            lambda: self._union(
                self.member(value, name) for star in stars for value in self._starred(*star[1:4])
            ),
        )

    def member(self, value: Value, name: str) -> Values:
        """Return what attribute ``name`` of ``value`` means."""
        kind = value[0]
        if kind == "tf":
            return frozenset([("tf", join(value[1], name))])
        if kind == "object":
            # a Supervisor or Scaffold carries a Saver
            if name == "saver" and value[1] == "owner":
                return frozenset([("object", "saver", None)])
            return frozenset([("method", value[1], name, value[2])])
        if kind == "folder":
            return self._in_folder(PurePosixPath(value[1], name))
        if kind == "module":
            found = self.lookup(name, value[1].scope)
            if not found and value[1].path.endswith("__init__.py"):
                inner = self.find(value[1].path, [name], level=1)
                return frozenset([("module", inner)]) if inner else NOTHING
            return found
        if kind in ("instance", "class"):
            return self._class_member(self.scopes[value[1]], name)
        return NOTHING

    def _call(self, node: ast.Call, scope: Scope) -> Values:
        found: set[Value] = set()
        for value in self.values(node.func, scope):
            if value[0] == "tf":
                made = self.made_by(value[1])
                if made:
                    place = (scope.module.path, node.lineno, node.col_offset)
                    found.add(("object", made, place))
            elif value[0] == "class":
                found.add(("instance", value[1]))
            elif value[0] == "function":
                inner = self.scopes[value[1]]
                found |= self._guarded(
                    (id(inner), "return"),
                    lambda inner=inner: self._union(self.values(r, inner) for r in inner.returns),
                )
        if isinstance(node.func, ast.Name) and node.func.id in ("__import__", "partial"):
            found |= self._builtin(node, scope)
        elif isinstance(node.func, ast.Attribute):
            if node.func.attr in ("import_module", "partial"):
                found |= self._builtin(node, scope)
            elif node.func.attr in ("get", "pop", "values"):
                base = self.values(node.func.value, scope)
                inner_values = self._elements(base)
                found |= (
                    {("many", v) for v in inner_values}
                    if node.func.attr == "values"
                    else inner_values
                )
        return frozenset(found)

    def _builtin(self, node: ast.Call, scope: Scope) -> Values:
        """Return what importlib.import_module("x"), __import__("x") or partial(f) give."""
        if not node.args:
            return NOTHING
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return self.imported(first.value, scope.module.path)
        return self.values(first, scope)

    def _many(self, parts: Iterable[ast.expr | None], scope: Scope) -> Values:
        return frozenset(("many", v) for part in parts for v in self.values(part, scope))

    @staticmethod
    def _elements(values: Values) -> Values:
        return frozenset(v[1] for v in values if v[0] == "many")

    def _bound(self, name: str, scope: Scope) -> Values:
        return self._guarded(
            (id(scope), name),
            lambda: self._union(self._binding(b) for b in scope.names[name]),
        )

    def _binding(self, bound: Bound) -> Values:
        if bound.value is not None:
            if bound.value[0] == "import":
                return self.imported(bound.value[2], bound.value[1])
            if bound.value[0] == "from":
                return self._from_module(*bound.value[1:])
            return frozenset([bound.value])
        values = self.values(bound.expression, bound.scope)
        return self._elements(values) if bound.element else values

    def _guarded(self, key: tuple[int, str], compute: Callable[[], Values]) -> Values:
        """Return ``compute()``, once a round; a question being answered gets its last answer."""
        if key in self._memo:
            return self._memo[key]
        if key in self._active:
            return self._before.get(key, NOTHING)
        self._active.add(key)
        try:
            self._memo[key] = compute()
        finally:
            self._active.discard(key)
        return self._memo[key]

    def _class_member(self, scope: Scope, name: str) -> Values:
        node = scope.node
        assert isinstance(node, ast.ClassDef)
        return self._guarded(
            (id(node), f".{name}"),
            lambda: self._own_member(scope, name) or self._inherited(node, scope, name),
        )

    def _inherited(self, node: ast.ClassDef, scope: Scope, name: str) -> Values:
        found: set[Value] = set()
        for base in node.bases:
            for value in self.values(base, scope.parent or scope):
                if value[0] == "class":
                    found |= self._class_member(self.scopes[value[1]], name)
                elif value[0] == "tf" and self.made_by(value[1]):
                    found.add(("method", self.made_by(value[1]), name))
        return frozenset(found)

    def _own_member(self, scope: Scope, name: str) -> Values:
        found: set[Value] = set()
        if name in scope.names:
            for value in self._bound(name, scope):
                if value[0] == "function" and is_property(value[1]):
                    inner = self.scopes[value[1]]
                    found |= self._union(self.values(r, inner) for r in inner.returns)
                else:
                    found.add(value)
        for base, bound in self.attributes.get(name, ()):
            for value in self.values(base, bound.scope):
                # a subclass may set what a method of its base reads
                if value[0] == "instance" and scope.node in self._lineage(value[1]):
                    found |= self._binding(bound)
        return frozenset(found)

    def _lineage(self, node: Any) -> set[Any]:
        """Return a class of the code base and its bases."""
        found, queue = {node}, [node]
        while queue:
            current = queue.pop()
            for base in current.bases:
                for value in self.values(base, self.scopes[current].parent or self.scopes[current]):
                    if value[0] == "class" and value[1] not in found:
                        found.add(value[1])
                        queue.append(value[1])
        return found

    def _by_spelling(self, base: ast.expr, attribute: str, scope: Scope) -> Values:
        """Return what ``base.attribute`` means when nobody knows what ``base`` is.

        What was assigned to it where it is spelled the same in the same file; else, when every
        attribute of that name in the code base holds the same kind of object, that.
        """
        if attribute not in self.attributes:
            return NOTHING
        spelled = ast.dump(base)
        near = self._guarded(
            (id(scope.module), f"{spelled}.{attribute}"),
            lambda: self._union(
                self._binding(bound)
                for other, bound in self.attributes[attribute]
                if bound.scope.module is scope.module and ast.dump(other) == spelled
            ),
        )
        return near or self._guarded((id(self), attribute), lambda: self._everywhere(attribute))

    def _everywhere(self, attribute: str) -> Values:
        found: set[Value] = set()
        for _, bound in self.attributes[attribute]:
            if isinstance(bound.expression, ast.Constant) and bound.expression.value is None:
                continue
            values = self._binding(bound)
            if not values or any(value[0] != "object" for value in values):
                return NOTHING
            found |= values
        return frozenset(found) if len({value[1] for value in found}) == 1 else NOTHING

    # -- imports ---------------------------------------------------------------------------

    def imported(self, dotted: str, path: str) -> Values:
        """Return the module that ``import dotted`` in the file ``path`` finds."""
        parts = dotted.split(".")
        if parts[0] in TENSORFLOW:
            return frozenset([("tf", join("", ".".join(parts[1:])))])
        module = self.find(path, parts)
        if module:
            return frozenset([("module", module)])
        folder = PurePosixPath(path).parent
        for place in [folder, *folder.parents]:
            found = self._in_folder(place.joinpath(*parts))
            if found:
                return found
        return NOTHING

    def _starred(self, path: str, dotted: str, level: int) -> Values:
        """Return the module that ``from dotted import *`` takes its names from."""
        if not level:
            return self.imported(dotted, path)
        module = self.find(path, dotted.split(".") if dotted else ["__init__"], level)
        return frozenset([("module", module)]) if module else NOTHING

    def _in_folder(self, target: PurePosixPath) -> Values:
        """Return the module, package or plain folder of Python files at ``target``."""
        for candidate in (f"{target}.py", f"{target}/__init__.py"):
            if candidate in self.modules:
                return frozenset([("module", self.modules[candidate])])
        if any(path.startswith(f"{target}/") for path in self.modules):
            return frozenset([("folder", str(target))])
        return NOTHING

    def find(self, path: str, parts: list[str], level: int = 0) -> Module | None:
        """Return the module of the checkout that an import in ``path`` finds."""
        folder = PurePosixPath(path).parent
        if level:
            places = [folder, *folder.parents][level - 1 : level]
        else:
            places = [folder, *folder.parents]
        for place in places:
            target = place.joinpath(*parts)
            for candidate in (f"{target}.py", f"{target}/__init__.py"):
                if candidate in self.modules and candidate != path:
                    return self.modules[candidate]
        return None

    def _from_module(self, path: str, dotted: str, level: int, name: str) -> Values:
        """Return what ``from dotted import name`` gives."""
        parts = [part for part in dotted.split(".") if part]
        if not level and parts and parts[0] in TENSORFLOW:
            return frozenset([("tf", join(join("", ".".join(parts[1:])), name))])
        module = self.find(path, parts, level) if parts else self.find(path, ["__init__"], level)
        found = self.lookup(name, module.scope) if module else NOTHING
        if not found:
            inner = self.find(path, [*parts, name], level)
            if inner:
                return frozenset([("module", inner)])
        return found

    # -- parameters ------------------------------------------------------------------------

    def _settle(self) -> None:
        """Repeat until neither answers nor the arguments that reach parameters change.

        Definitions that lean on each other get their answers round by round; ten rounds are
        more than any chain of calls that was met needs.
        """
        passed: set[tuple[int, str, int]] = set()
        for _ in range(10):
            fresh = []
            for module in self.modules.values():
                for call, scope in module.calls:
                    for target, offset in self._callees(self.values(call.func, scope), call):
                        for name, argument in matched(target, call, offset):
                            key = (id(target), name, id(argument))
                            if key not in passed and self.values(argument, scope):
                                passed.add(key)
                                fresh.append((target, name, Bound(scope, argument)))
            if not fresh and self._memo == self._before:
                break
            for target, name, bound in fresh:
                self.scopes[target].names[name].append(bound)
            self._before, self._memo = self._memo, {}

    def _callees(self, values: Values, call: ast.Call) -> Iterator[tuple[ast.AST, int]]:
        for value in values:
            if value[0] == "function":
                method = self.scopes[value[1]].owner is not None and not is_static(value[1])
                yield value[1], int(method and isinstance(call.func, ast.Attribute))
            elif value[0] == "class":
                for made in self._class_member(self.scopes[value[1]], "__init__"):
                    if made[0] == "function":
                        yield made[1], 1

    @staticmethod
    def _union(sets: Iterable[Values]) -> Values:
        found: set[Value] = set()
        for values in sets:
            found |= values
        return frozenset(found)


def join(path: str, name: str) -> str:
    """Return ``path.name`` below tensorflow, with compat.v1, which is the top itself, dropped."""
    whole = f"{path}.{name}" if path and name else path or name
    while whole == "compat.v1" or whole.startswith("compat.v1."):
        whole = whole[len("compat.v1.") :]
    return whole


def is_property(node: Any) -> bool:
    """Tell whether a method is decorated as a property of one kind or another."""
    return any("property" in ast.dump(decorator) for decorator in node.decorator_list)


def matched(target: Any, call: ast.Call, offset: int) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters of ``target`` with the arguments that ``call`` gives them."""
    names = [a.arg for a in (*target.args.posonlyargs, *target.args.args)][offset:]
    for name, argument in zip(names, call.args, strict=False):
        if isinstance(argument, ast.Starred):
            break
        yield name, argument
    known = {*names, *(a.arg for a in target.args.kwonlyargs)}
    for keyword in call.keywords:
        if keyword.arg in known:
            yield keyword.arg, keyword.value
