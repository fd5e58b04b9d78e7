"""Which variable is which, and whether it holds the same."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

np = pytest.importorskip("numpy")

from checker.harness import INF, NAN, Arrays, entry, tensor  # noqa: E402

from migrator.checker.arrays import Archive, ArrayWriter, Tensor  # noqa: E402
from migrator.checker.compare import CHUNK, compare  # noqa: E402
from migrator.checker.matching import match_variables  # noqa: E402
from migrator.checker.verdict import judge_checkpoints  # noqa: E402
from migrator.results import DeltaStatus, Verdict  # noqa: E402


def matched(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Any:
    """Return pairs of first names, and what is missing and extra."""
    found = match_variables(before, after)
    return (
        [(old["names"][0], new["names"][0]) for old, new in found.pairs],
        [old["names"][0] for old in found.missing],
        [new["names"][0] for new in found.extra],
    )


MATCHINGS = [
    # name-based on both sides
    ([entry("w"), entry("b")], [entry("b"), entry("w")], ([("w", "w"), ("b", "b")], [], [])),
    # the key in the root's dict, before the full name
    ([entry("w")], [entry("w", "v", "variables/w")], ([("w", "w")], [], [])),
    # the full name, when the path is another
    ([entry("net/w")], [entry("net/w", "model/w")], ([("net/w", "net/w")], [], [])),
    # an exponential moving average saved under another variable's name
    (
        [entry("w"), entry("w/EMA")],
        [entry("w", "w_raw"), entry("w/EMA", "w")],
        ([("w", "w"), ("w/EMA", "w/EMA")], [], []),
    ),
    # full names that two objects share name neither; their paths do
    (
        [entry("kernel", "a/kernel"), entry("kernel", "b/kernel")],
        [entry("kernel", "b/kernel"), entry("kernel", "a/kernel")],
        ([("kernel", "kernel"), ("kernel", "kernel")], [], []),
    ),
    (
        [entry("kernel"), entry("bias")],
        [entry("kernel", "a")],
        ([("kernel", "kernel")], ["bias"], []),
    ),
    ([entry("w")], [entry("v"), entry("v")], ([], ["w"], ["v", "v"])),
    # bookkeeping that only one side has is no variable of the model
    ([entry("w")], [entry("w"), entry("save_counter", bookkeeping=True)], ([("w", "w")], [], [])),
    # … unless the other side has a variable of that name
    (
        [entry("save_counter")],
        [entry("save_counter", bookkeeping=True)],
        ([("save_counter", "save_counter")], [], []),
    ),
    (
        [entry("save_counter", bookkeeping=True), entry("w")],
        [entry("save_counter", bookkeeping=True), entry("w")],
        ([("w", "w")], [], []),
    ),
    ([], [entry("w")], ([], [], ["w"])),
]


@pytest.mark.parametrize(("before", "after", "expected"), MATCHINGS)
def test_variables_are_matched_by_name(before: Any, after: Any, expected: Any) -> None:
    """Name-based and object-based entries meet under the name that both have."""
    assert matched(before, after) == expected


def test_entries_that_share_a_full_name_meet_by_path() -> None:
    """Two variables called ``kernel`` are not exchanged."""
    before = [entry("kernel", "a/kernel", key="1"), entry("kernel", "b/kernel", key="2")]
    after = [entry("kernel", "b/kernel", key="2"), entry("kernel", "a/kernel", key="1")]
    found = match_variables(before, after)
    assert [(o["names"][1], n["names"][1]) for o, n in found.pairs] == [
        ("a/kernel", "a/kernel"),
        ("b/kernel", "b/kernel"),
    ]


@pytest.mark.parametrize(
    ("shapes", "joined"),
    [
        ([(2, 3), (2, 3)], True),
        ([(1, 3), (3, 3)], True),
        ([(4, 1), (4, 2)], True),
        ([(2, 3), (1, 3)], False),
        ([(2, 3), (2, 2)], False),
        ([(2,), (2,)], False),
    ],
)
def test_partitions_make_up_a_variable_only_if_they_fit(shapes: Any, joined: bool) -> None:
    """``w/part_0`` and ``w/part_1`` stand for ``w`` where their shapes add up along one axis."""
    after = [entry(f"w/part_{i}", shape=shape) for i, shape in enumerate(shapes)]
    found = match_variables([entry("w", shape=(4, 3))], after)
    assert bool(found.parts) is joined
    assert bool(found.missing) is not joined


def test_a_lost_partition_is_a_lost_variable() -> None:
    """Parts 0 and 2 do not make up a variable, whatever their shapes."""
    after = [entry("w/part_0", shape=(2, 3)), entry("w/part_2", shape=(2, 3))]
    assert not match_variables([entry("w", shape=(4, 3))], after).parts


def checkpoints(before: dict[str, Tensor], after: dict[str, Tensor]) -> Any:
    """Judge two checkpoints given as name to value."""

    def side(values: dict[str, Tensor]) -> Any:
        return {"variables": [entry(name, shape=values[name].shape) for name in values]}

    arrays: Any = (Arrays(**before), Arrays(**after))
    return judge_checkpoints(side(before), side(after), arrays)


W = tensor([1.0, 2.0])
CHECKPOINTS = [
    ({"w": W}, {"w": W}, Verdict.MATCH),
    ({"w": tensor([NAN, INF])}, {"w": tensor([NAN, INF])}, Verdict.MATCH),
    ({"w": W}, {"w": tensor([1.0, 2.001])}, Verdict.MISMATCH),
    ({"w": W}, {}, Verdict.MISMATCH),
    ({}, {"w": W}, Verdict.MISMATCH),
    ({"w": W, "b": W}, {"w": W}, Verdict.MISMATCH),
    ({"w": W}, {"w": W, "b": W}, Verdict.MISMATCH),
    ({"w": W, "b": tensor([3.0])}, {"b": W, "w": tensor([3.0])}, Verdict.MISMATCH),
    ({"w": W}, {"v": W}, Verdict.MISMATCH),
    ({"w": W}, {"w": tensor([1.0, 2.0], "float64")}, Verdict.MISMATCH),
    ({"w": tensor([1, 2], "int64")}, {"w": W}, Verdict.MISMATCH),
    ({"w": W}, {"w": tensor([[1.0, 2.0]])}, Verdict.MISMATCH),
    ({}, {}, Verdict.ERROR),
    ({"w": tensor([])}, {"w": tensor([])}, Verdict.ERROR),
    ({"w": W, "e": tensor([])}, {"w": W, "e": tensor([])}, Verdict.ERROR),
]


@pytest.mark.parametrize(("before", "after", "verdict"), CHECKPOINTS)
def test_checkpoints(before: Any, after: Any, verdict: Verdict) -> None:
    """Every name and every value counts, and there has to be one."""
    found = checkpoints(before, after)
    assert found.verdict is verdict
    assert (found.error is not None) is (verdict is Verdict.ERROR)


# --- variables of optimizers ------------------------------------------------------------


def slot(key: str, role: str, of: str, **more: Any) -> dict[str, Any]:
    """Return an entry that the worker recognised as a slot."""
    return entry(key, key=key, optimizer={"slot": role, "of": of}, **more)


def met(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Return the pairs that are matched, by first name."""
    return {(o["names"][0], n["names"][0]) for o, n in match_variables(before, after).pairs}


