"""Savers become checkpoints, exports become saved modules."""

from __future__ import annotations

import ast
import os

from migrator.lift.exports import Export
from migrator.lift.kinds import Kind, Refusal
from migrator.lift.layout import Layout, indent_of
from migrator.lift.parts import leading_comments
from migrator.lift.scope import Scope
from migrator.lift.sessions import Restore, Save
from migrator.lift.slices import Use, check_host
from migrator.lift.text import call
from migrator.names import Module

__all__ = ["Checkpoints"]


class Checkpoints(Layout):
    """Writes what the saving and restoring calls of a scope become."""

    def __init__(self, scope: Scope, uses: list[Use]) -> None:
        super().__init__(scope, uses)
        self._exported_before = False
        self.checkpoint = ""
        self.manager: str | None = None

    def _saver_lines(self) -> list[str]:
        saver = self.scope.saver
        if saver is None:
            return []
        emitter = self.emitter
        statement = self.module.statement(saver.call)
        lines = [*leading_comments(self.scope, statement)[1], *self._behind(statement)]
        if set(saver.saved) != set(self.scope.variables):
            raise Refusal(
                saver.call, "Saver of all variables", "variables are made after the Saver"
            )
        slots = [
            optimizer
            for optimizer in emitter.optimizers
            if optimizer.slots and any(train.of is optimizer.value for train in saver.trained)
        ]
        if slots and saver.restores:
            raise Refusal(
                saver.restores[0].call,
                "restored slots",
                "the slots of an optimizer are restored, which a lift does not do yet",
            )
        self.checkpoint = emitter.fresh("checkpoint")
        parts = [f"variables={self._by_name()}"]
        if len(slots) == 1:
            parts.append(f"optimizer={slots[0].name}")
        else:
            parts += [f"{item.name}={item.name}" for item in slots]
        lines.append(call(f"{self.checkpoint} = {self.tf}.train.Checkpoint", parts, 0))
        self.manager = None
        stepped = [save for save in saver.saves if save.step is not None]
        if stepped:
            if len(stepped) != len(saver.saves):
                raise Refusal(saver.call, "Saver", "it saves with and without a global step")
            lines.append(self._manager(stepped))
        self.answers[_at(saver.call)] = "\n".join(row for row in lines if not row.startswith("#"))
        return lines

    def _by_name(self) -> str:
        """Return the dictionary of the variables by their TensorFlow 1 names.

        With it any program of the repository finds a variable in the checkpoint, whatever it calls
        it itself.
        """
        emitter = self.emitter
        variables = self.scope.variables
        comprehension = f"{{v.name[:-2]: v for v in {emitter.model}.variables}}"
        pairs = [f'"{v.tf_name}": {emitter.reach(v, emitter.model)}' for v in variables]
        text = f"{{{', '.join(pairs)}}}"
        return text if len(text) < 76 else comprehension

    def _manager(self, saves: list[Save]) -> str:
        saver = self.scope.saver
        assert saver is not None
        places = {self._place(save) for save in saves}
        if len(places) != 1:
            raise Refusal(saver.call, "Saver", "it saves under several names")
        ((folder, name),) = places
        names = [
            inner
            for inner in ast.walk(saves[0].path)
            if isinstance(inner, ast.Name)
            and self.module.find(inner.id, self.module.scope_of[inner])[0] is not None
        ]
        check_host(self.module, self.scope, names, inline=True)
        for inner in names:
            self._bound_before(inner, self.module.statement(saver.call))
        self.manager = self.emitter.fresh("manager")
        kept = "5"
        if "max_to_keep" in saver.given:
            node = saver.given["max_to_keep"]
            kept = self.plain.text(node)
            if isinstance(node, ast.Constant) and node.value in (0, None):
                kept = "None"
        parts = [self.checkpoint, folder, f"max_to_keep={kept}"]
        hours = saver.given.get("keep_checkpoint_every_n_hours")
        if hours is not None:
            parts.append(f"keep_checkpoint_every_n_hours={self.plain.text(hours)}")
        parts.append(f"checkpoint_name={name}")
        return call(f"{self.manager} = {self.tf}.train.CheckpointManager", parts, 0)

    def _bound_before(self, name: ast.Name, statement: ast.stmt) -> None:
        _, bindings = self.module.find(name.id, self.module.scope_of[name])
        for binding in bindings:
            node = binding.node
            if isinstance(node, (ast.expr, ast.stmt)) and node.lineno > statement.lineno:
                raise Refusal(name, "Saver", f"`{name.id}` is bound after the Saver is made")

    def _place(self, save: Save) -> tuple[str, str]:
        """Return the folder and the name that a save writes under, as expressions."""
        path = save.path
        if isinstance(path, ast.Constant) and isinstance(path.value, str):
            folder, name = os.path.split(path.value)
            if folder and name:
                return repr(folder).replace("'", '"'), repr(name).replace("'", '"')
        if isinstance(path, ast.Call) and len(path.args) > 1 and not path.keywords:
            function = self.module.source(path.func)
            last = path.args[-1]
            if (
                function in ("os.path.join", "path.join")
                and isinstance(last, ast.Constant)
                and isinstance(last.value, str)
                and last.value
                and "/" not in last.value
            ):
                texts = [self.plain.text(part) for part in path.args[:-1]]
                folder = texts[0] if len(texts) == 1 else f"{function}({', '.join(texts)})"
                return folder, self.module.source(last)
        raise Refusal(
            path, "Saver", "its path does not say which part is the folder and which the name"
        )

    def _saved(self, save: Save) -> None:
        statement = self.module.statement(save.call)
        whole = isinstance(statement, (ast.Expr, ast.Assign)) and statement.value is save.call
        if self.manager is not None:
            step = save.step
            assert step is not None
            if save.step_value is not None and save.step_value.kind is Kind.VARIABLE:
                text = self.emitter.reach(save.step_value, self.emitter.model)
            else:
                text = self.plain.text(step)
            new = f"{self.manager}.save(checkpoint_number={text})"
            self._replace(save.call, new)
            self.answers[_at(save.call)] = new
            return
        if not whole:
            raise Refusal(save.call, "Saver", "what a save returns is used in an expression")
        check_host(
            self.module,
            self.scope,
            [n for n in ast.walk(save.path) if isinstance(n, ast.Name)],
            inline=self.module.enclosing(save.call, (ast.For, ast.While)) is not None,
        )
        path = self.plain.text(save.path)
        target = ""
        folder = ""
        if isinstance(save.path, ast.Constant) and isinstance(save.path.value, str):
            folder = repr(os.path.dirname(save.path.value)).replace("'", '"')
        if isinstance(statement, ast.Assign):
            (only,) = statement.targets
            if not isinstance(only, ast.Name):
                raise Refusal(save.call, "Saver", "what a save returns is stored elsewhere")
            target = only.id
        elif not folder and not isinstance(save.path, ast.Name):
            target = self.emitter.fresh("prefix")
        prefix = target or path
        if not folder:
            if not any(
                isinstance(node, ast.Import)
                and any(a.name == "os" and not a.asname for a in node.names)
                for node in self.module.imports
            ):
                folder = f"{self.tf}.io.gfile.join({prefix}, '..')"
                raise Refusal(save.call, "Saver", "the folder of its path needs `import os`")
            folder = f"os.path.dirname({prefix})"
        column = self._target_column(statement)
        indent = self._indent(statement)[:column]
        first = f"{target} = " if target else ""
        state = call(f"{self.tf}.compat.v1.train.update_checkpoint_state", [folder, prefix], column)
        text = f"{first}{self.checkpoint}.write({path})\n{indent}{state}"
        self._replace(statement, text)
        self.answers[_at(save.call)] = text.replace(f"\n{indent}", "\n")

    def _restored(self, restore: Restore) -> None:
        path = self.plain.text(restore.path)
        new = f"{self.checkpoint}.read({path}).assert_existing_objects_matched()"
        self._replace(restore.call, new)
        self.answers[_at(restore.call)] = new

    # -- exports -----------------------------------------------------------------------

    def _exported(self, export: Export) -> None:
        keys = []
        for signature in export.signatures:
            use = next(use for use in self.uses if use.signature is signature)
            keys.append(f'"{signature.key}": {self.emitter.model}.{use.name}')
        column = self._target_column(export.statement)
        directory = self.plain.text(export.directory)
        text = call(
            f"{self.tf}.saved_model.save",
            [self.emitter.model, directory, f"signatures={{{', '.join(keys)}}}"],
            column,
        )
        if not _deletes(self.module):
            indent = self._indent(export.statement)[:column]
            one = indent_of(self.text)
            text = (
                f"if {self.tf}.io.gfile.exists({directory})"
                f" and {self.tf}.io.gfile.listdir({directory}):\n"
                f'{indent}{one}raise AssertionError(f"{{{directory}}} holds an export already")\n'
                f"{indent}{text}"
            )
            if '"' in directory:
                raise Refusal(export.call, "export", "its directory is no name")
        indent = self._indent(export.statement)[:column]
        self._replace(export.statement, f"{self._export_comments(indent)}{text}")
        self.answers[_at(export.call)] = text

    def _export_comments(self, indent: str) -> str:
        """Return the comments of the statements that prepared an export, once."""
        if self._exported_before:
            return ""
        self._exported_before = True
        rows = [
            row
            for node in self.scope.removed
            if self._tells_of_export(node)
            for row in (*leading_comments(self.scope, node)[1], *self._behind(node))
        ]
        return "".join(f"{row}\n{indent}" for row in rows)


def _at(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _deletes(module: Module) -> bool:
    """Whether the file deletes a directory tree, as exports do that are made again."""
    return "rmtree" in module.text or "DeleteRecursively" in module.text
