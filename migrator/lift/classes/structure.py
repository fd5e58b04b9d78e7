"""The classes and functions of a file, and what its names are."""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass, field

from migrator.lift.kinds import Refusal
from migrator.names import Module, Symbol

__all__ = ["SESSIONS", "SPECIAL", "STATIC", "Family", "Function", "Structure", "What"]

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


class Structure:
    """The classes and functions of one file.

    Args:
        module: the file.

    Raises:
        Refusal: a class is made in a way that is not followed.
    """

    def __init__(self, module: Module) -> None:
        self.module = module
        self.functions: dict[str, Function] = {}
        self.families: list[Family] = []
        self.family_of: dict[ast.ClassDef, Family] = {}
        self._symbols: dict[ast.AST, Symbol | None] = {}
        self._class_names: dict[str, ast.ClassDef] = {}
        self._place = {node: at for at, node in enumerate(module.nodes)}
        self._ends = _ends(module, self._place)
        self._collect()

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
                and (
                    (
                        isinstance(at.func.value, ast.Attribute)
                        and "sess" in at.func.value.attr.lower()
                    )
                    or self._is_handed(node, at.func.value)
                )
            ):
                return True
        return False

    def _is_handed(self, owner: ast.ClassDef, node: ast.expr) -> bool:
        """Whether a name is the session that a method of a class is handed."""
        if not isinstance(node, ast.Name) or "sess" not in node.id.lower():
            return False
        method = self.module.enclosing(node, (ast.FunctionDef, ast.Lambda))
        return (
            isinstance(method, ast.FunctionDef)
            and self.module.parents[method] is owner
            and node.id in [one.arg for one in method.args.args[1:]]
        )

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
            if isinstance(function.value, ast.Name):
                owner, _ = self.module.find(function.value.id, self.module.scope_of[function.value])
                named = self._class_names.get(function.value.id)
                if owner is self.module.root and named in self.family_of:
                    return list(self.family_of[named].methods.get(function.attr, ()))
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
