"""Names of tensors in a graph that was loaded, and the signatures that hold those tensors."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from migrator.rule import KnownLoad, Use, is_v1_load, stores, target

__all__ = [
    "Asked",
    "Held",
    "asked_after",
    "asked_elsewhere",
    "asked_of",
    "held",
    "is_certainly_lost",
    "names_in",
]

_LOOK_UPS = {"get_tensor_by_name": "name", "get_operation_by_name": "name"}
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True)
class Asked:
    """A place that asks a graph for a tensor or an operation by a name that is written out."""

    node: ast.expr  #: the text, or the variable that holds it
    name: str
    operation: bool  #: the name is that of an operation
    of: ast.expr  #: the session or graph that is asked

    @property
    def tensor(self) -> str:
        """The name of the tensor, or of the operation's first one."""
        return f"{self.name}:0" if self.operation else self.name


@dataclass(frozen=True)
class Held:
    """Where a signature holds a tensor."""

    key: str
    side: str  #: ``inputs`` or ``outputs``
    name: str

    def __str__(self) -> str:
        what = "input" if self.side == "inputs" else "output"
        return f"the {what} `{self.name}` of the signature `{self.key}`"


def held(known: KnownLoad, tensor: str) -> Held | None:
    """Return where the export of ``known`` has ``tensor`` in a signature, or None."""
    by_key = sorted(known.signatures, key=lambda one: one.key != "serving_default")
    for signature in by_key:
        for side, items in (("inputs", signature.inputs), ("outputs", signature.outputs)):
            for name, found in items:
                if found == tensor:
                    return Held(signature.key, side, name)
    return None


def is_certainly_lost(known: KnownLoad, asked: Asked) -> bool:
    """Whether the migrated export of ``known`` has no tensor of that name.

    Every name of its signatures must be known, and none may share a part with the one asked for:
    an op can make its result under a name below its own.
    """
    if not known.migrated or not known.signatures:
        return False
    if asked.tensor.rpartition(":")[2] != "0":
        return True  # there, every output is the first one of an op
    names = [
        name
        for signature in known.signatures
        for _, name in (*signature.inputs, *signature.outputs)
    ]
    if any(name is None for name in names):
        return False
    parts = _parts(asked.tensor)
    return not any(parts & _parts(name) for name in names if name is not None)


def _parts(tensor: str) -> set[str]:
    """Return the parts of a tensor's name, without the number that makes one of two alike."""
    parts = tensor.rpartition(":")[0].lower().split("/")
    return {re.sub(r"_\d+$", "", part) for part in parts}


def asked_after(use: Use) -> list[Asked]:
    """Return the names asked for that certainly come after this load, and after none since."""
    return [
        asked
        for asked in _asked(use)
        if _owner(use, asked) is use.site and _asks_loaded(use, asked)
    ]


def asked_elsewhere(use: Use) -> list[Asked]:
    """Return the names that the loaded graph is asked for where no load comes before."""
    return [
        asked for asked in _asked(use) if _owner(use, asked) is None and _asks_loaded(use, asked)
    ]


def asked_of(use: Use, owns: Callable[[ast.expr], bool]) -> list[Asked]:
    """Return the names that the sessions and graphs are asked for which ``owns`` holds."""
    return [asked for asked in _asked(use) if owns(asked.of)]


def names_in(use: Use, values: ast.Dict) -> list[Asked]:
    """Return the names of tensors that are the values of a dict that is written out."""
    return [asked for value in values.values for asked in _names(use, value, False, value)]


def _asks_loaded(use: Use, asked: Asked) -> bool:
    """Whether the session or graph that is asked is certainly the one of the load."""
    assert use.call is not None
    given = [*use.call.args[:1], *(k.value for k in use.call.keywords if k.arg == "sess")]
    session = target(use.module, given[0]) if given else None
    of = asked.of
    if isinstance(of, ast.Attribute) and of.attr == "graph":
        of = of.value
    if session is not None and target(use.module, of) == session:
        return True
    # the default graph, or the one that a variable holds
    graphs = [symbol for _, symbol in use.shared["references"] if symbol.name == "tf.Graph"]
    looks_up = isinstance(use.module.parents[asked.node], (ast.Call, ast.keyword))
    fetches = isinstance(asked.of, (ast.Name, ast.Attribute)) and _runs(use, asked)
    return _owner(use, asked) is use.call and looks_up and not fetches and len(graphs) <= 1


