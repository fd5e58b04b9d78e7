"""What a reviewer reads, in which order: the view of a run that all formats share."""

from __future__ import annotations

import enum
import hashlib
import inspect
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migrator.report.text import plural
from migrator.results import (
    CheckStatus,
    ContractDelta,
    DeltaStatus,
    FileResult,
    Finding,
    ModelCheck,
    Outcome,
    OutputDelta,
    Place,
    Program,
    RuleInfo,
    RunReport,
    Safety,
    Verdict,
)

__all__ = [
    "Entry",
    "Group",
    "by_file",
    "checks_of",
    "decisive_facts",
    "decisive_outputs",
    "entries",
    "figure",
    "label",
    "named",
    "not_lifted",
    "ranked_checks",
    "reason",
    "section_of_file",
    "share",
    "site",
    "tally",
    "verdict_counts",
    "verdict_sentence",
]


class Group(enum.IntEnum):
    """Sections of a report, in reading order: most pressing first."""

    PERSON = 0  #: MANUAL and BLOCKED: somebody has to act
    REVIEW = 1  #: rewritten, and the artefact's format changes
    KEPT = 2  #: stays as it is because it is right
    SAFE = 3  #: rewritten, same meaning and same files on disk
    SUPPRESSED = 4  #: a comment in the code keeps the line


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding with everything that a reader needs beside it."""

    file: FileResult
    finding: Finding
    group: Group
    safety: Safety
    key: str  #: stable for the same code in the same file, wherever its line moves
    rule: RuleInfo | None
    checks: tuple[ModelCheck, ...]  #: the model checks that cover the file
    proof: tuple[ModelCheck, ...]  #: those of them that name this very rewrite

    @property
    def path(self) -> str:
        """Path of the file, posix, relative to the root."""
        return self.file.path


def entries(run: RunReport) -> list[Entry]:
    """Return all findings of an arranged run, in the order of files and lines."""
    rules = {rule.code: rule for rule in run.rules}
    found = []
    for file in run.files:
        seen: Counter[tuple[str, str]] = Counter()
        checks = checks_of(run, file)
        for finding in file.findings:
            twin = (finding.code, finding.before)
            parts = (file.path, *twin, str(seen[twin]))
            seen[twin] += 1
            key = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
            safety = _safety(finding, rules)
            group = _group(finding, safety)
            rule = rules.get(finding.code)
            proof = tuple(check for check in checks if named(check, file, finding))
            found.append(Entry(file, finding, group, safety, key, rule, checks, proof))
    return found


def _safety(finding: Finding, rules: Mapping[str, RuleInfo]) -> Safety:
    if finding.safety is not None:
        return finding.safety
    if finding.code in rules:
        return rules[finding.code].safety
    return Safety.REVIEW


def _group(finding: Finding, safety: Safety) -> Group:
    if finding.outcome is Outcome.REWRITTEN:
        # what nobody vouched for is read, not folded
        return Group.SAFE if safety is Safety.SAFE else Group.REVIEW
    return {
        Outcome.MANUAL: Group.PERSON,
        Outcome.BLOCKED: Group.PERSON,
        Outcome.KEPT: Group.KEPT,
        Outcome.SUPPRESSED: Group.SUPPRESSED,
    }[finding.outcome]


#: The code that says what became of a session, or why it stays.
_LIFT = "TFM510"


def not_lifted(found: Iterable[Entry], program: Program) -> list[Entry]:
    """Return the entries that say why ``program`` keeps its session, the first reason first."""
    own = [
        entry
        for entry in found
        if entry.finding.code == _LIFT
        and entry.finding.outcome is Outcome.KEPT
        and entry.path in program.files
    ]
    # one file's own reason, then the files that stay because of it
    return sorted(own, key=lambda entry: "is not lifted" in entry.finding.message)


def by_file(run: RunReport, found: Iterable[Entry]) -> list[tuple[FileResult, list[Entry]]]:
    """Return each file of ``run`` with its entries, in the order of the run."""
    own: dict[int, list[Entry]] = {}
    for entry in found:
        own.setdefault(id(entry.file), []).append(entry)
    return [(file, own.get(id(file), [])) for file in run.files]


def section_of_file(file: FileResult, found: Iterable[Entry]) -> Group:
    """Return the section that shows the diff of ``file``; ``found`` are its entries.

    Only a diff that SAFE rewrites account for is folded away.  A created file, or a change
    that comes with a rewrite elsewhere in the program, is there to be read.
    """
    rewritten = {entry.group for entry in found if entry.finding.outcome is Outcome.REWRITTEN}
    return Group.SAFE if rewritten == {Group.SAFE} and not file.created else Group.REVIEW


def checks_of(run: RunReport, file: FileResult) -> tuple[ModelCheck, ...]:
    """Return the model checks that are evidence for the rewrites of ``file``.

    Only those that name the file, or a rewrite in it, count: to claim a check that does not
    cover the code would be worse than to claim none.
    """
    return tuple(
        check
        for check in run.checks
        if file.path in check.covers or any(file.path == place.path for place in check.rewrites)
    )


def named(check: ModelCheck, file: FileResult, finding: Finding) -> bool:
    """Return whether ``check`` names ``finding`` among the rewrites that it is evidence for."""
    return any(
        (place.path, place.line, place.code) == (file.path, finding.span.line, finding.code)
        for place in check.rewrites
    )


def site(check: ModelCheck) -> Place | None:
    """Return the first rewrite that ``check`` names whose line is a line of its file."""
    # lines of a notebook's cell are none of the .ipynb file
    return next((p for p in check.rewrites if not p.path.endswith(".ipynb")), None)


def reason(rule: RuleInfo | None) -> str:
    """Return the ``Why`` section of the rule's documentation (Markdown), else its summary."""
    if rule is None:
        return ""
    match = re.search(
        r"^#+[ \t]*Why\b[^\n]*\n(.*?)(?=^#+[ \t]|\Z)", inspect.cleandoc(rule.docs), re.M | re.S
    )
    return (match.group(1).strip() if match else "") or rule.summary


