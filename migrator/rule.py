"""The authoring interface of rules: ``rule``, ``Use``, ``Rewrite``, ``Keep`` and ``Manual``.

A rule is one function.  Its parameters after ``use`` are those of the TensorFlow 1 function
it is about; the engine binds each call to them, so positional, keyword and missing arguments
arrive alike, as ast expressions (or the default).  It returns what becomes of the place::

    @rule("TFM101", "simple-save", safety=Safety.REVIEW, apis=("tf.saved_model.simple_save",))
    def simple_save(use, session, export_dir, inputs, outputs, legacy_init_op=None):
        \"""Rewrite ... (Markdown: What it does, Why, Example, Use instead, Safety, References)\"""
        return Rewrite(...)
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from libcst import BaseExpression

from migrator.apis import (
    BRIDGED_READERS,
    ESTIMATORS,
    FAMILIES,
    FINALIZES,
    FINALIZES_IN_SLIM,
    HOLDS_V1_SAVER,
    bridged_estimator,
)
from migrator.calls import is_tensorflow1, is_v1_load
from migrator.exported import Signature, Variables
from migrator.flow import Target, elsewhere, stores, target, targets_of, uses
from migrator.interface import Part, User
from migrator.managed import SAVER_ELSEWHERE, prepared
from migrator.names import Module, Scope, Symbol
from migrator.results import Outcome, RuleInfo, Safety
from migrator.tree import Edits, Tree, expression, identifiers, statement
from migrator.weights import weight_calls

#: What a rule file needs, in one place: the layers below stay free to move.
__all__ = [
    "BRIDGED_READERS",
    "ESTIMATORS",
    "FAMILIES",
    "FINALIZES",
    "FINALIZES_IN_SLIM",
    "HOLDS_V1_SAVER",
    "SAVER_ELSEWHERE",
    "Cover",
    "Edits",
    "ExportedProto",
    "FileContext",
    "Keep",
    "KnownLoad",
    "Manual",
    "Outcome",
    "Rewrite",
    "Rule",
    "Safety",
    "Signature",
    "Target",
    "Unreachable",
    "Use",
    "bridged_estimator",
    "elsewhere",
    "expression",
    "is_tensorflow1",
    "is_v1_load",
    "prepared",
    "rule",
    "statement",
    "stores",
    "target",
    "targets_of",
    "uses",
    "weight_calls",
]


@dataclass(frozen=True, slots=True)
class KnownLoad:
    """A call that loads a SavedModel, with what is known of the export that it loads."""

    line: int
    column: int
    source: str  #: what the signatures were read from, as a sentence names it
    signatures: tuple[Signature, ...]
    migrated: bool  #: the export is one of this repository's, and changes its format
    variables: Variables = field(default_factory=Variables)  #: of the program that writes it


@dataclass(frozen=True, slots=True)
class CarriedCall:
    """A method call on a Saver or a builder, with the calls that make the object."""

    line: int
    column: int
    made: tuple[str, ...]  #: ``path:line`` of each
    kind: str  #: ``saver`` or ``builder``
    migrated: bool  #: all of them are rewritten
    open: bool  #: the object may come from elsewhere, too


@dataclass(frozen=True, slots=True)
class ExportedProto:
    """A signature or tensor info that goes into rewritten exports and nowhere else."""

    line: int
    column: int
    exports: tuple[str, ...]  #: ``path:line`` of each
    shown: bool  #: something also prints it


@dataclass(frozen=True, slots=True)
class FileContext:
    """What the engine is told about a file by the pre-pass and the command line; picklable."""

    path: str = "<stdin>"
    move: bool = True  #: the file's program goes to the session tier
    held: str | None = None  #: why the program stays as it is
    neutral: bool = False  #: gets the import swap without disable_v2_behavior
    foreign: tuple[tuple[tuple[str, int], tuple[tuple[str, str], ...]], ...] = ()
    bridge_import: str = "import tf2_bridge"
    legacy_keras: str | None = None  #: the symbol that makes the program need tf-keras
    slim: bool = False
    session: bool = True  #: the program opens a session somewhere
    graph_mode: bool = False  #: spells compat.v1, and nobody in the program turns graph mode on
    runs_graphs: bool = False  #: and the program does nothing but run graphs that it imports
    key_readers: tuple[str, ...] = ()  #: ``path:line symbol`` reading checkpoints by name
    file_names: tuple[str, ...] = ()  #: ``path:line what`` naming files of checkpoints near it
    loads: tuple[KnownLoad, ...] = ()  #: those of the file whose export is known
    carried: tuple[CarriedCall, ...] = ()  #: calls of methods of Savers and builders
    protos: tuple[ExportedProto, ...] = ()  #: those of the file, wherever they go
    imported: bool = False  #: other files import it, and may use what it makes
    finalizers: tuple[str, ...] = ()  #: ``path:line symbol`` finalizing a graph near this file
    unprepared: tuple[str, ...] = ()  #: those near it that keep TensorFlow 1's Saver
    finalized: bool = False  #: its programs finalize graphs
    managed_savers: frozenset[str] = frozenset()  #: names passed on to managed sessions
    managed_lines: frozenset[int] = frozenset()  #: where Savers are made that go to those
    select: tuple[str, ...] = ()  #: code prefixes or rule names; empty selects all
    ignore: tuple[str, ...] = ()
    safe_only: bool = False
    lift: str = ""  #: ``auto`` lifts where that is possible, ``only`` leaves the rest as it is
    lift_refused: str | None = None  #: why the file's program does not lift, as far as that shows
    lift_whole: bool = False  #: other files lift with this one, so it must even if it saves nothing
    native: bool = False  #: needs no lift itself, and all its programs lift
    company: bool = False  #: other files of TensorFlow's run in its programs
    keras_elsewhere: str | None = None  #: the symbol for which other files of it need tf-keras
    graph_names: frozenset[str] = frozenset()  #: what of other files makes graph, as imports spell
    exports_by_name: bool = False  #: tensors of its exports are asked for by their names
    merged: tuple[Part, ...] = ()  #: the files, this one among them, that lift as one
    users: tuple[User, ...] = ()  #: what other files use of this one


@dataclass(frozen=True, slots=True)
class Cover:
    """A further place that a rewrite changes or answers for; it gets a finding of its own."""

    node: ast.expr
    code: str
    message: str
    outcome: Outcome | None = None  #: None takes the rewrite's own
    api: str | None = None
    recipe: str | None = None


@dataclass(frozen=True)
class Rewrite:
    """Replace nodes; all of ``edits`` are made or none."""

    message: str
    edits: Edits
    parts: frozenset[str] = frozenset()  #: parts of the bridge the new code needs
    covers: tuple[Cover, ...] = ()
    safety: Safety | None = None  #: None takes the rule's own


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave the place as it is, because in a migrated program it already does the right thing.

    ``needs_v1`` says that it only does so under ``tensorflow.compat.v1``, so it is a reason
    for its program to move there.
    """

    message: str
    needs_v1: bool = True
    covers: tuple[Cover, ...] = ()
    recipe: str | None = None  #: the way out where its program is held as it is


