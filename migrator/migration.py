"""A whole run: discover, look at the repository, plan every file, compose the report.

Nothing is written here: a :class:`Migration` holds what would change, and :meth:`Migration.write`
hands it to the one module that writes.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import migrator
from migrator import files, pool, sources, writing
from migrator.apis import BRIDGED_READERS
from migrator.results import (
    FileResult,
    Finding,
    Outcome,
    Program,
    RuleInfo,
    RunReport,
    Tier,
)

if TYPE_CHECKING:
    from migrator.carried import Carried
    from migrator.engine import Plan
    from migrator.handed import Handed
    from migrator.modernise.python2 import Modern
    from migrator.native import Natives
    from migrator.notebooks.source import Notebook
    from migrator.programs import FileFacts, Group, Repository
    from migrator.rule import CarriedCall, ExportedProto, FileContext, KnownLoad, Rule
    from migrator.traffic import Model

__all__ = ["Migration", "Options", "migrate", "migrate_text"]

BRIDGE = "tf2_bridge.py"
_READER = "TFM206"  #: the code of readers of checkpoints
_MAKERS = frozenset({"TFM102", "TFM201", "TFM402"})  #: of what makes Savers and builders
_ADDS = frozenset({"TFM103"})  #: of what adds to a builder

#: Bytes from which a notebook is mostly outputs.
_LARGE = 1_000_000

#: Called with (what, done, total) as the work goes on.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for."""

    tier: str = "auto"  #: auto, native or session
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    safe_only: bool = False
    bridge: str = "vendor"  #: ``vendor`` copies tf2_bridge.py, ``import`` uses migrator.bridge
    exclude: tuple[str, ...] = ()
    jobs: int | None = None
    models: tuple[Model, ...] = ()  #: SavedModels that code of the repository loads
    python2: bool = False  #: modernise files of Python 2 first


@dataclass
class Migration:
    """What a run found, and what it would write."""

    root: Path
    report: RunReport
    changes: list[tuple[sources.Source, str]] = field(default_factory=list)
    created: list[tuple[Path, str]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)  #: path as given -> sentence
    selected: int = 0  #: how many Python files were looked at
    written: int = 0  #: how many files were written so far
    #: for each program that changes, the relative paths that must be on disk together
    units: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def changes_something(self) -> bool:
        """Whether any file would be written."""
        return bool(self.changes or self.created)

    def write(self) -> dict[str, str]:
        """Write program by program, each whole or not at all; return path -> why not.

        What several programs share (a neutral file, a bridge) is written with the first of them
        that can be written.
        """
        root = str(self.root)
        changes = {source.relative: (source, text) for source, text in self.changes}
        created = {
            sources.relative_name(str(path), root): (path, text) for path, text in self.created
        }
        together = {name for unit in self.units for name in unit}
        alone = [(name,) for name in [*changes, *created] if name not in together]
        done: set[str] = set()
        failed: dict[str, str] = {}
        for unit in _between_interrupts([*self.units, *alone]):
            left = [name for name in unit if name not in done]
            try:
                writing.replace_all(
                    [changes[name] for name in left if name in changes],
                    [created[name] for name in left if name in created],
                )
            except sources.SourceError as error:
                failed.update((sources.printable(name), str(error)) for name in left)
            else:
                done.update(left)
                self.written += len(left)
        return {
            name: why for name, why in failed.items() if name not in map(sources.printable, done)
        }


