"""Values of one input or feature: numbers and images that depend on seed, regime and name only."""

import hashlib
import math
import struct
import zlib
from typing import Any, List, NamedTuple, Optional, Sequence

from .common import Array, Json

#: What the generated inputs of a signature are called; ``empty`` is a batch of size 0.
REGIMES = ("normal", "zeros", "ones", "edge", "empty")

Rule = NamedTuple("Rule", [("low", Any), ("high", Any), ("choices", Any)])
Rule.__doc__ = """Where a user wants generated values to lie: ends (None is open), or an array."""


def stream(seed: int, regime: str, name: str) -> Any:
    """Return the random numbers of one input: nothing else in the model moves them."""
    import numpy as np

    key = hashlib.sha256(("%d/%s/%s" % (seed, regime, name)).encode("utf-8")).digest()
    return np.random.RandomState(struct.unpack("<I", key[:4])[0])


def png(pixels: Array) -> bytes:
    """Return an RGB image of shape [height, width, 3], uint8, as a PNG file."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + pixels[i].tobytes() for i in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data) & 0xFFFFFFFF
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def make_images(rng: Any, count: int, regime: str) -> List[bytes]:
    """Return ``count`` PNG files of 32 by 32 pixels: noise, or black, or white."""
    import numpy as np

    found = []
    for _ in range(count):
        pixels = rng.randint(0, 256, size=(32, 32, 3)).astype(np.uint8)
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
    if regime == "edge":
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
    if "int" in kind:
        level = settings.get("wide", 0) if len(shape) else 0
        return make_integers(rng, kind, size, regime, settings["int"], level, rule).reshape(shape)
    if kind.startswith("complex"):
        half = "float32" if kind == "complex64" else "float64"
        real = make_numbers(rng, half, shape, regime, settings, rule)
        imag = make_numbers(rng, half, shape, regime, settings, rule)
        return (real + 1j * imag).astype(kind)
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
        edges = [0, 1, 127] + ([-1] if dtype.kind == "i" else [])
        # first, so that a batch of three holds them
        edges = ([int(limits.min), int(limits.max)] if level > 1 else []) + edges
    fixed = {"zeros": [min(max(0, low), high)], "ones": [min(max(1, low), high)], "edge": edges}
    if regime in fixed:
        return np.resize(np.array(fixed[regime], dtype=dtype), size)
    wide = np.uint64 if dtype.kind == "u" else np.int64
    return rng.randint(low, high + 1, size=size, dtype=wide).astype(dtype)


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
