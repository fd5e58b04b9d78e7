"""Keras models that were exported from a session of Keras: Keras 3 needs none.

The models stay as they are, the lines that set the session up go, and an export becomes
``tf2_bridge.KerasModule``.  Only what Keras 3 computes as TensorFlow 1.15's Keras did is taken: it
cannot read the models that TensorFlow 1.15 saved, its recurrent layers have other gates, ``decay=``
is ignored, so a file with any of those is refused and goes on with legacy Keras.
"""

from __future__ import annotations

import ast
import re

from migrator.lift.keras_answers import check_answers
from migrator.lift.keras_checks import check_calls, check_references, check_training
from migrator.lift.keras_exports import Exports, outermost
from migrator.lift.kinds import Lifted, Refusal
from migrator.lift.text import Edit, applied, comment_end
from migrator.names import Module

__all__ = ["is_keras_program", "lift_keras"]

GET, SET = "tf.keras.backend.get_session", "tf.keras.backend.set_session"
_PHASE = "tf.keras.backend.set_learning_phase"
_OPENED = ("tf.Session", "tf.InteractiveSession")
_CONFIG = ("tf.ConfigProto", "tf.GPUOptions")


def is_keras_program(module: Module) -> bool:
    """Whether a file asks Keras for its session, or gives it one."""
    return any(symbol.name in (GET, SET) for _, symbol in module.references())


def lift_keras(module: Module, bridge_import: str, keep_names: bool = False) -> Lifted:
    """Return ``module`` without the session of Keras.

    Args:
        module: the file, with newlines of one character.
        bridge_import: the statement that binds ``tf2_bridge`` in this file.
        keep_names: whether an export's tensors must keep the names that they had.

    Raises:
        Refusal: something in it means another thing in Keras 3, or needs a session.
    """
    return _Lift(module, bridge_import, keep_names).lifted()


