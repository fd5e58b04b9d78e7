"""The import lines of a file whose session was lifted."""

from __future__ import annotations

import ast

from migrator.lift.kinds import Refusal
from migrator.lift.text import Edit
from migrator.names import Module

__all__ = ["bridge_place", "import_edits", "tensorflow_name", "without_unused"]

_KERAS = 'os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")'


def tensorflow_name(module: Module) -> str:
    """Return the name that TensorFlow is imported as.

    Raises:
        Refusal: it is not imported by one plain import.
    """
    return _plain(module)[0]


def _plain(module: Module) -> tuple[str, ast.stmt, bool]:
    """Return the name of TensorFlow, the statement that imports it, and whether it changes."""
    found: list[tuple[str, ast.stmt, bool]] = []
    for node in module.imports:
        if isinstance(node, ast.ImportFrom):
            if node.module == "tensorflow.compat" and [a.name for a in node.names] == ["v1"]:
                found.append((node.names[0].asname or "v1", node, True))
            continue
        for alias in node.names:
            if alias.name == "tensorflow":
                found.append((alias.asname or alias.name, node, False))
            elif alias.name == "tensorflow.compat.v1" and alias.asname and len(node.names) == 1:
                found.append((alias.asname, node, True))
    stars = any(name.startswith("tensorflow") for name, _ in module.root.stars)
    if len(found) != 1 or stars or module.parents[found[0][1]] is not module.tree:
        raise Refusal(
            module.imports[0] if module.imports else module.tree,
            "import",
            "TensorFlow is not imported by one plain `import tensorflow as tf`",
        )
    return found[0]


def import_edits(module: Module, bridge_import: str, legacy_keras: bool) -> list[Edit]:
    """Return the edits of the import lines.

    Args:
        module: the file.
        bridge_import: the statement that binds ``tf2_bridge``.
        legacy_keras: whether Keras 2 must be asked for ahead of the import of TensorFlow.

    Raises:
        Refusal: a line cannot be changed by itself.
    """
    name, plain, changes = _plain(module)
    edits: list[Edit] = []
    text = module.text
    if changes:
        edits.append((module.start(plain), module.end(plain), f"import tensorflow as {name}"))
    line_end = text.find("\n", module.end(plain)) + 1 or len(text)
    if text[module.end(plain) : line_end].strip() not in ("",) and (
        not text[module.end(plain) : line_end].strip().startswith("#")
    ):
        raise Refusal(plain, "layout", "the import of TensorFlow shares its line")
    has_bridge = any(
        isinstance(node, (ast.Import, ast.ImportFrom)) and ast.unparse(node) == bridge_import
        for node in module.tree.body
    )
    if not has_bridge:
        at = bridge_place(module, plain)
        lead = "" if text[:at].endswith("\n") else "\n"
        edits.append((at, at, f"{lead}{bridge_import}\n"))
    for node in module.imports:
        if node is plain or not _is_tensorflow(node):
            continue
        if isinstance(node, ast.Import) and len(node.names) > 1:
            raise Refusal(node, "import", "a part of TensorFlow shares its import line")
        start = module.offset(node.lineno, 0)
        end = text.find("\n", module.end(node)) + 1 or len(text)
        if text[start : module.start(node)].strip() or text[module.end(node) : end].strip():
            raise Refusal(node, "import", "something stands beside an import that goes")
        block = getattr(module.parents[node], "body", [])
        if module.parents[node] is not module.tree and block == [node]:
            raise Refusal(node, "import", "nothing would be left in the block of an import")
        edits.append((start, end, ""))
    if legacy_keras and "TF_USE_LEGACY_KERAS" not in text:
        edits += _keras(module, plain)
    return edits


def without_unused(text: str, tensorflow: str) -> str:
    """Return a new text without the import of TensorFlow, if nothing in it needs that any more."""
    if tensorflow in Module(text).by_name:
        return text
    name = "" if tensorflow == "tensorflow" else f" as {tensorflow}"
    return text.replace(f"import tensorflow{name}\n", "", 1)


def bridge_place(module: Module, plain: ast.stmt) -> int:
    """Return where the import of the bridge goes: behind the imports that TensorFlow's is among."""
    last = plain
    body = module.tree.body
    for node in body[body.index(plain) + 1 :]:
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            break
        if not _is_tensorflow(node):
            last = node
    return module.text.find("\n", module.end(last)) + 1 or len(module.text)


def _is_tensorflow(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import is of a part of TensorFlow, which the new text spells in full."""
    if isinstance(node, ast.ImportFrom):
        module = "" if node.level else node.module or ""
        names = [f"{module}.{alias.name}" for alias in node.names]
    else:
        names = [alias.name for alias in node.names]
    return any(
        name.partition(".")[0] == "tensorflow" and not name.startswith("tensorflow.examples")
        for name in names
    )


def _keras(module: Module, plain: ast.stmt) -> list[Edit]:
    """Return the edits that ask for Keras 2 ahead of the first import of the file."""
    text = module.text
    first = next(
        node
        for node in module.tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and not (isinstance(node, ast.ImportFrom) and node.module == "__future__")
    )
    edits: list[Edit] = []
    for node in module.tree.body:
        if isinstance(node, ast.Import) and [(a.name, a.asname) for a in node.names] == [
            ("os", None)
        ]:
            start = module.offset(node.lineno, 0)
            end = text.find("\n", module.end(node)) + 1 or len(text)
            if not text[module.end(node) : end].strip() and node.lineno < plain.lineno:
                if node is first:
                    blank = "" if text[end : end + 1] == "\n" else "\n"
                    return [*edits, (end, end, f"\n{_KERAS}\n{blank}")]
                edits.append((start, end, ""))
            elif not text[module.end(node) : end].strip():
                edits.append((start, end, ""))
    at = module.offset(first.lineno, 0)
    edits.append((at, at, f"import os\n\n{_KERAS}\n\n"))
    return edits
