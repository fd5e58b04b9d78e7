"""What takes the place of a symbol that moved, as edits of one use of it."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass

import libcst as cst

from migrator.imports import needs_swap
from migrator.moved_symbols import Moved, moved
from migrator.names import Symbol
from migrator.rule import Edits, Manual, Use, expression
from migrator.symbols import Status, in_tensorflow2, status

__all__ = ["Node", "Replaced", "binds_gone", "code_of", "message", "replaced", "root", "use_at"]

Node = ast.Name | ast.Attribute


@dataclass(frozen=True, slots=True)
class Replaced:
    """The edits for one use, and the part of the bridge that they need."""

    edits: Edits
    parts: frozenset[str]
    message: str


def use_at(use: Use, node: Node, symbol: Symbol) -> Use:
    """Return the use of ``symbol`` at another place of the same file."""
    return Use(use.tree, node, symbol, use.context, use.shared)


def root(node: ast.expr) -> ast.Name | None:
    """Return the name that a chain of attributes starts with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node if isinstance(node, ast.Name) else None


def code_of(spelled: str, found: Moved) -> str:
    """Return the code of the rule that a move belongs to."""
    if found.old:
        return "TFM815"
    return "TFM813" if spelled.startswith("tf.contrib.") else "TFM814"


def message(spelled: str, found: Moved) -> str:
    """Return what is said of a use that was rewritten."""
    past = "was renamed before TensorFlow 1.15, which does not run this code either" * found.old
    if found.target[:1] in "'\"":
        return f"{spelled} {past or 'left TensorFlow'}: it is the string {found.target}."
    name = found.target.partition("(")[0]
    if name.startswith("tf2_bridge.slim"):
        return (
            f"{spelled} is `{name.replace('tf2_bridge.slim', 'tf_slim')}` of the package tf-slim."
        )
    if name.startswith("tf2_bridge."):
        return f"{spelled} is gone; `{name}` takes its place."
    if name.startswith("lambda"):
        return f"{spelled} is gone; a method of the dataset does the same."
    name = name.replace("tf.", "tf.compat.v1.", 1).replace("v1.compat.v2.", "v2.")
    how = "does the same, with its arguments in another order or by name"
    if past:
        return f"{spelled} {past}; `{name}` took its place."
    if found.parameters is None:
        how = "is what TensorFlow 2.21 has of it"
    return f"{spelled} is gone; `{name}` {how}."


def replaced(use: Use) -> Replaced | Manual | None:
    """Return the new code for a use of a symbol that moved, None for one that has no successor."""
    spelled = use.symbol.spelled
    found = moved(spelled)
    if found is None:
        return None
    parts = frozenset({found.part} if found.part else ())
    said = message(spelled, found)
    if found.parameters is None:
        return Replaced({use.cst(use.node): _target(use, found.target)}, parts, said)
    if use.call is None:
        return Manual(
            f"{spelled}: left as it is, because it is not called here, and what takes its place"
            f" takes other arguments: `{found.target}`.",
            "Write a function of the old parameters around it, and hand that on.",
        )
    signature = found.signature
    bound = use.bind(use.call, signature)
    if isinstance(bound, str):
        return Manual(
            f"{spelled}: left as it is, because {bound}.",
            f"Write `{found.target}` with its arguments by hand.",
        )
    made = _call(use, found, signature, bound)
    return made if isinstance(made, Manual) else Replaced({use.cst(use.call): made}, parts, said)


def binds_gone(use: Use, node: Node) -> ast.AST | None:
    """Return what binds the first name of ``node`` to something that is gone, if anything does.

    An import statement, the value of an assignment, or the module for a star; another rewrite
    takes its uses along, or nothing does.
    """
    first = root(node)
    if first is None:
        return None
    _, bindings = use.module.find(first.id, use.module.scope_of[first])
    if not bindings:
        stars = use.module.root.stars
        gone = any(level == 0 and name.startswith("tensorflow.contrib") for name, level in stars)
        return use.module.tree if gone else None
    for binding in bindings:
        if isinstance(binding.node, (ast.Import, ast.ImportFrom)):
            dotted = binding.dotted or ""
            if dotted.startswith("tensorflow.") and _gone(dotted.replace("tensorflow", "tf", 1)):
                return binding.node
        elif binding.value is not None and binding.value is not node:
            symbol = use.module.symbol(binding.value)
            if symbol is not None and _gone(symbol.spelled):
                return binding.value
    return None


