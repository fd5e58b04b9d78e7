"""The graph as an object: how code names it, makes it and resets it."""

from __future__ import annotations

import ast

from migrator.lift.kinds import Refusal
from migrator.lift.text import Edit, Writer, without
from migrator.lift.wrapped.definitions import Definitions
from migrator.lift.wrapped.loads import loaded_into
from migrator.lift.wrapped.openers import Opener
from migrator.lift.wrapped.things import Sort, Thing

__all__ = ["Graphs"]

_GONE = frozenset({"tf.disable_v2_behavior", "tf.disable_eager_execution"})


class Graphs(Definitions):
    """Tells what becomes of statements that make, name or reset the graph."""

    def _one_graph(self, node: ast.expr) -> None:
        """A second graph must not be filled beside the first."""
        built = [one for one in self.moved if not isinstance(one, (ast.FunctionDef, ast.ClassDef))]
        others = len(built) > len(self.named_graphs)
        for inner in ast.walk(node):
            symbol = self.calls.symbols.get(inner.func) if isinstance(inner, ast.Call) else None
            if symbol is None or symbol.name != "tf.Graph":
                continue
            if others or self.made_graphs - {inner}:
                raise Refusal(inner, "one graph", "a second graph is made")
            self.made_graphs.add(inner)

    def _open(self, thing: Thing, name: str) -> None:
        others = [one for one in self.opened if one != name]
        if others and thing.node is not None:
            raise Refusal(thing.node, "one session", "a second session is opened beside the first")
        if name not in self.opened:
            self.opened.append(name)

    def _opened(
        self, node: ast.stmt, targets: list[ast.expr], thing: Thing, opener: Opener
    ) -> None:
        """A call of a function that opens the session, loads a model into it and returns it."""
        if self.started or self.context.inside or len(targets) != 1:
            raise Refusal(node, "session", "a function opens the session where another one may be")
        target = targets[0]
        self._move(node)
        self._take(node)
        items = [thing]
        elements = [target]
        if opener.index is not None:
            if not isinstance(target, ast.Tuple) or len(target.elts) != len(thing.items):
                raise Refusal(node, "session", "the session is not kept in a name")
            items, elements = thing.items, target.elts
        for element, item in zip(elements, items, strict=True):
            if item.sort is not Sort.SESSION:
                self._bound(element, item)
            elif isinstance(element, ast.Name):
                self.bind(element, item)
                self._open(item, element.id)
            else:
                raise Refusal(node, "session", "the session is not kept in a name")
        self.openings[node] = opener
        self.removed[opener.statement] = Sort.SESSION
        self.removed.update(dict.fromkeys(opener.configs, Sort.CONFIG))
        self.withs += opener.withs
        if opener.index is None:
            self.removed[opener.returns] = Sort.CONFIG

    def _keep_graph(self, node: ast.stmt, target: ast.expr, thing: Thing) -> None:
        """A name of the graph, which stays one in the build if it is asked for parts there."""
        assert isinstance(target, ast.Name)
        self.bind(target, thing)
        asked = any(
            isinstance(name, ast.Name)
            and isinstance(name.ctx, ast.Load)
            and self.calls.key(name) == self.calls.key(target)
            and self.module.parents[name] in self.calls.graph_refs
            for name in self.module.by_name.get(target.id, ())
        )
        if not asked:
            self.removed[node] = thing.sort
            return
        self._own(target.id, self.calls.key(target), target)
        self._move(node)
        self.named_graphs.append(thing)

    def without_sessions(self, node: ast.Call, writer: Writer) -> list[Edit] | None:
        """Return the edits that take the session from a call that loads a model, or None."""
        gone = [value for call, value in self.session_arguments if call is node]
        if node in self.calls.loads and node.func not in self.calls.symbols:
            gone = loaded_into(node)
        if not gone or node in self.use_of or node in {call for call, _, _ in self.saves}:
            return None
        edits = [without(self.module, node, value) for value in gone]
        for part in [node.func, *node.args, *(word.value for word in node.keywords)]:
            if part not in gone:
                edits += writer.edits(part)
        return edits

    def is_graph_of_loader(self, node: ast.expr) -> bool:
        """Whether an expression of a function that loads is the graph of the session it is for."""
        if not isinstance(node, ast.Attribute) or node.attr != "graph":
            return False
        session = node.value
        if isinstance(session, ast.Name):
            return self.calls.key(session) in self.calls.loaders
        symbol = self.calls.symbols.get(session.func) if isinstance(session, ast.Call) else None
        function = self.module.enclosing(node, (ast.FunctionDef,))
        loads = function in self.calls.makes and function not in self.calls.sessions
        return loads and symbol is not None and symbol.name == "tf.get_default_session"

    def is_other_graph(self, node: ast.expr) -> bool:
        """Whether an expression is the graph in a spelling that the build does not have."""
        if isinstance(node, ast.Name):
            thing = self.env.get(self.calls.key(node))
            return (
                isinstance(node.ctx, ast.Load)
                and thing is not None
                and thing.graph
                and thing.sort is Sort.CONFIG
                and thing not in self.named_graphs
            )
        if isinstance(node, ast.Call):
            symbol = self.calls.symbols.get(node.func)
            return symbol is not None and symbol.name == "tf.Graph"
        if not isinstance(node, ast.Attribute) or node.attr != "graph":
            return False
        if isinstance(node.value, ast.Name):
            thing = self.env.get(self.calls.key(node.value))
            return thing is not None and thing.sort is Sort.SESSION
        call = node.value
        symbol = self.calls.symbols.get(call.func) if isinstance(call, ast.Call) else None
        return symbol is not None and symbol.name == "tf.get_default_session"

    def _resets(self, node: ast.Expr) -> bool:
        call = node.value
        symbol = self.calls.symbols.get(call.func) if isinstance(call, ast.Call) else None
        if symbol is None:
            return False
        if symbol.name == "tf.reset_default_graph":
            if self.context.inside:
                raise Refusal(node, "one graph", "the graph is reset in a block")
            if self.moved:
                self.was_reset = node
        elif symbol.name == "tf.app.run":
            if self.calls.sessions:
                self.started = True
            return False
        elif symbol.name not in _GONE:
            return False
        self.removed[node] = Sort.CONFIG
        return True
