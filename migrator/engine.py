"""Source text -> findings and new text.  Pure: no file, no process, no printing.

All rules read the original tree, so every position is the user's; then one editing pass
replaces nodes by identity.  What cannot be applied whole is BLOCKED and changes nothing.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import libcst as cst

from migrator import imports, symbols
from migrator.apis import family
from migrator.names import Module, Symbol
from migrator.programs import describe_syntax_error
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
from migrator.tree import Edits, Tree

__all__ = ["Plan", "engine_rules", "run"]

PARSE, EDIT, UNRESOLVED, INTERNAL = "TFM901", "TFM902", "TFM903", "TFM999"
GONE = "TFM810"

#: Codes the engine itself gives: code -> (name, safety, summary).
_OWN: dict[str, tuple[str, Safety, str]] = {
    "TFM801": (
        "import-compat-v1",
        Safety.REVIEW,
        "Import TensorFlow 1's API from `tensorflow.compat.v1` and turn version 2 behaviour off.",
    ),
    "TFM802": (
        "legacy-keras",
        Safety.REVIEW,
        "Switch to Keras 2 (`tf-keras`), on which `tf.layers`, RNN cells and Keras sessions run.",
    ),
    GONE: (
        "gone-symbol",
        Safety.MANUAL,
        "Report symbols that TensorFlow 2.21 no longer has in any namespace.",
    ),
    PARSE: ("cannot-parse", Safety.MANUAL, "Report a file that is not valid Python 3."),
    EDIT: ("cannot-edit", Safety.MANUAL, "Report a file that cannot be edited exactly."),
    UNRESOLVED: (
        "unresolved-tensorflow",
        Safety.MANUAL,
        "Report a saving call on a name that cannot be traced to an import of TensorFlow.",
    ),
    INTERNAL: ("internal-error", Safety.MANUAL, "Report a defect of this tool."),
}

_KEEP = re.compile(r"#\s*migrator:\s*keep(?:\[(?P<codes>[^\]]*)\])?", re.IGNORECASE)

#: The last two names of a chain that can hardly mean anything but TensorFlow.
_DISTINCTIVE = re.compile(
    r"\.(train\.Saver|saved_model\.(simple_save|builder|Builder|loader|signature_def_utils"
    r"|utils\.build_tensor_info|build_signature_def|predict_signature_def))\b"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine makes of one file."""

    findings: tuple[Finding, ...] = ()
    text: str | None = None  #: the new text; None when nothing changes
    parts: frozenset[str] = frozenset()  #: parts of the bridge the new text imports
    moves: bool = False  #: something here is a reason for the program to move
    error: str | None = None  #: why the file cannot take part in a rewrite


def engine_rules() -> dict[str, tuple[str, Safety, str]]:
    """Return the codes that no rule file owns: code -> (name, safety, summary)."""
    return dict(_OWN)


