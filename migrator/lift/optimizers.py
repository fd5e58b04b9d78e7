"""The optimizers of a scope, and the functions' part that trains with them."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from migrator.lift.expressions import arguments
from migrator.lift.kinds import Refusal, Value
from migrator.lift.operations import OPTIMIZERS
from migrator.lift.parts import Parts
from migrator.lift.spelling import Speller
from migrator.lift.text import call

__all__ = ["Optimizer", "Optimizers"]

#: Keras optimizers that compute what TensorFlow 1's do, for dense gradients.  Not Adam: Keras takes
#: ``1 - beta_2`` in double precision, TensorFlow 1 in single, and a network with two hidden layers
#: was off by 3e-4 after 60 steps (TensorFlow 1's own, inside the function: by 1e-7).
_KERAS = {
    "GradientDescentOptimizer": "SGD",
    "MomentumOptimizer": "SGD",
    "AdagradOptimizer": "Adagrad",
}


_NO_SLOTS = frozenset({"GradientDescentOptimizer"})


@dataclass
class Optimizer:
    """One optimizer: how it is made now."""

    name: str
    made: list[str]
    slots: bool
    value: Value
    trained: str = ""  #: the variables that it trains, as an expression
    rate: str = ""  #: the variable of its learning rate, where the graph computes it


class Optimizers(Parts):
    """Writes the optimizers."""

    optimizers: list[Optimizer]

    def _make_optimizers(self) -> None:
        scope = self.scope
        needed: dict[Value, list[Value]] = {}
        for use in self.uses:
            for update in use.trains:
                assert update.of is not None
                trains = needed.setdefault(update.of, [])
                if update not in trains:
                    trains.append(update)
        wanted = {value.name for value in needed if value.name is not None}
        for value, trains in needed.items():
            node = value.call
            assert node is not None
            symbol = scope.module.symbol(node.func)
            assert symbol is not None
            kind = symbol.name.rpartition(".")[2]
            others = wanted if value.name is None else set()
            name = self.fresh(value.name or "optimizer", self.inner, others)
            if len(trains) > 1 and value.rate is not None:
                raise Refusal(
                    node, "optimizer", "several train ops take their rate from one optimizer"
                )
            speller = Speller(scope, self.tf)
            dense = value.rate is None and not any(
                train.operand_value is None
                or train.operand_value.sparse & set(train.variables or ())
                for train in trains
            )
            # slots in a checkpoint are found by the names that TensorFlow 1's optimizer gives them,
            # by this program and by others
            kept = any(train in saver.trained for saver in scope.savers for train in trains)
            trained = self._trained(*trains)
            keras = _KERAS.get(kind) if dense and not (kept and kind not in _NO_SLOTS) else None
            rate = ""
            if value.rate is not None:
                rate = self.fresh(f"{name}_rate", self.inner)
                speller.made[value.rate] = rate
            if keras is None:
                parts = [
                    *(speller.text(arg) for arg in node.args),
                    *(f"{k.arg}={speller.text(k.value)}" for k in node.keywords),
                ]
                made = [call(f"{name} = {self.tf}.compat.v1.train.{kind}", parts, 0)]
                if rate:
                    made.insert(0, f"{rate} = {self.tf}.Variable(0.0, trainable=False)")
            else:
                stated = arguments(node, OPTIMIZERS[kind])
                given = {k: speller.text(v) for k, v in stated.items()}
                for key in {"learning_rate", "momentum"} & set(stated):
                    given[key] = self._number(stated[key], speller)
                made = [
                    call(f"{name} = {self.tf}.keras.optimizers.{keras}", _stated(kind, given), 0),
                    f"{name}.build({trained})",
                ]
            slots = kind not in _NO_SLOTS
            self.optimizers.append(Optimizer(name, made, slots, value, trained, rate))

    def _number(self, node: ast.expr, speller: Speller) -> str:
        """Return a learning rate or momentum as Keras takes one: a float."""
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

    def _trained(self, *trains: Value) -> str:
        """Return the variables that the train ops train, as an expression."""
        if len(trains) == 1 and trains[0].listed is not None:
            name = trains[0].listed.name or ""
            return f"{self.model}.{self.attributes.get(name, name)}"
        trained = dict.fromkeys(v for train in trains for v in train.variables or ())
        everything = [value for value in self.scope.variables if value.trainable]
        if set(trained) == set(everything):
            return f"{self.model}.trainable_variables"
        return "[" + ", ".join(self.reach(value, self.model) for value in trained) + "]"


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
