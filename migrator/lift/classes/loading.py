"""Graphs that a class loads, and what it asks them for by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from migrator.calls import is_v1_load
from migrator.lift.classes.facts import Facts, Family, Function, What
from migrator.lift.kinds import Refusal

__all__ = ["FINDS", "Names", "check_graphs", "is_load", "is_lookup", "loaded_saver", "loads"]

#: What finds a tensor of a signature in a graph.
FINDS = "tf.saved_model.get_tensor_from_tensor_info"
#: Methods of ``tf.Graph`` that find what is in it, and add nothing.
LOOKUPS = frozenset(
    {"get_tensor_by_name", "get_operation_by_name", "get_operations", "as_graph_element"}
    | {"get_collection", "get_collection_ref", "get_all_collection_keys", "as_graph_def"}
)
#: The same of the default graph.
_DEFAULT = frozenset({"tf.get_collection", "tf.get_collection_ref", FINDS})
_BY_NAME = frozenset({"get_tensor_by_name", "get_operation_by_name", "as_graph_element"})
_FINDING = _BY_NAME | {"get_collection", "get_collection_ref"}
_LOOPS = (ast.For, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CHANGES = frozenset(
    {"append", "extend", "insert", "pop", "remove", "clear", "update", "setdefault", "sort"}
)


def is_load(facts: Facts, node: ast.AST) -> bool:
    """Whether ``node`` is a call that loads a SavedModel into a session."""
    if not isinstance(node, ast.Call):
        return False
    symbol = facts.symbol(node.func)
    return (
        symbol is not None
        and symbol.name == "tf.saved_model.load"
        and is_v1_load(facts.module, node.func, symbol)
    )


def is_lookup(facts: Facts, node: ast.AST) -> bool:
    """Whether ``node`` is a call that finds something in a graph."""
    if not isinstance(node, ast.Call):
        return False
    symbol = facts.symbol(node.func)
    if symbol is not None:
        return symbol.name in _DEFAULT
    return (
        isinstance(node.func, ast.Attribute)
        and node.func.attr in LOOKUPS
        and facts.kind(node.func.value) is What.CONFIG
    )


def loads_here(facts: Facts, call: ast.Call) -> bool:
    """Whether ``call`` puts a graph that was stored into the one at hand."""
    symbol = facts.symbol(call.func)
    name = symbol.name if symbol is not None else ""
    return is_load(facts, call) or name in ("tf.import_graph_def", "tf.train.import_meta_graph")


def loads(facts: Facts, node: ast.AST) -> bool:
    """Whether something below ``node`` loads a graph."""
    return any(isinstance(at, ast.Call) and loads_here(facts, at) for at in facts.below(node))


def loaded_saver(facts: Facts, call: ast.Call) -> bool:
    """Whether ``call`` restores the variables of a meta graph in the function that imports it."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "restore":
        return False
    unit = facts.unit(call)
    if facts.kind(call.func.value) is not What.SAVER or isinstance(unit, ast.Module):
        return False
    return any(
        isinstance(at, ast.Call)
        and (symbol := facts.symbol(at.func)) is not None
        and symbol.name == "tf.train.import_meta_graph"
        and at.lineno <= call.lineno
        for at in facts.below(unit)
    )


def check_graphs(facts: Facts) -> None:
    """Check that a class that loads has one graph: names may mean several things in several.

    Raises:
        Refusal: a class has several graphs, or one whenever something is called.
    """
    for family in facts.families:
        nodes = [at for node in family.classes for at in facts.below(node)]
        calls = [at for at in nodes if isinstance(at, ast.Call)]
        found = [at for at in calls if loads_here(facts, at)]
        looked = any(is_lookup(facts, at) for at in calls)
        makers = _makers(facts)
        if not (found or looked or any(loads(facts, maker) for maker in makers)):
            continue
        inside = {at for maker in makers for at in facts.below(maker)}
        made = [at for at in calls if _makes_graph(facts, at) and at not in inside]
        made += [at for at in calls if makers.intersection(facts.called(at))]
        made.sort(key=lambda at: at.lineno)
        if len(made) > 1:
            raise Refusal(made[1], "one graph", f"`{family.name}` has several graphs")
        for at in made:
            if facts.module.enclosing(at, _LOOPS) is not None:
                raise Refusal(at, "one graph", f"`{family.name}` has several graphs")
        if made and len(found) > 1:
            for at in found:
                if at not in inside and not _within_graph(facts, at) and not is_load(facts, at):
                    raise Refusal(at, "one graph", "it is not told into which graph it is loaded")


