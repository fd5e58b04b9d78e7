"""SARIF 2.1.0, the format that code-scanning services and editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import inspect
import json
from collections import Counter
from typing import Any
from urllib.parse import quote

from migrator.report.measures import explanation
from migrator.report.reading import (
    Entry,
    Group,
    entries,
    label,
    ranked_checks,
    reason,
    site,
    verdict_sentence,
)
from migrator.report.text import cell_of, plural, visible
from migrator.results import RuleInfo, RunReport, Safety

__all__ = ["LIMIT", "render"]

#: Results shown; GitHub code scanning keeps the first 5,000 of a run.
LIMIT = 5000

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVEL = {
    Group.PERSON: "warning",
    Group.REVIEW: "note",
    Group.KEPT: "none",
    Group.SAFE: "note",
    Group.SUPPRESSED: "note",
}
_RULE_LEVEL = {Safety.MANUAL: "warning", Safety.REVIEW: "note", Safety.SAFE: "note"}


def render(run: RunReport) -> str:
    """Return an arranged run as one SARIF log with one run, most severe results first.

    Files that could not be processed and model checks that do not match have no finding to
    stand in, so they are notifications of the invocation; so is the count of what was cut.
    """
    found = sorted(entries(run), key=lambda entry: entry.group)  # stable: path, line, column, code
    shown, cut = found[:LIMIT], found[LIMIT:]
    rules = list(run.rules)
    known = {rule.code for rule in rules}
    unknown = sorted({entry.finding.code for entry in shown} - known)
    rules += [RuleInfo(code, code.lower(), Safety.REVIEW, code) for code in unknown]
    index = {rule.code: i for i, rule in enumerate(rules)}
    driver: dict[str, Any] = {"name": "migrator", "rules": [_rule(rule) for rule in rules]}
    if run.version:
        driver["version"] = visible(run.version)
    notices = _notifications(run, cut)
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if notices:
        invocation["toolExecutionNotifications"] = notices
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "invocations": [invocation],
                "results": [_result(entry, index) for entry in shown],
                "properties": {"resultsTotal": len(found), "resultsCut": len(cut)},
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _rule(rule: RuleInfo) -> dict[str, Any]:
    why = reason(rule) or rule.summary or rule.name
    described: dict[str, Any] = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": visible(rule.summary or rule.name)},
        "fullDescription": {"text": visible(why)},
        "defaultConfiguration": {"level": _RULE_LEVEL[rule.safety]},
        "properties": {"safety": rule.safety.value, "tags": ["tensorflow", "migration"]},
    }
    if rule.docs:
        docs = visible(inspect.cleandoc(rule.docs))
        described["help"] = {"text": docs, "markdown": docs}
    return described


def _result(entry: Entry, index: dict[str, int]) -> dict[str, Any]:
    finding = entry.finding
    words = {
        "outcome": finding.outcome.value,
        "safety": entry.safety.value,
        "tier": None if finding.tier is None else finding.tier.value,
        "api": finding.api,
        "family": finding.family,
        "recipe": finding.recipe,
        "covered": ", ".join(f"{label(check)}: {check.verdict}" for check in entry.checks) or None,
    }
    message = finding.message
    if finding.recipe:
        message = f"{message}\n\n{finding.recipe}"
    for check in entry.proof:
        message += f"\n\nModel check {label(check)}: {check.verdict}. {verdict_sentence(check)}"
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "kind": "informational" if entry.group is Group.KEPT else "fail",
        "level": _LEVEL[entry.group],
        "message": {"text": visible(message)},
        "locations": [_location(entry)],
        "partialFingerprints": {"migratorFinding/v1": entry.key},
        "properties": {name: visible(word) for name, word in words.items() if word is not None},
    }
    if entry.group is Group.SUPPRESSED:
        result["suppressions"] = [{"kind": "inSource"}]
    return result


def _location(entry: Entry) -> dict[str, Any]:
    span = entry.finding.span
    physical: dict[str, Any] = {"artifactLocation": _artifact(entry.path)}
    location: dict[str, Any] = {"physicalLocation": physical}
    if span.cell is None:
        physical["region"] = {
            "startLine": span.line,
            "startColumn": span.column + 1,
            "endLine": span.end_line,
            "endColumn": span.end_column + 1,
        }
        if entry.finding.before:
            physical["region"]["snippet"] = {"text": visible(entry.finding.before)}
    else:
        # lines count within the cell: as lines of the .ipynb file they would point elsewhere
        location["logicalLocations"] = [{"name": cell_of(span), "kind": "module"}]
        location["message"] = {"text": f"{cell_of(span)}, line {span.line}"}
    return location


def _artifact(path: str) -> dict[str, str]:
    return {"uri": quote(path, errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}


def _notifications(run: RunReport, cut: list[Entry]) -> list[dict[str, Any]]:
    notices: list[dict[str, Any]] = []
    for check in ranked_checks(run.checks):
        if check.match:
            continue
        head = f"Model check {label(check)}: {check.verdict}. {verdict_sentence(check)}"
        text = "\n".join([head, *explanation(check)])
        notice: dict[str, Any] = {"level": "error", "message": {"text": visible(text)}}
        place = site(check)
        if place is not None:
            region = {"startLine": place.line}
            physical = {"artifactLocation": _artifact(place.path), "region": region}
            notice["locations"] = [{"physicalLocation": physical}]
        notices.append(notice)
    notices += [
        {
            "level": "error",
            "message": {"text": visible(f"Not processed: {file.error}")},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(file.path)}}],
        }
        for file in run.files
        if file.error is not None
    ]
    if cut:
        counts = Counter(entry.finding.outcome.value for entry in cut)
        what = ", ".join(f"{counts[word]:,} {word}" for word in sorted(counts))
        text = (
            f"{plural(len(cut), 'result')} beyond the first {LIMIT:,} left out, the least severe: "
            f"{what}. The JSON and HTML reports hold all of them."
        )
        notices.append({"level": "warning", "message": {"text": text}})
    return notices
