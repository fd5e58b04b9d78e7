"""Where signatures and tensor infos end up: forward, across functions and files.

A rewritten export takes plain tensors as well as protos, signature by signature and tensor by
tensor.  So each proto may go as soon as all that it ever reaches is such an export.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from migrator.classes import Classes, Files
from migrator.flow import target, uses
from migrator.names import Module
from migrator.programs import Repository

__all__ = ["Ends", "Handed", "Place"]

_SIGNATURES = frozenset(
    f"tf.saved_model.{name}_signature_def"
    for name in ("build", "predict", "classification", "regression")
)
_INFO = "tf.saved_model.build_tensor_info"
_ADD = "add_meta_graph_and_variables"
#: What only shows a value.
_SHOWS = frozenset({"print", "pprint", "repr", "str", "format"})
_LOGS = frozenset({"debug", "info", "log", "warning", "warn", "error", "critical"})
_LOGGERS = frozenset({"logging", "logger", "log", "LOGGER", "LOG"})
#: A value that takes more steps to follow is left open.
_STEPS = 400

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A call: 1-based line, 0-based column as ast counts it."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Ends:
    """A signature or tensor info of a file, and the exports that all of it goes into."""

    line: int
    column: int
    exports: tuple[Place, ...]  #: calls of ``add_meta_graph_and_variables``
    shown: bool  #: something also prints it


class Handed:
    """Where the signatures and tensor infos of files end.

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
        self._found: dict[str, tuple[Ends, ...]] = {}

    def ends(self, path: str) -> tuple[Ends, ...]:
        """Return the signatures and tensor infos of ``path`` that only go into exports."""
        if path not in self._found:
            names = {name for name, _ in self.repository.facts[path].targets}
            wanted = _INFO in names or not _SIGNATURES.isdisjoint(names)
            self._found[path] = tuple(self._look(path)) if wanted else ()
        return self._found[path]

    def _look(self, path: str) -> Iterator[Ends]:
        files = Files(self.repository, self._read, self._module)
        module = files.module(path)
        if module is None:
            return
        for node, symbol in module.references():
            call = module.parents.get(node)
            if not isinstance(call, ast.Call) or call.func is not node:
                continue
            if symbol.name in _SIGNATURES or symbol.name == _INFO:
                trace = _Trace(files)
                if trace.follow(path, call, symbol.name == _INFO) and trace.exports:
                    exports = tuple(sorted(trace.exports))
                    yield Ends(call.lineno, call.col_offset, exports, trace.shown)


