"""The new text of a file whose classes are lifted."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from migrator.lift.classes.exports import Export
from migrator.lift.classes.facts import SPECIAL, Facts, What
from migrator.lift.classes.functions import Functions, keyword, negated
from migrator.lift.classes.phases import Build, Phases, is_gone
from migrator.lift.classes.runs import Run
from migrator.lift.classes.sessions import Sessions
from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Refusal
from migrator.lift.layout import indent_of, string_lines
from migrator.lift.parts import unused
from migrator.lift.text import Edit, Writer, applied, call, comment_end, moved
from migrator.names import Module

__all__ = ["Emitter"]

#: Comments above a statement that went which tell of nothing else.
_TELLS_OF_SESSION = re.compile(
    r"(?i)\bsess(ion)?s?\b|\binit(iali[sz]\w*)?\b|\bclose\b|tf\.Graph|feed"
)

_SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Assert, ast.Raise)

_SAVER_OPTIONS = frozenset(
    {"var_list", "max_to_keep", "keep_checkpoint_every_n_hours", "reshape", "pad_step_number"}
    | {"save_relative_paths", "name"}
)


class Emitter:
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
        self.phases = phases
        self.facts: Facts = phases.facts
        self.module: Module = phases.module
        self.text = self.module.text
        self.functions = functions
        self.sessions = sessions
        self.bridge_import = bridge_import
        self.tf, self.import_edits = self._tensorflow()
        self.code = GraphCode(self.module, self.tf, self._replace, "tf2_bridge")
        self.answers: dict[tuple[int, int], str] = {}
        self.notes: list[str] = list(sessions.notes)
        self.parts: set[str] = {"graph_module"}
        self.indent = indent_of(self.text)
        self.saving = dict(phases.runs.saving)
        self.given = {call: argument for p in sessions.parameters for call, argument in p.calls}
        self.exports = {export.statement: export for export in phases.runs.exports.found}
        self.roots = {family.root for family in self.facts.families}
        self.strings = string_lines(self.text)
        for run in sessions.first:
            self.phases.removed[self.module.statement(run.call)] = "init"

    # -- imports -----------------------------------------------------------------------

    def _tensorflow(self) -> tuple[str, list[Edit]]:
        found: list[tuple[str, ast.Import | ast.ImportFrom, bool]] = []
        for node in self.module.imports:
            if self.module.parents[node] is not self.module.tree:
                continue
            if isinstance(node, ast.ImportFrom):
                if node.module == "tensorflow.compat" and [a.name for a in node.names] == ["v1"]:
                    found.append((node.names[0].asname or "v1", node, True))
                continue
            for alias in node.names:
                if alias.name == "tensorflow":
                    found.append((alias.asname or alias.name, node, False))
                elif alias.name == "tensorflow.compat.v1" and alias.asname:
                    found.append((alias.asname, node, len(node.names) == 1))
        if len(found) != 1 or any(
            module.startswith("tensorflow") for module, _ in self.module.root.stars
        ):
            place = self.module.imports[0] if self.module.imports else self.module.tree
            raise Refusal(
                place, "import", "TensorFlow is not imported by one plain `import tensorflow as tf`"
            )
        name, node, swapped = found[0]
        edits: list[Edit] = []
        if swapped:
            new = f"import tensorflow as {name}"
            edits.append((self.module.start(node), self.module.end(node), new))
        end = self.text.find("\n", self.module.end(node)) + 1 or len(self.text)
        edits.append((end, end, f"{self.bridge_import}\n"))
        return name, edits

    # -- all ---------------------------------------------------------------------------

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
        edits += self.import_edits
        edits += self._headers()
        edits += self._deletions()
        edits += self._dedents(edits)
        edits = _outermost(edits)
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
        self._check_comments(text)
        return text

    def _check_comments(self, text: str) -> None:
        after = _comments(text)
        for comment in _comments(self.text) - after:
            if not _TELLS_OF_SESSION.search(comment):
                raise Refusal(
                    self.facts.families[0].root,
                    "comment",
                    f"the comment `{comment}` would be lost",
                )

    # -- expressions -------------------------------------------------------------------

    def _replace(self, node: ast.AST, writer: Writer) -> str | list[Edit] | None:
        if isinstance(node, ast.stmt):
            if node in self.phases.removed:
                return []
            if node in self.exports:
                return self._exported(self.exports[node], writer)
            if isinstance(node, ast.With) and is_gone(self.facts, node):
                return [edit for inner in node.body for edit in writer.edits(inner)]
            if isinstance(node, ast.FunctionDef):
                return self._function(node, writer)
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                return []
            if isinstance(node, _SIMPLE) and node.end_lineno != node.lineno:
                return self._aligned(node, writer)
            return None
        if isinstance(node, ast.Call):
            run = self.phases.runs.at.get(node)
            if run is not None:
                return self._run(run, writer)
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

    def _aligned(self, node: ast.stmt, writer: Writer) -> list[Edit]:
        """Return a statement of several lines, those behind the first aligned again."""
        edits = writer.inside(node)
        if not edits:
            return []
        start, end = self.module.start(node), self.module.end(node)
        column = self.module.line_column(start)[1]
        shifted = [(a - start, b - start, new) for a, b, new in edits]
        return [(start, end, moved(self.text[start:end], column, self._column(node), shifted))]

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
            if owner is None or run.family is None:
                raise Refusal(node, "init", "variables are initialized again")
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

    def _column(self, statement: ast.stmt) -> int:
        """Return the column of a statement once the blocks of the session are gone."""
        column = self.module.line_column(self.module.start(statement))[1]
        for around in self.module.ancestors(statement):
            if isinstance(around, ast.With) and is_gone(self.facts, around):
                column -= self._depth(around)
        return column

    def _depth(self, node: ast.With) -> int:
        if node.body[0].lineno == node.lineno:
            raise Refusal(node, "layout", "its block stands on the line of the `with`")
        return node.body[0].col_offset - node.col_offset

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
        try:
            found.extend(
                (node.lineno + token.start[0] - 1, token.string.rstrip())
                for token in tokenize.generate_tokens(io.StringIO(f"({source}\n)").readline)
                if token.type == tokenize.COMMENT
            )
        except tokenize.TokenError:
            pass
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

    def _own(self, family: object, name: str) -> str:
        """Return how a method of the module is reached where the class may have that name, too."""
        for one in self.facts.families:
            if one is family:
                if name in one.methods:
                    if len(one.classes) > 1:
                        raise Refusal(
                            one.methods[name][0], "name", f"`{name}` is a name of the module's own"
                        )
                    return f"super().{name}"
                if name in one.attributes:
                    return f"super().{name}"
        return f"self.{name}"

    def _saver(self, node: ast.Call, writer: Writer) -> list[Edit]:
        family = self.facts.family(node)
        if family is None:
            raise Refusal(node, "saver", "the script saves the variables of a class itself")
        unit = self.facts.unit(node)
        if self.module.enclosing(node, (ast.ListComp, ast.Lambda, ast.DictComp)) is not None:
            raise Refusal(node, "saver", "savers are made in a comprehension")
        for keyword_ in node.keywords:
            if keyword_.arg not in _SAVER_OPTIONS:
                raise Refusal(node, "saver", f"`{keyword_.arg}` of a saver is not carried over")
        if len(node.args) > 1:
            raise Refusal(node, "saver", "the arguments of a saver are not told by name")
        building = unit in self.phases.builders and unit not in {
            build.method for build in self.phases.builds if build.part
        }
        building = building or any(
            at in build.part for build in self.phases.builds for at in self.module.ancestors(node)
        )
        for argument in [*node.args, *(k.value for k in node.keywords)]:
            if not building and self.phases.makes(argument) is not None:
                raise Refusal(argument, "saver", "what it saves is told behind the graph")
        new = self._own(family, "saver")
        edits: list[Edit] = [(self.module.start(node.func), self.module.end(node.func), new)]
        for argument in node.args:
            edits += writer.edits(argument)
        name = next((k for k in node.keywords if k.arg == "name"), None)
        if name is not None:
            edits += self._cut_argument(node, name.value)
        for keyword_ in node.keywords:
            if keyword_ is not name:
                edits += writer.edits(keyword_.value)
        self.answers[(node.lineno, node.col_offset)] = f"{new}(...)"
        return edits

    def _without_session(self, node: ast.Call, writer: Writer, method: str) -> list[Edit]:
        """A call of a saver: its session goes."""
        session = next((k.value for k in node.keywords if k.arg == "sess"), None)
        if session is None and node.args:
            session = node.args[0]
        if session is None or self.facts.kind(session) is not What.SESSION:
            raise Refusal(node, "saver", "it is not told which session it saves")
        edits = self._cut_argument(node, session)
        for argument in node.args:
            if argument is not session:
                edits += writer.edits(argument)
        for keyword_ in node.keywords:
            if keyword_.arg in ("write_meta_graph", "meta_graph_suffix", "strip_default_attrs"):
                edits += self._cut_argument(node, keyword_.value)
                if keyword_.arg != "write_meta_graph":
                    continue
            elif keyword_.value is not session:
                if keyword_.arg not in (
                    *("save_path", "global_step", "latest_filename", "write_state"),
                ):
                    raise Refusal(keyword_.value, "saver", f"`{keyword_.arg}` is not carried over")
                edits += writer.edits(keyword_.value)
        return _outermost(edits)

    def _dropped(self, node: ast.Call, argument: ast.expr, writer: Writer) -> list[Edit]:
        edits = self._cut_argument(node, argument)
        for other in [*node.args, *(k.value for k in node.keywords)]:
            if other is not argument:
                edits += writer.edits(other)
        return edits

    def _cut_argument(self, node: ast.Call, argument: ast.expr) -> list[Edit]:
        """Return the edit that takes one argument of a call away, with its comma."""
        spans = [(self.module.start(at), self.module.end(at), at) for at in node.args]
        for one in node.keywords:
            start = self.module.offset(one.lineno, one.col_offset)
            spans.append((start, self.module.end(one.value), one.value))
        spans.sort()
        index = next(i for i, span in enumerate(spans) if span[2] is argument)
        start, end, _ = spans[index]
        if index + 1 < len(spans):
            between = self.text[end : spans[index + 1][0]]
            if "#" in between:
                raise Refusal(argument, "comment", "a comment stands behind the session")
            return [(start, spans[index + 1][0], "")]
        if index:
            return [(spans[index - 1][1], end, "")]
        close = self.module.end(node) - 1
        return [(start, close, "")] if "#" not in self.text[start:close] else [(start, end, "")]

    def _writer(self, node: ast.Call, writer: Writer) -> str:
        names = ("logdir", "graph")
        given = dict(zip(names, node.args, strict=False))
        given.update({k.arg: k.value for k in node.keywords if k.arg})
        if "logdir" not in given or set(given) - set(names) or len(node.args) > 2:
            raise Refusal(node, "summary", "what is given to the writer is not carried over")
        graph = given.get("graph")
        if graph is not None and self.facts.kind(graph) is not What.CONFIG:
            symbol = self.facts.symbol(graph)
            if symbol is None and not isinstance(graph, ast.Constant):
                raise Refusal(graph, "summary", "it is not told which graph is written")
        made = f"{self.tf}.summary.create_file_writer({writer.text(given['logdir'])})"
        family = self.facts.family(node)
        if isinstance(self.module.parents[node], ast.Expr):
            owners = ["self"] if family is not None else self._instances(node)
            inner = " " * self._column(self.module.statement(node)) + self.indent
            rows = [f"{inner}{self.tf}.summary.graph({owner}.graph_def)" for owner in owners]
            return "\n".join([f"with {made}.as_default():", *rows])
        if graph is not None:
            self.notes.append("The graph is not written for TensorBoard any more")
        return made

    def _instances(self, node: ast.Call) -> list[str]:
        """Return the names that the script gives its models."""
        names = []
        for made, _ in self.sessions.instances:
            parent = self.module.parents[made]
            if not isinstance(parent, ast.Assign) or not isinstance(parent.targets[0], ast.Name):
                raise Refusal(node, "summary", "it is not told which graph is written")
            if self.facts.unit(made) is not self.facts.unit(node):
                raise Refusal(node, "summary", "it is not told which graph is written")
            names.append(parent.targets[0].id)
        if not names:
            raise Refusal(node, "summary", "it is not told which graph is written")
        return list(dict.fromkeys(names))

    def _added(self, node: ast.Call, writer: Writer) -> str:
        """``writer.add_summary(summary, step)`` writes what the graph made."""
        if not isinstance(self.module.parents[node], ast.Expr):
            raise Refusal(node, "summary", "what it gives is used")
        names = ("summary", "global_step")
        given = dict(zip(names, node.args, strict=False))
        given.update({k.arg: k.value for k in node.keywords if k.arg})
        if set(given) - set(names) or "summary" not in given:
            raise Refusal(node, "summary", "its arguments are not carried over")
        assert isinstance(node.func, ast.Attribute)
        step = writer.text(given["global_step"]) if "global_step" in given else "0"
        column = self._column(self.module.statement(node))
        owner = writer.text(node.func.value)
        inner = " " * column + self.indent
        summary = writer.text(given["summary"])
        return (
            f"with {owner}.as_default():\n"
            f"{inner}{self.tf}.summary.experimental.write_raw_pb({summary}, step={step})"
        )

    def _exported(self, export: Export, writer: Writer) -> str:
        """The statement that wrote an export: a module of its signatures is saved."""
        cut = self.functions.exported[export]
        column = self._column(export.statement)
        inner = " " * column + self.indent
        unit = self.facts.unit(export.call)
        taken = {at.id for at in self.facts.below(unit) if isinstance(at, ast.Name)}
        module = unused("module", taken)
        directory = writer.text(export.directory)
        text = f"{self.tf}.saved_model.save"
        arguments = [module, f"{module}.export_dir", f"signatures={module}.signatures"]
        place = (export.call.lineno, export.call.col_offset)
        saving = call(text, arguments, len(inner), 0)
        self.answers[place] = saving
        return f"with self.{cut.name}({directory}) as {module}:\n{inner}{saving}"

    # -- statements --------------------------------------------------------------------

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
        indent = " " * first.col_offset
        return start, start, f"{indent}super().__init__()\n"

    def _after_name(self, node: ast.ClassDef) -> int:
        start = self.module.start(node)
        match = re.compile(r"class\s+" + re.escape(node.name)).match(self.text, start)
        assert match is not None
        return match.end()

    def _above(self, node: ast.stmt) -> int:
        """Return where the line of a statement, or the comments right above it, start."""
        start = self.module.offset(node.lineno, 0)
        while start > 0:
            before = self.text.rfind("\n", 0, start - 1) + 1
            if not self.text[before:start].strip().startswith("#"):
                break
            start = before
        return start

    def _line_end(self, offset: int) -> int:
        return self.text.find("\n", offset) + 1 or len(self.text)

    def _deletions(self) -> list[Edit]:
        edits: list[Edit] = []
        removed = self.phases.removed
        for node in removed:
            if self._stands_in_gone_text(node):
                continue
            start = self.module.offset(node.lineno, 0)
            end = self.module.end(node)
            behind = comment_end(self.text, end)
            comment = self.text[end:behind].strip()
            rest = self.text[behind : self._line_end(end) if behind == end else behind]
            if self.text[start : self.module.start(node)].strip() or rest.strip(" \t\r\n"):
                raise Refusal(node, "layout", "it shares its line with another statement")
            if self._empties(node):
                edits.append((self.module.start(node), end, "pass"))
                continue
            if comment and not _TELLS_OF_SESSION.search(comment):
                edits.append((self.module.start(node), behind, comment))
                continue
            above = self._above(node)
            comments = self.text[above:start]
            if comments and all(_TELLS_OF_SESSION.search(row) for row in comments.splitlines()):
                start = above
            edits.append((start, self._line_end(end), ""))
        return self._closed_up(edits)

    def _closed_up(self, edits: list[Edit]) -> list[Edit]:
        """Let lines that go take the blank lines with them that would stand double."""
        found: list[Edit] = []
        for start, end, new in sorted(edits):
            if new:
                found.append((start, end, new))
                continue
            if found and not found[-1][2] and not self.text[found[-1][1] : start].strip():
                start = found.pop()[0]
            before = self.text[:start]
            if before.endswith(("\n\n", ":\n")) or not before.strip():
                while end < len(self.text) and not self.text[end : self._line_end(end)].strip():
                    end = self._line_end(end)
            found.append((start, end, ""))
        return found

    def _stands_in_gone_text(self, node: ast.stmt) -> bool:
        return any(at in self.phases.removed for at in self.module.ancestors(node))

    def _vanishes(self, node: ast.stmt) -> bool:
        if node in self.phases.removed:
            return True
        return (
            isinstance(node, ast.With)
            and is_gone(self.facts, node)
            and all(self._vanishes(inner) for inner in node.body)
        )

    def _empties(self, node: ast.stmt) -> bool:
        """Whether a block would be left empty, and ``node`` is the last statement of it."""
        at: ast.AST = node
        while True:
            parent = self.module.parents[at]
            for name in ("body", "orelse", "finalbody"):
                block = getattr(parent, name, None)
                if not isinstance(block, list) or at not in block:
                    continue
                if isinstance(parent, ast.Module) or not all(self._vanishes(one) for one in block):
                    return False
                if block[-1] is not at:
                    return False
                if isinstance(parent, ast.With) and is_gone(self.facts, parent):
                    at = parent
                    break
                return True
            else:
                return False

    def _dedents(self, edits: list[Edit]) -> list[Edit]:
        """Take away the headers of the blocks of sessions, and the indentation inside."""
        found: list[Edit] = []
        by_line: dict[int, int] = {}
        for node in self.module.nodes:
            if not isinstance(node, ast.With) or not is_gone(self.facts, node):
                continue
            depth = self._depth(node)
            header = node.body[0].lineno
            first = node.lineno
            comments = [
                row.strip()
                for row in self.text[
                    self.module.offset(first, 0) : self.module.offset(header, 0)
                ].split("\n")
                if "#" in row
            ]
            line = header
            while line > first + 1 and self._row(line - 1).strip().startswith("#"):
                line -= 1
            start = self.module.offset(first, 0)
            if any("#" in row and not row.startswith("#") for row in comments):
                raise Refusal(node, "comment", "a comment stands beside a session that goes")
            if self.text[start : self.module.start(node)].strip():
                raise Refusal(node, "layout", "it shares its line with another statement")
            found.append((start, self.module.offset(line, 0), ""))
            for at in range(line, self._last_line(node) + 1):
                by_line[at] = by_line.get(at, 0) + depth
        covered = [(start, end) for start, end, new in edits if end > start]
        for at, depth in by_line.items():
            if at in self.strings:
                continue
            start = self.module.offset(at, 0)
            row = self._row(at)
            room = len(row) - len(row.lstrip(" \t"))
            if row.strip() and not any(a <= start < b for a, b in covered):
                found.append((start, start + min(depth, room), ""))
        return found

    def _row(self, line: int) -> str:
        start = self.module.offset(line, 0)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    def _last_line(self, node: ast.With) -> int:
        last = node.end_lineno or node.lineno
        inner = node.body[0].col_offset
        line = last + 1
        while line < self.module.lines:
            row = self._row(line)
            if row.strip() and not (
                row.lstrip().startswith("#") and len(row) - len(row.lstrip()) >= inner
            ):
                break
            if row.strip():
                last = line
            line += 1
        return last

    # -- the build ---------------------------------------------------------------------

    def _definitions(self, build: Build, indent: str) -> str:
        """Return the statements that make the functions."""
        owner = self._own(build.family, "function")
        serving = self._own(build.family, "serving")
        lines: list[str] = []
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
            made = owner if cut.export is None else serving
            text = self.functions.definition(cut, made, len(inner))
            lines.append(inner + text)
        return "".join(f"{line}\n" for line in lines)

    def _build(self, build: Build, edits: list[Edit]) -> list[Edit]:
        """Add the functions to the method that builds; move its statements where it must."""
        if build.whole is not None:
            method = build.whole
            column = method.col_offset
            start = self.module.offset(method.lineno, 0)
            edits.append((start, start, " " * column + "@tf2_bridge.graph\n"))
            inner = " " * method.body[-1].col_offset
            if method.body[0].lineno == method.lineno:
                raise Refusal(method, "layout", "a method stands on one line")
            text = self._definitions(build, inner)
            if text:
                at = self._line_end(self.module.end(self._last_inner(method)))
                newline = "" if self.text[:at].endswith("\n") else "\n"
                edits.append((at, at, f"{newline}\n{text}"))
            return edits
        return self._moved(build, edits)

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
        indent = " " * method.body[0].col_offset
        parameters = ", ".join(["self", *build.needed])
        given = ", ".join(build.needed)
        column = " " * method.col_offset
        body = source.strip("\n")
        definitions = self._definitions(build, indent)
        if definitions:
            body += f"\n\n{definitions}"
        head = f"{column}@tf2_bridge.graph\n{column}def {name}({parameters}):\n"
        text = f"\n{head}{body.rstrip()}\n"
        call_text = f"{indent}self.{name}({given})\n"
        outside.append((start, end, "".join(new for _, _, new in moved_in) + call_text + postponed))
        after = self._line_end(self.module.end(method.body[-1]))
        outside.append((after, after, text))
        return outside

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
        indent = " " * node.col_offset
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


def _outermost(edits: list[Edit]) -> list[Edit]:
    """Return the edits that lie in no other, in order."""
    result: list[Edit] = []
    for edit in sorted(set(edits), key=lambda edit: (edit[0], -(edit[1] - edit[0]))):
        inserted = edit[0] == edit[1] and bool(result) and edit[0] == result[-1][0]
        if result and edit[1] <= result[-1][1] and edit[0] < result[-1][1] and not inserted:
            continue
        result.append(edit)
    return sorted(result, key=lambda edit: (edit[0], edit[1]))


def _tidied(text: str, original: str) -> str:
    """Return ``text`` without more blank lines together than the original had, or two."""
    most = max((len(run) - 1 for run in re.findall(r"\n{2,}", original)), default=1)
    limit = max(most, 2) + 1
    return re.sub(rf"\n{{{limit + 1},}}", "\n" * limit, text)


def _comments(text: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT}
