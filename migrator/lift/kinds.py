"""What the names of a graph-and-session scope stand for, and why a scope is not lifted."""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.lift.exports import Signature
    from migrator.lift.sessions import Saver

__all__ = [
    "UPDATES",
    "Kind",
    "Lifted",
    "Maker",
    "Record",
    "Refusal",
    "Run",
    "Step",
    "Value",
    "leaves",
    "updates_in",
]


class Refusal(Exception):
    """A scope is not lifted.

    Args:
        node: the place that stands against it.
        sentence: why, without a capital letter and a full stop, as it follows "because".
        precondition: the short name of the precondition that does not hold.
    """

    def __init__(self, node: ast.AST, precondition: str, sentence: str) -> None:
        super().__init__(sentence)
        self.node = node
        self.precondition = precondition
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Lifted:
    """A file whose scope was lifted."""

    text: str
    name: str  #: of the class that was made
    #: line and column of a saving call -> what it became
    answers: dict[tuple[int, int], str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  #: what was not carried over, and does no harm
    parts: frozenset[str] = frozenset()  #: parts of the bridge that the new text imports
    requirements: frozenset[str] = frozenset()  #: packages that it needs, ``tf-keras``
    #: class -> why a second instance of it in a process would differ from what it was
    single: dict[str, str] = field(default_factory=dict)


class Kind(enum.Enum):
    """What a name or an expression is."""

    HOST = "host value"
    PLACEHOLDER = "placeholder"
    VARIABLE = "variable"
    TENSOR = "tensor"
    STRUCT = "structure"  #: a dict, list or tuple literal that holds graph values
    OPTIMIZER = "optimizer"
    TRAIN = "train op"
    INIT = "init op"
    ASSIGN = "assign op"
    GROUP = "group of ops"
    GRADIENTS = "list of gradients"  #: with or without their variables
    VARIABLES = "list of variables"
    SAVER = "saver"
    SESSION = "session"
    CONFIG = "session configuration"  #: or the graph object: it goes with the session
    FEED = "feed dictionary"
    SUMMARY = "summary"
    RECORD = "summary that was run"
    WRITER = "summary writer"
    BUILDER = "builder"
    TENSOR_INFO = "tensor info"
    SIGNATURE = "signature"
    STALE = "value of a graph that was reset"


@dataclass(eq=False)
class Value:
    """What one expression stands for; of a named one, one version of the name."""

    kind: Kind
    node: ast.expr | None = None
    name: str | None = None  #: the name it was assigned to
    step: Step | None = None  #: the statement that did
    needs: frozenset[Value] = frozenset()  #: placeholders and variables below it
    several: bool = False  #: a tuple or list of tensors
    static: bool = False  #: told by the static shape and type of a tensor, so no tensor itself
    random: bool = False  #: gives another value at each run
    sparse: frozenset[Value] = frozenset()  #: variables whose gradient is sparse below it
    items: dict[object, Value] = field(default_factory=dict)  #: of a structure
    # of a variable
    tf_name: str = ""
    trainable: bool = True
    path: str = ""  #: how it is reached from the module, ``weights['h1']``
    # of a placeholder
    default: ast.expr | None = None  #: what it is where it is not fed
    dtype: str = ""  #: of one with a default
    # of an optimizer or a train op
    call: ast.Call | None = None
    of: Value | None = None  #: optimizer of a train op, variable of an assign op
    operand: ast.expr | None = None  #: loss of a train op, value of an assign op
    operand_value: Value | None = None
    variables: tuple[Value, ...] | None = None  #: the var_list of a train op
    listed: Value | None = None  #: the list of just these variables that has a name
    counter: Value | None = None  #: global step of a train op
    gradients: ast.expr | None = None  #: what a train op applies, if it is not the loss's own
    scoped: bool = False  #: a train op made in a scope, which some of its slots are named after
    rate: ast.expr | None = None  #: learning rate of an optimizer, where the graph computes it
    signature: Signature | None = None
    feed: dict[Value, ast.expr] = field(default_factory=dict)  #: of a feed dictionary
    saver: Saver | None = None
    records: tuple[Record, ...] = ()  #: of a summary
    maker: Maker | None = None  #: of a variable that a function of the file makes

    @property
    def is_graph(self) -> bool:
        """Whether it is part of the graph, and so must not reach host code."""
        return self.kind not in (Kind.HOST, Kind.CONFIG)

    @property
    def is_eager(self) -> bool:
        """Whether it is a tensor of constants, which TensorFlow 2 computes where it stands."""
        return self.kind is Kind.TENSOR and not self.needs and not self.random and not self.static

    def variables_below(self) -> frozenset[Value]:
        """Return the variables that it is computed from."""
        return frozenset(value for value in self.needs if value.kind is Kind.VARIABLE)

    def placeholders_below(self) -> frozenset[Value]:
        """Return the placeholders that it is computed from."""
        return frozenset(value for value in self.needs if value.kind is Kind.PLACEHOLDER)

    def changed(self) -> frozenset[Value]:
        """Return the variables that a train or assign op changes, its global step aside."""
        if self.kind is Kind.TRAIN:
            return frozenset(self.variables or ())
        return frozenset({self.of} if self.kind is Kind.ASSIGN and self.of is not None else ())


#: Ops that change variables.
UPDATES = frozenset({Kind.TRAIN, Kind.ASSIGN})


def leaves(value: Value) -> list[Value]:
    """Return the values in a structure or a group, or the value itself."""
    if value.kind not in (Kind.STRUCT, Kind.GROUP):
        return [value]
    return [leaf for item in value.items.values() for leaf in leaves(item)]


def updates_in(value: Value) -> list[Value]:
    """Return the train and assign ops that fetching ``value`` runs."""
    return [leaf for leaf in leaves(value) if leaf.kind in UPDATES]


@dataclass(eq=False)
class Maker:
    """A function of the file that makes a variable at each call, and returns it."""

    function: ast.FunctionDef
    made: ast.Call  #: of ``tf.Variable`` or ``tf.get_variable``
    parameter: str  #: that the variable's name is given by
    added: bool  #: the lift adds the parameter
    calls: list[ast.Call] = field(default_factory=list)


@dataclass(eq=False)
class Record:
    """One tensor that a summary tells of."""

    form: str  #: scalar or histogram
    tag: str
    node: ast.expr
    value: Value
    reads: list[tuple[ast.Name, Value]] = field(default_factory=list)
    host: list[ast.Name] = field(default_factory=list)


@dataclass(eq=False)
class Step:
    """One statement that builds graph."""

    index: int
    node: ast.stmt
    reads: list[tuple[ast.Name, Value]] = field(default_factory=list)  #: of graph values
    host: list[ast.Name] = field(default_factory=list)  #: reads of host names
    calls: list[ast.Call] = field(default_factory=list)  #: of host code that may have effects
    defines: dict[str, Value] = field(default_factory=dict)
    after_run: bool = False  #: stands behind the first use of the session
    watches: bool = False  #: prints or checks tensors as they are built, and makes none

    @property
    def kinds(self) -> set[Kind]:
        """What it defines."""
        return {value.kind for value in self.defines.values()}


@dataclass(eq=False)
class Run:
    """One place that runs the session: ``sess.run``, ``.eval`` or ``.run``."""

    call: ast.Call
    fetch: ast.expr  #: the fetches as written; of ``t.eval()``, ``t``
    fetched: list[tuple[ast.expr, Value]] = field(default_factory=list)
    form: str = "one"  #: one, list, tuple or dict
    keys: list[ast.expr] = field(default_factory=list)  #: of a dict
    feed_nodes: dict[Value, ast.expr] = field(default_factory=dict)  #: placeholder -> its value
    feed_name: ast.Name | None = None  #: where the feed dictionary is kept, if it is
    reads: list[tuple[ast.Name, Value]] = field(default_factory=list)
    host: list[ast.Name] = field(default_factory=list)
    order: int = 0  #: how many steps stood before it
