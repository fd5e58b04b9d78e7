"""Model checks on the terminal: short where they match, what to act on where they do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from migrator.report import evidence, measures, reading, terminal
from migrator.report.cost import cost_sentence
from migrator.report.order import arrange
from migrator.report.text import place, plural, shortened, visible
from migrator.results import (
    CheckStatus,
    ContractDelta,
    ModelCheck,
    OutputDelta,
    Parting,
    RunReport,
    Verdict,
)

__all__ = ["print_checks", "print_evidence"]

#: Outputs, variables and facts that are told in full; a report file holds all.
_SHOWN = 8
_FACTS = 20
_DIM = "bright_black"
#: Columns of numbers that a narrow terminal does without, in this order.
_DROPPED = ("allowed", "max rel", "mean abs", "compared", "argmax", "errors", "needed", "inputs")


def print_checks(console: Console, checks: Sequence[ModelCheck], verbosity: int = 0) -> None:
    """Print the verdict of each check, mismatches first.

    A match takes a few lines.  A mismatch tells what differs, the worst element of each output
    with the inputs that gave it, the first op at which the models part, and the tolerance that
    would be needed against the one allowed.  ``verbosity`` 1 adds all numbers as tables.
    """
    ranked = reading.ranked_checks(arrange(RunReport(checks=tuple(checks))).checks)
    for i, check in enumerate(ranked):
        if i and (verbosity > 0 or check.verdict is Verdict.MISMATCH):
            console.line()
        verdict = str(check.verdict)
        head = (verdict.upper(), terminal.STYLE[verdict])
        terminal.line(console, Text.assemble(head, " ", (_flat(reading.label(check)), "bold")))
        _sentence(console, check)
        if check.verdict is not Verdict.MATCH:
            _differences(console, check, None if verbosity > 0 else _SHOWN)
        if verbosity > 0:
            _tables(console, check)
        else:
            _errors(console, check)
        _background(console, check)


def _flat(text: str) -> str:
    return visible(text).replace("\n", "\u240a")


def _say(console: Console, text: str, style: str = "", indent: int = 2) -> None:
    terminal.line(console, Text(" " * indent + _flat(text), style))


def _sentence(console: Console, check: ModelCheck) -> None:
    sentence = reading.verdict_sentence(check)
    notes = [fact.name for fact in check.contract if fact.status is CheckStatus.NOTE]
    if notes and check.match:
        more = f", {len(notes) - 3:,} more" if len(notes) > 3 else ""
        sentence += f" {plural(len(notes), 'note')}: {', '.join(notes[:3])}{more}."
    _say(console, sentence)


def _errors(console: Console, check: ModelCheck) -> None:
    """Print, of all that agrees, how much tolerance it took."""
    if not check.match:
        return
    deltas = [*check.deltas, *check.variables]
    needed = [delta for delta in deltas if delta.required is not None]
    parts = []
    if needed:
        worst = max(needed, key=lambda delta: delta.required or 0.0)
        parts.append(f"needs {measures.need(worst)}")
    counts = measures.combined(deltas)
    if counts:
        parts.append(measures.errors_sentence(counts))
    if parts:
        _say(console, "; ".join(parts))


def _background(console: Console, check: ModelCheck) -> None:
    before, after = measures.kinds(check)
    sides = f"{before} → {after}" if before or after else ""
    if check.name:
        sides = f"{before} {check.before} → {after} {check.after}".strip()
    inputs = measures.inputs_sentence(check.inputs)
    facts = [sides, f"inputs (seed {check.seed}) {inputs}" if inputs else "", *check.environments]
    facts = [fact for fact in facts if fact]
    if facts and check.match:
        facts = ["; ".join(facts)]
    for fact in facts:
        _say(console, fact, _DIM)
    if check.cost is not None:
        _say(console, f"cost (decides nothing): {cost_sentence(check.cost)}", _DIM)


# -- a mismatch -----------------------------------------------------------------------------


def _differences(console: Console, check: ModelCheck, limit: int | None) -> None:
    _contract(console, check.contract, _FACTS if limit else None)
    parting = check.parting
    for what, deltas in (("output", check.deltas), ("variable", check.variables)):
        bad, good = reading.decisive_outputs(deltas)
        groups = measures.by_output(bad)
        for group in groups[:limit]:
            traced = parting if parting and parting.output == group[0].name else None
            if traced:
                parting = None
            _difference(console, what, group, traced)
        if parting is not None and what == "output":
            _parting(console, parting, 2)
        if limit and len(groups) > limit:
            names = shortened(", ".join(group[0].name for group in groups[limit:]), 200)
            _say(console, f"{plural(len(groups) - limit, f'more {what}')} differ: {names}")
        agree = sorted({delta.name for delta in good} - {delta.name for delta in bad})
        if agree and bad:
            verb = "agrees" if len(agree) == 1 else "agree"
            names = shortened(", ".join(agree), 200)
            _say(console, f"{plural(len(agree), what)} that {verb}: {names}", "green")


def _contract(
    console: Console, contract: Iterable[ContractDelta], limit: int | None = None
) -> None:
    differ, _ = reading.decisive_facts(contract)
    if not differ:
        return
    table = terminal.grid("signature contract", "result", "before", "after")
    for fact in differ[:limit]:
        words = (terminal.cell(fact.before), terminal.cell(fact.after))
        table.add_row(terminal.cell(fact.name), terminal.word(fact.status), *words)
    terminal.table(console, Padding(table, (0, 0, 0, 2), expand=False))
    if limit and len(differ) > limit:
        _say(console, f"{plural(len(differ) - limit, 'more fact')} of the contract")


def _difference(
    console: Console, what: str, group: Sequence[OutputDelta], parting: Parting | None
) -> None:
    """Print an output that does not agree: its worst comparison, then what helps to repair it."""
    worst = group[0]
    head = Text.assemble("  ", f"{what} ", (_flat(worst.name), "bold"), " ")
    head.append_text(terminal.word(worst.status))
    if worst.regime:
        head.append(_flat(f" on {worst.regime} inputs"))
    if worst.note:
        head.append(_flat(f": {worst.note}"))
    terminal.line(console, head)
    element = measures.worst_sentence(worst)
    if element:
        _say(console, element, indent=4)
    for given in worst.worst_inputs:
        _say(console, f"given {shortened(given, 400)}", indent=6)
    if parting:
        _parting(console, parting, 4, worst)
    needed = measures.need(worst)
    if needed:
        _say(console, f"needs {needed}", indent=4)
    figures = [f"max abs {reading.figure(worst.max_abs)}"] if worst.max_abs is not None else []
    if worst.histogram:
        figures.append(measures.errors_sentence(worst.histogram))
    if worst.argmax is not None:
        figures.append(f"argmax agrees in {reading.share(worst.argmax)} of the rows")
    if figures:
        _say(console, "; ".join(figures), indent=4)
    others = [delta.regime for delta in group[1:] if delta.regime]
    if others:
        _say(console, f"also on {shortened(' · '.join(others), 200)} inputs", indent=4)


def _parting(
    console: Console, parting: Parting, indent: int, beside: OutputDelta | None = None
) -> None:
    head = Text.assemble(
        " " * indent,
        ("first op at which they part: ", "bold"),
        (_flat(parting.node), "bold red"),
        _flat(f" ({parting.op})"),
    )
    terminal.line(console, head)
    words = measures.parting_sentence(parting, beside)
    if words:
        _say(console, words, indent=indent + 2)


# -- the whole of it ------------------------------------------------------------------------


def _tables(console: Console, check: ModelCheck) -> None:
    if check.verdict is Verdict.MATCH:
        _contract(console, check.contract)
    for what, deltas in (("output", check.deltas), ("variable", check.variables)):
        bad, good = reading.decisive_outputs(deltas)
        # the numbers of outputs are what a verdict is read by; variables only where they differ
        rows = [*bad, *good] if what == "output" else bad
        if rows:
            _numbers(console, what, rows)
        counts = measures.combined(deltas)
        if counts:
            _say(console, f"{what}s: {measures.errors_sentence(counts)}")


def _numbers(console: Console, what: str, deltas: Sequence[OutputDelta]) -> None:
    rows = []
    for d in deltas:
        figures = map(reading.figure, (d.max_abs, d.max_rel, d.mean_abs, d.required))
        errors = measures.spark(d.histogram)
        allowed = measures.allowance(d) if d.compared else ""
        agreement = reading.share(d.argmax)
        rows.append(
            (d.regime, str(d.status), *figures, allowed, agreement, f"{d.compared:,}", errors)
        )
    heads = (
        *("inputs", "result", "max abs", "max rel", "mean abs", "needed", "allowed", "argmax"),
        *("compared", "errors"),
    )
    # a column that holds nothing takes the room of the names
    used = [i for i in range(len(heads)) if any(row[i] not in ("", "–") for row in rows)]
    widths = {i: max(len(heads[i]), *(len(row[i]) for row in rows)) + 2 for i in used}
    names = min(24, max(len(delta.name) for delta in deltas))
    for head in _DROPPED:
        if console.is_terminal and names + sum(widths[i] for i in used) > console.width:
            used = [i for i in used if heads[i] != head]
    table = terminal.grid(what)
    for i in used:
        left = heads[i] in ("inputs", "result", "errors")
        table.add_column(heads[i], justify="left" if left else "right", no_wrap=i > 0)
    for d, row in zip(deltas, rows, strict=True):
        cells = [
            terminal.word(row[i]) if heads[i] == "result" else terminal.cell(row[i]) for i in used
        ]
        table.add_row(terminal.cell(d.name), *cells)
    terminal.table(console, table)


def print_evidence(console: Console, run: RunReport) -> None:
    """Print the rewrites that model checks are evidence for, each with signatures and numbers."""
    run = arrange(run)
    for proof in evidence.evidence(run, reading.entries(run)):
        for entry in proof.entries:
            where = place(entry.path, entry.finding.span)
            terminal.line(console, Text.assemble((where, "bold"), f": {_flat(entry.finding.code)}"))
            for sign, code, style in (
                ("- ", entry.finding.before, "red"),
                ("+ ", entry.finding.after, "green"),
            ):
                for text in visible(code).rstrip("\n").split("\n") if code else ():
                    terminal.line(console, Text(f"    {sign}{text}", style))
        for lost in proof.lost:
            where = f"{lost.path}:{lost.line}"
            terminal.line(console, Text.assemble((_flat(where), "bold"), f": {_flat(lost.code)}"))
        if not proof.named:
            _say(console, "(every rewrite of the program that needs a review)", _DIM)
        told: ModelCheck | None = None
        for row in proof.rows:
            if row.check is not told:
                verdict = str(row.check.verdict)
                head = (verdict.upper(), terminal.STYLE[verdict])
                label = _flat(reading.label(row.check))
                terminal.line(console, Text.assemble("  ", head, f" {label}"))
                told = row.check
            what = _flat(evidence.spelled(row.signature)) if row.signature else f"{row.what}s"
            words = Text.assemble(f"    {what}: ", terminal.word(row.status or ""))
            terminal.line(console, words)
            _say(console, evidence.figures(row), indent=6)
        console.line()
