"""What a graph's ParseExample ops read, and serialized tf.Examples that they can read.

The arguments of the ops are those of TensorFlow's op definitions (``tf.raw_ops``); features
of variable length are lists here, whether the op makes them sparse or ragged.
"""

from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from .common import Array, Json
from .describe import dims
from .texts import make_texts
from .values import make_images, make_numbers, make_raw, stream

#: One feature: its name, dtype and inner shape; whether its length varies, whether it may be
#: absent, whether it is a list over steps, and what its strings hold ("", "images", "raw 784").
Feature = NamedTuple(
    "Feature",
    [
        ("name", str),
        ("kind", str),
        ("shape", List[int]),
        ("varies", bool),
        ("optional", bool),
        ("steps", bool),
        ("contents", str),
    ],
)

Arguments = Tuple[Tuple[str, Any], ...]

#: The inputs of each op, in order: name, and how many (a number, or the attribute that says so).
PARSERS: Dict[str, Arguments] = {
    "ParseExample": (
        ("serialized", 1),
        ("names", 1),
        ("sparse_keys", "Nsparse"),
        ("dense_keys", "Ndense"),
        ("dense_defaults", "Tdense"),
    ),
    "ParseExampleV2": (
        ("serialized", 1),
        ("names", 1),
        ("sparse_keys", 1),
        ("dense_keys", 1),
        ("ragged_keys", 1),
        ("dense_defaults", "Tdense"),
    ),
    "ParseSingleExample": (("serialized", 1), ("dense_defaults", "Tdense")),
    "ParseSequenceExample": (
        ("serialized", 1),
        ("debug_name", 1),
        ("context_dense_defaults", "Tcontext_dense"),
    ),
    "ParseSequenceExampleV2": (
        ("serialized", 1),
        ("debug_name", 1),
        ("context_sparse_keys", 1),
        ("context_dense_keys", 1),
        ("context_ragged_keys", 1),
        ("feature_list_sparse_keys", 1),
        ("feature_list_dense_keys", 1),
        ("feature_list_ragged_keys", 1),
        ("feature_list_dense_missing_assumed_empty", 1),
        ("context_dense_defaults", "Tcontext_dense"),
    ),
    "ParseSingleSequenceExample": (
        ("serialized", 1),
        ("feature_list_dense_missing_assumed_empty", 1),
        ("context_sparse_keys", "Ncontext_sparse"),
        ("context_dense_keys", "Ncontext_dense"),
        ("feature_list_sparse_keys", "Nfeature_list_sparse"),
        ("feature_list_dense_keys", "Nfeature_list_dense"),
        ("context_dense_defaults", "Tcontext_dense"),
        ("debug_name", 1),
    ),
}

#: Where the dtypes and shapes of a group of keys are.
_TYPES = {
    "": ("sparse_types", "Tdense", "ragged_value_types", "dense_shapes"),
    "context_": (
        "context_sparse_types",
        "Tcontext_dense",
        "context_ragged_value_types",
        "context_dense_shapes",
    ),
    "feature_list_": (
        "feature_list_sparse_types",
        "feature_list_dense_types",
        "feature_list_ragged_value_types",
        "feature_list_dense_shapes",
    ),
}


