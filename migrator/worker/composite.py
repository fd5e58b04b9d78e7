"""Tensors that are made of several: what their parts are called, and how they are cut and made.

A SignatureDef spells a sparse tensor as ``coo_sparse`` and a ragged one (or a sparse one of a
few versions) as ``composite_tensor`` with a type specification (``meta_graph.proto``,
``struct.proto``).  TensorFlow 2 keeps both among the outputs and cuts both apart among the
inputs, into ``x``, ``x_1``, ``x_2``.  So the parts are named here: an output's for what they
are (``y/values``, ``y/row_splits_0``), an input's as TensorFlow 2 names its parameters.
"""

from typing import Any, Dict, List, Optional, Sequence, Tuple

from .common import Array, CannotOpen, Json

#: ``TypeSpecProto.TypeSpecClass``: numbers of the classes whose components are known.
SPARSE_TENSOR_SPEC = 1
INDEXED_SLICES_SPEC = 2
RAGGED_TENSOR_SPEC = 3

SPARSE_PARTS = ("indices", "values", "dense_shape")


def component_parts(spec: Any, count: int) -> Tuple[str, List[str]]:
    """Return the type and the parts' names of a composite tensor with ``count`` components.

    The components are in the order of ``TypeSpec._to_components``.
    """
    kind = spec.type_spec_class
    if kind == RAGGED_TENSOR_SPEC:
        return "ragged", ["values"] + ["row_splits_%d" % level for level in range(count - 1)]
    if kind == SPARSE_TENSOR_SPEC and count == 3:
        return "sparse", list(SPARSE_PARTS)
    if kind == INDEXED_SLICES_SPEC and count in (2, 3):
        return "slices", ["values", "indices", "dense_shape"][:count]
    return "composite", ["component_%d" % number for number in range(count)]


def part_name(name: str, parts: Sequence[str], number: int, outputs: bool) -> str:
    """Return what part ``number`` of the input or output ``name`` is called."""
    if outputs:
        return "%s/%s" % (name, parts[number])
    return name if number == 0 else "%s_%d" % (name, number)


def flatten(name: str, value: Any) -> List[Tuple[str, Any]]:
    """Return the parts of an output that a function returned, with their names.

    A plain tensor is its only part.

    Raises:
        ValueError: it is a composite tensor of another kind.
    """
    kind = type(value).__name__
    if hasattr(value, "nested_row_splits") and hasattr(value, "flat_values"):
        found = [(name + "/values", value.flat_values)]
        splits = enumerate(value.nested_row_splits)
        return found + [("%s/row_splits_%d" % (name, level), rows) for level, rows in splits]
    if kind in ("SparseTensor", "SparseTensorValue"):
        return [("%s/%s" % (name, part), getattr(value, part)) for part in SPARSE_PARTS]
    if kind.startswith("IndexedSlices"):
        parts = [(part, getattr(value, part)) for part in ("values", "indices", "dense_shape")]
        return [("%s/%s" % (name, part), item) for part, item in parts if item is not None]
    if not hasattr(value, "numpy") and not hasattr(value, "dtype"):
        raise ValueError("its output %r is a %s, which is not compared" % (name, kind))
    return [(name, value)]


def dense_parts(outputs: Json, returned: Sequence[str]) -> Dict[str, str]:
    """Return the dense tensors of a function that are parts: their names → the parts' names.

    A function may return dense tensors where its SignatureDef tells of one sparse or ragged
    tensor ``y``: then these are called ``y``, ``y_1`` and so on, as the parts of an input are.
    The description of such parts says so, in how many (``dense``).

    Args:
        outputs: the description of the signature's outputs.
        returned: the names of what the function returns.
    """
    wholes: Dict[str, List[str]] = {}
    for name, info in outputs.items():
        if "composite" in info:
            wholes.setdefault(info["composite"]["of"], []).append(name)
    found: Dict[str, str] = {}
    for whole, parts in sorted(wholes.items()):
        dense = [part_name(whole, parts, number, False) for number in range(len(parts))]
        if len(parts) > 1 and all(n in returned and n not in outputs for n in dense):
            found.update(zip(dense, parts))
            for part in parts:
                outputs[part]["composite"]["dense"] = len(parts)
    return found


def ragged_part(spec: Json, make: Any, regime: str, batch: int) -> Array:
    """Return the values or the row splits of a ragged input that agree with each other.

    Row ``i`` of every level has ``i % 3 + 1`` items; the first has none where the regime is
    ``zeros`` and there are others, so that empty rows are run as well.

    Args:
        spec: the description of the part.
        make: makes an array of the part's dtype, given its shape.
        regime: the name of the regime.
        batch: the number of rows.
    """
    import numpy as np

    composite = spec["composite"]
    rows = batch
    splits = []
    for _ in range(composite["levels"]):
        sizes = [row % 3 + 1 for row in range(rows)]
        if regime == "zeros" and rows > 1:
            sizes[0] = 0
        splits.append(np.cumsum([0] + sizes).astype(composite["splits"]))
        rows = int(splits[-1][-1])
    part = str(composite["part"])
    if part.startswith("row_splits_"):
        return splits[int(part[len("row_splits_") :])]
    inner = [2 if size is None else size for size in (spec["shape"] or [None])[1:]]
    return make([rows] + inner)


def static_shape(spec: Any) -> Optional[List[Optional[int]]]:
    """Return the shape that a TypeSpecProto begins with; None where it has none."""
    for value in spec.type_state.tuple_value.values:
        if value.WhichOneof("kind") == "tensor_shape_value":
            shape = value.tensor_shape_value
            if shape.unknown_rank:
                return None
            return [None if dim.size < 0 else int(dim.size) for dim in shape.dim]
    return None


def describe_composite(name: str, info: Any, describe: Any, outputs: bool) -> Json:
    """Return the description of every part of a ``composite_tensor``, by the part's name.

    Args:
        name: the key in the SignatureDef.
        info: the TensorInfo.
        describe: returns the description of a plain TensorInfo.
        outputs: whether it is an output.

    Raises:
        CannotOpen: a part is composite itself.
    """
    encoded = info.composite_tensor
    count = len(encoded.components)
    kind, parts = component_parts(encoded.type_spec, count)
    found: Json = {}
    for number, component in enumerate(encoded.components):
        if component.WhichOneof("encoding") != "name":
            side = "output" if outputs else "input"
            raise CannotOpen("the %s %r of its signature nests composite tensors" % (side, name))
        entry = describe(component)
        part = parts[number]
        if outputs or kind != "sparse":
            entry["composite"] = {"of": name, "part": part, "type": kind}
        if kind == "ragged":
            splits = describe(encoded.components[count - 1])["dtype"]
            entry["composite"].update(levels=count - 1, splits=splits)
        if kind == "sparse" and not outputs:
            role = "shape" if part == "dense_shape" else part
            entry["sparse"] = {"of": name, "part": role, "shape": static_shape(encoded.type_spec)}
        found[part_name(name, parts, number, outputs)] = entry
    return found
