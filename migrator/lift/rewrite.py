"""The whole new text of a file whose scope is lifted."""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from collections import Counter

from migrator.lift.emit import Emitter, leading_comments
from migrator.lift.kinds import Kind, Refusal, Run
from migrator.lift.scope import Scope, is_main_guard
from migrator.lift.sessions import Export, Restore, Save
from migrator.lift.slices import Use, check_host, is_direct, is_inline
from migrator.lift.spelling import Speller
from migrator.lift.text import Edit, applied, call, comment_end
from migrator.names import Module

__all__ = ["Rewriter", "class_name"]

#: Names of scripts that say what they do, not what they are.
_GENERIC = frozenset(
    {"train", "main", "model", "run", "test", "export", "train_model", "script", "stdin", "demo"}
    | {"eval", "predict", "net", "network", "training"}
)


def class_name(path: str) -> str:
    """Return the name of the module that the file at ``path`` becomes."""
    folder, base = os.path.split(path)
    stem = base.rpartition(".")[0] or base
    if stem.lower() in _GENERIC and os.path.basename(folder):
        stem = os.path.basename(folder)
    words = [word for word in re.split(r"[^0-9A-Za-z]+", stem) if word and not word.isdigit()]
    name = "".join(word[:1].upper() + word[1:] for word in words)
    name = re.sub(r"^[0-9]+", "", name)
    return name or "Model"


