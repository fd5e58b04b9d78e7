"""Graph code becomes a ``tf.Module``, and the session is gone.

Three forms, tried in this order.  The plain one (:mod:`migrator.lift.plain`) analyses a scope (a
module body, or one function) statement by statement; every fetch of its session is cut out of the
graph as a backward slice, and the slices become the methods of a module.  A file lifts whole and
right or not at all: :class:`Refusal` names the place and the reason.
"""

from __future__ import annotations

from dataclasses import replace

from migrator.lift.kinds import Lifted, Refusal
from migrator.lift.plain import lift_plain, scope_of
from migrator.names import Module

__all__ = ["Lifted", "Refusal", "lift", "scope_of"]


def lift(
    module: Module,
    path: str,
    *,
    bridge_import: str = "import tf2_bridge",
    graph_names: frozenset[str] = frozenset(),
) -> Lifted:
    """Return ``module`` with its session lifted.

    Args:
        module: the file.
        path: of the file, which names the class.
        bridge_import: the statement that binds ``tf2_bridge`` in this file.
        graph_names: functions and classes of the program's other files that make graph, as the
            imports of this one spell them (``network.build``, ``.layers.dense``).

    Raises:
        Refusal: a precondition does not hold; nothing is changed.
    """
    windows = "\r\n" in module.text
    if windows:
        module = Module(module.text.replace("\r\n", "\n"))
    if "\r" in module.text or "\f" in module.text:
        raise Refusal(module.tree, "layout", "its lines end in unusual ways")
    lifted = lift_plain(module, path)
    return replace(lifted, text=lifted.text.replace("\n", "\r\n")) if windows else lifted
