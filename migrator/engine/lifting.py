"""Offer a file to the lift first; what it takes, it takes whole."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

import libcst as cst

from migrator import imports, symbols
from migrator.apis import BRIDGED_READERS, FROZEN, SESSIONS, TARGETS, runs_estimator
from migrator.engine.codes import LIFT
from migrator.engine.job import Job, Plan, ordered
from migrator.engine.outcomes import findings_of
from migrator.engine.places import lower_first
from migrator.instances import at_once
from migrator.interface import broken
from migrator.lift import Lifted, Refusal, lift
from migrator.lift.merged import lift_merged
from migrator.lift.stars import with_tensorflow_last
from migrator.names import Module
from migrator.results import Finding, Outcome, Safety, Tier
from migrator.rule import Unreachable, weight_calls
from migrator.tree import Tree

__all__ = ["Refused", "lifted_plan", "with_refusal"]


_DATA = "TFM825"  #: the code of the tutorials' reader of data
_NAME = "TFM406"  #: the code of names of tensors in a loaded graph

_INITIALIZERS = frozenset(
    {"tf.global_variables_initializer", "tf.initialize_all_variables"}
    | {"tf.variables_initializer", "tf.initialize_variables"}
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file is not lifted."""

    node: ast.AST
    sentence: str  #: follows "because"


def lifted_plan(job: Job) -> Plan | Refused | None:
    """Return the plan of a lifted file, why it is not lifted, or None where nobody asked.

    Nobody asks where the file saves nothing and no other file lifts with it, where its program
    does not move, or where a comment keeps one of its calls.
    """
    context, module = job.context, job.module
    if not context.lift or not context.move or context.held is not None or context.safe_only:
        return None
    if context.select or context.ignore:
        return None  # a part of the rules cannot answer for the whole program
    opened = any(symbol.name in SESSIONS for _, symbol in job.references)
    wanted = TARGETS | FROZEN if opened else TARGETS
    targets: list[ast.expr] = [
        n for n, symbol in job.references if symbol.name in wanted or runs_estimator(symbol.name)
    ]
    if opened and not targets:
        targets = [call.func for call, _ in weight_calls(module)]
    if not targets and not context.lift_whole and context.lift_refused is None:
        return None
    if any(job.keeps_line(node.lineno) for node in targets):
        return None
    places: list[ast.expr | ast.stmt] = [*targets, *(node for node, _ in job.references)]
    if context.lift_refused is not None:
        tells = targets or f"`{context.path}" in context.lift_refused
        return Refused(places[0], context.lift_refused) if tells and places else None
    saves = any(symbol.name == "tf.train.Saver" for _, symbol in job.references)
    for near, what in (
        (context.key_readers, "reads checkpoints by the names of variables"),
        (context.finalizers, "finalizes a graph and restores with TensorFlow 1's own Saver"),
    ):
        if saves and near:
            return Refused(places[0], f"`{near[0]}` {what}, which needs the checkpoints' old keys")
    lost = _lost_name(job)
    if lost is not None:
        return Refused(places[0], lost)
    try:
        lifted = _lifted(job)
    except Refusal as refusal:
        at: ast.AST | None = refusal.node
        if at not in module.scope_of or not isinstance(at, (ast.expr, ast.stmt)):
            at = next(iter([*places, *module.imports]), None)  # it stands in another tree
        if at is None:
            return None
        line = getattr(refusal.node, "lineno", None)
        # of a merged text, the sentence tells file and line itself
        told = context.merged or refusal.sentence.endswith(f"(line {line})")
        where = f" (line {line})" if line is not None and not told else ""
        return Refused(at, f"{refusal.sentence}{where}")
    except Exception as error:
        if not places:
            raise
        return Refused(places[0], f"this tool failed on it ({type(error).__name__}: {error})")
    after = Module(lifted.text)
    reader = _reads_keys(job, after)
    if reader is not None:
        return Refused(reader, "it would read the keys of an object-based checkpoint as names")
    text, parts, data = _with_data(job, after)
    if data:
        after = Module(text)
    findings = [*findings_of(job, lifted), *data, *job.gone_in(_spelled(after))]
    return Plan(
        findings=tuple(ordered(findings)),
        text=text,
        parts=lifted.parts | parts,
        moves=True,
        tier=Tier.NATIVE,
        requirements=lifted.requirements,
    )


