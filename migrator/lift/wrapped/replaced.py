"""What becomes of the code that uses the session, where it stands."""

from __future__ import annotations

import ast

from migrator.lift.expressions import arguments
from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Refusal
from migrator.lift.text import Edit, Writer, call, folded, moved
from migrator.lift.wrapped.actions import SAVER, SAVER_CARRIED
from migrator.lift.wrapped.analysis import Analysis
from migrator.lift.wrapped.layout import Layout
from migrator.lift.wrapped.things import Feed, Sort

__all__ = ["Replaced"]


class Replaced(Layout):
    """Writes the calls that take the place of runs, saves and exports.

    Args:
        scope: the analysis, done and checked.
        tensorflow: the name that TensorFlow is imported as.
        tab: one level of indentation.
    """

    model: str  #: the name that the module is kept in
    exported: str  #: the name that a module is kept in while it is exported

    def __init__(self, scope: Analysis, tensorflow: str, tab: str) -> None:
        super().__init__(scope, tensorflow, tab)
        self.code = GraphCode(self.module, tensorflow, self._outside)
        #: line and column of a saving call -> what it became
        self.answers: dict[tuple[int, int], str] = {}
        self._outside_names = dict(scope.outside)
        self._assigns = dict(scope.assigns)
        self._gives = {node: (variable, value) for node, variable, value in scope.gives}
        self._eager = dict(scope.eager)
        self._reads = dict(scope.reads)
        self._steps = dict(scope.steps)
        self._exports = {export.statement: export for export in scope.exports}
        self._dropped = {argument: node for node, argument in scope.session_arguments}
        self._skipped: set[ast.AST] = {*scope.moved, *scope.removed}

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
        for opener in self.scope.openings.values():
            value = opener.returns.value
            if node is opener.returns and isinstance(value, ast.Tuple):
                rest = [one for at, one in enumerate(value.elts) if at != opener.index]
                text = ", ".join(self.code.text(one) for one in rest)
                return [(self.module.start(value), self.module.end(value), text)]
        if isinstance(node, ast.Expr):
            if node in self._exports:
                return self._exported(node)
            if node.value in self.scope.additions:
                return self._added(node)
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)):
            return self._respelled(node, writer.inside(node))
        if isinstance(node, ast.Call):
            symbol = self.scope.calls.symbols.get(node.func)
            if symbol is not None and symbol.name == "tf.Graph" and self.scope.new_graphs:
                return f"{self.tf}.compat.v1.get_default_graph()"
            new = self._call(node)
            if new is not None:
                self.answers[(node.lineno, node.col_offset)] = new
                return new
            if node in self.scope.calls.loads:
                loaded = self.scope.without_sessions(node, writer)
                if loaded is not None:
                    return loaded
            if node in self.scope.late_savers:
                options = [self._argument(node, name, value) for name, value in _given(node)]
                return self._call_text(node, f"{self.model}.make_saver", options)
            dropped = self._without_session(node)
            if dropped is not None:
                return dropped
            symbol = self.scope.calls.symbols.get(node.func)
            if symbol is not None and symbol.spelled.startswith("tf.examples."):
                return writer.inside(node)
            if node in self.scope.calls.savers.values():
                given = arguments(node, SAVER, SAVER_CARRIED)
                texts = [
                    self._argument(node, None if name == "var_list" else name, value)
                    for name, value in given.items()
                    if name != "name"
                ]
                return self._call_text(node, "tf2_bridge.saver", texts)
        if isinstance(node, ast.FunctionDef):
            return self._function(node)
        if isinstance(node, ast.Dict) and node in self.scope.feeds:
            return self._tuple(self.scope.feeds[node])
        symbol = self.scope.calls.symbols.get(node)
        if symbol is not None and symbol.spelled.startswith("tf.examples."):
            return []  # the tutorials' data, which the user has to replace in any case
        if isinstance(node, ast.Attribute) and self.scope.is_graph_of_loader(node):
            return f"{self.tf}.compat.v1.get_default_graph()"
        if isinstance(node, ast.Attribute) and self._is_dimension(node):
            end = self.module.end(node.value)
            return [*writer.edits(node.value), (end, self.module.end(node), "")]
        if isinstance(node, ast.Name) and node in self.scope.counts:
            return f"{self.model}.{self.build.name_of(self.scope.counts[node])}()"
        if isinstance(node, ast.Name) and node in self._outside_names:
            return f"{self.model}.{self.build.attribute(node)}"
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            self._check_known(node)
        return None

    def _is_dimension(self, node: ast.Attribute) -> bool:
        """Whether ``node`` is the value of a dimension: outside of a build, that is a number."""
        of = node.value
        if node.attr != "value":
            return False
        if isinstance(of, ast.Subscript):
            return self._is_shape(of.value)
        if not isinstance(of, ast.Name):
            return False
        for around in self.module.ancestors(of):
            loops: list[ast.comprehension | ast.For] = []
            if isinstance(around, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
                loops += around.generators
            elif isinstance(around, ast.For):
                loops.append(around)
            for loop in loops:
                if isinstance(loop.target, ast.Name) and loop.target.id == of.id:
                    return self._is_shape(loop.iter)
        return False

    def _is_shape(self, node: ast.AST | None, moved: bool = False) -> bool:
        """Whether an expression is the static shape of a value of the build."""
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return self._is_shape(node.value, moved)
        if isinstance(node, ast.Name) and node in self._outside_names:
            return self._is_shape(self._outside_names[node].node, moved=True)
        if isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Attribute):
            node = node.func
            wanted = "get_shape"
        else:
            wanted = "shape"
        if not isinstance(node, ast.Attribute) or node.attr != wanted:
            return False
        root: ast.expr = node.value
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        return moved or (isinstance(root, ast.Name) and root in self._outside_names)

    def _respelled(self, node: ast.stmt, edits: list[Edit]) -> list[Edit]:
        """Return the edits of a statement that stays, its further lines aligned as they were."""
        start, end = self.module.start(node), self.module.end(node)
        line = self.module.offset(node.lineno, 0)
        if not edits or self.text[line:start].strip():
            return edits
        to = self._column(node)
        inside = [(at - start, until - start, new) for at, until, new in edits]
        text = moved(self.text[start:end], start - line, to, inside)
        return [(start, end, folded(" " * to + text, self.text[line:end], self.tab)[to:])]

    def _check_known(self, node: ast.Name) -> None:
        """Refuse a name that stays in the text while what it stands for does not."""
        thing = self.scope.env.get(self.scope.calls.key(node))
        host = (Sort.HOST, Sort.WRITER, Sort.FEED)
        if thing is None or thing.sort in host:
            return
        first = getattr(self.scope.versions[self.scope.calls.key(node)][0].node, "lineno", 0)
        inside = self.module.enclosing(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef))
        if inside is None and node.lineno < first:
            return  # a builtin function, until then
        if any(one.sort in host for one in self.scope.versions[self.scope.calls.key(node)]):
            return  # a version of the name that is the host's was looked at
        raise Refusal(node, "host use", f"`{node.id}` is a {thing.sort.value}, and is used here")

    def _call(self, node: ast.Call) -> str | None:
        scope = self.scope
        use = scope.use_of.get(node)
        if use is not None:
            return self._used(node, f"{self.model}.{self.build.name_of(use)}")
        if node in scope.named:
            fetch, feed = scope.named[node]
            feeds = [self.code.text(key) for key in feed.keys] if feed is not None else []
            made = f"{self.model}.function([{', '.join(feeds)}], {self.code.text(fetch)})"
            return self._used(node, made)
        if node in scope.listings:
            return f"{self.model}.{self.build.listing_name(node)}"
        if node in scope.inits:
            return f"{self.model}.initialize()"
        if node in self._assigns:
            return self._assigned(node, self._assigns[node])
        if node in self._gives:
            variable, value = self._gives[node]
            return f"{self.code.text(variable)}.assign({self.code.text(value)})"
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
                    # a module has no graph that a ``.meta`` file could hold
                    if not self._is_session(value) and name != "write_meta_graph"
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
            elif isinstance(value, ast.Call) and (
                self.scope.calls.definition(value.func) in self.scope.feeders
            ):
                feed = [f"*{self.code.text(value)}"]
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
        modular = self.scope.calls.definition(node.func) in self.scope.modular
        texts = [
            (f"{name}=" if name else "") + self.model
            if modular and self._is_session(value)
            else self._argument(node, name, value)
            for name, value in _given(node)
            if value not in self._dropped or (modular and self._is_session(value))
        ]
        new = self._call_text(node, self.code.text(node.func), texts)
        return [(self.module.start(node), self.module.end(node), new)]

    def _function(self, node: ast.FunctionDef) -> list[Edit] | None:
        """Return the edits of a function that has a parameter for the session."""
        local = self.module.scopes[node]
        spec = node.args
        names = [*spec.posonlyargs, *spec.args]
        sessions = {
            argument.arg
            for argument in (*names, *spec.kwonlyargs)
            if (id(local), argument.arg) in self.scope.calls.session_names
        }
        loaders = {name for name in sessions if (id(local), name) in self.scope.calls.loaders}
        gone = sessions | {name for key, name in self.scope.renamed if key == id(local)}
        if not gone or (node not in self.scope.deferred and gone != loaders):
            return None
        if spec.kwonlyargs or spec.vararg or spec.kwarg or spec.posonlyargs:
            raise Refusal(node, "function", "its parameters are not plain ones")
        defaults = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
        if any(argument.arg in gone for argument in defaults):
            raise Refusal(node, "function", "a parameter for the session has a default")
        rest: list[str] = []
        for argument in names:
            if argument.arg in sessions and node in self.scope.modular:
                rest.append(self.model)
            elif argument.arg not in gone:
                default = defaults.get(argument)
                value = f"={self.code.text(default)}" if default is not None else ""
                rest.append(argument.arg + value)
        start = self.module.offset(names[0].lineno, names[0].col_offset)
        last = spec.defaults[-1] if spec.defaults else names[-1]
        end = self.module.offset(last.end_lineno or 0, last.end_col_offset or 0)
        if "\n" in self.text[start:end] or any(argument.annotation for argument in names):
            raise Refusal(node, "layout", "its parameters stand on several lines")
        edits: list[Edit] = [(start, end, ", ".join(rest))]
        for inner in node.body:
            edits += self.code.writer.edits(inner)
        return edits

    def _added(self, node: ast.Expr) -> str:
        """Return what writes a summary."""
        assert isinstance(node.value, ast.Call)
        assert isinstance(node.value.func, ast.Attribute)
        values: dict[str, ast.expr] = {}
        for index, (name, value) in enumerate(_given(node.value)):
            values[name or ("summary", "global_step")[index]] = value
        writer = self.code.text(node.value.func.value)
        summary = self.code.text(values["summary"])
        step = self.code.text(values["global_step"]) if "global_step" in values else "0"
        indent = " " * self._column(node)
        return (
            f"with {writer}.as_default():\n"
            f"{indent}{self.tab}{self.tf}.summary.experimental.write_raw_pb({summary}, step={step})"
        )

    def _exported(self, node: ast.Expr) -> str:
        """Return what saves an export."""
        export = self._exports[node]
        indent = " " * self._column(node)
        name, module = self.build.export_name(export), self.exported
        directory = self.code.text(export.directory)
        save = call(
            f"{self.tf}.saved_model.save",
            [module, f"{module}.export_dir", f"signatures={module}.signatures"],
            len(indent) + len(self.tab),
        )
        new = f"with {self.model}.{name}({directory}) as {module}:\n{indent}{self.tab}{save}"
        self.answers[(export.call.lineno, export.call.col_offset)] = new
        return new


def _given(node: ast.Call) -> list[tuple[str | None, ast.expr]]:
    found: list[tuple[str | None, ast.expr]] = [(None, value) for value in node.args]
    return [*found, *((word.arg, word.value) for word in node.keywords)]
