"""The calls that need a session, as they are written without one."""

from __future__ import annotations

import ast
import contextlib
import io
import tokenize
from collections.abc import Iterator

from migrator.lift import renames
from migrator.lift.classes.facts import SPECIAL, What
from migrator.lift.classes.functions import Functions, keyword
from migrator.lift.classes.loading import FINDS, is_lookup
from migrator.lift.classes.phases import Build, Phases, is_gone
from migrator.lift.classes.runs import Run
from migrator.lift.classes.saving import Saving
from migrator.lift.classes.sessions import Sessions
from migrator.lift.kinds import Refusal
from migrator.lift.text import LIMIT, Edit, Writer, applied, call
from migrator.lift.wrapped.imports import tensorflow_name

__all__ = ["GRAPH", "Calls"]

GRAPH = "graph"  #: the local name of the graph in a build
_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Assert, ast.Raise)


class Calls(Saving):
    """Writes what stands in the place of an expression or a statement.

    Args:
        phases: the order of building and running.
        functions: what the runs become.
        sessions: where the session comes from.
    """

    def __init__(self, phases: Phases, functions: Functions, sessions: Sessions) -> None:
        super().__init__(phases, functions, sessions)
        self.saving = dict(phases.runs.saving)
        self.given = {call: argument for p in sessions.parameters for call, argument in p.calls}
        self.tf = tensorflow_name(self.module)
        #: builds that give their graph a name -> where they ask it for parts
        self.graph_calls = {build: self._asking(build) for build in phases.builds}
        self.exports = {export.statement: export for export in phases.runs.exports.found}

    def _asking(self, build: Build) -> set[ast.Call]:
        """Return where a build asks its graph for parts, if a name for the graph is worth while."""
        region = [build.whole] if build.whole is not None else build.part
        nodes = [at for node in region for at in self._staying(node)]
        calls = {
            at
            for at in nodes
            if isinstance(at, ast.Call)
            and is_lookup(self.facts, at)
            and ((symbol := self.facts.symbol(at.func)) is None or symbol.name == FINDS)
        }
        unit = build.whole or build.method
        taken = any(
            (isinstance(at, ast.arg) and at.arg == GRAPH)
            or (
                isinstance(at, ast.Name)
                and at.id == GRAPH
                and self.facts.kind(at) is not What.CONFIG
            )
            for at in self.facts.below(unit)
        )
        long = any(
            len(self._row(at.lineno)) + len(self.tf) + len(".compat.v1.get_default_graph()") > LIMIT
            for at in calls
        )
        return calls if (len(calls) > 1 or long) and not taken else set()

    def _staying(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield ``node`` and all below it, but for what goes."""
        if node not in self.phases.removed:
            yield node
            for child in ast.iter_child_nodes(node):
                yield from self._staying(child)

    def _replace(self, node: ast.AST, writer: Writer) -> str | list[Edit] | None:
        if isinstance(node, ast.stmt):
            if node in self.phases.removed:
                return []
            if isinstance(node, ast.Assign) and self.phases.gives_graph(node.value):
                start, end = self.module.start(node), self.module.start(node.value)
                return [(start, end, ""), *writer.edits(node.value)]
            if node in self.exports:
                return self._exported(self.exports[node], writer)
            if isinstance(node, ast.With) and is_gone(self.facts, node):
                return [edit for inner in node.body for edit in writer.edits(inner)]
            if isinstance(node, ast.FunctionDef):
                return self._function(node, writer)
            if self.facts.looks(node) and not self.phases.in_build(node):
                return self._looking(node, writer)
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                return []
            if isinstance(node, _SIMPLE) and node.end_lineno != node.lineno:
                return self._aligned(node, writer)
            return None
        if node in self.phases.runs.respelled:
            return self.phases.runs.respelled[node]
        if isinstance(node, ast.Call):
            run = self.phases.runs.at.get(node)
            if run is not None:
                return self._run(run, writer)
            if node in self.phases.runs.steps:
                step = writer.text(self.phases.runs.steps[node])
                return f"int({step}.numpy())"
            if node in self.phases.runs.eager:
                return self._constant(self.phases.runs.eager[node], writer)
            return self._call(node, writer)
        if isinstance(node, ast.Dict) and node in self.phases.runs.dictionaries:
            return self._dictionary(node, writer)
        if isinstance(node, ast.Subscript) and node in self.phases.runs.dictionaries:
            new = self._key(node.slice)
            return [(self.module.start(node.slice), self.module.end(node.slice), new)]
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            symbol = self.facts.symbol(node)
            if symbol is not None and symbol.spelled.startswith("tf.examples."):
                return []  # a data set, which is not TensorFlow's any more, but no graph either
            if symbol is not None and renames.is_flags(symbol) and self._is_alias(node):
                return []
            if symbol is None:
                self._check_foreign(node)
                kind = self.facts.kind(node)
                if kind in (What.SESSION, What.INIT, What.LOCAL_INIT, What.CONFIG, What.FEED):
                    parent = self.module.parents[node]
                    if kind is What.FEED and not isinstance(parent, ast.Compare):
                        return None
                    raise Refusal(
                        node,
                        "session",
                        f"the {kind.value} is used in a way that is not carried over",
                    )
        return None

    def _looking(self, node: ast.stmt, writer: Writer) -> str:
        """A statement that shows the variables of the graph, which must be at hand."""
        family = self.facts.family(node)
        owners = {"self"} if family is not None else self.sessions.names(self.facts.unit(node))
        if len(owners) != 1 or len(self.facts.families) > 1:
            raise Refusal(node, "script", "which model's variables it shows is not told")
        inner = self._space(self._column(node)) + self.indent
        return f"with {owners.pop()}.as_default():\n{inner}{self.module.source(node)}"

    def _is_alias(self, node: ast.AST) -> bool:
        """Whether a chain starts at a name of the file's own for a part of TensorFlow."""
        while isinstance(node, ast.Attribute):
            node = node.value
        assert isinstance(node, ast.Name)
        _, bindings = self.module.find(node.id, self.module.scope_of[node])
        return bool(bindings) and all(binding.value is not None for binding in bindings)

    def _check_foreign(self, node: ast.Name | ast.Attribute) -> None:
        """An attribute of what may be a module, of the name of a part of its graph."""
        if not isinstance(node, ast.Attribute) or self.facts.member(node) is not None:
            return
        sensitive = (What.GRAPH, What.SESSION, What.SAVER, What.INIT, What.CONFIG, What.LOCAL_INIT)
        if not any(node.attr in family.of_kind(*sensitive) for family in self.facts.families):
            return
        at: ast.expr = node.value
        while isinstance(at, (ast.Attribute, ast.Subscript)):
            at = at.value
        if isinstance(at, ast.Name):
            if at.id == "self" and at is node.value:
                return
            _, bindings = self.module.find(at.id, self.module.scope_of[at])
            if bindings and all(isinstance(b.node, (ast.Import, ast.ImportFrom)) for b in bindings):
                return
        if self.facts.kind(node.value) is What.GRAPH:
            return
        raise Refusal(
            node, "foreign use", f"`{self.module.source(node)}` may be a part of a model's graph"
        )

    def _key(self, key: ast.expr) -> str:
        if self.phases.runs.names.is_part(key):
            return f'"{self.phases.runs.names.keyword(key)}"'
        member = self.facts.member(key)
        assert member is not None
        return f'"{keyword(member[2])}"'

    def _dictionary(self, node: ast.Dict, writer: Writer) -> list[Edit]:
        edits: list[Edit] = []
        for key, value in zip(node.keys, node.values, strict=True):
            assert key is not None
            edits.append((self.module.start(key), self.module.end(key), self._key(key)))
            edits += writer.edits(value)
        return edits

    def _run(self, run: Run, writer: Writer) -> str:
        node = run.call
        if self.module.enclosing(node, (ast.JoinedStr,)):
            raise Refusal(node, "f-string", "the session is run inside an f-string")
        if run.init is not None:
            owner = self.sessions.later.get(run)
            if owner is None:
                raise Refusal(node, "init", "variables are initialized again")
            if run.family is None:
                return f"{owner}.initialize()"
            return self._own(run.family, "initialize") + "()"
        cut = self.functions.of[run]
        column = self._column(self.module.statement(node))
        prefix = self.module.line_column(self.module.start(node))[1] - column
        function = f"{run.owner}.{cut.name}"
        loose = self._loose_comments(run)
        if run.literal is not None:
            rows = self._arguments(run.literal, writer)
            if loose or any(above or behind for above, _, behind in rows):
                return _broken(function, rows, loose, column)
            return call(function, [value for _, value, _ in rows], column, prefix)
        if loose:
            cut.comments += loose
        if run.given:
            return call(function, [f"**{run.given}"], column, prefix)
        if run.feeds is not None:
            feed = self._feed_of(run)
            text = writer.text(feed)
            return call(function, [f"**{text}"], column, prefix)
        return f"{function}()"

    @staticmethod
    def _constant(fetch: ast.expr, writer: Writer) -> str:
        """A run of a tensor of constants, which is computed already."""
        text = writer.text(fetch)
        plain = isinstance(fetch, (ast.Name, ast.Call, ast.Attribute, ast.Subscript))
        return f"{text}.numpy()" if plain else f"({text}).numpy()"

    def _feed_of(self, run: Run) -> ast.expr:
        assert run.feed is not None
        return run.feed

    def _arguments(self, literal: ast.Dict, writer: Writer) -> list[tuple[list[str], str, str]]:
        """Return what is fed: the comments above, the value, and the comment behind."""
        rows: list[tuple[list[str], str, str]] = []
        comments = self._comments_in(literal)
        last = literal.lineno - 1
        for index, value in enumerate(literal.values):
            line = value.end_lineno or value.lineno
            following = literal.values[index + 1].lineno if index + 1 < len(literal.values) else 0
            above = [text for at, text in comments if last < at < value.lineno]
            behind = [text for at, text in comments if at == line and following != line]
            text = writer.text(value)
            if "\n" in text and "#" in text:
                raise Refusal(value, "comment", "a comment stands inside a value that is fed")
            if "\n" in text:
                text = ast.unparse(ast.parse(text.strip(), mode="eval"))
            rows.append((above, text, behind[0] if behind else ""))
            last = line
        return rows

    def _comments_in(self, node: ast.expr) -> list[tuple[int, str]]:
        source = self.module.source(node)
        found: list[tuple[int, str]] = []
        with contextlib.suppress(tokenize.TokenError):
            found.extend(
                (node.lineno + token.start[0] - 1, token.string.rstrip())
                for token in tokenize.generate_tokens(io.StringIO(f"({source}\n)").readline)
                if token.type == tokenize.COMMENT
            )
        return found

    def _loose_comments(self, run: Run) -> list[str]:
        """Return the comments of a run that belong to none of its feeds."""
        taken = [text for _, text in self._comments_in(run.literal)] if run.literal else []
        if run.dropped is not None:
            taken = []
        return [text for _, text in self._comments_in(run.call) if text not in taken]

    def _call(self, node: ast.Call, writer: Writer) -> str | list[Edit] | None:
        symbol = self.facts.symbol(node.func)
        place = (node.lineno, node.col_offset)
        if symbol is not None and symbol.name == "tf.train.Saver":
            return self._saver(node, writer)
        if symbol is not None and SPECIAL.get(symbol.name) is What.WRITER:
            return self._writer(node, writer)
        if node in self.saving:
            edits = self._without_session(node, writer, self.saving[node])
            start = self.module.start(node)
            shifted = [(a - start, b - start, new) for a, b, new in edits]
            self.answers[place] = applied(self.module.source(node), shifted)
            return edits
        if symbol is None and is_lookup(self.facts, node):
            return self._looked_up(node, writer)
        if symbol is not None and symbol.name == FINDS:
            return self._from_info(node, writer)
        if node in self.given:
            return self._dropped(node, self.given[node], writer)
        if isinstance(node.func, ast.Attribute):
            base = self.facts.kind(node.func.value)
            if base is What.WRITER and node.func.attr == "add_summary":
                return self._added(node, writer)
            if base is What.WRITER and node.func.attr not in ("flush", "close"):
                raise Refusal(
                    node, "summary", f"`.{node.func.attr}()` of a writer is not carried over"
                )
        return None

    def _from_info(self, node: ast.Call, writer: Writer) -> str | None:
        """The tensor of a signature is found by its name."""
        given = dict(zip(("tensor_info", "graph"), node.args, strict=False))
        given.update({word.arg: word.value for word in node.keywords if word.arg})
        if "tensor_info" not in given or set(given) - {"tensor_info", "graph"}:
            raise Refusal(node, "graph code", "it is not told which tensor it finds")
        if "graph" in given and self.facts.kind(given["graph"]) is not What.CONFIG:
            raise Refusal(node, "graph code", "it is not told in which graph this is")
        return f"{self._graph(node)}.get_tensor_by_name({writer.text(given['tensor_info'])}.name)"

    def _graph(self, node: ast.Call) -> str:
        """Return how the graph is reached that is asked for a part."""
        short = any(node in calls for calls in self.graph_calls.values())
        return GRAPH if short else f"{self.tf}.compat.v1.get_default_graph()"

    def _looked_up(self, node: ast.Call, writer: Writer) -> list[Edit] | None:
        """What is asked of a graph is asked of the one that is built."""
        assert isinstance(node.func, ast.Attribute)
        if node.func.attr in ("get_operations", "as_graph_def") and self.code.loads:
            return None  # the runtime knows what of it was loaded
        graph = node.func.value
        start, end = self.module.start(graph), self.module.end(graph)
        edits: list[Edit] = [(start, end, self._graph(node))]
        for argument in [*node.args, *(word.value for word in node.keywords)]:
            edits += writer.edits(argument)
        return edits

    def _function(self, node: ast.FunctionDef, writer: Writer) -> list[Edit] | None:
        parameters = [p for p in self.sessions.parameters if p.method is node]
        if not parameters:
            return None
        edits: list[Edit] = []
        for parameter in parameters:
            arguments = node.args.args
            index = arguments.index(parameter.node)
            first = len(arguments) - len(node.args.defaults)
            if index >= first:
                raise Refusal(parameter.node, "session", "a session may be given, or not")
            start = self.module.offset(parameter.node.lineno, parameter.node.col_offset)
            end = self.module.offset(
                parameter.node.end_lineno or 0, parameter.node.end_col_offset or 0
            )
            previous = arguments[index - 1]
            before = self.module.offset(
                previous.end_lineno or previous.lineno, previous.end_col_offset or 0
            )
            if "#" in self.text[before:start]:
                raise Refusal(parameter.node, "comment", "a comment stands beside the session")
            edits.append((before, end, ""))
        for child in ast.iter_child_nodes(node):
            if child is node.args:
                for default in [*node.args.defaults, *node.args.kw_defaults]:
                    if default is not None:
                        edits += writer.edits(default)
            else:
                edits += writer.edits(child)
        return edits


def _broken(
    function: str, rows: list[tuple[list[str], str, str]], loose: list[str], column: int
) -> str:
    """Return a call with its arguments and their comments on lines of their own."""
    inner = " " * (column + 4)
    lines = [f"{function}("]
    lines += [f"{inner}{comment}" for comment in loose]
    for above, value, behind in rows:
        lines += [f"{inner}{comment}" for comment in above]
        lines.append(f"{inner}{value},{'  ' + behind if behind else ''}")
    return "\n".join([*lines, " " * column + ")"])
