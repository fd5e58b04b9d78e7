"""Names and code of users stay text in every format, and nothing of them is hidden."""

from __future__ import annotations

import dataclasses
import enum
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from sample import HOSTILE, hostile, sample

from migrator import report
from migrator.report.text import CODE_SPAN, place, visible
from migrator.results import (
    ContractDelta,
    Cost,
    Latency,
    ModelCheck,
    OutputDelta,
    Parting,
    Place,
    Span,
)

VOID = {"meta", "input", "br", "hr", "link", "img"}
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class Page(HTMLParser):
    """Reads a page strictly: tags that do not nest are an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and what it opens."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself, which only void elements may."""
        assert tag in VOID
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost tag, which must be this one."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> inside <{self.open[-1]}>, line {self.getpos()}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        """Keep what stands inside scripts and styles."""
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        if self.open and self.open[-1] == "style":
            self.styles.append(data)


@pytest.mark.parametrize("make", [sample, hostile], ids=["sample", "hostile"])
def test_html_is_well_formed_and_inert(make) -> None:  # type: ignore[no-untyped-def]
    """The page nests, runs its own script only, and loads nothing from anywhere."""
    text = report.render(make(), "html")
    page = Page(text)
    names = [tag for tag, _ in page.tags]
    assert names.count("script") == names.count("style") == 1
    assert len(page.scripts) == 1
    assert "alert" not in page.scripts[0]
    assert not {"img", "iframe", "object", "embed", "link", "base", "video", "use", "image"} & set(
        names
    )
    for tag, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        assert "src" not in attrs
        assert "style" not in attrs, "the content security policy refuses it"
        if "href" in attrs:
            assert tag == "a"
            assert re.match(r"#|https?://", attrs["href"] or ""), attrs
    for drawing in re.findall(r"<svg.*?</svg>", text, re.S):
        parts = set(re.findall(r"<(\w+)", drawing))
        assert parts <= {"svg", "title", "desc", "rect", "line", "text"}
    assert not re.search(r"url\(|@import|fetch|XMLHttp|import\(", page.styles[0] + page.scripts[0])


@pytest.mark.parametrize("make", [sample, hostile], ids=["sample", "hostile"])
def test_html_links_resolve(make) -> None:  # type: ignore[no-untyped-def]
    """Every anchor is unique, and every link inside the page has its target."""
    page = Page(report.render(make(), "html"))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    wanted = {
        attrs["href"][1:] for _, attrs in page.tags if (attrs.get("href") or "").startswith("#")
    }  # type: ignore[index]
    assert wanted <= set(ids)
    named = [attrs.get("aria-labelledby") or "" for _, attrs in page.tags]
    assert {one for several in named for one in several.split()} <= set(ids)


def test_only_documentation_links_out() -> None:
    """The addresses in a page are those in a rule's documentation, as links that load nothing."""
    text = report.render(sample(), "html")
    assert set(re.findall(r"https?://[^\"'<\s]+", text)) == {
        "https://www.tensorflow.org/api_docs/python/tf/saved_model/save"
    }


@pytest.mark.parametrize("format", report.FORMATS)
def test_nothing_is_hidden(format: str) -> None:
    """No control, bidirectional, zero-width or surrogate character reaches a report."""
    text = report.render(hostile(), format)
    text.encode("utf-8")
    found = {char for char in text if unicodedata.category(char) in HIDDEN} - {"\n"}
    assert found == set()
    if format != "json":  # where the character stands as \uXXXX
        assert "U+202E" in text


def test_the_hostile_run_reaches_every_field() -> None:
    """A text field that a check gains is hostile here, or this test names it."""
    calm: set[str] = set()

    def walk(value: object, where: str) -> None:
        if isinstance(value, tuple):
            for item in value:
                walk(item, where)
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                walk(getattr(value, field.name), f"{type(value).__name__}.{field.name}")
        elif isinstance(value, str) and not isinstance(value, enum.Enum) and value:
            if "\u202e" not in value:
                calm.add(where)
            seen.add(where)

    seen: set[str] = set()
    walk(hostile(), "RunReport")
    hints = {
        f"{kind.__name__}.{field.name}"
        for kind in (ModelCheck, OutputDelta, ContractDelta, Parting, Latency, Cost, Place)
        for field in dataclasses.fields(kind)
        if "str" in str(field.type)
    }
    assert hints <= seen
    # codes are ours, and the side of a latency is one of two words
    assert calm <= {"Latency.side", "Finding.code", "RuleInfo.code", "Place.code"}


