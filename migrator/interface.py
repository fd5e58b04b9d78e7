"""What other files use of one that is lifted, and whether it is still there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from migrator.instances import at_once
from migrator.names import Module

__all__ = ["Part", "User", "broken", "user_of"]

#: What tensors, operations and variables have, and needs their graph and session.
_OF_GRAPH = ("eval", "run", "load", "initializer", "graph")

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

    def uses(self, name: str) -> bool:
        """Whether the file uses the module-level ``name``, as far as can be told."""
        return name in self.names or (ALL in self.names and not name.startswith("__"))


@dataclass(frozen=True, slots=True)
class Part:
    """One of several files that are lifted as if they were one; picklable."""

    path: str
    text: str
    imports: frozenset[tuple[str, int]]  #: (module, level) of its imports of other parts
    bridge_import: str = "import tf2_bridge"


def user_of(path: str, module: Module, means: Callable[[str, int], bool]) -> User:
    """Return what ``module``, at ``path``, uses of another file.

    Args:
        path: of the using file.
        module: the using file.
        means: whether an import of (dotted module, level) is of the other file.
    """
    names: set[str] = set()
    aliases: set[str] = set()  # as they are spelled: ``net``, ``pkg.net``
    own: dict[str, str] = {}  # name here -> name there
    for node in module.imports:
        if isinstance(node, ast.Import):
            aliases.update(a.asname or a.name for a in node.names if means(a.name, 0))
            continue
        inside = means(node.module or "", node.level)
        for alias in node.names:
            below = f"{node.module}.{alias.name}" if node.module else alias.name
            if alias.name != ALL and means(below, node.level):
                aliases.add(alias.asname or alias.name)
            elif inside:
                names.add(alias.name)
                own[alias.asname or alias.name] = alias.name
    attributes: set[str] = set()
    read: set[ast.AST] = set()
    for at in module.nodes:
        if not isinstance(at, ast.Attribute):
            continue
        attributes.add(at.attr)
        if aliases and ast.unparse(at.value) in aliases:
            names.add(at.attr)
            read.add(at.value)
            own[f"{ast.unparse(at.value)}.{at.attr}"] = at.attr
    if any(isinstance(at, ast.Name) and at.id in aliases and at not in read for at in module.nodes):
        names.add(ALL)  # handed on, or asked with getattr
    bases = {
        own.get(ast.unparse(base), "")
        for at in module.nodes
        if isinstance(at, ast.ClassDef)
        for base in at.bases
    }
    bases.discard("")
    made = tuple(sorted(_made(module, own, ALL in names).items()))
    chains = {
        (at.value.attr, at.attr)
        for at in module.nodes
        if isinstance(at, ast.Attribute) and isinstance(at.value, ast.Attribute)
    }
    return User(
        path,
        frozenset(names),
        frozenset(attributes | _by_string(module)) if names or bases else _of_others(module),
        frozenset(bases),
        made,
        frozenset(
            at.attr
            for at in module.nodes
            if isinstance(at, ast.Attribute)
            and isinstance(at.ctx, ast.Store)
            and not (isinstance(at.value, ast.Name) and at.value.id == "self")
        ),
        frozenset(chains),
    )


def _of_others(module: Module) -> frozenset[str]:
    """Return the attributes that a file reads, but for those that its own classes set."""
    found: set[str] = set()
    for at in module.nodes:
        if not isinstance(at, ast.Attribute):
            continue
        owner = module.enclosing(at, (ast.ClassDef,))
        own = isinstance(at.value, ast.Name) and at.value.id == "self"
        if not (own and isinstance(owner, ast.ClassDef) and at.attr in dict(_attributes(owner))):
            found.add(at.attr)
    return frozenset(found | _by_string(module))


def _by_string(module: Module) -> set[str]:
    """Return the attributes that ``getattr`` reads."""
    return {
        str(at.args[1].value)
        for at in module.nodes
        if isinstance(at, ast.Call)
        and isinstance(at.func, ast.Name)
        and at.func.id == "getattr"
        and len(at.args) > 1
        and isinstance(at.args[1], ast.Constant)
    }


def _made(module: Module, own: dict[str, str], star: bool) -> dict[str, int]:
    """Return how often a process may call what of another file: two stands for any number."""
    calls: dict[str, list[ast.AST]] = {}
    handed: set[str] = set()
    for at in module.nodes:
        if not isinstance(at, (ast.Name, ast.Attribute)) or not isinstance(at.ctx, ast.Load):
            continue
        spelled = ast.unparse(at)
        name = own.get(spelled)
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
    found = {name: at_once(module.tree, set(nodes)) for name, nodes in calls.items()}
    return {**found, **dict.fromkeys(handed, 2)}


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
                if attribute not in left and attribute in user.attributes:
                    return node, f"`{user.path}` reads `.{attribute}`, which goes"
                if attribute in run and attribute in user.stores:
                    return node, f"`{user.path}` sets `.{attribute}`, which is fetched or fed"
                for method in _OF_GRAPH:
                    if (attribute, method) in user.chains:
                        what = f"`.{attribute}.{method}`, for graphs alone"
                        return node, f"`{user.path}` reads {what}"
        for user in users:
            if owner.name in user.bases:
                return owner, f"`{user.path}` makes a class of `{owner.name}`"
    return None


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
