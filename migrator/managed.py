"""Managed sessions: which can be given a Saver that reads and writes object-based checkpoints.

A managed session finalizes its graph, so that its Saver must have all of its nodes before.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

from migrator.names import Module

__all__ = ["SAVER_ELSEWHERE", "SCAFFOLDS", "Prepared", "prepared"]

#: What takes a Scaffold -> its position.
SCAFFOLDS = {
    "tf.train.MonitoredTrainingSession": 3,
    "tf.train.SingularMonitoredSession": 1,
    "tf.train.ChiefSessionCreator": 0,
    "tf.train.WorkerSessionCreator": 0,
}
#: What takes a Saver, and makes one without -> its position.
_SAVERS = {
    "tf.train.Scaffold": 7,
    "tf.train.Supervisor": 9,
}
_SESSION = "tf.train.MonitoredSession"
_LOOP = ".learning.train"
_LOOP_SAVER = 19

#: Code by which the Saver of a managed session may be one that the rules do not see: a Saver in a
#: collection, one that a ``.meta`` file describes, and what an Estimator does with a Scaffold.
SAVER_ELSEWHERE = re.compile(r"\bSAVERS\b|import_meta_graph|\w*Estimator(Spec)?\b")

#: Arguments with which a Saver stays TensorFlow 1's.
_REFUSED = frozenset({"saver_def", "builder", "filename", "write_version"})


@dataclass(frozen=True, slots=True)
class Prepared:
    """What gives a managed session its Saver."""

    call: str = ""  #: the class of the bridge that takes its place
    adds: str = ""  #: the keyword argument that it is given


def prepared(module: Module, call: ast.AST | None, name: str) -> Prepared | None:
    """Return what a call that makes a managed session, or a part of one, becomes.

    Args:
        module: the file.
        call: the call, or whatever stands around the name.
        name: the symbol that is called.

    Returns:
        What gives it a Saver of the bridge's, which may be nothing, where it has one already.
        None where it uses TensorFlow 1's Saver, as far as the file shows.
    """
    if not isinstance(call, ast.Call) or SAVER_ELSEWHERE.search(module.text):
        return None
    if any(isinstance(one, ast.Starred) for one in call.args):
        return None
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    if name in SCAFFOLDS:
        given = _argument(call, SCAFFOLDS[name], "scaffold")
        if given is None:
            return Prepared(adds="scaffold=tf2_bridge.Scaffold()")
        return Prepared() if _is_prepared(module, given, ("tf.train.Scaffold",)) else None
    if name in _SAVERS:
        given = _argument(call, _SAVERS[name], "saver")
        if given is None:
            return Prepared(call=f"tf2_bridge.{name.rpartition('.')[2]}")
        if name == "tf.train.Supervisor" and _is_none(given):
            return Prepared()  # it has no Saver at all
        return Prepared() if _is_saver(module, given) else None
    if name == _SESSION:
        given = _argument(call, 0, "session_creator")
        creators = ("tf.train.ChiefSessionCreator", "tf.train.WorkerSessionCreator")
        if given is None or _is_prepared(module, given, creators):
            return Prepared()  # it reads no checkpoint without a creator that says which
        return None
    if name.endswith(_LOOP) and "slim" in name:
        given = _argument(call, _LOOP_SAVER, "saver")
        return Prepared() if given is not None and _is_saver(module, given) else None
    return None


def _argument(call: ast.Call, position: int, keyword: str) -> ast.expr | None:
    if position < len(call.args):
        return call.args[position]
    return next((one.value for one in call.keywords if one.arg == keyword), None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_prepared(module: Module, node: ast.expr, names: tuple[str, ...]) -> bool:
    """Whether ``node`` is made by a call of ``names`` that has a Saver of the bridge's."""
    return _is_all(
        module,
        node,
        lambda call, name: name in names and prepared(module, call, name) is not None,
    )


def _is_saver(module: Module, node: ast.expr) -> bool:
    """Whether ``node`` is a Saver that becomes one of the bridge's."""
    return _is_all(
        module,
        node,
        lambda call, name: (
            name == "tf.train.Saver"
            and len(call.args) < 8
            and not any(one.arg is None or one.arg in _REFUSED for one in call.keywords)
            and not any(isinstance(one, ast.Starred) for one in call.args)
        ),
    )


def _is_all(module: Module, node: ast.expr, fits: Callable[[ast.Call, str], bool]) -> bool:
    """Whether everything that ``node`` may be is a call that ``fits``."""
    values: list[ast.expr | None] = [node]
    if isinstance(node, ast.Name) and node in module.scope_of:
        _, bindings = module.find(node.id, module.scope_of[node])
        values = [binding.value for binding in bindings]
    elif isinstance(node, ast.Attribute):
        values = [
            parent.value if isinstance(parent := module.parents.get(store), ast.Assign) else None
            for store in module.by_name.get(node.attr, ())
            if isinstance(store.ctx, ast.Store)
        ]
    return bool(values) and all(
        isinstance(value, ast.Call)
        and (symbol := module.symbol(value.func)) is not None
        and fits(value, symbol.name)
        for value in values
    )
