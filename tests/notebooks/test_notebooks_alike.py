"""A program migrates the same as a file and cut into cells."""

from __future__ import annotations

import ast
import itertools
import json
import random
from pathlib import Path

import pytest
from books import as_json

from migrator.migration import Migration, Options, migrate

ROOT = Path(__file__).resolve().parent.parent.parent
COMMANDS = "%matplotlib inline\n!ls"
PROGRAMS = [
    path
    for path in sorted((ROOT / "fixtures" / "legacy").glob("*/*.py"))
    if path.read_bytes().isascii() and b"\r" not in path.read_bytes()  # notebooks are UTF-8
][::2]


def cut(text: str, draw: random.Random) -> list[str]:
    """Return ``text`` in cells, cut between top-level statements, runs of imports whole."""
    rows = text.split("\n")
    body = ast.parse(text).body
    cells = []
    at = 0
    for one, other in itertools.pairwise(body):
        imports = all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in (one, other))
        end = one.end_lineno or 0
        if not imports and other.lineno > end and draw.random() < 0.6:
            cells.append("\n".join(rows[at:end]))
            at = end
    return [*cells, "\n".join(rows[at:])]


def told(found: Migration) -> list[tuple[str, str, str]]:
    """Return what the findings say, whatever their places."""
    return sorted(
        (f.code, str(f.outcome), f.api or "") for file in found.report.files for f in file.findings
    )


def lines(text: str) -> list[str]:
    """Return the lines that hold something."""
    return [row for row in text.split("\n") if row.strip()]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_cells_change_as_the_file_does(path: Path, tmp_path: Path) -> None:
    """The same lines and the same findings; commands between the cells stay."""
    text = path.read_text(encoding="utf-8")
    draw = random.Random(path.name)
    cells = [part for cell in cut(text, draw) for part in (cell, COMMANDS)]
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "m.py").write_text(text, encoding="utf-8")
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "m.ipynb").write_text(as_json(*cells), encoding="utf-8")
    file, book = (migrate([tmp_path / name], Options(tier="session")) for name in ("file", "book"))
    assert told(file) == told(book)
    after = {source.relative: source.encode(new) for source, new in (*file.changes, *book.changes)}
    sources = [
        "".join(c["source"]) for c in json.loads(after.get("m.ipynb", as_json(*cells)))["cells"]
    ]
    assert sources[1::2] == [COMMANDS] * (len(cells) // 2)
    expected = after.get("m.py", text.encode()).decode()
    assert lines("\n".join(sources[0::2])) == lines(expected)
