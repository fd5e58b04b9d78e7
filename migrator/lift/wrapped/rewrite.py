"""The whole new text of a file whose graph is built once and kept whole."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter

from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Refusal
from migrator.lift.layout import indent_of, string_lines
from migrator.lift.rewrite import class_name
from migrator.lift.text import Edit, Writer, applied, call, comment_end
from migrator.lift.wrapped.analysis import Analysis, is_main_guard
from migrator.lift.wrapped.build import Build
from migrator.lift.wrapped.imports import import_edits, tensorflow_name
from migrator.lift.wrapped.things import Feed, Sort

__all__ = ["Rewriter"]


class Rewriter:
    """Makes the edits that lift one scope.

    Args:
        scope: the analysis, done and checked.
        path: of the file, for the class's name.
        bridge_import: the statement that binds ``tf2_bridge``.
    """

    def __init__(self, scope: Analysis, path: str, bridge_import: str) -> None:
        self.scope = scope
        self.module = scope.module
        self.text = self.module.text
        self.bridge_import = bridge_import
        self.tf = tensorflow_name(self.module)
        self.tab = indent_of(self.text)
        self.code = GraphCode(self.module, self.tf, self._outside)
        self.edits: list[Edit] = []
        self.answers: dict[tuple[int, int], str] = {}
        taken = self._taken()
        name = class_name(path)
        while name in taken or name in ("Module", "Variable", "Tensor"):
            name += "Model"
        self.class_name = name
        model, number = "model", 2
        while model in taken:
            model, number = f"model_{number}", number + 1
        self.model = model
        self.build = Build(scope, self.tf, self.tab)
        self._outside_names = {name: thing for name, thing in scope.outside}
        self._assigns = {run: assign for run, assign in scope.assigns}
        self._eager = {run: fetch for run, fetch in scope.eager}
        self._reads = {run: fetch for run, fetch in scope.reads}
        self._steps = {run: step for run, step in scope.steps}
        self._saves = {node: (saver, form) for node, saver, form in scope.saves}
        self._exports = {export.statement: export for export in scope.exports}
        self._dropped = {argument: node for node, argument in scope.session_arguments}
        self._comments_at = [
            (self.module.offset(row, 0) + column, text)
            for row, column, text in _comment_places(self.text)
        ]
        self._at = 0
        self._skipped: set[ast.AST] = {*scope.moved, *scope.removed}

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
                taken.add(node.arg)
            elif isinstance(node, ast.alias):
                taken.add((node.asname or node.name).partition(".")[0])
            todo.extend(ast.iter_child_nodes(node))
        taken.update(name.id for name, _ in [*self.scope.host_reads, *self.scope.late_reads])
        return taken

    # -- all of it ---------------------------------------------------------------------

    def run(self) -> str:
        """Return the new text.

        Raises:
            Refusal: a detail of the scope cannot be carried over.
        """
        self.build.prepare()
        anchor = self.scope.anchor
        assert anchor is not None
        self._at = self._line_start((anchor.end_lineno or anchor.lineno) + 1)
        self.edits += self.code.writer.inside(self.module.tree)
        self._comments_above()
        self._delete()
        self._dedent()
        self._insert(anchor)
        needs = [self.code.needs, self.build.code.needs]
        legacy = any(one.legacy_keras for one in needs)
        self.edits += import_edits(self.module, self.bridge_import, legacy)
        text = applied(self.text, _without_overlap(self.edits))
        text = _tidied(text, self.text)
        self._check(text)
        return text

    @property
    def parts(self) -> frozenset[str]:
        """The parts of the bridge that the new text uses."""
        parts = {"graph_module", *self.code.needs.parts, *self.build.code.needs.parts}
        return frozenset(parts)

    @property
    def requirements(self) -> frozenset[str]:
        """The packages that the new text needs besides TensorFlow."""
        return frozenset(self.code.needs.requirements | self.build.code.needs.requirements)

    def _check(self, text: str) -> None:
        """The new text parses and has every comment of the old one."""
        try:
            ast.parse(text)
        except SyntaxError as error:
            raise Refusal(
                self.scope.moved[0], "layout", f"the new text would not parse ({error.msg})"
            ) from error
        lost = _comments(self.text) - _comments(text)
        if lost:
            raise Refusal(
                self.scope.moved[0],
                "comment",
                f"the comment `{next(iter(lost))}` would be lost",
            )

    # -- what is replaced where it stands --------------------------------------------------

    def _outside(self, node: ast.AST, writer: Writer) -> str | list[Edit] | None:
        """Return what becomes of a node that is not moved."""
        if node in self._skipped or isinstance(node, (ast.Import, ast.ImportFrom)):
            return []
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            return []
        if node in self.scope.calls.aliases:
            return []
        if isinstance(node, ast.Call) and node.func in self.scope.calls.aliases:
            return writer.inside(node)
        if isinstance(node, ast.With) and node in self.scope.withs:
            edits: list[Edit] = []
            for inner in node.body:
                edits += writer.edits(inner)
            return edits
        if isinstance(node, ast.Expr):
            if node in self._exports:
                return self._exported(node)
            if node.value in self.scope.additions:
                return self._added(node)
        if isinstance(node, ast.Call):
            new = self._call(node)
            if new is not None:
                self.answers[(node.lineno, node.col_offset)] = new
                return new
            dropped = self._without_session(node)
            if dropped is not None:
                return dropped
            symbol = self.scope.calls.symbols.get(node.func)
            if symbol is not None and symbol.spelled.startswith("tf.examples."):
                return writer.inside(node)
        if isinstance(node, ast.FunctionDef):
            return self._function(node)
        if isinstance(node, ast.Dict) and node in self.scope.feeds:
            return self._tuple(self.scope.feeds[node])
        symbol = self.scope.calls.symbols.get(node)
        if symbol is not None and symbol.spelled.startswith("tf.examples."):
            return []  # the tutorials' data, which the user has to replace in any case
        if isinstance(node, ast.Name) and node in self._outside_names:
            return f"{self.model}.{self.build.attribute(node.id, self._outside_names[node])}"
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._check_known(node)
        return None

    def _check_known(self, node: ast.Name) -> None:
        """Refuse a name that stays in the text while what it stands for does not."""
        thing = self.scope.env.get(self.scope.calls.key(node))
        host = (Sort.HOST, Sort.WRITER, Sort.FEED)
        if thing is None or thing.sort in host:
            return
        if any(one.sort in host for one in self.scope.versions[self.scope.calls.key(node)]):
            return  # a version of the name that is the host's was looked at
        raise Refusal(node, "host use", f"`{node.id}` is a {thing.sort.value}, and is used here")

    def _call(self, node: ast.Call) -> str | None:
        scope = self.scope
        use = scope.use_of.get(node)
        if use is not None:
            return self._used(node, f"{self.model}.{self.build.name_of(use)}")
        if node in scope.inits:
            return f"{self.model}.initialize()"
        if node in self._assigns:
            return self._assigned(node, self._assigns[node])
        if node in self._eager:
            return f"{self.code.text(self._eager[node])}.numpy()"
        if node in self._reads:
            return f"{self.code.text(self._reads[node])}.numpy()"
        if node in self._steps:
            return f"int({self.code.text(self._steps[node])}.numpy())"
        if node in self._saves:
            saver, form = self._saves[node]
            return self._call_text(
                node,
                f"{self.code.text(saver)}.{form}",
                [
                    self._argument(node, name, value)
                    for name, value in _given(node)
                    if not self._is_session(value)
                ],
            )
        if node in scope.writers:
            listed = [value for name, value in _given(node) if name in (None, "logdir")][:1]
            text = self.code.text(listed[0])
            return self._call_text(node, f"{self.tf}.summary.create_file_writer", [text])
        return None

    def _argument(self, node: ast.Call, name: str | None, value: ast.expr) -> str:
        text = self.code.text(value)
        return text if name is None else f"{name}={text}"

    def _is_session(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            thing = self.scope.env.get(self.scope.calls.key(node))
            return thing is not None and thing.sort is Sort.SESSION
        if isinstance(node, ast.Call):
            symbol = self.scope.calls.symbols.get(node.func)
            return symbol is not None and symbol.name == "tf.get_default_session"
        return False

    def _used(self, node: ast.Call, function: str) -> str:
        feed = None
        for value in [*node.args, *(word.value for word in node.keywords)]:
            if isinstance(value, ast.Dict) and value in self.scope.feeds:
                feed = [self.code.text(one) for one in self.scope.feeds[value].values]
            elif isinstance(value, ast.Name):
                thing = self.scope.env.get(self.scope.calls.key(value))
                if self._is_feed(node, value) and thing is not None:
                    feed = [f"*{value.id}"]
        return self._call_text(node, function, feed or [])

    def _is_feed(self, node: ast.Call, value: ast.Name) -> bool:
        """Whether a name is the feed dictionary of a run."""
        for word in node.keywords:
            if word.value is value:
                return word.arg == "feed_dict"
        assert isinstance(node.func, ast.Attribute)
        base = node.func.value
        running = self._is_session(base) and node.func.attr == "run"
        return node.args.index(value) == (1 if running else 0)

    def _call_text(self, node: ast.Call, function: str, arguments: list[str]) -> str:
        statement = self.module.statement(node)
        column = self._column(statement)
        _, at = self.module.line_column(self.module.start(node))
        _, start = self.module.line_column(self.module.start(statement))
        return call(function, arguments, column, max(at - start, 0))

    def _assigned(self, node: ast.Call, assign: ast.Call) -> str:
        used = not isinstance(self.module.parents[node], ast.Expr)
        if isinstance(assign.func, ast.Attribute) and assign.func not in self.scope.calls.symbols:
            text = self.code.text(assign)
        else:
            symbol = self.scope.calls.symbols[assign.func]
            values = dict(enumerate([*assign.args, *(word.value for word in assign.keywords)]))
            variable, value = self.code.text(values[0]), self.code.text(values[1])
            text = f"{variable}.{symbol.name.rpartition('.')[2]}({value})"
        return f"{text}.numpy()" if used else text

    def _tuple(self, feed: Feed) -> list[Edit]:
        """Return the edits that make the values of a feed dictionary a tuple."""
        node = feed.node
        start, end = self.module.start(node), self.module.end(node)
        edits: list[Edit] = [(start, start + 1, "(")]
        for key, value in zip(feed.keys, feed.values, strict=True):
            at = self.module.start(value)
            between = self.text[self.module.end(key) : at]
            if "#" in between or "(" in between:
                raise Refusal(key, "comment", "a comment or bracket stands behind its colon")
            edits.append((self.module.start(key), at, ""))
            edits += self.code.edits(value)
        last = self.module.end(feed.values[-1])
        one = len(feed.values) == 1 and "," not in self.text[last : end - 1]
        edits.append((end - 1, end, ",)" if one else ")"))
        return edits

    def _without_session(self, node: ast.Call) -> list[Edit] | None:
        """Return the edits of a call that the session is not passed to any more."""
        drops = [value for _, value in _given(node) if value in self._dropped]
        if not drops:
            return None
        if self._dropped[drops[0]] is not node:
            return None
        texts = [
            self._argument(node, name, value)
            for name, value in _given(node)
            if value not in self._dropped
        ]
        new = self._call_text(node, self.code.text(node.func), texts)
        return [(self.module.start(node), self.module.end(node), new)]

    def _function(self, node: ast.FunctionDef) -> list[Edit] | None:
        """Return the edits of a function that has a parameter for the session."""
        local = self.module.scopes[node]
        spec = node.args
        names = [*spec.posonlyargs, *spec.args]
        gone = [
            argument
            for argument in (*names, *spec.kwonlyargs)
            if (id(local), argument.arg) in self.scope.calls.session_names
        ]
        if not gone or node not in self.scope.deferred:
            return None
        if spec.defaults or spec.kwonlyargs or spec.vararg or spec.kwarg or spec.posonlyargs:
            raise Refusal(node, "function", "its parameters are not plain ones")
        rest = [argument for argument in names if argument not in gone]
        start = self.module.offset(names[0].lineno, names[0].col_offset)
        last = names[-1]
        end = self.module.offset(last.end_lineno or 0, last.end_col_offset or 0)
        if "\n" in self.text[start:end] or any(argument.annotation for argument in names):
            raise Refusal(node, "layout", "its parameters stand on several lines")
        edits: list[Edit] = [(start, end, ", ".join(argument.arg for argument in rest))]
        for inner in node.body:
            edits += self.code.writer.edits(inner)
        return edits

    def _added(self, node: ast.Expr) -> str:
        """Return what writes a summary."""
        assert isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute)
        values: dict[str, ast.expr] = {}
        for index, (name, value) in enumerate(_given(node.value)):
            values[name or ("summary", "global_step")[index]] = value
        writer = self.code.text(node.value.func.value)
        summary = self.code.text(values["summary"])
        step = self.code.text(values["global_step"]) if "global_step" in values else "0"
        indent = " " * self._column(node)
        new = (
            f"with {writer}.as_default():\n"
            f"{indent}{self.tab}{self.tf}.summary.experimental.write_raw_pb({summary}, step={step})"
        )
        return new

    def _exported(self, node: ast.Expr) -> str:
        """Return what saves an export."""
        export = self._exports[node]
        indent = " " * self._column(node)
        name = self.build.export_name(export)
        directory = self.code.text(export.directory)
        save = call(
            f"{self.tf}.saved_model.save",
            ["module", "module.export_dir", "signatures=module.signatures"],
            len(indent) + len(self.tab),
        )
        new = (
            f"with {self.model}.{name}({directory}) as module:\n"
            f"{indent}{self.tab}{save}"
        )
        self.answers[(export.call.lineno, export.call.col_offset)] = new
        return new

    # -- where it stands -------------------------------------------------------------------

    def _column(self, node: ast.stmt) -> int:
        """Return the column of a statement once the blocks of the session are gone."""
        column = self.module.line_column(self.module.start(node))[1]
        for around in self.module.ancestors(node):
            if isinstance(around, ast.With) and around in self.scope.withs:
                column -= self._depth(around)
        return column

    def _depth(self, node: ast.With) -> int:
        inner = self.module.line_column(self.module.start(node.body[0]))[1]
        outer = self.module.line_column(self.module.start(node))[1]
        if node.body[0].lineno == node.lineno:
            raise Refusal(node, "layout", "its block stands on the line of the `with`")
        return inner - outer

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

    def _line_start(self, line: int) -> int:
        if line > self.module.lines:
            return len(self.text)
        return self.module.offset(line, 0)

    def _top_of(self, anchor: ast.stmt) -> ast.stmt | None:
        """Return the main guard or the function that ``anchor`` stands in, or None."""
        found: ast.stmt | None = None
        for around in self.module.ancestors(anchor):
            if around is self.scope.node and isinstance(around, ast.FunctionDef):
                found = around
            elif isinstance(around, ast.If) and is_main_guard(around):
                found = around
        return found

    def _starts(self, node: ast.stmt, sort: Sort) -> bool:
        """Whether the comments of a statement that goes tell of initialization."""
        if sort is Sort.INIT:
            return True
        return re.search("(?i)initiali[sz]", " ".join(self.build.comments_above(node))) is not None

    def _start_comments(self) -> list[str]:
        """Return the comments of the statements that initialized the variables."""
        lines: list[str] = []
        for node, sort in sorted(self.scope.removed.items(), key=lambda item: item[0].lineno):
            if self._starts(node, sort):
                lines += self.build.comments_above(node)
                lines += self.build.comment_behind(node)
        return lines

    def _comments_above(self) -> None:
        """Put the comments among the arguments of what was replaced above its statement."""
        nodes: list[ast.AST] = [*self.scope.use_of, *self._saves, *self.scope.writers]
        values = {
            value
            for feed in self.scope.feeds.values()
            for value in feed.values
        }
        for node in nodes:
            assert isinstance(node, ast.Call)
            start, end = self.module.start(node), self.module.end(node)
            inside = [
                comment
                for at, comment in self._comments_at
                if start <= at < end
                and not any(
                    self.module.start(value) <= at < self.module.end(value) for value in values
                )
            ]
            if not inside:
                continue
            statement = self.module.statement(node)
            line = self.module.offset(statement.lineno, 0)
            if self.text[line : self.module.start(statement)].strip():
                raise Refusal(statement, "layout", "it shares its line with another statement")
            indent = " " * self._column(statement)
            self.edits.append((line, line, "".join(f"{indent}{row}\n" for row in inside)))

    # -- deletions -------------------------------------------------------------------------

    def _delete(self) -> None:
        """Delete what moved or went, with the blank lines that it leaves behind."""
        regions = [*self.build.regions]
        for node, sort in self.scope.removed.items():
            line = self.module.offset(node.lineno, 0)
            end = comment_end(self.text, self.module.end(node))
            behind = self.build.comment_behind(node)
            starts = self._starts(node, sort)
            start = self.build.leading(node) if starts else line
            self.build.check_alone(node)
            if behind and not starts:
                at = self.text.index("#", self.module.end(node))
                self.edits.append((self.module.start(node), at, ""))
                continue
            end = self.text.find("\n", end) + 1 or len(self.text)
            regions.append((start, end))
        regions.sort()
        index = 0
        while index < len(regions):
            start, end = regions[index]
            index += 1
            while index < len(regions) and not self.text[end : regions[index][0]].strip():
                end = max(end, regions[index][1])
                index += 1
            before = self.text[:start]
            if start <= self._at <= end:
                self.edits.append((start, end, ""))  # what is inserted takes its place
                continue
            blank = len(before) - len(before.rstrip("\n")) - 1
            if not before.strip() or before.endswith(":\n"):
                blank = len(self.text)
            while blank > 0:  # of two runs of blank lines, the longer one stays
                line_end = self.text.find("\n", end) + 1
                if not line_end or self.text[end:line_end].strip():
                    break
                end, blank = line_end, blank - 1
            self.edits.append((start, end, ""))

    def _dedent(self) -> None:
        """Take away the blocks of sessions and graphs, not what is in them."""
        strings = string_lines(self.text)
        by_line: dict[int, int] = {}
        for node in self.scope.withs:
            depth = self._depth(node)
            first = self.module.offset(node.lineno, 0)
            header = self._header_line(node)
            head = self.text[first : self.module.offset(header + 1, 0)]
            comments = [f"#{row.partition('#')[2]}" for row in head.split("\n") if "#" in row]
            indent = " " * self._column(node)
            new = "".join(f"{indent}{row.rstrip()}\n" for row in comments)
            self.edits.append((first, self.module.offset(header + 1, 0), new))
            for line in range(header + 1, self._last_line(node) + 1):
                by_line[line] = by_line.get(line, 0) + depth
        covered = [(start, end) for start, end, _ in self.edits if end > start]
        for line, depth in by_line.items():
            start = self.module.offset(line, 0)
            row = self._row(line)
            if line in strings or not row.strip():
                continue
            room = len(row) - len(row.lstrip(" \t"))
            if not any(at <= start < end for at, end in covered):
                self.edits.append((start, start + min(depth, room), ""))

    def _row(self, line: int) -> str:
        start = self.module.offset(line, 0)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    def _header_line(self, node: ast.With) -> int:
        last = node.items[-1]
        end = last.optional_vars or last.context_expr
        line = end.end_lineno or node.lineno
        while ":" not in self._row(line) and line < node.body[0].lineno - 1:
            line += 1
        return line

    def _last_line(self, node: ast.With) -> int:
        """Return the last line that belongs to a block, comments of its depth included."""
        last = node.end_lineno or node.lineno
        inner = self.module.line_column(self.module.start(node.body[0]))[1]
        for line in range(last + 1, self.module.lines):
            row = self._row(line)
            if not row.strip():
                continue
            if not (row.lstrip().startswith("#") and len(row) - len(row.lstrip()) >= inner):
                break
            last = line
        return last


def _given(node: ast.Call) -> list[tuple[str | None, ast.expr]]:
    found: list[tuple[str | None, ast.expr]] = [(None, value) for value in node.args]
    return [*found, *((word.arg, word.value) for word in node.keywords)]


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


def _comment_places(text: str) -> list[tuple[int, int, str]]:
    """Return line, column and text of every comment."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [
        (token.start[0], token.start[1], token.string.rstrip())
        for token in tokens
        if token.type == tokenize.COMMENT
    ]


def _comments(text: str) -> Counter[str]:
    return Counter(comment for _, _, comment in _comment_places(text))
