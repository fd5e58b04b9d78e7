"""Import lines of a migrated file: what they become, and which are used no more."""

from migrator.imports.keras import respells
from migrator.imports.swap import (
    Needs,
    Swap,
    free_name,
    imported,
    needs_swap,
    plan,
    with_legacy_keras,
)
from migrator.imports.unused import unused_imports

__all__ = [
    "Needs",
    "Swap",
    "free_name",
    "imported",
    "needs_swap",
    "plan",
    "respells",
    "unused_imports",
    "with_legacy_keras",
]
