"""The weights of frozen graphs: every one is found on the other side, differs, or is doubted."""

from __future__ import annotations

from typing import Any

import pytest

np = pytest.importorskip("numpy")

from checker.harness import Arrays, entry, tensor  # noqa: E402

from migrator.checker.constants import compare_constants  # noqa: E402
from migrator.checker.tolerances import Tolerances  # noqa: E402

RNG = np.random.RandomState(3)
W, V = RNG.randn(4, 3), RNG.randn(4, 3)
B = RNG.randn(3)


def side(constants: bool, values: dict[str, Any], **more: Any) -> Any:
    """Return the entries of one side, and its archive."""
    tensors, entries = {}, []
    for name, value in values.items():
        dtype = "int32" if np.asarray(value).dtype.kind == "i" else "float32"
        tensors[name] = tensor(value, dtype)
        found = entry(name, shape=tensors[name].shape, **{"reachable": True, **more})
        found["array"]["dtype"] = dtype
        if constants:
            found["variable"] = name.startswith("net/")
        entries.append(found)
    return entries, Arrays(**tensors)


def found(
    before: dict[str, Any], after: dict[str, Any], frozen: tuple[bool, bool], **more: Any
) -> tuple[dict[str, str], str]:
    """Return name → status of what was compared, and what is doubted."""
    (old, one), (new, two) = side(frozen[0], before), side(frozen[1], after)
    arrays: Any = (one, two)
    result = compare_constants(old, new, arrays, frozen=frozen, **more)
    return {d.name: str(d.status) for d in result.deltas}, " ".join(result.doubts)


#: What the variables are, what the constants are, what is compared, what is doubted.
MIXED: list[Any] = [
    ({"net/w": W, "net/b": B}, {"net/w": W, "net/b": B, "axis": 1}, {"equal"}, ""),
    # one element, by name
    ({"net/w": W}, {"net/w": W + np.eye(4, 3) * 1e-3}, {"differs"}, ""),
    # under another name: by its value, by being the only one of its kind, or not at all
    ({"net/w": W}, {"w_1": W, "net/b": B}, {"equal"}, ""),
    ({"net/w": W, "net/b": B}, {"w_1": W, "b_1": 2 * B}, {"equal", "differs"}, ""),
    ({"net/w": W}, {"one": 2 * W, "two": 3 * W}, set(), "net/w (float32 [4, 3])"),
    ({"net/w": W}, {"net/b": B}, set(), "net/w (float32 [4, 3])"),
    # variables of one value are one constant once they are merged
    ({"net/w": W, "net/v": W}, {"merged": W}, {"equal"}, ""),
    ({"net/w": 0 * W, "net/b": B}, {"zeros": 0 * W, "net/b": B}, {"equal"}, ""),
    # another shape or dtype under its name is no counterpart
    ({"net/w": W}, {"net/w": W.T}, {"shape"}, ""),
    ({"net/b": B}, {"net/b": np.array([1, 2, 3])}, {"dtype"}, ""),
    # partitions, which are constants each
    ({"net/w": W}, {"net/w/part_0": W[:2], "net/w/part_1": W[2:]}, {"equal"}, ""),
    ({"net/w": W}, {"net/w/part_0": W[:2], "net/w/part_1": 2 * W[2:]}, {"differs"}, ""),
    # what was multiplied into another explains its other values, and both are doubted
    (
        {"net/w": W, "scale": B, "mean": 2 * B},
        {"net/w": W * B, "offset": 3 * B},
        set(),
        "mean (float32 [3]), scale (float32 [3]); and these have other values there, "
        "which may be due to that: net/w (float32 [4, 3]).",
    ),
]


@pytest.mark.parametrize(("variables", "constants", "statuses", "doubted"), MIXED)
@pytest.mark.parametrize("backwards", [False, True])
def test_variables_are_found_among_constants(
    variables: Any, constants: Any, statuses: Any, doubted: str, backwards: bool
) -> None:
    """By name, by value, or by being alone of their kind; what is not found is never silent."""
    if backwards:
        statuses_found, said = found(constants, variables, (True, False))
    else:
        statuses_found, said = found(variables, constants, (False, True))
    assert set(statuses_found.values()) == statuses
    assert doubted in said
    assert bool(doubted) == bool(said)
    place = "before" if backwards else "after"
    assert not said or f"the constants of the {place} side's graph" in said


