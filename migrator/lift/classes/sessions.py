"""Where the session itself is named, and what it is initialized with."""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass, field

from migrator.instances import at_once
from migrator.lift.classes.facts import SESSIONS, Facts, Family, Function, What
from migrator.lift.classes.loading import is_load, is_lookup, loads, loads_here
from migrator.lift.classes.phases import Phases, flat
from migrator.lift.classes.runs import Run
from migrator.lift.kinds import Refusal

__all__ = ["Sessions"]


@dataclass(eq=False)
class Parameter:
    """A session that a method is given."""

    method: Function
    node: ast.arg
    index: int  #: among the positional arguments, without ``self``
    calls: list[tuple[ast.Call, ast.expr]] = field(default_factory=list)  #: and what they give


class Sessions:
    """The sessions of a file: who makes them, who is given one, and when variables are set.

    Args:
        phases: the order of building and running.

    Raises:
        Refusal: a session comes from elsewhere, or several would share a graph.
    """

    def __init__(self, phases: Phases) -> None:
        self.phases = phases
        self.facts: Facts = phases.facts
        self.module = phases.module
        self.parameters: list[Parameter] = []
        self.instances: list[tuple[ast.Call, ast.ClassDef]] = []
        self.notes: list[str] = []
        for node in self.module.nodes:
            if isinstance(node, ast.Call):
                made = self.facts.class_called(node)
                if made is not None and not self._is_base_call(node):
                    self.instances.append((node, made))
        self._find_parameters()
        self._check_initialized()
        self._several()
        self._created()
        #: runs that initialize and can go: the variables have their values already
        self.first: set[Run] = set()
        #: runs that initialize -> what they are called on
        self.later: dict[Run, str] = {}
        for run in phases.runs.runs:
            if run.init is not None:
                self._initialization(run)

    def _is_base_call(self, node: ast.Call) -> bool:
        return isinstance(node.func, ast.Attribute)

    def _check_initialized(self) -> None:
        """Code that asks whether variables have values would always be told that they have."""
        for node, symbol in self.module.references():
            if symbol.name in _UNINITIALIZED:
                raise Refusal(
                    node, "init", f"`{symbol.spelled}` tells whether variables are initialized"
                )

    # -- parameters --------------------------------------------------------------------

    def _find_parameters(self) -> None:
        for unit in self.phases.units():
            for index, argument in enumerate(unit.args.args):
                if self.facts.locals.get((unit, argument.arg)) is not What.SESSION:
                    continue
                if self.module.parents[unit] in self.facts.family_of:
                    parameter = Parameter(unit, argument, index - 1)
                else:
                    raise Refusal(argument, "session", f"`{unit.name}` is given the session")
                self._calls_of(parameter)
                self.parameters.append(parameter)
            for argument in unit.args.kwonlyargs:
                if self.facts.locals.get((unit, argument.arg)) is What.SESSION:
                    raise Refusal(argument, "session", f"`{unit.name}` is given the session")

    def _calls_of(self, parameter: Parameter) -> None:
        """Find the calls that give a method its session."""
        method, name = parameter.method, parameter.node.arg
        for node in self.module.nodes:
            if not isinstance(node, ast.Call):
                continue
            if method.name == "__init__":
                made = self.facts.class_called(node)
                called = method in self.facts.called(node)
                if made is not None:
                    called = called or method in self.facts.constructors(made)
            else:
                called = isinstance(node.func, ast.Attribute) and node.func.attr == method.name
            if not called:
                continue
            given = next((k.value for k in node.keywords if k.arg == name), None)
            if given is None and parameter.index < len(node.args):
                given = node.args[parameter.index]
            if given is None or self.facts.kind(given) is not What.SESSION:
                raise Refusal(node, "session", f"`{method.name}` is called without its session")
            parameter.calls.append((node, given))
        if not parameter.calls:
            raise Refusal(
                parameter.node, "session", f"the session of `{method.name}` comes from another file"
            )

    # -- where sessions are made ---------------------------------------------------------

    def _created(self) -> None:
        """Each session had values of its own: there may be one, or each must set all of them."""
        sites: dict[object, list[ast.Call]] = {}
        for node in self.module.nodes:
            symbol = self.facts.symbol(node.func) if isinstance(node, ast.Call) else None
            if symbol is None or symbol.name not in SESSIONS or not isinstance(node, ast.Call):
                continue
            self._check_options(node)
            sites.setdefault(self.facts.family(node), []).append(node)
        for nodes in sites.values():
            for node in nodes:
                if self._is_stateless(node):
                    continue
                if (len(nodes) > 1 or not self._is_kept(node)) and not self._sets_all(node):
                    raise Refusal(node, "one session", "several sessions share the graph")
            for before, after in itertools.pairwise(nodes):
                if self._is_stateless(before) and self._is_stateless(after):
                    continue
                self._check_done(before, after)
            self._check_held([node for node in nodes if not self._is_stateless(node)])

    def _check_held(self, nodes: list[ast.Call]) -> None:
        """A session that an object holds keeps its values while another one is open."""
        held = [self._attributes(node) for node in nodes]
        if not any(held):
            return
        for node, names in zip(nodes, held, strict=True):
            if names != held[0]:
                raise Refusal(node, "one session", "several sessions share the graph")

    def _attributes(self, node: ast.Call) -> set[str | None]:
        """Return the attributes that hold the session that is opened."""
        kept = self._kept(self.module.statement(node))
        members = [self.facts.member(target) for target in kept]
        return {member[2] for member in members if member is not None}

    def _is_stateless(self, node: ast.Call) -> bool:
        """Whether a session runs a graph that is frozen: it has no values of its own."""
        family = self.facts.family(node)
        if family is None or not loads(self.facts, self.module.tree):
            return False
        for at in self.module.nodes:
            if not isinstance(at, ast.Call):
                continue
            symbol = self.facts.symbol(at.func)
            if symbol is not None and self.facts.is_graph_symbol(symbol):
                if symbol.name not in _FROZEN:
                    return False
            elif self.facts.kind(at) is What.SAVER:
                return False
        return True

    def _check_done(self, before: ast.Call, after: ast.Call) -> None:
        """A session that goes on behind the opening of the next had values of its own."""
        opened, following = self.module.statement(before), self.module.statement(after)
        names = {
            name.id: name
            for target in self._kept(opened)
            for name in self.facts.below(target)
            if isinstance(name, ast.Name)
        }
        again = {
            name.id
            for target in self._kept(following)
            for name in self.facts.below(target)
            if isinstance(name, ast.Name)
        }
        inside = isinstance(opened, ast.With) and opened in self.module.ancestors(following)
        unit = self.facts.unit(before)
        used = any(
            isinstance(node, ast.Name)
            and node.id in names
            and node.id not in again
            and isinstance(node.ctx, ast.Load)
            and (self.facts.unit(node) is not unit or node.lineno > after.lineno)
            and self.module.find(node.id, self.module.scope_of[node])
            == self.module.find(node.id, self.module.scope_of[names[node.id]])
            for node in self.module.nodes
        )
        if self.facts.unit(after) is unit and (inside or used):
            raise Refusal(after, "one session", "several sessions share the graph")

    def _kept(self, statement: ast.stmt) -> list[ast.expr]:
        """Return what a statement keeps the session in that it opens."""
        if isinstance(statement, ast.With):
            return [item.optional_vars for item in statement.items if item.optional_vars]
        return statement.targets if isinstance(statement, ast.Assign) else []

    def _check_options(self, node: ast.Call) -> None:
        """The graph that a session is for must be the one that is built here."""
        if node.args:
            raise Refusal(node, "session", "the session runs elsewhere")
        for keyword in node.keywords:
            given = keyword.value
            if keyword.arg == "graph":
                if self.facts.kind(given) not in (What.CONFIG, What.NONE):
                    raise Refusal(given, "session", "the graph of the session comes from elsewhere")
            elif keyword.arg != "config":
                raise Refusal(given, "session", f"`{keyword.arg}` of a session is not carried over")
        statement = self.module.statement(node)
        value = statement.value if isinstance(statement, ast.Assign) else node
        if value is not node:
            for at in self.facts.below(value):
                if isinstance(at, ast.Name) and at not in self.facts.below(node):
                    _, bindings = self.module.find(at.id, self.module.scope_of[at])
                    if any(isinstance(binding.node, ast.arg) for binding in bindings):
                        raise Refusal(at, "session", "a session may be given, or not")

    def _is_kept(self, node: ast.Call) -> bool:
        """Whether a session lives as long as its module, or as the script."""
        statement = self.module.statement(node)
        if self.facts.family(node) is None:
            return True
        return isinstance(statement, ast.Assign) and any(
            self.facts.attribute(target) is not None for target in statement.targets
        )

    def _sets_all(self, node: ast.Call) -> bool:
        """Whether all variables are initialized or restored before anything else is run."""
        statement = self.module.statement(node)
        if isinstance(statement, ast.With):
            following: list[ast.stmt] = statement.body
        else:
            parent = self.module.parents[statement]
            following = []
            for name in ("body", "orelse", "finalbody"):
                block = getattr(parent, name, None)
                if isinstance(block, list) and statement in block:
                    following = block[block.index(statement) + 1 :]
        partial = any(
            (symbol := self.facts.symbol(at.func)) is not None
            and symbol.name == "tf.train.Saver"
            and (at.args or any(k.arg == "var_list" for k in at.keywords))
            for at in self.module.nodes
            if isinstance(at, ast.Call)
        )
        restoring = {call for call, name in self.phases.runs.saving if name == "restore"}
        for one in following:
            call = one.value if isinstance(one, ast.Expr) else None
            if isinstance(call, ast.Call):
                run = self.phases.runs.at.get(call)
                if run is not None and run.init is not None:
                    return self._covers_all(run)
                if call in restoring:
                    return not partial
            if one not in self.phases.removed and any(self.phases.role(one)):
                return False
        return False

    # -- several instances -------------------------------------------------------------

    def _several(self) -> None:
        """Instances that shared one graph have one each now: nothing may tell the difference."""
        if len(self.instances) < 2 and len(self.facts.families) < 2 and not self._in_loop():
            return
        own = {
            family
            for family in self.facts.families
            if self._has_own_graph(family.root) or self._is_unique(family)
        }
        if len(self.facts.families) > 1:
            own -= {family for family in own if not self._has_own_graph(family.root)}
        shared = [
            (call, node) for call, node in self.instances if self.facts.family_of[node] not in own
        ]
        count = at_once(self.module.tree, {call for call, _ in shared})
        families = [family for family in self.facts.families if family not in own]
        if count < 2 and len(families) < 2:
            return
        self._check_shared(shared[-1][0] if shared else families[-1].root)

    def single(self) -> dict[str, str]:
        """Return the classes of which a second instance would differ from what it was, and why."""
        found: dict[str, str] = {}
        for family in self.facts.families:
            if self._has_own_graph(family.root) or self._is_unique(family):
                continue
            try:
                self._check_shared(family.root)
            except Refusal as refusal:
                found.update(dict.fromkeys((one.name for one in family.classes), refusal.sentence))
        return found

    def _check_shared(self, place: ast.AST) -> None:
        """Refuse models that had one graph together, and can tell."""
        self._check_reuse(place)
        for node in self.module.nodes:
            if self._asks_shared(node):
                raise Refusal(
                    place, "one instance", "several models share the graph that is loaded into"
                )
            if not isinstance(node, (ast.Name, ast.Attribute)):
                continue
            symbol = self.facts.symbol(node)
            if symbol is None:
                continue
            parent = self.module.parents[node]
            if symbol.name in ("tf.train.Saver", "tf.saved_model.simple_save"):
                raise Refusal(place, "one instance", "several models share the graph that is saved")
            if symbol.name in _WHOLE_GRAPH and not (
                isinstance(parent, ast.Call) and _is_scoped(parent)
            ):
                raise Refusal(
                    place,
                    "one instance",
                    f"several models share the graph that `{symbol.spelled}` asks for",
                )

    def _asks_shared(self, node: ast.AST) -> bool:
        """Whether a model of which the graph is not its own asks that for a part."""
        family = self.facts.family(node)
        return (
            isinstance(node, ast.Call)
            and (
                loads_here(self.facts, node)
                or (is_lookup(self.facts, node) and self.facts.symbol(node.func) is None)
            )
            and family is not None
            and not self._has_own_graph(family.root)
        )

    def _in_loop(self) -> bool:
        """Whether an instance is made in a loop."""
        loops = (ast.For, ast.While, ast.comprehension, ast.ListComp)
        return any(self.module.enclosing(call, loops) is not None for call, _ in self.instances)

    def _check_reuse(self, place: ast.AST) -> None:
        """Models that reuse variables may share them with each other."""
        for node in self.module.nodes:
            given: ast.expr | None = None
            if isinstance(node, ast.keyword) and node.arg == "reuse":
                given = node.value
            elif isinstance(node, ast.Call):
                symbol = self.facts.symbol(node.func)
                if symbol is not None and symbol.name == "tf.get_variable_scope":
                    given = node
            if given is not None and not isinstance(given, ast.Constant):
                raise Refusal(place, "one instance", "several models may share variables")

    def _is_unique(self, family: Family) -> bool:
        """Whether TensorFlow 1 refuses a second instance in one graph.

        It does where a variable has a fixed name: ``get_variable`` may not make it again.
        """
        for node in self.facts.below(family.root):
            symbol = self.facts.symbol(node.func) if isinstance(node, ast.Call) else None
            if symbol is None or not isinstance(node, ast.Call):
                continue
            if symbol.name != "tf.get_variable" and not symbol.name.startswith("tf.layers."):
                continue
            name = next((k.value for k in node.keywords if k.arg == "name"), None)
            if symbol.name == "tf.get_variable" and node.args:
                name = node.args[0]
            if isinstance(name, ast.Constant) and self._always(node):
                return True
        return False

    def _always(self, node: ast.Call) -> bool:
        """Whether every instance makes a variable, in a scope of a fixed name."""
        unit = self.facts.unit(node)
        if not isinstance(unit, ast.FunctionDef) or unit.name != "__init__":
            return False
        for at in self.module.ancestors(node):
            if isinstance(at, (ast.If, ast.For, ast.While, ast.Try, ast.IfExp, ast.Lambda)):
                return False
            for item in at.items if isinstance(at, ast.With) else ():
                opened = item.context_expr
                symbol = self.facts.symbol(opened.func) if isinstance(opened, ast.Call) else None
                if symbol is None or symbol.name in ("tf.name_scope", "tf.control_dependencies"):
                    continue
                assert isinstance(opened, ast.Call)
                only = opened.args[0] if opened.args else None
                if opened.keywords or not isinstance(only, ast.Constant):
                    return False
        return not any(
            isinstance(at, ast.Attribute) and at.attr == "reuse_variables"
            for at in self.facts.below(unit)
        )

    def _has_own_graph(self, root: ast.ClassDef) -> bool:
        nodes: list[ast.AST] = [root]
        for node in nodes:
            for at in self.facts.below(node):
                if not isinstance(at, ast.Call):
                    continue
                nodes += [f for f in self.facts.called(at) if f not in nodes]
                symbol = self.facts.symbol(at.func)
                if symbol is not None and symbol.name in ("tf.Graph", "tf.reset_default_graph"):
                    return True
        return False

    # -- initialization ----------------------------------------------------------------

    def _initialization(self, run: Run) -> None:
        if run.family is None:
            if self._starts_script(run):
                self.first.add(run)
                return
            self.later[run] = self._only_model(run)
            return
        statement = self.module.statement(run.call)
        self._check_loaded(run)
        if not isinstance(self.module.parents[run.call], ast.Expr):
            raise Refusal(run.call, "init", "what initializes is a part of an expression")
        for build in self.phases.builds:
            methods = {build.method, build.whole}
            if run.unit not in methods or build.family is not run.family:
                continue
            order = list(flat(self.phases, run.unit.body))
            if statement in order and not any(
                self.phases.role(node)[1]
                for node in order[: order.index(statement)]
                if node not in self.phases.removed
            ):
                self.first.add(run)
                return
            if statement in build.fork_runs:
                parent = self.module.parents[statement]
                assert isinstance(parent, ast.If)
                block = parent.body if statement in parent.body else parent.orelse
                before = block[: block.index(statement)]
                if not any(self.phases.role(node)[1] for node in before):
                    self.first.add(run)
                    return
        if run.init is What.LOCAL_INIT and not self._covers_all(run):
            raise Refusal(run.call, "init", "only some variables are initialized again")
        for node in self.module.nodes:
            symbol = None
            if isinstance(node, (ast.Name, ast.Attribute)):
                symbol = self.facts.symbol(node)
            name = symbol.name if symbol is not None else ""
            if name.startswith("tf.metrics.") or name in _LOCAL:
                raise Refusal(run.call, "init", "local variables would be initialized, too")
        self.later[run] = "self"

    def _check_loaded(self, run: Run) -> None:
        """A run that initializes must not take back what was loaded ahead of it."""
        if run.init is What.LOCAL_INIT and not self._covers_all(run):
            return
        for at in self.facts.below(run.unit):
            if not isinstance(at, ast.Call) or at.lineno >= run.call.lineno:
                continue
            if is_load(self.facts, at) or at in self.phases.runs.restoring:
                raise Refusal(run.call, "init", "what was loaded is initialized again")

    def _only_model(self, run: Run) -> str:
        """Return the name of the one model that a script initializes again."""
        if run.init is What.LOCAL_INIT and not self._covers_all(run):
            raise Refusal(run.call, "init", "only some variables are initialized again")
        if len(self.instances) == 1 and isinstance(self.module.parents[run.call], ast.Expr):
            made, node = self.instances[0]
            statement = self.module.parents[made]
            inside = self.module.enclosing(made, (ast.For, ast.While, ast.If, ast.Try))
            if (
                isinstance(statement, ast.Assign)
                and isinstance(statement.targets[0], ast.Name)
                and self.facts.unit(made) is run.unit
                and made.lineno < run.call.lineno
                and inside is None
                and "initialize" not in self.facts.family_of[node].methods
            ):
                return statement.targets[0].id
        raise Refusal(run.call, "init", "variables are initialized again")

    def names(self, unit: Function | ast.Module) -> set[str]:
        """Return the names that a function of the script, or its body, gives to instances."""
        found: set[str] = set()
        for made, _ in self.instances:
            statement = self.module.parents[made]
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            if self.facts.unit(made) is not unit or not isinstance(target, ast.Name):
                return set()
            found.add(target.id)
        return found

    def _covers_all(self, run: Run) -> bool:
        nodes: list[ast.AST] = [run.fetch]
        name = self.facts.attribute(run.fetch)
        if name is not None and run.family is not None:
            nodes = [value for _, value in run.family.assigned.get(name, []) if value is not None]
        return any(
            (symbol := self.facts.symbol(at)) is not None
            and symbol.name in ("tf.global_variables_initializer", "tf.initialize_all_variables")
            for node in nodes
            for at in self.facts.below(node)
            if isinstance(at, (ast.Name, ast.Attribute))
        )

    def _starts_script(self, run: Run) -> bool:
        """Whether a run of the script initializes before anything else is done."""
        statement = self.module.statement(run.call)
        if not isinstance(self.module.parents[run.call], ast.Expr):
            return False
        if self.module.enclosing(run.call, (ast.For, ast.While, ast.If, ast.Try)) is not None:
            around = self.module.enclosing(run.call, (ast.For, ast.While, ast.Try))
            if around is not None:
                return False
        made = [call for call, _ in self.instances if self.facts.unit(call) is run.unit]
        if not made or max(call.lineno for call in made) > statement.lineno:
            return False
        names = {
            method.name
            for method in self.phases.runners
            if self.module.parents[method] in self.facts.family_of
        }
        first = min(call.lineno for call in made)
        for node in self.module.nodes:
            if (
                isinstance(node, ast.Attribute)
                and node.attr in names
                and first < node.lineno < statement.lineno
                and self.facts.unit(node) is run.unit
            ):
                return False
        return True


