"""Which files end up in one process, and what each of them is: the repository-wide pre-pass.

``disable_v2_behavior`` is process-wide, so a *program* (the files that one process imports)
moves to TensorFlow 2 whole or not at all.  A file that only defines graph-building functions
is *neutral*: it may serve several programs and joins none of them together.

Everything here is read-only and works on :mod:`ast`; a file that does not parse is read by
its import lines alone.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from migrator import symbols
from migrator.apis import HOLDS_V1_SAVER, KEY_READERS, SESSIONS, TARGETS, family
from migrator.names import Foreign, Module, Symbol

__all__ = ["FileFacts", "Group", "Repository", "facts_of", "import_lines"]

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<from>\.*[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^#\n;]*)"
    r"|import[ \t]+(?P<import>[^#\n;]*))",
    re.MULTILINE,
)

#: Module-level calls of these make no graph op, so a file may hold them and stay neutral.
_QUIET = re.compile(
    r"tf\.(app|flags|logging|gfile|io\.gfile|errors|test\.main|compat|sysconfig|__\w+"
    r"|DType|TensorShape|Dimension|dtypes|as_dtype|disable_\w+|enable_\w+|get_logger"
    r"|(\w+\.)*\w*_initializer|initializers|keras\.initializers|contrib\.framework\.add_arg_scope"
    r"|contrib\.framework\.arg_scope|contrib\.slim\.add_arg_scope|contrib\.training\.HParams"
    r"|NodeDef|GPUOptions|ConfigProto|set_random_seed|RegisterGradient|python_io)\b"
)

_EAGER = (
    "tf.enable_eager_execution",
    "tf.enable_v2_behavior",
    "tf.enable_v2_tensorshape",
    "tf.contrib.eager",
    "tf.contrib.eager.python.tfe",
)

#: These Keras-built families exist on 2.21 only through tf-keras and its switch.
_KEPT = re.compile(r"#\s*migrator:\s*keep", re.IGNORECASE)

_SLIM = ("tf.contrib.slim", "tf.contrib.layers")


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file says about itself; picklable, made without looking at any other file."""

    path: str
    imports: tuple[tuple[str, int, tuple[str, ...]], ...] = ()  #: (module, level, names)
    error: str | None = None  #: why it does not parse, with the line
    tensorflow: bool = False  #: refers to TensorFlow, through whatever import
    plain: bool = False  #: has an import of ``tensorflow`` itself that would be swapped
    v1: bool = False  #: spells ``compat.v1`` already: its import lines stay
    calls_disable: bool = False  #: calls disable_v2_behavior / disable_eager_execution
    entry: bool = False  #: has ``if __name__ == "__main__"``
    active: bool = False  #: opens a session or makes ops at import: not neutral
    targets: tuple[tuple[str, int], ...] = ()  #: (symbol, line) of target APIs
    readers: tuple[tuple[str, int], ...] = ()  #: (symbol, line) reading checkpoints by name
    legacy_keras: str | None = None  #: first symbol that needs tf-keras
    slim: bool = False
    gone: tuple[tuple[str, int], ...] = ()  #: (symbol, line) that 2.21 no longer has
    hold: str | None = None  #: why this file cannot be part of a session program
    exports: tuple[tuple[str, str], ...] = ()  #: module-level names of TensorFlow symbols
    saver_names: tuple[str, ...] = ()  #: variables handed to managed sessions as their Saver
    reaches: bool = False  #: may carry TensorFlow through a star import or a from-import

    @property
    def neutral(self) -> bool:
        """Whether the file only defines things, so that it can serve any program."""
        return not (self.active or self.targets or self.entry or self.hold)


def import_lines(text: str) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
    """Return (module, level, names) of the import lines of ``text``, parsed or not."""
    found = []
    for match in _IMPORT.finditer(text):
        if match["import"] is not None:
            for part in match["import"].split(","):
                module = part.split(" as ")[0].strip()
                if re.fullmatch(r"[\w.]+", module):
                    found.append((module, 0, ()))
        else:
            module = match["from"]
            level = len(module) - len(module.lstrip("."))
            names = [
                re.split(r"\s+as\s+", part.strip())[0]
                for part in match["names"].strip("() \t\r\n\\").split(",")
            ]
            found.append((module[level:], level, tuple(n for n in names if n)))
    return tuple(found)


