"""What a comparison was asked for, as one value that travels through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """The keyword arguments of :func:`migrator.checker.check`, which documents them."""

    before_python: str | None = None
    after_python: str | None = None
    tags: Sequence[str] | None = None
    inputs: Any = None
    ranges: Mapping[str, tuple[float, float]] | None = None
    choices: Mapping[str, Sequence[Any]] | None = None
    feeds: Mapping[str, str] | None = None
    fetches: Mapping[str, str] | None = None
    names: Mapping[str, str] | None = None
    tolerances: Mapping[str, tuple[float, float]] | None = None
    atol: float | None = None
    rtol: float | None = None
    seed: int = 0
    timeout: float = 600.0
    memory: int | None = None
    trust: bool = False
    op_libraries: Sequence[str] = ()
    save: Path | None = None
    bisect: bool = True
    cost: bool = True
    name: str = ""
