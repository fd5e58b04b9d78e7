"""Compare two models: contract, variables by value, outputs on the same inputs.

Each side is opened by :mod:`migrator.worker` in a process of its own, so nothing here
imports TensorFlow, and numpy is imported when :func:`check` is called, not before.
"""

from __future__ import annotations

from migrator.checker.run import check
from migrator.checker.sides import CannotOpen

__all__ = ["CannotOpen", "check"]
