"""Model checks as Markdown: the verdicts, and the rewrites beside their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.report import measures, reading
from migrator.report.cost import cost_sentence
from migrator.report.evidence import Evidence, Row, evidence, figures, spelled_tensor
from migrator.report.markup import cell, code_span, folded, paragraph, table
from migrator.report.reading import Entry
from migrator.report.text import place, plural, shortened
from migrator.results import ModelCheck, OutputDelta, Parting, RunReport

__all__ = ["check_blocks", "evidence_blocks"]

#: Outputs and variables told in words, rewrites in one cell, characters of a piece of code.
_TOLD, _EDITS, _CODE = 6, 4, 160
#: Rows of one table of evidence: a block that does not fit a comment is left out whole.
_ROWS = 12
#: Matches that are shown with their numbers; lines of one list of more.
_FOLDED, _LISTED = 6, 50


def check_blocks(checks: Sequence[ModelCheck]) -> list[str]:
    """Return the checks, worst first: the verdict, what helps to repair it, then the numbers.

    Of a match all but the verdict is folded.  Where many match, each is a line of one list: a
    comment has better uses for its room.
    """
    ranked = reading.ranked_checks(checks)
    good = [check for check in ranked if check.match]
    if len(good) <= _FOLDED:
        return [_check(check) for check in ranked]
    blocks = [_check(check) for check in ranked if not check.match]
    for start in range(0, len(good), _LISTED):
        lines = []
        for check in good[start : start + _LISTED]:
            gist = measures.gist(check)
            words = f"- **MATCH** {code_span(reading.label(check))}"
            lines.append(f"{words}: {paragraph(gist)}" if gist else words)
        blocks.append("\n".join(lines))
    return blocks


def _check(check: ModelCheck) -> str:
    head = (
        f"**{str(check.verdict).upper()}** {code_span(reading.label(check))}: "
        f"{paragraph(reading.verdict_sentence(check))}"
    )
    rest = _details(check)
    return f"{head}\n\n{folded('numbers, inputs and cost', rest) if check.match else rest}"


def _details(check: ModelCheck) -> str:
    parts = []
    if check.parting is not None:
        parts.append(_parting(check.parting))
    differ, _ = reading.decisive_facts(check.contract)
    if differ:
        rows = [
            f"| {cell(d.name)} | {d.status} | {cell(d.before)} | {cell(d.after)} |" for d in differ
        ]
        head = "| signature contract | result | before | after |"
        parts.append(table(head, "|---|---|---|---|", rows))
    for what, deltas in (("output", check.deltas), ("variable", check.variables)):
        bad, good = reading.decisive_outputs(deltas)
        told = [_difference(group[0]) for group in measures.pictured(bad)[:_TOLD]]
        if told:
            parts.append("\n".join(told))
        if bad:
            parts.append(_numbers(what, bad))
        counts = measures.combined(deltas)
        if len(deltas) > 1 and bad and counts:
            parts.append(f"All {what}s: {_errors(counts)}")
        if good and check.match:
            parts.append(_numbers(what, good))
        elif good:
            words = f"{plural(len(good), f'{what} comparison')} that agree{'s' * (len(good) == 1)}"
            parts.append(folded(words, _numbers(what, good)))
    parts += [f"_{paragraph(text)}_" for text in _background(check)]
    return "\n\n".join(parts)


def _parting(parting: Parting) -> str:
    return (
        f"**First op at which they part: {code_span(parting.node)}** "
        f"({paragraph(parting.op)}); {paragraph(measures.parting_sentence(parting))}"
    )


def _difference(delta: OutputDelta) -> str:
    """Return an output that does not agree as an item of a list."""
    head = f"- {code_span(delta.name)} **{delta.status}**"
    if delta.regime:
        head += f" on {paragraph(delta.regime)} inputs"
    parts = [f"{head}: {paragraph(delta.note)}" if delta.note else head]
    where = "" if delta.worst_index is None else f" at {_index(delta.worst_index)}"
    if delta.worst_before or delta.worst_after:
        values = [code_span(text) or "–" for text in (delta.worst_before, delta.worst_after)]
        parts.append(f"worst{where}: {values[0]} became {values[1]}")
    elif where:
        parts.append(f"worst{where}")
    if delta.worst_inputs:
        given = [code_span(shortened(text, _CODE)) for text in delta.worst_inputs]
        parts.append(f"given {', '.join(given)}")
    needed = measures.need(delta)
    if needed:
        parts.append(f"needs {paragraph(needed)}")
    if delta.histogram:
        parts.append(_errors(delta.histogram))
    return "; ".join(parts)


def _errors(histogram: Sequence[int]) -> str:
    bars = code_span(measures.spark(histogram))
    return f"elements by the tolerance they need {bars} {paragraph(measures.counted(histogram))}"


def _background(check: ModelCheck) -> list[str]:
    before, after = measures.kinds(check)
    atol, rtol = check.tolerance
    facts = [f"{before} → {after}"] if before or after else []
    facts.append(f"tolerance {reading.figure(atol)} + {reading.figure(rtol)} × |before|")
    if check.inputs:
        facts.append(f"inputs (seed {check.seed}) {measures.inputs_sentence(check.inputs)}")
    lines = ["; ".join([*facts, *check.environments])]
    if check.cost is not None:
        lines.append(f"cost (decides nothing): {cost_sentence(check.cost)}")
    return lines


def _index(index: Iterable[int]) -> str:
    return f"\\[{', '.join(map(str, index))}\\]"


def _numbers(what: str, deltas: Sequence[OutputDelta]) -> str:
    head = (
        f"| {what} | inputs | result | errors | max abs | max rel | mean abs | needed | allowed "
        "| argmax | compared | worst |"
    )
    rows = []
    for d in deltas:
        worst = "–" if d.worst_index is None else _index(d.worst_index)
        if d.worst_before or d.worst_after:
            worst += f" {cell(d.worst_before) or '–'} → {cell(d.worst_after) or '–'}"
        cells = [
            cell(d.name) + (f" {paragraph(d.note)}" if d.note else ""),
            paragraph(d.regime),
            str(d.status),
            cell(measures.spark(d.histogram)),
            *map(reading.figure, (d.max_abs, d.max_rel, d.mean_abs, d.required)),
            paragraph(measures.allowance(d)) if d.compared else "–",
            reading.share(d.argmax),
            f"{d.compared:,}",
            worst,
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return table(head, "|---|---|---|---|" + "---:|" * 7 + "---|", rows)


# -- evidence -------------------------------------------------------------------------------


def evidence_blocks(run: RunReport, found: Iterable[Entry]) -> list[str]:
    """Return the rewrites that checks are evidence for as tables, worst verdict first."""
    blocks: list[str] = []
    rows: list[str] = []
    for proof in evidence(run, found):
        own = [
            f"| {_edits(proof) if i == 0 else ''} | {_model(row)} | {_figures(row)} |"
            for i, row in enumerate(proof.rows)
        ]
        if rows and len(rows) + len(own) > _ROWS:
            blocks.append(_evidence_table(rows))
            rows = []
        rows += own
    return [*blocks, _evidence_table(rows)] if rows else blocks


def _evidence_table(rows: list[str]) -> str:
    return table("| code change | model and signature | numbers |", "|---|---|---|", rows)


def _edits(proof: Evidence) -> str:
    parts = []
    if not proof.named and len(proof.entries) > 1:
        parts.append("The rewrites of the program that need a review:")
    for entry in proof.entries[:_EDITS]:
        finding = entry.finding
        parts.append(f"{cell(finding.code)} {cell(place(entry.path, finding.span))}")
        parts.append(f"− {cell(shortened(finding.before, _CODE)) or '–'}")
        parts.append(f"+ {cell(shortened(finding.after or '', _CODE)) or 'removed'}")
    if len(proof.entries) > _EDITS:
        parts.append(f"and {plural(len(proof.entries) - _EDITS, 'more rewrite')}")
    parts += [f"{cell(lost.code)} {cell(f'{lost.path}:{lost.line}')}" for lost in proof.lost]
    return "<br>".join(parts)


def _model(row: Row) -> str:
    parts = [f"**{str(row.check.verdict).upper()}** {cell(reading.label(row.check))}"]
    if row.signature is not None:
        parts.append(cell(row.signature.key))
        for word, tensors in (("in", row.signature.inputs), ("out", row.signature.outputs)):
            parts += [
                f"{word} {cell(tensor.name)} {paragraph(spelled_tensor(tensor))}"
                for tensor in tensors
            ]
    elif row.deltas:
        parts.append(plural(len(row.deltas), row.what))
    return "<br>".join(parts)


def _figures(row: Row) -> str:
    words = paragraph(figures(row))
    counts = measures.combined(row.deltas)
    parts = [f"{row.status} {cell(measures.spark(counts))}".strip()] if row.status else []
    parts += [words.replace("; ", "<br>") if row.deltas else words]
    parting = row.check.parting
    if parting and row.signature and parting.output.startswith(f"{row.signature.key}/"):
        parts.append(f"part at {cell(parting.node)}")
    return "<br>".join(parts)
