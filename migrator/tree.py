"""The bridge between ast, which analyses, and libcst, which edits.

Positions are taken from one pass of libcst's code generation that records the offsets of
expressions, imports and lines only: a tenth of what its PositionProvider costs.  Edits are spliced
into the original text, so that what is not edited keeps every byte.
"""

from __future__ import annotations

import ast
import bisect
import re
import weakref
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

from migrator.names import Module, Symbol

__all__ = [
    "Edited",
    "Edits",
    "Nodes",
    "Tree",
    "expression",
    "identifiers",
    "nodes_of",
    "statement",
    "substitute",
]

Edits = dict[cst.CSTNode, "cst.CSTNode | cst.FlattenSentinel[Any] | None"]


class Nodes:
    """The nodes of a module by kind, collected in one pass over it."""

    def __init__(self, module: Module) -> None:
        self.names: list[ast.Name] = []
        self.attributes: list[ast.Attribute] = []
        self.imports: list[ast.Import | ast.ImportFrom] = []
        #: method name -> the ``x.name`` of its calls
        self.method_calls: dict[str, list[ast.Attribute]] = {}
        for node in module.scope_of:
            if isinstance(node, ast.Name):
                self.names.append(node)
            elif isinstance(node, ast.Attribute):
                self.attributes.append(node)
                parent = module.parents[node]
                if isinstance(parent, ast.Call) and parent.func is node:
                    self.method_calls.setdefault(node.attr, []).append(node)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self.imports.append(node)
        #: what :meth:`Module.references` yields
        self.references: list[tuple[ast.Name | ast.Attribute, Symbol]] = list(module.references())


_NODES: weakref.WeakKeyDictionary[Module, Nodes] = weakref.WeakKeyDictionary()


def nodes_of(module: Module) -> Nodes:
    """Return the nodes of ``module`` by kind."""
    found = _NODES.get(module)
    if found is None:
        found = _NODES[module] = Nodes(module)
    return found


def identifiers(module: Module) -> set[str]:
    """Return every name that ``module`` binds or uses."""
    bound = {name for scope in module.scopes.values() for name in scope.bindings}
    return bound | {node.id for node in nodes_of(module).names}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: its offsets without parentheses, comma or line end."""

    start: int
    end: int
    indent: tuple[str, ...]  #: what multi-line code inside repeats at each line's start


class _Recorder(CodegenState):
    """Code generation that remembers where expressions, imports and lines stand."""

    __slots__ = ("_at", "_indent", "places")

    def __init__(self, default_indent: str, default_newline: str) -> None:
        super().__init__(default_indent=default_indent, default_newline=default_newline)
        self._at = 0
        self._indent: tuple[str, ...] = ()
        self.places: dict[cst.CSTNode, _Place] = {}

    def increase_indent(self, value: str) -> None:
        self.indent_tokens.append(value)
        self._indent = tuple(self.indent_tokens)

    def decrease_indent(self) -> None:
        self.indent_tokens.pop()
        self._indent = tuple(self.indent_tokens)

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self._at += len(value)

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.tokens.append(token)
            self._at += len(token)

    def record_syntactic_position(  # type: ignore[override]
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> _Record | _Nothing:
        return _Record(self, node) if isinstance(node, _RECORDED) else _NOTHING


_RECORDED = (
    cst.Call,
    cst.Name,
    cst.Attribute,
    cst.SimpleString,
    cst.ImportAlias,
    cst.Import,
    cst.ImportFrom,
    cst.SimpleStatementLine,
)


class _Nothing:
    """A context that records nothing."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exc: object) -> None:
        return None


_NOTHING = _Nothing()


class _Record:
    __slots__ = ("node", "start", "state")

    def __init__(self, state: _Recorder, node: cst.CSTNode) -> None:
        self.state = state
        self.node = node

    def __enter__(self) -> None:
        self.start = self.state._at

    def __exit__(self, *exc: object) -> None:
        state = self.state
        state.places[self.node] = _Place(self.start, state._at, state._indent)


#: ast class -> the libcst class that holds the same expression
_KINDS: dict[type[ast.AST], type[cst.CSTNode]] = {
    ast.Call: cst.Call,
    ast.Name: cst.Name,
    ast.Attribute: cst.Attribute,
    ast.Constant: cst.SimpleString,
}


