"""A notebook is one module of its cells, and goes back into them."""

from __future__ import annotations

import ast
import pickle
import time

import pytest
from books import as_json, code, markdown

from migrator import files, writing
from migrator.notebooks.source import Notebook
from migrator.sources import SourceError


def notebook(*cells: object, **shape: object) -> Notebook:
    """Return a notebook as a run reads it."""
    text = as_json(*cells, **shape)  # type: ignore[arg-type]
    found = files.decoded("/r/a.ipynb", "/r", text.encode())
    assert isinstance(found, Notebook)
    return found


BOOK = (
    markdown("# Title"),
    "import tensorflow as tf\n%matplotlib inline",
    "%%bash\nls",
    "",
    "x = 1\ny = 2",
    code("z = '''\na\n'''\n"),
)


def test_cells_are_one_module() -> None:
    """In their order, each below a line of its own; what is no Python is not in it."""
    book = notebook(*BOOK)
    names = [ast.unparse(node) for node in ast.parse(book.text).body]
    assert names[:2] == ["import tensorflow as tf", "pass"]
    assert names[-3:] == ["y = 2", "'⟦migrator:cell 4⟧'", "z = '\\na\\n'"]
    assert book.relative == "a.ipynb" and book.encode(book.text) == book.raw
    assert pickle.loads(pickle.dumps(book)) == book


def test_every_line_knows_its_cell() -> None:
    """Lines are counted in the cell, from 1."""
    book = notebook(*BOOK)
    found = {}
    for number, row in enumerate(book.text.split("\n"), 1):
        part, line = book.locate(number)
        found[row] = (part.cell.number, line)
    assert found["import tensorflow as tf"] == (0, 1)
    assert found["x = 1"] == (3, 1)
    assert found["y = 2"] == (3, 2)
    assert found["a"] == (4, 2)


def test_a_changed_text_changes_its_cells() -> None:
    """What is added stands in the cell it was added to; blank lines at its edges are dropped."""
    book = notebook(*BOOK)
    head = "'⟦migrator:cell 3⟧'\n"
    text = book.text.replace(head, "\n" + head).replace("y = 2\n", "y = 3\nnew()\n\n")
    text = text.replace("import tensorflow as tf\n", "import os\nimport tensorflow as tf\n")
    assert [new for _, new in book.cells_of(text)] == [
        "import os\nimport tensorflow as tf\n%matplotlib inline",
        "x = 1\ny = 3\nnew()",
        "z = '''\na\n'''\n",
    ]
    expected = as_json(BOOK[0], "import os\n" + BOOK[1], *BOOK[2:4], "x = 1\ny = 3\nnew()", BOOK[5])
    assert book.encode(text).decode() == expected
    diff = writing.diff(book, text)
    assert "@@ -1,2 +1,3 @@ cell 1\n+import os\n import tensorflow as tf\n" in diff
    assert "@@ -1,2 +1,3 @@ cell 4\n x = 1\n-y = 2\n+y = 3\n+new()\n" in diff
    assert "No newline" not in diff


def test_what_does_not_fit_into_the_cells_is_refused() -> None:
    """Cells lost, doubled or exchanged, commands gone."""
    book = notebook(*BOOK)
    head = "'⟦migrator:cell 3⟧'\n"
    for text in (
        book.text.replace(head, ""),
        book.text + head,
        book.text.replace("pass  # ", "# "),
        book.text.replace("x = 1", "x = 1  # ⟦migrator:0.2⟧"),
        book.text.replace("x = 1", "x = '⟦migrator:cell 3⟧'"),
        book.text.replace("x = 1", "x = '\\udc80'").encode().decode("unicode_escape"),
    ):
        with pytest.raises(SourceError):
            book.encode(text)


@pytest.mark.parametrize(
    ("cell", "line", "matters"),
    [
        ("x = 1\nprint x", 2, False),
        ("print tf.VERSION", 1, True),
        ("saver.save(sess, path\n", 1, True),
        ("for i in x:", 1, False),
        ("    x = 1", 1, False),
        ("x = '⟦migrator:cell 1⟧'", 1, True),
        ("x = '\ud800'", 1, False),
        ("x = '\0'", 1, False),
    ],
)
def test_cells_that_do_not_parse_are_set_apart(cell: str, line: int, matters: bool) -> None:
    """The others are read; one that may hold what is migrated holds the notebook."""
    book = notebook("x = 1", cell, "y = 2", ascii_only=True)
    (broken,) = book.book.broken
    assert (broken.cell.number, broken.line, broken.matters) == (1, line, matters)
    assert (book.held is not None) == matters
    assert [part.cell.number for part in book.book.parts] == [0, 2]
    if "migrator" not in cell:
        changed = book.encode(book.text.replace("y = 2", "y = 3")).decode()
        assert changed == book.raw.decode().replace("y = 2", "y = 3")


def test_other_languages_are_passed_over() -> None:
    """A notebook of R or Julia holds no module; a cell of another language neither."""
    assert notebook("library(tensorflow)", language="R").text == ""
    book = notebook("x = 1", code("use strict;", language="perl"))
    assert [part.cell.number for part in book.book.parts] == [0] and not book.book.broken


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe{", b"[1]", b'{"a": "\xe9"}'])
def test_what_is_no_notebook_has_one_sentence(raw: bytes) -> None:
    """Not UTF-8, not JSON, not an object."""
    with pytest.raises(SourceError) as caught:
        files.decoded("/r/a.ipynb", "/r", raw)
    assert "\n" not in caught.value.reason


def test_a_byte_order_mark_stays() -> None:
    """Windows editors put one; the file keeps it."""
    raw = b"\xef\xbb\xbf" + as_json("x = 1").encode()
    book = files.decoded("/r/a.ipynb", "/r", raw)
    assert book.encode(book.text) == raw
    assert book.encode(book.text.replace("1", "2")) == raw.replace(b"x = 1", b"x = 2")


def test_pictures_cost_one_fast_look() -> None:
    """30 MB of outputs are passed over at the speed of the JSON scanner."""
    picture = {"output_type": "display_data", "data": {"image/png": "A" * 15_000_000}}
    cells = [code("import tensorflow as tf", outputs=[picture]), code("x", outputs=[picture])]
    raw = as_json(*cells).encode()
    start = time.process_time()
    book = files.decoded("/r/a.ipynb", "/r", raw)
    read = time.process_time() - start
    assert isinstance(book, Notebook)
    book.encode(book.text.replace("x\n", "y\n"))
    assert read < 1.0, "a slow path"
    assert time.process_time() - start < 3.0


def test_the_first_cell_starts_the_module() -> None:
    """Its docstring and its imports from the future are first, as Python wants them."""
    book = notebook(markdown("x"), '"""What this is."""\nfrom __future__ import division', "x = 1")
    tree = ast.parse(book.text)
    assert ast.get_docstring(tree) == "What this is."
    assert book.locate(1)[1] == 1 and book.locate(2)[1] == 2
    assert [book.locate(line)[0].cell.number for line in range(1, 5)] == [0, 0, 1, 1]


def test_a_notebook_without_code_is_no_trouble() -> None:
    """Nothing is joined, nothing changes."""
    book = notebook(markdown("x"), "", "%%bash\nls")
    assert book.text == "" and book.cells_of("") == [] and book.encode("") == book.raw
