"""Which functions, classes and names of a file have to do with the graph, and which with a session.

Told without order: a name counts as the graph's if any statement gives it a value of the graph.
The order of the statements is for :mod:`migrator.lift.wrapped.analysis`.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator

from migrator.calls import is_v1_load
from migrator.lift.dynamic import changes_names
from migrator.lift.graph_symbols import is_graph_symbol
from migrator.lift.imported import is_named
from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.loads import LOADS, TOLD, asks_graph, drop_loads, restore_behind
from migrator.lift.wrapped.openers import find_openers
from migrator.names import Binding, Module, Scope, Symbol

__all__ = [
    "FILLING",
    "GRAPHS",
    "OPENERS",
    "PLAIN",
    "Callables",
    "Definition",
    "arguments_of",
]


#: They open a session, or find the one that is open.
OPENERS = frozenset({"tf.Session", "tf.InteractiveSession"})
#: They give a graph.
GRAPHS = frozenset({"tf.Graph", "tf.get_default_graph"})
_SESSIONS = OPENERS | {"tf.get_default_session"}

Definition = ast.FunctionDef | ast.ClassDef
_DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
FILLING = frozenset({"append", "extend", "insert", "add", "update", "setdefault"})

#: Libraries whose functions make no graph and keep nothing of it.
_HARMLESS = frozenset({"numpy", *sys.stdlib_module_names})

#: Attributes and methods of graph values that are ordinary Python values.
PLAIN = frozenset(
    {"shape", "dtype", "name", "get_shape", "as_list", "ndims", "num_elements", "device"}
    | {"value", "is_fully_defined", "rank", "base_dtype"}
)


class Callables:
    """What the functions and classes of a file do.

    Args:
        module: the file.
        graph_modules: dotted names of modules of the repository whose functions and classes make
            graph.
    """

    def __init__(self, module: Module, graph_modules: frozenset[str]) -> None:
        self.module = module
        self.graph_modules = graph_modules
        self.symbols: dict[ast.AST, Symbol] = {}
        #: references to what makes graph
        self.graph_refs: set[ast.expr] = set()
        #: references through a name of the file's own, ``FLAGS``, which keep their spelling
        self.aliases: set[ast.AST] = set()
        self.loads: set[ast.Call] = set()  #: calls that load a model into the graph
        self.loaders: set[tuple[int, str]] = set()  #: parameters for a session, to load into it
        self.makes: set[ast.AST] = set()  #: definitions that make graph
        self.sessions: set[ast.AST] = set()  #: definitions that use a session
        self.closes: dict[ast.AST, set[str]] = {}  #: graph names that a definition reads
        self.names: set[tuple[int, str]] = set()  #: names of graph values
        self.session_names: set[tuple[int, str]] = set()
        self.session_refs: set[ast.AST] = set()
        self._uses: dict[ast.AST, set[ast.AST]] = {}  #: definition -> those that it calls
        self._inner: dict[ast.AST, frozenset[int]] = {}
        self._around: dict[ast.AST, tuple[ast.AST, ...]] = {}
        self._refer()
        #: functions that open the session, load a model into it and return it
        self.openers = {one.function: one for one in find_openers(self, OPENERS)}
        self._open()
        self._name()
        self._spread()
        #: class and attribute -> the Saver that its objects hold there
        self.savers = dict(self._held_savers())

    # -- facts ---------------------------------------------------------------------------

    def definition(self, node: ast.AST) -> Definition | None:
        """Return the function or class of the file that a name means, or None."""
        if not isinstance(node, ast.Name):
            return None
        owner, bindings = self.module.find(node.id, self.module.scope_of[node])
        if owner is not None and len(bindings) == 1 and isinstance(bindings[0].node, _DEFINITIONS):
            return bindings[0].node
        return None

    def origin(self, node: ast.AST) -> str | None:
        """Return the import path that a name or attribute chain means, or None."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        _, bindings = self.module.find(node.id, self.module.scope_of[node])
        for binding in bindings:
            base = _imported(binding)
            if base is not None:
                return ".".join([base, *reversed(parts)])
        return None

    def _held_savers(self) -> Iterator[tuple[tuple[ast.AST | None, str], ast.Call]]:
        """Yield the Savers that classes which make graph keep in an attribute, for good."""
        stored = Counter(
            node.attr
            for node in self.module.nodes
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
        )
        for node in self.module.nodes:
            if not isinstance(node, ast.Assign) or len(node.targets) > 1:
                continue
            target, call = node.targets[0], node.value
            symbol = self.symbols.get(call.func) if isinstance(call, ast.Call) else None
            method, owner = (*self._definitions(node), None, None)[:2]
            if (
                symbol is not None
                and symbol.name == "tf.train.Saver"
                and isinstance(call, ast.Call)
                and isinstance(target, ast.Attribute)
                and isinstance(target.value, ast.Name)
                and isinstance(method, ast.FunctionDef)
                and isinstance(owner, ast.ClassDef)
                and owner in self.makes - self.sessions
                and self.module.parents[node] is method
                and [target.value.id] == [one.arg for one in method.args.args[:1]]
                and stored[target.attr] == 1
            ):
                yield (owner, target.attr), call

    def is_graph_module(self, node: ast.AST) -> bool:
        """Whether a callee is a function or class of the repository's that makes graph."""
        return is_named(self.module, node, self.graph_modules)

    def is_foreign(self, node: ast.AST) -> bool:
        """Whether a callee is code of another package, which is not seen into."""
        origin = self.origin(node)
        if origin is None or self.is_graph_module(node):
            return False
        return origin.partition(".")[0] not in _HARMLESS

    def key(self, name: ast.Name) -> tuple[int, str]:
        """Return what tells a name from others of its spelling."""
        owner, _ = self.module.find(name.id, self.module.scope_of[name])
        return id(owner), name.id

    def has_method(self, name: str) -> bool:
        """Whether a class of the file, or one that is imported, may have a method ``name``."""
        return bool(self.graph_modules) or any(
            isinstance(node, ast.FunctionDef) and node.name == name for node in self.module.nodes
        )

    def has_session(self, node: ast.AST) -> bool:
        """Whether a session is used in a piece of code."""
        for inner in ast.walk(node):
            if inner in self.session_refs:
                return True
            definition = self.definition(inner) if isinstance(inner, ast.Name) else None
            if definition in self.sessions and isinstance(inner, ast.Name):
                return True
        return False

    def opens(self, definition: Definition) -> bool:
        """Whether a function, or one of the file that it names, opens a session."""
        waiting, seen = [definition], {definition}
        while waiting:
            for inner in ast.walk(waiting.pop()):
                symbol = self.symbols.get(inner.func) if isinstance(inner, ast.Call) else None
                if symbol is not None and symbol.name in OPENERS:
                    return True
                named = self.definition(inner) if isinstance(inner, ast.Name) else None
                if named is not None and named not in seen:
                    seen.add(named)
                    waiting.append(named)
        return False

    # -- how they are found --------------------------------------------------------------

    def _refer(self) -> None:
        module = self.module
        for ref, symbol in module.references():
            self.symbols[ref] = symbol
            call = module.parents.get(ref)
            called = isinstance(call, ast.Call) and call.func is ref
            loads = symbol.name in LOADS or (
                symbol.name == "tf.saved_model.load" and is_v1_load(module, ref, symbol)
            )
            if called and loads:
                assert isinstance(call, ast.Call)
                self.loads.add(call)
                if symbol.name == "tf.train.import_meta_graph":
                    restore = restore_behind(module, call)
                    self.loads.update([restore] if restore is not None else [])
            if symbol.name in _SESSIONS:
                self.session_refs.add(ref)
            elif is_graph_symbol(symbol) or call in self.loads or symbol.name in TOLD:
                self.graph_refs.add(ref)
            if self.origin(ref) is None:
                self.aliases.add(ref)
        for node in module.nodes:
            if isinstance(node, (ast.AsyncFunctionDef, ast.Await)):
                raise Refusal(node, "async", "asynchronous code is not followed")
            if isinstance(node, ast.Name) and changes_names(module, node):
                raise Refusal(node, "dynamic code", f"`{node.id}` changes names unseen")
            if (
                isinstance(node, ast.Attribute)
                and not isinstance(node.ctx, ast.Load)
                and module.symbol(node.value) is not None
            ):
                raise Refusal(node, "dynamic code", "a part of TensorFlow is replaced")
            if isinstance(node, ast.Call) and (
                self.is_graph_module(node.func) or asks_graph(self, node.func)
            ):
                self.graph_refs.add(node.func)

    def _definitions(self, node: ast.AST) -> tuple[ast.AST, ...]:
        """Return the functions and classes around a node, nearest first."""
        parent = self.module.parents.get(node)
        if parent is None:
            return ()
        found = self._around.get(parent)
        if found is None:
            found = self._definitions(parent)
            if isinstance(parent, _DEFINITIONS):
                found = (parent, *found)
            self._around[parent] = found
        return found

    def _open(self) -> None:
        """Find the names of sessions that functions return, which run nothing there."""
        for opener in self.openers.values():
            self.session_refs.discard(opener.opening.func)
        for node in self.module.nodes:
            opened = self.definition(node.func) if isinstance(node, ast.Call) else None
            if opened not in self.openers or not isinstance(opened, ast.FunctionDef):
                continue
            statement = self.module.parents[node]
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            index = self.openers[opened].index
            if index is not None and isinstance(target, (ast.Tuple, ast.List)):
                target = target.elts[index] if index < len(target.elts) else None
            if isinstance(target, ast.Name):
                self.session_names.add(self.key(target))

    def _name(self) -> None:
        """Find the names of sessions, and of what is made with graph."""
        module = self.module
        for node in self.session_refs.copy():
            call = module.parents.get(node)
            if isinstance(call, ast.Call) and call.func is node:
                for name in _kept_in(module, call):
                    self.session_names.add(self.key(name))
        bound: list[tuple[list[ast.Name], ast.AST]] = []
        loads: dict[tuple[int, str], list[ast.Name]] = {}
        for node in module.nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                loads.setdefault(self.key(node), []).append(node)
        self._loads = loads
        changed = True
        while changed:  # sessions that are passed on to functions of the file
            changed = False
            for key in list(self.session_names):
                for name in loads.get(key, ()):
                    self.session_refs.add(name)
                    places = [
                        (id(module.scopes[function]), word)
                        for function, word in self.parameter(name)
                    ]
                    places += [self.key(target) for target in _kept_in(module, name)]
                    for found in places:
                        if found not in self.session_names:
                            self.session_names.add(found)
                            changed = True
        for node in module.nodes:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if self._evaluates(node, node.func):
                self.session_refs.add(node.func)
        drop_loads(self, loads)
        for node in module.nodes:
            targets, value = _binding(node)
            if isinstance(node, ast.Call) and self.origin(node.func) is not None:
                continue  # ``tf.add(a, b)`` fills nothing
            if value is not None:
                bound.append((targets, value))
        sources = []
        for targets, value in bound:
            read = self._reads(value)
            if read is not None:
                sources.append((targets, value, read))
        changed = True
        while changed:
            changed = False
            for targets, _, (refs, keys) in sources:
                if refs or keys & self.names:
                    for target in targets:
                        key = self.key(target)
                        if key not in self.names and key not in self.session_names:
                            self.names.add(key)
                            changed = True
            if not changed:
                changed = self._spread_names(sources)

    def _reads(self, value: ast.AST) -> tuple[bool, set[tuple[int, str]]] | None:
        """Return whether a value makes graph, and the names it reads; None for one of a run."""
        refs = False
        keys = set()
        for inner in ast.walk(value):
            if inner in self.session_refs:
                return None
            refs = refs or inner in self.graph_refs
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                keys.add(self.key(inner))
        return refs, keys

    def _spread_names(
        self, sources: list[tuple[list[ast.Name], ast.AST, tuple[bool, set[tuple[int, str]]]]]
    ) -> bool:
        """Names of functions that make graph count as graph, and so what they return."""
        before = len(self.names)
        self._spread()
        for definition in self.makes - self.sessions:
            assert isinstance(definition, _DEFINITIONS)
            owner = self.module.scope_of[definition]
            self.names.add((id(owner), definition.name))
        return len(self.names) > before

    def parameter(self, name: ast.Name) -> Iterator[tuple[ast.AST, str]]:
        """Yield the parameter of a function of the file that a name is passed for."""
        call = self.module.parents.get(name)
        keyword = None
        if isinstance(call, ast.keyword):
            keyword, call = call.arg, self.module.parents.get(call)
        if not isinstance(call, ast.Call) or name is call.func:
            return
        function = self.definition(call.func)
        if not isinstance(function, ast.FunctionDef):
            return
        if keyword is not None:
            yield function, keyword
        elif name in call.args:
            names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
            at = call.args.index(name)
            if at < len(names):
                yield function, names[at]

    def _evaluates(self, call: ast.Call, function: ast.Attribute) -> bool:
        """Whether a call looks like ``tensor.eval()`` or ``op.run()``."""
        if function.attr not in ("eval", "run") or self.module.symbol(function) is not None:
            return False
        if self.origin(function) is not None:
            return False
        if function.attr == "run":
            value = function.value
            if isinstance(value, ast.Attribute) and value.attr == "op" and not call.args:
                return True
            return any(word.arg in ("feed_dict", "session") for word in call.keywords) or (
                isinstance(function.value, ast.Name) and len(call.args) < 2
                and self.key(function.value) in self._candidates()
            )  # fmt: skip
        root: ast.AST = function.value
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        return not (isinstance(root, ast.Name) and root.id == "self")

    def _candidates(self) -> set[tuple[int, str]]:
        """Return the names that some statement gives a value of TensorFlow's."""
        found: set[tuple[int, str]] = set()
        for ref in self.graph_refs:
            statement = self.module.statement(ref)
            targets, _ = _binding(statement)
            found.update(self.key(target) for target in targets)
        return found

    def _scopes(self, definition: ast.AST) -> frozenset[int]:
        """Return the ids of the scopes of a definition and of those inside it."""
        known = self._inner.get(definition)
        if known is None:
            known = self._inner[definition] = frozenset(
                id(self.module.scopes[inner])
                for inner in ast.walk(definition)
                if inner in self.module.scopes
            )
        return known

    def _spread(self) -> None:
        """Tell which definitions make graph or use a session, by themselves or by others."""
        for ref in self.graph_refs:
            self.makes.update(self._definitions(ref))
        for place in self.session_refs:
            self.sessions.update(self._definitions(place))
        uses: dict[ast.AST, set[ast.AST]] = {}
        for key, nodes in self._loads.items():
            for name in nodes:
                around = self._definitions(name)
                if not around:
                    continue
                definition = self.definition(name)
                if definition is not None:
                    for one in around:
                        uses.setdefault(one, set()).add(definition)
                elif key in self.names:
                    for one in around:
                        # a name of its own or of a function inside it is no concern
                        if key[0] not in self._scopes(one):
                            self.makes.add(one)
                            self.closes.setdefault(one, set()).add(name.id)
        changed = True
        while changed:
            changed = False
            for one, others in uses.items():
                for kinds in (self.makes, self.sessions):
                    if one not in kinds and others & kinds:
                        kinds.add(one)
                        changed = True
        changed = True
        while changed:  # who calls a function that moves must move along
            changed = False
            for one, others in uses.items():
                for other in others:
                    if (
                        other in self.closes
                        and one not in self.closes
                        and other not in _inside(one)
                    ):
                        assert isinstance(other, _DEFINITIONS)
                        self.closes[one] = {other.name}
                        changed = True


