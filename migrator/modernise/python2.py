"""Make Python 3 of a Python 2 file, with fissix, and say line by line what was changed.

fissix is the maintained successor of Python's own ``lib2to3``, which 3.13 no longer has.  It is an
optional dependency: the extra ``python2`` of this package.
"""

from __future__ import annotations

import ast
import difflib
import functools
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from migrator.modernise.division import divisions
from migrator.names import Module, parsed
from migrator.results import Finding, Outcome, Safety, Span, Tier

__all__ = ["Modern", "Unavailable", "available", "beside", "is_python2", "modern"]

CODE, DIVISION = "TFM829", "TFM831"

#: Fixers of fissix that are left out: they guess (``import``), tidy, or undo what Python 3 reads.
_LEFT_OUT = frozenset(
    {"asserts", "buffer", "future", "idioms", "import", "set_literal", "ws_comma", "callable"}
)

#: Methods that Python 2 calls and Python 3 does not, and what they are called now.
_SPECIAL = {
    "__cmp__": "`__eq__` and `__lt__`",
    "__div__": "`__truediv__`",
    "__getslice__": "`__getitem__`",
    "__idiv__": "`__itruediv__`",
    "__nonzero__": "`__bool__`",
    "__rdiv__": "`__rtruediv__`",
    "__unicode__": "`__str__`",
    "next": "`__next__`",
}

#: What a fixer does, where its name does not say it.
_SAID = {
    "dict": "dict methods that gave lists",
    "except": "`except A as b`",
    "exec": "exec statement",
    "filter": "filter that gave a list",
    "has_key": "dict.has_key",
    "imports": "renamed module",
    "imports2": "renamed module",
    "input": "input() evaluated its line",
    "long": "long",
    "map": "map that gave a list",
    "ne": "`<>`",
    "next": "iterator.next()",
    "numliterals": "octal or long literal",
    "print": "print statement",
    "raise": "`raise A, b`",
    "raw_input": "raw_input",
    "reduce": "reduce",
    "repr": "backticks",
    "tuple_params": "tuple parameter",
    "unicode": "unicode and u-literals",
    "urllib": "urllib, urllib2, urlparse",
    "xrange": "xrange",
    "zip": "zip that gave a list",
}


