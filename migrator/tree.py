"""The bridge between ast, which analyses, and libcst, which edits.

Positions are taken from one pass of libcst's code generation that records the offsets of
expressions and imports only: a tenth of what its PositionProvider costs.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from typing import Any

import libcst as cst
from libcst._nodes.internal import CodegenState

from migrator.names import Module

__all__ = ["Edits", "Tree", "expression", "statement", "substitute"]

Edits = dict[cst.CSTNode, "cst.CSTNode | cst.FlattenSentinel[Any] | None"]


class _Recorder(CodegenState):
    """Code generation that remembers where expressions and import statements stand."""

    __slots__ = ("_at", "spans", "starts")

    def __init__(self, default_indent: str, default_newline: str) -> None:
        super().__init__(default_indent=default_indent, default_newline=default_newline)
        self._at = 0
        self.spans: dict[tuple[int, int], list[cst.CSTNode]] = {}
        self.starts: dict[int, cst.CSTNode] = {}

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self._at += len(value)

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.tokens.append(token)
            self._at += len(token)

    def before_codegen(self, node: cst.CSTNode) -> None:
        if isinstance(node, (cst.Import, cst.ImportFrom)):
            self.starts[self._at] = node

    def record_syntactic_position(  # type: ignore[override]
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,
        end_node: cst.CSTNode | None = None,
    ) -> _Record:
        return _Record(self, node)


class _Record:
    __slots__ = ("node", "start", "state")

    def __init__(self, state: _Recorder, node: cst.CSTNode) -> None:
        self.state = state
        self.node = node

    def __enter__(self) -> None:
        self.start = self.state._at

    def __exit__(self, *exc: object) -> None:
        if isinstance(self.node, cst.BaseExpression):
            self.state.spans.setdefault((self.start, self.state._at), []).append(self.node)


#: ast class -> the libcst class(es) that hold the same expression
_KINDS: dict[type[ast.AST], tuple[type[cst.CSTNode], ...]] = {
    ast.Call: (cst.Call,),
    ast.Name: (cst.Name,),
    ast.Attribute: (cst.Attribute,),
    ast.Dict: (cst.Dict,),
    ast.DictComp: (cst.DictComp,),
    ast.List: (cst.List,),
    ast.Tuple: (cst.Tuple,),
    ast.Subscript: (cst.Subscript,),
    ast.Constant: (cst.SimpleString, cst.ConcatenatedString, cst.Integer, cst.Float, cst.Name),
}


class Tree:
    """One file parsed by both parsers, with the way from an ast node to its libcst node.

    Raises:
        libcst.ParserSyntaxError: libcst cannot parse what ast can.
        ValueError: libcst does not give the text back as it is, so no edit could be exact.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.cst = cst.parse_module(module.text)
        recorder = _Recorder(self.cst.default_indent, self.cst.default_newline)
        self.cst._codegen(recorder)
        if "".join(recorder.tokens) != module.text:
            raise ValueError("libcst does not reproduce this file exactly (mixed newlines at its end?)")
        self._spans = recorder.spans
        self._starts = recorder.starts
        self.parents: dict[cst.CSTNode, cst.CSTNode] = {}
        for parent, child in _edges(self.cst):
            self.parents[child] = parent

    def node(self, node: ast.expr) -> cst.BaseExpression | None:
        """Return the libcst node of the ast expression ``node``, or None.

        None happens inside f-strings before Python 3.12, whose ast positions are relative.
        """
        key = (self.module.start(node), self.module.end(node))
        kinds = _KINDS.get(type(node), (cst.BaseExpression,))
        for found in self._spans.get(key, ()):
            if isinstance(found, kinds):
                return found  # type: ignore[return-value]
        if isinstance(node, (ast.GeneratorExp, ast.Tuple)):
            # ast counts the parentheses in, libcst does not
            for found in self._spans.get((key[0] + 1, key[1] - 1), ()):
                if isinstance(found, (cst.GeneratorExp, cst.Tuple)):
                    return found
        return None

    def import_node(self, node: ast.Import | ast.ImportFrom) -> cst.CSTNode | None:
        """Return the libcst Import or ImportFrom of the ast statement ``node``."""
        return self._starts.get(self.module.start(node))

    def line(self, node: cst.CSTNode) -> cst.SimpleStatementLine | None:
        """Return the line that consists of the one small statement around ``node``, or None."""
        at: cst.CSTNode | None = node
        while at is not None and not isinstance(at, cst.BaseSmallStatement):
            at = self.parents.get(at)
        if at is None:
            return None
        line = self.parents.get(at)
        if isinstance(line, cst.SimpleStatementLine) and len(line.body) == 1:
            return line
        return None

    def code(self, node: cst.CSTNode) -> str:
        """Return the source of ``node`` without the blank lines and comments before it."""
        if isinstance(node, (cst.SimpleStatementLine, cst.With)):
            node = node.with_changes(leading_lines=())
        return self.cst.code_for_node(node).strip("\r\n")

    def apply(self, edits: Edits) -> cst.Module:
        """Return the module with ``edits`` made in one pass, also inside replacements.

        Raises:
            LookupError: an edit's node was neither reached nor part of a replaced region.
        """
        editor = _Editor(edits)
        result = self.cst.visit(editor)
        missed = [node for node in edits if node not in editor.done]
        for node in missed:
            at = self.parents.get(node)
            while at is not None and at not in editor.done:
                at = self.parents.get(at)
            if at is None:
                raise LookupError(f"an edit was lost: {self.code(node)!r}")
        return result


