"""Operations and optimizers: what calls of TensorFlow put into the graph."""

from __future__ import annotations

import ast

from migrator.lift import renames
from migrator.lift.expressions import LISTS, TENSORS, argument_nodes, arguments
from migrator.lift.kinds import UPDATES, Kind, Refusal, Value, leaves
from migrator.lift.variables import Variables
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


class Operations(Variables):
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
            if any(made.tf_name.rpartition("/")[2] == "global_step" for made in self.variables):
                raise Refusal(node, "variable name", "it finds a global step that is there")
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
            if value.kind is Kind.STRUCT and name in renames.PARTITIONED:
                raise Refusal(node, "partitions", "weights in parts are dealt out otherwise now")
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
        if base.kind is Kind.VARIABLE and name == "initialized_value":
            return self.initialized_value(node, base)
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
        self.default_names |= {kind.removesuffix("Optimizer").lower(), "beta1_power", "beta2_power"}
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
        result.scoped = self._names_slots(optimizer)
        return result

    def _names_slots(self, optimizer: Value) -> bool:
        """Whether slots are named after the scopes: all of a variable scope, Adam's powers."""
        symbol = self.module.symbol(optimizer.call.func) if optimizer.call is not None else None
        adam = symbol is not None and "Adam" in symbol.name
        return self.names.in_variable_scope or (adam and bool(self.names.scope))

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
            scoped=self._names_slots(optimizer),
        )
        self._count(result, given.get("global_step"))
        return result