def run(text: str, context: FileContext, rules: Sequence[Rule]) -> Plan:
    """Return what becomes of a file with content ``text``.

    Args:
        text: the decoded source, newlines as in the file.
        context: what the pre-pass knows about the file.
        rules: the selected rules.
    """
    table = {key: dict(value) for key, value in context.foreign}
    foreign = (lambda module, level: table.get((module, level))) if table else None
    try:
        module = Module(text, foreign)
    except (SyntaxError, ValueError, RecursionError) as error:
        return _unparsed(text, error)
    job = _Job(module, context, rules)
    if not job.interesting():
        return Plan()
    try:
        tree = Tree(module)
    except (cst.ParserSyntaxError, ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "libcst cannot parse this file"
        return job.unedited(EDIT, reason)
    return job.plan(tree)


def _unparsed(text: str, error: Exception) -> Plan:
    sentence = describe_syntax_error(error)
    line = (getattr(error, "lineno", None) or 1) if isinstance(error, SyntaxError) else 1
    rows = text.splitlines() or [""]
    row = rows[min(line, len(rows)) - 1]
    recipe = "Make the file valid Python 3 first"
    if "Python 2" in sentence:
        recipe += " (`python -m lib2to3`, `2to3` or `futurize` do most of it)"
    finding = Finding(
        span=Span(line, 0, line, len(row)),
        code=PARSE,
        message=f"Not parsed, {sentence}; nothing in this file was changed.",
        outcome=Outcome.MANUAL,
        before=row.strip(),
        recipe=recipe + ", then run the migration again.",
        safety=Safety.MANUAL,
    )
    return Plan(findings=(finding,), error=f"it does not parse ({sentence})")


@dataclass
class _Draft:
    """A finding on its way: the place, the rule and what it answered."""

    node: ast.expr
    code: str
    safety: Safety
    result: Result
    symbol: str
    cover: Cover | None = None


class _Job:
    """The work on one file."""

    def __init__(self, module: Module, context: FileContext, rules: Sequence[Rule]) -> None:
        self.module = module
        self.context = context
        self.rules = sorted(rules, key=lambda rule: rule.code)
        self.references = list(module.references())
        self.shared: dict[str, Any] = {"references": self.references}
        exact: dict[str, list[Rule]] = {}
        self.prefixes: list[tuple[str, Rule]] = []
        for rule in self.rules:
            for api in rule.apis:
                if api.endswith(".*"):
                    self.prefixes.append((api[:-1], rule))
                else:
                    exact.setdefault(api, []).append(rule)
        self.exact = exact
        self.keeps = _suppressions(module.text)

    def matching(self, name: str) -> list[Rule]:
        """Return the rules that are asked about ``name``, by code."""
        found = list(self.exact.get(name, ()))
        found += [rule for prefix, rule in self.prefixes if name.startswith(prefix)]
        return found

    def interesting(self) -> bool:
        """Whether this file needs the libcst tree at all."""
        if any(self.matching(symbol.name) for _, symbol in self.references):
            return True
        if any(self._method_calls(rule) for rule in self.rules):
            return True
        moves = self.context.move and self.context.held is None
        if moves and imports.needs_swap(self.module):
            return True
        return bool(_unresolved(self.module)) or any(
            symbols.status(symbol.spelled) is symbols.Status.GONE for _, symbol in self.references
        )

    def unedited(self, code: str, reason: str) -> Plan:
        """Return a plan that reports every target of a file that cannot be edited."""
        findings = [
            self._finding(
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
        return Plan(findings=tuple(_ordered(findings)), error=f"it cannot be edited ({reason})")

    # -- looking ----------------------------------------------------------------------

    def plan(self, tree: Tree) -> Plan:
        """Ask the rules, decide, edit once."""
        drafts, needs_tensorflow = self._ask(tree)
        accepted: list[_Draft] = []
        findings: list[Finding] = []
        edits: Edits = {}
        parts: set[str] = set()
        moves = False
        rewrites: dict[int, tuple[Outcome, str]] = {}
        for draft in drafts:
            result = draft.result
            if isinstance(result, Rewrite):
                decided = rewrites.get(id(result))
                if decided is None:
                    decided = self._decide(draft, drafts, edits)
                    rewrites[id(result)] = decided
                    if decided[0] is Outcome.REWRITTEN:
                        edits.update(result.edits)
                        parts |= result.parts
                if decided[0] is Outcome.REWRITTEN:
                    accepted.append(draft)
                    if (result.safety or draft.safety) is not Safety.SAFE:
                        moves = True
            elif isinstance(result, (Keep, Manual)) and result.needs_v1:
                if not self._suppressed(draft):
                    moves = True
        moving = self.context.move and self.context.held is None and not self.context.safe_only
        swap: imports.Swap | None = None
        failure: str | None = None
        if moving:
            try:
                swap = imports.plan(
                    tree,
                    self.context,
                    bridge=bool(parts),
                    needs_tensorflow=needs_tensorflow,
                )
                edits.update(swap.edits)
            except Unreachable as error:
                failure = f"its imports cannot be changed: {error}"
        text: str | None = None
        after = _After(tree, edits)
        if failure is None and edits:
            try:
                text = imports.tidy(tree, tree.apply(edits), edits, self.context)
                ast.parse(text)
            except Exception as error:
                failure = f"the new text could not be made ({type(error).__name__}: {error})"
        if text == self.module.text:
            text = None
        if failure is not None:
            text, accepted, edits = None, [], {}
        for draft in drafts:
            findings.append(self._report(draft, rewrites, after, failure))
        if swap is not None and failure is None:
            for node, code, message in swap.notes:
                findings.append(
                    self._finding(
                        node,
                        code,
                        message,
                        Outcome.REWRITTEN,
                        after=after.of_import(node),
                        safety=Safety.REVIEW,
                    )
                )
        findings += self._gone(drafts)
        findings += self._unresolved()
        return Plan(
            findings=tuple(_ordered(findings)),
            text=text,
            parts=frozenset(parts) if text is not None else frozenset(),
            moves=moves,
            error=failure,
        )

    def _ask(self, tree: Tree) -> tuple[list[_Draft], bool]:
        drafts: list[_Draft] = []
        claimed: set[ast.AST] = set()
        needs_tensorflow = False
        queue: list[tuple[str, int, int, Rule, ast.Name | ast.Attribute, Symbol]] = []
        for node, symbol in self.references:
            for rule in self.matching(symbol.name):
                queue.append((rule.code, node.lineno, node.col_offset, rule, node, symbol))
        for rule in self.rules:
            for call in self._method_calls(rule):
                symbol = Symbol(f".{call.attr}", "method", call.attr)
                # asked last: another rule's rewrite may answer for the call
                queue.append((f"~{rule.code}", call.lineno, call.col_offset, rule, call, symbol))
        queue.sort(key=lambda item: item[:3])
        for _, _, _, rule, node, symbol in queue:
            if node in claimed:
                continue
            use = Use(tree, node, symbol, self.context, self.shared)
            try:
                result = self._call(rule, use)
            except Unreachable as error:
                result = Manual(
                    f"{symbol.name}: left as it is, because {error}.",
                    "Move the call to a statement of its own, then run the migration again.",
                )
            if result is None:
                continue
            needs_tensorflow = needs_tensorflow or use.needs_tensorflow_import
            drafts.append(_Draft(use.site, rule.code, rule.safety, result, symbol.name))
            claimed.add(node)
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
        return drafts, needs_tensorflow

    def _method_calls(self, rule: Rule) -> list[ast.Attribute]:
        """Return the ``x.method`` of calls of the methods ``rule`` is asked about."""
        if not rule.methods or not any(name in self.module.text for name in rule.methods):
            return []
        return [
            node.func
            for node in ast.walk(self.module.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in rule.methods
            and self.module.symbol(node.func) is None
        ]

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

    def _reference(self, use: Use) -> Result:
        """Judge a use of a function that is not a call: passed on, subclassed, aliased."""
        parent = self.module.parents.get(use.node)
        if isinstance(parent, (ast.Assign, ast.AnnAssign)) and parent.value is use.node:
            return None  # an alias: its calls are found through it
        if isinstance(parent, (ast.alias, ast.Expr)):
            return None
        annotated = isinstance(parent, (ast.arg, ast.AnnAssign)) or (
            isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef)) and parent.returns is use.node
        )
        if annotated:
            return None
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

    # -- deciding ---------------------------------------------------------------------

    def _decide(
        self, draft: _Draft, drafts: list[_Draft], edits: Edits
    ) -> tuple[Outcome, str]:
        """Return the outcome of a whole rewrite and, when it is BLOCKED, why."""
        result = draft.result
        assert isinstance(result, Rewrite)
        for other in drafts:
            if other.result is result and self._suppressed(other):
                return Outcome.SUPPRESSED, ""
        if self.context.held is not None:
            return Outcome.BLOCKED, self.context.held
        safety = result.safety or draft.safety
        if self.context.safe_only and safety is not Safety.SAFE:
            return Outcome.BLOCKED, "it needs a review, and --safe-only leaves such rewrites out"
        if not self.context.move and safety is not Safety.SAFE:
            return Outcome.BLOCKED, "its program does not move to TensorFlow 2"
        clash = [node for node in result.edits if node in edits]
        if clash:
            return Outcome.BLOCKED, "another rewrite changes the same expression"
        return Outcome.REWRITTEN, ""

    def _suppressed(self, draft: _Draft) -> bool:
        statement = self.module.statement(draft.node)
        lines = {draft.node.lineno, draft.node.end_lineno or draft.node.lineno}
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)) and not (
            hasattr(statement, "body")
        ):
            lines |= {statement.lineno, statement.end_lineno or statement.lineno}
        for line in lines:
            codes = self.keeps.get(line)
            if codes is not None and (not codes or any(draft.code.startswith(c) for c in codes)):
                return True
        return False

    # -- reporting --------------------------------------------------------------------

    def _report(
        self,
        draft: _Draft,
        rewrites: Mapping[int, tuple[Outcome, str]],
        after: _After,
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
            outcome, reason = rewrites[id(result)]
            safety = result.safety or safety
            if outcome is Outcome.REWRITTEN and failure is not None:
                outcome, reason = Outcome.BLOCKED, failure
            new = after.of(draft.node)
            if outcome is Outcome.REWRITTEN:
                tier = Tier.SESSION
                if cover is not None and cover.outcome is not None:
                    outcome = cover.outcome
            elif outcome is Outcome.BLOCKED:
                message = f"{draft.symbol}: not rewritten, because {_lower(reason)}."
                recipe = "Remove that obstacle and run the migration again."
            elif outcome is Outcome.SUPPRESSED:
                new = None
        elif isinstance(result, Keep):
            outcome = Outcome.SUPPRESSED if self._suppressed(draft) else Outcome.KEPT
            if self.context.held is not None and outcome is Outcome.KEPT:
                outcome = Outcome.BLOCKED
                message = f"{draft.symbol}: not migrated, because {_lower(self.context.held)}."
                recipe = "Remove that obstacle and run the migration again."
            else:
                tier = Tier.SESSION
        else:
            outcome = Outcome.SUPPRESSED if self._suppressed(draft) else Outcome.MANUAL
            recipe = result.recipe
        if cover is not None and cover.recipe is not None:
            recipe = cover.recipe
        if outcome is Outcome.SUPPRESSED:
            message = f"{draft.symbol}: kept by a `# migrator: keep` comment."
        if new is not None and outcome not in (Outcome.REWRITTEN, Outcome.BLOCKED):
            new = None
        return self._finding(
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

    def _finding(
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
            tier=tier if tier or outcome is not Outcome.REWRITTEN else Tier.SESSION,
            before=_dedent(module.source(shown)),
            after=after,
            recipe=recipe,
            api=api,
            family=family(api) if api else None,
            safety=safety,
        )

    def _gone(self, drafts: list[_Draft]) -> Iterator[Finding]:
        """Yield one finding for each symbol 2.21 no longer has, at its first use."""
        answered = {
            draft.node.func if isinstance(draft.node, ast.Call) else draft.node for draft in drafts
        }
        places: dict[str, list[ast.expr | ast.stmt]] = {}
        for node, symbol in self.references:
            if node not in answered and symbols.status(symbol.spelled) is symbols.Status.GONE:
                places.setdefault(symbol.spelled, []).append(node)
        seen = {name for name in places}
        for dotted, statement in imports.imported(self.module):
            if symbols.status(dotted) is symbols.Status.GONE and not any(
                name == dotted or name.startswith(dotted + ".") for name in seen
            ):
                places.setdefault(dotted, []).append(statement)
        for name, nodes in places.items():
            first = min(nodes, key=lambda node: (node.lineno, node.col_offset))
            times = f" ({len(nodes)} uses in this file)" if len(nodes) > 1 else ""
            recipe = symbols.successor(name) or (
                "No successor is known; rewrite this with what TensorFlow 2.21 has."
            )
            line = self.keeps.get(first.lineno)
            suppressed = line is not None and (not line or any(GONE.startswith(c) for c in line))
            yield self._finding(
                first,
                GONE,
                f"{name} does not exist in TensorFlow 2.21{times}.",
                Outcome.SUPPRESSED if suppressed else Outcome.MANUAL,
                recipe=recipe,
                api=name,
                safety=Safety.MANUAL,
            )

    def _unresolved(self) -> Iterator[Finding]:
        for node, spelled in _unresolved(self.module):
            line = self.keeps.get(node.lineno)
            suppressed = line is not None and (
                not line or any(UNRESOLVED.startswith(c) for c in line)
            )
            yield self._finding(
                node,
                UNRESOLVED,
                f"`{spelled}` looks like TensorFlow, but where `{spelled.partition('.')[0]}` comes"
                " from cannot be told from this repository's code.",
                Outcome.SUPPRESSED if suppressed else Outcome.MANUAL,
                recipe="Import TensorFlow in this file (`import tensorflow as tf`), then run the"
                " migration again.",
                safety=Safety.MANUAL,
            )


class _After:
    """The new source of single statements, for findings."""

    def __init__(self, tree: Tree, edits: Edits) -> None:
        self.tree = tree
        self.edits = edits

    def of(self, node: ast.expr) -> str | None:
        found = self.tree.node(node)
        if found is None:
            return None
        return self._render(self.tree.line(found) or found)

    def of_import(self, node: ast.expr | ast.stmt) -> str | None:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            return None
        found = self.tree.import_node(node)
        return self._render(self.tree.line(found) or found) if found is not None else None

    def _render(self, node: cst.CSTNode) -> str | None:
        if not self.edits:
            return None
        from migrator.tree import _Editor

        result = node.visit(_Editor(self.edits))
        items = list(result) if isinstance(result, cst.FlattenSentinel) else [result]
        texts = [self.tree.code(item) for item in items if isinstance(item, cst.CSTNode)]
        return _dedent("\n".join(texts)) if texts else None


def _suppressions(text: str) -> dict[int, tuple[str, ...]]:
    """Return line -> codes (none: all) of the ``# migrator: keep`` comments of ``text``."""
    if "migrator:" not in text:
        return {}
    found: dict[int, tuple[str, ...]] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                match = _KEEP.search(token.string)
                if match:
                    codes = match["codes"] or ""
                    found[token.start[0]] = tuple(c.strip() for c in codes.split(",") if c.strip())
    except (tokenize.TokenError, SyntaxError):
        pass  # ast parsed the file, so what tokenize dislikes at its end holds no comment
    return found


def _unresolved(module: Module) -> list[tuple[ast.expr, str]]:
    """Return (node, spelling) of chains that look like saving calls on an unknown ``tf``."""
    found: list[tuple[ast.expr, str]] = []
    if "Saver" not in module.text and "saved_model" not in module.text:
        return found
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute) or isinstance(
            module.parents.get(node), ast.Attribute
        ):
            continue
        spelled = ast.unparse(node)
        if not re.match(r"[\w.]+$", spelled) or not _DISTINCTIVE.search(spelled):
            continue
        if module.symbol(node) is not None:
            continue
        at: ast.expr = node
        while isinstance(at, ast.Attribute):
            at = at.value
        if not isinstance(at, ast.Name):
            continue
        _, bindings = module.find(at.id, module.scope_of[at])
        # a name imported from elsewhere is somebody else's; one made by a call may be ours
        if any(isinstance(binding.node, (ast.Import, ast.ImportFrom)) for binding in bindings):
            if not any(
                (binding.dotted or "").partition(".")[0] == "tensorflow" for binding in bindings
            ):
                continue
        found.append((node, spelled))
    return found


def _ordered(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda f: (f.span.line, f.span.column, f.code, f.message))


def _lower(sentence: str) -> str:
    sentence = sentence.rstrip(".")
    return sentence if sentence[:1] in "`'\"" else sentence[:1].lower() + sentence[1:]


def _dedent(source: str) -> str:
    rows = source.splitlines()
    if len(rows) < 2:
        return source.strip()
    indents = [len(row) - len(row.lstrip()) for row in rows[1:] if row.strip()]
    first = len(rows[0]) - len(rows[0].lstrip())
    common = min(indents, default=0)
    body = [row[common:] for row in rows[1:]] if first == 0 and common else rows[1:]
    return "\n".join([rows[0].strip(), *body]).rstrip()


def with_context(context: FileContext, **changes: Any) -> FileContext:
    """Return ``context`` with ``changes``."""
    return replace(context, **changes)
