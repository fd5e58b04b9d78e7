"""What is said of names that a migrated export keeps or loses."""

from __future__ import annotations

import ast

from migrator.rule import Cover, KnownLoad, Outcome, Use

from ._names import Asked, Held, is_certainly_lost

__all__ = ["HANDS_ON", "MAKES", "NAME", "lost", "noted"]

NAME = "TFM406"  #: the code of names of tensors in a loaded graph
_LOAD = "tf.saved_model.load"
#: What hands on the graph that was written, op by op.
HANDS_ON = frozenset({"get_collection", "get_collection_ref", "get_operations"})
#: What makes variables that a collection of the file's own graph holds.
MAKES = frozenset({"tf.Variable", "tf.get_variable", "tf.train.import_meta_graph"})


def noted(
    use: Use, known: KnownLoad, asked: Asked, place: Held | None, api: str = _LOAD
) -> list[Cover]:
    """Return what is said of a name that stays."""
    seen: set[ast.expr] = use.shared.setdefault("names answered for", set())
    if asked.node in seen or (place is None and not known.migrated):
        return []
    seen.add(asked.node)
    found = lost(known, asked, api) if place is None else None
    if found is not None:
        return [found]
    text = (
        f"`{asked.name}` stays: the code does not show whether a signature of {known.source} holds"
        " it. If none does, a migrated export has no such tensor; a variable's name gives a handle."
    )
    if place is not None:
        text = f"`{asked.name}` stays: it is {place}, and keeps its name in a migrated export."
    return [Cover(asked.node, NAME, text, outcome=Outcome.KEPT, api=api)]


def lost(known: KnownLoad, asked: Asked, api: str = _LOAD, code: str = NAME) -> Cover | None:
    """Return what is said of a name that the migrated export of ``known`` certainly lost."""
    if known.migrated and not asked.operation and asked.tensor in known.variables:
        return Cover(
            asked.node,
            code,
            f"`{asked.name}` is a variable of the program that writes {known.source}, and in a"
            " migrated export that name gives its handle, not its value.",
            outcome=Outcome.MANUAL,
            api=api,
            recipe="Fetch the output of a signature, or restore a checkpoint into the model's own"
            " code for the values of its variables.",
        )
    if not is_certainly_lost(known, asked):
        return None
    if asked.tensor.rpartition(":")[2] != "0":
        return Cover(
            asked.node,
            code,
            f"`{asked.name}` is a further output of its op, and in the migrated export that"
            f" {known.source} writes, every tensor of a signature is the first output of one.",
            outcome=Outcome.MANUAL,
            api=api,
            recipe="Take its name from `signature_def` if a signature holds it; else add it to the"
            " outputs of the one that is exported, and export again.",
        )
    what = "operation" if asked.operation else "tensor"
    keys = ", ".join(f"`{signature.key}`" for signature in known.signatures)
    return Cover(
        asked.node,
        code,
        f"The {what} `{asked.name}` is in no signature of {known.source} ({keys}), and only what a"
        " signature holds is found in a migrated export.",
        outcome=Outcome.MANUAL,
        api=api,
        recipe=f"Add it to the inputs or outputs of the signature that {known.source} exports,"
        " export again, and take its name from `signature_def` here; or restore a checkpoint"
        " into the model's own code.",
    )
