"""Code that moves keeps its layout."""

from __future__ import annotations

import pytest

from migrator.lift.rewrite import class_name
from migrator.lift.text import applied, call, moved
from migrator.lift.tf1_names import Names


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
