"""The JSON Schema of the JSON report, made from the values themselves."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from typing import Any

from migrator.results import FORMAT, RunReport

__all__ = ["schema"]


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of what the ``json`` format writes.

    ``migrator/report/assets/report.schema.json`` is its image.
    """
    found: dict[str, Any] = {}
    root = _of(RunReport, found)
    found["RunReport"]["properties"]["format"] = {"const": FORMAT}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tf-migrator report",
        **root,
        "$defs": {name: found[name] for name in sorted(found)},
    }


def _of(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_of(arg, found) for arg in args]}
    if origin is tuple and args[-1] is Ellipsis:
        return {"type": "array", "items": _of(args[0], found)}
    if origin is tuple:
        items = [_of(arg, found) for arg in args]
        size = {"minItems": len(items), "maxItems": len(items)}
        return {"type": "array", "prefixItems": items, **size}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in found:
            found[kind.__name__] = {}  # stands for itself while its fields are read
            hints = typing.get_type_hints(kind)
            names = [field.name for field in dataclasses.fields(kind)]
            found[kind.__name__] = {
                "type": "object",
                "properties": {name: _of(hints[name], found) for name in names},
                "required": names,
                "additionalProperties": False,
            }
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return {"enum": [word.value for word in kind]}
    if kind is float:
        return {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
    simple = {str: "string", int: "integer", bool: "boolean", type(None): "null"}
    return {"type": simple[kind]}
