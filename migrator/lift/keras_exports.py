"""The exports of Keras models from the session of Keras, written for ``tf2_bridge.KerasModule``."""

from __future__ import annotations

import ast
from collections.abc import Callable

from migrator.keras_symbols import is_keras
from migrator.lift.keras_checks import ACTIVATIONS
from migrator.lift.kinds import Refusal
from migrator.lift.text import Edit, applied
from migrator.names import Module
from migrator.symbols import in_tensorflow2

__all__ = ["Exports", "outermost"]

_SIMPLE = ("tf.saved_model.simple_save", "tf.saved_model.simple_save.simple_save")
_BUILDER = "tf.saved_model.Builder"
_SIGNATURES = {
    "tf.saved_model.predict_signature_def": ("inputs", "outputs"),
    "tf.saved_model.build_signature_def": ("inputs", "outputs", "method_name"),
}
_INFO = "tf.saved_model.build_tensor_info"
#: What an init op of a Keras model does: nothing.
_IDLE = frozenset({"tf.tables_initializer", "tf.initialize_all_tables", "tf.group", "tf.no_op"})
_ADD = "add_meta_graph_and_variables"


class Exports:
    """The exports of a file.

    Args:
        module: the file.
        is_session: tells whether an expression is the session of Keras.

    Raises:
        Refusal: an export has a shape that is not known.
    """

    def __init__(self, module: Module, is_session: Callable[[ast.expr], bool]) -> None:
        self.module = module
        self._is_session = is_session
        self.calls: list[ast.Call] = []  #: each ends an export: it becomes a ``with`` block
        self.nodes: list[ast.AST] = []  #: expressions that are written anew
        self.sessions: list[ast.AST] = []  #: arguments that give the session, which go
        self._edits: list[Edit] = []
        self._receivers: dict[ast.Call, str] = {}  #: a builder's save -> the builder
        for node, symbol in module.references():
            call = module.parents[node]
            called = isinstance(call, ast.Call) and call.func is node
            if symbol.name in _SIMPLE or symbol.name == _BUILDER:
                if not called or not isinstance(call, ast.Call):
                    raise Refusal(node, "export", "an export is not a plain call")
                if symbol.name == _BUILDER:
                    self._builder(call)
                else:
                    self._simple_save(call)
            elif symbol.name in _SIGNATURES and isinstance(call, ast.Call) and called:
                self._signature(call, symbol.name)
            elif symbol.name == _INFO and isinstance(call, ast.Call) and called:
                self._tensor_info(call)
            elif symbol.name.startswith("tf.saved_model."):
                self._constant(node, symbol.name, symbol.spelled)
        if self.calls:
            self._tensors()

    # -- what there is ----------------------------------------------------------------

    def _simple_save(self, call: ast.Call) -> None:
        given = self._bound(call, ("session", "export_dir", "inputs", "outputs", "legacy_init_op"))
        init = given.get("legacy_init_op")
        if init is not None and not (isinstance(init, ast.Constant) and init.value is None):
            raise Refusal(call, "export", "it has an init op")
        self._takes_session(call, given.get("session"))
        self._statement(call)
        self.nodes.append(call.func)
        self._edits.append(
            (self._start(call.func), self._end(call.func), "tf2_bridge.keras_module")
        )
        self.calls.append(call)

    def _builder(self, call: ast.Call) -> None:
        module = self.module
        made = module.parents[call]
        target = (
            made.targets[0] if isinstance(made, ast.Assign) and len(made.targets) == 1 else None
        )
        if not isinstance(target, ast.Name):
            raise Refusal(call, "export", "the builder is not kept in one variable")
        self.nodes.append(call.func)
        self._edits.append((self._start(call.func), self._end(call.func), "tf2_bridge.KerasModule"))
        added = saved = 0
        for name in module.by_name.get(target.id, ()):
            if name is target or not isinstance(name, ast.Name):
                continue
            method = module.parents[name]
            use = module.parents[method]
            if not (
                isinstance(method, ast.Attribute)
                and isinstance(use, ast.Call)
                and use.func is method
            ):
                raise Refusal(name, "export", f"`{target.id}` is also used in another way")
            self._statement(use)
            if method.attr == _ADD:
                added += 1
                self._add(use, method)
            elif method.attr == "save" and not use.args and not use.keywords:
                saved += 1
                self.calls.append(use)
                self._receivers[use] = target.id
            else:
                raise Refusal(use, "export", f"`{target.id}.{method.attr}` has another form")
        if added != 1 or saved != 1:
            raise Refusal(call, "export", "the builder does not add and save one model")

    def _add(self, call: ast.Call, method: ast.Attribute) -> None:
        names = ("sess", "tags", "signature_def_map", "assets_collection", "legacy_init_op")
        given = self._bound(call, (*names, "clear_devices", "main_op", "strip_default_attrs"))
        self._takes_session(call, given.get("sess"), remove=False)
        signatures = given.get("signature_def_map")
        if not isinstance(signatures, (ast.Dict, ast.Name)):
            raise Refusal(call, "export", "its signatures are not spelled out")
        tags = given.get("tags")
        if not isinstance(tags, (ast.List, ast.Tuple)) or [self._word(t) for t in tags.elts] != [
            "serve"
        ]:
            raise Refusal(call, "export", "its tag is not `serve`")
        self.nodes.append(tags)
        for name in ("assets_collection", "legacy_init_op", "main_op"):
            value = given.get(name)
            if value is None or (isinstance(value, ast.Constant) and value.value is None):
                continue
            symbols = [
                s.name
                for at in ast.walk(value)
                if isinstance(at, (ast.Name, ast.Attribute)) and (s := self.module.symbol(at))
            ]
            if not isinstance(value, ast.Call) or not {n for n in symbols if n != "tf"} <= _IDLE:
                raise Refusal(value, "export", f"it has a `{name}`")
            self.nodes.append(value)
        self.nodes.append(method)
        self._edits.append((self._end(method.value), self._end(method), ".add_model"))
        kept: ast.expr | ast.keyword = signatures
        for keyword in call.keywords:
            if keyword.value is signatures:
                kept = keyword
                self._edits.append((self._start(kept), self._start(signatures), "signatures="))
        others: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
        first = min(map(self._start, others))
        last = max(self._end(one.value if isinstance(one, ast.keyword) else one) for one in others)
        self._edits.append((first, self._start(kept), ""))
        self._edits.append((self._end(signatures), last, ""))

    def _signature(self, call: ast.Call, name: str) -> None:
        given = self._bound(call, _SIGNATURES[name])
        if "inputs" not in given or "outputs" not in given:
            raise Refusal(call, "export", "a signature without inputs or outputs")
        parts = [given[part] for part in _SIGNATURES[name] if part in given]
        if sorted(parts, key=self._start) != parts:
            raise Refusal(call, "export", "the arguments of a signature stand in another order")
        self.nodes.append(call.func)
        at = self._start(call)
        for index, part in enumerate(parts):
            self._edits.append((at, self._start(part), ", " if index else "("))
            at = self._end(part)
        self._edits.append((at, self._end(call), ")"))

    def _tensor_info(self, call: ast.Call) -> None:
        if len(call.args) != 1 or call.keywords:
            raise Refusal(call, "export", "a tensor info has another form")
        self.nodes.append(call.func)
        self._edits.append((self._start(call), self._start(call.args[0]), ""))
        self._edits.append((self._end(call.args[0]), self._end(call), ""))

    def _constant(self, node: ast.expr, name: str, spelled: str) -> None:
        """Spell a constant as TensorFlow 2 does."""
        if not in_tensorflow2(name):
            raise Refusal(node, "export", f"`{name}` is none of TensorFlow 2's")
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if self.module.dotted(root) == "tensorflow":
            self.nodes.append(node)
            if spelled != name:
                text = f"{self.module.source(root)}.{name.removeprefix('tf.')}"
                self._edits.append((self._start(node), self._end(node), text))
        else:
            literal = _VALUES.get(name)
            if literal is None:
                raise Refusal(node, "export", f"`{name}` has no value here")
            self.nodes.append(node)
            self._edits.append((self._start(node), self._end(node), f'"{literal}"'))

    def _tensors(self) -> None:
        """Spell the tensors of models as Keras 3 does, wherever they stand."""
        for node in self.module.nodes:
            if isinstance(node, ast.Attribute) and node.attr in ("input", "output"):
                if self.module.symbol(node) is not None or not self._in_map(node):
                    continue
                self.nodes.append(node)
                start = self._end(node.value)
                self._edits.append((start, self._end(node), f".{node.attr}s[0]"))
            elif isinstance(node, ast.DictComp):
                if not self._in_map(node) or not self._by_name(node):
                    raise Refusal(node, "export", "a signature is made by a comprehension")
                outputs = node.generators[0].iter
                assert isinstance(outputs, ast.Attribute)
                model = self.module.source(outputs.value)
                self.nodes.append(node)
                text = f"tf2_bridge.named_outputs({model})"
                self._edits.append((self._start(node), self._end(node), text))

    def _by_name(self, node: ast.DictComp) -> bool:
        """Whether it is ``{t.name: t for t in model.outputs}``, of names that can be told."""
        (first, *others) = node.generators
        item = first.target
        if others or first.ifs or not isinstance(item, ast.Name):
            return False
        if ast.unparse(node.key) != f"{item.id}.name" or ast.unparse(node.value) != item.id:
            return False
        if not isinstance(first.iter, ast.Attribute) or first.iter.attr != "outputs":
            return False
        layers = []
        for at, symbol in self.module.references():
            call = self.module.parents[at]
            if is_keras(symbol.raw):
                return False  # it counted its layers from one
            if symbol.spelled.startswith("tf.keras.layers.") and isinstance(call, ast.Call):
                layers.append((call, symbol.spelled))
        if not layers or layers[-1][1] != "tf.keras.layers.Dense":
            return False
        given = {k.arg: k.value for k in layers[-1][0].keywords}
        activation = given.get("activation")
        told = isinstance(activation, ast.Constant) and activation.value in ACTIVATIONS
        return "use_bias" not in given and (activation is None or told)

    def _in_map(self, node: ast.AST) -> bool:
        """Whether a tensor stands in the signatures of an export."""
        child = node
        for at in self.module.ancestors(node):
            if isinstance(at, ast.Call):
                symbol = self.module.symbol(at.func)
                if symbol is not None and child is not at.func:
                    return symbol.name in (*_SIMPLE, *_SIGNATURES, _INFO)
            child = at
        return False

    # -- the parts --------------------------------------------------------------------

    def _bound(self, call: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
        if any(isinstance(arg, ast.Starred) for arg in call.args) or len(call.args) > len(names):
            raise Refusal(call, "export", "its arguments cannot be told")
        given = dict(zip(names, call.args, strict=False))
        for keyword in call.keywords:
            if keyword.arg not in names:
                raise Refusal(call, "export", f"it is called with `{keyword.arg or '**'}`")
            given[keyword.arg] = keyword.value
        return given

    def _takes_session(
        self, call: ast.Call, session: ast.expr | None, *, remove: bool = True
    ) -> None:
        if session is None or not self._is_session(session):
            raise Refusal(call, "session", "the session of an export is not known to be Keras'")
        self.sessions.append(session)
        self.nodes.append(session)
        if not remove:
            return
        others: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
        keyword = next((k for k in call.keywords if k.value is session), None)
        own = keyword or session
        behind = [start for at in others if (start := self._start(at)) > self._start(own)]
        if not behind:
            raise Refusal(call, "export", "the session is its last argument")
        self._edits.append((self._start(own), min(behind), ""))

    def _statement(self, call: ast.Call) -> None:
        module = self.module
        statement = module.parents[call]
        row = module.text[module.offset(call.lineno, 0) : module.start(call)]
        after = module.text[module.end(call) :].partition("\n")[0]
        if not isinstance(statement, ast.Expr) or row.strip() or after.strip():
            raise Refusal(call, "layout", "an export shares its line")

    def _word(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Constant):
            return str(node.value)
        symbol = self.module.symbol(node)
        return "serve" if symbol is not None and symbol.name == "tf.saved_model.SERVING" else None

    def _start(self, node: ast.expr | ast.keyword) -> int:
        return self.module.offset(node.lineno, node.col_offset)

    def _end(self, node: ast.expr) -> int:
        return self.module.end(node)

    # -- the text ---------------------------------------------------------------------

    def edits(self, tensorflow: str, name: str, dedented: Callable[[ast.AST], int]) -> list[Edit]:
        """Return the edits of all exports.

        Args:
            tensorflow: the name of TensorFlow.
            name: a free one for a module.
            dedented: by how many columns the line of a node moves to the left.
        """
        edits = list(self._edits)
        for call in self.calls:
            indent = " " * (call.col_offset - dedented(call))
            receiver = self._receivers.get(call)
            holder = receiver or name
            save = (
                f"{indent}    {tensorflow}.saved_model.save("
                f"{holder}, {holder}.export_dir, signatures={holder}.signatures)"
            )
            start, end = self.module.start(call), self.module.end(call)
            if receiver is not None:
                edits.append((start, end, f"with {receiver}:\n{save}"))
            else:
                edits.append((start, start, "with "))
                edits.append((end, end, f" as {name}:\n{save}"))
        return edits

    def answers(self, edits: list[Edit]) -> dict[tuple[int, int], str]:
        """Return what became of each export, by its line and column."""
        found: dict[tuple[int, int], str] = {}
        for call in self.calls:
            start, end = self.module.start(call), self.module.end(call)
            inner = [(a - start, b - start, new) for a, b, new in edits if start <= a and b <= end]
            found[call.lineno, call.col_offset] = applied(self.module.source(call), inner)
        return found


#: Constants that are no longer TensorFlow's where a file imports them by name.
_VALUES = {
    "tf.saved_model.SERVING": "serve",
    "tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY": "serving_default",
    "tf.saved_model.PREDICT_METHOD_NAME": "tensorflow/serving/predict",
    "tf.saved_model.PREDICT_INPUTS": "inputs",
    "tf.saved_model.PREDICT_OUTPUTS": "outputs",
}


def outermost(edits: list[Edit]) -> list[Edit]:
    """Return the edits without those inside another's region."""

    def within(edit: Edit, other: Edit) -> bool:
        if edit[0] == edit[1]:
            return other[0] < edit[0] < other[1]
        return other[0] <= edit[0] and edit[1] <= other[1] and other[:2] != edit[:2]

    return [edit for edit in edits if not any(within(edit, other) for other in edits)]
