"""Requirements in files of further formats: setup.py, TOML, conda, images and commands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from migrator.names import Module
from migrator.pins.found import CONTRADICTS, PIN, Answer
from migrator.pins.lines import Place, quoted, requirement_lines
from migrator.pins.needs import (
    IMAGE,
    TENSORFLOW,
    WANTED,
    Requirement,
    admits,
    normal,
    python_fits,
    requirement,
)
from migrator.results import Outcome

__all__ = ["commands", "conda", "config", "images", "pythons", "setup", "toml"]

_KEYWORDS = frozenset({"install_requires", "tests_require", "setup_requires", "extras_require"})


def setup(text: str) -> Iterator[Place]:
    """Yield the requirements of a ``setup.py``, in lists and in strings that have a name."""
    if "tensorflow" not in text:
        return
    try:
        module = Module(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in module.nodes:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        found = requirement(node.value)
        parent = module.parents[node]
        if found is None or not isinstance(parent, (ast.List, ast.Tuple, ast.Set, ast.Assign)):
            continue
        rest = node.value[found.end :].strip()
        if rest and not rest.startswith(";"):
            continue
        source = module.source(node)
        body = re.match(r"""[rbuRBU]*(['"])(?!\1\1)""", source)
        if body is None or node.value != source[body.end() : -1]:
            continue  # joined, or with escapes
        if not found.spec and not _required(module, node):
            continue
        begin = module.start(node) + body.end()
        yield Place(
            begin,
            begin + found.end,
            found,
            rest[1:].strip(),
            str,
            _beside(module, node, body[1]) if not isinstance(parent, ast.Assign) else None,
            listed=module.start(parent),
        )


def _required(module: Module, node: ast.AST) -> bool:
    """Whether a string is an item of what setup() is told to require."""
    for at in module.ancestors(node):
        if isinstance(at, ast.keyword):
            return at.arg in _KEYWORDS
        if isinstance(at, ast.Assign) and isinstance(at.targets[0], ast.Name):
            return bool(re.search(r"(?i)requir|depend|install", at.targets[0].id))
    return False


def _beside(module: Module, node: ast.Constant, quote: str):  # type: ignore[no-untyped-def]
    end, start = module.end(node), module.start(node)
    line = module.text.rfind("\n", 0, start) + 1
    indent = module.text[line:start]
    newline = "\r\n" if "\r\n" in module.text else "\n"
    between = f",{newline}{indent}" if not indent.strip() else ", "

    def add(new: str) -> tuple[int, int, str]:
        return (end, end, f"{between}{quote}{new}{quote}")

    return add


_SECTION = re.compile(r"(?m)^[ \t]*\[+[ \t]*(?P<name>[^\]\r\n]+?)[ \t]*\]+")
_ENTRY = re.compile(
    r"(?m)^(?P<indent>[ \t]*)(?P<name>[\w.-]+|\"[\w.-]+\")[ \t]*=[ \t]*"
    r"(?:\"(?P<spec>[^\"\r\n]*)\"|'(?P<single>[^'\r\n]*)'"
    r"|\{[^}\r\n]*\bversion[ \t]*=[ \t]*(?P<q>[\"'])(?P<inner>[^\"'\r\n]*)(?P=q)[^}\r\n]*\})"
)
_ARRAY = re.compile(r"(?m)^[ \t]*(?P<name>[\w.-]+)[ \t]*=[ \t]*\[")


def toml(text: str) -> Iterator[Place]:
    """Yield the requirements of ``pyproject.toml`` and ``Pipfile``: arrays and tables."""
    sections = list(_SECTION.finditer(text))
    for number, section in enumerate(sections):
        start = section.end()
        end = sections[number + 1].start() if number + 1 < len(sections) else len(text)
        name = section["name"]
        table = "poetry" in name and "dependencies" in name
        if table or name in ("packages", "dev-packages"):
            yield from (replace(place, listed=start) for place in _entries(text, start, end))
            continue
        for array in _ARRAY.finditer(text, start, end):
            wanted = array["name"] in ("dependencies", "requires", "requires-dist")
            if wanted or "optional-dependencies" in name or name == "dependency-groups":
                close = _closing(text, array.end() - 1)
                for place in quoted(text, array.end(), close):
                    yield replace(place, listed=array.end())


def _closing(text: str, at: int) -> int:
    depth = 0
    quote = ""
    for place in range(at, len(text)):
        char = text[place]
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if depth == 0:
                return place
    return len(text)


def _entries(text: str, start: int, end: int) -> Iterator[Place]:
    newline = "\r\n" if "\r\n" in text else "\n"
    for match in _ENTRY.finditer(text, start, end):
        group = next(name for name in ("spec", "single", "inner") if match[name] is not None)
        name = match["name"].strip('"')
        if normal(name) == "python":
            continue
        found = Requirement(
            normal(name),
            name,
            "",
            match[group].replace("*", "", 1) if match[group] == "*" else match[group],
            0,
        )
        stop = text.find("\n", match.end())
        stop = len(text) if stop < 0 else stop + 1

        def add(new: str, at: int = stop, indent: str = match["indent"]):  # type: ignore[no-untyped-def]
            wanted = requirement(new)
            assert wanted is not None
            return (at, at, f'{indent}{wanted.spelled} = "{wanted.spec}"{newline}')

        renamed = found.name in TENSORFLOW and found.name != "tensorflow"
        locked = "and the name of the package changes, too" if renamed else None
        yield Place(match.start(group), match.end(group), found, "", _only_spec, add, locked)


def _only_spec(new: str) -> str:
    found = requirement(new)
    assert found is not None
    return found.spec


_ITEM = re.compile(r"(?m)^(?P<indent>[ \t]*)-[ \t]+(?P<quote>[\"']?)(?P<body>[A-Za-z][^\r\n#\"']*)")


def conda(text: str) -> Iterator[Place]:
    """Yield the requirements of an ``environment.yml``; conda's own have one ``=``."""
    newline = "\r\n" if "\r\n" in text else "\n"
    pip = re.search(r"(?m)^[ \t]*-[ \t]+[\"']?pip[\"']?:", text)
    for match in _ITEM.finditer(text):
        body = re.sub(r"^[\w-]+::", lambda channel: " " * len(channel[0]), match["body"])
        skipped = len(body) - len(body.lstrip())
        found = requirement(body.lstrip())
        if found is None or (
            body.lstrip()[found.end :].strip(" \t=") not in ("",) and not found.spec
        ):
            continue
        if body.rstrip().endswith(":"):
            continue
        begin = match.start("body") + skipped
        by_pip = pip is not None and match.start() > pip.start()
        # ``tensorflow=1.15=gpu_py37h0`` ends with a build
        end = match.end("body") - (len(match["body"]) - len(match["body"].rstrip()))
        stop = text.find("\n", match.end())
        stop = len(text) if stop < 0 else stop + 1

        def add(new: str, at: int = stop, indent: str = match["indent"]):  # type: ignore[no-untyped-def]
            return (at, at, f"{indent}- {new}{newline}")

        yield Place(begin, end, found, "", _plain(by_pip), add if by_pip else None)


def _plain(by_pip: bool):  # type: ignore[no-untyped-def]
    def write(new: str) -> str:
        return new if by_pip else new.replace("[and-cuda]", "")

    return write


def config(text: str) -> Iterator[Place]:
    """Yield the requirements of ``setup.cfg`` and ``tox.ini``."""
    for match in re.finditer(
        r"(?m)^(?:install_requires|tests_require|setup_requires|deps)[ \t]*=[^\r\n]*", text
    ):
        end = re.compile(r"\r?\n(?![ \t\r\n])|\Z").search(text, match.end())
        assert end is not None
        yield from requirement_lines(text, match.end() + 1, end.start())
    extras = re.search(r"(?m)^\[options\.extras_require\][^\n]*\n", text)
    if extras is not None:
        end = re.compile(r"(?m)^\[|\Z").search(text, extras.end())
        assert end is not None
        for block in re.finditer(
            r"(?m)^[\w.-]+[ \t]*=[ \t]*\r?\n((?:[ \t]+[^\n]*\n?)+)",
            text[extras.end() : end.start()],
        ):
            begin = extras.end() + block.start(1)
            yield from requirement_lines(text, begin, extras.end() + block.end(1))


_FROM = re.compile(
    r"(?im)^(?P<head>[ \t]*(?:FROM[ \t]+(?:--platform=\S+[ \t]+)?|-?[ \t]*image:[ \t]*[\"']?))"
    r"(?P<image>(?P<repo>[\w./-]*?tensorflow/(?P<name>tensorflow|serving))(?::(?P<tag>[\w.-]+))?)"
)


def images(text: str) -> Iterator[Answer]:
    """Yield the images of TensorFlow 1 that a Dockerfile or a CI file starts from."""
    for match in _FROM.finditer(text):
        tag = match["tag"] or ""
        version = re.match(r"(\d+\.\d+)", tag)
        if version is None or admits(f"=={version[1]}.0"):
            continue
        start, end = match.span("image")
        shown = match["image"]
        if match["name"] == "serving":
            yield Answer(
                start,
                end,
                PIN,
                f"`{shown}` cannot serve what TensorFlow 2.16 or later exports.",
                Outcome.MANUAL,
                "Use an image of TensorFlow Serving 2.16 or later.",
                api="serving",
            )
            continue
        words = set(tag.split("-")[1:]) - {"py3", "py2"}
        if match["repo"] != "tensorflow/tensorflow" or words - {"gpu", "jupyter"}:
            yield Answer(
                start,
                end,
                PIN,
                f"`{shown}` holds TensorFlow 1.",
                Outcome.MANUAL,
                f"Start from `tensorflow/tensorflow:{IMAGE}` (`-gpu`, `-jupyter`), or from a Python"
                f" image with `tensorflow{WANTED}`.",
                api="tensorflow",
            )
            continue
        new = f"tensorflow/tensorflow:{IMAGE}" + "".join(
            f"-{word}" for word in ("gpu", "jupyter") if word in words
        )
        yield Answer(
            start,
            end,
            PIN,
            f"`{shown}` holds TensorFlow 1; `{new}` runs the migrated program.",
            Outcome.REWRITTEN,
            edits=((start, end, new),),
            api="tensorflow",
        )


_INSTALL = re.compile(
    r"\b(?:pip[\d.]*|conda|uv pip|mamba)[ \t]+install\b(?P<rest>(?:\\\r?\n|[^\r\n;&|#])*)"
)
_WORD = re.compile(
    r"""(?P<quote>["']?)(?P<body>(?:tensorflow|tf-nightly|tf[-_]keras|tf[-_]slim)[\w.-]*(?:\[[\w,-]*\])?"""
    r"""[^\s"';&|]*(?:[ \t]*[<>=!~]=?[ \t]*[\d.*]+)?)(?P=quote)"""
)


def commands(text: str) -> Iterator[Place]:
    """Yield the requirements that commands install (``pip install tensorflow==1.15``)."""
    for install in _INSTALL.finditer(text):
        for match in _WORD.finditer(text, *install.span("rest")):
            before = text[match.start() - 1 : match.start()]
            if before not in (" ", "\t", '"', "'"):
                continue
            found = requirement(match["body"])
            if found is None or match["body"][found.end :].strip():
                continue
            if not found.spec and found.name.startswith("tensorflow"):
                continue
            if "$" in match["body"]:
                continue
            quote = match["quote"]
            line = text.rfind("\n", 0, match.start()) + 1
            around = text[line : match.start()]
            locked = None
            if not quote and around.count("'") % 2 == 1:
                locked = "and the command stands in quotes"
            write = _shell(quote)

            def add(new: str, at: int = match.end(), write=write):  # type: ignore[no-untyped-def]
                return (at, at, " " + _shell("")(new))

            begin = match.start("body")
            yield Place(begin, begin + found.end, found, "", write, add, locked)


def _shell(quote: str):  # type: ignore[no-untyped-def]
    """Return how a requirement is written in a command: `<` and `>` need quotes."""

    def write(new: str) -> str:
        return new if quote else f"'{new}'"

    return write


def _asks(before: str, quoted: bool = True) -> re.Pattern[str]:
    spec = (
        r"[\"'](?P<spec>[^\"'\r\n]+)[\"']"
        if quoted
        else r"(?P<spec>[<>=!~]*[ \t]*\d[\d.*,<>= \t]*)"
    )
    return re.compile(before + spec)


_EQUALS = r"[ \t]*=[ \t]*"

#: How files ask for a Python, and the files' names.
_PYTHONS = (
    (_asks(rf"(?m)^[ \t]*python_requires{_EQUALS}", quoted=False), ("setup.cfg",)),
    (_asks(rf"\bpython_requires{_EQUALS}"), ("setup.py",)),
    (_asks(rf"(?m)^[ \t]*requires-python{_EQUALS}"), ("pyproject.toml",)),
    (_asks(rf"(?m)^[ \t]*python{_EQUALS}"), ("pyproject.toml",)),
    (_asks(rf"(?m)^[ \t]*python_(?:full_)?version{_EQUALS}"), ("Pipfile",)),
    (_asks(r"(?m)^[ \t]*-[ \t]+python[ \t]*(?=[<>=!~])", quoted=False), (".yml", ".yaml")),
    (_asks(r"(?im)^[ \t]*FROM[ \t]+python:", quoted=False), ("Dockerfile",)),
    (_asks(r"\Apython-", quoted=False), ("runtime.txt",)),
    (_asks(r"\A", quoted=False), (".python-version",)),
)


def pythons(name: str, text: str) -> Iterator[Answer]:
    """Yield what asks for a Python that today's TensorFlow does not run on."""
    for pattern, names in _PYTHONS:
        if not any(name.endswith(ending) or name.startswith(ending) for ending in names):
            continue
        for match in pattern.finditer(text):
            spec = match["spec"].strip().strip(",;")
            if python_fits(spec):
                continue
            yield Answer(
                match.start("spec"),
                match.end("spec"),
                CONTRADICTS,
                f"Python `{spec}` is older than TensorFlow 2.16 to 2.21 run on.",
                Outcome.MANUAL,
                "Ask for Python 3.10, 3.11, 3.12 or 3.13.",
                api="python",
            )