def _inside(node: ast.AST) -> set[ast.AST]:
    return {inner for inner in ast.walk(node) if isinstance(inner, _DEFINITIONS)}


def _imported(binding: Binding) -> str | None:
    if isinstance(binding.node, (ast.Import, ast.ImportFrom)):
        if binding.dotted is not None:
            return binding.dotted
        if binding.module is not None:
            parent, level, name = binding.module
            return "." * level + (f"{parent}.{name}" if parent else name)
    return None


def _kept_in(module: Module, value: ast.expr) -> list[ast.Name]:
    """Return the names that a value is kept in, by an assignment or a ``with``."""
    parent = module.parents.get(value)
    if isinstance(parent, ast.Attribute) and parent.attr == "as_default":
        call = module.parents.get(parent)
        return _kept_in(module, call) if isinstance(call, ast.Call) else []
    if isinstance(parent, ast.Assign) and value is parent.value:
        return [target for target in parent.targets if isinstance(target, ast.Name)]
    if isinstance(parent, ast.withitem) and isinstance(parent.optional_vars, ast.Name):
        return [parent.optional_vars]
    return []


def _binding(node: ast.AST) -> tuple[list[ast.Name], ast.AST | None]:
    """Return the names that a statement gives a value, and the value."""
    if isinstance(node, ast.Assign):
        return [n for t in node.targets for n in _stored(t)], node.value
    if isinstance(node, (ast.AugAssign, ast.AnnAssign)) and node.value is not None:
        return list(_stored(node.target)), node.value
    if isinstance(node, ast.For):
        return list(_stored(node.target)), node.iter
    if isinstance(node, ast.withitem) and node.optional_vars is not None:
        return list(_stored(node.optional_vars)), node.context_expr
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        base = node.func.value
        if node.func.attr in FILLING and isinstance(base, ast.Name) and node.args:
            return [base], ast.Tuple([*node.args], ast.Load())
    return [], None


def _stored(target: ast.expr) -> Iterator[ast.Name]:
    """Yield the names that an assignment to ``target`` changes, those of containers too."""
    if isinstance(target, ast.Name):
        yield target
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            yield from _stored(element)
    elif isinstance(target, ast.Starred):
        yield from _stored(target.value)
    elif isinstance(target, (ast.Attribute, ast.Subscript)):
        base: ast.expr = target
        while isinstance(base, (ast.Attribute, ast.Subscript)):
            base = base.value
        if isinstance(base, ast.Name):
            yield base


def arguments_of(scope: Scope) -> list[str]:
    """Return the names of the parameters of a function."""
    spec = getattr(scope.node, "args", None)
    if not isinstance(spec, ast.arguments):
        return []
    every = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
    return [argument.arg for argument in every if argument is not None]
