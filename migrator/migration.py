"""A whole run: discover, look at the repository, plan every file, compose the report.

Nothing is written here: a :class:`Migration` holds what would change, and :meth:`Migration.write`
hands it to the one module that writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import migrator
from migrator import files, pool, sources, writing
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
    from migrator.engine import Plan
    from migrator.programs import FileFacts, Group, Repository
    from migrator.rule import FileContext, Rule

__all__ = ["Migration", "Options", "migrate", "migrate_text"]

BRIDGE = "tf2_bridge.py"

#: Called with (what, done, total) as the work goes on.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for."""

    tier: str = "auto"  #: auto or session; native arrives with its own milestone
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    safe_only: bool = False
    bridge: str = "vendor"  #: ``vendor`` copies tf2_bridge.py, ``import`` uses migrator.bridge
    exclude: tuple[str, ...] = ()
    jobs: int | None = None


@dataclass
class Migration:
    """What a run found, and what it would write."""

    root: Path
    report: RunReport
    changes: list[tuple[sources.Source, str]] = field(default_factory=list)
    created: list[tuple[Path, str]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)  #: path as given -> sentence
    selected: int = 0  #: how many Python files were looked at
    programs: dict[int, list[int]] = field(default_factory=dict)

    @property
    def changes_something(self) -> bool:
        """Whether any file would be written."""
        return bool(self.changes or self.created)

    def write(self) -> dict[str, str]:
        """Write program by program, each whole or not at all; return path -> why not."""
        failed: dict[str, str] = {}
        groups: dict[int | None, tuple[list[tuple[sources.Source, str]], list[tuple[Path, str]]]] = {}
        for source, text in self.changes:
            groups.setdefault(self._program(source.relative), ([], []))[0].append((source, text))
        whole = set(self._bridge_users())
        for path, text in self.created:
            # a bridge that several programs use is written before any of them
            key = None if len(whole) > 1 else next(iter(whole), None)
            groups.setdefault(key, ([], []))[1].append((path, text))
        for key in sorted(groups, key=lambda k: (k is not None, k or 0)):
            changes, created = groups[key]
            try:
                writing.replace_all(changes, created)
            except sources.SourceError as error:
                for source, _ in changes:
                    failed[source.name] = str(error)
                for path, _ in created:
                    failed[str(path)] = str(error)
        return failed

    def _program(self, relative: str) -> int | None:
        for result in self.report.files:
            if result.path == relative:
                return result.program
        return None

    def _bridge_users(self) -> list[int | None]:
        return sorted(
            {self._program(source.relative) for source, _ in self.changes},
            key=lambda k: (k is not None, k or 0),
        )


@dataclass(frozen=True)
class _Task:
    """One file for the engine, picklable for another process."""

    text: str
    context: FileContext
    select: tuple[str, ...]
    ignore: tuple[str, ...]


def migrate_text(text: str, options: Options, name: str = "<stdin>") -> tuple[Plan, str]:
    """Return (plan, new text) of one piece of source that belongs to no repository."""
    from migrator.programs import Repository, facts_of

    path = "stdin.py"
    repository = Repository.build([facts_of(path, text)])
    context = _context(repository, path, options, 0 if repository.groups else None, None)
    plan = _plan(_Task(text, replace(context, path=name), options.select, options.ignore))
    if context.move and not plan.moves:
        again = replace(context, path=name, move=False)
        plan = _plan(_Task(text, again, options.select, options.ignore))
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
    run = _Run(found, options, progress or (lambda what, done, total: None))
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
    )