class Parser:
    """One op that parses examples: its features, and which of its outputs is which feature."""

    def __init__(self, tf: Any, node: Any, constant: Any) -> None:
        self._tf = tf
        self._node = node
        self._constant = constant
        self.name = node.name
        self.sequence = "Sequence" in node.op
        self._arguments: Dict[str, List[str]] = {}
        position = 0
        for argument, count in PARSERS[node.op]:
            if not isinstance(count, int):
                attribute = node.attr[count]
                count = len(attribute.list.type) if count.startswith("T") else int(attribute.i)
            self._arguments[argument] = list(node.input[position : position + count])
            position += count
        self.serialized = self._arguments["serialized"][0]
        self.features: List[Feature] = []
        #: output of the op -> name of the feature: by flat position, and by name and position
        self.outputs: Dict[Any, str] = {}
        self._flat = 0
        for group in ("context_", "feature_list_") if self.sequence else ("",):
            self._read_group(group)

    def _keys(self, group: str) -> List[str]:
        """Return the keys of a group, which are an attribute or constant inputs."""
        if group in self._node.attr:
            keys = [bytes(key) for key in self._node.attr[group].list.s]
        else:
            keys = [key for edge in self._arguments.get(group, []) for key in self._constant(edge)]
        return [key.decode("utf-8", "replace") for key in keys]

    def _name_outputs(self, output: str, keys: Sequence[str]) -> None:
        for index, key in enumerate(keys):
            self.outputs[self._flat + index] = key
            self.outputs[output, index] = key
        self._flat += len(keys)

    def _read_group(self, group: str) -> None:
        attr = self._node.attr

        def dtypes(name: str) -> List[str]:
            numbers = attr[name].list.type if name in attr else []
            return [str(self._tf.as_dtype(number).name) for number in numbers]

        sparse_types, dense_types, ragged_types, shapes_name = _TYPES[group]
        steps = group == "feature_list_"
        sparse, dense = self._keys(group + "sparse_keys"), self._keys(group + "dense_keys")
        ragged = self._keys(group + "ragged_keys")
        shapes = [dims(shape) or [] for shape in attr[shapes_name].list.shape]
        defaults = self._arguments.get(group + "dense_defaults", [])
        for index, (key, kind, shape) in enumerate(zip(dense, dtypes(dense_types), shapes)):
            # the default of a feature that has none is an empty constant
            default = self._constant(defaults[index]) if index < len(defaults) else None
            varies = bool(shape) and shape[0] is None
            inner = [2 if size is None else size for size in (shape[1:] if varies else shape)]
            optional = (bool(default) or varies) and not steps
            self.features.append(Feature(key, kind, inner, varies, optional, steps, ""))
        for names, kinds in ((sparse, dtypes(sparse_types)), (ragged, dtypes(ragged_types))):
            for key, kind in zip(names, kinds):
                self.features.append(Feature(key, kind, [], True, not steps, steps, ""))
        for output in ("sparse_indices", "sparse_values", "sparse_shapes"):
            self._name_outputs(group + output, sparse)
        self._name_outputs(group + "dense_values", dense)
        if steps and self._node.op != "ParseSingleSequenceExample":
            self._name_outputs(group + "dense_lengths", dense)
        self._name_outputs(group + "ragged_values", ragged)
        for output in ("row_splits", "outer_splits", "inner_splits"):
            if (output == "row_splits") != steps:
                self._name_outputs(group + "ragged_" + output, ragged)

    def mark(self, names: Any, contents: str) -> None:
        """Record what the strings of some features hold."""
        self.features = [
            feature._replace(contents=contents)
            if feature.name in names and feature.kind == "string"
            else feature
            for feature in self.features
        ]


