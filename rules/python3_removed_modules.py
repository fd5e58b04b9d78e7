"""Modules of the standard library that were renamed or removed: `cPickle`, `imp`."""

from __future__ import annotations

import ast

from migrator.modernise import Place, Replace
from migrator.rule import Manual, Safety, rule

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