def _between_interrupts(units: Sequence[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield the programs to write; Ctrl-C ends the run, but not in the middle of one of them."""
    if threading.current_thread() is not threading.main_thread():
        yield from units
        return
    interrupts: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: interrupts.append(number))
    try:
        for unit in units:
            yield unit
            if interrupts:
                raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True)
class _Task:
    """One file for the engine, picklable for another process."""

    text: str
    context: FileContext
    select: tuple[str, ...]
    ignore: tuple[str, ...]


def migrate_text(text: str, options: Options, name: str = "<stdin>") -> tuple[Plan, str]:
    """Return (plan, new text) of one piece of source that belongs to no repository."""
    from migrator import neighbours
    from migrator.carried import Carried
    from migrator.handed import Handed
    from migrator.native import Natives
    from migrator.programs import Repository, facts_of

    path = "stdin.py"
    modern = None
    if options.python2:
        from migrator.modernise import python2

        modern = python2.modern(text)
        text = modern.text if modern is not None and modern.text is not None else text
    repository = Repository.build([facts_of(path, text)])
    held = repository.groups[0].held if repository.groups else None
    natives = Natives(repository, lambda name: text, _lifts(options), options.models)
    moving = frozenset(range(len(repository.groups)))
    whole = not (options.select or options.ignore or options.safe_only)
    readers = neighbours.readers_near(
        repository, natives.traffic, path, lambda *place: whole and place[2] in BRIDGED_READERS
    )
    loads = neighbours.known_loads(repository, natives.traffic, path, lambda *place: held is None)
    carried = Carried(repository, lambda name: text)
    handed = Handed(repository, lambda name: text)
    plan: Plan | None = None
    context: FileContext | None = None
    for _ in range(4):

        def changes(line: int, codes: frozenset[str], so_far: Plan | None = plan) -> bool:
            return held is None and (so_far is None or _rewrites(so_far, line, codes))

        calls = neighbours.carried_calls(carried, path, lambda made: changes(made.line, _MAKERS))
        protos = neighbours.exported_protos(handed, path, lambda at: changes(at.line, _ADDS))
        sessions = neighbours.unprepared_sessions(
            repository,
            natives.traffic,
            () if held is None else (0,),
            lambda *place: whole and place[2] in BRIDGED_READERS,
            whole,
        )
        before = context
        context = _context(
            *(repository, natives, path, options, moving, held, readers, loads, calls, protos),
            managed=neighbours.managed_savers(repository, carried, path),
            unprepared=neighbours.unprepared_near(repository, natives.traffic, path, sessions),
        )
        if context == before:
            break
        plan = _plan(_Task(text, replace(context, path=name), options.select, options.ignore))
    assert plan is not None
    assert context is not None
    if context.move and not plan.moves:
        again = replace(context, path=name, move=False)
        plan = _plan(_Task(text, again, options.select, options.ignore))
    if modern is not None:
        from migrator import around

        plan = around.modernised(plan, modern, context.move and modern.text is not None)
        text = modern.before
    return plan, plan.text if plan.text is not None else text


def migrate(
    paths: Sequence[str | os.PathLike[str]],
    options: Options = Options(),
    *,
    command: str = "migrate",
    progress: Progress | None = None,
) -> Migration:
    """Return what a migration of ``paths`` would do; nothing is written.

    Args:
        paths: files and folders.
        options: what is asked for.
        command: the word the report carries.
        progress: told how far the work is.
    """
    found = files.discover(paths, exclude=options.exclude)
    problems = {str(path): sentence for path, sentence in found.problems.items()}
    folders = tuple(os.path.realpath(path) for path in paths if os.path.isdir(path))
    run = _Run(found, options, progress or (lambda what, done, total: None), folders)
    with pool.rare_collections():
        results, programs = run.results()
    report = RunReport(
        version=migrator.__version__,
        rules=run.rules_used(results),
        programs=programs,
        files=results,
        command=command,
    )
    return Migration(
        root=found.root,
        report=report,
        changes=run.changes,
        created=run.created,
        problems=problems,
        selected=len(found.selected),
        units=run.units,
    )


class _Run:
    """The state of one run."""

    def __init__(
        self,
        found: files.Discovery,
        options: Options,
        progress: Progress,
        folders: tuple[str, ...] = (),
    ) -> None:
        self.found = found
        self.options = options
        self.progress = progress
        self.root = str(found.root)
        self.sources: dict[str, sources.Source] = {}
        self.errors: dict[str, str] = {}
        self.changes: list[tuple[sources.Source, str]] = []
        self.created: list[tuple[Path, str]] = []
        self.units: list[tuple[str, ...]] = []
        self.folders = folders  #: those among the paths given
        self.needs: dict[str, tuple[str, ...]] = {}  #: file that moves -> packages it needs
        self.bridges: set[str] = set()  #: those that this tool wrote, as relative paths
        self.natives: Natives  #: made when the facts are there
        self.carried: Carried  #: likewise
        self.handed: Handed  #: likewise
        self.plans: dict[str, Plan] = {}  #: those made so far
        #: what is known of managed sessions, by what it depends on
        self._sessions: dict[tuple[object, ...], frozenset[tuple[str, int, str]]] = {}
        self.notebooks: tuple[str, ...] = ()  #: all of the repository, as relative paths

    # -- reading ----------------------------------------------------------------------

    def results(self) -> tuple[tuple[FileResult, ...], tuple[Program, ...]]:
        """Return the report's files and programs."""
        candidates = self._candidates()
        if not candidates:
            return self._only_errors(), ()
        facts = self._facts()
        from migrator.carried import Carried
        from migrator.handed import Handed
        from migrator.native import Natives
        from migrator.programs import Repository

        repository = Repository.build(facts, self._text)
        self.notebooks = tuple(filter(sources.is_notebook, repository.facts))
        self.natives = Natives(repository, self._text, _lifts(self.options), self.options.models)
        module = self.natives.names.module
        self.carried = Carried(repository, self._text, module)
        self.handed = Handed(repository, self._text, module)
        held = self._held(repository)
        # nothing else would say that these use TensorFlow and cannot be read
        broken = {path for path, fact in repository.facts.items() if fact.error}
        looked = (candidates | broken & self._selected()) & set(repository.facts)
        plans, moving = self._plan(repository, looked, held)
        self._around(repository, plans, moving)
        results, programs = self._compose(repository, plans, held, moving)
        return self._with_pins(repository, results, held, moving), programs

    def _candidates(self) -> set[str]:
        """Read the selected files; return those that may hold saving code."""
        candidates = set()
        for path in self.found.selected:
            relative = sources.relative_name(str(path), self.root)
            large = False
            try:
                raw = sources.read_bytes(path)
                # of megabytes of pictures, the JSON scanner is done before a search for words
                large = sources.is_notebook(path) and len(raw) > _LARGE
                if not large and not sources.may_hold_saving_code(raw):
                    continue
                source = files.decoded(path, self.root, raw, python2=self.options.python2)
                notebook = _notebook(source)
                # words in the outputs of a notebook do not count
                if notebook is None or notebook.may_hold_saving_code():
                    self.sources[relative] = source
                    candidates.add(relative)
            except sources.SourceError as error:
                if not large or sources.may_hold_saving_code(raw):
                    self.errors[relative] = error.reason
        return candidates

    def _only_errors(self) -> tuple[FileResult, ...]:
        return tuple(
            FileResult(sources.printable(path), error=reason)
            for path, reason in sorted(self.errors.items())
        )

    def _facts(self) -> list[FileFacts]:
        paths = [str(path) for path in self.found.context(exclude=self.options.exclude)]
        paths = [path for path in paths if not self._is_our_bridge(path)]
        python2 = self.options.python2
        chunks = [(self.root, paths[at : at + 24], python2) for at in range(0, len(paths), 24)]
        from migrator import programs  # loaded before the pool forks

        done = 0

        def on_done(index: int, result: object) -> None:
            nonlocal done
            done += len(chunks[index][1])
            self.progress("Reading", done, len(paths))

        facts: list[FileFacts] = []
        results = pool.run(_facts_of, chunks, jobs=self.options.jobs, on_done=on_done)
        for chunk, result in zip(chunks, results, strict=True):
            if not isinstance(result, pool.Failure):
                facts.extend(result)
                continue
            # a file that no process survives must not hide the others
            single = [(self.root, [path], python2) for path in chunk[1]]
            for (_, (path,), _), one in zip(
                single, pool.run(_facts_of, single, jobs=self.options.jobs), strict=True
            ):
                if isinstance(one, pool.Failure):
                    relative = sources.relative_name(path, self.root)
                    self.errors[relative] = f"internal error: {one.reason}"
                    facts.append(programs.unreadable(relative, _raw(path), one.reason))
                else:
                    facts.extend(one)
        return facts

    def _is_our_bridge(self, path: str) -> bool:
        """Whether ``path`` is a ``tf2_bridge.py`` that this tool wrote and nobody changed."""
        if os.path.basename(path) != BRIDGE:
            return False
        from migrator import vendor

        try:
            text = sources.read(path, self.root).text
        except sources.SourceError:
            return False
        if vendor.bridge_parts(text.replace("\r\n", "\n")) is None:
            return False
        self.bridges.add(sources.relative_name(path, self.root))
        return True

    def _text(self, relative: str) -> str | None:
        source = self._source(relative)
        return self._current(source) if source is not None else None

    def _current(self, source: sources.Source) -> str:
        """Return the text that is worked on; of Python 2, if asked for, what it became."""
        modern = self._modern(source)
        return modern.text if modern is not None and modern.text is not None else source.text

    def _modern(self, source: sources.Source) -> Modern | None:
        if not self.options.python2:
            return None
        from migrator.modernise import python2

        return python2.modern(source.text)

    def _source(self, relative: str) -> sources.Source | None:
        if relative not in self.sources:
            try:
                self.sources[relative] = files.read(
                    Path(self.root, relative), self.root, python2=self.options.python2
                )
            except sources.SourceError as error:
                self.errors.setdefault(relative, error.reason)
                return None
        return self.sources[relative]

    # -- deciding ---------------------------------------------------------------------

    def _selected(self) -> set[str]:
        return {sources.relative_name(str(path), self.root) for path in self.found.selected}

    def _held(self, repository: Repository) -> dict[int, str]:
        """Return why programs stay as they are, by index."""
        selected = self._selected()
        held: dict[int, str] = {}
        for index, group in enumerate(repository.groups):
            if group.held is not None:
                held[index] = group.held
                continue
            outside = [
                path
                for path in group.files
                if path not in selected and _changes(repository.facts[path])
            ]
            if outside:
                held[index] = (
                    f"its program also holds `{outside[0]}`, which is not among the files given;"
                    " a program moves whole, so name that file, too, or run on the repository"
                )
                continue
            clash = self._bridge_clash(repository, group)
            if clash is not None:
                held[index] = clash
        repository.share_holds(held)
        return held

    def _bridge_clash(self, repository: Repository, group: Group) -> str | None:
        """A ``tf2_bridge.py`` that is not ours, or was edited, where ours would go."""
        if self.options.bridge == "import":
            return None
        for path in group.files:
            fact = repository.facts[path]
            if not (fact.targets or fact.slim or fact.session):
                continue
            place = _join(_bridge_home(repository, path)[0], BRIDGE)
            if place not in self.bridges and os.path.lexists(Path(self.root, place)):
                return (
                    f"`{place}` exists and is not (or no longer) the bridge that this tool writes;"
                    " move it away or restore it"
                )
        return None

    def _plan(
        self, repository: Repository, candidates: set[str], held: dict[int, str]
    ) -> tuple[dict[str, Plan], set[int]]:
        """Return the final plan of each file, and the programs that move.

        A first look at the files that may hold saving code tells which programs have a reason to
        move; then their other files follow.  Whatever fails on the way holds its program, and
        those that share a file with it, and what was planned for them is planned again.  So is a
        program of which one file is not lifted.
        """
        selected = self._selected() & set(repository.facts)
        plans = self._run(repository, sorted(candidates), held, None, "Planning")
        moving = {
            index
            for path, plan in plans.items()
            if plan.moves
            for index in repository.groups_of.get(path, ())
        }
        moving |= repository.followers(moving) | self._reading(repository, moving)
        natives = self.natives
        planned = {path: self._circumstances(repository, path, held, None) for path in plans}
        self.plans = plans
        what: str | None = "Changing imports"
        while True:
            self._hold_failed(repository, plans, held)
            natives.settle(plans, held)
            if self.options.tier == "native":
                for index, reason in natives.refused.items():
                    held.setdefault(index, f"it is not lifted: {reason}")
                repository.share_holds(held)
            work = sorted(
                path
                for path in selected
                if path in candidates
                or any(i in moving and i not in held for i in repository.groups_of.get(path, ()))
            )
            # a file whose circumstances changed since it was planned is planned again
            again = [
                path
                for path in work
                if planned.get(path) != self._circumstances(repository, path, held, moving)
            ]
            for path in set(plans) - set(work):
                del plans[path], planned[path]
            if not again:
                return plans, moving - set(held)
            for p in again:
                planned[p] = self._circumstances(repository, p, held, moving)
            plans.update(self._run(repository, again, held, moving, what))
            what = None

    @staticmethod
    def _hold_failed(repository: Repository, plans: dict[str, Plan], held: dict[int, str]) -> None:
        for path in sorted(plans):
            error = plans[path].error
            if error is not None:
                for index in repository.groups_of.get(path, ()):
                    held.setdefault(index, f"`{path}` holds this program back: {error}")
        repository.share_holds(held)

    def _circumstances(
        self, repository: Repository, path: str, held: dict[int, str], moving: set[int] | None
    ) -> tuple[object, ...]:
        """Return all that the plan of ``path`` depends on and that a run may change."""
        return (
            self._state(repository, path, held, moving),
            self.natives.state(path),
            self._seen_from(repository, path, held),
        )

    def _seen_from(
        self, repository: Repository, path: str, held: Container[int]
    ) -> tuple[
        tuple[str, ...],
        tuple[KnownLoad, ...],
        tuple[CarriedCall, ...],
        tuple[ExportedProto, ...],
        tuple[frozenset[str], frozenset[int]],
        tuple[str, ...],
    ]:
        """Return what other files read of what ``path`` writes, and write of what it reads.

        And what they make of which it calls the methods, and export of what it makes.
        """
        from migrator import neighbours

        return (
            neighbours.readers_near(repository, self.natives.traffic, path, self._reader_moves),
            neighbours.known_loads(
                repository,
                self.natives.traffic,
                path,
                lambda *place: self._export_changes(repository, held, *place),
            ),
            neighbours.carried_calls(
                self.carried,
                path,
                lambda made: self._changes(repository, held, made.path, made.line, _MAKERS),
            ),
            neighbours.exported_protos(
                self.handed,
                path,
                lambda place: self._changes(repository, held, place.path, place.line, _ADDS),
            ),
            neighbours.managed_savers(repository, self.carried, path),
            neighbours.unprepared_near(
                repository, self.natives.traffic, path, self._unprepared(repository, held)
            ),
        )

    def _unprepared(
        self, repository: Repository, held: Container[int]
    ) -> frozenset[tuple[str, int, str]]:
        """Return the managed sessions that go on with TensorFlow 1's Saver."""
        from migrator import neighbours

        options = self.options
        if not any(fact.finalizers for fact in repository.facts.values()):
            return frozenset()
        stay = tuple(reader for reader in repository.readers() if not self._reader_moves(*reader))
        known = (frozenset(index for index in range(len(repository.groups)) if index in held), stay)
        if known not in self._sessions:
            self._sessions[known] = neighbours.unprepared_sessions(
                repository,
                self.natives.traffic,
                held,
                self._reader_moves,
                not (options.select or options.ignore or options.safe_only),
            )
        return self._sessions[known]

    def _changes(
        self,
        repository: Repository,
        held: Container[int],
        path: str,
        line: int,
        codes: frozenset[str],
    ) -> bool:
        """Whether a rule rewrites what stands at a place, for the session tier.

        As long as nobody knows, it is taken to.
        """
        if any(index in held for index in repository.groups_of.get(path, ())):
            return False
        plan = self.plans.get(path)
        if plan is None:
            return not self.plans
        return plan.text is not None and _rewrites(plan, line, codes)

    def _export_changes(
        self, repository: Repository, held: Container[int], path: str, line: int
    ) -> bool:
        """Whether what stands at a place is rewritten; while nobody knows, it is taken to be.

        An export that stays goes on writing all names of its graph.
        """
        if any(index in held for index in repository.groups_of.get(path, ())):
            return False
        plan = self.plans.get(path)
        if plan is None:
            return not self.plans
        return any(
            finding.span.line == line and finding.outcome is Outcome.REWRITTEN
            for finding in plan.findings
        )

    def _reading(self, repository: Repository, moving: set[int]) -> set[int]:
        """Return the programs that only read checkpoints, of Savers of those that move."""
        from migrator import neighbours

        traffic = self.natives.traffic
        readers = {
            reader.partition(":")[0]
            for index in moving
            for path in repository.groups[index].files
            for reader in neighbours.readers_near(repository, traffic, path, lambda *place: False)
        }
        return {
            index
            for reader in readers
            for index in repository.groups_of.get(reader, ())
            if repository.groups[index].reads
        }

    def _reader_moves(self, path: str, line: int, symbol: str) -> bool:
        """Whether a reader by variable name becomes one that reads both kinds of checkpoint.

        As long as its file was not planned, it is taken to.
        """
        if symbol not in BRIDGED_READERS:
            return False
        plan = self.plans.get(path)
        if plan is None:
            return not self.plans
        return any(
            finding.code == _READER and finding.span.line == line
            for finding in plan.findings
            if finding.outcome is Outcome.REWRITTEN
        )

    @staticmethod
    def _state(
        repository: Repository, path: str, held: dict[int, str], moving: set[int] | None
    ) -> tuple[frozenset[int], str | None]:
        """Return the programs of ``path`` that move, and why they do not if they are held."""
        indices = repository.groups_of.get(path, ())
        free = [i for i in indices if i not in held and (moving is None or i in moving)]
        if free:
            return frozenset(free), None
        return frozenset(), next((held[i] for i in indices if i in held), None)

    def _run(
        self,
        repository: Repository,
        paths: list[str],
        held: dict[int, str],
        moving: set[int] | None,
        what: str | None,
    ) -> dict[str, Plan]:
        """Return the plans of ``paths``.

        Args:
            repository: the facts.
            paths: relative paths.
            held: why programs stay, by index.
            moving: the programs with a reason to move; None while that is not known.
            what: the word for progress, None for none.
        """
        if not paths:
            return {}
        from migrator import engine, rulebook

        rulebook.all_rules()  # loaded once, before the pool forks
        tasks: list[_Task] = []
        read: list[sources.Source] = []
        for path in paths:
            source = self._source(path)
            if source is None:
                continue
            free, why = self._state(repository, path, held, moving)
            seen = self._seen_from(repository, path, held)
            context = _context(repository, self.natives, path, self.options, free, why, *seen)
            text = self._current(source)
            tasks.append(_Task(text, context, self.options.select, self.options.ignore))
            read.append(source)
        done = 0

        def on_done(index: int, result: object) -> None:
            nonlocal done
            done += 1
            if what is not None:
                self.progress(what, done, len(tasks))

        # what cannot be read any more holds its program like what cannot be parsed
        plans = {
            path: engine.Plan(error=self.errors[path]) for path in paths if path in self.errors
        }
        results = pool.run(_plan, tasks, jobs=self.options.jobs, on_done=on_done)
        for source, result in zip(read, results, strict=True):
            if isinstance(result, pool.Failure):
                self.errors[source.relative] = f"internal error: {result.reason}"
                result = engine.Plan(error=f"this tool failed on it ({result.reason})")
            elif result.text is not None:
                result = _encodable(source, result)
            plans[source.relative] = result
        return plans

    # -- what stands around -----------------------------------------------------------

    def _around(self, repository: Repository, plans: dict[str, Plan], moving: set[int]) -> None:
        """Complete the plans by what Python 2 became, and by files that moving programs import."""
        if self.options.python2:
            from migrator import around

            old: set[int] = set()  # programs with Python 2 that move
            for path in sorted(plans):
                source = self.sources.get(path)
                modern = self._modern(source) if source is not None else None
                if source is None or modern is None:
                    continue
                old |= moving.intersection(repository.groups_of.get(path, ()))
                moves = not moving.isdisjoint(repository.groups_of.get(path, ()))
                plan = around.modernised(plans[path], modern, moves and modern.text is not None)
                plans[path] = _encodable(source, plan) if plan.text is not None else plan
            for path in sorted(plans) if old else ():
                source = self.sources.get(path)
                if source is None or old.isdisjoint(repository.groups_of.get(path, ())):
                    continue
                if self._modern(source) is None and not sources.is_notebook(path):
                    plans[path] = around.beside_python2(plans[path], source.text)
        if moving and not self.options.safe_only:
            from migrator import around

            paths = around.reached(repository, moving) & self._selected() - set(plans)
            options = self.options
            paths = {path for path in paths if not sources.is_notebook(path)}
            further = around.further_plans(
                sorted(paths),
                lambda path: read.text if (read := self._source(path)) else None,
                options.select,
                options.ignore,
                options.python2,
                options.jobs,
            )
            for path, plan in further.items():
                source = self.sources[path]
                plans[path] = _encodable(source, plan) if plan.text is not None else plan

    def _with_pins(
        self,
        repository: Repository,
        results: tuple[FileResult, ...],
        held: dict[int, str],
        moving: set[int],
    ) -> tuple[FileResult, ...]:
        """Add requirement files, images and scripts that have something to do with the move."""
        if not moving or self.options.safe_only or not self.folders:
            return results
        from migrator import around, pins

        needs: dict[str, tuple[str, ...]] = {
            path: () for index in moving for path in repository.groups[index].files
        }
        needs |= self.needs
        staying = {path for index in held for path in repository.groups[index].files} - set(needs)
        other = files.other_files(
            self.folders, self.root, pins.names_pins, exclude=self.options.exclude
        )
        read: dict[str, sources.Source] = {}

        def text(path: str) -> str | None:
            try:
                read[path] = sources.read(Path(self.root, path), self.root)
            except sources.SourceError:
                return None
            return read[path].text

        def wanted(code: str) -> bool:
            chosen, left = self.options.select, self.options.ignore
            if any(code.startswith(word.upper()) for word in left):
                return False
            return not chosen or any(code.startswith(word.upper()) for word in chosen)

        found = around.pin_files(self.root, other, needs, tuple(sorted(staying)), text, wanted)
        more = []
        for file in found:
            diff = ""
            if file.text is not None:
                diff = writing.unified_diff(file.path, read[file.path].text, file.text)
                self.changes.append((read[file.path], file.text))
            more.append(FileResult(sources.printable(file.path), file.findings, diff))
        return tuple(sorted((*results, *more), key=lambda result: result.path))

    # -- composing --------------------------------------------------------------------

    def _compose(
        self,
        repository: Repository,
        plans: dict[str, Plan],
        held: dict[int, str],
        moving: set[int],
    ) -> tuple[tuple[FileResult, ...], tuple[Program, ...]]:
        changed = {path for path, plan in plans.items() if plan.text is not None}
        moved = {
            index for index in moving if not changed.isdisjoint(repository.groups[index].files)
        }
        shown: dict[int, int] = {}
        programs: list[Program] = []
        for index, group in enumerate(repository.groups):
            if not any(path in plans and _seen(plans[path]) for path in group.files):
                continue
            shown[index] = len(programs)
            moves = index in moved
            requirements = []
            if moves and self._tier(group, plans) is Tier.NATIVE:
                requirements = self.natives.requirements(group, plans)
            elif moves:
                requirements += ["tf-keras"] if group.legacy_keras is not None else []
                requirements += ["tf-slim"] if group.slim else []
            if moves:
                for path in group.files:
                    self.needs[path] = (*self.needs.get(path, ()), *requirements)
            programs.append(
                Program(
                    files=tuple(sources.printable(path) for path in group.files),
                    entry_points=tuple(sources.printable(path) for path in group.entry_points),
                    tier=self._tier(group, plans) if moves else None,
                    held=held.get(index),
                    requirements=tuple(requirements),
                )
            )
        results: list[FileResult] = []
        parts: dict[str, set[str]] = {}
        homes: dict[str, str] = {}  # file -> the bridge it imports
        for path in sorted(plans):
            plan = plans[path]
            error = self.errors.get(path)
            diff = ""
            if plan.text is not None:
                source = self.sources[path]
                diff = (
                    writing.diff(source, plan.text)
                    if sources.is_notebook(path)
                    else writing.unified_diff(path, source.text, plan.text)
                )
                self.changes.append((source, plan.text))
                if plan.parts and self.options.bridge == "vendor":
                    folder, _ = _bridge_home(repository, path)
                    parts.setdefault(folder, set()).update(
                        plan.parts, self._shared_parts(repository, path, plans)
                    )
                    homes[path] = _join(folder, BRIDGE)
            findings = self._told(path, plan.findings)
            if findings or diff or error:
                indices = repository.groups_of.get(path, ())
                # a file of several programs is shown with the first that moves
                first = next((i for i in indices if i in moved), next(iter(indices), None))
                results.append(
                    FileResult(
                        sources.printable(path),
                        findings,
                        diff,
                        error,
                        shown.get(first) if first is not None else None,
                    )
                )
        results += [
            FileResult(sources.printable(path), error=reason)
            for path, reason in sorted(self.errors.items())
            if path not in plans
        ]
        for path in homes:  # a bridge beside a script hides the one that was made for it
            beside = path.rpartition("/")[0] or "."
            folder, line = _bridge_home(repository, path)
            hidden = beside in parts or _join(beside, BRIDGE) in self.bridges
            if line == "import tf2_bridge" and beside != folder and hidden:
                parts.setdefault(beside, set()).update(parts[folder])
        results += self._bridges(parts)
        written = {source.relative for source, _ in self.changes} | {
            sources.relative_name(str(path), self.root) for path, _ in self.created
        }
        for index in sorted(moved):
            mine = [path for path in repository.groups[index].files if path in changed]
            needed = {homes[path] for path in mine if path in homes} & written
            self.units.append((*sorted(needed), *mine))
        return tuple(sorted(results, key=lambda result: result.path)), tuple(programs)

    def _told(self, path: str, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Return findings as the report shows them: what is in a notebook with its cell."""
        own = _notebook(self.sources.get(path))
        if not self.notebooks:
            return findings
        from migrator import notebook_findings

        found = list(findings)
        if own is not None:
            found = list(notebook_findings.in_cells(findings, own))

        found = notebook_findings.with_places(
            found, own, self.notebooks, lambda name: _notebook(self._source(name))
        )
        if own is not None:
            found += notebook_findings.of_notebook(own, bool(findings))
            found.sort(key=lambda f: (f.span.cell or 0, f.span.line, f.span.column, f.code))
        return tuple(found)

    def _shared_parts(
        self, repository: Repository, path: str, plans: dict[str, Plan]
    ) -> frozenset[str]:
        """Return what the bridge that ``path`` imports needs for others of its programs.

        One process has one top-level ``tf2_bridge``: that of the folder which comes first on its
        ``sys.path``, which is not for every file the one that was made for it.
        """
        if _bridge_home(repository, path)[1] != "import tf2_bridge":
            return frozenset()
        return frozenset(
            part
            for index in repository.groups_of.get(path, ())
            for other in repository.groups[index].files
            if other in plans
            and plans[other].text is not None
            and _bridge_home(repository, other)[1] == "import tf2_bridge"
            for part in plans[other].parts
        )

    @staticmethod
    def _tier(group: Group, plans: dict[str, Plan]) -> Tier:
        """Return the form that a program reaches."""
        native = any(path in plans and plans[path].tier is Tier.NATIVE for path in group.files)
        return Tier.NATIVE if native else Tier.SESSION

    def _bridges(self, parts: dict[str, set[str]]) -> list[FileResult]:
        """Make or complete the ``tf2_bridge.py`` of each folder; never one that is not ours."""
        from migrator import vendor

        results = []
        for folder in sorted(parts):
            relative = _join(folder, BRIDGE)
            if relative in self.bridges:
                source = sources.read(Path(self.root, relative), self.root)
                newline = "\r\n" if "\r\n" in source.text else "\n"
                there = vendor.bridge_parts(source.text.replace("\r\n", "\n"))
                text = vendor.bridge_text(parts[folder] | (there or set()))
                text = text.replace("\n", newline)
                if text == source.text:
                    continue
                self.changes.append((source, text))
                diff = writing.unified_diff(relative, source.text, text)
                results.append(FileResult(sources.printable(relative), diff=diff))
            else:
                text = vendor.bridge_text(parts[folder])
                self.created.append((Path(self.root, relative), text))
                diff = writing.unified_diff(relative, None, text)
                results.append(FileResult(sources.printable(relative), diff=diff, created=True))
        return results

    def rules_used(self, results: tuple[FileResult, ...]) -> tuple[RuleInfo, ...]:
        """Return the rules that the findings name, as reports show them."""
        codes = {finding.code for result in results for finding in result.findings}
        if not codes:
            return ()
        from migrator import rulebook

        return tuple(info for info in rulebook.rule_infos() if info.code in codes)


def _notebook(source: sources.Source | None) -> Notebook | None:
    """Return ``source`` where it is a notebook."""
    if source is None or not sources.is_notebook(source.path):
        return None
    from migrator.notebooks.source import Notebook

    assert isinstance(source, Notebook)
    return source


def _bridge_home(repository: Repository, path: str) -> tuple[str, str]:
    """Return the folder of the bridge for a file, and the line that imports it.

    A notebook runs in its own folder, and may add others to ``sys.path`` in a later cell only.
    """
    if sources.is_notebook(path):
        return path.rpartition("/")[0] or ".", "import tf2_bridge"
    return repository.bridge_home(path)


def _rewrites(plan: Plan, line: int, codes: frozenset[str]) -> bool:
    """Whether a plan for the session tier rewrites what a rule says about a line."""
    return any(
        finding.span.line == line
        and finding.code in codes
        and finding.outcome is Outcome.REWRITTEN
        and finding.tier is Tier.SESSION
        for finding in plan.findings
    )


def _changes(fact: FileFacts) -> bool:
    """Whether a file of a moving program would be changed for its imports or its calls."""
    return bool(fact.targets) or fact.swaps


def _seen(plan: Plan) -> bool:
    return bool(plan.findings) or plan.text is not None or plan.error is not None


def _join(folder: str, name: str) -> str:
    return name if folder in (".", "") else f"{folder}/{name}"


def _encodable(source: sources.Source, plan: Plan) -> Plan:
    """Return ``plan``, or one that changes nothing where the file's encoding lacks a character."""
    assert plan.text is not None
    try:
        source.encode(plan.text)
    except sources.SourceError as error:
        return replace(
            plan,
            findings=tuple(_blocked(finding, error.reason) for finding in plan.findings),
            text=None,
            parts=frozenset(),
            error=f"the new text {error.reason}",
        )
    return plan


def _blocked(finding: Finding, reason: str) -> Finding:
    if finding.outcome is not Outcome.REWRITTEN:
        return finding
    return replace(
        finding,
        outcome=Outcome.BLOCKED,
        message=f"{finding.api or finding.code}: not rewritten, because the new text {reason}.",
        recipe="Remove that obstacle and run the migration again.",
    )


def _facts_of(task: tuple[str, list[str], bool]) -> list[FileFacts]:
    from migrator.programs import FileFacts, facts_of, unreadable

    root, paths, modernise = task
    facts = []
    for path in paths:
        relative = sources.relative_name(path, root)
        try:
            source = files.read(path, root, python2=modernise)
        except sources.SourceError as error:
            if sources.is_notebook(path):
                facts.append(FileFacts(relative))  # its bytes are not those of a program
            else:
                facts.append(unreadable(relative, _raw(path), error.reason))
            continue
        text = source.text
        if modernise:
            from migrator.modernise import python2

            modern = python2.modern(text)
            text = modern.text if modern is not None and modern.text is not None else text
        fact = facts_of(relative, text)
        notebook = _notebook(source)
        if notebook is not None and notebook.held is not None:
            # it does not run to its end, so what it imports may move without it
            fact = replace(fact, imports=(), reaches=False, hold=notebook.held)
        facts.append(fact)
    return facts


def _raw(path: str) -> bytes:
    try:
        return sources.read_bytes(path)
    except sources.SourceError:
        return b""


def _plan(task: _Task) -> Plan:
    from migrator import engine, rulebook

    rules: tuple[Rule, ...] = rulebook.select(task.select, task.ignore)
    return engine.run(task.text, task.context, rules)


def _lifts(options: Options) -> bool:
    """Whether anything is lifted: a part of the rules cannot answer for a whole program."""
    partly = options.select or options.ignore or options.safe_only
    return options.tier in ("auto", "native") and not partly


def _context(
    repository: Repository,
    natives: Natives,
    path: str,
    options: Options,
    moving: frozenset[int],
    held: str | None,
    readers: tuple[str, ...] = (),
    loads: tuple[KnownLoad, ...] = (),
    carried: tuple[CarriedCall, ...] = (),
    protos: tuple[ExportedProto, ...] = (),
    managed: tuple[frozenset[str], frozenset[int]] = (frozenset(), frozenset()),
    unprepared: tuple[str, ...] = (),
) -> FileContext:
    """Return what the engine is told about ``path``.

    Args:
        repository: the facts.
        natives: what is known of the lift of its programs.
        path: relative path of the file.
        options: of the run.
        moving: the programs of the file that move, or may.
        held: why none does, if something holds them.
        readers: what reads the checkpoints of its Savers by the names of variables.
        loads: its loads of exports that are known.
        carried: its calls of methods of Savers and builders.
        protos: its signatures and tensor infos that go into rewritten exports.
        managed: the names and lines of its Savers that managed sessions take.
        unprepared: the managed sessions near it that go on with TensorFlow 1's Saver.
    """
    from migrator import neighbours
    from migrator.rule import FileContext

    indices = repository.groups_of.get(path, ())
    groups = [repository.groups[index] for index in indices]
    # a program's Keras line must be ahead of its first import of TensorFlow, wherever that is
    swapped = [repository.groups[index] for index in indices if index in moving] or groups
    quiet, lifting = natives.is_quiet(path), natives.lifting(path)
    tried = lifting and not quiet
    return FileContext(
        path=path,
        move=bool(moving) or held is not None,
        held=held,
        neutral=(lifting and quiet)
        or (repository.is_neutral(path) and not repository.hands_on(path)),
        foreign=tuple(
            (key, tuple(sorted(exports.items())))
            for key, exports in repository.foreign_table(path).items()
        ),
        bridge_import=(
            "from migrator import bridge as tf2_bridge"
            if options.bridge == "import"
            else _bridge_home(repository, path)[1]
        ),
        legacy_keras=next((g.legacy_keras for g in swapped if g.legacy_keras is not None), None),
        slim=any(group.slim for group in swapped),
        session=any(group.session for group in groups) or not groups,
        graph_mode=repository.facts[path].v1 and any(group.graph_mode for group in swapped),
        runs_graphs=repository.facts[path].v1
        and bool(groups)
        and all(group.runs_graphs for group in groups),
        key_readers=readers,
        file_names=neighbours.file_names(repository, natives.traffic, path),
        loads=loads,
        carried=carried,
        protos=protos,
        imported=bool(repository.imported_by.get(path)),
        finalizers=neighbours.finalizers_near(repository, natives.traffic, path),
        unprepared=unprepared,
        finalized=any(repository.facts[file].finalizers for group in groups for file in group.files)
        or bool(repository.facts[path].finalizers),
        managed_savers=managed[0],
        managed_lines=managed[1],
        select=options.select,
        ignore=options.ignore,
        safe_only=options.safe_only,
        lift="" if quiet else {"auto": "auto", "native": "only"}.get(options.tier, ""),
        lift_refused=natives.refusal(path),
        lift_whole=tried and natives.in_company(path),
        native=lifting and quiet,
        company=tried and natives.in_company(path),
        keras_elsewhere=natives.legacy_keras(path) if tried else None,
        graph_names=natives.graph_names(path) if tried else frozenset(),
        merged=natives.parts(path) if tried else (),
        exports_by_name=tried and natives.named(path),
        users=natives.users(path) if tried else (),
    )
