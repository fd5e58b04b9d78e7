"""The inputs that a signature is run on, made from a seed."""

import base64
import re
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .common import Array, Json
from .composite import ragged_part
from .limits import Limits
from .parsing import as_strings, make_words
from .texts import make_lines, vocabulary
from .values import SIDES, make_images, make_numbers, make_raw, stream

#: Names that inputs without a shape have in TensorFlow 1 when they are scalars.
_SCALARS = re.compile(r"keep_?prob|drop_?out|train|phase|learning_?rate|temperature|\brate\b|^is_")

#: A way to fill what the specs leave open until one is found that runs.
FIRST = {
    "strings": "words",
    "int": 10,
    "wide": 0,
    "dim": 5,
    "rank": 2,
    "scalars": True,
    "own": 0,
    "side": 0,
    "single": False,
}

#: What an open dim beyond the batch is in the regime ``long``.
LONG = 37

#: How many rows the regime ``wide`` has, and at most where a vocabulary is longer.
ROWS, MOST_ROWS = 64, 512


class Maker:
    """Make the inputs of one signature; each depends on seed, regime and its own name."""

    def __init__(
        self, key: str, specs: Json, hints: Any, seed: int, limits: Optional[Limits] = None
    ) -> None:
        self.key = key
        self.specs = specs
        self.hints = hints
        self._seed = seed
        self.limits = limits or Limits({}, {})

    def inputs(
        self, given: Dict[str, Array], regime: str, batch: int, settings: Json
    ) -> Dict[str, Array]:
        """Return name -> array for the signature; ``given`` arrays are taken as they are."""
        found = dict(given)
        for name in sorted(self.specs):
            if name in found:
                continue
            spec = self.specs[name]
            if "sparse" in spec:
                found[name] = self._sparse_part(name, regime, batch, settings)
            elif is_ragged(spec):

                def make(shape: Sequence[int], name: str = name) -> Array:
                    return self.values(name, shape, regime, batch, settings)

                found[name] = ragged_part(spec, make, regime, batch)
            else:
                shape = self.shape(name, batch, settings)
                found[name] = self.values(name, shape, regime, batch, settings)
        return found

    def shape(self, name: str, batch: int, settings: Json) -> List[int]:
        """Return the shape that is tried for an input."""
        shape = self.specs[name]["shape"]
        if shape is None:
            rank = 0 if settings["scalars"] and is_scalar(name, self.specs[name]) else None
            rank = settings["rank"] if rank is None else rank
            return [batch, settings["dim"], settings["dim"], 3][:rank]
        return sizes(shape, batch, settings)

    def values(
        self, name: str, shape: Sequence[int], regime: str, batch: int, settings: Json
    ) -> Array:
        """Return the values of one input, or of the part of a composite one that holds them."""
        import numpy as np

        kind = self.specs[name]["dtype"]
        rng = stream(self._seed, regime, name)
        rule = self.limits.rule(self.key, name)
        if kind == "string":
            count = 1
            for size in shape:
                count *= size
            return as_strings(self._strings(name, rng, count, regime, settings, rule), shape)
        if settings["own"] and not len(shape) and "int" in kind and rule is None:
            # a scalar that repeats the batch size, as recurrent networks of TensorFlow 1 take
            return np.array(batch).astype(kind if kind in np.sctypeDict else "int8")
        level = settings["wide"]
        if (level > 1 or regime == "wide") and self.hints.sized(self.specs[name]["tensor"]):
            level = 1
        return make_numbers(rng, kind, shape, regime, dict(settings, wide=level), rule)

    def _strings(
        self, name: str, rng: Any, count: int, regime: str, settings: Json, rule: Any
    ) -> Sequence[bytes]:
        hints, kind = self.hints, settings["strings"]
        if rule is not None:
            return make_words(rng, count, regime, hints.words, rule)
        if kind.startswith("examples"):
            parser = hints.examples(self.specs[name]["tensor"])
            if parser is not None:
                ways = dict(settings, contents=kind[len("examples of ") :])
                made = hints.maker(parser).make
                found = made(self._seed, name, count, regime, ways, self.limits)
                return list(found)
        if kind in ("images", "base64 images"):
            images = make_images(rng, count, regime, settings)
            if kind == "images":
                return images
            return [base64.urlsafe_b64encode(image) for image in images]
        if kind.startswith("raw "):
            return make_raw(rng, count, int(kind[4:]), regime)
        if kind == "lines":
            return make_lines(rng, count, regime, hints.columns, hints.words)
        if kind == "numbers":
            fixed = {"zeros": "0", "ones": "1"}
            texts = [fixed.get(regime) or str(int(n)) for n in rng.randint(0, 10, size=count)]
            return [text.encode("ascii") for text in texts]
        return make_words(rng, count, regime, hints.words, None)

    def _sparse_part(self, name: str, regime: str, batch: int, settings: Json) -> Array:
        """Return the indices, values or shape of a sparse input."""
        import numpy as np

        sparse = self.specs[name]["sparse"]
        # the rank of a sparse input is never tried: a matrix stands for an unknown one
        shape = sizes(sparse["shape"] or [None, None], batch, settings)
        if sparse["part"] == "shape":
            return np.array(shape, dtype=np.int64)
        found = sparse_indices(shape, regime, settings)
        if sparse["part"] == "indices":
            return np.array(found, dtype=np.int64).reshape(len(found), len(shape))
        return self.values(name, [len(found)], regime, batch, settings)


