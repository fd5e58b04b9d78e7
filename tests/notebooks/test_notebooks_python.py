"""What IPython adds to Python becomes lines that parse, and comes back as it was."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.notebooks.python import Unmapped, prepare, put_back

FOREIGN = [
    ("%matplotlib inline\nx = 1", [1]),
    ("x = 1\n!pip install tensorflow==1.15\ny", [2]),
    ("!pip install \\\n   a \\\n   b\nx", [1]),
    ("files = !ls *.ckpt\nx", [1]),
    ("a, b = %sql select 1", [1]),
    ("x.y[0] = !pwd", [1]),
    ("?print", [1]),
    ("print?", [1]),
    ("tf.train.Saver??  # how", [1]),
    ("%time fit()", [1]),
    ("for i in x:\n    !echo {i}\n    %time fit(i)\n    fit(i)", [2, 3]),
    ("%%time\nfit()", [1]),
    ("\n%%capture out\n%matplotlib inline\nfit()", [2, 3]),
    ("%time for i in x: fit()", [1]),
    ("!echo \"it's\nx = 'y'", [1]),
    ("/f 1\n,g a b\n;h a b", [1, 2, 3]),
    ("if x:\n    pass\n    ?x", [3]),
    ("%%timeit\nfit()", [1]),
]


@pytest.mark.parametrize(("text", "lines"), FOREIGN)
def test_commands_become_python(text: str, lines: list[int]) -> None:
    """As many lines as before, which parse; put back, the very same text."""
    prepared = prepare(text, 3)
    assert [foreign.line for foreign in prepared.foreign] == lines
    assert prepared.code.count("\n") == text.count("\n")
    ast.parse(prepared.code)
    assert put_back(prepared.code, prepared, 3) == text


PYTHON = [
    "",
    "x = 1",
    "print('%d' % 3)",
    "y = ('%s'\n   % x)",
    "x = '''\n%matplotlib inline\n!ls\n'''",
    'x = """a\\"""\n!ls\n"""',
    "x = a \\\n  % b",
    "x %= 3\na != b",
    "# what is this?\nx = 1  # why?",
    "x = 'is it?'\ny = 'really?'",
    "f(a,\n  # ?\n  b)",
    "plt.plot(x);",
    "await x\nasync with y as z: pass",
    "return 5",
    "x = {'a':\n  '%s'\n    % b}",
    "x = r'\\'\n  ",
]


@pytest.mark.parametrize("text", PYTHON)
def test_python_is_left_alone(text: str) -> None:
    """Operators, strings, comments and continuation lines that look like commands are none."""
    prepared = prepare(text, 0)
    assert (prepared.code, prepared.foreign) == (text, ())
    assert put_back(text, prepared, 0) == text


@pytest.mark.parametrize(
    "magic",
    ["bash", "html", "javascript", "writefile x.py", "!", "R", "sql", "python2", "script a"],
)
def test_a_cell_for_another_program_is_no_code(magic: str) -> None:
    """Nothing in it is taken for Python of the notebook."""
    text = f"%%{magic}\nimport tensorflow as tf\n"
    prepared = prepare(text, 0)
    assert prepared.foreign[0].whole and prepared.foreign[0].text == text
    assert "tensorflow" not in prepared.code
    assert put_back(prepared.code, prepared, 0) == text


def test_what_is_timed_is_code_and_may_change() -> None:
    """``%time saver = Saver()`` binds a name and is rewritten like any line."""
    prepared = prepare("    %time s = tf.train.Saver()  # c", 1)
    assert prepared.code.startswith("    if 1: s = tf.train.Saver()  # c")
    new = prepared.code.replace("tf.train", "tf2_bridge")
    assert put_back(new, prepared, 1) == "    %time s = tf2_bridge.Saver()  # c"


def test_lines_around_commands_may_change() -> None:
    """Commands stay where they are among changed, new and removed lines."""
    prepared = prepare("import a\n%matplotlib inline\nx = !ls\nb()", 2)
    rows = prepared.code.split("\n")
    new = "\n".join(["import os", "import c", rows[1], "", rows[2]])
    assert put_back(new, prepared, 2) == "import os\nimport c\n%matplotlib inline\n\nx = !ls"


def test_commands_are_never_lost_moved_or_changed() -> None:
    """Such a text does not fit, rather than being put together somehow."""
    prepared = prepare("%a\nx = !ls\nb()", 2)
    rows = prepared.code.split("\n")
    for wrong in (
        [rows[1], rows[2]],
        [rows[1], rows[0]],
        [*rows, rows[0]],
        [rows[0], rows[1].replace("x", "y")],
        [rows[0].replace("2.", "3."), rows[1]],
        [rows[0].replace("2.1", "2.9"), rows[1]],
    ):
        with pytest.raises(Unmapped):
            put_back("\n".join(wrong), prepared, 2)
    with pytest.raises(Unmapped):
        put_back(rows[0], prepare("b()", 0), 0)


PIECES = st.sampled_from(
    [
        *(
            "%a b",
            "!ls \\",
            "x = !ls",
            "?x",
            "x?",
            "'''",
            '"""',
            "(",
            ")",
            "[",
            "# c?",
            "x = '%s' % y",
        ),
        *(
            "%%bash",
            "%time f()",
            "    !ls",
            "if x:",
            "    pass",
            "\\",
            "'",
            '"',
            "",
            "\t%b",
            "%time )",
        ),
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=8).map("\n".join))
def test_any_text_comes_back(text: str) -> None:
    """Whatever stands in a cell, the lines keep their number and the text comes back."""
    prepared = prepare(text, 5)
    assert prepared.code.count("\n") == text.count("\n")
    assert put_back(prepared.code, prepared, 5) == text
