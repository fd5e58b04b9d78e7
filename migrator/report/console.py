"""The run on the terminal: what :mod:`migrator.cli` prints.

Nothing in user code is taken for rich's markup, and nothing in it reaches a terminal as a
control sequence.  Where the console is not a terminal no line is wrapped.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markdown import Markdown
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from migrator.report import reading, terminal
from migrator.report.console_checks import print_checks, print_evidence
from migrator.report.order import arrange
from migrator.report.reading import Entry, Group
from migrator.report.terminal import STYLE
from migrator.report.text import place, plural, visible
from migrator.results import Outcome, RuleInfo, RunReport, Tier, Verdict

__all__ = [
    "print_checks",
    "print_diff",
    "print_evidence",
    "print_rule",
    "print_rules",
    "print_summary",
    "render",
]


def print_summary(console: Console, run: RunReport, verbosity: int = 0) -> None:
    """Print what was found: a table by family and outcome, then the findings.

    ``verbosity`` below 0 prints the closing line only; 0 adds the table, files with errors and
    what a person must do; 1 every finding; 2 the code of each, too.
    """
    run = arrange(run)
    found = reading.entries(run)
    if verbosity >= 0:
        listed = [e for e in found if verbosity >= 1 or e.group is Group.PERSON]
        for entry in sorted(listed, key=lambda entry: entry.group):
            _print_entry(console, entry, verbosity)
        for file in run.files:
            if file.error is not None:
                path = visible(file.path).replace("\n", "\u240a")
                terminal.line(
                    console,
                    Text.assemble(
                        (path, "bold"), ": ", ("error", STYLE["error"]), f": {visible(file.error)}"
                    ),
                )
        for program in run.programs:
            if program.held:
                names = ", ".join(program.entry_points or program.files)
                terminal.line(
                    console,
                    Text.assemble(
                        (visible(names), "bold"), f": stays as it is: {visible(program.held)}"
                    ),
                )
        reasons = [reading.not_lifted(found, program)[:1] for program in run.programs]
        kept = sum(map(len, reasons))
        if kept:
            native = sum(program.tier is Tier.NATIVE for program in run.programs)
            where = "" if verbosity >= 1 else "; -v and the reports say why each"
            terminal.line(
                console,
                Text(
                    f"{plural(native, 'program')} without a session, {kept} that"
                    f" {'keeps its' if kept == 1 else 'keep theirs'}{where}."
                ),
            )
        needed = sorted({package for program in run.programs for package in program.requirements})
        if needed:
            terminal.line(console, Text(f"Also needs: {visible(', '.join(needed))}"))
        if found:
            terminal.table(console, _tally(found))
    terminal.line(console, _closing(run, found))


def print_diff(console: Console, run: RunReport) -> None:
    """Print the unified diffs of all files.

    Where the console is not a terminal the text is exactly that of the diffs, so that
    ``git apply`` and ``patch -p1`` take it; on a terminal it is coloured and hidden characters
    are made visible.
    """
    for file in arrange(run).files:
        if not file.diff:
            continue
        if not console.is_terminal:
            # a bare segment is neither wrapped nor cropped, keeps its tabs and control codes
            diff = file.diff if file.diff.endswith("\n") else file.diff + "\n"
            console.print(Segments([Segment(diff)]), soft_wrap=True, crop=False, end="")
            continue
        text = Text()
        for line in file.diff.replace("\r\n", "\n").rstrip("\n").split("\n"):
            style = "green" if line.startswith("+") else "red" if line.startswith("-") else ""
            if line.startswith("@@"):
                style = "cyan"
            elif line.startswith(("--- ", "+++ ")):
                style = "bold"
            text.append(visible(line) + "\n", style)
        terminal.line(console, text, end="")


def print_rules(console: Console, rules: Sequence[RuleInfo]) -> None:
    """Print one row per rule, by code."""
    table = terminal.grid("code", "name", "safety", "summary")
    for rule in sorted(rules, key=lambda rule: (rule.code, rule.name)):
        table.add_row(
            terminal.cell(rule.code),
            terminal.cell(rule.name),
            terminal.word(rule.safety),
            terminal.cell(rule.summary),
        )
    terminal.table(console, table)


def print_rule(console: Console, rule: RuleInfo) -> None:
    """Print one rule with its documentation."""
    head = Text.assemble(
        (visible(rule.code), "bold"), f" {visible(rule.name)} (", terminal.word(rule.safety), ")"
    )
    terminal.line(console, head)
    terminal.line(console, Text(visible(rule.summary)))
    if rule.docs:
        console.line()
        console.print(
            Markdown(visible(inspect.cleandoc(rule.docs)), code_theme="ansi_dark", hyperlinks=False)
        )


def render(run: RunReport) -> str:
    """Return an arranged run as plain text: checks, what they prove, all findings, the diffs."""
    stream = io.StringIO()
    # an empty environment: neither COLUMNS nor FORCE_COLOR of a caller shapes a report
    console = Console(file=stream, width=100, color_system=None, force_terminal=False, _environ={})
    if run.checks:
        print_checks(console, run.checks, verbosity=1)
        console.line()
    print_evidence(console, run)
    print_summary(console, run, verbosity=1)
    # the columns of tables are padded with blanks; in a diff a blank is a line of context
    parts = ["".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())]
    parts += [
        "\n" + visible(file.diff.replace("\r\n", "\n").rstrip("\n")) + "\n"
        for file in run.files
        if file.diff
    ]
    return "".join(parts)


def _print_entry(console: Console, entry: Entry, verbosity: int) -> None:
    finding = entry.finding
    outcome = str(finding.outcome)
    terminal.line(
        console,
        Text.assemble(
            (place(entry.path, finding.span), "bold"),
            ": ",
            (visible(finding.code), "bold"),
            " ",
            (outcome, STYLE[outcome]),
            ": ",
            visible(finding.message),
        ),
    )
    if verbosity >= 2 and finding.before:
        terminal.indented(
            console, finding.before, "red" if finding.outcome is Outcome.REWRITTEN else ""
        )
    if verbosity >= 2 and finding.after:
        terminal.indented(console, finding.after, "green")
    if finding.recipe:
        terminal.indented(console, finding.recipe, "yellow")


def _closing(run: RunReport, found: Iterable[Entry]) -> Text:
    entries = list(found)
    rewritten = [e for e in entries if e.finding.outcome is Outcome.REWRITTEN]
    left = [e for e in entries if e.group is Group.PERSON]
    verb = "rewritten" if run.wrote else "can be rewritten"
    changed = sum(bool(file.diff) for file in run.files)
    parts = [
        f"{plural(len(run.files), 'file')}",
        f"{plural(len(rewritten), 'place')} {verb}"
        + (f" in {plural(changed, 'file')}" if changed else ""),
        f"{len(left):,} left for a person",
    ]
    failed = sum(file.error is not None for file in run.files)
    if failed:
        parts.append(f"{plural(failed, 'file')} not processed")
    if run.checks:
        parts.append(f"model checks: {reading.verdict_counts(run.checks)}")
    good = not left and not failed and all(check.verdict is Verdict.MATCH for check in run.checks)
    return Text("; ".join(parts) + ".", "bold green" if good else "bold")


def _tally(found: Iterable[Entry]) -> Table:
    rows = reading.tally(found)
    table = terminal.grid("family")
    words = list(rows[0][1])
    for word in words:
        table.add_column(
            "to review" if word == "review" else word, justify="right", style=STYLE[word]
        )
    for family, counts in rows:
        table.add_row(
            terminal.cell(family), *(f"{counts[word]:,}" if counts[word] else "" for word in words)
        )
    table.add_section()
    sums = [sum(counts[word] for _, counts in rows) for word in words]
    table.add_row(Text("all", "bold"), *(Text(f"{total:,}", "bold") for total in sums))
    return table