#: Slots of ``w`` before, by name, roles after → which is which.
SLOT_NAMES = [
    (["w/Adam", "w/Adam_1"], ["m", "v"], {"w/Adam": "m", "w/Adam_1": "v"}),
    (["w/Adam"], ["m", "v"], {}),
    (["w/Adam", "w/Adam_1"], ["m", "v", "vhat"], {"w/Adam": "m", "w/Adam_1": "v"}),
    (["train/w/Adam", "train/w/Adam_1"], ["m", "v"], {"train/w/Adam": "m", "train/w/Adam_1": "v"}),
    (["w/mine", "w/mine_1"], ["m", "v"], {"w/mine": "m", "w/mine_1": "v"}),
    (["w/my", "w/my_1"], ["linear", "accumulator"], {"w/my": "accumulator", "w/my_1": "linear"}),
    (["w/RMSProp", "w/RMSProp_1"], ["rms"], {"w/RMSProp": "rms"}),
    (
        ["w/RMSProp", "w/RMSProp_1", "w/RMSProp_2"],
        ["momentum", "mg", "rms"],
        {"w/RMSProp": "rms", "w/RMSProp_1": "mg", "w/RMSProp_2": "momentum"},
    ),
    (["w/Momentum"], ["momentum"], {"w/Momentum": "momentum"}),
    (["w/Momentum"], ["accumulator"], {}),
    (["w/ExponentialMovingAverage"], ["m"], {}),
    (["v/Adam", "v/Adam_1"], ["m", "v"], {}),
]


