"""What Python 3 removed, in files that it still parses: `xrange`, `iteritems`, `imp`."""

from __future__ import annotations

import ast

from migrator.modernise import Place, Replace
from migrator.rule import Manual, Safety, rule

#: A builtin of Python 2 -> what it is today.
_BUILTINS = {
    "xrange": "range",
    "unicode": "str",
    "basestring": "str",
    "long": "int",
    "raw_input": "input",
    "unichr": "chr",
}

_METHODS = {"iteritems": "items", "itervalues": "values", "iterkeys": "keys"}

#: The same attribute under another module or name: old -> (module to import, new spelling).
_MOVED = {
    "itertools.izip": ("", "zip"),
    "itertools.imap": ("", "map"),
    "itertools.ifilter": ("", "filter"),
    "itertools.izip_longest": ("itertools", "itertools.zip_longest"),
    "itertools.ifilterfalse": ("itertools", "itertools.filterfalse"),
    "string.letters": ("string", "string.ascii_letters"),
    "string.lowercase": ("string", "string.ascii_lowercase"),
    "string.uppercase": ("string", "string.ascii_uppercase"),
    "string.maketrans": ("", "str.maketrans"),
    "os.getcwdu": ("os", "os.getcwd"),
    "os.errno": ("errno", "errno"),
    "sys.maxint": ("sys", "sys.maxsize"),
    "time.clock": ("time", "time.perf_counter"),
    "fractions.gcd": ("math", "math.gcd"),
    "inspect.getargspec": ("inspect", "inspect.getfullargspec"),
    "cgi.escape": ("html", "html.escape"),
    "base64.encodestring": ("base64", "base64.encodebytes"),
    "base64.decodestring": ("base64", "base64.decodebytes"),
    "urllib.urlopen": ("urllib.request", "urllib.request.urlopen"),
    "urllib.urlretrieve": ("urllib.request", "urllib.request.urlretrieve"),
    "urllib.urlencode": ("urllib.parse", "urllib.parse.urlencode"),
    "urllib.quote": ("urllib.parse", "urllib.parse.quote"),
    "urllib.quote_plus": ("urllib.parse", "urllib.parse.quote_plus"),
    "urllib.unquote": ("urllib.parse", "urllib.parse.unquote"),
    "urllib.unquote_plus": ("urllib.parse", "urllib.parse.unquote_plus"),
    **{
        f"collections.{name}": ("collections.abc", f"collections.abc.{name}")
        for name in (
            *("Callable", "Container", "Hashable", "ItemsView", "Iterable", "Iterator"),
            *("KeysView", "Mapping", "MutableMapping", "MutableSequence", "MutableSet"),
            *("Sequence", "Set", "Sized", "ValuesView", "Generator"),
        )
    },
}

#: What is left to a person, and how.
_REPORTED = {
    "cmp": "Compare with `(a > b) - (a < b)`, or sort by a key.",
    "execfile": "Use `exec(open(path).read())`, or import the module.",
    "file": "Use `open`.",
    "apply": "Call the function: `f(*args, **kwargs)`.",
    "platform.dist": "Use the package distro.",
    "platform.linux_distribution": "Use the package distro.",
    "string.join": "Use `separator.join(words)`.",
    "string.split": "Use `text.split()`.",
    "string.replace": "Use `text.replace(old, new)`.",
    "string.atoi": "Use `int(text)`.",
    "string.atof": "Use `float(text)`.",
}


