"""GitHub Actions annotations: workflow commands that the runner shows beside the code.

https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from migrator.report.measures import explanation
from migrator.report.reading import Group, entries, label, ranked_checks, site, verdict_sentence
from migrator.report.text import cell_of, visible
from migrator.results import ModelCheck, RunReport

__all__ = ["render"]


def render(run: RunReport) -> str:
    """Return one workflow command per line for an arranged run, most severe first.

    The runner shows ten of a level per step, so what needs nobody (KEPT, SAFE rewrites,
    suppressed lines, matching models) is left out.
    """
    errors = [_check(check) for check in ranked_checks(run.checks) if not check.match]
    errors += [
        _command("error", {"file": file.path, "title": "Not processed"}, file.error)
        for file in run.files
        if file.error is not None
    ]
    found = entries(run)
    for group, level in ((Group.PERSON, "warning"), (Group.REVIEW, "notice")):
        for entry in found:
            if entry.group is not group:
                continue
            span, finding = entry.finding.span, entry.finding
            where = {"file": entry.path}
            message = finding.message
            if span.cell is None:
                where |= {"line": str(span.line), "endLine": str(span.end_line)}
                if span.line == span.end_line:  # columns are refused across lines
                    where |= {"col": str(span.column + 1), "endColumn": str(span.end_column + 1)}
            else:
                message = f"{cell_of(span)}, line {span.line}: {message}"
            name = f" {entry.rule.name}" if entry.rule else ""
            where["title"] = f"{finding.code}{name} ({finding.outcome})"
            if finding.recipe:
                message = f"{message}\n{finding.recipe}"
            errors.append(_command(level, where, message))
    return "".join(line + "\n" for line in errors)


def _check(check: ModelCheck) -> str:
    """Return a check that does not match, at the code that exported the model where it is known."""
    place = site(check)
    where = {} if place is None else {"file": place.path, "line": str(place.line)}
    lines = [f"{label(check)}: {verdict_sentence(check)}", *explanation(check)]
    return _command("error", {**where, "title": f"Model check: {check.verdict}"}, "\n".join(lines))


def _command(level: str, properties: dict[str, str], message: str) -> str:
    stated = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {stated}::{_data(message)}"


def _data(text: str) -> str:
    # visible() would turn a carriage return into a picture; in a message it ends a line
    text = visible(text.replace("\r\n", "\n"))
    return text.replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
