"""The inputs that a signature is run on: given, or made from a seed."""

import base64
import hashlib
import struct
import zlib
from typing import Any, Dict, List, Sequence, Tuple

from .common import Array, BadInput, Json
from .store import dtype_name, load


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


def make_strings(hints: Any, rng: Any, count: int, regime: str, settings: Json) -> List[bytes]:
    """Return ``count`` strings of the kind that ``settings`` names."""
    import numpy as np

    kind = settings["strings"]
    if kind in ("images", "base64 images"):
        found = []
        for _ in range(count):
            level = {"zeros": 0, "ones": 255}.get(regime)
            pixels = rng.randint(0, 256, size=(32, 32, 3)).astype(np.uint8)
            if level is not None:
                pixels[:] = level
            data = png(pixels)
            found.append(base64.urlsafe_b64encode(data) if kind == "base64 images" else data)
        return found
    if kind in ("examples", "image examples"):
        images = kind == "image examples"
        return [hints.example(rng, regime, settings["int"], images) for _ in range(count)]
    if regime == "zeros":
        return [b""] * count
    if regime == "ones":
        return [hints.words[-1]] * count
    words = hints.words
    if regime == "edge":
        words = [b"", b" ", b"\x00\xff", "\u00e9".encode("utf-8"), hints.words[-1]]
        return [words[i % len(words)] for i in range(count)]
    return [words[int(rng.randint(len(words)))] for _ in range(count)]


def make_values(
    hints: Any, rng: Any, kind: str, shape: Sequence[int], regime: str, settings: Json
) -> Array:
    """Return an array of TensorFlow dtype ``kind`` for one regime."""
    import numpy as np

    size = int(np.prod(shape)) if len(shape) else 1
    if kind == "string":
        flat = np.empty(size, dtype=object)
        flat[:] = make_strings(hints, rng, size, regime, settings)
        return flat.reshape(shape)
    if kind == "bool":
        values = {
            "zeros": np.zeros(size, bool),
            "ones": np.ones(size, bool),
            "edge": np.arange(size) % 2 == 0,
        }.get(regime)
        return (rng.rand(size) < 0.5 if values is None else values).reshape(shape)
    if "int" in kind:
        name = kind[1:] if kind.startswith("q") else kind
        dtype = np.dtype(name if name in np.sctypeDict else "int8")
        top = settings["int"]
        edges = [0, min(1, top - 1), top - 1]
        if settings.get("wide"):
            edges = [0, 1, 127] + ([-1] if dtype.kind == "i" else [])
        table = {"zeros": [0], "ones": [min(1, top - 1)], "edge": edges}
        values = rng.randint(0, top, size=size)
        if regime in table:
            values = np.resize(np.array(table[regime]), size)
        return values.astype(dtype).reshape(shape)
    if kind.startswith("complex"):
        half = "float32" if kind == "complex64" else "float64"
        real = make_values(hints, rng, half, shape, regime, settings)
        imag = make_values(hints, rng, half, shape, regime, settings)
        return (real + 1j * imag).astype(kind)
    # bfloat16 and the 8-bit floats are made as float32 and rounded when they are fed
    dtype = np.dtype(kind if kind in ("float16", "float32", "float64") else "float32")
    info = np.finfo(dtype)
    tiny, eps = float(info.tiny), float(info.eps)
    edges = [0.0, -0.0, tiny, -tiny, eps, -eps, 1 + eps, -1.0, 0.5, 1e-3, 100.0, -100.0]
    fixed = {"zeros": [0.0], "ones": [1.0], "edge": edges}
    values = rng.randn(size)
    if regime in fixed:
        values = np.resize(np.array(fixed[regime]), size)
    return values.astype(dtype).reshape(shape)


def make_inputs(
    specs: Json, given: Json, hints: Any, seed: int, regime: str, batch: int, settings: Json
) -> Dict[str, Array]:
    """Return name -> array for one signature; ``given`` arrays are taken as they are."""
    import numpy as np

    found = dict(given)
    for position, name in enumerate(sorted(specs)):
        if name in found:
            continue
        spec = specs[name]
        key = hashlib.sha256(("%d/%s/%d/%d" % (seed, regime, batch, position)).encode()).digest()
        rng = np.random.RandomState(struct.unpack("<I", key[:4])[0])
        if "sparse" in spec:
            found[name] = sparse_part(spec, hints, rng, regime, batch, settings)
            continue
        shape = spec["shape"]
        if shape is None:
            shape = [batch, settings["dim"], settings["dim"], 3][: settings["rank"]]
        else:
            shape = [
                dim if dim is not None else batch if axis == 0 else settings["dim"]
                for axis, dim in enumerate(shape)
            ]
        found[name] = make_values(hints, rng, spec["dtype"], shape, regime, settings)
    return found


def sparse_part(spec: Json, hints: Any, rng: Any, regime: str, batch: int, settings: Json) -> Array:
    """Return the indices, values or shape of a sparse input: one value in every row."""
    import numpy as np

    shape = spec["sparse"]["shape"] or [None, None]
    sizes = [
        dim if dim is not None else batch if axis == 0 else settings["dim"]
        for axis, dim in enumerate(shape)
    ]
    rows = sizes[0] if sizes else 1
    if spec["sparse"]["part"] == "shape":
        return np.array(sizes, dtype=np.int64)
    if spec["sparse"]["part"] == "indices":
        return np.array([[row] + [0] * (len(sizes) - 1) for row in range(rows)], dtype=np.int64)
    return make_values(hints, rng, spec["dtype"], [rows], regime, settings)


