"""What a verification has to say, a line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from migrator.results import ModelCheck, Verdict

if TYPE_CHECKING:
    from migrator.verify.run import Verification

__all__ = ["check_lines", "lines"]


def lines(found: Verification) -> list[str]:
    """Return what to tell the user of a verification: a line per check, then the sum."""
    rows = check_lines(found.report.checks)
    if rows:
        rows.append("")
    ran = [run for run in found.runs if run.good]
    matching = sum(check.match for check in found.report.checks)
    rows.append(
        f"{len(ran)} of {len(found.runs)} commands ran to a good end;"
        f" {matching} of {len(found.report.checks)} checks MATCH."
    )
    if found.reused:
        rows.append(
            f"{found.reused} results are an earlier run's, as nothing that they depend on has"
            " changed (--fresh does all again)."
        )
    if not found.report.checks:
        rows.append("Nothing was compared, so nothing is proven: every entry has models = [].")
    rows.append(f"Models and outputs of the commands: {found.work}")
    return rows


def check_lines(checks: Sequence[ModelCheck]) -> list[str]:
    """Return a line per check: its name, its verdict, and why or how closely."""
    width = max((len(check.name) for check in checks), default=0)
    return [
        f"{check.name:<{width}}  {str(check.verdict).upper()}{_figure(check)}" for check in checks
    ]


def _figure(check: ModelCheck) -> str:
    if check.error:
        return f"  {check.error}"
    if check.verdict is not Verdict.MATCH:
        return ""
    figures = _required(check)
    return f"  agrees to {max(figures):.1e}" if figures else ""


def _required(check: ModelCheck) -> list[float]:
    deltas: Iterable[float | None] = (d.required for d in (*check.deltas, *check.variables))
    return [figure for figure in deltas if figure is not None]