@dataclass(frozen=True, slots=True)
class Manual:
    """Leave the place as it is; a person must do what ``recipe`` says."""

    message: str
    recipe: str
    covers: tuple[Cover, ...] = ()
    needs_v1: bool = False  #: it still runs, unmigrated, under ``tensorflow.compat.v1``


Result = Rewrite | Keep | Manual | None
Function = Callable[..., Result]


@dataclass(frozen=True)
class Rule:
    """A rule as the engine sees it."""

    code: str
    name: str
    safety: Safety
    apis: tuple[str, ...]
    function: Function
    references: bool = False  #: also asked about uses that are not calls
    bind: bool = True
    also: Mapping[str, str] = field(default_factory=dict)  #: further codes -> their names
    methods: tuple[str, ...] = ()  #: method names distinctive enough to ask about on any object

    @property
    def docs(self) -> str:
        """The rule's documentation, Markdown."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.docs.partition("\n")[0]

    def infos(self) -> list[RuleInfo]:
        """Return the rule, and every further code it answers for, as reports show them."""
        docs = self.docs
        result = [RuleInfo(self.code, self.name, self.safety, self.summary, docs)]
        for code, text in self.also.items():
            name, _, summary = text.partition(": ")
            result.append(RuleInfo(code, name, self.safety, summary or text, docs))
        return result

    def parameters(self) -> inspect.Signature:
        """Return the TensorFlow 1 signature the rule binds calls to."""
        signature = inspect.signature(self.function)
        return signature.replace(parameters=list(signature.parameters.values())[1:])


def rule(
    code: str,
    name: str,
    *,
    safety: Safety,
    apis: tuple[str, ...],
    references: bool = False,
    bind: bool = True,
    also: Mapping[str, str] | None = None,
    methods: tuple[str, ...] = (),
) -> Callable[[Function], Rule]:
    """Make the decorated function a rule.

    Args:
        code: permanent code, ``TFM101``.
        name: kebab-case name, unique.
        safety: how much a person must look at its rewrites.
        apis: canonical symbols it is asked about; ``tf.x.*`` covers everything below.
        references: ask it about uses that are not calls, too (constants).
        bind: bind calls to the function's parameters; else it gets ``use`` alone.
        also: further codes it gives to the places its rewrites cover -> ``name: summary``.
        methods: method names to ask it about wherever no other rule answered for the call.
    """

    def decorate(function: Function) -> Rule:
        return Rule(code, name, safety, apis, function, references, bind, dict(also or {}), methods)

    return decorate


class Use:
    """One place that refers to a TensorFlow symbol, with what a rule needs to judge it."""

    def __init__(
        self,
        tree: Tree,
        node: ast.Name | ast.Attribute | ast.Import | ast.ImportFrom,
        symbol: Symbol,  # of a method call: the method's name, via "method"
        context: FileContext,
        shared: dict[str, Any],
    ) -> None:
        self.tree = tree
        self.module: Module = tree.module
        self.node: Any = node  #: a reference; of a rule for ``import tf.x``, the statement
        self.symbol = symbol
        self.context = context
        self.shared = shared  #: for rules of one file to leave word for one another
        self.needs_tensorflow_import = False
        parent = self.module.parents.get(node)
        self.call: ast.Call | None = (
            parent if isinstance(parent, ast.Call) and parent.func is node else None
        )

    @property
    def site(self) -> ast.expr:
        """The call where there is one, else the reference."""
        return self.call or self.node

    @property
    def aliased(self) -> bool:
        """Whether the name here was assigned (``k = tf.x.y``), so that it is not the spelling."""
        at: ast.expr = self.node
        while isinstance(at, ast.Attribute):
            at = at.value
        if not isinstance(at, ast.Name):
            return False
        _, bindings = self.module.find(at.id, self.module.scope_of[at])
        return isinstance(self.node, ast.Name) and any(b.value is not None for b in bindings)

    def cst(self, node: ast.expr) -> Any:
        """Return the libcst node of ``node``.

        Raises:
            Unreachable: the node stands where libcst positions cannot be matched.
        """
        found = self.tree.node(node)
        if found is None:
            raise Unreachable(
                "it stands inside an f-string, where it cannot be edited safely"
                if self.module.enclosing(node, (ast.JoinedStr,))
                else "its position could not be matched between two parsers"
            )
        return found

    def symbol_of(self, node: ast.AST) -> str | None:
        """Return the canonical symbol that ``node`` means, or None."""
        symbol = self.module.symbol(node)
        return symbol.name if symbol else None

    def called(self, node: ast.AST) -> str | None:
        """Return the canonical symbol that ``node`` calls, or None when it is no such call."""
        return self.symbol_of(node.func) if isinstance(node, ast.Call) else None

    def tensorflow(self, path: str) -> BaseExpression:
        """Return ``tf.<path>`` as this place can spell it."""
        name = self.root_name()
        if name is None:
            self.needs_tensorflow_import = True
            name = self.shared["tensorflow"]
        return expression(f"{name}.{path}")

    def root_name(self) -> str | None:
        """Return the name that means TensorFlow itself (or compat.v1) here, or None."""
        here = self.module.scope_of[self.node]
        scope: Scope | None = here
        while scope is not None:
            for name, bindings in scope.bindings.items():
                if scope.is_class and scope is not here:
                    break
                if any(self._only_for_types(binding.node) for binding in bindings):
                    continue
                if self.module.lookup(name, here) in ("tensorflow", "tensorflow.compat.v1"):
                    return name
            scope = scope.parent
        if self.module.root.stars:
            for name in ("tf", "tensorflow"):
                if self.module.lookup(name, here) in ("tensorflow", "tensorflow.compat.v1"):
                    return name
        return None

    def _only_for_types(self, node: ast.AST) -> bool:
        parent = self.module.parents.get(node)
        return isinstance(parent, ast.If) and "TYPE_CHECKING" in ast.unparse(parent.test)

    def bind(self, call: ast.Call, signature: inspect.Signature) -> dict[str, ast.expr] | str:
        """Return parameter -> argument of ``call``, or a sentence why it cannot be told."""
        if any(isinstance(arg, ast.Starred) for arg in call.args):
            return "its arguments come through `*`"
        if any(keyword.arg is None for keyword in call.keywords):
            return "its arguments come through `**`"
        try:
            bound = signature.bind(
                *call.args, **{str(keyword.arg): keyword.value for keyword in call.keywords}
            )
        except TypeError as error:
            return f"its arguments do not fit TensorFlow 1's signature ({error})"
        return dict(bound.arguments)

    def fresh(self, wanted: str) -> str:
        """Return ``wanted``, or it with a number, such that nothing in the file has that name."""
        taken = self.shared.get("identifiers")
        if taken is None:
            taken = self.shared["identifiers"] = identifiers(self.module)
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name


class Unreachable(Exception):
    """A place cannot be edited; the message says why."""
