"""The table of TensorFlow 1's saving API is consistent and names real symbols."""

from __future__ import annotations

import pytest

from migrator import apis, symbols
from migrator.apis import FAMILIES, HOLDS_V1_SAVER, KEY_READERS, SESSIONS, TARGETS, family


def test_no_symbol_is_in_two_families() -> None:
    """A finding has one family."""
    names = [name for members in FAMILIES.values() for name in members]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in {n for m in FAMILIES.values() for n in m} | SESSIONS | HOLDS_V1_SAVER
        if name.startswith("tf.")
    ),
)
def test_names_are_canonical(name: str) -> None:
    """A name that is not its own canonical spelling would never be met."""
    if name.startswith("tf.estimator.Estimator."):
        pytest.skip("a method, which no import leads to")
    assert symbols.canonical(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tf.train.Saver", "saver"),
        ("tf.train.Saver.save", "saver"),
        ("tf.contrib.predictor.from_saved_model", "predictor"),
        ("tf.contrib.slim.learning.train", "managed"),
        ("tf.saved_model.Builder", "export"),
        ("tf.train", None),
        ("tf", None),
        ("tf.train.SaverLike", None),
        ("tf.nn.relu", None),
        ("", None),
        ("train.Saver", None),
    ],
)
def test_family_of_a_symbol(name: str, expected: str | None) -> None:
    """What lies below a listed symbol belongs to it; what only starts alike does not."""
    assert family(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "tf.train.latest_checkpoint",
        "tf.train.get_checkpoint_state",
        "tf.train.load_checkpoint",
        "tf.import_graph_def",
        "tf.train.Checkpoint",
        "tf.estimator.export.ServingInputReceiver",
    ],
)
def test_what_tensorflow_2_uses_as_it_is_makes_no_program_move(name: str) -> None:
    """A TensorFlow 2 program is no program to migrate."""
    assert name not in TARGETS


def test_every_target_and_reader_has_a_family() -> None:
    """Nothing is counted that reports could not name."""
    assert all(family(name) for name in TARGETS | KEY_READERS)


def test_managed_sessions_are_sessions() -> None:
    """What finalizes a graph also runs one."""
    assert set(FAMILIES["managed"]) <= SESSIONS & HOLDS_V1_SAVER


def test_all_is_complete() -> None:
    """``__all__`` names every public value of the module."""
    public = {name for name in vars(apis) if not name.startswith("_") and name != "annotations"}
    assert set(apis.__all__) == public