@rule(
    "TFM826",
    "python3-removed",
    safety=Safety.SAFE,
    apis=(
        *(f"builtins.{name}" for name in (*_BUILTINS, "reduce", "reload")),
        "sys.setdefaultencoding",
        *(f"*.{name}" for name in (*_METHODS, "has_key")),
        *_MOVED,
        *(f"import {name}" for name in _MOVED),
        *(name if "." in name else f"builtins.{name}" for name in _REPORTED),
    ),
)
def python3_removed(use: Place) -> Replace | Manual | None:
    """Replace names of Python 2 that Python 3 removed.

    ## What it does

    `xrange`, `unicode`, `raw_input`, `reduce`, `d.iteritems()`, `d.has_key(k)`,
    `itertools.izip`, `collections.Mapping`, `time.clock`, `inspect.getargspec` and the like become
    what Python 3 calls them.  What depends on its use (`cmp`, `execfile`) is reported.

    ## Why

    Programs of TensorFlow 1's time often ran on Python 2 and 3.6; on today's Python these are a
    `NameError` or `AttributeError`.

    ## Example

    ```python
    import tensorflow as tf

    sizes = {"a": 3, "b": 4}
    for name, size in sizes.iteritems():
        tf.get_variable(name, [size])
    for step in xrange(3):
        print(step)
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    sizes = {"a": 3, "b": 4}
    for name, size in sizes.items():
        tf.get_variable(name, [size])
    for step in range(3):
        print(step)
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Safe: on Python 3 the old name fails, and the new one is what Python's own `2to3` writes.  A
    name that the file binds itself, or asks for in `try`/`except NameError` or under a test of
    the version, is left.

    ## References

    - What's new in Python 3: <https://docs.python.org/3/whatsnew/3.0.html>
    """
    name, node = use.name, use.node
    if isinstance(node, ast.ImportFrom):
        return _imported(use, node, name.removeprefix("import "))
    short = name.removeprefix("builtins.").removeprefix("*.")
    if name.startswith("*."):
        return _method(use, short)
    if short in _REPORTED:
        return Manual(f"{short} is gone from Python 3.", _REPORTED[short]) if use.call else None
    assert isinstance(node, ast.expr)
    if short == "sys.setdefaultencoding":
        return _dropped(use, "sys.setdefaultencoding is gone: Python 3 is Unicode throughout.")
    if name.startswith("builtins."):
        if short == "reload":
            return _reload(use, node)
        if short == "reduce":
            return Replace(
                "reduce is a function of functools in Python 3.",
                spans=(),
                imports=("from functools import reduce",),
            )
        new = _BUILTINS[short]
        if use.module.find(new, use.module.scope_of[node])[0] is not None:
            return Manual(
                f"{short} is gone from Python 3, and this file gives `{new}` another meaning.",
                f"Write Python 3's `{new}` where that name is free.",
            )
        return Replace(
            f"{short} is gone from Python 3; {new} is the same.", spans=(use.put(node, new),)
        )
    package, new = _MOVED[name]
    if isinstance(node, ast.Name):
        return None  # its import says so
    message = f"{name} is gone from Python 3; {new} is the same."
    if name == "inspect.getargspec":
        message = f"{name} is gone from Python 3.11; {new} has the same first fields."
        return _getargspec(use, node, message)
    if not package or new.rpartition(".")[0] == name.rpartition(".")[0]:
        spelled = new if not package else f"{use.source(node.value)}.{new.rpartition('.')[2]}"  # type: ignore[attr-defined]
        return Replace(message, spans=(use.put(node, spelled),))
    return Replace(message, spans=(use.put(node, new),), imports=(f"import {package}",))


def _imported(use: Place, node: ast.ImportFrom, name: str) -> Replace | Manual:
    """Return what becomes of an import by name; that of abstract classes gets two halves."""
    moved = [alias for alias in node.names if f"collections.{alias.name}" in _MOVED]
    if not name.startswith("collections.") or "#" in use.source(node):  # type: ignore[arg-type]
        return Manual(
            f"{name} is gone from Python 3, so this import fails.",
            f"Import or use `{_MOVED[name][1]}` instead.",
        )
    line = use.module.text[use.module.offset(node.lineno, 0) :]
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    newline = "\r\n" if "\r\n" in use.module.text else "\n"
    rest = [alias for alias in node.names if alias not in moved]
    halves = [
        f"from {package} import " + ", ".join(map(_alias, aliases))
        for package, aliases in (("collections.abc", moved), ("collections", rest))
        if aliases
    ]
    alone = len(line) - len(line.lstrip(" \t")) == node.col_offset
    return Replace(
        "Abstract classes are in collections.abc in Python 3.10.",
        spans=(use.put(node, (newline + indent if alone else "; ").join(halves)),),
    )


