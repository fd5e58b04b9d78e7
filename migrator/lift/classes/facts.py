"""What the attributes and names of a file with session-holding classes stand for.

The analysis is coarse on purpose: it does not follow values through the graph, it only tells what
is graph, what is the session and its company, and what is host code.  Whatever touches the graph
counts as graph; a place where that matters refuses the lift.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.lift import graphcode, renames
from migrator.lift.imported import is_named
from migrator.lift.kinds import Refusal
from migrator.names import Module, Symbol

__all__ = ["Facts", "Family", "Function", "What"]

Function = ast.FunctionDef


class What(enum.Enum):
    """What an expression is."""

    HOST = "host value"
    NONE = "None"
    GRAPH = "graph value"
    SESSION = "session"
    CONFIG = "graph object"
    SAVER = "saver"
    WRITER = "summary writer"
    INIT = "init op"
    LOCAL_INIT = "init op of local variables"
    FEED = "feed dictionary"
    EAGER = "tensor of constants"  #: in a script: TensorFlow 2 computes it where it stands


#: Attributes of a tensor or variable that are known without running anything.
STATIC = frozenset({"shape", "name", "dtype", "get_shape", "as_list", "ndims", "op"})

SESSIONS = frozenset({"tf.Session", "tf.InteractiveSession"})
_INITS = frozenset(
    {"tf.global_variables_initializer", "tf.initialize_all_variables"}
    | {"tf.initializers.global_variables", "tf.initialize_global_variables"}
)
_LOCAL_INITS = frozenset(
    {"tf.local_variables_initializer", "tf.initialize_local_variables"}
    | {"tf.initializers.local_variables", "tf.tables_initializer", "tf.initialize_all_tables"}
)
#: Calls that give something other than a part of the graph.
SPECIAL: dict[str, What] = {
    **dict.fromkeys(SESSIONS, What.SESSION),
    **dict.fromkeys(_INITS, What.INIT),
    **dict.fromkeys(_LOCAL_INITS, What.LOCAL_INIT),
    "tf.train.Saver": What.SAVER,
    "tf.summary.FileWriter": What.WRITER,
    "tf.train.SummaryWriter": What.WRITER,
    "tf.Graph": What.CONFIG,
    "tf.get_default_graph": What.CONFIG,
    "tf.reset_default_graph": What.CONFIG,
    "tf.ConfigProto": What.CONFIG,
    "tf.GPUOptions": What.CONFIG,
    "tf.OptimizerOptions": What.CONFIG,
    "tf.GraphOptions": What.CONFIG,
    "tf.disable_v2_behavior": What.CONFIG,
    "tf.disable_eager_execution": What.CONFIG,
}


@dataclass(eq=False)
class Family:
    """A class that holds the session, and the classes of the file that inherit from it."""

    root: ast.ClassDef
    classes: list[ast.ClassDef]
    methods: dict[str, list[Function]] = field(default_factory=dict)
    attributes: dict[str, What] = field(default_factory=dict)
    #: attribute -> the statements that set it, and the value where it is told
    assigned: dict[str, list[tuple[ast.stmt, ast.expr | None]]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the base class."""
        return self.root.name

    def of_kind(self, *kinds: What) -> set[str]:
        """Return the attributes of the given kinds."""
        return {name for name, kind in self.attributes.items() if kind in kinds}


def _ends(module: Module, place: dict[ast.AST, int]) -> list[int]:
    """Return for every node, by its place in source order, where what is below it ends."""
    ends = list(range(1, len(module.nodes) + 1))
    for at in range(len(module.nodes) - 1, 0, -1):
        above = place[module.parents[module.nodes[at]]]
        ends[above] = max(ends[above], ends[at])
    return ends