_FIELDS: dict[type, tuple[str, ...]] = {}


def _edges(root: cst.CSTNode) -> Iterator[tuple[cst.CSTNode, cst.CSTNode]]:
    """Yield (parent, child) below ``root``, leaving out whitespace."""
    stack = [root]
    while stack:
        node = stack.pop()
        kind = type(node)
        names = _FIELDS.get(kind)
        if names is None:
            names = _FIELDS[kind] = tuple(
                f.name
                for f in dataclasses.fields(node)
                if "whitespace" not in f.name
                and f.name not in ("leading_lines", "lpar", "rpar", "comma", "header", "footer")
            )
        for name in names:
            value = getattr(node, name)
            if isinstance(value, cst.CSTNode):
                yield node, value
                stack.append(value)
            elif isinstance(value, (list, tuple)):
                for item in value:
                    if isinstance(item, cst.CSTNode):
                        yield node, item
                        stack.append(item)


class _Editor(cst.CSTTransformer):
    """Replace by node identity; a replacement may hold the node it replaces."""

    def __init__(self, edits: Edits) -> None:
        super().__init__()
        self.edits = edits
        self.done: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node not in self.edits or node in self.done

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        if original_node not in self.edits or original_node in self.done:
            return updated_node
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


class _Substitute(cst.CSTTransformer):
    def __init__(self, nodes: dict[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.nodes = nodes

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.nodes.get(original_node.value, updated_node)


def substitute(node: Any, nodes: dict[str, cst.BaseExpression]) -> Any:
    """Return ``node`` with the Names that are keys of ``nodes`` replaced by those very nodes."""
    return node.visit(_Substitute(nodes)) if nodes else node


def expression(source: str, **nodes: cst.BaseExpression) -> cst.BaseExpression:
    """Return ``source`` parsed, with the names given as keywords replaced by libcst nodes.

    The nodes are inserted as they are, not copied, so that edits inside them still apply.
    """
    parsed: cst.BaseExpression = substitute(cst.parse_expression(source), nodes)
    return parsed


def statement(source: str, **nodes: cst.BaseExpression) -> Any:
    """Return the one statement ``source`` parsed, with names replaced as :func:`expression`."""
    return substitute(cst.parse_statement(source), nodes)