class Unavailable(Exception):
    """Fissix is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Modern:
    """A file of Python 2 and what became of it."""

    before: str
    text: str | None  #: Python 3; None when it could not be made
    reason: str = ""  #: why not
    findings: tuple[Finding, ...] = ()  #: of the edits, by line of the original
    lines: tuple[int, ...] = field(default=(), repr=False)  #: line of ``text`` - 1 -> original

    def original(self, span: Span) -> Span:
        """Return the place in the original file of a place in the new text."""
        line, end_line = self._line(span.line), self._line(span.end_line)
        rows = self.before.splitlines() or [""]
        row, end_row = rows[line - 1], rows[max(line, end_line) - 1]
        column = min(span.column, len(row))
        end_column = min(span.end_column, len(end_row))
        if end_line <= line:
            end_line, end_column = line, max(column, end_column)
        return Span(line, column, end_line, end_column, span.cell)

    def _line(self, line: int) -> int:
        if not self.lines:
            return line
        return self.lines[min(line, len(self.lines)) - 1]


def is_python2(text: str) -> int | None:
    """Return the line at which ``text`` is no Python 3, or None where it is."""
    try:
        parsed(text)
    except SyntaxError as error:
        return error.lineno or 1
    except (ValueError, RecursionError):
        return None
    return None


def available() -> None:
    """Do nothing where fissix is there.

    Raises:
        Unavailable: it is not.
    """
    try:
        import fissix.refactor  # noqa: F401
    except ImportError:
        raise Unavailable(
            "--python2 needs the package fissix: pip install 'tf-migrator[python2]'"
        ) from None


@functools.lru_cache(maxsize=256)
def modern(text: str) -> Modern | None:
    """Return what becomes of ``text``; None where it is Python 3 already."""
    if is_python2(text) is None:
        return None
    newline = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    ended = plain if plain.endswith("\n") else plain + "\n"
    done: dict[int, set[str]] = {}
    try:
        new = _made(ended, done)
    except _NoPython as error:
        return Modern(text, None, str(error))
    tree = parsed(new)
    if ended != plain:
        new = new[:-1]
    lines = _line_map(plain, new)
    findings = [*_edits(plain, new, done), *_divisions(plain, new, tree, lines)]
    findings.sort(key=lambda finding: (finding.span.line, finding.code))
    return Modern(text, new.replace("\n", newline), "", tuple(findings), tuple(lines))


def beside(text: str) -> Iterator[Finding]:
    """Yield what means another thing in a file that is valid Python 3, too, of a Python 2 program.

    Args:
        text: of a file whose program has files of Python 2.
    """
    module = Module(text)
    rows = text.replace("\r\n", "\n").split("\n")
    yield from _divisions("\n".join(rows), text, module.tree, list(range(1, len(rows) + 1)))
    for node in module.nodes:
        if not isinstance(node, ast.ClassDef):
            continue
        methods = {at.name: at for at in node.body if isinstance(at, ast.FunctionDef)}
        bound = set(methods) | {
            target.id
            for at in node.body
            if isinstance(at, ast.Assign)
            for target in at.targets
            if isinstance(target, ast.Name)
        }
        for name, new in _SPECIAL.items():
            method = methods.get(name)
            if method is None or bound & set(re.findall(r"__\w+__", new)):
                continue
            if name == "next" and ("__iter__" not in methods or len(method.args.args) != 1):
                continue
            line = method.lineno
            yield Finding(
                span=Span(line, 0, line, len(rows[line - 1])),
                code=CODE,
                message=f"Python 2: Python 3 calls {new} where Python 2 called `{name}`.",
                outcome=Outcome.MANUAL,
                before=rows[line - 1].strip(),
                recipe=f"Name the method {new}; `{name} = ...` beside it serves both.",
                family="python2",
                safety=Safety.MANUAL,
            )


class _NoPython(Exception):
    """Why nothing could be made of a text."""


def _made(text: str, done: dict[int, set[str]]) -> str:
    """Return Python 3 made of ``text``; ``done`` gets line -> names of fixers."""
    spaced = text
    for again in (False, True):
        try:
            new = _tidied(_refactored(spaced, done))
            parsed(new)
            return new
        except TabError as error:
            if again:
                raise _NoPython(_short(error)) from None
            spaced = _without_tabs(text)
        except _Unread as error:
            raise _NoPython(f"fissix cannot read it ({error})") from None
        except (SyntaxError, ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None)
            where = f"line {line}: " if line else ""
            raise _NoPython(
                f"what fissix made of it is no Python 3 ({where}{_short(error)})"
            ) from None
    raise AssertionError


class _Unread(Exception):
    """What fissix's parser says."""


def _tidied(text: str) -> str:
    """Return ``text`` without the second pair of parentheses and the ``as`` that fissix leaves."""
    text = re.sub(r"(?m)^([ \t]*import (\w+)) as \2(?=[ \t]*(?:#|$))", r"\1", text)
    module = Module(text)
    spans = []
    for node in module.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
            and len(node.args) == 1
            and not node.keywords
            and not isinstance(node.args[0], (ast.Tuple, ast.GeneratorExp, ast.Starred))
        ):
            start, end = module.start(node), module.end(node)
            inner, outer = module.start(node.args[0]), module.end(node.args[0])
            if text[start:inner] == "print((" and text[outer:end] == "))":
                spans += [(inner - 1, inner), (outer, outer + 1)]
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def _short(error: BaseException) -> str:
    return (getattr(error, "msg", None) or str(error) or type(error).__name__).splitlines()[0]


@functools.lru_cache(maxsize=2)
def _tool(prints: bool) -> Any:
    from fissix import refactor

    class Tool(refactor.RefactoringTool):  # type: ignore[misc]
        """Without a logger's words: what matters is in the result."""

        def log_message(self, msg: str, *args: object) -> None:
            pass

        def log_debug(self, msg: str, *args: object) -> None:
            pass

    names = [
        name
        for name in refactor.get_fixers_from_package("fissix.fixes")
        if name.rpartition(".fix_")[2] not in _LEFT_OUT
        and (prints or not name.endswith(".fix_print"))
    ]
    return Tool(names, {"print_function": not prints})


