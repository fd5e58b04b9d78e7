"""The Markdown report: a pull-request comment, within the length that GitHub takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migrator.report import reading
from migrator.report.markdown_checks import check_blocks, evidence_blocks
from migrator.report.markup import code_span, fenced, folded, paragraph, prose
from migrator.report.reading import Entry, Group
from migrator.report.text import place, plural, visible
from migrator.results import FileResult, Outcome, RunReport

__all__ = ["LIMIT", "render"]

#: Characters that a comment may have.
LIMIT = 65_536

#: Lines of one file's diff: more is for the HTML report.
_DIFF_LINES = 400


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
        for block in check_blocks(run.checks):
            yield "model check block", block
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
    proofs = evidence_blocks(run, found)
    if proofs:
        yield "heading", "### Code change, signature and numbers"
        for block in proofs:
            yield "evidence table", block
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
            yield "failed file", f"- {code_span(file.path)}: {paragraph(file.error or '')}"
    if run.programs:
        yield "heading", "### Programs"
        for program in run.programs:
            names = ", ".join(map(code_span, program.entry_points or program.files))
            parts = [f"**{program.tier} tier**" if program.tier else "**stays as it is**"]
            if program.held:
                parts.append(f"held: {paragraph(program.held)}")
            parts += [paragraph(e.finding.message) for e in reading.not_lifted(found, program)[:1]]
            if program.requirements:
                parts.append("needs " + ", ".join(map(code_span, program.requirements)))
            yield "program", f"- {names} ({plural(len(program.files), 'file')}): {'; '.join(parts)}"


def _state(run: RunReport) -> str:
    """Return what became of the files that the run looked at."""
    if run.command == "scan":
        return "nothing was changed"
    if run.command == "verify":
        return "the programs ran before and after the migration"
    return "the changes are on disk" if run.wrote else "nothing is written yet"


def _summary(run: RunReport, found: list[Entry]) -> str:
    if run.command == "check":
        lines = ["## Model check", ""]
    elif run.command == "convert":
        kept = "in its place" if run.wrote else "not kept"
        lines = ["## Model conversion", "", f"What was made is {kept}."]
    else:
        lines = ["## TensorFlow migration", "", f"{plural(len(run.files), 'file')}; {_state(run)}."]
    checks = reading.verdict_counts(run.checks)
    lines.append(f"Model checks: **{checks}**." if checks else "No model was compared.")
    rows = reading.tally(found)
    if rows:
        lines += ["", "| family | manual | blocked | to review | kept | safe | suppressed |"]
        lines.append("|---|---:|---:|---:|---:|---:|---:|")
        for family, counts in rows:
            lines.append(
                f"| {paragraph(family)} | "
                + " | ".join(str(n or "") for n in counts.values())
                + " |"
            )
    return "\n".join(lines)


def _finding(entry: Entry, code: bool = True) -> str:
    finding = entry.finding
    rule = f" {entry.rule.name}" if entry.rule else ""
    where = code_span(place(entry.path, finding.span))
    head = f"**{paragraph(finding.code + rule)}** · {finding.outcome} · {where}"
    parts = [f"{head}  \n{paragraph(finding.message)}"]
    if code and finding.before:
        parts.append(fenced(finding.before, "python"))
    if finding.outcome is Outcome.BLOCKED and finding.after:
        parts.append(folded("What it would become", fenced(finding.after, "python")))
    if finding.recipe:
        parts.append(f"What to do: {prose(finding.recipe)}")
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
                parts.append("Why: " + prose(reading.reason(entry.rule)))
        if wanted is Group.REVIEW:
            checks = reading.checks_of(run, file)
            covers = ", ".join(
                f"{code_span(reading.label(c))} **{str(c.verdict).upper()}**" for c in checks
            )
            parts.append(f"Covered by: {covers or 'no model check of this run'}")
        if file.diff:
            parts.append(_diff(file.diff))
        made = "new file" if file.created else plural(len(own), "rewrite")
        summary = f"{visible(file.path)} ({made})".replace("\n", "\u240a")
        yield "changed file", folded(summary, "\n\n".join(parts))
    if elsewhere:
        yield (
            "note",
            f"{plural(elsewhere, 'safe rewrite')} shown above, with the changes of the same file.",
        )


def _diff(diff: str) -> str:
    lines = diff.replace("\r\n", "\n").rstrip("\n").split("\n")
    left = len(lines) - _DIFF_LINES
    text = fenced("\n".join(lines[:_DIFF_LINES]), "diff")
    return (
        f"{text}\n\n{plural(left, 'line')} of this diff more in the HTML report."
        if left > 0
        else text
    )
