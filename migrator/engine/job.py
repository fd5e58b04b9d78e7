"""The work on one file: ask the rules, decide, edit once, report."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import libcst as cst

from migrator import imports, symbols
from migrator.apis import family
from migrator.engine.codes import GONE, LOST, UNRESOLVED
from migrator.engine.places import lower_first, outdented, suppressions, unresolved
from migrator.keras_symbols import place
from migrator.names import Module, Symbol, parsed
from migrator.results import Finding, Outcome, Safety, Span, Tier
from migrator.rule import (
    Cover,
    FileContext,
    Keep,
    Manual,
    Result,
    Rewrite,
    Rule,
    Unreachable,
    Use,
)
from migrator.tree import Edited, Edits, Tree, nodes_of

__all__ = ["Job", "Plan", "ordered"]

#: What a rule is asked about: a reference, or a statement that imports from TensorFlow.
Asked: TypeAlias = "ast.Name | ast.Attribute | ast.Import | ast.ImportFrom"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine makes of one file."""

    findings: tuple[Finding, ...] = ()
    text: str | None = None  #: the new text; None when nothing changes
    parts: frozenset[str] = frozenset()  #: parts of the bridge the new text imports
    moves: bool = False  #: something here is a reason for the program to move
    error: str | None = None  #: why the file cannot take part in a rewrite
    tier: Tier = Tier.SESSION  #: the form that ``text`` has
    refused: str | None = None  #: why the file was not lifted, where that was tried
    requirements: frozenset[str] = frozenset()  #: packages that a lifted text needs


@dataclass
class _Draft:
    """A finding on its way: the place, the rule and what it answered."""

    node: ast.expr | ast.stmt
    code: str
    safety: Safety
    result: Result
    symbol: str
    cover: Cover | None = None
    needs_tensorflow: bool = False  #: the new code spells ``tf``, which no import binds


@dataclass(frozen=True, slots=True)
class _Decision:
    """What becomes of a rewrite, and when it is BLOCKED, why and what to do."""

    outcome: Outcome
    reason: str = ""
    recipe: str = "Remove that obstacle and run the migration again."