class Examples:
    """Make serialized examples with the features that a parser reads."""

    def __init__(self, tf: Any, parser: Parser, words: Sequence[bytes]) -> None:
        self._train = tf.train
        self._parser = parser
        self._words = list(words)

    def make(
        self, seed: int, name: str, count: int, regime: str, settings: Json, limits: Any
    ) -> List[bytes]:
        """Return ``count`` serialized tf.Examples, or SequenceExamples, for the input ``name``.

        The edge and the wide regime leave out, in every other example, what may be absent.  All
        features of varying length are equally long in one example, so that the parts of a
        SparseFeature fit together.
        """
        lengths = stream(seed, regime, name + "/lengths").randint(1, 4, size=count)
        context: List[Json] = [{} for _ in range(count)]
        lists: List[Json] = [{} for _ in range(count)]
        for feature in self._parser.features:
            rng = stream(seed, regime, name + "/" + feature.name)
            rule = limits.feature(feature.name)
            inner = 1
            for size in feature.shape:
                inner *= size
            # a list over steps has one entry per step, each of one (or a fixed number of) values
            rows = [int(n) if feature.varies or feature.steps else 1 for n in lengths]
            total = sum(rows) * inner
            values = self._values(rng, feature, total, regime, settings, rule)
            start = 0
            for row, entries in enumerate(rows):
                mine = values[start : start + entries * inner]
                start += entries * inner
                if feature.steps:
                    lists[row][feature.name] = self._train.FeatureList(
                        feature=[
                            self._feature(feature.kind, mine[step * inner : (step + 1) * inner])
                            for step in range(entries)
                        ]
                    )
                elif not (regime in ("edge", "wide") and row % 2 and feature.optional):
                    context[row][feature.name] = self._feature(feature.kind, mine)
        return [
            self._message(one, two).SerializeToString(deterministic=True)
            for one, two in zip(context, lists)
        ]

    def _message(self, context: Json, lists: Json) -> Any:
        features = self._train.Features(feature=context)
        if not self._parser.sequence:
            return self._train.Example(features=features)
        return self._train.SequenceExample(
            context=features, feature_lists=self._train.FeatureLists(feature_list=lists)
        )

    def _values(
        self, rng: Any, feature: Feature, total: int, regime: str, settings: Json, rule: Any
    ) -> Any:
        if feature.kind != "string":
            # ids of a table as a rule: never beyond the limit that is being tried
            narrow = dict(settings, wide=0)
            return make_numbers(rng, feature.kind, [total], regime, narrow, rule)
        if rule is not None:
            return make_words(rng, total, regime, self._words, rule)
        contents = feature.contents or settings.get("contents", "")
        if contents == "images":
            return make_images(rng, total, regime, settings)
        if contents.startswith("raw "):
            return make_raw(rng, total, int(contents[4:]), regime)
        return make_words(rng, total, regime, self._words, None)

    def _feature(self, kind: str, values: Any) -> Any:
        train = self._train
        if kind == "string":
            return train.Feature(bytes_list=train.BytesList(value=list(values)))
        if kind == "int64":
            return train.Feature(int64_list=train.Int64List(value=[int(v) for v in values]))
        return train.Feature(float_list=train.FloatList(value=[float(v) for v in values]))


def make_words(
    rng: Any, count: int, regime: str, words: Sequence[bytes], rule: Any
) -> Sequence[bytes]:
    """Return ``count`` strings: of the vocabulary, or awkward ones, or the user's choice."""
    import numpy as np

    if rule is not None and rule.choices is not None:
        values = np.empty(len(rule.choices), dtype=object)
        values[:] = list(rule.choices)
        flat = np.arange(len(values))
        zero, one = values.tolist().index(b"") if b"" in values.tolist() else 0, len(values) - 1
        fixed = {"zeros": [zero], "ones": [one], "edge": flat, "wide": flat}
        index = (
            np.resize(np.array(fixed[regime]), count)
            if regime in fixed
            else rng.randint(0, len(values), size=count)
        )
        return [bytes(values[i]) for i in index]
    if regime == "zeros":
        return [b""] * count
    if regime == "ones":
        return [words[-1]] * count
    if regime == "edge":
        words = [b"", b" ", b"\x00\xff", "\u00e9".encode("utf-8"), words[-1]]
        return [words[i % len(words)] for i in range(count)]
    if regime == "wide":
        return make_texts(rng, count, words)
    return [words[int(rng.randint(len(words)))] for _ in range(count)]


def as_strings(items: Sequence[bytes], shape: Sequence[int]) -> Array:
    """Return strings as an array of dtype object."""
    import numpy as np

    flat = np.empty(len(items), dtype=object)
    flat[:] = list(items)
    return flat.reshape(shape)
