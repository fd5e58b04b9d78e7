"""Which statements may change an object that the graph is built from."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.lift.wrapped.analysis import Analysis

__all__ = ["CHANGING", "PURE", "Objects", "roots"]

#: Methods that change their object.
CHANGING = frozenset(
    {"append", "extend", "insert", "pop", "remove", "clear", "update", "setdefault", "sort"}
    | {"reverse", "fill", "resize", "add", "discard"}
)
#: Methods that change nothing, and give a value of its own.
PURE = frozenset(
    {"mean", "std", "min", "max", "sum", "astype", "copy", "format", "join", "split", "strip"}
    | {"lower", "upper", "index", "count", "argmax", "argmin", "tolist", "any", "all", "round"}
    | {"startswith", "endswith", "replace", "encode", "decode", "rstrip", "lstrip", "title"}
)
#: Methods that change nothing, and may give a part of their object.
_VIEWS = frozenset(
    {"get", "items", "keys", "values", "reshape", "ravel", "flatten", "transpose", "squeeze"}
    | {"shape", "swapaxes", "view"}
)
#: Built-in functions that change nothing and keep nothing.
_FRESH = frozenset(
    {"len", "int", "float", "str", "bool", "range", "round", "abs", "sum", "repr", "print", "open"}
    | {"isinstance", "type", "any", "all", "hasattr", "id", "hash", "callable", "input", "ord"}
)
#: Those that give parts of what they are given.
_HANDING = frozenset(
    {"list", "tuple", "dict", "set", "zip", "enumerate", "reversed", "sorted", "iter", "map"}
    | {"filter", "min", "max", "next", "getattr", "vars"}
)
_NUMPY_VIEWS = frozenset(
    {"asarray", "reshape", "ravel", "squeeze", "transpose", "expand_dims", "swapaxes", "split"}
    | {"broadcast_to", "atleast_1d", "atleast_2d", "array_split", "moveaxis", "asanyarray"}
)
_NUMPY_CHANGES = frozenset({"shuffle", "put", "copyto", "fill_diagonal", "place", "putmask"})
#: Packages whose functions leave their arguments as they are.
_QUIET = frozenset(
    {"os", "sys", "math", "time", "json", "re", "string", "datetime", "logging", "argparse"}
    | {"collections", "itertools", "functools", "operator", "matplotlib", "pickle", "pprint"}
    | {"copy", "codecs", "io", "six", "shutil", "glob", "csv", "tensorflow"}
)
_PLAIN_ATTRIBUTES = frozenset({"shape", "ndim", "size", "dtype"})

Key = tuple[int, str]


class Objects:
    """Tells which names may stand for the same object, and which statements change it.

    Args:
        scope: the analysis, done.
    """

    def __init__(self, scope: Analysis) -> None:
        self.scope = scope
        self.module = scope.module
        self._parent: dict[Key, Key] = {}
        for node in self.module.nodes:
            targets, value = _bound(node)
            if value is None:
                continue
            names = [name for target in targets for name in roots(target)]
            for name in names:
                for other in self._handed(value):
                    self._join(self._key(name), self._key(other))

    def changed(self, node: ast.AST) -> set[Key]:
        """Return the objects that a statement of the host may change."""
        return {self._find(self._key(name)) for name in self._changes(node)}

    def of(self, name: ast.Name) -> Key:
        """Return what tells the object of a name from others."""
        return self._find(self._key(name))

    def _key(self, name: ast.Name) -> Key:
        return self.scope.calls.key(name)

    def _find(self, key: Key) -> Key:
        while (parent := self._parent.get(key, key)) != key:
            key = parent
        return key

    def _join(self, one: Key, other: Key) -> None:
        one, other = self._find(one), self._find(other)
        if one != other:
            self._parent[one] = other

    def _handed(self, node: ast.AST) -> Iterator[ast.Name]:
        """Yield the names whose objects a value may be, or have parts of."""
        if isinstance(node, ast.Name):
            yield node
        elif isinstance(node, ast.Attribute):
            if node.attr not in _PLAIN_ATTRIBUTES and node not in self.scope.calls.symbols:
                yield from self._handed(node.value)
        elif isinstance(node, (ast.Subscript, ast.Starred, ast.NamedExpr)):
            yield from self._handed(node.value)
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            for element in node.elts:
                yield from self._handed(element)
        elif isinstance(node, ast.Dict):
            for value in node.values:
                yield from self._handed(value)
        elif isinstance(node, ast.IfExp):
            yield from self._handed(node.body)
            yield from self._handed(node.orelse)
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self._handed(value)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            for generator in node.generators:
                yield from self._handed(generator.iter)
        elif isinstance(node, ast.Call):
            yield from self._handed_by(node)

    def _handed_by(self, node: ast.Call) -> Iterator[ast.Name]:
        function = node.func
        if function in self.scope.calls.symbols:
            return
        given = [*node.args, *(word.value for word in node.keywords)]
        origin = self.scope.calls.origin(function)
        if origin is not None:
            top, last = origin.partition(".")[0], origin.rpartition(".")[2]
            if top == "numpy" and last not in _NUMPY_VIEWS:
                return
        elif isinstance(function, ast.Attribute):
            if function.attr in PURE:
                return
            given.append(function.value)
        elif isinstance(function, ast.Name):
            definition = self.scope.calls.definition(function)
            if definition is None and function.id in _FRESH:
                return
            if isinstance(definition, ast.ClassDef):
                yield function  # an object reads the attributes of its class
        for part in given:
            yield from self._handed(part)

    def _changes(self, node: ast.AST) -> Iterator[ast.Name]:
        for inner in ast.walk(node):
            if isinstance(inner, (ast.Attribute, ast.Subscript)):
                if not isinstance(inner.ctx, ast.Load):
                    yield from roots(inner)
            elif isinstance(inner, ast.AugAssign):
                yield from roots(inner.target)
            elif isinstance(inner, ast.Call):
                yield from self._changed_by(inner)

    def _changed_by(self, node: ast.Call) -> Iterator[ast.Name]:
        function = node.func
        given = [*node.args, *(word.value for word in node.keywords)]
        if function in self.scope.calls.symbols:
            return
        origin = self.scope.calls.origin(function)
        if origin is not None:
            top, last = origin.partition(".")[0], origin.rpartition(".")[2]
            out = any(word.arg == "out" for word in node.keywords)
            if top == "numpy" and last not in _NUMPY_CHANGES and not out:
                return
            if top in _QUIET:
                return
        elif isinstance(function, ast.Attribute):
            if function.attr in PURE | _VIEWS:
                return
            given = [function.value, *given]
        elif isinstance(function, ast.Name):
            own = self.scope.calls.definition(function) is not None
            if not own and function.id in _FRESH | _HANDING:
                return
        for part in given:
            yield from self._handed(part)


def _bound(node: ast.AST) -> tuple[list[ast.expr], ast.expr | None]:
    if isinstance(node, ast.Assign):
        return node.targets, node.value
    if isinstance(node, ast.AnnAssign):
        return [node.target], node.value
    if isinstance(node, (ast.For, ast.comprehension)):
        return [node.target], node.iter
    if isinstance(node, ast.withitem) and node.optional_vars is not None:
        return [node.optional_vars], node.context_expr
    return [], None


def roots(node: ast.expr) -> Iterator[ast.Name]:
    """Yield the names whose objects an assignment to ``node`` changes or binds."""
    if isinstance(node, (ast.Tuple, ast.List)):
        for element in node.elts:
            yield from roots(element)
    elif isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        yield from roots(node.value)
    elif isinstance(node, ast.Name):
        yield node