def facts_of(path: str, text: str, foreign: Foreign | None = None) -> FileFacts:
    """Return the facts of the file at ``path`` (relative, posix) with content ``text``.

    Never raises for a file that does not parse: its ``error`` says why and its imports are
    read line by line.
    """
    if "tensorflow" not in text and foreign is None:
        imports = import_lines(text)
        entry = "__main__" in text
        return FileFacts(path, imports=imports, entry=entry, reaches=bool(imports))
    try:
        module = Module(text, foreign)
    except (SyntaxError, ValueError, RecursionError) as error:
        return _unparsed(path, text, error)
    return _Collector(path, module).facts()


def _unparsed(path: str, text: str, error: Exception) -> FileFacts:
    imports = import_lines(text)
    tensorflow = any(name.partition(".")[0] == "tensorflow" for name, level, _ in imports)
    return FileFacts(
        path,
        imports=imports,
        error=describe_syntax_error(error),
        tensorflow=tensorflow,
        entry="__main__" in text,
        active=tensorflow,
        hold=f"it does not parse ({describe_syntax_error(error)})" if tensorflow else None,
    )


def describe_syntax_error(error: Exception) -> str:
    """Return one sentence that says where and why a file does not parse."""
    if isinstance(error, SyntaxError):
        line = f"line {error.lineno}: " if error.lineno else ""
        text = (error.text or "").strip()
        python2 = (
            "Missing parentheses in call" in error.msg
            or "multiple exception types must be parenthesized" in error.msg
            or "inconsistent use of tabs" in error.msg
            or "leading zeros in decimal" in error.msg
            or re.match(r"(print|exec)\b(?!\s*\()|except\s+[\w.]+\s*,|raise\s+\w+\s*,", text)
        )
        if python2:
            return f"{line}this is Python 2 ({error.msg.rstrip('.')})"
        return f"{line}{error.msg}"
    return str(error) or type(error).__name__


