"""What a graph says about plausible contents of its inputs."""

import os
from typing import Any, Dict, List, Optional, Set

from .common import VARIABLE_OPS, _producer
from .describe import dims
from .flow import Scope
from .parsing import PARSERS, Examples, Parser
from .texts import Columns

WORDS = [b"a", b"the", b"hello", b"0", b"1", b"unknown word", "\u00e9t\u00e9".encode("utf-8")]

#: Words of one constant, one table or one asset that are taken.
_MOST_WORDS = 400

#: Ops that hand their first operand on, as far as its elements go.
_SAME_ELEMENTS = ("Identity", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "Snapshot")

_TABLES = (
    "InitializeTable",
    "InitializeTableV2",
    "LookupTableImport",
    "LookupTableImportV2",
)
_LOOKUPS = ("Gather", "GatherV2", "ResourceGather")

#: Ops by which a model tells what is not finite, or bounds its values.
_ASKS = ("IsNan", "IsInf", "IsFinite")
_BOUNDS = ("Minimum", "Maximum", "ClipByValue")

#: Ops that drop a NaN in TensorFlow 1.15 (2.21 hands it on): of these, nothing is comparable.
_DROPS_NAN = ("Max", "Min", "Sign")

_IMAGES = ("Image", "Jpeg", "Png", "Bmp", "Gif")