@pytest.mark.parametrize(("names", "roles", "expected"), SLOT_NAMES)
@pytest.mark.parametrize("backwards", [False, True])
def test_slots_are_matched_by_what_they_are(
    names: Any, roles: Any, expected: Any, backwards: bool
) -> None:
    """TensorFlow 1 numbers the slots of an optimizer; the other side says what each is."""
    before = [entry("w"), *map(entry, names)]
    after = [entry("w"), *(slot(role, role, "w") for role in roles)]
    if backwards:
        wanted = {(new, old) for old, new in expected.items()}
        assert met(after, before) == wanted | {("w", "w")}
    else:
        assert met(before, after) == set(expected.items()) | {("w", "w")}


def test_numbered_variables_of_optimizers_do_not_meet_by_number() -> None:
    """``_variables/2`` is a momentum in one version and a velocity in the next."""

    def side(first: str, second: str) -> list[dict[str, Any]]:
        return [
            entry("w"),
            {**slot("a", first, "w"), "names": ["optimizer/_variables/2"]},
            {**slot("b", second, "w"), "names": ["optimizer/_variables/3"]},
        ]

    numbers = {"optimizer/_variables/2", "optimizer/_variables/3"}
    assert met(side("m", "v"), side("m", "v")) == {("w", "w"), *zip(numbers, numbers, strict=True)}
    crossed = met(side("m", "v"), side("v", "m")) - {("w", "w")}
    assert {(old[-1], new[-1]) for old, new in crossed} == {("2", "3"), ("3", "2")}
    assert met(side("m", "v"), side("accumulator", "linear")) == {("w", "w")}


def sgd(rate: str | None = "rate") -> list[dict[str, Any]]:
    """Return the entries of a Keras SGD's checkpoint."""
    scalars = [entry("rate", shape=(), optimizer={"scalar": "learning_rate"})]
    known = {"slot": "momentum", "of": "w", "rate": rate}
    return [entry("w"), entry("v", key="v", optimizer=known), *scalars]


A, V = tensor([1.0, -2.0]), tensor([-0.1, 0.2])
#: What SGD of Keras holds, its rate, its decay, and whether [1, -2] in TensorFlow 1 is the same.
MOMENTA: list[Any] = [
    (V, 0.1, None, True),
    (V, 0.1, 0.0, True),
    (V, 0.1, 0.5, False),
    (V, 0.2, None, False),
    (V, NAN, None, False),
    (V, -0.1, None, False),
    (A, 0.1, None, False),
    (tensor([0.1, -0.2]), 0.1, None, False),
    (tensor([-0.1, 0.20001]), 0.1, None, False),
    (tensor([0.0, 0.0]), 0.0, None, False),
]


@pytest.mark.parametrize(("value", "rate", "decay", "same"), MOMENTA)
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_the_learning_rate_is_in_the_momentum_of_keras(
    value: Tensor, rate: float, decay: float | None, same: bool, backwards: bool, named: bool
) -> None:
    """What TensorFlow 1 accumulates is multiplied by minus the rate beside Keras' slot."""
    old = {"w": W, "w/Momentum": A}
    new = {"w": W, "v": value, "rate": tensor(rate)}
    after = sgd()
    if decay is not None:
        new["decay"] = tensor(decay)
        after.append(entry("decay", shape=(), optimizer={"scalar": "decay"}))
    if named:  # as Keras of TensorFlow 1 does in a name-based checkpoint
        spelled = {"w": "w", "v": "SGD/w/momentum", "rate": "SGD/learning_rate"}
        spelled["decay"] = "SGD/decay"
        new = {spelled[key]: held for key, held in new.items()}
        after = [entry(name, shape=held.shape) for name, held in new.items()]
        after.append(entry("SGD/iter", shape=()))
        new["SGD/iter"] = tensor(5, "int64")
        old = {"w": W, "a": A}  # and tf.train.MomentumOptimizer as an object
        before = [entry("w"), slot("a", "momentum", "w")]
    else:
        before = [entry("w"), entry("w/Momentum")]
    sides: Any = [({"variables": before}, Arrays(**old)), ({"variables": after}, Arrays(**new))]
    (one, first), (two, second) = sides[::-1] if backwards else sides
    found = judge_checkpoints(one, two, (first, second))
    (delta,) = [d for d in found.variables if "SGD" in d.note and "keeps" in d.note] or [
        d for d in found.variables if "has its learning rate in it" in d.note
    ]
    assert (delta.status in (DeltaStatus.EQUAL, DeltaStatus.CLOSE)) is same, found.variables


