"""What Python 3 no longer has, in files that Python 3 still parses: `xrange`, `iteritems`, `imp`."""

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
    "os.errno": "Import the module `errno`.",
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

    Safe: on Python 3 the old name fails, and the new one is what Python's own `2to3` writes.  A name
    that the file binds itself, or asks for in `try`/`except NameError` or under a test of the
    version, is left.

    ## References

    - What's new in Python 3: <https://docs.python.org/3/whatsnew/3.0.html>
    """
    name, node = use.name, use.node
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
        return Manual(
            f"{name} is gone from Python 3, and this file imports it by name.",
            f"Import or use `{new}` instead.",
        )
    message = f"{name} is gone from Python 3; {new} is the same."
    if name == "inspect.getargspec":
        message = f"{name} is gone from Python 3.11; {new} has the same first fields."
        return _getargspec(use, node, message)
    if not package or new.rpartition(".")[0] == name.rpartition(".")[0]:
        spelled = new if not package else f"{use.source(node.value)}.{new.rpartition('.')[2]}"  # type: ignore[attr-defined]
        return Replace(message, spans=(use.put(node, spelled),))
    return Replace(message, spans=(use.put(node, new),), imports=(f"import {package}",))


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


#: An import whose module only got another name.
_MODULES = {
    "cPickle": "pickle",
    "Queue": "queue",
    "ConfigParser": "configparser",
    "HTMLParser": "html.parser",
    "Tkinter": "tkinter",
    "tkMessageBox": "tkinter.messagebox",
    "tkFileDialog": "tkinter.filedialog",
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "thread": "_thread",
    "SocketServer": "socketserver",
    "BaseHTTPServer": "http.server",
    "httplib": "http.client",
    "xmlrpclib": "xmlrpc.client",
    "urlparse": "urllib.parse",
    "cookielib": "http.cookiejar",
    "Cookie": "http.cookies",
    "repr": "reprlib",
}

#: An import that needs a look.
_LEFT = {
    "StringIO": "Use `io.StringIO` for text and `io.BytesIO` for bytes.",
    "cStringIO": "Use `io.StringIO` for text and `io.BytesIO` for bytes.",
    "urllib2": "Use `urllib.request` and `urllib.error`.",
    "commands": "Use `subprocess.getoutput` and `subprocess.getstatusoutput`.",
    "imp": "Use `importlib`: `importlib.util.spec_from_file_location` loads a file,"
    " `importlib.reload` replaces `imp.reload`.",
    "asyncore": "Use `asyncio`.",
    "pipes": "Use `shlex.quote` and `subprocess`.",
    "crypt": "Use the package passlib.",
    "cgi": "Use `html`, `urllib.parse` or `email.message`.",
    "imghdr": "Use the package filetype, or Pillow's `Image.open(path).format`.",
    "sndhdr": "Use the package filetype.",
    "telnetlib": "Use the package telnetlib3.",
    "sets": "Use the type `set`.",
    "md5": "Use `hashlib.md5`.",
    "sha": "Use `hashlib.sha1`.",
    "exceptions": "Exceptions are builtins.",
    "Image": "Import it from Pillow: `from PIL import Image`.",
}


@rule(
    "TFM827",
    "python3-modules",
    safety=Safety.SAFE,
    apis=tuple(f"import {name}" for name in (*_MODULES, *_LEFT)),
)
def python3_modules(use: Place) -> Replace | Manual | None:
    """Import modules of the standard library by their present names.

    ## What it does

    `import cPickle as pickle` becomes `import pickle`, `import Queue` becomes
    `import queue as Queue`, and so on.  Modules that were split or removed (`StringIO`,
    `urllib2`, `imp`) are reported with what to use.  `distutils` is left: setuptools, which
    TensorFlow requires, brings it back.

    ## Why

    Python 3 renamed them; 3.12 removed `imp`, 3.13 another twenty.

    ## Example

    ```python
    import cPickle as pickle

    import tensorflow as tf

    with open("vocabulary.pkl", "rb") as stream:
        words = pickle.load(stream)
    table = tf.get_variable("table", [len(words), 8])
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import pickle

    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    with open("vocabulary.pkl", "rb") as stream:
        words = pickle.load(stream)
    table = tf.get_variable("table", [len(words), 8])
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Safe: it is the same module.  An import inside `try`/`except ImportError` or under a test of the
    version is the program's own way, and left.  A pickle that Python 2 wrote may also need
    `encoding="latin1"`.

    ## References

    - The standard library since 3.0: <https://docs.python.org/3/whatsnew/3.0.html#library-changes>
    """
    node = use.node
    if isinstance(node, ast.Import):
        wanted = use.name.removeprefix("import ")
        if wanted in _LEFT:
            return Manual(f"The module {wanted} is gone from Python 3.", _LEFT[wanted])
        if len(node.names) != 1:
            return Manual(
                f"The module {wanted} is {_MODULES[wanted]} in Python 3.",
                "Import it on a line of its own, under its present name.",
            )
        return _renamed(use, node, wanted)
    assert isinstance(node, ast.ImportFrom)
    wanted = use.name.removeprefix("import ")
    module = node.module or ""
    if wanted != module:
        return Manual(f"The module {wanted} is gone from Python 3.", _LEFT[wanted])
    if wanted in _LEFT:
        return Manual(f"The module {wanted} is gone from Python 3.", _LEFT[wanted])
    start = use.module.start(node)
    at = use.module.text.index(module, start + len("from"))
    return Replace(
        f"The module {wanted} is {_MODULES[wanted]} in Python 3.",
        spans=((at, at + len(module), _MODULES[wanted]),),
    )


def _renamed(use: Place, node: ast.Import, wanted: str) -> Replace:
    new = _MODULES[wanted]
    bound = node.names[0].asname or wanted
    line = f"import {new}" if bound == new else f"import {new} as {bound}"
    return Replace(f"The module {wanted} is {new} in Python 3.", spans=(use.put(node, line),))


@rule(
    "TFM828",
    "python3-lists",
    safety=Safety.SAFE,
    apis=(
        *(f"*.{name}" for name in ("keys", "values", "items")),
        *(f"builtins.{name}" for name in ("map", "filter", "zip", "range")),
    ),
)
def python3_lists(use: Place) -> Replace | Manual | None:
    """Make a list where a program takes `d.keys()`, `map` or `zip` for one.

    ## What it does

    `d.keys()[0]`, `archive.items()[0]`, `map(f, x)[0]`, `len(filter(f, x))`, `range(3) + [7]`
    and `np.array(zip(a, b))` get a `list(...)` around the view or iterator.

    ## Why

    In Python 3 these give views and iterators, which have no index, no length and no `+`.
    `np.array` of one is an array of one object, without any error.

    ## Example

    ```python
    import numpy as np
    import tensorflow as tf

    name, value = np.load("weights.npz").items()[0]
    kernel = tf.get_variable("kernel", initializer=value)
    saver = tf.train.Saver()
    ```

    ## Use instead

    ```python
    import numpy as np
    import tensorflow.compat.v1 as tf
    import tf2_bridge

    tf.disable_v2_behavior()

    name, value = list(np.load("weights.npz").items())[0]
    kernel = tf.get_variable("kernel", initializer=value)
    saver = tf2_bridge.Saver()
    ```

    ## Safety

    Safe: the code around it fails on Python 3 unless there is a list.

    ## References

    - Views and iterators instead of lists:
      <https://docs.python.org/3/whatsnew/3.0.html#views-and-iterators-instead-of-lists>
    """
    call = use.call
    if call is None:
        return None
    view = use.name.startswith("*.")
    if view and (call.args or call.keywords):
        return None
    kind = use.name.rpartition(".")[2]
    if not _as_list(use, call, kind, view):
        return None
    shown = f".{kind}()" if view else f"{kind}(...)"
    if use.module.find("list", use.module.scope_of[use.node])[0] is not None:
        return Manual(
            f"`{shown}` is no list in Python 3, and this file gives `list` another meaning.",
            "Make a list of it.",
        )
    return Replace(
        f"`{shown}` is no list in Python 3, and is used as one.",
        spans=use.around(call, "list(", ")"),
    )


def _as_list(use: Place, node: ast.Call, kind: str, view: bool) -> bool:
    """Whether what a call gives is used as only a list can be."""
    parent = use.module.parents[node]
    if isinstance(parent, ast.Subscript) and parent.value is node and kind != "range":
        return _plain_index(parent.slice)
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add):
        other = parent.right if parent.left is node else parent.left
        if isinstance(other, (ast.List, ast.ListComp)):
            return True
        return (
            isinstance(other, ast.Call)
            and isinstance(other.func, ast.Name)
            and use.origin(other.func) in ("builtins.list", "builtins.range", "builtins.sorted")
        )
    if isinstance(parent, ast.Attribute) and parent.value is node and not view and kind != "range":
        return parent.attr in ("sort", "append", "extend", "reverse", "index", "pop")
    if isinstance(parent, ast.Call) and parent.args[:1] == [node]:
        called = use.origin(parent.func)
        if called in ("numpy.array", "numpy.asarray", "numpy.random.shuffle", "random.shuffle"):
            return kind != "range" or called == "random.shuffle"
        if called == "builtins.len":
            return not view and kind != "range"
        return called in ("random.choice", "random.sample") and kind != "range"
    return False


def _plain_index(node: ast.expr) -> bool:
    """Whether an index is a number or a slice, so what it indexes is a sequence."""
    if isinstance(node, ast.Slice):
        return True
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int)