class Hints:
    """What the graph says about plausible contents of its inputs.

    Without a graph nothing is known, and nothing is tried that could be dangerous.
    """

    def __init__(self, tf: Any, path: str, graph: Any = None, reached: Any = ()) -> None:
        self._tf = tf
        self.sizes: List[int] = []
        self.images = False
        self.encoded = False
        self.numeric = False
        self.words = list(WORDS)
        #: placeholder -> the parser that reads it; parsers in functions are in ``loose``
        self.parsers: Dict[str, List[Parser]] = {}
        self.loose: List[Parser] = []
        #: sizes in bytes of strings that tf.decode_raw reads
        self.raw: List[int] = []
        #: columns of the CSV that tf.io.decode_csv reads
        self.columns: Optional[Columns] = None
        #: sizes of the tables that integers look up, largest first
        self.rows: List[int] = []
        #: the regimes of values that are not finite which the graph is made for
        self.unusual: List[str] = []
        self._scope = Scope([])
        self._sized: Optional[Set[str]] = None
        if graph is not None:
            self._read(graph, set(reached))
        if os.path.isdir(path):
            self.words.extend(asset_words(path))
        self.words = [word for word in dict.fromkeys(self.words) if len(word) < 200]
        self.rows = sorted({rows for rows in self.rows if rows > 1}, reverse=True)

    def _read(self, graph: Any, reached: Set[str]) -> None:
        functions = graph.graph_def.library.function
        # a training pipeline in the same graph says nothing about the signatures' inputs
        main = Scope(node for node in graph.graph_def.node if node.name in reached)
        scopes = [main] + [Scope(function.node_def) for function in functions]
        self._read_tables(Scope(graph.graph_def.node))
        self._read_unusual(scopes)
        for scope in scopes:
            self._scope = scope
            parsers = []
            for node in scope.nodes.values():
                if node.op in PARSERS:
                    parsers.append(Parser(self._tf, node, self._constant))
                else:
                    self._read_node(node)
            for parser in parsers:
                self._mark(parser, scope)
                found = scope.sources([parser.serialized]) if scope is main else set()
                for source in found:
                    self.parsers.setdefault(source, []).append(parser)
                if not found:
                    self.loose.append(parser)
        self._sized = main.sized()
        # an argument of a function that becomes a size may be any input of a signature
        if any(scope.sized() for scope in scopes[1:]):
            self._sized = None
        self._scope = Scope([])

    def _read_node(self, node: Any) -> None:
        if node.op.startswith("Decode") and any(word in node.op for word in _IMAGES):
            self.images = True
        elif node.op in ("DecodeRaw", "DecodePaddedRaw"):
            self.raw += [size for size in self._raw_sizes(node) if size not in self.raw]
        elif node.op == "DecodeBase64":
            self.encoded = True
        elif node.op == "DecodeCSV":
            self._read_columns(node)
        elif node.op in _LOOKUPS:
            self.rows += self._table_rows(node)
        elif node.op == "StringToNumber":
            self.numeric = True
        elif node.op == "Const" and node.attr["dtype"].type == 7:
            self.words.extend(self._constant(node.name)[:_MOST_WORDS])
        elif node.op in VARIABLE_OPS:
            self._read_sizes(node.attr["shape"].shape)
        elif node.op == "Const":
            self._read_sizes(node.attr["value"].tensor.tensor_shape)

    def _read_sizes(self, shape: Any) -> None:
        """Learn the sizes of a matrix: what is multiplied by it has to agree with one of them.

        TensorFlow 1 forgets the static shape of a ``sparse_placeholder``, and an input of
        shape [None, None] has none.
        """
        sizes = dims(shape) or []
        if len(sizes) == 2 and len(self.sizes) < 6:
            fresh = [size for size in dict.fromkeys(sizes) if size and size <= 4096]
            self.sizes += [size for size in fresh if size not in self.sizes]

    def _constant(self, edge: str) -> List[Any]:
        """Return the elements of a constant; none when the edge is no constant."""
        node = self._scope.producer(edge)
        while node is not None and node.op in _SAME_ELEMENTS:
            node = self._scope.producer(node.input[0])
        if node is None or node.op != "Const":
            return []
        array = self._tf.make_ndarray(node.attr["value"].tensor)
        if array.dtype.kind in "OS":
            return [bytes(item) for item in array.ravel()]
        return list(array.ravel()[:4096].tolist())

    def _read_tables(self, scope: Scope) -> None:
        """Learn the keys of constant tables: what initializes them leads to no output."""
        self._scope = scope
        for node in scope.nodes.values():
            if node.op in _TABLES:
                keys = self._constant(node.input[1])
                self.words.extend(key for key in keys[:_MOST_WORDS] if isinstance(key, bytes))
                if keys and all(isinstance(key, int) and key >= 0 for key in keys):
                    # and one that is not in it
                    self.rows.append(max(keys) + 2)

    def _read_unusual(self, scopes: List[Scope]) -> None:
        """Find out whether the graph is made for values that are not finite."""
        nodes = [node for scope in scopes for node in scope.nodes.values()]
        ops = {node.op for node in nodes}
        if ops.intersection(_DROPS_NAN):
            return
        same = any(node.op == "NotEqual" and len(set(node.input[:2])) == 1 for node in nodes)
        asks = same or bool(ops.intersection(_ASKS))
        self.unusual += ["nan"] if asks else []
        self.unusual += ["infinite"] if asks or ops.intersection(_BOUNDS) else []

    def _read_columns(self, node: Any) -> None:
        """Learn what the columns of a DecodeCSV hold."""
        kinds = [str(self._tf.as_dtype(n).name) for n in node.attr["OUT_TYPE"].list.type]
        defaults = [self._constant(edge) for edge in node.input[1 : 1 + len(kinds)]]
        delimiter = bytes(node.attr["field_delim"].s) or b","
        if self.columns is None and len(kinds) == len(defaults):
            self.columns = Columns(kinds, defaults, delimiter)

    def _table_rows(self, node: Any) -> List[int]:
        """Return how many rows the table has that a Gather looks up."""
        table = self._scope.producer(node.input[0])
        while table is not None and table.op in ("Identity", "ReadVariableOp", "Enter"):
            table = self._scope.producer(table.input[0])
        if table is None or table.op not in VARIABLE_OPS + ("Const",):
            return []
        constant = table.op == "Const"
        attr = table.attr["value"].tensor.tensor_shape if constant else table.attr["shape"].shape
        return [size for size in (dims(attr) or [])[:1] if size]

    def _raw_sizes(self, node: Any) -> List[int]:
        """Return how many bytes a DecodeRaw may read: what its output is reshaped to."""
        width = int(self._tf.as_dtype(node.attr["out_type"].type).size)
        found = []
        for other in self._scope.before(node, 4):
            if other.op != "Reshape":
                continue
            size = 1
            for dim in self._constant(other.input[1]):
                size *= dim if dim > 0 else 1
            if 1 < size <= 1 << 22:
                found.append(size * width)
        return found or [size * width for size in self.sizes[:3]]

    def _mark(self, parser: Parser, scope: Scope) -> None:
        """Find out which features of a parser hold images or raw bytes."""
        for node in scope.nodes.values():
            image = node.op.startswith("Decode") and any(word in node.op for word in _IMAGES)
            if not image and node.op not in ("DecodeRaw", "DecodePaddedRaw"):
                continue
            names = set()
            for edge in scope.back(node.input[:1], lambda other: other.op in PARSERS):
                if _producer(edge) == parser.name:
                    names.add(parser.outputs.get(_output(edge)))
            sizes = [] if image else self._raw_sizes(node)
            if image or sizes:
                parser.mark(names, "images" if image else "raw %d" % sizes[0])

    def sized(self, tensor: str) -> bool:
        """Return whether values of the placeholder may become sizes, or cannot be told not to."""
        return self._sized is None or _producer(tensor) in self._sized

    def examples(self, tensor: str) -> Optional[Parser]:
        """Return the parser that reads the strings of a placeholder."""
        found = self.parsers.get(_producer(tensor)) or self.loose
        return found[0] if found else None

    def features(self) -> Dict[str, str]:
        """Return name -> dtype of all features that the graph parses."""
        parsers = self.loose + [parser for many in self.parsers.values() for parser in many]
        return {feature.name: feature.kind for parser in parsers for feature in parser.features}

    def kinds(self) -> List[str]:
        """Return the kinds of string contents to try, most plausible first."""
        found = []
        parsers = self.loose + [parser for many in self.parsers.values() for parser in many]
        contents = ["images"] if self.images else []
        contents += ["raw %d" % size for size in self.raw[:4]]
        if parsers:
            features = [feature for parser in parsers for feature in parser.features]
            if not any(feature.contents for feature in features):
                found += ["examples of " + one for one in contents]
            found.append("examples")
        found += ["base64 images"] if self.images and self.encoded else []
        found += contents
        found += ["lines"] if self.columns is not None else []
        found += ["numbers"] if self.numeric else []
        return found + ["words"]

    def maker(self, parser: Parser) -> Examples:
        """Return what makes examples for a parser."""
        return Examples(self._tf, parser, self.words)


def _output(edge: str) -> Any:
    """Return which output of its node an edge is: flat in a graph, named in a function."""
    parts = edge.split(":")
    if len(parts) == 3:
        return parts[1], int(parts[2])
    return int(parts[1]) if len(parts) == 2 else 0


def asset_words(path: str) -> List[bytes]:
    """Return words of the text files among the assets: what the graph's tables look up."""
    words: List[bytes] = []
    for parent, folders, files in os.walk(os.path.join(path, "assets")):
        folders.sort()
        for file in sorted(files):
            with open(os.path.join(parent, file), "rb") as stream:
                lines = stream.read(1 << 16).splitlines()[:_MOST_WORDS]
            if any(b"\0" in line for line in lines):
                continue
            for line in lines:
                words.append(line)
                words.extend(line.split(b"\t")[:2] if b"\t" in line else [])
    return words
