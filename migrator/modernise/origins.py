"""Where a name comes from: an import of any package, or Python itself."""

from __future__ import annotations

import ast
import builtins
import re

from migrator.names import Module, Scope

__all__ = ["guarded", "origin"]

#: Exceptions by which programs ask whether something is there.
_ASKED = frozenset({"NameError", "ImportError", "ModuleNotFoundError", "AttributeError"})

_VERSION = re.compile(
    r"\b(version_info|sys\.version|PY2|PY3|PY_2|PY_3|IS_PY|python_version|__version__|hasattr)"
)

#: Names of Python 2's builtins; a module-level name that nothing binds is one of these.
_PYTHON2 = frozenset(
    {
        *("xrange", "unicode", "basestring", "long", "raw_input", "reduce", "unichr", "cmp"),
        *("execfile", "reload", "file", "intern", "apply", "coerce", "buffer"),
    }
)


def origin(module: Module, node: ast.AST) -> str | None:
    """Return the dotted path that a Name or Attribute chain means, or None.

    ``numpy.bool`` for ``np.bool`` under ``import numpy as np``; ``builtins.xrange`` for a name that
    nothing in the file binds.  A name with several meanings means nothing here: that is the
    user's own way to serve two versions.
    """
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    base = _base(module, node.id, module.scope_of[node])
    if base is None:
        return None
    return ".".join([base, *reversed(attributes)])


def _base(module: Module, name: str, scope: Scope) -> str | None:
    owner, bindings = module.find(name, scope)
    if owner is None:
        if name in _PYTHON2 or hasattr(builtins, name):
            # a star import may bring a name of its own; Python's is what it almost always means
            return None if _shadowed(module, name) else f"builtins.{name}"
        return None
    found = {binding.dotted for binding in bindings}
    if len(found) != 1:
        return None
    return found.pop()


def _shadowed(module: Module, name: str) -> bool:
    """Whether a star import of a package known for it binds ``name``."""
    known = ("six", "past", "builtins", "future", "numpy", "pylab", "scipy")
    return any(
        level == 0 and package.partition(".")[0] in known for package, level in module.root.stars
    )


def guarded(module: Module, node: ast.AST) -> bool:
    """Whether the code around ``node`` asks which version it runs on, so serves both itself."""
    child = node
    for at in module.ancestors(node):
        if isinstance(at, (ast.If, ast.IfExp)) and child is not at.test:
            if _VERSION.search(module.source(at.test)):
                return True
        elif isinstance(at, ast.Try) and child not in at.finalbody:
            if any(_asks(handler) for handler in at.handlers):
                return True
        elif isinstance(at, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            pass  # a function inside such a branch is guarded, too
        child = at
    return False


def _asks(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in _ASKED for kind in kinds)
