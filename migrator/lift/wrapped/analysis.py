"""The statements of one scope, in order: what builds its graph, what runs it, what is neither."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.callables import arguments_of
from migrator.lift.wrapped.definitions import fed_keys
from migrator.lift.wrapped.graphs import Graphs
from migrator.lift.wrapped.things import Sort, Thing
from migrator.lift.wrapped.values import Context, Found

__all__ = ["Analysis", "is_main_guard"]


class Analysis(Graphs):
    """The analysis of one scope.

    Args:
        module: the file.
        node: the module or the function whose body is analysed.
        calls: what the functions of the file do.

    Raises:
        Refusal: from :meth:`analyse`, when something is not understood.
    """

    def analyse(self) -> None:
        """Look at every statement once, in order."""
        for name in arguments_of(self.scope):
            self.env[(id(self.scope), name)] = Thing(Sort.HOST)
        self._block(self.node.body, Context())
        if not self.moved:
            raise Refusal(self.node, "nothing", "it builds no graph")
        early = [node for node in self.moved if node not in self.late]
        if not early:
            raise Refusal(self.moved[0], "order", "the session runs before any graph is built")
        self.anchor = early[-1]
        self.started = True
        done: set[ast.FunctionDef] = set()
        while len(done) < len(self.deferred):
            function = self._next(done)
            done.add(function)
            local = self.module.scopes[function]
            for name in arguments_of(local):
                key = (id(local), name)
                session = key in self.calls.session_names
                thing = Thing(Sort.SESSION if session else Sort.HOST, function)
                thing = self._handed_to(function, name) or thing
                self.env[key] = thing
                self.versions[key] = [thing]
            self._block(function.body, Context(inside=True, deferred=True, branch=True))

    def _block(self, statements: Sequence[ast.stmt], context: Context) -> None:
        for statement in statements:
            self.context = context
            self.found = Found()
            self._statement(statement, context)
        left = [s for s in statements if s not in self.removed and s not in self.late]
        if statements and context.inside and not left:
            raise Refusal(statements[0], "empty block", "nothing would be left in its block")

    def _statement(self, node: ast.stmt, context: Context) -> None:
        if isinstance(
            node, (ast.Import, ast.ImportFrom, ast.Pass, ast.Break, ast.Continue, ast.Global)
        ):
            return
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            self._definition(node, context)
        elif isinstance(node, ast.With):
            self._with(node, context)
        elif isinstance(node, ast.If) and is_main_guard(node) and not node.orelse:
            if isinstance(self.node, ast.Module) and not context.inside:
                self._block(node.body, context)
            else:
                raise Refusal(node, "layout", "a main guard stands in a block")
        elif isinstance(node, (ast.For, ast.While, ast.If, ast.Try)):
            self._compound(node, context)
        elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr)):
            self._simple(node, context)
        elif isinstance(node, (ast.Return, ast.Assert, ast.Raise, ast.Delete)):
            if isinstance(node, ast.Delete):
                for target in node.targets:
                    if any(self._built_name(name) for name in ast.walk(target)):
                        raise Refusal(node, "delete", "a graph value is deleted")
            self._other(node)
        else:
            raise Refusal(node, "statement", "this kind of statement is not followed")

    def _other(self, node: ast.stmt) -> None:
        """A statement that binds nothing and stays where it is."""
        early = not self.started and not self.context.inside and not self._has_action(node)
        if isinstance(node, ast.Assert) and early and self._has_graph(node):
            self._moves_whole(node, self.context)
            return
        for child in ast.iter_child_nodes(node):
            thing = self.evaluate(child)
            if isinstance(node, ast.Return) and thing.sort is Sort.FEED:
                self._returns(node, thing)
                continue
            self._joined(child, [thing])
            if thing.is_built and not thing.plain:
                raise Refusal(node, "host use", "a graph value leaves the scope")
        self._stays(node)

    def _with(self, node: ast.With, context: Context) -> None:
        with self.aside():
            sorts = [self.evaluate(item.context_expr) for item in node.items]
        goes = [thing for thing in sorts if thing.sort in (Sort.SESSION, Sort.CONFIG)]
        if goes:
            if len(goes) != len(sorts):
                raise Refusal(node, "with", "a session and something else share a `with`")
            names = []
            for item, thing in zip(node.items, sorts, strict=True):
                if item.optional_vars is not None:
                    if not isinstance(item.optional_vars, ast.Name):
                        raise Refusal(item.optional_vars, "session", "it is not kept in a name")
                    self.bind(item.optional_vars, thing)
                    names.append(item.optional_vars.id)
                self._one_graph(item.context_expr)
                if thing.sort is Sort.SESSION and thing.node is item.context_expr:
                    self._open(thing, names[-1] if names else "")
            self.withs.append(node)
            self._block(node.body, context)
            self.opened = [name for name in self.opened if name not in names and name]
            return
        if self._has_action(node):
            if self._is_device(node):
                self.withs.append(node)
                device = self.module.source(node.items[0].context_expr)
                self.notes.append(f"`{device}` is gone: TensorFlow chooses")
                self._block(node.body, context)
                return
            if self._has_graph_items(node):
                raise Refusal(node, "with", "the session runs inside a scope of the graph")
            for item in node.items:
                thing = self.evaluate(item.context_expr)
                self._joined(item.context_expr, [thing])
                if item.optional_vars is not None:
                    self.store(item.optional_vars, Thing(Sort.HOST, item.optional_vars))
            self._stays(node)
            self._block(node.body, replace(context, inside=True))
        elif self._has_graph(node):
            self._moves_whole(node, context)
        else:
            self._host(node)

    def _is_device(self, node: ast.With) -> bool:
        """Whether a block does no more than to name a device."""
        call = node.items[0].context_expr
        symbol = self.calls.symbols.get(call.func) if isinstance(call, ast.Call) else None
        return (
            symbol is not None
            and symbol.name == "tf.device"
            and isinstance(call, ast.Call)
            and len(node.items) == len(call.args) == 1
            and isinstance(call.args[0], ast.Constant)
        )

    def _has_graph_items(self, node: ast.With) -> bool:
        return any(self._has_graph(item.context_expr) for item in node.items)

    def _compound(self, node: ast.For | ast.While | ast.If | ast.Try, context: Context) -> None:
        if not self._has_action(node):
            if self._has_graph(node):
                self._moves_whole(node, context)
            else:
                self._host(node)
            return
        loop = isinstance(node, (ast.For, ast.While))
        inner = replace(context, inside=True, branch=context.branch or not loop)
        if loop:
            stored = {
                self.calls.key(name)
                for name in ast.walk(node)
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            }
            inner = replace(inner, loops=(*context.loops, (id(node), frozenset(stored))))
        if isinstance(node, ast.For):
            self._joined(node.iter, [self.evaluate(node.iter)])
            self._stays(node)
            self.context = inner
            if node.iter in self.listings and isinstance(node.target, ast.Name):
                self.env[self.calls.key(node.target)] = Thing(Sort.HOST, node.target)
            else:
                self.store(node.target, Thing(Sort.HOST, node.target))
            bodies = [node.body, node.orelse]
        elif isinstance(node, ast.Try):
            bodies = [node.body, *(h.body for h in node.handlers), node.orelse, node.finalbody]
            for handler in node.handlers:
                if handler.type is not None:
                    self.evaluate(handler.type)
            self._stays(node)
        else:
            self._joined(node.test, [self.evaluate(node.test)])
            self._stays(node)
            bodies = [node.body, node.orelse]
        if loop:
            # a feed dictionary or a reader in the loop must find what the loop leaves
            self.started = True
        fed: dict[tuple[int, str], list[Thing]] = {}
        before = dict(self.env)
        for body in bodies:
            if not loop:
                self.env.update({k: v for k, v in before.items() if v.sort is Sort.FEED})
            self._block(body, inner)
            for key, thing in self.env.items():
                if thing.sort is Sort.FEED and thing is not before.get(key):
                    fed.setdefault(key, []).append(thing)
        for key, things in fed.items():
            if key in before:
                things.append(before[key])
            if len({fed_keys(thing) for thing in things}) > 1:
                self.env[key] = Thing(Sort.FEED, node, maybe=True)
        self.started = True

    def _host(self, node: ast.stmt) -> None:
        """A block without graph and session: what it binds is the host's."""
        before = self.context
        self.context = replace(before, inside=True)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                owner, _ = self.module.find(inner.id, self.module.scope_of[inner])
                if owner is self.scope or owner is self.module.root:
                    self.bind(inner, Thing(Sort.HOST, inner))
        self.context = before

    def _simple(
        self, node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr, context: Context
    ) -> None:
        if isinstance(node, ast.Expr) and self._resets(node):
            return
        value = node.value
        if value is None:
            return
        thing = self.evaluate(value)
        targets: list[ast.expr] = (
            node.targets
            if isinstance(node, ast.Assign)
            else []
            if isinstance(node, ast.Expr)
            else [node.target]
        )
        found = self.found
        opened = self.calls.definition(value.func) if isinstance(value, ast.Call) else None
        if isinstance(opened, ast.FunctionDef) and opened in self.calls.openers:
            self._opened(node, targets, thing, self.calls.openers[opened])
            return
        if found.removed:
            if not isinstance(node, ast.Expr) or found.acts or value not in found.removed:
                raise Refusal(node, "host use", "the value of a run that goes is used")
            call = value
            self.removed[node] = Sort.INIT if thing.sort is Sort.INIT else Sort.SESSION
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                if call.func.attr == "close" and isinstance(call.func.value, ast.Name):
                    name = call.func.value.id
                    self.opened = [one for one in self.opened if one != name]
                elif call.func.attr in ("add_graph",):
                    self.removed[node] = Sort.CONFIG
            return
        if thing.sort in (Sort.SESSION, Sort.CONFIG, Sort.BUILDER, Sort.INFO, Sort.SIGNATURE):
            self._goes(node, targets, thing)
            return
        if thing.sort is Sort.INIT:
            if found.acts:
                if targets:
                    raise Refusal(node, "initialization", "what the run gives is used")
                self.started = True
                return
            self._goes(node, targets, thing)
            return
        if thing.sort in (Sort.WRITER, Sort.FEED):
            named = len(targets) == 1 and isinstance(targets[0], ast.Name)
            if not named and not (isinstance(node, ast.Expr) and thing.sort is Sort.WRITER):
                raise Refusal(node, "assignment", f"a {thing.sort.value} is not kept in a name")
            for target in targets:
                self.store(target, thing)
            if thing.sort is Sort.FEED or found.acts:
                self._stays(node)
            return
        for target in targets:
            base = self._root_thing(target)
            if base is not None and base.sort is Sort.CONFIG:
                self.removed[node] = Sort.CONFIG
                return
            if base is not None and base.sort is Sort.FEED:
                raise Refusal(node, "feed", "a feed dictionary is changed")
            if not isinstance(target, (ast.Name, ast.Tuple, ast.List, ast.Starred)):
                self.evaluate_all(list(ast.iter_child_nodes(target)))
        self._sorted(node, targets, thing, context)

    def _sorted(
        self, node: ast.stmt, targets: list[ast.expr], thing: Thing, context: Context
    ) -> None:
        """Tell a statement of the build from one that stays."""
        found = self.found
        changed = isinstance(node, ast.AugAssign) and self._built_name(node.target)
        built = bool(found.makes or found.loose or changed)
        if found.acts:
            if changed:
                raise Refusal(node, "host use", "what a run gives is added to a graph value")
            if found.makes:
                raise Refusal(
                    found.makes[0], "straight line", "graph is made in a statement that runs it"
                )
            if thing.is_built and not thing.plain:
                raise Refusal(node, "host use", "a graph value and a value of a run are mixed")
            self._stays(node)
            self.started = True
        elif built and not self.started and not context.inside:
            self._move(node)
            if (
                isinstance(node, ast.AugAssign)
                and isinstance(node.target, ast.Name)
                and not changed
            ):
                found.host.append(node.target)
            self._take(node)
            for target in targets:
                self._bound(target, thing)
            return
        elif built:
            if not found.makes and not changed and all(self._is_idle(one) for one in found.loose):
                self._stays(node)
            else:
                self._late(node, targets, thing, context)
                return
        elif self._begins(node, targets):
            self._move(node)
            if self.context.deferred:
                self.late.append(node)
                self.last.append(node)
            for target in targets:
                self._bound(target, thing)
            return
        for target in targets:
            self.store(target, Thing(Sort.HOST, target))

    def _stays(self, node: ast.stmt) -> None:
        """A statement stays where it is: what it reads of the build must be told there."""
        for one in self.found.loose:
            if not self._is_idle(one):
                raise Refusal(one, "host use", "a graph value is used where the session runs")
            assert isinstance(one, ast.Name)
            thing = self.env[self.calls.key(one)]
            if thing.maybe:
                raise Refusal(one, "host use", f"`{one.id}` is not made on every way")
            self.outside.append((one, thing))
        if self.found.makes:
            raise Refusal(
                self.found.makes[0], "straight line", "graph is made where the session runs"
            )
        if self.found.acts:
            self.started = True

    def _goes(self, node: ast.stmt, targets: list[ast.expr], thing: Thing) -> None:
        """A statement that goes with the session."""
        for target in targets:
            if not isinstance(target, ast.Name):
                raise Refusal(node, "assignment", f"a {thing.sort.value} is not kept in a name")
        named = targets[0].id if targets and isinstance(targets[0], ast.Name) else ""
        if thing.sort is Sort.SESSION and thing.node is getattr(node, "value", None):
            self._open(thing, named)
        value = getattr(node, "value", None)
        if isinstance(value, ast.expr):
            self._one_graph(value)
        if named and thing.graph and not self.started and not self.context.inside:
            self._keep_graph(node, targets[0], thing)
            return
        self.removed[node] = thing.sort
        for target in targets:
            assert isinstance(target, ast.Name)
            self.bind(target, thing)

    def _begins(self, node: ast.stmt, targets: list[ast.expr]) -> bool:
        """Whether a statement gives a name an empty value that graph code goes on from."""
        looks_up = self._looks_up(node, self.context)
        if not isinstance(node, ast.Assign) or (
            (self.started or self.context.inside) and not looks_up
        ):
            return False
        value = node.value
        empty = isinstance(value, ast.Constant) or (
            isinstance(value, (ast.List, ast.Tuple)) and not value.elts
        )
        empty = empty or (isinstance(value, ast.Dict) and not value.keys)
        if not empty or len(targets) != 1 or not isinstance(targets[0], ast.Name):
            return False
        key = self.calls.key(targets[0])
        if key not in self.calls.names:
            return False
        for name in self.module.by_name.get(targets[0].id, ()):
            if name.lineno <= node.lineno or not isinstance(name, ast.Name):
                continue
            statement = self.module.statement(name)
            if self.calls.has_session(statement):
                return False
            parent = self.module.parents[name]
            filled = isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store)
            if isinstance(name.ctx, ast.Store) or isinstance(statement, ast.Expr) or filled:
                return self._has_graph(statement) or any(
                    isinstance(inner, ast.Name)
                    and inner.id != name.id
                    and self.calls.key(inner) in self.calls.names
                    for inner in ast.walk(statement)
                )
        return False


def is_main_guard(node: ast.If) -> bool:
    """Whether a statement is ``if __name__ == "__main__":``."""
    test = node.test
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and len(test.ops) == 1
        and isinstance(test.ops[0], ast.Eq)
    )
