"""Which signatures an export of a file writes, and the names of their tensors."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from migrator.flow import stores, target, targets_of, uses
from migrator.names import Module

__all__ = ["EXPORTERS", "Signature", "Variables", "signatures_of", "tensor_name", "variables_of"]

#: What starts an export, with the position of its directory.
EXPORTERS = {"tf.saved_model.simple_save": 1, "tf.saved_model.Builder": 0}

_CONSTANTS = {
    "tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY": "serving_default",
    "tf.saved_model.PREDICT_INPUTS": "inputs",
    "tf.saved_model.PREDICT_OUTPUTS": "outputs",
    "tf.saved_model.CLASSIFY_INPUTS": "inputs",
    "tf.saved_model.CLASSIFY_OUTPUT_CLASSES": "classes",
    "tf.saved_model.CLASSIFY_OUTPUT_SCORES": "scores",
    "tf.saved_model.REGRESS_INPUTS": "inputs",
    "tf.saved_model.REGRESS_OUTPUTS": "outputs",
}
_HELPERS = ("tf.saved_model.build_signature_def", "tf.saved_model.predict_signature_def")
_METHODS = ("add_meta_graph_and_variables", "add_meta_graph")
#: As many functions around each other are as good as many calls.
_DEEP = 8
#: What makes a variable, with the position of its name.
_VARIABLES = {"tf.get_variable": 0, "tf.Variable": 5}
_SCOPES = ("tf.name_scope", "tf.variable_scope", "tf.op_scope", "tf.variable_op_scope")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature: (input or output name, tensor's name or None where it cannot be told)."""

    key: str
    inputs: tuple[tuple[str, str | None], ...]
    outputs: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Variables:
    """The names that the code of a program gives to its variables, and to scopes around them."""

    names: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()

    def __contains__(self, tensor: str) -> bool:
        """Whether ``tensor`` (``scope/w:0``) is the name of one of the variables."""
        name, _, output = tensor.rpartition(":")
        *scopes, last = name.split("/")
        return output == "0" and last in self.names and self.scopes.issuperset(scopes)


def variables_of(files: Iterable[Module]) -> Variables:
    """Return the variables that ``files``, which run together, make under names written out.

    A name that an op is given as well is left out: in a scope, it may be the op's.
    """
    names: set[str] = set()
    scopes: set[str] = set()
    others: set[str] = set()
    for module in files:
        for node in module.nodes:
            if not isinstance(node, ast.Call):
                continue
            symbol = module.symbol(node.func)
            called = symbol.name if symbol is not None else None
            method = node.func.attr if isinstance(node.func, ast.Attribute) else None
            given = [text for item in node.args if (text := _text(item)) is not None]
            given += [text for k in node.keywords if (text := _text(k.value)) is not None]
            if called in _VARIABLES:
                text = _text(_argument(node, _VARIABLES[called], "name"))
                if text is not None:
                    *around, last = text.split("/")
                    names.add(last)
                    scopes.update(around)
            elif called in _SCOPES or (called is None and method == "name_scope"):
                scopes.update(part for text in given for part in text.split("/"))
            elif called is not None and called.startswith("tf."):
                others.update(given)
    return Variables(frozenset(names - others), frozenset(scopes))


def signatures_of(
    module: Module, call: ast.Call, others: Iterable[Module] = ()
) -> tuple[Signature, ...] | None:
    """Return the signatures that the export which ``call`` starts writes.

    Args:
        module: the file.
        call: a call of ``simple_save`` or of the builder's constructor.
        others: the files that run with it, whose ops are in the same graph.

    Returns:
        None where the code does not show them.
    """
    symbol = module.symbol(call.func)
    files = (module, *others)
    if symbol is not None and symbol.name == "tf.saved_model.simple_save":
        found = _sides(files, _argument(call, 2, "inputs"), _argument(call, 3, "outputs"))
        return (Signature("serving_default", *found),) if found is not None else None
    maps = list(_maps(module, call))
    if len(maps) != 1:
        return None  # which meta graph is loaded depends on the tags
    result: list[Signature] = []
    for node in maps:
        entries = _entries(module, node)
        if entries is None:
            return None
        for key, value in entries:
            made = _call_of(module, value)
            name = module.symbol(made.func) if made is not None else None
            if made is None or name is None or name.name not in _HELPERS:
                return None
            sides = _sides(files, _argument(made, 0, "inputs"), _argument(made, 1, "outputs"))
            if sides is None:
                return None
            result.append(Signature(key, *sides))
    return tuple(result)


def _maps(module: Module, builder: ast.Call) -> Iterator[ast.expr | None]:
    """Yield the signature maps that a builder is given."""
    receivers: list[ast.expr] = [builder]
    for place in targets_of(module, builder) or ():
        receivers.extend(uses(module, place))
    for receiver in receivers:
        attribute = module.parents.get(receiver)
        call = module.parents.get(attribute) if attribute is not None else None
        if (
            isinstance(attribute, ast.Attribute)
            and attribute.attr in _METHODS
            and isinstance(call, ast.Call)
            and call.func is attribute
        ):
            at = 2 if attribute.attr == "add_meta_graph_and_variables" else 1
            yield _argument(call, at, "signature_def_map")


def _argument(call: ast.Call, index: int, name: str) -> ast.expr | None:
    if any(isinstance(arg, ast.Starred) for arg in call.args):
        return None
    if index < len(call.args):
        return call.args[index]
    return next((k.value for k in call.keywords if k.arg == name), None)


_Side = tuple[tuple[str, "str | None"], ...]


