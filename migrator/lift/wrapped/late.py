"""Graph that is made, or asked for its shape, where the session already runs."""

from __future__ import annotations

import ast

from migrator.lift import renames
from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.built import Built
from migrator.lift.wrapped.things import Thing
from migrator.lift.wrapped.values import Context
from migrator.names import Binding, Symbol

__all__ = ["Late"]

_KEPT_METHODS = frozenset(
    {"assign", "assign_add", "assign_sub", "get_shape", "as_list", "eval", "run", "items", "keys"}
    | {"values", "read_value", "value"}
)
#: They tell what the graph holds; a function that runs later finds all of it.
_ASKS = frozenset(
    {"tf.get_collection", "tf.trainable_variables", "tf.global_variables", "tf.GraphKeys"}
    | {"tf.summary.merge_all"}
)
#: Built-in functions that may be told tensors and keep nothing of them.
_TELLING = frozenset({"print", "len", "str", "repr", "type", "isinstance", "id"})


class Late(Built):
    """Tells what may be done to the graph where the session already runs."""

    def _is_idle(self, node: ast.AST) -> bool:
        """Whether reading a graph value tells no more than what is known without running it."""
        if not isinstance(node, ast.Name):
            return False
        thing = self.env.get(self.calls.key(node))
        if thing is None:
            return False
        if thing.plain:
            return True
        at: ast.AST = node
        while True:
            parent = self.module.parents[at]
            if isinstance(parent, ast.Attribute):
                with self.aside():
                    if self.evaluate(parent).plain:
                        return True
            elif isinstance(parent, ast.Call) and at in parent.args:
                name = parent.func.id if isinstance(parent.func, ast.Name) else ""
                return name in _TELLING
            elif not isinstance(parent, (ast.Subscript, ast.Tuple)) or at is not getattr(
                parent, "value", at
            ):
                return False
            at = parent

    def _root_thing(self, target: ast.expr) -> Thing | None:
        root = target
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if root is target or not isinstance(root, ast.Name):
            return None
        return self.env.get(self.calls.key(root))

    def _late(
        self, node: ast.stmt, targets: list[ast.expr], thing: Thing, context: Context
    ) -> None:
        """Graph that is made where the session already runs: it may as well be made before."""
        found = self.found
        if not isinstance(node, ast.Assign) and not (
            isinstance(node, (ast.Expr, ast.AugAssign)) and not context.inside
        ):
            raise Refusal(node, "straight line", "graph is made where the session runs")
        if context.inside:
            self.check_late(node, found.makes, "straight line")
        named = all(isinstance(target, ast.Name) for target in targets)
        if self._tells(node) or (context.inside and not named):
            raise Refusal(node, "straight line", "graph is made where the session runs")
        self._move(node)
        self.late.append(node)
        if context.deferred:
            self.last.append(node)
        self._take(node)
        for target in targets:
            if context.inside and isinstance(target, ast.Name):
                bindings = self.module.find(target.id, self.module.scope_of[target])[1]
                found_here = all(map(self._is_part_of_graph, found.makes))
                others = [one for one in bindings if one.node is not target]
                if others and not (found_here and all(map(self._is_result, others))):
                    raise Refusal(target, "one meaning", f"`{target.id}` stands for several things")
                key = self.calls.key(target)
                self._own(target.id, key, target)
                thing.loops = tuple(loop for loop, _ in context.loops)
                self.env[key] = thing
                self.versions.setdefault(key, []).append(thing)
            else:
                self._bound(target, thing)

    def _is_result(self, binding: Binding) -> bool:
        """Whether a name is given what a run gives."""
        statement = self.module.statement(binding.node)
        value = statement.value if isinstance(statement, ast.Assign) else None
        return (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and value.func.attr == "run"
            and value.func.value in self.calls.session_refs
        )

    def _tells(self, node: ast.AST) -> bool:
        """Whether a statement prints."""
        return any(
            isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Name)
            and inner.func.id == "print"
            for inner in ast.walk(node)
        )

    def check_late(self, node: ast.AST, makes: list[ast.AST], precondition: str) -> None:
        """Graph that is made where the session already runs must be tensors, and no variables.

        Raises:
            Refusal: it may be more.
        """
        for one in makes:
            if self._is_part_of_graph(one):
                continue
            function = one.func if isinstance(one, ast.Call) else one
            symbol = self.calls.symbols.get(function)
            asks = self.context.deferred and symbol is not None and symbol.name in _ASKS
            if symbol is None or not (asks or self._is_pure(symbol)):
                what = ast.unparse(function) if isinstance(function, ast.expr) else "it"
                raise Refusal(
                    one, precondition, f"`{what}` is called where the session already runs"
                )
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
                known = inner.func in self.calls.symbols or self._is_part_of_graph(inner)
                if known or inner.func.attr in _KEPT_METHODS:
                    continue
                with self.aside():
                    built = self.evaluate(inner.func.value).is_built
                if built:
                    raise Refusal(
                        inner,
                        precondition,
                        f"`.{inner.func.attr}()` is called where the session already runs",
                    )

    def _is_pure(self, symbol: Symbol) -> bool:
        name = symbol.spelled.partition(".")[2]
        return (
            renames.entry(symbol) is not None
            or name in renames.CONSTANTS
            or name in renames.CASTS
            or name in renames.TEMPLATES
            or name in ("assign", "assign_add", "assign_sub", "group")
        )
