"""The import lines a migrated file gets: the swap to compat.v1, the switch lines, the bridge.

The swap is part of a program's rewrite, never a rewrite of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import libcst as cst

from migrator.imports.keras import is_standalone, respelled, swapped_from_keras, swapped_keras
from migrator.keras_symbols import is_keras
from migrator.names import Module, Scope
from migrator.rule import FileContext, Unreachable
from migrator.symbols import Status, in_tensorflow2, status
from migrator.tree import Edits, Tree, expression, identifiers, nodes_of, statement

__all__ = [
    "Needs",
    "Swap",
    "free_name",
    "imported",
    "needs_swap",
    "plan",
    "tensorflow_statements",
    "with_legacy_keras",
]

ImportStatement: TypeAlias = "ast.Import | ast.ImportFrom"

#: Parts of the package that compat.v1 does not mirror; their import lines stay.
_NOT_MIRRORED = frozenset(
    [
        "python",
        "contrib",
        "core",
        "examples",
        "compat",
        "_api",
        "models",
        "tools",
        "lite",
        "tensorflow",
    ]
)

_KERAS_LINE = 'os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")'


@dataclass(frozen=True, slots=True)
class Needs:
    """What the rewrites of a file ask of its imports."""

    bridge: Sequence[ast.expr | ast.stmt] = ()  #: places whose new code uses ``tf2_bridge``
    tensorflow: bool = False  #: new code uses ``name``, which no import binds
    name: str = "tf"  #: what to call TensorFlow where the file has no name for it
    keeps: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  #: suppressed lines
    gone: frozenset[ast.AST] = frozenset()  #: chains that a rewrite replaces


@dataclass
class Swap:
    """The edits of a file's import lines and what they are, for findings."""

    edits: Edits = field(default_factory=dict)
    notes: list[tuple[ast.stmt | ast.expr, str, str]] = field(default_factory=list)


def imported(module: Module) -> Iterator[tuple[str, ImportStatement]]:
    """Yield (symbol as spelled, statement) of what is imported from inside TensorFlow."""
    for node in tensorflow_statements(module):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"]
        for name in names:
            parts = name.split(".")
            if parts[0] == "tensorflow" and len(parts) > 1 and parts[1] not in ("compat", "_api"):
                yield ".".join(["tf", *parts[1:]]), node


def tensorflow_statements(module: Module) -> list[ImportStatement]:
    """Return the import statements of TensorFlow, of whatever kind, in source order."""
    found: list[ImportStatement] = []
    for node in nodes_of(module).imports:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [node.module or ""] if node.level == 0 else []
        if any(name.partition(".")[0] == "tensorflow" or is_keras(name) for name in names):
            found.append(node)
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _swapped(dotted: str) -> str | None:
    """Return where ``dotted`` lives under compat.v1, or None when its import stays."""
    parts = dotted.split(".")
    if parts[0] != "tensorflow" or (len(parts) > 1 and parts[1] in _NOT_MIRRORED):
        return None
    return ".".join(["tensorflow", "compat", "v1", *parts[1:]])


def uses_v1(module: Module, gone: frozenset[ast.AST] = frozenset()) -> bool:
    """Whether the file spells ``compat.v1`` already, so that its import lines stay.

    Not when it also uses, on the plain package, what only compat.v1 has: half-upgraded files
    ran on 1.15 alone, and ``tf.compat.v1`` goes on working below ``tensorflow.compat.v1``.
    """
    return _spells_v1(module, gone) and not any(
        symbol.via == "tf"
        and not in_tensorflow2(symbol.spelled)
        and status(symbol.spelled) in (Status.PRESENT, Status.LEGACY_KERAS)
        for _, symbol in nodes_of(module).references
    )


def _spells_v1(module: Module, gone: frozenset[ast.AST] = frozenset()) -> bool:
    """Whether the file spells ``compat.v1`` outside of ``gone``, or was migrated before."""
    if "tf2_bridge" in module.text and any(
        alias.name == "tf2_bridge" or alias.asname == "tf2_bridge"
        for node in nodes_of(module).imports
        for alias in node.names
    ):
        return True
    if "v1" not in module.text:
        return False
    for node in tensorflow_statements(module):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        )
        if any(name.startswith("tensorflow.compat.v1") for name in names):
            return True
    return any(
        node.attr == "v1"
        and (module.dotted(node) or "").startswith("tensorflow.compat.v1")
        and _chain(module, node) not in gone
        for node in nodes_of(module).attributes
    )


