"""The new text of a file whose classes are lifted."""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize

from migrator.lift.classes.calls import GRAPH, Calls
from migrator.lift.classes.facts import SPECIAL
from migrator.lift.classes.functions import Functions, negated
from migrator.lift.classes.phases import Build, Phases
from migrator.lift.classes.places import TELLS_OF_SESSION, outermost
from migrator.lift.classes.sessions import Sessions
from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Refusal
from migrator.lift.parts import unused
from migrator.lift.text import Edit, applied
from migrator.lift.wrapped.imports import import_edits, without_unused
from migrator.names import Module

__all__ = ["Emitter"]


class Emitter(Calls):
    """Makes the edits that lift the classes of one file.

    Args:
        phases: the order of building and running.
        functions: what the runs become.
        sessions: where the session comes from.
        bridge_import: how the file imports the bridge.
    """

    def __init__(
        self, phases: Phases, functions: Functions, sessions: Sessions, bridge_import: str
    ) -> None:
        super().__init__(phases, functions, sessions)
        self.bridge_import = bridge_import
        self.code = GraphCode(self.module, self.tf, self._replace, "tf2_bridge")
        for run in sessions.first:
            self.phases.removed[self.module.statement(run.call)] = "init"

    def run(self) -> str:
        """Return the new text.

        Raises:
            Refusal: a detail cannot be carried over.
        """
        edits: list[Edit] = []
        for statement in self.module.tree.body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                continue
            edits += self.code.edits(statement)
        keras = bool(self.code.needs.legacy_keras)
        edits += import_edits(self.module, self.bridge_import, keras)
        edits += self._headers()
        edits += self._deletions()
        edits += self._dedents(edits)
        edits = outermost(edits)
        for build in self.phases.builds:
            edits = self._build(build, edits)
        text = applied(self.text, edits)
        text = _tidied(text, self.text)
        try:
            ast.parse(text)
        except SyntaxError as error:
            raise Refusal(
                self.facts.families[0].root, "layout", f"the new text would not parse ({error.msg})"
            ) from error
        text = without_unused(text, self.tf)
        self._check_left(text)
        self._check_comments(text)
        return text

    def _check_left(self, text: str) -> None:
        """Nothing of the session may be left."""
        for _, symbol in Module(text).references():
            if symbol.name == "tf.get_default_graph" and symbol.via == "v1":
                continue  # of which the build asks for parts
            if symbol.name in SPECIAL or symbol.name in (
                "tf.placeholder",
                "tf.saved_model.Builder",
            ):
                raise Refusal(
                    self.facts.families[0].root, "symbol", f"`{symbol.spelled}` would be left"
                )

    def _check_comments(self, text: str) -> None:
        """No comment may be lost, but for those that told of the session."""
        for comment in _comments(self.text):
            if comment not in text and not TELLS_OF_SESSION.search(comment):
                raise Refusal(
                    self.facts.families[0].root, "comment", f"the comment `{comment}` would be lost"
                )

    def _headers(self) -> list[Edit]:
        """Let the classes inherit from the module, and call its constructor."""
        edits: list[Edit] = []
        for family in self.facts.families:
            root = family.root
            line = self.text.index(":", self._after_name(root))
            start = self._after_name(root)
            if root.bases:
                line = self.module.end(root.bases[-1])
                line = self.text.index(":", line)
            edits.append((start, line, "(tf2_bridge.GraphModule)"))
            for node in family.classes:
                for method in node.body:
                    if not isinstance(method, ast.FunctionDef) or method.name != "__init__":
                        continue
                    calls = any(
                        isinstance(at, ast.Call)
                        and isinstance(at.func, ast.Attribute)
                        and at.func.attr == "__init__"
                        for at in self.facts.below(method)
                    )
                    if calls:
                        self._check_super(method, root is node)
                        continue
                    if node is not root:
                        raise Refusal(
                            method, "base class", f"`{node.name}` does not call its base class"
                        )
                    edits.append(self._super_call(method))
        return edits

    def _check_super(self, method: ast.FunctionDef, is_root: bool) -> None:
        """A base class's constructor must be called through ``super``, or by its name."""
        if not is_root:
            return
        for at in self.facts.below(method):
            if (
                isinstance(at, ast.Call)
                and isinstance(at.func, ast.Attribute)
                and at.func.attr == "__init__"
                and not (
                    isinstance(at.func.value, ast.Call)
                    and isinstance(at.func.value.func, ast.Name)
                    and at.func.value.func.id == "super"
                )
            ):
                raise Refusal(at, "base class", "it calls the constructor of another class")

    def _super_call(self, method: ast.FunctionDef) -> Edit:
        body = method.body
        first = body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if documented and len(body) > 1:
            first = body[1]
        if first.lineno == method.lineno:
            raise Refusal(method, "layout", "a method stands on one line")
        start = self._above(first)
        indent = self._space(first.col_offset)
        return start, start, f"{indent}super().__init__()\n"

    def _after_name(self, node: ast.ClassDef) -> int:
        start = self.module.start(node)
        match = re.compile(r"class\s+" + re.escape(node.name)).match(self.text, start)
        assert match is not None
        return match.end()

    def _definitions(self, build: Build, indent: str) -> str:
        """Return the statements that make the functions."""
        owner = self._own(build.family, "function")
        lines: list[str] = []
        for node in self.phases.hoisted:
            if self.facts.family(node) is build.family:
                assert isinstance(node, ast.Assign)
                above = self.text[self._above(node) : self.module.offset(node.lineno, 0)]
                lines += [f"{indent}{row.strip()}" for row in above.splitlines()]
                target = self.module.source(node.targets[0])
                lines.append(f"{indent}{target} = {self.code.text(node.value)}")
        guard = ""
        cuts = [cut for cut in self.functions.cuts[build.family] if not cut.guard]
        cuts += [cut for cut in self.functions.cuts[build.family] if cut.guard]
        for cut in sorted(cuts, key=lambda cut: cut.guard != ""):
            inner = indent
            if cut.guard:
                inner = indent + self.indent
                if cut.guard != guard:
                    lines.append(f"{indent}if {cut.guard}:")
            guard = cut.guard
            lines += [f"{inner}{row}" for row in cut.comments]
            text = self.functions.definition(cut, owner, len(inner))
            lines.append(inner + text)
        return "".join(f"{line}\n" for line in lines)

    def _build(self, build: Build, edits: list[Edit]) -> list[Edit]:
        """Add the functions to the method that builds; move its statements where it must."""
        if build.whole is not None:
            method = build.whole
            column = method.col_offset
            start = self.module.offset(method.lineno, 0)
            edits.append((start, start, self._space(column) + "@tf2_bridge.graph\n"))
            inner = self._space(method.body[-1].col_offset)
            if method.body[0].lineno == method.lineno:
                raise Refusal(method, "layout", "a method stands on one line")
            if self.graph_calls[build]:
                first = method.body[0]
                if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                    first = method.body[1]
                above = self._above(first)
                edits.append((above, above, self._graph_line(self._space(first.col_offset))))
            text = self._definitions(build, inner)
            if text:
                at = self._line_end(self.module.end(self._last_inner(method)))
                newline = "" if self.text[:at].endswith("\n") else "\n"
                lead = "" if self._is_spaced(method) else "\n"
                edits.append((at, at, f"{newline}{lead}{text}"))
            return edits
        return self._moved(build, edits)

    def _graph_line(self, indent: str) -> str:
        """Return the statement that gives the graph of a build a name."""
        return f"{indent}{GRAPH} = {self.tf}.compat.v1.get_default_graph()\n"

    @staticmethod
    def _last_inner(method: ast.FunctionDef) -> ast.stmt:
        return method.body[-1]

    def _moved(self, build: Build, edits: list[Edit]) -> list[Edit]:
        """Move the statements that build to a method of their own."""
        method = build.method
        first, last = build.part[0], build.part[-1]
        start = self._above(first)
        end = self._line_end(self.module.end(last))
        inside = [edit for edit in edits if start <= edit[0] and edit[1] <= end]
        crossing = [
            edit for edit in edits if edit not in inside and edit[0] < end and edit[1] > start
        ]
        if crossing:
            raise Refusal(first, "layout", "the graph shares its lines with other code")
        outside = [edit for edit in edits if edit not in inside]
        moved_in = [edit for edit in inside if edit[0] == edit[1] == start and "super()" in edit[2]]
        inside = [edit for edit in inside if edit not in moved_in]
        inside, postponed = self._postponed(build, inside)
        if build.fork is not None:
            inside, forked = self._fork(build, build.fork, inside)
            postponed += forked
        shifted = [(a - start, b - start, new) for a, b, new in inside]
        source = applied(self.text[start:end], shifted)
        members = self.functions.members(build.family)
        name = unused("build" if "build" not in members else "build_graph", members)
        indent = self._space(method.body[0].col_offset)
        parameters = ", ".join(["self", *build.needed])
        given = ", ".join(build.needed)
        column = self._space(method.col_offset)
        body = source.strip("\n")
        if self.graph_calls[build]:
            body = self._graph_line(indent) + body
        definitions = self._definitions(build, indent)
        if definitions:
            body += f"\n\n{definitions}"
        head = f"{column}@tf2_bridge.graph\n{column}def {name}({parameters}):\n"
        lead = "" if self._is_spaced(method) else "\n"
        text = f"{lead}{head}{body.rstrip()}\n"
        call_text = f"{indent}self.{name}({given})\n"
        outside.append((start, end, "".join(new for _, _, new in moved_in) + call_text + postponed))
        after = self._line_end(self.module.end(method.body[-1]))
        outside.append((after, after, text))
        return outside

    def _is_spaced(self, method: ast.FunctionDef) -> bool:
        """Whether a blank line is left where statements at the end of a method go."""
        gone = list(itertools.takewhile(self._vanishes, reversed(method.body)))
        if not gone or len(gone) == len(method.body):
            return False
        line = gone[-1].lineno - 1
        while TELLS_OF_SESSION.search(self._row(line)) and self._row(line).strip().startswith("#"):
            line -= 1
        return not self._row(line).strip()

    def _fork(self, build: Build, node: ast.If, edits: list[Edit]) -> tuple[list[Edit], str]:
        """Take a condition apart: return the edits that leave what builds, and what runs."""
        start, end = self.module.offset(node.lineno, 0), self._line_end(self.module.end(node))
        own = [edit for edit in edits if start <= edit[0] and edit[1] <= end]
        texts = []
        for running in (False, True):
            blocks = []
            for block in (node.body, node.orelse):
                text = ""
                for one in block:
                    gone = one in self.phases.removed
                    if gone or (one in build.fork_runs) is not running:
                        continue
                    first, last = self._above(one), self._line_end(self.module.end(one))
                    inner = [edit for edit in own if first <= edit[0] and edit[1] <= last]
                    shifted = [(a - first, b - first, new) for a, b, new in inner]
                    text += applied(self.text[first:last], shifted)
                blocks.append(text)
            texts.append(self._condition(node, blocks[0], blocks[1]))
        edits = [edit for edit in edits if edit not in own]
        return sorted([*edits, (start, end, texts[0])]), texts[1]

    def _condition(self, node: ast.If, body: str, orelse: str) -> str:
        """Return a condition with new blocks, of which one may be empty."""
        indent = self._space(node.col_offset)
        if node.lineno != node.test.end_lineno or node.body[0].lineno == node.lineno:
            raise Refusal(node, "layout", "a condition stands on several lines, or on one")
        test = self.code.text(node.test)
        heads = [self._row(node.lineno)]
        if node.orelse:
            line = node.orelse[0].lineno
            while not self._row(line).strip().startswith("else"):
                line -= 1
                if line <= node.lineno:
                    raise Refusal(node, "layout", "a condition has branches of its own")
            heads.append(self._row(line))
        behind = [f"  # {head.partition('#')[2].strip()}" if "#" in head else "" for head in heads]
        text = f"{indent}if {test}:{behind[0]}\n{body}" if body else ""
        if orelse:
            head = f"else:{behind[1]}" if body else f"if {negated(node.test, test)}:{behind[1]}"
            text += f"{indent}{head}\n{orelse}"
        return text

    def _postponed(self, build: Build, edits: list[Edit]) -> tuple[list[Edit], str]:
        """Take the summary writers out of what builds: return the edits, and their text."""
        text = ""
        for node in build.postponed:
            start, end = self._above(node), self._line_end(self.module.end(node))
            own = [edit for edit in edits if start <= edit[0] and edit[1] <= end]
            text += applied(
                self.text[start:end], [(a - start, b - start, new) for a, b, new in own]
            )
            edits = [edit for edit in edits if edit not in own]
            while end < len(self.text) and not self.text[end : self._line_end(end)].strip():
                end = self._line_end(end)
            edits.append((start, end, ""))
        return sorted(edits), text


def _tidied(text: str, original: str) -> str:
    """Return ``text`` without more blank lines together than the original had, or two."""
    most = max((len(run) - 1 for run in re.findall(r"\n{2,}", original)), default=1)
    limit = max(most, 2) + 1
    return re.sub(rf"\n{{{limit + 1},}}", "\n" * limit, text)


def _comments(text: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT}
