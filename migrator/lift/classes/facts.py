"""What the attributes and names of a file with session-holding classes stand for.

The analysis is coarse on purpose: it does not follow values through the graph, it only tells what
is graph, what is the session and its company, and what is host code.  Whatever touches the graph
counts as graph; a place where that matters refuses the lift.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from migrator.lift import renames
from migrator.lift.classes.structure import (
    SESSIONS,
    SPECIAL,
    STATIC,
    Family,
    Function,
    Structure,
    What,
)
from migrator.lift.graph_symbols import is_graph_symbol
from migrator.lift.imported import is_named
from migrator.names import Module, Symbol

__all__ = ["SESSIONS", "SPECIAL", "STATIC", "Facts", "Family", "Function", "What"]


#: They load a graph, or find what is in it.
_LOADING = frozenset({"tf.saved_model.load", "tf.saved_model.get_tensor_from_tensor_info"})


class Facts(Structure):
    """The classes, functions and names of one file.

    Args:
        module: the file.
        graph_names: functions and classes of other files that make graph; with brackets, those
            that only look at its variables.

    Raises:
        Refusal: names mean several things, or what they mean cannot be told.
    """

    def __init__(self, module: Module, graph_names: frozenset[str] = frozenset()) -> None:
        super().__init__(module)
        self.graph_names = graph_names
        self._looking = frozenset(name[:-2] for name in graph_names if name.endswith("()"))
        self.locals: dict[tuple[ast.AST, str], What] = {}
        self.returns: dict[Function, What | tuple[What, ...]] = {}
        #: uses of local names -> the part of the graph that they stand for there
        self.resolved: dict[ast.AST, ast.expr] = {}
        self._aside: set[ast.AST] = set()  #: targets whose uses are all among these
        self._kinds: dict[ast.AST, What] = {}
        self._flow()

    def _flow(self) -> None:
        """Tell the kinds of names and attributes, until nothing changes."""
        pairs = list(self.bindings())
        givers = [
            node
            for node in self.module.nodes
            if isinstance(node, ast.Return) and node.value is not None
        ]
        added = [
            (node.func.value, value)
            for node in self.module.nodes
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("append", "extend", "insert", "add", "setdefault", "update")
            for value in node.args
            if not isinstance(value, ast.Dict)
        ]
        self._session_parameters()
        for _ in range(12):
            self._kinds.clear()
            changed = False
            for target, value, index, statement in pairs:
                changed |= self._bound(target, value, index, statement)
            for base, value in added:
                if self.kind(value) is What.GRAPH:
                    changed |= self._bound(base, value, None, self.module.statement(base))
            for node in givers:
                changed |= self._returned(node)
            if not changed:
                break
        self._kinds.clear()

    def resolve(self, uses: dict[ast.AST, ast.expr], targets: set[ast.AST]) -> None:
        """Tell local names of parts of the graph from other values that have the same names.

        Args:
            uses: of the names -> what they stand for.
            targets: where those names are bound; all that they reach is in ``uses``.
        """
        if not targets:
            return
        self.resolved, self._aside = uses, targets
        self.locals.clear()
        self.returns.clear()
        for family in self.families:
            family.attributes.clear()
            family.assigned.clear()
        self._flow()

    def _session_parameters(self) -> None:
        """A parameter on which the session's methods are called is the session."""
        changed = True
        while changed:
            changed = False
            for family in self.families:
                for methods in family.methods.values():
                    for method in methods:
                        for argument in method.args.args[1:] + method.args.kwonlyargs:
                            key = (method, argument.arg)
                            if key not in self.locals and self._is_session_parameter(
                                family, method, argument.arg
                            ):
                                self.locals[key] = What.SESSION
                                changed = True

    def _hands_session(self, node: ast.Name, call: ast.Call) -> bool:
        """Whether a call gives ``node`` to a parameter that is the session."""
        for function in self.called(call):
            for at, argument in zip(call.args, function.args.args[1:], strict=False):
                if at is node and self.locals.get((function, argument.arg)) is What.SESSION:
                    return True
        return False

    def _is_session_parameter(self, family: Family, method: Function, name: str) -> bool:
        if "sess" not in name.lower():
            return False
        for at in self.below(method):
            if not isinstance(at, ast.Name) or at.id != name:
                continue
            parent = self.module.parents[at]
            if isinstance(parent, ast.Attribute) and parent.attr in ("run", "graph", "as_default"):
                return True
            if (
                isinstance(parent, ast.Call)
                and at in parent.args
                and self._hands_session(at, parent)
            ):
                return True
            if isinstance(parent, ast.Assign) and parent.value is at:
                target = parent.targets[0]
                if isinstance(target, ast.Attribute) and "sess" in target.attr.lower():
                    return True
        return False

    def bindings(
        self,
    ) -> Iterator[tuple[ast.expr, ast.expr, int | None, ast.stmt]]:
        """Yield targets with their values, and which element of the value it is."""
        for node in self.module.nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    yield from self._unpacked(target, node.value, node)
            elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
                if node.value is not None:
                    yield node.target, node.value, None, node
            elif isinstance(node, ast.NamedExpr):
                yield node.target, node.value, None, self.module.statement(node)
            elif isinstance(node, ast.For):
                yield from self._unpacked(node.target, node.iter, node)
            elif isinstance(node, ast.comprehension):
                yield from self._unpacked(node.target, node.iter, self.module.statement(node))
            elif isinstance(node, ast.With):
                for item in node.items:
                    if item.optional_vars is not None:
                        yield from self._unpacked(item.optional_vars, item.context_expr, node)

    def _unpacked(
        self, target: ast.expr, value: ast.expr, statement: ast.stmt
    ) -> Iterator[tuple[ast.expr, ast.expr, int | None, ast.stmt]]:
        if isinstance(target, (ast.Tuple, ast.List)):
            if (
                isinstance(value, (ast.Tuple, ast.List))
                and isinstance(statement, ast.Assign)
                and len(value.elts) == len(target.elts)
                and not any(isinstance(e, ast.Starred) for e in (*value.elts, *target.elts))
            ):
                for at, given in zip(target.elts, value.elts, strict=True):
                    yield from self._unpacked(at, given, statement)
                return
            for index, at in enumerate(target.elts):
                inner = at.value if isinstance(at, ast.Starred) else at
                for leaf in _leaves(inner):
                    yield leaf, value, index, statement
            return
        yield target, value, None, statement

    def _bound(
        self, target: ast.expr, value: ast.expr, index: int | None, statement: ast.stmt
    ) -> bool:
        """Note what a target is bound to, and return whether that is news."""
        found = self.kind(value)
        if index is not None and isinstance(value, ast.Call):
            for function in self.called(value):
                given = self.returns.get(function)
                if isinstance(given, tuple) and index < len(given):
                    found = given[index]
        if isinstance(target, ast.Starred):
            target = target.value
        if isinstance(target, ast.Name) and target in self._aside:
            return False
        if isinstance(target, ast.Name):
            owner, _ = self.module.find(target.id, self.module.scope_of[target])
            if owner is None:
                return False
            key = (owner.node, target.id)
            before = self.locals.get(key)
            now = _union(before, found)
            self.locals[key] = now
            return now is not before
        name = self.attribute(target)
        if name is not None:
            family = self.family(target)
            assert family is not None
            rows = family.assigned.setdefault(name, [])
            if not any(at is statement for at, _ in rows):
                rows.append((statement, value if index is None else None))
            before = family.attributes.get(name)
            now = _union(before, found)
            family.attributes[name] = now
            return now is not before
        if isinstance(target, ast.Subscript):
            # ``feed[self.x] = value`` and ``self.layers["fc"] = tensor``
            base = target.value
            if found is What.HOST and self.kind(target.slice) is What.GRAPH:
                found = What.FEED
            if found is What.FEED:
                return self._mark(base, What.FEED)
            if found is What.GRAPH:
                return self._bound(base, value, None, statement)
        return False

    def _mark(self, node: ast.expr, kind: What) -> bool:
        if isinstance(node, ast.Name):
            owner, _ = self.module.find(node.id, self.module.scope_of[node])
            if owner is None:
                return False
            key = (owner.node, node.id)
            before = self.locals.get(key)
            self.locals[key] = kind
            return before is not kind
        return False

    def _returned(self, node: ast.Return) -> bool:
        function = self.module.enclosing(node, (ast.FunctionDef, ast.Lambda))
        if not isinstance(function, ast.FunctionDef) or node.value is None:
            return False
        value = node.value
        found: What | tuple[What, ...]
        if isinstance(value, ast.Tuple):
            found = tuple(self.kind(at) for at in value.elts)
        else:
            found = self.kind(value)
        before = self.returns.get(function)
        if before is None or before == found:
            now = found
        elif isinstance(before, tuple) and isinstance(found, tuple) and len(before) == len(found):
            now = tuple(_union(a, b) for a, b in zip(before, found, strict=True))
        else:
            now = _union(_flat(before), _flat(found))
        self.returns[function] = now
        return now != before

    def is_graph_symbol(self, symbol: Symbol) -> bool:
        """Whether using a symbol makes graph, or needs one that is being made."""
        if symbol.name in SPECIAL or symbol.name in ("tf", "tf.app.run"):
            return False
        return symbol.name in _LOADING or is_graph_symbol(symbol)

    def looks(self, node: ast.AST) -> bool:
        """Whether a statement calls a function that only looks at the variables of the graph."""
        return (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and not node.value.args
            and not node.value.keywords
            and is_named(self.module, node.value.func, self._looking)
        )

    def _is_graph_name(self, node: ast.expr) -> bool:
        """Whether a name of another file stands for what makes graph here."""
        if not is_named(self.module, node, self.graph_names):
            return False
        call = self.module.parents[node]
        called = isinstance(call, ast.Call) and call.func is node
        return not (called and self.looks(self.module.parents[call]))

    def kind(self, node: ast.expr) -> What:
        """Return what an expression is, as far as is known."""
        found = self._kinds.get(node)
        if found is None:
            found = self._kinds[node] = self._kind(node)
        return found

    def _kind(self, node: ast.expr) -> What:
        if isinstance(node, ast.Constant):
            return What.NONE if node.value is None else What.HOST
        if node in self.resolved:
            return self.kind(self.resolved[node])
        if isinstance(node, ast.Name):
            symbol = self.symbol(node)
            if symbol is not None:
                return What.GRAPH if self.is_graph_symbol(symbol) else What.HOST
            owner, _ = self.module.find(node.id, self.module.scope_of[node])
            if owner is None:
                return What.HOST
            if self._is_graph_name(node):
                return What.GRAPH
            found = self.locals.get((owner.node, node.id), What.HOST)
            if found is What.EAGER and not isinstance(self.unit(node), ast.Module):
                return What.GRAPH
            return found
        if isinstance(node, ast.Attribute):
            return self._attribute_kind(node)
        if isinstance(node, ast.Call):
            return self._call_kind(node)
        if isinstance(node, ast.Subscript):
            base = self.kind(node.value)
            if base is What.FEED:
                return What.HOST
            return base if base is not What.HOST else self.kind(node.slice)
        if isinstance(node, ast.Dict) and any(
            key is not None and self.kind(key) is What.GRAPH for key in node.keys
        ):
            return What.FEED
        if isinstance(node, ast.Compare) and all(
            isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops
        ):
            return What.HOST
        return self._joined(node)

    def _is_eager(self, node: ast.Call, symbol: Symbol) -> bool:
        """Whether a call of the script computes with constants only."""
        if not isinstance(self.unit(node), ast.Module) or self.family(node) is not None:
            return False
        if renames.entry(symbol) is None or renames.is_random(symbol):
            return False
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        return all(self.kind(at) in (What.HOST, What.NONE, What.EAGER) for at in values)

    def _joined(self, node: ast.AST) -> What:
        kinds = set()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                kinds.add(self.kind(child))
            elif isinstance(child, (ast.keyword, ast.comprehension, ast.slice)):
                kinds.add(self._joined(child))
        inits = {What.INIT, What.LOCAL_INIT}
        if isinstance(node, (ast.Tuple, ast.List)) and kinds and kinds <= inits:
            return What.LOCAL_INIT if What.LOCAL_INIT in kinds else What.INIT
        if isinstance(node, (ast.IfExp, ast.BoolOp)):
            kinds -= {What.NONE}
            if len(kinds - {What.HOST}) == 1:
                return (kinds - {What.HOST}).pop()
        if kinds & {What.GRAPH, What.INIT, What.LOCAL_INIT}:
            return What.GRAPH
        return What.EAGER if What.EAGER in kinds else What.HOST

    def _attribute_kind(self, node: ast.Attribute) -> What:
        symbol = self.symbol(node)
        if symbol is not None:
            return What.GRAPH if self.is_graph_symbol(symbol) else What.HOST
        member = self.member(node)
        if member is not None:
            return member[1].attributes.get(member[2], What.HOST)
        if self._is_graph_name(node):
            return What.GRAPH
        base = self.kind(node.value)
        if base is What.SESSION:
            return What.CONFIG if node.attr == "graph" else What.HOST
        if base is What.GRAPH:
            return What.HOST if node.attr in STATIC else What.GRAPH
        return What.HOST

    def _call_kind(self, node: ast.Call) -> What:
        symbol = self.symbol(node.func)
        if symbol is not None and symbol.name in SPECIAL:
            return SPECIAL[symbol.name]
        if symbol is not None and symbol.name == "tf.train.import_meta_graph":
            return What.SAVER
        if symbol is not None and symbol.name == "tf.train.global_step":
            return What.HOST  # it runs the session, and gives a number
        if symbol is not None and symbol.name == "tf.group":
            kinds = {self.kind(at) for at in node.args}
            if kinds and kinds <= {What.INIT, What.LOCAL_INIT}:
                return What.LOCAL_INIT if What.LOCAL_INIT in kinds else What.INIT
        if symbol is not None and self.is_graph_symbol(symbol):
            return What.EAGER if self._is_eager(node, symbol) else What.GRAPH
        if isinstance(node.func, ast.Attribute):
            base = self.kind(node.func.value)
            if base is What.SESSION:
                return What.SESSION if node.func.attr == "as_default" else What.HOST
            if base is What.CONFIG:
                return What.CONFIG if node.func.attr == "as_default" else What.GRAPH
            if base in (What.GRAPH, What.INIT, What.LOCAL_INIT) and node.func.attr in (
                "eval",
                "run",
                *STATIC,
            ):
                return What.HOST
            if base in (What.SAVER, What.WRITER, What.FEED):
                return What.HOST
        functions = self.called(node)
        for function in functions:
            given = self.returns.get(function)
            if given is not None and _flat(given) is not What.HOST:
                return _flat(given)
        if functions and functions[0].name != "__init__":
            return What.HOST if functions[0] in self.returns else self._joined(node)
        return self._joined(node)


def _leaves(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, (ast.Tuple, ast.List)):
        for at in node.elts:
            yield from _leaves(at)
    else:
        yield node


def _flat(kind: What | tuple[What, ...]) -> What:
    if isinstance(kind, tuple):
        return What.GRAPH if What.GRAPH in kind else What.HOST
    return kind


def _union(a: What | None, b: What) -> What:
    """Return what a name is that is given two things."""
    if a is None or a is What.NONE or a is b:
        return b
    if b is What.NONE:
        return a
    for kind in (What.SESSION, What.SAVER, What.WRITER, What.FEED):
        if kind in (a, b):
            return kind
    if What.GRAPH in (a, b):
        return What.GRAPH
    return a if a is not What.HOST else b
