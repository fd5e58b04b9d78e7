"""What a scope does with its session: runs, checkpoints, summaries."""

from __future__ import annotations

import ast

from migrator.lift.expressions import arguments
from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.exports import Exports
from migrator.lift.wrapped.listings import LISTINGS
from migrator.lift.wrapped.things import Feed, Sort, Thing, Use
from migrator.names import Symbol

__all__ = ["SAVER", "SAVER_CARRIED", "Actions"]

_ASSIGNS = frozenset({"assign", "assign_add", "assign_sub"})
_WRITERS = frozenset({"tf.summary.FileWriter"})
_LOCAL_INITIALIZERS = frozenset({"tf.local_variables_initializer", "tf.initialize_local_variables"})
SAVER = (
    *("var_list", "reshape", "sharded", "max_to_keep", "keep_checkpoint_every_n_hours"),
    *("name", "restore_sequentially", "saver_def", "builder", "defer_build", "allow_empty"),
    *("write_version", "pad_step_number", "save_relative_paths", "filename"),
)
#: Of these, what a lifted Saver takes; its name is TensorFlow's affair.
SAVER_CARRIED = ("var_list", "max_to_keep", "keep_checkpoint_every_n_hours", "name")
_SAVE = (
    *("sess", "save_path", "global_step", "latest_filename", "meta_graph_suffix"),
    *("write_meta_graph", "write_state", "strip_default_attrs", "save_debug_info"),
)


