"""Inputs that the user gave, or recorded: read, named, and cast to what the signatures take."""

from typing import Any, Dict, List, Optional, Tuple

from .common import Array, BadInput, Json
from .limits import all_inputs, places
from .records import Examples, read_examples
from .store import dtype_name, load

#: Records of one file that are used: enough to tell two models apart.
MOST_RECORDS = 1000

_TRUE, _FALSE = (b"true", b"1"), (b"false", b"0")


class InputSet:
    """One set of inputs: a label, the file it is from, and values whose place is still open.

    ``shared`` names an input of any signature (or ``key/input``, or ``tensor:0``),
    ``signatures`` those of one; ``default`` those of the signature that TensorFlow Serving
    takes when a request names none; ``bare`` is the value of a signature's only input, by key,
    or under the empty key.  ``text`` says that numbers are spelled as text, one per example.
    """

    def __init__(self, item: Json, arrays: Any) -> None:
        self.label = item["label"]
        self.file = item.get("file") or ""
        self.text = bool(item.get("text"))
        self.extreme = bool(item.get("extreme"))
        self.empty = bool(item.get("empty"))
        index = item.get("index") or {}
        self.examples: Optional[Examples] = None

        def read(entries: Json) -> Dict[str, Array]:
            return {name: load(entry, arrays) for name, entry in entries.items()}

        self.shared = read(index.get("shared", {}))
        self.default = read(index.get("default", {}))
        self.bare = read(index.get("bare", {}))
        self.signatures = {k: read(v) for k, v in index.get("signatures", {}).items()}

    def bad(self, message: str) -> BadInput:
        """Return the exception that says what does not fit, and in which file."""
        return BadInput("%s: %s" % (self.file, message) if self.file else message)


#: What one set gives to one signature.
Given = Dict[str, Any]


def read_given(tf: Any, request: Json) -> List[InputSet]:
    """Return the user's sets of inputs.

    Raises:
        BadInput: a file cannot be read.
    """
    import numpy as np

    found = []
    for item in request.get("given") or []:
        if item.get("arrays"):
            try:
                with np.load(item["arrays"], allow_pickle=False) as arrays:
                    found.append(InputSet(item, arrays))
            except (OSError, ValueError, LookupError, EOFError) as error:
                where = item.get("file") or item["arrays"]
                raise BadInput("%s cannot be read: %s" % (where, error))
            continue
        found.append(InputSet(item, {}))
        if item.get("records"):
            examples = read_examples(tf, item["records"], item["file"], MOST_RECORDS)
            found[-1].examples = examples
            if examples.more:
                found[-1].label += ", first %d records" % MOST_RECORDS
    return found


def assign(sets: List[InputSet], signatures: Json, hints: Any) -> Dict[str, List[Given]]:
    """Return, per signature key, what each set gives it, cast to what the signature takes.

    ``hints`` tells which inputs the graph parses as tf.Examples.  A name such as
    ``keep_prob:0`` that is no signature's input names a tensor, which is fed through the v1
    loader only.

    Raises:
        BadInput: a name is unknown, or a value does not fit.
    """
    found: Dict[str, List[Given]] = {key: [] for key in signatures}
    for one in sets:
        values: Dict[str, Dict[str, Array]] = {key: {} for key in signatures}
        extra: Dict[str, Dict[str, Array]] = {key: {} for key in signatures}
        _place_shared(one, signatures, values, extra)
        _place_by_key(one, signatures, values, extra)
        if one.examples is not None:
            _place_examples(one, signatures, hints, values)
        for key in signatures:
            specs = signatures[key]["inputs"]
            fixed = {}
            for name in sorted(values[key]):
                try:
                    fixed[name] = fit(values[key][name], specs[name], name, one.text)
                except BadInput as error:
                    raise one.bad(str(error))
            if fixed or extra[key]:
                found[key].append({"set": one, "fixed": fixed, "extra": extra[key]})
    return found


def _place_shared(one: InputSet, signatures: Json, values: Json, extra: Json) -> None:
    for name, value in one.shared.items():
        found = places(name, signatures)
        for key, place in found:
            values[key][place] = value
        if not found and ":" in name:
            for key in signatures:
                extra[key][name] = value
        elif not found:
            known = all_inputs(signatures)
            raise one.bad("no signature has an input %r: the inputs are %s" % (name, known))


def _place_by_key(one: InputSet, signatures: Json, values: Json, extra: Json) -> None:
    named = [(key, inputs) for key, inputs in one.signatures.items()]
    if one.default:
        named.append((default_key(one, signatures), one.default))
    for key, inputs in named:
        if key not in signatures:
            known = sorted(signatures)
            raise one.bad(
                "inputs are given for the signature %r, which is not there: there are %s"
                % (key, known)
            )
        for name, value in inputs.items():
            if name in signatures[key]["inputs"]:
                values[key][name] = value
            elif ":" in name:
                extra[key][name] = value
            else:
                names = sorted(signatures[key]["inputs"])
                raise one.bad("signature %r has no input %r, only %s" % (key, name, names))
    for key, value in one.bare.items():
        key = key or default_key(one, signatures)
        if key not in signatures:
            raise one.bad("the signature %r is not there: there are %s" % (key, sorted(signatures)))
        names = sorted(signatures[key]["inputs"])
        if len(names) != 1 and "inputs" not in names:
            raise one.bad("signature %r has the inputs %s: name the values" % (key, names))
        values[key][names[0] if len(names) == 1 else "inputs"] = value