class _Collector:
    """One pass over a module's references."""

    def __init__(self, path: str, module: Module) -> None:
        self.path = path
        self.module = module

    def facts(self) -> FileFacts:
        module = self.module
        imports = tuple(self._imports())
        refs = list(module.references())
        plain = self._plain_imports()
        v1 = (any(symbol.via == "v1" for _, symbol in refs) or self._imports_v1()) and not any(
            symbol.via == "tf"
            and not symbols.in_tensorflow2(symbol.spelled)
            and symbols.status(symbol.spelled)
            in (symbols.Status.PRESENT, symbols.Status.LEGACY_KERAS)
            for _, symbol in refs
        )
        targets: list[tuple[str, int]] = []
        readers: list[tuple[str, int]] = []
        gone: dict[str, int] = {}
        legacy = None
        saver_names: set[str] = set()
        rows = module.text.splitlines()
        slim = active = disable = False
        hold = self._bare_submodule_import(refs)
        for node, symbol in refs:
            name, line = symbol.name, node.lineno
            if name in ("tf.disable_v2_behavior", "tf.disable_eager_execution"):
                disable = True
            if _is_target(module, node, symbol):
                targets.append((name, line))
            if name in KEY_READERS or any(name.startswith(r + ".") for r in KEY_READERS):
                if not _KEPT.search(rows[line - 1] if line <= len(rows) else ""):
                    readers.append((name, line))
            if isinstance(call := module.parents.get(node), ast.Call) and name in HOLDS_V1_SAVER:
                for keyword in call.keywords:
                    if keyword.arg == "saver" and isinstance(keyword.value, ast.Attribute):
                        saver_names.add(keyword.value.attr)
                    elif keyword.arg == "saver" and isinstance(keyword.value, ast.Name):
                        saver_names.add(keyword.value.id)
            if name.startswith(_EAGER) and hold is None:
                hold = f"it turns on eager execution (`{symbol.spelled}`, line {line})"
            parent = module.parents.get(node)
            called = isinstance(parent, ast.Call) and parent.func is node
            if called and any(name == s or name.startswith(s + ".") for s in SESSIONS):
                active = True
            if called and not _QUIET.match(name) and self._at_import(node):
                active = True
            if symbol.spelled.startswith(_SLIM):
                slim = True
            status = symbols.status(symbol.spelled)
            if status is symbols.Status.GONE:
                gone.setdefault(symbol.spelled, line)
            elif status is symbols.Status.LEGACY_KERAS:
                legacy = legacy or symbol.spelled
            elif status is symbols.Status.TF2_ONLY and symbol.via == "tf" and hold is None:
                hold = f"it is TensorFlow 2 code already (`{symbol.spelled}`, line {line})"
        for dotted, line in self._imported_symbols():
            if symbols.status(dotted) is symbols.Status.GONE:
                gone.setdefault(dotted, line)
            if dotted.startswith(_SLIM):
                slim = True
            elif symbols.status(dotted) is symbols.Status.LEGACY_KERAS:
                legacy = legacy or dotted
        exports = tuple(sorted(module.exports().items()))
        return FileFacts(
            self.path,
            imports=imports,
            tensorflow=bool(refs or plain or self._any_tensorflow_import()),
            plain=plain,
            v1=v1,
            calls_disable=disable,
            entry=self._has_main_guard(),
            active=active,
            targets=tuple(targets),
            readers=tuple(readers),
            legacy_keras=legacy,
            slim=slim,
            gone=tuple(sorted(gone.items(), key=lambda item: (item[1], item[0]))),
            hold=hold,
            exports=exports,
            saver_names=tuple(sorted(saver_names)),
            reaches=bool(module.root.stars) or bool(imports),
        )

    def _imports(self) -> Iterable[tuple[str, int, tuple[str, ...]]]:
        for node in ast.walk(self.module.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, 0, ()
            elif isinstance(node, ast.ImportFrom):
                yield node.module or "", node.level, tuple(alias.name for alias in node.names)

    def _tensorflow_imports(self) -> Iterable[tuple[str, ast.stmt]]:
        """Yield (dotted module or symbol, statement) of each import of TensorFlow."""
        for node in ast.walk(self.module.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.partition(".")[0] == "tensorflow":
                        yield alias.name, node
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                if node.module.partition(".")[0] == "tensorflow":
                    for alias in node.names:
                        yield f"{node.module}.{alias.name}", node

    def _imported_symbols(self) -> Iterable[tuple[str, int]]:
        for dotted, node in self._tensorflow_imports():
            rest = dotted.split(".")[1:]
            if rest and rest[-1] != "*" and rest[0] not in ("compat", "_api"):
                yield ".".join(["tf", *rest]), node.lineno

    def _any_tensorflow_import(self) -> bool:
        return any(True for _ in self._tensorflow_imports())

    def _plain_imports(self) -> bool:
        for dotted, _ in self._tensorflow_imports():
            second = dotted.split(".")[1:2]
            if not second or second[0] not in ("compat", "python", "_api", "core", "contrib"):
                return True
        return False

    def _imports_v1(self) -> bool:
        return any(
            dotted.startswith("tensorflow.compat.v1") or dotted == "tensorflow.compat.v1"
            for dotted, _ in self._tensorflow_imports()
        )

    def _bare_submodule_import(self, refs: list[tuple[ast.AST, Symbol]]) -> str | None:
        """A hold for ``import tensorflow.x``, which binds ``tensorflow`` beside a swap of it."""
        for node in ast.walk(self.module.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.startswith("tensorflow.") and not alias.asname:
                        return (
                            f"`import {alias.name}` (line {node.lineno}) binds the name `tensorflow`"
                            " itself; write `import ... as ...`"
                        )
        return None

    def _has_main_guard(self) -> bool:
        for node in self.module.tree.body:
            if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
                left = node.test.left
                right = node.test.comparators[0]
                for side in (left, right):
                    if isinstance(side, ast.Name) and side.id == "__name__":
                        return True
        return False

    def _at_import(self, node: ast.AST) -> bool:
        """Whether ``node`` is evaluated when the module is imported."""
        child = node
        for at in self.module.ancestors(node):
            if isinstance(at, ast.Lambda):
                return False
            if isinstance(at, (ast.FunctionDef, ast.AsyncFunctionDef)) and child in at.body:
                return False
            child = at
        return True


def _is_target(module: Module, node: ast.AST, symbol: Symbol) -> bool:
    name = symbol.name
    if name == "tf.saved_model.load":
        # the TensorFlow 2 function of that name takes a directory first, not a session
        return is_v1_load(module, node, symbol)
    if name in TARGETS:
        return True
    return family(name) is not None and any(name.startswith(t + ".") for t in TARGETS)


def is_v1_load(module: Module, node: ast.AST, symbol: Symbol) -> bool:
    """Whether a ``saved_model.load`` reference is TensorFlow 1's ``(sess, tags, export_dir)``."""
    if "loader" in symbol.raw or symbol.via == "v1":
        return True
    if symbol.via == "v2":
        return False
    call = module.parents.get(node)
    if not isinstance(call, ast.Call) or call.func is not node:
        return False
    keywords = {keyword.arg for keyword in call.keywords}
    return len(call.args) >= 3 or bool(keywords & {"sess", "export_dir"} and len(call.args) < 2) or (
        "export_dir" in keywords or "sess" in keywords
    )


@dataclass(frozen=True, slots=True)
class Group:
    """One program: the files that move together.

    ``files`` are the TensorFlow files that are rewritten together, neutral ones included;
    ``held`` says why the program stays as it is.
    """

    files: tuple[str, ...]
    entry_points: tuple[str, ...] = ()
    held: str | None = None
    holder: str | None = None  #: the file that holds it
    legacy_keras: str | None = None  #: the symbol that makes tf-keras necessary, if any
    slim: bool = False
    calls_disable: bool = False


@dataclass(slots=True)
class Repository:
    """The facts of all files and the programs they form.

    Args:
        facts: path -> facts, for every Python file under the root.
    """

    facts: dict[str, FileFacts]
    edges: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    group_of: dict[str, int] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)  #: file -> folder it is imported from
    imported_by: dict[str, set[str]] = field(default_factory=dict)
    _suffixes: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def build(
        cls, facts: Iterable[FileFacts], read: Callable[[str], str | None] | None = None
    ) -> Repository:
        """Return the repository made of ``facts``.

        Args:
            facts: one for each file.
            read: returns the text of a path; used to look again at files that get their
                TensorFlow through another file of the repository.
        """
        self = cls({fact.path: fact for fact in facts})
        for path in self.facts:
            self._suffixes.setdefault(PurePosixPath(path).name, []).append(path)
        self._link()
        if read is not None:
            self._carry(read)
        self._group()
        return self

    # -- imports ----------------------------------------------------------------------

    def foreign(self, path: str) -> Foreign | None:
        """Return what the modules that ``path`` imports export of TensorFlow, or None."""
        table: dict[tuple[str, int], Mapping[str, str]] = {}
        for module, level, names in self.facts[path].imports:
            if not names:
                continue
            for found in self.resolve(path, module, level):
                exports = dict(self.facts[found].exports)
                if exports and ("*" in names or set(names) & set(exports)):
                    table[(module, level)] = exports
        if not table:
            return None
        return lambda module, level: table.get((module, level))

    def _carry(self, read: Callable[[str], str | None]) -> None:
        """Look again at files whose TensorFlow names come from other files of ours."""
        done: dict[str, FileFacts] = {}
        for _ in range(4):
            changed = False
            for path, fact in list(self.facts.items()):
                if fact.error is not None or not fact.reaches:
                    continue
                foreign = self.foreign(path)
                if foreign is None:
                    continue
                text = read(path)
                if text is None:
                    continue
                new = facts_of(path, text, foreign)
                if new != fact and done.get(path) != new:
                    done[path] = new
                    self.facts[path] = new
                    changed = True
            if not changed:
                return

    def resolve(self, path: str, module: str, level: int) -> list[str]:
        """Return the files that ``import module`` in ``path`` runs, innermost last."""
        parts = [part for part in module.split(".") if part]
        folder = PurePosixPath(path).parent
        if level:
            base = folder
            for _ in range(level - 1):
                base = base.parent
            return self._files(base, parts)
        if not parts or parts[0] == "tensorflow":
            return []
        bases = [folder, *folder.parents]
        for base in bases:
            found = self._files(base, parts)
            if found:
                return found
        return self._anywhere(parts)

    def _files(self, base: PurePosixPath, parts: list[str]) -> list[str]:
        found = []
        at = base
        for i, part in enumerate(parts):
            at = at / part
            last = i == len(parts) - 1
            init = str(at / "__init__.py")
            file = f"{at}.py"
            if init in self.facts:
                found.append(init)
            elif last and file in self.facts:
                found.append(file)
            elif last:
                return []
        if not parts:
            init = str(base / "__init__.py")
            if init in self.facts:
                found.append(init)
        return found

    def _anywhere(self, parts: list[str]) -> list[str]:
        """A module on a PYTHONPATH nobody wrote down: the one file whose path ends like it."""
        tail = "/".join(parts)
        for name, suffix in ((f"{parts[-1]}.py", f"{tail}.py"), ("__init__.py", f"{tail}/__init__.py")):
            matches = [
                p for p in self._suffixes.get(name, ()) if p == suffix or p.endswith("/" + suffix)
            ]
            if len(matches) == 1:
                return matches
        return []

    def _link(self) -> None:
        for path, fact in self.facts.items():
            targets: dict[str, None] = {}
            for module, level, names in fact.imports:
                here = self.resolve(path, module, level)
                targets.update(dict.fromkeys(here))
                for name in names:
                    if name == "*":
                        continue
                    dotted = f"{module}.{name}" if module else name
                    targets.update(dict.fromkeys(self.resolve(path, dotted, level)))
            targets.pop(path, None)
            self.edges[path] = tuple(targets)
            for found in targets:
                self.imported_by.setdefault(found, set()).add(path)

    # -- programs ---------------------------------------------------------------------

    def _group(self) -> None:
        """Join what one process imports; neutral files pass through without joining."""
        parent: dict[str, str] = {}

        def find(item: str) -> str:
            parent.setdefault(item, item)
            while parent[item] != item:
                parent[item] = parent[parent[item]]
                item = parent[item]
            return item

        active = {p for p, f in self.facts.items() if f.tensorflow and not self.is_neutral(p)}
        loaded: dict[str, list[str]] = {}
        for path in self.facts:
            group = [path] if path in active else []
            group.extend(self._downstream(path, active))
            if group:
                loaded[path] = group
            for other in group[1:]:
                parent[find(other)] = find(group[0])
        members: dict[str, set[str]] = {}
        for path, group in loaded.items():
            # whatever runs an active file shares its process, and so does all it imports
            whole = members.setdefault(find(group[0]), set())
            if self.facts[path].tensorflow:
                whole.add(path)
            whole.update(group)
            whole.update(self._neutral_below(path, active))
        groups = []
        for whole in members.values():
            if not any(self.facts[path].targets for path in whole):
                continue
            groups.append(self._finish(sorted(whole)))
        self.groups = tuple(sorted(groups, key=lambda group: group.files))
        self._share_holds()
        for index, group in enumerate(self.groups):
            for path in group.files:
                self.group_of.setdefault(path, index)

    def is_neutral(self, path: str) -> bool:
        """Whether ``path`` can serve any program: it defines, and somebody imports it."""
        return self.facts[path].neutral and bool(self.imported_by.get(path))

    def _downstream(self, path: str, active: set[str]) -> list[str]:
        """Active files that importing ``path`` runs, found through inactive ones."""
        found: list[str] = []
        seen = {path}
        stack = list(self.edges.get(path, ()))
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            if at in active:
                found.append(at)
            else:
                stack.extend(self.edges.get(at, ()))
        return sorted(found)

    def _neutral_below(self, path: str, active: set[str]) -> set[str]:
        found: set[str] = set()
        seen = {path}
        stack = list(self.edges.get(path, ()))
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            if at not in active and self.facts[at].tensorflow:
                found.add(at)
            stack.extend(self.edges.get(at, ()))
        return found

    def _finish(self, files: list[str]) -> Group:
        facts = [self.facts[path] for path in files]
        entries = tuple(
            fact.path for fact in facts if fact.entry or not self.imported_by.get(fact.path)
        )
        holder = next((fact for fact in facts if fact.hold), None)
        legacy = next((fact.legacy_keras for fact in facts if fact.legacy_keras), None)
        slim = any(fact.slim for fact in facts)
        return Group(
            files=tuple(files),
            entry_points=entries,
            held=f"`{holder.path}` holds this program back: {holder.hold}" if holder else None,
            holder=holder.path if holder else None,
            legacy_keras=legacy or ("tf.contrib.slim" if slim else None),
            slim=slim,
            calls_disable=any(fact.calls_disable for fact in facts),
        )

    def _share_holds(self) -> None:
        """Hold programs that would swap the import of a neutral file a held one shares."""
        users: dict[str, list[int]] = {}
        for index, group in enumerate(self.groups):
            for path in group.files:
                users.setdefault(path, []).append(index)
        changed = True
        groups = list(self.groups)
        while changed:
            changed = False
            for path, indices in users.items():
                held = [i for i in indices if groups[i].held]
                if held and len(held) < len(indices) and self.facts[path].plain:
                    for i in indices:
                        if groups[i].held is None:
                            groups[i] = replace(
                                groups[i],
                                held=f"it shares `{path}` with a program that cannot move: "
                                f"{groups[held[0]].held}",
                                holder=groups[held[0]].holder,
                            )
                            changed = True
        self.groups = tuple(groups)

    def readers(self) -> list[tuple[str, int, str]]:
        """Return (path, line, symbol) of everything that reads checkpoints by variable name."""
        return sorted(
            (fact.path, line, name) for fact in self.facts.values() for name, line in fact.readers
        )

    # -- where the bridge goes --------------------------------------------------------

    def bridge_home(self, path: str) -> tuple[str, str]:
        """Return (folder for ``tf2_bridge.py``, import line) for the file at ``path``.

        A file of a package that is imported as one takes it from the top package (relative
        where the file's own imports are); a script takes it from its own folder, or from
        the folder on ``sys.path`` through which the repository imports it.
        """
        folder = PurePosixPath(path).parent
        relative = any(level for _, level, _ in self.facts[path].imports)
        top = self._top_package(folder)
        fact = self.facts[path]
        bare = not relative and any(
            not level
            and module
            and self._files(folder, module.split(".")[:1])
            and str(folder) != "."
            for module, level, _ in fact.imports
        )
        if top is not None and not bare:
            if relative or not fact.entry:
                depth = len(folder.parts) - len(top.parts) + 1
                if relative:
                    return str(top), f"from {'.' * depth} import tf2_bridge"
                return str(top), f"from {top.name} import tf2_bridge"
        base = self._import_base(path)
        return str(base), "import tf2_bridge"

    def _top_package(self, folder: PurePosixPath) -> PurePosixPath | None:
        top = None
        at = folder
        while str(at) != "." and str(at / "__init__.py") in self.facts:
            top = at
            at = at.parent
        return top

    def _import_base(self, path: str) -> PurePosixPath:
        """The folder on sys.path through which other files import ``path``, else its own."""
        folder = PurePosixPath(path).parent
        dotted = PurePosixPath(path).with_suffix("").parts
        depths = set()
        for user in self.imported_by.get(path, ()):
            for module, level, names in self.facts[user].imports:
                if level:
                    continue
                for candidate in (module, *(f"{module}.{name}" for name in names if name != "*")):
                    parts = tuple(candidate.split("."))
                    if parts and dotted[-len(parts) :] == parts:
                        depths.add(len(parts))
        if not depths or self.facts[path].entry:
            return folder
        base = folder
        for _ in range(min(depths) - 1):
            base = base.parent
        return base
