"""The guarantees that hold for every file the engine is given, checked on any input.

Goldens, documentation examples, fixtures and generated programs all go through
:func:`plan_of`, so a new case gets every check without asking for one.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from dataclasses import replace

from migrator import engine, rulebook
from migrator.names import Module
from migrator.results import Finding, Outcome, Safety, Span
from migrator.rule import FileContext

#: Codes of the engine's own that answer for a place beside a rule's finding.
BESIDE = {"TFM801", "TFM802", "TFM803", "TFM810"}

#: Comments that go with the import they stand beside.
_PRAGMA = re.compile(r"#\s*(noqa|type:|pylint:)")


#: Functions that a rule is about only when they are called in a certain way.
OFTEN_FINE = {"tf.saved_model.load", "tf.parse_example", "tf.io.parse_example"}
OFTEN_FINE |= {f"tf.keras.backend.{name}" for name in ("learning_phase", "set_learning_phase")}
OFTEN_FINE |= {
    f"tf.keras.layers.{name}" for name in ("Bidirectional", "GRU", "LSTM", "RNN", "SimpleRNN")
}


def plan_of(text: str, context: FileContext | None = None) -> engine.Plan:
    """Return the plan for ``text``, after checking what must be true of every plan."""
    context = context or FileContext()
    rules = rulebook.all_rules()
    plan = engine.run(text, context, rules)
    check_plan(text, plan)
    assert engine.run(text, context, rules[::-1]) == plan, "the order of the rules decides"
    if plan.error is None:
        check_rerun(plan.text if plan.text is not None else text, plan, context)
        check_held(text, context)
        check_staying(text, context)
        check_newlines(text, plan, context)
    return plan


def check_plan(text: str, plan: engine.Plan) -> None:
    """Check one plan against the text it was made for."""
    rewritten = [f for f in plan.findings if f.outcome is Outcome.REWRITTEN]
    assert bool(rewritten) == (plan.text is not None), "a text without a finding, or the reverse"
    for finding in plan.findings:
        check_span(text, finding.span)
        assert finding.message.strip().endswith((".", "!", ")")), finding.message
        if finding.outcome in (Outcome.MANUAL, Outcome.BLOCKED):
            assert finding.recipe, f"{finding.code} says no way out: {finding.message}"
        if finding.outcome is not Outcome.REWRITTEN:
            assert finding.after is None or finding.outcome is Outcome.BLOCKED
    doubles = Counter((f.span, f.code) for f in plan.findings)
    assert max(doubles.values(), default=1) == 1, doubles.most_common(1)
    spans = Counter(f.span for f in plan.findings if f.code not in BESIDE)
    assert max(spans.values(), default=1) == 1, f"two outcomes: {spans.most_common(1)}"
    if plan.error is None:
        check_answered(text, plan)
    if plan.text is not None:
        ast.parse(plan.text)
        assert not comments(text) - comments(plan.text), "a comment was lost"
        # what is lost beside what moved is reported, but its spelling changes
        spelled = [f for f in plan.findings if "it is spelled in full" in f.message]
        check_untouched(text, plan.text, rewritten + spelled)


def check_span(text: str, span: Span) -> None:
    """Check that ``span`` lies in ``text`` and is not empty."""
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert 1 <= span.line <= span.end_line <= len(rows)
    assert (span.line, span.column) <= (span.end_line, span.end_column)
    assert span.end_column <= len(rows[span.end_line - 1])


def check_answered(text: str, plan: engine.Plan) -> None:
    """Check that every call of a function that a rule is about has a finding."""
    module = Module(text)
    asked = {api for rule in rulebook.all_rules() for api in rule.apis if not api.endswith(".*")}
    answered = {(f.span.line, f.span.column) for f in plan.findings}
    for node, symbol in module.references():
        parent = module.parents[node]
        if symbol.name in asked and isinstance(parent, ast.Call) and parent.func is node:
            place = module.line_column(module.start(parent))
            assert place in answered or symbol.name in OFTEN_FINE, symbol


def check_untouched(text: str, new: str, rewritten: list[Finding]) -> None:
    """Check that lines outside of rewritten statements and imports are all still there."""
    touched: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.stmt):
            continue
        end = node.end_lineno or node.lineno
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            touched.update(range(node.lineno, end + 1))
        elif not hasattr(node, "body"):
            lines = range(node.lineno, end + 1)
            if any(f.span.line in lines for f in rewritten):
                touched.update(lines)
    for finding in rewritten:
        touched.update(range(finding.span.line, finding.span.end_line + 1))
    rows = iter(new.splitlines())
    for number, row in enumerate(text.splitlines(), 1):
        if number not in touched and row.strip():
            assert any(row == other for other in rows), f"line {number} was disturbed: {row!r}"


def check_rerun(new: str, plan: engine.Plan, context: FileContext) -> None:
    """Check that a second run finds nothing to change."""
    again = engine.run(new, context, rulebook.all_rules())
    left = [f for f in again.findings if f.outcome is Outcome.REWRITTEN]
    assert again.text is None, f"not idempotent:\n{again.text}"
    assert not left, left


def check_held(text: str, context: FileContext) -> None:
    """Check that a program that is held back keeps every byte, and says why."""
    plan = engine.run(text, replace(context, held="`x.py` does not parse"), rulebook.all_rules())
    check_plan(text, plan)
    assert plan.text is None


def check_staying(text: str, context: FileContext) -> None:
    """Check that only safe rewrites happen where the program does not move."""
    for changed in (replace(context, move=False), replace(context, safe_only=True)):
        plan = engine.run(text, changed, rulebook.all_rules())
        check_plan(text, plan)
        for finding in plan.findings:
            if finding.outcome is Outcome.REWRITTEN:
                assert finding.safety is Safety.SAFE, finding


def check_newlines(text: str, plan: engine.Plan, context: FileContext) -> None:
    """Check that Windows newlines come out as they went in, and decide nothing."""
    if "\r" in text or "\f" in text:
        return
    other = engine.run(text.replace("\n", "\r\n"), context, rulebook.all_rules())
    assert (other.text or "").replace("\r\n", "\n") == (plan.text or "")
    assert "\r" not in (other.text or "").replace("\r\n", "")
    assert "\n" not in (other.text or "").replace("\r\n", "")
    assert [(f.span, f.code, f.outcome) for f in other.findings] == [
        (f.span, f.code, f.outcome) for f in plan.findings
    ]


def comments(text: str) -> Counter[str]:
    """Return how often each comment stands in ``text``."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(
        token.string.rstrip()
        for token in tokens
        if token.type == tokenize.COMMENT
        and not (_PRAGMA.match(token.string) and "import" in token.line)
    )


def describe(finding: Finding) -> str:
    """Return a finding as the golden files spell it."""
    span = finding.span
    text = f"{span.line}:{span.column} {finding.code} {finding.outcome}: {finding.message}"
    return text + (f"\n    {finding.recipe}" if finding.recipe else "")