def _with_data(job: Job, after: Module) -> tuple[str, frozenset[str], list[Finding]]:
    """Return a lifted text that reads its data through the bridge, its parts, and what to say."""
    readers = [rule for rule in job.rules if rule.code == _DATA]
    if not readers or not any(name.startswith("tf.examples.") for name in _spelled(after)):
        return after.text, frozenset(), []
    context = replace(job.context, native=True)
    new = Job(after, context, readers).plan(Tree(after), swap_imports=False)
    if new.text is None:
        return after.text, frozenset(), []
    told = Job(job.module, context, readers).plan(Tree(job.module), swap_imports=False).findings
    return new.text, new.parts, [finding for finding in told if finding.code == _DATA]


def _reads_keys(job: Job, after: Module) -> ast.expr | None:
    """Return a reader of checkpoints by variable names that is TensorFlow's own in new code.

    The bridge's take the place of those; what is left reads the keys of what the program writes.
    """
    readers = [node for node, symbol in job.references if symbol.name in BRIDGED_READERS]
    left = any(symbol.name in BRIDGED_READERS for _, symbol in after.references())
    return readers[0] if readers and left else None


def _lost_name(job: Job) -> str | None:
    """Return what the rules say of a tensor that the repository's own export will not hold."""
    if not any(known.migrated for known in job.context.loads):
        return None
    try:
        plan = Job(job.module, job.context, job.rules).plan(Tree(job.module))
    except (cst.ParserSyntaxError, ValueError, RecursionError):
        return None  # the rules say so themselves
    for finding in plan.findings:
        if finding.code == _NAME and finding.outcome is Outcome.MANUAL:
            return f"{lower_first(finding.message)} (line {finding.span.line})"
    return None


def _lifted(job: Job) -> Lifted:
    """Return the lifted file.

    Raises:
        Refusal: it is not, or what would come out does not fit the rest of the program.
    """
    context, module = job.context, job.module
    if context.merged:
        index = [part.path for part in context.merged].index(context.path)
        lifted = lift_merged(context.merged, context.graph_names)[index]
    else:
        lifted = lift(
            module,
            context.path,
            bridge_import=context.bridge_import,
            graph_names=context.graph_names,
            keep_names=context.exports_by_name,
        )
    after = Module(lifted.text)
    left = _left(after, "graph_module" in lifted.parts or bool(context.merged))
    if left is not None:
        raise Refusal(after.tree, "symbol", f"`{left}` has no successor without a session here")
    gone = broken(module, after, context.users)
    if gone is not None:
        raise Refusal(gone[0], "interface", gone[1])
    _check_instances(job, lifted)
    _check_values(job)
    requirements = set(lifted.requirements)
    if any(symbol.name.startswith("tf.summary.") for _, symbol in after.references()):
        requirements.add("tensorboard")
    text = lifted.text
    if context.company and "KerasModule" in lifted.name:
        # what other files of the process ask of Keras is Keras 2's, and there is one in a process
        raise Refusal(module.tree, "keras", "other files of its program use TensorFlow, too")
    if context.keras_elsewhere is not None:
        try:
            text = imports.with_legacy_keras(Tree(after), context, context.keras_elsewhere)
        except Unreachable as error:
            raise Refusal(after.tree, "import", str(error)) from error
        requirements.add("tf-keras")
    stars = _renaming_stars(job)
    if stars:
        text = with_tensorflow_last(Module(text), stars)
    return replace(lifted, text=text, requirements=frozenset(requirements))


