"""The wrapped form: the graph is built once, by its own statements, inside a module.

It is tried where the plain form does not see through a scope.  The statements that build the graph
move into a method that runs once, where they work as they did; every run of the session becomes
the call of a function that was cut out of the graph for it.

Preconditions, each a sentence:

* The session is opened at module level or in one function, and one graph is built there; or in
  several functions, each with a graph of its own.
* Which tensors are fetched and fed is told where the session runs, by name only where a model is
  loaded, whose tensors have the names that they had.
* A model is loaded once, ahead of the runs, into a graph with no other of the file's.
* What the graph is built from does not change between where it was built and where it was complete.
* Graph that is made where the session already runs is made of tensors, and could stand before.
* Graph values are not handed to code that is not seen; host code asks them for shapes and names.
* A random op that has a seed of its own belongs to one kind of run.
* What is fetched calls nothing that has an effect.
* No variable is fed, and nothing is fed to an initializer.
"""

from __future__ import annotations

import ast

from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Lifted, Refusal
from migrator.lift.wrapped.analysis import Analysis
from migrator.lift.wrapped.callables import OPENERS, Callables
from migrator.lift.wrapped.checks import check
from migrator.lift.wrapped.imports import tensorflow_name
from migrator.lift.wrapped.loads import TOLD
from migrator.lift.wrapped.rewrite import Rewriter, rewritten
from migrator.lift.wrapped.scopes import resets_between, scopes_of
from migrator.lift.wrapped.seeds import check_seeds
from migrator.lift.wrapped.things import Sort
from migrator.lift.wrapped.values import INITIALIZERS
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
        skipped = {*INITIALIZERS, *TOLD}
        if symbol is not None and symbol not in told and symbol.name not in skipped:
            told.add(symbol)
            code.check(ref)  # what has no place in a graph that is built once is told first
    nodes = scopes_of(module, calls)
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    rewriters: list[Rewriter] = []
    for node in nodes:
        scope = Analysis(module, node, calls)
        scope.others = frozenset(function for function in functions if function is not node)
        scope.analyse()
        check(scope)
        check_seeds(scope)
        if not rewriters and len(functions) > 1:
            resets = resets_between(module, functions) or []
            scope.removed.update(dict.fromkeys(resets, Sort.CONFIG))
        rewriters.append(Rewriter(scope, path, whole=not rewriters))
        rewriters[-1].run()
    text = rewritten(rewriters, bridge_import)
    return Lifted(
        text,
        rewriters[0].class_name,
        {place: new for rewriter in rewriters for place, new in rewriter.answers.items()},
        tuple(dict.fromkeys(note for rewriter in rewriters for note in rewriter.scope.notes)),
        frozenset().union(*(rewriter.parts for rewriter in rewriters)),
        frozenset().union(*(rewriter.requirements for rewriter in rewriters)),
    )
