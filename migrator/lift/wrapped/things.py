"""What the names of a scope stand for when its graph is built once and kept whole."""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass, field

__all__ = ["Export", "Feed", "Sort", "Thing", "Use"]


class Sort(enum.Enum):
    """What a name or an expression is."""

    HOST = "host value"
    GRAPH = "graph value"
    VARIABLE = "variable"
    INIT = "init op"
    SESSION = "session"
    CONFIG = "session configuration"  #: or the graph object: it goes with the session
    SAVER = "saver"
    WRITER = "summary writer"
    FEED = "feed dictionary"
    BUILDER = "builder"
    INFO = "tensor info"
    SIGNATURE = "signature"


#: What stands in the build of the module.
IN_BUILD = frozenset({Sort.GRAPH, Sort.VARIABLE, Sort.SAVER})


@dataclass(eq=False)
class Thing:
    """What one expression stands for; of a named one, one version of the name."""

    sort: Sort
    node: ast.AST | None = None
    plain: bool = False  #: an ordinary Python value that the build computes
    graph: bool = False  #: the graph itself, as an object
    maybe: bool = False  #: bound on some ways only
    feed: Feed | None = None
    call: ast.Call | None = None
    items: list[Thing] = field(default_factory=list)
    loops: tuple[int, ...] = ()  #: those that the statement stands in which binds it
    covers: frozenset[str] = frozenset()  #: kinds of variables that an init op initializes

    @property
    def is_built(self) -> bool:
        """Whether it lives in the build of the module."""
        return self.sort in IN_BUILD


@dataclass(eq=False)
class Feed:
    """A feed dictionary: what is fed, and with which values."""

    node: ast.Dict
    keys: list[ast.expr]
    values: list[ast.expr]


@dataclass(eq=False)
class Use:
    """A distinct use of the session: what is fetched when what is fed."""

    fetch: ast.expr
    feeds: list[ast.expr]
    versions: dict[str, Thing]  #: of the names that both read
    update: str = ""  #: the name of a fetched train op
    after: int = 0  #: how many statements of the build it needs
    name: str = ""
    calls: list[ast.expr] = field(default_factory=list)


@dataclass(eq=False)
class Export:
    """One export: its statement, directory and signatures."""

    statement: ast.stmt
    call: ast.Call
    directory: ast.expr
    #: key -> inputs and outputs, as expressions of dictionaries, and method name
    signatures: dict[str, tuple[ast.expr, ast.expr, str]]
    after: int = 0
    name: str = ""
