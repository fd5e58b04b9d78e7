"""Code that moves keeps its layout."""

from __future__ import annotations

import pytest

from migrator.lift.comments import tells_of_session
from migrator.lift.plain import lift_plain
from migrator.lift.rewrite import class_name
from migrator.lift.text import applied, call, folded, moved
from migrator.lift.tf1_names import Names
from migrator.names import Module


@pytest.mark.parametrize(
    ("source", "edits", "expected"),
    [
        ("a = f(b,\n      c)", [(0, 1, "self.a")], "    self.a = f(b,\n               c)"),
        ("a = f(\n    b,\n)", [(0, 1, "self.a")], "    self.a = f(\n        b,\n    )"),
        ("a = f(b)", [], "    a = f(b)"),
        ("a = f(g(b,\n        c),\n      d)", [(4, 5, "tf.ff")],
         "    a = tf.ff(g(b,\n                c),\n              d)"),
        ('a = f("""x\n  y""", b)', [], '    a = f("""x\n  y""", b)'),
        ("a = b + \\\n    c", [], "    a = b + \\\n        c"),
        ("a = f(  # why\n    b)", [(0, 1, "self.a")], "    self.a = f(  # why\n        b)"),
    ],
)  # fmt: skip
def test_moved(source: str, edits: list[tuple[int, int, str]], expected: str) -> None:
    """Lines stay aligned with the bracket that they were aligned with; strings keep every byte."""
    assert "    " + moved(source, 0, 4, edits) == expected


def test_moved_left() -> None:
    """A line is never moved beyond the margin."""
    assert moved("a = f(\n  b)", 8, 0) == "a = f(\nb)"


def test_call_breaks_long_lines() -> None:
    """Arguments go on one line, on a line of their own, or on one line each."""
    assert call("f", ["a", "b"], 0) == "f(a, b)"
    assert call("f" * 40, ["a" * 40, "b" * 20], 4).count("\n") == 2
    assert call("f", ["a" * 60, "b" * 60], 0) == f"f(\n    {'a' * 60},\n    {'b' * 60},\n)"


def test_applied() -> None:
    """Edits are made by offset, in any order."""
    assert applied("abcdef", [(4, 5, "X"), (0, 2, "")]) == "cdXf"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("softmax_regression.py", "SoftmaxRegression"),
        ("softmax/train.py", "Softmax"),
        ("train.py", "Train"),
        ("lab-05-1-logistic_regression.py", "LabLogisticRegression"),
        ("301_simple.py", "Simple"),
        ("3.py", "Model"),
    ],
)
def test_class_name(path: str, name: str) -> None:
    """A module is called after its script, or after the folder of a script called train."""
    assert class_name(path) == name


def test_variable_names() -> None:
    """Names are counted without regard to case, within name scopes, as TensorFlow 1 counts."""
    names = Names()
    assert [names.variable(None), names.variable(None)] == ["Variable", "Variable_1"]
    assert [names.variable("w"), names.variable("W"), names.variable("w")] == ["w", "W_1", "w_2"]
    names.enter("layer")
    assert [names.variable("w"), names.got_variable("v")] == ["layer/w", "v"]
    names.leave()
    names.enter("layer")
    assert names.variable("w") == "layer_1/w"
    names.leave()
    assert names.got_variable("v") is None


@pytest.mark.parametrize(
    "comment",
    [
        "# Launch the default graph.",
        "# Start a graph session",
        "# Initialize the variables (i.e. assign their default value)",
        "# Run the initializer",
        "# Create graph",
        "# Initializing the variables",
    ],
)
def test_comments_of_the_session_alone(comment: str) -> None:
    """What says only that a session is opened, or variables initialized, is told by its words."""
    assert tells_of_session([comment])


@pytest.mark.parametrize(
    "comments",
    [
        ["# Start training"],
        ["# Create graph", "# with two layers"],
        ["# Initialize the weights with Xavier"],
        ["# Create variables"],
        ["# ------"],
        [],
        ["# sess.run(tf.tables_initializer())"],
    ],
)
def test_other_comments_stay(comments: list[str]) -> None:
    """A word more, and the comment may mean something."""
    assert not tells_of_session(comments)


def test_folded() -> None:
    """A line that grew too long is broken inside its last bracket, or an argument to a line."""
    long = f"    a = f({'b' * 60}, g({'c' * 40}))"
    made = f"    a = f(\n        {'b' * 60},\n        g({'c' * 40}),\n    )"
    assert folded(long, "a = f()", "    ") == made
    row = f"    a = {'b' * 40} + f({'c' * 40}, ddddddddddddd)"
    made = f"    a = {'b' * 40} + f(\n        {'c' * 40}, ddddddddddddd\n    )"
    assert folded(row, "a = b + f()", "    ") == made
    assert folded(long, long, "    ") == long
    assert folded(long + "  # why", "a = f()", "    ").startswith("    # why\n    a = f(\n")
    assert folded(f"a = {'b' * 90}  # why", "", "    ") == f"# why\na = {'b' * 90}"
    assert folded(f"a = {'b' * 90}", "", "    ", 8) == f"a = {'b' * 90}"
    assert folded(f"a = f({'b' * 90})", "", "    ", 4) == f"a = f(\n    {'b' * 90}\n)"
    assert folded("x = '" + "a" * 120 + "'", "", "    ").count("\n") == 0
    assert folded(f"    'k': f({'b' * 99}),", "", "    ").count("\n") == 0
    row = f"    'k': tf.Variable(f([{'b' * 60}]), name=\"Variable\", trainable=False, shape=()),"
    assert folded(row, "", "    ").endswith("\n    ),")
    assert max(map(len, folded(row, "", "    ").split("\n"))) <= 100


def test_a_directory_that_is_computed_is_computed_once() -> None:
    """An export's directory that a call decides is looked for, and written, under one name."""
    text = lift_plain(
        Module(
            "import time\nimport tensorflow as tf\n\n"
            "x = tf.placeholder(tf.float32, [None])\n"
            'w = tf.Variable(1.0, name="w")\ny = x * w\n'
            "with tf.Session() as sess:\n"
            "    sess.run(tf.global_variables_initializer())\n"
            "    tf.saved_model.simple_save(sess, str(time.time()), {'x': x}, {'y': y})\n"
        ),
        "now.py",
    ).text
    assert text.count("time.time()") == 1
    assert "tf.saved_model.save(model, export_dir, " in text


def test_docstrings_move_with_their_function() -> None:
    """A docstring is indented as its function; any other string keeps every byte."""
    source = (
        "import tensorflow as tf\n\n"
        'w = tf.Variable(1.0, name="w")\n'
        "with tf.Session() as sess:\n"
        "    sess.run(tf.global_variables_initializer())\n\n"
        "    def told():\n"
        '        """Tell.\n\n          what\n        """\n'
        '        text = """\n        kept"""\n'
        "        return sess.run(w), text\n\n"
        "    print(told())\n"
    )
    text = lift_plain(Module(source), "told.py").text
    told = 'def told():\n    """Tell.\n\n      what\n    """\n    text = """\n        kept"""\n'
    assert told in text