def _makes_graph(facts: Facts, call: ast.Call) -> bool:
    symbol = facts.symbol(call.func)
    return symbol is not None and symbol.name == "tf.Graph"


def _makers(facts: Facts) -> set[Function]:
    """Return the functions, but for constructors, that make a graph each time."""
    return {
        node
        for node in facts.module.nodes
        if isinstance(node, ast.FunctionDef)
        and facts.returns.get(node) in (What.CONFIG, What.SESSION)
        and any(isinstance(at, ast.Call) and _makes_graph(facts, at) for at in facts.below(node))
    }


def _within_graph(facts: Facts, node: ast.AST) -> bool:
    return any(
        facts.kind(item.context_expr) is What.CONFIG
        for at in facts.module.ancestors(node)
        if isinstance(at, ast.With)
        for item in at.items
    )


class Names:
    """What is fetched and fed by name, by lookups, and by local names for either.

    Args:
        facts: what the file's names stand for.
        resolved: the uses of local names -> what they stand for.
    """

    def __init__(self, facts: Facts, resolved: Mapping[ast.AST, ast.expr]) -> None:
        self.facts = facts
        self.module = facts.module
        self.resolved = resolved
        self._attributes: dict[Family, set[str | None]] = {}
        self._loads = loads(facts, facts.module.tree)

    def is_part(self, node: ast.expr) -> bool:
        """Whether ``node`` is found in a loaded graph by its name."""
        return self._loads and (self.is_name(node) or self.is_found(node))

    def attributes(self, family: Family) -> set[str | None]:
        """Return the attributes of a class that hold names of parts of the graph."""
        return self._attributes.get(family, set())

    def note(self, node: ast.AST) -> None:
        """Note what a fetch or a feed reads to name a part of the graph."""
        for at in self.facts.below(node):
            member = self.facts.member(at)
            if member is not None and self.facts.kind(at) is What.HOST:  # type: ignore[arg-type]
                self._attributes.setdefault(member[1], set()).add(member[2])
            if at in self.resolved:
                self.note(self.resolved[at])

    def expanded(self, node: ast.expr) -> ast.expr:
        """Return what a local name stands for, or ``node``."""
        while node in self.resolved:
            node = self.resolved[node]
        return node

    def is_name(self, node: ast.expr) -> bool:
        """Whether ``node`` names a part of a graph, by a string that is told at the build."""
        node = self.expanded(node)
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str)
        if isinstance(node, ast.Attribute) and self.facts.member(node) is None:
            return False
        if isinstance(node, ast.Name) and self.facts.is_self(node):
            return False
        if isinstance(node, (ast.JoinedStr, ast.BinOp, ast.Attribute, ast.Name, ast.Call)):
            return self.facts.kind(node) is What.HOST and self.told(node)
        return False

    def is_found(self, node: ast.expr) -> bool:
        """Whether ``node`` is looked up in the graph, by names that are told at the build."""
        at = self.expanded(node)
        while True:
            at = self.expanded(at)
            if (
                isinstance(at, ast.Subscript) and isinstance(at.slice, (ast.Constant, ast.UnaryOp))
            ) or (isinstance(at, ast.Attribute) and at.attr in ("outputs", "inputs")):
                at = at.value
            else:
                break
        if not is_lookup(self.facts, at):
            return False
        assert isinstance(at, ast.Call)
        if isinstance(at.func, ast.Attribute) and at.func.attr not in _FINDING:
            return False
        given = [*at.args, *(word.value for word in at.keywords)]
        return all(self.is_name(one) for one in given)

    def is_table(self, node: ast.expr) -> bool:
        """Whether an attribute is a dictionary of parts of the graph that is made by the build."""
        return (
            self._loads
            and isinstance(node, ast.Attribute)
            and self._is_constant(node)
            and self.facts.kind(node) in (What.GRAPH, What.HOST)
        )

    def told(self, node: ast.expr) -> bool:
        """Whether a host value is the same where the graph is built and wherever it is used."""
        for at in self.facts.below(node):
            if isinstance(at, ast.Call):
                named = isinstance(at.func, ast.Attribute) and at.func.attr == "format"
                if not named and not (isinstance(at.func, ast.Name) and at.func.id == "str"):
                    return False
            elif isinstance(at, ast.Attribute) and self.facts.member(at) is not None:
                if not self._is_constant(at):
                    return False
            elif isinstance(at, ast.Name) and not self.facts.is_self(at):
                owner, bindings = self.module.find(at.id, self.module.scope_of[at])
                if owner is None and at.id == "str":
                    continue
                if owner is not self.module.root or len(bindings) != 1:
                    return False
            elif isinstance(at, (ast.Lambda, ast.NamedExpr, ast.Await, ast.Starred)):
                return False
        return True

    def _is_constant(self, node: ast.Attribute) -> bool:
        """Whether an attribute is set once, and nothing changes what it holds."""
        member = self.facts.member(node)
        assert member is not None
        _, family, name = member
        rows = [
            value
            for _, value in family.assigned.get(name, [])
            if not (isinstance(value, ast.Constant) and value.value is None)
        ]
        if len(rows) > 1 or (not rows and not _class_constant(family, name)):
            return False
        for other in self.module.nodes:
            if isinstance(other, ast.Attribute) and other.attr == name:
                if not isinstance(other.ctx, ast.Load) and not self.facts.is_self(other.value):
                    return False
                above = self.module.parents[other]
                if isinstance(above, ast.Attribute) and above.attr in _CHANGES:
                    return False
                if isinstance(above, ast.Subscript) and not isinstance(above.ctx, ast.Load):
                    return False
        return True

    def text(self, node: ast.expr, tensorflow: str) -> str | None:
        """Return a name or a lookup as it is fetched or fed; None for what is neither."""
        node = self.expanded(node)
        if not self.is_found(node):
            return self._source(node) if self.is_name(node) else None
        trail: list[str] = []
        at: ast.expr = node
        while not isinstance(at, ast.Call):
            if isinstance(at, ast.Subscript):
                trail.insert(0, f"[{self._source(at.slice)}]")
                at = at.value
            else:
                assert isinstance(at, ast.Attribute)
                trail.insert(0, f".{at.attr}")
                at = at.value
            at = self.expanded(at)
        assert isinstance(at.func, ast.Attribute)
        given = at.args[0] if at.args else at.keywords[0].value if at.keywords else None
        if at.func.attr in _BY_NAME and given is not None:
            index = re.fullmatch(r"\.outputs\[(\d+)\]", "".join(trail))
            if not trail:
                return self._source(self.expanded(given))
            if index is not None:
                return self._suffixed(self.expanded(given), f":{index[1]}")
        rows = [self._source(self.expanded(one)) for one in at.args]
        rows += [f"{word.arg}={self._source(self.expanded(word.value))}" for word in at.keywords]
        graph = f"{tensorflow}.compat.v1"
        if not at.func.attr.startswith("get_collection"):
            graph += ".get_default_graph()"
        return f"{graph}.{at.func.attr}({', '.join(rows)}){''.join(trail)}"

    def _source(self, node: ast.expr) -> str:
        source = self.module.source(node)
        return ast.unparse(node) if "\n" in source else source

    def _suffixed(self, node: ast.expr, suffix: str) -> str:
        """Return the text of a string with more behind it."""
        source = self._source(node)
        if isinstance(node, ast.Constant) and re.fullmatch(r"\"[^\"\\]*\"|'[^'\\]*'", source):
            return f"{source[:-1]}{suffix}{source[0]}"
        return f'{source} + "{suffix}"'

    def keyword(self, node: ast.expr) -> str:
        """Return the keyword under which a feed that has a name is given."""
        node = self.expanded(node)
        text = self.text(node, "tf") or self._source(node)
        if isinstance(node, ast.Attribute) and not self.is_found(node):
            return node.attr.strip("_") or node.attr
        found = re.search(r"['\"]([^'\"]*)['\"]", text)
        name = (found[1] if found else text).partition(":")[0].rpartition("/")[2]
        name = re.sub(r"\W+", "_", name).strip("_")
        return name if name.isidentifier() else f"value_{name}"


def _class_constant(family: Family, name: str) -> bool:
    """Whether an attribute is set by the body of the class, once."""
    return [
        target.id
        for node in family.classes
        for statement in node.body
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None
        for target in (
            statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        )
        if isinstance(target, ast.Name)
    ].count(name) == 1