def _sides(
    files: tuple[Module, ...], inputs: ast.expr | None, outputs: ast.expr | None
) -> tuple[_Side, _Side] | None:
    module, others = files[0], files[1:]
    left, right = _entries(module, inputs), _entries(module, outputs)
    if left is None or right is None:
        return None
    return (
        tuple((key, tensor_name(module, value, others)) for key, value in left),
        tuple((key, tensor_name(module, value, others)) for key, value in right),
    )


def _entries(module: Module, node: ast.expr | None) -> list[tuple[str, ast.expr]] | None:
    """Return the items of a dict that is written out, or None."""
    value = _value(module, node)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        if value.args or any(keyword.arg is None for keyword in value.keywords):
            return None
        return [(str(keyword.arg), keyword.value) for keyword in value.keywords]
    if not isinstance(value, ast.Dict):
        return None
    if node is not value and not _untouched(module, node):
        return None
    found = []
    for key, item in zip(value.keys, value.values, strict=True):
        text = _key(module, key)
        if text is None:
            return None
        found.append((text, item))
    return found


def _untouched(module: Module, node: ast.expr | None) -> bool:
    """Whether a dict that a variable holds is only handed on."""
    place = target(module, node) if node is not None else None
    if place is None:
        return False
    return not any(
        isinstance(module.parents.get(use), (ast.Subscript, ast.Attribute))
        for use in uses(module, place)
    )


def _key(module: Module, node: ast.expr | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    symbol = module.symbol(node) if node is not None else None
    if symbol is not None:
        return _CONSTANTS.get(symbol.name)
    value = _value(module, node)
    return _key(module, value) if value is not None and value is not node else None


def _value(module: Module, node: ast.expr | None, depth: int = 0) -> ast.expr | None:
    """Return the one expression that a variable or an attribute stands for, or the node itself."""
    if not isinstance(node, (ast.Name, ast.Attribute)) or depth > 8:
        return node
    place = target(module, node)
    if place is None or module.symbol(node) is not None:
        return None
    if place.scope is not None:
        bindings = place.scope.bindings.get(place.name, [])
        if len(bindings) != 1 or bindings[0].value is None:
            return None
        return _value(module, bindings[0].value, depth + 1)
    stored = list(stores(module, place))
    parent = module.parents.get(stored[0]) if len(stored) == 1 else None
    if not isinstance(parent, ast.Assign) or stored[0] not in parent.targets:
        return None
    return _value(module, parent.value, depth + 1)


def _call_of(module: Module, node: ast.expr) -> ast.Call | None:
    value = _value(module, node)
    return value if isinstance(value, ast.Call) else None


def tensor_name(module: Module, node: ast.expr, others: Iterable[Module] = ()) -> str | None:
    """Return the name that the tensor of an expression has in its graph, or None.

    Only what the code says in so many words: an op with a ``name`` of its own, which nothing
    else in the module and the ``others`` is given, that is made once and not in a scope of names.
    """
    files = (module, *others)
    call = _call_of(module, node)
    if call is None:
        return None
    symbol = module.symbol(call.func)
    if symbol is None:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "get_tensor_by_name":
            return _text(call.args[0]) if call.args else None
        return None
    if symbol.name == "tf.saved_model.build_tensor_info":
        return tensor_name(module, call.args[0], others) if call.args else None
    if symbol.name == "tf.get_variable" or not symbol.name.startswith("tf."):
        return None
    name = next((k.value for k in call.keywords if k.arg == "name"), None)
    if name is None and symbol.name == "tf.placeholder" and len(call.args) > 2:
        name = call.args[2]
    text = _text(name)
    if text is None or "/" in text or symbol.name.startswith(("tf.layers.", "tf.keras.")):
        return None
    if not _is_made_once(files, module, call):
        return None
    return None if sum(_times(file, text) for file in files) > 1 else f"{text}:0"


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _in_scope(module: Module, node: ast.AST) -> bool:
    """Whether ``node`` prefixes or repeats the names of what is made in it."""
    if isinstance(node, (ast.For, ast.While, ast.Lambda, ast.ListComp, ast.ClassDef)):
        return not isinstance(node, ast.ClassDef)
    if not isinstance(node, ast.With):
        return False
    for item in node.items:
        called = item.context_expr
        symbol = module.symbol(called.func) if isinstance(called, ast.Call) else None
        if symbol is not None and symbol.name in _SCOPES:
            return True
    return False


def _is_made_once(files: tuple[Module, ...], module: Module, node: ast.AST, depth: int = 0) -> bool:
    """Whether ``node`` runs once at most in a program of ``files``, and in no scope of names.

    What it stands in is looked for by name: a function or a class that is named twice may run
    twice.
    """
    for around in module.ancestors(node):
        if _in_scope(module, around):
            return False
        if not isinstance(around, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if around.name.startswith("__"):
            continue  # its class runs it
        named = [(file, use) for file in files for use in file.by_name.get(around.name, ())]
        if len(named) > 1 or depth > _DEEP:
            return False
        if any(not _is_made_once(files, file, use, depth + 1) for file, use in named):
            return False
    return True


def _times(module: Module, text: str) -> int:
    """Return how many ops, variables or scopes of the file may be given the name ``text``.

    A graph tells no upper case from lower case, and ops without a name have that of their kind.
    """
    wanted = text.lower()
    return sum(
        1
        for node in module.nodes
        if (isinstance(node, ast.keyword) and (_text(node.value) or "").lower() == wanted)
        or (
            isinstance(node, ast.Call)
            and any((_text(argument) or "").lower() == wanted for argument in node.args)
        )
    )
