"""Values of one input or feature: numbers and images that depend on seed, regime and name only."""

import hashlib
import math
import struct
import zlib
from typing import Any, List, NamedTuple, Optional, Sequence

from .common import Array, Json

#: What the generated inputs of a signature are called; ``empty`` is a batch of size 0.
REGIMES = ("normal", "zeros", "ones", "edge", "empty")

#: What is run beyond them where the before side takes it: many rows of values of all
#: magnitudes, more steps along an open dim, values that are not a number, and infinite ones.
FURTHER = ("wide", "long", "nan", "infinite")

#: Height and width of generated images: no square first, so that swapped sides show.
SIDES = ((40, 28), (32, 32), (28, 28))

#: Sizes and numbers of channels (RGB, grey, with alpha) of images that are not all alike.
_MIXED = ((40, 28, 3), (28, 40, 1), (57, 33, 4), (9, 64, 2))

Rule = NamedTuple("Rule", [("low", Any), ("high", Any), ("choices", Any)])
Rule.__doc__ = """Where a user wants generated values to lie: ends (None is open), or an array."""


def stream(seed: int, regime: str, name: str) -> Any:
    """Return the random numbers of one input: nothing else in the model moves them."""
    import numpy as np

    key = hashlib.sha256(("%d/%s/%s" % (seed, regime, name)).encode("utf-8")).digest()
    return np.random.RandomState(struct.unpack("<I", key[:4])[0])


def png(pixels: Array) -> bytes:
    """Return an image of shape [height, width, channels], uint8, as a PNG file.

    One channel is grey, two are grey and alpha, three RGB, four RGB and alpha.
    """
    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + pixels[i].tobytes() for i in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data) & 0xFFFFFFFF
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    # noise does not get smaller, and level 1 is the fastest
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def make_images(rng: Any, count: int, regime: str, settings: Json) -> List[bytes]:
    """Return ``count`` PNG files: noise, or black, or white.

    They are RGB and of one size, unless ``settings`` ask for a mixture.
    """
    import numpy as np

    found = []
    for number in range(count):
        size = SIDES[settings.get("side", 0)] + (3,)
        if settings.get("mixed"):
            size = _MIXED[number % len(_MIXED)]
        pixels = rng.randint(0, 256, size=size).astype(np.uint8)
        if regime in ("zeros", "ones"):
            pixels[:] = 0 if regime == "zeros" else 255
        found.append(png(pixels))
    return found


