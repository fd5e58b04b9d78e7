"""Graph-building code as it is spelled where it runs once, inside of a build.

Inside of a build (``tf.compat.v1.wrap_function``) TensorFlow 1's graph functions work as they did,
so the code keeps its statements.  A name becomes TensorFlow 2's where that is the same function
with the same arguments, and ``tensorflow.compat.v1``'s where it is not.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from migrator import slim_symbols, symbols
from migrator.apis import BRIDGED_READERS, bridged_estimator, is_model_part
from migrator.calls import is_v1_load
from migrator.lift import renames
from migrator.lift.averages import averages_tensors
from migrator.lift.graph_symbols import EAGER, LOADERS, PARTS, PREDICTOR, REFUSED, STRINGS, below
from migrator.lift.kinds import Refusal
from migrator.lift.text import Edit, Writer, without
from migrator.names import Module, Symbol
from migrator.symbols import Status

__all__ = ["GraphCode", "Needs"]

#: What to write instead of a node: all of it, edits in it, or None to look inside.
Replace = Callable[[ast.AST, Writer], "str | list[Edit] | None"]


@dataclass(slots=True)
class Needs:
    """What the new text needs besides TensorFlow."""

    legacy_keras: str = ""  #: the first symbol that runs with ``TF_USE_LEGACY_KERAS=1`` only
    parts: set[str] = field(default_factory=set)  #: of the bridge
    requirements: set[str] = field(default_factory=set)  #: packages


#: The bridge's readers of checkpoints that need no session.
_EAGER_READERS = ("NewCheckpointReader", "load_checkpoint", "load_variable", "list_variables")
#: Gone symbols -> what does the same with the same arguments, below ``tensorflow.compat.v1``.
_SUCCESSORS = {
    "contrib.framework.get_or_create_global_step": "train.get_or_create_global_step",
    "contrib.framework.create_global_step": "train.create_global_step",
    "contrib.framework.get_global_step": "train.get_global_step",
    "contrib.framework.nest": "nest",
}
_XAVIER = ("contrib.layers.xavier_initializer", "contrib.layers.xavier_initializer_conv2d")
#: Parameters of ``tf.Variable`` of both versions.
_VARIABLE = frozenset(
    {"initial_value", "trainable", "validate_shape", "name", "dtype", "constraint"}
)


class GraphCode:
    """Writes code that will run inside of a build.

    Args:
        module: the file.
        tensorflow: the name that ``tensorflow`` is imported as in the new text.
        replace: asked about every node first; what it returns, if not None, counts.
        bridge: the name of the bridge in the new text.
    """

    def __init__(
        self,
        module: Module,
        tensorflow: str,
        replace: Replace | None = None,
        bridge: str = "tf2_bridge",
    ) -> None:
        self.module = module
        self.tf = tensorflow
        self.bridge = bridge
        self.needs = Needs()
        #: whether a graph with variables is loaded
        self.loads = any(
            symbol.name.partition(".")[2] in LOADERS for _, symbol in module.references()
        )
        self._first = replace
        self.writer = Writer(module, self._replace)

    def edits(self, node: ast.AST) -> list[Edit]:
        """Return the edits that respell ``node``.

        Raises:
            Refusal: something in it has no place in a build.
        """
        return self.writer.edits(node)

    def text(self, node: ast.expr) -> str:
        """Return the expression ``node`` as it is spelled in a build."""
        return self.writer.text(node)

    def statement(self, node: ast.stmt, to: int, tail: bool = True) -> str:
        """Return the statement ``node`` as it stands in a build at column ``to``."""
        return self.writer.statement(node, to, tail)

    def check(self, node: ast.AST) -> None:
        """Raise Refusal if something in ``node`` has no place in a build."""
        self.writer.edits(node)

    # -- nodes --------------------------------------------------------------------------

    def _replace(self, node: ast.AST, writer: Writer) -> str | list[Edit] | None:
        if self._first is not None:
            new = self._first(node, writer)
            if new is not None:
                return new
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            symbol = self.module.symbol(node)
            if symbol is not None:
                return self._changed(node, self._reference(node, symbol))
        if isinstance(node, (ast.Import, ast.ImportFrom)) and self._imports_tensorflow(node):
            raise Refusal(node, "import", "TensorFlow is imported inside of the graph code")
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            raise Refusal(node, "one scope", "graph code changes names outside of it")
        return None

    def _imports_tensorflow(self, node: ast.Import | ast.ImportFrom) -> bool:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        return any(name.partition(".")[0] == "tensorflow" for name in names)

    def _changed(self, node: ast.expr, new: str) -> str | list[Edit]:
        return [] if self.module.source(node) == new else new

    def _reference(self, node: ast.expr, symbol: Symbol) -> str:
        """Return the new spelling of a symbol that is not called here, or keeps its arguments."""
        name, spelled = symbol.name.partition(".")[2], symbol.spelled.partition(".")[2]
        if not spelled:
            return self.tf
        if spelled in renames.LEVELS:
            return f'"{spelled.rpartition(".")[2]}"'
        if renames.is_flags(symbol):
            return f"{self.tf}.compat.v1.{spelled}"
        host = renames.HOST.get(spelled) or renames.HOST.get(name)
        if host is not None:
            return f"{self.tf}.{host}"
        leaf = name.rpartition(".")[2]
        if name.startswith("saved_model.") and leaf.isupper():
            constant = f"saved_model.{leaf}"
            if symbols.in_tensorflow2(f"tf.{constant}", same=True):
                return f"{self.tf}.{constant}"
        if spelled in STRINGS:
            return f'"{STRINGS[spelled]}"'
        if name == PREDICTOR:
            self.needs.parts.add("graph_predictor")
            return f"{self.bridge}.graph_predictor"
        if name in LOADERS and (
            name != "saved_model.load" or is_v1_load(self.module, node, symbol)
        ):
            self.needs.parts.add("graph_import")
            return f"{self.bridge}.{LOADERS[name]}"
        reader = BRIDGED_READERS.get(symbol.name)
        if reader in _EAGER_READERS:
            self.needs.parts.add("readers")
            return f"{self.bridge}.{reader}"
        if reader == "init_from_checkpoint":
            raise Refusal(node, "graph code", f"`{symbol.spelled}` changes initializers of a graph")
        if is_model_part(symbol.name):
            self.needs.parts.add("estimator")
            return f"{self.bridge}.{bridged_estimator(symbol.name)}"
        refused = below(name, REFUSED) or below(spelled, REFUSED)
        if refused is not None:
            raise Refusal(node, "graph code", f"`{symbol.spelled}`: {REFUSED[refused]}")
        if spelled in renames.CONSTANTS:
            return f"{self.tf}.{spelled}"
        known = renames.entry(symbol)
        if known is not None and not known.news:
            return f"{self.tf}.{known.new}"
        for one in (spelled, name):
            if symbols.in_tensorflow2(f"tf.{one}", same=True):
                return f"{self.tf}.{one}"
        for one in (spelled, name, _SUCCESSORS.get(spelled, "")):
            status = symbols.status(f"tf.{one}") if one else Status.GONE
            if one.startswith("python."):
                continue  # private
            if status is Status.LEGACY_KERAS:
                self._legacy_keras(symbol)
            if status in (Status.PRESENT, Status.LEGACY_KERAS):
                return f"{self.tf}.compat.v1.{one}"
        if symbols.status(symbol.spelled) is Status.TF2_ONLY:
            raise Refusal(node, "graph code", f"`{symbol.spelled}`: {EAGER}")
        slim = slim_symbols.successor(symbol.spelled)
        if slim is not None and symbol.spelled.startswith(slim_symbols.FAMILIES):
            self.needs.parts.add("slim")
            self.needs.requirements.add("tf-slim")
            self._legacy_keras(symbol)
            return f"{self.bridge}.{slim}"
        instead = symbols.successor(symbol.spelled)
        left = "is not public" if spelled.startswith("python.") else "is in TensorFlow no more"
        hint = f" ({instead.rstrip('.')})" if instead else ""
        raise Refusal(node, "symbol", f"`{symbol.spelled}` {left}{hint}")

    def _legacy_keras(self, symbol: Symbol) -> None:
        self.needs.legacy_keras = self.needs.legacy_keras or symbol.spelled
        self.needs.requirements.add("tf-keras")

    # -- calls --------------------------------------------------------------------------

    def _call(self, node: ast.Call) -> str | list[Edit] | None:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "eval" and not node.args:
            raise Refusal(node, "graph code", "`.eval()` needs a session")
        for keyword in node.keywords:
            given = not isinstance(keyword.value, ast.Constant) or keyword.value.value is not None
            if keyword.arg == "partitioner" and given:
                raise Refusal(node, "graph code", f"`partitioner`: {PARTS}")
        symbol = self.module.symbol(node.func)
        if symbol is None:
            if averages_tensors(self.module, node):
                raise Refusal(node, "graph code", "moving averages of what may be no variables")
            return self._listed(node)
        name, spelled = symbol.name.partition(".")[2], symbol.spelled.partition(".")[2]
        plain = not any(isinstance(one, ast.Starred) for one in node.args) and all(
            keyword.arg for keyword in node.keywords
        )
        if name == "placeholder":
            return self._feed(node, plain)
        if name == PREDICTOR:
            return self._predictor(node, symbol, plain)
        if name == "saved_model.get_tensor_from_tensor_info" and plain:
            return self._found(node)
        if name == "saved_model.load" and is_v1_load(self.module, node.func, symbol):
            return self._load(node, symbol, plain)
        if name == "Variable" and plain:
            named = {keyword.arg for keyword in node.keywords}
            if len(node.args) < 2 and named <= _VARIABLE:
                return self._renamed(node, f"{self.tf}.Variable")
            return self._renamed(node, f"{self.tf}.compat.v1.Variable")
        if name == "name_scope" and len(node.args) == 1 and not node.keywords:
            if _is_text(node.args[0]):
                return self._renamed(node, f"{self.tf}.name_scope")
            return None
        if name in renames.CASTS and plain and len(node.args) == 1 and not node.keywords:
            value = self.text(node.args[0])
            return f"{self.tf}.cast({value}, {self.tf}.{renames.CASTS[name]})"
        if name == "nn.dropout" and plain:
            return self._dropout(node)
        if spelled in _XAVIER and self._is_uniform(node, plain):
            return self._renamed(node, f"{self.tf}.compat.v1.glorot_uniform_initializer", "uniform")
        known = renames.entry(symbol)
        if known is not None and known.news and name.startswith("nn.softmax_cross_entropy"):
            known = None  # TensorFlow 2's has a gradient for the labels
        if known is None or not known.news:
            return None  # the callee is a reference like others
        try:
            given_as = renames.bound(node, known)
        except Refusal:
            return self._renamed(node, f"{self.tf}.compat.v1.{name}")
        names = [given for given, _ in given_as or () if given is not None]
        positional = known.news[: len(given_as or ()) - len(names)]
        if len({*names, *positional}) < len(given_as or ()):  # given under both of two names
            return self._renamed(node, f"{self.tf}.compat.v1.{name}")
        return self._respelled(node, f"{self.tf}.{known.new}", given_as)

    def _renamed(self, node: ast.Call, new: str, without: str = "") -> list[Edit]:
        """Return the edits that give a call another callee, and take an argument away."""
        edits = self.writer.edits(ast.Tuple(elts=[*node.args], ctx=ast.Load()))
        for keyword in node.keywords:
            if keyword.arg != without:
                edits += self.writer.edits(keyword.value)
        gone = next((k for k in node.keywords if k.arg == without), None)
        if gone is not None:
            others = [k.value for k in node.keywords if k is not gone]
            if others or node.args:
                raise Refusal(node, "arguments", f"`{without}` stands among other arguments")
            start = self.module.offset(gone.lineno, gone.col_offset)
            edits.append((start, self.module.end(gone.value), ""))
        return [*self._callee(node, new), *edits]

    def _callee(self, node: ast.Call, new: str) -> list[Edit]:
        start, end = self.module.start(node.func), self.module.end(node.func)
        return [] if self.module.text[start:end] == new else [(start, end, new)]

    def _respelled(
        self, node: ast.Call, new: str, given_as: list[tuple[str | None, ast.expr]] | None
    ) -> list[Edit]:
        if given_as is None:
            return self._renamed(node, new)
        edits = self._callee(node, new)
        written: list[tuple[str | None, ast.expr]] = [
            *((None, value) for value in node.args),
            *((keyword.arg, keyword.value) for keyword in node.keywords),
        ]
        for (old, part), (name, _) in zip(written, given_as, strict=True):
            at = self.module.start(part)
            if old is None and name is not None:
                edits.append((at, at, f"{name}="))
            elif old is not None and name != old:
                keyword = next(k for k in node.keywords if k.value is part)
                start = self.module.offset(keyword.lineno, keyword.col_offset)
                edits.append((start, at, f"{name}="))
            edits += self.writer.edits(part)
        return edits

    def _given(self, node: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
        """Return the arguments of a call by the names of its parameters."""
        if len(node.args) > len(names):
            raise Refusal(node, "arguments", "it has more arguments than TensorFlow 1 takes")
        given = dict(zip(names, node.args, strict=False))
        for keyword in node.keywords:
            if keyword.arg not in names or keyword.arg in given:
                raise Refusal(node, "arguments", f"TensorFlow 1 takes no argument `{keyword.arg}`")
            given[keyword.arg] = keyword.value
        return given

    def _check_comments(self, node: ast.Call) -> None:
        if "#" in self.module.source(node) and "\n" in self.module.source(node):
            raise Refusal(node, "comment", "a comment stands among its arguments")

    def _feed(self, node: ast.Call, plain: bool) -> str:
        if not plain:
            raise Refusal(node, "arguments", "its arguments come through `*` or `**`")
        self._check_comments(node)
        given = self._given(node, ("dtype", "shape", "name"))
        if "dtype" not in given:
            raise Refusal(node, "arguments", "it has no data type")
        shape = self.text(given["shape"]) if "shape" in given else "None"
        parts = [shape, self.text(given["dtype"])]
        if "name" in given:
            parts.append(f"name={self.text(given['name'])}")
        self.needs.parts.add("graph_module")
        return f"{self.bridge}.feed({self.tf}.TensorSpec({', '.join(parts)}))"

    def _load(self, node: ast.Call, symbol: Symbol, plain: bool) -> list[Edit]:
        """Return the edits of a call that loads a SavedModel into a session."""
        if not plain:
            raise Refusal(node, "arguments", "its arguments come through `*` or `**`")
        self._given(node, ("sess", "tags", "export_dir", "import_scope"))
        sessions = [k.value for k in node.keywords if k.arg == "sess"] or node.args[:1]
        edits = [without(self.module, node, sessions[0])]
        for value in [*node.args, *(k.value for k in node.keywords)]:
            if value is not sessions[0]:
                edits += self.writer.edits(value)
        return [*self._callee(node, self._reference(node.func, symbol)), *edits]

    def _listed(self, node: ast.Call) -> str | None:
        """Return what lists the operations of a loaded graph, without those of its variables."""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if not self.loads or node.args or node.keywords:
            return None
        if name == "as_graph_def":
            raise Refusal(node, "graph code", "a graph with variables has other nodes than it had")
        if name != "get_operations":
            return None
        self.needs.parts.add("graph_import")
        return f"{self.bridge}.graph_operations()"

    def _predictor(self, node: ast.Call, symbol: Symbol, plain: bool) -> list[Edit]:
        """Return the edits of a call that makes a predictor, which holds no session any more."""
        if not plain or len(node.args) > 6:
            raise Refusal(node, "arguments", "the arguments of a predictor are not told")
        edits = self._callee(node, self._reference(node.func, symbol))
        self._check_comments(node)
        gone = {k.arg: k.value for k in node.keywords if k.arg in ("graph", "config")}
        graph = gone.get("graph")
        if graph is not None and not (isinstance(graph, ast.Constant) and graph.value is None):
            raise Refusal(graph, "graph", "a predictor is loaded into another graph")
        if len(gone) > 1:
            raise Refusal(node, "arguments", "a predictor is given a graph and a configuration")
        edits += [without(self.module, node, value) for value in gone.values()]
        for value in [*node.args, *(k.value for k in node.keywords)]:
            if value not in gone.values():
                edits += self.writer.edits(value)
        return edits

    def _found(self, node: ast.Call) -> str:
        """Return what finds the tensor of a signature in the graph that is built."""
        given = self._given(node, ("tensor_info", "graph"))
        self._check_comments(node)
        info = given.get("tensor_info")
        if info is None:
            raise Refusal(node, "arguments", "it is not told which tensor it finds")
        graph = f"{self.tf}.compat.v1.get_default_graph()"
        return f"{graph}.get_tensor_by_name({self.text(info)}.name)"

    def _dropout(self, node: ast.Call) -> str | list[Edit]:
        given = self._given(node, ("x", "keep_prob", "noise_shape", "seed", "name", "rate"))
        keep = given.get("keep_prob")
        if keep is None or "rate" in given or "x" not in given:
            return self._renamed(node, f"{self.tf}.compat.v1.nn.dropout")
        self._check_comments(node)
        text = self.text(keep)
        if not isinstance(keep, (ast.Name, ast.Constant, ast.Attribute, ast.Call, ast.Subscript)):
            text = f"({text})"
        parts = [self.text(given["x"]), f"rate=1 - {text}"]
        parts += [
            f"{key}={self.text(given[key])}"
            for key in ("noise_shape", "seed", "name")
            if key in given
        ]
        return f"{self.tf}.nn.dropout({', '.join(parts)})"

    def _is_uniform(self, node: ast.Call, plain: bool) -> bool:
        """Whether an initializer of contrib draws from the distribution of Glorot's uniform one."""
        if not plain or node.args:
            return False
        uniform = [k.value for k in node.keywords if k.arg == "uniform"]
        return not uniform or (
            len(node.keywords) == 1
            and isinstance(uniform[0], ast.Constant)
            and uniform[0].value is True
        )


def _is_text(node: ast.expr) -> bool:
    """Whether an expression is a string, and not None, for all that can be seen."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, (ast.JoinedStr, ast.BinOp))
