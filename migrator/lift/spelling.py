"""Expressions of the graph as TensorFlow 2 spells them, outside of their old surroundings."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from migrator.lift import renames
from migrator.lift.expressions import arguments
from migrator.lift.kinds import Kind, Maker, Refusal, Value
from migrator.lift.scope import Scope, holds_variables
from migrator.lift.text import Edit, Writer
from migrator.names import Module

__all__ = ["Speller"]


class Speller:
    """Writes code of the original with TensorFlow 2's names, and variables where they now live.

    Args:
        scope: the analysis.
        tensorflow: the name that TensorFlow is imported as.
        place: returns how a variable, or a structure of them, is reached from where the code
            goes; by default nothing is replaced.
        renamed: parameters that are not called as their placeholders were.
    """

    def __init__(
        self,
        scope: Scope,
        tensorflow: str,
        place: Callable[[str], str] | None = None,
        renamed: dict[str, str] | None = None,
    ) -> None:
        self.scope = scope
        self.module: Module = scope.module
        self.tf = tensorflow
        self.place = place
        self.renamed = renamed or {}
        self.owner = ""  #: what holds the variables, where the code goes
        self.made: dict[ast.AST, str] = {}  #: expressions that become others there
        self.writer = Writer(self.module, self._replace)

    def text(self, node: ast.expr) -> str:
        """Return the expression ``node`` as it is spelled now."""
        return self.writer.text(node)

    def in_brackets(self, node: ast.expr) -> str:
        """Return ``node`` as something that a method can be called on."""
        text = self.text(node)
        plain = isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript))
        return text if plain else f"({text})"

    def _replace(self, node: ast.AST, writer: Writer) -> str | list[Edit] | None:
        if node in self.made:
            return self.made[node]
        if isinstance(node, ast.arguments):
            return self.parameters(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Attribute) and node.attr == "value" and node in self.scope.values:
            return self.text(node.value)  # a dimension is a number now
        if isinstance(node, (ast.Name, ast.Attribute)):
            symbol = self.module.symbol(node)
            if symbol is not None:
                return self._reference(node)
            if isinstance(node, ast.Name):
                return self._name(node)
        return None

    def _name(self, node: ast.Name) -> str | None:
        value = self.scope.env_at(node)
        owner, _ = self.module.find(node.id, self.module.scope_of[node])
        if value is None or (owner is not None and owner.node in self.scope.pure):
            return None  # a function's own name for what it is given
        if self.place is not None and (
            value.kind is Kind.VARIABLE or (value.kind is Kind.STRUCT and holds_variables(value))
        ):
            return self.place(node.id)
        return self.renamed.get(node.id) if value.kind is Kind.PLACEHOLDER else None

    def _reference(self, node: ast.Name | ast.Attribute) -> str | None:
        symbol = self.module.symbol(node)
        assert symbol is not None
        name = symbol.spelled.partition(".")[2]
        if not name:
            return self.tf if symbol.raw != "tensorflow" else None
        if name in renames.LEVELS:
            return f'"{name.rpartition(".")[2]}"'
        if renames.is_flags(symbol):
            # the command line is read as TensorFlow 1 reads it
            written = self.module.source(node)
            if not written.startswith(f"{self.tf}.") or ".compat.v1." in written:
                return None
            return f"{self.tf}.compat.v1.{written[len(self.tf) + 1 :]}"
        host = renames.HOST.get(name) or renames.HOST.get(symbol.name.partition(".")[2])
        if host is not None:
            return self._spelled(node, host)
        if symbol.name.startswith("tf.saved_model.tag_constants."):
            return self._spelled(node, "saved_model." + symbol.name.rpartition(".")[2])
        known = renames.entry(symbol)
        if known is not None:
            return self._spelled(node, known.new)
        if name in renames.CONSTANTS:
            return self._spelled(node, name)
        return None

    def _spelled(self, node: ast.expr, name: str) -> str | None:
        new = f"{self.tf}.{name}"
        return None if self.module.source(node) == new else new

    def _call(self, node: ast.Call) -> str | list[Edit] | None:
        symbol = self.module.symbol(node.func)
        if node in self.scope.initial and isinstance(node.func, ast.Attribute):
            return self.text(node.func.value)
        function = self.scope.lent_calls.get(node)
        if function is not None:
            # what the function read from outside is given to it
            names = [self.renamed.get(name, name) for name in self.scope.lent[function]]
            return [*self.writer.inside(node), self._appended(node, ", ".join(names))]
        if symbol is None:
            return None
        maker = next((m for m in self.scope.makers.values() if m.made is node), None)
        if maker is not None and symbol.name == "tf.get_variable":
            return self._get_variable(node, maker.parameter)
        if maker is not None:
            return self._variable(node, maker.parameter)
        name = symbol.name.partition(".")[2]
        if name == "trainable_variables" and self.owner:
            return f"{self.owner}.trainable_variables"
        if name in renames.CASTS:
            value = self.text(node.args[0] if node.args else node.keywords[0].value)
            return f"{self.tf}.cast({value}, {self.tf}.{renames.CASTS[name]})"
        if name == "nn.dropout":
            return self._dropout(node)
        if name == "losses.mean_squared_error":
            given = arguments(node, ("labels", "predictions"))
            left, right = self.text(given["predictions"]), self.text(given["labels"])
            return f"{self.tf}.reduce_mean({self.tf}.math.squared_difference({left}, {right}))"
        if name == "nn.xw_plus_b":
            given = arguments(node, ("x", "weights", "biases", "name"))
            product = f"{self.text(given['x'])}, {self.text(given['weights'])}"
            text = f"{self.tf}.matmul({product}) + {self.text(given['biases'])}"
            alone = isinstance(
                self.module.parents[node],
                (ast.Call, ast.keyword, ast.Assign, ast.Return, ast.Tuple),
            )
            return text if alone else f"({text})"
        made = renames.initializer(symbol)
        if made is not None:
            return self.initializer(node)
        known = renames.entry(symbol)
        if known is None:
            return None
        given_as = renames.bound(node, known)
        labels = name.startswith("nn.softmax_cross_entropy") and not name.endswith("_v2")
        if given_as is None and not labels:
            return None  # the name alone is another; arguments keep their places
        edits: list[Edit] = []
        start, end = self.module.start(node.func), self.module.end(node.func)
        if self.module.text[start:end] != f"{self.tf}.{known.new}":
            edits.append((start, end, f"{self.tf}.{known.new}"))
        written = _as_given(node)
        for (old, part), (new, _) in zip(written, given_as or written, strict=True):
            at = self.module.start(part)
            if old is None and new is not None:
                edits.append((at, at, f"{new}="))
            elif old is not None and new != old:
                edits.append((self._keyword_start(node, part), at, f"{new}="))
            inner = self.writer.edits(part)
            if labels and new == "labels" and self._is_trained(part):
                edits += [(at, at, f"{self.tf}.stop_gradient("), *inner]
                edits.append((self.module.end(part), self.module.end(part), ")"))
            else:
                edits += inner
        return edits

    def _keyword_start(self, node: ast.Call, value: ast.expr) -> int:
        keyword = next(keyword for keyword in node.keywords if keyword.value is value)
        return self.module.offset(keyword.lineno, keyword.col_offset)

    def _is_trained(self, node: ast.expr) -> bool:
        """Whether a gradient could reach a variable through ``node``."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                value = self.scope.env_at(inner)
                owner, _ = self.module.find(inner.id, self.module.scope_of[inner])
                if owner is not None and owner.node in self.scope.pure:
                    return True  # another call of the function may give it something trained
                if value is not None and value.variables_below():
                    return True
        return False

    def _dropout(self, node: ast.Call) -> str:
        given = arguments(node, ("x", "keep_prob", "noise_shape", "seed", "name", "rate"))
        parts = [self.text(given["x"])]
        if "rate" in given:
            parts.append(f"rate={self.text(given['rate'])}")
        elif "keep_prob" in given:
            keep = given["keep_prob"]
            text = self.text(keep)
            if not isinstance(keep, (ast.Name, ast.Constant, ast.Attribute, ast.Call)):
                text = f"({text})"
            parts.append(f"rate=1 - {text}")
        else:
            raise Refusal(node, "arguments", "it has neither `keep_prob` nor `rate`")
        parts += [
            f"{key}={self.text(given[key])}" for key in ("noise_shape", "seed") if key in given
        ]
        return f"{self.tf}.nn.dropout({', '.join(parts)})"

    def initializer(self, node: ast.Call) -> str:
        """Return the initializer that the call ``node`` makes, defaults that changed stated."""
        symbol = self.module.symbol(node.func)
        assert symbol is not None
        made = renames.initializer(symbol)
        assert made is not None
        new, parameters, defaults = made
        if new.startswith("keras."):
            self._check_seeds(node)
        given = arguments(node, parameters)
        parts = []
        texts = {key: self.text(value) for key, value in given.items()}
        if texts.get("seed", "None") != "None":
            raise Refusal(node, "variable", "a seeded initializer would draw other numbers")
        for key in parameters:
            text = texts.get(key, defaults.get(key))
            if key in ("dtype", "uniform", "verify_shape"):
                if key in texts and (key != "dtype" or not texts[key].endswith(".float32")):
                    raise Refusal(
                        node, "arguments", f"`{key}` of an initializer is not carried over"
                    )
                continue
            if text is not None:
                parts.append(f"{key}={text}" if key != "value" else text)
        return f"{self.tf}.{new}({', '.join(parts)})"

    # -- variables --------------------------------------------------------------------

    def variable(self, value: Value) -> list[Edit]:
        """Return the edits that make a variable under the name that TensorFlow 1 gave it."""
        node = value.call
        assert node is not None
        if value.maker is not None:
            return self._made_by(value.maker, node, value.tf_name)
        symbol = self.module.symbol(node.func)
        assert symbol is not None
        end = self.module.end(node)
        if symbol.name.endswith("create_global_step"):
            kind = f"trainable=False, dtype={self.tf}.int64"
            made = f'{self.tf}.Variable(0, {kind}, name="{value.tf_name}")'
            return [(self.module.start(node), end, made)]
        if symbol.name == "tf.get_variable":
            made = self._get_variable(node, f'"{value.tf_name}"')
            return [(self.module.start(node), end, made)]
        return self._variable(node, f'"{value.tf_name}"')

    def _made_by(self, maker: Maker, node: ast.Call, name: str) -> list[Edit]:
        """Return the edits of a call of a function that makes a variable called ``name``."""
        spec = maker.function.args
        given = arguments(
            node, [*(a.arg for a in (*spec.posonlyargs, *spec.args)), maker.parameter]
        )
        named = given.get(maker.parameter)
        edits = [e for part in given.values() if part is not named for e in self.writer.edits(part)]
        if named is None:
            return [*edits, self._appended(node, f'{maker.parameter}="{name}"')]
        if not isinstance(named, ast.Constant) or named.value != name:
            edits.append((self.module.start(named), self.module.end(named), f'"{name}"'))
        return edits

    def parameters(self, node: ast.arguments) -> list[Edit] | None:
        """Return the edits of the parameters of a function that makes a variable."""
        function = self.module.parents[node]
        if not isinstance(function, ast.FunctionDef):
            return None
        maker = self.scope.makers.get(function)
        parts: list[ast.arg | ast.expr] = [*node.posonlyargs, *node.args, *node.defaults]
        last = max((self._end(part) for part in parts), default=None)
        if function in self.scope.lent:
            more = ", ".join(self.scope.lent[function])
            if last is not None:
                return [(last, last, f", {more}")]
            at = self.module.text.index("(", self.module.start(function)) + 1
            return [(at, at, more)]
        if maker is None or not maker.added:
            return None
        if last is not None:
            # a parameter behind one with a default needs one, too
            more = f", {maker.parameter}" + ("=None" if node.defaults else "")
            return [(last, last, more)]
        at = self.module.text.index("(", self.module.start(maker.function)) + 1
        return [(at, at, maker.parameter)]

    def _end(self, node: ast.arg | ast.expr) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.module.offset(node.end_lineno, node.end_col_offset)

    def _appended(self, node: ast.Call, argument: str) -> Edit:
        """Return the edit that gives a call one more argument."""
        end = self.module.end(node)
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        last = max((self.module.end(part) for part in parts), default=end - 1)
        if "#" in self.module.text[last:end]:
            raise Refusal(node, "comment", "a comment stands behind its last argument")
        behind = self.module.text[: end - 1].rstrip()
        comma = "" if behind.endswith((",", "(")) else ","
        return len(behind), len(behind), f"{comma} {argument}" if parts else argument

    def _variable(self, node: ast.Call, name: str) -> list[Edit]:
        """Return the edits of a ``tf.Variable(...)``; ``name`` is an expression."""
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        if len(node.args) > 1 and not isinstance(node.args[1], ast.Constant):
            # a data type where TensorFlow 1 takes `trainable`, to no effect
            parts.remove(node.args[1])
            dropped = [(self.module.end(node.args[0]), self.module.end(node.args[1]), "")]
        else:
            dropped = []
        named = next((k.value for k in node.keywords if k.arg == "name"), None)
        if named is None and len(node.args) > 2:
            raise Refusal(node, "variable", "its arguments stand in TensorFlow 1's order")
        edits = [edit for part in parts if part is not named for edit in self.writer.edits(part)]
        edits += dropped
        spelled = self._spelled(node.func, "Variable")
        if spelled is not None:
            edits.append((self.module.start(node.func), self.module.end(node.func), spelled))
        if named is not None:
            if self.module.source(named).replace("'", '"') != name:
                edits.append((self.module.start(named), self.module.end(named), name))
            return edits
        return [*edits, self._appended(node, f"name={name}")]

    def _get_variable(self, node: ast.Call, name: str) -> str:
        given = arguments(
            node, ("name", "shape", "dtype", "initializer", "regularizer", "trainable")
        )
        if "dtype" in given and not self.text(given["dtype"]).endswith(".float32"):
            raise Refusal(given["dtype"], "variable", "its data type is not float32")
        shape = self.text(given["shape"])
        initializer = given.get("initializer")
        if initializer is None or (
            isinstance(initializer, ast.Constant) and initializer.value is None
        ):
            self._check_seeds(node)
            value = f"{self.tf}.keras.initializers.GlorotUniform()({shape})"
        elif (drawn := self._drawn(initializer, shape)) is not None:
            value = drawn
        elif self._is_initializer(initializer):
            value = f"{self.text(initializer)}({shape})"
        else:
            raise Refusal(initializer, "variable", "what its initializer is cannot be told")
        parts = [value]
        trainable = given.get("trainable")
        if isinstance(trainable, ast.Constant) and not trainable.value:
            parts.append("trainable=False")
        parts.append(f"name={name}")
        return f"{self.tf}.Variable({', '.join(parts)})"

    def _drawn(self, node: ast.expr, shape: str) -> str | None:
        """Return the call that draws what a seeded initializer draws; None for one without a seed.

        TensorFlow 2's initializers draw other numbers from a seed, its random ops the same.
        """
        if not isinstance(node, ast.Call):
            return None
        symbol = self.module.symbol(node.func)
        made = renames.initializer(symbol) if symbol is not None else None
        if made is None or "seed" not in made[1]:
            return None
        new, parameters, defaults = made
        given = arguments(node, parameters)
        seed = given.get("seed")
        if seed is None or (isinstance(seed, ast.Constant) and seed.value is None):
            return None
        op = renames.DRAWN.get(new)
        if op is None or not set(given) <= {"minval", "maxval", "mean", "stddev", "seed"}:
            raise Refusal(node, "variable", "a seeded initializer would draw other numbers")
        parts = [shape]
        for key in parameters:
            text = self.text(given[key]) if key in given else defaults.get(key)
            if text is not None:
                parts.append(f"{key}={text}")
        return f"{self.tf}.random.{op}({', '.join(parts)})"

    def _check_seeds(self, node: ast.expr) -> None:
        """A Keras initializer seeds itself from Python's ``random``: what follows would change."""
        if re.search(r"(?<![\w.])random\.seed\(", self.module.text):
            raise Refusal(node, "host calls", "a Keras initializer would use up seeded numbers")

    def _is_initializer(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Name):
            _, bindings = self.module.find(node.id, self.module.scope_of[node])
            return len(bindings) == 1 and (
                bindings[0].value is not None and self._is_initializer(bindings[0].value)
            )
        if isinstance(node, ast.Call):
            symbol = self.module.symbol(node.func)
            return symbol is not None and renames.initializer(symbol) is not None
        return False


def _as_given(node: ast.Call) -> list[tuple[str | None, ast.expr]]:
    return [
        *((None, value) for value in node.args),
        *((keyword.arg, keyword.value) for keyword in node.keywords),
    ]
