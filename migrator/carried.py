"""Where the Saver or builder that a method is called on was made, across functions and files.

Values are followed backwards from their use: through variables, parameters and the calls that
fill them (``**kwargs`` included), return values, attributes of a class and of its bases and
subclasses, properties, imports of the repository's modules.  What cannot be followed is *open*:
the value may then come from elsewhere, too.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from migrator.apis import HOLDS_V1_SAVER
from migrator.classes import Class, Classes, Files
from migrator.flow import own_class
from migrator.names import Binding, Module
from migrator.programs import Repository

__all__ = ["MAKERS", "Carried", "Followed", "Made"]

#: What makes the objects that are followed -> what kind of object it is.
MAKERS = {
    "tf.train.Saver": "saver",
    "tf.train.import_meta_graph": "saver",
    "tf.saved_model.Builder": "builder",
}
#: Methods of the objects.
_METHODS = (
    *("save", "restore", "export_meta_graph"),
    *("add_meta_graph_and_variables", "add_meta_graph"),
)
_CALLS = re.compile(rf"\.\s*({'|'.join(_METHODS)})\s*\(")

#: A value that takes more steps to follow is left open.
_STEPS = 300
_ANY = "*"

#: Part of a value that is asked for: the item of a tuple, or any item of a list.
_Part = tuple["int | str", ...]
_Step = tuple[str, ast.expr, _Part]
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, order=True)
class Made:
    """A call that makes one of the objects: 1-based line, 0-based column as ast counts it."""

    path: str
    line: int
    column: int
    symbol: str


@dataclass(frozen=True, slots=True)
class Followed:
    """A method call, and all that its object may be."""

    line: int
    column: int
    method: str
    made: tuple[Made, ...]
    open: bool  #: it may be something else, too


class Carried:
    """What the method calls of files are called on.

    Args:
        repository: the facts.
        read: returns the text of a path.
        module: returns the parsed file at a path, or None; where others hold some of them.
    """

    def __init__(
        self,
        repository: Repository,
        read: Callable[[str], str | None],
        module: Callable[[str], Module | None] | None = None,
    ) -> None:
        self.repository = repository
        self._read = read
        self._module = module
        self._found: dict[str, tuple[Followed, ...]] = {}
        self._managed: dict[str, tuple[frozenset[Made], frozenset[str]]] = {}
        self._makes = any(
            name in MAKERS for fact in repository.facts.values() for name, _ in fact.targets
        )

    def calls(self, path: str) -> tuple[Followed, ...]:
        """Return the method calls of the file at ``path`` on objects that code of ours made."""
        if path not in self._found:
            self._found[path] = tuple(self._look(path)) if self._makes else ()
        return self._found[path]

    def managed(self, path: str) -> tuple[frozenset[Made], frozenset[str]]:
        """Return the Savers that the managed sessions of the file at ``path`` take.

        And the names of those that cannot be followed to where they are made.
        """
        if path not in self._managed:
            self._managed[path] = self._look_at_managed(path)
        return self._managed[path]

    def _look_at_managed(self, path: str) -> tuple[frozenset[Made], frozenset[str]]:
        names = self.repository.facts[path].saver_names
        files = Files(self.repository, self._read, self._module)
        module = files.module(path) if names else None
        if module is None:
            return frozenset(), frozenset(names)
        found: set[Made] = set()
        lost: set[str] = set()
        for node, symbol in module.references():
            call = module.parents.get(node)
            if symbol.name not in HOLDS_V1_SAVER or not isinstance(call, ast.Call):
                continue
            for keyword in call.keywords:
                name = getattr(keyword.value, "attr", getattr(keyword.value, "id", ""))
                if keyword.arg == "saver" and name:
                    trace = _Trace(files)
                    trace.follow(path, keyword.value)
                    found |= trace.made
                    if trace.open or not trace.made:
                        lost.add(name)
        return frozenset(found), frozenset(lost)

    def _look(self, path: str) -> Iterator[Followed]:
        text = self._read(path)
        if text is None or not _CALLS.search(text):
            return
        files = Files(self.repository, self._read, self._module)
        module = files.module(path)
        if module is None:
            return
        for method in _METHODS:
            for node in module.by_name.get(method, ()):
                call = module.parents.get(node)
                if (
                    isinstance(node, ast.Attribute)
                    and isinstance(call, ast.Call)
                    and call.func is node
                    and module.symbol(node) is None
                ):
                    trace = _Trace(files)
                    trace.follow(path, node.value)
                    if trace.made:
                        made = tuple(sorted(trace.made))
                        yield Followed(call.lineno, call.col_offset, method, made, trace.open)


class _Trace:
    """One value on its way back to where it was made."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.classes = Classes(files)
        self.made: set[Made] = set()
        self.open = False
        self._seen: set[tuple[str, ast.AST, object]] = set()
        self._todo: list[_Step] = []

    def follow(self, path: str, node: ast.expr) -> None:
        """Find everything that ``node``, in the file at ``path``, may be."""
        self._todo.append((path, node, ()))
        steps = 0
        while self._todo:
            path, node, part = self._todo.pop()
            if (path, node, part) in self._seen:
                continue
            self._seen.add((path, node, part))
            module = self.files.module(path)
            steps += 1
            if module is None or steps > _STEPS:
                self.open = True
                return
            self._step(path, module, node, part)

    def _step(self, path: str, module: Module, node: ast.expr, part: _Part) -> None:
        if isinstance(node, ast.Call):
            self._call(path, module, node, part)
        elif isinstance(node, ast.Name):
            self._name(path, module, node, part)
        elif isinstance(node, ast.Attribute):
            self._attribute(path, module, node, part)
        elif isinstance(node, ast.IfExp):
            self._todo += [(path, node.body, part), (path, node.orelse, part)]
        elif isinstance(node, ast.BoolOp):
            self._todo += [(path, value, part) for value in node.values]
        elif isinstance(node, (ast.NamedExpr, ast.Await, ast.Starred)):
            self._todo.append((path, node.value, part))
        elif isinstance(node, ast.Subscript):
            at = node.slice.value if isinstance(node.slice, ast.Constant) else _ANY
            self._todo.append((path, node.value, (at if isinstance(at, int) else _ANY, *part)))
        elif isinstance(node, (ast.Tuple, ast.List)) and part:
            self._items(path, node.elts, part)
        elif isinstance(node, ast.Dict) and part:
            self._items(path, node.values, (_ANY, *part[1:]))
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp)) and part:
            self._todo.append((path, node.elt, part[1:]))
        elif not (isinstance(node, ast.Constant) and node.value is None):
            self.open = True

    def _items(self, path: str, items: list[ast.expr], part: _Part) -> None:
        at = part[0]
        if isinstance(at, int) and not any(isinstance(item, ast.Starred) for item in items):
            items = items[at : at + 1] if at >= 0 else items[at:][:1]
        self._todo += [(path, item, part[1:]) for item in items]

    # -- names ------------------------------------------------------------------------

    def _name(self, path: str, module: Module, node: ast.Name, part: _Part) -> None:
        scope, bindings = module.find(node.id, module.scope_of[node])
        if scope is None:
            for name, level in module.root.stars:
                found = self.files.resolve(path, name, level)
                if found is not None and self._global(found, node.id, part):
                    return
            self.open = True
            return
        for binding in bindings:
            self._binding(path, module, binding, part)

    def _global(self, path: str, name: str, part: _Part) -> bool:
        """Follow what the module at ``path`` calls ``name``; tell whether it calls anything so."""
        module = self.files.module(path)
        bindings = module.root.bindings.get(name, ()) if module is not None else ()
        for binding in bindings:
            assert module is not None
            if (path, binding.node, part) not in self._seen:
                self._seen.add((path, binding.node, part))
                self._binding(path, module, binding, part)
        return bool(bindings)

    def _binding(self, path: str, module: Module, binding: Binding, part: _Part) -> None:
        node = binding.node
        if isinstance(node, ast.arg):
            self._parameter(path, module, node, part)
        elif binding.module is not None:
            name, level, attribute = binding.module
            found = self.files.resolve(path, name, level)
            if found is None or not self._global(found, attribute, part):
                self.open = True
        elif binding.value is not None:
            self._todo.append((path, binding.value, part))
        elif isinstance(node, (ast.Name, ast.Attribute)):
            self._stored(path, module, node, part)
        else:
            self.open = True

    def _stored(
        self, path: str, module: Module, node: ast.Name | ast.Attribute, part: _Part
    ) -> None:
        """Follow what an assignment, a loop or a ``with`` gives to ``node``."""
        inner: ast.AST = node
        outer = module.parents[node]
        while isinstance(outer, (ast.Tuple, ast.List)):
            part = (outer.elts.index(inner), *part) if isinstance(inner, ast.expr) else part
            inner, outer = outer, module.parents[outer]
        if isinstance(outer, ast.Assign) or (
            isinstance(outer, (ast.AnnAssign, ast.NamedExpr)) and outer.value is not None
        ):
            assert outer.value is not None
            self._todo.append((path, outer.value, part))
        elif isinstance(outer, (ast.For, ast.AsyncFor, ast.comprehension)):
            source = outer.iter
            if isinstance(source, ast.Call) and isinstance(source.func, ast.Name) and part:
                if source.func.id == "enumerate" and part[0] == 1 and source.args:
                    self._todo.append((path, source.args[0], (_ANY, *part[1:])))
                    return
                if source.func.id == "zip" and isinstance(part[0], int):
                    chosen = source.args[part[0] : part[0] + 1]
                    self._todo += [(path, one, (_ANY, *part[1:])) for one in chosen]
                    return
            self._todo.append((path, source, (_ANY, *part)))
        elif isinstance(outer, ast.withitem):
            self._todo.append((path, outer.context_expr, part))
        elif not isinstance(outer, ast.Delete):
            self.open = True

    # -- attributes -------------------------------------------------------------------

    def _attribute(self, path: str, module: Module, node: ast.Attribute, part: _Part) -> None:
        if module.symbol(node) is not None:
            self.open = True
            return
        inside = self.files.module_of(path, module, node.value)
        if inside is not None:
            if not self._global(inside, node.attr, part):
                self.open = True
            return
        cls = own_class(module, node.value) if isinstance(node.value, ast.Name) else None
        family = self.classes.family(Class(path, cls)) if cls is not None else None
        found = False
        for at in self.files.naming(path, node.attr):
            other = self.files.module(at)
            if other is None:
                continue
            for stored in other.by_name.get(node.attr, ()):
                if isinstance(stored, ast.Attribute) and isinstance(stored.ctx, ast.Store):
                    owner = stored.value
                    of = own_class(other, owner) if isinstance(owner, ast.Name) else None
                    if family is None or of is None or Class(at, of) in family:
                        found = True
                        self._stored(at, other, stored, part)
            for function in self.files.functions(at, node.attr):
                holder = other.parents.get(function)
                if not isinstance(holder, ast.ClassDef) or not _is_property(function):
                    continue
                if family is None or Class(at, holder) in family:
                    found = True
                    self._returned(at, other, function, part)
            for scope in other.scopes.values():
                if not isinstance(scope.node, ast.ClassDef):
                    continue
                if family is None or Class(at, scope.node) in family:
                    values = [b.value for b in scope.bindings.get(node.attr, ()) if b.value]
                    found = found or bool(values)
                    self._todo += [(at, value, part) for value in values]
        if not found:
            self.open = True

    # -- calls ------------------------------------------------------------------------

    def _call(self, path: str, module: Module, node: ast.Call, part: _Part) -> None:
        symbol = module.symbol(node.func)
        if symbol is not None:
            if symbol.name in MAKERS and not part:
                self.made.add(Made(path, node.lineno, node.col_offset, symbol.name))
            else:
                self.open = True
            return
        found = list(self.classes.functions(path, module, node.func))
        for at, function in found:
            other = self.files.module(at)
            if other is not None:
                self._returned(at, other, function, part)
        if not found:
            self.open = True

    def _returned(self, path: str, module: Module, function: _Function, part: _Part) -> None:
        for node in module.nodes:
            if (
                isinstance(node, (ast.Return, ast.Yield))
                and node.value is not None
                and module.scope_of[node].node is function
            ):
                self._todo.append((path, node.value, part))

    def _parameter(self, path: str, module: Module, node: ast.arg, part: _Part) -> None:
        function = module.scope_of[node].node
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self.open = True
            return
        arguments = function.args
        if node is arguments.vararg:
            self.open = True
            return
        if node is arguments.kwarg:
            self._keywords(path, module, function, part)
            return
        self._given(path, module, function, node.arg, part)

    def _given(
        self, path: str, module: Module, function: _Function, name: str, part: _Part
    ) -> None:
        """Follow what the calls of ``function`` give to its parameter ``name``."""
        key = (path, function, (name, part))
        if key in self._seen:
            return
        self._seen.add(key)
        positional = [*function.args.posonlyargs, *function.args.args]
        names = [one.arg for one in positional]
        given = False
        for call in self.classes.callers(path, module, function):
            if call.node is None:
                self.open = True  # the function is handed on
                continue
            given = True
            index = names.index(name) - call.shift if name in names else len(call.node.args)
            arguments = call.node.args
            stars = [i for i, one in enumerate(arguments) if isinstance(one, ast.Starred)]
            if 0 <= index < len(arguments) and not any(i <= index for i in stars):
                self._todo.append((call.path, arguments[index], part))
                continue
            by_name = [k.value for k in call.node.keywords if k.arg == name]
            self._todo += [(call.path, value, part) for value in by_name]
            for keyword in () if by_name else call.node.keywords:
                if keyword.arg is None:
                    self._splat(call.path, keyword.value, name, part)
            if stars and not by_name:
                self.open = True
        defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False)) | {
            one.arg: value
            for one, value in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
            if value is not None
        }
        if name in defaults:
            self._todo.append((path, defaults[name], part))
        if not given:
            self.open = True

    def _splat(self, path: str, node: ast.expr, name: str, part: _Part) -> None:
        """Follow the entry ``name`` of what a call unpacks with ``**``."""
        module = self.files.module(path)
        if module is not None and isinstance(node, ast.Name):
            scope, bindings = module.find(node.id, module.scope_of[node])
            if scope is not None and len(bindings) == 1:
                binding = bindings[0]
                function = scope.node
                if (
                    isinstance(binding.node, ast.arg)
                    and isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
                    and binding.node is function.args.kwarg
                ):
                    self._given(path, module, function, name, part)
                    return
                if binding.value is not None:
                    node = binding.value
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    self._todo.append((path, value, part))
                elif not isinstance(key, ast.Constant):
                    self.open = True
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args:
            self._todo += [(path, k.value, part) for k in node.keywords if k.arg == name]
        else:
            self.open = True

    def _keywords(self, path: str, module: Module, function: _Function, part: _Part) -> None:
        """Follow an item of ``kwargs``: which one is not known, so any keyword may be it."""
        taken = {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
        for call in self.classes.callers(path, module, function):
            if call.node is None:
                self.open = True
                continue
            for keyword in call.node.keywords:
                if keyword.arg is None:
                    self.open = True
                elif keyword.arg not in taken and part:
                    self._todo.append((call.path, keyword.value, part[1:]))


def _is_property(function: _Function) -> bool:
    return any(
        "property" in ast.unparse(mark) or "lazy" in ast.unparse(mark).lower()
        for mark in function.decorator_list
    )