class Rewriter:
    """Makes the edits that lift one scope.

    Args:
        scope: the analysis, done.
        uses: of its session.
        path: of the file, for the class's name.
    """

    def __init__(self, scope: Scope, uses: list[Use], path: str) -> None:
        self.scope = scope
        self.module: Module = scope.module
        self.text = self.module.text
        self.uses = uses
        self._exported_before = False
        self.edits: list[Edit] = []
        self.tf, self.import_edits = self._tensorflow()
        self.plain = Speller(scope, self.tf)
        self.gone: set[ast.stmt] = {step.node for step in scope.steps} | set(scope.removed)
        if scope.saver is not None:
            self.gone.add(self.module.statement(scope.saver.call))
        taken = self._taken()
        name = class_name(path)
        if name in taken or name in ("Module", "Variable", "Tensor"):
            name += "Model"
        self.emitter = Emitter(
            scope, uses, self.tf, name, taken, _indent_of(self.text), bool(scope.exports)
        )
        #: line and column of a saving call -> what it became
        self.answers: dict[tuple[int, int], str] = {}

    # -- names ------------------------------------------------------------------------

    def _taken(self) -> set[str]:
        """Return the identifiers that the new file still has."""
        taken: set[str] = (
            set(dir(__builtins__)) if not isinstance(__builtins__, dict) else set(__builtins__)
        )
        for node in self.module.nodes:
            if isinstance(node, ast.Name):
                if not any(at in self.gone for at in self.module.ancestors(node)):
                    value = self.scope.read_of.get(node)
                    if value is None or not value.is_graph or value.is_eager:
                        taken.add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                taken.add(node.name)
            elif isinstance(node, ast.arg):
                taken.add(node.arg)
            elif isinstance(node, ast.alias):
                taken.add((node.asname or node.name).partition(".")[0])
        for step in self.scope.steps:
            taken.update(name.id for name in step.host)
        return taken

    def _tensorflow(self) -> tuple[str, list[Edit]]:
        """Return the name that TensorFlow is imported as, and the edit that makes it so."""
        found: list[tuple[str, list[Edit]]] = []
        for node in self.module.imports:
            if not isinstance(node, ast.Import):
                if node.module == "tensorflow.compat" and [a.name for a in node.names] == ["v1"]:
                    found.append((node.names[0].asname or "v1", [self._import(node)]))
                continue
            for alias in node.names:
                if alias.name == "tensorflow":
                    found.append((alias.asname or alias.name, []))
                elif alias.name == "tensorflow.compat.v1" and alias.asname:
                    if len(node.names) > 1:
                        raise Refusal(node, "import", "TensorFlow shares its import line")
                    found.append((alias.asname, [self._import(node)]))
        if len(found) != 1 or any(
            module.startswith("tensorflow") for module, _ in self.module.root.stars
        ):
            raise Refusal(
                self.module.imports[0] if self.module.imports else self.module.tree,
                "import",
                "TensorFlow is not imported by one plain `import tensorflow as tf`",
            )
        return found[0]

    def _import(self, node: ast.Import | ast.ImportFrom) -> Edit:
        name = node.names[0].asname or "v1"
        return self.module.start(node), self.module.end(node), f"import tensorflow as {name}"

    # -- all of it --------------------------------------------------------------------

    def run(self) -> str:
        """Return the new text.

        Raises:
            Refusal: a detail of the scope cannot be carried over.
        """
        self._check_host()
        anchor = self._anchor()
        self._check_order(anchor)
        block = self._block()
        inserted = self._insert(anchor, block)
        self.edits += self.import_edits
        self._in_place()
        self._delete(anchor, inserted)
        self._dedent()
        self._unused_imports()
        text = applied(self.text, _without_overlap(self.edits))
        text = _tidied(text, self.text)
        self._check(text)
        return text

    def _check_host(self) -> None:
        scope = self.scope
        for step in scope.steps:
            check_host(self.module, scope, step.host, inline=False)
            eager = [node for node, value in step.reads if value.is_eager]
            check_host(self.module, scope, eager, inline=False)
        for use in self.uses:
            inline = {
                id(name)
                for run in use.runs[:1]
                for node, value in run.fetched
                if not is_direct(value)
                for name in ast.walk(node)
            }
            check_host(
                self.module, scope, [name for name in use.host if id(name) in inline], inline=True
            )

    def _check_order(self, anchor: ast.stmt) -> None:
        """A call that makes an initial value must not pass others, which may share its state."""
        for step in self.scope.steps:
            if not step.calls:
                continue
            for node in self.module.nodes:
                if (
                    isinstance(node, ast.Call)
                    and step.node.lineno < node.lineno <= anchor.lineno
                    and not self.scope.is_harmless(node)
                    and self.module.statement(node) not in self.gone
                    and self.module.enclosing(node, (ast.FunctionDef, ast.Lambda)) is None
                ):
                    raise Refusal(
                        step.calls[0],
                        "host calls",
                        f"an initial value is made by a call that would pass the one in line"
                        f" {node.lineno}",
                    )

    def _check(self, text: str) -> None:
        """The new text parses and has every comment of the old one."""
        try:
            ast.parse(text)
        except SyntaxError as error:
            raise Refusal(
                self.scope.node.body[0], "layout", f"the new text would not parse ({error.msg})"
            ) from error
        lost = _comments(self.text) - _comments(text)
        if lost:
            raise Refusal(
                self.scope.node.body[0],
                "comment",
                f"the comment `{next(iter(lost))}` would be lost",
            )

    # -- where the module stands ------------------------------------------------------

    def _anchor(self) -> ast.stmt:
        """Return the last statement that builds graph ahead of the first use of the session."""
        scope = self.scope
        nodes = [step.node for step in scope.steps if not step.after_run]
        if scope.saver is not None:
            nodes.append(self.module.statement(scope.saver.call))
        if not nodes and scope.steps:
            return scope.steps[0].node
        nodes = nodes or list(scope.removed)
        if not nodes:
            raise Refusal(scope.node, "nothing", "it builds no graph")
        return max(nodes, key=lambda node: node.lineno)

    def _block(self) -> dict[str, list[list[str]]]:
        """Return the new statements: the class, and what stands beside it."""
        scope, emitter = self.scope, self.emitter
        lines = emitter.class_lines()
        emitter.has_class = bool(lines)
        beside: list[list[str]] = []
        made: list[str] = []
        if lines:
            made += self._start_comments()
            made.append(f"{emitter.model} = {emitter.class_name}()")
        elif emitter.functions:
            raise Refusal(scope.node, "nothing", "it has no variables")
        made += emitter.optimizer_lines()
        functions = emitter.function_lines()
        saver = self._saver_lines()
        beside = [made, *functions, saver] if functions else [made + saver]
        loose = [row for step in scope.steps for row in emitter.loose_comments(step)]
        if loose:
            lines = [*loose, *lines]
        return {"class": [lines] if lines else [], "beside": [part for part in beside if part]}

    def _start_comments(self) -> list[str]:
        """Return the comments of the statements that initialized the variables."""
        lines: list[str] = []
        for node in self.scope.removed:
            if self._moves_comments(node):
                lines += leading_comments(self.scope, node)[1]
                lines += self._behind(node)
        return lines

    def _moves_comments(self, node: ast.stmt) -> bool:
        """Whether the comments of a statement that goes tell of initialization."""
        value = self.scope.removed[node]
        if value.kind is Kind.INIT:
            return True
        above = " ".join(leading_comments(self.scope, node)[1])
        return not isinstance(node, ast.With) and re.search("(?i)initiali[sz]", above) is not None

    def _tells_of_export(self, node: ast.stmt) -> bool:
        """Whether a statement that goes made a part of an export."""
        value = self.scope.removed.get(node)
        return value is not None and value.kind in (
            Kind.BUILDER,
            Kind.TENSOR_INFO,
            Kind.SIGNATURE,
            Kind.STRUCT,
        )

    def _behind(self, node: ast.stmt) -> list[str]:
        end = self.module.end(node)
        text = self.text[end : comment_end(self.text, end)].strip()
        return [text] if text else []

    def _insert(self, anchor: ast.stmt, block: dict[str, list[list[str]]]) -> tuple[int, str]:
        """Return where the new statements go, and their text; a class may go further up."""
        column = self._target_column(anchor)
        indent = self._indent(anchor)[:column]
        parts = [*block["class"], *block["beside"]]
        top = self._top_of(anchor)
        if block["class"] and top is not None and self._holds_at(top):
            start, _ = leading_comments(self.scope, top)
            code = "".join(f"{row}\n" if row else "\n" for row in _rows(block["class"][0]))
            before = self._gap(self.text[:start], "\n\n")
            self.edits.append((start, start, f"{before}{code}\n\n"))
            parts = block["beside"]
        gap = "\n\n" if column == 0 else "\n"
        text = ""
        wide = [any(row.startswith(("class ", "def ")) for row in lines) for lines in parts]
        for index, lines in enumerate(parts):
            if index and (wide[index] or wide[index - 1]):
                text += gap
            text += "".join(f"{indent}{row}\n" if row else "\n" for row in _rows(lines))
        self.gaps = (gap if wide[:1] == [True] else "", gap if wide[-1:] == [True] else "")
        return self.module.offset(anchor.lineno, 0), text

    def _top_of(self, anchor: ast.stmt) -> ast.stmt | None:
        """Return the main guard or the function that ``anchor`` stands in, or None."""
        for around in self.module.ancestors(anchor):
            if around is self.scope.node and isinstance(around, ast.FunctionDef):
                return around
            if isinstance(around, ast.If) and is_main_guard(around):
                return around
        return None

    def _holds_at(self, top: ast.stmt) -> bool:
        """Whether all that is evaluated with the class is bound ahead of ``top``.

        Of a function, all that its methods read must be the module's.
        """
        if isinstance(top, ast.FunctionDef):
            local = self.module.scopes[top]
            read = [name for step in self.scope.steps for name in step.host]
            read += [name for use in self.uses for name in use.host]
            read += [n for step in self.scope.steps for n, v in step.reads if v.is_eager]
            read += [n for use in self.uses for n, v in use.reads if v.is_eager]
            if any(self.module.find(n.id, self.module.scope_of[n])[0] is local for n in read):
                return False
        for use in self.uses:
            for param in use.params:
                for name in ast.walk(param.call or ast.Pass()):
                    if not isinstance(name, ast.Name):
                        continue
                    owner, bindings = self.module.find(name.id, self.module.scope_of[name])
                    if owner is not None and not all(
                        isinstance(binding.node, (ast.expr, ast.stmt, ast.alias))
                        and binding.node.lineno < top.lineno
                        for binding in bindings
                    ):
                        return False
        return True

    def _indent(self, node: ast.stmt) -> str:
        start = self.module.offset(node.lineno, 0)
        return self.text[start : self.module.start(node)]

    def _target_column(self, node: ast.stmt) -> int:
        """Return the column of a statement once the blocks of the session are gone."""
        column = self.module.line_column(self.module.start(node))[1]
        for around in self.module.ancestors(node):
            if around in self.scope.withs:
                assert isinstance(around, ast.With)
                column -= self._depth(around)
        return column

    def _depth(self, node: ast.With) -> int:
        inner = self.module.line_column(self.module.start(node.body[0]))[1]
        outer = self.module.line_column(self.module.start(node))[1]
        if node.body[0].lineno == node.lineno:
            raise Refusal(node, "layout", "its block stands on the line of the `with`")
        return inner - outer

    # -- checkpoints ------------------------------------------------------------------

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
        self.manager: str | None = None
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
            one = _unused_tab(self.text)
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

    # -- runs -------------------------------------------------------------------------

    def _replace(self, node: ast.expr | ast.stmt, text: str) -> None:
        self.edits.append((self.module.start(node), self.module.end(node), text))

    def _in_place(self) -> None:
        """Replace the runs, the saves, and the names of TensorFlow 1 in what stays."""
        for run in self.scope.runs:
            self._run(run)
        for feed in self.scope.feeds:
            assert isinstance(feed.node, ast.Dict)
            for key in feed.node.keys:
                assert isinstance(key, ast.Name)
                self._replace(key, f'"{self.scope.read_of[key].name}"')
        saver = self.scope.saver
        if saver is not None:
            for save in saver.saves:
                self._saved(save)
            for restore in saver.restores:
                self._restored(restore)
        for export in self.scope.exports:
            self._exported(export)
        done = [(start, end) for start, end, _ in self.edits]
        beside = self.emitter.speller(inside=False)
        for statement in self._kept(self.module.tree.body):
            pure = any(at in self.scope.pure for at in self.module.ancestors(statement))
            speller = beside if pure else self.plain
            for start, end, new in speller.writer.edits(statement):
                if not any(at <= start and end <= to for at, to in done):
                    self.edits.append((start, end, new))

    def _kept(self, body: list[ast.stmt]) -> list[ast.AST]:
        """Return the parts of the file that stay where they are."""
        found: list[ast.AST] = []
        for statement in body:
            if statement in self.gone or isinstance(statement, (ast.Import, ast.ImportFrom)):
                continue
            if isinstance(statement, ast.With) and statement in self.scope.withs:
                found += self._kept(statement.body)
                continue
            for name, value in ast.iter_fields(statement):
                if name in ("body", "orelse", "finalbody") and isinstance(value, list):
                    found += self._kept(value)
                elif name == "handlers":
                    for handler in value:
                        found += [
                            *([handler.type] if handler.type else []),
                            *self._kept(handler.body),
                        ]
                else:
                    parts = value if isinstance(value, list) else [value]
                    found += [part for part in parts if isinstance(part, ast.AST)]
        return found

    def _run(self, run: Run) -> None:
        parent = self.module.parents[run.call]
        statement = self.module.statement(run.call)
        column = self._target_column(statement)
        if is_inline(run):
            self._direct(run, parent, column)
            return
        use = next(use for use in self.uses if run in use.runs)
        owner = "" if self.emitter.is_function(use) else f"{self.emitter.model}."
        names = []
        for param in use.params:
            if run.feed_name is not None:
                names.append(f'{run.feed_name.id}["{param.name}"]')
            else:
                names.append(self.plain.text(run.feed_nodes[param]))
        if run.feed_name is not None and self._is_whole_feed(run, use):
            names = [f"**{run.feed_name.id}"]
        returned = [value for _, value in use.outputs]
        outputs = [index for index, fetched in enumerate(run.fetched) if fetched[1] in returned]
        updated = len(outputs) < len(run.fetched)
        function = f"{owner}{use.name}"
        if isinstance(parent, ast.Expr):
            self._replace(run.call, call(function, names, column))
            return
        if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
            target = parent.targets[0]
            if (
                isinstance(target, (ast.Tuple, ast.List))
                and run.form in ("list", "tuple")
                and len(target.elts) == len(run.fetched)
                and not any(isinstance(element, ast.Starred) for element in target.elts)
            ):
                for index, element in enumerate(target.elts):
                    if index not in outputs:
                        self._never_read(element)
                kept = [self.module.source(target.elts[index]) for index in outputs]
                self._unpacked(parent, kept, function, names, column)
                return
            if updated and not outputs:
                self._never_read(target)
                self._replace(parent, call(function, names, column))
                return
        if updated:
            raise Refusal(run.call, "fetch", "what a train op gives is used")
        prefix = self.module.line_column(self.module.start(run.call))[1] - column
        made = call(function, names, column, max(prefix, 0))
        if run.form == "one":
            text = f"{made}.numpy()"
        elif run.form in ("list", "tuple") and len(outputs) > 1:
            value = "value"
            text = f"[{value}.numpy() for {value} in {made}]"
            if run.form == "tuple":
                text = f"tuple({text[1:-1]})"
        elif run.form in ("list", "tuple"):
            text = f"[{made}.numpy()]" if run.form == "list" else f"({made}.numpy(),)"
        else:
            raise Refusal(run.call, "fetch", "the fetches are a dictionary")
        self._replace(run.call, text)

    def _unpacked(
        self, statement: ast.Assign, kept: list[str], function: str, names: list[str], column: int
    ) -> None:
        targets = ", ".join(kept)
        if not kept:
            text = call(function, names, column)
        elif len(kept) == 1:
            made = call(function, names, column, len(targets) + 3)
            text = f"{targets} = {made}.numpy()"
        else:
            head = f"{targets} = [value.numpy() for value in "
            text = f"{head}{call(function, names, column, len(head))}]"
        self._replace(statement, text)

    def _direct(self, run: Run, parent: ast.AST, column: int) -> None:
        texts = []
        for node, value in run.fetched:
            if value.kind is Kind.VARIABLE:
                texts.append(f"{self.emitter.reach(value, self.emitter.model)}.numpy()")
            else:
                texts.append(f"{self.emitter.speller(inside=False).in_brackets(node)}.numpy()")
        if isinstance(parent, ast.Expr):
            raise Refusal(run.call, "fetch", "what is fetched is not used")
        if run.form == "one":
            text = texts[0]
        elif run.form == "list":
            text = f"[{', '.join(texts)}]"
        elif run.form == "tuple":
            text = f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
        else:
            raise Refusal(run.call, "fetch", "the fetches are a dictionary")
        unpacked = isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple)
        if unpacked and run.form in ("list", "tuple") and len(texts) > 1:
            text = text[1:-1]
        self._replace(run.call, text)

    def _is_whole_feed(self, run: Run, use: Use) -> bool:
        return set(run.feed_nodes) == set(use.params)

    def _never_read(self, element: ast.expr) -> None:
        if not isinstance(element, ast.Name):
            raise Refusal(element, "fetch", "what a train op gives is kept")
        for other in self.module.by_name.get(element.id, ()):
            if isinstance(other, ast.Name) and isinstance(other.ctx, ast.Load):
                value = self.scope.read_of.get(other)
                if value is None or not value.is_graph:
                    raise Refusal(element, "fetch", "what a train op gives is used")

    # -- deletions --------------------------------------------------------------------

    def _delete(self, anchor: ast.stmt, inserted: tuple[int, str]) -> None:
        """Delete what moved or went, with the blank lines that it leaves behind."""
        text = self.text
        regions: list[tuple[int, int, bool]] = []
        for node in self.gone:
            first, _ = leading_comments(self.scope, node)
            line = self.module.offset(node.lineno, 0)
            keeps = node in self.scope.removed and not (
                (self._moves_comments(node) and self.emitter.has_class)
                or self._tells_of_export(node)
            )
            start = line if keeps else first
            end = comment_end(text, self.module.end(node))
            if keeps and self._behind(node):
                behind = self.module.end(node)
                if text[line : self.module.start(node)].strip():
                    raise Refusal(node, "layout", "it shares its line with another statement")
                at = behind
                while text[at] != "#":
                    at += 1
                self.edits.append((self.module.start(node), at, ""))
                continue
            while end < len(text) and text[end] in " \t":
                end += 1
            if text[line : self.module.start(node)].strip() or (
                end < len(text) and text[end] not in "\r\n"
            ):
                raise Refusal(node, "layout", "it shares its line with another statement")
            end = text.find("\n", end) + 1 or len(text)
            regions.append((start, end, node is anchor))
        placed = False
        regions.sort()
        before, after = self.gaps
        index = 0
        while index < len(regions):
            start, end, here = regions[index]
            index += 1
            # regions with only blank lines between are one
            while index < len(regions) and not text[end : regions[index][0]].strip():
                end = regions[index][1]
                here = here or regions[index][2]
                index += 1
            blank = (
                text[:start].endswith("\n\n")
                or not text[:start].strip()
                or start in self._openings()
            )
            if here and not placed:
                placed = True
                rest = end
                while (
                    text[rest : text.find("\n", rest) + 1].strip() == ""
                    and text.find("\n", rest) >= 0
                ):
                    rest = text.find("\n", rest) + 1
                new = inserted[1]
                head = self._gap(text[:start], before)
                tail = ""
                if after and text[rest:].strip():
                    tail, end = after, rest
                elif end != rest or blank:
                    tail = "\n" if text[rest:].strip() else ""
                    end = rest
                self.edits.append((start, end, head + new + tail))
                continue
            if blank:
                while True:
                    line_end = text.find("\n", end) + 1
                    if not line_end or text[end:line_end].strip():
                        break
                    end = line_end
            self.edits.append((start, end, ""))
        if not placed:
            start, new = inserted
            self.edits.append((start, start, new))

    def _openings(self) -> set[int]:
        """Return where the blocks start that lose their header."""
        return {self._header_end(node) for node in self.scope.withs}

    @staticmethod
    def _gap(before: str, wanted: str) -> str:
        """Return the blank lines still missing between ``before`` and a class or function."""
        if not wanted or not before.strip():
            return ""
        have = len(before) - len(before.rstrip("\n")) - 1
        return "\n" * max(len(wanted) - have, 0)

    def _dedent(self) -> None:
        """Take away the blocks of sessions, graphs and name scopes, not what is in them."""
        strings = _string_lines(self.text)
        by_line: dict[int, int] = {}
        for node in self.scope.withs:
            depth = self._depth(node)
            first = self.module.offset(node.lineno, 0)
            header = self.module.offset(node.body[0].lineno, 0)
            head = self.text[first:header]
            comments = _rows_with_comments(head)
            indent = self._indent(node)
            self.edits.append((first, self._header_end(node), ""))
            if comments:
                self.edits.append((first, first, "".join(f"{indent}{row}\n" for row in comments)))
            last = self._last_line(node)
            for line in range(node.body[0].lineno, last + 1):
                by_line[line] = by_line.get(line, 0) + depth
            # comment lines between the header and the first statement
            at = self._header_line(node)
            for line in range(at + 1, node.body[0].lineno):
                by_line[line] = by_line.get(line, 0) + depth
        covered = [(start, end) for start, end, _ in self.edits if end > start]
        for line, depth in by_line.items():
            if line in strings:
                continue
            start = self.module.offset(line, 0)
            row_end = self.text.find("\n", start)
            row = self.text[start : row_end if row_end >= 0 else len(self.text)]
            room = len(row) - len(row.lstrip(" \t"))
            depth = min(depth, room)
            if row.strip() and not any(at <= start < end for at, end in covered):
                self.edits.append((start, start + depth, ""))

    def _header_line(self, node: ast.With) -> int:
        """Return the last line of ``with ...:``."""
        last = node.items[-1]
        end = last.optional_vars or last.context_expr
        line = end.end_lineno or node.lineno
        while ":" not in self._row(line)[0:] and line < node.body[0].lineno - 1:
            line += 1
        return line

    def _row(self, line: int) -> str:
        start = self.module.offset(line, 0)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    def _header_end(self, node: ast.With) -> int:
        return self.module.offset(self._header_line(node) + 1, 0)

    def _last_line(self, node: ast.With) -> int:
        """Return the last line that belongs to a block, comments of its depth included."""
        last = node.end_lineno or node.lineno
        inner = self.module.line_column(self.module.start(node.body[0]))[1]
        line = last + 1
        while line < self.module.lines:
            row = self._row(line)
            if row.strip() and not (
                row.lstrip().startswith("#") and len(row) - len(row.lstrip()) >= inner
            ):
                break
            if row.strip():
                last = line
            line += 1
        return last

    # -- imports ----------------------------------------------------------------------

    def _unused_imports(self) -> None:
        """Drop the imports of TensorFlow whose every use went with the session."""
        used: set[str] = set()
        for node, _ in self.module.references():
            at: ast.AST = node
            while isinstance(at, ast.Attribute):
                at = at.value
            if isinstance(at, ast.Name) and not self._vanished(node):
                used.add(at.id)
        for statement in self.module.imports:
            if not isinstance(statement, ast.ImportFrom) or statement.level:
                continue
            if (statement.module or "").partition(".")[0] != "tensorflow":
                continue
            if (statement.module or "").startswith("tensorflow.examples"):
                continue
            names = [alias.asname or alias.name for alias in statement.names]
            if any(
                self.import_edits and self.module.start(statement) == e[0]
                for e in self.import_edits
            ):
                continue
            if any(name in used for name in names):
                raise Refusal(
                    statement, "import", "a part of TensorFlow is imported by itself and still used"
                )
            first = self.module.offset(statement.lineno, 0)
            end = self.text.find("\n", self.module.end(statement)) + 1 or len(self.text)
            if self.text[self.module.end(statement) : end].strip():
                raise Refusal(statement, "import", "a comment stands beside an import that goes")
            self.edits.append((first, end, ""))

    def _vanished(self, node: ast.AST) -> bool:
        if isinstance(self.module.statement(node), (ast.Import, ast.ImportFrom)):
            return True
        whole = [self.module.statement(export.call) for export in self.scope.exports]
        return any(at in self.gone or at in whole for at in self.module.ancestors(node))


