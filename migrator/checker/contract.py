"""The structure of two SavedModels: what a client of the model relies on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from migrator.results import CheckStatus, ContractDelta

__all__ = ["BAD", "compare_contracts", "spell_shape", "with_parts"]

Shape = list[int | None] | None

#: Statuses that decide against a match.
BAD = frozenset({CheckStatus.CHANGED, CheckStatus.MISSING, CheckStatus.EXTRA})


def spell_shape(shape: Shape) -> str:
    """Return a shape as TensorFlow prints it; ``unknown rank`` for None."""
    if shape is None:
        return "unknown rank"
    return "[" + ", ".join("None" if dim is None else str(dim) for dim in shape) + "]"


def with_parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the after side's answer with dense outputs named as the parts that they are.

    What TensorFlow 1 exported as one sparse output ``y`` may come back as three dense ones,
    ``y``, ``y_1`` and ``y_2``, named as TensorFlow 2 names the parts of a sparse input; a ragged
    one likewise.  They get the names that the worker gives to the parts of the before side's
    output, ``y/indices`` and so on, in the signatures and in the runs of every loader.

    Args:
        before: the before side's answer.
        after: the after side's; it is left as it is.
    """
    signatures, renamed = {}, {}
    for key, new in after.get("signatures", {}).items():
        old = before.get("signatures", {}).get(key)
        names = {} if old is None else _dense_parts(old["outputs"], new["outputs"])
        if names:
            outputs = {
                names.get(name, (name, None))[0]: _as_part(info, names.get(name))
                for name, info in new["outputs"].items()
            }
            signatures[key] = {**new, "outputs": outputs}
            renamed[key] = {name: part for name, (part, _) in names.items()}
    if not renamed:
        return after
    runs = [_renamed(run, renamed.get(run["signature"], {})) for run in after.get("runs", ())]
    return {**after, "signatures": {**after["signatures"], **signatures}, "runs": runs}


