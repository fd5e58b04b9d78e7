"""The exports of a class: simple saves and builders become signatures of the module."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from migrator.lift.classes.facts import Facts, Family, What
from migrator.lift.kinds import Refusal
from migrator.lift.wrapped.exports import WORDS

__all__ = ["Export", "Exports"]

_PREDICT = "tensorflow/serving/predict"
_SIMPLE = ("session", "export_dir", "inputs", "outputs", "legacy_init_op")
_META = (
    *("sess", "tags", "signature_def_map", "assets_collection", "legacy_init_op"),
    *("clear_devices", "main_op", "strip_default_attrs", "saver"),
)
_SIGNATURE = ("inputs", "outputs", "method_name")


@dataclass(eq=False)
class Export:
    """One export: the statement that writes it, its folder and its signatures."""

    call: ast.Call  #: what made it, ``simple_save(...)`` or the builder
    statement: ast.stmt  #: in whose place the module is saved
    family: Family
    directory: ast.expr
    #: key -> inputs, outputs and method
    signatures: dict[str, tuple[dict[str, ast.expr], dict[str, ast.expr], str]]
    gone: list[ast.stmt] = field(default_factory=list)  #: statements that made parts of it

    def tensors(self) -> list[ast.expr]:
        """Return all tensors of the signatures."""
        return [
            tensor
            for inputs, outputs, _ in self.signatures.values()
            for part in (inputs, outputs)
            for tensor in part.values()
        ]

    def text(self, written: Callable[[ast.expr], str]) -> str:
        """Return the signatures as a literal."""
        rows = [f'"{key}": ({", ".join(parts)})' for key, parts in self._parts(written)]
        return "{" + ", ".join(rows) + "}"

    def rows(self, written: Callable[[ast.expr], str], indent: int) -> str:
        """Return the signatures as the inner lines of a literal."""
        outer, inner = " " * indent, " " * (indent + 4)
        return "".join(
            f'{outer}"{key}": (\n' + "".join(f"{inner}{part},\n" for part in parts) + f"{outer}),\n"
            for key, parts in self._parts(written)
        )

    def _parts(self, written: Callable[[ast.expr], str]) -> list[tuple[str, list[str]]]:
        found = []
        for key, (inputs, outputs, method) in self.signatures.items():
            parts = [
                "{" + ", ".join(f'"{name}": {written(node)}' for name, node in part.items()) + "}"
                for part in (inputs, outputs)
            ]
            found.append((key, parts if method == _PREDICT else [*parts, f'"{method}"']))
        return found


class Exports:
    """Finds the exports of the classes of a file.

    Args:
        facts: what the file's names stand for.

    Raises:
        Refusal: an export cannot be understood.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.module = facts.module
        self.found: list[Export] = []
        self._gone: list[ast.stmt] = []
        self._read: set[ast.AST] = set()
        for node in self.module.nodes:
            if not isinstance(node, ast.Call):
                continue
            symbol = facts.symbol(node.func)
            if symbol is None:
                continue
            if symbol.name == "tf.saved_model.simple_save":
                self._simple_save(node)
            elif symbol.name == "tf.saved_model.Builder":
                self._builder(node)

    def _arguments(
        self, node: ast.Call, names: tuple[str, ...], accepted: tuple[str, ...]
    ) -> dict[str, ast.expr]:
        if any(isinstance(at, ast.Starred) for at in node.args) or len(node.args) > len(names):
            raise Refusal(node, "export", "its arguments are computed")
        given = dict(zip(names, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg is None:
                raise Refusal(node, "export", "its arguments are computed")
            given[keyword.arg] = keyword.value
        for name, value in given.items():
            nothing = isinstance(value, ast.Constant) and value.value is None
            if name not in accepted and not nothing:
                raise Refusal(node, "export", f"`{name}` of an export is not carried over")
        return given

    def _session(self, node: ast.Call, session: ast.expr | None) -> Family:
        family = self.facts.family(node)
        if family is None:
            raise Refusal(node, "export", "the script exports the graph of a class itself")
        if session is None or self.facts.kind(session) is not What.SESSION:
            raise Refusal(node, "export", "it is not told which session it exports")
        return family

    def _simple_save(self, node: ast.Call) -> None:
        statement = self.module.parents[node]
        if not isinstance(statement, ast.Expr):
            raise Refusal(node, "export", "its value is used")
        given = self._arguments(node, _SIMPLE, _SIMPLE[:4])
        family = self._session(node, given.get("session"))
        if not {"export_dir", "inputs", "outputs"} <= set(given):
            raise Refusal(node, "export", "its arguments are not told")
        pair = (self._tensors(given["inputs"]), self._tensors(given["outputs"]), _PREDICT)
        self._add(Export(node, statement, family, given["export_dir"], {"serving_default": pair}))

    def _builder(self, node: ast.Call) -> None:
        statement = self.module.parents[node]
        if (
            not isinstance(statement, ast.Assign)
            or len(statement.targets) != 1
            or not isinstance(statement.targets[0], ast.Name)
        ):
            raise Refusal(node, "export", "the builder is not kept in a name")
        name = statement.targets[0].id
        directory = self._arguments(node, ("export_dir",), ("export_dir",)).get("export_dir")
        metas: list[ast.Call] = []
        saves: list[ast.Call] = []
        for other in self.module.by_name[name]:
            if not isinstance(other, ast.Name) or self.facts.unit(other) is not self.facts.unit(
                node
            ):
                continue
            if isinstance(other.ctx, ast.Store):
                if other is not statement.targets[0]:
                    raise Refusal(other, "export", f"`{name}` is bound again")
                continue
            method = self.module.parents[other]
            call = self.module.parents[method]
            if not isinstance(method, ast.Attribute) or not isinstance(call, ast.Call):
                raise Refusal(other, "export", "the builder is handed on")
            if not isinstance(self.module.parents[call], ast.Expr):
                raise Refusal(call, "export", "its value is used")
            if method.attr == "add_meta_graph_and_variables":
                metas.append(call)
            elif method.attr == "save" and not call.args and not call.keywords:
                saves.append(call)
            else:
                raise Refusal(
                    call, "export", f"`.{method.attr}()` of a builder is not carried over"
                )
        if len(metas) != 1 or len(saves) != 1 or directory is None:
            raise Refusal(node, "export", "it has several meta graphs, or is never saved")
        self._gone = [statement, self.module.statement(metas[0])]
        self._meta(node, metas[0], self.module.statement(saves[0]), directory)

    def _meta(self, builder: ast.Call, node: ast.Call, save: ast.stmt, directory: ast.expr) -> None:
        accepted = ("sess", "tags", "signature_def_map", "clear_devices", "strip_default_attrs")
        given = self._arguments(node, _META, accepted)
        family = self._session(node, given.get("sess"))
        tags = given.get("tags")
        if not isinstance(tags, (ast.List, ast.Tuple)) or [self._word(t) for t in tags.elts] != [
            "serve"
        ]:
            raise Refusal(node, "export", "its tags are others than SERVING")
        listed = self._resolved(given.get("signature_def_map"))
        if not isinstance(listed, ast.Dict) or not listed.keys:
            raise Refusal(node, "export", "its signatures are no dictionary literal")
        signatures = {}
        for key, value in zip(listed.keys, listed.values, strict=True):
            made = self._resolved(value)
            symbol = self.facts.symbol(made.func) if isinstance(made, ast.Call) else None
            if symbol is None or symbol.name not in (
                "tf.saved_model.build_signature_def",
                "tf.saved_model.predict_signature_def",
            ):
                raise Refusal(value, "export", "a signature is not told")
            assert isinstance(made, ast.Call)
            parts = self._arguments(made, _SIGNATURE, _SIGNATURE)
            if "inputs" not in parts or "outputs" not in parts:
                raise Refusal(value, "export", "the signature lacks inputs or outputs")
            method = _PREDICT
            if symbol.name == "tf.saved_model.build_signature_def":
                method = self._word(parts.get("method_name"))
            signatures[self._word(key)] = (
                self._tensors(parts["inputs"]),
                self._tensors(parts["outputs"]),
                method,
            )
        export = Export(builder, save, family, directory, signatures, self._gone)
        self._add(export)

    def _add(self, export: Export) -> None:
        for tensor in export.tensors():
            member = self.facts.member(tensor)
            if member is None or self.facts.kind(tensor) is not What.GRAPH or member[0] != "self":
                raise Refusal(tensor, "export", "the signature tells of what is no attribute")
        for statement in export.gone:
            for target in statement.targets if isinstance(statement, ast.Assign) else ():
                assert isinstance(target, ast.Name)
                for other in self.module.by_name[target.id]:
                    if (
                        isinstance(other, ast.Name)
                        and isinstance(other.ctx, ast.Load)
                        and self.facts.unit(other) is self.facts.unit(statement)
                        and other not in self._read
                        and not isinstance(self.module.parents[other], ast.Attribute)
                    ):
                        raise Refusal(other, "export", f"`{other.id}` is used for more")
        self.found.append(export)
        self._gone = []

    # -- parts -------------------------------------------------------------------------

    def _resolved(self, node: ast.expr | None) -> ast.expr | None:
        """Return what a local name stands for that is bound once; its statement goes."""
        if not isinstance(node, ast.Name):
            return node
        owner, bindings = self.module.find(node.id, self.module.scope_of[node])
        if owner is None or owner is self.module.root or len(bindings) != 1:
            raise Refusal(node, "export", f"what `{node.id}` is, is not told in one place")
        statement = self.module.parents.get(bindings[0].node)
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise Refusal(node, "export", f"what `{node.id}` is, is not told in one place")
        if statement not in self._gone:
            self._gone.append(statement)
        self._read.add(node)
        return statement.value

    def _tensors(self, node: ast.expr) -> dict[str, ast.expr]:
        """Return the tensors of a signature's inputs or outputs by their keys."""
        listed = self._resolved(node)
        if not isinstance(listed, ast.Dict):
            raise Refusal(node, "export", "its inputs and outputs are no dictionary literals")
        found: dict[str, ast.expr] = {}
        for key, value in zip(listed.keys, listed.values, strict=True):
            tensor = value if self.facts.member(value) else self._resolved(value)
            symbol = self.facts.symbol(tensor.func) if isinstance(tensor, ast.Call) else None
            if symbol is not None and symbol.name == "tf.saved_model.build_tensor_info":
                assert isinstance(tensor, ast.Call)
                tensor = self._arguments(tensor, ("tensor",), ("tensor",)).get("tensor")
            if tensor is None:
                raise Refusal(value, "export", "the signature tells of nothing")
            found[self._word(key)] = tensor
        return found

    def _word(self, node: ast.expr | None) -> str:
        """Return the string that a literal or a constant of TensorFlow's is."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        symbol = self.facts.symbol(node) if node is not None else None
        word = WORDS.get(symbol.name.rpartition(".")[2]) if symbol is not None else None
        if word is None:
            raise Refusal(node or ast.Pass(), "export", "a name in the export is computed")
        return word