def _runs(use: Use, asked: Asked) -> bool:
    parent = use.module.parents[asked.of]
    return isinstance(parent, ast.Attribute) and parent.attr == "run"


def _owner(use: Use, asked: Asked) -> ast.expr | None:
    """Return the last load that certainly ran before a name is asked for, or None."""
    found = [load for load in _loads(use) if _precedes(use, load, asked.node)]
    return max(found, key=lambda load: (load.lineno, load.col_offset), default=None)


def _loads(use: Use) -> list[ast.Call]:
    known: list[ast.Call] | None = use.shared.get("loads")
    if known is None:
        known = use.shared["loads"] = [
            call
            for node, symbol in use.shared["references"]
            if symbol.name == "tf.saved_model.load"
            and isinstance(call := use.module.parents.get(node), ast.Call)
            and is_v1_load(use.module, node, symbol)
        ]
    return known


def _precedes(use: Use, load: ast.Call, node: ast.expr) -> bool:
    """Whether ``node`` stands in a statement that follows that of ``load`` in its block."""
    if _home(use, node) is not use.module.scope_of[load]:
        return False
    statement = use.module.statement(load)
    block = _block(use.module.parents[statement], statement)
    if block is None:
        return False
    after = set(map(id, block[block.index(statement) + 1 :]))
    return any(id(around) in after for around in use.module.ancestors(node))


def _home(use: Use, node: ast.AST) -> object:
    """Return the scope of a node, comprehensions left out."""
    scope = use.module.scope_of[node]
    while isinstance(scope.node, _COMPREHENSIONS) and scope.parent is not None:
        scope = scope.parent
    return scope


def _block(parent: ast.AST, statement: ast.stmt) -> list[ast.stmt] | None:
    for name in ("body", "orelse", "finalbody"):
        found = getattr(parent, name, None)
        if isinstance(found, list) and statement in found:
            return found
    return None


def _asked(use: Use) -> list[Asked]:
    known: list[Asked] | None = use.shared.get("names asked for")
    if known is None:
        known = use.shared["names asked for"] = list(_find(use))
    return known


def _find(use: Use) -> Iterator[Asked]:
    for node in use.module.nodes:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        method, owner = node.func.attr, node.func.value
        if method in _LOOK_UPS:
            given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "name")]
            for value in given:
                yield from _names(use, value, method == "get_operation_by_name", owner)
        elif method == "run" and use.module.symbol(node.func) is None:
            for index, value in enumerate(node.args[:2]):
                yield from (_fed if index else _fetched)(use, value, owner)
            for keyword in node.keywords:
                if keyword.arg == "fetches":
                    yield from _fetched(use, keyword.value, owner)
                elif keyword.arg == "feed_dict":
                    yield from _fed(use, keyword.value, owner)


def _fetched(use: Use, node: ast.expr, of: ast.expr) -> Iterator[Asked]:
    if isinstance(node, (ast.List, ast.Tuple)):
        for item in node.elts:
            yield from _fetched(use, item, of)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _fetched(use, value, of)
    else:
        yield from _names(use, node, None, of)


def _fed(use: Use, node: ast.expr, of: ast.expr) -> Iterator[Asked]:
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if key is not None:
                yield from _names(use, key, False, of)


def _names(use: Use, node: ast.expr, operation: bool | None, of: ast.expr) -> Iterator[Asked]:
    """Yield the name that ``node`` is; in a fetch, the colon tells what it is the name of."""
    text = _text(use, node)
    if text is None or text[:1] == "^":
        return
    of_operation = ":" not in text if operation is None else operation
    if of_operation is (":" not in text):
        yield Asked(node, text, of_operation, of)


def _text(use: Use, node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.Name) or use.symbol_of(node) is not None:
        return None
    place = target(use.module, node)
    if place is None or place.scope is None or len(list(stores(use.module, place))) != 1:
        return None
    bindings = place.scope.bindings.get(place.name, [])
    value = bindings[0].value if len(bindings) == 1 else None
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    return None
