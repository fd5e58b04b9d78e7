"""Put a run into its one canonical order, whatever order its parts were computed in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from migrator.results import Finding, Latency, ModelCheck, Program, RunReport, to_json

__all__ = ["arrange"]


def arrange(run: RunReport) -> RunReport:
    """Return ``run`` sorted: files by path, findings by place and code, the rest by name.

    ``FileResult.program`` is an index, so it is moved along with the programs.  The result
    does not depend on the order of the input, and arranging it again changes nothing.
    """
    programs = [_program(program) for program in run.programs]
    moved = sorted(range(len(programs)), key=lambda i: (programs[i].files, _tie(programs[i])))
    new_index = {old: new for new, old in enumerate(moved)}
    files = [
        replace(
            file,
            program=None if file.program is None else new_index.get(file.program, file.program),
            findings=tuple(sorted(file.findings, key=_finding_key)),
        )
        for file in run.files
    ]
    return replace(
        run,
        rules=tuple(sorted(run.rules, key=lambda rule: (rule.code, rule.name))),
        programs=tuple(programs[old] for old in moved),
        files=tuple(sorted(files, key=lambda file: (file.path, _tie(file)))),
        checks=tuple(sorted(map(_check, run.checks), key=_check_key)),
    )


def _finding_key(finding: Finding) -> tuple[Any, ...]:
    span = finding.span
    cell = -1 if span.cell is None else span.cell
    return (cell, span.line, span.column, finding.code, _tie(finding))


def _program(program: Program) -> Program:
    return replace(
        program,
        files=tuple(sorted(program.files)),
        entry_points=tuple(sorted(program.entry_points)),
        requirements=tuple(sorted(program.requirements)),
    )


def _check(check: ModelCheck) -> ModelCheck:
    return replace(
        check,
        contract=tuple(sorted(check.contract, key=lambda d: (d.name, _tie(d)))),
        variables=tuple(sorted(check.variables, key=lambda d: (d.name, d.regime, _tie(d)))),
        deltas=tuple(sorted(check.deltas, key=lambda d: (d.name, d.regime, _tie(d)))),
        rewrites=tuple(sorted(check.rewrites, key=lambda p: (p.path, p.line, p.code))),
        cost=None
        if check.cost is None
        else replace(check.cost, latencies=tuple(sorted(check.cost.latencies, key=_latency_key))),
    )


def _latency_key(latency: Latency) -> tuple[Any, ...]:
    before = latency.side != "before"
    return (latency.signature, latency.regime, before, latency.loader, _tie(latency))


def _check_key(check: ModelCheck) -> tuple[str, ...]:
    return (check.name or check.before, check.before, check.after, _tie(check))


def _tie(value: Any) -> str:
    """Return a text that orders two values of which everything shown first is equal."""
    return repr(to_json(value))
