"""The bodies of the methods and of the train functions."""

from __future__ import annotations

import ast
import re

from migrator.lift.expressions import arguments
from migrator.lift.kinds import Kind, Refusal, Step, Value, leaves, updates_in
from migrator.lift.optimizers import Optimizers
from migrator.lift.parts import unused
from migrator.lift.simulation import Simulation
from migrator.lift.slices import Group, Use, closure, gradient_steps, is_moved, update_reads
from migrator.lift.spelling import Speller
from migrator.lift.text import WIDTH, call

__all__ = ["Bodies"]


class Bodies(Optimizers):
    """Writes the statements of a method or function."""

    def _body(self, use: Use, names: dict[str, str], inside: bool) -> list[str]:
        tab = self.tab
        owner = "self" if inside else self.model
        renamed = {old: new for old, new in names.items() if old != new}
        speller = self.speller(inside, renamed)
        checker = Simulation(
            {value.name or "": value for value in (*use.params, *use.defaults)},
            set(renamed.values()),
        )
        train = bool(use.trains)
        taped: set[Step] = set()
        for update in use.trains:
            loss_reads = [
                (node, self.scope.read_of[node])
                for node in ast.walk(update.operand or ast.Pass())
                if isinstance(node, ast.Name) and node in self.scope.read_of
            ]
            taped |= set(closure(loss_reads))
        for step in use.steps:
            if step.watches and any(value.step in taped for _, value in step.reads):
                taped.add(step)  # it stands where the names mean what it tells of
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
        lines = [tab + row for value in use.defaults for row in self._default(value, speller)]
        outputs = [
            (node, value, self._output(node, value, speller, checker, owner, use))
            for node, value in use.outputs
        ]
        if train:
            lines += self._train(use, first, second, speller, checker, owner)
        else:
            lines += [*second, *self._assigned_early(use, speller, checker)]
        for node, value in use.outputs if use.assigns else ():
            if value.kind is Kind.TENSOR and not isinstance(node, ast.Name):
                raise Refusal(node, "fetch", "a fetch beside an assign op has no name")
        for assign in use.assigns:
            lines += self._assign(assign, speller, checker, owner)
        if use.signature is not None:
            keys = list(use.signature.outputs)
            pairs = ", ".join(
                f'"{key}": {text}' for key, (_, _, text) in zip(keys, outputs, strict=True)
            )
            lines.append(f"{tab}return {{{pairs}}}")
        elif outputs:
            lines.append(f"{tab}return {', '.join(text for _, _, text in outputs)}")
        return lines

    def _default(self, value: Value, speller: Speller) -> list[str]:
        """Return the lines that make what a placeholder is where it is not fed."""
        node = value.default
        assert node is not None
        text = speller.text(node)
        read = self.scope.read_of.get(node) if isinstance(node, ast.Name) else None
        symbol = self.scope.module.symbol(node.func) if isinstance(node, ast.Call) else None
        if symbol is None and (read is None or not read.is_graph):
            text = f"{self.tf}.constant({text}, {self.tf}.{value.dtype})"
        if value.name in [name for name, _ in self._taken_names(node)]:
            raise Refusal(node, "one meaning", f"`{value.name}` means several things in one method")
        comments = self.loose_comments(value.step) if value.step is not None else []
        return [*comments, f"{value.name} = {text}"]

    @staticmethod
    def _taken_names(node: ast.expr) -> list[tuple[str, ast.Name]]:
        return [(inner.id, inner) for inner in ast.walk(node) if isinstance(inner, ast.Name)]

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
        checker: Simulation,
        level: str,
        owner: str,
        renamed: dict[str, str],
        use: Use,
    ) -> list[str]:
        if isinstance(item, Step):
            checker.run(item)
            reads = [read for step in use.steps for _, read in step.reads]
            reads += [read for _, read in use.reads] + update_reads(use)
            self._skip_unread(item, speller, reads)
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
    def _skip_unread(step: Step, speller: Speller, reads: list[Value]) -> None:
        """Let a statement unpack into ``_`` what its method does not read."""
        (target,) = getattr(step.node, "targets", [None])
        if not isinstance(target, (ast.Tuple, ast.List)):
            return
        read = {value.name for value in reads if value.step is step}
        for element in target.elts:
            if isinstance(element, ast.Name) and element.id not in read:
                speller.made[element] = "_"

    @staticmethod
    def _is_used(value: Value, use: Use, group: Group) -> bool:
        """Whether a use reads an output of a group that it calls."""
        reads = [read for step in use.steps if step not in group.steps for _, read in step.reads]
        reads += [read for _, read in use.reads]
        reads += update_reads(use)
        return any((read.step, read.name) == (value.step, value.name) for read in reads)

    def _output(
        self,
        node: ast.expr,
        value: Value,
        speller: Speller,
        checker: Simulation,
        owner: str,
        use: Use,
    ) -> str:
        if value.kind is Kind.SUMMARY:
            pairs = [
                f'"{r.tag}": {self._output(r.node, r.value, speller, checker, owner, use)}'
                for r in value.records
            ]
            text = f"{{{', '.join(pairs)}}}"
            deep = self.tab * 2
            if len(text) > WIDTH - 12:
                text = "".join(("{\n", *(f"{deep}{pair},\n" for pair in pairs), self.tab, "}"))
            return text
        if value.kind is Kind.ASSIGN:
            assert value.of is not None
            return f"{self.reach(value.of, owner)}.read_value()"
        if value.kind is Kind.STRUCT and updates_in(value):
            if {leaf.kind for leaf in value.items.values()} != {Kind.ASSIGN}:
                raise Refusal(node, "fetch", "what nested ops give is used")
            parts = [
                self._output(node, item, speller, checker, owner, use)
                for item in value.items.values()
            ]
            if any(not isinstance(key, int) for key in value.items):
                raise Refusal(node, "fetch", "what a dictionary of ops gives is used")
            return f"[{', '.join(parts)}]"
        if value.kind is Kind.VARIABLE:
            # a variable is read when the function returns, behind the update
            return f"{self.reach(value, owner)}.read_value()"
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner in self.scope.read_of:
                checker.read(inner, self.scope.read_of[inner])
        return speller.text(node)

    def _train(
        self,
        use: Use,
        taped: list[str],
        rest: list[str],
        speller: Speller,
        checker: Simulation,
        owner: str,
    ) -> list[str]:
        """Return the lines of a train step: all gradients are computed, then applied."""
        tab = self.tab
        several = len(use.trains) > 1
        taken = set(checker.names) | {name.id for name in checker.host}
        for train in use.trains:
            taken |= {name for step in gradient_steps(train) for name in step.defines}
        tape = unused("tape", taken)
        persistent = "persistent=True" if several else ""
        lines = [f"{tab}with {self.tf}.GradientTape({persistent}) as {tape}:", *taped]
        losses: list[str] = []
        for train in use.trains:
            assert train.operand is not None
            self._reads(train.operand, checker)
            if isinstance(train.operand, ast.Name):
                losses.append(train.operand.id)
                if not taped:
                    raise Refusal(
                        train.operand, "minimize", "the loss is not computed in its scope"
                    )
            else:
                losses.append(unused("loss", taken))
                taken.add(losses[-1])
                lines.append(f"{tab * 2}{losses[-1]} = {speller.text(train.operand)}")
        lines += rest
        # what a run fetches beside the op is computed before the update
        for node, value in use.outputs:
            if not isinstance(node, ast.Name) and value.kind is not Kind.VARIABLE:
                if value.kind is Kind.SUMMARY:
                    continue
                raise Refusal(node, "fetch", "a fetch beside a train op has no name")
        applied: list[str] = []
        for train, loss in zip(use.trains, losses, strict=True):
            optimizer = next(item for item in self.optimizers if item.value is train.of)
            if optimizer.value.rate is not None:
                self._reads(optimizer.value.rate, checker)
                lines.append(f"{tab}{optimizer.rate}.assign({speller.text(optimizer.value.rate)})")
            prefix = f"{train.name}_" if several and train.name else ""
            variables = unused(f"{prefix}variables", taken)
            gradients = unused(f"{prefix}gradients", taken)
            taken |= {variables, gradients}
            trained = self._trained(train)
            if several and not trained.startswith("["):
                variables = trained
            elif train.gradients is None:
                lines.append(f"{tab}{variables} = {trained}")
            if train.gradients is None:
                lines.append(f"{tab}{gradients} = {tape}.gradient({loss}, {variables})")
                pairs = f"zip({gradients}, {variables})"
            else:
                steps = gradient_steps(train)
                listed = self._sources(train, steps, speller, tape, loss, variables)
                if listed and variables != trained:
                    lines.append(f"{tab}{variables} = {trained}")
                for step in steps:
                    checker.run(step)
                    lines += self._copied(step, speller, tab)
                self._reads(train.gradients, checker)
                pairs = speller.text(train.gradients)
            applied.append(f"{tab}{optimizer.name}.apply_gradients({pairs})")
            if train.counter is not None:
                applied.append(f"{tab}{self.reach(train.counter, owner)}.assign_add(1)")
        return [*lines, *self._assigned_early(use, speller, checker), *applied]

    def _reads(self, node: ast.expr, checker: Simulation) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner in self.scope.read_of:
                value = self.scope.read_of[inner]
                if value.step is not None:
                    checker.read(inner, value)

    def _sources(
        self,
        train: Value,
        steps: list[Step],
        speller: Speller,
        tape: str,
        loss: str,
        variables: str,
    ) -> bool:
        """Let the tape compute the gradients; return whether it needs a list of the variables."""
        assert train.gradients is not None
        needed = False
        for part in (*(step.node for step in steps), train.gradients):
            for node in ast.walk(part):
                if not isinstance(node, ast.Call):
                    continue
                symbol = self.scope.module.symbol(node.func)
                if symbol is not None and symbol.name == "tf.gradients":
                    xs = arguments(node, ("ys", "xs", "name"))["xs"]
                    speller.made[node] = f"{tape}.gradient({loss}, {speller.text(xs)})"
                elif isinstance(node.func, ast.Attribute) and node.func.attr == "compute_gradients":
                    needed = True
                    made = f"zip({tape}.gradient({loss}, {variables}), {variables})"
                    again = isinstance(self.scope.module.parents[node], (ast.Assign, ast.AnnAssign))
                    target = getattr(self.scope.module.parents[node], "targets", [None])[0]
                    if again and isinstance(target, ast.Name):
                        made = f"list({made})"
                    speller.made[node] = made
        return needed

    def _assigned_early(self, use: Use, speller: Speller, checker: Simulation) -> list[str]:
        """Return the lines that compute what is assigned, where another op changes that before."""
        lines: list[str] = []
        for assign in use.assigns:
            node = assign.operand
            assert node is not None
            assert assign.of is not None
            others = {v for update in use.updates if update is not assign for v in update.changed()}
            others |= {update.counter for update in use.trains if update.counter is not None}
            read = [
                leaf
                for inner in ast.walk(node)
                if isinstance(inner, ast.Name) and inner in self.scope.read_of
                for leaf in leaves(self.scope.read_of[inner])
            ]
            if node not in speller.made and others & set(read):
                self._reads(node, checker)
                wanted = re.sub(r"\W+", "_", f"new_{assign.of.path}").rstrip("_")
                name = unused(wanted, {*checker.names, *(n.id for n in checker.host)})
                lines.append(f"{self.tab}{name} = {speller.text(node)}")
                speller.made[node] = name
                checker.names[name] = None
        return lines

    def _assign(self, value: Value, speller: Speller, checker: Simulation, owner: str) -> list[str]:
        assert value.operand is not None
        self._reads(value.operand, checker)
        comments = self.loose_comments(value.step) if value.step is not None else []
        made = self._assignment(value, speller, owner)
        return [self.tab + row for row in (*comments, made)]

    def assignment(self, value: Value, speller: Speller) -> str:
        """Return the call that an assign op becomes beside the module."""
        return self._assignment(value, speller, self.model)

    def _assignment(self, value: Value, speller: Speller, owner: str) -> str:
        assert value.operand is not None
        assert value.of is not None
        assert value.call is not None
        function = value.call.func
        symbol = self.scope.module.symbol(function)
        if symbol is not None:
            method = symbol.name.rpartition(".")[2]
        else:
            assert isinstance(function, ast.Attribute)
            method = function.attr
        text = speller.text(value.operand)
        return f"{self.reach(value.of, owner)}.{method}({text})"
