"""What other files use of one that is lifted, and whether it is still there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from migrator.instances import at_once, counted
from migrator.names import Module

__all__ = ["Facts", "Part", "User", "broken", "facts_of", "user_of"]

#: What tensors, operations and variables have, and needs their graph and session.
_OF_GRAPH = ("eval", "run", "load", "initializer", "graph", "shape[].value")

#: Anything may be used: a star import, the module handed on.
ALL = "*"


@dataclass(frozen=True, slots=True)
class User:
    """What one file uses of another; picklable."""

    path: str
    names: frozenset[str]  #: module-level names; ``*`` for all
    attributes: frozenset[str]  #: every attribute that the file reads, of whatever object
    bases: frozenset[str] = frozenset()  #: those of ``names`` that it makes classes of
    made: tuple[tuple[str, int], ...] = ()  #: those of ``names`` that it calls, and how often
    stores: frozenset[str] = frozenset()  #: every attribute that it sets, of other objects
    chains: frozenset[tuple[str, str]] = frozenset()  #: attributes of attributes that it reads
    evaluates: int = 0  #: line where it may evaluate a tensor that it was handed
    computed: bool = False  #: it asks objects for attributes by computed names
    strings: frozenset[str] = frozenset()  #: what may be such a name
    called: tuple[tuple[str, int], ...] = ()  #: methods that it calls more than once, or in loops

    def uses(self, name: str) -> bool:
        """Whether the file uses the module-level ``name``, as far as can be told."""
        return name in self.names or (ALL in self.names and not name.startswith("__"))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file does to objects, whichever file they are of."""

    asked: frozenset[tuple[str, int]]  #: (dotted module, level) that its imports may mean
    attributes: frozenset[str]  #: every attribute that it reads
    of_others: frozenset[str]  #: those that its own classes do not set
    stores: frozenset[str]
    chains: frozenset[tuple[str, str]]
    evaluates: int
    computed: bool
    strings: frozenset[str]
    called: tuple[tuple[str, int], ...]  #: methods that a process may call several times


@dataclass(frozen=True, slots=True)
class Part:
    """One of several files that are lifted as if they were one; picklable."""

    path: str
    text: str
    imports: frozenset[tuple[str, int]]  #: (module, level) of its imports of other parts
    bridge_import: str = "import tf2_bridge"


def facts_of(module: Module) -> Facts:
    """Return what ``module`` does to objects, whichever file they are of."""
    asked: set[tuple[str, int]] = set()
    for node in module.imports:
        if isinstance(node, ast.Import):
            asked.update((alias.name, 0) for alias in node.names)
            continue
        asked.add((node.module or "", node.level))
        asked.update((_below(node, alias), node.level) for alias in node.names)
    attributes = [at for at in module.nodes if isinstance(at, ast.Attribute)]
    by_string = _by_string(module)
    chains = {(at.value.attr, at.attr) for at in attributes if isinstance(at.value, ast.Attribute)}
    if any(
        at.attr == "value"
        and isinstance(at.ctx, ast.Load)
        and isinstance(at.value, (ast.Name, ast.Subscript))
        for at in attributes
    ):
        # sizes are plain numbers outside of a graph; which shape a name's are is not followed
        shaped = {name for name, attribute in chains if attribute in ("shape", "get_shape")}
        chains |= {(name, "shape[].value") for name in shaped}
    return Facts(
        frozenset(asked),
        frozenset(at.attr for at in attributes) | by_string,
        _of_others(module) | by_string,
        frozenset(
            at.attr
            for at in attributes
            if isinstance(at.ctx, ast.Store)
            and not (isinstance(at.value, ast.Name) and at.value.id == "self")
        )
        | _by_string(module, ("setattr", "delattr")),
        frozenset(chains),
        _evaluates(module),
        _computes(module),
        frozenset(
            at.value
            for at in module.nodes
            if isinstance(at, ast.Constant)
            and isinstance(at.value, str)
            and at.value.isidentifier()
        ),
        tuple(sorted(_called(module).items())),
    )


