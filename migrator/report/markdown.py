"""The Markdown report: a pull-request comment, within the length that GitHub takes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from markupsafe import escape

from migrator.report import reading
from migrator.report.reading import Entry, Group
from migrator.report.text import CODE_SPAN, place, plural, visible
from migrator.results import FileResult, ModelCheck, Outcome, OutputDelta, RunReport

__all__ = ["LIMIT", "render"]

#: Characters that a comment may have.
LIMIT = 65_536

#: Lines of one file's diff, rows of one table: more is for the HTML report.
_DIFF_LINES = 400
_TABLE_ROWS = 40

_MARKS = re.compile(r"([\\`*_\[\]<>|~&$])")
#: What makes a list, a heading or a rule of a paragraph that begins with it.
_LEADING = re.compile(r"^(\d*)([#+=-]|(?<=\d)[.)])")


def render(run: RunReport) -> str:
    """Return an arranged run as GitHub-flavoured Markdown of at most :data:`LIMIT` characters.

    Blocks are added in reading order; one that no longer fits is left out and counted, and the
    last lines say what is missing.
    """
    found = reading.entries(run)
    room = LIMIT - 700  # for the note at the end
    kept: list[str] = []
    size = 0
    cut: Counter[str] = Counter()
    waiting: list[str] = []  # headings are worth their space only with something under them
    for kind, block in _blocks(run, found):
        if kind == "heading":
            waiting = [block]
            continue
        text = "".join(part + "\n\n" for part in (*waiting, block))
        if size + len(text) > room:
            cut[kind] += 1
            continue
        kept.append(text)
        size += len(text)
        waiting = []
    if cut:
        # no nouns of users in here: its length is bounded
        what = ", ".join(plural(cut[kind], kind) for kind in sorted(cut))
        kept.append(
            f"> **Cut to fit a comment of {LIMIT:,} characters:** {what} left out. "
            "The HTML and JSON reports hold everything.\n"
        )
    return "".join(kept).rstrip("\n") + "\n"


def _blocks(run: RunReport, found: list[Entry]) -> Iterator[tuple[str, str]]:
    """Yield (what it is, text) in reading order; a block stands alone."""
    yield "summary", _summary(run, found)
    if run.checks:
        yield "heading", "### Model checks"
        for check in reading.ranked_checks(run.checks):
            yield "model check", _check(check)
    groups = {group: [e for e in found if e.group is group] for group in Group}
    changes = [
        (
            file,
            [e for e in own if e.finding.outcome is Outcome.REWRITTEN],
            reading.section_of_file(file, own),
        )
        for file, own in reading.by_file(run, found)
    ]
    if groups[Group.PERSON]:
        yield "heading", "### Needs a person"
        for entry in groups[Group.PERSON]:
            yield "finding", _finding(entry)
    if groups[Group.REVIEW] or any(
        file.diff and section is Group.REVIEW for file, _, section in changes
    ):
        yield "heading", "### Rewrites to review"
        yield from _changes(run, changes, Group.REVIEW)
    if groups[Group.KEPT]:
        yield "heading", "### Kept"
        for entry in groups[Group.KEPT]:
            yield "finding", _finding(entry)
    if groups[Group.SAFE]:
        yield "heading", "### Safe rewrites"
        yield from _changes(run, changes, Group.SAFE)
    if groups[Group.SUPPRESSED]:
        yield "heading", "### Suppressed"
        for entry in groups[Group.SUPPRESSED]:
            yield "finding", _finding(entry)
    failed = [file for file in run.files if file.error is not None]
    if failed:
        yield "heading", "### Files not processed"
        for file in failed:
            yield "failed file", f"- {_code(file.path)}: {_text(file.error or '')}"
    if run.programs:
        yield "heading", "### Programs"
        for program in run.programs:
            names = ", ".join(map(_code, program.entry_points or program.files))
            parts = [f"**{program.tier} tier**" if program.tier else "**stays as it is**"]
            if program.held:
                parts.append(f"held: {_text(program.held)}")
            if program.requirements:
                parts.append("needs " + ", ".join(map(_code, program.requirements)))
            yield "program", f"- {names} ({plural(len(program.files), 'file')}): {'; '.join(parts)}"


def _summary(run: RunReport, found: list[Entry]) -> str:
    if run.command == "scan":
        state = "nothing was changed"
    else:
        state = "the changes are on disk" if run.wrote else "nothing is written yet"
    lines = ["## TensorFlow migration", "", f"{plural(len(run.files), 'file')}; {state}."]
    checks = reading.verdict_counts(run.checks)
    lines.append(f"Model checks: **{checks}**." if checks else "No model was compared.")
    rows = reading.tally(found)
    if rows:
        lines += ["", "| family | manual | blocked | to review | kept | safe | suppressed |"]
        lines.append("|---|---:|---:|---:|---:|---:|---:|")
        for family, counts in rows:
            lines.append(
                f"| {_text(family)} | " + " | ".join(str(n or "") for n in counts.values()) + " |"
            )
    return "\n".join(lines)


def _check(check: ModelCheck) -> str:
    lines = [
        f"**{str(check.verdict).upper()}** {_code(reading.label(check))}: "
        f"{_text(reading.verdict_sentence(check))}"
    ]
    atol, rtol = check.tolerance
    facts = [f"tolerance {reading.figure(atol)} + {reading.figure(rtol)} × |before|"]
    facts += [f"inputs {', '.join(check.inputs)}"] if check.inputs else []
    lines.append("_" + _text("; ".join([*facts, *check.environments])) + "_")
    differ, _ = reading.decisive_facts(check.contract)
    if differ:
        rows = [
            f"| {_cell(d.name)} | {d.status} | {_cell(d.before)} | {_cell(d.after)} |"
            for d in differ
        ]
        lines.append(
            _table("| signature contract | result | before | after |", "|---|---|---|---|", rows)
        )
    for what, deltas in (("output", check.deltas), ("variable", check.variables)):
        bad, good = reading.decisive_outputs(deltas)
        if bad:
            lines.append(_numbers(what, bad))
        if good:
            words = plural(len(good), f"{what} comparison")
            lines.append(
                _fold(f"{words} that agree{'s' if len(good) == 1 else ''}", _numbers(what, good))
            )
    return "\n\n".join(lines)


def _numbers(what: str, deltas: list[OutputDelta]) -> str:
    head = (
        f"| {what} | inputs | result | max abs | max rel | mean abs | needed | argmax | compared "
        "| worst at |"
    )
    rows = []
    for d in deltas:
        worst = "–" if d.worst_index is None else "\\[" + ", ".join(map(str, d.worst_index)) + "\\]"
        name = _cell(d.name) + (f" {_text(d.note)}" if d.note else "")
        numbers = map(reading.figure, (d.max_abs, d.max_rel, d.mean_abs, d.required))
        cells = [
            name,
            _text(d.regime),
            d.status,
            *numbers,
            reading.share(d.argmax),
            f"{d.compared:,}",
            worst,
        ]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return _table(head, "|---|---|---|" + "---:|" * 6 + "---|", rows)


def _table(head: str, rule: str, rows: list[str]) -> str:
    left = len(rows) - _TABLE_ROWS
    text = "\n".join([head, rule, *rows[:_TABLE_ROWS]])
    return f"{text}\n\n{plural(left, 'row')} more in the HTML report." if left > 0 else text


def _finding(entry: Entry, code: bool = True) -> str:
    finding = entry.finding
    rule = f" {entry.rule.name}" if entry.rule else ""
    where = _code(place(entry.path, finding.span))
    head = f"**{_text(finding.code + rule)}** · {finding.outcome} · {where}"
    parts = [f"{head}  \n{_text(finding.message)}"]
    if code and finding.before:
        parts.append(_fence(finding.before, "python"))
    if finding.outcome is Outcome.BLOCKED and finding.after:
        parts.append(_fold("What it would become", _fence(finding.after, "python")))
    if finding.recipe:
        parts.append(f"What to do: {_prose(finding.recipe)}")
    return "\n\n".join(parts)


def _changes(
    run: RunReport, changes: list[tuple[FileResult, list[Entry], Group]], wanted: Group
) -> Iterator[tuple[str, str]]:
    elsewhere = 0
    for file, own, section in changes:
        if section is not wanted:
            elsewhere += sum(entry.group is wanted for entry in own)
            continue
        if not own and not file.diff:
            continue
        parts: list[str] = []
        explained: set[str] = set()
        for entry in own:
            parts.append(_finding(entry, code=False))
            if entry.group is Group.REVIEW and entry.rule and entry.finding.code not in explained:
                explained.add(entry.finding.code)
                parts.append("Why: " + _prose(reading.reason(entry.rule)))
        if wanted is Group.REVIEW:
            checks = reading.checks_of(run, file)
            covers = ", ".join(
                f"{_code(reading.label(c))} **{str(c.verdict).upper()}**" for c in checks
            )
            parts.append(f"Covered by: {covers or 'no model check of this run'}")
        if file.diff:
            parts.append(_diff(file.diff))
        made = "new file" if file.created else plural(len(own), "rewrite")
        summary = f"{visible(file.path)} ({made})".replace("\n", "\u240a")
        yield "changed file", _fold(summary, "\n\n".join(parts))
    if elsewhere:
        yield (
            "note",
            f"{plural(elsewhere, 'safe rewrite')} shown above, with the changes of the same file.",
        )


def _diff(diff: str) -> str:
    lines = diff.replace("\r\n", "\n").rstrip("\n").split("\n")
    left = len(lines) - _DIFF_LINES
    text = _fence("\n".join(lines[:_DIFF_LINES]), "diff")
    return (
        f"{text}\n\n{plural(left, 'line')} of this diff more in the HTML report."
        if left > 0
        else text
    )


def _fold(summary: str, inside: str) -> str:
    head = f"<details><summary><code>{escape(visible(summary))}</code></summary>"
    return f"{head}\n\n{inside}\n\n</details>"


def _fence(code: str, language: str) -> str:
    """Return a fenced block; the fence is longer than any run of backticks inside."""
    ticks = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}{language}\n{visible(code)}\n{fence}"


def _code(text: str) -> str:
    """Return ``text`` as a code span, in which nothing is markup and nobody is mentioned."""
    text = visible(text).replace("\n", "\u240a").replace("\t", " ")
    if not text:
        return ""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _cell(text: str) -> str:
    """Return a code span for a table, where a bar would end the cell even inside code."""
    return _code(text).replace("|", "\\|")


def _text(text: str) -> str:
    """Return one paragraph of text: its code spans stay, everything else is literal.

    ``@name`` becomes code: outside of it, it would notify the account of that name.
    """
    text = " ".join(visible(text).split())
    parts = CODE_SPAN.split(text)
    out = [_LEADING.sub(r"\1\\\2", _plain(parts[0]))]
    for i in range(1, len(parts), 3):
        out += [_cell(parts[i + 1]), _plain(parts[i + 2])]
    return "".join(out)


def _plain(text: str) -> str:
    pieces = re.split(r"(@[\w./-]+|(?:#|GH-)\d+|https?://\S+|www\.\S+)", text)
    return "".join(
        _cell(piece) if i % 2 else _MARKS.sub(r"\\\1", piece) for i, piece in enumerate(pieces)
    )


def _prose(text: str) -> str:
    """Return paragraphs of text with fenced and indented code kept as code."""
    out: list[str] = []
    lines = visible(text).strip("\n").split("\n")
    i = 0
    while i < len(lines):
        fence = re.match(r"\s*(`{3,}|~{3,})(.*)", lines[i])
        if fence:
            end = i + 1
            while end < len(lines) and not lines[end].strip().startswith(fence[1]):
                end += 1
            out.append(_fence("\n".join(lines[i + 1 : end]), "python"))
            i = end + 1
        elif lines[i].startswith(("    ", "\t")):
            end = i
            while end < len(lines) and (
                not lines[end].strip() or lines[end].startswith(("    ", "\t"))
            ):
                end += 1
            code = [line[4:] if line.startswith("    ") else line[1:] for line in lines[i:end]]
            out.append(_fence("\n".join(code).rstrip("\n"), "python"))
            i = end
        else:
            end = i
            while (
                end < len(lines)
                and lines[end].strip()
                and not re.match(r"\s*(```|~~~)", lines[end])
            ):
                end += 1
            items = re.split(r"\n(?=\s*(?:[-*]|\d+[.)])\s)", "\n".join(lines[i:end]))
            out += [_item(item) for item in items if item.strip()]
            i = max(end, i + 1)
    return "\n\n".join(out)


def _item(text: str) -> str:
    match = re.match(r"\s*([-*]|\d+[.)])\s+(.*)", text, re.S)
    return f"{match[1]} {_text(match[2])}" if match else _text(text)
