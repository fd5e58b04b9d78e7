"""Savers become checkpoints, exports become saved modules."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence

from migrator.lift.comments import leading_comments
from migrator.lift.exports import Export, Signature
from migrator.lift.kinds import Kind, Refusal
from migrator.lift.layout import Layout, indent_of
from migrator.lift.optimizers import Optimizer
from migrator.lift.scope import Scope
from migrator.lift.sessions import Restore, Save, Saver
from migrator.lift.slices import Use, check_host
from migrator.lift.text import WIDTH, call
from migrator.names import Module

__all__ = ["Checkpoints"]


class Checkpoints(Layout):
    """Writes what the saving and restoring calls of a scope become."""

    def __init__(self, scope: Scope, uses: list[Use], others: Sequence[Scope] = ()) -> None:
        super().__init__(scope, uses, others)
        self._exported_before = False
        self.checkpoints: dict[Saver, str] = {}
        self.managers: dict[Saver, str] = {}

    def _saver_lines(self) -> list[str]:
        """Return the statements that make the checkpoints."""
        lines: list[str] = []
        for saver in self.scope.savers:
            lines += self._checkpoint(saver)
        if len(self.scope.savers) > 1 and self.managers:
            raise Refusal(
                self.scope.savers[1].call, "one Saver", "one of several Savers numbers its files"
            )
        return lines

    def _checkpoint(self, saver: Saver) -> list[str]:
        emitter = self.emitter
        statement = self.module.statement(saver.call)
        lines = [*leading_comments(self.scope, statement)[1], *self._behind(statement)]
        slots = self._slots(saver)
        calls = [*(one.call for one in saver.restores), *(one.call for one in saver.saves)]
        if len(slots) > 1 and calls:
            raise Refusal(
                calls[0],
                "slots",
                "it holds the slots of several optimizers, whose names are not told exactly",
            )
        if calls and slots and any(train.scoped for train in saver.trained):
            raise Refusal(
                calls[0],
                "slots",
                "an optimizer stands in a scope, which some of its slots are named after",
            )
        name = self.checkpoints[saver] = emitter.fresh("checkpoint")
        parts = [f"variables={self._by_name(saver)}"]
        if len(slots) == 1:
            parts.append(f"optimizer={slots[0].name}")
        else:
            parts += [f"{item.name}={item.name}" for item in slots]
        made = call(f"{name} = {self.tf}.train.Checkpoint", parts, 0)
        lines.append(made)
        stepped = [save for save in saver.saves if save.step is not None]
        if stepped:
            if len(stepped) != len(saver.saves):
                raise Refusal(saver.call, "Saver", "it saves with and without a global step")
            lines.append(self._manager(saver, stepped))
        else:
            self._check_kept(saver)
        self.answers[_at(saver.call)] = "\n".join(row for row in lines if not row.startswith("#"))
        return lines

    def _slots(self, saver: Saver) -> list[Optimizer]:
        """Return the optimizers whose slots a Saver holds."""
        return [
            optimizer
            for optimizer in self.emitter.optimizers
            if optimizer.slots and any(train.of is optimizer.value for train in saver.trained)
        ]

    def _by_name(self, saver: Saver) -> str:
        """Return the dictionary of the Saver's variables by their names in the file.

        With it any program of the repository finds a variable in the checkpoint, whatever it calls
        it itself.
        """
        emitter = self.emitter
        comprehension = f"{{v.name[:-2]: v for v in {emitter.model}.variables}}"
        pairs = [f'"{name}": {emitter.reach(v, emitter.model)}' for v, name in saver.saved.items()]
        text = f"{{{', '.join(pairs)}}}"
        whole = saver.saved == {v: v.tf_name for v in self.scope.variables}
        return comprehension if whole and len(text) >= 76 else text

    def _manager(self, saver: Saver, saves: list[Save]) -> str:
        places = {self._place(save) for save in saves}
        if len(places) != 1:
            raise Refusal(saver.call, "Saver", "it saves under several names")
        ((folder, name),) = places
        options = [
            saver.given[key]
            for key in ("max_to_keep", "keep_checkpoint_every_n_hours")
            if key in saver.given
        ]
        names = [
            inner
            for part in (saves[0].path, *options)
            for inner in ast.walk(part)
            if isinstance(inner, ast.Name)
            and self.module.find(inner.id, self.module.scope_of[inner])[0] is not None
        ]
        check_host(self.module, self.scope, names, inline=True)
        anchor = self._anchor()
        for inner in names:
            self._bound_before(inner, anchor)
        manager = self.managers[saver] = self.emitter.fresh("manager")
        kept = "5"
        if "max_to_keep" in saver.given:
            node = saver.given["max_to_keep"]
            kept = self.plain.text(node)
            if isinstance(node, ast.Constant) and node.value in (0, None):
                kept = "None"
        parts = [self.checkpoints[saver], folder, f"max_to_keep={kept}"]
        hours = saver.given.get("keep_checkpoint_every_n_hours")
        if hours is not None:
            parts.append(f"keep_checkpoint_every_n_hours={self.plain.text(hours)}")
        parts.append(f"checkpoint_name={name}")
        return call(f"{manager} = {self.tf}.train.CheckpointManager", parts, 0)

    def _check_kept(self, saver: Saver) -> None:
        """A Saver that numbers nothing saves under one name: it would list several, delete some."""
        paths = set()
        for save in saver.saves:
            paths.add(ast.dump(save.path))
            if len(paths) > 1 or not self._is_fixed(save.path):
                raise Refusal(
                    save.call, "Saver", "it saves under several names, and lists or deletes them"
                )

    def _is_fixed(self, node: ast.expr) -> bool:
        """Whether an expression of host values is the same whenever it is evaluated."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call) and not self.scope.is_harmless(inner):
                return False
            if not isinstance(inner, ast.Name):
                continue
            owner, bindings = self.module.find(inner.id, self.module.scope_of[inner])
            if owner is None:
                continue
            if owner is not self.module.root and owner is not self.module.scopes[self.scope.node]:
                return False
            for binding in bindings:
                at = binding.node
                if len(bindings) > 1 or not isinstance(at, ast.AST):
                    return False
                if self.module.enclosing(at, (ast.For, ast.While)) is not None:
                    return False
        return True

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

    def _saved(self, saver: Saver, save: Save) -> None:
        statement = self.module.statement(save.call)
        whole = isinstance(statement, (ast.Expr, ast.Assign)) and statement.value is save.call
        if saver in self.managers:
            step = save.step
            assert step is not None
            if save.step_value is not None and save.step_value.kind is Kind.VARIABLE:
                text = self.emitter.reach(save.step_value, self.emitter.model)
            else:
                text = self.plain.text(step)
            new = f"{self.managers[saver]}.save(checkpoint_number={text})"
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
            self._need_os(save)
            folder = f"os.path.dirname({prefix})"
        self._check_alone(save.call)
        column = self._target_column(statement)
        indent = self._indent(statement)[:column]
        first = f"{target} = " if target else ""
        state = call(f"{self.tf}.compat.v1.train.update_checkpoint_state", [folder, prefix], column)
        text = f"{first}{self.checkpoints[saver]}.write({path})\n{indent}{state}"
        self._replace(statement, text)
        self.answers[_at(save.call)] = text.replace(f"\n{indent}", "\n")

    def _need_os(self, save: Save) -> None:
        """Import ``os`` if the file does not."""
        if any(
            isinstance(node, ast.Import)
            and any(alias.name == "os" and not alias.asname for alias in node.names)
            for node in self.module.imports
        ):
            return
        if "os" in self.module.root.bindings or self.module.by_name.get("os"):
            raise Refusal(save.call, "Saver", "the folder of its path needs `import os`")
        first = next(
            node
            for node in self.module.imports
            if getattr(node, "module", "") != "__future__" and not node.col_offset
        )
        above, _ = leading_comments(self.scope, first)
        at = above or self.module.start(first)
        name = first.names[0].name if isinstance(first, ast.Import) else str(first.module)
        gap = "" if name.partition(".")[0] in sys.stdlib_module_names else "\n"
        edit = (at, at, f"import os\n{gap}")
        if edit not in self.edits:
            self.edits.append(edit)

    def _restored(self, saver: Saver, restore: Restore) -> None:
        path = self.plain.text(restore.path)
        new = f"{self.checkpoints[saver]}.read({path}).assert_existing_objects_matched()"
        lines: list[str] = []
        for optimizer in self._slots(saver):
            zeros = f"({self.tf}.zeros_like(v), v) for v in {optimizer.trained}"
            lines += [
                "# an update by nothing makes the slots, which are restored then",
                f"{optimizer.name}.apply_gradients([{zeros}])",
            ]
        column = self._target_column(self.module.statement(restore.call))
        indent = self._indent(self.module.statement(restore.call))[:column]
        self._check_alone(restore.call)
        renamed = {v: name for v, name in saver.saved.items() if name != v.tf_name}
        if renamed:
            lines += self._by_other_names(saver, path, new)
        else:
            lines.append(new)
        text = f"\n{indent}".join(lines)
        self._replace(restore.call, text)
        self.answers[_at(restore.call)] = "\n".join(lines)

    def _by_other_names(self, saver: Saver, path: str, new: str) -> list[str]:
        """Return the statements that restore variables by other names than their own.

        ``Checkpoint.read`` looks into name-based files by the variables' own names.
        """
        tab = self.emitter.tab
        reader = self.emitter.fresh("reader")
        first = next(iter(saver.saved.values()))
        return [
            f"{reader} = {self.tf}.train.load_checkpoint({path})",
            f'if {reader}.has_tensor("{first}"):  # TensorFlow 1 wrote it',
            *(
                f"{tab}{self.emitter.reach(v, self.emitter.model)}.assign("
                f'{reader}.get_tensor("{name}"))'
                for v, name in saver.saved.items()
            ),
            "else:",
            f"{tab}{new}",
        ]

    # -- exports -----------------------------------------------------------------------

    def _exported(self, export: Export) -> None:
        keys = []
        for signature in export.signatures:
            use = next(use for use in self.uses if use.signature is signature)
            keys.append(f'"{signature.key}": {self.emitter.model}.{use.name}')
        column = self._target_column(export.statement)
        directory = self.plain.text(export.directory)
        told_once = ""
        if any(
            isinstance(inner, ast.Call) and not self.scope.is_harmless(inner)
            for inner in ast.walk(export.directory)
        ):
            name = self.emitter.fresh("export_dir")
            indent = self._indent(export.statement)[:column]
            told_once, directory = f"{name} = {directory}\n{indent}", name
        signed = f"signatures={{{', '.join(keys)}}}"
        if column + len(signed) + 5 > WIDTH:
            tab = " " * (column + 4)
            signed = "".join(["signatures={\n", *(f"{tab}    {k},\n" for k in keys), tab, "}"])
        parts = [self.emitter.model, directory, signed]
        text = call(f"{self.tf}.saved_model.save", parts, column)
        if "\n" in signed:
            indent = " " * column
            rows = "".join(f"{indent}    {part},\n" for part in parts)
            text = f"{self.tf}.saved_model.save(\n{rows}{indent})"
        others = [s for s in export.signatures if s.key and s.method != Signature.method]
        if others:
            text += f"\n{self._indent(export.statement)[:column]}".join(
                ["", *self._method_names(others, directory)]
            )
        if not _deletes(self.module):
            indent = self._indent(export.statement)[:column]
            one = indent_of(self.text)
            told = f'f"{{{directory}}} holds an export already"'
            if isinstance(export.directory, ast.Constant) and not told_once:
                told = f"{directory[:-1]} holds an export already{directory[-1]}"
            elif '"' in directory:
                raise Refusal(export.call, "export", "its directory is no name")
            text = (
                f"if {self.tf}.io.gfile.exists({directory})"
                f" and {self.tf}.io.gfile.listdir({directory}):\n"
                f"{indent}{one}raise AssertionError({told})\n"
                f"{indent}{text}"
            )
        indent = self._indent(export.statement)[:column]
        text = told_once + text
        self._replace(export.statement, f"{self._export_comments(indent)}{text}")
        self.answers[_at(export.call)] = text

    def _method_names(self, signatures: list[Signature], directory: str) -> list[str]:
        """Return the statements that tell which signatures take serialized examples.

        TensorFlow 2 writes every signature as one of `predict`.
        """
        updater = self.emitter.fresh("updater")
        place = f"{self.tf}.compat.v1.saved_model.signature_def_utils.MethodNameUpdater"
        lines = [f"{updater} = {place}({directory})"]
        lines += [
            f'{updater}.replace_method_name("{s.key}", "{s.method}", tags=["serve"])'
            for s in signatures
        ]
        return [*lines, f"{updater}.save()"]

    def _export_comments(self, indent: str) -> str:
        """Return the comments of the statements that prepared an export, once."""
        if self._exported_before:
            return ""
        self._exported_before = True
        rows = [
            row
            for node in self.scope.removed
            if self._tells_of_export(node) and node not in self.emitter.signed
            for row in (*leading_comments(self.scope, node)[1], *self._behind(node))
        ]
        return "".join(f"{row}\n{indent}" for row in rows)


def _at(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _deletes(module: Module) -> bool:
    """Whether the file deletes a directory tree, as exports do that are made again."""
    return "rmtree" in module.text or "DeleteRecursively" in module.text