class _Lift:
    """The work on one file."""

    def __init__(self, module: Module, bridge_import: str, keep_names: bool) -> None:
        self.module = module
        self.bridge_import = bridge_import
        self.keep_names = keep_names
        self.gone: list[ast.stmt] = []  #: statements that go
        self.dedented: list[ast.With] = []
        self.sessions: set[str] = set()
        self.keras_sessions: set[str] = set()  #: those of them that are Keras' own
        self.configs: set[str] = set()
        self.phase = False  #: it sets the learning phase
        self.notes: list[str] = []

    def lifted(self) -> Lifted:
        module = self.module
        self._find_sessions()
        exports = Exports(module, self._is_session)
        if exports.calls and self.keep_names:
            raise Refusal(exports.calls[0], "names", "its tensors are asked for by their names")
        covered = [*self.gone, *exports.nodes]
        finished = set(exports.calls)
        self._check_names(exports)
        check_references(module, covered, self.dedented)
        check_calls(module, covered, finished)
        check_training(module, self.phase)
        check_answers(module, covered)
        tensorflow = self._tensorflow(bool(exports.calls))
        made = exports.edits(tensorflow, self._fresh("module"), self._moved_left)
        edits = [*self._removals(), *made]
        if exports.calls:
            edits += self._imports(tensorflow)
        try:
            text = self._without_unused(applied(module.text, outermost(edits)))
            if "\n\n\n\n" not in module.text:
                text = re.sub(r"\n{4,}", "\n\n\n", text)
        except SyntaxError as error:
            raise Refusal(module.tree, "layout", "its lines could not be put together") from error
        if self.configs or self.sessions:
            self.notes.append("the options of the session go with it")
        return Lifted(
            text,
            "KerasModule",
            exports.answers(made),
            tuple(self.notes),
            frozenset({"keras_module"} if exports.calls else ()),
            frozenset(),
        )

    # -- the session ------------------------------------------------------------------

    def _find_sessions(self) -> None:
        for node in self.module.nodes:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                name = self._called(node.value)
                target = node.targets[0] if len(node.targets) == 1 else None
                if name in (*_OPENED, GET, *_CONFIG):
                    if not isinstance(target, ast.Name):
                        raise Refusal(node, "session", f"`{ast.unparse(node.targets[0])}` keeps it")
                    self._check_options(node.value, name)
                    (self.configs if name in _CONFIG else self.sessions).add(target.id)
                    if name == GET:
                        self.keras_sessions.add(target.id)
                    self.gone.append(node)
            elif isinstance(node, ast.With) and len(node.items) == 1:
                item = node.items[0]
                name = self._called(item.context_expr)
                if name in (*_OPENED, GET):
                    self._check_options(item.context_expr, name)
                    if isinstance(item.optional_vars, ast.Name):
                        self.sessions.add(item.optional_vars.id)
                        if name == GET:
                            self.keras_sessions.add(item.optional_vars.id)
                    self.dedented.append(node)
        for node in self.module.nodes:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                self._find_call(node, node.value)
            elif isinstance(node, (ast.Assign, ast.AugAssign)):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Attribute) and _root(target) in self.configs:
                    self.gone.append(node)

    def _find_call(self, node: ast.Expr, call: ast.Call) -> None:
        name = self._called(call)
        if name == _PHASE:
            value = call.args[0] if call.args else None
            if not isinstance(value, ast.Constant) or value.value not in (0, False):
                raise Refusal(node, "phase", "it sets the learning phase to something else than 0")
            self.phase = True
            self.gone.append(node)
        elif name == SET:
            given = call.args[0] if len(call.args) == 1 else None
            if isinstance(given, ast.Name) and given.id in self.sessions:
                self.keras_sessions.add(given.id)
            elif isinstance(given, ast.Call) and self._called(given) in _OPENED:
                self._check_options(given, "tf.Session")
            else:
                raise Refusal(node, "session", "the session that Keras gets comes from elsewhere")
            self.gone.append(node)
        elif (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "close"
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id in self.sessions
        ):
            self.gone.append(node)

    def _check_options(self, call: ast.expr, name: str) -> None:
        assert isinstance(call, ast.Call)
        if name in _OPENED and (call.args or any(k.arg != "config" for k in call.keywords)):
            raise Refusal(call, "session", "its session has a target or a graph of its own")

    def _is_session(self, node: ast.expr) -> bool:
        """Whether an expression is the session that Keras uses."""
        if isinstance(node, ast.Name):
            return node.id in self.keras_sessions
        return self._called(node) == GET

    def _called(self, node: ast.AST) -> str | None:
        symbol = self.module.symbol(node.func) if isinstance(node, ast.Call) else None
        return symbol.name if symbol is not None else None

    def _check_names(self, exports: Exports) -> None:
        """Refuse a use of the session, or of its options, in what stays."""
        inside: set[ast.AST] = set()
        for node in [*self.gone, *exports.sessions]:
            inside.update(ast.walk(node))
        for item in (item for block in self.dedented for item in block.items):
            inside.update(ast.walk(item))
        for name in sorted(self.sessions | self.configs):
            for at in self.module.by_name.get(name, ()):
                if isinstance(at, ast.Name) and at not in inside:
                    raise Refusal(at, "session", f"`{name}` is used for more than Keras")

    # -- the text ---------------------------------------------------------------------

    def _removals(self) -> list[Edit]:
        module, text = self.module, self.module.text
        edits: list[Edit] = []
        gone = set(self.gone)
        for node in self.gone:
            start, end = module.start(node), module.end(node)
            line, tail = module.offset(node.lineno, 0), comment_end(text, end)
            if text[line:start].strip() or text[tail : tail + 1] not in ("", "\n"):
                raise Refusal(node, "layout", "a statement that goes shares its line")
            block = _block_of(module, node)
            if tail != end:  # its comment stays
                kept = text.index("#", end)
                edits.append((start, kept, ""))
            elif block and all(other in gone for other in block):
                edits.append((start, end, "pass"))
            else:
                edits.append((line, min(end + 1, len(text)), ""))
        for node in self.dedented:
            edits += self._dedent(node)
        return edits

    def _moved_left(self, node: ast.AST) -> int:
        """Return by how many columns the line of a node moves."""
        around = set(self.module.ancestors(node))
        return sum(b.body[0].col_offset - b.col_offset for b in self.dedented if b in around)

    def _dedent(self, node: ast.With) -> list[Edit]:
        """Return the edits that leave the body of a ``with`` block where the block stood."""
        module, text = self.module, self.module.text
        first = node.body[0]
        if first.lineno == node.lineno:
            raise Refusal(node, "layout", "the block of its session is on one line")
        last = node.end_lineno or node.lineno
        if any(
            isinstance(at, ast.Constant)
            and isinstance(at.value, str)
            and at.lineno != at.end_lineno
            for at in ast.walk(node)
        ):
            raise Refusal(node, "layout", "a string of several lines stands in its session's block")
        depth = first.col_offset - node.col_offset
        item = node.items[0]
        head = text.index("\n", module.end(item.optional_vars or item.context_expr)) + 1
        if "#" in text[module.end(item.context_expr) : head]:
            raise Refusal(node, "layout", "a comment stands beside the session's block")
        edits: list[Edit] = [(module.offset(node.lineno, 0), head, "")]
        gone = {at for one in self.gone for at in range(one.lineno, (one.end_lineno or 0) + 1)}
        for line in range(module.line_column(head)[0], last + 1):
            start = module.offset(line, 0)
            if line not in gone and not text[start : start + depth].strip(" "):
                end = text.find("\n", start)
                width = min(depth, (end if end >= 0 else len(text)) - start)
                edits.append((start, start + width, ""))
        return edits

    def _tensorflow(self, needed: bool) -> str:
        """Return the name of TensorFlow."""
        for node in self.module.imports:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "tensorflow" and self.module.parents[node] is self.module.tree:
                        return alias.asname or alias.name
                    if alias.name.startswith("tensorflow.compat"):
                        raise Refusal(node, "import", "it is written for tensorflow.compat.v1")
        return self._fresh("tf") if needed else "tf"

    def _fresh(self, wanted: str) -> str:
        taken = self.module.by_name.keys() | self.module.root.bindings.keys()
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name

    def _imports(self, tensorflow: str) -> list[Edit]:
        """Return the edit that imports the bridge, and TensorFlow where it has no name."""
        module = self.module
        top = [node for node in module.imports if module.parents[node] is module.tree]
        if not top:
            raise Refusal(module.tree, "import", "it imports nothing at the top of the file")
        plain = next(
            (n for n in top if isinstance(n, ast.Import) and _binds(n, "tensorflow")), None
        )
        has = any(ast.unparse(node) == self.bridge_import for node in top)
        last = plain or top[0]
        body = module.tree.body
        for node in body[body.index(last) + 1 :]:
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                break
            last = node
        at = module.text.find("\n", module.end(last)) + 1 or len(module.text)
        text = "" if plain is not None else f"import tensorflow as {tensorflow}\n"
        text += "" if has else f"{self.bridge_import}\n"
        lead = "" if module.text[:at].endswith("\n") else "\n"
        return [(at, at, lead + text)]

    def _without_unused(self, text: str) -> str:
        """Return the new text without the imports that nothing in it uses any more."""
        new = Module(text)
        edits: list[Edit] = []
        for node in new.imports:
            names = [(alias.asname or alias.name.partition(".")[0], alias) for alias in node.names]
            kept = [alias for name, alias in names if not self._is_idle(new, name)]
            if len(kept) == len(names) or new.parents[node] is not new.tree:
                continue
            start, end = new.start(node), new.end(node)
            if text[end : end + 1] not in ("", "\n"):
                continue  # something stands beside it
            if not kept:
                edits.append((start, min(end + 1, len(text)), ""))
            elif node.lineno == node.end_lineno and "(" not in text[start:end]:
                listed = ", ".join(ast.unparse(alias) for alias in kept)
                assert isinstance(node, (ast.Import, ast.ImportFrom))
                lead = (
                    f"from {'.' * node.level}{node.module or ''} import "
                    if isinstance(node, ast.ImportFrom)
                    else "import "
                )
                edits.append((start, end, lead + listed))
        return applied(text, edits)

    def _is_idle(self, new: Module, name: str) -> bool:
        """Whether the lift took away every use of a name of TensorFlow's."""
        before = self.module
        if name == "*" or name in new.by_name or name not in before.by_name:
            return False
        return before.lookup(name, before.root) is not None


def _binds(node: ast.Import, name: str) -> bool:
    return any(alias.name == name for alias in node.names)


def _root(node: ast.expr) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _block_of(module: Module, node: ast.stmt) -> list[ast.stmt]:
    parent = module.parents[node]
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and node in block:
            return [] if isinstance(parent, (ast.Module, ast.With)) else block
    return []
