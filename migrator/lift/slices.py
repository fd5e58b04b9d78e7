"""What each use of a session needs of the graph: backward slices, and what they share."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from migrator.lift.changes import class_of, is_changed
from migrator.lift.exports import Signature
from migrator.lift.kinds import Kind, Refusal, Run, Step, Value, updates_in
from migrator.lift.scope import Scope, holds_variables
from migrator.names import Module

__all__ = [
    "Group",
    "Use",
    "check_host",
    "closure",
    "gradient_steps",
    "groups_of",
    "is_direct",
    "is_inline",
    "is_moved",
    "update_reads",
    "uses_of",
]


@dataclass(eq=False)
class Use:
    """One distinct fetch set under one feed set: it becomes one method or function."""

    outputs: list[tuple[ast.expr, Value]]  #: what it returns; updates are not among them
    params: list[Value]
    steps: list[Step]
    #: placeholders that are not fed, and so what they are by default
    defaults: list[Value] = field(default_factory=list)
    updates: list[Value] = field(default_factory=list)  #: the train and assign ops that it runs
    runs: list[Run] = field(default_factory=list)
    signature: Signature | None = None
    host: list[ast.Name] = field(default_factory=list)
    reads: list[tuple[ast.Name, Value]] = field(default_factory=list)
    name: str = ""
    places: list[int] = field(default_factory=list)  #: which of the fetches it returns

    @property
    def trains(self) -> list[Value]:
        """The train ops that it runs."""
        return [update for update in self.updates if update.kind is Kind.TRAIN]

    @property
    def assigns(self) -> list[Value]:
        """The assign ops that it runs."""
        return [update for update in self.updates if update.kind is Kind.ASSIGN]


@dataclass(eq=False)
class Group:
    """Statements that the same several uses share: a method that they call."""

    steps: list[Step]
    users: frozenset[Use]
    inputs: list[Value] = field(default_factory=list)  #: placeholders and tensors
    outputs: list[Value] = field(default_factory=list)
    name: str = ""
    use: Use | None = None  #: the use whose method this is, too


def is_moved(value: Value) -> bool:
    """Whether the statement that made ``value`` is copied into the methods that need it."""
    if value.kind is Kind.TENSOR:
        return not value.is_eager
    if value.kind is Kind.VARIABLES:
        return True
    return value.kind is Kind.STRUCT and not holds_variables(value)


def closure(reads: Iterable[tuple[ast.Name, Value]]) -> list[Step]:
    """Return the statements that make what is read, in order."""
    found: set[Step] = set()
    todo = [value for _, value in reads]
    while todo:
        value = todo.pop()
        todo += [read for record in value.records for _, read in record.reads]
        step = value.step
        if step is None or step in found:
            continue
        if value.kind in (Kind.GRADIENTS, Kind.OPTIMIZER, Kind.GROUP) or updates_in(value):
            todo += [read for _, read in step.reads]
        elif is_moved(value):
            found.add(step)
            todo += [read for _, read in step.reads]
    return sorted(found, key=lambda step: step.index)


def update_reads(use: Use) -> list[Value]:
    """Return what the statements of a use's train and assign ops read."""
    steps: list[Step] = []
    for update in use.updates:
        if update.step is not None:
            steps += [update.step, *gradient_steps(update)]
        of = update.of
        if of is not None and of.kind is Kind.OPTIMIZER and of.step is not None:
            steps.append(of.step)
    return [value for step in steps for _, value in step.reads]


def gradient_steps(train: Value) -> list[Step]:
    """Return the statements between the loss of a train op and what it applies, in order."""
    found: set[Step] = set()
    todo = [train.step] if train.step is not None and train.gradients is not None else []
    while todo:
        for _, value in todo.pop().reads:
            if value.kind is Kind.GRADIENTS and value.step is not None and value.step not in found:
                found.add(value.step)
                todo.append(value.step)
    return sorted(found, key=lambda step: step.index)


def is_direct(value: Value) -> bool:
    """Whether a fetch needs no method: a variable, or a tensor of constants."""
    return value.kind is Kind.VARIABLE or value.is_eager


def is_inline(run: Run) -> bool:
    """Whether a run needs no method: what it fetches can be written where it is fetched."""
    for node, value in run.fetched:
        if is_direct(value):
            continue
        if value.kind is Kind.ASSIGN and value.step is None and len(run.fetched) == 1:
            # sess.run(v.assign(x))
            return not (value.placeholders_below() or closure(run.reads))
        if value.kind is not Kind.TENSOR or isinstance(node, ast.Name):
            return False
        if value.placeholders_below() or closure(run.reads):
            return False
    return True


def is_silent(value: Value) -> bool:
    """Whether a fetch gives None: a train op, or a group of ops."""
    return value.kind in (Kind.TRAIN, Kind.GROUP)


