"""Which file or folder an expression names, as far as the code shows it.

Constants, flags and the functions that join them are followed; all else leaves a hole.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from migrator.flow import stores, target
from migrator.names import Binding, Module
from migrator.path_relations import Hole, Path, usual_text

__all__ = ["Paths"]


#: More alternatives than these are as good as none.
_MOST = 6
_DEEP = 12

_ANY: Path = (Hole(),)
_SAME = frozenset(
    {
        *("os.path.abspath", "os.path.normpath", "os.path.expanduser", "os.path.expandvars"),
        *("os.path.realpath", "os.fspath", "str", "unicode", "pathlib.Path", "Path"),
        *("tf.compat.as_bytes", "tf.compat.as_str", "tf.compat.as_text", "tf.compat.as_str_any"),
    }
)
_FOUND = frozenset({"tf.train.latest_checkpoint", "tf.train.get_checkpoint_state"})
_FLAGS = frozenset({"tf.app.flags.FLAGS", "tf.flags.FLAGS", "tf.contrib.learn.flags.FLAGS"})
_FORMAT = re.compile(r"%(?:\([^)]*\))?[-+ #0]*[\d*]*(?:\.\d+)?[a-zA-Z%]")
_FIELD = re.compile(r"\{\{|\}\}|\{[^{}]*\}")


class Paths:
    """The paths of one module.

    Args:
        module: the file.
        foreign: returns the paths that a name of another module of the repository stands for,
            from (module, level, name) of the import.
    """

    def __init__(
        self,
        module: Module,
        foreign: Callable[[str, int, str], tuple[Path, ...]] | None = None,
    ) -> None:
        self.module = module
        self._foreign = foreign
        self._flags: dict[str, tuple[ast.expr, ...]] | None = None
        self._partial: set[ast.AST] = set()

    def of(self, node: ast.expr | None) -> tuple[Path, ...]:
        """Return what ``node`` may name; one path with a hole for what cannot be told."""
        if node is None:
            return (_ANY,)
        found = dict.fromkeys(_joined(path) for path in self._of(node, 0))
        return tuple(found) if 0 < len(found) <= _MOST else (_ANY,)

    def named(self, name: str) -> tuple[Path, ...]:
        """Return what the module-level name ``name`` may stand for."""
        bindings = self.module.root.bindings.get(name, [])
        found = [path for binding in bindings for path in self._bound(binding, 0)]
        return tuple(dict.fromkeys(map(_joined, found))) or (_ANY,)

    # -- expressions ------------------------------------------------------------------

    def _of(self, node: ast.expr, depth: int) -> list[Path]:
        if depth > _DEEP or node in self._partial:
            return [_ANY]
        self._partial.add(node)
        try:
            found = self._look(node, depth + 1)
        finally:
            self._partial.discard(node)
        return found if 0 < len(found) <= _MOST else [_ANY]

    def _look(self, node: ast.expr, depth: int) -> list[Path]:
        if isinstance(node, ast.Constant):
            value = node.value
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            return [(str(value),)] if isinstance(value, (str, int)) else [_ANY]
        if isinstance(node, ast.JoinedStr):
            return self._chain(
                (
                    value.value if isinstance(value, ast.FormattedValue) else value
                    for value in node.values
                ),
                depth,
            )
        if isinstance(node, ast.BinOp):
            return self._operated(node, depth)
        if isinstance(node, ast.IfExp):
            return [*self._of(node.body, depth), *self._of(node.orelse, depth)]
        if isinstance(node, ast.BoolOp):
            return [path for value in node.values for path in self._of(value, depth)]
        if isinstance(node, ast.NamedExpr):
            return self._of(node.value, depth)
        if isinstance(node, ast.Call):
            return self._called(node, depth)
        if isinstance(node, ast.Name):
            return self._variable(node, depth)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, depth)
        return [_ANY]

    def _chain(self, nodes: Iterable[ast.expr | str], depth: int, sep: str = "") -> list[Path]:
        """Return the texts of ``nodes`` one after the other, with ``sep`` between them."""
        found: list[Path] = [()]
        for index, node in enumerate(nodes):
            each: list[Path] = [(node,)] if isinstance(node, str) else self._of(node, depth)
            between: Path = (sep,) if sep and index else ()
            # what starts with a slash starts again, as os.path.join does
            found = [
                path if sep and _starts(path) else (*before, *between, *path)
                for before in found
                for path in each
            ]
            if len(found) > _MOST:
                return [_ANY]
        return found

    def _operated(self, node: ast.BinOp, depth: int) -> list[Path]:
        if isinstance(node.op, ast.Add):
            return self._chain((node.left, node.right), depth)
        if isinstance(node.op, ast.Div):  # pathlib
            return self._chain((node.left, node.right), depth, "/")
        left = node.left
        if isinstance(node.op, ast.Mod) and isinstance(left, ast.Constant):
            values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            fields = [f for f in _FORMAT.findall(str(left.value)) if f != "%%"]
            if isinstance(node.right, ast.Dict) or len(fields) != len(values):
                values = [ast.Constant(None)] * len(fields)
            return self._filled(_FORMAT, str(left.value), values, depth)
        return [_ANY]

    def _filled(
        self, pattern: re.Pattern[str], text: str, values: list[ast.expr], depth: int
    ) -> list[Path]:
        """Return ``text`` with its fields filled; one that formats a number is a hole."""
        pieces: list[ast.expr | str] = []
        done = 0
        left = list(values)
        for match in pattern.finditer(text):
            pieces.append(text[done : match.start()])
            done = match.end()
            field = match[0]
            if field in ("%%", "{{", "}}"):
                pieces.append(field[0])
            else:
                value = left.pop(0)
                plain = field in ("%s", "%d", "{}") or re.fullmatch(r"\{\w*\}", field)
                pieces.append(value if plain else ast.Constant(None))
        pieces.append(text[done:])
        return self._chain([piece for piece in pieces if piece != ""], depth)

    def _called(self, node: ast.Call, depth: int) -> list[Path]:
        name = self._function(node.func)
        args = node.args
        if any(isinstance(arg, ast.Starred) for arg in args):
            return [_ANY]
        if name == "os.path.join":
            return self._chain(args, depth, "/")
        if name in _SAME and args:
            return self._of(args[0], depth)
        if name in _FOUND:
            given = args[0] if args else _keyword(node, "checkpoint_dir")
            folder = self._of(given, depth) if given is not None else [_ANY]
            return [(*path, "/", Hole(flat=True)) for path in folder]
        if name == "os.path.dirname" and args:
            return [_parent(path) for path in self._of(args[0], depth)]
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "format" and isinstance(node.func.value, ast.Constant):
                return self._formatted(str(node.func.value.value), node, depth)
            if node.func.attr in ("encode", "decode", "as_posix"):
                return self._of(node.func.value, depth)
            if node.func.attr in ("strip", "rstrip") and _strips_no_name(args):
                return self._of(node.func.value, depth)
        return [_ANY]

    def _formatted(self, text: str, node: ast.Call, depth: int) -> list[Path]:
        fields = [f for f in _FIELD.findall(text) if f not in ("{{", "}}")]
        values: list[ast.expr] = []
        for index, field in enumerate(fields):
            name = re.split(r"[!:.\[]", field[1:-1])[0]
            if name and not name.isdigit():
                value = _keyword(node, name)
            else:
                at = int(name) if name else index
                value = node.args[at] if at < len(node.args) else None
            values.append(value or ast.Constant(None))
        return self._filled(_FIELD, text, values, depth)

    def _function(self, node: ast.expr) -> str | None:
        symbol = self.module.symbol(node)
        if symbol is not None:
            return symbol.name
        names: list[str] = []
        at = node
        while isinstance(at, ast.Attribute):
            names.append(at.attr)
            at = at.value
        if not isinstance(at, ast.Name):
            return None
        _, bindings = self.module.find(at.id, self.module.scope_of[at])
        root = at.id
        for binding in bindings:
            if binding.dotted is not None:
                root = binding.dotted
                if isinstance(binding.node, ast.Import) and binding.dotted == at.id:
                    root = at.id
        return ".".join([root, *reversed(names)])

    # -- variables --------------------------------------------------------------------

    def _variable(self, node: ast.Name, depth: int) -> list[Path]:
        if node not in self.module.scope_of:
            return [_ANY]
        scope, bindings = self.module.find(node.id, self.module.scope_of[node])
        if scope is None:
            return list(self._starred(node.id)) or [_ANY]
        found: list[Path] = []
        for binding in bindings:
            found += self._bound(binding, depth)
            if len(found) > _MOST:
                return [_ANY]
        return found or [_ANY]

    def _bound(self, binding: Binding, depth: int) -> list[Path]:
        if binding.value is not None:
            statement = self.module.statement(binding.node)
            if isinstance(statement, ast.AugAssign):
                return [_ANY]
            return self._of(binding.value, depth)
        if isinstance(binding.node, ast.arg):
            return self._parameter(binding.node, depth)
        if binding.module is not None and self._foreign is not None:
            module, level, name = binding.module
            return list(self._foreign(module, level, name))
        return [_ANY]

    def _starred(self, name: str) -> Iterator[Path]:
        for module, level in self.module.root.stars:
            if self._foreign is not None:
                for path in self._foreign(module, level, name):
                    if path != _ANY:
                        yield path

    def _parameter(self, argument: ast.arg, depth: int) -> list[Path]:
        """Return what callers in this file give for a parameter; others may give something else."""
        arguments = self.module.parents[argument]
        function = self.module.parents[arguments]
        if not isinstance(arguments, ast.arguments) or not isinstance(
            function, (ast.FunctionDef, ast.AsyncFunctionDef)
        ):
            return [_ANY]
        positional = [*arguments.posonlyargs, *arguments.args]
        given: list[ast.expr] = []
        if argument in positional:
            index = positional.index(argument)
            default = index - (len(positional) - len(arguments.defaults))
            if default >= 0:
                given.append(arguments.defaults[default])
            method = isinstance(self.module.parents.get(function), ast.ClassDef)
            for call in self._calls(function):
                at = index - 1 if method and positional[0] is not argument else index
                value = call.args[at] if at < len(call.args) else _keyword(call, argument.arg)
                if value is not None and not isinstance(value, ast.Starred):
                    given.append(value)
        elif argument in arguments.kwonlyargs:
            value = arguments.kw_defaults[arguments.kwonlyargs.index(argument)]
            given += [value] if value is not None else []
            given += [v for c in self._calls(function) if (v := _keyword(c, argument.arg))]
        key = f"parameter:{function.name}.{argument.arg}"
        found: list[Path] = []
        for value in given:
            if isinstance(value, ast.Constant) and value.value is None:
                continue
            for path in self._of(value, depth):
                text = usual_text(path) or None
                found.append((Hole(key, text),))
                if text is None and path != _ANY:
                    found.append(path)  # the same, where a reader has it from the same flag
        return found or [(Hole(key),)]

    def _calls(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Call]:
        name = function.name
        if name == "__init__":
            around = self.module.parents.get(function)
            name = around.name if isinstance(around, ast.ClassDef) else name
        for node in self.module.by_name.get(name, ()):
            call = self.module.parents.get(node)
            if isinstance(call, ast.Call) and call.func is node:
                yield call

    # -- attributes -------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute, depth: int) -> list[Path]:
        if node.attr == "model_checkpoint_path":
            return self._of(node.value, depth)
        if node.attr in ("name", "stem", "suffix", "value"):
            return [_ANY]
        if self._is_flag(node):
            return self._flag(node.attr, depth)
        if isinstance(node.value, ast.Name):
            for binding in self._bindings(node.value):
                if isinstance(binding.node, (ast.Import, ast.ImportFrom)):
                    return [*self._of_module(binding, node.attr), *self._given(node, depth)]
        place = target(self.module, node)
        if place is None or place.scope is not None:
            return [_ANY]
        found: list[Path] = []
        for store in stores(self.module, place):
            parent = self.module.parents.get(store)
            if not isinstance(parent, (ast.Assign, ast.AnnAssign)) or parent.value is None:
                return [_ANY]
            if isinstance(parent, ast.Assign) and store not in parent.targets:
                return [_ANY]
            found += self._of(parent.value, depth)
        return found or ([(Hole(f"attribute:{node.attr}"),)])

    def _bindings(self, node: ast.Name) -> list[Binding]:
        if node not in self.module.scope_of:
            return []
        return self.module.find(node.id, self.module.scope_of[node])[1]

    def _of_module(self, binding: Binding, name: str) -> list[Path]:
        if self._foreign is None:
            return [_ANY]
        if binding.module is not None:
            parent, level, own = binding.module
            return list(self._foreign(f"{parent}.{own}" if parent else own, level, name))
        return list(self._foreign(binding.dotted or "", 0, name))

    def _given(self, node: ast.Attribute, depth: int) -> Iterator[Path]:
        """Yield what this file stores in a name of another module, ``config.DIR = "m"``."""
        for other in self.module.by_name.get(node.attr, ()):
            if not isinstance(other, ast.Attribute) or not isinstance(other.ctx, ast.Store):
                continue
            if ast.unparse(other) == ast.unparse(node):
                parent = self.module.parents.get(other)
                value = parent.value if isinstance(parent, ast.Assign) else None
                yield from [_ANY] if value is None else self._of(value, depth)

    def _is_flag(self, node: ast.Attribute) -> bool:
        symbol = self.module.symbol(node.value)
        if symbol is not None:
            return symbol.name in _FLAGS
        if isinstance(node.value, ast.Attribute):
            return node.value.attr == "FLAGS"
        if not isinstance(node.value, ast.Name):
            return False
        if node.value.id == "FLAGS":
            return True
        for binding in self._bindings(node.value):
            value = binding.value
            parent = self.module.parents.get(binding.node)
            if isinstance(parent, ast.Tuple):  # ``args, rest = parser.parse_known_args()``
                outer = self.module.parents.get(parent)
                value = outer.value if isinstance(outer, ast.Assign) else None
            called = value.func if isinstance(value, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr.startswith("parse_"):
                return True
            if isinstance(binding.node, ast.arg) and node.attr in self._declared():
                return True
        return False

    def _flag(self, name: str, depth: int) -> list[Path]:
        key = f"flag:{name}"
        found: list[Path] = []
        for default in self._declared().get(name, ()):
            for path in self._of(default, depth):
                text = usual_text(path) or None
                found.append((Hole(key, text),))
        return found or [(Hole(key),)]

    def _declared(self) -> dict[str, tuple[ast.expr, ...]]:
        """Return the flags that this file declares, with their defaults."""
        if self._flags is not None:
            return self._flags
        self._flags = {}
        for node in self.module.nodes:
            if not isinstance(node, ast.Call) or not isinstance(
                node.func, (ast.Attribute, ast.Name)
            ):
                continue
            method = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            default: ast.expr | None = None
            names: list[str] = []
            if method == "add_argument":
                names = [str(a.value) for a in node.args if isinstance(a, ast.Constant)]
                names = [
                    n.lstrip("-").replace("-", "_") for n in names if n[:2] == "--" or n[:1] != "-"
                ]
                default = _keyword(node, "default")
                dest = _keyword(node, "dest")
                if isinstance(dest, ast.Constant):
                    names = [str(dest.value)]
            elif re.fullmatch(r"(DEFINE|define)_(string|integer|int|float|enum)", method):
                first = node.args[0] if node.args else _keyword(node, "name")
                names = [str(first.value)] if isinstance(first, ast.Constant) else []
                default = node.args[1] if len(node.args) > 1 else _keyword(node, "default")
                default = default or _keyword(node, "default_value")
            for name in names:
                known = isinstance(default, ast.Constant) and default.value is None
                values = () if default is None or known else (default,)
                self._flags[name] = (*self._flags.get(name, ()), *values)
        return self._flags


def _joined(path: Path) -> Path:
    """Return the path with texts that follow each other made one."""
    found: list[str | Hole] = []
    for part in path:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part != "":
            found.append(part)
    return tuple(found)


def _starts(path: Path) -> bool:
    """Whether a path is an absolute one."""
    return bool(path) and isinstance(path[0], str) and path[0].startswith("/")


def _parent(path: Path) -> Path:
    joined = _joined(path)
    last = joined[-1] if joined else ""
    if isinstance(last, str) and "/" in last:
        return (*joined[:-1], last.rpartition("/")[0])
    return _ANY


def _strips_no_name(args: list[ast.expr]) -> bool:
    """Whether ``strip`` with these arguments takes only spaces and slashes away."""
    given = args[0] if args else ast.Constant("")
    return isinstance(given, ast.Constant) and str(given.value).strip(" /\n") == ""


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == name), None)