def _at(node: ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _rows(lines: list[str]) -> list[str]:
    return [row for line in lines for row in line.split("\n")]


def _deletes(module: Module) -> bool:
    """Whether the file deletes a directory tree, as exports do that are made again."""
    return "rmtree" in module.text or "DeleteRecursively" in module.text


def _unused_tab(text: str) -> str:
    return _indent_of(text)


def _indent_of(text: str) -> str:
    """Return one level of indentation as the file writes it."""
    found: Counter[str] = Counter()
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.INDENT:
            if not depth:
                found[token.string] += 1
            depth += 1
        elif token.type == tokenize.DEDENT:
            depth -= 1
    if not found:
        return "    "
    return min(found, key=lambda width: (-found[width], len(width)))


def _string_lines(text: str) -> set[int]:
    """Return the lines that start inside a string."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING or (
            token.end[0] > token.start[0] and (tokenize.tok_name[token.type].startswith("FSTRING"))
        ):
            lines.update(range(token.start[0] + 1, token.end[0] + 1))
    return lines


def _rows_with_comments(head: str) -> list[str]:
    rows = []
    for row in head.split("\n")[:1]:
        _, mark, comment = row.partition("#")
        if mark:
            rows.append(f"#{comment}".rstrip())
    return rows


def _without_overlap(edits: list[Edit]) -> list[Edit]:
    """Return the edits that lie in no other, in order."""
    ordered = sorted(edits, key=lambda edit: (edit[0], -(edit[1] - edit[0])))
    result: list[Edit] = []
    for edit in ordered:
        if result and edit[1] <= result[-1][1] and edit[0] < result[-1][1]:
            continue
        result.append(edit)
    # insertions stand ahead of what replaces the text behind them
    return sorted(result, key=lambda edit: (edit[0], edit[1]))


def _tidied(text: str, original: str) -> str:
    """Return ``text`` without more blank lines together than the original had, or two."""
    most = max((len(run) - 1 for run in re.findall(r"\n{2,}", original)), default=1)
    limit = max(most, 2) + 1
    text = re.sub(rf"\n{{{limit + 1},}}", "\n" * limit, text)
    return text.rstrip("\n") + "\n" if original.endswith("\n") else text.rstrip("\n")


def _comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(
        token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT
    ) & Counter(dict.fromkeys(_distinct(text), 1))


def _distinct(text: str) -> set[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT}
