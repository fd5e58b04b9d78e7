"""The HTML report: one file that needs nothing else, for the reviewer of a migration."""

from __future__ import annotations

import base64
import functools
import hashlib
import inspect
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files as resources
from typing import Any

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from migrator.report import cost, diffs, measures, reading
from migrator.report.charts import histogram, strip
from migrator.report.evidence import evidence
from migrator.report.highlight import block, change_pair, code_lines, marked
from migrator.report.reading import Entry, Group
from migrator.report.text import CODE_SPAN, cell_of, place, plural, visible
from migrator.results import FileResult, ModelCheck, Outcome, RunReport

__all__ = ["render"]

#: Outputs and variables that get a drawing of their own per check, worst first: the tables hold
#: all.  Rewrites that stand open in a row of evidence.
_CASES, _EDITS = 12, 4


@dataclass(frozen=True, slots=True)
class _Cell:
    """One side of a row of the diff."""

    number: int
    sign: str  #: "", "−" or "+"
    code: Markup
    ended: bool


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the diff with the findings that begin on its old line."""

    old: _Cell | None
    new: _Cell | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    """A changed file as a section shows it."""

    file: FileResult
    anchor: str
    hunks: tuple[tuple[diffs.Hunk, tuple[_Row, ...]], ...]
    raw: str  #: the diff itself when it could not be laid out, else empty
    entries: tuple[Entry, ...]
    checks: tuple[ModelCheck, ...]

    @property
    def explained(self) -> frozenset[str]:
        """Keys of the findings that tell their rule's reason: the first of each rule."""
        first: dict[str, str] = {}
        for entry in self.entries:
            if entry.group is Group.REVIEW:
                first.setdefault(entry.finding.code, entry.key)
        return frozenset(first.values())

    @property
    def located(self) -> frozenset[str]:
        """Keys of the findings whose line the laid-out diff shows."""
        return frozenset(e.key for _, rows in self.hunks for row in rows for e in row.entries)


def render(run: RunReport) -> str:
    """Return an arranged run as one HTML document without any outside reference."""
    found = reading.entries(run)
    changes: dict[Group, list[_Change]] = {Group.REVIEW: [], Group.SAFE: []}
    for i, (file, own) in enumerate(reading.by_file(run, found)):
        rewritten = tuple(e for e in own if e.finding.outcome is Outcome.REWRITTEN)
        if file.diff or rewritten:
            section = reading.section_of_file(file, own)
            changes[section].append(_change(run, file, f"file-{i + 1}", rewritten))
    check_ids = {id(check): f"check-{i + 1}" for i, check in enumerate(run.checks)}
    style, script = _asset("report.css"), _asset("report.js")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(_asset),
    )
    environment.filters.update(
        {
            "docs": _docs,
            "figure": reading.figure,
            "highlight": block,
            "prose": _prose,
            "sentence": _sentence,
            "share": reading.share,
            "shown": visible,
            "line": lambda text: visible(text).replace("\n", "␊"),
        }
    )
    group = {g: [e for e in found if e.group is g] for g in Group}
    text: str = environment.get_template("report.html").render(
        run=run,
        style=Markup(style),
        script=Markup(script),
        style_hash=_hash(style),
        script_hash=_hash(script),
        Group=Group,
        group=group,
        review_changes=changes[Group.REVIEW],
        safe_changes=changes[Group.SAFE],
        diff_of={id(c.file): c.anchor for cs in changes.values() for c in cs},
        check_id=lambda check: check_ids[id(check)],
        identity=id,
        tally=reading.tally(found),
        totals=_totals(found),
        failed=[file for file in run.files if file.error is not None],
        ranked=reading.ranked_checks(run.checks),
        checks_tone=_tone(run.checks),
        label=reading.label,
        m=measures,
        costs=cost,
        histogram=histogram,
        strip=strip,
        shown_cases=_CASES,
        shown_edits=_EDITS,
        proofs=evidence(run, found),
        change_pair=change_pair,
        verdict_sentence=reading.verdict_sentence,
        verdict_counts=reading.verdict_counts(run.checks),
        outputs=reading.decisive_outputs,
        facts=reading.decisive_facts,
        reason=reading.reason,
        not_lifted=functools.partial(reading.not_lifted, found),
        place=place,
        cell_of=cell_of,
        plural=plural,
        rules=[r for r in run.rules if any(e.finding.code == r.code for e in found)],
        documented={r.code for r in run.rules},
    )
    return text.rstrip("\n") + "\n"


