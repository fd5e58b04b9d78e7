"""What a scope does with its session: runs and checkpoints."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from migrator.lift.expressions import Context, arguments
from migrator.lift.kinds import UPDATES, Kind, Refusal, Run, Value, leaves, updates_in
from migrator.lift.operations import Operations
from migrator.names import Module, Symbol

__all__ = ["Restore", "Save", "Saver", "Sessions"]

_FETCHABLE = frozenset({Kind.TENSOR, Kind.VARIABLE, Kind.INIT, Kind.SUMMARY, Kind.GROUP, *UPDATES})


@dataclass(eq=False)
class Save:
    """One ``saver.save(...)``."""

    call: ast.Call
    path: ast.expr
    step: ast.expr | None
    step_value: Value | None


@dataclass(eq=False)
class Restore:
    """One ``saver.restore(...)``."""

    call: ast.Call
    path: ast.expr


@dataclass(eq=False)
class Saver:
    """The Saver of a scope, and what it is used for."""

    call: ast.Call
    given: dict[str, ast.expr]
    trained: list[Value]  #: the train ops that stood before it, whose slots it saves
    saved: dict[Value, str]  #: its variables, each with its name in the file
    after_run: bool = False  #: stands behind the first use of the session
    saves: list[Save] = field(default_factory=list)
    restores: list[Restore] = field(default_factory=list)


class Sessions(Operations):
    """Evaluates the calls that need a session."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.context = Context()
        self.savers: list[Saver] = []
        self.notes: list[str] = []  #: what is not carried over, and does no harm
        self.opened: list[ast.expr] = []  #: calls that open a session, still open
        self.reopened: ast.expr | None = None  #: a later session, whose variables are not set yet
        self.removed: dict[ast.stmt, Value] = {}  #: statements that go with the session
        self.trains: list[Value] = []
        self.started = False  #: a run that is no initialization was seen
        self.initialized = False

    # -- TensorFlow --------------------------------------------------------------------

    def tensorflow(self, node: ast.Call, symbol: Symbol) -> Value:
        """Return what a call of TensorFlow gives."""
        name = symbol.name.partition(".")[2]
        if name in ("Session", "InteractiveSession"):
            given = arguments(node, ("target", "graph", "config"), ("graph", "config"))
            for argument in given.values():
                if self.evaluate(argument).kind is not Kind.CONFIG and not (
                    isinstance(argument, ast.Constant) and argument.value is None
                ):
                    raise Refusal(argument, "session", "what the session is made with is computed")
            if self.context.loop or self.context.deferred:
                raise Refusal(node, "session", "the session is opened in a loop or a function")
            if self.opened or (self.started and self.context.branch):
                raise Refusal(node, "one session", "a second session is opened beside the first")
            if self.started and self.variables:
                self.reopened = node
            self.opened.append(node)
            return Value(Kind.SESSION, node)
        if name == "get_default_session":
            return Value(Kind.SESSION, node)
        if name == "train.Saver":
            return self._make_saver(node)
        return super().tensorflow(node, symbol)

    def method(self, node: ast.Call, base: Value, name: str) -> Value:
        """Return what a method of a graph value gives."""
        if base.kind is Kind.SESSION:
            if name == "run":
                return self._run(node)
            if name == "close" and not node.args and isinstance(self._parent(node), ast.Expr):
                self._remove(node, base)
                self.closed(base)
                return Value(Kind.HOST, node)
            if name == "as_default" and not node.args:
                return base
        elif base.kind is Kind.CONFIG and name == "as_default" and not node.args:
            return base
        elif (name == "eval" and base.kind in (Kind.TENSOR, Kind.VARIABLE)) or (
            name == "run" and base.kind in (Kind.INIT, Kind.GROUP, *UPDATES)
        ):
            return self._evaluation(node)
        elif base.saver is not None and name == "save":
            return self._save(node, base.saver)
        elif base.saver is not None and name == "restore":
            return self._restore(node, base.saver)
        return super().method(node, base, name)

    def _parent(self, node: ast.AST) -> ast.AST:
        return self.module.parents[node]

    def _remove(self, node: ast.expr, value: Value) -> None:
        parent = self._parent(node)
        if not isinstance(parent, ast.stmt):
            raise Refusal(node, "host use", "its value is used")
        self.removed[parent] = value

    # -- runs --------------------------------------------------------------------------

    @contextmanager
    def collected(self, run: Run) -> Iterator[None]:
        """Collect what is read inside for ``run``."""
        before = self.reads, self.host
        self.reads, self.host = [], []
        try:
            yield
            run.reads, run.host = self.reads, self.host
        finally:
            self.reads, self.host = before

    def _run(self, node: ast.Call) -> Value:
        given = arguments(
            node, ("fetches", "feed_dict", "options", "run_metadata"), ("fetches", "feed_dict")
        )
        if "fetches" not in given:
            raise Refusal(node, "fetch", "it fetches nothing")
        fetch = given["fetches"]
        run = Run(node, fetch, order=len(self.steps))
        with self.collected(run):
            if isinstance(fetch, (ast.List, ast.Tuple)):
                run.form = "list" if isinstance(fetch, ast.List) else "tuple"
                elements = list(fetch.elts)
            elif isinstance(fetch, ast.Dict):
                run.form = "dict"
                run.keys = [key for key in fetch.keys if key is not None]
                elements = list(fetch.values)
                if len(run.keys) != len(elements):
                    raise Refusal(fetch, "fetch", "the fetches are made with `**`")
            else:
                elements = [fetch]
            run.fetched = [(element, self._fetched(element)) for element in elements]
        return self._finish(run, given.get("feed_dict"))

    def _evaluation(self, node: ast.Call) -> Value:
        given = arguments(node, ("feed_dict", "session"))
        assert isinstance(node.func, ast.Attribute)
        if "session" in given and self.evaluate(given["session"]).kind is not Kind.SESSION:
            raise Refusal(given["session"], "session", "it is not told which session this is")
        fetch = node.func.value
        run = Run(node, fetch, order=len(self.steps))
        with self.collected(run):
            run.fetched = [(fetch, self._fetched(fetch))]
        return self._finish(run, given.get("feed_dict"))

    def _fetched(self, node: ast.expr) -> Value:
        value = self.evaluate(node)
        if value.several:
            raise Refusal(node, "fetch", "what is fetched is several tensors in one value")
        if value.kind is Kind.SUMMARY and not value.records:
            raise Refusal(node, "summary", "there is nothing in the summary")
        if value.kind is Kind.STRUCT:
            kinds = {leaf.kind for leaf in leaves(value)}
            several = any(leaf.several for leaf in leaves(value))
            if kinds == {Kind.ASSIGN} or (kinds == {Kind.TENSOR} and not several):
                return value
        if value.kind not in _FETCHABLE:
            raise Refusal(
                node, "fetch", f"what is fetched is a {value.kind.value}, not a tensor of the scope"
            )
        return value

    def _finish(self, run: Run, feed: ast.expr | None) -> Value:
        kinds = [value.kind for _, value in run.fetched]
        if Kind.INIT in kinds:
            if set(kinds) != {Kind.INIT}:
                raise Refusal(run.call, "initialization", "it is run together with other fetches")
            if (self.started and self.reopened is None) or self.context.deferred:
                raise Refusal(
                    run.call, "initialization", "variables are initialized again after their use"
                )
            if self.context.loop or self.context.branch:
                raise Refusal(
                    run.call, "initialization", "variables are initialized in a loop or a condition"
                )
            self.initialized = True
            self._remove(run.call, run.fetched[0][1])
            return Value(Kind.HOST, run.call)
        self._settled()
        self._together(run)
        if self._catches_shapes(run.call):
            raise Refusal(
                run.call, "feed", "a `try` steers by the error of a feed, which is another now"
            )
        if feed is not None and not (isinstance(feed, ast.Constant) and feed.value is None):
            given = self.evaluate(feed)
            if given.kind is not Kind.FEED and not (isinstance(feed, ast.Dict) and not feed.keys):
                raise Refusal(feed, "feed", "it is not told which placeholders are fed")
            run.feed_nodes = dict(given.feed)
            run.feed_name = feed if isinstance(feed, ast.Name) else None
        for node, value in run.fetched:
            for placeholder in value.placeholders_below():
                if placeholder not in run.feed_nodes and placeholder.default is None:
                    raise Refusal(
                        node, "feed", f"the placeholder `{placeholder.name}` below it is not fed"
                    )
        self.started = True
        self.runs.append(run)
        if Kind.SUMMARY in kinds:
            return self._summarized(run)
        return Value(Kind.HOST, run.call)

    def _catches_shapes(self, node: ast.Call) -> bool:
        """Whether a `try` catches the ValueError of a feed's shape, but not a TypeError."""
        inner: ast.AST = node
        for around in self.module.ancestors(node):
            if isinstance(around, ast.Try) and inner in around.body:
                for handler in around.handlers:
                    names = {
                        name.id for name in ast.walk(handler.type or ast.Name("Exception"))
                        if isinstance(name, ast.Name)
                    }  # fmt: skip
                    if names & {"TypeError", "Exception", "BaseException"}:
                        return False
                    if "ValueError" in names:
                        return True
            inner = around
        return False

    def _together(self, run: Run) -> None:
        """Check the ops of one run that change variables.

        TensorFlow 1 orders them in no way: where one computes with what another changes, a run of
        1.15.5 gave now this, now that.  A lift computes all of them from the variables as they were
        before the run, which is what it gave most often, and what such programs mean.
        """
        updates = [update for _, value in run.fetched for update in updates_in(value)]
        changed: set[Value] = set()
        for update in updates:
            if update.changed() & changed:
                raise Refusal(run.call, "one update", "two ops of one run change the same variable")
            changed |= update.changed()
        shared = [update.of for update in updates if update.kind is Kind.TRAIN]
        for optimizer in shared:
            symbol = None
            if optimizer is not None and optimizer.call is not None:
                symbol = self.module.symbol(optimizer.call.func)
            if shared.count(optimizer) > 1 and symbol is not None and "Adam" in symbol.name:
                raise Refusal(
                    run.call, "one update", "two ops of one run advance one optimizer's powers"
                )
        if any(update.needs & (changed - update.changed()) for update in updates):
            self.notes.append(
                "TensorFlow 1 ran ops that one run fetched in any order, even where one changes"
                " what another computes with; now all are computed first"
            )

    def _summarized(self, run: Run) -> Value:
        """Return what a run gives that fetches a summary: a record of it."""
        statement = self._parent(run.call)
        if not isinstance(statement, ast.Assign) or run.form == "dict":
            raise Refusal(run.call, "summary", "what is fetched is not kept in names")
        records: dict[object, Value] = {
            index: Value(Kind.RECORD, node, operand_value=value)
            for index, (node, value) in enumerate(run.fetched)
            if value.kind is Kind.SUMMARY
        }
        if run.form == "one":
            return records[0]
        (target,) = statement.targets if len(statement.targets) == 1 else (None,)
        if not isinstance(target, (ast.Tuple, ast.List)) or not all(
            isinstance(element, ast.Name) for element in target.elts
        ):
            raise Refusal(run.call, "summary", "what is fetched is not kept in names")
        result = Value(Kind.HOST, run.call)
        result.items.update(records)
        return result

    # -- checkpoints -------------------------------------------------------------------

    def _make_saver(self, node: ast.Call) -> Value:
        if self.context.loop or self.context.branch or self.context.deferred:
            raise Refusal(node, "Saver", "the Saver is made in a loop, condition or function")
        if not isinstance(self._parent(node), (ast.Assign, ast.AnnAssign)):
            raise Refusal(node, "Saver", "the Saver is not kept in a name")
        names = (
            *("var_list", "reshape", "sharded", "max_to_keep", "keep_checkpoint_every_n_hours"),
            *("name", "restore_sequentially", "saver_def", "builder", "defer_build", "allow_empty"),
            *("write_version", "pad_step_number", "save_relative_paths", "filename"),
        )
        given = arguments(
            node, names, ("max_to_keep", "keep_checkpoint_every_n_hours", "name", "var_list")
        )
        if not self.variables:
            raise Refusal(node, "Saver", "there is no variable of the scope that it could hold")
        saved = {variable: variable.tf_name for variable in self.variables}
        trained = list(self.trains)
        listed = given.get("var_list")
        if listed is not None and not self._is_all(listed):
            value = self.evaluate(listed)
            if value.kind is Kind.VARIABLES and value.variables:
                value.items.update(enumerate(value.variables))
            elif value.kind is not Kind.STRUCT or any(
                item.kind is not Kind.VARIABLE for item in value.items.values()
            ):
                raise Refusal(listed, "Saver", "the variables that the Saver holds are computed")
            words = isinstance(value.node, ast.Dict)
            if any(isinstance(key, str) is not words for key in value.items):
                raise Refusal(listed, "Saver", "its names are not told exactly")
            saved = {
                item: key if isinstance(key, str) else item.tf_name
                for key, item in value.items.items()
            }
            trained = []
            if len(set(saved.values())) < len(value.items) or not all(
                self.names.valid(name) for name in saved.values()
            ):
                raise Refusal(listed, "Saver", "its names are not told exactly")
        for name in ("max_to_keep", "keep_checkpoint_every_n_hours", "name"):
            if name in given and self.evaluate(given[name]).is_graph:
                raise Refusal(given[name], "Saver", "it depends on a graph value")
        saver = Saver(node, given, trained, saved, after_run=self.started)
        self.savers.append(saver)
        return Value(Kind.SAVER, node, call=node, saver=saver)

    def _is_all(self, node: ast.expr) -> bool:
        """Whether the variables that a Saver is given are those that it holds anyway."""
        if isinstance(node, ast.Constant):
            return node.value is None
        if not isinstance(node, ast.Call) or node.args or node.keywords:
            return False
        symbol = self.module.symbol(node.func)
        if symbol is None or symbol.name not in ("tf.global_variables", "tf.all_variables"):
            return False
        self.visited.add(node.func)
        return True

    def _save(self, node: ast.Call, saver: Saver) -> Value:
        names = (
            *("sess", "save_path", "global_step", "latest_filename", "meta_graph_suffix"),
            *("write_meta_graph", "write_state", "strip_default_attrs", "save_debug_info"),
        )
        given = arguments(node, names, ("sess", "save_path", "global_step", "write_meta_graph"))
        self._session(node, given.get("sess"))
        if "save_path" not in given or self.evaluate(given["save_path"]).is_graph:
            raise Refusal(node, "Saver", "its path is not told")
        step = given.get("global_step")
        value = self.evaluate(step) if step is not None else None
        if value is not None and value.kind not in (Kind.HOST, Kind.VARIABLE):
            raise Refusal(node, "Saver", f"the global step is a {value.kind.value}")
        if isinstance(step, ast.Constant) and step.value is None:
            step = value = None
        self._settled()
        self.started = True
        saver.saves.append(Save(node, given["save_path"], step, value))
        return Value(Kind.HOST, node)

    def _restore(self, node: ast.Call, saver: Saver) -> Value:
        given = arguments(node, ("sess", "save_path"))
        self._session(node, given.get("sess"))
        if "save_path" not in given or self.evaluate(given["save_path"]).is_graph:
            raise Refusal(node, "Saver", "its path is not told")
        if self.context.attempt:
            raise Refusal(
                node, "restore", "a `try` steers by the error of a restore, which is another now"
            )
        if not isinstance(self._parent(node), ast.Expr):
            raise Refusal(node, "restore", "its value is used")
        if self.reopened is not None:
            whole = set(saver.saved) == set(self.variables) and saver.trained == self.trains
            if not whole or self.context.loop or self.context.branch or self.context.deferred:
                self._settled()
            self.reopened = None  # all that the first session left behind is overwritten
        self.started = True
        saver.restores.append(Restore(node, given["save_path"]))
        return Value(Kind.HOST, node)

    def closed(self, session: Value) -> None:
        """Note that a session is closed."""
        if session.node in self.opened:
            self.opened.remove(session.node)

    def _settled(self) -> None:
        """A later session must restore all variables before anything else."""
        if self.reopened is not None:
            raise Refusal(
                self.reopened,
                "one session",
                "a second session is opened, whose variables start anew",
            )

    def _session(self, node: ast.AST, session: ast.expr | None) -> None:
        if session is None or self.evaluate(session).kind is not Kind.SESSION:
            raise Refusal(node, "session", "it is not told which session this is")
