"""The places that run the session, and the feed dictionaries that they are given."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.lift.classes.exports import Exports
from migrator.lift.classes.facts import Facts, Family, Function, What
from migrator.lift.classes.loading import Names, loaded_saver
from migrator.lift.classes.locals import Locals
from migrator.lift.kinds import Refusal

__all__ = ["Feed", "Run", "Runs"]


#: What makes a variable that counts the steps.
_VARIABLES = frozenset(
    {"tf.Variable", "tf.get_variable", "tf.train.get_or_create_global_step"}
    | {
        "tf.train.create_global_step",
        "tf.train.get_global_step",
        "tf.contrib.framework.get_or_create_global_step",
    }
)


@dataclass(eq=False)
class Feed:
    """A feed dictionary that is more than a literal in the call that runs the session."""

    literals: list[ast.Dict] = field(default_factory=list)
    stores: list[ast.Subscript] = field(default_factory=list)

    def listed(self) -> list[ast.expr]:
        """Return every key that it may have."""
        found = [key for literal in self.literals for key in literal.keys if key is not None]
        return found + [store.slice for store in self.stores]


@dataclass(eq=False)
class Run:
    """One place that runs the session: ``sess.run``, ``.eval`` or ``.run`` of a graph value."""

    call: ast.Call
    unit: Function | ast.Module
    family: Family | None
    fetch: ast.expr
    feed: ast.expr | None
    init: What | None = None  #: what it initializes, if that is all that it does
    table: ast.expr | None = None  #: the dictionary of tensors that a comprehension feeds
    given: str = ""  #: and what it feeds them
    literal: ast.Dict | None = None  #: its feeds, where they can stand as arguments
    feeds: Feed | None = None  #: otherwise
    dropped: ast.stmt | None = None  #: the statement that a literal comes from
    owner: str = "self"  #: what the fetches are attributes of


class Runs:
    """All runs of the sessions of a file.

    Args:
        facts: what the file's names stand for.

    Raises:
        Refusal: a run cannot be understood.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.module = facts.module
        self.runs: list[Run] = []
        self.saving: list[tuple[ast.Call, str]] = []  #: calls of savers' methods
        self.steps: dict[ast.Call, ast.expr] = {}  #: ``tf.train.global_step`` -> the variable
        self.eager: dict[ast.Call, ast.expr] = {}  #: runs of tensors of constants
        self.locals = Locals(facts)  #: local names of parts of the graph
        self.exports = Exports(facts)
        self.names = Names(facts, self.locals.resolved)
        self.restoring: set[ast.Call] = set()  #: restores where the graph is loaded
        #: subtrees that name parts of the graph without making any
        self.named: set[ast.AST] = set()
        #: statements that only keep what is fetched in a name
        self.kept: dict[ast.stmt, ast.expr] = {}
        #: tensors that are the keys of feeds -> the keys that stand for them
        self.respelled: dict[ast.AST, str] = {}
        self.dictionaries: dict[ast.AST, Feed] = {}  #: a dict literal or a store -> its dictionary
        for node in self.module.nodes:
            if isinstance(node, ast.Call):
                self._call(node)
        for node in self.module.nodes:
            if isinstance(node, ast.Dict) and facts.kind(node) is What.FEED:
                self.named.update(key for key in node.keys if key is not None)
            elif (
                isinstance(node, ast.Subscript)
                and isinstance(node.ctx, ast.Store)
                and facts.kind(node.value) is What.FEED
            ):
                self.named.add(node.slice)
        self.at = {run.call: run for run in self.runs}
        for export in self.exports.found:
            self.named.update(export.tensors())

    def _call(self, node: ast.Call) -> None:
        facts = self.facts
        symbol = facts.symbol(node.func)
        if symbol is not None:
            if symbol.name == "tf.train.global_step":
                given = self._arguments(node, ("sess", "global_step_tensor"))
                step = given.get("global_step_tensor")
                session = given.get("sess")
                if step is None or session is None or not self._is_variable(step):
                    raise Refusal(node, "session", "which step it reads is not told")
                if facts.kind(session) is not What.SESSION:
                    raise Refusal(node, "session", "it is not told which session this is")
                self.steps[node] = step
                self.named.update((node.func, step))
            return
        if not isinstance(node.func, ast.Attribute):
            return
        base, name = facts.kind(node.func.value), node.func.attr
        if base is What.SESSION:
            if name == "run":
                given = self._arguments(node, ("fetches", "feed_dict", "options", "run_metadata"))
                for extra in ("options", "run_metadata"):
                    if extra in given and not _is_none(given[extra]):
                        raise Refusal(
                            given[extra], "run", f"`{extra}` of a run is not carried over"
                        )
                if "fetches" not in given:
                    raise Refusal(node, "run", "it fetches nothing")
                self._run(node, given["fetches"], given.get("feed_dict"))
            elif name not in ("close", "as_default", "__enter__", "__exit__"):
                raise Refusal(node, "session", f"`.{name}()` of a session is not carried over")
        elif base in (What.GRAPH, What.INIT, What.LOCAL_INIT) and name in ("eval", "run"):
            given = self._arguments(node, ("feed_dict", "session"))
            self._run(node, node.func.value, given.get("feed_dict"))
        elif base is What.SAVER:
            if name not in ("save", "restore"):
                raise Refusal(node, "saver", f"`.{name}()` of a saver is not carried over")
            self.saving.append((node, name))
            if loaded_saver(facts, node):
                self.restoring.add(node)
            step = next((k.value for k in node.keywords if k.arg == "global_step"), None)
            if name == "save" and step is None and len(node.args) > 2:
                step = node.args[2]
            if step is not None and self._is_variable(step):
                self.named.add(step)

    def _is_variable(self, node: ast.expr) -> bool:
        """Whether a step that is read outside of the graph is a variable of it."""
        member = self.facts.member(node)
        if member is None:
            return False
        rows = member[1].assigned.get(member[2], [])
        made = [value for _, value in rows if isinstance(value, ast.Call)]
        symbols = [self.facts.symbol(value.func) for value in made]
        names = {symbol.name if symbol is not None else "" for symbol in symbols}
        return bool(rows) and len(made) == len(rows) and names <= _VARIABLES

    def _arguments(self, node: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
        given = dict(zip(names, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg is None:
                raise Refusal(node, "call", "its arguments are computed")
            given[keyword.arg] = keyword.value
        if any(isinstance(at, ast.Starred) for at in node.args) or len(node.args) > len(names):
            raise Refusal(node, "call", "its arguments are computed")
        if set(given) - set(names):
            raise Refusal(node, "call", f"it has an argument `{(set(given) - set(names)).pop()}`")
        return given

    # -- one run -----------------------------------------------------------------------

    def _run(self, node: ast.Call, fetch: ast.expr, feed: ast.expr | None) -> None:
        facts = self.facts
        run = Run(node, facts.unit(node), facts.family(node), fetch, feed)
        self.named.add(fetch)
        kind = facts.kind(fetch)
        if kind is What.EAGER:
            if feed is not None and not _is_none(feed):
                raise Refusal(feed, "feed", "constants are fed")
            self.eager[node] = fetch
            return
        if kind in (What.INIT, What.LOCAL_INIT):
            run.init = kind
            self.runs.append(run)
            return
        run.fetch = self._resolved(run, fetch)
        self._check_fetch(run.fetch, run)
        if feed is not None and not _is_none(feed):
            self._feed(run, feed)
        self.runs.append(run)

    def _resolved(self, run: Run, fetch: ast.expr) -> ast.expr:
        """Return what is fetched where a name stands for it."""
        if not isinstance(fetch, ast.Name) or self.names.is_part(fetch):
            return fetch
        assigned = self._only_assignment(fetch)
        if assigned is None or assigned.value is None:
            raise Refusal(fetch, "fetch", f"what `{fetch.id}` fetches is not told in one place")
        self.kept[assigned] = assigned.value
        self.named.add(assigned.value)
        for other in self.module.by_name[fetch.id]:
            if (
                isinstance(other, ast.Name)
                and isinstance(other.ctx, ast.Load)
                and self.facts.unit(other) is run.unit
                and other is not fetch
            ):
                parent = self.module.parents[other]
                base = (
                    isinstance(parent, ast.Call)
                    and isinstance(parent.func, ast.Attribute)
                    and parent.func.attr == "run"
                    and parent.args[:1] == [other]
                )
                if not base:
                    raise Refusal(other, "fetch", f"`{fetch.id}` is used for more than to fetch")
        return assigned.value

    def _only_assignment(self, name: ast.Name) -> ast.Assign | None:
        """Return the one statement that binds a local name, or None."""
        owner, bindings = self.module.find(name.id, self.module.scope_of[name])
        if owner is None or len(bindings) != 1 or not isinstance(bindings[0].node, ast.Name):
            return None
        statement = self.module.parents.get(bindings[0].node)
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            return None
        return statement

    def _check_fetch(self, node: ast.expr, run: Run | None = None) -> None:
        if isinstance(node, (ast.List, ast.Tuple)):
            for at in node.elts:
                self._check_fetch(at, run)
            return
        if isinstance(node, ast.Dict):
            for key, at in zip(node.keys, node.values, strict=True):
                if not isinstance(key, ast.Constant):
                    raise Refusal(node, "fetch", "the keys of what is fetched are computed")
                self._check_fetch(at, run)
            return
        self._check_named(node, "fetch", "what is fetched is computed", run)

    def _check_named(
        self, node: ast.expr, what: str, sentence: str, run: Run | None = None
    ) -> None:
        """A fetch or feed must be an attribute of the module, or an element of one."""
        at = self.names.expanded(node)
        if self.names.is_part(at):
            self.locals.use(node)
            self.names.note(node)
            if run is not None:
                self._named_by(node, what, run)
            return
        while isinstance(at, ast.Subscript):
            if not isinstance(at.slice, (ast.Constant, ast.UnaryOp)):
                raise Refusal(node, what, sentence)
            at = self.names.expanded(at.value)
        self.locals.use(node)
        member = self.facts.member(at)
        if member is None:
            raise Refusal(node, what, f"{sentence}: `{' '.join(self.module.source(node).split())}`")
        owner, family, name = member
        if self.facts.kind(at) is not What.GRAPH:
            raise Refusal(node, what, f"`{owner}.{name}` is not known as a part of the graph")
        if run is None:
            return
        if run.family is None:
            run.family, run.owner = family, owner
        if (run.family, run.owner) != (family, owner):
            raise Refusal(node, what, "a run takes from several models")

    def _named_by(self, node: ast.expr, what: str, run: Run) -> None:
        """Note whose graph a part belongs to that is fetched or fed by its name."""
        if run.family is not None:
            return
        base = run.call.func.value if isinstance(run.call.func, ast.Attribute) else None
        member = self.facts.member(base) if base is not None else None
        if member is None:
            raise Refusal(node, what, "it is not told in which model's graph this is")
        run.owner, run.family = member[0], member[1]

    # -- feeds -------------------------------------------------------------------------

    def _feed(self, run: Run, feed: ast.expr) -> None:
        if isinstance(feed, ast.Dict):
            self._check_keys(feed.keys, feed, run)
            run.literal = feed
            return
        if isinstance(feed, ast.DictComp) and self._tabled(run, feed):
            return
        if isinstance(feed, ast.Name) and self._looped(run, feed):
            return
        if isinstance(feed, ast.Name):
            statement = self._just_before(run, feed)
            if statement is not None and isinstance(statement.value, ast.DictComp):
                if self._tabled(run, statement.value):
                    run.dropped = statement
                    return
            elif statement is not None:
                assert isinstance(statement.value, ast.Dict)
                self._check_keys(statement.value.keys, statement.value, run)
                run.literal, run.dropped = statement.value, statement
                return
            run.feeds = self._dictionary(feed, feed.id, 0)
        elif isinstance(feed, ast.Call):
            run.feeds = self._given(feed, None, 0)
        else:
            raise Refusal(feed, "feed", "what is fed is computed")
        for key in run.feeds.listed():
            self._check_named(key, "feed", "what is fed is computed", run)
            if self.facts.member(key) is None and not self.names.is_part(key):
                raise Refusal(key, "feed", "what is fed is computed")
        if not run.feeds.listed():
            raise Refusal(feed, "feed", "what is fed is computed")

    def _looped(self, run: Run, name: ast.Name) -> bool:
        """Note a dictionary that a loop over the keys of all feeds fills, ``feed[x] = value``."""
        statement = self._only_assignment(name)
        uses = [
            at
            for at in self.module.by_name[name.id]
            if isinstance(at, ast.Name) and self.facts.unit(at) is run.unit
        ]
        if statement is None or ast.unparse(statement.value) not in ("{}", "dict()"):
            return False
        others = [at for at in uses if at is not name and at is not statement.targets[0]]
        store = self.module.parents[others[0]] if len(others) == 1 else None
        loop = self.module.parents[self.module.statement(others[0])] if store else None
        if (
            not isinstance(store, ast.Subscript)
            or not isinstance(self.module.parents[store], ast.Assign)
            or not isinstance(loop, ast.For)
            or loop.orelse
            or not isinstance(loop.target, ast.Tuple)
            or len(loop.target.elts) != 2
            or not isinstance(loop.iter, ast.Call)
            or not isinstance(loop.iter.func, ast.Attribute)
            or loop.iter.func.attr != "items"
            or loop.iter.args
            or ast.unparse(store.slice) != ast.unparse(loop.target.elts[1])
        ):
            return False
        table = loop.iter.func.value
        member = self.facts.member(table)
        if member is None or member[1] is not run.family or not self.names.is_table(table):
            return False
        self.names.note(table)
        self.named.update((table, *uses))
        targets = {ast.unparse(at) for at in loop.target.elts}
        self.named.update(
            at for at in self.facts.below(loop) if isinstance(at, ast.Name) and at.id in targets
        )
        run.table, run.given = table, name.id
        self.respelled[store.slice] = ast.unparse(loop.target.elts[0])
        value = ast.unparse(store.slice)
        read = [at for at in self.facts.below(loop) if isinstance(at, ast.Name) and at.id == value]
        if len(read) == 2:  # where it is bound, and the key
            self.respelled[loop.target] = ast.unparse(loop.target.elts[0])
            self.respelled[loop.iter] = ast.unparse(table)
        return True

    def _tabled(self, run: Run, node: ast.DictComp) -> bool:
        """Note a feed ``{self.inputs[key]: value for key, value in given.items()}``."""
        loop, key = node.generators[0], node.key
        if (
            len(node.generators) > 1
            or loop.ifs
            or not isinstance(loop.target, ast.Tuple)
            or not all(isinstance(at, ast.Name) for at in loop.target.elts)
            or len(loop.target.elts) != 2
            or not isinstance(loop.iter, ast.Call)
            or not isinstance(loop.iter.func, ast.Attribute)
            or loop.iter.func.attr != "items"
            or loop.iter.args
            or not isinstance(key, ast.Subscript)
            or ast.unparse(key.slice) != ast.unparse(loop.target.elts[0])
        ):
            return False
        member = self.facts.member(key.value)
        if member is None or member[1] is not run.family or "#" in self.module.source(node):
            return False
        if not self.names.is_table(key.value) or self.facts.kind(node.value) is not What.HOST:
            return False
        self.names.note(key.value)
        assert run.feed is not None
        self.named.update((node, run.feed))
        names = [ast.unparse(at) for at in loop.target.elts]
        given = ast.unparse(loop.iter.func.value)
        if ast.unparse(node.value) != names[1]:
            inner = f"{names[0]}: {ast.unparse(node.value)} for {', '.join(names)}"
            given = f"{{{inner} in {given}.items()}}"
        run.table, run.given = key.value, given
        return True

    def _check_keys(self, keys: list[ast.expr | None], node: ast.Dict, run: Run) -> None:
        for key in keys:
            if key is None:
                raise Refusal(node, "feed", "what is fed is computed")
            self._check_named(key, "feed", "what is fed is computed", run)

    def _just_before(self, run: Run, name: ast.Name) -> ast.Assign | None:
        """Return the statement ahead of the run's that keeps a literal only for it, or None."""
        statement = self._only_assignment(name)
        if statement is None or not isinstance(statement.value, (ast.Dict, ast.DictComp)):
            return None
        reads = [
            other
            for other in self.module.by_name[name.id]
            if isinstance(other, ast.Name)
            and isinstance(other.ctx, ast.Load)
            and self.facts.unit(other) is run.unit
        ]
        around = self.module.parents[statement]
        at = self.module.statement(run.call)
        for block in _blocks(around):
            beside = statement in block and at in block
            if beside and block.index(at) == block.index(statement) + 1 and reads == [name]:
                return statement
        return None

    def _dictionary(self, at: ast.expr, name: str, depth: int) -> Feed:
        """Return the dictionary that a local name stands for in its function."""
        unit = self.facts.unit(at)
        if isinstance(unit, ast.Module) or depth > 3:
            raise Refusal(at, "feed", "what is fed is computed")
        arguments = unit.args
        everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        if any(argument.arg == name for argument in everything):
            raise Refusal(at, "feed", f"`{name}` is fed as the caller gives it")
        feed = Feed()
        for node in self.facts.below(unit):
            if isinstance(node, ast.Name) and node.id == name:
                self._use(node, feed, depth)
        return feed

    def _use(self, node: ast.Name, feed: Feed, depth: int) -> None:
        """One use of the name of a feed dictionary."""
        parent = self.module.parents[node]
        if isinstance(node.ctx, ast.Store):
            if isinstance(parent, ast.Assign) and parent.targets == [node]:
                self._merge(feed, parent.value, None, depth)
                return
            if isinstance(parent, ast.Tuple):
                outer = self.module.parents[parent]
                if isinstance(outer, ast.Assign) and outer.targets == [parent]:
                    self._merge(feed, outer.value, parent.elts.index(node), depth)
                    return
        elif isinstance(parent, ast.Subscript) and isinstance(parent.ctx, ast.Store):
            feed.stores.append(parent)
            self.dictionaries[parent] = feed
            return
        elif isinstance(parent, ast.Return) or (
            isinstance(parent, ast.Tuple) and isinstance(self.module.parents[parent], ast.Return)
        ):
            return
        elif isinstance(parent, ast.Attribute) and parent.attr == "update":
            call = self.module.parents[parent]
            if isinstance(call, ast.Call) and len(call.args) == 1 and not call.keywords:
                self._merge(feed, call.args[0], None, depth)
                return
        elif isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
            if parent.func.attr in ("run", "eval"):
                return
        elif isinstance(parent, ast.keyword) and parent.arg == "feed_dict":
            return
        raise Refusal(node, "feed", f"`{node.id}` is used for more than to feed")

    def _merge(self, feed: Feed, value: ast.expr, index: int | None, depth: int) -> None:
        if isinstance(value, ast.Dict) and index is None:
            if None in value.keys:
                raise Refusal(value, "feed", "what is fed is computed")
            feed.literals.append(value)
            self.dictionaries[value] = feed
            self.named.update(key for key in value.keys if key is not None)
        elif isinstance(value, ast.Call):
            other = self._given(value, index, depth)
            feed.literals += other.literals
            feed.stores += other.stores
        else:
            raise Refusal(value, "feed", "what is fed is computed")

    def _given(self, call: ast.Call, index: int | None, depth: int) -> Feed:
        """Return the dictionary that a method makes."""
        empty = not call.args and not call.keywords and index is None
        if isinstance(call.func, ast.Name) and call.func.id == "dict" and empty:
            return Feed()
        functions = self.facts.called(call)
        if not functions:
            raise Refusal(call, "feed", "what is fed is computed")
        feed = Feed()
        for function in functions:
            for node in self.facts.below(function):
                if not isinstance(node, ast.Return) or node.value is None:
                    continue
                value = node.value
                if index is not None:
                    if not isinstance(value, ast.Tuple) or index >= len(value.elts):
                        raise Refusal(value, "feed", "what is fed is computed")
                    value = value.elts[index]
                if isinstance(value, ast.Name):
                    other = self._dictionary(value, value.id, depth + 1)
                    feed.literals += other.literals
                    feed.stores += other.stores
                else:
                    self._merge(feed, value, None, depth + 1)
        return feed


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield block


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