class Job:
    """The work on one file."""

    def __init__(self, module: Module, context: FileContext, rules: Sequence[Rule]) -> None:
        self.module = module
        self.context = context
        self.rules = sorted(rules, key=lambda rule: rule.code)
        self.references = nodes_of(module).references
        #: for rules to leave word for one another
        codes = {code for rule in rules for code in (rule.code, *rule.also)}
        self.shared: dict[str, Any] = {
            "references": self.references,
            "codes": codes,
            "answered": set(),  # nodes that a rewrite answers for without a finding of their own
        }
        exact: dict[str, list[Rule]] = {}
        self.prefixes: list[tuple[str, Rule]] = []
        for rule in self.rules:
            for api in rule.apis:
                if api.endswith(".*"):
                    self.prefixes.append((api[:-1], rule))
                else:
                    exact.setdefault(api, []).append(rule)
        self.exact = exact
        self.keeps = suppressions(module.text)

    @property
    def tier(self) -> Tier:
        """The form that the file's program gets when the rules rewrite it."""
        return Tier.NATIVE if self.context.native else Tier.SESSION

    def matching(self, name: str) -> list[Rule]:
        """Return the rules that are asked about ``name``, by code."""
        found = list(self.exact.get(name, ()))
        found += [rule for prefix, rule in self.prefixes if name.startswith(prefix)]
        return found

    def _asks_rules(self) -> bool:
        """Whether a rule is asked about anything in this file."""
        return (
            any(
                self.matching(symbol.name) or self._matching_gone(symbol.spelled)
                for _, symbol in self.references
            )
            or any(self._method_calls(rule) for rule in self.rules)
            or any(
                self.matching(symbol.name) or self._matching_gone(symbol.spelled, "import ")
                for _, symbol in self._imported()
            )
        )

    def end_of_edits(self) -> int | None:
        """Return where the last top-level statement with an import ends, if only those change."""
        if self._asks_rules() or not self.module.imports or imports.respells(self.module):
            return None
        last = max(
            (self._top(statement) for statement in self.module.imports),
            key=lambda statement: statement.end_lineno or 0,
        )
        end = last.end_lineno or last.lineno
        return self.module.offset(end + 1, 0) if end < self.module.lines else None

    def _top(self, node: ast.stmt) -> ast.stmt:
        """Return the top-level statement around ``node``."""
        around = [node, *self.module.ancestors(node)]
        top = around[-2]
        assert isinstance(top, ast.stmt)
        return top

    def interesting(self) -> bool:
        """Whether this file needs the libcst tree at all."""
        if self._asks_rules():
            return True
        if self._moving() and imports.needs_swap(self.module):
            return True
        return bool(unresolved(self.module)) or any(
            symbols.status(symbol.spelled) is symbols.Status.GONE or self._lost(symbol)
            for _, symbol in self.references
        )

    def unedited(self, code: str, reason: str) -> Plan:
        """Return a plan that reports every target of a file that cannot be edited."""
        findings = [
            self.finding(
                node,
                code,
                f"{symbol.name}: left as it is, because {reason}.",
                Outcome.MANUAL,
                recipe="Change this call by hand, or make the file one that can be edited.",
                api=symbol.name,
                safety=Safety.MANUAL,
            )
            for node, symbol in self.references
            if self.matching(symbol.name)
        ]
        return Plan(findings=tuple(ordered(findings)), error=f"it cannot be edited ({reason})")

    # -- looking ----------------------------------------------------------------------

    def plan(self, tree: Tree, *, swap_imports: bool = True) -> Plan:
        """Ask the rules, decide, edit once.

        Without ``swap_imports`` the import of TensorFlow stays: that of a lifted text.
        """
        self.shared["tensorflow"] = imports.free_name(self.module)
        drafts = self._ask(tree)
        edits: Edits = {}
        parts: set[str] = set()
        moves = False
        bridge: list[ast.expr | ast.stmt] = []
        gone: set[ast.AST] = set()
        needs_tensorflow = False
        rewrites: dict[int, _Decision] = {}
        for draft in drafts:
            result = draft.result
            if isinstance(result, Rewrite):
                decided = rewrites.get(id(result))
                if decided is None:
                    decided = rewrites[id(result)] = self._decide(draft, drafts, edits, tree)
                    if decided.outcome is Outcome.REWRITTEN:
                        edits.update(result.edits)
                        parts |= result.parts
                        needs_tensorflow = needs_tensorflow or draft.needs_tensorflow
                if decided.outcome is Outcome.REWRITTEN:
                    kept = draft.cover is not None and draft.cover.outcome is not None
                    if not kept:
                        gone.add(_chain_of(draft.node))
                    if result.parts and _names_bridge(tree, result.edits):
                        bridge.append(draft.node)
                    if (result.safety or draft.safety) is not Safety.SAFE:
                        moves = True
            elif isinstance(result, (Keep, Manual)) and result.needs_v1:
                moves = moves or not self._suppressed(draft)
        swap = imports.Swap()
        failure: str | None = None
        edited: Edited | None = None
        if self._moving() and swap_imports:
            needs = imports.Needs(
                bridge, needs_tensorflow, self.shared["tensorflow"], self.keeps, frozenset(gone)
            )
            try:
                swap = imports.plan(tree, self.context, needs)
                edits.update(swap.edits)
            except Unreachable as error:
                failure = f"its imports cannot be changed: {error}"
        dropped = frozenset(self.shared.get("dropped", ()))
        made = any(decided.outcome is Outcome.REWRITTEN for decided in rewrites.values())
        if failure is None and (edits or (dropped and made)):
            try:
                edited = tree.apply(edits)
                unused = imports.unused_imports(tree, edits, edited.text, self.context, dropped)
                if unused:
                    edited = tree.apply({**edits, **unused})
                parsed(edited.text)
            except Exception as error:
                failure = f"the new text could not be made ({type(error).__name__}: {error})"
        if failure is not None or (edited is not None and edited.text == self.module.text):
            edited = None
        findings = [self._report(draft, rewrites, edited, failure) for draft in drafts]
        if failure is None:
            for node, code, message in swap.notes:
                findings.append(
                    self.finding(
                        node,
                        code,
                        message,
                        Outcome.REWRITTEN,
                        after=self._after(node, edited),
                        safety=Safety.REVIEW,
                    )
                )
        findings += self._gone(drafts)
        findings += self._lost_keras()
        findings += self._unresolved()
        return Plan(
            findings=tuple(ordered(findings)),
            text=edited.text if edited is not None else None,
            parts=frozenset(parts) if edited is not None else frozenset(),
            moves=moves,
            error=failure,
        )

    def _moving(self) -> bool:
        """Whether the import lines of this file are changed with its program's."""
        return self.context.move and self.context.held is None and not self.context.safe_only

    def _after(self, node: ast.expr | ast.stmt, edited: Edited | None) -> str | None:
        """Return what stands where the statement of ``node`` stood."""
        if edited is None:
            return None
        statement = self.module.statement(node)
        shown = node if hasattr(statement, "body") else statement
        text = edited.region(self.module.start(shown), self.module.end(shown))
        rows = text.splitlines()
        while rows and (not rows[0].strip() or rows[0].lstrip().startswith("#")):
            del rows[0]
        return outdented("\n".join(rows), self._indent(shown))

    def _indent(self, node: ast.expr | ast.stmt) -> int:
        """Return how far the line that ``node`` starts on is indented."""
        start = self.module.start(node)
        _, column = self.module.line_column(start)
        row = self.module.text[start - column : start]
        return len(row) - len(row.lstrip())

    def _ask(self, tree: Tree) -> list[_Draft]:
        drafts: list[_Draft] = []
        claimed: set[ast.AST] = self.shared.setdefault("claimed", set())
        queue: list[tuple[str, int, int, Rule, Asked, Symbol]] = []
        for node, symbol in self.references:
            queue.extend(
                (rule.code, node.lineno, node.col_offset, rule, node, symbol)
                for rule in [*self.matching(symbol.name), *self._matching_gone(symbol.spelled)]
            )
        for statement, symbol in self._imported():
            queue.extend(
                (rule.code, statement.lineno, statement.col_offset, rule, statement, symbol)
                for rule in [
                    *self.matching(symbol.name),
                    *self._matching_gone(symbol.spelled, "import "),
                ]
            )
        for rule in self.rules:
            for call in self._method_calls(rule):
                symbol = Symbol(f".{call.attr}", "method", call.attr)
                # asked last: another rule's rewrite may answer for the call
                queue.append((f"~{rule.code}", call.lineno, call.col_offset, rule, call, symbol))
        queue.sort(key=lambda item: item[:3])
        for _, _, _, rule, asked, symbol in queue:
            if asked in claimed:
                continue
            use = Use(tree, asked, symbol, self.context, self.shared)
            try:
                result = self._left(use, self._call(rule, use))
            except Unreachable as error:
                result = Manual(
                    f"{symbol.name}: left as it is, because {error}.",
                    "Move the call to a statement of its own, then run the migration again.",
                )
            if result is None:
                continue
            needs = use.needs_tensorflow_import
            drafts.append(
                _Draft(
                    use.site, rule.code, rule.safety, result, symbol.name, needs_tensorflow=needs
                )
            )
            claimed.add(asked)
            for cover in result.covers:
                chain = cover.node.func if isinstance(cover.node, ast.Call) else cover.node
                claimed.add(chain)
                drafts.append(
                    _Draft(
                        cover.node,
                        cover.code,
                        rule.safety,
                        result,
                        cover.api or symbol.name,
                        cover,
                    )
                )
        return drafts

    def _matching_gone(self, spelled: str, asked: str = "") -> list[Rule]:
        """Return the rules that are asked about ``spelled`` because 2.21 no longer has it."""
        gone = spelled and symbols.status(spelled) is symbols.Status.GONE
        return self.matching(f"gone {asked}{spelled}") if gone else []

    def _imported(self) -> Iterator[tuple[ast.Import | ast.ImportFrom, Symbol]]:
        """Yield what is imported from inside TensorFlow, as the symbols ``import tf.x``."""
        for dotted, statement in imports.imported(self.module):
            raw = dotted.replace("tf.", "tensorflow.", 1)
            yield statement, Symbol(f"import {dotted}", "import", raw, dotted)

    def _method_calls(self, rule: Rule) -> list[ast.Attribute]:
        """Return the ``x.method`` of calls of the methods ``rule`` is asked about."""
        calls = nodes_of(self.module).method_calls
        found = [node for name in rule.methods for node in calls.get(name, ())]
        return [node for node in found if self.module.symbol(node) is None]

    def _call(self, rule: Rule, use: Use) -> Result:
        if use.call is None:
            if not rule.references:
                return self._reference(use)
            return rule.function(use)
        if not rule.bind:
            return rule.function(use)
        bound = use.bind(use.call, rule.parameters())
        if isinstance(bound, str):
            return Manual(
                f"{use.symbol.name}: left as it is, because {bound}.",
                "Spell the arguments out at the call, then run the migration again.",
                needs_v1=True,
            )
        return rule.function(use, **bound)

    def _left(self, use: Use, result: Result) -> Result:
        """Return ``result``, or what to do where it keeps a spelling that 2.21 has lost."""
        symbol = use.symbol
        if not isinstance(result, Keep) or not symbol.spelled:
            return result
        if use.node in self.shared["answered"]:
            return result  # what its name is assigned is rewritten
        if symbols.status(symbol.spelled) is not symbols.Status.GONE:
            return result
        if symbols.status(symbol.name) is symbols.Status.PRESENT and not use.aliased:
            return Rewrite(
                f"{symbol.spelled} is gone; {symbol.name} of tensorflow.compat.v1 is the same.",
                {use.cst(use.node): use.tensorflow(symbol.name.partition(".")[2])},
                covers=result.covers,
            )
        return Manual(
            f"{symbol.spelled} does not exist in TensorFlow 2.21.",
            symbols.successor(symbol.spelled) or "Rewrite this with what TensorFlow 2.21 has.",
            covers=result.covers,
        )

    def _reference(self, use: Use) -> Result:
        """Judge a use of a function that is not a call: passed on, subclassed, aliased."""
        parent = self.module.parents.get(use.node)
        assigned = isinstance(parent, (ast.Assign, ast.AnnAssign)) and parent.value is use.node
        if assigned and self._followed(parent):
            return None  # an alias: its calls are found through it
        if isinstance(parent, (ast.alias, ast.Expr)):
            return None
        if isinstance(parent, ast.AnnAssign) and parent.annotation is use.node:
            return None
        if isinstance(parent, ast.arg) or (
            isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef))
            and parent.returns is use.node
        ):
            return None
        asked = parent.func if isinstance(parent, ast.Call) else None
        if isinstance(asked, ast.Name) and asked.id in ("isinstance", "issubclass"):
            return None  # what takes the place of a class is a subclass of it
        how = "is used as a value"
        if isinstance(parent, ast.ClassDef):
            how = "is a base class"
        elif isinstance(parent, ast.Call):
            how = "is passed on"
        return Manual(
            f"{use.symbol.name}: left as it is, because it {how} here instead of being called.",
            "Call it where it is needed, or change what receives it by hand; it still runs on"
            " tensorflow.compat.v1.",
            needs_v1=True,
        )

    def _followed(self, statement: ast.AST | None) -> bool:
        """Whether every name that an assignment binds can be traced to its value."""
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        else:
            assert isinstance(statement, ast.AnnAssign)
            targets = [statement.target]
        return all(
            isinstance(target, ast.Name)
            and not self.module.scope_of[target].is_class
            and self.module.lookup(target.id, self.module.scope_of[target]) is not None
            for target in targets
        )

    # -- deciding ---------------------------------------------------------------------

    def _decide(self, draft: _Draft, drafts: list[_Draft], edits: Edits, tree: Tree) -> _Decision:
        """Return what becomes of a whole rewrite."""
        result = draft.result
        assert isinstance(result, Rewrite)
        if any(other.result is result and self._suppressed(other) for other in drafts):
            return _Decision(Outcome.SUPPRESSED)
        blocked = Outcome.BLOCKED
        if self.context.held is not None:
            return _Decision(blocked, self.context.held)
        if (result.safety or draft.safety) is not Safety.SAFE:
            if self.context.safe_only:
                return _Decision(
                    blocked,
                    "it needs a review, and --safe-only leaves such rewrites out",
                    "Run the migration without --safe-only and review its changes.",
                )
            if not self.context.move:
                return _Decision(blocked, "its program does not move to TensorFlow 2")
        elif draft.needs_tensorflow and not self._moving():
            return _Decision(
                blocked,
                "it needs a name for TensorFlow, which this file does not import",
                "Migrate the whole program, or import TensorFlow in this file.",
            )
        if any(node in edits for node in result.edits):
            return _Decision(blocked, "another rewrite changes the same expression")
        comment = tree.lost_comment(result.edits)
        if comment is not None:
            return _Decision(
                blocked,
                f"the comment `{comment}` inside it would be lost",
                "Move the comment to a line above the statement, then run the migration again.",
            )
        return _Decision(Outcome.REWRITTEN)

    def _suppressed(self, draft: _Draft) -> bool:
        statement = self.module.statement(draft.node)
        lines = {*range(draft.node.lineno, (draft.node.end_lineno or draft.node.lineno) + 1)}
        if not hasattr(statement, "body"):
            lines |= {statement.lineno, statement.end_lineno or statement.lineno}
        return any(self._keeps(line, draft.code) for line in lines)

    def keeps_line(self, line: int) -> bool:
        """Whether a comment on ``line`` keeps it from any rule."""
        return line in self.keeps

    def gone_in(self, spelled: frozenset[str]) -> Iterator[Finding]:
        """Yield the findings of symbols that are gone and that ``spelled`` still holds."""
        return (finding for finding in self._gone([]) if finding.api in spelled)

    def _keeps(self, line: int, code: str) -> bool:
        """Whether a comment on ``line`` keeps it from the rule with ``code``."""
        codes = self.keeps.get(line)
        return codes is not None and (not codes or any(code.startswith(c) for c in codes))

    # -- reporting --------------------------------------------------------------------

    def _report(
        self,
        draft: _Draft,
        rewrites: Mapping[int, _Decision],
        edited: Edited | None,
        failure: str | None,
    ) -> Finding:
        result = draft.result
        assert result is not None
        recipe: str | None = None
        new: str | None = None
        tier: Tier | None = None
        safety = draft.safety
        cover = draft.cover
        message = cover.message if cover is not None else result.message
        if isinstance(result, Rewrite):
            decided = rewrites[id(result)]
            outcome = decided.outcome
            safety = result.safety or safety
            if outcome is Outcome.REWRITTEN and failure is not None:
                decided = _Decision(Outcome.BLOCKED, failure)
                outcome = decided.outcome
            if outcome is Outcome.REWRITTEN:
                new = self._after(draft.node, edited)
                tier = self.tier
                if cover is not None and cover.outcome is not None:
                    outcome = cover.outcome
            elif outcome is Outcome.BLOCKED:
                message = f"{draft.symbol}: not rewritten, because {lower_first(decided.reason)}."
                recipe = decided.recipe
        elif isinstance(result, Keep):
            outcome = Outcome.SUPPRESSED if self._suppressed(draft) else Outcome.KEPT
            if self.context.held is not None and outcome is Outcome.KEPT and result.needs_v1:
                outcome = Outcome.BLOCKED
                name = draft.symbol.lstrip(".")
                message = f"{name}: not migrated, because {lower_first(self.context.held)}."
                recipe = result.recipe or "Remove that obstacle and run the migration again."
            else:
                tier = self.tier
                if outcome is Outcome.KEPT and cover is not None and cover.outcome is not None:
                    outcome = cover.outcome
        else:
            outcome = Outcome.SUPPRESSED if self._suppressed(draft) else Outcome.MANUAL
            recipe = result.recipe
        if cover is not None and cover.recipe is not None and outcome is not Outcome.BLOCKED:
            recipe = cover.recipe
        if outcome is Outcome.SUPPRESSED:
            message = f"{draft.symbol}: kept by a `# migrator: keep` comment."
        if outcome is not Outcome.REWRITTEN:
            new = None
        return self.finding(
            draft.node,
            draft.code,
            message,
            outcome,
            after=new,
            recipe=recipe,
            tier=tier,
            api=draft.symbol,
            safety=safety,
        )

    def finding(
        self,
        node: ast.expr | ast.stmt,
        code: str,
        message: str,
        outcome: Outcome,
        *,
        after: str | None = None,
        recipe: str | None = None,
        tier: Tier | None = None,
        api: str | None = None,
        safety: Safety | None = None,
    ) -> Finding:
        """Return a finding about ``node``."""
        module = self.module
        line, column = module.line_column(module.start(node))
        end_line, end_column = module.line_column(module.end(node))
        statement = module.statement(node)
        shown = node if hasattr(statement, "body") else statement
        return Finding(
            span=Span(line, column, end_line, end_column),
            code=code,
            message=message,
            outcome=outcome,
            tier=tier if tier or outcome is not Outcome.REWRITTEN else self.tier,
            before=outdented(module.source(shown), self._indent(shown)),
            after=after,
            recipe=recipe,
            api=api,
            family=family(api) if api else None,
            safety=safety,
        )

    def _gone(self, drafts: list[_Draft]) -> Iterator[Finding]:
        """Yield one finding for each symbol 2.21 no longer has, at its first use."""
        answered = {_chain_of(draft.node) for draft in drafts} | self.shared["answered"]
        places: dict[str, list[ast.expr | ast.stmt]] = {}
        for node, symbol in self.references:
            gone = symbols.status(symbol.spelled) is symbols.Status.GONE
            if node not in answered and (gone or self._never_was(symbol)):
                places.setdefault(symbol.spelled, []).append(node)
        seen = {symbol.spelled for _, symbol in self.references}
        for dotted, statement in imports.imported(self.module):
            if statement in answered or symbols.status(dotted) is not symbols.Status.GONE:
                continue
            if any(statement in nodes for nodes in places.values()):
                continue  # one finding for an import line says enough
            if not any(name == dotted or name.startswith(dotted + ".") for name in seen):
                places.setdefault(dotted, []).append(statement)
        for name, nodes in places.items():
            first = min(nodes, key=lambda node: (node.lineno, node.col_offset))
            times = f" ({len(nodes)} uses in this file)" if len(nodes) > 1 else ""
            recipe = symbols.successor(name) or (
                "No successor is known; rewrite this with what TensorFlow 2.21 has."
            )
            where = "TensorFlow 2.21"
            if symbols.status(name) is symbols.Status.UNKNOWN:
                where = "TensorFlow 1.15 or 2.21"
                recipe = "Running this line fails in both: correct the name, or take the line out."
            suppressed = self._keeps(first.lineno, GONE)
            yield self.finding(
                first,
                GONE,
                f"{name} does not exist in {where}{times}.",
                Outcome.SUPPRESSED if suppressed else Outcome.MANUAL,
                recipe=recipe,
                api=name,
                safety=Safety.MANUAL,
            )

    def _never_was(self, symbol: Symbol) -> bool:
        """Whether a file that moves asks TensorFlow for what it never had (a slip of the pen)."""
        name = symbol.spelled
        if symbols.status(name) is not symbols.Status.UNKNOWN:
            return False
        if not self._moving() and symbol.via != "v1":
            return False
        if name.startswith(("tf.keras.", "tf.hub.")) or ".__" in name:
            return False  # other tables tell of those
        return name.split(".")[1] not in self._stored

    @functools.cached_property
    def _stored(self) -> frozenset[str]:
        """What the file itself gives to TensorFlow: ``tf.model = ...``."""
        stores = (
            node
            for node in self.module.nodes
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
        )
        return frozenset(
            node.attr
            for node in stores
            if (owner := self.module.symbol(node.value)) is not None and owner.name == "tf"
        )

    def _lost(self, symbol: Symbol) -> bool:
        """Whether standalone Keras has a symbol that legacy Keras has not in its place."""
        return symbol.via == "keras" and self._moving() and place(symbol.raw) is None

    def _lost_keras(self) -> Iterator[Finding]:
        """Yield one finding for each symbol of standalone Keras that has no place any more."""
        seen: set[str] = set()
        for node, symbol in self.references:
            gone = symbols.status(symbol.spelled) is symbols.Status.GONE
            if gone or symbol.raw in seen or not self._lost(symbol):
                continue
            seen.add(symbol.raw)
            suppressed = self._keeps(node.lineno, LOST)
            yield self.finding(
                node,
                LOST,
                f"{symbol.raw}: legacy Keras (tf-keras) has nothing of this name.",
                Outcome.SUPPRESSED if suppressed else Outcome.MANUAL,
                recipe="Write it with what tensorflow.compat.v1.keras has, or copy its source from"
                " the release of Keras that the project was written for.",
                api=symbol.spelled,
                safety=Safety.MANUAL,
            )

    def _unresolved(self) -> Iterator[Finding]:
        for node, spelled in unresolved(self.module):
            suppressed = self._keeps(node.lineno, UNRESOLVED)
            yield self.finding(
                node,
                UNRESOLVED,
                f"`{spelled}` looks like TensorFlow, but where `{spelled.partition('.')[0]}` comes"
                " from cannot be told from this repository's code.",
                Outcome.SUPPRESSED if suppressed else Outcome.MANUAL,
                recipe="Import TensorFlow in this file (`import tensorflow as tf`), then run the"
                " migration again.",
                safety=Safety.MANUAL,
            )


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings as reports list them."""
    return sorted(findings, key=lambda f: (f.span.line, f.span.column, f.code, f.message))


def _names_bridge(tree: Tree, edits: Edits) -> bool:
    """Whether the new code spells the name ``tf2_bridge``, which an import has to bind."""
    for new in edits.values():
        nodes = new if isinstance(new, cst.FlattenSentinel) else [new]
        if any(node is not None and "tf2_bridge." in tree.code(node) for node in nodes):
            return True
    return False


def _chain_of(node: ast.expr | ast.stmt) -> ast.expr | ast.stmt:
    """Return the callee of a call; anything else is one itself."""
    return node.func if isinstance(node, ast.Call) else node
