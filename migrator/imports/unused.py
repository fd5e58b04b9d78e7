"""Drop the imports of TensorFlow whose last use a rewrite took."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import libcst as cst

from migrator.imports.swap import tensorflow_statements
from migrator.names import Module, parsed
from migrator.rule import FileContext
from migrator.symbols import Status, status
from migrator.tree import Edits, Tree, nodes_of

__all__ = ["unused_imports"]

_HUB = "tensorflow_hub"
#: A string that may be a name of ``__all__`` or an annotation, and is no sentence.
_CODE = re.compile(r"[\w.\[\]|]+(, ?[\w.\[\]|]+)*")
#: Comments that are about the import they stand beside, and go with it.
_PRAGMA = re.compile(r"#\s*(noqa|type:|pylint:|pyright:|mypy:|isort:|pragma:|NOLINT)", re.I)


def unused_imports(
    tree: Tree, edits: Edits, new: str, context: FileContext, dropped: frozenset[str] = frozenset()
) -> Edits:
    """Return edits that drop the imports of TensorFlow that ``new`` uses no more.

    Only names that the original used and ``new`` does not; never one of an ``__init__.py``, and
    never a name that a string mentions (``__all__``, an annotation, ``getattr``).

    Args:
        tree: the original.
        edits: the edits that make ``new`` of it.
        new: the new text.
        context: whose file it is.
        dropped: names that go with what they mean, whatever strings say, once nothing uses them.
    """
    module = tree.module
    package = context.path.endswith("__init__.py")
    before = {name.id for name in nodes_of(module).names}
    candidates = {
        bound
        for node in _statements(module)
        for alias in node.names
        if alias.name != "*" and (bound := _bound(node, alias)) in before | dropped
        # what a package binds may be imported from elsewhere
        if not package or not isinstance(module.scope_of[node].node, ast.Module)
    }
    if not candidates:
        return {}
    words: set[str] = set()
    names: set[str] = set()  # in strings that are no prose
    for at in ast.walk(parsed(new)):
        if isinstance(at, ast.Name):
            candidates.discard(at.id)
        elif isinstance(at, ast.Constant) and isinstance(at.value, str) and len(at.value) < 400:
            found = re.findall(r"\w+", at.value)
            words.update(found)
            if _CODE.fullmatch(at.value):
                names.update(found)
    lost = candidates & set(_lost(module))  # an import that fails is worse than a lost mention
    gone = candidates - ((words - lost | names) - dropped)
    return _Dropper(tree, edits, gone).edits() if gone else {}


def _lost(module: Module) -> Iterator[str]:
    """Yield the names that are bound to what TensorFlow 2.21 no longer has."""
    for node in tensorflow_statements(module):
        for alias in node.names:
            dotted = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
            bound = _bound(node, alias)
            if bound and status(f"tf.{dotted.partition('.')[2]}") is Status.GONE:
                yield bound


def _statements(module: Module) -> list[ast.Import | ast.ImportFrom]:
    """Return the import statements of TensorFlow, and those of TensorFlow Hub."""
    found = tensorflow_statements(module)
    for node in nodes_of(module).imports:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
        if any((name or "").partition(".")[0] == _HUB for name in names):
            found.append(node)
    return found


def _bound(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str | None:
    """Return the name that ``alias`` binds, None for the package itself."""
    if isinstance(node, ast.Import) and not alias.name.startswith(("tensorflow.", _HUB)):
        return None
    return alias.asname or alias.name.partition(".")[0]


class _Dropper:
    """The edits that drop names from import statements."""

    def __init__(self, tree: Tree, edits: Edits, gone: set[str]) -> None:
        self.tree = tree
        self.module: Module = tree.module
        self.given = edits
        self.gone = gone
        self.lines: dict[cst.SimpleStatementLine, ast.stmt] = {}

    def edits(self) -> Edits:
        """Return them."""
        found: Edits = {}
        for node in _statements(self.module):
            small = self.tree.import_node(node)
            if small is None or small in self.given or isinstance(small.names, cst.ImportStar):
                continue  # a rewrite that replaced the statement knows what it imports
            kept = [
                item
                for alias, item in zip(node.names, small.names, strict=True)
                if _bound(node, alias) not in self.gone or self._commented(item)
            ]
            if len(kept) == len(small.names):
                continue
            line = self.tree.line(small)
            if kept:
                kept[-1] = kept[-1].with_changes(comma=small.names[-1].comma)
                found[small] = small.with_changes(names=kept)
            elif line is not None and not self._alone(node) and not self._commented(small):
                self.lines[line] = node
        for line in self.lines:
            self._drop(line, found)
        return found

    def _commented(self, item: cst.CSTNode) -> bool:
        """Whether a comment stands inside the statement, beside one name of several."""
        start, end = self.tree.extent(item)
        return "#" in self.module.text[start:end]

    def _alone(self, node: ast.stmt) -> bool:
        """Whether the block around ``node`` holds nothing else."""
        parent = self.module.parents[node]
        body = next(
            body
            for name in ("body", "orelse", "finalbody")
            if isinstance(body := getattr(parent, name, None), list) and node in body
        )
        return not isinstance(parent, ast.Module) and all(
            isinstance(at, (ast.Import, ast.ImportFrom)) for at in body
        )

    def _drop(self, line: cst.SimpleStatementLine, found: Edits) -> None:
        left: list[cst.CSTNode] = []
        comment = line.trailing_whitespace.comment
        above = [item for item in line.leading_lines if item.comment is not None]
        if above or not self._blank_follows(line):
            left.extend(line.leading_lines)
        if comment is not None and not _PRAGMA.match(comment.value):
            left.append(cst.EmptyLine(comment=comment))
        given = self.given.get(line)
        if isinstance(given, cst.FlattenSentinel):
            items: list[cst.CSTNode] = []
            for item in given:
                if isinstance(item, cst.SimpleStatementLine) and item.body is line.body:
                    items.extend(left if item is line else list(item.leading_lines))
                else:
                    items.append(item)
            left = items
        found[line] = cst.FlattenSentinel(left) if left else None

    def _blank_follows(self, line: cst.SimpleStatementLine) -> bool:
        """Whether what stays behind ``line`` starts with an empty line, or nothing does."""
        if isinstance(self.given.get(line), cst.FlattenSentinel):
            return False
        text = self.module.text
        starts = {self.tree.extent(other)[0]: other for other in self.lines}
        end = self.tree.extent(line)[1]
        while end in starts:
            other = starts[end]
            if other.leading_lines:
                return other.leading_lines[0].comment is None
            end = self.tree.extent(other)[1]
        return not text[end:].strip() or text[end] in "\r\n"
