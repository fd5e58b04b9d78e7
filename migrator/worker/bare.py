"""The signature of a graph that has none: named by the user, taken over, or guessed.

A checkpoint's meta graph, a frozen graph and a Keras model do not say which of their tensors
are inputs and outputs under which names.  In this order count: what the user names
(``--feed``, ``--fetch``); the other side's signatures, where their tensors are in this graph;
the placeholders and the tensors that nothing but training, saving and summaries consumes,
paired with the other side's by name, or by position where there is one of each.

Where the other side has several signatures that could be meant, it is ``serving_default``: the
export of Keras 3 has the same function under ``serve`` as well.
"""

from typing import Callable, Dict, Iterable, List, Optional, Tuple

from .common import CannotOpen, Json

DEFAULT_KEY = "serving_default"

ADVICE = "name its tensors with --feed NAME=TENSOR and --fetch NAME=TENSOR"


class Tensors:
    """The tensors of a bare model: described by name, and which may be inputs and outputs.

    Args:
        find: returns the description (``dtype``, ``shape``, ``tensor``) of the tensor (or the
            op) of a name; None where there is none.
        inputs: the names of the tensors that are probably inputs.
        outputs: likewise outputs.
        label: returns what a tensor is called where nobody names it.
        ordered: whether the model itself returns its outputs in this order.
    """

    def __init__(
        self,
        find: Callable[[str], Optional[Json]],
        inputs: List[str],
        outputs: List[str],
        label: Callable[[str], str],
        ordered: bool = False,
    ) -> None:
        self.ordered = ordered
        self.find = find
        self.inputs = inputs
        self.outputs = outputs
        self.label = label

    def described(self, name: str) -> Json:
        """Return the description of a tensor that is there."""
        found = self.find(name)
        assert found is not None, name
        return found


def guess(tensors: Tensors) -> Json:
    """Return the signature of the tensors that are probably inputs and outputs."""
    return {
        "method_name": None,
        "inputs": {tensors.label(name): tensors.described(name) for name in tensors.inputs},
        "outputs": {tensors.label(name): tensors.described(name) for name in tensors.outputs},
    }


def bare_signatures(
    tensors: Tensors,
    feeds: Optional[Dict[str, str]],
    fetches: Optional[Dict[str, str]],
    peer: Optional[Json],
    tentative: bool = False,
) -> Tuple[Json, str]:
    """Return the signatures of a bare model, and a sentence on where they come from.

    Args:
        tensors: the tensors of the model.
        feeds: input name -> tensor, as the user names them; None for none.
        fetches: likewise outputs.
        peer: the signatures of the other side; None where it has none to follow.
        tentative: whether those are only what the other side would guess.

    Raises:
        CannotOpen: a named tensor is not there, or nothing can be paired surely.
    """
    if feeds or fetches:
        return named(tensors, feeds or {}, fetches or {}, None if tentative else peer)
    if peer:
        same = {key: taken(tensors, found) for key, found in peer.items()}
        usable = {key: found for key, found in same.items() if found is not None}
        if usable:
            if tentative:
                return usable, "guessed from both graphs: they have these tensors in common"
            return usable, "its tensors have the names that the other side's signature says"
    if peer and not tentative:
        key = meant(peer)
        if key is None:
            raise CannotOpen(
                "it has no signature, and the tensors of none of the other side's (%s) are in it"
                % ", ".join(sorted(peer)),
                candidates(tensors, peer),
            )
        told = "guessed from its graph and the other side's names"
        return {key: paired(tensors, peer[key])}, told
    if not tensors.outputs:
        raise CannotOpen("it has no signature, and none can be guessed", candidates(tensors, peer))
    return {DEFAULT_KEY: guess(tensors)}, "guessed from its graph"


def meant(signatures: Json) -> Optional[str]:
    """Return the key of the signature that is meant where none is named; None if that is open.

    Signatures of the same tensors are one; of others it is ``serving_default``, the one that a
    client of TensorFlow Serving gets when it names none.
    """
    if DEFAULT_KEY in signatures:
        return DEFAULT_KEY
    first = min(signatures)
    same = all(
        signatures[key][group] == signatures[first][group]
        for key in signatures
        for group in ("inputs", "outputs")
    )
    return first if same else None


def named(
    tensors: Tensors, feeds: Dict[str, str], fetches: Dict[str, str], peer: Optional[Json]
) -> Tuple[Json, str]:
    """Return the signature that the user names; what is left out comes from the other side."""
    key, other = fitting(tensors, feeds, fetches, peer)
    found: Json = {"method_name": None, "inputs": {}, "outputs": {}}
    for group, names in (("inputs", feeds), ("outputs", fetches)):
        for name, tensor in names.items():
            info = tensors.find(tensor)
            if info is None and other is not None and name in other[group]:
                # the name is that of the other side's tensor, as both sides may lack signatures
                info = paired_group(tensors, {group: {name: other[group][name]}}, group)[name]
            if info is None:
                option = "--feed" if group == "inputs" else "--fetch"
                raise CannotOpen(
                    "it has no tensor %r, which %s names" % (tensor, option),
                    candidates(tensors, peer),
                )
            found[group][name] = info
        if names:
            continue
        if other is not None and other[group]:
            same = taken_group(tensors, other[group])
            found[group] = paired_group(tensors, other, group) if same is None else same
        else:
            guessed = tensors.inputs if group == "inputs" else tensors.outputs
            found[group] = {tensors.label(name): tensors.described(name) for name in guessed}
    if not found["outputs"]:
        raise CannotOpen("it has no output that could be guessed", candidates(tensors, peer))
    return {key: found}, "named with --feed and --fetch"


