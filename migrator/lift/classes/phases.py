"""Where the graph of every class is built, and that nothing makes graph elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.instances import at_once
from migrator.lift.classes.facts import Facts, Family, Function, What
from migrator.lift.classes.loading import loads
from migrator.lift.classes.roles import Roles, flat, is_gone
from migrator.lift.classes.runs import Runs
from migrator.lift.kinds import Refusal
from migrator.symbols import Status, status

__all__ = ["Build", "Phases", "flat", "is_gone"]

_UNITS = (ast.FunctionDef, ast.ClassDef)
#: They find what is in the graph.
_LOOKUPS = ("get_global_step", "get_collection", "_variables")


@dataclass(eq=False)
class Build:
    """Where the graph of a family is built."""

    family: Family
    method: Function  #: that holds the statements
    #: the statements that build, where the method does something else, too
    part: list[ast.stmt] = field(default_factory=list)
    #: or the method that they call, and that alone
    whole: Function | None = None
    needed: list[str] = field(default_factory=list)  #: local names that the part reads
    #: statements of the part that make summary writers: those come behind it
    postponed: list[ast.stmt] = field(default_factory=list)
    #: a condition at the end of the part that builds, and runs behind that
    fork: ast.If | None = None
    fork_runs: set[ast.stmt] = field(default_factory=set)  #: what runs, of its statements


class Phases(Roles):
    """The order of building and running in every class.

    Args:
        facts: what the file's names stand for.
        runs: its runs.

    Raises:
        Refusal: graph is made after the session ran, or in places that cannot be told.
    """

    def __init__(self, facts: Facts, runs: Runs) -> None:
        super().__init__(facts, runs)
        self.builds = [self._build(family) for family in facts.families]
        self._check()

    def _build(self, family: Family) -> Build:
        methods = [m for methods in family.methods.values() for m in methods if m in self.builders]
        if not methods:
            raise Refusal(family.root, "build", f"`{family.name}` builds no graph that is seen")
        inner: set[Function] = set()
        for unit in self.builders:
            for call in self.calls[unit]:
                if self.facts.class_called(call) is None:  # an instance has a graph of its own
                    inner.update(f for f in self.facts.called(call) if f is not unit)
        roots = [method for method in methods if method not in inner]
        if len(roots) != 1:
            for node, symbol in self.module.references():
                running = self.facts.unit(node) in self.runners
                if running and status(symbol.spelled) is Status.GONE:
                    raise Refusal(
                        node, "symbol", f"`{symbol.spelled}`, which is gone, is called between runs"
                    )
            if not roots:
                raise Refusal(
                    methods[0], "one build", "the methods that make graph call each other"
                )
            making = [method for method in roots if self._operates(self._place(method))]
            if len(making) < 2:
                other = next(method for method in roots if method not in making[:1])
                place = self._place(other)
                source = ast.unparse(place)
                raise Refusal(
                    place,
                    "one build",
                    f"`{other.name}` uses `{source}` where no graph is built",
                )
            names = " and ".join(f"`{method.name}`" for method in making[:2])
            raise Refusal(
                making[1], "one build", f"{names} make graph, and nothing calls them together"
            )
        (root,) = roots
        return self._split(family, root, 0)

    def _place(self, method: Function) -> ast.AST:
        """Return what makes a method a builder, in a method that it calls if it is there."""
        seen: set[ast.AST] = set()
        place = self.why[method]
        while isinstance(place, ast.Call) and place not in seen:
            seen.add(place)
            inner = [one for one in self.facts.called(place) if one in self.why]
            place = self.why[inner[0]] if inner else place
        return place

    def _operates(self, place: ast.AST) -> bool:
        """Whether graph is made at a place, and not only looked up or handed on."""
        symbol = self.facts.symbol(place)
        if symbol is not None:
            return not symbol.name.endswith(_LOOKUPS)
        parent = self.module.parents[place]
        return isinstance(parent, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Subscript))

    def _split(self, family: Family, method: Function, depth: int) -> Build:
        """Find the statements of ``method`` that build."""
        if self._called_from_runners(method) and method.name != "__init__":
            raise Refusal(
                self._called_from_runners(method) or method,
                "one build",
                f"`{method.name}` makes graph whenever it is called",
            )
        self._check_decorators(method)
        statements = list(flat(self, method.body))
        roles = {node: self.role(node) for node in statements if node not in self.removed}
        makes = [node for node in statements if node in roles and roles[node][0]]
        mixed = [node for node in makes if roles[node][1]]
        fork: ast.If | None = None
        fork_runs: set[ast.stmt] = set()
        if mixed:
            called = self._only_call(mixed[0])
            if called is not None and makes == mixed[:1] and called is not method and depth < 4:
                return self._split(family, called, depth + 1)
            if mixed == makes[-1:] and isinstance(mixed[0], ast.If) and len(makes) > 1:
                fork, fork_runs = mixed[0], self._forked(mixed[0])
            if not fork_runs:
                raise Refusal(
                    self.uses(mixed[0]) or mixed[0],
                    "order",
                    "graph is made and run in one statement",
                )
        first, last = statements.index(makes[0]), statements.index(makes[-1])
        part = self._widened(family, statements, first, last)
        for node in part:
            if node in roles and roles[node][1] and node is not fork:
                raise Refusal(node, "order", "graph is made after the session ran")
        self._check_flow(part)
        own = self._own_graph(method)
        if own is not None and method.name != "__init__" and not self._runs_once(method):
            raise Refusal(own, "one build", f"`{method.name}` makes a new graph at every call")
        if method.name != "__init__":
            self._check_guards(family, method, part)
            self._check_again(method, part)
        whole = self._only_call(makes[0]) if len(makes) == 1 else None
        if whole is not None and self._ends_plainly(whole) and self._call_sites(whole) == 1:
            self._check_decorators(whole)
            return Build(family, method, whole=whole)
        rest = [
            node
            for node in statements
            if node not in part and node not in self.removed and not _is_documentation(node)
        ]
        if not rest and method.name != "__init__" and self._ends_plainly(method):
            return Build(family, method, whole=method)
        if any(_is_super(self.facts, node) for node in part):
            raise Refusal(part[0], "one build", "the base class builds a part of the graph")
        build = Build(family, method, part=part, fork=fork, fork_runs=fork_runs)
        build.postponed = [node for node in part if self._writes(node)]
        build.needed = self._needed(build, statements)
        return build

    def _widened(
        self, family: Family, statements: list[ast.stmt], first: int, last: int
    ) -> list[ast.stmt]:
        """Return what builds, with what holds its graph, and names by which parts are fetched."""
        before = first - 1
        while before >= 0 and statements[before] in self.removed:
            before -= 1
        node = statements[before] if before >= 0 else None
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            symbol = self.facts.symbol(node.value.func)
            if symbol is not None and symbol.name == "tf.GraphDef":
                first = before
        for at in range(last + 1, len(statements)):
            node = statements[at]
            if node in self.removed:
                continue
            if any(self.role(node)):
                break
            named = isinstance(node, ast.Assign) and {
                self.facts.attribute(target) for target in node.targets
            } & self.runs.names.attributes(family)
            if named:
                last = at
        return statements[first : last + 1]

    def _runs_once(self, method: Function) -> bool:
        """Whether a method that also runs what it builds is called once, as far as is seen."""
        runs = method in self.runners or any(run.unit is method for run in self.runs.runs)
        calls = {
            at
            for at in self.module.nodes
            if isinstance(at, ast.Call)
            and isinstance(at.func, ast.Attribute)
            and at.func.attr == method.name
        }
        return not runs or at_once(self.module.tree, calls) == 1

    def _check_again(self, method: Function, part: list[ast.stmt]) -> None:
        """A method that loads may have been called again, for another model."""
        if not any(loads(self.facts, node) for node in [*part, *self._inner(part)]):
            return
        calls: dict[str, set[ast.AST]] = {}
        for at in self.module.nodes:
            if (
                isinstance(at, ast.Call)
                and isinstance(at.func, ast.Attribute)
                and at.func.attr == method.name
            ):
                calls.setdefault(ast.unparse(at.func.value), set()).add(at)
        for found in calls.values():
            if at_once(self.module.tree, found) > 1:
                raise Refusal(
                    method, "one build", f"`{method.name}` loads another graph when called again"
                )

    def _inner(self, part: list[ast.stmt]) -> list[Function]:
        """Return the functions that statements call."""
        return [
            function
            for node in part
            for at in self.facts.below(node)
            if isinstance(at, ast.Call)
            for function in self.facts.called(at)
        ]

    def _own_graph(self, method: Function) -> ast.AST | None:
        """Return where a method, or one that it calls to build, makes or resets a graph."""
        methods = [method]
        for one in methods:
            for at in self.facts.below(one):
                if not isinstance(at, ast.Call):
                    continue
                symbol = self.facts.symbol(at.func)
                if symbol is not None and symbol.name in ("tf.Graph", "tf.reset_default_graph"):
                    return at
                methods += [f for f in self.facts.called(at) if f not in methods]
        return None

    def _check_guards(self, family: Family, method: Function, part: list[ast.stmt]) -> None:
        """A method that is called again must not build again: what asks for that would be moved."""
        todo: list[ast.AST] = list(part)
        seen: set[ast.AST] = set()
        while todo:
            node = todo.pop()
            if node in seen:
                continue
            seen.add(node)
            for at in self.facts.below(node):
                if isinstance(at, ast.Call):
                    todo += [one for one in self.facts.called(at) if one in self.builders]
                if not isinstance(at, ast.If):
                    continue
                leaves = any(isinstance(one, ast.Return) for one in at.body)
                asked = [self.facts.attribute(one) for one in self.facts.below(at.test)]
                for name in {one for one in asked if one is not None}:
                    rows = [row for row, _ in family.assigned.get(name, [])]
                    made = [row for row in rows if self.facts.unit(row) in self.builders]
                    here = [row for row in made if self.facts.unit(row) is self.facts.unit(at)]
                    late = all(row.lineno > at.lineno for row in here)
                    started = any(_is_init(self.facts.unit(row)) for row in rows)
                    if (
                        started
                        and late
                        and any(not _is_init(self.facts.unit(row)) for row in made)
                        and (leaves or self.makes(at) or self._calls_builder(at))
                    ):
                        raise Refusal(
                            at, "one build", f"`{method.name}` builds the graph at its first call"
                        )

    def _calls_builder(self, node: ast.AST) -> bool:
        return any(
            one in self.builders
            for at in self.facts.below(node)
            if isinstance(at, ast.Call)
            for one in self.facts.called(at)
        )

    def _writes(self, node: ast.stmt) -> bool:
        """Whether a statement makes a summary writer, and nothing else."""
        return (
            isinstance(node, (ast.Assign, ast.Expr))
            and isinstance(node.value, ast.Call)
            and self.facts.kind(node.value) is What.WRITER
        )

    def _only_call(self, node: ast.stmt) -> Function | None:
        """Return the method that a statement calls, if it does nothing else."""
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
            return None
        call = node.value
        if self.facts.attribute(call.func) is None:
            return None
        functions = self.facts.called(call)
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if len(functions) != 1 or any(self.makes(at) for at in given):
            return None
        return functions[0]

    def _call_sites(self, method: Function) -> int:
        return sum(
            1
            for unit in self.units()
            for call in self.calls[unit]
            if method in self.facts.called(call)
        )

    def _called_from_runners(self, method: Function) -> ast.AST | None:
        for unit in self.units():
            if unit in self.runners and unit not in self.builders:
                for call in self.calls[unit]:
                    if method in self.facts.called(call):
                        return call
        return None

    def _check_decorators(self, method: Function) -> None:
        if method.decorator_list:
            raise Refusal(method, "decorator", f"`{method.name}` makes graph and is decorated")
        for at in self.facts.below(method):
            if isinstance(at, (ast.Yield, ast.YieldFrom, ast.Global, ast.Nonlocal)):
                raise Refusal(at, "method", f"`{method.name}` changes names outside, or yields")

    def _ends_plainly(self, method: Function) -> bool:
        """Whether a method returns nothing ahead of its end."""
        returns = [at for at in self.facts.below(method) if isinstance(at, ast.Return)]
        inner = [
            at
            for node in self.facts.below(method)
            if isinstance(node, (ast.FunctionDef, ast.Lambda)) and node is not method
            for at in self.facts.below(node)
        ]
        returns = [at for at in returns if at not in inner]
        return not returns

    def _check_flow(self, part: list[ast.stmt]) -> None:
        """What moves to a method of its own must not leave the one that it stood in."""
        for node in part:
            for at in self.facts.below(node):
                if isinstance(at, (ast.Return, ast.Global, ast.Nonlocal)):
                    inner = self.module.enclosing(at, (ast.FunctionDef,))
                    if inner is self.facts.unit(node):
                        raise Refusal(at, "order", "a part of the graph is made on some ways only")

    def _forked(self, node: ast.If) -> set[ast.stmt]:
        """Return what runs of the statements of a condition; none, if it cannot be taken apart."""
        runs: set[ast.stmt] = set()
        for block in (node.body, node.orelse):
            behind = False
            for inner in block:
                if inner in self.removed:
                    continue
                makes, uses = self.role(inner)
                starts = any(self._initializes(at) for at in self.facts.below(inner))
                saves = any(
                    isinstance(at, ast.Call) and self.facts.kind(at) is What.SAVER
                    for at in self.facts.below(inner)
                )
                if makes and (uses or behind):
                    return set()
                if uses or starts or saves or behind:
                    behind = True
                    runs.add(inner)
        if any(isinstance(at, (ast.Call, ast.NamedExpr)) for at in self.facts.below(node.test)):
            return set()
        return runs

    def _needed(self, build: Build, statements: list[ast.stmt]) -> list[str]:
        """Return the local names that the part reads and does not bind before."""
        method, part = build.method, build.part
        bound = [at.arg for at in self.facts.below(method.args) if isinstance(at, ast.arg)]
        first = statements.index(part[0])
        names: dict[str, None] = dict.fromkeys(name for name in bound if name != "self")
        inside: set[str] = set()
        imported = {
            (alias.asname or alias.name).partition(".")[0]: at
            for at in self.facts.below(method)
            if isinstance(at, (ast.Import, ast.ImportFrom))
            for alias in at.names
        }
        for node in statements[:first]:
            names.update(dict.fromkeys(_stored(self.facts, node)))
        for node in part:
            inside.update(_stored(self.facts, node))
        read: list[str] = []
        for node in part:
            if node in self.removed:
                continue
            behind = {at for one in build.fork_runs for at in self.facts.below(one)}
            for at in self.facts.below(node):
                if at in behind:
                    continue
                if isinstance(at, ast.Name) and imported.get(at.id) in statements[:first]:
                    raise Refusal(at, "locals", f"`{at.id}` is imported inside of the method")
                if isinstance(at, ast.Name) and isinstance(at.ctx, ast.Load) and at.id in names:
                    scope, _ = self.module.find(at.id, self.module.scope_of[at])
                    if scope is self.module.scopes[method] and at.id not in read:
                        if self.facts.kind(at) in (What.SESSION, What.CONFIG):
                            continue  # a graph of its own goes, and the build's takes its place
                        read.append(at.id)
        after = [n for n in statements if n not in part and statements.index(n) > first]
        after += list(build.fork_runs)
        inside -= {name for one in build.fork_runs for name in _stored(self.facts, one)}
        for node in after:
            if node in self.removed:
                continue
            for at in self.facts.below(node):
                if isinstance(at, ast.Name) and isinstance(at.ctx, ast.Load) and at.id in inside:
                    scope, _ = self.module.find(at.id, self.module.scope_of[at])
                    if scope is self.module.scopes[method] and at not in self.runs.named:
                        raise Refusal(
                            at, "locals", f"`{at.id}` is made with the graph and used behind it"
                        )
        return read

    def _check(self) -> None:
        """Code that runs the graph must not make any."""
        part = {node for build in self.builds for node in build.part}
        postponed = {node for build in self.builds for node in build.postponed}
        for node in self.module.nodes:
            if isinstance(node, ast.Call) and self.facts.kind(node) is What.WRITER:
                unit = self.facts.unit(node)
                statement = self.module.statement(node)
                inside = unit in self.builders and unit not in {b.method for b in self.builds}
                inside = inside or any(at in part for at in self.module.ancestors(node))
                inside = inside or any(unit is build.whole for build in self.builds)
                if inside and statement not in postponed:
                    raise Refusal(node, "summary", "the writer is made while the graph is built")
        roots = {build.method for build in self.builds}
        for unit in self.units():
            mixed = unit in self.builders and unit in self.runners and unit not in roots
            if mixed and not self._leads_to_root(unit):
                raise Refusal(self.why[unit], "order", f"`{unit.name}` makes graph and runs it")
        self._check_definitions()
        for statement in self.module.tree.body:
            if isinstance(statement, _UNITS):
                continue
            place = self.makes(statement)
            if place is not None:
                raise Refusal(place, "script", "graph is made beside the classes")
        families = {
            method
            for family in self.facts.families
            for methods in family.methods.values()
            for method in methods
        }
        for unit in self.units():
            if unit not in self.builders or unit in families:
                continue
            for name in self.module.by_name.get(unit.name, ()):
                if not isinstance(name, ast.Name) or not isinstance(name.ctx, ast.Load):
                    continue
                holder = self.facts.unit(name)
                if holder not in self.builders or (
                    holder in roots and not self._in_part(name, part, holder)
                ):
                    raise Refusal(name, "script", f"`{unit.name}` makes graph beside the classes")

    def _check_definitions(self) -> None:
        """What is evaluated where a class or a function is defined must not make graph."""
        for node in self.module.nodes:
            if isinstance(node, ast.ClassDef):
                for statement in node.body:
                    place = None if isinstance(statement, _UNITS) else self.makes(statement)
                    if place is not None:
                        raise Refusal(place, "script", "graph is made by the body of a class")
            elif isinstance(node, ast.FunctionDef):
                for default in [*node.args.defaults, *node.args.kw_defaults]:
                    for at in self.facts.below(default) if default is not None else ():
                        symbol = self.facts.symbol(at.func) if isinstance(at, ast.Call) else None
                        if (
                            symbol is not None
                            and self.facts.is_graph_symbol(symbol)
                            and not symbol.name.endswith(("initializer", "regularizer"))
                        ):
                            raise Refusal(at, "script", "graph is made by a default")

    def _leads_to_root(self, unit: Function) -> bool:
        """Whether all that a unit builds is built by the root that it calls."""
        if self.makes(unit) is not None:
            return False
        roots = {build.method for build in self.builds} | {build.whole for build in self.builds}
        for call in self.calls[unit]:
            for function in self.facts.called(call):
                inner = function in self.builders and function not in roots
                if inner and not self._leads_to_root(function):
                    return False
        return True

    def in_build(self, node: ast.AST) -> bool:
        """Whether a piece of code runs where the graph is built."""
        unit = self.facts.unit(node)
        if unit not in {build.method for build in self.builds}:
            return unit in self.builders
        return self._in_part(node, {one for build in self.builds for one in build.part}, unit)

    def _in_part(self, node: ast.AST, part: set[ast.stmt], holder: object) -> bool:
        whole = any(build.whole is holder for build in self.builds)
        return whole or any(at in part for at in self.module.ancestors(node))


def _is_init(unit: Function | ast.Module) -> bool:
    return isinstance(unit, ast.FunctionDef) and unit.name == "__init__"


def _is_super(facts: Facts, node: ast.stmt) -> bool:
    return any(
        isinstance(at, ast.Call) and isinstance(at.func, ast.Name) and at.func.id == "super"
        for at in facts.below(node)
    )


def _is_documentation(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _stored(facts: Facts, node: ast.AST) -> Iterator[str]:
    for at in facts.below(node):
        if isinstance(at, ast.Name) and isinstance(at.ctx, ast.Store):
            yield at.id
        elif isinstance(at, ast.FunctionDef):
            yield at.name