def is_unread(scope: Scope, target: ast.expr) -> bool:
    """Whether ``target`` is a name that nothing reads, or only as a graph value."""
    if not isinstance(target, ast.Name):
        return False
    for other in scope.module.by_name.get(target.id, ()):
        if isinstance(other, ast.Name) and isinstance(other.ctx, ast.Load):
            value = scope.read_of.get(other)
            if value is None or not value.is_graph:
                return False
    return True


def _places(scope: Scope, use: Use) -> list[int]:
    """Return which of the fetches a use returns: all but what is None, or an update not read."""
    return [
        place
        for place, (_, value) in enumerate(use.runs[0].fetched)
        if not is_silent(value)
        and (not updates_in(value) or any(_reads(scope, run, place) for run in use.runs))
    ]


def _reads(scope: Scope, run: Run, place: int) -> bool:
    """Whether what a run gives for the fetch at ``place`` is read."""
    statement = scope.module.parents[run.call]
    if isinstance(statement, ast.Expr):
        return False
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return True
    (target,) = statement.targets
    elements = getattr(target, "elts", None) if run.form in ("list", "tuple") else None
    if elements is None or len(elements) != len(run.fetched):
        return not is_unread(scope, target)
    return not is_unread(scope, elements[place])


def uses_of(scope: Scope) -> list[Use]:
    """Return the distinct uses of the session, in the order of their first appearance."""
    found: dict[object, Use] = {}
    for run in scope.runs:
        values = [value for _, value in run.fetched]
        if is_inline(run):
            continue
        for other in scope.runs:
            if other is not run and run.fetch in scope.module.ancestors(other.call):
                raise Refusal(other.call, "fetch", "what is fetched is made with another run")
        updates = [update for value in values for update in updates_in(value)]
        if any(update.step is None for update in updates):
            raise Refusal(run.fetch, "fetch", "the op that changes variables is made where it runs")
        below = {p for value in values for p in value.placeholders_below()}
        defaults = [p for p in _sorted(below) if p not in run.feed_nodes]
        key = (tuple(_identity(node, value) for node, value in run.fetched), *map(id, defaults))
        use = found.get(key)
        if use is None:
            use = found[key] = Use(
                [],
                _sorted(below - set(defaults)),
                closure(run.reads),
                defaults,
                updates,
                host=[*run.host, *(n for v in values for r in v.records for n in r.host)],
                reads=[*run.reads, *(read for v in values for r in v.records for read in r.reads)],
            )
        use.runs.append(run)
    for step in scope.steps:
        if step.watches:
            _watch(scope.module, list(found.values()), step)
    for use in found.values():
        use.places = _places(scope, use)
        use.outputs = [use.runs[0].fetched[place] for place in use.places]
    for export in scope.exports:
        for signature in export.signatures:
            values = [value for _, value in signature.outputs.values()]
            reads = [read for node, _ in signature.outputs.values() for read in _read(scope, node)]
            needed = {p for value in values for p in value.placeholders_below()}
            params = list(signature.inputs.values())
            steps = closure(reads)
            defaults = _sorted(needed - set(params))
            use = Use(list(signature.outputs.values()), params, steps, defaults)
            use.signature = signature
            use.reads = reads
            found[signature] = use
    return _merged(list(found.values()))


def _read(scope: Scope, node: ast.expr) -> list[tuple[ast.Name, Value]]:
    """Return the graph values that an output of a signature reads.

    Raises:
        Refusal: it reads host values, too, which may change until it is exported.
    """
    names = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name)]
    own = [name for name in names if scope.module.symbol(name) is None]
    for name in own:
        if name not in scope.read_of:
            raise Refusal(name, "export", "an output of the signature is computed with host values")
    return [(name, scope.read_of[name]) for name in own]


def _watch(module: Module, uses: list[Use], step: Step) -> None:
    """Let the first use that builds what a statement prints or checks have the statement.

    A function that trains is traced twice where its optimizer makes slots in the first trace, so
    nothing is printed in one.
    """
    checks = isinstance(step.node, ast.Assert)
    below = set(closure(step.reads))
    fed = {value for _, value in step.reads if value.kind is Kind.PLACEHOLDER}
    for use in uses:
        if use.signature is not None or not (checks or _is_traced_once(module, use)):
            continue
        if below <= set(use.steps) and fed <= {*use.params, *use.defaults}:
            use.steps = sorted([*use.steps, step], key=lambda other: other.index)
            return
    raise Refusal(step.node, "unseen function", "it tells of tensors that no run builds together")