def user_of(
    path: str,
    facts: Facts,
    read: Callable[[], Module],
    means: Callable[[str, int], bool],
    methods: frozenset[str] = frozenset(),
) -> User:
    """Return what the file at ``path`` uses of another file.

    Args:
        path: of the using file.
        facts: of the using file.
        read: returns the using file; called where it imports the other one.
        means: whether an import of (dotted module, level) is of the other file.
        methods: of the classes of the other file.
    """
    names: set[str] = set()
    bases: set[str] = set()
    made: dict[str, int] = {}
    if any(means(*one) for one in facts.asked):
        module = read()
        names, own = _taken(module, means)
        bases = {
            own.get(ast.unparse(base), "")
            for at in module.nodes
            if isinstance(at, ast.ClassDef)
            for base in at.bases
        }
        bases.discard("")
        made = _made(module, own, ALL in names)
    return User(
        path,
        frozenset(names),
        facts.attributes if names or bases else facts.of_others,
        frozenset(bases),
        tuple(sorted(made.items())),
        facts.stores,
        facts.chains,
        facts.evaluates,
        facts.computed,
        facts.strings,
        tuple((name, count) for name, count in facts.called if name in methods),
    )


def _below(node: ast.ImportFrom, alias: ast.alias) -> str:
    """Return the module that ``from module import alias`` may name."""
    return f"{node.module}.{alias.name}" if node.module else alias.name


def _taken(module: Module, means: Callable[[str, int], bool]) -> tuple[set[str], dict[str, str]]:
    """Return the names of another file that are used here, and how they are spelled here."""
    names: set[str] = set()
    aliases: set[str] = set()  # as they are spelled: ``net``, ``pkg.net``
    own: dict[str, str] = {}  # name here -> name there
    for node in module.imports:
        if isinstance(node, ast.Import):
            aliases.update(a.asname or a.name for a in node.names if means(a.name, 0))
            continue
        inside = means(node.module or "", node.level)
        for alias in node.names:
            if alias.name != ALL and means(_below(node, alias), node.level):
                aliases.add(alias.asname or alias.name)
            elif inside:
                names.add(alias.name)
                own[alias.asname or alias.name] = alias.name
    read: set[ast.AST] = set()
    for at in module.nodes:
        if aliases and isinstance(at, ast.Attribute) and _dotted(at.value) in aliases:
            names.add(at.attr)
            read.add(at.value)
            own[f"{_dotted(at.value)}.{at.attr}"] = at.attr
    if any(isinstance(at, ast.Name) and at.id in aliases and at not in read for at in module.nodes):
        names.add(ALL)  # handed on, or asked with getattr
    return names, own


