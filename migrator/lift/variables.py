"""Placeholders and variables: what each is called, and which function of the file makes it."""

from __future__ import annotations

import ast

from migrator.lift import renames
from migrator.lift.expressions import arguments
from migrator.lift.functions import Functions
from migrator.lift.kinds import Kind, Maker, Refusal, Value

__all__ = ["Variables"]


class Variables(Functions):
    """Evaluates the calls that make placeholders and variables."""

    def _placeholder(self, node: ast.Call) -> Value:
        given = arguments(node, ("dtype", "shape", "name"))
        for argument in given.values():
            if self.evaluate(argument).is_graph:
                raise Refusal(argument, "placeholder", "its shape depends on a graph value")
        name = given.get("name")
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            self.names.unique(name.value)
        self.default_names.add("placeholder")
        value = Value(Kind.PLACEHOLDER, node, call=node)
        value.needs = frozenset({value})
        return value

    def _placeholder_with_default(self, node: ast.Call) -> Value:
        given = arguments(node, ("input", "shape", "name"))
        for key in ("input", "shape"):
            if key not in given:
                raise Refusal(node, "placeholder", f"it has no {key}")
            value = self.evaluate(given[key])
            if value.is_graph and (key == "shape" or not value.is_eager):
                raise Refusal(given[key], "placeholder", f"its {key} depends on a graph value")
        name = given.get("name")
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            self.names.unique(name.value)
        self.default_names |= {"placeholderwithdefault", "const"}
        value = Value(Kind.PLACEHOLDER, node, call=node, default=given["input"])
        value.dtype = self._dtype(given["input"])
        value.needs = frozenset({value})
        return value

    def _dtype(self, node: ast.expr) -> str:
        """Return the data type of the tensor that a constant becomes.

        Raises:
            Refusal: it is not told.
        """
        first = node
        while isinstance(first, (ast.List, ast.Tuple)) and first.elts:
            first = first.elts[0]
        if isinstance(first, ast.UnaryOp):
            first = first.operand
        kinds = {bool: "bool", int: "int32", float: "float32", str: "string"}
        if isinstance(first, ast.Constant) and type(first.value) in kinds:
            mixed = isinstance(node, (ast.List, ast.Tuple)) and type(first.value) is int
            if not mixed:
                return kinds[type(first.value)]
        symbol = self.module.symbol(node.func) if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and symbol is not None and symbol.name == "tf.constant":
            given = arguments(node, ("value", "dtype", "shape", "name", "verify_shape"))
            if "dtype" not in given:
                return self._dtype(given["value"])
            told = self.module.symbol(given["dtype"])
            if told is not None and told.name.partition(".")[2] in renames.CONSTANTS:
                return told.name.partition(".")[2]
        raise Refusal(node, "placeholder", "the data type of its default is not told")

    def _literal_name(self, node: ast.expr | None) -> str | None:
        if node is None or (isinstance(node, ast.Constant) and node.value is None):
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if not self.names.valid(node.value):
                raise Refusal(node, "variable name", "TensorFlow does not take this name")
            return node.value
        raise Refusal(
            node, "variable name", "the name of the variable is computed, so its key in a"
            " checkpoint is not known"
        )  # fmt: skip

    def _made(self, node: ast.Call, name: str, trainable: ast.expr | None) -> Value:
        value = Value(Kind.VARIABLE, node, call=node, tf_name=name)
        if trainable is not None and not self._is_dtype(trainable):
            # a data type in that place, a common slip, makes it a trained one
            if not isinstance(trainable, ast.Constant):
                raise Refusal(trainable, "trainable", "whether it is trained is computed")
            value.trainable = bool(trainable.value)
        value.needs = frozenset({value})
        self.variables.append(value)
        return value

    def _is_dtype(self, node: ast.expr) -> bool:
        symbol = self.module.symbol(node) if isinstance(node, ast.Attribute) else None
        if symbol is None or symbol.name.partition(".")[2] not in renames.CONSTANTS:
            return False
        self.visited.add(node)
        return True

    def _name_of(self, node: ast.Call, name: ast.expr | None) -> str | None:
        """Return the name that a variable asks for, also where a function is given it."""
        if not self._inlined or not isinstance(name, ast.Name):
            return self._literal_name(name)
        scope = self._inlined[-1]
        value = self.env.get((id(scope), name.id))
        if self.module.find(name.id, self.module.scope_of[name])[0] is scope and value is not None:
            given = value.node
            if given is None:
                given = _default(scope.node, name.id)
            return self._literal_name(given)
        return self._literal_name(name)

    def initialized_value(self, node: ast.Call, variable: Value) -> Value:
        """Return what ``variable.initialized_value()`` is: its value when others are made."""
        arguments(node, (), ())
        self.initial.add(node)
        return self._union(node, [variable])

    def _by_function(self, made: Value, name: ast.expr | None) -> None:
        """Note that a function of the file makes a variable."""
        if not self._inlined:
            return
        node, function = made.call, self._inlined[-1].node
        assert node is not None
        assert isinstance(function, ast.FunctionDef)
        around = (ast.If, ast.For, ast.While, ast.IfExp, ast.ListComp, ast.Lambda)
        nearest = self.module.enclosing(node, (*around, ast.FunctionDef))
        if len(self._inlined) > 1 or nearest is not function:
            raise Refusal(
                node, "variable in a function", "a function makes the variable in a roundabout way"
            )
        maker = self.makers.get(function)
        if maker is None:
            own = self.module.scopes[function].bindings
            told = isinstance(name, ast.Name)
            parameter = name.id if isinstance(name, ast.Name) else "name"
            if not told and "name" in own:
                raise Refusal(node, "variable in a function", "its `name` means something else")
            if told and len(own[parameter]) > 1:
                raise Refusal(node, "variable in a function", "its name is computed")
            maker = self.makers[function] = Maker(function, node, parameter, not told)
        if maker.made is not node:
            raise Refusal(node, "variable in a function", "a function makes several variables")
        if not maker.added:
            reads = [
                inner
                for inner in ast.walk(function)
                if isinstance(inner, ast.Name) and inner.id == maker.parameter
            ]
            given = self.env[(id(self._inlined[-1]), maker.parameter)].node
            same = isinstance(given, ast.Constant) and given.value == made.tf_name
            if len(reads) > 1 and not same:
                raise Refusal(
                    node, "variable in a function", "it does more with the name that it is given"
                )
        made.maker = maker
        made.call = self._inlined_calls[-1]
        maker.calls.append(made.call)

    def _variable(self, node: ast.Call) -> Value:
        names = (
            *("initial_value", "trainable", "collections", "validate_shape", "caching_device"),
            *("name", "variable_def", "dtype"),
        )
        given = arguments(node, names, ("initial_value", "trainable", "name", "dtype"))
        if "initial_value" not in given:
            raise Refusal(node, "variable", "it has no initial value")
        initial = given["initial_value"]
        if isinstance(initial, ast.Lambda):
            raise Refusal(initial, "variable", "its initial value is a function")
        value = self.evaluate(initial)
        if value.kind not in (Kind.HOST, Kind.TENSOR):
            raise Refusal(initial, "variable", f"its initial value is a {value.kind.value}")
        if value.placeholders_below() or value.several:
            raise Refusal(initial, "variable", "its initial value depends on what is fed")
        if "dtype" in given:
            self.evaluate(given["dtype"])
        name = self.names.variable(self._name_of(node, given.get("name")))
        made = self._made(node, name, given.get("trainable"))
        self._by_function(made, given.get("name"))
        return made

    def _get_variable(self, node: ast.Call) -> Value:
        names = ("name", "shape", "dtype", "initializer", "regularizer", "trainable")
        given = arguments(node, names, ("name", "shape", "dtype", "initializer", "trainable"))
        name = self._name_of(node, given.get("name"))
        if name is None:
            raise Refusal(node, "variable name", "it has no name")
        for key in ("shape", "dtype", "initializer"):
            if key in given and self.evaluate(given[key]).is_graph:
                raise Refusal(given[key], "variable", "it depends on a graph value")
        if "shape" not in given:
            raise Refusal(node, "variable", "its shape is that of its initializer")
        made = self._made(node, self._got(name, node), given.get("trainable"))
        self._by_function(made, given.get("name"))
        return made

    def _got(self, name: str, node: ast.Call) -> str:
        full = self.names.got_variable(name)
        if full is None:
            raise Refusal(
                node, "variable name", f"the name `{name}` is in use, so what TensorFlow 1 makes of"
                " it is not told exactly"
            )  # fmt: skip
        return full


def _default(function: ast.AST, parameter: str) -> ast.expr | None:
    """Return the default of a parameter of a function, or None."""
    assert isinstance(function, ast.FunctionDef)
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
    return defaults.get(parameter)
