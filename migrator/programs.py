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
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from migrator import symbols
from migrator.apis import (
    BRIDGED_READERS,
    FINALIZES,
    FINALIZES_IN_SLIM,
    FROZEN,
    HOLDS_V1_SAVER,
    KEY_READERS,
    READER_ATTRIBUTES,
    SESSIONS,
    TARGETS,
    bridged_estimator,
    is_model_part,
)
from migrator.calls import checkpoint_files, is_tensorflow1, is_v1_load
from migrator.keras_symbols import is_keras, is_keras3, place
from migrator.managed import prepared
from migrator.moved_symbols import needs_keras, needs_slim
from migrator.names import Foreign, Module, Symbol
from migrator.syntax_errors import describe_syntax_error
from migrator.weights import weight_calls

__all__ = [
    "FileFacts",
    "Group",
    "Places",
    "Repository",
    "facts_of",
    "import_lines",
    "makes_ops",
    "unreadable",
]

_IMPORT = re.compile(
    r"^[ \t\f]*(?:(?:try|else|finally|if\b[^\n:]*):[ \t]*)?"
    r"(?:from[ \t]+(?P<from>\.*[\w.]*)[ \t]*import\b[ \t]*(?P<names>\([^)]*\)|[^#\n;]*)"
    r"|import[ \t]+(?P<import>[^#\n;]*))",
    re.MULTILINE,
)
_CONTINUED = re.compile(r"\\\r?\n")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_THROUGH = re.compile(r"\w\s*\.\s*(tf|tensorflow)\s*\.")

#: An import line of standalone Keras, more or less.
_KERAS_LINE = re.compile(r"^[ \t]*(?:from[ \t]+keras\b|import[ \t][^\n]*\bkeras\b)", re.MULTILINE)

#: What may name the graph of a checkpoint where TensorFlow itself is not used.
_META_NAMED = re.compile(r"""\.meta["']""")

#: Module-level calls of these make no graph op, so a file may hold them and stay neutral.
_QUIET = re.compile(
    r"tf\.(app|flags|logging|gfile|io\.gfile|errors|test\.main|compat|sysconfig|__\w+"
    r"|DType|TensorShape|Dimension|dtypes|as_dtype|disable_\w+|enable_\w+|get_logger"
    r"|(\w+\.)*\w*_initializer|initializers|keras\.initializers|contrib\.framework\.add_arg_scope"
    r"|contrib\.framework\.arg_scope|contrib\.slim\.add_arg_scope|contrib\.training\.HParams"
    r"|NodeDef|GPUOptions|ConfigProto|set_random_seed|RegisterGradient|python_io)\b"
)

#: What leaves graph mode.  Under compat.v1, after ``disable_v2_behavior``, it does what it did in
#: TensorFlow 1; a ``disable_v2_behavior`` that runs later would take it back without a word.
_EAGER = (
    "tf.enable_eager_execution",
    "tf.enable_v2_behavior",
    "tf.enable_v2_tensorshape",
    "tf.contrib.eager.enable_eager_execution",
    "tf.contrib.eager.python.tfe.enable_eager_execution",
)

#: What needs Keras 2 in a file that was moved already: its reason went with the move.
_MOVED = "A module of this program"

_KEPT = re.compile(r"#\s*migrator:\s*keep(?:\[(?P<codes>[^\]]*)\])?", re.IGNORECASE)
_READER_CODE = "TFM206"

_SLIM = (
    "tf.contrib.slim",
    "tf.contrib.layers",
    "tf.contrib.framework.add_arg_scope",
    "tf.contrib.framework.arg_scope",
    "tf.contrib.framework.get_",
    "tf.contrib.framework.assign_from_",
)

#: What gives the session of a ``tf.test.TestCase``.
_TEST_SESSIONS = frozenset({"cached_session", "evaluate", "session", "test_session"})

#: A program of compat.v1 that holds one of these chooses between graph and eager mode itself.
_CHOOSES_MODE = frozenset(
    {
        "tf.Graph",
        "tf.GradientTape",
        "tf.function",
        "tf.executing_eagerly",
        "tf.disable_v2_behavior",
        "tf.disable_eager_execution",
    }
)

#: What code calls that only runs a graph that it imports.
_RUNS_GRAPHS = frozenset(
    {
        "tf.GraphDef",
        "tf.get_default_graph",
        "tf.global_variables_initializer",
        "tf.import_graph_def",
        "tf.placeholder",
    }
)

#: Packages that run TensorFlow eagerly.
_EAGER_PACKAGES = frozenset({"keras", "tensorflow_hub", "tensorflow_text", "tf_keras"})