def _dense_parts(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Return the dense outputs that are parts: name → the part's name, and what it is part of."""
    wholes: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for name, info in old.items():
        made_of = info.get("composite")
        if isinstance(made_of, dict):
            wholes.setdefault(str(made_of["of"]), []).append((name, info))
    found: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for whole, parts in wholes.items():
        parts.sort(key=lambda part: _position(part[1]["composite"]))
        dense = [whole, *(f"{whole}_{number}" for number in range(1, len(parts)))]
        plain = all(name in new and "composite" not in new[name] for name in dense)
        if not plain or any(name in old for name in dense) or any(n in new for n, _ in parts):
            continue
        # the values may have become another dtype, which is told of as such
        same = [
            new[name]["dtype"] == info["dtype"] or info["composite"]["part"] == "values"
            for name, (_, info) in zip(dense, parts, strict=True)
        ]
        if all(same):
            found.update(
                (name, (part, {**info["composite"], "dense": len(parts)}))
                for name, (part, info) in zip(dense, parts, strict=True)
            )
    return found


def _position(made_of: Mapping[str, Any]) -> tuple[int, int]:
    """Return where a part stands among the components of its tensor (``TypeSpec``)."""
    first = {"sparse": ("indices", "values", "dense_shape")}
    order = first.get(made_of["type"], ("values", "indices", "dense_shape"))
    part = str(made_of["part"])
    number = part.rpartition("_")[2]
    return (order.index(part), 0) if part in order else (len(order), int(number))


def _as_part(
    info: Mapping[str, Any], named: tuple[str, Mapping[str, Any]] | None
) -> Mapping[str, Any]:
    return info if named is None else {**info, "composite": named[1]}


def _renamed(run: Mapping[str, Any], names: Mapping[str, str]) -> Mapping[str, Any]:
    if not names or "outputs" not in run:
        return run
    outputs = {names.get(name, name): index for name, index in run["outputs"].items()}
    unstable = [names.get(name, name) for name in run.get("unstable", ())]
    return {**run, "outputs": outputs, "unstable": unstable}


def compare_contracts(
    before: Mapping[str, Any], after: Mapping[str, Any], *, tags_chosen: bool = False
) -> list[ContractDelta]:
    """Compare two descriptions that the worker made of SavedModels.

    Args:
        before: description of the before side.
        after: description of the after side.
        tags_chosen: whether the user named the meta graph to compare.  ``tf.saved_model.save``
            always writes the one tag ``serve``, so another tag set, or a second meta graph,
            decides unless the user says which meta graph is meant.

    Returns:
        Every fact looked at, the equal ones included.  What a side has none of by its nature
        (a frozen graph has no tags, no method names and no assets of its own) is left out.
    """
    found: list[ContractDelta] = []
    if before["tags"] is not None and after["tags"] is not None:
        found += _tags(before, after, tags_chosen)
    bare = [side.get("guessed") for side in (before, after)]
    if any(bare):
        words = [text or "its own" for text in bare]
        found.append(ContractDelta("signatures", CheckStatus.NOTE, *words))
    old, new = before["signatures"], after["signatures"]
    for key in sorted(set(old) | set(new)):
        name = f"signatures/{key}"
        if key not in new:
            # a side without signatures has none to lose: it only lacks the tensors of one
            status = CheckStatus.NOTE if bare[1] else CheckStatus.MISSING
            found.append(ContractDelta(name, status, "present", "absent"))
        elif key not in old:
            status = CheckStatus.NOTE if bare[0] else CheckStatus.EXTRA
            found.append(ContractDelta(name, status, "absent", "present"))
        else:
            found.append(ContractDelta(name, CheckStatus.SAME, "present", "present"))
            found.extend(_signature(key, old[key], new[key]))
    for key, names in sorted(after.get("renamed", {}).items()):
        for name, argument in sorted(names.items()):
            found.append(
                ContractDelta(
                    f"{key}/inputs/{name}/argument",
                    CheckStatus.NOTE,
                    name,
                    f"tf.saved_model.load calls it {argument}",
                )
            )
    if before["assets"] is not None and after["assets"] is not None:
        found.extend(_assets(before["assets"], after["assets"]))
    return found


def _tags(
    before: Mapping[str, Any], after: Mapping[str, Any], chosen: bool
) -> Iterable[ContractDelta]:
    old, new = before["tags"], after["tags"]
    status = CheckStatus.SAME if old == new else _unless(chosen, CheckStatus.CHANGED)
    yield ContractDelta("tags", status, _words(old), _words(new))
    rest = [tags for tags in before["tag_sets"] if tags != old]
    others = [tags for tags in after["tag_sets"] if tags != new]
    for tags in rest:
        there = tags in others
        yield ContractDelta(
            f"meta graphs/{_words(tags)}",
            CheckStatus.NOTE if there else _unless(chosen, CheckStatus.MISSING),
            "present",
            "present, not compared" if there else "absent",
        )
    for tags in others:
        if tags not in rest:
            yield ContractDelta(
                f"meta graphs/{_words(tags)}",
                _unless(chosen, CheckStatus.EXTRA),
                "absent",
                "present",
            )


def _unless(chosen: bool, status: CheckStatus) -> CheckStatus:
    return CheckStatus.NOTE if chosen else status


def _words(tags: Iterable[str]) -> str:
    return ", ".join(tags) or "no tags"


def _signature(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[ContractDelta]:
    method, other = old["method_name"], new["method_name"]
    status = CheckStatus.SAME if method == other else CheckStatus.CHANGED
    if not method and other:  # TensorFlow 2 always writes one, and serving refuses an empty one
        status = CheckStatus.NOTE
    if method is not None and other is not None:
        yield ContractDelta(f"{key}/method_name", status, method, other)
    for group in ("inputs", "outputs"):
        for name in sorted(set(old[group]) | set(new[group])):
            yield from _tensor(f"{key}/{group}/{name}", group, old, new, name)


def _tensor(
    label: str, group: str, old: Mapping[str, Any], new: Mapping[str, Any], name: str
) -> Iterable[ContractDelta]:
    one, two = old[group].get(name), new[group].get(name)
    if one is None or two is None:
        status = CheckStatus.MISSING if two is None else CheckStatus.EXTRA
        yield ContractDelta(label, status, _spell(one), _spell(two))
        return
    same = one["dtype"] == two["dtype"]
    status = CheckStatus.SAME if same else CheckStatus.CHANGED
    yield ContractDelta(f"{label}/dtype", status, one["dtype"], two["dtype"])
    shapes = one["shape"], two["shape"]
    if shapes[0] == shapes[1]:
        status = CheckStatus.SAME
    elif group == "outputs" and _compatible(*shapes):
        # what shape inference knows of an output differs between versions; the shapes that
        # come out are compared when the signature runs
        status = CheckStatus.NOTE
    else:
        status = CheckStatus.CHANGED
    yield ContractDelta(f"{label}/shape", status, spell_shape(shapes[0]), spell_shape(shapes[1]))
    sparse = [isinstance(info.get("sparse"), dict) for info in (one, two)]
    if sparse[0] and not sparse[1] and one["sparse"]["part"] == "indices":
        yield ContractDelta(
            f"{label}/encoding",
            CheckStatus.NOTE,
            "one sparse tensor",
            "three dense tensors: indices, values and dense shape",
        )
    whole, made_of = one.get("composite"), two.get("composite")
    if not isinstance(whole, dict) or not isinstance(made_of, dict) or "dense" in whole:
        return
    if "dense" in made_of and _position(made_of) == (0, 0):
        yield ContractDelta(
            f"{label.rpartition('/')[0]}/encoding",
            CheckStatus.NOTE,
            f"one {made_of['type']} tensor",
            f"{made_of['dense']} dense tensors: its parts",
        )


def _spell(info: Mapping[str, Any] | None) -> str:
    return "absent" if info is None else f"{info['dtype']} {spell_shape(info['shape'])}"


def _compatible(one: Shape, two: Shape) -> bool:
    """Return whether a tensor could have both static shapes."""
    if one is None or two is None:
        return True
    pairs = zip(one, two, strict=False)
    return len(one) == len(two) and all(a == b or a is None or b is None for a, b in pairs)


def _assets(old: Mapping[str, str], new: Mapping[str, str]) -> Iterable[ContractDelta]:
    """Compare asset files by name and SHA-256; an asset more harms no reader of the others."""
    for name in sorted(set(old) | set(new)):
        one, two = old.get(name), new.get(name)
        if not one or not two:
            status = CheckStatus.MISSING if one else CheckStatus.NOTE
            if name in new and not two:  # named by the meta graph, but the file is lost
                status = CheckStatus.MISSING
        else:
            status = CheckStatus.SAME if one == two else CheckStatus.CHANGED
        yield ContractDelta(f"assets/{name}", status, _digest(one), _digest(two))


def _digest(value: str | None) -> str:
    return f"sha256 {value[:12]}" if value else "absent"
