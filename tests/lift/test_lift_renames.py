"""Renamed calls give on TensorFlow 2 what the calls gave on TensorFlow 1.15.5.

What 1.15.5 gives, and which parameters its functions have, is stored in ``fixtures/renames`` by
``rename_calls.py``.  The calls of functions whose parameters changed are made from the table.
"""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rename_calls", HERE / "rename_calls.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


renamed = _load()
CALLS = renamed.calls()
SAME, CHANGED = renamed.same(), renamed.changed()

#: They draw other numbers in TensorFlow 2 from the same seed; shapes and types are compared.
RANDOM = ("random_", "random.", "image.random_", "truncated_normal")
RANDOM += ("nn.nce_loss", "nn.sampled_softmax_loss")

#: Poles, where TensorFlow 1.15.5 has an infinity and TensorFlow 2 has none.
POLES = ("digamma", "math.polygamma")


@cache
def parameters() -> dict[str, list[list[str | None]] | None]:
    """Return the parameters of TensorFlow 1.15.5's functions; None of those that it has not."""
    found: dict[str, list[list[str | None]] | None] = json.loads(
        (renamed.STORED / "parameters.json").read_text()
    )
    return found


@cache
def stored() -> dict[str, list[Any]]:
    """Return what each call gives on TensorFlow 1.15.5."""
    import numpy as np

    with np.load(renamed.STORED / "arrays.npz") as file:
        return _by_call({key: file[key] for key in file.files})


def _by_call(arrays: dict[str, Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for key, value in arrays.items():
        call, _, number = key.rpartition("|")
        assert number in ("error", str(len(found.setdefault(call, []))))
        found[call].append(value.item().decode() if number == "error" else value)
    return found


@pytest.fixture(scope="module")
def after(tf2_python: str) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """What the calls give as a lift spells them, and the parameters of their functions."""
    expressions = {f"{name} {given}": renamed.respelled(name, given) for name, given in CALLS}
    arrays, found = renamed.evaluated(
        tf2_python,
        {key: text for key, text in expressions.items() if text and key in stored()},
        sorted({*SAME.values(), *(new for new, _ in CHANGED.values())}),
    )
    return _by_call(arrays), found


def assert_same(name: str, found: list[Any], expected: list[Any]) -> None:
    """Compare arrays: shapes, types, and values to 1e-5, texts and integers exactly."""
    import numpy as np

    assert not any(isinstance(value, str) for value in found), found
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert (a.dtype.kind, a.shape) == (b.dtype.kind, b.shape)
        if a.dtype.kind != "S":
            assert a.dtype == b.dtype
        if name.startswith(RANDOM):
            continue
        if a.dtype.kind in "fc":
            if name in POLES:
                a, b = (np.where(np.isinf(value), np.nan, value) for value in (a, b))
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
        else:
            assert (a == b).all()


def test_every_changed_function_is_called() -> None:
    """Each function whose parameters changed has calls, and each of its arguments is given."""
    pytest.importorskip("numpy")
    called = {name for name, given in CALLS if f"{name} {given}" in stored()}
    assert set(CHANGED) <= called
    assert len(called & set(SAME)) > 250


def test_what_has_no_place_is_refused() -> None:
    """A call is refused exactly where it gives an argument that TensorFlow 2 has no place for."""
    refused = {
        name: {
            given for other, given in CALLS if other == name and not renamed.respelled(name, given)
        }
        for name in CHANGED
    }
    for name, (_, olds) in CHANGED.items():
        gone = [word[:-1] for word in olds if word.endswith("!")]
        assert bool(refused[name]) == bool(gone)
        for word in gone:
            assert any(f"{word}=" in given for given in refused[name])
        first = min((olds.index(f"{word}!") for word in gone), default=99)
        for given in refused[name]:
            assert any(f"{word}=" in given for word in gone) or given.count(",") >= first


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ("[1.0, 2.0], shape=[3, 2]", True),
        ("[[1, 2], [3, 4]], shape=[3, 2]", True),
        ("[1.0, 2.0], shape=size", True),
        ("(1.0, 2.0), shape=2", False),
        ("[[1, 2], [3, 4]], tf.float32, [4]", False),
        ("0.1, shape=size", False),
        ("data, shape=size", False),
    ],
)
def test_a_constant_that_is_filled_up_is_refused(given: str, refused: bool) -> None:
    """TensorFlow 1 repeats the last of too few values, TensorFlow 2 does not."""
    assert (renamed.respelled("constant", given) is None) == refused


def test_the_table_knows_the_parameters_of_tensorflow_1() -> None:
    """Positional arguments are bound to TensorFlow 1.15.5's parameters, in its order."""
    for name, (_, olds) in CHANGED.items():
        theirs = parameters()[name]
        assert theirs is not None, name
        named = [param for param, _ in theirs if param != "_sentinel"]
        assert [renamed._bare(word) for word in olds] == named, name


@pytest.mark.tensorflow
@pytest.mark.parametrize(("name", "given"), CALLS)
def test_a_call_gives_the_same(
    after: tuple[dict[str, list[Any]], dict[str, Any]], name: str, given: str
) -> None:
    """A call spelled for TensorFlow 2 gives the shapes, types and values of TensorFlow 1.15.5."""
    key = f"{name} {given}"
    if key not in stored() or renamed.respelled(name, given) is None:
        return  # not taken by TensorFlow 1.15.5, or refused by the lift: told of above
    assert_same(name, after[0][key], stored()[key])


@pytest.mark.tensorflow
def test_the_same_functions_have_the_same_parameters(
    after: tuple[dict[str, list[Any]], dict[str, Any]],
) -> None:
    """A function that keeps its arguments keeps their order and defaults; new ones come behind."""
    for name, new in SAME.items():
        ours, theirs = after[1][new], parameters()[name]
        assert ours is not None, new
        if theirs is not None:
            assert ours[: len(theirs)] == theirs, name


@pytest.mark.tensorflow
@pytest.mark.tf1
def test_what_is_stored_is_what_tensorflow_1_gives(tf1_python: str) -> None:
    """TensorFlow 1.15.5 gives the stored arrays, and has the stored parameters."""
    expressions = {key: f"tf.{key.partition(' ')[0]}({key.partition(' ')[2]})" for key in stored()}
    arrays, found = renamed.evaluated(tf1_python, expressions, sorted(parameters()))
    assert found == parameters()
    again = _by_call(arrays)
    assert set(again) == set(stored())
    for key, expected in stored().items():
        assert_same(key.partition(" ")[0], again[key], expected)