def default_key(one: InputSet, signatures: Json) -> str:
    """Return the signature that a request means which names none.

    Raises:
        BadInput: there are several, and none is the default one.
    """
    if "serving_default" in signatures or len(signatures) != 1:
        if "serving_default" not in signatures:
            raise one.bad(
                "it names no signature, and there are %s: give signature_name" % sorted(signatures)
            )
        return "serving_default"
    return str(next(iter(signatures)))


def _place_examples(one: InputSet, signatures: Json, hints: Any, values: Json) -> None:
    """Feed serialized records as they are, or their features as inputs by name.

    As they are to a vector of strings that is the only input, or that the graph parses.
    """
    examples = one.examples
    assert examples is not None
    names = examples.names()
    placed = False
    for key, signature in signatures.items():
        specs = signature["inputs"]
        strings = [
            name
            for name, spec in specs.items()
            if spec["dtype"] == "string"
            and (spec["shape"] is None or len(spec["shape"]) == 1)
            and name not in names
            and (len(specs) == 1 or hints.examples(spec["tensor"]) is not None)
        ]
        if len(strings) == 1:
            values[key][strings[0]] = examples.serialized()
            placed = True
        for name in sorted(set(specs) & set(names)):
            try:
                values[key][name] = examples.column(name, specs[name])
            except ValueError as error:
                raise one.bad(str(error))
            placed = True
    if not placed:
        raise one.bad(
            "its records fit no signature: their features are %s, the inputs %s"
            % (names, all_inputs(signatures))
        )


def as_kind(value: Array, kind: str, name: str) -> Array:
    """Return an array in a TensorFlow dtype; numbers may be spelled as text.

    Raises:
        BadInput: a text is no such number, or the cast would change the values.
    """
    import numpy as np

    text = value.dtype.kind == "O"
    if kind == "string":
        if not text:
            raise BadInput("the input %r takes string, not %s" % (name, dtype_name(value)))
        return value
    if text:
        value = _parsed(value, kind, name)
    if kind not in np.sctypeDict and kind != "bool":
        return value
    with np.errstate(all="ignore"):
        cast = value.astype(kind)
        kept = cast.dtype.kind not in "iub" or np.array_equal(cast.astype(value.dtype), value)
        if kept and cast.dtype.kind in "iu" and value.dtype.kind in "iuf":
            # -1 as uint64, and 2**63 as int64, come back as they were
            kept = np.array_equal(cast < 0, value < 0)
    if not kept:
        raise BadInput("the input %r takes %s, and the values given do not fit" % (name, kind))
    return cast


def _parsed(value: Array, kind: str, name: str) -> Array:
    """Return numbers that are spelled as text.

    Raises:
        BadInput: one of them is none.
    """
    import numpy as np

    flat: List[Any] = []
    for item in value.ravel():
        word = bytes(item).strip()
        try:
            if kind == "bool":
                flat.append((_FALSE + _TRUE).index(word.lower()) >= len(_FALSE))
            elif "int" in kind:
                flat.append(int(word))
            else:
                flat.append(complex(word.decode()) if "complex" in kind else float(word))
        except ValueError:
            shown = word[:40].decode("utf-8", "replace")
            raise BadInput("the input %r takes %s, not %r" % (name, kind, shown))
    dtype = kind if kind in np.sctypeDict or kind == "bool" else None
    try:
        return np.array(flat, dtype=dtype).reshape(value.shape)
    except OverflowError:
        raise BadInput("the input %r takes %s, and the values given do not fit" % (name, kind))


def fit(value: Array, spec: Json, name: str, text: bool = False) -> Array:
    """Return a given array in its input's dtype, cast as ``feed_dict`` casts.

    ``text`` allows what a table of text cannot say: numbers as strings, a column of one
    value for a scalar, a column for an input of shape [None, 1].

    Raises:
        BadInput: the cast would change the values, or the shape is another.
    """
    kind, shape = spec["dtype"], spec["shape"]
    if not text and (kind == "string") != (value.dtype.kind == "O"):
        raise BadInput("the input %r takes %s, not %s" % (name, kind, dtype_name(value)))
    cast = as_kind(value, kind, name)
    if text and shape is not None and len(shape) < cast.ndim == 1:
        if any(item != cast[0] for item in cast):
            raise BadInput("the input %r takes one value, and the column holds several" % name)
        cast = cast[:1].reshape(())
    if text and shape is not None and len(shape) == cast.ndim + 1 and shape[-1] in (1, None):
        cast = cast.reshape(cast.shape + (1,))
    if shape is not None and not agrees(cast.shape, shape):
        wanted = [dim if dim is not None else "None" for dim in shape]
        raise BadInput(
            "the input %r takes shape [%s], not [%s]"
            % (name, ", ".join(map(str, wanted)), ", ".join(map(str, cast.shape)))
        )
    return cast


def agrees(sizes: Tuple[int, ...], shape: List[Optional[int]]) -> bool:
    """Return whether an array's shape is one that a static shape allows."""
    return len(sizes) == len(shape) and all(
        dim is None or dim == size for dim, size in zip(shape, sizes)
    )