_UNINITIALIZED = frozenset(
    {"tf.errors.FailedPreconditionError", "tf.report_uninitialized_variables"}
    | {"tf.is_variable_initialized", "tf.assert_variables_initialized"}
)
#: What adds no variables to a graph.
_FROZEN = frozenset({"tf.import_graph_def", "tf.get_collection", "tf.placeholder", "tf.device"})
_LOCAL = frozenset({"tf.local_variables", "tf.GraphKeys.LOCAL_VARIABLES"})

#: What gives everything of the default graph.
_WHOLE_GRAPH = frozenset(
    {"tf.global_variables", "tf.trainable_variables", "tf.all_variables", "tf.get_collection"}
    | {"tf.local_variables", "tf.model_variables", "tf.moving_average_variables"}
    | {"tf.summary.merge_all", "tf.losses.get_total_loss", "tf.losses.get_losses"}
    | {"tf.losses.get_regularization_losses", "tf.losses.get_regularization_loss"}
    | {"tf.add_to_collection", "tf.get_collection_ref", "tf.train.get_or_create_global_step"}
    | {"tf.train.get_global_step", "tf.train.create_global_step", "tf.saved_model.Builder"}
)


def _is_scoped(call: ast.Call) -> bool:
    """Whether a call asks for the variables of one scope."""
    return len(call.args) > 1 or any(keyword.arg == "scope" for keyword in call.keywords)