def label(check: ModelCheck) -> str:
    """Return the name of a check, or its two paths where it has none."""
    return check.name or f"{check.before} → {check.after}"


_OUTPUT_RANK = {
    DeltaStatus.MISSING: 0,
    DeltaStatus.EXTRA: 0,
    DeltaStatus.DTYPE: 1,
    DeltaStatus.SHAPE: 1,
    DeltaStatus.DIFFERS: 2,
    DeltaStatus.UNSTABLE: 3,
    DeltaStatus.CLOSE: 4,
    DeltaStatus.EQUAL: 4,
}
_FACT_RANK = {
    CheckStatus.MISSING: 0,
    CheckStatus.EXTRA: 0,
    CheckStatus.CHANGED: 1,
    CheckStatus.NOTE: 2,
    CheckStatus.SAME: 3,
}


def decisive_outputs(deltas: Iterable[OutputDelta]) -> tuple[list[OutputDelta], list[OutputDelta]]:
    """Return (those that do not agree, worst first; those that agree)."""
    ranked = sorted(deltas, key=lambda delta: _OUTPUT_RANK[delta.status])
    bad = [delta for delta in ranked if _OUTPUT_RANK[delta.status] < 4]
    return bad, ranked[len(bad) :]


def decisive_facts(
    contract: Iterable[ContractDelta],
) -> tuple[list[ContractDelta], list[ContractDelta]]:
    """Return (facts that differ, worst first; facts that are the same)."""
    ranked = sorted(contract, key=lambda delta: _FACT_RANK[delta.status])
    differ = [delta for delta in ranked if delta.status is not CheckStatus.SAME]
    return differ, ranked[len(differ) :]


def ranked_checks(checks: Iterable[ModelCheck]) -> list[ModelCheck]:
    """Return ``checks`` with mismatches first, then errors, then matches; else in their order."""
    rank = {Verdict.MISMATCH: 0, Verdict.ERROR: 1, Verdict.MATCH: 2}
    return sorted(checks, key=lambda check: rank[check.verdict])


def verdict_sentence(check: ModelCheck) -> str:
    """Return what the verdict rests on, with its numbers."""
    if check.verdict is Verdict.ERROR:
        return check.error or "The check could not be completed."
    _, good = decisive_outputs(check.deltas)
    parts = []
    if check.deltas:
        names = len({delta.name for delta in check.deltas})
        compared = sum(delta.compared for delta in check.deltas)
        parts.append(
            f"{len(good):,} of {len(check.deltas):,} comparisons agree "
            f"({plural(names, 'output')}, {plural(compared, 'element')})"
        )
        numbers = [delta.max_abs for delta in check.deltas if delta.max_abs is not None]
        if numbers:
            # max() of a list that holds NaN depends on the order
            worst = math.nan if any(map(math.isnan, numbers)) else max(numbers)
            parts.append(f"largest absolute difference {figure(worst)}")
    if check.variables:
        _, same = decisive_outputs(check.variables)
        parts.append(f"{len(same):,} of {len(check.variables):,} variables agree")
    changed = [d for d in check.contract if d.status not in (CheckStatus.SAME, CheckStatus.NOTE)]
    if check.contract:
        what = plural(len(changed), "difference") if changed else "no difference"
        parts.append(f"{what} in the signature contract")
    sentence = "; ".join(parts) + "." if parts else "Nothing was compared."
    return sentence if check.error is None else f"{sentence} {check.error}"


def verdict_counts(checks: Iterable[ModelCheck]) -> str:
    """Return ``1 mismatch, 1 error, 1 match``, worst first, leaving zeros out."""
    counts = Counter(check.verdict for check in checks)
    words = [
        plural(counts[Verdict.MISMATCH], "mismatch", "mismatches"),
        plural(counts[Verdict.ERROR], "error"),
        plural(counts[Verdict.MATCH], "match", "matches"),
    ]
    return ", ".join(word for word in words if not word.startswith("0 "))


def figure(number: float | None) -> str:
    """Return a difference with three significant digits; an en dash where there is none."""
    if number is None:
        return "–"
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    return "0" if number == 0 else f"{number:.3g}"


def share(number: float | None) -> str:
    """Return a share of 0..1 as a percentage that says 100 % only when it is."""
    if number is None:
        return "–"
    if math.isnan(number):
        return "NaN"
    # rounding must not turn 99.96 % into full agreement
    return f"{math.floor(number * 1000) / 10:g} %"


def tally(found: Iterable[Entry]) -> list[tuple[str, dict[str, int]]]:
    """Return (family, counts) rows sorted by family; ``other`` holds findings without one.

    The columns are ``review``, ``safe``, ``kept``, ``manual``, ``blocked``, ``suppressed``.
    """
    rows: dict[str, Counter[str]] = {}
    for entry in found:
        family = entry.finding.family or "other"
        word = (
            entry.group.name.lower()
            if entry.finding.outcome is Outcome.REWRITTEN
            else entry.finding.outcome.value
        )
        rows.setdefault(family, Counter())[word] += 1
    words = ("manual", "blocked", "review", "kept", "safe", "suppressed")
    return [(family, {word: rows[family][word] for word in words}) for family in sorted(rows)]
