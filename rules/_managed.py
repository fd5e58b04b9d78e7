"""Managed sessions, whose graph is finalized: which Savers go to them, and slim's loops."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from migrator.rule import (
    FINALIZES,
    FINALIZES_IN_SLIM,
    HOLDS_V1_SAVER,
    SAVER_ELSEWHERE,
    Cover,
    Outcome,
    Use,
    prepared,
    targets_of,
    uses,
)

#: Methods of a SavedModelBuilder that take a Saver: what it writes must be name-based, because
#: the saved graph restores by name.
BUILDER_METHODS = ("add_meta_graph_and_variables", "add_meta_graph")


def managed_session(use: Use) -> str | None:
    """Return the managed session API that the Saver made at ``use`` is handed to, or None."""
    assert use.call is not None
    module = use.module
    places: list[ast.expr] = [use.call]
    if use.call.lineno in use.context.managed_lines:
        return "a managed session that takes it"
    for target in targets_of(module, use.call) or ():
        if target.name in use.context.managed_savers:
            return f"a managed session that takes `{target.name}`"
        places.extend(uses(module, target))
    for place in places:
        child: ast.AST = place
        for parent in module.ancestors(place):
            if isinstance(parent, ast.Call) and child is not parent.func:
                if getattr(parent.func, "attr", "") in BUILDER_METHODS:
                    return "SavedModelBuilder"
                name = use.symbol_of(parent.func) or _loop_of_slim(parent.func)
                if name and any(name == m or name.startswith(m + ".") for m in HOLDS_V1_SAVER):
                    return name
            if isinstance(parent, ast.stmt):
                break
            child = parent
    return None


def finalizes(use: Use) -> bool:
    """Whether the programs of this file finalize graphs."""
    return use.context.finalized or any(
        symbol.name in FINALIZES for _, symbol in use.shared["references"]
    )


def keeps_saver(use: Use) -> bool:
    """Whether managed sessions and Scaffolds of this file go on with TensorFlow 1's Saver."""
    context = use.context
    return bool(
        not finalizes(use)  # the Scaffold of an Estimator
        or context.unprepared
        or context.key_readers
        or SAVER_ELSEWHERE.search(use.module.text)
    )


def _loop_of_slim(node: ast.expr) -> str | None:
    """Return the symbol of a loop of slim's that comes from tf-slim or the bridge."""
    dotted = FINALIZES_IN_SLIM.get(getattr(node, "attr", ""))
    if dotted is None or not f".{ast.unparse(node)}".endswith(f".{dotted}"):
        return None
    return f"tf.contrib.{dotted}"


def loops_of_slim(use: Use, nodes: Iterable[ast.expr]) -> list[Cover]:
    """Return what is said of the calls among ``nodes`` that train or evaluate with slim's loops."""
    covers = []
    for node in nodes:
        call, symbol = use.module.parents.get(node), use.symbol_of(node)
        if symbol in FINALIZES and isinstance(call, ast.Call) and call.func is node:
            own = prepared(use.module, call, symbol) is not None and not keeps_saver(use)
            covers.append(
                Cover(
                    call,
                    "TFM205",
                    f"{symbol}: stays, as tf-slim's. Its Saver writes object-based checkpoints, and"
                    " restores old name-based ones too."
                    if own
                    else f"{symbol}: stays, as tf-slim's, with TensorFlow 1's Saver, because it"
                    " finalizes its graph. It goes on writing name-based checkpoints, and"
                    " restores no others.",
                    outcome=Outcome.KEPT,
                    api=symbol,
                )
            )
    return covers
