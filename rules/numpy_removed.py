"""What NumPy 2 no longer has: `np.bool`, `np.float_`, `np.product`, `ndarray.tostring`."""

from __future__ import annotations

import ast

from migrator.modernise import Place, Replace
from migrator.rule import Manual, Safety, rule

_NEP = "<https://numpy.org/doc/stable/numpy_2_0_migration_guide.html>"

#: Aliases of Python's own types, and what they are where the file binds that name itself.
_BUILTIN = {
    "bool": ("bool", "bool_"),
    "int": ("int", "int_"),
    "float": ("float", "float64"),
    "complex": ("complex", "complex128"),
    "object": ("object", "object_"),
    "str": ("str", "str_"),
    "unicode": ("str", "str_"),
    "long": ("int", "int_"),
}

#: Another name of the same thing.
_RENAMED = {
    "float_": "float64",
    "complex_": "complex128",
    "cfloat": "complex128",
    "singlecomplex": "complex64",
    "longfloat": "longdouble",
    "longcomplex": "clongdouble",
    "clongfloat": "clongdouble",
    "string_": "bytes_",
    "unicode_": "str_",
    "bool8": "bool_",
    "int0": "intp",
    "uint0": "uintp",
    "object0": "object_",
    "str0": "str_",
    "bytes0": "bytes_",
    "void0": "void",
    "Inf": "inf",
    "Infinity": "inf",
    "infty": "inf",
    "PINF": "inf",
    "NaN": "nan",
    "NAN": "nan",
    "product": "prod",
    "cumproduct": "cumprod",
    "alltrue": "all",
    "sometrue": "any",
    "round_": "round",
    "row_stack": "vstack",
    "mat": "asmatrix",
    "trapz": "trapezoid",
    "typeDict": "sctypeDict",
    "ComplexWarning": "exceptions.ComplexWarning",
    "RankWarning": "exceptions.RankWarning",
    "VisibleDeprecationWarning": "exceptions.VisibleDeprecationWarning",
    "AxisError": "exceptions.AxisError",
    "TooHardError": "exceptions.TooHardError",
    "DataSource": "lib.npyio.DataSource",
    "issubsctype": "issubdtype",
}

#: Functions that programs took from ``numpy.lib``.
_IN_LIB = ("diff", "flip", "median", "meshgrid", "pad", "percentile", "rot90", "tile", "unique")

#: A value with a sign of its own.
_SIGNED = {"NINF": "-{}.inf", "PZERO": "0.0", "NZERO": "-0.0"}

#: What has no one name to take its place.
_REPORTED = {
    "alen": "Write `len(a)`.",
    "find_common_type": "Use `np.result_type` (arrays and scalars) or `np.promote_types`.",
    "sctypes": "List the types that are meant: `[np.float16, np.float32, np.float64]`.",
    "obj2sctype": "Use `np.dtype(obj).type`.",
    "sctype2char": "Use `np.dtype(obj).char`.",
    "issctype": "Use `issubclass(rep, np.generic)`.",
    "issubclass_": "Use `issubclass`.",
    "maximum_sctype": "Write the widest type itself, such as `np.float64`.",
    "nbytes": "Use `np.dtype(t).itemsize`.",
    "byte_bounds": "Use `np.lib.array_utils.byte_bounds`.",
    "set_string_function": "Use `np.set_printoptions` with a formatter.",
    "recfromcsv": "Use `np.genfromtxt` with `delimiter=','`, `names=True` and `dtype=None`.",
    "recfromtxt": "Use `np.genfromtxt`.",
    "mafromtxt": "Use `np.genfromtxt(..., usemask=True)`.",
    "ndfromtxt": "Use `np.genfromtxt`.",
    "loads": "Use `pickle.loads`.",
    "safe_eval": "Use `ast.literal_eval`.",
    "disp": "Use `print`.",
    "source": "Use `inspect.getsource`.",
    "who": "Nothing takes its place; list `locals()`.",
    "lookfor": "Search NumPy's documentation instead.",
    "deprecate": "Emit a `DeprecationWarning` with `warnings.warn`.",
    "fastCopyAndTranspose": "Use `a.T.copy()`.",
    "fv": "Financial functions live in the package numpy-financial.",
    "irr": "Financial functions live in the package numpy-financial.",
    "npv": "Financial functions live in the package numpy-financial.",
    "pmt": "Financial functions live in the package numpy-financial.",
    "sys": "Import Python's own `sys`.",
    "warnings": "Import Python's own `warnings`.",
}


