"""What an expression stands for, and what it does with the session."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from migrator.lift.expressions import arguments
from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.callables import FILLING, GRAPHS, OPENERS, PLAIN, Callables, Definition
from migrator.lift.wrapped.listings import LISTINGS, listed_names
from migrator.lift.wrapped.things import Export, Feed, Sort, Thing, Use
from migrator.names import Module, Symbol

__all__ = ["INITIALIZERS", "Context", "Found", "Values"]

#: Init ops, and which variables they initialize.
INITIALIZERS = {
    "tf.global_variables_initializer": "global",
    "tf.initialize_all_variables": "global",
    "tf.local_variables_initializer": "local",
    "tf.initialize_local_variables": "local",
    "tf.tables_initializer": "tables",
    "tf.initialize_all_tables": "tables",
    "tf.variables_initializer": "some",
    "tf.initialize_variables": "some",
}
_CONFIGS = frozenset(
    {"tf.ConfigProto", "tf.GPUOptions", "tf.OptimizerOptions", "tf.GraphOptions", "tf.Graph"}
    | {"tf.get_default_graph", "tf.RunOptions"}
)
_MAKERS = frozenset(
    {"tf.Variable", "tf.get_variable", "tf.train.get_or_create_global_step"}
    | {"tf.contrib.slim.get_or_create_global_step"}
    | {"tf.contrib.framework.get_or_create_global_step"}
    | {"tf.train.create_global_step", "tf.train.get_global_step"}
)

#: Built-in functions whose value is no tensor, whatever they are given.
_PLAIN_CALLS = frozenset(
    {"len", "int", "float", "str", "repr", "print", "isinstance", "type", "id", "bool", "hasattr"}
)
#: Functions of other files that are likely to load a model are called so.
_LOADING = re.compile(r"(?i)load|restore|import|freeze|frozen|create_graph")
_ASSIGNS = frozenset({"assign", "assign_add", "assign_sub"})


@dataclass
class Found:
    """What a statement was found to do."""

    loose: list[ast.AST] = field(default_factory=list)  #: graph values read outside of runs
    makes: list[ast.AST] = field(default_factory=list)  #: what makes graph outside of runs
    host: list[ast.Name] = field(default_factory=list)  #: host names that are read
    acts: list[ast.AST] = field(default_factory=list)  #: uses of the session
    removed: list[ast.AST] = field(default_factory=list)  #: acts that leave nothing behind


@dataclass(frozen=True)
class Context:
    """Where a statement stands."""

    inside: bool = False  #: in a loop, condition or function: it may run never or often
    deferred: bool = False  #: in a function that runs at some later time
    branch: bool = False  #: in a condition, an attempt or a function
    #: the loops around it, each with the names that it changes
    loops: tuple[tuple[int, frozenset[tuple[int, str]]], ...] = ()

    @property
    def loop(self) -> bool:
        """Whether it stands in a loop."""
        return bool(self.loops)


class Values:
    """Evaluates expressions.

    Args:
        module: the file.
        calls: what its functions do.
    """

    def __init__(self, module: Module, calls: Callables) -> None:
        self.module = module
        self.calls = calls
        self.context = Context()
        self.found = Found()
        self.env: dict[tuple[int, str], Thing] = {}
        self.versions: dict[tuple[int, str], list[Thing]] = {}
        self.moved: list[ast.stmt] = []  #: statements of the build, in the order of the file
        self.uses: list[Use] = []
        self.use_of: dict[ast.Call, Use] = {}
        #: ``variable.load(value, sess)``: the call, the variable and the value
        self.gives: list[tuple[ast.Call, ast.expr, ast.expr]] = []
        self.counts: dict[ast.Name, Use] = {}  #: names of steps that runs fetch for a checkpoint
        #: a call, name or dictionary -> what is done to it
        self.feeds: dict[ast.Dict, Feed] = {}
        self.inits: list[ast.Call] = []  #: runs of initializers that are not at the start
        self.assigns: list[tuple[ast.Call, ast.Call]] = []  #: runs of assignments of host values
        self.eager: list[tuple[ast.Call, ast.expr]] = []  #: runs of ops on host values only
        self.reads: list[tuple[ast.Call, ast.expr]] = []  #: runs of a variable
        self.steps: list[tuple[ast.Call, ast.expr]] = []  #: ``tf.train.global_step(sess, step)``
        self.savers: list[ast.Call] = []
        self.opened: list[str] = []  #: names of sessions that are open
        self.listed_runs: list[ast.Call] = []  #: runs of a list of variables, made there
        self.late_savers: list[ast.Call] = []  #: made where they save or restore, and not kept
        self.saves: list[tuple[ast.Call, ast.expr, str]] = []  #: save and restore
        self.writers: list[ast.Call] = []
        self.additions: list[ast.Call] = []
        self.exports: list[Export] = []
        self.outside: list[tuple[ast.Name, Thing]] = []  #: reads of the build's names by host code
        self.session_arguments: list[tuple[ast.Call, ast.expr]] = []
        #: lists of variables that host code goes through
        self.listings: dict[ast.Call, None] = {}
        self.listed: set[ast.Name] = set()  #: where a variable of theirs is read
        self.notes: list[str] = []
        #: functions that make feed dictionaries
        self.feeders: dict[ast.FunctionDef, None] = {}
        #: functions with a graph and a session of their own
        self.others: frozenset[ast.FunctionDef] = frozenset()
        self.deferred: list[ast.FunctionDef] = []  #: they use the session at some later time
        #: of these, the ones that are handed the module
        self.modular: set[ast.FunctionDef] = set()
        #: what their calls hand them of the graph, by parameter
        self.handed: dict[
            ast.FunctionDef, list[tuple[ast.Call, dict[str, tuple[ast.expr, Thing]]]]
        ] = {}
        #: parameters that stand for a value of the build -> that value
        self.renamed: dict[tuple[int, str], ast.expr] = {}
        self.new_graphs: set[ast.Call] = set()  #: calls of functions that make the graph
        #: whether a model is loaded into the graph: its tensors have names that count
        self.loaded = bool(calls.loads) or any(map(_LOADING.search, calls.graph_modules))
        self.loaded_model = False  #: one with the values of its variables
        self.called = False  #: a function that uses the session was called
        self.started = False  #: the session ran something
        self.inner: set[int] = set()  #: scopes of comprehensions and lambdas, by their id

    # -- names -------------------------------------------------------------------------

    def bind(self, name: ast.Name, thing: Thing) -> None:
        """Give a name its meaning from here on."""
        key = self.calls.key(name)
        old = self.env.get(key)
        if old is not None and thing.sort is Sort.HOST and old.sort is not Sort.HOST:
            if self.context.deferred:
                raise Refusal(name, "one meaning", f"a function changes `{name.id}` outside of it")
            if self.context.inside and not self._follows(name, self.versions[key]):
                thing = Thing(Sort.HOST, name, maybe=True)
        thing.loops = tuple(loop for loop, _ in self.context.loops)
        self.env[key] = thing
        self.versions.setdefault(key, []).append(thing)

    def _follows(self, name: ast.Name, versions: list[Thing]) -> bool:
        """Whether a name was given its one value by a statement of the same block."""
        before = versions[0].node
        if len(versions) > 1 or before not in self.module.scope_of:
            return False
        assert before is not None
        first, second = self.module.statement(before), self.module.statement(name)
        around = self.module.parents[first]
        return around is self.module.parents[second] and any(
            first in block and second in block
            for block in (getattr(around, "body", []), getattr(around, "orelse", []))
        )

    def store(self, target: ast.expr, thing: Thing) -> None:
        """Bind the names of an assignment's target."""
        if isinstance(target, ast.Name):
            self.bind(target, thing)
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = thing.items if len(thing.items) == len(target.elts) else []
            for index, element in enumerate(target.elts):
                inner = items[index] if items else Thing(thing.sort, target, thing.plain)
                if inner.sort not in (Sort.HOST, Sort.GRAPH, Sort.VARIABLE):
                    raise Refusal(element, "assignment", f"a {inner.sort.value} is unpacked")
                self.store(element, inner)
        elif isinstance(target, ast.Starred):
            self.store(target.value, Thing(thing.sort, target))
        else:
            self.evaluate_all(ast.iter_child_nodes(target))

    # -- expressions -------------------------------------------------------------------

    def evaluate_all(self, nodes: Iterator[ast.AST] | list[ast.AST]) -> list[Thing]:
        """Evaluate several pieces of code."""
        return [self.evaluate(node) for node in nodes]

    def evaluate(self, node: ast.AST) -> Thing:
        """Return what an expression stands for, and note what it does."""
        if isinstance(node, ast.Constant):
            return Thing(Sort.HOST, node)
        if isinstance(node, ast.Name):
            return self._named(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Dict):
            found = self._feed(node) or self._told(node)
            if found is not None:
                return found
        if isinstance(node, (ast.Tuple, ast.List)):
            items = [self.evaluate(element) for element in node.elts]
            kinds = {item.sort for item in items}
            if kinds and kinds <= {Sort.INIT}:
                return _initializer(node, items)
            thing = self._joined(node, items)
            thing.items = items
            return thing
        if isinstance(node, ast.Compare):
            things = self.evaluate_all([node.left, *node.comparators])
            thing = self._joined(node, things)
            thing.plain = thing.plain or all(isinstance(op, (ast.Is, ast.IsNot)) for op in node.ops)
            return thing
        if isinstance(node, (ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr)):
            raise Refusal(node, "expression", "this kind of expression is not followed")
        parts = list(ast.iter_child_nodes(node))
        # the loops of a comprehension stand behind what they give
        parts.sort(key=lambda part: not isinstance(part, ast.comprehension))
        return self._joined(node, self.evaluate_all(parts))

    def _joined(self, node: ast.AST, things: list[Thing]) -> Thing:
        for thing in things:
            if thing.sort not in (Sort.HOST, Sort.GRAPH, Sort.VARIABLE):
                raise Refusal(
                    thing.node if thing.node in self.module.scope_of else node,
                    "host use",
                    f"a {thing.sort.value} is used in a way that is not followed",
                )
        built = [thing for thing in things if thing.is_built]
        if not built:
            return Thing(Sort.HOST, node)
        return Thing(Sort.GRAPH, node, plain=all(thing.plain for thing in built))

    def _alone(self, node: ast.expr, definition: Definition) -> None:
        """A function that opens a session must not do so where another one is open."""
        if self.opened and self.calls.opens(definition):
            raise Refusal(node, "one session", "a second session is opened beside the first")

    def _named(self, node: ast.Name) -> Thing:
        if not isinstance(node.ctx, ast.Load):
            return Thing(Sort.HOST, node)
        if node in self.calls.symbols or node in self.calls.graph_refs:
            return self._symbol(node)
        key = self.calls.key(node)
        thing = self.env.get(key)
        if thing is None:
            definition = self.calls.definition(node)
            if definition in self.calls.sessions and definition is not None:
                self._alone(node, definition)
                self.found.acts.append(node)  # it is handed on, and may be called at any time
                return Thing(Sort.HOST, node)
            if definition in self.calls.makes and definition not in self.feeders:
                self.found.makes.append(node)
                return Thing(Sort.GRAPH, node)
            owner, _ = self.module.find(node.id, self.module.scope_of[node])
            if owner is not None and not isinstance(
                owner.node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
            ):
                self.found.host.append(node)
            return Thing(Sort.HOST, node)
        if thing.sort is Sort.HOST:
            if thing.maybe:
                raise Refusal(
                    node, "one meaning", f"`{node.id}` may be a graph value or a host value"
                )
            self.found.host.append(node)
            return thing
        for loop, stored in self.context.loops:
            if key in stored and loop not in thing.loops:
                raise Refusal(
                    node,
                    "one meaning",
                    f"`{node.id}` is a {thing.sort.value}, and changes in the loop",
                )
        if thing.sort is Sort.FEED and thing.maybe:
            raise Refusal(node, "feed", f"what `{node.id}` feeds depends on a condition")
        if self.context.deferred and len(self.versions[key]) > 1:
            raise Refusal(node, "one meaning", f"`{node.id}` stands for several things")
        if thing.is_built:
            if self._lists_named(node, thing):
                return Thing(Sort.HOST, node)
            self.found.loose.append(node)
        return thing

    def _symbol(self, node: ast.Name | ast.Attribute) -> Thing:
        if node in self.calls.graph_refs:
            self.found.makes.append(node)
            return Thing(Sort.GRAPH, node)
        symbol = self.calls.symbols[node]
        if symbol.name in OPENERS:
            raise Refusal(node, "session", "the session's class is handed on")
        return Thing(Sort.HOST, node)

    def _attribute(self, node: ast.Attribute) -> Thing:
        if node in self.calls.symbols or node in self.calls.graph_refs:
            return self._symbol(node)
        return self._member(node, self.evaluate(node.value))

    def _member(self, node: ast.Attribute, base: Thing) -> Thing:
        if base.sort is Sort.VARIABLE and node.attr == "initializer":
            return Thing(Sort.INIT, node, covers=frozenset({"some"}))
        if base.is_built and base.sort is not Sort.SAVER:
            made = base.node.func if isinstance(base.node, ast.Call) else None
            kept = self.calls.savers.get((self.calls.definition(made), node.attr)) if made else None
            if kept is not None:
                return Thing(Sort.SAVER, node, call=kept)
            plain = base.plain or node.attr in PLAIN
            return Thing(Sort.GRAPH, node, plain=plain)
        if base.sort is Sort.SESSION:
            if node.attr in ("graph", "graph_def"):
                return Thing(Sort.CONFIG, node, graph=node.attr == "graph")
            raise Refusal(node, "session", f"`.{node.attr}` of a session is not carried over")
        if base.sort is Sort.CONFIG:
            return Thing(Sort.CONFIG, node)
        if base.sort is Sort.HOST:
            return Thing(Sort.HOST, node)
        raise Refusal(
            node, "host use", f"`.{node.attr}` of a {base.sort.value} is not carried over"
        )

    # -- calls -------------------------------------------------------------------------

    def _arguments(self, node: ast.Call) -> list[Thing]:
        return self.evaluate_all([*node.args, *(word.value for word in node.keywords)])

    def _call(self, node: ast.Call) -> Thing:
        symbol = self.calls.symbols.get(node.func)
        if symbol is not None:
            return self._tensorflow(node, symbol)
        function = node.func
        callee: Thing | None = None
        if isinstance(function, ast.Attribute):
            base = self.evaluate(function.value)
            result = self.method(node, function, base)
            if result is not None:
                return result
            callee = self._member(function, base)
        definition = self.calls.definition(function)
        if definition in self.feeders and isinstance(definition, ast.FunctionDef):
            return self._made_feed(node, definition)
        if definition in self.calls.sessions and definition is not None:
            return self._runs_session(node, definition)
        callee = callee or self.evaluate(function)
        self._makes_graph(node, definition)
        things = self._without_sessions(node, definition)
        name = function.id if isinstance(function, ast.Name) else ""
        owner = self.module.find(name, self.module.scope_of[node])[0] if name else None
        if owner is None and name in _PLAIN_CALLS:
            built = any(thing.is_built for thing in things)
            self._joined(node, things)
            return Thing(Sort.GRAPH if built else Sort.HOST, node, plain=True)
        result = self._joined(node, [callee, *things])
        if result.sort is Sort.GRAPH and not callee.is_built and definition is None:
            foreign = self.calls.is_foreign(function)
            if foreign and not result.plain:
                raise Refusal(
                    node,
                    "unseen function",
                    f"a graph value is passed to `{ast.unparse(function)}`, which is not seen into",
                )
        self._gives_graph(definition, result)
        return result

    def _made_feed(self, node: ast.Call, function: ast.FunctionDef) -> Thing:
        """A call of a function that makes feed dictionaries."""
        raise NotImplementedError

    def _runs_session(self, node: ast.Call, definition: ast.AST) -> Thing:
        """A call of a function of the file that uses the session."""
        raise NotImplementedError

    def _told(self, node: ast.Dict) -> Thing | None:
        """A dictionary of signatures, or of what tells of tensors."""
        raise NotImplementedError

    def _feed(self, node: ast.Dict) -> Thing | None:
        """A dictionary whose keys are graph values."""
        raise NotImplementedError

    def method(self, node: ast.Call, function: ast.Attribute, base: Thing) -> Thing | None:
        """Return what a method of a value gives, or None where it is ordinary."""
        name = function.attr
        if base.sort is Sort.CONFIG:
            if name == "as_default" and not node.args:
                return Thing(Sort.CONFIG, node, graph=base.graph)
            if base.graph and self._is_told(node):
                return self._part_of_graph(node)
            if name in ("finalize", "CopyFrom", "append", "extend", "update"):
                self._arguments(node)
                return Thing(Sort.CONFIG, node)
            raise Refusal(node, "graph", f"`.{name}()` of the session's graph is not carried over")
        if base.graph and name == "as_default" and not node.args:
            self.found.loose.clear()
            return Thing(Sort.CONFIG, node, graph=True)
        if base.sort in (Sort.GRAPH, Sort.VARIABLE):
            if base.graph and self._is_told(node):
                return self._part_of_graph(node)
            if name in ("eval", "run") and not base.plain and node.func in self.calls.session_refs:
                return None  # of a subclass
            if name == "run" and not node.args and not self.calls.has_method(name):
                raise Refusal(node, "session", "it is not told that an op is run here")
            if name == "load" and not base.plain and not self.calls.has_method(name):
                raise Refusal(node, "session", "it is not told that a variable is given a value")
            things = self._arguments(node)
            if base.plain and name in FILLING:
                base.plain = all(thing.plain for thing in things if thing.is_built)
            return self._joined(node, [base, *things])
        return None

    def _tensorflow(self, node: ast.Call, symbol: Symbol) -> Thing:
        name = symbol.name
        if name in OPENERS:
            given = arguments(node, ("target", "graph", "config"), ("graph", "config", "target"))
            for argument in given.values():
                thing = self.evaluate(argument)
                empty = isinstance(argument, ast.Constant) and not argument.value
                if thing.sort is Sort.GRAPH and thing.graph and not isinstance(argument, ast.Call):
                    self.found.loose.clear()  # the one that is built, which the session is for
                elif thing.sort is not Sort.CONFIG and not empty:
                    raise Refusal(argument, "session", "what the session is made with is computed")
            return Thing(Sort.SESSION, node)
        if name == "tf.get_default_session":
            return Thing(Sort.SESSION, node)
        if name in _CONFIGS:
            self._arguments(node)
            return Thing(Sort.CONFIG, node, graph=name in GRAPHS)
        if name in INITIALIZERS:
            for argument in [*node.args, *(word.value for word in node.keywords)]:
                with self.aside():
                    self.evaluate(argument)
            covers = {INITIALIZERS[name]} | ({"loaded"} if self.loaded_model else set())
            return Thing(Sort.INIT, node, covers=frozenset(covers))
        if name == "tf.group" and node.args:
            with self.aside():
                things = [self.evaluate(argument) for argument in node.args]
            if {thing.sort for thing in things} == {Sort.INIT}:
                return _initializer(node, things)
        if node.func not in self.calls.graph_refs:
            self._joined(node, self._arguments(node))
            return Thing(Sort.HOST, node)
        if node in self.calls.loads:
            return self._loads(node, name)
        if name in LISTINGS and self._lists(node):
            return Thing(Sort.HOST, node)
        self._joined(node, [thing for thing in self._arguments(node) if not thing.graph])
        self.found.makes.append(node)
        return Thing(Sort.VARIABLE if name in _MAKERS else Sort.GRAPH, node, call=node)

    def _makes_graph(self, node: ast.Call, definition: ast.AST | None) -> None:
        """Note a call of a function that makes the graph."""
        raise NotImplementedError

    def _without_sessions(self, node: ast.Call, definition: ast.AST | None) -> list[Thing]:
        """Return what the arguments of a call are but for sessions, which a function loads into."""
        raise NotImplementedError

    def _gives_graph(self, definition: ast.AST | None, result: Thing) -> None:
        """Note what of the value of a function's call is the graph."""
        raise NotImplementedError

    def _is_told(self, node: ast.Call) -> bool:
        """Whether a method of the graph gives what it gave in TensorFlow 1."""
        raise NotImplementedError

    def _part_of_graph(self, node: ast.Call) -> Thing:
        """A call that asks the graph for a tensor, an operation or a collection."""
        raise NotImplementedError

    def _loads(self, node: ast.Call, name: str) -> Thing:
        """A call that loads a model into the graph."""
        raise NotImplementedError

    def _lists_named(self, node: ast.Name, thing: Thing) -> bool:
        """Whether host code goes through a named list of variables."""
        raise NotImplementedError

    def _lists(self, node: ast.Call) -> bool:
        """Whether host code goes through a list of variables, and asks for names and values."""
        parent = self.module.parents[node]
        if isinstance(parent, ast.Call):
            parent = self.module.parents[parent]
        loop = isinstance(parent, ast.For)
        if not (loop or self.started):
            return False
        names = listed_names(self.calls, node)
        if names is None:
            return False
        self.listings[node] = None
        self.listed |= names
        return True

    @contextmanager
    def aside(self) -> Iterator[Found]:
        """Collect what is found inside by itself."""
        before, self.found = self.found, Found()
        try:
            yield self.found
        finally:
            self.found = before


def _initializer(node: ast.AST, parts: list[Thing]) -> Thing:
    return Thing(Sort.INIT, node, covers=frozenset().union(*(part.covers for part in parts)))
