"""What is passed on: feed dictionaries, and what functions of the file are handed."""

from __future__ import annotations

import ast

from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.loaded import Loaded
from migrator.lift.wrapped.things import Feed, Sort, Thing

__all__ = ["Passed"]


class Passed(Loaded):
    """Evaluates dictionaries, and calls of functions that use the session."""

    #: host names that a fetch, a feed or an export reads, which the build must know
    late_reads: list[tuple[ast.Name, ast.AST]]

    def _made_feed(self, node: ast.Call, function: ast.FunctionDef) -> Thing:
        """A call of a function that makes feed dictionaries."""
        self._joined(node, self._arguments(node))
        made = [
            inner.value
            for inner in ast.walk(function)
            if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Dict)
        ]
        keys = [[key for key in one.keys if key is not None] for one in made]
        if len({tuple(ast.dump(key) for key in one) for one in keys}) > 1:
            raise Refusal(node, "feed", f"what `{function.name}` feeds depends on a condition")
        return Thing(Sort.FEED, node, feed=Feed(made[0], keys[0], made[0].values))

    def _runs_session(self, node: ast.Call, definition: ast.AST) -> Thing:
        """A call of a function of the file that uses the session."""
        if isinstance(definition, ast.ClassDef):
            raise Refusal(node, "class", f"the class `{definition.name}` holds the session")
        assert isinstance(definition, ast.FunctionDef)
        if definition in self.others:
            self._joined(node, self._arguments(node))
            self.found.acts.append(node)
            return Thing(Sort.HOST, node)
        self._alone(node, definition)
        given = [*node.args, *(word.value for word in node.keywords)]
        things = [self.evaluate(argument) for argument in given]
        kinds = (Sort.SESSION, Sort.SAVER, Sort.WRITER, Sort.FEED)
        self._joined(node, [one for one in things if one.sort not in kinds and not one.graph])
        if definition not in self.deferred:
            # a function beside the one that is lifted: it is handed the module
            if Sort.SESSION not in {thing.sort for thing in things}:
                raise Refusal(node, "function", f"`{definition.name}` finds its session elsewhere")
            self.deferred.append(definition)
            self.modular.add(definition)
        handed: dict[str, tuple[ast.expr, Thing]] = {}
        for argument, thing in zip(given, things, strict=True):
            if thing.sort is Sort.SESSION:
                self.session_arguments.append((node, argument))
                continue
            if thing.sort is Sort.HOST or (thing.is_built and thing.plain and not thing.graph):
                continue
            handed[self._parameter_of(node, definition, argument)] = (argument, thing)
            if thing.is_built:
                inside = set(ast.walk(argument))
                self.found.loose = [one for one in self.found.loose if one not in inside]
                if not isinstance(argument, (ast.Name, ast.Attribute)):
                    raise Refusal(argument, "unseen function", "a graph value is made for a call")
        self.handed.setdefault(definition, []).append((node, handed))
        self.called = True
        self.found.acts.append(node)
        return Thing(Sort.HOST, node)

    def _parameter_of(self, node: ast.Call, function: ast.FunctionDef, argument: ast.expr) -> str:
        """Return the parameter that an argument is passed for."""
        for word in node.keywords:
            if word.value is argument and word.arg is not None:
                return word.arg
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        starred = any(isinstance(one, ast.Starred) for one in node.args)
        if argument not in node.args or starred or node.args.index(argument) >= len(names):
            raise Refusal(argument, "unseen function", "it is not told which parameter it is for")
        return names[node.args.index(argument)]

    def _told(self, node: ast.Dict) -> Thing | None:
        """A dictionary of signatures, or of what tells of tensors."""
        for value in node.values:
            symbol = self.calls.symbols.get(value.func) if isinstance(value, ast.Call) else None
            if not isinstance(value, ast.Name) and (
                symbol is None or not symbol.name.startswith("tf.saved_model.")
            ):
                return None
        with self.aside():
            sorts = {self.evaluate(value).sort for value in node.values}
        if len(sorts) == 1 and sorts <= {Sort.INFO, Sort.SIGNATURE}:
            return Thing(sorts.pop(), node)
        return None

    def _feed(self, node: ast.Dict) -> Thing | None:
        """A dictionary whose keys are graph values."""
        named = self.loaded and self._is_fed(node)
        if not node.keys or any(
            key is None or (isinstance(key, ast.Constant) and not named) for key in node.keys
        ):
            return None
        keys = [key for key in node.keys if key is not None]
        with self.aside() as inner:
            things = [self.evaluate(key) for key in keys]
        if not named and not any(thing.is_built and not thing.plain for thing in things):
            return None
        if not all(
            (thing.is_built and not thing.plain) or (named and self.is_name(key))
            for key, thing in zip(keys, things, strict=True)
        ) or (inner.makes and not all(map(self._is_part_of_graph, inner.makes))):
            raise Refusal(node, "feed", "what is fed is computed")
        self.late_reads += [(name, node) for name in inner.host]
        for key, thing in zip(keys, things, strict=True):
            if thing.sort is Sort.VARIABLE:
                raise Refusal(key, "feed", "a variable is fed")
        for value in node.values:
            with self.aside() as given:
                thing = self.evaluate(value)
            self.found.host += given.host
            self.found.acts += given.acts
            if thing.sort is not Sort.HOST or given.loose or given.makes:
                raise Refusal(value, "feed", f"a {thing.sort.value} is fed")
        feed = Feed(node, keys, node.values)
        self.feeds[node] = feed
        return Thing(Sort.FEED, node, feed=feed)
