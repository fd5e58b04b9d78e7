"""The image functions of `scipy.misc`, which SciPy removed."""

from __future__ import annotations

import ast

from migrator.modernise import Place, Replace, origin
from migrator.names import Module
from migrator.rule import Manual, Safety, rule

_RESIZE = (
    "For uint8 images write `np.array(Image.fromarray(x).resize((width, height), Image.BILINEAR))`"
    " with Pillow (mind the order; `interp='nearest'` is `Image.NEAREST`); other values were"
    " stretched to 0..255 first."
)

#: Function -> what to do by hand.
_LEFT = {
    "imresize": _RESIZE,
    "imrotate": "For uint8 images write `np.array(Image.fromarray(x).rotate(angle))` with Pillow.",
    "imsave": "For uint8 write `imageio.v2.imwrite(path, x)`; other values were stretched to"
    " 0..255: `(255.0 * (x - x.min()) / (x.max() - x.min())).astype(np.uint8)`.",
    "imshow": "Write `matplotlib.pyplot.imshow(x)`.",
    "toimage": "For uint8 images write `Image.fromarray(x)` with Pillow; other values were"
    " stretched to 0..255 first.",
    "fromimage": "Write `np.array(image)`.",
    "bytescale": "Write `((x - x.min()) * 255.0 / (x.max() - x.min())).astype(np.uint8)`.",
    "imfilter": "Use the filters of Pillow's `ImageFilter`.",
}

#: Function -> where it is now.
_MOVED = ("comb", "factorial", "factorial2", "factorialk", "logsumexp")

_HOMES = ("scipy.misc", "scipy.misc.pilutil")


@rule(
    "TFM832",
    "scipy-images",
    safety=Safety.REVIEW,
    apis=(
        *(f"{home}.{name}" for home in _HOMES for name in ("imread", *_LEFT, *_MOVED)),
        *(f"import {home}.{name}" for home in _HOMES for name in ("imread", *_LEFT, *_MOVED)),
    ),
)
def scipy_images(use: Place) -> Replace | Manual | None:
    """Read images with imageio where programs used `scipy.misc`.

    ## What it does

    `scipy.misc.imread(path, mode="RGB")` becomes `imageio.v2.imread(path, pilmode="RGB")`, and
    `imsave` of what is visibly `uint8` becomes `imageio.v2.imwrite`. `imresize`, `toimage` and the
    others are reported with what to write: they stretched anything that is not `uint8` to 0..255,
    which nothing does today.  `logsumexp`, `comb` and `factorial` come from `scipy.special`.

    ## Why

    SciPy removed these functions in 1.2 and 1.3; `imageio` has SciPy's own reader, and SciPy's
    documentation names it as the successor.

    ## Example

    ```python
    import scipy.misc
    import tensorflow as tf

    image = scipy.misc.imread("cat.png", mode="RGB")
    x = tf.constant(image)
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import imageio.v2
    import scipy.misc
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    image = imageio.v2.imread("cat.png", pilmode="RGB")
    x = tf.constant(image)
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Review: colour, grey and palette images read the same; one of one bit comes as `bool`.  The
    program needs the package imageio.

    ## References

    - SciPy 1.0's `imread`: <https://docs.scipy.org/doc/scipy-1.0.0/reference/generated/scipy.misc.imread.html>
    """
    name = use.name.rpartition(".")[2]
    if isinstance(use.node, ast.ImportFrom):
        return _imported(use, use.node)
    if use.name.startswith("import "):
        return None
    by_name = isinstance(use.node, ast.Name)
    if name in _MOVED and not by_name:
        return _other(use, f"scipy.special.{name}", "scipy.special")
    if by_name and not _whole(use.module, name):
        return Manual(f"scipy.misc.{name} is gone from SciPy.", _way(name))
    if name == "imread" and use.call is not None:
        keywords = _reads(use.call)
        if keywords is not None:
            spans = [] if by_name else [use.put(use.call.func, "imageio.v2.imread")]
            for keyword in keywords:
                start = use.module.offset(keyword.lineno, keyword.col_offset)
                spans.append((start, start + len("mode"), "pilmode"))
            if not spans:
                return None  # the import alone changes
            return Replace(
                "scipy.misc.imread is gone from SciPy; imageio has the same reader.",
                spans=tuple(spans),
                imports=() if by_name else ("import imageio.v2",),
            )
    if name == "imsave" and not by_name and use.call is not None and _saves_bytes(use, use.call):
        return Replace(
            "scipy.misc.imsave is gone from SciPy; imageio.v2.imwrite writes the same bytes.",
            spans=(use.put(use.call.func, "imageio.v2.imwrite"),),
            imports=("import imageio.v2",),
        )
    if by_name and name in _MOVED:
        return None
    return Manual(f"scipy.misc.{name} is gone from SciPy.", _way(name))


def _way(name: str) -> str:
    return _LEFT.get(name, "Write `imageio.v2.imread(path)`; for `flatten=True`, with `mode='F'`.")


def _other(use: Place, dotted: str, package: str) -> Replace:
    assert isinstance(use.node, ast.expr)
    return Replace(
        f"{use.name} is {dotted} now.",
        spans=(use.put(use.node, dotted),),
        imports=(f"import {package}",),
        safety=Safety.SAFE,
    )


def _imported(use: Place, node: ast.ImportFrom) -> Replace | Manual | None:
    names = [alias.name for alias in node.names]
    if use.name.rpartition(".")[2] != min(names):
        return None  # one answer for the statement
    module = node.module or ""
    start = use.module.text.index(module, use.module.start(node) + len("from"))
    if set(names) <= set(_MOVED):
        home = "scipy.special"
    elif names == ["imread"] and _whole(use.module, "imread"):
        home = "imageio.v2"
    else:
        gone = ", ".join(sorted({*names} & {"imread", *_LEFT}))
        return Manual(
            f"scipy.misc has no {gone} any more, so this import fails.",
            " ".join(_way(name) for name in sorted({*names} & {"imread", *_LEFT})),
        )
    return Replace(
        f"scipy.misc lost {', '.join(names)}; {home} has it.",
        spans=((start, start + len(module), home),),
    )


def _whole(module: Module, name: str) -> bool:
    """Whether the function is imported alone, and each use of it can be rewritten."""
    if name not in ("imread", *_MOVED):
        return False
    for statement in module.imports:
        if isinstance(statement, ast.ImportFrom) and statement.module in _HOMES:
            names = {alias.name for alias in statement.names}
            if name in names and not (names == {"imread"} or names <= set(_MOVED)):
                return False
    for node in module.nodes:
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        if origin(module, node) in [f"{home}.imread" for home in _HOMES]:
            call = module.parents.get(node)
            if not isinstance(call, ast.Call) or call.func is not node or _reads(call) is None:
                return False
    return True


def _reads(call: ast.Call) -> list[ast.keyword] | None:
    """Return the keywords to rename in a call of imread; None where it does something else."""
    if len(call.args) != 1 or isinstance(call.args[0], ast.Starred):
        return None
    if any(keyword.arg not in ("mode",) for keyword in call.keywords):
        return None
    return call.keywords


def _saves_bytes(use: Place, call: ast.Call) -> bool:
    if len(call.args) != 2 or call.keywords:
        return False
    image = call.args[1]
    if not (isinstance(image, ast.Call) and isinstance(image.func, ast.Attribute)):
        return False
    if image.func.attr != "astype" or len(image.args) != 1 or image.keywords:
        return False
    kind = image.args[0]
    if isinstance(kind, ast.Constant):
        return kind.value == "uint8"
    return use.origin(kind) == "numpy.uint8"
