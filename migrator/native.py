"""Which programs may leave their sessions behind, and what their files tell each other for it.

A program lifts whole: each of its files that opens sessions, saves or makes ops at import is
lifted, the quiet ones, which only define graph-building functions or use TensorFlow on the host,
get the import of ``tensorflow.compat.v1``.  One file that refuses makes all of it a session
program again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from migrator.graph_names import GraphNames
from migrator.interface import Facts, Part, User, facts_of, user_of
from migrator.lift.merged import NOT_ONE
from migrator.names import Module
from migrator.programs import Group, Repository
from migrator.results import Outcome, Tier
from migrator.symbols import in_tensorflow1
from migrator.traffic import Model, Traffic, is_near

if TYPE_CHECKING:
    from migrator.engine import Plan

__all__ = ["Natives"]

_EXPORTERS = frozenset({"tf.saved_model.simple_save", "tf.saved_model.Builder"})
_EXPORT_READERS = frozenset({"tf.saved_model.load", "tf.contrib.predictor.from_saved_model"})

#: What asks a loaded graph for parts of it by the names they had when it was built.
_BY_NAME = re.compile(
    r"""["'][\w./%{}-]*:(?:\d|%d)["']|\b(?:get_tensor_by_name|get_operation_by_name|get_operations"""
    r"""|as_graph_element|get_collection(?:_ref)?|collection_def|graph_def)\b"""
)


