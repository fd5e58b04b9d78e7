"""Functions and classes across the files of a repository: who calls them, what derives from them.

Read only, for one look at one file: parsed files are held for as long as it takes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from migrator.flow import own_class
from migrator.names import Module
from migrator.programs import Repository

__all__ = ["Call", "Class", "Classes", "Files"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

#: More methods of one name, on an object that is not known, tell nothing.
_MANY = 6


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A class and the file that defines it."""

    path: str
    node: ast.ClassDef

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Class) and self.node is other.node

    def __hash__(self) -> int:
        return hash(id(self.node))


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function; ``node`` is None where the function is only handed on."""

    path: str
    node: ast.Call | None
    shift: int = 0  #: how many parameters the call does not write out: 1 for ``self``


class Files:
    """The files that run with a file, parsed when they are asked for.

    Args:
        repository: the facts.
        read: returns the text of a path.
        parsed: returns the parsed file at a path, or None; where others hold some of them.
    """

    def __init__(
        self,
        repository: Repository,
        read: Callable[[str], str | None],
        parsed: Callable[[str], Module | None] | None = None,
    ) -> None:
        self.repository = repository
        self._read = read
        self._parsed = parsed or self._parse
        self._modules: dict[str, Module | None] = {}
        self._company: dict[str, tuple[str, ...]] = {}
        self._naming: dict[tuple[str, str], tuple[str, ...]] = {}

    def module(self, path: str) -> Module | None:
        """Return the parsed file at ``path``, or None where it cannot be read."""
        if path not in self._modules:
            self._modules[path] = self._parsed(path)
        return self._modules[path]

    def _parse(self, path: str) -> Module | None:
        text = self._read(path)
        if text is None:
            return None
        table = self.repository.foreign_table(path)
        try:
            return Module(text, lambda name, level: table.get((name, level)))
        except (SyntaxError, ValueError, RecursionError):
            return None

    def resolve(self, path: str, module: str, level: int) -> str | None:
        """Return the file of the repository that ``import module`` in ``path`` means, or None."""
        found = self.repository.places.resolve(path, module, level)
        return found[-1] if found else None

    def module_of(self, path: str, module: Module, node: ast.expr) -> str | None:
        """Return the file that ``node`` names as an imported module, or None."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        _, bindings = module.find(node.id, module.scope_of[node])
        for binding in bindings:
            if binding.module is not None:
                parent, level, name = binding.module
                dotted = f"{parent}.{name}" if parent else name
            elif isinstance(binding.node, ast.Import) and binding.dotted is not None:
                dotted, level = binding.dotted, 0
            else:
                continue
            found = self.resolve(path, ".".join([dotted, *reversed(names)]), level)
            if found is not None:
                return found
        return None

    def company(self, path: str) -> tuple[str, ...]:
        """Return the files that may run in one process with ``path``, that one first."""
        if path not in self._company:
            up = {path}
            todo = [path]
            while todo:
                new = self.repository.imported_by.get(todo.pop(), set()) - up
                up |= new
                todo += new
            both = set(up)
            todo = list(up)
            while todo:
                below = set(self.repository.edges.get(todo.pop(), ())) - both
                both |= below
                todo += below
            self._company[path] = (path, *sorted(both - {path}))
        return self._company[path]

    def naming(self, path: str, name: str) -> tuple[str, ...]:
        """Return those of the company of ``path`` whose text holds the identifier ``name``."""
        key = (path, name)
        if key not in self._naming:
            word = re.compile(rf"\b{re.escape(name)}\b")
            self._naming[key] = tuple(
                other
                for other in self.company(path)
                if (text := self._read(other)) is not None
                and name in text
                and word.search(text) is not None
            )
        return self._naming[key]

    def functions(self, path: str, name: str) -> Iterator[_Function]:
        """Yield the functions and methods called ``name`` that the file at ``path`` defines."""
        module = self.module(path)
        for scope in module.scopes.values() if module is not None else ():
            for binding in scope.bindings.get(name, ()):
                if isinstance(binding.node, _FUNCTIONS) and binding.node.name == name:
                    yield binding.node