def _refactored(text: str, done: dict[int, set[str]]) -> str:
    """Return what fissix makes of ``text``; ``done`` gets line -> names of fixers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # where every print is a call already, it is one
        for prints in (False, True):
            done.clear()
            tool = _tool(prints)
            fixers = (*tool.pre_order, *tool.post_order)
            for fixer in fixers:
                _watch(fixer, done)
            try:
                tree = tool.refactor_string(text, "<file>")
            except Exception as error:  # whatever its parser makes of what is no Python at all
                if prints:
                    raise _Unread(_short(error)) from None
                continue
            finally:
                for fixer in fixers:
                    fixer.__dict__.pop("transform", None)
            if tree is not None:
                return str(tree)
    raise _Unread("it is neither Python 2 nor Python 3")


def _watch(fixer: Any, done: dict[int, set[str]]) -> None:
    transform = type(fixer).transform
    name = type(fixer).__module__.rpartition(".fix_")[2]

    def watched(node: Any, results: Any) -> Any:
        line, was = node.get_lineno(), node.was_changed
        new = transform(fixer, node, results)
        replaced = new is not None and new is not node
        if (replaced or (node.was_changed and not was)) and line is not None:
            done.setdefault(line, set()).add(name)
        return new

    fixer.transform = watched


def _without_tabs(text: str) -> str:
    """Return ``text`` indented with spaces; Python 2 takes a tab to the next column of eight."""
    inside = _string_lines(text)
    rows = text.split("\n")
    for number, row in enumerate(rows, 1):
        body = row.lstrip(" \t")
        indent = row[: len(row) - len(body)]
        if "\t" in indent and number not in inside:
            rows[number - 1] = indent.expandtabs(8) + body
    return "\n".join(rows)


def _string_lines(text: str) -> set[int]:
    """Return the lines that start inside a string."""
    from fissix.pgen2 import tokenize

    rows = iter(text.splitlines(keepends=True))
    found: set[int] = set()
    try:
        for kind, _, (start, _), (end, _), _ in tokenize.generate_tokens(lambda: next(rows, "")):
            if kind == tokenize.STRING:
                found.update(range(start + 1, end + 1))
    except Exception:  # the refactoring itself will say what is wrong
        return found
    return found


def _line_map(before: str, after: str) -> list[int]:
    """Return, for each line of ``after``, the line of ``before`` that it came from."""
    old, new = before.split("\n"), after.split("\n")
    found: list[int] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for _, low, high, start, end in matcher.get_opcodes():
        last = min(max(high - 1, low), len(old) - 1)
        found += [min(low + offset, last) + 1 for offset in range(end - start)]
    return found


def _edits(before: str, after: str, done: dict[int, set[str]]) -> Iterator[Finding]:
    old, new = before.split("\n"), after.split("\n")
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, low, high, start, end in matcher.get_opcodes():
        if kind == "equal":
            continue
        if high - low == end - start:
            for offset in range(high - low):
                yield _edit(old, low + offset, low + offset + 1, new[start + offset], done)
        else:
            yield _edit(old, low, high, "\n".join(new[start:end]), done)


def _edit(old: list[str], low: int, high: int, text: str, done: dict[int, set[str]]) -> Finding:
    names = {name for line in range(low + 1, max(high, low + 1) + 1) for name in done.get(line, ())}
    what = ", ".join(sorted(_SAID.get(name, name.replace("_", " ")) for name in names))
    if not what:
        rows = [row.strip() for row in old[low:high]]
        if any(row.startswith("except") for row in rows):
            what = _SAID["except"]
        elif rows == [row.strip() for row in text.split("\n")]:
            what = "tabs and spaces mixed in the indentation"
    first = min(low, len(old) - 1)
    last = max(first, high - 1)
    return Finding(
        span=Span(first + 1, 0, last + 1, len(old[last])),
        code=CODE,
        message=f"Python 2: {what or 'old syntax'}.",
        outcome=Outcome.REWRITTEN,
        tier=Tier.SESSION,
        before="\n".join(old[low:high]).strip(),
        after=text.strip(),
        family="python2",
        safety=Safety.REVIEW,
    )


def _divisions(before: str, after: str, tree: ast.Module, lines: list[int]) -> Iterator[Finding]:
    """Yield the divisions that Python 2 may have rounded down."""
    if re.search(r"(?m)^\s*from\s+__future__\s+import\b.*\bdivision\b", before):
        return
    rows = before.split("\n")
    for node in divisions(tree):
        line = lines[node.lineno - 1]
        yield Finding(
            span=Span(line, 0, line, len(rows[line - 1])),
            code=DIVISION,
            message=f"`{ast.unparse(node)}` was rounded down in Python 2 if both are integers.",
            outcome=Outcome.MANUAL,
            before=rows[line - 1].strip(),
            recipe="Write `//` where the result counts something; leave `/` where it is a number.",
            family="python2",
            safety=Safety.MANUAL,
        )
