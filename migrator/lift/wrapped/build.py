"""The class whose ``build`` method holds the statements that build the graph."""

from __future__ import annotations

import ast
import re

from migrator.lift.expressions import arguments
from migrator.lift.graph_symbols import MODULE_NAMES
from migrator.lift.graphcode import GraphCode
from migrator.lift.kinds import Refusal
from migrator.lift.text import WIDTH, Edit, Writer, call, comment_end, folded
from migrator.lift.wrapped.actions import SAVER
from migrator.lift.wrapped.analysis import Analysis
from migrator.lift.wrapped.checks import parameters_of
from migrator.lift.wrapped.exports import PREDICT
from migrator.lift.wrapped.things import Export, Sort, Thing, Use

__all__ = ["Build"]

#: Attributes that the class has itself.
_RESERVED = MODULE_NAMES | {"build"}
_TRAINS = re.compile("train|step|update|solver", re.IGNORECASE)


class Build:
    """Writes the class.

    Args:
        scope: the analysis, done and checked.
        tensorflow: the name that TensorFlow is imported as.
        tab: one level of indentation.
    """

    def __init__(self, scope: Analysis, tensorflow: str, tab: str) -> None:
        self.scope = scope
        self.module = scope.module
        self.text = self.module.text
        self.tf = tensorflow
        self.tab = tab
        self.code = GraphCode(self.module, tensorflow, self._inside)
        self.regions: list[tuple[int, int]] = []  #: of the text, which move
        self.parameters: list[str] = []
        self._chunks: list[list[str]] = []
        self._attributes: dict[str, tuple[str, Thing]] = {}  #: name -> attribute
        self._names: dict[int, str] = {}  #: of uses and exports
        self._savers = set(scope.savers)
        self._loads: set[tuple[int, str]] = set()

    # -- all of it ---------------------------------------------------------------------

    def prepare(self) -> None:
        """Write the statements of the build.

        Raises:
            Refusal: something has no place in it.
        """
        scope = self.scope
        self.parameters = parameters_of(scope)
        scope.uses.sort(key=lambda use: (use.calls[0].lineno, use.calls[0].col_offset))
        self._attribute_names()
        self._find_loads()
        inner = len(self.tab) * 2
        if "\t" in self.tab:
            raise Refusal(scope.moved[0], "layout", "it is indented with tabs")
        # what functions ask for when they run, they find when all else is there
        ordered = sorted(
            scope.moved, key=lambda node: (node in scope.last, node.lineno, node.col_offset)
        )
        before: ast.stmt | None = None
        for node in ordered:
            self._chunks.append(self._chunk(node, before, inner))
            before = node
        self._order = ordered

    def lines(self, name: str) -> list[str]:
        """Return the lines of the class."""
        scope, tab = self.scope, self.tab
        inner = tab * 2
        at: dict[int, list[Use]] = {}
        for use in scope.uses:
            late = all(
                scope.env.get(self._key(use, word)) is thing for word, thing in use.versions.items()
            )
            if late:
                at.setdefault(len(self._order) - 1, []).append(use)
            else:
                node = scope.moved[use.after - 1]
                at.setdefault(self._order.index(node), []).append(use)
        rows = [f"class {name}(tf2_bridge.GraphModule):", f"{tab}@tf2_bridge.graph"]
        rows.append(f"{tab}def build({', '.join(['self', *self.parameters])}):")
        for index, chunk in enumerate(self._chunks):
            rows += chunk if index and rows[-1] else chunk[_blank(chunk) :]
            between = [row for use in at.get(index, []) for row in self._use(use, inner)]
            if between and index < len(self._chunks) - 1:
                rows += ["", *between, ""]
        last = [row for use in at.get(len(self._order) - 1, []) for row in self._use(use, inner)]
        last += [row for export in scope.exports for row in self._export(export, inner)]
        listings = {self._names[id(one)]: self.code.text(one) for one in scope.listings}
        last += [f"{inner}self.{attribute} = {text}" for attribute, text in listings.items()]
        last += [
            f"{inner}self.{attribute} = {name}" for name, (attribute, _) in self._attributes.items()
        ]
        return [*rows, *([""] if last else []), *last]

    def _key(self, use: Use, word: str) -> tuple[int, str]:
        for part in [use.fetch, *use.feeds]:
            for name in ast.walk(part):
                if isinstance(name, ast.Name) and name.id == word:
                    return self.scope.calls.key(name)
        raise AssertionError(word)

    # -- names -------------------------------------------------------------------------

    def _attribute_names(self) -> None:
        scope = self.scope
        for name, thing in scope.outside:
            final = scope.env.get(scope.calls.key(name))
            if final is not thing:
                raise Refusal(name, "one meaning", f"`{name.id}` stands for another value later")
            text = self._spelled(name)
            attribute = text.rpartition(".")[2]
            attribute = f"{attribute}_" if attribute in _RESERVED else attribute
            if any(
                other == attribute and one != text for one, (other, _) in self._attributes.items()
            ):
                raise Refusal(name, "one meaning", f"two values are called `{attribute}`")
            self._attributes[text] = (attribute, thing)
        taken = {attribute for attribute, _ in self._attributes.values()} | _RESERVED
        for use in scope.uses:
            self._names[id(use)] = self._unused(use, taken)
        for export in scope.exports:
            self._names[id(export)] = _unused("export", taken)
        for listing in scope.listings:
            known = next(one for one in scope.listings if ast.dump(one) == ast.dump(listing))
            self._names[id(listing)] = self._names.get(id(known)) or _unused(
                "listed_variables", taken
            )

    def _spelled(self, name: ast.Name) -> str:
        """Return what a name of the build, or a parameter that stands for it, is in the build."""
        renamed = self.scope.renamed.get(self.scope.calls.key(name))
        return self.module.source(renamed) if renamed is not None else name.id

    def attribute(self, name: ast.Name) -> str:
        """Return the attribute of the model that a name of the build is kept in."""
        return self._attributes[self._spelled(name)][0]

    def name_of(self, use: Use) -> str:
        """Return the name of the function that a use of the session became."""
        return self._names[id(use)]

    def export_name(self, export: Export) -> str:
        """Return the name of the function that gives the module of an export."""
        return self._names[id(export)]

    def _unused(self, use: Use, taken: set[str]) -> str:
        """Return a name for a use of the session that tells it from the others."""
        wanted = self._wanted(use)
        if wanted not in taken:
            return _unused(wanted, taken)
        fed = {_last_name(feed) for feed in use.feeds}
        for other in self.scope.uses:
            if self._names.get(id(other)) != wanted or ast.dump(other.fetch) != ast.dump(use.fetch):
                continue
            theirs = {_last_name(feed) for feed in other.feeds}
            more = [name for name in map(_last_name, use.feeds) if name not in theirs]
            less = [name for name in map(_last_name, other.feeds) if name not in fed]
            for word, names, rest in (("with", more, less), ("without", less, more)):
                if len(names) == 1 and names[0] and not rest:
                    return _unused(f"{wanted}_{word}_{names[0]}", taken)
        if _TRAINS.search(wanted) and "train_step" not in taken:
            return _unused("train_step", taken)
        if wanted in {attribute for attribute, _ in self._attributes.values()}:
            return _unused(f"compute_{wanted}", taken)
        if wanted == "evaluate" and isinstance(use.fetch, (ast.List, ast.Tuple)):
            names = [_last_name(element) for element in use.fetch.elts]
            if 1 < len(names) < 4 and all(names):
                return _unused("_and_".join(dict.fromkeys(names)), taken)
        return _unused(wanted, taken)

    def listing_name(self, listing: ast.Call) -> str:
        """Return the attribute that keeps the variables which a call lists."""
        return self._names[id(listing)]

    def _wanted(self, use: Use) -> str:
        fetch = use.fetch
        elements = list(fetch.elts) if isinstance(fetch, (ast.List, ast.Tuple)) else [fetch]
        if isinstance(fetch, ast.Dict):
            elements = list(fetch.values)
        names = [_last_name(element) for element in elements]
        trains = [
            name
            for element, name in zip(elements, names, strict=True)
            if name and (self._sounds_like_train(element, name) or self._is_train(element))
        ]
        if len(trains) > 1:
            self.scope.notes.append(
                "TensorFlow 1 ran ops that one run fetched in any order, even where one changes"
                " what another computes with"
            )
        if trains:
            plain = trains[0] if _TRAINS.search(trains[0]) else "train_step"
            return plain if len(trains) == 1 else "train_step"
        if len(names) == 1 and names[0]:
            return names[0]
        made = fetch.elt if isinstance(fetch, ast.ListComp) else fetch
        if any(call in self.scope.listed_runs for call in use.calls):
            return "variable_values"
        if isinstance(made, ast.Call) and made.func in self.scope.calls.symbols:
            return _last_name(made.func) or "evaluate"
        return "evaluate"

    def _sounds_like_train(self, node: ast.expr, name: str) -> bool:
        thing = (
            self.scope.env.get(self.scope.calls.key(node)) if isinstance(node, ast.Name) else None
        )
        counts = thing is not None and thing.sort is Sort.VARIABLE
        return not counts and name != "global_step" and _TRAINS.search(name) is not None

    def _is_train(self, node: ast.expr) -> bool:
        """Whether a fetch was made by ``minimize`` or ``apply_gradients``."""
        if not isinstance(node, ast.Name):
            return False
        thing = self.scope.env.get(self.scope.calls.key(node))
        made = thing.node if thing is not None else None
        return (
            isinstance(made, ast.Call)
            and isinstance(made.func, ast.Attribute)
            and made.func.attr in ("minimize", "apply_gradients")
        )

    # -- statements --------------------------------------------------------------------

    def _chunk(self, node: ast.stmt, before: ast.stmt | None, inner: int) -> list[str]:
        """Return the lines of one statement, with the comments above it; note where it stood."""
        self.check_alone(node)
        column = self.module.line_column(self.module.start(node))[1]
        line = self.module.offset(node.lineno, 0)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.decorator_list:
            line = self.module.offset(min(d.lineno for d in node.decorator_list), 0)
        rows: list[str] = []
        follows = False
        if before is not None and self.regions:
            gap = self.text[self.regions[-1][1] : line]
            same = self.module.line_column(self.module.start(before))[1] == column
            lines = gap.split("\n")[:-1] if gap else []
            follows = self.regions[-1][1] <= line and same and all(
                not row.strip() or row.strip().startswith("#") for row in lines
            )  # fmt: skip
        pad = " " * inner
        if follows:
            start = self.regions[-1][1]
            for row in lines:
                if row.strip():
                    rows.append(pad + row.strip())
                elif not rows or rows[-1]:
                    rows.append("")
        else:
            start = self.leading(node, line)
            above = self.text[:start]
            if before is not None and (above.endswith("\n\n") or not above.strip()):
                rows.append("")
            rows += [pad + row for row in self.comments_above(node, line)]
        end = comment_end(self.text, self.module.end(node))
        end = self.text.find("\n", end) + 1 or len(self.text)
        text = pad + self.code.statement(node, inner)
        stood = self.text[self.module.offset(node.lineno, 0) : self.module.end(node)]
        rows += folded(text, stood, self.tab).split("\n")
        if hasattr(node, "body"):
            # comments behind the last line of a block, still in it
            while end < len(self.text):
                until = self.text.find("\n", end) + 1 or len(self.text)
                row = self.text[end:until]
                deep = len(row) - len(row.lstrip()) > column
                if not (row.lstrip().startswith("#") and deep):
                    break
                rows.append(
                    " " * max(len(row) - len(row.lstrip()) + inner - column, 0) + row.strip()
                )
                end = until
        self.regions.append((start, end))
        return rows

    def _inside(self, node: ast.AST, writer: Writer) -> str | list[Edit] | None:
        """Return what becomes of a node in the build, where that is no matter of spelling."""
        if isinstance(node, ast.FunctionDef) and any(
            key[0] == id(self.module.scopes[node]) for key in self.scope.calls.loaders
        ):
            raise Refusal(node, "function", f"`{node.name}` is handed the session")
        if isinstance(node, ast.expr) and self.scope.is_other_graph(node):
            return f"{self.tf}.compat.v1.get_default_graph()"
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and self.scope.renamed:
            renamed = self.scope.renamed.get(self.scope.calls.key(node))
            if renamed is not None:
                return self.module.source(renamed)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            unpacked = isinstance(self.module.parents[node], (ast.Tuple, ast.List))
            if unpacked and self._is_idle(node) and not node.id.startswith("_"):
                statement = self.module.statement(node)
                return f"_{node.id}" if isinstance(statement, ast.Assign) else None
        if isinstance(node, ast.Call):
            dropped = self.scope.without_sessions(node, writer)
            if dropped is not None:
                return dropped
        if node in self.scope.calls.aliases:
            return []
        if isinstance(node, ast.Call) and node.func in self.scope.calls.aliases:
            return writer.inside(node)
        if isinstance(node, ast.Call) and node in self._savers:
            given = arguments(node, SAVER)
            texts = [
                self.code.text(value) if name == "var_list" else f"{name}={self.code.text(value)}"
                for name, value in given.items()
                if name != "name"
            ]
            return call("self.make_saver", texts, len(self.tab) * 2)
        if isinstance(node, ast.Assign) and node in self.scope.openings:
            return self._opening(node, writer)
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and self._is_idle(target):
                start, to = self.module.start(target), self.module.start(node.value)
                if isinstance(node.value, ast.Call):
                    return [(start, to, ""), *writer.edits(node.value)]
                # nobody reads it, but the names of what follows count on it
                return [(start, start, "self."), *writer.edits(node.value)]
        if isinstance(node, ast.With):
            edits: list[Edit] = []
            for item in node.items:
                kept = item.optional_vars
                if isinstance(kept, ast.Name) and self._is_idle(kept):
                    edits.append((self.module.end(item.context_expr), self.module.end(kept), ""))
                edits += writer.edits(item.context_expr)
            for statement in node.body:
                edits += writer.edits(statement)
            return edits
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            raise Refusal(node, "import", "a block that builds graph imports something")
        return None

    def _opening(self, node: ast.Assign, writer: Writer) -> list[Edit]:
        """Return the edits of a call of a function that gave the session, and gives the rest."""
        index, target = self.scope.openings[node].index, node.targets[0]
        start, to = self.module.start(target), self.module.start(node.value)
        if index is None or not isinstance(target, ast.Tuple):
            return [(start, to, ""), *writer.edits(node.value)]
        rest = [part for at, part in enumerate(target.elts) if at != index]
        new = ", ".join(self.module.source(part) for part in rest)
        return [(start, self.module.end(target), new), *writer.edits(node.value)]

    def _is_idle(self, name: ast.Name) -> bool:
        """Whether a name that the build binds is never read."""
        owner, _ = self.module.find(name.id, self.module.scope_of[name])
        own = owner is self.module.scopes[self.scope.node]
        return own and self.scope.calls.key(name) not in self._loads

    def _find_loads(self) -> None:
        """Note the names that the new text reads of the build."""
        scope = self.scope
        parts: list[ast.AST] = [*scope.moved]
        for use in scope.uses:
            parts += [use.fetch, *use.feeds]
        for export in scope.exports:
            for inputs, outputs, _ in export.signatures.values():
                parts += [*scope.pairs(inputs).values(), *scope.pairs(outputs).values()]
        parts += [name for name, _ in scope.outside]
        for part in parts:
            for name in ast.walk(part):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load):
                    key = scope.calls.key(name)
                    self._loads.add(key)
                    for inner in ast.walk(scope.renamed.get(key, name)):
                        if isinstance(inner, ast.Name):
                            self._loads.add(scope.calls.key(inner))
                elif isinstance(name, ast.AugAssign) and isinstance(name.target, ast.Name):
                    self._loads.add(scope.calls.key(name.target))

    def _use(self, use: Use, inner: str) -> list[str]:
        feeds = ", ".join(_one_line(self.code.text(feed)) for feed in use.feeds)
        fetch = _one_line(self.code.text(use.fetch))
        head = f"{inner}self.{self.name_of(use)} = "
        text = call("self.function", [f"[{feeds}]", fetch], len(inner), len(head) - len(inner))
        rows = (head + text).split("\n")
        return [part for row in rows for part in folded(row, "", self.tab).split("\n")]

    def _export(self, export: Export, inner: str) -> list[str]:
        pad = inner + self.tab
        head = f"{inner}self.{self.export_name(export)} = "
        rows = [f"{head}tf2_bridge.serving(", f"{pad}{{"]
        for key, (inputs, outputs, method) in export.signatures.items():
            pair: list[str] = []
            for part in (inputs, outputs):
                items = [
                    f'"{word}": {_one_line(self.code.text(value))}'
                    for word, value in self.scope.pairs(part).items()
                ]
                pair.append(f"{{{', '.join(items)}}}")
            if method != PREDICT:
                pair.append(f'"{method}"')
            inside = ", ".join(pair)
            if len(export.signatures) == 1:
                whole = f'{{"{key}": ({inside})}}'
                text = call("tf2_bridge.serving", [whole], len(inner), len(head) - len(inner))
                if len(whole) + len(pad) <= WIDTH:
                    return (head + text).split("\n")
            one = f'{pad}{self.tab}"{key}": ({inside}),'
            if len(one) <= WIDTH:
                rows.append(one)
                continue
            deep = pad + self.tab * 2
            rows += [f'{pad}{self.tab}"{key}": (', *(f"{deep}{p}," for p in pair)]
            rows.append(f"{pad}{self.tab}),")
        return [*rows, f"{pad}}}", f"{inner})"]

    # -- comments ----------------------------------------------------------------------

    def leading(self, node: ast.stmt, line: int | None = None) -> int:
        """Return where the comments right above a statement start."""
        return self._above(node, line)[0]

    def comments_above(self, node: ast.stmt, line: int | None = None) -> list[str]:
        """Return the comments right above a statement, without indentation."""
        return self._above(node, line)[1]

    def _above(self, node: ast.stmt, line: int | None) -> tuple[int, list[str]]:
        start = self.module.offset(node.lineno, 0) if line is None else line
        lines: list[str] = []
        while start > 0:
            before = self.text.rfind("\n", 0, start - 1) + 1
            row = self.text[before:start].strip()
            if not row.startswith("#") or row.startswith("#!"):
                break
            if "coding" in row and before < 200:
                break
            lines.append(row)
            start = before
        return start, lines[::-1]

    def comment_behind(self, node: ast.stmt) -> list[str]:
        """Return the comment behind a statement, if there is one."""
        end = self.module.end(node)
        text = self.text[end : comment_end(self.text, end)].strip()
        return [text] if text else []

    def check_alone(self, node: ast.stmt) -> None:
        """Refuse a statement that shares its line with another."""
        line = self.module.offset(node.lineno, 0)
        end = comment_end(self.text, self.module.end(node))
        rest = self.text[end : self.text.find("\n", end) if "\n" in self.text[end:] else None]
        if self.text[line : self.module.start(node)].strip() or rest.strip():
            raise Refusal(node, "layout", "it shares its line with another statement")


def _blank(chunk: list[str]) -> int:
    """Return how many empty lines a chunk starts with."""
    count = 0
    while count < len(chunk) and not chunk[count]:
        count += 1
    return count


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    return ""


def _unused(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    taken.add(name)
    return name


def _one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)
