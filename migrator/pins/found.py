"""The values of this package: a place in a file, what is said of it, what it becomes."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass

from migrator.results import FileResult, Finding, Outcome, Safety, Span, Tier

__all__ = ["CONTRADICTS", "PIN", "Answer", "PinFile", "answered"]

PIN, CONTRADICTS = "TFM834", "TFM835"

_NEWLINE = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one place; ``edits`` are (start, end, new text), none when it stays."""

    start: int
    end: int
    code: str
    message: str
    outcome: Outcome
    recipe: str | None = None
    edits: tuple[tuple[int, int, str], ...] = ()
    api: str | None = None  #: the package, or the tool that is called


@dataclass(frozen=True, slots=True)
class PinFile:
    """One file with its findings and, where something changes, its new text."""

    path: str  #: posix, relative to the root
    findings: tuple[Finding, ...]
    text: str | None = None

    def result(self, shown: str, diff: str) -> FileResult:
        """Return what reports show of it."""
        return FileResult(shown, self.findings, diff)


def answered(path: str, text: str, answers: list[Answer]) -> PinFile | None:
    """Return the file that ``answers`` make of ``text``; None without any."""
    if not answers:
        return None
    starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]

    def place(offset: int) -> tuple[int, int]:
        line = bisect.bisect_right(starts, offset)
        return line, offset - starts[line - 1]

    findings = []
    edits: list[tuple[int, int, str]] = []
    seen: set[tuple[Span, str]] = set()
    for answer in sorted(answers, key=lambda answer: (answer.start, answer.code)):
        span = Span(*place(answer.start), *place(answer.end))
        if (span, answer.code) in seen:
            continue
        seen.add((span, answer.code))
        before = text[answer.start : answer.end]
        after = None
        if answer.edits:
            inside = [edit for edit in answer.edits if edit[1] <= answer.end and edit[0] < edit[1]]
            added = [edit[2].strip(" ,\t\r\n") for edit in answer.edits if edit not in inside]
            after = before
            for start, end, new in sorted(inside, reverse=True):
                after = after[: start - answer.start] + new + after[end - answer.start :]
            after = "\n".join([after, *added])
            edits += answer.edits
        rewritten = answer.outcome is Outcome.REWRITTEN
        findings.append(
            Finding(
                span=span,
                code=answer.code,
                message=answer.message,
                outcome=answer.outcome,
                tier=Tier.SESSION if rewritten else None,
                before=before,
                after=after.strip() if after is not None else None,
                recipe=answer.recipe,
                api=answer.api,
                family="pins" if answer.code in (PIN, CONTRADICTS) else "scripts",
                safety=Safety.REVIEW if rewritten else Safety.MANUAL,
            )
        )
    new = text
    for start, end, piece in sorted(edits, reverse=True):
        new = new[:start] + piece + new[end:]
    return PinFile(path, tuple(findings), new if new != text else None)