@rule(
    "TFM821",
    "numpy-removed",
    safety=Safety.SAFE,
    apis=tuple(
        f"{prefix}numpy.{name}"
        for prefix in ("", "import ")
        for name in (
            *_BUILTIN,
            *_RENAMED,
            *_SIGNED,
            *_REPORTED,
            *("asscalar", "asfarray", "msort", "rank", "cast", "in1d", "fromstring", "math"),
            *("random.random_integers", "testing.Tester"),
            *(f"lib.{name}" for name in _IN_LIB),
        )
    ),
)
def numpy_removed(use: Place) -> Replace | Manual | None:
    """Give names that NumPy removed their present spelling.

    ## What it does

    `np.bool`, `np.int`, `np.float`, `np.object`, `np.str` and the like become Python's own types,
    which they were; second names (`np.float_`, `np.Inf`, `np.product`) become the first ones;
    `np.asscalar(x)` becomes `x.item()`, `np.cast[t](x)` an `np.asarray`, and `np.fromstring` of
    bytes `np.frombuffer(...).copy()`.  What has no one successor is reported with what to use.

    ## Why

    TensorFlow 2.21 runs on NumPy 2, where each of these is an `AttributeError`.

    ## Example

    ```python
    import numpy as np
    import tensorflow as tf

    done = tf.placeholder(tf.bool, [None])
    mask = np.zeros([8], dtype=np.bool)
    total = np.product(mask.shape)
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import numpy as np
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    done = tf.placeholder(tf.bool, [None])
    mask = np.zeros([8], dtype=bool)
    total = np.prod(mask.shape)
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Safe: the names meant the same thing.  Where the file gives `float` or `str` a meaning of its
    own, NumPy's type of that kind is written (`np.float64`).

    ## References

    - NumPy 2.0 migration guide: <https://numpy.org/doc/stable/numpy_2_0_migration_guide.html>
    """
    short = use.name.removeprefix("import ").removeprefix("numpy.")
    if isinstance(use.node, ast.ImportFrom):
        return _imported(short)
    if isinstance(use.node, ast.Name):
        return None  # its import says so
    assert isinstance(use.node, ast.Attribute)
    base = use.source(use.node.value)
    shown = f"{base}.{use.node.attr}"
    if short in _BUILTIN:
        plain, typed = _BUILTIN[short]
        scope = use.module.scope_of[use.node]
        free = use.module.find(plain, scope)[0] is None
        new = plain if free else f"{base}.{typed}"
        return Replace(f"{shown} is gone from NumPy; {new} is the same.", spans=_put(use, new))
    if short.startswith("lib."):
        new = f"{base.removesuffix('.lib')}.{use.node.attr}"
        if not base.endswith(".lib"):
            return Manual(f"{shown} is gone from NumPy 2.", f"Use `numpy.{use.node.attr}`.")
        return Replace(f"{shown} is gone from NumPy 2; {new} is the same.", spans=_put(use, new))
    if short in _RENAMED:
        return Replace(
            f"{shown} is gone from NumPy 2; {base}.{_RENAMED[short]} is the same.",
            spans=(use.attribute(_RENAMED[short]),),
        )
    if short in _SIGNED:
        new = _SIGNED[short].format(base)
        tight = isinstance(use.module.parents[use.node], (ast.BinOp, ast.UnaryOp, ast.Attribute))
        new = f"({new})" if new[0] == "-" and tight else new
        return Replace(f"{shown} is gone from NumPy 2; {new} is the same.", spans=_put(use, new))
    if short in _REPORTED:
        return Manual(f"{shown} is gone from NumPy 2.", _REPORTED[short])
    return _called(use, short, base, shown)


def _put(use: Place, text: str) -> tuple[tuple[int, int, str], ...]:
    assert isinstance(use.node, ast.expr)
    return (use.put(use.node, text),)


def _imported(short: str) -> Manual | None:
    if short in ("fromstring", "math") or short in _IN_LIB:
        return None
    return Manual(
        f"numpy.{short} is gone from NumPy 2, so this import fails.",
        _REPORTED.get(short)
        or f"Import {'nothing' if short in _BUILTIN else 'the successor'}: "
        + (
            f"Python's own `{_BUILTIN[short][0]}` is the same."
            if short in _BUILTIN
            else f"`numpy.{_RENAMED.get(short, short)}` (see the migration guide, {_NEP})."
        ),
    )


