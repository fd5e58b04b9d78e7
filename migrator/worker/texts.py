"""Strings of the further regimes: texts as people write them, lines of CSV."""

from typing import Any, List, NamedTuple, Sequence

#: What a vocabulary lacks and a text has: capitals, punctuation, numbers of several digits,
#: white space, letters beyond ASCII, and more words and characters than a model may cut off.
TEXTS = [
    b"Hello, World! 42",
    b"CAT",
    b" padded  twice\t",
    b"It's 12:30 on 2019-11-07; call +49 (30) 1234567.",
    b"user@example.com, https://example.com/a_b?c=1&d=22",
    "\u00c9T\u00c9 Stra\u00dfe \u4f60\u597d \U0001f600".encode("utf-8"),
    b"one two three four five six seven",
    b" ".join(b"word%d" % number for number in range(40)),
    b"0123456789" * 30,
    b"-17",
    b"3.14159",
]

#: The columns of a line of CSV: dtype and default of each, and what is between them.
Columns = NamedTuple(
    "Columns", [("kinds", List[str]), ("defaults", List[List[Any]]), ("delimiter", bytes)]
)


def vocabulary(words: Sequence[bytes]) -> List[bytes]:
    """Return texts, the words that a model may know, and some of those in capitals."""
    capitals = [word.upper() for word in words[:20]] + [word.title() for word in words[-20:]]
    return list(dict.fromkeys(TEXTS + capitals + list(words)))


def make_texts(rng: Any, count: int, words: Sequence[bytes]) -> List[bytes]:
    """Return ``count`` strings: each of the vocabulary once where there is room for all."""
    pool = vocabulary(words)
    if count < len(pool):
        return [pool[i] for i in rng.permutation(len(pool))[:count]]
    return [pool[i % len(pool)] for i in range(count)]


def make_lines(
    rng: Any, count: int, regime: str, columns: Columns, words: Sequence[bytes]
) -> List[bytes]:
    """Return ``count`` lines for ``tf.io.decode_csv``.

    Values that have a default are left out in some lines of the edge and the wide regime.
    """
    special = (columns.delimiter, b'"', b"\n", b"\r")
    plain = [word for word in words if not any(mark in word for mark in special)] or [b"a"]
    lines = []
    for row in range(count):
        fields = []
        for place, kind in enumerate(columns.kinds):
            absent = regime in ("edge", "wide") and (row + place) % 3 == 1
            fields.append(
                b"" if absent and columns.defaults[place] else _field(rng, kind, regime, plain)
            )
        lines.append(columns.delimiter.join(fields))
    return lines


def _field(rng: Any, kind: str, regime: str, words: Sequence[bytes]) -> bytes:
    fixed = {"zeros": b"0", "ones": b"1"}
    if regime in fixed:
        return fixed[regime]
    if kind == "string":
        return words[int(rng.randint(len(words)))]
    if "int" in kind:
        return b"%d" % rng.randint(0, 10)
    return ("%.6g" % (rng.randn() * (100 if regime == "wide" else 1))).encode("ascii")
