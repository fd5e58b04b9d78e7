"""The tensors that a predictor of TensorFlow 1 fed and fetched.

Part of ``tf2_bridge``, with the predictors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__: list[str] = []


class _Predictor:
    """What the predictors have in common."""

    #: what is fed and fetched, by key: they have a name, a dtype and a shape
    feed_tensors: dict[str, Any]
    fetch_tensors: dict[str, Any]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__} with feed tensors {self.feed_tensors} and fetch_tensors "
            f"{self.fetch_tensors}"
        )

    def _given(self, input_dict: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inputs that have a value, in the order of the tensors."""
        unexpected = set(input_dict) - set(self.feed_tensors)
        if unexpected:
            raise ValueError(
                f"Got unexpected keys in input_dict: {unexpected}\n"
                f"expected: {set(self.feed_tensors)}"
            )
        return {k: input_dict[k] for k in self.feed_tensors if input_dict.get(k) is not None}


def _check_names(key: Any, signature_def: Any, input_names: Any, output_names: Any) -> None:
    """Raise ValueError unless one of the three ways to say what is fed and fetched is used."""
    if (input_names is None) != (output_names is None):
        raise ValueError(
            "input_names and output_names must both be specified or both be unspecified."
        )
    if sum(one is not None for one in (key, signature_def, input_names)) > 1:
        raise ValueError(
            "You must specify at most one of signature_def_key OR signature_def OR"
            "(input_names AND output_names)."
        )


def _fed_and_fetched(
    meta_graph: Any, key: str | None, signature_def: Any, input_names: Any, output_names: Any
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of the tensors that are fed and fetched, by what users call them."""
    if input_names is not None:
        return dict(input_names), dict(output_names)
    if signature_def is None:
        key, known = key or "serving_default", meta_graph.signature_def
        found = [one for one in (key, f"default_input_alternative:{key}") if one in known]
        if not found:
            raise ValueError(
                f'Got signature_def_key "{key}". Available signatures are {list(known)}.'
            )
        signature_def = known[found[0]]
    inputs, outputs = signature_def.inputs, signature_def.outputs
    return {k: inputs[k].name for k in inputs}, {k: outputs[k].name for k in outputs}