class Facts:
    """The classes, functions and names of one file.

    Args:
        module: the file.
        graph_names: functions and classes of other files that make graph.

    Raises:
        Refusal: names mean several things, or what they mean cannot be told.
    """

    def __init__(self, module: Module, graph_names: frozenset[str] = frozenset()) -> None:
        self.module = module
        self.graph_names = graph_names
        self.functions: dict[str, Function] = {}
        self.plain_classes: dict[str, ast.ClassDef] = {}
        self.families: list[Family] = []
        self.family_of: dict[ast.ClassDef, Family] = {}
        self.locals: dict[tuple[ast.AST, str], What] = {}
        self.returns: dict[Function, What | tuple[What, ...]] = {}
        self._symbols: dict[ast.AST, Symbol | None] = {}
        self._kinds: dict[ast.AST, What] = {}
        self._class_names: dict[str, ast.ClassDef] = {}
        self._place = {node: at for at, node in enumerate(module.nodes)}
        self._ends = _ends(module, self._place)
        self._collect()
        self._flow()

    # -- structure ---------------------------------------------------------------------

    def _collect(self) -> None:
        for node in self.module.nodes:
            if isinstance(node, ast.ClassDef):
                if self.module.parents[node] is self.module.tree:
                    self._class_names[node.name] = node
                elif any(
                    isinstance(n, ast.Attribute) and n.attr == "run" for n in self.below(node)
                ):
                    raise Refusal(node, "class", f"the class `{node.name}` stands inside another")
            elif isinstance(node, (ast.AsyncFunctionDef, ast.Await)):
                raise Refusal(node, "async", "asynchronous code is not followed")
        for statement in self.module.tree.body:
            if isinstance(statement, ast.FunctionDef):
                self.functions[statement.name] = statement
        groups: dict[ast.ClassDef, list[ast.ClassDef]] = {}
        for node in self._class_names.values():
            groups.setdefault(self._root(node), []).append(node)
        for root, classes in groups.items():
            if not any(self._holds_session(node) for node in classes):
                for node in classes:
                    self.plain_classes[node.name] = node
                continue
            family = Family(root, classes)
            for node in classes:
                self.family_of[node] = family
                for statement in node.body:
                    if isinstance(statement, ast.FunctionDef):
                        family.methods.setdefault(statement.name, []).append(statement)
            self._check(family)
            self.families.append(family)

    def _root(self, node: ast.ClassDef) -> ast.ClassDef:
        for base in node.bases:
            found = self._class_names.get(base.id) if isinstance(base, ast.Name) else None
            if found is not None and found is not node:
                return self._root(found)
        return node

    def _holds_session(self, node: ast.ClassDef) -> bool:
        for at in self.below(node):
            if isinstance(at, (ast.Name, ast.Attribute)):
                symbol = self.symbol(at)
                if symbol is not None and symbol.name in SESSIONS:
                    return True
            if (
                isinstance(at, ast.Call)
                and isinstance(at.func, ast.Attribute)
                and at.func.attr == "run"
                and isinstance(at.func.value, ast.Attribute)
                and "sess" in at.func.value.attr.lower()
            ):
                return True
        return False

    def _check(self, family: Family) -> None:
        for node in family.classes:
            for base in node.bases:
                known = isinstance(base, ast.Name) and (
                    base.id == "object" or base.id in self._class_names
                )
                if not known:
                    raise Refusal(
                        base,
                        "base class",
                        f"`{node.name}` inherits from `{self.module.source(base)}`, which is not"
                        " seen",
                    )
            if len(node.bases) > 1 or node.keywords:
                raise Refusal(node, "base class", f"`{node.name}` has several bases or a metaclass")
            if node.decorator_list:
                raise Refusal(node, "base class", f"the class `{node.name}` is decorated")
        for node in family.classes:
            for at in self.below(node):
                if isinstance(at, ast.Call) and isinstance(at.func, ast.Name):
                    if at.func.id in ("exec", "eval", "setattr", "vars", "globals", "locals"):
                        raise Refusal(at, "magic", f"`{at.func.id}` is called")
                    given = at.args[1] if len(at.args) > 1 else None
                    if at.func.id == "getattr" and not isinstance(given, ast.Constant):
                        raise Refusal(at, "magic", "an attribute is named by a computed string")
                if isinstance(at, ast.Attribute) and at.attr == "__dict__":
                    raise Refusal(at, "magic", "attributes are reached through `__dict__`")
        magic = {"__getattr__", "__setattr__", "__getattribute__", "__new__", "__slots__"}
        for name in magic & set(family.methods):
            raise Refusal(family.methods[name][0], "magic", f"it defines `{name}`")
        for methods in family.methods.values():
            for method in methods:
                kinds = {self.module.source(at) for at in method.decorator_list}
                if kinds & {"staticmethod", "classmethod"}:
                    continue
                if not method.args.args or method.args.args[0].arg != "self":
                    raise Refusal(
                        method, "method", f"the first parameter of `{method.name}` is not `self`"
                    )

    # -- lookups -----------------------------------------------------------------------

    def below(self, node: ast.AST) -> list[ast.AST]:
        """Return ``node`` and all below it that may hold a name, in source order."""
        at = self._place[node]
        return self.module.nodes[at : self._ends[at]]

    def symbol(self, node: ast.AST) -> Symbol | None:
        """Return the TensorFlow symbol that a chain means, or None."""
        if node not in self._symbols:
            self._symbols[node] = self.module.symbol(node)
        return self._symbols[node]

    def unit(self, node: ast.AST) -> Function | ast.Module:
        """Return the method or module-level function that holds ``node``, or the module."""
        last: Function | None = None
        for at in [node, *self.module.ancestors(node)]:
            if isinstance(at, ast.FunctionDef):
                last = at
        return last or self.module.tree

    def family(self, node: ast.AST) -> Family | None:
        """Return the family whose class holds ``node``."""
        for at in self.module.ancestors(node):
            if isinstance(at, ast.ClassDef) and at in self.family_of:
                return self.family_of[at]
        return None

    def is_self(self, node: ast.AST) -> bool:
        """Whether ``node`` is the ``self`` of a method of a family."""
        if not isinstance(node, ast.Name) or node.id != "self":
            return False
        owner, _ = self.module.find("self", self.module.scope_of[node])
        if owner is None or not isinstance(owner.node, ast.FunctionDef):
            return False
        return self.module.parents[owner.node] in self.family_of

    def attribute(self, node: ast.AST) -> str | None:
        """Return the name of the attribute of ``self`` that ``node`` is, or None."""
        if isinstance(node, ast.Attribute) and self.is_self(node.value):
            return node.attr
        return None

    def instance(self, node: ast.AST) -> Family | None:
        """Return the family of which a name outside of the classes holds an instance."""
        if not isinstance(node, ast.Name):
            return None
        _, bindings = self.module.find(node.id, self.module.scope_of[node])
        found: set[Family | None] = set()
        for binding in bindings:
            made = self.class_called(binding.value) if isinstance(binding.value, ast.Call) else None
            found.add(self.family_of[made] if made is not None else None)
        return found.pop() if len(found) == 1 else None

    def member(self, node: ast.AST) -> tuple[str, Family, str] | None:
        """Return the owner, its family and the name of an attribute of a module, or None."""
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            return None
        family = self.family(node) if self.is_self(node.value) else self.instance(node.value)
        return (node.value.id, family, node.attr) if family is not None else None

    def called(self, call: ast.Call) -> list[Function]:
        """Return the functions of the file that a call may run."""
        function = call.func
        if isinstance(function, ast.Name):
            owner, bindings = self.module.find(function.id, self.module.scope_of[function])
            if owner is self.module.root:
                found = self.functions.get(function.id)
                if found is not None:
                    return [found]
                made = self._class_names.get(function.id)
                if made is not None:
                    return self.constructors(made)
            return [b.node for b in bindings if isinstance(b.node, ast.FunctionDef)]
        if isinstance(function, ast.Attribute):
            family = self.family(call)
            if self.is_self(function.value) and family is not None:
                return list(family.methods.get(function.attr, ()))
            if (
                isinstance(function.value, ast.Call)
                and isinstance(function.value.func, ast.Name)
                and function.value.func.id == "super"
                and family is not None
            ):
                own = self.module.enclosing(call, (ast.ClassDef,))
                return [
                    method
                    for method in family.methods.get(function.attr, ())
                    if self.module.parents[method] is not own
                ]
        return []

    def constructors(self, node: ast.ClassDef) -> list[Function]:
        """Return the ``__init__`` that making an instance of a class runs."""
        at: ast.ClassDef | None = node
        while at is not None:
            for statement in at.body:
                if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
                    return [statement]
            names = [base.id for base in at.bases if isinstance(base, ast.Name)]
            at = next((self._class_names[n] for n in names if n in self._class_names), None)
        return []

    def class_called(self, call: ast.Call) -> ast.ClassDef | None:
        """Return the class of a family that ``call`` makes an instance of, or None."""
        if not isinstance(call.func, ast.Name):
            return None
        owner, _ = self.module.find(call.func.id, self.module.scope_of[call.func])
        node = self._class_names.get(call.func.id) if owner is self.module.root else None
        return node if node in self.family_of else None

    # -- flow --------------------------------------------------------------------------

    def _flow(self) -> None:
        """Tell the kinds of names and attributes, until nothing changes."""
        pairs = list(self._bindings())
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

    def _session_parameters(self) -> None:
        """A parameter on which the session's methods are called is the session."""
        for family in self.families:
            for methods in family.methods.values():
                for method in methods:
                    for argument in method.args.args[1:] + method.args.kwonlyargs:
                        if self._is_session_parameter(family, method, argument.arg):
                            self.locals[(method, argument.arg)] = What.SESSION

    def _is_session_parameter(self, family: Family, method: Function, name: str) -> bool:
        if "sess" not in name.lower():
            return False
        for at in self.below(method):
            if not isinstance(at, ast.Name) or at.id != name:
                continue
            parent = self.module.parents[at]
            if isinstance(parent, ast.Attribute) and parent.attr in ("run", "graph", "as_default"):
                return True
            if isinstance(parent, ast.Assign) and parent.value is at:
                target = parent.targets[0]
                if isinstance(target, ast.Attribute) and "sess" in target.attr.lower():
                    return True
        return False

    def _bindings(
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
        found = self.kind(value)
        if index is not None and isinstance(value, ast.Call):
            for function in self.called(value):
                given = self.returns.get(function)
                if isinstance(given, tuple) and index < len(given):
                    found = given[index]
        if isinstance(target, ast.Starred):
            target = target.value
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
            if found in (What.GRAPH, What.FEED):
                return (
                    self._bound(base, value, None, statement)
                    if found is What.GRAPH
                    else (self._mark(base, What.FEED))
                )
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

    # -- kinds -------------------------------------------------------------------------

    def is_graph_symbol(self, symbol: Symbol) -> bool:
        """Whether using a symbol makes graph, or needs one that is being made."""
        if symbol.name in SPECIAL or symbol.name in ("tf", "tf.app.run"):
            return False
        return graphcode.is_graph_symbol(symbol)

    def kind(self, node: ast.expr) -> What:
        """Return what an expression is, as far as is known."""
        found = self._kinds.get(node)
        if found is None:
            found = self._kinds[node] = self._kind(node)
        return found

    def _kind(self, node: ast.expr) -> What:
        if isinstance(node, ast.Constant):
            return What.NONE if node.value is None else What.HOST
        if isinstance(node, ast.Name):
            symbol = self.symbol(node)
            if symbol is not None:
                return What.GRAPH if self.is_graph_symbol(symbol) else What.HOST
            owner, _ = self.module.find(node.id, self.module.scope_of[node])
            if owner is None:
                return What.HOST
            if is_named(self.module, node, self.graph_names):
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
        if is_named(self.module, node, self.graph_names):
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
