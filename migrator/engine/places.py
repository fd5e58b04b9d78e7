"""Places that the engine finds by itself: keep comments, calls on an unknown ``tf``."""

from __future__ import annotations

import ast
import io
import re
import tokenize

from migrator.names import Module
from migrator.tree import nodes_of

__all__ = ["lower_first", "outdented", "suppressions", "unresolved"]

_KEEP = re.compile(r"#\s*migrator:\s*keep\b(?:\[(?P<codes>[^\]]*)\])?", re.IGNORECASE)

#: The last two names of a chain that can hardly mean anything but TensorFlow.
_DISTINCTIVE = re.compile(
    r"\.(train\.Saver|saved_model\.(simple_save|builder|Builder|loader|signature_def_utils"
    r"|utils\.build_tensor_info|build_signature_def|predict_signature_def))\b"
)

#: What a function that returns ``tf.contrib.framework``, lazily, is asked for.
_CARRIED = frozenset(
    [
        "load_checkpoint",
        "load_variable",
        "list_variables",
        "init_from_checkpoint",
        "assign_from_checkpoint",
        "assign_from_checkpoint_fn",
    ]
)

#: What such a chain can end with.
_LAST = frozenset(
    [
        "Saver",
        "simple_save",
        "Builder",
        "SavedModelBuilder",
        "loader",
        "load",
        "signature_def_utils",
        "build_tensor_info",
        "build_signature_def",
        "predict_signature_def",
        "classification_signature_def",
        "regression_signature_def",
        "builder",
    ]
)


def suppressions(text: str) -> dict[int, tuple[str, ...]]:
    """Return line -> codes (none: all) of the ``# migrator: keep`` comments of ``text``."""
    if not _KEEP.search(text):
        return {}
    found: dict[int, tuple[str, ...]] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                match = _KEEP.search(token.string)
                if match:
                    codes = match["codes"] or ""
                    words = (word.strip().upper() for word in codes.split(","))
                    found[token.start[0]] = tuple(word for word in words if word)
    except (tokenize.TokenError, SyntaxError):
        pass  # ast parsed the file, so what tokenize dislikes at its end holds no comment
    return found


def unresolved(module: Module) -> list[tuple[ast.expr, str]]:
    """Return (node, spelling) of chains that look like saving calls on an unknown ``tf``."""
    found: list[tuple[ast.expr, str]] = []
    if not any(word in module.text for word in ("Saver", "saved_model", "framework().")):
        return found
    for node in nodes_of(module).attributes:
        if node.attr in _CARRIED and _is_framework(node.value) and module.symbol(node) is None:
            found.append((node, ast.unparse(node)))
            continue
        if node.attr not in _LAST or isinstance(module.parents.get(node), ast.Attribute):
            continue
        spelled = ast.unparse(node)
        if not re.match(r"[\w.]+$", spelled) or not _DISTINCTIVE.search(spelled):
            continue
        if module.symbol(node) is not None:
            continue
        at: ast.expr = node
        while isinstance(at, ast.Attribute):
            at = at.value
        if not isinstance(at, ast.Name):
            continue
        _, bindings = module.find(at.id, module.scope_of[at])
        # a name imported from elsewhere is somebody else's; one made by a call may be ours
        theirs = any(isinstance(b.node, (ast.Import, ast.ImportFrom)) for b in bindings)
        if theirs and not any((b.dotted or "").partition(".")[0] == "tensorflow" for b in bindings):
            continue
        found.append((node, spelled))
    return found


def _is_framework(node: ast.expr) -> bool:
    """Whether a function is called ``framework``, as those are that import contrib when asked."""
    name = getattr(node, "func", None)
    return (
        isinstance(node, ast.Call)
        and not node.args
        and (getattr(name, "attr", None) or getattr(name, "id", None)) == "framework"
    )


def lower_first(sentence: str) -> str:
    """Return ``sentence`` as it reads inside another one."""
    sentence = sentence.rstrip(".")
    return sentence if sentence[:1] in "`'\"" else sentence[:1].lower() + sentence[1:]


def outdented(source: str, indent: int) -> str:
    """Return ``source`` with up to ``indent`` columns of indentation taken off each line."""
    return "\n".join(
        row[min(indent, len(row) - len(row.lstrip())) :] for row in source.splitlines()
    ).rstrip()
