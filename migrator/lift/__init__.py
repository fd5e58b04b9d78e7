"""Graph code becomes a ``tf.Module``, and the session is gone.

Three forms, tried in this order.  The plain one (:mod:`migrator.lift.plain`) analyses a scope (a
module body, or one function) statement by statement; every fetch of its session is cut out of the
graph as a backward slice, and the slices become the methods of a module.  The wrapped one
(:mod:`migrator.lift.wrapped`) keeps the statements that build the graph, and runs them once in a
method of a module.  The one for classes (:mod:`migrator.lift.classes`) does so where a class holds
its session.  A file lifts whole and right or not at all: :class:`Refusal` names the place and the
reason.
"""

from __future__ import annotations

import ast
import contextlib
from dataclasses import replace

from migrator.apis import SESSIONS, TARGETS
from migrator.lift.classes import lift_classes
from migrator.lift.estimators import is_estimator_program, lift_estimators
from migrator.lift.imported import is_named
from migrator.lift.keras_models import is_keras_program, lift_keras
from migrator.lift.kinds import Lifted, Refusal
from migrator.lift.plain import lift_plain, scope_of
from migrator.lift.predictors import lift_predictors
from migrator.lift.wrapped import lift_wrapped
from migrator.names import Module

__all__ = ["Lifted", "Refusal", "lift", "scope_of"]


def lift(
    module: Module,
    path: str,
    *,
    bridge_import: str = "import tf2_bridge",
    graph_names: frozenset[str] = frozenset(),
    keep_names: bool = False,
) -> Lifted:
    """Return ``module`` with its session lifted.

    Args:
        module: the file.
        path: of the file, which names the class.
        bridge_import: the statement that binds ``tf2_bridge`` in this file.
        graph_names: functions and classes of the program's other files that make graph, as the
            imports of this one spell them (``network.build``, ``.layers.dense``).
        keep_names: whether an export's tensors must have the names that they had in the graph;
            the plain form gives them others.

    Raises:
        Refusal: a precondition does not hold; nothing is changed.
    """
    windows = "\r\n" in module.text
    if windows:
        module = Module(module.text.replace("\r\n", "\n"))
    if "\r" in module.text or "\f" in module.text:
        raise Refusal(module.tree, "layout", "its lines end in unusual ways")
    for node, symbol in module.references():
        if symbol.name == "tf.errors.FailedPreconditionError":
            sentence = "it asks whether variables are initialized, which they are from the start"
            raise Refusal(node, "initialization", sentence)
    if is_estimator_program(module):
        lifted = lift_estimators(module, bridge_import, graph_names)
    elif is_keras_program(module):
        lifted = lift_keras(module, bridge_import, keep_names)
    else:
        lifted = _first_form(module, path, bridge_import, graph_names, not keep_names)
    return replace(lifted, text=lifted.text.replace("\n", "\r\n")) if windows else lifted


def _first_form(
    module: Module, path: str, bridge_import: str, graph_names: frozenset[str], plain: bool
) -> Lifted:
    """Return what the first form that fits makes of the file.

    Raises:
        Refusal: none fits; of the form that is for files like this one.
    """
    # the plain form would take a call that makes graph in another file for one of the host
    elsewhere = any(
        is_named(module, node, graph_names)
        for node in module.nodes
        if isinstance(node, (ast.Name, ast.Attribute))
    )
    if plain and not elsewhere:
        # what the wrapped form says of a scope that neither sees through is more to the point
        with contextlib.suppress(Refusal):
            return lift_plain(module, path)
    try:
        return lift_wrapped(module, path, bridge_import, graph_names)
    except Refusal as refusal:
        reason = refusal if refusal.precondition != "nothing" else _no_session(module, refusal)
    try:
        return lift_classes(module, path, bridge_import, graph_names)
    except Refusal as refusal:
        if refusal.node is module.tree:
            lifted = lift_predictors(module, path, bridge_import)
            if lifted is not None:
                return lifted
        else:  # it has a class that holds its session
            reason = refusal
    raise reason


def _no_session(module: Module, refusal: Refusal) -> Refusal:
    """Return ``refusal``, of a file that opens no session, with where its session comes from."""
    for node, symbol in module.references():
        if symbol.name in SESSIONS:
            return Refusal(node, "nothing", f"`{symbol.spelled}` holds the session")
    for node, symbol in module.references():
        if symbol.name == "tf.test.TestCase":
            return Refusal(node, "nothing", f"`{symbol.spelled}` opens its sessions")
    for node, symbol in module.references():
        if symbol.name in TARGETS:
            return Refusal(node, "nothing", f"`{symbol.spelled}` uses a session made elsewhere")
    return Refusal(refusal.node, "nothing", "it opens no session of its own")