def test_markdown_is_inert() -> None:
    """In a comment, user text makes no tag, no image and no link, and the folds stay closed."""
    text = report.render(hostile(), "markdown")
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    tags = [tag for tag, _ in Page(page).tags]
    assert not {"script", "img", "a", "iframe"} & set(tags)
    assert tags.count("details") == tags.count("summary") > 3


def test_markdown_mentions_nobody() -> None:
    """``@name`` and ``#1`` outside of code would notify people and link issues."""
    text = report.render(hostile(), "markdown")
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    prose = re.sub(r"<pre>.*?</pre>|<code>.*?</code>", "", page, flags=re.S)
    assert "@everyone" in page
    assert "@everyone" not in prose
    assert "#1" not in prose


def test_markdown_tables_keep_their_columns() -> None:
    """A bar in a name does not make another cell."""
    text = report.render(hostile(), "markdown")
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    for table in re.findall(r"<table>(.*?)</table>", page, flags=re.S):
        widths = {len(re.findall(r"<t[hd]", row)) for row in table.split("<tr>")[1:]}
        assert len(widths) == 1
        assert table.count("<tr>") > 1


def test_annotations_stay_one_command_each() -> None:
    """A newline in a name or message starts no command of its own."""
    for line in report.render(hostile(), "github").splitlines():
        assert re.match(r"::(error|warning|notice) [^:]*::", line), line
        head = line[2:].split("::", 1)[0]
        for pair in head.split(" ", 1)[1].split(","):
            assert re.match(r"(file|title|line|endLine|col|endColumn)=", pair), pair


def test_visible_keeps_what_can_be_seen() -> None:
    """Tabs, newlines, accents, other scripts and emoji stay; hidden characters become pictures."""
    assert visible("a\tb\nü 漢字 🙂") == "a\tb\nü 漢字 🙂"
    assert visible("\x1b[0m\x00\x7f\r") == "␛[0m␀␡␍"
    assert visible("\u202e\u200d\ufeff\x85\u2028\udc80\u3164") == (
        "⟦U+202E⟧⟦U+200D⟧⟦U+FEFF⟧⟦U+0085⟧⟦U+2028⟧⟦U+DC80⟧⟦U+3164⟧"
    )
    assert all(ord(char) > 31 or char == "\n" for char in visible(HOSTILE))


def test_code_spans_are_those_of_markdown() -> None:
    """A lone run of backticks opens nothing; a span ends at a run of its own length."""
    assert CODE_SPAN.split("a `b` ```c ``d`e``")[1::3] == ["`", "``"]
    assert CODE_SPAN.split("a `b` ```c ``d`e``")[2::3] == ["b", "d`e"]


def test_place_counts_from_one() -> None:
    """A place is written as editors read it, cell included."""
    assert place("a.py", Span(3, 0, 3, 5)) == "a.py:3:1"
    assert place("a.ipynb", Span(3, 4, 3, 5, cell=0)) == "a.ipynb:cell 1:3:5"
    assert place("a\n.py", Span(1, 0, 1, 0)) == "a␊.py:1:1"


def test_contrast() -> None:
    """Text has a contrast of 4.5 to 1 on every ground it stands on, in light and in dark."""
    css = (Path(report.__file__).parent / "assets" / "report.css").read_text(encoding="utf-8")
    themes = [
        dict(re.findall(r"--([\w-]+): (#\w+)", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.S)
    ]
    light, dark = themes[:2]
    assert set(light) == set(dark)
    pairs = [
        (ink, ground)
        for ink in ("ink", "soft", "link")
        for ground in ("page", "card", "code", "void")
    ]
    pairs += [(f"{tone}", f"{tone}-bg") for tone in ("good", "bad", "warn", "calm")]
    pairs += [(word, ground) for word in "ksncfd" for ground in ("code", "card", "del", "ins")]
    pairs += [("ink", "grey-bg"), ("ink", "del-mark"), ("ink", "ins-mark"), ("warn", "card")]
    for theme in (light, dark):
        for ink, ground in pairs:
            assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)


def contrast(one: str, two: str) -> float:
    """Return the contrast ratio of two ``#rgb`` or ``#rrggbb`` colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(two)))
    return (light + 0.05) / (dark + 0.05)
