"""Files that lift as one: a class that holds its session, and what makes it or inherits from it.

The texts are put together, in the order in which they import each other, lifted by the form for
classes, and taken apart again.  Each keeps its own imports.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from migrator.interface import Part
from migrator.lift.classes import lift_classes
from migrator.lift.kinds import Lifted, Refusal
from migrator.lift.wrapped.imports import tensorflow_name
from migrator.names import Binding, Module

__all__ = ["NOT_ONE", "lift_merged"]

#: How a refusal begins that is about the putting together.
NOT_ONE = "its files cannot be made one"

#: What stands for an import while the files are one, and what parts them: a lift leaves both alone.
_HELD, _CUT = "import _held_import_{}_{}", "import _next_file_{}"
_HELD_LINE = re.compile(r"^import _held_import_(\d+)_(\d+)\n", re.M)
_CUT_LINE = re.compile(r"^import _next_file_\d+\n", re.M)


@dataclass
class _Held:
    """A part without the imports that stand for something else while the files are one."""

    part: Part
    module: Module
    text: str
    imports: list[str]  #: as they were
    tensorflow: int | None  #: which of them is TensorFlow's
    lines: list[int]  #: line of ``text`` (from 0) -> line of the file


def lift_merged(parts: Sequence[Part], graph_names: frozenset[str]) -> tuple[Lifted, ...]:
    """Return what each part becomes.

    Args:
        parts: a file comes after those that it imports.
        graph_names: as in :func:`migrator.lift.lift`, of all parts.

    Raises:
        Refusal: they do not lift together; nothing is changed.
    """
    try:
        held = [_held(part, number) for number, part in enumerate(parts)]
        _check_names(held)
    except Refusal as refusal:
        sentence = f"{NOT_ONE}: {refusal.sentence}"
        raise Refusal(refusal.node, refusal.precondition, sentence) from None
    text, lines = "", []
    for number, one in enumerate(held):
        if number:
            text += _CUT.format(number) + "\n"
            lines.append((number, 0))
        text += one.text if one.text.endswith("\n") else one.text + "\n"
        lines += [(number, line) for line in one.lines]
    try:
        whole = lift_classes(Module(text), parts[0].path, parts[0].bridge_import, graph_names)
    except Refusal as refusal:
        row = getattr(refusal.node, "lineno", None)
        if row is None or row > len(lines):
            raise
        number, line = lines[row - 1]
        raise Refusal(
            refusal.node,
            refusal.precondition,
            f"{refusal.sentence} (`{parts[number].path}:{line}`)",
        ) from None
    pieces = _CUT_LINE.split(whole.text)
    if len(pieces) != len(parts):
        raise Refusal(held[0].module.tree, "layout", "the files could not be taken apart again")
    result = []
    for number, piece in enumerate(pieces):
        answers = {
            (lines[row - 1][1], column): answer
            for (row, column), answer in whole.answers.items()
            if lines[row - 1][0] == number
        }
        new = _restored(piece, held, number, "tf-keras" in whole.requirements)
        needed = whole.parts if "tf2_bridge." in new else frozenset()
        result.append(replace(whole, text=new, answers=answers, parts=needed))
    return tuple(result)


def _held(part: Part, number: int) -> _Held:
    if "\r" in part.text or "\f" in part.text:
        raise Refusal(ast.Module([], []), "layout", f"`{part.path}` has unusual line ends")
    module = Module(part.text)
    rows = part.text.splitlines(keepends=True)
    lines: list[int] = list(range(1, len(rows) + 1))
    out: list[str | None] = list(rows)
    imports: list[str] = []
    tensorflow = None
    for node in module.imports:
        own = isinstance(node, ast.ImportFrom) and (node.module or "", node.level) in part.imports
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        base = isinstance(node, ast.Import) and any(
            alias.name in ("tensorflow", "tensorflow.compat.v1") for alias in node.names
        )
        if not own and not (number and (future or base)):
            if isinstance(node, ast.Import) and any(
                (a.name, 0) in part.imports for a in node.names
            ):
                raise Refusal(
                    node, "import", f"`{part.path}` imports a whole module of the program"
                )
            continue
        last = node.end_lineno or node.lineno
        alone = rows[last - 1][node.end_col_offset or 0 :].strip() == ""
        if node not in module.tree.body or node.col_offset or not alone:
            raise Refusal(node, "import", f"an import of `{part.path}` shares its line")
        if own and any(alias.asname or alias.name == "*" for alias in node.names):
            raise Refusal(node, "import", f"`{part.path}` imports under another name")
        if base:
            tensorflow_name(module)  # refuses what is no plain import
            tensorflow = len(imports)
        out[node.lineno - 1] = _HELD.format(number, len(imports)) + "\n"
        out[node.lineno : last] = [None] * (last - node.lineno)
        imports.append("".join(rows[node.lineno - 1 : last]).rstrip("\n"))
    kept = [(text, line) for text, line in zip(out, lines, strict=True) if text is not None]
    return _Held(
        part,
        module,
        "".join(text for text, _ in kept),
        imports,
        tensorflow,
        [line for _, line in kept],
    )


def _check_names(held: Sequence[_Held]) -> None:
    """Refuse files of which a name means two things."""
    names = {tensorflow_name(held[0].module)}
    names |= {tensorflow_name(one.module) for one in held if one.tensorflow is not None}
    if len(names) > 1:
        raise Refusal(held[0].module.tree, "import", "the files name TensorFlow differently")
    seen: dict[str, tuple[str, str | None]] = {}
    for one in held:
        for name, bindings in one.module.root.bindings.items():
            meaning = _meaning(bindings)
            given = [b for b in bindings if b.module is not None]
            if given and all(b.module[:2] in one.part.imports for b in given if b.module):
                continue  # it is the other part's own
            before = seen.setdefault(name, (one.part.path, meaning))
            if before[0] != one.part.path and (meaning is None or meaning != before[1]):
                raise Refusal(
                    bindings[0].node,
                    "one meaning",
                    f"`{name}` means something in `{before[0]}` and in `{one.part.path}`",
                )


def _meaning(bindings: Sequence[Binding]) -> str | None:
    """Return what an imported name is, or None for any other."""
    found = {
        b.dotted.replace("tensorflow.compat.v1", "tensorflow")
        if b.dotted is not None
        else repr(b.module)
        for b in bindings
        if isinstance(b.node, (ast.Import, ast.ImportFrom))
    }
    return found.pop() if len(found) == len(bindings) == 1 else None


def _restored(text: str, held: Sequence[_Held], number: int, keras: bool) -> str:
    """Return the text of one part with its imports.

    The first sets the switch for Keras 2 ahead of its import of TensorFlow, used or not.
    """
    one = held[number]
    found = [(int(part), int(at)) for part, at in _HELD_LINE.findall(text)]
    if sorted(found) != [(number, at) for at in range(len(one.imports))]:
        raise Refusal(one.module.tree, "layout", "an import would not stay where it is")

    def spelled(match: re.Match[str]) -> str:
        at = int(match[2])
        if at != one.tensorflow:
            return one.imports[at] + "\n"
        name = tensorflow_name(one.module)
        lines = ""
        if re.search(rf"(?<![\w.]){name}\.", text):
            lines += "import tensorflow" + ("" if name == "tensorflow" else f" as {name}") + "\n"
        return lines + (one.part.bridge_import + "\n" if "tf2_bridge." in text else "")

    if number and one.tensorflow is None and "tf2_bridge." in text:
        raise Refusal(one.module.tree, "import", f"`{one.part.path}` does not import TensorFlow")
    new = _HELD_LINE.sub(spelled, text)
    if not number and not keras:
        new = _without_tensorflow(new)
    return new if one.part.text.endswith("\n") else new.rstrip("\n")


def _without_tensorflow(text: str) -> str:
    """Return ``text`` without an import of TensorFlow that the other parts alone needed."""
    module = Module(text)
    name = tensorflow_name(module)
    if any(isinstance(node, ast.Name) and node.id == name for node in module.nodes):
        return text
    return re.sub(rf"^import tensorflow(?: as {name})?\n", "", text, count=1, flags=re.M)
