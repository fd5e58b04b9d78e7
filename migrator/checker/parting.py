"""Two graphs and the values of their ops on equal inputs → the first op at which they part.

Names, ops and structure change from one version of a model to the next; values do not.  So an
op of the before side counts as agreeing when any op of the after side gives its value; names
and structure say which op stands for which where values cannot.  From the output that differs,
one walks back through the ops that do not agree; those whose inputs all agree are where the
models part, and the first of them in the order of the before side's graph is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from migrator.checker.arrays import Tensor
from migrator.checker.graph import Graph, Item, bucket, close, kind_of

__all__ = ["Found", "NotTraced", "find_parting"]

_VARIABLES = ("VariableV2", "Variable", "VarHandleOp")

#: Ops that only move elements.  A graph that lays its data out otherwise lacks them, and none of
#: them is at fault for that.
_MOVES = frozenset(
    [
        "Transpose",
        "Reshape",
        "Squeeze",
        "ExpandDims",
        "Slice",
        "StridedSlice",
        "Split",
        "SplitV",
        "Unpack",
        "Pack",
        "Concat",
        "Tile",
        "Cast",
        "BroadcastTo",
        "Reverse",
        "TensorArrayScatter",
        "TensorArrayRead",
        "TensorArrayGather",
    ]
)

#: Names are trusted where so large a share of the before side's ops has a namesake after.
_NAMES_KEPT = 0.6


class NotTraced(Exception):
    """Say in one sentence why no op can be named."""


class _State(Enum):
    AGREES = "agrees"
    DIFFERS = "differs"
    UNKNOWN = "unknown"  #: no op after stands for it, and none gives its value
    MUTE = "mute"  #: a handle or a list of tensors: it has no value to fetch


@dataclass(frozen=True)
class _Judged:
    state: _State
    other: Item | None = None
    max_abs: float | None = None


@dataclass(frozen=True)
class Found:
    """Where two graphs part."""

    item: Item
    other: Item | None
    max_abs: float | None
    note: str


def find_parting(before: Graph, after: Graph) -> Found:
    """Return the first op at which two graphs part.

    Raises:
        NotTraced: the outputs agree when the graphs run in a session, or have no value there.
    """
    return _Walk(before, after).found()


class _Walk:
    def __init__(self, before: Graph, after: Graph) -> None:
        self.before = before
        self.after = after
        self.pairs: dict[str, str] = {}
        self.places: dict[str, str] = {}
        self._judged: dict[str, _Judged] = {}
        self._shapes: dict[tuple[str, tuple[int, ...]], list[Item]] = {}
        for item in after.items.values():
            if len(item.values) == 1:
                self._shapes.setdefault(bucket(item), []).append(item)
        for name, key in before.feeds.items():
            if name in after.feeds:
                self.pairs[key] = after.feeds[name]
        self._align_structure()
        self._align_names()
        self._align_variables()

    # -- which op stands for which --------------------------------------------------------

    def _align_structure(self) -> None:
        """Pair ops from the outputs backwards, as long as they are of one family."""
        stack = [(self.before.output, self.after.output)]
        taken = set(self.pairs.values())
        while stack:
            old, new = stack.pop()
            if old not in self.before.items or new not in self.after.items:
                continue
            one, two = self.before.items[old], self.after.items[new]
            if old in self.pairs or new in taken:
                continue
            if one.family != two.family or old in self.before.feeds.values():
                self.places.setdefault(old, new)
                continue
            self.pairs[old] = new
            taken.add(new)
            if one.op == two.op or one.family not in ("loop", "cond"):
                stack.extend(zip(one.inputs, two.inputs, strict=False))

    def _align_names(self) -> None:
        """Pair namesakes, where the after side has kept most names."""
        named: dict[tuple[str, str], list[str]] = {}
        for key, item in self.after.items.items():
            index = key.rpartition(":")[2]
            parts = item.local.split("/")
            for start in range(len(parts)):
                named.setdefault(("/".join(parts[start:]), index), []).append(key)
        proposed = {}
        counted = 0
        for key, item in self.before.items.items():
            if key in self.before.feeds.values():
                continue
            counted += 1
            found = [
                other
                for other in named.get((item.local, key.rpartition(":")[2]), ())
                if self.after.items[other].family == item.family
            ]
            if len(found) == 1:
                proposed[key] = found[0]
        if counted and len(proposed) >= _NAMES_KEPT * counted:
            self.pairs.update(proposed)

    def _align_variables(self) -> None:
        """Pair the one variable of a shape that is left before with the one that is left after."""
        taken = set(self.pairs.values())
        left: dict[tuple[str, tuple[int, ...]], tuple[list[Item], list[Item]]] = {}
        for item in self.before.items.values():
            if item.op in _VARIABLES and item.values and item.key not in self.pairs:
                other = self.judged(item.key).other
                if other is None:
                    left.setdefault(bucket(item), ([], []))[0].append(item)
                else:
                    taken.add(other.key)
        for item in self.after.items.values():
            if item.family == "leaf" and item.values and item.key not in taken:
                left.setdefault(bucket(item), ([], []))[1].append(item)
        for ones, others in left.values():
            if len(ones) == len(others) == 1:
                self.pairs[ones[0].key] = others[0].key
        self._judged.clear()

    # -- which ops agree ------------------------------------------------------------------

    def judged(self, key: str) -> _Judged:
        """Return whether one tensor of the before side agrees with one after."""
        if key not in self._judged:
            self._judged[key] = self._judge(self.before.items[key])
        return self._judged[key]

    def _judge(self, item: Item) -> _Judged:
        pair = self.pairs.get(item.key)
        other = self.after.items.get(pair) if pair is not None else None
        if item.key in self.before.feeds.values():
            return _Judged(_State.AGREES, other)
        if not item.values:
            return _Judged(_State.MUTE, other)
        gap: float | None = None
        if other is not None and other.values:
            agrees, gap = self._compare(item, other)
            if agrees:
                return _Judged(_State.AGREES, other, gap)
        if item.key != self.before.output:
            for candidate in self._candidates(item, other):
                if candidate is not other and self._compare(item, candidate)[0]:
                    return _Judged(_State.AGREES, candidate)
        if other is not None and other.values:
            return _Judged(_State.DIFFERS, other, gap)
        if item.op == "Const" or kind_of(item) in "iub":
            # a shape or an axis that the other graph writes otherwise
            return _Judged(_State.AGREES)
        return _Judged(_State.UNKNOWN)

    def _candidates(self, item: Item, other: Item | None) -> Sequence[Item]:
        """Return the tensors after that prove, by the same value, that the item is there."""
        if self._telling(item):
            return self._shapes.get(bucket(item), ())
        if other is not None:
            return ()
        place = self.places.get(item.key)
        if place is None:
            return self._shapes.get(bucket(item), ())
        return [self.after.items[place]]

    def _telling(self, item: Item) -> bool:
        """Return whether a tensor's value is found elsewhere only if it is computed there.

        Not so a few elements or equal ones, and not what only passes an input on, as relu does
        where nothing is negative.
        """
        if len(item.values) != 1:
            return False
        array = self.before.tensors(item)[0].array
        sample = array.ravel()[:4096]
        if len({value for value in sample.tolist() if value == value}) < 4:
            return False
        for key in item.inputs:
            source = self.before.items.get(key)
            if source is not None and len(source.values) == 1 and bucket(source) == bucket(item):
                twin = self.before.tensors(source)[0].array
                if twin.shape == array.shape and np.array_equal(twin, array):
                    return False
        return True

    def _compare(self, one: Item, two: Item) -> tuple[bool, float | None]:
        if len(one.values) != len(two.values):
            return False, None
        leaf = not one.inputs
        inputs = max((self.before.scale(key) for key in one.inputs), default=0.0)
        worst: float | None = None
        for old, new in zip(one.values, two.values, strict=True):
            if old["shape"] != new["shape"]:
                return False, None
            stride = int(old.get("stride", 1)), int(new.get("stride", 1))
            first = self.before.archive.tensor(old["array"])
            second = self.after.archive.tensor(new["array"])
            a, b = first.array.ravel(), second.array.ravel()
            if stride[0] != stride[1]:
                a = a[:: stride[1]] if stride[0] == 1 else a
                b = b[:: stride[0]] if stride[1] == 1 else b
            same, gap = close(Tensor(first.dtype, a), Tensor(second.dtype, b), leaf, inputs)
            digests = old.get("digest"), new.get("digest")
            if same and leaf and gap == 0 and None not in digests and digests[0] != digests[1]:
                return False, None  # the samples agree, and the whole does not
            if gap is not None:
                worst = max(worst or 0.0, gap)
            if not same:
                return False, worst
        return True, worst

    # -- where they part ------------------------------------------------------------------

    def found(self) -> Found:
        """Walk back from the outputs."""
        start = self.judged(self.before.output)
        if start.state is _State.AGREES:
            raise NotTraced("the outputs agree when both graphs run in a session of the v1 loader")
        if start.state is _State.MUTE or start.other is None or not start.other.values:
            end = self.before.items[self.before.output]
            place = self.places.get(end.key)
            if place is None or start.state is _State.MUTE:
                raise NotTraced("the output has no value in a session of the v1 loader")
            start = _Judged(_State.DIFFERS, self.after.items[place])
            self._judged[end.key] = start
        sources = self._sources()
        known = [item for item in sources if self.judged(item.key).state is _State.DIFFERS]
        order = {key: number for number, key in enumerate(self.before.items)}
        chosen = min(known or sources, key=lambda item: order[item.key])
        judged = self.judged(chosen.key)
        other = judged.other
        gap = judged.max_abs
        if other is None and chosen.key in self.places:
            other = self.after.items[self.places[chosen.key]]
            if other.values and chosen.values:
                _, gap = self._compare(chosen, other)
        rest = [item for item in known if item is not chosen]
        return Found(chosen, other, gap, self._note(chosen, other, rest))

    def _sources(self) -> list[Item]:
        """Return the ops that do not agree although all their inputs do."""
        sources: list[Item] = []
        seen: set[str] = set()
        stack = [self.before.output]
        while stack:
            key = stack.pop()
            if key in seen:
                continue
            seen.add(key)
            item = self.before.items[key]
            wrong = [
                source
                for source in self._reading(item)
                if self.judged(source).state in (_State.DIFFERS, _State.UNKNOWN)
            ]
            if wrong:
                stack.extend(wrong)
            else:
                sources.append(item)
        return sources

    def _reading(self, item: Item) -> list[str]:
        """Return the tensors with a value that an op depends on, through those without."""
        found: list[str] = []
        stack = list(item.inputs)
        seen: set[str] = set()
        while stack:
            key = stack.pop()
            if key in seen or key not in self.before.items:
                continue
            seen.add(key)
            if self._transparent(key):
                stack.extend(self.before.items[key].inputs)
            else:
                found.append(key)
        return found

    def _transparent(self, key: str) -> bool:
        state = self.judged(key).state
        moved = state is _State.UNKNOWN and self.before.items[key].family in _MOVES
        return moved or state is _State.MUTE

    def _note(self, item: Item, other: Item | None, rest: Sequence[Item]) -> str:
        said = []
        if item.op in _VARIABLES:
            said.append(f"the variable {item.variable} differs")
        elif item.family == "leaf":
            said.append(self._constants(item, other))
        elif item.op.startswith(("HashTable", "MutableHashTable")):
            said.append("the table holds other entries")
        else:
            if other is None:
                said.append("its inputs agree, and no op after gives its value")
            elif item.family == "loop":
                said.append("what enters the loop agrees, what leaves it does not")
            elif item.family == "cond":
                said.append("what enters the cond agrees, what leaves it does not")
            elif item.family != other.family:
                said.append(f"its inputs agree; after, {other.type} stands in its place")
            else:
                said.append("its inputs agree")
                said.extend(self._inputs(item, other))
            if other is not None and item.family == other.family:
                said.extend(_attributes(item, other))
        if rest:
            names = ", ".join(sorted({other.node for other in rest})[:3])
            more = f" and {len(rest) - 3} more" if len(rest) > 3 else ""
            said.append(f"the same holds of {names}{more}")
        if any(entry.get("stride") for entry in item.values):
            said.append("compared by a sample of its elements")
        return "; ".join(said)

    def _constants(self, item: Item, other: Item | None) -> str:
        if other is None or len(item.values) != 1 or len(other.values) != 1:
            return "the constant differs"
        old, new = self.before.tensors(item)[0], self.after.tensors(other)[0]
        if other.op in _VARIABLES:
            return f"the constant differs from the variable {other.variable}"
        if max(old.array.size, new.array.size) > 4:
            return "the constant differs"
        return f"the constant {old.array!s} became {new.array!s}"

    def _inputs(self, item: Item, other: Item) -> list[str]:
        """Say when the inputs that agree are not the inputs of the op after."""
        matched = [self.judged(key).other for key in item.inputs if key in self.before.items]
        keys = [match.key if match is not None else None for match in matched]
        if None in keys or keys == list(other.inputs):
            return []
        if sorted(map(str, keys)) == sorted(other.inputs):
            return ["after, they come in another order"]
        said = []
        for key, source in zip(keys, other.inputs, strict=False):
            if key != source and source in self.after.items:
                inserted = self.after.items[source]
                if self._depends(source, str(key)):
                    said.append(f"after, {inserted.type} ({inserted.node}) comes before it")
        return said[:2]

    def _depends(self, key: str, on: str) -> bool:
        stack, seen = [key], set()
        while stack:
            current = stack.pop()
            if current == on:
                return True
            if current not in seen and current in self.after.items:
                seen.add(current)
                stack.extend(self.after.items[current].inputs)
        return False


def _attributes(item: Item, other: Item) -> list[str]:
    said = []
    for key in sorted(set(item.attributes) & set(other.attributes)):
        old, new = item.attributes[key], other.attributes[key]
        if old != new:
            said.append(f"{key} {old} became {new}")
    return said[:3]
