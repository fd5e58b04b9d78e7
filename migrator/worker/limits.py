"""Where the user wants generated values to lie: ranges and choices per input or feature."""

from typing import Dict, List, Optional, Tuple

from .common import BadInput, Json
from .store import load
from .values import Rule, integer_dtype

NOTHING = Rule(None, None, None)


def places(name: str, signatures: Json) -> List[Tuple[str, str]]:
    """Return (signature key, input) for all that ``name`` or ``key/name`` means.

    A sparse or ragged input is known by its own name, too, which then means its values.
    """
    found = []
    for key, signature in sorted(signatures.items()):
        for wanted in (name, name[len(key) + 1 :] if name.startswith(key + "/") else None):
            if wanted is None:
                continue
            if wanted in signature["inputs"]:
                found.append((key, wanted))
                break
    return found


def values_part(key: str, name: str, signatures: Json) -> str:
    """Return the part of a sparse or ragged input that holds its values; else the name itself."""
    inputs = signatures[key]["inputs"]
    composite = inputs[name].get("composite") or inputs[name].get("sparse")
    if composite is None:
        return name
    for part, spec in sorted(inputs.items()):
        other = spec.get("composite") or spec.get("sparse")
        if other and other["of"] == composite["of"] and other["part"] == "values":
            return str(part)
    return name


def all_inputs(signatures: Json) -> List[str]:
    """Return the names of the inputs of all signatures."""
    return sorted({name for signature in signatures.values() for name in signature["inputs"]})


class Limits:
    """The user's ranges and choices, resolved and checked against the model's inputs."""

    def __init__(self, rules: Dict[Tuple[str, str], Rule], features: Dict[str, Rule]) -> None:
        self._rules = rules
        self._features = features

    def rule(self, key: str, name: str) -> Optional[Rule]:
        """Return the rule for an input of a signature."""
        return self._rules.get((key, name))

    def feature(self, name: str) -> Optional[Rule]:
        """Return the rule for a feature of tf.Examples."""
        return self._features.get(name)


def read_limits(request: Json, signatures: Json, features: Dict[str, str]) -> Limits:
    """Return the ranges and choices of a request.

    ``features`` are the dtypes of what the graph parses out of tf.Examples, by name.

    Raises:
        BadInput: a name is neither an input nor a feature, or the values do not suit its dtype.
    """
    import numpy as np

    asked: Dict[str, Rule] = {}
    for name, ends in sorted((request.get("ranges") or {}).items()):
        asked[name] = Rule(ends[0], ends[1], None)
    chosen = request.get("choices") or {}
    if chosen:
        with np.load(chosen["arrays"], allow_pickle=False) as arrays:
            for name, entry in sorted(chosen["index"].items()):
                if name in asked:
                    raise BadInput("%r has both a range and choices: give one of them" % name)
                asked[name] = Rule(None, None, load(entry, arrays))
    rules: Dict[Tuple[str, str], Rule] = {}
    of_features: Dict[str, Rule] = {}
    for name, rule in asked.items():
        found = places(name, signatures)
        if not found and name not in features:
            known = "the inputs are %s" % all_inputs(signatures)
            known += ", the features %s" % sorted(features) if features else ""
            raise BadInput("there is no input %r to limit: %s" % (name, known))
        for key, place in found:
            part = values_part(key, place, signatures)
            kind = signatures[key]["inputs"][part]["dtype"]
            rules[key, part] = suited(rule, kind, name)
        if name in features:
            of_features[name] = suited(rule, features[name], name)
    return Limits(rules, of_features)


def suited(rule: Rule, kind: str, name: str) -> Rule:
    """Return a rule with its choices in the input's dtype.

    Raises:
        BadInput: it does not suit the dtype.
    """
    from .given import as_kind  # it names inputs through this module

    if rule.choices is not None:
        return rule._replace(choices=as_kind(rule.choices, kind, name))
    if kind in ("string", "bool"):
        raise BadInput("the input %r is %s, which has no range: give choices" % (name, kind))
    if "int" in kind:
        check_whole(rule, kind, name)
    return rule


def check_whole(rule: Rule, kind: str, name: str) -> None:
    """Refuse a range that holds no number of an integer dtype.

    Raises:
        BadInput: an end lies beyond the dtype, or there is no integer between the ends.
    """
    import math

    import numpy as np

    limits = np.iinfo(integer_dtype(kind))
    for end in (rule.low, rule.high):
        if end is not None and not limits.min <= end <= limits.max:
            raise BadInput("the range of %r ends at %s, which %s cannot hold" % (name, end, kind))
    ends = (rule.low, rule.high)
    if None not in ends and math.ceil(rule.low) > math.floor(rule.high):
        raise BadInput("the range of %r holds no integer, and it takes %s" % (name, kind))
