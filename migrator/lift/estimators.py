"""Programs that make an Estimator to export it: the PREDICT branch of its ``model_fn`` is a module.

The ``model_fn`` and the ``serving_input_receiver_fn`` stay functions that make graph; constructor
and export become ``tf2_bridge.estimator_module`` and a ``tf.saved_model.save`` of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.apis import SESSIONS, TARGETS, bridged_estimator, is_model_part, runs_estimator
from migrator.flow import stores, target, uses
from migrator.lift.graph_symbols import is_graph_symbol
from migrator.lift.graphcode import GraphCode
from migrator.lift.imported import is_named
from migrator.lift.kinds import Lifted, Refusal
from migrator.lift.text import Edit, Writer, applied, call, comment_end, comments_in
from migrator.lift.wrapped.imports import import_edits, tensorflow_name, without_unused
from migrator.moved_symbols import moved
from migrator.names import Module, Symbol

__all__ = ["is_estimator_program", "lift_estimators"]

_ESTIMATOR = "tf.estimator.Estimator"
_EXPORTS = ("export_savedmodel", "export_saved_model")
_MADE = ("model_fn", "model_dir", "config", "params", "warm_start_from")
_EXPORTED = ("export_dir_base", "serving_input_receiver_fn", "assets_extra", "as_text")
#: The last of each method; in both, ``checkpoint_path`` comes ahead of it.
_LAST = {"export_savedmodel": "strip_default_attrs", "export_saved_model": "experimental_mode"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_SPECS = ("tf.FixedLenFeature", "tf.FixedLenSequenceFeature", "tf.VarLenFeature")


def is_estimator_program(module: Module) -> bool:
    """Whether a file makes an Estimator, or has one run."""
    return any(runs_estimator(symbol.name) for _, symbol in module.references())


def lift_estimators(
    module: Module, bridge_import: str, graph_names: frozenset[str] = frozenset()
) -> Lifted:
    """Return ``module`` with modules in the place of Estimators that are only exported.

    Args:
        module: the file, with newlines of one character.
        bridge_import: the statement that binds ``tf2_bridge`` in this file.
        graph_names: what of other files makes graph, as the imports of this one spell it.

    Raises:
        Refusal: an Estimator does something else, or graph is made outside of its functions.
    """
    return _Lift(module, bridge_import, graph_names).lifted()


@dataclass(frozen=True, slots=True)
class _Export:
    """An Estimator and its export."""

    made: ast.Call
    statement: ast.Assign | None  #: the one that makes it, where the export is another
    call: ast.Call
    exported: ast.stmt
    arguments: dict[str, ast.expr]  #: of both calls, but for those that are None


class _Lift:
    """The work on one file."""

    def __init__(self, module: Module, bridge_import: str, graph_names: frozenset[str]) -> None:
        self.module = module
        self.bridge_import = bridge_import
        self.graph_names = graph_names
        self.symbols = list(module.references())
        self.tf = tensorflow_name(module)
        self.code = GraphCode(module, self.tf, self._replace)
        self.answers: dict[tuple[int, int], str] = {}

    def lifted(self) -> Lifted:
        exports = [self._export(node) for node in self._made()]
        self._gone: set[ast.stmt] = set()
        for one in exports:
            self._gone |= {one.exported, *filter(None, [one.statement])}
        self._check_host(exports)
        edits: list[Edit] = []
        for statement in self.module.tree.body:
            if not isinstance(statement, (ast.Import, ast.ImportFrom)):
                edits += self.code.edits(statement)
        for one in exports:
            edits += self._written(one)
        keras = bool(self.code.needs.legacy_keras)
        edits += import_edits(self.module, self.bridge_import, keras)
        text = without_unused(applied(self.module.text, edits), self.tf)
        return Lifted(
            text,
            "EstimatorModule",
            self.answers,
            tuple(
                ["what its RunConfig tells of sessions goes with them"]
                if any("config" in one.arguments for one in exports)
                else []
            ),
            frozenset({"estimator_module", "graph_module", *self.code.needs.parts}),
            frozenset(self.code.needs.requirements),
        )

    # -- what is there ----------------------------------------------------------------

    def _made(self) -> Iterator[ast.Call]:
        """Yield the calls that make an Estimator; refuse what else runs one."""
        found = False
        for node, symbol in self.symbols:
            parent = self.module.parents[node]
            if symbol.name == _ESTIMATOR:
                if not isinstance(parent, ast.Call) or parent.func is not node:
                    raise Refusal(node, "estimator", f"`{symbol.spelled}` is not called here")
                found = True
                yield parent
            elif runs_estimator(symbol.name):
                self._refuse(node, f"`{symbol.spelled}` is part of a program that does more")
            elif symbol.name in SESSIONS or symbol.name in TARGETS:
                self._refuse(node, f"`{symbol.spelled}` stands beside its Estimator")
        if not found:
            self._refuse(self.module.tree, "it makes no Estimator")

    def _refuse(self, node: ast.AST, sentence: str) -> None:
        rule = "an Estimator becomes a module where it is exported, and nothing else"
        raise Refusal(node, "estimator", f"{sentence}; {rule}")

    def _export(self, made: ast.Call) -> _Export:
        """Return what exports the Estimator that a call makes."""
        module = self.module
        parent = module.parents[made]
        statement: ast.Assign | None = None
        if isinstance(parent, ast.Attribute):
            method = parent
        else:
            held = None
            if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
                held = target(module, parent.targets[0])
                statement = parent
            if held is None or held.scope is None:
                self._refuse(made, "its Estimator is kept where its uses are not all seen")
            assert held is not None
            read = list(uses(module, held))
            if len(list(stores(module, held))) != 1 or not read:
                self._refuse(made, "its Estimator has no name of its own")
            methods = [module.parents[at] for at in read]
            for at in methods:
                if not isinstance(at, ast.Attribute):
                    self._refuse(at, "its Estimator is handed on")
                elif at.attr not in _EXPORTS:
                    self._refuse(at, f"`.{at.attr}` of its Estimator runs a session")
            if len(methods) > 1:
                self._refuse(methods[1], "its Estimator is exported more than once")
            assert isinstance(methods[0], ast.Attribute)
            method = methods[0]
        if method.attr not in _EXPORTS:
            self._refuse(method, f"`.{method.attr}` of its Estimator runs a session")
        exported = module.parents[method]
        if not isinstance(exported, ast.Call) or exported.func is not method:
            self._refuse(method, f"`.{method.attr}` is not called here")
        assert isinstance(exported, ast.Call)
        arguments = self._bound(made, _MADE)
        last = _LAST[method.attr]
        arguments |= self._bound(exported, (*_EXPORTED, "checkpoint_path", last))
        arguments.pop("strip_default_attrs", None)  # no attribute is written that has its default
        for name in ("warm_start_from", "checkpoint_path", "experimental_mode"):
            if name in arguments:
                self._refuse(arguments[name], f"`{name}` is given")
        for name in ("model_fn", "export_dir_base", "serving_input_receiver_fn"):
            if name not in arguments:
                self._refuse(made, f"`{name}` is not given")
        result = _Export(made, statement, exported, module.statement(exported), arguments)
        if statement is not None:
            self._check_between(result)
        self._after(result)
        return result

    def _bound(self, node: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
        if any(isinstance(one, ast.Starred) for one in node.args) or len(node.args) > len(names):
            raise Refusal(node, "arguments", "its arguments come through `*`")
        found = dict(zip(names, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg is None or keyword.arg not in names:
                told = "come through `**`" if keyword.arg is None else f"have a `{keyword.arg}`"
                raise Refusal(node, "arguments", f"its arguments {told}")
            found[keyword.arg] = keyword.value
        return {
            name: value
            for name, value in found.items()
            if not (isinstance(value, ast.Constant) and value.value is None)
        }

    def _check_between(self, export: _Export) -> None:
        """Refuse what stands between constructor and export and may change what that was given.

        What the constructor got is evaluated where the export stands.
        """
        module = self.module
        first = export.statement
        assert first is not None
        block = next(
            (
                rows
                for _, rows in ast.iter_fields(module.parents[first])
                if isinstance(rows, list) and first in rows
            ),
            [],
        )
        if export.exported not in block or block.index(export.exported) < block.index(first):
            self._refuse(export.call, "its Estimator is exported in another block than it is made")
        given = {at.id for at in ast.walk(export.made) if isinstance(at, ast.Name)} - {self.tf}
        for row in block[block.index(first) + 1 : block.index(export.exported)]:
            defines = isinstance(row, ast.FunctionDef) and not row.decorator_list
            named = {at.id for at in ast.walk(row) if isinstance(at, ast.Name)}
            if isinstance(row, ast.FunctionDef) and defines and row.name not in given:
                continue
            calls = [at for at in ast.walk(row) if isinstance(at, ast.Call)]
            plain = isinstance(row, (ast.Assign, ast.Expr)) and named.isdisjoint(given)
            if not plain or not all(map(self._is_harmless, calls)):
                self._refuse(row, "what stands between the Estimator and its export may change it")

    def _is_harmless(self, node: ast.Call) -> bool:
        """Whether a call changes nothing that an Estimator was given."""
        name = ast.unparse(node.func)
        tensorflow = self.module.symbol(node.func) is not None
        return tensorflow or name.startswith("os.path.") or name in ("os.makedirs", "print", "str")

    def _after(self, export: _Export) -> str:
        """Return what stands in the place of the exporting call, which gave the folder's path.

        Raises:
            Refusal: it is a part of something larger.
        """
        statement, value = export.exported, getattr(export.exported, "value", None)
        node: ast.AST = export.call
        path = f"{self.tf}.compat.as_bytes(module.export_dir)"
        parent = self.module.parents[node]
        if isinstance(parent, ast.Attribute) and parent.attr == "decode":
            outer = self.module.parents[parent]
            given = outer.args if isinstance(outer, ast.Call) else []
            if all(isinstance(a, ast.Constant) and "utf" in str(a.value) for a in given):
                node, path = outer, "module.export_dir"
        if value is not node or not isinstance(statement, (ast.Expr, ast.Assign, ast.Return)):
            self._refuse(export.call, "its export is a part of a larger expression")
        if isinstance(statement, ast.Expr):
            return ""
        assert isinstance(node, ast.expr)
        start, end = self.module.start(statement), self.module.start(node)
        return f"{self.module.text[start:end]}{path}"

    # -- what is graph, and what is not -----------------------------------------------

    def _check_host(self, exports: list[_Export]) -> None:
        """Refuse code that makes graph where no module builds it."""
        module = self.module
        own = {at for one in exports for at in (one.made, one.call)}
        graph: set[ast.AST] = set()  # functions that are called in a build, if at all
        host = set(module.nodes)
        for node in module.nodes:
            if isinstance(node, _FUNCTIONS) and not any(
                isinstance(around, _FUNCTIONS) for around in module.ancestors(node)
            ):
                inside = set(ast.walk(node))
                if own & inside:
                    for inner in ast.walk(node):
                        if inner is not node and isinstance(inner, _FUNCTIONS):
                            graph.add(inner)
                else:
                    graph.add(node)
        makers = {node for node in graph if self._makes(node)}
        while True:  # and those that use one of them
            names = {getattr(node, "name", "") for node in makers} - {""}
            more = {
                node
                for node in graph - makers
                if any(isinstance(at, ast.Name) and at.id in names for at in ast.walk(node))
            }
            if not more:
                break
            makers |= more
        for node in makers:
            host -= set(ast.walk(node))
        given = {
            one.arguments[name]
            for one in exports
            for name in ("model_fn", "serving_input_receiver_fn")
        }
        for node, symbol in self.symbols:
            if node in host and self._is_graph(symbol):
                self._refuse(node, f"`{symbol.spelled}` makes graph outside of its functions")
        for node in host:
            if not isinstance(node, (ast.Name, ast.Attribute)) or not isinstance(
                node.ctx, ast.Load
            ):
                continue
            own_name = isinstance(node, ast.Name) and node.id in names
            if not own_name and not is_named(module, node, self.graph_names):
                continue
            parent = module.parents.get(node)
            called = isinstance(parent, ast.Call) and parent.func is node
            handed = any(around in given for around in (node, *module.ancestors(node)))
            if called or (own_name and not handed):
                what = f"`{ast.unparse(node)}`, which makes graph"
                self._refuse(node, f"{what}, is used beside the export of its Estimator")

    def _makes(self, node: ast.AST) -> bool:
        inside = set(ast.walk(node))
        return any(
            at in inside and (self._is_graph(symbol) or is_model_part(symbol.name))
            for at, symbol in self.symbols
        ) or any(
            is_named(self.module, at, self.graph_names)
            for at in inside
            if isinstance(at, (ast.Name, ast.Attribute))
        )

    def _is_graph(self, symbol: Symbol) -> bool:
        if symbol.name.startswith("tf.estimator") or bridged_estimator(symbol.name):
            return False
        return is_graph_symbol(symbol) and symbol.name not in _SPECS

    # -- the text ---------------------------------------------------------------------

    def _replace(self, node: ast.AST, writer: Writer) -> str | list[Edit] | None:
        """Return what becomes of statements that go, and of what the bridge has."""
        if node in self._gone:
            return []
        if not isinstance(node, (ast.Name, ast.Attribute)) or not isinstance(node.ctx, ast.Load):
            return None
        symbol = self.module.symbol(node)
        if symbol is None:
            return None
        found = bridged_estimator(symbol.name)
        if found is not None and "." in found:
            self.code.needs.parts.add("estimator")
            return f"tf2_bridge.{found}"
        place = moved(symbol.spelled)
        if place is None or place.part is None or place.parameters is not None:
            return None
        if not place.target.startswith("tf2_bridge.") or place.keras:
            return None
        self.code.needs.parts.add(place.part)
        return place.target

    def _written(self, export: _Export) -> Iterator[Edit]:
        """Yield the edits of the statements of one export."""
        text = self.module.text
        column = export.exported.col_offset
        indent = " " * column
        given = {name: self.code.text(value) for name, value in export.arguments.items()}
        arguments = [given["model_fn"], given["serving_input_receiver_fn"]]
        arguments.append(given.get("model_dir", "None"))
        arguments += [f"{name}={given[name]}" for name in ("params", "config") if name in given]
        options = [given["export_dir_base"]]
        options += [f"{n}={given[n]}" for n in ("assets_extra", "as_text") if n in given]
        name = self._fresh("module")
        prefix = len(f"{name} = ")
        new = [
            f"{name} = {call('tf2_bridge.estimator_module', arguments, column, prefix)}",
            f"with {call(f'{name}.export', options, column, 5)}:",
            f"    {self.tf}.saved_model.save({name}, {name}.export_dir,"
            f" signatures={name}.signatures)",
        ]
        after = self._after(export).replace("module.export_dir", f"{name}.export_dir")
        rows = [*new, *filter(None, [after])]
        self.answers[export.call.lineno, export.call.col_offset] = "\n".join(rows)
        made = export.made
        self.answers[made.lineno, made.col_offset] = new[0]
        comments = self._comments(export.exported)
        if export.statement is not None:
            comments = [*self._comments(export.statement), *comments]
            start, end = self._line(export.statement)
            yield start, end, ""
        start, end = self._line(export.exported)
        body = "".join(f"{indent}{row}\n" for row in (*comments, *rows))
        yield start, end, body if text[:end].endswith("\n") else body.rstrip("\n")

    def _comments(self, statement: ast.stmt) -> list[str]:
        """Return the comments in and behind a statement that goes."""
        module = self.module
        end = module.end(statement)
        behind = module.text[end : comment_end(module.text, end)].strip()
        inside = [text for _, text in comments_in(module.source(statement))]
        return [*inside, *filter(None, [behind])]

    def _line(self, statement: ast.stmt) -> tuple[int, int]:
        """Return where the lines of a statement start and end."""
        module, text = self.module, self.module.text
        start, end = module.offset(statement.lineno, 0), module.end(statement)
        end = comment_end(text, end)
        while text[end : end + 1] in (" ", "\t"):
            end += 1
        if text[start : module.start(statement)].strip() or text[end : end + 1] not in ("", "\n"):
            raise Refusal(statement, "layout", "a statement that goes shares its line")
        return start, min(end + 1, len(text))

    def _fresh(self, wanted: str) -> str:
        taken = self.module.by_name.keys() | self.module.root.bindings.keys()
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name
