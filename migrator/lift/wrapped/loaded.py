"""Models that are loaded into the graph, and what is asked of the graph by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.lift.expressions import arguments
from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.callables import GRAPHS, Callables
from migrator.lift.wrapped.listings import LISTINGS, listed_names
from migrator.lift.wrapped.things import Sort, Thing
from migrator.lift.wrapped.values import Values

__all__ = ["Loaded"]

#: The parameters of TensorFlow 1's ``tf.saved_model.load``.
_LOADED = ("sess", "tags", "export_dir", "import_scope")


class Loaded(Values):
    """Evaluates the calls that load a model, and what finds its parts."""

    def _makes_graph(self, node: ast.Call, definition: ast.AST | None) -> None:
        """Note a call of a function that makes the graph, which may be the only one."""
        reached = list(reached_from(self.calls, definition)) if definition is not None else []
        for one in reached:
            symbol = self.calls.symbols.get(one.func) if one in self.calls.loads else None
            if symbol is not None and symbol.name == "tf.saved_model.load":
                self.loaded_model = True
        made = new_graph(self.calls, reached) if definition in self.calls.makes else None
        if made is None or node in self.new_graphs:
            return
        if self.new_graphs or not all(
            isinstance(one, (ast.FunctionDef, ast.ClassDef)) for one in self.moved
        ):
            raise Refusal(node, "one graph", "a second graph is made")
        self.new_graphs.add(node)

    def _gives_graph(self, definition: ast.AST | None, result: Thing) -> None:
        """Note what of the value of a function's call is the graph."""
        graphs = graphs_given(self.calls, definition) if result.sort is Sort.GRAPH else []
        if graphs:
            result.graph = graphs[0]
            result.items = [Thing(Sort.GRAPH, result.node, graph=one) for one in graphs[1:]]
        opener = (
            self.calls.openers.get(definition) if isinstance(definition, ast.FunctionDef) else None
        )
        if opener is not None and opener.index is None:
            result.sort = Sort.SESSION
        elif opener is not None and opener.index is not None:
            result.items[opener.index] = Thing(Sort.SESSION, result.node)

    def _without_sessions(self, node: ast.Call, definition: ast.AST | None) -> list[Thing]:
        """Return what the arguments of a call are but for sessions, which a function loads into."""
        things: list[Thing] = []
        local = self.module.scopes.get(definition) if definition is not None else None
        for value in [*node.args, *(word.value for word in node.keywords)]:
            thing = self.evaluate(value)
            word = ""
            if thing.sort is Sort.SESSION and isinstance(definition, ast.FunctionDef):
                word = self._parameter_of(node, definition, value)
            if (id(local), word) in self.calls.loaders:
                self.session_arguments.append((node, value))
            elif not (thing.sort is Sort.CONFIG and thing.graph and definition in self.calls.makes):
                # the graph itself may be handed to a function that builds it, or asks it
                things.append(thing)
        return things

    def _parameter_of(self, node: ast.Call, function: ast.FunctionDef, argument: ast.expr) -> str:
        """Return the parameter that an argument is passed for."""
        raise NotImplementedError

    def _is_told(self, node: ast.Call) -> bool:
        """Whether a method of the graph gives what it gave in TensorFlow 1.

        The names of operations are the same where they were loaded, not where they are made anew.
        """
        if node.func not in self.calls.graph_refs:
            return False
        assert isinstance(node.func, ast.Attribute)
        return bool(self.calls.loads) or "collection" in node.func.attr

    def _part_of_graph(self, node: ast.Call) -> Thing:
        """A call that asks the graph for a tensor, an operation or a collection."""
        self._joined(node, self._arguments(node))
        self.found.makes.append(node)
        return Thing(Sort.GRAPH, node, call=node)

    def _loads(self, node: ast.Call, name: str) -> Thing:
        """A call that loads a model into the graph."""
        self.found.makes.append(node)
        if name != "tf.saved_model.load":
            self._joined(node, [thing for thing in self._arguments(node) if not thing.graph])
            saver = name == "tf.train.import_meta_graph"
            return Thing(Sort.SAVER if saver else Sort.GRAPH, node, call=node)
        self.loaded_model = True
        given = arguments(node, _LOADED)
        session = given.pop("sess", None)
        with self.aside():
            known = session is not None and self.evaluate(session).sort is Sort.SESSION
        if not known:
            raise Refusal(node, "session", "it is not told which session this is")
        self._joined(node, self.evaluate_all(list(given.values())))
        return Thing(Sort.GRAPH, node, call=node, plain=True)

    def _lists_named(self, node: ast.Name, thing: Thing) -> bool:
        """Whether host code goes through a named list of variables, as it may anywhere."""
        symbol = self.calls.symbols.get(thing.call.func) if thing.call is not None else None
        if symbol is None or symbol.name not in LISTINGS:
            return False
        names = listed_names(self.calls, node)
        if names is None or not names:
            return False
        self.outside.append((node, thing))
        self.listed |= names
        return True

    def is_name(self, node: ast.expr) -> bool:
        """Whether an expression may be the name of a part of the graph, or a list of names."""
        if isinstance(node, (ast.List, ast.Tuple)):
            return bool(node.elts) and all(map(self.is_name, node.elts))
        text = not isinstance(node, ast.Constant) or isinstance(node.value, str)
        return self.loaded and text

    def _is_part_of_graph(self, node: ast.AST) -> bool:
        """Whether a call asks the graph for a part of it, by its name."""
        return (
            isinstance(node, ast.Call)
            and node.func in self.calls.graph_refs
            and node.func not in self.calls.symbols
            and isinstance(node.func, ast.Attribute)
            and node.func.attr.startswith(("get_", "as_graph_element"))
        )

    def _is_fed(self, node: ast.expr) -> bool:
        """Whether a dictionary stands where one is fed, or is kept in a name that does."""
        parent = self.module.parents[node]
        if isinstance(parent, ast.keyword):
            return parent.arg == "feed_dict"
        if isinstance(parent, ast.Call):
            function = parent.func
            if not isinstance(function, ast.Attribute) or node not in parent.args:
                return False
            if function.attr == "run" and function.value in self.calls.session_refs:
                return parent.args.index(node) == 1
            return function in self.calls.session_refs and parent.args.index(node) == 0
        if not isinstance(parent, ast.Assign) or not isinstance(parent.targets[0], ast.Name):
            return False
        key = self.calls.key(parent.targets[0])
        return any(
            isinstance(name, ast.Name)
            and isinstance(name.ctx, ast.Load)
            and self.calls.key(name) == key
            and self._is_fed(name)
            for name in self.module.by_name.get(key[1], ())
            if not isinstance(self.module.parents[name], ast.Assign)
        )


