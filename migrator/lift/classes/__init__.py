"""Classes that hold their session become modules that hold their graph.

The graph is built once, by the statements that built it, inside of a method of the module; every
``self.sess.run(fetches, feed_dict)`` becomes the call of a function that was cut out of the graph
for it.  Public methods keep their names and parameters.
"""

from __future__ import annotations

from migrator.lift.classes.dimensions import check_dimensions
from migrator.lift.classes.emit import Emitter
from migrator.lift.classes.facts import Facts
from migrator.lift.classes.functions import Functions
from migrator.lift.classes.loading import check_graphs
from migrator.lift.classes.phases import Phases
from migrator.lift.classes.runs import Runs
from migrator.lift.classes.seeds import check_seeds
from migrator.lift.classes.sessions import Sessions
from migrator.lift.kinds import Lifted, Refusal
from migrator.names import Module

__all__ = ["lift_classes"]


def lift_classes(
    module: Module,
    path: str,
    bridge_import: str = "import tf2_bridge",
    graph_names: frozenset[str] = frozenset(),
) -> Lifted:
    """Return ``module`` with its session-holding classes lifted.

    Args:
        module: the file, with newlines of one character.
        path: of the file.
        bridge_import: the statement that binds ``tf2_bridge`` in this file.
        graph_names: functions and classes of the program's other files that make graph, as the
            imports of this one spell them.

    Raises:
        Refusal: a precondition does not hold; nothing is changed.
    """
    facts = Facts(module, graph_names)
    if not facts.families:
        raise Refusal(module.tree, "class", "no class of it holds a session")
    check_graphs(facts)
    runs = Runs(facts)
    phases = Phases(facts, runs)
    check_dimensions(phases)
    functions = Functions(phases)
    check_seeds(facts, functions)
    sessions = Sessions(phases)
    emitter = Emitter(phases, functions, sessions, bridge_import)
    text = emitter.run()
    needs = emitter.code.needs
    parts = {"graph_module", *needs.parts}
    if functions.exported:
        parts.add("graph_export")
    return Lifted(
        text,
        facts.families[0].name,
        emitter.answers,
        tuple(dict.fromkeys(emitter.notes)),
        frozenset(parts),
        frozenset(needs.requirements),
        sessions.single(),
    )
