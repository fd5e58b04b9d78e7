"""What a graph says about plausible contents of its inputs."""

import os
from typing import Any, List, Set, Tuple

from .common import VARIABLE_OPS, Json, _producer
from .describe import dims
from .inputs import make_values

WORDS = [b"a", b"the", b"hello", b"0", b"1", b"unknown word", "\u00e9t\u00e9".encode("utf-8")]


class Hints:
    """What the graph says about plausible contents of its string inputs."""

    def __init__(self, tf: Any, path: str, graph: Any, reached: Set[str]) -> None:
        self._tf = tf
        functions = graph.graph_def.library.function
        # a training pipeline in the same graph says nothing about the signatures' inputs
        served = [node for node in graph.graph_def.node if node.name in reached]
        scopes = [served] + [list(function.node_def) for function in functions]
        self.features: List[Tuple[str, str, List[int]]] = []
        self.sizes: List[int] = []
        self.images = False
        self.words = list(WORDS)
        self.encoded = False
        for nodes in scopes:
            by_name = {node.name: node for node in nodes}
            for node in nodes:
                if node.op in ("ParseExample", "ParseExampleV2"):
                    self._read_parser(node, by_name)
                elif node.op.startswith("Decode") and any(
                    word in node.op for word in ("Image", "Jpeg", "Png", "Bmp", "Gif")
                ):
                    self.images = True
                elif node.op == "DecodeBase64":
                    self.encoded = True
                elif node.op == "Const" and node.attr["dtype"].type == 7:
                    self.words.extend(self._constant(node)[:50])
                elif node.op in VARIABLE_OPS:
                    self._read_sizes(node.attr["shape"].shape)
                elif node.op == "Const":
                    self._read_sizes(node.attr["value"].tensor.tensor_shape)
        self.words.extend(asset_words(path))
        self.words = [word for word in dict.fromkeys(self.words) if len(word) < 200]

    def _read_sizes(self, shape: Any) -> None:
        """Learn the sizes of a matrix: what is multiplied by it has to agree with one of them.

        TensorFlow 1 forgets the static shape of a ``sparse_placeholder``, and an input of
        shape [None, None] has none.
        """
        sizes = dims(shape) or []
        if len(sizes) == 2 and len(self.sizes) < 6:
            fresh = [size for size in dict.fromkeys(sizes) if size and size <= 4096]
            self.sizes += [size for size in fresh if size not in self.sizes]

    def _constant(self, node: Any) -> List[bytes]:
        if node is None or node.op != "Const":
            return []
        array = self._tf.make_ndarray(node.attr["value"].tensor)
        return [bytes(item) for item in array.ravel()] if array.dtype.kind in "OS" else []

    def _read_parser(self, node: Any, nodes: Json) -> None:
        """Learn the features that a ParseExample node reads."""

        def keys(position: int) -> List[bytes]:
            return self._constant(nodes.get(_producer(node.input[position])))

        types = [self._tf.as_dtype(number).name for number in node.attr["Tdense"].list.type]
        shapes = [dims(shape) or [] for shape in node.attr["dense_shapes"].list.shape]
        sparse_types = [
            self._tf.as_dtype(number).name for number in node.attr["sparse_types"].list.type
        ]
        if node.op == "ParseExample":
            count = len(sparse_types)
            sparse = [key for i in range(count) for key in keys(2 + i)]
            dense = [key for i in range(len(types)) for key in keys(2 + count + i)]
        else:
            sparse, dense = keys(2), keys(3)
        for key, kind, shape in zip(dense, types, shapes):
            size = [2 if size is None else size for size in shape]
            self.features.append((key.decode("utf-8"), kind, size))
        for key, kind in zip(sparse, sparse_types):
            self.features.append((key.decode("utf-8"), kind, [2]))

    def kinds(self) -> List[str]:
        """Return the kinds of string contents to try, most plausible first."""
        found = []
        if self.features:
            found += ["image examples"] if self.images else ["examples"]
        if self.images:
            found += ["base64 images"] if self.encoded else []
            found += ["images"]
        return found + ["words"]

    def example(self, rng: Any, regime: str, top: int, images: bool) -> bytes:
        """Return a serialized ``tf.train.Example`` with the features that the graph parses."""
        train = self._tf.train
        features = {}
        for name, kind, shape in self.features:
            settings = {"int": top, "strings": "images" if images else "words"}
            values = make_values(self, rng, kind, shape, regime, settings).ravel()
            if kind == "string":
                feature = train.Feature(bytes_list=train.BytesList(value=list(values)))
            elif kind == "int64":
                feature = train.Feature(int64_list=train.Int64List(value=[int(v) for v in values]))
            else:
                feature = train.Feature(
                    float_list=train.FloatList(value=[float(v) for v in values])
                )
            features[name] = feature
        message = train.Example(features=train.Features(feature=features))
        return bytes(message.SerializeToString(deterministic=True))


def asset_words(path: str) -> List[bytes]:
    """Return words of the text files among the assets: what the graph's tables look up."""
    words: List[bytes] = []
    for parent, folders, files in os.walk(os.path.join(path, "assets")):
        folders.sort()
        for file in sorted(files):
            with open(os.path.join(parent, file), "rb") as stream:
                lines = stream.read(1 << 16).splitlines()[:50]
            if any(b"\0" in line for line in lines):
                continue
            for line in lines:
                words.append(line)
                words.extend(line.split(b"\t")[:2] if b"\t" in line else [])
    return words
