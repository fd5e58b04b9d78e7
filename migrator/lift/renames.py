"""How a call of TensorFlow 1 is spelled in TensorFlow 2, without ``tensorflow.compat.v1``.

The table is made from TensorFlow itself by ``tests/tools/make_lift_table.py``.  A symbol that is
not in it, or an argument that TensorFlow 2 has no place for, refuses the lift.
"""

from __future__ import annotations

import ast
import functools
import math
import os
from dataclasses import dataclass

from migrator import symbols
from migrator.lift.kinds import Refusal
from migrator.names import Symbol

__all__ = [
    "CASTS",
    "CONSTANTS",
    "DRAWN",
    "HOST",
    "LEVELS",
    "TEMPLATES",
    "Entry",
    "bound",
    "entry",
    "gives_several",
    "gone",
    "initializer",
    "is_flags",
    "is_random",
    "is_sparse",
]

_TABLE = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "lift.txt")


@dataclass(frozen=True, slots=True)
class Entry:
    """One function: its new name, and the parameters of both where the objects differ."""

    new: str
    olds: tuple[tuple[str, str | None], ...] = ()  #: v1 parameter -> v2 parameter or None
    news: tuple[str, ...] = ()  #: empty where the objects are the same


#: They draw random numbers, so each run of the session gives others.
RANDOM = frozenset(
    {"random_normal", "random_uniform", "truncated_normal", "random_shuffle", "random_gamma"}
    | {"random_poisson", "multinomial", "random_crop", "nn.dropout", "nn.fractional_max_pool"}
    | {"nn.nce_loss", "nn.sampled_softmax_loss"}
)

#: The gradient of their first argument is sparse.
SPARSE = frozenset(
    {"gather", "nn.embedding_lookup", "gather_nd", "batch_gather", "nn.nce_loss"}
    | {"nn.sampled_softmax_loss"}
)

#: They take weights in parts, which TensorFlow 2 deals out in another order.
PARTITIONED = frozenset(
    {"nn.embedding_lookup", "nn.nce_loss", "nn.sampled_softmax_loss"}
    | {"nn.embedding_lookup_sparse", "nn.safe_embedding_lookup_sparse"}
)

#: They give a tuple or a list of tensors.
SEVERAL = frozenset(
    {"self_adjoint_eig", "svd", "qr", "lu", "eig", "eigh", "moments", "top_k", "split", "unstack"}
    | {"meshgrid", "clip_by_global_norm", "fused_batch_norm", "sufficient_statistics"}
    | {"normalize_moments", "unique", "unique_with_counts", "dynamic_partition", "required_space"}
    | {"listdiff", "setdiff1d", "split_v", "ctc_beam_search_decoder", "ctc_greedy_decoder"}
    | {"broadcast_dynamic_shape", "max_pool_with_argmax", "fractional_max_pool", "shape_n"}
    | {
        "parse_example",
        "parse_single_example",
        "fractional_avg_pool",
        "weighted_moments",
        "lu_matrix",
        "normalize",
        "frexp",
    }
)

#: TensorFlow 2 has them in ``tensorflow.compat.v1`` only, or elsewhere under another meaning.
_KEPT = frozenset(
    {"div", "train.exponential_decay", "train.natural_exp_decay", "train.inverse_time_decay"}
    | {"train.polynomial_decay", "train.piecewise_constant", "train.piecewise_constant_decay"}
    | {"train.cosine_decay"}
)

#: The same functions in both, though TensorFlow 2 reaches them by a wrapper of its own.
_UNTOLD = frozenset({"nn.sigmoid", "nn.tanh"})

#: Verbosities of the log.
LEVELS = frozenset(f"logging.{name}" for name in ("DEBUG", "INFO", "WARN", "ERROR", "FATAL"))

#: Data types and other values that are no calls.
CONSTANTS = frozenset(
    {"bfloat16", "bool", "complex128", "complex64", "double", "float16", "float32", "float64"}
    | {"half", "int16", "int32", "int64", "int8", "string", "uint16", "uint32", "uint64", "uint8"}
    | {"newaxis", "__version__", "DType", "errors", "errors.OutOfRangeError"}
    | {"errors.NotFoundError", "errors.InvalidArgumentError"}
)