def all_settings(specs: Json, given: Json, hints: Any) -> List[Json]:
    """Return the ways to fill what the specs leave open, most plausible first.

    A lookup beyond its table, a convolution wider than its image or a string that is no
    image make a run fail on the before side; the next way is tried then.
    """
    open_specs = [spec for name, spec in specs.items() if name not in given]
    kinds = [spec["dtype"] for spec in open_specs]
    # the rank of a sparse input is never tried: sparse_part takes a matrix for an unknown one
    shapes = [
        (spec["sparse"]["shape"] or [None, None]) if "sparse" in spec else spec["shape"]
        for spec in open_specs
    ]
    strings = hints.kinds() if "string" in kinds else ["words"]
    whole = any("int" in kind for kind in kinds) or bool(hints.features)
    ints = [(10, True), (10, False), (2, False), (1, False)] if whole else [(10, False)]
    inner = any(shape is not None and None in shape[1:] for shape in shapes)
    unknown = any(shape is None for shape in shapes)
    hinted = hints.sizes if inner else []
    sizes = list(dict.fromkeys([5, 1] + hinted + [32, 128, 299])) if inner or unknown else [5]
    ranks = [2, 0, 1, 4, 3] if unknown else [0]
    found = [
        {"strings": string, "int": top, "wide": wide, "dim": dim, "rank": rank}
        for string in strings
        for dim in sizes
        for rank in ranks
        for top, wide in ints
    ]
    return found[:60]


def regimes_of(specs: Json, given: Json) -> List[Tuple[str, int]]:
    """Return the (regime, batch size) pairs to run for a signature."""
    left = [name for name in specs if name not in given]
    if not left:
        return [("given" if specs else "no inputs", 0)]
    # an unknown batch size must agree with that of the arrays that were given
    rows = [
        given[name].shape[0]
        for name in specs
        if name in given
        and len(given[name].shape)
        and (specs[name]["shape"] is None or specs[name]["shape"][:1] == [None])
    ]
    if rows:
        return [(regime, rows[0]) for regime in ("normal", "zeros", "ones", "edge")]
    free = any(
        specs[name]["shape"] is None or None in specs[name]["shape"] or "sparse" in specs[name]
        for name in left
    )
    if not free:
        return [(regime, 1) for regime in ("normal", "zeros", "ones", "edge")]
    return [("normal", 1), ("normal", 3), ("zeros", 1), ("ones", 3), ("edge", 3)]


def extreme(feeds: Dict[str, Array], given: Json, regime: str) -> bool:
    """Return whether generated inputs hold values at which sane models may overflow.

    Those are the edge values, and a scalar that is exactly 0 or 1: a keep probability, a
    dropout rate or a temperature, by which the model, or one minus it, divides.
    """
    scalars = [
        value
        for name, value in feeds.items()
        if name not in given and value.shape == () and value.dtype.kind == "f"
    ]
    return regime == "edge" or (regime in ("zeros", "ones") and bool(scalars))


def read_given(request: Json) -> Json:
    """Return the user's inputs: by name for every signature, and by signature key and name."""
    import numpy as np

    given: Json = {"shared": {}, "signatures": {}}
    if request.get("given"):
        index = request["given"]["index"]
        with np.load(request["given"]["arrays"], allow_pickle=False) as arrays:
            given["shared"] = {n: load(e, arrays) for n, e in index["shared"].items()}
            for key, entries in index["signatures"].items():
                given["signatures"][key] = {n: load(e, arrays) for n, e in entries.items()}
    return given


def check_given(given: Json, signatures: Json) -> None:
    """Refuse inputs that no signature takes.

    A name such as ``keep_prob:0`` that is no signature's input names a tensor, which is
    fed through the v1 loader only.

    Raises:
        BadInput: a signature key or an input name is unknown.
    """
    known = sorted({name for signature in signatures.values() for name in signature["inputs"]})
    for name in given["shared"]:
        if name not in known and ":" not in name:
            raise BadInput("no signature has an input %r: the inputs are %s" % (name, known))
    for key, values in given["signatures"].items():
        if key not in signatures:
            raise BadInput("inputs are given for the signature %r, which is not there" % key)
        for name in values:
            if name not in signatures[key]["inputs"] and ":" not in name:
                names = sorted(signatures[key]["inputs"])
                raise BadInput("signature %r has no input %r, only %s" % (key, name, names))


def fit(value: Array, spec: Json, name: str) -> Array:
    """Return a given array in its input's dtype, cast as ``feed_dict`` casts.

    Raises:
        BadInput: the cast would change the values.
    """
    import numpy as np

    kind = spec["dtype"]
    if (kind == "string") != (value.dtype.kind == "O"):
        raise BadInput("the input %r takes %s, not %s" % (name, kind, dtype_name(value)))
    if kind == "string":
        return value
    if kind not in np.sctypeDict and kind != "bool":
        return value
    cast = value.astype(kind)
    if cast.dtype.kind in "iub" and not np.array_equal(cast.astype(value.dtype), value):
        raise BadInput("the input %r takes %s, and the values given do not fit" % (name, kind))
    return cast
