"""Offer a file to the lift first; what it takes, it takes whole."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrator import symbols
from migrator.apis import TARGETS, family
from migrator.engine.codes import LIFT
from migrator.engine.job import Job, Plan, ordered
from migrator.lift import Lifted, Refusal, lift
from migrator.names import Module
from migrator.results import Finding, Outcome, Safety, Tier
from migrator.tree import nodes_of

__all__ = ["Refused", "lifted_plan", "with_refusal"]

#: Saving methods that a lift rewrites, with the codes of their rules.
_METHODS = {"save": "TFM202", "restore": "TFM203"}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file is not lifted."""

    node: ast.AST
    sentence: str  #: follows "because"


def lifted_plan(job: Job) -> Plan | Refused | None:
    """Return the plan of a lifted file, why it is not lifted, or None where nobody asked.

    Nobody asks where the file saves nothing, its program does not move, or a comment keeps one
    of its calls.
    """
    context, module = job.context, job.module
    if not context.lift or not context.move or context.held is not None or context.safe_only:
        return None
    if context.select or context.ignore:
        return None  # a part of the rules cannot answer for the whole program
    targets = [(node, symbol) for node, symbol in job.references if symbol.name in TARGETS]
    if not targets:
        return None
    if any(job.keeps_line(node.lineno) for node, _ in targets):
        return None
    if context.lift_refused is not None:
        return Refused(targets[0][0], context.lift_refused)
    saves = any(symbol.name == "tf.train.Saver" for _, symbol in targets)
    for near, what in (
        (context.key_readers, "reads checkpoints by the names of variables"),
        (context.finalizers, "restores with TensorFlow 1's own Saver"),
    ):
        if saves and near:
            return Refused(targets[0][0], f"`{near[0]}` {what}, which need their old keys")
    try:
        lifted = lift(module, context.path)
        after = Module(lifted.text)
        left = _left(after)
        if left is not None:
            raise Refusal(left[0], "symbol", f"`{left[1]}` has no successor without a session here")
    except Refusal as refusal:
        line = getattr(refusal.node, "lineno", None)
        where = f" (line {line})" if line is not None else ""
        node = refusal.node
        if node not in module.scope_of or not isinstance(node, (ast.expr, ast.stmt)):
            node = targets[0][0]  # it stands in another tree: the new text's
        return Refused(node, f"{refusal.sentence}{where}")
    findings = [*_findings(job, lifted), *job.gone_in(_spelled(after))]
    return Plan(findings=tuple(ordered(findings)), text=lifted.text, moves=True, tier=Tier.NATIVE)


def _spelled(module: Module) -> frozenset[str]:
    return frozenset(symbol.spelled for _, symbol in module.references())


def _left(module: Module) -> tuple[ast.AST, str] | None:
    """Return a symbol of the new text that TensorFlow 2 does not have, or None."""
    for node, symbol in module.references():
        if symbol.via == "v1":
            if not symbol.name.startswith(("tf.train.", "tf.app", "tf.flags")):
                return node, symbol.spelled
        elif symbols.status(symbol.spelled) is symbols.Status.GONE:
            if not symbol.spelled.startswith("tf.examples."):
                return node, symbol.spelled
        elif symbol.spelled != "tf" and not symbols.in_tensorflow2(symbol.spelled):
            return node, symbol.spelled
    return None


def _findings(job: Job, lifted: Lifted) -> Iterator[Finding]:
    module = job.module
    first: ast.expr | None = None
    for node, symbol in job.references:
        if symbol.name in ("tf.Session", "tf.InteractiveSession") and first is None:
            first = node
        for rule in job.matching(symbol.name)[:1]:
            parent = module.parents[node]
            called = isinstance(parent, ast.Call) and parent.func is node
            call: ast.expr = parent if called and isinstance(parent, ast.Call) else node
            kept = module.source(call) in lifted.text and family(symbol.name) == "discovery"
            yield job.finding(
                call,
                rule.code,
                f"{symbol.name}: part of what became the tf.Module `{lifted.name}`."
                if not kept
                else f"{symbol.name} means the same without a session.",
                Outcome.KEPT if kept else Outcome.REWRITTEN,
                after=lifted.answers.get((call.lineno, call.col_offset)),
                tier=Tier.NATIVE,
                api=symbol.name,
                safety=Safety.REVIEW,
            )
    for name, code in _METHODS.items():
        for attribute in nodes_of(module).method_calls.get(name, ()):
            saving = module.parents[attribute]
            if not isinstance(saving, ast.Call):
                continue
            place = (saving.lineno, saving.col_offset)
            if place in lifted.answers and module.symbol(attribute) is None:
                yield job.finding(
                    saving,
                    code,
                    f"The Saver's `{name}` goes through tf.train.Checkpoint.",
                    Outcome.REWRITTEN,
                    after=lifted.answers[place],
                    tier=Tier.NATIVE,
                    api=f".{name}",
                    safety=Safety.REVIEW,
                )
    if first is not None:
        parent = module.parents[first]
        yield job.finding(
            parent if isinstance(parent, ast.Call) else first,
            LIFT,
            " ".join(
                [
                    f"The graph and its session became the tf.Module `{lifted.name}`.",
                    *(f"{note}." for note in lifted.notes),
                ]
            ),
            Outcome.REWRITTEN,
            tier=Tier.NATIVE,
            api="tf.Session",
            safety=Safety.REVIEW,
        )


def with_refusal(job: Job, plan: Plan, refused: Refused) -> Plan:
    """Return ``plan`` with a finding that says why its file stays a session program."""
    node = refused.node
    assert isinstance(node, (ast.expr, ast.stmt))
    finding = job.finding(
        node,
        LIFT,
        f"Not lifted to a tf.Module, because {refused.sentence}.",
        Outcome.KEPT,
        tier=Tier.SESSION,
        safety=Safety.REVIEW,
    )
    return replace(plan, findings=tuple(ordered([*plan.findings, finding])))
