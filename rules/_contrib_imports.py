"""Import statements and assignments that bind names of what moved, with the uses of the names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from migrator.moved_symbols import moved
from migrator.rule import Cover, Edits, Manual, Outcome, Rewrite, Unreachable, Use
from migrator.symbols import Status, status, successor

from ._moved import Node, Replaced, code_of, replaced, root, use_at

__all__ = [
    "IMPORTED",
    "Taken",
    "assigned",
    "can_go",
    "drop",
    "own_uses",
    "spell_out",
    "statement",
    "taken",
    "through",
]

IMPORTED = "What is imported here moved: its uses are spelled as TensorFlow 2.21 has them."

#: The code of what no longer exists anywhere.
_GONE = "TFM810"


@dataclass
class Taken:
    """What becomes of the uses of one name."""

    edits: Edits = field(default_factory=dict)
    covers: list[Cover] = field(default_factory=list)
    parts: set[str] = field(default_factory=set)
    moved: list[Node] = field(default_factory=list)
    lost: list[Node] = field(default_factory=list)
    others: bool = False  #: another rule answers for one of the uses
    needs_tensorflow: bool = False

    def add(self, other: Taken) -> None:
        """Take over what becomes of the uses of another name."""
        self.edits |= other.edits
        self.covers += other.covers
        self.parts |= other.parts
        self.moved += other.moved
        self.lost += other.lost
        self.others = self.others or other.others
        self.needs_tensorflow = self.needs_tensorflow or other.needs_tensorflow


def through(use: Use, origin: ast.AST | None) -> Iterator[tuple[Node, ast.Name | None]]:
    """Yield the references that mean what they do through ``origin``.

    That is an import statement or the value of an assignment.  With each comes its first name
    where that is bound by ``origin`` itself, None where by an alias of such a name.
    """
    module = use.module

    def reaches(name: ast.Name, depth: int = 0) -> bool | None:
        """Tell whether ``name`` is bound by ``origin``; None means through another name."""
        _, bindings = module.find(name.id, module.scope_of[name])
        for binding in bindings:
            if origin in (binding.node, binding.value):
                return True
            above = root(binding.value) if binding.value is not None else None
            if above is not None and depth < 8 and reaches(above, depth + 1) is not False:
                return None
        return False

    for node, _ in use.shared["references"]:
        first = root(node)
        if first is None or node is origin:
            continue
        found = reaches(first)
        if found is not False:
            yield node, first if found else None


def taken(use: Use, uses: list[Node]) -> Taken:
    """Return what becomes of ``uses``, without those that have no successor."""
    result = Taken()
    for node in uses:
        if node in use.shared["claimed"]:
            result.others = True
            continue
        symbol = use.module.symbol(node)
        assert symbol is not None
        at = use_at(use, node, symbol)
        made = replaced(at)
        if not isinstance(made, Replaced):
            result.lost.append(node)
            continue
        result.needs_tensorflow = result.needs_tensorflow or at.needs_tensorflow_import
        found = moved(symbol.spelled)
        assert found is not None
        result.edits |= made.edits
        result.parts |= made.parts
        result.moved.append(node)
        code = code_of(symbol.spelled, found)
        result.covers.append(Cover(at.site, code, made.message, api=symbol.spelled))
    return result


def spell_out(use: Use, result: Taken) -> None:
    """Spell the uses without a successor in full, so that their import can go; say so."""
    for node in result.lost:
        symbol = use.module.symbol(node)
        assert symbol is not None
        at = use_at(use, node, symbol)
        result.edits[use.cst(node)] = at.tensorflow(symbol.spelled[3:])
        result.needs_tensorflow = result.needs_tensorflow or at.needs_tensorflow_import
        result.covers.append(
            Cover(
                at.site,
                _GONE,
                f"{symbol.spelled} does not exist in TensorFlow 2.21; it is spelled in full, so"
                " that the import beside what moved can go.",
                outcome=Outcome.MANUAL,
                api=symbol.spelled,
                recipe=_way_out(use, node, symbol.spelled),
            )
        )


def _way_out(use: Use, node: Node, spelled: str) -> str:
    symbol = use.module.symbol(node)
    assert symbol is not None
    made = replaced(use_at(use, node, symbol))
    if isinstance(made, Manual):
        return made.recipe
    return successor(spelled) or "Rewrite this with what TensorFlow 2.21 has."


def _symbols(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[ast.alias, str]]:
    for alias in node.names:
        dotted = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
        yield alias, f"tf.{dotted.partition('.')[2]}"


def statement(use: Use, node: ast.Import | ast.ImportFrom) -> Rewrite | None:
    """Judge an import statement and all that it binds; None leaves it."""
    done: set[ast.stmt] = use.shared.setdefault("moved imports", set())
    if node in done or node in use.shared["answered"]:
        return None  # it was asked about another of its names before
    done.add(node)
    if not can_go(use, node) or any(alias.name == "*" for alias in node.names):
        return None
    result = Taken()
    dropped: set[str] = set()
    idle: set[str] = set()
    contrib = False
    for alias, symbol in _symbols(node):
        if status(symbol) is not Status.GONE or symbol == "tf.contrib":
            continue
        if isinstance(node, ast.Import) and alias.asname is None:
            return None  # it binds `tensorflow` itself
        bound = alias.asname or alias.name
        if _idle(use, symbol, bound):
            idle.add(bound)
            continue
        own = own_uses(use, node, symbol, bound)
        if own is None:
            return None
        one = taken(use, own)
        contrib = contrib or symbol.startswith("tf.contrib.")
        result.add(one)
        if not one.others and (contrib or not one.lost):
            dropped.add(bound)
    named = any(
        isinstance(at, ast.Name) for name in dropped for at in use.module.by_name.get(name, ())
    )
    unused = bool(idle) and not (result.moved or result.lost or result.others or named)
    if not (result.moved or unused) or (result.lost and not contrib):
        if idle:
            drop(use, idle)  # what is said of the others answers for the statement
            use.shared["answered"].add(node)
        return None
    dropped |= idle
    spell_out(use, result)
    use.needs_tensorflow_import = result.needs_tensorflow
    drop(use, dropped)
    answered = [at for at, _ in through(use, node) if at not in use.shared["claimed"]]
    use.shared["answered"].update([node, *answered])
    return Rewrite(
        "What is imported here is gone, and nothing uses it." if unused else IMPORTED,
        result.edits,
        parts=frozenset(result.parts),
        covers=tuple(result.covers),
    )


def _idle(use: Use, symbol: str, name: str) -> bool:
    """Whether nothing uses ``name``, nor does a string mean it, as those of ``__all__`` do."""
    if not symbol.startswith(("tf.contrib.", "tf.estimator", "tf.python.")):
        return False
    text = use.module.text
    return name not in use.module.by_name and f"'{name}'" not in text and f'"{name}"' not in text


def drop(use: Use, names: set[str]) -> None:
    """Leave word that the imports of ``names`` go, once nothing uses them."""
    use.shared.setdefault("dropped", set()).update(names)


def own_uses(use: Use, node: ast.AST, symbol: str, bound: str) -> list[Node] | None:
    """Return the uses of one name of an import; None where one cannot be followed."""
    found: list[Node] = []
    for at, first in through(use, node):
        meaning = use.module.symbol(at)
        if meaning is None or not f"{meaning.spelled}.".startswith(f"{symbol}."):
            continue
        if first is not None:
            _, bindings = use.module.find(first.id, use.module.scope_of[first])
            if first.id == bound:
                if len(bindings) != 1:
                    return None
                found.append(at)
        elif not _carried(use, at):
            return None
    return found


def _carried(use: Use, node: Node) -> bool:
    """Whether a use through an assigned name has its new meaning by what was assigned."""
    first = root(node)
    assert first is not None
    _, bindings = use.module.find(first.id, use.module.scope_of[first])
    for binding in bindings:
        symbol = use.module.symbol(binding.value) if binding.value is not None else None
        if symbol is None or moved(symbol.spelled) is None:
            return False
    return True


def can_go(use: Use, node: ast.stmt) -> bool:
    """Whether an import may be dropped: not from a package, a try, or as all of a block."""
    package = use.context.path.endswith("__init__.py")
    if package and isinstance(use.module.scope_of[node].node, ast.Module):
        return False
    if isinstance(use.module.parents[node], (ast.Try, ast.ExceptHandler)):
        return False
    return not _alone(use, node)


def _alone(use: Use, node: ast.stmt) -> bool:
    """Whether the block around ``node`` holds nothing but it and other imports."""
    parent = use.module.parents[node]
    body = next(
        body
        for name in ("body", "orelse", "finalbody")
        if isinstance(body := getattr(parent, name, None), list) and node in body
    )
    return not isinstance(parent, ast.Module) and all(
        at is node or isinstance(at, (ast.Import, ast.ImportFrom)) for at in body
    )


def assigned(use: Use, node: ast.Assign | ast.AnnAssign) -> Rewrite | None:
    """Judge ``rnn = tf.contrib.rnn``, a module of what moved, with the uses of the name."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if moved(use.symbol.spelled) is not None or not isinstance(target, ast.Name):
        return None
    if isinstance(node, ast.Assign) and len(node.targets) != 1:
        return None
    _, bindings = use.module.find(target.id, use.module.scope_of[target])
    uses = [at for at, first in through(use, use.node) if first is not None]
    if len(bindings) != 1 or len(uses) != len(list(through(use, use.node))) or not uses:
        return None
    prefix = use.symbol.spelled
    homes = set()
    for at in uses:
        meaning = use.module.symbol(at)
        assert meaning is not None
        rest = meaning.spelled[len(prefix) :]
        found = moved(meaning.spelled)
        plain = found is not None and found.parameters is None and found.part is None
        homes.add(found.target.removesuffix(rest) if found and plain and rest else None)
    home = homes.pop() if len(homes) == 1 else None
    if home is not None and not set(uses) & use.shared["claimed"]:
        use.shared["answered"].update(uses)
        return Rewrite(
            f"{prefix} is gone; what is used of it is in `{home}`.",
            {use.cst(use.node): use.tensorflow(home[3:])},
        )
    result = taken(use, uses)
    if not result.moved or result.others:
        return None
    line = use.tree.line(use.cst(use.node))
    if line is None or _alone(use, node):
        raise Unreachable("the assignment is all that its line or block holds")
    spell_out(use, result)
    use.needs_tensorflow_import = result.needs_tensorflow
    use.shared["answered"].update(uses)
    return Rewrite(
        f"{prefix} is gone; what is used of it is spelled as TensorFlow 2.21 has it.",
        {line: None, **result.edits},
        parts=frozenset(result.parts),
        covers=tuple(result.covers),
    )