def _asset(name: str) -> str:
    return (resources("migrator.report") / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the source expression that lets a content security policy run exactly ``text``."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _tone(checks: Sequence[ModelCheck]) -> str:
    if not checks:
        return "warn"  # nothing proven is not green
    return "good" if all(check.match for check in checks) else "bad"


def _totals(found: Sequence[Entry]) -> dict[str, int]:
    totals = {"manual": 0, "blocked": 0, "review": 0, "kept": 0, "safe": 0, "suppressed": 0}
    for _, counts in reading.tally(found):
        for word, count in counts.items():
            totals[word] += count
    return totals


def _change(run: RunReport, file: FileResult, anchor: str, own: tuple[Entry, ...]) -> _Change:
    checks = reading.checks_of(run, file)
    try:
        hunks = diffs.parse(file.diff)
    except ValueError:
        # shown as it is, so that nothing is lost: the reader sees every line of it
        return _Change(file, anchor, (), visible(file.diff), own, checks)
    if file.diff and not hunks:
        return _Change(file, anchor, (), visible(file.diff), own, checks)
    starts: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in own:
        span = entry.finding.span
        starts[cell_of(span), span.line].append(entry)
    # the hunks of a notebook are headed by the cell whose lines they count
    titles = [hunk.title if file.path.endswith(".ipynb") else "" for hunk in hunks]
    laid_out = tuple(
        (hunk, tuple(_rows(hunk, title, starts))) for hunk, title in zip(hunks, titles, strict=True)
    )
    return _Change(file, anchor, laid_out, "", own, checks)


def _rows(hunk: diffs.Hunk, title: str, starts: dict[tuple[str, int], list[Entry]]) -> list[_Row]:
    rows = diffs.side_by_side(hunk)
    old = _Side([row.old for row in rows])
    new = _Side([row.new for row in rows])
    out = []
    for row in rows:
        left: list[tuple[int, int]] = []
        right: list[tuple[int, int]] = []
        if row.old and row.new and not row.same:
            left, right = diffs.changed_words(visible(row.old.text), visible(row.new.text))
        own = tuple(starts.get((title, row.old.number), ())) if row.old else ()
        out.append(_Row(old.cell(row.old, left), new.cell(row.new, right), own))
    return out


class _Side:
    """The lines of one side of a hunk, coloured together."""

    def __init__(self, lines: Sequence[diffs.Line | None]) -> None:
        present = [line for line in lines if line is not None]
        pieces = code_lines([line.text for line in present])
        self._pieces = dict(zip((line.number for line in present), pieces, strict=True))

    def cell(self, line: diffs.Line | None, ranges: Sequence[tuple[int, int]]) -> _Cell | None:
        """Return the cell of ``line``, None for None."""
        if line is None:
            return None
        sign = {"-": "−", "+": "+"}.get(line.kind, "")
        return _Cell(line.number, sign, marked(self._pieces[line.number], ranges), line.ended)


def _fenced(tokens: Sequence[Any], i: int, options: Any, env: Any) -> str:
    return str(Markup("<pre><code>{}</code></pre>\n").format(block(tokens[i].content.rstrip("\n"))))


@functools.cache
def _markdown(preset: str, *enabled: str) -> MarkdownIt:
    reader = MarkdownIt(preset, {"html": False})
    reader.add_render_rule("fence", lambda self, *args: _fenced(*args))
    reader.add_render_rule("code_block", lambda self, *args: _fenced(*args))
    return reader.enable(list(enabled)).disable("image", ignoreInvalid=True)


def _docs(text: str) -> Markup:
    """Return a rule's documentation as HTML; raw HTML in it is shown, images are not loaded."""
    html = _markdown("commonmark").render(visible(inspect.cleandoc(text)))
    # headings go below the rule's own <h3>
    return Markup(re.sub(r"(</?h)([1-6])", lambda m: f"{m[1]}{min(6, int(m[2]) + 2)}", html))


def _prose(text: str) -> Markup:
    """Return a message or recipe as HTML: paragraphs, lists and code, but no other Markdown.

    Names such as ``__init__`` and ``a*b*c`` are what users write in them, so emphasis, links
    and HTML are not looked for.
    """
    reader = _markdown("zero", "backticks", "fence", "code", "list", "newline")
    return Markup(reader.render(visible(text)))


def _sentence(text: str) -> Markup:
    """Return a message as HTML for the inside of a line: code spans only."""
    parts = CODE_SPAN.split(visible(text).replace("\n", " "))
    html = [escape(parts[0])]
    for i in range(1, len(parts), 3):
        html += [Markup("<code>{}</code>").format(parts[i + 1]), escape(parts[i + 2])]
    return Markup("").join(html)
