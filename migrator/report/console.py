"""The run on the terminal: what :mod:`migrator.cli` prints.

Nothing in user code is taken for rich's markup, and nothing in it reaches a terminal as a
control sequence.  Where the console is not a terminal no line is wrapped.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from migrator.report import reading
from migrator.report.order import arrange
from migrator.report.reading import Entry, Group
from migrator.report.text import place, plural, visible
from migrator.results import (
    DeltaStatus,
    ModelCheck,
    Outcome,
    OutputDelta,
    RuleInfo,
    RunReport,
    Verdict,
)

__all__ = ["print_checks", "print_diff", "print_rule", "print_rules", "print_summary", "render"]

_STYLE = {
    "match": "bold green", "equal": "green", "close": "green", "same": "green", "safe": "green",
    "mismatch": "bold red", "error": "bold red", "differs": "red", "missing": "red", "extra": "red",
    "dtype": "red", "shape": "red", "changed": "red", "unstable": "yellow", "note": "cyan",
    "manual": "bold yellow", "blocked": "bold yellow", "rewritten": "cyan", "review": "cyan",
    "kept": "", "suppressed": "bright_black",
}  # fmt: skip


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
                _line(
                    console,
                    Text.assemble(
                        (path, "bold"), ": ", ("error", _STYLE["error"]), f": {visible(file.error)}"
                    ),
                )
        for program in run.programs:
            if program.held:
                names = ", ".join(program.entry_points or program.files)
                _line(
                    console,
                    Text.assemble(
                        (visible(names), "bold"), f": stays as it is: {visible(program.held)}"
                    ),
                )
        needed = sorted({package for program in run.programs for package in program.requirements})
        if needed:
            _line(console, Text(f"Also needs: {visible(', '.join(needed))}"))
        if found:
            _table(console, _tally(found))
    _line(console, _closing(run, found))


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
        _line(console, text, end="")


def print_checks(console: Console, checks: Sequence[ModelCheck]) -> None:
    """Print the verdict of each check, with its numbers and the facts that differ."""
    for check in reading.ranked_checks(arrange(RunReport(checks=tuple(checks))).checks):
        verdict = str(check.verdict)
        head = Text.assemble(
            (verdict.upper(), _STYLE[verdict]), " ", (visible(reading.label(check)), "bold")
        )
        _line(console, head)
        _line(console, Text("  " + visible(reading.verdict_sentence(check))))
        atol, rtol = check.tolerance
        facts = [f"tolerance {reading.figure(atol)} + {reading.figure(rtol)} x |before|"]
        facts += [f"inputs {', '.join(check.inputs)}"] if check.inputs else []
        _line(
            console, Text("  " + visible("; ".join([*facts, *check.environments])), "bright_black")
        )
        differ, _ = reading.decisive_facts(check.contract)
        if differ:
            table = _grid("signature contract", "result", "before", "after")
            for fact in differ:
                table.add_row(
                    _cell(fact.name), _word(fact.status), _cell(fact.before), _cell(fact.after)
                )
            _table(console, table)
        for what, deltas in (("output", check.deltas), ("variable", check.variables)):
            bad, good = reading.decisive_outputs(deltas)
            # the numbers of outputs are what a verdict is read by; variables only where they differ
            rows = [*bad, *good] if what == "output" else bad
            if rows:
                _print_numbers(console, what, rows)


def print_rules(console: Console, rules: Sequence[RuleInfo]) -> None:
    """Print one row per rule, by code."""
    table = _grid("code", "name", "safety", "summary")
    for rule in sorted(rules, key=lambda rule: (rule.code, rule.name)):
        table.add_row(_cell(rule.code), _cell(rule.name), _word(rule.safety), _cell(rule.summary))
    _table(console, table)


def print_rule(console: Console, rule: RuleInfo) -> None:
    """Print one rule with its documentation."""
    head = Text.assemble(
        (visible(rule.code), "bold"), f" {visible(rule.name)} (", _word(rule.safety), ")"
    )
    _line(console, head)
    _line(console, Text(visible(rule.summary)))
    if rule.docs:
        console.line()
        console.print(
            Markdown(visible(inspect.cleandoc(rule.docs)), code_theme="ansi_dark", hyperlinks=False)
        )


def render(run: RunReport) -> str:
    """Return an arranged run as plain text: checks, all findings, then the diffs."""
    stream = io.StringIO()
    # an empty environment: neither COLUMNS nor FORCE_COLOR of a caller shapes a report
    console = Console(file=stream, width=100, color_system=None, force_terminal=False, _environ={})
    if run.checks:
        print_checks(console, run.checks)
        console.line()
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
    _line(
        console,
        Text.assemble(
            (place(entry.path, finding.span), "bold"),
            ": ",
            (visible(finding.code), "bold"),
            " ",
            (outcome, _STYLE[outcome]),
            ": ",
            visible(finding.message),
        ),
    )
    if verbosity >= 2 and finding.before:
        _indented(console, finding.before, "red" if finding.outcome is Outcome.REWRITTEN else "")
    if verbosity >= 2 and finding.after:
        _indented(console, finding.after, "green")
    if finding.recipe:
        _indented(console, finding.recipe, "yellow")


def _indented(console: Console, text: str, style: str) -> None:
    for line in visible(text).rstrip("\n").split("\n"):
        _line(console, Text("    " + line, style))


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
    table = _grid("family")
    words = list(rows[0][1])
    for word in words:
        table.add_column(
            "to review" if word == "review" else word, justify="right", style=_STYLE[word]
        )
    for family, counts in rows:
        table.add_row(
            _cell(family), *(f"{counts[word]:,}" if counts[word] else "" for word in words)
        )
    table.add_section()
    sums = [sum(counts[word] for _, counts in rows) for word in words]
    table.add_row(Text("all", "bold"), *(Text(f"{total:,}", "bold") for total in sums))
    return table


def _print_numbers(console: Console, what: str, deltas: Sequence[OutputDelta]) -> None:
    rows = []
    for d in deltas:
        figures = map(reading.figure, (d.max_abs, d.max_rel, d.mean_abs, d.required))
        rows.append((d.regime, str(d.status), *figures, reading.share(d.argmax), f"{d.compared:,}"))
    heads = ("inputs", "result", "max abs", "max rel", "mean abs", "needed", "argmax", "compared")
    # a column that holds nothing takes the room of the names
    used = [i for i in range(len(heads)) if any(row[i] not in ("", "–") for row in rows)]
    table = _grid(what)
    for i in used:
        table.add_column(heads[i], justify="left" if i < 2 else "right", no_wrap=i > 0)
    for d, row in zip(deltas, rows, strict=True):
        cells = [_word(row[i]) if heads[i] == "result" else _cell(row[i]) for i in used]
        table.add_row(_cell(d.name), *cells)
    _table(console, table)
    for d in deltas:
        agrees = d.status in (DeltaStatus.EQUAL, DeltaStatus.CLOSE)
        worst = (
            ""
            if d.worst_index is None or agrees
            else f"worst at [{', '.join(map(str, d.worst_index))}]"
        )
        note = "; ".join(part for part in (d.note, worst) if part)
        if note:
            name = f"{d.name} ({d.regime})" if d.regime else d.name
            _line(console, Text.assemble("  ", _cell(name), ": ", _cell(note)))


def _grid(*heads: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black", pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def _cell(text: str) -> Text:
    return Text(visible(text).replace("\n", "\u240a"))


def _word(word: object) -> Text:
    return Text(str(word), _STYLE.get(str(word), ""))


def _line(console: Console, text: Text, end: str = "\n") -> None:
    # soft_wrap: a terminal breaks the line itself, a pipe gets it whole
    console.print(text, soft_wrap=True, highlight=False, markup=False, emoji=False, end=end)


def _table(console: Console, table: RenderableType) -> None:
    if console.is_terminal:
        console.print(table)
        return
    # a pipe has no width: 80 columns, which rich assumes, would fold names and numbers
    wide = console.options.update(width=10_000)
    console.print(Segments(console.render(table, wide)), crop=False, soft_wrap=True, end="")
