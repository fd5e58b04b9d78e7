"""What a scope writes for TensorBoard: summaries, and the writers of their files."""

from __future__ import annotations

import ast
import re

from migrator.lift.exports import Exports
from migrator.lift.expressions import TENSORS, arguments
from migrator.lift.kinds import Kind, Record, Refusal, Value
from migrator.names import Module, Symbol

__all__ = ["Addition", "Summaries"]

#: One ``writer.add_summary(...)``: the call, the writer, the summary and the step.
Addition = tuple[ast.Call, ast.Name, ast.Name, Value, "ast.expr | None"]


class Summaries(Exports):
    """Evaluates the calls that make and write summaries."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.recorded: list[Record] = []  #: all so far, which ``merge_all`` merges
        self.writers: list[tuple[ast.Call, ast.expr]] = []  #: each with its directory
        self.additions: list[Addition] = []

    def tensorflow(self, node: ast.Call, symbol: Symbol) -> Value:
        """Return what a call of TensorFlow gives."""
        name = symbol.name.partition(".")[2]
        if name in ("summary.scalar", "summary.histogram"):
            return self._record(node, name.rpartition(".")[2])
        if name == "summary.merge_all":
            given = arguments(node, ("key", "scope"), ("key",))
            key = given.get("key")
            if key is not None and not (isinstance(key, ast.Constant) and key.value == "summaries"):
                raise Refusal(key, "summary", "a collection of its own is merged")
            return self._summary(node, tuple(self.recorded))
        if name == "summary.merge":
            given = arguments(node, ("inputs", "collections", "name"), ("inputs", "name"))
            listed = given.get("inputs")
            if not isinstance(listed, (ast.List, ast.Tuple)):
                raise Refusal(node, "summary", "which summaries are merged is computed")
            merged: list[Record] = []
            for element in listed.elts:
                value = self.evaluate(element)
                if value.kind is not Kind.SUMMARY:
                    raise Refusal(element, "summary", f"a {value.kind.value} is merged")
                merged += value.records
            return self._summary(node, tuple(merged))
        if name == "summary.FileWriter":
            given = arguments(node, ("logdir", "graph"))
            if "logdir" not in given or self.evaluate(given["logdir"]).is_graph:
                raise Refusal(node, "summary", "its directory is not told")
            if "graph" in given:
                self._graph_of(given["graph"])
            if self.context.loop or self.context.deferred:
                raise Refusal(node, "summary", "the writer is made in a loop or a function")
            self.writers.append((node, given["logdir"]))
            return Value(Kind.WRITER, node, call=node)
        return super().tensorflow(node, symbol)

    def method(self, node: ast.Call, base: Value, name: str) -> Value:
        """Return what a method of a graph value gives."""
        if base.kind is Kind.WRITER and isinstance(self._parent(node), ast.Expr):
            if name == "add_graph":
                self._graph_of(arguments(node, ("graph", "global_step"))["graph"])
                self._remove(node, base)
                return Value(Kind.HOST, node)
            if name == "add_summary":
                return self._add(node)
            if name in ("flush", "close") and not node.args:
                return Value(Kind.HOST, node)
        return super().method(node, base, name)

    def _graph_of(self, node: ast.expr) -> None:
        """The graph of a session, which TensorFlow 2 does not write."""
        inner = node
        if isinstance(node, ast.Attribute) and node.attr in ("graph", "graph_def"):
            inner = node.value
        if self.evaluate(inner).kind not in (Kind.SESSION, Kind.CONFIG):
            raise Refusal(node, "summary", "it is not told which graph is written")
        self.notes.append("The graph is not written for TensorBoard any more")

    def _record(self, node: ast.Call, form: str) -> Value:
        names = ("name", "tensor" if form == "scalar" else "values", "collections", "family")
        given = arguments(node, names, names[:2])
        if len(given) < 2 or self._inlined:
            raise Refusal(node, "summary", "it is made in a function, or lacks its tensor")
        word = given["name"]
        if not isinstance(word, ast.Constant) or not isinstance(word.value, str):
            raise Refusal(word, "summary", "its tag is computed")
        if self.context.loop or self.context.branch or self.context.deferred:
            raise Refusal(node, "summary", "it is made in a loop or under a condition")
        plain = re.sub(r"[^-/\w.]", "_", word.value).lstrip("/")
        if not self.names.valid(plain):
            raise Refusal(word, "summary", "TensorFlow does not take this tag")
        before = self.reads, self.host
        self.reads, self.host = [], []
        tensor = given[names[1]]
        value = self.evaluate(tensor)
        if value.kind not in TENSORS or value.several:
            raise Refusal(tensor, "summary", f"it tells of a {value.kind.value}")
        record = Record(form, self.names.unique(plain), tensor, value, self.reads, self.host)
        self.reads, self.host = before
        self.recorded.append(record)
        self.notes.append("`tf.summary` needs the package `tensorboard`")
        return self._summary(node, (record,))

    def _summary(self, node: ast.expr, records: tuple[Record, ...]) -> Value:
        values = [record.value for record in records]
        result = self._union(node, values, Kind.SUMMARY)
        result.records = records
        return result

    def _add(self, node: ast.Call) -> Value:
        given = arguments(node, ("summary", "global_step"))
        summary = given.get("summary")
        value = self.evaluate(summary) if summary is not None else Value(Kind.HOST)
        assert isinstance(node.func, ast.Attribute)
        writer = node.func.value
        if (
            value.kind is not Kind.RECORD
            or not isinstance(summary, ast.Name)
            or not isinstance(writer, ast.Name)
        ):
            raise Refusal(node, "summary", "it is not told which summary is written")
        step = given.get("global_step")
        if step is not None and self.evaluate(step).is_graph:
            raise Refusal(node, "summary", "its step is a graph value")
        self.additions.append((node, writer, summary, value, step))
        return Value(Kind.HOST, node)
