"""Import lines of a migrated file: the swap to compat.v1, the switch lines, the bridge.

The swap is part of a program's rewrite, never a rewrite of its own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst

from migrator.names import Module
from migrator.rule import FileContext, Unreachable
from migrator.symbols import Status, in_tensorflow2, status
from migrator.tree import Edits, Tree, expression, statement

__all__ = ["Swap", "imported", "needs_swap", "plan", "tidy"]

#: Parts of the package that compat.v1 does not mirror; their import lines stay.
_NOT_MIRRORED = frozenset(
    {"python", "contrib", "core", "examples", "compat", "_api", "models", "tools", "lite", "tensorflow"}
)

_KERAS_LINE = 'os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")'


@dataclass
class Swap:
    """The edits of a file's import lines and what they are, for findings."""

    edits: Edits = field(default_factory=dict)
    notes: list[tuple[ast.stmt, str, str]] = field(default_factory=list)


def imported(module: Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield (symbol as spelled, statement) of what is imported from inside TensorFlow."""
    for node in ast.walk(module.tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"]
        for name in names:
            parts = name.split(".")
            if parts[0] == "tensorflow" and len(parts) > 1 and parts[1] not in ("compat", "_api"):
                assert isinstance(node, ast.stmt)
                yield ".".join(["tf", *parts[1:]]), node


def _tensorflow_statements(module: Module) -> list[ast.Import | ast.ImportFrom]:
    """Return the import statements of TensorFlow, of whatever kind, in source order."""
    found: list[ast.Import | ast.ImportFrom] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            if any(alias.name.partition(".")[0] == "tensorflow" for alias in node.names):
                found.append(node)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            if (node.module or "").partition(".")[0] == "tensorflow":
                found.append(node)
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _swapped(dotted: str) -> str | None:
    """Return where ``dotted`` lives under compat.v1, or None when its import stays."""
    parts = dotted.split(".")
    if parts[0] != "tensorflow" or (len(parts) > 1 and parts[1] in _NOT_MIRRORED):
        return None
    return ".".join(["tensorflow", "compat", "v1", *parts[1:]])


def uses_v1(module: Module) -> bool:
    """Whether the file spells ``compat.v1`` already, so that its import lines stay.

    Not when it also uses, on the plain package, what only compat.v1 has: half-upgraded files
    ran on 1.15 alone, and ``tf.compat.v1`` goes on working below ``tensorflow.compat.v1``.
    """
    return _spells_v1(module) and not any(
        symbol.via == "tf"
        and not in_tensorflow2(symbol.spelled)
        and status(symbol.spelled) in (Status.PRESENT, Status.LEGACY_KERAS)
        for _, symbol in module.references()
    )


def _spells_v1(module: Module) -> bool:
    for node in _tensorflow_statements(module):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        )
        if any(name.startswith("tensorflow.compat.v1") for name in names):
            return True
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "v1"
        and (module.dotted(node) or "").startswith("tensorflow.compat.v1")
        for node in ast.walk(module.tree)
    )


def needs_swap(module: Module) -> bool:
    """Whether the file has an import of TensorFlow that a migrated program changes."""
    if uses_v1(module):
        return False
    for node in _tensorflow_statements(module):
        if isinstance(node, ast.Import):
            if any(_swapped(alias.name) for alias in node.names):
                return True
        elif _swapped(node.module or "") and not _only_unmirrored(node):
            return True
    return False


def _only_unmirrored(node: ast.ImportFrom) -> bool:
    return node.module == "tensorflow" and all(a.name in _NOT_MIRRORED for a in node.names)


def plan(tree: Tree, context: FileContext, *, bridge: bool, needs_tensorflow: bool) -> Swap:
    """Return the edits that bring the file's imports to ``tensorflow.compat.v1``.

    Args:
        tree: the file.
        context: whether the file is neutral, what its program needs, how it imports the bridge.
        bridge: whether a rewrite of this file uses ``tf2_bridge``.
        needs_tensorflow: whether a rewrite needs a name for TensorFlow where none is imported.

    Raises:
        Unreachable: an import stands where a line cannot be added after it.
    """
    module = tree.module
    swap = Swap()
    statements = _tensorflow_statements(module)
    swapping = needs_swap(module)
    changed: list[ast.Import | ast.ImportFrom] = []
    if swapping:
        changed = [node for node in statements if _swap_one(tree, node, swap.edits)]
    after: dict[cst.CSTNode, list[cst.BaseStatement]] = {}
    before: dict[cst.CSTNode, list[cst.BaseStatement]] = {}
    disable = bool(changed) and not context.neutral and not _calls_disable(module)
    top = _anchor(module, statements)
    if bridge and _taken(module, "tf2_bridge"):
        raise Unreachable("the name `tf2_bridge` means something else in this file")
    anchors = [top] if top is not None else _nested(module, statements)
    if not anchors and (bridge or needs_tensorflow):
        head = _last_top_import(module)
        if head is None:
            raise Unreachable("it imports nothing, so there is no line to put an import after")
        anchors = [head]
    root_names = _root_names(module)
    for anchor in anchors:
        line = _line(tree, anchor)
        lines = after.setdefault(line, [])
        if needs_tensorflow or (disable and not root_names):
            if module.root.bindings.get("tf"):
                raise Unreachable("the name `tf` means something else in this file")
            lines.append(statement("import tensorflow.compat.v1 as tf\n"))
            root_names = root_names or ["tf"]
        if bridge:
            lines.append(statement(context.bridge_import + "\n"))
        if disable:
            call = statement(f"{root_names[0]}.disable_v2_behavior()\n")
            if top is not None:
                call = call.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
            lines.append(call)
    if changed:
        first = changed[0]
        called = " and version 2 behaviour is turned off" if disable else ""
        swap.notes.append(
            (
                first,
                "TFM801",
                "The program stays a graph-and-session program: TensorFlow is imported from"
                f" compat.v1{called}.",
            )
        )
    if context.legacy_keras and statements and not _sets_legacy_keras(module):
        first = statements[0]
        line = _line(tree, first)
        lines = before.setdefault(line, [])
        if not _imports_os_before(module, first):
            lines.append(statement("import os\n"))
            lines.append(
                statement(_KERAS_LINE + "\n").with_changes(
                    leading_lines=[cst.EmptyLine(indent=False)]
                )
            )
        else:
            lines.append(statement(_KERAS_LINE + "\n"))
        swap.notes.append(
            (
                first,
                "TFM802",
                f"{context.legacy_keras} runs on Keras 2 only: `TF_USE_LEGACY_KERAS` is set before"
                " TensorFlow is imported, and the package tf-keras becomes a requirement.",
            )
        )
    _place(swap.edits, before, after)
    return swap


def _place(
    edits: Edits,
    before: dict[cst.CSTNode, list[cst.BaseStatement]],
    after: dict[cst.CSTNode, list[cst.BaseStatement]],
) -> None:
    for line in {**before, **after}:
        ahead, behind = before.get(line, []), after.get(line, [])
        if not ahead and not behind:
            continue
        middle = line
        if ahead:
            # the comment block above the import stays above what is put before it
            assert isinstance(line, cst.SimpleStatementLine)
            leading = line.leading_lines
            ahead[0] = ahead[0].with_changes(leading_lines=[*leading, *_leading(ahead[0])])
            middle = line.with_changes(leading_lines=())
        edits[line] = cst.FlattenSentinel([*ahead, middle, *behind])


def _leading(node: cst.BaseStatement) -> list[cst.EmptyLine]:
    return list(getattr(node, "leading_lines", ()))


def _swap_one(tree: Tree, node: ast.Import | ast.ImportFrom, edits: Edits) -> bool:
    found = tree.import_node(node)
    if isinstance(node, ast.Import) and isinstance(found, cst.Import):
        any_change = False
        for alias, item in zip(node.names, found.names, strict=True):
            target = _swapped(alias.name)
            if target is None:
                continue
            change: dict[str, object] = {"name": expression(target)}
            if alias.asname is None:
                change["asname"] = cst.AsName(cst.Name(alias.name.partition(".")[0]))
            edits[item] = item.with_changes(**change)
            any_change = True
        return any_change
    if isinstance(node, ast.ImportFrom) and isinstance(found, cst.ImportFrom):
        target = _swapped(node.module or "")
        if target is None or _only_unmirrored(node) or found.module is None:
            return False
        stay = [a.name for a in node.names if node.module == "tensorflow" and a.name in _NOT_MIRRORED]
        if stay:
            raise Unreachable(
                f"line {node.lineno} imports `{stay[0]}` together with other names; import it on"
                " a line of its own"
            )
        edits[found.module] = expression(target)
        return True
    raise Unreachable(f"the import on line {node.lineno} could not be matched")


def _calls_disable(module: Module) -> bool:
    return any(
        symbol.name in ("tf.disable_v2_behavior", "tf.disable_eager_execution")
        for _, symbol in module.references()
    )


def _root_names(module: Module) -> list[str]:
    """Return module-level names that mean TensorFlow itself once the imports are swapped."""
    return [
        name
        for name in module.root.bindings
        if module.lookup(name, module.root) in ("tensorflow", "tensorflow.compat.v1")
    ] or [
        name
        for scope in module.scopes.values()
        for name in scope.bindings
        if module.lookup(name, scope) in ("tensorflow", "tensorflow.compat.v1")
    ]


def _taken(module: Module, name: str) -> bool:
    return any(
        name in scope.bindings
        and not all(isinstance(b.node, (ast.Import, ast.ImportFrom)) for b in scope.bindings[name])
        for scope in module.scopes.values()
    )


def _body_of(module: Module, node: ast.stmt) -> list[ast.stmt]:
    parent = module.parents[node]
    for name in ("body", "orelse", "finalbody"):
        body = getattr(parent, name, None)
        if isinstance(body, list) and node in body:
            return body
    raise Unreachable(f"the import on line {node.lineno} has no block around it")


def _anchor(module: Module, statements: list[ast.Import | ast.ImportFrom]) -> ast.stmt | None:
    """Return the last import of the run that holds the first module-level TensorFlow import."""
    for node in statements:
        if isinstance(module.scope_of[node].node, ast.Module):
            body = _body_of(module, node)
            index = body.index(node)
            last = node
            for after in body[index + 1 :]:
                if not isinstance(after, (ast.Import, ast.ImportFrom)):
                    break
                last = after
            return last
    return None


def _nested(module: Module, statements: list[ast.Import | ast.ImportFrom]) -> list[ast.stmt]:
    seen: set[ast.AST] = set()
    found: list[ast.stmt] = []
    for node in statements:
        scope = module.scope_of[node].node
        if scope not in seen:
            seen.add(scope)
            found.append(node)
    return found


def _last_top_import(module: Module) -> ast.stmt | None:
    last: ast.stmt | None = None
    for node in module.tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            last = node
        elif last is not None:
            break
    return last


def _line(tree: Tree, node: ast.stmt) -> cst.SimpleStatementLine:
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    found = tree.import_node(node)
    line = tree.parents.get(found) if found is not None else None
    if not isinstance(line, cst.SimpleStatementLine):
        raise Unreachable(f"the import on line {node.lineno} shares its line with a block")
    return line


def _imports_os_before(module: Module, node: ast.stmt) -> bool:
    body = _body_of(module, node)
    for at in [*module.tree.body, *body]:
        if at is node or at.lineno >= node.lineno:
            continue
        if isinstance(at, ast.Import) and any(
            alias.name.partition(".")[0] == "os" and not alias.asname for alias in at.names
        ):
            return True
    return False


def _sets_legacy_keras(module: Module) -> bool:
    return "TF_USE_LEGACY_KERAS" in module.text


# -- tidying ------------------------------------------------------------------------------


def tidy(tree: Tree, edited: cst.Module, edits: Edits, context: FileContext) -> str:
    """Return the new text without the TensorFlow imports whose last use a rewrite removed."""
    if context.path.endswith("__init__.py"):
        return edited.code
    module = tree.module
    before = {n.id for n in ast.walk(module.tree) if isinstance(n, ast.Name)}
    new = ast.parse(edited.code)
    after = {n.id for n in ast.walk(new) if isinstance(n, ast.Name)}
    words = {
        n.value for n in ast.walk(new) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    gone: set[str] = set()
    for node in _tensorflow_statements(module):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            if isinstance(node, ast.Import) and alias.name == "tensorflow":
                continue
            if bound in before and bound not in after and bound not in words:
                gone.add(bound)
    if not gone:
        return edited.code
    return edited.visit(_DropImports(gone)).code


class _DropImports(cst.CSTTransformer):
    """Drop TensorFlow import aliases by the name they bind; comments above them survive."""

    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self.names = names

    def _drop(self, line: cst.BaseStatement) -> cst.BaseStatement | None:
        if not isinstance(line, cst.SimpleStatementLine):
            return line
        body: list[cst.BaseSmallStatement] = []
        for small in line.body:
            kept = self._drop_small(small)
            if kept is not None:
                body.append(kept)
        if len(body) == len(line.body) and all(a is b for a, b in zip(body, line.body, strict=True)):
            return line
        if not body:
            return None
        body[-1] = body[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        return line.with_changes(body=body)

    def _drop_small(self, small: cst.BaseSmallStatement) -> cst.BaseSmallStatement | None:
        if not isinstance(small, (cst.Import, cst.ImportFrom)) or isinstance(
            small.names, cst.ImportStar
        ):
            return small
        if isinstance(small, cst.ImportFrom) and (
            small.relative or not _dotted(small.module).startswith("tensorflow")
        ):
            return small
        kept = [alias for alias in small.names if not self._dropped(small, alias)]
        if len(kept) == len(small.names):
            return small
        if not kept:
            return None
        kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        return small.with_changes(names=kept)

    def _dropped(self, small: cst.Import | cst.ImportFrom, alias: cst.ImportAlias) -> bool:
        name = _dotted(alias.name)
        if isinstance(small, cst.Import) and not name.startswith("tensorflow."):
            return False
        if alias.asname is not None:
            bound = alias.asname.name
            return isinstance(bound, cst.Name) and bound.value in self.names
        return name.partition(".")[0] in self.names

    def _body(self, body: list[cst.BaseStatement]) -> list[cst.BaseStatement]:
        result: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        for line in body:
            kept = self._drop(line)
            if kept is None:
                comments = [item for item in _leading(line) if item.comment is not None]
                trailing = getattr(line, "trailing_whitespace", None)
                if trailing is not None and trailing.comment is not None:
                    comments.append(cst.EmptyLine(comment=trailing.comment))
                # the blank line that parted this import from what is above stays
                if result == [] or not _leading(line) or comments:
                    carried.extend(comments)
                else:
                    carried.extend(item for item in _leading(line) if item.comment is None)
                continue
            if carried:
                kept = kept.with_changes(leading_lines=[*carried, *_without(carried, kept)])
                carried = []
            result.append(kept)
        if carried and any(item.comment is not None for item in carried):
            result.append(cst.SimpleStatementLine(body=[cst.Pass()], leading_lines=carried))
        return result

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return updated_node.with_changes(body=self._body(list(updated_node.body)))

    def leave_IndentedBlock(
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        body = self._body(list(updated_node.body))
        if not body:
            return updated_node.with_changes(body=[cst.SimpleStatementLine(body=[cst.Pass()])])
        return updated_node.with_changes(body=body)


def _without(carried: list[cst.EmptyLine], kept: cst.BaseStatement) -> list[cst.EmptyLine]:
    """Blank lines are not doubled when those of a dropped line are carried over."""
    leading = _leading(kept)
    if any(item.comment is not None for item in carried):
        return leading
    return [item for item in leading if item.comment is not None] if leading else []


def _dotted(node: cst.BaseExpression | None) -> str:
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return ""