def reached_from(calls: Callables, definition: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls in a function or class of the file, and in those that it names."""
    seen: set[ast.AST] = set()
    todo = [definition]
    while todo:
        one = todo.pop()
        if one in seen:
            continue
        seen.add(one)
        for inner in ast.walk(one):
            if isinstance(inner, ast.Call):
                yield inner
            named = calls.definition(inner)
            if named is not None:
                todo.append(named)


def new_graph(calls: Callables, reached: list[ast.Call]) -> ast.Call | None:
    """Return the call among some that makes a graph, or None."""
    for one in reached:
        symbol = calls.symbols.get(one.func)
        if symbol is not None and symbol.name == "tf.Graph":
            return one
    return None


def graphs_given(calls: Callables, definition: ast.AST | None) -> list[bool]:
    """Return whether a function of the file returns a graph, and which parts of a tuple are."""
    if not isinstance(definition, ast.FunctionDef) or definition not in calls.makes:
        return []
    values = [n.value for n in ast.walk(definition) if isinstance(n, ast.Return)]
    if len(values) != 1 or values[0] is None:
        return []
    value = values[0]
    items = value.elts if isinstance(value, ast.Tuple) else []
    return [_is_graph(calls, value), *(_is_graph(calls, item) for item in items)]


def _is_graph(calls: Callables, node: ast.expr) -> bool:
    """Whether a name is given a graph, and nothing else."""
    if isinstance(node, ast.Name):
        _, bindings = calls.module.find(node.id, calls.module.scope_of[node])
        if len(bindings) != 1:
            return False
        name = bindings[0].node
        around = calls.module.parents.get(name)
        if isinstance(around, ast.withitem):
            node = around.context_expr
        elif isinstance(around, ast.Assign) and len(around.targets) == 1:
            node = around.value
        else:
            return False
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr == "as_default":
        return _is_graph(calls, function.value)
    symbol = calls.symbols.get(node.func) if isinstance(node, ast.Call) else None
    return symbol is not None and symbol.name in GRAPHS