def _called(use: Place, short: str, base: str, shown: str) -> Replace | Manual:
    """Return what becomes of a function whose call changes its shape."""
    call = use.call
    plain = call is not None and not any(isinstance(a, ast.Starred) for a in call.args)
    plain = plain and all(k.arg is not None for k in call.keywords)
    if short == "cast":
        return _cast(use, base, shown)
    if short == "math":
        bound = use.module.find("math", use.module.scope_of[use.node])[1]
        if {binding.dotted for binding in bound} - {"math"}:
            return Manual(f"{shown} is gone from NumPy 2.", "Import Python's own `math`.")
        return Replace(
            f"{shown} is gone from NumPy; it was Python's own math.",
            spans=_put(use, "math"),
            imports=("import math",),
        )
    if short == "testing.Tester":
        return Manual(f"{shown} is gone from NumPy 2.", "Run the tests with pytest.")
    if call is None or not plain:
        return Manual(f"{shown} is gone from NumPy 2.", _RECIPES[short])
    alone = len(call.args) == 1 and not call.keywords
    if short == "asscalar" and alone:
        value = call.args[0]
        tight = use.tight(value) == use.source(value)
        opening = (use.module.start(call), use.module.start(value), "" if tight else "(")
        closing = (use.module.end(value), use.module.end(call), ".item()" if tight else ").item()")
        return Replace(
            f"{shown}(x) is gone from NumPy 2; x.item() is the same.", spans=(opening, closing)
        )
    if short == "asfarray" and alone:
        end = use.module.end(call.args[0])
        spans = (use.attribute("asarray"), (end, end, f", dtype={base}.float64"))
        return Replace(
            f"{shown} is gone from NumPy 2; {base}.asarray with a dtype is the same.", spans=spans
        )
    if short == "msort" and alone:
        end = use.module.end(call.args[0])
        spans = (use.attribute("sort"), (end, end, ", axis=0"))
        return Replace(
            f"{shown} is gone from NumPy 2; {base}.sort(a, axis=0) is the same.", spans=spans
        )
    if short == "rank" and alone:
        return Replace(
            f"{shown} is gone from NumPy; {base}.ndim is the same.", spans=(use.attribute("ndim"),)
        )
    if short == "in1d" and len(call.args) >= 2:
        return Replace(
            f"{shown} is gone from NumPy 2.4; {base}.isin of the flattened array is the same.",
            spans=(use.attribute("isin"), *use.around(call.args[0], f"{base}.ravel(", ")")),
        )
    if short == "random.random_integers" and call.args and not call.keywords and len(call.args) > 1:
        end = use.module.end(call.args[1])
        return Replace(
            f"{shown} is gone from NumPy 2.4; {base}.randint, which leaves out its upper end,"
            " draws the same numbers.",
            spans=(use.attribute("randint"), (end, end, " + 1")),
        )
    if short == "fromstring":
        return _fromstring(use, call, shown)
    return Manual(f"{shown} is gone from NumPy 2.", _RECIPES[short])


_RECIPES = {
    "asscalar": "Write `x.item()`.",
    "asfarray": "Write `np.asarray(x, dtype=np.float64)`.",
    "msort": "Write `np.sort(a, axis=0)`.",
    "rank": "Write `np.ndim(a)`.",
    "in1d": "Write `np.isin(a, b)`.",
    "fromstring": "Write `np.frombuffer(data, dtype)` for bytes; text with `sep=` stays.",
    "random.random_integers": "Write `np.random.randint(low, high + 1, size)`.",
}


def _cast(use: Place, base: str, shown: str) -> Replace | Manual:
    subscript = use.module.parents[use.node]
    call = use.module.parents.get(subscript)
    if (
        isinstance(subscript, ast.Subscript)
        and isinstance(call, ast.Call)
        and call.func is subscript
        and len(call.args) == 1
        and not call.keywords
        and not isinstance(call.args[0], ast.Starred)
    ):
        value = call.args[0]
        start = use.module.start(call)
        end = use.module.end(value)
        kind = use.source(subscript.slice)
        return Replace(
            f"{shown} is gone from NumPy 2; {base}.asarray(x, dtype) is the same.",
            spans=(
                (start, use.module.start(value), f"{base}.asarray("),
                (end, end, f", dtype={kind}"),
            ),
        )
    return Manual(f"{shown} is gone from NumPy 2.", "Write `np.asarray(x, dtype=t)`.")


def _fromstring(use: Place, call: ast.Call, shown: str) -> Replace | Manual | None:
    if len(call.args) > 3 or any(keyword.arg == "sep" for keyword in call.keywords):
        return None  # reading numbers from text is still there
    base = shown.rpartition(".")[0]
    end = use.module.end(call)
    return Replace(
        f"{shown} of bytes is gone from NumPy; {base}.frombuffer reads them, and .copy() makes the"
        " array writable as it was.",
        spans=(use.attribute("frombuffer"), (end, end, ".copy()")),
        safety=Safety.REVIEW,
    )