def sparse_indices(shape: Sequence[int], regime: str, settings: Json) -> List[List[int]]:
    """Return where a sparse input of a dense ``shape`` has values, in row-major order.

    Row ``i`` has ``i % 3 + 1`` of them, as far as there is room, at places that vary with the
    row; some rows have none where the regime is ``zeros`` or ``wide`` and there are others.
    A model may want one value per row (``settings["single"]``).
    """
    import numpy as np

    inner = 1
    for size in shape[1:]:
        inner *= size
    found = []
    for row in range(shape[0] if shape else 1):
        count = 1 if settings["single"] else row % 3 + 1
        if regime in ("zeros", "wide") and shape and shape[0] > 1 and row % 4 == 1:
            count = 1 if settings["single"] else 0
        places = {(2 * row + 1 + number) % inner for number in range(count)} if inner else ()
        for place in [0] if settings["single"] and inner else sorted(places):
            rest = [int(i) for i in np.unravel_index(place, shape[1:])] if shape[1:] else []
            found.append(([row] if shape else []) + rest)
    return found


def sizes(shape: Sequence[Optional[int]], batch: int, settings: Json) -> List[int]:
    """Return a shape whose unknown dims are the batch first, and the size tried elsewhere."""
    return [
        dim if dim is not None else batch if axis == 0 else settings["dim"]
        for axis, dim in enumerate(shape)
    ]


def is_ragged(spec: Json) -> bool:
    """Return whether an input is part of a ragged one."""
    return bool(spec.get("composite", {}).get("type") == "ragged")


def is_scalar(name: str, spec: Json) -> bool:
    """Return whether an input without a shape is taken for a scalar: a bool, or by its name."""
    if spec["dtype"] == "bool":
        return True
    tensor = spec.get("tensor", "").split(":")[0].split("/")[-1]
    return any(_SCALARS.search(text.lower()) for text in (name, tensor))


def all_settings(specs: Json, given: Json, hints: Any) -> List[Json]:
    """Return the ways to fill what the specs leave open, most plausible first.

    A lookup beyond its table, a convolution wider than its image or a string that is no
    image make a run fail on the before side; the next way is tried then.
    """
    left = {name: spec for name, spec in specs.items() if name not in given}
    kinds = [spec["dtype"] for spec in left.values()]
    # the rank of a composite input is never tried
    shapes = [
        (spec["sparse"]["shape"] or [None, None]) if "sparse" in spec else spec["shape"]
        for spec in left.values()
    ]
    strings = hints.kinds() if "string" in kinds else ["words"]
    whole = any("int" in kind for kind in kinds) or bool(hints.features())
    inner = any(shape is not None and None in shape[1:] for shape in shapes)
    unknown = any(shape is None for shape in shapes)
    hinted = hints.sizes if inner else []
    dims = list(dict.fromkeys([5, 1] + hinted + [32, 128, 299])) if inner or unknown else [5]
    ranks = [2, 0, 1, 4, 3] if unknown else [2]
    found = [
        dict(FIRST, strings=string, int=top, dim=dim, rank=rank)
        for string in strings
        for dim in dims
        for rank in ranks
        for top in ([10, 2, 1] if whole else [10])
    ][:60]
    if any("int" in spec["dtype"] and spec["shape"] == [] for spec in left.values()):
        found[3:3] = [dict(settings, own=1) for settings in found[:3]]
    if any("sparse" in spec for spec in left.values()):
        found += [dict(settings, single=True) for settings in found[:20]]
    if any("images" in string for string in strings):
        # what is not resized is as large as the model wants it
        found += [dict(s, side=side) for side in range(1, len(SIDES)) for s in found[:20]]
    if any(spec["shape"] is None and is_scalar(name, spec) for name, spec in left.items()):
        found += [dict(settings, scalars=False) for settings in found[:20]]
    return found


def widths(settings: Json, specs: Json, given: Json, regime: str) -> List[Json]:
    """Return the ways to choose the edges of integers, widest first.

    At the ends of its dtype first, then beyond the tables that a model may have, then inside.
    """
    whole = any("int" in spec["dtype"] for name, spec in specs.items() if name not in given)
    levels = [2, 1, 0] if regime == "edge" and whole else [0]
    return [dict(settings, wide=level) for level in levels]


