"""Source text -> findings and new text.  Pure: no file, no process, no printing.

All rules read the original tree, so every position is the user's; then one editing pass
replaces nodes by identity.  What cannot be applied whole is BLOCKED and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import libcst as cst

from migrator.engine.codes import EDIT, PARSE, engine_rules
from migrator.engine.job import Job, Plan
from migrator.engine.lifting import lifted_plan, with_refusal
from migrator.engine.places import suppressions
from migrator.modernise import with_removed
from migrator.names import Module
from migrator.results import Finding, Outcome, Safety, Span
from migrator.rule import FileContext, Rule
from migrator.syntax_errors import describe_syntax_error
from migrator.tree import Tree

__all__ = ["Plan", "engine_rules", "run"]


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
    plan = _run(module, context, rules)
    moving = context.move and context.held is None and not context.safe_only
    if moving and plan.error is None:
        plan = with_removed(plan, text, rules, suppressions, module)
    return plan


def _run(module: Module, context: FileContext, rules: Sequence[Rule]) -> Plan:
    """Return what becomes of the saving code and the imports of a file."""
    job = Job(module, context, rules)
    if not context.lift_whole and not job.interesting():
        return Plan()
    lifted = lifted_plan(job)
    if isinstance(lifted, Plan):
        return lifted
    if lifted is not None and context.lift == "only":
        held = f"it is not lifted: {lifted.sentence}"
        plan = _run(module, replace(context, lift="", lift_whole=False, held=held), rules)
        return replace(plan, refused=lifted.sentence, moves=True)
    if not job.interesting():
        return Plan(refused=lifted.sentence if lifted is not None else None)
    try:
        tree = Tree(module, job.end_of_edits())
    except (cst.ParserSyntaxError, ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "libcst cannot parse this file"
        return job.unedited(EDIT, reason)
    plan = job.plan(tree)
    return with_refusal(job, plan, lifted) if lifted is not None else plan


def _unparsed(text: str, error: Exception) -> Plan:
    sentence = describe_syntax_error(error)
    line = (getattr(error, "lineno", None) or 1) if isinstance(error, SyntaxError) else 1
    rows = text.splitlines() or [""]
    row = rows[min(line, len(rows)) - 1]
    recipe = "Make the file valid Python 3 first"
    if "Python 2" in sentence:
        recipe = "Run `migrator migrate --python2`, or make the file valid Python 3 by hand"
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
