"""Where TensorFlow 2.21, or the bridge, has what TensorFlow 1 had under another name.

The facts are those of ``migrator/data/moved.txt``, which ``tests/tools/make_moved_table.py`` writes
and checks against installations of TensorFlow 1.15 and 2, and of ``aliases.txt``: a spelling that
is gone whose object has another one that is left.
"""

from __future__ import annotations

import ast
import functools
import inspect
import os
from dataclasses import dataclass

from migrator.symbols import Status, canonical, status

__all__ = ["Moved", "moved", "needs_keras", "needs_slim"]

_DATA = os.path.join(os.path.dirname(__file__), "data", "moved.txt")


@dataclass(frozen=True, slots=True)
class Moved:
    """What takes the place of a symbol."""

    target: str  #: an expression; its names are ``tf``, ``tf2_bridge`` and the parameters
    parameters: str | None = None  #: of the old function, where its calls have to be adapted
    part: str | None = None  #: of the bridge, which holds the target
    keras: bool = False  #: it needs tf-keras
    old: bool = False  #: TensorFlow dropped the name before 1.15

    @property
    def signature(self) -> inspect.Signature:
        """The parameters of the old function; a default is the text of an expression."""
        given = ast.parse(f"def f({self.parameters or ''}): pass").body[0]
        assert isinstance(given, ast.FunctionDef)
        names = given.args.args
        defaults = [None] * (len(names) - len(given.args.defaults)) + list(given.args.defaults)
        return inspect.Signature(
            [
                inspect.Parameter(
                    name.arg,
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=inspect.Parameter.empty if value is None else ast.unparse(value),
                )
                for name, value in zip(names, defaults, strict=True)
            ]
        )


def moved(dotted: str) -> Moved | None:
    """Return what takes the place of ``dotted``, a symbol that is gone; None where nothing does.

    A path into the implementation of a part of contrib counts as the public name of that part;
    an attribute of a class that moved as the attribute of the one it moved to.
    """
    parts = dotted.split(".")[1:]
    if parts[:1] == ["contrib"] and "python" in parts[2:]:
        inside = parts[parts.index("python", 2) + 1 :]
        for cut, name in enumerate(inside):
            # the name of a class or function, which may have attributes
            found = moved(".".join(["tf", *parts[:2], name]))
            if found is not None and _looked_up(parts) is None:
                return _with(found, inside[cut + 1 :])
    for cut in range(len(parts), 0, -1):
        found = _looked_up(parts[:cut])
        if found is not None:
            return _with(found, parts[cut:])
    name = canonical(dotted)
    if name == dotted or status(dotted) is not Status.GONE:
        return None
    left = status(name)
    if left is Status.PRESENT or left is Status.LEGACY_KERAS:
        return Moved(name, keras=left is Status.LEGACY_KERAS)
    return None


def needs_slim(dotted: str) -> bool:
    """Tell whether what takes the place of a symbol that is gone needs tf-slim."""
    found = moved(dotted)
    return found is not None and found.part == "slim"


def needs_keras(dotted: str) -> bool:
    """Tell whether what takes the place of a symbol that is gone needs tf-keras."""
    found = moved(dotted)
    return found is not None and found.keras


def _with(found: Moved, rest: list[str]) -> Moved | None:
    if not rest:
        return found
    if found.parameters is not None or not found.target.replace(".", "").isidentifier():
        return None
    return Moved(".".join([found.target, *rest]), None, found.part, found.keras, found.old)


def _looked_up(parts: list[str]) -> Moved | None:
    return _table().get(".".join(parts))


@functools.cache
def _table() -> dict[str, Moved]:
    """Return symbol -> what takes its place, of lines ``name(parameters) -> target  # flags``."""
    found: dict[str, Moved] = {}
    section = ""
    with open(_DATA, encoding="utf-8") as stream:
        for line in stream:
            line = line.rstrip("\n")
            if line[:1] == "[":
                section = line[1:-1]
            elif line and line[0] != "#":
                left, _, right = line.partition(" -> ")
                target, _, words = right.partition("  # ")
                name, opened, parameters = left.partition("(")
                flags = words.split()
                part = [word[5:] for word in flags if word.startswith("part:")]
                found[f"{section}.{name}" if section else name] = Moved(
                    target,
                    parameters[:-1] if opened else None,
                    part[0] if part else None,
                    "keras" in flags,
                    "old" in flags,
                )
    return found
