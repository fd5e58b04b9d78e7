"""A whole verification: make the copies, run the programs, compare what they wrote.

Everything that is done is kept in the work folder under a key made of all that it depends on, so
a run that was interrupted, or whose manifest changed in one place, does only what is left.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import migrator
from migrator import migration, pool
from migrator.interrupts import termination_interrupts
from migrator.results import ModelCheck, RunReport, from_json
from migrator.verify import interpreters, trees
from migrator.verify.checks import Checker
from migrator.verify.interpreters import NoInterpreter
from migrator.verify.manifest import Manifest, load_manifest
from migrator.verify.state import WorkFolder, key_of, read_json
from migrator.verify.steps import Ran, Step, run_step

__all__ = ["Interrupted", "Verification", "VerifyError", "verify"]

Progress = Callable[[str, int, int], None]


class VerifyError(Exception):
    """The verification cannot begin; the message says why and what to do."""


class Interrupted(KeyboardInterrupt):
    """The verification was interrupted; what is done is kept.  The text says how much that is."""


@dataclass(frozen=True)
class Verification:
    """What a verification found."""

    report: RunReport
    work: Path
    runs: tuple[Ran, ...] = ()
    reused: int = 0  #: how many commands and checks were done in an earlier run
    cannot_open: tuple[str, ...] = ()  #: names of checks one side of which could not be opened

    @property
    def match(self) -> bool:
        """Whether something was compared and all of it matches."""
        checks = self.report.checks
        return bool(checks) and all(check.match for check in checks)

    @property
    def status(self) -> int:
        """The exit status: 0 all match, 1 a verdict is another one, 2 a side cannot be opened."""
        return 2 if self.cannot_open else 0 if self.match else 1


def verify(
    manifest: Manifest | str | os.PathLike[str],
    *,
    work: str | os.PathLike[str] | None = None,
    before_python: str | None = None,
    fresh: bool = False,
    jobs: int | None = None,
    leave: Iterable[str | os.PathLike[str]] = (),
    progress: Progress | None = None,
) -> Verification:
    """Run the programs of a manifest before and after the migration, and check their models.

    Each program and side runs in a private copy of its code, so nothing outside of the work
    folder is written by it (as long as it writes below its working directory).

    Args:
        manifest: what :func:`load_manifest` returned, or the path of one.
        work: the folder for the copies and results; ``.migrator/NAME`` beside the manifest.
        before_python: interpreter of the side before the migration; else the manifest's, else
            ``MIGRATOR_TF1_PYTHON``, else ``.tf1/bin/python`` beside the manifest.
        fresh: forget what an earlier run did.
        jobs: so many programs at once; the CPUs when None.
        leave: files that are no part of the code, such as reports that the caller writes.
        progress: told what is done, and how far the work is.

    Raises:
        ManifestError: the manifest cannot be used.
        VerifyError: an interpreter, the code of a side, or the work folder cannot be used.
        Interrupted: Ctrl-C; another call goes on from there.
    """
    if not isinstance(manifest, Manifest):
        manifest = load_manifest(os.fspath(manifest))
    home = (
        manifest.home / ".migrator" / manifest.path.stem if work is None else Path(work).absolute()
    )
    run = _Run(manifest, home, progress or (lambda what, done, total: None), jobs)
    run.leave = [Path(path).absolute() for path in leave]
    try:
        with termination_interrupts(), WorkFolder(home, fresh=fresh) as folder:
            return run.run(folder, before_python)
    except (NoInterpreter, trees.TreeError) as error:
        raise VerifyError(str(error)) from None
    except OSError as error:
        raise VerifyError(f"{error.filename or home}: {error.strerror or error}") from None
    except KeyboardInterrupt:
        raise Interrupted(run.so_far()) from None


class _Run:
    """The state of one verification."""

    def __init__(self, manifest: Manifest, home: Path, told: Progress, jobs: int | None) -> None:
        self.manifest = manifest
        self.home = home
        self.told = told
        self.jobs = jobs or pool.default_jobs()
        self.leave: list[Path] = []
        self.ran: dict[tuple[str, str], Ran] = {}
        self.steps: dict[tuple[str, str], Step] = {}
        self.checks: list[ModelCheck] = []
        self.known = 0  #: how many checks there are, once it is known

    def so_far(self) -> str:
        """Return how much is done, for a run that is interrupted."""
        done = sum(ran.good for ran in self.ran.values())
        checks = f" and {len(self.checks)} of {self.known} checks" if self.known else ""
        return f"{done} of {len(self.steps)} commands{checks} are done and kept"

    def run(self, work: WorkFolder, before_python: str | None) -> Verification:
        """Do all that is left to do."""
        before, after = self._interpreters(before_python)
        report = self._make_trees(work)
        self._plan(work, before, after)
        self._run_steps()
        checker = Checker(self.manifest, work, report, self.ran, self.steps, before)
        todo = checker.plan()
        self.known = len(todo)
        for done, item in enumerate(todo):
            self.told(f"Checking {item.label}", done, len(todo))
            self.checks.append(checker.check(item))
        self.told("Done", len(todo), len(todo))
        order = [(entry.name, side) for entry in self.manifest.entries for side in _SIDES]
        return Verification(
            report=replace(
                report,
                version=migrator.__version__,
                command="verify",
                checks=tuple(self.checks),
            ),
            work=self.home,
            runs=tuple(self.ran[key] for key in order if key in self.ran),
            reused=sum(ran.reused for ran in self.ran.values()) + checker.reused,
            cannot_open=tuple(checker.cannot_open),
        )

    # -- preparing --------------------------------------------------------------------

    def _interpreters(
        self, given: str | None
    ) -> tuple[interpreters.Interpreter | None, interpreters.Interpreter]:
        before = None
        if given or self.manifest.before_python or any(e.before for e in self.manifest.entries):
            path = interpreters.find_before(self.manifest.home, self.manifest.before_python, given)
            before = interpreters.probe("before", path)
        return before, interpreters.probe("after", sys.executable)

    def _make_trees(self, work: WorkFolder) -> RunReport:
        """Make the code of both sides; return the report of the migration."""
        leave = [self.home, *self._own_files(), *work.remembered(self.leave)]
        for side, tree in (("before", self.manifest.before), ("after", self.manifest.after)):
            if tree is not None:
                self.told(f"Copying the code {side}", 0, 0)
                target = work.new_tree(side)
                trees.make_tree(tree, self.manifest, target, leave)
        if self.manifest.after.kind == "migrate":
            self.told("Migrating", 0, 0)
            return _migrated(work.tree("after"), self.manifest.tier)
        return self._report()

    def _own_files(self) -> list[Path]:
        """Return what lies beside the code and belongs to the verification."""
        found = [self.manifest.path]
        for tree in filter(None, (self.manifest.before, self.manifest.after)):
            found += [self.manifest.home / tree.originals] if tree.originals else []
        if self.manifest.report is not None:
            found.append(self.manifest.home / self.manifest.report)
        return found

    def _report(self) -> RunReport:
        if self.manifest.report is None:
            return RunReport()
        path = self.manifest.home / self.manifest.report
        try:
            found = from_json(RunReport, read_json(path))
        except (OSError, ValueError) as error:
            raise VerifyError(f"the report {path} cannot be read: {error}") from None
        return replace(found, checks=())

    def _plan(
        self,
        work: WorkFolder,
        before: interpreters.Interpreter | None,
        after: interpreters.Interpreter,
    ) -> None:
        """Make the steps, each with the key of all that it depends on."""
        self.told("Comparing with what is done", 0, 0)
        left = list(self.manifest.entries)
        settled: set[str] = set()
        while left:
            for entry in [e for e in left if settled.issuperset(e.needs)]:
                for side, command, python in (
                    ("before", entry.before, before),
                    ("after", entry.after, after),
                ):
                    if command is None or python is None:
                        continue
                    needs = tuple(self.steps[need, side] for need in self._all_needs(entry.name))
                    self.steps[entry.name, side] = Step(
                        entry=entry.name,
                        side=side,
                        command=command,
                        python=python.path,
                        timeout=entry.timeout,
                        source=work.tree(side),
                        home=work.step(entry.name, side),
                        needs=needs,
                        direct=entry.needs,
                        key=key_of(
                            migrator.__version__,
                            command,
                            entry.timeout,
                            python.identity,
                            work.digest(side),
                            [step.key for step in needs],
                        ),
                    )
                settled.add(entry.name)
            left = [entry for entry in left if entry.name not in settled]

    def _all_needs(self, name: str) -> list[str]:
        """Return the entries that ``name`` starts from, those first that others start from."""
        by_name = {entry.name: entry for entry in self.manifest.entries}
        found: list[str] = []

        def visit(entry: str) -> None:
            for need in by_name[entry].needs:
                if need not in found:
                    visit(need)
                    found.append(need)

        visit(name)
        return found

    # -- running ----------------------------------------------------------------------

    def _run_steps(self) -> None:
        """Run what is not done, as much at once as there are CPUs, each after what it needs."""
        waiting = dict(self.steps)
        running: dict[Future[Ran], tuple[str, str]] = {}
        stop = threading.Event()
        with ThreadPoolExecutor(self.jobs) as threads:
            try:
                while waiting or running:
                    ready = [
                        key
                        for key, step in waiting.items()
                        if all((need, step.side) in self.ran for need in step.direct)
                    ]
                    for key in ready[: self.jobs - len(running)]:
                        running[threads.submit(self._one, waiting.pop(key), stop)] = key
                    words = ", ".join(f"{name} ({side})" for name, side in running.values())
                    self.told(f"Running {words}", len(self.ran), len(self.steps))
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        key = running.pop(future)
                        self.ran[key] = future.result()
            except BaseException:
                stop.set()
                raise

    def _one(self, step: Step, stop: threading.Event) -> Ran:
        for need in step.direct:
            ran = self.ran[need, step.side]
            if not ran.good:
                return Ran(step.entry, step.side, None, f"it needs {need}, which did not run")
        return run_step(step, stop)


_SIDES = ("before", "after")


def _migrated(folder: Path, tier: str) -> RunReport:
    """Migrate a copy of the code, in place, and return the report."""
    mark = folder / ".git"  # the copy is a repository of its own, whatever it lies in
    mark.write_text("")
    try:
        found = migration.migrate([folder], migration.Options(tier=tier), command="verify")
        failed = found.write()
    finally:
        mark.unlink()
    if failed:
        raise VerifyError(next(iter(failed.values())))
    return replace(found.report, wrote=False)