def _gone(spelled: str) -> bool:
    return spelled != "tf.contrib" and status(spelled) is Status.GONE


def _target(use: Use, target: str) -> cst.BaseExpression:
    if target.startswith("tf."):
        return use.tensorflow(_below(use, target[3:]))
    return expression(target.replace("'", '"'))


def _below(use: Use, path: str) -> str:
    """Return ``path`` as the name of TensorFlow in this file has it, once it is migrated."""
    name = use.root_name()
    plain = name is not None and use.module.lookup(name, use.module.scope_of[use.node])
    if plain != "tensorflow" or path.startswith("compat.") or needs_swap(use.module):
        return path
    # the file spells compat.v1 itself, and keeps its imports
    return path if in_tensorflow2(f"tf.{path}", same=True) else f"compat.v1.{path}"


def _call(
    use: Use, found: Moved, signature: inspect.Signature, bound: dict[str, ast.expr]
) -> cst.BaseExpression | Manual:
    """Return the new expression for a call, or why there is none."""
    call = use.call
    assert call is not None
    spelled = use.symbol.spelled
    target = re.sub(r"\btf\.([\w.]+)", lambda at: f"tf.{_below(use, at[1])}", found.target)
    tree = ast.parse(target, mode="eval").body
    names = {at.id for at in ast.walk(tree) if isinstance(at, ast.Name)}
    for name, value in bound.items():
        if name not in names and ast.unparse(value) != signature.parameters[name].default:
            return Manual(
                f"{spelled}: left as it is, because nothing takes the place of its argument"
                f" `{name}`.",
                f"Write `{found.target}`, and do without `{name}`.",
            )
    node = use.cst(call)
    assert isinstance(node, cst.Call)
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    inner = {at.arg for at in ast.walk(tree) if isinstance(at, ast.arg)}
    used = {at.id for given in arguments for at in ast.walk(given) if isinstance(at, ast.Name)}
    if inner & used or any(isinstance(given, ast.GeneratorExp) for given in arguments):
        return Manual(
            f"{spelled}: left as it is, because its arguments cannot be moved into the new code.",
            f"Write `{found.target}` by hand.",
        )
    filler = _Filler(signature, set(bound))
    text = ast.unparse(filler.visit(tree))
    values = {id(a): n.value for a, n in zip(arguments, node.args, strict=True)}
    nodes = {f"{name}__given": values[id(value)] for name, value in bound.items()}
    if filler.tensorflow:
        spelling = use.tensorflow("x")
        assert isinstance(spelling, cst.Attribute)
        nodes["tensorflow__given"] = spelling.value
    parent = use.module.parents[call]
    if isinstance(tree, ast.Lambda) and not isinstance(parent, (ast.Call, ast.keyword, ast.Assign)):
        text = f"({text})"
    return expression(text, **nodes)


class _Filler(ast.NodeTransformer):
    """Puts marks for arguments, defaults and a mark for TensorFlow into the new expression."""

    def __init__(self, signature: inspect.Signature, given: set[str]) -> None:
        self.signature = signature
        self.given = given
        self.tensorflow = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Leave out the keywords whose parameters the call leaves out."""
        kept = []
        for keyword in node.keywords:
            name = keyword.value.id if isinstance(keyword.value, ast.Name) else ""
            left_out = name in self.signature.parameters and name not in self.given
            # a default that is computed is none of the new function's
            if not left_out or "(" in self.signature.parameters[name].default:
                kept.append(keyword)
        return self.generic_visit(ast.Call(node.func, node.args, kept))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Mark a name."""
        if node.id == "tf":
            self.tensorflow = True
            return ast.Name("tensorflow__given", node.ctx)
        if node.id in self.given:
            return ast.Name(f"{node.id}__given", node.ctx)
        if node.id in self.signature.parameters:
            default = ast.parse(self.signature.parameters[node.id].default, mode="eval").body
            return self.visit(default)  # type: ignore[no-any-return]
        return node
