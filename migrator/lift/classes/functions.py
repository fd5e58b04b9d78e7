"""The functions that runs of the session become: their names, feeds, fetches and conditions."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from migrator.lift.classes.exports import Export
from migrator.lift.classes.facts import Facts, Family, Function, What
from migrator.lift.classes.phases import Build, Phases
from migrator.lift.classes.runs import Run
from migrator.lift.graph_symbols import MODULE_NAMES
from migrator.lift.kinds import Refusal
from migrator.lift.parts import unused
from migrator.lift.text import WIDTH, call
from migrator.lift.wrapped.imports import tensorflow_name

__all__ = ["Cut", "Functions", "keyword", "negated"]

#: Classes may not have attributes of these names: the modules need them.
TAKEN = MODULE_NAMES - {"initialize", "make_saver", "name"}

_OPTIMIZERS = re.compile(r"(?i)^(optimi[sz]er|optim|optimi[sz]e|solver|opt|train|training)(_op)?$")


@dataclass(eq=False)
class Cut:
    """One part of a graph that is run: what ``self.function`` makes."""

    family: Family
    feeds: list[str]  #: attributes, as they are written
    fetch: str
    names: dict[str, str] | None = None  #: feed -> keyword, where they are given by name
    table: str = ""  #: a dictionary of tensors, which is fed by its keys
    name: str = ""
    runs: list[Run] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    guard: str = ""
    comments: list[str] = field(default_factory=list)
    export: Export | None = None  #: what is exported, if that is what it is for
    place: ast.AST | None = None  #: where it is used


class Functions:
    """The distinct functions of every class.

    Args:
        phases: the order of building and running.

    Raises:
        Refusal: what is run may not be there when the graph is built.
    """

    def __init__(self, phases: Phases) -> None:
        self.phases = phases
        self.facts = phases.facts
        self.module = phases.module
        self.cuts: dict[Family, list[Cut]] = {family: [] for family in self.facts.families}
        self.of: dict[Run, Cut] = {}
        self.tensorflow = tensorflow_name(self.module)
        self._members: dict[Family, set[str]] = {}
        for run in phases.runs.runs:
            if run.init is None:
                self._cut(run)
        self.exported: dict[Export, Cut] = {}
        for export in phases.runs.exports.found:
            self._export(export)
        for build in phases.builds:
            self._name(build)
            for cut in self.cuts[build.family]:
                cut.guard = self._guard(build, cut)

    def text(self, node: ast.expr, owner: str = "self") -> str:
        """Return a fetch or a feed on one line, as it is written in the class."""
        names = self.phases.runs.names
        found = names.text(node, self.tensorflow) if names.is_part(node) else None
        if found is not None:
            return found if owner == "self" else re.sub(rf"\b{owner}\.", "self.", found)
        node = names.expanded(node)
        if self._has_names(node):
            return self._composed(node, owner)
        source = self.module.source(node)
        if owner != "self":
            tree = _Renamed(owner).visit(ast.parse(source.strip(), mode="eval"))
            return ast.unparse(tree)
        return ast.unparse(node) if "\n" in source else source

    def _has_names(self, node: ast.expr) -> bool:
        """Whether something in a structure is a name of a part of the graph."""
        names = self.phases.runs.names
        if node in names.resolved or names.is_part(node):
            return True
        if isinstance(node, ast.Dict):
            return any(map(self._has_names, node.values))
        if isinstance(node, (ast.List, ast.Tuple)):
            return any(map(self._has_names, node.elts))
        return isinstance(node, ast.Subscript) and self._has_names(node.value)

    def _composed(self, node: ast.expr, owner: str) -> str:
        """Return the text of a structure with names of parts of the graph in it."""
        if isinstance(node, (ast.List, ast.Tuple)):
            rows = [self.text(at, owner) for at in node.elts]
            if isinstance(node, ast.List):
                return f"[{', '.join(rows)}]"
            return f"({rows[0]},)" if len(rows) == 1 else f"({', '.join(rows)})"
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            rows = [
                f"{self.module.source(k)}: {self.text(v, owner)}" for k, v in pairs if k is not None
            ]
            return "{" + ", ".join(rows) + "}"
        if isinstance(node, ast.Subscript):
            return f"{self.text(node.value, owner)}[{self.module.source(node.slice)}]"
        raise Refusal(node, "fetch", "what is fetched is computed")

    def _parts(self, nodes: list[ast.expr]) -> list[ast.AST]:
        """Return all below fetches and feeds, and below what local names in them stand for."""
        found: list[ast.AST] = []
        for node in nodes:
            for at in self.facts.below(node):
                new = self.phases.runs.names.resolved.get(at)
                found += self._parts([new]) if new is not None else [at]
        return found

    def _keyword(self, key: ast.expr) -> str:
        names = self.phases.runs.names
        if names.is_part(key):
            return names.keyword(key)
        member = self.facts.member(names.expanded(key))
        assert member is not None
        return keyword(member[2])

    def _cut(self, run: Run) -> None:
        family = run.family
        if family is None:
            raise Refusal(run.call, "script", "it is not told what is run")
        fetch = self.text(run.fetch, run.owner)
        names: dict[str, str] | None = None
        keys: list[ast.expr] = []
        if run.literal is not None:
            keys = [key for key in run.literal.keys if key is not None]
        elif run.table is not None:
            self._table(run, family, fetch)
            return
        elif run.feeds is not None:
            keys = run.feeds.listed()
            names = {}
            for key in keys:
                names[self.text(key, run.owner)] = self._keyword(key)
            if len(set(names.values())) != len(names):
                raise Refusal(run.call, "feed", "two feeds would have one name")
        feeds = list(dict.fromkeys(self.text(key, run.owner) for key in keys))
        if names is None and len(feeds) != len(keys):
            raise Refusal(run.call, "feed", "one placeholder is fed twice")
        for cut in self.cuts[family]:
            if (cut.fetch, cut.feeds, cut.names, cut.table) == (fetch, feeds, names, ""):
                break
        else:
            cut = Cut(family, feeds, fetch, names, place=run.call)
            members = [self.facts.member(at) for at in self._parts([run.fetch, *keys])]
            objects = run.family.of_kind(What.CONFIG, What.SESSION) if run.family else set()
            members = [member for member in members if member and member[2] not in objects]
            cut.attributes = list(dict.fromkeys(member[2] for member in members if member))
            self.cuts[family].append(cut)
        cut.runs.append(run)
        self._comment(cut, [run.fetch, *keys])
        self.of[run] = cut

    def _table(self, run: Run, family: Family, fetch: str) -> None:
        """Note a function that is fed by the keys of a dictionary of tensors."""
        assert run.table is not None
        table = self.text(run.table, run.owner)
        for cut in self.cuts[family]:
            if (cut.fetch, cut.table) == (fetch, table):
                break
        else:
            cut = Cut(family, [], fetch, None, place=run.call, table=table)
            members = [self.facts.member(at) for at in self._parts([run.fetch, run.table])]
            cut.attributes = list(dict.fromkeys(member[2] for member in members if member))
            self.cuts[family].append(cut)
        cut.runs.append(run)
        self._comment(cut, [run.fetch])
        self.of[run] = cut

    def _comment(self, cut: Cut, nodes: list[ast.expr]) -> None:
        """Keep the comments of the statements whose names a function has no need for."""
        gone = self.phases.runs.locals.gone()
        statements = [one for node in nodes for one in self.phases.runs.locals.use(node)]
        for one in sorted({at for at in statements if at in gone}, key=lambda at: at.lineno):
            line = one.lineno - 1
            rows: list[str] = []
            while line and (row := self._row(line)).startswith("#"):
                rows.insert(0, row)
                line -= 1
            cut.comments += [row for row in rows if row not in cut.comments]

    def _row(self, line: int) -> str:
        return self.module.text[
            self.module.offset(line, 0) : self.module.offset(line + 1, 0)
        ].strip()

    def _export(self, export: Export) -> None:
        text = export.text(self.text)
        for cut in self.cuts[export.family]:
            if cut.fetch == text:
                break
        else:
            cut = Cut(export.family, [], text, export=export, place=export.statement)
            members = [self.facts.member(at) for at in export.tensors()]
            cut.attributes = list(dict.fromkeys(member[2] for member in members if member))
            self.cuts[export.family].append(cut)
        self.exported[export] = cut

    # -- names -------------------------------------------------------------------------

    def members(self, family: Family) -> set[str]:
        """Return the names that the classes of a family use, those of functions included."""
        if family in self._members:
            return self._members[family]
        found = set(family.attributes) | set(family.methods) | MODULE_NAMES
        for node in family.classes:
            for at in self.facts.below(node):
                if isinstance(at, ast.Attribute) and self.facts.is_self(at.value):
                    found.add(at.attr)
                elif isinstance(at, ast.Name) and self.module.parents.get(at) in family.classes:
                    found.add(at.id)
            found |= _class_names(node)
        self._members[family] = found
        return found

    def _name(self, build: Build) -> None:
        family = build.family
        members = self.members(family)
        taken = sorted(TAKEN & (set(family.attributes) | set(family.methods)))
        for node in family.classes:
            taken += sorted((TAKEN | {"initialize", "make_saver"}) & _class_names(node))
        if taken:
            raise Refusal(family.root, "name", f"`{taken[0]}` is a name of tf.Module's own")
        cuts = self.cuts[family]
        by_method: dict[object, int] = {}
        for cut in cuts:
            for unit in {run.unit for run in cut.runs}:
                by_method[unit] = by_method.get(unit, 0) + 1
        for cut in cuts:
            if cut.export is not None:
                unit = self.facts.unit(cut.export.call)
                base = "serving"
                if isinstance(unit, ast.FunctionDef) and self._is_method(unit, family):
                    base = unit.name.strip("_")
                cut.name = unused(f"_{base}", members)
                members.add(cut.name)
                continue
            unit = cut.runs[0].unit
            alone = len({run.unit for run in cut.runs}) == 1 and by_method[unit] == 1
            base = ""
            if alone and self._is_method(unit, family):
                assert isinstance(unit, ast.FunctionDef)
                base = unit.name.strip("_")
            if not base:
                base = self._fetched(cut)
            public = any(self.facts.family(run.call) is None for run in cut.runs)
            if (
                public
                and base in members
                and not isinstance(cut.runs[0].fetch, (ast.List, ast.Tuple))
            ):
                base = f"compute_{base}"
            cut.name = unused(base if public else f"_{base}", members)
            members.add(cut.name)

    @staticmethod
    def _is_method(unit: object, family: Family) -> bool:
        """Whether functions may be named after a method."""
        return isinstance(unit, ast.FunctionDef) and any(
            unit in methods for name, methods in family.methods.items() if name != "__init__"
        )

    def _fetched(self, cut: Cut) -> str:
        """Return a name for what a function fetches."""
        members = [self.facts.member(at) for at in self._parts([cut.runs[0].fetch])]
        names = [member[2].strip("_") for member in members if member]
        updates = [name for name in names if name.endswith("_op") or _OPTIMIZERS.match(name)]
        updates += [name for name in names if re.search("train|update|optim", name)]
        if updates:
            return "train_step" if _OPTIMIZERS.match(updates[0]) else updates[0].removesuffix("_op")
        return "_and_".join(names[:2]) if len(names) < 3 else "evaluate"

    # -- conditions --------------------------------------------------------------------

    def _guard(self, build: Build, cut: Cut) -> str:
        """Return the condition under which everything is there that a function needs."""
        conditions: dict[str, None] = {}
        for name in cut.attributes:
            for test in self._conditions(build, name, cut):
                conditions.setdefault(test)
        if conditions and cut.names is not None:
            raise Refusal(
                cut.place or build.method, "condition", "what is fed is made under a condition"
            )
        tests = list(conditions)
        if len(tests) > 1:
            tests = [test if re.fullmatch(r"[\w.]+", test) else f"({test})" for test in tests]
        return " and ".join(tests)

    def _conditions(self, build: Build, name: str, cut: Cut) -> list[str]:
        family = build.family
        sites = [
            statement
            for statement, value in family.assigned.get(name, ())
            if not (isinstance(value, ast.Constant) and value.value is None)
        ]
        if any(statement in self.phases.hoisted for statement in sites):
            return []
        if family.attributes.get(name, What.HOST) is What.HOST:
            self._check_early(build, name, sites)
            return []
        for statement in sites:
            unit = self.facts.unit(statement)
            if unit not in self.phases.builders:
                raise Refusal(statement, "order", f"`self.{name}` is set outside of the graph")
            if unit is build.method and build.part and not self._in_part(statement, build):
                raise Refusal(statement, "order", f"`self.{name}` is set again behind the graph")
        self._check_classes(build, name, sites, cut)
        chains = [self._chain(build, statement, 0) for statement in sites]
        if any(not chain for chain in chains):
            return []
        while len(chains) > 1:
            a, b = chains[0], chains[1]
            if a == b:
                chains = [a, *chains[2:]]
            elif a[:-1] == b[:-1] and a[-1][0] is b[-1][0]:
                if not a[:-1]:
                    return []
                chains = [a[:-1], *chains[2:]]
            else:
                raise Refusal(sites[0], "condition", f"`self.{name}` is made under conditions")
        if not chains:
            raise Refusal(cut.place or family.root, "fetch", f"`self.{name}` is not set here")
        return [self._test(build, node, holds) for node, holds in chains[0]]

    def _check_early(self, build: Build, name: str, sites: list[ast.stmt]) -> None:
        """A name of a part of the graph must be told when the functions are made."""
        for statement in sites:
            unit = self.facts.unit(statement)
            around = self.module.parents[statement]
            while isinstance(around, ast.With):
                around = self.module.parents[around]
            early = isinstance(unit, ast.FunctionDef) and unit.name == "__init__"
            if unit is build.method and build.part:
                early = statement.lineno <= build.part[-1].lineno
            elif unit is build.method or unit is build.whole:
                early = True
            elif early and unit in self.phases.builders:
                early = False
            built = unit in self.phases.builders and not isinstance(around, (ast.For, ast.While))
            plain = not self._chain(build, statement, 0) if built else around is unit
            if not early or not plain:
                raise Refusal(statement, "order", f"`self.{name}` may not be told at the build")

    def _in_part(self, node: ast.AST, build: Build) -> bool:
        return node in build.part or any(at in build.part for at in self.module.ancestors(node))

    def _check_classes(self, build: Build, name: str, sites: list[ast.stmt], cut: Cut) -> None:
        """Every class that may be made must have what the functions need."""
        family = build.family
        if len(family.classes) == 1:
            return
        holders = {self.module.enclosing(at, (ast.ClassDef,)) for at in sites}
        if family.root in holders:
            return
        bases = {
            base.id for node in family.classes for base in node.bases if isinstance(base, ast.Name)
        }
        leaves = [node for node in family.classes if node.name not in bases]
        for leaf in leaves:
            if leaf not in holders:
                raise Refusal(
                    cut.place or family.root,
                    "base class",
                    f"`{leaf.name}` does not set `self.{name}`",
                )

    def _chain(self, build: Build, node: ast.AST, depth: int) -> list[tuple[ast.If, bool]]:
        """Return the conditions under which a statement of the build is run."""
        chain: list[tuple[ast.If, bool]] = []
        below = node
        unit: Function | None = None
        for at in self.module.ancestors(node):
            if isinstance(at, ast.If):
                holds = below in at.body
                other = at.orelse if holds else at.body
                if not _raises(other):
                    chain.insert(0, (at, holds))
            elif isinstance(at, (ast.Try, ast.While)):
                raise Refusal(node, "condition", "it is made under conditions that are not told")
            elif isinstance(at, ast.FunctionDef):
                unit = at
                if self.module.parents[at] not in self.facts.family_of:
                    below = at
                    continue
                break
            below = at
        if unit is None or unit is build.method or unit is build.whole or depth > 4:
            return chain
        sites = [
            call
            for method in self.phases.builders
            for call in self.phases.calls[method]
            if unit in self.facts.called(call)
        ]
        outer = [self._chain(build, site, depth + 1) for site in sites]
        if len(outer) == 1:
            return outer[0] + chain
        if chain and any(outer):
            raise Refusal(node, "condition", "it is made under conditions that are not told")
        return chain

    def _test(self, build: Build, node: ast.If, holds: bool) -> str:
        test = node.test
        owner = build.whole or build.method
        for at in self.facts.below(test):
            if isinstance(at, (ast.Call, ast.Lambda, ast.NamedExpr)):
                raise Refusal(test, "condition", "it depends on a call whether it is made")
            name = self.facts.attribute(at)
            if name is not None:
                rows = build.family.assigned.get(name, [])
                if self.facts.kind(at) is not What.HOST or len(rows) > 1:  # type: ignore[arg-type]
                    raise Refusal(test, "condition", "what it depends on may change")
            elif isinstance(at, ast.Name) and not self.facts.is_self(at):
                scope, _ = self.module.find(at.id, self.module.scope_of[at])
                if scope is None or scope is self.module.root:
                    continue
                if scope.node is not owner and scope.node is not build.method:
                    raise Refusal(test, "condition", f"`{at.id}` is told elsewhere")
                bindings = scope.bindings[at.id]
                if len(bindings) != 1 or not isinstance(bindings[0].node, ast.arg):
                    raise Refusal(test, "condition", "what it depends on may change")
                if build.part and at.id not in build.needed:
                    build.needed.append(at.id)
                elif build.whole is not None and scope.node is not build.whole:
                    raise Refusal(test, "condition", f"`{at.id}` is told elsewhere")
        source = self.text(test)
        return source if holds else negated(test, source)

    # -- text --------------------------------------------------------------------------

    def definition(self, cut: Cut, owner: str, indent: int) -> str:
        """Return the statement that makes the function of ``cut``."""
        if cut.table:
            feeds = cut.table
        elif cut.names is not None:
            rows = [f'"{name}": {feed}' for feed, name in cut.names.items()]
            feeds = "{" + ", ".join(rows) + "}"
        else:
            feeds = f"[{', '.join(cut.feeds)}]"
        head = f"self.{cut.name} = "
        if cut.export is not None:
            owner = "tf2_bridge.serving"
            text = head + call(owner, [cut.fetch], indent, len(head))
            if max(len(row) for row in text.split("\n")) <= WIDTH + 4:
                return text
            inner = " " * (indent + 4)
            body = cut.export.rows(self.text, indent + 8)
            return f"{head}{owner}(\n{inner}{{\n{body}{inner}}}\n{' ' * indent})"
        text = head + call(owner, [feeds, cut.fetch], indent, len(head))
        longest = max(len(row) for row in text.split("\n"))
        if longest > WIDTH + 4 and cut.names is not None:
            inner = " " * (indent + 8)
            body = "".join(f"{inner}{row},\n" for row in rows)
            broken = "{\n" + body + " " * (indent + 4) + "}"
            first = " " * (indent + 4)
            text = f"{head}{owner}(\n{first}{broken},\n{first}{cut.fetch},\n{' ' * indent})"
        return text


class _Renamed(ast.NodeTransformer):
    def __init__(self, owner: str) -> None:
        self.owner = owner

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name("self", node.ctx) if node.id == self.owner else node


def keyword(name: str) -> str:
    """Return the keyword under which an attribute is fed."""
    return name.strip("_") or name


def _class_names(node: ast.ClassDef) -> set[str]:
    """Return the names that the body of a class gives values."""
    targets: list[ast.expr] = []
    for statement in node.body:
        if isinstance(statement, ast.Assign):
            targets += statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets.append(statement.target)
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _walk(facts: Facts, nodes: list[ast.expr]) -> list[ast.AST]:
    return [at for node in nodes for at in facts.below(node)]


def _raises(block: list[ast.stmt]) -> bool:
    """Whether a block ends in an error, or in another decision of which all ends do."""
    if not block:
        return False
    last = block[-1]
    if isinstance(last, ast.If):
        return _raises(last.body) and _raises(last.orelse)
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return ast.unparse(last.value.func) in ("exit", "sys.exit")
    return isinstance(last, ast.Raise)


def negated(test: ast.expr, source: str) -> str:
    """Return the opposite of a condition that is written as ``source``."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return ast.unparse(test.operand)
    opposite = {" is ": " is not ", " is not ": " is ", " == ": " != ", " != ": " == "}
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        for sign in (" is not ", " is ", " == ", " != "):
            if source.count(sign) == 1:
                return source.replace(sign, opposite[sign])
    plain = isinstance(test, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
    return f"not {source}" if plain else f"not ({source})"