#: Functions that make no graph, with what TensorFlow 2 calls them.
HOST = {
    "set_random_seed": "random.set_seed",
    "random.set_random_seed": "random.set_seed",
    "train.latest_checkpoint": "train.latest_checkpoint",
    "train.get_checkpoint_state": "train.get_checkpoint_state",
    "gfile.Exists": "io.gfile.exists",
    "gfile.MakeDirs": "io.gfile.makedirs",
    "gfile.DeleteRecursively": "io.gfile.rmtree",
    "gfile.Remove": "io.gfile.remove",
    "gfile.ListDirectory": "io.gfile.listdir",
    "gfile.IsDirectory": "io.gfile.isdir",
    "gfile.GFile": "io.gfile.GFile",
    "gfile.Open": "io.gfile.GFile",
    "gfile.FastGFile": "io.gfile.GFile",
    "logging.debug": "get_logger().debug",
    "logging.info": "get_logger().info",
    "logging.warn": "get_logger().warning",
    "logging.warning": "get_logger().warning",
    "logging.error": "get_logger().error",
    "logging.fatal": "get_logger().fatal",
    "logging.set_verbosity": "get_logger().setLevel",
    "gfile.Glob": "io.gfile.glob",
    "test.is_gpu_available": "test.is_gpu_available",
    "test.is_built_with_cuda": "test.is_built_with_cuda",
    "keras.datasets.mnist.load_data": "keras.datasets.mnist.load_data",
    **{
        f"{prefix}{name}": f"io.{name}"
        for prefix in ("", "io.")
        for name in ("FixedLenFeature", "FixedLenSequenceFeature", "VarLenFeature")
    },
    "train.Feature": "train.Feature",
    "train.Features": "train.Features",
    "train.FloatList": "train.FloatList",
    "train.Int64List": "train.Int64List",
    "train.BytesList": "train.BytesList",
    "train.Example": "train.Example",
}

#: ``tf.to_float(x)`` and its like -> the data type.
CASTS = {
    "to_float": "float32",
    "to_double": "float64",
    "to_int32": "int32",
    "to_int64": "int64",
    "to_bfloat16": "bfloat16",
}

#: Calls that become another expression; :mod:`migrator.lift.spelling` writes them.
TEMPLATES = frozenset({*CASTS, "nn.dropout", "losses.mean_squared_error", "nn.xw_plus_b"})

#: Initializers by their TensorFlow 1 name: the new one, and the defaults that changed.
_INITIALIZERS: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "zeros_initializer": ("zeros_initializer", ("dtype",), {}),
    "ones_initializer": ("ones_initializer", ("dtype",), {}),
    "constant_initializer": ("constant_initializer", ("value", "dtype", "verify_shape"), {}),
    "random_uniform_initializer": (
        "random_uniform_initializer",
        ("minval", "maxval", "seed", "dtype"),
        {"minval": "0", "maxval": "1"},
    ),
    "random_normal_initializer": (
        "random_normal_initializer",
        ("mean", "stddev", "seed", "dtype"),
        {"stddev": "1.0"},
    ),
    "truncated_normal_initializer": (
        "keras.initializers.TruncatedNormal",
        ("mean", "stddev", "seed", "dtype"),
        {"stddev": "1.0"},
    ),
    "glorot_uniform_initializer": ("keras.initializers.GlorotUniform", ("seed", "dtype"), {}),
    "glorot_normal_initializer": ("keras.initializers.GlorotNormal", ("seed", "dtype"), {}),
    "contrib.layers.xavier_initializer": (
        "keras.initializers.GlorotUniform",
        ("uniform", "seed", "dtype"),
        {},
    ),
}


#: Initializers by their new name: the op of ``tf.random`` that draws TensorFlow 1's numbers.
DRAWN = {
    "random_uniform_initializer": "uniform",
    "random_normal_initializer": "normal",
    "keras.initializers.TruncatedNormal": "truncated_normal",
}


def initializer(symbol: Symbol) -> tuple[str, tuple[str, ...], dict[str, str]] | None:
    """Return the new name of an initializer, its v1 parameters and the defaults to state."""
    for name in _spellings(symbol):
        short = name.removeprefix("initializers.").removeprefix("keras.initializers.")
        if name in _INITIALIZERS:
            return _INITIALIZERS[name]
        if short != name and f"{short}_initializer" in _INITIALIZERS:
            return _INITIALIZERS[f"{short}_initializer"]
    return None


def _spellings(symbol: Symbol) -> tuple[str, ...]:
    return symbol.spelled.partition(".")[2], symbol.name.partition(".")[2]