def make_raw(rng: Any, count: int, size: int, regime: str) -> List[bytes]:
    """Return ``count`` strings of ``size`` bytes, for ``tf.decode_raw``."""
    fixed = {"zeros": b"\0", "ones": b"\1", "edge": b"\0\1\x7f"}
    if regime in fixed:
        pattern = fixed[regime]
        return [(pattern * (size // len(pattern) + 1))[:size]] * count
    # below 128, so that no float that the bytes are read as is a NaN or an infinity
    return [bytes(bytearray(rng.randint(0, 64, size=size).tolist())) for _ in range(count)]


def pick(rng: Any, choices: Array, size: int, regime: str, zero: Any, one: Any) -> Array:
    """Return ``size`` of the values to choose from; the fixed regimes stay among them."""
    import numpy as np

    known = choices.tolist()
    if regime == "zeros":
        return np.resize(choices[[known.index(zero) if zero in known else 0]], size)
    if regime == "ones":
        return np.resize(choices[[known.index(one) if one in known else len(known) - 1]], size)
    if regime in ("edge", "wide"):
        return np.resize(choices, size)
    return choices[rng.randint(0, len(choices), size=size)]


def make_numbers(
    rng: Any, kind: str, shape: Sequence[int], regime: str, settings: Json, rule: Optional[Rule]
) -> Array:
    """Return an array of TensorFlow dtype ``kind``, which is not string, for one regime."""
    import numpy as np

    size = 1
    for count in shape:
        size *= count
    if rule is not None and rule.choices is not None:
        return pick(rng, rule.choices, size, regime, 0, 1).reshape(shape)
    if kind == "bool":
        values = {
            "zeros": np.zeros(size, bool),
            "ones": np.ones(size, bool),
            "edge": np.arange(size) % 2 == 0,
        }.get(regime)
        return (rng.rand(size) < 0.5 if values is None else values).reshape(shape)
    if "int" in kind and regime == "wide" and rule is None and len(shape):
        return make_wide_integers(rng, kind, size, settings).reshape(shape)
    if "int" in kind:
        level = settings.get("wide", 0) if len(shape) else 0
        return make_integers(rng, kind, size, regime, settings["int"], level, rule).reshape(shape)
    if kind.startswith("complex"):
        half = "float32" if kind == "complex64" else "float64"
        # rounding is looked at for floats only
        settings = dict(settings, exponent=0)
        real = make_numbers(rng, half, shape, regime, settings, rule)
        imag = make_numbers(rng, half, shape, regime, settings, rule)
        return (real + 1j * imag).astype(kind)
    if regime in FURTHER and rule is None and len(shape):
        return make_further_floats(rng, kind, shape, regime, settings)
    return make_floats(rng, kind, size, regime, rule).reshape(shape)


def integer_dtype(kind: str) -> Any:
    """Return the NumPy dtype that integers of a TensorFlow dtype are made in."""
    import numpy as np

    name = kind[1:] if kind.startswith("q") else kind
    return np.dtype(name if name in np.sctypeDict else "int8")


def make_integers(
    rng: Any, kind: str, size: int, regime: str, top: int, level: int, rule: Optional[Rule]
) -> Array:
    """Return ``size`` integers of 0 to ``top`` - 1, or in a range.

    ``level`` says how wide the edges are: 0 stays below ``top``, 1 leaves it, 2 takes in the
    smallest and the largest number of the dtype.
    """
    import numpy as np

    dtype = integer_dtype(kind)
    limits = np.iinfo(dtype)
    low, high = 0, top - 1
    edges = [0, min(1, top - 1), top - 1]
    if rule is not None:
        low = limits.min if rule.low is None else math.ceil(rule.low)
        high = limits.max if rule.high is None else math.floor(rule.high)
        edges = [low, high] + [edge for edge in (0, 1, 127, -1) if low < edge < high]
        if rule.high is None:
            high = min(low + top - 1, limits.max)
        elif rule.low is None:
            low = max(high - top + 1, limits.min)
    elif level:
        # the most telling ones first, so that a batch of three holds them
        edges = ([-1, -5] if dtype.kind == "i" else []) + [127, 0, 1]
        edges = ([int(limits.min), int(limits.max)] if level > 1 else []) + edges
    fixed = {"zeros": [min(max(0, low), high)], "ones": [min(max(1, low), high)], "edge": edges}
    if regime in fixed:
        return np.resize(np.array(fixed[regime], dtype=dtype), size)
    wide = np.uint64 if dtype.kind == "u" else np.int64
    return rng.randint(low, high + 1, size=size, dtype=wide).astype(dtype)


def make_wide_integers(rng: Any, kind: str, size: int, settings: Json) -> Array:
    """Return ``size`` integers of several magnitudes and both signs, or ids of a table.

    ``settings["ids"]`` is the number of rows of the table; each is taken once where there is
    room for all.  Without, 8-bit integers are all of their dtype, and others go up to 10,000,
    or to 127 where they may become sizes (``settings["wide"]`` is 1).
    """
    import numpy as np

    dtype = integer_dtype(kind)
    limits = np.iinfo(dtype)
    rows = settings.get("ids", 0)
    if rows:
        rows = min(rows, int(limits.max) + 1)
        values = rng.permutation(rows) if rows <= 1 << 16 else rng.randint(0, rows, size=size)
        return np.resize(values, size).astype(dtype)
    low, high = (-10000, 10000) if settings.get("wide", 0) != 1 else (-127, 127)
    low, high = max(low, int(limits.min)), min(high, int(limits.max))
    if limits.bits == 8 and settings.get("wide", 0) != 1:
        return np.resize(rng.permutation(np.arange(low, high + 1)), size).astype(dtype)
    edges = [edge for edge in (-1, -5, 127, 128, -128, 255, 256, 1000) if low <= edge <= high]
    signs = rng.choice([-1, 1], size=size) if low < 0 else 1
    values = signs * (10 ** rng.uniform(0, math.log10(high), size=size)).astype(np.int64)
    values[: len(edges)] = edges[:size]
    return values.astype(dtype)


def make_further_floats(
    rng: Any, kind: str, shape: Sequence[int], regime: str, settings: Json
) -> Array:
    """Return floats of all magnitudes, or normal ones among which some are not finite.

    ``settings["exponent"]`` says up to which power of ten the magnitudes go; 0 stands for the
    normal distribution, and so does it for half precision and less: TensorFlow 1.15 adds in it.
    """
    import numpy as np

    dtype = np.dtype(kind if kind in ("float16", "float32", "float64") else "float32")
    values = rng.randn(*shape)
    exponent = settings.get("exponent", 0) if kind in ("float32", "float64") else 0
    if regime == "wide" and exponent:
        values = wide_magnitudes(rng, shape, exponent)
    if regime == "nan":
        values.ravel()[::3] = math.nan
    if regime == "infinite":
        values.ravel()[::6] = math.inf
        values.ravel()[3::6] = -math.inf
    return values.astype(dtype)


def wide_magnitudes(rng: Any, shape: Sequence[int], exponent: int) -> Array:
    """Return numbers whose logarithms are spread evenly over the rows, in every column.

    A quarter of the rows goes from 0.001 to the power of ten, the others from 1 to 300, where
    ages, degrees and counts have their limits; three of four numbers are positive.
    """
    import numpy as np

    rows = shape[0]
    columns = 1
    for size in shape[1:]:
        columns *= size
    usual = rows * 3 // 4
    parts = []
    for count, low, high in ((usual, 0.0, 2.5), (rows - usual, -3.0, float(exponent))):
        steps = (np.arange(count)[:, None] + rng.rand(count, columns)) / max(count, 1)
        signs = np.where(np.arange(count) % 4 == 3, -1, 1)[:, None]
        values = signs * 10 ** (low + (high - low) * steps)
        if columns <= 1024:  # shuffling more of them takes seconds
            order = np.argsort(rng.rand(count, columns), axis=0)
            values = np.take_along_axis(values, order, 0)
        parts.append(values)
    # powers are not the same to the last bit in every version of NumPy; products are
    rounded = np.concatenate(parts).astype(np.float32).astype(np.float64)
    return (rounded * (1 + rng.rand(rows, columns) * 1e-8)).reshape(shape)


def make_floats(rng: Any, kind: str, size: int, regime: str, rule: Optional[Rule]) -> Array:
    """Return ``size`` floats: of the normal distribution, or evenly from a range."""
    import numpy as np

    # bfloat16 and the 8-bit floats are made as float32 and rounded when they are fed
    dtype = np.dtype(kind if kind in ("float16", "float32", "float64") else "float32")
    info = np.finfo(dtype)
    tiny, eps = float(info.tiny), float(info.eps)
    edges = [0.0, -0.0, tiny, -tiny, eps, -eps, 1 + eps, -1.0, 0.5, 1e-3, 100.0, -100.0]
    low, high = (None, None) if rule is None else (rule.low, rule.high)
    least = -math.inf if low is None else float(low)
    most = math.inf if high is None else float(high)
    ends = [end for end in (least, most) if math.isfinite(end)]
    edges = ends + [edge for edge in edges if least <= edge <= most]
    fixed = {"zeros": [0.0], "ones": [1.0], "edge": edges}
    if regime in fixed:
        values = np.resize(np.array(fixed[regime]), size)
    elif len(ends) == 2:
        values = least + (most - least) * rng.rand(size)
    elif ends:
        values = ends[0] + np.abs(rng.randn(size)) * (1 if high is None else -1)
    else:
        values = rng.randn(size)
    return np.clip(values, least, most).astype(dtype)