def _alias(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _dropped(use: Place, message: str) -> Replace | Manual:
    """Return the edit that leaves out a statement that is nothing but this call."""
    call = use.call
    statement = use.module.parents.get(call) if call is not None else None
    if not isinstance(statement, ast.Expr):
        return Manual(message, "Remove it.")
    text, start, end = use.module.text, use.module.start(statement), use.module.end(statement)
    body = getattr(use.module.parents[statement], "body", [])
    line = text.rfind("\n", 0, start) + 1
    after = text.find("\n", end)
    after = len(text) if after < 0 else after + 1
    if len(body) > 1 and not text[line:start].strip() and not text[end:after].strip():
        return Replace(message, spans=((line, after, ""),))
    return Replace(message, spans=((start, end, "pass"),))


def _reload(use: Place, node: ast.expr) -> Replace | Manual | None:
    call = use.call
    if call is None or len(call.args) != 1:
        return None
    if use.origin(call.args[0]) == "sys" and "setdefaultencoding" in use.module.text:
        return _dropped(use, "reload(sys), made for setdefaultencoding, has no use in Python 3.")
    return Replace(
        "reload is a function of importlib in Python 3.",
        spans=(use.put(node, "importlib.reload"),),
        imports=("import importlib",),
    )


def _getargspec(use: Place, node: ast.expr, message: str) -> Replace | Manual:
    parent = use.module.parents.get(use.call) if use.call is not None else None
    fine = isinstance(parent, ast.Attribute) and parent.attr in ("args", "varargs", "defaults")
    fine = fine or (
        isinstance(parent, ast.Subscript)
        and isinstance(parent.slice, ast.Constant)
        and parent.slice.value in (0, 1)
    )
    if fine:
        return Replace(message, spans=(use.attribute("getfullargspec"),))
    return Manual(
        "inspect.getargspec is gone from Python 3.11.",
        "Use `inspect.getfullargspec`, which gives seven fields (`keywords` is `varkw`).",
    )


def _method(use: Place, short: str) -> Replace | Manual | None:
    call, node = use.call, use.node
    if call is None or not isinstance(node, ast.Attribute):
        return None
    if f"def {short}(" in use.module.text:
        return None  # a class of the file's own
    if short in _METHODS:
        if call.args or call.keywords:
            return None
        new = _METHODS[short]
        return Replace(
            f"`.{short}()` is gone from Python 3; `.{new}()` is the same.",
            spans=(use.attribute(new),),
        )
    if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        return None
    key, holder = call.args[0], node.value
    loose = not isinstance(
        key, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.BinOp, ast.Tuple)
    )
    parent = use.module.parents[call]
    bare = isinstance(parent, (ast.If, ast.While, ast.Assert, ast.Return, ast.Assign, ast.IfExp))
    bare = bare or isinstance(parent, ast.BoolOp)
    if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not):
        word, at, bare = "not in", parent, False
        outer = use.module.parents[parent]
        bare = isinstance(
            outer, (ast.If, ast.While, ast.Assert, ast.Return, ast.Assign, ast.BoolOp)
        )
    else:
        word, at = "in", call
    inner = use.source(key)
    bare_tuple = isinstance(key, ast.Tuple) and inner[:1] != "("
    inner = f"({inner})" if loose or bare_tuple else inner
    text = f"{inner} {word} {use.source(holder)}"
    return Replace(
        "`.has_key()` is gone from Python 3; `in` is the same.",
        spans=(use.put(at, text if bare else f"({text})"),),
    )
