"""The wrapped form: the graph is built once, by its own statements, inside a module.

It is tried where the plain form does not see through a scope.  The statements that build the graph
move into a method that runs once, where they work as they did; every run of the session becomes
the call of a function that was cut out of the graph for it.

Preconditions, each a sentence:

* The session is opened at module level or in one function, and one graph is built there.
* Which tensors are fetched and fed is told where the session runs.
* What the graph is built from does not change between where it was built and where it was complete.
* Graph that is made where the session already runs is made of tensors, and could stand before.
* Graph values are not handed to code that is not seen; host code asks them for shapes and names.
"""

from __future__ import annotations

from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Lifted, Refusal
from migrator.lift.wrapped.analysis import Analysis
from migrator.lift.wrapped.callables import OPENERS, Callables
from migrator.lift.wrapped.checks import check
from migrator.lift.wrapped.imports import tensorflow_name
from migrator.lift.wrapped.rewrite import Rewriter
from migrator.lift.wrapped.scopes import scope_of
from migrator.names import Module, Symbol

__all__ = ["lift_wrapped"]


def lift_wrapped(
    module: Module,
    path: str,
    bridge_import: str = "import tf2_bridge",
    graph_names: frozenset[str] = frozenset(),
) -> Lifted:
    """Return ``module`` with its session lifted, its graph kept whole.

    Args:
        module: the file, with newlines of one character.
        path: of the file, which names the class.
        bridge_import: the statement that binds ``tf2_bridge`` in this file.
        graph_names: functions, classes and modules of the program's other files that make graph,
            as the imports of this one spell them.

    Raises:
        Refusal: a precondition does not hold; nothing is changed.
    """
    if not any(symbol.name in OPENERS for _, symbol in module.references()):
        raise Refusal(module.tree, "nothing", "it opens no session")
    calls = Callables(module, graph_names)
    code = GraphCode(module, tensorflow_name(module))
    told: set[Symbol] = set()
    for ref in sorted(calls.graph_refs, key=module.start):
        symbol = calls.symbols.get(ref)
        if symbol is not None and symbol not in told:
            told.add(symbol)
            code.check(ref)  # what has no place in a graph that is built once is told first
    node = scope_of(module, calls)
    scope = Analysis(module, node, calls)
    scope.analyse()
    check(scope)
    rewriter = Rewriter(scope, path, bridge_import)
    text = rewriter.run()
    return Lifted(
        text,
        rewriter.class_name,
        rewriter.answers,
        tuple(dict.fromkeys(scope.notes)),
        rewriter.parts,
        rewriter.requirements,
    )
