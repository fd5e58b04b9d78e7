"""A model between being opened and being run."""

from typing import Any, Callable, List, Tuple

from .common import Json


class Subject:
    """A model that has been opened and described, and can be run.

    ``facts`` is what the answer says of it: at least ``signatures`` and ``variables``.
    ``ways`` are the ways in which the side's role asks for it to be loaded: a label (``v1``,
    ``v2``, ``keras``) and a function that returns the view.  The before side has one.
    """

    def __init__(self, facts: Json, ways: List[Tuple[str, Callable[[], Any]]], hints: Any) -> None:
        self.facts = facts
        self.ways = ways
        self.hints = hints
