"""Which methods make graph, which run the session, and which statements go with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from migrator.lift.classes.facts import STATIC, Facts, Function, What
from migrator.lift.classes.loading import is_lookup
from migrator.lift.classes.runs import Runs
from migrator.lift.kinds import Refusal

__all__ = ["Roles", "flat", "is_gone"]


class Roles:
    """What every method and statement of a file does.

    Args:
        facts: what the file's names stand for.
        runs: its runs.
    """

    def __init__(self, facts: Facts, runs: Runs) -> None:
        self.facts = facts
        self.module = facts.module
        self.runs = runs
        self.removed: dict[ast.stmt, str] = {}  #: statements that go, and why
        self.builders: set[Function] = set()
        self.runners: set[Function] = set()
        self.why: dict[Function, ast.AST] = {}  #: what makes graph in a builder
        self.calls: dict[Function, list[ast.Call]] = {}
        #: ``self.merged = tf.summary.merge_all()`` where the session runs: that can be made before
        self.hoisted: set[ast.stmt] = set()
        self._gone()
        self._merges()
        self._close()
        self.hoisted = {node for node in self.hoisted if self.facts.unit(node) not in self.builders}
        for node, why in list(self.removed.items()):
            if why == "hoisted" and node not in self.hoisted:
                del self.removed[node]

    def _gone(self) -> None:
        """Note the statements that go with the session."""
        facts = self.facts
        gone = self.runs.locals.gone()
        givers = self._givers()
        for node in self.module.nodes:
            if isinstance(node, ast.Return) and node.value is not None:
                kind = facts.kind(node.value)
                if kind in (What.SESSION, What.CONFIG) and facts.unit(node) in givers:
                    self.removed[node] = "session"
            elif isinstance(node, ast.Assign):
                kinds = {facts.kind(target) for target in node.targets}
                value = facts.kind(node.value)
                if node in self.runs.kept:
                    self.removed[node] = "fetch"
                elif all(self._configures(target) for target in node.targets):
                    self.removed[node] = "session"
                elif node in gone:
                    self.removed[node] = "lookup"
                elif (
                    isinstance(node.value, (ast.Tuple, ast.List)) and value is What.HOST
                ) or self.gives_graph(node.value):
                    continue
                elif value in (What.SESSION, What.CONFIG):
                    self.removed[node] = "session"
                elif value in (What.INIT, What.LOCAL_INIT):
                    self.removed[node] = "init"
                elif value is What.NONE and kinds <= {What.SESSION, What.CONFIG, What.INIT}:
                    self.removed[node] = "session"
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                call = node.value
                if facts.kind(call) in (What.CONFIG, What.SESSION) and not facts.called(call):
                    self.removed[node] = "session"
                elif isinstance(call.func, ast.Attribute):
                    base = facts.kind(call.func.value)
                    if (base, call.func.attr) in (
                        (What.SESSION, "close"),
                        (What.CONFIG, "finalize"),
                    ):
                        self.removed[node] = "session"
                    elif base is What.WRITER and call.func.attr == "add_graph":
                        self.removed[node] = "graph of a writer"
        for node in reversed(self.module.nodes):  # inner ones first
            if isinstance(node, ast.If) and self._closes(node):
                self.removed[node] = "session"
        for run in self.runs.runs:
            if run.dropped is not None:
                self.removed[run.dropped] = "feed"
        for export in self.runs.exports.found:
            self.removed.update(dict.fromkeys(export.gone, "export"))

    def gives_graph(self, node: ast.expr) -> bool:
        """Whether a call of a function of the file gives the graph or the session it makes."""
        return (
            isinstance(node, ast.Call)
            and self.facts.kind(node) in (What.SESSION, What.CONFIG)
            and bool(self.facts.called(node))
        )

    def _closes(self, node: ast.If) -> bool:
        """Whether a condition asks for the session only, and closes it only."""
        test = node.test
        if isinstance(test, ast.Compare) and isinstance(test.comparators[0], ast.Constant):
            test = test.left
        gone = all(self.removed.get(one) == "session" for one in node.body)
        return gone and not node.orelse and self.facts.kind(test) is What.SESSION

    def _givers(self) -> set[Function]:
        """Return the functions of which each call is kept as the graph or the session."""
        found: set[Function] = set()
        others: set[Function] = set()
        for node in self.module.nodes:
            if isinstance(node, ast.Call):
                kept = isinstance(self.module.parents[node], (ast.Assign, ast.Expr))
                functions = self.facts.called(node)
                (found if kept and self.gives_graph(node) else others).update(functions)
        return found - others

    def _configures(self, target: ast.expr) -> bool:
        """Whether an option of a session is set."""
        at = target
        while isinstance(at, ast.Attribute):
            at = at.value
            if self.facts.kind(at) is What.CONFIG:
                return True
        return False

    def _merges(self) -> None:
        """Find what merges all summaries, which may stand behind the rest of the graph."""
        for node in self.module.nodes:
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            symbol = self.facts.symbol(node.value.func)
            named = len(node.targets) == 1 and self.facts.attribute(node.targets[0])
            if (
                named
                and symbol is not None
                and symbol.name in ("tf.summary.merge_all", "tf.merge_all_summaries")
                and not node.value.args
                and not node.value.keywords
            ):
                self.hoisted.add(node)
                self.removed[node] = "hoisted"

    def units(self) -> Iterator[Function]:
        """Yield every method and every function at module level."""
        for statement in self.module.tree.body:
            if isinstance(statement, ast.FunctionDef):
                yield statement
            elif isinstance(statement, ast.ClassDef):
                for inner in statement.body:
                    if isinstance(inner, ast.FunctionDef):
                        yield inner

    def makes(self, node: ast.AST) -> ast.AST | None:
        """Return a place below ``node`` that makes graph, apart from calls, or None."""
        facts = self.facts
        stack: list[ast.AST] = [node]
        while stack:
            at = stack.pop()
            if at in self.runs.named or at in self.removed:
                continue
            if at in self.runs.restoring or is_lookup(facts, at):
                return at
            if isinstance(at, (ast.Name, ast.Attribute)) and isinstance(at.ctx, ast.Load):
                symbol = facts.symbol(at)
                parent = self.module.parents.get(at)
                if symbol is not None:
                    eager = (
                        isinstance(parent, ast.Call)
                        and parent.func is at
                        and facts.kind(parent) is What.EAGER
                    )
                    if facts.is_graph_symbol(symbol) and not eager:
                        return at
                    continue
                static = isinstance(parent, ast.Attribute) and parent.attr in STATIC
                named = isinstance(at, ast.Name) or facts.member(at) is not None
                if named and facts.kind(at) is What.GRAPH and not static:
                    return at
            stack.extend(reversed(list(ast.iter_child_nodes(at))))
        return None

    def uses(self, node: ast.AST) -> ast.AST | None:
        """Return a place below ``node`` that runs the session, apart from calls, or None."""
        saving: set[ast.AST] = {
            call for call, _ in self.runs.saving if call not in self.runs.restoring
        }
        saving.update(export.statement for export in self.runs.exports.found)
        for at in self.facts.below(node):
            if at in self.runs.at and not self._initializes(at):
                return at
            if at in saving:
                return at
        return None

    def _initializes(self, call: ast.AST) -> bool:
        run = self.runs.at.get(call) if isinstance(call, ast.Call) else None
        return run is not None and run.init is not None

    def _close(self) -> None:
        """Tell builders and runners, through the calls between them."""
        units = list(self.units())
        for unit in units:
            self.calls[unit] = [at for at in self.facts.below(unit) if isinstance(at, ast.Call)]
            place = next((at for at in map(self.makes, unit.body) if at is not None), None)
            if place is not None:
                self.builders.add(unit)
                self.why[unit] = place
            if self.uses(unit) is not None:
                self.runners.add(unit)
        changed = True
        while changed:
            changed = False
            for unit in units:
                for call in self.calls[unit]:
                    for function in self.facts.called(call):
                        if function is unit:
                            continue
                        if function.name == "__init__" and self.facts.class_called(call):
                            continue  # an instance has a graph of its own
                        if function in self.builders and unit not in self.builders:
                            self.builders.add(unit)
                            self.why[unit] = call
                            changed = True
                        if function in self.runners and unit not in self.runners:
                            self.runners.add(unit)
                            changed = True

    def role(self, node: ast.stmt) -> tuple[bool, bool]:
        """Return whether a statement makes graph, and whether it runs the session."""
        makes = self.makes(node) is not None
        uses = self.uses(node) is not None
        for call in self.facts.below(node):
            if isinstance(call, ast.Call) and call not in self.runs.named:
                for function in self.facts.called(call):
                    if function.name == "__init__" and self.facts.class_called(call):
                        continue
                    makes = makes or function in self.builders
                    uses = uses or function in self.runners
        return makes, uses


def flat(roles: Roles, statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a block, and those in the blocks of sessions that will be gone."""
    for node in statements:
        if isinstance(node, ast.With) and is_gone(roles.facts, node):
            yield from flat(roles, node.body)
        else:
            yield node


def is_gone(facts: Facts, node: ast.With) -> bool:
    """Whether all that a ``with`` enters goes with the session."""
    kinds = [facts.kind(item.context_expr) for item in node.items]
    gone = [kind in (What.SESSION, What.CONFIG) for kind in kinds]
    if any(gone) and not all(gone):
        raise Refusal(node, "with", "a session and something else share a `with`")
    return all(gone)
