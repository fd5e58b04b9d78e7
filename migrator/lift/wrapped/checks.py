"""What a statement may not be moved past."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.analysis import Analysis, is_main_guard
from migrator.lift.wrapped.callables import Definition
from migrator.lift.wrapped.listings import LISTINGS
from migrator.lift.wrapped.objects import CHANGING, Objects
from migrator.names import Scope

__all__ = ["check", "parameters_of"]

_LISTS = LISTINGS | {"tf.get_collection"}
_HARMLESS = frozenset(
    {"len", "int", "float", "str", "bool", "range", "round", "min", "max", "abs", "sum", "tuple"}
    | {"list", "dict", "set", "sorted", "zip", "enumerate", "reversed", "any", "all", "repr"}
    | {"isinstance", "type", "map", "filter", "getattr", "hasattr", "super"}
)


def check(scope: Analysis) -> None:
    """Check that the build gives what its statements gave where they stood.

    Raises:
        Refusal: something that a statement reads or does is changed by one that it would pass.
    """
    anchor = scope.anchor
    assert anchor is not None
    own = scope.module.scopes[scope.node]
    last = anchor.lineno
    inside = {inner for node in scope.moved for inner in ast.walk(node)}
    _check_imports(scope, inside)
    for name, node in scope.host_reads:
        _check_read(scope, name, (node.lineno, last), inside)
    for name, _ in scope.late_reads:
        owner, _ = scope.module.find(name.id, scope.module.scope_of[name])
        if owner not in (None, own, scope.module.root):
            raise Refusal(name, "order", f"`{name.id}` is not known yet where the graph is built")
        _check_read(scope, name, (last, 1 << 30), inside)
    for listing in [*scope.listings, *scope.listed_runs]:
        for node in scope.late:
            if node.lineno > listing.lineno and _may_make(scope, node):
                raise Refusal(listing, "order", "graph is made behind a list of its variables")
    effects = _Effects(scope)
    _check_objects(scope, effects, last)
    waiting: list[tuple[ast.stmt, frozenset[str]]] = []
    changed: dict[str, ast.stmt] = {}  # outer names that calls of the build give other values
    for node in effects.flat():
        if (node.lineno > last and node not in scope.late) or node in scope.removed:
            continue
        kinds = effects.of(node)
        if node in scope.moved:
            if kinds:
                waiting.append((node, kinds))
            for outer in effects.changed(node):
                changed.setdefault(outer, node)
            continue
        for outer in sorted(effects.read(node) & set(changed)) if changed else ():
            raise Refusal(
                changed[outer],
                "host calls",
                f"what it calls changes `{outer}`, which line {node.lineno} reads",
            )
        for before, theirs in waiting:
            both = kinds & theirs - {"file"}
            if both or (kinds and theirs and "code" in kinds | theirs):
                raise Refusal(
                    before,
                    "host calls",
                    f"what it calls would come after what line {node.lineno} calls",
                )
    for late in [*scope.late, *(use.fetch for use in scope.uses)]:
        if effects.of(late):
            raise Refusal(late, "host calls", "what it calls would come before the session's runs")


def _may_make(scope: Analysis, node: ast.AST) -> bool:
    """Whether a statement of the build does more than to list what the graph holds."""
    symbols = scope.calls.symbols
    return any(
        isinstance(inner, ast.Call)
        and (symbols[inner.func].name if inner.func in symbols else "") not in _LISTS
        for inner in ast.walk(node)
    )


def _check_imports(scope: Analysis, inside: set[ast.AST]) -> None:
    """Check that the build reads no name that an import binds in the function around it."""
    for node in [*scope.moved, *scope.late, *(use.fetch for use in scope.uses)]:
        for name in ast.walk(node):
            if not isinstance(name, ast.Name) or not isinstance(name.ctx, ast.Load):
                continue
            owner, bindings = scope.module.find(name.id, scope.module.scope_of[name])
            if owner is None or owner is scope.module.root:
                continue
            if any(
                isinstance(binding.node, (ast.Import, ast.ImportFrom))
                and binding.node not in inside
                for binding in bindings
            ):
                raise Refusal(name, "import", f"`{name.id}` is imported inside of the function")


def _check_objects(scope: Analysis, effects: _Effects, last: int) -> None:
    """Check that no object that the build reads changes under another name, or in a call."""
    hosts: list[tuple[int, ast.stmt]] = [
        (node.lineno, node)
        for node in effects.flat()
        if node not in scope.moved
        and node not in scope.removed
        and not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom))
    ]
    reads = [(name, node.lineno, last) for name, node in scope.host_reads]
    reads += [(name, last, 1 << 30) for name, _ in scope.late_reads]
    if not reads or not hosts:
        return
    objects = Objects(scope)
    known: dict[ast.stmt, tuple[set[tuple[int, str]], set[str]]] = {}
    for name, first, end in reads:
        for line, node in hosts:
            if not first < line <= end:
                continue
            if node not in known:
                known[node] = (objects.changed(node), effects.changed(node))
            changed, outer = known[node]
            if objects.of(name) in changed or name.id in outer:
                raise Refusal(
                    name,
                    "order",
                    f"what `{name.id}` is may change before the graph is built (line {line})",
                )


def _check_read(
    scope: Analysis, name: ast.Name, window: tuple[int, int], inside: set[ast.AST]
) -> None:
    """Check that a host name does not change between a statement and where the graph is built."""
    first, last = window
    owner, bindings = scope.module.find(name.id, scope.module.scope_of[name])
    if owner is None:
        return
    for binding in bindings:
        node = binding.node
        line = getattr(node, "lineno", 0)
        if node in inside or isinstance(node, ast.arg):
            continue
        if first < line <= last:
            raise Refusal(
                name, "order", f"`{name.id}` changes before the graph is built (line {line})"
            )
    for other in scope.module.by_name.get(name.id, ()):
        if not isinstance(other, ast.Name) or other in inside or not first < other.lineno <= last:
            continue
        if scope.module.find(other.id, scope.module.scope_of[other])[0] is not owner:
            continue
        if _changes(scope, other):
            raise Refusal(
                name,
                "order",
                f"`{name.id}` changes before the graph is built (line {other.lineno})",
            )


def _changes(scope: Analysis, name: ast.Name) -> bool:
    """Whether a place changes the object that a name stands for."""
    at: ast.AST = name
    parent = scope.module.parents[at]
    while isinstance(parent, (ast.Attribute, ast.Subscript)) and parent.value is at:
        if not isinstance(parent.ctx, ast.Load):
            return True
        call = scope.module.parents[parent]
        if isinstance(call, ast.Call) and call.func is parent and isinstance(parent, ast.Attribute):
            return parent.attr in CHANGING
        at, parent = parent, call
    if isinstance(parent, ast.Call) and at in parent.args:
        function = parent.func
        return isinstance(function, ast.Attribute) and function.attr == "shuffle"
    return False


def parameters_of(scope: Analysis) -> list[str]:
    """Return the host names that the build is handed, in the order in which it reads them."""
    found: dict[str, None] = {}
    own: Scope = scope.module.scopes[scope.node]
    for name, node in [*scope.host_reads, *scope.late_reads]:
        owner, _ = scope.module.find(name.id, scope.module.scope_of[name])
        if owner is not own:
            continue
        mixed = scope.owners.get(name.id) == (id(own), name.id)
        if isinstance(scope.node, ast.Module) and not mixed:
            continue
        if mixed:
            for moved in scope.moved:
                if moved.lineno < name.lineno and moved is not node and _binds(moved, name.id):
                    raise Refusal(name, "one meaning", f"`{name.id}` stands for several things")
        found[name.id] = None
    return list(found)


def _binds(node: ast.AST, name: str) -> bool:
    return any(
        isinstance(inner, ast.Name) and inner.id == name and isinstance(inner.ctx, ast.Store)
        for inner in ast.walk(node)
    )


class _Effects:
    """What code does besides giving a value: draw random numbers, print, or who knows what."""

    def __init__(self, scope: Analysis) -> None:
        self.scope = scope
        self.known: dict[Definition, frozenset[str]] = {}

    def flat(self) -> Iterator[ast.stmt]:
        """Yield the statements of the scope in order, those of blocks that go in their place."""
        todo: list[ast.stmt] = list(self.scope.node.body)
        while todo:
            node = todo.pop(0)
            opens = isinstance(node, ast.If) and is_main_guard(node)
            if isinstance(node, (ast.If, ast.With)) and (opens or node in self.scope.withs):
                todo[:0] = node.body
            else:
                yield node

    def of(self, node: ast.AST) -> frozenset[str]:
        """Return the kinds of effects of a piece of code."""
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            return frozenset()
        found: set[str] = set()
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                found |= self._call(inner)
        return frozenset(found)

    def changed(self, node: ast.AST) -> set[str]:
        """Return the names outside of functions whose values calls in a piece of code change."""
        return {name for definition in self._called(node) for name in _outer_changes(definition)}

    def read(self, node: ast.AST) -> set[str]:
        """Return the names that a piece of code, and what it calls, reads."""
        return {
            name.id
            for part in [node, *self._called(node)]
            for name in ast.walk(part)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
        }

    def _called(self, node: ast.AST) -> set[Definition]:
        """Return the functions and classes of the file that a piece of code calls or hands on."""
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
            return set()
        found: set[Definition] = set()
        todo: list[ast.AST] = [node]
        while todo:
            for inner in ast.walk(todo.pop()):
                definition = self.scope.calls.definition(inner)
                if definition is not None and definition not in found:
                    found.add(definition)
                    todo.append(definition)
        return found

    def _call(self, node: ast.Call) -> frozenset[str]:
        function = node.func
        calls = self.scope.calls
        if node in calls.loads:
            return frozenset({"file"})
        if function in calls.symbols or function in calls.graph_refs:
            return frozenset()
        definition = calls.definition(function)
        if definition is not None:
            if definition not in self.known:
                self.known[definition] = frozenset()
                found: set[str] = set()
                for inner in ast.walk(definition):
                    if isinstance(inner, ast.Call):
                        found |= self._call(inner)
                self.known[definition] = frozenset(found)
            return self.known[definition]
        if isinstance(function, ast.Name):
            owner, _ = self.scope.module.find(function.id, self.scope.module.scope_of[function])
            if owner is None and function.id == "print":
                return frozenset({"print"})
            if owner is None and function.id in _HARMLESS:
                return frozenset()
            if owner is None and function.id == "open":
                return frozenset({"file"})
            thing = self.scope.env.get(calls.key(function))
            if thing is not None and thing.is_built:
                return frozenset()
            if calls.is_graph_module(function):
                return frozenset()
            return frozenset({"code"})
        if not isinstance(function, ast.Attribute):
            return frozenset({"code"})
        origin = calls.origin(function)
        if origin is not None:
            if calls.is_graph_module(function):
                return frozenset()
            top = origin.partition(".")[0]
            if ".random" in origin or top == "random":
                return frozenset({"random"})
            if top in ("numpy", "math", "collections", "itertools", "functools", "operator"):
                return frozenset()
            if origin.startswith("os.path."):
                return frozenset()
            return frozenset({"print"} if top in ("logging", "sys") else {"code"})
        root: ast.AST = function.value
        while isinstance(root, (ast.Attribute, ast.Subscript, ast.Call)):
            if root in calls.symbols:
                return frozenset()
            root = root.func if isinstance(root, ast.Call) else root.value
        if isinstance(root, ast.Constant):
            return frozenset()
        if root in calls.symbols:
            return frozenset()
        if isinstance(root, ast.Name):
            thing = self.scope.env.get(calls.key(root))
            if thing is not None and thing.is_built:
                return frozenset()
            if root in calls.symbols or calls.definition(root) is not None:
                return frozenset()
        if function.attr in ("read", "ParseFromString", "MergeFromString"):
            return frozenset({"file"})
        if function.attr in CHANGING or function.attr in (
            "mean", "std", "min", "max", "sum", "astype", "reshape", "copy", "items", "keys",
            "values", "format", "join", "split", "get", "index", "count", "shape", "strip", "lower",
        ):  # fmt: skip
            return frozenset()
        return frozenset({"code"})


def _outer_changes(definition: Definition) -> Iterator[str]:
    """Yield the names outside of a function that it binds, or whose objects it changes."""
    for inner in ast.walk(definition):
        if isinstance(inner, (ast.Global, ast.Nonlocal)):
            yield from inner.names
    if not isinstance(definition, ast.FunctionDef):
        return
    own = {argument.arg for argument in ast.walk(definition.args) if isinstance(argument, ast.arg)}
    own |= {
        inner.id
        for inner in ast.walk(definition)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
    }
    for inner in ast.walk(definition):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            if inner.func.attr not in CHANGING:
                continue
            root: ast.AST = inner.func.value
        elif isinstance(inner, (ast.Attribute, ast.Subscript)) and isinstance(inner.ctx, ast.Store):
            root = inner
        else:
            continue
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if isinstance(root, ast.Name) and root.id not in own:
            yield root.id
