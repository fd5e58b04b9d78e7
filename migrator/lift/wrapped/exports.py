"""What a scope exports: signatures, builders and simple saves."""

from __future__ import annotations

import ast

from migrator.lift.expressions import arguments
from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.passed import Passed
from migrator.lift.wrapped.things import Export, Feed, Sort, Thing
from migrator.names import Scope, Symbol

__all__ = ["PREDICT", "WORDS", "Exports"]

PREDICT = "tensorflow/serving/predict"

#: Constants of ``tf.saved_model`` by their last name.
WORDS = {
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY": "serving_default",
    "PREDICT_METHOD_NAME": PREDICT,
    "PREDICT_INPUTS": "inputs",
    "PREDICT_OUTPUTS": "outputs",
    "SERVING": "serve",
    "CLASSIFY_INPUTS": "inputs",
    "CLASSIFY_OUTPUT_CLASSES": "classes",
    "CLASSIFY_OUTPUT_SCORES": "scores",
    "REGRESS_INPUTS": "inputs",
    "REGRESS_OUTPUTS": "outputs",
    "CLASSIFY_METHOD_NAME": "tensorflow/serving/classify",
    "REGRESS_METHOD_NAME": "tensorflow/serving/regress",
}


class Exports(Passed):
    """Evaluates the calls that export the graph of a session."""

    scope: Scope  #: of the module or the function that is lifted
    named: dict[ast.Call, tuple[ast.expr, Feed | None]]

    def _session(self, node: ast.AST, session: ast.expr | None) -> None:
        raise NotImplementedError

    def check_late(self, node: ast.AST, makes: list[ast.AST], precondition: str) -> None:
        """Graph that is made where the session already runs must be harmless."""
        raise NotImplementedError

    def _tensorflow(self, node: ast.Call, symbol: Symbol) -> Thing:
        name = symbol.name.partition(".")[2]
        if name == "saved_model.simple_save":
            return self._simple_save(node)
        if name == "saved_model.Builder":
            given = arguments(node, ("export_dir",))
            if "export_dir" not in given or (
                self.evaluate(given["export_dir"]).sort is not Sort.HOST
            ):
                raise Refusal(node, "export", "its directory is not told")
            return Thing(Sort.BUILDER, node, call=node)
        if name == "saved_model.build_tensor_info":
            with self.aside():
                value = self.evaluate(arguments(node, ("tensor",))["tensor"])
            if not value.is_built:
                raise Refusal(node, "export", f"it tells of a {value.sort.value}")
            return Thing(Sort.INFO, node, call=node)
        if name in ("saved_model.build_signature_def", "saved_model.predict_signature_def"):
            given = arguments(node, ("inputs", "outputs", "method_name"))
            if "method_name" in given:
                self.word(given["method_name"])
            return Thing(Sort.SIGNATURE, node, call=node)
        return super()._tensorflow(node, symbol)

    def method(self, node: ast.Call, function: ast.Attribute, base: Thing) -> Thing | None:
        """Return what a method of a value gives, or None where it is ordinary."""
        if base.sort is Sort.BUILDER:
            if function.attr == "add_meta_graph_and_variables":
                return self._add_meta_graph(node, base)
            if function.attr == "save" and not node.args and not node.keywords:
                self.found.removed.append(node)
                return Thing(Sort.HOST, node)
            raise Refusal(node, "export", f"`.{function.attr}()` of a builder is not carried over")
        return super().method(node, function, base)

    def _simple_save(self, node: ast.Call) -> Thing:
        names = ("session", "export_dir", "inputs", "outputs", "legacy_init_op")
        given = arguments(node, names)
        self._init_op(given)
        self._session(node, given.get("session"))
        if set(names[1:4]) - set(given):
            raise Refusal(node, "export", "its arguments are not told")
        self._export(
            node,
            given["export_dir"],
            {"serving_default": (given["inputs"], given["outputs"], PREDICT)},
        )
        return Thing(Sort.HOST, node)

    def _add_meta_graph(self, node: ast.Call, builder: Thing) -> Thing:
        names = (
            *("sess", "tags", "signature_def_map", "assets_collection", "legacy_init_op"),
            *("clear_devices", "main_op", "strip_default_attrs", "saver"),
        )
        accepted = (
            *("sess", "tags", "signature_def_map", "clear_devices", "strip_default_attrs"),
            *("legacy_init_op", "main_op"),
        )
        given = arguments(node, names, accepted)
        self._init_op(given)
        self._session(node, given.get("sess"))
        tags = given.get("tags")
        if not isinstance(tags, (ast.List, ast.Tuple)) or [self.word(tag) for tag in tags.elts] != [
            "serve"
        ]:
            raise Refusal(node, "export", "its tags are others than SERVING")
        listed = given.get("signature_def_map")
        if isinstance(listed, ast.Name):
            listed = self._literal(listed)
        if not isinstance(listed, ast.Dict) or not listed.keys:
            raise Refusal(node, "export", "its signatures are no dictionary literal")
        signatures = {}
        for key, value in zip(listed.keys, listed.values, strict=True):
            with self.aside():
                thing = self.evaluate(value)
            if thing.sort is not Sort.SIGNATURE or thing.call is None:
                raise Refusal(value, "export", f"a signature is a {thing.sort.value}")
            parts = arguments(thing.call, ("inputs", "outputs", "method_name"))
            if "inputs" not in parts or "outputs" not in parts:
                raise Refusal(value, "export", "the signature lacks inputs or outputs")
            method = self.word(parts["method_name"]) if "method_name" in parts else PREDICT
            signatures[self.word(key)] = (parts["inputs"], parts["outputs"], method)
        if any(export.call is builder.call for export in self.exports):
            raise Refusal(node, "export", "a builder takes several meta graphs")
        assert builder.call is not None
        directory = arguments(builder.call, ("export_dir",))["export_dir"]
        self._export(node, directory, signatures)
        self.exports[-1].call = builder.call
        return Thing(Sort.HOST, node)

    def _init_op(self, given: dict[str, ast.expr]) -> None:
        """What runs when an export is loaded: it may initialize tables, of which there are none."""
        for word in ("legacy_init_op", "main_op"):
            if word not in given:
                continue
            thing = self.evaluate(given[word])
            empty = isinstance(given[word], ast.Constant) and thing.sort is Sort.HOST
            if not empty and (thing.sort is not Sort.INIT or not thing.covers <= {"tables"}):
                raise Refusal(given[word], "export", f"its `{word}` does more than fill tables")

    def _export(
        self,
        node: ast.Call,
        directory: ast.expr,
        signatures: dict[str, tuple[ast.expr, ast.expr, str]],
    ) -> None:
        statement = self.module.parents[node]
        if not isinstance(statement, ast.Expr):
            raise Refusal(node, "export", "its value is used")
        if self.context.deferred:
            raise Refusal(node, "export", "it stands in a function")
        if self.evaluate(directory).sort is not Sort.HOST:
            raise Refusal(node, "export", "its directory is a graph value")
        for inputs, outputs, _ in signatures.values():
            for part in (inputs, outputs):
                for value in self.pairs(part).values():
                    with self.aside() as inner:
                        thing = self.evaluate(value)
                    if not thing.is_built or thing.plain or thing.sort is Sort.SAVER:
                        raise Refusal(
                            value, "export", f"the signature tells of a {thing.sort.value}"
                        )
                    if inner.makes:
                        self.check_late(value, inner.makes, "export")
                    self.late_reads += [(name, value) for name in inner.host]
        self.exports.append(Export(statement, node, directory, signatures, after=len(self.moved)))
        self.found.acts.append(node)

    def pairs(self, node: ast.expr) -> dict[str, ast.expr]:
        """Return the tensors of a signature's inputs or outputs by their keys."""
        node = self._literal(node)
        if not isinstance(node, ast.Dict):
            raise Refusal(node, "export", "its inputs and outputs are no dictionary literals")
        found = {}
        for key, value in zip(node.keys, node.values, strict=True):
            with self.aside():
                thing = self.evaluate(value)
            if thing.sort is Sort.INFO and thing.call is not None:
                value = arguments(thing.call, ("tensor",))["tensor"]
            found[self.word(key)] = value
        return found

    def _literal(self, node: ast.expr) -> ast.expr:
        """Return the dictionary that a name was given, or the node itself."""
        if isinstance(node, ast.Name):
            thing = self.env.get(self.calls.key(node))
            if thing is not None and isinstance(thing.node, ast.Dict):
                return thing.node
        return node

    def word(self, node: ast.expr | None) -> str:
        """Return the string that a literal or a constant of TensorFlow's is.

        Raises:
            Refusal: it is computed.
        """
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.Name):
            _, bindings = self.module.find(node.id, self.module.scope_of[node])
            value = bindings[0].value if len(bindings) == 1 else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                return value.value
        symbol = self.calls.symbols.get(node) if node is not None else None
        if symbol is not None:
            word = WORDS.get(symbol.name.rpartition(".")[2])
            if word is not None:
                return word
        raise Refusal(node or ast.Pass(), "export", "a name in the export is computed")