def entry(symbol: Symbol) -> Entry | None:
    """Return what a function of tensors is called in TensorFlow 2, or None."""
    for name in _spellings(symbol):
        if name in _UNTOLD:
            return Entry(name)
        found = _table().get(name)
        if found is not None:
            return found
        if name in _KEPT:
            return Entry(f"compat.v1.{name}")
    return None


@functools.cache
def _table() -> dict[str, Entry]:
    table: dict[str, Entry] = {}
    with open(_TABLE, encoding="utf-8") as stream:
        for line in stream:
            mark, *words = line.split()
            if mark == "=":
                table[words[0]] = Entry(words[1])
            elif mark == "~":
                olds = tuple(_parameter(word) for word in words[2].split(","))
                table[words[0]] = Entry(words[1], olds, tuple(words[4].split(",")))
    return table


def _parameter(word: str) -> tuple[str, str | None]:
    if word.endswith("!"):
        return word[:-1], None
    old, _, new = word.partition(">")
    return old, new or old


def is_random(symbol: Symbol) -> bool:
    """Whether a function gives another value at each run of the session."""
    return any(name in RANDOM or name.startswith("random.") for name in _spellings(symbol))


def is_sparse(symbol: Symbol) -> bool:
    """Whether the gradient of the function's first argument is sparse."""
    return any(name in SPARSE for name in _spellings(symbol))


def bound(call: ast.Call, known: Entry) -> list[tuple[str | None, ast.expr]] | None:
    """Return the arguments of ``call`` for TensorFlow 2: keyword or None, and the value.

    None where the call can stay as it is but for its name.

    Raises:
        Refusal: an argument has no place in TensorFlow 2.
    """
    if not known.news:
        return None
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(
        keyword.arg is None for keyword in call.keywords
    ):
        raise Refusal(call, "arguments", "its arguments come through `*` or `**`")
    names = [old for old, _ in known.olds]
    successor = dict(known.olds)
    if len(call.args) > len(names):
        raise Refusal(call, "arguments", "it has more arguments than TensorFlow 1 takes")
    given: list[tuple[str, ast.expr, bool]] = [
        (name, value, False) for name, value in zip(names, call.args, strict=False)
    ]
    given += [(str(keyword.arg), keyword.value, True) for keyword in call.keywords]
    result: list[tuple[str | None, ast.expr]] = []
    same = True
    positional = True
    for index, (name, value, by_name) in enumerate(given):
        new = successor.get(name, name if name in known.news else None)
        if new is None:
            raise Refusal(
                value, "arguments", f"TensorFlow 2 has no place for its argument `{name}`"
            )
        stays = not by_name and index < len(known.news) and known.news[index] == new
        positional = positional and stays
        result.append((None if positional else new, value))
        same = same and (positional or (by_name and new == name))
    if known.new == "constant":
        _check_filled({name: value for name, value, _ in given})
    return None if same else result


def _check_filled(given: dict[str, ast.expr]) -> None:
    """TensorFlow 1 repeats the last value of a list that is too short for the shape."""
    value, shape = given.get("value"), given.get("shape")
    if shape is None or not isinstance(value, (ast.List, ast.Tuple)):
        return
    rows: list[ast.expr] = [value]
    while isinstance(rows[0], (ast.List, ast.Tuple)):
        rows = [item for row in rows for item in getattr(row, "elts", [])] or [ast.Constant(None)]
    sizes = shape.elts if isinstance(shape, (ast.List, ast.Tuple)) else [shape]
    if not all(isinstance(size, ast.Constant) for size in sizes) or len(rows) != math.prod(
        getattr(size, "value", 0) for size in sizes
    ):
        raise Refusal(value, "arguments", "a list of values may be too short for the shape")


def is_flags(symbol: Symbol) -> bool:
    """Whether a symbol is of the command-line flags, which make no graph."""
    name = symbol.spelled.partition(".")[2]
    return name == "app" or name.startswith(("app.flags", "flags", "app.run"))


def gives_several(symbol: Symbol) -> bool:
    """Whether a function gives a tuple or a list of tensors."""
    return any(name.rpartition(".")[2] in SEVERAL for name in _spellings(symbol))


def gone(symbol: Symbol) -> bool:
    """Whether TensorFlow 2.21 has the symbol nowhere any more."""
    return symbols.status(symbol.spelled) is symbols.Status.GONE
