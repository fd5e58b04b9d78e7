"""Files that call predictors, and open no session of their own."""

from __future__ import annotations

import ast

from migrator.apis import SESSIONS, TARGETS, family
from migrator.lift.graph_symbols import is_graph_symbol
from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Lifted, Refusal
from migrator.lift.text import Edit, applied
from migrator.lift.wrapped.imports import import_edits, tensorflow_name, without_unused
from migrator.names import Module

__all__ = ["lift_predictors"]

_MAKES = "tf.contrib.predictor.from_saved_model"
#: Of a predictor, what it has only where it holds a session.
_HELD = ("session", "graph")


def lift_predictors(
    module: Module, path: str, bridge_import: str = "import tf2_bridge"
) -> Lifted | None:
    """Return ``module`` with predictors that need no session, or None where it has none.

    Args:
        module: the file, with newlines of one character.
        path: of the file.
        bridge_import: the statement that binds ``tf2_bridge`` in this file.

    Raises:
        Refusal: it uses a part of TensorFlow that a program without a session cannot, or asks a
            predictor for its session.
    """
    symbols = list(module.references())
    made = [node for node, symbol in symbols if symbol.name == _MAKES]
    if not made or any(symbol.name in SESSIONS for _, symbol in symbols):
        return None
    for node, symbol in symbols:
        if is_graph_symbol(symbol):
            raise Refusal(node, "graph", f"`{symbol.spelled}` makes graph beside a predictor")
        if symbol.name != _MAKES and (
            symbol.name in TARGETS or family(symbol.name) in ("predictor", "session bundle")
        ):
            raise Refusal(node, "symbol", f"`{symbol.spelled}` has no place without a session")
    for at in module.nodes:
        if (
            isinstance(at, ast.Attribute)
            and at.attr in _HELD
            and module.symbol(at) is None
            and not _is_own(module, at)
        ):
            raise Refusal(at, "session", f"a predictor is asked for its `.{at.attr}`")
    plain = any(symbol.name not in (_MAKES, "tf.contrib.predictor") for _, symbol in symbols)
    code = GraphCode(module, tensorflow_name(module) if plain else "tf")
    edits: list[Edit] = []
    answers: dict[tuple[int, int], str] = {}
    for statement in module.tree.body:
        if not isinstance(statement, (ast.Import, ast.ImportFrom)):
            edits += code.edits(statement)
    for node in made:
        call = module.parents[node]
        if isinstance(call, ast.Call) and call.func is node:
            start = module.start(call)
            inner = [(a - start, b - start, new) for a, b, new in code.edits(call)]
            answers[call.lineno, call.col_offset] = applied(module.source(call), inner)
    if plain:
        edits += import_edits(module, bridge_import, False)
    else:
        edits += _imports(module, bridge_import)
    text = applied(module.text, edits)
    if plain:
        text = without_unused(text, code.tf)
    return Lifted(text, "GraphPredictor", answers, (), frozenset(code.needs.parts), frozenset())


def _is_own(module: Module, node: ast.Attribute) -> bool:
    """Whether an attribute is one of an object that is told to be no predictor."""
    if not isinstance(node.ctx, ast.Load):
        return True
    if isinstance(node.value, ast.Name):
        _, bindings = module.find(node.value.id, module.scope_of[node])
        return bool(bindings) and all(
            isinstance(one.node, (ast.Import, ast.ImportFrom)) for one in bindings
        )
    return False


def _imports(module: Module, bridge_import: str) -> list[Edit]:
    """Return the edits that import the bridge where parts of TensorFlow were imported."""
    edits: list[Edit] = []
    for node in module.imports:
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else ["" if node.level else node.module or ""]
        )
        if not any(name.partition(".")[0] == "tensorflow" for name in names):
            continue
        if len(node.names) > 1 or module.parents[node] is not module.tree:
            raise Refusal(node, "import", "a part of TensorFlow shares its import")
        start, end = module.start(node), module.end(node)
        if edits:
            end = module.text.find("\n", end) + 1 or len(module.text)
        edits.append((start, end, "" if edits else bridge_import))
    return edits
