"""What modules of a repository make graph when they are called, by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from migrator.apis import FAMILIES, SESSIONS, TARGETS
from migrator.lift.graphcode import GraphCode
from migrator.lift.imported import imported_name, imported_names, is_named
from migrator.lift.kinds import Refusal
from migrator.names import Module
from migrator.programs import Repository, makes_ops

__all__ = ["GraphNames"]

_HOST_PREFIXES = (
    "tf.train.Example",
    "tf.train.SequenceExample",
    "tf.train.Feature",
    "tf.train.BytesList",
    "tf.train.FloatList",
    "tf.train.Int64List",
    "tf.train.load_",
    "tf.Summary",
    "tf.summary.FileWriter",
    "tf.Graph",
    "tf.io.TFRecord",
    "tf.RunOptions",
    "tf.RunMetadata",
    "tf.test",
    "tf.device",
)


#: Host calls that do not work while TensorFlow 2 runs eagerly, and those that end that.
_NOT_EAGER = frozenset(
    {
        "tf.summary.FileWriter",
        "tf.get_default_graph",
        "tf.get_default_session",
        "tf.reset_default_graph",
        "tf.train.start_queue_runners",
        "tf.train.global_step",
    }
)
#: What tells whether variables are initialized, which they are as soon as they are made.
_UNINITIALIZED = frozenset(
    {
        "tf.assert_variables_initialized",
        "tf.errors.FailedPreconditionError",
        "tf.is_variable_initialized",
        "tf.report_uninitialized_variables",
    }
)

#: Generators that a program has one of: who draws first gets the first numbers.
_GENERATORS = ("numpy.random.", "random.")
_GENERATORS_OF_ONE = ("default_rng", "RandomState", "Random", "SystemRandom")

#: Parsed files that are held: each takes some hundred times its text.
_HELD = 8

_SWITCHES = (
    "tf.disable_v2_behavior",
    "tf.disable_eager_execution",
    "tf.disable_resource_variables",
    "tf.disable_control_flow_v2",
    "tf.disable_tensor_equality",
    "tf.disable_v2_tensorshape",
)


#: What asks a graph for its variables, and adds nothing to it.
_LOOKS = (
    "tf.all_variables",
    "tf.contrib.slim.get_variables",
    "tf.contrib.slim.model_analyzer",
    "tf.get_collection",
    "tf.global_variables",
    "tf.GraphKeys",
    "tf.local_variables",
    "tf.model_variables",
    "tf.trainable_variables",
)

#: Calls of these read, write or stand for data, or ask for a graph; they build none.
_HOST = frozenset({*FAMILIES["discovery"], *FAMILIES["reader"], *TARGETS, *SESSIONS, *_NOT_EAGER})


class GraphNames:
    """What modules of the repository make graph when they are called.

    Args:
        repository: the facts.
        read: returns the text of a path.
    """

    def __init__(self, repository: Repository, read: Callable[[str], str | None]) -> None:
        self.repository = repository
        self._read = read
        self._modules: dict[str, Module | None] = {}
        self._made: dict[str, frozenset[str]] = {}
        self._looks: dict[str, frozenset[str]] = {}
        self._direct: dict[str, frozenset[str]] = {}  #: those of ``_made`` that do it themselves

    def module(self, path: str) -> Module | None:
        """Return the parsed file at ``path``, or None where it cannot be read."""
        if path not in self._modules:
            while len(self._modules) >= _HELD:
                del self._modules[next(iter(self._modules))]
            table = self.repository.foreign_table(path)
            text = self._read(path)
            try:
                self._modules[path] = (
                    None
                    if text is None
                    else Module(text, (lambda name, level: table.get((name, level))))
                )
            except (SyntaxError, ValueError, RecursionError):
                self._modules[path] = None
        return self._modules[path]

    def seen_from(self, path: str) -> frozenset[str]:
        """Return what makes graph, as the imports of ``path`` spell it: ``network.build``.

        Relative ones begin with their dots: ``.layers.dense``.  Of functions that only look at the
        variables of the graph there is an entry with brackets, too: ``utils.show_variables()``.
        """
        return frozenset(
            f"{key}{'' if key.endswith('.') else '.'}{name}{brackets}"
            for key, target in self._imported(path)
            for name in self.made(target)
            for brackets in (("", "()") if name in self._looks.get(target, ()) else ("",))
        )

    def _imported(self, path: str) -> Iterator[tuple[str, str]]:
        """Yield (module as an import of ``path`` spells it, file) of the repository's modules."""
        places = self.repository.places
        for module, level, names in self.repository.facts[path].imports:
            dots = "." * level
            for target in places.resolve(path, module, level)[-1:]:
                if target != path:
                    yield dots + module, target
            for name in names:
                below = f"{module}.{name}" if module else name
                for target in places.resolve(path, below, level)[-1:]:
                    if target != path and name != "*":
                        yield dots + below, target

    def made(self, path: str) -> frozenset[str]:
        """Return the names of functions and classes of ``path`` that make graph when called."""
        if path not in self._made:
            self._made[path] = frozenset()  # a cycle of imports finds nothing new here
            module = self.module(path)
            if module is not None:
                made, acting = self._makers(path, module)
                self._made[path] = frozenset(made)
                self._looks[path] = frozenset(made - acting)
        return self._made[path]

    def used_by(self, path: str, name: str | None = None) -> list[tuple[str, str]]:
        """Return (file, name) of what ``path``, or one definition of it, uses of the repository."""
        module = self.module(path)
        if module is None:
            return []
        inside = module.nodes
        if name is not None:
            definition = self._definition(module, name)
            if definition is None:
                return self._behind(path, module, name)
            inside = list(ast.walk(definition))
        known = {
            f"{key}{'' if key.endswith('.') else '.'}{one}": (target, one)
            for key, target in self._imported(path)
            for one in self.made(target)
        }
        found: dict[tuple[str, str], None] = {}
        for node in inside:
            if not isinstance(node, (ast.Name, ast.Attribute)):
                continue
            found.update((known[one], None) for one in imported_names(module, node) if one in known)
            inner = node.id if name is not None and isinstance(node, ast.Name) else name
            if inner != name and self._definition(module, str(inner)) is not None:
                found[path, str(inner)] = None
        return list(found)

    def _behind(self, path: str, module: Module, name: str) -> list[tuple[str, str]]:
        """Return what a name that ``path`` only hands on is."""
        return [
            (target, binding.module[2])
            for binding in module.root.bindings.get(name, ())
            if binding.module is not None
            for target in self.repository.places.resolve(path, *binding.module[:2])[-1:]
        ]

    @staticmethod
    def _definition(module: Module, name: str) -> ast.FunctionDef | ast.ClassDef | None:
        for node in module.tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
                return node
        return None

    def asks_for_values(self, path: str) -> str | None:
        """Return what in ``path`` tells that variables have no values yet, or None."""
        module = self.module(path)
        for node, symbol in module.references() if module is not None else ():
            if symbol.name in _UNINITIALIZED:
                what = f"`{path}:{node.lineno}` uses `{symbol.spelled}`"
                return f"{what}, and variables are initialized when they are made"
        return None

    def imports_computed(self, path: str) -> str | None:
        """Return where ``path`` imports a module whose name is computed, or None."""
        module = self.module(path)
        if module is None or not re.search("import_module|__import__", module.text):
            return None
        for node in module.nodes:
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            name = node.args[0]
            if called not in ("import_module", "__import__"):
                continue
            told = name.value if isinstance(name, ast.Constant) else None
            known = isinstance(told, str) and not told.startswith(".")
            if known and not self.repository.places.resolve(path, str(told), 0):
                continue  # of another package
            return f"`{path}:{node.lineno}` imports a module by its name, which may make graph"
        return None

    def _draws(self, path: str, module: Module, definition: ast.AST) -> str | None:
        """Return where a definition takes numbers of a generator that others take from, or None."""
        for node in ast.walk(definition):
            if not isinstance(node, ast.Call):
                continue
            for name in imported_names(module, node.func):
                draws = name.rpartition(".")[2] not in _GENERATORS_OF_ONE
                if name.startswith(_GENERATORS) and draws:
                    what = f"`{path}:{node.lineno}` calls `{ast.unparse(node.func)}`"
                    return f"{what}, whose numbers depend on when the graph is built"
        return None

    def unfit(self, path: str, name: str) -> str | None:
        """Return what in one definition of ``path`` has no place in a build, or None."""
        module = self.module(path)
        definition = self._definition(module, name) if module is not None else None
        if module is None or definition is None:
            return None
        drawn = self._draws(path, module, definition)
        if drawn is not None:
            return drawn
        code = GraphCode(module, "tf")
        for node in ast.walk(definition):
            reference = isinstance(node, (ast.Name, ast.Attribute)) and module.symbol(node)
            if not reference and not isinstance(node, ast.Call):
                continue
            around = module.parents.get(node)
            if isinstance(around, ast.Attribute) and module.symbol(around) is not None:
                continue  # `tf.estimator` of `tf.estimator.EstimatorSpec`
            try:
                code.check(node)
            except Refusal as refusal:
                if refusal.precondition == "graph code":
                    line = getattr(refusal.node, "lineno", definition.lineno)
                    return f"`{path}:{line}`: {refusal.sentence}"
                # it is not respelled: what is gone, the plan of its file tells
        return None

    def called_outside(self, path: str, quiet: Callable[[str], bool]) -> str | None:
        """Return what ``path`` calls where it is run itself, outside of any build, or None.

        Args:
            path: of the file.
            quiet: whether the file at a path is not lifted.
        """
        module = self.module(path)
        if module is None:
            return None
        known = {
            f"{key}{'' if key.endswith('.') else '.'}{one}": (target, one)
            for key, target in self._imported(path)
            for one in self.made(target)
        }
        for node in module.nodes:
            if not isinstance(node, ast.Call):
                continue
            if module.enclosing(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                continue
            symbol = module.symbol(node.func)
            name = ast.unparse(node.func)
            if symbol is not None and symbol.name == "tf.app.run":
                given = next((a for a in node.args if isinstance(a, ast.Name)), None)
                name = given.id if given is not None else "main"
            todo = [known[one] for one in imported_names(module, node.func) if one in known]
            if name in self.made(path):
                todo.append((path, name))
            seen: set[tuple[str, str]] = set()
            while todo:
                at = todo.pop()
                if at in seen or not quiet(at[0]):
                    continue
                seen.add(at)
                if at[1] in self._direct.get(at[0], ()):
                    return f"`{path}:{node.lineno}` calls `{name}`, which needs a graph"
                todo += self.used_by(*at)
        return None

    def unfit_host(self, path: str) -> str | None:
        """Return what in ``path`` does not work where nothing is in a graph, or None."""
        module = self.module(path)
        if module is None:
            return None
        made = self.made(path)
        for node, symbol in module.references():
            switches = symbol.name in _SWITCHES
            if not switches and symbol.name not in _NOT_EAGER:
                continue
            around = [at for at in module.ancestors(node) if at in module.tree.body]
            name = getattr(around[0], "name", None) if around else None
            if switches or (name is not None and name not in made):
                return f"`{path}:{node.lineno}` calls `{symbol.spelled}`, for graphs alone"
        return None

    def _makers(self, path: str, module: Module) -> tuple[set[str], set[str]]:
        """Return what makes or needs graph, and what of that does more than to look at one."""
        definitions = {
            node.name: node
            for node in module.tree.body
            if isinstance(node, (ast.FunctionDef, ast.ClassDef))
        }
        owner: dict[ast.AST, str] = {}
        for name, node in definitions.items():
            owner.update(dict.fromkeys(ast.walk(node), name))
        found: set[str] = set()
        acting: set[str] = set()
        opens: set[str] = set()  # what has sessions of its own runs its graph itself
        for reference, symbol in module.references():
            name = owner.get(reference, "")
            call = module.parents[reference]
            called = isinstance(call, ast.Call) and call.func is reference
            if symbol.name in SESSIONS:
                opens.add(name)
            elif called and _makes_graph(symbol.name):
                found.add(name)
                if not symbol.name.startswith(_LOOKS):
                    acting.add(name)
        self._direct[path] = frozenset(found)
        below = self.seen_from(path)
        users: dict[str, set[str]] = {}  # name -> the definitions that use it
        for at in module.nodes:
            if at not in owner or not isinstance(at, (ast.Name, ast.Attribute)):
                continue
            if is_named(module, at, below):
                found.add(owner[at])
                acting.add(owner[at])
            elif isinstance(at, ast.Name) and at.id in definitions:
                users.setdefault(at.id, set()).add(owner[at])
        # what is only handed on: ``from .layers import dense`` in a package's ``__init__``
        for name, bindings in module.root.bindings.items():
            for binding in bindings:
                if binding.module is not None and imported_name(binding) in below:
                    found.add(name)
                    acting.add(name)
        made = _with_users(found, users) - _with_users(opens, users) - {""}
        return made, _with_users(acting, users)


def _with_users(names: set[str], users: dict[str, set[str]]) -> set[str]:
    """Return ``names`` and whatever uses one of them, at any remove."""
    found = set(names)
    todo = list(names)
    while todo:
        for user in users.get(todo.pop(), set()) - found:
            found.add(user)
            todo.append(user)
    return found


def _makes_graph(symbol: str) -> bool:
    name = symbol
    while name:
        if name in _HOST:
            return False
        name = name.rpartition(".")[0]
    return makes_ops(symbol) and not symbol.startswith(_HOST_PREFIXES)