def test_a_momentum_without_a_rate_is_never_the_same() -> None:
    """A schedule is not stored; two slots of SGD are compared as they are."""
    before, after = [entry("w"), entry("w/Momentum")], sgd(None)
    new = Arrays(w=W, v=V, rate=tensor(0.1))
    arrays: Any = (Arrays(**{"w": W, "w/Momentum": A}), new)
    assert judge_checkpoints({"variables": before}, {"variables": after}, arrays).verdict is (
        Verdict.MISMATCH
    )
    for rates in (("rate", "rate"), (None, "rate"), (None, None)):
        sides = [{"variables": sgd(rate)} for rate in rates]
        assert judge_checkpoints(*sides, (new, new)).verdict is Verdict.MATCH


def test_a_large_momentum_is_compared_in_pieces() -> None:
    """Neither side is held in memory, and the factor counts all the same."""
    size = 17 * CHUNK
    values = np.random.RandomState(3).randn(size).astype(np.float32)
    before = [entry("w"), entry("w/Momentum", shape=(size,))]
    after = sgd()
    after[1] = {**after[1], "array": entry("v", shape=(size,))["array"]}
    old: Any = Arrays(**{"w": W, "w/Momentum": Tensor("float32", values)})
    for factor, verdict in ((-0.1, Verdict.MATCH), (0.1, Verdict.MISMATCH)):
        scaled = Tensor("float32", np.float32(factor) * values)
        new: Any = Arrays(w=W, v=scaled, rate=tensor(0.1))
        found = judge_checkpoints({"variables": before}, {"variables": after}, (old, new))
        assert found.verdict is verdict


def power_side(**values: Any) -> Any:
    """Return entries and arrays of a side with these values."""
    arrays = {
        name: tensor(value, "int64" if name == "global_step" else "float32")
        for name, value in values.items()
    }
    return [entry(name, shape=arrays[name].shape) for name in values], arrays


POWERS = [
    # (power before, global step before, iterations after, rate after, verdict)
    (0.999**8, None, 7, None, Verdict.MATCH),
    (0.999**8, None, 6, None, Verdict.MISMATCH),
    (0.999**8, 7, 7, None, Verdict.MATCH),
    (0.98**8, None, 7, None, Verdict.MISMATCH),
    (0.98**8, None, 7, 0.98, Verdict.MATCH),
    (0.98**8, 7, 7, None, Verdict.MATCH),
    (0.98**8, 7, 7, 0.999, Verdict.MISMATCH),
    (0.98**8, 6, 7, None, Verdict.MISMATCH),
    (0.0, None, 200_000, None, Verdict.MATCH),
    (0.0, None, 900, None, Verdict.MISMATCH),
    (1.0, None, 0, None, Verdict.MISMATCH),
    (NAN, None, 7, None, Verdict.MISMATCH),
    (0.999, None, 0, None, Verdict.MATCH),
]


@pytest.mark.parametrize(("power", "step", "iterations", "rate", "verdict"), POWERS)
@pytest.mark.parametrize("backwards", [False, True])
def test_powers_count_iterations(
    power: float, step: int | None, iterations: int, rate: Any, verdict: Verdict, backwards: bool
) -> None:
    """After n steps ``beta2_power`` is the n+1st power of a rate that must be known, or follow."""
    values = {"w": [1.0, 2.0], "beta2_power": power}
    if step is not None:
        values["global_step"] = step
    before, old = power_side(**values)
    new = {"w": old["w"], "count": tensor(iterations, "int64")}
    after = [entry("w"), entry("count", shape=(), optimizer={"scalar": "iterations"})]
    if rate is not None:
        new["rate"] = tensor(rate)
        after.append(entry("rate", shape=(), optimizer={"scalar": "beta_2"}))
    sides: Any = [({"variables": before}, Arrays(**old)), ({"variables": after}, Arrays(**new))]
    (one, first), (two, second) = sides[::-1] if backwards else sides
    found = judge_checkpoints(one, two, (first, second))
    assert found.verdict is verdict, found.variables
    assert found.error is None