def _check_instances(job: Job, lifted: Lifted) -> None:
    """Refuse a class of which other files make several that could tell that each has a graph."""
    for name, why in lifted.single.items():
        here = [
            node
            for node in job.module.nodes
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name
        ]
        own = at_once(job.module.tree, set(here), imported=True)
        for user in job.context.users:
            if own + dict(user.made).get(name, 0) > 1:
                raise Refusal(
                    next(at for at in job.module.nodes if isinstance(at, ast.ClassDef)),
                    "one instance",
                    f"`{user.path}` may make several of `{name}`, and {why}",
                )


def _check_values(job: Job) -> None:
    """Refuse a class of which another file makes an object that never gets values.

    Its variables had none then, and running it failed; a module's have their initial ones.
    """
    for owner in job.module.tree.body:
        if not isinstance(owner, ast.ClassDef):
            continue
        if [base for base in owner.bases if ast.unparse(base) != "object"]:
            continue  # its base class may do it
        methods = [item for item in owner.body if isinstance(item, ast.FunctionDef)]
        giving = {item.name for item in methods if _gives_values(job.module, item)}
        more = set(giving)
        while more:
            more = {item.name for item in methods if _reads(item, giving)} - giving
            giving |= more
        if not giving or "__init__" in giving:
            continue
        for user in job.context.users:
            if owner.name in dict(user.made) and giving.isdisjoint(user.attributes):
                raise Refusal(
                    owner,
                    "values",
                    f"`{user.path}` neither initializes nor restores the `{owner.name}` it makes",
                )


def _gives_values(module: Module, method: ast.FunctionDef) -> bool:
    """Whether a method initializes variables or restores them."""
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and node.attr == "restore":
            return True
        if isinstance(node, (ast.Name, ast.Attribute)):
            symbol = module.symbol(node)
            if symbol is not None and symbol.name in _INITIALIZERS:
                return True
    return False


def _reads(method: ast.FunctionDef, attributes: set[str]) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in attributes for node in ast.walk(method)
    )


def _renaming_stars(job: Job) -> frozenset[str]:
    """Return the modules of which a star import binds the file's name of TensorFlow anew.

    They get the import of ``compat.v1`` with the rest of the program.
    """
    exported = {key: dict(names) for key, names in job.context.foreign}
    found: set[str] = set()
    for node in job.module.imports:
        if not isinstance(node, ast.ImportFrom) or [a.name for a in node.names] != ["*"]:
            continue
        given = exported.get((node.module or "", node.level), {})
        for name, dotted in given.items():
            if dotted != "tensorflow":
                continue
            _, bindings = job.module.find(name, job.module.scope_of[node])
            if any(binding.node.lineno < node.lineno for binding in bindings):  # type: ignore[attr-defined]
                found.add(f"{'.' * node.level}{node.module or ''}")
    return frozenset(found)


def _spelled(module: Module) -> frozenset[str]:
    return frozenset(symbol.spelled for _, symbol in module.references())


def _left(module: Module, wrapped: bool) -> str | None:
    """Return a symbol of the new text that a program without a session cannot use, or None.

    Args:
        module: the new text.
        wrapped: graph code runs in it as it did, where ``tf.compat.v1`` belongs.
    """
    for _, symbol in module.references():
        if symbol.via == "v1":
            if symbol.name.startswith(("tf.train.", "tf.app", "tf.flags")) and not wrapped:
                continue
            state = symbols.status(symbol.spelled)
            present = state in (symbols.Status.PRESENT, symbols.Status.LEGACY_KERAS)
            if not wrapped or not present or symbol.name in SESSIONS or symbol.name in TARGETS:
                return symbol.spelled
        elif symbols.status(symbol.spelled) is symbols.Status.GONE:
            if not symbol.spelled.startswith("tf.examples."):
                return symbol.spelled
        elif symbol.spelled != "tf" and not symbols.in_tensorflow2(symbol.spelled):
            return symbol.spelled
    return None


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
    return replace(
        plan, findings=tuple(ordered([*plan.findings, finding])), refused=refused.sentence
    )
