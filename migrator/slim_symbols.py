"""Where tf_slim has what ``tf.contrib.slim``, ``layers`` and ``framework`` had.

The facts are those of ``migrator/data/slim.txt``, which ``tests/tools/make_slim_table.py`` writes
out of installations of TensorFlow 1.15 and of tf_slim.
"""

from __future__ import annotations

import functools
from importlib.resources import files

__all__ = ["FAMILIES", "lost", "successor"]

FAMILIES = ("tf.contrib.slim", "tf.contrib.layers", "tf.contrib.framework")


def successor(dotted: str) -> str | None:
    """Return how ``dotted`` is spelled below the bridge, or None where tf_slim has no such thing.

    ``tf.contrib.slim.conv2d`` gives ``slim.conv2d``, ``tf.contrib.layers`` gives ``layers``,
    ``tf.contrib.framework.arg_scope`` gives ``slim.arg_scope``.
    """
    parts = dotted.split(".")[1:]
    # what is an attribute first: `ops.arg_scope` is the function, not the module of that name
    for whole in (True, False):
        for cut in range(2, len(parts) + 1):
            section, names = ".".join(parts[:cut]), parts[cut:]
            if section in _sections() and _has(section, names, whole=whole):
                return _spelled(section, names)
    return None


def lost(module: str, names: list[str]) -> bool:
    """Tell whether the attribute path ``names`` of ``module`` leads nowhere in tf_slim."""
    section = module.partition(".")[2]
    if section == "contrib.slim" and names[:1] == ["nets"]:
        section, names = "contrib.slim.nets", names[1:]
    return section in _sections() and not _has(section, names)


def _has(section: str, names: list[str], *, whole: bool = False) -> bool:
    """Tell whether tf_slim has the path, with ``whole`` without attributes of a symbol."""
    for index, name in enumerate(names):
        target = _sections().get(section, {}).get(name)
        if target is None:
            return False
        if not target:
            return not whole or index == len(names) - 1
        section = target
    return True


def _spelled(section: str, names: list[str]) -> str | None:
    """Return ``names`` of ``section`` as a path from ``slim`` or ``layers``."""
    top, place = _sections()["contrib.slim"], _sections()[section]["="]
    if section != "contrib.layers" and names and top.get(names[0]) == "" and _shared(place):
        return ".".join(["slim", *names])
    if place in (".", "layers"):
        return ".".join(["slim" if place == "." else "layers", *names])
    if place.startswith("nets"):
        return ".".join(["slim", place, *names])
    for name, target in top.items():
        if name != "=" and target and _sections().get(target, {}).get("=") == place:
            return ".".join(["slim", name, *names])
    return None


def _shared(place: str) -> bool:
    """Tell whether tf_slim itself has the public names of this module of its."""
    return place.partition(".")[0] in ("", "layers", "ops")


@functools.cache
def _sections() -> dict[str, dict[str, str]]:
    """Return section -> name -> "" for a symbol, the section of a module; "=" is the place."""
    found: dict[str, dict[str, str]] = {}
    rows: dict[str, str] = {}
    text = (files("migrator") / "data" / "slim.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            rows = found[line[1:-1]] = {}
        elif line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            rows[name] = rest
    return found