def _dotted(node: ast.expr) -> str:
    """Return a name with its attributes as they are spelled, or nothing for what is none."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _evaluates(module: Module) -> int:
    """Return the line where ``module`` calls ``eval`` of an object that may be a tensor, or 0."""
    for at in module.nodes:
        if not isinstance(at, ast.Call) or not isinstance(at.func, ast.Attribute):
            continue
        given = {keyword.arg for keyword in at.keywords}
        fed = not at.args or isinstance(at.args[0], ast.Dict)
        if at.func.attr != "eval" or not fed or not given <= {"feed_dict", "session"}:
            continue
        value = at.func.value
        if isinstance(value, ast.Name):
            _, bindings = module.find(value.id, module.scope_of[value])
            if any(isinstance(b.node, (ast.Import, ast.ImportFrom)) for b in bindings):
                continue  # the function of a module
        return at.lineno
    return 0


def _called(module: Module) -> dict[str, int]:
    """Return which methods a process may call several times here, and how often."""

    def method(node: ast.AST) -> str | None:
        function = node.func if isinstance(node, ast.Call) else None
        return function.attr if isinstance(function, ast.Attribute) else None

    return {name: count for name, count in counted(module.tree, method).items() if count > 1}


def _of_others(module: Module) -> frozenset[str]:
    """Return the attributes that a file spells, but for those that its own classes set."""
    found: set[str] = set()
    set_by: dict[ast.AST, frozenset[str]] = {}
    for at in module.nodes:
        if not isinstance(at, ast.Attribute):
            continue
        if isinstance(at.value, ast.Name) and at.value.id == "self":
            owner = module.enclosing(at, (ast.ClassDef,))
            if isinstance(owner, ast.ClassDef):
                if owner not in set_by:
                    set_by[owner] = frozenset(name for name, _ in _attributes(owner))
                if at.attr in set_by[owner]:
                    continue
        found.add(at.attr)
    return frozenset(found)


def _asked(module: Module, functions: tuple[str, ...]) -> Iterator[ast.expr]:
    """Yield the names of attributes that are arguments of ``getattr`` and its like."""
    for at in module.nodes:
        if not isinstance(at, ast.Call):
            continue
        name = getattr(at.func, "attr", getattr(at.func, "id", ""))
        if name not in functions:
            continue
        if name in ("attrgetter", "methodcaller"):
            yield from at.args
        else:
            yield from at.args[1:2]


_ASKING = ("getattr", "hasattr", "setattr", "delattr", "attrgetter", "methodcaller")


def _by_string(module: Module, functions: tuple[str, ...] = _ASKING) -> set[str]:
    """Return the attributes that a string names in ``getattr`` and its like."""
    return {
        part
        for name in _asked(module, functions)
        if isinstance(name, ast.Constant)
        for part in str(name.value).split(".")
    }


def _computes(module: Module) -> bool:
    """Whether ``getattr`` or its like is given a computed name."""
    return any(not isinstance(name, ast.Constant) for name in _asked(module, _ASKING))


def _made(module: Module, own: dict[str, str], star: bool) -> dict[str, int]:
    """Return how often a process may call what of another file: two stands for any number."""
    calls: dict[str, list[ast.AST]] = {}
    handed: set[str] = set()
    for at in module.nodes:
        if not isinstance(at, (ast.Name, ast.Attribute)) or not isinstance(at.ctx, ast.Load):
            continue
        name = own.get(_dotted(at))
        if name is None and star and isinstance(at, ast.Name):
            owner, _ = module.find(at.id, module.scope_of[at])
            name = at.id if owner is None else None
        if name is None:
            continue
        parent = module.parents[at]
        if isinstance(parent, ast.Call) and parent.func is at:
            calls.setdefault(name, []).append(parent)
        elif isinstance(
            parent, (ast.List, ast.Tuple, ast.Dict, ast.Assign, ast.Return, ast.keyword)
        ):
            handed.add(name)  # it may be called anywhere
    found = {name: _times(module, set(nodes)) for name, nodes in calls.items()}
    return {**found, **dict.fromkeys(handed, 2)}


def _times(module: Module, calls: set[ast.AST]) -> int:
    """Return how often a process may make ``calls``: two stands for any number.

    A call in a function or class that is called several times itself is made as often.
    """
    count = at_once(module.tree, calls)
    if count != 1:
        return count
    for call in calls:
        for at in module.ancestors(call):
            name = getattr(at, "name", None)
            if not isinstance(at, (ast.FunctionDef, ast.ClassDef)) or name == "__init__":
                continue
            callers: set[ast.AST] = {
                node
                for node in module.nodes
                if isinstance(node, ast.Call)
                and isinstance(node.func, (ast.Name, ast.Attribute))
                and ast.unparse(node.func).rpartition(".")[2] == name
            }
            if at_once(module.tree, callers) > 1:
                return 2
    return count


def broken(before: Module, after: Module, users: Iterable[User]) -> tuple[ast.AST, str] | None:
    """Return a place of ``before`` that ``after`` no longer offers its users, and a sentence.

    A name counts as there if it is defined the same way: a function with its parameters, a class
    with its methods and theirs, anything else by the same statement.  The attributes that a class
    no longer has must not be read by the users, of whatever object.
    """
    users = list(users)
    if not users:
        return None
    old, new = _definitions(before), _definitions(after)
    for name, (node, texts) in old.items():
        if name in new and _same(texts, new[name][1]):
            continue
        for user in users:
            if user.uses(name):
                what = "changes" if name in new else "goes"
                return node, f"`{user.path}` uses `{name}`, which {what}"
    built = _built(after)
    computed = any(user.computed for user in users)
    for owner in before.tree.body:
        if not isinstance(owner, ast.ClassDef):
            continue
        there = next(
            (n for n in after.tree.body if isinstance(n, ast.ClassDef) and n.name == owner.name),
            None,
        )
        if there is not None and ast.unparse(owner) == ast.unparse(there):
            continue
        left = dict(_attributes(there)) if there is not None else {}
        run = _fetched(there) if there is not None else set()
        for attribute, node in _attributes(owner):
            for user in users:
                named = computed and attribute in user.strings
                if attribute not in left and (attribute in user.attributes or named):
                    return node, f"`{user.path}` reads `.{attribute}`, which goes"
                if attribute in run and attribute in user.stores:
                    return node, f"`{user.path}` sets `.{attribute}`, which is fetched or fed"
                for method in _OF_GRAPH:
                    if (attribute, method) in user.chains:
                        what = f"`.{attribute}.{method}`, for graphs alone"
                        return node, f"`{user.path}` reads {what}"
        for user in users:
            if user.evaluates and run and not any(name == "eval" for name, _ in _attributes(owner)):
                return owner, f"`{user.path}:{user.evaluates}` calls `eval`, for graphs alone"
            for method, _ in user.called:
                if method in built:
                    what = f"`.{method}` several times, which builds the graph"
                    return owner, f"`{user.path}` may call {what}"
            if owner.name in user.bases:
                return owner, f"`{user.path}` makes a class of `{owner.name}`"
    return None


def _built(module: Module) -> set[str]:
    """Return the methods of lifted classes that build a graph whenever they are called."""
    methods = [
        item
        for owner in module.tree.body
        if isinstance(owner, ast.ClassDef)
        for item in owner.body
        if isinstance(item, ast.FunctionDef) and item.name != "__init__"
    ]
    found = {
        item.name
        for item in methods
        if any(ast.unparse(one) == "tf2_bridge.graph" for one in item.decorator_list)
    }
    more = set(found)
    while more:
        more = {item.name for item in methods if _calls(item, found)} - found
        found |= more
    return found


def _calls(method: ast.FunctionDef, names: set[str]) -> bool:
    """Whether a method calls one of these of its object, not under a condition."""
    todo: list[ast.AST] = [*method.body]
    while todo:
        at = todo.pop()
        if isinstance(at, (ast.If, ast.FunctionDef, ast.Lambda)):
            continue
        function = at.func if isinstance(at, ast.Call) else None
        if (
            isinstance(function, ast.Attribute)
            and function.attr in names
            and ast.unparse(function.value) in ("self", "super()")
        ):
            return True
        todo += ast.iter_child_nodes(at)
    return False


def _fetched(owner: ast.ClassDef) -> set[str]:
    """Return the attributes that the functions of a lifted class are made of."""
    return {
        at.attr
        for call in ast.walk(owner)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("function", "serving", "make_saver")
        for given in (*call.args, *(keyword.value for keyword in call.keywords))
        for at in ast.walk(given)
        if isinstance(at, ast.Attribute)
    }


def _definitions(module: Module) -> dict[str, tuple[ast.AST, tuple[str, ...]]]:
    """Return the module-level names, each with where and how it is defined."""
    found: dict[str, tuple[ast.AST, tuple[str, ...]]] = {}
    for name, bindings in module.root.bindings.items():
        texts = tuple(dict.fromkeys(_text(module, binding.node) for binding in bindings))
        found[name] = (bindings[0].node, texts)
    return found


def _same(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    return len(old) == len(new) and all(map(_fits, old, new))


def _fits(old: str, new: str) -> bool:
    """Whether a definition offers all that another did: a class may have further methods."""
    return old == new or (old.startswith("class ") and set(old.split("\n")) <= set(new.split("\n")))


def _text(module: Module, node: ast.AST) -> str:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return _signature(node)
    if isinstance(node, ast.ClassDef):
        methods = sorted(
            _signature(item)
            for item in node.body
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))
            and (not item.name.startswith("_") or item.name in ("__init__", "__call__"))
        )
        return "\n".join([f"class {node.name}", *methods])
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return "import"  # TensorFlow's own may be spelled anew
    statement = module.statement(node)
    if hasattr(statement, "body"):
        # bound by a loop, a with or a handler: the line that opens it tells
        return ast.unparse(statement).partition("\n")[0]
    return ast.unparse(statement)


def _signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return f"def {function.name}({ast.unparse(function.args)})"


def _attributes(owner: ast.ClassDef) -> Iterator[tuple[str, ast.AST]]:
    """Yield the names that objects of a class have, with where they get them."""
    for item in owner.body:
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if not item.name.startswith("__"):
                yield item.name, item
            first = next(iter((*item.args.posonlyargs, *item.args.args)), None)
            for at in ast.walk(item):
                if (
                    first is not None
                    and isinstance(at, ast.Attribute)
                    and isinstance(at.ctx, ast.Store)
                    and isinstance(at.value, ast.Name)
                    and at.value.id == first.arg
                ):
                    yield at.attr, at
        elif isinstance(item, (ast.Assign, ast.AnnAssign)):
            targets = item.targets if isinstance(item, ast.Assign) else [item.target]
            yield from ((target.id, item) for target in targets if isinstance(target, ast.Name))
