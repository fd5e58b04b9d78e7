"""What an expression of a graph-and-session scope stands for."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from migrator.lift import renames
from migrator.lift.kinds import Kind, Maker, Refusal, Run, Step, Value, leaves
from migrator.lift.tf1_names import Names
from migrator.names import Module, Scope, Symbol

__all__ = ["LISTS", "TENSORS", "Context", "Expressions", "argument_nodes", "arguments"]

TENSORS = frozenset({Kind.TENSOR, Kind.VARIABLE, Kind.PLACEHOLDER})
#: Lists that train ops are made of.
LISTS = frozenset({Kind.GRADIENTS, Kind.VARIABLES})


#: Attributes of a tensor that its static shape and type decide.
_STATIC = frozenset({"shape", "dtype"})

#: Attributes of a sparse tensor or of slices that are tensors.
_PARTS = frozenset({"values", "indices"})

#: Attributes of what a static shape or type gives.
_OF_STATIC = frozenset({"value", "ndims", "rank", "dims", "name", "base_dtype"})


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
        self.repeated = False  #: the code at hand may run several times, or not at all
        self.calls: list[ast.Call] = []  #: of host code that may have effects
        self.initial: set[ast.AST] = set()  #: ``v.initialized_value()``
        self.values: set[ast.AST] = set()  #: ``.value`` of dimensions of static shapes
        self.visited: set[ast.AST] = set()  #: references to TensorFlow that were understood
        self.pure: dict[ast.FunctionDef, None] = {}  #: functions called by graph code
        self.steps: list[Step] = []
        self.runs: list[Run] = []
        self.variables: list[Value] = []
        self.makers: dict[ast.FunctionDef, Maker] = {}
        #: functions that read tensors from outside -> the names of these, and who calls them
        self.lent: dict[ast.FunctionDef, dict[str, None]] = {}
        self.lent_calls: dict[ast.Call, ast.FunctionDef] = {}
        self.lent_names: dict[ast.Call, set[str]] = {}
        self._borrowed: list[tuple[ast.Name, Value]] = []
        self._inlined: list[Scope] = []
        self._inlined_calls: list[ast.Call] = []
        #: where the trainable variables are asked for, and which there were
        self.asked: list[tuple[ast.Call, tuple[Value, ...]]] = []

    # -- names -------------------------------------------------------------------------

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
            if value.is_eager and len(bindings) == 1:
                return value
            if self._lends(node, value):
                return value
            if scope is self.module.root and self._is_of_module(value):
                before = self.read_of.setdefault(node, value)
                if before is not value or not self.covers(node):
                    raise Refusal(
                        node, "one meaning", f"a function reads `{node.id}`, which means two things"
                    )
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

    def _lends(self, node: ast.Name, value: Value) -> bool:
        """Whether a function's tensor from outside can be a parameter that is added to it."""
        function = self._inlined[0].node
        if (
            len(self._inlined) != 1
            or not isinstance(function, ast.FunctionDef)
            or value.kind not in (Kind.TENSOR, Kind.PLACEHOLDER)
            or value.name != node.id
            or value.step is None
            or value.is_eager
            or function.args.defaults
            or self._inlined_calls[0].keywords
        ):
            return False
        self.lent.setdefault(function, {})[node.id] = None
        self.lent_calls[self._inlined_calls[0]] = function
        self.lent_names.setdefault(self._inlined_calls[0], set()).add(node.id)
        self._borrowed.append((node, value))
        self.read_of[node] = value
        return True

    def _is_of_module(self, value: Value) -> bool:
        """Whether a function can reach a value of its file through the module that is made."""
        kinds = {leaf.kind for leaf in leaves(value)} - {Kind.HOST}
        return kinds == {Kind.VARIABLE}

    def is_deferred(self) -> bool:
        """Whether the code at hand runs at some later time."""
        return False

    def covers(self, node: ast.AST) -> bool:
        """Whether ``node`` stands among the statements that are looked at."""
        raise NotImplementedError

    def env_at(self, node: ast.Name) -> Value | None:
        """Return the graph value that a name was found to read, or None."""
        return self.read_of.get(node)

    # -- expressions -------------------------------------------------------------------

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
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and len(node.generators) == 1:
            (each,) = node.generators
            items = self.evaluate(each.iter)
            if items.kind in LISTS:
                return self._each(node, each, items)
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

    def static(self, node: ast.expr, values: Iterable[Value]) -> Value:
        """Return what is told by the static shapes and types of ``values``."""
        result = self._union(node, values)
        result.static = True
        return result

    def _each(
        self, node: ast.ListComp | ast.GeneratorExp, each: ast.comprehension, items: Value
    ) -> Value:
        """A list made of gradients or variables, one by one."""
        targets = each.target.elts if isinstance(each.target, ast.Tuple) else [each.target]
        for target in targets:
            if not isinstance(target, ast.Name):
                raise Refusal(node, "gradients", "they are taken apart in an unusual way")
            kind = Kind.GRADIENTS if items.kind is Kind.GRADIENTS else Kind.TENSOR
            self.env[self.key(target)] = Value(kind, target, needs=items.needs)
        before = self.reads
        self.reads = []
        for condition in each.ifs:
            self._needs_host(condition)
        made = self.evaluate(node.elt)
        scope = self.module.scopes[node]
        own = [read for read in self.reads if self.module.scope_of[read[0]] is not scope
               or self.module.find(read[0].id, scope)[0] is not scope]  # fmt: skip
        self.reads = [*before, *own]
        below = leaves(made)
        if any(leaf.kind not in (*TENSORS, *LISTS, Kind.HOST) for leaf in below):
            raise Refusal(node, "gradients", "they are taken apart in an unusual way")
        if items.kind is Kind.GRADIENTS:
            return self.gradients(node, [items, *below])
        result = self._union(node, [items, *below])
        result.several = True
        return result

    def _needs_host(self, node: ast.expr) -> None:
        value = self.evaluate(node)
        if value.is_graph:
            raise Refusal(node, "host use", f"a {value.kind.value} is used by host code")

    def gradients(self, node: ast.expr, values: Iterable[Value]) -> Value:
        """Return a list of gradients that is made of ``values``, of one loss."""
        values = [value for value in values if value.is_graph]
        result = self._union(node, values, Kind.GRADIENTS)
        for value in values:
            if value.kind is not Kind.GRADIENTS or value.operand is None:
                continue
            if result.operand not in (None, value.operand):
                raise Refusal(node, "gradients", "gradients of several losses are put together")
            result.operand, result.operand_value = value.operand, value.operand_value
            result.variables = value.variables
        return result

    def _operator(self, node: ast.BinOp | ast.UnaryOp | ast.Compare) -> Value:
        if isinstance(node, ast.BinOp):
            operands, operators = [node.left, node.right], [node.op]
        elif isinstance(node, ast.UnaryOp):
            operands, operators = [node.operand], [node.op]  # type: ignore[list-item]
        else:
            operands = [node.left, *node.comparators]
            operators = list(node.ops)  # type: ignore[arg-type]
        values = [self.evaluate(operand) for operand in operands]
        if values[0].kind is Kind.GRADIENTS and isinstance(operators[0], (ast.Is, ast.IsNot)):
            return Value(Kind.HOST, node)  # a variable may have no gradient
        if not any(value.is_graph for value in values):
            return Value(Kind.HOST, node)
        for value in values:
            if value.is_graph and value.kind not in TENSORS:
                raise Refusal(node, "host use", f"a {value.kind.value} is used in an expression")
        if all(value.static or not value.is_graph for value in values):
            return self.static(node, values)
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
        if base.kind is Kind.VARIABLE and node.attr == "initializer":
            return Value(Kind.INIT, node)
        if base.static:
            if node.attr == "value":
                self.values.add(node)
            if node.attr in _OF_STATIC:
                return self.static(node, [base])
        elif base.kind in TENSORS and node.attr in _STATIC:
            return self.static(node, [base])
        elif base.kind in TENSORS and node.attr in _PARTS:
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
        if base.static and not any(value.is_graph for value in index):
            return self.static(node, [base])
        if base.kind in TENSORS:
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

    def _reference(self, node: ast.expr, symbol: Symbol) -> Value:
        """A symbol of TensorFlow that is not called."""
        name = symbol.spelled.partition(".")[2]
        self.visited.add(node)
        if name in renames.CONSTANTS or name == "" or renames.is_flags(symbol):
            return Value(Kind.HOST, node)
        if name in renames.LEVELS:
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
        raise NotImplementedError


def argument_nodes(node: ast.Call) -> list[ast.expr]:
    """Return the arguments of ``node``, those with ``*`` or a keyword without it."""
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    return [value.value if isinstance(value, ast.Starred) else value for value in values]


def _is_constant(symbol: Symbol) -> bool:
    return symbol.name.startswith("tf.saved_model.") and symbol.name.rpartition(".")[2].isupper()