class Actions(Exports):
    """Evaluates the calls that need a session."""

    def _tensorflow(self, node: ast.Call, symbol: Symbol) -> Thing:
        name = symbol.name
        if name == "tf.train.Saver":
            given = arguments(
                node,
                SAVER,
                SAVER_CARRIED,
            )
            for argument in given.values():
                self.evaluate(argument)
            self.found.makes.append(node)
            self.savers.append(node)
            return Thing(Sort.SAVER, node, call=node)
        if name == "tf.train.global_step":
            given = arguments(node, ("sess", "global_step_tensor"))
            self._session(node, given.get("sess"))
            step = given.get("global_step_tensor")
            with self.aside():
                thing = self.evaluate(step) if step is not None else Thing(Sort.HOST)
            if thing.sort is not Sort.VARIABLE or not isinstance(step, ast.Name):
                raise Refusal(node, "fetch", "it is not told which variable counts the steps")
            self.found.acts.append(node)
            self.outside.append((step, thing))
            self.steps.append((node, step))
            return Thing(Sort.HOST, node)
        if name in _WRITERS:
            given = arguments(node, ("logdir", "graph"))
            if "logdir" not in given or self.evaluate(given["logdir"]).sort is not Sort.HOST:
                raise Refusal(node, "summary", "its directory is not told")
            if "graph" in given:
                self._graph(given["graph"])
            if self.context.deferred or self.context.loop:
                self.found.acts.append(node)
            self.writers.append(node)
            return Thing(Sort.WRITER, node, call=node)
        return super()._tensorflow(node, symbol)

    def _graph(self, node: ast.expr) -> None:
        """The graph of a session, which is not written any more."""
        with self.aside():
            thing = self.evaluate(node)
        if thing.sort is not Sort.CONFIG and not isinstance(node, ast.Constant):
            raise Refusal(node, "summary", "it is not told which graph is written")
        self.notes.append("The graph is not written for TensorBoard any more")

    def method(self, node: ast.Call, function: ast.Attribute, base: Thing) -> Thing | None:
        """Return what a method of a value gives, or None where it is ordinary."""
        name = function.attr
        if base.sort is Sort.SESSION:
            if name == "run":
                return self._run(node)
            if name == "as_default" and not node.args:
                return base
            if name == "close" and not node.args:
                self.found.removed.append(node)
                return Thing(Sort.HOST, node)
            raise Refusal(node, "session", f"`.{name}()` of a session is not carried over")
        if name == "load" and base.sort in (Sort.VARIABLE, Sort.HOST):
            told = self._given_value(node, function)
            if told is not None:
                return told
        if base.sort is Sort.INIT and name == "run":
            given = arguments(node, ("feed_dict", "session"), ("session",))
            if "session" in given:
                self._session(node, given["session"])
            return self._initialized(node, base)
        running = name in ("eval", "run") and function in self.calls.session_refs
        if running and base.sort in (Sort.GRAPH, Sort.VARIABLE):
            given = arguments(node, ("feed_dict", "session"))
            if "session" in given:
                self._session(node, given["session"])
            self._taken_back(function)
            return self._fetch(node, function.value, given.get("feed_dict"))
        if base.sort is Sort.SAVER:
            return self._saved(node, function)
        if base.sort is Sort.WRITER:
            return self._written(node, function)
        return super().method(node, function, base)

    def _given_value(self, node: ast.Call, function: ast.Attribute) -> Thing | None:
        """``variable.load(value, sess)``, which gives a variable a value, or None."""
        variable = function.value
        if not isinstance(variable, ast.Name):
            return None
        thing = self.env.get(self.calls.key(variable))
        named = thing is not None and thing.sort is Sort.VARIABLE
        if not named and variable not in self.listed:
            return None
        given = arguments(node, ("value", "session"))
        self._session(node, given.get("session"))
        if "value" not in given or self.evaluate(given["value"]).sort is not Sort.HOST:
            raise Refusal(node, "fetch", "it is not told which value a variable is given")
        self._taken_back(function)
        if named and thing is not None:
            self.outside.append((variable, thing))
        self.found.acts.append(node)
        self.gives.append((node, variable, given["value"]))
        return Thing(Sort.HOST, node)

    def _taken_back(self, function: ast.Attribute) -> None:
        """Forget what reading the object of a method was found to do: the call answers for it."""
        inside = set(ast.walk(function))
        self.found.loose = [one for one in self.found.loose if one not in inside]
        self.found.makes = [one for one in self.found.makes if one not in inside]

    def _session(self, node: ast.AST, session: ast.expr | None) -> None:
        if session is None or self.evaluate(session).sort is not Sort.SESSION:
            raise Refusal(node, "session", "it is not told which session this is")

    # -- runs --------------------------------------------------------------------------

    def _run(self, node: ast.Call) -> Thing:
        given = arguments(
            node, ("fetches", "feed_dict", "options", "run_metadata"), ("fetches", "feed_dict")
        )
        if "fetches" not in given:
            raise Refusal(node, "fetch", "it fetches nothing")
        return self._fetch(node, given["fetches"], given.get("feed_dict"))

    def _fetch(self, node: ast.Call, fetch: ast.expr, fed: ast.expr | None) -> Thing:
        assign = self._assigned(fetch)
        if assign is not None:
            self.found.acts.append(node)
            self.assigns.append((node, assign))
            return Thing(Sort.HOST, node)
        with self.aside() as inner:
            thing = self.evaluate(fetch)
        feed = self._fed(fed)
        if thing.sort is Sort.INIT:
            if feed is not None:
                raise Refusal(node, "initialization", "an initial value is fed")
            return self._initialized(node, thing)
        self.found.acts.append(node)
        if isinstance(fetch, ast.Name) and fetch in self.listed:
            self.reads.append((node, fetch))
            return Thing(Sort.HOST, node)
        named = thing.sort is Sort.HOST or thing.plain
        if named and not self.is_name(fetch):
            raise Refusal(fetch, "fetch", "what is fetched is not a value of this graph")
        if (not named and not thing.is_built) or thing.sort is Sort.SAVER:
            raise Refusal(fetch, "fetch", f"what is fetched is a {thing.sort.value}")
        if self._lists_variables(fetch):
            self.listed_runs.append(node)
            self._record(node, fetch, feed)
            return Thing(Sort.HOST, node)
        if not inner.loose and inner.makes and not self.loaded:
            self._eagerly(node, fetch, inner.host)
            return Thing(Sort.HOST, node)
        if thing.sort is Sort.VARIABLE and isinstance(fetch, ast.Name):
            self.reads.append((node, fetch))
            self.outside.append((fetch, thing))
            return Thing(Sort.HOST, node)
        if inner.makes:
            self.check_late(fetch, inner.makes, "fetch")
        if named and any(map(self._is_late_name, inner.host)):
            self._by_name(node, fetch, feed)
            return Thing(Sort.HOST, node)
        self._record(node, fetch, feed)
        self.late_reads += [(name, fetch) for name in inner.host]
        return Thing(Sort.HOST, node)

    def _lists_variables(self, fetch: ast.expr) -> bool:
        """Whether a list of the graph's variables is fetched where it is made."""
        symbol = self.calls.symbols.get(fetch.func) if isinstance(fetch, ast.Call) else None
        if symbol is None or not isinstance(fetch, ast.Call):
            return False
        given = [*fetch.args, *(word.value for word in fetch.keywords)]
        told = all(isinstance(one, ast.Constant) or one in self.calls.symbols for one in given)
        return told and (symbol.name in LISTINGS or symbol.name == "tf.get_collection")

    def _is_late_name(self, name: ast.Name) -> bool:
        """Whether a host name changes in a loop around, or is a function's own that runs later."""
        key = self.calls.key(name)
        if any(key in stored for _, stored in self.context.loops):
            return True
        return self.context.deferred and key[0] not in (id(self.scope), id(self.module.root))

    def _by_name(self, node: ast.Call, fetch: ast.expr, feed: Feed | None) -> None:
        """A run of what is named where it runs: its part of the graph is found there."""
        for key in feed.keys if feed is not None else []:
            for name in ast.walk(key):
                thing = self.env.get(self.calls.key(name)) if isinstance(name, ast.Name) else None
                if isinstance(name, ast.Name) and thing is not None and thing.is_built:
                    self.outside.append((name, thing))
            if not isinstance(key, (ast.Name, ast.Constant)):
                raise Refusal(key, "feed", "what is fed is computed where names are fetched")
        if feed is not None and not isinstance(feed.node, ast.Dict):
            raise Refusal(node, "feed", "what is fed is computed where names are fetched")
        self.named[node] = (fetch, feed)

    def _eagerly(self, node: ast.Call, fetch: ast.expr, host: list[ast.Name]) -> None:
        """A run of operations on host values: they need no graph."""
        from migrator.lift import renames

        for inner in ast.walk(fetch):
            symbol = self.calls.symbols.get(inner)
            if symbol is None:
                continue
            known = renames.entry(symbol) is not None or renames.is_flags(symbol)
            parent = self.module.parents[inner]
            called = isinstance(parent, ast.Call) and parent.func is inner
            if called and (not known or renames.is_random(symbol)):
                raise Refusal(fetch, "fetch", f"`{symbol.spelled}` is called where it is fetched")
            if called and renames.gives_several(symbol):
                raise Refusal(fetch, "fetch", "what is fetched is several tensors in one value")
        if not isinstance(fetch, ast.Call) or fetch.func not in self.calls.symbols:
            raise Refusal(fetch, "fetch", "what is fetched is made where it is fetched")
        self.eager.append((node, fetch))

    def _assigned(self, fetch: ast.expr) -> ast.Call | None:
        """Return the assignment of a host value to a variable that a fetch is, or None."""
        if isinstance(fetch, ast.Attribute) and fetch.attr == "op":
            fetch = fetch.value
        if not isinstance(fetch, ast.Call):
            return None
        variable: ast.expr | None = None
        values: list[ast.expr] = []
        symbol = self.calls.symbols.get(fetch.func)
        if symbol is not None and symbol.name.removeprefix("tf.") in _ASSIGNS:
            given = arguments(fetch, ("ref", "value"))
            variable, values = given.get("ref"), [given[k] for k in ("value",) if k in given]
        elif isinstance(fetch.func, ast.Attribute) and fetch.func.attr in _ASSIGNS:
            given = arguments(fetch, ("value",))
            variable, values = fetch.func.value, list(given.values())
        if not isinstance(variable, ast.Name) or len(values) != 1:
            return None
        with self.aside() as found:
            thing = self.evaluate(variable)
            value = self.evaluate(values[0])
        listed = variable in self.listed
        if (thing.sort is not Sort.VARIABLE and not listed) or value.sort is not Sort.HOST:
            return None
        if not listed:
            self.outside.append((variable, thing))
        self.found.host += found.host
        return fetch

    def _initialized(self, node: ast.Call, base: Thing) -> Thing:
        if base.covers >= {"loaded", "global"}:
            raise Refusal(node, "initialization", "a loaded model's variables are initialized anew")
        first = not self.started and not self.context.inside
        changed = self.uses or self.assigns or self.gives or ("some" in base.covers and self.saves)
        untouched = not (changed or self.context.loop or self.context.deferred or self.called)
        if first or (untouched and "global" not in base.covers):
            self.found.removed.append(node)  # they are initialized when they are made
            return Thing(Sort.INIT, node)
        if self.context.inside or self.started:
            if "global" not in base.covers or "some" in base.covers:
                raise Refusal(node, "initialization", "some variables are initialized again")
            if "local" not in base.covers and self._has_local():
                raise Refusal(
                    node, "initialization", "all variables but the local ones are initialized again"
                )
            self.found.acts.append(node)
            self.inits.append(node)
        else:
            self.found.removed.append(node)
        return Thing(Sort.INIT, node)

    def _has_local(self) -> bool:
        """Whether the graph may have local variables, as metrics do."""
        return any(
            symbol.name.startswith(("tf.metrics.", "tf.contrib.metrics."))
            or "local_variable" in symbol.name
            or symbol.name.endswith("LOCAL_VARIABLES")
            for node, symbol in self.calls.symbols.items()
            if self.calls.symbols[node].name not in _LOCAL_INITIALIZERS
        )

    def _fed(self, node: ast.expr | None) -> Feed | None:
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return None
        if isinstance(node, ast.Dict) and not node.keys:
            return None
        thing = self.evaluate(node)
        if thing.sort is not Sort.FEED or thing.feed is None:
            raise Refusal(node, "feed", "it is not told what is fed")
        return thing.feed

    def _record(self, node: ast.expr, fetch: ast.expr, feed: Feed | None) -> Use:
        feeds = feed.keys if feed is not None else []
        versions: dict[str, Thing] = {}
        for part in [fetch, *feeds]:
            for name in ast.walk(part):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load):
                    thing = self.env.get(self.calls.key(name))
                    if thing is None:
                        continue
                    if thing.maybe and self.context.branch:
                        raise Refusal(name, "fetch", f"`{name.id}` is not made on every way")
                    versions[name.id] = thing
        words = [ast.dump(part) for part in [fetch, *feeds]]
        for use in self.uses:
            if [ast.dump(part) for part in [use.fetch, *use.feeds]] == words and (
                use.versions == versions
            ):
                break
        else:
            use = Use(fetch, list(feeds), versions)
            use.after = len(self.moved)
            self.uses.append(use)
        use.calls.append(node)
        if isinstance(node, ast.Call):
            self.use_of[node] = use
        return use

    # -- checkpoints -------------------------------------------------------------------

    def _saved(self, node: ast.Call, function: ast.Attribute) -> Thing:
        name = function.attr
        if name == "save":
            given = arguments(
                node, _SAVE, ("sess", "save_path", "global_step", "write_meta_graph", "write_state")
            )
        elif name == "restore":
            given = arguments(node, ("sess", "save_path"))
        else:
            raise Refusal(node, "Saver", f"`.{name}()` of a Saver is not carried over")
        self._session(node, given.pop("sess", None))
        if node in self.calls.loads and not self.started and not self.context.inside:
            self._joined(node, self.evaluate_all(list(given.values())))
            self.found.makes.append(node)
            return Thing(Sort.GRAPH, node, plain=True)
        if isinstance(function.value, ast.Call) and function.value in self.savers:
            self._saved_once(node, function, given, name)
            return Thing(Sort.HOST, node)
        if not isinstance(function.value, (ast.Name, ast.Attribute)):
            raise Refusal(node, "Saver", "the Saver is not kept in a name")
        self._taken_back(function)
        for word, argument in given.items():
            thing = self.evaluate(argument)
            counts = word == "global_step" and thing.sort is Sort.VARIABLE
            if counts and isinstance(argument, ast.Name):
                self.found.loose.remove(argument)
                self.outside.append((argument, thing))
                continue
            if word == "global_step" and thing.is_built and isinstance(argument, ast.Name):
                self.found.loose.remove(argument)
                self.counts[argument] = self._record(argument, argument, None)
                continue
            if thing.sort is not Sort.HOST:
                raise Refusal(argument, "Saver", f"its {word} is a {thing.sort.value}")
        self.found.acts.append(node)
        holder: ast.expr = function.value
        if isinstance(holder, ast.Attribute):
            holder = holder.value  # an object that holds its Saver
        if not isinstance(holder, ast.Name):
            raise Refusal(node, "Saver", "the Saver is not kept in a name")
        self.outside.append((holder, self.env[self.calls.key(holder)]))
        self.saves.append((node, function.value, name))
        return Thing(Sort.HOST, node)

    def _saved_once(
        self, node: ast.Call, function: ast.Attribute, given: dict[str, ast.expr], name: str
    ) -> None:
        """``tf.train.Saver().save(...)``, of a Saver that holds all variables."""
        assert isinstance(function.value, ast.Call)
        if function.value.args or any(k.arg == "var_list" for k in function.value.keywords):
            raise Refusal(node, "Saver", "the Saver is not kept in a name")
        self._taken_back(function)
        self.savers.remove(function.value)
        for word, argument in given.items():
            if self.evaluate(argument).sort is not Sort.HOST:
                raise Refusal(argument, "Saver", f"its {word} is a value of the graph")
        self.found.acts.append(node)
        self.late_savers.append(function.value)
        self.saves.append((node, function.value, name))

    # -- summaries ---------------------------------------------------------------------

    def _written(self, node: ast.Call, function: ast.Attribute) -> Thing:
        name = function.attr
        alone = isinstance(self.module.parents[node], ast.Expr)
        if name == "add_graph" and alone:
            self._graph(arguments(node, ("graph", "global_step"))["graph"])
            self.found.removed.append(node)
            return Thing(Sort.HOST, node)
        if name == "add_summary" and alone:
            given = arguments(node, ("summary", "global_step"))
            for argument in given.values():
                thing = self.evaluate(argument)
                if thing.sort is not Sort.HOST:
                    raise Refusal(argument, "summary", f"a {thing.sort.value} is written")
            if "summary" not in given:
                raise Refusal(node, "summary", "it is not told which summary is written")
            self.additions.append(node)
            self.found.acts.append(node)
            return Thing(Sort.HOST, node)
        if name in ("flush", "close") and not node.args and alone:
            return Thing(Sort.HOST, node)
        raise Refusal(node, "summary", f"`.{name}()` of a writer is not carried over")
