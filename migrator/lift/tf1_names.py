"""The names that TensorFlow 1 gives to variables.

A checkpoint is keyed by them.  A graph makes the names of its operations unique by counting,
without regard to case; ``tf.Variable`` is named within the name scopes around it,
``tf.get_variable`` within the variable scopes (TensorFlow 1.15, ``Graph.unique_name`` and
``Graph.name_scope``).
"""

from __future__ import annotations

import re

__all__ = ["Names"]

_VALID = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")


class Names:
    """The names in use in one graph, and the scopes that are open."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}
        self._scopes: list[str] = []  #: name scopes, each with those around it
        self._variable_scopes: list[str] = []
        self.taken: set[str] = set()  #: variables' names as given out

    @property
    def scope(self) -> str:
        """The name scope that is open, "" at the top."""
        return self._scopes[-1] if self._scopes else ""

    @property
    def in_variable_scope(self) -> bool:
        """Whether a variable scope is open."""
        return bool(self._variable_scopes)

    def valid(self, name: str) -> bool:
        """Whether TensorFlow 1 takes ``name`` for an operation."""
        return _VALID.fullmatch(name) is not None

    def unique(self, name: str) -> str:
        """Return ``name`` within the open scope, with a number if it is in use, and use it."""
        full = f"{self.scope}/{name}" if self.scope else name
        key = full.lower()
        count = self._used.get(key, 0)
        self._used[key] = count + 1
        if count:
            made = key
            while made in self._used:
                made = f"{key}_{count}"
                count += 1
            self._used[made] = 1
            full = f"{full}_{count - 1}"
        return full

    def enter(self, name: str) -> None:
        """Open a name scope."""
        self._scopes.append(self.unique(name))

    def leave(self) -> None:
        """Close the name scope that was opened last."""
        self._scopes.pop()

    def variable(self, name: str | None) -> str:
        """Return what a ``tf.Variable(..., name=name)`` is called."""
        full = self.unique(name or "Variable")
        self.taken.add(full)
        return full

    def enter_variable_scope(self, name: str) -> None:
        """Open a variable scope, which opens a name scope of that name, too."""
        around = self._variable_scopes[-1] if self._variable_scopes else ""
        self._variable_scopes.append(f"{around}/{name}" if around else name)
        self.enter(name)

    def leave_variable_scope(self) -> None:
        """Close the variable scope that was opened last."""
        self._variable_scopes.pop()
        self.leave()

    def got_variable(self, name: str) -> str | None:
        """Return what ``tf.get_variable(name)`` makes; None if it cannot be told or fails.

        Its operation stands at the top of the name scopes under the variable scopes' name.
        """
        around = self._variable_scopes[-1] if self._variable_scopes else ""
        full = f"{around}/{name}" if around else name
        if full.lower() in self._used or full in self.taken:
            return None
        self._used[full.lower()] = 1
        self.taken.add(full)
        return full
