"""Write down what the names of a Python file are bound to, scope by scope.

Nothing is resolved here: a name is bound to an expression of a scope, or to an import that
``resolve_names.py`` follows when somebody asks.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import Any, NamedTuple

Value = tuple[Any, ...]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Bound(NamedTuple):
    """One thing that a name is bound to: an expression of a scope, or a value."""

    scope: Scope
    expression: ast.expr | None = None
    value: Value | None = None
    element: bool = False  #: the name holds an element of the expression's value


class Scope:
    """The names of one module, function or class."""

    def __init__(self, module: Module, node: ast.AST, parent: Scope | None) -> None:
        self.module = module
        self.node = node
        self.parent = parent
        self.names: dict[str, list[Bound]] = defaultdict(list)
        self.outer: set[str] = set()  # declared global or nonlocal
        self.returns: list[ast.expr] = []
        self.owner: Scope | None = None  # the class that a method belongs to
        self.stars: list[Value] = []


class Module:
    """One parsed file."""

    def __init__(self, path: str, tree: ast.Module) -> None:
        self.path = path
        self.tree = tree
        self.scope = Scope(self, tree, None)
        self.calls: list[tuple[ast.Call, Scope]] = []
        #: what was assigned to attributes: base, attribute's name, value
        self.attributes: list[tuple[ast.expr, str, Bound]] = []
        self.scopes: dict[ast.AST, Scope] = {}
        Collector(self).visit_body(tree, self.scope)


class Collector:
    """Writes down the bindings and calls of a module, scope by scope."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def visit_body(self, node: ast.AST, scope: Scope) -> None:
        """Collect what is directly in ``node``, and what its inner scopes hold."""
        for child in ast.iter_child_nodes(node):
            self.visit(child, scope)

    def visit(self, node: ast.AST, scope: Scope) -> None:
        """Collect one node."""
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            self.definition(node, scope)
            return
        if isinstance(node, ast.Call):
            self.module.calls.append((node, scope))
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self.assign(target, node.value, scope)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value:
            self.assign(node.target, node.value, scope)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self.assign(node.target, node.iter, scope, element=True)
        elif isinstance(node, ast.withitem) and node.optional_vars:
            self.assign(node.optional_vars, node.context_expr, scope)
        elif isinstance(node, ast.Import):
            self.imports(node, scope)
        elif isinstance(node, ast.ImportFrom):
            self.imports_from(node, scope)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            scope.outer.update(node.names)
        elif isinstance(node, ast.Return | ast.Yield) and node.value:
            scope.returns.append(node.value)
        self.visit_body(node, scope)

    def definition(self, node: Any, scope: Scope) -> None:
        """Open the scope of a function or class."""
        inner = Scope(self.module, node, scope)
        self.module.scopes[node] = inner
        what = "class" if isinstance(node, ast.ClassDef) else "function"
        self.bind(node.name, Bound(scope, value=(what, node)), scope)
        for outside in node.decorator_list:
            self.visit(outside, scope)
        if what == "function":
            self.parameters(node, inner, scope)
        else:
            for outside in [*node.bases, *node.keywords]:
                self.visit(outside, scope)
        for child in node.body:
            self.visit(child, inner)

    def parameters(self, node: Any, inner: Scope, scope: Scope) -> None:
        """Bind the parameters of a function to their defaults, the first of a method to self."""
        arguments = node.args
        named = [*arguments.posonlyargs, *arguments.args]
        for argument in [*named, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]:
            if argument is not None:
                inner.names[argument.arg] = []
        pairs = list(zip(reversed(named), reversed(arguments.defaults), strict=False))
        pairs += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
        for argument, default in pairs:
            if default is not None:
                inner.names[argument.arg].append(Bound(scope, default))
                self.visit(default, scope)
        if isinstance(scope.node, ast.ClassDef):
            inner.owner = scope
            if named and not is_static(node):
                inner.names[named[0].arg].append(Bound(inner, value=("instance", scope.node)))

    def assign(
        self, target: ast.expr, value: ast.expr, scope: Scope, *, element: bool = False
    ) -> None:
        """Bind the names of a target."""
        if isinstance(target, ast.Name):
            self.bind(target.id, Bound(scope, value, element=element), scope)
        elif isinstance(target, ast.Attribute):
            self.module.attributes.append((target.value, target.attr, Bound(scope, value)))
        elif isinstance(target, ast.Subscript):
            # d["a"] = Saver() makes d a container of Savers
            made = ast.copy_location(ast.List(elts=[value], ctx=ast.Load()), value)
            self.assign(target.value, made, scope)
        elif isinstance(target, ast.Tuple | ast.List):
            parts: list[ast.expr | None] = [None] * len(target.elts)
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                parts = list(value.elts)
            for part, inner in zip(target.elts, parts, strict=True):
                self.assign(part, inner or value, scope, element=element or inner is None)

    def bind(self, name: str, bound: Bound, scope: Scope) -> None:
        """Add a binding to the scope that owns the name."""
        place = scope
        if name in scope.outer:
            place = self.module.scope
            up = scope.parent
            while up is not None and up.parent is not None:
                if name in up.names:
                    place = up
                    break
                up = up.parent
        place.names[name].append(bound)

    def imports(self, node: ast.Import, scope: Scope) -> None:
        """Bind ``import a.b``, which binds ``a``, and ``import a.b as c``."""
        for alias in node.names:
            dotted = alias.name if alias.asname else alias.name.partition(".")[0]
            value = ("import", self.module.path, dotted)
            self.bind(alias.asname or dotted, Bound(scope, value=value), scope)

    def imports_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        """Bind ``from a import b``; a star is looked into when nothing else has the name."""
        for alias in node.names:
            value = ("from", self.module.path, node.module or "", node.level, alias.name)
            if alias.name == "*":
                self.module.scope.stars.append(value)
            else:
                self.bind(alias.asname or alias.name, Bound(scope, value=value), scope)


def is_static(node: Any) -> bool:
    """Tell whether a method takes no instance."""
    return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)