#: Parts of the package that compat.v1 does not mirror; their imports are never swapped.
_NOT_MIRRORED = frozenset(
    {"python", "contrib", "core", "examples", "compat", "_api", "models", "tools", "lite"}
    | {"tensorflow"}
)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What one file says about itself; picklable, made without looking at any other file."""

    path: str
    imports: tuple[tuple[str, int, tuple[str, ...]], ...] = ()  #: (module, level, names)
    error: str | None = None  #: why it does not parse, with the line
    tensorflow: bool = False  #: refers to TensorFlow, through whatever import
    plain: bool = False  #: has an import of ``tensorflow`` itself that would be swapped
    v1: bool = False  #: spells ``compat.v1`` already: its import lines stay
    session: bool = False  #: names a Session of some kind, or takes that of a test case
    tests: bool = False  #: runs the session that ``tf.test.TestCase`` opens
    chooses_mode: bool = False  #: turns graph mode on, opens graphs of its own, or runs eagerly
    runs_graphs: bool = False  #: with TensorFlow it only runs imported graphs, in bare sessions
    entry: bool = False  #: has ``if __name__ == "__main__"``
    active: bool = False  #: opens a session or makes ops at import: not neutral
    targets: tuple[tuple[str, int], ...] = ()  #: (symbol, line) of target APIs
    readers: tuple[tuple[str, int], ...] = ()  #: (symbol, line) reading checkpoints by name
    finalizers: tuple[tuple[str, int], ...] = ()  #: (symbol, line) that finalize a graph
    unprepared: tuple[tuple[str, int], ...] = ()  #: those that keep TensorFlow 1's Saver
    legacy_keras: str | None = None  #: first symbol that needs tf-keras
    slim: bool = False
    keras: bool = False  #: imports standalone Keras, which is Keras 3 today
    gone: tuple[tuple[str, int], ...] = ()  #: (symbol, line) that 2.21 no longer has
    hold: str | None = None  #: why this file cannot be part of a session program
    eager: tuple[tuple[str, int], ...] = ()  #: (symbol, line) that turns on eager execution
    eager_at_import: bool = False  #: and does so when the file is imported
    #: imports that run after the file's first lines: in functions, or below what turns eager on
    late: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    exports: tuple[tuple[str, str], ...] = ()  #: module-level names of TensorFlow symbols
    saver_names: tuple[str, ...] = ()  #: variables handed to managed sessions as their Saver
    reaches: bool = False  #: may carry TensorFlow through a star import or a from-import
    through: bool = False  #: may reach it through a module of ours, ``common.tf.train``
    files: tuple[tuple[str, int], ...] = ()  #: (``.meta``, line): names a checkpoint's files

    @property
    def swaps(self) -> bool:
        """Whether the imports of the file change when its program moves."""
        return (self.plain and not self.v1) or self.slim or self.keras

    @property
    def saves(self) -> bool:
        """Whether it has a target that is more than a part of what a ``model_fn`` returns."""
        return any(not is_model_part(name) for name, _ in self.targets)

    @property
    def neutral(self) -> bool:
        """Whether the file only defines things, so that it can serve any program."""
        acts = self.active or self.saves or self.entry or self.eager_at_import
        return not (acts or self.hold)


def makes_ops(symbol: str) -> bool:
    """Tell whether calling the canonical ``symbol`` may add operations to a graph."""
    return not _QUIET.match(symbol)


def import_lines(text: str) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
    """Return (module, level, names) of the import lines of ``text``, parsed or not."""
    if "import" not in text:
        return ()
    if "\\" in text:
        text = _CONTINUED.sub(" ", text)
    if "\r" in text:
        text = _NEWLINE.sub("\n", text)
    found: list[tuple[str, int, tuple[str, ...]]] = []
    for match in _IMPORT.finditer(text):
        if match["import"] is not None:
            for part in match["import"].split(","):
                module = part.split(" as ")[0].strip()
                if re.fullmatch(r"[\w.]+", module):
                    found.append((module, 0, ()))
        elif match["from"]:
            module = match["from"]
            level = len(module) - len(module.lstrip("."))
            listed = re.sub(r"#[^\n]*", "", match["names"]).strip("() \t\n")
            names = [part.split()[0] for part in listed.split(",") if part.strip()]
            found.append((module[level:], level, tuple(names)))
    return tuple(found)


def facts_of(path: str, text: str, foreign: Foreign | None = None) -> FileFacts:
    """Return the facts of the file at ``path`` (relative, posix) with content ``text``.

    Never raises for a file that does not parse: its ``error`` says why and its imports are
    read line by line.
    """
    if "tensorflow" not in text and foreign is None and not _KERAS_LINE.search(text):
        imports = import_lines(text)
        entry = "__main__" in text
        through = _THROUGH.search(text) is not None
        return FileFacts(
            path,
            imports,
            entry=entry,
            reaches=bool(imports),
            through=through,
            files=_files_named(text),
        )
    try:
        return _Collector(path, Module(text, foreign)).facts()
    except (SyntaxError, ValueError, RecursionError) as error:
        return _unparsed(path, text, describe_syntax_error(error))


def _files_named(text: str) -> tuple[tuple[str, int], ...]:
    """Return the files of checkpoints that a text without TensorFlow names."""
    if not _META_NAMED.search(text):
        return ()
    try:
        return checkpoint_files(Module(text))
    except (SyntaxError, ValueError, RecursionError):
        return ()


def unreadable(path: str, raw: bytes, reason: str) -> FileFacts:
    """Return the facts of a file whose bytes are not text, as far as they can be told."""
    return _unparsed(path, raw.decode("latin-1"), reason)


def _unparsed(path: str, text: str, reason: str) -> FileFacts:
    imports = import_lines(text)
    tensorflow = any(name.partition(".")[0] == "tensorflow" for name, level, _ in imports)
    return FileFacts(
        path,
        imports=imports,
        error=reason,
        tensorflow=tensorflow,
        entry="__main__" in text,
        active=tensorflow,
        hold=f"it does not parse ({reason})" if tensorflow else None,
    )


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
        frozen: list[tuple[str, int]] = []
        readers: list[tuple[str, int]] = []
        finalizers: list[tuple[str, int]] = []
        unprepared: list[tuple[str, int]] = []
        kept = _KEPT.search(module.text) is not None
        gone: dict[str, int] = {}
        legacy = None
        saver_names: set[str] = set()
        slim = active = chooses = session = False
        eager: list[tuple[ast.expr, str]] = []
        hold = self._bare_submodule_import() or self._written_for_keras3()
        for node, symbol in refs:
            name, line = symbol.name, node.lineno
            chooses = chooses or name in _CHOOSES_MODE
            session = session or _below(name, SESSIONS)
            if _is_target(module, node, symbol):
                targets.append((name, line))
            elif name in FROZEN:
                frozen.append((name, line))
            if _below(name, KEY_READERS) and not self._kept(node):
                readers.append((name, line))
            if _below(name, FINALIZES):
                finalizers.append((name, line))
                if kept or prepared(module, module.parents.get(node), name) is None:
                    unprepared.append((name, line))
            if isinstance(call := module.parents.get(node), ast.Call) and name in HOLDS_V1_SAVER:
                for keyword in call.keywords:
                    if keyword.arg == "saver" and isinstance(keyword.value, ast.Attribute):
                        saver_names.add(keyword.value.attr)
                    elif keyword.arg == "saver" and isinstance(keyword.value, ast.Name):
                        saver_names.add(keyword.value.id)
            if name.startswith(_EAGER):
                eager.append((node, symbol.spelled))
            parent = module.parents.get(node)
            called = isinstance(parent, ast.Call) and parent.func is node
            if called and not active:
                active = _below(name, SESSIONS) or (makes_ops(name) and self._at_import(node))
            if symbol.spelled.startswith(_SLIM) and name not in BRIDGED_READERS:
                slim = True
            status = symbols.status(symbol.spelled)
            if status is symbols.Status.GONE:
                gone.setdefault(symbol.spelled, line)
                slim = slim or needs_slim(symbol.spelled)
                if needs_keras(symbol.spelled):
                    legacy = legacy or symbol.spelled
            elif status is symbols.Status.LEGACY_KERAS:
                legacy = legacy or symbol.spelled
            elif status is symbols.Status.TF2_ONLY and symbol.via == "tf" and hold is None:
                hold = f"it is TensorFlow 2 code already (`{symbol.spelled}`, line {line})"
        ends = READER_ATTRIBUTES | {"finalize"} | FINALIZES_IN_SLIM.keys()
        for attribute in self._attributes(ends):
            place = (f".{attribute.attr}", attribute.lineno)
            if attribute.attr in FINALIZES_IN_SLIM:
                dotted = FINALIZES_IN_SLIM[attribute.attr]
                spelled = f".{ast.unparse(attribute)}"
                if spelled.endswith(f".{dotted}") and module.symbol(attribute) is None:
                    finalizers.append((dotted, attribute.lineno))
                    if kept or prepared(module, module.parents.get(attribute), dotted) is None:
                        unprepared.append((dotted, attribute.lineno))
            elif attribute.attr == "finalize":
                finalizers.append(place)
            elif module.symbol(attribute) is None and not self._kept(attribute):
                readers.append(place)
        for dotted, line in self._imported_symbols():
            if symbols.status(dotted) is symbols.Status.GONE:
                gone.setdefault(dotted, line)
            if dotted.startswith(_SLIM) and dotted not in BRIDGED_READERS:
                slim = True
            elif symbols.status(dotted) is symbols.Status.LEGACY_KERAS:
                legacy = legacy or dotted
        targets += frozen if session or is_tensorflow1(module) else []
        tests = self._tests_in_sessions(refs)
        targets += [(name, at.lineno) for at, name in (weight_calls(module) if refs else ())]
        if legacy is None and "TF_USE_LEGACY_KERAS" in module.text:
            legacy = _MOVED
        exports = tuple(sorted(module.exports().items()))
        return FileFacts(
            self.path,
            imports=imports,
            tensorflow=bool(refs or plain or self._any_tensorflow_import()),
            plain=plain,
            v1=v1,
            session=session or tests,
            tests=tests,
            chooses_mode=chooses or bool(eager),
            runs_graphs=self._only_runs_graphs(refs),
            entry=self.path.endswith(".ipynb") or self._has_main_guard(),
            active=active,
            targets=tuple(targets),
            readers=tuple(readers),
            finalizers=tuple(finalizers),
            unprepared=tuple(unprepared),
            legacy_keras=legacy,
            slim=slim,
            keras=any(True for _ in self._keras_imports()),
            gone=tuple(sorted(gone.items(), key=lambda item: (item[1], item[0]))),
            hold=hold,
            eager=tuple((spelled, node.lineno) for node, spelled in eager),
            eager_at_import=any(self._at_import(node) for node, _ in eager),
            late=tuple(self._late_imports([node for node, _ in eager])),
            exports=exports,
            saver_names=tuple(sorted(saver_names)),
            reaches=bool(imports),
            through=_THROUGH.search(module.text) is not None,
            files=checkpoint_files(module),
        )

    def _kept(self, node: ast.expr) -> bool:
        """Whether a ``# migrator: keep`` comment covers the statement of ``node``."""
        if "migrator:" not in self.module.text:
            return False
        statement = self.module.statement(node)
        last = node if hasattr(statement, "body") else statement
        first = node.lineno if hasattr(statement, "body") else statement.lineno
        text = self.module.text
        tail = _NEWLINE.search(text, self.module.end(last))
        end = tail.start() if tail else len(text)
        for match in _KEPT.finditer(text, self.module.offset(first, 0), end):
            codes = [code.strip() for code in (match["codes"] or "").split(",") if code.strip()]
            if not codes or any(_READER_CODE.startswith(code) for code in codes):
                return True
        return False

    def _imports(self) -> Iterable[tuple[str, int, tuple[str, ...]]]:
        for node in self.module.imports:
            yield from _imported_by(node)

    def _late_imports(
        self, eager: Sequence[ast.expr]
    ) -> Iterable[tuple[str, int, tuple[str, ...]]]:
        """Yield the imports that run when a program is under way, or after ``eager`` ran."""
        first = min((node.lineno for node in eager if self._at_import(node)), default=None)
        for node in self.module.imports:
            if not self._at_import(node) or (first is not None and node.lineno > first):
                yield from _imported_by(node)

    def _tensorflow_imports(self) -> Iterable[tuple[str, ast.stmt]]:
        """Yield (dotted module or symbol, statement) of each import of TensorFlow."""
        for node in self.module.imports:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.partition(".")[0] == "tensorflow":
                        yield alias.name, node
            elif node.level == 0 and (node.module or "").partition(".")[0] == "tensorflow":
                for alias in node.names:
                    yield f"{node.module}.{alias.name}", node
        for dotted, statement in self._keras_imports():
            yield place(dotted) or f"tensorflow.{dotted}", statement

    def _keras_imports(self) -> Iterable[tuple[str, ast.Import | ast.ImportFrom]]:
        """Yield (dotted module or symbol, statement) of each import of standalone Keras."""
        for node in self.module.imports:
            if isinstance(node, ast.Import):
                found = [alias.name for alias in node.names]
            else:
                found = [f"{node.module}.{alias.name}" for alias in node.names if not node.level]
            for dotted in found:
                if is_keras(dotted):
                    yield dotted, node

    def _written_for_keras3(self) -> str | None:
        """A hold for a file that imports what only Keras 3 has."""
        for dotted, node in self._keras_imports():
            if is_keras3(dotted):
                return f"it is written for Keras 3 already (`{dotted}`, line {node.lineno})"
        return None

    def _imported_symbols(self) -> Iterable[tuple[str, int]]:
        for dotted, node in self._tensorflow_imports():
            rest = dotted.split(".")[1:]
            if rest and rest[-1] != "*" and rest[0] not in ("compat", "_api"):
                yield ".".join(["tf", *rest]), node.lineno

    def _attributes(self, names: frozenset[str]) -> list[ast.Attribute]:
        """Return the reads of attributes with these names; ``finalize`` only where called bare."""
        if "tensorflow" not in self.module.text or not any(n in self.module.text for n in names):
            return []
        found = []
        for node in self.module.nodes:
            if isinstance(node, ast.Attribute) and node.attr in names:
                call = self.module.parents.get(node)
                bare = isinstance(call, ast.Call) and call.func is node and not call.args
                if isinstance(node.ctx, ast.Load) and (node.attr != "finalize" or bare):
                    found.append(node)
        return found

    def _tests_in_sessions(self, refs: Iterable[tuple[ast.expr, Symbol]]) -> bool:
        """Whether a test case takes the session that ``tf.test.TestCase`` opens for it."""
        if not any(symbol.name == "tf.test.TestCase" for _, symbol in refs):
            return False
        return any(
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _TEST_SESSIONS
            and ast.unparse(node.func.value) in ("self", "super()")
            for node in self.module.nodes
        )

    def _only_runs_graphs(self, refs: Iterable[tuple[ast.expr, Symbol]]) -> bool:
        """Whether all that the file does with TensorFlow needs the default graph, and no other.

        A session that is entered, or has a graph of its own, runs in graph mode as it is.
        """
        parents = self.module.parents
        for node, symbol in refs:
            call = parents.get(node)
            called = isinstance(call, ast.Call) and call.func is node
            if symbol.name.startswith("tf.keras") or symbol.via == "v2":
                return False
            if symbols.status(symbol.spelled) is not symbols.Status.PRESENT:
                return False
            if _below(symbol.name, SESSIONS):
                if not (isinstance(call, ast.Call) and called) or len(call.args) > 1:
                    return False
                if any(isinstance(argument, ast.Starred) for argument in call.args):
                    return False
                if any(keyword.arg in (None, "graph") for keyword in call.keywords):
                    return False
                if not isinstance(parents.get(call), (ast.Assign, ast.AnnAssign)):
                    return False
            elif called and makes_ops(symbol.name) and symbol.name not in _RUNS_GRAPHS:
                return False
        for at in self.module.nodes:
            if isinstance(at, ast.Attribute) and at.attr in ("as_default", "numpy"):
                return False
            if isinstance(at, ast.withitem) and not isinstance(at.context_expr, ast.Call):
                return False
        return True

    def _any_tensorflow_import(self) -> bool:
        return any(True for _ in self._tensorflow_imports())

    def _plain_imports(self) -> bool:
        for dotted, _ in self._tensorflow_imports():
            second = dotted.split(".")[1:2]
            if not second or second[0] not in _NOT_MIRRORED:
                return True
        return False

    def _imports_v1(self) -> bool:
        return any(
            dotted.startswith("tensorflow.compat.v1") for dotted, _ in self._tensorflow_imports()
        )

    def _bare_submodule_import(self) -> str | None:
        """A hold for ``import tensorflow.x``, which binds ``tensorflow`` beside a swap of it."""
        for node in self.module.imports:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if (
                        alias.name.startswith("tensorflow.")
                        and not alias.asname
                        and not alias.name.startswith("tensorflow.compat.")
                    ):
                        return (
                            f"`import {alias.name}` (line {node.lineno}) binds the name"
                            " `tensorflow` itself; write `import ... as ...`"
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


def _imported_by(
    node: ast.Import | ast.ImportFrom,
) -> Iterable[tuple[str, int, tuple[str, ...]]]:
    """Yield (module, level, names) of what an import statement imports."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, 0, ()
    else:
        yield node.module or "", node.level, tuple(alias.name for alias in node.names)


def _below(name: str, listed: frozenset[str]) -> bool:
    """Whether ``name`` or a package it lies in is listed."""
    while name not in listed:
        name, dot, _ = name.rpartition(".")
        if not dot:
            return False
    return True


def _is_target(module: Module, node: ast.AST, symbol: Symbol) -> bool:
    name = symbol.name
    if name == "tf.saved_model.load":
        # the TensorFlow 2 function of that name takes a directory first, not a session
        return is_v1_load(module, node, symbol)
    return _below(name, TARGETS) or bridged_estimator(name) is not None


@dataclass(frozen=True, slots=True)
class Group:
    """One program: the files that move together.

    ``files`` are the TensorFlow files that are rewritten together, neutral ones included;
    ``held`` says why the program stays as it is.
    """

    files: tuple[str, ...]
    entry_points: tuple[str, ...] = ()
    held: str | None = None
    legacy_keras: str | None = None  #: the symbol that makes tf-keras necessary, if any
    slim: bool = False
    follows: bool = False  #: it only tests, and moves if a program moves that it shares files with
    reads: bool = False  #: it only reads checkpoints, and moves if what writes them does
    session: bool = False  #: a file of it names a Session
    graph_mode: bool = False  #: all in compat.v1, and nothing in it turns graph mode on
    runs_graphs: bool = False  #: and it only runs imported graphs, which needs graph mode
    saver_names: tuple[str, ...] = ()  #: variables handed to managed sessions as their Saver


@dataclass(slots=True)
class Repository:
    """The facts of all files and the programs they form.

    Args:
        facts: path -> facts, for every Python file under the root.
    """

    facts: dict[str, FileFacts]
    edges: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    groups_of: dict[str, tuple[int, ...]] = field(default_factory=dict)  #: file -> its programs
    imported_by: dict[str, set[str]] = field(default_factory=dict)
    places: Places = field(init=False, repr=False)
    #: files with a ``model_fn`` that no program with an Estimator of this repository imports
    _alone: set[str] = field(default_factory=set, init=False, repr=False)
    _packages: set[str] | None = field(default=None, init=False, repr=False)
    _sources: set[str] | None = field(default=None, init=False, repr=False)
    _readers: tuple[tuple[str, int, str], ...] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.places = Places(self.facts)

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
        self = cls({fact.path: fact for fact in sorted(facts, key=lambda fact: fact.path)})
        self._link()
        if read is not None:
            self._carry(read)
        self._group()
        return self

    # -- imports ----------------------------------------------------------------------

    def foreign_table(self, path: str) -> dict[tuple[str, int], dict[str, str]]:
        """Return what the modules that ``path`` imports names from export of TensorFlow."""
        table: dict[tuple[str, int], dict[str, str]] = {}
        for module, level, names in self.facts[path].imports:
            if names:
                exports = self._exports(path, module, level)
                called = [f"{name}()" for name in names]
                if exports and ("*" in names or not exports.keys().isdisjoint([*names, *called])):
                    table[(module, level)] = exports
            if self.facts[path].through:
                inside = [f"{module}.{name}" if module else name for name in names if name != "*"]
                for dotted in inside or [module]:
                    exports = self._exports(path, dotted, level)
                    if exports:
                        table[(dotted, level)] = exports
        return table

    def _exports(self, path: str, module: str, level: int) -> dict[str, str]:
        # the module itself is last; the packages it lies in only run
        found = self.places.resolve(path, module, level)
        return dict(self.facts[found[-1]].exports) if found else {}

    def hands_on(self, path: str) -> bool:
        """Whether an active file that does not import TensorFlow itself gets it from ``path``.

        The switch to version 1 behaviour then belongs here: the active file has no import of
        TensorFlow's to put it after.
        """
        if self._sources is None:
            todo = [
                p
                for p, f in self.facts.items()
                if f.tensorflow and not f.plain and not f.v1 and not self.is_neutral(p)
            ]
            seen = set(todo)
            while todo:
                at = todo.pop()
                for module, level in self.foreign_table(at):
                    found = self.places.resolve(at, module, level)[-1]
                    if found not in seen:
                        seen.add(found)
                        if not self.facts[found].plain:
                            todo.append(found)
            self._sources = seen
        return path in self._sources

    def _carry(self, read: Callable[[str], str | None]) -> None:
        """Look again at files whose TensorFlow names come from other files of ours."""
        seen: dict[str, dict[tuple[str, int], dict[str, str]]] = {}
        looks: dict[str, int] = {}
        todo = dict.fromkeys(self.facts)
        while todo:
            path = next(iter(todo))
            del todo[path]
            fact = self.facts[path]
            if fact.error is not None or not fact.reaches:
                continue
            table = self.foreign_table(path)
            # a cycle of star imports may never settle; ten hops are more than anybody writes
            if table == seen.get(path, {}) or looks.get(path, 0) >= 10:
                continue
            seen[path] = table
            looks[path] = looks.get(path, 0) + 1
            text = read(path)
            if text is None:
                continue
            new = facts_of(path, text, _foreign(table))
            if new != fact:
                self.facts[path] = new
                if new.exports != fact.exports:
                    todo.update(dict.fromkeys(sorted(self.imported_by.get(path, ()))))

    def _link(self) -> None:
        for path, fact in self.facts.items():
            targets: dict[str, None] = {}
            for module, level, names in fact.imports:
                targets.update(dict.fromkeys(self.places.imported(path, module, level, names)))
            targets.pop(path, None)
            if fact.keras and self.places.resolve(path, "keras", 0):
                own = "`keras` is a module of this repository, and not the package of that name"
                self.facts[path] = replace(fact, keras=False, hold=fact.hold or own)
            self.edges[path] = tuple(targets)
            for found in targets:
                self.imported_by.setdefault(found, set()).add(path)

    # -- programs ---------------------------------------------------------------------

    def is_neutral(self, path: str) -> bool:
        """Whether ``path`` can serve any program: it defines, and somebody imports it."""
        fact = self.facts[path]
        return fact.neutral and bool(self.imported_by.get(path)) and path not in self._alone

    def _group(self) -> None:
        """Join what one process imports; neutral files pass through without joining."""
        models = {p for p, f in self.facts.items() if f.targets and self.is_neutral(p)}
        makers = [p for p, f in self.facts.items() if f.targets and p not in models]
        self._alone = models - self._reach(makers, self.edges) if models else set()
        active = {p for p, f in self.facts.items() if f.tensorflow and not self.is_neutral(p)}
        runs = self._reach(active, self.imported_by)  # whatever runs an active file when imported
        bound = self._bound(runs)
        parent = {path: path for path in runs | bound.keys()}

        def find(item: str) -> str:
            while parent[item] != item:
                parent[item] = parent[parent[item]]
                item = parent[item]
            return item

        for path in parent:
            for below in self.edges.get(path, ()):
                if below in parent and (path in bound) is (below in bound):
                    parent[find(below)] = find(path)
        free = self._reach(runs - bound.keys(), self.edges)
        members: dict[str, list[str]] = {}
        for path in self.facts:
            if path in parent:
                members.setdefault(find(path), []).append(path)
        groups = []
        tests: list[list[str]] = []  # processes that only test
        others: dict[str, str] = {}  # swapped imports would reach TensorFlow 2 code -> whose
        for whole in members.values():
            # all that the process imports belongs to it, neutral files included
            if whole[0] in bound:
                # what other programs run as well moves with those
                used = [path for path in self._used(whole) if path not in free]
                if any(self.facts[path].targets for path in used):
                    reason = next(bound[path] for path in whole if path in bound)
                    groups.append(replace(self._finish(used), held=reason))
                continue
            if any(self.facts[path].targets for path in whole):
                groups.append(self._finish(self._used(whole)))
                continue
            if self._reads(whole):
                groups.append(replace(self._finish(self._used(whole)), reads=True))
                continue
            holder = next(
                (p for p in whole if self.facts[p].hold and not self.facts[p].error), None
            )
            if holder is not None:
                # it does not save, but it runs TensorFlow 2 and goes on doing so
                others |= dict.fromkeys(self._used(whole), holder)
            elif any(self.facts[path].tests for path in whole):
                tests.append(self._used(whole))
        # a test of a file whose import is swapped needs the same TensorFlow as that file
        swapped = {path for group in groups for path in group.files if self._swaps(path)}
        groups += [
            replace(self._finish(used), follows=True)
            for used in tests
            if not swapped.isdisjoint(used) and not any(self.facts[path].hold for path in used)
        ]
        groups = self._without_reasons_of_others(groups)
        self.groups = tuple(sorted(groups, key=lambda group: group.files))
        programs: dict[str, list[int]] = {}
        for index, group in enumerate(self.groups):
            for path in group.files:
                programs.setdefault(path, []).append(index)
        self.groups_of = {path: tuple(indices) for path, indices in programs.items()}
        held = {index: group.held for index, group in enumerate(self.groups) if group.held}
        for index, group in enumerate(self.groups):
            shared = next((p for p in group.files if p in others and self._swaps(p)), None)
            if shared is not None:
                holder = others[shared]
                held.setdefault(
                    index,
                    f"it shares `{shared}` with a program that cannot move: `{holder}` holds this"
                    f" program back: {self.facts[holder].hold}",
                )
        self.share_holds(held)
        self.groups = tuple(
            replace(group, held=held.get(index)) for index, group in enumerate(self.groups)
        )

    def _bound(self, runs: set[str]) -> dict[str, str]:
        """Return the files that no process runs but such as cannot move, and why those cannot.

        One that imports a file that does not parse does not run on Python 3; in another, the
        switch to graph mode would undo eager execution.  They hold what is theirs alone, not the
        files of programs that do move.

        Args:
            runs: whatever runs an active file when imported.
        """
        stuck: dict[str, str] = {}
        for path, fact in self.facts.items():
            if fact.error and fact.hold:
                reason = f"`{path}` holds this program back: {fact.hold}"
                for above in self._reach([path], self.imported_by):
                    stuck.setdefault(above, reason)
        tops = [
            path
            for path in sorted(runs - stuck.keys())
            if self.facts[path].entry or not self.imported_by.get(path)
        ]
        eager = [path for path, fact in self.facts.items() if fact.eager]
        for path in set(tops) & self._reach(eager, self.imported_by):
            undone = self._undone(path)
            if undone is not None:
                for above in self._reach([path], self.imported_by):
                    stuck.setdefault(above, undone)
        free = self._reach([path for path in tops if path not in stuck], self.edges)
        bound: dict[str, str] = {}
        for path in sorted(stuck):
            for below in self._reach([path], self.edges) - free:
                bound.setdefault(below, stuck[path])
        return {path: bound[path] for path in sorted(bound)}

    def _without_reasons_of_others(self, groups: list[Group]) -> list[Group]:
        """Return ``groups``, none with a need for Keras 2 that only a moved neutral file shows.

        A file that programs share gets the switch for the one that needs it, which tells nothing
        of the others.
        """
        found = []
        for group in groups:
            reasons = (
                reason
                for path in group.files
                if (reason := self.facts[path].legacy_keras)
                and (reason != _MOVED or not self.is_neutral(path))
            )
            legacy = next(reasons, "tf.contrib.slim" if group.slim else None)
            found.append(replace(group, legacy_keras=legacy))
        return found

    def _reads(self, whole: Iterable[str]) -> bool:
        """Whether a process without a target reads checkpoints with what moves beside Savers.

        TensorFlow 2 has some of the functions, so they tell something only where Savers are.
        """
        names = {name for path in whole for name, _ in self.facts[path].readers}
        names &= BRIDGED_READERS.keys()
        return any(not symbols.in_tensorflow2(name) for name in names) or (
            bool(names)
            and any("tf.train.Saver" in dict(fact.targets) for fact in self.facts.values())
        )

    def _used(self, whole: Iterable[str]) -> list[str]:
        """Return the files of TensorFlow that a process runs which runs ``whole``."""
        return sorted(p for p in self._reach(whole, self.edges) if self.facts[p].tensorflow)

    def _swaps(self, path: str) -> bool:
        return self.facts[path].swaps

    @staticmethod
    def _reach(start: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
        """Return ``start`` and all that can be reached from it."""
        seen = set(start)
        stack = list(seen)
        while stack:
            for at in edges.get(stack.pop(), ()):
                if at not in seen:
                    seen.add(at)
                    stack.append(at)
        return seen

    def _finish(self, files: list[str]) -> Group:
        facts = [self.facts[path] for path in files]
        entries = tuple(
            fact.path for fact in facts if fact.entry or not self.imported_by.get(fact.path)
        )
        holder = next((fact for fact in facts if fact.hold), None)
        legacy = next((fact.legacy_keras for fact in facts if fact.legacy_keras), None)
        slim = any(fact.slim for fact in facts)
        session = any(fact.session for fact in facts)
        graph_mode = (
            session
            # a neutral file whose import is swapped does not turn graph mode on
            and all(f.v1 or not f.plain or self.is_neutral(f.path) for f in facts)
            and not any(fact.chooses_mode for fact in facts)
        )
        return Group(
            files=tuple(files),
            entry_points=entries,
            held=f"`{holder.path}` holds this program back: {holder.hold}" if holder else None,
            legacy_keras=legacy or ("tf.contrib.slim" if slim else None),
            slim=slim,
            session=session,
            graph_mode=graph_mode,
            runs_graphs=graph_mode
            and all(fact.runs_graphs for fact in facts)
            and not self._imports_eager(files),
            saver_names=tuple(sorted({name for fact in facts for name in fact.saver_names})),
        )

    def _undone(self, top: str) -> str | None:
        """Return what in the process that ``top`` starts would end eager execution, or None.

        The switch to graph mode stands at the head of each file that is not neutral: it must have
        run before eager execution is switched on.
        """
        process = self._reach([top], self.edges)
        eager = [fact for path in sorted(process) if (fact := self.facts[path]).eager]
        if not eager:
            return None
        spelled, line = eager[0].eager[0]
        told = f"`{eager[0].path}` turns on eager execution (`{spelled}`, line {line})"
        if any(fact.eager_at_import and fact.path != top for fact in eager):
            return f"{told} when it is imported, and other files may be imported after it"
        early = self._reach([top], {path: self._early(path) for path in process})
        for path in sorted(process):
            for module, level, names in self.facts[path].late:
                later = self.places.imported(path, module, level, names)
                for found in sorted(self._reach(later, self.edges) - early):
                    if self.facts[found].tensorflow and not self.is_neutral(found):
                        return (
                            f"{told}, and `{path}` imports `{found}` later, whose switch to graph"
                            " mode would undo that"
                        )
        return None

    def _early(self, path: str) -> set[str]:
        """Return the files that ``path`` imports as soon as it runs."""
        imports = list(self.facts[path].imports)
        for late in self.facts[path].late:
            if late in imports:
                imports.remove(late)
        return {found for one in imports for found in self.places.imported(path, *one)}

    def _imports_eager(self, files: list[str]) -> bool:
        """Whether a process that runs ``files`` imports a package that runs eagerly."""
        return any(
            not level and module.partition(".")[0] in _EAGER_PACKAGES
            for path in self._reach(self._reach(files, self.imported_by), self.edges)
            for module, level, _ in self.facts[path].imports
        )

    def share_holds(self, held: dict[int, str]) -> None:
        """Add to ``held`` the programs that would swap the import of a file a held one shares.

        Args:
            held: index of a program -> why it stays as it is; changed in place.
        """
        todo = sorted(held)
        reasons = dict(held)  # of the program that cannot move itself
        while todo:
            index = todo.pop(0)
            for path in self.groups[index].files:
                if not self._swaps(path):
                    continue
                for other in self.groups_of[path]:
                    if other not in held:
                        reasons[other] = reasons[index]
                        held[other] = (
                            f"it shares `{path}` with a program that cannot move: {reasons[index]}"
                        )
                        todo.append(other)

    def followers(self, moving: set[int]) -> set[int]:
        """Return the programs that only test, and share a file that changes with one of ``moving``.

        Args:
            moving: indices of programs.
        """
        return {
            index
            for index, group in enumerate(self.groups)
            if group.follows
            and any(
                not moving.isdisjoint(self.groups_of[path])
                for path in group.files
                if self._swaps(path)
            )
        }

    def readers(self) -> tuple[tuple[str, int, str], ...]:
        """Return (path, line, symbol) of everything that reads checkpoints by variable name."""
        if self._readers is None:
            self._readers = tuple(
                sorted(
                    (f.path, line, name) for f in self.facts.values() for name, line in f.readers
                )
            )
        return self._readers

    # -- where the bridge goes --------------------------------------------------------

    def bridge_home(self, path: str) -> tuple[str, str]:
        """Return (folder for ``tf2_bridge.py``, import line) for the file at ``path``.

        The line works wherever the file's own imports and those of it work: a file that imports
        relatively, or is imported so, takes the bridge relatively from its package; one that is
        reached through a folder on ``sys.path`` takes it from that folder, or from the package
        below it; a script with neither takes it from its own folder.
        """
        folder = _folder(path)
        depths = [level for _, level, _ in self.facts[path].imports if level]
        if depths or self._imported_relatively(path):
            top = self._package_of(folder, max(depths, default=1))
            dots = "." * (_depth(folder) - _depth(top) + 1)
            return top or ".", f"from {dots} import tf2_bridge"
        root = self._import_root(path)
        if root is None:
            package = self.places.package(folder)
            if package is None or self.facts[path].entry:
                return folder or ".", "import tf2_bridge"
            return package, f"from {_name(package)} import tf2_bridge"
        rest = folder[len(root) + 1 :] if root else folder
        if root != folder and rest:
            package = _join(root, rest.partition("/")[0])
            if f"{package}/__init__.py" in self.facts:
                return package, f"from {_name(package)} import tf2_bridge"
        return root or ".", "import tf2_bridge"

    def _imported_relatively(self, path: str) -> bool:
        return any(
            level and path in self.places.imported(user, module, level, names)
            for user in self.imported_by.get(path, ())
            for module, level, names in self.facts[user].imports
        )

    def _package_of(self, folder: str, levels: int) -> str:
        """Return the package that relative imports of files in ``folder`` may reach.

        The outermost by ``__init__.py``, unless some absolute import starts further in.
        """
        least = _depth(folder) - (levels - 1)
        top = self.places.package(folder) or folder
        for start in self._starts():
            inside = folder == start or folder.startswith(start + "/")
            if inside and _depth(top) < _depth(start) <= least:
                top = start
        while _depth(top) > max(least, 0):
            top = _folder(top)
        return top

    def _starts(self) -> set[str]:
        """Return the folders whose names absolute imports of this repository start with."""
        if self._packages is None:
            self._packages = {
                _join(root, module.partition(".")[0])
                for path, fact in self.facts.items()
                for module, level, names in fact.imports
                if not level
                for root in [self.places.root(path, module, names)]
                if root is not None
            }
        return self._packages

    def _import_root(self, path: str) -> str | None:
        """Return the folder on ``sys.path`` that ``path`` is used with, "" for the root, or None.

        What the file's own imports need is there whenever it runs; else what its importers need.
        A script may put other folders there itself, after the imports at its top: it has its own.
        """
        folder = _folder(path)
        own = set()
        for module, level, names in self.facts[path].imports:
            if not level:
                root = self.places.root(path, module, names)
                if root is not None:
                    own.add(root)
        above = {
            root for root in own if folder == root or folder.startswith(root + "/") or not root
        }
        if above:
            return max(above, key=lambda root: (_depth(root), root))
        if self.facts[path].entry or not self.imported_by.get(path):
            return None
        used = set()
        stem = path.removesuffix(".py").removesuffix("/__init__")
        for user in self.imported_by.get(path, ()):
            for module, level, names in self.facts[user].imports:
                for dotted in (module, *(f"{module}.{name}" for name in names if name != "*")):
                    tail = dotted.replace(".", "/")
                    if level or not (stem == tail or stem.endswith("/" + tail)):
                        continue
                    if path in self.places.imported(user, module, level, names):
                        used.add(stem[: -len(tail)].rstrip("/"))
        return max(used or own, key=lambda root: (_depth(root), root), default=None)


class Places:
    """Which file of the repository an import means.

    Args:
        paths: the posix paths of all files from the root.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self._tails: dict[str, list[str]] = {}
        for path in sorted(self._paths):
            stem = path.removesuffix(".py").removesuffix("/__init__")
            self._tails.setdefault(_name(stem), []).append(path)
        self._found: dict[tuple[str, str], tuple[str | None, tuple[str, ...]]] = {}

    def resolve(self, path: str, module: str, level: int) -> tuple[str, ...]:
        """Return the files that ``import module`` in ``path`` runs, the module itself last."""
        folder = _folder(path)
        if not level:
            return self._located(path, module)[1]
        for _ in range(level - 1):
            if not folder:
                return ()
            folder = _folder(folder)
        return self._below(folder, module)

    def root(self, path: str, module: str, names: tuple[str, ...]) -> str | None:
        """Return the folder that must be on ``sys.path`` for an absolute import in ``path``."""
        root, found = self._located(path, module)
        if not found:
            for name in names:
                root, found = self._located(path, f"{module}.{name}")
                if found:
                    return root
        return root

    def imported(self, path: str, module: str, level: int, names: tuple[str, ...]) -> list[str]:
        """Return the files that one import statement of ``path`` runs, submodules included."""
        found = list(self.resolve(path, module, level))
        if found and not found[-1].endswith("__init__.py"):
            return found  # a module has no submodules: the names are its own
        for name in names:
            if name != "*":
                dotted = f"{module}.{name}" if module else name
                found += self.resolve(path, dotted, level)
        return found

    def package(self, folder: str) -> str | None:
        """Return the outermost package by ``__init__.py`` that ``folder`` lies in, or None."""
        top = None
        while folder and f"{folder}/__init__.py" in self._paths:
            top = folder
            folder = _folder(folder)
        return top

    def _located(self, path: str, module: str) -> tuple[str | None, tuple[str, ...]]:
        folder = _folder(path)
        root, found = self._absolute(folder, module)
        if found and found[-1] == path and root == folder and folder:
            # ``import queue`` in ``tools/queue.py`` means another one
            return self._absolute(_folder(folder), module)
        return root, found

    def _absolute(self, folder: str, module: str) -> tuple[str | None, tuple[str, ...]]:
        key = (folder, module)
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = self._search(folder, module)
        return known

    def _search(self, folder: str, module: str) -> tuple[str | None, tuple[str, ...]]:
        first = module.partition(".")[0]
        if not module or first in ("tensorflow", "__future__", "__main__"):
            return None, ()
        if first == "keras":  # ``horovod/keras`` is not what ``import keras`` means below it
            script = "" if f"{folder}/__init__.py" in self._paths else folder
            return next(((b, f) for b in (script, "") if (f := self._below(b, module))), (None, ()))
        base = folder
        while True:
            found = self._below(base, module)
            if found:
                return base, found
            if not base:
                break
            base = _folder(base)
        if first in sys.stdlib_module_names:
            return None, ()
        # a module on a PYTHONPATH nobody wrote down: the one file whose path ends like it
        tail = module.replace(".", "/")
        fits = (f"{tail}.py", f"{tail}/__init__.py")
        matches = [
            path
            for path in self._tails.get(_name(tail), ())
            if path in fits or path.endswith((f"/{fits[0]}", f"/{fits[1]}"))
        ]
        if len(matches) != 1:
            return None, ()
        stem = matches[0].removesuffix(".py").removesuffix("/__init__")
        root = stem[: -len(tail)].rstrip("/")
        return root, self._below(root, module)

    def _below(self, base: str, module: str) -> tuple[str, ...]:
        found = []
        at = base
        if not module:
            init = _join(base, "__init__.py")
            return (init,) if init in self._paths else ()
        parts = module.split(".")
        for i, part in enumerate(parts):
            at = _join(at, part)
            if f"{at}/__init__.py" in self._paths:
                found.append(f"{at}/__init__.py")
            elif i == len(parts) - 1:
                if f"{at}.py" not in self._paths:
                    return ()
                found.append(f"{at}.py")
        return tuple(found)


def _foreign(table: Mapping[tuple[str, int], Mapping[str, str]]) -> Foreign | None:
    return (lambda module, level: table.get((module, level))) if table else None


def _folder(path: str) -> str:
    """Return the folder of a posix path from the root; "" is the root."""
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _depth(folder: str) -> int:
    return folder.count("/") + 1 if folder else 0


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
