"""``tf.contrib.slim``, ``layers`` and ``framework``: the package tf-slim, through the bridge."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import libcst as cst

from migrator.rule import (
    BRIDGED_READERS,
    Cover,
    Keep,
    Manual,
    Rewrite,
    Safety,
    Unreachable,
    Use,
    expression,
    rule,
)
from migrator.slim_symbols import FAMILIES, lost, successor

from ._contrib_imports import IMPORTED, Taken, can_go, drop, own_uses, spell_out, taken, through
from ._managed import loops_of_slim
from ._moved import Node, root

_PACKAGES = (
    "tensorflow",
    "tensorflow.compat.v1",
    "tensorflow.contrib",
    "tensorflow.compat.v1.contrib",
)


@rule(
    "TFM811",
    "contrib-slim",
    safety=Safety.REVIEW,
    apis=(
        *(f"{asked}{name}" for name in FAMILIES for asked in ("", "import ")),
        *(f"{asked}{name}.*" for name in FAMILIES for asked in ("", "import ")),
    ),
    references=True,
    bind=False,
)
def contrib_slim(use: Use) -> Rewrite | Keep | Manual | None:
    """Take `tf.contrib.slim` and `tf.contrib.layers` from the package tf-slim.

    ## What it does

    Imports of `tensorflow.contrib.slim`, `layers` and of the functions of `framework` that tf-slim
    has become imports of `slim` or `layers` from `tf2_bridge`, and `tf.contrib.layers.conv2d`
    becomes `tf2_bridge.layers.conv2d`.  The networks, scopes and calls stay as they are.  A module
    that the file also asks for something that tf-slim lacks (feature columns, mostly) is reported
    and left.

    ## Why

    TensorFlow 2 has no `tf.contrib`.  tf-slim is the same code as a package, but it looks for parts
    of TensorFlow and Keras where 2.21 no longer has them; the bridge puts those back.  The
    program needs the packages tf-slim and tf-keras, and `TF_USE_LEGACY_KERAS=1` set before
    TensorFlow is imported, which the migration sees to.

    ## Example

    ```python
    import tensorflow as tf
    import tensorflow.contrib.slim as slim

    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    net = slim.flatten(slim.conv2d(x, 4, [3, 3]))
    y = tf.contrib.layers.fully_connected(net, 2)
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    from tf2_bridge import slim
    import tf2_bridge

    tf.disable_v2_behavior()

    x = tf.placeholder(tf.float32, [None, 8, 8, 3])
    net = slim.flatten(slim.conv2d(x, 4, [3, 3]))
    y = tf2_bridge.layers.fully_connected(net, 2)
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Review: variables, collections and losses get the names and values that TensorFlow 1.15 gives
    them (compared for convolutions, batch normalization, regularizers and `slim.learning`).  The
    graphs are not equal op for op, so that initial values and dropout that are drawn without a
    `seed` of their own are other random numbers, under `tf.set_random_seed`, too.

    ## References

    - <https://github.com/google-research/tf-slim>
    """
    if not use.context.move:
        return None
    if isinstance(use.node, (ast.Import, ast.ImportFrom)):
        return _statement(use, use.node)
    return _chain(use)


# -- chains that start at TensorFlow itself ------------------------------------------------


def _chain(use: Use) -> Rewrite | Manual | None:
    """Judge ``tf.contrib.layers.conv2d``, and ``slim = tf.contrib.slim`` with its uses."""
    spelled = successor(use.symbol.spelled)
    first = root(use.node)
    if spelled is None or first is None:
        return None  # it moved elsewhere, or is gone and reported as such
    if use.module.lookup(first.id, use.module.scope_of[first]) not in _PACKAGES:
        _, bindings = use.module.find(first.id, use.module.scope_of[first])
        if not any(_binds_here(binding.node, binding.value) for binding in bindings):
            _answer(use, [use.node])  # another file binds the name, and its rewrite answers
        return None
    parent = use.module.parents.get(use.node)
    uses: list[tuple[Node, ast.Name | None]] = []
    others = Taken()
    if isinstance(parent, (ast.Assign, ast.AnnAssign)) and parent.value is use.node:
        uses = list(_through(use, parent.value))
        missing = _missing(use, use.symbol.spelled, uses)
        if missing and len(missing) == len([first for _, first in uses if first is not None]):
            return None  # nothing of it is in tf-slim
        others = taken(use, missing)
        spell_out(use, others)
    _answer(use, [node for node, _ in uses])
    use.needs_tensorflow_import = others.needs_tensorflow
    return Rewrite(
        _message(use.symbol.spelled, spelled),
        {use.cst(use.node): expression(f"tf2_bridge.{spelled}"), **others.edits},
        parts=frozenset({"slim", *others.parts}),
        covers=tuple(others.covers),
    )


def _message(symbol: str, spelled: str) -> str:
    place = f"tf_{spelled}" if spelled.partition(".")[0] == "slim" else f"tf_slim.{spelled}"
    return f"{symbol} is `{place}` of the package tf-slim."


# -- import statements ----------------------------------------------------------------------


def _statement(use: Use, node: ast.Import | ast.ImportFrom) -> Rewrite | Manual | None:
    """Judge an import statement and all that it binds."""
    done: set[ast.stmt] = use.shared.setdefault("slim imports", set())
    if node in done:
        return None  # it was asked about another of its names before
    done.add(node)
    found = use.tree.import_node(node)
    if found is None:
        raise Unreachable("the import could not be matched")
    names: dict[str, str] = {}  #: what is imported from the bridge -> the name for it
    edits: dict[cst.CSTNode, cst.BaseExpression] = {}
    answered: list[ast.AST] = [node]
    covers: list[Cover] = []
    parts: set[str] = set()
    others = Taken()  #: what is imported here, and is not in tf-slim
    unused = False  #: it imports what is gone, and the file does not use it
    useless: set[str] = set()  #: modules of which the file uses nothing that tf-slim has
    for alias in node.names:
        dotted = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
        symbol = f"tf.{dotted.partition('.')[2]}"
        reader = BRIDGED_READERS.get(symbol)
        if reader is not None:
            bound = alias.asname or alias.name
            if names.setdefault(reader, bound) != bound:
                raise Unreachable("it imports one function under two names")
            parts.add("readers")
            for at, _ in _through(use, node):
                found_here = use.module.symbol(at)
                if found_here is not None and found_here.spelled == symbol:
                    answered.append(at)
                    covers.append(_reading(use, at, symbol, reader))
            continue
        if _only_reads(use, node, symbol):
            continue  # TFM206 rewrites the calls, and nothing asks for the name any more
        bound = alias.asname or alias.name
        spelled = successor(symbol) if symbol.startswith(FAMILIES) else None
        own = own_uses(use, node, symbol, bound) if spelled is None else []
        if own is None or (isinstance(node, ast.Import) and alias.asname is None):
            return _stays(dotted)
        uses = [pair for pair in _through(use, node) if _starts(use, pair[0], symbol)]
        answered += [at for at, _ in uses]
        if spelled is None:
            others.add(taken(use, own))
            unused = unused or not own
            continue
        parts.add("slim")
        missing = _missing(use, symbol, uses)
        if missing and len(missing) == len([first for _, first in uses if first is not None]):
            useless.add(bound)
        others.add(taken(use, missing))
        uses = [pair for pair in uses if pair[0] not in missing]
        module, _, rest = spelled.partition(".")
        if not rest and names.setdefault(module, bound) == bound:
            covers += loops_of_slim(use, [at for at, _ in uses])
            continue
        if use.context.path.endswith("__init__.py"):
            raise Unreachable("other files may import its names from this package")
        name = names.setdefault(module, _free(use, module))
        for at, first in uses:
            if first is None or first.id != bound:
                continue
            edits[use.cst(first)] = expression(f"{name}.{rest}" if rest else name)
            covers.append(Cover(_site(use, at), "TFM811", _message(symbol, spelled), api=symbol))
    if not names and not others.moved:
        if others.lost or unused:
            return _stays(f"{getattr(node, 'module', None) or node.names[0].name}")
        _answer(use, answered)
        return None
    if useless and len(useless) == len(node.names) and not others.moved:
        return _stays(f"{getattr(node, 'module', None) or node.names[0].name}")
    spell_out(use, others)
    parts |= others.parts
    use.needs_tensorflow_import = others.needs_tensorflow
    if not names:
        if not can_go(use, node):
            return _stays(f"{getattr(node, 'module', None) or node.names[0].name}")
        _answer(use, answered)
        drop(use, {alias.asname or alias.name for alias in node.names})
        return Rewrite(IMPORTED, others.edits, frozenset(parts), tuple(others.covers))
    items = [
        name if name == bound else f"{name} as {bound}" for name, bound in sorted(names.items())
    ]
    line = f"from {_bridge(use.context.bridge_import)} import {', '.join(items)}"
    parsed = cst.parse_statement(line)
    assert isinstance(parsed, cst.SimpleStatementLine)
    _answer(use, answered)
    return Rewrite(
        "What came from tf.contrib comes from the package tf-slim, which the bridge makes run on"
        " TensorFlow 2.21."
        if "slim" in parts
        else "What came from tf.contrib is in the bridge.",
        {
            found: parsed.body[0].with_changes(semicolon=found.semicolon),
            **edits,
            **others.edits,
        },
        parts=frozenset(parts),
        covers=(*covers, *others.covers),
    )


def _stays(dotted: str) -> Manual:
    """Return what is said of an import of which nothing is in tf-slim."""
    return Manual(
        f"This import stays, because tf-slim has nothing in the place of `{dotted}`.",
        "Import what tf-slim has on a line of its own, then run the migration again; the"
        " rest has to be rewritten with what TensorFlow 2.21 has.",
    )


def _reading(use: Use, at: Node, symbol: str, reader: str) -> Cover:
    """Return the answer for a use of a function that reads checkpoints."""
    return Cover(
        _site(use, at),
        "TFM206",
        f"{symbol} is tf2_bridge.{reader}, which reads name-based and object-based checkpoints by"
        " TensorFlow 1's variable names.",
        api=symbol,
    )


def _site(use: Use, at: Node) -> ast.expr:
    """Return the call of ``at`` where it is called, else itself."""
    call = use.module.parents.get(at)
    return call if isinstance(call, ast.Call) and call.func is at else at


def _only_reads(use: Use, node: ast.Import | ast.ImportFrom, symbol: str) -> bool:
    """Whether a module that is imported is asked only for what reads checkpoints."""
    uses = [found for at, _ in _through(use, node) if (found := use.module.symbol(at))]
    mine = [one for one in uses if (one.spelled + ".").startswith(symbol + ".")]
    return bool(mine) and all(one.name in BRIDGED_READERS for one in mine)


def _free(use: Use, module: str) -> str:
    """Return a name for a module of the bridge that nothing in the file has."""
    return module if use.fresh(module) == module else use.fresh(f"tf_{module}")


def _bridge(line: str) -> str:
    """Return the module that ``line`` imports, as a from-import spells it."""
    node = ast.parse(line).body[0]
    if isinstance(node, ast.ImportFrom):
        package = "." * node.level + (node.module or "")
        return f"{package}{'' if package.endswith('.') else '.'}{node.names[0].name}"
    assert isinstance(node, ast.Import)
    return node.names[0].name


# -- names ----------------------------------------------------------------------------------


def _binds_here(node: ast.AST, value: ast.expr | None) -> bool:
    """Whether a binding is an assignment, or an import of TensorFlow's."""
    if isinstance(node, ast.Import):
        return any(alias.name.startswith("tensorflow") for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.level == 0 and (node.module or "").startswith("tensorflow")
    return value is not None


def _through(use: Use, origin: ast.AST) -> Iterator[tuple[Node, ast.Name | None]]:
    """Yield the references to contrib that mean what they do through ``origin``."""
    for node, first in through(use, origin):
        symbol = use.module.symbol(node)
        if symbol is not None and symbol.spelled.startswith(FAMILIES):
            yield node, first


def _starts(use: Use, node: Node, symbol: str) -> bool:
    found = use.module.symbol(node)
    return found is not None and (found.spelled + ".").startswith(symbol + ".")


def _missing(use: Use, symbol: str, uses: list[tuple[Node, ast.Name | None]]) -> list[Node]:
    """Return the uses of a module that ask it for something that tf-slim lacks."""
    gone = []
    for node, first in uses:
        found = use.module.symbol(node)
        assert found is not None
        rest = found.spelled[len(symbol) + 1 :]
        asked = first is not None and rest and found.name not in BRIDGED_READERS
        if asked and lost(symbol, rest.split(".")):
            gone.append(node)
    return gone


def _answer(use: Use, nodes: list[ast.AST]) -> None:
    """Leave word that these references resolve in the new code and need no finding."""
    use.shared.setdefault("answered", set()).update(nodes)
