"""Sizes in static shapes, which are ``Dimension``s only where graph is built."""

from __future__ import annotations

import ast

from migrator.lift.classes.facts import Facts, What
from migrator.lift.classes.phases import Phases
from migrator.lift.kinds import Refusal

__all__ = ["check_dimensions"]


def check_dimensions(phases: Phases) -> None:
    """Check that no ``value`` is asked of a size outside of a build: there, it is a plain number.

    Raises:
        Refusal: a method or the script reads a static shape and a ``value``.
    """
    facts = phases.facts
    loads = [
        at
        for at in facts.module.nodes
        if isinstance(at, ast.Attribute) and isinstance(at.ctx, ast.Load)
    ]
    if not any(at.attr == "value" for at in loads):
        return
    running = {at for build in phases.builds for one in build.fork_runs for at in facts.below(one)}
    reading: set[ast.AST] = set()  #: the units that read a `value` beside the graph
    shapes: list[ast.Attribute] = []
    for at in loads:
        if phases.in_build(at) and at not in running:
            continue
        if at.attr == "value":
            reading.add(facts.unit(at))
        elif _is_shape(facts, at) or _keeps_shape(facts, at):
            shapes.append(at)
    for at in shapes:
        if facts.unit(at) in reading:
            raise Refusal(at, "shape", "a `Dimension` is read where no graph is built")


def _is_shape(facts: Facts, node: ast.AST) -> bool:
    """Whether ``node`` is the static shape of a part of the graph, or the method that gives it."""
    if not isinstance(node, ast.Attribute) or node.attr not in ("shape", "get_shape"):
        return False
    return facts.kind(node.value) is What.GRAPH


def _keeps_shape(facts: Facts, node: ast.Attribute) -> bool:
    """Whether an attribute of a model is given the static shape of a part of its graph."""
    member = facts.member(node)
    for _, value in member[1].assigned.get(member[2], ()) if member is not None else ():
        at = value
        if isinstance(at, ast.Subscript) and isinstance(at.slice, ast.Slice):
            at = at.value
        if at is not None and _is_shape(facts, at.func if isinstance(at, ast.Call) else at):
            return True
    return False
