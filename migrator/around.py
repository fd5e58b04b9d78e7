"""What goes with a program that moves: Python 2, the files it imports, pins, scripts.

The saving code decides what moves; this looks at what stands around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from migrator import pool
from migrator.results import Finding, Outcome, Safety, Span

if TYPE_CHECKING:
    from migrator.engine import Plan
    from migrator.modernise.python2 import Modern
    from migrator.pins import PinFile
    from migrator.programs import Repository

__all__ = ["beside_python2", "further_plans", "modernised", "pin_files", "reached"]


@dataclass(frozen=True, slots=True)
class _Further:
    """A file that a moving program imports and that does not use TensorFlow; picklable."""

    path: str
    text: str
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    python2: bool


def modernised(plan: Plan, modern: Modern, moves: bool) -> Plan:
    """Return the plan of a file that was made Python 3 first, in places of the original.

    Args:
        plan: of the text that it was made into.
        modern: how that was made.
        moves: whether its program moves; else it stays Python 2.
    """
    found = [replace(finding, span=modern.original(finding.span)) for finding in plan.findings]
    if moves:
        found += modern.findings
    else:
        first = next((f for f in modern.findings if f.outcome is Outcome.REWRITTEN), None)
        if first is not None:
            found.append(
                replace(
                    first,
                    outcome=Outcome.BLOCKED,
                    tier=None,
                    after=None,
                    message="Python 2, not modernised, because its program does not move.",
                    recipe="Remove what holds the program back, and run the migration again.",
                )
            )
    seen: set[tuple[Span, str]] = set()
    unique: list[Finding] = []
    for finding in sorted(found, key=lambda f: (f.span.line, f.span.column, f.code, f.message)):
        key = (finding.span, finding.code)
        if key not in seen:
            seen.add(key)
            unique.append(finding)
    text = plan.text if plan.text is not None else modern.text
    return replace(plan, findings=tuple(unique), text=text if moves else None)


def beside_python2(plan: Plan, text: str) -> Plan:
    """Return the plan of a file whose program holds Python 2, with what that says of this one.

    Args:
        plan: of a file that is valid Python 3 as it is.
        text: of the file.
    """
    from migrator.modernise import python2

    try:
        further = tuple(python2.beside(text))
    except (SyntaxError, ValueError, RecursionError):
        return plan
    found = sorted(plan.findings + further, key=lambda f: (f.span.line, f.span.column, f.code))
    return replace(plan, findings=tuple(found)) if further else plan


def reached(repository: Repository, moving: Iterable[int]) -> set[str]:
    """Return the files that the programs ``moving`` hold or import, also through others."""
    todo = [path for index in moving for path in repository.groups[index].files]
    seen = set(todo)
    while todo:
        for path in repository.edges.get(todo.pop(), ()):
            if path not in seen:
                seen.add(path)
                todo.append(path)
    return seen


def further_plans(
    paths: Sequence[str],
    read: Callable[[str], str | None],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    python2: bool,
    jobs: int | None,
) -> dict[str, Plan]:
    """Return what becomes of files without TensorFlow that programs which move import.

    Args:
        paths: relative paths.
        read: returns the text of one.
        select: of the run.
        ignore: of the run.
        python2: whether Python 2 is modernised.
        jobs: processes.
    """
    from migrator import rulebook

    rulebook.all_rules()  # loaded once, before the pool forks
    tasks = []
    for path in paths:
        text = read(path)
        if text is not None:
            tasks.append(_Further(path, text, select, ignore, python2))
    plans: dict[str, Plan] = {}
    for task, result in zip(tasks, pool.run(_further, tasks, jobs=jobs), strict=True):
        if not isinstance(result, pool.Failure) and (result.findings or result.text is not None):
            plans[task.path] = result
    return plans


def _further(task: _Further) -> Plan:
    from migrator import engine, rulebook
    from migrator.engine.places import suppressions
    from migrator.modernise import python2, with_removed

    rules = rulebook.select(task.select, task.ignore)
    modern = None
    text = task.text
    line = python2.is_python2(text)
    if line is not None:
        modern = python2.modern(text) if task.python2 else None
        if modern is None or modern.text is None:
            return engine.Plan(findings=(_python2(text, line, modern),))
        text = modern.text
    plan: Plan = with_removed(engine.Plan(), text, rules, suppressions)
    return modernised(plan, modern, True) if modern is not None else plan


def _python2(text: str, line: int, modern: Modern | None) -> Finding:
    rows = text.splitlines() or [""]
    row = rows[min(line, len(rows)) - 1]
    why = f": {modern.reason}" if modern is not None else ""
    recipe = "Make the file valid Python 3, then run the migration again."
    if modern is None:
        recipe = (
            "If this is Python 2, run `migrator migrate --python2`, which modernises it first"
            " (pip install 'tf-migrator[python2]')."
        )
    return Finding(
        span=Span(line, 0, line, len(row)),
        code="TFM829",
        message=f"This is no Python 3, and a program that moves imports it{why}.",
        outcome=Outcome.MANUAL,
        before=row.strip(),
        recipe=recipe,
        family="python2",
        safety=Safety.MANUAL,
    )


def pin_files(
    root: str,
    paths: Iterable[str],
    needs: Mapping[str, tuple[str, ...]],
    staying: tuple[str, ...],
    read: Callable[[str], str | None],
    wanted: Callable[[str], bool],
) -> list[PinFile]:
    """Return the requirement files, images and scripts that have something to do with a move.

    Args:
        root: of the repository.
        paths: relative paths of files that :func:`migrator.pins.names_pins` knows.
        needs: file of a program that moves -> packages that the program needs.
        staying: files of programs that stay on TensorFlow 1.
        read: returns the text of a relative path.
        wanted: whether a code is selected.
    """
    from migrator import scripts
    from migrator.pins import Programs, look

    programs = Programs(tuple(sorted(needs)), staying, needs)
    return list(look(root, paths, programs, read, scripts.commands, wanted))
