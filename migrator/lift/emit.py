"""The ``tf.Module``, the train functions and the checkpoint that a scope becomes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from keyword import iskeyword

from migrator.lift.expressions import OPTIMIZERS, arguments
from migrator.lift.kinds import Kind, Refusal, Step, Value
from migrator.lift.scope import Scope
from migrator.lift.slices import Group, Use, closure, groups_of, is_moved
from migrator.lift.spelling import Speller
from migrator.lift.text import Edit, Writer, call, comment_end

__all__ = ["Emitter", "leading_comments"]

#: Attributes that ``tf.Module`` has itself.
_RESERVED = frozenset(
    {"name", "name_scope", "variables", "trainable_variables", "non_trainable_variables"}
    | {"submodules", "with_name_scope"}
)
#: Keras optimizers that compute what TensorFlow 1's do, for dense gradients.  Not Adam: Keras takes
#: ``1 - beta_2`` in double precision, TensorFlow 1 in single, and a network with two hidden layers
#: was off by 3e-4 after 60 steps (TensorFlow 1's own, inside the function: by 1e-7).
_KERAS = {
    "GradientDescentOptimizer": "SGD",
    "MomentumOptimizer": "SGD",
    "AdagradOptimizer": "Adagrad",
}
_NO_SLOTS = frozenset({"GradientDescentOptimizer"})


def leading_comments(scope: Scope, node: ast.stmt) -> tuple[int, list[str]]:
    """Return where the comments right above a statement start, and their lines without indent."""
    text = scope.module.text
    start = scope.module.offset(node.lineno, 0)
    lines: list[str] = []
    while start > 0:
        before = text.rfind("\n", 0, start - 1) + 1
        row = text[before:start].strip()
        if not row.startswith("#") or row.startswith("#!") or ("coding" in row and before < 200):
            break
        lines.append(row)
        start = before
    return start, lines[::-1]


@dataclass
class Optimizer:
    """One optimizer: how it is made now."""

    name: str
    made: list[str]
    slots: bool
    value: Value


class Emitter:
    """Writes what a scope becomes.

    Args:
        scope: the analysis.
        uses: the distinct uses of its session.
        tensorflow: the name that TensorFlow is imported as.
        class_name: of the module.
        taken: identifiers that the file keeps.
        indent: one level of indentation.
        exports: whether the module is exported, so that it must hold signatures only.
    """

    def __init__(
        self,
        scope: Scope,
        uses: list[Use],
        tensorflow: str,
        class_name: str,
        taken: set[str],
        indent: str,
        exports: bool,
    ) -> None:
        self.scope = scope
        self.uses = uses
        self.tf = tensorflow
        self.class_name = class_name
        self.taken = taken
        self.tab = indent
        self.exports = exports
        self.groups = groups_of(uses)
        self.model = self.fresh("model")
        self.attributes: dict[str, str] = {}
        self.commented: set[Step] = set()
        self.members: set[str] = set()
        self.has_class = False
        self._attributes()
        self.optimizers: list[Optimizer] = []
        self._make_optimizers()
        self._name_uses()
        self.functions = [use for use in uses if self.is_function(use)]
        self.methods = [use for use in uses if not self.is_function(use)]

    # -- names ------------------------------------------------------------------------

    def fresh(self, wanted: str, *more: Iterable[str]) -> str:
        """Return ``wanted``, or it with a number, such that the file has nothing of that name."""
        others = set().union(*more) if more else set()
        name, number = wanted, 2
        while name in self.taken or name in others:
            name, number = f"{wanted}_{number}", number + 1
        self.taken.add(name)
        return name

    def _attributes(self) -> None:
        paths: dict[str, str] = {}
        for value in self.scope.variables:
            if value.step is None or not value.path:
                assert value.node is not None
                raise Refusal(value.node, "assignment", "a variable is not kept in a name")
            root = re.split(r"\[", value.path)[0]
            if paths.setdefault(value.tf_name, value.path) != value.path:
                raise Refusal(
                    value.node or value.step.node,
                    "variable name",
                    f"two variables are called `{value.tf_name}`",
                )
            self.attributes[root] = f"{root}_" if root in _RESERVED else root
        self.members = set(self.attributes.values()) | _RESERVED

    def is_function(self, use: Use) -> bool:
        """Whether a use becomes a function beside the module: it needs an optimizer."""
        if use.update is not None and use.update.kind is Kind.TRAIN:
            return True
        return self.exports and use.signature is None

    def _name_uses(self) -> None:
        members = set(self.members)
        for group in self.groups:
            wanted = (group.outputs[-1] if group.outputs else None) or None
            base = wanted.name if wanted is not None and wanted.name else "shared"
            group.name = _unused(base, members)
            members.add(group.name)
            placeholders = all(value.kind is Kind.PLACEHOLDER for value in group.inputs)
            if placeholders and len(group.outputs) == 1:
                for use in self.uses:
                    if (
                        not self.is_function(use)
                        and use.update is None
                        and use.signature is None
                        and use.steps == group.steps
                        and len(use.outputs) == 1
                        and use.outputs[0][1] is group.outputs[0]
                        and use.params == group.inputs
                    ):
                        group.use = use
                        use.name = group.name
                        break
        for use in self.uses:
            if use.name:
                continue
            base = self._wanted(use)
            if self.is_function(use):
                use.name = self.fresh(base)
            else:
                use.name = _unused(base, members)
                members.add(use.name)

    def _wanted(self, use: Use) -> str:
        if use.update is not None:
            name = use.update.name or "update"
            if use.update.kind is Kind.TRAIN and not re.search("train|step|update", name):
                return "train_step"
            return name
        if use.signature is not None:
            key = use.signature.key
            named = key.isidentifier() and key != "serving_default" and not iskeyword(key)
            return key if named else "predict"
        names = [node.id for node, _ in use.outputs if isinstance(node, ast.Name)]
        if len(names) == len(use.outputs) == 1:
            return names[0]
        return "evaluate"

    # -- places -----------------------------------------------------------------------

    def speller(self, inside: bool, renamed: dict[str, str] | None = None) -> Speller:
        """Return what writes code inside the class, or beside it."""
        owner = "self" if inside else self.model
        return Speller(
            self.scope,
            self.tf,
            lambda name: f"{owner}.{self.attributes.get(name, name)}",
            renamed,
        )

    def reach(self, value: Value, owner: str) -> str:
        """Return how a variable is reached."""
        root, _, rest = value.path.partition("[")
        return f"{owner}.{self.attributes[root]}" + (f"[{rest}" if rest else "")

    def _copied(self, step: Step, speller: Speller, level: str) -> list[str]:
        """Return a statement as it stands in a method, with the comments above it."""
        self.commented.add(step)
        for inner in ast.walk(step.node):
            if isinstance(inner, ast.Constant) and inner.lineno != inner.end_lineno:
                raise Refusal(inner, "layout", "a string of several lines stands in it")
        text = speller.writer.statement(step.node, len(level))
        _, comments = leading_comments(self.scope, step.node)
        return [*(level + row for row in comments), level + text]

    # -- the class --------------------------------------------------------------------

    def class_lines(self) -> list[str]:
        """Return the class, or nothing where there is nothing to put into one."""
        tab = self.tab
        blocks: list[list[str]] = []
        if self.scope.variables:
            blocks.append(self._constructor())
        ordered = [(group.steps[-1].index, self._helper(group)) for group in self.groups]
        for use in self.methods:
            if any(group.use is use for group in self.groups):
                continue
            last = use.steps[-1].index if use.steps else 0
            ordered.append((last + 1, self._method(use)))
        blocks += [lines for _, lines in sorted(ordered, key=lambda item: item[0])]
        if not blocks:
            return []
        body: list[str] = []
        for block in blocks:
            rows = _reindented(block)
            body += [*([""] if body else []), *(f"{tab}{row}" if row else row for row in rows)]
        return [f"class {self.class_name}({self.tf}.Module):", *body]

    def _constructor(self) -> list[str]:
        tab = self.tab
        lines = ["def __init__(self):", f"{tab}super().__init__()"]
        for step in self._initial_steps():
            lines += self._variable_lines(step, tab)
        return lines

    def _initial_steps(self) -> list[Step]:
        """Return the statements that make variables, and those that these need."""
        needed: set[Step] = set()
        todo = [value.step for value in self.scope.variables if value.step is not None]
        while todo:
            step = todo.pop()
            if step in needed:
                continue
            needed.add(step)
            todo += [value.step for _, value in step.reads if is_moved(value) and value.step]
        return sorted(needed, key=lambda step: step.index)

    def _variable_lines(self, step: Step, level: str) -> list[str]:
        speller = self.speller(inside=True)
        variables = [
            value for value in self.scope.variables if value.step is step and value.call is not None
        ]
        if not variables:
            return self._copied(step, speller, level)
        self.commented.add(step)
        made = {value.call: speller.variable(value) for value in variables}
        inner = speller.writer._replace

        def replace(node: ast.AST, writer: Writer) -> str | list[Edit] | None:
            if node in made:
                return made[node]
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                return f"self.{self.attributes[node.id]}"
            return inner(node, writer)

        writer = Writer(self.scope.module, replace)
        text = writer.statement(step.node, len(level))
        _, comments = leading_comments(self.scope, step.node)
        return [*(level + row for row in comments), level + text]

    # -- methods ----------------------------------------------------------------------

    def specs(self, use: Use, level: int) -> list[str]:
        """Return the decorator of a method or function."""
        if not use.params:
            # nothing is fed: any call is the one that is traced
            return [f"@{self.tf}.function(input_signature=[])"]
        texts: list[str] = []
        above: list[list[str]] = []
        for param in use.params:
            above.append(self._placeholder_comments(param))
            texts.append(self._spec(param, self._parameter(use, param)))
        if not any(above):
            head = call(f"@{self.tf}.function", [f"input_signature=[{', '.join(texts)}]"], 0, level)
            if "\n" not in head:
                return [head]
        lines = [f"@{self.tf}.function(", f"{self.tab}input_signature=["]
        for comments, text in zip(above, texts, strict=True):
            lines += [f"{self.tab * 2}{row}" for row in comments]
            lines.append(f"{self.tab * 2}{text},")
        return [*lines, f"{self.tab}]", ")"]

    def _placeholder_comments(self, value: Value) -> list[str]:
        step = value.step
        if step is None or step in self.commented:
            return []
        self.commented.add(step)
        _, lines = leading_comments(self.scope, step.node)
        text = self.scope.module.text
        end = self.scope.module.end(step.node)
        behind = text[end : comment_end(text, end)].strip()
        return [*lines, *([behind] if behind else [])]

    def _spec(self, value: Value, name: str) -> str:
        assert value.call is not None
        given = arguments(value.call, ("dtype", "shape", "name"))
        speller = Speller(self.scope, self.tf)
        shape = speller.text(given["shape"]) if "shape" in given else "None"
        if "dtype" not in given:
            raise Refusal(value.call, "placeholder", "it has no data type")
        dtype = speller.text(given["dtype"])
        return f"{self.tf}.TensorSpec({shape}, {dtype})"

    def _parameter(self, use: Use, value: Value) -> str:
        assert value.name is not None
        if use.signature is not None:
            return next(key for key, given in use.signature.inputs.items() if given is value)
        return value.name

    def _method(self, use: Use) -> list[str]:
        names = {value.name or "": self._parameter(use, value) for value in use.params}
        if len(set(names.values())) != len(use.params):
            assert use.runs
            raise Refusal(use.runs[0].call, "feed", "two placeholders have one name")
        lines = self.specs(use, len(self.tab))
        lines.append(f"def {use.name}({', '.join(['self', *names.values()])}):")
        return lines + self._body(use, names, inside=True)

    def _helper(self, group: Group) -> list[str]:
        lines = self.specs(group.use, len(self.tab)) if group.use is not None else []
        names = [value.name or "" for value in group.inputs]
        if len(set(names)) != len(names):
            raise Refusal(group.steps[0].node, "one meaning", "two versions of a name are needed")
        lines.append(f"def {group.name}({', '.join(['self', *names])}):")
        checker = _Simulation(self, {value.name or "": value for value in group.inputs})
        speller = self.speller(inside=True)
        for step in group.steps:
            checker.run(step)
            lines += self._copied(step, speller, self.tab)
        for value in group.outputs:
            checker.has(value, group.steps[-1].node)
        lines.append(f"{self.tab}return {', '.join(value.name or '' for value in group.outputs)}")
        return lines

    def _body(self, use: Use, names: dict[str, str], inside: bool) -> list[str]:
        tab = self.tab
        owner = "self" if inside else self.model
        renamed = {old: new for old, new in names.items() if old != new}
        speller = self.speller(inside, renamed)
        checker = _Simulation(
            self, {value.name or "": value for value in use.params}, set(renamed.values())
        )
        train = use.update is not None and use.update.kind is Kind.TRAIN
        taped: set[Step] = set()
        if train:
            assert use.update is not None
            loss_reads = [
                (node, self.scope.read_of[node])
                for node in ast.walk(use.update.operand or ast.Pass())
                if isinstance(node, ast.Name) and node in self.scope.read_of
            ]
            taped = set(closure(loss_reads))
        items = self._items(use)
        first: list[str] = []
        second: list[str] = []
        deep = tab * 2 if train else tab
        # what the loss needs comes first; nothing of it can need the rest
        for item in items:
            steps = item.steps if isinstance(item, Group) else [item]
            if train and taped & set(steps):
                first += self._item(item, speller, checker, deep, owner, renamed, use)
        for item in items:
            steps = item.steps if isinstance(item, Group) else [item]
            if not (train and taped & set(steps)):
                second += self._item(item, speller, checker, tab, owner, renamed, use)
        lines: list[str] = []
        outputs = [
            (node, value, self._output(node, value, speller, checker, owner, use))
            for node, value in use.outputs
        ]
        if train:
            lines += self._train(use, first, second, speller, checker)
        else:
            lines += second
        if use.update is not None and use.update.kind is Kind.ASSIGN:
            lines += self._assign(use, speller, checker, owner)
        if use.signature is not None:
            keys = list(use.signature.outputs)
            pairs = ", ".join(
                f'"{key}": {text}' for key, (_, _, text) in zip(keys, outputs, strict=True)
            )
            lines.append(f"{tab}return {{{pairs}}}")
        elif outputs:
            lines.append(f"{tab}return {', '.join(text for _, _, text in outputs)}")
        return lines

    def _items(self, use: Use) -> list[Group | Step]:
        """Return the groups that a use calls and the statements of its own, in order."""
        mine = [group for group in self.groups if use in group.users and group.use is not use]
        covered = {step for group in mine for step in group.steps}
        items: list[tuple[int, Group | Step]] = [(group.steps[-1].index, group) for group in mine]
        items += [(step.index, step) for step in use.steps if step not in covered]
        ordered = sorted(items, key=lambda item: item[0])
        # a group stands where its last statement did; what needs it earlier pulls it forward
        result: list[Group | Step] = []
        placed: set[Step] = set()

        def place(item: Group | Step) -> None:
            if item in result:
                return
            steps = item.steps if isinstance(item, Group) else [item]
            inside = set(steps)
            for step in steps:
                for _, value in step.reads:
                    if is_moved(value) and value.step not in inside and value.step not in placed:
                        place(next(other for _, other in ordered if value.step in (
                            other.steps if isinstance(other, Group) else [other])))  # fmt: skip
            result.append(item)
            placed.update(steps)

        for _, item in ordered:
            place(item)
        return result

    def _item(
        self,
        item: Group | Step,
        speller: Speller,
        checker: _Simulation,
        level: str,
        owner: str,
        renamed: dict[str, str],
        use: Use,
    ) -> list[str]:
        if isinstance(item, Step):
            checker.run(item)
            return self._copied(item, speller, level)
        for value in item.inputs:
            checker.has(value, item.steps[0].node)
        names = [renamed.get(value.name or "", value.name or "") for value in item.inputs]
        used = [value for value in item.outputs if self._is_used(value, use, item)]
        for value in used:
            checker.define(value.name or "", value)
        targets = ", ".join((value.name or "") if value in used else "_" for value in item.outputs)
        text = call(f"{owner}.{item.name}", names, len(level), len(targets) + 3)
        return [f"{level}{targets} = {text}"]

    @staticmethod
    def _is_used(value: Value, use: Use, group: Group) -> bool:
        """Whether a use reads an output of a group that it calls."""
        reads = [read for step in use.steps if step not in group.steps for _, read in step.reads]
        reads += [read for _, read in use.reads]
        if use.update is not None and use.update.step is not None:
            reads += [read for _, read in use.update.step.reads]
        return any((read.step, read.name) == (value.step, value.name) for read in reads)

    def _output(
        self,
        node: ast.expr,
        value: Value,
        speller: Speller,
        checker: _Simulation,
        owner: str,
        use: Use,
    ) -> str:
        if value.kind is Kind.ASSIGN:
            assert value.of is not None
            return f"{self.reach(value.of, owner)}.read_value()"
        if value.kind is Kind.VARIABLE:
            # a variable is read when the function returns, behind the update
            return f"{self.reach(value, owner)}.read_value()"
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner in self.scope.read_of:
                checker.read(inner, self.scope.read_of[inner])
        return speller.text(node)

    def _train(
        self, use: Use, taped: list[str], rest: list[str], speller: Speller, checker: _Simulation
    ) -> list[str]:
        tab = self.tab
        train = use.update
        assert train is not None
        assert train.operand is not None
        assert train.variables is not None
        optimizer = next(item for item in self.optimizers if item.value is train.of)
        taken = set(checker.names) | {name.id for name in checker.host}
        tape = _unused("tape", taken)
        variables = _unused("variables", taken)
        gradients = _unused("gradients", taken)
        lines = [f"{tab}with {self.tf}.GradientTape() as {tape}:", *taped]
        for inner in ast.walk(train.operand):
            if isinstance(inner, ast.Name) and inner in self.scope.read_of:
                checker.read(inner, self.scope.read_of[inner])
        if isinstance(train.operand, ast.Name):
            loss = train.operand.id
            if not taped:
                raise Refusal(train.operand, "minimize", "the loss is not computed in its scope")
        else:
            loss = _unused("loss", taken)
            lines.append(f"{tab * 2}{loss} = {speller.text(train.operand)}")
        lines += rest
        # what a run fetches beside the op is computed before the update
        for node, value in use.outputs:
            if not isinstance(node, ast.Name) and value.kind is not Kind.VARIABLE:
                raise Refusal(node, "fetch", "a fetch beside a train op has no name")
        lines.append(f"{tab}{variables} = {self._trained(train)}")
        lines.append(f"{tab}{gradients} = {tape}.gradient({loss}, {variables})")
        lines.append(f"{tab}{optimizer.name}.apply_gradients(zip({gradients}, {variables}))")
        if train.counter is not None:
            lines.append(f"{tab}{self.reach(train.counter, self.model)}.assign_add(1)")
        return lines

    def _trained(self, train: Value) -> str:
        assert train.variables is not None
        everything = [value for value in self.scope.variables if value.trainable]
        if set(train.variables) == set(everything):
            return f"{self.model}.trainable_variables"
        return "[" + ", ".join(self.reach(value, self.model) for value in train.variables) + "]"

    def _assign(self, use: Use, speller: Speller, checker: _Simulation, owner: str) -> list[str]:
        value = use.update
        assert value is not None
        assert value.operand is not None
        assert value.of is not None
        assert value.call is not None
        for inner in ast.walk(value.operand):
            if isinstance(inner, ast.Name) and inner in self.scope.read_of:
                checker.read(inner, self.scope.read_of[inner])
        function = value.call.func
        symbol = self.scope.module.symbol(function)
        if symbol is not None:
            method = symbol.name.rpartition(".")[2]
        else:
            assert isinstance(function, ast.Attribute)
            method = function.attr
        text = speller.text(value.operand)
        return [f"{self.tab}{self.reach(value.of, owner)}.{method}({text})"]

    # -- beside the class -------------------------------------------------------------

    def _make_optimizers(self) -> None:
        scope = self.scope
        needed: dict[Value, list[Value]] = {}
        for use in self.uses:
            if use.update is not None and use.update.kind is Kind.TRAIN:
                assert use.update.of is not None
                needed.setdefault(use.update.of, []).append(use.update)
        for value, trains in needed.items():
            node = value.call
            assert node is not None
            symbol = scope.module.symbol(node.func)
            assert symbol is not None
            kind = symbol.name.rpartition(".")[2]
            name = self.fresh(value.name or "optimizer")
            if len(trains) > 1:
                raise Refusal(node, "optimizer", "one optimizer makes several train ops")
            train = trains[0]
            assert train.variables is not None
            assert train.operand_value is not None
            speller = Speller(scope, self.tf)
            dense = not (train.operand_value.sparse & set(train.variables))
            keras = _KERAS.get(kind) if dense else None
            if keras is None:
                parts = [
                    *(speller.text(arg) for arg in node.args),
                    *(f"{k.arg}={speller.text(k.value)}" for k in node.keywords),
                ]
                made = [call(f"{name} = {self.tf}.compat.v1.train.{kind}", parts, 0)]
            else:
                stated = arguments(node, OPTIMIZERS[kind])
                given = {k: speller.text(v) for k, v in stated.items()}
                if "learning_rate" in stated:
                    given["learning_rate"] = self._rate(stated["learning_rate"], speller)
                made = [
                    call(f"{name} = {self.tf}.keras.optimizers.{keras}", _stated(kind, given), 0),
                    f"{name}.build({self._trained(train)})",
                ]
            self.optimizers.append(Optimizer(name, made, kind not in _NO_SLOTS, value))

    def _rate(self, node: ast.expr, speller: Speller) -> str:
        """Return a learning rate as Keras takes one: a float."""
        text = speller.text(node)
        value: ast.expr | None = node
        if isinstance(node, ast.Name):
            module = self.scope.module
            _, bindings = module.find(node.id, module.scope_of[node])
            value = bindings[0].value if len(bindings) == 1 else None
        if isinstance(value, ast.Constant) and isinstance(value.value, float):
            return text
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return f"{node.value}.0"
        return f"float({text})"

    def optimizer_lines(self) -> list[str]:
        """Return the statements that make the optimizers."""
        lines: list[str] = []
        for optimizer in self.optimizers:
            steps = [
                step
                for step in self.scope.steps
                for value in step.defines.values()
                if value is optimizer.value or value.of is optimizer.value
            ]
            for step in steps:
                lines += self.loose_comments(step)
            lines += optimizer.made
        return lines

    def loose_comments(self, step: Step) -> list[str]:
        """Return the comments of a statement that is not copied, once."""
        if step in self.commented:
            return []
        self.commented.add(step)
        _, lines = leading_comments(self.scope, step.node)
        text = self.scope.module.text
        end = self.scope.module.end(step.node)
        behind = text[end : comment_end(text, end)].strip()
        return [*lines, *([behind] if behind else [])]

    def function_lines(self) -> list[list[str]]:
        """Return the functions that stand beside the module, each with its decorator."""
        blocks = []
        for use in self.functions:
            names = {value.name or "": value.name or "" for value in use.params}
            if len(names) != len(use.params):
                raise Refusal(use.runs[0].call, "feed", "two placeholders have one name")
            lines = self.specs(use, 0)
            lines.append(f"def {use.name}({', '.join(names)}):")
            blocks.append(_reindented(lines + self._body(use, names, inside=False)))
        return blocks


class _Simulation:
    """Follows the names of a method, so that each read finds the version that it found before."""

    def __init__(
        self, emitter: Emitter, params: dict[str, Value], more: set[str] | None = None
    ) -> None:
        self.emitter = emitter
        self.names: dict[str, Value | None] = dict(params)
        self.names.update(dict.fromkeys(more or set()))
        self.host: list[ast.Name] = []

    def run(self, step: Step) -> None:
        for node, value in step.reads:
            self.read(node, value)
        for node in step.host:
            self.host.append(node)
            if node.id in self.names:
                self._refuse(node, node.id)
        for name, value in step.defines.items():
            self.define(name, value)

    def define(self, name: str, value: Value) -> None:
        for node in self.host:
            if node.id == name:
                self._refuse(node, name)
        self.names[name] = value

    def read(self, node: ast.Name, value: Value) -> None:
        if value.kind is Kind.PLACEHOLDER or is_moved(value):
            self.has(value, node, node.id)
        elif value.is_eager and node.id in self.names:
            self._refuse(node, node.id)

    def has(self, value: Value, node: ast.AST, name: str | None = None) -> None:
        found = self.names.get(name or value.name or "")
        if found is None or (found.step, found.name) != (value.step, value.name):
            self._refuse(node, name or value.name or "")

    def _refuse(self, node: ast.AST, name: str) -> None:
        raise Refusal(node, "one meaning", f"`{name}` means several things in one method")


def _unused(wanted: str, taken: Callable[[str], bool] | set[str] | dict[str, object]) -> str:
    name, number = wanted, 2
    while name in taken:  # type: ignore[operator]
        name, number = f"{wanted}_{number}", number + 1
    return name


def _stated(kind: str, given: dict[str, str]) -> list[str]:
    """Return the arguments of the Keras optimizer that computes what TensorFlow 1's does."""
    rate = given.get("learning_rate", "0.001")
    if kind == "GradientDescentOptimizer":
        return [rate]
    if kind == "MomentumOptimizer":
        parts = [rate, f"momentum={given['momentum']}"]
        if given.get("use_nesterov", "False") != "False":
            parts.append(f"nesterov={given['use_nesterov']}")
        return parts
    if kind == "AdagradOptimizer":
        start = given.get("initial_accumulator_value", "0.1")
        return [rate, f"initial_accumulator_value={start}", "epsilon=0.0"]
    raise AssertionError(kind)


def _reindented(lines: list[str]) -> list[str]:
    """Return the lines, those with newlines inside taken apart."""
    return [row for line in lines for row in line.split("\n")]
