"""Methods and arguments of NumPy that are gone: `tostring`, `copy=False`, `np.load` of objects."""

from __future__ import annotations

import ast

from migrator.modernise import Place, Replace
from migrator.rule import Manual, Safety, rule


@rule(
    "TFM822",
    "numpy-methods",
    safety=Safety.SAFE,
    apis=("*.tostring", "*.itemset", "*.newbyteorder", "*.ptp"),
)
def numpy_methods(use: Place) -> Replace | Manual | None:
    """Replace methods that NumPy's arrays lost.

    ## What it does

    `image.tostring()` becomes `image.tobytes()`; `itemset`, `newbyteorder` and `ptp` on something
    that is visibly an array are reported with what to use.

    ## Why

    `ndarray.tostring` was another name of `tobytes`, and NumPy 2.3 removed it; the other three
    left with NumPy 2.0.  Programs that write TFRecord files call it for every image.

    ## Example

    ```python
    import numpy as np
    import tensorflow as tf

    image = np.zeros([4, 4], np.uint8)
    feature = tf.train.BytesList(value=[image.tostring()])
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import numpy as np
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    image = np.zeros([4, 4], np.uint8)
    feature = tf.train.BytesList(value=[image.tobytes()])
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Safe: only a call without arguments is changed, in a file that uses NumPy and defines no method
    of that name; the two methods are one.

    ## References

    - NumPy 2.3 release notes: <https://numpy.org/doc/stable/release/2.3.0-notes.html>
    """
    call, node = use.call, use.node
    if call is None or not isinstance(node, ast.Attribute):
        return None
    name = node.attr
    if f"def {name}(" in use.module.text or "numpy" not in use.module.text:
        return None
    if name == "tostring":
        if call.args or call.keywords:
            return None
        return Replace(
            "`.tostring()` is gone from NumPy's arrays; `.tobytes()` is the same.",
            spans=(use.attribute("tobytes"),),
        )
    made = use.origin(node.value.func) if isinstance(node.value, ast.Call) else None
    if made is None or not made.startswith("numpy.") or made == "numpy.dtype":
        return None
    recipes = {
        "itemset": "Write `a[index] = value`.",
        "newbyteorder": "Write `a.view(a.dtype.newbyteorder(order))`.",
        "ptp": "Write `np.ptp(a)`.",
    }
    return Manual(f"`.{name}()` is gone from NumPy 2's arrays.", recipes[name])


@rule(
    "TFM823",
    "numpy-load",
    safety=Safety.REVIEW,
    apis=("numpy.load", "numpy.array"),
)
def numpy_load(use: Place) -> Replace | Manual | None:
    """Let `np.load` read a pickled dictionary, and `np.array` copy only where it must.

    ## What it does

    `np.load(path).item()` and `np.load(path, encoding="latin1")` get `allow_pickle=True`.
    `np.array(x, copy=False)` becomes `np.asarray(x)`.  A list of lists of unequal lengths in
    `np.array` is reported.

    ## Why

    `np.load` no longer unpickles unless it is told to, and a file of weights such as `vgg16.npy` is
    a pickled dictionary.  In NumPy 2, `copy=False` means "never copy" and fails where a copy is
    needed; before, it meant "only if needed".  Ragged lists need `dtype=object` now.

    ## Example

    ```python
    import numpy as np
    import tensorflow as tf

    weights = np.load("vgg16.npy", encoding="latin1").item()
    kernel = tf.Variable(weights["conv1_1"][0], name="kernel")
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import numpy as np
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    weights = np.load("vgg16.npy", encoding="latin1", allow_pickle=True).item()
    kernel = tf.Variable(weights["conv1_1"][0], name="kernel")
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Review: a pickle runs code of whoever wrote it, so load files that you trust.  The call does
    what it did on the NumPy of TensorFlow 1's time.

    ## References

    - `numpy.load`: <https://numpy.org/doc/stable/reference/generated/numpy.load.html>
    """
    call = use.call
    if call is None or any(k.arg is None for k in call.keywords):
        return None
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    given = {keyword.arg: keyword for keyword in call.keywords}
    if use.name == "numpy.array":
        return _array(use, call, given)
    if "allow_pickle" in given or len(call.args) > 2 or not call.args:
        return None
    if not (_holds_object(use, call) or "encoding" in given):
        return None
    last = call.keywords[-1].value if call.keywords else call.args[-1]
    end = use.module.end(last)
    return Replace(
        "np.load reads pickled objects only with `allow_pickle=True` now, which was the default.",
        spans=((end, end, ", allow_pickle=True"),),
    )


def _holds_object(use: Place, call: ast.Call) -> bool:
    """Whether what is loaded is used as one object: ``.item()``, ``.tolist()``, ``[()]``."""
    parents = use.module.parents
    if _taken(parents, call):
        return True
    parent = parents.get(call)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        target = parent.targets[0]
        if isinstance(target, ast.Name):
            return any(
                isinstance(name, ast.Name)
                and isinstance(name.ctx, ast.Load)
                and _taken(parents, name)
                for name in use.module.by_name.get(target.id, ())
                if use.module.scope_of[name] is use.module.scope_of[target]
            )
    return False


def _taken(parents: dict[ast.AST, ast.AST], node: ast.AST) -> bool:
    parent = parents.get(node)
    if isinstance(parent, ast.Attribute) and parent.attr == "item":
        above = parents.get(parent)
        return isinstance(above, ast.Call) and above.func is parent and not above.args
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return isinstance(parent.slice, ast.Tuple) and not parent.slice.elts
    return False


def _array(
    use: Place, call: ast.Call, given: dict[str | None, ast.keyword]
) -> Replace | Manual | None:
    if isinstance(use.node, ast.Name) or not call.args:
        return None
    copy = given.get("copy")
    if copy is not None and isinstance(copy.value, ast.Constant) and copy.value.value is False:
        if set(given) <= {"copy", "dtype", "order"} and len(call.args) <= 2:
            return Replace(
                "`copy=False` fails in NumPy 2 where a copy is needed; np.asarray copies then.",
                spans=(use.attribute("asarray"), _without(use, call, copy)),
                safety=Safety.SAFE,
            )
        return Manual(
            '`copy=False` means "never copy" in NumPy 2 and fails where a copy is needed.',
            "Write `copy=None` (NumPy 2), or np.asarray / np.asanyarray.",
        )
    if "dtype" not in given and len(call.args) == 1 and _ragged(call.args[0]):
        return Manual(
            "NumPy makes no array of lists of unequal lengths any more.",
            "Give `dtype=object`, or pad the rows to one length.",
        )
    return None


def _without(use: Place, call: ast.Call, keyword: ast.keyword) -> tuple[int, int, str]:
    """Return the edit that takes one keyword out of a call."""
    arguments = [*call.args, *(other.value for other in call.keywords if other is not keyword)]
    start = use.module.offset(keyword.lineno, keyword.col_offset)
    end = use.module.end(keyword.value)
    before = [node for node in arguments if use.module.end(node) <= start]
    if before:
        return (max(use.module.end(node) for node in before), end, "")
    return (start, end, "")


def _ragged(node: ast.expr) -> bool:
    if not isinstance(node, (ast.List, ast.Tuple)) or not node.elts:
        return False
    rows = [row for row in node.elts if isinstance(row, (ast.List, ast.Tuple))]
    if len(rows) != len(node.elts):
        return False
    if any(isinstance(item, ast.Starred) for row in rows for item in row.elts):
        return False
    return len({len(row.elts) for row in rows}) > 1