class _Run:
    """The state of one run."""

    def __init__(self, found: files.Discovery, options: Options, progress: Progress) -> None:
        self.found = found
        self.options = options
        self.progress = progress
        self.root = str(found.root)
        self.sources: dict[str, sources.Source] = {}
        self.errors: dict[str, str] = {}
        self.changes: list[tuple[sources.Source, str]] = []
        self.created: list[tuple[Path, str]] = []

    # -- reading ----------------------------------------------------------------------

    def results(self) -> tuple[tuple[FileResult, ...], tuple[Program, ...]]:
        """Return the report's files and programs."""
        candidates = self._candidates()
        if not candidates:
            return self._only_errors(), ()
        facts = self._facts()
        from migrator.programs import Repository

        repository = Repository.build(facts, self._text)
        held = self._held(repository)
        plans = self._plan(repository, candidates, held)
        return self._compose(repository, plans, held)

    def _candidates(self) -> set[str]:
        """Read the selected files; return those that may hold saving code."""
        candidates = set()
        for path in self.found.selected:
            relative = sources.relative_name(str(path), self.root)
            try:
                raw = sources.read_bytes(path)
                if sources.may_hold_saving_code(raw):
                    self.sources[relative] = sources.Source.of(path, self.root, raw)
                    candidates.add(relative)
            except sources.SourceError as error:
                self.errors[relative] = error.reason
        return candidates

    def _only_errors(self) -> tuple[FileResult, ...]:
        return tuple(
            FileResult(sources.printable(path), error=reason)
            for path, reason in sorted(self.errors.items())
        )

    def _facts(self) -> list[FileFacts]:
        paths = [str(path) for path in self.found.context(exclude=self.options.exclude)]
        chunks = [(self.root, paths[at : at + 24]) for at in range(0, len(paths), 24)]
        from migrator import programs  # loaded before the pool forks

        del programs
        done = 0

        def on_done(index: int, result: object) -> None:
            nonlocal done
            done += len(chunks[index][1])
            self.progress("Reading", done, len(paths))

        facts: list[FileFacts] = []
        for result in pool.run(_facts_of, chunks, jobs=self.options.jobs, on_done=on_done):
            if isinstance(result, pool.Failure):
                raise RuntimeError(f"reading the repository failed: {result.reason}")
            facts.extend(result)
        return facts

    def _text(self, relative: str) -> str | None:
        source = self._source(relative)
        return source.text if source is not None else None

    def _source(self, relative: str) -> sources.Source | None:
        if relative not in self.sources:
            try:
                self.sources[relative] = sources.read(Path(self.root, relative), self.root)
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
        return held

    def _bridge_clash(self, repository: Repository, group: Group) -> str | None:
        """A ``tf2_bridge.py`` that is not ours, or was edited, where ours would go."""
        if self.options.bridge == "import":
            return None
        from migrator import vendor

        for path in group.files:
            folder, _ = repository.bridge_home(path)
            place = Path(self.root, folder, BRIDGE)
            if not os.path.lexists(place):
                continue
            text = self._text(_join(folder, BRIDGE))
            if text is None or vendor.bridge_parts(text) is None:
                return (
                    f"`{_join(folder, BRIDGE)}` exists and is not (or no longer) the bridge that"
                    " this tool writes; move it away or restore it"
                )
        return None

    def _plan(
        self, repository: Repository, candidates: set[str], held: dict[int, str]
    ) -> dict[str, Plan]:
        selected = self._selected()
        work = sorted(
            path
            for path in selected & set(repository.facts)
            if path in candidates or path in repository.group_of
        )
        targets = [path for path in work if path in candidates]
        plans = self._run(repository, targets, held, "Planning")
        # what moves, and what cannot after all
        moving: set[int] = set()
        failed: dict[int, str] = {}
        for path, plan in plans.items():
            index = repository.group_of.get(path)
            if index is None:
                continue
            if plan.error is not None and index not in held:
                failed.setdefault(index, f"`{path}` holds this program back: {plan.error}")
            elif plan.moves:
                moving.add(index)
        still = {
            index for index in range(len(repository.groups)) if index not in moving | set(held)
        }
        if failed:
            held.update(failed)
        again = [
            path
            for path in targets
            if repository.group_of.get(path) in (still | set(failed))
        ]
        plans.update(self._run(repository, again, held, None, still=still))
        others = [
            path
            for path in work
            if path not in candidates
            and repository.group_of[path] in moving
            and repository.group_of[path] not in held
        ]
        plans.update(self._run(repository, others, held, "Changing imports"))
        late = {
            index: f"`{path}` holds this program back: {plans[path].error}"
            for path in others
            if plans[path].error is not None
            for index in [repository.group_of[path]]
        }
        if late:
            held.update(late)
            redo = [path for path in work if repository.group_of.get(path) in late]
            plans.update(self._run(repository, redo, held, None))
        return plans

    def _run(
        self,
        repository: Repository,
        paths: list[str],
        held: dict[int, str],
        what: str | None,
        still: set[int] | frozenset[int] = frozenset(),
    ) -> dict[str, Plan]:
        if not paths:
            return {}
        from migrator import engine, rulebook

        rulebook.all_rules()  # loaded once, before the pool forks
        tasks: list[_Task] = []
        names: list[str] = []
        for path in paths:
            source = self._source(path)
            if source is None:
                continue
            index = repository.group_of.get(path)
            context = _context(
                repository, path, self.options, index, held.get(index) if index is not None else None
            )
            if index in still:
                context = replace(context, move=False)
            tasks.append(_Task(source.text, context, self.options.select, self.options.ignore))
            names.append(path)
        done = 0

        def on_done(index: int, result: object) -> None:
            nonlocal done
            done += 1
            if what is not None:
                self.progress(what, done, len(tasks))

        plans: dict[str, Plan] = {}
        results = pool.run(_plan, tasks, jobs=self.options.jobs, on_done=on_done)
        for name, result in zip(names, results, strict=True):
            if isinstance(result, pool.Failure):
                result = engine.Plan(error=f"this tool failed on it ({result.reason})")
                self.errors[name] = f"internal error: {result.error}"
            plans[name] = result
        return plans

    # -- composing --------------------------------------------------------------------

    def _compose(
        self, repository: Repository, plans: dict[str, Plan], held: dict[int, str]
    ) -> tuple[tuple[FileResult, ...], tuple[Program, ...]]:
        shown: dict[int, int] = {}
        programs: list[Program] = []
        touched: dict[int, bool] = {}
        for path, plan in plans.items():
            index = repository.group_of.get(path)
            if index is not None and (plan.findings or plan.text is not None):
                touched[index] = touched.get(index, False) or plan.text is not None
        for index, group in enumerate(repository.groups):
            if index not in touched:
                continue
            shown[index] = len(programs)
            moves = touched[index]
            legacy = group.legacy_keras is not None and moves
            programs.append(
                Program(
                    files=tuple(sources.printable(path) for path in group.files),
                    entry_points=tuple(sources.printable(path) for path in group.entry_points),
                    tier=Tier.SESSION if moves else None,
                    held=held.get(index),
                    requirements=(
                        (("tf-keras",) if legacy else ()) + (("tf-slim",) if moves and group.slim else ())
                    ),
                )
            )
        results: list[FileResult] = []
        parts: dict[str, set[str]] = {}
        for path in sorted(plans):
            plan = plans[path]
            source = self.sources[path]
            diff = ""
            error = self.errors.get(path)
            text = plan.text
            if text is not None:
                try:
                    source.encode(text)
                except sources.SourceError as problem:
                    error, text = problem.reason, None
            findings: tuple[Finding, ...] = plan.findings
            if text is not None:
                diff = writing.unified_diff(path, source.text, text)
                self.changes.append((source, text))
                if plan.parts and self.options.bridge == "vendor":
                    folder, _ = repository.bridge_home(path)
                    parts.setdefault(folder, set()).update(plan.parts)
            elif plan.text is not None:
                findings = tuple(_blocked(finding, error or "") for finding in findings)
            if findings or diff or error:
                index = repository.group_of.get(path)
                results.append(
                    FileResult(
                        sources.printable(path),
                        findings,
                        diff,
                        error,
                        shown.get(index) if index is not None else None,
                    )
                )
        for path, reason in sorted(self.errors.items()):
            if path not in plans:
                results.append(FileResult(sources.printable(path), error=reason))
        results += self._bridges(parts)
        return tuple(sorted(results, key=lambda result: result.path)), tuple(programs)

    def _bridges(self, parts: dict[str, set[str]]) -> list[FileResult]:
        from migrator import vendor

        results = []
        for folder in sorted(parts):
            relative = _join(folder, BRIDGE)
            place = Path(self.root, folder, BRIDGE)
            wanted = set(parts[folder])
            if os.path.lexists(place):
                source = self._source(relative)
                assert source is not None  # looked at when the programs were judged
                wanted |= vendor.bridge_parts(source.text) or set()
                text = vendor.bridge_text(wanted)
                if text == source.text:
                    continue
                self.changes.append((source, text))
                diff = writing.unified_diff(relative, source.text, text)
                results.append(FileResult(relative, diff=diff))
            else:
                text = vendor.bridge_text(wanted)
                self.created.append((place, text))
                diff = writing.unified_diff(relative, None, text)
                results.append(FileResult(relative, diff=diff, created=True))
        return results

    def rules_used(self, results: tuple[FileResult, ...]) -> tuple[RuleInfo, ...]:
        """Return the rules that the findings name, as reports show them."""
        codes = {finding.code for result in results for finding in result.findings}
        if not codes:
            return ()
        from migrator import rulebook

        return tuple(info for info in rulebook.rule_infos() if info.code in codes)


