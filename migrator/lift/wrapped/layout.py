"""What leaves the text of a lifted file, and how the rest closes up."""

from __future__ import annotations

import ast
import re
import tokenize
from collections import Counter

from migrator.lift.comments import tells_of_session
from migrator.lift.kinds import Refusal
from migrator.lift.layout import string_lines
from migrator.lift.text import Edit, comment_end, tokens
from migrator.lift.wrapped.analysis import Analysis
from migrator.lift.wrapped.build import Build
from migrator.lift.wrapped.things import Sort

__all__ = ["Layout", "comment_places"]


class Layout:
    """The text of one file, where its parts stand, and the edits that are made to it.

    Args:
        scope: the analysis, done and checked.
        tensorflow: the name that TensorFlow is imported as.
        tab: one level of indentation.
    """

    def __init__(self, scope: Analysis, tensorflow: str, tab: str) -> None:
        self.scope = scope
        self.module = scope.module
        self.text = self.module.text
        self.tf = tensorflow
        self.tab = tab
        self.edits: list[Edit] = []
        self.build = Build(scope, tensorflow, tab)
        self._saves = {node: (saver, form) for node, saver, form in scope.saves}
        self._comments_at = [
            (self.module.offset(row, 0) + column, text)
            for row, column, text in comment_places(self.text)
        ]
        self.dropped: Counter[str] = Counter()  #: comments that say that a session is opened
        self._at = 0  #: where the module is made

    def _column(self, node: ast.stmt) -> int:
        """Return the column of a statement once the blocks of the session are gone."""
        column = self.module.line_column(self.module.start(node))[1]
        for around in self.module.ancestors(node):
            if isinstance(around, ast.With) and around in self.scope.withs:
                column -= self._depth(around)
        return column

    def _depth(self, node: ast.With) -> int:
        inner = self.module.line_column(self.module.start(node.body[0]))[1]
        outer = self.module.line_column(self.module.start(node))[1]
        if node.body[0].lineno == node.lineno:
            raise Refusal(node, "layout", "its block stands on the line of the `with`")
        return inner - outer

    def _line_start(self, line: int) -> int:
        if line > self.module.lines:
            return len(self.text)
        return self.module.offset(line, 0)

    def _row(self, line: int) -> str:
        start = self.module.offset(line, 0)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    def _header_line(self, node: ast.With) -> int:
        last = node.items[-1]
        end = last.optional_vars or last.context_expr
        line = end.end_lineno or node.lineno
        while ":" not in self._row(line) and line < node.body[0].lineno - 1:
            line += 1
        return line

    def _last_line(self, node: ast.With) -> int:
        """Return the last line that belongs to a block, comments of its depth included."""
        last = node.end_lineno or node.lineno
        inner = self.module.line_column(self.module.start(node.body[0]))[1]
        for line in range(last + 1, self.module.lines):
            row = self._row(line)
            if not row.strip():
                continue
            if not (row.lstrip().startswith("#") and len(row) - len(row.lstrip()) >= inner):
                break
            last = line
        return last

    def _starts(self, node: ast.stmt, sort: Sort) -> bool:
        """Whether the comments of a statement that goes tell of initialization."""
        if sort is Sort.INIT:
            return True
        return re.search("(?i)initiali[sz]", " ".join(self.build.comments_above(node))) is not None

    def _start_comments(self) -> list[str]:
        """Return the comments of the statements that initialized the variables."""
        lines: list[str] = []
        for node, sort in sorted(self.scope.removed.items(), key=lambda item: item[0].lineno):
            if self._starts(node, sort):
                lines += self.build.comments_above(node)
                lines += self.build.comment_behind(node)
        return lines

    def _comments_above(self) -> None:
        """Put the comments among the arguments of what was replaced above its statement."""
        nodes: list[ast.AST] = [*self.scope.use_of, *self.scope.named, *self._saves]
        nodes += self.scope.writers
        values = {value for feed in self.scope.feeds.values() for value in feed.values}
        for node in nodes:
            assert isinstance(node, ast.Call)
            start, end = self.module.start(node), self.module.end(node)
            inside = [
                comment
                for at, comment in self._comments_at
                if start <= at < end
                and not any(
                    self.module.start(value) <= at < self.module.end(value) for value in values
                )
            ]
            if not inside:
                continue
            statement = self.module.statement(node)
            line = self.module.offset(statement.lineno, 0)
            if self.text[line : self.module.start(statement)].strip():
                raise Refusal(statement, "layout", "it shares its line with another statement")
            indent = " " * self._column(statement)
            self.edits.append((line, line, "".join(f"{indent}{row}\n" for row in inside)))

    def _delete(self) -> None:
        """Delete what moved or went, with the blank lines that it leaves behind."""
        regions = [*self.build.regions]
        for node, sort in self.scope.removed.items():
            line = self.module.offset(node.lineno, 0)
            end = comment_end(self.text, self.module.end(node))
            behind = self.build.comment_behind(node)
            starts = self._starts(node, sort)
            start = self.build.leading(node) if starts else self._told(node, line)
            self.build.check_alone(node)
            if behind and not starts:
                at = self.text.index("#", self.module.end(node))
                self.edits.append((self.module.start(node), at, ""))
                if start < line:
                    regions.append((start, line))
                continue
            end = self.text.find("\n", end) + 1 or len(self.text)
            regions.append((start, end))
        for block in self.scope.withs:
            line = self.module.offset(block.lineno, 0)
            start = self._told(block, line)
            if start < line:
                regions.append((start, line))
        regions.sort()
        index = 0
        while index < len(regions):
            start, end = regions[index]
            index += 1
            while index < len(regions) and not self.text[end : regions[index][0]].strip():
                end = max(end, regions[index][1])
                index += 1
            before = self.text[:start]
            if start <= self._at <= end:
                self.edits.append((start, end, ""))  # what is inserted takes its place
                continue
            blank = len(before) - len(before.rstrip("\n")) - 1
            if not before.strip() or before.endswith(":\n"):
                blank = len(self.text)
            while blank > 0:  # of two runs of blank lines, the longer one stays
                line_end = self.text.find("\n", end) + 1
                if not line_end or self.text[end:line_end].strip():
                    break
                end, blank = line_end, blank - 1
            self.edits.append((start, end, ""))

    def _told(self, node: ast.stmt, line: int) -> int:
        """Return where the comments above start that go with a statement of the session's."""
        comments = self.build.comments_above(node)
        if not tells_of_session(comments):
            return line
        self.dropped.update(comments)
        return self.build.leading(node)

    def _dedent(self) -> None:
        """Take away the blocks of sessions and graphs, not what is in them."""
        strings = string_lines(self.text)
        by_line: dict[int, int] = {}
        for node in self.scope.withs:
            depth = self._depth(node)
            first = self.module.offset(node.lineno, 0)
            header = self._header_line(node)
            head = self.text[first : self.module.offset(header + 1, 0)]
            comments = [f"#{row.partition('#')[2]}" for row in head.split("\n") if "#" in row]
            indent = " " * self._column(node)
            new = "".join(f"{indent}{row.rstrip()}\n" for row in comments)
            self.edits.append((first, self.module.offset(header + 1, 0), new))
            for line in range(header + 1, self._last_line(node) + 1):
                by_line[line] = by_line.get(line, 0) + depth
        covered = [(start, end) for start, end, _ in self.edits if end > start]
        for line, depth in by_line.items():
            start = self.module.offset(line, 0)
            row = self._row(line)
            if line in strings or not row.strip():
                continue
            room = len(row) - len(row.lstrip(" \t"))
            if not any(at <= start < end for at, end in covered):
                self.edits.append((start, start + min(depth, room), ""))


def comment_places(text: str) -> list[tuple[int, int, str]]:
    """Return line, column and text of every comment."""
    return [
        (token.start[0], token.start[1], token.string.rstrip())
        for token in tokens(text)
        if token.type == tokenize.COMMENT
    ]