class _Trace:
    """One proto on its way to what takes it."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.classes = Classes(files)
        self.exports: set[Place] = set()
        self.shown = False
        self._seen: set[tuple[ast.AST, bool]] = set()
        self._todo: list[tuple[str, ast.expr, bool]] = []

    def follow(self, path: str, node: ast.expr, info: bool) -> bool:
        """Find all that takes the value of ``node``; tell whether all of it is known.

        Args:
            path: the file of ``node``.
            node: the call that makes the value.
            info: it makes a tensor info, which a signature has to take first.
        """
        self._todo.append((path, node, info))
        for _ in range(_STEPS):
            if not self._todo:
                return True
            path, node, info = self._todo.pop()
            if (node, info) in self._seen:
                continue
            self._seen.add((node, info))
            module = self.files.module(path)
            if module is None or not self._step(path, module, node, info):
                return False
        return False

    def _step(self, path: str, module: Module, node: ast.expr, info: bool) -> bool:
        """Follow a value out of its place; tell whether that is understood."""
        parent = module.parents[node]
        if isinstance(parent, ast.Dict) and node in parent.values:
            if parent.keys[parent.values.index(node)] is None:
                return False  # what ``**`` unpacks
            return self._on(path, parent, info)
        if isinstance(parent, ast.DictComp) and parent.value is node:
            return self._on(path, parent, info)
        if isinstance(parent, (ast.IfExp, ast.NamedExpr)) and node is not getattr(
            parent, "test", None
        ):
            return self._on(path, parent, info) and (
                not isinstance(parent, ast.NamedExpr)
                or self._uses(path, module, parent.target, info)
            )
        if isinstance(parent, ast.Assign) and parent.value is node:
            return all(self._assigned(path, module, one, info) for one in parent.targets)
        if isinstance(parent, ast.AnnAssign) and parent.value is node:
            return self._assigned(path, module, parent.target, info)
        if isinstance(parent, ast.Return):
            return self._returned(path, module, parent, info)
        if isinstance(parent, ast.keyword):
            call = module.parents[parent]
            return isinstance(call, ast.Call) and self._argument(
                path, module, call, parent.arg, info
            )
        if isinstance(parent, ast.Call) and node in parent.args:
            return self._argument(path, module, parent, parent.args.index(node), info)
        if isinstance(parent, ast.Subscript) and parent.value is node:
            # ``signatures[key] = ...`` is looked at where the value comes from
            return isinstance(parent.ctx, ast.Store)
        if isinstance(parent, (ast.BinOp, ast.Tuple, ast.FormattedValue)):
            return self._shows(module, node)
        return isinstance(parent, ast.Expr)

    def _on(self, path: str, node: ast.expr, info: bool) -> bool:
        self._todo.append((path, node, info))
        return True

    def _assigned(self, path: str, module: Module, node: ast.expr, info: bool) -> bool:
        if isinstance(node, ast.Subscript) and isinstance(node.value, (ast.Name, ast.Attribute)):
            return self._uses(path, module, node.value, info)
        return self._uses(path, module, node, info)

    def _uses(self, path: str, module: Module, node: ast.expr, info: bool) -> bool:
        """Follow every use of the variable that ``node`` stores or fills."""
        place = target(module, node)
        if place is None:
            return False
        if place.scope is None:
            # an attribute: of this class alone, and read in this file alone
            if place.cls is None or place.owner != "self" or len(self._files(path, place.name)) > 1:
                return False
        elif place.scope is module.root and len(self._files(path, place.name)) > 1:
            return False
        elif any(isinstance(one.node, ast.arg) for one in place.scope.bindings[place.name]):
            return False  # a caller holds it, too
        self._todo += [(path, use, info) for use in uses(module, place)]
        return True

    def _files(self, path: str, name: str) -> tuple[str, ...]:
        return self.files.naming(path, name)

    def _returned(self, path: str, module: Module, node: ast.Return, info: bool) -> bool:
        function = module.scope_of[node].node
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        if function.decorator_list:
            return False
        calls = list(self.classes.callers(path, module, function))
        if not calls or any(call.node is None for call in calls):
            return False
        self._todo += [(call.path, call.node, info) for call in calls if call.node is not None]
        return True

    # -- calls ------------------------------------------------------------------------

    def _argument(
        self, path: str, module: Module, call: ast.Call, at: int | str | None, info: bool
    ) -> bool:
        """Follow a value into a call; ``at`` is its position or its keyword."""
        if at is None or any(isinstance(one, ast.Starred) for one in call.args):
            return False
        symbol = module.symbol(call.func)
        if symbol is not None:
            if info and symbol.name == "tf.saved_model.build_signature_def":
                if at not in (0, 1, "inputs", "outputs"):
                    return False
                return self._on(path, call, False)
            return symbol.name.startswith("tf.logging.") and self._noted()
        name = call.func.attr if isinstance(call.func, ast.Attribute) else None
        if name == _ADD:
            if info or at not in (2, "signature_def_map"):
                return False
            self.exports.add(Place(path, call.lineno, call.col_offset))
            return True
        if _is_display(call.func):
            return self._noted()
        if isinstance(call.func, ast.Name) and call.func.id == "dict" and isinstance(at, str):
            return self._on(path, call, info)
        found = list(self.classes.functions(path, module, call.func))
        return bool(found) and all(
            self._parameter(there, function, call, at, info) for there, function in found
        )

    def _noted(self) -> bool:
        self.shown = True
        return True

    def _shows(self, module: Module, node: ast.expr) -> bool:
        """Whether a value that stands in a text or a tuple is only shown."""
        for around in module.ancestors(node):
            if isinstance(around, ast.Call):
                symbol = module.symbol(around.func)
                logs = symbol is not None and symbol.name.startswith("tf.logging.")
                if logs or _is_display(around.func):
                    return self._noted()
                if not (isinstance(around.func, ast.Attribute) and around.func.attr == "format"):
                    return False
            elif isinstance(around, ast.stmt):
                return False
        return False

    def _parameter(
        self, path: str, function: _Function, call: ast.Call, at: int | str, info: bool
    ) -> bool:
        module = self.files.module(path)
        if module is None:
            return False
        arguments = function.args
        positional = [*arguments.posonlyargs, *arguments.args]
        if isinstance(at, int):
            holder = module.parents.get(function)
            static = any(
                isinstance(mark, ast.Name) and mark.id == "staticmethod"
                for mark in function.decorator_list
            )
            if isinstance(holder, ast.ClassDef) and not static:
                at += 1
            if at >= len(positional):
                return False
            parameter = positional[at]
        else:
            named = [one for one in (*positional, *arguments.kwonlyargs) if one.arg == at]
            if not named:
                return False
            parameter = named[0]
        scope = module.scopes[function]
        bindings = scope.bindings.get(parameter.arg, [])
        if [one.node for one in bindings] != [parameter]:
            return False  # it is assigned, too
        for node in module.by_name.get(parameter.arg, ()):
            if (
                isinstance(node, ast.Name)
                and module.find(node.id, module.scope_of[node])[0] is scope
            ):
                self._todo.append((path, node, info))
        return True


def _is_display(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in _SHOWS
    return (
        isinstance(function, ast.Attribute)
        and function.attr in _LOGS
        and isinstance(function.value, ast.Name)
        and function.value.id in _LOGGERS
    )