@pytest.mark.parametrize(
    ("more", "looked_for"),
    [
        ({"reachable": True}, True),
        ({"reachable": None}, True),
        ({"reachable": False}, False),
        ({"bookkeeping": True}, False),
        ({"reachable": None, "optimizer": {"scalar": "iterations"}}, False),
        ({"reachable": True, "optimizer": {"scalar": "iterations"}}, True),
    ],
)
def test_only_variables_that_a_signature_reads_are_looked_for(more: Any, looked_for: bool) -> None:
    """A slot of an optimizer is in no frozen graph."""
    (old, one), (new, two) = side(False, {"w": W}, **more), side(True, {"v": B})
    arrays: Any = (one, two)
    result = compare_constants(old, new, arrays, frozen=(False, True))
    assert bool(result.doubts) is looked_for
    (note,) = result.notes
    assert (note.before, note.after) == (f"{int(looked_for)} variables", "constants in the graph")


#: Constants of two graphs, what is compared and differs, and what is doubted.
BOTH: list[Any] = [
    ({"net/w": W, "mul/y": 2.0}, {"net/w": W, "mul/y": 2.0}, {}, ""),
    ({"net/w": W}, {"net/w": 1.001 * W}, {"net/w": "differs"}, ""),
    ({"table": W}, {"table": 1.001 * W}, {"table": "differs"}, ""),
    ({"mul/y": 2.0}, {"mul/y": 3.0}, {"mul/y": "differs"}, ""),
    # numbered names that two versions give to other constants
    ({"mul/y": 2.0, "mul_1/y": 3.0}, {"mul/y": 3.0, "mul_1/y": 2.0}, {}, ""),
    ({"Const": W, "Const_1": V}, {"Const": V, "Const_1": W}, {}, ""),
    # … but a variable's name is its own
    (
        {"net/w": W, "net/v": V},
        {"net/w": V, "net/v": W},
        {"net/w": "differs", "net/v": "differs"},
        "",
    ),
    # renamed; changed as well; gone
    ({"net/w": W}, {"call/w": W}, {}, ""),
    ({"net/w": W}, {"call/w": 2 * W}, {"net/w": "differs"}, ""),
    ({"net/w": W, "net/b": B}, {"net/b": B}, {}, "net/w (float32 [4, 3])"),
    # arithmetic of one graph only, which the outputs show
    ({"net/w": W, "axis": 1, "shape": np.arange(3)}, {"net/w": W, "eps": 0.1}, {}, ""),
    # an axis counted from the other end
    ({"net/w": W, "axis": 1}, {"net/w": W, "axis": -3}, {}, ""),
    ({"ids": np.arange(9)}, {"ids": np.arange(9)[::-1]}, {"ids": "differs"}, ""),
    ({"ids": np.arange(9)}, {"shape": np.arange(3)}, {}, "ids (int32 [9])"),
]


@pytest.mark.parametrize(("before", "after", "differing", "doubted"), BOTH)
def test_constants_of_two_graphs(before: Any, after: Any, differing: Any, doubted: str) -> None:
    """Weights and tables are compared by name or value; a number by name where it has one."""
    statuses, said = found(before, after, (True, True))
    assert {name: s for name, s in statuses.items() if s != "equal"} == differing
    assert doubted in said
    assert bool(doubted) == bool(said)


def test_a_weight_that_only_the_after_graph_holds_is_noted() -> None:
    """What was added to a graph is named, for the outputs need not show it."""
    (old, one), (new, two) = side(True, {"net/w": W}), side(True, {"net/w": W, "more": V})
    arrays: Any = (one, two)
    result = compare_constants(old, new, arrays, frozen=(True, True))
    assert [(note.name, note.after) for note in result.notes] == [
        ("variables", "constants in the graph"),
        ("variables/more", "float32 [4, 3]"),
    ]


def test_constants_have_the_tolerance_of_variables() -> None:
    """What the user asks for a weight by name counts; nothing else loosens it."""
    near = W * (1 + 1e-4)
    assert found({"net/w": W}, {"net/w": near}, (False, True))[0] == {"net/w": "differs"}
    limits = Tolerances(named={"net/w": (0.0, 1e-3)})
    same = found({"net/w": W}, {"net/w": near}, (False, True), tolerances=limits)
    assert same == ({"net/w": "close"}, "")
    names = {"net/w": "other"}
    renamed = found({"net/w": W}, {"other": near, "v": V}, (False, True), names=names)
    assert renamed == ({"net/w": "differs"}, "")
