"""The JSON of notebooks: cells are found, and exchanged without touching anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from books import as_json, code, markdown
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.notebooks.document import NotANotebook, parse, with_sources


def sources(text: str) -> list[str]:
    """Return the sources of the code cells as any reader of JSON finds them."""
    cells = json.loads(text)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_code_cells_are_numbered_among_themselves() -> None:
    """Prose does not count; sources come as one string, whatever their form."""
    text = as_json(markdown("# Title"), "a = 1\nb = 2", markdown("x"), code("c\nd", whole=True))
    assert [(cell.number, cell.text) for cell in parse(text).cells] == [
        (0, "a = 1\nb = 2"),
        (1, "c\nd"),
    ]


def test_the_third_format_is_read_and_changed() -> None:
    """nbformat 3 has worksheets, and calls the source input."""
    cells = [
        {"cell_type": "code", "input": ["a\n", "b"], "language": "python", "outputs": []},
        {"cell_type": "heading", "source": ["x"]},
        {"cell_type": "code", "input": "c", "language": "perl", "outputs": []},
    ]
    text = json.dumps({"metadata": {"name": ""}, "nbformat": 3, "worksheets": [{"cells": cells}]})
    book = parse(text)
    assert [(cell.text, cell.language) for cell in book.cells] == [
        ("a\nb", "python"),
        ("c", "perl"),
    ]
    assert with_sources(book, {0: "a\nx"}) == text.replace('"b"', '"x"')


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"kernelspec": {"language": "R", "name": "ir"}}, ("R", None)),
        ({"kernelspec": {"name": "python2"}}, ("python", "2")),
        ({"language_info": {"name": "python", "version": "2.7.12"}}, ("python", "2.7.12")),
        ({"language_info": {"name": "julia", "version": "1.6"}}, ("julia", "1.6")),
        ({"kernelspec": {"name": "conda-env-x"}}, (None, None)),
        ({"kernelspec": None, "language_info": []}, (None, None)),
        ([], (None, None)),
        ({}, (None, None)),
    ],
)
def test_the_kernel_is_known_as_far_as_metadata_say(
    metadata: Any, expected: tuple[str | None, str | None]
) -> None:
    """Language and version come from either of two places, and may be missing."""
    found = parse(json.dumps({"metadata": metadata, "cells": []}))
    assert (found.language, found.version) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"cells": [}',
        '{"cells": [1, {"a": }]}',
        '{"cells" []}',
        '{"cells": []} x',
        "{cells: []}",
        '{"cells": [{"source": "a\nb"}]}',
        "[" * 100_000,
        '{"a": ' * 100_000,
        "<<<<<<< HEAD\n{}",
    ],
)
def test_what_is_no_notebook_is_refused(text: str) -> None:
    """Broken JSON, other JSON and merge conflicts have one sentence."""
    with pytest.raises(NotANotebook, match=r"JSON|nested"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["{}", '{"cells": {}}', '{"cells": [1, "x", null]}', '{"cells": [{"source": 3}]}']
)
def test_odd_but_valid_json_holds_no_cells(text: str) -> None:
    """What is not where cells are is passed over."""
    assert parse(text).cells == ()


CHANGES = [
    # a list of lines
    ('["a\\n", "b"]', "x\nb", '["x\\n", "b"]'),
    ('["a\\n", "b"]', "a\nb\nc", '["a\\n", "b\\n", "c"]'),
    ('["a\\n", "b"]', "a", '["a"]'),
    ('["a"]', "a\nb", '["a\\n", "b"]'),
    ('[\n  "a"\n ]', "a\nb", '[\n  "a\\n",\n  "b"\n ]'),
    ('["a\\n","b"]', "a\nb\nc", '["a\\n","b\\n","c"]'),
    ('["a"]', "", "[]"),
    ("[]", "a\nb", '["a\\n", "b"]'),
    # a newline at the end
    ('["a\\n", "b\\n"]', "a\nc\n", '["a\\n", "c\\n"]'),
    ('["a\\n", "b\\n"]', "a\nb\nc\n", '["a\\n", "b\\n", "c\\n"]'),
    ('["a\\n", "b\\n", ""]', "a\nc\n", '["a\\n", "c\\n", ""]'),
    # elements that are not lines
    ('["a\\nb\\n", "c\\nd"]', "a\nb\nc\nx", '["a\\nb\\n", "c\\nx"]'),
    ('["a\\nb\\nc"]', "a\nx\nc", '["a\\nx\\nc"]'),
    ('["im", "port a\\n", "b"]', "import a\nx", '["im", "port a\\n", "x"]'),
    # one string
    ('"a\\nb"', "a\nx\ny", '"a\\nx\\ny"'),
    ('""', "a", '"a"'),
    ('"a\\n"', "b\n", '"b\\n"'),
    # escapes of lines that stay
    ('["\\u0061 \\/ \\u00e9\\n", "b"]', "a / é\nx", '["\\u0061 \\/ \\u00e9\\n", "x"]'),
    ('"\\u0061\\\\n\\u000ab"', "a\\n\nx", '"\\u0061\\\\n\\u000ax"'),
    ('["\\ud83d\\ude00\\n", "b"]', "\U0001f600\nx", '["\\ud83d\\ude00\\n", "x"]'),
    # newlines of Windows
    ('["a\\r\\n", "b\\r\\n", "c"]', "a\nx\nc\nd", '["a\\r\\n", "x\\r\\n", "c\\r\\n", "d"]'),
    ('"a\\rb"', "a\nb\nc", '"a\\rb\\rc"'),
    ('["say(\\"\\\\t\\")\\n", "b"]', 'say("\\t")\nx = "é\\n"', None),
]


@pytest.mark.parametrize(("raw", "new", "expected"), CHANGES)
def test_a_source_keeps_its_form(raw: str, new: str, expected: str | None) -> None:
    """List or string, spacing, escapes and newlines of lines that stay are as they were."""
    text = '{"cells": [{"cell_type": "code", "source": ' + raw + "}]}"
    changed = with_sources(parse(text), {0: new})
    got = parse(changed)
    assert got.cells[0].text == new
    if expected is not None:
        assert changed == text.replace(raw, expected)


def test_new_text_is_escaped_as_the_file_is() -> None:
    """A file in ASCII stays so; one with other characters gets them as they are."""
    for ascii_only, spelled in ((True, "\\u00e9"), (False, "é")):
        text = as_json("a = 'ü'", ascii_only=ascii_only)
        assert spelled in with_sources(parse(text), {0: "b = 'é'"})


def test_of_equal_keys_the_last_one_counts() -> None:
    """As for every reader of JSON."""
    text = '{"cells": [{"cell_type": "code", "source": "a", "source": "b"}]}'
    assert with_sources(parse(text), {0: "c"}) == text.replace('"b"', '"c"')


TEXTS = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=30)
CELLS = st.one_of(
    TEXTS.map(lambda text: code(text, whole=True)),
    TEXTS.map(code),
    st.lists(TEXTS, max_size=4).map(code),
    TEXTS.map(markdown),
)
SHAPES = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 1, 4]),
        "ascii_only": st.booleans(),
        "end": st.sampled_from(["", "\n"]),
    }
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CELLS, max_size=5), SHAPES, st.data())
def test_only_changed_cells_change(cells: list[Any], shape: dict[str, Any], data: Any) -> None:
    """For any notebook: the same texts give the same file; others change those sources only."""
    text = as_json(*cells, **shape)
    book = parse(text)
    assert [cell.text for cell in book.cells] == sources(text)
    assert with_sources(book, {cell.number: cell.text for cell in book.cells}) == text
    changes = {cell.number: data.draw(TEXTS) for cell in book.cells if data.draw(st.booleans())}
    changed = with_sources(book, changes)
    expected = json.loads(text)
    got = json.loads(changed)
    numbers = iter(range(len(book.cells)))
    for old, new in zip(expected["cells"], got["cells"], strict=True):
        if old["cell_type"] == "code" and (number := next(numbers)) in changes:
            assert "".join(new["source"]) == changes[number]
            assert type(new["source"]) is type(old["source"])
            new["source"] = old["source"]
    assert got == expected
    # outside of the sources not a byte differs
    after = parse(changed)
    for one, other in ((text, book), (changed, after)):
        assert [cell.number for cell in other.cells] == list(range(len(book.cells)))
        assert (
            one[: other.cells[0].start if other.cells else None]
            == text[: book.cells[0].start if book.cells else None]
        )
    gaps = [
        [t[a.end : b.start] for a, b in zip(d.cells, d.cells[1:], strict=False)]
        + [t[d.cells[-1].end :] if d.cells else ""]
        for t, d in ((text, book), (changed, after))
    ]
    assert gaps[0] == gaps[1]
