"""Findings about notebooks: places brought to their cells, and what only notebooks have."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from migrator.engine.codes import CELL, COMMAND, KERNEL
from migrator.notebooks.python import Foreign
from migrator.notebooks.source import Notebook, Part
from migrator.results import Finding, Outcome, Safety, Span
from migrator.sources import may_hold_saving_code

__all__ = ["in_cells", "of_notebook", "with_places"]

_LINE = r"|\bline (?P<line>\d+)\b"
_OTHER = r"|[^\s`]+\.py\b"
_TIMED = re.compile(r"if 1: (.*?)  # ⟦migrator:\d+\.\d+⟧")
_PLACED = re.compile(r"(?:pass  # |get_ipython\(\)  # |# )⟦migrator:(\d+)\.(\d+)⟧")

#: A command that installs TensorFlow 1, or asks a hosted notebook for it.
_PINS = re.compile(
    r"(?:pip3?|conda|uv)\b[^\n]*\binstall\b[^\n]*\btensorflow(?:[-_]gpu|[-_]serving\S*)?"
    r"\s*(?:==|~=|<=|<)\s*[\"']?(?:0|1|2\.0)\b"
)
_COLAB = re.compile(r"%tensorflow_version\s+1")
_TOOLS = re.compile(
    r"\b(?:freeze_graph|saved_model_cli|inspect_checkpoint|optimize_for_inference|toco"
    r"|tflite_convert|tensorflow_model_server|model_analyzer)\b"
)

#: Returns the notebook at a relative path, None where it cannot be read.
Known = Callable[[str], "Notebook | None"]


def in_cells(findings: Iterable[Finding], notebook: Notebook) -> Iterator[Finding]:
    """Yield findings about the joined text with their places in the cells."""
    for finding in findings:
        span = finding.span
        part, line = notebook.locate(span.line)
        last, end_line = notebook.locate(span.end_line)
        end_column = span.end_column
        if last.cell.number != part.cell.number:  # the whole file: nothing narrower is meant
            end_line, end_column = line, span.column
        yield replace(
            finding,
            span=Span(line, span.column, end_line, end_column, part.cell.number),
            before=_restored(finding.before, notebook),
            after=None if finding.after is None else _restored(finding.after, notebook),
        )


def _restored(text: str, notebook: Notebook) -> str:
    """Return code as the user wrote it, magics included."""
    if "⟦migrator:" not in text:
        return text
    lines = {part.cell.number: part.cell.text.split("\n") for part in notebook.book.parts}

    def original(match: re.Match[str]) -> str:
        row = lines[int(match[1])][int(match[2]) - 1].strip()
        if match[0].startswith("get_ipython()"):
            return row.partition("=")[2].strip()
        return row

    return _PLACED.sub(original, _TIMED.sub(r"%time \1", text))


def with_places(
    findings: Iterable[Finding], own: Notebook | None, names: Collection[str], known: Known
) -> list[Finding]:
    """Return findings whose sentences name cells where they named lines of joined texts.

    Args:
        findings: of one file.
        own: that file, if it is a notebook.
        names: the relative paths of all notebooks.
        known: reads one of them.
    """
    return [
        replace(
            finding,
            message=_placed(finding.message, own, names, known),
            recipe=None if finding.recipe is None else _placed(finding.recipe, own, names, known),
        )
        for finding in findings
    ]


def _placed(sentence: str, own: Notebook | None, names: Collection[str], known: Known) -> str:
    named = sorted((name for name in names if name in sentence), key=len, reverse=True)
    if own is None and not named:
        return sentence
    current = own
    paths = "|".join(map(re.escape, named)) or r"(?!)"
    mentioned = re.compile(rf"(?P<path>{paths})(?::(?P<at>\d+))?{_OTHER}{_LINE}")

    def place(match: re.Match[str]) -> str:
        nonlocal current
        if match["path"]:
            current = known(match["path"])
            if current is None or match["at"] is None:
                return match[0]
            part, line = current.locate(int(match["at"]))
            return f"{match['path']}:cell {part.cell.number + 1}:{line}"
        if match["line"] is None:
            current = None  # the lines that follow are those of a file
        if current is None:
            return match[0]
        part, line = current.locate(int(match["line"]))
        return f"line {line} of cell {part.cell.number + 1}"

    return mentioned.sub(place, sentence)


def of_notebook(notebook: Notebook, concerned: bool) -> Iterator[Finding]:
    """Yield what only notebooks have: cells that do not parse, commands, an old kernel.

    Args:
        notebook: the notebook.
        concerned: whether its Python code has findings, so that it is, or was to be, migrated.
    """
    book = notebook.book
    for broken in book.broken:
        if broken.matters or concerned:
            kept = "nothing in this notebook was changed" if broken.matters else "the cell stays"
            yield _finding(
                broken.cell.number,
                broken.line,
                broken.cell.text,
                CELL,
                f"Not parsed, line {broken.line} of the cell: {broken.reason}; {kept}.",
                "Make the cell valid Python 3 first"
                + (" (`2to3` or `futurize` do most of it)" if "Python 2" in broken.reason else "")
                + ", or remove it, then run the migration again.",
            )
    if not (concerned or any(_saves(part.cell.text) for part in book.others)):
        return
    for part in (*book.parts, *book.others):
        rows = part.prepared.code.split("\n")
        for foreign in part.prepared.foreign:
            timed = rows[foreign.line - 1].lstrip().startswith("if 1: ")
            if not timed:  # what is timed is looked at as code
                yield from _command(part, foreign)
    if book.document.version is not None and book.document.version.partition(".")[0] == "2":
        first = book.document.cells[0]
        yield _finding(
            first.number,
            1,
            first.text,
            KERNEL,
            f"The notebook's kernel is Python {book.document.version}, for which there is no"
            " TensorFlow 2.21; its metadata stay as they are.",
            "Choose a kernel of Python 3 (Kernel > Change kernel) and save the notebook.",
        )


def _command(part: Part, foreign: Foreign) -> Iterator[Finding]:
    first = foreign.text.strip().split("\n")[0]
    told: tuple[str, str] | None = None
    if _COLAB.search(foreign.text):
        told = (
            f"`{first}` asks for TensorFlow 1, which hosted notebooks no longer have.",
            "Remove this line.",
        )
    elif _PINS.search(foreign.text):
        told = (
            "The command installs TensorFlow 1, which the migrated code does not run on.",
            "Install `tensorflow>=2.16` and what the report lists as requirements of this program.",
        )
    elif foreign.whole and _saves(foreign.text):
        told = (
            f"Below `{first}`, code that may save or load models is handed to another program;"
            " it stays as it is.",
            "Put that code into a file of its own and migrate it with the rest.",
        )
    elif not foreign.whole and (
        _TOOLS.search(foreign.text)
        or (foreign.text.lstrip().startswith("%") and _saves(foreign.text))
    ):
        told = (
            f"`{first}` works on saved models or checkpoints; magic and shell lines stay as they"
            " are.",
            "See whether it still fits what the migrated notebook writes.",
        )
    if told is not None:
        yield _finding(part.cell.number, foreign.line, part.cell.text, COMMAND, *told)


def _saves(text: str) -> bool:
    """Whether what another program runs, or a magic, may save or load models of TensorFlow."""
    return (
        re.search(r"\btensorflow\b|\btf\.", text) is not None
        and may_hold_saving_code(text.encode("utf-8", "surrogatepass"))
    ) or _TOOLS.search(text) is not None


def _finding(cell: int, line: int, text: str, code: str, message: str, recipe: str) -> Finding:
    row = text.split("\n")[line - 1] if line <= text.count("\n") + 1 else ""
    return Finding(
        span=Span(line, 0, line, len(row), cell),
        code=code,
        message=message,
        outcome=Outcome.MANUAL,
        before=row.strip(),
        recipe=recipe,
        safety=Safety.MANUAL,
    )
