"""What became of a TensorFlow 1 symbol: its canonical spelling, whether it is left, its successor.

A symbol is spelled as TensorFlow 1.15's ``import tensorflow as tf`` shows it, ``tf.train.Saver``;
private ones with the package's own path, ``tf.python.training.saver.Saver``.  The facts come from
tables that ``tests/tools/make_symbol_tables.py`` writes out of real installations of TensorFlow
1.15.5 and 2.21; only the successors are written by hand.  Nothing here imports TensorFlow.
"""

from __future__ import annotations

import enum
import functools
import os

__all__ = ["Status", "canonical", "in_tensorflow1", "in_tensorflow2", "status", "successor"]

_DATA = os.path.join(os.path.dirname(__file__), "data")
_PRIVATE = frozenset({"python", "core", "examples", "tools"})


class Status(str, enum.Enum):
    """What TensorFlow 2.21 still has of a symbol, seen from ``tensorflow.compat.v1``."""

    PRESENT = "present"  #: there as it is
    LEGACY_KERAS = "legacy-keras"  #: there with tf-keras and ``TF_USE_LEGACY_KERAS=1``
    GONE = "gone"  #: in no namespace any more
    TF2_ONLY = "tf2-only"  #: in ``tensorflow``, not in ``tensorflow.compat.v1``
    UNKNOWN = "unknown"  #: TensorFlow never had it

    def __str__(self) -> str:
        return str(self.value)


_STATES = {
    "=": Status.PRESENT,
    "~": Status.PRESENT,
    "1": Status.PRESENT,
    "k": Status.LEGACY_KERAS,
    "K": Status.LEGACY_KERAS,
    "2": Status.TF2_ONLY,
    "-": Status.GONE,
}


def canonical(dotted: str) -> str:
    """Return the one spelling that stands for all names of an object in TensorFlow 1.15.5.

    ``tf.saved_model.builder.SavedModelBuilder`` gives ``tf.saved_model.Builder``,
    ``tf.python.training.saver.Saver`` and ``tf.compat.v1.train.Saver`` give ``tf.train.Saver``,
    and ``tf.contrib.rnn.BasicLSTMCell``, which is the same class, gives
    ``tf.nn.rnn_cell.BasicLSTMCell``.  Of a name that is not known, the longest part that is
    stands for itself and the rest is kept.

    The answer names the same object; whether TensorFlow 2.21 still has the *spelling* that was
    asked about is for :func:`status`.
    """
    parts = _parts(dotted)
    for cut in range(len(parts), 0, -1):
        target = _section("aliases.txt", ".".join(parts[: cut - 1])).get(parts[cut - 1])
        if target is not None:
            if target == ".":
                target = parts[cut - 1]
            elif target.endswith("."):
                target += parts[cut - 1]
            return ".".join(["tf", target, *parts[cut:]])
    return ".".join(["tf", *parts])


def status(dotted: str) -> Status:
    """Return what TensorFlow 2.21 has of ``dotted``.

    Attributes of a class or function count as the class or function.  A name below
    ``tf.python`` is PRESENT when ``tensorflow.python`` has it; one that TensorFlow dropped
    before 1.15 is GONE where :func:`successor` knows it.  ``tf.compat.v2`` names what
    ``tensorflow`` has.
    """
    parts = _parts(dotted)
    if not parts:
        return Status.PRESENT
    if parts[0] in _PRIVATE:
        return _private_status(parts)
    if parts[:2] == ["compat", "v2"] and len(parts) > 2:
        found = _state(parts[2:])
        if found and found[0] in "=~2K":
            return Status.PRESENT
        return Status.GONE if found == "-" else Status.UNKNOWN
    found = _state(parts)
    if found:
        return _STATES[found[0]]
    return Status.GONE if _written_successor(parts) else Status.UNKNOWN


def in_tensorflow1(dotted: str) -> bool:
    """Tell whether the public symbol ``dotted`` is one of TensorFlow 1.15.5's.

    ``tf.function`` is; ``tf.config.list_physical_devices`` and whatever is TF2_ONLY are not, so a
    file that uses them was written for TensorFlow 2.  Below ``tf.contrib`` and ``tf.estimator``
    everything counts.
    """
    found = _state(_parts(dotted))
    return bool(found) and not found.endswith("+")


