"""What saves, exports and summarizes, as it is written without a session."""

from __future__ import annotations

import ast

from migrator.lift.classes.exports import Export
from migrator.lift.classes.facts import What
from migrator.lift.classes.functions import Functions
from migrator.lift.classes.phases import Phases
from migrator.lift.classes.places import Places, outermost
from migrator.lift.classes.sessions import Sessions
from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Refusal
from migrator.lift.parts import unused
from migrator.lift.text import Edit, Writer, call

__all__ = ["Saving"]

_SAVER_OPTIONS = frozenset(
    {"var_list", "max_to_keep", "keep_checkpoint_every_n_hours", "reshape", "pad_step_number"}
    | {"save_relative_paths", "name"}
)


class Saving(Places):
    """Writes the calls of savers, exports and summary writers.

    Args:
        phases: the order of building and running.
        functions: what the runs become.
        sessions: where the session comes from.
    """

    tf: str  #: the name that TensorFlow is imported as
    code: GraphCode  #: what writes graph code

    def __init__(self, phases: Phases, functions: Functions, sessions: Sessions) -> None:
        super().__init__(phases)
        self.functions = functions
        self.sessions = sessions
        #: line and column of a saving call -> what it became
        self.answers: dict[tuple[int, int], str] = {}
        self.notes: list[str] = list(sessions.notes)

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
        if self.module.enclosing(node, (ast.FunctionDef,)) is not unit:
            raise Refusal(node, "saver", "savers are made in a function inside")
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
        new = self._own(family, "make_saver")
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
        edits = [*writer.edits(node.func), *self._cut_argument(node, session)]
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
        return outermost(edits)

    def _dropped(self, node: ast.Call, argument: ast.expr, writer: Writer) -> list[Edit]:
        edits = [*writer.edits(node.func), *self._cut_argument(node, argument)]
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
            inner = self._space(self._column(self.module.statement(node))) + self.indent
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

    def _is_proto(self, node: ast.expr) -> bool:
        """Whether a summary is a proto; otherwise it is what a run gave."""
        values: list[ast.expr | None] = [node]
        if isinstance(node, ast.Name):
            _, bindings = self.module.find(node.id, self.module.scope_of[node])
            values = []
            for binding in bindings:
                statement = self.module.statement(binding.node)
                given = statement.value if isinstance(statement, ast.Assign) else None
                values.append(binding.value or given)
        protos = set()
        for value in values:
            if not isinstance(value, ast.Call):
                raise Refusal(node, "summary", "it is not told what is written")
            symbol = self.facts.symbol(value.func)
            proto = symbol is not None and symbol.name in ("tf.Summary", "tf.summary.Summary")
            if not proto and value not in self.phases.runs.at:
                raise Refusal(node, "summary", "it is not told what is written")
            protos.add(proto)
        if len(protos) != 1:
            raise Refusal(node, "summary", "it is not told what is written")
        return protos.pop()

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
        inner = self._space(column) + self.indent
        summary = writer.text(given["summary"])
        if self._is_proto(given["summary"]):
            summary += ".SerializeToString()"
        return (
            f"with {owner}.as_default():\n"
            f"{inner}{self.tf}.summary.experimental.write_raw_pb({summary}, step={step})"
        )

    def _exported(self, export: Export, writer: Writer) -> str:
        """The statement that wrote an export: a module of its signatures is saved."""
        cut = self.functions.exported[export]
        column = self._column(export.statement)
        inner = self._space(column) + self.indent
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