def fitting(
    tensors: Tensors, feeds: Dict[str, str], fetches: Dict[str, str], peer: Optional[Json]
) -> Tuple[str, Optional[Json]]:
    """Return which of the other side's signatures the user's names are those of."""
    if not peer:
        return DEFAULT_KEY, None
    if len(peer) == 1:
        ((key, found),) = peer.items()
        return key, found
    fits = [
        key
        for key, found in sorted(peer.items())
        if (not feeds or set(feeds) == set(found["inputs"]))
        and (not fetches or set(fetches) == set(found["outputs"]))
    ]
    chosen = meant({fit: peer[fit] for fit in fits}) if fits else None
    if chosen is None:
        raise CannotOpen(
            "the names of --feed and --fetch fit %s of the other side's signatures (%s)"
            % ("several" if fits else "none", ", ".join(sorted(peer))),
            "name all inputs and outputs of one of them (%s)" % spelled(tensors, peer),
        )
    return chosen, peer[chosen]


def taken(tensors: Tensors, signature: Json) -> Optional[Json]:
    """Return a signature of the other side over the tensors of this one, or None.

    Every tensor has to be there under its name and with its dtype.
    """
    inputs = taken_group(tensors, signature["inputs"])
    outputs = taken_group(tensors, signature["outputs"])
    if inputs is None or not outputs:
        return None
    return {"method_name": None, "inputs": inputs, "outputs": outputs}


def taken_group(tensors: Tensors, infos: Json) -> Optional[Json]:
    """Return the inputs or outputs of the other side as tensors of this one, or None."""
    found: Json = {}
    for name, info in infos.items():
        mine = tensors.find(info["tensor"])
        if mine is None or mine["dtype"] != info["dtype"]:
            return None
        found[name] = dict(mine)
        for extra in ("sparse", "composite"):
            if extra in info:
                found[name][extra] = info[extra]
    return found


def paired(tensors: Tensors, signature: Json) -> Json:
    """Return the other side's signature over those tensors of this one that surely are meant."""
    return {
        "method_name": None,
        "inputs": paired_group(tensors, signature, "inputs"),
        "outputs": paired_group(tensors, signature, "outputs"),
    }


def paired_group(tensors: Tensors, signature: Json, group: str) -> Json:
    """Return name -> description of the inputs or outputs of a signature, in this model.

    Raises:
        CannotOpen: one of them may be any of several tensors, or none.
    """
    wanted = signature[group]
    guessed = tensors.inputs if group == "inputs" else tensors.outputs
    found: Json = {}
    for name in wanted:
        exact = [tensor for tensor in guessed if tensors.label(tensor) == name]
        if not exact:
            exact = [t for t in guessed if tensors.label(t).split("/")[-1] == name]
        if not exact:
            # a tensor that training consumes as well is no sink, but it may be named as asked
            exact = [name] if tensors.find(name) is not None else []
        if len(exact) == 1:
            found[name] = tensors.described(exact[0])
    if group == "outputs" and not found and tensors.ordered and numbered(wanted):
        # what returns a list is exported as output_0, output_1 and so on
        if len(wanted) == len(guessed):
            in_order = [tensors.described(name) for name in guessed]
            if all(wanted["output_%d" % i]["dtype"] == t["dtype"] for i, t in enumerate(in_order)):
                found = {"output_%d" % i: info for i, info in enumerate(in_order)}
    rest = [name for name in wanted if name not in found]
    taken_already = {info["tensor"] for info in found.values()}
    left = [name for name in guessed if tensors.described(name)["tensor"] not in taken_already]
    if len(rest) == 1 and len(wanted) == 1 and len(left) == 1:
        only = tensors.described(left[0])
        if only["dtype"] == wanted[rest[0]]["dtype"]:
            found[rest[0]] = only
            rest = []
    if rest:
        raise CannotOpen(
            "it has no signature, and which of its tensors is the %s %s of the other side "
            "cannot be told"
            % ("input" if group == "inputs" else "output", ", ".join(sorted(rest))),
            candidates(tensors, {"": signature}),
        )
    return found


def numbered(outputs: Json) -> bool:
    """Return whether outputs are called ``output_0``, ``output_1`` and so on."""
    return set(outputs) == {"output_%d" % number for number in range(len(outputs))}


def candidates(tensors: Tensors, peer: Optional[Json]) -> str:
    """Return the advice to name tensors, with those that there are on both sides."""
    return "%s (%s)" % (ADVICE, spelled(tensors, peer))


def spelled(tensors: Tensors, peer: Optional[Json]) -> str:
    """Return the names of the tensors of a bare model, and of the other side's signatures."""

    def listed(names: Iterable[str]) -> str:
        every = list(names)
        shown = ", ".join(every[:12])
        more = ", and %d more" % (len(every) - 12) if len(every) > 12 else ""
        return (shown or "none that is plain") + more

    text = "inputs: %s; outputs: %s" % (listed(tensors.inputs), listed(tensors.outputs))
    for key, found in sorted((peer or {}).items())[:4]:
        groups = listed(sorted(found["inputs"])), listed(sorted(found["outputs"]))
        whose = "the other side's %s" % key if key else "the other side's signature"
        text += "; %s: inputs: %s; outputs: %s" % ((whose,) + groups)
    return text
