"""The runs of a session become calls of methods and functions."""

from __future__ import annotations

import ast

from migrator.lift.checkpoints import Checkpoints
from migrator.lift.kinds import Kind, Refusal, Run, Value, updates_in
from migrator.lift.parts import unused
from migrator.lift.slices import Use, is_inline, is_silent, is_unread
from migrator.lift.text import call, comments_in

__all__ = ["Calls"]

#: What makes the arrays of a structure of tensors.
_NUMPY = "lambda value: value.numpy()"


class Calls(Checkpoints):
    """Writes what stands where the session was run."""

    def _in_place(self) -> None:
        """Replace the runs, the saves, and the names of TensorFlow 1 in what stays."""
        for run in self.scope.runs:
            before = len(self.edits)
            self._run(run)
            made = [text.strip() for _, _, text in self.edits[before:] if text.strip()]
            self.answers[run.call.lineno, run.call.col_offset] = "\n".join(made)
        for feed in self.scope.feeds:
            assert isinstance(feed.node, ast.Dict)
            for key in feed.node.keys:
                assert isinstance(key, ast.Name)
                self._replace(key, f'"{self.scope.read_of[key].name}"')
        for saver in self.scope.savers:
            for save in saver.saves:
                self._saved(saver, save)
            for restore in saver.restores:
                self._restored(saver, restore)
        for export in self.scope.exports:
            self._exported(export)
        for node, directory in self.scope.writers:
            self._replace(
                node, f"{self.tf}.summary.create_file_writer({self.plain.text(directory)})"
            )
        for addition in self.scope.additions:
            self._added(*addition)
        done = [(start, end) for start, end, _ in self.edits]
        self.plain.made.clear()
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
            if not self.scope.covers(statement):
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
        self._rescue_comments(run, statement, column)
        if is_inline(run):
            self._fed_order(run, [])
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
        ordered = self._fed_order(run, use.params)
        if ordered is not None:
            texts = dict(zip(use.params, names, strict=True))
            names = [f"{param.name}={texts[param]}" for param in ordered]
        if run.feed_name is not None and self._is_whole_feed(run, use):
            names = [f"**{run.feed_name.id}"]
        outputs = use.places
        updated = len(outputs) < len(run.fetched)
        function = f"{owner}{use.name}"
        if isinstance(parent, ast.Expr):
            self._replace(run.call, call(function, names, column))
            return
        if any(value.kind is Kind.SUMMARY for _, value in run.fetched):
            self._summarized(run, function, names, column)
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
                nested = any(value.kind is Kind.STRUCT for _, value in use.outputs)
                self._unpacked(parent, kept, function, names, column, nested)
                return
            if updated and not outputs:
                self._never_read(target)
                self._replace(parent, call(function, names, column))
                return
        if updated:
            raise Refusal(run.call, "fetch", "what a train op gives is used")
        prefix = self.module.line_column(self.module.start(run.call))[1] - column
        made = call(function, names, column, max(prefix, 0))
        if any(value.kind is Kind.STRUCT for _, value in use.outputs):
            text = f"{self.tf}.nest.map_structure({_NUMPY}, {made})"
            if run.form == "dict" or (run.form != "one" and len(outputs) == 1):
                raise Refusal(run.call, "fetch", "a structure is fetched inside another")
            if run.form == "list":
                text = f"list({text})"
        elif run.form == "one":
            text = f"{made}.numpy()"
        elif run.form in ("list", "tuple") and len(outputs) > 1:
            value = "value"
            text = f"[{value}.numpy() for {value} in {made}]"
            if run.form == "tuple":
                text = f"tuple({text[1:-1]})"
        elif run.form in ("list", "tuple"):
            text = f"[{made}.numpy()]" if run.form == "list" else f"({made}.numpy(),)"
        else:
            keys = [self.plain.text(key) for key in run.keys]
            if len(keys) == 1:
                text = f"{{{keys[0]}: {made}.numpy()}}"
            else:
                text = f"dict(zip([{', '.join(keys)}], [value.numpy() for value in {made}]))"
        self._replace(run.call, text)

    def _fed_order(self, run: Run, params: list[Value]) -> list[Value] | None:
        """Return the parameters in the order in which they must be given, None for their own.

        Raises:
            Refusal: what is fed to a placeholder that nothing needs has effects.
        """
        if run.feed_name is not None:
            return None
        telling = [param for param, node in run.feed_nodes.items() if self._has_effects(node)]
        for param in telling:
            if param not in params:
                raise Refusal(run.feed_nodes[param], "feed", "a call is fed to what no fetch needs")
        if telling == [param for param in params if param in telling]:
            return None
        return [param for param in run.feed_nodes if param in params]

    def _has_effects(self, node: ast.expr) -> bool:
        """Whether it matters when, or that, an expression of host code is evaluated."""
        quiet = {
            run.call for run in self.scope.runs
            if not any(updates_in(value) for _, value in run.fetched)
        }  # fmt: skip
        return any(
            isinstance(inner, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr))
            or (
                isinstance(inner, ast.Call)
                and inner not in quiet
                and not self.scope.is_harmless(inner)
            )
            for inner in ast.walk(node)
        )

    def _rescue_comments(self, run: Run, statement: ast.stmt, column: int) -> None:
        """Put the comments between the arguments of a run above its statement."""
        start, end = self.module.start(run.call), self.module.end(run.call)
        if "#" not in self.text[start:end] or self._indent(statement).strip():
            return
        kept = [] if run.feed_name is not None else list(run.feed_nodes.values())
        rows = [
            row
            for at, row in comments_in(self.text[start:end])
            if not any(self.module.start(n) <= start + at < self.module.end(n) for n in kept)
        ]
        at = self.module.offset(statement.lineno, 0)
        indent = self._indent(statement)[:column]
        if rows:
            self.edits.append((at, at, "".join(f"{indent}{row}\n" for row in rows)))

    def _added(
        self,
        node: ast.Call,
        writer: ast.Name,
        summary: ast.Name,
        record: Value,
        step: ast.expr | None,
    ) -> None:
        """Write a summary where the original did."""
        self._check_alone(node)
        assert record.operand_value is not None
        statement = self.module.statement(node)
        column = self._target_column(statement)
        indent = self._indent(statement)[:column]
        tab = self.emitter.tab
        at = self.plain.text(step) if step is not None else "0"
        lines = [f"with {writer.id}.as_default(step={at}):"]
        records = record.operand_value.records
        if len({r.form for r in records}) == 1 and len(records) > 2:
            tag, value = (unused(name, self.emitter.taken) for name in ("tag", "value"))
            lines += [
                f"{tab}for {tag}, {value} in {summary.id}.items():",
                f"{tab * 2}{self.tf}.summary.{records[0].form}({tag}, {value})",
            ]
        else:
            lines += [
                f'{tab}{self.tf}.summary.{r.form}("{r.tag}", {summary.id}["{r.tag}"])'
                for r in records
            ]
        self._replace(statement, f"\n{indent}".join(lines))

    def _summarized(self, run: Run, function: str, names: list[str], column: int) -> None:
        """A run that fetches a summary: its tensors come as they are, others as arrays."""
        self._check_alone(run.call)
        statement = self.module.statement(run.call)
        assert isinstance(statement, ast.Assign)
        target = statement.targets[0]
        indent = self._indent(statement)[:column]
        targets = [target] if run.form == "one" else getattr(target, "elts", [])
        if len(targets) != len(run.fetched):
            raise Refusal(run.call, "summary", "what is fetched is not kept in names")
        kept: list[str] = []
        arrays: list[str] = []
        for element, (_, value) in zip(targets, run.fetched, strict=True):
            if is_silent(value) or updates_in(value):
                self._never_read(element)
                continue
            kept.append(self.module.source(element))
            if value.kind is not Kind.SUMMARY:
                arrays.append(f"{kept[-1]} = {kept[-1]}.numpy()")
        left = ", ".join(kept)
        made = call(function, names, column, len(left) + 3)
        self._replace(statement, f"\n{indent}".join([f"{left} = {made}", *arrays]))

    def _unpacked(
        self,
        statement: ast.Assign,
        kept: list[str],
        function: str,
        names: list[str],
        column: int,
        nested: bool,
    ) -> None:
        targets = ", ".join(kept)
        if not kept:
            text = call(function, names, column)
        elif nested:
            made = call(function, names, column, len(targets) + len(_NUMPY) + 30)
            text = f"{targets} = {self.tf}.nest.map_structure({_NUMPY}, {made})"
        elif len(kept) == 1:
            made = call(function, names, column, len(targets) + 3)
            text = f"{targets} = {made}.numpy()"
        else:
            head = f"{targets} = [value.numpy() for value in "
            text = f"{head}{call(function, names, column, len(head))}]"
        self._replace(statement, text)

    def _direct(self, run: Run, parent: ast.AST, column: int) -> None:
        texts = []
        speller = self.emitter.speller(inside=False)
        speller.made.update(self.plain.made)
        for node, value in run.fetched:
            if value.kind is Kind.ASSIGN:
                made = self.emitter.assignment(value, speller)
                self._replace(run.call, made if isinstance(parent, ast.Expr) else f"{made}.numpy()")
                return
            if value.kind is Kind.VARIABLE:
                texts.append(f"{self.emitter.reach(value, self.emitter.model)}.numpy()")
            else:
                texts.append(f"{speller.in_brackets(node)}.numpy()")
        if isinstance(parent, ast.Expr):
            raise Refusal(run.call, "fetch", "what is fetched is not used")
        if run.form == "one":
            text = texts[0]
        elif run.form == "list":
            text = f"[{', '.join(texts)}]"
        elif run.form == "tuple":
            text = f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
        else:
            keys = [self.plain.text(key) for key in run.keys]
            text = f"{{{', '.join(map(': '.join, zip(keys, texts, strict=True)))}}}"
        unpacked = isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple)
        if unpacked and run.form in ("list", "tuple") and len(texts) > 1:
            text = text[1:-1]
        self._replace(run.call, text)

    def _is_whole_feed(self, run: Run, use: Use) -> bool:
        return set(run.feed_nodes) == set(use.params)

    def _never_read(self, element: ast.expr) -> None:
        if not isinstance(element, ast.Name):
            raise Refusal(element, "fetch", "what a train op gives is kept")
        if not is_unread(self.scope, element):
            raise Refusal(element, "fetch", "what a train op gives is used")
