"""Operations, variables and optimizers: what calls of TensorFlow put into the graph."""

from __future__ import annotations

import ast

from migrator.lift import renames
from migrator.lift.expressions import LISTS, TENSORS, argument_nodes, arguments
from migrator.lift.functions import Functions
from migrator.lift.kinds import UPDATES, Kind, Maker, Refusal, Value, leaves
from migrator.names import Symbol

__all__ = ["OPTIMIZERS", "Operations"]

#: TensorFlow 1's optimizers and the parameters of each.
OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "GradientDescentOptimizer": ("learning_rate", "use_locking", "name"),
    "AdamOptimizer": ("learning_rate", "beta1", "beta2", "epsilon", "use_locking", "name"),
    "AdagradOptimizer": ("learning_rate", "initial_accumulator_value", "use_locking", "name"),
    "MomentumOptimizer": ("learning_rate", "momentum", "use_locking", "name", "use_nesterov"),
    "RMSPropOptimizer": (
        *("learning_rate", "decay", "momentum", "epsilon", "use_locking", "centered", "name"),
    ),
    "AdadeltaOptimizer": ("learning_rate", "rho", "epsilon", "use_locking", "name"),
    "FtrlOptimizer": (
        *("learning_rate", "learning_rate_power", "initial_accumulator_value"),
        *("l1_regularization_strength", "l2_regularization_strength", "use_locking", "name"),
    ),
}


_INITS = frozenset(
    {"global_variables_initializer", "initialize_all_variables", "local_variables_initializer"}
    | {"initialize_local_variables", "initializers.global_variables"}
    | {"initializers.local_variables", "tables_initializer", "initialize_all_tables"}
    | {"initializers.tables_initializer"}
)


_CONFIGS = frozenset(
    {"ConfigProto", "GPUOptions", "Graph", "get_default_graph", "GraphOptions", "OptimizerOptions"}
)


#: Methods of what a static shape gives.
_OF_STATIC = frozenset({"as_list", "num_elements", "is_fully_defined", "is_compatible_with"})