def _changes(fact: FileFacts) -> bool:
    """Whether a file of a moving program would be changed for its imports or its calls."""
    return fact.plain and not fact.v1


def _join(folder: str, name: str) -> str:
    return name if folder in (".", "") else f"{folder}/{name}"


def _blocked(finding: Finding, reason: str) -> Finding:
    if finding.outcome is not Outcome.REWRITTEN:
        return finding
    return replace(
        finding,
        outcome=Outcome.BLOCKED,
        message=f"{finding.api or finding.code}: not rewritten, because the new text {reason}.",
        recipe="Remove that obstacle and run the migration again.",
    )


def _facts_of(task: tuple[str, list[str]]) -> list[FileFacts]:
    from migrator.programs import FileFacts, facts_of

    root, paths = task
    facts = []
    for path in paths:
        relative = sources.relative_name(path, root)
        try:
            facts.append(facts_of(relative, sources.read(path, root).text))
        except sources.SourceError as error:
            facts.append(FileFacts(relative, error=error.reason))
    return facts


def _plan(task: _Task) -> Plan:
    from migrator import engine, rulebook

    rules: tuple[Rule, ...] = rulebook.select(task.select, task.ignore)
    return engine.run(task.text, task.context, rules)


def _context(
    repository: Repository, path: str, options: Options, index: int | None, held: str | None
) -> FileContext:
    from migrator.rule import FileContext

    fact = repository.facts[path]
    group = repository.groups[index] if index is not None else None
    foreign = []
    if repository.foreign(path) is not None:
        for module, level, names in fact.imports:
            if names:
                for found in repository.resolve(path, module, level):
                    if repository.facts[found].exports:
                        foreign.append(((module, level), repository.facts[found].exports))
    _, line = repository.bridge_home(path)
    if options.bridge == "import":
        line = "from migrator import bridge as tf2_bridge"
    names = {
        name
        for member in (group.files if group is not None else ())
        for name in repository.facts[member].saver_names
    }
    return FileContext(
        path=path,
        move=group is not None,
        held=held,
        neutral=repository.is_neutral(path),
        foreign=tuple(foreign),
        bridge_import=line,
        legacy_keras=group.legacy_keras if group is not None else None,
        slim=group.slim if group is not None else False,
        key_readers=_readers_near(repository, path, group),
        managed_savers=frozenset(names),
        select=options.select,
        ignore=options.ignore,
        safe_only=options.safe_only,
    )


def _readers_near(repository: Repository, path: str, group: Group | None) -> tuple[str, ...]:
    """Return the readers by variable name that may open what the program of ``path`` writes.

    Those of the program itself, and those whose folder holds its folder or lies in it: a script
    in ``tools/`` may well read what ``train.py`` beside ``tools/`` writes.
    """
    members = set(group.files) if group is not None else {path}
    own = PurePosixPath(path).parent
    near = []
    for reader, line, symbol in repository.readers():
        folder = PurePosixPath(reader).parent
        if reader in members or folder == own or folder in own.parents or own in folder.parents:
            near.append(f"{reader}:{line} {symbol}")
    return tuple(near)