class Natives:
    """What is known of the lift of each program as a run goes on.

    Args:
        repository: the facts.
        read: returns the text of a path.
        asked: whether anything is lifted at all.
        models: SavedModels that are there already.
    """

    def __init__(
        self,
        repository: Repository,
        read: Callable[[str], str | None],
        asked: bool,
        models: tuple[Model, ...] = (),
    ) -> None:
        self.repository = repository
        self.asked = asked
        self._read = read
        self.names = GraphNames(repository, read)
        self.traffic = Traffic(repository, self.names.module, models, read)
        #: index of a program -> why it does not lift
        self.refused: dict[int, str] = {}
        #: index of a program -> its files that are lifted as one, in the order of their imports
        self.merged: dict[int, tuple[str, ...]] = {}
        self._alone: dict[int, str] = {}  #: why those did not lift one by one
        self._own: set[str] = set()  #: files that refused, and say so themselves
        self._users: dict[str, tuple[User, ...]] = {}
        self._facts: dict[str, Facts | None] = {}
        self._fits: dict[tuple[str, ...], str | None] = {}
        for index, group in enumerate(repository.groups if asked else ()):
            reason = next(filter(None, map(self._reason, group.files)), None)
            if reason is not None:
                self.refused[index] = reason

    # -- before anything is planned ----------------------------------------------------

    def is_quiet(self, path: str) -> bool:
        """Whether a file needs no lift: it opens no session, saves nothing, runs no op."""
        if self._together(path):
            return False
        fact = self.repository.facts[path]
        return not (fact.session or fact.active or fact.saves or fact.hold)

    def _reason(self, path: str) -> str | None:
        """Return why what ``path`` writes needs its graph, as far as other files show."""
        if path.endswith(".ipynb"):
            return f"`{path}` is a notebook, whose cells run one by one"
        fact = self.repository.facts[path]
        if fact.eager:
            symbol, line = fact.eager[0]
            return f"`{path}:{line}`: {symbol} leaves graph mode, and a session program stays one"
        hub = [one for one in fact.targets if one[0].startswith("tf.hub.")]
        if hub:
            return f"`{path}:{hub[0][1]}`: a module of TF1 Hub is a part of a graph"
        if "tf.train.Saver" in self._targets(path):
            found = self.traffic.meta_reader(path)
            if found is not None:
                other, line, how = found
                return f"`{other}:{line}`: {how} a checkpoint, which a module does not write"
        return None

    def named(self, path: str) -> bool:
        """Whether a reader may ask for an export's tensors by the names they have in the graph.

        One near the file, unless it certainly loads another place, and one anywhere that names
        the same place.
        """
        if _EXPORTERS.isdisjoint(self._targets(path)):
            return False
        return any(
            self.traffic.loads_from(path, other, near=is_near(other, path))
            and any(self._by_name(other, symbol) for symbol in sorted(readers))
            for other, fact in sorted(self.repository.facts.items())
            if other != path
            and (readers := _EXPORT_READERS & {symbol for symbol, _ in fact.targets})
        )

    def _targets(self, path: str) -> set[str]:
        return {symbol for symbol, _ in self.repository.facts[path].targets}

    def _by_name(self, path: str, symbol: str) -> bool:
        """Whether a reader may ask for what a signature does not name."""
        text = self._read(path) if symbol == "tf.saved_model.load" else None
        return text is None or _BY_NAME.search(text) is not None

    # -- what a file is told -----------------------------------------------------------

    def lifting(self, path: str) -> bool:
        """Whether every program of ``path`` lifts, as far as is known yet."""
        indices = self.repository.groups_of.get(path, ())
        return self.asked and bool(indices) and not any(i in self.refused for i in indices)

    def refusal(self, path: str) -> str | None:
        """Return why the programs of ``path`` are not lifted, as far as is known yet."""
        indices = self.repository.groups_of.get(path, ())
        return next((self.refused[i] for i in indices if i in self.refused), None)

    def state(self, path: str) -> tuple[bool, str | None]:
        """Return what the plan of ``path`` depends on here; a change asks for another plan."""
        if self.is_quiet(path):
            return self.lifting(path), None
        merged = any(path in paths for paths in self.merged.values())
        # who refused itself has its plan, and says why in its own words
        return merged, None if path in self._own else self.refusal(path)

    def _together(self, path: str) -> tuple[str, ...]:
        """Return the files that ``path`` is lifted with as one."""
        for index in self.repository.groups_of.get(path, ()):
            if path in self.merged.get(index, ()) and index not in self.refused:
                return self.merged[index]
        return ()

    def parts(self, path: str) -> tuple[Part, ...]:
        """Return the files that ``path`` is lifted with as one; none where it is lifted alone."""
        paths = self._together(path)
        places = self.repository.places
        return tuple(
            Part(
                one,
                self._read(one) or "",
                frozenset(
                    (module, level)
                    for module, level, _ in self.repository.facts[one].imports
                    if set(places.resolve(one, module, level)[-1:]) & (set(paths) - {one})
                ),
                self.repository.bridge_home(one)[1],
            )
            for one in paths
        )

    def graph_names(self, path: str) -> frozenset[str]:
        """Return what makes graph, as the imports of ``path``, or of its parts, spell it."""
        parts = self._together(path) or (path,)
        return frozenset().union(*(self.names.seen_from(part) for part in parts))

    def in_company(self, path: str) -> bool:
        """Whether other files of TensorFlow's run in the programs of ``path``."""
        indices = self.repository.groups_of.get(path, ())
        return any(len(self.repository.groups[index].files) > 1 for index in indices)

    def users(self, path: str) -> tuple[User, ...]:
        """Return what the importers of ``path`` use of it."""
        if path not in self._users:
            self._users[path] = tuple(self._find_users(path))
        parts = self._together(path)
        return tuple(user for user in self._users[path] if user.path not in parts)

    def _find_users(self, path: str) -> Iterator[User]:
        places = self.repository.places
        direct = self.repository.imported_by.get(path, set())
        # an object of a class may go further than the name of the class
        every = set(direct)
        if "class " in (self._read(path) or ""):
            every = self._reached(path)
            for index in self.repository.groups_of.get(path, ()):
                every.update(self.repository.groups[index].files)
            todo = list(every)  # an object of a class is handed to what its users import
            while todo:
                new = set(self.repository.edges.get(todo.pop(), ())) - every
                every |= new
                todo += new
            every.discard(path)
        text = self._read(path) or ""
        methods = frozenset(re.findall(r"^[ \t]+def[ \t]+(\w+)", text, re.MULTILINE))
        handing = self._handing(path)
        for user in sorted(every):
            facts = self._facts_of(user)
            if facts is None:
                yield User(user, frozenset({"*"}), frozenset())
                continue

            def read(user: str = user) -> Module:
                module = self.names.module(user)
                assert module is not None  # it has facts
                return module

            def means(dotted: str, level: int, user: str = user) -> bool:
                return path in places.resolve(user, dotted, level)[-1:]

            found = user_of(user, facts, read, means, methods)
            for other in sorted(handing.keys() & set(self.repository.edges.get(user, ()))):

                def hands(dotted: str, level: int, user: str = user, other: str = other) -> bool:
                    return other in places.resolve(user, dotted, level)[-1:]

                found = _with_handed(found, user_of(user, facts, read, hands), handing[other])
            # a file with a session of its own evaluates its own tensors, and lifts for itself
            loud = user in self.repository.groups_of and not self.is_quiet(user)
            yield replace(found, evaluates=0) if loud else found

    def _facts_of(self, path: str) -> Facts | None:
        """Return what a file does to objects, or None where it cannot be read.

        It is asked for every file that the file may get an object of; trees are not held so long.
        """
        if path not in self._facts:
            module = self.names.module(path)
            self._facts[path] = None if module is None else facts_of(module)
        return self._facts[path]

    def _handing(self, path: str) -> dict[str, dict[str, str]]:
        """Return the files that hand on names of ``path``: their name for it -> its own.

        A package does in its ``__init__``: ``from .model import Model``.
        """
        found: dict[str, dict[str, str]] = {}
        here = self.names.module(path)
        if here is None:
            return found
        known = {path: {name: name for name in here.root.bindings}}
        todo = [path]
        while todo:
            source = todo.pop()
            for other in sorted(self.repository.imported_by.get(source, set()) - {path}):
                module = self.names.module(other)
                if module is None:
                    continue
                names: dict[str, str] = {}
                for name, bindings in module.root.bindings.items():
                    for binding in bindings:
                        if binding.module is None or binding.module[2] not in known[source]:
                            continue
                        if (
                            source
                            in self.repository.places.resolve(other, *binding.module[:2])[-1:]
                        ):
                            names[name] = known[source][binding.module[2]]
                for dotted, level in module.root.stars:
                    if source in self.repository.places.resolve(other, dotted, level)[-1:]:
                        names.update(known[source])
                if not names.keys() <= found.get(other, {}).keys():
                    found.setdefault(other, {}).update(names)
                    known[other] = found[other]
                    todo.append(other)
        return found

    def _reached(self, path: str) -> set[str]:
        """Return the files that import ``path``, themselves or through others."""
        seen: set[str] = set()
        todo = [path]
        while todo:
            new = self.repository.imported_by.get(todo.pop(), set()) - seen - {path}
            seen |= new
            todo += new
        return seen

    # -- after files were planned ------------------------------------------------------

    def settle(self, plans: Mapping[str, Plan], held: Iterable[int]) -> None:
        """Note which programs do not lift after all, from the plans of their files."""
        if not self.asked:
            return
        for index, group in enumerate(self.repository.groups):
            if index in self.refused or index in held:
                continue
            reasons = [
                self._refusal(group, path, plans[path]) for path in group.files if path in plans
            ]
            if any(path in plans and plans[path].tier is Tier.NATIVE for path in group.files):
                reasons.append(self._unfit(group))
            reason = next(filter(None, reasons), None)
            if reason is None:
                continue
            paths = () if index in self._alone else self._mergeable(group, plans)
            if paths:
                self.merged[index] = paths
                self._alone[index] = reason
                self._own -= set(paths)
                continue
            if index in self.merged and NOT_ONE in reason:
                # they could not be made one: what stood against the files apart says more
                self._own -= set(self.merged.pop(index))
                reason = self._alone[index]
            self.refused[index] = reason

    def _mergeable(self, group: Group, plans: Mapping[str, Plan]) -> tuple[str, ...]:
        """Return the files that may lift as one, in the order of their imports, or none.

        Those with sessions, which did not lift apart, and those that make classes of theirs.
        """
        loud = [path for path in group.files if not self.is_quiet(path)]
        if not any(path in plans and plans[path].refused is not None for path in loud):
            return ()
        heirs = {
            user.path
            for path in loud
            for user in self.users(path)
            if user.bases and user.path in group.files
        }
        left = sorted({*loud, *heirs})
        if not 2 <= len(left) <= 4 or any(len(self.repository.groups_of[p]) > 1 for p in left):
            return ()
        edges = self.repository.edges
        found: list[str] = []
        while left:
            ready = [path for path in left if not set(edges[path]) & (set(left) - {path})]
            if not ready:
                return ()  # they import each other
            found.append(ready[0])
            left.remove(ready[0])
        related = all(
            any(other in edges[path] or path in edges[other] for other in found if other != path)
            for path in found
        )
        return tuple(found) if related else ()

    def _refusal(self, group: Group, path: str, plan: Plan) -> str | None:
        if self.is_quiet(path):
            for finding in plan.findings:
                if finding.code == "TFM810" and not in_tensorflow1(finding.api or "tf"):
                    continue  # a branch for yet older versions, which 1.15 did not take either
                if finding.outcome in (Outcome.MANUAL, Outcome.BLOCKED):
                    what = finding.api or finding.code
                    return f"`{path}:{finding.span.line}` uses `{what}`, which is left to a person"
            return None
        if plan.tier is Tier.NATIVE:
            return None
        if plan.refused is not None:
            self._own.add(path)
            return (
                f"`{path}` is not lifted: {plan.refused}" if len(group.files) > 1 else plan.refused
            )
        if len(group.files) == 1:
            return None
        self._own.add(path)
        return f"`{path}` is not lifted, and a program lifts whole"

    def _unfit(self, group: Group) -> str | None:
        """Return what the lifted files use of the quiet ones that has no place in a build."""
        if group.files not in self._fits:
            self._fits[group.files] = self._find_unfit(group)
        return self._fits[group.files]

    def _find_unfit(self, group: Group) -> str | None:
        todo: list[tuple[str, str]] = []
        loud = [path for path in group.files if not self.is_quiet(path)]
        hosts = set(group.files).union(*map(self._reached, group.files)).difference(loud)
        for path in sorted(hosts):
            if (reason := self.names.called_outside(path, self.is_quiet)) is not None:
                return reason
        for path in sorted(hosts.union(loud)):
            reason = self.names.asks_for_values(path) or self.names.imports_computed(path)
            if reason is not None:
                return reason
        for path in group.files:
            if not self.is_quiet(path):
                todo += self.names.used_by(path)
            elif (reason := self.names.unfit_host(path)) is not None:
                return reason
        seen: set[tuple[str, str]] = set()
        while todo:
            path, name = todo.pop()
            if (path, name) in seen or not self.is_quiet(path):
                continue
            seen.add((path, name))
            reason = self.names.unfit(path, name)
            if reason is not None:
                return reason
            todo += self.names.used_by(path, name)
        return None

    def requirements(self, group: Group, plans: Mapping[str, Plan]) -> list[str]:
        """Return the packages that a lifted program needs beside TensorFlow."""
        facts = [self.repository.facts[path] for path in group.files]
        found = {name for path in group.files if path in plans for name in plans[path].requirements}
        quiet = [fact for fact in facts if self.is_quiet(fact.path)]
        if any(fact.legacy_keras or fact.slim for fact in quiet):
            found.add("tf-keras")
        if any(fact.slim for fact in quiet):
            found.add("tf-slim")
        return sorted(found)

    def legacy_keras(self, path: str) -> str | None:
        """Return the symbol for which another file of a lifted program needs tf-keras, or None."""
        for index in self.repository.groups_of.get(path, ()):
            for other in self.repository.groups[index].files:
                fact = self.repository.facts[other]
                if other != path and (fact.legacy_keras or fact.slim):
                    return fact.legacy_keras or "tf.contrib.slim"
        return None


def _with_handed(user: User, through: User, names: Mapping[str, str]) -> User:
    """Return ``user`` with what it uses of a file by way of another one, which hands it on.

    Args:
        user: what it uses of the file itself.
        through: what it uses of the other one.
        names: the other's name -> the file's own.
    """
    used = set(names) if "*" in through.names else through.names & names.keys()
    made = dict(user.made)
    for name, count in through.made:
        if name in names:
            made[names[name]] = made.get(names[name], 0) + count
    return replace(
        user,
        names=user.names | {names[name] for name in used},
        attributes=user.attributes | (through.attributes if used else frozenset()),
        bases=user.bases | {names[name] for name in through.bases if name in names},
        made=tuple(sorted(made.items())),
    )
