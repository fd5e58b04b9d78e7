"""``tf.contrib.training.HParams``: hyperparameters by name, read from text.

Part of ``tf2_bridge``: stands alone.
"""

from __future__ import annotations

import json
import numbers
import re
from typing import Any

__all__ = ["HParams"]

# Adapted from TensorFlow 1.15 (contrib/training/python/training/hparam.py), Copyright 2016 The
# TensorFlow Authors, licensed under the Apache License, Version 2.0.

_PARAMETER = re.compile(
    r"""
  (?P<name>[a-zA-Z][\w\.]*)      # variable name: "var" or "x"
  (\[\s*(?P<index>\d+)\s*\])?  # (optional) index: "1" or None
  \s*=\s*
  ((?P<val>[^,\[]*)            # single value: "a" or None
   |
   \[(?P<vals>[^\]]*)\])       # list of values: None or "1,2,3"
  ($|,\s*)""",
    re.VERBOSE,
)


class HParams:
    """Values by name, each an attribute; their types are those of the first values."""

    _HAS_DYNAMIC_ATTRIBUTES = True

    def __init__(self, hparam_def: Any = None, model_structure: Any = None, **kwargs: Any) -> None:
        if hparam_def is not None:
            raise ValueError("protocol buffers of hyperparameters are not read; pass the values")
        self._hparam_types: dict[str, tuple[type, bool]] = {}
        self._model_structure = model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any) -> None:
        """Add a parameter.

        Raises:
            ValueError: the name is taken, or the value is an empty list.
        """
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        if isinstance(value, (list, tuple)):
            if not value:
                raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
            self._hparam_types[name] = (type(value[0]), True)
        else:
            self._hparam_types[name] = (type(value), False)
        setattr(self, name, value)

    def set_hparam(self, name: str, value: Any) -> None:
        """Set a parameter that exists to a value of its type.

        Raises:
            KeyError: there is no such parameter.
            ValueError: the value is of another type.
        """
        param_type, is_list = self._hparam_types[name]
        if isinstance(value, list):
            if not is_list:
                raise ValueError(f"Must not pass a list for single-valued parameter: {name}")
            setattr(self, name, [_cast_hparam(name, param_type, one) for one in value])
        else:
            if is_list:
                raise ValueError(f"Must pass a list for multi-valued parameter: {name}.")
            setattr(self, name, _cast_hparam(name, param_type, value))

    def del_hparam(self, name: str) -> None:
        """Remove a parameter, if it is there."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values: str) -> HParams:
        """Set parameters from text like ``a=1,b=x,c=[1,2]``; return self.

        Raises:
            ValueError: the text cannot be read, or names a parameter that does not exist.
        """
        types = {name: kind for name, (kind, _) in self._hparam_types.items()}
        return self.override_from_dict(_parse_hparams(values, types))

    def override_from_dict(self, values_dict: dict[str, Any]) -> HParams:
        """Set parameters by name; return self."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def set_from_map(self, values_map: dict[str, Any]) -> HParams:
        """Set parameters by name; return self."""
        return self.override_from_dict(values_map)

    def set_model_structure(self, model_structure: Any) -> None:
        """Keep a description of the model."""
        self._model_structure = model_structure

    def get_model_structure(self) -> Any:
        """Return the description of the model."""
        return self._model_structure

    def to_json(self, indent: Any = None, separators: Any = None, sort_keys: bool = False) -> str:
        """Return the values as JSON."""
        return json.dumps(self.values(), indent=indent, separators=separators, sort_keys=sort_keys)

    def parse_json(self, values_json: str) -> HParams:
        """Set parameters from JSON; return self."""
        return self.override_from_dict(json.loads(values_json))

    def values(self) -> dict[str, Any]:
        """Return the values by name."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or ``default`` where there is no such parameter.

        Raises:
            ValueError: ``default`` is of another type than the parameter.
        """
        if key not in self._hparam_types:
            return default
        if default is not None:
            param_type, is_list = self._hparam_types[key]
            shown = f"list<{param_type}>" if is_list else str(param_type)
            message = f"Hparam '{key}' of type '{shown}' is incompatible with default={default}"
            if is_list != isinstance(default, list):
                raise ValueError(message)
            try:
                for value in default if is_list else [default]:
                    _cast_hparam(key, param_type, value)
            except ValueError as error:
                raise ValueError(f"{message}. {error}") from error
        return getattr(self, key)

    def __contains__(self, key: object) -> bool:
        return key in self._hparam_types

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.values().items())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({sorted(self.values().items())})"


def _cast_hparam(name: str, kind: type, value: Any) -> Any:
    """Return ``value`` as the type of a parameter, where nothing is lost."""
    if type(value) is kind or issubclass(kind, type(None)):
        return value
    if (
        (issubclass(kind, (str, bytes)) and not isinstance(value, (str, bytes)))
        or issubclass(kind, bool) != isinstance(value, bool)
        or (issubclass(kind, numbers.Integral) and not isinstance(value, numbers.Integral))
        or (issubclass(kind, numbers.Number) and not isinstance(value, numbers.Number))
    ):
        raise ValueError(f"Could not cast hparam '{name}' of type '{kind}' from value {value!r}")
    return kind(value)  # type: ignore[call-arg]


def _parse_hparams(text: str, types: dict[str, type]) -> dict[str, Any]:
    """Return the values that ``text`` assigns; those of single list entries by their index."""
    found: dict[str, Any] = {}
    position = 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if not match:
            raise ValueError(f"Malformed hyperparameter value: {text[position:]}")
        position = match.end()
        name, index, single, several = match.group("name", "index", "val", "vals")
        if name not in types:
            raise ValueError(f"Unknown hyperparameter type for {name}")
        again = ValueError(f"Multiple assignments to variable '{name}' in {text}")
        if single is not None and index:
            entries = found.setdefault(name, {})
            if not isinstance(entries, dict) or int(index) in entries:
                raise again
            entries[int(index)] = _read_hparam(name, types[name], single, text)
            continue
        if index:
            raise ValueError("Assignment of a list to a list index.")
        if name in found:
            raise again
        if single is not None:
            found[name] = _read_hparam(name, types[name], single, text)
        else:
            parts = filter(None, re.split("[ ,]", several))
            found[name] = [_read_hparam(name, types[name], part, text) for part in parts]
    return found


def _read_hparam(name: str, kind: type, value: str, text: str) -> Any:
    try:
        if kind is bool:
            words = {"true": True, "True": True, "false": False, "False": False}
            return words[value] if value in words else bool(int(value))
        return kind(value)
    except ValueError as error:
        raise ValueError(
            f"Could not parse hparam '{name}' of type '{kind.__name__}' with value '{value}'"
            f" in {text}"
        ) from error