def _is_traced_once(module: Module, use: Use) -> bool:
    """Whether no optimizer makes slots in the function that a use becomes."""
    for train in use.trains:
        call = train.of.call if train.of is not None else None
        symbol = module.symbol(call.func) if call is not None else None
        if symbol is None or not symbol.name.endswith(".GradientDescentOptimizer"):
            return False
    return True


def _merged(uses: list[Use]) -> list[Use]:
    """Let what only trains use the function that trains and returns what that computes anyway."""
    kept = list(uses)
    for use in uses:
        if not use.updates or use.outputs or use.signature is not None:
            continue
        for other in kept:
            if (
                other is not use
                and other.updates == use.updates
                and (other.params, other.defaults) == (use.params, use.defaults)
                and set(other.steps) <= set(use.steps)
            ):
                other.runs += use.runs
                kept.remove(use)
                break
    return kept


def _identity(node: ast.expr, value: Value) -> object:
    """Return what tells one fetch from another."""
    if value.kind is Kind.SUMMARY:
        return value.records
    if isinstance(node, ast.Name):
        return (value.step, value.name, value.kind)
    return (ast.dump(node), tuple(sorted(id(below) for below in value.needs)))


def _sorted(values: Iterable[Value]) -> list[Value]:
    return sorted(values, key=lambda value: value.step.index if value.step else 0)


def groups_of(uses: list[Use]) -> list[Group]:
    """Return what several uses share, such that each calls a group at most once.

    The statements with the same users are one group: whatever such a statement needs has those
    users, too, so groups depend on one another without a circle.
    """
    users: dict[Step, set[Use]] = {}
    for use in uses:
        for step in use.steps:
            users.setdefault(step, set()).add(use)
    shared: dict[frozenset[Use], list[Step]] = {}
    for step in sorted(users, key=lambda step: step.index):
        if len(users[step]) > 1:
            shared.setdefault(frozenset(users[step]), []).append(step)
    groups = []
    for who, steps in shared.items():
        reads = [value for step in steps for _, value in step.reads]
        if len(steps) == 1 and not any(value.variables_below() and
                                       value.kind in (Kind.VARIABLE, Kind.STRUCT)
                                       for value in reads):  # fmt: skip
            continue  # one line without a weight is not worth a method
        inside = set(steps)
        inputs = {
            (value.name, value.step): value
            for value in reads
            if (value.kind is Kind.PLACEHOLDER or is_moved(value)) and value.step not in inside
        }
        needed: dict[tuple[str | None, Step], Value] = {}
        for use in who:
            outside = [value for step in use.steps if step not in inside for _, value in step.reads]
            outside += [value for _, value in use.reads]
            outside += update_reads(use)
            for value in outside:
                if value.step in inside:
                    assert value.step is not None
                    needed[value.name, value.step] = value
        outputs = sorted(
            needed.values(), key=lambda v: (v.step.index if v.step else 0, v.name or "")
        )
        groups.append(Group(steps, who, _sorted(inputs.values()), outputs))
    return groups


def check_host(module: Module, scope: Scope, names: Iterable[ast.Name], inline: bool) -> None:
    """Check that host names mean when a method is traced what they meant where they were read.

    Args:
        module: the file.
        scope: the analysis.
        names: reads of host names.
        inline: they stand in a fetch, which may be in a loop; not in a statement of their own.

    Raises:
        Refusal: one is bound again, or the object changed, afterwards.
    """
    for name in names:
        owner, bindings = module.find(name.id, module.scope_of[name])
        if owner is None:
            continue
        at = module.start(name)
        for binding in bindings:
            node = binding.node
            if isinstance(
                node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.arg)
            ):
                continue
            if not isinstance(node, (ast.expr, ast.stmt)):
                raise Refusal(name, "host values", f"`{name.id}` is bound by an odd statement")
            looped = module.enclosing(node, (ast.For, ast.While)) is not None
            if owner is module.scopes.get(scope.node) or owner is module.root:
                # what a name means once another graph is built concerns no method of this one
                if at < module.start(node) < scope.end or (inline and looped):
                    raise Refusal(
                        node,
                        "host values",
                        f"`{name.id}`, which the graph is built with, is bound again afterwards",
                    )
            elif inline:
                raise Refusal(name, "host values", f"`{name.id}` of a function is in a fetch")
        made = class_of(module, name)
        for other in (
            *module.by_name.get(name.id, ()),
            *(module.by_name.get(made.name, ()) if made is not None else ()),
        ):
            if not isinstance(other, ast.Name) or not at < module.start(other) < scope.end:
                continue
            if is_changed(module, other):
                same, _ = module.find(other.id, module.scope_of[other])
                if same is owner or other.id != name.id:
                    raise Refusal(
                        other,
                        "host values",
                        f"`{name.id}`, which the graph is built with, is changed afterwards",
                    )
