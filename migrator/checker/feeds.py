"""The inputs that a comparison ran on, and what of them gave one value."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from migrator.checker.arrays import Archive, Tensor
from migrator.results import OutputDelta

__all__ = ["Feeds"]

#: How much of the inputs a delta carries: it has to fit into a report beside the figures.
_LENGTH = 120
_INPUTS = 6


class Feeds:
    """Read the inputs that the before side wrote, those of one run at a time.

    Args:
        index: the worker's ``inputs.json``, beside which ``inputs.npz`` holds the values.
    """

    def __init__(self, index: str | os.PathLike[str]) -> None:
        listed = json.loads(Path(index).read_text(encoding="utf-8"))
        self._runs = {(run["signature"], run["regime"]): run["inputs"] for run in listed["inputs"]}
        self._archive = Archive(Path(index).with_name("inputs.npz"))
        self._cache: tuple[tuple[str, str] | None, dict[str, Tensor]] = (None, {})

    def __enter__(self) -> Feeds:
        return self

    def __exit__(self, *error: object) -> None:
        self._archive.__exit__(*error)

    def _tensors(self, signature: str, regime: str) -> dict[str, Tensor]:
        key = signature, regime
        if self._cache[0] != key:
            entries = self._runs.get(key, {})
            self._cache = key, {n: self._archive.tensor(entries[n]) for n in sorted(entries)}
        return self._cache[1]

    def behind(
        self,
        delta: OutputDelta,
        signature: str,
        specs: Mapping[str, Any],
        shape: tuple[int, ...] | None,
    ) -> tuple[str, ...]:
        """Return the inputs that gave the worst value of an output, as short texts.

        Args:
            delta: the comparison of the output; its regime and worst index are used.
            signature: the signature that was run.
            specs: the worker's description of its inputs.
            shape: shape of the output; None where there is no one element to explain.

        Returns:
            ``x[2] = [0.1, -0.3, ...]`` where the first dimension of the input is that of the
            output, which is the batch then; else ``x = [[...], ...]``.  Six inputs at most.
        """
        found = []
        for name, tensor in self._tensors(signature, delta.regime).items():
            # the rows of a part of a sparse or ragged input are no rows of the batch
            plain = not {"sparse", "composite"} & set(specs.get(name, {}))
            row = None
            if plain and delta.worst_index and shape and tensor.shape[:1] == shape[:1]:
                row = delta.worst_index[0]
            label = name if row is None else f"{name}[{row}]"
            value = tensor.array if row is None else tensor.array[row]
            text = f"{label} = {_spell(value)}"
            found.append(text if len(text) <= _LENGTH else text[: _LENGTH - 3] + "...")
        return tuple(found[:_INPUTS])


def _spell(value: Any) -> str:
    """Return a value in one line, with the middle of long axes left out."""
    if isinstance(value, bytes):
        return _bytes(value)
    array = np.asarray(value)
    text = np.array2string(
        array,
        threshold=8,
        edgeitems=3,
        separator=", ",
        max_line_width=10_000,
        formatter={"object": _bytes},
    )
    if array.dtype.kind == "O":
        return re.sub(r"\n\s*", " ", text)  # a string's own spaces stay
    return re.sub(r"\[ +", "[", " ".join(text.split()))


def _bytes(data: Any) -> str:
    return repr(data if len(data) <= 40 else data[:40] + b"...")