def test_iterations_that_nothing_counts_are_lost() -> None:
    """A Keras optimizer's count may be added, and not be dropped."""
    w = tensor([1.0, 2.0])
    arrays: Any = (Arrays(w=w), Arrays(w=w, n=tensor(5, "int64")))
    counted = [entry("w"), entry("n", shape=(), optimizer={"scalar": "iterations"})]
    plain = [entry("w")]
    assert judge_checkpoints({"variables": plain}, {"variables": counted}, arrays).verdict is (
        Verdict.MATCH
    )
    back = judge_checkpoints({"variables": counted}, {"variables": plain}, arrays[::-1])
    assert back.verdict is Verdict.MISMATCH


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(5, 5, Verdict.MATCH), (4, 4, Verdict.MISMATCH), (5, 4, Verdict.MISMATCH)],
)
def test_iterations_may_go_where_a_global_step_stays(
    before: int, after: int, verdict: Verdict
) -> None:
    """A Keras optimizer counted 5 beside it: TensorFlow 1 has the one number."""
    w = tensor([1.0, 2.0])
    step = entry("global_step", shape=())
    one = {"w": w, "n": tensor(5, "int64"), "global_step": tensor(before, "int64")}
    two = {"w": w, "global_step": tensor(after, "int64")}
    counted = [entry("w"), entry("n", shape=(), optimizer={"scalar": "iterations"}), step]
    sides = {"variables": counted}, {"variables": [entry("w"), step]}
    arrays: Any = (Arrays(**one), Arrays(**two))
    assert judge_checkpoints(*sides, arrays).verdict is verdict


# --- flags and partitions ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "noted"),
    [(True, False, True), (False, True, True), (True, True, False), (None, True, False)],
)
def test_a_trainable_flag_that_changed_is_noted(old: Any, new: Any, noted: bool) -> None:
    """It informs: no signature shows it, and a checkpoint does not hold it."""
    sides = [{"variables": [entry("w", trainable=flag)]} for flag in (old, new)]
    arrays: Any = (Arrays(w=W), Arrays(w=W))
    found = judge_checkpoints(*sides, arrays)
    assert found.verdict is Verdict.MATCH
    assert [delta.name for delta in found.contract] == ["variables/w/trainable"] * noted


def test_partitions_before_are_joined_too() -> None:
    """Either side may have been partitioned; a slot's partitions carry the number inside."""
    whole = [entry("w", shape=(4, 3)), entry("w/Adam", shape=(4, 3))]
    parts = [entry(f"w/part_{i}{end}", shape=(2, 3)) for i in (0, 1) for end in ("", "/Adam")]
    for one, two in ((whole, parts), (parts, whole)):
        found = match_variables(one, two)
        assert not found.missing
        assert not found.extra
        assert len(found.parts) + len(found.joined) == 2


# --- large variables --------------------------------------------------------------------


#: Values before and after, what is asked for, and the verdict.
SIZES: list[Any] = [
    # what is small beside the largest element of its variable is noise
    ([1.0, 1e-9], [1.0, 9e-6], {}, Verdict.MATCH),
    ([1.0, 1e-9], [1.0, 2e-5], {}, Verdict.MISMATCH),
    # but not in a variable that is small as a whole
    ([1e-6, 1e-9], [1e-6, 2e-9], {}, Verdict.MISMATCH),
    ([1e-6, -1e-6], [0.0, 0.0], {}, Verdict.MISMATCH),
    ([1e-6, 1e-9], [1.000005e-6, 1.005e-9], {}, Verdict.MATCH),
    ([0.0, 0.0], [1e-9, 0.0], {}, Verdict.MISMATCH),
    ([0.0, 0.0], [0.0, -0.0], {}, Verdict.MATCH),
    ([INF, 1e-6], [INF, 2e-6], {}, Verdict.MISMATCH),
    # what the user says counts as it is
    ([1e-6, -1e-6], [0.0, 0.0], {"atol": 1e-5}, Verdict.MATCH),
    ([1e-6, -1e-6], [0.0, 0.0], {"tolerances": {"v": (1e-5, 0.0)}}, Verdict.MATCH),
    ([1e-6, -1e-6], [0.0, 0.0], {"rtol": 1e-3}, Verdict.MISMATCH),
    ([1e-6, -1e-6], [1.0005e-6, -1e-6], {"rtol": 1e-3}, Verdict.MATCH),
    ([1.0, 0.0], [1.0, 9e-6], {"rtol": 0.0}, Verdict.MATCH),
]