@dataclass(frozen=True, slots=True)
class Edited:
    """The text after some edits, and what became of each region of the original."""

    text: str
    #: (start, end, new start, new end) of what was replaced, in order
    pieces: tuple[tuple[int, int, int, int], ...] = ()

    def region(self, start: int, end: int) -> str:
        """Return what stands now where ``[start, end)`` of the original stood."""
        new_start, new_end = start, end
        for old_start, old_end, at, to in self.pieces:
            if old_start <= start < old_end:
                new_start = at
            elif old_end <= start:
                new_start = start + to - old_end
            if old_start < end <= old_end:
                new_end = to
            elif old_end <= end:
                new_end = end + to - old_end
        return self.text[new_start:new_end]


class Tree:
    """One file parsed by both parsers, with the way from an ast node to its libcst node.

    Args:
        module: the file.
        end: parse only so many characters, which end between two top-level statements; what lies
            behind can be read but not edited.  Most files of a program change their imports only,
            and libcst takes ten times as long as ast.

    Raises:
        libcst.ParserSyntaxError: libcst cannot parse what ast can.
        ValueError: libcst does not give the text back as it is, so no edit could be exact.
    """

    def __init__(self, module: Module, end: int | None = None) -> None:
        self.module = module
        self.cst = cst.parse_module(module.text[:end])
        recorder = _Recorder(self.cst.default_indent, self.cst.default_newline)
        self.cst._codegen(recorder)
        # of blank lines with spaces at a file's end libcst makes others; no node stands there
        self._end = max((place.end for place in recorder.places.values()), default=0)
        if "".join(recorder.tokens)[: self._end] != module.text[: self._end]:
            raise ValueError("libcst does not reproduce this file exactly")
        self._places = recorder.places
        self._at: dict[tuple[int, int], list[cst.CSTNode]] = {}
        self._imports: dict[int, cst.Import | cst.ImportFrom] = {}
        self._lines: list[cst.SimpleStatementLine] = []
        for node, place in self._places.items():
            if isinstance(node, (cst.Call, cst.Name, cst.Attribute, cst.SimpleString)):
                self._at.setdefault((place.start, place.end), []).append(node)
            elif isinstance(node, cst.SimpleStatementLine):
                self._lines.append(node)
            elif isinstance(node, (cst.Import, cst.ImportFrom)):
                self._imports[place.start] = node
        self._line_starts = [self._places[line].start for line in self._lines]
        self._shifts: dict[cst.CSTNode, tuple[int, int]] = {}

    def node(self, node: ast.expr) -> cst.BaseExpression | None:
        """Return the libcst node of the call, name, attribute or string ``node``, or None.

        None happens inside f-strings before Python 3.12, whose ast positions are not reliable.
        """
        kind = _KINDS.get(type(node))
        if kind is None:
            return None
        for found in self._at.get((self.module.start(node), self.module.end(node)), ()):
            if isinstance(found, kind):
                if self.module.enclosing(node, (ast.JoinedStr,)) and not self._same(found, node):
                    return None
                return found  # type: ignore[return-value]
        return None

    def _same(self, found: cst.CSTNode, node: ast.expr) -> bool:
        parsed = ast.parse(f"({self.code(found)})", mode="eval").body
        return ast.dump(parsed) == ast.dump(node)

    def import_node(self, node: ast.Import | ast.ImportFrom) -> cst.Import | cst.ImportFrom | None:
        """Return the libcst node of the ast statement ``node``."""
        return self._imports.get(self.module.start(node))

    def any_line(self, node: cst.CSTNode) -> cst.SimpleStatementLine | None:
        """Return the line of simple statements around ``node``, or None in a one-line block."""
        place = self._places[node]
        index = bisect.bisect_right(self._line_starts, place.start) - 1
        if index < 0 or place.end > self._places[self._lines[index]].end:
            return None
        return self._lines[index]

    def line(self, node: cst.CSTNode) -> cst.SimpleStatementLine | None:
        """Return the line that consists of the one small statement around ``node``, or None."""
        line = self.any_line(node)
        return line if line is not None and len(line.body) == 1 else None

    def indent(self, node: cst.CSTNode) -> str:
        """Return the indentation of the block that ``node`` stands in."""
        return "".join(self._places[node].indent)

    def column(self, node: cst.CSTNode) -> int:
        """Return the column at which ``node`` starts."""
        return self.module.line_column(self._places[node].start)[1]

    def code(self, node: cst.CSTNode) -> str:
        """Return the source of ``node`` by itself, without the lines before it."""
        if isinstance(node, (cst.SimpleStatementLine, cst.With)):
            node = node.with_changes(leading_lines=())
        return self.cst.code_for_node(node).strip("\r\n")

    # -- editing ----------------------------------------------------------------------

    def aligned(self, old: cst.Call, new: cst.Call, start: int | None = None) -> cst.Call:
        """Return ``new``, noted as taking the place of ``old``.

        Lines inside that were aligned with the first argument of ``old`` will be with that of
        ``new``.

        Args:
            old: a call of the original.
            new: a call with the arguments of ``old``, or some of them.
            start: the column at which ``new`` will stand, by default that of ``old``.
        """
        before, after = self.code(old.func), self.code(new.func)
        if isinstance(old.whitespace_before_args, cst.SimpleWhitespace) and "\n" not in before:
            column = self.column(old)
            first = column + len(before) + len(self.code(old.whitespace_after_func)) + 1
            moved = (column if start is None else start) - column + len(after) - len(before)
            self._shifts[new] = (first - len(self.indent(old)), moved)
        return new

    def shifted(self, new: cst.BaseExpression, column: int, by: int) -> None:
        """Note that lines inside ``new`` that are indented to ``column`` or deeper move by ``by``.

        Both count from the indentation of the block around.
        """
        if by:
            self._shifts[new] = (column, by)

    def renamed(self, old: cst.Arg, new: cst.Arg) -> cst.Arg:
        """Return ``new``, the keyword argument ``old`` by another name, noted for alignment."""
        value = new.value
        brace = getattr(value, "lbrace", getattr(value, "lbracket", None))
        inline = brace is not None and isinstance(brace.whitespace_after, cst.SimpleWhitespace)
        if inline and old.keyword is not None and new.keyword is not None:
            name = old.keyword
            first = self.column(name) - len(self.indent(name)) + len(name.value) + 2
            self._shifts[value] = (first, len(new.keyword.value) - len(name.value))
        return new

    def extent(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return the offsets of all that an edit of ``node`` replaces.

        That is, with the parentheses of an expression, the comma of an imported name, the
        semicolon of an import, the comments before a line and its newline.
        """
        place = self._places[node]
        before: Sequence[cst.CSTNode] = ()
        behind: Sequence[cst.CSTNode] = ()
        indent = 0
        if isinstance(node, cst.SimpleStatementLine):
            before, behind = node.leading_lines, (node.trailing_whitespace,)
            indent = sum(map(len, place.indent))
        elif isinstance(node, cst.BaseExpression):
            before, behind = node.lpar, node.rpar
        elif isinstance(node, cst.ImportAlias) and isinstance(node.comma, cst.Comma):
            behind = (node.comma,)
        elif isinstance(node, (cst.Import, cst.ImportFrom)) and isinstance(
            node.semicolon, cst.Semicolon
        ):
            behind = (node.semicolon,)
        start = place.start - len(self._render(before, place.indent)) - indent
        end = place.end + len(self._render(behind, place.indent))
        if end > self._end and isinstance(node, cst.SimpleStatementLine):
            rest = _REST_OF_LINE.match(self.module.text, place.end)
            assert rest is not None
            end = rest.end()
        return start, end

    def lost_comment(self, edits: Edits) -> str | None:
        """Return a comment that ``edits`` would remove, or None."""
        for node, replacement in edits.items():
            start, end = self.extent(node)
            if "#" not in self.module.text[start:end]:
                continue
            items: Iterable[cst.CSTNode] = ()
            if isinstance(replacement, cst.FlattenSentinel):
                items = replacement
            elif replacement is not None:
                items = (replacement,)
            lost = _comments([node]) - _comments(items)
            if lost:
                return next(iter(lost))
        return None

    def apply(self, edits: Edits) -> Edited:
        """Return the text with ``edits`` made, those inside replacements included.

        An edit inside a region that another edit replaces without it is dropped with the region.
        """
        extents = {node: self.extent(node) for node in edits}
        outer = sorted(
            edits,
            key=lambda node: (
                extents[node][0],
                -extents[node][1],
                not isinstance(node, cst.SimpleStatementLine),  # its newline may be missing
            ),
        )
        editor = _Editor(edits, self._shifts)
        text = self.module.text
        parts: list[str] = []
        pieces: list[tuple[int, int, int, int]] = []
        done = length = 0
        for node in outer:
            start, end = extents[node]
            if start < done:
                continue
            new = self._replacement(node, editor)
            if end == len(text) and not text.endswith(("\n", "\r")):
                new = new.rstrip("\r\n")
            parts += [text[done:start], new]
            length += start - done
            pieces.append((start, end, length, length + len(new)))
            length += len(new)
            done = end
        parts.append(text[done:])
        return Edited("".join(parts), tuple(pieces))

    def _replacement(self, node: cst.CSTNode, editor: _Editor) -> str:
        result = node.visit(editor)
        items: Sequence[cst.CSTNode]
        if isinstance(result, cst.FlattenSentinel):
            items = list(result)
        else:
            items = [result] if isinstance(result, cst.CSTNode) else []
        return self._render(items, self._places[node].indent)

    def _render(self, nodes: Iterable[cst.CSTNode], indent: Sequence[str]) -> str:
        state = CodegenState(self.cst.default_indent, self.cst.default_newline)
        state.indent_tokens.extend(indent)
        for node in nodes:
            node._codegen(state)
        return "".join(state.tokens)


class _Editor(cst.CSTTransformer):
    """Replace by node identity; a replacement may hold the node it replaces."""

    def __init__(self, edits: Edits, shifts: Mapping[cst.CSTNode, tuple[int, int]]) -> None:
        super().__init__()
        self.edits = edits
        self.shifts = shifts
        self.done: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node not in self.edits or node in self.done

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        if original_node not in self.edits or original_node in self.done:
            shift = self.shifts.get(original_node)
            return updated_node if shift is None else updated_node.visit(_Shift(*shift))
        self.done.add(original_node)
        replacement = self.edits[original_node]
        if replacement is None:
            return cst.RemoveFromParent()
        if isinstance(replacement, cst.FlattenSentinel):
            items: list[Any] = []
            for item in replacement:
                visited = item.visit(self)
                if isinstance(visited, cst.FlattenSentinel):
                    items.extend(visited)
                elif visited is not cst.RemovalSentinel.REMOVE:
                    items.append(visited)
            return cst.FlattenSentinel(items)
        return replacement.visit(self)


class _Shift(cst.CSTTransformer):
    """Move lines that are indented to a column, or deeper, sideways."""

    def __init__(self, column: int, by: int) -> None:
        super().__init__()
        self.column = column
        self.by = by

    def _moved(self, space: cst.SimpleWhitespace) -> cst.SimpleWhitespace:
        width = len(space.value)
        if width < self.column or space.value.strip(" "):
            return space
        return cst.SimpleWhitespace(" " * max(width + self.by, 0))

    def leave_ParenthesizedWhitespace(
        self, original_node: cst.ParenthesizedWhitespace, updated_node: cst.ParenthesizedWhitespace
    ) -> cst.ParenthesizedWhitespace:
        if not updated_node.indent:
            return updated_node
        return updated_node.with_changes(
            last_line=self._moved(updated_node.last_line),
            empty_lines=[
                line.with_changes(whitespace=self._moved(line.whitespace))
                for line in updated_node.empty_lines
            ],
        )


class _Comments(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def visit_Comment(self, node: cst.Comment) -> None:
        self.found[node.value.rstrip()] += 1


def _comments(nodes: Iterable[cst.CSTNode]) -> Counter[str]:
    visitor = _Comments()
    for node in nodes:
        node.visit(visitor)
    return visitor.found


class _Substitute(cst.CSTTransformer):
    def __init__(self, nodes: dict[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.nodes = nodes

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.nodes.get(original_node.value, updated_node)


def substitute(node: Any, nodes: dict[str, cst.BaseExpression]) -> Any:
    """Return ``node`` with the Names that are keys of ``nodes`` replaced by those very nodes."""
    return node.visit(_Substitute(nodes)) if nodes else node


_REST_OF_LINE = re.compile(r"[^\r\n]*(\r\n|\r|\n)?")
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


def expression(source: str, **nodes: cst.BaseExpression) -> cst.BaseExpression:
    """Return ``source`` parsed, with the names given as keywords replaced by libcst nodes.

    The nodes are inserted as they are, not copied, so that edits inside them still apply.
    """
    if not nodes and _DOTTED.fullmatch(source):
        first, *rest = source.split(".")
        chain: cst.BaseExpression = cst.Name(first)
        for name in rest:
            chain = cst.Attribute(chain, cst.Name(name))
        return chain
    parsed: cst.BaseExpression = substitute(cst.parse_expression(source), nodes)
    return parsed


def statement(source: str, **nodes: cst.BaseExpression) -> Any:
    """Return the one statement ``source`` parsed, with names replaced as :func:`expression`."""
    return substitute(cst.parse_statement(source), nodes)