class Classes:
    """What functions and classes of the files mean to each other."""

    def __init__(self, files: Files) -> None:
        self.files = files

    # -- classes ----------------------------------------------------------------------

    def bases(self, cls: Class) -> list[Class]:
        """Return the bases of a class that the repository defines."""
        module = self.files.module(cls.path)
        if module is None:
            return []
        found = (self._class(cls.path, module, base) for base in cls.node.bases)
        return [one for one in found if one is not None]

    def _class(self, path: str, module: Module, node: ast.expr) -> Class | None:
        if isinstance(node, ast.Name):
            _, bindings = module.find(node.id, module.scope_of[node])
            for binding in bindings:
                if isinstance(binding.node, ast.ClassDef):
                    return Class(path, binding.node)
                if binding.module is not None:
                    name, level, attribute = binding.module
                    found = self.files.resolve(path, name, level)
                    return self._class_of(found, attribute) if found is not None else None
            for name, level in module.root.stars if not bindings else ():
                found = self.files.resolve(path, name, level)
                one = self._class_of(found, node.id) if found is not None else None
                if one is not None:
                    return one
        elif isinstance(node, ast.Attribute):
            inside = self.files.module_of(path, module, node.value)
            if inside is not None:
                return self._class_of(inside, node.attr)
        return None

    def _class_of(self, path: str, name: str, depth: int = 0) -> Class | None:
        """Return the class that the module at ``path`` calls ``name``, imported or not."""
        module = self.files.module(path)
        for binding in module.root.bindings.get(name, ()) if module is not None else ():
            if isinstance(binding.node, ast.ClassDef):
                return Class(path, binding.node)
            if binding.module is not None and depth < 4:
                parent, level, attribute = binding.module
                found = self.files.resolve(path, parent, level)
                if found is not None:
                    return self._class_of(found, attribute, depth + 1)
        return None

    def family(self, cls: Class) -> set[Class]:
        """Return a class, its ancestors, and all that derive from it."""
        up = {cls}
        todo = [cls]
        while todo:
            new = set(self.bases(todo.pop())) - up
            up |= new
            todo += new
        down = {cls}
        todo = [cls]
        while todo:
            new = set(self._derived(todo.pop())) - down
            down |= new
            todo += new
        # a mixin meets what its siblings set in the class that joins them
        sides = set(down)
        todo = list(down)
        while todo:
            new = set(self.bases(todo.pop())) - sides
            sides |= new
            todo += new
        return up | sides

    def _derived(self, cls: Class) -> Iterator[Class]:
        for path in self.files.naming(cls.path, cls.node.name):
            module = self.files.module(path)
            for node in module.scopes if module is not None else ():
                if isinstance(node, ast.ClassDef) and cls in self.bases(Class(path, node)):
                    yield Class(path, node)

    # -- functions --------------------------------------------------------------------

    def functions(
        self, path: str, module: Module, node: ast.expr
    ) -> Iterator[tuple[str, _Function]]:
        """Yield the functions of the repository that ``node``, which is called, may be."""
        if isinstance(node, ast.Name):
            _, bindings = module.find(node.id, module.scope_of[node])
            for binding in bindings:
                if isinstance(binding.node, _FUNCTIONS):
                    yield path, binding.node
                elif binding.module is not None:
                    name, level, attribute = binding.module
                    found = self.files.resolve(path, name, level)
                    if found is not None:
                        yield from self._function_of(found, attribute)
            for name, level in module.root.stars if not bindings else ():
                found = self.files.resolve(path, name, level)
                if found is not None:
                    yield from self._function_of(found, node.id)
        elif isinstance(node, ast.Attribute):
            inside = self.files.module_of(path, module, node.value)
            if inside is not None:
                yield from self._function_of(inside, node.attr)
                return
            if module.symbol(node) is not None:
                return
            yield from self._methods(path, module, node)

    def _methods(
        self, path: str, module: Module, node: ast.Attribute
    ) -> Iterator[tuple[str, _Function]]:
        owner = node.value
        cls = own_class(module, owner) if isinstance(owner, ast.Name) else None
        family = self.family(Class(path, cls)) if cls is not None else None
        found = []
        for at in self.files.naming(path, node.attr):
            other = self.files.module(at)
            for function in self.files.functions(at, node.attr):
                holder = other.parents.get(function) if other is not None else None
                if isinstance(holder, ast.ClassDef) and (
                    family is None or Class(at, holder) in family
                ):
                    found.append((at, function))
        if family is not None or len(found) <= _MANY:
            yield from found

    def _function_of(self, path: str, name: str, depth: int = 0) -> Iterator[tuple[str, _Function]]:
        module = self.files.module(path)
        for binding in module.root.bindings.get(name, ()) if module is not None else ():
            if isinstance(binding.node, _FUNCTIONS):
                yield path, binding.node
            elif binding.module is not None and depth < 4:
                parent, level, attribute = binding.module
                found = self.files.resolve(path, parent, level)
                if found is not None:
                    yield from self._function_of(found, attribute, depth + 1)

    def callers(self, path: str, module: Module, function: _Function) -> Iterator[Call]:
        """Yield the calls of a function or a method, and where it is only handed on."""
        holder = module.parents.get(function)
        if not isinstance(holder, ast.ClassDef):
            for at in self.files.naming(path, function.name):
                yield from self._calls_of(at, function, function.name)
            return
        static = any(
            isinstance(mark, ast.Name) and mark.id == "staticmethod"
            for mark in function.decorator_list
        )
        shift = 0 if static else 1
        if function.name == "__init__":
            yield from self._constructions(Class(path, holder), function)
            return
        for at in self.files.naming(path, function.name):
            other = self.files.module(at)
            for node in other.by_name.get(function.name, ()) if other is not None else ():
                if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
                    continue
                assert other is not None
                found = [one for _, one in self._methods(at, other, node)]
                if found and function not in found:
                    continue
                call = other.parents.get(node)
                called = isinstance(call, ast.Call) and call.func is node
                by_class = isinstance(node.value, ast.Name) and (
                    self._class(at, other, node.value) is not None
                )
                if called:
                    assert isinstance(call, ast.Call)
                    yield Call(at, call, 0 if by_class else shift)

    def _calls_of(self, path: str, function: _Function, name: str) -> Iterator[Call]:
        module = self.files.module(path)
        for node in module.by_name.get(name, ()) if module is not None else ():
            assert module is not None
            if not isinstance(node.ctx, ast.Load):
                continue
            call = module.parents.get(node)
            called = isinstance(call, ast.Call) and call.func is node
            if any(found is function for _, found in self.functions(path, module, node)):
                yield Call(path, call if called and isinstance(call, ast.Call) else None)

    def _constructions(self, cls: Class, function: _Function) -> Iterator[Call]:
        """Yield the calls that run ``__init__`` of a class, those of its subclasses included."""
        todo, seen = [cls], {cls}
        while todo:
            at = todo.pop()
            for path in self.files.naming(at.path, at.node.name):
                module = self.files.module(path)
                for node in module.by_name.get(at.node.name, ()) if module is not None else ():
                    assert module is not None
                    call = module.parents.get(node)
                    if not (isinstance(call, ast.Call) and call.func is node):
                        continue
                    if self._class(path, module, node) == at:
                        yield Call(path, call, 1)
            for below in self._derived(at):
                if below in seen:
                    continue
                seen.add(below)
                own = any(
                    isinstance(one, _FUNCTIONS) and one.name == "__init__"
                    for one in below.node.body
                )
                if own:
                    yield from self._super_calls(below, at)
                else:
                    todo.append(below)

    def _super_calls(self, cls: Class, base: Class) -> Iterator[Call]:
        module = self.files.module(cls.path)
        for node in module.by_name.get("__init__", ()) if module is not None else ():
            assert module is not None
            call = module.parents.get(node)
            if not (
                isinstance(node, ast.Attribute)
                and isinstance(call, ast.Call)
                and call.func is node
                and module.enclosing(node, (ast.ClassDef,)) is cls.node
            ):
                continue
            owner = node.value
            if isinstance(owner, ast.Call) and ast.unparse(owner.func) == "super":
                yield Call(cls.path, call, 1)
            elif isinstance(owner, ast.expr) and self._class(cls.path, module, owner) == base:
                yield Call(cls.path, call, 0)