def _chain(module: Module, node: ast.AST) -> ast.AST:
    """Return the longest chain of attributes that ``node`` begins."""
    while isinstance(parent := module.parents[node], ast.Attribute):
        node = parent
    return node


def needs_swap(module: Module, gone: frozenset[ast.AST] = frozenset()) -> bool:
    """Whether the file has an import of TensorFlow that a migrated program changes.

    Args:
        module: the file.
        gone: chains that rewrites replace: what they spell does not count.
    """
    statements = tensorflow_statements(module)
    if any(is_standalone(node) for node in statements):
        return True
    return any(_swaps(node) for node in statements) and not uses_v1(module, gone)


def _swaps(node: ImportStatement) -> bool:
    if isinstance(node, ast.Import):
        return any(_swapped(alias.name) for alias in node.names)
    return bool(_swapped(node.module or "")) and not (
        node.module == "tensorflow" and all(a.name in _NOT_MIRRORED for a in node.names)
    )


def plan(tree: Tree, context: FileContext, needs: Needs) -> Swap:
    """Return the edits that bring the file's imports to ``tensorflow.compat.v1``.

    Args:
        tree: the file.
        context: whether the file is neutral, what its program needs, how it imports the bridge.
        needs: what the rewrites of this file use.

    Raises:
        Unreachable: an import stands where a line cannot be added, or must not be changed.
    """
    return _Planner(tree, context, needs).plan()


def with_legacy_keras(tree: Tree, context: FileContext, symbol: str) -> str:
    """Return the text of a file that switches to Keras 2 before it imports TensorFlow.

    Args:
        tree: the file; one that switches already stays as it is.
        context: what is known of it.
        symbol: what of its program needs Keras 2.

    Raises:
        Unreachable: an import stands where a line cannot be added.
    """
    planner = _Planner(tree, context, Needs())
    if not planner.statements or "TF_USE_LEGACY_KERAS" in tree.module.text:
        return tree.module.text
    planner.set_legacy_keras(symbol)
    return tree.apply(planner.swap.edits).text


