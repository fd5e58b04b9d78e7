"""Side-by-side rows hold exactly the lines of the unified diff."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample import TRAIN_AFTER, TRAIN_BEFORE, diff_of

from migrator.report.diffs import changed_words, parse, side_by_side

LINES = st.lists(
    st.sampled_from(
        [
            "a = 1",
            "a = 2",
            "--- x",
            "+++ y",
            "-- q",
            "@@ -1 +1 @@",
            "",
            "  b(c, d)",
            "x\x0cy",
            "é\u2028",
        ]
    ),
    max_size=12,
)


@settings(deadline=None)
@given(LINES, LINES, st.integers(0, 3))
def test_rows_are_the_diff(before: list[str], after: list[str], context: int) -> None:
    """Each side, read downwards, is its file's lines with their numbers, and none is lost."""
    diff = "".join(
        line if line.endswith("\n") else line + "\n"
        for line in difflib.unified_diff(before, after, "a/x", "b/x", n=context, lineterm="")
    )
    changed_old: set[int] = set()
    changed_new: set[int] = set()
    for hunk in parse(diff):
        rows = side_by_side(hunk)
        old = [row.old for row in rows if row.old]
        new = [row.new for row in rows if row.new]
        assert [line.number for line in old] == sorted({line.number for line in old})
        assert [line.number for line in new] == sorted({line.number for line in new})
        assert all(before[line.number - 1] == line.text for line in old)
        assert all(after[line.number - 1] == line.text for line in new)
        changed_old |= {line.number for line in old if line.kind == "-"}
        changed_new |= {line.number for line in new if line.kind == "+"}
        assert all(row.old or row.new for row in rows)
    assert [x for i, x in enumerate(before, 1) if i not in changed_old] == [
        x for i, x in enumerate(after, 1) if i not in changed_new
    ]


def test_like_lines_stand_beside_each_other() -> None:
    """A replaced line stands beside the line that it became, not beside the first new one."""
    rows = [
        row for hunk in parse(diff_of("x", TRAIN_BEFORE, TRAIN_AFTER)) for row in side_by_side(hunk)
    ]
    beside = {row.old.text.strip(): row.new.text.strip() for row in rows if row.old and row.new}
    assert beside["import tensorflow as tf"] == "import tensorflow.compat.v1 as tf"
    assert (
        beside["saver = tf.train.Saver(max_to_keep=7)"] == "saver = tf2_bridge.Saver(max_to_keep=7)"
    )
    assert (
        beside['print("tags:", tag_constants.SERVING)'] == 'print("tags:", tf.saved_model.SERVING)'
    )


def test_large_blocks_are_paired_line_by_line() -> None:
    """A block too large to compare pairwise still shows every line once."""
    before = "".join(f"a{i}\n" for i in range(100))
    after = "".join(f"b{i}\n" for i in range(120))
    (hunk,) = parse(diff_of("x", before, after))
    rows = side_by_side(hunk)
    assert len(rows) == 120
    assert [row.new.text for row in rows if row.new] == after.split()


def test_created_file() -> None:
    """A new file has a right side only."""
    (hunk,) = parse(diff_of("x", "", "a\nb\n", created=True))
    assert [(row.old, row.new.number if row.new else 0) for row in side_by_side(hunk)] == [
        (None, 1),
        (None, 2),
    ]


def test_missing_newline_at_the_end() -> None:
    """The mark of git for a last line without a newline belongs to the line above it."""
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
    (hunk,) = parse(diff)
    assert [(line.text, line.ended) for line in hunk.lines] == [("a", False), ("b", True)]
    diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n"
    (hunk,) = parse(diff)
    assert [(line.text, line.ended) for line in hunk.lines] == [("a", True), ("b", False)]


def test_line_ends() -> None:
    """CRLF everywhere says nothing and goes; where only some lines have it, it stays."""
    crlf = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n"
    (hunk,) = parse(crlf)
    assert [line.text for line in hunk.lines] == ["a", "b", "c"]
    (hunk,) = parse(crlf.replace("+c\r\n", "+c\n"))
    assert [line.text for line in hunk.lines] == ["a\r", "b\r", "c"]


@pytest.mark.parametrize(
    "diff",
    ["@@ -1,2 +1,2 @@\n a\n", "@@ -1 +1 @@\n*a\n", "@@ -1,0 +1 @@\n-a\n", "@@ -1 +1,0 @@\n+a\n"],
)
def test_broken_diffs_are_refused(diff: str) -> None:
    """A hunk with other lines than its header announces is an error, not a shorter report."""
    with pytest.raises(ValueError, match="hunk"):
        parse(diff)


def test_no_hunks() -> None:
    """Text without a hunk has none."""
    assert parse("") == ()
    assert parse("--- a/x\n+++ b/x\n") == ()


@settings(deadline=None)
@given(st.text("ab.( )x", max_size=20), st.text("ab.( )x", max_size=20))
def test_marked_words_are_the_difference(old: str, new: str) -> None:
    """Without the marked words and blanks both lines are the same, where words are marked."""
    left, right = changed_words(old, new)

    def rest(text: str, ranges: list[tuple[int, int]]) -> str:
        keep = [c for i, c in enumerate(text) if not any(a <= i < b for a, b in ranges)]
        return "".join(keep).replace(" ", "")

    assert all(0 <= a < b <= len(old) for a, b in left)
    assert all(0 <= a < b <= len(new) for a, b in right)
    if left or right:
        assert rest(old, left) == rest(new, right)