@pytest.mark.parametrize(("old", "new", "more", "verdict"), SIZES)
@pytest.mark.parametrize("large", [False, True])
def test_the_tolerance_of_a_variable_is_of_its_size(
    old: Any, new: Any, more: Any, verdict: Verdict, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adam's second moments are smaller than what an output may be off by."""
    if large:
        monkeypatch.setattr("migrator.checker.stored._large", lambda _: True)
    arrays: Any = (Arrays(v=tensor(old)), Arrays(v=tensor(new)))
    sides: list[Any] = [{"variables": [entry("v")]} for _ in arrays]
    assert judge_checkpoints(sides[0], sides[1], arrays, **more).verdict is verdict


def stored(folder: Path, name: str, **values: Any) -> Any:
    """Return entries and an archive of arrays on disk, as a worker stores them."""
    with ArrayWriter(folder / f"{name}.npz") as writer:
        found = [
            {**entry(key, shape=np.shape(value)), "array": writer.put(value)}
            for key, value in values.items()
        ]
    return {"variables": found}, Archive(folder / f"{name}.npz")


@pytest.mark.parametrize("where", [None, 0, 5_000_000, -1])
@pytest.mark.parametrize("wrong", [1e-7, 1e-3, NAN, INF])
def test_large_variables_are_compared_where_they_lie(
    tmp_path: Path, where: int | None, wrong: float
) -> None:
    """Pieces from the files give the figures that the whole variables give, and need no memory."""
    one = np.random.RandomState(0).randn(1250, 4001).astype(np.float32)
    two = one.copy()
    if where is not None:
        two.ravel()[where] = two.ravel()[where] + wrong
    sides = [stored(tmp_path, name, w=value) for name, value in (("a", one), ("b", two))]
    whole = compare("w", Tensor("float32", one), Tensor("float32", two))
    tracemalloc.start()
    with sides[0][1] as old, sides[1][1] as new:
        found = judge_checkpoints(sides[0][0], sides[1][0], (old, new))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (delta,) = found.variables
    assert replace(delta, argmax=whole.argmax, mean_abs=None) == replace(whole, mean_abs=None)
    assert delta.mean_abs == pytest.approx(whole.mean_abs)
    assert peak < one.nbytes


def test_a_large_renamed_variable_is_told_by_its_values(tmp_path: Path) -> None:
    """What is kept of it meanwhile is a digest."""
    value = np.random.RandomState(0).randn(5_000_000).astype(np.float32)
    sides = [stored(tmp_path, name, **{key: value}) for name, key in (("a", "w"), ("b", "v"))]
    del value
    tracemalloc.start()
    with sides[0][1] as old, sides[1][1] as new:
        found = judge_checkpoints(sides[0][0], sides[1][0], (old, new), names_decide=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.verdict is Verdict.MATCH
    assert [delta.note for delta in found.variables] == ["called v after, by its values"]
    assert peak < 20_000_000


def test_an_archive_that_is_not_what_its_entry_says(tmp_path: Path) -> None:
    """A shape that lies, or a file that is cut off, is an error and no comparison."""
    side, archive = stored(tmp_path, "a", w=np.arange(10.0))
    index = side["variables"][0]["array"]
    with archive:
        assert [len(piece) for piece in archive.pieces(index, 4)] == [4, 4, 2]
        with pytest.raises(ValueError, match="not what its entry says"):
            list(archive.pieces({**index, "shape": [5]}, 4))
