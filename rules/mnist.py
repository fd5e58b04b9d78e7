"""``tensorflow.examples.tutorials.mnist``: the reader of MNIST's files, from the bridge."""

from __future__ import annotations

import ast

import libcst as cst

from migrator.rule import Manual, Rewrite, Safety, Unreachable, Use, expression, rule

_TUTORIAL = "tf.examples.tutorials.mnist"
#: The modules that are ``tf2_bridge.input_data``.
_MODULES = (
    f"{_TUTORIAL}.input_data",
    "tf.contrib.learn.datasets.mnist",
    "tf.contrib.learn.python.learn.datasets.mnist",
)
_NAMES = frozenset(
    {
        *("DataSet", "dense_to_one_hot", "extract_images", "extract_labels", "load_mnist"),
        "read_data_sets",
    }
)
_ROOTS = (_TUTORIAL, *_MODULES[1:])
_MESSAGE = "The reader of MNIST's files is in the bridge: the same files, batches and order."
_RECIPE = (
    "`tf2_bridge.input_data` has read_data_sets, DataSet and the functions that read the files;"
    " take anything else from TensorFlow 1's source, whose licence allows that, or load the images"
    " with `tf.keras.datasets.mnist.load_data`."
)


@rule(
    "TFM825",
    "mnist-tutorial",
    safety=Safety.REVIEW,
    apis=tuple(
        f"{asked}{root}{below}"
        for root in _ROOTS
        for asked in ("", "import ")
        for below in ("", ".*")
    ),
    references=True,
    bind=False,
)
def mnist_tutorial(use: Use) -> Rewrite | Manual | None:
    """Take the MNIST reader of the tutorials from the bridge.

    ## What it does

    `from tensorflow.examples.tutorials.mnist import input_data` becomes
    `from tf2_bridge import input_data`, whatever the import looks like.  The calls stay as they
    are: `read_data_sets` reads the four `.gz` files of the folder, and downloads those that are
    not there from the same address as TensorFlow 1.15.  An `input_data.py` of your own is left
    alone.

    ## Why

    TensorFlow 2 has no `tensorflow.examples`.  `tf.keras.datasets.mnist` has the same images in
    other arrays, without batches, without the validation set and in another file.

    ## Example

    ```python
    import tensorflow as tf
    from tensorflow.examples.tutorials.mnist import input_data

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    x = tf.placeholder(tf.float32, [None, 784])
    w = tf.Variable(tf.zeros([784, 10]))
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    from tf2_bridge import input_data
    import tf2_bridge

    tf.disable_v2_behavior()

    mnist = input_data.read_data_sets("MNIST_data/", one_hot=True)
    x = tf.placeholder(tf.float32, [None, 784])
    w = tf.Variable(tf.zeros([784, 10]))
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Review: the arrays, and under a seed of NumPy or of the graph the order of the batches, are
    those of TensorFlow 1.15.  Without network access the files have to be in the folder.

    ## References

    - <https://www.tensorflow.org/datasets/catalog/mnist>
    """
    if not use.context.move:
        return None
    if isinstance(use.node, (ast.Import, ast.ImportFrom)):
        return _statement(use, use.node)
    return _chain(use)


def _place(symbol: str) -> str | None:
    """Return what ``tf2_bridge`` calls ``symbol``, or None when it has no such thing."""
    for module in _MODULES:
        if symbol == module:
            return "input_data"
        if symbol.startswith(module + "."):
            name, _, rest = symbol[len(module) + 1 :].partition(".")
            return f"input_data.{name}{rest and '.'}{rest}" if name in _NAMES else None
    return None


def _chain(use: Use) -> Rewrite | Manual | None:
    """Judge ``tf.contrib.learn.datasets.mnist.read_data_sets`` and what imports give."""
    root: ast.expr = use.node
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        return None
    place = _place(use.symbol.spelled)
    bound = use.module.lookup(root.id, use.module.scope_of[root])
    if bound in ("tensorflow", "tensorflow.compat.v1", "tensorflow.contrib"):
        if place is None or _binds_package(use, root):
            return None  # reported as a symbol that is gone
        return Rewrite(
            _MESSAGE,
            {use.cst(use.node): expression(f"tf2_bridge.{place}")},
            parts=frozenset({"mnist"}),
        )
    if place is not None and not _reported(use, root):
        use.shared["answered"].add(use.node)  # the import that gives the name answers for it
    return None


def _binds_package(use: Use, root: ast.Name) -> bool:
    """Whether the name comes from ``import tensorflow.examples...``, which cannot stay."""
    _, bindings = use.module.find(root.id, use.module.scope_of[root])
    return any(
        isinstance(binding.node, ast.Import)
        and any(
            alias.asname is None and alias.name.startswith("tensorflow.examples")
            for alias in binding.node.names
        )
        for binding in bindings
    )


def _reported(use: Use, root: ast.Name) -> bool:
    """Whether the import of this file that gives the name is one that is left."""
    _, bindings = use.module.find(root.id, use.module.scope_of[root])
    return any(
        isinstance(binding.node, (ast.Import, ast.ImportFrom))
        and binding.node in use.module.imports
        and _names(binding.node) is None
        for binding in bindings
    )


def _names(node: ast.Import | ast.ImportFrom) -> dict[str, str] | None:
    """Return the name that a statement binds -> what it is in the bridge; None where unknown."""
    found: dict[str, str] = {}
    for alias in node.names:
        dotted = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
        place = _place(f"tf.{dotted.partition('.')[2]}")
        if place is None or place.count(".") > 1:
            return None
        if isinstance(node, ast.Import) and alias.asname is None:
            return None
        found[alias.asname or alias.name] = place.rpartition(".")[2]
    return found


def _statement(use: Use, node: ast.Import | ast.ImportFrom) -> Rewrite | Manual | None:
    """Judge an import statement with all that it binds."""
    done: set[ast.stmt] = use.shared.setdefault("mnist imports", set())
    if node in done:
        return None  # asked about another of its names before
    done.add(node)
    names = _names(node)
    if names is None:
        return Manual(
            "This import stays, because not all of it is in the bridge under a name of its own.",
            "Import the reader by `from tensorflow.examples.tutorials.mnist import input_data` on"
            f" a line of its own and run the migration again. {_RECIPE}",
        )
    found = use.tree.import_node(node)
    if found is None:
        raise Unreachable("the import could not be matched")
    use.shared["answered"].add(node)
    items = [name if name == bound else f"{name} as {bound}" for bound, name in names.items()]
    line = f"from {_bridge(use.context.bridge_import)} import {', '.join(items)}"
    parsed = cst.parse_statement(line)
    assert isinstance(parsed, cst.SimpleStatementLine)
    return Rewrite(
        _MESSAGE,
        {found: parsed.body[0].with_changes(semicolon=found.semicolon)},
        parts=frozenset({"mnist"}),
    )


def _bridge(line: str) -> str:
    """Return the module that ``line`` imports, as a from-import spells it."""
    node = ast.parse(line).body[0]
    if isinstance(node, ast.ImportFrom):
        package = "." * node.level + (node.module or "")
        return f"{package}{'' if package.endswith('.') else '.'}{node.names[0].name}"
    assert isinstance(node, ast.Import)
    return node.names[0].name