class Operations(Functions):
    """Evaluates the calls of TensorFlow that need no session."""

    def tensorflow(self, node: ast.Call, symbol: Symbol) -> Value:
        """Return what a call of TensorFlow gives."""
        name = symbol.name.partition(".")[2]
        if name == "placeholder":
            return self._placeholder(node)
        if name == "placeholder_with_default":
            return self._placeholder_with_default(node)
        if name == "Variable":
            return self._variable(node)
        if name == "get_variable":
            return self._get_variable(node)
        if name in _INITS:
            return Value(Kind.INIT, node)
        if name == "group" and node.args:
            values = [self.evaluate(argument) for argument in node.args]
            if all(value.kind is Kind.INIT for value in values):
                return Value(Kind.INIT, node)
            return self._group(node, values)
        if name == "Graph":
            self.graphs += 1
            if self.graphs > 1:
                raise Refusal(node, "one graph", "there is a second graph")
        if name in _CONFIGS:
            for argument in argument_nodes(node):
                self.evaluate(argument)
            return Value(Kind.CONFIG, node)
        if name.startswith("train.") and name[6:] in OPTIMIZERS:
            return self._optimizer(node, name[6:])
        if name in ("assign", "assign_add", "assign_sub"):
            given = arguments(node, ("ref", "value", "validate_shape", "use_locking", "name"),
                              ("ref", "value", "name"))  # fmt: skip
            return self._assign(node, self.evaluate(given["ref"]), given["value"])
        if (
            renames.is_flags(symbol)
            or name in renames.HOST
            or renames.initializer(symbol) is not None
            or (symbol.spelled.startswith("tf.examples."))
        ):
            return self._host_call(node)
        if name == "trainable_variables":
            return self._trainable(node)
        if name == "gradients":
            return self._gradients(node)
        if name in ("train.get_or_create_global_step", "train.create_global_step"):
            arguments(node, (), ())
            return self._made(node, self._got("global_step", node), ast.Constant(False))
        known = renames.entry(symbol)
        if known is None and name not in renames.TEMPLATES:
            raise Refusal(
                node, "symbol", f"`{symbol.spelled}` has no successor without a session here"
            )
        if known is not None:
            renames.bound(node, known)
        values = [self.evaluate(argument) for argument in argument_nodes(node)]
        for value in values:
            if value.kind not in (*TENSORS, *LISTS, Kind.HOST, Kind.STRUCT):
                raise Refusal(node, "host use", f"a {value.kind.value} is passed to TensorFlow")
        self._name_operation(node, symbol)
        if any(value.kind is Kind.GRADIENTS for value in values):
            return self.gradients(node, values)
        result = self._union(node, values)
        result.random = result.random or renames.is_random(symbol)
        result.several = renames.gives_several(symbol)
        if renames.is_sparse(symbol):
            result.sparse |= result.variables_below()
        return result

    def method(self, node: ast.Call, base: Value, name: str) -> Value:
        """Return what a method of a graph value gives."""
        if base.static or (base.kind in TENSORS and name == "get_shape"):
            values = [self.evaluate(argument) for argument in argument_nodes(node)]
            known = name in (_OF_STATIC if base.static else {"get_shape"})
            if known and all(value.static or not value.is_graph for value in values):
                return self.static(node, [base, *values])
        if base.kind is Kind.VARIABLE and name in ("assign", "assign_add", "assign_sub"):
            given = arguments(node, ("value",))
            return self._assign(node, base, given["value"])
        if base.kind is Kind.OPTIMIZER and name == "minimize":
            return self._minimize(node, base)
        if base.kind is Kind.OPTIMIZER and name == "compute_gradients":
            return self._compute_gradients(node)
        if base.kind is Kind.OPTIMIZER and name == "apply_gradients":
            return self._apply_gradients(node, base)
        raise Refusal(node, "method", f"`.{name}()` of a {base.kind.value} is not carried over")

    def _name_operation(self, node: ast.Call, symbol: Symbol) -> None:
        """Count the name that an operation takes, which a variable may want, too."""
        last = symbol.name.rpartition(".")[2].lower()
        self.default_names |= {last, last.replace("_", ""), last.removeprefix("reduce_")}
        for keyword in node.keywords:
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                value = keyword.value.value
                if isinstance(value, str) and self.repeated:
                    self.default_names.add(value.lower())
                elif isinstance(value, str):
                    self.names.unique(value)

    def _host_call(self, node: ast.Call) -> Value:
        for argument in argument_nodes(node):
            value = self.evaluate(argument)
            if value.is_graph:
                raise Refusal(argument, "host use", f"a {value.kind.value} is used by host code")
        return Value(Kind.HOST, node)

    # -- placeholders and variables ----------------------------------------------------

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
        if value.needs:
            raise Refusal(initial, "variable", "its initial value depends on other graph values")
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

    # -- what changes variables --------------------------------------------------------

    def _optimizer(self, node: ast.Call, kind: str) -> Value:
        given = arguments(node, OPTIMIZERS[kind])
        result = Value(Kind.OPTIMIZER, node, call=node)
        for name, argument in given.items():
            value = self.evaluate(argument)
            if value.is_graph and (name != "learning_rate" or value.kind not in TENSORS):
                raise Refusal(
                    argument, "optimizer", f"`{name}` of the optimizer is a {value.kind.value}"
                )
            if value.is_graph and not value.is_eager:
                result.rate = argument
                result.needs = value.needs
        self.default_names.add(kind.removesuffix("Optimizer").lower())
        return result

    def _assign(self, node: ast.Call, variable: Value, operand: ast.expr) -> Value:
        if variable.kind is not Kind.VARIABLE:
            raise Refusal(node, "assign", f"a {variable.kind.value} is assigned to")
        value = self.evaluate(operand)
        if value.kind not in (*TENSORS, Kind.HOST):
            raise Refusal(operand, "assign", f"a {value.kind.value} is assigned")
        self.default_names.add("assign")
        return Value(
            Kind.ASSIGN,
            node,
            call=node,
            of=variable,
            operand=operand,
            operand_value=value,
            needs=value.needs | {variable},
            random=value.random,
        )

    def _group(self, node: ast.Call, values: list[Value]) -> Value:
        """Ops that one op runs."""
        arguments(node, [*map(str, range(len(node.args))), "name"])
        for argument, value in zip(node.args, values, strict=True):
            if {leaf.kind for leaf in leaves(value)} - UPDATES or not leaves(value):
                raise Refusal(argument, "group", f"it groups a {value.kind.value}")
        return self._union(node, values, Kind.GROUP, dict(enumerate(values)))

    def _minimize(self, node: ast.Call, optimizer: Value) -> Value:
        given = arguments(
            node,
            ("loss", "global_step", "var_list", "gate_gradients", "aggregation_method",
             "colocate_gradients_with_ops", "name", "grad_loss"),
            ("loss", "global_step", "var_list", "name"),
        )  # fmt: skip
        loss = self._loss(given["loss"])
        result = Value(
            Kind.TRAIN, node, call=node, of=optimizer, operand=given["loss"], operand_value=loss
        )
        result.random = loss.random
        result.variables = self._chosen(node, loss, given.get("var_list"))
        result.listed = self._named_list(given.get("var_list"), result.variables)
        result.needs = loss.needs | frozenset(result.variables) | optimizer.needs
        self._count(result, given.get("global_step"))
        result.scoped = bool(self.names.scope)
        return result

    def _loss(self, node: ast.expr) -> Value:
        loss = self.evaluate(node)
        if loss.kind is not Kind.TENSOR or loss.several:
            raise Refusal(node, "minimize", f"the loss is a {loss.kind.value}")
        return loss

    def _chosen(self, node: ast.AST, loss: Value, listed: ast.expr | None) -> tuple[Value, ...]:
        """Return the variables that a loss is trained by."""
        chosen = [v for v in self.variables if v.trainable and v in loss.needs]
        if listed is not None and not (isinstance(listed, ast.Constant) and listed.value is None):
            value = self.evaluate(listed)
            items = list(value.items.values())
            if value.kind is Kind.VARIABLES and value.variables is not None:
                items = list(value.variables)
            elif value.kind is Kind.VARIABLE:
                items = [value]
            elif value.kind is not Kind.STRUCT or any(v.kind is not Kind.VARIABLE for v in items):
                raise Refusal(listed, "minimize", "the variables to train are computed")
            chosen = [item for item in items if item in loss.needs]
        if not chosen:
            raise Refusal(node, "minimize", "the loss depends on no variable that is trained")
        return tuple(chosen)

    def _named_list(self, node: ast.expr | None, variables: tuple[Value, ...]) -> Value | None:
        """Return the list that a name stands for, if it holds just ``variables``."""
        value = self.read_of.get(node) if isinstance(node, ast.Name) else None
        if value is None or value.kind is not Kind.STRUCT or value.step is None:
            return None
        return value if tuple(value.items.values()) == variables else None

    def _count(self, train: Value, step: ast.expr | None) -> None:
        """Note the global step that a train op counts."""
        if step is None:
            return
        counter = self.evaluate(step)
        if counter.kind is Kind.VARIABLE:
            train.counter = counter
            train.needs |= {counter}
        elif counter.is_graph or not isinstance(step, ast.Constant):
            raise Refusal(step, "minimize", "the global step is not a variable of the scope")

    # -- gradients --------------------------------------------------------------------

    def _trainable(self, node: ast.Call) -> Value:
        arguments(node, (), ())
        if self._inlined:
            raise Refusal(node, "function", "a function asks for the variables of the graph")
        listed = tuple(variable for variable in self.variables if variable.trainable)
        self.asked.append((node, listed))
        return Value(Kind.VARIABLES, node, call=node, variables=listed, needs=frozenset(listed))

    def _gradients(self, node: ast.Call) -> Value:
        given = arguments(node, ("ys", "xs", "name"), ("ys", "xs", "name"))
        loss = self._loss(given["ys"])
        value = self.evaluate(given["xs"])
        if value.kind not in (Kind.VARIABLE, Kind.VARIABLES) and (
            value.kind is not Kind.STRUCT
            or any(item.kind is not Kind.VARIABLE for item in value.items.values())
        ):
            raise Refusal(node, "gradients", "they are not taken by variables of the scope")
        return self._source(node, loss, given["ys"], self._chosen(node, loss, given["xs"]))

    def _compute_gradients(self, node: ast.Call) -> Value:
        given = arguments(
            node,
            ("loss", "var_list", "gate_gradients", "aggregation_method"),
            ("loss", "var_list"),
        )
        loss = self._loss(given["loss"])
        chosen = self._chosen(node, loss, given.get("var_list"))
        return self._source(node, loss, given["loss"], chosen)

    def _source(
        self, node: ast.Call, loss: Value, operand: ast.expr, chosen: tuple[Value, ...]
    ) -> Value:
        if self._inlined:
            raise Refusal(node, "function", "a function computes gradients")
        return Value(
            Kind.GRADIENTS,
            node,
            call=node,
            operand=operand,
            operand_value=loss,
            variables=chosen,
            needs=loss.needs | frozenset(chosen),
        )

    def _apply_gradients(self, node: ast.Call, optimizer: Value) -> Value:
        given = arguments(node, ("grads_and_vars", "global_step", "name"))
        pairs = self.evaluate(given["grads_and_vars"])
        if pairs.kind is not Kind.GRADIENTS or pairs.operand is None:
            raise Refusal(node, "gradients", "it is not told of which loss they are")
        assert pairs.operand_value is not None
        result = Value(
            Kind.TRAIN,
            node,
            call=node,
            of=optimizer,
            operand=pairs.operand,
            operand_value=pairs.operand_value,
            variables=pairs.variables,
            gradients=given["grads_and_vars"],
            needs=pairs.needs | optimizer.needs,
            random=pairs.random,
            scoped=bool(self.names.scope),
        )
        self._count(result, given.get("global_step"))
        return result


def _default(function: ast.AST, parameter: str) -> ast.expr | None:
    """Return the default of a parameter of a function, or None."""
    assert isinstance(function, ast.FunctionDef)
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    defaults = dict(zip(reversed(names), reversed(function.args.defaults), strict=False))
    return defaults.get(parameter)
