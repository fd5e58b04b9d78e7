"""What an expression of a graph-and-session scope stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from migrator.lift import renames
from migrator.lift.kinds import Kind, Refusal, Run, Step, Value
from migrator.lift.tf1_names import Names
from migrator.names import Module, Scope, Symbol

__all__ = ["OPTIMIZERS", "Context", "Expressions", "arguments", "leaves"]

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
    | {"initializers.local_variables"}
)
_CONFIGS = frozenset(
    {"ConfigProto", "GPUOptions", "Graph", "get_default_graph", "GraphOptions", "OptimizerOptions"}
)
_TENSORS = frozenset({Kind.TENSOR, Kind.VARIABLE, Kind.PLACEHOLDER})
#: Attributes of a tensor that its static shape and type decide.
_STATIC = frozenset({"shape", "dtype", "values", "indices"})
_GRAPH_METHODS = frozenset({"get_shape", "as_list"})
#: Built-in functions without effects.
_HARMLESS = frozenset(
    {"len", "int", "float", "str", "bool", "range", "round", "min", "max", "abs", "sum", "tuple"}
    | {"list", "dict", "set", "sorted", "zip", "enumerate", "reversed", "any", "all", "repr"}
)
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.Pow: "pow",
    ast.Mod: "mod", ast.FloorDiv: "floordiv", ast.MatMult: "matmul", ast.USub: "neg",
    ast.Invert: "logicalnot", ast.Gt: "greater", ast.Lt: "less", ast.GtE: "greaterequal",
    ast.LtE: "lessequal", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
}  # fmt: skip


@dataclass(frozen=True)
class Context:
    """Where a statement stands."""

    loop: bool = False
    branch: bool = False
    attempt: bool = False  #: in a try statement
    deferred: bool = False  #: in a function that runs at some later time


def arguments(
    call: ast.Call, names: Iterable[str], accept: Iterable[str] = ()
) -> dict[str, ast.expr]:
    """Return the arguments of ``call`` by the parameter names of a TensorFlow 1 function.

    Args:
        call: the call.
        names: the parameters, in order.
        accept: those that may be given; empty accepts all.

    Raises:
        Refusal: an argument is not among them, or not accepted.
    """
    order = list(names)
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(
        keyword.arg is None for keyword in call.keywords
    ):
        raise Refusal(call, "arguments", "its arguments come through `*` or `**`")
    if len(call.args) > len(order):
        raise Refusal(call, "arguments", "it has more arguments than TensorFlow 1 takes")
    found = dict(zip(order, call.args, strict=False))
    for keyword in call.keywords:
        assert keyword.arg is not None
        if keyword.arg not in order or keyword.arg in found:
            raise Refusal(call, "arguments", f"its argument `{keyword.arg}` is not understood")
        found[keyword.arg] = keyword.value
    allowed = set(accept) or set(order)
    for name in found:
        if name not in allowed:
            raise Refusal(
                found[name], "arguments", f"its argument `{name}` is not carried over by a lift"
            )
    return found


class Expressions:
    """Evaluates expressions to :class:`Value`, and collects what they read."""

    module: Module

    def __init__(self, module: Module) -> None:
        self.module = module
        self.env: dict[tuple[int, str], Value] = {}
        self.names = Names()
        self.default_names: set[str] = {"gradients", "save"}
        self.reads: list[tuple[ast.Name, Value]] = []
        self.host: list[ast.Name] = []
        self.read_of: dict[ast.Name, Value] = {}
        self.graphs = 0
        self.calls: list[ast.Call] = []  #: of host code that may have effects
        self.visited: set[ast.AST] = set()  #: references to TensorFlow that were understood
        self.pure: dict[ast.FunctionDef, None] = {}  #: functions called by graph code
        self.steps: list[Step] = []
        self.runs: list[Run] = []
        self.variables: list[Value] = []
        self._inlined: list[Scope] = []

    # -- names ------------------------------------------------------------------------

    def key(self, name: ast.Name) -> tuple[int, str]:
        """Return where the value of ``name`` is kept."""
        scope, _ = self.module.find(name.id, self.module.scope_of[name])
        return (id(scope) if scope is not None else 0, name.id)

    def _name(self, node: ast.Name) -> Value:
        value = self.env.get(self.key(node))
        scope, bindings = self.module.find(node.id, self.module.scope_of[node])
        if value is None or value.kind is Kind.HOST:
            if scope is not None and scope not in self._inlined:
                self.host.append(node)
            return value or Value(Kind.HOST, node)
        if self._inlined and scope is not None and scope not in self._inlined:
            if scope is self.module.root and self._is_of_module(value):
                self.read_of[node] = value
                return value
            raise Refusal(
                node,
                "function",
                f"the function around it reads the {value.kind.value} `{node.id}` from outside",
            )
        if self.is_deferred() and len(bindings) > 1 and value.kind is not Kind.FEED:
            raise Refusal(
                node, "one meaning", f"a function reads `{node.id}`, which has several meanings"
            )
        self.reads.append((node, value))
        self.read_of[node] = value
        return value

    def _is_of_module(self, value: Value) -> bool:
        """Whether a function can reach a value of its file through the module that is made."""
        kinds = {leaf.kind for leaf in leaves(value)} - {Kind.HOST}
        return kinds == {Kind.VARIABLE}

    def is_deferred(self) -> bool:
        """Whether the code at hand runs at some later time."""
        return False

    def env_at(self, node: ast.Name) -> Value | None:
        """Return the graph value that a name was found to read, or None."""
        return self.read_of.get(node)

    # -- expressions ------------------------------------------------------------------

    def evaluate(self, node: ast.expr) -> Value:
        """Return what ``node`` stands for.

        Raises:
            Refusal: it is not understood.
        """
        symbol = self.module.symbol(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
        if symbol is not None:
            return self._reference(node, symbol)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Constant):
            return Value(Kind.HOST, node)
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, (ast.Dict, ast.List, ast.Tuple)):
            return self._literal(node)
        if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Compare)):
            return self._operator(node)
        values = [
            self.evaluate(child)
            for child in ast.walk(node)
            if isinstance(child, ast.expr) and self._is_part(child, node)
        ]
        for value in values:
            if value.is_graph:
                raise Refusal(node, "host use", f"a {value.kind.value} is used by host code")
        return Value(Kind.HOST, node)

    def _is_part(self, child: ast.expr, node: ast.expr) -> bool:
        """Whether ``child`` is the nearest expression below ``node`` that can be evaluated."""
        if child is node or (isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load)):
            return False
        for around in self.module.ancestors(child):
            if around is node:
                return True
            if isinstance(around, ast.expr):
                return False
        return False

    def _literal(self, node: ast.Dict | ast.List | ast.Tuple) -> Value:
        items: dict[object, Value] = {}
        if isinstance(node, ast.Dict):
            feed: dict[Value, ast.expr] = {}
            for key, item in zip(node.keys, node.values, strict=True):
                if key is None:
                    raise Refusal(item, "arguments", "a dictionary is made with `**`")
                name = self.evaluate(key)
                value = self.evaluate(item)
                if name.is_graph:
                    if name.kind is not Kind.PLACEHOLDER:
                        raise Refusal(key, "feed", f"a {name.kind.value} is fed")
                    if value.is_graph:
                        raise Refusal(item, "feed", f"a {value.kind.value} is fed to a placeholder")
                    feed[name] = item
                else:
                    items[key.value if isinstance(key, ast.Constant) else key] = value
            if feed and items:
                raise Refusal(node, "feed", "a dictionary has placeholders and others as keys")
            if feed:
                return Value(Kind.FEED, node, feed=feed)
        else:
            for index, element in enumerate(node.elts):
                items[index] = self.evaluate(element)
        if not any(value.is_graph for value in items.values()):
            return Value(Kind.HOST, node)
        return self._union(node, items.values(), Kind.STRUCT, items)

    def _union(
        self,
        node: ast.expr,
        values: Iterable[Value],
        kind: Kind = Kind.TENSOR,
        items: dict[object, Value] | None = None,
    ) -> Value:
        values = list(values)
        return Value(
            kind,
            node,
            needs=frozenset().union(*(value.needs for value in values)),
            random=any(value.random for value in values),
            sparse=frozenset().union(*(value.sparse for value in values)),
            items=items or {},
        )

    def _operator(self, node: ast.BinOp | ast.UnaryOp | ast.Compare) -> Value:
        if isinstance(node, ast.BinOp):
            operands, operators = [node.left, node.right], [node.op]
        elif isinstance(node, ast.UnaryOp):
            operands, operators = [node.operand], [node.op]  # type: ignore[list-item]
        else:
            operands = [node.left, *node.comparators]
            operators = list(node.ops)  # type: ignore[arg-type]
        values = [self.evaluate(operand) for operand in operands]
        if not any(value.is_graph for value in values):
            return Value(Kind.HOST, node)
        for value in values:
            if value.is_graph and value.kind not in _TENSORS:
                raise Refusal(node, "host use", f"a {value.kind.value} is used in an expression")
        for operator in operators:
            if type(operator) not in _OPERATORS:
                raise Refusal(
                    node,
                    "operator",
                    "this operator means another thing for tensors of TensorFlow 2",
                )
            self.default_names.add(_OPERATORS[type(operator)])
        if isinstance(node, ast.Compare) and len(operators) > 1:
            raise Refusal(node, "operator", "a chained comparison needs the value of a tensor")
        return self._union(node, values)

    def _attribute(self, node: ast.Attribute) -> Value:
        base = self.evaluate(node.value)
        if not base.is_graph and base.kind is not Kind.CONFIG:
            return Value(Kind.HOST, node)
        if base.kind is Kind.CONFIG:
            return Value(Kind.CONFIG, node)
        if base.kind in _TENSORS and node.attr in _STATIC:
            return self._union(node, [base])
        raise Refusal(
            node, "attribute", f"`.{node.attr}` of a {base.kind.value} is not carried over"
        )

    def _subscript(self, node: ast.Subscript) -> Value:
        base = self.evaluate(node.value)
        index = self.evaluate_slice(node.slice)
        if base.kind is Kind.STRUCT:
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if key in base.items:
                return base.items[key]
            raise Refusal(node, "structure", "it is not told which graph value this index means")
        if base.kind in _TENSORS:
            self.default_names.add("stridedslice")
            return self._union(node, [base, *index])
        if base.is_graph or any(value.is_graph for value in index):
            raise Refusal(node, "host use", "a graph value is used by host code")
        return Value(Kind.HOST, node)

    def evaluate_slice(self, node: ast.expr) -> list[Value]:
        """Return the values in an index."""
        if isinstance(node, ast.Slice):
            parts = [part for part in (node.lower, node.upper, node.step) if part is not None]
            return [self.evaluate(part) for part in parts]
        if isinstance(node, ast.Tuple):
            return [value for part in node.elts for value in self.evaluate_slice(part)]
        return [self.evaluate(node)]

    # -- TensorFlow -------------------------------------------------------------------

    def _reference(self, node: ast.expr, symbol: Symbol) -> Value:
        """A symbol of TensorFlow that is not called."""
        name = symbol.spelled.partition(".")[2]
        self.visited.add(node)
        if name in renames.CONSTANTS or name == "" or renames.is_flags(symbol):
            return Value(Kind.HOST, node)
        if renames.gone(symbol):
            return Value(Kind.HOST, node)
        known = renames.entry(symbol)
        if known is not None and not known.news and not renames.is_random(symbol):
            return Value(Kind.HOST, node)  # an activation that is handed on
        constant = symbol.name.startswith(
            ("tf.saved_model.tag_constants", "tf.saved_model.signature_constants")
        )
        if constant or _is_constant(symbol):
            return Value(Kind.HOST, node)
        raise Refusal(node, "symbol", f"`{symbol.spelled}` has no successor without a session here")

    def call(self, node: ast.Call) -> Value:
        """Return what a call gives."""
        symbol = self.module.symbol(node.func)
        if symbol is not None:
            self.visited.add(node.func)
            return self.tensorflow(node, symbol)
        if isinstance(node.func, ast.Attribute):
            base = self.evaluate(node.func.value)
            if base.is_graph or base.kind is Kind.CONFIG:
                return self.method(node, base, node.func.attr)
        elif isinstance(node.func, ast.Name):
            function = self._function(node.func)
            if function is not None:
                return self._local(node, function)
            self.evaluate(node.func)
            if node.func.id in ("exec", "eval", "globals", "locals", "setattr", "vars"):
                raise Refusal(node, "dynamic code", f"`{node.func.id}` changes names unseen")
        else:
            self.evaluate(node.func)
        for argument in _argument_nodes(node):
            value = self.evaluate(argument)
            if value.kind is not Kind.HOST:
                raise Refusal(
                    argument,
                    "unseen function",
                    f"a {value.kind.value} is passed to `{ast.unparse(node.func)}`, which is not"
                    " seen into",
                )
        if not self.is_harmless(node):
            self.calls.append(node)
        return Value(Kind.HOST, node)

    def is_harmless(self, node: ast.Call) -> bool:
        """Whether a call of host code gives the same whenever and however often it is made."""
        function = node.func
        if self.module.symbol(function) is not None:
            return True
        if isinstance(function, ast.Name):
            scope, _ = self.module.find(function.id, self.module.scope_of[function])
            return scope is None and function.id in _HARMLESS
        parts: list[str] = []
        while isinstance(function, ast.Attribute):
            parts.append(function.attr)
            function = function.value
        if isinstance(function, ast.Call):
            return parts[-1:] in (["astype"], ["reshape"], ["copy"]) and self.is_harmless(function)
        if not isinstance(function, ast.Name):
            return parts[:1] in (["format"], ["join"]) and isinstance(function, ast.Constant)
        _, bindings = self.module.find(function.id, self.module.scope_of[function])
        dotted = {binding.dotted for binding in bindings}
        if dotted <= {"numpy", "math"} and dotted:
            return "random" not in parts
        if dotted <= {"os", "os.path"} and dotted:
            return parts[0] in ("join", "dirname", "basename", "abspath")
        return parts[0] in ("mean", "std", "min", "max", "sum", "astype", "reshape", "copy")

    def tensorflow(self, node: ast.Call, symbol: Symbol) -> Value:
        """Return what a call of TensorFlow gives."""
        name = symbol.name.partition(".")[2]
        if name == "placeholder":
            return self._placeholder(node)
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
            raise Refusal(node, "symbol", "`tf.group` groups other operations than initializers")
        if name == "Graph":
            self.graphs += 1
            if self.graphs > 1:
                raise Refusal(node, "one graph", "there is a second graph")
        if name in _CONFIGS:
            for argument in _argument_nodes(node):
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
        known = renames.entry(symbol)
        if known is None and name not in renames.TEMPLATES:
            raise Refusal(
                node, "symbol", f"`{symbol.spelled}` has no successor without a session here"
            )
        if known is not None:
            renames.bound(node, known)
        values = [self.evaluate(argument) for argument in _argument_nodes(node)]
        for value in values:
            if value.kind not in (*_TENSORS, Kind.HOST, Kind.STRUCT):
                raise Refusal(node, "host use", f"a {value.kind.value} is passed to TensorFlow")
        self._name_operation(node, symbol)
        result = self._union(node, values)
        result.random = result.random or renames.is_random(symbol)
        result.several = renames.gives_several(symbol)
        if renames.is_sparse(symbol):
            result.sparse |= result.variables_below()
        return result

    def _name_operation(self, node: ast.Call, symbol: Symbol) -> None:
        """Count the name that an operation takes, which a variable may want, too."""
        last = symbol.name.rpartition(".")[2].lower()
        self.default_names |= {last, last.replace("_", ""), last.removeprefix("reduce_")}
        for keyword in node.keywords:
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                value = keyword.value.value
                if isinstance(value, str):
                    self.names.unique(value)

    def _host_call(self, node: ast.Call) -> Value:
        for argument in _argument_nodes(node):
            value = self.evaluate(argument)
            if value.is_graph:
                raise Refusal(argument, "host use", f"a {value.kind.value} is used by host code")
        return Value(Kind.HOST, node)

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
        if trainable is not None:
            if not isinstance(trainable, ast.Constant):
                raise Refusal(trainable, "trainable", "whether it is trained is computed")
            value.trainable = bool(trainable.value)
        value.needs = frozenset({value})
        self.variables.append(value)
        return value

    def _variable(self, node: ast.Call) -> Value:
        if self._inlined:
            raise Refusal(node, "variable in a function", "a function makes the variable")
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
        return self._made(
            node, self.names.variable(self._literal_name(given.get("name"))), given.get("trainable")
        )

    def _get_variable(self, node: ast.Call) -> Value:
        if self._inlined:
            raise Refusal(node, "variable in a function", "a function makes the variable")
        names = ("name", "shape", "dtype", "initializer", "regularizer", "trainable")
        given = arguments(node, names, ("name", "shape", "dtype", "initializer", "trainable"))
        name = self._literal_name(given.get("name"))
        if name is None:
            raise Refusal(node, "variable name", "it has no name")
        for key in ("shape", "dtype", "initializer"):
            if key in given and self.evaluate(given[key]).is_graph:
                raise Refusal(given[key], "variable", "it depends on a graph value")
        if "shape" not in given:
            raise Refusal(node, "variable", "its shape is that of its initializer")
        full = self.names.got_variable(name)
        if full is None:
            raise Refusal(
                node, "variable name", f"the name `{name}` is in use, so what TensorFlow 1 makes of"
                " it is not told exactly"
            )  # fmt: skip
        return self._made(node, full, given.get("trainable"))

    def _optimizer(self, node: ast.Call, kind: str) -> Value:
        given = arguments(node, OPTIMIZERS[kind])
        for name, argument in given.items():
            value = self.evaluate(argument)
            if value.is_graph:
                raise Refusal(
                    argument, "optimizer", f"`{name}` of the optimizer is a {value.kind.value}"
                )
        self.default_names.add(kind.removesuffix("Optimizer").lower())
        return Value(Kind.OPTIMIZER, node, call=node)

    def _assign(self, node: ast.Call, variable: Value, operand: ast.expr) -> Value:
        if variable.kind is not Kind.VARIABLE:
            raise Refusal(node, "assign", f"a {variable.kind.value} is assigned to")
        value = self.evaluate(operand)
        if value.kind not in (*_TENSORS, Kind.HOST):
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

    # -- calls of others --------------------------------------------------------------

    def method(self, node: ast.Call, base: Value, name: str) -> Value:
        """Return what a method of a graph value gives."""
        if base.kind in _TENSORS and name in _GRAPH_METHODS:
            return self._union(node, [base])
        if base.kind is Kind.VARIABLE and name in ("assign", "assign_add", "assign_sub"):
            given = arguments(node, ("value",))
            return self._assign(node, base, given["value"])
        if base.kind is Kind.OPTIMIZER and name == "minimize":
            return self._minimize(node, base)
        raise Refusal(node, "method", f"`.{name}()` of a {base.kind.value} is not carried over")

    def _minimize(self, node: ast.Call, optimizer: Value) -> Value:
        given = arguments(
            node,
            ("loss", "global_step", "var_list", "gate_gradients", "aggregation_method",
             "colocate_gradients_with_ops", "name", "grad_loss"),
            ("loss", "global_step", "var_list", "name"),
        )  # fmt: skip
        loss = self.evaluate(given["loss"])
        if loss.kind is not Kind.TENSOR:
            raise Refusal(node, "minimize", f"the loss is a {loss.kind.value}")
        result = Value(
            Kind.TRAIN, node, call=node, of=optimizer, operand=given["loss"], operand_value=loss
        )
        result.random = loss.random
        chosen = [
            variable for variable in self.variables if variable.trainable and variable in loss.needs
        ]
        if "var_list" in given:
            listed = self.evaluate(given["var_list"])
            if listed.kind is not Kind.STRUCT or any(
                item.kind is not Kind.VARIABLE for item in listed.items.values()
            ):
                raise Refusal(given["var_list"], "minimize", "the variables to train are computed")
            chosen = [item for item in listed.items.values() if item in loss.needs]
        if not chosen:
            raise Refusal(node, "minimize", "the loss depends on no variable that is trained")
        result.variables = tuple(chosen)
        if "global_step" in given:
            counter = self.evaluate(given["global_step"])
            if counter.kind is Kind.VARIABLE:
                result.counter = counter
            elif counter.is_graph or not isinstance(given["global_step"], ast.Constant):
                raise Refusal(node, "minimize", "the global step is not a variable of the scope")
        result.needs = loss.needs | frozenset(chosen)
        if result.counter is not None:
            result.needs |= {result.counter}
        return result

    def _function(self, name: ast.Name) -> ast.FunctionDef | None:
        _, bindings = self.module.find(name.id, self.module.scope_of[name])
        if len(bindings) == 1 and isinstance(bindings[0].node, ast.FunctionDef):
            return bindings[0].node
        return None

    def _local(self, node: ast.Call, function: ast.FunctionDef) -> Value:
        """A call of a function of this file: host, or a part of the graph that is seen into."""
        values = {argument: self.evaluate(argument) for argument in _argument_nodes(node)}
        if any(value.kind is Kind.CONFIG for value in values.values()):
            raise Refusal(node, "unseen function", "a session configuration is passed on")
        graph = any(value.is_graph for value in values.values())
        if not graph and not self._builds_graph(function):
            self.calls.append(node)
            return Value(Kind.HOST, node)
        for argument, value in values.items():
            if value.is_graph and value.kind not in (*_TENSORS, Kind.STRUCT):
                raise Refusal(
                    argument, "unseen function", f"a {value.kind.value} is passed to a function"
                )
        return self._inline(node, function, values)

    def _builds_graph(self, function: ast.FunctionDef) -> bool:
        """Whether a function calls what makes operations or variables."""
        for inner in ast.walk(function):
            if isinstance(inner, ast.Call):
                symbol = self.module.symbol(inner.func)
                if symbol is not None:
                    name = symbol.name.partition(".")[2]
                    if name not in renames.HOST and not symbol.spelled.startswith("tf.examples."):
                        return True
        return False

    def _inline(
        self, node: ast.Call, function: ast.FunctionDef, values: dict[ast.expr, Value]
    ) -> Value:
        scope = self.module.scopes[function]
        if scope in self._inlined or len(self._inlined) > 3:
            raise Refusal(node, "function", "the function calls itself")
        spec = function.args
        names = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
        if spec.vararg or spec.kwarg or spec.kwonlyargs or function.decorator_list:
            raise Refusal(function, "function", "its parameters or decorators are not followed")
        given = arguments(node, names)
        for name in names:
            argument = given.get(name)
            value = values[argument] if argument is not None else Value(Kind.HOST)
            self.env[(id(scope), name)] = value
        self._inlined.append(scope)
        reads = self.reads
        self.reads = []  # what the function's own names stand for concerns nobody else
        try:
            returned = self._body(function.body, function)
        finally:
            self._inlined.pop()
            self.reads = reads
        if not returned:
            raise Refusal(node, "function", "it returns nothing on some way, or nothing at all")
        self.pure[function] = None
        if len(returned) == 1:
            (value,) = returned
            if value.kind is Kind.STRUCT:
                return Value(
                    Kind.STRUCT, node, needs=value.needs, random=value.random,
                    sparse=value.sparse, items=value.items,
                )  # fmt: skip
        for value in returned:
            if value.kind not in (*_TENSORS, Kind.HOST):
                raise Refusal(node, "function", f"it may return a {value.kind.value}")
        return self._union(node, returned)

    def _body(self, body: list[ast.stmt], function: ast.FunctionDef) -> list[Value]:
        """Evaluate the statements of a function that makes tensors of tensors."""
        returned: list[Value] = []
        for statement in body:
            if isinstance(statement, ast.Return) and statement.value is not None:
                returned.append(self.evaluate(statement.value))
            elif isinstance(statement, ast.Assign):
                value = self.evaluate(statement.value)
                for target in statement.targets:
                    self._bind_inside(target, value)
            elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
                before = self.env.get(self.key(statement.target), Value(Kind.HOST))
                value = self.evaluate(statement.value)
                if before.is_graph or value.is_graph:
                    value = self._union(statement.value, [before, value])
                self._bind_inside(statement.target, value)
            elif isinstance(statement, ast.If):
                if self.evaluate(statement.test).is_graph:
                    raise Refusal(statement, "function", "a condition needs the value of a tensor")
                before_branch = dict(self.env)
                returned += self._body(statement.body, function)
                after = dict(self.env)
                self.env = before_branch
                returned += self._body(statement.orelse, function)
                self._join(after)
            elif (
                isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            ) or isinstance(statement, ast.Pass):
                continue
            else:
                raise Refusal(
                    statement, "function", f"`{function.name}` does more than make tensors here"
                )
        return returned

    def _join(self, other: dict[tuple[int, str], Value]) -> None:
        for key, value in other.items():
            mine = self.env.get(key)
            if mine is None:
                self.env[key] = value
            elif mine is not value:
                node = value.node or mine.node
                if Kind.STRUCT in (mine.kind, value.kind):
                    raise Refusal(node or ast.Pass(), "function", "a structure differs by branch")
                if mine.is_graph or value.is_graph:
                    assert node is not None
                    self.env[key] = self._union(node, [mine, value])

    def _bind_inside(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            scope, _ = self.module.find(target.id, self.module.scope_of[target])
            if scope not in self._inlined:
                raise Refusal(target, "function", "a function changes a name outside of it")
            self.env[self.key(target)] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            for index, element in enumerate(target.elts):
                item = value.items.get(index) if value.kind is Kind.STRUCT else value
                self._bind_inside(element, item or value)
        elif value.is_graph:
            raise Refusal(target, "function", "a graph value is stored in an attribute or item")


def leaves(value: Value) -> list[Value]:
    """Return the values in a structure, or the value itself."""
    if value.kind is not Kind.STRUCT:
        return [value]
    return [leaf for item in value.items.values() for leaf in leaves(item)]


def _argument_nodes(node: ast.Call) -> list[ast.expr]:
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    return [value.value if isinstance(value, ast.Starred) else value for value in values]


def _is_constant(symbol: Symbol) -> bool:
    return symbol.name.startswith("tf.saved_model.") and symbol.name.rpartition(".")[2].isupper()