def in_tensorflow2(dotted: str, *, same: bool = False) -> bool:
    """Tell whether ``tensorflow.<name>`` exists on 2.21 (what ``import tensorflow as tf`` shows).

    With ``same``, only if it is the very object that ``tensorflow.compat.v1`` has under that
    name, so that dropping ``compat.v1`` changes nothing: true of ``tf.matmul``, false of
    ``tf.reduce_mean``, whose parameters differ, and of all of ``tf.keras``, which is Keras 3.
    """
    found = _state(_parts(dotted))
    return bool(found) and found[0] in ("=" if same else "=~2K")


def successor(dotted: str) -> str | None:
    """Return what to use instead of a symbol that is gone, in one sentence.

    The text of the longest prefix that has one.  A spelling that is gone while TensorFlow 2.21
    has the object under its public name gets that name.  None for symbols that are still there,
    for unknown ones, and where there is nothing to say.
    """
    parts = _parts(dotted)
    if status(dotted) is not Status.GONE:
        return None
    public = canonical(dotted)
    if public != ".".join(["tf", *parts]):
        left = status(public)
        name = public.replace("tf.", "tf.compat.v1.", 1)
        if left is Status.PRESENT:
            return f"`{name}` is the same object."
        if left is Status.LEGACY_KERAS:
            return f"`{name}` is the same object; it needs tf-keras and TF_USE_LEGACY_KERAS=1."
        return _written_successor(_parts(public)) or _written_successor(parts)
    return _written_successor(parts)


def _parts(dotted: str) -> list[str]:
    """Return the path below ``tf``, with ``compat.v1`` (which is ``tf`` itself) dropped."""
    first, *parts = dotted.split(".")
    if first not in ("tf", "tensorflow"):
        raise ValueError(f"{dotted!r} does not start with 'tf.'")
    while parts[:2] == ["compat", "v1"]:
        parts = parts[2:]
    return parts


def _state(parts: list[str]) -> str:
    """Return the state of a public symbol as the table spells it, "" for an unknown one."""
    state = ""
    for depth, part in enumerate(parts):
        section = _section("symbols.txt", ".".join(parts[:depth]))
        if not section:
            return state  # an attribute of a class or function
        state = section.get(part, "")
        if not state or state[0] == "-":
            return state
    return state


def _private_status(parts: list[str]) -> Status:
    """Return whether 2.21 has a path below ``tensorflow`` that is not public."""
    for depth, part in enumerate(parts):
        section = _section("private.txt", ".".join(parts[:depth]))
        state = section.get(part)
        if state == "-":
            return Status.GONE
        if state is None:
            # an unlisted name of a module is still there, of a package it never was or is gone
            package = depth == 0 or "=" in section.values()
            return Status.GONE if package else Status.PRESENT
    return Status.PRESENT


def _written_successor(parts: list[str]) -> str | None:
    table = _successors()
    for cut in range(len(parts), 0, -1):
        text = table.get(".".join(parts[:cut]))
        if text is not None:
            return text
    return None


@functools.cache
def _successors() -> dict[str, str]:
    rows = (
        line.partition(": ") for line in _text("successors.txt").splitlines() if line[:1] != "#"
    )
    return {name: text for name, colon, text in rows if colon}


@functools.cache
def _section(table: str, name: str) -> dict[str, str]:
    """Return one section of a table by the names in it; the others are not parsed."""
    text = _text(table)
    start = text.find(f"\n[{name}]\n")
    if start < 0:
        return {}
    start += len(name) + 4
    end = text.find("\n[", start - 1)
    rows = (
        line.split(" ", 1) for line in text[start : end if end >= 0 else None].split("\n") if line
    )
    if table == "aliases.txt":
        return dict(rows)
    return {leaf: state for state, leaf in rows}


@functools.cache
def _text(table: str) -> str:
    with open(os.path.join(_DATA, table), encoding="utf-8") as stream:
        return stream.read()