def regimes_of(specs: Json, given: Dict[str, Array]) -> List[Tuple[str, int]]:
    """Return the (regime, batch size) pairs to run for a signature."""
    left = [name for name in specs if name not in given]
    if not left:
        return [("given" if specs else "no inputs", 0)]
    rows = rows_of(specs, given)
    if rows is not None:
        return [(regime, rows) for regime in ("normal", "zeros", "ones", "edge")]
    free = any(
        specs[name]["shape"] is None
        or None in specs[name]["shape"]
        or "sparse" in specs[name]
        or is_ragged(specs[name])
        for name in left
    )
    if not free:
        return [(regime, 1) for regime in ("normal", "zeros", "ones", "edge")]
    found = [("normal", 1), ("normal", 3), ("zeros", 1), ("ones", 3), ("edge", 3)]
    return found + ([("empty", 0)] if batched(specs, left) else [])


def further_regimes(specs: Json, given: Dict[str, Array], hints: Any) -> List[Tuple[str, int]]:
    """Return the (regime, batch size) pairs to run where the before side takes them."""
    left = {name: spec for name, spec in specs.items() if name not in given}
    if not left:
        return []
    rows = rows_of(specs, given)
    free = rows is None and batched(specs, list(left))
    count = rows or 1
    if free:
        # a vocabulary, or a table of ids, is run from end to end where each row takes one
        flat = {s["dtype"] for s in left.values() if s["shape"] is not None and len(s["shape"]) < 2}
        words = len(vocabulary(hints.words)) if "string" in flat else 0
        ids = hints.rows[0] if hints.rows and any("int" in kind for kind in flat) else 0
        count = max(ROWS, words, ids)
    found = [("wide", min(count, MOST_ROWS) if free else count)]
    if any(open_inside(spec) for spec in left.values()):
        found.append(("long", rows or 3))
    floats = any(
        spec["dtype"].startswith("float") and spec["shape"] != [] for spec in left.values()
    )
    found += [(regime, rows or (3 if free else 1)) for regime in hints.unusual if floats]
    return found


def open_inside(spec: Json) -> bool:
    """Return whether a dim beyond the first one of an input is open."""
    shape = spec["sparse"]["shape"] or [None, None] if "sparse" in spec else spec["shape"]
    return shape is not None and None in shape[1:]


def further_ways(settings: Json, specs: Json, given: Json, regime: str, hints: Any) -> List[Json]:
    """Return the ways to fill the inputs of a further regime, most telling first.

    Integers of both signs are no ids, and ids of one table may be too large for another.
    """
    if regime == "long":
        return [dict(settings, dim=LONG)]
    if regime != "wide":
        return [settings]
    left = [spec for name, spec in specs.items() if name not in given]
    whole = any("int" in spec["dtype"] for spec in left) or bool(hints.features())
    ids = [0] + hints.rows[:3] + [settings["int"]] if whole else [0]
    images = "images" in settings["strings"] or settings["strings"].startswith("examples")
    return [
        dict(settings, ids=rows, mixed=mixed)
        for mixed in ([True, False] if images else [False])
        for rows in dict.fromkeys(ids)
    ]


def rows_of(specs: Json, given: Dict[str, Array]) -> Optional[int]:
    """Return the batch size of the arrays that were given, which an unknown one must agree with."""
    rows = [
        given[name].shape[0]
        for name in sorted(specs)
        if name in given
        and len(given[name].shape)
        and (specs[name]["shape"] is None or specs[name]["shape"][:1] == [None])
    ]
    return int(rows[0]) if rows else None


def batched(specs: Json, left: Sequence[str]) -> bool:
    """Return whether the first dim of an input is open, so that a batch may be empty."""
    for name in left:
        shape = specs[name]["shape"]
        if "sparse" in specs[name]:
            shape = specs[name]["sparse"]["shape"] or [None]
        if is_ragged(specs[name]) or (shape is not None and shape[:1] == [None]):
            return True
        if shape is None and not is_scalar(name, specs[name]):
            return True
    return False


def extreme(feeds: Dict[str, Array], given: Json, regime: str, neutral: bool = False) -> bool:
    """Return whether generated inputs hold values at which sane models may overflow.

    Those are the edge values, the magnitudes of the wide regime, what is not finite itself, an
    empty batch (whose mean is 0 / 0), and a scalar that is
    exactly 0 or 1: a keep probability, a dropout rate or a temperature, by which the model,
    or one minus it, divides.
    """
    scalars = [
        value
        for name, value in feeds.items()
        if name not in given and value.shape == () and value.dtype.kind == "f"
    ]
    fixed = regime in ("zeros", "ones") or neutral
    return regime in ("edge", "empty", "wide", "nan", "infinite") or (fixed and bool(scalars))
