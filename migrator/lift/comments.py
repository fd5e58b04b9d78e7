"""Which comments go where, and which go with the session.

Every comment of a file is kept, in this order of places:

- a comment right above a statement, or behind it, goes where the statement goes, once; what stands
  above a name scope goes with the first statement in it;
- the comments of what initialized the variables stand above the line that makes the module, which
  does it now; those of what prepared an export, above the export;
- a comment of another statement that goes stays where it is, for what comes next.

One kind is dropped: a block of comments that stands at a statement that goes with the session, and
says nothing but that.  It is told by its words: each is in a closed list of those that speak of
opening, starting and closing a session and of running its initializer.  A comment with any other
word stays, whatever it means.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from migrator.lift.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from migrator.lift.scope import Scope

__all__ = ["OF_SESSION", "leading_comments", "tells_of_session", "tells_of_variables"]

#: Kinds of statements whose comments may be dropped with them.
OF_SESSION = frozenset({Kind.SESSION, Kind.INIT, Kind.CONFIG})

_SESSION = frozenset({"session", "sess", "sessions"})
_START = frozenset(
    {"initialize", "initializing", "initialise", "initialising", "init", "initializes"}
    | {"initializer", "initializers", "initialization", "initialisation", "initialized"}
)
_GRAPH = frozenset({"graph", "graphs"})
_ACTS = frozenset({"launch", "start", "open", "create", "begin", "close", "run", "reset", "clear"})
_FILL = frozenset(
    {"a", "an", "the", "all", "new", "our", "this", "of", "for", "in", "to", "and", "with", "is"}
    | {"op", "operation", "ops", "default", "interactive", "tensorflow", "tf", "global", "local"}
    | {"first", "now", "it", "get", "make", "handle", "variable", "variables", "vars", "e", "i"}
    | {"assign", "their", "its", "value", "values", "step", "computation", "computational"}
    | {"previous", "current", "any", "from", "we", "need", "must", "before", "node", "nodes"}
)
_WORDS = _SESSION | _START | _GRAPH | _ACTS | _FILL


def _words(comment: str) -> list[str]:
    return re.findall(r"[a-z0-9_]+", comment.lower())


def tells_of_session(comments: Iterable[str]) -> bool:
    """Whether a block of comments says only that a session is opened, used to initialize, closed.

    A comment without a word, such as a line of dashes, says nothing and so is not told of.
    """
    words = [_words(comment) for comment in comments]
    if not all(words) or not words:
        return False
    every = {word for row in words for word in row}
    opens = bool(every & _GRAPH and every & _ACTS)
    return every <= _WORDS and bool(opens or every & (_SESSION | _START))


def tells_of_variables(comments: Iterable[str]) -> bool:
    """Whether a block of comments that tells of a session says that variables are initialized."""
    every = {word for comment in comments for word in _words(comment)}
    return bool(every & _START) and bool(every & {"variable", "variables", "vars"})


def leading_comments(scope: Scope, node: ast.stmt) -> tuple[int, list[str]]:
    """Return where the comments right above a statement start, and their lines without indent."""
    start, lines = _above(scope, node)
    around = scope.module.parents.get(node)
    moves = any(step.node is node for step in scope.steps)
    if not moves or not isinstance(around, ast.With) or around not in scope.scopes:
        return start, lines
    if around.body[0] is not node or not _starts_block(scope, around, start):
        return start, lines
    outer, above = leading_of_scope(scope, around)
    return outer, [*above, *lines]


def leading_of_scope(scope: Scope, block: ast.With) -> tuple[int, list[str]]:
    """Return the comments above a name scope and those around it that it opens, and its own."""
    start, lines = _above(scope, block)
    header = scope.module.text[scope.module.offset(block.lineno, 0) :].partition("\n")[0]
    _, mark, behind = header.partition("#")
    if mark:
        lines.append(f"#{behind}".rstrip())
    around = scope.module.parents.get(block)
    if isinstance(around, ast.With) and around in scope.scopes and around.body[0] is block:
        outer, above = leading_of_scope(scope, around)
        return outer, [*above, *lines]
    return start, lines


def _starts_block(scope: Scope, block: ast.With, start: int) -> bool:
    """Whether only the header of ``block`` stands between its own start and ``start``."""
    first = scope.module.offset(block.lineno, 0)
    return "\n" not in scope.module.text[first:start].strip()


def _above(scope: Scope, node: ast.stmt) -> tuple[int, list[str]]:
    text = scope.module.text
    start = scope.module.offset(node.lineno, 0)
    lines: list[str] = []
    while start > 0:
        before = text.rfind("\n", 0, start - 1) + 1
        row = text[before:start].strip()
        if not row.startswith("#") or row.startswith("#!") or ("coding" in row and before < 200):
            break
        lines.append(row)
        start = before
    return start, lines[::-1]