class _Planner:
    """The work on the import lines of one file."""

    def __init__(self, tree: Tree, context: FileContext, needs: Needs) -> None:
        self.tree = tree
        self.module = tree.module
        self.context = context
        self.needs = needs
        self.swap = Swap()
        self.before: dict[cst.SimpleStatementLine, list[cst.BaseStatement]] = {}
        self.after: dict[cst.SimpleStatementLine, list[cst.BaseStatement]] = {}
        self.statements = [
            node for node in tensorflow_statements(self.module) if not self._only_for_types(node)
        ]
        self.blocks = self._blocks()

    def plan(self) -> Swap:
        """Return the edits."""
        module, context, needs = self.module, self.context, self.needs
        changed: list[ImportStatement] = []
        alone = [node for node in tensorflow_statements(module) if is_standalone(node)]
        if alone and uses_v1(module, frozenset() if needs.bridge else needs.gone):
            changed = [node for node in alone if self._swap_one(node)]
        # a file that gets the bridge is known by it when the migration runs again
        elif needs_swap(module, frozenset() if needs.bridge else needs.gone):
            changed = [
                node
                for node in tensorflow_statements(module)
                if (_swaps(node) or is_standalone(node)) and self._swap_one(node)
            ]
        uses_bridge = bool(needs.bridge)
        private = not changed and not _spells_v1(module) and (uses_bridge or needs.tensorflow)
        disable = not context.neutral and not _calls_disable(module)
        disable = disable and bool(changed or (self.statements and (private or context.graph_mode)))
        if uses_bridge and not self._has_bridge():
            self._import_bridge()
        if needs.tensorflow:
            self._bind_tensorflow()
        if disable:
            self._disable(bool(changed))
        standalone = next((node for node in changed if is_standalone(node)), None)
        if standalone is not None:
            for node, old, new in respelled(self.tree):
                self.swap.edits[old] = new
                self.swap.notes.append((node, "TFM803", "Legacy Keras has it in this module."))
            self.swap.notes.append(
                (
                    standalone,
                    "TFM803",
                    "`keras` is Keras 3 today, which has no sessions: this is Keras 2 from"
                    " tensorflow.compat.v1.keras.",
                )
            )
        first = next(iter(changed or self.statements), None)
        if first is not None and (changed or disable):
            called = " and version 2 behaviour is turned off" if disable else ""
            message = (
                "Version 2 behaviour is turned off, as a program of graphs and sessions needs."
                if not changed and context.graph_mode
                else "What makes graph here runs where a lifted program builds it: TensorFlow is"
                " imported from compat.v1."
                if context.native
                else "The program stays a graph-and-session program: TensorFlow is imported from"
                f" compat.v1{called}."
            )
            self.swap.notes.append((first, "TFM801", message))
        if context.legacy_keras and self.statements and "TF_USE_LEGACY_KERAS" not in module.text:
            self._set_legacy_keras(context.legacy_keras)
        self._place()
        return self.swap

    def set_legacy_keras(self, symbol: str) -> None:
        """Plan the switch to Keras 2 alone."""
        self._set_legacy_keras(symbol)
        self._place()

    # -- where ------------------------------------------------------------------------

    def _only_for_types(self, node: ast.stmt) -> bool:
        """Whether ``node`` never runs: it stands below ``if TYPE_CHECKING``."""
        return any(
            isinstance(at, ast.If) and "TYPE_CHECKING" in ast.unparse(at.test)
            for at in self.module.ancestors(node)
        )

    def _blocks(self) -> list[list[ImportStatement]]:
        """Return the blocks that import TensorFlow first, each as its imports of TensorFlow.

        One block at module level; the branches of a conditional import; else, where only
        functions import it, one for each function.
        """
        module = self.module
        top = [s for s in self.statements if isinstance(module.scope_of[s].node, ast.Module)]
        if top:
            root = self._outermost(top[0])
            chosen = [s for s in top if self._outermost(s) is root]
            if root is not top[0]:
                chosen = [s for s in chosen if not self._in_handler(s)] or chosen
            else:
                chosen = [s for s in top if module.parents[s] is module.tree]
        else:
            chosen = self.statements
        found: dict[int, list[ImportStatement]] = {}
        for node in chosen:
            key = id(_body_of(module, node)) if top else id(module.scope_of[node])
            found.setdefault(key, []).append(node)
        return list(found.values())

    def _outermost(self, node: ast.stmt) -> ast.AST:
        at: ast.AST = node
        while not isinstance(self.module.parents[at], ast.Module):
            at = self.module.parents[at]
        return at

    def _in_handler(self, node: ast.stmt) -> bool:
        return self.module.enclosing(node, (ast.ExceptHandler,)) is not None

    def _end_of_run(self, node: ast.stmt) -> cst.SimpleStatementLine:
        """Return the last line of the run of imports that ``node`` belongs to."""
        body = _body_of(self.module, node)
        last = node
        for behind in body[body.index(node) + 1 :]:
            if not isinstance(behind, (ast.Import, ast.ImportFrom)):
                break
            if self.swap.edits.get(self._line(behind), 0) is not None:
                last = behind
        return self._line(last)

    def _line(self, node: ast.stmt) -> cst.SimpleStatementLine:
        found = (
            self.tree.import_node(node) if isinstance(node, (ast.Import, ast.ImportFrom)) else None
        )
        line = self.tree.any_line(found) if found is not None else None
        if line is None:
            raise Unreachable(
                f"the import on line {node.lineno} shares its line with a block; put it on a line"
                " of its own"
            )
        return line

    def _last_top_import(self) -> cst.SimpleStatementLine:
        last: ast.stmt | None = None
        for node in self.module.tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                last = node
            elif last is not None:
                break
        if last is None:
            raise Unreachable("it imports nothing, so there is no line to put an import after")
        return self._line(last)

    # -- what -------------------------------------------------------------------------

    def _swap_one(self, node: ImportStatement) -> bool:
        kept = self.needs.keeps.get(node.lineno, self.needs.keeps.get(node.end_lineno or 0))
        if kept is not None and (not kept or any("TFM801".startswith(code) for code in kept)):
            raise Unreachable(
                f"the import on line {node.lineno} is kept by a `# migrator: keep` comment"
            )
        found = self.tree.import_node(node)
        edits = self.swap.edits
        if isinstance(node, ast.Import) and isinstance(found, cst.Import):
            for alias, item in zip(node.names, found.names, strict=True):
                if is_keras(alias.name):
                    edits[item] = swapped_keras(alias, item)
                    continue
                target = _swapped(alias.name)
                if target is None:
                    continue
                if alias.asname is not None:
                    edits[item] = item.with_changes(name=expression(target))
                    continue
                # ``import tensorflow.keras.backend`` binds the package, too
                self._refuse_rebinding(node)
                edits[item] = item.with_changes(
                    name=expression("tensorflow.compat.v1"),
                    asname=cst.AsName(cst.Name("tensorflow")),
                )
            return True
        if isinstance(node, ast.ImportFrom) and isinstance(found, cst.ImportFrom):
            if is_standalone(node):
                edits[found], rest = swapped_from_keras(node, found)
                if rest:
                    self.after.setdefault(self._line(node), []).extend(rest)
                return True
            if node.module == "tensorflow":
                stay = [alias.name for alias in node.names if alias.name in _NOT_MIRRORED]
                if stay:
                    raise Unreachable(
                        f"line {node.lineno} imports `{stay[0]}` together with other names; import"
                        " it on a line of its own"
                    )
            target = _swapped(node.module or "")
            assert target is not None
            assert found.module is not None
            edits[found.module] = expression(target)
            return True
        raise Unreachable(f"the import on line {node.lineno} could not be matched")

    def _refuse_rebinding(self, node: ast.Import) -> None:
        """Refuse a file where a private import would bind ``tensorflow`` to version 2 again."""
        for other in tensorflow_statements(self.module):
            if isinstance(other, ast.Import):
                for alias in other.names:
                    first = alias.name.partition(".")[0]
                    if alias.asname is None and first == "tensorflow" and not _swapped(alias.name):
                        raise Unreachable(
                            f"line {other.lineno} and line {node.lineno} both bind `tensorflow`;"
                            f" import `{alias.name}` with `as`"
                        )

    def _has_bridge(self) -> bool:
        for scope in self.module.scopes.values():
            for binding in scope.bindings.get("tf2_bridge", ()):
                if not isinstance(binding.node, (ast.Import, ast.ImportFrom)):
                    raise Unreachable("the name `tf2_bridge` means something else in this file")
        return any(
            isinstance(node, (ast.Import, ast.ImportFrom))
            and ast.unparse(node) == self.context.bridge_import
            for node in self.module.tree.body
        )

    def _import_bridge(self) -> None:
        for line in self._lines_for(self.needs.bridge):
            self.after.setdefault(line, []).append(statement(self.context.bridge_import + "\n"))

    def _lines_for(self, sites: Sequence[ast.expr | ast.stmt]) -> list[cst.SimpleStatementLine]:
        """Return the lines after which an import is seen by all of ``sites``."""
        module = self.module
        if not self.blocks:
            return [self._last_top_import()]
        if isinstance(module.scope_of[self.blocks[0][0]].node, ast.Module):
            return [self._end_of_run(block[0]) for block in self.blocks]
        by_scope = {module.scope_of[block[0]].node: block[0] for block in self.blocks}
        lines: dict[cst.SimpleStatementLine, None] = {}
        for site in sites:
            own = module.scope_of[site]
            scope: Scope | None = own
            while scope is not None:
                node = by_scope.get(scope.node)
                seen = node is not None and (
                    node.lineno <= site.lineno if scope is own else not scope.is_class
                )
                if seen:
                    break
                scope = scope.parent
            if scope is None:
                raise Unreachable(
                    f"TensorFlow is imported inside a function (line {self.statements[0].lineno}),"
                    f" and not where line {site.lineno} uses it; import it at the top of the file"
                )
            lines[self._end_of_run(by_scope[scope.node])] = None
        return list(lines)

    def _bind_tensorflow(self) -> None:
        source = f"import tensorflow.compat.v1 as {self.needs.name}\n"
        lines = (
            [self._end_of_run(block[0]) for block in self.blocks]
            if self.blocks
            else [self._last_top_import()]
        )
        for line in lines:
            self.after.setdefault(line, []).insert(0, statement(source))

    def _is_v1(self, name: str, node: ast.stmt) -> bool:
        dotted = self.module.lookup(name, self.module.scope_of[node])
        return dotted != "tensorflow"

    def _disable(self, changed: bool) -> None:
        """Call ``disable_v2_behavior`` where TensorFlow has a name, as early as it has one."""
        module = self.module
        top = isinstance(module.scope_of[self.blocks[0][0]].node, ast.Module)
        blocks = self.blocks
        if top and not any(self._name_in(block) for block in blocks):
            # the package itself is imported further down
            for node in self.statements:
                if module.parents[node] is module.tree and self._name_in([node]):
                    blocks = [[node]]
                    break
        for block in blocks:
            name = self._name_in(block)
            anchor = block[0]
            if name is not None and top:
                anchor = next(node for node in block if self._name_in([node]))
            line = self._end_of_run(anchor)
            lines = self.after.setdefault(line, [])
            if name is None:
                name = self.needs.name
                source = f"import tensorflow.compat.v1 as {name}\n"
                if not any(self.tree.code(item) == source.strip() for item in lines):
                    lines.insert(0, statement(source))
            at = name if changed or self._is_v1(name, anchor) else f"{name}.compat.v1"
            call = statement(f"{at}.disable_v2_behavior()\n")
            if top:
                call = call.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
            lines.append(call)

    def _name_in(self, block: Sequence[ImportStatement]) -> str | None:
        """Return the name that imports of ``block`` give to TensorFlow itself."""
        for node in block:
            for alias in node.names:
                if alias.name == "*":
                    continue
                name = alias.asname or alias.name.partition(".")[0]
                dotted = self.module.lookup(name, self.module.scope_of[node])
                if dotted in ("tensorflow", "tensorflow.compat.v1"):
                    return name
        return None

    def _set_legacy_keras(self, symbol: str) -> None:
        for block in self.blocks:
            line = self._line(block[0])
            body = _body_of(self.module, block[0])
            lines = self.before.setdefault(line, [])
            blank = [cst.EmptyLine(indent=False)]
            setting = statement(_KERAS_LINE + "\n")
            index = body.index(block[0])
            if self._imports_os_before(block[0]):
                if index and isinstance(body[index - 1], (ast.Import, ast.ImportFrom)):
                    setting = setting.with_changes(leading_lines=blank)
            else:
                lines.append(statement("import os\n"))
                setting = setting.with_changes(leading_lines=blank)
                self._drop_later_os(body[index + 1 :])
            lines.append(setting)
        self.swap.notes.append(
            (
                self.blocks[0][0],
                "TFM802",
                f"{symbol} runs on Keras 2 only: `TF_USE_LEGACY_KERAS` is set before"
                " TensorFlow is imported, and the package tf-keras becomes a requirement.",
            )
        )

    def _imports_os_before(self, node: ast.stmt) -> bool:
        return any(
            at.lineno < node.lineno
            and isinstance(at, ast.Import)
            and any(a.name.partition(".")[0] == "os" and not a.asname for a in at.names)
            for at in [*self.module.tree.body, *_body_of(self.module, node)]
        )

    def _drop_later_os(self, behind: list[ast.stmt]) -> None:
        """Take away the ``import os`` of the same run that the new one replaces."""
        for node in behind:
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                return
            if ast.unparse(node) == "import os":
                line = self._line(node)
                plain = not line.leading_lines and line.trailing_whitespace.comment is None
                if plain and len(line.body) == 1:
                    moved = self.after.pop(line, [])
                    self.swap.edits[line] = None
                    if moved:
                        last = self._end_of_run(self.blocks[0][0])
                        self.after.setdefault(last, []).extend(moved)
                return

    def _place(self) -> None:
        for line in {**self.before, **self.after}:
            ahead, behind = self.before.get(line, []), self.after.get(line, [])
            middle = line
            if ahead:
                above, own = self._split(line)
                ahead[0] = ahead[0].with_changes(
                    leading_lines=above or getattr(ahead[0], "leading_lines", ())
                )
                middle = line.with_changes(leading_lines=[cst.EmptyLine(indent=False), *own])
            items: list[cst.CSTNode] = [*ahead, middle, *behind]
            calls = [item for item in behind if ".disable_v2_behavior()" in self.tree.code(item)]
            if calls and not self.tree.indent(line):
                end = self.tree.extent(line)[1]
                if self.module.text[end : end + 1] not in ("", "\r", "\n"):
                    items.append(cst.EmptyLine(indent=False))
            self.swap.edits[line] = cst.FlattenSentinel(items)

    def _split(
        self, line: cst.SimpleStatementLine
    ) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
        """Return the lines above the block of comments that belongs to ``line``, and that block."""
        leading = list(line.leading_lines)
        if self.tree.cst.body and self.tree.cst.body[0] is line:
            return leading, []  # shebang, coding, licence: they stay first
        cut = len(leading)
        while cut and leading[cut - 1].comment is not None:
            cut -= 1
        return leading[:cut], leading[cut:]


def _calls_disable(module: Module) -> bool:
    return any(
        symbol.name in ("tf.disable_v2_behavior", "tf.disable_eager_execution")
        for _, symbol in nodes_of(module).references
    )


def _body_of(module: Module, node: ast.stmt) -> list[ast.stmt]:
    parent = module.parents[node]
    for name in ("body", "orelse", "finalbody"):
        body = getattr(parent, name, None)
        if isinstance(body, list) and node in body:
            return body
    raise Unreachable(f"the import on line {node.lineno} has no block around it")


def free_name(module: Module) -> str:
    """Return what to call TensorFlow in a file that has no name for it."""
    taken = identifiers(module)
    return next(name for name in ("tf", "tf1", "tf_v1", "tensorflow_v1") if name not in taken)
