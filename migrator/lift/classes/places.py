"""Where the statements of a file stand, and how the text closes up over those that go."""

from __future__ import annotations

import ast
import functools
import re

from migrator.lift.classes.phases import Phases, is_gone
from migrator.lift.kinds import Refusal
from migrator.lift.layout import indent_of, string_lines
from migrator.lift.text import Edit, Writer, comment_end, moved
from migrator.names import Module

__all__ = ["TELLS_OF_SESSION", "Places", "outermost"]

#: Comments above a statement that went which tell of nothing else.
TELLS_OF_SESSION = re.compile(
    r"(?i)\bsess(ion)?s?\b|\binit(iali[sz]\w*)?\b|\bclose\b|tf\.Graph|feed"
)


class Places:
    """The lines of a file whose classes are lifted.

    Args:
        phases: the order of building and running.
    """

    def __init__(self, phases: Phases) -> None:
        self.phases = phases
        self.facts = phases.facts
        self.module: Module = phases.module
        self.text = self.module.text
        self.indent = indent_of(self.text)
        self._emptied: set[int] = set()  #: ends of blocks of which nothing else is left

    @functools.cached_property
    def strings(self) -> set[int]:
        """The lines that start inside a string."""
        return string_lines(self.text)

    def _column(self, statement: ast.stmt) -> int:
        """Return the column of a statement once the blocks of the session are gone."""
        column = self.module.line_column(self.module.start(statement))[1]
        for around in self.module.ancestors(statement):
            if isinstance(around, ast.With) and is_gone(self.facts, around):
                column -= self._depth(around)
        return column

    def _space(self, column: int) -> str:
        """Return the indentation of a statement at ``column`` as the file writes it."""
        return ("\t" if self.indent.startswith("\t") else " ") * column

    def _depth(self, node: ast.With) -> int:
        if node.body[0].lineno == node.lineno:
            raise Refusal(node, "layout", "its block stands on the line of the `with`")
        return node.body[0].col_offset - node.col_offset

    def _row(self, line: int) -> str:
        start = self.module.offset(line, 0)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    def _above(self, node: ast.stmt) -> int:
        """Return where the line of a statement, or the comments right above it, start."""
        start = self.module.offset(node.lineno, 0)
        while start > 0:
            before = self.text.rfind("\n", 0, start - 1) + 1
            if not self.text[before:start].strip().startswith("#"):
                break
            start = before
        return start

    def _line_end(self, offset: int) -> int:
        return self.text.find("\n", offset) + 1 or len(self.text)

    def _last_line(self, node: ast.With) -> int:
        last = node.end_lineno or node.lineno
        inner = node.body[0].col_offset
        line = last + 1
        while line < self.module.lines:
            row = self._row(line)
            if row.strip() and not (
                row.lstrip().startswith("#") and len(row) - len(row.lstrip()) >= inner
            ):
                break
            if row.strip():
                last = line
            line += 1
        return last

    def _aligned(self, node: ast.stmt, writer: Writer) -> list[Edit]:
        """Return a statement of several lines, those behind the first aligned again."""
        edits = writer.inside(node)
        if not edits:
            return []
        start, end = self.module.start(node), self.module.end(node)
        column = self.module.line_column(start)[1]
        shifted = [(a - start, b - start, new) for a, b, new in edits]
        return [(start, end, moved(self.text[start:end], column, self._column(node), shifted))]

    def _deletions(self) -> list[Edit]:
        edits: list[Edit] = []
        removed = self.phases.removed
        for node in removed:
            if self._stands_in_gone_text(node):
                continue
            start = self.module.offset(node.lineno, 0)
            end = self.module.end(node)
            behind = comment_end(self.text, end)
            comment = self.text[end:behind].strip()
            rest = self.text[behind : self._line_end(end) if behind == end else behind]
            if self.text[start : self.module.start(node)].strip() or rest.strip(" \t\r\n"):
                raise Refusal(node, "layout", "it shares its line with another statement")
            if self._empties(node):
                if not self._is_first(node):
                    edits.append((self.module.start(node), end, "pass"))
                    continue
                self._emptied.add(self._line_end(end))
            if comment and not TELLS_OF_SESSION.search(comment):
                edits.append((self.module.start(node), behind, comment))
                continue
            above = self._above(node)
            comments = self.text[above:start]
            tells = comments and all(TELLS_OF_SESSION.search(row) for row in comments.splitlines())
            if tells or removed[node] in ("hoisted", "lookup"):
                start = above
            edits.append((start, self._line_end(end), ""))
        return self._closed_up(edits)

    def _closed_up(self, edits: list[Edit]) -> list[Edit]:
        """Let lines that go take the blank lines with them that would stand double."""
        found: list[Edit] = []
        for start, end, new in sorted(edits):
            if new:
                found.append((start, end, new))
                continue
            if found and not found[-1][2] and not self.text[found[-1][1] : start].strip():
                start = found.pop()[0]
            before = self.text[:start]
            if end in self._emptied:
                pass  # another method follows
            elif before.endswith(("\n\n", ":\n")) or not before.strip():
                while end < len(self.text) and not self.text[end : self._line_end(end)].strip():
                    end = self._line_end(end)
            found.append((start, end, ""))
        return found

    def _stands_in_gone_text(self, node: ast.stmt) -> bool:
        return any(at in self.phases.removed for at in self.module.ancestors(node))

    def _vanishes(self, node: ast.stmt) -> bool:
        if node in self.phases.removed:
            return True
        return (
            isinstance(node, ast.With)
            and is_gone(self.facts, node)
            and all(self._vanishes(inner) for inner in node.body)
        )

    def _empties(self, node: ast.stmt) -> bool:
        """Whether a block would be left empty, and ``node`` is the last statement of it."""
        at: ast.AST = node
        while True:
            parent = self.module.parents[at]
            for name in ("body", "orelse", "finalbody"):
                block = getattr(parent, name, None)
                if not isinstance(block, list) or at not in block:
                    continue
                if isinstance(parent, ast.Module) or not all(self._vanishes(one) for one in block):
                    return False
                if block[-1] is not at:
                    return False
                if isinstance(parent, ast.With) and is_gone(self.facts, parent):
                    at = parent
                    break
                return True
            else:
                return False

    def _is_first(self, node: ast.stmt) -> bool:
        """Whether a statement stands in an ``__init__`` itself, which calls its base class's."""
        method = self.module.parents[node]
        return (
            isinstance(method, ast.FunctionDef)
            and method.name == "__init__"
            and self.module.parents[method] in self.facts.family_of
        )

    def _dedents(self, edits: list[Edit]) -> list[Edit]:
        """Take away the headers of the blocks of sessions, and the indentation inside."""
        found: list[Edit] = []
        by_line: dict[int, int] = {}
        for node in self.module.nodes:
            if not isinstance(node, ast.With) or not is_gone(self.facts, node):
                continue
            depth = self._depth(node)
            header = node.body[0].lineno
            first = node.lineno
            comments = [
                row.strip()
                for row in self.text[
                    self.module.offset(first, 0) : self.module.offset(header, 0)
                ].split("\n")
                if "#" in row
            ]
            opened = max(item.context_expr.end_lineno or first for item in node.items)
            line = header
            while line > opened + 1 and self._row(line - 1).strip()[:1] in ("", "#"):
                line -= 1
            while not self._row(line).strip():
                line += 1
            start = self.module.offset(first, 0)
            if any("#" in row and not row.startswith("#") for row in comments):
                raise Refusal(node, "comment", "a comment stands beside a session that goes")
            if self.text[start : self.module.start(node)].strip():
                raise Refusal(node, "layout", "it shares its line with another statement")
            found.append((start, self.module.offset(line, 0), ""))
            for at in range(line, self._last_line(node) + 1):
                by_line[at] = by_line.get(at, 0) + depth
        covered = [(start, end) for start, end, new in edits if end > start]
        for at, depth in by_line.items():
            if at in self.strings:
                continue
            start = self.module.offset(at, 0)
            row = self._row(at)
            room = len(row) - len(row.lstrip(" \t"))
            if row.strip() and not any(a <= start < b for a, b in covered):
                found.append((start, start + min(depth, room), ""))
        return found


def outermost(edits: list[Edit]) -> list[Edit]:
    """Return the edits that lie in no other, in order."""
    result: list[Edit] = []
    for edit in sorted(set(edits), key=lambda edit: (edit[0], -(edit[1] - edit[0]))):
        inserted = edit[0] == edit[1] and bool(result) and edit[0] == result[-1][0]
        if result and edit[1] <= result[-1][1] and edit[0] < result[-1][1] and not inserted:
            continue
        result.append(edit)
    return sorted(result, key=lambda edit: (edit[0], edit[1]))
