"""What a command line says about a conversion: inputs, outputs, further signatures."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["Signature", "parse_settings", "parse_signatures", "parse_tensors"]

#: ``inputs`` and ``outputs``, each key to tensor name.
Signature = dict[str, dict[str, str]]

#: A tensor's name, of which the number may be left out: ``net/x`` is ``net/x:0``.
_TENSOR = re.compile(r"([A-Za-z0-9.][A-Za-z0-9_.\\/>-]*)(?::(\d+))?")


def parse_tensors(texts: Iterable[str]) -> dict[str, str]:
    """Return key → tensor name of texts such as ``x:0,label=net/y:1``.

    A tensor without a key gets the name of its op, a tensor without a number is its op's first.

    Raises:
        ValueError: a text names no tensor, or two tensors have one key.
    """
    found: dict[str, str] = {}
    for text in texts:
        for item in (part.strip() for part in text.split(",")):
            key, tensor = _keyed(item, text)
            if key in found:
                raise ValueError(f"{text!r} names {key!r} twice: write KEY=TENSOR for one of them")
            found[key] = tensor
    return found


def _keyed(item: str, text: str) -> tuple[str, str]:
    """Return the key and the tensor's name of ``key=tensor`` or ``tensor``."""
    key, equals, name = (part.strip() for part in item.rpartition("="))
    match = _TENSOR.fullmatch(name)
    if match is None or (equals and not key):
        raise ValueError(
            f"{text!r} names no tensors: write TENSOR or KEY=TENSOR, with commas between them, "
            "as in images:0,rate=dropout/rate:0"
        )
    return key or match[1], f"{match[1]}:{match[2] or 0}"


def parse_signatures(texts: Iterable[str]) -> dict[str, Signature]:
    """Return signature key → inputs and outputs of texts such as ``embed=x:0->y:0,norm=n:0``.

    The arrow is ``->`` or ``→``; a signature may have no input, and has an output.

    Raises:
        ValueError: a text is none, or a key comes twice.
    """
    found: dict[str, Signature] = {}
    for text in texts:
        key, equals, tensors = text.partition("=")
        sides = re.split("->|→", tensors)
        key = key.strip()
        if not key or not equals or len(sides) != 2 or not sides[1].strip():
            raise ValueError(
                f"{text!r} is no signature: write KEY=INPUTS->OUTPUTS, "
                "as in embed=images:0->vector=net/pool:0"
            )
        if key in found:
            raise ValueError(f"the signature {key!r} is given twice")
        inputs = parse_tensors([sides[0]]) if sides[0].strip() else {}
        found[key] = {"inputs": inputs, "outputs": parse_tensors([sides[1]])}
    return found


def parse_settings(texts: Iterable[str]) -> dict[str, float]:
    """Return name → number of texts such as ``learning_rate=0.01``.

    Raises:
        ValueError: a text is none, or a name comes twice.
    """
    found: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            value = float(number)
        except ValueError:
            raise ValueError(
                f"{text!r} sets nothing: write NAME=NUMBER, as in learning_rate=0.01"
            ) from None
        if name in found:
            raise ValueError(f"{name!r} is set twice")
        found[name] = value
    return found
