"""What a scope exports: signatures, builders and simple saves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrator.lift.expressions import arguments
from migrator.lift.kinds import Kind, Refusal, Value
from migrator.lift.sessions import Sessions
from migrator.names import Module, Symbol

__all__ = ["Export", "Exports", "Signature"]

_SERVING, _PREDICT = "serving_default", "tensorflow/serving/predict"
_CLASSIFY, _REGRESS = "tensorflow/serving/classify", "tensorflow/serving/regress"

#: What the inputs and outputs of a method other than `predict` are called.
_KEYS = {
    _CLASSIFY: ({"inputs"}, {"classes", "scores"}),
    _REGRESS: ({"inputs"}, {"outputs"}),
}


#: Constants of ``tf.saved_model`` by their last name.
_WORDS = {
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY": _SERVING,
    "PREDICT_METHOD_NAME": _PREDICT,
    "PREDICT_INPUTS": "inputs",
    "PREDICT_OUTPUTS": "outputs",
    "CLASSIFY_METHOD_NAME": _CLASSIFY,
    "CLASSIFY_INPUTS": "inputs",
    "CLASSIFY_OUTPUT_CLASSES": "classes",
    "CLASSIFY_OUTPUT_SCORES": "scores",
    "REGRESS_METHOD_NAME": _REGRESS,
    "REGRESS_INPUTS": "inputs",
    "REGRESS_OUTPUTS": "outputs",
    "SERVING": "serve",
}


@dataclass(eq=False)
class Signature:
    """One signature of an export."""

    key: str
    inputs: dict[str, Value]
    outputs: dict[str, tuple[ast.expr, Value]]
    node: ast.AST
    order: int = 0
    method: str = _PREDICT


@dataclass(eq=False)
class Export:
    """One export: a statement, its directory and its signatures."""

    statement: ast.stmt
    call: ast.Call
    directory: ast.expr
    signatures: list[Signature]
    order: int = 0
    builder: Value | None = None


class Exports(Sessions):
    """Evaluates the calls that export the graph of a session."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.exports: list[Export] = []

    def tensorflow(self, node: ast.Call, symbol: Symbol) -> Value:
        """Return what a call of TensorFlow gives."""
        name = symbol.name.partition(".")[2]
        if name == "saved_model.Builder":
            given = arguments(node, ("export_dir",))
            if "export_dir" not in given or self.evaluate(given["export_dir"]).is_graph:
                raise Refusal(node, "export", "its directory is not told")
            return Value(Kind.BUILDER, node, call=node, operand=given["export_dir"])
        if name == "saved_model.build_tensor_info":
            given = arguments(node, ("tensor",))
            tensor = given["tensor"]
            value = self.evaluate(tensor)
            if value.kind not in (Kind.TENSOR, Kind.PLACEHOLDER):
                raise Refusal(node, "export", f"it tells of a {value.kind.value}")
            return Value(Kind.TENSOR_INFO, node, operand=tensor, of=value)
        if name in ("saved_model.build_signature_def", "saved_model.predict_signature_def"):
            return self._signature(node)
        if name == "saved_model.classification_signature_def":
            return self._of_examples(node, _CLASSIFY, ("examples", "classes", "scores"))
        if name == "saved_model.regression_signature_def":
            return self._of_examples(node, _REGRESS, ("examples", "predictions"))
        if name == "saved_model.simple_save":
            self._simple_save(node)
            return Value(Kind.HOST, node)
        return super().tensorflow(node, symbol)

    def method(self, node: ast.Call, base: Value, name: str) -> Value:
        """Return what a method of a graph value gives."""
        if base.kind is Kind.BUILDER and name == "add_meta_graph_and_variables":
            return self._add_meta_graph(node, base)
        if base.kind is Kind.BUILDER and name == "save" and not node.args and not node.keywords:
            if base not in [export.builder for export in self.exports]:
                raise Refusal(node, "export", "the builder has nothing to save")
            self._remove(node, base)
            return Value(Kind.HOST, node)
        return super().method(node, base, name)

    def _simple_save(self, node: ast.Call) -> None:
        names = ("session", "export_dir", "inputs", "outputs", "legacy_init_op")
        given = arguments(node, names, names[:4])
        self._session(node, given.get("session"))
        statement = self._parent(node)
        if not isinstance(statement, ast.Expr):
            raise Refusal(node, "export", "its value is used")
        if self.evaluate(given["export_dir"]).is_graph:
            raise Refusal(node, "export", "its directory is a graph value")
        signature = Signature(
            _SERVING,
            self._inputs(given["inputs"]),
            self._outputs(given["outputs"]),
            node,
            len(self.steps),
        )
        self._check(signature)
        self._settled()
        self.started = True
        self.exports.append(
            Export(statement, node, given["export_dir"], [signature], len(self.steps))
        )

    def _signature(self, node: ast.Call) -> Value:
        """A signature, of tensors or of tensor infos."""
        given = arguments(node, ("inputs", "outputs", "method_name"))
        method = self._word(given["method_name"]) if "method_name" in given else _PREDICT
        if "inputs" not in given or "outputs" not in given:
            raise Refusal(node, "export", "the signature lacks inputs or outputs")
        return self._made_signature(
            node, self._inputs(given["inputs"]), self._outputs(given["outputs"]), method
        )

    def _of_examples(self, node: ast.Call, method: str, names: tuple[str, ...]) -> Value:
        """A signature that takes serialized examples."""
        given = arguments(node, names)
        (only,), _ = _KEYS[method]
        words = names[1:] if method == _CLASSIFY else ("outputs",)
        outputs = {}
        for word, name in zip(words, names[1:], strict=True):
            part = given.get(name)
            if part is not None and not (isinstance(part, ast.Constant) and part.value is None):
                outputs[word] = self._output(part)
        if names[0] not in given or not outputs:
            raise Refusal(node, "export", "the signature lacks inputs or outputs")
        inputs = {only: self._input(given[names[0]])}
        return self._made_signature(node, inputs, outputs, method)

    def _made_signature(
        self,
        node: ast.Call,
        inputs: dict[str, Value],
        outputs: dict[str, tuple[ast.expr, Value]],
        method: str,
    ) -> Value:
        signature = Signature("", inputs, outputs, node, len(self.steps), method)
        self._check(signature)
        if method != _PREDICT:
            expected = _KEYS.get(method)
            if expected is None or set(inputs) != expected[0] or set(outputs) - expected[1]:
                raise Refusal(node, "export", f"the signature is none of the method `{method}`")
        return Value(Kind.SIGNATURE, node, signature=signature)

    def _add_meta_graph(self, node: ast.Call, builder: Value) -> Value:
        names = (
            *("sess", "tags", "signature_def_map", "assets_collection", "legacy_init_op"),
            *("clear_devices", "main_op", "strip_default_attrs", "saver"),
        )
        given = arguments(
            node,
            names,
            ("sess", "tags", "signature_def_map", "clear_devices", "strip_default_attrs",
             "legacy_init_op", "main_op"),
        )  # fmt: skip
        for key in ("legacy_init_op", "main_op"):
            part = given.get(key)
            if part is None or (isinstance(part, ast.Constant) and part.value is None):
                continue
            if self.evaluate(part).kind is not Kind.INIT:
                raise Refusal(part, "export", f"its `{key}` does more than initialize")
        self._session(node, given.get("sess"))
        statement = self._parent(node)
        if not isinstance(statement, ast.Expr) or builder.operand is None:
            raise Refusal(node, "export", "its value is used")
        if self.context.loop or any(export.builder is builder for export in self.exports):
            raise Refusal(node, "export", "a builder takes several meta graphs")
        tags = given.get("tags")
        if not isinstance(tags, (ast.List, ast.Tuple)) or [
            self._word(tag) for tag in tags.elts
        ] != ["serve"]:
            raise Refusal(node, "export", "its tags are others than SERVING")
        if "signature_def_map" not in given:
            raise Refusal(node, "export", "it has no signature")
        signatures = []
        for key, value in self._map(given["signature_def_map"]):
            if value.kind is not Kind.SIGNATURE or value.signature is None:
                raise Refusal(node, "export", f"a signature is a {value.kind.value}")
            signatures.append(replace(value.signature, key=key))
        if not signatures:
            raise Refusal(node, "export", "it has no signature")
        self._settled()
        self.started = True
        self.exports.append(
            Export(statement, node, builder.operand, signatures, len(self.steps), builder)
        )
        return Value(Kind.HOST, node)

    def _map(self, node: ast.expr) -> Iterator[tuple[str, Value]]:
        if isinstance(node, ast.Dict):
            for key, item in self._pairs(node):
                yield key, self.evaluate(item)
            return
        value = self.evaluate(node)
        if value.kind is not Kind.STRUCT or not isinstance(value.node, ast.Dict):
            raise Refusal(node, "export", "its signatures are no dictionary literal")
        for word, made in zip(value.node.keys, value.items.values(), strict=True):
            yield self._word(word), made

    def _word(self, node: ast.expr | None) -> str:
        """Return the string that a literal or a constant of TensorFlow's is.

        Raises:
            Refusal: it is computed.
        """
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        symbol = self.module.symbol(node) if node is not None else None
        if symbol is not None and node is not None:
            self.visited.add(node)
            word = _WORDS.get(symbol.name.rpartition(".")[2])
            if word is not None:
                return word
        if isinstance(node, ast.Name):
            constant = self._constant(node)
            if constant is not None:
                self.evaluate(node)
                return constant
        raise Refusal(node or ast.Pass(), "export", "a name in the export is computed")

    def _constant(self, node: ast.Name) -> str | None:
        """Return the string that a name of the module always stands for, or None."""
        owner, bindings = self.module.find(node.id, self.module.scope_of[node])
        if owner is None or len(bindings) != 1:
            return None
        value = bindings[0].value
        statement = self.module.parents.get(value) if value is not None else None
        if isinstance(statement, ast.Assign) and isinstance(value, ast.Constant):
            whole = len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name)
            return value.value if whole and isinstance(value.value, str) else None
        return None

    def _pairs(self, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
        if isinstance(node, ast.Name):
            # a dictionary that was kept in a name
            value = self.evaluate(node)
            if value.kind is Kind.STRUCT and isinstance(value.node, ast.Dict):
                node = value.node
        if not isinstance(node, ast.Dict):
            raise Refusal(node, "export", "its inputs and outputs are no dictionary literals")
        for key, item in zip(node.keys, node.values, strict=True):
            yield self._word(key), item

    def _inputs(self, node: ast.expr) -> dict[str, Value]:
        found = {}
        kept = self._kept(node)
        for index, (key, item) in enumerate(self._pairs(node)):
            if not key.isidentifier():
                raise Refusal(item, "export", f"the input key `{key}` is no Python name")
            found[key] = self._input(item, kept[index] if kept else None)
        return found

    def _kept(self, node: ast.expr) -> list[Value]:
        """Return the values of a dictionary that is kept in a name, as they were put into it."""
        value = self.evaluate(node) if isinstance(node, ast.Name) else None
        return list(value.items.values()) if value is not None else []

    def _input(self, item: ast.expr, value: Value | None = None) -> Value:
        value = value or self.evaluate(item)
        if value.kind is Kind.TENSOR_INFO and value.of is not None:
            value = value.of
        if value.kind is not Kind.PLACEHOLDER:
            raise Refusal(item, "export", f"an input of the signature is a {value.kind.value}")
        return value

    def _outputs(self, node: ast.expr) -> dict[str, tuple[ast.expr, Value]]:
        found = {}
        kept = self._kept(node)
        for index, (key, item) in enumerate(self._pairs(node)):
            found[key] = self._output(item, kept[index] if kept else None)
        return found

    def _output(self, item: ast.expr, value: Value | None = None) -> tuple[ast.expr, Value]:
        value = value or self.evaluate(item)
        if value.kind is Kind.TENSOR_INFO and value.of is not None:
            assert value.operand is not None
            item, value = value.operand, value.of
        if value.kind not in (Kind.TENSOR, Kind.VARIABLE) or value.several or value.is_eager:
            raise Refusal(item, "export", f"an output of the signature is a {value.kind.value}")
        return item, value

    def _check(self, signature: Signature) -> None:
        given = set(signature.inputs.values())
        for item, value in signature.outputs.values():
            for placeholder in value.placeholders_below():
                if placeholder not in given and placeholder.default is None:
                    raise Refusal(
                        item,
                        "export",
                        f"the signature leaves out the placeholder `{placeholder.name}` that an"
                        " output needs",
                    )
