"""The functions and classes of a file: what they are to the graph, and what they are handed."""

from __future__ import annotations

import ast

from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.late import Late
from migrator.lift.wrapped.things import Sort, Thing
from migrator.lift.wrapped.values import Context

__all__ = ["Definitions", "fed_keys"]


class Definitions(Late):
    """Tells which definitions move into the build, and which run the session later."""

    def _definition(self, node: ast.FunctionDef | ast.ClassDef, context: Context) -> None:
        key = (id(self.module.scope_of[node]), node.name)
        if isinstance(node, ast.FunctionDef) and self._is_feeder(node):
            self.feeders[node] = None
            self.deferred.insert(0, node)
            return
        if node in self.calls.sessions:
            if isinstance(node, ast.ClassDef):
                raise Refusal(node, "class", f"the class `{node.name}` holds the session")
            if node.decorator_list:
                raise Refusal(node, "function", f"`{node.name}` is decorated")
            self.deferred.append(node)
            return
        closes = node in self.calls.closes
        if node in self.calls.makes:
            self._check_defined(node)
        if node in self.calls.makes and (closes or isinstance(self.node, ast.FunctionDef)):
            if context.inside or self.started:
                raise Refusal(node, "straight line", "graph is defined where the session runs")
            self._move(node)
            self._free(node)
            self._take(node)
            self.env[key] = Thing(Sort.GRAPH, node)
            self.versions.setdefault(key, []).append(self.env[key])
            self._own(node.name, key, node)

    def _check_defined(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        """Nothing of the graph may be made where a function or class is defined, but objects."""
        parts: list[ast.AST] = [*node.decorator_list]
        if isinstance(node, ast.FunctionDef):
            parts += [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]
        else:
            parts += [one for one in node.body if not isinstance(one, ast.FunctionDef)]
        for part in parts:
            for inner in ast.walk(part):
                if not isinstance(inner, ast.Call) or inner.func not in self.calls.graph_refs:
                    continue
                name = (
                    self.calls.symbols[inner.func].name if inner.func in self.calls.symbols else ""
                )
                if not name.endswith(("initializer", "regularizer")):
                    raise Refusal(
                        inner, "function", f"graph is made where `{node.name}` is defined"
                    )

    def _is_feeder(self, node: ast.FunctionDef) -> bool:
        """Whether a function does no more with the graph than to make feed dictionaries."""
        returns = [
            inner.value
            for inner in ast.walk(node)
            if isinstance(inner, ast.Return) and inner.value is not None
        ]
        if not returns or node in self.calls.sessions or node.decorator_list:
            return False
        keys: set[ast.AST] = set()
        for value in returns:
            if not isinstance(value, ast.Dict) or not value.keys:
                return False
            for key in value.keys:
                if key is None or not self._built_name(_root(key)):
                    return False
                keys.update(ast.walk(key))
        return not any(
            inner in self.calls.graph_refs
            or (inner not in keys and isinstance(inner, ast.Name) and self._built_name(inner))
            for inner in ast.walk(node)
        )

    def _returns(self, node: ast.Return, thing: Thing) -> None:
        """A feed dictionary that a function makes: all of its must have the same keys."""
        function = self.module.enclosing(node, (ast.FunctionDef,))
        if function not in self.feeders or thing.feed is None:
            raise Refusal(node, "feed", "a feed dictionary is made in a function")

    def _next(self, done: set[ast.FunctionDef]) -> ast.FunctionDef:
        """Return a function that none of the others, still to be looked at, calls."""
        waiting = [function for function in self.deferred if function not in done]
        called = {
            self.calls.definition(name)
            for function in waiting
            for name in ast.walk(function)
            if isinstance(name, ast.Name) and self.calls.definition(name) is not function
        }
        return next((one for one in waiting if one not in called), waiting[0])

    def _handed_to(self, function: ast.FunctionDef, name: str) -> Thing | None:
        """Return what all calls of a function hand it of the graph for a parameter, or None."""
        calls = self.handed.get(function, [])
        found = [(call, handed.get(name)) for call, handed in calls]
        given = [pair for _, pair in found if pair is not None]
        if not given:
            return None
        argument, thing = given[0]
        if thing.graph:
            return self._graph_handed(function, name, found)
        kept = thing.sort in (Sort.WRITER, Sort.FEED)
        same = all(
            other.sort is thing.sort and fed_keys(other) == fed_keys(thing)
            if kept
            else other is thing or isinstance(part, ast.Attribute)
            for part, other in given
        )
        texts = {self.module.source(part) for part, _ in given}
        if not same or len(given) < len(calls) or (len(texts) > 1 and not kept):
            raise Refusal(argument, "unseen function", f"`{name}` stands for several things")
        for call, pair in found:
            if pair is not None and not kept:
                self.session_arguments.append((call, pair[0]))
        if kept:
            return Thing(thing.sort, function, feed=thing.feed)
        key = (id(self.module.scopes[function]), name)
        self.renamed[key] = self._original(argument)
        return thing

    def _graph_handed(
        self,
        function: ast.FunctionDef,
        name: str,
        found: list[tuple[ast.Call, tuple[ast.expr, Thing] | None]],
    ) -> Thing:
        """Return what the parameter is that all calls of a function hand the graph for."""
        for call, pair in found:
            if pair is None or not pair[1].graph:
                raise Refusal(call, "unseen function", f"`{name}` stands for several things")
            self.session_arguments.append((call, pair[0]))
            self.renamed[(id(self.module.scopes[function]), name)] = pair[0]
        return Thing(Sort.CONFIG, function, graph=True)

    def _original(self, argument: ast.expr) -> ast.expr:
        """Return what an argument is in the build, if it is a parameter of a function itself."""
        if isinstance(argument, ast.Name):
            return self.renamed.get(self.calls.key(argument), argument)
        return argument


def _root(node: ast.AST) -> ast.AST:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node


def fed_keys(thing: Thing) -> tuple[str, ...]:
    """Return what a feed dictionary feeds, in its order."""
    keys = thing.feed.keys if thing.feed is not None else []
    return tuple(ast.dump(key) for key in keys)
