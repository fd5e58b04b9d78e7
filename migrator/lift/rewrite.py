"""The whole new text of a file whose scope is lifted."""

from __future__ import annotations

import ast
import os
import re
import tokenize
from collections import Counter
from collections.abc import Sequence

from migrator.lift.calls import Calls
from migrator.lift.comments import leading_comments, tells_of_session, tells_of_variables
from migrator.lift.emit import Emitter
from migrator.lift.kinds import Kind, Refusal
from migrator.lift.layout import indent_of
from migrator.lift.scope import Scope, is_main_guard
from migrator.lift.slices import Use, check_host, is_direct
from migrator.lift.spelling import Speller
from migrator.lift.text import Edit, applied, tokens

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


class Rewriter(Calls):
    """Makes the edits that lift one scope.

    Args:
        scope: the analysis, done.
        uses: of its session.
        path: of the file, for the class's name.
    """

    def __init__(
        self, scope: Scope, uses: list[Use], path: str, before: Sequence[Rewriter] = (),
        others: Sequence[Scope] = (),
    ) -> None:  # fmt: skip
        super().__init__(scope, uses, others)
        self.tf, self.import_edits = self._tensorflow()
        self.plain = Speller(scope, self.tf)
        taken = self._taken()
        for other in before:
            taken |= {other.emitter.class_name, other.emitter.model}
        name = class_name(path)
        if name in ("Module", "Variable", "Tensor") or (not before and name in taken):
            name += "Model"
        if name in taken:
            name = next(f"{name}{n}" for n in range(2, 99) if f"{name}{n}" not in taken)
        self.emitter = Emitter(
            scope, uses, self.tf, name, taken, indent_of(self.text), bool(scope.exports)
        )

    # -- names -------------------------------------------------------------------------

    def _taken(self) -> set[str]:
        """Return the identifiers that the new file still has."""
        taken: set[str] = (
            set(dir(__builtins__)) if not isinstance(__builtins__, dict) else set(__builtins__)
        )
        for node in self.module.nodes:
            if isinstance(node, ast.Name):
                if not any(at in self.gone_anywhere for at in self.module.ancestors(node)):
                    value = self.scope.read_of.get(node)
                    stays = value is not None and value.kind in (Kind.WRITER, Kind.RECORD)
                    if value is None or not value.is_graph or value.is_eager or stays:
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

    # -- all of it ---------------------------------------------------------------------

    def run(self) -> None:
        """Make the edits.

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

    def finished(self, others: Sequence[Rewriter] = ()) -> str:
        """Return the new text, the edits of the other graphs of the file made, too.

        Raises:
            Refusal: the text would lack something.
        """
        exports = [export for part in (self, *others) for export in part.scope.exports]
        self._unused_imports([self.module.statement(export.call) for export in exports])
        edits = dict.fromkeys(edit for part in (self, *others) for edit in part.edits)
        text = applied(self.text, _without_overlap(list(edits)))
        text = _tidied(text, self.text)
        self._check(text, {row for part in (self, *others) for row in part.dropped})
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

    def _check(self, text: str, dropped: set[str]) -> None:
        """The new text parses, binds what it reads, and has the old comments but ``dropped``."""
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            raise Refusal(
                self.scope.node.body[0], "layout", f"the new text would not parse ({error.msg})"
            ) from error
        gone = (_bound(self.module.tree) - _bound(tree)) & {
            node.id for node in ast.walk(tree) if isinstance(node, ast.Name)
        }
        if gone:
            raise Refusal(
                self.scope.node.body[0],
                "layout",
                f"the new text would read `{min(gone)}`, which nothing binds any more",
            )
        lost = set(_comments(self.text) - _comments(text)) - dropped
        if lost:
            raise Refusal(
                self.scope.node.body[0],
                "comment",
                f"the comment `{next(iter(lost))}` would be lost",
            )

    # -- where the module stands -------------------------------------------------------

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
        """Return the comments of the statements that initialized the variables.

        Of those that say nothing but that, the first that speaks of variables is enough.
        """
        lines: list[str] = []
        told = False
        for node in self.scope.removed:
            if not self._moves_comments(node):
                continue
            for rows in (leading_comments(self.scope, node)[1], self._behind(node)):
                if tells_of_session(rows):
                    if told or not tells_of_variables(rows):
                        self.dropped += rows
                        continue
                    told = True
                lines += rows
        return lines

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

    # -- imports -----------------------------------------------------------------------

    def _unused_imports(self, whole: list[ast.stmt]) -> None:
        """Drop the imports of TensorFlow whose every use went with the session."""
        used: set[str] = set()
        for node, _ in self.module.references():
            at: ast.AST = node
            while isinstance(at, ast.Attribute):
                at = at.value
            if isinstance(at, ast.Name) and not self._vanished(node, whole):
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

    def _vanished(self, node: ast.AST, whole: list[ast.stmt]) -> bool:
        if isinstance(self.module.statement(node), (ast.Import, ast.ImportFrom)):
            return True
        return any(at in self.gone_anywhere or at in whole for at in self.module.ancestors(node))


def _bound(tree: ast.AST) -> set[str]:
    """Return the names that assignments, parameters, definitions and imports bind."""
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler)):
            bound.add(node.name or "")
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
    return bound


def _rows(lines: list[str]) -> list[str]:
    return [row for line in lines for row in line.split("\n")]


def _without_overlap(edits: list[Edit]) -> list[Edit]:
    """Return the edits that lie in no other, in order."""
    ordered = sorted(edits, key=lambda edit: (edit[0], -(edit[1] - edit[0])))
    result: list[Edit] = []
    for edit in ordered:
        ahead = bool(result) and edit[0] == edit[1] == result[-1][0]
        if result and edit[1] <= result[-1][1] and edit[0] < result[-1][1] and not ahead:
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
    return Counter(_distinct(text))


def _distinct(text: str) -> set[str]:
    return {token.string.rstrip() for token in tokens(text) if token.type == tokenize.COMMENT}
