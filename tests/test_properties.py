"""Properties that hold for any program, not only for those somebody thought of."""

from __future__ import annotations

import ast
import keyword
from pathlib import Path

import pytest
from engine_harness import plan_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrator import engine, rulebook
from migrator.rule import FileContext

GOLDEN = Path(__file__).parent / "golden"
SMALL = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

# -- arbitrary Python without TensorFlow ----------------------------------------------------

NAMES = st.sampled_from(
    [
        "tf",
        "tensorflow",
        "saver",
        "Saver",
        "builder",
        "sess",
        "module",
        "save",
        "restore",
        "train",
        "x",
        "y",
        "saved_model",
    ]
)
CONSTANTS = st.one_of(
    st.integers(0, 99).map(str),
    st.text("abc tf.train#'\"\\é", max_size=8).map(repr),
    st.sampled_from(["None", "True", "...", "1.5", "b'tf'", "'''a\n  b'''"]),
)


def _expressions() -> st.SearchStrategy[str]:
    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("{}.{}".format, NAMES, NAMES),
            st.builds("({} + {})".format, inner, inner),
            st.builds("{}.{}({})".format, NAMES, NAMES, inner),
            st.builds("{}({}, k={})".format, NAMES, inner, inner),
            st.builds("[{}, {}]".format, inner, inner),
            st.builds("{{{}: {}}}".format, inner, inner),
            st.builds("(\n  {},  # tf.train.Saver()\n  {})".format, inner, inner),
            st.builds("[{} for {} in {}]".format, inner, NAMES, inner),
            st.builds("(lambda {}: {})".format, NAMES, inner),
            st.builds("({} if {} else {})".format, inner, inner, inner),
        )

    return st.recursive(st.one_of(NAMES, CONSTANTS), extend, max_leaves=6)


def _indented(body: str, indent: str) -> str:
    rows = ast.unparse(ast.parse(body)).splitlines()
    return "\n".join(indent + row for row in rows)


def _statements() -> st.SearchStrategy[str]:
    e = _expressions()
    simple = st.one_of(
        e,
        st.builds("{} = {}".format, NAMES, e),
        st.builds("{} = {}  # keep".format, NAMES, e),
        st.builds("{} = {}; {}".format, NAMES, e, e),
        st.builds("import {} as {}".format, st.sampled_from(["os", "numpy", "torch"]), NAMES),
        st.builds("from {} import {}".format, st.sampled_from(["os", "lib.tf"]), NAMES),
        st.builds("assert {}, {}".format, e, e),
        st.builds("del {}".format, NAMES),
    )

    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        body = st.lists(inner, min_size=1, max_size=2).map("\n".join)
        indent = st.sampled_from(["    ", "  ", "\t"])
        block = st.builds(_indented, body, indent)
        return st.one_of(
            st.builds("if {}:\n{}".format, e, block),
            st.builds("def {}({}):\n{}".format, NAMES, NAMES, block),
            st.builds("class {}:\n{}".format, NAMES, block),
            st.builds("with {} as {}:\n{}".format, e, NAMES, block),
            st.builds("for {} in {}:\n{}".format, NAMES, e, block),
            st.builds("try:\n{}\nexcept {}:\n    pass".format, block, NAMES),
            st.builds("@{}\nasync def {}():\n{}".format, NAMES, NAMES, block),
        )

    return st.recursive(simple, extend, max_leaves=4)


def _valid(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


PROGRAMS = (
    st.lists(_statements(), max_size=5)
    .map(lambda statements: "\n".join(statements) + "\n" * bool(statements))
    .filter(_valid)
)


@SMALL
@given(PROGRAMS)
def test_python_without_tensorflow_stays_byte_identical(text):
    """Whatever a program calls its things, without an import of TensorFlow nothing changes."""
    plan = plan_of(text)
    assert plan.text is None
    assert {f.code for f in plan.findings} <= {"TFM903"}


@SMALL
@given(PROGRAMS)
def test_tensorflow_beside_it_changes_the_import_only(text):
    """In a moving program, a file without targets gets the import swap and nothing else."""
    before = "import tensorflow as tensorflow_\n\n" + text
    plan = plan_of(before, FileContext(neutral=True))
    after = "import tensorflow.compat.v1 as tensorflow_\n\n" + text
    assert plan.text == after


# -- compositions of the goldens -------------------------------------------------------------


def _templates() -> list[str]:
    """Return the top-level statements of the goldens, but for imports, as text."""
    found = {}
    for path in sorted(GOLDEN.glob("*/before.py")):
        text = path.read_text()
        rows = text.splitlines(keepends=True)
        if "import tensorflow as tf" not in text:
            continue
        for node in ast.parse(text).body:
            if not isinstance(node, (ast.Import, ast.ImportFrom)) and node.col_offset == 0:
                piece = "".join(rows[node.lineno - 1 : node.end_lineno])
                if _valid(piece) and "import " not in piece:
                    found[piece if piece.endswith("\n") else piece + "\n"] = None
    return list(found)


TEMPLATES = _templates()


def _in_function(body: str) -> str:
    rows = body.splitlines(keepends=True)
    return "def run(sess, x, y):\n" + "".join("    " + row if row.strip() else row for row in rows)


PIECES = st.sampled_from(TEMPLATES)


@SMALL
@given(st.lists(PIECES, min_size=1, max_size=5), st.booleans(), st.booleans())
def test_compositions_of_the_goldens_keep_the_guarantees(pieces, inside, neutral):
    """Statements that work alone work together, in any order, at any depth."""
    body = "".join(pieces)
    if inside and _valid(_in_function(body)):
        body = _in_function(body)
    text = "import tensorflow as tf\n\n" + body
    if _valid(text):
        plan_of(text, FileContext(neutral=neutral))


@SMALL
@given(PIECES, PROGRAMS, PROGRAMS)
def test_what_stands_around_decides_nothing(piece, above, below):
    """Other code around a saving call keeps every byte while the call is rewritten."""
    text = f"{above}import tensorflow as tf\n{below}\n{piece}"
    if _valid(text):
        plan_of(text)


@pytest.mark.parametrize("word", [*sorted(keyword.softkwlist), "tf2_bridge", "module", "tf"])
def test_any_name_may_be_taken(word):
    """A name of the emitted code that the file already uses is avoided, or the rewrite refused."""
    text = (
        "import tensorflow as tensorflow_\n"
        f"{word} = 1\n"
        "tensorflow_.saved_model.simple_save(s, 'd', {}, {})\n"
        f"print({word})\n"
    )
    plan = plan_of(text)
    new = plan.text or text
    names = [n.id for n in ast.walk(ast.parse(new)) if isinstance(n, ast.Name)]
    assert names.count(word) == 2


def test_rules_can_be_selected_in_any_combination():
    """Leaving rules out never breaks what the others do."""
    text = (GOLDEN / "builder_plain" / "before.py").read_text()
    rules = rulebook.all_rules()
    for left_out in rules:
        plan = engine.run(text, FileContext(), [rule for rule in rules if rule is not left_out])
        if plan.text is not None:
            ast.parse(plan.text)
        assert left_out.code not in {f.code for f in plan.findings}
