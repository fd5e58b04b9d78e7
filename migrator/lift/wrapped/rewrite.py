"""The whole new text of a file whose graph is built once and kept whole."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence

from migrator.lift.kinds import Refusal
from migrator.lift.layout import indent_of, string_lines
from migrator.lift.rewrite import class_name
from migrator.lift.text import Edit, applied
from migrator.lift.wrapped.analysis import Analysis, is_main_guard
from migrator.lift.wrapped.imports import import_edits, tensorflow_name
from migrator.lift.wrapped.layout import comment_places
from migrator.lift.wrapped.replaced import Replaced
from migrator.lift.wrapped.things import Sort

__all__ = ["Rewriter", "rewritten"]


class Rewriter(Replaced):
    """Makes the edits that lift one scope.

    Args:
        scope: the analysis, done and checked.
        path: of the file, for the class's name.
        whole: whether all of the file is its concern, but for the other scopes.
    """

    def __init__(self, scope: Analysis, path: str, whole: bool = True) -> None:
        super().__init__(scope, tensorflow_name(scope.module), indent_of(scope.module.text))
        self.whole = whole
        taken = self._taken()
        name = class_name(path)
        if scope.others and isinstance(scope.node, ast.FunctionDef):
            name = class_name(f"{scope.node.name}_graph.py")
        while name in taken or name in ("Module", "Variable", "Tensor"):
            name += "Model"
        self.class_name = name
        model, number = "model", 2
        while model in taken:
            model, number = f"model_{number}", number + 1
        self.model = model
        exported, number = "module", 1
        while exported in taken:
            exported, number = "exported" if number == 1 else f"exported_{number}", number + 1
        self.exported = exported

    def _taken(self) -> set[str]:
        """Return the identifiers that the new file still has outside of the build."""
        gone = {*self.scope.moved, *self.scope.removed}
        taken: set[str] = {"tf2_bridge"}
        todo: list[ast.AST] = [self.module.tree]
        while todo:
            node = todo.pop()
            if node in gone:
                continue
            if isinstance(node, ast.Name):
                thing = self.scope.env.get(self.scope.calls.key(node))
                if thing is None or thing.sort in (Sort.HOST, Sort.WRITER, Sort.FEED):
                    taken.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                taken.add(node.name)
            elif isinstance(node, ast.arg):
                key = (id(self.module.scope_of[node]), node.arg)
                if key not in self.scope.renamed and key not in self.scope.calls.session_names:
                    taken.add(node.arg)
            elif isinstance(node, ast.alias):
                taken.add((node.asname or node.name).partition(".")[0])
            todo.extend(ast.iter_child_nodes(node))
        taken.update(name.id for name, _ in [*self.scope.host_reads, *self.scope.late_reads])
        return taken

    def run(self) -> None:
        """Make the edits.

        Raises:
            Refusal: a detail of the scope cannot be carried over.
        """
        self.build.prepare()
        anchor = self.scope.anchor
        assert anchor is not None
        self._at = self._line_start((anchor.end_lineno or anchor.lineno) + 1)
        self._skipped |= self.scope.others
        top: ast.AST = self.module.tree if self.whole else self.scope.node
        self.edits += self.code.writer.inside(top)
        self._comments_above()
        self._delete()
        self._dedent()
        self._insert(anchor)

    @property
    def legacy_keras(self) -> bool:
        """Whether the new text needs Keras 2."""
        return bool(self.code.needs.legacy_keras or self.build.code.needs.legacy_keras)

    @property
    def parts(self) -> frozenset[str]:
        """The parts of the bridge that the new text uses."""
        parts = {"graph_module", *self.code.needs.parts, *self.build.code.needs.parts}
        return frozenset(parts | {"graph_export"} if self.scope.exports else parts)

    @property
    def requirements(self) -> frozenset[str]:
        """The packages that the new text needs besides TensorFlow."""
        return frozenset(self.code.needs.requirements | self.build.code.needs.requirements)

    def _insert(self, anchor: ast.stmt) -> None:
        """Put the class, and what makes and builds the model, where the graph was complete."""
        column = self._column(anchor)
        indent = " " * column
        comments = self._start_comments()
        parameters = self.build.parameters
        made = [
            *comments,
            f"{self.model} = {self.class_name}()",
            f"{self.model}.build({', '.join(parameters)})",
        ]
        code = "".join(f"{indent}{row}\n" for row in made)
        shown = "\n".join(self.build.lines(self.class_name)) + "\n"
        top = self._top_of(anchor)
        at = self._at
        lead = "\n\n" if self.text[:at].strip() else ""
        if top is None:
            self.edits.append((at, at, f"{lead}{shown}\n\n{code}"))
        else:
            start = self.build.leading(top)
            lead = "\n\n" if self.text[:start].strip() else ""
            self.edits.append((start, start, f"{lead}{shown}\n\n"))
            self.edits.append((at, at, code))

    def _top_of(self, anchor: ast.stmt) -> ast.stmt | None:
        """Return the main guard or the function that ``anchor`` stands in, or None."""
        found: ast.stmt | None = None
        for around in self.module.ancestors(anchor):
            guard = isinstance(around, ast.If) and is_main_guard(around)
            if guard or (around is self.scope.node and isinstance(around, ast.FunctionDef)):
                assert isinstance(around, ast.stmt)
                found = around
        return found


def rewritten(rewriters: Sequence[Rewriter], bridge_import: str) -> str:
    """Return the new text of a file, of which each rewriter lifts a scope.

    Raises:
        Refusal: a detail cannot be carried over.
    """
    first = rewriters[0]
    edits = import_edits(
        first.module, bridge_import, any(rewriter.legacy_keras for rewriter in rewriters)
    )
    for rewriter in rewriters:
        edits += rewriter.edits
    text = _tidied(applied(first.text, _without_overlap(edits)), first.text)
    node = first.scope.moved[0]
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise Refusal(node, "layout", f"the new text would not parse ({error.msg})") from error
    lost = _comments(first.text) - _comments(text)
    for rewriter in rewriters:
        lost -= rewriter.dropped
    if lost:
        raise Refusal(node, "comment", f"the comment `{next(iter(lost))}` would be lost")
    return text


def _without_overlap(edits: list[Edit]) -> list[Edit]:
    """Drop the edits inside of regions that others replace whole."""
    kept: list[Edit] = []
    done = -1
    for start, end, new in sorted(edits, key=lambda e: (e[0], e[1] > e[0], -e[1])):
        if start < done:
            if start == end and new:
                kept.append((done, done, new))  # what is inserted stands behind what goes
            continue
        kept.append((start, end, new))
        done = max(done, end)
    return sorted(kept, key=lambda edit: edit[:2])


def _tidied(text: str, before: str) -> str:
    """Return the text without the runs of blank lines that deletions left."""
    limit = max(2, *(len(run) - 1 for run in re.findall(r"\n(?:[ \t]*\n)*", before)))
    rows = text.split("\n")
    if not re.search(rf"\n(?:[ \t]*\n){{{limit + 1}}}", text):
        return text.rstrip("\n") + ("\n" if before.endswith("\n") or "\n" not in before else "")
    strings = string_lines(text)
    kept: list[str] = []
    blank = 0
    for number, row in enumerate(rows, 1):
        if row.strip() or number in strings:
            blank = 0
        else:
            blank += 1
            if blank > limit:
                continue
        kept.append(row)
    result = "\n".join(kept).rstrip("\n")
    return result + ("\n" if before.endswith("\n") or "\n" not in before else "")


def _comments(text: str) -> Counter[str]:
    return Counter(comment for _, _, comment in comment_places(text))
