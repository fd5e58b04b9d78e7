"""What a report says of a file that was lifted: an outcome for every saving call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.apis import family
from migrator.engine.codes import LIFT
from migrator.engine.job import Job
from migrator.flow import targets_of, uses
from migrator.lift import Lifted
from migrator.results import Finding, Outcome, Safety, Tier
from migrator.rule import weight_calls
from migrator.tree import nodes_of

__all__ = ["findings_of"]

#: What makes an object -> its methods that save, with the codes of their rules.
_METHODS = {
    "tf.train.Saver": {"save": "TFM202", "restore": "TFM203"},
    "tf.train.import_meta_graph": {"save": "TFM202", "restore": "TFM203"},
    "tf.saved_model.Builder": {
        "add_meta_graph_and_variables": "TFM103",
        "add_meta_graph": "TFM103",
        "save": "TFM104",
    },
    "tf.estimator.Estimator": {"export_savedmodel": "TFM601", "export_saved_model": "TFM601"},
}
_SESSIONS = ("tf.Session", "tf.InteractiveSession")
_BUILDER = "tf.saved_model.Builder"


def findings_of(job: Job, lifted: Lifted) -> Iterator[Finding]:
    """Yield the findings about a file that was lifted.

    One for each reference that a rule would be asked about, one for each call of a saving method,
    and one for the session, which says what became of its runs and what was not carried over.
    """
    module = job.module
    opened: list[ast.expr] = []
    told: set[ast.AST] = set()
    for node, symbol in job.references:
        if symbol.name in _SESSIONS:
            opened.append(_call(job, node))
        rules = job.matching(symbol.name)
        if not rules:
            continue
        call = _call(job, node)
        kept = module.source(call) in lifted.text and family(symbol.name) == "discovery"
        yield job.finding(
            call,
            rules[0].code,
            f"{symbol.name} means the same without a session."
            if kept
            else _became(lifted, symbol.name),
            Outcome.KEPT if kept else Outcome.REWRITTEN,
            after=_answer(lifted, call),
            tier=Tier.NATIVE,
            api=symbol.name,
            safety=Safety.REVIEW,
        )
        for method in _method_calls(job, symbol.name, call):
            if method not in told:
                told.add(method)
                yield _saving(job, lifted, symbol.name, method)
    # a Saver that comes from elsewhere: what the lift answered for
    for name in _METHODS["tf.train.Saver"]:
        for attribute in nodes_of(module).method_calls.get(name, ()):
            saving = module.parents[attribute]
            if not isinstance(saving, ast.Call) or saving in told or not saving.args:
                continue
            if _answer(lifted, saving) is not None and module.symbol(attribute) is None:
                told.add(saving)
                yield _saving(job, lifted, "tf.train.Saver", saving)
    for call, name in weight_calls(module):
        yield job.finding(
            call,
            "TFM207",
            f"{name}: stays; it holds the values of variables as plain arrays.",
            Outcome.KEPT,
            tier=Tier.NATIVE,
            api=name,
            safety=Safety.REVIEW,
        )
    if opened:
        yield job.finding(
            opened[0],
            LIFT,
            " ".join(
                [
                    "The session of Keras goes: its models run without one."
                    if lifted.name == "KerasModule"
                    else f"The graph and its session became the tf.Module `{lifted.name}`.",
                    *(f"{note[:1].upper()}{note[1:]}." for note in lifted.notes),
                ]
            ),
            Outcome.REWRITTEN,
            after=_runs(job, lifted, told),
            tier=Tier.NATIVE,
            api="tf.Session",
            safety=Safety.REVIEW,
        )


def _became(lifted: Lifted, name: str) -> str:
    if name.startswith("tf.keras.backend."):
        return f"{name.removeprefix('tf.')}: goes; Keras 3 has no session and no learning phase."
    if lifted.name == "KerasModule" and name in ("tf.saved_model.simple_save", _BUILDER):
        return (
            f"{name} becomes a tf.saved_model.save of the model's layers as they predict, under"
            " the same signature key, names, dtypes and method name."
        )
    if lifted.name == "EstimatorModule":
        return f"{name}: part of what became a module of the model_fn's PREDICT branch."
    if family(name) == "predictor":
        return f"{name} becomes tf2_bridge.graph_predictor, which reads old and new exports."
    return f"{name}: part of what became the tf.Module `{lifted.name}`."


def _call(job: Job, node: ast.Name | ast.Attribute) -> ast.expr:
    parent = job.module.parents[node]
    return parent if isinstance(parent, ast.Call) and parent.func is node else node


def _answer(lifted: Lifted, call: ast.expr) -> str | None:
    return lifted.answers.get((call.lineno, call.col_offset))


def _method_calls(job: Job, made: str, call: ast.expr) -> Iterator[ast.Call]:
    """Yield the calls of saving methods on what ``call`` makes, as far as this file shows them."""
    module = job.module
    methods = _METHODS.get(made, {})
    receivers: list[ast.expr] = [call] if methods else []
    for target in (targets_of(module, call) or ()) if methods else ():
        receivers.extend(uses(module, target))
    for receiver in receivers:
        attribute = module.parents.get(receiver)
        method = module.parents.get(attribute) if attribute is not None else None
        if not isinstance(attribute, ast.Attribute) or attribute.attr not in methods:
            continue
        if isinstance(method, ast.Call) and method.func is attribute:
            yield method


def _saving(job: Job, lifted: Lifted, made: str, call: ast.Call) -> Finding:
    assert isinstance(call.func, ast.Attribute)
    name = call.func.attr
    if made == "tf.train.import_meta_graph":
        made = "tf.train.Saver"  # what it returns
    if made == "tf.train.Saver":
        kind = (
            "reads checkpoints of both kinds"
            if name == "restore"
            else "writes object-based checkpoints"
        )
        message = f"The Saver's `{name}` goes without a session; it {kind}."
    elif made == "tf.estimator.Estimator":
        message = (
            f"The Estimator's `{name}` becomes a `tf.saved_model.save` of the PREDICT branch of its"
            " model_fn, with the same signatures."
        )
        message += "".join(f" {note[:1].upper()}{note[1:]}." for note in lifted.notes)
    else:
        message = f"The builder's `{name}`: part of a `tf.saved_model.save` of the module."
    return job.finding(
        call,
        _METHODS[made][name],
        message,
        Outcome.REWRITTEN,
        after=_answer(lifted, call),
        tier=Tier.NATIVE,
        api=f"{made}.{name}",
        safety=Safety.REVIEW,
    )


def _runs(job: Job, lifted: Lifted, told: set[ast.AST]) -> str | None:
    """Return what the runs of the session became, each below its line of the original."""
    rows: list[str] = []
    for name in ("run", "eval"):
        for attribute in job.module.by_name.get(name, ()):
            call = job.module.parents[attribute]
            if isinstance(call, ast.Call) and call.func is attribute and call not in told:
                text = _answer(lifted, call)
                if text:
                    rows.append(f"# was line {call.lineno}\n{text}")
    return "\n".join(sorted(rows, key=lambda row: int(row.split()[3]))) or None
