"""Statements of the build, and what they bind and read."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.actions import Actions
from migrator.lift.wrapped.callables import Callables
from migrator.lift.wrapped.openers import Opener
from migrator.lift.wrapped.things import Feed, Sort, Thing
from migrator.lift.wrapped.values import Context
from migrator.names import Module

__all__ = ["Built"]

_ACTORS = frozenset({Sort.SESSION, Sort.SAVER, Sort.WRITER, Sort.BUILDER, Sort.FEED, Sort.INIT})


class Built(Actions):
    """Looks at the statements that build the graph.

    Args:
        module: the file.
        node: the module or the function whose body is analysed.
        calls: what the functions of the file do.
    """

    def __init__(
        self, module: Module, node: ast.Module | ast.FunctionDef, calls: Callables
    ) -> None:
        super().__init__(module, calls)
        self.node = node
        self.scope = module.scopes[node]
        self.withs: list[ast.With] = []
        self.removed: dict[ast.stmt, Sort] = {}
        self.late: list[ast.stmt] = []  #: statements of the build that stood behind a run
        self.last: list[ast.stmt] = []  #: of these, the ones that functions hold
        self.anchor: ast.stmt | None = None
        self.host_reads: list[tuple[ast.Name, ast.stmt]] = []
        self.late_reads = []
        self.openings: dict[ast.stmt, Opener] = {}  #: calls of functions that open the session
        #: runs of what is named where they stand -> what is fetched and fed
        self.named: dict[ast.Call, tuple[ast.expr, Feed | None]] = {}
        self.made_graphs: set[ast.AST] = set()
        self.named_graphs: list[Thing] = []  #: names of the graph that stay in the build
        self.was_reset: ast.AST | None = None
        self.owners: dict[str, tuple[int, str]] = {}  #: names of the build

    def _built_name(self, node: ast.AST) -> bool:
        if not isinstance(node, ast.Name):
            return False
        thing = self.env.get(self.calls.key(node))
        return thing is not None and thing.is_built

    def _has_action(self, node: ast.AST) -> bool:
        if self.calls.has_session(node):
            return True
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                thing = self.env.get(self.calls.key(inner))
                loaded_into = thing is not None and thing.sort is Sort.SESSION
                if loaded_into and inner not in self.calls.session_refs:
                    continue
                if thing is not None and thing.sort in _ACTORS:
                    return True
            if isinstance(inner, ast.Dict) and any(self._built_name(k) for k in inner.keys if k):
                return True  # a feed dictionary
            if isinstance(inner, ast.Name) and self.calls.definition(inner) in self.feeders:
                return True
        return False

    def _has_graph(self, node: ast.AST) -> bool:
        for inner in ast.walk(node):
            if inner in self.calls.graph_refs:
                return True
            if (
                isinstance(inner, ast.Name)
                and isinstance(inner.ctx, ast.Load)
                and (self._built_name(inner) or self._makes(inner))
            ):
                return True
        return False

    def _makes(self, name: ast.Name) -> bool:
        """Whether a name is that of a function or class of the file that makes graph."""
        definition = self.calls.definition(name)
        return definition in self.calls.makes and definition not in self.feeders

    def _free(self, node: ast.AST) -> None:
        """Note the host names that a definition reads from around it."""
        inside = {
            id(self.module.scopes[inner]) for inner in ast.walk(node) if inner in self.module.scopes
        }
        for name in ast.walk(node):
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load):
                key = self.calls.key(name)
                if key[0] in inside or key[0] == id(None) or name in self.calls.symbols:
                    continue
                if key not in self.env and key in self.calls.names:
                    continue
                if not self._built_name(name):
                    self.found.host.append(name)
            elif isinstance(name, (ast.Global, ast.Nonlocal)):
                raise Refusal(name, "function", "a function changes names outside of it")

    def _move(self, node: ast.stmt) -> None:
        if self.was_reset is not None:
            raise Refusal(self.was_reset, "one graph", "the graph is reset after it was used")
        self.moved.append(node)

    def _take(self, node: ast.stmt) -> None:
        """Note what a statement of the build reads of the host, by itself or through functions."""
        for name in self._through(node):
            self.found.host.append(name)
        if node in self.late:
            self.late_reads += [(name, node) for name in self.found.host]
        else:
            self.host_reads += [(name, node) for name in self.found.host]

    def _through(self, node: ast.AST, seen: set[ast.AST] | None = None) -> list[ast.Name]:
        """Return the host names that the functions read that a statement names."""
        seen = set() if seen is None else seen
        found: list[ast.Name] = []
        for inner in ast.walk(node):
            definition = self.calls.definition(inner)
            if definition is None or definition in seen or definition is node:
                continue
            seen.add(definition)
            found += [
                name
                for name in ast.walk(definition)
                if isinstance(name, ast.Name)
                and isinstance(name.ctx, ast.Load)
                and name not in self.calls.symbols
                and self.module.find(name.id, self.module.scope_of[name])[0]
                in (self.module.root, self.scope)
                and not self._built_name(name)
            ]
            found += self._through(definition, seen)
        return found

    def _own(self, name: str, key: tuple[int, str], node: ast.AST) -> None:
        if self.owners.setdefault(name, key) != key:
            raise Refusal(node, "one meaning", f"`{name}` is the name of several things")

    def _moves_whole(self, node: ast.stmt, context: Context) -> None:
        """A block that only builds graph."""
        looks_up = self._looks_up(node, context)
        if context.inside and not looks_up:
            raise Refusal(
                node, "straight line", "graph is built in a loop or condition that runs the session"
            )
        for inner in ast.walk(node):
            if isinstance(inner, (ast.Return, ast.Yield, ast.YieldFrom)) and not self._in_function(
                inner, node
            ):
                raise Refusal(inner, "statement", "a block that builds graph is left")
        self._move(node)
        if self.started:
            self.late.append(node)
        if looks_up:
            self.last.append(node)
        self._built(node)
        self._take(node)

    def _looks_up(self, node: ast.stmt, context: Context) -> bool:
        """Whether a statement of a function that runs later asks a loaded graph, and no more."""
        around = self.module.parents[node]
        while isinstance(around, ast.With) and around in self.withs:
            around = self.module.parents[around]
        if not context.deferred or context.loops or not isinstance(around, ast.FunctionDef):
            return False
        return self.loaded and all(
            inner.func not in self.calls.graph_refs
            or self._is_part_of_graph(inner)
            or self._is_default_graph(inner)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Call)
        )

    def _is_default_graph(self, node: ast.Call) -> bool:
        symbol = self.calls.symbols.get(node.func)
        return symbol is not None and symbol.name == "tf.get_default_graph"

    def _in_function(self, node: ast.AST, top: ast.AST) -> bool:
        around = self.module.enclosing(node, (ast.FunctionDef, ast.Lambda))
        return around is not None and any(inner is around for inner in ast.walk(top))

    def _built(self, node: ast.stmt) -> None:
        """Look at one statement of the build."""
        if isinstance(node, (ast.Pass, ast.Break, ast.Continue)):
            return
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            key = (id(self.module.scope_of[node]), node.name)
            self._free(node)
            self.env[key] = Thing(Sort.GRAPH, node)
            self.versions.setdefault(key, []).append(self.env[key])
            self._own(node.name, key, node)
        elif isinstance(node, ast.With):
            for item in node.items:
                thing = self.evaluate(item.context_expr)
                self._joined(item.context_expr, [thing])
                if item.optional_vars is not None:
                    self._bound(item.optional_vars, Thing(Sort.GRAPH, item.optional_vars))
            self._builts(node.body)
        elif isinstance(node, ast.For):
            thing = self.evaluate(node.iter)
            self._joined(node.iter, [thing])
            self._bound(node.target, Thing(Sort.GRAPH, node.target, not thing.is_built))
            self._builts(node.body)
            self._builts(node.orelse)
        elif isinstance(node, ast.While):
            self._joined(node.test, [self.evaluate(node.test)])
            self._builts(node.body)
            self._builts(node.orelse)
        elif isinstance(node, ast.If):
            self._joined(node.test, [self.evaluate(node.test)])
            self._branches(node)
        elif isinstance(node, ast.Assign):
            thing = self.evaluate(node.value)
            for target in node.targets:
                self._bound(target, thing)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._bound(node.target, self.evaluate(node.value))
        elif isinstance(node, ast.AugAssign):
            thing = self.evaluate(node.value)
            read: ast.AST = node.target
            if isinstance(read, ast.Name):
                before = self.env.get(self.calls.key(read))
                if before is None or not before.is_built:
                    self.found.host.append(read)
                elif before.sort is Sort.GRAPH:
                    thing = Thing(Sort.GRAPH, node, plain=before.plain and not thing.is_built)
            self._bound(node.target, thing)
        elif isinstance(node, (ast.Expr, ast.Assert, ast.Raise)):
            for child in ast.iter_child_nodes(node):
                thing = self.evaluate(child)
                if not (thing.sort is Sort.CONFIG and thing.graph):
                    self._joined(child, [thing])
        else:
            raise Refusal(node, "statement", "this kind of statement is not followed in graph code")

    def _builts(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self._built(statement)

    def _branches(self, node: ast.If) -> None:
        before = dict(self.env)
        self._builts(node.body)
        first = dict(self.env)
        self.env = dict(before)
        self._builts(node.orelse)
        for key in {*first, *self.env}:
            one, other = first.get(key), self.env.get(key)
            if one is other:
                continue
            things = [thing for thing in (one, other) if thing is not None]
            known = [thing for thing in things if thing.is_built]
            sorts = {thing.sort for thing in things}
            sort = sorts.pop() if len(sorts) == 1 else Sort.GRAPH
            joined = Thing(
                sort,
                node,
                plain=all(thing.plain for thing in things),
                maybe=len(known) < 2 or any(thing.maybe for thing in things),
            )
            self.env[key] = joined
            self.versions.setdefault(key, []).append(joined)

    def _bound(self, target: ast.expr, thing: Thing) -> None:
        """Bind what a statement of the build assigns to."""
        if thing.sort is Sort.HOST:
            thing = Thing(Sort.GRAPH, thing.node, plain=True)
        elif not thing.is_built:
            raise Refusal(target, "graph code", f"a {thing.sort.value} is made in a block")
        if isinstance(target, ast.Name):
            key = self.calls.key(target)
            if key[0] != id(self.scope) and not self.context.deferred:
                raise Refusal(target, "one scope", f"`{target.id}` is a global name")
            self._own(target.id, key, target)
            self.env[key] = thing
            self.versions.setdefault(key, []).append(thing)
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = thing.items if len(thing.items) == len(target.elts) else []
            for index, element in enumerate(target.elts):
                self._bound(
                    element, items[index] if items else Thing(Sort.GRAPH, target, thing.plain)
                )
        elif isinstance(target, ast.Starred):
            self._bound(target.value, Thing(Sort.GRAPH, target, thing.plain))
        else:
            self._joined(target, self.evaluate_all(list(ast.iter_child_nodes(target))))
            root: ast.expr = target
            while isinstance(root, (ast.Attribute, ast.Subscript)):
                root = root.value
            graph = thing.is_built and not thing.plain
            if isinstance(root, ast.Name) and not self._built_name(root) and graph:
                raise Refusal(target, "host use", "a graph value is stored in a host value")
            if isinstance(root, ast.Name) and self._built_name(root) and graph:
                self.env[self.calls.key(root)].plain = False
