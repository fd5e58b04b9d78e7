"""Names and places that all emitted code shares."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from migrator.lift.comments import leading_comments
from migrator.lift.kinds import Kind, Refusal, Step, Value
from migrator.lift.scope import Scope
from migrator.lift.slices import Use, groups_of
from migrator.lift.spelling import Speller
from migrator.lift.text import comment_end, folded

__all__ = ["Parts", "unused"]


class Parts:
    """What the module and the functions beside it are made of.

    Args:
        scope: the analysis.
        uses: the distinct uses of its session.
        tensorflow: the name that TensorFlow is imported as.
        taken: identifiers that the file keeps.
        indent: one level of indentation.
    """

    def __init__(
        self, scope: Scope, uses: list[Use], tensorflow: str, taken: set[str], indent: str
    ) -> None:
        self.scope = scope
        self.uses = uses
        self.tf = tensorflow
        self.taken = taken
        self.tab = indent
        self.groups = groups_of(uses)
        #: names that statements of the graph give to what stays inside a function
        self.inner = {
            name
            for step in scope.steps
            for name, value in step.defines.items()
            if value.kind not in (Kind.OPTIMIZER, Kind.TRAIN, Kind.ASSIGN, Kind.VARIABLE)
        }
        self.model = self.fresh("model", self.inner)
        self.attributes: dict[str, str] = {}
        self.commented: set[Step] = set()

    def fresh(self, wanted: str, *more: Iterable[str]) -> str:
        """Return ``wanted``, or it with a number, such that the file has nothing of that name."""
        others = set().union(*more) if more else set()
        name, number = wanted, 2
        while name in self.taken or name in others:
            name, number = f"{wanted}_{number}", number + 1
        self.taken.add(name)
        return name

    def speller(self, inside: bool, renamed: dict[str, str] | None = None) -> Speller:
        """Return what writes code inside the class, or beside it."""
        owner = "self" if inside else self.model
        speller = Speller(
            self.scope,
            self.tf,
            lambda name: f"{owner}.{self.attributes.get(name, name)}",
            renamed,
        )
        speller.owner = owner
        return speller

    def reach(self, value: Value, owner: str) -> str:
        """Return how a variable is reached."""
        root, _, rest = value.path.partition("[")
        return f"{owner}.{self.attributes[root]}" + (f"[{rest}" if rest else "")

    def _copied(self, step: Step, speller: Speller, level: str) -> list[str]:
        """Return a statement as it stands in a method, with the comments above it."""
        self.commented.add(step)
        for inner in ast.walk(step.node):
            if isinstance(inner, ast.Constant) and inner.lineno != inner.end_lineno:
                raise Refusal(inner, "layout", "a string of several lines stands in it")
        text = level + speller.writer.statement(step.node, len(level))
        _, comments = leading_comments(self.scope, step.node)
        return [*(level + row for row in comments), self.folded(text, step.node, speller.owner)]

    def folded(self, text: str, node: ast.stmt, owner: str) -> str:
        """Return the moved statement ``node`` with lines broken that grew too long."""
        deeper = len(self.tab) if owner == "self" else 0  # it stands in a class
        module = self.scope.module
        start = module.offset(node.lineno, 0)
        return folded(text, module.text[start : module.end(node)], self.tab, deeper)

    def loose_comments(self, step: Step) -> list[str]:
        """Return the comments of a statement that is not copied, once."""
        if step in self.commented:
            return []
        self.commented.add(step)
        _, lines = leading_comments(self.scope, step.node)
        text = self.scope.module.text
        end = self.scope.module.end(step.node)
        behind = text[end : comment_end(text, end)].strip()
        return [*lines, *([behind] if behind else [])]


def unused(wanted: str, taken: set[str]) -> str:
    """Return ``wanted``, or it with a number, such that it is not in ``taken``."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name
